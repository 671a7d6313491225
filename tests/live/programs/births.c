/* SPDX-License-Identifier: MIT */
/*
 * births WAY...: tasks that come to be in other ways than by fork() and pthread_create(). Each maps
 * memory of its own, and its parent says what came of it:
 *
 *	shared		clone() with CLONE_VM and without CLONE_THREAD; what it mapped is the parent's
 *	clone3		clone3() like fork(), and with CLONE_VM and CLONE_VFORK
 *	user-namespace	clone() with CLONE_NEWUSER under a limit on locked memory
 *	untraced	clone() and clone3() with CLONE_UNTRACED, of which no tracer is told by itself
 *	untraced-flag	whether the flag is still there afterwards
 *	init		the first process of a pid namespace dies of a fault
 *	spawn		posix_spawn()
 *	vfork		vfork(); the child maps, changes and unmaps the parent's memory, then executes
 *	daemon		two forks and setsid(); the daemon speaks when the first process has ended
 *	late		a child, a thread and a grandchild that end after the first process
 *	bomb COUNT	so many short processes, several at a time: some nested, some execute
 */
#include <errno.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	STACK = 64 * 1024,
	AT_A_TIME = 8
};

static char stack[STACK] __attribute__((aligned(16)));
static char *given; /* what a child that shares the memory has mapped */

static void say(const char *format, int number)
{
	printf(format, number);
	putchar('\n');
	fflush(stdout);
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

/* Ends as the child did. */
static int reap(pid_t child)
{
	int status = -1;

	if (child < 0 || waitpid(child, &status, __WALL) != child)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int execute_true(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return 1;
}

/* Something that changes the layout, and is gone again but for one page. */
static int work(void *unused)
{
	char *memory = map(5);

	(void)unused;
	mprotect(memory + PAGE, PAGE, PROT_READ);
	munmap(memory + PAGE, 4 * PAGE);
	given = memory;
	return 0;
}

static void shared(void)
{
	int result = reap(clone(work, stack + STACK, CLONE_VM | SIGCHLD, NULL));

	say("shared: %d", result);
	say("what it mapped: %d", given[0]);
	munmap(given, PAGE);
}

/*
 * The call itself, in line: a child that shares the stack must not return to what its parent will
 * return to as well.
 */
static inline __attribute__((always_inline)) long clone3_child(struct clone_args *args)
{
	long result = SYS_clone3;

#ifdef __x86_64__
	__asm__ volatile("syscall"
			 : "+a"(result)
			 : "D"(args), "S"(sizeof(*args))
			 : "rcx", "r11", "memory");
#else
	__asm__ volatile("int $0x80" : "+a"(result) : "b"(args), "c"(sizeof(*args)) : "memory");
#endif
	return result;
}

static void clone3_ways(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	long child = clone3_child(&args);

	if (child == 0)
		_exit(work(NULL));
	if (child == -ENOSYS)
		return;
	say("like fork: %d", reap((pid_t)child));
	args.flags = CLONE_VM | CLONE_VFORK;
	child = clone3_child(&args);
	if (child == 0)
		_exit(execute_true());
	say("like vfork: %d", reap((pid_t)child));
}

static int run_untraced(void *unused)
{
	return work(unused);
}

static pid_t clone3_untraced(uint64_t flags)
{
	struct clone_args arguments = { .flags = flags | CLONE_UNTRACED, .exit_signal = SIGCHLD };

	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

/* Speaks when its parent has ended. */
static int run_orphan(void *unused)
{
	int ends[2];
	char byte;

	(void)unused;
	if (pipe(ends) < 0)
		return 1;
	/* We run at the upper end of the stack ourselves. */
	if (clone(run_untraced, stack + STACK / 2, CLONE_UNTRACED | SIGCHLD, NULL) < 0)
		return 1;
	close(ends[1]);
	return read(ends[0], &byte, 1) != 0;
}

static void untraced(void)
{
	int flags = CLONE_UNTRACED | SIGCHLD;
	pid_t child;

	say("copy: %d", reap(clone(run_untraced, stack + STACK, flags, NULL)));
	say("same memory: %d", reap(clone(run_untraced, stack + STACK, flags | CLONE_VM, NULL)));
	child = clone3_untraced(0);
	if (child == 0)
		_exit(work(NULL));
	say("clone3: %d", reap(child));
	say("parent of another: %d", reap(clone(run_orphan, stack + STACK, flags, NULL)));
	while (wait(NULL) > 0)
		continue;
	work(NULL);
}

static const char *kept(const struct clone_args *arguments)
{
	return arguments->flags & CLONE_UNTRACED ? "kept" : "lost";
}

/*
 * A thread that ends at once, and the structure used for something else as soon as the call has
 * returned: how often was it written to after that?
 */
static int changed_later(void)
{
	int changed = 0;
#ifdef __x86_64__
	static struct clone_args arguments;
	static int tid;

	for (int i = 0; i < 50; i++) {
		long result = SYS_clone3;

		tid = 1;
		arguments = (struct clone_args){
			.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				 CLONE_SYSVSEM | CLONE_CHILD_CLEARTID | CLONE_UNTRACED,
			.child_tid = (uintptr_t)&tid,
			.stack = (uintptr_t)stack,
			.stack_size = STACK,
		};
		__asm__ volatile(
			"syscall; test %%eax, %%eax; jnz 1f; mov $60, %%eax; xor %%edi, %%edi; "
			"syscall; 1:"
			: "+a"(result)
			: "D"(&arguments), "S"(sizeof(arguments))
			: "rcx", "r11", "memory");
		if (result < 0)
			break;
		arguments.flags = 1;
		while (__atomic_load_n(&tid, __ATOMIC_ACQUIRE))
			syscall(SYS_futex, &tid, FUTEX_WAIT, 1, NULL, NULL, 0);
		changed += arguments.flags != 1;
	}
#endif
	return changed;
}

/* Capabilities of its own, which count for nothing where limits are concerned. */
static void user_namespace(void)
{
	struct rlimit limit = { .rlim_cur = 1 << 16, .rlim_max = 1 << 16 };
	pid_t child;

	setrlimit(RLIMIT_MEMLOCK, &limit);
	work(NULL);
	child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
	if (child == 0) {
		mlockall(MCL_FUTURE);
		sbrk(1 << 20);
		_exit(mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		      MAP_FAILED);
	}
	say("in a user namespace: %d", child < 0 ? 0 : reap(child));
}

/* Whether the word that clone3() reads is as it was, for both. */
static void untraced_flag(void)
{
	static struct clone_args arguments = { .flags = CLONE_UNTRACED, .exit_signal = SIGCHLD };
	int ends[2];
	char byte;
	pid_t child;

	if (pipe(ends) < 0)
		abort();
	child = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (child == 0) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) < 0)
			abort();
		printf("child: %s\n", kept(&arguments));
		fflush(stdout);
		_exit(0);
	}
	printf("parent: %s\n", kept(&arguments));
	fflush(stdout);
	close(ends[0]);
	close(ends[1]);
	reap(child);
	say("changed later: %d", changed_later());
}

