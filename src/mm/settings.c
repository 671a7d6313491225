/* SPDX-License-Identifier: MIT */
/*
 * Calls that change what a space's later calls may do, rather than its VMAs: prctl, arch_prctl,
 * personality, setrlimit and prlimit64.
 */
#include <errno.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/resource.h>

#include "ops.h"
#include "path.h"
#include "walk.h"

/* Operations that younger headers know. */
enum {
	OP_SET_MDWE = 65,
	OP_SET_MEMORY_MERGE = 67
};

static int propose_name(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end,
			struct vmt_vma *proposed, void *data)
{
	(void)space;
	(void)start;
	(void)end;
	if (vma->file.description)
		return -EBADF;
	proposed->anon_name = data;
	return 0;
}

/* prctl_set_vma(): madvise_set_anon_name() */
static int64_t set_name(struct vmt_space *space, const struct vmt_event *event,
			struct vmt_step *step)
{
	uint64_t start = event->args[2];
	uint64_t length;
	const char *name = NULL;
	struct vmt_str text;
	int error;
	VMT_PATH(space, SET_ANON_NAME);

	if (event->failed) {
		/* CONFIG_ANON_VMA_NAME, and the rules for names, are the kernel's. */
		step->predicted = false;
		return vmt_refuse(space, EINVAL, VMT_WHY_NAME_REFUSED);
	}
	error = vmt_range_aligned(space, start, event->args[3], &length);
	if (error)
		return error;
	if (event->text_valid && event->text[0]) {
		vmt_str_init(&text);
		vmt_str_printf(&text, "[anon:%s]", event->text);
		name = vmt_names_add(space->names, vmt_str_text(&text));
		vmt_str_deinit(&text);
	}
	step->start = start;
	step->end = start + length;
	return vmt_walk(space, start, start + length, VMT_WALK_OVER_HOLES, propose_name,
			(void *)(uintptr_t)name, NULL);
}

/* The labels [heap] and [stack] hang on these fields. */
static void touch_all(struct vmt_space *space)
{
	for (struct vmt_vma *vma = vmt_space_first(space); vma; vma = vmt_vma_next(vma))
		vmt_space_touch(space, vma);
}

/* prctl_set_mm(): one field of mm_struct. */
static int64_t set_mm(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	step->predicted = false;
	if (event->failed)
		return vmt_refuse(space, EPERM, VMT_WHY_SET_MM_REFUSED);
	touch_all(space);
	switch (event->args[1]) {
	case PR_SET_MM_START_BRK:
		space->start_brk = event->args[2];
		break;
	case PR_SET_MM_BRK:
		space->brk = event->args[2];
		space->brk_known = true;
		break;
	case PR_SET_MM_START_STACK:
		space->start_stack = event->args[2];
		break;
	case PR_SET_MM_START_DATA:
		space->start_data = event->args[2];
		break;
	case PR_SET_MM_END_DATA:
		space->end_data = event->args[2];
		break;
	default:
		break;
	}
	return 0;
}

/* ksm_enable_merge_any() and ksm_disable_merge_any(): flags are set without a merge. */
static void merge_any(struct vmt_space *space, bool on)
{
	const uint64_t never = VMT_VM_SHARED | VMT_VM_MAYSHARE | VMT_VM_HUGETLB | VMT_VM_DROPPABLE |
			       VMT_VM_SPECIAL;

	if (space->merge_any == on)
		return;
	space->merge_any = on;
	for (struct vmt_vma *vma = vmt_space_first(space); vma; vma = vmt_vma_next(vma)) {
		if (vma->flags & never)
			continue;
		vmt_space_set_flags(space, vma,
				    on ? vma->flags | VMT_VM_MERGEABLE
				       : vma->flags & ~VMT_VM_MERGEABLE);
	}
}

int64_t vmt_op_prctl(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	switch (event->args[0]) {
	case PR_SET_VMA:
		return set_name(space, event, step);
	case PR_SET_MM:
		return set_mm(space, event, step);
	case OP_SET_MEMORY_MERGE:
		step->predicted = !event->failed;
		if (!event->failed)
			merge_any(space, event->args[1]);
		return 0;
	case OP_SET_MDWE:
		step->predicted = !event->failed;
		if (!event->failed) {
			space->deny_write_exec = event->args[1] & 1;
			space->deny_not_inherited = event->args[1] & 2;
		}
		return 0;
	default:
		step->predicted = !event->failed;
		return 0;
	}
}

/* ARCH_MAP_VDSO_…: map_vdso_once(); refused while any piece of the vdso is mapped. */
int64_t vmt_op_arch_prctl(struct vmt_space *space, const struct vmt_event *event,
			  struct vmt_step *step)
{
	if (event->args[0] < VMT_ARCH_MAP_VDSO_X32 || event->args[0] > VMT_ARCH_MAP_VDSO_64) {
		step->predicted = !event->failed;
		return 0;
	}
	/* Only do_arch_prctl_64() knows them. */
	if (event->arch->word_bits == 32)
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	for (const struct vmt_vma *vma = vmt_space_first(space); vma; vma = vmt_vma_next(vma)) {
		if (vma->special && strcmp(vma->special, "[uprobes]") != 0) {
			vmt_why(space, VMT_WHY_VDSO_THERE, vmt_vma_start(vma), vmt_vma_end(vma), 0,
				0);
			return -EEXIST;
		}
	}
	/* How large the vdso is, only the kernel knows. */
	step->predicted = false;
	step->whole = true;
	step->reason = VMT_REASON_NOT_MODELLED;
	return 0;
}

int64_t vmt_op_personality(struct vmt_space *space, const struct vmt_event *event,
			   struct vmt_step *step)
{
	int64_t before = space->rights.personality;

	(void)step;
	if ((uint32_t)event->args[0] != UINT32_MAX)
		space->rights.personality = (uint32_t)event->args[0];
	return before;
}

static bool limit_of(uint64_t resource, enum vmt_limit *ret_limit)
{
	switch (resource) {
	case RLIMIT_AS:
		*ret_limit = VMT_LIMIT_AS;
		return true;
	case RLIMIT_DATA:
		*ret_limit = VMT_LIMIT_DATA;
		return true;
	case RLIMIT_STACK:
		*ret_limit = VMT_LIMIT_STACK;
		return true;
	case RLIMIT_MEMLOCK:
		*ret_limit = VMT_LIMIT_MEMLOCK;
		return true;
	default:
		return false;
	}
}

int64_t vmt_op_rlimit(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	bool other = event->call == VMT_CALL_PRLIMIT64 && event->args[0] &&
		     (pid_t)event->args[0] != event->pid;
	uint64_t resource = event->args[event->call == VMT_CALL_PRLIMIT64 ? 1 : 0];
	enum vmt_limit limit;

	step->predicted = !event->failed;
	if (event->failed || other || event->words_valid < 2 || !limit_of(resource, &limit))
		return 0;
	space->rights.limits[limit] = event->words[0];
	space->rights.hard_limits[limit] = event->words[1];
	return 0;
}
