/* SPDX-License-Identifier: MIT */
/*
 * folded: stacks for flame graphs, one line each with the bytes that were mapped there:
 *
 *	hello (1);_start;__libc_start_main;main;load;mmap;mmap 8192
 *	hello (1);linker;ld-linux-x86-64.so.2;mmap 2031616
 *
 * A step is its space, then the functions of its call stack from the outermost on, or where none was
 * recorded its actor and object, and last its call. Names lose what the format is made of: a
 * semicolon becomes a colon, control bytes are escaped as everywhere.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmtrace/render.h"

struct stack {
	char *text; /* owned */
	uint64_t bytes;
};

struct folded_renderer {
	struct vmt_renderer base;
	FILE *file;
	struct vmt_names *names;
	VMT_ARRAY(const char *) exes; /* by number of the space */
	VMT_ARRAY(struct stack) stacks; /* in order of text */
	VMT_ARRAY(const struct vmt_frame *) frames; /* of one step, kept for its memory */
	struct vmt_str text;
	struct vmt_str name;
};

static struct folded_renderer *folded_of(struct vmt_renderer *renderer)
{
	return vmt_container_of(renderer, struct folded_renderer, base);
}

static void folded_run(struct vmt_renderer *renderer, const struct vmt_run_info *info)
{
	(void)renderer;
	(void)info;
}

static void folded_space(struct vmt_renderer *renderer, const struct vmt_space_info *info)
{
	struct folded_renderer *folded = folded_of(renderer);

	while (folded->exes.count <= info->space)
		vmt_array_push(&folded->exes, "");
	folded->exes.data[info->space] = vmt_names_add(folded->names, vmt_base_name(info->exe));
}

static void add_frame(struct vmt_str *text, const char *name)
{
	size_t from = text->length;

	vmt_escape_text(text, name, strlen(name));
	for (size_t i = from; i < text->length; i++)
		if (text->data[i] == ';')
			text->data[i] = ':';
}

/* The stack of that text; few of them are many times. */
static struct stack *stack_of(struct folded_renderer *folded, const char *text)
{
	size_t low = 0, high = folded->stacks.count;
	struct stack made = { 0 };

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(folded->stacks.data[middle].text, text);

		if (order == 0)
			return &folded->stacks.data[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	made.text = vmt_strdup(text);
	vmt_array_push(&folded->stacks, made);
	memmove(folded->stacks.data + low + 1, folded->stacks.data + low,
		(folded->stacks.count - 1 - low) * sizeof(*folded->stacks.data));
	folded->stacks.data[low] = made;
	return &folded->stacks.data[low];
}

/* Of a stack that is not whole, what lies beyond it is a frame of its own. */
static void add_frames(struct folded_renderer *folded, const struct vmt_frame *stack)
{
	vmt_array_clear(&folded->frames);
	for (const struct vmt_frame *frame = stack; frame; frame = frame->caller)
		vmt_array_push(&folded->frames, frame);
	if (folded->frames.data[folded->frames.count - 1]->end != VMT_STACK_WHOLE)
		vmt_str_add(&folded->text, "[unknown];");
	for (size_t i = folded->frames.count; i-- > 0;) {
		vmt_str_clear(&folded->name);
		vmt_frame_name(folded->frames.data[i], &folded->name);
		add_frame(&folded->text, vmt_str_text(&folded->name));
		vmt_str_add_char(&folded->text, ';');
	}
}

static void add_maker(struct folded_renderer *folded, const struct vmt_step *step)
{
	add_frame(&folded->text, step->actor);
	vmt_str_add_char(&folded->text, ';');
	if (step->object[0]) {
		add_frame(&folded->text, vmt_base_name(step->object));
		vmt_str_add_char(&folded->text, ';');
	}
}

static void folded_step(struct vmt_renderer *renderer, const struct vmt_step *step)
{
	struct folded_renderer *folded = folded_of(renderer);
	struct vmt_step_bytes bytes = vmt_step_bytes(step);
	const char *exe = step->space < folded->exes.count ? folded->exes.data[step->space] : "";

	if (!bytes.mapped || step->hidden)
		return;
	vmt_str_clear(&folded->text);
	add_frame(&folded->text, exe[0] ? exe : "unknown");
	vmt_str_printf(&folded->text, " (%" PRIu32 ");", step->space);
	if (step->event && step->event->stack)
		add_frames(folded, step->event->stack);
	else
		add_maker(folded, step);
	vmt_str_add(&folded->text, vmt_step_call(step));
	stack_of(folded, vmt_str_text(&folded->text))->bytes += bytes.mapped;
}

static void folded_layout(struct vmt_renderer *renderer, const struct vmt_layout_info *info)
{
	(void)renderer;
	(void)info;
}

static void folded_note(struct vmt_renderer *renderer, const char *line)
{
	(void)renderer;
	(void)line;
}

static void folded_summary(struct vmt_renderer *renderer, const struct vmt_summary_info *info)
{
	(void)renderer;
	(void)info;
}

static void folded_free(struct vmt_renderer *renderer)
{
	struct folded_renderer *folded = folded_of(renderer);

	for (size_t i = 0; i < folded->stacks.count; i++) {
		fprintf(folded->file, "%s %" PRIu64 "\n", folded->stacks.data[i].text,
			folded->stacks.data[i].bytes);
		free(folded->stacks.data[i].text);
	}
	vmt_array_deinit(&folded->stacks);
	vmt_array_deinit(&folded->exes);
	vmt_array_deinit(&folded->frames);
	vmt_str_deinit(&folded->text);
	vmt_str_deinit(&folded->name);
	vmt_names_free(folded->names);
	free(folded);
}

static const struct vmt_renderer_ops folded_ops = {
	.run = folded_run,
	.space = folded_space,
	.step = folded_step,
	.layout = folded_layout,
	.note = folded_note,
	.summary = folded_summary,
	.free = folded_free,
};

struct vmt_renderer *vmt_render_folded_new(FILE *file)
{
	struct folded_renderer *folded = vmt_calloc(1, sizeof(*folded));

	folded->base.ops = &folded_ops;
	folded->file = file;
	folded->names = vmt_names_new();
	return &folded->base;
}
