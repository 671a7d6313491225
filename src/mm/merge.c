/* SPDX-License-Identifier: MIT */
/*
 * What may merge (mm/vma.c, 6.18: is_mergeable_vma(), is_mergeable_anon_vma()), and the hidden
 * state that decides it: the anon_vma, which a private VMA gets at its first write fault.
 */
#include "merge.h"

#include <string.h>

/* Flags that may differ: the merged VMA gets both (VM_STICKY). */
static uint64_t compared_flags(uint64_t flags)
{
	return flags & ~(VMT_VM_SOFTDIRTY | VMT_VM_MAYBE_GUARD);
}

static bool names_equal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

enum vmt_why_id vmt_merge_refusal(const struct vmt_space *space, const struct vmt_vma *below,
				  uint64_t border_pgoff, const struct vmt_vma *above,
				  uint64_t above_pgoff)
{
	uint64_t differing = compared_flags(below->flags) ^ compared_flags(above->flags);

	if ((below->flags | above->flags) & VMT_VM_SPECIAL || below->special || above->special)
		return VMT_WHY_APART_SPECIAL;
	if (below->file.description != above->file.description)
		return VMT_WHY_APART_FILE;
	if (differing == VMT_VM_ACCOUNT)
		return VMT_WHY_APART_ACCOUNT;
	if (differing & VMT_VM_ACCESS)
		return VMT_WHY_APART_PERMS;
	if (differing)
		return VMT_WHY_APART_FLAGS;
	if (border_pgoff != above_pgoff)
		return below->file.description ? VMT_WHY_APART_OFFSET : VMT_WHY_APART_ANON_OFFSET;
	if (below->policy != above->policy)
		return VMT_WHY_APART_POLICY;
	if (below->uffd != above->uffd)
		return VMT_WHY_APART_UFFD;
	if (!names_equal(below->anon_name, above->anon_name))
		return VMT_WHY_APART_NAME;
	if (space->features.close_never_merges && (below->close_hook || above->close_hook))
		return VMT_WHY_APART_CLOSE;
	return VMT_WHY_NONE;
}

bool vmt_merge_anon(const struct vmt_space *space, const struct vmt_vma *range,
		    const struct vmt_vma *neighbour)
{
	if (range->anon_vma == neighbour->anon_vma)
		return true;
	if (!range->anon_vma)
		return !neighbour->anon_forked;
	if (!neighbour->anon_vma)
		return !space->features.modify_needs_both_anon && !range->anon_forked;
	return false;
}

bool vmt_merge_anon_both(const struct vmt_vma *below, const struct vmt_vma *above)
{
	return !below->anon_vma || !above->anon_vma || below->anon_vma == above->anon_vma;
}

/* Only private memory has an anon_vma, and only where somebody could write or copy a page. */
static bool can_have_anon(const struct vmt_vma *vma)
{
	return !(vma->flags & VMT_VM_SHARED) && !vma->special;
}

void vmt_anon_look(struct vmt_space *space, struct vmt_vma *vma)
{
	if (vma->anon_vma || !can_have_anon(vma) || !space->look)
		return;
	/* Before the call there were none; what the call itself populated came after its cuts. */
	if (vma->looked && vma->looked == space->call)
		return;
	if (vma->empty && vma->empty == space->moment)
		return;
	if (space->look(space->look_data, vmt_vma_start(vma), vmt_vma_end(vma)))
		vmt_anon_prepare(space, vma);
	else
		vma->empty = space->moment;
}

/* anon_vma_compatible(): could the two have been one VMA, but for their access rights? */
static bool anon_compatible(const struct vmt_space *space, const struct vmt_vma *below,
			    const struct vmt_vma *above)
{
	uint64_t differing = compared_flags(below->flags) ^ compared_flags(above->flags);
	uint64_t border = below->pgoff + vmt_pages(space, vmt_vma_end(below)) -
			  vmt_pages(space, vmt_vma_start(below));

	return vmt_vma_end(below) == vmt_vma_start(above) && below->policy == above->policy &&
	       below->file.description == above->file.description &&
	       !(differing & ~VMT_VM_ACCESS) && border == above->pgoff;
}

void vmt_anon_prepare(struct vmt_space *space, struct vmt_vma *vma)
{
	struct vmt_vma *above = vmt_vma_next(vma);
	struct vmt_vma *below = vmt_vma_prev(vma);

	if (above && above->anon_vma && !above->anon_forked && anon_compatible(space, vma, above))
		vma->anon_vma = above->anon_vma;
	else if (below && below->anon_vma && !below->anon_forked &&
		 anon_compatible(space, below, vma))
		vma->anon_vma = below->anon_vma;
	else
		vma->anon_vma = space->next_anon_vma++;
	vma->anon_forked = false;
}
