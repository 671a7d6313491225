/* SPDX-License-Identifier: MIT */
/*
 * The history of a space (history.h draws it). A piece that very many steps touched keeps its
 * first and its latest ones and counts the rest.
 */
#include "history.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	PIECE_STEPS_MAX = 32, /* steps that one piece lists */
	PIECE_STEPS_FIRST = 8, /* of these, the oldest ones that are never dropped */
	VIEW_PIECES_MAX = 256, /* pieces that one VMA's view looks at */
	VIEW_STEPS_MAX = 32, /* steps that it lists */
};

struct piece {
	struct vmt_range range; /* first */
	uint32_t count;
	uint32_t left_out;
	uint32_t capacity;
	uint32_t *steps; /* ascending */
};

static struct piece *piece_of(struct vmt_range *range)
{
	return (struct piece *)range;
}

static void piece_free(struct piece *piece)
{
	free(piece->steps);
	free(piece);
}

static void piece_add(struct piece *piece, uint32_t step)
{
	if (piece->count && piece->steps[piece->count - 1] == step)
		return;
	if (piece->count == PIECE_STEPS_MAX) {
		memmove(piece->steps + PIECE_STEPS_FIRST, piece->steps + PIECE_STEPS_FIRST + 1,
			(PIECE_STEPS_MAX - PIECE_STEPS_FIRST - 1) * sizeof(*piece->steps));
		piece->count--;
		piece->left_out++;
	}
	if (piece->count == piece->capacity) {
		piece->capacity = piece->capacity ? 2 * piece->capacity : 1;
		piece->steps = vmt_realloc(piece->steps, piece->capacity, sizeof(*piece->steps));
	}
	piece->steps[piece->count++] = step;
}

static struct piece *piece_new(uint64_t start, uint64_t end)
{
	struct piece *piece = vmt_calloc(1, sizeof(*piece));

	piece->range.start = start;
	piece->range.end = end;
	return piece;
}

static struct piece *piece_copy(const struct piece *from, uint64_t start, uint64_t end)
{
	struct piece *piece = piece_new(start, end);

	piece->count = piece->capacity = from->count;
	piece->left_out = from->left_out;
	piece->steps = vmt_malloc(from->count * sizeof(*piece->steps));
	memcpy(piece->steps, from->steps, from->count * sizeof(*piece->steps));
	return piece;
}

/* Makes @address a border between pieces. */
static void cut(struct vmt_space *space, uint64_t address)
{
	struct vmt_range *range = vmt_range_at(&space->pieces, address);
	struct piece *upper;

	if (!range || range->start == address)
		return;
	upper = piece_copy(piece_of(range), address, range->end);
	vmt_range_resize(&space->pieces, range, range->start, address);
	vmt_range_insert(&space->pieces, &upper->range);
}

void vmt_history_mark(struct vmt_space *space, uint64_t start, uint64_t end, uint32_t step)
{
	if (start >= end)
		return;
	cut(space, start);
	cut(space, end);
	for (struct vmt_range *range = vmt_range_find(&space->pieces, start);
	     range && range->start < end; range = range->next)
		piece_add(piece_of(range), step);
}

void vmt_history_point(struct vmt_space *space, uint64_t address, uint32_t step)
{
	struct vmt_range *range = vmt_range_at(&space->pieces, address);

	if (range)
		piece_add(piece_of(range), step);
}

void vmt_history_drop(struct vmt_space *space, uint64_t start, uint64_t end)
{
	struct vmt_range *next;

	if (start >= end)
		return;
	cut(space, start);
	cut(space, end);
	for (struct vmt_range *range = vmt_range_find(&space->pieces, start);
	     range && range->start < end; range = next) {
		next = range->next;
		vmt_range_erase(&space->pieces, range);
		piece_free(piece_of(range));
	}
}

void vmt_history_copy(struct vmt_space *space, uint64_t from, uint64_t length, uint64_t to)
{
	VMT_ARRAY(struct piece *) copies = { 0 };

	if (!length)
		return;
	for (struct vmt_range *range = vmt_range_find(&space->pieces, from);
	     range && range->start < from + length; range = range->next) {
		uint64_t start = vmt_max_u64(range->start, from);
		uint64_t end = vmt_min_u64(range->end, from + length);

		vmt_array_push(&copies,
			       piece_copy(piece_of(range), start - from + to, end - from + to));
	}
	vmt_history_drop(space, to, to + length);
	for (size_t i = 0; i < copies.count; i++)
		vmt_range_insert(&space->pieces, &copies.data[i]->range);
	vmt_array_deinit(&copies);
}

