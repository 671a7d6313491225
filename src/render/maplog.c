/* SPDX-License-Identifier: MIT */
/*
 * maplog: the numbered map log. Each line of /proc/PID/maps, and behind it the steps that made the
 * memory what it is:
 *
 *	7f34e000-7f352000 r--p 001cf000 fe:00 33283  …/libc.so.6 | 18. [linker] … | 24. [linker] …
 *	'----------------- as in maps ---------------------------' '-------- history ------------'
 *
 * Lines of one object stand together, with an empty line around them. Where a terminal is too
 * narrow for a line and its history, every history goes below its line. Then follows what is no
 * longer there ("gone:"), told in pairs of steps.
 *
 * Invariant of vmt_text_note_gone(): bytes count as gone when the step removed them and added
 * nothing in their place; bytes that mremap() carried to another address have not gone.
 */
#include "text.h"

#include "tables.h"

#include <inttypes.h>
#include <string.h>

enum {
	NAME_MAX_COLUMNS = 24, /* longer paths are shortened, unless everything is to be shown */
	NAME_CAP_COLUMNS = 48, /* one long name does not push all histories away */
	ENTRY_CAP_COLUMNS = 56, /* nor does one long entry */
	HISTORY_FIRST = 3, /* a long history shows so many of its first and last steps */
	HISTORY_LAST = 3,
	PART_SECTIONS = 4, /* of an ELF file that a line names, unless everything is to be shown */
	PART_CAP_COLUMNS = 60, /* fewer are named where these are too long */
	GONE_SHOWN = 40,
	INDENT_COLUMNS = 4, /* of a history below its line */
};

/* What is measured before the first line is written. */
struct shape {
	size_t head; /* columns of everything before the name */
	size_t part; /* where parts of ELF files begin; 0: on lines of their own */
	size_t history; /* where histories begin */
	size_t first_entry; /* columns of the first entry of histories with several */
	bool below; /* histories on lines of their own */
};

/* ---- What has gone ------------------------------------------------------------------------ */

/* The range that an mremap() carried elsewhere; empty for every other step. */
static void moved_range(const struct vmt_step *step, uint64_t *ret_start, uint64_t *ret_end)
{
	struct vmt_mapping before, now;

	*ret_start = *ret_end = 0;
	if (!vmt_where_remapped(step, &before, &now) || before.start == now.start)
		return;
	*ret_start = before.start;
	*ret_end = before.start + vmt_min_u64(before.end - before.start, now.end - now.start);
}

/* True if bytes of @map are neither under an added VMA nor carried elsewhere; both lists ascend. */
static bool loses_bytes(const struct vmt_step *step, const struct vmt_mapping *map)
{
	uint64_t moved_start, moved_end;
	uint64_t at = map->start;

	moved_range(step, &moved_start, &moved_end);
	for (size_t i = 0; at < map->end && i <= step->added.count; i++) {
		uint64_t covered = at;

		if (moved_start <= at && at < moved_end)
			covered = at = moved_end;
		if (i == step->added.count)
			break;
		if (step->added.data[i].map.start <= at && at < step->added.data[i].map.end)
			covered = step->added.data[i].map.end;
		at = vmt_max_u64(at, covered);
	}
	return at < map->end;
}

static bool touched_by_added(const struct vmt_step *step, const struct vmt_mapping *map)
{
	for (size_t i = 0; i < step->added.count; i++) {
		if (step->added.data[i].map.start < map->end &&
		    map->start < step->added.data[i].map.end)
			return true;
	}
	return false;
}

void vmt_text_note_gone(struct vmt_text_space *space, const struct vmt_step *step)
{
	for (size_t i = 0; i < step->removed.count; i++) {
		const struct vmt_vma_view *view = &step->removed.data[i];
		const struct vmt_done_step *maker;
		struct vmt_gone gone;

		if (!view->step_count || !loses_bytes(step, &view->map))
			continue;
		maker = vmt_text_space_find(space, step->step_numbers.data[view->first_step]);
		if (!maker)
			continue;
		gone = (struct vmt_gone){
			.maker = maker->actor,
			.made = maker->title,
			.remover = step->actor,
			.removed = step->title,
			.part = touched_by_added(step, &view->map),
			.made_step = maker->number,
			.removed_step = step->number,
		};
		vmt_gone_add(&space->gone, &gone);
	}
}

