/* SPDX-License-Identifier: MIT */
/*
 * moments WAY: signals that come at bad moments, and what they do to the calls that they meet.
 *
 *	fault		a SIGSEGV handler that maps what was missing; the access is then done again
 *	restart		a timer's signal, whose handler maps, interrupts calls that the kernel begins
 *			again: nanosleep, poll, futex, read, wait
 *	stop		a child of several threads that map is stopped and continued, again and again
 *	nested		handlers on a stack of their own that interrupt each other
 *	closed		no descriptor, and none to be had
 *
 * Prints what came of it, and no numbers that depend on time.
 */
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	FAULTS = 50,
	TICK_US = 500,
	TICKS = 20, /* that a call is interrupted by, at least */
	STOPS = 30,
	STATUS = 6
};

static volatile sig_atomic_t count;

static void say(const char *what, int good)
{
	printf("%s: %s\n", what, good ? "yes" : "no");
	fflush(stdout);
}

static char *map_at(void *address, int flags)
{
	return mmap(address, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1,
		    0);
}

static void map(void)
{
	char *memory = map_at(NULL, 0);

	if (memory == MAP_FAILED)
		abort();
	memory[0] = 1;
	munmap(memory, PAGE);
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };

	sigaction(signal, &action, NULL);
}

/* ---- Faults ------------------------------------------------------------------------------- */

static void map_missing(int signal, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr & -(uintptr_t)PAGE;

	(void)signal;
	(void)context;
	count++;
	if (map_at((void *)address, MAP_FIXED) == MAP_FAILED)
		_exit(1);
}

static void fault(void)
{
	volatile char *room = mmap(NULL, (size_t)2 * FAULTS * PAGE, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int sum = 0;

	handle(SIGSEGV, map_missing, 0);
	for (int i = 0; i < FAULTS; i++) {
		room[(size_t)2 * i * PAGE] = 1;
		sum += room[(size_t)2 * i * PAGE];
	}
	say("each fault was handled once", count == FAULTS && sum == FAULTS);
}

/* ---- Restarts ----------------------------------------------------------------------------- */

static int wake_pipe[2];
static int wake_futex;

/* One at a time: a slow tracer would otherwise keep the program in its handler. */
static void set_timer(void)
{
	struct itimerval timer = { { 0, 0 }, { 0, TICK_US } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* When the call has been interrupted often enough, it is given its reason to end. */
static void on_tick(int signal, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)signal;
	(void)info;
	(void)context;
	map();
	if (++count < TICKS) {
		set_timer();
	} else {
		wake_futex = 1;
		syscall(SYS_futex, &wake_futex, FUTEX_WAKE, 1, NULL, NULL, 0);
		if (write(wake_pipe[1], "x", 1) != 1)
			_exit(1);
	}
	errno = saved;
}

static void begin(void)
{
	char byte;

	if (count >= TICKS && read(wake_pipe[0], &byte, 1) != 1)
		abort();
	count = 0;
	wake_futex = 0;
	set_timer();
}

static void restart(void)
{
	const struct timespec rest = { 0, 100 * 1000 * 1000 };
	struct pollfd poll_in = { .events = POLLIN };
	int result;
	char byte;
	pid_t child;

	if (pipe(wake_pipe) < 0)
		abort();
	poll_in.fd = wake_pipe[0];
	handle(SIGALRM, on_tick, SA_RESTART);

	begin();
	while (count < TICKS)
		nanosleep(&rest, NULL);
	say("nanosleep was interrupted", count >= TICKS);
	begin();
	while (count < TICKS && (result = poll(&poll_in, 1, -1)) < 0 && errno == EINTR)
		continue;
	say("poll has its event", count >= TICKS);
	begin();
	while (count < TICKS)
		result = (int)syscall(SYS_futex, &wake_futex, FUTEX_WAIT, 0, NULL, NULL, 0);
	say("futex was begun again until it was woken", count >= TICKS);
	begin();
	result = (int)read(wake_pipe[0], &byte, 1);
	say("read was begun again until there was something", result == 1 && count >= TICKS);
	count = 0;
	child = fork();
	if (child == 0) {
		if (read(wake_pipe[0], &byte, 1) != 1)
			_exit(1);
		_exit(STATUS);
	}
	begin();
	say("wait was begun again",
	    waitpid(child, &result, 0) == child && WEXITSTATUS(result) == STATUS);
}

/* ---- Stops -------------------------------------------------------------------------------- */

static void *map_for_ever(void *unused)
{
	for (;;)
		map();
	return unused;
}

static void stop(void)
{
	int stops = 0;
	int status;
	pid_t child = fork();

	if (child == 0) {
		pthread_t thread;

		pthread_create(&thread, NULL, map_for_ever, NULL);
		pthread_create(&thread, NULL, map_for_ever, NULL);
		map_for_ever(NULL);
	}
	for (int i = 0; i < STOPS; i++) {
		/* SIGTSTP stops nobody whose process group has no shell. */
		kill(child, SIGSTOP);
		if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status))
			break;
		kill(child, SIGCONT);
		if (waitpid(child, &status, WCONTINUED) != child || !WIFCONTINUED(status))
			break;
		stops++;
	}
	say("it was stopped and continued each time", stops == STOPS);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	say("it was killed", WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* ---- Others ------------------------------------------------------------------------------- */

static void map_and_raise(int signal, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	map();
	count++;
	if (signal < SIGRTMIN + 8)
		raise(signal + 1);
	map();
}

static void nested(void)
{
	static char memory[64 * 1024];
	stack_t stack = { .ss_sp = memory, .ss_size = sizeof(memory) };

	sigaltstack(&stack, NULL);
	for (int i = SIGRTMIN; i <= SIGRTMIN + 8; i++)
		handle(i, map_and_raise, SA_ONSTACK);
	raise(SIGRTMIN);
	say("nine handlers, one in the other", count == 9);
}

static void closed(void)
{
	struct rlimit none = { 0, 0 };

	say("the last word", 1);
	setrlimit(RLIMIT_NOFILE, &none);
	close_range(0, UINT32_MAX, 0);
	map();
	if (fork() == 0) {
		map();
		_exit(0);
	}
	wait(NULL);
	exit(STATUS);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (strcmp(way, "fault") == 0)
		fault();
	else if (strcmp(way, "restart") == 0)
		restart();
	else if (strcmp(way, "stop") == 0)
		stop();
	else if (strcmp(way, "nested") == 0)
		nested();
	else if (strcmp(way, "closed") == 0)
		closed();
	else
		return 2;
	return 0;
}
