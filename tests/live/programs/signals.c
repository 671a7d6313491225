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
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
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
	return 2;
}
