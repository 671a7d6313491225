/* SPDX-License-Identifier: MIT */
/*
 * flushes [SEED]: calls that take entries of page tables away or change their rights, one after the
 * other, on memory of which a part was written: 400 random ones. What is written was never there before,
 * so that no fault flushes anything. Before them one call that does nothing, as a mark:
 * madvise(MADV_NORMAL) of all that is used.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	PAGES = 2048, /* 8 MiB: four tables of the last level */
	TABLE = 512 * PAGE, /* what a table of the last level maps */
	RANGE_MAX = 80,
	CALLS = 400
};

static uint64_t state;
static char *elsewhere; /* the range of a table that nothing else uses */

/* xorshift64* */
static unsigned draw(unsigned below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned)((state * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

/* New memory over [at, at + count), of which some pages are written at once. */
static void renew(char *at, unsigned count)
{
	unsigned density = 1 + draw(8);

	if (mmap(at, (size_t)count * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
		_exit(1);
	for (unsigned i = 0; i < count; i++) {
		if (draw(density) == 0)
			at[(size_t)i * PAGE] = 1;
	}
}

static void change(char *at, unsigned count)
{
	static const int rights[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
				      PROT_READ | PROT_EXEC };
	size_t length = (size_t)count * PAGE;

	switch (draw(7)) {
	case 0:
		munmap(at, length);
		break;
	case 1:
		mprotect(at, length, rights[draw(4)]);
		break;
	case 2:
		madvise(at, length, MADV_DONTNEED);
		break;
	case 3:
		mremap(at, length, (size_t)draw(count) * PAGE + PAGE, 0);
		break;
	case 4:
		/*
		 * What is moved from or to more than one table is flushed in pieces. Growing as well, it
		 * moves only if it is of one mapping.
		 */
		if (((uintptr_t)at ^ ((uintptr_t)at + length - 1)) < TABLE &&
		    mremap(at, length, length + PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere) !=
			    MAP_FAILED)
			munmap(elsewhere, length + PAGE);
		break;
	case 5:
		munmap(at + length / 2 / PAGE * PAGE, length);
		break;
	default:
		renew(at, count);
		break;
	}
}

int main(int argc, char **argv)
{
	char *memory;

	state = argc > 1 ? strtoull(argv[1], NULL, 0) | 1 : 1;
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	elsewhere = mmap(NULL, 2UL * TABLE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			 -1, 0);
	memory = mmap(NULL, (size_t)PAGES * PAGE, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED || elsewhere == MAP_FAILED)
		return 1;
	elsewhere += TABLE - (uintptr_t)elsewhere % TABLE;
	madvise(memory, (size_t)PAGES * PAGE, MADV_NORMAL);
	for (int i = 0; i < CALLS / 2; i++) {
		unsigned count = 1 + draw(RANGE_MAX);
		char *at = memory + (size_t)draw(PAGES - 2 * RANGE_MAX) * PAGE;

		renew(at, count);
		change(at + (size_t)draw(count) * PAGE, 1 + draw(count));
	}
	_exit(0);
}
