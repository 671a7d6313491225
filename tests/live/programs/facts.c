/* SPDX-License-Identifier: MIT */
/*
 * facts NAME: one fact about the kernel that a simple model of layouts gets wrong, as a few calls
 * (scene.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

enum {
	CALL_MSEAL = 462,
	ADVICE_GUARD_INSTALL = 102,
};

static int a_file(size_t pages)
{
	int fd = memfd_create("fact", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)pages * PAGE) < 0)
		exit(1);
	return fd;
}

/* ---- M1: a failed call can change the layout ------------------------------------------------ */

static void protect_over_a_hole(void)
{
	char *base = writable(4);

	munmap(base + 2 * PAGE, PAGE);
	mprotect(base, 4 * PAGE, READ);
}

/* [ plain ][ sealed ][ plain ] */
static char *sealed_middle(void)
{
	char *base = writable(3);

	need(syscall(CALL_MSEAL, base + PAGE, PAGE, 0) == 0);
	return base;
}

static void protect_over_a_seal(void)
{
	mprotect(sealed_middle(), 3 * PAGE, READ);
}

static void advise_over_a_hole(void)
{
	char *base = writable(3);

	munmap(base + PAGE, PAGE);
	madvise(base, 3 * PAGE, MADV_DONTFORK);
}

/* [ plain, 2 pages ][ sealed ]: the cut in the first is made before the seal is seen */
static char *before_a_seal(void)
{
	char *base = writable(3);

	need(syscall(CALL_MSEAL, base + 2 * PAGE, PAGE, 0) == 0);
	return base + PAGE;
}

static void unmap_into_a_seal(void)
{
	munmap(before_a_seal(), 2 * PAGE);
}

static void map_over_a_seal(void)
{
	map_at(before_a_seal(), 2, READ, 0);
}

/* ---- M2 to M4: what merges ------------------------------------------------------------------- */

/* Two VMAs and the page between them, which could join both. */
static void fill_between(int write)
{
	char *base = room(3);
	char *below = map_at(base, 1, WRITE, 0);
	char *above = map_at(base + 2 * PAGE, 1, WRITE, 0);

	if (write)
		*(volatile char *)below = *(volatile char *)above = 1;
	map_at(base + PAGE, 1, WRITE, 0);
}

static void untouched_neighbours(void)
{
	fill_between(0);
}

static void written_neighbours(void)
{
	fill_between(1);
}

static void stack_flag(void)
{
	char *base = room(2);

	map_at(base, 1, WRITE, 0);
	map_at(base + PAGE, 1, WRITE, MAP_STACK);
}

