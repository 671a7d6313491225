/* SPDX-License-Identifier: MIT */
/*
 * mbind: do_mbind() (mm/mempolicy.c, 6.18), as far as it splits and merges VMAs. A policy is kept as
 * a number that stands for mode and nodes; equal numbers, equal policies. Neither maps nor smaps
 * shows it.
 */
#include <errno.h>
#include <linux/mempolicy.h>

#include "account.h"
#include "ops.h"
#include "path.h"
#include "walk.h"

enum {
	FLAGS_KNOWN = MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL,
	MODE_WEIGHTED = 6, /* MPOL_WEIGHTED_INTERLEAVE, 6.9: the last one */
};

static uint64_t placing_of(const struct vmt_event *event)
{
	return event->args[2] & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES);
}

static uint64_t mode_of(const struct vmt_event *event)
{
	return event->args[2] & ~(uint64_t)MPOL_MODE_FLAGS & UINT32_MAX;
}

/* sanitize_mpol_flags() */
static bool mode_exists(const struct vmt_space *space, const struct vmt_event *event)
{
	uint64_t last = space->features.policy_weighted ? MODE_WEIGHTED : MODE_WEIGHTED - 1;

	return mode_of(event) <= last &&
	       placing_of(event) != (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES);
}

static bool has_nodes(const struct vmt_event *event)
{
	for (unsigned i = 0; i < event->words_valid; i++) {
		if (event->words[i])
			return true;
	}
	return false;
}

/* mpol_new(): modes that do not go with an empty set of nodes, or with one that is not. */
static bool nodes_fit(const struct vmt_event *event)
{
	bool nodes = has_nodes(event);

	switch (mode_of(event)) {
	case MPOL_DEFAULT:
		return !nodes;
	case MPOL_LOCAL:
		return !nodes && !placing_of(event);
	case MPOL_PREFERRED:
		return nodes || !placing_of(event);
	default:
		return nodes;
	}
}

/*
 * 0 for MPOL_DEFAULT, else a number for mode and node mask (FNV-1a). MPOL_PREFERRED of no node is
 * MPOL_LOCAL.
 */
static uint32_t policy_number(const struct vmt_event *event)
{
	uint32_t hash = 2166136261u;
	uint64_t parts[1 + vmt_countof(event->words)] = { event->args[2] & UINT32_MAX };

	if (mode_of(event) == MPOL_DEFAULT)
		return 0;
	if (mode_of(event) == MPOL_PREFERRED && !has_nodes(event))
		parts[0] = MPOL_LOCAL;
	for (unsigned i = 0; i < event->words_valid; i++)
		parts[1 + i] = event->words[i];
	for (size_t i = 0; i < sizeof(parts); i++)
		hash = (hash ^ ((const unsigned char *)parts)[i]) * 16777619u;
	return hash ? hash : 1;
}

static int propose(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end,
		   struct vmt_vma *proposed, void *data)
{
	VMT_PATH(space, MBIND_RANGE);

	(void)vma;
	(void)start;
	(void)end;
	proposed->policy = *(const uint32_t *)data;
	return 0;
}

int64_t vmt_op_mbind(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	uint64_t start = event->args[0];
	uint64_t length;
	uint32_t number = policy_number(event);
	VMT_PATH(space, DO_MBIND);

	if (!mode_exists(space, event))
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	/* get_nodes() */
	if (event->args[3] && event->args[4] > 1 && !event->words_valid)
		return vmt_refuse(space, EFAULT, VMT_WHY_BAD_POINTER);
	if (event->args[5] & ~(uint64_t)FLAGS_KNOWN)
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	/* A length that wraps when it is rounded up counts as 0. */
	length = vmt_page_up(space, event->args[1]);
	if (start & (vmt_space_page(space) - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_ADDRESS_UNALIGNED);
	if (start + length < start)
		return vmt_refuse(space, EINVAL, VMT_WHY_LENGTH_WRAPS);
	if (!length)
		return 0;
	if (!nodes_fit(event))
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	step->start = start;
	step->end = start + length;
	/* Which nodes there are is the kernel's to know. */
	if (event->failed && event->result != -EFAULT && event->result != -ENOMEM) {
		step->predicted = false;
		return event->result;
	}
	/* queue_pages_range() looks for holes first; MPOL_DEFAULT minds only if there is no more. */
	if ((number || !vmt_pages_in(space, start, start + length)) &&
	    vmt_range_has_hole(space, start, start + length))
		return -EFAULT;
	return vmt_walk(space, start, start + length, VMT_WALK_IGNORE_HOLES, propose, &number,
			NULL);
}
