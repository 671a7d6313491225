/* SPDX-License-Identifier: MIT */
/*
 * Sums over steps made by hand: bytes mapped and unmapped by what the steps removed and added, and who
 * made what is left. At random: what is left, maker by maker, is what a plain array of pages says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake-step.h"
#include "seed.h"
#include "vmtrace/compare.h"

enum {
	RW = VMT_PERM_READ | VMT_PERM_WRITE,
	PAGE = 4096,
	PAGES = 2000, /* of the random test */
	ROUNDS = 20000,
	MAKERS = 5
};

static const struct vmt_space_info space = {
	.space = 1, .pid = 4211, .made_by = "exec", .exe = "/bin/x", .arch = "x86_64"
};

static void test_step_bytes(void **state)
{
	struct vmt_step_bytes bytes;
	struct fake fake;

	(void)state;
	/* A new mapping that merges with the one above it. */
	fake_call(&fake, 1, VMT_CALL_MMAP, 0, 2 * PAGE, 3, 0x22, UINT64_MAX, 0);
	fake_return(&fake, 0x10000);
	fake_range(&fake, 0x10000, 0x12000);
	fake_removed(&fake, 0x12000, 0x13000, RW, "", 0);
	fake_added(&fake, 0x10000, 0x13000, RW, "", 0);
	bytes = vmt_step_bytes(&fake.step);
	assert_int_equal(bytes.mapped, 2 * PAGE);
	assert_int_equal(bytes.unmapped, 0);
	assert_int_equal(vmt_step_vmas(&fake.step), 0);
	fake_deinit(&fake);

	/* One that is put over a part of another. */
	fake_call(&fake, 1, VMT_CALL_MMAP, 0x11000, PAGE, 3, 0x32, UINT64_MAX, 0);
	fake_return(&fake, 0x11000);
	fake_range(&fake, 0x11000, 0x12000);
	fake_removed(&fake, 0x10000, 0x13000, RW, "/lib/a", 0);
	fake_added(&fake, 0x10000, 0x11000, RW, "/lib/a", 0);
	fake_added(&fake, 0x11000, 0x12000, RW, "", 1);
	fake_added(&fake, 0x12000, 0x13000, RW, "/lib/a", 0);
	bytes = vmt_step_bytes(&fake.step);
	assert_int_equal(bytes.mapped, PAGE);
	assert_int_equal(bytes.unmapped, PAGE);
	assert_int_equal(vmt_step_vmas(&fake.step), 2);
	fake_deinit(&fake);

	/* Other rights for a part: nothing is mapped. */
	fake_call(&fake, 1, VMT_CALL_MPROTECT, 0x11000, PAGE, 1, 0, 0, 0);
	fake_range(&fake, 0x11000, 0x12000);
	fake_removed(&fake, 0x10000, 0x12000, RW, "", 0);
	fake_added(&fake, 0x10000, 0x11000, RW, "", 0);
	fake_added(&fake, 0x11000, 0x12000, VMT_PERM_READ, "", 0);
	bytes = vmt_step_bytes(&fake.step);
	assert_int_equal(bytes.mapped, 0);
	assert_int_equal(bytes.unmapped, 0);
	fake_deinit(&fake);
}

static const struct vmt_tally_row *row_of(const struct vmt_tally_result *result,
					  enum vmt_tally_by by, const char *name)
{
	for (size_t i = 0; i < result->rows[by].count; i++)
		if (strcmp(result->rows[by].data[i].name, name) == 0)
			return &result->rows[by].data[i];
	fail_msg("no row %s", name);
	return NULL;
}

/* Maps or unmaps pages, which never merge here, at the end of an ascending list. */
static void step_pages(struct vmt_tally *tally, uint32_t number, const char *actor, bool map,
		       uint64_t page, uint64_t count)
{
	uint64_t start = (page + 1) * PAGE, end = start + count * PAGE;
	struct fake fake;

	fake_call(&fake, number, map ? VMT_CALL_MMAP : VMT_CALL_MUNMAP, start, end - start, 3, 0x22,
		  UINT64_MAX, 0);
	fake_return(&fake, map ? (int64_t)start : 0);
	fake_range(&fake, start, end);
	fake.step.actor = actor;
	fake.step.object = "/lib/x";
	if (map)
		fake_added(&fake, start, end, RW, "", number);
	else
		fake_removed(&fake, start, end, RW, "", number);
	vmt_tally_step(tally, &fake.step);
	fake_deinit(&fake);
}

