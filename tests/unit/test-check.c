/* SPDX-License-Identifier: MIT */
/*
 * test-check: the comparison with the kernel. The model's layout and the kernel's rows are
 * mm-fixture.h's text; of a row only what maps shows counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mm-fixture.h"
#include "seed.h"

/* ---- vmt_space_check() -------------------------------------------------------------------- */

struct check_case {
	const char *name;
	const char *model;
	const char *rows; /* that overlap or touch [start, end) */
	uint64_t start;
	uint64_t end;
	enum vmt_compared compared;
	const char *after; /* TAKEN_OVER: the model then */
	uint64_t ask_start; /* ASK_WIDER: what is to be asked */
	uint64_t ask_end;
};

#define EQUAL .compared = VMT_COMPARED_EQUAL
#define TAKEN(text) .compared = VMT_COMPARED_TAKEN_OVER, .after = (text)
#define WIDER(from, to) .compared = VMT_COMPARED_ASK_WIDER, .ask_start = (from), .ask_end = (to)

static const struct check_case check_cases[] = {
	{ "nothing", "", "", 0x1000, 0x2000, EQUAL },
	{ "the same", "1000-3000 rw-", "1000-3000 rw-", 0x1000, 0x3000, EQUAL },
	{ "hidden attributes do not show", "1000-3000 rw- a1 @7 +gd +lo p1", "1000-3000 rw-",
	  0x1000, 0x3000, EQUAL },
	{ "of a file", "1000-3000 r-- f7@2", "1000-3000 r-- f7@2", 0x1000, 0x3000, EQUAL },
	{ "neighbours that touch", "1000-2000 r-- | 2000-3000 rw- | 3000-4000 r-- | 5000-6000 r--",
	  "1000-2000 r-- | 2000-3000 rw- | 3000-4000 r--", 0x2000, 0x3000, EQUAL },
	{ "neighbours that do not", "1000-2000 r-- | 3000-4000 rw- | 5000-6000 r--",
	  "3000-4000 rw-", 0x3000, 0x4000, EQUAL },
	{ "all of it", "1000-2000 r-- | 3000-4000 rw-", "1000-2000 r-- | 3000-4000 rw-", 0,
	  UINT64_MAX, EQUAL },
	/* differences in the range that was asked */
	{ "perms", "1000-3000 rw-", "1000-3000 r--", 0x1000, 0x3000, TAKEN("1000-3000 r-- +ac") },
	{ "offset", "1000-3000 r-- f7@2", "1000-3000 r-- f7@5", 0x1000, 0x3000,
	  TAKEN("1000-3000 r-- f7@5") },
	{ "gone", "1000-3000 rw- | 5000-6000 rw-", "5000-6000 rw-", 0x1000, 0x6000,
	  TAKEN("5000-6000 rw-") },
	{ "new", "1000-3000 rw-", "1000-3000 rw- | 5000-6000 r-x", 0x1000, 0x6000,
	  TAKEN("1000-3000 rw- | 5000-6000 r-x") },
	{ "larger", "2000-3000 rw-", "1000-4000 rw-", 0x1000, 0x4000, TAKEN("1000-4000 rw-") },
	{ "smaller", "1000-4000 rw-", "2000-3000 rw-", 0x1000, 0x4000, TAKEN("2000-3000 rw-") },
	{ "cut", "1000-4000 rw-", "1000-2000 rw- | 2000-4000 rw-", 0x1000, 0x4000,
	  TAKEN("1000-2000 rw- | 2000-4000 rw-") },
	{ "merged", "1000-2000 rw- | 2000-4000 rw-", "1000-4000 rw-", 0x1000, 0x4000,
	  TAKEN("1000-4000 rw-") },
	/* differences that may go on beyond it: asked for more first */
	{ "row sticks out", "2000-3000 rw-", "1000-4000 rw-", 0x2000, 0x3000,
	  WIDER(0x1000, 0x4000) },
	{ "model sticks out", "1000-5000 rw-", "1000-2000 rw-", 0x1000, 0x2000,
	  WIDER(0x1000, 0x5000) },
	{ "a neighbour touches", "1000-2000 r-- | 2000-3000 rw-", "1000-2000 r-- | 2000-3000 r--",
	  0x2000, 0x3000, WIDER(0x1000, 0x3000) },
	/* taken over, with what is hidden */
	{ "hidden attributes stay", "1000-4000 rw- a3+ @9 +lo +gd p2 u4 close",
	  "1000-2000 rw- | 2000-4000 r-x", 0x1000, 0x4000,
	  TAKEN("1000-2000 rw- a3+ @9 +gd +lo p2 u4 close | "
		"2000-4000 r-x a3+ @a +gd +lo +ac p2 u4 close") },
	{ "below its old start", "3000-4000 rw- a1", "1000-4000 rw-", 0x1000, 0x4000,
	  TAKEN("1000-4000 rw- a1") },
	{ "of a file, the same open file", "1000-4000 rw- a3 f7@2 +lo",
	  "1000-2000 rw- f7@2 | 2000-4000 r-- f7@3", 0x1000, 0x4000,
	  TAKEN("1000-2000 rw- a3 f7@2 +lo | 2000-4000 r-- a3 f7@3 +lo +ac") },
	{ "named", "1000-3000 rw- a1", "1000-3000 rw- n:[anon:x]", 0x1000, 0x3000,
	  TAKEN("1000-3000 rw- a1 n:[anon:x]") },
	{ "no longer named", "1000-3000 rw- a1 n:[anon:x]", "1000-3000 rw-", 0x1000, 0x3000,
	  TAKEN("1000-3000 rw- a1") },
	{ "anon in place of the vdso", "1000-3000 r-x +de sp:[vdso] solid", "1000-3000 r-x", 0x1000,
	  0x3000, TAKEN("1000-3000 r-x") },
	{ "the vdso in place of anon", "1000-3000 r-x a1", "1000-3000 r-x sp:[vdso]", 0x1000,
	  0x3000, TAKEN("1000-3000 r-x +de sp:[vdso] solid") },
	{ "anon in place of a file", "1000-3000 rw- a1 f7@2 +lo", "1000-3000 rw-", 0x1000, 0x3000,
	  TAKEN("1000-3000 rw-") },
};

