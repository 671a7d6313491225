/* SPDX-License-Identifier: MIT */
/*
 * test-fork: the copy of a space. Layouts are mm-fixture.h's text; a child's anon_vmas are numbered
 * on from where the parent's were at the fork.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm-fixture.h"

/* What the child's steps told. */
struct told {
	struct mm_mirror mirror;
	struct vmt_str steps; /* "fork 1000-3000 match | ..." */
};

static void tell(void *data, struct vmt_step *step)
{
	static const char *const checks[] = { "unchecked", "match", "adjusted" };
	struct told *told = data;
	const char *cause = step->cause == VMT_CAUSE_FORK    ? "fork"
			    : step->cause == VMT_CAUSE_BOOT  ? "boot"
			    : step->cause == VMT_CAUSE_FOUND ? "found"
							     : "?";

	mm_mirror_apply(&told->mirror, step);
	vmt_str_printf(&told->steps, "%s%u %s %" PRIx64 "-%" PRIx64 " %s%s%s",
		       told->steps.length ? " | " : "", step->number, cause, step->start, step->end,
		       checks[step->check], step->reason ? " " : "",
		       step->reason ? vmt_reason_name(step->reason) : "");
}

static void told_deinit(struct told *told)
{
	vmt_array_deinit(&told->mirror.rows);
	vmt_str_deinit(&told->steps);
}

/* Forks @mm's space; @layout may be NULL. */
static struct vmt_space *fork_space(struct mm *mm, const struct vmt_layout *layout,
				    struct told *ret_told)
{
	struct vmt_space *child;

	*ret_told = (struct told){ 0 };
	child = vmt_space_fork(mm->space, 2, layout, tell, NULL, ret_told);
	mm_mirror_check(&ret_told->mirror, child);
	return child;
}

static void assert_space(struct mm *mm, const char *name, const struct vmt_space *space,
			 const char *wanted)
{
	const char *have = mm_text_of(mm, space);

	if (strcmp(have, wanted) != 0)
		fail_msg("%s:\n  have   %s\n  wanted %s", name, have, wanted);
}

/* ---- What is copied ----------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *parent;
	const char *child;
} cases[] = {
	{ "empty", "", "" },
	{ "unfaulted stays so", "1000-3000 rw- | 5000-6000 r-x", "1000-3000 rw- | 5000-6000 r-x" },
	{ "faulted: a new anon_vma, by fork", "1000-3000 rw- a1", "1000-3000 rw- a2+" },
	{ "by fork once more", "1000-3000 rw- a1+", "1000-3000 rw- a2+" },
	/* even two that shared one */
	{ "each its own", "1000-2000 r-- a1 +ac | 2000-3000 rw- a1",
	  "1000-2000 r-- a2+ +ac | 2000-3000 rw- a3+" },
	{ "files, offsets, names, policies", "1000-2000 r-- f7@3 p2 | 4000-5000 rw- n:[anon:x] @9",
	  "1000-2000 r-- f7@3 p2 | 4000-5000 rw- @9 n:[anon:x]" },
	{ "flags", "1000-2000 rw- +gd +sr +dd +nh +sl close",
	  "1000-2000 rw- +gd +sr +dd +nh +sl close" },
	{ "shared", "1000-3000 rw-s f9@0", "1000-3000 rw-s f9@0" },
	{ "vdso", "1000-3000 r-x +de sp:[vdso] solid", "1000-3000 r-x +de sp:[vdso] solid" },
	/* MADV_DONTFORK, MADV_WIPEONFORK, mlock */
	{ "dontcopy is left out", "1000-2000 rw- | 2000-3000 rw- +dc | 3000-4000 rw- a1",
	  "1000-2000 rw- | 3000-4000 rw- a2+" },
	{ "wipeonfork starts empty", "1000-3000 rw- a1 +wf", "1000-3000 rw- +wf" },
	{ "wipeonfork, forked before", "1000-3000 rw- a1+ +wf", "1000-3000 rw- +wf" },
	{ "locks are not inherited", "1000-3000 rw- a1 +lo +lf", "1000-3000 rw- a2+" },
	{ "userfaultfd is not inherited", "1000-3000 rw- +um +uw +ui u3", "1000-3000 rw-" },
	/* nothing merges, not even what has become equal */
	{ "equal neighbours", "1000-2000 rw- +lo | 2000-3000 rw- | 3000-4000 rw-",
	  "1000-2000 rw- | 2000-3000 rw- | 3000-4000 rw-" },
};

