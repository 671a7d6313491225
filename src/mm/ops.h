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

vmt_op vmt_op_mmap;	/* mmap.c: mmap, mmap2, old mmap */
vmt_op vmt_op_munmap;	/* munmap.c */
vmt_op vmt_op_mprotect; /* mprotect.c: mprotect, pkey_mprotect */
vmt_op vmt_op_brk;	/* brk.c */

/* calc_vm_prot_bits(): the VMT_VM_ access flags of PROT_… */
uint64_t vmt_prot_flags(uint64_t prot);

#endif
