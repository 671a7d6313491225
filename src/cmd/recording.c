/* SPDX-License-Identifier: MIT */
/*
 * A recorder in a renderer's coat (recording.h): render and store do not know each other.
 */
#include "recording.h"

#include <signal.h>
#include <stdlib.h>

#include "vmtrace/store.h"

struct recording_renderer {
	struct vmt_renderer base;
	struct vmt_recorder *recorder;
	const char *path;
	void (*say)(const char *line);
	bool failed;
};

static struct recording_renderer *recording_of(struct vmt_renderer *renderer)
{
	return vmt_container_of(renderer, struct recording_renderer, base);
}

static void say_failure(struct recording_renderer *recording, const struct vmt_error *why)
{
	struct vmt_error line;

	vmt_error_set(&line, 1,
		      "cannot write '%s': %s; the recording ends here, the program runs on",
		      recording->path, why->text);
	recording->say(line.text);
	recording->failed = true;
}

static void recording_run(struct vmt_renderer *renderer, const struct vmt_run_info *info)
{
	vmt_recorder_run(recording_of(renderer)->recorder, info);
}

static void recording_space(struct vmt_renderer *renderer, const struct vmt_space_info *info)
{
	vmt_recorder_space(recording_of(renderer)->recorder, info);
}

static void recording_step(struct vmt_renderer *renderer, const struct vmt_step *step)
{
	struct recording_renderer *recording = recording_of(renderer);
	struct vmt_error why;

	vmt_recorder_step(recording->recorder, step);
	if (!recording->failed && vmt_recorder_failed(recording->recorder, &why))
		say_failure(recording, &why);
}

static void recording_layout(struct vmt_renderer *renderer, const struct vmt_layout_info *info)
{
	vmt_recorder_layout(recording_of(renderer)->recorder, info);
}

static void recording_object(struct vmt_renderer *renderer, const struct vmt_object_info *info)
{
	vmt_recorder_object(recording_of(renderer)->recorder, info);
}

static void recording_warning(struct vmt_renderer *renderer, const struct vmt_warning *warning)
{
	const struct vmt_store_warning stored = {
		.name = vmt_warning_name(warning->id),
		.space = warning->space,
		.step = warning->step,
		.pid = warning->pid,
		.text = warning->text,
	};

	vmt_recorder_warning(recording_of(renderer)->recorder, &stored);
}

static void recording_note(struct vmt_renderer *renderer, const char *line)
{
	vmt_recorder_note(recording_of(renderer)->recorder, line);
}

static void recording_summary(struct vmt_renderer *renderer, const struct vmt_summary_info *info)
{
	vmt_recorder_summary(recording_of(renderer)->recorder, info);
}

bool vmt_recording_renderer_finish(struct vmt_renderer *renderer)
{
	struct recording_renderer *recording = recording_of(renderer);
	struct vmt_error why;
	bool whole = vmt_recorder_close(recording->recorder, &why) == 0;

	if (!whole && !recording->failed)
		say_failure(recording, &why);
	free(recording);
	return whole;
}

static void recording_free(struct vmt_renderer *renderer)
{
	vmt_recording_renderer_finish(renderer);
}

static const struct vmt_renderer_ops recording_ops = {
	.run = recording_run,
	.space = recording_space,
	.step = recording_step,
	.object = recording_object,
	.layout = recording_layout,
	.warning = recording_warning,
	.note = recording_note,
	.summary = recording_summary,
	.free = recording_free,
};

int vmt_recording_renderer_new(const char *path, void (*say)(const char *line),
			       struct vmt_renderer **ret_renderer, struct vmt_error *error)
{
	struct recording_renderer *recording;
	struct vmt_recorder *recorder;
	struct sigaction before;
	int err;

	/* A limit of file sizes is an error, not the end; what is traced inherits what was before. */
	sigaction(SIGXFSZ, &(struct sigaction){ .sa_handler = SIG_IGN }, &before);
	err = vmt_recorder_open(path, &recorder, error);
	sigaction(SIGXFSZ, &before, NULL);
	if (err)
		return err;
	recording = vmt_calloc(1, sizeof(*recording));
	recording->base.ops = &recording_ops;
	recording->recorder = recorder;
	recording->path = path;
	recording->say = say;
	*ret_renderer = &recording->base;
	return 0;
}
