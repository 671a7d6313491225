/* SPDX-License-Identifier: MIT */
/* test-decode: arguments and calls in the words of the C headers, compared with strace's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake-step.h"
#include "vmtrace/annotate.h"

static void check_arg(enum vmt_arg_kind kind, uint64_t value, const char *expected)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };

	vmt_arg_text(kind, value, &text);
	assert_string_equal(vmt_str_text(&text), expected);
}

static void check_call(struct fake *fake, const char *expected)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };

	vmt_call_text(&fake->event, &text);
	assert_string_equal(vmt_str_text(&text), expected);
	fake_deinit(fake);
}

static void test_numbers(void **state)
{
	(void)state;
	check_arg(VMT_ARG_ADDRESS, 0, "NULL");
	check_arg(VMT_ARG_ADDRESS, 0x7f12, "0x7f12");
	check_arg(VMT_ARG_ADDRESS, UINT64_MAX, "0xffffffffffffffff");
	check_arg(VMT_ARG_SIZE, 8192, "8192");
	check_arg(VMT_ARG_SIZE, UINT64_MAX, "18446744073709551615");
	check_arg(VMT_ARG_FD, UINT64_MAX, "-1");
	check_arg(VMT_ARG_FD, 0xffffffff, "-1");
	check_arg(VMT_ARG_FD, (uint64_t)-100, "AT_FDCWD");
	check_arg(VMT_ARG_INT, 0xfffffffe, "-2");
	check_arg(VMT_ARG_OFFSET, 0, "0");
	check_arg(VMT_ARG_OFFSET, 0x26000, "0x26000");
	check_arg(VMT_ARG_PAGE_OFFSET, 0x26, "0x26000");
	check_arg(VMT_ARG_NONE, 7, "");
}

static void test_flags(void **state)
{
	(void)state;
	check_arg(VMT_ARG_PROT, 0, "PROT_NONE");
	check_arg(VMT_ARG_PROT, 3, "PROT_READ|PROT_WRITE");
	check_arg(VMT_ARG_PROT, 0x41, "PROT_READ|0x40");
	check_arg(VMT_ARG_MAP_FLAGS, 0x22, "MAP_PRIVATE|MAP_ANONYMOUS");
	check_arg(VMT_ARG_MAP_FLAGS, 0x812, "MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE");
	check_arg(VMT_ARG_MAP_FLAGS, 0x3, "MAP_SHARED_VALIDATE");
	check_arg(VMT_ARG_MAP_FLAGS, 0x28, "MAP_DROPPABLE|MAP_ANONYMOUS");
	check_arg(VMT_ARG_MAP_FLAGS, 0, "0");
	check_arg(VMT_ARG_MAP_FLAGS, 0x20, "MAP_ANONYMOUS");
	check_arg(VMT_ARG_MAP_FLAGS, 0x4002, "MAP_PRIVATE|MAP_NORESERVE");
	/* no name: the whole field stays a number */
	check_arg(VMT_ARG_MAP_FLAGS, 0x2f, "MAP_ANONYMOUS|0xf");
	check_arg(VMT_ARG_MAP_FLAGS, 1ULL << 63 | 2, "MAP_PRIVATE|0x8000000000000000");
	check_arg(VMT_ARG_MREMAP_FLAGS, 3, "MREMAP_MAYMOVE|MREMAP_FIXED");
}

static void test_choices(void **state)
{
	(void)state;
	check_arg(VMT_ARG_ADVICE, 4, "MADV_DONTNEED");
	check_arg(VMT_ARG_ADVICE, 0, "MADV_NORMAL");
	check_arg(VMT_ARG_ADVICE, 4711, "0x1267");
	/* an int: the upper half of the register does not count */
	check_arg(VMT_ARG_ADVICE, 0xdead00000004, "MADV_DONTNEED");
	check_arg(VMT_ARG_RESOURCE, 3, "RLIMIT_STACK");
	check_arg(VMT_ARG_PERSONA, 0xffffffff, "0xffffffff");
	check_arg(VMT_ARG_PERSONA, 0x40000, "ADDR_NO_RANDOMIZE");
	check_arg(VMT_ARG_PERSONA, 0, "PER_LINUX");
}

static void test_short_forms(void **state)
{
	char prot[4];
	char perms[5];

	(void)state;
	vmt_prot_text(5, prot);
	assert_string_equal(prot, "r-x");
	vmt_prot_text(0xf0, prot);
	assert_string_equal(prot, "---");
	vmt_perms_text(VMT_PERM_READ | VMT_PERM_WRITE, perms);
	assert_string_equal(perms, "rw-p");
	vmt_perms_text(VMT_PERM_EXEC | VMT_PERM_SHARED, perms);
	assert_string_equal(perms, "--xs");
}

