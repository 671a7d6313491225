/* SPDX-License-Identifier: MIT */
/*
 * test-mlock: mlock, mlock2, munlock, mlockall and munlockall: limits, holes, what is passed over,
 * and what stays locked after a failure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm-calls.h"

#define MLOCK VMT_CALL_MLOCK
#define MLOCK2 VMT_CALL_MLOCK2
#define MUNLOCK VMT_CALL_MUNLOCK
#define MLOCKALL VMT_CALL_MLOCKALL
#define MUNLOCKALL VMT_CALL_MUNLOCKALL
#define ONFAULT_FLAG 1 /* MLOCK_ONFAULT */
#define V "10000-14000 rw-"
#define VDSO "10000-14000 r-x +de sp:[vdso] solid"

static const struct call_case ranges[] = {
	{ "unknown flag before permission", V, MLOCK2, ARGS(0x10000, 0x1000, 2), -EINVAL,
	  .why[0] = VMT_WHY_BAD_FLAGS, .situation = "memlock=0" },
	{ "unknown flag, length 0", V, MLOCK2, ARGS(0x10000, 0, 2), -EINVAL,
	  .why[0] = VMT_WHY_BAD_FLAGS },
	{ "forbidden, even length 0", V, MLOCK, ARGS(0x50000, 0), -EPERM,
	  .why[0] = VMT_WHY_LOCK_FORBIDDEN, .situation = "memlock=0" },
	{ "to unlock is always allowed", "10000-14000 rw- +lo", MUNLOCK, ARGS(0x10000, 0x4000), 0,
	  .after = V, .situation = "memlock=0" },
	{ "length 0 where nothing is", V, MLOCK, ARGS(0x50000, 0), 0, .after = NULL },
	{ "length that wraps to 0", V, MLOCK, ARGS(0x10000, -1ULL), 0, .after = NULL },
	{ "end wraps", V, MLOCK, ARGS(-0x1000ULL, 0x2000), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "limit before an end that wraps", V, MLOCK, ARGS(-0x1000ULL, 0x2000), -ENOMEM,
	  .why[0] = VMT_WHY_LIMIT_MEMLOCK, .situation = "memlock=1000" },
	{ "no limit on what is unlocked", V, MUNLOCK, ARGS(-0x1000ULL, 0x2000), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_WRAPS, .situation = "memlock=1000" },
	{ "more than the limit", V, MLOCK, ARGS(0x10000, 0x4000), -ENOMEM,
	  .why[0] = VMT_WHY_LIMIT_MEMLOCK, .situation = "memlock=3000" },
	{ "more than the limit, with CAP_IPC_LOCK", V, MLOCK, ARGS(0x10000, 0x4000), 0,
	  .after = V " +lo", .situation = "memlock=3000 cap" },
	{ "limit before a hole", V, MLOCK, ARGS(0x50000, 0x4000), -ENOMEM,
	  .why[0] = VMT_WHY_LIMIT_MEMLOCK, .situation = "memlock=3000" },
	{ "as much as the limit", V, MLOCK, ARGS(0x10000, 0x3000), 0,
	  .after = "10000-13000 rw- +lo | 13000-14000 rw-", .situation = "memlock=3fff" },
	{ "what is locked counts once", "10000-13000 rw- +lo | 13000-14000 rw-", MLOCK,
	  ARGS(0x10000, 0x3000), 0, .after = NULL, .situation = "memlock=3000" },
	{ "what is locked elsewhere counts", "10000-13000 rw- +lo | 13000-14000 rw-", MLOCK,
	  ARGS(0x12000, 0x2000), -ENOMEM, .why[0] = VMT_WHY_LIMIT_MEMLOCK,
	  .situation = "memlock=3000" },
	{ "locks", V, MLOCK, ARGS(0x10000, 0x4000), 0, .after = V " +lo",
	  .flags = "rd wr mr mw me lo ac" },
	{ "locks on fault", V, MLOCK2, ARGS(0x10000, 0x4000, ONFAULT_FLAG), 0,
	  .after = V " +lo +lf", .flags = "rd wr mr mw me lo lf ac" },
	{ "mlock2 without flags", V " +lo +lf", MLOCK2, ARGS(0x10000, 0x4000, 0), 0,
	  .after = V " +lo", .flags = "rd wr mr mw me lo ac" },
	{ "mlock takes on-fault away", V " +lo +lf", MLOCK, ARGS(0x10000, 0x4000), 0,
	  .after = V " +lo" },
	{ "unlocks", V " +lo +lf", MUNLOCK, ARGS(0x10000, 0x4000), 0, .after = V,
	  .flags = "rd wr mr mw me ac" },
	{ "start is rounded down, end up", V, MLOCK, ARGS(0x11fff, 2), 0,
	  .after = "10000-11000 rw- | 11000-13000 rw- +lo | 13000-14000 rw-",
	  .why[0] = VMT_WHY_SPLIT },
	{ "merges", "10000-12000 rw- | 12000-13000 rw- +lo | 13000-14000 rw-", MUNLOCK,
	  ARGS(0x12000, 0x1000), 0, .after = V, .why[0] = VMT_WHY_MERGE_BOTH },
	{ "nothing mapped", V, MLOCK, ARGS(0x50000, 0x1000), -ENOMEM, .why[0] = VMT_WHY_HOLE },
	{ "a hole: what is below stays locked", V " | 15000-16000 rw-", MLOCK,
	  ARGS(0x13000, 0x3000), -ENOMEM,
	  .after = "10000-13000 rw- | 13000-14000 rw- +lo | 15000-16000 rw-",
	  .why[0] = VMT_WHY_HOLE },
	{ "a hole when it unlocks", V " +lo", MUNLOCK, ARGS(0x10000, 0x5000), -ENOMEM, .after = V,
	  .why[0] = VMT_WHY_HOLE },
	{ "a split at the limit of VMAs", V, MLOCK, ARGS(0x10000, 0x1000), -ENOMEM,
	  .why[0] = VMT_WHY_SPLIT_LIMIT, .situation = "maps=1" },
	{ "no split at the limit of VMAs", V, MLOCK, ARGS(0x10000, 0x4000), 0, .after = V " +lo",
	  .situation = "maps=1" },
	{ "no access: locked, but not populated", "10000-14000 ---", MLOCK, ARGS(0x10000, 0x4000),
	  -ENOMEM, .after = "10000-14000 --- +lo", .why[0] = VMT_WHY_LOCK_NO_ACCESS },
	{ "no access, on fault", "10000-14000 ---", MLOCK2, ARGS(0x10000, 0x4000, ONFAULT_FLAG), 0,
	  .after = "10000-14000 --- +lo +lf" },
	{ "a hole before no access", "10000-14000 ---", MLOCK, ARGS(0x10000, 0x5000), -ENOMEM,
	  .after = "10000-14000 --- +lo", .why[0] = VMT_WHY_HOLE },
	{ "special mapping is passed over", VDSO, MLOCK, ARGS(0x10000, 0x4000), 0, .after = NULL },
	{ "even a part of it", VDSO, MLOCK, ARGS(0x11000, 0x1000), 0, .after = NULL },
	{ "droppable memory is passed over", "10000-14000 rw- +nr +wf +dd +dp -ac", MLOCK,
	  ARGS(0x10000, 0x4000), 0, .after = NULL },
	{ "huge pages are passed over", "10000-14000 rw-s f7@0 +de +ht", MLOCK,
	  ARGS(0x10000, 0x4000), 0, .after = NULL },
	{ "a seal does not matter", "10000-14000 rw- +sl", MLOCK, ARGS(0x10000, 0x4000), 0,
	  .after = "10000-14000 rw- +lo +sl" },
};

