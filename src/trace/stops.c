/* SPDX-License-Identifier: MIT */
/*
 * What each stop means. A status from waitpid() is one of (ptrace(2), with PTRACE_SEIZE):
 *
 *	status >> 8			what
 *	SIGTRAP | 0x80			entry or exit of a call; PTRACE_GET_SYSCALL_INFO tells which
 *	SIGTRAP | event << 8		PTRACE_EVENT_…: exec, fork, exit, seccomp
 *	signal | PTRACE_EVENT_STOP << 8	group-stop by that signal; SIGTRAP: a new task, or the end
 *					of a group-stop
 *	signal				a signal is about to be delivered
 *
 * Entry and exit are told apart by what the kernel says and never by counting: a task can be
 * killed, restarted or replaced by an execve between the two.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "procfs.h"
#include "tracer.h"

/* ---- Calls ------------------------------------------------------------------------------- */

static void on_entry(struct vmt_tracer *tracer, struct vmt_task *task,
		     const struct __ptrace_syscall_info *info)
{
	/* Cannot be unless the exit stop was skipped. */
	vmt_tracer_call_lost(tracer, task);
	task->watch = VMT_WATCH_NONE;
	if (vmt_event_enter(task, info)) {
		task->call.before_filters = task->entry_seen;
		if (task->call.call == VMT_CALL_EXECVE || task->call.call == VMT_CALL_EXECVEAT)
			vmt_watch_enter(tracer, task, info);
		vmt_tracer_call(tracer, task);
	} else {
		vmt_watch_enter(tracer, task, info);
		vmt_tracer_ready(tracer, task);
	}
}

/*
 * An execve that a signal interrupted is begun again: it has not failed, and an exec event may
 * follow. ERESTARTSYS and its relatives are not in errno.h, programs never see them.
 */
static bool is_restart(int64_t result)
{
	return result == -512 || result == -513 || result == -514 || result == -516;
}

/*
 * A filter of the target's own that traps or kills comes after the entry that we saw, and puts the
 * call's number where the result would be (syscall_rollback() in __seccomp_filter()). Addresses are
 * larger, other mapping calls return 0.
 */
static bool is_rolled_back(const struct vmt_event *call)
{
	return call->before_filters && !call->failed && call->result == (int64_t)call->number &&
	       vmt_call_info(call->call)->layout;
}

/*
 * Has an execve that failed thrown the old memory away already? The kernel then kills the task as
 * soon as it goes on (bprm_execve() of fs/exec.c), and what is there is a part of the new program,
 * whose auxiliary vector is still empty: it is written last (create_elf_tables()).
 */
static bool is_half_replaced(pid_t tid)
{
	static const char empty[2 * sizeof(uint64_t)];
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str auxv = { 0 };

	return vmt_procfs_read(tid, "auxv", &auxv) == 0 && auxv.length >= sizeof(uint64_t) &&
	       auxv.length <= sizeof(empty) && memcmp(auxv.data, empty, auxv.length) == 0;
}

/* Its old space ends here for it, as with an execve that succeeds; of the new one there is nothing. */
static void lose_space(struct vmt_tracer *tracer, struct vmt_task *task)
{
	vmt_tracer_call_end(tracer, task);
	vmt_task_leave(tracer, task, VMT_LEAVE_GONE);
	vmt_task_forget_space(task);
}

static void on_exit_of_call(struct vmt_tracer *tracer, struct vmt_task *task,
			    const struct __ptrace_syscall_info *info)
{
	bool exec = task->call.call == VMT_CALL_EXECVE || task->call.call == VMT_CALL_EXECVEAT;

	vmt_tracer_ready(tracer, task);
	if (task->watch != VMT_WATCH_NONE)
		vmt_watch_leave(tracer, task, info);
	if (task->call_state != VMT_TASK_CALL_RUNNING)
		return;
	vmt_event_leave(tracer, task, info);
	vmt_task_rights_leave(tracer, task);
	if (exec && task->call.failed && is_half_replaced(task->tid)) {
		task->call.exec_too_late = true;
		vmt_tracer_push_call(tracer, task, VMT_EVENT_CALL);
		lose_space(tracer, task);
		return;
	}
	if (!(exec && is_restart(task->call.result)) && !is_rolled_back(&task->call))
		vmt_tracer_push_call(tracer, task, VMT_EVENT_CALL);
	vmt_tracer_call_end(tracer, task);
}

/* It makes no events, but it must not make a task that has no tracer either. */
static void on_unfollowed(struct vmt_tracer *tracer, struct vmt_task *task,
			  const struct __ptrace_syscall_info *info)
{
	if (info->op == PTRACE_SYSCALL_INFO_SECCOMP)
		vmt_watch_enter(tracer, task, info);
	else if (info->op == PTRACE_SYSCALL_INFO_EXIT)
		vmt_watch_leave(tracer, task, info);
	vmt_tracer_ready(tracer, task);
}

