/* SPDX-License-Identifier: MIT */
/*
 * test-range: the ordered set of ranges, by hand and against an array of pages that knows the owner
 * of each page and finds everything by looking at every one.
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
#include "vmtrace/base.h"

enum {
	PAGE = 0x1000,
	PAGES = 400, /* of the oracle's address space */
	OPERATIONS = 200000,
	VERIFY_EVERY = 64,
	MANY = 1000,
};

/* ---- By hand ----------------------------------------------------------------------------- */

/* A [1000,2000)   B [5000,6000)   C [9000,a000); free: 1000 below A, 3000 below B and C. */
struct three {
	struct vmt_range_set set;
	struct vmt_range a;
	struct vmt_range b;
	struct vmt_range c;
};

static struct vmt_range range_of(uint64_t start, uint64_t end)
{
	return (struct vmt_range){ .start = start, .end = end };
}

static void three_init(struct three *three)
{
	*three = (struct three){
		.a = range_of(0x1000, 0x2000),
		.b = range_of(0x5000, 0x6000),
		.c = range_of(0x9000, 0xa000),
	};
	vmt_range_insert(&three->set, &three->b);
	vmt_range_insert(&three->set, &three->a);
	vmt_range_insert(&three->set, &three->c);
	vmt_range_verify(&three->set);
}

static void test_empty(void **state)
{
	struct vmt_range_set set = { 0 };

	(void)state;
	vmt_range_verify(&set);
	assert_null(vmt_range_find(&set, 0));
	assert_null(vmt_range_at(&set, 0x1000));
	assert_null(vmt_range_gap_down(&set, UINT64_MAX, 1));
	assert_null(vmt_range_gap_up(&set, 0, 1));
}

static void test_lookups(void **state)
{
	struct three t;
	const struct {
		uint64_t address;
		struct vmt_range *find; /* first that ends above */
		struct vmt_range *at; /* holds it */
	} cases[] = {
		{ 0, &t.a, NULL },      { 0xfff, &t.a, NULL },      { 0x1000, &t.a, &t.a },
		{ 0x1fff, &t.a, &t.a }, { 0x2000, &t.b, NULL },     { 0x5000, &t.b, &t.b },
		{ 0x5001, &t.b, &t.b }, { 0x6000, &t.c, NULL },     { 0x9fff, &t.c, &t.c },
		{ 0xa000, NULL, NULL }, { UINT64_MAX, NULL, NULL },
	};

	(void)state;
	three_init(&t);
	/* Each after each other: a set remembers what was looked for. */
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
			assert_ptr_equal(vmt_range_find(&t.set, cases[i].address), cases[i].find);
			assert_ptr_equal(vmt_range_at(&t.set, cases[n].address), cases[n].at);
			assert_ptr_equal(vmt_range_find(&t.set, cases[n].address), cases[n].find);
		}
	}
	/* … and forgets what was taken out. */
	assert_ptr_equal(vmt_range_find(&t.set, 0x5000), &t.b);
	vmt_range_erase(&t.set, &t.b);
	assert_ptr_equal(vmt_range_find(&t.set, 0x5000), &t.c);
	vmt_range_erase(&t.set, &t.c);
	assert_null(vmt_range_find(&t.set, 0x5000));
}

static void test_list(void **state)
{
	struct three t;

	(void)state;
	three_init(&t);
	assert_int_equal(t.set.count, 3);
	assert_ptr_equal(t.set.first, &t.a);
	assert_ptr_equal(t.set.last, &t.c);
	assert_ptr_equal(t.a.next, &t.b);
	assert_ptr_equal(t.c.prev, &t.b);
	assert_int_equal(t.a.gap, 0x1000);
	assert_int_equal(t.b.gap, 0x3000);
	assert_int_equal(t.set.root->max_gap, 0x3000);

	vmt_range_erase(&t.set, &t.b);
	vmt_range_verify(&t.set);
	assert_ptr_equal(t.a.next, &t.c);
	assert_int_equal(t.c.gap, 0x7000);
	vmt_range_erase(&t.set, &t.a);
	assert_int_equal(t.c.gap, 0x9000);
	assert_ptr_equal(t.set.first, &t.c);
	vmt_range_erase(&t.set, &t.c);
	vmt_range_verify(&t.set);
	assert_null(t.set.root);
	assert_null(t.set.first);
	assert_null(t.set.last);
}

