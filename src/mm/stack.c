/* SPDX-License-Identifier: MIT */
/*
 * Stack growth: expand_downwards() (mm/vma.c, 6.18). It happens in a page fault, without a call;
 * the tracer notices at the next stop that the bottom has moved.
 */
#include "merge.h"
#include "path.h"
#include "space.h"

bool vmt_space_grower(const struct vmt_space *space, uint64_t above, uint64_t *ret_start,
		      uint64_t *ret_end)
{
	size_t at = vmt_grower_above(space, above);

	if (at == space->growers.count)
		return false;
	*ret_start = vmt_vma_start(space->growers.data[at]);
	*ret_end = vmt_vma_end(space->growers.data[at]);
	return true;
}

bool vmt_space_grow(struct vmt_space *space, const struct vmt_mapping *row, struct vmt_step *step)
{
	struct vmt_vma *vma = vmt_find_vma(space, row->end - 1);

	if (!vma || vmt_vma_end(vma) != row->end || !(vma->flags & VMT_VM_GROWSDOWN) ||
	    row->start >= vmt_vma_start(vma))
		return false;
	/* A neighbour that the kernel merged since is not growth. */
	if (vma->range.prev && vma->range.prev->end > row->start)
		return false;
	vmt_step_begin(space, step);
	step->cause = VMT_CAUSE_STACK_GROWTH;
	VMT_PATH(space, EXPAND_DOWNWARDS);
	step->start = row->start;
	step->end = vmt_vma_start(vma);
	step->check = VMT_CHECK_MATCH;
	if (!vma->anon_vma)
		vmt_anon_prepare(space, vma);
	vmt_space_resize(space, vma, row->start, row->end);
	return true;
}
