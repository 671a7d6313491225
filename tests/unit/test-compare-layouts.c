/* SPDX-License-Identifier: MIT */
/*
 * Layouts against each other. Drawn by hand: a library more, a heap that grew, other permissions,
 * another path, another order, what randomisation does. At random: a layout is the same as itself at
 * other addresses, and k edits show as at most k groups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "names-fixture.h"
#include "seed.h"
#include "vmtrace/compare.h"

enum {
	R = VMT_PERM_READ,
	RW = VMT_PERM_READ | VMT_PERM_WRITE,
	RX = VMT_PERM_READ | VMT_PERM_EXEC,
	PAGE = 4096,
	ROUNDS = 500,
	LONG = 60000,
};

static struct seed seed;

static unsigned draw(unsigned below)
{
	return (unsigned)seed_below(&seed, below);
}

static void put(struct vmt_compare_side *side, uint64_t start, uint64_t pages, unsigned perms,
		uint64_t offset, const char *name)
{
	struct vmt_compare_row row = {
		.map = {
			.start = start,
			.end = start + pages * PAGE,
			.perms = perms,
			.offset = offset,
			.inode = name[0] == '/' ? 100 : 0,
			.name = vmt_names_add(names, name),
		},
		.maker = vmt_names_add(names, ""),
		.made = VMT_MADE_UNKNOWN,
	};

	vmt_array_push(side, row);
}

/* A library of four segments and a bss; returns its end. */
static uint64_t put_library(struct vmt_compare_side *side, uint64_t at, const char *name,
			    uint64_t text_pages)
{
	put(side, at, 1, R, 0, name);
	at += PAGE;
	put(side, at, text_pages, RX, PAGE, name);
	at += text_pages * PAGE;
	put(side, at, 2, R, (1 + text_pages) * PAGE, name);
	at += 2 * PAGE;
	put(side, at, 1, RW, (2 + text_pages) * PAGE, name);
	put(side, at + PAGE, 3, RW, 0, "");
	return at + 4 * PAGE;
}

/* An everyday layout, moved by @slide; with @more between the program and libc. */
static void put_all(struct vmt_compare_side *side, uint64_t slide, const char *more,
		    uint64_t heap_pages)
{
	uint64_t at = 0x7f0000000000 + slide;

	put(side, 0x550000000000 + slide, 1, R, 0, "/bin/tool");
	put(side, 0x550000001000 + slide, 4, RX, PAGE, "/bin/tool");
	put(side, 0x550000005000 + slide, 1, RW, 5 * PAGE, "/bin/tool");
	put(side, 0x560000000000 + 3 * slide, heap_pages, RW, 0, "[heap]");
	if (more)
		at = put_library(side, at, more, 9);
	at = put_library(side, at, "/lib/libc.so.6", 300);
	put(side, at + 4 * PAGE, 2, RW, 0, "");
	put(side, 0x7ffd00000000 + 2 * slide, 33, RW, 0, "[stack]");
}

static const struct vmt_compare_options plain = { .page_bytes = PAGE };

/* Compares, and frees the sides. */
static struct vmt_comparison compare(struct vmt_compare_side *a, struct vmt_compare_side *b,
				     const struct vmt_compare_options *options)
{
	struct vmt_comparison comparison;

	vmt_compare_layouts(a, b, options, &comparison);
	assert_int_equal(comparison.counts.kept + comparison.counts.changed +
				 comparison.counts.added + comparison.counts.gone,
			 comparison.pairs.count);
	vmt_compare_side_deinit(a);
	vmt_compare_side_deinit(b);
	return comparison;
}

static const struct vmt_compare_group *group_of(const struct vmt_comparison *comparison,
						const char *name)
{
	for (size_t i = 0; i < comparison->groups.count; i++)
		if (strcmp(comparison->groups.data[i].name, name) == 0)
			return &comparison->groups.data[i];
	fail_msg("no group %s", name);
	return NULL;
}

