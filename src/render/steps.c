/* SPDX-License-Identifier: MIT */
/*
 * steps: one line a step, as it happens.
 *
 *	   #  who     what                                     where                           why
 *	  12  linker  map anon (rw)                            7f1c2be4f000 +8K      rw-p      …
 *
 * What was done stands with its purpose, "map anon (rw): TLS and TCB of the main thread"; on a narrow
 * terminal it has less room. What is longer overflows and the columns to its right catch up. With a known width the reasons are broken into lines: in their own column
 * where there is room for a phrase, else under the step. Addresses are never cut.
 *
 * A range is printed as START +SIZE, or START -SIZE when nothing is left there. The name is left
 * out where "what" has just said it.
 */
#include "text.h"

#include "tables.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

enum {
	WHO_COLUMN = 6,
	WHAT_COLUMN = 14,
	WHERE_COLUMN = 66,
	WHERE_NARROW_COLUMN = 55, /* on a terminal of less than WIDE_COLUMNS */
	WIDE_COLUMNS = 120,
	SIZE_COLUMNS = 8,
	PERMS_COLUMNS = 5,
	NAME_COLUMNS = 11,
	TEACH_COLUMNS = 100, /* of sentences, where there is no terminal */
	/* An inner column for the reasons is worth having from here on. */
	WHY_MIN_COLUMNS = 32,
	WHY_INDENT = WHAT_COLUMN + 2,
};

/* Where the parts of "where" begin on this line. */
struct columns {
	size_t shift; /* room for "[2] " */
	size_t where;
	size_t size;
	size_t perms;
	size_t name;
	size_t why;
};

static struct columns columns_of(const struct vmt_text_renderer *text,
				 const struct vmt_text_space *space)
{
	bool narrow = text->options.width && text->options.width < WIDE_COLUMNS;
	size_t shift = text->spaces.rows.count > 1 ? 4 : 0;
	struct columns columns = {
		.shift = shift,
		.where = (narrow ? WHERE_NARROW_COLUMN : WHERE_COLUMN) + shift,
	};

	columns.size = columns.where + space->address_columns + 1;
	columns.perms = columns.size + SIZE_COLUMNS;
	columns.name = columns.perms + PERMS_COLUMNS;
	columns.why = columns.name + NAME_COLUMNS;
	return columns;
}

static void head(struct vmt_text_renderer *text, const struct columns *columns)
{
	struct vmt_line *line = &text->line;

	vmt_line_pad(line, columns->shift);
	vmt_line_add(line, VMT_STYLE_BOLD, "   #");
	vmt_line_pad(line, WHO_COLUMN + columns->shift);
	vmt_line_add(line, VMT_STYLE_BOLD, "who");
	vmt_line_pad(line, WHAT_COLUMN + columns->shift);
	vmt_line_add(line, VMT_STYLE_BOLD, "what");
	vmt_line_pad(line, columns->where);
	vmt_line_add(line, VMT_STYLE_BOLD, "where");
	if (!text->folds) {
		vmt_line_pad(line, columns->why);
		vmt_line_add(line, VMT_STYLE_BOLD, "why");
	}
	vmt_line_break(line);
}

/*
 * The rights that the range has after the step. A mapping that replaced its like changed no VMA;
 * then the call itself tells. False if nothing does.
 */
static bool perms_of(const struct vmt_step *step, const struct vmt_vma_view *now,
		     const struct vmt_vma_view *before, char ret_text[5])
{
	const struct vmt_event *event = step->event;
	bool maps = event && !event->failed &&
		    (event->call == VMT_CALL_MMAP || event->call == VMT_CALL_MMAP2 ||
		     event->call == VMT_CALL_OLD_MMAP);

	if (now) {
		vmt_perms_text(now->map.perms, ret_text);
		return true;
	}
	if (before || !maps)
		return false;
	vmt_prot_text(event->args[2], ret_text);
	ret_text[3] = event->args[3] & MAP_SHARED ? 's' : 'p';
	ret_text[4] = '\0';
	return true;
}

