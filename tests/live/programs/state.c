/* SPDX-License-Identifier: MIT */
/*
 * state: what a program can see of the surroundings that it was started in: descriptors, signals,
 * limits, credentials, identity, environment. Run with and without vmtrace, it prints the same.
 * (Under vmtrace, TracerPid and the filter differ; they are not printed.)
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

extern char **environ;

static void print_descriptors(void)
{
	for (int fd = 0; fd < 1024; fd++) {
		char path[32], target[256];
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, target, sizeof(target));
		if (length >= 0)
			printf("fd %d flags %o %x -> %.*s\n", fd, (unsigned)fcntl(fd, F_GETFL),
			       (unsigned)fcntl(fd, F_GETFD), (int)length, target);
	}
}

/* The lines of status that say what was inherited. */
static void print_status(void)
{
	static const char *const wanted[] = {
		"Umask:",
		"Uid:",
		"Gid:",
		"Groups:",
		"SigPnd:",
		"ShdPnd:",
		"SigBlk:",
		"SigIgn:",
		"SigCgt:",
		"CapInh:",
		"CapPrm:",
		"CapEff:",
		"CapBnd:",
		"CapAmb:",
		"Threads:",
		"CoreDumping:",
		"Cpus_allowed_list:",
		"Mems_allowed_list:",
	};
	FILE *file = fopen("/proc/self/status", "re");
	char line[4096];

	while (file && fgets(line, sizeof(line), file)) {
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0)
				fputs(line, stdout);
		}
	}
	if (file)
		fclose(file);
}

static void print_limits(void)
{
	for (int i = 0; i < RLIMIT_NLIMITS; i++) {
		struct rlimit limit = { 0, 0 };

		getrlimit((__rlimit_resource_t)i, &limit);
		printf("limit %d %llu %llu\n", i, (unsigned long long)limit.rlim_cur,
		       (unsigned long long)limit.rlim_max);
	}
}

int main(int argc, char **argv)
{
	char *directory = getcwd(NULL, 0);
	int parent_death = 0;

	print_descriptors();
	print_status();
	print_limits();
	prctl(PR_GET_PDEATHSIG, &parent_death);
	printf("cwd %s\n", directory ? directory : "");
	printf("group %d session %d\n", (int)getpgrp(), (int)getsid(0));
	printf("nice %d personality %x dumpable %d pdeathsig %d slack %d securebits %d\n",
	       getpriority(PRIO_PROCESS, 0), (unsigned)personality(0xffffffff),
	       prctl(PR_GET_DUMPABLE), parent_death, prctl(PR_GET_TIMERSLACK),
	       prctl(PR_GET_SECUREBITS));
	for (int i = 0; i < argc; i++)
		printf("argv %s\n", argv[i]);
	for (char **entry = environ; *entry; entry++)
		printf("env %s\n", *entry);
	free(directory);
	return 0;
}