static void test_slide(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;

	(void)state;
	put_all(&a, 0, NULL, 33);
	put_all(&b, 0x123000, NULL, 33);
	assert_int_equal(vmt_compare_shape(&a), vmt_compare_shape(&b));
	comparison = compare(&a, &b, &plain);
	assert_true(comparison.same);
	assert_int_equal(group_of(&comparison, "/lib/libc.so.6")->slide_bytes, 0x123000);
	assert_int_equal(group_of(&comparison, "[heap]")->slide_bytes, 3 * 0x123000);
	vmt_comparison_deinit(&comparison);
}

static void test_addresses_count(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_compare_options options = { .addresses = true, .page_bytes = PAGE };
	struct vmt_comparison comparison;

	(void)state;
	put_all(&a, 0, NULL, 33);
	put_all(&b, 0x123000, NULL, 33);
	comparison = compare(&a, &b, &options);
	assert_false(comparison.same);
	assert_int_equal(comparison.counts.changed, comparison.pairs.count);
	vmt_comparison_deinit(&comparison);
}

static void test_one_library_more(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;
	const struct vmt_compare_group *group;

	(void)state;
	put_all(&a, 0, NULL, 33);
	put_all(&b, 0x5000, "/lib/libmore.so", 33);
	comparison = compare(&a, &b, &plain);
	assert_false(comparison.same);
	assert_int_equal(comparison.counts.groups_added, 1);
	assert_int_equal(comparison.counts.groups_gone, 0);
	assert_int_equal(comparison.counts.groups_changed, 0);
	assert_int_equal(comparison.counts.added, 5);
	assert_int_equal(comparison.counts.bytes, 16 * PAGE);
	group = group_of(&comparison, "/lib/libmore.so");
	assert_true(group->added);
	assert_int_equal(group->pair_count, 5);
	vmt_comparison_deinit(&comparison);
}

/* What was there before comes to lie beside the new library: it is not its bss. */
static void test_beside(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;

	(void)state;
	put(&a, 0x10000000, 2, RW, 0, "");
	put(&b, 0x0ffff000, 1, RW, 0, "/lib/libmore.so");
	put(&b, 0x10000000, 2, RW, 0, "");
	comparison = compare(&a, &b, &plain);
	assert_true(group_of(&comparison, "/lib/libmore.so")->added);
	assert_int_equal(comparison.counts.groups_added, 1);
	assert_int_equal(comparison.counts.groups_changed, 0);
	vmt_comparison_deinit(&comparison);
}

static void test_one_library_less(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;

	(void)state;
	put_all(&a, 0, "/lib/libmore.so", 33);
	put_all(&b, 0, NULL, 33);
	comparison = compare(&a, &b, &plain);
	assert_true(group_of(&comparison, "/lib/libmore.so")->gone);
	assert_int_equal(comparison.counts.gone, 5);
	assert_int_equal(comparison.counts.kept, 11);
	vmt_comparison_deinit(&comparison);
}

static void test_size(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_compare_options options = plain;
	struct vmt_comparison comparison;

	(void)state;
	put_all(&a, 0, NULL, 33);
	put_all(&b, 0, NULL, 66);
	comparison = compare(&a, &b, &plain);
	assert_int_equal(comparison.counts.changed, 1);
	assert_int_equal(group_of(&comparison, "[heap]")->changes, VMT_CHANGE_SIZE);
	vmt_comparison_deinit(&comparison);

	options.ignore = VMT_IGNORE_SIZE;
	put_all(&a, 0, NULL, 33);
	put_all(&b, 0, NULL, 66);
	comparison = compare(&a, &b, &options);
	assert_true(comparison.same);
	vmt_comparison_deinit(&comparison);
}

