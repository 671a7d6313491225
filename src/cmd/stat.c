/* SPDX-License-Identifier: MIT */
/*
 * `vmtrace stat RECORDING`: what the steps of a recording add up to.
 */
#include <errno.h>

#include "options.h"
#include "replay.h"
#include "views.h"

struct stat_options {
	struct vmt_view_options view; /* first: views.c takes --color and -v */
	struct vmt_replay_part part;
	bool json;
	bool help;
};

static int take_space(void *target, const char *argument, struct vmt_error *error)
{
	return vmt_replay_part_space(&((struct stat_options *)target)->part, argument, error);
}

static int take_json(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct stat_options *)target)->json = true;
	return 0;
}

static int take_help(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct stat_options *)target)->help = true;
	return 0;
}

static const struct vmt_option stat_table[] = {
	{ "space", 0, "M", "only address space M", take_space },
	{ "json", 0, NULL, "one JSON object", take_json },
	{ "color", 0, "WHEN", "colour: auto (default), always, never", vmt_take_color },
	{ "verbose", 'v', NULL, "all of the lists", vmt_take_verbose },
	{ "help", 'h', NULL, "show this help", take_help },
};

static void help(FILE *file)
{
	fprintf(file, "usage: %s\n\n", vmt_command_stat.usage);
	fputs("Adds up the steps of a recording: by actor, object and call, space by space, and\n"
	      "what was never unmapped.\n\n",
	      file);
	vmt_options_help(stat_table, vmt_countof(stat_table), file);
}

static int add_up(const struct stat_options *options, const char *path, struct vmt_output *output,
		  struct vmt_error *error)
{
	const struct vmt_replay_look look = { .paths = false };
	struct vmt_selection selection = vmt_replay_part_selection(&options->part);
	struct vmt_text_options text = vmt_view_text(&options->view);
	struct vmt_stat_options how = {
		.json = options->json,
		.color = text.color,
		.verbose = options->view.verbose,
	};
	struct vmt_renderer *renderer;
	struct vmt_reading reading;
	struct vmt_held held;
	bool terminal = vmt_output_terminal(output, &text.width);
	int err = vmt_reading_open(&reading, path, error);

	if (err)
		return err;
	selection.outline = true;
	if (options->view.color == VMT_COLOR_AUTO)
		how.color &= terminal;
	vmt_held_open(&held);
	renderer = vmt_render_stat_new(held.file, &how);
	err = vmt_reading_replay(&reading, &selection, &look, renderer, error);
	vmt_renderer_free(renderer);
	vmt_held_close(&held, output->file, !err);
	vmt_reading_close(&reading);
	return err;
}

static int run(int argc, char **argv, struct vmt_status *ret_status, struct vmt_error *error)
{
	struct stat_options options = { 0 };
	struct vmt_output output;
	const char *path;
	int words = vmt_options_words(stat_table, vmt_countof(stat_table), argc, argv, &options,
				      &path, 1, error);
	int err;

	ret_status->code = VMT_EXIT_FAILED;
	if (words < 0)
		return words;
	if (options.help) {
		help(stdout);
		ret_status->code = fflush(stdout) == 0 ? 0 : VMT_EXIT_FAILED;
		return 0;
	}
	if (!words)
		return vmt_error_set(error, EINVAL,
				     "no recording to add up; see 'vmtrace stat --help'");
	err = vmt_output_open_stdout(&output, vmt_say, error);
	if (err)
		return err;
	output.loss = "";
	err = add_up(&options, path, &output, error);
	vmt_reading_done(&output, ret_status);
	if (err)
		ret_status->code = VMT_EXIT_FAILED;
	return err;
}

const struct vmt_command vmt_command_stat = {
	.name = "stat",
	.usage = "vmtrace stat [OPTIONS] RECORDING",
	.help = help,
	.run = run,
};
