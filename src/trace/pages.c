/* SPDX-License-Identifier: MIT */
/*
 * What the kernel tells of a task's pages: which were written (PAGEMAP_SCAN, or pagemap where that
 * is missing), and what its page tables cost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "procfs.h"
#include "vmtrace/trace.h"

/* struct pm_scan_arg of linux/fs.h, Linux 6.7 */
struct scan_request {
	uint64_t size;
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t walk_end;
	uint64_t regions;
	uint64_t region_count;
	uint64_t max_pages;
	uint64_t inverted;
	uint64_t mask;
	uint64_t any_of_mask;
	uint64_t return_mask;
};

struct scan_region {
	uint64_t start;
	uint64_t end;
	uint64_t categories;
};

enum {
	PAGE_FILE = 1 << 2,
	PAGE_PRESENT = 1 << 3,
	PAGE_SWAPPED = 1 << 4,
	PAGE_ZERO = 1 << 5,
};

#define PAGEMAP_SCAN_REQUEST _IOWR('f', 16, struct scan_request)

/* bits of a pagemap entry */
#define ENTRY_PRESENT (1ULL << 63)
#define ENTRY_SWAPPED (1ULL << 62)
#define ENTRY_FILE (1ULL << 61)

/* 1 or 0; a negative errno if the kernel has no such request. */
static int scan(int fd, uint64_t start, uint64_t end)
{
	struct scan_region region;
	struct scan_request request = {
		.size = sizeof(request),
		.start = start,
		.end = end,
		.regions = (uintptr_t)&region,
		.region_count = 1,
		.max_pages = 1,
		/* (present or swapped) and not a file's and not the zero page */
		.inverted = PAGE_FILE | PAGE_ZERO,
		.mask = PAGE_FILE | PAGE_ZERO,
		.any_of_mask = PAGE_PRESENT | PAGE_SWAPPED,
		.return_mask = PAGE_PRESENT,
	};
	int found = ioctl(fd, PAGEMAP_SCAN_REQUEST, &request);

	return found < 0 ? -errno : found > 0;
}

int vmt_pages_categories(int fd, uint64_t start, uint64_t end, uint64_t any_of, uint64_t wanted,
			 uint64_t *ret_categories)
{
	struct scan_region region = { 0 };
	struct scan_request request = {
		.size = sizeof(request),
		.start = start,
		.end = end,
		.regions = (uintptr_t)&region,
		.region_count = 1,
		.any_of_mask = any_of,
		.return_mask = wanted,
	};
	int found = ioctl(fd, PAGEMAP_SCAN_REQUEST, &request);

	if (found < 0)
		return -errno;
	*ret_categories = region.categories;
	return 0;
}

/* Entry by entry. The zero page cannot be told from a written one here, so it counts as one. */
static bool read_entries(int fd, uint64_t start, uint64_t end)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t entries[512];

	while (start < end) {
		uint64_t wanted = vmt_min_u64((end - start) / page, vmt_countof(entries));
		ssize_t got = pread(fd, entries, wanted * sizeof(*entries),
				    (off_t)(start / page * sizeof(*entries)));

		if (got <= 0)
			return false;
		for (size_t i = 0; i < (size_t)got / sizeof(*entries); i++) {
			if (entries[i] & (ENTRY_PRESENT | ENTRY_SWAPPED) &&
			    !(entries[i] & ENTRY_FILE))
				return true;
		}
		start += (uint64_t)got / sizeof(*entries) * page;
	}
	return false;
}

bool vmt_pages_written(int fd, uint64_t start, uint64_t end)
{
	int found = scan(fd, start, end);

	return found < 0 ? read_entries(fd, start, end) : found == 1;
}

int vmt_proc_page_table_kib(pid_t pid, uint64_t *ret_kib)
{
	struct vmt_str text;
	int result;

	vmt_str_init(&text);
	result = vmt_procfs_read(pid, "status", &text);
	if (result >= 0 && !vmt_procfs_number(vmt_str_text(&text), "VmPTE:", 10, ret_kib))
		result = -ENODATA;
	vmt_str_deinit(&text);
	return result < 0 ? result : 0;
}