static void test_copies(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct vmt_space *child;
		struct told told;
		struct mm mm;
		char *before;

		mm_open(&mm);
		mm_build(&mm, cases[i].parent);
		before = vmt_strdup(mm_text_of(&mm, mm.space));
		child = fork_space(&mm, NULL, &told);
		assert_space(&mm, cases[i].name, child, cases[i].child);
		mm_assert(&mm, "the parent is as before", before);
		assert_int_equal(vmt_space_steps(mm.space), 1);
		free(before);
		told_deinit(&told);
		vmt_space_free(child);
		mm_close(&mm);
	}
}

static bool written(void *data, uint64_t start, uint64_t end)
{
	(void)end;
	return start == *(const uint64_t *)data;
}

/* Whether the parent's pages were written is asked first: only then has the child an anon_vma. */
static void test_look(void **state)
{
	uint64_t at = 0x5000;
	struct vmt_space *child;
	struct told told;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-2000 rw- | 5000-6000 rw-");
	vmt_space_set_look(mm.space, written, &at);
	child = fork_space(&mm, NULL, &told);
	mm_assert(&mm, "parent", "1000-2000 rw- | 5000-6000 rw- a1");
	assert_space(&mm, "child", child, "1000-2000 rw- | 5000-6000 rw- a1+");
	told_deinit(&told);
	vmt_space_free(child);
	mm_close(&mm);
}

static void test_fields(void **state)
{
	struct vmt_space *child;
	struct told told;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm.space->exe = "/bin/a";
	mm.space->interp = "/lib/ld.so";
	mm.space->arch = &vmt_arch_i386;
	mm.space->task_size = 0xffffe000;
	mm.space->mmap_base = 0xf7ffe000;
	mm.space->legacy_base = 0x55555000;
	mm.space->start_brk = 0x4000;
	mm.space->brk = 0x6000;
	mm.space->brk_known = true;
	mm.space->start_stack = 0x1800;
	mm.space->rights.limits[VMT_LIMIT_DATA] = 12345;
	mm.space->features.new_prefers_next = true;
	vmt_space_set_max_map_count(mm.space, 77);
	mm_build(&mm, "1000-2000 rw- +gd | 4000-6000 rw-");
	child = fork_space(&mm, NULL, &told);
	assert_int_equal(vmt_space_number(child), 2);
	assert_string_equal(vmt_space_exe(child), "/bin/a");
	assert_string_equal(vmt_space_interp(child), "/lib/ld.so");
	assert_ptr_equal(child->arch, &vmt_arch_i386);
	assert_int_equal(child->task_size, 0xffffe000);
	assert_int_equal(child->mmap_base, 0xf7ffe000);
	assert_int_equal(child->legacy_base, 0x55555000);
	assert_int_equal(child->rights.personality, VMT_ADDR_NO_RANDOMIZE);
	assert_int_equal(child->brk, 0x6000);
	assert_int_equal(child->rights.limits[VMT_LIMIT_DATA], 12345);
	assert_true(child->features.new_prefers_next);
	assert_int_equal(child->max_map_count, 77);
	/* the labels follow from the fields */
	assert_string_equal(told.mirror.rows.data[0].map.name, "[stack]");
	assert_string_equal(told.mirror.rows.data[1].map.name, "[heap]");
	told_deinit(&told);
	vmt_space_free(child);
	mm_close(&mm);
}

/* Gate pages first, each VMA its own step, and its history begins there. */
static void test_steps(void **state)
{
	const struct vmt_mapping gate = { .start = 0xffffffffff600000,
					  .end = 0xffffffffff601000,
					  .perms = VMT_PERM_EXEC,
					  .gate = true,
					  .name = "[vsyscall]" };
	struct vmt_view_list list;
	struct vmt_space *child;
	struct told told;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	vmt_array_push(&mm.space->gates, gate);
	vmt_array_push(&mm.space->gate_steps, 0);
	mm_begin(&mm);
	vmt_step_gate(&mm.step, &gate);
	mm_end(&mm);
	mm_build(&mm, "1000-2000 rw- | 2000-3000 rw- +dc | 5000-6000 r-- f7@1");
	child = fork_space(&mm, NULL, &told);
	assert_string_equal(vmt_str_text(&told.steps),
			    "0 boot ffffffffff600000-ffffffffff601000 match | "
			    "1 fork 1000-2000 unchecked | 2 fork 2000-3000 unchecked | "
			    "3 fork 5000-6000 unchecked");
	vmt_space_view(child, &list);
	assert_int_equal(list.rows.count, 3);
	for (size_t i = 0; i < 3; i++) {
		static const unsigned made_by[] = { 1, 3, 0 };

		assert_int_equal(list.rows.data[i].step_count, 1);
		assert_int_equal(list.step_numbers.data[list.rows.data[i].first_step], made_by[i]);
	}
	vmt_view_list_deinit(&list);
	told_deinit(&told);
	vmt_space_free(child);
	mm_close(&mm);
}

