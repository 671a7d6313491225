/* SPDX-License-Identifier: MIT */
/*
 * Small readers of /proc/PID, and of the target's memory and files. A task that has gone is data
 * here: every function says -ESRCH for it, whichever errno the kernel chose.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
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
	MEMORY_MS = 100, /* for a page to be brought */
};

void vmt_fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void vmt_procfs_path(char path[VMT_PROC_PATH_BYTES], pid_t pid, const char *file)
{
	int length = snprintf(path, VMT_PROC_PATH_BYTES, "/proc/%d/%s", pid, file);

	/* Cannot happen with the names that this room uses; a cut path would be another file. */
	if (length < 0 || length >= VMT_PROC_PATH_BYTES)
		abort();
}

/* Looking up a dead task under /proc fails with ENOENT. */
int vmt_procfs_errno(int err)
{
	return err == ENOENT ? -ESRCH : -err;
}

int vmt_procfs_open(pid_t pid, const char *file)
{
	char path[VMT_PROC_PATH_BYTES];
	int fd;

	vmt_procfs_path(path, pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? vmt_procfs_errno(errno) : fd;
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
	char path[VMT_PROC_PATH_BYTES];
	ssize_t length;

	vmt_procfs_path(path, pid, file);
	length = readlink(path, ret_target, size - 1);
	if (length < 0)
		return vmt_procfs_errno(errno);
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
	char file[32], path[VMT_PROC_PATH_BYTES];
	struct stat status;

	if (!is_anon_inode(pid, fd, "anon_inode:[userfaultfd]"))
		return false;
	snprintf(file, sizeof(file), "fd/%.20s", fd);
	vmt_procfs_path(path, pid, file);
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
	char path[VMT_PROC_PATH_BYTES];
	const struct dirent *entry;
	int found = -1;
	DIR *directory;

	vmt_procfs_path(path, pid, "fd");
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
	result = vmt_patient(run_errand, free, errand, MEMORY_MS);
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

/* Under UNAME26 (setarch --uname-2.6) the kernel calls itself 2.6: "6.18" becomes "2.6.78". */
static int true_uname(struct utsname *ret_name)
{
	int persona = personality(0xffffffff);
	bool hidden = persona >= 0 && persona & UNAME26 &&
		      personality((unsigned long)persona & ~(unsigned long)UNAME26) >= 0;
	int result = uname(ret_name);

	if (hidden)
		personality((unsigned long)persona);
	return result;
}

const char *vmt_kernel_release(void)
{
	static struct utsname name;

	if (!name.release[0] && true_uname(&name) < 0)
		return "unknown";
	return name.release;
}
