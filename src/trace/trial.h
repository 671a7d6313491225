/* SPDX-License-Identifier: MIT */
/*
 * trial: what the child of rules.c, which tries out the kernel's rules, works with. No memory is
 * allocated in it: its heap goes away under it.
 *
 *	rules.c			the child; scenes whose outcome smaps shows
 *	rules-calls.c		calls that answer by themselves
 *	rules-remap.c		scenes and calls of mremap
 *
 * The arena is shared memory, which merges with nothing; each scene gets a few pages of it.
 */
#ifndef VMTRACE_TRACE_TRIAL_H
#define VMTRACE_TRACE_TRIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "spots.h"
#include "vmtrace/trace.h"

enum {
	SCENE_PAGES = 8 /* of the arena, for each scene; at least one at its end stays untouched */
};

/* Scenes in the arena, named by the rule that they show. */
enum scene {
	SCENE_UNACCOUNT,
	SCENE_STACK,
	SCENE_GUARD,
	SCENE_MODIFY,
	SCENE_NEW,
	SCENE_DROPPABLE,
	SCENE_MREMAP,
	SCENE_MREMAP_CLEARS,
	SCENE_EMPTIED,
	SCENE_LOCKED,
	SCENE_COPY,
	SCENE_KSM,
	SCENE_LIMIT,
	SCENE_ONFAULT,
	SCENE_COUNT,
};

/* Addresses whose VMA is looked up in smaps when all scenes stand. */
enum spot {
	SPOT_UNFAULTED,
	SPOT_FAULTED,
	SPOT_STACK,
	SPOT_GUARD,
	SPOT_MODIFY,
	SPOT_NEW,
	SPOT_CLOSE,
	SPOT_HEAP,
	SPOT_ABOVE_HEAP,
	SPOT_EMPTIED,
	SPOT_LOCKED,
	SPOT_COPY,
	SPOT_KSM,
	SPOT_LIMIT,
	SPOT_ONFAULT,
	SPOT_VVAR, /* by its name */
	SPOT_COUNT,
};

struct trial {
	struct vmt_kernel_rules *rules; /* in the shared page */
	uint64_t page; /* bytes */
	uint64_t arena;
	struct vmt_spot spots[SPOT_COUNT];
};

static inline enum vmt_rule rule(bool yes)
{
	return yes ? VMT_RULE_YES : VMT_RULE_NO;
}

/* ---- Setting scenes: the address, or 0 if the kernel does not let us ------------------------- */

static inline void *pointer(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

static inline uint64_t map_at(uint64_t address, uint64_t bytes, int prot, int flags)
{
	void *at = mmap(pointer(address), bytes, prot, flags | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? 0 : (uint64_t)(uintptr_t)at;
}

static inline uint64_t scene_page(const struct trial *trial, enum scene scene, unsigned index)
{
	return trial->arena + ((uint64_t)scene * SCENE_PAGES + 1 + index) * trial->page;
}

/* A private page in a scene. */
static inline uint64_t put(const struct trial *trial, enum scene scene, unsigned index, int prot)
{
	return map_at(scene_page(trial, scene, index), trial->page, prot, MAP_PRIVATE | MAP_FIXED);
}

static inline void touch(uint64_t address)
{
	*(volatile char *)pointer(address) = 1;
}

static inline bool protect(const struct trial *trial, uint64_t address, int prot)
{
	return mprotect(pointer(address), trial->page, prot) == 0;
}

/* ---- rules-calls.c -------------------------------------------------------------------------------- */

/* Before there is an arena: where things are placed. */
void vmt_trial_places(struct trial *trial);
void vmt_trial_calls(struct trial *trial);
/* The newest call, for which a sandbox may kill: last of all. */
void vmt_trial_mseal(struct trial *trial);

/* ---- rules-remap.c -------------------------------------------------------------------------------- */

void vmt_trial_set_remap(struct trial *trial);
void vmt_trial_judge_remap(struct trial *trial);

/* Whether the page at @spot became one VMA with the page below it. */
static inline bool merged_below(const struct trial *trial, enum spot spot)
{
	return trial->spots[spot].start == trial->spots[spot].address - trial->page;
}

#endif
