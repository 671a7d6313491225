/* SPDX-License-Identifier: MIT */
/*
 * Rules of mremap in the running kernel (trial.h): 6.17 put its checks into another order, and what
 * MREMAP_DONTUNMAP leaves behind was mended in 2026, in stable kernels too.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trial.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

enum {
	WRITE = PROT_READ | PROT_WRITE
};

static bool move(const struct trial *trial, uint64_t from, uint64_t pages, uint64_t to, int more)
{
	size_t bytes = pages * trial->page;

	return mremap(pointer(from), bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED | more,
		      pointer(to)) != MAP_FAILED;
}

/* A move over the border of two VMAs */
static void try_many(struct trial *trial)
{
	uint64_t from = put(trial, SCENE_MREMAP, 0, PROT_READ);
	void *moved;

	if (!from || !put(trial, SCENE_MREMAP, 1, PROT_READ | PROT_WRITE))
		return;
	moved = mremap(pointer(from), 2 * trial->page, 2 * trial->page,
		       MREMAP_MAYMOVE | MREMAP_FIXED, pointer(scene_page(trial, SCENE_MREMAP, 3)));
	if (moved != MAP_FAILED)
		trial->rules->mremap_many = VMT_RULE_YES;
	else if (errno == EFAULT)
		trial->rules->mremap_many = VMT_RULE_NO;
}

/*
 * Over the border of two VMAs, and growing: EFAULT everywhere. Is the target gone all the same?
 * (msync() of a hole says ENOMEM.)
 */
static void try_clearing(struct trial *trial)
{
	uint64_t from = put(trial, SCENE_MREMAP_CLEARS, 0, PROT_READ);
	uint64_t target = put(trial, SCENE_MREMAP_CLEARS, 3, WRITE);
	const void *moved;

	if (!from || !target || !put(trial, SCENE_MREMAP_CLEARS, 1, WRITE))
		return;
	moved = mremap(pointer(from), 2 * trial->page, 3 * trial->page,
		       MREMAP_MAYMOVE | MREMAP_FIXED, pointer(target));
	if (moved == MAP_FAILED && errno == EFAULT)
		trial->rules->mremap_clears_first =
			rule(msync(pointer(target), trial->page, MS_ASYNC) < 0);
}

/* What is wrong in two ways, and changes nothing: which is said? */
static void try_order(struct trial *trial)
{
	uint64_t page = trial->page;
	uint64_t hole = map_at(0, 2 * page, PROT_NONE, MAP_PRIVATE);

	if (!hole || munmap(pointer(hole), 2 * page) < 0)
		return;
	/* not mapped, and over itself */
	if (!move(trial, hole, 1, hole, 0))
		trial->rules->mremap_looks_first = rule(errno == EFAULT);
	/* not mapped, and lengths that are equal in pages only */
	if (syscall(SYS_mremap, hole, 2 * page, 2 * page - 1, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		    0UL) < 0)
		trial->rules->mremap_raw_lengths = rule(errno == EINVAL);
}

/* A written page is moved, and away again from there. What comes above what it leaves, joins it or not. */
static void set_emptied(struct trial *trial)
{
	uint64_t from = put(trial, SCENE_EMPTIED, 0, WRITE);
	uint64_t emptied = scene_page(trial, SCENE_EMPTIED, 2);

	if (!from)
		return;
	touch(from);
	if (move(trial, from, 1, emptied, 0) &&
	    move(trial, emptied, 1, scene_page(trial, SCENE_EMPTIED, 5), MREMAP_DONTUNMAP))
		trial->spots[SPOT_EMPTIED].address = put(trial, SCENE_EMPTIED, 3, WRITE);
}

/* Of three locked pages the one in the middle is moved away. */
static void set_locked(struct trial *trial)
{
	uint64_t low = put(trial, SCENE_LOCKED, 0, WRITE);

	if (!low || !put(trial, SCENE_LOCKED, 1, WRITE) || !put(trial, SCENE_LOCKED, 2, WRITE) ||
	    mlock(pointer(low), 3 * trial->page) < 0)
		return;
	if (move(trial, low + trial->page, 1, scene_page(trial, SCENE_LOCKED, 4), MREMAP_DONTUNMAP))
		trial->spots[SPOT_LOCKED].address = low;
}

/* A page that was never written is copied to where it touches itself. */
static void set_copy(struct trial *trial)
{
	uint64_t from = put(trial, SCENE_COPY, 2, WRITE);

	if (from && move(trial, from, 1, from - trial->page, MREMAP_DONTUNMAP))
		trial->spots[SPOT_COPY].address = from;
}

void vmt_trial_set_remap(struct trial *trial)
{
	try_many(trial);
	try_clearing(trial);
	try_order(trial);
	set_emptied(trial);
	set_locked(trial);
	set_copy(trial);
}

void vmt_trial_judge_remap(struct trial *trial)
{
	const struct vmt_spot *spots = trial->spots;
	struct vmt_kernel_rules *rules = trial->rules;

	if (spots[SPOT_EMPTIED].start)
		rules->dontunmap_resets_offset = rule(merged_below(trial, SPOT_EMPTIED));
	if (spots[SPOT_LOCKED].flags & VMT_SPOT_FLAGS_KNOWN)
		rules->dontunmap_splits_locked = rule(spots[SPOT_LOCKED].flags & VMT_SPOT_LOCKED);
	if (spots[SPOT_COPY].start)
		rules->dontunmap_keeps_source = rule(!merged_below(trial, SPOT_COPY));
}
