/* SPDX-License-Identifier: MIT */
/*
 * infer: the entry that the MMU reads stands in the kernel's memory and is shown nowhere. Some of
 * its fields follow from what is shown: the frame from pagemap, most rights from the mapping. The
 * accessed and dirty bits do not.
 */
#include <string.h>

#include "vmtrace/lookup.h"

static enum vmt_inferred writable(const struct vmt_lookup *lookup, bool *ret_holds)
{
	*ret_holds = false;
	if (!(lookup->map->perms & VMT_PERM_WRITE))
		return VMT_INFERRED_MAPPING;
	switch (vmt_miss_of(lookup, VMT_ACCESS_WRITE)) {
	case VMT_MISS_COPY:
	case VMT_MISS_DEMAND_ZERO:
	case VMT_MISS_USERFAULT:
		return VMT_INFERRED_FAULT;
	case VMT_MISS_NONE:
		*ret_holds = true;
		return VMT_INFERRED_MAPPING;
	default:
		return VMT_INFERRED_NOT; /* either is possible */
	}
}

static enum vmt_inferred attribute_of(const struct vmt_lookup *lookup,
				      enum vmt_entry_attribute attribute, bool *ret_holds)
{
	const unsigned any = VMT_PERM_READ | VMT_PERM_WRITE | VMT_PERM_EXEC;

	switch (attribute) {
	case VMT_ENTRY_READ:
		*ret_holds = lookup->map->perms & any;
		return VMT_INFERRED_MAPPING;
	case VMT_ENTRY_WRITE:
		return writable(lookup, ret_holds);
	case VMT_ENTRY_EXECUTE:
		*ret_holds = lookup->map->perms & VMT_PERM_EXEC;
		return VMT_INFERRED_MAPPING;
	case VMT_ENTRY_USER:
		*ret_holds = true;
		return VMT_INFERRED_USER;
	case VMT_ENTRY_GLOBAL:
		*ret_holds = false;
		return VMT_INFERRED_USER;
	default:
		return VMT_INFERRED_NOT;
	}
}

/* Linux's own bits that pagemap repeats. A kernel without soft-dirty never sets that one, and
 * other pages than the zero page can be special. */
static enum vmt_inferred software(const struct vmt_lookup *lookup,
				  const struct vmt_entry_field *field, uint64_t *ret_value)
{
	if (strcmp(field->name, "UFFD_WP") == 0)
		*ret_value = lookup->page->uffd_protected;
	else if ((strcmp(field->name, "SOFT_DIRTY") == 0 && lookup->page->soft_dirty) ||
		 (strcmp(field->name, "SPECIAL") == 0 && lookup->page->zero))
		*ret_value = 1;
	else
		return VMT_INFERRED_NOT;
	return VMT_INFERRED_PAGEMAP;
}

enum vmt_inferred vmt_entry_infer(const struct vmt_lookup *lookup,
				  const struct vmt_entry_format *format,
				  const struct vmt_entry_field *field, uint64_t *ret_value)
{
	const struct vmt_page_state *page = lookup->page;

	if (field->kind == VMT_FIELD_TYPE) {
		*ret_value = vmt_entry_field_value(field, format->base);
		return VMT_INFERRED_PAGEMAP;
	}
	if (field->kind == VMT_FIELD_ADDRESS) {
		if (!page->has_frame)
			return VMT_INFERRED_NOT;
		*ret_value = vmt_entry_field_value(
			field, vmt_entry_make(format, page->frame * page->page_bytes, 0));
		return VMT_INFERRED_PAGEMAP;
	}
	for (unsigned i = 0; i < VMT_ENTRY_ATTRIBUTES; i++) {
		const struct vmt_entry_rule *rule = &format->rules[i];
		bool holds;
		enum vmt_inferred how;

		if (rule->mask != UINT64_C(1) << field->low || field->bits != 1)
			continue;
		how = attribute_of(lookup, (enum vmt_entry_attribute)i, &holds);
		if (how != VMT_INFERRED_NOT)
			*ret_value = holds == (rule->set != 0);
		return how;
	}
	return field->kind == VMT_FIELD_SOFTWARE ? software(lookup, field, ret_value)
						 : VMT_INFERRED_NOT;
}
