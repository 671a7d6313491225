/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors are one open file description (struct file). Mappings of one file merge only
 * if it was opened once: is_mergeable_vma() of mm/vma.c compares vm_file. A description is known
 * by where it was last seen. A descriptor that is seen now is the same one if
 *
 *	- the same descriptor of the same task still shows the same file and flags. (It could have
 *	  been closed and the file opened again: that is not told apart.)
 *	- or kcmp(2) says that it and the place where the other was last seen are one. The place may
 *	  hold something else by now; then the answer is no, and it gets a number of its own.
 *
 * Only the last places are kept: a program that opens ten thousand files maps few of them twice.
 */
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer.h"

static bool same_file(const struct vmt_description *row, const struct vmt_file_facts *facts)
{
	return row->number && row->inode == facts->inode && row->dev_major == facts->dev_major &&
	       row->dev_minor == facts->dev_minor && row->flags == facts->flags;
}

static struct vmt_description *find(struct vmt_descriptions *descriptions, pid_t tid, int fd,
				    const struct vmt_file_facts *facts)
{
	for (size_t i = 0; i < VMT_DESCRIPTION_COUNT; i++) {
		struct vmt_description *row = &descriptions->rows[i];

		if (row->tid == tid && row->fd == fd && same_file(row, facts))
			return row;
	}
	for (size_t i = 0; i < VMT_DESCRIPTION_COUNT; i++) {
		struct vmt_description *row = &descriptions->rows[i];

		if (same_file(row, facts) &&
		    syscall(SYS_kcmp, row->tid, tid, KCMP_FILE, row->fd, fd) == 0)
			return row;
	}
	return NULL;
}

uint64_t vmt_description_number(struct vmt_descriptions *descriptions, pid_t tid, int fd,
				const struct vmt_file_facts *facts)
{
	struct vmt_description *row = find(descriptions, tid, fd, facts);

	if (!row) {
		row = &descriptions->rows[descriptions->next];
		descriptions->next = (descriptions->next + 1) % VMT_DESCRIPTION_COUNT;
		*row = (struct vmt_description){
			.number = ++descriptions->last_number,
			.dev_major = facts->dev_major,
			.dev_minor = facts->dev_minor,
			.inode = facts->inode,
			.flags = facts->flags,
		};
	}
	row->tid = tid;
	row->fd = fd;
	return row->number;
}
