/* SPDX-License-Identifier: MIT */
/*
 * ops: the system calls. Each function takes what was asked (event->args), predicts what the kernel
 * returns, and does to the space what the kernel does; it returns the prediction, an address, 0 or
 * -errno. Where the kernel's own choice cannot be known it sets step->predicted to false and
 * follows event->result.
 *
 * Each sets step->start and end to the range that the call is about.
 */
#ifndef MM_OPS_H
#define MM_OPS_H

#include "space.h"

typedef int64_t vmt_op(struct vmt_space *space, const struct vmt_event *event,
		       struct vmt_step *step);

vmt_op vmt_op_mmap; /* mmap.c: mmap, mmap2, old mmap */
vmt_op vmt_op_munmap; /* munmap.c */
vmt_op vmt_op_mprotect; /* mprotect.c: mprotect, pkey_mprotect */
vmt_op vmt_op_pkey_alloc; /* pkey.c */
vmt_op vmt_op_pkey_free;
vmt_op vmt_op_brk; /* brk.c */
vmt_op vmt_op_mremap; /* mremap.c */
vmt_op vmt_op_madvise; /* madvise.c */
vmt_op vmt_op_process_madvise;
vmt_op vmt_op_mlock; /* mlock.c: mlock, mlock2, munlock */
vmt_op vmt_op_mlockall; /* mlock.c: mlockall, munlockall */
vmt_op vmt_op_mseal; /* seal.c */
vmt_op vmt_op_mbind; /* policy.c */
vmt_op vmt_op_shmat; /* shm.c */
vmt_op vmt_op_shmdt;
vmt_op vmt_op_io_setup; /* aio.c */
vmt_op vmt_op_io_destroy;
vmt_op vmt_op_remap_file_pages;
vmt_op vmt_op_map_shadow_stack; /* shadow_stack.c */
vmt_op vmt_op_ioctl; /* uffd.c */
vmt_op vmt_op_prctl; /* settings.c */
vmt_op vmt_op_arch_prctl;
vmt_op vmt_op_personality;
vmt_op vmt_op_execve; /* exec.c: one that failed */
vmt_op vmt_op_rlimit; /* setrlimit, prlimit64 */

/*
 * aio_ring_mremap(): a ring that was moved to @address has a new id; what is left of a ring whose
 * context is gone, or stayed with the parent of a fork, does not move.
 */
bool vmt_aio_may_move(const struct vmt_space *space, const struct vmt_vma *vma);
void vmt_aio_moved(struct vmt_space *space, const struct vmt_vma *vma, uint64_t address);

/* dup_userfaultfd(): the copy of fork is served if the userfaultfd asked for that, else no more. */
void vmt_uffd_fork(struct vmt_vma *copy);
/* mremap_userfaultfd_prep(): the same for what mremap has moved. */
void vmt_uffd_moved(struct vmt_space *space, struct vmt_vma *vma);

/* Do pages of the VMA below @end lie wholly beyond the end of its file? */
bool vmt_beyond_file(const struct vmt_space *space, const struct vmt_vma *vma, uint64_t end);

/* vma_supports_mlock(): special, huge and droppable memory cannot be locked. */
bool vmt_supports_lock(uint64_t vm_flags);

/* calc_vm_prot_bits(): the VMT_VM_ access flags of PROT_… */
uint64_t vmt_prot_flags(uint64_t prot);

#endif
