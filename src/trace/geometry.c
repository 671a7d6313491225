/* SPDX-License-Identifier: MIT */
/*
 * geometry: which page tables the running kernel uses for its processes, 32-bit ones included: those
 * of a 64-bit kernel. x86-64 has five levels if the kernel leaves "la57" among the CPU's flags,
 * which it takes away where it does not use them. (arch/x86/kernel/cpu/common.c, 6.18)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "vmtrace/trace.h"

/* Whether the first "flags" line of /proc/cpuinfo has @flag. */
static bool cpu_has(const char *flag)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	size_t length = strlen(flag);
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (file && getline(&line, &size, file) > 0) {
		if (strncmp(line, "flags", 5) != 0)
			continue;
		for (const char *at = line; !found && (at = strstr(at, flag)); at += length)
			found = at[-1] == ' ' && strcspn(at, " \n") == length;
		break;
	}
	free(line);
	if (file)
		fclose(file);
	return found;
}

int vmt_kernel_geometry(const struct vmt_geometry **ret_geometry)
{
	struct utsname name;

	if (uname(&name) < 0)
		return -errno;
	if (strcmp(name.machine, "x86_64") != 0)
		return -ENOTSUP;
	*ret_geometry = vmt_geometry_by_name(cpu_has("la57") ? "x86_64-5" : "x86_64-4");
	return 0;
}