static const struct call_case everything[] = {
	{ "no flag, before permission", V, MLOCKALL, ARGS(0), -EINVAL, .why[0] = VMT_WHY_BAD_FLAGS,
	  .situation = "memlock=0" },
	{ "MCL_ONFAULT alone", V, MLOCKALL, ARGS(MCL_ONFAULT), -EINVAL,
	  .why[0] = VMT_WHY_BAD_FLAGS },
	{ "unknown flag", V, MLOCKALL, ARGS(8 | MCL_CURRENT), -EINVAL,
	  .why[0] = VMT_WHY_BAD_FLAGS },
	{ "forbidden", V, MLOCKALL, ARGS(MCL_CURRENT), -EPERM, .why[0] = VMT_WHY_LOCK_FORBIDDEN,
	  .situation = "memlock=0" },
	{ "more than the limit", V " | 20000-21000 r--", MLOCKALL, ARGS(MCL_CURRENT), -ENOMEM,
	  .why[0] = VMT_WHY_LIMIT_MEMLOCK, .situation = "memlock=4000" },
	{ "as much as the limit", V, MLOCKALL, ARGS(MCL_CURRENT), 0, .after = V " +lo",
	  .situation = "memlock=4000", .at = 0x10000, .flags = "rd wr mr mw me lo ac" },
	{ "the future has no limit yet", V, MLOCKALL, ARGS(MCL_FUTURE), 0, .after = NULL,
	  .situation = "memlock=1000" },
	{ "current, on fault", V, MLOCKALL, ARGS(MCL_CURRENT | MCL_ONFAULT), 0,
	  .after = V " +lo +lf" },
	{ "no access is no error", V " | 20000-21000 ---", MLOCKALL, ARGS(MCL_CURRENT), 0,
	  .after = V " +lo | 20000-21000 --- +lo" },
	{ "special mapping is passed over", VDSO " | 20000-21000 rw-", MLOCKALL, ARGS(MCL_CURRENT),
	  0, .after = VDSO " | 20000-21000 rw- +lo" },
	{ "equal neighbours merge", "10000-11000 rw- +lo | 11000-14000 rw-", MLOCKALL,
	  ARGS(MCL_CURRENT), 0, .after = V " +lo" },
	{ "unlocks everything", "10000-11000 rw- +lo | 11000-14000 rw- +lo +lf | 20000-21000 r--",
	  MUNLOCKALL, ARGS(0), 0, .after = V " | 20000-21000 r--", .situation = "memlock=0" },
};

