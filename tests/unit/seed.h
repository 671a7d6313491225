/* SPDX-License-Identifier: MIT */
/*
 * seed: random numbers that a failing test can be given again. The seed is VMT_SEED from the
 * environment, else the time; it is printed as a comment of the test's TAP output:
 *
 *	VMT_SEED=1234 build/tests/unit/test-range
 */
#ifndef VMT_TEST_SEED_H
#define VMT_TEST_SEED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct seed {
	unsigned short state[3]; /* of nrand48() */
};

static inline struct seed seed_start(const char *test)
{
	const char *given = getenv("VMT_SEED");
	uint64_t value = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	struct seed seed = { { 0x330e, (unsigned short)value, (unsigned short)(value >> 16) } };

	printf("# %s: VMT_SEED=%llu\n", test, (unsigned long long)value);
	return seed;
}

/* A number from 0 to @bound - 1. */
static inline uint64_t seed_below(struct seed *seed, uint64_t bound)
{
	return (uint64_t)nrand48(seed->state) % bound;
}

/* A number from @low to @high, both possible. */
static inline uint64_t seed_between(struct seed *seed, uint64_t low, uint64_t high)
{
	return low + seed_below(seed, high - low + 1);
}

#endif
