/* SPDX-License-Identifier: MIT */
/*
 * test-part: which segment and sections of an ELF file a VMA is, for a file like this one:
 *
 *	offset     0      1000    2000   2dd0 .. 3010 (in the file)
 *	vaddr      0      1000    2000   3dd0 .. 4010 .. 6000 (in memory)
 *	           LOAD 1 LOAD 2  LOAD 3 LOAD 4
 *	                                 RELRO 3dd0 .. 4000
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "vmtrace/annotate.h"

#define R VMT_PERM_READ
#define W VMT_PERM_WRITE
#define X VMT_PERM_EXEC

#define BASE (0x7f0000000000ULL >> 12) /* in pages */

enum {
	INODE = 77,
	ROWS_MAX = 8
};

static struct vmt_section sections[] = {
	{ ".dynsym", 0x100, 0x300, true },   { ".plt", 0x1000, 0x40, true },
	{ ".text", 0x1040, 0x800, true },    { ".rodata", 0x2000, 0x80, true },
	{ ".dynamic", 0x3dd0, 0x200, true }, { ".data", 0x4000, 0x10, true },
	{ ".bss", 0x4010, 0x1ff0, false },
};

static struct vmt_elf_facts library(void)
{
	struct vmt_elf_facts facts = {
		.elf = {
			.word_bits = 64,
			.dynamic_base = true,
			.segment_count = 4,
			.segments = {
				{ 0, 0x600, 0x600, 0, 0x1000, R },
				{ 0x1000, 0x900, 0x900, 0x1000, 0x1000, R | X },
				{ 0x2000, 0x100, 0x100, 0x2000, 0x1000, R },
				{ 0x3dd0, 0x2230, 0x240, 0x2dd0, 0x1000, R | W },
			},
			.relro_vaddr = 0x3dd0,
			.relro_bytes = 0x230,
		},
		.soname = "",
	};

	facts.sections.data = sections;
	facts.sections.count = vmt_countof(sections);
	return facts;
}

struct layout {
	struct vmt_vma_view views[ROWS_MAX];
	struct vmt_part parts[ROWS_MAX];
	size_t count;
};

/* A VMA @page pages above the base. */
static void add(struct layout *layout, uint64_t page, uint64_t pages, unsigned perms,
		uint64_t offset, uint64_t inode)
{
	struct vmt_vma_view *view = &layout->views[layout->count++];

	assert_true(layout->count <= ROWS_MAX);
	*view = (struct vmt_vma_view){ .map = {
					       .start = (BASE + page) << 12,
					       .end = (BASE + page + pages) << 12,
					       .perms = perms,
					       .offset = offset,
					       .inode = inode,
					       .name = inode ? "/lib/libsmall.so" : "",
				       } };
}

static const struct vmt_elf_facts *facts_of(void *data, const struct vmt_mapping *map)
{
	return map->inode == INODE ? data : NULL;
}

static void find(struct layout *layout, struct vmt_elf_facts *facts)
{
	struct vmt_view_list list = { .rows = { layout->views, layout->count, ROWS_MAX } };

	vmt_parts(&list, 4096, facts_of, facts, layout->parts);
}

static void check_text(const struct vmt_part *part, size_t most, const char *expected)
{
	struct vmt_str text = { 0 };

	vmt_part_text(part, most, &text);
	assert_string_equal(vmt_str_text(&text), expected);
	vmt_str_deinit(&text);
}

static void add_library(struct layout *layout)
{
	add(layout, 0, 1, R, 0, INODE);
	add(layout, 1, 1, R | X, 0x1000, INODE);
	add(layout, 2, 1, R, 0x2000, INODE);
	add(layout, 3, 1, R, 0x2000, INODE);
	add(layout, 4, 1, R | W, 0x3000, INODE);
	add(layout, 5, 1, R | W, 0, 0);
}

static void test_library(void **state)
{
	struct vmt_elf_facts facts = library();
	struct layout layout = { 0 };

	(void)state;
	add_library(&layout);
	add(&layout, 6, 1, R | W, 0, 0);
	find(&layout, &facts);
	check_text(&layout.parts[0], 9, "LOAD 1 of 4: .dynsym");
	check_text(&layout.parts[1], 9, "LOAD 2 of 4: .plt .text");
	check_text(&layout.parts[1], 1, "LOAD 2 of 4: .text, 1 more");
	check_text(&layout.parts[2], 9, "LOAD 3 of 4: .rodata");
	check_text(&layout.parts[3], 9, "LOAD 4 of 4, RELRO: .dynamic");
	check_text(&layout.parts[4], 9, "LOAD 4 of 4: .data .bss");
	check_text(&layout.parts[5], 9, "LOAD 4 of 4: .bss");
	assert_true(layout.parts[5].bss);
	/* what begins behind the bss is none of the file's */
	assert_null(layout.parts[6].facts);
	check_text(&layout.parts[6], 9, "");
}

