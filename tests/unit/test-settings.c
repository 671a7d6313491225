/* SPDX-License-Identifier: MIT */
/*
 * test-settings: the calls that change what later ones may do: prctl, arch_prctl, personality,
 * setrlimit, prlimit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/prctl.h>
#include <sys/resource.h>

#include "mm-calls.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define V "10000-14000 rw-"
#define VDSO "10000-14000 r-x +de sp:[vdso] solid"
#define PRCTL VMT_CALL_PRCTL
#define SET_MDWE 65
#define SET_MEMORY_MERGE 67
#define NAME(start, length) ARGS(PR_SET_VMA, PR_SET_VMA_ANON_NAME, start, length, 0x1000)

static const struct call_case settings[] = {
	{ "names a part", V, PRCTL, NAME(0x11000, 0x1000), 0,
	  .after = "10000-11000 rw- | 11000-12000 rw- n:[anon:x] | 12000-14000 rw-", .text = "x" },
	{ "takes a name away", "10000-12000 rw- | 12000-14000 rw- n:[anon:x]", PRCTL,
	  NAME(0x12000, 0x2000), 0, .after = V, .text = "" },
	{ "equal names merge", "10000-12000 rw- n:[anon:x] | 12000-14000 rw-", PRCTL,
	  NAME(0x12000, 0x2000), 0, .after = V " n:[anon:x]", .text = "x" },
	{ "names are refused", V, PRCTL, NAME(0x10000, 0x1000), -EINVAL,
	  .why[0] = VMT_WHY_NAME_REFUSED, .text = "[", .open = true },
	{ "PR_SET_MM is refused", V, PRCTL, ARGS(PR_SET_MM, PR_SET_MM_BRK, 0x12000, 0, 0), -EPERM,
	  .why[0] = VMT_WHY_SET_MM_REFUSED, .open = true },
	{ "all private memory may merge its pages",
	  V " | 20000-21000 rw-s f7@0 | 21000-22000 r-x +de sp:[vdso] solid | 30000-31000 rw- f7@0",
	  PRCTL, ARGS(SET_MEMORY_MERGE, 1), 0,
	  .after = V " +mg | 20000-21000 rw-s f7@0 | 21000-22000 r-x +de sp:[vdso] solid | "
		     "30000-31000 rw- f7@0 +mg" },
	{ "which merges no VMAs", "10000-12000 rw- +mg | 12000-14000 rw-", PRCTL,
	  ARGS(SET_MEMORY_MERGE, 1), 0, .after = "10000-12000 rw- +mg | 12000-14000 rw- +mg" },
	{ "and back", V " +mg", PRCTL, ARGS(SET_MEMORY_MERGE, 0), 0, .after = V,
	  .situation = "ksm" },
	{ "a second vdso", VDSO, VMT_CALL_ARCH_PRCTL, ARGS(VMT_ARCH_MAP_VDSO_64, 0x50000), -EEXIST,
	  .why[0] = VMT_WHY_VDSO_THERE },
	{ "a vdso of unknown size", V, VMT_CALL_ARCH_PRCTL, ARGS(VMT_ARCH_MAP_VDSO_64, 0x50000),
	  0x2000, .after = NULL, .open = true },
	{ "no such call of a 32-bit program", "", VMT_CALL_ARCH_PRCTL,
	  ARGS(VMT_ARCH_MAP_VDSO_64, 0x50000), -EINVAL, .why[0] = VMT_WHY_BAD_FLAGS,
	  .situation = "i386" },
	{ "personality, asked", V, VMT_CALL_PERSONALITY, ARGS(UINT32_MAX),
	  VMT_ADDR_NO_RANDOMIZE | VMT_READ_IMPLIES_EXEC, .after = NULL, .situation = "rie" },
	{ "personality, set", V, VMT_CALL_PERSONALITY, ARGS(0), VMT_ADDR_NO_RANDOMIZE,
	  .after = NULL },
};

static void test_settings(void **state)
{
	(void)state;
	call_run_all(settings);
}

/* A mapping at 0x20000, and what the model thinks of it. */
static int64_t try_map(struct mm *mm, uint64_t prot, int64_t result)
{
	mm_call(mm, VMT_CALL_MMAP, result, 0x20000, 0x2000, prot, ANON | MAP_FIXED, -1ULL, 0);
	return mm->step.expected;
}

