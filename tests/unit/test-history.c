/* SPDX-License-Identifier: MIT */
/*
 * test-history: which steps shaped which bytes. A history is written as runs of pages with the
 * same steps: "1000-3000 0,4 | 3000-4000 7"; pages without a piece do not appear.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "history.h"
#include "mm-fixture.h"

enum {
	PAGE = 0x1000,
	TEXT_END = 0x20000, /* what history_text() looks at */
	PIECE_STEPS = 32, /* that one piece lists, of them */
	PIECE_FIRST = 8, /* the oldest are never dropped */
	VIEW_PIECES = 256, /* that one view looks at */
	VIEW_STEPS = 32, /* that it lists */
};

static void page_steps(const struct vmt_space *space, uint64_t page, struct vmt_str *ret_text)
{
	uint32_t *numbers;
	size_t count;

	vmt_history_steps(space, page, page + PAGE, &numbers, &count);
	for (size_t i = 0; i < count; i++)
		vmt_str_printf(ret_text, "%s%u", i ? "," : "", numbers[i]);
	free(numbers);
}

static void history_text(const struct vmt_space *space, struct vmt_str *ret_text)
{
	struct vmt_str run = { 0 };
	uint64_t start = 0;

	for (uint64_t page = 0; page <= TEXT_END; page += PAGE) {
		struct vmt_str steps = { 0 };

		page_steps(space, page, &steps);
		if (strcmp(vmt_str_text(&steps), vmt_str_text(&run)) == 0) {
			vmt_str_deinit(&steps);
			continue;
		}
		if (run.length)
			vmt_str_printf(ret_text, "%s%" PRIx64 "-%" PRIx64 " %s",
				       ret_text->length ? " | " : "", start, page, run.data);
		start = page;
		vmt_str_deinit(&run);
		run = steps;
	}
	vmt_str_deinit(&run);
}

static void assert_history(const struct mm *mm, const char *name, const char *wanted)
{
	struct vmt_str text = { 0 };

	vmt_range_verify(&mm->space->pieces);
	history_text(mm->space, &text);
	if (strcmp(vmt_str_text(&text), wanted) != 0)
		fail_msg("%s:\n  have   %s\n  wanted %s", name, vmt_str_text(&text), wanted);
	vmt_str_deinit(&text);
}

/* ---- One function, one case ---------------------------------------------------------------- */

enum action {
	MARK,
	POINT,
	DROP,
	COPY,
	SYNC
};

static const struct {
	const char *name;
	const char *layout; /* built as step 0 */
	enum action action; /* done as step 5 */
	uint64_t start;
	uint64_t end; /* COPY: where to; the length is 2 pages */
	const char *after;
} cases[] = {
	{ "mark all", "1000-5000 rw-", MARK, 0x1000, 0x5000, "1000-5000 0,5" },
	{ "mark head", "1000-5000 rw-", MARK, 0x1000, 0x2000, "1000-2000 0,5 | 2000-5000 0" },
	{ "mark tail", "1000-5000 rw-", MARK, 0x4000, 0x5000, "1000-4000 0 | 4000-5000 0,5" },
	{ "mark middle", "1000-5000 rw-", MARK, 0x2000, 0x4000,
	  "1000-2000 0 | 2000-4000 0,5 | 4000-5000 0" },
	{ "mark leaves holes", "1000-2000 rw- | 4000-6000 r--", MARK, 0x0, 0x5000,
	  "1000-2000 0,5 | 4000-5000 0,5 | 5000-6000 0" },
	{ "mark where nothing is", "1000-2000 rw-", MARK, 0x2000, 0x9000, "1000-2000 0" },
	{ "mark nothing", "1000-5000 rw-", MARK, 0x3000, 0x3000, "1000-5000 0" },
	{ "mark backwards", "1000-5000 rw-", MARK, 0x3000, 0x2000, "1000-5000 0" },
	{ "point", "1000-5000 rw- | 5000-6000 r--", POINT, 0x2345, 0,
	  "1000-5000 0,5 | 5000-6000 0" },
	{ "point at the last byte", "1000-5000 rw- | 5000-6000 r--", POINT, 0x4fff, 0,
	  "1000-5000 0,5 | 5000-6000 0" },
	{ "point past the end", "1000-5000 rw-", POINT, 0x5000, 0, "1000-5000 0" },
	{ "drop all", "1000-5000 rw-", DROP, 0x0, 0x9000, "" },
	{ "drop middle", "1000-5000 rw-", DROP, 0x2000, 0x4000, "1000-2000 0 | 4000-5000 0" },
	{ "drop across", "1000-3000 rw- | 4000-6000 rw-", DROP, 0x2000, 0x5000,
	  "1000-2000 0 | 5000-6000 0" },
	{ "drop nothing", "1000-5000 rw-", DROP, 0x3000, 0x3000, "1000-5000 0" },
	{ "copy into the open", "1000-5000 rw-", COPY, 0x2000, 0x9000,
	  "1000-5000 0 | 9000-b000 0" },
	{ "copy over another", "1000-3000 rw- | 9000-c000 r--", COPY, 0x1000, 0x9000,
	  "1000-3000 0 | 9000-c000 0" },
	{ "copy of a hole leaves a hole", "1000-2000 rw- | 9000-c000 r--", COPY, 0x1000, 0x9000,
	  "1000-2000 0 | 9000-a000 0 | b000-c000 0" },
	{ "copy of nothing empties", "9000-c000 r--", COPY, 0x1000, 0x9000, "b000-c000 0" },
	{ "sync changes nothing that agrees", "1000-3000 rw- | 4000-6000 rw-", SYNC, 0x0, 0x9000,
	  "1000-3000 0 | 4000-6000 0" },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct mm mm;

		mm_open(&mm);
		mm_build(&mm, cases[i].layout);
		switch (cases[i].action) {
		case MARK:
			vmt_history_mark(mm.space, cases[i].start, cases[i].end, 5);
			break;
		case POINT:
			vmt_history_point(mm.space, cases[i].start, 5);
			break;
		case DROP:
			vmt_history_drop(mm.space, cases[i].start, cases[i].end);
			break;
		case COPY:
			vmt_history_copy(mm.space, cases[i].start, 2 * PAGE, cases[i].end);
			break;
		case SYNC:
			vmt_history_sync(mm.space, cases[i].start, cases[i].end, 5);
			break;
		}
		assert_history(&mm, cases[i].name, cases[i].after);
		mm_close(&mm);
	}
}

