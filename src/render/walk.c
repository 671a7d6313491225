/* SPDX-License-Identifier: MIT */
/*
 * walk: an address split into indexes, drawn, and its way through the tables, level by level.
 *
 *	   31 .. 21      20 .. 12    11 .. 0
 *	  +-------------+-----------+--------------+
 *	  | 01110110110 | 110111000 | 000000000000 |
 *	  | PGD 0x3b6   | PTE 0x1b8 | offset 0x0   |
 *	  +-------------+-----------+--------------+
 */
#include <inttypes.h>
#include <string.h>

#include "vmtrace/annotate.h"

#include "walk.h"

enum {
	PARTS_MAX = VMT_LEVELS_MAX + 2, /* the sign before, the offset behind */
	PART_TEXT_BYTES = 32
};

/* A piece of the address. */
struct part {
	char range[PART_TEXT_BYTES]; /* "31 .. 21" */
	char digits[72];
	char name[PART_TEXT_BYTES]; /* "PGD 0x3b6" */
	size_t width;
};

static void make_part(struct part *part, uint64_t address, unsigned low, unsigned bits,
		      const char *name)
{
	uint64_t value = address >> low & (bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1);

	*part = (struct part){ 0 };
	if (bits > 1)
		snprintf(part->range, sizeof(part->range), "%u .. %u", low + bits - 1, low);
	else
		snprintf(part->range, sizeof(part->range), "%u", low);
	for (unsigned i = 0; i < bits; i++)
		part->digits[i] = value >> (bits - 1 - i) & 1 ? '1' : '0';
	snprintf(part->name, sizeof(part->name), "%s 0x%" PRIx64, name, value);
	part->width = strlen(part->range);
	if (part->width < strlen(part->digits))
		part->width = strlen(part->digits);
	if (part->width < strlen(part->name))
		part->width = strlen(part->name);
}

static void line_of(FILE *file, const struct part *parts, unsigned count)
{
	fputs("  +", file);
	for (unsigned i = 0; i < count; i++) {
		for (size_t k = 0; k < parts[i].width + 2; k++)
			fputc('-', file);
		fputc('+', file);
	}
	fputc('\n', file);
}

static void draw(FILE *file, const struct part *parts, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		fprintf(file, "%s%-*s", i ? "   " : "    ", i + 1 < count ? (int)parts[i].width : 0,
			parts[i].range);
	fputc('\n', file);
	line_of(file, parts, count);
	for (unsigned row = 0; row < 2; row++) {
		fputs("  |", file);
		for (unsigned i = 0; i < count; i++)
			fprintf(file, " %-*s |", (int)parts[i].width,
				row ? parts[i].name : parts[i].digits);
		fputc('\n', file);
	}
	line_of(file, parts, count);
}

static void draw_split(FILE *file, const struct vmt_geometry *geometry,
		       const struct vmt_table_level *levels, unsigned count, bool manual,
		       uint64_t address)
{
	struct part parts[PARTS_MAX];
	unsigned used = 0;

	if (geometry->va_bits < geometry->address_bits)
		make_part(&parts[used++], address, geometry->va_bits,
			  geometry->address_bits - geometry->va_bits, "sign");
	for (unsigned i = 0; i < count; i++)
		make_part(&parts[used++], address, levels[i].shift, levels[i].index_bits,
			  manual ? levels[i].hw_name : levels[i].name);
	make_part(&parts[used++], address, 0, geometry->page_shift, "offset");
	draw(file, parts, used);
}

static void head(FILE *file, const struct vmt_walk_info *info)
{
	const struct vmt_geometry *geometry = info->geometry;
	bool kernel = vmt_geometry_half(geometry, info->address) == VMT_HALF_KERNEL;
	char size[16];

	fprintf(file, "0x%" PRIx64 " on %s: %u levels of tables, pages of %s, %u bits translated\n",
		info->address, geometry->name, geometry->level_count,
		vmt_size_text(vmt_geometry_page_bytes(geometry), size), geometry->va_bits);
	fprintf(file, "%s, which ends at 0x%" PRIx64 "\n",
		kernel ? "an address of the kernel, above user space" : "an address of user space",
		geometry->user_end);
}

/* What an entry of a level can lead to: "a table", "a 2M page or a table". */
static void target_text(const struct vmt_table_level *level, bool last, struct vmt_str *ret_text)
{
	char size[16];

	if (level->leaf_possible)
		vmt_str_printf(ret_text, "%s of memory%s%s",
			       vmt_size_text(vmt_level_entry_span(level), size),
			       level->leaf_user ? "" : " (Linux: the kernel's own)",
			       last ? "" : ", or ");
	if (!last)
		vmt_str_add(ret_text, "a table");
}

