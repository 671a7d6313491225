/* SPDX-License-Identifier: MIT */
/*
 * Small readers of /proc/PID, and of the target's memory and files. A task that has gone is data
 * here: every function says -ESRCH for it, whichever errno the kernel chose.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "patience.h"
#include "procfs.h"
#include "vmtrace/trace.h"

/* Present, or swapped out (Documentation/admin-guide/mm/pagemap.rst). */
#define PAGE_IS_HERE (3ULL << 62)

enum {
	READ_CHUNK_BYTES = 64 * 1024,
	PROC_PATH_BYTES = 96, /* "/proc/2147483647/map_files/" and two addresses, and room */
};

void vmt_fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void proc_path(char path[PROC_PATH_BYTES], pid_t pid, const char *file)
{
	int length = snprintf(path, PROC_PATH_BYTES, "/proc/%d/%s", pid, file);

	/* Cannot happen with the names that this room uses; a cut path would be another file. */
	if (length < 0 || length >= PROC_PATH_BYTES)
		abort();
}

/* Looking up a dead task under /proc fails with ENOENT. */
static int proc_errno(int err)
{
	return err == ENOENT ? -ESRCH : -err;
}

int vmt_procfs_open(pid_t pid, const char *file)
{
	char path[PROC_PATH_BYTES];
	int fd;

	proc_path(path, pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? proc_errno(errno) : fd;
}

int vmt_procfs_read_fd(int fd, struct vmt_str *ret_text)
{
	char *chunk = vmt_malloc(READ_CHUNK_BYTES);
	ssize_t length;
	int err = 0;

	for (;;) {
		length = read(fd, chunk, READ_CHUNK_BYTES);
		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			break;
		vmt_str_add_bytes(ret_text, chunk, (size_t)length);
	}
	if (length < 0)
		err = -errno;
	free(chunk);
	return err;
}

int vmt_procfs_read(pid_t pid, const char *file, struct vmt_str *ret_text)
{
	VMT_CLEANUP(vmt_fd_close) int fd = vmt_procfs_open(pid, file);

	if (fd < 0)
		return fd;
	return vmt_procfs_read_fd(fd, ret_text);
}

bool vmt_procfs_number(const char *text, const char *key, int base, uint64_t *ret_number)
{
	size_t length = strlen(key);
	const char *line = text;

	while (line) {
		if (!strncmp(line, key, length)) {
			const char *digits = line + length + strspn(line + length, " \t");
			char *end;
			unsigned long long number;

			errno = 0;
			number = strtoull(digits, &end, base);
			if (end == digits || errno)
				return false;
			*ret_number = number;
			return true;
		}
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return false;
}

long vmt_procfs_link(pid_t pid, const char *file, char *ret_target, size_t size)
{
	char path[PROC_PATH_BYTES];
	ssize_t length;

	proc_path(path, pid, file);
	length = readlink(path, ret_target, size - 1);
	if (length < 0)
		return proc_errno(errno);
	ret_target[length] = '\0';
	return length;
}

/* Is @fd, a name in /proc/PID/fd, a descriptor of the kind @inode? */
static bool is_anon_inode(pid_t pid, const char *fd, const char *inode)
{
	char file[32], target[64];

	snprintf(file, sizeof(file), "fd/%.20s", fd);
	return vmt_procfs_link(pid, file, target, sizeof(target)) > 0 && strcmp(target, inode) == 0;
}

static bool is_uffd(pid_t pid, const char *fd, const void *inode)
{
	char file[32], path[PROC_PATH_BYTES];
	struct stat status;

	if (!is_anon_inode(pid, fd, "anon_inode:[userfaultfd]"))
		return false;
	snprintf(file, sizeof(file), "fd/%.20s", fd);
	proc_path(path, pid, file);
	return stat(path, &status) == 0 && status.st_ino == *(const uint64_t *)inode;
}

static bool is_io_uring(pid_t pid, const char *fd, const void *unused)
{
	(void)unused;
	return is_anon_inode(pid, fd, "anon_inode:[io_uring]");
}

/* The first descriptor of the process that @is_wanted holds of; -1 if there is none. */
static int find_fd(pid_t pid, bool (*is_wanted)(pid_t pid, const char *fd, const void *data),
		   const void *data)
{
	char path[PROC_PATH_BYTES];
	const struct dirent *entry;
	int found = -1;
	DIR *directory;

	proc_path(path, pid, "fd");
	directory = opendir(path);
	while (directory && found < 0 && (entry = readdir(directory))) {
		if (is_wanted(pid, entry->d_name, data))
			found = (int)strtol(entry->d_name, NULL, 10);
	}
	if (directory)
		closedir(directory);
	return found;
}

bool vmt_proc_is_uffd(pid_t pid, int fd, uint64_t inode)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", fd);
	return is_uffd(pid, name, &inode);
}

int vmt_proc_find_uffd(pid_t pid, uint64_t inode)
{
	return find_fd(pid, is_uffd, &inode);
}

bool vmt_proc_has_io_uring(pid_t pid)
{
	return find_fd(pid, is_io_uring, NULL) >= 0;
}

int vmt_procfs_elf(pid_t pid, uint16_t *ret_machine, unsigned *ret_word_bits)
{
	/* e_ident, e_type, e_machine: at the same place in both classes. */
	unsigned char head[20];
	VMT_CLEANUP(vmt_fd_close) int fd = vmt_proc_open(pid, NULL);

	if (fd < 0)
		return fd;
	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    memcmp(head, "\177ELF", 4) != 0 || head[4] < 1 || head[4] > 2)
		return -ENOEXEC;
	*ret_word_bits = head[4] == 1 ? 32 : 64;
	*ret_machine = head[5] == 2 ? (uint16_t)(head[18] << 8 | head[19])
				    : (uint16_t)(head[19] << 8 | head[18]);
	return 0;
}

