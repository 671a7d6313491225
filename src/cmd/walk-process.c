/* SPDX-License-Identifier: MIT */
/*
 * `vmtrace walk -p PID ADDRESS`: the mapping and the page that a process has at an address. It is
 * asked once, not stopped, and may run on meanwhile.
 */
#include <errno.h>

#include "vmtrace/trace.h"

#include "walk.h"

static const struct vmt_mapping *find(const struct vmt_layout *layout, struct vmt_lookup *lookup)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct vmt_mapping *row = &layout->data[i];

		if (row->end <= lookup->address)
			continue;
		if (row->start <= lookup->address)
			return lookup->map = row;
		return lookup->above = row;
	}
	return NULL;
}

static int refuse_process(pid_t pid, int result, struct vmt_error *error)
{
	if (result == -ESRCH)
		return vmt_error_set(error, ESRCH, "-p %d: no such process, or it has no memory",
				     pid);
	return vmt_error_set(error, -result, "-p %d: its mappings cannot be read: %s", pid,
			     vmt_strerror(-result));
}

static int render(pid_t pid, struct vmt_walk_info *info, struct vmt_names *names,
		  struct vmt_status *ret_status, struct vmt_error *error)
{
	VMT_CLEANUP(vmt_layout_deinit) struct vmt_layout layout = { 0 };
	struct vmt_page_state page;
	const struct vmt_mapping *near;
	char whose[32];
	int result = vmt_proc_maps(pid, names, &layout);

	if (result < 0)
		return refuse_process(pid, result, error);
	near = find(&layout, &info->lookup);
	result = vmt_proc_page(pid, info->address, near, names, &page);
	if (result < 0)
		return refuse_process(pid, result, error);
	snprintf(whose, sizeof(whose), "process %d", pid);
	info->whose = whose;
	info->lookup.page = &page;
	if (!info->lookup.map)
		return vmt_walk_unmapped(info, ret_status, error);
	vmt_render_walk(stdout, info);
	return 0;
}

int vmt_walk_process(pid_t pid, struct vmt_walk_info *info, struct vmt_status *ret_status,
		     struct vmt_error *error)
{
	struct vmt_names *names = vmt_names_new();
	int result = render(pid, info, names, ret_status, error);

	vmt_names_free(names);
	return result;
}
