/* SPDX-License-Identifier: MIT */
/*
 * rights WAY: what a program may do and what not.
 *
 *	traceme		asks to be traced
 *	seize		forks a child and wants to trace it
 *	filter		puts itself under a seccomp filter that lets mlock fail with E2BIG, and maps
 *	strict		the same, but mprotect kills
 *	refuse		the same, but mmap fails with EPERM
 *	trace		the same, but mprotect asks for a tracer
 *	supervise	mprotect is answered by a thread: the kernel is to do the first one, the second fails
 *	strict-mode	asks for SECCOMP_MODE_STRICT, and then for what that does not allow
 *
 * Prints what came of it.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096
};

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "ok");
	fflush(stdout);
}

static void seize(void)
{
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	say("seize", ptrace(PTRACE_SEIZE, child, NULL, NULL));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static long install(unsigned number, unsigned action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (flags)
		return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static sem_t installed;
static int listener;

/* Maps memory itself while the other one waits. */
static void *answer(void *unused)
{
	struct seccomp_notif question;
	struct seccomp_notif_resp response;

	(void)unused;
	sem_wait(&installed);
	for (int i = 0; i < 2; i++) {
		memset(&question, 0, sizeof(question));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) < 0)
			break;
		mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		response = (struct seccomp_notif_resp){
			.id = question.id,
			.flags = i == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0,
			.error = i == 0 ? 0 : -EBUSY,
		};
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
	return NULL;
}

static void supervise(void)
{
	char *memory =
		mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t supervisor;

	sem_init(&installed, 0, 0);
	pthread_create(&supervisor, NULL, answer, NULL);
	listener = (int)install(SYS_mprotect, SECCOMP_RET_USER_NOTIF,
				SECCOMP_FILTER_FLAG_NEW_LISTENER);
	say("filter", listener);
	if (listener < 0)
		return;
	sem_post(&installed);
	say("mprotect", mprotect(memory + PAGE, PAGE, PROT_READ));
	say("mprotect", mprotect(memory, PAGE, PROT_READ));
	say("munmap", munmap(memory + 3 * PAGE, PAGE));
	pthread_join(supervisor, NULL);
}

static void filter(unsigned number, unsigned action)
{
	char *memory;

	say("filter", install(number, action, 0));
	memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	say("mmap", memory == MAP_FAILED ? -1 : 0);
	say("mlock", mlock(memory, PAGE));
	say("mprotect", mprotect(memory, PAGE, PROT_READ));
	say("munmap", memory == MAP_FAILED ? -1 : munmap(memory, 4 * PAGE));
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (strcmp(way, "traceme") == 0) {
		say("traceme", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		say("traceme", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	} else if (strcmp(way, "seize") == 0) {
		seize();
	} else if (strcmp(way, "filter") == 0) {
		filter(SYS_mlock, SECCOMP_RET_ERRNO | E2BIG);
	} else if (strcmp(way, "strict") == 0) {
		filter(SYS_mprotect, SECCOMP_RET_KILL_PROCESS);
	} else if (strcmp(way, "refuse") == 0) {
		filter(SYS_mmap, SECCOMP_RET_ERRNO | EPERM);
	} else if (strcmp(way, "supervise") == 0) {
		supervise();
	} else if (strcmp(way, "strict-mode") == 0) {
		/* The first output asks what it goes to, which is not allowed later. */
		say("begin", 0);
		say("strict", prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT));
		if (prctl(PR_GET_SECCOMP) == SECCOMP_MODE_DISABLED)
			return 1;
	} else if (strcmp(way, "trace") == 0) {
		filter(SYS_mprotect, SECCOMP_RET_TRACE);
	}
	return 0;
}
