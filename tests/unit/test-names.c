/* SPDX-License-Identifier: MIT */
/* test-names: equal texts are one pointer, different ones are not, and none ever moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmtrace/base.h"

enum {
	MANY = 20000
};

static void free_names(struct vmt_names **names)
{
	vmt_names_free(*names);
}

static void test_equal_texts(void **state)
{
	VMT_CLEANUP(free_names) struct vmt_names *names = vmt_names_new();
	char copy[] = "[heap]";
	const char *heap = vmt_names_add(names, "[heap]");

	(void)state;
	assert_string_equal(heap, "[heap]");
	assert_ptr_equal(heap, vmt_names_add(names, copy));
	assert_ptr_equal(heap, vmt_names_add_bytes(names, "[heap]x", 6));
	assert_ptr_not_equal(heap, vmt_names_add(names, "[stack]"));
	assert_ptr_not_equal(heap, vmt_names_add(names, "[hea"));
	/* the pool has its own copy */
	copy[1] = 'H';
	assert_string_equal(heap, "[heap]");
}

static void test_empty_text(void **state)
{
	VMT_CLEANUP(free_names) struct vmt_names *names = vmt_names_new();
	const char *empty = vmt_names_add(names, "");

	(void)state;
	assert_string_equal(empty, "");
	assert_ptr_equal(empty, vmt_names_add_bytes(names, NULL, 0));
}

static void test_raw_bytes(void **state)
{
	VMT_CLEANUP(free_names) struct vmt_names *names = vmt_names_new();
	const char *raw = vmt_names_add_bytes(names, "a\0b", 3);

	(void)state;
	assert_memory_equal(raw, "a\0b", 4);
	assert_ptr_equal(raw, vmt_names_add_bytes(names, "a\0b", 3));
	assert_ptr_not_equal(raw, vmt_names_add(names, "a"));
	assert_ptr_not_equal(raw, vmt_names_add_bytes(names, "a\0c", 3));
}

/* Every length up to some words, so that the hash sees each length of its last, partial word. */
static void test_lengths(void **state)
{
	VMT_CLEANUP(free_names) struct vmt_names *names = vmt_names_new();
	const char *found[64];
	char bytes[64];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	for (size_t length = 0; length < 64; length++)
		found[length] = vmt_names_add_bytes(names, bytes, length);
	for (size_t length = 0; length < 64; length++) {
		assert_int_equal(strlen(found[length]), length);
		assert_ptr_equal(found[length], vmt_names_add_bytes(names, bytes, length));
	}
}

static void test_many_names_stay(void **state)
{
	VMT_CLEANUP(free_names) struct vmt_names *names = vmt_names_new();
	const char **found = vmt_calloc(MANY, sizeof(*found));
	char text[64];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "/memfd:buffer-%d (deleted)", i);
		found[i] = vmt_names_add(names, text);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "/memfd:buffer-%d (deleted)", i);
		assert_string_equal(found[i], text);
		assert_ptr_equal(found[i], vmt_names_add(names, text));
	}
	free(found);
}

static void test_long_name(void **state)
{
	VMT_CLEANUP(free_names) struct vmt_names *names = vmt_names_new();
	const char *before = vmt_names_add(names, "before");
	const size_t length = 300000;
	char *text = vmt_malloc(length + 1);
	const char *found, *after;

	(void)state;
	memset(text, 'n', length);
	text[length] = '\0';
	found = vmt_names_add(names, text);
	after = vmt_names_add(names, "after");
	assert_string_equal(found, text);
	assert_ptr_equal(found, vmt_names_add(names, text));
	assert_string_equal(before, "before");
	assert_string_equal(after, "after");
	free(text);
}

static void test_free_of_none(void **state)
{
	(void)state;
	vmt_names_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_texts),     cmocka_unit_test(test_empty_text),
		cmocka_unit_test(test_raw_bytes),       cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_many_names_stay), cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_free_of_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
