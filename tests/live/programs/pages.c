/* SPDX-License-Identifier: MIT */
/*
 * pages: makes pages of every kind, prints "NAME ADDRESS" for each and "ready". "frame" is the page
 * frame of "written" as the program sees it, where the kernel tells.
 *
 * Then it does what it reads, "read ADDRESS" or "write ADDRESS", and answers with what came of it:
 * "none", "fault" (of whatever size, and resolved), or "SIGNAL CODE" by their numbers. At the end of
 * its input it waits until it is killed.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/auxv.h>
#include <unistd.h>

#define PAGE 4096
#define HUGE_PAGE (2 << 20)
#define ADVICE_GUARD_INSTALL 102

static volatile char sink;

static void say(const char *name, const void *address)
{
	printf("%s %" PRIxPTR "\n", name, (uintptr_t)address);
}

static char *map(size_t size, int prot, int flags, int fd)
{
	char *at = mmap(NULL, size, prot, flags, fd, 0);

	if (at == MAP_FAILED)
		exit(1);
	return at;
}

static void own_frame(const void *address)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (fd >= 0 &&
	    pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)address / PAGE * sizeof(entry))) ==
		    sizeof(entry) &&
	    entry << 9)
		printf("frame %" PRIx64 "\n", entry << 9 >> 9);
}

static void anonymous(void)
{
	char *at = map(8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	madvise(at, 8 * PAGE, MADV_NOHUGEPAGE);
	say("untouched", at);
	sink = at[PAGE];
	say("read", at + PAGE);
	at[2 * PAGE] = 1;
	say("written", at + 2 * PAGE);
	own_frame(at + 2 * PAGE);
	mprotect(at + 3 * PAGE, PAGE, PROT_NONE);
	say("none", at + 3 * PAGE);
	if (madvise(at + 5 * PAGE, PAGE, ADVICE_GUARD_INSTALL) == 0)
		say("guard", at + 5 * PAGE);
}

/* A file of two and a half pages, mapped with four. */
static void of_file(void)
{
	FILE *file = tmpfile();
	char *at, *shared;

	if (!file || ftruncate(fileno(file), 2 * PAGE + PAGE / 2) < 0)
		exit(1);
	at = map(5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(file));
	/* Around a page that is read the kernel maps its neighbours too. */
	madvise(at, 5 * PAGE, MADV_RANDOM);
	at[0] = 1;
	say("file-written", at);
	say("file-untouched", at + PAGE);
	say("beyond", at + 3 * PAGE);
	at = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(file));
	sink = at[0];
	say("file-read", at);
	shared = map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
	shared[0] = 1;
	say("shared", shared);
}

/* A file without a name and without a descriptor: one page, mapped with two. */
static void of_lost_file(void)
{
	FILE *file = tmpfile();
	char *at;

	if (!file || ftruncate(fileno(file), PAGE) < 0)
		exit(1);
	at = map(2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fileno(file));
	fclose(file);
	say("beyond-unseen", at + PAGE);
}

static void huge(void)
{
	char *at = map(2 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	FILE *smaps;
	char line[256];
	unsigned long kib, all = 0;

	at += HUGE_PAGE - (uintptr_t)at % HUGE_PAGE;
	if (madvise(at, HUGE_PAGE, MADV_HUGEPAGE) < 0)
		return;
	at[0] = 1;
	smaps = fopen("/proc/self/smaps_rollup", "r");
	while (smaps && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "AnonHugePages: %lu", &kib) == 1)
			all = kib;
	}
	if (all)
		say("huge", at + 3 * PAGE);
}

/* The child has the page too, until this program ends. */
static void shared_with_child(void)
{
	char *at = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	at[0] = 1;
	fflush(stdout);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fclose(stdout);
		for (;;)
			pause();
	}
	say("shared-with-child", at);
}

static sigjmp_buf back;
static volatile int got_signal;
static volatile int got_code;

static void caught(int number, siginfo_t *info, void *context)
{
	(void)context;
	got_signal = number;
	got_code = info->si_code;
	siglongjmp(back, 1);
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* The faults of one access; -1 if it was a signal. */
static long touch(const char *how, volatile char *at)
{
	long before;

	if (sigsetjmp(back, 1))
		return -1;
	before = faults();
	if (how[0] == 'w')
		*at = 2;
	else
		sink = *at;
	return faults() - before;
}

static void obey(void)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };
	static volatile char warm;
	char how[16];
	uintptr_t address;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	/* so that nothing of touch() itself faults for the first time when it counts */
	touch("read", &warm);
	touch("write", &warm);
	while (scanf("%15s %" SCNxPTR, how, &address) == 2) {
		volatile char *at = (volatile char *)address;
		long count = touch(how, at);

		if (count < 0)
			printf("%d %d\n", got_signal, got_code);
		else
			puts(count ? "fault" : "none");
		fflush(stdout);
	}
}

int main(void)
{
	setvbuf(stdout, NULL, _IOFBF, 65536);
	shared_with_child();
	anonymous();
	of_file();
	of_lost_file();
	huge();
	say("code", (const void *)((uintptr_t)main & ~(uintptr_t)(PAGE - 1)));
	say("vdso", (const void *)getauxval(AT_SYSINFO_EHDR));
	say("below-stack", (const void *)((uintptr_t)__builtin_frame_address(0) - 4 * 1024 * 1024));
	puts("ready");
	fflush(stdout);
	obey();
	for (;;)
		pause();
}
