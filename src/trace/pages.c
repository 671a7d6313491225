/* SPDX-License-Identifier: MIT */
/*
 * What the kernel tells of a task's pages: which are there, which were written (PAGEMAP_SCAN, or
 * pagemap where that is missing), and what its page tables cost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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
	PAGE_HUGE = 1 << 6,
	PAGE_GUARD = 1 << 8, /* Linux 6.15 */
	REGION_COUNT = 512,
};

#define PAGEMAP_SCAN_REQUEST _IOWR('f', 16, struct scan_request)

/* bits of a pagemap entry */
#define ENTRY_PRESENT (1ULL << 63)
#define ENTRY_SWAPPED (1ULL << 62)
#define ENTRY_FILE (1ULL << 61)
#define ENTRY_FRAME ((1ULL << 55) - 1) /* of a page that is present */

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

/*
 * The frame of the page of zeros, as a page of our own shows it that was only read; 0 where frames are
 * not shown (without CAP_SYS_ADMIN).
 */
static uint64_t zero_frame(void)
{
	static uint64_t frame;
	static bool known;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	VMT_CLEANUP(vmt_fd_close) int fd = -1;
	const volatile char *zeros;
	uint64_t entry = 0;

	if (known)
		return frame;
	known = true;
	zeros = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (zeros == MAP_FAILED)
		return 0;
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (zeros[0] == 0 && fd >= 0 &&
	    pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)zeros / page * sizeof(entry))) ==
		    sizeof(entry))
		frame = entry & ENTRY_FRAME;
	munmap((void *)(uintptr_t)zeros, page);
	return frame;
}

static bool is_zero_page(uint64_t entry)
{
	return entry & ENTRY_PRESENT && zero_frame() && (entry & ENTRY_FRAME) == zero_frame();
}

/*
 * Entry by entry. Where frames are not shown the page of zeros cannot be told from a written one, so it
 * counts as one.
 */
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
			    !(entries[i] & ENTRY_FILE) && !is_zero_page(entries[i]))
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

static void add_run(struct vmt_page_runs *runs, uint64_t start, uint64_t end, unsigned kind)
{
	struct vmt_page_run *last = runs->count ? &runs->data[runs->count - 1] : NULL;
	struct vmt_page_run run = { .start = start, .end = end, .kind = kind };

	if (last && last->end == start && last->kind == kind)
		last->end = end;
	else
		vmt_array_push(runs, run);
}

static unsigned kind_of(uint64_t categories)
{
	return (categories & PAGE_PRESENT ? VMT_PAGE_PRESENT : 0U) |
	       (categories & PAGE_SWAPPED ? VMT_PAGE_SWAPPED : 0U) |
	       (categories & PAGE_FILE ? VMT_PAGE_FILE : 0U) |
	       (categories & PAGE_HUGE ? VMT_PAGE_HUGE : 0U) |
	       (categories & PAGE_GUARD ? VMT_PAGE_GUARD : 0U);
}

/* @guard: the kernel knows guard pages, and says EINVAL to what it does not know. */
static int scan_runs(int fd, uint64_t start, uint64_t end, bool guard,
		     struct vmt_page_runs *ret_runs)
{
	const uint64_t there = PAGE_PRESENT | PAGE_SWAPPED | (guard ? PAGE_GUARD : 0);
	struct scan_region regions[REGION_COUNT];

	while (start < end) {
		struct scan_request request = {
			.size = sizeof(request),
			.start = start,
			.end = end,
			.regions = (uintptr_t)regions,
			.region_count = REGION_COUNT,
			.any_of_mask = there,
			.return_mask = there | PAGE_FILE | PAGE_HUGE,
		};
		int found = ioctl(fd, PAGEMAP_SCAN_REQUEST, &request);

		if (found < 0)
			return -errno;
		for (int i = 0; i < found; i++)
			add_run(ret_runs, regions[i].start, regions[i].end,
				kind_of(regions[i].categories));
		if (request.walk_end <= start)
			break;
		start = request.walk_end;
	}
	return 0;
}

int vmt_pages_read(int fd, uint64_t start, uint64_t end, struct vmt_page_runs *ret_runs)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t entries[512];

	while (start < end) {
		uint64_t wanted = vmt_min_u64((end - start) / page, vmt_countof(entries));
		ssize_t got = pread(fd, entries, wanted * sizeof(*entries),
				    (off_t)(start / page * sizeof(*entries)));

		if (got <= 0)
			return got < 0 ? -errno : 0;
		for (size_t i = 0; i < (size_t)got / sizeof(*entries); i++, start += page) {
			unsigned kind = (entries[i] & ENTRY_PRESENT ? VMT_PAGE_PRESENT : 0U) |
					(entries[i] & ENTRY_SWAPPED ? VMT_PAGE_SWAPPED : 0U);

			if (kind)
				add_run(ret_runs, start, start + page,
					kind | (entries[i] & ENTRY_FILE ? VMT_PAGE_FILE : 0U));
		}
	}
	return 0;
}

int vmt_pages_scan(int fd, uint64_t start, uint64_t end, struct vmt_page_runs *ret_runs)
{
	int result = scan_runs(fd, start, end, true, ret_runs);

	return result == -EINVAL ? scan_runs(fd, start, end, false, ret_runs) : result;
}

static int status_number(pid_t pid, const char *key, uint64_t *ret_number)
{
	struct vmt_str text;
	int result;

	vmt_str_init(&text);
	result = vmt_procfs_read(pid, "status", &text);
	if (result >= 0 && !vmt_procfs_number(vmt_str_text(&text), key, 10, ret_number))
		result = -ENODATA;
	vmt_str_deinit(&text);
	return result < 0 ? result : 0;
}

int vmt_proc_page_table_kib(pid_t pid, uint64_t *ret_kib)
{
	return status_number(pid, "VmPTE:", ret_kib);
}

int vmt_proc_thread_count(pid_t pid, uint64_t *ret_count)
{
	return status_number(pid, "Threads:", ret_count);
}
