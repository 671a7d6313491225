/* SPDX-License-Identifier: MIT */
/*
 * mlock, mlock2, munlock, mlockall, munlockall: do_mlock(), apply_vma_lock_flags() and
 * apply_mlockall_flags() (mm/mlock.c, 6.18).
 */
#include <errno.h>
#include <sys/mman.h>

#include "ops.h"
#include "path.h"
#include "pgtable.h"
#include "pkey.h"
#include "walk.h"

enum {
	FLAG_ONFAULT = 1, /* mlock2: MLOCK_ONFAULT */
	ALL_CURRENT = 1,
	ALL_FUTURE = 2,
	ALL_ONFAULT = 4,
};

static const uint64_t lock_flags = VMT_VM_LOCKED | VMT_VM_LOCKONFAULT;

bool vmt_supports_lock(uint64_t vm_flags)
{
	return !(vm_flags & (VMT_VM_SPECIAL | VMT_VM_HUGETLB | VMT_VM_DROPPABLE));
}

/* mlock_fixup() */
static int propose(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end,
		   struct vmt_vma *proposed, void *data)
{
	VMT_PATH(space, MLOCK_FIXUP);

	(void)start;
	(void)end;
	/* These count as locked already, and nothing changes. */
	if (!vmt_supports_lock(vma->flags))
		return 1;
	proposed->flags = (vma->flags & ~lock_flags) | *(const uint64_t *)data;
	return 0;
}

static bool may_lock_at_all(const struct vmt_space *space)
{
	return space->rights.may_lock || space->rights.limits[VMT_LIMIT_MEMLOCK];
}

/* count_mm_mlocked_page_nr(): what of the range is locked already. */
static uint64_t locked_bytes(const struct vmt_space *space, uint64_t start, uint64_t end)
{
	uint64_t bytes = 0;

	for (const struct vmt_vma *vma = vmt_find_vma(space, start);
	     vma && vmt_vma_start(vma) < end; vma = vmt_vma_next(vma)) {
		if (vma->flags & VMT_VM_LOCKED)
			bytes += vmt_min_u64(end, vmt_vma_end(vma)) -
				 vmt_max_u64(start, vmt_vma_start(vma));
	}
	return bytes;
}

static int over_limit(struct vmt_space *space, uint64_t start, uint64_t end)
{
	uint64_t locked = space->locked_pages * vmt_space_page(space);
	uint64_t limit = vmt_page_down(space, space->rights.limits[VMT_LIMIT_MEMLOCK]);

	if (space->rights.may_lock || end - start + locked <= limit)
		return 0;
	if (end - start + locked - locked_bytes(space, start, end) <= limit)
		return 0;
	vmt_why(space, VMT_WHY_LIMIT_MEMLOCK, locked, end - start,
		space->rights.limits[VMT_LIMIT_MEMLOCK], 0);
	return -ENOMEM;
}

bool vmt_beyond_file(const struct vmt_space *space, const struct vmt_vma *vma, uint64_t end)
{
	uint64_t last = vmt_min_u64(end, vmt_vma_end(vma)) - vmt_vma_start(vma);

	return vma->file.sized && !vma->file.anonymous &&
	       vma->pgoff + vmt_pages(space, last) >
		       vmt_pages(space, vmt_page_up(space, vma->file.size_bytes));
}

/* populate_vma_page_range(): private writable memory is written to, so that nothing is left to copy. */
static bool is_written(const struct vmt_vma *vma)
{
	return (vma->flags & (VMT_VM_WRITE | VMT_VM_SHARED)) == VMT_VM_WRITE;
}

/*
 * __mm_populate() after the lock: memory without access rights cannot be faulted in (-EFAULT, which
 * mlock reports as ENOMEM), nor can pages beyond a file's end. What the model cannot see are guard
 * pages, what answers for a userfaultfd, and whether the size of a file has changed.
 */
static int populate(struct vmt_space *space, uint64_t start, uint64_t end, struct vmt_step *step)
{
	bool certain = true;
	VMT_PATH(space, MM_POPULATE);

	for (const struct vmt_vma *vma = vmt_find_vma(space, start);
	     vma && vmt_vma_start(vma) < end; vma = vmt_vma_next(vma)) {
		enum vmt_why_id why = VMT_WHY_NONE;

		if (vma->flags & (VMT_VM_IO | VMT_VM_PFNMAP | VMT_VM_LOCKONFAULT))
			continue;
		if (!(vma->flags & VMT_VM_ACCESS))
			why = VMT_WHY_LOCK_NO_ACCESS;
		else if (vmt_pkey_denies(step->event, vma, is_written(vma)))
			why = VMT_WHY_PKEY_DENIES;
		else if (vmt_beyond_file(space, vma, end))
			why = VMT_WHY_LOCK_BEYOND_FILE;
		if (why == VMT_WHY_LOCK_BEYOND_FILE)
			vmt_pgtables_beyond_file(space, vma, start, end);
		if (why) {
			vmt_why(space, why, vmt_vma_start(vma), vmt_vma_end(vma), 0, 0);
			return -ENOMEM;
		}
		certain &= !(vma->file.description || vma->uffd || vma->flags & VMT_VM_MAYBE_GUARD);
	}
	if (!certain && step->event->failed)
		step->predicted = false;
	return 0;
}

