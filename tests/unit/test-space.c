/* SPDX-License-Identifier: MIT */
/*
 * test-space: how VMAs look from outside (labels, flag words, gate pages), the growth of a stack,
 * and the names that are a promise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm-fixture.h"
#include "seed.h"

/* ---- Labels ------------------------------------------------------------------------------- */

/*
 * [heap] for what overlaps [start_brk, brk) = [4000,6000), up to 6.1 also for what only touches it;
 * [stack] for what holds start_stack = 9800, or ends there.
 */
static void test_labels(void **state)
{
	static const struct {
		const char *vma;
		const char *label;
		const char *old_label; /* features.heap_label_inclusive */
	} cases[] = {
		{ "4000-6000 rw-", "[heap]", "[heap]" },
		{ "3000-5000 rw-", "[heap]", "[heap]" },
		{ "5000-7000 rw-", "[heap]", "[heap]" },
		{ "3000-4000 rw-", "", "[heap]" },
		{ "6000-7000 rw-", "", "[heap]" },
		{ "2000-3000 rw-", "", "" },
		{ "7000-8000 rw-", "", "" },
		{ "4000-6000 rw- f7@0", "/f7", "/f7" },
		{ "4000-6000 rw- n:[anon:x]", "[heap]", "[heap]" },
		{ "9000-a000 rw-", "[stack]", "[stack]" },
		{ "8000-9000 rw-", "", "" },
		{ "a000-b000 rw-", "", "" },
		{ "9000-a000 rw- n:[anon:x]", "[stack]", "[stack]" },
		{ "9000-a000 r-x sp:[vdso]", "[vdso]", "[vdso]" },
		{ "1000-2000 rw- n:[anon:x]", "[anon:x]", "[anon:x]" },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct vmt_mapping map;
		struct mm mm;

		mm_open(&mm);
		mm.space->start_brk = 0x4000;
		mm.space->brk = 0x6000;
		mm.space->start_stack = 0x9800;
		mm_build(&mm, cases[i].vma);
		map = vmt_vma_mapping(mm.space, vmt_space_first(mm.space));
		assert_string_equal(map.name, cases[i].label);
		mm.space->features.heap_label_inclusive = true;
		map = vmt_vma_mapping(mm.space, vmt_space_first(mm.space));
		assert_string_equal(map.name, cases[i].old_label);
		mm_close(&mm);
	}
}

/* A stack pointer at the very end of a VMA still labels it. */
static void test_stack_label_inclusive(void **state)
{
	struct vmt_mapping map;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm.space->start_stack = 0xa000;
	mm_build(&mm, "9000-a000 rw-");
	map = vmt_vma_mapping(mm.space, vmt_space_first(mm.space));
	assert_string_equal(map.name, "[stack]");
	mm_close(&mm);
}

/* The heap's label moves with the break, onto VMAs and off them, and each move is a change. */
static void test_heap_label_moves(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm.space->start_brk = mm.space->brk = 0x4000;
	mm.space->brk_known = true;
	mm_build(&mm, "3000-4000 rw- | 8000-9000 r--");
	mm_call(&mm, VMT_CALL_BRK, 0x6000, 0x6000);
	/* .bss stays apart from the heap */
	mm_assert(&mm, "grown", "3000-4000 rw- | 4000-6000 rw- | 8000-9000 r--");
	assert_string_equal(mm.step.added.data[0].map.name, "[heap]");
	assert_int_equal(mm.step.removed.count, 0);
	/* the break moves inside its page: a label may stay, and no VMA changes */
	mm_call(&mm, VMT_CALL_BRK, 0x5800, 0x5800);
	assert_int_equal(mm.step.added.count, 0);
	mm_call(&mm, VMT_CALL_BRK, 0x4000, 0x4000);
	mm_assert(&mm, "given back", "3000-4000 rw- | 8000-9000 r--");
	assert_int_equal(mm.step.removed.count, 1);
	assert_int_equal(mm.step.added.count, 0);
	/* 5.15 grows .bss, and the label with it moves onto all of it */
	mm.space->features.brk_merges_below = true;
	mm_call(&mm, VMT_CALL_BRK, 0x6000, 0x6000);
	mm_assert(&mm, "5.15", "3000-6000 rw- | 8000-9000 r--");
	assert_string_equal(mm.step.added.data[0].map.name, "[heap]");
	assert_string_equal(mm.step.removed.data[0].map.name, "");
	mm_call(&mm, VMT_CALL_BRK, 0x4000, 0x4000);
	mm_assert(&mm, "given back", "3000-4000 rw- | 8000-9000 r--");
	assert_string_equal(mm.step.added.data[0].map.name, "");
	mm_close(&mm);
}

