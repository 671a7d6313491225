/* SPDX-License-Identifier: MIT */
/* test-render-text: the lines of steps and calls, to the letter where it matters. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake-output.h"

/* ---- Steps -------------------------------------------------------------------------------- */

#define HEAD \
	"   #  who     what                                                where" \
	"                                why\n"

static void test_step_lines(void **state)
{
	struct output output;
	struct fake fake;

	(void)state;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS });
	send_space(&output, 1, "exec", 0);

	fake_cause(&fake, 0, VMT_CAUSE_BOOT);
	fake_range(&fake, 0xffffffffff600000, 0xffffffffff601000);
	fake_added(&fake, 0xffffffffff600000, 0xffffffffff601000, VMT_PERM_EXEC, "[vsyscall]", 0);
	send(&output, &fake, "kernel", "gate page, there since boot");

	make_anon(&fake, 12);
	send(&output, &fake, "linker", "map anon (rw)");

	/* the name that "what" has said is not said again; another one is */
	fake_cause(&fake, 13, VMT_CAUSE_EXEC_SEGMENT);
	fake_range(&fake, LIBC_AT, LIBC_AT + 0x1000);
	fake_added(&fake, LIBC_AT, LIBC_AT + 0x1000, RX, LIBC, 13);
	send(&output, &fake, "kernel", "map 1st segment of libc.so.6");
	fake_cause(&fake, 14, VMT_CAUSE_FOUND);
	fake_added(&fake, LIBC_AT, LIBC_AT + 0x1000, RX, LIBC, 14);
	send(&output, &fake, "kernel", "found");

	make_unmap(&fake, 15, 12);
	send(&output, &fake, "linker", "unmap");

	/* a call that points into memory, one that is about no place, one about all of it */
	fake_call(&fake, 16, VMT_CALL_SET_TID_ADDRESS, 0x7f1c2be4fa10, 0, 0, 0, 0, 0);
	fake_range(&fake, 0x7f1c2be4fa10, 0x7f1c2be4fa10);
	send(&output, &fake, "linker", "set tid address");
	fake_call(&fake, 17, VMT_CALL_PERSONALITY, 0xffffffff, 0, 0, 0, 0, 0);
	send(&output, &fake, "libc", "ask personality");
	fake_call(&fake, 18, VMT_CALL_MLOCKALL, 1, 0, 0, 0, 0, 0);
	fake.step.whole = true;
	send(&output, &fake, "libc", "mlockall");

	/* no VMA changed, and yet there is something to tell */
	fake_call(&fake, 19, VMT_CALL_BRK, 0, 0, 0, 0, 0, 0);
	fake_return(&fake, 0x55d0c8b15000);
	send(&output, &fake, "libc", "brk: ask");
	fake_call(&fake, 20, VMT_CALL_MMAP, LIBC_AT, 4096, 5, 0x12, 3, 0);
	fake_return(&fake, LIBC_AT);
	fake_range(&fake, LIBC_AT, LIBC_AT + 0x1000);
	send(&output, &fake, "linker", "map file (libc.so.6, rx)");

	/* where the memory is now; and a place that nobody asked for */
	fake_call(&fake, 21, VMT_CALL_MREMAP, 0x1000, 4096, 8000, 1, 0, 0);
	fake_return(&fake, LIBC_AT);
	fake_range(&fake, 0x1000, LIBC_AT + 0x2000);
	fake_removed(&fake, 0x1000, 0x2000, RW, "", 3);
	fake_added(&fake, LIBC_AT, LIBC_AT + 0x2000, RW, "", 21);
	send(&output, &fake, "libc", "mremap: move and grow 4K -> 8K");
	fake_call(&fake, 22, VMT_CALL_MMAP, 0, 4096, 3, 0x22, UINT64_MAX, 0);
	fake_return(&fake, -ENOMEM);
	fake_range(&fake, 0, 4096);
	send(&output, &fake, "libc", "map anon (rw): ENOMEM");

	/* what is too long for its column does not move the next line */
	make_anon(&fake, 123456);
	send(&output, &fake, "libsomethinglong", "map anon (rw)");

	assert_string_equal(
		output_text(&output), HEAD
		"   0  kernel  gate page, there since boot                         "
		"ffffffffff600000 +4K --xp "
		"[vsyscall]\n"
		"  12  linker  map anon (rw)                                       7f1c2be4f000 "
		"+8K     rw-p\n"
		"  13  kernel  map 1st segment of libc.so.6                        7f1c2bc62000 "
		"+4K     r-xp\n"
		"  14  kernel  found                                               7f1c2bc62000 "
		"+4K     r-xp "
		"libc.so.6\n"
		"  15  linker  unmap                                               7f1c2be4f000 "
		"-8K\n"
		"  16  linker  set tid address                                     7f1c2be4fa10\n"
		"  17  libc    ask personality\n"
		"  18  libc    mlockall                                            the whole "
		"space\n"
		"  19  libc    brk: ask                                            55d0c8b15000\n"
		"  20  linker  map file (libc.so.6, rx)                            7f1c2bc62000 "
		"+4K     r-xp\n"
		"  21  libc    mremap: move and grow 4K -> 8K                      7f1c2bc62000 "
		"+8K     rw-p\n"
		"  22  libc    map anon (rw): ENOMEM                                            "
		"+4K\n"
		"123456 libsomethinglong map anon (rw)                             7f1c2be4f000 "
		"+8K     "
		"rw-p\n");
	output_close(&output);
}

