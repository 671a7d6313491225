/* SPDX-License-Identifier: MIT */
/*
 * From a file to what can be compared (operand.h).
 */
#include "operand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "progress.h"
#include "vmtrace/store.h"
#include "vmtrace/trace.h"

enum {
	TEXT_MAX_BYTES = 1 << 30,
	CHUNK_BYTES = 65536
};

static const char sqlite_magic[] = "SQLite format 3";

/* ---- FILE@SPACE:STEP -------------------------------------------------------------------------- */

static int take_number(const struct vmt_operand *operand, const char *text, size_t length,
		       uint32_t *ret_number, struct vmt_error *error)
{
	struct vmt_str digits = { 0 };
	uint64_t number = 0;
	int err;

	vmt_str_add_bytes(&digits, text, length);
	err = vmt_parse_u64(vmt_str_text(&digits), &number);
	vmt_str_deinit(&digits);
	if (err || number > UINT32_MAX)
		return vmt_error_set(error, EINVAL,
				     "'%s': there is no such file, and behind the '@' stands no "
				     "step as in run.vmt@12 or run.vmt@2:12",
				     operand->given);
	*ret_number = (uint32_t)number;
	return 0;
}

/* What stands behind the '@'. */
static int take_place(struct vmt_operand *operand, const char *place, struct vmt_error *error)
{
	const char *colon = strchr(place, ':');
	const char *step = colon ? colon + 1 : place;
	int err = 0;

	operand->has_space = colon;
	operand->has_step = *step || !colon;
	if (colon)
		err = take_number(operand, place, (size_t)(colon - place), &operand->space, error);
	if (!err && operand->has_step)
		err = take_number(operand, step, strlen(step), &operand->step, error);
	return err;
}

int vmt_operand_parse(const char *given, struct vmt_operand *ret_operand, struct vmt_error *error)
{
	const char *at = strrchr(given, '@');
	struct vmt_operand operand = { .given = given };
	struct stat status;
	int err;

	operand.path = vmt_strdup(given);
	/* A file may well have such a name. */
	if (at && stat(given, &status) < 0) {
		operand.path[at - given] = '\0';
		err = take_place(&operand, at + 1, error);
		if (err) {
			free(operand.path);
			return err;
		}
	}
	*ret_operand = operand;
	return 0;
}

void vmt_operand_deinit(struct vmt_operand *operand)
{
	free(operand->path);
	operand->path = NULL;
}

/* ---- A text ------------------------------------------------------------------------------------ */

static int read_text(const char *path, size_t most, struct vmt_str *ret_text,
		     struct vmt_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *chunk = vmt_malloc(CHUNK_BYTES);
	ssize_t got = fd < 0 ? -1 : 1;
	int err = 0;

	while (got > 0 && ret_text->length < most) {
		got = read(fd, chunk, CHUNK_BYTES);
		if (got > 0)
			vmt_str_add_bytes(ret_text, chunk, (size_t)got);
		else if (got < 0 && errno == EINTR)
			got = 1;
	}
	if (got < 0)
		err = vmt_error_set(error, errno, "cannot read '%s': %s", path,
				    vmt_strerror(errno));
	if (fd >= 0)
		close(fd);
	free(chunk);
	return err;
}

static struct vmt_operand_space *add_space(struct vmt_operand_data *data)
{
	struct vmt_operand_space *space = vmt_calloc(1, sizeof(*space));

	space->end.exe = "";
	space->made_by = "";
	space->end.layout = &space->layout;
	vmt_array_push(&data->spaces, space);
	return space;
}

static int take_text(const struct vmt_operand *operand, const struct vmt_str *text,
		     struct vmt_names *names, struct vmt_operand_data *data,
		     struct vmt_error *error)
{
	const char *nobody = vmt_names_add(names, "");
	struct vmt_layout rows = { 0 };
	struct vmt_operand_space *space;

