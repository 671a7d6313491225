/* SPDX-License-Identifier: MIT */
/*
 * A set of aligned spans as runs (tableset.h). Runs never touch: what would touch is joined.
 */
#include "tableset.h"

#include <stdlib.h>

#include "vmtrace/base.h"

void vmt_table_set_init(struct vmt_table_set *set, unsigned span_shift)
{
	*set = (struct vmt_table_set){ .span_shift = span_shift };
}

void vmt_table_set_deinit(struct vmt_table_set *set)
{
	struct vmt_range *next;

	for (struct vmt_range *run = set->runs.first; run; run = next) {
		next = run->next;
		free(run);
	}
	vmt_table_set_init(set, set->span_shift);
}

static uint64_t span_bytes(const struct vmt_table_set *set)
{
	return (uint64_t)1 << set->span_shift;
}

static uint64_t down(const struct vmt_table_set *set, uint64_t address)
{
	return address & ~(span_bytes(set) - 1);
}

static uint64_t up(const struct vmt_table_set *set, uint64_t address)
{
	return down(set, address + span_bytes(set) - 1);
}

/* Members of the part of [start, end), both aligned, that runs cover. */
static uint64_t covered(const struct vmt_table_set *set, uint64_t start, uint64_t end)
{
	uint64_t count = 0;

	for (struct vmt_range *run = vmt_range_find(&set->runs, start); run && run->start < end;
	     run = run->next)
		count += (vmt_min_u64(run->end, end) - vmt_max_u64(run->start, start)) >>
			 set->span_shift;
	return count;
}

uint64_t vmt_table_set_add(struct vmt_table_set *set, uint64_t start, uint64_t end)
{
	struct vmt_range *run, *next;
	uint64_t made;

	if (start >= end)
		return 0;
	start = down(set, start);
	end = up(set, end);
	run = vmt_range_find(&set->runs, start ? start - 1 : 0);
	if (run && run->start <= start && end <= run->end)
		return 0;
	made = ((end - start) >> set->span_shift) - covered(set, start, end);
	/* Takes in all runs that it meets or touches. */
	for (; run && run->start <= end; run = next) {
		next = run->next;
		start = vmt_min_u64(start, run->start);
		end = vmt_max_u64(end, run->end);
		vmt_range_erase(&set->runs, run);
		free(run);
	}
	run = vmt_calloc(1, sizeof(*run));
	run->start = start;
	run->end = end;
	vmt_range_insert(&set->runs, run);
	set->count += made;
	return made;
}

/*
 *	[      run      ]   =>   [ run ]   [upper]
 *	      (cut )
 */
static void cut(struct vmt_table_set *set, struct vmt_range *run, uint64_t start, uint64_t end)
{
	uint64_t run_end = run->end;

	if (run->start < start) {
		vmt_range_resize(&set->runs, run, run->start, start);
		if (end < run_end) {
			struct vmt_range *upper = vmt_calloc(1, sizeof(*upper));

			upper->start = end;
			upper->end = run_end;
			vmt_range_insert(&set->runs, upper);
		}
	} else if (end < run_end) {
		vmt_range_resize(&set->runs, run, end, run_end);
	} else {
		vmt_range_erase(&set->runs, run);
		free(run);
	}
}

uint64_t vmt_table_set_remove(struct vmt_table_set *set, uint64_t start, uint64_t end)
{
	uint64_t before = set->count;
	struct vmt_range *run, *next;

	start = up(set, start);
	end = down(set, end);
	if (start >= end)
		return 0;
	set->count -= covered(set, start, end);
	for (run = vmt_range_find(&set->runs, start); run && run->start < end; run = next) {
		next = run->next;
		cut(set, run, vmt_max_u64(start, run->start), vmt_min_u64(end, run->end));
	}
	return before - set->count;
}

bool vmt_table_set_has(const struct vmt_table_set *set, uint64_t address)
{
	return vmt_range_at(&set->runs, address) != NULL;
}

uint64_t vmt_table_set_count(const struct vmt_table_set *set, uint64_t start, uint64_t end)
{
	return start < end ? covered(set, down(set, start), up(set, end)) : 0;
}

bool vmt_table_set_next(const struct vmt_table_set *set, uint64_t address, uint64_t *ret_start,
			uint64_t *ret_end)
{
	const struct vmt_range *run = vmt_range_find(&set->runs, address);

	if (!run)
		return false;
	*ret_start = vmt_max_u64(run->start, down(set, address));
	*ret_end = run->end;
	return true;
}
