/* SPDX-License-Identifier: MIT */
/*
 * What a file brings to a mapping (file.h). Whether a file has an mmap operation is asked for before
 * anything is changed (can_mmap_file() of include/linux/fs.h, 6.18, in do_mmap()): ENODEV. What the
 * operation itself refuses comes late, when the place of a MAP_FIXED has been cleared:
 *
 *	early ENODEV	directories, pipes, /proc/PID, /proc/sys, most devices and anonymous inodes
 *	late ENODEV	sockets, files of sysfs and cgroups (sock_no_mmap(), kernfs_fop_mmap())
 *	late EIO	other files of /proc (proc_reg_mmap())
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>

enum {
	MEM_MAJOR = 1, /* drivers/char/mem.c */
	MEM_MINOR = 1,
	ZERO_MINOR = 5,
	TTY_MAJORS_FIRST = 4, /* terminals: 4, 5 */
	TTY_MAJORS_LAST = 5,
	PTY_MAJORS_FIRST = 128,
	PTY_MAJORS_LAST = 143,
	MISC_MAJOR = 10,
	MISC_KVM = 232,
	MISC_FUSE = 229,
};

#define PROC_DYNAMIC_FIRST 0xf0000000ULL /* fs/proc/generic.c */
/* superblocks of file systems that linux/magic.h of some C libraries lacks */
#define XFS_MAGIC 0x58465342ULL
#define EROFS_MAGIC 0xe0f5e1e2ULL
#define HUGE_BYTES (2ULL << 20)
#ifndef SECRETMEM_MAGIC
#define SECRETMEM_MAGIC 0x5345434dULL
#endif
#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673ULL
#endif
#define MQUEUE_MAGIC 0x19800202ULL /* ipc/mqueue.c */

/*
 * The drivers as they are in 6.18; what smaps shows is the word in any case. Files of the kernel's own
 * file systems cannot be executed since 6.17 (SB_I_NOEXEC), which statfs() does not tell.
 */
static const struct vmt_driver drivers[] = {
	/* io_uring_mmap(), io_region_mmap() */
	{ .name = "anon_inode:[io_uring]",
	  .set = VMT_VM_DONTEXPAND | VMT_VM_MIXEDMAP,
	  .clear = VMT_VM_MAYEXEC },
	/* perf_mmap() */
	{ .name = "anon_inode:[perf_event]",
	  .set = VMT_VM_PFNMAP | VMT_VM_IO | VMT_VM_DONTCOPY | VMT_VM_DONTEXPAND | VMT_VM_DONTDUMP,
	  .clear = VMT_VM_MAYEXEC,
	  .shared_only = true,
	  .whole = true },
	/* bpf_map_mmap(), array_map_mmap(), ringbuf_map_mmap_kern(): remap_vmalloc_range() */
	{ .name = "anon_inode:bpf-map",
	  .set = VMT_VM_DONTEXPAND | VMT_VM_DONTDUMP | VMT_VM_MIXEDMAP,
	  .clear = VMT_VM_MAYEXEC,
	  .shared_only = true,
	  .read_only_stays = true },
	/* secretmem_mmap() */
	{ .filesystem = SECRETMEM_MAGIC,
	  .set = VMT_VM_LOCKED | VMT_VM_DONTDUMP,
	  .clear = VMT_VM_MAYEXEC,
	  .shared_only = true },
	/* packet_mmap(), tcp_mmap(): vm_insert_page() */
	{ .name = "socket:", .set = VMT_VM_MIXEDMAP, .clear = VMT_VM_MAYEXEC },
};

const struct vmt_driver *vmt_driver_of(const struct vmt_file_facts *file)
{
	for (size_t i = 0; i < vmt_countof(drivers); i++) {
		const char *name = drivers[i].name;

		if (name ? file->name && strncmp(file->name, name, strlen(name)) == 0
			 : file->filesystem == drivers[i].filesystem)
			return &drivers[i];
	}
	return NULL;
}

bool vmt_file_readable(const struct vmt_file_facts *file)
{
	return (file->flags & O_ACCMODE) != O_WRONLY;
}

bool vmt_file_writable(const struct vmt_file_facts *file)
{
	return (file->flags & O_ACCMODE) == O_WRONLY || (file->flags & O_ACCMODE) == O_RDWR;
}

bool vmt_file_is_zero(const struct vmt_file_facts *file)
{
	return S_ISCHR(file->mode) && file->rdev_major == MEM_MAJOR &&
	       file->rdev_minor == ZERO_MINOR;
}

bool vmt_file_is_hugetlb(const struct vmt_file_facts *file)
{
	return file->filesystem == HUGETLBFS_MAGIC && file->huge_page_bytes && S_ISREG(file->mode);
}

static const struct vmt_mappable no_operation = { .error = ENODEV, .certain = true };
static const struct vmt_mappable ordinary = { .certain = true };

/* Of the devices that most systems have, those that are known to map, or not to. */
static struct vmt_mappable device_mappable(const struct vmt_file_facts *file)
{
	unsigned major = file->rdev_major;
	unsigned minor = file->rdev_minor;