	if (operand->has_space || operand->has_step)
		return vmt_error_set(error, EINVAL, "'%s': '%s' is no recording and has no steps",
				     operand->given, operand->path);
	if (text->length >= TEXT_MAX_BYTES)
		return vmt_error_set(error, EFBIG, "'%s' is too large for the text of a maps file",
				     operand->path);
	if (!text->length || vmt_maps_parse(text->data, text->length, names, &rows) < 0) {
		vmt_layout_deinit(&rows);
		return vmt_error_set(error, EINVAL,
				     "'%s' is neither a recording nor the text of a maps file",
				     operand->path);
	}
	data->single = true;
	space = add_space(data);
	for (size_t i = 0; i < rows.count; i++) {
		struct vmt_compare_row row = {
			.map = rows.data[i],
			.maker = nobody,
			.made = VMT_MADE_UNKNOWN,
		};

		vmt_array_push(&space->layout, row);
	}
	vmt_layout_deinit(&rows);
	return 0;
}

/* ---- A recording ------------------------------------------------------------------------------- */

/* A recording that is open, on its way into the data. */
struct source {
	struct vmt_recording *recording;
	struct vmt_names *names;
	const struct vmt_operand *operand;
};

/* "libc mmap": who made the memory. A layout of thousands has few of them in a row. */
static int name_maker(const struct source *source, uint32_t space, uint32_t number,
		      const char **ret_maker, struct vmt_error *error)
{
	const struct vmt_step *step;
	struct vmt_str maker = { 0 };
	int err = vmt_recording_step(source->recording, space, number, &step, error);

	if (err)
		return err == -ENOENT ? 0 : err;
	vmt_str_printf(&maker, "%s %s", step->actor,
		       step->event ? vmt_call_info(step->event->call)->name
				   : vmt_cause_name(step->cause));
	*ret_maker = vmt_names_add(source->names, vmt_str_text(&maker));
	vmt_str_deinit(&maker);
	return 0;
}

/* The rows first: the layout is gone when the recording is asked for its steps. */
static int take_layout(const struct source *source, struct vmt_operand_space *space,
		       struct vmt_error *error)
{
	const struct vmt_layout_info *layout;
	/* A child has its parent's mappings in order of address, and so has what was found. */
	bool ordered = strcmp(space->made_by, "exec") == 0;
	const char *nobody = vmt_names_add(source->names, "");
	int err = vmt_recording_layout(source->recording, space->end.space, space->end.step,
				       &layout, error);

	if (err)
		return err;
	for (size_t i = 0; i < layout->list->rows.count; i++) {
		const struct vmt_vma_view *view = &layout->list->rows.data[i];
		struct vmt_compare_row row = {
			.map = view->map,
			.maker = nobody,
			.made = view->step_count ? layout->list->step_numbers.data[view->first_step]
						 : VMT_MADE_UNKNOWN,
		};

		row.map.name = vmt_names_add(source->names, view->map.name);
		vmt_array_push(&space->layout, row);
	}
	for (size_t i = 0; i < space->layout.count && !err; i++) {
		struct vmt_compare_row *row = &space->layout.data[i];

		if (!row->map.name[0] && row->made != VMT_MADE_UNKNOWN)
			err = name_maker(source, space->end.space, row->made, &row->maker, error);
		if (!ordered)
			row->made = VMT_MADE_UNKNOWN;
	}
	return err;
}

static int take_steps(const struct source *source, struct vmt_operand_space *space,
		      struct vmt_error *error)
{
	const struct vmt_selection selection = { .space = space->end.space, .outline = true };
	struct vmt_progress progress;
	struct vmt_record record;
	int result;

	space->end.steps = &space->steps;
	vmt_recording_rewind(source->recording, &selection);
	vmt_progress_begin(&progress, source->operand->path, "steps");
	while ((result = vmt_recording_next(source->recording, &record, error)) > 0) {
		struct vmt_compare_step step;

		vmt_progress_tick(&progress);
		if (record.kind == VMT_RECORD_STEP && record.step->number <= space->end.step &&
		    vmt_compare_step_of(record.step, source->names, &step))
			vmt_array_push(&space->steps, step);
	}
	vmt_progress_end(&progress);
	return result;
}

