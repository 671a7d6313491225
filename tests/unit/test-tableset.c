/* SPDX-License-Identifier: MIT */
/*
 * test-tableset: a set of spans against an array of flags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tableset.h"
#include "vmtrace/base.h"

#include "seed.h"

enum {
	SPANS = 200,
	SHIFT = 21,
	ROUNDS = 20000
};

static uint64_t bytes(uint64_t spans)
{
	return spans << SHIFT;
}

static void check_same(const struct vmt_table_set *set, const bool *naive)
{
	uint64_t count = 0;
	const struct vmt_range *before = NULL;

	for (size_t i = 0; i < SPANS; i++) {
		assert_int_equal(vmt_table_set_has(set, bytes(i) + 4096), naive[i]);
		count += naive[i];
	}
	assert_int_equal(set->count, count);
	for (const struct vmt_range *run = set->runs.first; run; before = run, run = run->next)
		assert_true(run->start < run->end && (!before || before->end < run->start));
	vmt_range_verify(&set->runs);
}

/* Ends anywhere: adding takes in the spans that are touched, removing those that are covered. */
static void test_random(void **state)
{
	struct seed seed = seed_start("tableset");
	struct vmt_table_set set;
	bool naive[SPANS] = { false };

	(void)state;
	vmt_table_set_init(&set, SHIFT);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = seed_below(&seed, bytes(SPANS - 1));
		uint64_t end = start + 1 +
			       seed_below(&seed, vmt_min_u64(bytes(12), bytes(SPANS) - start - 1));
		bool adds = seed_below(&seed, 2);
		uint64_t changed = 0, inside = 0, told;

		if (seed_below(&seed, 3) == 0) {
			start = start >> SHIFT << SHIFT;
			end = vmt_max_u64(end >> SHIFT << SHIFT, start + bytes(1));
		}
		for (uint64_t i = 0; i < SPANS; i++) {
			bool touched = bytes(i) < end && start < bytes(i + 1);
			bool covered = start <= bytes(i) && bytes(i + 1) <= end;

			inside += touched && naive[i];
			if (adds ? touched && !naive[i] : covered && naive[i]) {
				changed++;
				naive[i] = adds;
			}
		}
		assert_int_equal(vmt_table_set_count(&set, start, end), inside);
		told = adds ? vmt_table_set_add(&set, start, end)
			    : vmt_table_set_remove(&set, start, end);
		assert_int_equal(told, changed);
		if (round % 16 == 0)
			check_same(&set, naive);
	}
	check_same(&set, naive);
	vmt_table_set_deinit(&set);
	assert_int_equal(set.count, 0);
}

static void test_next(void **state)
{
	struct vmt_table_set set;
	uint64_t start = 1, end = 1;

	(void)state;
	vmt_table_set_init(&set, SHIFT);
	assert_false(vmt_table_set_next(&set, 0, &start, &end));
	assert_int_equal(start, 1);
	vmt_table_set_add(&set, bytes(3), bytes(6));
	assert_true(vmt_table_set_next(&set, 0, &start, &end));
	assert_int_equal(start, bytes(3));
	assert_int_equal(end, bytes(6));
	assert_true(vmt_table_set_next(&set, bytes(4) + 1, &start, &end));
	assert_int_equal(start, bytes(4));
	assert_false(vmt_table_set_next(&set, bytes(6), &start, &end));
	/* An empty range has no spans. */
	assert_int_equal(vmt_table_set_add(&set, bytes(9), bytes(9)), 0);
	assert_int_equal(vmt_table_set_count(&set, bytes(4), bytes(4)), 0);
	vmt_table_set_deinit(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
