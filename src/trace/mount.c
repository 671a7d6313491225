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

#include "procfs.h"
#include "tracer.h"

static bool is_served(const char *type)
{
	return !strncmp(type, "fuse", 4) || !strncmp(type, "virtiofs", 8);
}

/* Looks @id up in the text of mountinfo. */
static bool find_served(const char *text, uint64_t id)
{
	const char *line = text;

	while (line) {
		if (strtoull(line, NULL, 10) == id) {
			const char *end = strchrnul(line, '\n');
			const char *separator = memmem(line, (size_t)(end - line), " - ", 3);

			return separator && is_served(separator + 3);
		}
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return false;
}

static bool mount_is_served(struct vmt_mounts *mounts, pid_t tid, uint64_t id)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	struct vmt_mount *row;

	for (size_t i = 0; i < VMT_MOUNT_COUNT; i++)
		if (mounts->rows[i].known && mounts->rows[i].id == id)
			return mounts->rows[i].served;
	if (vmt_procfs_read(tid, "mountinfo", &text) < 0)
		return true;
	row = &mounts->rows[mounts->next];
	mounts->next = (mounts->next + 1) % VMT_MOUNT_COUNT;
	*row = (struct vmt_mount){
		.known = true,
		.id = id,
		.served = find_served(vmt_str_text(&text), id),
	};
	return row->served;
}

void vmt_mount_facts(struct vmt_mounts *mounts, pid_t tid, uint64_t id, const char *path,
		     struct vmt_file_facts *ret_facts)
{
	struct statfs status;

	if (mount_is_served(mounts, tid, id)) {
		ret_facts->filesystem = FUSE_SUPER_MAGIC;
		return;
	}
	if (statfs(path, &status) < 0)
		return;
	ret_facts->filesystem = (uint64_t)status.f_type;
	ret_facts->noexec = status.f_flags & ST_NOEXEC;
}
