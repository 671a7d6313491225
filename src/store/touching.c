/* SPDX-License-Identifier: MIT */
/*
 * Which steps an address has to do with: the births and deaths of the rectangles over it, and the
 * steps without a change that name it.
 *
 * The rectangles over one address follow each other, as two mappings of a space are never at one place,
 * and their rows do so in the same order. So where there are very many the first and the last can be found
 * without the others, from both ends, with those that live long leaving little to look through:
 *
 *	address |   ||||||||  +------- lives long -------+  ||||||||
 *	        +--------------------------------------------------------> step, and row
 *	            from here >                                < and here
 */
#include <errno.h>
#include <stdlib.h>

#include "recording.h"

enum {
	FEW = 20000, /* rows that an index leads to and that are just looked at */
};

/* What the question is, and what has been found of the answer. */
struct search {
	struct vmt_recording *recording;
	uint32_t space;
	uint64_t address;
	size_t most; /* steps of either end */
};

/* Steps of one kind, from both ends. */
struct ends {
	struct vmt_step_list front;
	struct vmt_step_list back; /* empty unless cut */
	bool cut; /* front and back are not all there are */
};

/* ---- Queries ----------------------------------------------------------------------------------- */

/* The query, with space and address as its first two values. */
static sqlite3_stmt *ask(const struct search *search, enum vmt_query which)
{
	sqlite3_stmt *query = vmt_recording_query(search->recording, which);

	sqlite3_bind_int64(query, 1, search->space);
	sqlite3_bind_int64(query, 2, (int64_t)search->address);
	return query;
}

static void push_step(const struct search *search, sqlite3_stmt *query, int column,
		      struct vmt_step_list *list)
{
	if (!vmt_column_null(query, column))
		vmt_array_push(list, (uint32_t)vmt_column_number(search->recording, query, column,
								 UINT32_MAX));
}

/* The steps in the columns of each row, one or two. */
static void push_rows(const struct search *search, sqlite3_stmt *query, struct vmt_step_list *list)
{
	while (vmt_recording_row(search->recording, query)) {
		for (int i = 0; i < sqlite3_column_count(query); i++)
			push_step(search, query, i, list);
	}
	sqlite3_reset(query);
}

static bool are_few(const struct search *search, enum vmt_query which)
{
	sqlite3_stmt *query = ask(search, which);
	bool few;

	sqlite3_bind_int64(query, 3, FEW);
	few = vmt_recording_row(search->recording, query) &&
	      vmt_column_number(search->recording, query, 0, INT64_MAX) < FEW;
	sqlite3_reset(query);
	return few;
}

/* ---- Lists of steps ---------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void sort_unique(struct vmt_step_list *list)
{
	size_t kept = 0;

	if (list->count > 1)
		qsort(list->data, list->count, sizeof(*list->data), compare_numbers);
	for (size_t i = 0; i < list->count; i++) {
		if (!kept || list->data[kept - 1] != list->data[i])
			list->data[kept++] = list->data[i];
	}
	list->count = kept;
}

/* Those up to @to and from @from on. */
static void append(struct vmt_step_list *list, const struct vmt_step_list *more, uint32_t to,
		   uint32_t from)
{
	for (size_t i = 0; i < more->count; i++) {
		if (more->data[i] <= to || more->data[i] >= from)
			vmt_array_push(list, more->data[i]);
	}
}

static void ends_deinit(struct ends *ends)
{
	vmt_array_deinit(&ends->front);
	vmt_array_deinit(&ends->back);
}

/* ---- Mappings ---------------------------------------------------------------------------------- */

/* The number that @which has for the steps, or @otherwise. */
static int64_t ask_row(struct vmt_recording *recording, enum vmt_query which, int64_t first,
		       int64_t last, int64_t otherwise)
{
	sqlite3_stmt *query = vmt_recording_query(recording, which);

	sqlite3_bind_int64(query, 1, first);
	sqlite3_bind_int64(query, 2, last);
	if (vmt_recording_row(recording, query))
		otherwise = (int64_t)vmt_column_number(recording, query, 0, INT64_MAX);
	sqlite3_reset(query);
	return otherwise;
}

int64_t vmt_read_first_row(struct vmt_recording *recording, uint32_t space, uint32_t first,
			   uint32_t last)
{
	return ask_row(recording, VMT_QUERY_FIRST_ADDED, vmt_store_step_id(space, first),
		       vmt_store_step_id(space, last), INT64_MAX);
}

