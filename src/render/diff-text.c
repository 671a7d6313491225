/* SPDX-License-Identifier: MIT */
/*
 * diff-text: a comparison as a unified diff, one line a VMA, headed by the objects:
 *
 *	--- before.vmt
 *	+++ after.vmt
 *	@@ /usr/lib/libmore.so: added, 5 VMAs, 20K @@
 *	+      4K r--p 00000000
 *	@@ [heap]: size @@
 *	-    132K rw-p
 *	+    264K rw-p
 *	1 object added, 1 changed; VMAs: 5 added, 1 changed, 21 the same; +152K
 *
 * What did not change is left out, unless it stands in a group of which something changed.
 */
#include "diff.h"

#include <inttypes.h>
#include <string.h>

enum {
	SIZE_COLUMN = 9, /* where sizes end */
	BAR_MAX = 40, /* signs of a line of --stat */
	EXACT_MAX_BYTES = 1 << 30
};

void vmt_diff_flush(struct vmt_diff_text *text)
{
	vmt_line_break(&text->line);
	fwrite(text->line.text.data, 1, text->line.text.length, text->file);
	vmt_line_clear(&text->line);
}

static const char *signed_size(int64_t bytes, char ret_text[24])
{
	char size[16];

	snprintf(ret_text, 24, "%c%s", bytes < 0 ? '-' : '+',
		 vmt_size_text(bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes, size));
	return ret_text;
}

/* ---- A VMA ---------------------------------------------------------------------------------- */

/* @exact: two sizes are to be compared, and both would be 1.4M. */
static void add_size(struct vmt_line *line, enum vmt_style style, const struct vmt_mapping *map,
		     bool exact)
{
	uint64_t bytes = map->end - map->start;
	char size[16];

	if (exact && bytes % 1024 == 0 && bytes < EXACT_MAX_BYTES)
		vmt_line_printf(line, style, "%*" PRIu64 "K", SIZE_COLUMN - 2, bytes / 1024);
	else
		vmt_line_printf(line, style, "%*s", SIZE_COLUMN - 1, vmt_size_text(bytes, size));
}

/* @changes: what else is worth saying of this pair. */
static void write_row(struct vmt_diff_text *text, char sign, enum vmt_style style,
		      const struct vmt_mapping *map, unsigned changes)
{
	struct vmt_line *line = &text->line;
	char perms[5];

	vmt_perms_text(map->perms, perms);
	vmt_line_printf(line, style, "%c", sign);
	add_size(line, style, map, changes & VMT_CHANGE_SIZE);
	vmt_line_printf(line, style, " %s", perms);
	if (map->inode || map->offset)
		vmt_line_printf(line, style, " %08" PRIx64, map->offset);
	if (text->options->verbose || text->options->addresses)
		vmt_line_printf(line, style, " %08" PRIx64 "-%08" PRIx64, map->start, map->end);
	if (changes & VMT_CHANGE_DEV)
		vmt_line_printf(line, style, " dev %02" PRIx32 ":%02" PRIx32, map->dev_major,
				map->dev_minor);
	if (changes & VMT_CHANGE_INODE)
		vmt_line_printf(line, style, " inode %" PRIu64, map->inode);
	vmt_diff_flush(text);
}

static const struct vmt_mapping *map_of(const struct vmt_diff_end *end, size_t row)
{
	return &end->layout->data[row].map;
}

static void write_pair(struct vmt_diff_text *text, const struct vmt_diff_space *space,
		       const struct vmt_compare_pair *pair)
{
	if (pair->a != VMT_NO_ROW && pair->b != VMT_NO_ROW && !pair->changes) {
		write_row(text, ' ', VMT_STYLE_PLAIN, map_of(space->b, pair->b), 0);
		return;
	}
	/* Of randomisation's making: neither gone nor added. */
	if (!pair->changes) {
		if (text->options->verbose)
			write_row(text, '~', VMT_STYLE_DIM,
				  pair->a != VMT_NO_ROW ? map_of(space->a, pair->a)
							: map_of(space->b, pair->b),
				  0);
		return;
	}
	if (pair->a != VMT_NO_ROW)
		write_row(text, '-', VMT_STYLE_RED, map_of(space->a, pair->a), pair->changes);
	if (pair->b != VMT_NO_ROW)
		write_row(text, '+', VMT_STYLE_GREEN, map_of(space->b, pair->b), pair->changes);
}

/* ---- A group -------------------------------------------------------------------------------- */

