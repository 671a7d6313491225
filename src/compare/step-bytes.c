/* SPDX-License-Identifier: MIT */
/*
 * step-bytes: what one step did to the address space, in bytes.
 *
 *	removed     [   4K  ][      12K      ]
 *	added               [      12K      ][   8K  ]     8K mapped, 4K unmapped
 *
 * What is in both was there before and after; where a mapping was made over it, the old one has gone
 * nevertheless, and where something moved, all of it is new.
 */
#include "vmtrace/compare.h"

/* Bytes of @views within [start, end). */
static uint64_t bytes_within(const struct vmt_vma_view *views, size_t count, uint64_t start,
			     uint64_t end)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t low = vmt_max_u64(views[i].map.start, start);
		uint64_t high = vmt_min_u64(views[i].map.end, end);

		bytes += low < high ? high - low : 0;
	}
	return bytes;
}

/* Bytes within [start, end) that are in both lists, which ascend. */
static uint64_t bytes_in_both(const struct vmt_step *step, uint64_t start, uint64_t end)
{
	uint64_t bytes = 0;

	for (size_t r = 0, a = 0; r < step->removed.count && a < step->added.count;) {
		const struct vmt_mapping *before = &step->removed.data[r].map;
		const struct vmt_mapping *after = &step->added.data[a].map;
		uint64_t low = vmt_max_u64(vmt_max_u64(before->start, after->start), start);
		uint64_t high = vmt_min_u64(vmt_min_u64(before->end, after->end), end);

		bytes += low < high ? high - low : 0;
		if (before->end < after->end)
			r++;
		else
			a++;
	}
	return bytes;
}

/* Whether the step puts something new into its range, whatever was there. */
static bool makes_range(const struct vmt_step *step)
{
	if (step->cause != VMT_CAUSE_CALL)
		return step->cause != VMT_CAUSE_STACK_GROWTH;
	if (!step->event || step->event->failed)
		return false;
	switch (step->event->call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
	case VMT_CALL_SHMAT:
	case VMT_CALL_REMAP_FILE_PAGES:
		return true;
	default:
		return false;
	}
}

struct vmt_step_bytes vmt_step_bytes(const struct vmt_step *step)
{
	uint64_t kept = bytes_in_both(step, 0, UINT64_MAX);

	if (makes_range(step))
		kept -= bytes_in_both(step, step->start, step->end);
	return (struct vmt_step_bytes){
		.mapped = bytes_within(step->added.data, step->added.count, 0, UINT64_MAX) - kept,
		.unmapped =
			bytes_within(step->removed.data, step->removed.count, 0, UINT64_MAX) - kept,
	};
}

const char *vmt_step_call(const struct vmt_step *step)
{
	return step->cause == VMT_CAUSE_CALL && step->event ? vmt_call_info(step->event->call)->name
							    : vmt_cause_name(step->cause);
}

int64_t vmt_step_vmas(const struct vmt_step *step)
{
	int64_t more = 0;

	for (size_t i = 0; i < step->added.count; i++)
		more += !step->added.data[i].map.gate;
	for (size_t i = 0; i < step->removed.count; i++)
		more -= !step->removed.data[i].map.gate;
	return more;
}
