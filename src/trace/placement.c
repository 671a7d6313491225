/* SPDX-License-Identifier: MIT */
/*
 * A stop wakes vmtrace and then the task again; on one CPU that costs half of what it costs across
 * two, because nobody has to be woken from idle on another CPU. So while there is one task, it and
 * vmtrace are bound to one CPU.
 *
 *	exec stop		own masks kept, both narrowed
 *	sched_getaffinity …	own mask at entry, narrow again at exit (watch.c says which calls)
 *	execve			own mask at entry; narrow again at its event or its failure
 *	fork, clone …		own masks at entry, for good: two tasks on one CPU would be slow
 *
 * A task cannot find out by asking for its mask or by what its children inherit. It can by reading
 * /proc/self/status, which nothing here can prevent, and others can see it as well; so this is off
 * unless it is asked for. A mask that somebody else changed meanwhile is left as it is, and there
 * is no placement any more.
 *
 * The task dies with a vmtrace that is killed (PTRACE_O_EXITKILL), so no narrow mask outlives us.
 */
#include "placement.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmtrace/base.h"

enum {
	LOOK_STOPS = 64,
};

/* The system calls themselves: the C library's mask has 1024 CPUs at most. */
static bool get(pid_t tid, struct vmt_cpu_mask *ret_mask)
{
	memset(ret_mask, 0, sizeof(*ret_mask));
	return syscall(SYS_sched_getaffinity, tid, sizeof(*ret_mask), ret_mask) > 0;
}

unsigned vmt_placement_cpus(void)
{
	struct vmt_cpu_mask mask;
	unsigned count = 0;

	if (!get(0, &mask))
		return 1;
	for (size_t i = 0; i < vmt_countof(mask.words); i++)
		count += (unsigned)__builtin_popcountl(mask.words[i]);
	return count;
}

static bool set(pid_t tid, const struct vmt_cpu_mask *mask)
{
	return syscall(SYS_sched_setaffinity, tid, sizeof(*mask), mask) == 0;
}

static bool equal(const struct vmt_cpu_mask *a, const struct vmt_cpu_mask *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool is_within(const struct vmt_cpu_mask *mask, const struct vmt_cpu_mask *whole)
{
	for (size_t i = 0; i < vmt_countof(mask->words); i++)
		if (mask->words[i] & ~whole->words[i])
			return false;
	return true;
}

static struct vmt_cpu_mask only(unsigned cpu)
{
	struct vmt_cpu_mask mask = { 0 };
	size_t bits = 8 * sizeof(mask.words[0]);

	mask.words[cpu / bits] = 1UL << cpu % bits;
	return mask;
}

/*
 * Every CPU is asked for first: if that gives @mask, it was the whole of a cpuset, and will follow
 * the cpuset as before.
 */
static bool restore(pid_t tid, const struct vmt_cpu_mask *mask)
{
	struct vmt_cpu_mask all;
	struct vmt_cpu_mask now;

	memset(&all, 0xff, sizeof(all));
	return (set(tid, &all) && get(tid, &now) && equal(&now, mask)) || set(tid, mask);
}

/* Does @tid (0: we) have the mask that we gave it? */
static bool is_untouched(const struct vmt_placement *placement, pid_t tid)
{
	struct vmt_cpu_mask now;

	return get(tid, &now) && equal(&now, &placement->one);
}

void vmt_placement_begin(struct vmt_placement *placement, pid_t tid)
{
	unsigned cpu;

	if (placement->given_up)
		return;
	if (placement->tid) {
		vmt_placement_narrow(placement, tid);
		return;
	}
	if (getcpu(&cpu, NULL) == 0 && cpu < VMT_CPUS_MAX)
		placement->one = only(cpu);
	if (!get(0, &placement->self) || !get(tid, &placement->task) ||
	    !is_within(&placement->one, &placement->task)) {
		placement->given_up = true;
		return;
	}
	placement->tid = tid;
	placement->narrow = true;
	if (!set(0, &placement->one) || !set(tid, &placement->one))
		vmt_placement_end(placement);
}

bool vmt_placement_widen(struct vmt_placement *placement, pid_t tid)
{
	if (placement->tid != tid)
		return false;
	if (!placement->narrow)
		return true;
	if (!is_untouched(placement, tid) || !restore(tid, &placement->task)) {
		vmt_placement_end(placement);
		return false;
	}
	placement->narrow = false;
	return true;
}

void vmt_placement_narrow(struct vmt_placement *placement, pid_t tid)
{
	struct vmt_cpu_mask now;

	if (placement->tid != tid || placement->narrow)
		return;
	/* The call may have changed it; nobody may have changed ours. */
	if (!get(tid, &now) || !is_within(&placement->one, &now) || !is_untouched(placement, 0)) {
		vmt_placement_end(placement);
		return;
	}
	placement->task = now;
	placement->narrow = true;
	if (!set(tid, &placement->one))
		vmt_placement_end(placement);
}

void vmt_placement_look(struct vmt_placement *placement, pid_t tid)
{
	if (placement->tid != tid || !placement->narrow || ++placement->stops < LOOK_STOPS)
		return;
	placement->stops = 0;
	if (!is_untouched(placement, tid))
		vmt_placement_end(placement);
}

void vmt_placement_end(struct vmt_placement *placement)
{
	placement->given_up = true;
	if (!placement->tid)
		return;
	if (placement->narrow && is_untouched(placement, placement->tid))
		restore(placement->tid, &placement->task);
	if (is_untouched(placement, 0))
		restore(0, &placement->self);
	placement->tid = 0;
}
