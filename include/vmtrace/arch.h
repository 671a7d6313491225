/* SPDX-License-Identifier: MIT */
/*
 * arch: an architecture is data. One const struct vmt_arch per architecture, all always compiled
 * in and chosen at run time, because one vmtrace follows 64-bit and 32-bit programs in one tree,
 * and reads recordings of other machines.
 *
 * Also here: the list of mapping calls, named once for all architectures.
 */
#ifndef VMTRACE_ARCH_H
#define VMTRACE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmtrace/geometry.h"

/*
 * Every call that changes, or points into, an address space. The numbers are internal; the name of
 * each is vmt_call_name(). Keep calls.c in the same order.
 */
enum vmt_call_id {
	VMT_CALL_NONE,
	VMT_CALL_MMAP,
	VMT_CALL_MMAP2, /* offset in units of 4096 bytes */
	VMT_CALL_OLD_MMAP, /* i386: argument 0 points to six 32-bit words */
	VMT_CALL_MUNMAP,
	VMT_CALL_MPROTECT,
	VMT_CALL_PKEY_MPROTECT,
	VMT_CALL_PKEY_ALLOC,
	VMT_CALL_PKEY_FREE,
	VMT_CALL_BRK,
	VMT_CALL_MREMAP,
	VMT_CALL_MADVISE,
	VMT_CALL_PROCESS_MADVISE,
	VMT_CALL_MLOCK,
	VMT_CALL_MLOCK2,
	VMT_CALL_MUNLOCK,
	VMT_CALL_MLOCKALL,
	VMT_CALL_MUNLOCKALL,
	VMT_CALL_MSEAL,
	VMT_CALL_MBIND,
	VMT_CALL_SET_MEMPOLICY_HOME_NODE,
	VMT_CALL_REMAP_FILE_PAGES,
	VMT_CALL_SHMAT,
	VMT_CALL_SHMDT,
	VMT_CALL_IPC, /* i386: shmat and shmdt come through it */
	VMT_CALL_IO_SETUP,
	VMT_CALL_IO_DESTROY,
	VMT_CALL_IOCTL, /* only userfaultfd's requests are let through to us */
	VMT_CALL_PRCTL,
	VMT_CALL_ARCH_PRCTL,
	VMT_CALL_MAP_SHADOW_STACK,
	VMT_CALL_PERSONALITY,
	VMT_CALL_SETRLIMIT,
	VMT_CALL_PRLIMIT64,
	VMT_CALL_SET_THREAD_AREA,
	VMT_CALL_SET_TID_ADDRESS,
	VMT_CALL_SET_ROBUST_LIST,
	VMT_CALL_RSEQ,
	VMT_CALL_EXECVE,
	VMT_CALL_EXECVEAT,
	VMT_CALL_COUNT
};

/* How an argument prints and what it means. Sizes and offsets are bytes unless said. */
enum vmt_arg_kind {
	VMT_ARG_NONE,
	VMT_ARG_ADDRESS,
	VMT_ARG_SIZE,
	VMT_ARG_PROT,
	VMT_ARG_MAP_FLAGS,
	VMT_ARG_MREMAP_FLAGS,
	VMT_ARG_FD,
	VMT_ARG_OFFSET,
	VMT_ARG_PAGE_OFFSET, /* in units of 4096 bytes (mmap2) or pages (remap_file_pages) */
	VMT_ARG_ADVICE,
	VMT_ARG_INT,
	VMT_ARG_HEX,
	VMT_ARG_MLOCK_FLAGS,
	VMT_ARG_MLOCKALL_FLAGS,
	VMT_ARG_MPOL_MODE,
	VMT_ARG_MPOL_FLAGS,
	VMT_ARG_SHM_FLAGS,
	VMT_ARG_PRCTL_OP,
	VMT_ARG_ARCH_PRCTL_OP,
	VMT_ARG_IOCTL_REQUEST,
	VMT_ARG_RESOURCE,
	VMT_ARG_PERSONA,
	VMT_ARG_PKEY_RIGHTS,
	VMT_ARG_PATH_ADDRESS, /* address of a path in the target; printed as an address */
};

/* Facts about a call that hold on every architecture. */
struct vmt_call_info {
	const char *name; /* as strace prints it, "mmap2" */
	bool layout; /* can change the set of VMAs (else it only points into one) */
	unsigned arg_count;
	struct {
		const char *name; /* as the JSON "args" names it: "addr", "length", "prot" … */
		enum vmt_arg_kind kind;
	} args[6];
};

