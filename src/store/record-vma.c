/* SPDX-License-Identifier: MIT */
/*
 * VMAs as rectangles. One that a step added is born; the step that removes it again, or changes its
 * look, lets it die. Its row is written at the end of the transaction, so that one that lives for
 * less than that, as most do, is written once and whole.
 *
 * A mapping that looks otherwise when it is seen again (a file was deleted, calls pointed into it)
 * gets a row in look: that is how the removed list of a step, or the last layout, showed it.
 */
#include <stdlib.h>
#include <string.h>

#include "recorder.h"

/* ---- Looks ----------------------------------------------------------------------------------- */

int64_t vmt_record_object(struct vmt_recorder *recorder, const struct vmt_mapping *map)
{
	int64_t name = vmt_recorder_text(recorder, map->name ? map->name : "");
	const uint64_t key[] = { (uint64_t)name, map->dev_major, map->dev_minor, map->inode };
	bool new_one;
	int64_t id;

	if (!map->inode && !map->dev_major && !map->dev_minor && !(map->name && map->name[0]))
		return 0;
	id = vmt_ids_get(&recorder->objects, key, sizeof(key), &new_one);
	if (new_one) {
		vmt_queue_row(&recorder->queue, VMT_INSERT_OBJECT);
		vmt_queue_int(&recorder->queue, id);
		for (size_t i = 0; i < vmt_countof(key); i++)
			vmt_queue_int(&recorder->queue, (int64_t)key[i]);
	}
	return id;
}

/* What @view shows; its steps still belong to @numbers. */
static struct vmt_alive_look look_of(struct vmt_recorder *recorder, const struct vmt_vma_view *view,
				     uint32_t *numbers)
{
	return (struct vmt_alive_look){
		.object = vmt_record_object(recorder, &view->map),
		.vm_flags = view->vm_flags,
		.steps = numbers + view->first_step,
		.step_count = view->step_count,
		.steps_left_out = view->steps_left_out,
	};
}

static bool looks_alike(const struct vmt_alive_look *a, const struct vmt_alive_look *b)
{
	return a->object == b->object && a->vm_flags == b->vm_flags &&
	       a->steps_left_out == b->steps_left_out && a->step_count == b->step_count &&
	       (!a->step_count ||
		memcmp(a->steps, b->steps, a->step_count * sizeof(*a->steps)) == 0);
}

/* NULL stands for the one step @usual. */
static void put_steps(struct vmt_recorder *recorder, const struct vmt_alive_look *look,
		      bool has_usual, uint32_t usual)
{
	if (has_usual && look->step_count == 1 && look->steps[0] == usual) {
		vmt_queue_null(&recorder->queue);
		return;
	}
	vmt_str_clear(&recorder->text);
	vmt_str_add_char(&recorder->text, '[');
	for (size_t i = 0; i < look->step_count; i++)
		vmt_str_printf(&recorder->text, "%s%u", i ? "," : "", look->steps[i]);
	vmt_str_add_char(&recorder->text, ']');
	vmt_queue_text(&recorder->queue, recorder->text.data, recorder->text.length);
}

/* @alive was seen again before @step (its removal, or the first step after a layout). */
static void see_again(struct vmt_recorder *recorder, struct vmt_alive *alive,
		      const struct vmt_alive_look *look, uint32_t step)
{
	if (looks_alike(look, &alive->look))
		return;
	vmt_queue_row(&recorder->queue, VMT_INSERT_LOOK);
	vmt_queue_int(&recorder->queue, alive->id);
	vmt_queue_int(&recorder->queue, step);
	vmt_recorder_put_number(recorder, (uint64_t)look->object);
	vmt_recorder_put_number(recorder, look->vm_flags);
	put_steps(recorder, look, false, 0);
	vmt_recorder_put_number(recorder, look->steps_left_out);
	if (!alive->looks && alive->written) {
		vmt_queue_row(&recorder->queue, VMT_UPDATE_LOOKS);
		vmt_queue_int(&recorder->queue, alive->id);
	}
	alive->looks = true;
}

/* ---- Births ---------------------------------------------------------------------------------- */

static struct vmt_alive *alive_new(struct vmt_recorder *recorder, uint32_t space,
				   const struct vmt_vma_view *view, uint32_t *numbers)
{
	struct vmt_alive *alive = vmt_calloc(1, sizeof(*alive));
	struct vmt_alive_look look = look_of(recorder, view, numbers);

	alive->id = ++recorder->vma_count;
	alive->space = space;
	alive->start = view->map.start;
	alive->length = view->map.end - view->map.start;
	alive->perms = view->map.perms | (view->map.gate ? VMT_STORE_PERM_GATE : 0);
	alive->offset = view->map.offset;
	alive->look = look;
	alive->look.steps = NULL;
	if (look.step_count) {
		alive->look.steps = vmt_malloc(look.step_count * sizeof(*look.steps));
		memcpy(alive->look.steps, look.steps, look.step_count * sizeof(*look.steps));
	}
	vmt_array_push(&recorder->young, alive);
	return alive;
}

/* The VMA that @view was before the step: what was there, in whole or in part, or moved from. */
static int64_t origin_of(struct vmt_recorder *recorder, const struct vmt_step *step,
			 const struct vmt_vma_view *view)
{
	const struct vmt_recorder_space *space = vmt_recorder_find_space(recorder, step->space);
	const struct vmt_alive *parent;

	for (size_t i = 0; i < step->removed.count; i++) {
		const struct vmt_mapping *map = &step->removed.data[i].map;

		if (map->start < view->map.end && view->map.start < map->end)
			return recorder->removed.data[i];
	}
	if (step->removed.count && step->event && step->event->call == VMT_CALL_MREMAP)
		return recorder->removed.data[0];
	if (step->cause != VMT_CAUSE_FORK || !space || !space->parent)
		return 0;
	parent = vmt_alive_find(&recorder->alive, space->parent, view->map.start);
	return parent ? parent->id : 0;
}