static void write_gone(struct vmt_text_renderer *text, const struct vmt_text_space *space)
{
	const struct vmt_gone_table *table = &space->gone;
	struct vmt_line *line = &text->line;
	uint64_t more = table->left_out;
	char number[32];

	for (size_t i = 0; i < table->rows.count; i++) {
		const struct vmt_gone *gone = &table->rows.data[i];

		if (i >= GONE_SHOWN && !text->options.verbose) {
			more += gone->count;
			continue;
		}
		vmt_line_add(line, VMT_STYLE_DIM, gone->part ? "gone: part of " : "gone: ");
		vmt_line_printf(line, VMT_STYLE_PLAIN, "%" PRIu32 ". ", gone->made_step);
		vmt_line_printf(line, vmt_actor_style(gone->maker), "[%s]", gone->maker);
		vmt_line_printf(line, VMT_STYLE_PLAIN, " %s -> %" PRIu32 ". ", gone->made,
				gone->removed_step);
		vmt_line_printf(line, vmt_actor_style(gone->remover), "[%s]", gone->remover);
		vmt_line_printf(line, VMT_STYLE_PLAIN, " %s", gone->removed);
		if (gone->count > 1)
			vmt_line_printf(line, VMT_STYLE_DIM, " (%s times)",
					vmt_count_text(gone->count, number));
		vmt_line_break(line);
	}
	if (more) {
		vmt_line_printf(line, VMT_STYLE_DIM, "gone: %s more%s",
				vmt_count_text(more, number),
				text->options.verbose ? "" : "; -v shows them");
		vmt_line_break(line);
	}
}

/* ---- A line ------------------------------------------------------------------------------- */

static void add_head(struct vmt_line *line, const struct vmt_mapping *map)
{
	char perms[5];

	vmt_perms_text(map->perms, perms);
	vmt_line_printf(line, VMT_STYLE_PLAIN,
			"%08" PRIx64 "-%08" PRIx64 " %s %08" PRIx64 " %02" PRIx32 ":%02" PRIx32
			" %" PRIu64,
			map->start, map->end, perms, map->offset, map->dev_major, map->dev_minor,
			map->inode);
}

/* "…/libc.so.6" for a long path where lines are to be short. */
static void add_name(const struct vmt_text_renderer *text, struct vmt_line *line, const char *name)
{
	const char *base = vmt_base_name(name);
	bool whole = text->options.width == 0 || text->options.verbose || base == name;

	if (whole || vmt_text_width(name) <= NAME_MAX_COLUMNS)
		vmt_line_add(line, VMT_STYLE_PLAIN, name);
	else
		vmt_line_printf(line, VMT_STYLE_PLAIN, "…/%s", base);
}

static void add_entry(const struct vmt_text_space *space, struct vmt_line *line, uint32_t number)
{
	const struct vmt_done_step *done = vmt_text_space_find(space, number);

	vmt_line_printf(line, VMT_STYLE_PLAIN, "%" PRIu32 ".", number);
	if (!done)
		return;
	vmt_line_add(line, VMT_STYLE_PLAIN, " ");
	vmt_line_printf(line, vmt_actor_style(done->actor), "[%s]", done->actor);
	vmt_line_printf(line, VMT_STYLE_PLAIN, " %s", done->title);
}

/* "LOAD 2 of 4: .init .plt .text .fini" */
static void add_part(const struct vmt_text_renderer *text, struct vmt_line *line,
		     const struct vmt_part *part)
{
	size_t most = text->options.verbose ? VMT_PART_SECTIONS_MAX : PART_SECTIONS;
	struct vmt_str words = { 0 };

	do {
		vmt_str_clear(&words);
		vmt_part_text(part, most, &words);
	} while (!text->options.verbose && --most &&
		 vmt_text_width(vmt_str_text(&words)) > PART_CAP_COLUMNS);
	vmt_line_add(line, VMT_STYLE_DIM, vmt_str_text(&words));
	vmt_str_deinit(&words);
}

/* Starts an entry: a bar, on a new line if there is no room for @columns more. */
static void add_bar(const struct vmt_text_renderer *text, struct vmt_line *line,
		    const struct shape *shape, size_t columns)
{
	size_t width = text->options.width;
	size_t indent = shape->below ? INDENT_COLUMNS : shape->history;

	if (width && line->column > indent && line->column + 3 + columns > width) {
		vmt_line_break(line);
		vmt_line_pad(line, indent);
	}
	vmt_line_add(line, VMT_STYLE_DIM, line->column > indent ? " | " : "| ");
}

