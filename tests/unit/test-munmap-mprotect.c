/* SPDX-License-Identifier: MIT */
/*
 * test-munmap-mprotect: what munmap, mprotect and pkey_mprotect refuse, in the order in which the
 * kernel asks, and what a failure leaves behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm-calls.h"

#define NONE PROT_NONE
#define R PROT_READ
#define W PROT_WRITE
#define X PROT_EXEC
#define RW (PROT_READ | PROT_WRITE)
#define MUNMAP VMT_CALL_MUNMAP
#define MPROTECT VMT_CALL_MPROTECT
#define PKEY VMT_CALL_PKEY_MPROTECT
#define END 0x7ffffffff000 /* task size */
#define VDSO "20000-22000 r-x +de sp:[vdso] solid"

static const struct call_case munmaps[] = {
	{ "unaligned before length 0", "1000-4000 rw-", MUNMAP, ARGS(0x1001, 0), -EINVAL,
	  .why[0] = VMT_WHY_ADDRESS_UNALIGNED },
	{ "beyond the end before length 0", "1000-4000 rw-", MUNMAP, ARGS(1ULL << 63, 0), -EINVAL,
	  .why[0] = VMT_WHY_BEYOND_TASK_SIZE },
	{ "across the end", "1000-4000 rw-", MUNMAP, ARGS(END - 0x1000, 0x2000), -EINVAL,
	  .why[0] = VMT_WHY_BEYOND_TASK_SIZE },
	{ "length that would wrap", "1000-4000 rw-", MUNMAP, ARGS(0x1000, -1ULL), -EINVAL,
	  .why[0] = VMT_WHY_BEYOND_TASK_SIZE },
	{ "length 0", "1000-4000 rw-", MUNMAP, ARGS(0x1000, 0), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_ZERO },
	{ "length 0 at the end", "1000-4000 rw-", MUNMAP, ARGS(END, 0), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_ZERO },
	{ "nothing mapped", "1000-4000 rw-", MUNMAP, ARGS(0x5000, 0x1000), 0,
	  .why[0] = VMT_WHY_NOTHING_MAPPED },
	{ "up to the end", "1000-4000 rw-", MUNMAP, ARGS(0x1000, END - 0x1000), 0, .after = "" },
	{ "one byte is a page", "1000-4000 rw-", MUNMAP, ARGS(0x1000, 1), 0,
	  .after = "2000-4000 rw-" },
	{ "lower end", "1000-4000 r-- f7@4", MUNMAP, ARGS(0x1000, 0x1000), 0,
	  .after = "2000-4000 r-- f7@5" },
	{ "upper end", "1000-4000 r-- f7@4", MUNMAP, ARGS(0x3000, 0x1000), 0,
	  .after = "1000-3000 r-- f7@4" },
	{ "middle", "1000-4000 rw- a1", MUNMAP, ARGS(0x2000, 0x1000), 0,
	  .after = "1000-2000 rw- a1 | 3000-4000 rw- a1" },
	{ "several, with a hole", "1000-3000 rw- | 4000-5000 r-- | 6000-8000 rw-", MUNMAP,
	  ARGS(0x2000, 0x5000), 0, .after = "1000-2000 rw- | 7000-8000 rw-" },
	{ "middle at the limit", "1000-4000 rw- | 5000-6000 rw-", MUNMAP, ARGS(0x2000, 0x1000),
	  -ENOMEM, .why[0] = VMT_WHY_SPLIT_LIMIT, .situation = "maps=2" },
	{ "an end at the limit", "1000-4000 rw- | 5000-6000 rw-", MUNMAP, ARGS(0x3000, 0x1000), 0,
	  .after = "1000-3000 rw- | 5000-6000 rw-", .situation = "maps=2" },
	{ "two ends at the limit", "1000-4000 rw- | 4000-6000 r--", MUNMAP, ARGS(0x3000, 0x2000), 0,
	  .after = "1000-3000 rw- | 5000-6000 r--", .situation = "maps=2" },
	{ "limit before a seal", "1000-4000 rw- +sl | 5000-6000 rw-", MUNMAP, ARGS(0x2000, 0x1000),
	  -ENOMEM, .why[0] = VMT_WHY_SPLIT_LIMIT, .situation = "maps=2" },
	{ "sealed", "1000-4000 rw- +sl", MUNMAP, ARGS(0x1000, 0x3000), -EPERM,
	  .why[0] = VMT_WHY_SEALED },
	{ "sealed first: no cut", "1000-4000 rw- +sl", MUNMAP, ARGS(0x2000, 0x1000), -EPERM,
	  .why[0] = VMT_WHY_SEALED },
	{ "sealed later: the first is cut", "1000-3000 rw- | 3000-4000 r-- +sl", MUNMAP,
	  ARGS(0x2000, 0x2000), -EPERM,
	  .after = "1000-2000 rw- | 2000-3000 rw- | 3000-4000 r-- +sl", .why[0] = VMT_WHY_SEALED },
	{ "sealed last: no cut in it", "1000-3000 rw- | 3000-5000 r-- +sl", MUNMAP,
	  ARGS(0x1000, 0x3000), -EPERM, .why[0] = VMT_WHY_SEALED },
	{ "part of a special mapping", VDSO, MUNMAP, ARGS(0x21000, 0x1000), -EINVAL,
	  .why[0] = VMT_WHY_SPECIAL_SPLIT },
	{ "first part of a special mapping", VDSO, MUNMAP, ARGS(0x20000, 0x1000), -EINVAL,
	  .why[0] = VMT_WHY_SPECIAL_SPLIT },
	{ "special mapping", VDSO, MUNMAP, ARGS(0x20000, 0x2000), 0, .after = "" },
	{ "into a special mapping: the first is cut", "1e000-20000 rw- | " VDSO, MUNMAP,
	  ARGS(0x1f000, 0x2000), -EINVAL, .after = "1e000-1f000 rw- | 1f000-20000 rw- | " VDSO,
	  .why[0] = VMT_WHY_SPECIAL_SPLIT },
};

