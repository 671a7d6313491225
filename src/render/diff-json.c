/* SPDX-License-Identifier: MIT */
/*
 * diff-json: a comparison as one JSON object, also what is the same. Keys and their order are a
 * promise, as in json.c.
 */
#include "values.h"

static json_t *changes_value(unsigned changes)
{
	json_t *list = sure(json_array());

	for (unsigned bit = 1; bit < 1U << VMT_CHANGE_BITS; bit <<= 1)
		if (changes & bit)
			push(list, json_string_nocheck(vmt_change_name(bit)));
	return list;
}

static json_t *vma_value(const struct vmt_diff_end *end, size_t row)
{
	const struct vmt_compare_row *vma;
	json_t *value;
	char perms[5], dev[32];

	if (row == VMT_NO_ROW)
		return json_null();
	vma = &end->layout->data[row];
	value = sure(json_object());
	vmt_perms_text(vma->map.perms, perms);
	snprintf(dev, sizeof(dev), "%02" PRIx32 ":%02" PRIx32, vma->map.dev_major,
		 vma->map.dev_minor);
	put(value, "start", hex_value(vma->map.start));
	put(value, "end", hex_value(vma->map.end));
	put(value, "perms", json_string_nocheck(perms));
	put(value, "offset", hex_value(vma->map.offset));
	put(value, "dev", json_string_nocheck(dev));
	put(value, "inode", number_value(vma->map.inode));
	put(value, "name", text_value(vma->map.name));
	return value;
}

static json_t *group_value(const struct vmt_diff_space *space,
			   const struct vmt_compare_group *group)
{
	json_t *value = sure(json_object());
	json_t *pairs = sure(json_array());

	for (size_t i = 0; i < group->pair_count; i++) {
		const struct vmt_compare_pair *pair =
			&space->layouts->pairs.data[group->first_pair + i];
		json_t *line = sure(json_object());

		put(line, "changes", changes_value(pair->changes));
		put(line, "excused", changes_value(pair->excused));
		put(line, "a", vma_value(space->a, pair->a));
		put(line, "b", vma_value(space->b, pair->b));
		push(pairs, line);
	}
	put(value, "name", text_value(group->name));
	put(value, "name_before", text_value(group->name_before));
	put(value, "anonymous", json_boolean(group->anonymous));
	put(value, "changes", changes_value(group->changes));
	put(value, "added", json_boolean(group->added));
	put(value, "gone", json_boolean(group->gone));
	put(value, "slide", group->has_slide ? json_integer(group->slide_bytes) : json_null());
	put(value, "vmas", pairs);
	return value;
}

static json_t *step_value(const struct vmt_diff_end *end, size_t index)
{
	const struct vmt_compare_step *step;
	json_t *value;

	if (index == VMT_NO_ROW)
		return json_null();
	step = &end->steps->data[index];
	value = sure(json_object());
	put(value, "step", json_integer(step->number));
	put(value, "tid", json_integer(step->tid));
	put(value, "actor", text_value(step->actor));
	put(value, "call", text_value(step->call));
	put(value, "what", text_value(step->what));
	put(value, "object", text_value(step->object));
	put(value, "size", json_integer(step->size_bytes));
	put(value, "start", hex_value(step->address));
	return value;
}

static json_t *steps_value(const struct vmt_diff_space *space)
{
	json_t *list = sure(json_array());

	for (size_t i = 0; i < space->steps->pairs.count; i++) {
		const struct vmt_step_pair *pair = &space->steps->pairs.data[i];
		json_t *line = sure(json_object());

		put(line, "a", step_value(space->a, pair->a));
		put(line, "b", step_value(space->b, pair->b));
		push(list, line);
	}
	return list;
}

static json_t *groups_value(const struct vmt_diff_space *space)
{
	json_t *list = sure(json_array());

	for (size_t i = 0; i < space->layouts->groups.count; i++)
		push(list, group_value(space, &space->layouts->groups.data[i]));
	return list;
}

static json_t *end_value(const struct vmt_diff_end *end, bool missing)
{
	json_t *value;

	if (missing)
		return json_null();
	value = sure(json_object());
	put(value, "space", end->space ? json_integer(end->space) : json_null());
	put(value, "step", end->space ? json_integer(end->step) : json_null());
	put(value, "pid", end->space ? json_integer(end->pid) : json_null());
	put(value, "exe", text_value(end->exe));
	return value;
}

static json_t *counts_value(const struct vmt_diff_space *space)
{
	json_t *value = sure(json_object());
	const struct vmt_compare_counts *counts;

	if (space->steps) {
		put(value, "kept", json_integer((json_int_t)space->steps->kept));
		put(value, "added", json_integer((json_int_t)space->steps->added));
		put(value, "gone", json_integer((json_int_t)space->steps->gone));
		return value;
	}
	counts = &space->layouts->counts;
	put(value, "kept", json_integer((json_int_t)counts->kept));
	put(value, "changed", json_integer((json_int_t)counts->changed));
	put(value, "added", json_integer((json_int_t)counts->added));
	put(value, "gone", json_integer((json_int_t)counts->gone));
	put(value, "groups_changed", json_integer((json_int_t)counts->groups_changed));
	put(value, "groups_added", json_integer((json_int_t)counts->groups_added));
	put(value, "groups_gone", json_integer((json_int_t)counts->groups_gone));
	put(value, "groups_moved", json_integer((json_int_t)counts->groups_moved));
	put(value, "bytes", json_integer(counts->bytes));
	return value;
}

static json_t *space_value(const struct vmt_diff_space *space)
{
	json_t *value = sure(json_object());

	put(value, "a", end_value(space->a, space->only_b));
	put(value, "b", end_value(space->b, space->only_a));
	put(value, "counts", counts_value(space));
	if (space->layouts)
		put(value, "groups", groups_value(space));
	else
		put(value, "steps", steps_value(space));
	return value;
}

void vmt_render_diff_json(FILE *file, const struct vmt_diff_info *info)
{
	json_t *line = sure(json_object());
	json_t *spaces = sure(json_array());
	struct vmt_str text = { 0 };

	for (size_t i = 0; i < info->space_count; i++)
		push(spaces, space_value(&info->spaces[i]));
	put(line, "type", json_string_nocheck("diff"));
	put(line, "a", text_value(info->a));
	put(line, "b", text_value(info->b));
	put(line, "same", json_boolean(info->same));
	put(line, "spaces", spaces);
	vmt_json_write(line, &text, file);
	vmt_str_deinit(&text);
}