static int64_t lock_range(struct vmt_space *space, const struct vmt_event *event,
			  struct vmt_step *step, uint64_t flags)
{
	uint64_t start = vmt_page_down(space, event->args[0]);
	uint64_t length = vmt_page_up(space, event->args[1] + (event->args[0] - start));
	uint64_t end = start + length;
	int error;
	VMT_PATH(space, DO_MLOCK);

	if (flags && !may_lock_at_all(space))
		return vmt_refuse(space, EPERM, VMT_WHY_LOCK_FORBIDDEN);
	if (flags) {
		error = over_limit(space, start, end);
		if (error)
			return error;
	}
	if (end < start)
		return vmt_refuse(space, EINVAL, VMT_WHY_LENGTH_WRAPS);
	if (end == start)
		return 0;
	step->start = start;
	step->end = end;
	{
		VMT_PATH(space, APPLY_LOCK_FLAGS);

		error = vmt_walk(space, start, end, VMT_WALK_STOP_AT_HOLE, propose, &flags, NULL);
	}
	return error || !flags ? error : populate(space, start, end, step);
}

int64_t vmt_op_mlock(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	uint64_t flags = VMT_VM_LOCKED;

	if (event->call == VMT_CALL_MLOCK2) {
		if (event->args[2] & ~(uint64_t)FLAG_ONFAULT)
			return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
		if (event->args[2] & FLAG_ONFAULT)
			flags |= VMT_VM_LOCKONFAULT;
	}
	if (event->call == VMT_CALL_MUNLOCK)
		flags = 0;
	return lock_range(space, event, step, flags);
}

/* mm_populate(): a page that cannot be had ends it for its VMA only. */
static void populate_all(struct vmt_space *space)
{
	for (const struct vmt_vma *vma = vmt_space_first(space); vma; vma = vmt_vma_next(vma)) {
		if (vma->flags & VMT_VM_LOCKED && vma->flags & VMT_VM_ACCESS &&
		    vmt_beyond_file(space, vma, vmt_vma_end(vma)))
			vmt_pgtables_beyond_file(space, vma, vmt_vma_start(vma), vmt_vma_end(vma));
	}
}

/* Every VMA; errors of single ones are ignored, as the kernel does. */
static void lock_everything(struct vmt_space *space, struct vmt_step *step, uint64_t flags)
{
	uint64_t at = 0;
	VMT_PATH(space, APPLY_LOCK_ALL);

	step->whole = true;
	for (struct vmt_vma *vma = vmt_find_vma(space, at); vma; vma = vmt_find_vma(space, at)) {
		at = vmt_vma_end(vma);
		vmt_walk(space, vmt_vma_start(vma), at, VMT_WALK_STOP_AT_HOLE, propose, &flags,
			 NULL);
	}
	if (flags & VMT_VM_LOCKED && !(flags & VMT_VM_LOCKONFAULT))
		populate_all(space);
}

int64_t vmt_op_mlockall(struct vmt_space *space, const struct vmt_event *event,
			struct vmt_step *step)
{
	bool unlock = event->call == VMT_CALL_MUNLOCKALL;
	uint64_t asked = unlock ? 0 : event->args[0];
	uint64_t flags = 0;
	uint64_t limit = space->rights.limits[VMT_LIMIT_MEMLOCK];

	if (!unlock) {
		if (!asked || asked & ~(uint64_t)(ALL_CURRENT | ALL_FUTURE | ALL_ONFAULT) ||
		    asked == ALL_ONFAULT)
			return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
		if (!may_lock_at_all(space))
			return vmt_refuse(space, EPERM, VMT_WHY_LOCK_FORBIDDEN);
		if (asked & ALL_CURRENT && !space->rights.may_lock &&
		    space->total_pages > limit >> space->arch->page_shift) {
			vmt_why(space, VMT_WHY_LIMIT_MEMLOCK, 0,
				space->total_pages * vmt_space_page(space), limit, 0);
			return -ENOMEM;
		}
		flags = VMT_VM_LOCKED | (asked & ALL_ONFAULT ? VMT_VM_LOCKONFAULT : 0);
	}
	space->default_flags &= ~lock_flags;
	if (asked & ALL_FUTURE)
		space->default_flags |= flags;
	if (unlock || asked & ALL_CURRENT)
		lock_everything(space, step, flags);
	return 0;
}
