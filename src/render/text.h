/* SPDX-License-Identifier: MIT */
/*
 * text: the renderer behind vmt_render_text_new(), and the two parts that its views are written
 * in: steps.c (lines as things happen) and maplog.c (the layout in the end).
 */
#ifndef VMT_RENDER_TEXT_H
#define VMT_RENDER_TEXT_H

#include "vmtrace/render.h"

#include "columns.h"
#include "memory.h"

/* The step that a stack stands under; space 0: it has not been printed. */
struct vmt_told_stack {
	uint32_t space;
	uint32_t step;
};

struct vmt_text_renderer {
	struct vmt_renderer base;
	FILE *file;
	struct vmt_text_options options;
	struct vmt_text_spaces spaces;
	bool started; /* something was written: set a blank line before the map log */
	bool folds; /* steps are folded */
	bool headed; /* the header of the columns was written */
	uint32_t layouts; /* summary lines of spaces so far */
	VMT_ARRAY(struct vmt_told_stack) stacks; /* by the number of the stack, from 1 */
	struct vmt_line line; /* reused, so that a line costs no memory and one fwrite */
};

/* Writes the line and forgets it. */
void vmt_text_flush(struct vmt_text_renderer *text);
/* "[2] " where more than one space is followed. */
void vmt_text_prefix(struct vmt_text_renderer *text, const struct vmt_text_space *space);
/* "28 steps, 28 checked against the kernel, 0 adjusted, 0 unexplained" */
void vmt_text_counts(struct vmt_line *line, const struct vmt_counts *counts);

/* steps.c: the lines of VMT_LOG_STEPS and VMT_LOG_CALLS. */
void vmt_text_step(struct vmt_text_renderer *text, const struct vmt_text_space *space,
		   const struct vmt_step *step);
/*
 * steps.c: a step of VMT_LOG_STEPS that is folded with others; prints those that are complete. NULL:
 * no more steps will come, all are printed.
 */
void vmt_text_fold(struct vmt_text_renderer *text, struct vmt_text_space *space,
		   const struct vmt_step *step);
/* stack.c: the step's call stack, set in to column @indent; nothing if it has none. */
void vmt_text_stack(struct vmt_text_renderer *text, size_t indent, const struct vmt_step *step);
/*
 * stack.c: the frames of a stack, a line each from column @indent on, at most @most of them, and how it
 * ends.
 */
void vmt_line_stack(struct vmt_line *line, size_t indent, const struct vmt_frame *stack,
		    unsigned most);
/* maplog.c: notes what the step took away for good. */
void vmt_text_note_gone(struct vmt_text_space *space, const struct vmt_step *step);
/* maplog.c: VMT_LOG_MAP. */
void vmt_text_layout(struct vmt_text_renderer *text, const struct vmt_text_space *space,
		     const struct vmt_layout_info *info);

#endif
