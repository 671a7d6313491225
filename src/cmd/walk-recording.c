/* SPDX-License-Identifier: MIT */
/*
 * `vmtrace walk RECORDING ADDRESS`: the mapping that an address space had at an address, after a
 * step. A recording keeps what was mapped and which page tables its kernel had, not which pages were
 * there: what the next access leads to is told for a page that nobody has touched.
 */
#include <errno.h>

#include "walk.h"

/* The VMA at the address, or the next one above it. Rows are in the order of maps. */
static const struct vmt_vma_view *find(const struct vmt_view_list *list, struct vmt_lookup *lookup)
{
	for (size_t i = 0; i < list->rows.count; i++) {
		const struct vmt_vma_view *view = &list->rows.data[i];

		if (view->map.end <= lookup->address)
			continue;
		if (view->map.start <= lookup->address)
			lookup->map = &view->map;
		else
			lookup->above = &view->map;
		return view;
	}
	return NULL;
}

/* Those that were looked at during the run; else what the options say. */
static int choose_geometry(const struct vmt_recording *recording,
			   const struct vmt_layout_info *last,
			   const struct vmt_geometry_query *asked,
			   const struct vmt_geometry **ret_geometry, struct vmt_error *error)
{
	struct vmt_geometry_query query = *asked;

	if (last->geometry && vmt_walk_is_asked(asked))
		return vmt_error_set(
			error, EINVAL,
			"the recording says which page tables there were (%s): give no "
			"--arch, --levels, --granule or --va-bits with it",
			last->geometry->name);
	if (last->geometry) {
		*ret_geometry = last->geometry;
		return 0;
	}
	if (!query.arch)
		query.arch = vmt_recording_run(recording)->arch;
	return vmt_geometry_find(&query, ret_geometry, error);
}

static int render(const struct vmt_reading *reading, const struct vmt_layout_info *layout,
		  struct vmt_walk_info *info, struct vmt_status *ret_status,
		  struct vmt_error *error)
{
	const struct vmt_run_info *run = vmt_recording_run(reading->recording);
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str flags = { 0 };
	struct vmt_page_state page = { .page_bytes = run->page_size_bytes };
	const struct vmt_vma_view *near = find(layout->list, &info->lookup);
	char whose[64];

	if (near && !near->map.gate) {
		vmt_vm_flags_text(near->vm_flags, &flags);
		page.vm_flags = vmt_str_text(&flags);
	}
	snprintf(whose, sizeof(whose), "space %u after step %u", layout->space->space,
		 layout->step);
	info->whose = whose;
	info->recorded = true;
	info->lookup.page = &page;
	if (!info->lookup.map)
		return vmt_walk_unmapped(info, ret_status, error);
	vmt_render_walk(stdout, info);
	return 0;
}

static int walk(struct vmt_reading *reading, const char *word, const struct vmt_replay_part *part,
		const struct vmt_geometry_query *query, struct vmt_walk_info *info,
		struct vmt_status *ret_status, struct vmt_error *error)
{
	struct vmt_recording *recording = reading->recording;
	const struct vmt_layout_info *layout;
	uint32_t step = 0;
	uint32_t space;
	int result = vmt_reading_space(reading, part, &space, error);

	if (!result)
		result = vmt_recording_last_step(recording, space, &step, error);
	if (!result)
		result = vmt_recording_layout(recording, space, step, &layout, error);
	if (!result)
		result = choose_geometry(recording, layout, query, &info->geometry, error);
	if (!result)
		result = vmt_walk_take(word, info, error);
	if (!result && part->has_step && part->first != step)
		result = vmt_recording_layout(recording, space, part->first, &layout, error);
	return result ? result : render(reading, layout, info, ret_status, error);
}

int vmt_walk_recording(const char *const words[2], const struct vmt_replay_part *part,
		       const struct vmt_geometry_query *query, struct vmt_walk_info *info,
		       struct vmt_status *ret_status, struct vmt_error *error)
{
	struct vmt_reading reading;
	int result = vmt_reading_open(&reading, words[0], error);

	if (result)
		return result;
	result = walk(&reading, words[1], part, query, info, ret_status, error);
	vmt_reading_close(&reading);
	return result;
}
