/* SPDX-License-Identifier: MIT */
/*
 * mask WAY: prints the CPU mask of each task that WAY makes, as sched_getaffinity tells it, before,
 * between and after many mapping calls.
 *
 *	plain	this one alone			set	after it was set to the last CPU
 *	exec	a new program			fail	after an execve that fails
 *	fork	parent and child		thread	two threads
 *	status	as /proc/self/status tells it
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	ROUNDS = 200
};

static void work(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);

		if (memory != MAP_FAILED)
			munmap(memory, PAGE);
	}
}

static void show(const char *when)
{
	cpu_set_t mask;

	work();
	if (sched_getaffinity(0, sizeof(mask), &mask) < 0)
		perror("sched_getaffinity");
	printf("%s:", when);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &mask))
			printf(" %d", cpu);
	}
	putchar('\n');
	fflush(stdout);
	work();
}

static void show_status(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[4096];

	work();
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "Cpus_allowed_list:", 18) == 0)
			fputs(line, stdout);
	}
}

static void set_last(void)
{
	cpu_set_t mask;
	int last = 0;

	sched_getaffinity(0, sizeof(mask), &mask);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &mask))
			last = cpu;
	}
	CPU_ZERO(&mask);
	CPU_SET(last, &mask);
	sched_setaffinity(0, sizeof(mask), &mask);
}

static void *run_thread(void *unused)
{
	show("thread");
	return unused;
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "plain";
	pthread_t thread;

	show("first");
	if (strcmp(way, "set") == 0) {
		set_last();
	} else if (strcmp(way, "exec") == 0) {
		execl(argv[0], argv[0], "plain", (char *)NULL);
	} else if (strcmp(way, "fail") == 0) {
		execl("/", "/", (char *)NULL);
	} else if (strcmp(way, "fork") == 0) {
		if (fork() == 0) {
			show("child");
			_exit(0);
		}
		wait(NULL);
	} else if (strcmp(way, "thread") == 0) {
		if (pthread_create(&thread, NULL, run_thread, NULL) == 0)
			pthread_join(thread, NULL);
	} else if (strcmp(way, "status") == 0) {
		show_status();
	}
	show("last");
	return 0;
}
