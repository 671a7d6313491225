/* SPDX-License-Identifier: MIT */
/*
 * Random mapping calls, reproducible from a seed: the generator behind the live tests that hold the
 * model against the kernel.
 *
 *	random-calls SEED COUNT
 *
 * The calls work on an arena of addresses and on what earlier calls returned, mixed with reads and
 * writes of pages (faults on pages that may not be touched are caught), forks whose child goes on
 * for a while, and files that are opened, duplicated and opened again. Nothing is printed; that a
 * call fails is as good as that it succeeds.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/mman.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "random-draw.h"
#include "random-settings.h"

enum {
	FILES = 10,
	FILE_PAGES = 16,
	KEYS = 2,
	/* what older headers lack */
	CALL_MAP_SHADOW_STACK = 453,
	CALL_MSEAL = 462,
	DROPPABLE = 8, /* MAP_DROPPABLE */
	DONTUNMAP = 4, /* MREMAP_DONTUNMAP */
	DONTNEED_LOCKED = 24,
	COLLAPSE = 25,
	GUARD_INSTALL = 102,
	GUARD_REMOVE = 103,
};

static int files[FILES];
static int keys[KEYS]; /* protection keys; -1: none */
static int faults = -1; /* a userfaultfd of this process */
static sigjmp_buf back;

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

/* ---- mmap, munmap, mremap, brk ------------------------------------------------------------- */

/* The old call takes the bytes of the offset, the new one of 32-bit programs its pages. */
static long call_mmap(char *hint, size_t length, int prot, int flags, int fd, size_t offset)
{
#ifdef SYS_mmap2
	if (one_in(3)) {
		unsigned long args[] = { (unsigned long)hint, length,
					 (unsigned long)prot, (unsigned long)flags,
					 (unsigned long)fd,   offset };

		return syscall(SYS_mmap, args);
	}
	return syscall(SYS_mmap2, hint, length, prot, flags, fd, offset / PAGE);
#else
	return syscall(SYS_mmap, hint, length, prot, flags, fd, offset);
#endif
}

static int mmap_flags(void)
{
	int flags = one_in(4) ? MAP_SHARED : MAP_PRIVATE;

	if (one_in(12))
		flags |= MAP_NORESERVE;
	if (one_in(12))
		flags |= MAP_STACK;
	if (one_in(30))
		flags |= MAP_GROWSDOWN;
	if (one_in(30))
		flags |= MAP_POPULATE;
	if (one_in(40))
		flags |= MAP_LOCKED;
	if (one_in(60))
		flags = (flags & ~MAP_TYPE) | DROPPABLE;
	if (one_in(60))
		flags |= MAP_SHARED_VALIDATE;
	if (one_in(100))
		flags &= ~MAP_TYPE;
	if (one_in(2000))
		flags |= MAP_32BIT;
	if (one_in(1500))
		flags = (flags & ~MAP_NORESERVE) | MAP_HUGETLB; /* none are reserved */
	return flags;
}

static void do_mmap(void)
{
	struct place hint = some_place();
	size_t length = in_arena(hint.at) ? length_in(hint) : 0;
	int flags = mmap_flags();
	int prot = some_prot();
	int fd = -1;
	size_t offset = 0;

	if (!length || one_in(3)) {
		hint.at = NULL;
		length = any_length();
	}
	if (one_in(3)) {
		fd = files[below(FILES)];
		offset = (size_t)below(FILE_PAGES) * PAGE;
	} else {
		flags |= MAP_ANONYMOUS;
	}
	if (hint.at && !one_in(4) && length < (64 << 10))
		flags |= one_in(8) ? MAP_FIXED_NOREPLACE : MAP_FIXED;
	if (one_in(200))
		offset += 1;
	if (one_in(200))
		fd = 999;
	remember(call_mmap(hint.at, length, prot, flags, fd, offset), length);
}

static void do_munmap(void)
{
	struct place place = some_place();

	syscall(SYS_munmap, place.at, short_length(place, 16));
}

