/* SPDX-License-Identifier: MIT */
/*
 * The common walk over the VMAs of a range (walk.h): for_each_vma_range() as do_mprotect_pkey(),
 * apply_vma_lock_flags() and madvise_walk_vmas() use it.
 */
#include "walk.h"

#include <errno.h>

#include "edit.h"
#include "history.h"

static bool unchanged(const struct vmt_vma *vma, const struct vmt_vma *proposed)
{
	return vma->flags == proposed->flags && vma->policy == proposed->policy &&
	       vma->uffd == proposed->uffd && vma->anon_name == proposed->anon_name;
}

/* One VMA's part of the range. */
static int visit(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end,
		 vmt_propose_fn *propose, void *data)
{
	struct vmt_vma proposed = *vma;
	int error = propose(space, vma, start, end, &proposed, data);

	if (error < 0)
		return error;
	if (error == 0 && !unchanged(vma, &proposed)) {
		error = 0;
		vmt_modify_range(space, vma, start, end, &proposed, &error);
		if (error)
			return error;
	}
	if (space->step)
		vmt_history_mark(space, start, end, space->step->number);
	return 0;
}

int vmt_walk(struct vmt_space *space, uint64_t start, uint64_t end, enum vmt_walk_holes holes,
	     vmt_propose_fn *propose, void *data, uint64_t *ret_end)
{
	uint64_t at = start;
	bool hole = false;
	int error = 0;

	while (at < end) {
		struct vmt_vma *vma = vmt_find_vma(space, at);
		uint64_t stop;

		if (!vma || vmt_vma_start(vma) > at) {
			uint64_t next = vma ? vmt_min_u64(vmt_vma_start(vma), end) : end;

			if (!hole && holes != VMT_WALK_IGNORE_HOLES)
				vmt_why(space, VMT_WHY_HOLE, at, next, 0, 0);
			hole = true;
			if (holes == VMT_WALK_STOP_AT_HOLE)
				break;
			at = next;
			continue;
		}
		stop = vmt_min_u64(vmt_vma_end(vma), end);
		error = visit(space, vma, at, stop, propose, data);
		if (error)
			break;
		at = stop;
	}
	if (ret_end)
		*ret_end = at;
	if (error || !hole || holes == VMT_WALK_IGNORE_HOLES)
		return error;
	return -ENOMEM;
}

bool vmt_range_has_hole(struct vmt_space *space, uint64_t start, uint64_t end)
{
	uint64_t at = start;

	for (const struct vmt_vma *vma = vmt_find_vma(space, start);
	     vma && vmt_vma_start(vma) <= at && at < end; vma = vmt_vma_next(vma))
		at = vmt_vma_end(vma);
	if (at >= end)
		return false;
	vmt_why(space, VMT_WHY_HOLE, at, end, 0, 0);
	return true;
}

int vmt_range_aligned(struct vmt_space *space, uint64_t start, uint64_t size, uint64_t *ret_length)
{
	uint64_t length = vmt_page_up(space, size);

	if (start & (vmt_space_page(space) - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_ADDRESS_UNALIGNED);
	if ((size && !length) || start + length < start)
		return vmt_refuse(space, EINVAL, VMT_WHY_LENGTH_WRAPS);
	*ret_length = length;
	return 0;
}
