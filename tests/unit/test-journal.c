/* SPDX-License-Identifier: MIT */
/*
 * test-journal: random calls, with the results that a kernel would give, on a small space:
 *
 *	pages  1        20            80          90          100
 *	       |  top-down, from the right        |  bottom-up |
 *	       |        start_brk     mmap_base   legacy_base  task_size
 *
 * After each step
 *   - the layout before, less removed, plus added, is the layout after, and views are in order
 *     (mm_end());
 *   - every page is what an array of pages says, which knows no VMAs and so nothing of merges;
 *   - what changed lies in the ranges that the step asks the kernel about;
 *   - the prediction, made from the arguments, is the result.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "mm-fixture.h"
#include "seed.h"

enum {
	PAGE = 0x1000,
	STEPS = 20000,
	HEAP_PAGE = 0x20,
	BASE_PAGE = 0x80,
	LEGACY_PAGE = 0x90,
	END_PAGE = 0x100,
	FILES = 3,
	ZERO_FILE = 99, /* stands for shared anonymous memory */
};

/* What a page shows; all 0 if it is free. */
struct page {
	bool mapped;
	unsigned perms;
	uint64_t file; /* 0: anonymous */
	uint64_t pgoff; /* of this page, in its file */
};

struct world {
	struct mm mm;
	struct seed seed;
	struct page page[END_PAGE];
	uint64_t brk;
};

static bool is_free(const struct world *world, uint64_t start, uint64_t count)
{
	for (uint64_t page = start; page < start + count; page++) {
		if (world->page[page].mapped)
			return false;
	}
	return true;
}

static bool is_full(const struct world *world, uint64_t start, uint64_t count)
{
	for (uint64_t page = start; page < start + count; page++) {
		if (!world->page[page].mapped)
			return false;
	}
	return true;
}

static void set_free(struct world *world, uint64_t start, uint64_t count)
{
	memset(&world->page[start], 0, count * sizeof(struct page));
}

/* Where a mapping without MAP_FIXED goes; 0 if there is no place. */
static uint64_t place(const struct world *world, uint64_t hint, uint64_t count)
{
	if (hint && hint + count <= END_PAGE && is_free(world, hint, count))
		return hint;
	for (uint64_t start = BASE_PAGE - count; start >= 1; start--) {
		if (is_free(world, start, count))
			return start;
	}
	for (uint64_t start = LEGACY_PAGE; start + count <= END_PAGE; start++) {
		if (is_free(world, start, count))
			return start;
	}
	return 0;
}

/* ---- After each step ---------------------------------------------------------------------- */

static void check_page(const struct world *world, uint64_t at)
{
	const struct page *page = &world->page[at];
	struct vmt_mapping map;

	if (vmt_space_find(world->mm.space, at * PAGE, &map) != page->mapped)
		fail_msg("step %u: page %" PRIx64 " must%s be mapped", world->mm.step.number, at,
			 page->mapped ? "" : " not");
	if (!page->mapped)
		return;
	assert_int_equal(map.perms, page->perms);
	assert_int_equal(map.inode, page->file == ZERO_FILE ? 0 : page->file);
	assert_int_equal(map.offset, page->file ? page->pgoff * PAGE - (at * PAGE - map.start) : 0);
	if (page->file == ZERO_FILE)
		assert_string_equal(map.name, "/dev/zero (deleted)");
}

/* Each of the views overlaps or touches one of the ranges that the kernel is asked about. */
static void check_asked(const struct mm *mm, const struct vmt_vma_view *views, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t start, end;
		bool asked = false;

		for (unsigned n = 0; vmt_step_range(mm->space, &mm->step, n, &start, &end); n++)
			asked |= views[i].map.start <= end && views[i].map.end >= start;
		assert_true(asked);
	}
}