static void test_perms(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;

	(void)state;
	put_all(&a, 0, NULL, 33);
	put_all(&b, 0, NULL, 33);
	b.data[1].map.perms = R;
	comparison = compare(&a, &b, &plain);
	assert_int_equal(comparison.counts.changed, 1);
	assert_int_equal(group_of(&comparison, "/bin/tool")->changes, VMT_CHANGE_PERMS);
	vmt_comparison_deinit(&comparison);
}

static void test_path(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_compare_options options = plain;
	struct vmt_comparison comparison;
	const struct vmt_compare_group *group;

	(void)state;
	put_all(&a, 0, "/lib/libmore.so", 33);
	put_all(&b, 0, "/opt/libmore.so", 33);
	comparison = compare(&a, &b, &plain);
	group = group_of(&comparison, "/opt/libmore.so");
	assert_int_equal(group->changes, VMT_CHANGE_PATH);
	assert_string_equal(group->name_before, "/lib/libmore.so");
	assert_int_equal(comparison.counts.groups_changed, 1);
	assert_int_equal(comparison.counts.added + comparison.counts.gone, 0);
	vmt_comparison_deinit(&comparison);

	options.ignore = VMT_IGNORE_PATH;
	put_all(&a, 0, "/lib/libmore.so", 33);
	put_all(&b, 0, "/opt/libmore.so", 33);
	comparison = compare(&a, &b, &options);
	assert_true(comparison.same);
	vmt_comparison_deinit(&comparison);
}

static void test_inode(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_compare_options options = plain;
	struct vmt_comparison comparison;

	(void)state;
	put_all(&a, 0, NULL, 33);
	put_all(&b, 0, NULL, 33);
	b.data[0].map.inode = 7;
	b.data[0].map.dev_minor = 3;
	comparison = compare(&a, &b, &plain);
	assert_int_equal(group_of(&comparison, "/bin/tool")->changes,
			 VMT_CHANGE_INODE | VMT_CHANGE_DEV);
	vmt_comparison_deinit(&comparison);

	options.ignore = VMT_IGNORE_INODE | VMT_IGNORE_DEV;
	put_all(&a, 0, NULL, 33);
	put_all(&b, 0, NULL, 33);
	b.data[0].map.inode = 7;
	comparison = compare(&a, &b, &options);
	assert_true(comparison.same);
	vmt_comparison_deinit(&comparison);

	/* A memfd has a new inode in each run. */
	put(&a, 0x1000, 1, RW, 0, "/memfd:x (deleted)");
	put(&b, 0x1000, 1, RW, 0, "/memfd:x (deleted)");
	a.data[0].map.inode = 1;
	comparison = compare(&a, &b, &plain);
	assert_true(comparison.same);
	vmt_comparison_deinit(&comparison);
}

static void test_moved(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;

	(void)state;
	put_library(&a, 0x10000000, "/lib/liba.so", 9);
	put_library(&a, 0x10100000, "/lib/libb.so", 9);
	put_library(&a, 0x10200000, "/lib/libc.so", 9);
	put_library(&b, 0x10000000, "/lib/libb.so", 9);
	put_library(&b, 0x10100000, "/lib/libc.so", 9);
	put_library(&b, 0x10200000, "/lib/liba.so", 9);
	comparison = compare(&a, &b, &plain);
	assert_false(comparison.same);
	assert_int_equal(comparison.counts.groups_moved, 1);
	assert_int_equal(group_of(&comparison, "/lib/liba.so")->changes, VMT_CHANGE_MOVED);
	assert_int_equal(comparison.counts.kept, comparison.pairs.count);
	vmt_comparison_deinit(&comparison);
}

/* The order in which objects were mapped counts, where it is known, and not where they lie. */
static void test_made_order(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;

	(void)state;
	put_library(&a, 0x10000000, "/lib/liba.so", 9);
	put_library(&a, 0x10100000, "/lib/libb.so", 9);
	put_library(&b, 0x10000000, "/lib/libb.so", 9);
	put_library(&b, 0x10100000, "/lib/liba.so", 9);
	for (size_t i = 0; i < 10; i++) {
		a.data[i].made = (uint32_t)i;
		b.data[i].made = (uint32_t)((i + 5) % 10);
	}
	comparison = compare(&a, &b, &plain);
	assert_true(comparison.same);
	vmt_comparison_deinit(&comparison);
}

