/* SPDX-License-Identifier: MIT */
/*
 * test-place: where a new mapping goes, case by case. test-place-random.c asks in random layouts.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "mm-fixture.h"
#include "place.h"

#define COMPAT_BASE 0xf7ffe000 /* where 32-bit calls of a 64-bit program search from */

enum {
	PAGE = 0x1000,
	GUARD = 256 * PAGE, /* kept free below a VM_GROWSDOWN VMA */
	HUGE_SIZE = 2 << 20,
};

/* ---- One window, many requests -------------------------------------------------------------
 *
 * Unless a case says otherwise (K is 1000 hex, M is 100000 hex):
 *
 *	 0   64K                                    mmap_base       legacy_base          task_size
 *	 |    |  top-down search, from the right        |                |  bottom-up        |
 *	 0  10000                                   1000000          2000000          3000000
 */
enum {
	MMAP_BASE = 0x1000000,
	LEGACY_BASE = 0x2000000,
	TASK_SIZE_BYTES = 0x3000000,
};

struct place_case {
	const char *name;
	const char *layout;
	uint64_t length;
	uint64_t hint;
	uint64_t flags;
	int64_t result;
	enum vmt_why_id why;
	bool legacy;
};

static void open_small(struct mm *mm, const char *layout)
{
	mm_open(mm);
	mm->space->mmap_base = MMAP_BASE;
	mm->space->legacy_base = LEGACY_BASE;
	mm->space->task_size = TASK_SIZE_BYTES;
	mm_build(mm, layout);
	mm_begin(mm);
}

static int64_t place(struct mm *mm, const struct vmt_place_request *request, bool *ret_certain)
{
	return vmt_get_unmapped_area(mm->space, request, ret_certain);
}

static void check_cases(const struct place_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct place_case *c = &cases[i];
		const struct vmt_place_request request = {
			.address = c->hint,
			.length = c->length,
			.map_flags = c->flags | MAP_PRIVATE | MAP_ANONYMOUS,
			.placing.kind = VMT_PLACING_ANONYMOUS,
		};
		bool certain = false;
		int64_t result;
		struct mm mm;

		open_small(&mm, c->layout);
		mm.space->legacy = c->legacy;
		result = place(&mm, &request, &certain);
		if (result != c->result)
			fail_msg("%s: have %" PRIx64 ", wanted %" PRIx64, c->name, result,
				 c->result);
		assert_true(certain);
		mm_assert_told(&mm, c->name, c->why);
		mm_end(&mm);
		mm_close(&mm);
	}
}

