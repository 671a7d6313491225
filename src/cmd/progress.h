/* SPDX-License-Identifier: MIT */
/*
 * progress: a line on the terminal for what takes more than a second, which goes away when it is
 * done. Nothing where standard error is no terminal.
 */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include "vmtrace/base.h"

struct vmt_progress {
	const char *what; /* "reading run.vmt" */
	const char *unit; /* "steps" */
	uint64_t done;
	uint64_t next_ns; /* when the line is due */
	bool terminal;
	bool shown;
};

void vmt_progress_begin(struct vmt_progress *progress, const char *what, const char *unit);
/* One unit more. */
void vmt_progress_tick(struct vmt_progress *progress);
void vmt_progress_end(struct vmt_progress *progress);

#endif
