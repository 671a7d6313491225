/* SPDX-License-Identifier: MIT */
/*
 * constants: names of argument values. All our architectures use the asm-generic numbers here.
 *
 * The numbers are written out rather than taken from headers: a recording must read the same on
 * every machine, and the C library that we are built with may be older than the kernel that we
 * run on. Source: the kernel's uapi headers of Linux 6.18; the unit test compares each with the
 * headers of the build machine as far as those know it.
 *
 * Invariants of a set of flags: a row either lies within field_mask or outside of it. Outside,
 * rows with several bits come before the rows whose bits they contain, so that a reader who takes
 * the first row that fits, clears its bits and goes on finds the longest name first. MAP_HUGE_2MB
 * is such a row: the six high bits of mmap's flags hold the binary logarithm of a page size.
 *
 *	mmap's flags   31      26 25                     4 3       0
 *	               | huge page | one bit a flag        | MAP_TYPE |
 */
#include <stddef.h>

#include "vmtrace/arch.h"
#include "vmtrace/base.h"

#define SET(set_rows) \
	{ \
		.rows = (set_rows) \
	}
#define FLAGS(mask, set_rows) \
	{ \
		.flags = true, .field_mask = (mask), .rows = (set_rows) \
	}
#define END \
	{ \
		0, NULL \
	}

static const struct vmt_constant prot_rows[] = {
	{ 0x0, "PROT_NONE" },          { 0x1, "PROT_READ" },
	{ 0x2, "PROT_WRITE" },         { 0x4, "PROT_EXEC" },
	{ 0x8, "PROT_SEM" },           { 0x1000000, "PROT_GROWSDOWN" },
	{ 0x2000000, "PROT_GROWSUP" }, END,
};

static const struct vmt_constant map_rows[] = {
	/* MAP_TYPE */
	{ 0x1, "MAP_SHARED" },
	{ 0x2, "MAP_PRIVATE" },
	{ 0x3, "MAP_SHARED_VALIDATE" },
	{ VMT_MAP_DROPPABLE, "MAP_DROPPABLE" },
	/* one bit each */
	{ 0x10, "MAP_FIXED" },
	{ 0x20, "MAP_ANONYMOUS" },
	{ VMT_MAP_32BIT, "MAP_32BIT" },
	{ VMT_MAP_ABOVE4G, "MAP_ABOVE4G" },
	{ 0x100, "MAP_GROWSDOWN" },
	{ 0x800, "MAP_DENYWRITE" },
	{ 0x1000, "MAP_EXECUTABLE" },
	{ 0x2000, "MAP_LOCKED" },
	{ 0x4000, "MAP_NORESERVE" },
	{ 0x8000, "MAP_POPULATE" },
	{ 0x10000, "MAP_NONBLOCK" },
	{ 0x20000, "MAP_STACK" },
	{ 0x40000, "MAP_HUGETLB" },
	{ 0x80000, "MAP_SYNC" },
	{ 0x100000, "MAP_FIXED_NOREPLACE" },
	/* page sizes; the greater number first */
	{ UINT64_C(34) << 26, "MAP_HUGE_16GB" },
	{ UINT64_C(31) << 26, "MAP_HUGE_2GB" },
	{ UINT64_C(30) << 26, "MAP_HUGE_1GB" },
	{ UINT64_C(29) << 26, "MAP_HUGE_512MB" },
	{ UINT64_C(28) << 26, "MAP_HUGE_256MB" },
	{ UINT64_C(25) << 26, "MAP_HUGE_32MB" },
	{ UINT64_C(24) << 26, "MAP_HUGE_16MB" },
	{ UINT64_C(23) << 26, "MAP_HUGE_8MB" },
	{ UINT64_C(21) << 26, "MAP_HUGE_2MB" },
	{ UINT64_C(20) << 26, "MAP_HUGE_1MB" },
	{ UINT64_C(19) << 26, "MAP_HUGE_512KB" },
	{ UINT64_C(16) << 26, "MAP_HUGE_64KB" },
	{ UINT64_C(14) << 26, "MAP_HUGE_16KB" },
	/* shares its bit with them, and means this only without an MMU */
	{ VMT_MAP_UNINITIALIZED, "MAP_UNINITIALIZED" },
	END,
};

