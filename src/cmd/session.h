/* SPDX-License-Identifier: MIT */
/*
 * session: the pipeline, wired. An event from the tracer goes to the model of its space, becomes a
 * step, is checked against the kernel, gets its words from annotate, and goes to the renderer.
 *
 *	tracer --event--> space --step--> check <--rows-- probe
 *	                                    |
 *	                              annotate: who, what
 *	                                    v
 *	                                renderer
 */
#ifndef CMD_SESSION_H
#define CMD_SESSION_H

#include "command.h"
#include "vmtrace/base.h"
#include "vmtrace/render.h"
#include "vmtrace/trace.h"

struct vmt_session_options {
	char *const *argv; /* the program and its arguments, ended by NULL; none with pids */
	const pid_t *pids; /* the processes to attach to instead */
	size_t pid_count;
	enum vmt_follow follow;
	bool pin; /* one task and vmtrace share a CPU; not with pids */
	bool no_seccomp;
	bool no_aslr;
	unsigned stack_depth; /* frames of each call's stack; 0: no stacks */
	const char *rules; /* whose rules the model follows (rules.h); NULL: the running kernel's */
	bool faults; /* page faults are watched, and the page tables with them */
	bool show_tables; /* page tables and TLB effects are wanted on each step */
	unsigned fail_on; /* a bit for each enum vmt_warning_id that is to be a failure */
	bool silent; /* nobody reads the steps: they get no words and raise no warnings */
	const struct vmt_expr *filter; /* which steps are printed; NULL: all. Not owned */
	bool show_path; /* steps keep their way through the kernel */
	enum vmt_check_mode {
		VMT_CHECK_TOUCHED, /* what a step touched, and its neighbours */
		VMT_CHECK_FULL, /* the whole layout after each step */
		VMT_CHECK_OFF, /* nothing is asked of the kernel */
	} check;
	struct vmt_renderer *renderer; /* not owned */
	/* Called after each event, to write out what is due; NULL: nobody does. */
	void (*flush)(void *data);
	void *flush_data;
	/*
	 * Called when a space ends, or will if the execve that its task has begun succeeds, while
	 * /proc/PID/maps can be read; NULL in vmtrace itself. Tests compare the kernel's layout at
	 * this moment.
	 */
	void (*space_end)(void *data, pid_t pid, uint32_t space);
	void *space_end_data;
};

/*
 * Runs the program to its end, or traces the processes until they end or vmtrace is interrupted.
 * Returns 0 with *ret_status as the program ended; or a negative errno
 * with one line in @error and ret_status->code set.
 */
VMT_MUST_CHECK int vmt_session_run(const struct vmt_session_options *options,
				   struct vmt_status *ret_status, struct vmt_error *error);

#endif
