/* SPDX-License-Identifier: MIT */
/* Calls that only this room wants to see: they are no mapping calls and make no events. See watch.c. */
#ifndef VMTRACE_TRACE_WATCH_H
#define VMTRACE_TRACE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/ptrace.h>

#include "vmtrace/arch.h"

struct vmt_task;
struct vmt_tracer;

/* What a call is watched for. */
enum vmt_watch {
	VMT_WATCH_NONE,
	VMT_WATCH_PTRACE, /* wants to trace, which may fail because of us */
	VMT_WATCH_MASK, /* asks for, sets or depends on the CPU mask */
	VMT_WATCH_BIRTH, /* makes a task, which inherits the mask */
	VMT_WATCH_UNTRACED, /* makes a task, perhaps one that nobody is to trace */
	VMT_WATCH_CREDENTIALS, /* changes what the task may do */
	VMT_WATCH_UFFD, /* makes a userfaultfd */
	VMT_WATCH_SEGMENT, /* makes shared memory of huge pages */
	VMT_WATCH_SECCOMP, /* puts the task under a filter, or into strict mode */
	VMT_WATCH_EXEC, /* the new program inherits the mask; one of the arch's calls as well */
};

/* One watched call of an architecture. */
struct vmt_watch_row {
	struct vmt_call_row row; /* .call is not used */
	enum vmt_watch watch;
};

/*
 * The watched calls of @arch, sorted by number; a number can stand there twice. NULL if there are none.
 */
const struct vmt_watch_row *vmt_watch_rows(const struct vmt_arch *arch, size_t *ret_count);

/* Whether calls are watched for this only where placement.c works. */
bool vmt_watch_is_placement(enum vmt_watch watch);

/* The task stands at the entry of a call. */
void vmt_watch_enter(struct vmt_tracer *tracer, struct vmt_task *task,
		     const struct __ptrace_syscall_info *info);
/* The task stands at the exit of the call that task->watch is about. */
void vmt_watch_leave(struct vmt_tracer *tracer, struct vmt_task *task,
		     const struct __ptrace_syscall_info *info);

#endif