static void do_mremap(void)
{
	struct place to = some_place();
	size_t new = short_length(to, 32);
	struct place from = some_place();
	size_t old = short_length(from, 16);
	int flags = one_in(4) ? 0 : MREMAP_MAYMOVE;
	long address;

	if (flags && one_in(2) && in_arena(to.at))
		flags |= MREMAP_FIXED;
	else if (flags && one_in(8) && in_arena(to.at))
		flags |= DONTUNMAP;
	if (one_in(3))
		new = old;
	address = syscall(SYS_mremap, from.at, old, new, flags,
			  flags & (MREMAP_FIXED | DONTUNMAP) ? to.at : 0);
	if (in_arena(from.at) || address != (long)from.at)
		remember(address, new);
}

static void do_brk(void)
{
	static long first;
	long now = syscall(SYS_brk, 0);

	if (!first)
		first = now;
	if (one_in(2))
		syscall(SYS_brk, now + (long)below(8 * PAGE));
	else if (now - 4 * PAGE > first)
		syscall(SYS_brk, now - (long)below(4 * PAGE));
}

/* ---- Attributes ---------------------------------------------------------------------------- */

static void do_mprotect(void)
{
	struct place place = some_place();
	size_t length = length_in(place);
	int prot = some_prot();

	if (one_in(10))
		syscall(SYS_pkey_mprotect, place.at, length, prot, one_of(keys));
	else if (one_in(40))
		syscall(SYS_mprotect, place.at, length, prot | PROT_GROWSDOWN);
	else
		syscall(SYS_mprotect, place.at, length, prot);
}

static const int advices[] = {
	MADV_NORMAL,     MADV_RANDOM,     MADV_SEQUENTIAL,  MADV_DONTNEED, MADV_FREE,
	MADV_DONTFORK,   MADV_DOFORK,     MADV_DONTDUMP,    MADV_DODUMP,   MADV_WIPEONFORK,
	MADV_MERGEABLE,  MADV_KEEPONFORK, MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
	MADV_COLD,       MADV_PAGEOUT,    MADV_WILLNEED,    GUARD_INSTALL, GUARD_REMOVE,
	DONTNEED_LOCKED, 12345,
};

/* How these come out hangs on more than the VMAs, so they are few. */
static const int open_advices[] = { MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_REMOVE,
				    COLLAPSE };

static int some_advice(void)
{
	int advice = one_of(advices);

	return advice == MADV_MERGEABLE && !may_merge_pages() ? MADV_UNMERGEABLE : advice;
}

/* Two ranges, through a pidfd. */
static void do_process_madvise(void)
{
	struct place first = some_place(), second = some_place();
	struct iovec ranges[] = {
		{ .iov_base = first.at, .iov_len = length_in(first) },
		{ .iov_base = second.at, .iov_len = length_in(second) },
	};
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

	syscall(SYS_process_madvise, self, ranges, 2, some_advice(), 0);
	close(self);
}

static void do_madvise(void)
{
	struct place place = some_place();
	size_t length = length_in(place);

	if (one_in(300))
		syscall(SYS_madvise, place.at, length, one_of(open_advices));
	else if (one_in(500))
		do_process_madvise();
	else
		syscall(SYS_madvise, place.at, length, some_advice());
}

static void do_mlock(void)
{
	struct place place = some_place();
	size_t length = short_length(place, 16);

	switch (below(4)) {
	case 0:
		syscall(SYS_mlock, place.at, length);
		break;
	case 1:
		syscall(SYS_mlock2, place.at, length, below(3));
		break;
	default:
		syscall(SYS_munlock, place.at, length);
	}
}

static void do_mbind(void)
{
	unsigned long node = one_in(4) ? 0 : 1;
	struct place place = some_place();
	size_t length = length_in(place);
	static const int modes[] = { MPOL_BIND,  MPOL_BIND,      MPOL_DEFAULT,
				     MPOL_LOCAL, MPOL_PREFERRED, MPOL_INTERLEAVE };

	syscall(SYS_mbind, place.at, length, one_of(modes), &node, 2, 0);
}

