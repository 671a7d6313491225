/* SPDX-License-Identifier: MIT */
/*
 * deep: 20,000 times map a page and unmap it, at the bottom of 20 calls: what the stack of each call
 * costs a tracer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	ROUNDS = 20000,
	DEPTH = 20,
	BYTES = 4096
};

static int map_once(void)
{
	void *memory = mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? -1 : munmap(memory, BYTES);
}

/* Something is left to do after each call, so that none becomes a jump. */
static __attribute__((noinline)) int descend(volatile int *depth)
{
	int result;

	if (--*depth == 0) {
		result = map_once();
	} else {
		result = descend(depth);
	}
	++*depth;
	return result;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
	volatile int depth = DEPTH;

	for (int i = 0; i < rounds; i++) {
		if (descend(&depth) < 0) {
			perror("mmap");
			return 1;
		}
	}
	return 0;
}
