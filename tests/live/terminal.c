/* SPDX-License-Identifier: MIT */
/*
 * terminal KEYS PROGRAM [ARG...]: runs the program as the foreground job of a shell with job
 * control, on a terminal of its own, and tells what its user sees. The program says "ready PID"
 * first, and "read LINE" for each line (programs/signals.c, lines). Each of KEYS is done in turn:
 *
 *	l	a line is typed; wait until the program has read it
 *	z	^Z is typed; wait until the shell sees the job stopped
 *	f b	fg, bg in the shell; wait until it sees the job continued
 *	s	wait until the shell sees the job stopped, by itself
 *	c q d	^C, ^\, ^D is typed; wait until the shell sees the job's end
 *	a e	vmtrace (the command $TRACER) attaches to the program, from outside of the terminal;
 *		is told to end, and lets it go
 *
 *	driver ==terminal== job		The driver holds the terminal's other end and waits for
 *	  |                  |		text there; the shell between them starts the job,
 *	  +------pipes---- shell	moves the terminal to and fro, and reports what it waits for.
 *
 * Nothing here is timed; an alarm ends what hangs.
 */
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PATIENCE_S = 60
};

/* ---- The shell ---------------------------------------------------------------------------- */

static pid_t start_job(char **argv)
{
	static const int usual[] = { SIGTTOU, SIGHUP, SIGINT, SIGQUIT };
	pid_t job = fork();

	if (job == 0) {
		setpgid(0, 0);
		tcsetpgrp(STDIN_FILENO, getpid());
		/* Whatever we were started by (nohup, a shell's background) ignores some of them. */
		for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
			signal(usual[i], SIG_DFL);
		execvp(argv[0], argv);
		_exit(127);
	}
	setpgid(job, job);
	return job;
}

/* The driver's next word: continue the job, in the foreground or not. */
static void obey(int orders, pid_t job)
{
	char order;

	if (read(orders, &order, 1) != 1)
		_exit(1);
	if (order == 'f')
		tcsetpgrp(STDIN_FILENO, job);
	kill(-job, SIGCONT);
}

static void shell(int orders, int reports, char **argv)
{
	pid_t job;
	int status;

	signal(SIGTTOU, SIG_IGN);
	job = start_job(argv);
	while (waitpid(job, &status, WUNTRACED | WCONTINUED) == job) {
		if (WIFSTOPPED(status)) {
			tcsetpgrp(STDIN_FILENO, getpid());
			dprintf(reports, "stopped\n");
			obey(orders, job);
		} else if (WIFCONTINUED(status)) {
			dprintf(reports, "continued\n");
		} else if (WIFSIGNALED(status)) {
			dprintf(reports, "killed by signal %d\n", WTERMSIG(status));
			break;
		} else {
			dprintf(reports, "exit %d\n", WEXITSTATUS(status));
			break;
		}
	}
	_exit(0);
}

/* ---- The driver --------------------------------------------------------------------------- */

struct driver {
	int terminal;
	int orders;
	FILE *reports;
	char shown[65536]; /* what the terminal has shown since it was last looked for */
	size_t length;
	pid_t program;
	pid_t tracer; /* attached to it; 0: none */
};

static void give_up(const char *what)
{
	printf("never came: %s\n", what);
	exit(1);
}

/* Reads the terminal until @text and the rest of its line have come; forgets what was before. */
static void expect_text(struct driver *driver, const char *text)
{
	char *found;
	ssize_t count;

	for (;;) {
		driver->shown[driver->length] = '\0';
		found = strstr(driver->shown, text);
		if (found && strchr(found, '\n'))
			break;
		if (driver->length + 1 >= sizeof(driver->shown))
			give_up(text);
		count = read(driver->terminal, driver->shown + driver->length,
			     sizeof(driver->shown) - driver->length - 1);
		if (count <= 0)
			give_up(text);
		driver->length += (size_t)count;
	}
	sscanf(found, "ready %d", &driver->program);
	driver->length = 0;
}

static void expect_report(struct driver *driver)
{
	char line[128];

	if (!fgets(line, sizeof(line), driver->reports))
		give_up("a report of the shell");
	printf("job: %s", line);
}

static void type(const struct driver *driver, const char *keys)
{
	if (write(driver->terminal, keys, strlen(keys)) < 0)
		give_up("the terminal");
}

/* A job that a shell sees stopped comes to stand still as a whole. */
static void wait_for_stop(const struct driver *driver)
{
	char path[64];
	char state = '?';

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)driver->program);
	while (state != 'T' && state != 't') {
		FILE *file = fopen(path, "re");

		if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			give_up("the program's state");
		fclose(file);
	}
	puts("program: stopped");
}

static int tracer_of(pid_t pid)
{
	char path[64];
	char line[128];
	int tracer = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	}
	if (file)
		fclose(file);
	return tracer;
}

static void wait_for_tracer(const struct driver *driver, pid_t tracer)
{
	while (tracer_of(driver->program) != tracer)
		continue;
}

static void attach(struct driver *driver)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)driver->program);
	driver->tracer = fork();
	if (driver->tracer == 0) {
		/* A session of its own, without a terminal. */
		setsid();
		execl(getenv("TRACER"), "vmtrace", "-q", "-o", "log", "-p", pid, (char *)NULL);
		_exit(127);
	}
	wait_for_tracer(driver, driver->tracer);
}

static void end_tracer(struct driver *driver)
{
	int status;

	kill(driver->tracer, SIGTERM);
	if (waitpid(driver->tracer, &status, 0) != driver->tracer || status != 0)
		give_up("the end of vmtrace");
	wait_for_tracer(driver, 0);
}

static void do_key(struct driver *driver, char key)
{
	static const char *const keys[] = { ['z'] = "\032",
					    ['c'] = "\003",
					    ['q'] = "\034",
					    ['d'] = "\004",
					    ['l'] = "some text\n" };

	switch (key) {
	case 'l':
		type(driver, keys['l']);
		expect_text(driver, "read some text");
		puts("program: read a line");
		return;
	case 'f':
	case 'b':
		if (write(driver->orders, &key, 1) != 1)
			give_up("the shell");
		break;
	case 's':
		break;
	case 'a':
		attach(driver);
		return;
	case 'e':
		end_tracer(driver);
		return;
	default:
		type(driver, keys[(unsigned char)key]);
	}
	expect_report(driver);
	if (key == 'z' || key == 's')
		wait_for_stop(driver);
}

int main(int argc, char **argv)
{
	static struct driver driver;
	int orders[2];
	int reports[2];
	pid_t pid;

	if (argc < 3 || strspn(argv[1], "lzfbscqdae") != strlen(argv[1]) ||
	    pipe2(orders, O_CLOEXEC) < 0 || pipe2(reports, O_CLOEXEC) < 0)
		return 2;
	alarm(PATIENCE_S);
	pid = forkpty(&driver.terminal, NULL, NULL, NULL);
	if (pid < 0)
		return 2;
	if (pid == 0) {
		close(orders[1]);
		close(reports[0]);
		shell(orders[0], reports[1], argv + 2);
	}
	close(orders[0]);
	close(reports[1]);
	driver.orders = orders[1];
	driver.reports = fdopen(reports[0], "r");
	if (!driver.reports)
		return 2;
	expect_text(&driver, "ready ");
	for (const char *key = argv[1]; *key; key++)
		do_key(&driver, *key);
	fclose(driver.reports);
	return 0;
}
