/* SPDX-License-Identifier: MIT */
/*
 * From a recording to a renderer (replay.h).
 */
#include "replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "objects.h"
#include "progress.h"

/* ---- --space, --step ------------------------------------------------------------------------------ */

static int parse_number(const char *option, const char *argument, const char *text,
			uint32_t *ret_number, struct vmt_error *error)
{
	uint64_t number;

	if (vmt_parse_u64(text, &number) < 0 || number > UINT32_MAX)
		return vmt_error_set(error, EINVAL, "%s %s: give a number%s", option, argument,
				     strcmp(option, "--step") == 0 ? ", or a range as 12..20" : "");
	*ret_number = (uint32_t)number;
	return 0;
}

int vmt_replay_part_space(struct vmt_replay_part *part, const char *argument,
			  struct vmt_error *error)
{
	part->has_space = true;
	return parse_number("--space", argument, argument, &part->space, error);
}

int vmt_replay_part_step(struct vmt_replay_part *part, const char *argument,
			 struct vmt_error *error)
{
	const char *dots = strstr(argument, "..");
	struct vmt_str first = { 0 };
	int err = 0;

	part->has_step = true;
	part->range = dots;
	part->first = 0;
	part->last = UINT32_MAX;
	if (!dots)
		return parse_number("--step", argument, argument, &part->first, error);
	vmt_str_add_bytes(&first, argument, (size_t)(dots - argument));
	if (first.length)
		err = parse_number("--step", argument, vmt_str_text(&first), &part->first, error);
	if (!err && dots[2])
		err = parse_number("--step", argument, dots + 2, &part->last, error);
	if (!err && part->first > part->last)
		err = vmt_error_set(error, EINVAL, "--step %s: the range is empty", argument);
	vmt_str_deinit(&first);
	return err;
}

struct vmt_selection vmt_replay_part_selection(const struct vmt_replay_part *part)
{
	return (struct vmt_selection){
		.space = part->has_space ? part->space : 0,
		.some_steps = part->has_step,
		.first = part->first,
		.last = part->range ? part->last : part->first,
	};
}

/* ---- Reading --------------------------------------------------------------------------------------- */

int vmt_reading_open(struct vmt_reading *reading, const char *path, struct vmt_error *error)
{
	int err;

	*reading = (struct vmt_reading){ .names = vmt_names_new() };
	err = vmt_recording_open(path, reading->names, &reading->recording, error);
	if (err)
		vmt_names_free(reading->names);
	return err;
}

void vmt_reading_close(struct vmt_reading *reading)
{
	vmt_recording_free(reading->recording);
	vmt_names_free(reading->names);
	vmt_str_deinit(&reading->text);
}

int vmt_reading_space(const struct vmt_reading *reading, const struct vmt_replay_part *part,
		      uint32_t *ret_space, struct vmt_error *error)
{
	const struct vmt_space_info *info;
	uint32_t count, first;
	int err;

	if (part->has_space) {
		err = vmt_recording_space(reading->recording, part->space, &info, error);
		if (!err)
			*ret_space = part->space;
		return err;
	}
	err = vmt_recording_spaces(reading->recording, &count, &first, error);
	if (err)
		return err;
	if (count != 1)
		return vmt_error_set(error, EINVAL,
				     "the recording has %u address spaces; say which with --space",
				     count);
	*ret_space = first;
	return 0;
}

struct vmt_step vmt_reading_step(struct vmt_reading *reading, const struct vmt_step *step,
				 const struct vmt_replay_look *look)
{
	struct vmt_step shown = *step;

	vmt_str_clear(&reading->text);
	vmt_title(step, &reading->text);
	/* Renderers keep titles, and compare them by address. */
	shown.title = vmt_names_add(reading->names, vmt_str_text(&reading->text));
	shown.hidden = look->filter && !vmt_expr_match(look->filter, step);
	if (!look->paths)
		shown.path.count = 0;
	return shown;
}

/* A warning by its name; names that this vmtrace does not know are none. */
static int hand_on_warning(const struct vmt_store_warning *stored, struct vmt_renderer *renderer,
			   struct vmt_error *error)
{
	struct vmt_warning warning = {
		.space = stored->space,
		.pid = stored->pid,
		.step = stored->step,
		.text = stored->text,
	};

	while (warning.id < VMT_WARNING_COUNT &&
	       strcmp(vmt_warning_name(warning.id), stored->name) != 0)
		warning.id++;
	if (warning.id == VMT_WARNING_COUNT)
		return vmt_error_set(error, EINVAL,
				     "the recording is damaged: \"%s\" is no warning",
				     stored->name);
	vmt_renderer_warning(renderer, &warning);
	return 0;
}

int vmt_reading_layout(const struct vmt_reading *reading, const struct vmt_layout_info *layout,
		       struct vmt_renderer *renderer, struct vmt_error *error)
{
	struct vmt_layout_info whole = *layout;
	struct vmt_part *parts;
	int err = vmt_recording_facts_read(reading->recording, error);

	if (err)
		return err;
	parts = vmt_objects_parts(layout->space->arch, layout->list, vmt_recording_facts,
				  reading->recording);
	whole.parts = parts;
	renderer->ops->layout(renderer, &whole);
	free(parts);
	return 0;
}

static int hand_on(struct vmt_reading *reading, const struct vmt_record *record, bool outline,
		   const struct vmt_replay_look *look, struct vmt_renderer *renderer,
		   struct vmt_error *error)
{
	struct vmt_step step;

	switch (record->kind) {
	case VMT_RECORD_SPACE:
		renderer->ops->space(renderer, record->space);
		break;
	case VMT_RECORD_STEP:
		/* An outline is counted and not shown: it needs no title. */
		if (!outline)
			step = vmt_reading_step(reading, record->step, look);
		renderer->ops->step(renderer, outline ? record->step : &step);
		break;
	case VMT_RECORD_LAYOUT:
		return vmt_reading_layout(reading, record->layout, renderer, error);
	case VMT_RECORD_OBJECT:
		vmt_renderer_object(renderer, record->object);
		break;
	case VMT_RECORD_WARNING:
		return hand_on_warning(record->warning, renderer, error);
	case VMT_RECORD_NOTE:
		renderer->ops->note(renderer, record->note);
		break;
	case VMT_RECORD_SUMMARY:
		renderer->ops->summary(renderer, record->summary);
		break;
	}
	return 0;
}

int vmt_reading_replay(struct vmt_reading *reading, const struct vmt_selection *selection,
		       const struct vmt_replay_look *look, struct vmt_renderer *renderer,
		       struct vmt_error *error)
{
	struct vmt_recording *recording = reading->recording;
	const struct vmt_space_info *info;
	struct vmt_progress progress;
	struct vmt_record record;
	int result = 0;

	if (selection->space)
		result = vmt_recording_space(recording, selection->space, &info, error);
	if (result < 0)
		return result;
	renderer->ops->run(renderer, vmt_recording_run(recording));
	vmt_recording_rewind(recording, selection);
	vmt_progress_begin(&progress, "reading", "records");
	while ((result = vmt_recording_next(recording, &record, error)) > 0) {
		vmt_progress_tick(&progress);
		result = hand_on(reading, &record, selection->outline, look, renderer, error);
		if (result < 0)
			break;
	}
	vmt_progress_end(&progress);
	return result;
}

int vmt_reading_done(struct vmt_output *output, struct vmt_status *ret_status)
{
	*ret_status = (struct vmt_status){
		.code = vmt_output_close(output) ? 0 : VMT_EXIT_FAILED,
	};
	return 0;
}
