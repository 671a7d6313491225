/* SPDX-License-Identifier: MIT */
/*
 * advice NAME: advice that is given without madvise() (scene.h).
 */
#include <linux/io_uring.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "scene.h"

enum {
	SELF_THREAD = -10000, /* PIDFD_SELF_THREAD */
};

static void advise_by(int process, char *start, int advice)
{
	struct iovec range = { .iov_base = start, .iov_len = PAGE };

	syscall(SYS_process_madvise, process, &range, 1, advice, 0);
}

/* On oneself, by a descriptor and by a number that stands for it; on a child, which may do less. */
static void advised_from_outside(void)
{
	char *memory = writable(3);
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int ends[2];
	pid_t child;
	char byte = 0;

	need(pipe(ends) == 0);
	child = fork();
	if (child == 0) {
		/* From here on it makes no more calls that are traced. */
		need(write(ends[1], &byte, 1) == 1);
		pause();
		_exit(0);
	}
	need(read(ends[0], &byte, 1) == 1);
	advise_by(self, memory, MADV_RANDOM);
	advise_by(SELF_THREAD, memory + 2 * PAGE, MADV_RANDOM);
	self = (int)syscall(SYS_pidfd_open, child, 0);
	advise_by(self, memory, MADV_COLD);
	advise_by(self, memory, MADV_RANDOM);
	kill(child, SIGKILL);
	wait(NULL);
}

/* One request, and its end. */
static void advise_through_a_ring(char *start, int advice)
{
	struct io_uring_params parameters = { 0 };
	struct io_uring_sqe *request;
	unsigned *tail;
	char *rings;
	int ring = (int)syscall(SYS_io_uring_setup, 1, &parameters);

	need(ring >= 0);
	rings = mmap(NULL, parameters.sq_off.array + sizeof(unsigned), WRITE, MAP_SHARED, ring,
		     IORING_OFF_SQ_RING);
	request = mmap(NULL, sizeof(*request), WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	*request = (struct io_uring_sqe){
		.opcode = IORING_OP_MADVISE,
		.addr = (uintptr_t)start,
		.len = PAGE,
		.fadvise_advice = (uint32_t)advice,
	};
	tail = (unsigned *)(void *)(rings + parameters.sq_off.tail);
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	need(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1);
}

static void advised_by_a_ring(void)
{
	char *memory = writable(5);

	advise_through_a_ring(memory + PAGE, MADV_RANDOM);
	mprotect(memory + 3 * PAGE, PAGE, READ);
	munmap(memory, PAGE);
}

static const struct scene advices[] = {
	{ "advised-from-outside", advised_from_outside },
	{ "advised-by-a-ring", advised_by_a_ring },
};

int main(int argc, char **argv)
{
	return scene_run(advices, sizeof(advices) / sizeof(*advices), argc > 1 ? argv[1] : NULL);
}
