/* SPDX-License-Identifier: MIT */
/*
 * Range surgery (edit.h). The drawings show addresses growing to the right; P and N are the
 * neighbours below and above, M is the VMA that holds the range, * is the range.
 */
#include "edit.h"

#include <assert.h>
#include <errno.h>

#include "merge.h"
#include "path.h"
#include "pgtable.h"

/* The page offset that @vma has, or would have, at @address. */
static uint64_t pgoff_at(const struct vmt_space *space, const struct vmt_vma *vma, uint64_t address)
{
	return vma->pgoff + vmt_pages(space, address) - vmt_pages(space, vmt_vma_start(vma));
}

/* __split_vma() without the limit: the caller has looked at it, or need not. */
static struct vmt_vma *split_unlimited(struct vmt_space *space, struct vmt_vma *vma,
				       uint64_t address, int *ret_error)
{
	uint64_t end = vmt_vma_end(vma);
	uint64_t pgoff = pgoff_at(space, vma, address);
	VMT_PATH(space, SPLIT_VMA);

	assert(vmt_vma_start(vma) < address && address < end);
	if (!vma->may_split) {
		vmt_why(space, VMT_WHY_SPECIAL_SPLIT, vmt_vma_start(vma), end, 0, 0);
		*ret_error = -EINVAL;
		return NULL;
	}
	/* hugetlb_vm_op_split() */
	if (vma->split_bytes && address & (vma->split_bytes - 1)) {
		*ret_error = vmt_refuse(space, EINVAL, VMT_WHY_HUGE_UNALIGNED);
		return NULL;
	}
	/* Both halves keep the anon_vma, though only one may hold the page that tells of it. */
	vmt_anon_look(space, vma);
	vmt_space_resize(space, vma, vmt_vma_start(vma), address);
	return vmt_space_insert(space, vma, address, end, pgoff);
}

struct vmt_vma *vmt_split_vma(struct vmt_space *space, struct vmt_vma *vma, uint64_t address,
			      int *ret_error)
{
	if (space->vmas.count >= space->max_map_count) {
		*ret_error = vmt_why_limit(space, VMT_WHY_SPLIT_LIMIT);
		return NULL;
	}
	return split_unlimited(space, vma, address, ret_error);
}

/* A neighbour of a range, whether it may be merged with, and the reason if not. */
struct candidate {
	struct vmt_vma *vma; /* adjacent VMA, NULL if there is none */
	bool mergeable;
};

/* Would a reader expect the two to be one VMA? Only then is the refusal worth a word. */
static bool look_alike(const struct vmt_vma *a, const struct vmt_vma *b)
{
	return vmt_vma_perms(a) == vmt_vma_perms(b) && !a->special && !b->special &&
	       a->file.inode == b->file.inode && a->file.dev_major == b->file.dev_major &&
	       a->file.dev_minor == b->file.dev_minor;
}

static void tell_refusal(struct vmt_space *space, enum vmt_why_id why,
			 const struct vmt_vma *neighbour, const struct vmt_vma *range)
{
	if (why != VMT_WHY_NONE && look_alike(neighbour, range))
		vmt_why(space, why, vmt_vma_start(neighbour), vmt_vma_end(neighbour), 0, 0);
}

/*
 * A new mapping of a file beside one of the same file, which would merge if both are of one struct
 * file. Where the tracer could not tell, the kernel has answered already: they are one VMA, or not.
 */
static void settle_file(struct vmt_space *space, const struct vmt_vma *neighbour, bool below,
			uint64_t border, struct vmt_vma *proposed)
{
	struct vmt_vma same = *proposed;
	enum vmt_why_id why;
	int across;

	if (!proposed->file.unsure || !space->across || !neighbour->file.description ||
	    neighbour->file.inode != proposed->file.inode ||
	    neighbour->file.dev_major != proposed->file.dev_major ||
	    neighbour->file.dev_minor != proposed->file.dev_minor)
		return;
	same.file.description = neighbour->file.description;
	if (below)
		why = vmt_merge_refusal(space, neighbour, pgoff_at(space, neighbour, border), &same,
					same.pgoff);
	else
		why = vmt_merge_refusal(space, &same, neighbour->pgoff, neighbour,
					neighbour->pgoff);
	if (why != VMT_WHY_NONE)
		return;
	across = space->across(space->across_data, border);
	if (across > 0)
		proposed->file.description = neighbour->file.description;
	else if (across == 0 && proposed->file.description == neighbour->file.description)
		proposed->file.description = space->next_description++;
}