/* What mprotect's arguments alone decide. */
static const struct call_case arguments[] = {
	{ "both directions before alignment", "1000-4000 rw-", MPROTECT,
	  ARGS(0x1001, 0x1000, R | PROT_GROWSDOWN | PROT_GROWSUP), -EINVAL,
	  .why[0] = VMT_WHY_BAD_PROT },
	{ "unaligned before length 0", "1000-4000 rw-", MPROTECT, ARGS(0x1001, 0, R), -EINVAL,
	  .why[0] = VMT_WHY_ADDRESS_UNALIGNED },
	{ "length 0 where nothing is, access unknown", "", MPROTECT, ARGS(0x9000, 0, 0x40), 0,
	  .after = NULL },
	{ "length wraps before unknown access", "1000-4000 rw-", MPROTECT,
	  ARGS(0x1000, -1ULL, 0x40), -ENOMEM, .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "end wraps", "1000-4000 rw-", MPROTECT, ARGS(0x1000, -0x1000ULL, R), -ENOMEM,
	  .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "unknown access before a hole", "1000-4000 rw-", MPROTECT, ARGS(0x9000, 0x1000, 0x40),
	  -EINVAL, .why[0] = VMT_WHY_BAD_PROT },
	{ "PROT_SEM is known", "1000-4000 r--", MPROTECT, ARGS(0x1000, 0x3000, 8), 0,
	  .after = "1000-4000 ---" },
	{ "a key that nobody allocated", "1000-4000 rw-", PKEY, ARGS(0x1000, 0x1000, R, 7), -EINVAL,
	  .why[0] = VMT_WHY_BAD_PKEY },
	{ "unknown access before the key", "1000-4000 rw-", PKEY, ARGS(0x1000, 0x1000, 0x40, 7),
	  -EINVAL, .why[0] = VMT_WHY_BAD_PROT },
	{ "length 0 before the key", "1000-4000 rw-", PKEY, ARGS(0x1000, 0, R, 7), 0,
	  .after = NULL },
	{ "key -1 is mprotect", "1000-4000 rw-", PKEY, ARGS(0x1000, 0x3000, R, -1ULL), 0,
	  .after = "1000-4000 r--" },
	{ "nothing at the start", "2000-4000 rw-", MPROTECT, ARGS(0x1000, 0x3000, R), -ENOMEM,
	  .why[0] = VMT_WHY_HOLE },
	{ "downwards where nothing is", "1000-2000 rw-", MPROTECT,
	  ARGS(0x3000, 0x1000, R | PROT_GROWSDOWN), -ENOMEM, .why[0] = VMT_WHY_NOTHING_MAPPED },
	{ "downwards where nothing grows", "1000-4000 rw-", MPROTECT,
	  ARGS(0x2000, 0x1000, R | PROT_GROWSDOWN), -EINVAL, .why[0] = VMT_WHY_NOT_GROWSDOWN },
	{ "upwards: no VMA does on this machine", "1000-4000 rw-", MPROTECT,
	  ARGS(0x2000, 0x1000, R | PROT_GROWSUP), -EINVAL, .why[0] = VMT_WHY_NOT_GROWSDOWN },
	{ "upwards where nothing is", "1000-4000 rw-", MPROTECT,
	  ARGS(0x8000, 0x1000, R | PROT_GROWSUP), -ENOMEM, .why[0] = VMT_WHY_HOLE },
	{ "downwards to the start of the stack", "1000-4000 rw- +gd", MPROTECT,
	  ARGS(0x2000, 0x1000, R | PROT_GROWSDOWN), 0,
	  .after = "1000-3000 r-- +gd | 3000-4000 rw- +gd" },
};

