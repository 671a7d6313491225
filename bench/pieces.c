/* SPDX-License-Identifier: MIT */
/*
 * pieces: what each kind of call costs in a heap of that many VMAs, in its middle and at its end, as the
 * program itself sees it. Prints "NAME NANOSECONDS", for each call; fork's are for each VMA.
 *
 *	pieces COUNT [alone]		alone: without fork
 *
 * The heap is pages with access rights in turn, so that none merges:
 *
 *	[ r ][ rw ][ r ][ rw ] ... [ r ][ rw ] program break
 *	            ^ middle
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	CALLS = 400,
	FORKS = 3,
	FREE_PAGES = 1024, /* below a mapping that grows */
	WRITE = PROT_READ | PROT_WRITE,
	ANON = MAP_PRIVATE | MAP_ANONYMOUS,
};

static char *middle, *heap_end, *elsewhere;
static long pieces;
static uint64_t started_ns;

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void need(int holds, const char *what)
{
	if (!holds) {
		perror(what);
		exit(1);
	}
}

static void begin(void)
{
	started_ns = now_ns();
}

static void tell(const char *name, long calls)
{
	printf("%s %.0f\n", name, (double)(now_ns() - started_ns) / (double)calls);
}

static void make_heap(void)
{
	char *start = sbrk(pieces * PAGE);

	need(start != (void *)-1, "brk");
	for (long i = 0; i < pieces; i += 2)
		need(mprotect(start + i * PAGE, PAGE, PROT_READ) == 0, "mprotect");
	middle = start + pieces / 4 * 2 * PAGE;
	heap_end = start + (pieces - 2) * PAGE;
	elsewhere = mmap(NULL, 2 * PAGE, WRITE, ANON, -1, 0);
}

static void protect(const char *name, char *at)
{
	begin();
	for (int i = 0; i < CALLS; i++)
		need(mprotect(at, PAGE, i % 2 ? PROT_READ : WRITE) == 0, name);
	tell(name, CALLS);
}

static void advise(const char *name, char *at)
{
	begin();
	for (int i = 0; i < CALLS; i++)
		need(madvise(at, PAGE, i % 2 ? MADV_DOFORK : MADV_DONTFORK) == 0, name);
	tell(name, CALLS);
}

/* A hole, and the page again. */
static void unmap(const char *name, char *at)
{
	begin();
	for (int i = 0; i < CALLS / 2; i++) {
		need(munmap(at, PAGE) == 0, name);
		need(mmap(at, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == at, name);
	}
	tell(name, CALLS);
}

static void replace(const char *name, char *at)
{
	begin();
	for (int i = 0; i < CALLS; i++)
		need(mmap(at, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == at, name);
	tell(name, CALLS);
}

static void map_anywhere(void)
{
	begin();
	for (int i = 0; i < CALLS / 2; i++) {
		char *memory = mmap(NULL, 2 * PAGE, PROT_READ, ANON, -1, 0);

		need(memory != MAP_FAILED && munmap(memory, 2 * PAGE) == 0, "mmap");
	}
	tell("mmap-anywhere", CALLS);
}

static void move(const char *name, char *at)
{
	begin();
	for (int i = 0; i < CALLS / 2; i++) {
		need(mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere) == elsewhere,
		     name);
		need(mremap(elsewhere, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at) == at, name);
	}
	tell(name, CALLS);
}

static void move_break(void)
{
	begin();
	for (int i = 0; i < CALLS; i++)
		need(sbrk(i % 2 ? -PAGE : PAGE) != (void *)-1, "brk");
	tell("brk", CALLS);
}

/* Each touch is followed by a call, so that a tracer sees the growth of each by itself. */
static void grow(void)
{
	char *room = mmap(NULL, (size_t)FREE_PAGES * PAGE, PROT_NONE, ANON, -1, 0);
	char *top = room + (size_t)(FREE_PAGES - 1) * PAGE;

	munmap(room, (size_t)FREE_PAGES * PAGE);
	need(mmap(top, PAGE, WRITE, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0) == top, "growth");
	begin();
	for (int i = 1; i <= CALLS; i++) {
		*(volatile char *)(top - (ptrdiff_t)i * PAGE) = 1;
		need(mprotect(elsewhere + PAGE, PAGE, i % 2 ? WRITE : PROT_READ) == 0, "growth");
	}
	tell("growth", CALLS);
}

static void fork_all(void)
{
	begin();
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		need(child > 0 && waitpid(child, NULL, 0) == child, "fork");
	}
	tell("fork-a-VMA", FORKS * pieces);
}

int main(int argc, char **argv)
{
	pieces = argc > 1 ? atol(argv[1]) : 100;
	make_heap();
	protect("mprotect-middle", middle);
	protect("mprotect-end", heap_end);
	advise("madvise-middle", middle);
	advise("madvise-end", heap_end);
	replace("mmap-middle", middle);
	replace("mmap-end", heap_end);
	map_anywhere();
	unmap("munmap-middle", middle);
	unmap("munmap-end", heap_end);
	move("mremap-middle", middle);
	move("mremap-end", heap_end);
	move_break();
	grow();
	if (argc < 3)
		fork_all();
	return 0;
}
