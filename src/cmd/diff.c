/* SPDX-License-Identifier: MIT */
/*
 * `vmtrace diff A B`: two recordings, two steps of one, or two saved maps texts, without addresses.
 * Exit status as diff(1): 0 the same, 1 different, 2 trouble.
 */
#include <errno.h>
#include <stdlib.h>

#include "operand.h"
#include "options.h"
#include "replay.h"
#include "views.h"

enum {
	EXIT_SAME = 0,
	EXIT_DIFFERENT = 1,
	EXIT_TROUBLE = 2
};

struct diff_options {
	struct vmt_view_options view; /* first: views.c takes --color and -v */
	unsigned ignore;
	bool steps;
	bool addresses;
	bool stat;
	bool json;
	bool help;
};

static int take_ignore(void *target, const char *argument, struct vmt_error *error)
{
	static const struct vmt_word words[] = {
		{ "inode", VMT_IGNORE_INODE },
		{ "dev", VMT_IGNORE_DEV },
		{ "size", VMT_IGNORE_SIZE },
		{ "path", VMT_IGNORE_PATH },
	};

	return vmt_take_words(words, vmt_countof(words), "ignore", argument,
			      &((struct diff_options *)target)->ignore, error);
}

#define FLAG(field) \
	static int take_##field(void *target, const char *argument, struct vmt_error *error) \
	{ \
		(void)argument; \
		(void)error; \
		((struct diff_options *)target)->field = true; \
		return 0; \
	}
FLAG(steps)
FLAG(addresses)
FLAG(stat)
FLAG(json)
FLAG(help)

static const struct vmt_option diff_table[] = {
	{ "steps", 0, NULL, "compare the sequences of steps, not the layouts", take_steps },
	{ "addresses", 0, NULL, "addresses count as well", take_addresses },
	{ "ignore", 0, "WHAT", "what does not count: inode, dev, size, path (commas between)",
	  take_ignore },
	{ "stat", 0, NULL, "one line an object that changed", take_stat },
	{ "json", 0, NULL, "one JSON object", take_json },
	{ "color", 0, "WHEN", "colour: auto (default), always, never", vmt_take_color },
	{ "verbose", 'v', NULL, "also what is the same, with addresses and slides",
	  vmt_take_verbose },
	{ "help", 'h', NULL, "show this help", take_help },
};

static void help(FILE *file)
{
	fprintf(file, "usage: %s\n\n", vmt_command_diff.usage);
	fputs("Compares two recordings, two spaces or steps of recordings (run.vmt@12,\n"
	      "run.vmt@2:12, run.vmt@2:) or two saved /proc/PID/maps; addresses do not count.\n\n",
	      file);
	vmt_options_help(diff_table, vmt_countof(diff_table), file);
	fputs("\nExit status: 0 the same, 1 different, 2 trouble.\n", file);
}

/* ---- Comparing --------------------------------------------------------------------------------- */

/* Both sides, and what was found of each pair of spaces. */
struct comparing {
	const struct diff_options *options;
	struct vmt_compare_options compare;
	struct vmt_operand_data a;
	struct vmt_operand_data b;
	VMT_ARRAY(struct vmt_diff_space) spaces;
	bool same;
};

static const struct vmt_compare_side no_layout;
static const struct vmt_compare_steps no_steps;
static const struct vmt_diff_end nobody = { .exe = "", .layout = &no_layout, .steps = &no_steps };

/* Compares two spaces, of which one may be missing (NULL). */
static void compare_spaces(struct comparing *comparing, const struct vmt_operand_space *a,
			   const struct vmt_operand_space *b)
{
	struct vmt_diff_space space = {
		.a = a ? &a->end : &nobody,
		.b = b ? &b->end : &nobody,
		.only_a = !b,
		.only_b = !a,
	};

	if (comparing->options->steps) {
		struct vmt_step_comparison *steps = vmt_calloc(1, sizeof(*steps));

		vmt_compare_step_sequences(space.a->steps, space.b->steps, &comparing->compare,
					   steps);
		space.steps = steps;
		comparing->same = comparing->same && !steps->added && !steps->gone;
	} else {
		struct vmt_comparison *layouts = vmt_calloc(1, sizeof(*layouts));

		vmt_compare_layouts(space.a->layout, space.b->layout, &comparing->compare, layouts);
		space.layouts = layouts;
		comparing->same = comparing->same && layouts->same;
	}
	comparing->same = comparing->same && a && b;
	vmt_array_push(&comparing->spaces, space);
}

static struct vmt_compare_space *describe(const struct vmt_operand_data *data)
{
	struct vmt_compare_space *spaces = vmt_calloc(data->spaces.count + 1, sizeof(*spaces));

	for (size_t i = 0; i < data->spaces.count; i++)
		spaces[i] = (struct vmt_compare_space){
			.exe = data->spaces.data[i]->end.exe,
			.made_by = data->spaces.data[i]->made_by,
			.shape = vmt_compare_shape(&data->spaces.data[i]->layout),
		};
	return spaces;
}

