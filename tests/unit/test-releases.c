/* SPDX-License-Identifier: MIT */
/*
 * test-releases: what kernels do differently, one rule of struct vmt_features at a time: the same call
 * with the rule and without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "mm-calls.h"

#define MREMAP VMT_CALL_MREMAP
#define TO (MREMAP_MAYMOVE | MREMAP_FIXED)
#define KEEP_TO (TO | MREMAP_DONTUNMAP)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define END 0x7ffffffff000
#define MANY "10000-12000 r-- | 12000-14000 rw- | 60000-62000 rw-"

static const struct call_case remap_order[] = {
	{ "the target goes, though the range crosses a border", MANY, MREMAP,
	  ARGS(0x10000, 0x3000, 0x4000, TO, 0x60000), -EFAULT,
	  .after = "10000-12000 r-- | 12000-14000 rw-", .why[0] = VMT_WHY_CROSSES_VMA,
	  .situation = "is:mremap-clears-first" },
	{ "the tail goes too", MANY, MREMAP, ARGS(0x10000, 0x4000, 0x3000, TO, 0x60000), -EFAULT,
	  .after = "10000-12000 r-- | 12000-13000 rw-", .why[0] = VMT_WHY_CROSSES_VMA,
	  .situation = "is:mremap-clears-first" },
	{ "the target stays", MANY, MREMAP, ARGS(0x10000, 0x3000, 0x4000, TO, 0x60000), -EFAULT,
	  .why[0] = VMT_WHY_CROSSES_VMA },
	{ "not mapped, before it overlaps", MANY, MREMAP,
	  ARGS(0x50000, 0x1000, 0x1000, TO, 0x50000), -EFAULT, .why[0] = VMT_WHY_NOTHING_MAPPED,
	  .situation = "is:mremap-looks-first" },
	{ "it overlaps, before it is not mapped", MANY, MREMAP,
	  ARGS(0x50000, 0x1000, 0x1000, TO, 0x50000), -EINVAL, .why[0] = VMT_WHY_REMAP_OVERLAPS },
	{ "too long, but first what it is", "10000-14000 rw- +de", MREMAP,
	  ARGS(0x10000, 0x1000, END + 0x1000, MREMAP_MAYMOVE), -EFAULT,
	  .why[0] = VMT_WHY_DONT_EXPAND, .situation = "is:mremap-looks-first" },
	{ "may not move, before it is not mapped", MANY, MREMAP,
	  ARGS(0x50000, 0x1000, 0x1000, MREMAP_FIXED, 0x60000), -EINVAL,
	  .why[0] = VMT_WHY_REMAP_NEEDS_MAYMOVE, .situation = "is:mremap-looks-first" },
	{ "lengths that are equal in pages", "10000-12000 rw-", MREMAP,
	  ARGS(0x10000, 0x2000, 0x1f00, KEEP_TO, 0x60000), 0x60000,
	  .after = "10000-12000 rw- | 60000-62000 rw-" },
	{ "lengths that are equal in pages only", "10000-12000 rw-", MREMAP,
	  ARGS(0x10000, 0x2000, 0x1f00, KEEP_TO, 0x60000), -EINVAL, .why[0] = VMT_WHY_REMAP_RESIZES,
	  .situation = "is:mremap-raw-lengths" },
};

static const struct call_case source_kept[] = {
	{ "what is emptied keeps its offset", "10000-11000 rw- a1 @20", MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, KEEP_TO, 0x60000), 0x60000,
	  .after = "10000-11000 rw- @20 | 60000-61000 rw- a1 @20" },
	{ "what is emptied counts its pages anew", "10000-11000 rw- a1 @20", MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, KEEP_TO, 0x60000), 0x60000,
	  .after = "10000-11000 rw- | 60000-61000 rw- a1 @20",
	  .situation = "is:dontunmap-resets-offset" },
	{ "a file keeps its offset", "10000-11000 rw- a1 f7@20", MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, KEEP_TO, 0x60000), 0x60000,
	  .after = "10000-11000 rw- f7@20 | 60000-61000 rw- a1 f7@20",
	  .situation = "is:dontunmap-resets-offset" },
	{ "all of it loses its lock", "10000-13000 rw- a1 +lo", MREMAP,
	  ARGS(0x11000, 0x1000, 0x1000, KEEP_TO, 0x60000), 0x60000,
	  .after = "10000-13000 rw- a1 | 60000-61000 rw- a1 @11 +lo", .situation = "cap" },
	{ "the range loses its lock", "10000-13000 rw- a1 +lo", MREMAP,
	  ARGS(0x11000, 0x1000, 0x1000, KEEP_TO, 0x60000), 0x60000,
	  .after = "10000-11000 rw- a1 +lo | 11000-12000 rw- | 12000-13000 rw- a1 +lo | "
		   "60000-61000 rw- a1 @11 +lo",
	  .situation = "cap is:dontunmap-splits-locked" },
	{ "joins its source below", "10000-11000 rw-", MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, KEEP_TO, 0x11000), 0x11000, .after = "10000-12000 rw-" },
	{ "does not join its source below", "10000-11000 rw- | 12000-13000 rw-", MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, KEEP_TO, 0x11000), 0x11000,
	  .after = "10000-11000 rw- | 11000-13000 rw-", .situation = "is:dontunmap-keeps-source" },
	{ "does not join its source above", "10000-11000 rw-", MREMAP,
	  ARGS(0x10000, 0x1000, 0x1000, KEEP_TO, 0xf000), 0xf000,
	  .after = "f000-10000 rw- | 10000-11000 rw-", .situation = "is:dontunmap-keeps-source" },
};

static const struct call_case mappings[] = {
	{ "marked for KSM, and joins", "10000-11000 rw- +mg", VMT_CALL_MMAP,
	  ARGS(0x11000, 0x1000, 3, ANON | MAP_FIXED, -1ULL), 0x11000,
	  .after = "10000-12000 rw- +mg", .situation = "ksm" },
	{ "marked for KSM when it stands alone", "10000-11000 rw- +mg", VMT_CALL_MMAP,
	  ARGS(0x11000, 0x1000, 3, ANON | MAP_FIXED, -1ULL), 0x11000,
	  .after = "10000-11000 rw- +mg | 11000-12000 rw- +mg",
	  .situation = "ksm is:ksm-after-merge" },
	{ "not marked where it joins", "10000-11000 rw-", VMT_CALL_MMAP,
	  ARGS(0x11000, 0x1000, 3, ANON | MAP_FIXED, -1ULL), 0x11000, .after = "10000-12000 rw-",
	  .situation = "ksm is:ksm-after-merge" },
	{ "over a limit: cut", "10000-13000 r-- | 20000-22000 rw-", VMT_CALL_MMAP,
	  ARGS(0x11000, 0x1000, 3, ANON | MAP_FIXED, -1ULL), -ENOMEM,
	  .after = "10000-11000 r-- | 11000-12000 r-- | 12000-13000 r-- | 20000-22000 rw-",
	  .why[0] = VMT_WHY_LIMIT_DATA, .situation = "data=1000" },
	{ "over a limit: not cut", "10000-13000 r-- | 20000-22000 rw-", VMT_CALL_MMAP,
	  ARGS(0x11000, 0x1000, 3, ANON | MAP_FIXED, -1ULL), -ENOMEM, .why[0] = VMT_WHY_LIMIT_DATA,
	  .situation = "data=1000 is:limits-before-cuts" },
	{ "more than there is: cut", "10000-13000 r--", VMT_CALL_MMAP,
	  ARGS(0x11000, 0x8000, 3, ANON | MAP_FIXED, -1ULL), -ENOMEM,
	  .after = "10000-11000 r-- | 11000-13000 r--", .why[0] = VMT_WHY_OVERCOMMIT,
	  .situation = "memory=3" },
	{ "more than there is: gone", "10000-13000 r--", VMT_CALL_MMAP,
	  ARGS(0x11000, 0x8000, 3, ANON | MAP_FIXED, -1ULL), -ENOMEM, .after = "10000-11000 r--",
	  .why[0] = VMT_WHY_OVERCOMMIT, .situation = "memory=3 is:limits-before-cuts" },
	{ "/dev/zero, aligned", "", VMT_CALL_MMAP, ARGS(0, 0x201000, 0, MAP_PRIVATE, 3),
	  0x7ffff7c00000, .after = "7ffff7c00000-7ffff7e01000 --- f7@0", .file = "7 ro zero",
	  .why[0] = VMT_WHY_ALIGNED_2M },
	{ "/dev/zero, as it comes", "", VMT_CALL_MMAP, ARGS(0, 0x201000, 0, MAP_PRIVATE, 3),
	  0x7ffff7dfe000, .after = "7ffff7dfe000-7ffff7fff000 --- f7@0", .file = "7 ro zero",
	  .why[0] = VMT_WHY_TOP_DOWN, .situation = "not:zero-thp-align" },
	{ "a hint above the window", "", VMT_CALL_MMAP,
	  ARGS(0x1000000000000, 0x1000, 0, ANON, -1ULL), 0x7ffff7ffe000,
	  .why[0] = VMT_WHY_HINT_BEYOND, .after = "7ffff7ffe000-7ffff7fff000 ---" },
	{ "a hint above the window, five levels", "", VMT_CALL_MMAP,
	  ARGS(0x1000000000000, 0x1000, 0, ANON, -1ULL), 0x1000000000000, .why[0] = VMT_WHY_HINT,
	  .after = "1000000000000-1000000001000 ---", .situation = "is:wide-addresses" },
	{ "a hint across the end of the window", "", VMT_CALL_MMAP,
	  ARGS(END - 0x1000, 0x3000, 0, ANON, -1ULL), 0x7ffff7ffc000, .why[0] = VMT_WHY_HINT_BEYOND,
	  .after = "7ffff7ffc000-7ffff7fff000 ---", .situation = "is:wide-addresses" },
	{ "no hint, five levels", "", VMT_CALL_MMAP, ARGS(0, 0x1000, 0, ANON, -1ULL),
	  0x7ffff7ffe000, .why[0] = VMT_WHY_TOP_DOWN, .after = "7ffff7ffe000-7ffff7fff000 ---",
	  .situation = "is:wide-addresses" },
	{ "a hint that is taken, above the window", "1000000000000-1000000001000 ---",
	  VMT_CALL_MMAP, ARGS(0x1000000000000, 0x1000, 1, ANON, -1ULL), 0xfffffff7ffe000,
	  .why[0] = VMT_WHY_HINT_TAKEN,
	  .after = "1000000000000-1000000001000 --- | fffffff7ffe000-fffffff7fff000 r--",
	  .situation = "is:wide-addresses" },
};

static const struct call_case others[] = {
	{ "a number for the thread itself", "10000-11000 rw-", VMT_CALL_PROCESS_MADVISE,
	  ARGS((uint64_t)-10000, 0x5000, 1, MADV_COLD, 0), 0x1000, .at = 0x10000,
	  .words = { 0x10000, 0x1000 }, .words_valid = 2 },
	{ "no number for the thread itself", "10000-11000 rw-", VMT_CALL_PROCESS_MADVISE,
	  ARGS((uint64_t)-10000, 0x5000, 1, MADV_COLD, 0), -EBADF, .why[0] = VMT_WHY_BAD_FD,
	  .words = { 0x10000, 0x1000 }, .words_valid = 2, .situation = "not:pidfd-self" },
	{ "droppable memory is not served", "10000-11000 rw- +dp", VMT_CALL_IOCTL,
	  ARGS(7, UFFDIO_REGISTER, 0x5000), -EINVAL, .why[0] = VMT_WHY_UFFD_REFUSED,
	  .words = { 0x10000, 0x1000, UFFDIO_REGISTER_MODE_MISSING }, .words_valid = 3 },
	{ "droppable memory is served", "10000-11000 rw- +dp", VMT_CALL_IOCTL,
	  ARGS(7, UFFDIO_REGISTER, 0x5000), 0, .at = 0x10000, .flags = "rd wr mr mw me um ac dp",
	  .words = { 0x10000, 0x1000, UFFDIO_REGISTER_MODE_MISSING }, .words_valid = 3,
	  .after = "10000-11000 rw- +um +dp u8", .situation = "is:uffd-droppable" },
};

static void test_others(void **state)
{
	(void)state;
	call_run_all(others);
}

static void test_remap_order(void **state)
{
	(void)state;
	call_run_all(remap_order);
}

static void test_source_kept(void **state)
{
	(void)state;
	call_run_all(source_kept);
}

static void test_mappings(void **state)
{
	(void)state;
	call_run_all(mappings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remap_order),
		cmocka_unit_test(test_source_kept),
		cmocka_unit_test(test_mappings),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