/*
 * Ranges are registered for write-protection, which nobody then asks for. A registration for missing
 * pages is taken back at once: a write that it answers leaves an anon_vma and no page, which nothing
 * shows. A child's descriptor would mean its parent.
 */
static void do_userfault(void)
{
	struct place place = some_place();
	struct uffdio_register request = {
		.range = { .start = (uintptr_t)place.at, .len = short_length(place, 8) },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	if (faults < 0)
		return;
	if (one_in(3))
		request.mode = UFFDIO_REGISTER_MODE_MISSING;
	if (one_in(3) || ioctl(faults, UFFDIO_REGISTER, &request) < 0 ||
	    request.mode == UFFDIO_REGISTER_MODE_MISSING)
		ioctl(faults, UFFDIO_UNREGISTER, &request.range);
}

static void do_name(void)
{
	static const char *const names[] = { "one", "two", "not [this]", NULL };
	struct place place = some_place();
	size_t length = length_in(place);

	/* Not every kernel names, and whether this one does shows only when it refuses. */
	if (one_in(8))
		prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, place.at, length, one_of(names));
}

/* ---- Calls that map in other ways ---------------------------------------------------------- */

static void do_shm(void)
{
	static int segment = -1;
	static const int flags[] = { 0, 0, SHM_RDONLY, SHM_REMAP, SHM_RND | SHM_REMAP, SHM_EXEC };
	size_t length = 5 * PAGE;
	char *at = one_in(2) ? arena_page() : NULL;
	long address;

	if (segment < 0) {
		segment = shmget(IPC_PRIVATE, length, IPC_CREAT | 0700);
		/* The segment goes with its last attach, so that nothing stays behind. */
		address = (long)shmat(segment, NULL, 0);
		shmctl(segment, IPC_RMID, NULL);
		remember(address, length);
		return;
	}
	if (one_in(3)) {
		address = one_in(2) ? (long)shmat(segment, at, one_of(flags))
				    : syscall(SYS_shmat, segment, at, one_of(flags));
		if (address == -1 && !at)
			segment = -1;
		remember(address, length);
	} else {
		at = some_place().at;
		if (one_in(2))
			syscall(SYS_shmdt, at);
		else
			shmdt(at);
	}
}

static void do_aio(void)
{
	static unsigned long contexts[4];
	unsigned i = below(4);

	if (contexts[i]) {
		syscall(SYS_io_destroy, contexts[i]);
		contexts[i] = 0;
	} else if (syscall(SYS_io_setup, one_in(6) ? 0 : 1 + below(300), &contexts[i]) < 0) {
		contexts[i] = 0;
	}
}

static void do_remap_file_pages(void)
{
	struct place place = some_place();
	size_t length = short_length(place, 8);

	syscall(SYS_remap_file_pages, place.at, length, 0, below(FILE_PAGES), 0);
}

static void do_rare(void)
{
	switch (below(5)) {
	case 0:
		syscall(SYS_munmap, OUTSIDE, PAGE);
		break;
	case 1:
		syscall(SYS_mprotect, arena, (size_t)-1, PROT_READ);
		break;
	case 2:
		if (one_in(40))
			syscall(CALL_MSEAL, arena_page(), PAGE, 0);
		break;
	case 3:
		if (one_in(40))
			syscall(SYS_mlockall, MCL_CURRENT | (one_in(2) ? MCL_FUTURE : 0));
		else if (one_in(4))
			syscall(SYS_munlockall);
		break;
	default:
		if (one_in(40))
			syscall(CALL_MAP_SHADOW_STACK, arena_page(), PAGE, 0);
		else
			syscall(SYS_arch_prctl, ARCH_MAP_VDSO_64, arena);
	}
}

/* ---- Pages and files ----------------------------------------------------------------------- */

