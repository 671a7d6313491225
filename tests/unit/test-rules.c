/* SPDX-License-Identifier: MIT */
/*
 * test-rules: the running kernel's rules, as they are found out by trying. What must come out is
 * known for 6.18 only; that nothing stays behind is so on every kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rules.h"
#include "vmtrace/trace.h"

static volatile sig_atomic_t child_signals;

static void count_signal(int signal)
{
	(void)signal;
	child_signals++;
}

static struct vmt_kernel_rules probe(void)
{
	struct vmt_kernel_rules rules;

	assert_int_equal(vmt_kernel_rules_probe(&rules), 0);
	assert_int_equal(vmt_kernel_rules_probe_ring(&rules), 0);
	return rules;
}

/* Late 6.18 marks guarded VMAs, early 6.18 does not; the lowest address is a setting. */
static void running_kernel_is_6_18(void **state)
{
	struct vmt_features features = vmt_rules("auto");
	struct vmt_features wanted = vmt_rules("6.18");

	(void)state;
	if (strncmp(vmt_kernel_release(), "6.18.", 5) != 0)
		skip();
	assert_int_equal(features.profile, wanted.profile);
	assert_int_equal(features.heap_label_inclusive, wanted.heap_label_inclusive);
	assert_int_equal(features.modify_needs_both_anon, wanted.modify_needs_both_anon);
	assert_int_equal(features.new_prefers_next, wanted.new_prefers_next);
	assert_int_equal(features.close_never_merges, wanted.close_never_merges);
	assert_int_equal(features.unaccount_unfaulted, wanted.unaccount_unfaulted);
	if (features.stack_nohuge) /* the kernel has transparent huge pages */
		assert_int_equal(features.thp_align, wanted.thp_align);
	assert_int_equal(features.guard_files, wanted.guard_files);
	assert_int_equal(features.process_advice_any, wanted.process_advice_any);
	/* Without CONFIG_KSM, CONFIG_MEMORY_FAILURE and the like some are missing. */
	assert_int_equal(features.advice[0] & ~wanted.advice[0], 0);
	assert_int_equal(features.advice[1] & ~wanted.advice[1], 0);
	assert_int_equal(features.brk_merges_below, wanted.brk_merges_below);
	assert_int_equal(features.brk_shrinks_holes, wanted.brk_shrinks_holes);
	assert_int_equal(features.vdso_above_stack, wanted.vdso_above_stack);
	assert_int_equal(features.mremap_many, wanted.mremap_many);
	assert_int_equal(features.madvise_split_enomem, wanted.madvise_split_enomem);
	assert_int_equal(features.droppable, wanted.droppable);
	assert_int_equal(features.policy_weighted, wanted.policy_weighted);
	assert_int_equal(features.mremap_clears_first, wanted.mremap_clears_first);
	assert_int_equal(features.mremap_looks_first, wanted.mremap_looks_first);
	assert_int_equal(features.mremap_raw_lengths, wanted.mremap_raw_lengths);
	assert_int_equal(features.huge_hint_down, wanted.huge_hint_down);
	assert_int_equal(features.pidfd_self, wanted.pidfd_self);
	assert_int_equal(features.limits_before_cuts, wanted.limits_before_cuts);
	assert_int_equal(features.vvar_mixed, wanted.vvar_mixed);
	assert_int_equal(features.vvar_not_io, wanted.vvar_not_io);
	assert_int_equal(features.onfault_hidden, wanted.onfault_hidden);
}

/* Each is found, not merely left at what 6.18 does. */
static void found(void **state)
{
	struct vmt_kernel_rules rules = probe();

	(void)state;
	if (access("/proc/self/smaps", R_OK) != 0)
		skip();
	assert_int_not_equal(rules.heap_label_inclusive, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.modify_needs_both_anon, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.new_prefers_next, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.close_never_merges, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.unaccount_unfaulted, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.stack_nohuge, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.thp_align, VMT_ALIGN_UNKNOWN);
	assert_int_not_equal(rules.brk_shrinks_holes, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.vdso_above_stack, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.mremap_many, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.guard_flag, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.madvise_split_enomem, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.droppable, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.mremap_clears_first, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.mremap_looks_first, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.mremap_raw_lengths, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.dontunmap_resets_offset, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.dontunmap_keeps_source, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.pidfd_self, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.limits_before_cuts, VMT_RULE_UNKNOWN);
}

