/* SPDX-License-Identifier: MIT */
/*
 * madvise: do_madvise() and madvise_walk_vmas() (mm/madvise.c, 6.18). Advice that sets flags splits
 * and merges like mprotect; advice that drops or populates pages leaves the VMAs alone. Holes are
 * walked over, and make the call fail only at its end.
 */
#include <errno.h>
#include <linux/mman.h>
#include <sys/mman.h>

#include "merge.h"
#include "ops.h"
#include "path.h"
#include "pkey.h"
#include "pgtable.h"
#include "walk.h"

/* Advice that younger headers know. */
enum {
	ADVICE_DONTNEED_LOCKED = 24,
	ADVICE_COLLAPSE = 25,
	ADVICE_GUARD_INSTALL = 102,
	ADVICE_GUARD_REMOVE = 103,
};

/* Numbers in place of a pidfd (6.14). */
enum {
	PIDFD_SELF_OF_THREAD = -10000,
	PIDFD_SELF_OF_PROCESS = -10001
};

static const uint64_t special = VMT_VM_IO | VMT_VM_DONTEXPAND | VMT_VM_PFNMAP | VMT_VM_MIXEDMAP;

static bool is_file(const struct vmt_vma *vma)
{
	return vma->file.description != 0;
}

static bool is_shared(const struct vmt_vma *vma)
{
	return vma->flags & VMT_VM_SHARED;
}

static int refuse(struct vmt_space *space, const struct vmt_vma *vma)
{
	vmt_why(space, VMT_WHY_ADVICE_UNFIT, vmt_vma_start(vma), vmt_vma_end(vma), 0, 0);
	return -EINVAL;
}

/* can_madvise_modify(): a seal forbids discarding memory that the thread could not write anyway. */
static bool sealed_against(const struct vmt_space *space, const struct vmt_vma *vma, int advice)
{
	const struct vmt_event *event = space->step ? space->step->event : NULL;

	if (!(vma->flags & VMT_VM_SEALED))
		return false;
	switch (advice) {
	case MADV_FREE:
	case MADV_DONTNEED:
	case ADVICE_DONTNEED_LOCKED:
	case MADV_REMOVE:
	case MADV_DONTFORK:
	case MADV_WIPEONFORK:
	case ADVICE_GUARD_INSTALL:
		return vmt_vma_is_anon(vma) &&
		       (!(vma->flags & VMT_VM_WRITE) || vmt_pkey_denies(event, vma, true));
	default:
		return false;
	}
}

/* KSM leaves these alone without a word. */
static bool ksm_ignores(const struct vmt_vma *vma)
{
	return vma->flags &
	       (VMT_VM_SHARED | VMT_VM_MAYSHARE | VMT_VM_HUGETLB | VMT_VM_DROPPABLE | special);
}

/* Advice that sets or clears flags; 1 if @advice is none of it. */
static int flag_advice(struct vmt_space *space, const struct vmt_vma *vma, int advice,
		       uint64_t *flags)
{
	switch (advice) {
	case MADV_NORMAL:
		*flags &= ~(VMT_VM_RAND_READ | VMT_VM_SEQ_READ);
		return 0;
	case MADV_SEQUENTIAL:
		*flags = (*flags & ~VMT_VM_RAND_READ) | VMT_VM_SEQ_READ;
		return 0;
	case MADV_RANDOM:
		*flags = (*flags & ~VMT_VM_SEQ_READ) | VMT_VM_RAND_READ;
		return 0;
	case MADV_DONTFORK:
		*flags |= VMT_VM_DONTCOPY;
		return 0;
	case MADV_DOFORK:
		if (*flags & VMT_VM_IO)
			return refuse(space, vma);
		*flags &= ~VMT_VM_DONTCOPY;
		return 0;
	case MADV_WIPEONFORK:
		if (is_file(vma) || is_shared(vma))
			return refuse(space, vma);
		*flags |= VMT_VM_WIPEONFORK;
		return 0;
	case MADV_KEEPONFORK:
		if (*flags & VMT_VM_DROPPABLE)
			return refuse(space, vma);
		*flags &= ~VMT_VM_WIPEONFORK;
		return 0;
	case MADV_DONTDUMP:
		*flags |= VMT_VM_DONTDUMP;
		return 0;
	case MADV_DODUMP:
		if ((!(*flags & VMT_VM_HUGETLB) && *flags & special) || *flags & VMT_VM_DROPPABLE)
			return refuse(space, vma);
		*flags &= ~VMT_VM_DONTDUMP;
		return 0;
	case MADV_MERGEABLE:
		if (!ksm_ignores(vma))
			*flags |= VMT_VM_MERGEABLE;
		return 0;
	case MADV_UNMERGEABLE:
		*flags &= ~VMT_VM_MERGEABLE;
		return 0;
	case MADV_HUGEPAGE:
		*flags = (*flags & ~VMT_VM_NOHUGEPAGE) | VMT_VM_HUGEPAGE;
		return 0;
	case MADV_NOHUGEPAGE:
		*flags = (*flags & ~VMT_VM_HUGEPAGE) | VMT_VM_NOHUGEPAGE;
		return 0;
	default:
		return 1;
	}
}

