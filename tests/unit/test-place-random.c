/* SPDX-License-Identifier: MIT */
/*
 * test-place-random: the search for a free place, in random layouts, against one that walks an array
 * of pages one by one. In pages:
 *
 *	0 1      10                400       500                    800
 *	  [taken ]  top-down, from the right  |   bottom-up          |
 *	                           mmap_base  legacy_base      task_size
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm-fixture.h"
#include "place.h"
#include "seed.h"

enum {
	PAGE = 0x1000,
	LAYOUTS = 1000,
	QUERIES = 100, /* of each layout */
	LOW_PAGE = 0x10, /* of the window; the page below it is taken */
	BASE_PAGE = 0x400,
	LEGACY_PAGE = 0x500,
	END_PAGE = 0x800,
	GUARD_PAGES = 256,
};

/* One byte a page: free, taken, or the first page of a VM_GROWSDOWN VMA. */
enum page {
	PAGE_FREE,
	PAGE_TAKEN,
	PAGE_STACK
};

struct pages {
	unsigned char page[END_PAGE];
};

static void add_vma(struct mm *mm, struct pages *pages, uint64_t start, uint64_t end, bool stack)
{
	struct vmt_vma vma = vmt_vma_template(stack ? VMT_VM_GROWSDOWN : 0);

	for (uint64_t page = start; page < end; page++) {
		if (pages->page[page] != PAGE_FREE)
			return;
	}
	vmt_space_insert(mm->space, &vma, start * PAGE, end * PAGE, 0);
	for (uint64_t page = start; page < end; page++)
		pages->page[page] = PAGE_TAKEN;
	if (stack)
		pages->page[start] = PAGE_STACK;
}

static bool is_free(const struct pages *pages, uint64_t start, uint64_t count)
{
	for (uint64_t page = start; page < start + count; page++) {
		if (pages->page[page] != PAGE_FREE)
			return false;
	}
	return true;
}

/* The first taken page from @page on. */
static uint64_t next_taken(const struct pages *pages, uint64_t page)
{
	while (page < END_PAGE && pages->page[page] == PAGE_FREE)
		page++;
	return page;
}

/* Whether [start, start + count) reaches into the guard of the VMA above it. */
static bool in_guard(const struct pages *pages, uint64_t start, uint64_t count)
{
	uint64_t above = next_taken(pages, start + count);

	return above < END_PAGE && pages->page[above] == PAGE_STACK &&
	       start + count + GUARD_PAGES > above;
}

/*
 * The highest place below mmap_base; 0 if there is none. Where the guard of a stack is in the way,
 * the kernel searches again below that guard, and passes over all that lies beside the stack:
 *
 *	 [ A ]        [ B ]    [ stack ]
 *	           |   guard   |
 *	 <---------  the search goes on here, not below B
 */
static uint64_t naive_down(const struct pages *pages, uint64_t count)
{
	uint64_t high = BASE_PAGE;

	for (uint64_t start = high; start-- > LOW_PAGE;) {
		uint64_t above = next_taken(pages, start + count);

		if (start + count > high || !is_free(pages, start, count))
			continue;
		if (!in_guard(pages, start, count))
			return start;
		high = above > GUARD_PAGES ? above - GUARD_PAGES : 0;
	}
	return 0;
}

static uint64_t naive_up(const struct pages *pages, uint64_t count)
{
	for (uint64_t start = LEGACY_PAGE; start + count <= END_PAGE; start++) {
		if (is_free(pages, start, count) && !in_guard(pages, start, count))
			return start;
	}
	return 0;
}

static int64_t naive_place(const struct pages *pages, uint64_t hint, uint64_t count, bool legacy)
{
	uint64_t found = 0;

	if (hint && hint + count <= END_PAGE && is_free(pages, hint, count) &&
	    !in_guard(pages, hint, count))
		return (int64_t)hint * PAGE;
	if (!legacy)
		found = naive_down(pages, count);
	if (!found)
		found = naive_up(pages, count);
	return found ? (int64_t)found * PAGE : -ENOMEM;
}

static void random_layout(struct mm *mm, struct pages *pages, struct seed *seed)
{
	uint64_t wanted = seed_below(seed, 120);

	*pages = (struct pages){ { 0 } };
	mm_begin(mm);
	add_vma(mm, pages, 1, LOW_PAGE, false);
	for (uint64_t i = 0; i < wanted; i++) {
		uint64_t start = seed_between(seed, LOW_PAGE, END_PAGE - 1);
		uint64_t length = seed_between(seed, 1, i % 8 ? 24 : 300);

		add_vma(mm, pages, start, vmt_min_u64(start + length, END_PAGE),
			seed_below(seed, 16) == 0);
	}
	mm_end(mm);
}

static void test_random(void **state)
{
	struct seed seed = seed_start("place");
	static struct pages pages;

	(void)state;
	for (int i = 0; i < LAYOUTS; i++) {
		struct mm mm;

		mm_open(&mm);
		mm.space->mmap_base = (uint64_t)BASE_PAGE * PAGE;
		mm.space->legacy_base = (uint64_t)LEGACY_PAGE * PAGE;
		mm.space->task_size = (uint64_t)END_PAGE * PAGE;
		random_layout(&mm, &pages, &seed);
		for (int n = 0; n < QUERIES; n++) {
			uint64_t hint =
				seed_below(&seed, 4) ? 0 : seed_between(&seed, LOW_PAGE, END_PAGE);
			uint64_t count = seed_between(&seed, 1, n % 4 ? 16 : 200);
			const struct vmt_place_request request = { .address = hint * PAGE,
								   .length = count * PAGE,
								   .placing.kind =
									   VMT_PLACING_ANONYMOUS };
			bool certain = false;
			int64_t found;

			mm.space->legacy = n % 5 == 0;
			found = vmt_get_unmapped_area(mm.space, &request, &certain);
			assert_int_equal(found, naive_place(&pages, hint, count, mm.space->legacy));
			assert_true(certain);
		}
		mm_close(&mm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