static void check_one(const struct check_case *c)
{
	uint64_t start = c->start, end = c->end;
	struct vmt_layout rows;
	struct mm mm;

	mm_open(&mm);
	mm_build(&mm, c->model);
	rows = mm_rows(&mm, c->rows);
	mm_begin(&mm);
	if (vmt_space_check(mm.space, &rows, &start, &end, &mm.step) != c->compared)
		fail_msg("%s: compared otherwise", c->name);
	switch (c->compared) {
	case VMT_COMPARED_EQUAL:
		assert_int_equal(mm.step.check, VMT_CHECK_MATCH);
		break;
	case VMT_COMPARED_TAKEN_OVER:
		assert_int_equal(mm.step.check, VMT_CHECK_ADJUSTED);
		assert_int_not_equal(mm.step.reason, VMT_REASON_NONE);
		break;
	case VMT_COMPARED_ASK_WIDER:
		assert_int_equal(mm.step.check, VMT_CHECK_UNCHECKED);
		assert_int_equal(start, c->ask_start);
		assert_int_equal(end, c->ask_end);
		break;
	}
	mm_end(&mm);
	mm_assert(&mm, c->name, c->after ? c->after : c->model);
	vmt_array_deinit(&rows);
	mm_close(&mm);
}

static void test_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmt_countof(check_cases); i++)
		check_one(&check_cases[i]);
}

