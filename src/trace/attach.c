/* SPDX-License-Identifier: MIT */
/*
 * Processes that run already: how they become ours, and how they are let go again.
 *
 *	SEIZE and INTERRUPT each thread, until /proc/PID/task shows no new one
 *	each stops ...				a task that stands is parked
 *	the last one stands			ATTACH: the layout holds still; all go on
 *	...
 *	an interrupt: INTERRUPT each task	STOPPING; whatever happens meanwhile is still told
 *	all stand				SPACE_END for each space: a last look
 *	DETACH each				LEAVING
 *
 * Nothing waits for a task for ever: a parent in vfork(2) or a task that waits for a disk stops
 * when that is over, and others may be needed for it to be over. After STOP_LIMIT_NS the event is
 * made without them, and says order_inferred. A call that was under way is begun again by the
 * kernel, as after any stop; its entry is then seen, or only its exit, which is no event.
 *
 * Letting go. A task in a group-stop stays stopped, and a signal that was about to be delivered is
 * delivered by PTRACE_DETACH. A task that did not stop in time is let go by the kernel when vmtrace
 * ends: it then has no stop of ours pending (__ptrace_unlink() of kernel/ptrace.c, 6.18).
 */
#include <assert.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs.h"
#include "tracer.h"

#define STOP_LIMIT_NS 250000000ULL /* 250 ms */

enum {
	/* Neither a filter of ours, nor death together with us. */
	OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
		  PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT,
};

/* ---- What forbids it --------------------------------------------------------------------- */

static uint64_t number_of(const struct vmt_str *status, const char *key)
{
	uint64_t number = 0;

	vmt_procfs_number(vmt_str_text(status), key, 10, &number);
	return number;
}

/* A zombie, or less; also a first thread, which is there until the last one has ended. */
static bool has_ended(const struct vmt_str *status)
{
	return strstr(vmt_str_text(status), "\nState:\tZ") ||
	       strstr(vmt_str_text(status), "\nState:\tX");
}

static char ptrace_scope(void)
{
	VMT_CLEANUP(vmt_fd_close)
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	char scope = '0';

	if (fd < 0 || read(fd, &scope, 1) != 1)
		return '0';
	return scope;
}

static int traced_already(pid_t pid, pid_t other, struct vmt_error *error)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str name = { 0 };
	const char *text;

	if (vmt_procfs_read(other, "comm", &name) < 0)
		vmt_str_clear(&name);
	text = vmt_str_text(&name);
	return vmt_error_set(error, EPERM,
			     "cannot attach to process %d: process %d (%.*s) traces it already; a "
			     "process has one tracer",
			     pid, other, (int)strcspn(text, "\n"), text);
}

/* Why the kernel said EPERM; in the order in which the kernel asks. */
static int refused(pid_t pid, struct vmt_error *error)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str status = { 0 };
	pid_t other;
	uid_t uid;

	if (vmt_procfs_read(pid, "status", &status) < 0)
		return vmt_error_set(error, ESRCH, "cannot attach to process %d: it has ended",
				     pid);
	other = (pid_t)number_of(&status, "TracerPid:");
	uid = (uid_t)number_of(&status, "Uid:");
	if (other)
		return traced_already(pid, other, error);
	if (number_of(&status, "Kthread:"))
		return vmt_error_set(error, EPERM,
				     "cannot attach to process %d: it is a thread of the kernel",
				     pid);
	if (uid != getuid() && geteuid() != 0)
		return vmt_error_set(error, EPERM,
				     "cannot attach to process %d: it belongs to user %u; run "
				     "vmtrace as that user or as root",
				     pid, uid);
	switch (ptrace_scope()) {
	case '1':
		return vmt_error_set(error, EPERM,
				     "cannot attach to process %d: kernel.yama.ptrace_scope is 1, "
				     "which allows it for one's own children only; run vmtrace as "
				     "root, or set it to 0",
				     pid);
	case '2':
		return vmt_error_set(error, EPERM,
				     "cannot attach to process %d: kernel.yama.ptrace_scope is 2, "
				     "which needs CAP_SYS_PTRACE; run vmtrace as root",
				     pid);
	case '3':
		return vmt_error_set(error, EPERM,
				     "cannot attach to process %d: kernel.yama.ptrace_scope is 3, "
				     "which forbids all tracing until the next boot",
				     pid);
	}
	return vmt_error_set(
		error, EPERM,
		"cannot attach to process %d: it has privileges that vmtrace has not, "
		"or a container or security module forbids it; run vmtrace as root, in "
		"a container with CAP_SYS_PTRACE",
		pid);
}

/* ---- Attaching --------------------------------------------------------------------------- */