static void test_check_is_shown(void **state)
{
	struct output output;
	struct fake fake;
	const char *text;

	(void)state;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS });
	send_space(&output, 1, "exec", 0);
	make_anon(&fake, 1);
	fake.step.check = VMT_CHECK_ADJUSTED;
	fake.step.reason = VMT_REASON_ANON_VMA;
	send(&output, &fake, "libc", "adjusted one");
	make_anon(&fake, 2);
	fake.step.check = VMT_CHECK_UNCHECKED;
	send(&output, &fake, "libc", "unchecked one");
	/* nothing changed, so there was nothing to check */
	fake_call(&fake, 3, VMT_CALL_SET_TID_ADDRESS, 0x1000, 0, 0, 0, 0, 0);
	fake.step.check = VMT_CHECK_UNCHECKED;
	send(&output, &fake, "libc", "unchanged one");
	text = output_text(&output);
	assert_non_null(strstr(text, "rw-p            (adjusted: "));
	assert_non_null(strstr(text, vmt_reason_name(VMT_REASON_ANON_VMA)));
	assert_non_null(strstr(text, "rw-p            (unchecked)\n"));
	assert_string_equal(strstr(text, "unchanged one"), "unchanged one\n");
	output_close(&output);
}

static void test_reasons_wrap(void **state)
{
	static const unsigned widths[] = { 80, 100, 132, 160 };

	(void)state;
	for (size_t i = 0; i < vmt_countof(widths); i++) {
		struct output output;
		struct fake fake;
		size_t reasons = 0;
		const char *line;

		output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS,
								     .width = widths[i] });
		send_space(&output, 1, "exec", 0);
		make_anon(&fake, 1);
		for (unsigned k = 0; k < VMT_STEP_WHY_MAX; k++)
			vmt_step_why(&fake.step, (struct vmt_why){ .id = VMT_WHY_LENGTH_ZERO + k });
		send(&output, &fake, "libc", "map anon (rw)");
		line = strchr(output_text(&output), '\n') + 1;
		assert_non_null(strstr(line, "7f1c2be4f000 +8K     rw-p"));
		for (; *line; line = strchr(line, '\n') + 1)
			assert_true(strcspn(line, "\n") <= widths[i]);
		/* with "; " between them */
		for (const char *at = output.text; (at = strchr(at, ';')); at++)
			reasons++;
		assert_int_equal(reasons, VMT_STEP_WHY_MAX - 1);
		output_close(&output);
	}
}