static void add_name(struct vmt_line *line, const struct columns *columns,
		     const struct vmt_step *step, const char *name)
{
	const char *base = vmt_base_name(name);

	if (!base[0] || strstr(step->title, base))
		return;
	vmt_line_pad(line, columns->name);
	vmt_line_add(line, VMT_STYLE_PLAIN, base);
}

static void add_where(struct vmt_line *line, const struct columns *columns,
		      const struct vmt_text_space *space, const struct vmt_step *step)
{
	const struct vmt_vma_view *now, *before;
	enum vmt_style style = VMT_STYLE_PLAIN;
	uint64_t start, end;
	char sign = '+';
	char size[16];
	char perms[5];

	vmt_where(step, &start, &end);
	if (!start && !end && !step->whole)
		return;
	vmt_line_pad(line, columns->where);
	if (!start && !end) {
		vmt_line_add(line, VMT_STYLE_PLAIN, "the whole space");
		return;
	}
	/* A call that failed without asking for a place has none. */
	if (start || !step->event || !step->event->failed)
		vmt_line_printf(line, VMT_STYLE_PLAIN, "%0*" PRIx64, (int)space->address_columns,
				start);
	if (end <= start) {
		add_name(line, columns, step, step->file_name);
		return;
	}
	now = vmt_where_view(step->added.data, step->added.count, start, end);
	before = vmt_where_view(step->removed.data, step->removed.count, start, end);
	if (now && !before) {
		style = VMT_STYLE_GREEN;
	} else if (before && !now) {
		style = VMT_STYLE_RED;
		sign = '-';
	}
	vmt_line_pad(line, columns->size);
	vmt_line_printf(line, style, "%c%s", sign, vmt_size_text(end - start, size));
	if (perms_of(step, now, before, perms)) {
		vmt_line_pad(line, columns->perms);
		vmt_line_add(line, VMT_STYLE_PLAIN, perms);
	}
	add_name(line, columns, step,
		 now      ? now->map.name
		 : before ? before->map.name
			  : step->file_name);
}

/* The step's reasons in one text. */
static void why_text(const struct vmt_step *step, struct vmt_str *text)
{
	struct vmt_str reason = { 0 };

	for (unsigned i = 0; i < step->why_count; i++) {
		vmt_str_clear(&reason);
		vmt_why_text(step, &step->why[i], &reason);
		if (text->length && reason.length)
			vmt_str_add(text, "; ");
		vmt_str_add(text, vmt_str_text(&reason));
	}
	vmt_str_deinit(&reason);
}

/* What the comparison with the kernel had to say. */
static void check_text(const struct vmt_step *step, struct vmt_str *text)
{
	bool changed = step->added.count || step->removed.count;

	if (step->check == VMT_CHECK_ADJUSTED)
		vmt_str_printf(text, "(adjusted: %s)", vmt_reason_name(step->reason));
	else if (step->check == VMT_CHECK_UNCHECKED && changed)
		vmt_str_add(text, "(unchecked)");
}

/*
 * Adds a phrase from column @at on if it may stand there, else on a line of its own. Phrases go on
 * in the column of reasons, or below the step where that column would be too narrow.
 */
static void add_phrase(struct vmt_text_renderer *text, const struct columns *columns, size_t at,
		       enum vmt_style style, const struct vmt_str *phrase)
{
	struct vmt_line *line = &text->line;
	size_t width = text->options.width;
	bool narrow = width < columns->why + WHY_MIN_COLUMNS;
	size_t indent = narrow ? WHY_INDENT + columns->shift : columns->why;
	size_t needed = narrow ? vmt_text_width(vmt_str_text(phrase)) : WHY_MIN_COLUMNS / 2;

	if (width && at + needed > width) {
		vmt_line_break(line);
		at = indent;
	}
	vmt_line_pad(line, at);
	vmt_line_wrap(line, style, vmt_str_text(phrase), indent, width);
}

