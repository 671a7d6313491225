/* SPDX-License-Identifier: MIT */
/*
 * test-geometry: the rows keep their own invariants, and addresses are cut as a hand does it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "vmtrace/arch.h"

static void check_levels(const struct vmt_geometry *geometry, const struct vmt_table_level *levels,
			 unsigned count)
{
	unsigned below = geometry->page_shift;

	assert_true(count >= 2 && count <= VMT_LEVELS_MAX);
	for (unsigned i = count; i-- > 0;) {
		const struct vmt_table_level *level = &levels[i];

		/* Each level goes on where the one below ends. */
		assert_int_equal(level->shift, below);
		below += level->index_bits;
		assert_true(level->index_bits > 0);
		assert_true(level->entry_bytes == 4 || level->entry_bytes == 8);
		assert_true(level->table_bytes >= vmt_level_entries(level) * level->entry_bytes);
		assert_true(level->leaf_possible || !level->leaf_user);
		assert_true(level->leaf_user || !level->leaf_thp);
	}
	assert_int_equal(below, geometry->va_bits);
	assert_true(levels[count - 1].leaf_user);
}

static void test_rows(void **state)
{
	(void)state;
	for (const struct vmt_geometry *const *at = vmt_geometries; *at; at++) {
		const struct vmt_geometry *geometry = *at;
		const struct vmt_table_level *last = &geometry->levels[geometry->level_count - 1];

		check_levels(geometry, geometry->levels, geometry->level_count);
		if (geometry->hw_level_count)
			check_levels(geometry, geometry->hw_levels, geometry->hw_level_count);
		assert_string_equal(geometry->levels[0].name, "PGD");
		assert_int_equal(geometry->levels[0].table_bytes_accounted, 0);
		assert_string_equal(last->name, "PTE");
		assert_int_equal(last->table_bytes_accounted,
				 vmt_level_entries(last) * last->entry_bytes);
		assert_true(geometry->window_end <= geometry->user_end);
		assert_non_null(geometry->root);
		assert_ptr_equal(vmt_geometry_by_name(geometry->name), geometry);
	}
	assert_null(vmt_geometry_by_name("x86_64"));
}

static void check_split(const char *name, uint64_t address, const unsigned *index, unsigned count,
			uint64_t offset)
{
	const struct vmt_geometry *geometry = vmt_geometry_by_name(name);
	struct vmt_split split;

	assert_non_null(geometry);
	assert_int_equal(geometry->level_count, count);
	vmt_geometry_split(geometry, address, &split);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(split.index[i], index[i]);
	assert_int_equal(split.offset, offset);
}

#define check(name, address, offset, ...) \
	do { \
		const unsigned index_[] = { __VA_ARGS__ }; \
		check_split((name), (address), index_, vmt_countof(index_), (offset)); \
	} while (0)

/*
 * The document's own example, read off the hexadecimal digits: 12, 8 and 12 bits are three, two
 * and three digits.
 *
 *	0x76db8000	76d | b8 | 000
 *	Linux: 76d = 2 * 3b6 + 1: pair 3b6, second half: entry 100 + b8 of 512
 */
static void test_arm(void **state)
{
	const struct vmt_geometry *arm = vmt_geometry_by_name("arm");
	struct vmt_split split;

	(void)state;
	vmt_geometry_split(arm, 0x76db8000, &split);
	assert_int_equal(split.hw_index[0], 0x76d);
	assert_int_equal(split.hw_index[1], 0xb8);
	assert_int_equal(split.offset, 0);
	check("arm", 0x76db8000, 0, 0x3b6, 0x1b8);
}

/*
 * One address each, put together from its parts. Reading from the top:
 *
 *	x86_64-4, and every tree of 9 + 9 + 9 + 9 + 12 bits
 *	  1 * 512G + 2 * 1G + 3 * 2M + 4 * 4K + 5
 *	  80 0000 0000 + 8000 0000 + 60 0000 + 4000 + 5                 = 80 8060 4005
 *	x86_64-5, riscv64-sv57
 *	  1 * 256T + 2 * 512G + 3 * 1G + 4 * 2M + 5 * 4K + 6
 *	  1 0000 0000 0000 + 100 0000 0000 + c000 0000 + 80 0000 + 5006 = 1 0100 c080 5006
 *	i386: bfffe123 = 1011111111 | 1111111110 | 123                  = 2ff, 3fe, 123
 *	i386-pae: the same = 10 | 111111111 | 111111110 | 123           = 2, 1ff, 1fe, 123
 *	aarch64-4k-48: aaaa aaaa a000, whose bits alternate
 *	  101010101 | 010101010 | 101010101 | 010101010 | 0             = 155, aa, 155, aa, 0
 *	aarch64 with 16K: 11 bits a level above 14 of the page
 *	  2 * 64G + 3 * 32M + 5 * 16K + 7 = 20 0000 0000 + 600 0000 + 1 4000 + 7
 *	aarch64 with 64K: 13 bits a level above 16 of the page
 *	  3 * 512M + 5 * 64K + 7 = 6000 0000 + 5 0000 + 7
 */
