/* SPDX-License-Identifier: MIT */
/*
 * faults: 100,000 page faults, one call before them and one after.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	FAULTS = 100000,
	PAGE = 4096
};

int main(int argc, char **argv)
{
	size_t length = (size_t)(argc > 1 ? atoi(argv[1]) : FAULTS) * PAGE;
	char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	madvise(memory, length, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < length; i += PAGE)
		*(volatile char *)(memory + i) = 1;
	return 0;
}