static void test_hostile_names(void **state)
{
	struct output output;
	struct fake fake;

	(void)state;
	output_open_text(&output, (struct vmt_text_options){ .views = 3 | VMT_LOG_CALLS });
	send_space(&output, 1, "exec", 0);
	fake_call(&fake, 1, VMT_CALL_MMAP, 0, 4096, 1, 2, 3, 0);
	fake_file(&fake, EVIL);
	fake_range(&fake, 0x1000, 0x2000);
	fake_added(&fake, 0x1000, 0x2000, 1, EVIL, 1);
	send(&output, &fake, EVIL, EVIL);
	output.renderer->ops->note(output.renderer, EVIL);
	output_is_harmless(&output);
}

static void test_several_spaces(void **state)
{
	struct output output;
	struct fake fake;

	(void)state;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS });
	send_space(&output, 1, "exec", 0);
	send_space(&output, 2, "fork", 1);
	make_anon(&fake, 5);
	send(&output, &fake, "libc", "map anon (rw)");
	send_space(&output, 3, "exec", 2);
	make_unmap(&fake, 6, 5);
	fake.step.space = 2;
	send(&output, &fake, "libc", "unmap");
	assert_string_equal(
		output_text(&output),
		"[2] space 2: pid 4212, forked from space 1\n"
		"       #  who     what                                                where"
		"                                why\n"
		"[1]    5  libc    map anon (rw)                                       "
		"7f1c2be4f000 +8K     "
		"rw-p\n"
		"[3] space 3: pid 4213, exec of /home/u/a.out, from space 2\n"
		"[2]    6  libc    unmap                                               "
		"7f1c2be4f000 -8K\n");
	output_close(&output);
}

static void test_calls(void **state)
{
	struct output output;
	struct fake fake;

	(void)state;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_CALLS });
	send_space(&output, 1, "exec", 0);
	fake_cause(&fake, 0, VMT_CAUSE_EXEC_STACK);
	send(&output, &fake, "kernel", "prepare stack");
	make_unmap(&fake, 1, 0);
	send(&output, &fake, "libc", "unmap");
	assert_string_equal(output_text(&output), "munmap(0x7f1c2be4f000, 8192) = 0\n");
	output_close(&output);

	output_open_text(&output,
			 (struct vmt_text_options){ .views = VMT_LOG_CALLS | VMT_LOG_STEPS });
	make_unmap(&fake, 1, 0);
	send(&output, &fake, "libc", "unmap");
	assert_string_equal(output_text(&output),
			    HEAD "   1  libc    unmap                                              "
				 " 7f1c2be4f000 -8K\n"
				 "              munmap(0x7f1c2be4f000, 8192) = 0\n");
	output_close(&output);
}

static void test_color(void **state)
{
	struct output output;
	struct fake fake;
	size_t on = 0;
	size_t off = 0;

	(void)state;
	output_open_text(&output, (struct vmt_text_options){ .views = 3, .color = true });
	send_space(&output, 1, "exec", 0);
	make_anon(&fake, 1);
	send(&output, &fake, "libc", "map anon (rw)");
	for (const char *at = output_text(&output); (at = strchr(at, '\033')); at++) {
		if (strncmp(at, "\033[0m", 4) == 0)
			off++;
		else
			on++;
	}
	assert_true(on > 0);
	assert_int_equal(on, off);
	/* colour takes no room */
	assert_non_null(strstr(output.text,
			       "libc\033[0m    map anon (rw)                                       "
			       "7f1c2be4f000 \033[32m+8K\033[0m     rw-p\n"));
	output_close(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step_lines),     cmocka_unit_test(test_check_is_shown),
		cmocka_unit_test(test_reasons_wrap),   cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_several_spaces), cmocka_unit_test(test_calls),
		cmocka_unit_test(test_color),
	};

	return cmocka_run_group_tests_name("render-text", tests, NULL, NULL);
}