static void touch(void)
{
	volatile char *at = some_place().at;

	switch (below(6)) {
	case 0:
	case 1:
		if (!sigsetjmp(back, 1))
			(void)*at;
		break;
	case 2:
		/* By the kernel, in a call that maps nothing. */
		if (read(files[5], (char *)(uintptr_t)at, 1) < 0)
			break;
		break;
	default:
		if (!sigsetjmp(back, 1))
			*at = 1;
	}
}

static void reopen(void)
{
	unsigned i = below(FILES);
	unsigned from = below(FILES);
	char path[64];

	if (one_in(2) && from != i) {
		dup2(files[from], files[i]);
	} else {
		int fd;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", files[i]);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0) {
			close(files[i]);
			files[i] = fd;
		}
	}
}

static int a_memfd(unsigned flags)
{
	int fd = memfd_create("random", MFD_CLOEXEC | flags);

	if (fd < 0 || ftruncate(fd, FILE_PAGES * PAGE) < 0)
		exit(2);
	return fd;
}

static void open_files(void)
{
	char path[] = "/tmp/vmtrace-random-XXXXXX";

	files[0] = mkstemp(path);
	if (files[0] < 0 || ftruncate(files[0], FILE_PAGES * PAGE) < 0)
		exit(2);
	files[1] = open(path, O_RDONLY | O_CLOEXEC);
	files[2] = open(path, O_RDWR | O_CLOEXEC);
	files[6] = open(path, O_WRONLY | O_CLOEXEC);
	unlink(path);
	files[3] = dup(files[0]);
	files[4] = a_memfd(0);
	files[5] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	files[7] = a_memfd(MFD_ALLOW_SEALING);
	fcntl(files[7], F_ADD_SEALS, F_SEAL_WRITE);
	files[8] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	files[9] = open("/dev/zero", O_PATH | O_CLOEXEC);
}

static void open_others(void)
{
	struct uffdio_api api = { .api = UFFD_API };

	for (unsigned i = 0; i < KEYS; i++)
		keys[i] = i ? (int)syscall(SYS_pkey_alloc, 0, 0) : -1;
	faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
	if (faults >= 0 && ioctl(faults, UFFDIO_API, &api) < 0)
		faults = -1;
}

/* ---- Together ------------------------------------------------------------------------------ */

/* Each call as often in a thousand as its row says; the rest only touches a page. */
static const struct {
	unsigned weight;
	void (*run)(void);
} table[] = {
	{ 300, do_mmap },
	{ 80, do_munmap },
	{ 140, do_mprotect },
	{ 120, do_madvise },
	{ 60, do_mlock },
	{ 100, do_mremap },
	{ 40, do_brk },
	{ 30, do_shm },
	{ 10, do_aio },
	{ 10, do_mbind },
	{ 10, do_remap_file_pages },
	{ 10, do_rare },
	{ 5, do_setting },
	{ 10, do_userfault },
	{ 1, do_name },
	{ 2, reopen },
};

static void step(void)
{
	unsigned what = below(1000);

	for (unsigned i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (what < table[i].weight) {
			table[i].run();
			break;
		}
		what -= table[i].weight;
	}
	touch();
}

/* The child goes on for a while; then its parent does. Returns where it ends. */
static unsigned long branch(unsigned long i, unsigned long count)
{
	pid_t child = fork();

	if (child == 0) {
		faults = -1;
		if (one_in(4))
			change_for_good();
		return i + 1 + below(100);
	}
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
	return count;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 0) : 1000;
	static char stack[64 << 10];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_ONSTACK | SA_NODEFER };

	state = (argc > 1 ? strtoull(argv[1], NULL, 0) : 1) * 0x9e3779b97f4a7c15ULL + 1;
	sigaltstack(&alternate, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	open_files();
	open_others();
	arena = mmap((void *)ARENA, (size_t)ARENA_PAGES * PAGE, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		return 2;
	for (unsigned long i = 0; i < count; i++) {
		step();
		if (one_in(1000))
			count = branch(i, count);
	}
	return 0;
}
