/* SPDX-License-Identifier: MIT */
/*
 * Which sentences of text-teach.def fit a step: teach.c fills them in.
 */
#include "teach.h"

#include <linux/prctl.h>
#include <sys/mman.h>

#define MAP_TYPE_MASK 0x0f
#define MADV_DONTNEED_LOCKED_CODE 24

/* ---- The range and its rights --------------------------------------------------------------- */

/* The VMA in @views that overlaps the step's range, or the only one. */
static const struct vmt_mapping *map_in(const struct vmt_step *step,
					const struct vmt_vma_view *views, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (views[i].map.start < step->end && step->start < views[i].map.end)
			return &views[i].map;
	}
	return count == 1 ? &views[0].map : NULL;
}

const struct vmt_mapping *vmt_teach_after(const struct vmt_step *step)
{
	return map_in(step, step->added.data, step->added.count);
}

const struct vmt_mapping *vmt_teach_before(const struct vmt_step *step)
{
	return map_in(step, step->removed.data, step->removed.count);
}

static unsigned perms_of_prot(uint64_t prot)
{
	return (prot & PROT_READ ? VMT_PERM_READ : 0) | (prot & PROT_WRITE ? VMT_PERM_WRITE : 0) |
	       (prot & PROT_EXEC ? VMT_PERM_EXEC : 0);
}

static bool has_prot(const struct vmt_event *event)
{
	switch (event->call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
	case VMT_CALL_MPROTECT:
	case VMT_CALL_PKEY_MPROTECT:
		return true;
	default:
		return false;
	}
}

unsigned vmt_teach_perms(const struct vmt_step *step)
{
	const struct vmt_mapping *map = vmt_teach_after(step);

	if (step->event && has_prot(step->event))
		return perms_of_prot(step->event->args[2]);
	if (!map)
		map = vmt_teach_before(step);
	return map ? map->perms : 0;
}

uint64_t vmt_teach_changed(const struct vmt_step *step, bool after)
{
	const struct vmt_event *event = step->event;
	uint64_t mask = event->arch ? vmt_arch_page_size(event->arch) - 1 : 4095;
	uint64_t bytes;

	if (event->call == VMT_CALL_MREMAP)
		bytes = event->args[after ? 2 : 1];
	else
		bytes = (after ? (uint64_t)event->result : step->old_end) - step->old_start;
	return (bytes + mask) & ~mask;
}

/* ---- Choosing ----------------------------------------------------------------------------------- */

/* A file of a driver, behind which there is no page cache. */
static bool is_device(const struct vmt_step *step)
{
	return step->pattern == VMT_PATTERN_DEVICE || step->pattern == VMT_PATTERN_RING;
}

static enum teach choose_mmap(const struct vmt_step *step)
{
	uint64_t flags = step->event->args[3];
	uint64_t type = flags & MAP_TYPE_MASK;
	bool shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
	uint64_t prot = step->event->args[2];

	if ((flags & (MAP_POPULATE | MAP_LOCKED)) && prot != PROT_NONE)
		return TEACH_MMAP_POPULATE;
	if (!(flags & MAP_ANONYMOUS) && is_device(step))
		return TEACH_MMAP_DEVICE;
	if (flags & MAP_ANONYMOUS)
		return shared              ? TEACH_MMAP_SHARED_ANON
		       : prot == PROT_NONE ? TEACH_MMAP_NONE
					   : TEACH_MMAP_ANON;
	return shared              ? TEACH_MMAP_SHARED
	       : prot & PROT_WRITE ? TEACH_MMAP_FILE_WRITE
				   : TEACH_MMAP_FILE;
}

static enum teach choose_mprotect(const struct vmt_step *step)
{
	const struct vmt_mapping *map = vmt_teach_before(step);
	unsigned now = perms_of_prot(step->event->args[2]);

	if (!map || (map->perms & 7) == now)
		return step->event->call == VMT_CALL_PKEY_MPROTECT ? TEACH_SETTING
								   : TEACH_MPROTECT_SAME;
	return map->perms & 7 & ~now ? TEACH_MPROTECT_LESS : TEACH_MPROTECT_MORE;
}

static enum teach choose_brk(const struct vmt_step *step)
{
	const struct vmt_event *event = step->event;
	uint64_t before, after;

	if (event->args[0] == 0)
		return TEACH_BRK_ASK;
	if ((uint64_t)event->result != event->args[0])
		return TEACH_BRK_REFUSED;
	before = vmt_teach_changed(step, false);
	after = vmt_teach_changed(step, true);
	return after > before ? TEACH_BRK_GROW : after < before ? TEACH_BRK_SHRINK : TEACH_BRK_KEEP;
}

static enum teach choose_mremap(const struct vmt_step *step)
{
	uint64_t before = vmt_teach_changed(step, false);
	uint64_t after = vmt_teach_changed(step, true);

	if ((uint64_t)step->event->result != step->event->args[0])
		return TEACH_MREMAP_MOVE;
	return after > before   ? TEACH_MREMAP_GROW
	       : after < before ? TEACH_MREMAP_SHRINK
				: TEACH_MREMAP_KEEP;
}

