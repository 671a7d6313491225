/* SPDX-License-Identifier: MIT */
/*
 * The loop: hand out the events of the last stop, let the tasks go on, wait for the next stop.
 *
 * Order. The kernel takes mmap_lock for each mapping call, and nobody outside sees in which order.
 * If two threads were let into calls together, their exit stops could come the other way round,
 * and an mmap would return an address that the model still holds as mapped. So of the tasks of one
 * space only one is between entry and exit of a mapping call:
 *
 *	thread A   entry ----- call ----- exit  event  go
 *	thread B        entry  (held ....................)  go ----- call ----- exit  event
 *
 * Everything else of B ran at full speed until its entry, and a call that can sleep until another
 * thread acts (a page fault that another thread serves) must not hold the others for ever: after
 * HOLD_LIMIT_NS it is overdue and holds nobody any more, and the events of all calls that overlap
 * with it say order_inferred. execve is not serialised, because it ends the other threads; nor is
 * process_madvise, because it changes the space of another process.
 *
 * Invariants: between two waits every task is running, held, newborn, waiting for its child, or kept
 * by attach.c; tracer->ready is empty when dispatch begins; a held task's space has a call in flight.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tracer.h"

#define HOLD_LIMIT_NS 100000000ULL /* 100 ms */
#define SOON_NS 50000 /* between two calls that come in quick succession */

uint64_t vmt_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

struct vmt_tracer *vmt_tracer_new(const struct vmt_tracer_options *options)
{
	struct vmt_tracer *tracer = vmt_calloc(1, sizeof(*tracer));

	tracer->options = *options;
	tracer->start_ns = tracer->now_ns = vmt_clock_ns();
	tracer->stacks = vmt_stacks_new(options->stack_depth, options->names);
	tracer->cpus = vmt_placement_cpus();
	return tracer;
}

/*
 * Under the filter a task without a tracer could not run on anyway. What was attached to lives on:
 * the kernel lets go those that do not stand when vmtrace ends.
 */
static void drop_task(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	(void)data;
	if (!tracer->attached)
		syscall(SYS_tgkill, task->tgid, task->tid, SIGKILL);
	else if (task->stopped)
		ptrace(PTRACE_DETACH, task->tid, NULL, (void *)(intptr_t)task->signal);
	vmt_task_remove(tracer, task);
}

void vmt_tracer_free(struct vmt_tracer *tracer)
{
	if (!tracer)
		return;
	vmt_task_each(tracer, drop_task, NULL);
	vmt_placement_end(&tracer->placement);
	vmt_fault_watch_free(tracer->fault_watch);
	vmt_array_deinit(&tracer->faults);
	if (tracer->signals_taken)
		vmt_signals_restore();
	vmt_array_deinit(&tracer->events);
	vmt_array_deinit(&tracer->ready);
	vmt_array_deinit(&tracer->held);
	vmt_array_deinit(&tracer->rights_said);
	vmt_forward_deinit(&tracer->forward);
	vmt_stacks_free(tracer->stacks);
	free(tracer);
}

bool vmt_tracer_exec_failed(const struct vmt_tracer *tracer)
{
	return tracer->exec_failed;
}

struct vmt_exit vmt_tracer_exit(const struct vmt_tracer *tracer)
{
	return tracer->root_exit;
}

void vmt_tracer_notice(const struct vmt_tracer *tracer, const char *format, ...)
{
	char line[512];
	va_list args;

	if (!tracer->options.notice)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	tracer->options.notice(tracer->options.notice_data, line);
}

/* ---- Events ------------------------------------------------------------------------------ */

static struct vmt_event *push_event(struct vmt_tracer *tracer, const struct vmt_event *event)
{
	vmt_array_push(&tracer->events, *event);
	return &tracer->events.data[tracer->events.count - 1];
}

struct vmt_event *vmt_tracer_push(struct vmt_tracer *tracer, enum vmt_event_kind kind,
				  const struct vmt_task *task)
{
	struct vmt_event event = {
		.kind = kind,
		.pid = task->tgid,
		.tid = task->tid,
		.time_ns = tracer->now_ns - tracer->start_ns,
		.arch = task->arch,
		.space = task->space ? task->space->number : 0,
	};

	return push_event(tracer, &event);
}

void vmt_tracer_push_call(struct vmt_tracer *tracer, struct vmt_task *task,
			  enum vmt_event_kind kind)
{
	struct vmt_event *call = &task->call;

