/* SPDX-License-Identifier: MIT */
/* test-units: sizes for people, and numbers from people. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmtrace/base.h"

static void test_size_text(void **state)
{
	static const struct {
		uint64_t size_bytes;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 1, "1" },
		{ 1023, "1023" },
		{ 1024, "1K" },
		{ 1536, "1.5K" },
		{ 4096, "4K" },
		{ 135168, "132K" },
		{ 1023 * 1024, "1023K" },
		/* rounds up to the next unit */
		{ 1048575, "1.0M" },
		{ 1048576, "1M" },
		{ 2097152, "2M" },
		/* whole kilobytes, but more than a megabyte */
		{ 1957888, "1.9M" },
		{ 1400832, "1.3M" },
		{ UINT64_C(1) << 30, "1G" },
		{ UINT64_C(3) << 39, "1.5T" },
		{ UINT64_C(128) << 40, "128T" },
		{ UINT64_C(1) << 50, "1P" },
		{ UINT64_C(1) << 63, "8E" },
		{ UINT64_MAX, "16.0E" },
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < vmt_countof(rows); i++)
		assert_string_equal(vmt_size_text(rows[i].size_bytes, text), rows[i].text);
}

static void test_size_text_is_short(void **state)
{
	char text[16];

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		for (int off = -1; off <= 1; off++) {
			vmt_size_text((UINT64_C(1) << bit) + (uint64_t)off, text);
			assert_true(strlen(text) <= 8);
		}
	}
}

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		uint64_t value;
	} rows[] = {
		{ "0", 0 },
		{ "42", 42 },
		{ "010", 10 },
		{ "0x0", 0 },
		{ "0x7ffff7fff000", 0x7ffff7fff000 },
		{ "0xABcd", 0xabcd },
		{ "4K", 4096 },
		{ "0x10K", 16384 },
		{ "2M", 2097152 },
		{ "1G", UINT64_C(1) << 30 },
		{ "3T", UINT64_C(3) << 40 },
		{ "16777215T", UINT64_C(0xffffff0000000000) },
		{ "18446744073709551615", UINT64_MAX },
		{ "0xffffffffffffffff", UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(rows); i++) {
		uint64_t value = 1;

		assert_int_equal(vmt_parse_u64(rows[i].text, &value), 0);
		assert_int_equal(value, rows[i].value);
	}
}

static void assert_refused(const char *text, int err)
{
	uint64_t value = 99;

	assert_int_equal(vmt_parse_u64(text, &value), -err);
	assert_int_equal(value, 99);
}

static void test_parse_refuses(void **state)
{
	static const char *const invalid[] = {
		"",    "K",   "-1", "+1", " 1",   "1 ",   "0x",  "0xg",  "x10", "1.5M", "4KB",
		"4KK", "12z", "1k", "1P", "0X10", "0x-1", "\n1", "0x 1", "1\n", "٣",
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(invalid); i++)
		assert_refused(invalid[i], EINVAL);
	assert_refused("18446744073709551616", ERANGE);
	assert_refused("0x10000000000000000", ERANGE);
	assert_refused("16777216T", ERANGE);
	assert_refused("18014398509481984K", ERANGE);
	/* trailing bytes count first, however great the number */
	assert_refused("99999999999999999999x", EINVAL);
}

static void test_parse_leaves_errno(void **state)
{
	uint64_t value;

	(void)state;
	errno = ENOTTY;
	assert_int_equal(vmt_parse_u64("99999999999999999999", &value), -ERANGE);
	assert_int_equal(errno, ENOTTY);
}

static void test_parse_hex(void **state)
{
	uint64_t value = 7;
	const char *end = NULL;

	(void)state;
	assert_int_equal(vmt_parse_hex("7f00-8000", &value, &end), 0);
	assert_int_equal(value, 0x7f00);
	assert_string_equal(end, "-8000");
	assert_int_equal(vmt_parse_hex("0xFFffffffFFFFffff", &value, &end), 0);
	assert_true(value == UINT64_MAX);
	assert_string_equal(end, "");
	/* the 0 before the x is a number */
	assert_int_equal(vmt_parse_hex("0x", &value, &end), 0);
	assert_string_equal(end, "x");
	value = 7;
	assert_int_equal(vmt_parse_hex("", &value, &end), -EINVAL);
	assert_int_equal(vmt_parse_hex(" 1", &value, &end), -EINVAL);
	assert_int_equal(vmt_parse_hex("-1", &value, &end), -EINVAL);
	assert_int_equal(vmt_parse_hex("g", &value, &end), -EINVAL);
	assert_int_equal(vmt_parse_hex("10000000000000000", &value, &end), -ERANGE);
	assert_int_equal(value, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size_text),
		cmocka_unit_test(test_size_text_is_short),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_parse_leaves_errno),
		cmocka_unit_test(test_parse_hex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
