/* SPDX-License-Identifier: MIT */
/*
 * The rules that differ between kernels, as sets (struct vmt_features): what three long-lived
 * kernels do, as they were released. 6.18 is its late form, with VM_MAYBE_GUARD. The lowest address
 * is a setting, not a rule; the sets have the usual one.
 */
#include <string.h>

#include "vmtrace/mm.h"

enum {
	USUAL_MIN_ADDRESS = 0x10000 /* CONFIG_LSM_MMAP_MIN_ADDR of most distributions */
};

/* MADV_NORMAL to DONTNEED; FREE to DOFORK, MERGEABLE to KEEPONFORK, COLD, PAGEOUT; POPULATE (5.14) */
#define ADVICE_5_15 (0x1fULL | 0xfffULL << 8 | 0xfULL << 20)
#define ADVICE_6_1 (ADVICE_5_15 | 1ULL << 24 | 1ULL << 25) /* DONTNEED_LOCKED, COLLAPSE */
/* numbers from 64 on */
#define ADVICE_POISON (3ULL << (100 - 64)) /* HWPOISON, SOFT_OFFLINE */
#define ADVICE_GUARD (3ULL << (102 - 64)) /* 6.13 */

static const char *const profile_names[VMT_PROFILE_COUNT] = {
	[VMT_PROFILE_5_15] = "5.15",
	[VMT_PROFILE_6_1] = "6.1",
	[VMT_PROFILE_6_18] = "6.18",
};

static const struct vmt_features profiles[VMT_PROFILE_COUNT] = {
	[VMT_PROFILE_5_15] = {
		.profile = VMT_PROFILE_5_15,
		.heap_label_inclusive = true,
		.modify_needs_both_anon = true,
		.close_never_merges = true,
		.thp_align = VMT_THP_ALIGN_NEVER,
		.brk_merges_below = true,
		.brk_shrinks_holes = true,
		.vdso_above_stack = true,
		.madvise_split_enomem = true,
		.mremap_clears_first = true,
		.mremap_looks_first = true,
		.mremap_raw_lengths = true,
		.huge_hint_down = true,
		.limits_before_cuts = true,
		.onfault_hidden = true,
		.advice = { ADVICE_5_15, ADVICE_POISON },
		.min_address = USUAL_MIN_ADDRESS,
	},
	[VMT_PROFILE_6_1] = {
		.profile = VMT_PROFILE_6_1,
		.heap_label_inclusive = true,
		.modify_needs_both_anon = true,
		.new_prefers_next = true,
		.advice = { ADVICE_6_1, ADVICE_POISON },
		.close_never_merges = true,
		.thp_align = VMT_THP_ALIGN_NEVER,
		.vdso_above_stack = true,
		.mremap_clears_first = true,
		.mremap_looks_first = true,
		.mremap_raw_lengths = true,
		.huge_hint_down = true,
		.limits_before_cuts = true,
		.onfault_hidden = true,
		.min_address = USUAL_MIN_ADDRESS,
	},
	[VMT_PROFILE_6_18] = {
		.profile = VMT_PROFILE_6_18,
		.unaccount_unfaulted = true,
		.stack_nohuge = true,
		.thp_align = VMT_THP_ALIGN_MULTIPLE,
		.mremap_many = true,
		.mseal = true,
		.guard_flag = true,
		.table_reclaim = true,
		.droppable = true,
		.advice = { ADVICE_6_1, ADVICE_POISON | ADVICE_GUARD },
		.guard_files = true,
		.process_advice_any = true,
		.policy_weighted = true,
		.zero_thp_align = true,
		.pidfd_self = true,
		.min_address = USUAL_MIN_ADDRESS,
	},
};

struct vmt_features vmt_features_default(void)
{
	return profiles[VMT_PROFILE_6_18];
}

bool vmt_features_profile(const char *name, struct vmt_features *ret_features)
{
	for (size_t i = 0; i < vmt_countof(profiles); i++) {
		if (strcmp(profile_names[i], name) == 0) {
			*ret_features = profiles[i];
			return true;
		}
	}
	return false;
}