	call->kind = kind;
	call->pid = task->tgid;
	call->tid = task->tid;
	call->time_ns = tracer->now_ns - tracer->start_ns;
	call->space = call->target_space ? call->target_space
		      : task->space      ? task->space->number
					 : 0;
	/* That process runs on meanwhile. */
	call->order_inferred |= call->target_space != 0;
	call->order_inferred |= task->space && task->space->shared_unseen;
	call->unread = task->unread;
	push_event(tracer, call);
	if (tracer->stacks && kind != VMT_EVENT_ENTER)
		vmt_stacks_call_end(task);
}

/* ---- Calls and their order --------------------------------------------------------------- */

static bool is_serialised(enum vmt_call_id call)
{
	return !vmt_is_exec(call) && call != VMT_CALL_PROCESS_MADVISE;
}

/* The call that holds the others of the space @data has had its time. */
static void set_overdue(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	(void)tracer;
	if (!task->in_flight || task->space != data)
		return;
	task->in_flight = false;
	task->space->in_flight--;
	task->overdue = true;
	task->space->overdue++;
	task->call.order_inferred = true;
}

/* The last moment at which the space can be looked at, if nobody else is in it. */
static void push_execve(struct vmt_tracer *tracer, const struct vmt_task *task)
{
	struct vmt_event *event = vmt_tracer_push(tracer, VMT_EVENT_EXECVE, task);

	event->alive = task->space->users == 1 && !task->space->shared_unseen;
}

static void call_begin(struct vmt_tracer *tracer, struct vmt_task *task)
{
	enum vmt_call_id call;

	vmt_event_fetch(tracer, task);
	call = task->call.call;
	if (tracer->stacks)
		task->call.stack = vmt_stacks_take(tracer, task);
	task->call_state = VMT_TASK_CALL_RUNNING;
	if (vmt_call_info(call)->layout)
		vmt_tracer_push_call(tracer, task, VMT_EVENT_ENTER);
	if (task->space && task->followed && vmt_is_exec(call))
		push_execve(tracer, task);
	if (!task->space || !is_serialised(call))
		return;
	assert(task->space->in_flight == 0);
	task->in_flight = true;
	task->space->in_flight++;
	task->space->since_ns = tracer->now_ns;
	task->call.order_inferred = task->space->overdue > 0;
}

void vmt_tracer_call(struct vmt_tracer *tracer, struct vmt_task *task)
{
	if (task->space && task->space->in_flight && is_serialised(task->call.call)) {
		task->call_state = VMT_TASK_CALL_HELD;
		vmt_array_push(&tracer->held, task);
		vmt_signals_tick(true);
		return;
	}
	call_begin(tracer, task);
	vmt_tracer_ready(tracer, task);
}

static void unhold(struct vmt_tracer *tracer, size_t index)
{
	struct vmt_task **at = &tracer->held.data[index];

	tracer->held.count--;
	memmove(at, at + 1, (tracer->held.count - index) * sizeof(struct vmt_task *));
}

void vmt_tracer_call_end(struct vmt_tracer *tracer, struct vmt_task *task)
{
	if (task->call_state == VMT_TASK_CALL_HELD) {
		for (size_t i = 0; i < tracer->held.count; i++) {
			if (tracer->held.data[i] == task) {
				unhold(tracer, i);
				break;
			}
		}
	}
	if (task->in_flight) {
		assert(task->space && task->space->in_flight > 0);
		task->space->in_flight--;
		task->in_flight = false;
	}
	if (task->overdue) {
		assert(task->space && task->space->overdue > 0);
		task->space->overdue--;
		task->overdue = false;
	}
	task->call_state = VMT_TASK_CALL_NONE;
}

void vmt_tracer_call_lost(struct vmt_tracer *tracer, struct vmt_task *task)
{
	/* An execve without an event did nothing, or replaced the space. */
	if (task->call_state == VMT_TASK_CALL_RUNNING && !vmt_is_exec(task->call.call))
		vmt_tracer_push_call(tracer, task, VMT_EVENT_CALL_LOST);
	vmt_tracer_call_end(tracer, task);
}

/* ---- Going on ---------------------------------------------------------------------------- */

void vmt_tracer_ready(struct vmt_tracer *tracer, struct vmt_task *task)
{
	vmt_array_push(&tracer->ready, task);
}

/* A task that was killed meanwhile says ESRCH; its death will be reported. */
static void resume(struct vmt_tracer *tracer, struct vmt_task *task)
{
	bool syscalls = task->call_state == VMT_TASK_CALL_RUNNING ||
			task->watch != VMT_WATCH_NONE ||
			(task->followed && vmt_task_stops_at_all(tracer, task));

	if (vmt_attach_keeps(tracer, task))
		return;
	if (task->release) {
		vmt_attach_release(tracer, task);
		return;
	}
	task->stopped = false;
	tracer->let_into_call = task->call_state == VMT_TASK_CALL_RUNNING;
	if (task->listen)
		ptrace(PTRACE_LISTEN, task->tid, NULL, NULL);
	else if (syscalls)
		ptrace(PTRACE_SYSCALL, task->tid, NULL, (void *)(intptr_t)task->signal);
	else
		ptrace(PTRACE_CONT, task->tid, NULL, (void *)(intptr_t)task->signal);
}