/* By luck one address may look aligned, or a page lie beside another: not twenty times. */
static void the_same_each_time(void **state)
{
	struct vmt_kernel_rules first = probe();

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct vmt_kernel_rules again = probe();

		assert_memory_equal(&first, &again, sizeof(first));
	}
}

static void no_child_is_left(void **state)
{
	struct sigaction action = { .sa_handler = count_signal };
	struct sigaction before;
	struct vmt_kernel_rules rules;

	(void)state;
	assert_int_equal(sigaction(SIGCHLD, &action, &before), 0);
	child_signals = 0;
	rules = probe();
	assert_int_equal(child_signals, 0);
	assert_int_equal(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	assert_int_equal(errno, ECHILD);

	/* A parent that reaps nobody must not lose what the child found. */
	action.sa_handler = SIG_IGN;
	assert_int_equal(sigaction(SIGCHLD, &action, NULL), 0);
	assert_int_equal(probe().mremap_many, rules.mremap_many);
	assert_int_equal(sigaction(SIGCHLD, &before, NULL), 0);
}

/* Mappings of shared anonymous memory: the page through which the child answers is one. */
static size_t count_shared(void)
{
	struct vmt_names *names = vmt_names_new();
	struct vmt_layout layout = { 0 };
	size_t count = 0;

	assert_int_equal(vmt_proc_maps(getpid(), names, &layout), 0);
	for (size_t i = 0; i < layout.count; i++)
		count += (layout.data[i].perms & VMT_PERM_SHARED) != 0;
	vmt_layout_deinit(&layout);
	vmt_names_free(names);
	return count;
}

/* The child gives its heap back and maps this and that; here nothing happens. */
static void memory_is_untouched(void **state)
{
	char *text = vmt_strdup("on the heap");
	size_t before = count_shared();
	void *top = sbrk(0);

	(void)state;
	probe();
	assert_ptr_equal(sbrk(0), top);
	assert_int_equal(count_shared(), before);
	assert_string_equal(text, "on the heap");
	free(text);
}

/* Where a scene cannot be set its rule stays unknown, the others are found all the same. */
static void without_room_for_a_heap(void **state)
{
	struct rlimit none = { 0 };
	struct rlimit before;
	struct vmt_kernel_rules rules;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_DATA, &before), 0);
	none.rlim_cur = 1;
	none.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_DATA, &none), 0);
	rules = probe();
	assert_int_equal(setrlimit(RLIMIT_DATA, &before), 0);
	assert_int_equal(rules.brk_merges_below, VMT_RULE_UNKNOWN);
	assert_int_equal(rules.heap_label_inclusive, VMT_RULE_UNKNOWN);
	assert_int_equal(rules.unaccount_unfaulted, VMT_RULE_UNKNOWN);
	assert_int_not_equal(rules.thp_align, VMT_ALIGN_UNKNOWN);
	assert_int_not_equal(rules.vdso_above_stack, VMT_RULE_UNKNOWN);
}

static void names(void **state)
{
	(void)state;
	assert_true(vmt_rules_known(NULL) && vmt_rules_known("auto"));
	assert_true(vmt_rules_known("5.15") && vmt_rules_known("6.1") && vmt_rules_known("6.18"));
	assert_false(vmt_rules_known("") || vmt_rules_known("6.2") || vmt_rules_known("Auto"));
	assert_int_equal(vmt_rules("5.15").profile, VMT_PROFILE_5_15);
	assert_true(vmt_rules("6.1").new_prefers_next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(running_kernel_is_6_18),
		cmocka_unit_test(found),
		cmocka_unit_test(the_same_each_time),
		cmocka_unit_test(no_child_is_left),
		cmocka_unit_test(memory_is_untouched),
		cmocka_unit_test(without_room_for_a_heap),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