static const struct place_case search_cases[] = {
	/* top-down: the highest gap that is large enough, and its top */
	{ "nothing mapped", "", 0x3000, .result = 0xffd000, .why = VMT_WHY_TOP_DOWN },
	{ "below the lowest", "ff0000-1000000 rw-", 0x3000, .result = 0xfed000,
	  .why = VMT_WHY_TOP_DOWN },
	{ "a hole that fits exactly", "f00000-ff0000 rw- | ff3000-1000000 rw-", 0x3000,
	  .result = 0xff0000, .why = VMT_WHY_TOP_DOWN },
	{ "a hole that is too small", "f00000-ff0000 rw- | ff2000-1000000 rw-", 0x3000,
	  .result = 0xefd000, .why = VMT_WHY_TOP_DOWN },
	{ "the higher of two holes", "e00000-f00000 rw- | f08000-ff0000 rw- | ff8000-1000000 rw-",
	  0x3000, .result = 0xff5000, .why = VMT_WHY_TOP_DOWN },
	{ "mmap_base cuts a gap", "fff000-1000000 rw- | 1010000-1020000 rw-", 0x2000,
	  .result = 0xffd000, .why = VMT_WHY_TOP_DOWN },
	{ "a VMA across mmap_base", "ff0000-1010000 rw-", 0x2000, .result = 0xfee000,
	  .why = VMT_WHY_TOP_DOWN },
	{ "only VMAs above mmap_base", "1000000-1010000 rw- | 2000000-2001000 rw-", 0x2000,
	  .result = 0xffe000, .why = VMT_WHY_TOP_DOWN },
	/* a stack above keeps 256 pages free below itself */
	{ "stack above", "fff000-1000000 rw- +gd", 0x1000, .result = 0xefe000,
	  .why = VMT_WHY_TOP_DOWN },
	{ "the hole is all guard", "e00000-f10000 rw- | ff0000-1000000 rw- +gd", 0x1000,
	  .result = 0xdff000, .why = VMT_WHY_TOP_DOWN },
	{ "the hole is guard but one page", "e00000-eef000 rw- | ff0000-1000000 rw- +gd", 0x1000,
	  .result = 0xeef000, .why = VMT_WHY_TOP_DOWN },
	{ "guard reaches below mmap_base", "1010000-1020000 rw- +gd", 0x1000, .result = 0xf0f000,
	  .why = VMT_WHY_TOP_DOWN },
	{ "a stack below does not matter", "f00000-ff0000 rw- +gd | ff1000-1000000 rw-", 0x1000,
	  .result = 0xff0000, .why = VMT_WHY_TOP_DOWN },
	/* full below mmap_base: bottom-up from legacy_base */
	{ "fallback", "1000-1000000 rw-", 0x3000, .result = 0x2000000, .why = VMT_WHY_ABOVE_BASE },
	{ "fallback past a VMA", "1000-1000000 rw- | 1f00000-2001000 rw-", 0x3000,
	  .result = 0x2001000, .why = VMT_WHY_ABOVE_BASE },
	{ "fallback past a small hole",
	  "1000-1000000 rw- | 2002000-2004000 rw- | 2007000-2008000 rw-", 0x3000,
	  .result = 0x2004000, .why = VMT_WHY_ABOVE_BASE },
	{ "fallback past a guard",
	  "1000-1000000 rw- | 2000000-2001000 rw- | 2101000-2102000 rw- +gd", 0x1000,
	  .result = 0x2102000, .why = VMT_WHY_ABOVE_BASE },
	{ "fallback beside a guard",
	  "1000-1000000 rw- | 2000000-2001000 rw- | 2102000-2103000 rw- +gd", 0x1000,
	  .result = 0x2001000, .why = VMT_WHY_ABOVE_BASE },
	{ "fallback up to the very end", "1000-1000000 rw- | 2000000-2ffd000 rw-", 0x3000,
	  .result = 0x2ffd000, .why = VMT_WHY_ABOVE_BASE },
	{ "full", "1000-1000000 rw- | 2000000-2ffe000 rw-", 0x3000, .result = -ENOMEM },
	{ "nothing below the least address", "10000-1000000 rw- | 2000000-3000000 rw-", 0x1000,
	  .result = -ENOMEM },
	{ "down to the least address", "12000-1000000 rw- | 2000000-3000000 rw-", 0x2000,
	  .result = 0x10000, .why = VMT_WHY_TOP_DOWN },
	{ "between the two windows nobody looks", "1000-1000000 rw- | 2000000-3000000 rw-", 0x1000,
	  .result = -ENOMEM },
	{ "longer than everything", "", TASK_SIZE_BYTES + PAGE, .result = -ENOMEM },
	/* legacy layout: bottom-up from the start */
	{ "legacy", "", 0x3000, .result = 0x2000000, .why = VMT_WHY_BOTTOM_UP, .legacy = true },
	{ "legacy, holes", "2000000-2001000 rw- | 2003000-2004000 rw-", 0x3000, .result = 0x2004000,
	  .why = VMT_WHY_BOTTOM_UP, .legacy = true },
	{ "legacy never looks down", "2000000-3000000 rw-", 0x1000, .result = -ENOMEM,
	  .legacy = true },
};