/* Advice about pages: only whether it is refused matters here. */
static int page_advice(struct vmt_space *space, struct vmt_vma *vma, int advice, uint64_t start)
{
	/* madvise_dontneed_free_valid_vma(): from a huge page on; what ends inside one is let be. */
	if ((advice == MADV_DONTNEED || advice == ADVICE_DONTNEED_LOCKED) && vma->split_bytes &&
	    start & (vma->split_bytes - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_HUGE_UNALIGNED);
	switch (advice) {
	case MADV_DONTNEED:
		return vma->flags & (VMT_VM_LOCKED | VMT_VM_PFNMAP) ? refuse(space, vma) : 1;
	case ADVICE_DONTNEED_LOCKED:
		return vma->flags & VMT_VM_PFNMAP ? refuse(space, vma) : 1;
	case MADV_FREE:
		if (!vmt_vma_is_anon(vma) || vma->flags & VMT_VM_LOCKED)
			return refuse(space, vma);
		return 1;
	case MADV_COLD:
	case MADV_PAGEOUT:
		if (vma->flags & (VMT_VM_LOCKED | VMT_VM_PFNMAP | VMT_VM_HUGETLB))
			return refuse(space, vma);
		return 1;
	case MADV_REMOVE:
		if (vma->flags & VMT_VM_LOCKED || !is_file(vma))
			return refuse(space, vma);
		if ((vma->flags & (VMT_VM_SHARED | VMT_VM_MAYWRITE)) !=
		    (VMT_VM_SHARED | VMT_VM_MAYWRITE))
			return vmt_refuse(space, EACCES, VMT_WHY_ADVICE_NOT_SHARED);
		return 1;
	case ADVICE_GUARD_INSTALL:
		if (vma->flags & (special | VMT_VM_HUGETLB | VMT_VM_LOCKED) ||
		    (!space->features.guard_files && !vmt_vma_is_anon(vma)))
			return refuse(space, vma);
		if (vmt_vma_is_anon(vma) && !vma->anon_vma)
			vmt_anon_prepare(space, vma);
		return 1;
	case ADVICE_GUARD_REMOVE:
		return vma->flags & (special | VMT_VM_HUGETLB) ||
				       (!space->features.guard_files && !vmt_vma_is_anon(vma))
			       ? refuse(space, vma)
			       : 1;
	default:
		return 1;
	}
}

static int propose(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end,
		   struct vmt_vma *proposed, void *data)
{
	int advice = *(const int *)data;
	int result;
	VMT_PATH(space, MADVISE_VMA);

	if (sealed_against(space, vma, advice))
		return vmt_why_sealed(space, vma);
	result = flag_advice(space, vma, advice, &proposed->flags);
	if (result <= 0)
		return result;
	result = page_advice(space, vma, advice, start);
	if (result == 1 && (advice == MADV_DONTNEED || advice == ADVICE_DONTNEED_LOCKED))
		vmt_pgtables_dropped(space, start, end);
	if (result == 1 && advice == ADVICE_GUARD_INSTALL && space->features.guard_flag) {
		vmt_space_touch(space, vma);
		vmt_space_set_flags(space, vma, vma->flags | VMT_VM_MAYBE_GUARD);
	}
	return result;
}

/* madvise_behavior_valid() */
static bool advice_known(const struct vmt_space *space, int advice)
{
	return advice >= 0 && advice < 128 &&
	       space->features.advice[advice / 64] >> advice % 64 & 1;
}

/* process_madvise_remote_valid() */
static bool is_remote_advice(int advice)
{
	return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED ||
	       advice == ADVICE_COLLAPSE;
}

/* What depends on files, swap and memory pressure, not on the VMAs. */
static bool outcome_open(int advice)
{
	switch (advice) {
	case ADVICE_COLLAPSE:
	case MADV_REMOVE:
	case MADV_HWPOISON:
	case MADV_SOFT_OFFLINE:
		return true;
	default:
		return false;
	}
}

/*
 * madvise_populate(): the first page that cannot be faulted in decides. Guard pages and what answers
 * for a userfaultfd the model cannot see.
 */
static int populate(struct vmt_space *space, uint64_t start, uint64_t end, bool write,
		    struct vmt_step *step)
{
	const uint64_t needed = write ? VMT_VM_WRITE : VMT_VM_READ;
	const struct vmt_vma *vma;
	bool certain = true;
	int error = 0;

	for (uint64_t at = start; at < end && !error; at = vmt_vma_end(vma)) {
		vma = vmt_find_vma(space, at);
		if (!vma || vmt_vma_start(vma) > at) {
			vmt_why(space, VMT_WHY_HOLE, at, end, 0, 0);
			error = -ENOMEM;
			break;
		}
		if (vma->flags & (VMT_VM_IO | VMT_VM_PFNMAP) || !(vma->flags & needed)) {
			error = refuse(space, vma);
		} else if (vmt_pkey_denies(step->event, vma, write)) {
			vmt_why(space, VMT_WHY_PKEY_DENIES, vmt_vma_start(vma), vmt_vma_end(vma), 0,
				0);
			error = -EINVAL;
		} else if (vmt_beyond_file(space, vma, end)) {
			vmt_pgtables_beyond_file(space, vma, at, end);
			vmt_why(space, VMT_WHY_LOCK_BEYOND_FILE, vmt_vma_start(vma),
				vmt_vma_end(vma), 0, 0);
			error = -EFAULT;
		} else {
			certain &= !(vma->file.description || vma->uffd ||
				     vma->flags & VMT_VM_MAYBE_GUARD);
		}
	}
	/* What came before may have failed first. */
	if (!certain && step->event->failed && step->event->result != error)
		step->predicted = false;
	return error;
}

static int advise(struct vmt_space *space, uint64_t start, uint64_t size, int advice,
		  struct vmt_step *step)
{
	uint64_t length;
	int error;
	VMT_PATH(space, DO_MADVISE);

	if (!advice_known(space, advice))
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_ADVICE);
	error = vmt_range_aligned(space, start, size, &length);
	if (error)
		return error;
	if (!length)
		return 0;
	step->start = start;
	step->end = start + length;
	if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE)
		return populate(space, start, step->end, advice == MADV_POPULATE_WRITE, step);
	error = vmt_walk(space, start, start + length, VMT_WALK_OVER_HOLES, propose, &advice, NULL);
	/* A refusal is certain, success is not. */
	if (outcome_open(advice) && (!error || advice != MADV_REMOVE) && step->event->failed)
		step->predicted = false;
	/* madvise_update_vma() failed for want of a VMA: madvise says EAGAIN since 5.17. */
	if (error == -ENOMEM && vmt_step_has_why(step, VMT_WHY_SPLIT_LIMIT) &&
	    !space->features.madvise_split_enomem)
		error = -EAGAIN;
	return error;
}