/* The first process of a pid namespace, which only its own fault can kill. */
static void init_dies(void)
{
	pid_t child;
	int status = 0;

	if (unshare(CLONE_NEWPID) < 0) {
		say("no namespace: %d", 0);
		return;
	}
	child = fork();
	if (child == 0)
		*(volatile int *)0 = 0;
	waitpid(child, &status, 0);
	say("killed by: %d", status & 127);
}

static void spawn(void)
{
	static char name[] = "true";
	char *argv[] = { name, NULL };
	pid_t child;

	if (posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ) != 0)
		abort();
	say("spawned: %d", reap(child));
	say("what is not there: %d", posix_spawn(&child, "/no/such", NULL, NULL, argv, environ));
}

static void vfork_way(void)
{
	char *memory = map(6);
	pid_t child = vfork();

	if (child == 0) {
		work(NULL);
		munmap(memory + 4 * PAGE, 2 * PAGE);
		memory[0] = 2;
		_exit(execute_true());
	}
	say("executed: %d", reap(child));
	say("its mark in our memory: %d", memory[0]);
	say("what it mapped: %d", given[0]);
	say("what it left of ours: %d", munmap(memory, 4 * PAGE));
	work(NULL);
}

/* The parent's end is seen when another process takes its place. */
static void outlive(pid_t parent)
{
	while (getppid() == parent)
		sched_yield();
}

static void daemon_way(void)
{
	pid_t first = getpid();
	pid_t second = fork();

	if (second != 0)
		return;
	if (setsid() < 0)
		abort();
	second = getpid();
	if (fork() != 0) {
		outlive(first);
		work(NULL);
		_exit(0);
	}
	outlive(second);
	say("daemon: %d", work(NULL));
	_exit(0);
}

static void *outlive_leader(void *first)
{
	pthread_join(*(pthread_t *)first, NULL);
	say("thread: %d", work(NULL));
	exit(3);
}

static void late(void)
{
	static pthread_t self;
	pthread_t thread;
	pid_t parent = getpid();

	if (fork() == 0) {
		pid_t child = getpid();

		if (fork() == 0) {
			outlive(child);
			_exit(work(NULL));
		}
		outlive(parent);
		say("child: %d", work(NULL));
		_exit(0);
	}
	self = pthread_self();
	if (pthread_create(&thread, NULL, outlive_leader, &self) != 0)
		abort();
	pthread_exit(NULL);
}

/* One short life; @number tells of which kind. */
static void live(int number)
{
	switch (number % 5) {
	case 0:
		_exit(execute_true());
	case 1:
		if (vfork() == 0)
			_exit(execute_true());
		work(NULL);
		break;
	case 2:
		/* Nobody waits for this one. */
		if (fork() == 0)
			work(NULL);
		break;
	case 3:
		work(NULL);
		if (fork() == 0)
			_exit(execute_true());
		wait(NULL);
		break;
	default:
		break;
	}
	_exit(0);
}

static void bomb(int count)
{
	int processes = 0;
	int children = 0;
	int failures = 0;

	for (int number = 0; processes < count || children > 0;) {
		int status;
		pid_t child;

		if (processes < count && children < AT_A_TIME) {
			child = fork();
			if (child == 0)
				live(number);
			processes += number % 5 >= 1 && number % 5 <= 3 ? 2 : 1;
			number++;
			children += child > 0;
			failures += child < 0;
			continue;
		}
		child = wait(&status);
		children--;
		failures += child < 0 || status != 0;
	}
	say("processes: %d", processes);
	say("failures: %d", failures);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (strcmp(way, "shared") == 0)
		shared();
	else if (strcmp(way, "clone3") == 0)
		clone3_ways();
	else if (strcmp(way, "untraced") == 0)
		untraced();
	else if (strcmp(way, "untraced-flag") == 0)
		untraced_flag();
	else if (strcmp(way, "user-namespace") == 0)
		user_namespace();
	else if (strcmp(way, "init") == 0)
		init_dies();
	else if (strcmp(way, "spawn") == 0)
		spawn();
	else if (strcmp(way, "vfork") == 0)
		vfork_way();
	else if (strcmp(way, "daemon") == 0)
		daemon_way();
	else if (strcmp(way, "late") == 0)
		late();
	else if (strcmp(way, "bomb") == 0)
		bomb(argc > 2 ? atoi(argv[2]) : 0);
	else
		return 2;
	return 0;
}
