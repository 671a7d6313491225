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
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_arm),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