static const struct place_case hint_cases[] = {
	{ "free", "", 0x3000, 0x500000, .result = 0x500000, .why = VMT_WHY_HINT },
	{ "rounded down", "", 0x3000, 0x500fff, .result = 0x500000, .why = VMT_WHY_HINT },
	{ "fits between", "400000-500000 rw- | 503000-504000 rw-", 0x3000, 0x500000,
	  .result = 0x500000, .why = VMT_WHY_HINT },
	{ "above mmap_base", "", 0x3000, 0x2800000, .result = 0x2800000, .why = VMT_WHY_HINT },
	{ "up to the very end", "", 0x3000, 0x2ffd000, .result = 0x2ffd000, .why = VMT_WHY_HINT },
	{ "beyond the end", "", 0x3000, 0x2ffe000, .result = 0xffd000, .why = VMT_WHY_TOP_DOWN },
	{ "far beyond the end", "", 0x3000, UINT64_MAX - 0xfff, .result = 0xffd000,
	  .why = VMT_WHY_TOP_DOWN },
	{ "taken", "500000-501000 rw-", 0x3000, 0x500000, .result = 0xffd000,
	  .why = VMT_WHY_HINT_TAKEN },
	{ "taken at its end", "502000-503000 rw-", 0x3000, 0x500000, .result = 0xffd000,
	  .why = VMT_WHY_HINT_TAKEN },
	{ "inside a VMA", "400000-600000 rw-", 0x1000, 0x500000, .result = 0xffd000 + 0x2000,
	  .why = VMT_WHY_TOP_DOWN },
	{ "in a stack's guard", "600000-601000 rw- +gd", 0x1000, 0x500000 + 0x1000,
	  .result = 0xfff000, .why = VMT_WHY_HINT_GUARD },
	{ "just below a stack's guard", "600000-601000 rw- +gd", 0x1000, 0x500000 - 0x1000,
	  .result = 0x4ff000, .why = VMT_WHY_HINT },
	{ "lifted to the least address", "", 0x3000, 0x1000, .result = 0x10000,
	  .why = VMT_WHY_HINT_RAISED },
	{ "lifted, but taken", "10000-11000 rw-", 0x3000, 0x1000, .result = 0xffd000,
	  .why = VMT_WHY_HINT_TAKEN },
	{ "below a page is no hint", "", 0x3000, 0xfff, .result = 0xffd000,
	  .why = VMT_WHY_TOP_DOWN },
	{ "legacy honours it too", "", 0x3000, 0x500000, .result = 0x500000, .why = VMT_WHY_HINT,
	  .legacy = true },
};

static const struct place_case fixed_cases[] = {
	{ "free", "", 0x3000, 0x500000, MAP_FIXED, 0x500000, .why = VMT_WHY_FIXED },
	{ "over another", "4ff000-501000 rw-", 0x3000, 0x500000, MAP_FIXED, 0x500000,
	  .why = VMT_WHY_FIXED_OVER },
	{ "over one that begins later", "502000-503000 rw-", 0x3000, 0x500000, MAP_FIXED, 0x500000,
	  .why = VMT_WHY_FIXED_OVER },
	{ "beside others", "4ff000-500000 rw- | 503000-504000 rw-", 0x3000, 0x500000, MAP_FIXED,
	  0x500000, .why = VMT_WHY_FIXED },
	{ "in a stack's guard", "600000-601000 rw- +gd", 0x1000, 0x5ff000, MAP_FIXED, 0x5ff000,
	  .why = VMT_WHY_FIXED },
	{ "below the least address", "", 0x1000, 0x1000, MAP_FIXED, 0x1000, .why = VMT_WHY_FIXED },
	{ "address 0", "", 0x1000, 0, MAP_FIXED, 0, .why = VMT_WHY_FIXED },
	{ "noreplace, free", "", 0x3000, 0x500000, MAP_FIXED_NOREPLACE, 0x500000,
	  .why = VMT_WHY_FIXED },
	{ "up to the very end", "", 0x3000, 0x2ffd000, MAP_FIXED, 0x2ffd000, .why = VMT_WHY_FIXED },
	{ "beyond the end", "", 0x3000, 0x2ffe000, MAP_FIXED, -ENOMEM, .why = VMT_WHY_NONE },
	{ "far beyond the end", "", 0x3000, UINT64_MAX - 0xfff, MAP_FIXED, -ENOMEM,
	  .why = VMT_WHY_NONE },
	{ "not on a page", "", 0x3000, 0x500800, MAP_FIXED, -EINVAL, .why = VMT_WHY_NONE },
	{ "neither", "", 0x3000, 0x2fff800, MAP_FIXED, -ENOMEM, .why = VMT_WHY_NONE },
	{ "longer than everything", "", TASK_SIZE_BYTES + PAGE, 0, MAP_FIXED, -ENOMEM,
	  .why = VMT_WHY_NONE },
};

