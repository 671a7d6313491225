/* SPDX-License-Identifier: MIT */
/*
 * test-features: the sets of rules by name, and rules that only older kernels have, in the model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmtrace/mm.h"

static void assert_features_equal(const struct vmt_features *a, const struct vmt_features *b)
{
	assert_int_equal(a->profile, b->profile);
	assert_int_equal(a->heap_label_inclusive, b->heap_label_inclusive);
	assert_int_equal(a->modify_needs_both_anon, b->modify_needs_both_anon);
	assert_int_equal(a->new_prefers_next, b->new_prefers_next);
	assert_int_equal(a->close_never_merges, b->close_never_merges);
	assert_int_equal(a->unaccount_unfaulted, b->unaccount_unfaulted);
	assert_int_equal(a->stack_nohuge, b->stack_nohuge);
	assert_int_equal(a->thp_align, b->thp_align);
	assert_int_equal(a->brk_merges_below, b->brk_merges_below);
	assert_int_equal(a->brk_shrinks_holes, b->brk_shrinks_holes);
	assert_int_equal(a->vdso_above_stack, b->vdso_above_stack);
	assert_int_equal(a->mremap_many, b->mremap_many);
	assert_int_equal(a->mseal, b->mseal);
	assert_int_equal(a->guard_flag, b->guard_flag);
	assert_int_equal(a->madvise_split_enomem, b->madvise_split_enomem);
	assert_int_equal(a->droppable, b->droppable);
	assert_int_equal(a->guard_files, b->guard_files);
	assert_int_equal(a->process_advice_any, b->process_advice_any);
	assert_int_equal(a->policy_weighted, b->policy_weighted);
	assert_int_equal(a->mremap_clears_first, b->mremap_clears_first);
	assert_int_equal(a->mremap_looks_first, b->mremap_looks_first);
	assert_int_equal(a->mremap_raw_lengths, b->mremap_raw_lengths);
	assert_int_equal(a->dontunmap_resets_offset, b->dontunmap_resets_offset);
	assert_int_equal(a->dontunmap_splits_locked, b->dontunmap_splits_locked);
	assert_int_equal(a->dontunmap_keeps_source, b->dontunmap_keeps_source);
	assert_int_equal(a->ksm_after_merge, b->ksm_after_merge);
	assert_int_equal(a->zero_thp_align, b->zero_thp_align);
	assert_int_equal(a->uffd_droppable, b->uffd_droppable);
	assert_int_equal(a->huge_hint_down, b->huge_hint_down);
	assert_int_equal(a->pidfd_self, b->pidfd_self);
	assert_int_equal(a->limits_before_cuts, b->limits_before_cuts);
	assert_int_equal(a->vvar_mixed, b->vvar_mixed);
	assert_int_equal(a->vvar_not_io, b->vvar_not_io);
	assert_int_equal(a->ring_not_copied, b->ring_not_copied);
	assert_int_equal(a->wide_addresses, b->wide_addresses);
	assert_int_equal(a->onfault_hidden, b->onfault_hidden);
	assert_memory_equal(a->advice, b->advice, sizeof(a->advice));
	assert_int_equal(a->min_address, b->min_address);
}

static struct vmt_features profile(const char *name)
{
	struct vmt_features features;

	assert_true(vmt_features_profile(name, &features));
	return features;
}

static void unknown_names_set_nothing(void **state)
{
	static const char *const names[] = { "", "6", "6.10", "6.18 ", "5.15.1", "auto" };
	struct vmt_features features = vmt_features_default();
	struct vmt_features before = features;

	(void)state;
	for (size_t i = 0; i < vmt_countof(names); i++) {
		assert_false(vmt_features_profile(names[i], &features));
		assert_features_equal(&features, &before);
	}
}

static void default_is_newest(void **state)
{
	struct vmt_features newest = profile("6.18");
	struct vmt_features features = vmt_features_default();

	(void)state;
	assert_features_equal(&features, &newest);
	assert_int_equal(newest.profile, VMT_PROFILE_6_18);
	assert_int_equal(newest.thp_align, VMT_THP_ALIGN_MULTIPLE);
	assert_true(newest.unaccount_unfaulted && newest.stack_nohuge && newest.mremap_many);
	assert_true(newest.mseal && newest.guard_flag && newest.droppable);
}

/* What 5.15 and 6.1 have in common against 6.18, and what they do not. */
static void older_kernels(void **state)
{
	struct vmt_features v5_15 = profile("5.15");
	struct vmt_features v6_1 = profile("6.1");

	(void)state;
	assert_true(v5_15.heap_label_inclusive && v5_15.modify_needs_both_anon);
	assert_true(v5_15.close_never_merges && v5_15.vdso_above_stack);
	assert_true(v5_15.brk_merges_below && v5_15.brk_shrinks_holes);
	assert_true(v5_15.madvise_split_enomem);
	assert_false(v5_15.new_prefers_next);
	assert_false(v5_15.unaccount_unfaulted || v5_15.stack_nohuge || v5_15.mremap_many);
	assert_false(v5_15.mseal || v5_15.guard_flag || v5_15.droppable);
	assert_int_equal(v5_15.thp_align, VMT_THP_ALIGN_NEVER);
	assert_int_equal(v5_15.profile, VMT_PROFILE_5_15);

	v5_15.profile = VMT_PROFILE_6_1;
	v5_15.new_prefers_next = true;
	v5_15.brk_merges_below = v5_15.brk_shrinks_holes = false;
	v5_15.advice[0] |= 1ULL << 24 | 1ULL << 25; /* MADV_DONTNEED_LOCKED, MADV_COLLAPSE */
	v5_15.madvise_split_enomem = false;
	assert_features_equal(&v6_1, &v5_15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_names_set_nothing),
		cmocka_unit_test(default_is_newest),
		cmocka_unit_test(older_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
