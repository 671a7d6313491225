/* SPDX-License-Identifier: MIT */
/*
 * mremap: do_mremap() and what it calls (mm/mremap.c, 6.18; mremap_to() and vma_to_resize() up to 6.16).
 *
 *	shrink     [ keep   | tail ]        =>  [ keep   ]
 *	in place   [   V   ]                =>  [   V  +++++ ]
 *	move       [ a | V | b ]  …         =>  [ a ]   [ b ]  …  [ V +++ ]
 *	dontunmap  [    V      ]  …         =>  [ V, emptied ]  …  [ V ]
 */
#include <errno.h>
#include <sys/mman.h>

#include "account.h"
#include "edit.h"
#include "history.h"
#include "merge.h"
#include "ops.h"
#include "path.h"
#include "pgtable.h"
#include "place.h"

enum {
	KNOWN_FLAGS = MREMAP_MAYMOVE | MREMAP_FIXED | 4 /* MREMAP_DONTUNMAP */,
	DONTUNMAP = 4
};

/* struct vma_remap_struct */
struct remap {
	uint64_t address;
	uint64_t old_length;
	uint64_t new_length;
	uint64_t flags;
	uint64_t new_address; /* FIXED or DONTUNMAP only */
	const struct vmt_event *event;
	struct vmt_step *step;
};

static bool implies_new_address(const struct remap *remap)
{
	return remap->flags & (MREMAP_FIXED | DONTUNMAP);
}

/* The lengths of MREMAP_DONTUNMAP must be the same: since 6.17 in pages. */
static bool resizes(const struct vmt_space *space, const struct remap *remap)
{
	return space->features.mremap_raw_lengths ? remap->event->args[1] != remap->event->args[2]
						  : remap->old_length != remap->new_length;
}

static int check_move_flags(struct vmt_space *space, const struct remap *remap)
{
	if (!(remap->flags & MREMAP_MAYMOVE))
		return vmt_refuse(space, EINVAL, VMT_WHY_REMAP_NEEDS_MAYMOVE);
	if (remap->flags & DONTUNMAP && resizes(space, remap))
		return vmt_refuse(space, EINVAL, VMT_WHY_REMAP_RESIZES);
	return 0;
}

