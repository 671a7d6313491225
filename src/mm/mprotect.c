/* SPDX-License-Identifier: MIT */
/*
 * mprotect and pkey_mprotect: do_mprotect_pkey() and mprotect_fixup() (mm/mprotect.c, 6.18).
 */
#include <errno.h>
#include <sys/mman.h>

#include "account.h"
#include "merge.h"
#include "ops.h"
#include "path.h"
#include "pkey.h"
#include "walk.h"

enum {
	PROT_KNOWN = PROT_READ | PROT_WRITE | PROT_EXEC | 0x8 /* PROT_SEM */,
	GROWS = PROT_GROWSDOWN | PROT_GROWSUP,
};

struct protect {
	uint64_t prot;
	int pkey; /* -1: keep the VMA's */
	uint64_t populated; /* in the last VMA that was, 0 none */
};

/*
 * Locked private memory that becomes writable is written to at once, before the next VMA's turn: by
 * then it has an anon_vma.
 */
static void settle_populated(struct vmt_space *space, struct protect *protect)
{
	struct vmt_vma *vma = vmt_find_vma(space, protect->populated);

	if (protect->populated && vma && !vma->anon_vma)
		vmt_anon_prepare(space, vma);
	protect->populated = 0;
}

/* VM_ACCOUNT comes with the first write permission, and goes while no page was written. */
static int account(struct vmt_space *space, struct vmt_vma *vma, uint64_t pages,
		   struct vmt_vma *proposed)
{
	bool certain = true;
	int error = 0;

	if (proposed->flags & VMT_VM_WRITE) {
		/* Where RLIMIT_AS leaves no room even for the old flags, RLIMIT_DATA is not asked. */
		if (!(vma->flags & VMT_VM_WRITE) && vmt_as_allows(space, pages))
			error = vmt_may_expand(space, proposed->flags, pages, 0);
		if (error)
			return error;
		if (vma->flags & (VMT_VM_ACCOUNT | VMT_VM_WRITE | VMT_VM_HUGETLB | VMT_VM_SHARED |
				  VMT_VM_NORESERVE))
			return 0;
		proposed->flags |= VMT_VM_ACCOUNT;
		error = vmt_enough_memory(space, pages, &certain);
		space->step->predicted = space->step->predicted && certain;
		return error;
	}
	if (space->features.unaccount_unfaulted && vma->flags & VMT_VM_ACCOUNT &&
	    vmt_vma_is_anon(vma)) {
		vmt_anon_look(space, vma);
		if (!vma->anon_vma)
			proposed->flags &= ~VMT_VM_ACCOUNT;
	}
	return 0;
}

/* mprotect_fixup() */
static int propose(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end,
		   struct vmt_vma *proposed, void *data)
{
	struct protect *protect = data;
	VMT_PATH(space, MPROTECT_FIXUP);
	uint64_t access = vmt_prot_flags(protect->prot);

	if (protect->prot & PROT_READ && space->rights.personality & VMT_READ_IMPLIES_EXEC &&
	    vma->flags & VMT_VM_MAYEXEC)
		access |= VMT_VM_EXEC;
	settle_populated(space, protect);
	proposed->flags = (vma->flags & ~VMT_VM_ACCESS) | access;
	proposed->flags = (proposed->flags & ~VMT_VM_PKEY_MASK) |
			  (protect->pkey >= 0 ? (uint64_t)protect->pkey << VMT_VM_PKEY_SHIFT
					      : vmt_pkey_of_change(space, vma, protect->prot));
	if (access & ~(vma->flags >> 4) & VMT_VM_ACCESS) {
		vmt_why(space, VMT_WHY_NO_MAY, vmt_vma_start(vma), access, 0, 0);
		return -EACCES;
	}
	if (vmt_deny_write_exec(space, vma->flags, proposed->flags))
		return vmt_refuse(space, EACCES, VMT_WHY_MDWE);
	if (vma->flags & VMT_VM_SEALED)
		return vmt_why_sealed(space, vma);
	if (proposed->flags == vma->flags) {
		vmt_path_branch(space, "nothing changes");
		return 1;
	}
	if ((vma->flags & (VMT_VM_WRITE | VMT_VM_SHARED | VMT_VM_LOCKED | VMT_VM_LOCKONFAULT)) ==
		    VMT_VM_LOCKED &&
	    access & VMT_VM_WRITE)
		protect->populated = start;
	return account(space, vma, vmt_pages(space, end - start), proposed);
}

/* PROT_GROWSDOWN stretches the range down to the start of the stack VMA. */
static int stretch(struct vmt_space *space, uint64_t prot, uint64_t *start, uint64_t end)
{
	const struct vmt_vma *vma = vmt_find_vma(space, *start);

	/* VM_GROWSUP is for machines that are not among ours. */
	if (prot & PROT_GROWSUP && vma && vmt_vma_start(vma) <= *start)
		return vmt_refuse(space, EINVAL, VMT_WHY_NOT_GROWSDOWN);
	if (!(prot & PROT_GROWSDOWN))
		return 0;
	if (!vma || vmt_vma_start(vma) >= end)
		return vmt_refuse(space, ENOMEM, VMT_WHY_NOTHING_MAPPED);
	if (!(vma->flags & VMT_VM_GROWSDOWN))
		return vmt_refuse(space, EINVAL, VMT_WHY_NOT_GROWSDOWN);
	*start = vmt_vma_start(vma);
	return 0;
}

/* Of keys that were given out before we were there only the kernel knows. */
static bool refuses_key(const struct vmt_space *space, const struct vmt_event *event, int key,
			struct vmt_step *step)
{
	if (space->pkeys.known)
		return !vmt_pkey_is_allocated(space, key);
	step->predicted = false;
	return event->failed && event->result == -EINVAL;
}

int64_t vmt_op_mprotect(struct vmt_space *space, const struct vmt_event *event,
			struct vmt_step *step)
{
	uint64_t start = event->args[0];
	uint64_t end = start + vmt_page_up(space, event->args[1]);
	struct protect protect = { .prot = event->args[2] & ~(uint64_t)GROWS, .pkey = -1 };
	const struct vmt_vma *vma;
	int error;
	VMT_PATH(space, DO_MPROTECT);

	if (event->call == VMT_CALL_PKEY_MPROTECT)
		protect.pkey = (int)event->args[3];
	if ((event->args[2] & GROWS) == GROWS)
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_PROT);
	if (start & (vmt_space_page(space) - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_ADDRESS_UNALIGNED);
	if (!event->args[1])
		return 0;
	if (end <= start)
		return vmt_refuse(space, ENOMEM, VMT_WHY_LENGTH_WRAPS);
	if (protect.prot & ~(uint64_t)PROT_KNOWN)
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_PROT);
	if (protect.pkey != -1 && refuses_key(space, event, protect.pkey, step))
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_PKEY);
	error = stretch(space, event->args[2], &start, end);
	if (error)
		return error;
	step->start = start;
	step->end = end;
	vma = vmt_find_vma(space, start);
	if (vma && vmt_vma_start(vma) <= start)
		step->file_name = vmt_vma_mapping(space, vma).name;
	error = vmt_walk(space, start, end, VMT_WALK_STOP_AT_HOLE, propose, &protect, NULL);
	VMT_PATH(space, CHANGE_PROTECTION);
	return error;
}
