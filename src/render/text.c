/* SPDX-License-Identifier: MIT */
/*
 * text: vmtrace's log for people. What a teacher points at on the screen: one line a step while
 * the program runs, and in the end the layout with the numbers of the steps that made it.
 *
 *	steps.c   the lines of steps and calls
 *	fold.c    groups of steps as one line
 *	maplog.c  the numbered map log
 *	memory.c  what has to be remembered between the two
 *	stack.c   call stacks
 *	columns.c lines, columns and colour
 *
 * A line is built in memory and written at once, so that it does not mix with the program's own
 * output on the same terminal.
 */
#include "text.h"

#include "tables.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct vmt_text_renderer *text_of(struct vmt_renderer *renderer)
{
	return vmt_container_of(renderer, struct vmt_text_renderer, base);
}

void vmt_text_flush(struct vmt_text_renderer *text)
{
	fwrite(vmt_str_text(&text->line.text), 1, text->line.text.length, text->file);
	vmt_line_clear(&text->line);
	text->started = true;
}

void vmt_text_prefix(struct vmt_text_renderer *text, const struct vmt_text_space *space)
{
	if (text->spaces.rows.count > 1)
		vmt_line_printf(&text->line, VMT_STYLE_DIM, "[%" PRIu32 "] ", space->number);
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* " (anon_vma 1, loader 1)" */
static void add_reasons(struct vmt_line *line, const struct vmt_counts *counts)
{
	const char *before = " (";
	char number[32];

	for (int reason = VMT_REASON_NONE + 1; reason < VMT_REASON_COUNT; reason++) {
		if (!counts->reasons[reason] || reason == VMT_REASON_UNEXPLAINED)
			continue;
		vmt_line_printf(line, VMT_STYLE_PLAIN, "%s%s %s", before,
				vmt_reason_name((enum vmt_reason)reason),
				vmt_count_text(counts->reasons[reason], number));
		before = ", ";
	}
	if (before[0] == ',')
		vmt_line_add(line, VMT_STYLE_PLAIN, ")");
}

void vmt_text_counts(struct vmt_line *line, const struct vmt_counts *counts)
{
	char number[32];

	vmt_line_printf(line, VMT_STYLE_PLAIN, "%s step%s, ", vmt_count_text(counts->steps, number),
			plural(counts->steps));
	vmt_line_printf(line, VMT_STYLE_PLAIN, "%s checked against the kernel, ",
			vmt_count_text(counts->checked, number));
	vmt_line_printf(line, VMT_STYLE_PLAIN, "%s adjusted",
			vmt_count_text(counts->adjusted, number));
	if (counts->adjusted)
		add_reasons(line, counts);
	vmt_line_add(line, VMT_STYLE_PLAIN, ", ");
	vmt_line_printf(line, counts->unexplained ? VMT_STYLE_RED : VMT_STYLE_PLAIN,
			"%s unexplained", vmt_count_text(counts->unexplained, number));
}

static void text_run(struct vmt_renderer *renderer, const struct vmt_run_info *info)
{
	(void)renderer;
	(void)info;
}

/* A program follows one space most of the time, and then there is nothing to announce. */
static void announce(struct vmt_text_renderer *text, const struct vmt_text_space *space,
		     const struct vmt_space_info *info)
{
	struct vmt_line *line = &text->line;

	if (text->options.quiet || text->spaces.rows.count == 1 ||
	    !(text->options.views & (VMT_LOG_STEPS | VMT_LOG_CALLS)))
		return;
	vmt_text_prefix(text, space);
	vmt_line_printf(line, VMT_STYLE_BOLD, "space %" PRIu32 ": pid %d, ", info->space,
			info->pid);
	if (space->forked)
		vmt_line_printf(line, VMT_STYLE_BOLD, "forked from space %" PRIu32, info->parent);
	else
		vmt_line_printf(line, VMT_STYLE_BOLD, "%s of %s", info->made_by,
				info->exe[0] ? info->exe : "an unknown program");
	if (!space->forked && info->parent)
		vmt_line_printf(line, VMT_STYLE_BOLD, ", from space %" PRIu32, info->parent);
	vmt_line_break(line);
	vmt_text_flush(text);
}

static void text_space(struct vmt_renderer *renderer, const struct vmt_space_info *info)
{
	struct vmt_text_renderer *text = text_of(renderer);
	struct vmt_text_space *space = vmt_text_spaces_get(&text->spaces, info->space);
	const struct vmt_arch *arch = vmt_arch_by_name(info->arch);

	space->pid = info->pid;
	space->parent = info->parent;
	space->forked = strcmp(info->made_by, "fork") == 0;
	space->address_columns = arch && arch->word_bits == 32 ? 8 : 12;
	announce(text, space, info);
}

static void text_step(struct vmt_renderer *renderer, const struct vmt_step *step)
{
	struct vmt_text_renderer *text = text_of(renderer);
	struct vmt_text_space *space = vmt_text_spaces_get(&text->spaces, step->space);

	if (text->options.quiet)
		return;
	if (step->cause != VMT_CAUSE_FORK)
		space->changed = true;
	if (text->options.views & VMT_LOG_MAP) {
		vmt_text_space_add(space, step);
		vmt_text_note_gone(space, step);
	}
	if (step->hidden)
		return;
	if (text->folds)
		vmt_text_fold(text, space, step);
	else if (text->options.views & (VMT_LOG_STEPS | VMT_LOG_CALLS))
		vmt_text_step(text, space, step);
}

static void add_layout_facts(struct vmt_line *line, const struct vmt_layout_info *info)
{
	vmt_line_printf(line, VMT_STYLE_PLAIN, "; %zu VMA%s", info->map_count,
			plural(info->map_count));
	if (info->map_count_limit)
		vmt_line_printf(line, VMT_STYLE_PLAIN, " (limit %" PRIu64 ")",
				info->map_count_limit);
	vmt_text_table_facts(line, info);
}

static void text_layout(struct vmt_renderer *renderer, const struct vmt_layout_info *info)
{
	struct vmt_text_renderer *text = text_of(renderer);
	struct vmt_text_space *space = vmt_text_spaces_get(&text->spaces, info->space->space);

	if (text->folds)
		vmt_text_fold(text, space, NULL);
	if (!text->options.quiet && (text->options.views & VMT_LOG_MAP))
		vmt_text_layout(text, space, info);
	text->layouts++;
	vmt_text_prefix(text, space);
	vmt_text_counts(&text->line, info->counts);
	add_layout_facts(&text->line, info);
	vmt_line_break(&text->line);
	vmt_text_flush(text);
}

static void text_note(struct vmt_renderer *renderer, const char *note)
{
	struct vmt_text_renderer *text = text_of(renderer);

	if (text->options.quiet)
		return;
	vmt_line_printf(&text->line, VMT_STYLE_YELLOW, "note: %s", note);
	vmt_line_break(&text->line);
	vmt_text_flush(text);
}

/* "212 page faults seen, 0 lost; page tables compared 31 times, 0 differed" */
static void add_faults(struct vmt_text_renderer *text, const struct vmt_summary_info *info)
{
	struct vmt_line *line = &text->line;
	char number[32];

	vmt_line_printf(line, VMT_STYLE_PLAIN, "%s page fault%s seen, ",
			vmt_count_text(info->faults, number), plural(info->faults));
	vmt_line_printf(line, info->faults_lost ? VMT_STYLE_YELLOW : VMT_STYLE_PLAIN, "%s lost; ",
			vmt_count_text(info->faults_lost, number));
	vmt_line_printf(line, VMT_STYLE_PLAIN, "page tables compared %s time%s",
			vmt_count_text(info->counts.table_checks, number),
			plural(info->counts.table_checks));
	for (int i = VMT_TABLES_AGREE + 1; i < VMT_TABLES_REASON_COUNT; i++) {
		if (info->counts.table_reasons[i])
			vmt_line_printf(line, VMT_STYLE_PLAIN, ", %s %s",
					vmt_table_reason_name((enum vmt_table_reason)i),
					vmt_count_text(info->counts.table_reasons[i], number));
	}
	vmt_line_break(line);
}

static void text_warning(struct vmt_renderer *renderer, const struct vmt_warning *warning)
{
	struct vmt_text_renderer *text = text_of(renderer);

	if (text->options.quiet)
		return;
	vmt_text_prefix(text, vmt_text_spaces_get(&text->spaces, warning->space));
	vmt_line_add(&text->line, VMT_STYLE_YELLOW, "warning: ");
	vmt_line_add(&text->line, VMT_STYLE_PLAIN, warning->text);
	vmt_line_printf(&text->line, VMT_STYLE_YELLOW, " [%s]", vmt_warning_name(warning->id));
	vmt_line_break(&text->line);
	vmt_text_flush(text);
}

/* With one space, its own last line has said it all. */
static void text_summary(struct vmt_renderer *renderer, const struct vmt_summary_info *info)
{
	struct vmt_text_renderer *text = text_of(renderer);

	if (info->faults_watched) {
		add_faults(text, info);
		vmt_text_flush(text);
	}
	if (info->spaces == 1 && text->layouts == 1)
		return;
	vmt_line_printf(&text->line, VMT_STYLE_PLAIN, "%" PRIu32 " space%s: ", info->spaces,
			plural(info->spaces));
	vmt_text_counts(&text->line, &info->counts);
	vmt_line_break(&text->line);
	vmt_text_flush(text);
}

static void text_free(struct vmt_renderer *renderer)
{
	struct vmt_text_renderer *text = text_of(renderer);

	vmt_text_spaces_deinit(&text->spaces);
	vmt_array_deinit(&text->stacks);
	vmt_line_deinit(&text->line);
	free(text);
}

static const struct vmt_renderer_ops text_ops = {
	.run = text_run,
	.space = text_space,
	.step = text_step,
	.layout = text_layout,
	.warning = text_warning,
	.note = text_note,
	.summary = text_summary,
	.free = text_free,
};

struct vmt_renderer *vmt_render_text_new(FILE *file, const struct vmt_text_options *options)
{
	struct vmt_text_renderer *text = vmt_calloc(1, sizeof(*text));

	text->base.ops = &text_ops;
	text->file = file;
	text->options = *options;
	text->line.color = options->color;
	text->folds = options->fold && !options->verbose && !options->quiet &&
		      (options->views & VMT_LOG_STEPS);
	return &text->base;
}