/* Neighbours may touch; the gap above follows a moved end, the gap below a moved start. */
static void test_resize(void **state)
{
	struct three t;

	(void)state;
	three_init(&t);
	vmt_range_resize(&t.set, &t.b, 0x2000, 0x9000);
	vmt_range_verify(&t.set);
	assert_int_equal(t.b.gap, 0);
	assert_int_equal(t.c.gap, 0);
	assert_int_equal(t.set.root->max_gap, 0x1000);
	vmt_range_resize(&t.set, &t.b, 0x8000, 0x9000);
	vmt_range_verify(&t.set);
	assert_int_equal(t.b.gap, 0x6000);
	assert_int_equal(t.set.root->max_gap, 0x6000);
	vmt_range_resize(&t.set, &t.a, 0, 0x2000);
	vmt_range_verify(&t.set);
	assert_int_equal(t.a.gap, 0);
}

/* Down: the member's gap must begin below the limit. Up: it must end above the limit. */
static void test_gaps(void **state)
{
	struct three t;
	const struct {
		uint64_t limit;
		uint64_t length;
		struct vmt_range *down;
		struct vmt_range *up;
	} cases[] = {
		{ UINT64_MAX, 0x1000, &t.c, NULL }, { UINT64_MAX, 0x3000, &t.c, NULL },
		{ UINT64_MAX, 0x3001, NULL, NULL }, { 0x6001, 0x3000, &t.c, &t.c },
		{ 0x6000, 0x3000, &t.b, &t.c },     { 0x5000, 0x3000, &t.b, &t.c },
		{ 0x4fff, 0x3000, &t.b, &t.b },     { 0x2000, 0x1000, &t.a, &t.b },
		{ 0x2000, 0x1001, NULL, &t.b },     { 0x0fff, 0x1000, &t.a, &t.a },
		{ 0, 0x1000, NULL, &t.a },
	};

	(void)state;
	three_init(&t);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_ptr_equal(vmt_range_gap_down(&t.set, cases[i].limit, cases[i].length),
				 cases[i].down);
		assert_ptr_equal(vmt_range_gap_up(&t.set, cases[i].limit, cases[i].length),
				 cases[i].up);
	}
}

/* The ends of the address space: no gap below 0, and an end that just fits. */
static void test_extremes(void **state)
{
	struct vmt_range_set set = { 0 };
	struct vmt_range low = range_of(0, PAGE);
	struct vmt_range high = range_of(UINT64_MAX - PAGE + 1, UINT64_MAX);

	(void)state;
	vmt_range_insert(&set, &high);
	vmt_range_insert(&set, &low);
	vmt_range_verify(&set);
	assert_int_equal(low.gap, 0);
	assert_ptr_equal(vmt_range_at(&set, UINT64_MAX - 1), &high);
	assert_null(vmt_range_at(&set, UINT64_MAX));
	assert_ptr_equal(vmt_range_gap_down(&set, UINT64_MAX, UINT64_MAX - 2 * PAGE), &high);
}

/* The height that an AVL tree of @count nodes cannot exceed. */
static int most_height(size_t count)
{
	size_t least = 1, before = 0; /* fewest nodes of a tree of this height, and of one less */
	int height = 1;

	while (least + before + 1 <= count) {
		size_t next = least + before + 1;

		before = least;
		least = next;
		height++;
	}
	return height;
}

static void check_order(const struct vmt_range_set *set, size_t count)
{
	vmt_range_verify(set);
	assert_int_equal(set->count, count);
	if (count)
		assert_in_range(set->root->height, 1, (uint64_t)most_height(count));
}

/* Runs that would make a list of an unbalanced tree, filled and emptied from three sides. */
static void test_balance(void **state)
{
	static struct vmt_range nodes[MANY];

	(void)state;
	for (int way = 0; way < 3; way++) {
		struct vmt_range_set set = { 0 };

		for (size_t i = 0; i < MANY; i++) {
			size_t at = way == 0 ? i : way == 1 ? MANY - 1 - i : i * 7 % MANY;

			nodes[at] = range_of((2 * at + 1) * PAGE, (2 * at + 2) * PAGE);
			vmt_range_insert(&set, &nodes[at]);
			check_order(&set, i + 1);
		}
		for (size_t i = MANY; i > 0; i--) {
			vmt_range_erase(&set, way == 0   ? set.first
					      : way == 1 ? set.last
							 : set.root);
			check_order(&set, i - 1);
		}
	}
}

/* ---- Against the oracle ------------------------------------------------------------------ */

struct oracle {
	struct vmt_range *owner[PAGES + 1]; /* the last stays free */
	struct vmt_range *used[PAGES];
	size_t used_count;
};

static void oracle_fill(struct oracle *oracle, uint64_t start, uint64_t end,
			struct vmt_range *owner)
{
	for (uint64_t page = start / PAGE; page < end / PAGE; page++)
		oracle->owner[page] = owner;
}

/* The free stretch below the range that begins at @page. */
static uint64_t oracle_gap_start(const struct oracle *oracle, uint64_t page)
{
	while (page > 0 && !oracle->owner[page - 1])
		page--;
	return page * PAGE;
}

