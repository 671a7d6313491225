/* SPDX-License-Identifier: MIT */
/*
 * edit: the kernel's range surgery on VMAs (mm/vma.c, 6.18): split, merge, modify, unmap. Each
 * function leaves in the step why neighbours merged, or not.
 */
#ifndef MM_EDIT_H
#define MM_EDIT_H

#include "space.h"

/*
 * __split_vma(): cuts @vma at @address, which lies inside it. Returns the upper half, or NULL with
 * *ret_error set: -ENOMEM at the VMA limit, -EINVAL if the mapping refuses to be cut.
 *
 *      [      vma      ]   =>   [  vma  ][ upper ]
 *              ^ address
 */
struct vmt_vma *vmt_split_vma(struct vmt_space *space, struct vmt_vma *vma, uint64_t address,
			      int *ret_error);

/* Which neighbours a new range may join. */
enum vmt_merge_sides {
	VMT_MERGE_BOTH_SIDES,
	VMT_MERGE_BELOW_ONLY, /* brk: vmg.just_expand */
	VMT_MERGE_ABOVE_ONLY, /* mremap: what is below is the source, which stays */
	VMT_MERGE_NOT, /* brk: nothing of the heap is there yet; mremap: the source is on both sides */
};

/*
 * vma_merge_new_range(): maps [start, end), which is free, with the attributes of @proposed; grows
 * a neighbour where the policy (merge.h) allows it, else inserts a new VMA. Returns the VMA that
 * holds the range.
 */
struct vmt_vma *vmt_map_new_range(struct vmt_space *space, uint64_t start, uint64_t end,
				  const struct vmt_vma *proposed, enum vmt_merge_sides sides);

/*
 * The same for what mmap and brk make: where PR_SET_MEMORY_MERGE marks new memory only when it is there
 * (ksm_add_vma()), a neighbour with the mark does not take it.
 */
struct vmt_vma *vmt_map_new_memory(struct vmt_space *space, uint64_t start, uint64_t end,
				   const struct vmt_vma *proposed, enum vmt_merge_sides sides);

/*
 * vma_modify() and vma_merge_existing_range(): gives [start, end) inside @vma the attributes of
 * @proposed, merging with neighbours where allowed, else splitting. Returns the VMA that holds the
 * range afterwards, or NULL with *ret_error as vmt_split_vma() does (a first split may remain).
 */
struct vmt_vma *vmt_modify_range(struct vmt_space *space, struct vmt_vma *vma, uint64_t start,
				 uint64_t end, const struct vmt_vma *proposed, int *ret_error);

/*
 * vms_gather_munmap_vmas(): makes start and end borders of VMAs, and asks whether what lies between
 * may go. 0, or a negative errno with what the kernel leaves: the first split remains.
 */
int vmt_cut_range(struct vmt_space *space, uint64_t start, uint64_t end);

/* vms_complete_munmap_vmas(): takes out the VMAs of a range that vmt_cut_range() has cut. */
void vmt_clear_range(struct vmt_space *space, uint64_t start, uint64_t end);

/* Both. */
int vmt_unmap_range(struct vmt_space *space, uint64_t start, uint64_t end);

#endif
