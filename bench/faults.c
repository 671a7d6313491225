/* SPDX-License-Identifier: MIT */
/*
 * faults: 100,000 page faults, one call before them and one after. Prints how many microseconds the
 * faults took.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum {
	FAULTS = 100000,
	PAGE = 4096
};

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	size_t length = (size_t)(argc > 1 ? atoi(argv[1]) : FAULTS) * PAGE;
	char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	long start_us;

	if (memory == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	madvise(memory, length, MADV_NOHUGEPAGE);
	start_us = now_us();
	for (size_t i = 0; i < length; i += PAGE)
		*(volatile char *)(memory + i) = 1;
	printf("%ld\n", now_us() - start_us);
	return 0;
}