/* Settings decide what later calls may do. */
static void test_later(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "10000-11000 rw-");
	mm_call(&mm, VMT_CALL_PERSONALITY, VMT_ADDR_NO_RANDOMIZE,
		VMT_ADDR_NO_RANDOMIZE | VMT_READ_IMPLIES_EXEC);
	assert_int_equal(try_map(&mm, PROT_READ, 0x20000), 0x20000);
	mm_assert(&mm, "read implies execute", "10000-11000 rw- | 20000-22000 r-x");
	mm_call(&mm, PRCTL, 0, SET_MDWE, 1);
	assert_int_equal(try_map(&mm, RW | PROT_EXEC, -EACCES), -EACCES);
	mm_assert_told(&mm, "PR_SET_MDWE", VMT_WHY_MDWE);
	mm_call(&mm, PRCTL, -EPERM, SET_MDWE, 0);
	assert_int_equal(try_map(&mm, RW | PROT_EXEC, -EACCES), -EACCES);
	mm_close(&mm);
}

/* Only what a process sets for itself counts. */
static void test_limits(void **state)
{
	static const struct {
		uint64_t resource;
		uint64_t prot;
		int64_t errno_wanted;
		enum vmt_why_id why;
	} cases[] = {
		{ RLIMIT_AS, PROT_READ, -ENOMEM, VMT_WHY_LIMIT_AS },
		{ RLIMIT_DATA, RW, -ENOMEM, VMT_WHY_LIMIT_DATA },
		{ RLIMIT_MEMLOCK, PROT_READ, -EAGAIN, VMT_WHY_LIMIT_MEMLOCK },
		{ RLIMIT_NOFILE, RW, 0x20000, VMT_WHY_NONE },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		for (int way = 0; way < 5; way++) {
			int64_t wanted = way < 3 ? cases[i].errno_wanted : 0x20000;
			struct mm mm;

			mm_open(&mm);
			mm_build(&mm, "");
			if (cases[i].resource == RLIMIT_MEMLOCK)
				mm_call(&mm, VMT_CALL_MLOCKALL, 0, MCL_FUTURE);
			mm.event.words[0] = mm.event.words[1] = 0x1000;
			mm.event.words_valid = way == 3 ? 0 : 2;
			if (way == 0)
				mm_call(&mm, VMT_CALL_SETRLIMIT, 0, cases[i].resource, 0x1000);
			else
				mm_call(&mm, VMT_CALL_PRLIMIT64, 0,
					way == 1   ? 0
					: way == 4 ? 4212
						   : 4211,
					cases[i].resource, 0x1000, 0);
			assert_int_equal(try_map(&mm, cases[i].prot, wanted), wanted);
			mm_assert_told(&mm, "limit", way < 3 ? cases[i].why : VMT_WHY_NONE);
			mm_close(&mm);
		}
	}
}

/* PR_SET_MM moves the labels. */
static void test_set_mm(void **state)
{
	struct vmt_mapping map;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "10000-14000 rw- | 30000-31000 rw-");
	mm_call(&mm, PRCTL, 0, PR_SET_MM, PR_SET_MM_START_BRK, 0x10000, 0, 0);
	mm_call(&mm, PRCTL, 0, PR_SET_MM, PR_SET_MM_BRK, 0x14000, 0, 0);
	mm_call(&mm, PRCTL, 0, PR_SET_MM, PR_SET_MM_START_STACK, 0x30800, 0, 0);
	assert_false(mm.step.predicted);
	assert_true(vmt_space_find(mm.space, 0x10000, &map));
	assert_string_equal(map.name, "[heap]");
	assert_true(vmt_space_find(mm.space, 0x30000, &map));
	assert_string_equal(map.name, "[stack]");
	mm_call(&mm, VMT_CALL_BRK, 0x12000, 0x12000);
	assert_int_equal(mm.step.expected, 0x12000);
	mm_assert(&mm, "shrunk", "10000-12000 rw- | 30000-31000 rw-");
	mm_close(&mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_set_mm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
