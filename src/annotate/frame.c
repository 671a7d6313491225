/* SPDX-License-Identifier: MIT */
/*
 * Call stacks in words: a frame as a log prints it, and the frame that a step is for. libc and ld.so
 * do nothing by themselves, so what a step is for is said by the first frame outside of them.
 */
#include "vmtrace/annotate.h"

#include <inttypes.h>
#include <string.h>

enum {
	SYMBOL_COLUMNS = 200, /* a C++ name can be as long as a page */
	NAME_COLUMNS = 4096, /* where nobody reads the line */
};

static const char *code_name(const struct vmt_mapping *code)
{
	return code->name[0] ? vmt_base_name(code->name) : "[anon]";
}

uint64_t vmt_frame_offset(const struct vmt_frame *frame)
{
	return frame->code ? frame->ip - frame->code->start + frame->code->offset : 0;
}

void vmt_frame_text(const struct vmt_frame *frame, struct vmt_str *ret_text)
{
	if (!frame->code) {
		vmt_str_add(ret_text, "nothing is mapped there");
		return;
	}
	vmt_str_add(ret_text, code_name(frame->code));
	if (!frame->symbol)
		vmt_str_printf(ret_text, "+0x%" PRIx64, vmt_frame_offset(frame));
	else
		vmt_str_printf(ret_text, "(%.*s%s+0x%" PRIx64 ")", SYMBOL_COLUMNS, frame->symbol,
			       strlen(frame->symbol) > SYMBOL_COLUMNS ? "..." : "",
			       frame->symbol_offset);
}

void vmt_frame_name(const struct vmt_frame *frame, struct vmt_str *ret_text)
{
	if (frame->code && frame->symbol)
		vmt_str_printf(ret_text, "%.*s", NAME_COLUMNS, frame->symbol);
	else
		vmt_frame_text(frame, ret_text);
}

const struct vmt_frame *vmt_caller_of(const struct vmt_frame *stack, const char *exe,
				      const char *interp, struct vmt_names *names,
				      struct vmt_actor *ret_actor)
{
	static const char *const inner[] = { "libc", "linker", "vdso" };

	for (const struct vmt_frame *frame = stack; frame; frame = frame->caller) {
		struct vmt_actor actor;
		bool outside = frame->code;

		if (!frame->code)
			continue;
		actor = vmt_actor_of(frame->code->name, exe, interp, names);
		for (size_t i = 0; i < vmt_countof(inner); i++)
			outside &= strcmp(actor.name, inner[i]) != 0;
		if (outside) {
			*ret_actor = actor;
			return frame;
		}
	}
	return NULL;
}

void vmt_caller_text(const struct vmt_step *step, struct vmt_str *ret_text)
{
	const struct vmt_frame *caller = step->caller;

	if (!caller)
		return;
	vmt_str_printf(ret_text, "%s: ", step->caller_actor);
	if (caller->symbol)
		vmt_str_printf(ret_text, "%.*s", SYMBOL_COLUMNS, caller->symbol);
	else
		vmt_str_printf(ret_text, "+0x%" PRIx64, vmt_frame_offset(caller));
}
