/* SPDX-License-Identifier: MIT */
/*
 * Sequences of numbers against each other: the pairs are real and in order, as many as a slow but
 * simple search finds, and two long sequences without anything in common take no time to speak of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "seed.h"
#include "vmtrace/compare.h"

enum {
	SHORT = 24, /* longest of the sequences that are searched the slow way */
	ROUNDS = 3000,
	LONG = 60000,
};

static struct seed seed;

static unsigned draw(unsigned below)
{
	return (unsigned)seed_below(&seed, below);
}

/* The length of a longest common subsequence, by the table that every textbook has. */
static size_t longest(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count)
{
	size_t table[SHORT + 1][SHORT + 1] = { { 0 } };

	for (size_t i = 1; i <= a_count; i++)
		for (size_t j = 1; j <= b_count; j++) {
			size_t over = table[i - 1][j] > table[i][j - 1] ? table[i - 1][j]
									: table[i][j - 1];

			table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1 : over;
		}
	return table[a_count][b_count];
}

/* How many pairs; each is equal and they ascend. */
static size_t check_pairs(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
			  const size_t *match)
{
	size_t pairs = 0, next = 0;

	for (size_t i = 0; i < a_count; i++) {
		if (match[i] == VMT_NO_ROW)
			continue;
		assert_true(match[i] >= next && match[i] < b_count);
		assert_int_equal(a[i], b[match[i]]);
		next = match[i] + 1;
		pairs++;
	}
	return pairs;
}

static void test_shortest(void **state)
{
	uint32_t a[SHORT], b[SHORT];
	size_t match[SHORT];

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t a_count = draw(SHORT + 1), b_count = draw(SHORT + 1);
		unsigned letters = 1 + draw(6);

		for (size_t i = 0; i < a_count; i++)
			a[i] = draw(letters);
		for (size_t i = 0; i < b_count; i++)
			b[i] = draw(letters);
		vmt_align(a, a_count, b, b_count, match);
		assert_int_equal(check_pairs(a, a_count, b, b_count, match),
				 longest(a, a_count, b, b_count));
	}
}

/* Edits of a long sequence cost what they are. */
static void test_few_edits(void **state)
{
	uint32_t *a = calloc(LONG, sizeof(*a)), *b = calloc(LONG, sizeof(*b));
	size_t *match = calloc(LONG, sizeof(*match));
	size_t b_count = 0, edits = 0;

	(void)state;
	for (size_t i = 0; i < LONG; i++)
		a[i] = draw(8);
	for (size_t i = 0; i < LONG; i++) {
		if (draw(2000) == 0)
			edits++;
		else
			b[b_count++] = a[i];
	}
	assert_true(edits > 0);
	vmt_align(a, LONG, b, b_count, match);
	assert_int_equal(check_pairs(a, LONG, b, b_count, match), b_count);
	free(a);
	free(b);
	free(match);
}

/* Quadratic time would be felt here: the test's time limit is the judge. */
static void test_nothing_in_common(void **state)
{
	uint32_t *a = calloc(LONG, sizeof(*a)), *b = calloc(LONG, sizeof(*b));
	size_t *match = calloc(LONG, sizeof(*match));

	(void)state;
	for (size_t i = 0; i < LONG; i++) {
		a[i] = (uint32_t)i;
		b[i] = (uint32_t)(LONG + i);
	}
	vmt_align(a, LONG, b, LONG, match);
	assert_int_equal(check_pairs(a, LONG, b, LONG, match), 0);
	/* The same numbers in another order. */
	for (size_t i = 0; i < LONG; i++)
		b[i] = a[LONG - 1 - i];
	vmt_align(a, LONG, b, LONG, match);
	assert_true(check_pairs(a, LONG, b, LONG, match) >= 1);
	free(a);
	free(b);
	free(match);
}

static void test_ascending(void **state)
{
	const size_t values[] = { 7, 0, 1, 2, 9, 3, 4 };
	bool in[7];
	size_t count = 0;

	(void)state;
	vmt_ascending(values, 7, in);
	for (size_t i = 0; i < 7; i++)
		count += in[i];
	assert_int_equal(count, 5);
	assert_false(in[0]);
	assert_false(in[4]);
	vmt_ascending(values, 0, in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shortest),
		cmocka_unit_test(test_few_edits),
		cmocka_unit_test(test_nothing_in_common),
		cmocka_unit_test(test_ascending),
	};

	seed = seed_start("align");
	return cmocka_run_group_tests_name("align", tests, NULL, NULL);
}
