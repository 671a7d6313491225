/* SPDX-License-Identifier: MIT */
/*
 * leaks: maps through one function on two ways and keeps some of it, for compare.bats. Each function
 * has work to do after its call, so that none becomes a jump, none is put into another, and no loop is
 * unrolled: a way has one stack.
 *
 *	main() load() take()	3 pages, three times; the last ones are unmapped
 *	main() serve() take()	5 pages, then 6, then 7
 */
#include <stddef.h>
#include <sys/mman.h>

#define NOINLINE __attribute__((noinline))

void *take(unsigned pages);
int load(void);
int serve(void);

static volatile int done;

NOINLINE void *take(unsigned pages)
{
	void *memory = mmap(NULL, pages * 4096UL, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	done++;
	return memory;
}

NOINLINE int load(void)
{
	void *last = NULL;

	for (volatile int i = 0; i < 3; i++)
		last = take(3);
	done++;
	return munmap(last, 3 * 4096UL) == 0;
}

NOINLINE int serve(void)
{
	for (volatile unsigned pages = 5; pages <= 7; pages++)
		take(pages);
	done++;
	return 1;
}

int main(void)
{
	return load() && serve() ? 0 : 1;
}
