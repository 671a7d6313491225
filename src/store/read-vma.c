/* SPDX-License-Identifier: MIT */
/*
 * Rows of vma become views again: what a step took away and brought, and the layout at any step,
 * which is all rectangles over it:
 *
 *	step ^        +---+
 *	     |  +-----|   |--+
 *	   N +--|-----|---|--|---------    those born up to N that have not died by N
 *	     |  |     +---+  +
 *	     |  +---------
 *	     +----------------------> address
 *
 * Those born in the last 1024 steps are found by their numbers, which the steps have; the older ones
 * have either died or live long, and of these there is an index.
 */
#include <stdlib.h>
#include <string.h>

#include "recording.h"

/* Columns of the queries for VMAs, and from STEP on of those for looks. */
enum {
	ID,
	SPACE,
	BORN,
	DIED,
	START,
	LENGTH,
	PERMS,
	OFFSET,
	OBJECT,
	VM_FLAGS,
	STEPS,
	STEPS_LEFT_OUT,
	LOOKS,
};

enum {
	LOOK_STEP,
	LOOK_OBJECT,
	LOOK_VM_FLAGS,
	LOOK_STEPS,
	LOOK_STEPS_LEFT_OUT,
};

enum {
	RECENT_STEPS = 1024, /* as in the index vma_long */
	PERMS_MAX = 31,
};

/* ---- One VMA ------------------------------------------------------------------------------------- */

static void take_object(struct vmt_recording *recording, struct vmt_mapping *map,
			const struct vmt_read_object *object)
{
	map->name = object->name;
	map->dev_major = object->dev_major;
	map->dev_minor = object->dev_minor;
	map->inode = object->inode;
	(void)recording;
}

static void read_object(struct vmt_recording *recording, sqlite3_stmt *query, int column,
			struct vmt_mapping *map)
{
	int64_t id = (int64_t)vmt_column_number(recording, query, column, INT64_MAX);
	struct vmt_read_object object = { .name = "" };
	struct vmt_read_object *row;
	bool known;

	take_object(recording, map, &object);
	if (vmt_column_null(query, column) || recording->bad)
		return;
	row = vmt_cache_row(&recording->objects, id, &known);
	if (!known) {
		query = vmt_recording_query(recording, VMT_QUERY_OBJECT);
		sqlite3_bind_int64(query, 1, id);
		if (vmt_recording_row(recording, query)) {
			object.name = vmt_column_text(recording, query, 0);
			object.dev_major =
				(uint32_t)vmt_column_number(recording, query, 1, UINT32_MAX);
			object.dev_minor =
				(uint32_t)vmt_column_number(recording, query, 2, UINT32_MAX);
			object.inode = vmt_column_word(recording, query, 3);
		} else {
			vmt_recording_blame(recording, "object %lld is missing", (long long)id);
		}
		sqlite3_reset(query);
		*row = object;
	}
	take_object(recording, map, row);
}

/* The list in @column, of the steps that shaped the VMA; NULL is @usual alone. */
static void read_steps(struct vmt_recording *recording, sqlite3_stmt *query, int column,
		       uint32_t usual, struct vmt_read_vma *vma)
{
	vmt_array_clear(&vma->steps);
	if (vmt_column_null(query, column)) {
		vmt_array_push(&vma->steps, usual);
		return;
	}
	vmt_column_list(recording, query, column);
	for (size_t i = 0; i < recording->numbers.count; i++) {
		if (recording->numbers.data[i] > UINT32_MAX)
			vmt_recording_blame(recording, "a number of a step");
		vmt_array_push(&vma->steps, (uint32_t)recording->numbers.data[i]);
	}
}

