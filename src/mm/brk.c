/* SPDX-License-Identifier: MIT */
/*
 * brk: sys_brk() (mm/mmap.c) and do_brk_flags() (mm/vma.c) of 6.18. It never fails: a refused
 * change returns the break as it was.
 *
 *	 .bss      start_brk          brk
 *	[    ] ... [      heap       ]| -> grows by merging below only, shrinks by munmap
 */
#include <string.h>

#include "account.h"
#include "edit.h"
#include "ops.h"
#include "path.h"

static uint64_t heap_flags(const struct vmt_space *space)
{
	uint64_t flags = VMT_VM_READ | VMT_VM_WRITE | VMT_VM_MAYREAD | VMT_VM_MAYWRITE |
			 VMT_VM_MAYEXEC | VMT_VM_ACCOUNT | space->default_flags;

	if (space->rights.personality & VMT_READ_IMPLIES_EXEC)
		flags |= VMT_VM_EXEC;
	if (space->merge_any)
		flags |= VMT_VM_MERGEABLE;
	return flags;
}

/* The [heap] label depends on brk: whatever it may move onto or off counts as touched. */
static void touch_labels(struct vmt_space *space, uint64_t from, uint64_t to)
{
	for (struct vmt_vma *vma = vmt_find_vma(space, from ? from - 1 : 0);
	     vma && vmt_vma_start(vma) <= to; vma = vmt_vma_next(vma))
		vmt_space_touch(space, vma);
}

/* check_data_rlimit() */
static bool over_data_limit(struct vmt_space *space, uint64_t asked)
{
	uint64_t used = (asked - space->start_brk) + (space->end_data - space->start_data);

	if (space->rights.limits[VMT_LIMIT_DATA] == VMT_LIMIT_INFINITY ||
	    used <= space->rights.limits[VMT_LIMIT_DATA])
		return false;
	vmt_why(space, VMT_WHY_BRK_DATA_LIMIT, used, space->rights.limits[VMT_LIMIT_DATA], 0, 0);
	return true;
}

/* A neighbour in the way: one page must stay free below it, below a stack its guard gap too. */
static bool blocked(struct vmt_space *space, uint64_t old_end, uint64_t new_end)
{
	const struct vmt_vma *next = vmt_find_vma(space, old_end);
	uint64_t guard = vmt_space_page(space);

	if (next && next->flags & VMT_VM_GROWSDOWN)
		guard += space->stack_guard_bytes;
	if (!next || vmt_vma_start(next) >= new_end + guard)
		return false;
	vmt_why(space, VMT_WHY_BRK_BLOCKED, vmt_vma_start(next), vmt_vma_end(next), 0, 0);
	return true;
}

/* Since 6.1 only what begins at or above start_brk is looked at, so .bss stays apart. */
static enum vmt_merge_sides heap_sides(const struct vmt_space *space, uint64_t old_end)
{
	const struct vmt_vma *below = vmt_vma_before(space, vmt_find_vma(space, old_end));

	if (space->features.brk_merges_below)
		return VMT_MERGE_BOTH_SIDES;
	if (below && vmt_vma_end(below) <= space->start_brk)
		return VMT_MERGE_NOT;
	return VMT_MERGE_BELOW_ONLY;
}

/* check_brk_limits() */
static bool within_limits(struct vmt_space *space, uint64_t flags, uint64_t bytes)
{
	VMT_PATH(space, CHECK_BRK_LIMITS);

	return vmt_may_lock_more(space, flags, bytes) == 0;
}

/* do_brk_flags() */
static bool grow(struct vmt_space *space, uint64_t old_end, uint64_t new_end, struct vmt_step *step)
{
	struct vmt_vma proposed = vmt_vma_template(heap_flags(space));
	uint64_t bytes = new_end - old_end;
	bool certain = true;
	int error = 0;

	if (new_end > space->task_size) {
		vmt_why(space, VMT_WHY_BEYOND_TASK_SIZE, 0, 0, 0, 0);
		return false;
	}
	if (blocked(space, old_end, new_end) || !within_limits(space, proposed.flags, bytes))
		return false;
	VMT_PATH(space, DO_BRK_FLAGS);
	if (vmt_may_expand(space, proposed.flags, vmt_pages(space, bytes), 0))
		return false;
	if (space->vmas.count > space->max_map_count) {
		vmt_why_limit(space, VMT_WHY_MAP_LIMIT);
		return false;
	}
	error = vmt_enough_memory(space, vmt_pages(space, bytes), &certain);
	step->predicted = certain;
	if (error)
		return false;
	proposed.pgoff = vmt_pages(space, old_end);
	vmt_map_new_memory(space, old_end, new_end, &proposed, heap_sides(space, old_end));
	return true;
}

