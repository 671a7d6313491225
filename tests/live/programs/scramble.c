/* SPDX-License-Identifier: MIT */
/*
 * scramble ROUNDS SEED: maps memory after it has changed its own call-frame information and its
 * libraries' at random, then executes itself anew, ROUNDS times. For stack.bats: whatever stands there
 * may cost vmtrace a stack, and nothing else.
 */
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

enum {
	HEADER_BYTES = 12, /* of .eh_frame_hdr, before its table */
	PAGE = 4096
};

int map_here(int n);
int map_deep(int n);

static uint64_t state;
static volatile int done;

static unsigned draw(unsigned limit)
{
	state = state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(state >> 33) % limit;
}

/* .eh_frame stands behind .eh_frame_hdr, up to the end of the segment or nearly so. */
static void scramble(uint64_t start, uint64_t end)
{
	uint64_t page = start & ~(uint64_t)(PAGE - 1);
	unsigned rate = 2 + draw(60);

	if (mprotect((void *)page, end - page, PROT_READ | PROT_WRITE) < 0)
		return;
	for (uint64_t at = start + (draw(4) ? HEADER_BYTES : 0); at < end; at++) {
		unsigned char *byte = (unsigned char *)at;

		if (draw(rate) == 0)
			*byte = (unsigned char)(draw(3) ? draw(256) : *byte ^ 1U << draw(8));
	}
}

static int visit(struct dl_phdr_info *info, size_t size, void *data)
{
	const ElfW(Phdr) *headers = info->dlpi_phdr;
	uint64_t start = 0;

	(void)size;
	(void)data;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (headers[i].p_type == PT_GNU_EH_FRAME)
			start = info->dlpi_addr + headers[i].p_vaddr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		uint64_t segment = info->dlpi_addr + headers[i].p_vaddr;

		if (headers[i].p_type == PT_LOAD && start >= segment &&
		    start < segment + headers[i].p_filesz)
			scramble(start, segment + headers[i].p_filesz);
	}
	return 0;
}

NOINLINE int map_here(int n)
{
	volatile char room[200];
	void *memory = mmap(NULL, (size_t)(1 + n % 3) * PAGE, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	room[n] = 1;
	return memory != MAP_FAILED && room[n];
}

NOINLINE int map_deep(int n)
{
	int result = n ? map_deep(n - 1) : map_here(n);

	done++;
	return result;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 0;
	char left[24], seed[24];

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	dl_iterate_phdr(visit, NULL);
	for (int i = 0; i < 6; i++) {
		map_here(i);
		map_deep(i);
	}
	if (rounds == 0)
		return 0;
	snprintf(left, sizeof(left), "%d", rounds - 1);
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)(state >> 1));
	execl(argv[0], argv[0], left, seed, (char *)NULL);
	return 1;
}