/* ---- Against what the kernel shows of the child --------------------------------------------- */

static void test_layout(void **state)
{
	static const struct {
		const char *name;
		const char *kernel;
		const char *steps;
		const char *child;
	} checks[] = {
		{ "the same", "1000-2000 rw- | 5000-7000 r-- f7@1",
		  "0 fork 1000-2000 match | 1 fork 5000-7000 match",
		  "1000-2000 rw- a2+ | 5000-7000 r-- f7@1" },
		{ "one is gone", "5000-7000 r-- f7@1",
		  "0 fork 1000-2000 adjusted order-inferred | 1 fork 5000-7000 match | "
		  "2 found 0-0 adjusted order-inferred",
		  "5000-7000 r-- f7@1" },
		{ "one is cut", "1000-2000 rw- | 5000-6000 r-- f7@1",
		  "0 fork 1000-2000 match | 1 fork 5000-7000 adjusted order-inferred | "
		  "2 found 0-0 adjusted order-inferred",
		  "1000-2000 rw- a2+ | 5000-6000 r-- f7@1" },
		{ "one is new", "1000-2000 rw- | 3000-4000 r-x | 5000-7000 r-- f7@1",
		  "0 fork 1000-2000 match | 1 fork 5000-7000 match | "
		  "2 found 0-0 adjusted order-inferred",
		  "1000-2000 rw- a2+ | 3000-4000 r-x | 5000-7000 r-- f7@1" },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(checks); i++) {
		struct vmt_layout rows;
		struct vmt_space *child;
		struct told told;
		struct mm mm;

		mm_open(&mm);
		mm_build(&mm, "1000-2000 rw- a1 | 5000-7000 r-- f7@1");
		rows = mm_rows(&mm, checks[i].kernel);
		child = fork_space(&mm, &rows, &told);
		if (strcmp(vmt_str_text(&told.steps), checks[i].steps) != 0)
			fail_msg("%s:\n  have   %s\n  wanted %s", checks[i].name,
				 vmt_str_text(&told.steps), checks[i].steps);
		assert_space(&mm, checks[i].name, child, checks[i].child);
		vmt_array_deinit(&rows);
		told_deinit(&told);
		vmt_space_free(child);
		mm_close(&mm);
	}
}

/* ---- Afterwards --------------------------------------------------------------------------- */

/*
 * In the child, what the parent had written absorbs nothing new: the break grows into a VMA of its
 * own, and a mapping beside it stays apart. What the parent had not written merges.
 */
static void test_child_does_not_merge(void **state)
{
	struct mm_mirror mirror;
	struct vmt_space *child;
	struct told told;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm.space->start_brk = 0x4000;
	mm.space->brk = 0x6000;
	mm.space->brk_known = true;
	mm_build(&mm, "4000-6000 rw- a1 | 20000-22000 rw- | 30000-32000 rw- a3");
	child = fork_space(&mm, NULL, &told);
	/* the fixture's space is the child from here on */
	mirror = mm.mirror;
	mm.mirror = told.mirror;
	vmt_space_free(mm.space);
	mm.space = child;
	mm_call(&mm, VMT_CALL_BRK, 0x7000, 0x7000);
	assert_true(mm_told(&mm, VMT_WHY_APART_FORKED));
	mm_call(&mm, VMT_CALL_MMAP, 0x22000, 0x22000, 0x1000, 3, 0x32, UINT64_MAX);
	mm_call(&mm, VMT_CALL_MMAP, 0x32000, 0x32000, 0x1000, 3, 0x32, UINT64_MAX);
	mm_assert(&mm, "child",
		  "4000-6000 rw- a4+ | 6000-7000 rw- | 20000-23000 rw- | "
		  "30000-32000 rw- a5+ | 32000-33000 rw-");
	/* the new part grows on, as it is plain */
	mm_call(&mm, VMT_CALL_BRK, 0x9000, 0x9000);
	mm_assert(&mm, "child",
		  "4000-6000 rw- a4+ | 6000-9000 rw- | 20000-23000 rw- | "
		  "30000-32000 rw- a5+ | 32000-33000 rw-");
	vmt_array_deinit(&mirror.rows);
	vmt_str_deinit(&told.steps);
	mm_close(&mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies), cmocka_unit_test(test_look),
		cmocka_unit_test(test_fields), cmocka_unit_test(test_steps),
		cmocka_unit_test(test_layout), cmocka_unit_test(test_child_does_not_merge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
