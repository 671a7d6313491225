/* SPDX-License-Identifier: MIT */
/*
 * Questions about single VMAs. PROCMAP_QUERY (do_procmap_query() of fs/proc/task_mmu.c, Linux
 * 6.11) answers each in about half a microsecond, however many VMAs there are; older kernels are
 * asked for the whole text. The descriptors belong to the mm that the task had when they were opened:
 * after an execve the old probe says -ESRCH and a new one is needed.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "procfs.h"
#include "vmtrace/trace.h"

/* struct procmap_query of linux/fs.h, which Debian 12's headers do not have. */
struct procmap_query {
	uint64_t size;
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags;
	uint64_t vma_page_size;
	uint64_t vma_offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t vma_name_size;
	uint32_t build_id_size;
	uint64_t vma_name_addr;
	uint64_t build_id_addr;
};
_Static_assert(sizeof(struct procmap_query) == 104, "the kernel's layout");

/* A larger mapping is not read page by page: 16 GiB take some tenths of a second. */
#define PAGES_MAX_BYTES (16ULL << 30)

#define QUERY_REQUEST _IOWR('f', 17, struct procmap_query)

enum {
	QUERY_COVERING_OR_NEXT = 0x10,
	/* vma_flags: the same bits as enum vmt_perm. */
	QUERY_PERMS = VMT_PERM_READ | VMT_PERM_WRITE | VMT_PERM_EXEC | VMT_PERM_SHARED,
	NAME_START_BYTES = 256,
	NAME_LIMIT_BYTES = 4 * PATH_MAX, /* d_path() needs at most one page and a suffix */
};
_Static_assert(QUERY_PERMS == 0xf, "PROCMAP_QUERY_VMA_READABLE and on");

struct vmt_probe {
	pid_t pid;
	int fd;
	int pagemap; /* -1 if it may not be read */
	struct vmt_names *names; /* not owned */
	bool text_only; /* the kernel has no PROCMAP_QUERY */
	char *name;
	uint32_t name_size;
};

int vmt_probe_new(pid_t pid, struct vmt_names *names, struct vmt_probe **ret_probe)
{
	int fd = vmt_procfs_open(pid, "maps");
	struct vmt_probe *probe;

	if (fd < 0)
		return fd;
	probe = vmt_calloc(1, sizeof(*probe));
	probe->pid = pid;
	probe->fd = fd;
	probe->pagemap = vmt_procfs_open(pid, "pagemap");
	probe->names = names;
	probe->name_size = NAME_START_BYTES;
	probe->name = vmt_malloc(probe->name_size);
	*ret_probe = probe;
	return 0;
}

void vmt_probe_free(struct vmt_probe *probe)
{
	if (!probe)
		return;
	close(probe->fd);
	vmt_fd_close(&probe->pagemap);
	free(probe->name);
	free(probe);
}

/* The VMA that covers @address, or the next one; -ENOENT if there is none. */
static int query(struct vmt_probe *probe, uint64_t address, bool with_name,
		 struct vmt_mapping *ret_row)
{
	for (;;) {
		struct procmap_query q = {
			.size = sizeof(q),
			.query_flags = QUERY_COVERING_OR_NEXT,
			.query_addr = address,
			.vma_name_size = with_name ? probe->name_size : 0,
			.vma_name_addr = with_name ? (uintptr_t)probe->name : 0,
		};

		if (ioctl(probe->fd, QUERY_REQUEST, &q) == 0) {
			*ret_row = (struct vmt_mapping){
				.start = q.vma_start,
				.end = q.vma_end,
				.perms = (unsigned)q.vma_flags & QUERY_PERMS,
				.offset = q.vma_offset,
				.dev_major = q.dev_major,
				.dev_minor = q.dev_minor,
				.inode = q.inode,
			};
			if (with_name)
				ret_row->name = vmt_names_add(probe->names,
							      q.vma_name_size ? probe->name : "");
			return 0;
		}
		if (errno == EINTR)
			continue;
		if (errno != ENAMETOOLONG || probe->name_size >= NAME_LIMIT_BYTES)
			return -errno;
		probe->name_size = NAME_LIMIT_BYTES;
		probe->name = vmt_realloc(probe->name, probe->name_size, 1);
	}
}

/* The name of the file that is mapped at @row, without the text of maps; NULL if it is not shown. */
static const char *asked_name(struct vmt_probe *probe, const struct vmt_mapping *row)
{
	char link[64];
	char name[PATH_MAX];
	struct vmt_mapping asked;

	if (query(probe, row->start, true, &asked) == 0)
		return asked.start == row->start ? asked.name : NULL;
	/* Before 6.11, and for CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE. */
	snprintf(link, sizeof(link), "map_files/%llx-%llx", (unsigned long long)row->start,
		 (unsigned long long)row->end);
	if (vmt_procfs_link(probe->pid, link, name, sizeof(name)) < 0)
		return NULL;
	return vmt_names_add(probe->names, name);
}

/* maps shows a newline as \012, and a name with these four characters as it is. */
static void settle_newlines(struct vmt_probe *probe, struct vmt_layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		struct vmt_mapping *row = &layout->data[i];
		const char *name = strchr(row->name, '\n') ? asked_name(probe, row) : NULL;

		if (name)
			row->name = name;
	}
}