static void check_world(struct world *world)
{
	const struct vmt_step *step = &world->mm.step;

	for (uint64_t at = 0; at < END_PAGE; at++)
		check_page(world, at);
	check_asked(&world->mm, step->removed.data, step->removed.count);
	check_asked(&world->mm, step->added.data, step->added.count);
	if (step->check != VMT_CHECK_UNCHECKED)
		fail_msg("step %u, %s: expected %" PRIx64 ", result %" PRIx64, step->number,
			 vmt_call_info(step->event->call)->name, step->expected,
			 step->event->result);
	assert_true(step->predicted);
}

#define call(world, id, result, ...) \
	do { \
		mm_call(&(world)->mm, id, result, __VA_ARGS__); \
		check_world(world); \
	} while (0)

/* ---- Calls -------------------------------------------------------------------------------- */

static unsigned perms_of(uint64_t prot, bool shared)
{
	return (prot & PROT_READ ? VMT_PERM_READ : 0) | (prot & PROT_WRITE ? VMT_PERM_WRITE : 0) |
	       (prot & PROT_EXEC ? VMT_PERM_EXEC : 0) | (shared ? VMT_PERM_SHARED : 0);
}

static void random_mmap(struct world *world)
{
	struct seed *seed = &world->seed;
	uint64_t count = seed_between(seed, 1, 12);
	uint64_t at = seed_between(seed, 1, END_PAGE - count);
	uint64_t hint = seed_below(seed, 3) ? at : 0;
	uint64_t prot = seed_below(seed, 8);
	uint64_t file = seed_below(seed, 2) ? seed_below(seed, FILES + 1) : 0;
	/* often goes on from a neighbour's; anonymous memory has none, whatever was asked */
	uint64_t pgoff = at + seed_below(seed, 2);
	bool shared = seed_below(seed, 4) == 0;
	uint64_t flags = (shared ? MAP_SHARED : MAP_PRIVATE) | (file ? 0 : MAP_ANONYMOUS);
	uint64_t kind = seed_below(seed, 4);
	int64_t result;

	if (kind == 0 && hint)
		flags |= MAP_FIXED;
	else if (kind == 1 && hint)
		flags |= MAP_FIXED_NOREPLACE;
	if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		at = place(world, hint, count);
	if (flags & MAP_FIXED_NOREPLACE && !is_free(world, at, count))
		result = -EEXIST;
	else
		result = at ? (int64_t)at * PAGE : -ENOMEM;
	for (uint64_t i = 0; result > 0 && i < count; i++)
		world->page[at + i] = (struct page){
			.mapped = true,
			.perms = perms_of(prot, shared),
			.file = file     ? file
				: shared ? ZERO_FILE
					 : 0,
			.pgoff = file ? pgoff + i : i,
		};
	mm_file(&world->mm, file);
	/* the kernel rounds lengths up; a hint down */
	call(world, VMT_CALL_MMAP, result,
	     hint * PAGE + (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) ? 0 : seed_below(seed, PAGE)),
	     count * PAGE - seed_below(seed, PAGE), prot, flags, file ? 3 : UINT64_MAX,
	     pgoff * PAGE);
}

static void random_munmap(struct world *world)
{
	struct seed *seed = &world->seed;
	uint64_t count = seed_between(seed, 1, 16);
	uint64_t at = seed_between(seed, 1, END_PAGE - count);

	switch (seed_below(seed, 16)) {
	case 0:
		call(world, VMT_CALL_MUNMAP, -EINVAL, at * PAGE + 1, count * PAGE);
		break;
	case 1:
		call(world, VMT_CALL_MUNMAP, -EINVAL, at * PAGE, 0);
		break;
	case 2:
		call(world, VMT_CALL_MUNMAP, -EINVAL, at * PAGE, END_PAGE * PAGE);
		break;
	default:
		set_free(world, at, count);
		call(world, VMT_CALL_MUNMAP, 0, at * PAGE, count * PAGE - seed_below(seed, PAGE));
		break;
	}
}