/* What each VMA of the range decides. */
static const struct call_case refusals[] = {
	{ "write to what was opened for reading", "1000-4000 r--s f7@0 -sh -mw", MPROTECT,
	  ARGS(0x2000, 0x1000, RW), -EACCES, .why[0] = VMT_WHY_NO_MAY },
	{ "execute from a noexec mount", "1000-4000 r-- f7@0 -me", MPROTECT,
	  ARGS(0x2000, 0x1000, R | X), -EACCES, .why[0] = VMT_WHY_NO_MAY },
	{ "no right before a seal", "1000-4000 r--s f7@0 -sh -mw +sl", MPROTECT,
	  ARGS(0x2000, 0x1000, RW), -EACCES, .why[0] = VMT_WHY_NO_MAY },
	{ "write and execute after PR_SET_MDWE", "1000-4000 r-x", MPROTECT,
	  ARGS(0x1000, 0x3000, RW | X), -EACCES, .why[0] = VMT_WHY_MDWE, .situation = "mdwe" },
	{ "gain execute after PR_SET_MDWE", "1000-4000 r--", MPROTECT, ARGS(0x1000, 0x3000, R | X),
	  -EACCES, .why[0] = VMT_WHY_MDWE, .situation = "mdwe" },
	{ "keep execute after PR_SET_MDWE", "1000-4000 r-x", MPROTECT, ARGS(0x1000, 0x3000, X), 0,
	  .after = "1000-4000 --x", .situation = "mdwe" },
	{ "lose execute after PR_SET_MDWE", "1000-4000 r-x", MPROTECT, ARGS(0x1000, 0x3000, RW), 0,
	  .after = "1000-4000 rw-", .situation = "mdwe" },
	{ "PR_SET_MDWE before a seal", "1000-4000 r-- +sl", MPROTECT, ARGS(0x1000, 0x3000, R | X),
	  -EACCES, .why[0] = VMT_WHY_MDWE, .situation = "mdwe" },
	{ "sealed", "1000-4000 r-- +sl", MPROTECT, ARGS(0x2000, 0x1000, RW), -EPERM,
	  .why[0] = VMT_WHY_SEALED },
	{ "sealed, though nothing changes", "1000-4000 r-- +sl", MPROTECT, ARGS(0x2000, 0x1000, R),
	  -EPERM, .why[0] = VMT_WHY_SEALED },
	{ "sealed second: the first has changed", "1000-2000 rw- | 2000-3000 rw- +sl", MPROTECT,
	  ARGS(0x1000, 0x2000, NONE), -EPERM, .after = "1000-2000 --- | 2000-3000 rw- +sl",
	  .why[0] = VMT_WHY_SEALED },
	{ "data limit", "1000-4000 r-- | 5000-6000 rw-", MPROTECT, ARGS(0x1000, 0x3000, RW),
	  -ENOMEM, .why[0] = VMT_WHY_LIMIT_DATA, .situation = "data=3000" },
	{ "no address space left: the data limit is not asked", "1000-4000 r-- | 5000-6000 rw-",
	  MPROTECT, ARGS(0x1000, 0x3000, RW), 0, .after = "1000-4000 rw- | 5000-6000 rw-",
	  .situation = "data=3000 as=6000" },
	{ "data limit, written already", "1000-4000 rw-", MPROTECT, ARGS(0x1000, 0x3000, RW | X), 0,
	  .after = "1000-4000 rwx", .situation = "data=1000" },
	{ "data limit, shared", "1000-4000 r--s f7@0", MPROTECT, ARGS(0x1000, 0x3000, RW), 0,
	  .after = "1000-4000 rw-s f7@0", .situation = "data=1000" },
	{ "a seal before the data limit", "1000-4000 r-- +sl", MPROTECT, ARGS(0x1000, 0x3000, RW),
	  -EPERM, .why[0] = VMT_WHY_SEALED, .situation = "data=1000" },
	{ "more than there is memory", "1000-4000 r--", MPROTECT, ARGS(0x1000, 0x3000, RW), -ENOMEM,
	  .why[0] = VMT_WHY_OVERCOMMIT, .situation = "memory=2" },
	{ "memory that is accounted already", "1000-4000 r-- +ac", MPROTECT,
	  ARGS(0x1000, 0x3000, RW), 0, .after = "1000-4000 rw-", .situation = "memory=2" },
	{ "a split at the limit", "1000-4000 rw-", MPROTECT, ARGS(0x1000, 0x1000, R), -ENOMEM,
	  .why[0] = VMT_WHY_SPLIT_LIMIT, .situation = "maps=1" },
	{ "two splits, one below the limit", "1000-4000 rw- a1", MPROTECT, ARGS(0x2000, 0x1000, R),
	  -ENOMEM, .after = "1000-2000 rw- a1 | 2000-4000 rw- a1", .why[0] = VMT_WHY_SPLIT_LIMIT,
	  .situation = "maps=2" },
	{ "no split at the limit", "1000-4000 rw- a1", MPROTECT, ARGS(0x1000, 0x3000, R), 0,
	  .after = "1000-4000 r-- a1 +ac", .situation = "maps=1" },
	{ "a merge at the limit", "1000-2000 r-- | 2000-4000 rw-", MPROTECT,
	  ARGS(0x2000, 0x1000, R), 0, .after = "1000-3000 r-- | 3000-4000 rw-",
	  .why[0] = VMT_WHY_MERGE_BELOW, .situation = "maps=2" },
	{ "part of a special mapping", VDSO, MPROTECT, ARGS(0x20000, 0x1000, R), -EINVAL,
	  .why[0] = VMT_WHY_SPECIAL_SPLIT },
	{ "special mapping", VDSO, MPROTECT, ARGS(0x20000, 0x2000, R), 0,
	  .after = "20000-22000 r-- +de sp:[vdso] solid" },
	{ "a hole: what is below has changed", "1000-2000 rw- | 3000-4000 rw-", MPROTECT,
	  ARGS(0x1000, 0x3000, NONE), -ENOMEM, .after = "1000-2000 --- | 3000-4000 rw-",
	  .why[0] = VMT_WHY_HOLE },
	{ "a hole at the end", "1000-2000 rw-", MPROTECT, ARGS(0x1000, 0x2000, NONE), -ENOMEM,
	  .after = "1000-2000 ---", .why[0] = VMT_WHY_HOLE },
};