static void test_leaks(void **state)
{
	struct vmt_tally *tally = vmt_tally_new();
	const struct vmt_tally_result *result;

	(void)state;
	vmt_tally_space(tally, &space);
	step_pages(tally, 0, "libc", true, 10, 4);
	step_pages(tally, 1, "libc", true, 20, 4);
	step_pages(tally, 2, "libc", true, 30, 2);
	step_pages(tally, 3, "program", false, 20, 4);
	step_pages(tally, 4, "program", false, 11, 1);
	result = vmt_tally_finish(tally);
	assert_int_equal(result->steps, 5);
	assert_int_equal(row_of(result, VMT_TALLY_ACTOR, "libc")->mapped_bytes, 10 * PAGE);
	assert_int_equal(row_of(result, VMT_TALLY_ACTOR, "libc")->live_bytes, 5 * PAGE);
	assert_int_equal(row_of(result, VMT_TALLY_ACTOR, "program")->unmapped_bytes, 5 * PAGE);
	assert_int_equal(row_of(result, VMT_TALLY_CALL, "munmap")->steps, 2);
	assert_int_equal(row_of(result, VMT_TALLY_OBJECT, "/lib/x")->live_bytes, 5 * PAGE);
	assert_int_equal(result->leaks.count, 2);
	assert_int_equal(result->leaks.data[0].bytes, 3 * PAGE);
	assert_int_equal(result->leaks.data[0].size_bytes, 4 * PAGE);
	assert_int_equal(result->leaks.data[1].first_step, 2);
	assert_int_equal(result->spaces.data[0]->vmas_peak, 3);
	vmt_tally_free(tally);
}

static const struct vmt_mapping program = {
	.start = 0x400000, .end = 0x500000, .offset = 0x1000, .name = "/bin/x"
};
static const struct vmt_mapping moved = {
	.start = 0x600000, .end = 0x700000, .offset = 0x1000, .name = "/bin/x"
};

/* One mapping of @count pages at @page, by a call with that stack. */
static void map_from(struct vmt_tally *tally, uint32_t number, struct vmt_frame *stack,
		     uint64_t page, uint64_t count)
{
	uint64_t start = (page + 1) * PAGE, end = start + count * PAGE;
	struct fake fake;

	fake_call(&fake, number, VMT_CALL_MMAP, 0, end - start, 3, 0x22, UINT64_MAX, 0);
	fake_return(&fake, (int64_t)start);
	fake_range(&fake, start, end);
	fake.step.actor = "libc";
	fake.step.object = "/lib/x";
	fake.event.stack = stack;
	fake_added(&fake, start, end, RW, "", number);
	vmt_tally_step(tally, &fake.step);
	fake_deinit(&fake);
}

/*
 *	main -> load  -> take	4 pages and 2
 *	main -> serve -> take	3 pages; again from where the file was mapped later, with other structs
 *	no stack		2 pages and 2; 1
 */
