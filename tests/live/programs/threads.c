/* SPDX-License-Identifier: MIT */
/*
 * threads: four threads that map, protect and unmap in one address space at the same time, so that
 * the order of their calls is the kernel's, not the tracer's.
 */
#include <pthread.h>
#include <sys/mman.h>

enum {
	THREADS = 4,
	ROUNDS = 100,
	PAGE = 4096
};

static void *work(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		char *base = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		mprotect(base + PAGE, PAGE, PROT_READ);
		base[0] = 1;
		munmap(base, (i % 8 ? 4 : 3) * PAGE);
	}
	return unused;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			return 1;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
