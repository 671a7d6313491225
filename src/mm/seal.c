/* SPDX-License-Identifier: MIT */
/*
 * mseal: do_mseal() (mm/mseal.c, 6.18). The range is looked over for holes first, so a hole changes
 * nothing.
 */
#include <errno.h>

#include "ops.h"
#include "path.h"
#include "walk.h"

static int propose(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end,
		   struct vmt_vma *proposed, void *data)
{
	VMT_PATH(space, MSEAL_APPLY);

	(void)vma;
	(void)start;
	(void)end;
	(void)data;
	proposed->flags |= VMT_VM_SEALED;
	return 0;
}

int64_t vmt_op_mseal(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	uint64_t start = event->args[0];
	uint64_t length;
	int error;
	VMT_PATH(space, DO_MSEAL);

	if (!space->features.mseal) {
		step->predicted = false;
		return -ENOSYS;
	}
	if (event->args[2])
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	error = vmt_range_aligned(space, start, event->args[1], &length);
	if (error)
		return error;
	if (!length)
		return 0;
	step->start = start;
	step->end = start + length;
	/* range_contains_unmapped() */
	if (vmt_range_has_hole(space, start, start + length))
		return -ENOMEM;
	return vmt_walk(space, start, start + length, VMT_WALK_STOP_AT_HOLE, propose, NULL, NULL);
}
