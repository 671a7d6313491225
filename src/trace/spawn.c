/* SPDX-License-Identifier: MIT */
/*
 * The first process. It is forked, seized while it waits on a pipe, and let go; it puts itself
 * under the filter and executes the program:
 *
 *	vmtrace				child
 *	fork				read(go) ...
 *	PTRACE_SEIZE			...
 *	write(go)			personality, filter, timers, execve
 *	wait for PTRACE_EVENT_EXEC	(or a report of what failed, and death)
 *
 * Everything is prepared before the fork, and the child does nothing but system calls. All
 * descriptors of ours close on exec, and signals are taken over after the fork: the program finds
 * what it would have found without vmtrace, but for no_new_privs, which the kernel wants of a
 * process without CAP_SYS_ADMIN before it takes a filter. (Traced without privilege, a set-user-ID
 * program would not get its rights either.)
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"
#include "procfs.h"
#include "tracer.h"

/* What the child has to say; short enough for a pipe to take whole. */
struct report {
	enum {
		REPORT_FILTER, /* refused; goes on without */
		REPORT_PERSONALITY,
		REPORT_EXEC,
	} stage;
	int err;
};

#define DEFAULT_PATH "/bin:/usr/bin" /* _CS_PATH, as execvp() has it */

enum {
	EXIT_NOT_STARTED = 127,
	OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
		  PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT |
		  PTRACE_O_EXITKILL,
};

/* The two ends of a pipe; -1 once closed. */
struct pipe {
	int read;
	int write;
};

static const __itimer_which_t timers[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };

struct launch {
	struct vmt_tracer *tracer;
	struct vmt_error *error;
	char *const *argv;
	const char *path; /* where programs are looked for */
	struct itimerval timers[3]; /* that vmtrace was started with; all 0: not running */
	struct vmt_filter filter;
	struct pipe go;
	struct pipe report;
	pid_t child;
};

static int pipe_open(struct pipe *pipe, int flags)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | flags) < 0)
		return -errno;
	*pipe = (struct pipe){ .read = ends[0], .write = ends[1] };
	return 0;
}

static void end_close(int *fd)
{
	vmt_fd_close(fd);
	*fd = -1;
}

static void pipe_close(struct pipe *pipe)
{
	end_close(&pipe->read);
	end_close(&pipe->write);
}

/* ---- The child --------------------------------------------------------------------------- */

static void say(const struct launch *launch, int stage, int err)
{
	struct report report = { .stage = stage, .err = err };

	if (write(launch->report.write, &report, sizeof(report)) < 0)
		_exit(EXIT_NOT_STARTED);
}

/*
 * Looks the program up as execvp() does, but for its end: what is no program is not given to a shell,
 * whose commands its bytes would be. Returns the errno.
 */
static int execute(const struct launch *launch)
{
	const char *name = launch->argv[0];
	char path[PATH_MAX];
	bool refused = false;

	if (strchr(name, '/') || !name[0]) {
		execv(name, launch->argv);
		return errno;
	}
	for (const char *from = launch->path, *end; from; from = *end ? end + 1 : NULL) {
		end = strchrnul(from, ':');
		if (snprintf(path, sizeof(path), "%.*s%s%s", (int)(end - from), from,
			     end > from ? "/" : "", name) >= (int)sizeof(path))
			continue;
		execv(path, launch->argv);
		if (errno == EACCES)
			refused = true;
		else if (errno != ENOENT && errno != ENOTDIR && errno != ESTALE &&
			 errno != ENODEV && errno != ETIMEDOUT)
			return errno;
	}
	return refused ? EACCES : ENOENT;
}

/* The timers that vmtrace was started with go on in the program; fork() alone leaves them behind. */
static void timers_take(struct launch *launch)
{
	const struct itimerval none = { 0 };

	for (size_t i = 0; i < vmt_countof(timers); i++)
		if (setitimer(timers[i], &none, &launch->timers[i]) < 0)
			launch->timers[i] = none;
}

static void timers_set(const struct launch *launch)
{
	for (size_t i = 0; i < vmt_countof(timers); i++)
		if (timerisset(&launch->timers[i].it_value))
			setitimer(timers[i], &launch->timers[i], NULL);
}

