/* SPDX-License-Identifier: MIT */
/*
 * range: an ordered set of disjoint ranges [start, end), with the free gaps between them. It
 * knows ranges only: VMAs (vma.h) and history pieces (history.h) embed a struct vmt_range as
 * their first member and own the memory.
 *
 * The set is an AVL tree threaded with a list. Each node carries the free gap below it and the
 * largest gap of its subtree, as mm/mmap.c did with rb_subtree_gap before the maple tree (Linux
 * 5.15), so that find, insert, erase and the search for a gap are O(log n):
 *
 *            0x1000      0x5000 0x6000          0x9000   0xa000
 *   ----------[   A   ]----[ B ]------------------[   C   ]------------
 *   gap(A)=4K          gap(B)             gap(C)=12K           above the last range
 *
 *                 B  max_gap = max(gap(A), gap(B), gap(C))
 *               /   \
 *              A     C
 */
#ifndef MM_RANGE_H
#define MM_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vmt_range {
	uint64_t start;
	uint64_t end;
	struct vmt_range *prev; /* neighbours in order of address */
	struct vmt_range *next;
	struct vmt_range *parent;
	struct vmt_range *left;
	struct vmt_range *right;
	uint64_t gap; /* free bytes from the end of prev (or from 0) to start */
	uint64_t max_gap; /* largest gap in the subtree */
	int height; /* of the subtree; a leaf has 1 */
};

struct vmt_range_set {
	struct vmt_range *root;
	struct vmt_range *first;
	struct vmt_range *last;
	struct vmt_range *recent; /* a member that was looked for lately, or NULL */
	size_t count;
};

/* The first range that ends above @address (find_vma()), NULL if there is none. */
struct vmt_range *vmt_range_find(const struct vmt_range_set *set, uint64_t address);

/* The range that holds @address, NULL if it is free. */
struct vmt_range *vmt_range_at(const struct vmt_range_set *set, uint64_t address);

/* Adds @range, whose start and end are set and which overlaps no member. */
void vmt_range_insert(struct vmt_range_set *set, struct vmt_range *range);

void vmt_range_erase(struct vmt_range_set *set, struct vmt_range *range);

/* Moves the ends of a member; it must stay between its neighbours. */
void vmt_range_resize(struct vmt_range_set *set, struct vmt_range *range, uint64_t start,
		      uint64_t end);

/*
 * The highest member with a gap of at least @length bytes below it, among the members whose gap
 * begins below @limit; NULL if there is none. The gap above the last member is the caller's.
 */
struct vmt_range *vmt_range_gap_down(const struct vmt_range_set *set, uint64_t limit,
				     uint64_t length);

/* The lowest member with a gap of at least @length bytes that ends above @limit. */
struct vmt_range *vmt_range_gap_up(const struct vmt_range_set *set, uint64_t limit,
				   uint64_t length);

/* Asserts every invariant of the tree; O(n), for tests. */
void vmt_range_verify(const struct vmt_range_set *set);

#endif
