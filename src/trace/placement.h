/* SPDX-License-Identifier: MIT */
/* One task and vmtrace on one CPU. See placement.c. */
#ifndef VMTRACE_TRACE_PLACEMENT_H
#define VMTRACE_TRACE_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
	VMT_CPUS_MAX = 8192, /* the most that x86-64 can be configured for */
};

/* A CPU mask as the kernel has it. */
struct vmt_cpu_mask {
	unsigned long words[VMT_CPUS_MAX / (8 * sizeof(unsigned long))];
};

/* Zero: no task is placed. */
struct vmt_placement {
	pid_t tid; /* of the task that shares our CPU; 0 if none does */
	bool narrow; /* it has the narrow mask now, not its own */
	bool given_up; /* for good */
	unsigned stops; /* of the task, since its mask was last looked at */
	struct vmt_cpu_mask one; /* the CPU */
	struct vmt_cpu_mask task; /* its own mask */
	struct vmt_cpu_mask self; /* ours */
};

/* How many CPUs this process may run on; 1 if that cannot be found out. */
unsigned vmt_placement_cpus(void);
/* Puts the stopped task @tid, the only one, and vmtrace on one CPU. Where that fails, nothing. */
void vmt_placement_begin(struct vmt_placement *placement, pid_t tid);
/* Gives the task its own mask back for a call. False if it is not placed, or was changed by others. */
bool vmt_placement_widen(struct vmt_placement *placement, pid_t tid);
/* The call is over. */
void vmt_placement_narrow(struct vmt_placement *placement, pid_t tid);
/* To be called at each stop: now and then looks whether somebody else changed the mask. */
void vmt_placement_look(struct vmt_placement *placement, pid_t tid);
/* Gives both their own masks back, for good. */
void vmt_placement_end(struct vmt_placement *placement);

#endif