static void test_search(void **state)
{
	(void)state;
	check_cases(search_cases, vmt_countof(search_cases));
}

static void test_hint(void **state)
{
	(void)state;
	check_cases(hint_cases, vmt_countof(hint_cases));
}

static void test_fixed(void **state)
{
	(void)state;
	check_cases(fixed_cases, vmt_countof(fixed_cases));
}

/* ---- 2 MiB alignment ---------------------------------------------------------------------- */

/*
 * A padded search decides the gap; in it the mapping is moved up to where its offset in the file
 * and its address agree modulo 2 MiB. In the large window: mmap_base 7ffff7fff000.
 *
 *	[ gap of length + 2M, at its top       ]
 *	   [ length, aligned  ][ a hole is left ]
 */
static void test_huge(void **state)
{
	static const uint64_t base = 0x7ffff7fff000;
	static const struct {
		const char *name;
		uint64_t length;
		uint64_t hint;
		uint64_t pgoff;
		bool file;
		bool compat;
		unsigned align; /* features.thp_align */
		uint64_t result;
	} cases[] = {
		{ "2M", HUGE_SIZE, 0, 0, false, false, VMT_THP_ALIGN_MULTIPLE, 0x7ffff7c00000 },
		{ "4M", 2 * HUGE_SIZE, 0, 0, false, false, VMT_THP_ALIGN_MULTIPLE, 0x7ffff7a00000 },
		{ "2M and a page", HUGE_SIZE + PAGE, 0, 0, false, false, VMT_THP_ALIGN_MULTIPLE,
		  base - HUGE_SIZE - PAGE },
		{ "less than 2M", HUGE_SIZE - 2 * PAGE, 0, 0, false, false, VMT_THP_ALIGN_MULTIPLE,
		  base - HUGE_SIZE + 2 * PAGE },
		{ "a hint ends it", HUGE_SIZE, 0x500000001000, 0, false, false,
		  VMT_THP_ALIGN_MULTIPLE, 0x500000001000 },
		{ "any: 2M and a page", HUGE_SIZE + PAGE, 0, 0, false, false, VMT_THP_ALIGN_ANY,
		  0x7ffff7c00000 },
		{ "any: less than 2M", HUGE_SIZE - 2 * PAGE, 0, 0, false, false, VMT_THP_ALIGN_ANY,
		  base - HUGE_SIZE + 2 * PAGE },
		{ "never", HUGE_SIZE, 0, 0, false, false, VMT_THP_ALIGN_NEVER, base - HUGE_SIZE },
		{ "32-bit call", HUGE_SIZE, 0, 0, false, true, VMT_THP_ALIGN_MULTIPLE,
		  COMPAT_BASE - HUGE_SIZE },
		{ "file", HUGE_SIZE + PAGE, 0, 0, true, false, VMT_THP_ALIGN_MULTIPLE,
		  0x7ffff7c00000 },
		{ "file at an offset", 2 * HUGE_SIZE, 0, 0x10, true, false, VMT_THP_ALIGN_MULTIPLE,
		  0x7ffff7a10000 },
		{ "file without a whole unit", HUGE_SIZE, 0, 0x10, true, false,
		  VMT_THP_ALIGN_MULTIPLE, base - HUGE_SIZE },
		{ "small file", 0x10000, 0, 0, true, false, VMT_THP_ALIGN_MULTIPLE,
		  base - 0x10000 },
		{ "file, never for anonymous", 2 * HUGE_SIZE, 0, 0, true, false,
		  VMT_THP_ALIGN_NEVER, 0x7ffff7a00000 },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		const struct vmt_place_request request = {
			.address = cases[i].hint,
			.length = cases[i].length,
			.pgoff = cases[i].pgoff,
			.placing.kind = cases[i].file ? VMT_PLACING_THP : VMT_PLACING_ANONYMOUS,
			.compat = cases[i].compat,
		};
		bool certain = false;
		int64_t result;
		struct mm mm;

		mm_open(&mm);
		mm.space->features.thp_align = cases[i].align;
		mm.space->compat_base = COMPAT_BASE;
		mm_begin(&mm);
		result = place(&mm, &request, &certain);
		if (result != (int64_t)cases[i].result)
			fail_msg("%s: have %" PRIx64 ", wanted %" PRIx64, cases[i].name, result,
				 cases[i].result);
		assert_true(certain);
		assert_int_equal(mm_told(&mm, VMT_WHY_ALIGNED_2M),
				 !cases[i].hint && cases[i].result % HUGE_SIZE ==
							   cases[i].pgoff * PAGE % HUGE_SIZE);
		mm_end(&mm);
		mm_close(&mm);
	}
}