/* A copy takes along the steps of each piece, cut at the ends of the copied range. */
static void test_copy_pieces(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-5000 rw- | 9000-b000 rw-");
	vmt_history_mark(mm.space, 0x1000, 0x3000, 3);
	vmt_history_mark(mm.space, 0x9000, 0xb000, 4);
	vmt_history_copy(mm.space, 0x2000, 0x2000, 0x9000);
	assert_history(&mm, "copied", "1000-3000 0,3 | 3000-5000 0 | 9000-a000 0,3 | a000-b000 0");
	vmt_history_mark(mm.space, 0x9000, 0xa000, 7);
	assert_history(&mm, "the copy is its own",
		       "1000-3000 0,3 | 3000-5000 0 | 9000-a000 0,3,7 | a000-b000 0");
	mm_close(&mm);
}

/* The same step twice counts once; steps of a range are one ascending list. */
static void test_unique(void **state)
{
	uint32_t *numbers;
	size_t count;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-5000 rw-");
	vmt_history_mark(mm.space, 0x1000, 0x3000, 2);
	vmt_history_mark(mm.space, 0x2000, 0x5000, 2);
	vmt_history_mark(mm.space, 0x4000, 0x5000, 3);
	vmt_history_mark(mm.space, 0x1000, 0x2000, 4);
	assert_history(&mm, "unique", "1000-2000 0,2,4 | 2000-4000 0,2 | 4000-5000 0,2,3");
	assert_int_equal(vmt_history_steps(mm.space, 0x1000, 0x5000, &numbers, &count), 0);
	assert_int_equal(count, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(numbers[i], i ? i + 1 : 0);
	free(numbers);
	assert_int_equal(vmt_history_steps(mm.space, 0x6000, 0x9000, &numbers, &count), 0);
	assert_int_equal(count, 0);
	free(numbers);
	mm_close(&mm);
}

/* sync() restores: every byte of a VMA has a piece, and no other byte has one. */
static void test_sync(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-3000 rw- | 4000-6000 rw- | 8000-a000 rw-");
	vmt_history_drop(mm.space, 0x2000, 0x5000);
	vmt_history_sync(mm.space, 0x0, 0x20000, 6);
	assert_history(&mm, "filled",
		       "1000-2000 0 | 2000-3000 6 | 4000-5000 6 | 5000-6000 0 | "
		       "8000-a000 0");
	vmt_history_copy(mm.space, 0x1000, 0x1000, 0x7000);
	vmt_history_copy(mm.space, 0x1000, 0x1000, 0xb000);
	vmt_history_sync(mm.space, 0x3000, 0x8000, 7);
	assert_history(&mm, "only in the range",
		       "1000-2000 0 | 2000-3000 6 | 4000-5000 6 | "
		       "5000-6000 0 | 8000-a000 0 | b000-c000 0");
	vmt_history_sync(mm.space, 0x0, UINT64_MAX, 8);
	assert_history(&mm, "everywhere",
		       "1000-2000 0 | 2000-3000 6 | 4000-5000 6 | "
		       "5000-6000 0 | 8000-a000 0");
	mm_close(&mm);
}

/* What calls leave: a new mapping starts afresh, a change adds, a merge keeps the pieces apart. */
static void test_calls(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-5000 rw- | 7000-9000 rw-"); /* 0 */
	mm_call(&mm, VMT_CALL_MPROTECT, 0, 0x2000, 0x1000, 1); /* 1 */
	assert_history(&mm, "mprotect", "1000-2000 0 | 2000-3000 0,1 | 3000-5000 0 | 7000-9000 0");
	mm_call(&mm, VMT_CALL_MMAP, 0x5000, 0x5000, 0x2000, 3, 0x32, UINT64_MAX); /* 2 */
	mm_assert(&mm, "mmap", "1000-2000 rw- | 2000-3000 r-- | 3000-9000 rw-");
	assert_history(&mm, "mmap",
		       "1000-2000 0 | 2000-3000 0,1 | 3000-5000 0 | 5000-7000 2 | "
		       "7000-9000 0");
	mm_call(&mm, VMT_CALL_MMAP, 0x4000, 0x4000, 0x2000, 3, 0x32, UINT64_MAX); /* 3 */
	assert_history(&mm, "over",
		       "1000-2000 0 | 2000-3000 0,1 | 3000-4000 0 | 4000-6000 3 | "
		       "6000-7000 2 | 7000-9000 0");
	mm_call(&mm, VMT_CALL_MUNMAP, 0, 0x1000, 0x2000); /* 4 */
	assert_history(&mm, "munmap", "3000-4000 0 | 4000-6000 3 | 6000-7000 2 | 7000-9000 0");
	mm_call(&mm, VMT_CALL_SET_ROBUST_LIST, 0, 0x6123, 24); /* 5 */
	assert_history(&mm, "point", "3000-4000 0 | 4000-6000 3 | 6000-7000 2,5 | 7000-9000 0");
	mm_close(&mm);
}

/* ---- Caps -------------------------------------------------------------------------------- */

/* A piece that very many steps touched keeps its first and its latest, and counts the rest. */
static void test_piece_cap(void **state)
{
	enum {
		LAST = 100
	};
	uint32_t *numbers;
	size_t count;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-5000 rw-");
	for (uint32_t step = 1; step <= LAST; step++) {
		size_t left_out;

		vmt_history_mark(mm.space, 0x1000, 0x5000, step);
		left_out = vmt_history_steps(mm.space, 0x1000, 0x5000, &numbers, &count);
		assert_int_equal(count + left_out, step + 1);
		assert_int_equal(count, step < PIECE_STEPS ? step + 1 : PIECE_STEPS);
		for (uint32_t i = 0; i < count; i++)
			assert_int_equal(numbers[i],
					 i < PIECE_FIRST ? i : step + 1 - (uint32_t)(count - i));
		free(numbers);
	}
	/* a cut copies what was left out */
	vmt_history_mark(mm.space, 0x2000, 0x3000, LAST + 1);
	assert_int_equal(vmt_history_steps(mm.space, 0x3000, 0x4000, &numbers, &count),
			 LAST + 1 - PIECE_STEPS);
	free(numbers);
	mm_close(&mm);
}

/* A view of many pieces looks at some of them, lists some steps, and says that it left some out. */
static void test_view_caps(void **state)
{
	enum {
		PIECES = VIEW_PIECES + 50
	};
	struct vmt_view_list list;
	uint32_t *numbers;
	size_t count, left_out;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "100000-300000 rw-");
	for (uint32_t i = 1; i < PIECES; i++)
		vmt_history_mark(mm.space, 0x100000 + i * PAGE, 0x101000 + i * PAGE, i);
	/* step 0 and those of the first VIEW_STEPS - 1 pieces: all fit */
	left_out = vmt_history_steps(mm.space, 0x100000, 0x100000 + VIEW_STEPS * PAGE, &numbers,
				     &count);
	assert_int_equal(left_out, 0);
	assert_int_equal(count, VIEW_STEPS);
	free(numbers);
	left_out = vmt_history_steps(mm.space, 0x100000, 0x100000 + (VIEW_STEPS + 1) * PAGE,
				     &numbers, &count);
	assert_int_equal(left_out, 1);
	assert_int_equal(count, VIEW_STEPS);
	free(numbers);
	vmt_space_view(mm.space, &list);
	assert_int_equal(list.rows.count, 1);
	assert_int_equal(list.rows.data[0].step_count, VIEW_STEPS);
	assert_true(list.rows.data[0].steps_left_out >= VIEW_PIECES - VIEW_STEPS);
	vmt_view_list_deinit(&list);
	mm_close(&mm);
}

static void test_freed(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-5000 rw- | 7000-9000 rw-");
	vmt_history_mark(mm.space, 0x2000, 0x3000, 1);
	vmt_history_free(mm.space);
	assert_history(&mm, "freed", "");
	vmt_history_free(mm.space);
	mm_close(&mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),     cmocka_unit_test(test_copy_pieces),
		cmocka_unit_test(test_unique),    cmocka_unit_test(test_sync),
		cmocka_unit_test(test_calls),     cmocka_unit_test(test_piece_cap),
		cmocka_unit_test(test_view_caps), cmocka_unit_test(test_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