/* Everything up to the first hole changes, then the call fails. */
static void random_mprotect(struct world *world)
{
	struct seed *seed = &world->seed;
	uint64_t count = seed_between(seed, 1, 16);
	uint64_t at = seed_between(seed, 1, END_PAGE - count);
	uint64_t prot = seed_below(seed, 8);
	bool full = is_full(world, at, count);

	for (uint64_t page = at; page < at + count && world->page[page].mapped; page++)
		world->page[page].perms = perms_of(prot, world->page[page].perms & VMT_PERM_SHARED);
	call(world, VMT_CALL_MPROTECT, full ? 0 : -ENOMEM, at * PAGE,
	     count * PAGE - seed_below(seed, PAGE), prot);
}

/* One page above the new end must stay free; what is given back must hold something. */
static void random_brk(struct world *world)
{
	uint64_t asked =
		seed_between(&world->seed, (HEAP_PAGE - 1) * PAGE, (HEAP_PAGE + 0x20) * PAGE);
	uint64_t old_end = (world->brk + PAGE - 1) / PAGE;
	uint64_t new_end = (asked + PAGE - 1) / PAGE;
	bool granted = asked >= HEAP_PAGE * PAGE;

	if (granted && new_end > old_end)
		granted = is_free(world, old_end, new_end - old_end + 1);
	else if (granted && new_end < old_end)
		granted = !is_free(world, new_end, old_end - new_end);
	if (granted) {
		if (new_end < old_end)
			set_free(world, new_end, old_end - new_end);
		for (uint64_t page = old_end; page < new_end; page++)
			world->page[page] =
				(struct page){ .mapped = true,
					       .perms = VMT_PERM_READ | VMT_PERM_WRITE };
		world->brk = asked;
	}
	call(world, VMT_CALL_BRK, (int64_t)world->brk, asked);
}

static void open_world(struct world *world, const char *test)
{
	memset(world, 0, sizeof(*world));
	world->seed = seed_start(test);
	mm_open(&world->mm);
	world->mm.space->mmap_base = BASE_PAGE * PAGE;
	world->mm.space->legacy_base = LEGACY_PAGE * PAGE;
	world->mm.space->task_size = END_PAGE * PAGE;
	world->mm.space->features.min_address = PAGE;
	world->mm.space->min_address = PAGE;
	world->mm.space->start_brk = world->mm.space->brk = HEAP_PAGE * PAGE;
	world->mm.space->brk_known = true;
	world->brk = HEAP_PAGE * PAGE;
}

/* Whether pages were written: now this, now that, so that VMAs get anon_vmas, shared and not. */
static bool sometimes(void *data, uint64_t start, uint64_t end)
{
	struct world *world = data;

	(void)start;
	(void)end;
	return seed_below(&world->seed, 3) == 0;
}

static void test_random_calls(void **state)
{
	static struct world world;

	(void)state;
	open_world(&world, "journal");
	vmt_space_set_look(world.mm.space, sometimes, &world);
	for (int i = 0; i < STEPS; i++) {
		switch (seed_below(&world.seed, 8)) {
		case 0:
		case 1:
		case 2:
			random_mmap(&world);
			break;
		case 3:
			random_munmap(&world);
			break;
		case 4:
			random_brk(&world);
			break;
		default:
			random_mprotect(&world);
			break;
		}
	}
	assert_int_equal(vmt_space_steps(world.mm.space), STEPS);
	mm_close(&world.mm);
}

/* ---- By hand ------------------------------------------------------------------------------ */