/* The row that @query stands on, as it was born. */
static void read_vma(struct vmt_recording *recording, sqlite3_stmt *query, struct vmt_read_vma *vma)
{
	struct vmt_vma_view *view = &vma->view;
	uint64_t perms = vmt_column_number(recording, query, PERMS, PERMS_MAX);
	uint64_t start = vmt_column_word(recording, query, START);
	uint64_t length = vmt_column_word(recording, query, LENGTH);

	if (!length || length > UINT64_MAX - start)
		vmt_recording_blame(recording, "the range of a mapping");
	*view = (struct vmt_vma_view){
		.map = { .start = start,
			 .end = start + length,
			 .perms = (unsigned)perms & ~(unsigned)VMT_STORE_PERM_GATE,
			 .gate = perms & VMT_STORE_PERM_GATE,
			 .offset = vmt_column_word(recording, query, OFFSET) },
		.vm_flags = vmt_column_word(recording, query, VM_FLAGS),
		.steps_left_out = vmt_column_number(recording, query, STEPS_LEFT_OUT, UINT32_MAX),
	};
	vma->id = (int64_t)vmt_column_number(recording, query, ID, INT64_MAX);
	vma->space = (uint32_t)vmt_column_number(recording, query, SPACE, UINT32_MAX);
	vma->is_born = !vmt_column_null(query, BORN);
	vma->born = (uint32_t)vmt_column_number(recording, query, BORN, UINT32_MAX);
	vma->is_dead = !vmt_column_null(query, DIED);
	vma->died = (uint32_t)vmt_column_number(recording, query, DIED, UINT32_MAX);
	vma->looks = vmt_column_number(recording, query, LOOKS, 1);
	read_object(recording, query, OBJECT, &view->map);
	read_steps(recording, query, STEPS, vma->born, vma);
}

/* The row of look that @query stands on takes the place of how it was born. */
static void read_look(struct vmt_recording *recording, sqlite3_stmt *query,
		      struct vmt_read_vma *vma)
{
	read_object(recording, query, LOOK_OBJECT, &vma->view.map);
	vma->view.vm_flags = vmt_column_word(recording, query, LOOK_VM_FLAGS);
	vma->view.steps_left_out =
		vmt_column_number(recording, query, LOOK_STEPS_LEFT_OUT, UINT32_MAX);
	read_steps(recording, query, LOOK_STEPS, 0, vma);
}

/* How it was seen before step @step, if that was noted. */
static void look_again(struct vmt_recording *recording, uint64_t step, struct vmt_read_vma *vma)
{
	sqlite3_stmt *query;

	if (!vma->looks)
		return;
	query = vmt_recording_query(recording, VMT_QUERY_LOOK);
	sqlite3_bind_int64(query, 1, vma->id);
	sqlite3_bind_int64(query, 2, (int64_t)step);
	if (vmt_recording_row(recording, query))
		read_look(recording, query, vma);
	sqlite3_reset(query);
}

/*
 * As it was after step @number: if it was not looked at then, what the next look shows of its
 * history up to there.
 */
static void look_at(struct vmt_recording *recording, uint32_t number, struct vmt_read_vma *vma)
{
	uint64_t next = (uint64_t)number + 1;
	sqlite3_stmt *query;
	size_t kept = 0;

	if (!vma->looks)
		return;
	query = vmt_recording_query(recording, VMT_QUERY_NEXT_LOOK);
	sqlite3_bind_int64(query, 1, vma->id);
	sqlite3_bind_int64(query, 2, (int64_t)next);
	if (!vmt_recording_row(recording, query)) {
		sqlite3_reset(query);
		return;
	}
	if (vmt_column_number(recording, query, LOOK_STEP, (uint64_t)UINT32_MAX + 1) == next) {
		read_look(recording, query, vma);
	} else {
		read_steps(recording, query, LOOK_STEPS, 0, vma);
		for (size_t i = 0; i < vma->steps.count; i++) {
			if (vma->steps.data[i] <= number)
				vma->steps.data[kept++] = vma->steps.data[i];
		}
		vma->steps.count = kept;
	}
	sqlite3_reset(query);
}

/* ---- Those of a step ----------------------------------------------------------------------------- */