/* A break that the model would have refused, because something is in the way: taken as told. */
static void test_heap_label_unforeseen(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm.space->start_brk = mm.space->brk = 0x4000;
	mm.space->brk_known = true;
	mm_build(&mm, "5000-6000 r--");
	mm_call(&mm, VMT_CALL_BRK, 0x7000, 0x7000);
	assert_int_equal(mm.step.expected, 0x4000);
	assert_int_equal(mm.step.check, VMT_CHECK_ADJUSTED);
	assert_int_equal(mm.space->brk, 0x7000);
	assert_string_equal(mm.step.added.data[0].map.name, "[heap]");
	mm_close(&mm);
}

/* ---- Look-ups ----------------------------------------------------------------------------- */

static void test_find(void **state)
{
	const struct vmt_mapping gate = { .start = 0xffffffffff600000,
					  .end = 0xffffffffff601000,
					  .perms = VMT_PERM_EXEC,
					  .gate = true,
					  .name = "[vsyscall]" };
	struct vmt_mapping map = { .start = 1 };
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-3000 r-xs f7@5 | 3000-4000 rw-");
	vmt_array_push(&mm.space->gates, gate);
	vmt_array_push(&mm.space->gate_steps, 0);
	assert_false(vmt_space_find(mm.space, 0xfff, &map));
	assert_false(vmt_space_find(mm.space, 0x4000, &map));
	assert_false(vmt_space_find(mm.space, 0xffffffffff601000, &map));
	assert_int_equal(map.start, 1); /* untouched */
	assert_true(vmt_space_find(mm.space, 0x2fff, &map));
	assert_int_equal(map.start, 0x1000);
	assert_int_equal(map.end, 0x3000);
	assert_int_equal(map.perms, VMT_PERM_READ | VMT_PERM_EXEC | VMT_PERM_SHARED);
	assert_int_equal(map.offset, 0x5000);
	assert_int_equal(map.dev_major, 8);
	assert_int_equal(map.dev_minor, 1);
	assert_int_equal(map.inode, 7);
	assert_string_equal(map.name, "/f7");
	assert_true(vmt_space_find(mm.space, 0x3000, &map));
	assert_int_equal(map.offset, 0);
	assert_int_equal(map.inode, 0);
	assert_true(vmt_space_find(mm.space, 0xffffffffff600fff, &map));
	assert_true(map.gate);
	assert_int_equal(vmt_space_count(mm.space), 2); /* gates are not in it */
	mm_close(&mm);
}

static void test_flag_words(void **state)
{
	static const struct {
		uint64_t flags;
		const char *text;
	} cases[] = {
		{ 0, "" },
		{ VMT_VM_READ, "rd" },
		{ VMT_VM_READ | VMT_VM_WRITE | VMT_VM_MAYREAD | VMT_VM_MAYWRITE | VMT_VM_MAYEXEC |
			  VMT_VM_ACCOUNT,
		  "rd wr mr mw me ac" },
		{ VMT_VM_SEALED | VMT_VM_READ | VMT_VM_PKEY_MASK, "rd sl" },
		{ VMT_VM_GROWSDOWN | VMT_VM_SHARED | VMT_VM_MAYSHARE, "sh ms gd" },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct vmt_str text = { 0 };

		vmt_vm_flags_text(cases[i].flags, &text);
		assert_string_equal(vmt_str_text(&text), cases[i].text);
		vmt_str_deinit(&text);
	}
}

