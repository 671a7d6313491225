/* SPDX-License-Identifier: MIT */
/*
 * The progress line (progress.h). The clock is asked only now and then: a tick is to cost nothing.
 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	TICKS_PER_LOOK = 1024,
	FIRST_NS = 1000000000,
	EVERY_NS = 200000000
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void vmt_progress_begin(struct vmt_progress *progress, const char *what, const char *unit)
{
	*progress = (struct vmt_progress){ .what = what, .unit = unit };
	progress->terminal = isatty(STDERR_FILENO);
	if (progress->terminal)
		progress->next_ns = now_ns() + FIRST_NS;
}

void vmt_progress_tick(struct vmt_progress *progress)
{
	struct vmt_str line = { 0 };
	uint64_t now;

	progress->done++;
	if (!progress->terminal || progress->done % TICKS_PER_LOOK)
		return;
	now = now_ns();
	if (now < progress->next_ns)
		return;
	vmt_str_add(&line, "\rvmtrace: ");
	vmt_escape_text(&line, progress->what, strlen(progress->what));
	vmt_str_printf(&line, ": %" PRIu64 " %s", progress->done, progress->unit);
	fputs(vmt_str_text(&line), stderr);
	fflush(stderr);
	vmt_str_deinit(&line);
	progress->shown = true;
	progress->next_ns = now + EVERY_NS;
}

/* Back to the front of the line, and all of it erased. */
void vmt_progress_end(struct vmt_progress *progress)
{
	if (!progress->shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->shown = false;
}
