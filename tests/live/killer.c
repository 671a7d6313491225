/* SPDX-License-Identifier: MIT */
/*
 * killer WAY SEED COUNT CROWD VMTRACE [OPTION...]: starts CROWD (programs/crowd.c) under vmtrace so
 * many times, sends SIGKILL at a moment that the seed chose, and holds that nothing is left behind.
 * WAY is who is killed:
 *
 *	tracer		vmtrace: the whole crowd dies with it
 *	target		processes of the crowd: the others and vmtrace end as they would have, and
 *			nothing in the log is unexplained
 *	attached	vmtrace, which had attached to the crowd: the crowd runs on, untraced
 *	attached-target	processes of a crowd that vmtrace had attached to; then it lets the others go
 *
 * A moment is a number of lines that the crowd has written, and then a number of turns of a loop.
 *
 * This process is the reaper of all (PR_SET_CHILD_SUBREAPER): they have all gone when it has no child
 * any more and nobody holds the crowd's output. Nothing is timed; an alarm tells what hangs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PATIENCE_S = 60, /* for one round */
	LINES = 200,
	TURNS = 300000,
	ROUNDS = 40, /* of a crowd that ends by itself */
	PIDS = 64,
	WORDS = 80,
	CHILDREN = 3 /* of a crowd's first process */
};

static uint64_t random_state;
static char **vmtrace; /* and its options */
static char *crowd;

/* This round */
static int number;
static pid_t session; /* of the crowd, and of vmtrace if that started it */
static FILE *output; /* of the crowd */
static pid_t seen[PIDS]; /* last ones that wrote a line */
static int seen_count;

__attribute__((noreturn)) static void give_up(const char *what)
{
	printf("round %d: %s\n", number, what);
	fflush(stdout);
	if (session > 0)
		kill(-session, SIGKILL);
	exit(1);
}

static uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

/* ---- Who is there ------------------------------------------------------------------------- */

struct task_stat {
	char state;
	pid_t parent;
	pid_t session;
};

/* False if there is no such task. */
static bool stat_of(const char *path, struct task_stat *ret_stat)
{
	char text[512];
	FILE *file = fopen(path, "re");
	size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	const char *end;

	if (file)
		fclose(file);
	text[length] = '\0';
	end = strrchr(text, ')');
	return end && sscanf(end, ") %c %d %*d %d", &ret_stat->state, &ret_stat->parent,
			     &ret_stat->session) == 3;
}

static bool is_in_session(pid_t pid)
{
	struct task_stat stat;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return stat_of(path, &stat) && stat.session == session;
}

/* Calls @visit for each thread of the session; false if one of the answers is. */
static bool all_threads(bool (*visit)(const char *task))
{
	DIR *processes = opendir("/proc");
	struct dirent *process;
	bool result = true;

	while (processes && (process = readdir(processes))) {
		char path[600];
		struct dirent *thread;
		DIR *threads;

		if (atoi(process->d_name) <= 0 || !is_in_session(atoi(process->d_name)))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task", process->d_name);
		threads = opendir(path);
		while (threads && (thread = readdir(threads))) {
			snprintf(path, sizeof(path), "/proc/%s/task/%s", process->d_name,
				 thread->d_name);
			if (atoi(thread->d_name) > 0)
				result &= visit(path);
		}
		if (threads)
			closedir(threads);
	}
	closedir(processes);
	return result;
}

/* Neither traced nor stopped; or gone meanwhile. */
static bool is_free(const char *task)
{
	char path[700];
	char line[128];
	struct task_stat stat;
	int tracer = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/status", task);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	}
	if (file)
		fclose(file);
	snprintf(path, sizeof(path), "%s/stat", task);
	return !stat_of(path, &stat) || (tracer == 0 && stat.state != 'T' && stat.state != 't');
}

static bool print_task(const char *task)
{
	struct task_stat stat;
	char path[700];

	snprintf(path, sizeof(path), "%s/stat", task);
	if (stat_of(path, &stat))
		printf("%s: %c\n", task, stat.state);
	return true;
}