/* ---- Stack growth ------------------------------------------------------------------------- */

/*	          [ stack ]   =>      [   stack    ]	*/
static void test_grow(void **state)
{
	static const struct {
		const char *name;
		const char *layout;
		const char *row; /* the kernel's VMA at the stack */
		const char *after; /* NULL: it has not grown */
	} cases[] = {
		{ "grown", "9000-a000 rw- a1 @50 +gd", "7000-a000 rw-",
		  "7000-a000 rw- a1 @4e +gd" },
		{ "grown up to a neighbour", "6000-7000 rw- | 9000-a000 rw- a1 +gd",
		  "7000-a000 rw-", "6000-7000 rw- | 7000-a000 rw- a1 +gd" },
		/* growth is a write fault */
		{ "unfaulted before", "9000-a000 rw- +gd", "8000-a000 rw-",
		  "8000-a000 rw- a1 +gd" },
		{ "not grown", "9000-a000 rw- +gd", "9000-a000 rw-", NULL },
		{ "shorter", "9000-a000 rw- +gd", "9800-a000 rw-", NULL },
		{ "no stack", "9000-a000 rw-", "8000-a000 rw-", NULL },
		{ "ends elsewhere", "9000-a000 rw- +gd", "8000-b000 rw-", NULL },
		{ "nothing there", "1000-2000 rw-", "8000-a000 rw-", NULL },
		{ "over a neighbour", "7000-8000 rw- | 9000-a000 rw- +gd", "7000-a000 rw-", NULL },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct vmt_layout rows;
		uint32_t steps;
		struct mm mm;
		bool grown;

		mm_open(&mm);
		mm_build(&mm, cases[i].layout);
		steps = vmt_space_steps(mm.space);
		rows = mm_rows(&mm, cases[i].row);
		grown = vmt_space_grow(mm.space, &rows.data[0], &mm.step);
		assert_int_equal(grown, cases[i].after != NULL);
		if (grown) {
			assert_int_equal(mm.step.cause, VMT_CAUSE_STACK_GROWTH);
			assert_int_equal(mm.step.start, rows.data[0].start);
			assert_int_equal(mm.step.end, 0x9000);
			mm_end(&mm);
			assert_int_equal(mm.step.check, VMT_CHECK_MATCH);
		}
		assert_int_equal(vmt_space_steps(mm.space), steps + grown);
		mm_assert(&mm, cases[i].name, grown ? cases[i].after : cases[i].layout);
		vmt_array_deinit(&rows);
		mm_close(&mm);
	}
}