static bool shrink(struct vmt_space *space, uint64_t new_end, uint64_t old_end)
{
	const struct vmt_vma *vma = vmt_find_vma(space, new_end);
	VMT_PATH(space, ALIGN_MUNMAP);

	if (!vma || vmt_vma_start(vma) >= old_end) {
		vmt_why(space, VMT_WHY_NOTHING_MAPPED, 0, 0, 0, 0);
		return space->features.brk_shrinks_holes;
	}
	return vmt_unmap_range(space, new_end, old_end) == 0;
}

/* The break that the kernel answers with, and the change to the layout. */
static uint64_t change(struct vmt_space *space, uint64_t asked, struct vmt_step *step)
{
	uint64_t old_end = vmt_page_up(space, space->brk);
	uint64_t new_end = vmt_page_up(space, asked);

	if (asked < space->start_brk || over_data_limit(space, asked))
		return space->brk;
	if (new_end < asked) {
		vmt_why(space, VMT_WHY_BEYOND_TASK_SIZE, 0, 0, 0, 0);
		return space->brk;
	}
	step->start = vmt_min_u64(old_end, new_end);
	step->end = vmt_max_u64(old_end, new_end);
	if (new_end < old_end && !shrink(space, new_end, old_end))
		return space->brk;
	if (new_end > old_end && !grow(space, old_end, new_end, step))
		return space->brk;
	return asked;
}

void vmt_infer_break(struct vmt_space *space, const struct vmt_layout *rows)
{
	uint64_t end = space->start_brk;

	for (size_t i = 0; i < rows->count; i++) {
		if (strcmp(rows->data[i].name, "[heap]") == 0)
			end = vmt_max_u64(end, rows->data[i].end);
	}
	if (vmt_page_up(space, space->brk) == vmt_page_up(space, end))
		return;
	touch_labels(space, vmt_min_u64(space->brk, end), vmt_max_u64(space->brk, end));
	space->brk = end;
	space->brk_inferred = true;
}

void vmt_space_doubt_break(struct vmt_space *space)
{
	space->brk_inferred = true;
}

/*
 * An answer that is no new break tells what was inferred. It may lie in the last page of the heap, or
 * elsewhere: fork copies the break before it takes the lock under which it copies the VMAs, and another
 * thread's brk can come between (dup_mm() of kernel/fork.c, 6.18).
 */
static void learn_break(struct vmt_space *space, uint64_t asked, uint64_t result)
{
	if (space->brk_inferred && result != asked) {
		touch_labels(space, vmt_min_u64(space->brk, result),
			     vmt_max_u64(space->brk, result));
		space->brk = result;
	}
	space->brk_inferred = false;
}

int64_t vmt_op_brk(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	uint64_t result = (uint64_t)event->result;
	uint64_t expected;

	if (event->failed) {
		/* -EINTR, of a task that is being killed */
		step->predicted = false;
		return event->result;
	}
	if (!space->brk_known) {
		/* The kernel would not tell where the heap begins; the first answer does. */
		if (!space->start_brk) {
			touch_labels(space, result, result);
			space->start_brk = result;
		}
		touch_labels(space, space->start_brk, space->start_brk);
		space->brk = space->start_brk;
		space->brk_known = true;
	}
	learn_break(space, event->args[0], result);
	step->old_start = space->start_brk;
	step->old_end = space->brk;
	/* What begins below the break and ends above start_brk is the heap: only between the two breaks can
	 * a VMA become part of it, or cease to be. */
	touch_labels(space, vmt_min_u64(space->brk, result), vmt_max_u64(space->brk, result));
	expected = change(space, event->args[0], step);
	/* A refused request is about nothing that is or was mapped. */
	if (expected == space->brk && result == expected && event->args[0] != expected)
		step->start = step->end = 0;
	space->brk = result;
	return (int64_t)expected;
}
