/* SPDX-License-Identifier: MIT */
/*
 * views: the options about what the text shows, which the live run and its recording share.
 */
#ifndef CMD_VIEWS_H
#define CMD_VIEWS_H

#include "vmtrace/render.h"

/* The options of a command begin with this; the functions below take into it. */
struct vmt_view_options {
	unsigned views; /* enum vmt_log_view */
	unsigned show; /* enum vmt_show */
	enum {
		VMT_COLOR_AUTO,
		VMT_COLOR_ALWAYS,
		VMT_COLOR_NEVER
	} color;
	struct vmt_expr *filter; /* NULL: none; the command frees it */
	bool verbose;
	bool teach;
	unsigned quiet; /* how often -q was given */
};

/* A word of an option's comma-separated list, and the bit it stands for. */
struct vmt_word {
	const char *name;
	unsigned bit;
};
/* The bits of the words in @argument, which is @option's; -EINVAL with a line. */
int vmt_take_words(const struct vmt_word *words, size_t count, const char *option,
		   const char *argument, unsigned *ret_bits, struct vmt_error *error);

int vmt_take_log(void *target, const char *argument, struct vmt_error *error);
int vmt_take_show(void *target, const char *argument, struct vmt_error *error);
int vmt_take_color(void *target, const char *argument, struct vmt_error *error);
int vmt_take_filter(void *target, const char *argument, struct vmt_error *error);
int vmt_take_teach(void *target, const char *argument, struct vmt_error *error);
int vmt_take_verbose(void *target, const char *argument, struct vmt_error *error);
int vmt_take_quiet(void *target, const char *argument, struct vmt_error *error);

/* For the renderer; with VMT_COLOR_AUTO its color holds where the output is a terminal. */
struct vmt_text_options vmt_view_text(const struct vmt_view_options *view);

#endif
