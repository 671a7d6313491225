/* SPDX-License-Identifier: MIT */
/* test-what: what each step did, in the words of the log. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake-step.h"
#include "vmtrace/annotate.h"

#define LIBC "/usr/lib/libc.so.6"

static void check_what(struct fake *fake, const char *expected)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };

	vmt_what(&fake->step, &text);
	assert_string_equal(vmt_str_text(&text), expected);
	fake_deinit(fake);
}

static void check_cause(enum vmt_cause cause, unsigned index, const char *file,
			const char *expected)
{
	struct fake fake;

	fake_cause(&fake, 1, cause);
	fake.step.index = index;
	fake.step.file_name = file;
	check_what(&fake, expected);
}

static void check_call(enum vmt_call_id call, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
		       int64_t result, const char *expected)
{
	struct fake fake;

	fake_call(&fake, 1, call, a0, a1, a2, a3, UINT64_MAX, 0);
	fake_return(&fake, result);
	check_what(&fake, expected);
}

static void test_causes(void **state)
{
	struct fake fake;

	(void)state;
	check_cause(VMT_CAUSE_BOOT, 0, "", "gate page, there since boot");
	check_cause(VMT_CAUSE_EXEC_STACK, 0, "", "prepare stack");
	check_cause(VMT_CAUSE_EXEC_SEGMENT, 1, "/home/u/a.out", "map 1st segment of a.out");
	check_cause(VMT_CAUSE_EXEC_BSS, 4, "/home/u/a.out", "map bss of a.out");
	check_cause(VMT_CAUSE_INTERP_SEGMENT, 2, "/lib/ld-linux-x86-64.so.2",
		    "map 2nd segment of ld-linux-x86-64.so.2");
	check_cause(VMT_CAUSE_INTERP_BSS, 4, "/lib/ld-linux.so.2", "map bss of ld-linux.so.2");
	check_cause(VMT_CAUSE_FORK, 0, "/home/u/a.out", "not inherited from the parent");
	fake_cause(&fake, 1, VMT_CAUSE_FORK);
	fake_added(&fake, 0x1000, 0x2000, VMT_PERM_READ, "/home/u/a.out", 1);
	check_what(&fake, "inherited from the parent");
	check_cause(VMT_CAUSE_STACK_GROWTH, 0, "", "stack grew");
	check_cause(VMT_CAUSE_FOUND, 0, "", "found at attach");
	fake_cause(&fake, 1, VMT_CAUSE_FOUND);
	fake.step.reason = VMT_REASON_OTHER_PROCESS;
	check_what(&fake, "found in the kernel's layout");
	check_cause(VMT_CAUSE_EXEC_SPECIAL, 0, "", "map anon");
	/* a recording may have no call to show */
	check_cause(VMT_CAUSE_CALL, 0, "", "call");

	fake_cause(&fake, 10, VMT_CAUSE_EXEC_SPECIAL);
	fake_added(&fake, 0x1000, 0x5000, 1, "[vvar]", 10);
	fake_added(&fake, 0x5000, 0x7000, 5, "[vdso]", 10);
	check_what(&fake, "map vvar, vdso");
}

static void test_ordinals(void **state)
{
	static const struct {
		unsigned index;
		const char *what;
	} rows[] = {
		{ 3, "map 3rd segment of x" },     { 4, "map 4th segment of x" },
		{ 11, "map 11th segment of x" },   { 12, "map 12th segment of x" },
		{ 13, "map 13th segment of x" },   { 21, "map 21st segment of x" },
		{ 22, "map 22nd segment of x" },   { 23, "map 23rd segment of x" },
		{ 111, "map 111th segment of x" }, { 0, "map 0th segment of x" },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(rows); i++)
		check_cause(VMT_CAUSE_EXEC_SEGMENT, rows[i].index, "/x", rows[i].what);
}

