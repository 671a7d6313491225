/* SPDX-License-Identifier: MIT */
/*
 * Protection keys: pkey_alloc() and pkey_free() (mm/mprotect.c), which keys an mm has given out and the
 * one that stands for execute-only memory (arch/x86/mm/pkeys.c, asm/pkeys.h, 6.18).
 *
 *	key 0		every VMA's at first; always given out
 *	key 1 to 15	pkey_alloc()'s, the lowest that is free
 *	one of these	memory that is PROT_EXEC and nothing else gets it by itself, and the calling
 *			thread may then not read what it may run
 *
 * What a thread may do with a key stands in its PKRU register: two bits for each key, the lower one
 * denies every access, the upper one denies writing. The kernel heeds it where it faults pages in
 * for the thread (arch_vma_access_permitted()).
 */
#include "pkey.h"

#include <errno.h>
#include <sys/mman.h>

#include "ops.h"
#include "path.h"

enum {
	KEYS = 16,
	ALL_KEYS = (1 << KEYS) - 1,
	KNOWN_RIGHTS = 3, /* PKEY_DISABLE_ACCESS, PKEY_DISABLE_WRITE */
};

void vmt_pkeys_init(struct vmt_pkeys *keys, bool known)
{
	*keys = (struct vmt_pkeys){ .known = known, .allocated = 1 };
}

static bool denies(uint32_t pkru, unsigned key, bool write)
{
	return pkru >> 2 * key & (write ? 3 : 1);
}

unsigned vmt_vma_pkey(const struct vmt_vma *vma)
{
	return (vma->flags & VMT_VM_PKEY_MASK) >> VMT_VM_PKEY_SHIFT;
}

bool vmt_pkey_denies(const struct vmt_event *event, const struct vmt_vma *vma, bool write)
{
	return event && event->pkru_known && denies(event->pkru, vmt_vma_pkey(vma), write);
}

/* mm_pkey_alloc(); 0 if all are given out. */
static unsigned allocate(struct vmt_pkeys *keys)
{
	for (unsigned key = 1; key < KEYS; key++) {
		if (keys->allocated & 1u << key)
			continue;
		keys->allocated |= 1u << key;
		return key;
	}
	return 0;
}

bool vmt_pkey_is_allocated(const struct vmt_space *space, int64_t key)
{
	const struct vmt_pkeys *keys = &space->pkeys;

	return space->has_pkeys && key >= 0 && key < KEYS &&
	       !(keys->execute_only && key == keys->execute_only) && keys->allocated & 1u << key;
}

/* __execute_only_pkey(); 0 if there is none to be had. */
static unsigned execute_only(struct vmt_space *space)
{
	if (!space->has_pkeys)
		return 0;
	if (!space->pkeys.execute_only)
		space->pkeys.execute_only = allocate(&space->pkeys);
	return space->pkeys.execute_only;
}

uint64_t vmt_pkey_of_new(struct vmt_space *space, uint64_t prot)
{
	return prot == PROT_EXEC ? (uint64_t)execute_only(space) << VMT_VM_PKEY_SHIFT : 0;
}

uint64_t vmt_pkey_of_change(struct vmt_space *space, const struct vmt_vma *vma, uint64_t prot)
{
	unsigned own = vmt_vma_pkey(vma);

	if (prot == PROT_EXEC) {
		unsigned key = execute_only(space);

		own = key ? key : own;
	} else if ((vma->flags & VMT_VM_ACCESS) == VMT_VM_EXEC &&
		   own == space->pkeys.execute_only) {
		own = 0;
	}
	return (uint64_t)own << VMT_VM_PKEY_SHIFT;
}

int64_t vmt_op_pkey_alloc(struct vmt_space *space, const struct vmt_event *event,
			  struct vmt_step *step)
{
	unsigned key;

	if (event->args[0] || event->args[1] & ~(uint64_t)KNOWN_RIGHTS)
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	if (!space->has_pkeys) {
		/* ENOSPC or EINVAL, by kernel. */
		step->predicted = false;
		return vmt_refuse(space, ENOSPC, VMT_WHY_NO_PKEYS);
	}
	if (!space->pkeys.known) {
		/* Attached to: those that were given out before are known only as they are refused. */
		step->predicted = false;
		if (!event->failed && event->result < KEYS)
			space->pkeys.allocated |= 1u << event->result;
		return event->result;
	}
	key = allocate(&space->pkeys);
	return key ? (int64_t)key : vmt_refuse(space, ENOSPC, VMT_WHY_PKEYS_USED_UP);
}

int64_t vmt_op_pkey_free(struct vmt_space *space, const struct vmt_event *event,
			 struct vmt_step *step)
{
	int64_t key = (int32_t)event->args[0];

	if (!space->pkeys.known) {
		step->predicted = false;
		return event->result;
	}
	if (!vmt_pkey_is_allocated(space, key))
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_PKEY);
	space->pkeys.allocated &= ~(1u << key);
	return 0;
}
