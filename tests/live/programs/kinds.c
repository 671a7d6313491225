/* SPDX-License-Identifier: MIT */
/*
 * kinds NAME: kinds of memory, of files and of rights that have rules of their own (scene.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "scene.h"

enum {
	CALL_SECRET = 447,
	CALL_SEAL = 462,
	SET_MDWE = 65,
	REFUSE_GAIN = 1,
	NO_INHERIT = 2,
	HUGE = 2 * MIB,
	STACK = 64 << 10,
};

static char stack[STACK] __attribute__((aligned(16)));

/* ---- Protection keys ----------------------------------------------------------------------- */

static int key_without_access(void)
{
	int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);

	need(key > 0);
	return key;
}

static void lock_denied(void)
{
	char *memory = writable(2);

	pkey_mprotect(memory, PAGE, WRITE, key_without_access());
	mlock(memory, 2 * PAGE);
}

static void lock_execute_only(void)
{
	char *memory = writable(2);

	mprotect(memory, 2 * PAGE, PROT_EXEC);
	mlock(memory, PAGE);
	mprotect(memory, 2 * PAGE, READ);
	mlock(memory, PAGE);
}

static void populate_denied(void)
{
	char *memory = writable(2);

	pkey_mprotect(memory, 2 * PAGE, WRITE, key_without_access());
	madvise(memory, 2 * PAGE, MADV_POPULATE_WRITE);
}

static void key_freed(void)
{
	char *memory = writable(1);
	int key = key_without_access();

	pkey_free(key);
	pkey_mprotect(memory, PAGE, READ, key);
	pkey_free(key);
}

static void keys_used_up(void)
{
	need(pkey_alloc(0, 0) > 0);
	while (pkey_alloc(0, 0) > 0)
		continue;
}

/* ---- Files that cannot be mapped, and drivers that map -------------------------------------- */

static void try_file(const char *name, int fd)
{
	tell(name, (void *)(intptr_t)fd);
	if (fd < 0)
		return;
	mmap(NULL, PAGE, READ, MAP_PRIVATE, fd, 0);
	mmap(NULL, PAGE, READ, MAP_SHARED, fd, 0);
	/* a fixed one: what a driver refuses late has taken away what was there */
	mmap(writable(3) + PAGE, PAGE, READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
}

static void unmappable(void)
{
	static const char *const paths[] = {
		"/proc/self/stat",
		"/proc/cpuinfo",
		"/proc/sys/kernel/ostype",
		"/proc/self/mem",
		"/sys/kernel/mm/transparent_hugepage/enabled",
		"/dev/null",
		"/dev/full",
		"/dev/urandom",
		"/",
		"/proc",
	};
	int ends[2] = { -1, -1 };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		try_file("path", open(paths[i], O_RDONLY | O_CLOEXEC));
	if (pipe(ends) == 0)
		try_file("pipe", ends[0]);
	try_file("socket", socket(AF_UNIX, SOCK_STREAM, 0));
	try_file("eventfd", eventfd(0, 0));
}

/* A ring of perf cannot be cut, is shared only, and a child does not get it. */
static void perf_ring(void)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_SW_DUMMY,
		.exclude_kernel = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
	char *ring;

	need(fd >= 0);
	ring = mmap(NULL, 3 * PAGE, WRITE, MAP_SHARED, fd, 0);
	need(ring != MAP_FAILED);
	tell("ring", ring);
	munmap(ring + PAGE, PAGE);
	mmap(NULL, PAGE, WRITE, MAP_PRIVATE, fd, 0);
	if (fork() == 0)
		_exit(0);
	wait(NULL);
}

static void secret_memory(void)
{
	int fd = (int)syscall(CALL_SECRET, 0);

	need(fd >= 0 && ftruncate(fd, 2 * PAGE) == 0);
	tell("secret", mmap(NULL, PAGE, WRITE, MAP_SHARED, fd, 0));
	mmap(NULL, PAGE, WRITE, MAP_PRIVATE, fd, 0);
}

/* ---- Huge pages ----------------------------------------------------------------------------- */

static char *huge(char *address, size_t length, int flags)
{
	return mmap(address, length, WRITE, ANON | MAP_HUGETLB | flags, -1, 0);
}

/* More than any pool has, a size that there is not, and what needs no pool. */
static void huge_pool(void)
{
	huge(NULL, (size_t)1 << 46, 0);
	huge(NULL, HUGE, 16 << MAP_HUGE_SHIFT);
	need(huge(NULL, 5000, MAP_NORESERVE) != MAP_FAILED);
}