static const struct vmt_constant mremap_rows[] = {
	{ 0x1, "MREMAP_MAYMOVE" },
	{ 0x2, "MREMAP_FIXED" },
	{ 0x4, "MREMAP_DONTUNMAP" },
	END,
};

static const struct vmt_constant advice_rows[] = {
	{ 0, "MADV_NORMAL" },          { 1, "MADV_RANDOM" },
	{ 2, "MADV_SEQUENTIAL" },      { 3, "MADV_WILLNEED" },
	{ 4, "MADV_DONTNEED" },        { 8, "MADV_FREE" },
	{ 9, "MADV_REMOVE" },          { 10, "MADV_DONTFORK" },
	{ 11, "MADV_DOFORK" },         { 12, "MADV_MERGEABLE" },
	{ 13, "MADV_UNMERGEABLE" },    { 14, "MADV_HUGEPAGE" },
	{ 15, "MADV_NOHUGEPAGE" },     { 16, "MADV_DONTDUMP" },
	{ 17, "MADV_DODUMP" },         { 18, "MADV_WIPEONFORK" },
	{ 19, "MADV_KEEPONFORK" },     { 20, "MADV_COLD" },
	{ 21, "MADV_PAGEOUT" },        { 22, "MADV_POPULATE_READ" },
	{ 23, "MADV_POPULATE_WRITE" }, { 24, "MADV_DONTNEED_LOCKED" },
	{ 25, "MADV_COLLAPSE" },       { 100, "MADV_HWPOISON" },
	{ 101, "MADV_SOFT_OFFLINE" },  { 102, "MADV_GUARD_INSTALL" },
	{ 103, "MADV_GUARD_REMOVE" },  END,
};

static const struct vmt_constant mlock_rows[] = {
	{ 0x1, "MLOCK_ONFAULT" },
	END,
};

static const struct vmt_constant mlockall_rows[] = {
	{ 0x1, "MCL_CURRENT" },
	{ 0x2, "MCL_FUTURE" },
	{ 0x4, "MCL_ONFAULT" },
	END,
};

static const struct vmt_constant mpol_mode_rows[] = {
	{ 0, "MPOL_DEFAULT" },
	{ 1, "MPOL_PREFERRED" },
	{ 2, "MPOL_BIND" },
	{ 3, "MPOL_INTERLEAVE" },
	{ 4, "MPOL_LOCAL" },
	{ 5, "MPOL_PREFERRED_MANY" },
	{ 6, "MPOL_WEIGHTED_INTERLEAVE" },
	{ 0x2000, "MPOL_F_NUMA_BALANCING" },
	{ 0x4000, "MPOL_F_RELATIVE_NODES" },
	{ 0x8000, "MPOL_F_STATIC_NODES" },
	END,
};

static const struct vmt_constant mpol_flag_rows[] = {
	{ 0x1, "MPOL_MF_STRICT" },
	{ 0x2, "MPOL_MF_MOVE" },
	{ 0x4, "MPOL_MF_MOVE_ALL" },
	{ 0x8, "MPOL_MF_LAZY" },
	END,
};

static const struct vmt_constant shm_rows[] = {
	{ 0x1000, "SHM_RDONLY" },
	{ 0x2000, "SHM_RND" },
	{ 0x4000, "SHM_REMAP" },
	{ 0x8000, "SHM_EXEC" },
	END,
};

/* Only what the filter lets through. */
static const struct vmt_constant prctl_rows[] = {
	{ 35, "PR_SET_MM" },           { 41, "PR_SET_THP_DISABLE" }, { 65, "PR_SET_MDWE" },
	{ 67, "PR_SET_MEMORY_MERGE" }, { 0x53564d41, "PR_SET_VMA" }, END,
};

static const struct vmt_constant arch_prctl_rows[] = {
	{ 0x1001, "ARCH_SET_GS" },        { 0x1002, "ARCH_SET_FS" },
	{ 0x1003, "ARCH_GET_FS" },        { 0x1004, "ARCH_GET_GS" },
	{ 0x2001, "ARCH_MAP_VDSO_X32" },  { 0x2002, "ARCH_MAP_VDSO_32" },
	{ 0x2003, "ARCH_MAP_VDSO_64" },   { 0x5001, "ARCH_SHSTK_ENABLE" },
	{ 0x5002, "ARCH_SHSTK_DISABLE" }, END,
};

