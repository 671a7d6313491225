/* SPDX-License-Identifier: MIT */
/*
 * The look before a call that makes pages vanish, or appear. Whether a VMA has an anon_vma is read from its
 * pages; once munmap, MADV_DONTNEED or mremap took them away, nothing shows it any more, but the
 * kernel still knows. So the VMAs of which a part survives, or moves, are looked at first. And mlock
 * populates after it has cut, as mprotect does with locked memory: seen afterwards, those pages would
 * speak for both halves.
 */
#include <sys/mman.h>

#include "merge.h"
#include "space.h"

static void look_once(struct vmt_space *space, struct vmt_vma *vma)
{
	vmt_anon_look(space, vma);
	vma->looked = space->call;
}

static void look_at(struct vmt_space *space, uint64_t start, uint64_t end)
{
	for (struct vmt_vma *vma = vmt_find_vma(space, start); vma && vmt_vma_start(vma) < end;
	     vma = vmt_vma_next(vma))
		look_once(space, vma);
}

/*
 * One call over several VMAs changes them one after the other, but their anon_vmas are those that
 * they had when it began: which neighbours shared one was settled as they were written to.
 */
static void look_at_many(struct vmt_space *space, uint64_t start, uint64_t end)
{
	uint64_t page = vmt_space_page(space);
	const struct vmt_vma *vma = vmt_find_vma(space, start);

	if (vma && vmt_vma_end(vma) < end)
		look_at(space, start < page ? 0 : start - page,
			end > UINT64_MAX - page ? end : end + page);
}

static void look_at_locked(struct vmt_space *space, uint64_t start, uint64_t end)
{
	for (struct vmt_vma *vma = vmt_find_vma(space, start); vma && vmt_vma_start(vma) < end;
	     vma = vmt_vma_next(vma)) {
		if (vma->flags & VMT_VM_LOCKED)
			look_once(space, vma);
	}
}

/* Only the VMAs at the ends survive an unmapping, in part. */
static void look_at_ends(struct vmt_space *space, uint64_t start, uint64_t end)
{
	const uint64_t ends[] = { start, end };

	for (size_t i = 0; i < vmt_countof(ends); i++) {
		struct vmt_vma *vma = vmt_find_vma(space, ends[i]);

		if (vma && vmt_vma_start(vma) < ends[i])
			look_once(space, vma);
	}
}

/* Where mremap() moves to: what is there goes, and what comes may merge with the neighbours. */
static void look_at_target(struct vmt_space *space, uint64_t start, uint64_t end)
{
	uint64_t page = vmt_space_page(space);

	look_at(space, start < page ? 0 : start - page, end > UINT64_MAX - page ? end : end + page);
}

void vmt_space_foresee(struct vmt_space *space, const struct vmt_event *event)
{
	uint64_t start = vmt_page_down(space, event->args[0]);
	uint64_t end = start + vmt_page_up(space, event->args[1]);

	space->call++;
	space->moment++;
	switch (event->call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
		if (event->args[3] & MAP_FIXED)
			look_at_ends(space, start, end);
		break;
	case VMT_CALL_MUNMAP:
		look_at_ends(space, start, end);
		break;
	case VMT_CALL_MPROTECT:
	case VMT_CALL_PKEY_MPROTECT:
		if (event->args[2] & PROT_WRITE)
			look_at_locked(space, start, end);
		look_at_many(space, start, end);
		break;
	case VMT_CALL_BRK:
		if (space->brk_known && event->args[0] < space->brk)
			look_at_ends(space, vmt_page_up(space, event->args[0]),
				     vmt_page_up(space, space->brk));
		break;
	case VMT_CALL_MREMAP:
		look_at(space, start, end);
		if (event->args[3] & MREMAP_FIXED)
			look_at_target(space, event->args[4],
				       event->args[4] + vmt_page_up(space, event->args[2]));
		break;
	case VMT_CALL_PROCESS_MADVISE:
		for (unsigned i = 0; i + 1 < event->words_valid; i += 2)
			look_at(space, event->words[i],
				event->words[i] + vmt_page_up(space, event->words[i + 1]));
		break;
	case VMT_CALL_MADVISE:
	case VMT_CALL_MLOCK:
	case VMT_CALL_MLOCK2:
		look_at(space, start, end + vmt_space_page(space));
		break;
	case VMT_CALL_MLOCKALL:
		look_at(space, 0, UINT64_MAX);
		break;
	case VMT_CALL_SHMAT:
		if (event->args[1])
			look_at_ends(space, vmt_page_down(space, event->args[1]),
				     vmt_page_down(space, event->args[1]) +
					     vmt_page_up(space, event->file.size_bytes));
		break;
	case VMT_CALL_IO_DESTROY:
		look_at(space, start, start + 1);
		break;
	case VMT_CALL_REMAP_FILE_PAGES:
		look_at_ends(space, start, end);
		break;
	default:
		break;
	}
}
