/* SPDX-License-Identifier: MIT */
/*
 * New tasks. The kernel attaches a child before it runs; then the parent stops at an event that
 * tells of it, and the child stops for the first time, in either order:
 *
 *	parent's event, then child's stop	EXPECTED until it stops
 *	child's stop, then parent's event	NEWBORN until the parent tells
 *	child's stop, and the parent is killed	NEWBORN, taken in after ORPHAN_NS
 *	parent's event, and the child is killed	the parent goes on at the child's death
 *
 * A child with a space of its own is a FORK event, made when both stand still: then neither has
 * run since the copy (copy_process() of kernel/fork.c), and the parent's layout is what was copied.
 * A child that shares its parent's space (threads, vfork, CLONE_VM) is no event at all, nor is one
 * that is not followed.
 */
#include <errno.h>
#include <sys/wait.h>

#include "procfs.h"
#include "tracer.h"

#define ORPHAN_NS 2000000000ULL /* 2 s */

static uint64_t status_number(pid_t tid, const char *key, uint64_t missing)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	uint64_t number;

	if (vmt_procfs_read(tid, "status", &text) == 0 &&
	    vmt_procfs_number(vmt_str_text(&text), key, 10, &number))
		return number;
	return missing;
}

/* True while @tid is a task of ours that has not been reaped. */
static bool is_ours(pid_t tid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)tid, &info, WEXITED | WSTOPPED | WNOWAIT | WNOHANG | __WALL) ==
	       0;
}

/* Has the memory that was copied protection keys? If nobody knows, perhaps. */
static bool inherits_keys(const struct vmt_tracer *tracer, const struct vmt_task *child)
{
	const struct vmt_task *parent = vmt_task_find(tracer, child->parent_tid);

	return parent && parent->space && parent->space->number == child->parent_space
		       ? parent->space->has_keys
		       : vmt_pkru_exists();
}

/* Both stand still: the copy is told of, and both go on. */
static void tell(struct vmt_tracer *tracer, struct vmt_task *child)
{
	struct vmt_event *event;

	vmt_task_set_phase(tracer, child, VMT_TASK_ALIVE);
	vmt_task_join(tracer, child, NULL);
	child->space->told = true;
	child->space->has_keys = inherits_keys(tracer, child);
	/* Where nobody knows what was copied, it is found as it is. */
	event = vmt_tracer_push(tracer, child->parent_told ? VMT_EVENT_FORK : VMT_EVENT_ATTACH,
				child);
	event->parent_space = child->parent_told ? child->parent_space : 0;
	event->order_inferred = child->order_inferred;
}

static bool is_followed(const struct vmt_tracer *tracer, const struct vmt_task *child,
			const struct vmt_task *parent, bool shared)
{
	switch (tracer->options.follow) {
	case VMT_FOLLOW_ALL:
		return true;
	case VMT_FOLLOW_THREADS:
		return child->program || (shared && parent->followed);
	case VMT_FOLLOW_NONE:
		break;
	}
	return false;
}

/* The child's creator is known: finds out what they share. The child goes on if it stands. */
static void adopt(struct vmt_tracer *tracer, struct vmt_task *child, struct vmt_task *parent,
		  bool shared)
{
	bool stands = child->phase == VMT_TASK_NEWBORN;

	child->arch = parent->arch;
	child->supervised = parent->supervised;
	child->rights_known = parent->rights_known;
	child->rights = parent->rights;
	/* clone can give a process other capabilities (CLONE_NEWUSER): it is asked. */
	child->rights_generation = child->tgid == parent->tgid ? parent->rights_generation : 0;
	child->parent_tid = parent->tid;
	child->program = parent->program && child->tgid == parent->tgid;
	child->followed = is_followed(tracer, child, parent, shared);
	if (!child->followed) {
		if (shared && parent->space)
			parent->space->shared_unseen = true;
		vmt_task_set_phase(tracer, child, stands ? VMT_TASK_ALIVE : VMT_TASK_EXPECTED);
	} else if (shared && parent->space) {
		vmt_task_join(tracer, child, parent->space);
		vmt_task_set_phase(tracer, child, stands ? VMT_TASK_ALIVE : VMT_TASK_EXPECTED);
		if (!stands && child->space->awaited)
			vmt_attach_await(child);
	} else {
		child->copied = true;
		if (parent->space) {
			child->parent_space = parent->space->number;
			child->parent_told = parent->space->told;
			child->order_inferred =
				parent->space->users > 1 || parent->space->shared_unseen;
		}
		if (stands)
			tell(tracer, child);
	}
	if (stands)
		vmt_tracer_ready(tracer, child);
}

