/* SPDX-License-Identifier: MIT */
/*
 * test-mremap: what mremap refuses, in the order in which do_mremap() asks, and what each of its
 * modes does: shrink, grow in place, move, move what spans VMAs, leave an empty source behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm-calls.h"

#define MREMAP VMT_CALL_MREMAP
#define STAY 0
#define MAY MREMAP_MAYMOVE
#define TO (MREMAP_MAYMOVE | MREMAP_FIXED)
#define KEEP (MREMAP_MAYMOVE | MREMAP_DONTUNMAP)
#define END 0x7ffffffff000 /* task size */
#define TOP 0x7ffff7fff000 /* mmap_base of the fixture */
#define V "10000-14000 rw-"
#define VDSO "20000-22000 r-x +de sp:[vdso] solid"
#define RING "20000-22000 rw-s f9@0 +de -me"

/* check_mremap_params() */
static const struct call_case arguments[] = {
	{ "unknown flag before alignment", V, MREMAP, ARGS(0x10001, 0x1000, 0x1000, 8), -EINVAL,
	  .why[0] = VMT_WHY_BAD_FLAGS },
	{ "unaligned before length 0", V, MREMAP, ARGS(0x10001, 0, 0, STAY), -EINVAL,
	  .why[0] = VMT_WHY_ADDRESS_UNALIGNED },
	{ "new length 0", V, MREMAP, ARGS(0x10000, 0x1000, 0, STAY), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_ZERO },
	{ "new length 0 before nothing mapped", V, MREMAP, ARGS(0x50000, 0x1000, 0, STAY), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_ZERO },
	{ "new length wraps to 0", V, MREMAP, ARGS(0x10000, 0x1000, -1ULL, STAY), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_ZERO },
	{ "longer than the address space", V, MREMAP, ARGS(0x10000, 0x1000, END + 0x1000, MAY),
	  -EINVAL, .why[0] = VMT_WHY_BEYOND_TASK_SIZE },
	{ "fixed, but may not move", V, MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, MREMAP_FIXED, 0x60000), -EINVAL,
	  .why[0] = VMT_WHY_REMAP_NEEDS_MAYMOVE },
	{ "keeps the source, but may not move", V, MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, MREMAP_DONTUNMAP), -EINVAL,
	  .why[0] = VMT_WHY_REMAP_NEEDS_MAYMOVE },
	{ "destination beyond the end", V, MREMAP, ARGS(0x10000, 0x1000, 0x1000, TO, END), -EINVAL,
	  .why[0] = VMT_WHY_BEYOND_TASK_SIZE },
	{ "destination unaligned", V, MREMAP, ARGS(0x10000, 0x1000, 0x1000, TO, 0x60001), -EINVAL,
	  .why[0] = VMT_WHY_ADDRESS_UNALIGNED },
	{ "keeps the source and grows", V, MREMAP, ARGS(0x10000, 0x1000, 0x2000, KEEP), -EINVAL,
	  .why[0] = VMT_WHY_REMAP_RESIZES },
	{ "overlaps", V, MREMAP, ARGS(0x10000, 0x2000, 0x2000, TO, 0x11000), -EINVAL,
	  .why[0] = VMT_WHY_REMAP_OVERLAPS },
	{ "onto itself", V, MREMAP, ARGS(0x10000, 0x2000, 0x2000, TO, 0x10000), -EINVAL,
	  .why[0] = VMT_WHY_REMAP_OVERLAPS },
	{ "resizing before overlap", V, MREMAP,
	  ARGS(0x10000, 0x1000, 0x2000, KEEP | MREMAP_FIXED, 0x10000), -EINVAL,
	  .why[0] = VMT_WHY_REMAP_RESIZES },
	{ "overlap before the limit", V, MREMAP, ARGS(0x10000, 0x2000, 0x2000, TO, 0x10000),
	  -EINVAL, .why[0] = VMT_WHY_REMAP_OVERLAPS, .situation = "maps=6" },
	{ "too near the limit", V, MREMAP, ARGS(0x10000, 0x2000, 0x2000, TO, 0x60000), -ENOMEM,
	  .why[0] = VMT_WHY_MAP_LIMIT, .situation = "maps=6" },
	{ "the limit before nothing mapped", V, MREMAP, ARGS(0x50000, 0x2000, 0x2000, TO, 0x60000),
	  -ENOMEM, .why[0] = VMT_WHY_MAP_LIMIT, .situation = "maps=6" },
	{ "just below the limit", V, MREMAP, ARGS(0x10000, 0x4000, 0x4000, TO, 0x60000), 0x60000,
	  .after = "60000-64000 rw-", .situation = "maps=7" },
};