/* Opens @path for O_PATH, with the target's root as the root of every link on the way. */
static int open_path(pid_t pid, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT,
	};
	char name[PROC_PATH_BYTES];
	int fd;

	proc_path(name, pid, path ? "root" : "exe");
	fd = open(name, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return proc_errno(errno);
	if (path) {
		int root = fd;

		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
		/* Linux before 5.6, or a sandbox that does not know the call. */
		if (fd < 0 && (errno == ENOSYS || errno == EPERM))
			fd = openat(root, path + strspn(path, "/"), O_PATH | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
		close(root);
	}
	return fd;
}

/* Opens for reading what @where, an O_PATH descriptor, stands for; -EINVAL if it is no regular file. */
static int open_file(int where, uint64_t *ret_inode)
{
	char name[PROC_PATH_BYTES];
	struct stat status;
	int fd;

	if (fstat(where, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", where);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	*ret_inode = status.st_ino;
	return fd;
}

int vmt_proc_open(pid_t pid, const char *path)
{
	/* Not opened for reading until it is known to be a file: opening a device can act on it. */
	VMT_CLEANUP(vmt_fd_close) int where = open_path(pid, path);
	uint64_t inode;

	return where < 0 ? where : open_file(where, &inode);
}

/* Another file may have the path by now. */
static int open_named(pid_t pid, const struct vmt_mapping *map)
{
	VMT_CLEANUP(vmt_fd_close) int where = open_path(pid, map->name);
	uint64_t inode;
	int fd = where < 0 ? where : open_file(where, &inode);

	if (fd >= 0 && inode != map->inode) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

int vmt_proc_open_mapped(pid_t pid, const struct vmt_mapping *map)
{
	VMT_CLEANUP(vmt_fd_close) int where = -1;
	char file[PROC_PATH_BYTES];
	char path[PROC_PATH_BYTES];
	uint64_t inode;
	int fd;

	snprintf(file, sizeof(file), "map_files/%" PRIx64 "-%" PRIx64, map->start, map->end);
	proc_path(path, pid, file);
	where = open(path, O_PATH | O_CLOEXEC);
	if (where >= 0)
		return open_file(where, &inode);
	/* That takes a capability, and a VMA of just this range. */
	if (map->name[0] != '/')
		return -ENOENT;
	/*
	 * The name in maps is below the target's root where that is in another mount namespace, else
	 * below ours, which may be another one (chroot).
	 */
	fd = open_named(pid, map);
	return fd < 0 ? open_named(getpid(), map) : fd;
}

/* Where process_vm_readv() is forbidden or missing; needs the same right as ptrace. */
static long read_mem(pid_t pid, uint64_t address, void *ret_bytes, size_t length)
{
	VMT_CLEANUP(vmt_fd_close) int fd = vmt_procfs_open(pid, "mem");
	ssize_t done;

	if (fd < 0)
		return fd;
	done = pread64(fd, ret_bytes, length, (off64_t)address);
	if (done < 0)
		return errno == EIO ? -EFAULT : -errno;
	return done;
}

static long read_now(pid_t pid, uint64_t address, void *ret_bytes, size_t length)
{
	struct iovec local = { .iov_base = ret_bytes, .iov_len = length };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = length };
	ssize_t done = process_vm_readv(pid, &local, 1, &remote, 1, 0);

	if (done >= 0)
		return done;
	if (errno == ENOSYS || errno == EPERM)
		return read_mem(pid, address, ret_bytes, length);
	return -errno;
}

/* A reading of memory that is not there yet. */
struct errand {
	pid_t pid;
	uint64_t address;
	size_t length;
	long result;
	unsigned char bytes[];
};

static void run_errand(void *work)
{
	struct errand *errand = work;

	errand->result = read_now(errand->pid, errand->address, errand->bytes, errand->length);
}

/* As read_now(); -ETIMEDOUT if a handler of userfaultfd, or who serves a file, did not bring the pages. */
static long read_patiently(pid_t pid, uint64_t address, void *ret_bytes, size_t length)
{
	struct errand *errand = vmt_malloc(sizeof(*errand) + length);
	long result;

	*errand = (struct errand){ .pid = pid, .address = address, .length = length };
	result = vmt_patient(run_errand, free, errand);
	if (result < 0)
		return result;
	result = errand->result;
	if (result > 0)
		memcpy(ret_bytes, errand->bytes, (size_t)result);
	free(errand);
	return result;
}

size_t vmt_procfs_present(int pagemap, uint64_t address, size_t length)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t first = address / page;
	uint64_t entries[64];
	size_t count = 0;
	ssize_t got;

	if (pagemap < 0 || !length)
		return 0;
	got = pread(pagemap, entries,
		    vmt_min_u64((address + length - 1) / page - first + 1, vmt_countof(entries)) *
			    sizeof(*entries),
		    (off_t)(first * sizeof(*entries)));
	while (got > 0 && count < (size_t)got / sizeof(*entries) && entries[count] & PAGE_IS_HERE)
		count++;
	return count ? vmt_min_u64(length, (first + count) * page - address) : 0;
}

long vmt_procfs_read_by(int pagemap, pid_t pid, uint64_t address, void *ret_bytes, size_t length)
{
	return vmt_procfs_present(pagemap, address, length) == length
		       ? read_now(pid, address, ret_bytes, length)
		       : read_patiently(pid, address, ret_bytes, length);
}

long vmt_proc_read(pid_t pid, uint64_t address, void *ret_bytes, size_t length)
{
	VMT_CLEANUP(vmt_fd_close) int pagemap = vmt_procfs_open(pid, "pagemap");

	return vmt_procfs_read_by(pagemap, pid, address, ret_bytes, length);
}

const char *vmt_kernel_release(void)
{
	static struct utsname name;

	if (!name.release[0] && uname(&name) < 0)
		return "unknown";
	return name.release;
}