/* The second entries of all histories begin in one column. */
static void add_history(const struct vmt_text_renderer *text, struct vmt_line *line,
			const struct vmt_text_space *space, const struct shape *shape,
			const uint32_t *numbers, const struct vmt_vma_view *view)
{
	size_t count = view->step_count;
	bool fold = !text->options.verbose && count > HISTORY_FIRST + HISTORY_LAST + 1;
	size_t second = shape->history + 2 + shape->first_entry;
	struct vmt_line entry = { .color = text->options.color };
	char more[32];

	for (size_t i = 0; i < count; i++) {
		vmt_line_clear(&entry);
		if (fold && i == HISTORY_FIRST) {
			size_t skipped = count - HISTORY_FIRST - HISTORY_LAST;

			vmt_line_printf(&entry, VMT_STYLE_DIM, "… %s more …",
					vmt_count_text(skipped + view->steps_left_out, more));
			i += skipped - 1;
		} else {
			add_entry(space, &entry, numbers[i]);
		}
		if (i == 1 && !shape->below && line->column < second)
			vmt_line_pad(line, second);
		add_bar(text, line, shape, entry.column);
		vmt_str_add(&line->text, vmt_str_text(&entry.text));
		line->column += entry.column;
	}
	if (view->steps_left_out && !fold) {
		vmt_line_printf(line, VMT_STYLE_DIM, " | … %s more",
				vmt_count_text(view->steps_left_out, more));
	}
	vmt_line_deinit(&entry);
}

/* ---- The layout --------------------------------------------------------------------------- */

/* Columns of the widest part of an ELF file. */
static size_t measure_parts(const struct vmt_text_renderer *text,
			    const struct vmt_layout_info *info)
{
	struct vmt_line line = { 0 };
	size_t widest = 0;

	for (size_t i = 0; info->parts && i < info->list->rows.count; i++) {
		vmt_line_clear(&line);
		add_part(text, &line, &info->parts[i]);
		if (line.column <= PART_CAP_COLUMNS && line.column > widest)
			widest = line.column;
	}
	vmt_line_deinit(&line);
	return widest;
}

/*
 * Parts stand between names and histories. Where a terminal is too narrow for both, histories stay and
 * parts go below their lines; where it is too narrow for histories as well, these go below, and parts
 * have their place.
 */
static void place_parts(const struct vmt_text_renderer *text, size_t part, size_t first,
			struct shape *shape)
{
	size_t width = text->options.width;
	size_t wide = shape->history + (part ? part + 2 : 0);

	shape->part = shape->history;
	if (!width || wide + 2 + first <= width) {
		shape->history = wide;
	} else if (shape->history + 2 + first <= width) {
		shape->part = 0;
	} else {
		shape->below = true;
		shape->history = INDENT_COLUMNS;
	}
}

/* Widths of all lines, so that names, parts and histories stand in columns. */
static struct shape measure(const struct vmt_text_renderer *text,
			    const struct vmt_text_space *space, const struct vmt_layout_info *info)
{
	const struct vmt_view_list *list = info->list;
	size_t part = measure_parts(text, info);
	struct shape shape = { 0 };
	struct vmt_line line = { 0 };
	size_t name = 0;
	size_t first = 0;

	for (size_t i = 0; i < list->rows.count; i++) {
		const struct vmt_vma_view *view = &list->rows.data[i];

		vmt_line_clear(&line);
		add_head(&line, &view->map);
		shape.head = line.column > shape.head ? line.column : shape.head;
		vmt_line_clear(&line);
		add_name(text, &line, view->map.name);
		if (line.column <= NAME_CAP_COLUMNS && line.column > name)
			name = line.column;
		if (!view->step_count)
			continue;
		vmt_line_clear(&line);
		add_entry(space, &line, list->step_numbers.data[view->first_step]);
		if (line.column > ENTRY_CAP_COLUMNS)
			continue;
		first = line.column > first ? line.column : first;
		if (view->step_count > 1 && line.column > shape.first_entry)
			shape.first_entry = line.column;
	}
	vmt_line_deinit(&line);
	shape.history = shape.head + 2 + name + 2;
	place_parts(text, part, first, &shape);
	return shape;
}

static bool bracketed(const char *name)
{
	return name[0] == '[';
}