/* Fills the holes that the pieces leave in [start, end). */
static void fill(struct vmt_space *space, uint64_t start, uint64_t end, uint32_t step)
{
	struct vmt_range *range = vmt_range_find(&space->pieces, start);

	while (start < end) {
		uint64_t stop = range && range->start < end ? range->start : end;

		if (start < stop) {
			struct piece *piece = piece_new(start, stop);

			piece_add(piece, step);
			vmt_range_insert(&space->pieces, &piece->range);
		}
		if (!range)
			break;
		start = vmt_max_u64(stop, range->end);
		range = range->next;
	}
}

void vmt_history_sync(struct vmt_space *space, uint64_t start, uint64_t end, uint32_t step)
{
	struct vmt_vma *vma = vmt_find_vma(space, start);

	while (start < end) {
		uint64_t used = vma ? vmt_max_u64(vmt_vma_start(vma), start) : end;

		vmt_history_drop(space, start, vmt_min_u64(used, end));
		if (!vma || used >= end)
			break;
		start = vmt_min_u64(vmt_vma_end(vma), end);
		fill(space, used, start, step);
		vma = vmt_vma_next(vma);
	}
}

/* Ascending and unique */
struct numbers {
	VMT_ARRAY(uint32_t) list;
};

/* The place of the first number that is not below @step. */
static size_t place_of(const struct numbers *numbers, uint32_t step)
{
	size_t low = 0;
	size_t high = numbers->list.count;

	/* Most often all are below: what lies higher up was made later. */
	if (high && numbers->list.data[high - 1] < step)
		return high;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (numbers->list.data[middle] < step)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How many of @steps are not in the list. */
static size_t count_new(const struct numbers *numbers, const uint32_t *steps, size_t count)
{
	size_t at = count ? place_of(numbers, steps[0]) : 0;
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		while (at < numbers->list.count && numbers->list.data[at] < steps[i])
			at++;
		found += at == numbers->list.count || numbers->list.data[at] != steps[i];
	}
	return found;
}

/* Merges the steps of a piece into the list, from the end, so that nothing is written over. */
static void take_steps(struct numbers *numbers, const uint32_t *steps, size_t count)
{
	size_t added = count_new(numbers, steps, count);
	size_t from = numbers->list.count;
	size_t to = from + added;

	if (!added)
		return;
	numbers->list.data = vmt_array_grow(numbers->list.data, &numbers->list.capacity, to,
					    sizeof(*numbers->list.data));
	numbers->list.count = to;
	while (to > from) {
		uint32_t step = steps[--count];

		while (from && numbers->list.data[from - 1] > step)
			numbers->list.data[--to] = numbers->list.data[--from];
		if (!from || numbers->list.data[from - 1] != step)
			numbers->list.data[--to] = step;
	}
}

size_t vmt_history_steps(const struct vmt_space *space, uint64_t start, uint64_t end,
			 uint32_t **ret_numbers, size_t *ret_count)
{
	struct numbers all = { 0 };
	size_t left_out = 0;
	size_t looked_at = 0;

	for (struct vmt_range *range = vmt_range_find(&space->pieces, start);
	     range && range->start < end; range = range->next) {
		const struct piece *piece = piece_of(range);

		if (looked_at++ == VIEW_PIECES_MAX) {
			left_out++;
			break;
		}
		left_out += piece->left_out;
		take_steps(&all, piece->steps, piece->count);
	}
	if (all.list.count > VIEW_STEPS_MAX) {
		left_out += all.list.count - VIEW_STEPS_MAX;
		all.list.count = VIEW_STEPS_MAX;
	}
	*ret_numbers = all.list.data;
	*ret_count = all.list.count;
	return left_out;
}

void vmt_history_free(struct vmt_space *space)
{
	struct vmt_range *next;

	for (struct vmt_range *range = space->pieces.first; range; range = next) {
		next = range->next;
		piece_free(piece_of(range));
	}
	space->pieces = (struct vmt_range_set){ 0 };
}