static void test_mmap(void **state)
{
	struct fake fake;

	(void)state;
	check_call(VMT_CALL_MMAP, 0, 8192, 3, 0x22, 0x1000, "map anon (rw)");
	check_call(VMT_CALL_MMAP, 0, 8192, 0, 0x22, 0x1000, "map anon (none)");
	check_call(VMT_CALL_MMAP2, 0, 8192, 7, 0x22, 0x1000, "map anon (rwx)");
	check_call(VMT_CALL_OLD_MMAP, 0, 8192, 1, 0x21, 0x1000, "map shared anon (r)");
	check_call(VMT_CALL_MMAP, 0, 8192, 3, 0x20022, 0x1000, "map anon stack (rw)");
	check_call(VMT_CALL_MMAP, 0, 8192, 3, 0x40022, 0x1000, "map anon huge pages (rw)");
	check_call(VMT_CALL_MMAP, 0, 8192, 3, 0x28, 0x1000, "map droppable anon (rw)");
	check_call(VMT_CALL_MMAP, 0, 8192, 3, 0x22, -ENOMEM, "map anon (rw): ENOMEM");
	/* a descriptor that could not be read */
	check_call(VMT_CALL_MMAP, 0, 8192, 1, 2, -EBADF, "map file (r): EBADF");

	fake_call(&fake, 1, VMT_CALL_MMAP, 0, 8192, 5, 2, 3, 0);
	fake_file(&fake, LIBC);
	fake_return(&fake, 0x1000);
	check_what(&fake, "map file (libc.so.6, rx)");

	fake_call(&fake, 1, VMT_CALL_MMAP, 0, 8192, 3, 1, 3, 0);
	fake_file(&fake, "/tmp/data");
	fake_return(&fake, 0x1000);
	check_what(&fake, "map shared file (data, rw)");
}

static void test_mmap_over(void **state)
{
	struct fake fake;

	(void)state;
	/* what lies outside the range or was met already is not named again */
	fake_call(&fake, 15, VMT_CALL_MMAP, 0x2000, 0x4000, 5, 0x812, 3, 0);
	fake_file(&fake, LIBC);
	fake_return(&fake, 0x2000);
	fake_range(&fake, 0x2000, 0x6000);
	fake_removed(&fake, 0x1000, 0x2000, 1, LIBC, 9);
	fake_removed(&fake, 0x2000, 0x3000, 1, LIBC, 14);
	fake_removed(&fake, 0x3000, 0x4000, 3, "", 12);
	fake_removed(&fake, 0x4000, 0x8000, 1, LIBC, 14);
	check_what(&fake, "map file (libc.so.6, rx) over 14, 12");

	fake_call(&fake, 17, VMT_CALL_MMAP, 0x2000, 0x4000, 3, 0x32, UINT64_MAX, 0);
	fake_return(&fake, 0x2000);
	fake_range(&fake, 0x2000, 0x6000);
	fake_removed(&fake, 0x2000, 0x8000, 1, LIBC, 14);
	check_what(&fake, "map anon (rw) over libc.so.6");

	fake_call(&fake, 17, VMT_CALL_MMAP, 0x2000, 0x4000, 3, 0x32, UINT64_MAX, 0);
	fake_return(&fake, 0x2000);
	fake_range(&fake, 0x2000, 0x6000);
	fake_removed(&fake, 0x2000, 0x8000, 0, "", 14);
	check_what(&fake, "map anon (rw) over anon");

	/* a merge removes the neighbour, which is not mapped over */
	fake_call(&fake, 17, VMT_CALL_MMAP, 0, 0x4000, 3, 0x22, UINT64_MAX, 0);
	fake_return(&fake, 0x2000);
	fake_range(&fake, 0x2000, 0x6000);
	fake_removed(&fake, 0x6000, 0x8000, 3, "", 14);
	check_what(&fake, "map anon (rw)");
}