static void test_ranges(void **state)
{
	(void)state;
	call_run_all(ranges);
}

static void test_everything(void **state)
{
	(void)state;
	call_run_all(everything);
}

/* MCL_FUTURE holds for what is mapped later, until a call without it. */
static void test_future(void **state)
{
	static const struct {
		uint64_t flags; /* of mlockall; 0 is munlockall */
		uint64_t later;
	} cases[] = {
		{ MCL_FUTURE, VMT_VM_LOCKED },
		{ MCL_FUTURE | MCL_ONFAULT, VMT_VM_LOCKED | VMT_VM_LOCKONFAULT },
		{ MCL_CURRENT | MCL_FUTURE, VMT_VM_LOCKED },
		{ MCL_CURRENT, 0 },
		{ MCL_FUTURE, VMT_VM_LOCKED },
		{ 0, 0 },
	};
	uint64_t address = 0x20000;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, V);
	for (size_t i = 0; i < vmt_countof(cases); i++, address += 0x10000) {
		mm_call(&mm, cases[i].flags ? MLOCKALL : MUNLOCKALL, 0, cases[i].flags);
		assert_int_equal(mm.step.expected, 0);
		mm_call(&mm, VMT_CALL_MMAP, (int64_t)address, address, 0x1000, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1ULL, 0);
		assert_int_equal(vmt_find_vma(mm.space, address)->flags &
					 (VMT_VM_LOCKED | VMT_VM_LOCKONFAULT),
				 cases[i].later);
	}
	mm_close(&mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_future),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