/* True if @map belongs to the lines above it, whose first has the name @group. */
static bool same_group(const char *group, const struct vmt_mapping *above,
		       const struct vmt_mapping *map)
{
	if (strcmp(map->name, group) == 0)
		return true;
	return above->end == map->start &&
	       (!map->name[0] || (bracketed(map->name) && bracketed(group)));
}

/* As smaps has it, below the line of its VMA. */
static void write_flags(struct vmt_line *line, uint64_t vm_flags)
{
	struct vmt_str flags = { 0 };

	vmt_vm_flags_text(vm_flags, &flags);
	vmt_line_pad(line, INDENT_COLUMNS);
	vmt_line_printf(line, VMT_STYLE_DIM, "VmFlags: %s", vmt_str_text(&flags));
	vmt_line_break(line);
	vmt_str_deinit(&flags);
}

/* Where it has its column; else below its line. */
static void write_part(const struct vmt_text_renderer *text, struct vmt_line *line,
		       const struct shape *shape, const struct vmt_part *part, bool column)
{
	struct vmt_line words = { .color = text->options.color };
	size_t width = text->options.width;
	bool fits;

	add_part(text, &words, part);
	fits = shape->part && words.column <= PART_CAP_COLUMNS &&
	       (!width || shape->part + words.column <= width);
	if (words.column && fits == column) {
		vmt_line_pad(line, column ? shape->part : INDENT_COLUMNS);
		vmt_str_add(&line->text, vmt_str_text(&words.text));
		line->column += words.column;
		if (!column)
			vmt_line_break(line);
	}
	vmt_line_deinit(&words);
}

static void write_row(struct vmt_text_renderer *text, const struct vmt_text_space *space,
		      const struct shape *shape, const struct vmt_layout_info *info, size_t row)
{
	const struct vmt_view_list *list = info->list;
	const struct vmt_vma_view *view = &list->rows.data[row];
	struct vmt_line *line = &text->line;

	add_head(line, &view->map);
	vmt_line_pad(line, shape->head + 2);
	add_name(text, line, view->map.name);
	if (info->parts)
		write_part(text, line, shape, &info->parts[row], true);
	if (view->step_count) {
		if (shape->below) {
			vmt_line_break(line);
			vmt_line_pad(line, INDENT_COLUMNS);
		} else {
			vmt_line_pad(line, shape->history);
		}
		add_history(text, line, space, shape, list->step_numbers.data + view->first_step,
			    view);
	}
	vmt_line_break(line);
	if (info->parts)
		write_part(text, line, shape, &info->parts[row], false);
	if (text->options.show & VMT_SHOW_FLAGS && view->vm_flags)
		write_flags(line, view->vm_flags);
	if (text->options.show & VMT_SHOW_TABLES && info->pages && !view->map.gate)
		vmt_text_row_pages(line, &info->pages[row], INDENT_COLUMNS);
	vmt_text_flush(text);
}

static void write_rows(struct vmt_text_renderer *text, const struct vmt_text_space *space,
		       const struct vmt_layout_info *info)
{
	const struct vmt_view_list *list = info->list;
	struct shape shape = measure(text, space, info);
	const char *group = "";

	for (size_t i = 0; i < list->rows.count; i++) {
		const struct vmt_mapping *map = &list->rows.data[i].map;

		if (i && !same_group(group, &list->rows.data[i - 1].map, map))
			vmt_line_break(&text->line);
		if (i == 0 || !same_group(group, &list->rows.data[i - 1].map, map))
			group = map->name;
		write_row(text, space, &shape, info, i);
	}
	if (list->rows.count)
		vmt_line_break(&text->line);
}

void vmt_text_layout(struct vmt_text_renderer *text, const struct vmt_text_space *space,
		     const struct vmt_layout_info *info)
{
	struct vmt_line *line = &text->line;

	if (text->started)
		vmt_line_break(line);
	if (space->forked && !space->changed && !text->options.verbose) {
		vmt_line_printf(line, VMT_STYLE_BOLD,
				"space %" PRIu32 ", pid %d: as inherited from space %" PRIu32
				"; -v shows it",
				space->number, info->space->pid, space->parent);
		vmt_line_break(line);
		return;
	}
	if (text->spaces.rows.count > 1) {
		vmt_line_printf(
			line, VMT_STYLE_BOLD, "space %" PRIu32 ", pid %d: %s, after step %" PRIu32,
			space->number, info->space->pid,
			info->space->exe[0] ? info->space->exe : "an unknown program", info->step);
		vmt_line_break(line);
	}
	write_rows(text, space, info);
	write_gone(text, space);
}
