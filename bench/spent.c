/* SPDX-License-Identifier: MIT */
/*
 * spent FILE COMMAND…: runs a command with its output thrown away and adds a line to FILE: microseconds
 * from start to end, microseconds of CPU time, and the most memory it had, in KiB. Its exit status is
 * the command's, 126 if it could not be run.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	NOT_RUN = 126
};

static void run(char **argv)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDOUT_FILENO);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(NOT_RUN);
}

static long microseconds(const struct timeval *time)
{
	return time->tv_sec * 1000000L + time->tv_usec;
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
	struct rusage usage;
	int status;
	pid_t pid;
	FILE *file;

	if (argc < 3)
		return NOT_RUN;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	pid = fork();
	if (pid == 0)
		run(argv + 2);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return NOT_RUN;
	clock_gettime(CLOCK_MONOTONIC, &end);
	file = fopen(argv[1], "a");
	if (!file)
		return NOT_RUN;
	fprintf(file, "%ld %ld %ld\n",
		(end.tv_sec - begin.tv_sec) * 1000000L + (end.tv_nsec - begin.tv_nsec) / 1000,
		microseconds(&usage.ru_utime) + microseconds(&usage.ru_stime), usage.ru_maxrss);
	if (fclose(file) != 0)
		return NOT_RUN;
	return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_RUN;
}
