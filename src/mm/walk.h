/* SPDX-License-Identifier: MIT */
/*
 * walk: the loop that mprotect, madvise, mlock, mseal and mbind share: give every VMA of a range
 * new attributes, one VMA at a time, from the bottom up, so that a failure leaves what is below it
 * changed.
 */
#ifndef MM_WALK_H
#define MM_WALK_H

#include "space.h"

/*
 * Sets in *@proposed, a copy of @vma, what [start, end) of it is to have. Returns 0; 1 to leave this
 * VMA as it is; or a negative errno, which ends the walk.
 */
typedef int vmt_propose_fn(struct vmt_space *space, struct vmt_vma *vma, uint64_t start,
			   uint64_t end, struct vmt_vma *proposed, void *data);

enum vmt_walk_holes {
	VMT_WALK_STOP_AT_HOLE, /* -ENOMEM at once: mprotect, mlock */
	VMT_WALK_OVER_HOLES, /* all of it, then -ENOMEM: madvise */
	VMT_WALK_IGNORE_HOLES, /* what is mapped: mbind, userfaultfd */
};

/*
 * Walks [start, end). Returns 0 or the negative errno; *ret_end, if not NULL, is how far it came.
 */
int vmt_walk(struct vmt_space *space, uint64_t start, uint64_t end, enum vmt_walk_holes holes,
	     vmt_propose_fn *propose, void *data, uint64_t *ret_end);

/*
 * The test that madvise, mseal and mbind begin with: the start must be page-aligned, and start and
 * @size, rounded up to pages, must not wrap. 0 with *ret_length set, or -EINVAL with its reason.
 */
VMT_MUST_CHECK int vmt_range_aligned(struct vmt_space *space, uint64_t start, uint64_t size,
				     uint64_t *ret_length);

/* range_contains_unmapped() (mm/mseal.c): true, and a reason in the step, if a page is unmapped. */
bool vmt_range_has_hole(struct vmt_space *space, uint64_t start, uint64_t end);

#endif