/* First come, first served; each space lets one in. */
static void release_held(struct vmt_tracer *tracer)
{
	for (size_t i = 0; i < tracer->held.count;) {
		struct vmt_task *task = tracer->held.data[i];

		if (task->space->in_flight) {
			i++;
			continue;
		}
		unhold(tracer, i);
		call_begin(tracer, task);
		vmt_tracer_ready(tracer, task);
	}
}

static void let_go(struct vmt_tracer *tracer)
{
	vmt_array_clear(&tracer->events);
	tracer->events_given = 0;
	for (size_t i = 0; i < tracer->ready.count; i++)
		if (tracer->ready.data[i])
			resume(tracer, tracer->ready.data[i]);
	vmt_array_clear(&tracer->ready);
	if (tracer->held.count)
		release_held(tracer);
	if (tracer->stop_self) {
		tracer->stop_self = false;
		kill(getpid(), SIGSTOP);
	}
}

/*
 * Comes when no stop is waiting to be seen, so a call that is still in flight has really taken
 * that long. let_go() then lets the held ones in.
 */
static void tick(struct vmt_tracer *tracer)
{
	uint64_t now_ns = tracer->now_ns;

	tracer->forward.idle++;
	for (size_t i = 0; i < tracer->held.count; i++) {
		struct vmt_task_space *space = tracer->held.data[i]->space;

		if (space->in_flight && now_ns - space->since_ns >= HOLD_LIMIT_NS)
			vmt_task_each(tracer, set_overdue, space);
	}
	vmt_faults_tick(tracer);
	if (tracer->unsettled)
		vmt_attach_overdue(tracer, now_ns);
	if (tracer->newborn_count)
		vmt_birth_orphans(tracer, now_ns);
	else if (!tracer->held.count && !tracer->unsettled && tracer->end == VMT_END_NOT &&
		 !tracer->fault_watch)
		vmt_signals_tick(false);
}

/* There is nobody left to wait for. What is in the table has gone without a word. */
static void remove_task(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	(void)data;
	vmt_task_remove(tracer, task);
}

/*
 * To sleep until a task stops, and to be woken from another CPU, costs more than all else that a stop
 * costs. A task that is the only one has a CPU of its own, where we are not placed on it; then the
 * next stop is looked for a while if it should come soon: at the exit of a call always, at the entry
 * of the next if that was so the last time. With several tasks the CPU is better used by them.
 */
static bool is_soon(const struct vmt_tracer *tracer)
{
	return tracer->task_count == 1 && tracer->cpus > 1 && !tracer->placement.tid &&
	       (tracer->let_into_call || tracer->between_ns < SOON_NS);
}

static pid_t wait_for_stop(struct vmt_tracer *tracer, int *ret_status)
{
	uint64_t before_ns = tracer->now_ns;
	pid_t tid = vmt_signals_wait(is_soon(tracer), ret_status);
	int err = errno;

	tracer->now_ns = vmt_clock_ns();
	if (!tracer->let_into_call)
		tracer->between_ns = tracer->now_ns - before_ns;
	errno = err;
	return tid;
}

int vmt_tracer_next(struct vmt_tracer *tracer, struct vmt_event *ret_event, struct vmt_error *error)
{
	for (;;) {
		int status;
		pid_t tid;

		if (tracer->events_given < tracer->events.count) {
			*ret_event = tracer->events.data[tracer->events_given++];
			return 1;
		}
		let_go(tracer);
		/* A call that was let in has its own event first. */
		if (tracer->events.count || tracer->ready.count)
			continue;
		if (tracer->task_count == 0)
			return 0;
		vmt_forward_look(tracer);
		/* Once attached processes are being let go, a second one changes nothing: that has a bound. */
		if (vmt_signals_interrupted() && tracer->end == VMT_END_NOT &&
		    !vmt_attach_end(tracer))
			return 0;
		if (tracer->end != VMT_END_NOT && !vmt_attach_ending(tracer))
			continue;
		tid = wait_for_stop(tracer, &status);
		if (tid >= 0)
			vmt_tracer_dispatch(tracer, tid, status);
		else if (errno == EINTR)
			tick(tracer);
		else if (errno == ECHILD)
			vmt_task_each(tracer, remove_task, NULL);
		else
			return vmt_error_set(error, errno, "cannot wait for the program: %s",
					     vmt_strerror(errno));
	}
}
