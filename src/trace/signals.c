/* SPDX-License-Identifier: MIT */
/*
 * vmtrace's own signals, from the fork of the first process (which inherits none of this) until
 * the tracer is freed. There is one set of them per process, hence the one static struct here.
 *
 *	TSTP TTOU TTIN		ignored: the terminal sends them to the whole foreground group, and the
 *				target decides what they do
 *	PIPE XFSZ		ignored: a log that is closed or too long ends the log, not the target
 *	ALRM			the tick, while a task is held back; if a process sent it, as the rest
 *	CHLD			as it was, but not sent for stops, which waitpid() tells
 *	CONT WINCH URG		as they were, which is ignored
 *	32 33			ignored: libc's own
 *	all others		passed on to the first process if a process sent them to vmtrace
 *				(forward.c); of what the kernel sends (a terminal's key or hangup)
 *				the target gets its own, and a fault of vmtrace's own is what it was
 *
 * Once the first process has been reaped, INT QUIT TERM HUP end the trace of what it left behind; and
 * from the start if there is none, because vmtrace attached to processes. TSTP TTOU TTIN stay
 * ignored then as well: a vmtrace that stands would make them stand too.
 *
 * Waking. A handler without SA_RESTART interrupts waitpid(), but would also cut a write of the log
 * short; so the waking signals are blocked except around waitpid(). One that comes between the
 * unblocking and the waitpid() itself wakes nobody; the next tick does, which an interrupt starts.
 *
 * Job control. The shell waits for vmtrace, not for the target: when the target's group-stop is
 * complete, vmtrace stops itself, so that the shell sees its job stopped. A SIGCONT that comes
 * before vmtrace has stopped would be lost and leave it stopped for ever. But whoever continues
 * the job does so because it saw it stopped, that is after vmtrace's own stop; and `fg` and `bg`
 * continue the whole group, which wakes vmtrace and the target in either order: the target's end
 * of group-stop is kept by the kernel until vmtrace waits. So for a shell there is no race. vmtrace
 * stops itself after PTRACE_LISTEN, so the target can be continued at once.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procfs.h"
#include "tracer.h"

enum {
	TICK_US = 50000,
	NOTE_TICK_US = 1000, /* while a signal waits to be passed on */
	LOOK_NS = 30000, /* about what it costs to sleep and to be woken across CPUs */
};

static const int ignored[] = { SIGTSTP, SIGTTOU, SIGTTIN, SIGPIPE, SIGXFSZ };
/* Neither these nor SIGALRM and SIGCHLD, which have uses of their own. */
static const int left_alone[] = { SIGKILL, SIGSTOP, SIGCONT, SIGWINCH, SIGURG };
static const int ending[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP };

static struct {
	struct sigaction saved[NSIG]; /* of the signals above */
	sigset_t saved_mask;
	sigset_t waking; /* let through in vmt_signals_wait() only */
	bool waking_any;
	bool ticking;
	suseconds_t tick_us; /* 0: the usual time */
	bool taken;
	pid_t root; /* 0: none */
	int root_fd; /* pidfd: cannot mean another process later; -1 if there are none */
} state;

/* Written by handlers. */
static volatile sig_atomic_t root_gone;
static volatile sig_atomic_t interrupted;
static volatile sig_atomic_t ticked;

