/* SPDX-License-Identifier: MIT */
/*
 * The file system behind a descriptor. statfs() of a FUSE file asks the process that serves it,
 * which may be a task that stands still until we go on: the two would wait for each other for
 * ever. So the mount's type is looked up first (/proc/TID/mountinfo, show_mountinfo() of
 * fs/proc_namespace.c):
 *
 *	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *	id                     options             ^ separator, then the type
 *
 * What a mount number means is remembered. Mounts that are not listed are the kernel's own (memfd,
 * System V shared memory).
 */
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "procfs.h"
#include "tracer.h"

static bool is_served(const char *type)
{
	return !strncmp(type, "fuse", 4) || !strncmp(type, "virtiofs", 8);
}

/* Do the options of a tmpfs turn huge pages on? "… - tmpfs tmpfs rw,size=1024k,huge=always" */
static bool is_huge(const char *type, const char *end)
{
	const char *option = memmem(type, (size_t)(end - type), "huge=", 5);

	return strncmp(type, "tmpfs ", 6) == 0 && option && strncmp(option, "huge=never", 10) != 0;
}

/* Looks row->id up in the text of mountinfo; a mount that is not listed is the kernel's own. */
static void find_mount(const char *text, struct vmt_mount *row)
{
	const char *line = text;

	while (line) {
		const char *end = strchrnul(line, '\n');
		const char *separator = memmem(line, (size_t)(end - line), " - ", 3);

		if (strtoull(line, NULL, 10) == row->id && separator) {
			row->served = is_served(separator + 3);
			row->huge = is_huge(separator + 3, end);
			return;
		}
		line = *end ? end + 1 : NULL;
	}
	row->huge = vmt_shmem_is_huge();
}

static enum vmt_server server_of(const char *type)
{
	static const char *const networks[] = { "nfs", "cifs", "smb", "ceph", "afs", "9p" };

	if (strncmp(type, "fuse", 4) == 0)
		return VMT_SERVER_PROCESS;
	for (size_t i = 0; i < vmt_countof(networks); i++)
		if (strncmp(type, networks[i], strlen(networks[i])) == 0)
			return VMT_SERVER_NETWORK;
	return VMT_SERVER_KERNEL;
}

/* The file system's type in the line of mountinfo for the mount; NULL if it is not listed. */
static const char *find_type(const char *text, uint64_t id)
{
	for (const char *line = text, *end; *line; line = *end ? end + 1 : end) {
		const char *separator;

		end = strchrnul(line, '\n');
		separator = memmem(line, (size_t)(end - line), " - ", 3);
		if (separator && strtoull(line, NULL, 10) == id)
			return separator + 3;
	}
	return NULL;
}

enum vmt_server vmt_mount_server(pid_t pid, int where)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str info = { 0 };
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str mounts = { 0 };
	const char *type;
	char file[32];
	uint64_t id;

	snprintf(file, sizeof(file), "fdinfo/%d", where);
	if (vmt_procfs_read(getpid(), file, &info) < 0 ||
	    !vmt_procfs_number(vmt_str_text(&info), "mnt_id:", 10, &id) ||
	    vmt_procfs_read(pid, "mountinfo", &mounts) < 0)
		return VMT_SERVER_PROCESS; /* nobody knows: the careful way */
	type = find_type(vmt_str_text(&mounts), id);
	return type ? server_of(type) : VMT_SERVER_KERNEL;
}

static const struct vmt_mount *mount_of(struct vmt_mounts *mounts, pid_t tid, uint64_t id)
{
	static const struct vmt_mount unreadable = { .served = true };
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	struct vmt_mount *row;

	for (size_t i = 0; i < VMT_MOUNT_COUNT; i++)
		if (mounts->rows[i].known && mounts->rows[i].id == id)
			return &mounts->rows[i];
	if (vmt_procfs_read(tid, "mountinfo", &text) < 0)
		return &unreadable;
	row = &mounts->rows[mounts->next];
	mounts->next = (mounts->next + 1) % VMT_MOUNT_COUNT;
	*row = (struct vmt_mount){ .known = true, .id = id };
	find_mount(vmt_str_text(&text), row);
	return row;
}

void vmt_mount_facts(struct vmt_mounts *mounts, pid_t tid, uint64_t id, const char *path,
		     struct vmt_file_facts *ret_facts)
{
	struct statfs status;

	const struct vmt_mount *mount = mount_of(mounts, tid, id);

	if (mount->served) {
		ret_facts->filesystem = FUSE_SUPER_MAGIC;
		return;
	}
	if (statfs(path, &status) < 0)
		return;
	ret_facts->filesystem = (uint64_t)status.f_type;
	ret_facts->shmem_huge = status.f_type == TMPFS_MAGIC && mount->huge;
	if (status.f_type == HUGETLBFS_MAGIC)
		ret_facts->huge_page_bytes = (uint64_t)status.f_bsize;
	ret_facts->noexec = status.f_flags & ST_NOEXEC;
}

/* ---- Of what is mapped ------------------------------------------------------------------------ */

/* The file system of a row's file: by its range where that is allowed, else by its name. */
static uint64_t filesystem_of(pid_t pid, const struct vmt_mapping *map)
{
	VMT_CLEANUP(vmt_fd_close) int where = vmt_procfs_find_mapped(pid, map);
	struct statfs status;

	if (where < 0)
		return 0;
	if (vmt_mount_server(pid, where) == VMT_SERVER_PROCESS)
		return FUSE_SUPER_MAGIC;
	return fstatfs(where, &status) == 0 ? (uint64_t)status.f_type : 0;
}

/* One file of each device says it for all; 0 if none has been asked. */
static uint64_t known_filesystem(const struct vmt_image *image, size_t index)
{
	const struct vmt_mapping *map = &image->layout.data[index];

	for (size_t i = 0; i < index; i++) {
		const struct vmt_mapping *other = &image->layout.data[i];

		if (other->inode && other->dev_major == map->dev_major &&
		    other->dev_minor == map->dev_minor)
			return image->filesystems.data[i];
	}
	return 0;
}

void vmt_proc_filesystems(pid_t pid, struct vmt_image *image)
{
	vmt_array_clear(&image->filesystems);
	for (size_t i = 0; i < image->layout.count; i++) {
		const struct vmt_mapping *map = &image->layout.data[i];
		uint64_t magic = map->inode ? known_filesystem(image, i) : 0;

		if (map->inode && !magic)
			magic = filesystem_of(pid, map);
		vmt_array_push(&image->filesystems, magic);
	}
}
