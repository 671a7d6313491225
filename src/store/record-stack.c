/* SPDX-License-Identifier: MIT */
/*
 * Call stacks as rows. Frames are shared by stacks, so a row of frame names its caller's, and a row of
 * stack its innermost frame:
 *
 *	stack 1 -> frame 3 mmap    -> frame 2 load -> frame 1 main
 *	stack 2 -> frame 4 munmap  -----^
 *
 * Invariant: a caller has its row before the frame, and so the lower number.
 */
#include "recorder.h"

static int64_t bits_of(const struct vmt_frame *frame)
{
	int64_t bits = 0;

	if (frame->guessed)
		bits |= VMT_FRAME_BIT_GUESSED;
	if (frame->exact)
		bits |= VMT_FRAME_BIT_EXACT;
	if (frame->end == VMT_STACK_DEPTH)
		bits |= VMT_FRAME_BIT_DEPTH;
	if (frame->end == VMT_STACK_LOST)
		bits |= VMT_FRAME_BIT_LOST;
	return bits;
}

/* The number of the frame, whose caller has the number @caller; its row is written when it is new. */
static int64_t frame_of(struct vmt_recorder *recorder, const struct vmt_frame *frame,
			int64_t caller)
{
	const struct vmt_mapping *code = frame->code;
	/* Anonymous memory has the name "", and where nothing is mapped there is none. */
	const uint64_t key[] = {
		(uint64_t)caller,
		frame->ip,
		code ? (uint64_t)vmt_recorder_text(recorder, code->name) : 0,
		code ? frame->ip - code->start + code->offset : 0,
		frame->symbol ? (uint64_t)vmt_recorder_text(recorder, frame->symbol) : 0,
		frame->symbol_offset,
		(uint64_t)bits_of(frame),
		(uint64_t)(uintptr_t)code, /* another mapping: another frame, and not in the row */
	};
	bool new_one;
	int64_t id = vmt_ids_get(&recorder->frames, key, sizeof(key), &new_one);

	if (new_one) {
		vmt_queue_row(&recorder->queue, VMT_INSERT_FRAME);
		vmt_queue_int(&recorder->queue, id);
		for (size_t i = 0; i + 2 < vmt_countof(key); i++)
			vmt_recorder_put_number(recorder, key[i]);
		vmt_queue_int(&recorder->queue, bits_of(frame));
	}
	return id;
}

static void write_stack(struct vmt_recorder *recorder, uint32_t number, int64_t frame)
{
	while (recorder->stacks.count < number)
		vmt_array_push(&recorder->stacks, false);
	if (recorder->stacks.data[number - 1])
		return;
	recorder->stacks.data[number - 1] = true;
	vmt_queue_row(&recorder->queue, VMT_INSERT_STACK);
	vmt_queue_int(&recorder->queue, number);
	vmt_queue_int(&recorder->queue, frame);
}

int64_t vmt_record_stack(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	int64_t found = 0;
	int64_t id = 0;

	vmt_array_clear(&recorder->walked);
	for (const struct vmt_frame *frame = step->event->stack; frame; frame = frame->caller)
		vmt_array_push(&recorder->walked, frame);
	for (size_t i = recorder->walked.count; i-- > 0;) {
		id = frame_of(recorder, recorder->walked.data[i], id);
		if (recorder->walked.data[i] == step->caller)
			found = id;
	}
	write_stack(recorder, step->event->stack->stack, id);
	return found;
}