static void test_leaks_by_stack(void **state)
{
	struct vmt_frame outer = { .ip = 0x400010, .code = &program, .symbol = "main" };
	struct vmt_frame load = {
		.caller = &outer, .ip = 0x400020, .code = &program, .symbol = "load"
	};
	struct vmt_frame serve = {
		.caller = &outer, .ip = 0x400030, .code = &program, .symbol = "serve"
	};
	struct vmt_frame ways[] = {
		{ .caller = &load, .ip = 0x400040, .code = &program, .symbol = "take", .stack = 1 },
		{ .caller = &serve,
		  .ip = 0x400040,
		  .code = &program,
		  .symbol = "take",
		  .stack = 2 },
	};
	char name[] = "main", path[] = "/bin/x";
	struct vmt_mapping other_code = moved;
	struct vmt_frame outer_moved = { .ip = 0x600010, .code = &other_code, .symbol = name };
	struct vmt_frame serve_moved = {
		.caller = &outer_moved, .ip = 0x600030, .code = &other_code, .symbol = "serve"
	};
	struct vmt_frame way_moved = {
		.caller = &serve_moved, .ip = 0x600040, .code = &other_code, .symbol = "take"
	};
	struct vmt_tally *tally = vmt_tally_new();
	const struct vmt_tally_result *result;
	const struct vmt_tally_leak *leaks;

	(void)state;
	other_code.name = path;
	vmt_tally_space(tally, &space);
	map_from(tally, 0, &ways[0], 10, 4);
	map_from(tally, 1, &ways[1], 20, 3);
	map_from(tally, 2, &ways[0], 30, 2);
	map_from(tally, 3, &way_moved, 40, 3);
	map_from(tally, 4, NULL, 50, 2);
	map_from(tally, 5, NULL, 60, 1);
	map_from(tally, 6, NULL, 70, 2);
	/* Nothing of it is kept. */
	memset(ways, 0, sizeof(ways));
	memset(&outer_moved, 0, sizeof(outer_moved));
	memset(name, 'x', sizeof(name) - 1);
	memset(path, 'x', sizeof(path) - 1);
	outer.symbol = "gone";
	result = vmt_tally_finish(tally);
	leaks = result->leaks.data;
	assert_int_equal(result->leaks.count, 4);
	assert_int_equal(leaks[0].bytes, 6 * PAGE);
	assert_int_equal(leaks[0].count, 2);
	assert_int_equal(leaks[0].first_step, 0);
	assert_int_equal(leaks[0].size_bytes, 0);
	assert_string_equal(leaks[0].stack->symbol, "take");
	assert_string_equal(leaks[0].stack->caller->symbol, "load");
	assert_string_equal(leaks[0].stack->caller->caller->symbol, "main");
	assert_string_equal(leaks[0].stack->caller->caller->code->name, "/bin/x");
	assert_null(leaks[0].stack->caller->caller->caller);
	assert_int_equal(leaks[1].bytes, 6 * PAGE);
	assert_int_equal(leaks[1].count, 2);
	assert_int_equal(leaks[1].size_bytes, 3 * PAGE);
	assert_string_equal(leaks[1].stack->caller->symbol, "serve");
	assert_null(leaks[2].stack);
	assert_int_equal(leaks[2].bytes, 4 * PAGE);
	assert_int_equal(leaks[2].size_bytes, 2 * PAGE);
	assert_int_equal(leaks[3].bytes, PAGE);
	assert_int_equal(row_of(result, VMT_TALLY_ACTOR, "libc")->live_bytes, 17 * PAGE);
	vmt_tally_free(tally);
}

static void test_random(void **state)
{
	static const char *const makers[MAKERS] = { "a", "b", "c", "d", "e" };
	struct seed seed = seed_start("tally");
	struct vmt_tally *tally = vmt_tally_new();
	const struct vmt_tally_result *result;
	int page_maker[PAGES];
	uint64_t left[MAKERS] = { 0 };

	(void)state;
	for (size_t i = 0; i < PAGES; i++)
		page_maker[i] = -1;
	vmt_tally_space(tally, &space);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		size_t page = seed_below(&seed, PAGES - 8), count = 1 + seed_below(&seed, 8);
		int maker = (int)seed_below(&seed, MAKERS);
		bool map = page_maker[page] < 0;
		size_t end = page;

		/* As far as it is all free, or all mapped. */
		while (end < page + count && (page_maker[end] < 0) == map)
			page_maker[end++] = map ? maker : -1;
		step_pages(tally, round, makers[maker], map, page, end - page);
	}
	result = vmt_tally_finish(tally);
	for (size_t i = 0; i < PAGES; i++)
		if (page_maker[i] >= 0)
			left[page_maker[i]] += PAGE;
	for (size_t i = 0; i < MAKERS; i++)
		assert_int_equal(row_of(result, VMT_TALLY_ACTOR, makers[i])->live_bytes, left[i]);
	vmt_tally_free(tally);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step_bytes),
		cmocka_unit_test(test_leaks),
		cmocka_unit_test(test_leaks_by_stack),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
