/* SPDX-License-Identifier: MIT */
/*
 * userfaultfd's UFFDIO_REGISTER and UFFDIO_UNREGISTER: userfaultfd_register_range() (mm/
 * userfaultfd.c, 6.18). The context is a compared attribute, so ranges of two descriptors never
 * merge. What the kernel refuses hangs on the descriptor's state, which is not traced.
 */
#include <errno.h>
#include <linux/types.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "ops.h"
#include "path.h"
#include "walk.h"

static const uint64_t uffd_flags = VMT_VM_UFFD_MISSING | VMT_VM_UFFD_WP | VMT_VM_UFFD_MINOR;

struct registration {
	uint64_t flags; /* 0: unregister */
	uint64_t context;
};

static int propose(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end,
		   struct vmt_vma *proposed, void *data)
{
	const struct registration *registration = data;

	(void)space;
	(void)vma;
	(void)start;
	(void)end;
	proposed->flags = (proposed->flags & ~uffd_flags) | registration->flags;
	proposed->uffd = registration->context;
	return 0;
}

int64_t vmt_op_ioctl(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	bool registers = (uint32_t)event->args[1] == (uint32_t)UFFDIO_REGISTER;
	struct registration registration = { 0 };
	VMT_PATH(space, UFFD_REGISTER);

	step->predicted = !event->failed && event->words_valid >= 2;
	if (event->words_valid < 2)
		return 0;
	step->start = event->words[0];
	step->end = event->words[0] + event->words[1];
	/* The words were read after the call, from memory that the program may have changed. */
	if (event->failed || !vmt_can_map(space, event->words[0], event->words[1]))
		return 0;
	if (registers && event->words_valid >= 3) {
		uint64_t mode = event->words[2];

		registration.context = event->args[0] + 1;
		registration.flags =
			(mode & UFFDIO_REGISTER_MODE_MISSING ? VMT_VM_UFFD_MISSING : 0) |
			(mode & UFFDIO_REGISTER_MODE_WP ? VMT_VM_UFFD_WP : 0) |
			(mode & UFFDIO_REGISTER_MODE_MINOR ? VMT_VM_UFFD_MINOR : 0);
	}
	vmt_walk(space, step->start, step->end, VMT_WALK_OVER_HOLES, propose, &registration, NULL);
	return 0;
}
