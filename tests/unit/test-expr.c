/* SPDX-License-Identifier: MIT */
/*
 * test-expr: which conditions hold for steps made by hand, and that a bad one is refused with the
 * column of what is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/mman.h>

#include "fake-step.h"
#include "vmtrace/annotate.h"

#define LIBC "/usr/lib/libc.so.6"
#define RW (VMT_PERM_READ | VMT_PERM_WRITE)

static bool holds(const struct vmt_step *step, const char *text)
{
	struct vmt_error error = { "" };
	struct vmt_expr *expr;
	bool result;

	if (vmt_expr_parse(text, &expr, &error))
		fail_msg("%s", error.text);
	result = vmt_expr_match(expr, step);
	vmt_expr_free(expr);
	return result;
}

/* Each condition and its negation, in both ways of writing one. */
static void check(const struct vmt_step *step, const char *text, bool expected)
{
	char negated[256];

	if (holds(step, text) != expected)
		fail_msg("%s: expected %d", text, expected);
	snprintf(negated, sizeof(negated), "!( %s )", text);
	assert_int_equal(holds(step, negated), !expected);
	snprintf(negated, sizeof(negated), "! ! (%s)", text);
	assert_int_equal(holds(step, negated), expected);
}

/* Step 17: libc maps 1.5 MiB of its own file, rw, at 7f0000100000. */
static void mapping(struct fake *fake)
{
	fake_call(fake, 17, VMT_CALL_MMAP, 0, 0x180000, PROT_READ | PROT_WRITE, MAP_PRIVATE, 3, 0);
	fake_return(fake, 0x7f0000100000);
	fake_range(fake, 0x7f0000100000, 0x7f0000280000);
	fake_file(fake, LIBC);
	fake_added(fake, 0x7f0000100000, 0x7f0000280000, RW, LIBC, 17);
	fake->step.actor = "libc";
	fake->step.object = LIBC;
	fake->step.what = "map file (libc.so.6, rw)";
	vmt_step_why(&fake->step, (struct vmt_why){ .id = VMT_WHY_TOP_DOWN });
	vmt_step_why(&fake->step, (struct vmt_why){ .id = VMT_WHY_MERGE_BELOW });
}

static void test_texts(void **state)
{
	struct fake fake;

	(void)state;
	mapping(&fake);
	check(&fake.step, "actor=libc", true);
	check(&fake.step, "actor==libc", true);
	check(&fake.step, "actor=lib", false);
	check(&fake.step, "actor~lib", true);
	check(&fake.step, "actor!=linker", true);
	check(&fake.step, "actor!~ib", false);
	check(&fake.step, "actor~l*c", true);
	check(&fake.step, "actor~l?c", false);
	check(&fake.step, "actor~l??c", true);
	check(&fake.step, "call=mmap", true);
	check(&fake.step, "call~map", true);
	check(&fake.step, "call=munmap", false);
	check(&fake.step, "object=libc.so.6", true);
	check(&fake.step, "object=" LIBC, true);
	check(&fake.step, "object~/usr/*", true);
	check(&fake.step, "name=libc.so.6", true);
	check(&fake.step, "name~ld-linux", false);
	check(&fake.step, "what='map file (libc.so.6, rw)'", true);
	check(&fake.step, "what~\"file (\"", true);
	check(&fake.step, "what=''", false);
	check(&fake.step, "why=merge-below", true);
	check(&fake.step, "why=top-down", true);
	check(&fake.step, "why~merge", true);
	check(&fake.step, "why!=merge-below", false);
	check(&fake.step, "why=hint", false);
	check(&fake.step, "errno~E", false);
	check(&fake.step, "errno!=ENOMEM", true);
	fake_deinit(&fake);
}