static void test_splits(void **state)
{
	(void)state;
	check("x86_64-4", 0x8080604005, 5, 1, 2, 3, 4);
	/* the last page that mmap gives to ld.so without randomisation */
	check("x86_64-4", 0x7ffff7fff123, 0x123, 255, 511, 447, 511);
	/* of a kernel address the sign bits do not count */
	check("x86_64-4", 0xffff808080604005, 5, 256 + 1, 2, 3, 4);
	check("x86_64-5", 0x10100c0805006, 6, 1, 2, 3, 4, 5);
	check("i386", 0xbfffe123, 0x123, 0x2ff, 0x3fe);
	check("i386-pae", 0xbfffe123, 0x123, 2, 0x1ff, 0x1fe);
	/* bef | ff | fff; pair 5f7, odd: entry 100 + ff */
	check("arm", 0xbeffffff, 0xfff, 0x5f7, 0x1ff);
	/* 01 | 110110110 | 110111000 | 0 */
	check("arm-lpae", 0x76db8000, 0, 1, 0x1b6, 0x1b8);
	check("aarch64-4k-48", 0xaaaaaaaaa000, 0, 0x155, 0xaa, 0x155, 0xaa);
	/* 3 * 1G + 5 * 2M + 7 * 4K + 9 */
	check("aarch64-4k-39", 0xc0a07009, 9, 3, 5, 7);
	/* 15 * 256T + the address of the first line */
	check("aarch64-4k-52", 0xf008080604005, 5, 15, 1, 2, 3, 4);
	check("aarch64-16k-36", 0x6014007, 7, 3, 5);
	check("aarch64-16k-47", 0x2006014007, 7, 2, 3, 5);
	/* + 1 * 128T, and + 31 * 128T */
	check("aarch64-16k-48", 0x802006014007, 7, 1, 2, 3, 5);
	check("aarch64-16k-52", 0xf802006014007, 7, 31, 2, 3, 5);
	check("aarch64-64k-42", 0x60050007, 7, 3, 5);
	/* + 63 * 4T, and + 1023 * 4T */
	check("aarch64-64k-48", 0xfc0060050007, 7, 63, 3, 5);
	check("aarch64-64k-52", 0xffc0060050007, 7, 1023, 3, 5);
	/* the last user address: half of the top level */
	check("riscv64-sv39", 0x3fffffffff, 0xfff, 255, 511, 511);
	check("riscv64-sv48", 0x8080604005, 5, 1, 2, 3, 4);
	check("riscv64-sv57", 0x10100c0805006, 6, 1, 2, 3, 4, 5);
}

/* What the first page of a process costs in VmPTE, and the memory of the top table. */
static void test_table_bytes(void **state)
{
	static const struct {
		const char *name;
		unsigned pgd_bytes;
		unsigned first_touch_bytes;
	} rows[] = {
		{ "x86_64-4", 4096, 3 * 4096 },
		{ "x86_64-5", 4096, 3 * 4096 },
		{ "i386", 4096, 4096 },
		{ "i386-pae", 32, 2 * 4096 },
		{ "arm", 16384, 2048 },
		{ "arm-lpae", 32, 2 * 4096 },
		{ "aarch64-4k-39", 4096, 8192 },
		{ "aarch64-4k-48", 4096, 3 * 4096 },
		{ "aarch64-4k-52", 128, 12288 },
		{ "aarch64-16k-36", 16384, 16384 },
		{ "aarch64-16k-47", 16384, 32768 },
		{ "aarch64-16k-48", 16, 3 * 16384 },
		{ "aarch64-16k-52", 256, 49152 },
		{ "aarch64-64k-42", 65536, 65536 },
		{ "aarch64-64k-48", 512, 131072 },
		{ "aarch64-64k-52", 8192, 131072 },
		{ "riscv64-sv39", 4096, 2 * 4096 },
		{ "riscv64-sv48", 4096, 3 * 4096 },
		{ "riscv64-sv57", 4096, 3 * 4096 },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(rows); i++) {
		const struct vmt_geometry *geometry = vmt_geometry_by_name(rows[i].name);
		unsigned bytes = 0;

		assert_non_null(geometry);
		for (unsigned k = 0; k < geometry->level_count; k++)
			bytes += geometry->levels[k].table_bytes_accounted;
		assert_int_equal(bytes, rows[i].first_touch_bytes);
		assert_int_equal(geometry->levels[0].table_bytes, rows[i].pgd_bytes);
	}
	/* no row was forgotten */
	assert_null(vmt_geometries[vmt_countof(rows)]);
}