/* check_mremap_params(), its first part; the flags of a move come second since 6.17. */
static int check_parameters(struct vmt_space *space, const struct remap *remap)
{
	bool looks_first = space->features.mremap_looks_first;
	VMT_PATH(space, CHECK_MREMAP);

	if (remap->flags & ~(uint64_t)KNOWN_FLAGS)
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	if (looks_first && implies_new_address(remap)) {
		int error = check_move_flags(space, remap);

		if (error)
			return error;
	}
	if (remap->address & (vmt_space_page(space) - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_ADDRESS_UNALIGNED);
	if (!remap->new_length)
		return vmt_refuse(space, EINVAL, VMT_WHY_LENGTH_ZERO);
	if (!looks_first && remap->new_length > space->task_size)
		return vmt_refuse(space, EINVAL, VMT_WHY_BEYOND_TASK_SIZE);
	return 0;
}

/* Its second part, of a move to a place that is asked for; up to 6.16 mremap_to(). */
static int check_target(struct vmt_space *space, const struct remap *remap)
{
	uint64_t page_mask = vmt_space_page(space) - 1;
	bool unaligned = remap->new_address & page_mask;

	/* Both are EINVAL; which one is said first has changed. */
	if (unaligned && space->features.mremap_looks_first)
		return vmt_refuse(space, EINVAL, VMT_WHY_ADDRESS_UNALIGNED);
	if (remap->new_length > space->task_size ||
	    remap->new_address > space->task_size - remap->new_length)
		return vmt_refuse(space, EINVAL, VMT_WHY_BEYOND_TASK_SIZE);
	if (unaligned)
		return vmt_refuse(space, EINVAL, VMT_WHY_ADDRESS_UNALIGNED);
	if (!space->features.mremap_looks_first) {
		int error = check_move_flags(space, remap);

		if (error)
			return error;
	}
	if (remap->address + remap->old_length > remap->new_address &&
	    remap->new_address + remap->new_length > remap->address)
		return vmt_refuse(space, EINVAL, VMT_WHY_REMAP_OVERLAPS);
	if (space->vmas.count + 5 >= space->max_map_count)
		return vmt_why_limit(space, VMT_WHY_MAP_LIMIT);
	return 0;
}

static struct vmt_vma *lookup(const struct vmt_space *space, uint64_t address)
{
	struct vmt_vma *vma = vmt_find_vma(space, address);

	return vma && vmt_vma_start(vma) <= address ? vma : NULL;
}

/* What growing in any place needs: the last part of check_prep_vma(). */
static int check_growth(struct vmt_space *space, const struct remap *remap,
			const struct vmt_vma *vma)
{
	uint64_t delta = remap->new_length - remap->old_length;
	int error;

	if (vma->flags & (VMT_VM_DONTEXPAND | VMT_VM_PFNMAP))
		return vmt_refuse(space, EFAULT, VMT_WHY_DONT_EXPAND);
	error = vmt_may_lock_more(space, vma->flags, delta);
	return error ? error : vmt_may_expand(space, vma->flags, vmt_pages(space, delta), 0);
}

/* align_hugetlb(): whole huge pages, and no more of them than before. */
static bool align_huge(struct remap *remap, const struct vmt_vma *vma)
{
	uint64_t mask = vma->split_bytes - 1;

	remap->old_length = (remap->old_length + mask) & ~mask;
	remap->new_length = (remap->new_length + mask) & ~mask;
	return !((remap->address | remap->event->args[4]) & mask) &&
	       remap->new_length <= remap->old_length;
}

/* check_prep_vma(): its first part, and what of it stood before mremap_to() up to 6.16. */
static int check_found(struct vmt_space *space, struct remap *remap, const struct vmt_vma *vma)
{
	VMT_PATH(space, CHECK_PREP_VMA);

	if (!vma)
		return vmt_refuse(space, EFAULT, VMT_WHY_NOTHING_MAPPED);
	if (vma->flags & VMT_VM_SEALED)
		return vmt_why_sealed(space, vma);
	if (vma->split_bytes && !align_huge(remap, vma))
		return vmt_refuse(space, EINVAL, VMT_WHY_HUGE_UNALIGNED);
	return 0;
}

/* The rest of it; up to 6.16 vma_to_resize(). */
static int check_resize(struct vmt_space *space, const struct remap *remap,
			const struct vmt_vma *vma)
{
	if (!remap->old_length && !(vma->flags & (VMT_VM_SHARED | VMT_VM_MAYSHARE)))
		return vmt_refuse(space, EINVAL, VMT_WHY_REMAP_EMPTY_PRIVATE);
	if (remap->flags & DONTUNMAP && vma->flags & (VMT_VM_DONTEXPAND | VMT_VM_PFNMAP))
		return vmt_refuse(space, EINVAL, VMT_WHY_DONT_EXPAND);
	/* In place, shrinking unmaps whatever VMAs the tail takes; a move needs one VMA. */
	if (!implies_new_address(remap) && remap->new_length <= remap->old_length)
		return 0;
	if (vmt_min_u64(remap->old_length, remap->new_length) > vmt_vma_end(vma) - remap->address) {
		vmt_why(space, VMT_WHY_CROSSES_VMA, vmt_vma_start(vma), vmt_vma_end(vma), 0, 0);
		return -EFAULT;
	}
	if (remap->new_length <= remap->old_length)
		return 0;
	return check_growth(space, remap, vma);
}

static int check_vma(struct vmt_space *space, struct remap *remap, const struct vmt_vma *vma)
{
	int error = check_found(space, remap, vma);

	return error ? error : check_resize(space, remap, vma);
}

/* vrm_set_new_addr() */
static int64_t choose_address(struct vmt_space *space, const struct remap *remap,
			      const struct vmt_vma *vma, bool *ret_certain)
{
	struct vmt_place_request place = {
		.address = remap->new_address,
		.length = remap->new_length,
		.map_flags = remap->flags & MREMAP_FIXED ? MAP_FIXED : 0,
		.placing = vma->file.placing,
		.compat = remap->event->arch->word_bits == 32,
	};

	/* Without a file the page offset counts as 0. */
	if (vma->file.description)
		place.pgoff = vma->pgoff + vmt_pages(space, remap->address - vmt_vma_start(vma));
	else
		place.placing.kind = VMT_PLACING_ANONYMOUS;
	if (!remap->event->failed && vmt_place_learn(space, &place, (uint64_t)remap->event->result))
		remap->step->predicted = false;

	return vmt_get_unmapped_area(space, &place, ret_certain);
}

/* dontunmap_complete(): the source stays, without its pages and its lock. */
static void empty_source(struct vmt_space *space, const struct remap *remap, uint64_t length)
{
	struct vmt_vma *vma = lookup(space, remap->address);

	if (!vma)
		return;
	vmt_space_set_flags(space, vma, vma->flags & ~(VMT_VM_LOCKED | VMT_VM_LOCKONFAULT));
	if (vmt_vma_start(vma) == remap->address && vmt_vma_end(vma) == remap->address + length) {
		vma->anon_vma = VMT_ANON_NONE;
		vma->anon_forked = false;
		if (space->features.dontunmap_resets_offset && !vma->file.description)
			vma->pgoff = vmt_pages(space, vmt_vma_start(vma));
	}
}

/* Only the part that is emptied loses its lock, where that was mended. */
static int split_source(struct vmt_space *space, const struct remap *remap)
{
	const uint64_t ends[] = { remap->address, remap->address + remap->old_length };
	struct vmt_vma *vma = lookup(space, remap->address);
	int error = 0;

	if (!(remap->flags & DONTUNMAP) || !space->features.dontunmap_splits_locked ||
	    !(vma->flags & VMT_VM_LOCKED))
		return 0;
	for (size_t i = 0; i < vmt_countof(ends) && !error; i++) {
		vma = vmt_find_vma(space, ends[i]);
		if (vma && vmt_vma_start(vma) < ends[i])
			vmt_split_vma(space, vma, ends[i], &error);
	}
	return error;
}

/* The neighbours that the copy may join. */
static enum vmt_merge_sides sides_of(const struct vmt_space *space, const struct remap *remap,
				     const struct vmt_vma *source, uint64_t to)
{
	bool stays = remap->flags & DONTUNMAP && space->features.dontunmap_keeps_source;

	if (stays && vmt_vma_end(source) == to)
		return VMT_MERGE_ABOVE_ONLY;
	if (stays && vmt_vma_start(source) == to + remap->new_length)
		return VMT_MERGE_BELOW_ONLY;
	return VMT_MERGE_BOTH_SIDES;
}

/* The destination: copy_vma(), which merges like a new mapping with the source's attributes. */
static struct vmt_vma *copy_vma(struct vmt_space *space, const struct remap *remap,
				struct vmt_vma *vma, uint64_t to)
{
	struct vmt_vma proposed = *vma;
	struct vmt_vma *copy;
	VMT_PATH(space, COPY_VMA);

	proposed.pgoff = vma->pgoff + vmt_pages(space, remap->address - vmt_vma_start(vma));
	if (vmt_vma_is_anon(vma) && !vma->anon_vma)
		proposed.pgoff = vmt_pages(space, to);
	copy = vmt_map_new_range(space, to, to + remap->new_length, &proposed,
				 sides_of(space, remap, vma, to));
	vmt_uffd_moved(space, copy);
	return copy;
}

/* move_vma(). Returns the new address or -errno. */
static int64_t move_vma(struct vmt_space *space, struct remap *remap)
{
	struct vmt_vma *vma = lookup(space, remap->address);
	const struct vmt_vma *copy;
	uint64_t source_end = remap->address + remap->old_length;
	bool certain = true;
	int64_t expected;
	uint64_t to;
	int error;
	VMT_PATH(space, MOVE_VMA);

	expected = choose_address(space, remap, vma, &certain);
	if (expected < 0)
		return expected;
	if (space->vmas.count + 3 >= space->max_map_count)
		return vmt_why_limit(space, VMT_WHY_MAP_LIMIT);
	if (!vma->may_split &&
	    (vmt_vma_start(vma) != remap->address || vmt_vma_end(vma) != source_end)) {
		vmt_why(space, VMT_WHY_SPECIAL_SPLIT, vmt_vma_start(vma), vmt_vma_end(vma), 0, 0);
		return -EINVAL;
	}
	/* vrm_calc_charge() */
	if (vma->flags & VMT_VM_ACCOUNT) {
		uint64_t kept = remap->flags & DONTUNMAP
					? 0
					: vmt_min_u64(remap->old_length, remap->new_length);

		error = vmt_enough_memory(space, vmt_pages(space, remap->new_length - kept),
					  &certain);
		if (error)
			return error;
	}
	remap->step->predicted = remap->step->predicted && certain;
	if (!vmt_aio_may_move(space, vma))
		return vmt_refuse(space, EINVAL, VMT_WHY_AIO_REFUSED);
	/* A failure that was not foreseen: nothing is known to have moved. */
	if (remap->event->failed && !(remap->flags & MREMAP_FIXED))
		return expected;
	/* A multi-VMA move takes its place from the request, not from the call's one result. */
	to = remap->flags & MREMAP_FIXED ? (uint64_t)expected : (uint64_t)remap->event->result;
	if (!vmt_can_map(space, to, remap->new_length) ||
	    vmt_pages_in(space, to, to + remap->new_length)) {
		remap->step->predicted = false;
		remap->step->whole = true;
		return expected;
	}
	error = split_source(space, remap);
	if (error)
		return error;
	vma = lookup(space, remap->address);
	vmt_aio_moved(space, vma, to);
	copy = copy_vma(space, remap, vma, to);
	VMT_PATH(space, MOVE_PAGE_TABLES);
	/* Looked up again: where they touch, the copy has swallowed the source. */
	vmt_pgtables_moved(space, lookup(space, remap->address), remap->address, copy, to,
			   vmt_min_u64(remap->old_length, remap->new_length));
	vmt_history_copy(space, remap->address, vmt_min_u64(remap->old_length, remap->new_length),
			 to);
	vmt_history_mark(space, to, to + remap->new_length, remap->step->number);
	if (remap->flags & DONTUNMAP)
		empty_source(space, remap, remap->old_length);
	else if (remap->old_length)
		vmt_unmap_range(space, remap->address, source_end);
	if (!(remap->flags & MREMAP_FIXED)) {
		remap->step->start = to;
		remap->step->end = to + remap->new_length;
	}
	return expected;
}

/* mremap_to(): FIXED clears the destination first; a shrinking move drops the tail first. */
static int64_t move_to(struct vmt_space *space, struct remap *remap)
{
	const struct vmt_vma *vma;
	int error = 0;
	VMT_PATH(space, MREMAP_TO);

	if (remap->flags & MREMAP_FIXED)
		error = vmt_unmap_range(space, remap->new_address,
					remap->new_address + remap->new_length);
	if (error)
		return error;
	if (remap->flags & MREMAP_FIXED)
		vmt_history_drop(space, remap->new_address, remap->new_address + remap->new_length);
	if (remap->old_length > remap->new_length) {
		error = vmt_unmap_range(space, remap->address + remap->new_length,
					remap->address + remap->old_length);
		if (error)
			return error;
		remap->old_length = remap->new_length;
	}
	vma = lookup(space, remap->address);
	/* An old length of 0 overlaps nothing, not even a destination that holds the source. */
	if (!vma)
		return vmt_refuse(space, EFAULT, VMT_WHY_NOTHING_MAPPED);
	if (space->features.mremap_clears_first)
		error = check_resize(space, remap, vma);
	if (!error && remap->flags & DONTUNMAP)
		error = vmt_may_expand(space, vma->flags, vmt_pages(space, remap->old_length), 0);
	return error ? error : move_vma(space, remap);
}

/* vrm_can_expand_in_place() and expand_vma_in_place() */
static bool expand_in_place(struct vmt_space *space, const struct remap *remap, struct vmt_vma *vma,
			    int *ret_error)
{
	uint64_t end = vmt_vma_end(vma);
	uint64_t delta = remap->new_length - remap->old_length;
	const struct vmt_vma *next = vmt_vma_next(vma);
	struct vmt_vma proposed = *vma;
	bool certain = true;
	VMT_PATH(space, EXPAND_IN_PLACE);

	if (remap->old_length != end - remap->address || end + delta > space->task_size)
		return false;
	if (next && vmt_vma_start(next) < end + delta) {
		vmt_why(space, VMT_WHY_REMAP_BLOCKED, vmt_vma_start(next), vmt_vma_end(next), 0, 0);
		return false;
	}
	if (vma->flags & VMT_VM_ACCOUNT)
		*ret_error = vmt_enough_memory(space, vmt_pages(space, delta), &certain);
	if (*ret_error)
		return true;
	vmt_anon_look(space, vma);
	proposed.anon_vma = vma->anon_vma;
	proposed.anon_forked = vma->anon_forked;
	proposed.pgoff = vma->pgoff + vmt_pages(space, end - vmt_vma_start(vma));
	/* The VMA grows by itself, whatever its close hook keeps from merging elsewhere. */
	if (space->features.close_never_merges && vma->close_hook)
		vmt_space_resize(space, vma, vmt_vma_start(vma), end + delta);
	else
		vmt_map_new_range(space, end, end + delta, &proposed, VMT_MERGE_BOTH_SIDES);
	return true;
}

/* mremap_at(): the kernel may choose the place. */
static int64_t resize(struct vmt_space *space, struct remap *remap)
{
	struct vmt_vma *vma = lookup(space, remap->address);
	int error = 0;
	VMT_PATH(space, MREMAP_AT);

	if (remap->new_length == remap->old_length)
		return (int64_t)remap->address;
	if (remap->new_length < remap->old_length) {
		error = vmt_unmap_range(space, remap->address + remap->new_length,
					remap->address + remap->old_length);
		return error ? error : (int64_t)remap->address;
	}
	if (expand_in_place(space, remap, vma, &error))
		return error ? error : (int64_t)remap->address;
	if (!(remap->flags & MREMAP_MAYMOVE))
		return vmt_refuse(space, ENOMEM, VMT_WHY_REMAP_NEEDS_MAYMOVE);
	return move_vma(space, remap);
}

/* Files whose driver chooses addresses (SysV shm, /dev/zero) and userfaultfd ranges move only alone. */
static bool may_move_together(const struct vmt_vma *vma)
{
	return !vma->uffd && !vma->file.own_placement;
}

/* remap_move(): a pure move may span several VMAs and holes (6.17). */
static int64_t move_many(struct vmt_space *space, struct remap *remap)
{
	uint64_t start = remap->address;
	uint64_t end = start + remap->old_length;
	uint64_t target = remap->new_address;
	bool alone = true;
	int64_t result = -EFAULT;
	VMT_PATH(space, REMAP_MOVE);

	for (uint64_t at = start; at < end;) {
		struct vmt_vma *vma = vmt_find_vma(space, at);
		struct remap one = *remap;
		int64_t moved;

		if (!vma || vmt_vma_start(vma) >= end)
			break;
		if (at == start && vmt_vma_start(vma) > start)
			return vmt_refuse(space, EFAULT, VMT_WHY_NOTHING_MAPPED);
		one.address = vmt_max_u64(at, vmt_vma_start(vma));
		one.old_length = one.new_length = vmt_min_u64(end, vmt_vma_end(vma)) - one.address;
		one.new_address = target + (one.address - start);
		at = one.address + one.old_length;
		if ((!alone || at < end) && !may_move_together(vma))
			return vmt_refuse(space, EFAULT, VMT_WHY_REMAP_NOT_TOGETHER);
		moved = check_vma(space, &one, vma);
		if (!moved)
			moved = move_to(space, &one);
		if (moved < 0)
			return moved;
		if (alone)
			result = moved;
		alone = false;
	}
	return result < 0 ? vmt_refuse(space, EFAULT, VMT_WHY_NOTHING_MAPPED) : result;
}

int64_t vmt_op_mremap(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	struct remap remap = {
		.address = event->args[0],
		.old_length = vmt_page_up(space, event->args[1]),
		.new_length = vmt_page_up(space, event->args[2]),
		.flags = event->args[3],
		.event = event,
		.step = step,
	};
	struct vmt_vma *vma;
	int64_t error;
	VMT_PATH(space, DO_MREMAP);

	if (implies_new_address(&remap))
		remap.new_address = event->args[4];
	error = check_parameters(space, &remap);
	if (!error && implies_new_address(&remap) && !space->features.mremap_looks_first)
		error = check_target(space, &remap);
	if (error)
		return error;
	step->start = remap.flags & MREMAP_FIXED ? remap.new_address : remap.address;
	step->end = step->start + remap.new_length;
	step->old_start = remap.address;
	step->old_end = remap.address + remap.old_length;
	vma = lookup(space, remap.address);
	if (vma)
		step->file_name = vmt_vma_mapping(space, vma).name;
	/* vrm_move_only() */
	if (space->features.mremap_many && remap.flags & MREMAP_FIXED &&
	    remap.old_length == remap.new_length && remap.old_length)
		return move_many(space, &remap);
	error = check_found(space, &remap, vma);
	if (!error && implies_new_address(&remap) && space->features.mremap_looks_first)
		error = check_target(space, &remap);
	if (!error && !(implies_new_address(&remap) && space->features.mremap_clears_first))
		error = check_resize(space, &remap, vma);
	if (error)
		return error;
	return implies_new_address(&remap) ? move_to(space, &remap) : resize(space, &remap);
}