VMT_NORETURN static void run_child(struct launch *launch)
{
	const struct vmt_tracer_options *options = &launch->tracer->options;
	char byte;
	int err;

	/* Or the end of the pipe would never be seen when vmtrace dies or gives up. */
	close(launch->go.write);
	if (read(launch->go.read, &byte, 1) != 1)
		_exit(EXIT_NOT_STARTED);
	if (options->no_aslr) {
		int persona = personality(0xffffffff);

		if (persona < 0 || personality((unsigned)persona | ADDR_NO_RANDOMIZE) < 0) {
			say(launch, REPORT_PERSONALITY, errno);
			_exit(EXIT_NOT_STARTED);
		}
	}
	if (!options->no_seccomp) {
		err = vmt_filter_install(&launch->filter);
		if (err < 0)
			say(launch, REPORT_FILTER, -err);
	}
	timers_set(launch);
	say(launch, REPORT_EXEC, execute(launch));
	_exit(EXIT_NOT_STARTED);
}

/* ---- vmtrace ----------------------------------------------------------------------------- */

int vmt_tracer_check_kernel(struct vmt_error *error)
{
	const char *release = vmt_kernel_release();
	unsigned major;
	unsigned minor;

	if (sscanf(release, "%u.%u", &major, &minor) == 2 &&
	    (major < 5 || (major == 5 && minor < 3)))
		return vmt_error_set(error, ENOSYS,
				     "Linux %s is too old: tracing needs 5.3 or later", release);
	return 0;
}

static int seize_failed(struct vmt_error *error, int err)
{
	char scope = '0';
	VMT_CLEANUP(vmt_fd_close)
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);

	if (err == EPERM && fd >= 0 && read(fd, &scope, 1) == 1 && scope == '3')
		return vmt_error_set(error, err,
				     "cannot trace: kernel.yama.ptrace_scope is 3, which forbids "
				     "all tracing until the next boot");
	if (err == EPERM && scope == '2')
		return vmt_error_set(error, err,
				     "cannot trace: kernel.yama.ptrace_scope is 2, which needs "
				     "CAP_SYS_PTRACE (run as root, or set it to 1)");
	if (err == EPERM || err == ENOSYS)
		return vmt_error_set(error, err,
				     "cannot trace: PTRACE_SEIZE is refused (%s); in a container, "
				     "allow ptrace in its seccomp profile or add CAP_SYS_PTRACE",
				     vmt_strerror(err));
	return vmt_error_set(error, err, "cannot trace: PTRACE_SEIZE: %s", vmt_strerror(err));
}

/* Waits until the child is gone; for one that nobody traces or that is about to end. */
static void reap(pid_t child)
{
	while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR)
		continue;
}

static int seize(struct launch *launch)
{
	int options = OPTIONS;
	int err;

	if (!launch->tracer->options.no_seccomp)
		options |= PTRACE_O_TRACESECCOMP;
	if (ptrace(PTRACE_SEIZE, launch->child, NULL, (void *)(intptr_t)options) == 0)
		return 0;
	err = errno;
	end_close(&launch->go.write);
	reap(launch->child);
	return seize_failed(launch->error, err);
}

/*
 * Follows the child up to its exec; nothing that it does before is of interest. True at the exec
 * stop, false if it died. It is the only task there is, so it may be waited for alone.
 */
static bool wait_for_exec(pid_t child, int *ret_status)
{
	for (;;) {
		int request = PTRACE_CONT;
		int signal = 0;
		int status;

		if (waitpid(child, &status, __WALL) < 0) {
			if (errno == EINTR)
				continue;
			*ret_status = 0;
			return false;
		}
		if (!WIFSTOPPED(status)) {
			*ret_status = status;
			return false;
		}
		switch (status >> 16) {
		case PTRACE_EVENT_EXEC:
			return true;
		case PTRACE_EVENT_STOP:
			if (WSTOPSIG(status) != SIGTRAP)
				request = PTRACE_LISTEN;
			break;
		case 0:
			signal = WSTOPSIG(status);
			break;
		}
		ptrace(request, child, NULL, (void *)(intptr_t)signal);
	}
}

/* Reads what the child said; the last word about @stage counts. */
static int read_reports(const struct launch *launch, int *ret_filter_err,
			struct report *ret_failure)
{
	struct report report;
	bool failed = false;

