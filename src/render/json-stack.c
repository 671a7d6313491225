/* SPDX-License-Identifier: MIT */
/*
 * Call stacks in JSON: the keys "frames" and "end" of vmtrace-json(5), which the log and the sums over
 * a run share.
 */
#include "json.h"

static json_t *frame_value(const struct vmt_frame *frame)
{
	json_t *value = sure(json_object());

	put(value, "ip", hex_value(frame->ip));
	put(value, "object", frame->code ? text_value(frame->code->name) : json_null());
	put(value, "offset", frame->code ? hex_value(vmt_frame_offset(frame)) : json_null());
	put(value, "symbol", frame->symbol ? text_value(frame->symbol) : json_null());
	put(value, "symbol_offset", frame->symbol ? hex_value(frame->symbol_offset) : json_null());
	if (frame->guessed)
		put(value, "guessed", json_true());
	return value;
}

void vmt_json_put_stack(json_t *object, const struct vmt_frame *stack)
{
	static const char *const ends[] = {
		[VMT_STACK_WHOLE] = "whole",
		[VMT_STACK_DEPTH] = "depth",
		[VMT_STACK_LOST] = "lost",
	};
	const struct vmt_frame *last = stack;
	json_t *frames = sure(json_array());

	for (const struct vmt_frame *frame = stack; frame; frame = frame->caller) {
		push(frames, frame_value(frame));
		last = frame;
	}
	put(object, "frames", frames);
	put(object, "end", json_string_nocheck(ends[last->end]));
}
