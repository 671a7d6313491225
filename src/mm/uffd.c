/* SPDX-License-Identifier: MIT */
/*
 * userfaultfd's UFFDIO_REGISTER and UFFDIO_UNREGISTER: userfaultfd_register() and _unregister() with
 * their _range() (fs/userfaultfd.c, mm/userfaultfd.c, 6.18). The context is a compared attribute, so
 * ranges of two descriptors never merge. What the descriptor's handshake asked for is not traced.
 */
#include <errno.h>
#include <linux/types.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "ops.h"
#include "path.h"
#include "walk.h"

enum {
	FEATURE_WP_ASYNC = 1 << 15, /* UFFD_FEATURE_WP_ASYNC, 6.7 */
};

/* Beside its number the context says: the copy of a fork stays registered, and what is moved. */
#define HEARS_FORKS (1ULL << 63)
#define HEARS_MOVES (1ULL << 62)

static const uint64_t uffd_flags = VMT_VM_UFFD_MISSING | VMT_VM_UFFD_WP | VMT_VM_UFFD_MINOR;

static const uint64_t modes =
	UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_WP | UFFDIO_REGISTER_MODE_MINOR;

struct registration {
	bool registers; /* or takes back */
	uint64_t flags;
	uint64_t context;
	bool any_memory; /* UFFD_FEATURE_WP_ASYNC, and nothing but write protection */
};

static int propose(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end,
		   struct vmt_vma *proposed, void *data)
{
	const struct registration *registration = data;

	(void)space;
	(void)start;
	(void)end;
	if (!registration->registers && !vma->uffd)
		return 1;
	if (registration->registers && vma->uffd == registration->context &&
	    (vma->flags & registration->flags) == registration->flags)
		return 1;
	proposed->flags = (proposed->flags & ~uffd_flags) | registration->flags;
	proposed->uffd = registration->registers ? registration->context : 0;
	return 0;
}

void vmt_uffd_fork(struct vmt_vma *copy)
{
	if (copy->uffd & HEARS_FORKS)
		return;
	copy->flags &= ~uffd_flags;
	copy->uffd = 0;
}

void vmt_uffd_moved(struct vmt_space *space, struct vmt_vma *vma)
{
	if (!vma->uffd || vma->uffd & HEARS_MOVES)
		return;
	vmt_space_touch(space, vma);
	vmt_space_set_flags(space, vma, vma->flags & ~uffd_flags);
	vma->uffd = 0;
}

/* validate_range() */
static bool range_valid(const struct vmt_space *space, const struct vmt_event *event)
{
	uint64_t start = event->words[0];
	uint64_t length = event->words[1];

	return vmt_can_map(space, start, length) && start >= space->features.min_address &&
	       start < space->task_size && length <= space->task_size - start;
}

/* vma_can_userfault() */
static bool can_serve(const struct vmt_space *space, const struct vmt_vma *vma, uint64_t flags,
		      bool any_memory)
{
	if (vma->flags & VMT_VM_DROPPABLE && !space->features.uffd_droppable)
		return false;
	if (any_memory && flags == VMT_VM_UFFD_WP)
		return true;
	if (flags & VMT_VM_UFFD_MINOR && !vma->file.shmem && !(vma->flags & VMT_VM_HUGETLB))
		return false;
	return vmt_vma_is_anon(vma) || vma->file.shmem || vma->flags & VMT_VM_HUGETLB;
}

static int refuse_vma(struct vmt_space *space, const struct vmt_vma *vma, int error)
{
	vmt_why(space, VMT_WHY_UFFD_REFUSED, vmt_vma_start(vma), vmt_vma_end(vma), 0, 0);
	return -error;
}

/* All VMAs of the range are looked at before the first one changes. */
static int refuse_range(struct vmt_space *space, const struct registration *registration,
			uint64_t start, uint64_t end)
{
	const struct vmt_vma *vma = vmt_find_vma(space, start);

	if (!vma || vmt_vma_start(vma) >= end)
		return vmt_refuse(space, EINVAL, VMT_WHY_NOTHING_MAPPED);
	for (; vma && vmt_vma_start(vma) < end; vma = vmt_vma_next(vma)) {
		bool other = vma->uffd && vma->uffd != registration->context;

		if (!registration->registers) {
			if (other || !can_serve(space, vma, vma->flags & uffd_flags,
						registration->any_memory))
				return refuse_vma(space, vma, EINVAL);
			continue;
		}
		if (!can_serve(space, vma, registration->flags, registration->any_memory))
			return refuse_vma(space, vma, EINVAL);
		if (!(vma->flags & VMT_VM_MAYWRITE))
			return refuse_vma(space, vma, EPERM);
		if (other)
			return refuse_vma(space, vma, EBUSY);
	}
	return 0;
}

