/* SPDX-License-Identifier: MIT */
/*
 * stack: the frames of a step's call stack, set in under the step, innermost first.
 *
 *	#0  7f1c2bd11a97 libc.so.6(mmap+0x37)
 *	#1  55d0c7a4f1c8 a.out(load_config+0x42)
 *
 * A stack is printed once; a later step with the same one names the step that it stands under. With
 * -v it is printed each time.
 */
#include "text.h"

#include <inttypes.h>
#include <limits.h>

/* The first step that had the stack; its row is made if it is new. */
static struct vmt_told_stack *told_of(struct vmt_text_renderer *text, uint32_t number)
{
	while (text->stacks.count < number)
		vmt_array_push(&text->stacks, ((struct vmt_told_stack){ 0 }));
	return &text->stacks.data[number - 1];
}

/* True if the stack was printed before: then one line has said so. */
static bool add_again(struct vmt_text_renderer *text, size_t indent, const struct vmt_step *step,
		      uint32_t number)
{
	struct vmt_told_stack *told = told_of(text, number);

	if (!told->space) {
		told->space = step->space;
		told->step = step->number;
		return false;
	}
	if (text->options.verbose)
		return false;
	vmt_line_pad(&text->line, indent);
	vmt_line_printf(&text->line, VMT_STYLE_DIM, "stack as in step %" PRIu32, told->step);
	if (told->space != step->space)
		vmt_line_printf(&text->line, VMT_STYLE_DIM, " of space %" PRIu32, told->space);
	vmt_line_break(&text->line);
	return true;
}

static void add_end(struct vmt_line *line, size_t indent, const char *text)
{
	vmt_line_pad(line, indent);
	vmt_line_add(line, VMT_STYLE_DIM, text);
	vmt_line_break(line);
}

void vmt_line_stack(struct vmt_line *line, size_t indent, const struct vmt_frame *stack,
		    unsigned most)
{
	enum vmt_stack_end end = VMT_STACK_WHOLE;
	const struct vmt_frame *frame = stack;
	struct vmt_str place = { 0 };

	for (unsigned i = 0; frame && i < most; frame = frame->caller, i++) {
		vmt_str_clear(&place);
		vmt_frame_text(frame, &place);
		vmt_line_pad(line, indent);
		vmt_line_printf(line, VMT_STYLE_DIM, "#%-2u %012" PRIx64 " %s%s", i, frame->ip,
				vmt_str_text(&place), frame->guessed ? " (guessed)" : "");
		vmt_line_break(line);
		end = frame->end;
	}
	vmt_str_deinit(&place);
	if (frame || end == VMT_STACK_DEPTH)
		add_end(line, indent, "... and more callers");
	else if (end == VMT_STACK_LOST)
		add_end(line, indent, "... the caller is not known");
}

void vmt_text_stack(struct vmt_text_renderer *text, size_t indent, const struct vmt_step *step)
{
	const struct vmt_frame *frame = step->event ? step->event->stack : NULL;

	if (!frame || add_again(text, indent, step, frame->stack))
		return;
	vmt_line_stack(&text->line, indent, frame, UINT_MAX);
}
