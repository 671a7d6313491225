/* SPDX-License-Identifier: MIT */
/*
 * signals: the ways to end.
 *
 *	signals exit N		exit status N
 *	signals kill N		killed by signal N, sent to itself, even if it was ignored
 *	signals abort
 *	signals segv		killed by a write to where nothing is
 *	signals handle N	catches signal N, sent to itself, and says so
 *	signals lines		says "ready", then each line that it reads; SIGUSR1 makes it say so
 *	signals pipe		writes until the reader is gone
 *	signals group [parent]	sends its process group each signal three times and says how often each
 *				came; with "parent" sends its parent one afterwards, and waits until it is passed on
 *	signals sender N	waits for signal N and says who sent it
 *	signals timers		says which timers run
 *	signals start PROGRAM	starts three timers and executes a program
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

static void say(int number)
{
	char text[] = "caught 00\n";

	text[7] = (char)('0' + number / 10);
	text[8] = (char)('0' + number % 10);
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
}

static int kill_self(int number)
{
	sigset_t set;

	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(number);
	return 1;
}

static int handle(int number)
{
	struct sigaction action = { .sa_handler = say };

	sigaction(number, &action, NULL);
	raise(number);
	return 0;
}

static int lines(void)
{
	struct sigaction action = { .sa_handler = say, .sa_flags = SA_RESTART };
	char line[256];

	sigaction(SIGUSR1, &action, NULL);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		printf("read %s", line);
		fflush(stdout);
	}
	return 0;
}

static int fill_pipe(void)
{
	static char buffer[65536];

	while (write(STDOUT_FILENO, buffer, sizeof(buffer)) > 0)
		;
	return 1;
}

static int write_nowhere(void)
{
	char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*(volatile char *)page = 1;
	return 1;
}

static volatile sig_atomic_t came[NSIG];
static volatile sig_atomic_t others; /* that were not sent by kill(), or not by us */
static volatile siginfo_t last;

static void count(int number, siginfo_t *info, void *context)
{
	(void)context;
	came[number]++;
	others += info->si_pid != getpid() || info->si_code != SI_USER;
	last = *info;
}

static bool is_counted(int number)
{
	return number != SIGKILL && number != SIGSTOP && number != SIGTSTP && number != SIGTTIN &&
	       number != SIGTTOU && (number < 32 || number >= SIGRTMIN);
}

static void count_signals(int first, int end)
{
	struct sigaction action = { .sa_sigaction = count, .sa_flags = SA_SIGINFO };

	for (int number = first; number < end; number++)
		if (is_counted(number))
			sigaction(number, &action, NULL);
}

/* Blocked until we wait for it. */
static void wait_for(int number)
{
	sigset_t none;

	sigemptyset(&none);
	while (!came[number])
		sigsuspend(&none);
}

static void block(int number)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, number);
	sigprocmask(SIG_BLOCK, &one, NULL);
}

static int group(bool traced)
{
	count_signals(1, NSIG);
	for (int i = 0; i < 3; i++)
		for (int number = 1; number < NSIG; number++)
			if (is_counted(number))
				kill(0, number);
	if (traced) {
		/* It is passed on, after all that was sent before it. */
		int before = came[SIGUSR1];

		block(SIGUSR1);
		came[SIGUSR1] = 0;
		kill(getppid(), SIGUSR1);
		wait_for(SIGUSR1);
		came[SIGUSR1] += before - 1;
	}
	for (int number = 1; number < NSIG; number++)
		if (is_counted(number))
			printf("%d came %d times\n", number, (int)came[number]);
	printf("%d from elsewhere\n", (int)others);
	return 0;
}

static int sender(int number)
{
	block(number);
	count_signals(number, number + 1);
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	wait_for(number);
	printf("caught %d code %d from %d\n", number, last.si_code, (int)last.si_pid);
	return 0;
}

static const __itimer_which_t clocks[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };

static int show_timers(void)
{
	struct itimerval timer;

	for (int i = 0; i < 3; i++) {
		getitimer(clocks[i], &timer);
		printf("timer %d: %s every %ld s\n", i, timer.it_value.tv_sec ? "runs" : "stands",
		       (long)timer.it_interval.tv_sec);
	}
	return 0;
}

static int start_timers(char **program)
{
	for (int i = 0; i < 3; i++) {
		struct itimerval timer = {
			.it_value = { .tv_sec = 1000 + i },
			.it_interval = { .tv_sec = 2000 + i },
		};

		setitimer(clocks[i], &timer, NULL);
	}
	execvp(program[0], program);
	return 127;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int number = argc > 2 ? atoi(argv[2]) : 0;

	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (strcmp(what, "exit") == 0)
		return number;
	if (strcmp(what, "kill") == 0)
		return kill_self(number);
	if (strcmp(what, "abort") == 0)
		abort();
	if (strcmp(what, "segv") == 0)
		return write_nowhere();
	if (strcmp(what, "handle") == 0)
		return handle(number);
	if (strcmp(what, "lines") == 0)
		return lines();
	if (strcmp(what, "pipe") == 0)
		return fill_pipe();
	if (strcmp(what, "group") == 0)
		return group(argc > 2);
	if (strcmp(what, "sender") == 0)
		return sender(number);
	if (strcmp(what, "timers") == 0)
		return show_timers();
	if (strcmp(what, "start") == 0)
		return start_timers(argv + 2);
	return 2;
}
