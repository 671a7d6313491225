/* SPDX-License-Identifier: MIT */
/*
 * geometry: finding one, and cutting an address with it. The rows are in geometries.c.
 */
#include <errno.h>
#include <string.h>

#include "vmtrace/arch.h"

const struct vmt_geometry *vmt_geometry_by_name(const char *name)
{
	for (const struct vmt_geometry *const *at = vmt_geometries; *at; at++) {
		if (strcmp((*at)->name, name) == 0)
			return *at;
	}
	return NULL;
}

static bool is_of_arch(const struct vmt_geometry *geometry, const char *arch)
{
	return !arch || strcmp(geometry->arch, arch) == 0 || strcmp(geometry->name, arch) == 0;
}

static bool fits(const struct vmt_geometry *geometry, const struct vmt_geometry_query *query)
{
	return is_of_arch(geometry, query->arch) &&
	       (!query->levels || query->levels == geometry->level_count) &&
	       (!query->page_shift || query->page_shift == geometry->page_shift) &&
	       (!query->va_bits || query->va_bits == geometry->va_bits);
}

/* The names of the geometries of @arch; of the architectures if there is no such. */
static void list(const char *arch, struct vmt_str *ret_text)
{
	const char *last = "";

	for (const struct vmt_geometry *const *at = vmt_geometries; *at; at++) {
		if (arch && !is_of_arch(*at, arch))
			continue;
		if (!arch && strcmp((*at)->arch, last) == 0)
			continue;
		last = (*at)->arch;
		vmt_str_printf(ret_text, "%s%s", ret_text->length ? ", " : "",
			       arch ? (*at)->name : (*at)->arch);
	}
}

/* "3 levels, 16K pages, 40 bits": what was asked for. */
static void describe(const struct vmt_geometry_query *query, struct vmt_str *ret_text)
{
	char size[16];

	if (query->levels)
		vmt_str_printf(ret_text, " %u levels", query->levels);
	if (query->page_shift)
		vmt_str_printf(ret_text, "%s %s pages", ret_text->length ? "," : "",
			       vmt_size_text((uint64_t)1 << query->page_shift, size));
	if (query->va_bits)
		vmt_str_printf(ret_text, "%s %u bits", ret_text->length ? "," : "", query->va_bits);
}

static int refuse(const struct vmt_geometry_query *query, struct vmt_error *error)
{
	struct vmt_str there, asked;
	int result;

	vmt_str_init(&there);
	vmt_str_init(&asked);
	list(query->arch, &there);
	if (there.length) {
		describe(query, &asked);
		result = vmt_error_set(error, EINVAL, "%s has no page tables of%s; there are %s",
				       query->arch ? query->arch : "no architecture",
				       vmt_str_text(&asked), vmt_str_text(&there));
	} else {
		list(NULL, &there);
		result = vmt_error_set(error, ENOENT, "no architecture '%s'; there are %s",
				       query->arch, vmt_str_text(&there));
	}
	vmt_str_deinit(&there);
	vmt_str_deinit(&asked);
	return result;
}

int vmt_geometry_find(const struct vmt_geometry_query *query,
		      const struct vmt_geometry **ret_geometry, struct vmt_error *error)
{
	for (const struct vmt_geometry *const *at = vmt_geometries; *at; at++) {
		if (fits(*at, query)) {
			*ret_geometry = *at;
			return 0;
		}
	}
	return refuse(query, error);
}

enum vmt_half vmt_geometry_half(const struct vmt_geometry *geometry, uint64_t address)
{
	/* bits above va_bits; a signed address has one bit less for itself */
	unsigned bits = geometry->va_bits - (geometry->form == VMT_FORM_SIGNED);
	uint64_t above = address >> bits;

	if (!above)
		return geometry->form != VMT_FORM_FLAT || address < geometry->user_end
			       ? VMT_HALF_USER
			       : VMT_HALF_KERNEL;
	if (geometry->form != VMT_FORM_FLAT && above == UINT64_MAX >> bits)
		return VMT_HALF_KERNEL;
	return VMT_HALF_NONE;
}

const struct vmt_table_level *vmt_geometry_hw_levels(const struct vmt_geometry *geometry,
						     unsigned *ret_count)
{
	if (geometry->hw_level_count) {
		*ret_count = geometry->hw_level_count;
		return geometry->hw_levels;
	}
	*ret_count = geometry->level_count;
	return geometry->levels;
}

void vmt_geometry_split(const struct vmt_geometry *geometry, uint64_t address,
			struct vmt_split *ret_split)
{
	struct vmt_split split = { .offset = address & (vmt_geometry_page_bytes(geometry) - 1) };
	unsigned hw_count;
	const struct vmt_table_level *hw = vmt_geometry_hw_levels(geometry, &hw_count);

	for (unsigned i = 0; i < geometry->level_count; i++)
		split.index[i] = vmt_level_index(&geometry->levels[i], address);
	for (unsigned i = 0; i < hw_count; i++)
		split.hw_index[i] = vmt_level_index(&hw[i], address);
	*ret_split = split;
}

int vmt_geometry_check(const struct vmt_geometry *geometry, uint64_t address,
		       struct vmt_error *error)
{
	unsigned long long number = address;

	if (vmt_geometry_half(geometry, address) != VMT_HALF_NONE)
		return 0;
	switch (geometry->form) {
	case VMT_FORM_SIGNED:
		return vmt_error_set(
			error, ERANGE,
			"0x%llx is not canonical on %s: its bits 63 to %u must be equal", number,
			geometry->name, geometry->va_bits - 1);
	case VMT_FORM_TWO_TREES:
		return vmt_error_set(error, ERANGE,
				     "0x%llx is no address of %s: its bits 63 to %u must be equal",
				     number, geometry->name, geometry->va_bits);
	default:
		return vmt_error_set(error, ERANGE, "0x%llx is no address of %s, which has %u bits",
				     number, geometry->name, geometry->address_bits);
	}
}
