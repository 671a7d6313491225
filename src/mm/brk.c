/* SPDX-License-Identifier: MIT */
/*
 * brk: sys_brk() (mm/mmap.c) and do_brk_flags() (mm/vma.c) of 6.18. It never fails: a refused
 * change returns the break as it was.
 *
 *	 .bss      start_brk          brk
 *	[    ] ... [      heap       ]| -> grows by merging below only, shrinks by munmap
 */
#include "edit.h"
#include "ops.h"

static uint64_t heap_flags(const struct vmt_space *space)
{
	uint64_t flags = VMT_VM_READ | VMT_VM_WRITE | VMT_VM_MAYREAD | VMT_VM_MAYWRITE |
			 VMT_VM_MAYEXEC | VMT_VM_ACCOUNT;

	if (space->personality & VMT_READ_IMPLIES_EXEC)
		flags |= VMT_VM_EXEC;
	return flags;
}

/* The [heap] label depends on brk: whatever it may move onto or off counts as touched. */
static void touch_labels(struct vmt_space *space, uint64_t to)
{
	for (struct vmt_vma *vma = vmt_find_vma(space, space->start_brk ? space->start_brk - 1 : 0);
	     vma && vmt_vma_start(vma) <= to; vma = vmt_vma_next(vma))
		vmt_space_touch(space, vma);
}

static bool grow(struct vmt_space *space, uint64_t old_end, uint64_t new_end)
{
	struct vmt_vma proposed = vmt_vma_template(heap_flags(space));
	const struct vmt_vma *next = vmt_find_vma(space, old_end);
	uint64_t guard = vmt_space_page(space);

	if (next && next->flags & VMT_VM_GROWSDOWN)
		guard += space->stack_guard_bytes;
	if (new_end > space->task_size || (next && vmt_vma_start(next) < new_end + guard))
		return false;
	proposed.pgoff = vmt_pages(space, old_end);
	vmt_map_new_range(space, old_end, new_end, &proposed, VMT_MERGE_BELOW_ONLY);
	return true;
}

/* The break that the kernel answers with, and the change to the layout. */
static uint64_t change(struct vmt_space *space, uint64_t asked, struct vmt_step *step)
{
	uint64_t old_end = vmt_page_up(space, space->brk);
	uint64_t new_end = vmt_page_up(space, asked);

	if (asked < space->start_brk)
		return space->brk;
	step->start = vmt_min_u64(old_end, new_end);
	step->end = vmt_max_u64(old_end, new_end);
	touch_labels(space, step->end);
	if (new_end < old_end) {
		const struct vmt_vma *vma = vmt_find_vma(space, new_end);

		if (!vma || vmt_vma_start(vma) >= old_end ||
		    vmt_unmap_range(space, new_end, old_end) < 0)
			return space->brk;
	} else if (new_end > old_end && !grow(space, old_end, new_end)) {
		return space->brk;
	}
	return asked;
}

int64_t vmt_op_brk(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	uint64_t result = (uint64_t)event->result;
	uint64_t expected;

	if (!space->brk_known) {
		/* The kernel would not tell where the heap begins; the first answer does. */
		if (!space->start_brk)
			space->start_brk = result;
		space->brk = space->start_brk;
		space->brk_known = true;
	}
	step->old_start = space->start_brk;
	step->old_end = space->brk;
	step->predicted = true;
	if (event->args[0] > space->brk && result == space->brk) {
		/* Refused; limits and overcommit are the kernel's to know. */
		step->predicted = false;
		return (int64_t)space->brk;
	}
	expected = change(space, event->args[0], step);
	space->brk = result;
	return (int64_t)expected;
}
