/* SPDX-License-Identifier: MIT */
/*
 * CLONE_UNTRACED, with which a task is made that no tracer gets on its own. It would inherit our
 * filter, whose calls fail with ENOSYS where no tracer is, and it could change memory that it shares
 * unseen. So the flag is taken away for as long as the kernel reads it (kernel_clone() of
 * kernel/fork.c asks for it once, when it chooses whom to tell):
 *
 *	entry of clone	  flags less CLONE_UNTRACED: the register, or clone3's word in memory
 *	event or exit	  what was there is put back, before the caller or the new task goes on
 *	first stop of the new task	  the same in its registers, or its copy of the memory
 *
 * Neither task sees the difference. Another thread would, if it read clone3's structure meanwhile. This is
 * the only place where the tracer writes to a target.
 */
#include <errno.h>
#include <linux/sched.h>
#include <stddef.h>
#include <sys/user.h>

#include "tracer.h"

enum {
	CLONE3 = 435, /* the same on all architectures */
};

/* Where PTRACE_POKEUSER finds the first argument of a call. */
static size_t first_argument(const struct vmt_arch *arch)
{
	return arch->word_bits == 32 ? offsetof(struct user, regs.rbx)
				     : offsetof(struct user, regs.rdi);
}

static bool put(pid_t tid, const struct vmt_untraced *untraced, uint64_t value)
{
	return ptrace(untraced->in_memory ? PTRACE_POKEDATA : PTRACE_POKEUSER, tid,
		      (void *)(uintptr_t)untraced->place, (void *)(uintptr_t)value) == 0;
}

bool vmt_untraced_enter(struct vmt_task *task, const struct vmt_arch *arch, uint64_t number,
			uint64_t argument)
{
	struct vmt_untraced untraced = { .in_memory = number == CLONE3 };

	if (untraced.in_memory) {
		/* The first member of struct clone_args, 64 bits wide for all programs. */
		if (vmt_proc_read(task->tid, argument, &untraced.flags, sizeof(untraced.flags)) !=
		    sizeof(untraced.flags))
			return false;
		untraced.place = argument;
	} else {
		untraced.flags = argument;
		untraced.place = first_argument(arch);
	}
	if (!(untraced.flags & CLONE_UNTRACED) ||
	    !put(task->tid, &untraced, untraced.flags & ~(uint64_t)CLONE_UNTRACED))
		return false;
	task->untraced = untraced;
	return true;
}

void vmt_untraced_restore(struct vmt_task *task)
{
	if (task->untraced.place)
		put(task->tid, &task->untraced, task->untraced.flags);
	task->untraced = (struct vmt_untraced){ 0 };
}

void vmt_untraced_inherit(struct vmt_task *child, struct vmt_task *parent, bool shared)
{
	/* Once in memory that both share; when the child stops, the program may use it for other things. */
	if (!(shared && parent->untraced.in_memory))
		child->untraced = parent->untraced;
	vmt_untraced_restore(parent);
}
