/* SPDX-License-Identifier: MIT */
/*
 * The end of a space: see leaving.h.
 */
#include "leaving.h"

#include <stdlib.h>

#include "checking.h"
#include "loading.h"
#include "tables-check.h"
#include "tables.h"

void vmt_leaving_forget(struct session_space *space)
{
	vmt_tables_info_deinit(&space->last_look);
	vmt_view_list_deinit(&space->last_list);
	space->last_look = (struct vmt_layout_info){ 0 };
}

void vmt_leaving_look(struct session *session, struct session_space *space)
{
	struct vmt_layout_info *look = &space->last_look;
	pid_t tid = session->event->tid;

	vmt_leaving_forget(space);
	vmt_check_whole(session, space, tid);
	vmt_space_view(space->model, &space->last_list);
	look->list = &space->last_list;
	look->has_page_table = vmt_proc_page_table_kib(tid, &look->page_table_kib) == 0;
	vmt_tables_end(session, space, look);
}

void vmt_leaving_layout(struct session *session, struct session_space *space)
{
	struct vmt_layout_info info = space->last_look;
	struct vmt_part *parts;

	if (info.geometry)
		vmt_tables_count(session, space, space->last_reason);
	/* Pages that were seen are those of the rows that were there then. */
	if (!info.list)
		vmt_space_view(space->model, &space->last_list);
	info.list = &space->last_list;
	parts = vmt_loading_parts(space, info.list);
	info.space = &space->info;
	info.step = vmt_space_steps(space->model) ? vmt_space_steps(space->model) - 1 : 0;
	info.parts = parts;
	info.counts = &space->counts;
	info.map_count = vmt_space_count(space->model);
	info.map_count_limit = session->settings.max_map_count;
	vmt_warner_end(space->warner, space->info.space, space->info.pid, info.step, info.list);
	session->options->renderer->ops->layout(session->options->renderer, &info);
	free(parts);
}
