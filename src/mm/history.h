/* SPDX-License-Identifier: MIT */
/*
 * history: which steps shaped each byte of the space. VMAs merge and split all the time; the
 * history must survive that, so it is kept beside them, as pieces with a list of steps each:
 *
 *   VMAs     [        rw-p anon        ][ r--p libc ][   rw-p libc   ]
 *   pieces   [   7   ][       11       ][ 18, 24    ][       18      ]
 *
 * A VMA's history is the union of the pieces in it. Every byte of a VMA has a piece, and no other
 * byte has one; vmt_history_sync() restores that at the end of each step.
 */
#ifndef MM_HISTORY_H
#define MM_HISTORY_H

#include "space.h"

/* Adds @step to the pieces of [start, end), cut at the ends. */
void vmt_history_mark(struct vmt_space *space, uint64_t start, uint64_t end, uint32_t step);

/* Adds @step to the piece that holds @address, uncut: a call that points there. */
void vmt_history_point(struct vmt_space *space, uint64_t address, uint32_t step);

/* Forgets what was in [start, end). */
void vmt_history_drop(struct vmt_space *space, uint64_t start, uint64_t end);

/* Copies the pieces of [from, from + length) to @to, over whatever is there (mremap). */
void vmt_history_copy(struct vmt_space *space, uint64_t from, uint64_t length, uint64_t to);

/* Drops what no VMA holds in [start, end), and gives VMA bytes without a piece one with @step. */
void vmt_history_sync(struct vmt_space *space, uint64_t start, uint64_t end, uint32_t step);

/*
 * Appends the steps of [start, end), ascending and unique, to @ret_numbers. Returns how many were
 * left out at least: only so many pieces are looked at, and steps listed.
 */
size_t vmt_history_steps(const struct vmt_space *space, uint64_t start, uint64_t end,
			 uint32_t **ret_numbers, size_t *ret_count);

/* The history of a fork's child: one piece a VMA, with @step_of(vma)'s number. */
void vmt_history_free(struct vmt_space *space);

#endif
