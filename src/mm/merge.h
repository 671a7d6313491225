/* SPDX-License-Identifier: MIT */
/*
 * merge: the policy, and nothing but the policy: may two VMAs become one? The surgery is edit.c's.
 */
#ifndef MM_MERGE_H
#define MM_MERGE_H

#include "space.h"

/*
 * Why two adjacent VMAs must stay two, VMT_WHY_NONE if nothing but their anon_vmas can speak
 * against it. One of them may be a proposal that is not in the space; @above_pgoff is the page
 * offset that the upper one has at the border, @border_pgoff the one that the lower one would
 * have there. Mirrors is_mergeable_vma() and can_vma_merge_before() (mm/vma.c).
 */
enum vmt_why_id vmt_merge_refusal(const struct vmt_space *space, const struct vmt_vma *below,
				  uint64_t border_pgoff, const struct vmt_vma *above,
				  uint64_t above_pgoff);

/*
 * is_mergeable_anon_vma(): whether a range with the anon_vma of @range (none for a new mapping)
 * may join @neighbour.
 *
 *	range  neighbour   up to 6.15                6.16 and later
 *	none   none        yes                       yes
 *	none   has         not if it came by fork    the same
 *	has    none        no                        not if it came by fork
 *	A      A           yes                       yes
 *	A      B           no                        no
 */
bool vmt_merge_anon(const struct vmt_space *space, const struct vmt_vma *range,
		    const struct vmt_vma *neighbour);

/* Both neighbours at once: their own anon_vmas must not contradict each other. */
bool vmt_merge_anon_both(const struct vmt_vma *below, const struct vmt_vma *above);

/*
 * Finds out whether pages of @vma were written (its anon_vma exists), where the model does not know
 * yet and it matters; asks the space's look function.
 */
void vmt_anon_look(struct vmt_space *space, struct vmt_vma *vma);

/*
 * __anon_vma_prepare(): gives @vma an anon_vma, sharing that of an adjacent VMA that it could have
 * been split from (find_mergeable_anon_vma(): the one above is asked first).
 */
void vmt_anon_prepare(struct vmt_space *space, struct vmt_vma *vma);

#endif