/* VM flags that follow from the access. */
static const struct call_case flags[] = {
	{ "first write is accounted", "1000-4000 r--", MPROTECT, ARGS(0x1000, 0x3000, RW), 0,
	  .after = "1000-4000 rw-", .flags = "rd wr mr mw me ac" },
	{ "not without a reserve", "1000-4000 r-- +nr", MPROTECT, ARGS(0x1000, 0x3000, RW), 0,
	  .after = "1000-4000 rw- +nr -ac", .flags = "rd wr mr mw me nr" },
	{ "not shared", "1000-4000 r--s f7@0", MPROTECT, ARGS(0x1000, 0x3000, RW), 0,
	  .after = "1000-4000 rw-s f7@0", .flags = "rd wr sh mr mw me ms" },
	{ "no page was written: not accounted any more", "1000-4000 rw-", MPROTECT,
	  ARGS(0x1000, 0x3000, NONE), 0, .after = "1000-4000 ---", .flags = "mr mw me" },
	{ "before 6.7 it stays", "1000-4000 rw-", MPROTECT, ARGS(0x1000, 0x3000, NONE), 0,
	  .after = "1000-4000 --- +ac", .flags = "mr mw me ac", .situation = "old" },
	{ "a page was written", "1000-4000 rw- a1", MPROTECT, ARGS(0x1000, 0x3000, R), 0,
	  .after = "1000-4000 r-- a1 +ac", .flags = "rd mr mw me ac" },
	{ "a file's stays for ever", "1000-4000 rw- f7@0", MPROTECT, ARGS(0x1000, 0x3000, R), 0,
	  .after = "1000-4000 r-- f7@0 +ac", .flags = "rd mr mw me ac" },
	{ "and keeps it apart from what never had it", "1000-2000 r-- f7@0 | 2000-4000 rw- f7@1",
	  MPROTECT, ARGS(0x2000, 0x2000, R), 0,
	  .after = "1000-2000 r-- f7@0 | 2000-4000 r-- f7@1 +ac", .why[0] = VMT_WHY_APART_ACCOUNT },
	{ "read implies execute", "1000-4000 rw-", MPROTECT, ARGS(0x1000, 0x3000, R), 0,
	  .after = "1000-4000 r-x", .situation = "rie" },
	{ "read implies execute, noexec mount", "1000-4000 rw- f7@0 -me", MPROTECT,
	  ARGS(0x1000, 0x3000, R), 0, .after = "1000-4000 r-- f7@0 +ac -me", .situation = "rie" },
	{ "nothing changes, equal neighbours stay apart", "1000-2000 rw- | 2000-3000 rw-", MPROTECT,
	  ARGS(0x1000, 0x2000, RW), 0, .after = NULL },
	{ "part of it changes, and the rest joins", "1000-3000 r-- | 3000-5000 rw-", MPROTECT,
	  ARGS(0x2000, 0x2000, RW), 0, .after = "1000-2000 r-- | 2000-5000 rw-" },
};