void vmt_birth_parent(struct vmt_tracer *tracer, struct vmt_task *parent, int kind)
{
	unsigned long message;
	struct vmt_task *child;
	bool shared;
	pid_t tid;

	/* Its call was seen at its entry, unless it is one that nobody knows yet. */
	vmt_placement_end(&tracer->placement);
	if (ptrace(PTRACE_GETEVENTMSG, parent->tid, NULL, &message) < 0) {
		vmt_tracer_ready(tracer, parent);
		return;
	}
	tid = (pid_t)message;
	child = vmt_task_find(tracer, tid);
	/* Dead before its parent could tell; or taken in already. */
	if (child ? child->phase != VMT_TASK_NEWBORN : !is_ours(tid)) {
		vmt_tracer_ready(tracer, parent);
		return;
	}
	if (!child)
		child = vmt_task_add(tracer, tid, VMT_TASK_EXPECTED);
	child->tgid = (pid_t)status_number(
		tid, "Tgid:", (uint64_t)(kind == PTRACE_EVENT_CLONE ? parent->tgid : tid));
	shared = child->tgid == parent->tgid ||
		 vmt_task_same_memory(tid, parent->tid, kind != PTRACE_EVENT_FORK);
	vmt_untraced_inherit(child, parent, shared);
	if (child->phase == VMT_TASK_NEWBORN)
		vmt_untraced_restore(child);
	adopt(tracer, child, parent, shared);
	if (child->phase == VMT_TASK_EXPECTED && child->copied)
		parent->awaited_child = tid;
	else
		vmt_tracer_ready(tracer, parent);
}

/* Lets the parent that waits for @child go on. */
static void release_parent(struct vmt_tracer *tracer, const struct vmt_task *child)
{
	struct vmt_task *parent = vmt_task_find(tracer, child->parent_tid);

	if (parent && parent->awaited_child == child->tid) {
		parent->awaited_child = 0;
		vmt_tracer_ready(tracer, parent);
	}
}

void vmt_birth_child(struct vmt_tracer *tracer, struct vmt_task *child)
{
	vmt_untraced_restore(child);
	if (child->copied)
		tell(tracer, child);
	else
		vmt_task_set_phase(tracer, child, VMT_TASK_ALIVE);
	release_parent(tracer, child);
}

void vmt_birth_none(struct vmt_tracer *tracer, struct vmt_task *child)
{
	release_parent(tracer, child);
}

/* ---- Orphans ----------------------------------------------------------------------------- */

struct search {
	pid_t tid; /* of the orphan */
	pid_t tgid;
	pid_t ppid;
	struct vmt_task *sharer; /* a task with the same memory */
	struct vmt_task *creator; /* a task of the process that probably made it */
};

static void search_parent(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	struct search *search = data;

	(void)tracer;
	if (task->phase != VMT_TASK_ALIVE || task->tid == search->tid)
		return;
	if (task->tgid == search->tgid ||
	    (!search->sharer && vmt_task_same_memory(search->tid, task->tid, false)))
		search->sharer = task;
	if (task->tgid == search->ppid)
		search->creator = task;
}

static void adopt_orphan(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	const uint64_t *now_ns = data;
	struct search search = { .tid = task->tid };

	if (task->phase != VMT_TASK_NEWBORN || *now_ns - task->since_ns < ORPHAN_NS)
		return;
	search.tgid = (pid_t)status_number(task->tid, "Tgid:", (uint64_t)task->tid);
	search.ppid = (pid_t)status_number(task->tid, "PPid:", 0);
	task->tgid = search.tgid;
	vmt_task_each(tracer, search_parent, &search);
	if (search.sharer) {
		adopt(tracer, task, search.sharer, true);
	} else if (search.creator) {
		adopt(tracer, task, search.creator, false);
	} else {
		task->followed = tracer->options.follow == VMT_FOLLOW_ALL;
		task->arch = vmt_tracer_arch(task->tid);
		task->order_inferred = true;
		if (task->followed)
			tell(tracer, task);
		else
			vmt_task_set_phase(tracer, task, VMT_TASK_ALIVE);
		vmt_tracer_ready(tracer, task);
	}
}

void vmt_birth_orphans(struct vmt_tracer *tracer, uint64_t now_ns)
{
	vmt_task_each(tracer, adopt_orphan, &now_ns);
}