static void test_munmap(void **state)
{
	struct fake fake;

	(void)state;
	check_call(VMT_CALL_MUNMAP, 0x1000, 4096, 0, 0, 0, "unmap");
	check_call(VMT_CALL_MUNMAP, 0x1001, 4096, 0, 0, -EINVAL, "unmap: EINVAL");

	fake_call(&fake, 27, VMT_CALL_MUNMAP, 0x1000, 4096, 0, 0, 0, 0);
	fake_range(&fake, 0x1000, 0x2000);
	fake_removed(&fake, 0x1000, 0x2000, 1, "/etc/ld.so.cache", 13);
	check_what(&fake, "unmap ld.so.cache");

	/* two objects: no name is right */
	fake_call(&fake, 27, VMT_CALL_MUNMAP, 0x1000, 8192, 0, 0, 0, 0);
	fake_range(&fake, 0x1000, 0x3000);
	fake_removed(&fake, 0x1000, 0x2000, 1, "/a", 13);
	fake_removed(&fake, 0x2000, 0x3000, 1, "/b", 14);
	fake.step.file_name = "/a";
	check_what(&fake, "unmap");
}

static void test_mprotect(void **state)
{
	(void)state;
	check_call(VMT_CALL_MPROTECT, 0, 4096, 3, 0, 0, "mprotect 'rw'");
	check_call(VMT_CALL_MPROTECT, 0, 4096, 0, 0, 0, "mprotect 'none'");
	check_call(VMT_CALL_MPROTECT, 0, 4096, 7, 0, -EACCES, "mprotect 'rwx': EACCES");
	check_call(VMT_CALL_PKEY_MPROTECT, 0, 4096, 3, 2, 0, "pkey_mprotect 'rw', key 2");
}

static void check_brk(uint64_t before, uint64_t asked, uint64_t result, const char *expected)
{
	struct fake fake;

	fake_call(&fake, 1, VMT_CALL_BRK, asked, 0, 0, 0, 0, 0);
	fake_return(&fake, (int64_t)result);
	fake.step.old_start = 0x100000;
	fake.step.old_end = before;
	check_what(&fake, expected);
}

static void test_brk(void **state)
{
	(void)state;
	check_brk(0x100000, 0, 0x100000, "brk: ask");
	check_brk(0x100000, 0x121000, 0x121000, "extend heap size from 0 to 132K");
	check_brk(0x121000, 0x100800, 0x100800, "shrink heap size from 132K to 4K");
	check_brk(0x235000, 0x231000, 0x231000, "shrink heap size from 1236K to 1220K");
	check_brk(0x121000, 0x9000000, 0x121000, "extend heap size: refused");
}

static void test_mremap(void **state)
{
	const uint64_t at = 0x10000;

	(void)state;
	check_call(VMT_CALL_MREMAP, at, 8192, 16384, 1, 0x10000, "mremap: grow 8K -> 16K");
	check_call(VMT_CALL_MREMAP, at, 16000, 4096, 1, 0x10000, "mremap: shrink 16K -> 4K");
	check_call(VMT_CALL_MREMAP, at, 8192, 16384, 1, 0x50000, "mremap: move and grow 8K -> 16K");
	check_call(VMT_CALL_MREMAP, at, 8192, 8192, 3, 0x50000, "mremap: move 8K");
	check_call(VMT_CALL_MREMAP, at, 8192, 8192, 5, 0x50000, "mremap: move 8K, old range stays");
	check_call(VMT_CALL_MREMAP, at, 8192, 8192, 0, 0x10000, "mremap: keep 8K");
	check_call(VMT_CALL_MREMAP, at, 0, 8192, 1, 0x50000, "mremap: second mapping of 8K");
	check_call(VMT_CALL_MREMAP, at, 8192, 16384, 0, -ENOMEM, "mremap: grow 8K -> 16K: ENOMEM");
}