/* Another inode in a file's place: what was known of the old one is forgotten. */
static void test_other_file(void **state)
{
	uint64_t start = 0x1000, end = 0x3000;
	struct vmt_layout rows;
	struct vmt_vma *vma;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-3000 rw- a3 f7@2 +lo");
	rows = mm_rows(&mm, "1000-3000 rw- f8@2");
	mm_begin(&mm);
	assert_int_equal(vmt_space_check(mm.space, &rows, &start, &end, &mm.step),
			 VMT_COMPARED_TAKEN_OVER);
	mm_end(&mm);
	vma = vmt_find_vma(mm.space, 0x1000);
	assert_int_equal(vma->file.inode, 8);
	assert_string_equal(vma->file.name, "/f8");
	assert_int_not_equal(vma->file.description, 7);
	assert_int_equal(vma->anon_vma, VMT_ANON_NONE);
	assert_int_equal(vma->flags & VMT_VM_LOCKED, 0);
	vmt_array_deinit(&rows);
	mm_close(&mm);
}

/* Memory of another kind in the old one's place: then nothing is left to differ. */
static void test_other_kind(void **state)
{
	static const struct {
		const char *model;
		const char *row;
	} cases[] = {
		{ "1000-3000 r-- f7@2", "1000-3000 r--s f7@2" },
		{ "1000-3000 r--s f7@2", "1000-3000 r-- f7@2" },
		{ "1000-3000 rw- a1", "1000-3000 rw-s f7@2" },
		{ "1000-3000 r-x +de sp:[vdso] solid", "1000-3000 r-x f7@2" },
		{ "1000-3000 r-- f7@2", "1000-3000 r-- sp:[vvar]" },
		{ "1000-3000 r-- sp:[vvar]", "1000-3000 r-x sp:[vdso]" },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		uint64_t start = 0x1000, end = 0x3000;
		struct vmt_layout rows;
		struct mm mm;

		mm_open(&mm);
		mm_build(&mm, cases[i].model);
		rows = mm_rows(&mm, cases[i].row);
		mm_begin(&mm);
		assert_int_equal(vmt_space_check(mm.space, &rows, &start, &end, &mm.step),
				 VMT_COMPARED_TAKEN_OVER);
		assert_int_equal(vmt_space_check(mm.space, &rows, &start, &end, &mm.step),
				 VMT_COMPARED_EQUAL);
		mm_end(&mm);
		vmt_array_deinit(&rows);
		mm_close(&mm);
	}
}

/* A reason that is known before stays; a match does not undo an adjustment. */
static void test_reason_kept(void **state)
{
	uint64_t start = 0x1000, end = 0x3000;
	struct vmt_layout rows;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-3000 rw-");
	rows = mm_rows(&mm, "1000-3000 r-x");
	mm_begin(&mm);
	mm.step.reason = VMT_REASON_ORDER_INFERRED;
	assert_int_equal(vmt_space_check(mm.space, &rows, &start, &end, &mm.step),
			 VMT_COMPARED_TAKEN_OVER);
	assert_int_equal(mm.step.reason, VMT_REASON_ORDER_INFERRED);
	assert_int_equal(vmt_space_check(mm.space, &rows, &start, &end, &mm.step),
			 VMT_COMPARED_EQUAL);
	assert_int_equal(mm.step.check, VMT_CHECK_ADJUSTED);
	mm_end(&mm);
	vmt_array_deinit(&rows);
	mm_close(&mm);
}

/* ---- Names and identity ------------------------------------------------------------------- */

/*
 * A row without a name leaves the names alone; where there is a difference, the names are asked for
 * before it is taken over.
 */
static void test_names(void **state)
{
	uint64_t start = 0x1000, end = 0x3000;
	struct vmt_layout rows;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-3000 r-- f7@2");
	rows = mm_rows(&mm, "1000-3000 r-- f7@2");
	mm_begin(&mm);
	rows.data[0].name = NULL;
	assert_int_equal(vmt_space_check(mm.space, &rows, &start, &end, &mm.step),
			 VMT_COMPARED_EQUAL);
	rows.data[0].perms = VMT_PERM_READ | VMT_PERM_EXEC;
	assert_int_equal(vmt_space_check(mm.space, &rows, &start, &end, &mm.step),
			 VMT_COMPARED_ASK_WIDER);
	assert_int_equal(start, 0x1000);
	assert_int_equal(end, 0x3000);
	rows.data[0].name = "/renamed";
	assert_int_equal(vmt_space_check(mm.space, &rows, &start, &end, &mm.step),
			 VMT_COMPARED_TAKEN_OVER);
	assert_string_equal(vmt_find_vma(mm.space, 0x1000)->file.name, "/renamed");
	assert_int_equal(vmt_find_vma(mm.space, 0x1000)->file.description, 7);
	mm_end(&mm);
	vmt_array_deinit(&rows);
	mm_close(&mm);
}

