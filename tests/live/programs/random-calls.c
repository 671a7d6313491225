/* SPDX-License-Identifier: MIT */
/*
 * Random mapping calls, reproducible from a seed: the generator behind the live test that holds the
 * model against the kernel.
 *
 *	random-calls SEED COUNT
 *
 * The calls work on an arena of addresses and on what earlier calls returned, mixed with reads and
 * writes of pages (faults on pages that may not be touched are caught), forks whose child goes on
 * for a while, and files that are opened, duplicated and opened again. Nothing is printed; that a
 * call fails is as good as that it succeeds.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <linux/mempolicy.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	ARENA_PAGES = 256,
	RECENT = 32,
	FILES = 6,
	MSEAL = 462,
	AROUND = 64 << 20, /* bytes from the arena on in which it may map */
};

/* Nothing else is near it, on either machine. */
#ifdef __LP64__
#define ARENA ((uintptr_t)1 << 40)
#define OUTSIDE ((uintptr_t)1 << 62) /* of user space */
#else
#define ARENA ((uintptr_t)1 << 29)
#define OUTSIDE ((uintptr_t)0 - PAGE)
#endif

static uint64_t state;
static char *arena;
static struct {
	char *start;
	size_t length;
} recent[RECENT];
static int files[FILES];
static int segment = -1;
static sigjmp_buf back;
static size_t room; /* bytes from the last place on that a call may work on */

/* xorshift64* */
static uint64_t draw(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717ULL;
}

static unsigned below(unsigned limit)
{
	return (unsigned)((draw() >> 32) % limit);
}

static int one_in(unsigned n)
{
	return below(n) == 0;
}

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static size_t some_length(void)
{
	size_t length;

	if (one_in(40))
		length = (size_t)(1 + below(3)) << 21;
	else if (one_in(60))
		length = 0;
	else
		length = (size_t)(1 + below(one_in(4) ? 24 : 6)) * PAGE -
			 (one_in(8) ? below(PAGE) : 0);
	return length < room ? length : room;
}

/*
 * An address to work on: mostly in the arena, around which nothing else lies, else in something
 * that a call returned, and then no further than that reaches.
 */
static char *some_place(void)
{
	char *place = arena + (size_t)below(ARENA_PAGES) * PAGE;
	unsigned i = below(RECENT);

	room = SIZE_MAX;
	if (one_in(3) && recent[i].start) {
		size_t offset = (size_t)below((unsigned)(recent[i].length / PAGE)) * PAGE;

		place = recent[i].start + offset;
		room = recent[i].length - offset;
	} else if (one_in(100)) {
		place += below(PAGE);
	}
	return place;
}

static size_t short_length(unsigned pages)
{
	size_t length = some_length();

	return length < (size_t)pages * PAGE ? length : (size_t)pages * PAGE;
}

