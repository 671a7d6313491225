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
	space->last_look = (struct vmt_layout_info){ 0 };
}

void vmt_leaving_look(struct session *session, struct session_space *space)
{
	struct vmt_layout_info *look = &space->last_look;
	pid_t tid = session->event->tid;
	struct vmt_view_list list;

	vmt_leaving_forget(space);
	vmt_check_whole(session, space, tid);
	vmt_space_view(space->model, &list);
	look->list = &list;
	look->has_page_table = vmt_proc_page_table_kib(tid, &look->page_table_kib) == 0;
	vmt_tables_end(session, space, look);
	look->list = NULL;
	vmt_view_list_deinit(&list);
}

void vmt_leaving_layout(struct session *session, struct session_space *space)
{
	struct vmt_layout_info info = space->last_look;
	struct vmt_view_list list;
	struct vmt_part *parts;

	if (info.geometry)
		vmt_tables_count(session, space, space->last_reason);
	vmt_space_view(space->model, &list);
	parts = vmt_loading_parts(space, &list);
	info.space = &space->info;
	info.step = vmt_space_steps(space->model) ? vmt_space_steps(space->model) - 1 : 0;
	info.list = &list;
	info.parts = parts;
	info.counts = &space->counts;
	info.map_count = vmt_space_count(space->model);
	info.map_count_limit = session->settings.max_map_count;
	vmt_warner_end(space->warner, space->info.space, space->info.pid, info.step, &list);
	session->options->renderer->ops->layout(session->options->renderer, &info);
	free(parts);
	vmt_view_list_deinit(&list);
}
