/* SPDX-License-Identifier: MIT */
/* Protection keys of an mm, and what a thread's PKRU denies. See pkey.c. */
#ifndef MM_PKEY_H
#define MM_PKEY_H

#include "space.h"

/* @known: no key was given out before that was not seen. */
void vmt_pkeys_init(struct vmt_pkeys *keys, bool known);

/* vma_pkey() */
unsigned vmt_vma_pkey(const struct vmt_vma *vma);

/* mm_pkey_is_allocated() */
bool vmt_pkey_is_allocated(const struct vmt_space *space, int64_t key);

/*
 * arch_vma_access_permitted(), the other way round: may the thread that made the call @event not read,
 * or @write, in @vma? False where its PKRU is not known.
 */
bool vmt_pkey_denies(const struct vmt_event *event, const struct vmt_vma *vma, bool write);

/* The key of a new mapping with PROT_… @prot, which can take one for execute-only memory; as flags. */
uint64_t vmt_pkey_of_new(struct vmt_space *space, uint64_t prot);

/* arch_override_mprotect_pkey() without a key of the caller's: the key that @vma gets; as flags. */
uint64_t vmt_pkey_of_change(struct vmt_space *space, const struct vmt_vma *vma, uint64_t prot);

#endif
