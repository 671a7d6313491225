/* SPDX-License-Identifier: MIT */
/*
 * What a call does to the translations that CPUs keep (TLB). Only an entry that was there can have
 * been kept, so mapping into a hole flushes nothing, and an unmapping flushes from the first page
 * that was there to the last (struct mmu_gather, mm/mmu_gather.c, 6.18):
 *
 *	unmapped   [ . . p . p p . . . . ]
 *	flushed        [^^^^^^^]              page by page, or all at once above the threshold
 *
 * The threshold is the architecture's: tlb_single_page_flush_ceiling on x86 (33 pages).
 */
#include <errno.h>
#include <linux/mman.h>
#include <sys/mman.h>

#include "pgtable.h"

enum {
	ADVICE_DONTNEED_LOCKED = 24,
	ADVICE_GUARD_INSTALL = 102,
};

/* Advice that takes entries away, or clears their accessed bits. */
static bool advice_flushes(int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case ADVICE_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_REMOVE:
	case ADVICE_GUARD_INSTALL:
		return true;
	default:
		return false;
	}
}

/*
 * The first part of [*start, *end) whose entries get other rights: mprotect() goes from VMA to VMA
 * and ends at the first hole (do_mprotect_pkey() of mm/mprotect.c). PROT_… and VM_… have the same
 * three bits. Where nothing was allowed no TLB has an entry (pte_needs_flush() of
 * arch/x86/include/asm/tlbflush.h).
 */
static bool find_change(const struct vmt_space *space, uint64_t prot, uint64_t *start,
			uint64_t *end)
{
	const struct vmt_vma *vma = vmt_find_vma(space, *start);

	for (; vma && vmt_vma_start(vma) <= *start && *start < *end; vma = vmt_vma_next(vma)) {
		uint64_t rights = vma->flags & VMT_VM_ACCESS;

		if (rights && rights != (prot & VMT_VM_ACCESS)) {
			*end = vmt_min_u64(*end, vmt_vma_end(vma));
			return true;
		}
		*start = vmt_vma_end(vma);
	}
	return false;
}

bool vmt_space_flush_range(const struct vmt_space *space, const struct vmt_event *event,
			   uint64_t from, uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t start = vmt_page_down(space, event->args[0]);
	uint64_t end = start + vmt_page_up(space, event->args[1]);
	bool flushes;

	switch (event->call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
		flushes = (event->args[3] & MAP_FIXED) != 0;
		break;
	case VMT_CALL_MREMAP:
		/* Smaller, and where it is: only the tail goes. */
		if (event->args[2] < event->args[1] && !(event->args[3] & MREMAP_FIXED))
			start += vmt_page_up(space, event->args[2]);
		flushes = true;
		break;
	case VMT_CALL_MUNMAP:
		flushes = true;
		break;
	case VMT_CALL_MPROTECT:
	case VMT_CALL_PKEY_MPROTECT:
		start = vmt_max_u64(start, from);
		flushes = find_change(space, event->args[2], &start, &end);
		break;
	case VMT_CALL_MADVISE:
		flushes = advice_flushes((int)event->args[2]);
		break;
	case VMT_CALL_BRK:
		start = vmt_page_up(space, event->args[0]);
		end = vmt_page_up(space, space->brk);
		flushes = space->brk_known && event->args[0] >= space->start_brk;
		break;
	default:
		flushes = false;
		break;
	}
	start = vmt_max_u64(start, from);
	if (!flushes || start >= end)
		return false;
	*ret_start = start;
	*ret_end = end;
	return true;
}

/*
 * A call that fails at a hole has done what is before it, madvise() what is behind it too
 * (madvise_walk_vmas() of mm/madvise.c).
 */
static bool is_done(const struct vmt_event *event)
{
	bool piecemeal = event->call == VMT_CALL_MADVISE || event->call == VMT_CALL_MPROTECT ||
			 event->call == VMT_CALL_PKEY_MPROTECT;

	return !event->failed || (piecemeal && event->result == -ENOMEM);
}

/* The border of a table of @span bytes that is nearest to @address, at most or at least it. */
static uint64_t border_below(uint64_t address, uint64_t span)
{
	return address & ~(span - 1);
}

static uint64_t border_above(uint64_t address, uint64_t span)
{
	return border_below(address + span - 1, span);
}

/*
 * An mremap() that grew where it is flushes nothing. One that moved goes from piece to piece, each
 * in one table of the last level at its old place and in one at its new place (get_extent() of
 * mm/mremap.c), and flushes the whole of a piece with a page in it (move_ptes()).
 *
 *	old     [    |       . p .   |    ]
 *	new     [  |         . p .     |  ]
 *	flushed      [^^^^^^^^^^^^^^^]
 */
static void fit_mremap(const struct vmt_space *space, const struct vmt_event *event,
		       uint64_t *start, uint64_t *end)
{
	uint64_t old_start = event->args[0];
	uint64_t shift = (uint64_t)event->result - old_start;
	uint64_t moved = vmt_page_up(space, vmt_min_u64(event->args[1], event->args[2]));
	const struct vmt_geometry *geometry = space->tables->geometry;
	uint64_t span = vmt_level_table_span(&geometry->levels[geometry->level_count - 1]);
	uint64_t first = *start;
	uint64_t last = *end;

	if (event->args[2] < event->args[1] && !(event->args[3] & MREMAP_FIXED))
		return;
	if (!shift) {
		*end = *start;
		return;
	}
	*start = vmt_max_u64(border_below(first, span),
			     vmt_max_u64(old_start, border_below(first + shift, span) - shift));
	*end = vmt_min_u64(
		border_above(last, span),
		vmt_min_u64(old_start + moved, border_above(last + shift, span) - shift));
}

void vmt_step_tlb(const struct vmt_space *space, struct vmt_step *step, uint64_t first,
		  uint64_t last, uint64_t present)
{
	struct vmt_step_tlb *tlb = &step->tlb;

	tlb->known = true;
	tlb->flush = VMT_FLUSH_NONE;
	if (!space->tables || !step->event || !is_done(step->event))
		return;
	tlb->threshold_pages = space->tables->geometry->flush_pages_max;
	if (first < last && step->event->call == VMT_CALL_MREMAP)
		fit_mremap(space, step->event, &first, &last);
	if (first >= last || !present)
		return;
	tlb->start = first;
	tlb->end = last;
	tlb->pages = vmt_pages(space, last - first);
	tlb->present = vmt_min_u64(present, tlb->pages);
	tlb->freed_tables = space->tables->freed > 0;
	tlb->flush = tlb->threshold_pages && tlb->pages > tlb->threshold_pages ? VMT_FLUSH_ALL
									       : VMT_FLUSH_PAGES;
}
