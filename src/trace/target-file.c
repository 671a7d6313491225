/* SPDX-License-Identifier: MIT */
/*
 * The files of a target, for reading: one way for all of them. Nothing but a regular file is opened: to
 * open a device can act on it, and a pipe waits. And nothing is waited for without end:
 *
 *	path		the cache of names first (RESOLVE_CACHED): a name that is looked up can be asked of a
 *			process that serves it. Else a thread looks it up, for a bounded time.
 *	attributes	those that the kernel has (AT_STATX_DONT_SYNC)
 *	contents	of a file of FUSE or of the network, which may be served by a task that stands still
 *			until we go on: a thread copies it into memory, for a bounded time, and the copy is
 *			read. What could not be had in time is not asked for again.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "patience.h"
#include "procfs.h"
#include "vmtrace/trace.h"

enum {
	NAME_MS = 100,
	PROCESS_MS = 200, /* for a file of FUSE */
	NETWORK_MS = 5000,
	COPY_MAX = 256 << 20, /* bytes */
	CHUNK = 64 << 10,
	REFUSED_COUNT = 32,
};

/* ---- Looking a name up ---------------------------------------------------------------------------- */

/* Opens @path for O_PATH, with @root as the root of every link on the way. */
static int open_below(int root, const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | resolve,
	};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	/* Linux before 5.6, or a sandbox that does not know the call. */
	if (fd < 0 && !resolve && (errno == ENOSYS || errno == EPERM))
		fd = openat(root, path + strspn(path, "/"), O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

struct search {
	int root;
	int found;
	char path[];
};

static void run_search(void *work)
{
	struct search *search = work;

	search->found = open_below(search->root, search->path, 0);
}

static void drop_search(void *work)
{
	struct search *search = work;

	vmt_fd_close(&search->root);
	vmt_fd_close(&search->found);
	free(search);
}

static int search_patiently(int root, const char *path)
{
	size_t bytes = strlen(path) + 1;
	struct search *search = vmt_malloc(sizeof(*search) + bytes);
	int found;

	search->root = fcntl(root, F_DUPFD_CLOEXEC, 0);
	search->found = -1;
	memcpy(search->path, path, bytes);
	found = vmt_patient(run_search, drop_search, search, NAME_MS);
	if (found < 0)
		return found;
	found = search->found;
	search->found = -1;
	drop_search(search);
	return found;
}

int vmt_procfs_find(pid_t pid, const char *path)
{
	VMT_CLEANUP(vmt_fd_close) int root = -1;
	char name[VMT_PROC_PATH_BYTES];
	int fd;

	vmt_procfs_path(name, pid, path ? "root" : "exe");
	fd = open(name, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return vmt_procfs_errno(errno);
	if (!path)
		return fd;
	root = fd;
	fd = open_below(root, path, RESOLVE_CACHED);
	/* A kernel before 5.12 says EINVAL; a name that is not there is not in the cache either. */
	return fd == -EAGAIN || fd == -EINVAL || fd == -ENOSYS || fd == -EPERM
		       ? search_patiently(root, path)
		       : fd;
}

/* ---- Contents ------------------------------------------------------------------------------------ */

struct copying {
	char name[VMT_PROC_PATH_BYTES]; /* "/proc/self/fd/N" */
	int where;
	int copy; /* a memfd, or a negative errno */
};

/* All of @from into @to; 0 or a negative errno. */
static int copy_bytes(int from, int to)
{
	char chunk[CHUNK];
	size_t total = 0;
	ssize_t got;

	while ((got = read(from, chunk, sizeof(chunk))) > 0) {
		total += (size_t)got;
		if (total > COPY_MAX)
			return -EFBIG;
		if (write(to, chunk, (size_t)got) != got)
			return -EIO;
	}
	return got < 0 ? -errno : 0;
}

static void run_copying(void *work)
{
	struct copying *copying = work;
	VMT_CLEANUP(vmt_fd_close)
	int from = open(copying->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int copy = from < 0 ? -1 : memfd_create("vmtrace", MFD_CLOEXEC);
	int err = copy < 0 ? -errno : copy_bytes(from, copy);

	if (err)
		vmt_fd_close(&copy);
	copying->copy = err ? err : copy;
}

static void drop_copying(void *work)
{
	struct copying *copying = work;

	vmt_fd_close(&copying->where);
	vmt_fd_close(&copying->copy);
	free(copying);
}

/* Files that could not be had in time, the oldest overwritten first. */
static struct {
	uint64_t device;
	uint64_t inode; /* 0: free slot */
} refused[REFUSED_COUNT];

static uint64_t device_of(const struct statx *status)
{
	return (uint64_t)status->stx_dev_major << 32 | status->stx_dev_minor;
}

static bool is_refused(const struct statx *status)
{
	for (size_t i = 0; i < REFUSED_COUNT; i++)
		if (refused[i].inode == status->stx_ino && refused[i].device == device_of(status))
			return true;
	return false;
}

static void refuse(const struct statx *status)
{
	static size_t next;

	refused[next].device = device_of(status);
	refused[next].inode = status->stx_ino;
	next = (next + 1) % REFUSED_COUNT;
}

static int copy_patiently(int where, const struct statx *status, enum vmt_server server)
{
	struct copying *copying;
	int copy;

	if (is_refused(status))
		return -ETIMEDOUT;
	copying = vmt_malloc(sizeof(*copying));
	copying->where = fcntl(where, F_DUPFD_CLOEXEC, 0);
	copying->copy = -1;
	snprintf(copying->name, sizeof(copying->name), "/proc/self/fd/%d", copying->where);
	copy = vmt_patient(run_copying, drop_copying, copying,
			   server == VMT_SERVER_PROCESS ? PROCESS_MS : NETWORK_MS);
	if (copy < 0) {
		refuse(status);
		return copy;
	}
	copy = copying->copy;
	copying->copy = -1;
	drop_copying(copying);
	return copy;
}

/* Opens for reading what @where, an O_PATH descriptor, stands for; -EINVAL if it is no regular file. */
static int open_file(pid_t pid, int where, uint64_t *ret_inode)
{
	char name[VMT_PROC_PATH_BYTES];
	enum vmt_server server;
	struct statx status;
	int fd;

	if (statx(where, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &status) < 0)
		return -errno;
	if (!S_ISREG(status.stx_mode))
		return -EINVAL;
	*ret_inode = status.stx_ino;
	server = vmt_mount_server(pid, where);
	if (server != VMT_SERVER_KERNEL)
		return copy_patiently(where, &status, server);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", where);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

int vmt_proc_open(pid_t pid, const char *path)
{
	VMT_CLEANUP(vmt_fd_close) int where = vmt_procfs_find(pid, path);
	uint64_t inode;

	return where < 0 ? where : open_file(pid, where, &inode);
}

/* Another file may have the path by now. */
static int open_named(pid_t pid, const struct vmt_mapping *map)
{
	VMT_CLEANUP(vmt_fd_close) int where = vmt_procfs_find(pid, map->name);
	uint64_t inode;
	int fd = where < 0 ? where : open_file(pid, where, &inode);

	if (fd >= 0 && inode != map->inode) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

/* By its range, which takes a capability, and a VMA of just this range. */
static int find_range(pid_t pid, const struct vmt_mapping *map)
{
	char file[VMT_PROC_PATH_BYTES];
	char path[VMT_PROC_PATH_BYTES];

	snprintf(file, sizeof(file), "map_files/%" PRIx64 "-%" PRIx64, map->start, map->end);
	vmt_procfs_path(path, pid, file);
	return open(path, O_PATH | O_CLOEXEC);
}

int vmt_procfs_find_mapped(pid_t pid, const struct vmt_mapping *map)
{
	int where = find_range(pid, map);

	return where < 0 && map->name[0] == '/' ? vmt_procfs_find(pid, map->name) : where;
}

int vmt_proc_open_mapped(pid_t pid, const struct vmt_mapping *map)
{
	VMT_CLEANUP(vmt_fd_close) int where = find_range(pid, map);
	uint64_t inode;
	int fd;

	if (where >= 0)
		return open_file(pid, where, &inode);
	if (map->name[0] != '/')
		return -ENOENT;
	/*
	 * The name in maps is below the target's root where that is in another mount namespace, else
	 * below ours, which may be another one (chroot).
	 */
	fd = open_named(pid, map);
	return fd < 0 ? open_named(getpid(), map) : fd;
}
