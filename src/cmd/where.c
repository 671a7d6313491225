/* SPDX-License-Identifier: MIT */
/*
 * `vmtrace where RECORDING ADDRESS`: every step that an address has to do with, with the mapping
 * over it and its neighbours as they were then, and as they are in the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "options.h"
#include "place.h"
#include "replay.h"
#include "views.h"

enum {
	SHOWN_FIRST = 20, /* steps of a long list, unless -v */
	SHOWN_LAST = 20,
	LOOKED_AT = 500, /* steps of either end that are looked at for these */
};

struct where_options {
	struct vmt_view_options view; /* first: views.c takes them */
	struct vmt_replay_part part;
	bool help;
};

static int take_space(void *target, const char *argument, struct vmt_error *error)
{
	return vmt_replay_part_space(&((struct where_options *)target)->part, argument, error);
}

static int take_help(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct where_options *)target)->help = true;
	return 0;
}

static const struct vmt_option where_table[] = {
	{ "space", 0, "M", "only address space M", take_space },
	{ "color", 0, "WHEN", "colour: auto (default), always, never", vmt_take_color },
	{ "verbose", 'v', NULL, "all steps, also those that only reshaped the mapping around it",
	  vmt_take_verbose },
	{ "help", 'h', NULL, "show this help", take_help },
};

static void help(FILE *file)
{
	fprintf(file, "usage: %s\n\n", vmt_command_where.usage);
	fputs("Prints every step of a recording that touched ADDRESS, with the neighbours then "
	      "and\n"
	      "in the end. ADDRESS is a number, OBJECT+OFFSET, where OBJECT is a file that was\n"
	      "mapped, or a symbol of one: SYMBOL or OBJECT:SYMBOL.\n\n",
	      file);
	vmt_options_help(where_table, vmt_countof(where_table), file);
}

/* What one look-up of an address needs. */
struct where {
	const struct where_options *options;
	struct vmt_reading *reading;
	struct vmt_renderer *renderer;
	FILE *file;
	uint32_t space;
	uint64_t address;
	const char *word; /* that was given for it */
	const char *object; /* that has the symbol; NULL: it is no symbol */
};

/* ---- The neighbours -------------------------------------------------------------------------------- */

static void print_name(FILE *file, const char *name)
{
	struct vmt_str text = { 0 };

	vmt_escape_text(&text, name, strlen(name));
	if (text.length)
		fprintf(file, " %s", vmt_str_text(&text));
	vmt_str_deinit(&text);
}

static void print_map(FILE *file, const struct vmt_mapping *map)
{
	char perms[5];

	vmt_perms_text(map->perms, perms);
	fprintf(file, "%" PRIx64 "-%" PRIx64 " %s", map->start, map->end, perms);
	print_name(file, map->name);
}

/* "      above  7f… r--p libc.so.6, after a gap of 4K" */
static void print_neighbour(FILE *file, const char *side, const struct vmt_mapping *map,
			    uint64_t gap)
{
	char size[16];

	fprintf(file, "      %-6s ", side);
	if (!map) {
		fputs("nothing\n", file);
		return;
	}
	print_map(file, map);
	if (gap)
		fprintf(file, ", a gap of %s between", vmt_size_text(gap, size));
	fputc('\n', file);
}

/* What is over the address in @list, and what is above and below that. */
static void print_around(const struct where *where, const struct vmt_view_list *list)
{
	const struct vmt_mapping *at = NULL, *below = NULL, *above = NULL;
	uint64_t low, high;

	for (size_t i = 0; i < list->rows.count; i++) {
		const struct vmt_mapping *map = &list->rows.data[i].map;

		if (map->end <= where->address)
			below = !below || map->end > below->end ? map : below;
		else if (map->start > where->address)
			above = !above || map->start < above->start ? map : above;
		else
			at = map;
	}
	low = at ? at->start : where->address;
	high = at ? at->end : where->address;
	print_neighbour(where->file, "above", above, above ? above->start - high : 0);
	print_neighbour(where->file, "there", at, 0);
	print_neighbour(where->file, "below", below, below ? low - below->end : 0);
}

static int print_layout(const struct where *where, uint32_t step, struct vmt_error *error)
{
	const struct vmt_layout_info *layout;
	int err =
		vmt_recording_layout(where->reading->recording, where->space, step, &layout, error);

	if (!err)
		print_around(where, layout->list);
	return err;
}

/* ---- The steps --------------------------------------------------------------------------------------- */

static const struct vmt_vma_view *view_at(const struct vmt_vma_view *views, size_t count,
					  uint64_t address)
{
	for (size_t i = 0; i < count; i++) {
		if (views[i].map.start <= address && address < views[i].map.end)
			return &views[i];
	}
	return NULL;
}