static void test_settings(void **state)
{
	struct fake fake;

	(void)state;
	check_call(VMT_CALL_MADVISE, 0x1000, 4096, 4, 0, 0, "madvise DONTNEED");
	check_call(VMT_CALL_MADVISE, 0x1000, 4096, 999, 0, -EINVAL, "madvise 0x3e7: EINVAL");
	check_call(VMT_CALL_PROCESS_MADVISE, 3, 0x1000, 1, 20, 0, "process_madvise COLD");
	check_call(VMT_CALL_ARCH_PRCTL, 0x1002, 0x7f00, 0, 0, 0, "set thread pointer");
	check_call(VMT_CALL_SET_THREAD_AREA, 0x1000, 0, 0, 0, 0, "set thread pointer");
	check_call(VMT_CALL_ARCH_PRCTL, 0x5001, 1, 0, 0, 0, "arch_prctl SHSTK_ENABLE");
	check_call(VMT_CALL_SET_TID_ADDRESS, 0x1000, 0, 0, 0, 4211, "set tid address");
	check_call(VMT_CALL_SET_ROBUST_LIST, 0x1000, 24, 0, 0, 0, "set robust list");
	check_call(VMT_CALL_RSEQ, 0x1000, 32, 0, 1, 0, "register rseq");
	check_call(VMT_CALL_RSEQ, 0x1000, 32, 1, 1, 0, "unregister rseq");
	check_call(VMT_CALL_MLOCK, 0x1000, 4096, 0, 0, 0, "mlock");
	check_call(VMT_CALL_MLOCK2, 0x1000, 4096, 1, 0, 0, "mlock on fault");
	check_call(VMT_CALL_SHMAT, 5, 0, 0, 0, 0x7f0000000000, "attach shared memory");
	check_call(VMT_CALL_PRLIMIT64, 0, 3, 0, 0x1000, 0, "ask limit STACK");
	check_call(VMT_CALL_PERSONALITY, 0xffffffff, 0, 0, 0, 0, "ask personality");
	check_call(VMT_CALL_PERSONALITY, 0x40000, 0, 0, 0, 0, "personality ADDR_NO_RANDOMIZE");
	check_call(VMT_CALL_EXECVE, 0x1000, 0, 0, 0, -ENOENT, "execve: ENOENT");
	check_call(VMT_CALL_IOCTL, 3, 0xc020aa00, 0x1000, 0, 0, "userfaultfd REGISTER");

	fake_call(&fake, 1, VMT_CALL_SETRLIMIT, 3, 0x1000, 0, 0, 0, 0);
	fake.event.words[0] = 8 << 20;
	fake.event.words_valid = 2;
	check_what(&fake, "set limit STACK = 8M");
	fake_call(&fake, 1, VMT_CALL_PRLIMIT64, 0, 9, 0x1000, 0, 0, 0);
	fake.event.words[0] = VMT_LIMIT_INFINITY;
	fake.event.words_valid = 2;
	check_what(&fake, "set limit AS = unlimited");

	fake_call(&fake, 1, VMT_CALL_PRCTL, 0x53564d41, 0, 0x1000, 4096, 0x9000, 0);
	strcpy(fake.event.text, "pool");
	fake.event.text_valid = true;
	check_what(&fake, "name memory 'pool'");

	fake_call(&fake, 1, VMT_CALL_MUNMAP, 0x1000, 4096, 0, 0, 0, 0);
	fake.event.kind = VMT_EVENT_CALL_LOST;
	check_what(&fake, "unmap (no return)");
}

/* Every call has words, whatever its arguments are. */
static void test_every_call(void **state)
{
	static const uint64_t values[] = { 0, 1, 0xffffffff, 1ULL << 63, UINT64_MAX };

	(void)state;
	for (int call = VMT_CALL_NONE + 1; call < VMT_CALL_COUNT; call++) {
		for (size_t i = 0; i < vmt_countof(values); i++) {
			VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
			struct fake fake;
			uint64_t v = values[i];

			fake_call(&fake, 1, (enum vmt_call_id)call, v, v, v, v, v, v);
			vmt_what(&fake.step, &text);
			assert_true(text.length > 2);
			assert_int_equal(vmt_text_width(text.data), strlen(text.data));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_causes),   cmocka_unit_test(test_ordinals),
		cmocka_unit_test(test_mmap),     cmocka_unit_test(test_mmap_over),
		cmocka_unit_test(test_munmap),   cmocka_unit_test(test_mprotect),
		cmocka_unit_test(test_brk),      cmocka_unit_test(test_mremap),
		cmocka_unit_test(test_settings), cmocka_unit_test(test_every_call),
	};

	return cmocka_run_group_tests_name("what", tests, NULL, NULL);
}
