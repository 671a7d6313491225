/* SPDX-License-Identifier: MIT */
/*
 * test-mmap-errors: what mmap, mmap2 and old mmap refuse, in the order in which do_mmap() asks, what
 * a failure leaves behind, and the VM flags of what is mapped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm-calls.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define FIXED (ANON | MAP_FIXED)
#define NOREPLACE (ANON | MAP_FIXED_NOREPLACE)
#define R PROT_READ
#define RW (PROT_READ | PROT_WRITE)
#define RX (PROT_READ | PROT_EXEC)
#define TOP 0x7ffff7fff000 /* mmap_base of the fixture */
#define END 0x7ffffffff000 /* task size */
#define MMAP VMT_CALL_MMAP

/* What the arguments alone decide, before an address is looked for. */
static const struct call_case early[] = {
	{ "byte offset before descriptor", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 9, 1), -EINVAL,
	  .why[0] = VMT_WHY_OFFSET_UNALIGNED },
	{ "byte offset of anonymous memory", "", MMAP, ARGS(0, 0x1000, R, ANON, -1ULL, 0x800),
	  -EINVAL, .why[0] = VMT_WHY_OFFSET_UNALIGNED },
	{ "descriptor before length", "", MMAP, ARGS(0, 0, R, MAP_PRIVATE, 9, 0), -EBADF,
	  .why[0] = VMT_WHY_BAD_FD },
	{ "O_PATH descriptor", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0), -EBADF,
	  .why[0] = VMT_WHY_BAD_FD, .file = "7 path" },
	{ "huge pages of an ordinary file, before length", "", MMAP,
	  ARGS(0, 0, R, MAP_PRIVATE | MAP_HUGETLB, 3, 0), -EINVAL, .why[0] = VMT_WHY_BAD_FLAGS,
	  .file = "7 overlay" },
	{ "length 0", "", MMAP, ARGS(0, 0, R, ANON, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_ZERO },
	{ "length 0 before VMA limit", "10000-11000 r-- | 12000-13000 r--", MMAP,
	  ARGS(0, 0, R, ANON, -1ULL, 0), -EINVAL, .why[0] = VMT_WHY_LENGTH_ZERO,
	  .situation = "maps=1" },
	{ "length wraps", "", MMAP, ARGS(0, -1ULL, R, ANON, -1ULL, 0), -ENOMEM,
	  .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "too many VMAs", "10000-11000 r-- | 12000-13000 r--", MMAP,
	  ARGS(0, 0x1000, RW, ANON, -1ULL, 0), -ENOMEM, .why[0] = VMT_WHY_MAP_LIMIT,
	  .situation = "maps=1" },
	{ "as many VMAs as the limit", "10000-11000 r-- | 12000-13000 r--", MMAP,
	  ARGS(0, 0x1000, RW, ANON, -1ULL, 0), TOP - 0x1000,
	  .after = "10000-11000 r-- | 12000-13000 r-- | 7ffff7ffe000-7ffff7fff000 rw-",
	  .situation = "maps=2" },
	{ "too many VMAs before a bad type", "10000-11000 r-- | 12000-13000 r--", MMAP,
	  ARGS(0, 0x1000, RW, MAP_ANONYMOUS, -1ULL, 0), -ENOMEM, .why[0] = VMT_WHY_MAP_LIMIT,
	  .situation = "maps=1" },
};