static void test_globs(void **state)
{
	struct fake fake;

	(void)state;
	mapping(&fake);
	fake.step.actor =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	check(&fake.step, "actor~a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", false);
	check(&fake.step, "actor~*a", true);
	check(&fake.step, "actor~*", true);
	check(&fake.step, "actor~b*", false);
	fake.step.actor = "abcbcd";
	check(&fake.step, "actor~a*bcd", true);
	check(&fake.step, "actor~a*c?", true);
	check(&fake.step, "actor~?????", false);
	check(&fake.step, "actor~a*bcd?", false);
	fake_deinit(&fake);
}

static void test_numbers(void **state)
{
	struct fake fake;

	(void)state;
	mapping(&fake);
	check(&fake.step, "size=1536K", true);
	check(&fake.step, "size=0x180000", true);
	check(&fake.step, "size>1M", true);
	check(&fake.step, "size>1536K", false);
	check(&fake.step, "size>=1536K", true);
	check(&fake.step, "size<1536K", false);
	check(&fake.step, "size<=1536K", true);
	check(&fake.step, "size<2M", true);
	check(&fake.step, "size!=4096", true);
	check(&fake.step, "size in 1M-2M", true);
	check(&fake.step, "size in 1536K - 1536K", true);
	check(&fake.step, "size in 2M-1G", false);
	check(&fake.step, "pid=4211", true);
	check(&fake.step, "tid=4212", false);
	check(&fake.step, "space=1", true);
	check(&fake.step, "step in 10-17", true);
	check(&fake.step, "step in 18-20", false);
	fake_deinit(&fake);
}

static void test_addresses(void **state)
{
	struct fake fake;

	(void)state;
	mapping(&fake);
	check(&fake.step, "addr=0x7f0000100000", true);
	check(&fake.step, "addr=0x7f000027ffff", true);
	check(&fake.step, "addr=0x7f0000280000", false);
	check(&fake.step, "addr=0x7f00000fffff", false);
	check(&fake.step, "addr in 0x7f0000000000-0x7f0000100000", false);
	check(&fake.step, "addr in 0x7f0000000000-0x7f0000100001", true);
	check(&fake.step, "addr in 0x7f0000280000-0x7f0000290000", false);
	check(&fake.step, "addr>=0x7f0000100000", true);
	check(&fake.step, "addr<0x7f0000100000", false);
	fake_deinit(&fake);
}

static void test_moved(void **state)
{
	struct fake fake;

	(void)state;
	fake_call(&fake, 3, VMT_CALL_MREMAP, 0x10000, 0x1000, 0x2000, MREMAP_MAYMOVE, 0, 0);
	fake_return(&fake, 0x50000);
	check(&fake.step, "addr=0x10000", true);
	check(&fake.step, "addr=0x51000", true);
	check(&fake.step, "addr=0x30000", false);
	check(&fake.step, "size=8K", true);
	fake_deinit(&fake);
}

static void test_perms(void **state)
{
	struct fake fake;

	(void)state;
	mapping(&fake);
	check(&fake.step, "perms=rw-p", true);
	check(&fake.step, "perms=rw-", true);
	check(&fake.step, "perms=rw", true);
	check(&fake.step, "perms=rwx", false);
	check(&fake.step, "perms=r-", false);
	check(&fake.step, "perms~w", true);
	check(&fake.step, "perms~pw", true);
	check(&fake.step, "perms~wx", false);
	check(&fake.step, "perms!~x", true);
	fake_deinit(&fake);
	/* what has gone has the rights that it had; what never was has none */
	fake_call(&fake, 4, VMT_CALL_MUNMAP, 0x1000, 0x1000, 0, 0, 0, 0);
	check(&fake.step, "perms~r", false);
	check(&fake.step, "perms!~r", true);
	fake_range(&fake, 0x1000, 0x2000);
	fake_removed(&fake, 0x1000, 0x2000, VMT_PERM_READ, "", 2);
	check(&fake.step, "perms=r--p", true);
	fake_deinit(&fake);
}

