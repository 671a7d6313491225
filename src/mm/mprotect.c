/* SPDX-License-Identifier: MIT */
/*
 * mprotect and pkey_mprotect: do_mprotect_pkey() and mprotect_fixup() (mm/mprotect.c, 6.18). The
 * range is walked VMA by VMA, so that a failure in the middle leaves the part before it changed.
 */
#include <errno.h>
#include <sys/mman.h>

#include "edit.h"
#include "history.h"
#include "merge.h"
#include "ops.h"

enum { PROT_KNOWN = PROT_READ | PROT_WRITE | PROT_EXEC | 0x8 /* PROT_SEM */ };

/* The flags that @vma gets, VM_ACCOUNT by mprotect_fixup()'s rules. */
static uint64_t new_flags(struct vmt_space *space, struct vmt_vma *vma, uint64_t access)
{
	uint64_t flags = (vma->flags & ~VMT_VM_ACCESS) | access;

	if (access & VMT_VM_WRITE) {
		if (!(vma->flags & (VMT_VM_ACCOUNT | VMT_VM_WRITE | VMT_VM_HUGETLB |
				    VMT_VM_SHARED | VMT_VM_NORESERVE)))
			flags |= VMT_VM_ACCOUNT;
	} else if (space->features.unaccount_unfaulted && vma->flags & VMT_VM_ACCOUNT &&
		   vmt_vma_is_anon(vma)) {
		vmt_anon_look(space, vma);
		if (!vma->anon_vma)
			flags &= ~VMT_VM_ACCOUNT;
	}
	return flags;
}

/* mprotect_fixup() */
static int fixup(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end,
		 uint64_t access, struct vmt_vma **ret_vma)
{
	struct vmt_vma proposed = *vma;
	int error = 0;

	*ret_vma = vma;
	if (vma->flags & VMT_VM_SEALED)
		return vmt_why_sealed(space, vma);
	proposed.flags = new_flags(space, vma, access);
	if (proposed.flags == vma->flags)
		return 0;
	*ret_vma = vmt_modify_range(space, vma, start, end, &proposed, &error);
	return error;
}

int64_t vmt_op_mprotect(struct vmt_space *space, const struct vmt_event *event,
			struct vmt_step *step)
{
	uint64_t start = event->args[0];
	uint64_t end = start + vmt_page_up(space, event->args[1]);
	uint64_t prot = event->args[2];
	uint64_t at = start;
	struct vmt_vma *vma;
	int error = 0;

	if (start & (vmt_space_page(space) - 1))
		return -EINVAL;
	if (!event->args[1])
		return 0;
	if (end <= start)
		return -ENOMEM;
	if (prot & ~(uint64_t)PROT_KNOWN)
		return -EINVAL;
	step->start = start;
	step->end = end;
	vma = vmt_find_vma(space, start);
	if (vma && vma->file.description && vmt_vma_start(vma) <= start)
		step->file_name = vma->file.name;

	while (at < end) {
		uint64_t access = vmt_prot_flags(prot);
		uint64_t stop;

		vma = vmt_find_vma(space, at);
		if (!vma || vmt_vma_start(vma) > at) {
			error = -ENOMEM;
			break;
		}
		if (prot & PROT_READ && space->personality & VMT_READ_IMPLIES_EXEC &&
		    vma->flags & VMT_VM_MAYEXEC)
			access |= VMT_VM_EXEC;
		if (access & ~(vma->flags >> 4) & VMT_VM_ACCESS) {
			error = -EACCES;
			break;
		}
		stop = vmt_min_u64(vmt_vma_end(vma), end);
		error = fixup(space, vma, at, stop, access, &vma);
		if (error)
			break;
		at = stop;
	}
	vmt_history_mark(space, start, at, step->number);
	return error;
}
