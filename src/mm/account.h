/* SPDX-License-Identifier: MIT */
/*
 * account: what a space has used of its limits (mm_struct's total_vm, data_vm, stack_vm, exec_vm,
 * locked_vm, in pages), and whether more is allowed. Kept up to date by the primitives of space.c.
 */
#ifndef MM_ACCOUNT_H
#define MM_ACCOUNT_H

#include "space.h"

/* vm_stat_account() (mm/mmap.c): @pages may be negative. */
void vmt_account(struct vmt_space *space, uint64_t vm_flags, int64_t pages);

/*
 * may_expand_vm() (mm/vma.c): RLIMIT_AS and RLIMIT_DATA against @pages more of @vm_flags, less
 * @freed pages (not more) that make room for them. 0, or -ENOMEM with the reason in the step.
 */
int vmt_may_expand(struct vmt_space *space, uint64_t vm_flags, uint64_t pages, uint64_t freed);

/* Whether RLIMIT_AS leaves room for @pages more. */
bool vmt_as_allows(const struct vmt_space *space, uint64_t pages);

/* mlock_future_ok() (mm/mmap.c): 0, or -EAGAIN. */
int vmt_may_lock_more(struct vmt_space *space, uint64_t vm_flags, uint64_t bytes);

/*
 * security_vm_enough_memory_mm() in mode 0 and 1: 0, or -ENOMEM. In mode 2 it depends on all other
 * processes: *ret_certain is set to false.
 */
int vmt_enough_memory(struct vmt_space *space, uint64_t pages, bool *ret_certain);

/* Pages of the VMAs in [start, end). */
uint64_t vmt_pages_in(const struct vmt_space *space, uint64_t start, uint64_t end);

#endif