static void release(struct vmt_alive *alive)
{
	/* One that has no row yet is still needed for it. */
	if (alive && alive->written)
		vmt_alive_free(alive);
}

int64_t vmt_record_added(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	int64_t first = recorder->vma_count + 1;

	for (size_t i = 0; i < step->added.count; i++) {
		const struct vmt_vma_view *view = &step->added.data[i];
		struct vmt_alive *alive =
			alive_new(recorder, step->space, view, step->step_numbers.data);

		alive->has_born = true;
		alive->born = step->number;
		alive->origin = origin_of(recorder, step, view);
		release(vmt_alive_insert(&recorder->alive, alive));
	}
	return first;
}

/* ---- Deaths ---------------------------------------------------------------------------------- */

static bool same_vma(const struct vmt_alive *alive, const struct vmt_mapping *map)
{
	unsigned gate = map->gate ? VMT_STORE_PERM_GATE : 0;

	return alive && alive->length == map->end - map->start &&
	       alive->perms == (map->perms | gate) && alive->offset == map->offset;
}

static void die(struct vmt_recorder *recorder, struct vmt_alive *alive, uint32_t step)
{
	vmt_alive_remove(&recorder->alive, alive);
	alive->has_died = true;
	alive->died = step;
	if (alive->written) {
		vmt_queue_row(&recorder->queue, VMT_UPDATE_DIED);
		vmt_queue_int(&recorder->queue, step);
		vmt_queue_int(&recorder->queue, alive->id);
	}
	release(alive);
}

void vmt_record_removed(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	vmt_array_clear(&recorder->removed);
	for (size_t i = 0; i < step->removed.count; i++) {
		const struct vmt_vma_view *view = &step->removed.data[i];
		struct vmt_alive *alive =
			vmt_alive_find(&recorder->alive, step->space, view->map.start);

		if (same_vma(alive, &view->map)) {
			struct vmt_alive_look look =
				look_of(recorder, view, step->step_numbers.data);

			see_again(recorder, alive, &look, step->number);
			vmt_array_push(&recorder->removed, alive->id);
			die(recorder, alive, step->number);
			continue;
		}
		/* Nothing that was recorded: a row that was never born. */
		alive = alive_new(recorder, step->space, view, step->step_numbers.data);
		alive->has_died = true;
		alive->died = step->number;
		vmt_array_push(&recorder->removed, alive->id);
	}
}

void vmt_record_layout_views(struct vmt_recorder *recorder, const struct vmt_layout_info *info)
{
	for (size_t i = 0; i < info->list->rows.count; i++) {
		const struct vmt_vma_view *view = &info->list->rows.data[i];
		struct vmt_alive *alive =
			vmt_alive_find(&recorder->alive, info->space->space, view->map.start);
		struct vmt_alive_look look;

		if (!same_vma(alive, &view->map))
			continue;
		look = look_of(recorder, view, info->list->step_numbers.data);
		see_again(recorder, alive, &look, info->step + 1);
	}
}

void vmt_record_space_end(struct vmt_recorder *recorder, uint32_t space)
{
	struct vmt_alive_table *table = &recorder->alive;

	for (size_t i = 0; i < table->bucket_count; i++) {
		struct vmt_alive *next;

		for (struct vmt_alive *alive = table->buckets[i]; alive; alive = next) {
			next = alive->next;
			if (alive->space != space)
				continue;
			vmt_alive_remove(table, alive);
			release(alive);
		}
	}
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static void put_step(struct vmt_queue *queue, bool has, uint32_t step)
{
	if (has)
		vmt_queue_int(queue, step);
	else
		vmt_queue_null(queue);
}

static void write_vma(struct vmt_recorder *recorder, const struct vmt_alive *alive)
{
	struct vmt_queue *queue = &recorder->queue;

	vmt_queue_row(queue, VMT_INSERT_VMA);
	vmt_queue_int(queue, alive->id);
	vmt_queue_int(queue, alive->space);
	put_step(queue, alive->has_born, alive->born);
	put_step(queue, alive->has_died, alive->died);
	vmt_queue_int(queue, (int64_t)alive->start);
	vmt_queue_int(queue, (int64_t)alive->length);
	vmt_queue_int(queue, alive->perms);
	vmt_recorder_put_number(recorder, alive->offset);
	vmt_recorder_put_number(recorder, (uint64_t)alive->look.object);
	vmt_recorder_put_number(recorder, alive->look.vm_flags);
	put_steps(recorder, &alive->look, alive->has_born, alive->born);
	vmt_recorder_put_number(recorder, alive->look.steps_left_out);
	vmt_recorder_put_number(recorder, (uint64_t)alive->origin);
	vmt_recorder_put_number(recorder, alive->looks);
}

void vmt_record_young(struct vmt_recorder *recorder)
{
	for (size_t i = 0; i < recorder->young.count; i++) {
		struct vmt_alive *alive = recorder->young.data[i];

		write_vma(recorder, alive);
		alive->written = true;
		if (vmt_alive_find(&recorder->alive, alive->space, alive->start) != alive)
			vmt_alive_free(alive);
	}
	vmt_array_clear(&recorder->young);
}
