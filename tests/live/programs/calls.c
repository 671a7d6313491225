/* SPDX-License-Identifier: MIT */
/*
 * calls [name]: the mapping calls, each in the forms that split, merge, move, rename or fail.
 * Nothing is checked here: a call that this kernel refuses is one more call that fails. Sizes stay
 * small, so that no kernel aligns for huge pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdint.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	PAGE = 4096
};

static void *anon(size_t pages)
{
	return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Holes cut into a mapping, and filled again; a fixed mapping over the edge of another. */
static void map_and_unmap(void)
{
	char *base = anon(8);

	munmap(base + 2 * PAGE, PAGE);
	munmap(base + 4 * PAGE, 2 * PAGE);
	mmap(base + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	     -1, 0);
	mmap(base + 3 * PAGE, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(base, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	munmap(base, 8 * PAGE);
	mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* A file privately and shared, at an offset; neighbours of one file that become one VMA. */
static void map_files(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *base = mmap(NULL, 4 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);

	mmap(base + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, PAGE);
	mmap(base + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE);
	mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
#ifdef __i386__
	/* The oldest mmap of i386 takes a pointer to its arguments. */
	uint32_t args[6] = { 0, 2 * PAGE, PROT_READ, MAP_PRIVATE, (uint32_t)fd, PAGE };
	syscall(SYS_mmap, args);
#endif
	close(fd);
	fd = memfd_create("calls", MFD_CLOEXEC);
	if (ftruncate(fd, 8 * PAGE) == 0)
		mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
}

/* Protection of a middle, of both ends, back to one VMA, and over a hole. */
static void protect(void)
{
	char *base = anon(6);

	mprotect(base + 2 * PAGE, PAGE, PROT_READ);
	mprotect(base, PAGE, PROT_NONE);
	mprotect(base + 5 * PAGE, PAGE, PROT_READ | PROT_EXEC);
	mprotect(base, 6 * PAGE, PROT_READ | PROT_WRITE);
	munmap(base + 3 * PAGE, PAGE);
	mprotect(base + PAGE, 4 * PAGE, PROT_READ); /* ENOMEM, yet the first part has changed */
}

/* The heap up, down, to where it was, and beyond what can be. */
static void move_break(void)
{
	char *base = sbrk(0);

	if (brk(base + 5 * PAGE) == 0)
		memset(base, 1, PAGE);
	brk(base + 9 * PAGE);
	brk(base + 2 * PAGE);
	brk((void *)(intptr_t)(-16 * PAGE));
}

/* A mapping shrunk, grown in place, grown by moving, moved to a chosen place, and copied. */
static void remap(void)
{
	char *target = anon(8);
	char *base = anon(8);

	base = mremap(base, 8 * PAGE, 4 * PAGE, 0);
	base = mremap(base, 4 * PAGE, 6 * PAGE, 0);
	base = mremap(base, 6 * PAGE, 16 * PAGE, MREMAP_MAYMOVE);
	base = mremap(base, 16 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE);
	mremap(base, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	munmap(target, 8 * PAGE);
	mremap(target, PAGE, 2 * PAGE, 0);
}

/* Advice and locks that are kept in the VMA and split it; advice that is not. */
static void advise(void)
{
	char *base = anon(8);

	madvise(base + PAGE, PAGE, MADV_DONTFORK);
	madvise(base + PAGE, PAGE, MADV_DOFORK);
	madvise(base + 2 * PAGE, 2 * PAGE, MADV_SEQUENTIAL);
	madvise(base, 8 * PAGE, MADV_DONTNEED);
	mlock(base + 5 * PAGE, PAGE);
	munlock(base, 8 * PAGE);
	munmap(base + 6 * PAGE, PAGE);
	madvise(base + 5 * PAGE, 3 * PAGE, MADV_DONTDUMP); /* ENOMEM, applied on both sides */
}

/* Calls that map without the word "map" in their name. */
static void map_otherwise(void)
{
	int segment = shmget(IPC_PRIVATE, 4 * PAGE, IPC_CREAT | 0600);
	char *shared = shmat(segment, NULL, 0);
	aio_context_t context = 0;

	shmctl(segment, IPC_RMID, NULL);
	munmap(shared + PAGE, PAGE);
	shmdt(shared);
	segment = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
	shmat(segment, NULL, SHM_RDONLY);
	shmctl(segment, IPC_RMID, NULL);
	syscall(SYS_io_setup, 8, &context);
	syscall(SYS_io_destroy, context);
	context = 0;
	syscall(SYS_io_setup, 8, &context);
}

/* Pages of a shared file in another order: a VMA for each. */
static void reorder(void)
{
	int fd = memfd_create("order", MFD_CLOEXEC);
	char *base;

	if (ftruncate(fd, 4 * PAGE) < 0)
		return;
	base = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	remap_file_pages(base + PAGE, PAGE, 0, 3, 0);
	remap_file_pages(base, 2 * PAGE, 0, 2, 0);
	close(fd);
}

static void fail(void)
{
	char *base = anon(2);

	munmap(base + 1, PAGE);
	munmap(base, 0);
	mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0);
	mmap(NULL, SIZE_MAX / 2 - PAGE + 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mmap((void *)(intptr_t)(-2 * PAGE), PAGE, PROT_READ,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mprotect(base + 1, PAGE, PROT_READ);
	madvise(base, PAGE, 12345);
	shmdt(base);
	shmat(-1, NULL, 0);
}

/* Not every kernel can: only asked for by an argument. */
static void name(void)
{
	char *base = anon(3);

	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, base + PAGE, PAGE, "calls");
}

int main(int argc, char **argv)
{
	(void)argv;
	map_and_unmap();
	map_files();
	protect();
	move_break();
	remap();
	advise();
	map_otherwise();
	reorder();
	fail();
	if (argc > 1)
		name();
	return 0;
}
