/* SPDX-License-Identifier: MIT */
/*
 * family: every way to make a task, one after the other. Each task maps and unmaps a number of
 * pages that is its own, so that a trace tells who was followed:
 *
 *	11	the program			13	a thread
 *	17	a child by fork			19	a child that shares the memory (CLONE_VM)
 *	23	a grandchild			29	a child by vfork, before it executes true
 *
 * Ends with 3.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	STACK = 64 * 1024,
	STATUS = 3
};

static void map(size_t pages)
{
	char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		abort();
	munmap(memory, pages * PAGE);
}

static void *thread(void *unused)
{
	map(13);
	return unused;
}

static int sharer(void *unused)
{
	(void)unused;
	map(19);
	return 0;
}

static void reap(pid_t child)
{
	if (child < 0 || waitpid(child, NULL, __WALL) != child)
		abort();
}

int main(void)
{
	static char stack[STACK] __attribute__((aligned(16)));
	pthread_t id;
	pid_t child;

	map(11);
	if (pthread_create(&id, NULL, thread, NULL) != 0)
		return 1;
	pthread_join(id, NULL);

	child = fork();
	if (child == 0) {
		map(17);
		child = fork();
		if (child == 0)
			map(23);
		else
			reap(child);
		_exit(0);
	}
	reap(child);

	reap(clone(sharer, stack + STACK, CLONE_VM | SIGCHLD, NULL));

	child = vfork();
	if (child == 0) {
		map(29);
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	reap(child);
	map(11);
	return STATUS;
}
