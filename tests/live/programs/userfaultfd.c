/* SPDX-License-Identifier: MIT */
/*
 * userfaultfd NAME: memory whose faults a userfaultfd serves, and who may ask for it (scene.h).
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "scene.h"

enum {
	FEATURE_WP_UNPOPULATED = 1 << 13,
	FEATURE_WP_ASYNC = 1 << 15,
	STACK = 64 << 10,
	/* PR_SET_VMA of Linux 5.17 */
	SET_VMA = 0x53564d41,
	SET_VMA_ANON_NAME = 0,
};

static char stack[STACK] __attribute__((aligned(16)));

/* With faults of the kernel too, if @flags do not exclude them. */
static int make_userfaultfd(int flags, uint64_t features)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | flags);
	struct uffdio_api api = { .api = UFFD_API, .features = features };

	need(fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0);
	return fd;
}

static int a_userfaultfd(uint64_t features)
{
	return make_userfaultfd(UFFD_USER_MODE_ONLY, features);
}

static void serve(int fd, char *start, size_t pages, uint64_t mode)
{
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)start, .len = pages * PAGE },
		.mode = mode,
	};

	ioctl(fd, UFFDIO_REGISTER, &range);
}

/* Two descriptors of one userfaultfd; with the last one its registrations go. */
static void faults_served(void)
{
	char *memory = writable(4);
	int fd = a_userfaultfd(0);
	int other = dup(fd);

	serve(fd, memory, 1, UFFDIO_REGISTER_MODE_MISSING);
	serve(other, memory + PAGE, 1, UFFDIO_REGISTER_MODE_MISSING);
	serve(other, memory, 1, UFFDIO_REGISTER_MODE_MISSING);
	close(fd);
	munmap(memory + 3 * PAGE, PAGE);
	close(other);
	serve(a_userfaultfd(0), memory, 2, UFFDIO_REGISTER_MODE_MISSING);
}

static void unserve(int fd, char *start, size_t pages)
{
	struct uffdio_range range = { .start = (uintptr_t)start, .len = pages * PAGE };

	ioctl(fd, UFFDIO_UNREGISTER, &range);
}

/* A child asks through the descriptor it inherited: it is about the memory of the parent. */
static void served_by_a_child(void)
{
	char *memory = writable(3);
	int fd = a_userfaultfd(0);

	for (int i = 0; i < 2; i++) {
		if (fork() == 0) {
			if (i == 0)
				serve(fd, memory + PAGE, 1, UFFDIO_REGISTER_MODE_MISSING);
			else
				unserve(fd, memory + PAGE, 1);
			mprotect(memory, PAGE, READ);
			_exit(0);
		}
		wait(NULL);
		mprotect(memory, PAGE, i == 0 ? READ : WRITE);
	}
}

static int makes_a_userfaultfd(void *ret_fd)
{
	*(int *)ret_fd = a_userfaultfd(0);
	_exit(0);
}

/* A descriptor whose maker has gone: a child that shared the descriptors, and not the memory. */
static void served_nobody(void)
{
	char *memory = writable(1);
	int *fd = mmap(NULL, PAGE, WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	waitpid(clone(makes_a_userfaultfd, stack + STACK, CLONE_FILES | SIGCHLD, fd), &status, 0);
	need(status == 0);
	serve(*fd, memory, 1, UFFDIO_REGISTER_MODE_MISSING);
	unserve(*fd, memory, 1);
}

/* Of two the first one ends; then a descriptor of the other is left under another number. */
static void one_of_two(void)
{
	char *memory = writable(8);
	int first = a_userfaultfd(0);
	int second = a_userfaultfd(0);

	serve(first, memory, 2, UFFDIO_REGISTER_MODE_MISSING);
	serve(second, memory + 4 * PAGE, 2, UFFDIO_REGISTER_MODE_MISSING);
	close(first);
	mprotect(memory + 7 * PAGE, PAGE, READ);
	fcntl(second, F_DUPFD, 90);
	close(second);
	mprotect(memory + 3 * PAGE, PAGE, READ);
	close(90);
	munmap(memory, PAGE);
}

/* fork and mremap wait until their event is read. */
static void *read_events(void *fd)
{
	struct uffd_msg event;

	while (read(*(int *)fd, &event, sizeof(event)) > 0)
		continue;
	return NULL;
}

/* It wants to hear of forks and moves: the copy, and what was moved, stay registered. */
static void heard_of(void)
{
	char *memory = writable(6);
	int fd = a_userfaultfd(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP);
	pthread_t reader;
	pid_t child;

	serve(fd, memory, 2, UFFDIO_REGISTER_MODE_MISSING);
	pthread_create(&reader, NULL, read_events, &fd);
	child = fork();
	if (child == 0) {
		mprotect(memory + PAGE, PAGE, READ);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + 3 * PAGE);
	mprotect(memory + 4 * PAGE, PAGE, READ);
}

/* Serves page after page, and maps memory for it: it stops for a tracer before it can. */
static void *serve_pages(void *fd)
{
	struct uffd_msg event;

	while (read(*(int *)fd, &event, sizeof(event)) == sizeof(event)) {
		void *page = mmap(NULL, PAGE, WRITE, ANON, -1, 0);
		struct uffdio_copy copy = {
			.dst = event.arg.pagefault.address & ~(uint64_t)(PAGE - 1),
			.src = (uintptr_t)page,
			.len = PAGE,
		};

		ioctl(*(int *)fd, UFFDIO_COPY, &copy);
		munmap(page, PAGE);
	}
	return NULL;
}

/* What calls point to, and what lies above the stack pointer, is brought by a thread of our own. */
static void pages_to_come(void)
{
	static int fd;
	char *memory = writable(8);
	pthread_t thread;
	long result = SYS_munmap;

	fd = make_userfaultfd(0, 0);
	serve(fd, memory, 8, UFFDIO_REGISTER_MODE_MISSING);
	pthread_create(&thread, NULL, serve_pages, &fd);
	/* A limit of 0 and 0. */
	setrlimit(RLIMIT_MEMLOCK, (struct rlimit *)(void *)memory);
	prctl(SET_VMA, SET_VMA_ANON_NAME, memory + 5 * PAGE, PAGE, memory + PAGE);
#ifdef __x86_64__
	memory[3 * PAGE] = 1;
	__asm__ volatile("mov %%rsp, %%rbx; lea -64(%1), %%rsp; syscall; mov %%rbx, %%rsp"
			 : "+a"(result)
			 : "r"(memory + 4 * PAGE), "D"(memory + 7 * PAGE), "S"((long)PAGE)
			 : "rbx", "rcx", "r11", "memory");
#endif
}

/* Asynchronous write protection is for any memory. */
static void protected_lazily(void)
{
	int fd = a_userfaultfd(FEATURE_WP_ASYNC | FEATURE_WP_UNPOPULATED);
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	serve(fd, mmap(NULL, PAGE, READ, MAP_PRIVATE, file, 0), 1, UFFDIO_REGISTER_MODE_WP);
}

static const struct scene userfaultfds[] = {
	{ "faults-served", faults_served },
	{ "served-by-a-child", served_by_a_child },
	{ "served-nobody", served_nobody },
	{ "one-of-two", one_of_two },
	{ "heard-of", heard_of },
	{ "pages-to-come", pages_to_come },
	{ "protected-lazily", protected_lazily },
};

int main(int argc, char **argv)
{
	return scene_run(userfaultfds, sizeof(userfaultfds) / sizeof(*userfaultfds),
			 argc > 1 ? argv[1] : NULL);
}
