/* SPDX-License-Identifier: MIT */
/* test-escape: untrusted bytes come out as text that a terminal cannot misread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmtrace/base.h"

static void assert_escaped(const char *bytes, size_t length, const char *expected)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str str;

	vmt_str_init(&str);
	vmt_escape_text(&str, bytes, length);
	assert_string_equal(vmt_str_text(&str), expected);
}

static void test_plain_text_stays(void **state)
{
	(void)state;
	assert_escaped("", 0, "");
	assert_escaped("/usr/lib/libc.so.6", 18, "/usr/lib/libc.so.6");
	assert_escaped("a\\b", 3, "a\\b");
	assert_escaped(" ~", 2, " ~");
	/* two, three and four bytes */
	assert_escaped("\303\251\342\202\254\360\237\230\200", 9,
		       "\303\251\342\202\254\360\237\230\200");
}

static void test_controls(void **state)
{
	(void)state;
	assert_escaped("a\nb", 3, "a\\012b");
	assert_escaped("\033[2J", 4, "\\033[2J");
	assert_escaped("\0\177", 2, "\\000\\177");
	/* C1: CSI as one character; the no-break space after the block is none */
	assert_escaped("\302\233m", 3, "\\302\\233m");
	assert_escaped("\302\237\302\240", 4, "\\302\\237\302\240");
}

static void test_malformed(void **state)
{
	(void)state;
	assert_escaped("\377a\376", 3, "\\377a\\376");
	assert_escaped("\200", 1, "\\200");
	/* 8-bit CSI on its own */
	assert_escaped("\233m", 2, "\\233m");
	/* cut off at the end, and by another character */
	assert_escaped("\342\202", 2, "\\342\\202");
	assert_escaped("\342\202x", 3, "\\342\\202x");
	/* overlong slash and NUL */
	assert_escaped("\300\257", 2, "\\300\\257");
	assert_escaped("\340\200\257", 3, "\\340\\200\\257");
	/* a surrogate, and more than U+10FFFF */
	assert_escaped("\355\240\200", 3, "\\355\\240\\200");
	assert_escaped("\364\220\200\200", 4, "\\364\\220\\200\\200");
}

static void test_utf8_sequence(void **state)
{
	(void)state;
	assert_int_equal(vmt_utf8_sequence("", 0), 0);
	assert_int_equal(vmt_utf8_sequence("a", 1), 1);
	assert_int_equal(vmt_utf8_sequence("\0", 1), 1);
	assert_int_equal(vmt_utf8_sequence("\303\251", 2), 2);
	assert_int_equal(vmt_utf8_sequence("\303\251", 1), 0);
	assert_int_equal(vmt_utf8_sequence("\342\202\254", 3), 3);
	assert_int_equal(vmt_utf8_sequence("\364\217\277\277", 4), 4);
	assert_int_equal(vmt_utf8_sequence("\370\210\200\200\200", 5), 0);
}

static void test_utf8_valid(void **state)
{
	(void)state;
	assert_true(vmt_utf8_valid("", 0));
	assert_true(vmt_utf8_valid("caf\303\251", 5));
	assert_false(vmt_utf8_valid("caf\351", 4));
	assert_false(vmt_utf8_valid("caf\303", 4));
}

/* Every pair of bytes: the result is valid UTF-8 and holds no control character. */
static void test_all_pairs_are_safe(void **state)
{
	(void)state;
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		VMT_CLEANUP(vmt_str_deinit) struct vmt_str str;
		char bytes[2] = { (char)(pair >> 8), (char)(pair & 0xff) };

		vmt_str_init(&str);
		vmt_escape_text(&str, bytes, sizeof(bytes));
		assert_true(vmt_utf8_valid(str.data, str.length));
		for (size_t i = 0; i < str.length; i++) {
			unsigned char byte = (unsigned char)str.data[i];

			assert_true(byte >= 0x20 && byte != 0x7f);
			if (byte == 0xc2)
				assert_true((unsigned char)str.data[i + 1] >= 0xa0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text_stays), cmocka_unit_test(test_controls),
		cmocka_unit_test(test_malformed),        cmocka_unit_test(test_utf8_sequence),
		cmocka_unit_test(test_utf8_valid),       cmocka_unit_test(test_all_pairs_are_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