	if (vmt_file_is_zero(file))
		return ordinary;
	if (major == MEM_MAJOR && minor != MEM_MINOR)
		return no_operation;
	if ((major >= TTY_MAJORS_FIRST && major <= TTY_MAJORS_LAST) ||
	    (major >= PTY_MAJORS_FIRST && major <= PTY_MAJORS_LAST))
		return no_operation;
	if (major == MISC_MAJOR && (minor == MISC_KVM || minor == MISC_FUSE))
		return no_operation;
	return (struct vmt_mappable){ .error = 0 };
}

/* Descriptors that stand for no file: which of them have an mmap operation. */
static struct vmt_mappable anon_inode_mappable(const struct vmt_file_facts *file)
{
	static const char *const without[] = {
		"[eventfd]",     "[eventpoll]",        "[timerfd]",      "[signalfd]",
		"inotify",       "[inotify]",          "[fanotify]",     "[pidfd]",
		"[userfaultfd]", "[fscontext]",        "bpf-prog",       "bpf_link",
		"btf",           "[landlock-ruleset]", "seccomp notify", "kvm-vm",
	};
	const char *name = file->name + strlen("anon_inode:");

	for (size_t i = 0; i < vmt_countof(without); i++)
		if (strncmp(name, without[i], strlen(without[i])) == 0)
			return no_operation;
	return (struct vmt_mappable){ .error = 0, .usual = vmt_driver_of(file) != NULL };
}

/* An entry that a driver or a subsystem registered, not one of a process or of sysctl. */
static bool is_proc_entry(const struct vmt_file_facts *file)
{
	return file->inode >= PROC_DYNAMIC_FIRST;
}

static bool is_kernfs(uint64_t filesystem)
{
	return filesystem == SYSFS_MAGIC || filesystem == CGROUP_SUPER_MAGIC ||
	       filesystem == CGROUP2_SUPER_MAGIC;
}

struct vmt_mappable vmt_file_mappable(const struct vmt_file_facts *file)
{
	if (S_ISDIR(file->mode) || S_ISFIFO(file->mode))
		return no_operation;
	if (S_ISCHR(file->mode))
		return device_mappable(file);
	if (S_ISSOCK(file->mode))
		return (struct vmt_mappable){ .error = ENODEV, .late = true };
	if (file->name && strncmp(file->name, "anon_inode:", strlen("anon_inode:")) == 0)
		return anon_inode_mappable(file);
	if (file->filesystem == PROC_SUPER_MAGIC)
		return is_proc_entry(file) ? (struct vmt_mappable){ .error = EIO, .late = true }
					   : no_operation;
	if (file->filesystem == NSFS_MAGIC || file->filesystem == MQUEUE_MAGIC)
		return no_operation;
	/* Some binary attributes can be mapped, and some files of debugfs. */
	if (is_kernfs(file->filesystem))
		return (struct vmt_mappable){ .error = ENODEV, .late = true };
	if (file->filesystem == DEBUGFS_MAGIC || file->filesystem == TRACEFS_MAGIC)
		return (struct vmt_mappable){ .error = ENODEV };
	return (struct vmt_mappable){ .certain = S_ISREG(file->mode) || S_ISBLK(file->mode) };
}

bool vmt_file_is_device(const struct vmt_file_facts *file)
{
	const struct vmt_mappable mappable = vmt_file_mappable(file);

	return vmt_driver_of(file) || !mappable.certain;
}

/* File systems whose get_unmapped_area() is thp_get_unmapped_area(). */
static bool aligns_huge(const struct vmt_file_facts *file)
{
	static const uint64_t aligning[] = { EXT4_SUPER_MAGIC, XFS_MAGIC, BTRFS_SUPER_MAGIC,
					     FUSE_SUPER_MAGIC, EROFS_MAGIC };

	for (size_t i = 0; i < vmt_countof(aligning); i++)
		if (file->filesystem == aligning[i])
			return S_ISREG(file->mode);
	return false;
}

struct vmt_placing vmt_file_placing(const struct vmt_space *space,
				    const struct vmt_file_facts *facts, bool shared)
{
	struct vmt_placing placing = { .kind = VMT_PLACING_PLAIN };

	if (!facts || vmt_file_is_zero(facts)) {
		if (shared) {
			placing.kind = VMT_PLACING_SHMEM;
			placing.unit_bytes = space->shmem_unit_bytes;
		} else {
			placing.kind = !facts                           ? VMT_PLACING_ANONYMOUS
				       : space->features.zero_thp_align ? VMT_PLACING_THP
									: VMT_PLACING_PLAIN;
		}
	} else if (vmt_file_is_hugetlb(facts)) {
		placing.kind = VMT_PLACING_HUGETLB;
		placing.unit_bytes = facts->huge_page_bytes;
	} else if (facts->filesystem == TMPFS_MAGIC) {
		placing.kind = VMT_PLACING_SHMEM;
		placing.unit_bytes = facts->shmem_huge ? HUGE_BYTES : 0;
	} else if (aligns_huge(facts)) {
		placing.kind = VMT_PLACING_THP;
	}
	return placing;
}
