/* SPDX-License-Identifier: MIT */
/*
 * crowd [ROUNDS]: processes and threads that map all the time, have children, and end when they have
 * done so many rounds (without a number, never). Each writes its process id as a line for each
 * round; whoever reads knows who is there, and how far they are.
 *
 *	first process --- 3 children --- 2 threads each --- children by fork, and by vfork with execve
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	CHILDREN = 3,
	CHILD_EVERY = 8
};

static int rounds = -1;

static void tell(void)
{
	char line[16];
	int length = snprintf(line, sizeof(line), "%d\n", (int)getpid());

	if (write(STDOUT_FILENO, line, (size_t)length) != length)
		_exit(1);
}

static void map(void)
{
	char *memory =
		mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	memory[0] = 1;
	mprotect(memory + PAGE, 2 * PAGE, PROT_READ);
	munmap(memory + 4 * PAGE, PAGE);
	munmap(memory, 6 * PAGE);
}

/* A short one. */
static void make_child(int number)
{
	pid_t child = number % 2 ? vfork() : fork();

	if (child == 0 && number % 2) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	if (child == 0) {
		tell();
		map();
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void *work(void *unused)
{
	for (int i = 0; rounds < 0 || i < rounds; i++) {
		map();
		tell();
		if (i % CHILD_EVERY == CHILD_EVERY - 1)
			make_child(i / CHILD_EVERY);
	}
	return unused;
}

static void live(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work, NULL) != 0)
		_exit(1);
	work(NULL);
	pthread_join(thread, NULL);
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		rounds = atoi(argv[1]);
	tell();
	for (int i = 0; i < CHILDREN; i++) {
		if (fork() == 0)
			live();
	}
	/* Some may be killed. */
	while (wait(NULL) > 0)
		continue;
	return 0;
}
