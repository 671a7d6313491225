/* SPDX-License-Identifier: MIT */
/*
 * Call stacks that are kept (stacks.h). A frame is its place, its names and its caller, which came
 * before it and is a number already, so that a stack is one number in the end:
 *
 *	1 main    2 load, called by 1    3 mmap, called by 2    4 serve, called by 1    ...
 *
 * Invariant: a frame's number is its token + 1, and above its caller's.
 */
#include "stacks.h"

#include <stdlib.h>

struct vmt_kept_frame {
	struct vmt_frame frame;
	struct vmt_mapping code; /* of the mapping only the byte at ip, as recordings have it */
};

void vmt_stacks_deinit(struct vmt_stacks *stacks)
{
	for (size_t i = 0; i < stacks->frames.count; i++)
		free(stacks->frames.data[i]);
	vmt_array_deinit(&stacks->frames);
	vmt_array_deinit(&stacks->known);
	vmt_array_deinit(&stacks->walked);
	vmt_tokens_deinit(&stacks->keys);
}

static uint64_t bits_of(const struct vmt_frame *frame)
{
	return (uint64_t)frame->end << 2 | (uint64_t)frame->exact << 1 | frame->guessed;
}

static struct vmt_kept_frame *copy(struct vmt_names *names, const struct vmt_frame *frame)
{
	struct vmt_kept_frame *kept = vmt_calloc(1, sizeof(*kept));

	kept->frame = *frame;
	kept->frame.stack = 0;
	kept->frame.caller = NULL;
	if (frame->symbol)
		kept->frame.symbol = vmt_names_add(names, frame->symbol);
	if (frame->code) {
		kept->code = (struct vmt_mapping){
			.start = frame->ip,
			.end = frame->ip + 1,
			.offset = frame->ip - frame->code->start + frame->code->offset,
			.name = vmt_names_add(names, frame->code->name),
		};
		kept->frame.code = &kept->code;
	}
	return kept;
}

static uint32_t add_frame(struct vmt_stacks *stacks, struct vmt_names *names,
			  const struct vmt_frame *frame, uint32_t caller)
{
	struct vmt_kept_frame *kept = copy(names, frame);
	struct vmt_key key = {
		.words = {
			caller,
			(uint64_t)(uintptr_t)(frame->code ? kept->code.name : NULL),
			frame->code ? kept->code.offset : frame->ip,
			(uint64_t)(uintptr_t)kept->frame.symbol,
			frame->symbol_offset,
			bits_of(frame),
		},
	};
	uint32_t token = vmt_tokens_add(&stacks->keys, &key);

	if (token < stacks->frames.count) {
		free(kept);
		return token + 1;
	}
	if (caller)
		kept->frame.caller = &stacks->frames.data[caller - 1]->frame;
	vmt_array_push(&stacks->frames, kept);
	return token + 1;
}

static uint32_t add_stack(struct vmt_stacks *stacks, struct vmt_names *names,
			  const struct vmt_frame *stack)
{
	uint32_t number = 0;

	vmt_array_clear(&stacks->walked);
	for (const struct vmt_frame *frame = stack; frame; frame = frame->caller)
		vmt_array_push(&stacks->walked, frame);
	for (size_t i = stacks->walked.count; i-- > 0;)
		number = add_frame(stacks, names, stacks->walked.data[i], number);
	return number;
}

uint32_t vmt_stacks_add(struct vmt_stacks *stacks, struct vmt_names *names,
			const struct vmt_frame *stack)
{
	uint32_t number;

	if (!stack)
		return 0;
	if (stack->stack && stack->stack <= stacks->known.count &&
	    stacks->known.data[stack->stack - 1])
		return stacks->known.data[stack->stack - 1];
	number = add_stack(stacks, names, stack);
	while (stacks->known.count < stack->stack)
		vmt_array_push(&stacks->known, 0);
	if (stack->stack)
		stacks->known.data[stack->stack - 1] = number;
	return number;
}

const struct vmt_frame *vmt_stacks_get(const struct vmt_stacks *stacks, uint32_t number)
{
	return number ? &stacks->frames.data[number - 1]->frame : NULL;
}
