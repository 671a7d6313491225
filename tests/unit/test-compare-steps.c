/* SPDX-License-Identifier: MIT */
/*
 * Sequences of steps against each other, and spaces: threads in another order are the same, what was
 * trimmed in order to align it is one mapping, a step more is one step more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake-step.h"
#include "names-fixture.h"
#include "vmtrace/compare.h"

enum {
	PAGE = 4096
};

static const struct vmt_compare_options plain = { .page_bytes = PAGE };

static void put_call(struct vmt_compare_steps *steps, pid_t tid, enum vmt_call_id call,
		     uint64_t address, uint64_t pages)
{
	struct vmt_compare_step step;
	struct fake fake;

	fake_call(&fake, (uint32_t)steps->count, call, address, pages * PAGE, 3, 0x22, UINT64_MAX,
		  0);
	fake_return(&fake, (int64_t)address);
	fake_range(&fake, address, address + pages * PAGE);
	fake.step.tid = tid;
	assert_true(vmt_compare_step_of(&fake.step, names, &step));
	vmt_array_push(steps, step);
	fake_deinit(&fake);
}

static struct vmt_step_comparison compare(struct vmt_compare_steps *a, struct vmt_compare_steps *b,
					  const struct vmt_compare_options *options)
{
	struct vmt_step_comparison comparison;

	vmt_compare_step_sequences(a, b, options, &comparison);
	assert_int_equal(comparison.kept + comparison.added + comparison.gone,
			 comparison.pairs.count);
	vmt_array_deinit(a);
	vmt_array_deinit(b);
	return comparison;
}

static void test_same(void **state)
{
	struct vmt_compare_steps a = { 0 }, b = { 0 };
	struct vmt_compare_options addresses = { .addresses = true, .page_bytes = PAGE };
	struct vmt_step_comparison comparison;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (uint64_t i = 1; i < 10; i++) {
			put_call(&a, 7, VMT_CALL_MMAP, 0x7f0000000000 - 0x10000 * i, i);
			put_call(&b, 9, VMT_CALL_MMAP, 0x7e0000000000 - 0x10000 * i, i);
		}
		comparison = compare(&a, &b, round ? &addresses : &plain);
		assert_int_equal(comparison.kept, round ? 0 : 9);
		assert_int_equal(comparison.added, round ? 9 : 0);
		vmt_step_comparison_deinit(&comparison);
	}
}

static void test_one_more(void **state)
{
	struct vmt_compare_steps a = { 0 }, b = { 0 };
	struct vmt_step_comparison comparison;

	(void)state;
	for (uint64_t i = 1; i < 10; i++) {
		put_call(&a, 7, VMT_CALL_MMAP, 0x7f0000000000 - 0x10000 * i, i);
		put_call(&b, 7, VMT_CALL_MMAP, 0x7f0000000000 - 0x10000 * i, i);
		if (i == 4)
			put_call(&b, 7, VMT_CALL_MPROTECT, 0x7e0000000000, 8);
	}
	comparison = compare(&a, &b, &plain);
	assert_int_equal(comparison.kept, 9);
	assert_int_equal(comparison.added, 1);
	assert_int_equal(comparison.pairs.data[4].a, VMT_NO_ROW);
	assert_int_equal(comparison.pairs.data[4].b, 4);
	vmt_step_comparison_deinit(&comparison);
}

/* Two threads that do different things, in any order and mixed in any way. */
static void test_threads(void **state)
{
	struct vmt_compare_steps a = { 0 }, b = { 0 };
	struct vmt_step_comparison comparison;

	(void)state;
	put_call(&a, 1, VMT_CALL_MMAP, 0x10000, 1);
	put_call(&b, 11, VMT_CALL_MMAP, 0x10000, 1);
	for (uint64_t i = 0; i < 5; i++)
		put_call(&a, 2, VMT_CALL_MMAP, 0x20000 + i * PAGE, 2);
	for (uint64_t i = 0; i < 5; i++)
		put_call(&a, 3, VMT_CALL_MPROTECT, 0x30000 + i * PAGE, 1);
	for (uint64_t i = 0; i < 5; i++) {
		put_call(&b, 12, VMT_CALL_MPROTECT, 0x30000 + i * PAGE, 1);
		put_call(&b, 13, VMT_CALL_MMAP, 0x20000 + i * PAGE, 2);
	}
	comparison = compare(&a, &b, &plain);
	assert_int_equal(comparison.kept, 11);
	assert_int_equal(comparison.added + comparison.gone, 0);
	vmt_step_comparison_deinit(&comparison);
}