#define push_view(vma, list, numbers) \
	do { \
		(vma)->view.first_step = (numbers)->count; \
		(vma)->view.step_count = (vma)->steps.count; \
		for (size_t i_ = 0; i_ < (vma)->steps.count; i_++) \
			vmt_array_push(numbers, (vma)->steps.data[i_]); \
		vmt_array_push(list, (vma)->view); \
	} while (0)

/* Whether the row is the step's: it was born or died in it. */
static void check_owner(struct vmt_recording *recording, const struct vmt_read_vma *vma,
			const struct vmt_step *step, bool has, uint32_t number)
{
	if (vma->space != step->space || !has || number != step->number)
		vmt_recording_blame(recording, "a mapping of step %u of space %u", step->number,
				    step->space);
}

/* Row @id into @vma; false if there is none. */
static bool read_one(struct vmt_recording *recording, int64_t id, struct vmt_read_vma *vma)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_VMAS);
	bool found;

	sqlite3_bind_int64(query, 1, id);
	sqlite3_bind_int64(query, 2, id);
	found = vmt_recording_row(recording, query);
	if (found)
		read_vma(recording, query, vma);
	sqlite3_reset(query);
	return found;
}

/*
 * Row @id, from memory where a step brought it not long ago, as most VMAs die young; @own is a place
 * for it otherwise. NULL if it is missing.
 */
static struct vmt_read_vma *find_vma(struct vmt_recording *recording, int64_t id,
				     struct vmt_read_vma *own)
{
	struct vmt_read_vma *known = vmt_cache_peek(&recording->vmas, id);

	/* What it looks like at a step is read into it. */
	if (known && !known->looks)
		return known;
	return read_one(recording, id, own) ? own : NULL;
}

static void read_removed(struct vmt_recording *recording, struct vmt_step *step, uint64_t id)
{
	struct vmt_read_vma own = { 0 };
	struct vmt_read_vma *vma = NULL;

	if (id > INT64_MAX)
		vmt_recording_blame(recording, "the number of a mapping");
	else
		vma = find_vma(recording, (int64_t)id, &own);
	if (vma) {
		check_owner(recording, vma, step, vma->is_dead, vma->died);
		look_again(recording, step->number, vma);
		push_view(vma, &step->removed, &step->step_numbers);
	} else {
		vmt_recording_blame(recording, "mapping %llu is missing", (unsigned long long)id);
	}
	vmt_array_deinit(&own.steps);
}

void vmt_read_removed(struct vmt_recording *recording, struct vmt_step *step, sqlite3_stmt *query,
		      int column)
{
	VMT_ARRAY(uint64_t) ids = { 0 };

	if (vmt_column_null(query, column))
		return;
	if (sqlite3_column_type(query, column) == SQLITE_INTEGER) {
		read_removed(recording, step, vmt_column_word(recording, query, column));
		return;
	}
	vmt_column_list(recording, query, column);
	for (size_t i = 0; i < recording->numbers.count; i++)
		vmt_array_push(&ids, recording->numbers.data[i]);
	for (size_t i = 0; i < ids.count && !recording->bad; i++)
		read_removed(recording, step, ids.data[i]);
	vmt_array_deinit(&ids);
}

/*
 * The query that comes to row @first next. Steps in the order of the log bring rows in the order of
 * their numbers, so that one query serves them all.
 */
static sqlite3_stmt *vmas_from(struct vmt_recording *recording, int64_t first)
{
	sqlite3_stmt *query = recording->queries[VMT_QUERY_VMAS_FROM];

	if (query && recording->next_vma == first)
		return query;
	query = vmt_recording_query(recording, VMT_QUERY_VMAS_FROM);
	sqlite3_bind_int64(query, 1, first);
	return query;
}

