/* SPDX-License-Identifier: MIT */
/*
 * deaths NAME: ways to die by a signal (scene.h); the address that was touched is printed first.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>
#include <sys/mman.h>

#include "scene.h"

enum {
	ADVICE_GUARD_INSTALL = 102
};

/* A frame of its own. */
__attribute__((noinline)) static void poke(const char *name, volatile char *address)
{
	tell(name, address);
	*address = 1;
}

static void unmapped(void)
{
	char *memory = writable(3);

	munmap(memory + PAGE, PAGE);
	poke("address", memory + PAGE + 16);
}

static void read_only(void)
{
	poke("address", map_at(room(1), 1, READ, 0));
}

static void no_access(void)
{
	poke("address", map_at(room(1), 1, PROT_NONE, 0));
}

static void not_executable(void)
{
	char *memory = writable(1);
	void (*code)(void);

	tell("address", memory);
	memcpy(&code, &memory, sizeof(code));
	code();
}

static void beyond_the_file(void)
{
	int fd = memfd_create("short", MFD_CLOEXEC);

	poke("address", (char *)mmap(NULL, PAGE, WRITE, MAP_SHARED, fd, 0));
}

static void guard(void)
{
	char *memory = writable(1);

	need(madvise(memory, PAGE, ADVICE_GUARD_INSTALL) == 0);
	poke("address", memory);
}

static void denied_by_key(void)
{
	char *memory = writable(1);
	int key = pkey_alloc(0, PKEY_DISABLE_ACCESS);

	need(key > 0);
	pkey_mprotect(memory, PAGE, WRITE, key);
	poke("address", memory);
}

static void *run_thread(void *address)
{
	poke("address", address);
	return NULL;
}

static void in_a_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, run_thread, map_at(room(1), 1, READ, 0));
	pthread_join(thread, NULL);
}

static void by_itself(void)
{
	raise(SIGTERM);
}

static void killed(void)
{
	kill(getpid(), SIGKILL);
}

static void on_fault(int signal)
{
	(void)signal;
	_exit(0);
}

/* A signal that is handled is no death. */
static void handled(void)
{
	signal(SIGSEGV, on_fault);
	read_only();
}

/* No stack for the handler of the fault that using up the stack is. */
static void no_room_for_the_handler(void)
{
	char *memory = room(4);

	map_at(memory + PAGE, 3, WRITE, 0);
	tell("address", memory + PAGE - 8);
	signal(SIGSEGV, on_fault);
	/* The stack pointer is at the lowest byte, and something is pushed. */
	__asm__ volatile("mov %0, %%rsp; push %%rax" : : "r"(memory + PAGE) : "memory");
}

static void by_a_timer(void)
{
	struct itimerspec soon = { .it_value = { .tv_nsec = 1 } };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	timer_t timer;

	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &soon, NULL);
	for (;;)
		pause();
}

static sem_t handled_once;
static char *handled_at;

static void make_writable(int signal)
{
	(void)signal;
	mprotect(handled_at, PAGE, WRITE);
	sem_post(&handled_once);
}

static void *handle_one(void *unused)
{
	*(volatile char *)handled_at = 1;
	for (;;)
		;
	return unused;
}

/* One thread has handled a fault and goes on; then another dies by the same signal. */
static void handled_before(void)
{
	pthread_t thread;

	handled_at = map_at(room(1), 1, READ, 0);
	sem_init(&handled_once, 0, 0);
	signal(SIGSEGV, make_writable);
	pthread_create(&thread, NULL, handle_one, NULL);
	sem_wait(&handled_once);
	signal(SIGSEGV, SIG_DFL);
	read_only();
}

static const struct scene deaths[] = {
	{ "unmapped", unmapped },
	{ "read-only", read_only },
	{ "no-access", no_access },
	{ "not-executable", not_executable },
	{ "beyond-the-file", beyond_the_file },
	{ "guard", guard },
	{ "denied-by-key", denied_by_key },
	{ "in-a-thread", in_a_thread },
	{ "by-itself", by_itself },
	{ "killed", killed },
	{ "handled", handled },
	{ "no-room-for-the-handler", no_room_for_the_handler },
	{ "by-a-timer", by_a_timer },
	{ "handled-before", handled_before },
};

int main(int argc, char **argv)
{
	return scene_run(deaths, sizeof(deaths) / sizeof(*deaths), argc > 1 ? argv[1] : NULL);
}