static void test_errno_names(void **state)
{
	char name[24];

	(void)state;
	assert_string_equal(vmt_errno_name(ENOMEM, name), "ENOMEM");
	assert_string_equal(vmt_errno_name(4711, name), "errno 4711");
	assert_string_equal(vmt_errno_name(512, name), "errno 512");
	assert_string_equal(vmt_errno_name(INT32_MIN, name), "errno -2147483648");
}

static void test_mmap(void **state)
{
	struct fake fake;

	(void)state;
	fake_call(&fake, 1, VMT_CALL_MMAP, 0, 8192, 3, 0x22, UINT64_MAX, 0);
	fake_return(&fake, 0x7f1c2be4f000);
	check_call(&fake, "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"
			  " = 0x7f1c2be4f000");

	fake_call(&fake, 1, VMT_CALL_MMAP, 0x1000, 4096, 5, 0x12, 3, 0x26000);
	fake_file(&fake, "/usr/lib/libc.so.6");
	fake_return(&fake, -ENOMEM);
	check_call(&fake, "mmap(0x1000, 4096, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED, "
			  "3</usr/lib/libc.so.6>, 0x26000) = -1 ENOMEM (Cannot allocate memory)");

	/* a 32-bit address in the upper half is no negative number */
	fake_call(&fake, 1, VMT_CALL_MMAP2, 0, 4096, 1, 2, 3, 0x158);
	fake.event.arch = &vmt_arch_i386;
	fake_return(&fake, 0xf7d00000);
	check_call(&fake, "mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x158000) = 0xf7d00000");
}

static void test_other_calls(void **state)
{
	struct fake fake;

	(void)state;
	fake_call(&fake, 1, VMT_CALL_BRK, 0, 0, 0, 0, 0, 0);
	fake_return(&fake, 0x55d0c8b15000);
	check_call(&fake, "brk(NULL) = 0x55d0c8b15000");

	fake_call(&fake, 1, VMT_CALL_MUNMAP, 0x1000, 4096, 0, 0, 0, 0);
	check_call(&fake, "munmap(0x1000, 4096) = 0");

	fake_call(&fake, 1, VMT_CALL_MUNLOCKALL, 1, 2, 3, 4, 5, 6);
	check_call(&fake, "munlockall() = 0");

	/* the fifth argument is only looked at with these flags */
	fake_call(&fake, 1, VMT_CALL_MREMAP, 0x1000, 4096, 8192, 1, 0xdead, 0);
	fake_return(&fake, 0x5000);
	check_call(&fake, "mremap(0x1000, 4096, 8192, MREMAP_MAYMOVE) = 0x5000");
	fake_call(&fake, 1, VMT_CALL_MREMAP, 0x1000, 4096, 8192, 3, 0x9000, 0);
	fake_return(&fake, 0x9000);
	check_call(&fake, "mremap(0x1000, 4096, 8192, MREMAP_MAYMOVE|MREMAP_FIXED, 0x9000)"
			  " = 0x9000");

	fake_call(&fake, 1, VMT_CALL_PRCTL, 0x53564d41, 0, 0x1000, 4096, 0xbeef, 0);
	strcpy(fake.event.text, "pool");
	fake.event.text_valid = true;
	check_call(&fake, "prctl(PR_SET_VMA, 0, 0x1000, 0x1000, \"pool\") = 0");

	fake_call(&fake, 1, VMT_CALL_SET_TID_ADDRESS, 0x1000, 0, 0, 0, 0, 0);
	fake_return(&fake, 4211);
	check_call(&fake, "set_tid_address(0x1000) = 4211");

	fake_call(&fake, 1, VMT_CALL_MUNMAP, 0x1000, 4096, 0, 0, 0, 0);
	fake.event.kind = VMT_EVENT_CALL_LOST;
	check_call(&fake, "munmap(0x1000, 4096) = ?");
}

/* Every call and every kind of argument prints without a crash, whatever the numbers are. */
static void test_every_call(void **state)
{
	static const uint64_t values[] = { 0, 1, 0x7fffffff, 0xffffffff, 1ULL << 63, UINT64_MAX };

	(void)state;
	for (int call = VMT_CALL_NONE; call < VMT_CALL_COUNT; call++) {
		for (size_t i = 0; i < vmt_countof(values); i++) {
			VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
			struct fake fake;
			uint64_t v = values[i];

			fake_call(&fake, 1, (enum vmt_call_id)call, v, v, v, v, v, v);
			vmt_call_text(&fake.event, &text);
			assert_ptr_equal(strstr(text.data, vmt_call_info(fake.event.call)->name),
					 text.data);
			assert_non_null(strstr(text.data, ") = 0"));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),     cmocka_unit_test(test_flags),
		cmocka_unit_test(test_choices),     cmocka_unit_test(test_short_forms),
		cmocka_unit_test(test_errno_names), cmocka_unit_test(test_mmap),
		cmocka_unit_test(test_other_calls), cmocka_unit_test(test_every_call),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