/* A small library finds room in the padding above a large one, or does not. */
static void test_padding(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;
	const char *large = "/lib/liblarge.so", *small = "/lib/libsmall.so";

	(void)state;
	put(&a, 0x10000000, 600, RX, 0, large);
	put(&a, 0x10000000 + 700 * PAGE, 3, RX, 0, small);
	put(&b, 0x10000000 - 5 * PAGE, 3, RX, 0, small);
	put(&b, 0x10000000, 600, RX, 0, large);
	comparison = compare(&a, &b, &plain);
	assert_true(comparison.same);
	vmt_comparison_deinit(&comparison);
}

/* The same for anonymous memory, which merges with what it comes to lie beside. */
static void test_padding_merges(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;

	(void)state;
	put(&a, 0x10000000, 1024, RW, 0, "");
	put(&a, 0x10000000 + 1100 * PAGE, 19, RW, 0, "");
	put(&b, 0x10000000 - 3 * PAGE, 1027, RW, 0, "");
	put(&b, 0x10000000 + 1100 * PAGE, 16, RW, 0, "");
	comparison = compare(&a, &b, &plain);
	assert_true(comparison.same);
	vmt_comparison_deinit(&comparison);

	/* One page more is a difference. */
	put(&a, 0x10000000, 1024, RW, 0, "");
	put(&a, 0x10000000 + 1100 * PAGE, 19, RW, 0, "");
	put(&b, 0x10000000 - 3 * PAGE, 1027, RW, 0, "");
	put(&b, 0x10000000 + 1100 * PAGE, 17, RW, 0, "");
	comparison = compare(&a, &b, &plain);
	assert_false(comparison.same);
	vmt_comparison_deinit(&comparison);
}

static void test_stack_slack(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;

	(void)state;
	put(&a, 0x7ffd00000000, 33, RW, 0, "[stack]");
	put(&b, 0x7ffd00000000, 35, RW, 0, "[stack]");
	comparison = compare(&a, &b, &plain);
	assert_true(comparison.same);
	vmt_comparison_deinit(&comparison);
	put(&a, 0x7ffd00000000, 33, RW, 0, "[stack]");
	put(&b, 0x7ffd00000000, 36, RW, 0, "[stack]");
	comparison = compare(&a, &b, &plain);
	assert_false(comparison.same);
	vmt_comparison_deinit(&comparison);
}

static void test_empty(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;

	(void)state;
	comparison = compare(&a, &b, &plain);
	assert_true(comparison.same);
	vmt_comparison_deinit(&comparison);
	put_all(&b, 0, NULL, 33);
	comparison = compare(&a, &b, &plain);
	assert_int_equal(comparison.counts.added, 11);
	vmt_comparison_deinit(&comparison);
}

/* A layout of @count VMAs drawn at random: libraries, and anonymous memory of few sizes. */
static void put_random(struct vmt_compare_side *side, size_t count)
{
	uint64_t at = 0x100000000;
	char name[64];

	while (side->count < count) {
		at += PAGE * (1 + draw(100));
		if (draw(3) == 0) {
			snprintf(name, sizeof(name), "/lib/lib%zu.so", side->count);
			at = put_library(side, at, name, 1 + draw(20));
			continue;
		}
		put(side, at, 1 + draw(4), draw(2) ? RW : R, 0, "");
		at = side->data[side->count - 1].map.end;
	}
}

/* The same at other addresses; the gaps change, what touches still touches. */
static void put_slid(struct vmt_compare_side *side, const struct vmt_compare_side *from)
{
	uint64_t at = 0x200000000, end = 0;

	for (size_t i = 0; i < from->count; i++) {
		struct vmt_compare_row row = from->data[i];
		uint64_t size = row.map.end - row.map.start;

		if (row.map.start != end)
			at += PAGE * (1 + draw(1000));
		end = row.map.end;
		row.map.start = at;
		row.map.end = at + size;
		at += size;
		vmt_array_push(side, row);
	}
}