static int text_layout(struct vmt_probe *probe, struct vmt_layout *ret_layout)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	int err;

	if (lseek(probe->fd, 0, SEEK_SET) < 0)
		return -errno;
	err = vmt_procfs_read_fd(probe->fd, &text);
	if (err < 0)
		return err;
	if (text.length == 0)
		return -ESRCH;
	err = vmt_maps_parse(text.data, text.length, probe->names, ret_layout);
	if (!err)
		settle_newlines(probe, ret_layout);
	return err;
}

int vmt_proc_maps(pid_t pid, struct vmt_names *names, struct vmt_layout *ret_layout)
{
	struct vmt_probe *probe;
	int err = vmt_probe_new(pid, names, &probe);

	vmt_array_clear(ret_layout);
	if (err < 0)
		return err;
	err = text_layout(probe, ret_layout);
	vmt_probe_free(probe);
	return err;
}

static int text_range(struct vmt_probe *probe, uint64_t start, uint64_t end, bool with_names,
		      struct vmt_layout *ret_rows)
{
	int err = text_layout(probe, ret_rows);
	size_t kept = 0;

	if (err < 0)
		return err;
	for (size_t i = 0; i < ret_rows->count; i++) {
		struct vmt_mapping *row = &ret_rows->data[i];

		if (row->gate || row->end < start || row->start > end)
			continue;
		if (!with_names)
			row->name = NULL;
		ret_rows->data[kept++] = *row;
	}
	ret_rows->count = kept;
	return 0;
}

static int query_range(struct vmt_probe *probe, uint64_t start, uint64_t end, bool with_names,
		       struct vmt_layout *ret_rows)
{
	uint64_t address = start ? start - 1 : 0;
	struct vmt_mapping row;
	int err;

	for (;;) {
		err = query(probe, address, with_names, &row);
		if (err == -ENOENT || (!err && row.start > end))
			return 0;
		if (err < 0) {
			vmt_array_clear(ret_rows);
			return err;
		}
		vmt_array_push(ret_rows, row);
		/*
		 * The next one cannot touch the range. And a VMA that grew under a running thread
		 * can be the answer twice.
		 */
		if (row.end > end || row.end <= address)
			return 0;
		address = row.end;
	}
}

int vmt_probe_range(struct vmt_probe *probe, uint64_t start, uint64_t end, bool with_names,
		    struct vmt_layout *ret_rows)
{
	int err;

	vmt_array_clear(ret_rows);
	if (!probe->text_only) {
		err = query_range(probe, start, end, with_names, ret_rows);
		if (err != -ENOTTY)
			return err;
		probe->text_only = true;
	}
	return text_range(probe, start, end, with_names, ret_rows);
}

static int text_find(struct vmt_probe *probe, uint64_t address, struct vmt_mapping *ret_row)
{
	VMT_CLEANUP(vmt_layout_deinit) struct vmt_layout layout = { 0 };
	int err = text_layout(probe, &layout);

	if (err < 0)
		return err;
	for (size_t i = 0; i < layout.count; i++) {
		if (layout.data[i].end > address && !layout.data[i].gate) {
			*ret_row = layout.data[i];
			return 0;
		}
	}
	return -ENOENT;
}

int vmt_probe_find(struct vmt_probe *probe, uint64_t address, bool with_name,
		   struct vmt_mapping *ret_row)
{
	int err;

	if (!probe->text_only) {
		err = query(probe, address, with_name, ret_row);
		if (err != -ENOTTY)
			return err;
		probe->text_only = true;
	}
	return text_find(probe, address, ret_row);
}

/* Without PAGEMAP_SCAN: what is mapped only, and nothing of what would take minutes to read. */
static int read_pages(struct vmt_probe *probe, uint64_t start, uint64_t end,
		      struct vmt_page_runs *ret_runs)
{
	VMT_CLEANUP(vmt_layout_deinit) struct vmt_layout layout = { 0 };
	int err = text_layout(probe, &layout);

	for (size_t i = 0; !err && i < layout.count; i++) {
		const struct vmt_mapping *row = &layout.data[i];
		uint64_t low = vmt_max_u64(start, row->start);
		uint64_t high = vmt_min_u64(end, row->end);

		if (row->gate || low >= high)
			continue;
		err = high - low > PAGES_MAX_BYTES
			      ? -EFBIG
			      : vmt_pages_read(probe->pagemap, low, high, ret_runs);
	}
	return err;
}

int vmt_probe_pages(struct vmt_probe *probe, uint64_t start, uint64_t end,
		    struct vmt_page_runs *ret_runs)
{
	int err;

	if (probe->pagemap < 0)
		return -EACCES;
	err = vmt_pages_scan(probe->pagemap, start, end, ret_runs);
	return err == -ENOTTY ? read_pages(probe, start, end, ret_runs) : err;
}

bool vmt_probe_written(struct vmt_probe *probe, uint64_t start, uint64_t end)
{
	return probe->pagemap >= 0 && vmt_pages_written(probe->pagemap, start, end);
}