int64_t vmt_read_end_row(struct vmt_recording *recording, uint32_t space, uint32_t first,
			 uint32_t last)
{
	return ask_row(recording, VMT_QUERY_LAST_ADDED, vmt_store_step_id(space, first),
		       vmt_store_step_id(space, last), 0);
}

static int64_t first_row(const struct search *search, uint32_t step)
{
	return vmt_read_first_row(search->recording, search->space, step, UINT32_MAX);
}

/* The rows from step @from to before @to (UINT32_MAX: to the end), in the direction of @which. */
static void look_between(const struct search *search, enum vmt_query which, uint32_t from,
			 uint32_t to, struct vmt_step_list *list)
{
	int64_t first = from ? first_row(search, from) : 0;
	int64_t end = to == UINT32_MAX ? INT64_MAX : first_row(search, to);
	sqlite3_stmt *query;

	if (list->count >= search->most || first >= end)
		return;
	query = ask(search, which);
	sqlite3_bind_int64(query, 3, first);
	sqlite3_bind_int64(query, 4, end);
	sqlite3_bind_int64(query, 5, (int64_t)vmt_min_u64(search->most - list->count, INT64_MAX));
	push_rows(search, query, list);
}

/*
 * Pairs of the steps in which what lives long over the address came and went, ascending; what has not
 * gone goes at UINT32_MAX.
 */
static void find_long(const struct search *search, struct vmt_step_list *ret_list)
{
	sqlite3_stmt *query;

	if (!search->recording->indexed)
		return;
	query = ask(search, VMT_QUERY_OVER_LONG);
	while (vmt_recording_row(search->recording, query)) {
		push_step(search, query, 0, ret_list);
		push_step(search, query, 1, ret_list);
	}
	sqlite3_reset(query);
}

static void push_long(uint32_t step, struct vmt_step_list *list)
{
	if (step != UINT32_MAX)
		vmt_array_push(list, step);
}

static void look_forwards(const struct search *search, const struct vmt_step_list *living,
			  struct vmt_step_list *list)
{
	uint32_t from = 0;

	for (size_t i = 0; i + 1 < living->count && list->count < search->most; i += 2) {
		look_between(search, VMT_QUERY_OVER_FORWARDS, from, living->data[i], list);
		if (list->count >= search->most)
			return;
		push_long(living->data[i], list);
		push_long(living->data[i + 1], list);
		from = living->data[i + 1];
	}
	if (from != UINT32_MAX)
		look_between(search, VMT_QUERY_OVER_FORWARDS, from, UINT32_MAX, list);
}

static void look_backwards(const struct search *search, const struct vmt_step_list *living,
			   struct vmt_step_list *list)
{
	uint32_t to = UINT32_MAX;

	for (size_t i = living->count / 2; i > 0 && list->count < search->most; i--) {
		uint32_t born = living->data[2 * i - 2];
		uint32_t died = living->data[2 * i - 1];

		if (died != UINT32_MAX)
			look_between(search, VMT_QUERY_OVER_BACKWARDS, died, to, list);
		if (list->count >= search->most)
			return;
		push_long(died, list);
		push_long(born, list);
		to = born;
	}
	look_between(search, VMT_QUERY_OVER_BACKWARDS, 0, to, list);
}

/*
 * Since something stays at or below the address to the end, nothing that begins below it can reach the
 * address; and all that was before that may be little. False if it is not, with nothing done.
 *
 *	address  ......... . . |||| ......  few
 *	         . . . +----- stays ------
 *	         ||||| |||||||||||||||||||  as many as may be
 */
static bool look_above_floor(const struct search *search, struct vmt_step_list *list)
{
	sqlite3_stmt *query = ask(search, VMT_QUERY_FLOOR);
	int64_t start = 0, before;
	uint32_t born = 0;
	bool found = vmt_recording_row(search->recording, query), few;

	if (found) {
		start = (int64_t)vmt_column_word(search->recording, query, 0);
		born = (uint32_t)vmt_column_number(search->recording, query, 1, UINT32_MAX);
	}
	sqlite3_reset(query);
	if (!found)
		return false;
	before = born ? first_row(search, born) : 0;
	query = ask(search, VMT_QUERY_COUNT_ABOVE);
	sqlite3_bind_int64(query, 3, FEW);
	sqlite3_bind_int64(query, 4, start);
	few = before < FEW && vmt_recording_row(search->recording, query) &&
	      vmt_column_number(search->recording, query, 0, INT64_MAX) < FEW;
	sqlite3_reset(query);
	if (!few)
		return false;
	query = ask(search, VMT_QUERY_OVER_FORWARDS);
	sqlite3_bind_int64(query, 3, 0);
	sqlite3_bind_int64(query, 4, before);
	sqlite3_bind_int64(query, 5, FEW);
	push_rows(search, query, list);
	query = ask(search, VMT_QUERY_OVER_ABOVE);
	sqlite3_bind_int64(query, 3, start);
	push_rows(search, query, list);
	return true;
}

