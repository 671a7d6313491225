/* SPDX-License-Identifier: MIT */
/*
 * endless: maps and unmaps until it is killed, five minutes at most. Lengths differ, so that steps do.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	LENGTHS = 97,
	KEPT = 16, /* mappings that live for a while */
	SECONDS = 300
};

static size_t length_of(unsigned i)
{
	return (1 + i % LENGTHS) * PAGE;
}

int main(void)
{
	char *kept[KEPT] = { NULL };

	alarm(SECONDS);
	for (unsigned i = 0;; i++) {
		if (kept[i % KEPT])
			munmap(kept[i % KEPT], length_of(i - KEPT));
		kept[i % KEPT] = mmap(NULL, length_of(i), PROT_READ | (i & 1 ? PROT_WRITE : 0),
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (kept[i % KEPT] == MAP_FAILED)
			return EXIT_FAILURE;
	}
}
