/* SPDX-License-Identifier: MIT */
/*
 * diff: what the parts of the text of a comparison share: layouts (diff-text.c) and sequences of
 * steps (diff-steps.c).
 */
#ifndef VMT_RENDER_DIFF_H
#define VMT_RENDER_DIFF_H

#include "columns.h"
#include "vmtrace/render.h"

struct vmt_diff_text {
	FILE *file;
	const struct vmt_diff_options *options;
	struct vmt_line line; /* reused */
};

/* Writes the line and forgets it. */
void vmt_diff_flush(struct vmt_diff_text *text);

/* The steps of two spaces, those that differ with three of their neighbours. */
void vmt_diff_steps(struct vmt_diff_text *text, const struct vmt_diff_space *space);

#endif
