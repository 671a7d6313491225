/* SPDX-License-Identifier: MIT */
/*
 * The way from a task that stands at the entry of a call to its stack, and what is kept between
 * stops. At the entry, because there the stack is whole: the call may unmap it.
 *
 *	registers, stack --> walk (innermost frame first) --> table of frames (outermost first)
 *
 * What is remembered of a space's code is good as long as its mappings are: vmt_stacks_call_end()
 * forgets what a call has replaced. A space that others change unseen is asked about anew at every
 * stop.
 */
#include <stdlib.h>
#include <sys/user.h>

#include "procfs.h"
#include "tracer.h"

struct vmt_stacks {
	unsigned depth;
	struct vmt_code_table codes;
	struct vmt_frame_table frames;
	struct vmt_remote remote;
	struct vmt_frame *walked; /* depth of them */
	bool full_said;
	bool i386_said;
};

struct vmt_stacks *vmt_stacks_new(unsigned depth, struct vmt_names *names)
{
	struct vmt_stacks *stacks;

	if (!depth)
		return NULL;
	stacks = vmt_calloc(1, sizeof(*stacks));
	stacks->remote.pagemap = -1;
	stacks->depth = depth;
	stacks->codes.names = names;
	stacks->walked = vmt_calloc(depth, sizeof(*stacks->walked));
	vmt_unwind_guard(true);
	return stacks;
}

void vmt_stacks_free(struct vmt_stacks *stacks)
{
	if (!stacks)
		return;
	vmt_unwind_guard(false);
	vmt_frame_table_deinit(&stacks->frames);
	vmt_code_table_deinit(&stacks->codes);
	vmt_fd_close(&stacks->remote.pagemap);
	free(stacks->walked);
	free(stacks);
}

bool vmt_walk_add(struct vmt_walk *walk, uint64_t ip, bool guessed)
{
	const struct vmt_code_spot *spot;

	if (!ip) {
		walk->end = VMT_STACK_WHOLE;
		return false;
	}
	if (walk->count == walk->depth) {
		walk->end = VMT_STACK_DEPTH;
		return false;
	}
	spot = vmt_code_find(walk->map, walk->table, walk->remote, ip);
	if (!spot && walk->count) {
		walk->end = VMT_STACK_LOST;
		return false;
	}
	walk->frames[walk->count] = (struct vmt_frame){
		.ip = ip,
		.code = spot ? spot->code.mapping : NULL,
		/* A handler returns to the first instruction of the trampoline: nobody called it. */
		.exact = walk->count == 0 || walk->trampoline || (spot && spot->trampoline),
		.guessed = guessed,
	};
	walk->count++;
	walk->trampoline = spot && spot->trampoline;
	return true;
}

/* Outermost first: a frame is kept with its caller. */
static struct vmt_frame *keep(struct vmt_stacks *stacks, const struct vmt_walk *walk)
{
	struct vmt_frame *caller = NULL;

	for (unsigned i = walk->count; i-- > 0;) {
		struct vmt_frame like = walk->frames[i];

		like.caller = caller;
		like.end = caller ? VMT_STACK_WHOLE : walk->end;
		caller = vmt_frame_table_add(&stacks->frames, &like);
		if (!caller)
			return NULL;
	}
	if (caller && !caller->stack)
		caller->stack = ++stacks->frames.stack_count;
	return caller;
}

static void follow_i386(struct vmt_tracer *tracer, struct vmt_walk *walk,
			const struct user_regs_struct *regs)
{
	struct vmt_chain chain = {
		.word_bytes = 4,
		.ip = (uint32_t)regs->rip,
		.sp = (uint32_t)regs->rsp,
		.bp = (uint32_t)regs->rbp,
	};

	if (!tracer->stacks->i386_said)
		vmt_tracer_notice(tracer, "stacks of 32-bit programs are found by frame pointers, "
					  "because libunwind knows x86-64 only; functions compiled "
					  "without them are missing");
	tracer->stacks->i386_said = true;
	vmt_chain_i386(walk, &chain);
}

struct vmt_frame *vmt_stacks_take(struct vmt_tracer *tracer, struct vmt_task *task)
{
	struct vmt_stacks *stacks = tracer->stacks;
	struct vmt_task_space *space = task->space;
	struct user_regs_struct regs;
	struct vmt_walk walk;
	struct vmt_frame *frame;

	if (!space || ptrace(PTRACE_GETREGS, task->tid, NULL, &regs) < 0)
		return NULL;
	if (!space->codes)
		space->codes = vmt_code_map_new(task->tid, &stacks->codes);
	if (!space->codes)
		return NULL;
	if (space->shared_unseen && vmt_code_drop(space->codes, 0, UINT64_MAX))
		vmt_unwind_flush(space->codes);
	vmt_remote_begin(&stacks->remote, task->tid, regs.rsp);
	walk = (struct vmt_walk){
		.remote = &stacks->remote,
		.map = space->codes,
		.table = &stacks->codes,
		.depth = stacks->depth,
		.frames = stacks->walked,
	};
	if (task->call.arch->word_bits == 32)
		follow_i386(tracer, &walk, &regs);
	else
		vmt_unwind(&walk, &regs);
	frame = keep(stacks, &walk);
	if (!frame && !stacks->full_said) {
		vmt_tracer_notice(tracer, "no room for more stacks: the rest of the steps have "
					  "none unless it was seen before");
		stacks->full_said = true;
	}
	return frame;
}

/* The range that @call may have mapped anew or unmapped; false if no code can be in it. */
static bool changed_range(const struct vmt_event *call, uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t start = call->args[0];
	uint64_t length = call->args[1];

	switch (call->call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
		if (!call->failed)
			start = (uint64_t)call->result;
		break;
	case VMT_CALL_MUNMAP:
	case VMT_CALL_MPROTECT:
	case VMT_CALL_PKEY_MPROTECT:
		break;
	case VMT_CALL_BRK:
		start = (uint64_t)call->result;
		length = 1;
		break;
	case VMT_CALL_MADVISE:
	case VMT_CALL_MLOCK:
	case VMT_CALL_MLOCK2:
	case VMT_CALL_MUNLOCK:
	case VMT_CALL_MBIND:
	case VMT_CALL_MSEAL:
		return false;
	default:
		start = 0;
		length = UINT64_MAX;
	}
	*ret_start = start & ~(uint64_t)(VMT_REMOTE_PAGE_BYTES - 1);
	*ret_end = length > UINT64_MAX - start ? UINT64_MAX : start + length;
	return true;
}

void vmt_stacks_call_end(struct vmt_task *task)
{
	struct vmt_code_map *codes = task->space ? task->space->codes : NULL;
	uint64_t start = 0;
	uint64_t end = UINT64_MAX;

	if (!codes || !vmt_call_info(task->call.call)->layout)
		return;
	/* Of a call whose end was not seen, anything may have happened. */
	if (task->call.kind == VMT_EVENT_CALL && !changed_range(&task->call, &start, &end))
		return;
	if (vmt_code_drop(codes, start, end))
		vmt_unwind_flush(codes);
}
