/* SPDX-License-Identifier: MIT */
/*
 * test-madvise: every advice: the flags that it sets or clears, what it refuses, and how far it comes
 * when a VMA of the range refuses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/mman.h>

#include "mm-calls.h"

#define MADVISE VMT_CALL_MADVISE
#define DONTNEED_LOCKED 24
#define COLLAPSE 25
#define GUARD_INSTALL 102
#define GUARD_REMOVE 103
#define V "10000-14000 rw-"
#define VVAR "10000-14000 r-- +pf +io +de +dd -mw -me sp:[vvar] solid"
#define VDSO "10000-14000 r-x +de sp:[vdso] solid"
#define SHARED "10000-14000 rw-s f7@0"
#define FILE "10000-14000 rw- f7@0"
#define LOCKED "10000-14000 rw- +lo"
#define DROPPABLE "10000-14000 rw- +nr +wf +dd +dp -ac"
#define HUGE "10000-14000 rw-s f7@0 +de +ht"

static const struct call_case arguments[] = {
	{ "unknown before unaligned", V, MADVISE, ARGS(0x10001, 0x1000, 200), -EINVAL,
	  .why[0] = VMT_WHY_BAD_ADVICE },
	{ "unknown, length 0", V, MADVISE, ARGS(0x10000, 0, 200), -EINVAL,
	  .why[0] = VMT_WHY_BAD_ADVICE },
	{ "5 is no advice", V, MADVISE, ARGS(0x10000, 0x1000, 5), -EINVAL,
	  .why[0] = VMT_WHY_BAD_ADVICE },
	{ "26 neither", V, MADVISE, ARGS(0x10000, 0x1000, 26), -EINVAL,
	  .why[0] = VMT_WHY_BAD_ADVICE },
	{ "unaligned before length 0", V, MADVISE, ARGS(0x10001, 0, MADV_NORMAL), -EINVAL,
	  .why[0] = VMT_WHY_ADDRESS_UNALIGNED },
	{ "length 0 where nothing is", V, MADVISE, ARGS(0x50000, 0, MADV_RANDOM), 0,
	  .after = NULL },
	{ "length wraps", V, MADVISE, ARGS(0x10000, -1ULL, MADV_NORMAL), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "end wraps", V, MADVISE, ARGS(0x10000, -0x1000ULL, MADV_NORMAL), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "nothing mapped", V, MADVISE, ARGS(0x50000, 0x1000, MADV_NORMAL), -ENOMEM,
	  .why[0] = VMT_WHY_HOLE },
	{ "over a hole, which fails in the end", V " | 16000-17000 rw-", MADVISE,
	  ARGS(0x10000, 0x7000, MADV_RANDOM), -ENOMEM,
	  .after = "10000-14000 rw- +rr | 16000-17000 rw- +rr", .why[0] = VMT_WHY_HOLE },
	{ "over a hole up to a refusal", V " | 16000-17000 rw- f7@0", MADVISE,
	  ARGS(0x10000, 0x7000, MADV_WIPEONFORK), -EINVAL,
	  .after = "10000-14000 rw- +wf | 16000-17000 rw- f7@0", .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ "a split at the limit", V, MADVISE, ARGS(0x10000, 0x1000, MADV_RANDOM), -EAGAIN,
	  .why[0] = VMT_WHY_SPLIT_LIMIT, .situation = "maps=1" },
	{ "a split at the limit, 5.15", V, MADVISE, ARGS(0x10000, 0x1000, MADV_RANDOM), -ENOMEM,
	  .why[0] = VMT_WHY_SPLIT_LIMIT, .situation = "maps=1 old" },
	{ "two splits, one below the limit", V, MADVISE, ARGS(0x11000, 0x1000, MADV_RANDOM),
	  -EAGAIN, .after = "10000-11000 rw- | 11000-14000 rw-", .why[0] = VMT_WHY_SPLIT_LIMIT,
	  .situation = "maps=2" },
	{ "no split at the limit", V, MADVISE, ARGS(0x10000, 0x4000, MADV_RANDOM), 0,
	  .after = V " +rr", .situation = "maps=1" },
	{ "part of a special mapping", VDSO, MADVISE, ARGS(0x10000, 0x1000, MADV_RANDOM), -EINVAL,
	  .why[0] = VMT_WHY_SPECIAL_SPLIT },
	{ "splits", "10000-14000 rw- a1", MADVISE, ARGS(0x11000, 0x1000, MADV_DONTFORK), 0,
	  .after = "10000-11000 rw- a1 | 11000-12000 rw- a1 +dc | 12000-14000 rw- a1",
	  .why[0] = VMT_WHY_SPLIT },
	{ "merges", "10000-11000 rw- a1 | 11000-12000 rw- a1 +dc | 12000-14000 rw- a1", MADVISE,
	  ARGS(0x11000, 0x1000, MADV_DOFORK), 0, .after = "10000-14000 rw- a1",
	  .why[0] = VMT_WHY_MERGE_BOTH },
};

#define ROW(before, advice, result) \
#advice ": " before, before, MADVISE, ARGS(0x10000, 0x4000, advice), result

/* The advice that sets flags. */
static const struct call_case flags[] = {
	{ ROW(V " +rr", MADV_NORMAL, 0), .flags = "rd wr mr mw me ac", .after = V },
	{ ROW(V " +sr", MADV_NORMAL, 0), .flags = "rd wr mr mw me ac", .after = V },
	{ ROW(V " +sr", MADV_RANDOM, 0), .flags = "rd wr mr mw me rr ac", .after = V " +rr" },
	{ ROW(V " +rr", MADV_SEQUENTIAL, 0), .flags = "rd wr mr mw me sr ac", .after = V " +sr" },
	{ ROW(V, MADV_DONTFORK, 0), .flags = "rd wr mr mw me dc ac", .after = V " +dc" },
	{ ROW(V " +dc", MADV_DOFORK, 0), .flags = "rd wr mr mw me ac", .after = V },
	{ ROW(VVAR, MADV_DONTFORK, 0), .flags = "rd mr pf io dc de dd",
	  .after = "10000-14000 r-- +pf +io +dc +de +dd -mw -me sp:[vvar] solid" },
	{ ROW(VVAR, MADV_DOFORK, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(V, MADV_WIPEONFORK, 0), .flags = "rd wr mr mw me ac wf", .after = V " +wf" },
	{ ROW(SHARED, MADV_WIPEONFORK, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(FILE, MADV_WIPEONFORK, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(V " +wf", MADV_KEEPONFORK, 0), .flags = "rd wr mr mw me ac", .after = V },
	{ ROW(DROPPABLE, MADV_KEEPONFORK, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(V, MADV_DONTDUMP, 0), .flags = "rd wr mr mw me ac dd", .after = V " +dd" },
	{ ROW(V " +dd", MADV_DODUMP, 0), .flags = "rd wr mr mw me ac", .after = V },
	{ ROW(DROPPABLE, MADV_DODUMP, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(VVAR, MADV_DODUMP, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(HUGE " +dd", MADV_DODUMP, 0), .flags = "rd wr sh mr mw me ms de ht", .after = HUGE },
	{ ROW(V, MADV_HUGEPAGE, 0), .flags = "rd wr mr mw me ac hg", .after = V " +hg" },
	{ ROW(V " +nh", MADV_HUGEPAGE, 0), .flags = "rd wr mr mw me ac hg", .after = V " +hg" },
	{ ROW(V " +hg", MADV_NOHUGEPAGE, 0), .flags = "rd wr mr mw me ac nh", .after = V " +nh" },
	{ ROW(V, MADV_MERGEABLE, 0), .flags = "rd wr mr mw me ac mg", .after = V " +mg" },
	{ ROW(FILE, MADV_MERGEABLE, 0), .flags = "rd wr mr mw me ac mg", .after = FILE " +mg" },
	{ ROW(SHARED, MADV_MERGEABLE, 0), .flags = "rd wr sh mr mw me ms" },
	{ ROW(DROPPABLE, MADV_MERGEABLE, 0), .flags = "rd wr mr mw me nr wf dd dp" },
	{ ROW(VVAR, MADV_MERGEABLE, 0), .flags = "rd mr pf io de dd" },
	{ ROW(V " +mg", MADV_UNMERGEABLE, 0), .flags = "rd wr mr mw me ac", .after = V },
	{ ROW(V, GUARD_INSTALL, 0), .flags = "rd wr mr mw me gu ac", .after = V " a1 +gu" },
	{ ROW(SHARED, GUARD_INSTALL, 0), .flags = "rd wr sh mr mw me ms gu",
	  .after = SHARED " +gu" },
	{ ROW(LOCKED, GUARD_INSTALL, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(VVAR, GUARD_INSTALL, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(V " a1 +gu", GUARD_REMOVE, 0), .flags = "rd wr mr mw me gu ac" },
	{ ROW(LOCKED, GUARD_REMOVE, 0), .flags = "rd wr mr mw me lo ac" },
	{ ROW(VVAR, GUARD_REMOVE, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
};

/* The advice about pages changes no VMA. */
static const struct call_case pages[] = {
	{ ROW(V, MADV_DONTNEED, 0), .after = NULL },
	{ ROW(FILE, MADV_DONTNEED, 0), .after = NULL },
	{ ROW(LOCKED, MADV_DONTNEED, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(VVAR, MADV_DONTNEED, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(LOCKED, DONTNEED_LOCKED, 0), .after = NULL },
	{ ROW(VVAR, DONTNEED_LOCKED, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(V, MADV_FREE, 0), .after = NULL },
	{ ROW(FILE, MADV_FREE, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(SHARED, MADV_FREE, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(LOCKED, MADV_FREE, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(V, MADV_COLD, 0), .after = NULL },
	{ ROW(SHARED, MADV_COLD, 0), .after = NULL },
	{ ROW(LOCKED, MADV_COLD, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(VVAR, MADV_COLD, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(HUGE, MADV_COLD, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(V, MADV_PAGEOUT, 0), .after = NULL },
	{ ROW(LOCKED, MADV_PAGEOUT, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	/* What only the kernel can know: files, swap, memory. */
	{ ROW(SHARED, MADV_REMOVE, 0), .open = false },
	{ ROW(V, MADV_REMOVE, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(FILE, MADV_REMOVE, -EACCES), .why[0] = VMT_WHY_ADVICE_NOT_SHARED },
	{ ROW(SHARED " +lo", MADV_REMOVE, -EINVAL), .why[0] = VMT_WHY_ADVICE_UNFIT },
	{ ROW(V, MADV_WILLNEED, 0), .after = NULL },
	{ ROW(V, MADV_POPULATE_READ, 0), .open = false },
	{ ROW(V " a1 +gu", MADV_POPULATE_WRITE, -EFAULT), .open = true },
	{ ROW(V, COLLAPSE, -EINVAL), .open = true },
	{ ROW(V, MADV_HWPOISON, -EPERM), .open = true },
	{ ROW(V, MADV_SOFT_OFFLINE, -EPERM), .open = true },
};

#define SEALED "10000-14000 r-- +sl"

/* A seal keeps what cannot be written from being thrown away. */
static const struct call_case seals[] = {
	{ ROW(SEALED, MADV_FREE, -EPERM), .why[0] = VMT_WHY_SEALED },
	{ ROW(SEALED, MADV_DONTNEED, -EPERM), .why[0] = VMT_WHY_SEALED },
	{ ROW(SEALED, DONTNEED_LOCKED, -EPERM), .why[0] = VMT_WHY_SEALED },
	{ ROW(SEALED, MADV_REMOVE, -EPERM), .why[0] = VMT_WHY_SEALED },
	{ ROW(SEALED, MADV_DONTFORK, -EPERM), .why[0] = VMT_WHY_SEALED },
	{ ROW(SEALED, MADV_WIPEONFORK, -EPERM), .why[0] = VMT_WHY_SEALED },
	{ ROW(SEALED, GUARD_INSTALL, -EPERM), .why[0] = VMT_WHY_SEALED },
	{ ROW(SEALED, GUARD_REMOVE, 0), .after = NULL },
	{ ROW(SEALED, MADV_DOFORK, 0), .after = NULL },
	{ ROW(SEALED, MADV_COLD, 0), .after = NULL },
	{ ROW(SEALED, MADV_DONTDUMP, 0), .after = "10000-14000 r-- +dd +sl" },
	{ ROW(SEALED, MADV_RANDOM, 0), .after = "10000-14000 r-- +rr +sl" },
	{ ROW("10000-14000 rw- +sl", MADV_DONTNEED, 0), .after = NULL },
	{ ROW("10000-14000 r-- f7@0 +sl", MADV_DONTNEED, 0), .after = NULL },
};

static void test_arguments(void **state)
{
	(void)state;
	call_run_all(arguments);
}

static void test_flags(void **state)
{
	(void)state;
	call_run_all(flags);
}

static void test_pages(void **state)
{
	(void)state;
	call_run_all(pages);
}

static void test_seals(void **state)
{
	(void)state;
	call_run_all(seals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_seals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