/* What looks as before is in neither list, though it was touched. */
static void test_unchanged_cancels(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-3000 rw- | 3000-5000 r-- | 6000-7000 rw-");
	assert_int_equal(mm.step.added.count, 3);
	mm_begin(&mm);
	for (struct vmt_vma *vma = vmt_space_first(mm.space); vma; vma = vmt_vma_next(vma))
		vmt_space_touch(mm.space, vma);
	mm_end(&mm);
	assert_int_equal(mm.step.removed.count + mm.step.added.count, 0);
	/* mapped over with the same: it was cut and merged, and is as before */
	mm_call(&mm, VMT_CALL_MMAP, 0x1000, 0x1000, 0x1000, 3, 0x32, UINT64_MAX);
	assert_int_equal(mm.step.removed.count + mm.step.added.count, 0);
	/* a flag alone is a change */
	mm_begin(&mm);
	vmt_space_touch(mm.space, vmt_find_vma(mm.space, 0x6000));
	vmt_find_vma(mm.space, 0x6000)->flags |= VMT_VM_LOCKED;
	mm_end(&mm);
	assert_int_equal(mm.step.removed.count, 1);
	assert_int_equal(mm.step.added.count, 1);
	assert_int_equal(mm.step.added.data[0].vm_flags & VMT_VM_LOCKED, VMT_VM_LOCKED);
	mm_close(&mm);
}

/* A view is what the VMA was at its first change, with the steps that it then had. */
static void test_views(void **state)
{
	const struct vmt_vma_view *view;
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-5000 rw- f7@2");
	mm_call(&mm, VMT_CALL_MPROTECT, 0, 0x2000, 0x1000, PROT_READ);
	assert_int_equal(mm.step.number, 1);
	assert_int_equal(mm.step.removed.count, 1);
	view = &mm.step.removed.data[0];
	assert_int_equal(view->map.start, 0x1000);
	assert_int_equal(view->map.end, 0x5000);
	assert_int_equal(view->map.offset, 0x2000);
	assert_string_equal(view->map.name, "/f7");
	assert_int_equal(view->step_count, 1);
	assert_int_equal(mm.step.step_numbers.data[view->first_step], 0);
	assert_int_equal(mm.step.added.count, 3);
	view = &mm.step.added.data[1];
	assert_int_equal(view->map.start, 0x2000);
	assert_int_equal(view->map.perms, VMT_PERM_READ);
	assert_int_equal(view->map.offset, 0x3000);
	assert_int_equal(view->step_count, 2);
	assert_int_equal(mm.step.step_numbers.data[view->first_step + 1], 1);
	assert_int_equal(mm.step.added.data[2].step_count, 1);
	mm_close(&mm);
}

/* A step taken back gets no number; the next one has it. */
static void test_cancel(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-3000 rw-");
	mm_begin(&mm);
	assert_int_equal(mm.step.number, 1);
	vmt_step_cancel(mm.space);
	assert_int_equal(vmt_space_steps(mm.space), 1);
	mm_begin(&mm);
	assert_int_equal(mm.step.number, 1);
	mm_end(&mm);
	assert_int_equal(vmt_space_steps(mm.space), 2);
	mm_close(&mm);
}

/* A wrong prediction is told even when the layout came out right. */
static void test_prediction(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-3000 rw-");
	mm_call(&mm, VMT_CALL_MMAP, 0x7ffff7ffe000, 0, 0x1000, 3, 0x22, UINT64_MAX);
	assert_int_equal(mm.step.check, VMT_CHECK_UNCHECKED);
	assert_int_equal(mm.step.expected, 0x7ffff7ffe000);
	mm_call(&mm, VMT_CALL_MMAP, 0x7ffff0000000, 0, 0x1000, 3, 0x22, UINT64_MAX);
	assert_int_equal(mm.step.check, VMT_CHECK_ADJUSTED);
	assert_int_equal(mm.step.reason, VMT_REASON_UNEXPLAINED);
	assert_int_equal(mm.step.expected, 0x7ffff7ffd000);
	mm_assert(&mm, "the kernel decides",
		  "1000-3000 rw- | 7ffff0000000-7ffff0001000 rw- | 7ffff7ffe000-7ffff7fff000 rw-");
	mm_close(&mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_calls), cmocka_unit_test(test_unchanged_cancels),
		cmocka_unit_test(test_views),        cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_prediction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