static int take_space(const struct source *source, uint32_t number, bool steps,
		      struct vmt_operand_data *data, struct vmt_error *error)
{
	const struct vmt_space_info *info;
	struct vmt_operand_space *space;
	int err = vmt_recording_space(source->recording, number, &info, error);

	if (err)
		return err;
	space = add_space(data);
	space->end.space = number;
	space->end.pid = info->pid;
	space->end.exe = vmt_names_add(source->names, info->exe);
	space->made_by = vmt_names_add(source->names, info->made_by);
	space->end.step = source->operand->step;
	if (!source->operand->has_step) {
		err = vmt_recording_last_step(source->recording, number, &space->end.step, error);
		/* It ended before anything was seen of it. */
		if (err == -ENOENT) {
			space->end.steps = &space->steps;
			return 0;
		}
	}
	if (!err)
		err = take_layout(source, space, error);
	if (!err && steps)
		err = take_steps(source, space, error);
	return err;
}

static int take_spaces(const struct source *source, bool steps, struct vmt_operand_data *data,
		       struct vmt_error *error)
{
	const struct vmt_operand *operand = source->operand;
	uint32_t count, number;
	int err = vmt_recording_spaces(source->recording, &count, &number, error);

	data->single = operand->has_space || operand->has_step;
	if (!err && data->single && !operand->has_space && count != 1)
		return vmt_error_set(error, EINVAL,
				     "'%s': the recording has %u address spaces; say which, as in "
				     "%s@1:%u",
				     operand->given, count, operand->path, operand->step);
	if (operand->has_space)
		return err ? err : take_space(source, operand->space, steps, data, error);
	while (!err && number) {
		err = take_space(source, number, steps, data, error);
		if (!err)
			err = vmt_recording_next_space(source->recording, number, &number, error);
	}
	return err;
}

static int take_recording(const struct vmt_operand *operand, bool steps, struct vmt_names *names,
			  struct vmt_operand_data *data, struct vmt_error *error)
{
	struct source source = { .names = names, .operand = operand };
	int err = vmt_recording_open(operand->path, names, &source.recording, error);

	if (err)
		return err;
	data->recording = true;
	data->page_bytes = vmt_recording_run(source.recording)->page_size_bytes;
	err = take_spaces(&source, steps, data, error);
	vmt_recording_free(source.recording);
	return err;
}

int vmt_operand_read(const struct vmt_operand *operand, bool steps, struct vmt_names *names,
		     struct vmt_operand_data *ret_data, struct vmt_error *error)
{
	struct vmt_operand_data data = { 0 };
	struct vmt_str text = { 0 };
	int err = read_text(operand->path, sizeof(sqlite_magic), &text, error);

	if (!err && text.length >= sizeof(sqlite_magic) &&
	    memcmp(text.data, sqlite_magic, sizeof(sqlite_magic)) == 0) {
		err = take_recording(operand, steps, names, &data, error);
	} else if (!err && steps) {
		err = vmt_error_set(error, EINVAL, "'%s' is no recording: --steps compares steps",
				    operand->path);
	} else if (!err) {
		vmt_str_clear(&text);
		err = read_text(operand->path, TEXT_MAX_BYTES, &text, error);
		if (!err)
			err = take_text(operand, &text, names, &data, error);
	}
	vmt_str_deinit(&text);
	if (err)
		vmt_operand_data_deinit(&data);
	else
		*ret_data = data;
	return err;
}

void vmt_operand_data_deinit(struct vmt_operand_data *data)
{
	for (size_t i = 0; i < data->spaces.count; i++) {
		vmt_compare_side_deinit(&data->spaces.data[i]->layout);
		vmt_array_deinit(&data->spaces.data[i]->steps);
		free(data->spaces.data[i]);
	}
	vmt_array_deinit(&data->spaces);
}