/* What the linker does to the relocated part of a data segment. */
static void relro(void)
{
	char *base = room(2);
	int fd = a_file(2);

	mmap(base, PAGE, READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	mmap(base + PAGE, PAGE, WRITE, MAP_PRIVATE | MAP_FIXED, fd, PAGE);
	mprotect(base + PAGE, PAGE, READ);
}

/* ---- M5: the heap ----------------------------------------------------------------------------- */

/* The heap with so many pages from its start on; its first page may be shared with .bss. */
static char *heap(size_t pages)
{
	char *start = sbrk(0);

	start += -(uintptr_t)start % PAGE;
	if (brk(start + pages * PAGE) < 0)
		exit(1);
	tell("heap", start);
	return start;
}

static void glued_to_the_heap(void)
{
	char *start = heap(4);

	need(mmap(start + 4 * PAGE, PAGE, WRITE, ANON | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED);
	munmap(start + 2 * PAGE, PAGE);
}

/* ---- M6 and M7: what the kernel maps and names by itself ------------------------------------- */

static void aio_ring(void)
{
	aio_context_t context = 0;

	need(syscall(SYS_io_setup, 8, &context) == 0);
	tell("ring", (void *)(uintptr_t)context);
	syscall(SYS_io_destroy, context);
	context = 0;
	need(syscall(SYS_io_setup, 8, &context) == 0);
	tell("again", (void *)(uintptr_t)context);
}

static void *map_deleted(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	void *address = mmap(NULL, PAGE, READ, MAP_SHARED, fd, 0);

	unlink(path);
	close(fd);
	return address;
}

static void names(void)
{
	int segment = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);

	tell("zero", mmap(NULL, PAGE, WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	tell("memfd", mmap(NULL, PAGE, READ, MAP_SHARED, a_file(1), 0));
	tell("sysv", shmat(segment, NULL, 0));
	shmctl(segment, IPC_RMID, NULL);
	tell("segment", (void *)(intptr_t)segment);
	tell("gone", map_deleted("gone"));
	tell("line", map_deleted("a\nline"));
}

/* ---- M8 to M11: calls that reach further than they look --------------------------------------- */

static void detach_in_pieces(void)
{
	int segment = shmget(IPC_PRIVATE, 4 * PAGE, IPC_CREAT | 0600);
	char *base = shmat(segment, NULL, 0);

	shmctl(segment, IPC_RMID, NULL);
	need(base != (void *)-1);
	tell("sysv", base);
	munmap(base + PAGE, 2 * PAGE);
	shmdt(base);
}

static void pages_in_another_order(void)
{
	char *base = mmap(room(4), 4 * PAGE, WRITE, MAP_SHARED | MAP_FIXED, a_file(4), 0);

	need(remap_file_pages(base + PAGE, PAGE, 0, 3, 0) == 0 || errno != ENOSYS);
}

/* [ rw ][ r ] hole [ rw ] */
static void move_several(void)
{
	char *base = writable(4);
	char *target = room(4);

	tell("target", target);
	mprotect(base + PAGE, PAGE, READ);
	munmap(base + 2 * PAGE, PAGE);
	mremap(base, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
}

static void fifth_argument(void)
{
	char *base = writable(2);
	char *target = room(1);

	tell("target", target);
	syscall(SYS_mremap, base, 2 * PAGE, PAGE, 0, 0xbad000);
	syscall(SYS_mremap, base, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target);
}

/* ---- M12: brk -------------------------------------------------------------------------------- */

static void break_in_the_way(void)
{
	char *start = heap(2);
	char *wall = start + 8 * PAGE;

	need(mmap(wall, PAGE, PROT_NONE, ANON | MAP_FIXED_NOREPLACE, -1, 0) == wall);
	tell("refused", start + 8 * PAGE);
	syscall(SYS_brk, start + 8 * PAGE);
	/* One page must stay free below what is mapped. */
	tell("granted", start + 7 * PAGE);
	syscall(SYS_brk, start + 7 * PAGE);
}

static void break_over_the_limit(void)
{
	char *start = heap(2);
	struct rlimit limit;

	getrlimit(RLIMIT_DATA, &limit);
	limit.rlim_cur = (rlim_t)2 * MIB;
	setrlimit(RLIMIT_DATA, &limit);
	tell("refused", start + 4 * MIB);
	syscall(SYS_brk, start + 4 * MIB);
}

/* ---- M13 and M14: huge pages, advice ---------------------------------------------------------- */

static void alignment(void)
{
	tell("aligned", mmap(NULL, 4 * MIB, WRITE, ANON, -1, 0));
	tell("small", mmap(NULL, PAGE, READ, ANON, -1, 0));
	tell("odd", mmap(NULL, 4 * MIB + PAGE, WRITE, ANON, -1, 0));
}

static void advice(void)
{
	char *base = writable(3);

	need(madvise(base + PAGE, PAGE, ADVICE_GUARD_INSTALL) == 0);
	madvise(base + PAGE, PAGE, MADV_DONTFORK);
	madvise(base + PAGE, PAGE, MADV_DOFORK);
	mlock(base + 2 * PAGE, PAGE);
}

/* ---- M15 to M17 ------------------------------------------------------------------------------ */

static void anonymous_name(void)
{
	char *base = writable(3);

	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, base + PAGE, PAGE, "fact");
}

static void gate_pages(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long start = 0;
	char line[4096];

	while (maps && fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[vsyscall]"))
			start = strtoul(line, NULL, 16);
	}
	need(start != 0);
	tell("gate", (void *)start);
	munmap((void *)start, PAGE);
	mprotect((void *)start, PAGE, READ);
}

static void heap_after_fork(void)
{
	char *start = heap(2);
	pid_t child;

	memset(start, 1, 2 * PAGE);
	tell("grown", start + 3 * PAGE);
	child = fork();
	if (child == 0) {
		brk(start + 3 * PAGE);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	brk(start + 3 * PAGE);
}

static const struct scene facts[] = {
	{ "m1-mprotect-hole", protect_over_a_hole },
	{ "m1-mprotect-sealed", protect_over_a_seal },
	{ "m1-madvise-hole", advise_over_a_hole },
	{ "m1-munmap-sealed", unmap_into_a_seal },
	{ "m1-mmap-sealed", map_over_a_seal },
	{ "m2-untouched", untouched_neighbours },
	{ "m2-written", written_neighbours },
	{ "m3-stack-flag", stack_flag },
	{ "m4-relro", relro },
	{ "m5-heap", glued_to_the_heap },
	{ "m6-aio", aio_ring },
	{ "m7-names", names },
	{ "m8-shmdt", detach_in_pieces },
	{ "m9-remap-file-pages", pages_in_another_order },
	{ "m10-mremap-several", move_several },
	{ "m11-mremap-argument", fifth_argument },
	{ "m12-brk-blocked", break_in_the_way },
	{ "m12-brk-limit", break_over_the_limit },
	{ "m13-alignment", alignment },
	{ "m14-advice", advice },
	{ "m15-name", anonymous_name },
	{ "m16-gate-pages", gate_pages },
	{ "m17-fork", heap_after_fork },
};

int main(int argc, char **argv)
{
	return scene_run(facts, sizeof(facts) / sizeof(*facts), argc > 1 ? argv[1] : NULL);
}
