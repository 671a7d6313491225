/* SPDX-License-Identifier: MIT */
/*
 * output: where the log goes, standard error or a file, and what happens when that fails: it is
 * said once, at once, on standard error; nothing more is written, and the target runs on.
 */
#ifndef CMD_OUTPUT_H
#define CMD_OUTPUT_H

#include <stdio.h>

#include "vmtrace/base.h"

struct vmt_output {
	FILE *file;
	int fd;
	int error; /* errno of the first write that failed, 0 if none has */
	const char *path; /* NULL: a standard stream */
	const char *name; /* for people */
	const char *loss; /* what follows from a failure, behind the line about it */
	bool failed; /* a write failed; the line about it has been said */
	uint64_t flushed_ns; /* when it was last flushed */
	void (*say)(const char *line); /* how to say it */
};

/* Opens @path for writing (NULL: standard error); it is closed on exec. */
VMT_MUST_CHECK int vmt_output_open(struct vmt_output *output, const char *path,
				   void (*say)(const char *line), struct vmt_error *error);

/* The same on standard output, for a command that prints what it found. */
VMT_MUST_CHECK int vmt_output_open_stdout(struct vmt_output *output, void (*say)(const char *line),
					  struct vmt_error *error);

/* Flushes now and then, standard error always; notices failures. @force: now. */
void vmt_output_flush(struct vmt_output *output, bool force);

/* Flushes and closes; false if anything was lost since it was opened. */
bool vmt_output_close(struct vmt_output *output);

/*
 * Text that is held back until it is whole, so that what fails on its way prints nothing but its line
 * of error.
 */
struct vmt_held {
	FILE *file; /* to write it to */
	char *text;
	size_t length;
};
void vmt_held_open(struct vmt_held *held);
/* Writes it to @file if it is @whole, and frees it. */
void vmt_held_close(struct vmt_held *held, FILE *file, bool whole);

/* True if the log goes to a terminal; *ret_width is its width in columns. */
bool vmt_output_terminal(const struct vmt_output *output, unsigned *ret_width);

#endif
