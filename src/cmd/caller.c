/* SPDX-License-Identifier: MIT */
/*
 * Who made a call: see caller.h. The answers are kept in the space, because the same caller comes
 * again and again.
 */
#include "caller.h"

#include <string.h>

#include "symbolize.h"
#include "vmtrace/mm.h"

/*
 * The VMA whose code made the call. A 32-bit program enters the kernel from the vdso
 * (__kernel_vsyscall), which has pushed three registers above the address it returns to.
 */
static void find_holder(const struct session_space *space, const struct vmt_event *event,
			struct vmt_mapping *ret_holder)
{
	struct vmt_mapping caller;
	uint32_t address;

	vmt_space_find(space->model, event->ip, ret_holder);
	if (event->arch->word_bits != 32 || strcmp(ret_holder->name, "[vdso]") != 0)
		return;
	if (vmt_proc_read(event->tid, event->sp + 3 * sizeof(address), &address, sizeof(address)) ==
		    sizeof(address) &&
	    vmt_space_find(space->model, address, &caller) && caller.perms & VMT_PERM_EXEC)
		*ret_holder = caller;
}

void vmt_caller_find(struct session *session, struct session_space *space)
{
	struct vmt_mapping holder = { .name = "" };

	find_holder(space, session->event, &holder);
	/* Names of one pool: the same pointer is the same name. */
	if (space->caller == holder.name)
		return;
	space->actor = vmt_actor_of(holder.name, vmt_space_exe(space->model),
				    vmt_space_interp(space->model), session->names);
	space->caller = holder.name;
}

/* With stacks: names the frames, and says which of them the step is for. */
static void add_stack(struct session *session, struct session_space *space, struct vmt_step *step)
{
	const struct vmt_event *event = session->event;

	if (!event->stack)
		return;
	if (space->stack != event->stack) {
		vmt_symbolize(session->symbolizer, event->tid, event->stack);
		space->stack = event->stack;
		space->stack_actor = (struct vmt_actor){ 0 };
		space->stack_caller = vmt_caller_of(event->stack, vmt_space_exe(space->model),
						    vmt_space_interp(space->model), session->names,
						    &space->stack_actor);
	}
	step->caller = space->stack_caller;
	step->caller_actor = space->stack_actor.name;
}

void vmt_caller_say(struct session *session, struct session_space *space)
{
	struct vmt_step *step = &session->step;

	step->actor = space->actor.name;
	step->object = space->actor.object;
	add_stack(session, space, step);
}