/* Only the padded search decides: an aligned hole that fits exactly is passed over. */
static void test_huge_exact_hole(void **state)
{
	const struct vmt_place_request request = { .length = HUGE_SIZE,
						   .placing.kind = VMT_PLACING_ANONYMOUS };
	bool certain;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "7ffff7a00000-7ffff7c00000 rw- | 7ffff7e00000-7ffff7fff000 rw-");
	mm_begin(&mm);
	assert_int_equal(place(&mm, &request, &certain), 0x7ffff7800000);
	mm_end(&mm);
	mm_close(&mm);
}

/* A top-down result that is aligned as found stays at the top; bottom-up it stays at the bottom. */
static void test_huge_found_aligned(void **state)
{
	const struct vmt_place_request request = { .length = HUGE_SIZE,
						   .placing.kind = VMT_PLACING_ANONYMOUS };
	bool certain;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm.space->mmap_base = 0x7ffff7e00000;
	mm.space->legacy_base = 0x2aaaaaa00000;
	mm_begin(&mm);
	assert_int_equal(place(&mm, &request, &certain), 0x7ffff7c00000);
	mm.space->legacy = true;
	assert_int_equal(place(&mm, &request, &certain), 0x2aaaaaa00000);
	mm.space->legacy_base = 0x2aaaaaaab000;
	assert_int_equal(place(&mm, &request, &certain), 0x2aaaaac00000);
	mm_end(&mm);
	mm_close(&mm);
}

/*
 * A hint for a file counts only where the padded length fits too; else the search goes by alignment,
 * not by the hint.
 */
static void test_huge_file_hint(void **state)
{
	struct vmt_place_request request = { .address = 0x300000001000,
					     .length = 0x3ff000,
					     .placing.kind = VMT_PLACING_THP };
	bool certain;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_begin(&mm);
	assert_int_equal(place(&mm, &request, &certain), 0x300000001000);
	mm_end(&mm);
	mm_build(&mm, "300000400000-300000401000 rw-");
	mm_begin(&mm);
	assert_int_equal(place(&mm, &request, &certain), 0x7ffff7c00000);
	/* less than 2 MiB is not aligned, and its hint holds */
	request.length = 0x1ff000;
	request.address = 0x300000201000;
	assert_int_equal(place(&mm, &request, &certain), 0x300000201000);
	mm_end(&mm);
	mm_close(&mm);
}

/* Where the padded search finds nothing, the plain one still may. */
static void test_huge_no_room(void **state)
{
	const struct vmt_place_request request = { .length = HUGE_SIZE,
						   .placing.kind = VMT_PLACING_ANONYMOUS };
	bool certain;
	struct mm mm;

	(void)state;
	open_small(&mm, "1000-d01000 rw- | f01000-1000000 rw- | 2000000-3000000 rw-");
	assert_int_equal(place(&mm, &request, &certain), 0xd01000);
	assert_false(mm_told(&mm, VMT_WHY_ALIGNED_2M));
	mm_end(&mm);
	mm_close(&mm);
}

