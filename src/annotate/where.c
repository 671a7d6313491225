/* SPDX-License-Identifier: MIT */
/*
 * Where a step was: the range that its line in the log shows, and that a filter compares. The model
 * gives most steps their range; for the others it is told from the VMAs that came and went.
 */
#include "vmtrace/annotate.h"

static uint64_t page_up(const struct vmt_event *event, uint64_t size_bytes)
{
	uint64_t mask = event->arch ? vmt_arch_page_size(event->arch) - 1 : 4095;

	return (size_bytes + mask) & ~mask;
}

bool vmt_where_remapped(const struct vmt_step *step, struct vmt_mapping *ret_old,
			struct vmt_mapping *ret_new)
{
	const struct vmt_event *event = step->event;

	if (!event || event->call != VMT_CALL_MREMAP || event->kind != VMT_EVENT_CALL ||
	    event->failed)
		return false;
	*ret_old = (struct vmt_mapping){
		.start = event->args[0],
		.end = event->args[0] + page_up(event, event->args[1]),
	};
	*ret_new = (struct vmt_mapping){
		.start = (uint64_t)event->result,
		.end = (uint64_t)event->result + page_up(event, event->args[2]),
	};
	return true;
}

void vmt_where(const struct vmt_step *step, uint64_t *ret_start, uint64_t *ret_end)
{
	size_t changed = step->added.count + step->removed.count;
	const struct vmt_mapping *map = NULL;
	struct vmt_mapping before, now;

	*ret_start = step->start;
	*ret_end = step->end;
	if (vmt_where_remapped(step, &before, &now))
		map = &now;
	else if (step->end > step->start || (step->whole && changed != 1))
		return;
	else if (changed)
		map = step->added.count ? &step->added.data[0].map : &step->removed.data[0].map;
	if (map) {
		*ret_start = map->start;
		*ret_end = map->end;
	} else if (step->event && step->event->call == VMT_CALL_BRK && !step->event->failed) {
		*ret_start = *ret_end = (uint64_t)step->event->result;
	}
}

const struct vmt_vma_view *vmt_where_view(const struct vmt_vma_view *views, size_t count,
					  uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < count; i++) {
		if (views[i].map.start < end && start < views[i].map.end)
			return &views[i];
	}
	return NULL;
}
