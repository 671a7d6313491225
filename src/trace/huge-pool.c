/* SPDX-License-Identifier: MIT */
/*
 * Huge pages of the machine: the pools of hugetlbfs (/sys/kernel/mm/hugepages, one directory a size),
 * and whether shared memory is placed so that transparent ones fit (shmem_enabled of
 * /sys/kernel/mm/transparent_hugepage and of its directories, one a size; mm/shmem.c, 6.18).
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs.h"

#define POOLS "/sys/kernel/mm/hugepages"
#define THP "/sys/kernel/mm/transparent_hugepage"

static bool read_text(const char *path, char *text, size_t size)
{
	VMT_CLEANUP(vmt_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	text[length < 0 ? 0 : length] = '\0';
	return length >= 0;
}

static uint64_t read_count(uint64_t page_bytes, const char *name)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), POOLS "/hugepages-%" PRIu64 "kB/%s", page_bytes >> 10, name);
	return read_text(path, text, sizeof(text)) ? strtoull(text, NULL, 10) : 0;
}

/* default_hstate */
static uint64_t default_bytes(void)
{
	char text[8192];
	const char *line;

	if (!read_text("/proc/meminfo", text, sizeof(text)))
		return 0;
	line = strstr(text, "Hugepagesize:");
	return line ? strtoull(line + strlen("Hugepagesize:"), NULL, 10) << 10 : 0;
}

void vmt_huge_pool_read(uint64_t page_bytes, struct vmt_huge_pool *ret_pool)
{
	char path[128];

	if (!page_bytes)
		page_bytes = default_bytes();
	*ret_pool = (struct vmt_huge_pool){ .known = true };
	snprintf(path, sizeof(path), POOLS "/hugepages-%" PRIu64 "kB", page_bytes >> 10);
	if (access(path, F_OK) < 0)
		return;
	ret_pool->page_bytes = page_bytes;
	ret_pool->total = read_count(page_bytes, "nr_hugepages");
	ret_pool->free = read_count(page_bytes, "free_hugepages");
	ret_pool->reserved = read_count(page_bytes, "resv_hugepages");
	ret_pool->overcommit = read_count(page_bytes, "nr_overcommit_hugepages");
	ret_pool->surplus = read_count(page_bytes, "surplus_hugepages");
}

/* "always inherit [never]": the word in brackets. */
static bool is_chosen(const char *path, const char *word)
{
	char text[128], chosen[32];

	snprintf(chosen, sizeof(chosen), "[%s]", word);
	return read_text(path, text, sizeof(text)) && strstr(text, chosen);
}

bool vmt_shmem_is_huge(void)
{
	return is_chosen(THP "/shmem_enabled", "always") ||
	       is_chosen(THP "/shmem_enabled", "within_size") ||
	       is_chosen(THP "/shmem_enabled", "advise") ||
	       is_chosen(THP "/shmem_enabled", "force");
}

/* The largest size for which shared anonymous memory may get a page. */
uint64_t vmt_shmem_unit(void)
{
	bool inherits = vmt_shmem_is_huge();
	uint64_t largest = 0;
	struct dirent *entry;
	DIR *directory;

	if (is_chosen(THP "/shmem_enabled", "deny"))
		return 0;
	if (is_chosen(THP "/shmem_enabled", "force"))
		return default_bytes();
	directory = opendir(THP);
	while (directory && (entry = readdir(directory))) {
		char path[512];
		uint64_t kib;

		if (sscanf(entry->d_name, "hugepages-%" SCNu64 "kB", &kib) != 1)
			continue;
		snprintf(path, sizeof(path), THP "/%s/shmem_enabled", entry->d_name);
		if (is_chosen(path, "always") || is_chosen(path, "within_size") ||
		    is_chosen(path, "advise") || (inherits && is_chosen(path, "inherit")))
			largest = vmt_max_u64(largest, kib << 10);
	}
	if (directory)
		closedir(directory);
	/* Kernels without sizes of their own (before 6.11) know one. */
	return largest ? largest : inherits ? default_bytes() : 0;
}