static void way(FILE *file, const struct vmt_geometry *geometry, uint64_t address)
{
	unsigned count;
	const struct vmt_table_level *levels = vmt_geometry_hw_levels(geometry, &count);
	bool kernel = vmt_geometry_half(geometry, address) == VMT_HALF_KERNEL;

	fprintf(file, "\nthe MMU's way through the tables, from %s\n",
		kernel && geometry->root_kernel ? geometry->root_kernel : geometry->root);
	for (unsigned i = 0; i < count; i++) {
		const struct vmt_table_level *level = &levels[i];
		VMT_CLEANUP(vmt_str_deinit) struct vmt_str name = { 0 };
		VMT_CLEANUP(vmt_str_deinit) struct vmt_str target = { 0 };
		unsigned index = vmt_level_index(level, address);
		uint64_t start = address & ~(vmt_level_entry_span(level) - 1);

		vmt_str_add(&name, level->hw_name);
		if (!geometry->hw_level_count)
			vmt_str_printf(&name, " (%s)", level->name);
		target_text(level, i + 1 == count, &target);
		fprintf(file,
			"  %u. %-14s entry 0x%x of %u, at +0x%x; for 0x%" PRIx64 "-0x%" PRIx64
			": %s\n",
			i + 1, vmt_str_text(&name), index, vmt_level_entries(level),
			index * level->entry_bytes, start,
			start + (vmt_level_entry_span(level) - 1), vmt_str_text(&target));
	}
	fprintf(file, "  %u. %-14s byte 0x%" PRIx64 " of the page\n", count + 1, "offset",
		address & (vmt_geometry_page_bytes(geometry) - 1));
}

/* arm with two levels: 2048 pairs, and four tables in a page. See geometries.c. */
static void arm_pair(FILE *file, const struct vmt_geometry *geometry, uint64_t address)
{
	static const char *const owners[] = { "Linux's entries", "Linux's entries",
					      "the MMU's entries", "the MMU's entries" };
	const struct vmt_table_level *first = &geometry->hw_levels[0];
	const struct vmt_table_level *second = &geometry->hw_levels[1];
	unsigned index = vmt_level_index(first, address);
	unsigned pair = vmt_level_index(&geometry->levels[0], address);
	unsigned entry = vmt_level_index(second, address);

	fprintf(file,
		"\nthe pair: Linux sets two first-level entries together, as one PGD entry of 8 "
		"bytes\n"
		"  pair 0x%x: entries 0x%x and 0x%x, at +0x%x and +0x%x; 0x%x is its %s one\n",
		pair, 2 * pair, 2 * pair + 1, 8 * pair, 8 * pair + 4, index,
		index % 2 ? "second" : "first");
	fputs("\nboth second-level tables of the pair and Linux's own, in one page of 4K\n", file);
	for (unsigned i = 0; i < 4; i++) {
		unsigned offset = i * second->table_bytes;

		fprintf(file, "  +0x%03x  %-17s  0x%x: %u of 4 bytes", offset, owners[i],
			2 * pair + i % 2, vmt_level_entries(second));
		if (i % 2 == index % 2)
			fprintf(file, "  <- entry 0x%x, at +0x%x", entry, offset + 4 * entry);
		fputc('\n', file);
	}
}

static void field_line(FILE *file, const struct vmt_entry_field *field)
{
	char bits[16];

	if (field->bits > 1)
		snprintf(bits, sizeof(bits), "%u:%u", field->low + field->bits - 1, field->low);
	else
		snprintf(bits, sizeof(bits), "%u", field->low);
	fprintf(file, "    %-6s %-11s %s\n", bits, field->name, field->meaning);
}

static void bits_of(FILE *file, const struct vmt_table_level *levels, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		for (const struct vmt_entry_format *const *at = levels[i].formats; at && *at;
		     at++) {
			fprintf(file, "\n  %s: %s, %u bits%s\n", levels[i].hw_name, (*at)->name,
				(*at)->bits, (*at)->software ? ", which the MMU never reads" : "");
			for (const struct vmt_entry_field *field = (*at)->fields; field->name;
			     field++)
				field_line(file, field);
		}
	}
}

static void all_bits(FILE *file, const struct vmt_geometry *geometry)
{
	unsigned count;
	const struct vmt_table_level *levels = vmt_geometry_hw_levels(geometry, &count);

	fputs("\nthe bits of the entries\n", file);
	bits_of(file, levels, count);
	if (geometry->hw_level_count)
		bits_of(file, geometry->levels, geometry->level_count);
}

void vmt_render_walk(FILE *file, const struct vmt_walk_info *info)
{
	const struct vmt_geometry *geometry = info->geometry;

	head(file, info);
	fputc('\n', file);
	if (geometry->hw_level_count) {
		fputs("for the MMU\n", file);
		draw_split(file, geometry, geometry->hw_levels, geometry->hw_level_count, true,
			   info->address);
		fputs("for Linux\n", file);
	}
	draw_split(file, geometry, geometry->levels, geometry->level_count, false, info->address);
	way(file, geometry, info->address);
	if (geometry->hw_level_count)
		arm_pair(file, geometry, info->address);
	if (info->bits)
		all_bits(file, geometry);
	if (info->whose)
		vmt_walk_page(file, info);
	if (info->size_bytes)
		vmt_walk_reach(file, info);
}