/* The first answer about a file's identity is taken without a word; the second one counts. */
static void test_identity(void **state)
{
	uint64_t start = 0x1000, end = 0x3000;
	struct vmt_layout rows;
	struct vmt_vma *vma;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_file(&mm, 7);
	mm_begin_call(&mm, VMT_CALL_MMAP, (const uint64_t[6]){ 0x1000, 0x2000, 1, 0x12, 3, 0 },
		      0x1000);
	mm.space->features.min_address = 0x1000;
	mm.space->min_address = 0x1000;
	vma = vmt_find_vma(mm.space, 0x1000);
	assert_true(vma->file.pending);
	rows = mm_rows(&mm, "1000-3000 r-- f7@0");
	rows.data[0].inode = 4711;
	rows.data[0].dev_minor = 42;
	rows.data[0].name = NULL;
	/* without a name it stays open */
	assert_int_equal(vmt_space_check(mm.space, &rows, &start, &end, &mm.step),
			 VMT_COMPARED_EQUAL);
	assert_int_equal(vma->file.inode, 4711);
	assert_true(vma->file.pending);
	rows.data[0].name = "/lower/f7";
	assert_int_equal(vmt_space_check(mm.space, &rows, &start, &end, &mm.step),
			 VMT_COMPARED_EQUAL);
	assert_string_equal(vma->file.name, "/lower/f7");
	assert_int_equal(vma->file.dev_minor, 42);
	assert_int_equal(vma->file.description, 7);
	assert_false(vma->file.pending);
	assert_int_equal(mm.step.check, VMT_CHECK_MATCH);
	mm_end(&mm);
	assert_string_equal(mm.step.added.data[0].map.name, "/lower/f7");
	/* from now on another inode is a difference */
	mm_begin(&mm);
	rows.data[0].inode = 4712;
	assert_int_equal(vmt_space_check(mm.space, &rows, &start, &end, &mm.step),
			 VMT_COMPARED_TAKEN_OVER);
	mm_end(&mm);
	vmt_array_deinit(&rows);
	mm_close(&mm);
}

/* The kernel's new name of a VMA, only of exactly that VMA and file. */
static void test_rename(void **state)
{
	static const struct {
		const char *row;
		bool taken;
	} cases[] = {
		{ "1000-3000 r-- f7@2", true },  { "1000-2000 r-- f7@2", false },
		{ "2000-3000 r-- f7@3", false }, { "1000-3000 r-- f8@2", false },
		{ "5000-6000 rw-", false },      { "8000-9000 r-- f7@2", false },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct vmt_layout rows;
		struct mm mm;

		mm_open(&mm);
		mm_build(&mm, "1000-3000 r-- f7@2 | 5000-6000 rw-");
		rows = mm_rows(&mm, cases[i].row);
		rows.data[0].name = "/f7 (deleted)";
		assert_int_equal(vmt_space_rename(mm.space, &rows, &mm.step), cases[i].taken);
		if (cases[i].taken) {
			mm_end(&mm);
			assert_int_equal(mm.step.cause, VMT_CAUSE_NAME_CHANGED);
			assert_string_equal(mm.step.removed.data[0].map.name, "/f7");
			assert_string_equal(mm.step.added.data[0].map.name, "/f7 (deleted)");
		}
		assert_string_equal(vmt_find_vma(mm.space, 0x1000)->file.name,
				    cases[i].taken ? "/f7 (deleted)" : "/f7");
		assert_string_equal(vmt_find_vma(mm.space, 0x5000)->file.name, "");
		vmt_array_deinit(&rows);
		mm_close(&mm);
	}
}

