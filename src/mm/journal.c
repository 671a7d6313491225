/* SPDX-License-Identifier: MIT */
/*
 * The journal of the running step: which VMAs there were before, and which there are after.
 *
 *   vmt_step_begin   nothing touched yet
 *   …                the first change of a VMA puts its old look into step->removed and the VMA
 *                    into space->touched; a new VMA goes into touched only
 *   vmt_step_end     what was touched and still lives goes into step->added; a VMA that looks as
 *                    before cancels out
 *
 * So "the layout before, less removed, plus added, is the layout after" holds by construction.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "pgtable.h"
#include "space.h"

void vmt_step_init(struct vmt_step *step)
{
	*step = (struct vmt_step){ 0 };
}

void vmt_step_deinit(struct vmt_step *step)
{
	vmt_array_deinit(&step->removed);
	vmt_array_deinit(&step->added);
	vmt_array_deinit(&step->step_numbers);
	vmt_array_deinit(&step->path);
}

bool vmt_step_has_why(const struct vmt_step *step, enum vmt_why_id id)
{
	for (unsigned i = 0; i < step->why_count; i++) {
		if (step->why[i].id == id)
			return true;
	}
	return false;
}

void vmt_step_why(struct vmt_step *step, struct vmt_why why)
{
	/* A call over many VMAs meets the same reason many times: once is enough. */
	if (vmt_step_has_why(step, why.id))
		return;
	if (step->why_count < VMT_STEP_WHY_MAX)
		step->why[step->why_count++] = why;
}

/* Empties a step for use again; its arrays keep their memory. */
static void step_clear(struct vmt_step *step)
{
	struct vmt_step clean = { 0 };

	clean.removed.data = step->removed.data;
	clean.removed.capacity = step->removed.capacity;
	clean.added.data = step->added.data;
	clean.added.capacity = step->added.capacity;
	clean.step_numbers.data = step->step_numbers.data;
	clean.step_numbers.capacity = step->step_numbers.capacity;
	clean.path.data = step->path.data;
	clean.path.capacity = step->path.capacity;
	clean.file_name = clean.actor = clean.object = clean.what = "";
	clean.purpose = clean.title = "";
	*step = clean;
}

void vmt_step_begin(struct vmt_space *space, struct vmt_step *step)
{
	assert(!space->step);
	step_clear(step);
	step->space = space->number;
	step->number = space->next_step;
	space->step = step;
	space->serial++;
	space->moment++;
	vmt_array_clear(&space->touched);
	space->dirty.count = 0;
	space->path_depth = 0;
}

/* The look of @vma with its history, whose numbers go to @numbers. */
static struct vmt_vma_view view_of(const struct vmt_space *space, const struct vmt_vma *vma,
				   uint32_t **ret_numbers, size_t *ret_count)
{
	struct vmt_vma_view view = {
		.map = vmt_vma_mapping(space, vma),
		.vm_flags = vma->flags,
	};

	view.steps_left_out = vmt_history_steps(space, vmt_vma_start(vma), vmt_vma_end(vma),
						ret_numbers, ret_count);
	view.step_count = *ret_count;
	return view;
}

#define push_view(space, vma, views, numbers) \
	do { \
		uint32_t *listed; \
		size_t listed_count; \
		struct vmt_vma_view view = view_of(space, vma, &listed, &listed_count); \
\
		view.first_step = (numbers)->count; \
		(numbers)->data = \
			vmt_array_grow((numbers)->data, &(numbers)->capacity, \
				       (numbers)->count + listed_count, sizeof(*(numbers)->data)); \
		if (listed_count) \
			memcpy((numbers)->data + (numbers)->count, listed, \
			       listed_count * sizeof(*listed)); \
		(numbers)->count += listed_count; \
		vmt_array_free(listed); \
		vmt_array_push(views, view); \
	} while (0)

void vmt_space_touch(struct vmt_space *space, struct vmt_vma *vma)
{
	struct vmt_step *step = space->step;

	assert(step);
	if (vma->serial == space->serial)
		return;
	vma->serial = space->serial;
	push_view(space, vma, &step->removed, &step->step_numbers);
	vmt_array_push(&space->touched, vma);
}

static int compare_views(const void *a, const void *b)
{
	const struct vmt_vma_view *x = a;
	const struct vmt_vma_view *y = b;

	return x->map.start < y->map.start ? -1 : x->map.start > y->map.start;
}

