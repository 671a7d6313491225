/* SPDX-License-Identifier: MIT */
/* test-base-str: growable strings and arrays, memory, and the lines of errors. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmtrace/base.h"

static void test_str_starts_empty(void **state)
{
	struct vmt_str str;

	(void)state;
	vmt_str_init(&str);
	assert_null(str.data);
	assert_string_equal(vmt_str_text(&str), "");
	vmt_str_clear(&str);
	assert_null(str.data);
	vmt_str_deinit(&str);
}

static void test_str_add(void **state)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str str;

	(void)state;
	vmt_str_init(&str);
	vmt_str_add(&str, "map");
	vmt_str_add_char(&str, ' ');
	vmt_str_add_bytes(&str, "a\0b", 3);
	vmt_str_add_bytes(&str, NULL, 0);
	vmt_str_printf(&str, "-%d-%s", 42, "x");
	assert_int_equal(str.length, 12);
	assert_memory_equal(str.data, "map a\0b-42-x", 13);
	vmt_str_clear(&str);
	assert_int_equal(str.length, 0);
	assert_string_equal(vmt_str_text(&str), "");
}

static void test_str_grows(void **state)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str str;

	(void)state;
	vmt_str_init(&str);
	for (int i = 0; i < 10000; i++)
		vmt_str_printf(&str, "%04d", i);
	assert_int_equal(str.length, 40000);
	assert_memory_equal(str.data + 4 * 1234, "12341235", 8);
	assert_int_equal(str.data[str.length], '\0');
	assert_true(str.length < str.capacity);
}

static void test_str_pad(void **state)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str str;

	(void)state;
	vmt_str_init(&str);
	vmt_str_pad(&str, 0);
	assert_string_equal(vmt_str_text(&str), "");
	/* four bytes, three columns */
	vmt_str_add(&str, "b\303\244r");
	vmt_str_pad(&str, 5);
	assert_string_equal(vmt_str_text(&str), "b\303\244r  ");
	vmt_str_pad(&str, 2);
	assert_string_equal(vmt_str_text(&str), "b\303\244r  ");
}

static void test_text_width(void **state)
{
	(void)state;
	assert_int_equal(vmt_text_width(""), 0);
	assert_int_equal(vmt_text_width("heap"), 4);
	assert_int_equal(vmt_text_width("\342\200\246/x"), 3);
	/* a lone continuation byte, and a sequence that is cut off: one column a byte */
	assert_int_equal(vmt_text_width("\200a"), 2);
	assert_int_equal(vmt_text_width("a\342\200"), 3);
}

static void test_array(void **state)
{
	VMT_ARRAY(uint64_t) numbers = { 0 };

	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		vmt_array_push(&numbers, i * i);
	assert_int_equal(numbers.count, 1000);
	assert_true(numbers.capacity >= 1000);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(numbers.data[i], i * i);
	vmt_array_clear(&numbers);
	assert_int_equal(numbers.count, 0);
	vmt_array_push(&numbers, 7);
	assert_int_equal(numbers.data[0], 7);
	vmt_array_deinit(&numbers);
	assert_null(numbers.data);
	assert_int_equal(numbers.capacity, 0);
}

static void test_memory_of_nothing(void **state)
{
	void *memory;

	(void)state;
	memory = vmt_malloc(0);
	assert_non_null(memory);
	memory = vmt_realloc(memory, 0, 8);
	assert_non_null(memory);
	free(memory);
	memory = vmt_calloc(0, 16);
	assert_non_null(memory);
	free(memory);
	memory = vmt_strdup("name");
	assert_string_equal(memory, "name");
	free(memory);
}

/* Runs @function in a child; its exit status, and what it wrote to standard error. */
static int run_apart(void (*function)(void), char *ret_text, size_t text_bytes)
{
	int ends[2];
	int status;
	ssize_t count, length = 0;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		function();
		_exit(0);
	}
	close(ends[1]);
	while ((count = read(ends[0], ret_text + length, text_bytes - 1 - (size_t)length)) > 0)
		length += count;
	ret_text[length] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void want_too_much(void)
{
	/* volatile: else the compiler sees the size and objects */
	volatile size_t half = SIZE_MAX / 2;

	free(vmt_realloc(NULL, half, 4));
}

static void grow_too_much(void)
{
	size_t capacity = SIZE_MAX / 2 + 1;

	vmt_array_free(vmt_array_grow(NULL, &capacity, SIZE_MAX, 1));
}

static void test_out_of_memory(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(run_apart(vmt_die_oom, text, sizeof(text)), 125);
	assert_string_equal(text, "vmtrace: out of memory\n");
	assert_int_equal(run_apart(grow_too_much, text, sizeof(text)), 125);
	assert_string_equal(text, "vmtrace: out of memory\n");
	assert_int_equal(run_apart(want_too_much, text, sizeof(text)), 125);
}

static void test_error_set(void **state)
{
	struct vmt_error error;

	(void)state;
	assert_int_equal(
		vmt_error_set(&error, ENOENT, "cannot open %s: %s", "a.out", vmt_strerror(ENOENT)),
		-ENOENT);
	assert_string_equal(error.text, "cannot open a.out: No such file or directory");
	assert_int_equal(vmt_error_set(NULL, EPERM, "nobody reads this"), -EPERM);
}

static void test_error_is_safe(void **state)
{
	struct vmt_error error;

	(void)state;
	vmt_error_set(&error, EINVAL, "bad name: %s", "\033[31m\n\377");
	assert_string_equal(error.text, "bad name: \\033[31m\\012\\377");
}

static void test_error_is_cut_between_characters(void **state)
{
	struct vmt_error error;
	char long_name[2000];

	(void)state;
	/* 'a', then sequences of two bytes: the last byte of the struct would cut one in two */
	for (size_t i = 0; i < sizeof(long_name) - 1; i++)
		long_name[i] = i & 1 ? '\303' : '\244';
	long_name[sizeof(long_name) - 1] = '\0';
	for (int shift = 1; shift < 3; shift++) {
		vmt_error_set(&error, ENAMETOOLONG, "%.*s%s", shift - 1, "x", long_name + 1);
		assert_true(strlen(error.text) >= sizeof(error.text) - 2);
		assert_true(strlen(error.text) < sizeof(error.text));
		assert_true(vmt_utf8_valid(error.text, strlen(error.text)));
	}
}

static void test_strerror(void **state)
{
	(void)state;
	assert_string_equal(vmt_strerror(EACCES), "Permission denied");
	assert_true(strlen(vmt_strerror(123456)) > 0);
	assert_true(strlen(vmt_strerror(-1)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str_starts_empty),
		cmocka_unit_test(test_str_add),
		cmocka_unit_test(test_str_grows),
		cmocka_unit_test(test_str_pad),
		cmocka_unit_test(test_text_width),
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_memory_of_nothing),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_error_set),
		cmocka_unit_test(test_error_is_safe),
		cmocka_unit_test(test_error_is_cut_between_characters),
		cmocka_unit_test(test_strerror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