static void add_why(struct vmt_text_renderer *text, const struct columns *columns,
		    const struct vmt_step *step)
{
	bool bug = step->reason == VMT_REASON_UNEXPLAINED;
	size_t at = columns->why;
	struct vmt_str phrase = { 0 };

	vmt_caller_text(step, &phrase);
	if (phrase.length) {
		add_phrase(text, columns, at, VMT_STYLE_GREEN, &phrase);
		at = text->line.column + 2;
	}
	vmt_str_clear(&phrase);
	why_text(step, &phrase);
	if (phrase.length) {
		add_phrase(text, columns, at, VMT_STYLE_DIM, &phrase);
		at = text->line.column + 1;
	}
	vmt_str_clear(&phrase);
	check_text(step, &phrase);
	if (phrase.length)
		add_phrase(text, columns, at, bug ? VMT_STYLE_RED : VMT_STYLE_YELLOW, &phrase);
	vmt_str_deinit(&phrase);
}

static void add_step(struct vmt_text_renderer *text, const struct vmt_text_space *space,
		     const struct columns *columns, const struct vmt_step *step)
{
	bool failed = step->event && step->event->failed;
	struct vmt_line *line = &text->line;

	vmt_text_prefix(text, space);
	vmt_line_printf(line, VMT_STYLE_PLAIN, "%4" PRIu32, step->number);
	vmt_line_pad(line, WHO_COLUMN + columns->shift);
	vmt_line_add(line, vmt_actor_style(step->actor), step->actor);
	vmt_line_pad(line, WHAT_COLUMN + columns->shift);
	vmt_line_add(line, failed ? VMT_STYLE_RED : VMT_STYLE_PLAIN, step->title);
	add_where(line, columns, space, step);
	add_why(text, columns, step);
	vmt_line_break(line);
}

/* The kernel's functions, set in by depth: "do_mmap", "  mmap_region", … */
static void add_path(struct vmt_text_renderer *text, const struct columns *columns,
		     const struct vmt_step *step)
{
	for (size_t i = 0; i < step->path.count; i++) {
		const struct vmt_path_entry *entry = &step->path.data[i];
		struct vmt_line *line = &text->line;

		vmt_line_pad(line, WHAT_COLUMN + columns->shift + 2 * (size_t)entry->depth);
		vmt_line_add(line, VMT_STYLE_DIM, entry->function);
		if (entry->branch)
			vmt_line_printf(line, VMT_STYLE_DIM, ": %s", entry->branch);
		vmt_line_break(line);
	}
}

/* In full sentences, below the step. */
static void add_teaching(struct vmt_text_renderer *text, const struct columns *columns,
			 const struct vmt_step *step)
{
	size_t width = text->options.width ? text->options.width : TEACH_COLUMNS;
	size_t indent = WHAT_COLUMN + columns->shift;
	struct vmt_str sentences = { 0 };

	vmt_teach(step, &sentences);
	vmt_line_pad(&text->line, indent);
	vmt_line_wrap(&text->line, VMT_STYLE_DIM, vmt_str_text(&sentences), indent, width);
	vmt_line_break(&text->line);
	vmt_str_deinit(&sentences);
}

/* Alone, a call stands at the margin, as strace has it; under its step it is set in. */
static void add_call(struct vmt_text_renderer *text, const struct vmt_text_space *space,
		     const struct columns *columns, const struct vmt_event *event)
{
	bool alone = !(text->options.views & VMT_LOG_STEPS);
	struct vmt_str call = { 0 };

	if (alone)
		vmt_text_prefix(text, space);
	else
		vmt_line_pad(&text->line, WHAT_COLUMN + columns->shift);
	vmt_call_text(event, &call);
	vmt_line_add(&text->line, alone ? VMT_STYLE_PLAIN : VMT_STYLE_DIM, vmt_str_text(&call));
	vmt_line_break(&text->line);
	vmt_str_deinit(&call);
}

