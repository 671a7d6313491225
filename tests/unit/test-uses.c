/* SPDX-License-Identifier: MIT */
/*
 * test-uses: what each range is for, against an array that knows it for every page. Seeds are new
 * in each run and printed; VMT_SEED=N makes one again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seed.h"
#include "uses.h"

enum {
	PAGES = 64,
	ROUNDS = 4000,
};

static struct vmt_tag tag(enum vmt_use use, uint32_t group)
{
	return (struct vmt_tag){ .use = use, .group = group, .name = "" };
}

static void test_edges(void **state)
{
	struct vmt_uses uses = { 0 };

	(void)state;
	assert_int_equal(vmt_uses_find(&uses, 0, UINT64_MAX).use, VMT_USE_NONE);
	vmt_uses_set(&uses, 0x1000, 0x5000, tag(VMT_USE_FILE, 1));
	vmt_uses_set(&uses, 0x2000, 0x3000, tag(VMT_USE_BSS, 2));
	assert_int_equal(uses.pieces.count, 3);
	assert_int_equal(vmt_uses_find(&uses, 0x1fff, 0x2000).use, VMT_USE_FILE);
	assert_int_equal(vmt_uses_find(&uses, 0x2000, 0x2001).use, VMT_USE_BSS);
	assert_int_equal(vmt_uses_find(&uses, 0x3000, 0x3001).use, VMT_USE_FILE);
	assert_int_equal(vmt_uses_find(&uses, 0, 0x1000).use, VMT_USE_NONE);
	/* the hole is filled with its like: one piece again */
	vmt_uses_set(&uses, 0x2000, 0x3000, tag(VMT_USE_FILE, 1));
	assert_int_equal(uses.pieces.count, 1);
	vmt_uses_set(&uses, 0x3000, 0x3000, tag(VMT_USE_BSS, 2));
	assert_int_equal(uses.pieces.count, 1);
	vmt_uses_set(&uses, 0, UINT64_MAX, tag(VMT_USE_NONE, 0));
	assert_int_equal(uses.pieces.count, 0);
	vmt_uses_deinit(&uses);
}

static void test_against_array(void **state)
{
	enum vmt_use known[PAGES] = { 0 };
	struct vmt_uses uses = { 0 };
	struct vmt_uses copy = { 0 };
	struct seed seed = seed_start("uses");

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = seed_below(&seed, PAGES);
		uint64_t end = seed_between(&seed, start, PAGES);
		enum vmt_use use = (enum vmt_use)seed_below(&seed, 4);

		vmt_uses_set(&uses, start, end, tag(use, use));
		for (uint64_t page = start; page < end; page++)
			known[page] = use;
		vmt_range_verify(&uses.pieces);
		for (uint64_t page = 0; page < PAGES; page++)
			assert_int_equal(vmt_uses_find(&uses, page, page + 1).use, known[page]);
		/* pieces that touch differ */
		for (struct vmt_range *range = uses.pieces.first; range && range->next;
		     range = range->next)
			assert_true(range->end < range->next->start ||
				    known[range->start] != known[range->next->start]);
	}
	vmt_uses_copy(&copy, &uses);
	vmt_uses_deinit(&uses);
	for (uint64_t page = 0; page < PAGES; page++)
		assert_int_equal(vmt_uses_find(&copy, page, page + 1).use, known[page]);
	vmt_uses_deinit(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_against_array),
	};

	return cmocka_run_group_tests_name("uses", tests, NULL, NULL);
}
