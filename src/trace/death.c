/* SPDX-License-Identifier: MIT */
/*
 * The signal that a process dies by. At its delivery stop one thread is told of it, with siginfo_t;
 * then every thread of the process stops at its exit with the same status. The thread that got the
 * signal speaks for all. SIGKILL, and the end by a seccomp filter, are delivered to nobody: then the
 * first thread to exit speaks.
 */
#include <signal.h>
#include <sys/wait.h>

#include "tracer.h"

/* Signals whose siginfo_t has an address. */
static bool has_address(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE ||
	       signal == SIGTRAP;
}

void vmt_death_note_signal(struct vmt_task *task, int signal)
{
	siginfo_t info;

	task->last_signal = (struct vmt_death){ .signal = signal };
	if (ptrace(PTRACE_GETSIGINFO, task->tid, NULL, &info) < 0)
		return;
	task->last_signal.known = true;
	task->last_signal.code = info.si_code;
	if (info.si_code <= 0) {
		task->last_signal.sender = info.si_pid;
	} else if (has_address(signal)) {
		task->last_signal.address = (uint64_t)(uintptr_t)info.si_addr;
		task->last_signal.pkey = info.si_pkey;
	}
}

/* Another thread of the process that got the signal will speak. */
struct search {
	const struct vmt_task *task;
	int signal;
	bool found;
};

static void find_receiver(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	struct search *search = data;

	(void)tracer;
	search->found |= task != search->task && task->tgid == search->task->tgid &&
			 task->phase != VMT_TASK_EXITING &&
			 task->last_signal.signal == search->signal;
}

void vmt_death_exiting(struct vmt_tracer *tracer, struct vmt_task *task)
{
	struct search search = { .task = task };
	struct vmt_death death = task->last_signal;
	struct __ptrace_syscall_info info;
	struct vmt_event *event;
	unsigned long status;

	if (!task->followed || !task->space || tracer->killed == task->tgid ||
	    ptrace(PTRACE_GETEVENTMSG, task->tid, NULL, &status) < 0 || !WIFSIGNALED((int)status))
		return;
	search.signal = WTERMSIG((int)status);
	if (death.signal != search.signal) {
		vmt_task_each(tracer, find_receiver, &search);
		if (search.found)
			return;
		death = (struct vmt_death){ .signal = search.signal };
	}
	tracer->killed = task->tgid;
	event = vmt_tracer_push(tracer, VMT_EVENT_KILLED, task);
	event->death = death;
	if (vmt_syscall_info(task->tid, &info))
		event->ip = info.instruction_pointer;
	if (tracer->stacks && death.known && !death.sender) {
		task->call.arch = task->arch;
		event->stack = vmt_stacks_take(tracer, task);
	}
}
