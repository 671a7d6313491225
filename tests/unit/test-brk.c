/* SPDX-License-Identifier: MIT */
/*
 * test-brk: brk never fails; a request that is refused returns the break as it was. The heap of
 * these rows starts at 100000.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm-calls.h"

#define BRK VMT_CALL_BRK
#define HEAP "100000-102000 rw-"
#define AT "start=100000 brk=102000"

static const struct call_case sizes[] = {
	{ "asks where it is", HEAP, BRK, ARGS(0), 0x102000, .situation = AT },
	{ "below its start", HEAP, BRK, ARGS(0xff000), 0x102000, .situation = AT },
	{ "where it is", HEAP, BRK, ARGS(0x102000), 0x102000, .situation = AT },
	{ "within the page", HEAP, BRK, ARGS(0x101ff0), 0x101ff0,
	  .situation = "start=100000 brk=101800" },
	{ "down within the page", HEAP, BRK, ARGS(0x101001), 0x101001, .situation = AT },
	{ "first page", "", BRK, ARGS(0x100001), 0x100001, .after = "100000-101000 rw-",
	  .flags = "rd wr mr mw me ac", .at = 0x100000, .situation = "start=100000 brk=100000" },
	{ "grows", HEAP, BRK, ARGS(0x105000), 0x105000, .after = "100000-105000 rw-",
	  .why[0] = VMT_WHY_MERGE_BELOW, .situation = AT },
	{ "grows by pages", HEAP, BRK, ARGS(0x102001), 0x102001, .after = "100000-103000 rw-",
	  .situation = AT },
	{ "grows, written", "100000-102000 rw- a1", BRK, ARGS(0x103000), 0x103000,
	  .after = "100000-103000 rw- a1", .situation = AT },
	{ "grows after fork", "100000-102000 rw- a1+", BRK, ARGS(0x103000), 0x103000,
	  .after = "100000-102000 rw- a1+ | 102000-103000 rw-", .why[0] = VMT_WHY_APART_FORKED,
	  .situation = AT },
	{ "its last page is protected", "100000-101000 rw- | 101000-102000 r--", BRK,
	  ARGS(0x103000), 0x103000,
	  .after = "100000-101000 rw- | 101000-102000 r-- | 102000-103000 rw-", .situation = AT },
	{ "its last page is away", "100000-101000 rw-", BRK, ARGS(0x103000), 0x103000,
	  .after = "100000-101000 rw- | 102000-103000 rw-", .situation = AT },
	{ "it has a name", "100000-102000 rw- n:[anon:x]", BRK, ARGS(0x103000), 0x103000,
	  .after = "100000-102000 rw- n:[anon:x] | 102000-103000 rw-", .why[0] = VMT_WHY_APART_NAME,
	  .situation = AT },
	{ ".bss below is not the heap", "ff000-100000 rw-", BRK, ARGS(0x101000), 0x101000,
	  .after = "ff000-100000 rw- | 100000-101000 rw-", .situation = "start=100000 brk=100000" },
	{ ".bss below was, before 6.1", "ff000-100000 rw-", BRK, ARGS(0x101000), 0x101000,
	  .after = "ff000-101000 rw-", .situation = "start=100000 brk=100000 old" },
	{ "it does not merge upwards", "100000-102000 rw- | 104000-105000 rw-", BRK, ARGS(0x103000),
	  0x103000, .after = "100000-103000 rw- | 104000-105000 rw-", .situation = AT },
	{ "after mlockall(MCL_FUTURE)", HEAP, BRK, ARGS(0x103000), 0x103000,
	  .after = "100000-102000 rw- | 102000-103000 rw- +lo", .situation = AT " future" },
	{ "after PR_SET_MEMORY_MERGE", "", BRK, ARGS(0x101000), 0x101000,
	  .after = "100000-101000 rw- +mg", .situation = "start=100000 brk=100000 ksm" },
	{ "read implies execute", "", BRK, ARGS(0x101000), 0x101000, .after = "100000-101000 rwx",
	  .situation = "start=100000 brk=100000 rie" },
	{ "shrinks", HEAP, BRK, ARGS(0x101000), 0x101000, .after = "100000-101000 rw-",
	  .situation = AT },
	{ "shrinks to nothing", HEAP, BRK, ARGS(0x100000), 0x100000, .after = "", .situation = AT },
	{ "shrinks over several VMAs", "100000-101000 rw- | 101000-102000 r--", BRK, ARGS(0x100001),
	  0x100001, .after = "100000-101000 rw-", .situation = AT },
	{ "shrinks over a hole in part", "100000-101000 rw- | 101000-102000 rw-", BRK,
	  ARGS(0x100000), 0x100000, .after = "", .situation = "start=100000 brk=104000" },
};

static const struct call_case refusals[] = {
	{ "a neighbour at its end", HEAP " | 104000-105000 r--", BRK, ARGS(0x104000), 0x102000,
	  .why[0] = VMT_WHY_BRK_BLOCKED, .situation = AT },
	{ "a page must stay free", HEAP " | 104000-105000 r--", BRK, ARGS(0x103001), 0x102000,
	  .why[0] = VMT_WHY_BRK_BLOCKED, .situation = AT },
	{ "a page stays free", HEAP " | 104000-105000 r--", BRK, ARGS(0x103000), 0x103000,
	  .after = "100000-103000 rw- | 104000-105000 r--", .situation = AT },
	{ "in a stack's guard gap", HEAP " | 204000-205000 rw- +gd", BRK, ARGS(0x104000), 0x102000,
	  .why[0] = VMT_WHY_BRK_BLOCKED, .situation = AT },
	{ "just below a stack's guard gap", HEAP " | 204000-205000 rw- +gd", BRK, ARGS(0x103000),
	  0x103000, .after = "100000-103000 rw- | 204000-205000 rw- +gd", .situation = AT },
	{ "foreign memory that merged with its top", "100000-104000 rw-", BRK, ARGS(0x105000),
	  0x102000, .why[0] = VMT_WHY_BRK_BLOCKED, .situation = AT },
	{ "data limit", HEAP, BRK, ARGS(0x104001), 0x102000, .why[0] = VMT_WHY_BRK_DATA_LIMIT,
	  .situation = AT " data=4000" },
	{ "data limit counts the program's data", HEAP, BRK, ARGS(0x104000), 0x102000,
	  .why[0] = VMT_WHY_BRK_DATA_LIMIT,
	  .situation = AT " data=4000 start-data=80000 end-data=80001" },
	{ "data limit is not reached", HEAP, BRK, ARGS(0x104000), 0x104000,
	  .after = "100000-104000 rw-", .situation = AT " data=4000" },
	{ "data limit, also of what is smaller", HEAP, BRK, ARGS(0x101800), 0x102000,
	  .why[0] = VMT_WHY_BRK_DATA_LIMIT, .situation = AT " data=1000" },
	{ "data limit, of all data pages", HEAP " | 80000-84000 rw-", BRK, ARGS(0x103000), 0x102000,
	  .why[0] = VMT_WHY_LIMIT_DATA, .situation = AT " data=6000" },
	{ "beyond the end of user space", HEAP, BRK, ARGS(0x800000000000), 0x102000,
	  .why[0] = VMT_WHY_BEYOND_TASK_SIZE, .situation = AT },
	{ "the end wraps", HEAP, BRK, ARGS(-1ULL), 0x102000, .why[0] = VMT_WHY_BEYOND_TASK_SIZE,
	  .situation = AT },
	{ "address space limit", HEAP, BRK, ARGS(0x104000), 0x102000, .why[0] = VMT_WHY_LIMIT_AS,
	  .situation = AT " as=3000" },
	{ "lock limit", "100000-102000 rw- +lo", BRK, ARGS(0x104000), 0x102000,
	  .why[0] = VMT_WHY_LIMIT_MEMLOCK, .situation = AT " future memlock=3000" },
	{ "too many VMAs", HEAP " | 200000-201000 r--", BRK, ARGS(0x103000), 0x102000,
	  .why[0] = VMT_WHY_MAP_LIMIT, .situation = AT " maps=1" },
	{ "as many VMAs as the limit", HEAP " | 200000-201000 r--", BRK, ARGS(0x103000), 0x103000,
	  .after = "100000-103000 rw- | 200000-201000 r--", .situation = AT " maps=2" },
	{ "more than there is memory", HEAP, BRK, ARGS(0x105000), 0x102000,
	  .why[0] = VMT_WHY_OVERCOMMIT, .situation = AT " memory=2" },
	{ "sealed", "100000-102000 rw- +sl", BRK, ARGS(0x101000), 0x102000,
	  .why[0] = VMT_WHY_SEALED, .situation = AT },
	{ "sealed, but it only grows", "100000-102000 rw- +sl", BRK, ARGS(0x103000), 0x103000,
	  .after = "100000-102000 rw- +sl | 102000-103000 rw-", .situation = AT },
	{ "nothing to shrink", "100000-101000 rw-", BRK, ARGS(0x101000), 0x102000,
	  .why[0] = VMT_WHY_NOTHING_MAPPED, .situation = AT },
	{ "nothing to shrink, before 6.1", "100000-101000 rw-", BRK, ARGS(0x101000), 0x101000,
	  .situation = AT " old" },
	{ "a hole in the middle at the limit", "100000-104000 rw-", BRK, ARGS(0x101000), 0x102000,
	  .why[0] = VMT_WHY_SPLIT_LIMIT, .situation = AT " maps=1" },
	{ "the task is being killed", HEAP, BRK, ARGS(0x104000), -EINTR, .situation = AT,
	  .open = true },
};

static void test_sizes(void **state)
{
	(void)state;
	call_run_all(sizes);
}

static void test_refusals(void **state)
{
	(void)state;
	call_run_all(refusals);
}

/* Where the kernel did not tell the break, the first answer is its start. */
static void test_unknown(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "");
	mm_call(&mm, BRK, 0x100000, 0);
	mm_assert(&mm, "asked", "");
	assert_int_equal(mm.step.expected, 0x100000);
	mm_call(&mm, BRK, 0x101000, 0x101000);
	mm_assert(&mm, "grown", "100000-101000 rw-");
	assert_int_equal(mm.step.expected, 0x101000);
	mm_close(&mm);
}

/* Where another task may have moved it: an answer tells it, and the next call starts there. */
static void test_doubted(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "");
	mm_call(&mm, BRK, 0x100000, 0);
	mm_call(&mm, BRK, 0x103000, 0x103000);
	vmt_space_doubt_break(mm.space);
	mm_call(&mm, BRK, 0x101800, 0);
	assert_int_equal(mm.step.expected, 0x101800);
	mm_assert(&mm, "asked", "100000-103000 rw-");
	/* What lies above the break is in the way. */
	mm_call(&mm, BRK, 0x101800, 0x102001);
	assert_int_equal(mm.step.expected, 0x101800);
	mm_assert(&mm, "refused", "100000-103000 rw-");
	mm_call(&mm, BRK, 0x101000, 0x101000);
	mm_assert(&mm, "shrunk", "100000-101000 rw- | 102000-103000 rw-");
	mm_close(&mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_doubted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
