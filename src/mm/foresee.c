/* SPDX-License-Identifier: MIT */
/*
 * The look before a call that makes pages vanish. Whether a VMA has an anon_vma is read from its
 * pages; once munmap, MADV_DONTNEED or mremap took them away, nothing shows it any more, but the
 * kernel still knows. So the VMAs of which a part survives, or moves, are looked at first.
 */
#include <sys/mman.h>

#include "merge.h"
#include "space.h"

static void look_at(struct vmt_space *space, uint64_t start, uint64_t end)
{
	for (struct vmt_vma *vma = vmt_find_vma(space, start); vma && vmt_vma_start(vma) < end;
	     vma = vmt_vma_next(vma))
		vmt_anon_look(space, vma);
}

/* Only the VMAs at the ends survive an unmapping, in part. */
static void look_at_ends(struct vmt_space *space, uint64_t start, uint64_t end)
{
	const uint64_t ends[] = { start, end };

	for (size_t i = 0; i < vmt_countof(ends); i++) {
		struct vmt_vma *vma = vmt_find_vma(space, ends[i]);

		if (vma && vmt_vma_start(vma) < ends[i])
			vmt_anon_look(space, vma);
	}
}

void vmt_space_foresee(struct vmt_space *space, const struct vmt_event *event)
{
	uint64_t start = vmt_page_down(space, event->args[0]);
	uint64_t end = start + vmt_page_up(space, event->args[1]);

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
	case VMT_CALL_BRK:
		if (space->brk_known && event->args[0] < space->brk)
			look_at_ends(space, vmt_page_up(space, event->args[0]),
				     vmt_page_up(space, space->brk));
		break;
	case VMT_CALL_MREMAP:
		look_at(space, start, end);
		if (event->args[3] & MREMAP_FIXED)
			look_at_ends(space, event->args[4],
				     event->args[4] + vmt_page_up(space, event->args[2]));
		break;
	case VMT_CALL_MADVISE:
		look_at(space, start, end);
		break;
	case VMT_CALL_REMAP_FILE_PAGES:
		look_at_ends(space, start, end);
		break;
	default:
		break;
	}
}
