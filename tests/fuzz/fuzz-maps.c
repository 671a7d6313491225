/* SPDX-License-Identifier: MIT */
/*
 * fuzz-maps: any bytes as the text of /proc/PID/maps, or as two of them with a NUL between. A text is
 * refused, or its rows ascend, and printed again they are the same rows. Two texts can be compared as
 * `vmtrace diff` does: each row of both is in one pair, and a text is the same as itself.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmtrace/compare.h"
#include "vmtrace/render.h"
#include "vmtrace/trace.h"

enum {
	ROWS_MAX = 2000, /* compared of one input */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build for release must check as well. */
static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool parse(const char *text, size_t length, struct vmt_names *names,
		  struct vmt_layout *layout)
{
	uint64_t end = 0;

	if (vmt_maps_parse(text, length, names, layout) < 0) {
		require(layout->count == 0);
		return false;
	}
	for (size_t i = 0; i < layout->count; i++) {
		require(layout->data[i].start >= end);
		require(layout->data[i].start < layout->data[i].end);
		end = layout->data[i].end;
	}
	return true;
}

static bool equal(const struct vmt_mapping *a, const struct vmt_mapping *b)
{
	return a->start == b->start && a->end == b->end && a->perms == b->perms &&
	       a->offset == b->offset && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor && a->inode == b->inode && a->name == b->name &&
	       a->gate == b->gate;
}

/* What is printed of the rows is read as the same rows. */
static void print_again(const struct vmt_layout *layout, struct vmt_names *names)
{
	struct vmt_view_list list = { 0 };
	struct vmt_layout again = { 0 };
	char *text = NULL;
	size_t length = 0;
	FILE *file = open_memstream(&text, &length);

	require(file != NULL);
	for (size_t i = 0; i < layout->count; i++) {
		struct vmt_vma_view view = { .map = layout->data[i] };

		vmt_array_push(&list.rows, view);
	}
	vmt_render_maps(file, &list, 64, false);
	require(fclose(file) == 0);
	require(parse(text, length, names, &again) && again.count == layout->count);
	for (size_t i = 0; i < layout->count; i++)
		require(equal(&layout->data[i], &again.data[i]));
	vmt_layout_deinit(&again);
	vmt_view_list_deinit(&list);
	free(text);
}

static struct vmt_compare_side side_of(const struct vmt_layout *layout, struct vmt_names *names)
{
	struct vmt_compare_side side = { 0 };

	for (size_t i = 0; i < layout->count && i < ROWS_MAX; i++) {
		struct vmt_compare_row row = {
			.map = layout->data[i],
			.maker = vmt_names_add(names, ""),
			.made = VMT_MADE_UNKNOWN,
		};

		vmt_array_push(&side, row);
	}
	return side;
}

/* Each row of the side is in one of the pairs, and no row stands in two. */
static void is_complete(const struct vmt_comparison *found, size_t count, bool second)
{
	bool *seen = vmt_calloc(count + 1, sizeof(*seen));
	size_t pairs = 0;

	for (size_t i = 0; i < found->pairs.count; i++) {
		const struct vmt_compare_pair *pair = &found->pairs.data[i];
		size_t row = second ? pair->b : pair->a;

		if (row == VMT_NO_ROW)
			continue;
		require(row < count && !seen[row]);
		seen[row] = true;
		pairs++;
	}
	require(pairs == count);
	free(seen);
}

static void compare(const struct vmt_layout *a, const struct vmt_layout *b, bool addresses,
		    struct vmt_names *names)
{
	const struct vmt_compare_options options = { .addresses = addresses, .page_bytes = 4096 };
	struct vmt_compare_side side_a = side_of(a, names), side_b = side_of(b, names);
	struct vmt_comparison found = { 0 };

	vmt_compare_layouts(&side_a, &side_b, &options, &found);
	is_complete(&found, side_a.count, false);
	is_complete(&found, side_b.count, true);
	if (a == b)
		require(found.same);
	vmt_comparison_deinit(&found);
	vmt_compare_side_deinit(&side_a);
	vmt_compare_side_deinit(&side_b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *end = size ? memchr(text, '\0', size) : NULL;
	size_t length = end ? (size_t)(end - text) : size;
	struct vmt_names *names = vmt_names_new();
	struct vmt_layout first = { 0 }, second = { 0 };

	if (end)
		(void)!parse(text, size, names, &first);
	if (parse(text, length, names, &first)) {
		print_again(&first, names);
		compare(&first, &first, true, names);
		if (end && parse(end + 1, size - length - 1, names, &second)) {
			compare(&first, &second, false, names);
			compare(&first, &second, true, names);
		}
	}
	vmt_layout_deinit(&first);
	vmt_layout_deinit(&second);
	vmt_names_free(names);
	return 0;
}
