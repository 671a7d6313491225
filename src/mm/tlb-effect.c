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

/* Do entries of the range get other rights? PROT_… and VM_… have the same three bits. */
static bool rights_change(const struct vmt_space *space, uint64_t start, uint64_t end,
			  uint64_t prot)
{
	for (const struct vmt_vma *vma = vmt_find_vma(space, start);
	     vma && vmt_vma_start(vma) < end; vma = vmt_vma_next(vma)) {
		if ((vma->flags & VMT_VM_ACCESS) != (prot & VMT_VM_ACCESS))
			return true;
	}
	return false;
}

bool vmt_space_flush_range(const struct vmt_space *space, const struct vmt_event *event,
			   uint64_t *ret_start, uint64_t *ret_end)
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
	case VMT_CALL_MUNMAP:
	case VMT_CALL_MREMAP:
		flushes = true;
		break;
	case VMT_CALL_MPROTECT:
	case VMT_CALL_PKEY_MPROTECT:
		flushes = rights_change(space, start, end, event->args[2]);
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
	if (!flushes || start >= end)
		return false;
	*ret_start = start;
	*ret_end = end;
	return true;
}

/* An mremap() that did not move flushes only the tail that it cut off. */
static void narrow(const struct vmt_space *space, const struct vmt_step *step, uint64_t *start,
		   uint64_t *end)
{
	const struct vmt_event *event = step->event;
	uint64_t kept;

	if (event->call != VMT_CALL_MREMAP || (uint64_t)event->result != event->args[0])
		return;
	kept = event->args[0] + vmt_page_up(space, event->args[2]);
	*start = vmt_max_u64(*start, kept);
	*end = vmt_max_u64(*end, *start);
}

void vmt_step_tlb(const struct vmt_space *space, struct vmt_step *step, uint64_t first,
		  uint64_t last, uint64_t present)
{
	struct vmt_step_tlb *tlb = &step->tlb;

	tlb->known = true;
	tlb->flush = VMT_FLUSH_NONE;
	if (!space->tables || !step->event || step->event->failed)
		return;
	tlb->threshold_pages = space->tables->geometry->flush_pages_max;
	narrow(space, step, &first, &last);
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
