/* SPDX-License-Identifier: MIT */
/* The table of frames: equal stacks are kept once. And the table that is made of .eh_frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stack.h"

static struct vmt_frame *add(struct vmt_frame_table *table, struct vmt_frame *caller, uint64_t ip)
{
	struct vmt_frame like = { .caller = caller, .ip = ip };

	return vmt_frame_table_add(table, &like);
}

static void test_equal_is_same(void **state)
{
	struct vmt_frame_table table = { 0 };
	struct vmt_frame *outer = add(&table, NULL, 1);
	struct vmt_frame *inner = add(&table, outer, 2);

	(void)state;
	assert_ptr_equal(add(&table, NULL, 1), outer);
	assert_ptr_equal(add(&table, outer, 2), inner);
	assert_ptr_equal(inner->caller, outer);
	assert_int_equal(table.count, 2);
	vmt_frame_table_deinit(&table);
}

static void test_everything_counts(void **state)
{
	struct vmt_frame_table table = { 0 };
	struct vmt_mapping code = { 0 };
	struct vmt_frame like = { .ip = 2 };
	struct vmt_frame *first = vmt_frame_table_add(&table, &like);

	(void)state;
	like.exact = true;
	assert_ptr_not_equal(vmt_frame_table_add(&table, &like), first);
	like = (struct vmt_frame){ .ip = 2, .guessed = true };
	assert_ptr_not_equal(vmt_frame_table_add(&table, &like), first);
	like = (struct vmt_frame){ .ip = 2, .code = &code };
	assert_ptr_not_equal(vmt_frame_table_add(&table, &like), first);
	like = (struct vmt_frame){ .ip = 2, .end = VMT_STACK_LOST };
	assert_ptr_not_equal(vmt_frame_table_add(&table, &like), first);
	assert_ptr_not_equal(add(&table, first, 2), first);
	assert_int_equal(table.count, 6);
	/* What the reader fills in does not count. */
	first->symbol = "name";
	first->resolved = true;
	first->stack = 7;
	assert_ptr_equal(add(&table, NULL, 2), first);
	vmt_frame_table_deinit(&table);
}

/* Pointers stay good while the table grows. */
static void test_many(void **state)
{
	enum {
		MANY = 20000
	};
	struct vmt_frame_table table = { 0 };
	struct vmt_frame **frames = vmt_calloc(MANY, sizeof(struct vmt_frame *));

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		frames[i] = add(&table, i ? frames[i / 2] : NULL, 0x1000 + 16 * i);
	for (size_t i = 0; i < MANY; i++) {
		assert_ptr_equal(add(&table, i ? frames[i / 2] : NULL, 0x1000 + 16 * i), frames[i]);
		assert_int_equal(frames[i]->ip, 0x1000 + 16 * i);
	}
	assert_int_equal(table.count, MANY);
	free(frames);
	vmt_frame_table_deinit(&table);
}

/* ---- .eh_frame --------------------------------------------------------------------------- */

struct section {
	unsigned char bytes[256];
	size_t length;
};

static void put(struct section *section, const void *bytes, size_t length)
{
	memcpy(section->bytes + section->length, bytes, length);
	section->length += length;
}

static void put_word(struct section *section, uint32_t word)
{
	put(section, &word, sizeof(word));
}

/* A CIE with @letters and what they stand for, 16 bytes in all and the length. */
static size_t put_cie(struct section *section, const char *letters, const void *values,
		      size_t count)
{
	size_t at = section->length;

	put_word(section, 24);
	put_word(section, 0);
	put(section, "\1", 1);
	put(section, letters, strlen(letters) + 1);
	put(section, "\1\x78\x10", 3);
	put(section, &(unsigned char){ (unsigned char)count }, 1);
	put(section, values, count);
	section->length = at + 28;
	return at;
}

/* An FDE of the CIE at @cie for a function at @start, relative to the section. */
static size_t put_fde(struct section *section, size_t cie, int32_t start)
{
	size_t at = section->length;

	put_word(section, 12);
	put_word(section, (uint32_t)(section->length - cie));
	put_word(section, (uint32_t)start - (uint32_t)section->length);
	put_word(section, 16);
	return at;
}

static void test_index_sorts(void **state)
{
	struct section section = { .length = 0 };
	struct vmt_eh_row *rows = NULL;
	size_t cie = put_cie(&section, "zR", "\x1b", 1);
	size_t high = put_fde(&section, cie, 0x5000);
	size_t low = put_fde(&section, cie, -0x4000);

	(void)state;
	put_word(&section, 0);
	assert_int_equal(vmt_eh_index(section.bytes, section.length, &rows), 2);
	assert_int_equal(rows[0].start, -0x4000);
	assert_int_equal(rows[0].entry, low);
	assert_int_equal(rows[1].start, 0x5000);
	assert_int_equal(rows[1].entry, high);
	free(rows);
}

static void test_index_letters(void **state)
{
	static const struct {
		const char *letters;
		const char *values;
		size_t count;
		size_t rows;
	} cases[] = {
		{ "zR", "\x1b", 1, 1 },
		{ "zRS", "\x1b", 1, 1 },
		{ "zPLR", "\x9b\0\0\0\0\x1b\x1b", 7, 1 },
		{ "zPR", "\x00\0\0\0\0\0\0\0\0\x1b", 10, 1 },
		{ "zR", "\x00", 1, 0 }, /* absolute addresses */
		{ "zX", "\x1b", 1, 0 },
		{ "", "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct section section = { .length = 0 };
		struct vmt_eh_row *rows = NULL;

		put_fde(&section,
			put_cie(&section, cases[i].letters, cases[i].values, cases[i].count), 64);
		assert_int_equal(vmt_eh_index(section.bytes, section.length, &rows), cases[i].rows);
		free(rows);
	}
}

/* Cut anywhere, changed anywhere: rows lie in what is there, and are sorted. */
static void test_index_damaged(void **state)
{
	struct section whole = { .length = 0 };
	size_t cie = put_cie(&whole, "zR", "\x1b", 1);

	(void)state;
	put_fde(&whole, cie, 0x5000);
	put_fde(&whole, put_cie(&whole, "zPLR", "\x9b\0\0\0\0\x1b\x1b", 7), 0x6000);
	put_fde(&whole, cie, 0x100);
	srandom(1);
	for (int round = 0; round < 20000; round++) {
		size_t length = (size_t)random() % (whole.length + 1);
		unsigned char *bytes = vmt_malloc(length + 1);
		struct vmt_eh_row *rows = NULL;
		size_t count;

		memcpy(bytes, whole.bytes, length);
		for (long changes = random() % 4; changes > 0 && length; changes--)
			bytes[(size_t)random() % length] = (unsigned char)random();
		/* exactly as long as it is, for the sanitizer */
		bytes = vmt_realloc(bytes, length ? length : 1, 1);
		count = vmt_eh_index(bytes, length, &rows);
		for (size_t i = 0; i < count; i++) {
			assert_true(rows[i].entry >= 0 && (size_t)rows[i].entry + 12 <= length);
			assert_true(!i || rows[i - 1].start <= rows[i].start);
		}
		free(rows);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_is_same), cmocka_unit_test(test_everything_counts),
		cmocka_unit_test(test_many),          cmocka_unit_test(test_index_sorts),
		cmocka_unit_test(test_index_letters), cmocka_unit_test(test_index_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