/* check_prep_vma() and what follows it */
static const struct call_case refusals[] = {
	{ "nothing mapped", V, MREMAP, ARGS(0x50000, 0x1000, 0x1000, STAY), -EFAULT,
	  .why[0] = VMT_WHY_NOTHING_MAPPED },
	{ "nothing mapped, shrinks", V, MREMAP, ARGS(0x50000, 0x2000, 0x1000, STAY), -EFAULT,
	  .why[0] = VMT_WHY_NOTHING_MAPPED },
	{ "nothing mapped, moves", V, MREMAP, ARGS(0x50000, 0x1000, 0x1000, TO, 0x60000), -EFAULT,
	  .why[0] = VMT_WHY_NOTHING_MAPPED },
	{ "nothing at the start, moves", V, MREMAP, ARGS(0xf000, 0x2000, 0x2000, TO, 0x60000),
	  -EFAULT, .why[0] = VMT_WHY_NOTHING_MAPPED },
	{ "nothing mapped, old length 0", V, MREMAP, ARGS(0x50000, 0, 0x1000, MAY), -EFAULT,
	  .why[0] = VMT_WHY_NOTHING_MAPPED },
	{ "the destination stays when the source is wrong", V " | 60000-61000 r--", MREMAP,
	  ARGS(0x50000, 0x1000, 0x1000, TO, 0x60000), -EFAULT, .why[0] = VMT_WHY_NOTHING_MAPPED },
	{ "sealed, though nothing changes", "10000-14000 rw- +sl", MREMAP,
	  ARGS(0x10000, 0x4000, 0x4000, STAY), -EPERM, .why[0] = VMT_WHY_SEALED },
	{ "sealed, shrinks", "10000-14000 rw- +sl", MREMAP, ARGS(0x10000, 0x4000, 0x1000, STAY),
	  -EPERM, .why[0] = VMT_WHY_SEALED },
	{ "sealed, moves", "10000-14000 rw- +sl", MREMAP,
	  ARGS(0x10000, 0x4000, 0x4000, TO, 0x60000), -EPERM, .why[0] = VMT_WHY_SEALED },
	{ "a seal before old length 0", "10000-14000 rw- +sl", MREMAP,
	  ARGS(0x10000, 0, 0x1000, MAY), -EPERM, .why[0] = VMT_WHY_SEALED },
	{ "old length 0 of private memory", V, MREMAP, ARGS(0x10000, 0, 0x1000, MAY), -EINVAL,
	  .why[0] = VMT_WHY_REMAP_EMPTY_PRIVATE },
	{ "old length 0 of private memory, fixed", V, MREMAP, ARGS(0x10000, 0, 0x1000, TO, 0x60000),
	  -EINVAL, .why[0] = VMT_WHY_REMAP_EMPTY_PRIVATE },
	{ "keeps the source of what must not grow", RING, MREMAP,
	  ARGS(0x20000, 0x2000, 0x2000, KEEP), -EINVAL, .why[0] = VMT_WHY_DONT_EXPAND },
	{ "crosses the end, grows", V, MREMAP, ARGS(0x10000, 0x5000, 0x6000, STAY), -EFAULT,
	  .why[0] = VMT_WHY_CROSSES_VMA },
	{ "crosses the end, may move", V, MREMAP, ARGS(0x12000, 0x3000, 0x6000, MAY), -EFAULT,
	  .why[0] = VMT_WHY_CROSSES_VMA },
	{ "crosses the end, keeps the source", "10000-11000 rw- | 11000-12000 r--", MREMAP,
	  ARGS(0x10000, 0x2000, 0x2000, KEEP), -EFAULT, .why[0] = VMT_WHY_CROSSES_VMA },
	{ "grows what must not", RING, MREMAP, ARGS(0x20000, 0x2000, 0x3000, MAY), -EFAULT,
	  .why[0] = VMT_WHY_DONT_EXPAND },
	{ "lock limit", "10000-12000 rw- +lo", MREMAP, ARGS(0x10000, 0x2000, 0x3000, MAY), -EAGAIN,
	  .why[0] = VMT_WHY_LIMIT_MEMLOCK, .situation = "memlock=2000" },
	{ "lock limit before the address space's", "10000-12000 rw- +lo", MREMAP,
	  ARGS(0x10000, 0x2000, 0x3000, MAY), -EAGAIN, .why[0] = VMT_WHY_LIMIT_MEMLOCK,
	  .situation = "memlock=2000 as=2000" },
	{ "address space limit", V, MREMAP, ARGS(0x10000, 0x4000, 0x5000, MAY), -ENOMEM,
	  .why[0] = VMT_WHY_LIMIT_AS, .situation = "as=4000" },
	{ "data limit", V, MREMAP, ARGS(0x10000, 0x4000, 0x5000, MAY), -ENOMEM,
	  .why[0] = VMT_WHY_LIMIT_DATA, .situation = "data=4000" },
	{ "more than there is memory, in place", V, MREMAP, ARGS(0x10000, 0x4000, 0x8000, STAY),
	  -ENOMEM, .why[0] = VMT_WHY_OVERCOMMIT, .situation = "memory=3" },
	{ "more than there is memory, moved", V " | 14000-15000 r--", MREMAP,
	  ARGS(0x10000, 0x4000, 0x8000, MAY), -ENOMEM, .why[0] = VMT_WHY_OVERCOMMIT,
	  .situation = "memory=3" },
	{ "more than there is memory, source kept", V, MREMAP, ARGS(0x10000, 0x4000, 0x4000, KEEP),
	  -ENOMEM, .why[0] = VMT_WHY_OVERCOMMIT, .situation = "memory=3" },
	{ "a neighbour, and may not move", "10000-11000 rw- | 11000-12000 r--", MREMAP,
	  ARGS(0x10000, 0x1000, 0x2000, STAY), -ENOMEM, .why[0] = VMT_WHY_REMAP_BLOCKED,
	  .why[1] = VMT_WHY_REMAP_NEEDS_MAYMOVE },
	{ "not up to the end, and may not move", V, MREMAP, ARGS(0x10000, 0x1000, 0x2000, STAY),
	  -ENOMEM, .why[0] = VMT_WHY_REMAP_NEEDS_MAYMOVE },
	{ "too near the limit to move", "10000-11000 rw- | 11000-12000 r--", MREMAP,
	  ARGS(0x10000, 0x1000, 0x2000, MAY), -ENOMEM, .why[0] = VMT_WHY_MAP_LIMIT,
	  .situation = "maps=5" },
	{ "the destination is sealed", V " | 60000-61000 rw- +sl", MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, TO, 0x60000), -EPERM, .why[0] = VMT_WHY_SEALED },
	{ "the destination is part of a special mapping", V " | " VDSO, MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, TO, 0x21000), -EINVAL, .why[0] = VMT_WHY_SPECIAL_SPLIT },
	{ "part of a special mapping", VDSO, MREMAP, ARGS(0x20000, 0x1000, 0x1000, TO, 0x60000),
	  -EINVAL, .why[0] = VMT_WHY_SPECIAL_SPLIT },
	{ "part of a special mapping: the destination is gone", VDSO " | 60000-61000 r--", MREMAP,
	  ARGS(0x20000, 0x1000, 0x1000, TO, 0x60000), -EINVAL, .after = VDSO,
	  .why[0] = VMT_WHY_SPECIAL_SPLIT },
	{ "shared memory's driver wants to move it alone",
	  "10000-11000 rw-s f7@0 | 11000-12000 rw- u3 +um", MREMAP,
	  ARGS(0x10000, 0x2000, 0x2000, TO, 0x60000), -EFAULT,
	  .after = "11000-12000 rw- +um u3 | 60000-61000 rw-s f7@0",
	  .why[0] = VMT_WHY_REMAP_NOT_TOGETHER },
	{ "several VMAs, before 6.17", "10000-11000 rw- | 11000-12000 r--", MREMAP,
	  ARGS(0x10000, 0x2000, 0x2000, TO, 0x60000), -EFAULT, .why[0] = VMT_WHY_CROSSES_VMA,
	  .situation = "old" },
};