static void on_syscall(struct vmt_tracer *tracer, struct vmt_task *task)
{
	struct __ptrace_syscall_info info;

	if ((!task->followed && !tracer->filtered) || !vmt_syscall_info(task->tid, &info)) {
		vmt_tracer_ready(tracer, task);
		return;
	}
	if (!task->followed) {
		on_unfollowed(tracer, task, &info);
		return;
	}
	/* A call that is not let go on any more while we are there has not begun. */
	if (tracer->end != VMT_END_NOT && info.op != PTRACE_SYSCALL_INFO_EXIT)
		info.op = PTRACE_SYSCALL_INFO_NONE;
	switch (info.op) {
	case PTRACE_SYSCALL_INFO_ENTRY:
		task->entry_seen = true;
		on_entry(tracer, task, &info);
		break;
	case PTRACE_SYSCALL_INFO_SECCOMP:
		/* Where a task stops at every call, the filters come after its entry. */
		if (task->entry_seen)
			vmt_tracer_ready(tracer, task);
		else
			on_entry(tracer, task, &info);
		break;
	case PTRACE_SYSCALL_INFO_EXIT:
		task->entry_seen = false;
		on_exit_of_call(tracer, task, &info);
		break;
	default:
		vmt_tracer_ready(tracer, task);
	}
}

/* ---- execve ------------------------------------------------------------------------------ */

/* The execve of @data ended every other thread of its group, some of them without a stop. */
static void drop_sibling(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	const struct vmt_task *survivor = data;

	if (task != survivor && task->tgid == survivor->tgid)
		vmt_task_remove(tracer, task);
}

/*
 * A thread that executes a program takes the thread group's id for its own, and the leader is gone
 * without a word (B2). Its state moves along.
 */
static struct vmt_task *take_over_leader(struct vmt_tracer *tracer, struct vmt_task *leader)
{
	unsigned long former_tid;
	struct vmt_task *former;
	pid_t tid = leader->tid;

	if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &former_tid) < 0 || (pid_t)former_tid == tid)
		return leader;
	former = vmt_task_find(tracer, (pid_t)former_tid);
	if (!former)
		return leader;
	/* Not the last in the old space, which it cannot show any more. */
	vmt_task_leave(tracer, former, VMT_LEAVE_GONE);
	former->program |= leader->program;
	former->followed |= leader->followed;
	vmt_task_remove(tracer, leader);
	vmt_task_rename(tracer, former, tid);
	former->tgid = tid;
	former->signal = 0;
	former->listen = false;
	former->awaited_child = 0;
	return former;
}

const struct vmt_arch *vmt_tracer_arch(pid_t tid)
{
	struct __ptrace_syscall_info info;
	const struct vmt_arch *arch = NULL;
	uint16_t machine;
	unsigned word_bits;

	if (vmt_procfs_elf(tid, &machine, &word_bits) == 0)
		arch = vmt_arch_by_elf(machine, word_bits);
	/* An interpreter of another machine's programs, or a file that may only be executed. */
	if (!arch && vmt_syscall_info(tid, &info))
		arch = vmt_arch_by_audit(info.arch);
	return arch ? arch : &vmt_arch_x86_64;
}

void vmt_tracer_exec(struct vmt_tracer *tracer, struct vmt_task *task)
{
	uint32_t parent_space;

	task = take_over_leader(tracer, task);
	/* The exit stop of a call that succeeded would tell nothing new. */
	vmt_tracer_call_end(tracer, task);
	task->watch = VMT_WATCH_NONE;
	task->rights_generation = 0;
	parent_space = task->space ? task->space->number : 0;
	vmt_task_leave(tracer, task, VMT_LEAVE_EXEC);
	vmt_task_each(tracer, drop_sibling, task);
	vmt_task_forget_space(task);

	vmt_task_set_phase(tracer, task, VMT_TASK_ALIVE);
	task->followed &= task->program || tracer->options.follow == VMT_FOLLOW_ALL;
	if (task->followed) {
		vmt_task_join(tracer, task, NULL);
		task->space->told = true;
		task->arch = vmt_tracer_arch(task->tid);
		vmt_tracer_push(tracer, VMT_EVENT_EXEC, task)->parent_space = parent_space;
		vmt_rights_exec(tracer, task);
	}
	if (tracer->options.pin && tracer->task_count == 1)
		vmt_placement_begin(&tracer->placement, task->tid);
	vmt_tracer_ready(tracer, task);
}

/* ---- Stopping and ending ----------------------------------------------------------------- */

/*
 * The task's memory is still there: this is the last look at it. But if it was killed in an execve,
 * that may be the new program's already.
 */
static void on_exiting(struct vmt_tracer *tracer, struct vmt_task *task)
{
	bool known = task->call_state != VMT_TASK_CALL_RUNNING || !vmt_is_exec(task->call.call);

	vmt_tracer_call_lost(tracer, task);
	if (known)
		vmt_death_exiting(tracer, task);
	vmt_task_leave(tracer, task, known ? VMT_LEAVE_ALIVE : VMT_LEAVE_GONE);
	vmt_task_set_phase(tracer, task, VMT_TASK_EXITING);
	vmt_tracer_ready(tracer, task);
}