/* ---- What to ask -------------------------------------------------------------------------- */

/* The step's ranges as text, "2000-3000 7000-8000". */
static void assert_asked(const struct mm *mm, const char *wanted)
{
	struct vmt_str text = { 0 };
	uint64_t start, end;

	for (unsigned i = 0; vmt_step_range(mm->space, &mm->step, i, &start, &end); i++)
		vmt_str_printf(&text, "%s%" PRIx64 "-%" PRIx64, i ? " " : "", start, end);
	assert_string_equal(vmt_str_text(&text), wanted);
	vmt_str_deinit(&text);
}

static void test_step_range(void **state)
{
	uint64_t start = 1, end = 2;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-5000 rw-");
	mm_begin(&mm);
	assert_false(vmt_step_range(mm.space, &mm.step, 0, &start, &end));
	assert_int_equal(start, 1);
	assert_int_equal(end, 2);
	mm.step.start = 0x7000;
	mm.step.end = 0x8000;
	assert_asked(&mm, "7000-8000");
	/* and whatever was changed meanwhile */
	vmt_space_dirty(mm.space, 0x2000, 0x3000);
	assert_asked(&mm, "2000-3000 7000-8000");
	vmt_space_dirty(mm.space, 0x3000, 0x5000);
	assert_asked(&mm, "2000-5000 7000-8000");
	vmt_space_dirty(mm.space, 0x5000, 0x7000);
	assert_asked(&mm, "2000-8000");
	mm.step.start = mm.step.end = 0;
	assert_asked(&mm, "2000-7000");
	mm.step.whole = true;
	assert_asked(&mm, "0-ffffffffffffffff");
	mm_end(&mm);
	mm_close(&mm);
}

/* Only a range that no VMA reaches across, neither before the step nor after it. */
static void test_keeps_borders(void **state)
{
	static const struct {
		const char *after; /* of 3000-5000, before: one VMA of that range */
		bool keeps;
	} cases[] = {
		{ "1000-3000 rw- | 5000-7000 rw-", true },
		{ "1000-3000 rw- | 3000-5000 r-- | 5000-7000 rw-", true },
		{ "1000-3000 rw- | 3000-4000 r-- | 4000-5000 rw-", true },
		{ "3000-4000 r--", true },
		{ "1000-5000 rw- | 5000-7000 r--", false },
		{ "1000-3000 rw- | 3000-6000 r--", false },
		{ "1000-7000 rw-", false },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct vmt_vma_view old = { .map = { .start = 0x3000, .end = 0x5000 } };
		struct mm mm;

		mm_open(&mm);
		mm_build(&mm, cases[i].after);
		mm_begin(&mm);
		assert_int_equal(vmt_step_keeps_borders(mm.space, &mm.step, 0x3000, 0x5000),
				 cases[i].keeps);
		vmt_array_push(&mm.step.removed, old);
		assert_int_equal(vmt_step_keeps_borders(mm.space, &mm.step, 0x3000, 0x5000),
				 cases[i].keeps);
		/* A part of it: it reached across before. */
		assert_false(vmt_step_keeps_borders(mm.space, &mm.step, 0x3000, 0x4000));
		assert_false(vmt_step_keeps_borders(mm.space, &mm.step, 0x4000, 0x5000));
		mm.step.removed.count = 0;
		mm_end(&mm);
		mm_close(&mm);
	}
}