/* By its open file description; a descriptor that could not be looked at, by its number. */
static uint64_t context_of(const struct vmt_event *event)
{
	uint64_t number = event->file.known ? event->file.description << 32 : event->args[0] + 1;

	return number | (event->uffd_features & UFFD_FEATURE_EVENT_FORK ? HEARS_FORKS : 0) |
	       (event->uffd_features & UFFD_FEATURE_EVENT_REMAP ? HEARS_MOVES : 0);
}

int64_t vmt_op_ioctl(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	struct registration registration = {
		.registers = (uint32_t)event->args[1] == (uint32_t)UFFDIO_REGISTER,
		.context = context_of(event),
		.any_memory = event->uffd_features & FEATURE_WP_ASYNC,
	};
	uint64_t mode = event->words[2];
	int error;
	VMT_PATH(space, UFFD_REGISTER);

	if (event->target_gone)
		return vmt_refuse(space, ENOMEM, VMT_WHY_UFFD_OWNER_GONE);
	if (event->words_valid < (registration.registers ? 3 : 2)) {
		step->predicted = false;
		return 0;
	}
	if (registration.registers && (!mode || mode & ~modes))
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	if (registration.registers)
		registration.flags =
			(mode & UFFDIO_REGISTER_MODE_MISSING ? VMT_VM_UFFD_MISSING : 0) |
			(mode & UFFDIO_REGISTER_MODE_WP ? VMT_VM_UFFD_WP : 0) |
			(mode & UFFDIO_REGISTER_MODE_MINOR ? VMT_VM_UFFD_MINOR : 0);
	if (!range_valid(space, event))
		return vmt_refuse(space, EINVAL, VMT_WHY_BEYOND_TASK_SIZE);
	step->start = event->words[0];
	step->end = event->words[0] + event->words[1];
	error = refuse_range(space, &registration, step->start, step->end);
	if (error)
		return error;
	/* Another process's descriptor, or one without its handshake: nothing has changed. */
	if (event->failed) {
		step->predicted = false;
		return 0;
	}
	return vmt_walk(space, step->start, step->end, VMT_WALK_IGNORE_HOLES, propose,
			&registration, NULL);
}

/* ---- The end of a userfaultfd ---------------------------------------------------------------- */

bool vmt_space_has_uffd(const struct vmt_space *space)
{
	return space->uffd_pages > 0;
}

/* userfaultfd_release() for one range. */
static int propose_release(struct vmt_space *space, struct vmt_vma *vma, uint64_t start,
			   uint64_t end, struct vmt_vma *proposed, void *data)
{
	(void)space;
	(void)start;
	(void)end;
	(void)data;
	if (!vma->uffd)
		return 1;
	proposed->flags &= ~uffd_flags;
	proposed->uffd = 0;
	return 0;
}

static bool is_served_still(const struct vmt_layout *rows, const char *const *words,
			    uint64_t address)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->data[i].start <= address && address < rows->data[i].end)
			return !words[i][0] || vmt_vm_flags_parse(words[i]) & uffd_flags;
	return true;
}

bool vmt_space_release_uffd(struct vmt_space *space, const struct vmt_layout *rows,
			    const char *const *words, struct vmt_step *step)
{
	bool begun = false;
	uint64_t at = 0;

	for (struct vmt_vma *vma = vmt_find_vma(space, at); vma; vma = vmt_find_vma(space, at)) {
		uint64_t start = vmt_vma_start(vma);

		at = vmt_vma_end(vma);
		if (!vma->uffd || is_served_still(rows, words, start))
			continue;
		if (!begun) {
			vmt_step_begin(space, step);
			step->cause = VMT_CAUSE_UFFD_CLOSED;
			step->check = VMT_CHECK_MATCH;
			step->start = start;
			begun = true;
		}
		step->end = at;
		vmt_walk(space, start, at, VMT_WALK_IGNORE_HOLES, propose_release, NULL, NULL);
	}
	return begun;
}
