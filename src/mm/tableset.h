/* SPDX-License-Identifier: MIT */
/*
 * tableset: a set of equal aligned spans of addresses, such as those of the tables of one level,
 * kept as runs, so that a terabyte that is full costs as much as one table.
 *
 *	span     |  0  |  1  |  2  |  3  |  4  |  5  |
 *	members        [  run      ]     [run ]              count 3
 */
#ifndef MM_TABLESET_H
#define MM_TABLESET_H

#include "vmtrace/base.h"

struct vmt_table_set {
	struct vmt_range_set runs;
	unsigned span_shift; /* log2 of the bytes of a span */
	uint64_t count; /* members */
};

void vmt_table_set_init(struct vmt_table_set *set, unsigned span_shift);
void vmt_table_set_deinit(struct vmt_table_set *set);

/* Adds every span that has a byte of [start, end). Returns how many are new. */
uint64_t vmt_table_set_add(struct vmt_table_set *set, uint64_t start, uint64_t end);

/* Takes out the spans that lie wholly inside [start, end). Returns how many there were. */
uint64_t vmt_table_set_remove(struct vmt_table_set *set, uint64_t start, uint64_t end);

bool vmt_table_set_has(const struct vmt_table_set *set, uint64_t address);

/* Members that have a byte of [start, end). */
uint64_t vmt_table_set_count(const struct vmt_table_set *set, uint64_t start, uint64_t end);

/*
 * The first run of members that ends above @address, from the member that holds @address on at the
 * lowest; false if there is none. The ends are borders of spans.
 */
bool vmt_table_set_next(const struct vmt_table_set *set, uint64_t address, uint64_t *ret_start,
			uint64_t *ret_end);

#endif
