/* SPDX-License-Identifier: MIT */
/*
 * threads [COUNT [ROUNDS]]: threads that map, protect and unmap in one address space at the same
 * time, so that the order of their calls is the kernel's, not the tracer's. Each makes three calls
 * a round. Prints how many calls were made, and how many failed.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
	THREADS = 4,
	THREADS_MAX = 64,
	ROUNDS = 100,
	PAGE = 4096
};

static int rounds = ROUNDS;
static atomic_int call_count;
static atomic_int failure_count;

static void count(int result)
{
	call_count++;
	failure_count += result < 0;
}

static void *work(void *unused)
{
	for (int i = 0; i < rounds; i++) {
		char *base = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		count(base == MAP_FAILED ? -1 : 0);
		count(mprotect(base + PAGE, PAGE, PROT_READ));
		base[0] = 1;
		/* What is left of every eighth is there for others to meet. */
		count(munmap(base, (i % 8 ? 4 : 3) * PAGE));
	}
	return unused;
}

int main(int argc, char **argv)
{
	int thread_count = argc > 1 ? atoi(argv[1]) : THREADS;
	pthread_t threads[THREADS_MAX];

	if (argc > 2)
		rounds = atoi(argv[2]);
	if (thread_count > THREADS_MAX)
		return 2;
	for (int i = 0; i < thread_count; i++) {
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return 1;
	}
	for (int i = 0; i < thread_count; i++)
		pthread_join(threads[i], NULL);
	printf("%d calls, %d failed\n", call_count, failure_count);
	return 0;
}
