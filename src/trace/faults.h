/* SPDX-License-Identifier: MIT */
/*
 * faults: the page faults of traced tasks, seen without a stop, through perf's software event.
 */
#ifndef VMTRACE_TRACE_FAULTS_H
#define VMTRACE_TRACE_FAULTS_H

#include "vmtrace/trace.h"

struct vmt_fault_watch;

/*
 * Watches @tid, and every task that it makes from now on. *watch is made by the first call. Returns
 * 0, or a negative errno with nothing changed; -EACCES where kernel.perf_event_paranoid forbids it.
 */
VMT_MUST_CHECK int vmt_fault_watch_add(struct vmt_fault_watch **watch, pid_t tid);
void vmt_fault_watch_free(struct vmt_fault_watch *watch);

/* A fault as it was recorded; whose memory it was about is for the caller to find out. */
struct vmt_fault_record {
	uint64_t time_ns; /* CLOCK_MONOTONIC, when the task came to run before the fault */
	uint64_t serial; /* in the order of records of a CPU */
	uint64_t address;
	pid_t pid;
	pid_t tid;
	bool kernel; /* the kernel touched the page, for the task */
};

/*
 * Takes what was recorded since the last time: the faults of each task in their order, tasks that
 * ran at the same time in the order in which they came to run. The array is good until the next
 * call; *ret_count is its length.
 */
const struct vmt_fault_record *vmt_fault_watch_drain(struct vmt_fault_watch *watch,
						     size_t *ret_count);

/* Faults that were counted and not recorded, because a ring was full. */
uint64_t vmt_fault_watch_lost(const struct vmt_fault_watch *watch);

/* How often the rings must be emptied so that, as a rule, none is more than half full. */
unsigned vmt_fault_watch_tick_us(const struct vmt_fault_watch *watch);

/* True if faults that the kernel makes for a task (read(2) into a buffer) are recorded too. */
bool vmt_fault_watch_kernel(const struct vmt_fault_watch *watch);

#endif