static const struct call_case moves[] = {
	{ "nothing changes", V, MREMAP, ARGS(0x11000, 0x1000, 0x800, STAY), 0x11000,
	  .after = NULL },
	{ "shrinks", V, MREMAP, ARGS(0x10000, 0x4000, 0x1000, STAY), 0x10000,
	  .after = "10000-11000 rw-" },
	{ "shrinks in the middle", V, MREMAP, ARGS(0x11000, 0x2000, 0x1000, STAY), 0x11000,
	  .after = "10000-12000 rw- | 13000-14000 rw-" },
	{ "shrinks over other VMAs and holes", "10000-11000 rw- | 12000-13000 r--", MREMAP,
	  ARGS(0x10000, 0x3000, 0x1000, STAY), 0x10000, .after = "10000-11000 rw-" },
	{ "shrinks in the middle at the limit", V, MREMAP, ARGS(0x11000, 0x2000, 0x1000, STAY),
	  -ENOMEM, .why[0] = VMT_WHY_SPLIT_LIMIT, .situation = "maps=1" },
	{ "grows in place", V, MREMAP, ARGS(0x12000, 0x2000, 0x4000, STAY), 0x12000,
	  .after = "10000-16000 rw-" },
	{ "grows in place up to a neighbour that is equal", V " | 15000-16000 rw-", MREMAP,
	  ARGS(0x10000, 0x4000, 0x5000, STAY), 0x10000, .after = "10000-16000 rw-",
	  .why[0] = VMT_WHY_MERGE_BOTH },
	{ "grows in place at the limit", V " | 20000-21000 r--", MREMAP,
	  ARGS(0x10000, 0x4000, 0x5000, MAY), 0x10000, .after = "10000-15000 rw- | 20000-21000 r--",
	  .situation = "maps=2" },
	{ "grows in place into a stack's guard gap", V " | 16000-17000 rw- +gd", MREMAP,
	  ARGS(0x10000, 0x4000, 0x6000, STAY), 0x10000,
	  .after = "10000-16000 rw- | 16000-17000 rw- +gd" },
	{ "grows by a move", "10000-11000 rw- | 11000-12000 r--", MREMAP,
	  ARGS(0x10000, 0x1000, 0x2000, MAY), TOP - 0x2000,
	  .after = "11000-12000 r-- | 7ffff7ffd000-7ffff7fff000 rw-",
	  .why[0] = VMT_WHY_REMAP_BLOCKED },
	{ "only what is added needs memory", V " | 14000-15000 r--", MREMAP,
	  ARGS(0x10000, 0x4000, 0x8000, MAY), TOP - 0x8000,
	  .after = "14000-15000 r-- | 7ffff7ff7000-7ffff7fff000 rw-", .situation = "memory=4" },
	{ "part grows by a move", V, MREMAP, ARGS(0x11000, 0x1000, 0x2000, MAY), TOP - 0x2000,
	  .after = "10000-11000 rw- | 12000-14000 rw- | 7ffff7ffd000-7ffff7fff000 rw-" },
	{ "moves", V, MREMAP, ARGS(0x10000, 0x4000, 0x4000, TO, 0x60000), 0x60000,
	  .after = "60000-64000 rw-" },
	{ "moves over others", V " | 61000-62000 r-- | 63000-65000 r--", MREMAP,
	  ARGS(0x10000, 0x4000, 0x4000, TO, 0x60000), 0x60000,
	  .after = "60000-64000 rw- | 64000-65000 r--" },
	{ "moves and shrinks", V, MREMAP, ARGS(0x10000, 0x4000, 0x1000, TO, 0x60000), 0x60000,
	  .after = "60000-61000 rw-" },
	{ "moves and grows", V, MREMAP, ARGS(0x10000, 0x4000, 0x5000, TO, 0x60000), 0x60000,
	  .after = "60000-65000 rw-" },
	{ "an old range beyond the end, and shrinks", V, MREMAP,
	  ARGS(0x10000, 0x5000, 0x1000, TO, 0x60000), 0x60000, .after = "60000-61000 rw-" },
	{ "unwritten memory gets a new offset and merges", V " | 5f000-60000 rw-", MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, TO, 0x60000), 0x60000,
	  .after = "11000-14000 rw- | 5f000-61000 rw-", .why[0] = VMT_WHY_MERGE_BELOW },
	{ "written memory keeps its offset", "10000-14000 rw- a1 | 5f000-60000 rw-", MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, TO, 0x60000), 0x60000,
	  .after = "11000-14000 rw- a1 | 5f000-60000 rw- | 60000-61000 rw- a1 @10",
	  .why[0] = VMT_WHY_APART_ANON_OFFSET },
	{ "a file's merges by its offset", "10000-14000 r-- f7@4 | 5f000-60000 r-- f7@4", MREMAP,
	  ARGS(0x11000, 0x1000, 0x1000, TO, 0x60000), 0x60000,
	  .after = "10000-11000 r-- f7@4 | 12000-14000 r-- f7@6 | 5f000-61000 r-- f7@4" },
	{ "old length 0 of shared memory: once more", "10000-12000 rw-s f7@0", MREMAP,
	  ARGS(0x11000, 0, 0x1000, TO, 0x60000), 0x60000,
	  .after = "10000-12000 rw-s f7@0 | 60000-61000 rw-s f7@1" },
	{ "old length 0, may not move", "10000-12000 rw-s f7@0", MREMAP,
	  ARGS(0x10000, 0, 0x1000, STAY), -ENOMEM, .why[0] = VMT_WHY_REMAP_NEEDS_MAYMOVE },
	{ "special mapping", VDSO, MREMAP, ARGS(0x20000, 0x2000, 0x2000, TO, 0x60000), 0x60000,
	  .after = "60000-62000 r-x +de sp:[vdso] solid" },
	{ "what must not grow may move", RING, MREMAP, ARGS(0x20000, 0x2000, 0x2000, TO, 0x60000),
	  0x60000, .after = "60000-62000 rw-s f9@0 +de -me" },
	{ "several VMAs and a hole", "10000-11000 rw- | 12000-13000 r--", MREMAP,
	  ARGS(0x10000, 0x4000, 0x4000, TO, 0x60000), 0x60000,
	  .after = "60000-61000 rw- | 62000-63000 r--" },
	{ "several VMAs, the second sealed", "10000-11000 rw- | 11000-12000 r-- +sl", MREMAP,
	  ARGS(0x10000, 0x2000, 0x2000, TO, 0x60000), -EPERM,
	  .after = "11000-12000 r-- +sl | 60000-61000 rw-", .why[0] = VMT_WHY_SEALED },
	{ "keeps the source", "10000-14000 rw- a1", MREMAP, ARGS(0x10000, 0x4000, 0x4000, KEEP),
	  TOP - 0x4000, .after = "10000-14000 rw- | 7ffff7ffb000-7ffff7fff000 rw- a1 @10" },
	{ "keeps part of the source", "10000-14000 rw- a1", MREMAP,
	  ARGS(0x11000, 0x1000, 0x1000, KEEP), TOP - 0x1000,
	  .after = "10000-14000 rw- a1 | 7ffff7ffe000-7ffff7fff000 rw- a1 @11" },
	{ "keeps the source, unlocked", "10000-14000 rw- +lo +lf", MREMAP,
	  ARGS(0x10000, 0x4000, 0x4000, KEEP | MREMAP_FIXED, 0x60000), 0x60000,
	  .after = "10000-14000 rw- | 60000-64000 rw- +lo +lf" },
	{ "keeps the source: a hint", V, MREMAP, ARGS(0x10000, 0x4000, 0x4000, KEEP, 0x60000),
	  0x60000, .after = V " | 60000-64000 rw-", .why[0] = VMT_WHY_HINT },
	{ "keeps the source, address space limit", V, MREMAP, ARGS(0x10000, 0x4000, 0x4000, KEEP),
	  -ENOMEM, .why[0] = VMT_WHY_LIMIT_AS, .situation = "as=7000" },
};

static void test_arguments(void **state)
{
	(void)state;
	call_run_all(arguments);
}

static void test_refusals(void **state)
{
	(void)state;
	call_run_all(refusals);
}

static void test_moves(void **state)
{
	(void)state;
	call_run_all(moves);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
