/* SPDX-License-Identifier: MIT */
/*
 * The calls of random-calls.c that map nothing, and change what later calls may do.
 */
#ifndef RANDOM_SETTINGS_H
#define RANDOM_SETTINGS_H

#include <fcntl.h>
#include <linux/prctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "random-draw.h"

/* what older headers lack */
enum {
	SET_MDWE = 65,
	SET_MEMORY_MERGE = 67
};

/* What the process has of memory now, in pages: all, and data. */
static void read_sizes(unsigned long *all, unsigned long *data)
{
	char line[128] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	long length = read(fd, line, sizeof(line) - 1);

	close(fd);
	if (length < 0 || sscanf(line, "%lu %*u %*u %*u %*u %lu", all, data) != 2)
		exit(2);
}

static int reads_one(const char *path)
{
	char digit = '0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, &digit, 1) != 1)
		digit = '0';
	close(fd);
	return digit == '1';
}

/*
 * Left out where ksmd is at work and may put the page of zeros in the place of written ones: when it
 * comes by is nobody's to know, and no page tells then that the VMA was written to.
 */
static int may_merge_pages(void)
{
	static int known, may;

	if (!known) {
		known = 1;
		may = !reads_one("/sys/kernel/mm/ksm/run") ||
		      !reads_one("/sys/kernel/mm/ksm/use_zero_pages");
		if (!may)
			fputs("random-calls: left out: KSM (it makes zero pages here)\n", stderr);
	}
	return may;
}

/* A limit a little above what is there; it is lifted soon after. */
static void set_limit(void)
{
	static const int resources[] = { RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK, RLIMIT_STACK };
	int resource = one_of(resources);
	struct rlimit limit;
	unsigned long all = 0, data = 0, pages = below(64);

	read_sizes(&all, &data);
	getrlimit((__rlimit_resource_t)resource, &limit);
	if (resource == RLIMIT_AS)
		pages += all;
	else if (resource == RLIMIT_DATA)
		pages += data;
	limit.rlim_cur = (rlim_t)pages * PAGE;
	setrlimit((__rlimit_resource_t)resource, &limit);
}

static void lift_limits(void)
{
	static const int resources[] = { RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK, RLIMIT_STACK };

	for (unsigned i = 0; i < sizeof(resources) / sizeof(*resources); i++) {
		struct rlimit limit;

		getrlimit((__rlimit_resource_t)resources[i], &limit);
		limit.rlim_cur = limit.rlim_max;
		setrlimit((__rlimit_resource_t)resources[i], &limit);
	}
}

static void do_setting(void)
{
	static int limited;

	if (limited) {
		lift_limits();
		limited = 0;
		return;
	}
	switch (below(4)) {
	case 0:
		personality((unsigned)personality(0xffffffff) ^ READ_IMPLIES_EXEC);
		break;
	case 1:
		prctl(PR_SET_THP_DISABLE, below(2), 0, 0, 0);
		break;
	case 2:
		if (may_merge_pages())
			prctl(SET_MEMORY_MERGE, below(2), 0, 0, 0);
		break;
	default:
		set_limit();
		limited = 1;
	}
}

/* What cannot be taken back, or not by everybody. */
static void change_for_good(void)
{
	static const int fields[] = { PR_SET_MM_START_STACK, PR_SET_MM_START_BRK, PR_SET_MM_BRK,
				      PR_SET_MM_START_DATA, PR_SET_MM_END_DATA };

	if (one_in(2))
		prctl(SET_MDWE, 1, 0, 0, 0);
	else
		prctl(PR_SET_MM, one_of(fields), arena_page(), 0, 0);
}

#endif
