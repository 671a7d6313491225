/* SPDX-License-Identifier: MIT */
/*
 * match: values of an argument that make a call worth a stop, and the rows of an architecture's
 * table that use them. The values are the same on all our architectures, so the tables share them.
 */
#ifndef VMTRACE_ARCH_MATCH_H
#define VMTRACE_ARCH_MATCH_H

#include <stdint.h>

#include "vmtrace/arch.h"
#include "vmtrace/base.h"

/* How many values each of the sets below has. */
enum {
	VMT_MATCH_IOCTL_COUNT = 2,
	VMT_MATCH_PRCTL_COUNT = 5,
	VMT_MATCH_ARCH_PRCTL_COUNT = 7,
	VMT_MATCH_RESOURCE_COUNT = 4,
	VMT_MATCH_IPC_COUNT = 2,
};

/* ioctl, argument 1: userfaultfd's requests that set or clear VMA flags. */
extern const uint32_t vmt_match_ioctl[VMT_MATCH_IOCTL_COUNT];

/* prctl, argument 0: options that name, describe or restrict mappings. */
extern const uint32_t vmt_match_prctl[VMT_MATCH_PRCTL_COUNT];

/* arch_prctl, argument 0: segment bases that point into mappings, the vDSO, shadow stacks. */
extern const uint32_t vmt_match_arch_prctl[VMT_MATCH_ARCH_PRCTL_COUNT];

/* setrlimit (argument 0) and prlimit64 (argument 1): limits that mm checks. */
extern const uint32_t vmt_match_resource[VMT_MATCH_RESOURCE_COUNT];

/* i386's ipc, argument 0: the calls that attach and detach shared memory. */
extern const uint32_t vmt_match_ipc[VMT_MATCH_IPC_COUNT];

/* A row of an architecture's table: every call of the number @nr. */
#define VMT_ROW(nr, id) \
	{ \
		.number = (nr), .call = VMT_CALL_##id \
	}

/* The same, for the calls whose argument @arg is one of @set only. */
#define VMT_ROW_MATCH(nr, id, arg, set) \
	{ \
		.number = (nr), .call = VMT_CALL_##id, .match_arg = (arg), \
		.match_count = vmt_countof(set), .match = (set) \
	}

#endif