/* What the search for an address refuses. */
static const struct call_case place[] = {
	{ "longer than the address space", "", MMAP, ARGS(0, END + 0x1000, R, ANON, -1ULL, 0),
	  -ENOMEM, .why[0] = VMT_WHY_NO_HOLE },
	{ "no hole", "10000-7fffffff0000 r--", MMAP, ARGS(0, 0x100000, R, ANON, -1ULL, 0), -ENOMEM,
	  .why[0] = VMT_WHY_NO_HOLE },
	{ "fixed beyond the end", "", MMAP, ARGS(END, 0x1000, R, FIXED, -1ULL, 0), -ENOMEM,
	  .why[0] = VMT_WHY_BEYOND_TASK_SIZE },
	{ "fixed across the end", "", MMAP, ARGS(END - 0x1000, 0x2000, R, FIXED, -1ULL, 0), -ENOMEM,
	  .why[0] = VMT_WHY_BEYOND_TASK_SIZE },
	{ "beyond the end before unaligned", "", MMAP,
	  ARGS(END - 0xfff, 0x1000, R, FIXED, -1ULL, 0), -ENOMEM,
	  .why[0] = VMT_WHY_BEYOND_TASK_SIZE },
	{ "fixed and unaligned", "", MMAP, ARGS(0x10800, 0x1000, R, FIXED, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_ADDRESS_UNALIGNED },
	{ "unaligned before the lowest address", "", MMAP, ARGS(0x800, 0x1000, R, FIXED, -1ULL, 0),
	  -EINVAL, .why[0] = VMT_WHY_ADDRESS_UNALIGNED },
	{ "an unaligned hint is rounded down", "", MMAP, ARGS(0x20800, 0x1000, R, ANON, -1ULL, 0),
	  0x20000, .after = "20000-21000 r--" },
	{ "page 0", "", MMAP, ARGS(0, 0x1000, R, FIXED, -1ULL, 0), -EPERM,
	  .why[0] = VMT_WHY_BELOW_MIN },
	{ "page 0 with CAP_SYS_RAWIO", "", MMAP, ARGS(0, 0x1000, R, FIXED, -1ULL, 0), 0,
	  .after = "0-1000 r--", .situation = "rawio" },
	{ "below what hints may ask for, above vm.mmap_min_addr", "", MMAP,
	  ARGS(0x8000, 0x1000, R, FIXED, -1ULL, 0), 0x8000, .after = "8000-9000 r--",
	  .situation = "min=1000" },
	{ "lowest address before what is there", "0-1000 r--", MMAP,
	  ARGS(0, 0x1000, R, NOREPLACE, -1ULL, 0), -EPERM, .why[0] = VMT_WHY_BELOW_MIN },
	{ "place is taken", "20000-21000 r--", MMAP, ARGS(0x1f000, 0x2000, R, NOREPLACE, -1ULL, 0),
	  -EEXIST, .why[0] = VMT_WHY_NOREPLACE },
	{ "place is taken, unaligned", "20000-21000 r--", MMAP,
	  ARGS(0x20800, 0x1000, R, NOREPLACE, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_ADDRESS_UNALIGNED },
	{ "place is taken before access", "20000-21000 r--", MMAP,
	  ARGS(0x20000, 0x1000, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, 3, 0), -EEXIST,
	  .why[0] = VMT_WHY_NOREPLACE, .file = "7 ro" },
	{ "place is taken before no mmap", "20000-21000 r--", MMAP,
	  ARGS(0x20000, 0x1000, R, MAP_PRIVATE | MAP_FIXED_NOREPLACE, 3, 0), -EEXIST,
	  .why[0] = VMT_WHY_NOREPLACE, .file = "7 ro dir" },
	{ "place is taken before locks", "20000-21000 r--", MMAP,
	  ARGS(0x20000, 0x1000, R, NOREPLACE | MAP_LOCKED, -1ULL, 0), -EEXIST,
	  .why[0] = VMT_WHY_NOREPLACE, .situation = "memlock=0" },
	{ "place is free", "20000-21000 r--", MMAP, ARGS(0x21000, 0x1000, RW, NOREPLACE, -1ULL, 0),
	  0x21000, .after = "20000-21000 r-- | 21000-22000 rw-" },
};

/* RLIMIT_MEMLOCK */
static const struct call_case locks[] = {
	{ "no memory may be locked", "", MMAP, ARGS(0, 0x1000, R, ANON | MAP_LOCKED, -1ULL, 0),
	  -EPERM, .why[0] = VMT_WHY_LOCK_FORBIDDEN, .situation = "memlock=0" },
	{ "forbidden before bad type", "", MMAP,
	  ARGS(0, 0x1000, R, MAP_ANONYMOUS | MAP_LOCKED, -1ULL, 0), -EPERM,
	  .why[0] = VMT_WHY_LOCK_FORBIDDEN, .situation = "memlock=0" },
	{ "with CAP_IPC_LOCK it may", "", MMAP, ARGS(0, 0x1000, R, ANON | MAP_LOCKED, -1ULL, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 r-- +lo",
	  .situation = "memlock=0 cap" },
	{ "too much locked", "10000-12000 r-- +lo", MMAP,
	  ARGS(0, 0x2000, R, ANON | MAP_LOCKED, -1ULL, 0), -EAGAIN, .why[0] = VMT_WHY_LIMIT_MEMLOCK,
	  .situation = "memlock=3000" },
	{ "too much locked before bad type", "10000-12000 r-- +lo", MMAP,
	  ARGS(0, 0x2000, 0, MAP_ANONYMOUS | MAP_LOCKED, -1ULL, 0), -EAGAIN,
	  .why[0] = VMT_WHY_LIMIT_MEMLOCK, .situation = "memlock=3000" },
	{ "as much as the limit", "10000-12000 r-- +lo", MMAP,
	  ARGS(0, 0x1000, R, ANON | MAP_LOCKED, -1ULL, 0), TOP - 0x1000,
	  .after = "10000-12000 r-- +lo | 7ffff7ffe000-7ffff7fff000 r-- +lo",
	  .situation = "memlock=3000" },
	{ "mlockall(MCL_FUTURE), no access", "", MMAP, ARGS(0, 0x4000, 0, ANON, -1ULL, 0), -EAGAIN,
	  .why[0] = VMT_WHY_LIMIT_MEMLOCK, .situation = "memlock=3000 future" },
	{ "MCL_FUTURE asks no permission", "", MMAP, ARGS(0, 0x1000, 0, ANON, -1ULL, 0), -EAGAIN,
	  .why[0] = VMT_WHY_LIMIT_MEMLOCK, .situation = "memlock=0 future" },
	{ "MCL_FUTURE", "", MMAP, ARGS(0, 0x1000, 0, ANON, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 --- +lo", .situation = "memlock=3000 future" },
};

/* What the file or the type refuses. */
static const struct call_case types[] = {
	{ "beyond the largest file", "", MMAP,
	  ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0x7ffffffffffff000), -EOVERFLOW,
	  .why[0] = VMT_WHY_OFFSET_WRAPS, .file = "7" },
	{ "up to the largest file", "", MMAP,
	  ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0x7fffffffffffe000), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 r-- f7@7fffffffffffe", .file = "7" },
	{ "length counts too", "", MMAP, ARGS(0, 0x2000, R, MAP_PRIVATE, 3, 0x7fffffffffffe000),
	  -EOVERFLOW, .why[0] = VMT_WHY_OFFSET_WRAPS, .file = "7" },
	{ "beyond the largest file before access", "", MMAP,
	  ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0xfffffffffffff000), -EOVERFLOW,
	  .why[0] = VMT_WHY_OFFSET_WRAPS, .file = "7 wo" },
	{ "anonymous memory has no largest offset", "", MMAP,
	  ARGS(0, 0x1000, R, ANON, -1ULL, 0xfffffffffffff000), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 r--" },
	{ "a name like that of secret memory", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 r-- f7@0",
	  .file = "7 name=/secretmem_notes" },
	{ "secret memory is shared", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0), -EINVAL,
	  .why[0] = VMT_WHY_FILE_NOT_PRIVATE, .file = "7 name=/secretmem fs=5345434d" },
	{ "a namespace", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0), -ENODEV,
	  .why[0] = VMT_WHY_FILE_NO_MMAP, .file = "7 fs=6e736673" },
	{ "a message queue", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0), -ENODEV,
	  .why[0] = VMT_WHY_FILE_NO_MMAP, .file = "7 fs=19800202" },
	{ "an io_uring that refuses", "", MMAP, ARGS(0, 0x1000, R, MAP_SHARED, 3, 0x1000), -EINVAL,
	  .why[0] = VMT_WHY_DRIVER_REFUSED, .open = true,
	  .file = "7 rw name=anon_inode:[io_uring]" },
	{ "MAP_SYNC of an ordinary file", "", MMAP,
	  ARGS(0, 0x1000, R, MAP_SHARED_VALIDATE | 0x80000, 3, 0), -EOPNOTSUPP,
	  .why[0] = VMT_WHY_BAD_FLAGS, .file = "7" },
	{ "unknown flag, validated", "", MMAP,
	  ARGS(0, 0x1000, RW, MAP_SHARED_VALIDATE | 0x200000, 3, 0), -EOPNOTSUPP,
	  .why[0] = VMT_WHY_BAD_FLAGS, .file = "7 ro" },
	{ "MAP_FIXED_NOREPLACE is younger than validation", "", MMAP,
	  ARGS(0x20000, 0x1000, RW, MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE, 3, 0), -EOPNOTSUPP,
	  .why[0] = VMT_WHY_BAD_FLAGS, .file = "7" },
	{ "the size of huge pages is known to it", "", MMAP,
	  ARGS(0, 0x1000, RW, MAP_SHARED_VALIDATE | 0x8000000, 3, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw-s f7@0", .file = "7" },
	{ "huge pages that there are not take what was in their place",
	  "1ff000-201000 rw- | 3ff000-401000 rw-", MMAP,
	  ARGS(0x200000, 0x1000, RW, FIXED | MAP_HUGETLB, -1ULL, 0), -ENOMEM, .open = true,
	  .after = "1ff000-200000 rw- | 400000-401000 rw-" },
	{ "unknown flag, not validated", "", MMAP, ARGS(0, 0x1000, R, MAP_SHARED | 0x200000, 3, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 r--s f7@0", .file = "7" },
	{ "to be written, opened for reading", "", MMAP, ARGS(0, 0x1000, RW, MAP_SHARED, 3, 0),
	  -EACCES, .why[0] = VMT_WHY_FILE_READ_ONLY, .file = "7 ro" },
	{ "the same, private", "", MMAP, ARGS(0, 0x1000, RW, MAP_PRIVATE, 3, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw- f7@0", .file = "7 ro" },
	{ "append-only", "", MMAP, ARGS(0, 0x1000, R, MAP_SHARED, 3, 0), -EACCES,
	  .why[0] = VMT_WHY_FILE_APPEND_ONLY, .file = "7 append" },
	{ "append-only, private", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 r-- f7@0", .file = "7 append" },
	{ "opened for writing", "", MMAP, ARGS(0, 0x1000, PROT_WRITE, MAP_PRIVATE, 3, 0), -EACCES,
	  .why[0] = VMT_WHY_FILE_WRITE_ONLY, .file = "7 wo" },
	{ "opened for writing, shared", "", MMAP, ARGS(0, 0x1000, PROT_WRITE, MAP_SHARED, 3, 0),
	  -EACCES, .why[0] = VMT_WHY_FILE_WRITE_ONLY, .file = "7 wo" },
	{ "opened for writing, before no mmap", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0),
	  -EACCES, .why[0] = VMT_WHY_FILE_WRITE_ONLY, .file = "7 wo pipe" },
	{ "noexec mount", "", MMAP, ARGS(0, 0x1000, RX, MAP_PRIVATE, 3, 0), -EPERM,
	  .why[0] = VMT_WHY_FILE_NOEXEC, .file = "7 noexec" },
	{ "noexec before no mmap", "", MMAP, ARGS(0, 0x1000, RX, MAP_PRIVATE, 3, 0), -EPERM,
	  .why[0] = VMT_WHY_FILE_NOEXEC, .file = "7 noexec dir" },
	{ "no access mode before noexec", "", MMAP, ARGS(0, 0x1000, RX, MAP_PRIVATE, 3, 0), -EACCES,
	  .why[0] = VMT_WHY_FILE_WRITE_ONLY, .file = "7 noexec wo" },
	{ "directory", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0), -ENODEV,
	  .why[0] = VMT_WHY_FILE_NO_MMAP, .file = "7 ro dir" },
	{ "pipe", "", MMAP, ARGS(0, 0x1000, R, MAP_SHARED, 3, 0), -ENODEV,
	  .why[0] = VMT_WHY_FILE_NO_MMAP, .file = "7 ro pipe" },
	{ "no mmap before MAP_GROWSDOWN", "", MMAP,
	  ARGS(0, 0x1000, R, MAP_PRIVATE | MAP_GROWSDOWN, 3, 0), -ENODEV,
	  .why[0] = VMT_WHY_FILE_NO_MMAP, .file = "7 ro dir" },
	{ "a file that grows down", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE | MAP_GROWSDOWN, 3, 0),
	  -EINVAL, .why[0] = VMT_WHY_GROWSDOWN_TYPE, .file = "7" },
	{ "shared memory that grows down", "", MMAP,
	  ARGS(0, 0x1000, R, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_GROWSDOWN_TYPE },
	{ "type 0, anonymous", "", MMAP, ARGS(0, 0x1000, R, MAP_ANONYMOUS, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_TYPE },
	{ "type 0 of a file", "", MMAP, ARGS(0, 0x1000, R, 0, 3, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_TYPE, .file = "7" },
	{ "type 5, anonymous", "", MMAP, ARGS(0, 0x1000, R, MAP_ANONYMOUS | 5, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_TYPE },
	{ "type 5 of a file, before access", "", MMAP, ARGS(0, 0x1000, R, 5, 3, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_TYPE, .file = "7 wo" },
	{ "MAP_SHARED_VALIDATE, anonymous", "", MMAP,
	  ARGS(0, 0x1000, R, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_TYPE },
	{ "droppable file", "", MMAP, ARGS(0, 0x1000, RW, VMT_MAP_DROPPABLE, 3, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_TYPE, .file = "7" },
	{ "droppable and locked", "", MMAP,
	  ARGS(0, 0x1000, RW, VMT_MAP_DROPPABLE | MAP_ANONYMOUS | MAP_LOCKED, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_DROPPABLE_MIX },
	{ "droppable and growing down", "", MMAP,
	  ARGS(0, 0x1000, RW, VMT_MAP_DROPPABLE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_DROPPABLE_MIX },
	{ "droppable before 6.11", "", MMAP,
	  ARGS(0, 0x1000, RW, VMT_MAP_DROPPABLE | MAP_ANONYMOUS, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_TYPE, .situation = "old" },
	{ "write and execute after PR_SET_MDWE", "", MMAP,
	  ARGS(0, 0x1000, RW | PROT_EXEC, ANON, -1ULL, 0), -EACCES, .why[0] = VMT_WHY_MDWE,
	  .situation = "mdwe" },
	{ "execute alone after PR_SET_MDWE", "", MMAP, ARGS(0, 0x1000, RX, ANON, -1ULL, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 r-x", .situation = "mdwe" },
	{ "PR_SET_MDWE before a seal", "20000-21000 r-- +sl", MMAP,
	  ARGS(0x20000, 0x1000, RW | PROT_EXEC, FIXED, -1ULL, 0), -EACCES, .why[0] = VMT_WHY_MDWE,
	  .situation = "mdwe" },
	{ "bad type before PR_SET_MDWE", "", MMAP,
	  ARGS(0, 0x1000, RW | PROT_EXEC, MAP_ANONYMOUS, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_TYPE, .situation = "mdwe" },
};

/* What is replaced may refuse; its ends have been cut by then. */
static const struct call_case replaced[] = {
	{ "sealed", "20000-23000 rw- +sl", MMAP, ARGS(0x20000, 0x3000, R, FIXED, -1ULL, 0), -EPERM,
	  .why[0] = VMT_WHY_SEALED },
	{ "sealed first: no cut", "20000-23000 rw- +sl", MMAP,
	  ARGS(0x21000, 0x1000, R, FIXED, -1ULL, 0), -EPERM, .why[0] = VMT_WHY_SEALED },
	{ "sealed second: the first is cut", "20000-23000 rw- | 23000-24000 r-- +sl", MMAP,
	  ARGS(0x22000, 0x2000, R, FIXED, -1ULL, 0), -EPERM,
	  .after = "20000-22000 rw- | 22000-23000 rw- | 23000-24000 r-- +sl",
	  .why[0] = VMT_WHY_SEALED },
	{ "special", "20000-22000 r-x +de sp:[vdso] solid", MMAP,
	  ARGS(0x21000, 0x1000, R, FIXED, -1ULL, 0), -EINVAL, .why[0] = VMT_WHY_SPECIAL_SPLIT },
	{ "special at the end: the first is cut",
	  "1e000-20000 rw- | 20000-22000 r-x +de sp:[vdso] solid", MMAP,
	  ARGS(0x1f000, 0x2000, R, FIXED, -1ULL, 0), -EINVAL,
	  .after = "1e000-1f000 rw- | 1f000-20000 rw- | 20000-22000 r-x +de sp:[vdso] solid",
	  .why[0] = VMT_WHY_SPECIAL_SPLIT },
	{ "special as a whole", "20000-22000 r-x +de sp:[vdso] solid", MMAP,
	  ARGS(0x20000, 0x2000, R, FIXED, -1ULL, 0), 0x20000, .after = "20000-22000 r--" },
	{ "a hole in the middle at the limit", "20000-23000 rw- | 30000-31000 r--", MMAP,
	  ARGS(0x21000, 0x1000, R, FIXED, -1ULL, 0), -ENOMEM, .why[0] = VMT_WHY_SPLIT_LIMIT,
	  .situation = "maps=2" },
	{ "an end at the limit", "20000-23000 rw- | 30000-31000 r--", MMAP,
	  ARGS(0x22000, 0x1000, R, FIXED, -1ULL, 0), 0x22000,
	  .after = "20000-22000 rw- | 22000-23000 r-- | 30000-31000 r--", .situation = "maps=2" },
	{ "address space limit", "20000-23000 rw-", MMAP, ARGS(0, 0x2000, R, ANON, -1ULL, 0),
	  -ENOMEM, .why[0] = VMT_WHY_LIMIT_AS, .situation = "as=4000" },
	{ "address space limit counts what goes", "20000-23000 rw-", MMAP,
	  ARGS(0x21000, 0x3000, R, FIXED, -1ULL, 0), 0x21000,
	  .after = "20000-21000 rw- | 21000-24000 r--", .situation = "as=4000" },
	{ "address space limit leaves the cuts", "20000-23000 rw-", MMAP,
	  ARGS(0x21000, 0x3000, R, FIXED, -1ULL, 0), -ENOMEM,
	  .after = "20000-21000 rw- | 21000-23000 rw-", .why[0] = VMT_WHY_LIMIT_AS,
	  .situation = "as=3000" },
	{ "both cuts", "20000-25000 r--", MMAP, ARGS(0x21000, 0x3000, RW, FIXED, -1ULL, 0), -ENOMEM,
	  .after = "20000-21000 r-- | 21000-24000 r-- | 24000-25000 r--",
	  .why[0] = VMT_WHY_OVERCOMMIT, .situation = "memory=2" },
	{ "data limit counts what goes, data or not", "20000-24000 r--", MMAP,
	  ARGS(0x21000, 0x1000, RW, FIXED, -1ULL, 0), 0x21000,
	  .after = "20000-21000 r-- | 21000-22000 rw- | 22000-24000 r--", .situation = "data=800" },
	{ "a seal before the address space limit", "20000-23000 rw- +sl", MMAP,
	  ARGS(0x22000, 0x3000, R, FIXED, -1ULL, 0), -EPERM, .why[0] = VMT_WHY_SEALED,
	  .situation = "as=3000" },
	{ "data limit", "20000-23000 rw-", MMAP, ARGS(0, 0x2000, RW, ANON, -1ULL, 0), -ENOMEM,
	  .why[0] = VMT_WHY_LIMIT_DATA, .situation = "data=4000" },
	{ "data limit is not about readable memory", "20000-23000 rw-", MMAP,
	  ARGS(0, 0x2000, R, ANON, -1ULL, 0), TOP - 0x2000,
	  .after = "20000-23000 rw- | 7ffff7ffd000-7ffff7fff000 r--", .situation = "data=4000" },
	{ "data limit is not about stacks", "20000-23000 rw-", MMAP,
	  ARGS(0, 0x2000, RW, ANON | MAP_GROWSDOWN, -1ULL, 0), TOP - 0x2000,
	  .after = "20000-23000 rw- | 7ffff7ffd000-7ffff7fff000 rw- +gd",
	  .situation = "data=4000" },
	{ "data limit 0 counts as the hard limit", "", MMAP, ARGS(0, 0x2000, RW, ANON, -1ULL, 0),
	  TOP - 0x2000, .after = "7ffff7ffd000-7ffff7fff000 rw-",
	  .situation = "data=0 hard-data=2000" },
	{ "data limit 0, beyond the hard limit", "", MMAP, ARGS(0, 0x2000, RW, ANON, -1ULL, 0),
	  -ENOMEM, .why[0] = VMT_WHY_LIMIT_DATA, .situation = "data=0 hard-data=1000" },
	{ "more than there is memory", "", MMAP, ARGS(0, 0x3000, RW, ANON, -1ULL, 0), -ENOMEM,
	  .why[0] = VMT_WHY_OVERCOMMIT, .situation = "memory=2" },
	{ "more than there is memory leaves the cuts", "20000-24000 r--", MMAP,
	  ARGS(0x21000, 0x3000, RW, FIXED, -1ULL, 0), -ENOMEM,
	  .after = "20000-21000 r-- | 21000-24000 r--", .why[0] = VMT_WHY_OVERCOMMIT,
	  .situation = "memory=2" },
	{ "without a reserve", "", MMAP, ARGS(0, 0x3000, RW, ANON | MAP_NORESERVE, -1ULL, 0),
	  TOP - 0x3000, .after = "7ffff7ffc000-7ffff7fff000 rw- +nr -ac", .situation = "memory=2" },
	{ "strict overcommit is the kernel's to judge", "", MMAP,
	  ARGS(0, 0x3000, RW, ANON, -1ULL, 0), TOP - 0x3000,
	  .after = "7ffff7ffc000-7ffff7fff000 rw-", .situation = "strict", .open = true },
};

/* The VM flags just after a call. */
static const struct call_case flags[] = {
	{ "no access", "", MMAP, ARGS(0, 0x1000, 0, ANON, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 ---", .flags = "mr mw me" },
	{ "r", "", MMAP, ARGS(0, 0x1000, R, ANON, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 r--", .flags = "rd mr mw me" },
	{ "rw", "", MMAP, ARGS(0, 0x1000, RW, ANON, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw-", .flags = "rd wr mr mw me ac" },
	{ "rx", "", MMAP, ARGS(0, 0x1000, RX, ANON, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 r-x", .flags = "rd ex mr mw me" },
	{ "unknown access bits", "", MMAP, ARGS(0, 0x1000, R | 0x40, ANON, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 r--", .flags = "rd mr mw me" },
	{ "no reserve", "", MMAP, ARGS(0, 0x1000, RW, ANON | MAP_NORESERVE, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw- +nr -ac", .flags = "rd wr mr mw me nr" },
	{ "no reserve, but overcommit is strict", "", MMAP,
	  ARGS(0, 0x1000, RW, ANON | MAP_NORESERVE, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw-", .flags = "rd wr mr mw me ac",
	  .situation = "strict", .open = true },
	{ "MAP_STACK", "", MMAP, ARGS(0, 0x1000, RW, ANON | MAP_STACK, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw- +nh", .flags = "rd wr mr mw me ac nh" },
	{ "MAP_STACK before 6.7", "", MMAP, ARGS(0, 0x1000, RW, ANON | MAP_STACK, -1ULL, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 rw-", .flags = "rd wr mr mw me ac",
	  .situation = "old" },
	{ "MAP_GROWSDOWN", "", MMAP, ARGS(0, 0x1000, RW, ANON | MAP_GROWSDOWN, -1ULL, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 rw- +gd",
	  .flags = "rd wr mr mw me gd ac" },
	{ "droppable", "", MMAP, ARGS(0, 0x1000, RW, VMT_MAP_DROPPABLE | MAP_ANONYMOUS, -1ULL, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 rw- +nr +wf +dd +dp -ac",
	  .flags = "rd wr mr mw me nr wf dd dp" },
	{ "droppable memory is not locked", "", MMAP,
	  ARGS(0, 0x1000, RW, VMT_MAP_DROPPABLE | MAP_ANONYMOUS, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw- +nr +wf +dd +dp -ac",
	  .flags = "rd wr mr mw me nr wf dd dp", .situation = "future cap" },
	{ "shared anonymous", "", MMAP, ARGS(0, 0x1000, RW, MAP_SHARED | MAP_ANONYMOUS, -1ULL, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 rw-s f4294967296@0",
	  .flags = "rd wr sh mr mw me ms" },
	{ "shared file", "", MMAP, ARGS(0, 0x1000, RW, MAP_SHARED, 3, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw-s f7@0", .flags = "rd wr sh mr mw me ms",
	  .file = "7" },
	{ "shared file, opened for reading", "", MMAP, ARGS(0, 0x1000, R, MAP_SHARED, 3, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 r--s f7@0 -sh -mw",
	  .flags = "rd mr me ms", .file = "7 ro" },
	{ "private file, r", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0x3000), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 r-- f7@3", .flags = "rd mr mw me", .file = "7 ro" },
	{ "private file, rx", "", MMAP, ARGS(0, 0x1000, RX, MAP_PRIVATE, 3, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 r-x f7@0", .flags = "rd ex mr mw me",
	  .file = "7 ro" },
	{ "private file, rw", "", MMAP, ARGS(0, 0x1000, RW, MAP_PRIVATE, 3, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw- f7@0", .flags = "rd wr mr mw me ac",
	  .file = "7 ro" },
	{ "noexec mount", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 r-- f7@0 -me", .flags = "rd mr mw",
	  .file = "7 noexec" },
	{ "read implies execute", "", MMAP, ARGS(0, 0x1000, R, ANON, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 r-x", .flags = "rd ex mr mw me", .situation = "rie" },
	{ "read implies execute, noexec mount", "", MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 r-- f7@0 -me", .flags = "rd mr mw",
	  .file = "7 noexec", .situation = "rie" },
	{ "write does not imply execute", "", MMAP, ARGS(0, 0x1000, PROT_WRITE, ANON, -1ULL, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 -w-", .flags = "wr mr mw me ac",
	  .situation = "rie" },
	{ "locked", "", MMAP, ARGS(0, 0x1000, RW, ANON | MAP_LOCKED, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw- +lo", .flags = "rd wr mr mw me lo ac" },
	{ "locked on fault", "", MMAP, ARGS(0, 0x1000, RW, ANON, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw- +lo +lf", .flags = "rd wr mr mw me lo lf ac",
	  .situation = "future-onfault" },
	{ "PR_SET_MEMORY_MERGE", "", MMAP, ARGS(0, 0x1000, RW, ANON, -1ULL, 0), TOP - 0x1000,
	  .after = "7ffff7ffe000-7ffff7fff000 rw- +mg", .flags = "rd wr mr mw me ac mg",
	  .situation = "ksm" },
	{ "PR_SET_MEMORY_MERGE, shared", "", MMAP, ARGS(0, 0x1000, RW, MAP_SHARED, 3, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 rw-s f7@0",
	  .flags = "rd wr sh mr mw me ms", .file = "7", .situation = "ksm" },
};

/* Each mapping of its own file, and files that are one. */
static const struct call_case files[] = {
	{ "one description", "20000-21000 rw- f7@0", MMAP,
	  ARGS(0x21000, 0x1000, RW, MAP_PRIVATE | MAP_FIXED, 3, 0x1000), 0x21000,
	  .after = "20000-22000 rw- f7@0", .why[0] = VMT_WHY_MERGE_BELOW, .file = "7" },
	{ "two descriptions", "20000-21000 rw- f7@0", MMAP,
	  ARGS(0x21000, 0x1000, RW, MAP_PRIVATE | MAP_FIXED, 3, 0x1000), 0x21000,
	  .after = "20000-21000 rw- f7@0 | 21000-22000 rw- f8@1", .file = "8" },
	{ "not contiguous", "20000-21000 rw- f7@0", MMAP,
	  ARGS(0x21000, 0x1000, RW, MAP_PRIVATE | MAP_FIXED, 3, 0x2000), 0x21000,
	  .after = "20000-21000 rw- f7@0 | 21000-22000 rw- f7@2", .why[0] = VMT_WHY_APART_OFFSET,
	  .file = "7" },
	{ "overlayfs: a file of its own", "20000-21000 rw- f7@0", MMAP,
	  ARGS(0x21000, 0x1000, RW, MAP_PRIVATE | MAP_FIXED, 3, 0x1000), 0x21000,
	  .after = "20000-21000 rw- f7@0 | 21000-22000 rw- f4294967296@1", .file = "7 overlay" },
	{ "private /dev/zero merges as a file", "20000-21000 rw- f7@0", MMAP,
	  ARGS(0x21000, 0x1000, RW, MAP_PRIVATE | MAP_FIXED, 3, 0x1000), 0x21000,
	  .after = "20000-22000 rw- f7@0", .file = "7 zero" },
	{ "shared /dev/zero: a file of its own", "20000-21000 rw-s f7@0", MMAP,
	  ARGS(0x21000, 0x1000, RW, MAP_SHARED | MAP_FIXED, 3, 0x1000), 0x21000,
	  .after = "20000-21000 rw-s f7@0 | 21000-22000 rw-s f4294967296@1", .file = "7 zero" },
	{ "a device's driver may do anything", "", MMAP, ARGS(0, 0x1000, RW, MAP_SHARED, 3, 0),
	  TOP - 0x1000, .after = "7ffff7ffe000-7ffff7fff000 rw-s f7@0", .file = "7 chr",
	  .open = true },
	{ "MAP_32BIT with random placement", "", MMAP,
	  ARGS(0, 0x1000, R, ANON | VMT_MAP_32BIT, -1ULL, 0), 0x40123000,
	  .after = "40123000-40124000 r--", .situation = "aslr", .open = true },
	{ "MAP_32BIT without", "", MMAP, ARGS(0, 0x1000, R, ANON | VMT_MAP_32BIT, -1ULL, 0),
	  0x40000000, .after = "40000000-40001000 r--", .why[0] = VMT_WHY_LOW_2G },
	{ "mmap2 counts in pages of 4096 bytes", "", VMT_CALL_MMAP2,
	  ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 3), 0xf7ffd000, .after = "f7ffd000-f7ffe000 r-- f7@3",
	  .file = "7", .situation = "i386" },
	{ "old mmap counts in bytes", "", VMT_CALL_OLD_MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 1),
	  -EINVAL, .why[0] = VMT_WHY_OFFSET_UNALIGNED, .file = "7", .situation = "i386" },
	{ "old mmap", "", VMT_CALL_OLD_MMAP, ARGS(0, 0x1000, R, MAP_PRIVATE, 3, 0x3000), 0xf7ffd000,
	  .after = "f7ffd000-f7ffe000 r-- f7@3", .file = "7", .situation = "i386" },
};

static void test_early(void **state)
{
	(void)state;
	call_run_all(early);
}

static void test_place(void **state)
{
	(void)state;
	call_run_all(place);
}

static void test_locks(void **state)
{
	(void)state;
	call_run_all(locks);
}

static void test_types(void **state)
{
	(void)state;
	call_run_all(types);
}

static void test_replaced(void **state)
{
	(void)state;
	call_run_all(replaced);
}

static void test_flags(void **state)
{
	(void)state;
	call_run_all(flags);
}

static void test_files(void **state)
{
	(void)state;
	call_run_all(files);
}

/* A mapping over huge pages gets theirs back before it asks the pool; shared ones stay with the file. */
static void test_pages_given_back(void **state)
{
	static const struct {
		uint64_t flags;
		int64_t expected;
	} first[] = { { MAP_PRIVATE, 0x400000 }, { MAP_SHARED, -ENOMEM } };

	(void)state;
	for (size_t i = 0; i < vmt_countof(first); i++) {
		struct mm mm;

		mm_open(&mm);
		mm_build(&mm, "");
		mm_file(&mm, 7);
		mm.event.file.mode = S_IFREG;
		mm.event.file.flags = O_RDWR;
		mm.event.file.filesystem = 0x958458f6; /* HUGETLBFS_MAGIC */
		mm.event.file.huge_page_bytes = 2 << 20;
		mm.event.huge_pool = (struct vmt_huge_pool){
			.known = true, .page_bytes = 2 << 20, .total = 2, .free = 2
		};
		mm_call(&mm, MMAP, 0x400000, 0x400000, 4 << 20, RW, first[i].flags | MAP_FIXED, 3,
			0);
		assert_int_equal(mm.step.expected, 0x400000);
		mm.event.huge_pool.reserved = 2;
		mm.event.file.description = mm.event.file.inode = 8;
		mm_call(&mm, MMAP, first[i].expected, 0x400000, 4 << 20, RW,
			MAP_PRIVATE | MAP_FIXED, 3, 0);
		assert_int_equal(mm.step.expected, first[i].expected);
		mm_close(&mm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_given_back),
		cmocka_unit_test(test_early),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_locks),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