static uint64_t bytes_of(const struct vmt_comparison *comparison,
			 const struct vmt_diff_space *space, const struct vmt_compare_group *group)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < group->pair_count; i++) {
		const struct vmt_compare_pair *pair =
			&comparison->pairs.data[group->first_pair + i];
		const struct vmt_mapping *map = pair->b != VMT_NO_ROW ? map_of(space->b, pair->b)
								      : map_of(space->a, pair->a);

		bytes += map->end - map->start;
	}
	return bytes;
}

static void add_name(struct vmt_line *line, enum vmt_style style,
		     const struct vmt_compare_group *group)
{
	if (group->anonymous) {
		vmt_line_add(line, style, "anonymous memory");
		if (group->name[0]) {
			vmt_line_add(line, style, " of ");
			vmt_line_add(line, style, group->name);
		}
		return;
	}
	if (strcmp(group->name_before, group->name) != 0) {
		vmt_line_add(line, style, group->name_before);
		vmt_line_add(line, style, " -> ");
	}
	vmt_line_add(line, style, group->name);
}

/* "size, perms" */
static void add_changes(struct vmt_line *line, enum vmt_style style, unsigned changes)
{
	const char *before = "";

	for (unsigned bit = 1; bit < 1U << VMT_CHANGE_BITS; bit <<= 1) {
		if (!(changes & bit))
			continue;
		vmt_line_add(line, style, before);
		vmt_line_add(line, style, vmt_change_name(bit));
		before = ", ";
	}
}

static void write_head(struct vmt_diff_text *text, const struct vmt_diff_space *space,
		       const struct vmt_compare_group *group)
{
	struct vmt_line *line = &text->line;
	bool negative = group->slide_bytes < 0;
	char size[16];

	vmt_line_add(line, VMT_STYLE_CYAN, "@@ ");
	add_name(line, VMT_STYLE_CYAN, group);
	if (group->changes) {
		vmt_line_add(line, VMT_STYLE_CYAN, ": ");
		add_changes(line, VMT_STYLE_CYAN, group->changes);
	}
	if (group->added || group->gone)
		vmt_line_printf(line, VMT_STYLE_CYAN, ", %zu VMA%s, %s", group->pair_count,
				group->pair_count == 1 ? "" : "s",
				vmt_size_text(bytes_of(space->layouts, space, group), size));
	if (group->has_slide && text->options->verbose)
		vmt_line_printf(line, VMT_STYLE_CYAN, "; slide %c0x%" PRIx64, negative ? '-' : '+',
				negative ? -(uint64_t)group->slide_bytes
					 : (uint64_t)group->slide_bytes);
	vmt_line_add(line, VMT_STYLE_CYAN, " @@");
	vmt_diff_flush(text);
}

static void write_group(struct vmt_diff_text *text, const struct vmt_diff_space *space,
			const struct vmt_compare_group *group)
{
	if (!group->changes && !text->options->verbose)
		return;
	write_head(text, space, group);
	if (group->changes == VMT_CHANGE_MOVED && !text->options->verbose)
		return;
	for (size_t i = 0; i < group->pair_count; i++)
		write_pair(text, space, &space->layouts->pairs.data[group->first_pair + i]);
}

/* "/usr/lib/libmore.so | 5 +++++" */
static void write_stat(struct vmt_diff_text *text, const struct vmt_diff_space *space,
		       const struct vmt_compare_group *group)
{
	struct vmt_line *line = &text->line;
	size_t added = 0, gone = 0, changed = 0;

	if (!group->changes)
		return;
	for (size_t i = 0; i < group->pair_count; i++) {
		unsigned changes = space->layouts->pairs.data[group->first_pair + i].changes;

		added += (changes & VMT_CHANGE_ADDED) != 0;
		gone += (changes & VMT_CHANGE_GONE) != 0;
		changed += changes && !(changes & (VMT_CHANGE_ADDED | VMT_CHANGE_GONE));
	}
	vmt_line_add(line, VMT_STYLE_PLAIN, " ");
	add_name(line, VMT_STYLE_PLAIN, group);
	vmt_line_printf(line, VMT_STYLE_PLAIN, " | %zu ", added + gone + changed);
	for (size_t i = 0; i < added && i < BAR_MAX; i++)
		vmt_line_add(line, VMT_STYLE_GREEN, "+");
	for (size_t i = 0; i < gone && i < BAR_MAX; i++)
		vmt_line_add(line, VMT_STYLE_RED, "-");
	for (size_t i = 0; i < changed && i < BAR_MAX; i++)
		vmt_line_add(line, VMT_STYLE_YELLOW, "!");
	if (changed || group->changes & VMT_CHANGE_MOVED) {
		vmt_line_add(line, VMT_STYLE_PLAIN, changed ? " " : "");
		add_changes(line, VMT_STYLE_PLAIN,
			    group->changes & ~(unsigned)(VMT_CHANGE_ADDED | VMT_CHANGE_GONE));
	}
	vmt_diff_flush(text);
}