static bool views_look_alike(const struct vmt_vma_view *a, const struct vmt_vma_view *b)
{
	return a->map.start == b->map.start && a->map.end == b->map.end &&
	       a->map.perms == b->map.perms && a->map.offset == b->map.offset &&
	       a->map.inode == b->map.inode && a->map.dev_major == b->map.dev_major &&
	       a->map.dev_minor == b->map.dev_minor && a->vm_flags == b->vm_flags &&
	       strcmp(a->map.name, b->map.name) == 0;
}

/* Drops the pairs that did not change; both lists are sorted by start. */
static void cancel_unchanged(struct vmt_step *step)
{
	size_t r = 0, a = 0, kept_r = 0, kept_a = 0;

	while (r < step->removed.count || a < step->added.count) {
		struct vmt_vma_view *removed =
			r < step->removed.count ? &step->removed.data[r] : NULL;
		struct vmt_vma_view *added = a < step->added.count ? &step->added.data[a] : NULL;

		if (removed && added && views_look_alike(removed, added)) {
			r++;
			a++;
		} else if (removed && (!added || removed->map.start <= added->map.start)) {
			step->removed.data[kept_r++] = *removed;
			r++;
		} else {
			step->added.data[kept_a++] = *added;
			a++;
		}
	}
	step->removed.count = kept_r;
	step->added.count = kept_a;
}

static void sort_views(struct vmt_vma_view *views, size_t count)
{
	if (count > 1)
		qsort(views, count, sizeof(*views), compare_views);
}

/* Reasons for which the kernel may have answered otherwise; others are about the layout alone. */
static bool explains_result(enum vmt_reason reason)
{
	switch (reason) {
	case VMT_REASON_NOT_MODELLED:
	case VMT_REASON_ORDER_INFERRED:
	case VMT_REASON_OTHER_PROCESS:
	case VMT_REASON_SECCOMP:
	case VMT_REASON_UNREADABLE:
		return true;
	default:
		return false;
	}
}

/*
 * A wrong prediction is told even when the layout came out right, and what led to it is not what
 * happened.
 */
static void judge_prediction(struct vmt_step *step)
{
	if (!step->event || !step->predicted || step->expected == step->event->result)
		return;
	step->check = VMT_CHECK_ADJUSTED;
	step->why_count = 0;
	if (!explains_result(step->reason))
		step->reason = VMT_REASON_UNEXPLAINED;
}

void vmt_step_end(struct vmt_space *space, struct vmt_step *step)
{
	assert(space->step == step);
	judge_prediction(step);
	for (unsigned i = 0; i < space->dirty.count; i++)
		vmt_history_sync(space, space->dirty.rows[i].start, space->dirty.rows[i].end,
				 step->number);
	for (size_t i = 0; i < space->touched.count; i++) {
		struct vmt_vma *vma = space->touched.data[i];

		if (vma->gone)
			free(vma);
		else
			push_view(space, vma, &step->added, &step->step_numbers);
	}
	vmt_array_clear(&space->touched);
	sort_views(step->removed.data, step->removed.count);
	sort_views(step->added.data, step->added.count);
	cancel_unchanged(step);
	vmt_pgtables_step_end(space, step);
	space->next_step++;
	space->step = NULL;
}

void vmt_step_cancel(struct vmt_space *space)
{
	assert(space->step);
	space->step = NULL;
}

void vmt_step_gate(struct vmt_step *step, const struct vmt_mapping *row)
{
	struct vmt_vma_view view = {
		.map = *row,
		.first_step = step->step_numbers.count,
		.step_count = 1,
	};

	vmt_array_push(&step->step_numbers, step->number);
	vmt_array_push(&step->added, view);
}

void vmt_space_view(const struct vmt_space *space, struct vmt_view_list *ret_list)
{
	*ret_list = (struct vmt_view_list){ 0 };
	for (struct vmt_vma *vma = vmt_space_first(space); vma; vma = vmt_vma_next(vma))
		push_view(space, vma, &ret_list->rows, &ret_list->step_numbers);
	for (size_t i = 0; i < space->gates.count; i++) {
		struct vmt_vma_view view = {
			.map = space->gates.data[i],
			.first_step = ret_list->step_numbers.count,
			.step_count = 1,
		};

		vmt_array_push(&ret_list->step_numbers, space->gate_steps.data[i]);
		vmt_array_push(&ret_list->rows, view);
	}
}

void vmt_view_list_deinit(struct vmt_view_list *list)
{
	vmt_array_deinit(&list->rows);
	vmt_array_deinit(&list->step_numbers);
}
