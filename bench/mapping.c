/* SPDX-License-Identifier: MIT */
/*
 * mapping: 200,000 times map four pages, touch one, unmap. Two calls a round that vmtrace stops at,
 * and as little else as can be: the worst that a program can do to it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	ROUNDS = 200000,
	BYTES = 4 * 4096
};

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;

	for (int i = 0; i < rounds; i++) {
		char *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED) {
			perror("mmap");
			return 1;
		}
		*(volatile char *)memory = 1;
		munmap(memory, BYTES);
	}
	return 0;
}