int64_t vmt_op_madvise(struct vmt_space *space, const struct vmt_event *event,
		       struct vmt_step *step)
{
	return advise(space, event->args[0], event->args[1], (int)event->args[2], step);
}

/* vector_madvise(): range after range up to the first error; the result is the bytes until there. */
int64_t vmt_op_process_madvise(struct vmt_space *space, const struct vmt_event *event,
			       struct vmt_step *step)
{
	int64_t done = 0;

	if ((uint32_t)event->args[4])
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	if (!space->features.pidfd_self && ((int)event->args[0] == PIDFD_SELF_OF_THREAD ||
					    (int)event->args[0] == PIDFD_SELF_OF_PROCESS))
		return vmt_refuse(space, EBADF, VMT_WHY_BAD_FD);
	if (!event->words_valid) {
		/* Another process, or more ranges than are known. */
		step->predicted = false;
		step->whole = !event->failed;
		step->reason = VMT_REASON_NOT_MODELLED;
		return 0;
	}
	/* Before 6.13 the own process was no exception. */
	if (event->target_space || !space->features.process_advice_any) {
		if (!is_remote_advice((int)event->args[3]))
			return vmt_refuse(space, EINVAL, VMT_WHY_BAD_ADVICE);
		if (event->rights_known && !event->rights.may_advise)
			return vmt_refuse(space, EPERM, VMT_WHY_ADVICE_FORBIDDEN);
	}
	for (unsigned i = 0; i + 1 < event->words_valid; i += 2) {
		int error = advise(space, event->words[i], event->words[i + 1], (int)event->args[3],
				   step);

		if (error)
			return done ? done : error;
		done += (int64_t)event->words[i + 1];
	}
	return done;
}