static void read_added(struct vmt_recording *recording, struct vmt_step *step, int64_t id)
{
	sqlite3_stmt *query = vmas_from(recording, id);
	struct vmt_read_vma *vma;
	bool known;

	recording->next_vma = 0;
	if (!vmt_recording_row(recording, query)) {
		vmt_recording_blame(recording, "mapping %lld is missing", (long long)id);
		sqlite3_reset(query);
		return;
	}
	vma = vmt_cache_row(&recording->vmas, id, &known);
	read_vma(recording, query, vma);
	if (vma->id != id)
		vmt_recording_blame(recording, "mapping %lld is missing", (long long)id);
	check_owner(recording, vma, step, vma->is_born, vma->born);
	push_view(vma, &step->added, &step->step_numbers);
	recording->next_vma = id + 1;
}

void vmt_read_added(struct vmt_recording *recording, struct vmt_step *step, int64_t first,
		    uint64_t count)
{
	if (count && first > INT64_MAX - (int64_t)count)
		vmt_recording_blame(recording, "the number of a mapping");
	for (uint64_t i = 0; i < count && !recording->bad; i++)
		read_added(recording, step, first + (int64_t)i);
}

/* ---- Those alive --------------------------------------------------------------------------------- */

static int compare_views(const void *a, const void *b)
{
	const struct vmt_mapping *x = &((const struct vmt_vma_view *)a)->map;
	const struct vmt_mapping *y = &((const struct vmt_vma_view *)b)->map;

	if (x->gate != y->gate)
		return x->gate ? 1 : -1;
	return x->start < y->start ? -1 : x->start > y->start;
}

/* Adds what @query finds; space and step are its first two values. */
static void add_alive(struct vmt_recording *recording, sqlite3_stmt *query, uint32_t space,
		      uint32_t number)
{
	struct vmt_view_list *list = &recording->list;
	struct vmt_read_vma vma = { 0 };

	sqlite3_bind_int64(query, 1, space);
	sqlite3_bind_int64(query, 2, number);
	while (vmt_recording_row(recording, query)) {
		read_vma(recording, query, &vma);
		look_at(recording, number, &vma);
		push_view(&vma, &list->rows, &list->step_numbers);
	}
	sqlite3_reset(query);
	vmt_array_deinit(&vma.steps);
}

/* The numbers [*ret_first, *ret_end) of what the last steps up to @number made; empty if nothing. */
static void find_recent(struct vmt_recording *recording, uint32_t space, uint32_t number,
			int64_t *ret_first, int64_t *ret_end)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_RECENT);
	uint32_t from = number >= RECENT_STEPS ? number - RECENT_STEPS : 0;

	*ret_first = *ret_end = INT64_MAX;
	sqlite3_bind_int64(query, 1, vmt_store_step_id(space, from));
	sqlite3_bind_int64(query, 2, vmt_store_step_id(space, number));
	if (vmt_recording_row(recording, query) && !vmt_column_null(query, 0)) {
		*ret_first = (int64_t)vmt_column_number(recording, query, 0, INT64_MAX);
		*ret_end = (int64_t)vmt_column_number(recording, query, 1, INT64_MAX);
	}
	sqlite3_reset(query);
}

void vmt_read_alive(struct vmt_recording *recording, uint32_t space, uint32_t number)
{
	struct vmt_view_list *list = &recording->list;
	sqlite3_stmt *query;
	int64_t first, end;

	vmt_array_clear(&list->rows);
	vmt_array_clear(&list->step_numbers);
	if (!recording->indexed) {
		add_alive(recording, vmt_recording_query(recording, VMT_QUERY_ALIVE), space,
			  number);
	} else {
		find_recent(recording, space, number, &first, &end);
		query = vmt_recording_query(recording, VMT_QUERY_ALIVE_LONG);
		sqlite3_bind_int64(query, 3, first);
		add_alive(recording, query, space, number);
		query = vmt_recording_query(recording, VMT_QUERY_ALIVE_RECENT);
		sqlite3_bind_int64(query, 3, first);
		sqlite3_bind_int64(query, 4, end);
		add_alive(recording, query, space, number);
	}
	if (list->rows.count > 1)
		qsort(list->rows.data, list->rows.count, sizeof(*list->rows.data), compare_views);
}