/*
 * Judges the neighbour below (@below true) or above the range [start, end) that is to get the
 * attributes of @proposed.
 */
static struct candidate judge(struct vmt_space *space, struct vmt_vma *neighbour, bool below,
			      uint64_t start, uint64_t end, struct vmt_vma *proposed)
{
	struct candidate candidate = { 0 };
	enum vmt_why_id why;

	if (!neighbour ||
	    (below ? vmt_vma_end(neighbour) != start : vmt_vma_start(neighbour) != end))
		return candidate;
	candidate.vma = neighbour;
	settle_file(space, neighbour, below, below ? start : end, proposed);
	VMT_PATH_IF(below, space, CAN_MERGE_LEFT);
	VMT_PATH_IF(!below, space, CAN_MERGE_RIGHT);
	if (below)
		why = vmt_merge_refusal(space, neighbour, pgoff_at(space, neighbour, start),
					proposed, proposed->pgoff);
	else
		why = vmt_merge_refusal(space, proposed,
					proposed->pgoff + vmt_pages(space, end - start), neighbour,
					neighbour->pgoff);
	if (why == VMT_WHY_NONE) {
		vmt_anon_look(space, neighbour);
		if (!vmt_merge_anon(space, proposed, neighbour))
			why = neighbour->anon_forked || proposed->anon_forked ? VMT_WHY_APART_FORKED
									      : VMT_WHY_APART_ANON;
	}
	candidate.mergeable = why == VMT_WHY_NONE;
	vmt_path_branch(space, candidate.mergeable ? "yes" : vmt_why_name(why));
	tell_refusal(space, why, neighbour, proposed);
	return candidate;
}

/* Both may merge with the range, but not with each other: the lower one wins (6.1: the upper). */
static void settle_both(struct vmt_space *space, struct candidate *below, struct candidate *above,
			bool prefer_above)
{
	if (!below->mergeable || !above->mergeable)
		return;
	if (!vmt_merge_anon_both(below->vma, above->vma) ||
	    (prefer_above && !below->vma->anon_vma && above->vma->anon_vma)) {
		if (prefer_above) {
			below->mergeable = false;
			tell_refusal(space, VMT_WHY_APART_ANON, below->vma, above->vma);
		} else {
			above->mergeable = false;
			tell_refusal(space, VMT_WHY_APART_ANON, above->vma, below->vma);
		}
	} else if (above->vma->close_hook) {
		above->mergeable = false;
		tell_refusal(space, VMT_WHY_APART_CLOSE, above->vma, below->vma);
	}
}

static void tell_merge(struct vmt_space *space, const struct candidate *below,
		       const struct candidate *above)
{
	if (below->mergeable && above->mergeable)
		vmt_why(space, VMT_WHY_MERGE_BOTH, vmt_vma_start(below->vma),
			vmt_vma_end(above->vma), 0, 0);
	else if (below->mergeable)
		vmt_why(space, VMT_WHY_MERGE_BELOW, vmt_vma_start(below->vma),
			vmt_vma_end(below->vma), 0, 0);
	else if (above->mergeable)
		vmt_why(space, VMT_WHY_MERGE_ABOVE, vmt_vma_start(above->vma),
			vmt_vma_end(above->vma), 0, 0);
}

/* dup_anon_vma(): the survivor takes over the anon_vma of what it swallows. */
static void take_anon(struct vmt_space *space, struct vmt_vma *survivor,
		      const struct vmt_vma *swallowed)
{
	vmt_space_touch(space, survivor);
	vmt_space_set_flags(space, survivor,
			    survivor->flags |
				    (swallowed->flags & (VMT_VM_SOFTDIRTY | VMT_VM_MAYBE_GUARD)));
	if (!survivor->anon_vma) {
		survivor->anon_vma = swallowed->anon_vma;
		survivor->anon_forked = swallowed->anon_forked;
	}
}

/*
 *	both     [  P  ]***[  N  ]   =>   [       P       ]
 *	below    [  P  ]***          =>   [   P    ]
 *	above          ***[  N  ]    =>         [    N   ]
 *	none           ***           =>         [M]
 */