static void compare_all(struct comparing *comparing)
{
	size_t count_a = comparing->a.spaces.count, count_b = comparing->b.spaces.count;
	struct vmt_compare_space *a = describe(&comparing->a), *b = describe(&comparing->b);
	size_t *match = vmt_malloc((count_a + 1) * sizeof(*match));
	bool *taken = vmt_calloc(count_b + 1, sizeof(*taken));

	/* One space against one: whatever they are. */
	match[0] = 0;
	if (count_a != 1 || count_b != 1)
		vmt_compare_spaces(a, count_a, b, count_b, match);
	for (size_t i = 0; i < count_a; i++) {
		bool has = match[i] != VMT_NO_ROW;

		if (has)
			taken[match[i]] = true;
		compare_spaces(comparing, comparing->a.spaces.data[i],
			       has ? comparing->b.spaces.data[match[i]] : NULL);
	}
	for (size_t i = 0; i < count_b; i++)
		if (!taken[i])
			compare_spaces(comparing, NULL, comparing->b.spaces.data[i]);
	free(a);
	free(b);
	free(match);
	free(taken);
}

static void comparing_deinit(struct comparing *comparing)
{
	for (size_t i = 0; i < comparing->spaces.count; i++) {
		struct vmt_diff_space *space = &comparing->spaces.data[i];

		if (space->layouts)
			vmt_comparison_deinit((struct vmt_comparison *)space->layouts);
		if (space->steps)
			vmt_step_comparison_deinit((struct vmt_step_comparison *)space->steps);
		free((void *)space->layouts);
		free((void *)space->steps);
	}
	vmt_array_deinit(&comparing->spaces);
	vmt_operand_data_deinit(&comparing->a);
	vmt_operand_data_deinit(&comparing->b);
}

/* A single layout is compared with one other. */
static int check_count(const struct vmt_operand_data *data, const struct vmt_operand_data *other,
		       const char *given, struct vmt_error *error)
{
	if (!other->single || data->spaces.count == 1)
		return 0;
	return vmt_error_set(error, EINVAL,
			     "'%s': the recording has %zu address spaces; say which, as in %s@1:",
			     given, data->spaces.count, given);
}

static int read_operands(const struct diff_options *options, const char *const *given,
			 struct vmt_names *names, struct comparing *comparing,
			 struct vmt_error *error)
{
	struct vmt_operand_data *const data[] = { &comparing->a, &comparing->b };
	int err = 0;

	for (size_t i = 0; i < vmt_countof(data) && !err; i++) {
		struct vmt_operand operand;

		err = vmt_operand_parse(given[i], &operand, error);
		if (err)
			break;
		err = vmt_operand_read(&operand, options->steps, names, data[i], error);
		vmt_operand_deinit(&operand);
	}
	if (!err)
		err = check_count(&comparing->a, &comparing->b, given[0], error);
	if (!err)
		err = check_count(&comparing->b, &comparing->a, given[1], error);
	return err;
}

/* ---- The command ------------------------------------------------------------------------------- */

static void show(const struct comparing *comparing, const char *const *given,
		 const struct vmt_output *output)
{
	const struct diff_options *options = comparing->options;
	struct vmt_text_options text = vmt_view_text(&options->view);
	const struct vmt_diff_info info = {
		.a = given[0],
		.b = given[1],
		.spaces = comparing->spaces.data,
		.space_count = comparing->spaces.count,
		.same = comparing->same,
	};
	bool terminal = vmt_output_terminal(output, &text.width);
	struct vmt_diff_options how = {
		.color = text.color && (terminal || options->view.color == VMT_COLOR_ALWAYS),
		.verbose = options->view.verbose,
		.stat = options->stat,
		.addresses = options->addresses,
	};

	if (options->json)
		vmt_render_diff_json(output->file, &info);
	else
		vmt_render_diff_text(output->file, &info, &how);
}

static int diff(const struct diff_options *options, const char *const *given,
		struct vmt_status *ret_status, struct vmt_error *error)
{
	struct comparing comparing = { .options = options, .same = true };
	struct vmt_names *names = vmt_names_new();
	struct vmt_output output;
	int err = read_operands(options, given, names, &comparing, error);

	if (!err)
		err = vmt_output_open_stdout(&output, vmt_say, error);
	if (!err) {
		uint64_t page = vmt_max_u64(comparing.a.page_bytes, comparing.b.page_bytes);

		output.loss = "";
		comparing.compare = (struct vmt_compare_options){
			.ignore = options->ignore,
			.addresses = options->addresses,
			.page_bytes = page ? page : 4096,
		};
		compare_all(&comparing);
		show(&comparing, given, &output);
		ret_status->code = comparing.same ? EXIT_SAME : EXIT_DIFFERENT;
		if (!vmt_output_close(&output))
			ret_status->code = EXIT_TROUBLE;
	}
	comparing_deinit(&comparing);
	vmt_names_free(names);
	return err;
}

static int run(int argc, char **argv, struct vmt_status *ret_status, struct vmt_error *error)
{
	struct diff_options options = { 0 };
	const char *given[2];
	int words = vmt_options_words(diff_table, vmt_countof(diff_table), argc, argv, &options,
				      given, 2, error);

	ret_status->code = EXIT_TROUBLE;
	if (words < 0)
		return words;
	if (options.help) {
		help(stdout);
		ret_status->code = fflush(stdout) == 0 ? 0 : EXIT_TROUBLE;
		return 0;
	}
	if (words != 2)
		return vmt_error_set(error, EINVAL,
				     "give two things to compare; see 'vmtrace diff --help'");
	return diff(&options, given, ret_status, error);
}

const struct vmt_command vmt_command_diff = {
	.name = "diff",
	.usage = "vmtrace diff [OPTIONS] A B",
	.help = help,
	.run = run,
};
