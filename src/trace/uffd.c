/* SPDX-License-Identifier: MIT */
/*
 * A userfaultfd serves the memory of the process that made it, whoever holds a descriptor of it:
 * new_userfaultfd() keeps current->mm in the context (fs/userfaultfd.c, 6.18). So a child that
 * registers memory through the descriptor it inherited changes its parent.
 *
 * Where the userfaultfd was made unseen (before vmtrace attached), it is taken for the caller's own.
 */
#include <linux/userfaultfd.h>

#include "tracer.h"

void vmt_uffd_made(struct vmt_tracer *tracer, struct vmt_task *task, int fd)
{
	struct vmt_file_facts file = { 0 };

	vmt_event_file(tracer, task, fd, &file);
	if (file.known && task->space)
		vmt_description_set_space(&tracer->descriptions, file.description,
					  task->space->number);
}

struct search {
	uint32_t space;
	const struct vmt_task *found;
};

static void find_user(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	struct search *search = data;

	(void)tracer;
	if (task->space && task->user && task->space->number == search->space)
		search->found = task;
}

void vmt_uffd_aim(struct vmt_tracer *tracer, struct vmt_task *task)
{
	struct vmt_event *call = &task->call;
	struct search search = { 0 };

	if (call->file.known)
		search.space = vmt_description_space(&tracer->descriptions, call->file.description);
	if (!search.space || (task->space && task->space->number == search.space))
		return;
	vmt_task_each(tracer, find_user, &search);
	if (search.found) {
		call->target_space = search.space;
		call->target_pid = search.found->tgid;
	} else {
		call->target_gone = true;
	}
}