struct group {
	struct vmt_tracer *tracer;
	pid_t tgid;
	pid_t chosen; /* the thread that was asked for */
	struct vmt_task_space *space; /* NULL until the first thread is ours */
	bool added; /* a thread, in this pass over /proc/PID/task */
	bool seen_others; /* threads that are left alone */
};

static void find_sharer(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	struct group *group = data;

	(void)tracer;
	if (!group->space && task->user && vmt_task_same_memory(group->tgid, task->tid, false))
		group->space = task->space;
}

void vmt_attach_await(struct vmt_task *task)
{
	assert(!task->awaited && task->space);
	task->awaited = true;
	task->space->awaited++;
}

static void add_thread(struct group *group, pid_t tid)
{
	struct vmt_tracer *tracer = group->tracer;
	struct vmt_task *task = vmt_task_add(tracer, tid, VMT_TASK_ALIVE);

	task->tgid = group->tgid;
	task->program = true;
	task->followed = true;
	task->arch = vmt_tracer_arch(tid);
	if (!group->space)
		vmt_task_each(tracer, find_sharer, group);
	vmt_task_join(tracer, task, group->space);
	group->space = task->space;
	if (!group->space->awaited)
		tracer->unsettled++;
	vmt_attach_await(task);
	group->added = true;
}

/* 0, also for a thread that has ended; or -errno. */
static int seize_thread(struct group *group, pid_t tid)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str status = { 0 };
	const struct vmt_task *known = vmt_task_find(group->tracer, tid);
	int err;

	if (known) {
		group->space = known->space;
		return 0;
	}
	if (group->tracer->options.follow == VMT_FOLLOW_NONE && tid != group->chosen) {
		group->seen_others = true;
		return 0;
	}
	if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)(intptr_t)OPTIONS) == 0) {
		/* At once, so that it makes no more threads. */
		ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
		add_thread(group, tid);
		vmt_faults_watch(group->tracer, tid);
		return 0;
	}
	err = errno;
	if (err == ESRCH || vmt_procfs_read(tid, "status", &status) < 0)
		return 0;
	/* What a thread of ours has made since is ours, and will tell. */
	if (has_ended(&status) || (pid_t)number_of(&status, "TracerPid:") == getpid())
		return 0;
	return -err;
}

/* One pass over the threads that there are now. */
static int seize_threads(struct group *group)
{
	char path[64];
	struct dirent *entry;
	int result = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/task", group->tgid);
	directory = opendir(path);
	if (!directory)
		return errno == ENOENT ? -ESRCH : -errno;
	group->added = false;
	while (!result && (entry = readdir(directory))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			result = seize_thread(group, (pid_t)strtol(entry->d_name, NULL, 10));
	}
	closedir(directory);
	return result;
}

static int attach_group(struct group *group, struct vmt_error *error)
{
	int result;

	do {
		result = seize_threads(group);
		if (result == -EPERM || result == -EACCES)
			return refused(group->tgid, error);
	} while (!result && group->added);
	if (result && result != -ESRCH)
		return vmt_error_set(error, -result, "cannot attach to process %d: %s", group->tgid,
				     vmt_strerror(-result));
	if (!group->space)
		return vmt_error_set(error, ESRCH, "cannot attach to process %d: it has ended",
				     group->tgid);
	group->space->shared_unseen |= group->seen_others;
	return 0;
}

int vmt_tracer_attach(struct vmt_tracer *tracer, pid_t pid, struct vmt_error *error)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str status = { 0 };
	struct group group = { .tracer = tracer, .chosen = pid };
	int err = vmt_tracer_check_kernel(error);

	assert(!tracer->root && !tracer->filtered);
	if (err < 0)
		return err;
	if (vmt_procfs_read(pid, "status", &status) < 0)
		return vmt_error_set(error, ESRCH, "cannot attach to process %d: there is none",
				     pid);
	group.tgid = (pid_t)number_of(&status, "Tgid:");
	if (group.tgid == getpid())
		return vmt_error_set(error, EPERM,
				     "cannot attach to process %d: that is vmtrace itself", pid);
	if (!tracer->signals_taken) {
		vmt_signals_take(0);
		vmt_tracer_raise_limit();
		tracer->signals_taken = true;
	}
	tracer->attached = true;
	tracer->attach_ns = vmt_clock_ns();
	vmt_signals_tick(true);
	return attach_group(&group, error);
}

/* ---- All stand --------------------------------------------------------------------------- */

/* A task that can show what is in a space. */
struct teller {
	const struct vmt_task_space *space;
	struct vmt_task *task;
};

