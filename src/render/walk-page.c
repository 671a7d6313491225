/* SPDX-License-Identifier: MIT */
/*
 * walk: the mapping and the page behind an address of a process, the entry as far as it can be
 * inferred, and what the next access leads to. Bytes of the target are escaped here.
 */
#include <inttypes.h>
#include <string.h>

#include "vmtrace/annotate.h"

#include "walk.h"

/* Swap areas from this number on are not files: MAX_SWAPFILES with all that can take numbers away. */
enum {
	SPECIAL_AREA_MIN = 23
};

static void mapping_line(FILE *file, const struct vmt_lookup *lookup)
{
	const struct vmt_mapping *map = lookup->map;
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str name = { 0 };
	char perms[5];

	vmt_escape_text(&name, map->name, strlen(map->name));
	vmt_perms_text(map->perms, perms);
	fprintf(file, "  mapping  0x%" PRIx64 "-0x%" PRIx64 " %s %s\n", map->start, map->end, perms,
		name.length ? vmt_str_text(&name) : "anonymous");
	if (map->inode)
		fprintf(file, "  file     offset 0x%" PRIx64 " of inode %" PRIu64 " on %02x:%02x\n",
			map->offset + (lookup->address - map->start), map->inode, map->dev_major,
			map->dev_minor);
	if (lookup->page && lookup->page->vm_flags)
		fprintf(file, "  flags    %s\n", lookup->page->vm_flags);
}

static void page_text(const struct vmt_page_state *page, bool recorded, struct vmt_str *ret_text)
{
	if (!page->known) {
		vmt_str_add(ret_text, recorded ? "not recorded: below as if nobody had touched it"
					       : "not shown (/proc/PID/pagemap may not be read)");
		return;
	}
	if (page->swapped)
		vmt_str_add(ret_text, "swapped out");
	else if (page->guard)
		vmt_str_add(ret_text, "a guard page: nothing is there, and nothing may be");
	else if (!page->present)
		vmt_str_add(ret_text, "not present: nothing stands in its entry");
	else
		vmt_str_printf(ret_text, "present; %s%s%s",
			       page->zero   ? "the page of zeros that everybody shares"
			       : page->file ? "of a file or shared memory"
					    : "anonymous",
			       page->exclusive ? "; mapped here and nowhere else" : "",
			       page->huge ? "; one entry of a higher level maps it (huge)" : "");
	if (page->uffd_protected)
		vmt_str_add(ret_text, "; write-protected for userfaultfd");
	if (!page->has_categories)
		vmt_str_add(ret_text, "; huge or not: not shown (PAGEMAP_SCAN, Linux 6.7)");
}

static void frame_line(FILE *file, const struct vmt_page_state *page, uint64_t address)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str flags = { 0 };

	if (!page->present && !page->swapped)
		return;
	if (!page->has_frame) {
		fprintf(file, "  %s    not shown: that needs CAP_SYS_ADMIN\n",
			page->present ? "frame" : "slot ");
		return;
	}
	if (page->swapped && !page->present) {
		fprintf(file, "  slot     0x%" PRIx64 " of swap area %" PRIu64 "\n",
			page->swap_slot, page->swap_area);
		return;
	}
	fprintf(file, "  frame    0x%" PRIx64 ": the byte is at physical address 0x%" PRIx64 "\n",
		page->frame, page->frame * page->page_bytes + address % page->page_bytes);
	if (!page->has_frame_flags)
		return;
	vmt_frame_flags_text(page->frame_flags, &flags);
	fprintf(file, "           its flags: %s\n", flags.length ? vmt_str_text(&flags) : "none");
}

static const char *source_text(enum vmt_inferred how)
{
	switch (how) {
	case VMT_INFERRED_PAGEMAP:
		return "pagemap";
	case VMT_INFERRED_MAPPING:
		return "mapping";
	case VMT_INFERRED_FAULT:
		return "must fault";
	case VMT_INFERRED_USER:
		return "user memory";
	default:
		return "not shown";
	}
}

static void inferred_line(FILE *file, const struct vmt_lookup *lookup,
			  const struct vmt_entry_format *format,
			  const struct vmt_entry_field *field)
{
	uint64_t number = 0;
	enum vmt_inferred how = vmt_entry_infer(lookup, format, field, &number);
	char bits[16], value[24];

	snprintf(bits, sizeof(bits), field->bits > 1 ? "%u:%u" : "%u", field->low + field->bits - 1,
		 field->low);
	if (how == VMT_INFERRED_NOT)
		snprintf(value, sizeof(value), "?");
	else if (field->kind == VMT_FIELD_ADDRESS)
		snprintf(value, sizeof(value), "0x%" PRIx64, number << field->address_low);
	else
		snprintf(value, sizeof(value), field->bits > 1 ? "0x%" PRIx64 : "%" PRIu64, number);
	fprintf(file, "    %-6s %-11s %-12s %-11s  %s\n", bits, field->name, value,
		source_text(how), field->meaning);
}

/* The level whose entry maps the page: the last one, or the one above it for a huge page. */
static const struct vmt_entry_format *leaf_format(const struct vmt_geometry *geometry,
						  const struct vmt_page_state *page,
						  const struct vmt_table_level **ret_level)
{
	for (unsigned i = geometry->level_count; i-- > 0;) {
		const struct vmt_table_level *level = &geometry->levels[i];

		if (page->huge && !level->leaf_thp)
			continue;
		*ret_level = level;
		for (const struct vmt_entry_format *const *at = level->formats; *at; at++) {
			if ((*at)->target == VMT_TARGET_MEMORY)
				return *at;
		}
		break;
	}
	return NULL;
}

static void entry_lines(FILE *file, const struct vmt_walk_info *info)
{
	const struct vmt_table_level *level;
	const struct vmt_entry_format *format =
		leaf_format(info->geometry, info->lookup.page, &level);

	if (!format)
		return;
	fprintf(file,
		"\n  its %s entry (%s): the kernel shows it nowhere; what follows from what it "
		"shows\n",
		level->name, format->name);
	for (const struct vmt_entry_field *field = format->fields; field->name; field++) {
		if (field->kind != VMT_FIELD_FREE)
			inferred_line(file, &info->lookup, format, field);
	}
}

static void next_accesses(FILE *file, const struct vmt_lookup *lookup)
{
	static const char *const names[VMT_ACCESS_COUNT] = { "read", "write", "fetch" };

	fputs("\n  the next access, if the TLB does not have the page\n", file);
	for (unsigned i = 0; i < VMT_ACCESS_COUNT; i++) {
		enum vmt_miss miss = vmt_miss_of(lookup, (enum vmt_access)i);

		fprintf(file, "    %-6s %s%s\n", names[i], vmt_miss_text(miss),
			vmt_miss_may_be_beyond(lookup, miss)
				? "; SIGBUS if the file, whose size is not shown, ends before it"
				: "");
	}
}

void vmt_walk_page(FILE *file, const struct vmt_walk_info *info)
{
	const struct vmt_lookup *lookup = &info->lookup;
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };

	fprintf(file, "\n%s\n", info->whose);
	mapping_line(file, lookup);
	if (lookup->page && !lookup->map->gate) {
		page_text(lookup->page, info->recorded, &text);
		fprintf(file, "  page     %s\n", vmt_str_text(&text));
		frame_line(file, lookup->page, lookup->address);
		if (lookup->page->present)
			entry_lines(file, info);
	}
	next_accesses(file, lookup);
}
