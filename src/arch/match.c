/* SPDX-License-Identifier: MIT */
/*
 * match: the values of arguments that let a call through to us. A program that calls ioctl a
 * million times is to run at full speed; only the two requests that touch VMAs stop it.
 *
 * The numbers are written out, because the C library that we are built with may be older than the
 * kernel that we run on. Source: the kernel's uapi headers of Linux 6.18.
 */
#include <sys/resource.h>

#include "match.h"

const uint32_t vmt_match_ioctl[VMT_MATCH_IOCTL_COUNT] = {
	0xc020aa00, /* UFFDIO_REGISTER */
	0x8010aa01, /* UFFDIO_UNREGISTER */
};

const uint32_t vmt_match_prctl[VMT_MATCH_PRCTL_COUNT] = {
	35, /* PR_SET_MM: moves the marks that name [heap] and [stack], and the break */
	41, /* PR_SET_THP_DISABLE */
	65, /* PR_SET_MDWE: refuses later mappings */
	67, /* PR_SET_MEMORY_MERGE: VM_MERGEABLE on every VMA */
	0x53564d41, /* PR_SET_VMA: names anonymous memory */
};

const uint32_t vmt_match_arch_prctl[VMT_MATCH_ARCH_PRCTL_COUNT] = {
	0x1001, /* ARCH_SET_GS */
	0x1002, /* ARCH_SET_FS: the thread pointer */
	0x2001, /* ARCH_MAP_VDSO_X32 */
	0x2002, /* ARCH_MAP_VDSO_32 */
	0x2003, /* ARCH_MAP_VDSO_64 */
	0x5001, /* ARCH_SHSTK_ENABLE: maps a shadow stack */
	0x5002, /* ARCH_SHSTK_DISABLE: unmaps it */
};

const uint32_t vmt_match_resource[VMT_MATCH_RESOURCE_COUNT] = {
	RLIMIT_DATA,
	RLIMIT_STACK,
	RLIMIT_MEMLOCK,
	RLIMIT_AS,
};

const uint32_t vmt_match_ipc[VMT_MATCH_IPC_COUNT] = {
	21, /* SHMAT */
	22, /* SHMDT */
};