/* ---- A space ---------------------------------------------------------------------------------- */

static void add_end(struct vmt_line *line, const struct vmt_diff_end *end)
{
	if (end->space)
		vmt_line_printf(line, VMT_STYLE_BOLD, "space %" PRIu32 " (pid %d)", end->space,
				(int)end->pid);
}

/* Where there are several, which one it is. */
static void write_space_head(struct vmt_diff_text *text, const struct vmt_diff_space *space)
{
	struct vmt_line *line = &text->line;
	const struct vmt_diff_end *named = space->only_a ? space->a : space->b;

	vmt_line_add(line, VMT_STYLE_BOLD, "@@@ ");
	if (!space->only_b)
		add_end(line, space->a);
	if (!space->only_a && !space->only_b)
		vmt_line_add(line, VMT_STYLE_BOLD, " | ");
	if (!space->only_a)
		add_end(line, space->b);
	if (!space->only_a && !space->only_b && strcmp(space->a->exe, space->b->exe) != 0)
		vmt_line_printf(line, VMT_STYLE_BOLD, ": %s ->", space->a->exe);
	else
		vmt_line_add(line, VMT_STYLE_BOLD, ":");
	vmt_line_printf(line, VMT_STYLE_BOLD, " %s",
			named->exe[0] ? named->exe : "an unknown program");
	if (space->only_a || space->only_b)
		vmt_line_add(line, VMT_STYLE_BOLD, space->only_a ? ": gone" : ": added");
	vmt_line_add(line, VMT_STYLE_BOLD, " @@@");
	vmt_diff_flush(text);
}

/* "5 added, " if there are any. */
static void add_count(struct vmt_line *line, size_t count, const char *word, const char **before)
{
	if (!count)
		return;
	vmt_line_printf(line, VMT_STYLE_PLAIN, "%s%zu %s", *before, count, word);
	*before = ", ";
}

static void write_summary(struct vmt_diff_text *text, const struct vmt_compare_counts *counts)
{
	struct vmt_line *line = &text->line;
	const char *before = "objects: ";
	char size[24];

	add_count(line, counts->groups_added, "added", &before);
	add_count(line, counts->groups_gone, "gone", &before);
	add_count(line, counts->groups_changed, "changed", &before);
	add_count(line, counts->groups_moved, "moved", &before);
	before = line->column ? "; VMAs: " : "VMAs: ";
	add_count(line, counts->added, "added", &before);
	add_count(line, counts->gone, "gone", &before);
	add_count(line, counts->changed, "changed", &before);
	add_count(line, counts->kept, "the same", &before);
	vmt_line_printf(line, VMT_STYLE_PLAIN, "; %s", signed_size(counts->bytes, size));
	vmt_diff_flush(text);
}

static bool is_same(const struct vmt_diff_space *space)
{
	if (space->only_a || space->only_b)
		return false;
	return space->layouts ? space->layouts->same : !space->steps->added && !space->steps->gone;
}

static void write_space(struct vmt_diff_text *text, const struct vmt_diff_space *space,
			bool several)
{
	const struct vmt_comparison *layouts = space->layouts;

	if (is_same(space) && !text->options->verbose)
		return;
	if (several)
		write_space_head(text, space);
	/* What is not there at all is not told line by line. */
	if ((space->only_a || space->only_b) && !text->options->verbose)
		return;
	if (space->steps) {
		vmt_diff_steps(text, space);
		return;
	}
	for (size_t i = 0; i < layouts->groups.count; i++) {
		if (text->options->stat)
			write_stat(text, space, &layouts->groups.data[i]);
		else
			write_group(text, space, &layouts->groups.data[i]);
	}
	write_summary(text, &layouts->counts);
}

void vmt_render_diff_text(FILE *file, const struct vmt_diff_info *info,
			  const struct vmt_diff_options *options)
{
	struct vmt_diff_text text = {
		.file = file,
		.options = options,
		.line = { .color = options->color },
	};

	if (!info->same || options->verbose) {
		vmt_line_printf(&text.line, VMT_STYLE_BOLD, "--- %s", info->a);
		vmt_diff_flush(&text);
		vmt_line_printf(&text.line, VMT_STYLE_BOLD, "+++ %s", info->b);
		vmt_diff_flush(&text);
	}
	for (size_t i = 0; i < info->space_count; i++)
		write_space(&text, &info->spaces[i], info->space_count > 1);
	vmt_line_deinit(&text.line);
}
