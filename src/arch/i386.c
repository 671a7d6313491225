/* SPDX-License-Identifier: MIT */
/*
 * i386: 32-bit programs, as an x86-64 kernel runs them (IA32 emulation): they have nearly all of
 * the 4 GiB to themselves, and the kernel is elsewhere.
 *
 * Mirrors arch/x86/entry/syscalls/syscall_32.tbl, asm/page_64_types.h (IA32_PAGE_OFFSET),
 * asm/elf.h and mm/mmap.c of Linux 6.18.
 *
 *	0                  4 GiB - 8 KiB
 *	|  ... PIE ... heap ...   <- mmap_base | gap | stack |   (nothing above)
 *	       ^ 1/3 + 16 MiB                                ^ stack_top
 */
#include <elf.h>
#include <linux/audit.h>

#include "vmtrace/arch.h"
#include "vmtrace/base.h"

#include "match.h"

#define TASK_SIZE_I386 0xffffe000
#define MIB (1024 * 1024)

/* Sorted by number. Two ways lead to mmap (90 and 192) and two to shmat (117 and 397). */
static const struct vmt_call_row rows[] = {
	VMT_ROW(11, EXECVE),
	VMT_ROW(45, BRK),
	VMT_ROW_MATCH(54, IOCTL, 1, vmt_match_ioctl),
	VMT_ROW_MATCH(75, SETRLIMIT, 0, vmt_match_resource),
	VMT_ROW(90, OLD_MMAP),
	VMT_ROW(91, MUNMAP),
	VMT_ROW_MATCH(117, IPC, 0, vmt_match_ipc),
	VMT_ROW(125, MPROTECT),
	VMT_ROW(136, PERSONALITY),
	VMT_ROW(150, MLOCK),
	VMT_ROW(151, MUNLOCK),
	VMT_ROW(152, MLOCKALL),
	VMT_ROW(153, MUNLOCKALL),
	VMT_ROW(163, MREMAP),
	VMT_ROW_MATCH(172, PRCTL, 0, vmt_match_prctl),
	VMT_ROW(192, MMAP2),
	VMT_ROW(219, MADVISE),
	VMT_ROW(243, SET_THREAD_AREA),
	VMT_ROW(245, IO_SETUP),
	VMT_ROW(246, IO_DESTROY),
	VMT_ROW(257, REMAP_FILE_PAGES),
	VMT_ROW(258, SET_TID_ADDRESS),
	VMT_ROW(274, MBIND),
	VMT_ROW(311, SET_ROBUST_LIST),
	VMT_ROW_MATCH(340, PRLIMIT64, 1, vmt_match_resource),
	VMT_ROW(358, EXECVEAT),
	VMT_ROW(376, MLOCK2),
	VMT_ROW(380, PKEY_MPROTECT),
	VMT_ROW(381, PKEY_ALLOC),
	VMT_ROW(382, PKEY_FREE),
	VMT_ROW_MATCH(384, ARCH_PRCTL, 0, vmt_match_arch_prctl),
	VMT_ROW(386, RSEQ),
	VMT_ROW(397, SHMAT),
	VMT_ROW(398, SHMDT),
	VMT_ROW(440, PROCESS_MADVISE),
	VMT_ROW(450, SET_MEMPOLICY_HOME_NODE),
	VMT_ROW(453, MAP_SHADOW_STACK),
	VMT_ROW(462, MSEAL),
};

const struct vmt_arch vmt_arch_i386 = {
	.name = "i386",
	.audit_arch = AUDIT_ARCH_I386,
	.elf_machine = EM_386,
	.word_bits = 32,
	.page_shift = 12,
	.task_size = TASK_SIZE_I386,
	.stack_top = TASK_SIZE_I386,
	.stack_random_pages = 0x7ff + 1, /* 8 MiB */
	.dyn_base = 0x56555000, /* legacy_base + 16 MiB */
	.gap_min = 128 * MIB,
	.gap_max = TASK_SIZE_I386 / 6 * 5,
	.legacy_base = 0x55555000, /* one third of task_size */
	.calls = rows,
	.call_count = vmt_countof(rows),
};