static void check_half(const char *name, uint64_t address, enum vmt_half half)
{
	assert_int_equal(vmt_geometry_half(vmt_geometry_by_name(name), address), half);
}

static void test_halves(void **state)
{
	(void)state;
	check_half("x86_64-4", 0, VMT_HALF_USER);
	check_half("x86_64-4", 0x7fffffffffff, VMT_HALF_USER);
	check_half("x86_64-4", 0x800000000000, VMT_HALF_NONE);
	check_half("x86_64-4", 0xffff7fffffffffff, VMT_HALF_NONE);
	check_half("x86_64-4", 0xffff800000000000, VMT_HALF_KERNEL);
	check_half("x86_64-5", 0x800000000000, VMT_HALF_USER);
	check_half("x86_64-5", 0x100000000000000, VMT_HALF_NONE);
	check_half("x86_64-5", 0xff00000000000000, VMT_HALF_KERNEL);
	check_half("i386", 0xbfffffff, VMT_HALF_USER);
	check_half("i386", 0xc0000000, VMT_HALF_KERNEL);
	check_half("i386", 0x100000000, VMT_HALF_NONE);
	check_half("arm", 0xbeffffff, VMT_HALF_USER);
	check_half("arm", 0xbf000000, VMT_HALF_KERNEL);
	check_half("aarch64-4k-48", 0xffffffffffff, VMT_HALF_USER);
	check_half("aarch64-4k-48", 0x1000000000000, VMT_HALF_NONE);
	check_half("aarch64-4k-48", 0xfffeffffffffffff, VMT_HALF_NONE);
	check_half("aarch64-4k-48", 0xffff000000000000, VMT_HALF_KERNEL);
	check_half("riscv64-sv39", 0x3fffffffff, VMT_HALF_USER);
	check_half("riscv64-sv39", 0x4000000000, VMT_HALF_NONE);
	check_half("riscv64-sv39", 0xffffffc000000000, VMT_HALF_KERNEL);
}

static void check_refused(const char *name, uint64_t address, const char *line)
{
	struct vmt_error error;

	assert_int_equal(vmt_geometry_check(vmt_geometry_by_name(name), address, &error), -ERANGE);
	assert_string_equal(error.text, line);
}

static void test_check(void **state)
{
	(void)state;
	assert_int_equal(vmt_geometry_check(vmt_geometry_by_name("arm"), 0xffffffff, NULL), 0);
	check_refused("x86_64-5", 0x100000000000000,
		      "0x100000000000000 is not canonical on x86_64-5: its bits 63 to 56 must be "
		      "equal");
	check_refused("aarch64-64k-42", 0x40000000000,
		      "0x40000000000 is no address of aarch64-64k-42: its bits 63 to 42 must be "
		      "equal");
	check_refused("arm", 0x100000000, "0x100000000 is no address of arm, which has 32 bits");
}

static void test_find(void **state)
{
	const struct vmt_geometry *found = NULL;
	struct vmt_geometry_query query = { .arch = "aarch64", .page_shift = 16 };
	struct vmt_error error;

	(void)state;
	assert_int_equal(vmt_geometry_find(&query, &found, &error), 0);
	assert_string_equal(found->name, "aarch64-64k-48");
	query.va_bits = 39;
	assert_int_equal(vmt_geometry_find(&query, &found, &error), -EINVAL);
	assert_string_equal(error.text,
			    "aarch64 has no page tables of 64K pages, 39 bits; there are "
			    "aarch64-4k-48, aarch64-4k-39, aarch64-4k-52, aarch64-16k-47, "
			    "aarch64-16k-36, aarch64-16k-48, aarch64-16k-52, aarch64-64k-48, "
			    "aarch64-64k-42, aarch64-64k-52");
	query = (struct vmt_geometry_query){ .arch = "vax" };
	assert_int_equal(vmt_geometry_find(&query, &found, &error), -ENOENT);
	assert_string_equal(error.text, "no architecture 'vax'; there are x86_64, i386, arm, "
					"aarch64, riscv64");
	/* untouched by what failed */
	assert_string_equal(found->name, "aarch64-64k-48");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_arm),
		cmocka_unit_test(test_splits), cmocka_unit_test(test_table_bytes),
		cmocka_unit_test(test_halves), cmocka_unit_test(test_check),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