/* Of the first process, which stay until they are killed. */
static pid_t children[CHILDREN];
static int child_count;

static bool note_child(const char *task)
{
	struct task_stat stat;
	char path[700];

	snprintf(path, sizeof(path), "%s/stat", task);
	if (stat_of(path, &stat) && stat.parent == session && child_count < CHILDREN &&
	    (child_count == 0 || children[child_count - 1] != atoi(task + strlen("/proc/"))))
		children[child_count++] = atoi(task + strlen("/proc/"));
	return true;
}

static void on_alarm(int signal)
{
	(void)signal;
	all_threads(print_task);
	give_up("hangs; who is there stands above");
}

/* ---- Starting, and the moment ------------------------------------------------------------- */

/* Runs the words; their output goes to @out. */
static pid_t start(char **words, int out, bool own_session)
{
	pid_t child = fork();

	if (child == 0) {
		if (own_session)
			setsid();
		dup2(out, STDOUT_FILENO);
		execv(words[0], words);
		_exit(127);
	}
	if (child < 0)
		give_up("no fork");
	return child;
}

static pid_t start_crowd(char **words)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		give_up("no pipe");
	child = start(words, ends[1], true);
	close(ends[1]);
	session = child;
	output = fdopen(ends[0], "r");
	seen_count = 0;
	return child;
}

/* vmtrace with its options and more words, up to NULL. */
static char **words_of(char **ret_words, char *const *more)
{
	int count = 0;

	for (int i = 0; vmtrace[i]; i++)
		ret_words[count++] = vmtrace[i];
	do
		ret_words[count++] = *more;
	while (*more++);
	return ret_words;
}

/* False at the end: the crowd has gone. */
static bool read_line(void)
{
	char line[64];

	if (!fgets(line, sizeof(line), output))
		return false;
	if (atoi(line) > 0)
		seen[seen_count++ % PIDS] = atoi(line);
	return true;
}

static void pass_time(int *ret_lines)
{
	int lines = (int)draw(LINES);
	volatile uint64_t turns = draw(TURNS);

	*ret_lines = 0;
	while (*ret_lines < lines && read_line())
		++*ret_lines;
	while (turns > 0)
		turns--;
}

/* Kills one of those that wrote; it may have gone. Its number may not mean another one then. */
static bool kill_one(void)
{
	int known = seen_count < PIDS ? seen_count : PIDS;
	pid_t pid = known ? seen[draw((uint64_t)known)] : 0;
	int fd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	bool killed = fd >= 0 && is_in_session(pid) &&
		      syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) == 0;

	if (fd >= 0)
		close(fd);
	return killed;
}

/* ---- What must hold afterwards ------------------------------------------------------------ */

static int status_of(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		give_up("vmtrace is not our child");
	return status;
}

/* Nobody holds the crowd's output any more, and everybody has been reaped. */
static void expect_nobody(void)
{
	while (read_line())
		continue;
	fclose(output);
	while (waitpid(-1, NULL, __WALL) > 0)
		continue;
	if (errno != ECHILD)
		give_up("somebody is left");
	session = 0;
}

static void expect_killed(pid_t tracer)
{
	int status = status_of(tracer);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		give_up("vmtrace ended before it was killed");
}

/* The last line of the log counts what nobody can explain. */
static void expect_explained(void)
{
	char line[512] = "";
	FILE *file = fopen("log", "re");

	while (file && fgets(line, sizeof(line), file))
		continue;
	if (file)
		fclose(file);
	if (!strstr(line, " 0 unexplained")) {
		fputs(line, stdout);
		give_up("the log does not end with 0 unexplained");
	}
}

/* The crowd runs on: nobody traces or stops it, and it writes. */
static void expect_alive(void)
{
	while (!all_threads(is_free))
		continue;
	for (int i = 0; i < LINES; i++) {
		if (!read_line())
			give_up("the crowd has ended");
	}
}

/* ---- The ways ----------------------------------------------------------------------------- */