/* Only what the filter lets through. */
static const struct vmt_constant ioctl_rows[] = {
	{ 0xc020aa00, "UFFDIO_REGISTER" },
	{ 0x8010aa01, "UFFDIO_UNREGISTER" },
	END,
};

static const struct vmt_constant resource_rows[] = {
	{ 0, "RLIMIT_CPU" },
	{ 1, "RLIMIT_FSIZE" },
	{ 2, "RLIMIT_DATA" },
	{ 3, "RLIMIT_STACK" },
	{ 4, "RLIMIT_CORE" },
	{ 5, "RLIMIT_RSS" },
	{ 6, "RLIMIT_NPROC" },
	{ 7, "RLIMIT_NOFILE" },
	{ 8, "RLIMIT_MEMLOCK" },
	{ 9, "RLIMIT_AS" },
	{ 10, "RLIMIT_LOCKS" },
	{ 11, "RLIMIT_SIGPENDING" },
	{ 12, "RLIMIT_MSGQUEUE" },
	{ 13, "RLIMIT_NICE" },
	{ 14, "RLIMIT_RTPRIO" },
	{ 15, "RLIMIT_RTTIME" },
	END,
};

static const struct vmt_constant pkey_rows[] = {
	{ 0x0, "0" },
	{ 0x1, "PKEY_DISABLE_ACCESS" },
	{ 0x2, "PKEY_DISABLE_WRITE" },
	{ 0, NULL },
};

static const struct vmt_constant persona_rows[] = {
	/* PER_MASK; the other personalities imply bits above it, so their number alone is not they */
	{ 0x0, "PER_LINUX" },
	{ 0x8, "PER_LINUX32" },
	/* one bit each */
	{ 0x20000, "UNAME26" },
	{ 0x40000, "ADDR_NO_RANDOMIZE" },
	{ 0x80000, "FDPIC_FUNCPTRS" },
	{ 0x100000, "MMAP_PAGE_ZERO" },
	{ 0x200000, "ADDR_COMPAT_LAYOUT" },
	{ 0x400000, "READ_IMPLIES_EXEC" },
	{ 0x800000, "ADDR_LIMIT_32BIT" },
	{ 0x1000000, "SHORT_INODE" },
	{ 0x2000000, "WHOLE_SECONDS" },
	{ 0x4000000, "STICKY_TIMEOUTS" },
	{ 0x8000000, "ADDR_LIMIT_3GB" },
	END,
};

/* By kind; no rows: a plain number. */
static const struct vmt_constants sets[] = {
	[VMT_ARG_PROT] = FLAGS(0, prot_rows),
	[VMT_ARG_MAP_FLAGS] = FLAGS(0xf, map_rows),
	[VMT_ARG_MREMAP_FLAGS] = FLAGS(0, mremap_rows),
	[VMT_ARG_ADVICE] = SET(advice_rows),
	[VMT_ARG_MLOCK_FLAGS] = FLAGS(0, mlock_rows),
	[VMT_ARG_MLOCKALL_FLAGS] = FLAGS(0, mlockall_rows),
	[VMT_ARG_MPOL_MODE] = FLAGS(0x1fff, mpol_mode_rows),
	[VMT_ARG_MPOL_FLAGS] = FLAGS(0, mpol_flag_rows),
	[VMT_ARG_SHM_FLAGS] = FLAGS(0, shm_rows),
	[VMT_ARG_PRCTL_OP] = SET(prctl_rows),
	[VMT_ARG_ARCH_PRCTL_OP] = SET(arch_prctl_rows),
	[VMT_ARG_IOCTL_REQUEST] = SET(ioctl_rows),
	[VMT_ARG_RESOURCE] = SET(resource_rows),
	[VMT_ARG_PERSONA] = FLAGS(0xff, persona_rows),
	[VMT_ARG_PKEY_RIGHTS] = FLAGS(0, pkey_rows),
};

const struct vmt_constants *vmt_constants(enum vmt_arg_kind kind)
{
	if ((size_t)kind >= vmt_countof(sets) || !sets[kind].rows)
		return NULL;
	return &sets[kind];
}
