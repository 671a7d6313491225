/* SPDX-License-Identifier: MIT */
/*
 * Signals that are sent to vmtrace are meant for the program that it runs: it is the one whose id the
 * user sees. But a signal that is sent to the process group, or to every process, reaches both, and
 * must not come twice. The kernel does not say which it was. So what a handler has noted waits until
 * it is known whether the program has got the same signal from the same sender:
 *
 *	kill(vmtrace)			kill(-group)
 *	  vmtrace: a note		  vmtrace: a note
 *					  program: pending, or at its delivery stop
 *	  is passed on			  is dropped
 *
 * __kill_pgrp_info() (kernel/signal.c, 6.18) holds tasklist_lock until every process has it. A call
 * that takes that lock for writing, setpgid() to the group that vmtrace is in, is over when that is;
 * then the signal is pending in the program (ShdPnd of /proc/PID/status), or a thread stands at its
 * delivery. That stop has been dealt with as soon as waitpid() finds none waiting.
 *
 * What is passed on says who sent it. As SI_USER nobody but the kernel may say so: it goes as
 * SI_QUEUE, and becomes what it was at the delivery stop.
 */
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "procfs.h"
#include "tracer.h"

enum {
	RING_COUNT = 512, /* notes between two looks at them */
};

#define SEEN_NS 200000000ULL /* a group's signals reach its members within that */
#define WAIT_NS 50000000ULL /* for a moment without a stop, which may never come */

/* Written by the handler, which runs on this thread only, and emptied by the loop. */
static struct {
	siginfo_t notes[RING_COUNT];
	volatile sig_atomic_t head;
	volatile sig_atomic_t tail;
	volatile sig_atomic_t lost;
} ring;

bool vmt_forward_is_sent(const siginfo_t *info)
{
	return (info->si_code == SI_USER || info->si_code == SI_QUEUE ||
		info->si_code == SI_TKILL) &&
	       info->si_pid != getpid();
}

void vmt_forward_note(const siginfo_t *info)
{
	int next = (ring.head + 1) % RING_COUNT;

	if (next == ring.tail) {
		ring.lost = 1;
		return;
	}
	ring.notes[ring.head] = *info;
	ring.head = next;
}

static bool is_same(const struct vmt_sent *sent, const siginfo_t *info)
{
	return sent->info.si_signo == info->si_signo && sent->info.si_pid == info->si_pid;
}

/* Takes the first of @list that is the same signal of the same sender out of it. */
static bool take(struct vmt_sent_list *list, const siginfo_t *info, struct vmt_sent *ret_sent)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!is_same(&list->data[i], info))
			continue;
		*ret_sent = list->data[i];
		list->data[i] = list->data[--list->count];
		return true;
	}
	return false;
}

/* The oldest come first. */
static void drop_old(struct vmt_sent_list *list, uint64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (now_ns - list->data[i].since_ns <= SEEN_NS)
			list->data[kept++] = list->data[i];
	list->count = kept;
}

void vmt_forward_delivered(struct vmt_tracer *tracer, const struct vmt_task *task, siginfo_t *info)
{
	struct vmt_forward *forward = &tracer->forward;
	struct vmt_sent sent = { .info = *info, .since_ns = tracer->now_ns };

	if (task->tgid != tracer->root || info->si_code > 0)
		return;
	if (info->si_code == SI_QUEUE && take(&forward->passed, info, &sent)) {
		*info = sent.info;
		ptrace(PTRACE_SETSIGINFO, task->tid, NULL, info);
		return;
	}
	if (take(&forward->pending, info, &sent))
		return;
	drop_old(&forward->delivered, tracer->now_ns);
	vmt_array_push(&forward->delivered, sent);
}

/* Returns when no signal to a group is on its way to only some of its members. Changes nothing. */
static void wait_for_senders(void)
{
	if (setpgid(0, getpgrp()) < 0)
		return; /* a session leader, who is refused under the lock as well */
}

static bool is_pending(pid_t pid, int signal)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str status = { 0 };
	uint64_t pending;

	return vmt_procfs_read(pid, "status", &status) == 0 &&
	       vmt_procfs_number(vmt_str_text(&status), "ShdPnd:", 16, &pending) &&
	       pending & UINT64_C(1) << (signal - 1);
}

static void pass_on(struct vmt_tracer *tracer, const struct vmt_sent *note)
{
	siginfo_t info = note->info;

	info.si_code = SI_QUEUE;
	if (vmt_signals_send(tracer->root, &info))
		vmt_array_push(&tracer->forward.passed, *note);
}

/* Is it known what is to become of the note? Then that happens. */
static bool settle(struct vmt_tracer *tracer, struct vmt_sent *note)
{
	struct vmt_forward *forward = &tracer->forward;
	struct vmt_sent same;

	if (tracer->root <= 0 || take(&forward->delivered, &note->info, &same))
		return true;
	if (!note->asked) {
		wait_for_senders();
		note->asked = true;
		note->idle = forward->idle;
		if (!is_pending(tracer->root, note->info.si_signo))
			return false;
		vmt_array_push(&forward->pending, *note);
		return true;
	}
	if (forward->idle == note->idle && tracer->now_ns - note->since_ns < WAIT_NS)
		return false;
	pass_on(tracer, note);
	return true;
}

static void take_notes(struct vmt_tracer *tracer)
{
	while (ring.tail != ring.head) {
		struct vmt_sent note = {
			.info = ring.notes[ring.tail],
			.since_ns = tracer->now_ns,
		};

		ring.tail = (ring.tail + 1) % RING_COUNT;
		vmt_array_push(&tracer->forward.notes, note);
	}
	if (ring.lost)
		vmt_tracer_notice(tracer, "more signals came than can be passed on to the program");
	ring.lost = 0;
}

void vmt_forward_look(struct vmt_tracer *tracer)
{
	struct vmt_sent_list *notes = &tracer->forward.notes;
	size_t kept = 0;

	if (ring.tail == ring.head && !notes->count)
		return;
	take_notes(tracer);
	drop_old(&tracer->forward.delivered, tracer->now_ns);
	drop_old(&tracer->forward.pending, tracer->now_ns);
	for (size_t i = 0; i < notes->count; i++) {
		if (!settle(tracer, &notes->data[i]))
			notes->data[kept++] = notes->data[i];
	}
	notes->count = kept;
	if (!kept)
		vmt_signals_settled();
}

void vmt_forward_deinit(struct vmt_forward *forward)
{
	vmt_array_deinit(&forward->notes);
	vmt_array_deinit(&forward->delivered);
	vmt_array_deinit(&forward->pending);
	vmt_array_deinit(&forward->passed);
}