static void huge_parts(void)
{
	char *memory = huge(NULL, 2 * HUGE, MAP_NORESERVE);

	need(memory != MAP_FAILED);
	tell("huge", memory);
	munmap(memory + PAGE, PAGE);
	munmap(memory, PAGE);
	mprotect(memory, PAGE, READ);
	madvise(memory + PAGE, PAGE, MADV_DONTNEED);
	madvise(memory, PAGE, MADV_DONTNEED);
	mremap(memory, 2 * HUGE, HUGE + MIB, 0);
	mremap(memory, 2 * HUGE, 3 * HUGE, MREMAP_MAYMOVE);
	huge(memory + PAGE, HUGE, MAP_FIXED | MAP_NORESERVE);
	huge(memory + 64 * HUGE + PAGE, HUGE, MAP_NORESERVE);
	mprotect(memory, HUGE, READ);
	munmap(memory + HUGE, HUGE);
}

/* Attached where the kernel likes, at a place that is no multiple, twice; cut, detached. */
static void huge_segment(void)
{
	int id = shmget(IPC_PRIVATE, HUGE + 5000, IPC_CREAT | SHM_HUGETLB | SHM_NORESERVE | 0600);
	char *first, *second;

	need(id >= 0);
	writable(1);
	first = shmat(id, NULL, 0);
	second = shmat(id, NULL, SHM_RDONLY);
	tell("first", first);
	shmat(id, first + 64 * HUGE + PAGE, 0);
	shmat(id, first + 64 * HUGE, 0);
	shmctl(id, IPC_RMID, NULL);
	munmap(first + HUGE, PAGE);
	munmap(first + HUGE, HUGE);
	writable(1);
	shmdt(first);
	shmdt(second);
}

/* Made without the flag, and asked for with it: it stays what it is. */
static void segment_kept(void)
{
	key_t key = (key_t)(0x40000000 | getpid());
	int id = shmget(key, 2 * PAGE, IPC_CREAT | IPC_EXCL | 0600);
	char *attached;

	need(id >= 0 && shmget(key, 2 * PAGE, SHM_HUGETLB) == id);
	attached = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	munmap(attached + PAGE, PAGE);
	shmdt(attached);
}

static void huge_file(void)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB);

	need(fd >= 0);
	mmap(NULL, 5000, WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	mmap(NULL, HUGE, WRITE, MAP_SHARED | MAP_NORESERVE, fd, PAGE);
}

/* ---- Where things go ------------------------------------------------------------------------ */

static void hint(const char *name, uintptr_t address, size_t length)
{
	tell(name, mmap((void *)address, length, PROT_NONE, ANON, -1, 0));
}

