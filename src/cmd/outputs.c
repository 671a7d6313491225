/* SPDX-License-Identifier: MIT */
/*
 * The outputs of a run (outputs.h) and the renderer that hands on to each of theirs. What only some
 * of them are to show is taken out of a copy of the step.
 */
#include "outputs.h"

#include <stdlib.h>
#include <string.h>

#include "recording.h"

struct out {
	struct vmt_output output; /* not of a recording */
	struct vmt_renderer *renderer;
	bool recording;
	bool paths; /* its steps come with their path */
	bool silent; /* only the counts at the end */
};

struct vmt_outputs {
	struct vmt_renderer base;
	struct out outs[VMT_OUTPUTS_MAX];
	size_t count;
};

/* ---- One renderer for all ---------------------------------------------------------------------- */

static struct vmt_outputs *outputs_of(struct vmt_renderer *renderer)
{
	return vmt_container_of(renderer, struct vmt_outputs, base);
}

static void all_step(struct vmt_renderer *renderer, const struct vmt_step *step)
{
	struct vmt_outputs *outputs = outputs_of(renderer);

	for (size_t i = 0; i < outputs->count; i++) {
		struct out *out = &outputs->outs[i];

		if (out->paths || !step->path.count) {
			out->renderer->ops->step(out->renderer, step);
		} else {
			struct vmt_step plain = *step;

			plain.path.count = 0;
			out->renderer->ops->step(out->renderer, &plain);
		}
	}
}

#define HAND_ON(name, type) \
	static void all_##name(struct vmt_renderer *renderer, const type info) \
	{ \
		struct vmt_outputs *outputs = outputs_of(renderer); \
\
		for (size_t i = 0; i < outputs->count; i++) \
			outputs->outs[i].renderer->ops->name(outputs->outs[i].renderer, info); \
	}
HAND_ON(run, struct vmt_run_info *)
HAND_ON(space, struct vmt_space_info *)
HAND_ON(layout, struct vmt_layout_info *)
HAND_ON(note, char *)
HAND_ON(summary, struct vmt_summary_info *)

/* Not every format has something to say of these two. */
static void all_object(struct vmt_renderer *renderer, const struct vmt_object_info *info)
{
	struct vmt_outputs *outputs = outputs_of(renderer);

	for (size_t i = 0; i < outputs->count; i++)
		vmt_renderer_object(outputs->outs[i].renderer, info);
}

static void all_warning(struct vmt_renderer *renderer, const struct vmt_warning *warning)
{
	struct vmt_outputs *outputs = outputs_of(renderer);

	for (size_t i = 0; i < outputs->count; i++)
		vmt_renderer_warning(outputs->outs[i].renderer, warning);
}

/* vmt_outputs_close() frees them: it has to say what was lost. */
static void all_free(struct vmt_renderer *renderer)
{
	(void)renderer;
}

static const struct vmt_renderer_ops all_ops = {
	.run = all_run,
	.space = all_space,
	.step = all_step,
	.layout = all_layout,
	.note = all_note,
	.summary = all_summary,
	.object = all_object,
	.warning = all_warning,
	.free = all_free,
};

/* ---- Opening and closing ------------------------------------------------------------------------ */

static bool ends_in(const char *path, const char *ending)
{
	size_t length = path ? strlen(path) : 0;
	size_t end = strlen(ending);

	return length > end && strcmp(path + length - end, ending) == 0;
}

static int open_one(struct out *out, const char *path, const struct vmt_outputs_options *options,
		    void (*say)(const char *line), struct vmt_error *error)
{
	struct vmt_text_options text = options->text;
	bool terminal;
	int err;

	out->recording = ends_in(path, ".vmt");
	/* The sentences of --teach name the functions too. */
	out->paths = out->recording || options->show_path ||
		     (options->text.teach && !ends_in(path, ".jsonl"));
	if (out->recording)
		return vmt_recording_renderer_new(path, say, &out->renderer, error);
	err = vmt_output_open(&out->output, path, say, error);
	if (err)
		return err;
	terminal = vmt_output_terminal(&out->output, &text.width);
	text.color = options->color_auto ? terminal && options->text.color : options->text.color;
	out->silent = text.quiet && !ends_in(path, ".jsonl");
	out->renderer = ends_in(path, ".jsonl") ? vmt_render_json_new(out->output.file)
						: vmt_render_text_new(out->output.file, &text);
	return 0;
}

int vmt_outputs_open(const struct vmt_outputs_options *options, void (*say)(const char *line),
		     struct vmt_outputs **ret_outputs, struct vmt_error *error)
{
	struct vmt_outputs *outputs = vmt_calloc(1, sizeof(*outputs));
	size_t count = options->path_count ? options->path_count : 1;

	outputs->base.ops = &all_ops;
	for (size_t i = 0; i < count; i++) {
		int err =
			open_one(&outputs->outs[i], options->path_count ? options->paths[i] : NULL,
				 options, say, error);

		if (err) {
			vmt_outputs_close(outputs);
			return err;
		}
		outputs->count++;
	}
	*ret_outputs = outputs;
	return 0;
}

struct vmt_renderer *vmt_outputs_renderer(struct vmt_outputs *outputs)
{
	return &outputs->base;
}

bool vmt_outputs_recording(const struct vmt_outputs *outputs)
{
	for (size_t i = 0; i < outputs->count; i++) {
		if (outputs->outs[i].recording)
			return true;
	}
	return false;
}

bool vmt_outputs_silent(const struct vmt_outputs *outputs)
{
	for (size_t i = 0; i < outputs->count; i++) {
		if (!outputs->outs[i].silent)
			return false;
	}
	return true;
}

void vmt_outputs_flush(void *data)
{
	struct vmt_outputs *outputs = data;

	for (size_t i = 0; i < outputs->count; i++) {
		if (!outputs->outs[i].recording)
			vmt_output_flush(&outputs->outs[i].output, false);
	}
}

bool vmt_outputs_close(struct vmt_outputs *outputs)
{
	bool whole = true;

	for (size_t i = 0; i < outputs->count; i++) {
		struct out *out = &outputs->outs[i];

		if (out->recording) {
			whole &= vmt_recording_renderer_finish(out->renderer);
			continue;
		}
		whole &= vmt_output_close(&out->output);
		vmt_renderer_free(out->renderer);
	}
	free(outputs);
	return whole;
}