/* The linker has not protected RELRO: one VMA for all of LOAD 4 that is in the file. */
static void test_without_relro(void **state)
{
	struct vmt_elf_facts facts = library();
	struct layout layout = { 0 };

	(void)state;
	add(&layout, 2, 1, R, 0x2000, INODE);
	add(&layout, 3, 2, R | W, 0x2000, INODE);
	find(&layout, &facts);
	check_text(&layout.parts[0], 9, "LOAD 3 of 4: .rodata");
	check_text(&layout.parts[1], 9, "LOAD 4 of 4: .dynamic .data .bss");
	assert_false(layout.parts[1].relro);
}

static void test_merged_segments(void **state)
{
	struct vmt_elf_facts facts = library();
	struct layout layout = { 0 };

	(void)state;
	add(&layout, 0, 3, R, 0, INODE);
	find(&layout, &facts);
	check_text(&layout.parts[0], 3, "LOAD 1-3 of 4: .plt .text .rodata, 1 more");
}

static void test_stripped_sections(void **state)
{
	struct vmt_elf_facts facts = library();
	struct layout layout = { 0 };

	(void)state;
	facts.sections.count = 0;
	add_library(&layout);
	find(&layout, &facts);
	check_text(&layout.parts[1], 9, "LOAD 2 of 4");
	check_text(&layout.parts[3], 9, "LOAD 4 of 4, RELRO");
	check_text(&layout.parts[5], 9, "LOAD 4 of 4: bss");
}

/* Somebody reads the whole file through one mapping, or a page of it where no segment has it. */
static void test_mapped_as_data(void **state)
{
	struct vmt_elf_facts facts = library();
	struct layout layout = { 0 };

	(void)state;
	add(&layout, 0, 4, R, 0, INODE);
	add(&layout, 8, 1, R, 0x9000, INODE);
	add(&layout, 9, 1, R | W, 0, 0);
	find(&layout, &facts);
	for (size_t i = 0; i < layout.count; i++)
		assert_null(layout.parts[i].facts);
}

/* Two copies at two places, and another file between them. */
static void test_twice(void **state)
{
	struct vmt_elf_facts facts = library();
	struct layout layout = { 0 };

	(void)state;
	add(&layout, 1, 1, R | X, 0x1000, INODE);
	add(&layout, 4, 1, R, 0, INODE + 1);
	add(&layout, 0x101, 1, R | X, 0x1000, INODE);
	add(&layout, 0x105, 1, R | W, 0, 0);
	find(&layout, &facts);
	check_text(&layout.parts[0], 1, "LOAD 2 of 4: .text, 1 more");
	assert_null(layout.parts[1].facts);
	check_text(&layout.parts[2], 1, "LOAD 2 of 4: .text, 1 more");
	check_text(&layout.parts[3], 1, "LOAD 4 of 4: .bss");
}

/* A program that cannot be moved lies where its headers say, or is no program. */
static void test_fixed_program(void **state)
{
	struct vmt_elf_facts facts = library();
	struct layout layout = { 0 };

	(void)state;
	facts.elf.dynamic_base = false;
	add(&layout, 1, 1, R | X, 0x1000, INODE);
	find(&layout, &facts);
	assert_null(layout.parts[0].facts);
	layout.views[0].map.start = 0x1000;
	layout.views[0].map.end = 0x2000;
	find(&layout, &facts);
	check_text(&layout.parts[0], 9, "LOAD 2 of 4: .plt .text");
}

static void test_relro(void **state)
{
	struct vmt_elf_facts facts = library();
	struct vmt_mapping data = { .start = 0x10003000, .end = 0x10005000, .offset = 0x2000 };

	(void)state;
	assert_true(vmt_part_is_relro(&facts, &data, 0x10003000, 0x10004000, 4096));
	assert_false(vmt_part_is_relro(&facts, &data, 0x10003000, 0x10005000, 4096));
	assert_false(vmt_part_is_relro(&facts, &data, 0x10004000, 0x10005000, 4096));
	facts.elf.relro_bytes = 0;
	assert_false(vmt_part_is_relro(&facts, &data, 0x10003000, 0x10004000, 4096));
}

/* Numbers that no sane file has, but that the reader lets through. */
static void test_extremes(void **state)
{
	struct vmt_elf_facts facts = library();
	struct layout layout = { 0 };

	(void)state;
	facts.elf.segments[3].vaddr = (1ULL << 63) - 0x2000;
	facts.elf.segments[3].memory_bytes = 0x2000;
	facts.elf.segments[0].memory_bytes = 1ULL << 63;
	add_library(&layout);
	layout.views[5].map.end = UINT64_MAX & ~0xfffULL;
	find(&layout, &facts);
	for (size_t i = 0; i < layout.count; i++) {
		struct vmt_str text = { 0 };

		vmt_part_text(&layout.parts[i], VMT_PART_SECTIONS_MAX, &text);
		assert_true(!layout.parts[i].facts || text.length > 0);
		vmt_str_deinit(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_library),         cmocka_unit_test(test_without_relro),
		cmocka_unit_test(test_merged_segments), cmocka_unit_test(test_stripped_sections),
		cmocka_unit_test(test_mapped_as_data),  cmocka_unit_test(test_twice),
		cmocka_unit_test(test_fixed_program),   cmocka_unit_test(test_relro),
		cmocka_unit_test(test_extremes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
