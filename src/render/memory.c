/* SPDX-License-Identifier: MIT */
/*
 * memory: see memory.h. A step costs 24 bytes here, its texts are shared.
 */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

static void space_free(struct vmt_text_space *space)
{
	vmt_array_deinit(&space->steps);
	vmt_gone_deinit(&space->gone);
	vmt_fold_deinit(&space->fold);
	free(space);
}

void vmt_text_spaces_deinit(struct vmt_text_spaces *spaces)
{
	for (size_t i = 0; i < spaces->rows.count; i++)
		space_free(spaces->rows.data[i]);
	vmt_array_deinit(&spaces->rows);
}

/* Index of the first space whose number is not below @number. */
static size_t lower_bound(const struct vmt_text_spaces *spaces, uint32_t number)
{
	size_t low = 0;
	size_t high = spaces->rows.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spaces->rows.data[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct vmt_text_space *vmt_text_spaces_get(struct vmt_text_spaces *spaces, uint32_t number)
{
	size_t at = lower_bound(spaces, number);
	struct vmt_text_space *space;

	if (at < spaces->rows.count && spaces->rows.data[at]->number == number)
		return spaces->rows.data[at];
	space = vmt_calloc(1, sizeof(*space));
	space->number = number;
	space->address_columns = 12;
	vmt_array_push(&spaces->rows, space);
	memmove(&spaces->rows.data[at + 1], &spaces->rows.data[at],
		(spaces->rows.count - 1 - at) * sizeof(spaces->rows.data[0]));
	spaces->rows.data[at] = space;
	return space;
}

void vmt_text_space_add(struct vmt_text_space *space, const struct vmt_step *step)
{
	struct vmt_done_step done = {
		.number = step->number,
		.actor = step->actor,
		.title = step->title,
	};

	if (space->steps.count && space->steps.data[space->steps.count - 1].number >= step->number)
		return;
	vmt_array_push(&space->steps, done);
}

const struct vmt_done_step *vmt_text_space_find(const struct vmt_text_space *space, uint32_t number)
{
	size_t low = 0;
	size_t high = space->steps.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (space->steps.data[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < space->steps.count && space->steps.data[low].number == number
		       ? &space->steps.data[low]
		       : NULL;
}
