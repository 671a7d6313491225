/* SPDX-License-Identifier: MIT */
/*
 * floor [-p] PROGRAM [ARGS…]: the least that a tracer of mapping calls can cost. A seccomp filter
 * stops the program at the calls that vmtrace stops at; both stops are taken, and nothing is done
 * with them. What vmtrace takes longer than this is its own work.
 *
 * -p binds the program and this loop to one CPU, as `vmtrace --pin` does.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of x86-64; those that a program without threads and aio makes. */
static const unsigned calls[] = {
	SYS_mmap,    SYS_mprotect, SYS_munmap,  SYS_brk,   SYS_mremap,   SYS_shmat,      SYS_shmdt,
	SYS_madvise, SYS_mlock,    SYS_munlock, SYS_mbind, SYS_mlockall, SYS_munlockall,
};

enum {
	CALL_COUNT = sizeof(calls) / sizeof(calls[0]),
	OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK |
		  PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
		  PTRACE_O_EXITKILL,
};

static void fail(const char *what)
{
	perror(what);
	exit(125);
}

static int install_filter(void)
{
	struct sock_filter code[CALL_COUNT + 3];
	struct sock_fprog program = { .filter = code };

	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							   offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < CALL_COUNT; i++)
		code[program.len++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, calls[i], (unsigned char)(CALL_COUNT - i), 0);
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static pid_t start(char **argv)
{
	pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (child == 0) {
		raise(SIGSTOP);
		if (install_filter() < 0)
			fail("seccomp");
		execvp(argv[0], argv);
		fail(argv[0]);
	}
	if (waitpid(child, NULL, WUNTRACED) < 0)
		fail("waitpid");
	if (ptrace(PTRACE_SEIZE, child, NULL, (void *)(intptr_t)OPTIONS) < 0)
		fail("PTRACE_SEIZE");
	kill(child, SIGCONT);
	return child;
}

static void pin(pid_t child)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0 ||
	    sched_setaffinity(child, sizeof(one), &one) < 0)
		fail("sched_setaffinity");
}

/* The exit stop is wanted only after the filter's. */
static void resume(pid_t tid, int status)
{
	int event = status >> 16;
	int signal = WSTOPSIG(status);
	int request = event == PTRACE_EVENT_SECCOMP ? PTRACE_SYSCALL : PTRACE_CONT;

	if (event || signal == (SIGTRAP | 0x80))
		signal = 0;
	ptrace(request, tid, NULL, (void *)(intptr_t)signal);
}

int main(int argc, char **argv)
{
	int pinned = argc > 1 && strcmp(argv[1], "-p") == 0;
	int result = 125;
	int status;
	pid_t child, tid;

	if (argc < 2 + pinned) {
		fputs("usage: floor [-p] PROGRAM [ARGS...]\n", stderr);
		return 125;
	}
	child = start(argv + 1 + pinned);
	if (pinned)
		pin(child);
	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status))
			resume(tid, status);
		else if (tid == child)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return result;
}