static void test_flags(void **state)
{
	struct fake fake;

	(void)state;
	mapping(&fake);
	check(&fake.step, "failed", false);
	check(&fake.step, "changed", true);
	fake_deinit(&fake);
	fake_call(&fake, 5, VMT_CALL_MUNMAP, 1, 0, 0, 0, 0, 0);
	fake_return(&fake, -22);
	check(&fake.step, "failed", true);
	check(&fake.step, "changed", false);
	check(&fake.step, "errno=EINVAL", true);
	check(&fake.step, "errno=ENOMEM", false);
	fake_deinit(&fake);
	fake_cause(&fake, 1, VMT_CAUSE_EXEC_STACK);
	check(&fake.step, "failed", false);
	check(&fake.step, "call=''", true);
	check(&fake.step, "actor=kernel", true);
	check(&fake.step, "addr=0", false);
	fake_deinit(&fake);
}

static void test_joined(void **state)
{
	struct fake fake;

	(void)state;
	mapping(&fake);
	check(&fake.step, "actor=libc&&size>1M", true);
	check(&fake.step, " actor = libc && size > 1M ", true);
	check(&fake.step, "actor=linker || actor=libc", true);
	/* && binds closer than || */
	check(&fake.step, "actor=libc || failed && failed", true);
	check(&fake.step, "(actor=libc || failed) && failed", false);
	check(&fake.step, "failed && failed || actor=libc", true);
	check(&fake.step, "!failed && changed", true);
	check(&fake.step, "!(failed || changed)", false);
	check(&fake.step, "((((actor=libc))))", true);
	fake_deinit(&fake);
}

/* The text is refused, and what is wrong is at @column. */
static void check_wrong(const char *text, unsigned column)
{
	struct vmt_expr *expr = NULL;
	struct vmt_error error = { "" };
	char expected[32];

	assert_true(vmt_expr_parse(text, &expr, &error) < 0);
	assert_null(expr);
	snprintf(expected, sizeof(expected), "column %u: ", column);
	if (strncmp(error.text, expected, strlen(expected)) != 0)
		fail_msg("%s: expected column %u", error.text, column);
	assert_true(vmt_expr_parse(text, &expr, NULL) < 0);
}

static void test_wrong(void **state)
{
	char long_text[8192] = "";

	(void)state;
	check_wrong("", 1);
	check_wrong("   ", 4);
	check_wrong("actor", 6);
	check_wrong("actor=", 7);
	check_wrong("actor= && failed", 8);
	check_wrong("actr=libc", 1);
	check_wrong("actor>libc", 6);
	check_wrong("actor in 1-2", 7);
	check_wrong("size~1", 5);
	check_wrong("size>1X", 6);
	check_wrong("size>-1", 6);
	check_wrong("size in 5", 10);
	check_wrong("size in 5-", 11);
	check_wrong("size in 5-4", 9);
	check_wrong("perms=rz", 7);
	check_wrong("perms=wr", 7);
	check_wrong("perms~-", 7);
	check_wrong("perms=''", 7);
	check_wrong("what='no end", 6);
	check_wrong("failed failed", 8);
	check_wrong("failed & failed", 8);
	check_wrong("failed &&", 10);
	check_wrong("|| failed", 1);
	check_wrong("(failed", 8);
	check_wrong("failed)", 7);
	check_wrong("failed=1", 7);
	check_wrong("!", 2);
	check_wrong("()", 2);
	check_wrong("what='\303\244' && size>x", 18);
	memset(long_text, '(', 4000);
	check_wrong(long_text, 65);
	memset(long_text, '!', 4000);
	check_wrong(long_text, 65);
	strcpy(long_text, "failed");
	for (int i = 0; i < 300; i++)
		strcat(long_text, "&&failed");
	check_wrong(long_text, 1031);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),   cmocka_unit_test(test_globs),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_moved),   cmocka_unit_test(test_perms),
		cmocka_unit_test(test_flags),   cmocka_unit_test(test_joined),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