static void remember(long address, size_t length)
{
	unsigned i = below(RECENT);

	if (address == -1 || !length ||
	    ((char *)address >= arena && (char *)address < arena + AROUND))
		return;
	/* What is forgotten is unmapped, so that the process does not grow without end. */
	if (recent[i].start)
		syscall(SYS_munmap, recent[i].start, recent[i].length);
	recent[i].start = (char *)address;
	recent[i].length = (length + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static int some_prot(void)
{
	static const int prots[] = { PROT_NONE,
				     PROT_READ,
				     PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_EXEC,
				     PROT_READ | PROT_WRITE | PROT_EXEC };

	return prots[below(sizeof(prots) / sizeof(*prots))];
}

static int in_arena(const char *place)
{
	return place >= arena && place < arena + (size_t)ARENA_PAGES * PAGE;
}

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

static void do_mmap(void)
{
	char *hint = some_place();
	size_t length = in_arena(hint) ? some_length() : 0;
	int flags = one_in(4) ? MAP_SHARED : MAP_PRIVATE;
	int fd = -1;
	size_t offset = 0;
	long address;

	if (!length || one_in(3)) {
		hint = NULL;
		room = SIZE_MAX;
		length = some_length();
	}
	if (one_in(3)) {
		fd = files[below(FILES)];
		offset = (size_t)below(16) * PAGE;
	} else {
		flags |= MAP_ANONYMOUS;
	}
	if (hint && !one_in(4) && length < (64 << 10))
		flags |= one_in(8) ? MAP_FIXED_NOREPLACE : MAP_FIXED;
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
	if (one_in(100))
		flags &= ~(MAP_SHARED | MAP_PRIVATE);
	if (one_in(200))
		offset += 1;
	address = call_mmap(hint, length, some_prot(), flags, one_in(200) ? 999 : fd, offset);
	remember(address, length);
}

static void do_munmap(void)
{
	char *place = some_place();

	syscall(SYS_munmap, place, short_length(16));
}

static void do_mprotect(void)
{
	char *place = some_place();

	syscall(SYS_mprotect, place, some_length(), some_prot());
}

static void do_madvise(void)
{
	static const int advices[] = {
		MADV_NORMAL,
		MADV_RANDOM,
		MADV_SEQUENTIAL,
		MADV_DONTNEED,
		MADV_FREE,
		MADV_DONTFORK,
		MADV_DOFORK,
		MADV_DONTDUMP,
		MADV_DODUMP,
		MADV_WIPEONFORK,
		MADV_KEEPONFORK,
		MADV_MERGEABLE,
		MADV_UNMERGEABLE,
		MADV_HUGEPAGE,
		MADV_NOHUGEPAGE,
		MADV_COLD,
		MADV_PAGEOUT,
		MADV_WILLNEED,
		102 /* MADV_GUARD_INSTALL */,
		103 /* MADV_GUARD_REMOVE */,
		12345,
	};
	char *place = some_place();

	syscall(SYS_madvise, place, some_length(),
		advices[below(sizeof(advices) / sizeof(*advices))]);
}

static void do_mlock(void)
{
	char *place = some_place();

	switch (below(4)) {
	case 0:
		syscall(SYS_mlock, place, short_length(16));
		break;
	case 1:
		syscall(SYS_mlock2, place, short_length(16), below(3));
		break;
	default:
		syscall(SYS_munlock, place, some_length());
	}
}

static void do_mremap(void)
{
	char *to = some_place();
	size_t new = short_length(32);
	int flags = one_in(4) ? 0 : MREMAP_MAYMOVE;
	char *from = some_place();
	size_t old = short_length(16);
	long address;

	if (flags && one_in(2) && in_arena(to))
		flags |= MREMAP_FIXED;
	else if (flags && one_in(8) && in_arena(to))
		flags |= 4; /* MREMAP_DONTUNMAP */
	if (one_in(3))
		new = old;
	address = syscall(SYS_mremap, from, old, new, flags, flags & (MREMAP_FIXED | 4) ? to : 0);
	if (!in_arena(from) && address == (long)from)
		return;
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

static void do_shm(void)
{
	long address;

	if (segment < 0) {
		segment = shmget(IPC_PRIVATE, 5 * PAGE, IPC_CREAT | 0600);
		/* The segment goes with its last attach, so that nothing stays behind. */
		address = (long)shmat(segment, NULL, 0);
		shmctl(segment, IPC_RMID, NULL);
		remember(address, 5 * PAGE);
		return;
	}
	switch (below(3)) {
	case 0:
		address = syscall(SYS_shmat, segment,
				  one_in(2) ? arena + (size_t)below(ARENA_PAGES) * PAGE : NULL,
				  one_in(3)   ? SHM_RDONLY
				  : one_in(3) ? SHM_REMAP
					      : 0);
		remember(address, 5 * PAGE);
		break;
	default:
		syscall(SYS_shmdt, some_place());
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

static void do_rare(void)
{
	unsigned long node = 1;
	char *place;

	switch (below(7)) {
	case 0:
		place = some_place();
		syscall(SYS_remap_file_pages, place, short_length(8), 0, below(16), 0);
		break;
	case 1:
		place = some_place();
		syscall(SYS_mbind, place, some_length(), one_in(2) ? MPOL_BIND : MPOL_DEFAULT,
			&node, 2, 0);
		break;
	case 2:
		place = some_place();
		syscall(SYS_pkey_mprotect, place, some_length(), some_prot(), -1);
		break;
	case 3:
		syscall(SYS_munmap, OUTSIDE, PAGE);
		break;
	case 4:
		if (one_in(40))
			syscall(MSEAL, arena + (size_t)below(ARENA_PAGES) * PAGE, PAGE, 0);
		break;
	case 5:
		if (one_in(40))
			syscall(SYS_mlockall, MCL_CURRENT | (one_in(2) ? MCL_FUTURE : 0));
		else if (one_in(4))
			syscall(SYS_munlockall);
		break;
	default:
		syscall(SYS_mprotect, arena, (size_t)-1, PROT_READ);
	}
}

static void touch(void)
{
	volatile char *place = some_place();

	if (sigsetjmp(back, 1))
		return;
	if (one_in(3))
		(void)*place;
	else
		*place = (char)below(256);
}

static void reopen(void)
{
	unsigned i = below(FILES);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", files[i]);
	if (one_in(2)) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		if (fd >= 0) {
			close(files[i]);
			files[i] = fd;
		}
	} else {
		unsigned from = below(FILES);

		if (from != i)
			dup2(files[from], files[i]);
	}
}

static void step(void)
{
	unsigned what = below(100);

	if (what < 30)
		do_mmap();
	else if (what < 38)
		do_munmap();
	else if (what < 52)
		do_mprotect();
	else if (what < 64)
		do_madvise();
	else if (what < 70)
		do_mlock();
	else if (what < 80)
		do_mremap();
	else if (what < 84)
		do_brk();
	else if (what < 87)
		do_shm();
	else if (what < 88)
		do_aio();
	else if (what < 91)
		do_rare();
	else if (what < 92 && one_in(10))
		reopen();
	touch();
}

static void open_files(void)
{
	char path[] = "/tmp/vmtrace-random-XXXXXX";

	files[0] = mkstemp(path);
	if (files[0] < 0 || ftruncate(files[0], 16 * PAGE) < 0)
		exit(2);
	files[1] = open(path, O_RDONLY | O_CLOEXEC);
	files[2] = open(path, O_RDWR | O_CLOEXEC);
	unlink(path);
	files[3] = dup(files[0]);
	files[4] = memfd_create("random", MFD_CLOEXEC);
	if (files[4] < 0 || ftruncate(files[4], 16 * PAGE) < 0)
		exit(2);
	files[5] = open("/dev/zero", O_RDWR | O_CLOEXEC);
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
	arena = mmap((void *)ARENA, (size_t)ARENA_PAGES * PAGE, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		return 2;
	for (unsigned long i = 0; i < count; i++) {
		step();
		if (one_in(2000)) {
			pid_t child = fork();

			if (child == 0)
				count = i + 1 + below(100);
			else if (child > 0)
				while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
					continue;
		}
	}
	return 0;
}
