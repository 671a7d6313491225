/* SPDX-License-Identifier: MIT */
/*
 * Counters and limits (account.h); mm/mmap.c and mm/vma.c of 6.18.
 */
#include "account.h"

#include <errno.h>

#include "path.h"

/* is_stack_mapping() */
static bool is_stack(uint64_t vm_flags)
{
	return vm_flags & (VMT_VM_GROWSDOWN | VMT_VM_SHADOW_STACK);
}

/* is_data_mapping(): private, writable, no stack */
static bool is_data(uint64_t vm_flags)
{
	return (vm_flags & (VMT_VM_WRITE | VMT_VM_SHARED)) == VMT_VM_WRITE && !is_stack(vm_flags);
}

void vmt_account(struct vmt_space *space, uint64_t vm_flags, int64_t pages)
{
	space->total_pages += (uint64_t)pages;
	if (is_data(vm_flags))
		space->data_pages += (uint64_t)pages;
	if (vm_flags & VMT_VM_LOCKED)
		space->locked_pages += (uint64_t)pages;
	if (vm_flags & (VMT_VM_UFFD_MISSING | VMT_VM_UFFD_WP | VMT_VM_UFFD_MINOR))
		space->uffd_pages += (uint64_t)pages;
}

static uint64_t limit_pages(const struct vmt_space *space, const uint64_t *limits,
			    enum vmt_limit which)
{
	if (limits[which] == VMT_LIMIT_INFINITY)
		return UINT64_MAX;
	return limits[which] >> space->arch->page_shift;
}

static int over_limit(struct vmt_space *space, enum vmt_why_id id, uint64_t used, uint64_t pages,
		      enum vmt_limit which)
{
	uint64_t page = vmt_space_page(space);

	vmt_why(space, id, used * page, pages * page, space->rights.limits[which], 0);
	return -ENOMEM;
}

bool vmt_as_allows(const struct vmt_space *space, uint64_t pages)
{
	return space->total_pages + pages <= limit_pages(space, space->rights.limits, VMT_LIMIT_AS);
}

int vmt_may_expand(struct vmt_space *space, uint64_t vm_flags, uint64_t pages, uint64_t freed)
{
	/* What is freed counts against both, whatever it was. */
	uint64_t more = pages - freed;
	VMT_PATH(space, MAY_EXPAND_VM);

	if (space->total_pages + more > limit_pages(space, space->rights.limits, VMT_LIMIT_AS))
		return over_limit(space, VMT_WHY_LIMIT_AS, space->total_pages, more, VMT_LIMIT_AS);
	if (is_data(vm_flags) &&
	    space->data_pages + more > limit_pages(space, space->rights.limits, VMT_LIMIT_DATA)) {
		/* A limit of 0 counts as the hard limit. */
		if (space->rights.limits[VMT_LIMIT_DATA] == 0 &&
		    space->data_pages + more <=
			    limit_pages(space, space->rights.hard_limits, VMT_LIMIT_DATA))
			return 0;
		return over_limit(space, VMT_WHY_LIMIT_DATA, space->data_pages, more,
				  VMT_LIMIT_DATA);
	}
	return 0;
}

int vmt_may_lock_more(struct vmt_space *space, uint64_t vm_flags, uint64_t bytes)
{
	uint64_t page = vmt_space_page(space);
	uint64_t pages = vmt_pages(space, bytes) + space->locked_pages;

	VMT_PATH(space, MLOCK_FUTURE);

	if (!(vm_flags & VMT_VM_LOCKED) || space->rights.may_lock)
		return 0;
	if (pages <= limit_pages(space, space->rights.limits, VMT_LIMIT_MEMLOCK))
		return 0;
	vmt_why(space, VMT_WHY_LIMIT_MEMLOCK, space->locked_pages * page, bytes,
		space->rights.limits[VMT_LIMIT_MEMLOCK], 0);
	return -EAGAIN;
}

int vmt_enough_memory(struct vmt_space *space, uint64_t pages, bool *ret_certain)
{
	VMT_PATH(space, ENOUGH_MEMORY);

	if (space->overcommit == VMT_OVERCOMMIT_NEVER)
		*ret_certain = false;
	if (space->overcommit != VMT_OVERCOMMIT_GUESS || !space->memory_pages ||
	    pages <= space->memory_pages)
		return 0;
	vmt_why(space, VMT_WHY_OVERCOMMIT, pages * vmt_space_page(space),
		space->memory_pages * vmt_space_page(space), 0, 0);
	return -ENOMEM;
}

uint64_t vmt_pages_in(const struct vmt_space *space, uint64_t start, uint64_t end)
{
	uint64_t pages = 0;

	for (const struct vmt_vma *vma = vmt_find_vma(space, start);
	     vma && vmt_vma_start(vma) < end; vma = vmt_vma_next(vma))
		pages += vmt_pages(space, vmt_min_u64(end, vmt_vma_end(vma)) -
						  vmt_max_u64(start, vmt_vma_start(vma)));
	return pages;
}