const struct vmt_call_info *vmt_call_info(enum vmt_call_id call);

/*
 * One row of an architecture's table of intercepted calls. Where only some values of an argument
 * are of interest (ioctl, prctl …) the seccomp filter compares the low 32 bits of args[match_arg]
 * with each of the match_count numbers and lets every other value run at full speed.
 */
struct vmt_call_row {
	unsigned number; /* syscall number on this architecture */
	enum vmt_call_id call;
	unsigned match_arg;
	unsigned match_count; /* 0: every call of this number */
	const uint32_t *match;
	uint32_t match_bits; /* not 0: only if one of these bits is set in args[match_arg] */
};

/* Whether a call with these arguments is one of the row, as the seccomp filter decides. */
bool vmt_call_row_matches(const struct vmt_call_row *row, const uint64_t *args);

struct vmt_arch {
	const char *name; /* "x86_64", "i386": as JSON and --arch spell it */
	uint32_t audit_arch; /* AUDIT_ARCH_…, as PTRACE_GET_SYSCALL_INFO and seccomp say */
	uint16_t elf_machine; /* EM_… */
	unsigned word_bits; /* 32 or 64 */
	unsigned page_shift;
	uint64_t task_size; /* TASK_SIZE of such a task under a 64-bit kernel */
	uint64_t wide_task_size; /* with five levels of page tables; 0: there are none */
	uint64_t stack_top; /* STACK_TOP without randomisation */
	uint64_t stack_random_pages; /* ASLR shifts by less than this: STACK_RND_MASK + 1 */
	uint64_t dyn_base; /* ELF_ET_DYN_BASE: where a PIE goes before randomisation */
	uint64_t gap_min; /* least and most distance of mmap_base to the stack top */
	uint64_t gap_max;
	uint64_t legacy_base; /* TASK_UNMAPPED_BASE: bottom-up layout */
	const struct vmt_call_row *calls; /* sorted by number */
	size_t call_count;
};

extern const struct vmt_arch vmt_arch_x86_64;
extern const struct vmt_arch vmt_arch_i386;

/* All architectures, NULL at the end. */
extern const struct vmt_arch *const vmt_arches[];

/* NULL if there is none of that name, or no name. */
const struct vmt_arch *vmt_arch_by_name(const char *name);
const struct vmt_arch *vmt_arch_by_audit(uint32_t audit_arch);
/* The architecture of an ELF file, from e_machine and the class's word size; NULL if unknown. */
const struct vmt_arch *vmt_arch_by_elf(uint16_t elf_machine, unsigned word_bits);
/* The row of a syscall number, NULL if the call is none of ours. */
const struct vmt_call_row *vmt_arch_call(const struct vmt_arch *arch, uint64_t number);

static inline uint64_t vmt_arch_page_size(const struct vmt_arch *arch)
{
	return (uint64_t)1 << arch->page_shift;
}

/* ---- constants.c: bits of arguments, named (asm-generic values; all our architectures agree) -- */

struct vmt_constant {
	uint64_t value;
	const char *name; /* "MAP_PRIVATE" */
};

/*
 * A set of named values. In flags: bits that are or-ed together; field_mask (0 if none) marks the
 * bits that hold one number rather than flags (MAP_TYPE). Not in flags: one of the values.
 *
 * To name flags: the row that equals the field comes first; then, in the order of the rows outside
 * the field, each that is not 0 and whose bits are all left is taken and its bits are cleared
 * (MAP_HUGE_2MB has several). A row of value 0 names the field, or the whole value, when that is 0.
 */
struct vmt_constants {
	bool flags;
	uint64_t field_mask;
	const struct vmt_constant *rows; /* ended by a NULL name */
};

/* The names that arguments of @kind take; NULL for kinds that are plain numbers. */
const struct vmt_constants *vmt_constants(enum vmt_arg_kind kind);

/* mmap's flags that the C library of Debian 12 does not know by name. */
#define VMT_MAP_DROPPABLE 0x08
#define VMT_MAP_32BIT 0x40
#define VMT_MAP_ABOVE4G 0x80
#define VMT_MAP_UNINITIALIZED 0x4000000

/* arch_prctl's operations that point into, or map, memory (x86). */
#define VMT_ARCH_SET_GS 0x1001
#define VMT_ARCH_SET_FS 0x1002
#define VMT_ARCH_MAP_VDSO_X32 0x2001
#define VMT_ARCH_MAP_VDSO_32 0x2002
#define VMT_ARCH_MAP_VDSO_64 0x2003

#endif