void vmt_text_step(struct vmt_text_renderer *text, const struct vmt_text_space *space,
		   const struct vmt_step *step)
{
	struct columns columns = columns_of(text, space);

	if (text->options.views & VMT_LOG_STEPS) {
		if (!text->headed)
			head(text, &columns);
		text->headed = true;
		add_step(text, space, &columns, step);
		if (text->options.teach)
			add_teaching(text, &columns, step);
		if (text->options.show & VMT_SHOW_PATH)
			add_path(text, &columns, step);
		vmt_text_tables(text, step, WHAT_COLUMN + columns.shift);
	}
	if ((text->options.views & VMT_LOG_CALLS) && step->event)
		add_call(text, space, &columns, step->event);
	vmt_text_stack(text, text->options.views & VMT_LOG_STEPS ? WHAT_COLUMN + columns.shift : 4,
		       step);
	vmt_text_flush(text);
}

/* ---- Folded ------------------------------------------------------------------------------------ */

static void end_alike(struct vmt_text_renderer *text, const struct vmt_text_space *space,
		      const struct columns *columns)
{
	struct vmt_line *line = &text->line;
	char number[32];

	if (!space->fold.alike)
		return;
	vmt_line_pad(line, WHAT_COLUMN + columns->shift);
	vmt_line_printf(line, VMT_STYLE_DIM, "… %s more like this",
			vmt_count_text(space->fold.alike, number));
	vmt_line_break(line);
}

static void add_folded(struct vmt_text_renderer *text, const struct vmt_text_space *space,
		       const struct columns *columns, const struct vmt_folded *folded,
		       const char *title)
{
	int64_t bytes = folded->grown_bytes;
	struct vmt_line *line = &text->line;
	char size[16];

	vmt_text_prefix(text, space);
	vmt_line_printf(line, VMT_STYLE_PLAIN, "%4" PRIu32, folded->first);
	vmt_line_pad(line, WHO_COLUMN + columns->shift);
	vmt_line_add(line, vmt_actor_style(folded->actor), folded->actor);
	vmt_line_pad(line, WHAT_COLUMN + columns->shift);
	vmt_line_add(line, folded->failed == folded->count ? VMT_STYLE_RED : VMT_STYLE_PLAIN,
		     title);
	if (folded->start) {
		vmt_line_pad(line, columns->where);
		vmt_line_printf(line, VMT_STYLE_PLAIN, "%0*" PRIx64, (int)space->address_columns,
				folded->start);
	}
	if (bytes) {
		vmt_line_pad(line, columns->size);
		vmt_line_printf(
			line, bytes > 0 ? VMT_STYLE_GREEN : VMT_STYLE_RED, "%c%s",
			bytes > 0 ? '+' : '-',
			vmt_size_text(bytes > 0 ? (uint64_t)bytes : (uint64_t)-bytes, size));
	}
	if (folded->last != folded->first) {
		vmt_line_pad(line, columns->perms);
		vmt_line_printf(line, VMT_STYLE_DIM, "to step %" PRIu32, folded->last);
	}
	vmt_line_break(line);
}

void vmt_text_fold(struct vmt_text_renderer *text, struct vmt_text_space *space,
		   const struct vmt_step *step)
{
	struct vmt_fold *fold = &space->fold;
	struct columns columns = columns_of(text, space);
	struct vmt_str title = { 0 };
	struct vmt_folded folded;

	if (step)
		vmt_fold_add(fold, step);
	while (vmt_fold_next(fold, !step, &folded)) {
		if (!text->headed)
			head(text, &columns);
		text->headed = true;
		vmt_str_clear(&title);
		vmt_folded_title(&folded, &title);
		if (fold->last_actor == folded.actor &&
		    strcmp(vmt_str_text(&title), vmt_str_text(&fold->last_title)) == 0) {
			fold->alike++;
			continue;
		}
		end_alike(text, space, &columns);
		add_folded(text, space, &columns, &folded, vmt_str_text(&title));
		fold->alike = 0;
		fold->last_actor = folded.actor;
		vmt_str_clear(&fold->last_title);
		vmt_str_add(&fold->last_title, vmt_str_text(&title));
		vmt_text_flush(text);
	}
	if (!step) {
		end_alike(text, space, &columns);
		fold->alike = 0;
		vmt_text_flush(text);
	}
	vmt_str_deinit(&title);
}