/* 16 pages out of 32, aligned to 16, as malloc's arenas are. */
static void test_trimmed(void **state)
{
	struct vmt_compare_steps a = { 0 }, b = { 0 };
	struct vmt_step_comparison comparison;

	(void)state;
	put_call(&a, 1, VMT_CALL_MMAP, 0x101000, 32);
	put_call(&a, 1, VMT_CALL_MUNMAP, 0x101000, 15);
	put_call(&a, 1, VMT_CALL_MUNMAP, 0x120000, 1);
	put_call(&b, 1, VMT_CALL_MMAP, 0x100000, 32);
	put_call(&b, 1, VMT_CALL_MUNMAP, 0x110000, 16);
	comparison = compare(&a, &b, &plain);
	assert_int_equal(comparison.kept, 1);
	assert_int_equal(comparison.pairs.count, 1);
	vmt_step_comparison_deinit(&comparison);
	/* Unmapped as a whole, it is a step. */
	put_call(&a, 1, VMT_CALL_MMAP, 0x100000, 32);
	put_call(&a, 1, VMT_CALL_MUNMAP, 0x100000, 32);
	put_call(&b, 1, VMT_CALL_MMAP, 0x100000, 32);
	comparison = compare(&a, &b, &plain);
	assert_int_equal(comparison.kept, 1);
	assert_int_equal(comparison.gone, 1);
	vmt_step_comparison_deinit(&comparison);
}

static void test_stack_growth(void **state)
{
	struct vmt_compare_step step;
	struct fake fake;

	(void)state;
	fake_cause(&fake, 3, VMT_CAUSE_STACK_GROWTH);
	assert_false(vmt_compare_step_of(&fake.step, names, &step));
	fake_deinit(&fake);
}

static void test_spaces(void **state)
{
	const struct vmt_compare_space a[] = {
		{ "/bin/sh", "exec", 1 },
		{ "/bin/sh", "fork", 2 },
		{ "/bin/sh", "fork", 3 },
		{ "/bin/ls", "exec", 4 },
	};
	const struct vmt_compare_space b[] = {
		{ a[0].exe, "exec", 1 },  { a[0].exe, "fork", 3 },   { a[0].exe, "fork", 9 },
		{ "/opt/ls", "exec", 4 }, { "/bin/cat", "exec", 5 },
	};
	const struct vmt_compare_space other = { "/bin/cat", "exec", 5 };
	size_t match[4];

	(void)state;
	vmt_compare_spaces(a, 4, b, 5, match);
	assert_int_equal(match[0], 0);
	assert_int_equal(match[1], 2); /* what is left for it */
	assert_int_equal(match[2], 1); /* the one that looks like it */
	assert_int_equal(match[3], 3); /* in another directory */
	vmt_compare_spaces(a, 1, &other, 1, match);
	assert_int_equal(match[0], 0); /* the first programs, whatever they are */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),         cmocka_unit_test(test_one_more),
		cmocka_unit_test(test_threads),      cmocka_unit_test(test_trimmed),
		cmocka_unit_test(test_stack_growth), cmocka_unit_test(test_spaces),
	};

	return cmocka_run_group_tests_name("compare-steps", tests, names_open, names_close);
}
