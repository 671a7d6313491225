/* SPDX-License-Identifier: MIT */
/*
 * x86_64: 64-bit programs on x86-64, with four levels of page tables. A kernel with five keeps
 * this window unless a program asks for more with a hint above it.
 *
 * Mirrors arch/x86/entry/syscalls/syscall_64.tbl, asm/processor.h, asm/elf.h and mm/mmap.c of
 * Linux 6.18. x32 programs share AUDIT_ARCH_X86_64 but set bit 30 of the number, so none of their
 * calls is found here.
 *
 *	0              128 TiB - 4 KiB
 *	|  ... PIE ... heap ...   <- mmap_base | gap | stack |   (nothing above)
 *	       ^ 2/3                                         ^ stack_top
 */
#include <elf.h>
#include <linux/audit.h>

#include "vmtrace/arch.h"
#include "vmtrace/base.h"

#include "match.h"

#define TASK_SIZE_X86_64 0x7ffffffff000
#define MIB (1024 * 1024)

/* Sorted by number. */
static const struct vmt_call_row rows[] = {
	VMT_ROW(9, MMAP),
	VMT_ROW(10, MPROTECT),
	VMT_ROW(11, MUNMAP),
	VMT_ROW(12, BRK),
	VMT_ROW_MATCH(16, IOCTL, 1, vmt_match_ioctl),
	VMT_ROW(25, MREMAP),
	VMT_ROW(28, MADVISE),
	VMT_ROW(30, SHMAT),
	VMT_ROW(59, EXECVE),
	VMT_ROW(67, SHMDT),
	VMT_ROW(135, PERSONALITY),
	VMT_ROW(149, MLOCK),
	VMT_ROW(150, MUNLOCK),
	VMT_ROW(151, MLOCKALL),
	VMT_ROW(152, MUNLOCKALL),
	VMT_ROW_MATCH(157, PRCTL, 0, vmt_match_prctl),
	VMT_ROW_MATCH(158, ARCH_PRCTL, 0, vmt_match_arch_prctl),
	VMT_ROW_MATCH(160, SETRLIMIT, 0, vmt_match_resource),
	VMT_ROW(206, IO_SETUP),
	VMT_ROW(207, IO_DESTROY),
	VMT_ROW(216, REMAP_FILE_PAGES),
	VMT_ROW(218, SET_TID_ADDRESS),
	VMT_ROW(237, MBIND),
	VMT_ROW(273, SET_ROBUST_LIST),
	VMT_ROW_MATCH(302, PRLIMIT64, 1, vmt_match_resource),
	VMT_ROW(322, EXECVEAT),
	VMT_ROW(325, MLOCK2),
	VMT_ROW(329, PKEY_MPROTECT),
	VMT_ROW(330, PKEY_ALLOC),
	VMT_ROW(331, PKEY_FREE),
	VMT_ROW(334, RSEQ),
	VMT_ROW(440, PROCESS_MADVISE),
	VMT_ROW(450, SET_MEMPOLICY_HOME_NODE),
	VMT_ROW(453, MAP_SHADOW_STACK),
	VMT_ROW(462, MSEAL),
};

const struct vmt_arch vmt_arch_x86_64 = {
	.name = "x86_64",
	.audit_arch = AUDIT_ARCH_X86_64,
	.elf_machine = EM_X86_64,
	.word_bits = 64,
	.page_shift = 12,
	.task_size = TASK_SIZE_X86_64,
	.wide_task_size = (UINT64_C(1) << 56) - 4096,
	.stack_top = TASK_SIZE_X86_64,
	.stack_random_pages = 0x3fffff + 1, /* 16 GiB */
	.dyn_base = 0x555555554000, /* two thirds of task_size */
	.gap_min = 128 * MIB,
	.gap_max = TASK_SIZE_X86_64 / 6 * 5,
	.legacy_base = 0x2aaaaaaab000, /* one third of task_size */
	.calls = rows,
	.call_count = vmt_countof(rows),
};
