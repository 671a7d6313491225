/* SPDX-License-Identifier: MIT */
/*
 * patterns NAME: does one thing that several mapping calls belong to, as the pattern of that name
 * in vmtrace(1) tells.
 */
#include <dlfcn.h>
#include <locale.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile kept;

static void check(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void heap(void)
{
	enum {
		COUNT = 200,
		BYTES = 4000
	};
	static void *blocks[COUNT];

	for (int i = 0; i < COUNT; i++)
		blocks[i] = memset(malloc(BYTES), 1, BYTES);
	for (int i = COUNT; i-- > 0;)
		free(blocks[i]);
}

static void chunk(void)
{
	kept = malloc(1000000);
	free(kept);
}

static void resize(void)
{
	kept = malloc(1000000);
	kept = realloc(kept, 8000000);
	free(kept);
}

static void *allocate(void *unused)
{
	(void)unused;
	for (int i = 0; i < 100; i++)
		kept = malloc(10000);
	return NULL;
}

static void *idle(void *unused)
{
	return unused;
}

static void in_thread(void *(*run)(void *))
{
	pthread_t thread;

	check(pthread_create(&thread, NULL, run, NULL) == 0, "pthread_create");
	pthread_join(thread, NULL);
}

static void arena(void)
{
	in_thread(allocate);
}

static void thread(void)
{
	in_thread(idle);
}

/* A function that returns 7, for x86. */
static const unsigned char code[] = { 0xb8, 7, 0, 0, 0, 0xc3 };

static void run_code(void *at)
{
	int (*function)(void);

	memcpy(&function, &at, sizeof(function));
	check(function() == 7, "code");
}

static void jit(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 2; i++) {
		check(mprotect(at, 4096, PROT_READ | PROT_WRITE) == 0, "mprotect rw");
		memcpy(at, code, sizeof(code));
		check(mprotect(at, 4096, PROT_READ | PROT_EXEC) == 0, "mprotect rx");
		run_code(at);
	}
}

static void jit_wx(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	check(at != MAP_FAILED, "mmap rwx");
	memcpy(at, code, sizeof(code));
	run_code(at);
}

static void open_library(void)
{
	void *library = dlopen("libm.so.6", RTLD_NOW);

	check(library != NULL, "dlopen");
	dlclose(library);
}

static void shared(void)
{
	int id = shmget(IPC_PRIVATE, 8192, 0600);
	void *at = shmat(id, NULL, 0);

	shmctl(id, IPC_RMID, NULL);
	check(at != (void *)-1, "shmat");
	shmdt(at);
	kept = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void memory_file(void)
{
	int fd = memfd_create("pattern", 0);

	check(ftruncate(fd, 8192) == 0, "ftruncate");
	kept = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	munmap(kept, 8192);
}

/* Each call hands its own room down, so that no compiler can make a loop of it. */
__attribute__((noinline)) static int deep(int depth, volatile char *above)
{
	volatile char room[4096];

	room[0] = (char)depth;
	room[sizeof(room) - 1] = above[0];
	return depth ? deep(depth - 1, room) + room[0] : above[0];
}

static void grow_stack(void)
{
	volatile char top = 1;

	kept = malloc((size_t)(unsigned char)deep(100, &top) + 200000);
}

static void fork_child(void)
{
	pid_t child;

	kept = malloc(100);
	child = fork();
	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
}

static void reserve(void)
{
	const size_t bytes = 16 << 20;
	char *at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	check(mprotect(at, 65536, PROT_READ | PROT_WRITE) == 0, "mprotect");
	check(mmap(at + 65536, 65536, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED,
	      "mmap");
	munmap(at, bytes);
}

static void own_stack(void)
{
	stack_t stack = { .ss_size = 16384 };

	stack.ss_sp = mmap(NULL, stack.ss_size + 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	mprotect(stack.ss_sp, 4096, PROT_NONE);
	stack.ss_sp = (char *)stack.ss_sp + 4096;
	sigaltstack(&stack, NULL);
}

static void locale(void)
{
	check(setlocale(LC_ALL, "C.UTF-8") != NULL, "setlocale");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} patterns[] = {
		{ "heap", heap },
		{ "malloc-chunk", chunk },
		{ "realloc", resize },
		{ "malloc-arena", arena },
		{ "thread-stack", thread },
		{ "jit", jit },
		{ "jit-wx", jit_wx },
		{ "dlopen", open_library },
		{ "shared-memory", shared },
		{ "memfd", memory_file },
		{ "stack-growth", grow_stack },
		{ "fork", fork_child },
		{ "reserve-commit", reserve },
		{ "signal-stack", own_stack },
		{ "locale", locale },
	};

	for (size_t i = 0; argc > 1 && i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (strcmp(argv[1], patterns[i].name) == 0) {
			patterns[i].run();
			return 0;
		}
	}
	return 2;
}