/* Whether the step did something at the address itself, not only to the mapping's edges. */
static bool touches(const struct vmt_step *step, uint64_t address)
{
	const struct vmt_vma_view *before =
		view_at(step->removed.data, step->removed.count, address);
	const struct vmt_vma_view *now = view_at(step->added.data, step->added.count, address);
	uint64_t length = vmt_max_u64(step->end - step->start, 1);

	if (!before != !now || (address >= step->start && address - step->start < length))
		return true;
	return before && now &&
	       (before->map.perms != now->map.perms || before->map.inode != now->map.inode ||
		strcmp(before->map.name, now->map.name) != 0);
}

/* The steps that an address has to do with, perhaps without those in the middle. */
struct found {
	struct vmt_step_list list;
	size_t gap; /* index of the first behind those that are missing; the count: none is */
	bool cut; /* some are missing, between the steps: */
	uint32_t cut_after;
	uint32_t cut_before;
};

/* Of a long list only both ends are looked at. */
static void shorten(struct found *found)
{
	struct vmt_step_list *list = &found->list;
	size_t front = vmt_min_u64(found->gap, LOOKED_AT);
	size_t behind = found->gap < list->count ? found->gap : front;
	size_t back = vmt_min_u64(list->count - behind, LOOKED_AT);

	if (found->gap == list->count && list->count <= 2 * LOOKED_AT)
		return;
	found->cut = true;
	found->cut_after = list->data[front - 1];
	found->cut_before = list->data[list->count - back];
	memmove(list->data + front, list->data + list->count - back, back * sizeof(*list->data));
	list->count = front + back;
	found->gap = front;
}

/* Leaves those that do something at the address. */
/* A step that the recording itself names; if it is not there, the recording is damaged. */
static int read_step(const struct where *where, uint32_t number, const struct vmt_step **ret_step,
		     struct vmt_error *error)
{
	int err = vmt_recording_step(where->reading->recording, where->space, number, ret_step,
				     error);

	return err == -ENOENT ? -EINVAL : err;
}

static int filter(const struct where *where, struct found *found, struct vmt_error *error)
{
	struct vmt_step_list *list = &found->list;
	size_t gap = 0, kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct vmt_step *step;
		int err = read_step(where, list->data[i], &step, error);

		if (err)
			return err;
		if (!touches(step, where->address))
			continue;
		gap += i < found->gap;
		list->data[kept++] = list->data[i];
	}
	list->count = kept;
	found->gap = gap;
	return 0;
}

static int find_steps(const struct where *where, struct found *found, struct vmt_error *error)
{
	bool all = where->options->view.verbose;
	int err = vmt_recording_touching(where->reading->recording, where->space, where->address,
					 all ? SIZE_MAX : LOOKED_AT, &found->list, &found->gap,
					 error);

	if (err || all)
		return err;
	shorten(found);
	return filter(where, found, error);
}

static int print_step(const struct where *where, uint32_t number, struct vmt_error *error)
{
	const struct vmt_replay_look look = { .paths = true };
	const struct vmt_step *step;
	struct vmt_step shown;
	int err = read_step(where, number, &step, error);

	if (err)
		return err;
	shown = vmt_reading_step(where->reading, step, &look);
	where->renderer->ops->step(where->renderer, &shown);
	return print_layout(where, number, error);
}

/* Those from @first to before @end. */
static int print_range(const struct where *where, const struct found *found, size_t first,
		       size_t end, struct vmt_error *error)
{
	int err = 0;

	for (size_t i = first; i < end && !err; i++)
		err = print_step(where, found->list.data[i], error);
	return err;
}

static int print_steps(const struct where *where, const struct found *found,
		       struct vmt_error *error)
{
	size_t count = found->list.count;
	size_t first = vmt_min_u64(found->gap, SHOWN_FIRST);
	size_t last = vmt_min_u64(count - first, SHOWN_LAST);
	int err;

	if (!found->cut && (where->options->view.verbose || count <= SHOWN_FIRST + SHOWN_LAST + 1))
		return print_range(where, found, 0, count, error);
	if (found->cut)
		last = vmt_min_u64(count - found->gap, SHOWN_LAST);
	err = print_range(where, found, 0, first, error);
	if (found->cut)
		fprintf(where->file,
			"      … those between steps %" PRIu32 " and %" PRIu32
			" are left out; -v shows them …\n",
			first < found->gap ? found->list.data[first - 1] : found->cut_after,
			found->gap + last < count ? found->list.data[count - last]
						  : found->cut_before);
	else
		fprintf(where->file, "      … %zu more steps; -v shows them …\n",
			count - first - last);
	return err ? err : print_range(where, found, count - last, count, error);
}

/* ---- The spaces ----------------------------------------------------------------------------------------- */