/* A hint that is free for the length, but not for the 2 MiB more that huge pages of a file want. */
static void test_hint_for_huge_pages(void **state)
{
	struct vmt_place_request request = { .address = 0x10001000,
					     .length = 2 * HUGE_SIZE,
					     .placing.kind = VMT_PLACING_THP };
	bool certain;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "10402000-10403000 rw-");
	mm_begin(&mm);
	assert_int_equal(place(&mm, &request, &certain) % HUGE_SIZE, 0);
	assert_true(mm_told(&mm, VMT_WHY_HINT_HUGE));
	assert_false(mm_told(&mm, VMT_WHY_HINT_TAKEN));
	mm_end(&mm);
	mm_close(&mm);
}

/* ---- MAP_32BIT: bottom-up from 1 GiB, up to 2 GiB ----------------------------------------- */

static void test_low_2g(void **state)
{
	struct vmt_place_request request = { .length = 0x2000,
					     .map_flags = VMT_MAP_32BIT,
					     .placing.kind = VMT_PLACING_ANONYMOUS };
	bool certain;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "40000000-40001000 rw- | 40002000-40003000 rw-");
	mm_begin(&mm);
	assert_int_equal(place(&mm, &request, &certain), 0x40003000);
	assert_true(certain);
	assert_true(mm_told(&mm, VMT_WHY_LOW_2G));
	request.address = 0x7fff0000000;
	assert_int_equal(place(&mm, &request, &certain), 0x40003000);
	assert_true(mm_told(&mm, VMT_WHY_HINT_LOW_2G));
	request.address = 0;
	/* with ASLR the start is drawn for each call */
	mm.space->rights.personality = 0;
	assert_int_equal(place(&mm, &request, &certain), 0x40003000);
	assert_false(certain);
	mm.space->rights.personality = VMT_ADDR_NO_RANDOMIZE;
	/* a hint below 2 GiB is honoured */
	request.address = 0x50000000;
	assert_int_equal(place(&mm, &request, &certain), 0x50000000);
	request.address = 0x40000000;
	assert_int_equal(place(&mm, &request, &certain), 0x40003000);
	/* one that does not lie wholly below is none */
	request.address = 0x7ffff000;
	assert_int_equal(place(&mm, &request, &certain), 0x40003000);
	request.address = 0x100000000;
	assert_int_equal(place(&mm, &request, &certain), 0x40003000);
	/* 2 MiB alignment holds here too; above the start, as the layout is top-down */
	request.address = 0;
	request.length = HUGE_SIZE;
	assert_int_equal(place(&mm, &request, &certain), 0x40200000);
	/* never above 2 GiB */
	request.address = 0;
	request.length = 0x3fffd000;
	assert_int_equal(place(&mm, &request, &certain), 0x40003000);
	request.length += PAGE;
	assert_int_equal(place(&mm, &request, &certain), -ENOMEM);
	/* a 32-bit call has no such flag */
	request.length = 0x2000;
	request.compat = true;
	mm.space->compat_base = COMPAT_BASE;
	assert_int_equal(place(&mm, &request, &certain), COMPAT_BASE - 0x2000);
	mm_end(&mm);
	mm_close(&mm);
}

/* Without mmap_base the model does not claim to know, unless it need not search. */
static void test_base_unknown(void **state)
{
	struct vmt_place_request request = { .length = PAGE,
					     .placing.kind = VMT_PLACING_ANONYMOUS };
	bool certain;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm.space->mmap_base = 0;
	mm_begin(&mm);
	place(&mm, &request, &certain);
	assert_false(certain);
	request.address = 0x500000;
	assert_int_equal(place(&mm, &request, &certain), 0x500000);
	assert_true(certain);
	request.map_flags = MAP_FIXED;
	assert_int_equal(place(&mm, &request, &certain), 0x500000);
	assert_true(certain);
	mm_end(&mm);
	mm_close(&mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_hint),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_huge_exact_hole),
		cmocka_unit_test(test_huge_found_aligned),
		cmocka_unit_test(test_huge_file_hint),
		cmocka_unit_test(test_huge_no_room),
		cmocka_unit_test(test_hint_for_huge_pages),
		cmocka_unit_test(test_low_2g),
		cmocka_unit_test(test_base_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