static void find_teller(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	struct teller *teller = data;

	(void)tracer;
	if (!task->user || task->space != teller->space || task->phase != VMT_TASK_ALIVE)
		return;
	if (!teller->task || (task->stopped && !teller->task->stopped))
		teller->task = task;
}

static void unpark(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	if (task->space != data)
		return;
	task->awaited = false;
	if (task->parked) {
		task->parked = false;
		vmt_tracer_ready(tracer, task);
	}
}

static void settle(struct vmt_tracer *tracer, struct vmt_task_space *space, bool order_inferred)
{
	struct teller teller = { .space = space };

	space->awaited = 0;
	space->has_keys = vmt_pkru_exists();
	tracer->unsettled--;
	vmt_task_each(tracer, find_teller, &teller);
	if (teller.task) {
		vmt_tracer_push(tracer, VMT_EVENT_ATTACH, teller.task)->order_inferred =
			order_inferred || space->shared_unseen;
		space->told = true;
	}
	vmt_task_each(tracer, unpark, space);
}

void vmt_attach_stands(struct vmt_tracer *tracer, struct vmt_task *task)
{
	if (!task->awaited)
		return;
	task->awaited = false;
	if (--task->space->awaited == 0)
		settle(tracer, task->space, false);
}

static void settle_overdue(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	(void)data;
	if (task->awaited)
		settle(tracer, task->space, true);
}

void vmt_attach_overdue(struct vmt_tracer *tracer, uint64_t now_ns)
{
	if (now_ns - tracer->attach_ns >= STOP_LIMIT_NS)
		vmt_task_each(tracer, settle_overdue, NULL);
}

/* ---- Letting go -------------------------------------------------------------------------- */

void vmt_attach_release(struct vmt_tracer *tracer, struct vmt_task *task)
{
	ptrace(PTRACE_DETACH, task->tid, NULL, (void *)(intptr_t)task->signal);
	vmt_task_remove(tracer, task);
}

bool vmt_attach_keeps(struct vmt_tracer *tracer, struct vmt_task *task)
{
	bool ends = task->phase == VMT_TASK_EXITING;

	if (task->space && task->space->awaited && !ends) {
		task->parked = true;
		return true;
	}
	/* Whom nobody follows need not be traced, but for the filter. */
	if ((tracer->end == VMT_END_NOT && !tracer->filtered && !task->followed) ||
	    tracer->end == VMT_END_LEAVING || (tracer->end == VMT_END_STOPPING && ends)) {
		vmt_attach_release(tracer, task);
		return true;
	}
	return tracer->end == VMT_END_STOPPING;
}

static void interrupt_task(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	(void)tracer;
	(void)data;
	if (!task->stopped)
		ptrace(PTRACE_INTERRUPT, task->tid, NULL, NULL);
}

bool vmt_attach_end(struct vmt_tracer *tracer)
{
	assert(tracer->end == VMT_END_NOT);
	if (!tracer->attached)
		return false;
	tracer->end = VMT_END_STOPPING;
	tracer->end_ns = vmt_clock_ns();
	vmt_task_each(tracer, interrupt_task, NULL);
	vmt_signals_tick(true);
	return true;
}

static void find_running(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	bool *running = data;

	(void)tracer;
	*running |= !task->stopped && task->phase != VMT_TASK_EXITING;
}

/* Those that do not stand first, so that one that does makes the last look. */
static void leave_running(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	(void)data;
	if (!task->stopped)
		vmt_task_leave(tracer, task, VMT_LEAVE_ALIVE);
}

static void leave_standing(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	(void)data;
	if (task->stopped)
		vmt_task_leave(tracer, task, VMT_LEAVE_ALIVE);
}

static void release_standing(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	(void)data;
	if (task->stopped)
		vmt_attach_release(tracer, task);
}

/* The kernel will let it go when vmtrace ends. */
static void forget(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	(void)data;
	vmt_task_remove(tracer, task);
}

bool vmt_attach_ending(struct vmt_tracer *tracer)
{
	bool running = false;
	bool overdue = vmt_clock_ns() - tracer->end_ns >= STOP_LIMIT_NS;

	if (tracer->end == VMT_END_STOPPING) {
		vmt_task_each(tracer, find_running, &running);
		if (running && !overdue)
			return true;
		vmt_task_each(tracer, leave_running, NULL);
		vmt_task_each(tracer, leave_standing, NULL);
		tracer->end = VMT_END_LEAVING;
		tracer->end_ns = vmt_clock_ns();
		return false;
	}
	vmt_task_each(tracer, release_standing, NULL);
	if (tracer->task_count == 0)
		return false;
	if (overdue)
		vmt_task_each(tracer, forget, NULL);
	return !overdue;
}
