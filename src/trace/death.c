/* SPDX-License-Identifier: MIT */
/*
 * The signal that a process dies by. At its delivery stop one thread is told of it, with siginfo_t;
 * then every thread of the process stops at its exit with the same status. The thread that got the
 * signal speaks for all. SIGKILL, and the end by a seccomp filter, are delivered to nobody: then the
 * first thread to exit speaks.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "procfs.h"
#include "tracer.h"

/* Signals whose siginfo_t has an address. */
static bool has_address(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE ||
	       signal == SIGTRAP;
}

static struct vmt_death death_of(int signal, const siginfo_t *info)
{
	struct vmt_death death = { .signal = signal };

	if (!info)
		return death;
	death.known = true;
	death.code = info->si_code;
	if (info->si_code == SI_USER || info->si_code == SI_QUEUE || info->si_code == SI_TKILL) {
		death.sender = info->si_pid;
	} else if (info->si_code > 0 && has_address(signal)) {
		death.address = (uint64_t)(uintptr_t)info->si_addr;
		death.pkey = info->si_pkey;
	}
	return death;
}

/* Will a handler take the signal? A fault that is blocked or ignored has lost its handler by now. */
static bool is_caught(const char *status, int signal)
{
	uint64_t caught;

	return vmt_procfs_number(status, "SigCgt:", 16, &caught) &&
	       caught & UINT64_C(1) << (signal - 1);
}

/* "NSpid:	4711	1": the last number is that of the innermost namespace. */
static bool is_init(const char *status)
{
	const char *line = strstr(status, "\nNSpid:");
	const char *end = line ? strchrnul(line + 1, '\n') : NULL;

	return line && end - line > 2 && end[-1] == '1' && end[-2] == '\t' &&
	       memchr(line + 8, '\t', (size_t)(end - line) - 9);
}

/*
 * The first process of a pid namespace cannot be killed by a signal that it has no handler for, unless
 * its own fault made it; and that exception the kernel does not make for a traced one
 * (force_sig_info_to_task() of kernel/signal.c). It would fault again and again. True then.
 */
static bool note_fault(struct vmt_task *task, struct vmt_death death)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str status = { 0 };
	bool unhandled = death.signal == SIGSEGV && death.code == SI_KERNEL && task->caught.signal;

	if (vmt_procfs_read(task->tid, "status", &status) == 0 &&
	    is_caught(vmt_str_text(&status), death.signal)) {
		task->caught = death;
		return false;
	}
	/* setup_rt_frame() failed, for a handler that was about to be called. */
	if (unhandled) {
		death = task->caught;
		death.handler_of = death.signal;
		death.signal = SIGSEGV;
	}
	task->last_signal = death;
	return death.known && death.code > 0 && is_init(vmt_str_text(&status));
}

bool vmt_death_note_signal(struct vmt_task *task, int signal, const siginfo_t *info)
{
	struct vmt_death death = death_of(signal, info);

	task->last_signal = (struct vmt_death){ 0 };
	if (has_address(signal))
		return note_fault(task, death);
	task->caught = (struct vmt_death){ 0 };
	task->last_signal = death;
	return false;
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

/* Said once for all threads of the process that @data is one of. */
static void set_told(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	const struct vmt_task *teller = data;

	(void)tracer;
	task->death_told |= task->tgid == teller->tgid;
}

static void push(struct vmt_tracer *tracer, struct vmt_task *task, const struct vmt_death *death)
{
	struct __ptrace_syscall_info info;
	struct vmt_event *event;
	struct vmt_frame *stack = NULL;

	vmt_task_each(tracer, set_told, task);
	if (tracer->stacks && death->known && death->code > 0) {
		task->call.arch = task->arch;
		stack = vmt_stacks_take(tracer, task);
	}
	event = vmt_tracer_push(tracer, VMT_EVENT_KILLED, task);
	event->death = *death;
	event->stack = stack;
	if (vmt_syscall_info(task->tid, &info))
		event->ip = info.instruction_pointer;
}

void vmt_death_released(struct vmt_tracer *tracer, struct vmt_task *task)
{
	if (task->followed && task->space)
		push(tracer, task, &task->last_signal);
}

void vmt_death_exiting(struct vmt_tracer *tracer, struct vmt_task *task)
{
	struct search search = { .task = task };
	struct vmt_death death = task->last_signal;
	unsigned long status;

	if (!task->followed || !task->space || task->death_told ||
	    ptrace(PTRACE_GETEVENTMSG, task->tid, NULL, &status) < 0 || !WIFSIGNALED((int)status))
		return;
	search.signal = WTERMSIG((int)status);
	if (death.signal != search.signal) {
		vmt_task_each(tracer, find_receiver, &search);
		if (search.found)
			return;
		death = (struct vmt_death){ .signal = search.signal };
	}
	push(tracer, task, &death);
}
