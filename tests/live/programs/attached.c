/* SPDX-License-Identifier: MIT */
/*
 * attached: a program to attach to. It does what the lines on its standard input say, and answers
 * each with a line:
 *
 *	ready			at first
 *	map			maps, protects and unmaps memory of all kinds
 *	move			a file mapping, made at first, grows by moving
 *	busy N			N threads that map and unmap until quit
 *	fork, vfork		a child that maps memory and ends, or executes true
 *	signals			how many SIGRTMIN came, and the sum of their values
 *	quit			ends with 7
 *
 * With the argument "thread" a second thread does all that, and the first one ends before.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	THREADS_MAX = 16,
	FILE_BYTES = 3 << 20,
	STATUS = 7
};

static atomic_bool ending;
static volatile sig_atomic_t signal_count;
static volatile sig_atomic_t signal_sum;

static void on_signal(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	signal_count++;
	signal_sum += info->si_value.sival_int;
}

/* Of a file, mapped before anybody looked; it grows by moving, to where its file system likes. */
static char *file_map;

static void map_file(void)
{
	char name[] = "attached-XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) < 0 || ftruncate(fd, FILE_BYTES * 2) < 0)
		abort();
	file_map = mmap(NULL, FILE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	/* Something above it, in its way. */
	mmap(file_map + FILE_BYTES, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	close(fd);
}

static void move_file(void)
{
	if (mremap(file_map, FILE_BYTES, FILE_BYTES * 2, MREMAP_MAYMOVE) == MAP_FAILED)
		abort();
}

static char *map(size_t pages)
{
	char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		abort();
	memory[0] = 1;
	return memory;
}

/* What is left is there for later calls to meet. */
static void map_things(void)
{
	char *memory = map(8);

	mprotect(memory + 2 * PAGE, 2 * PAGE, PROT_READ);
	munmap(memory + 5 * PAGE, PAGE);
	madvise(memory, PAGE, MADV_DONTFORK);
	if (sbrk(3 * PAGE) == (void *)-1)
		abort();
	sbrk(-PAGE);
	memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED ||
	    mremap(memory, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED)
		abort();
}

static void *work(void *unused)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	while (!ending) {
		char *memory = map(4);

		mprotect(memory, PAGE, PROT_READ);
		munmap(memory, 4 * PAGE);
	}
	return unused;
}

static void run_child(int is_vfork)
{
	pid_t child = is_vfork ? vfork() : fork();

	if (child == 0) {
		if (is_vfork)
			execl("/bin/true", "true", (char *)NULL);
		else
			munmap(map(5), 5 * PAGE);
		_exit(0);
	}
	while (waitpid(child, NULL, 0) < 0)
		continue;
}

static void answer(const char *text)
{
	puts(text);
	fflush(stdout);
}

static int serve(void)
{
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_RESTART };
	pthread_t threads[THREADS_MAX];
	int thread_count = 0;
	char line[64];

	sigaction(SIGRTMIN, &action, NULL);
	/* Something of each kind that an attach has to take over. */
	map_file();
	map_things();
	answer("ready");
	while (fgets(line, sizeof(line), stdin)) {
		int wanted;

		if (sscanf(line, "busy %d", &wanted) == 1) {
			while (wanted-- > 0 && thread_count < THREADS_MAX)
				pthread_create(&threads[thread_count++], NULL, work, NULL);
		} else if (strcmp(line, "map\n") == 0) {
			map_things();
		} else if (strcmp(line, "move\n") == 0) {
			move_file();
		} else if (strcmp(line, "fork\n") == 0 || strcmp(line, "vfork\n") == 0) {
			run_child(line[0] == 'v');
		} else if (strcmp(line, "signals\n") == 0) {
			printf("%d %d ", (int)signal_count, (int)signal_sum);
		} else if (strcmp(line, "quit\n") == 0) {
			break;
		}
		answer("done");
	}
	ending = 1;
	for (int i = 0; i < thread_count; i++)
		pthread_join(threads[i], NULL);
	answer("bye");
	return STATUS;
}

static void *serve_thread(void *first)
{
	pthread_join(*(pthread_t *)first, NULL);
	exit(serve());
}

int main(int argc, char **argv)
{
	static pthread_t self;
	pthread_t thread;

	if (argc < 2 || strcmp(argv[1], "thread") != 0)
		return serve();
	self = pthread_self();
	if (pthread_create(&thread, NULL, serve_thread, &self) != 0)
		return 1;
	pthread_exit(NULL);
}
