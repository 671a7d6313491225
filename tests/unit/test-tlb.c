/* SPDX-License-Identifier: MIT */
/*
 * test-tlb: what hits, what misses, what makes room, and what a flush drops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "vmtrace/lookup.h"

#define PAGE 4096

static void free_tlb(struct vmt_tlb **tlb)
{
	vmt_tlb_free(*tlb);
}

#define TLB VMT_CLEANUP(free_tlb) struct vmt_tlb

static struct vmt_tlb *make(unsigned entries, unsigned ways)
{
	struct vmt_tlb_config config = { .entries = entries, .ways = ways, .page_shift = 12 };

	assert_int_equal(vmt_tlb_config_check(&config, NULL), 0);
	return vmt_tlb_new(&config);
}

static void test_config(void **state)
{
	struct vmt_tlb_config config = { .entries = 64, .ways = 4, .page_shift = 12 };
	struct vmt_error error;

	(void)state;
	assert_int_equal(vmt_tlb_config_check(&config, &error), 0);
	config.ways = 5;
	assert_int_equal(vmt_tlb_config_check(&config, &error), -EINVAL);
	assert_string_equal(error.text, "64 entries cannot be put into sets of 5: give a divisor");
	config.ways = 0;
	assert_int_equal(vmt_tlb_config_check(&config, &error), -EINVAL);
	config = (struct vmt_tlb_config){ .entries = 0, .ways = 1, .page_shift = 12 };
	assert_int_equal(vmt_tlb_config_check(&config, &error), -EINVAL);
	config.entries = VMT_TLB_ENTRIES_MAX + 1;
	assert_int_equal(vmt_tlb_config_check(&config, &error), -EINVAL);
	config = (struct vmt_tlb_config){ .entries = 1, .ways = 1, .page_shift = 64 };
	assert_int_equal(vmt_tlb_config_check(&config, &error), -EINVAL);
}

static void test_hit_and_miss(void **state)
{
	TLB *tlb = make(4, 4);
	struct vmt_tlb_counts counts;

	(void)state;
	assert_false(vmt_tlb_look(tlb, 0x1000, 0).hit);
	/* the whole page is known, and not a byte more */
	assert_true(vmt_tlb_look(tlb, 0x1fff, 0).hit);
	assert_false(vmt_tlb_look(tlb, 0x2000, 0).hit);
	assert_false(vmt_tlb_look(tlb, 0x0fff, 0).hit);
	/* page 0 is not "free" */
	assert_true(vmt_tlb_look(tlb, 0, 0).hit);
	counts = vmt_tlb_counts(tlb);
	assert_int_equal(counts.hits, 2);
	assert_int_equal(counts.misses, 3);
	assert_int_equal(counts.evictions, 0);
}

/*
 * Two ways: A B fill them, A is looked at again, so C pushes B out.
 *
 *	A       A B     B A     A C     C B
 */
static void test_least_recently_used(void **state)
{
	TLB *tlb = make(2, 2);
	struct vmt_tlb_result result;

	(void)state;
	vmt_tlb_look(tlb, 10 * PAGE, 7);
	vmt_tlb_look(tlb, 20 * PAGE, 7);
	assert_true(vmt_tlb_look(tlb, 10 * PAGE, 7).hit);
	result = vmt_tlb_look(tlb, 30 * PAGE, 7);
	assert_false(result.hit);
	assert_true(result.evicted);
	assert_int_equal(result.victim.page, 20);
	assert_int_equal(result.victim.asid, 7);
	result = vmt_tlb_look(tlb, 20 * PAGE, 7);
	assert_true(result.evicted);
	assert_int_equal(result.victim.page, 10);
	assert_true(vmt_tlb_look(tlb, 30 * PAGE, 7).hit);
	assert_int_equal(vmt_tlb_counts(tlb).evictions, 2);
}

/* Four sets of one way: pages 1 and 5 share set 1, page 2 is in another. */
static void test_sets(void **state)
{
	TLB *tlb = make(4, 1);
	struct vmt_tlb_result result;

	(void)state;
	assert_int_equal(vmt_tlb_look(tlb, 1 * PAGE, 0).set, 1);
	assert_int_equal(vmt_tlb_look(tlb, 2 * PAGE, 0).set, 2);
	result = vmt_tlb_look(tlb, 5 * PAGE, 0);
	assert_int_equal(result.set, 1);
	assert_true(result.evicted);
	assert_int_equal(result.victim.page, 1);
	assert_true(vmt_tlb_look(tlb, 2 * PAGE, 0).hit);
	assert_false(vmt_tlb_look(tlb, 1 * PAGE, 0).hit);
}

static void test_spaces(void **state)
{
	TLB *tlb = make(4, 4);

	(void)state;
	assert_false(vmt_tlb_look(tlb, PAGE, 1).hit);
	assert_false(vmt_tlb_look(tlb, PAGE, 2).hit);
	assert_true(vmt_tlb_look(tlb, PAGE, 1).hit);
	assert_int_equal(vmt_tlb_flush_asid(tlb, 1), 1);
	assert_false(vmt_tlb_look(tlb, PAGE, 1).hit);
	assert_true(vmt_tlb_look(tlb, PAGE, 2).hit);
}

static void test_flushes(void **state)
{
	TLB *tlb = make(8, 2);
	struct vmt_tlb_result result;

	(void)state;
	assert_int_equal(vmt_tlb_flush_all(tlb), 0);
	for (unsigned page = 0; page < 4; page++)
		vmt_tlb_look(tlb, page * PAGE, page & 1);
	assert_int_equal(vmt_tlb_flush_page(tlb, 2 * PAGE + 5, 0), 1);
	assert_int_equal(vmt_tlb_flush_page(tlb, 2 * PAGE, 0), 0);
	/* another space's */
	assert_int_equal(vmt_tlb_flush_page(tlb, 3 * PAGE, 0), 0);
	assert_true(vmt_tlb_look(tlb, 3 * PAGE, 1).hit);
	result = vmt_tlb_look(tlb, 2 * PAGE, 0);
	assert_false(result.hit || result.evicted);
	assert_int_equal(vmt_tlb_flush_all(tlb), 4);
	assert_int_equal(vmt_tlb_flush_all(tlb), 0);
	assert_int_equal(vmt_tlb_counts(tlb).flushes, 6);
	assert_int_equal(vmt_tlb_counts(tlb).flushed, 5);
}

/* 64 pages one after the other are what 64 entries reach; with 65 the oldest is gone each time. */
static void test_reach(void **state)
{
	TLB *small = make(64, 64);
	TLB *large = make(64, 64);

	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned page = 0; page < 64; page++)
			assert_int_equal(vmt_tlb_look(small, page * PAGE, 0).hit, round > 0);
		for (unsigned page = 0; page < 65; page++)
			assert_false(vmt_tlb_look(large, page * PAGE, 0).hit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_hit_and_miss),
		cmocka_unit_test(test_least_recently_used),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_flushes),
		cmocka_unit_test(test_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
