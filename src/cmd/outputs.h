/* SPDX-License-Identifier: MIT */
/*
 * outputs: everything that a run writes: standard error, or the files of -o, each in the format
 * that its name ends in. One renderer stands for all of them.
 */
#ifndef CMD_OUTPUTS_H
#define CMD_OUTPUTS_H

#include "output.h"
#include "vmtrace/render.h"

enum {
	VMT_OUTPUTS_MAX = 8
};

struct vmt_outputs_options {
	const char *paths[VMT_OUTPUTS_MAX];
	size_t path_count; /* 0: text on standard error */
	struct vmt_text_options text; /* width and color are found out from each output */
	bool color_auto; /* colour on a terminal; else text.color holds */
	bool show_path; /* JSON Lines with the way through the kernel */
};

struct vmt_outputs;

VMT_MUST_CHECK int vmt_outputs_open(const struct vmt_outputs_options *options,
				    void (*say)(const char *line), struct vmt_outputs **ret_outputs,
				    struct vmt_error *error);
/* All of them in one; belongs to @outputs. */
struct vmt_renderer *vmt_outputs_renderer(struct vmt_outputs *outputs);
/* Whether one of them is a recording, which keeps all that there is. */
bool vmt_outputs_recording(const struct vmt_outputs *outputs);
/* Whether none of them says anything of a single step. */
bool vmt_outputs_silent(const struct vmt_outputs *outputs);
/* Flushes now and then, as vmt_output_flush() does. @data are the outputs. */
void vmt_outputs_flush(void *data);
/* Closes and frees; false if anything was lost. */
bool vmt_outputs_close(struct vmt_outputs *outputs);

#endif