static void test_random_slid(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct vmt_compare_side a = { 0 }, b = { 0 };
		struct vmt_comparison comparison;

		put_random(&a, 1 + draw(60));
		put_slid(&b, &a);
		comparison = compare(&a, &b, &plain);
		assert_true(comparison.same);
		assert_int_equal(comparison.counts.kept, comparison.pairs.count);
		vmt_comparison_deinit(&comparison);
	}
}

/* One edit of a side: a VMA less, one more or less page, other rights. */
static void edit(struct vmt_compare_side *side)
{
	size_t at = draw((unsigned)side->count);
	struct vmt_mapping *map = &side->data[at].map;

	switch (draw(3)) {
	case 0:
		memmove(side->data + at, side->data + at + 1,
			(side->count - at - 1) * sizeof(*side->data));
		side->count--;
		break;
	case 1:
		/* Shorter from below or above, so that what touched from there is apart. */
		if (map->end - map->start > PAGE)
			map->end -= PAGE;
		break;
	default:
		map->perms ^= VMT_PERM_EXEC;
		break;
	}
}

static void test_random_edits(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct vmt_compare_side a = { 0 }, b = { 0 };
		struct vmt_comparison comparison;
		unsigned edits = 1 + draw(4);
		size_t differences;

		put_random(&a, 20 + draw(60));
		put_slid(&b, &a);
		for (unsigned i = 0; i < edits; i++)
			edit(&b);
		comparison = compare(&a, &b, &plain);
		differences = comparison.counts.groups_added + comparison.counts.groups_gone +
			      comparison.counts.groups_changed;
		/* A bss whose object is gone, or no longer touches it, becomes plain memory. */
		assert_in_range(differences, 0, 2 * edits);
		assert_in_range(comparison.counts.changed + comparison.counts.added, 0, 2 * edits);
		vmt_comparison_deinit(&comparison);
	}
}

static void test_large(void **state)
{
	struct vmt_compare_side a = { 0 }, b = { 0 };
	struct vmt_comparison comparison;

	(void)state;
	put_random(&a, LONG);
	put_slid(&b, &a);
	for (unsigned i = 0; i < 50; i++)
		edit(&b);
	comparison = compare(&a, &b, &plain);
	assert_in_range(comparison.counts.changed + comparison.counts.added +
				comparison.counts.gone,
			1, 100);
	vmt_comparison_deinit(&comparison);
	/* Nothing in common. */
	for (unsigned i = 0; i < LONG; i++) {
		char name[32];

		snprintf(name, sizeof(name), "/a/%u", i);
		put(&a, (uint64_t)(i + 1) * 2 * PAGE, 1, R, 0, name);
		snprintf(name, sizeof(name), "/b/%u.b", i);
		put(&b, (uint64_t)(i + 1) * 2 * PAGE, 1, RW, 0, name);
	}
	comparison = compare(&a, &b, &plain);
	assert_int_equal(comparison.counts.groups_added, LONG);
	assert_int_equal(comparison.counts.groups_gone, LONG);
	vmt_comparison_deinit(&comparison);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slide),
		cmocka_unit_test(test_addresses_count),
		cmocka_unit_test(test_one_library_more),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_one_library_less),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_perms),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_inode),
		cmocka_unit_test(test_moved),
		cmocka_unit_test(test_made_order),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_padding_merges),
		cmocka_unit_test(test_stack_slack),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_random_slid),
		cmocka_unit_test(test_random_edits),
		cmocka_unit_test(test_large),
	};

	seed = seed_start("compare-layouts");
	return cmocka_run_group_tests_name("compare-layouts", tests, names_open, names_close);
}