/* "malloc is at 7f1c2bd05260, in /usr/lib/libc.so.6" */
static void print_address(const struct where *where)
{
	struct vmt_str text = { 0 };

	vmt_escape_text(&text, where->word, strlen(where->word));
	vmt_str_printf(&text, " is at %" PRIx64 ", in ", where->address);
	vmt_escape_text(&text, where->object, strlen(where->object));
	fprintf(where->file, "%s\n", vmt_str_text(&text));
	vmt_str_deinit(&text);
}

/* One space: its steps and how it ended. */
static int print_space(const struct where *where, bool many, struct vmt_error *error)
{
	const struct vmt_space_info *info = NULL;
	struct found found = { .gap = 0 };
	uint32_t last;
	int err = find_steps(where, &found, error);

	if (!err)
		err = vmt_recording_space(where->reading->recording, where->space, &info, error);
	if (!err && (found.list.count || found.cut)) {
		if (many)
			fprintf(where->file, "space %" PRIu32 ", pid %d:\n", info->space,
				info->pid);
		if (where->object)
			print_address(where);
		err = print_steps(where, &found, error);
		if (!err)
			err = vmt_recording_last_step(where->reading->recording, where->space,
						      &last, error);
		if (!err) {
			fprintf(where->file, "in the end, after step %" PRIu32 ":\n", last);
			err = print_layout(where, last, error);
		}
	} else if (!err) {
		err = -ENOENT;
	}
	vmt_array_deinit(&found.list);
	return err;
}

/* The steps of every space, or of the one that was asked for. */
static int look_everywhere(struct where *where, const struct vmt_place *place,
			   struct vmt_error *error)
{
	const struct vmt_replay_part *part = &where->options->part;
	bool found = false;
	uint32_t count, first, space;
	int err = vmt_recording_spaces(where->reading->recording, &count, &first, error);

	if (!err && part->has_space)
		err = vmt_reading_space(where->reading, part, &first, error);
	for (space = first; !err && space;) {
		where->space = space;
		err = vmt_place_in(place, space, &where->address, &where->object, error);
		if (!err)
			err = print_space(where, count > 1, error);
		found |= err == 0;
		if (err == -ENOENT)
			err = 0;
		if (part->has_space)
			break;
		if (!err)
			err = vmt_recording_next_space(where->reading->recording, space, &space,
						       error);
	}
	if (err || found)
		return err;
	return vmt_error_set(error, ENOENT, "no step of the recording touched '%s'", place->word);
}

static int look_up(const struct where_options *options, const char *const words[2],
		   struct vmt_output *output, struct vmt_error *error)
{
	struct vmt_text_options text = vmt_view_text(&options->view);
	struct vmt_reading reading;
	struct vmt_place place;
	struct where where = {
		.options = options,
		.reading = &reading,
		.word = words[1],
	};
	struct vmt_held held;
	bool terminal = vmt_output_terminal(output, &text.width);
	int err = vmt_reading_open(&reading, words[0], error);

	if (err)
		return err;
	text.views = VMT_LOG_STEPS;
	if (options->view.color == VMT_COLOR_AUTO)
		text.color &= terminal;
	vmt_held_open(&held);
	where.file = held.file;
	where.renderer = vmt_render_text_new(held.file, &text);
	err = vmt_place_init(&place, reading.recording, words[1], error);
	if (!err)
		err = look_everywhere(&where, &place, error);
	vmt_place_deinit(&place);
	vmt_renderer_free(where.renderer);
	vmt_held_close(&held, output->file, !err);
	vmt_reading_close(&reading);
	return err;
}

static int run(int argc, char **argv, struct vmt_status *ret_status, struct vmt_error *error)
{
	struct where_options options = { 0 };
	struct vmt_output output;
	const char *words[2];
	int count = vmt_options_words(where_table, vmt_countof(where_table), argc, argv, &options,
				      words, 2, error);
	int err;

	ret_status->code = VMT_EXIT_FAILED;
	if (count < 0)
		return count;
	if (options.help) {
		help(stdout);
		ret_status->code = fflush(stdout) == 0 ? 0 : VMT_EXIT_FAILED;
		return 0;
	}
	if (count != 2)
		return vmt_error_set(error, EINVAL,
				     "give a recording and an address; see 'vmtrace where --help'");
	err = vmt_output_open_stdout(&output, vmt_say, error);
	if (err)
		return err;
	err = look_up(&options, words, &output, error);
	vmt_reading_done(&output, ret_status);
	if (err)
		ret_status->code = VMT_EXIT_FAILED;
	return err;
}

const struct vmt_command vmt_command_where = {
	.name = "where",
	.usage = "vmtrace where [OPTIONS] RECORDING ADDRESS",
	.help = help,
	.run = run,
};