static void start_timer(suseconds_t interval_us)
{
	struct itimerval timer = {
		.it_interval = { .tv_usec = interval_us },
		.it_value = { .tv_usec = interval_us },
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void start_ticks(void)
{
	start_timer(state.tick_us ? state.tick_us : TICK_US);
}

/* A system call and no more; no handler may call a function of stdio or malloc. */
static void on_end(int signal)
{
	int saved_errno = errno;

	(void)signal;
	interrupted = 1;
	start_ticks();
	errno = saved_errno;
}

/* A fault of our own, or abort(): happens again, with what was there before us. */
static bool is_fault(const siginfo_t *info)
{
	switch (info->si_signo) {
	case SIGABRT:
		return info->si_pid == getpid();
	case SIGSEGV:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGTRAP:
	case SIGSYS:
		return info->si_code > 0;
	default:
		return false;
	}
}

static void on_sent(int signal, siginfo_t *info, void *context)
{
	int saved_errno = errno;

	(void)context;
	if (is_fault(info)) {
		sigaction(signal, &state.saved[signal], NULL);
	} else if (!root_gone && vmt_forward_is_sent(info)) {
		vmt_forward_note(info);
		/* waitpid() has been interrupted, or the timer will do it. */
		start_timer(NOTE_TICK_US);
	}
	errno = saved_errno;
}

static void on_tick(int signal, siginfo_t *info, void *context)
{
	ticked = 1;
	on_sent(signal, info, context);
}

static void set(int signal, const struct sigaction *action, bool save)
{
	if (sigaction(signal, action, save ? &state.saved[signal] : NULL) < 0)
		assert(!"sigaction on a signal that can be caught");
}

static bool is_one_of(int signal, const int *signals, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (signals[i] == signal)
			return true;
	return false;
}

static bool is_passed_on(int signal)
{
	return signal != SIGALRM && signal != SIGCHLD && (signal < 32 || signal >= SIGRTMIN) &&
	       !is_one_of(signal, ignored, vmt_countof(ignored)) &&
	       !is_one_of(signal, left_alone, vmt_countof(left_alone));
}

/* libc has them for itself and refuses to set them; nothing of ours needs them. */
static void ignore_libc_signals(void)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		uint64_t mask;
	} action = { .handler = SIG_IGN };

	for (int signal = 32; signal < SIGRTMIN; signal++)
		syscall(SYS_rt_sigaction, signal, &action, NULL, sizeof(action.mask));
}

void vmt_signals_take(pid_t root)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction sent = { .sa_sigaction = on_sent, .sa_flags = SA_SIGINFO };
	struct sigaction tick = { .sa_sigaction = on_tick, .sa_flags = SA_SIGINFO };
	const struct sigaction child = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP };
	sigset_t open;

	assert(!state.taken);
	root_gone = interrupted = ticked = 0;
	state.taken = true;
	state.root = root;
	state.root_fd = root ? (int)syscall(SYS_pidfd_open, root, 0) : -1;
	sigemptyset(&state.waking);
	sigemptyset(&open);
	for (size_t i = 0; i < vmt_countof(ignored); i++)
		set(ignored[i], &ignore, true);
	sigfillset(&sent.sa_mask);
	sigfillset(&tick.sa_mask);
	for (int signal = 1; signal < NSIG; signal++) {
		if (!is_passed_on(signal))
			continue;
		set(signal, &sent, true);
		sigaddset(&open, signal);
	}
	set(SIGALRM, &tick, true);
	sigaddset(&open, SIGALRM);
	set(SIGCHLD, &child, true);
	ignore_libc_signals();
	/* Whoever started vmtrace may have blocked them. */
	sigprocmask(SIG_UNBLOCK, &open, &state.saved_mask);
	if (!root)
		vmt_signals_root_gone();
}

void vmt_signals_restore(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	assert(state.taken);
	/* Also those that an interrupt started. */
	state.ticking = true;
	vmt_signals_tick(false);
	/* One that is waiting now would hit what is restored: a tick, or another interrupt. */
	for (int signal = 1; state.waking_any && signal < NSIG; signal++)
		if (sigismember(&state.waking, signal) == 1)
			set(signal, &ignore, false);
	for (size_t i = 0; i < vmt_countof(ignored); i++)
		set(ignored[i], &state.saved[ignored[i]], false);
	for (int signal = 1; signal < NSIG; signal++)
		if (is_passed_on(signal))
			set(signal, &state.saved[signal], false);
	set(SIGALRM, &state.saved[SIGALRM], false);
	set(SIGCHLD, &state.saved[SIGCHLD], false);
	sigprocmask(SIG_SETMASK, &state.saved_mask, NULL);
	vmt_fd_close(&state.root_fd);
	state.taken = false;
	state.waking_any = false;
	state.tick_us = 0;
}