static enum teach choose_madvise(uint64_t advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_DONTNEED_LOCKED_CODE:
		return TEACH_MADVISE_DROP;
	default:
		return TEACH_MADVISE_FLAG;
	}
}

static enum teach choose_call(const struct vmt_step *step)
{
	const struct vmt_event *event = step->event;

	switch (event->call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
		return choose_mmap(step);
	case VMT_CALL_MUNMAP:
		return step->removed.count ? TEACH_MUNMAP : TEACH_MUNMAP_NOTHING;
	case VMT_CALL_MPROTECT:
	case VMT_CALL_PKEY_MPROTECT:
		return choose_mprotect(step);
	case VMT_CALL_BRK:
		return choose_brk(step);
	case VMT_CALL_MREMAP:
		return choose_mremap(step);
	case VMT_CALL_MADVISE:
		return choose_madvise(event->args[2]);
	case VMT_CALL_PROCESS_MADVISE:
		return choose_madvise(event->args[3]);
	case VMT_CALL_MLOCK:
		return TEACH_LOCK;
	case VMT_CALL_MLOCK2:
		return event->args[2] ? TEACH_LOCK_ON_FAULT : TEACH_LOCK;
	case VMT_CALL_MLOCKALL:
		return TEACH_LOCK_ALL;
	case VMT_CALL_MUNLOCKALL:
		return TEACH_UNLOCK_ALL;
	case VMT_CALL_REMAP_FILE_PAGES:
		return TEACH_REMAP_FILE;
	case VMT_CALL_MUNLOCK:
		return TEACH_UNLOCK;
	case VMT_CALL_MSEAL:
		return TEACH_SEAL;
	case VMT_CALL_ARCH_PRCTL:
		return event->args[0] == VMT_ARCH_SET_FS ? TEACH_THREAD_POINTER : TEACH_SETTING;
	case VMT_CALL_SET_THREAD_AREA:
		return TEACH_THREAD_POINTER;
	case VMT_CALL_SET_TID_ADDRESS:
		return TEACH_TID_ADDRESS;
	case VMT_CALL_SET_ROBUST_LIST:
		return TEACH_ROBUST_LIST;
	case VMT_CALL_RSEQ:
		return TEACH_RSEQ;
	case VMT_CALL_SETRLIMIT:
	case VMT_CALL_PRLIMIT64:
		return TEACH_LIMIT;
	case VMT_CALL_SHMAT:
		return TEACH_SHM_ATTACH;
	case VMT_CALL_SHMDT:
		return TEACH_SHM_DETACH;
	case VMT_CALL_IO_SETUP:
	case VMT_CALL_IO_DESTROY:
		return TEACH_RING;
	case VMT_CALL_MAP_SHADOW_STACK:
		return TEACH_SHADOW_STACK;
	case VMT_CALL_EXECVE:
	case VMT_CALL_EXECVEAT:
		return TEACH_EXEC_FAILED;
	default:
		return TEACH_SETTING;
	}
}

static enum teach choose_fork(const struct vmt_step *step)
{
	const struct vmt_mapping *map = vmt_teach_after(step);
	bool cow = map && (map->perms & VMT_PERM_WRITE) && !(map->perms & VMT_PERM_SHARED);

	return !map ? TEACH_FORK_LEFT_OUT : cow ? TEACH_FORK_COW : TEACH_FORK_SHARED;
}

enum teach vmt_teach_choose(const struct vmt_step *step)
{
	switch (step->cause) {
	case VMT_CAUSE_BOOT:
		return TEACH_BOOT;
	case VMT_CAUSE_EXEC_STACK:
		return TEACH_EXEC_STACK;
	case VMT_CAUSE_EXEC_SEGMENT:
	case VMT_CAUSE_INTERP_SEGMENT:
		return vmt_teach_perms(step) & VMT_PERM_WRITE ? TEACH_EXEC_DATA : TEACH_EXEC_TEXT;
	case VMT_CAUSE_EXEC_BSS:
	case VMT_CAUSE_INTERP_BSS:
		return TEACH_EXEC_BSS;
	case VMT_CAUSE_EXEC_SPECIAL:
		return TEACH_EXEC_SPECIAL;
	case VMT_CAUSE_EXEC_OTHER:
		return TEACH_EXEC_OTHER;
	case VMT_CAUSE_FORK:
		return choose_fork(step);
	case VMT_CAUSE_STACK_GROWTH:
		return TEACH_STACK_GROWTH;
	case VMT_CAUSE_UFFD_CLOSED:
		return TEACH_UFFD_CLOSED;
	case VMT_CAUSE_NAME_CHANGED:
		return TEACH_NAME_CHANGED;
	case VMT_CAUSE_FOUND:
		return TEACH_FOUND;
	case VMT_CAUSE_CALL:
		break;
	}
	if (!step->event)
		return TEACH_FOUND;
	if (step->event->kind == VMT_EVENT_CALL_LOST)
		return TEACH_LOST;
	return step->event->failed ? TEACH_FAILED : choose_call(step);
}
