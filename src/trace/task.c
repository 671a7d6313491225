/* SPDX-License-Identifier: MIT */
/*
 * The table of tasks, keyed by thread id, and the spaces that they share.
 *
 * A space is keyed by sharing, not by process: threads and vfork children are users of one space
 * (B9: a vfork child's exec leaves its parent's space untouched). A task is a user from its birth
 * to its exit stop; the last user's leaving is the space's end. The pointer to the space stays
 * until the task is gone or executes another program, so that a late event can still name it. A
 * task that is not followed has no space.
 */
#include <assert.h>
#include <errno.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer.h"

static struct vmt_task **bucket(struct vmt_tracer *tracer, pid_t tid)
{
	/* Ids are handed out in sequence, so the low bits spread well. */
	return &tracer->buckets[(unsigned)tid % VMT_TASK_BUCKETS];
}

struct vmt_task *vmt_task_find(const struct vmt_tracer *tracer, pid_t tid)
{
	struct vmt_task *task = tracer->buckets[(unsigned)tid % VMT_TASK_BUCKETS];

	while (task && task->tid != tid)
		task = task->next;
	return task;
}

static void link_task(struct vmt_tracer *tracer, struct vmt_task *task)
{
	struct vmt_task **head = bucket(tracer, task->tid);

	task->next = *head;
	*head = task;
}

static void unlink_task(struct vmt_tracer *tracer, struct vmt_task *task)
{
	struct vmt_task **at = bucket(tracer, task->tid);

	while (*at != task) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = task->next;
}

void vmt_task_set_phase(struct vmt_tracer *tracer, struct vmt_task *task, enum vmt_task_phase phase)
{
	if (task->phase == VMT_TASK_NEWBORN)
		tracer->newborn_count--;
	task->phase = phase;
	if (phase == VMT_TASK_NEWBORN)
		tracer->newborn_count++;
}

struct vmt_task *vmt_task_add(struct vmt_tracer *tracer, pid_t tid, enum vmt_task_phase phase)
{
	struct vmt_task *task = vmt_calloc(1, sizeof(*task));

	assert(!vmt_task_find(tracer, tid));
	task->tid = tid;
	task->tgid = tid;
	task->phase = VMT_TASK_ALIVE;
	link_task(tracer, task);
	tracer->task_count++;
	vmt_task_set_phase(tracer, task, phase);
	return task;
}

static void remove_ready(struct vmt_tracer *tracer, const struct vmt_task *task)
{
	for (size_t i = 0; i < tracer->ready.count; i++)
		if (tracer->ready.data[i] == task)
			tracer->ready.data[i] = NULL;
}

void vmt_task_remove(struct vmt_tracer *tracer, struct vmt_task *task)
{
	if (task->phase == VMT_TASK_EXPECTED)
		vmt_birth_none(tracer, task);
	if (task->tid == tracer->placement.tid)
		vmt_placement_end(&tracer->placement);
	vmt_tracer_call_lost(tracer, task);
	vmt_task_leave(tracer, task, VMT_LEAVE_GONE);
	vmt_task_forget_space(task);
	vmt_task_set_phase(tracer, task, VMT_TASK_EXITING);
	remove_ready(tracer, task);
	unlink_task(tracer, task);
	tracer->task_count--;
	free(task);
}

void vmt_task_rename(struct vmt_tracer *tracer, struct vmt_task *task, pid_t tid)
{
	assert(!vmt_task_find(tracer, tid));
	unlink_task(tracer, task);
	task->tid = tid;
	link_task(tracer, task);
}

void vmt_task_each(struct vmt_tracer *tracer,
		   void (*visit)(struct vmt_tracer *, struct vmt_task *, void *), void *data)
{
	for (size_t i = 0; i < VMT_TASK_BUCKETS; i++) {
		struct vmt_task *task = tracer->buckets[i];

		while (task) {
			struct vmt_task *next = task->next;

			visit(tracer, task, data);
			task = next;
		}
	}
}

/* ---- Spaces ------------------------------------------------------------------------------ */

void vmt_task_join(struct vmt_tracer *tracer, struct vmt_task *task, struct vmt_task_space *space)
{
	assert(!task->space && !task->user);
	if (!space) {
		space = vmt_calloc(1, sizeof(*space));
		space->number = ++tracer->last_space;
	}
	space->references++;
	space->users++;
	task->space = space;
	task->user = true;
}

void vmt_task_leave(struct vmt_tracer *tracer, struct vmt_task *task, enum vmt_leave how)
{
	if (!task->user)
		return;
	task->user = false;
	vmt_attach_stands(tracer, task);
	assert(task->space->users > 0);
	if (--task->space->users == 0 && task->space->told) {
		struct vmt_event *event = vmt_tracer_push(tracer, VMT_EVENT_SPACE_END, task);

		event->alive = how == VMT_LEAVE_ALIVE;
		event->replaced = how == VMT_LEAVE_EXEC;
		event->order_inferred = task->space->shared_unseen;
	}
}

void vmt_task_forget_space(struct vmt_task *task)
{
	assert(!task->user && !task->in_flight && !task->overdue);
	if (task->space && --task->space->references == 0) {
		vmt_code_map_free(task->space->codes);
		free(task->space);
	}
	task->space = NULL;
}

bool vmt_task_same_memory(pid_t tid, pid_t other, bool guess)
{
	long order = syscall(SYS_kcmp, tid, other, KCMP_VM, 0, 0);

	return order < 0 ? guess : order == 0;
}