static void kill_tracer(void)
{
	char *more[] = { crowd, NULL };
	char *words[WORDS];
	pid_t tracer = start_crowd(words_of(words, more));
	int lines;

	pass_time(&lines);
	kill(tracer, SIGKILL);
	expect_killed(tracer);
	expect_nobody();
	printf("round %d: vmtrace was killed after %d lines\n", number, lines);
}

static void kill_target(void)
{
	char rounds[16];
	char *more[] = { crowd, rounds, NULL };
	char *words[WORDS];
	pid_t tracer;
	int killed = 0;
	int status;
	int lines;

	snprintf(rounds, sizeof(rounds), "%d", ROUNDS);
	tracer = start_crowd(words_of(words, more));
	for (uint64_t left = 1 + draw(3); left > 0; left--) {
		pass_time(&lines);
		killed += kill_one();
	}
	while (read_line())
		continue;
	status = status_of(tracer);
	if (WIFSIGNALED(status) ? WTERMSIG(status) != SIGKILL : WEXITSTATUS(status) != 0)
		give_up("vmtrace did not end as the crowd did");
	expect_nobody();
	expect_explained();
	printf("round %d: %d of the crowd were killed\n", number, killed);
}

/* Begins to attach to a crowd that has no end. */
static pid_t attach(pid_t *ret_first)
{
	static char option[] = "-p";
	static char pids[1 + CHILDREN][16];
	char *alone[] = { crowd, NULL };
	char *more[2 * (1 + CHILDREN) + 1] = { option, pids[0] };
	char *words[WORDS];
	int lines;

	*ret_first = start_crowd(alone);
	pass_time(&lines);
	snprintf(pids[0], sizeof(pids[0]), "%d", (int)*ret_first);
	child_count = 0;
	all_threads(note_child);
	for (int i = 0; i < child_count; i++) {
		snprintf(pids[1 + i], sizeof(pids[1 + i]), "%d", (int)children[i]);
		more[2 + 2 * i] = option;
		more[3 + 2 * i] = pids[1 + i];
	}
	return start(words_of(words, more), STDERR_FILENO, false);
}

static void end_crowd(pid_t first)
{
	expect_alive();
	kill(-first, SIGKILL);
	expect_nobody();
}

static void kill_attached(void)
{
	pid_t first;
	pid_t tracer = attach(&first);
	int lines;

	pass_time(&lines);
	kill(tracer, SIGKILL);
	expect_killed(tracer);
	end_crowd(first);
	printf("round %d: vmtrace was killed after %d lines; the crowd ran on\n", number, lines);
}

static void kill_attached_target(void)
{
	pid_t first;
	pid_t tracer = attach(&first);
	char last[32];
	bool killed;
	int status;
	int lines;

	/* It attaches to one after the other. */
	snprintf(last, sizeof(last), "/proc/%d", child_count ? children[child_count - 1] : first);
	while (is_free(last))
		continue;
	pass_time(&lines);
	killed = kill_one();
	pass_time(&lines);
	kill(tracer, SIGTERM);
	status = status_of(tracer);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		give_up("vmtrace did not end with 0");
	end_crowd(first);
	expect_explained();
	printf("round %d: %d of the crowd was killed; the others ran on\n", number, killed);
}

static void run_way(const char *way)
{
	if (strcmp(way, "tracer") == 0)
		kill_tracer();
	else if (strcmp(way, "target") == 0)
		kill_target();
	else if (strcmp(way, "attached") == 0)
		kill_attached();
	else if (strcmp(way, "attached-target") == 0)
		kill_attached_target();
	else
		give_up("no such way");
}

int main(int argc, char **argv)
{
	int count;

	if (argc < 6 || argc > 60)
		return 2;
	random_state = strtoull(argv[2], NULL, 10) * 0x9e3779b97f4a7c15 + 1;
	count = atoi(argv[3]);
	crowd = argv[4];
	vmtrace = argv + 5;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGALRM, on_alarm);
	for (number = 1; number <= count; number++) {
		alarm(PATIENCE_S);
		run_way(argv[1]);
	}
	return 0;
}