static bool oracle_begins(const struct oracle *oracle, uint64_t page)
{
	const struct vmt_range *owner = oracle->owner[page];

	return owner && (page == 0 || oracle->owner[page - 1] != owner);
}

static void check_lookups(const struct vmt_range_set *set, const struct oracle *oracle,
			  uint64_t address)
{
	struct vmt_range *find = NULL;

	for (uint64_t page = address / PAGE; page < PAGES && !find; page++)
		find = oracle->owner[page];
	assert_ptr_equal(vmt_range_find(set, address), find);
	assert_ptr_equal(vmt_range_at(set, address), oracle->owner[address / PAGE]);
}

static void check_gaps(const struct vmt_range_set *set, const struct oracle *oracle, uint64_t limit,
		       uint64_t length)
{
	struct vmt_range *down = NULL, *up = NULL;

	for (uint64_t page = 0; page < PAGES; page++) {
		uint64_t gap_start = oracle_gap_start(oracle, page);

		if (!oracle_begins(oracle, page) || page * PAGE - gap_start < length)
			continue;
		if (gap_start < limit)
			down = oracle->owner[page];
		if (!up && page * PAGE > limit)
			up = oracle->owner[page];
	}
	assert_ptr_equal(vmt_range_gap_down(set, limit, length), down);
	assert_ptr_equal(vmt_range_gap_up(set, limit, length), up);
}

static void random_insert(struct vmt_range_set *set, struct oracle *oracle, struct seed *seed)
{
	uint64_t start = seed_below(seed, PAGES - 1);
	uint64_t end = seed_between(seed, start + 1, start + 8 < PAGES ? start + 8 : PAGES);
	struct vmt_range *node;

	for (uint64_t page = start; page < end; page++) {
		if (oracle->owner[page])
			return;
	}
	node = calloc(1, sizeof(*node));
	assert_non_null(node);
	/* what an earlier life left in the links must not matter */
	memset(node, 0x5a, sizeof(*node));
	node->start = start * PAGE;
	node->end = end * PAGE;
	vmt_range_insert(set, node);
	oracle_fill(oracle, node->start, node->end, node);
	oracle->used[oracle->used_count++] = node;
}

static void random_erase(struct vmt_range_set *set, struct oracle *oracle, size_t index)
{
	struct vmt_range *node = oracle->used[index];

	vmt_range_erase(set, node);
	oracle_fill(oracle, node->start, node->end, NULL);
	oracle->used[index] = oracle->used[--oracle->used_count];
	free(node);
}

static void random_resize(struct vmt_range_set *set, struct oracle *oracle, size_t index,
			  struct seed *seed)
{
	struct vmt_range *node = oracle->used[index];
	uint64_t low = node->prev ? node->prev->end / PAGE : 0;
	uint64_t high = node->next ? node->next->start / PAGE : PAGES;
	uint64_t start = seed_between(seed, low, high - 1);
	uint64_t end = seed_between(seed, start + 1, high);

	oracle_fill(oracle, node->start, node->end, NULL);
	vmt_range_resize(set, node, start * PAGE, end * PAGE);
	oracle_fill(oracle, node->start, node->end, node);
}

static void test_random(void **state)
{
	struct seed seed = seed_start("range");
	struct vmt_range_set set = { 0 };
	struct oracle *oracle = calloc(1, sizeof(*oracle));

	(void)state;
	assert_non_null(oracle);
	for (int i = 0; i < OPERATIONS; i++) {
		uint64_t what = seed_below(&seed, 8);
		size_t index = oracle->used_count ? seed_below(&seed, oracle->used_count) : 0;

		/* tides, so that the tree is now full, now almost empty */
		if (what < 3 && (i / 5000 % 2 || !oracle->used_count))
			random_insert(&set, oracle, &seed);
		else if (what < 2 && oracle->used_count)
			random_erase(&set, oracle, index);
		else if (what < 4 && oracle->used_count)
			random_resize(&set, oracle, index, &seed);
		else if (what < 6)
			check_lookups(&set, oracle, seed_below(&seed, PAGES * PAGE));
		else
			check_gaps(&set, oracle, seed_below(&seed, PAGES) * PAGE + what % 2,
				   seed_between(&seed, 1, 12) * PAGE);
		assert_int_equal(set.count, oracle->used_count);
		if (i % VERIFY_EVERY == 0)
			vmt_range_verify(&set);
	}
	while (oracle->used_count)
		random_erase(&set, oracle, 0);
	vmt_range_verify(&set);
	free(oracle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),   cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_list),    cmocka_unit_test(test_resize),
		cmocka_unit_test(test_gaps),    cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_balance), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
