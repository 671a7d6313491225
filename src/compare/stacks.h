/* SPDX-License-Identifier: MIT */
/*
 * stacks: call stacks kept once by what they are: the places of the frames in their files, not where
 * the files were mapped. What is handed in is copied.
 */
#ifndef COMPARE_STACKS_H
#define COMPARE_STACKS_H

#include "tokens.h"
#include "vmtrace/mm.h"

struct vmt_kept_frame;

struct vmt_stacks {
	struct vmt_tokens keys; /* token: index of the frame */
	VMT_ARRAY(struct vmt_kept_frame *) frames; /* a caller stands before those it called */
	VMT_ARRAY(uint32_t) known; /* by number of a stack, from 1: what add() said; 0 not yet */
	VMT_ARRAY(const struct vmt_frame *) walked; /* kept for its memory */
};

void vmt_stacks_deinit(struct vmt_stacks *stacks);

/*
 * A number, from 1, that is the same for equal stacks; 0 for no stack (NULL). Names are kept in
 * @names, which must stay.
 */
uint32_t vmt_stacks_add(struct vmt_stacks *stacks, struct vmt_names *names,
			const struct vmt_frame *stack);

/* The stack of that number, as it was first seen; NULL for 0. Good until vmt_stacks_deinit(). */
const struct vmt_frame *vmt_stacks_get(const struct vmt_stacks *stacks, uint32_t number);

#endif