static void test_munmap(void **state)
{
	(void)state;
	call_run_all(munmaps);
}

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

static void test_flags(void **state)
{
	(void)state;
	call_run_all(flags);
}

static uint64_t key_at(const struct mm *mm, uint64_t address)
{
	return (vmt_find_vma(mm->space, address)->flags & VMT_VM_PKEY_MASK) >> VMT_VM_PKEY_SHIFT;
}

/* pkey_mprotect gives a key, mprotect keeps it, key 0 takes it away; equal keys merge. */
static void test_keys(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm.space->has_pkeys = true;
	mm_build(&mm, "1000-4000 rw-");
	for (int64_t key = 1; key <= 3; key++)
		mm_call(&mm, VMT_CALL_PKEY_ALLOC, key, 0, 0);
	mm_call(&mm, PKEY, 0, 0x2000, 0x1000, RW, 3);
	assert_int_equal(vmt_space_count(mm.space), 3);
	assert_int_equal(key_at(&mm, 0x1000), 0);
	assert_int_equal(key_at(&mm, 0x2000), 3);
	assert_int_equal(key_at(&mm, 0x3000), 0);
	mm_call(&mm, MPROTECT, 0, 0x1000, 0x3000, R);
	assert_int_equal(vmt_space_count(mm.space), 3);
	assert_int_equal(key_at(&mm, 0x2000), 3);
	mm_call(&mm, PKEY, 0, 0x2000, 0x1000, R, 0);
	mm_assert(&mm, "key 0", "1000-4000 r--");
	assert_int_equal(key_at(&mm, 0x2000), 0);
	mm_close(&mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_munmap),   cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_flags),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