static bool is_stop_signal(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/*
 * Every thread of a process reports the same group-stop. One of them counts: the first thread, or
 * while that has ended and others run on, the one with the lowest id.
 */
static void find_speaker(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	struct vmt_task **speaker = data;

	if (task->tgid != tracer->root || task->phase != VMT_TASK_ALIVE)
		return;
	if (!*speaker || task->tid == task->tgid ||
	    (task->tid < (*speaker)->tid && (*speaker)->tid != task->tgid))
		*speaker = task;
}

static void on_group_stop(struct vmt_tracer *tracer, struct vmt_task *task, int signal)
{
	struct vmt_task *speaker = NULL;

	task->listen = true;
	if (task->tgid != tracer->root)
		return;
	vmt_task_each(tracer, find_speaker, &speaker);
	if (task == speaker && vmt_signals_mirror(tracer->root, signal))
		tracer->stop_self = true;
}

static void on_dead(struct vmt_tracer *tracer, struct vmt_task *task, pid_t tid, int status)
{
	if (tid == tracer->root) {
		tracer->root_exit = (struct vmt_exit){
			.known = true,
			.code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
			.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		};
		vmt_signals_root_gone();
		/* Its id may come back as another task's. */
		tracer->root = -1;
	}
	if (task)
		vmt_task_remove(tracer, task);
}

/* A task that nobody told of stands at its first stop: its parent's event is on the way. */
static void on_stranger(struct vmt_tracer *tracer, pid_t tid, int event, int signal)
{
	struct vmt_task *task = vmt_task_add(tracer, tid, VMT_TASK_NEWBORN);

	task->stopped = true;
	task->since_ns = tracer->now_ns;
	if (event == PTRACE_EVENT_STOP) {
		task->listen = is_stop_signal(signal);
		vmt_signals_tick(true);
	} else {
		/* Killed before it ever ran. */
		on_exiting(tracer, task);
	}
}

static void on_event(struct vmt_tracer *tracer, struct vmt_task *task, int event, int signal)
{
	switch (event) {
	case PTRACE_EVENT_SECCOMP:
		on_syscall(tracer, task);
		break;
	case PTRACE_EVENT_EXEC:
		vmt_tracer_exec(tracer, task);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		vmt_birth_parent(tracer, task, event);
		break;
	case PTRACE_EVENT_EXIT:
		on_exiting(tracer, task);
		break;
	case PTRACE_EVENT_STOP:
		if (is_stop_signal(signal))
			on_group_stop(tracer, task, signal);
		vmt_tracer_ready(tracer, task);
		break;
	default:
		vmt_tracer_ready(tracer, task);
	}
}

static void on_signal(struct vmt_tracer *tracer, struct vmt_task *task, int signal)
{
	siginfo_t info;
	bool known = ptrace(PTRACE_GETSIGINFO, task->tid, NULL, &info) == 0;

	task->signal = signal;
	if (known)
		vmt_forward_delivered(tracer, task, &info);
	if (vmt_death_note_signal(task, signal, known ? &info : NULL)) {
		task->release = true;
		vmt_death_released(tracer, task);
	}
	vmt_tracer_ready(tracer, task);
}

/* Whatever the task was doing or waiting for before, it now stands at this stop. */
static void begin_stop(struct vmt_tracer *tracer, struct vmt_task *task, int event)
{
	task->stopped = true;
	task->listen = false;
	task->signal = 0;
	task->awaited_child = 0;
	if (task->call_state == VMT_TASK_CALL_HELD)
		vmt_tracer_call_end(tracer, task);
	if (task->phase == VMT_TASK_EXPECTED)
		vmt_birth_child(tracer, task);
	/* At an exec event it has left the space that is waited for. */
	if (event != PTRACE_EVENT_EXEC)
		vmt_attach_stands(tracer, task);
	vmt_placement_look(&tracer->placement, task->tid);
}

void vmt_tracer_dispatch(struct vmt_tracer *tracer, pid_t tid, int status)
{
	struct vmt_task *task = vmt_task_find(tracer, tid);
	int event = status >> 16;
	int signal;

	assert(tracer->ready.count == 0);
	vmt_faults_collect(tracer, WIFSTOPPED(status) && event == PTRACE_EVENT_EXEC ? tid : 0);
	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		on_dead(tracer, task, tid, status);
		return;
	}
	if (!WIFSTOPPED(status))
		return;
	signal = WSTOPSIG(status);
	if (!task) {
		on_stranger(tracer, tid, event, signal);
		return;
	}
	begin_stop(tracer, task, event);
	if (event || signal == (SIGTRAP | 0x80))
		task->caught.signal = 0;
	if (event) {
		on_event(tracer, task, event, signal);
	} else if (signal == (SIGTRAP | 0x80)) {
		on_syscall(tracer, task);
	} else {
		on_signal(tracer, task, signal);
	}
}