/* Which VMA to ask the kernel about, because it may have grown in a page fault. */
static void test_grower(void **state)
{
	static const struct {
		const char *layout;
		uint64_t above;
		uint64_t start; /* 0: none */
	} cases[] = {
		{ "", 0, 0 },
		{ "1000-2000 rw- | 9000-a000 rw-", 0, 0 },
		{ "1000-2000 rw- | 9000-a000 rw- +gd", 0, 0x9000 },
		{ "1000-2000 rw- | 9000-a000 rw- +gd", 0x9000, 0x9000 },
		{ "1000-2000 rw- | 9000-a000 rw- +gd", 0x9001, 0 },
		/* one that is not the main stack */
		{ "1000-2000 rw- | 5000-6000 rw- +gd", 0, 0x5000 },
		{ "1000-2000 rw- | 5000-6000 rw- +gd", 0x5001, 0 },
		/* several, from below */
		{ "1000-2000 rw- +gd | 5000-6000 rw- +gd | 9000-a000 rw- +gd", 0, 0x1000 },
		{ "1000-2000 rw- +gd | 5000-6000 rw- +gd | 9000-a000 rw- +gd", 0x1001, 0x5000 },
		{ "1000-2000 rw- +gd | 5000-6000 rw- +gd | 9000-a000 rw- +gd", 0x6000, 0x9000 },
		{ "1000-2000 rw- +gd | 5000-6000 rw- +gd | 9000-a000 rw- +gd", 0xa000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		uint64_t start = 1, end = 1;
		struct mm mm;
		bool found;

		mm_open(&mm);
		mm.space->start_stack = 0x9800;
		mm_build(&mm, cases[i].layout);
		found = vmt_space_grower(mm.space, cases[i].above, &start, &end);
		assert_int_equal(found, cases[i].start != 0);
		assert_int_equal(start, found ? cases[i].start : 1);
		assert_int_equal(end, found ? cases[i].start + 0x1000 : 1);
		mm_close(&mm);
	}
}

/* ---- Ranges that changed -------------------------------------------------------------------- */

/* However many are added, what was added is covered; few of them, and nothing else is. */
static void test_spans(void **state)
{
	enum {
		UNITS = 200
	};
	struct seed seed = seed_start("space");

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct vmt_spans spans = { 0 };
		bool wanted[UNITS + 1] = { false };
		unsigned added = (unsigned)seed_between(&seed, 1, 20);

		for (unsigned i = 0; i < added; i++) {
			uint64_t start = seed_below(&seed, UNITS);
			uint64_t end = vmt_min_u64(start + seed_between(&seed, 1, 9), UNITS);

			vmt_spans_add(&spans, start, end);
			for (uint64_t unit = start; unit < end; unit++)
				wanted[unit] = true;
		}
		assert_in_range(spans.count, 1, vmt_countof(spans.rows));
		for (uint64_t unit = 0; unit < UNITS; unit++) {
			bool have = false;

			for (unsigned i = 0; i < spans.count; i++)
				have |= spans.rows[i].start <= unit && unit < spans.rows[i].end;
			assert_true(have || !wanted[unit]);
			if (added <= vmt_countof(spans.rows))
				assert_int_equal(have, wanted[unit]);
		}
	}
}

/* ---- Names that are a promise --------------------------------------------------------------- */

static void check_name(const char *name)
{
	assert_non_null(name);
	assert_int_not_equal(strlen(name), 0);
	assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_"), strlen(name));
}

static void test_names(void **state)
{
	(void)state;
	for (int a = 0; a < VMT_REASON_COUNT; a++) {
		check_name(vmt_reason_name((enum vmt_reason)a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(vmt_reason_name((enum vmt_reason)a),
						vmt_reason_name((enum vmt_reason)b));
	}
	for (int a = 0; a < VMT_WHY_COUNT; a++) {
		check_name(vmt_why_name((enum vmt_why_id)a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(vmt_why_name((enum vmt_why_id)a),
						vmt_why_name((enum vmt_why_id)b));
	}
	assert_string_equal(vmt_reason_name(VMT_REASON_ANON_VMA), "anon_vma");
	assert_string_equal(vmt_why_name(VMT_WHY_MERGE_BOTH), "merge-both");
}

/* A step lists the first reasons that it is given, each once. */
static void test_reasons_of_a_step(void **state)
{
	struct vmt_step step;

	(void)state;
	vmt_step_init(&step);
	for (unsigned i = 0; i < 2 * VMT_STEP_WHY_MAX; i++)
		vmt_step_why(&step, (struct vmt_why){ .id = (enum vmt_why_id)(i / 2 + 1),
						      .number = { i } });
	assert_int_equal(step.why_count, VMT_STEP_WHY_MAX);
	for (unsigned i = 0; i < VMT_STEP_WHY_MAX; i++) {
		assert_int_equal(step.why[i].id, i + 1);
		assert_int_equal(step.why[i].number[0], 2 * i);
	}
	vmt_step_why(&step, (struct vmt_why){ .id = VMT_WHY_SEALED });
	assert_int_equal(step.why_count, VMT_STEP_WHY_MAX);
	vmt_step_deinit(&step);
	vmt_space_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_stack_label_inclusive),
		cmocka_unit_test(test_heap_label_moves),
		cmocka_unit_test(test_heap_label_unforeseen),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_flag_words),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_grower),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_reasons_of_a_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