static void hints(void)
{
	char *grows = mmap(NULL, 512 * PAGE, PROT_NONE, ANON, -1, 0);

	munmap(grows, 512 * PAGE);
	grows = mmap(grows + 511 * PAGE, PAGE, WRITE, ANON | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	tell("grows", grows);
	hint("low", PAGE, PAGE);
	hint("guard", (uintptr_t)grows - 8 * PAGE, PAGE);
	hint("beyond", (uintptr_t)1 << 62, PAGE);
	hint("taken", (uintptr_t)grows, PAGE);
}

/* Grown by moving: the file's own placement counts, and anonymous memory has no offset. */
static void remap_places(void)
{
	char path[] = "kinds-XXXXXX";
	int fd = mkstemp(path);
	char *file;
	char *anonymous = mmap(NULL, 3 * MIB, WRITE, ANON, -1, 0);

	need(fd >= 0 && unlink(path) == 0 && ftruncate(fd, 8 * MIB) == 0);
	file = mmap(NULL, 3 * MIB, READ, MAP_SHARED, fd, 0);
	mmap(anonymous + 3 * MIB, PAGE, READ, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	mmap(file + 3 * MIB, PAGE, READ, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	mremap(file, 3 * MIB, 5 * MIB, MREMAP_MAYMOVE);
	mremap(anonymous, 3 * MIB, 6 * MIB, MREMAP_MAYMOVE);
}

/* ---- One struct file, or two ---------------------------------------------------------------- */

static int four_pages(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	need(fd >= 0 && ftruncate(fd, 4 * PAGE) == 0);
	return fd;
}

/* maps prints both names alike. */
static void newlines(void)
{
	mmap(NULL, PAGE, READ, MAP_PRIVATE, four_pages("kinds\\012four"), 0);
	mmap(NULL, PAGE, READ, MAP_PRIVATE, four_pages("kinds\nfour"), 0);
}

static void opened_again(void)
{
	for (int page = 3; page >= 0; page--) {
		int fd = four_pages("kinds-file");

		mmap(NULL, PAGE, READ, MAP_SHARED, fd, page * (off_t)PAGE);
		close(fd);
	}
}

static void used_by_a_child(void)
{
	int fd = four_pages("kinds-file");

	mmap(NULL, PAGE, READ, MAP_SHARED, fd, 3 * PAGE);
	if (fork() == 0) {
		mmap(NULL, PAGE, READ, MAP_SHARED, fd, 0);
		_exit(0);
	}
	wait(NULL);
	mmap(NULL, PAGE, READ, MAP_SHARED, fd, 2 * PAGE);
}

/* ---- One call over several VMAs -------------------------------------------------------------- */

static void written_apart(void)
{
	char *memory = map_at(room(64), 64, PROT_NONE, 0);

	mprotect(memory, 2 * PAGE, WRITE);
	memory[0] = 1;
	mprotect(memory + 3 * PAGE, 60 * PAGE, WRITE | PROT_EXEC);
	memory[3 * PAGE] = 1;
	mprotect(memory, 63 * PAGE, PROT_NONE);
}

/* ---- Page tables ----------------------------------------------------------------------------------- */

/* Locked and populated beyond the end of a file; pages that go with their file. */
static void tables_beyond(void)
{
	int fd = four_pages("kinds-short");
	char *far = mmap(NULL, 64 * MIB, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);

	mmap(far + 4 * MIB, 2 * MIB, READ, MAP_SHARED | MAP_FIXED, fd, 2 * MIB);
	mlock(far + 4 * MIB, 2 * MIB);
	mmap(far + 20 * MIB, 8 * MIB, READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE);
	mlockall(MCL_CURRENT);
}

static void tables_truncated(void)
{
	int fd = four_pages("kinds-cut");
	char *far = mmap(NULL, 64 * MIB, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	char *memory = mmap(far + 20 * MIB, 4 * PAGE, WRITE, MAP_SHARED | MAP_FIXED, fd, 0);

	memory[0] = 1;
	need(ftruncate(fd, 0) == 0);
	mprotect(writable(1), PAGE, READ);
}

/* ---- Seals, policies, files ------------------------------------------------------------------- */

static void sealed_and_denied(void)
{
	char *memory = writable(1);
	int key = pkey_alloc(0, 0);

	need(key > 0 && pkey_mprotect(memory, PAGE, WRITE, key) == 0 &&
	     syscall(CALL_SEAL, memory, PAGE, 0) == 0);
	madvise(memory, PAGE, MADV_DONTNEED);
	pkey_set(key, PKEY_DISABLE_WRITE);
	madvise(memory, PAGE, MADV_DONTNEED);
}

static void policies(void)
{
	char *memory = writable(2);
	char *nothing = map_at(room(1), 1, PROT_NONE, 0);

	syscall(SYS_mbind, memory, PAGE, MPOL_PREFERRED, nothing, 128, 0);
	/* rounded up, the length is 0 */
	syscall(SYS_mbind, memory, SIZE_MAX, MPOL_PREFERRED, NULL, 0, 0);
}

static void renamed(void)
{
	int fd = four_pages("kinds-before");

	tell("file", mmap(NULL, PAGE, READ, MAP_SHARED, fd, 0));
	need(rename("kinds-before", "kinds-after") == 0);
	unlink("kinds-after");
}

/* ---- What a task may ------------------------------------------------------------------------ */

static void set_limit(int resource, rlim_t soft)
{
	struct rlimit limit;

	getrlimit((__rlimit_resource_t)resource, &limit);
	limit.rlim_cur = soft;
	setrlimit((__rlimit_resource_t)resource, &limit);
}

static int lowers_its_own(void *unused)
{
	(void)unused;
	set_limit(RLIMIT_AS, PAGE);
	mmap(NULL, PAGE, WRITE, ANON, -1, 0);
	_exit(0);
}

/* A child that shares the memory has limits of its own. */
static void limits_of_a_child(void)
{
	waitpid(clone(lowers_its_own, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL), NULL,
		0);
	tell("after", mmap(NULL, PAGE, WRITE, ANON, -1, 0));
}

/* A parent sets its child's limits, from outside. */
static void limits_from_outside(void)
{
	int ends[2];
	struct rlimit limit = { .rlim_cur = PAGE, .rlim_max = RLIM_INFINITY };
	pid_t child;

	need(pipe(ends) == 0);
	child = fork();
	if (child == 0) {
		char byte;

		close(ends[1]);
		need(read(ends[0], &byte, 1) == 0);
		mmap(NULL, PAGE, WRITE, ANON, -1, 0);
		_exit(0);
	}
	prlimit(child, RLIMIT_AS, &limit, NULL);
	close(ends[1]);
	waitpid(child, NULL, 0);
}

/* Without its capability the limit counts, now. */
static void rights_given_up(void)
{
	char *memory = writable(64);

	need(geteuid() == 0);
	set_limit(RLIMIT_MEMLOCK, 0);
	mlock(memory, PAGE);
	need(setresuid(65534, 65534, 65534) == 0);
	mlock(memory + PAGE, PAGE);
	mmap(NULL, PAGE, WRITE, ANON | MAP_LOCKED, -1, 0);
}

static void mdwe_not_inherited(void)
{
	need(prctl(SET_MDWE, REFUSE_GAIN | NO_INHERIT, 0, 0, 0) == 0);
	mmap(NULL, PAGE, WRITE | PROT_EXEC, ANON, -1, 0);
	if (fork() == 0) {
		mmap(NULL, PAGE, WRITE | PROT_EXEC, ANON, -1, 0);
		_exit(0);
	}
	wait(NULL);
}

static void mdwe_inherited(void)
{
	static char *const arguments[] = { (char *)"kinds", (char *)"execute-write", NULL };

	need(prctl(SET_MDWE, REFUSE_GAIN, 0, 0, 0) == 0);
	execv("/proc/self/exe", arguments);
}

static void execute_write(void)
{
	mmap(NULL, PAGE, WRITE | PROT_EXEC, ANON, -1, 0);
}

#ifdef __x86_64__
/* A 64-bit program that makes 32-bit calls. */
static void old_calls(void)
{
	long result = 45; /* brk */

	__asm__ volatile("int $0x80" : "+a"(result) : "b"(0L) : "memory", "r8", "r9", "r10", "r11");
	for (int i = 0; i < 2; i++) {
		result = 192; /* mmap2 */
		__asm__ volatile("push %%rbp; xor %%ebp, %%ebp; int $0x80; pop %%rbp"
				 : "+a"(result)
				 : "b"(0L), "c"((long)PAGE), "d"((long)WRITE), "S"((long)(ANON)),
				   "D"(-1L)
				 : "memory", "r8", "r9", "r10", "r11");
		need(result > 0 || result < -4095);
	}
}
#else
static void old_calls(void)
{
	need(0);
}
#endif

static const struct scene kinds[] = {
	{ "lock-denied", lock_denied },
	{ "lock-execute-only", lock_execute_only },
	{ "populate-denied", populate_denied },
	{ "key-freed", key_freed },
	{ "keys-used-up", keys_used_up },
	{ "unmappable", unmappable },
	{ "perf-ring", perf_ring },
	{ "secret-memory", secret_memory },
	{ "huge-pool", huge_pool },
	{ "huge-parts", huge_parts },
	{ "huge-segment", huge_segment },
	{ "segment-kept", segment_kept },
	{ "huge-file", huge_file },
	{ "hints", hints },
	{ "remap-places", remap_places },
	{ "newlines", newlines },
	{ "opened-again", opened_again },
	{ "used-by-a-child", used_by_a_child },
	{ "written-apart", written_apart },
	{ "tables-beyond", tables_beyond },
	{ "tables-truncated", tables_truncated },
	{ "sealed-and-denied", sealed_and_denied },
	{ "policies", policies },
	{ "renamed", renamed },
	{ "limits-of-a-child", limits_of_a_child },
	{ "limits-from-outside", limits_from_outside },
	{ "rights-given-up", rights_given_up },
	{ "mdwe-not-inherited", mdwe_not_inherited },
	{ "mdwe-inherited", mdwe_inherited },
	{ "execute-write", execute_write },
	{ "old-calls", old_calls },
};

int main(int argc, char **argv)
{
	return scene_run(kinds, sizeof(kinds) / sizeof(*kinds), argc > 1 ? argv[1] : NULL);
}
