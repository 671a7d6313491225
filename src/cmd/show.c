/* SPDX-License-Identifier: MIT */
/*
 * `vmtrace show RECORDING`: the log of a recording as the live run would have printed it, a range of
 * its steps, or the layout as it was after one of them.
 */
#include <errno.h>
#include <stdlib.h>

#include "options.h"
#include "replay.h"
#include "views.h"
#include "vmtrace/annotate.h"

struct show_options {
	struct vmt_view_options view; /* first: views.c takes them */
	struct vmt_replay_part part;
	bool help;
};

static int take_step(void *target, const char *argument, struct vmt_error *error)
{
	return vmt_replay_part_step(&((struct show_options *)target)->part, argument, error);
}

static int take_space(void *target, const char *argument, struct vmt_error *error)
{
	return vmt_replay_part_space(&((struct show_options *)target)->part, argument, error);
}

static int take_help(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct show_options *)target)->help = true;
	return 0;
}

static const struct vmt_option show_table[] = {
	{ "step", 0, "N", "the layout after step N; A..B: the steps from A to B", take_step },
	{ "space", 0, "M", "only address space M", take_space },
	{ "log", 0, "VIEWS", "what to show: steps, map, calls (default steps,map)", vmt_take_log },
	{ "filter", 0, "EXPR", "print only steps for which EXPR holds: actor=libc && size>1M",
	  vmt_take_filter },
	{ "show", 0, "WHAT", "more about each step: path, flags, pt, tlb (commas between)",
	  vmt_take_show },
	{ "color", 0, "WHEN", "colour: auto (default), always, never", vmt_take_color },
	{ "teach", 0, NULL, "explain each step in full sentences", vmt_take_teach },
	{ "verbose", 'v', NULL, "fold and shorten nothing", vmt_take_verbose },
	{ "quiet", 'q', NULL, "fold steps that belong together; twice: summary only",
	  vmt_take_quiet },
	{ "help", 'h', NULL, "show this help", take_help },
};

static void help(FILE *file)
{
	fprintf(file, "usage: %s\n\n", vmt_command_show.usage);
	fputs("Prints the log of a recording (vmtrace -o RECORDING.vmt) as the run would have.\n\n",
	      file);
	vmt_options_help(show_table, vmt_countof(show_table), file);
}

/* ---- The layout after a step ------------------------------------------------------------------------ */

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The steps that histories name go to the renderer, so that it knows who did them. */
static int tell_steps(struct vmt_reading *reading, uint32_t space,
		      const struct vmt_step_list *numbers, const struct vmt_replay_look *look,
		      struct vmt_renderer *renderer, struct vmt_error *error)
{
	for (size_t i = 0; i < numbers->count; i++) {
		const struct vmt_step *found;
		struct vmt_step step;
		int err;

		if (i && numbers->data[i] == numbers->data[i - 1])
			continue;
		err = vmt_recording_step(reading->recording, space, numbers->data[i], &found,
					 error);
		if (err)
			return err;
		/* What has gone is told of a whole log only. */
		step = vmt_reading_step(reading, found, look);
		step.removed.count = 0;
		renderer->ops->step(renderer, &step);
	}
	return 0;
}

static int show_layout(struct vmt_reading *reading, const struct vmt_replay_part *part,
		       const struct vmt_replay_look *look, struct vmt_renderer *renderer,
		       struct vmt_error *error)
{
	const struct vmt_layout_info *layout;
	struct vmt_step_list numbers = { 0 };
	uint32_t space;
	int err = vmt_reading_space(reading, part, &space, error);

	if (!err)
		err = vmt_recording_layout(reading->recording, space, part->first, &layout, error);
	if (err)
		return err;
	renderer->ops->run(renderer, vmt_recording_run(reading->recording));
	renderer->ops->space(renderer, layout->space);
	for (size_t i = 0; i < layout->list->step_numbers.count; i++)
		vmt_array_push(&numbers, layout->list->step_numbers.data[i]);
	if (numbers.count > 1)
		qsort(numbers.data, numbers.count, sizeof(*numbers.data), compare_numbers);
	err = tell_steps(reading, space, &numbers, look, renderer, error);
	vmt_array_deinit(&numbers);
	if (!err)
		err = vmt_reading_layout(reading, layout, renderer, error);
	return err;
}

/* ---- The command -------------------------------------------------------------------------------------- */

/* One layout is whole or is not shown; a log is shown as it is read. */
static int replay(struct vmt_reading *reading, const struct show_options *options,
		  const struct vmt_text_options *text, FILE *file, struct vmt_error *error)
{
	bool layout = options->part.has_step && !options->part.range;
	struct vmt_selection selection = vmt_replay_part_selection(&options->part);
	const struct vmt_replay_look look = {
		/* The sentences of --teach name the functions too. */
		.paths = text->show & VMT_SHOW_PATH || text->teach,
		.filter = options->view.filter,
	};
	struct vmt_text_options map = *text;
	struct vmt_renderer *renderer;
	struct vmt_held held;
	int err;

	if (!layout) {
		renderer = vmt_render_text_new(file, text);
		err = vmt_reading_replay(reading, &selection, &look, renderer, error);
		vmt_renderer_free(renderer);
		return err;
	}
	map.views = VMT_LOG_MAP;
	vmt_held_open(&held);
	renderer = vmt_render_text_new(held.file, &map);
	err = show_layout(reading, &options->part, &look, renderer, error);
	vmt_renderer_free(renderer);
	vmt_held_close(&held, file, !err);
	return err;
}

static int show(const struct show_options *options, const char *path, struct vmt_output *output,
		struct vmt_error *error)
{
	struct vmt_text_options text = vmt_view_text(&options->view);
	struct vmt_reading reading;
	bool terminal = vmt_output_terminal(output, &text.width);
	int err = vmt_reading_open(&reading, path, error);

	if (err)
		return err;
	if (options->view.color == VMT_COLOR_AUTO)
		text.color &= terminal;
	err = replay(&reading, options, &text, output->file, error);
	vmt_reading_close(&reading);
	return err;
}

/* The command with its @words, which are the recording or nothing. */
static int run_parsed(const struct show_options *options, int words, const char *path,
		      struct vmt_status *ret_status, struct vmt_error *error)
{
	struct vmt_output output;
	int err;

	if (options->help) {
		help(stdout);
		ret_status->code = fflush(stdout) == 0 ? 0 : VMT_EXIT_FAILED;
		return 0;
	}
	if (!words)
		return vmt_error_set(error, EINVAL,
				     "no recording to show; see 'vmtrace show --help'");
	err = vmt_output_open_stdout(&output, vmt_say, error);
	if (err)
		return err;
	err = show(options, path, &output, error);
	vmt_reading_done(&output, ret_status);
	if (err)
		ret_status->code = VMT_EXIT_FAILED;
	return err;
}

static int run(int argc, char **argv, struct vmt_status *ret_status, struct vmt_error *error)
{
	struct show_options options = { .view = { .views = VMT_LOG_STEPS | VMT_LOG_MAP } };
	const char *path = NULL;
	int result = vmt_options_words(show_table, vmt_countof(show_table), argc, argv, &options,
				       &path, 1, error);

	ret_status->code = VMT_EXIT_FAILED;
	if (result >= 0)
		result = run_parsed(&options, result, path, ret_status, error);
	vmt_expr_free(options.view.filter);
	return result;
}

const struct vmt_command vmt_command_show = {
	.name = "show",
	.usage = "vmtrace show [OPTIONS] RECORDING",
	.help = help,
	.run = run,
};