static void test_wants_names(void **state)
{
	static const struct {
		enum vmt_call_id call;
		uint64_t flags; /* the fourth argument */
		bool names;
	} cases[] = {
		{ VMT_CALL_MMAP, 0x02, true }, /* private file */
		{ VMT_CALL_MMAP, 0x22, false }, /* private anonymous */
		{ VMT_CALL_MMAP, 0x21, true }, /* shared anonymous: "/dev/zero (deleted)" */
		{ VMT_CALL_MMAP2, 0x02, true }, { VMT_CALL_SHMAT, 0, true },
		{ VMT_CALL_MUNMAP, 0, false },  { VMT_CALL_MPROTECT, 0, false },
		{ VMT_CALL_BRK, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct vmt_event event = { .call = cases[i].call,
					   .args = { [3] = cases[i].flags } };
		struct vmt_step step = { .event = &event };

		assert_int_equal(vmt_step_wants_names(&step), cases[i].names);
		step.whole = true;
		assert_true(vmt_step_wants_names(&step));
		step = (struct vmt_step){ .cause = VMT_CAUSE_FOUND };
		assert_true(vmt_step_wants_names(&step));
	}
}

/* ---- Whatever the kernel says, the model then says too ------------------------------------- */

enum {
	ROUNDS = 5000,
	PAGES = 24,
	PAGE = 0x1000
};

static void random_layout(struct seed *seed, struct vmt_str *ret_text)
{
	static const char *const kinds[] = { "rw-",     "r--",     "r-x",    "---",
					     "r-- f7@", "rw- f7@", "r-- f8@" };

	for (unsigned at = 1; at < PAGES;) {
		unsigned end = at + (unsigned)seed_between(seed, 1, 6);
		const char *kind = kinds[seed_below(seed, vmt_countof(kinds))];

		if (seed_below(seed, 3)) {
			vmt_str_printf(ret_text, "%s%x-%x %s", ret_text->length ? " | " : "",
				       at * PAGE, end * PAGE, kind);
			/* at the page of the same number, so that pieces of a file go on */
			if (strchr(kind, '@'))
				vmt_str_printf(ret_text, "%x", at);
		}
		at = end;
	}
}

/* The rows that overlap or touch [start, end), as the kernel would answer. */
static struct vmt_layout answer(const struct vmt_layout *all, uint64_t start, uint64_t end)
{
	struct vmt_layout rows = { 0 };

	for (size_t i = 0; i < all->count; i++) {
		if (all->data[i].start <= end && all->data[i].end >= start)
			vmt_array_push(&rows, all->data[i]);
	}
	return rows;
}

static void test_random(void **state)
{
	struct seed seed = seed_start("check");

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct vmt_str model = { 0 }, kernel = { 0 };
		uint64_t start = seed_below(&seed, PAGES) * PAGE;
		uint64_t end = start + seed_below(&seed, PAGES) * PAGE;
		struct vmt_layout all;
		enum vmt_compared compared;
		unsigned asked = 0;
		struct mm mm;

		random_layout(&seed, &model);
		random_layout(&seed, &kernel);
		mm_open(&mm);
		mm_build(&mm, vmt_str_text(&model));
		all = mm_rows(&mm, vmt_str_text(&kernel));
		mm_begin(&mm);
		do {
			struct vmt_layout rows = answer(&all, start, end);

			compared = vmt_space_check(mm.space, &rows, &start, &end, &mm.step);
			vmt_array_deinit(&rows);
			assert_true(++asked < 2 * PAGES);
		} while (compared == VMT_COMPARED_ASK_WIDER);
		for (size_t n = 0; n < all.count; n++) {
			struct vmt_mapping have;

			if (all.data[n].start > end || all.data[n].end < start)
				continue;
			assert_true(vmt_space_find(mm.space, all.data[n].start, &have));
			assert_true(vmt_mapping_equal(&have, &all.data[n]));
		}
		mm_end(&mm);
		vmt_array_deinit(&all);
		mm_close(&mm);
		vmt_str_deinit(&model);
		vmt_str_deinit(&kernel);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),         cmocka_unit_test(test_other_file),
		cmocka_unit_test(test_other_kind),    cmocka_unit_test(test_reason_kept),
		cmocka_unit_test(test_names),         cmocka_unit_test(test_identity),
		cmocka_unit_test(test_rename),        cmocka_unit_test(test_step_range),
		cmocka_unit_test(test_keeps_borders), cmocka_unit_test(test_wants_names),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