struct vmt_vma *vmt_map_new_range(struct vmt_space *space, uint64_t start, uint64_t end,
				  const struct vmt_vma *proposed, enum vmt_merge_sides sides)
{
	struct vmt_vma *next = vmt_find_vma(space, start);
	struct vmt_vma *prev = vmt_vma_before(space, next);
	struct vmt_vma range = *proposed;
	VMT_PATH(space, MERGE_NEW);
	struct candidate below = { 0 };
	struct candidate above = { 0 };

	if (sides == VMT_MERGE_BOTH_SIDES || sides == VMT_MERGE_BELOW_ONLY)
		below = judge(space, prev, true, start, end, &range);
	assert(!next || vmt_vma_start(next) >= end);
	if (sides == VMT_MERGE_BOTH_SIDES || sides == VMT_MERGE_ABOVE_ONLY)
		above = judge(space, next, false, start, end, &range);
	settle_both(space, &below, &above, space->features.new_prefers_next);
	tell_merge(space, &below, &above);
	if (below.mergeable && above.mergeable) {
		uint64_t far_end = vmt_vma_end(next);

		VMT_PATH(space, VMA_EXPAND);
		vmt_path_branch(space, "the VMA below takes the range and the VMA above");
		take_anon(space, prev, next);
		vmt_space_erase(space, next);
		vmt_space_resize(space, prev, vmt_vma_start(prev), far_end);
		return prev;
	}
	if (below.mergeable) {
		VMT_PATH(space, VMA_EXPAND);
		vmt_path_branch(space, "the VMA below grows");
		take_anon(space, prev, &range);
		vmt_space_resize(space, prev, vmt_vma_start(prev), end);
		return prev;
	}
	if (above.mergeable) {
		VMT_PATH(space, VMA_EXPAND);
		vmt_path_branch(space, "the VMA above grows down");
		take_anon(space, next, &range);
		vmt_space_resize(space, next, start, vmt_vma_end(next));
		return next;
	}
	VMT_PATH(space, NEW_VMA);
	return vmt_space_insert(space, &range, start, end, range.pgoff);
}

struct vmt_vma *vmt_map_new_memory(struct vmt_space *space, uint64_t start, uint64_t end,
				   const struct vmt_vma *proposed, enum vmt_merge_sides sides)
{
	struct vmt_vma plain = *proposed;
	size_t before = space->vmas.count;
	struct vmt_vma *vma;

	if (!space->features.ksm_after_merge)
		return vmt_map_new_range(space, start, end, proposed, sides);
	plain.flags &= ~VMT_VM_MERGEABLE;
	vma = vmt_map_new_range(space, start, end, &plain, sides);
	if (space->vmas.count > before)
		vmt_space_set_flags(space, vma, proposed->flags);
	return vma;
}

/* No merge: cuts [start, end) out of @vma and gives it the new attributes. */
static struct vmt_vma *modify_in_place(struct vmt_space *space, struct vmt_vma *vma, uint64_t start,
				       uint64_t end, const struct vmt_vma *proposed, int *ret_error)
{
	bool splits = vmt_vma_start(vma) < start || end < vmt_vma_end(vma);
	uint64_t whole_start = vmt_vma_start(vma);
	uint64_t whole_end = vmt_vma_end(vma);

	if (vmt_vma_start(vma) < start) {
		vma = vmt_split_vma(space, vma, start, ret_error);
		if (!vma)
			return NULL;
	}
	if (end < vmt_vma_end(vma) && !vmt_split_vma(space, vma, end, ret_error))
		return NULL;
	if (splits)
		vmt_why(space, VMT_WHY_SPLIT, whole_start, whole_end, 0, 0);
	vmt_space_set_flags(space, vma, proposed->flags);
	vmt_space_touch(space, vma);
	vma->policy = proposed->policy;
	vma->uffd = proposed->uffd;
	vma->anon_name = proposed->anon_name;
	return vma;
}

/*
 * M is what is left of the VMA that held the range.
 *
 *	both     [  P  ][ ***** ][  N  ]   =>   [         P          ]    M and N are gone
 *	below    [  P  ][ ***   M      ]   =>   [  P    ][     M     ]
 *	above    [     M   *** ][  N   ]   =>   [    M   ][    N     ]
 *	neither  [     M  ***          ]   =>   [   M  ][ * ][       ]
 */
