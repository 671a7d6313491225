/* SPDX-License-Identifier: MIT */
/*
 * stat-json: the sums over a run as one JSON object. Keys and their order are a promise.
 */
#include "json.h"
#include "stat.h"

static json_t *rows_value(const struct vmt_tally_result *result, enum vmt_tally_by by)
{
	json_t *list = sure(json_array());

	for (size_t i = 0; i < result->rows[by].count; i++) {
		const struct vmt_tally_row *row = &result->rows[by].data[i];
		json_t *value = sure(json_object());

		put(value, "name", text_value(row->name));
		put(value, "steps", number_value(row->steps));
		put(value, "failed", number_value(row->failed));
		put(value, "mapped_bytes", number_value(row->mapped_bytes));
		put(value, "unmapped_bytes", number_value(row->unmapped_bytes));
		put(value, "live_bytes", number_value(row->live_bytes));
		push(list, value);
	}
	return list;
}

static json_t *samples_value(const struct vmt_tally_space *space)
{
	json_t *list = sure(json_array());

	for (size_t i = 0; i < space->sample_count; i++) {
		json_t *pair = sure(json_array());

		push(pair, json_integer(space->samples[i].step));
		push(pair, number_value(space->samples[i].vmas));
		push(list, pair);
	}
	return list;
}

static json_t *holes_value(const struct vmt_tally_space *space)
{
	json_t *list = sure(json_array());

	for (size_t i = 0; i < VMT_TALLY_HOLES && space->holes[i].end; i++) {
		json_t *hole = sure(json_object());

		put(hole, "start", hex_value(space->holes[i].start));
		put(hole, "end", hex_value(space->holes[i].end));
		push(list, hole);
	}
	return list;
}

static json_t *space_value(const struct vmt_tally_space *space)
{
	json_t *value = sure(json_object());

	put(value, "space", json_integer(space->space));
	put(value, "pid", json_integer(space->pid));
	put(value, "exe", text_value(space->exe));
	put(value, "steps", number_value(space->steps));
	put(value, "first_ns", number_value(space->first_ns));
	put(value, "last_ns", number_value(space->last_ns));
	put(value, "vmas", number_value(space->vmas));
	put(value, "vmas_peak", number_value(space->vmas_peak));
	put(value, "peak_step", json_integer(space->peak_step));
	put(value, "vmas_limit", space->vmas_limit ? number_value(space->vmas_limit) : json_null());
	put(value, "vmas_samples", samples_value(space));
	put(value, "complete", json_boolean(space->has_layout));
	put(value, "mapped_bytes", number_value(space->mapped_bytes));
	put(value, "committed_bytes", number_value(space->committed_bytes));
	put(value, "reserved_bytes", number_value(space->reserved_bytes));
	put(value, "page_table_bytes",
	    space->has_page_table ? number_value(space->page_table_kib * 1024) : json_null());
	put(value, "holes", json_integer((json_int_t)space->hole_count));
	put(value, "largest_holes", holes_value(space));
	put(value, "small_holes", json_integer((json_int_t)space->small_hole_count));
	put(value, "small_hole_bytes", number_value(space->small_hole_bytes));
	return value;
}

static json_t *leaks_value(const struct vmt_tally_result *result)
{
	json_t *list = sure(json_array());

	for (size_t i = 0; i < result->leaks.count; i++) {
		const struct vmt_tally_leak *leak = &result->leaks.data[i];
		json_t *value = sure(json_object());

		put(value, "space", json_integer(leak->space));
		put(value, "first_step", json_integer(leak->first_step));
		put(value, "actor", text_value(leak->actor));
		put(value, "object", text_value(leak->object));
		put(value, "call", text_value(leak->call));
		put(value, "size_bytes",
		    leak->size_bytes ? number_value(leak->size_bytes) : json_null());
		put(value, "count", number_value(leak->count));
		put(value, "bytes", number_value(leak->bytes));
		if (leak->stack)
			vmt_json_put_stack(value, leak->stack);
		push(list, value);
	}
	return list;
}

void vmt_stat_json(FILE *file, const struct vmt_tally_result *result)
{
	json_t *line = sure(json_object());
	json_t *spaces = sure(json_array());
	struct vmt_str text = { 0 };

	for (size_t i = 0; i < result->spaces.count; i++)
		push(spaces, space_value(result->spaces.data[i]));
	put(line, "type", json_string_nocheck("stat"));
	put(line, "steps", number_value(result->steps));
	put(line, "by_actor", rows_value(result, VMT_TALLY_ACTOR));
	put(line, "by_object", rows_value(result, VMT_TALLY_OBJECT));
	put(line, "by_call", rows_value(result, VMT_TALLY_CALL));
	put(line, "spaces", spaces);
	put(line, "never_unmapped", leaks_value(result));
	vmt_json_write(line, &text, file);
	vmt_str_deinit(&text);
}
