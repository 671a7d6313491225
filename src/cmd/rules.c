/* SPDX-License-Identifier: MIT */
/*
 * From what the running kernel was found to do (struct vmt_kernel_rules) to the model's rules
 * (struct vmt_features).
 */
#include "rules.h"

#include <stdio.h>
#include <string.h>

#include "vmtrace/trace.h"

static bool is_auto(const char *name)
{
	return !name || strcmp(name, "auto") == 0;
}

bool vmt_rules_known(const char *name)
{
	struct vmt_features features;

	return is_auto(name) || vmt_features_profile(name, &features);
}

/*
 * The profile whose functions the running kernel has: names follow the release, not what a kernel
 * does. The maple tree came with 6.1, mm/vma.c with 6.12.
 */
static enum vmt_profile profile_of_release(const char *release)
{
	unsigned major, minor;

	if (sscanf(release, "%u.%u", &major, &minor) != 2)
		return VMT_PROFILE_6_18;
	if (major < 6 || (major == 6 && minor < 1))
		return VMT_PROFILE_5_15;
	return major == 6 && minor < 12 ? VMT_PROFILE_6_1 : VMT_PROFILE_6_18;
}

static void take(enum vmt_rule found, bool *rule)
{
	if (found != VMT_RULE_UNKNOWN)
		*rule = found == VMT_RULE_YES;
}

static void take_found(const struct vmt_kernel_rules *found, struct vmt_features *features)
{
	take(found->heap_label_inclusive, &features->heap_label_inclusive);
	take(found->modify_needs_both_anon, &features->modify_needs_both_anon);
	take(found->new_prefers_next, &features->new_prefers_next);
	take(found->close_never_merges, &features->close_never_merges);
	take(found->unaccount_unfaulted, &features->unaccount_unfaulted);
	take(found->stack_nohuge, &features->stack_nohuge);
	take(found->brk_merges_below, &features->brk_merges_below);
	take(found->brk_shrinks_holes, &features->brk_shrinks_holes);
	take(found->vdso_above_stack, &features->vdso_above_stack);
	take(found->mremap_many, &features->mremap_many);
	take(found->mseal, &features->mseal);
	take(found->guard_flag, &features->guard_flag);
	take(found->table_reclaim, &features->table_reclaim);
	take(found->madvise_split_enomem, &features->madvise_split_enomem);
	take(found->droppable, &features->droppable);
	take(found->guard_files, &features->guard_files);
	take(found->process_advice_any, &features->process_advice_any);
	take(found->policy_weighted, &features->policy_weighted);
	take(found->mremap_clears_first, &features->mremap_clears_first);
	take(found->mremap_looks_first, &features->mremap_looks_first);
	take(found->mremap_raw_lengths, &features->mremap_raw_lengths);
	take(found->dontunmap_resets_offset, &features->dontunmap_resets_offset);
	take(found->dontunmap_splits_locked, &features->dontunmap_splits_locked);
	take(found->dontunmap_keeps_source, &features->dontunmap_keeps_source);
	take(found->ksm_after_merge, &features->ksm_after_merge);
	take(found->zero_thp_align, &features->zero_thp_align);
	take(found->uffd_droppable, &features->uffd_droppable);
	take(found->huge_hint_down, &features->huge_hint_down);
	take(found->pidfd_self, &features->pidfd_self);
	take(found->limits_before_cuts, &features->limits_before_cuts);
	take(found->vvar_mixed, &features->vvar_mixed);
	take(found->vvar_not_io, &features->vvar_not_io);
	take(found->wide_addresses, &features->wide_addresses);
	take(found->onfault_hidden, &features->onfault_hidden);
	if (found->advice[0] | found->advice[1])
		memcpy(features->advice, found->advice, sizeof(features->advice));
	if (found->min_address_known)
		features->min_address = found->min_address;
	switch (found->thp_align) {
	case VMT_ALIGN_UNKNOWN:
		break;
	case VMT_ALIGN_NEVER:
		features->thp_align = VMT_THP_ALIGN_NEVER;
		break;
	case VMT_ALIGN_FROM_2M:
		features->thp_align = VMT_THP_ALIGN_ANY;
		break;
	case VMT_ALIGN_MULTIPLES:
		features->thp_align = VMT_THP_ALIGN_MULTIPLE;
		break;
	}
}

struct vmt_features vmt_rules(const char *name)
{
	struct vmt_features features = vmt_features_default();
	struct vmt_kernel_rules found;

	if (!is_auto(name)) {
		vmt_features_profile(name, &features);
		return features;
	}
	features.profile = profile_of_release(vmt_kernel_release());
	if (vmt_kernel_rules_probe(&found) == 0)
		take_found(&found, &features);
	return features;
}

void vmt_rules_rings(const char *name, struct vmt_features *features)
{
	struct vmt_kernel_rules found = { 0 };

	if (is_auto(name) && vmt_kernel_rules_probe_ring(&found) == 0)
		take(found.ring_not_copied, &features->ring_not_copied);
}

struct vmt_settings vmt_rules_settings(const char *name)
{
	struct vmt_kernel_facts facts;

	vmt_kernel_facts(&facts);
	return (struct vmt_settings){
		.features = vmt_rules(name),
		.max_map_count = facts.max_map_count,
		.min_address = facts.mmap_min_addr,
		.overcommit = facts.overcommit == 1   ? VMT_OVERCOMMIT_ALWAYS
			      : facts.overcommit == 2 ? VMT_OVERCOMMIT_NEVER
						      : VMT_OVERCOMMIT_GUESS,
		.memory_pages = facts.memory_bytes / facts.page_size_bytes,
		.possible_cpus = facts.possible_cpus,
		.pkeys = facts.pkeys,
		.shmem_unit_bytes = facts.shmem_unit_bytes,
	};
}
