/* SPDX-License-Identifier: MIT */
/*
 * arch: finding an architecture, and a call in its table. All architectures are compiled in; which
 * one a call belongs to is known only when the kernel reports it.
 */
#include <stdlib.h>
#include <string.h>

#include "vmtrace/arch.h"

const struct vmt_arch *const vmt_arches[] = {
	&vmt_arch_x86_64,
	&vmt_arch_i386,
	NULL,
};

const struct vmt_arch *vmt_arch_by_name(const char *name)
{
	for (const struct vmt_arch *const *at = vmt_arches; name && *at; at++) {
		if (!strcmp((*at)->name, name))
			return *at;
	}
	return NULL;
}

const struct vmt_arch *vmt_arch_by_audit(uint32_t audit_arch)
{
	for (const struct vmt_arch *const *at = vmt_arches; *at; at++) {
		if ((*at)->audit_arch == audit_arch)
			return *at;
	}
	return NULL;
}

const struct vmt_arch *vmt_arch_by_elf(uint16_t elf_machine, unsigned word_bits)
{
	for (const struct vmt_arch *const *at = vmt_arches; *at; at++) {
		if ((*at)->elf_machine == elf_machine && (*at)->word_bits == word_bits)
			return *at;
	}
	return NULL;
}

static int compare_number(const void *key, const void *element)
{
	const uint64_t *number = key;
	const struct vmt_call_row *row = element;

	return (*number > row->number) - (*number < row->number);
}

const struct vmt_call_row *vmt_arch_call(const struct vmt_arch *arch, uint64_t number)
{
	return bsearch(&number, arch->calls, arch->call_count, sizeof(*arch->calls),
		       compare_number);
}

bool vmt_call_row_matches(const struct vmt_call_row *row, const uint64_t *args)
{
	uint32_t value = (uint32_t)args[row->match_arg];

	if (row->match_count == 0 && !row->match_bits)
		return true;
	for (unsigned i = 0; i < row->match_count; i++)
		if (value == row->match[i])
			return true;
	return value & row->match_bits;
}