static void find_mappings(const struct search *search, struct ends *ends)
{
	struct vmt_step_list living = { 0 };
	bool indexed = search->recording->indexed;

	if (indexed && (search->most == SIZE_MAX || (are_few(search, VMT_QUERY_COUNT_AT) &&
						     are_few(search, VMT_QUERY_COUNT_LARGE)))) {
		push_rows(search, ask(search, VMT_QUERY_OVER), &ends->front);
		push_rows(search, ask(search, VMT_QUERY_OVER_LARGE), &ends->front);
		return;
	}
	if (indexed && look_above_floor(search, &ends->front))
		return;
	find_long(search, &living);
	look_forwards(search, &living, &ends->front);
	ends->cut = ends->front.count >= search->most;
	if (ends->cut)
		look_backwards(search, &living, &ends->back);
	vmt_array_deinit(&living);
}

/* ---- Steps without a change ---------------------------------------------------------------------- */

static void find_pointing(const struct search *search, struct ends *ends)
{
	sqlite3_stmt *query;

	if (search->recording->indexed &&
	    (search->most == SIZE_MAX || are_few(search, VMT_QUERY_COUNT_POINTING))) {
		push_rows(search, ask(search, VMT_QUERY_POINTING), &ends->front);
		return;
	}
	for (int back = 0; back < 2 && (!back || ends->cut); back++) {
		query = ask(search,
			    back ? VMT_QUERY_POINTING_BACKWARDS : VMT_QUERY_POINTING_FORWARDS);
		sqlite3_bind_int64(query, 3, vmt_store_step_id(search->space, 0));
		sqlite3_bind_int64(query, 4, vmt_store_step_id(search->space, UINT32_MAX));
		sqlite3_bind_int64(query, 5, (int64_t)vmt_min_u64(search->most, INT64_MAX));
		push_rows(search, query, back ? &ends->back : &ends->front);
		ends->cut = ends->front.count >= search->most;
	}
}

/* ---- Both ---------------------------------------------------------------------------------------- */

/* What both know together: a list that was cut knows nothing from where it was cut to its other end. */
static void join(struct ends *const both[2], struct vmt_step_list *list, size_t *ret_gap)
{
	uint32_t to = UINT32_MAX, from = 0;

	for (size_t i = 0; i < 2; i++) {
		const struct vmt_step_list *front = &both[i]->front, *back = &both[i]->back;

		sort_unique(&both[i]->front);
		sort_unique(&both[i]->back);
		if (!both[i]->cut)
			continue;
		to = (uint32_t)vmt_min_u64(to, front->count ? front->data[front->count - 1] : 0);
		from = (uint32_t)vmt_max_u64(from, back->count ? back->data[0] : 0);
	}
	for (size_t i = 0; i < 2; i++) {
		append(list, &both[i]->front, to, from);
		append(list, &both[i]->back, to, from);
	}
	sort_unique(list);
	*ret_gap = list->count;
	for (size_t i = 0; from > to && from - to > 1 && i < list->count && *ret_gap == list->count;
	     i++) {
		if (list->data[i] > to)
			*ret_gap = i;
	}
}

int vmt_recording_touching(struct vmt_recording *recording, uint32_t space, uint64_t address,
			   size_t most, struct vmt_step_list *ret_list, size_t *ret_gap,
			   struct vmt_error *error)
{
	const struct search search = { recording, space, address, most };
	struct ends mappings = { .cut = false };
	struct ends pointing = { .cut = false };
	struct ends *const both[] = { &mappings, &pointing };

	vmt_array_clear(ret_list);
	find_mappings(&search, &mappings);
	find_pointing(&search, &pointing);
	if (!recording->bad)
		join(both, ret_list, ret_gap);
	ends_deinit(&mappings);
	ends_deinit(&pointing);
	return vmt_recording_verdict(recording, error);
}