struct vmt_vma *vmt_modify_range(struct vmt_space *space, struct vmt_vma *vma, uint64_t start,
				 uint64_t end, const struct vmt_vma *proposed, int *ret_error)
{
	bool from_start = start == vmt_vma_start(vma);
	bool to_end = end == vmt_vma_end(vma);
	struct vmt_vma *prev = vmt_vma_prev(vma);
	struct vmt_vma *next = vmt_vma_next(vma);
	struct candidate below = { 0 };
	struct candidate above = { 0 };
	struct vmt_vma range;
	VMT_PATH(space, VMA_MODIFY);
	VMT_PATH(space, MERGE_EXISTING);

	if (from_start || to_end)
		vmt_anon_look(space, vma);
	range = *vma;
	range.flags = proposed->flags;
	range.policy = proposed->policy;
	range.uffd = proposed->uffd;
	range.anon_name = proposed->anon_name;
	range.pgoff = pgoff_at(space, vma, start);

	if (from_start)
		below = judge(space, prev, true, start, end, &range);
	if (to_end)
		above = judge(space, next, false, start, end, &range);
	settle_both(space, &below, &above, false);
	if (from_start && to_end && vma->close_hook)
		below.mergeable = above.mergeable = false;
	tell_merge(space, &below, &above);

	if (below.mergeable && above.mergeable) {
		uint64_t far_end = vmt_vma_end(next);
		VMT_PATH(space, COMMIT_MERGE);

		vmt_path_branch(space, "three VMAs become one");
		take_anon(space, prev, &range);
		take_anon(space, prev, next);
		vmt_space_erase(space, vma);
		vmt_space_erase(space, next);
		vmt_space_resize(space, prev, vmt_vma_start(prev), far_end);
		return prev;
	}
	if (below.mergeable) {
		VMT_PATH(space, COMMIT_MERGE);

		vmt_path_branch(space, "the VMA below takes the range");
		take_anon(space, prev, &range);
		if (to_end)
			vmt_space_erase(space, vma);
		else
			vmt_space_resize(space, vma, end, vmt_vma_end(vma));
		vmt_space_resize(space, prev, vmt_vma_start(prev), end);
		return prev;
	}
	if (above.mergeable) {
		VMT_PATH(space, COMMIT_MERGE);

		vmt_path_branch(space, "the VMA above takes the range");
		take_anon(space, next, &range);
		if (from_start)
			vmt_space_erase(space, vma);
		else
			vmt_space_resize(space, vma, vmt_vma_start(vma), start);
		vmt_space_resize(space, next, start, vmt_vma_end(next));
		return next;
	}
	return modify_in_place(space, vma, start, end, &range, ret_error);
}

/*
 *	   [  first  ][ inner ][  last  ]
 *	        [start ......... end)
 *	=> [ f ][   ][ inner ][  ][  l  ]
 */
int vmt_cut_range(struct vmt_space *space, uint64_t start, uint64_t end)
{
	struct vmt_vma *vma = vmt_find_vma(space, start);
	int error = 0;
	VMT_PATH(space, GATHER_VMAS);

	if (!vma || vmt_vma_start(vma) >= end)
		return 0;
	if (vmt_vma_start(vma) < start) {
		if (end < vmt_vma_end(vma) && space->vmas.count >= space->max_map_count)
			return vmt_why_limit(space, VMT_WHY_SPLIT_LIMIT);
		if (vma->flags & VMT_VM_SEALED)
			return vmt_why_sealed(space, vma);
		vma = split_unlimited(space, vma, start, &error);
		if (!vma)
			return error;
	}
	for (; vma && vmt_vma_start(vma) < end; vma = vmt_vma_next(vma)) {
		if (vma->flags & VMT_VM_SEALED)
			return vmt_why_sealed(space, vma);
		if (vmt_vma_end(vma) > end && !split_unlimited(space, vma, end, &error))
			return error;
	}
	return 0;
}

void vmt_clear_range(struct vmt_space *space, uint64_t start, uint64_t end)
{
	struct vmt_vma *vma = vmt_find_vma(space, start);
	const struct vmt_vma *below = vmt_vma_before(space, vma);
	uint64_t low, high = end;
	struct vmt_vma *next;

	if (!vma || vmt_vma_start(vma) >= end)
		return;
	VMT_PATH(space, COMPLETE_VMAS);
	low = vmt_vma_start(vma);
	for (; vma && vmt_vma_start(vma) < end; vma = next) {
		next = vmt_vma_next(vma);
		high = vmt_vma_end(vma);
		vmt_space_erase(space, vma);
	}
	vmt_pgtables_unmapped(space, low, high, below ? vmt_vma_end(below) : 0,
			      vma ? vmt_vma_start(vma) : 0);
}

/* First all refusals, then the removal. */
int vmt_unmap_range(struct vmt_space *space, uint64_t start, uint64_t end)
{
	int error = vmt_cut_range(space, start, end);

	if (!error)
		vmt_clear_range(space, start, end);
	return error;
}