static void add_waking(int signal)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, signal);
	sigprocmask(SIG_BLOCK, &one, NULL);
	sigaddset(&state.waking, signal);
	state.waking_any = true;
}

/*
 * A shell without job control starts background jobs with INT and QUIT ignored, so that the terminal's
 * keys do not reach them. One that is attached ends by nothing else, and is told by kill(1); so it heeds
 * them all the same. HUP is ignored by nohup(1), which means it.
 */
static bool heeds_ignored(int signal)
{
	return !state.root && (signal == SIGINT || signal == SIGQUIT);
}

void vmt_signals_root_gone(void)
{
	const struct sigaction end = { .sa_handler = on_end };

	root_gone = 1;
	for (size_t i = 0; i < vmt_countof(ending); i++) {
		if (state.saved[ending[i]].sa_handler == SIG_IGN && !heeds_ignored(ending[i]))
			continue;
		set(ending[i], &end, false);
		add_waking(ending[i]);
		add_waking(SIGALRM);
	}
}

bool vmt_signals_interrupted(void)
{
	bool was = interrupted;

	interrupted = 0;
	return was;
}

void vmt_signals_tick(bool on)
{
	const struct itimerval none = { 0 };

	if (on == state.ticking)
		return;
	state.ticking = on;
	if (on) {
		add_waking(SIGALRM);
		start_ticks();
	} else {
		setitimer(ITIMER_REAL, &none, NULL);
	}
}

void vmt_signals_tick_every(unsigned us)
{
	state.tick_us = (suseconds_t)us;
	vmt_signals_tick(false);
	vmt_signals_tick(true);
}

bool vmt_signals_send(pid_t root, siginfo_t *info)
{
	long failed = state.root_fd >= 0 ? syscall(SYS_pidfd_send_signal, state.root_fd,
						   info->si_signo, info, 0)
					 : syscall(SYS_rt_sigqueueinfo, root, info->si_signo, info);

	/* RLIMIT_SIGPENDING is for those that are queued. */
	if (failed < 0 && errno == EAGAIN)
		kill(root, info->si_signo);
	return failed == 0;
}

void vmt_signals_settled(void)
{
	const struct itimerval none = { 0 };

	if (state.ticking)
		start_ticks();
	else
		setitimer(ITIMER_REAL, &none, NULL);
}

/* 0 if no task has stopped for a while. */
static pid_t look_for_stop(int *ret_status)
{
	uint64_t until_ns = vmt_clock_ns() + LOOK_NS;
	pid_t tid;

	do {
		tid = waitpid(-1, ret_status, __WALL | WNOHANG);
	} while (tid == 0 && vmt_clock_ns() < until_ns);
	return tid;
}

pid_t vmt_signals_wait(bool soon, int *ret_status)
{
	pid_t tid = 0;
	int err;

	if (!state.waking_any) {
		if (soon)
			tid = look_for_stop(ret_status);
		return tid ? tid : waitpid(-1, ret_status, __WALL);
	}
	sigprocmask(SIG_UNBLOCK, &state.waking, NULL);
	/* What has come already wakes nobody, but must not hide a stop that is there to be seen. */
	tid = waitpid(-1, ret_status, ticked || interrupted ? __WALL | WNOHANG : __WALL);
	err = errno;
	if (tid == 0) {
		tid = -1;
		err = EINTR;
	}
	ticked = 0;
	sigprocmask(SIG_BLOCK, &state.waking, NULL);
	errno = err;
	return tid;
}

/*
 * A stop that a terminal's key or a background read made is the job's. A SIGSTOP may be meant for
 * the target alone: then it is the job's only if a shell with job control could see to it.
 */
bool vmt_signals_mirror(pid_t root, int signal)
{
	VMT_CLEANUP(vmt_fd_close) int fd = -1;

	if (signal != SIGSTOP)
		return true;
	fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd >= 0 && tcgetpgrp(fd) > 0 && getpgid(root) == getpgrp();
}
