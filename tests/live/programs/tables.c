/* SPDX-License-Identifier: MIT */
/*
 * tables SCENE: one way to make page tables come and go; "tables list" prints the names of all. What
 * a scene leaves is what the kernel counts when the program ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define SPAN (2 * MIB) /* of one table of the last level */

enum {
	PAGE = 4096,
	DONTUNMAP = 4,
	ADVICE_COLLAPSE = 25,
	ADVICE_GUARD_INSTALL = 102,
	ADVICE_GUARD_REMOVE = 103,
};

static char *map(size_t length, int prot, int flags)
{
	char *memory = mmap(NULL, length, prot, flags | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}

static char *private_memory(size_t length)
{
	return map(length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE);
}

static char *aligned(char *memory)
{
	return memory + (-(uintptr_t)memory & (SPAN - 1));
}

/* Small pages only: no table is deposited for a huge one. */
static char *small_pages(size_t length)
{
	char *memory = private_memory(length);

	madvise(memory, length, MADV_NOHUGEPAGE);
	return memory;
}

static void touch(char *memory, size_t length, size_t step)
{
	for (size_t i = 0; i < length; i += step)
		((volatile char *)memory)[i] = 1;
}

static void look_at(const char *memory, size_t length, size_t step)
{
	volatile char sum = 0;

	for (size_t i = 0; i < length; i += step)
		sum = (char)(sum + ((const volatile char *)memory)[i]);
}

/* Runs @work in a copy of this process and waits for it. */
static void in_child(void (*work)(void *), void *data)
{
	pid_t child = fork();

	if (child == 0) {
		work(data);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void nothing(void *data)
{
	(void)data;
}

static void scene_stack(void)
{
	volatile char room[3 * MIB];

	for (size_t i = sizeof(room); i > 0; i -= PAGE)
		room[i - 1] = 1;
}

static void scene_sparse(void)
{
	touch(private_memory(1000 * SPAN), 1000 * SPAN, SPAN);
}

static void scene_dontneed(void)
{
	char *memory = aligned(small_pages(16 * SPAN));

	touch(memory, 14 * SPAN, PAGE);
	madvise(memory + PAGE, 9 * SPAN, MADV_DONTNEED);
}

static void scene_dontneed_pieces(void)
{
	char *memory = aligned(small_pages(8 * SPAN));

	touch(memory, 6 * SPAN, PAGE);
	for (size_t i = 0; i < 6 * SPAN; i += SPAN / 2)
		madvise(memory + i, SPAN / 2, MADV_DONTNEED);
}

static void scene_hugepage(void)
{
	char *memory = aligned(private_memory(8 * SPAN));

	madvise(memory, 6 * SPAN, MADV_HUGEPAGE);
	touch(memory, 6 * SPAN, SPAN);
}

static void scene_hugepage_dontneed(void)
{
	char *memory = aligned(private_memory(8 * SPAN));

	madvise(memory, 6 * SPAN, MADV_HUGEPAGE);
	touch(memory, 6 * SPAN, SPAN);
	madvise(memory, 2 * SPAN + PAGE, MADV_DONTNEED);
}

static void scene_hugepage_split(void)
{
	char *memory = aligned(private_memory(8 * SPAN));

	madvise(memory, 6 * SPAN, MADV_HUGEPAGE);
	touch(memory, 6 * SPAN, SPAN);
	munmap(memory + SPAN + PAGE, 3 * SPAN);
}

static void scene_collapse(void)
{
	char *memory = aligned(private_memory(6 * SPAN));

	touch(memory, 4 * SPAN, PAGE);
	madvise(memory, 4 * SPAN, ADVICE_COLLAPSE);
}

/* From and to where borders of 2 MiB meet: whole tables move. */
static void scene_mremap_aligned(void)
{
	char *from = aligned(small_pages(6 * SPAN));
	char *to = aligned(map(6 * SPAN, PROT_NONE, MAP_PRIVATE));

	touch(from, 4 * MIB, PAGE);
	mremap(from, 4 * MIB, 4 * MIB, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

static void scene_mremap_crooked(void)
{
	char *from = aligned(small_pages(6 * SPAN));
	char *to = aligned(map(8 * SPAN, PROT_NONE, MAP_PRIVATE)) + 5 * (size_t)PAGE;

	touch(from, 4 * MIB, PAGE);
	mremap(from, 4 * MIB, 4 * MIB, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

/* Not from a border on, but nothing lies between it and the border: the table moves all the same. */
static void scene_mremap_realigned(void)
{
	char *from = aligned(map(8 * SPAN, PROT_NONE, MAP_PRIVATE));
	char *to = aligned(map(8 * SPAN, PROT_NONE, MAP_PRIVATE));

	munmap(from, 4 * SPAN);
	munmap(to, 4 * SPAN);
	from = mmap(from + SPAN / 2, 2 * SPAN, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	madvise(from, 2 * SPAN, MADV_NOHUGEPAGE);
	touch(from, 2 * SPAN, PAGE);
	mremap(from, 2 * SPAN, 2 * SPAN, MREMAP_MAYMOVE | MREMAP_FIXED, to + SPAN / 2);
}

static void scene_mremap_gigabyte(void)
{
	size_t gigabyte = 1024 * MIB;
	char *from = map(3 * gigabyte, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE);
	char *to = map(3 * gigabyte, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE);

	from += -(uintptr_t)from & (gigabyte - 1);
	to += -(uintptr_t)to & (gigabyte - 1);
	madvise(from, gigabyte, MADV_NOHUGEPAGE);
	touch(from, gigabyte, 64 * SPAN);
	mremap(from, gigabyte, gigabyte, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

static void scene_dontunmap(void)
{
	char *from = aligned(small_pages(6 * SPAN));

	touch(from, 4 * SPAN, PAGE);
	mremap(from, 4 * SPAN, 4 * SPAN, MREMAP_MAYMOVE | DONTUNMAP, NULL);
}

static void scene_mremap_grow(void)
{
	char *memory = small_pages(SPAN + PAGE);

	touch(memory, SPAN + PAGE, PAGE);
	memory = mremap(memory, SPAN + PAGE, 20 * SPAN, MREMAP_MAYMOVE);
	touch(memory, 20 * SPAN, SPAN);
}

static void scene_mremap_shrink(void)
{
	char *memory = small_pages(6 * SPAN);

	touch(memory, 6 * SPAN, SPAN);
	mremap(memory, 6 * SPAN, 2 * SPAN + PAGE, 0);
}

static void touch_ten(void *data)
{
	touch(data, 10 * SPAN, SPAN);
}

static void scene_fork_before(void)
{
	char *memory = small_pages(10 * SPAN);

	in_child(touch_ten, memory);
}

static void scene_fork_after(void)
{
	char *memory = small_pages(10 * SPAN);
	char *shared = map(10 * SPAN, PROT_READ | PROT_WRITE, MAP_SHARED);

	touch(memory, 10 * SPAN, SPAN);
	touch(shared, 10 * SPAN, SPAN);
	in_child(nothing, NULL);
}

static void scene_fork_emptied(void)
{
	char *memory = aligned(small_pages(12 * SPAN));

	touch(memory, 10 * SPAN, SPAN);
	for (size_t i = 0; i < 10 * SPAN; i += SPAN)
		madvise(memory + i, PAGE, MADV_DONTNEED);
	in_child(nothing, NULL);
}

static void scene_wipe_on_fork(void)
{
	char *memory = small_pages(10 * SPAN);

	touch(memory, 10 * SPAN, SPAN);
	madvise(memory, 4 * SPAN, MADV_WIPEONFORK);
	madvise(memory + 6 * SPAN, 2 * SPAN, MADV_DONTFORK);
	in_child(nothing, NULL);
}

static void scene_shm(void)
{
	int id = shmget(IPC_PRIVATE, 6 * SPAN, IPC_CREAT | 0600);
	char *memory = id < 0 ? (char *)-1 : shmat(id, NULL, 0);

	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
	if (memory == (char *)-1)
		return;
	touch(memory, 6 * SPAN, SPAN);
	memory = shmat(id, NULL, 0);
	if (memory == (char *)-1)
		return;
	touch(memory, 3 * SPAN, SPAN);
	shmdt(memory);
}

static void scene_shared(void)
{
	char *memory = map(8 * SPAN, PROT_READ | PROT_WRITE, MAP_SHARED);

	touch(memory, 8 * SPAN, SPAN);
	munmap(memory + 2 * SPAN, 3 * SPAN);
}

static void scene_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	char *memory = mmap(NULL, 8 * SPAN, PROT_READ, MAP_PRIVATE, fd, 0);

	if (memory == MAP_FAILED)
		return;
	look_at(memory, PAGE, PAGE);
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	touch(memory, PAGE, PAGE);
	close(fd);
}

/* One page stays on each side of a hole, in the tables of its ends. */
static void scene_munmap_beside(void)
{
	char *memory = aligned(small_pages(12 * SPAN));

	touch(memory, 10 * SPAN, PAGE);
	munmap(memory + PAGE, 4 * SPAN - 2 * (size_t)PAGE);
	munmap(memory + 6 * SPAN, SPAN);
}

static void scene_munmap_pieces(void)
{
	char *memory = aligned(small_pages(12 * SPAN));

	touch(memory, 10 * SPAN, SPAN);
	for (size_t i = 0; i < 10 * SPAN; i += SPAN / 4)
		munmap(memory + i, SPAN / 4);
}

static void scene_fixed_over(void)
{
	char *memory = aligned(small_pages(12 * SPAN));

	touch(memory, 10 * SPAN, SPAN);
	(void)mmap(memory + SPAN, 5 * SPAN, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		   0);
}

static void scene_arena(void)
{
	char *arena = map(64 * 1024 * MIB, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE);

	for (size_t i = 0; i < 8; i++) {
		char *piece = arena + i * 7 * 1024 * MIB;

		mprotect(piece, 4 * (size_t)PAGE, PROT_READ | PROT_WRITE);
		touch(piece, 4 * (size_t)PAGE, PAGE);
	}
}

static void scene_mlock(void)
{
	char *memory = small_pages(3 * SPAN);

	mlock(memory + PAGE, 2 * SPAN);
}

static void scene_populate(void)
{
	map(5 * SPAN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE);
	map(5 * SPAN, PROT_READ, MAP_PRIVATE | MAP_POPULATE);
	map(5 * SPAN, PROT_NONE, MAP_PRIVATE | MAP_POPULATE);
}

static void scene_populate_advice(void)
{
	char *memory = private_memory(5 * SPAN);

	madvise(memory + PAGE, 3 * SPAN, MADV_POPULATE_WRITE);
}

/* The kernel writes, in read(2). */
static void scene_read(void)
{
	int fd = open("/dev/zero", O_RDONLY);
	char *memory = small_pages(8 * SPAN);

	for (size_t i = 0; i < 8; i++) {
		if (read(fd, memory + i * SPAN, 16) != 16)
			break;
	}
	munmap(memory, PAGE);
	close(fd);
}

static void scene_zero_page(void)
{
	look_at(small_pages(9 * SPAN), 9 * SPAN, SPAN);
}

static void scene_brk(void)
{
	char *start = sbrk(0);

	if (sbrk(9 * (intptr_t)SPAN) == (void *)-1)
		return;
	touch(start, 9 * SPAN, SPAN);
	sbrk(-5 * (intptr_t)SPAN);
}

static void scene_guard(void)
{
	char *memory = aligned(small_pages(8 * SPAN));

	touch(memory, SPAN, PAGE);
	madvise(memory, 4 * SPAN, ADVICE_GUARD_INSTALL);
	madvise(memory + SPAN, SPAN, MADV_DONTNEED);
	madvise(memory + 2 * SPAN, SPAN, ADVICE_GUARD_REMOVE);
}

static void scene_free(void)
{
	char *memory = aligned(small_pages(6 * SPAN));

	touch(memory, 4 * SPAN, PAGE);
	madvise(memory, 4 * SPAN, MADV_FREE);
}

static void on_signal(int number)
{
	static const char text[] = "as expected\n";

	(void)number;
	(void)!write(1, text, sizeof(text) - 1);
	_exit(0);
}

/* A fault that ends in SIGBUS, in a span where nothing was before. */
static void scene_beyond_file(void)
{
	int fd = memfd_create("short", 0);
	char *memory = mmap(NULL, 4 * SPAN, PROT_READ, MAP_SHARED, fd, 0);

	signal(SIGBUS, on_signal);
	look_at(memory + 2 * SPAN, PAGE, PAGE);
}

static void scene_segfault(void)
{
	char *memory = map(4 * SPAN, PROT_NONE, MAP_PRIVATE);

	signal(SIGSEGV, on_signal);
	look_at(memory + 2 * SPAN, PAGE, PAGE);
}

static void *thread(void *data)
{
	char *memory = small_pages(4 * SPAN);

	(void)data;
	for (int i = 0; i < 20; i++) {
		touch(memory, 4 * SPAN, SPAN);
		madvise(memory + SPAN, PAGE, MADV_DONTNEED);
		munmap(mmap(NULL, SPAN, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), SPAN);
	}
	return NULL;
}

static void scene_threads(void)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, thread, NULL);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

static void scene_many(void)
{
	size_t length = 100001 * (size_t)PAGE;

	touch(small_pages(length), length, PAGE);
}

/* tables.bats knows what each of these must flush. */
static void scene_flush(void)
{
	char *memory = private_memory(16 * (size_t)PAGE);

	memory[2 * PAGE] = memory[5 * PAGE] = memory[10 * PAGE] = 1;
	munmap(memory, 16 * (size_t)PAGE);
	for (size_t pages = 33; pages <= 34; pages++) {
		memory = private_memory(pages * PAGE);
		touch(memory, pages * PAGE, PAGE);
		munmap(memory, pages * PAGE);
	}
	munmap(private_memory(4 * (size_t)PAGE), 4 * (size_t)PAGE);
}

/* Where no other mapping is: a page that is touched, and 4 MiB beside it. */
static void scene_neighbour(void)
{
	char *place = (char *)((uintptr_t)16 << 30);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	(void)mmap(place, PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
	*(volatile char *)place = 1;
	(void)mmap(place + PAGE, 2 * SPAN, PROT_READ, flags, -1, 0);
}

static const struct {
	const char *name;
	void (*run)(void);
} scenes[] = {
	{ "stack", scene_stack },
	{ "sparse", scene_sparse },
	{ "dontneed", scene_dontneed },
	{ "dontneed-pieces", scene_dontneed_pieces },
	{ "hugepage", scene_hugepage },
	{ "hugepage-dontneed", scene_hugepage_dontneed },
	{ "hugepage-split", scene_hugepage_split },
	{ "collapse", scene_collapse },
	{ "mremap-aligned", scene_mremap_aligned },
	{ "mremap-crooked", scene_mremap_crooked },
	{ "mremap-realigned", scene_mremap_realigned },
	{ "mremap-gigabyte", scene_mremap_gigabyte },
	{ "mremap-dontunmap", scene_dontunmap },
	{ "mremap-grow", scene_mremap_grow },
	{ "mremap-shrink", scene_mremap_shrink },
	{ "fork-before", scene_fork_before },
	{ "fork-after", scene_fork_after },
	{ "fork-emptied", scene_fork_emptied },
	{ "wipe-on-fork", scene_wipe_on_fork },
	{ "shm", scene_shm },
	{ "shared", scene_shared },
	{ "file", scene_file },
	{ "munmap-beside", scene_munmap_beside },
	{ "munmap-pieces", scene_munmap_pieces },
	{ "fixed-over", scene_fixed_over },
	{ "arena", scene_arena },
	{ "mlock", scene_mlock },
	{ "populate", scene_populate },
	{ "populate-advice", scene_populate_advice },
	{ "read", scene_read },
	{ "zero-page", scene_zero_page },
	{ "brk", scene_brk },
	{ "guard", scene_guard },
	{ "free", scene_free },
	{ "beyond-file", scene_beyond_file },
	{ "segfault", scene_segfault },
	{ "threads", scene_threads },
	{ "many", scene_many },
	{ "flush", scene_flush },
	{ "neighbour", scene_neighbour },
};

int main(int argc, char **argv)
{
	const char *wanted = argc > 1 ? argv[1] : "list";

	for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++) {
		if (strcmp(wanted, "list") == 0) {
			puts(scenes[i].name);
		} else if (strcmp(wanted, scenes[i].name) == 0) {
			scenes[i].run();
			return 0;
		}
	}
	return strcmp(wanted, "list") != 0;
}
