/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors are one open file description (struct file). Mappings of one file merge only
 * if it was opened once: is_mergeable_vma() of mm/vma.c compares vm_file. A description is known
 * by the places, task and descriptor, where it was seen:
 *
 *	- kcmp(2) says that the descriptor and such a place are one: that is sure. But where the task
 *	  has ended or its descriptor was closed there is nothing to compare with.
 *	- the same descriptor of the same task still shows the same file and flags: most likely. It could
 *	  have been closed and the file opened again, which nothing shows.
 *	- none of these: a new number, and sure if every place that could be compared was another file.
 *
 * What is not sure the model asks the kernel about where a merge hangs on it. Only the last places are
 * kept: a program that opens ten thousand files maps few of them twice.
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tracer.h"

static bool same_file(const struct vmt_description *row, const struct vmt_file_facts *facts)
{
	return row->number && row->inode == facts->inode && row->dev_major == facts->dev_major &&
	       row->dev_minor == facts->dev_minor && row->flags == facts->flags;
}

/* new_userfaultfd() makes an inode with each (6.1 to 7.2), and nobody can open it once more. */
static bool has_own_inode(const struct vmt_file_facts *facts)
{
	return facts->name && strcmp(facts->name, "anon_inode:[userfaultfd]") == 0;
}

/* A place that is the same file for sure, or NULL; *ret_gone if one could not be compared. */
static const struct vmt_description *find_sure(const struct vmt_descriptions *descriptions,
					       pid_t tid, int fd,
					       const struct vmt_file_facts *facts, bool *ret_gone)
{
	*ret_gone = false;
	for (size_t i = 0; i < VMT_DESCRIPTION_COUNT; i++) {
		const struct vmt_description *row = &descriptions->rows[i];
		long order;

		if (!same_file(row, facts) || (row->tid == tid && row->fd == fd))
			continue;
		order = syscall(SYS_kcmp, row->tid, tid, KCMP_FILE, row->fd, fd);
		if (order == 0 || (order < 0 && has_own_inode(facts)))
			return row;
		*ret_gone |= order < 0;
	}
	return NULL;
}

static struct vmt_description *find_place(struct vmt_descriptions *descriptions, pid_t tid, int fd)
{
	for (size_t i = 0; i < VMT_DESCRIPTION_COUNT; i++) {
		struct vmt_description *row = &descriptions->rows[i];

		if (row->number && row->tid == tid && row->fd == fd)
			return row;
	}
	return NULL;
}

/* The oldest, but where the space is known that a userfaultfd serves: nothing else shows that. */
static struct vmt_description *take_slot(struct vmt_descriptions *descriptions)
{
	struct vmt_description *row;

	for (size_t i = 0; i < VMT_DESCRIPTION_COUNT; i++) {
		row = &descriptions->rows[descriptions->next];
		descriptions->next = (descriptions->next + 1) % VMT_DESCRIPTION_COUNT;
		if (!row->space)
			break;
	}
	return row;
}

/* Notes that the description was seen at this place. */
static void note(struct vmt_descriptions *descriptions, struct vmt_description *row, pid_t tid,
		 int fd, const struct vmt_file_facts *facts, uint64_t number)
{
	uint32_t space = vmt_description_space(descriptions, number);

	if (!row)
		row = take_slot(descriptions);
	*row = (struct vmt_description){
		.number = number,
		.tid = tid,
		.fd = fd,
		.dev_major = facts->dev_major,
		.dev_minor = facts->dev_minor,
		.inode = facts->inode,
		.flags = facts->flags,
		.space = space,
	};
}

void vmt_description_set_space(struct vmt_descriptions *descriptions, uint64_t number,
			       uint32_t space)
{
	for (size_t i = 0; i < VMT_DESCRIPTION_COUNT; i++) {
		if (descriptions->rows[i].number == number)
			descriptions->rows[i].space = space;
	}
}

uint32_t vmt_description_space(const struct vmt_descriptions *descriptions, uint64_t number)
{
	for (size_t i = 0; i < VMT_DESCRIPTION_COUNT; i++) {
		if (descriptions->rows[i].number == number)
			return descriptions->rows[i].space;
	}
	return 0;
}

void vmt_description_find(struct vmt_descriptions *descriptions, pid_t tid, int fd,
			  struct vmt_file_facts *facts)
{
	struct vmt_description *place = find_place(descriptions, tid, fd);
	const struct vmt_description *same;
	bool gone;

	same = find_sure(descriptions, tid, fd, facts, &gone);
	if (same) {
		facts->description = same->number;
		facts->description_sure = true;
	} else if (place && same_file(place, facts)) {
		facts->description = place->number;
	} else {
		facts->description = ++descriptions->last_number;
		facts->description_sure = !gone;
	}
	note(descriptions, place, tid, fd, facts, facts->description);
}