	*ret_filter_err = 0;
	while (read(launch->report.read, &report, sizeof(report)) == (ssize_t)sizeof(report)) {
		if (report.stage == REPORT_FILTER) {
			*ret_filter_err = report.err;
		} else {
			*ret_failure = report;
			failed = true;
		}
	}
	return failed;
}

static int not_started(struct launch *launch, int status)
{
	struct report failure;
	int filter_err;

	if (!read_reports(launch, &filter_err, &failure))
		return vmt_error_set(launch->error, EINTR,
				     "%s: ended by signal %d before it was started",
				     launch->argv[0], WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	if (failure.stage == REPORT_PERSONALITY)
		return vmt_error_set(launch->error, failure.err,
				     "cannot turn address randomisation off: personality: %s",
				     vmt_strerror(failure.err));
	launch->tracer->exec_failed = true;
	return vmt_error_set(launch->error, failure.err, "cannot execute %s: %s", launch->argv[0],
			     vmt_strerror(failure.err));
}

/* The child stands at its exec stop. */
static int started(struct launch *launch)
{
	struct vmt_tracer *tracer = launch->tracer;
	struct __ptrace_syscall_info info;
	struct report failure;
	struct vmt_task *task;
	int filter_err;

	(void)read_reports(launch, &filter_err, &failure);
	if (!vmt_syscall_info(launch->child, &info) && errno != ESRCH) {
		int err = errno;

		kill(launch->child, SIGKILL);
		while (wait_for_exec(launch->child, &(int){ 0 }))
			continue;
		return vmt_error_set(
			launch->error, err,
			"cannot trace: PTRACE_GET_SYSCALL_INFO: %s (it needs Linux 5.3 "
			"or later)",
			vmt_strerror(err));
	}
	tracer->filtered = !tracer->options.no_seccomp && !filter_err;
	if (filter_err) {
		/* Now a filter of the target's own means what it meant without us. */
		ptrace(PTRACE_SETOPTIONS, launch->child, NULL, (void *)(intptr_t)OPTIONS);
		vmt_tracer_notice(
			tracer,
			"seccomp filter refused (%s): stopping at every call, which is slow",
			vmt_strerror(filter_err));
	}
	task = vmt_task_add(tracer, launch->child, VMT_TASK_ALIVE);
	task->stopped = true;
	task->program = true;
	task->followed = true;
	vmt_faults_watch(tracer, launch->child);
	vmt_tracer_exec(tracer, task);
	return 0;
}

void vmt_tracer_raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int launch_run(struct launch *launch)
{
	struct vmt_tracer *tracer = launch->tracer;
	int status;
	int err;

	timers_take(launch);
	launch->child = fork();
	if (launch->child < 0)
		return vmt_error_set(launch->error, errno, "cannot fork: %s", vmt_strerror(errno));
	if (launch->child == 0)
		run_child(launch);
	vmt_tracer_raise_limit();
	vmt_signals_take(launch->child);
	tracer->signals_taken = true;
	end_close(&launch->go.read);
	end_close(&launch->report.write);

	err = seize(launch);
	if (err < 0)
		return err;
	tracer->root = launch->child;
	/* If the child is dead by now, its status says more than this write. */
	if (write(launch->go.write, "", 1) < 0)
		end_close(&launch->go.write);
	return wait_for_exec(launch->child, &status) ? started(launch)
						     : not_started(launch, status);
}

int vmt_tracer_spawn(struct vmt_tracer *tracer, char *const argv[], struct vmt_error *error)
{
	struct launch launch = {
		.tracer = tracer,
		.error = error,
		.argv = argv,
		.path = getenv("PATH"),
		.go = { -1, -1 },
		.report = { -1, -1 },
	};
	int err = vmt_tracer_check_kernel(error);

	assert(!tracer->root && !tracer->attached);
	if (err < 0)
		return err;
	if (!launch.path)
		launch.path = DEFAULT_PATH;
	err = pipe_open(&launch.go, 0);
	if (!err)
		err = pipe_open(&launch.report, O_NONBLOCK);
	if (err < 0) {
		vmt_error_set(error, -err, "cannot make a pipe: %s", vmt_strerror(-err));
	} else {
		vmt_filter_init(&launch.filter, vmt_arches, tracer->options.pin);
		err = launch_run(&launch);
		vmt_filter_deinit(&launch.filter);
	}
	pipe_close(&launch.go);
	pipe_close(&launch.report);
	return err;
}
