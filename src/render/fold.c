/* SPDX-License-Identifier: MIT */
/*
 * fold: see fold.h.
 */
#include "fold.h"

#include <inttypes.h>
#include <string.h>

#include "vmtrace/annotate.h"

void vmt_fold_deinit(struct vmt_fold *fold)
{
	vmt_array_deinit(&fold->waiting);
	vmt_str_deinit(&fold->last_title);
}

static int64_t grown(const struct vmt_step *step)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < step->added.count; i++)
		bytes += (int64_t)(step->added.data[i].map.end - step->added.data[i].map.start);
	for (size_t i = 0; i < step->removed.count; i++)
		bytes -= (int64_t)(step->removed.data[i].map.end - step->removed.data[i].map.start);
	return bytes;
}

static struct vmt_folded *group_of(struct vmt_fold *fold, uint32_t group)
{
	/* A step nearly always belongs to one of the latest groups. */
	for (size_t i = fold->waiting.count; group && i-- > 0;) {
		if (fold->waiting.data[i].group == group)
			return &fold->waiting.data[i];
	}
	return NULL;
}

static const char *object_of(const struct vmt_step *step)
{
	return step->file_name && step->file_name[0] ? vmt_base_name(step->file_name) : "";
}

/* Where the step's memory is; where the break is, for a brk() that only asked. */
static uint64_t place_of(const struct vmt_step *step)
{
	const struct vmt_event *event = step->event;

	if (step->start)
		return step->start;
	if (step->added.count)
		return step->added.data[0].map.start;
	return event && event->call == VMT_CALL_BRK && !event->failed ? (uint64_t)event->result : 0;
}

void vmt_fold_add(struct vmt_fold *fold, const struct vmt_step *step)
{
	struct vmt_folded *folded = group_of(fold, step->group);

	if (!folded) {
		struct vmt_folded fresh = {
			.group = step->group,
			.pattern = step->pattern,
			.actor = step->actor,
			.title = step->title,
			.object = object_of(step),
			.first = step->number,
			.start = place_of(step),
		};

		vmt_array_push(&fold->waiting, fresh);
		folded = &fold->waiting.data[fold->waiting.count - 1];
	}
	if (!folded->object[0])
		folded->object = object_of(step);
	folded->last = step->number;
	folded->count++;
	folded->failed += step->event && step->event->failed;
	folded->grown_bytes += grown(step);
}

bool vmt_fold_next(struct vmt_fold *fold, bool all, struct vmt_folded *ret_folded)
{
	const struct vmt_folded *oldest = fold->waiting.data;
	size_t count = fold->waiting.count;

	if (!count)
		return false;
	if (!all && count < VMT_FOLD_WINDOW &&
	    fold->waiting.data[count - 1].last - oldest->last < VMT_FOLD_WINDOW)
		return false;
	*ret_folded = *oldest;
	memmove(fold->waiting.data, fold->waiting.data + 1,
		(count - 1) * sizeof(fold->waiting.data[0]));
	fold->waiting.count--;
	return true;
}

void vmt_folded_title(const struct vmt_folded *folded, struct vmt_str *ret_text)
{
	if (folded->count == 1) {
		vmt_str_add(ret_text, folded->title);
		return;
	}
	vmt_pattern_title(folded->pattern, folded->object, ret_text);
	vmt_str_printf(ret_text, " (%" PRIu32 " steps", folded->count);
	if (folded->failed)
		vmt_str_printf(ret_text, ", %" PRIu32 " failed", folded->failed);
	vmt_str_add_char(ret_text, ')');
}
