/* SPDX-License-Identifier: MIT */
/*
 * `vmtrace export RECORDING --to FORMAT`: a recording for other programs: JSON Lines as the live run
 * writes them, the text of /proc/PID/maps at a step, or the steps as CSV.
 */
#include <errno.h>
#include <string.h>

#include "options.h"
#include "replay.h"
#include "views.h"

struct export_options {
	struct vmt_view_options view; /* first: views.c takes --show and --filter */
	struct vmt_replay_part part;
	const char *format;
	const char *path; /* NULL: standard output */
	bool help;
};

/* The formats that a renderer writes; "maps" is one layout and stands apart. */
static const struct format {
	const char *name;
	struct vmt_renderer *(*renderer_new)(FILE *file);
	bool sums; /* nothing but sums over all of it: whole, or not written */
} formats[] = {
	{ "jsonl", vmt_render_json_new, false },
	{ "csv", vmt_render_csv_new, false },
	{ "folded", vmt_render_folded_new, true },
	{ "perfetto", vmt_render_perfetto_new, false },
};

static const struct format *format_of(const char *name)
{
	for (size_t i = 0; i < vmt_countof(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

static int take_to(void *target, const char *argument, struct vmt_error *error)
{
	if (strcmp(argument, "maps") != 0 && !format_of(argument))
		return vmt_error_set(error, EINVAL,
				     "--to=%s: give jsonl, maps, csv, folded or perfetto; see "
				     "'vmtrace export --help'",
				     argument);
	((struct export_options *)target)->format = argument;
	return 0;
}

static int take_output(void *target, const char *argument, struct vmt_error *error)
{
	if (!argument[0])
		return vmt_error_set(error, EINVAL, "-o needs the name of a file");
	((struct export_options *)target)->path = argument;
	return 0;
}

static int take_step(void *target, const char *argument, struct vmt_error *error)
{
	return vmt_replay_part_step(&((struct export_options *)target)->part, argument, error);
}

static int take_space(void *target, const char *argument, struct vmt_error *error)
{
	return vmt_replay_part_space(&((struct export_options *)target)->part, argument, error);
}

static int take_help(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct export_options *)target)->help = true;
	return 0;
}

static const struct vmt_option export_table[] = {
	{ "to", 0, "FORMAT", "jsonl, maps (of one step), csv, folded (stacks) or perfetto",
	  take_to },
	{ "output", 'o', "FILE", "write to FILE instead of standard output", take_output },
	{ "step", 0, "N", "maps: after step N (default the last); else only step N, or A..B",
	  take_step },
	{ "space", 0, "M", "only address space M", take_space },
	{ "filter", 0, "EXPR", "only steps for which EXPR holds: actor=libc && size>1M",
	  vmt_take_filter },
	{ "show", 0, "WHAT", "jsonl: more about each step, as in the run: path", vmt_take_show },
	{ "help", 'h', NULL, "show this help", take_help },
};

static void help(FILE *file)
{
	fprintf(file, "usage: %s\n\n", vmt_command_export.usage);
	fputs("Writes a recording in a form for other programs.\n\n", file);
	vmt_options_help(export_table, vmt_countof(export_table), file);
}

static int export_maps(const struct vmt_reading *reading, const struct vmt_replay_part *part,
		       const struct vmt_output *output, struct vmt_error *error)
{
	bool terminal = vmt_output_terminal(output, &(unsigned){ 0 });
	const struct vmt_run_info *run = vmt_recording_run(reading->recording);
	const struct vmt_layout_info *layout;
	uint32_t step = part->first;
	uint32_t space;
	int err;

	if (part->range)
		return vmt_error_set(error, EINVAL, "--to=maps: give one step, not a range");
	err = vmt_reading_space(reading, part, &space, error);
	if (!err && !part->has_step)
		err = vmt_recording_last_step(reading->recording, space, &step, error);
	if (!err)
		err = vmt_recording_layout(reading->recording, space, step, &layout, error);
	if (!err)
		vmt_render_maps(output->file, layout->list, vmt_arch_by_name(run->arch)->word_bits,
				terminal);
	return err;
}

static int export_log(const struct export_options *options, struct vmt_reading *reading, FILE *file,
		      struct vmt_error *error)
{
	const struct vmt_replay_look look = {
		.paths = options->view.show & VMT_SHOW_PATH,
		.filter = options->view.filter,
	};
	struct vmt_selection selection = vmt_replay_part_selection(&options->part);
	const struct format *format = format_of(options->format);
	struct vmt_renderer *renderer;
	struct vmt_held held;
	int err;

	if (format->sums)
		vmt_held_open(&held);
	renderer = format->renderer_new(format->sums ? held.file : file);
	err = vmt_reading_replay(reading, &selection, &look, renderer, error);
	vmt_renderer_free(renderer);
	if (format->sums)
		vmt_held_close(&held, file, !err);
	return err;
}

static int export(const struct export_options *options, const char *path,
		  const struct vmt_output *output, struct vmt_error *error)
{
	struct vmt_reading reading;
	int err = vmt_reading_open(&reading, path, error);

	if (err)
		return err;
	if (strcmp(options->format, "maps") == 0)
		err = export_maps(&reading, &options->part, output, error);
	else
		err = export_log(options, &reading, output->file, error);
	vmt_reading_close(&reading);
	return err;
}

static int write_out(const struct export_options *options, const char *path,
		     struct vmt_status *ret_status, struct vmt_error *error)
{
	struct vmt_output output;
	int err = options->path ? vmt_output_open(&output, options->path, vmt_say, error)
				: vmt_output_open_stdout(&output, vmt_say, error);

	if (err)
		return err;
	output.loss = "";
	err = export(options, path, &output, error);
	vmt_reading_done(&output, ret_status);
	if (err)
		ret_status->code = VMT_EXIT_FAILED;
	return err;
}

/* The command with its @words, which are the recording or nothing. */
static int run_parsed(const struct export_options *options, int words, const char *path,
		      struct vmt_status *ret_status, struct vmt_error *error)
{
	if (options->help) {
		help(stdout);
		ret_status->code = fflush(stdout) == 0 ? 0 : VMT_EXIT_FAILED;
		return 0;
	}
	if (!words || !options->format)
		return vmt_error_set(error, EINVAL, "%s; see 'vmtrace export --help'",
				     words ? "no format; give one with --to"
					   : "no recording to export");
	if (options->view.filter && strcmp(options->format, "maps") == 0)
		return vmt_error_set(error, EINVAL, "--to=maps has no steps; leave --filter out");
	return write_out(options, path, ret_status, error);
}

static int run(int argc, char **argv, struct vmt_status *ret_status, struct vmt_error *error)
{
	struct export_options options = { 0 };
	const char *path = NULL;
	int result = vmt_options_words(export_table, vmt_countof(export_table), argc, argv,
				       &options, &path, 1, error);

	ret_status->code = VMT_EXIT_FAILED;
	if (result >= 0)
		result = run_parsed(&options, result, path, ret_status, error);
	vmt_expr_free(options.view.filter);
	return result;
}

const struct vmt_command vmt_command_export = {
	.name = "export",
	.usage = "vmtrace export [OPTIONS] RECORDING --to FORMAT",
	.help = help,
	.run = run,
};
