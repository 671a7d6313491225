/* SPDX-License-Identifier: MIT */
/*
 * test-pgtable: which tables there are. Spaces are mm-fixture.h's text; tables are counted as
 * "PUD PMD PTE". Unless said, x86-64 with 4 levels: a PTE table covers 2 MiB (200000), a PMD 1 GiB
 * (40000000), a PUD 512 GiB (8000000000).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "edit.h"
#include "mm-fixture.h"
#include "pgtable.h"
#include "seed.h"

#define MIB ((uint64_t)1 << 20)
#define SPAN (2 * MIB)

static void open_with(struct mm *mm, const char *vmas, const char *geometry)
{
	mm_open(mm);
	mm_build(mm, vmas);
	vmt_space_watch_tables(mm->space, vmt_geometry_by_name(geometry));
}

static void assert_tables(const struct mm *mm, uint64_t pud, uint64_t pmd, uint64_t pte)
{
	struct vmt_table_totals totals;

	vmt_space_table_totals(mm->space, &totals);
	assert_int_equal(totals.tables[1], pud);
	assert_int_equal(totals.tables[2], pmd);
	assert_int_equal(totals.tables[3], pte);
	assert_int_equal(totals.bytes, (pud + pmd + pte) * 4096);
}

static void unmap(struct mm *mm, uint64_t start, uint64_t end)
{
	mm_begin(mm);
	assert_int_equal(vmt_unmap_range(mm->space, start, end), 0);
	mm_end(mm);
}

/* ---- Floor and ceiling ---------------------------------------------------------------------- */

/*
 *	VMAs     [below]  [~~~ unmapped ~~~]  [above]       all pages populated
 *	PTE    |   a   |   b   |   c   |   d   |   e   |
 */
static const struct {
	const char *name;
	const char *vmas;
	uint64_t start, end; /* unmapped */
	uint64_t pud, pmd, pte; /* left */
} floor_cases[] = {
	/* nothing else: all goes
	 *	|  [~~~~]  |                                                     */
	{ "alone", "40000000-40001000 rw-", 0x40000000, 0x40001000, 0, 0, 0 },
	/* a neighbour in the same 2 MiB
	 *	|  [~~][above]  |                                                */
	{ "above, same table", "40000000-40001000 rw- | 40001000-40002000 r--", 0x40000000,
	  0x40001000, 1, 1, 1 },
	{ "below, same table", "40000000-40001000 rw- | 40001000-40002000 r--", 0x40001000,
	  0x40002000, 1, 1, 1 },
	/* a neighbour in the next 2 MiB
	 *	|  [~~~~]  |  [above]  |                                         */
	{ "above, next table", "40000000-40200000 rw- | 40200000-40201000 r--", 0x40000000,
	  0x40200000, 1, 1, 1 },
	/* one page into it
	 *	|  [~~~~~~~~|~]  [above]  |                                      */
	{ "one page too far", "40000000-40201000 rw- | 40201000-40202000 r--", 0x40000000,
	  0x40201000, 1, 1, 1 },
	/* the middle of one VMA: both ends stay
	 *	| [vma|~~~~~~~~|~~~~~~~~|vma] |                                  */
	{ "hole at the borders", "40000000-40800000 rw-", 0x40200000, 0x40600000, 1, 1, 2 },
	{ "hole beside the borders", "40000000-40800000 rw-", 0x40201000, 0x405ff000, 1, 1, 4 },
	/* the neighbour is in another GiB: the PMD goes, the PUD stays          */
	{ "other GiB", "40000000-40001000 rw- | 80000000-80001000 r--", 0x40000000, 0x40001000, 1,
	  1, 1 },
	/* ... and in another 512 GiB: the PUD goes too                          */
	{ "other 512 GiB", "40000000-40001000 rw- | 8000000000-8000001000 r--", 0x40000000,
	  0x40001000, 1, 1, 1 },
	/* several VMAs, one table between them is only theirs
	 *	| [~~]   [~~] |    [~~]    | [above] |                           */
	{ "several",
	  "40000000-40001000 rw- | 40002000-40003000 r-- | 40300000-40301000 rw- | "
	  "40400000-40401000 r--",
	  0x40000000, 0x40301000, 1, 1, 1 },
};

static void test_floor_and_ceiling(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmt_countof(floor_cases); i++) {
		struct mm mm;

		print_message("# %s\n", floor_cases[i].name);
		open_with(&mm, floor_cases[i].vmas, "x86_64-4");
		for (struct vmt_vma *vma = vmt_space_first(mm.space); vma; vma = vmt_vma_next(vma))
			vmt_space_populate(mm.space, vmt_vma_start(vma), vmt_vma_end(vma),
					   VMT_POPULATE_PAGES);
		unmap(&mm, floor_cases[i].start, floor_cases[i].end);
		assert_tables(&mm, floor_cases[i].pud, floor_cases[i].pmd, floor_cases[i].pte);
		mm_close(&mm);
	}
}

/* A table that a neighbour kept goes with the neighbour, though it was empty long before. */
static void test_emptied(void **state)
{
	struct mm mm;

	(void)state;
	open_with(&mm, "40000000-40001000 rw- | 40001000-40002000 r--", "x86_64-4");
	vmt_space_populate(mm.space, 0x40000000, 0x40001000, VMT_POPULATE_PAGES);
	unmap(&mm, 0x40000000, 0x40001000);
	assert_tables(&mm, 1, 1, 1);
	unmap(&mm, 0x40001000, 0x40002000);
	assert_tables(&mm, 0, 0, 0);
	mm_close(&mm);
}

/* ---- Random calls against a naive model ------------------------------------------------------ */

enum {
	SPOTS = 64, /* where mappings begin and end, more or less */
	TABLES_MAX = SPOTS * 16 + 2, /* of one level */
	ROUNDS = 3000
};

/* The last GiB below a border of 512 GiB. */
static const uint64_t base = 0x7fc0000000;

/* The tables of one level, as flags; the first covers base. */
struct naive {
	unsigned shift;
	uint64_t origin;
	bool there[TABLES_MAX];
};

static struct naive naive_of(unsigned shift)
{
	return (struct naive){ .shift = shift, .origin = base >> shift << shift };
}

/* Of the tables that covered anything unmapped, those remain that still cover a VMA. */
static void naive_unmap(struct naive *naive, const struct vmt_space *space, uint64_t start,
			uint64_t end)
{
	for (size_t i = 0; i < TABLES_MAX; i++) {
		uint64_t low = naive->origin + ((uint64_t)i << naive->shift);
		uint64_t high = low + ((uint64_t)1 << naive->shift);
		const struct vmt_vma *vma = vmt_find_vma(space, low);

		if (low < end && start < high && !(vma && vmt_vma_start(vma) < high))
			naive->there[i] = false;
	}
}

static void naive_check(const struct naive *naive, const struct vmt_table_set *set)
{
	uint64_t count = 0;

	for (size_t i = 0; i < TABLES_MAX; i++) {
		assert_int_equal(
			vmt_table_set_has(set, naive->origin + ((uint64_t)i << naive->shift)),
			naive->there[i]);
		count += naive->there[i];
	}
	assert_int_equal(set->count, count);
}

/* A spot, or up to 3 MiB above it. */
static uint64_t draw(struct seed *seed, uint64_t spot)
{
	uint64_t address = base + spot * 32 * MIB;

	return seed_below(seed, 2) ? address : address + seed_below(seed, 768) * 4096;
}

/* Replaces a range by nothing or by a new mapping, of which a page may be touched. */
static void random_round(struct mm *mm, struct seed *seed, struct naive *levels)
{
	uint64_t spot = seed_below(seed, SPOTS - 10);
	uint64_t start = draw(seed, spot);
	uint64_t end = draw(seed, spot + 1 + seed_below(seed, 8));
	struct vmt_vma template = vmt_vma_template(VMT_VM_READ | VMT_VM_MAYREAD);

	mm_begin(mm);
	assert_int_equal(vmt_unmap_range(mm->space, start, end), 0);
	for (int i = 0; i < 3; i++)
		naive_unmap(&levels[i], mm->space, start, end);
	if (seed_below(seed, 2)) {
		uint64_t page = start + seed_below(seed, (end - start) / 4096) * 4096;

		template.pgoff = start >> 12;
		vmt_map_new_range(mm->space, start, end, &template, VMT_MERGE_BOTH_SIDES);
		vmt_space_populate(mm->space, page, page + 4096, VMT_POPULATE_PAGES);
		for (int i = 0; i < 3; i++)
			levels[i].there[(page - levels[i].origin) >> levels[i].shift] = true;
	}
	mm_end(mm);
}

static void test_random(void **state)
{
	struct seed seed = seed_start("pgtable");
	struct naive levels[] = { naive_of(39), naive_of(30), naive_of(21) };
	struct mm mm;

	(void)state;
	open_with(&mm, "", "x86_64-4");
	for (int round = 0; round < ROUNDS; round++) {
		random_round(&mm, &seed, levels);
		for (unsigned i = 0; i < 3; i++)
			naive_check(&levels[i], &mm.space->tables->levels[i + 1]);
	}
	mm_close(&mm);
}

/* ---- mremap --------------------------------------------------------------------------------- */

static void move(struct mm *mm, uint64_t from, uint64_t length, uint64_t to)
{
	const uint64_t args[6] = { from, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to };

	mm_begin_call(mm, VMT_CALL_MREMAP, args, (int64_t)to);
	vmt_space_call(mm->space, &mm->event, &mm->step);
	mm_end(mm);
}

/*
 *	crooked    source |[aaaaaa|aaaaaa]|         two tables for three: all new, the old ones go
 *	           target |··[aaaa|aaaaaa|aa]··|
 *	aligned    whole tables move
 *	beside     a neighbour in the source's table keeps it; its pages went one by one
 *	below      the start is no border, and something lies below it: page by page
 *	realigned  ... and nothing does: the whole table goes
 */
static const struct {
	const char *name;
	const char *vmas;
	uint64_t from, length, to;
	uint64_t made; /* tables, those that only moved not counted */
	uint64_t pte; /* in the end */
} move_cases[] = {
	{ "aligned", "40000000-40400000 rw- a1 @40000", 0x40000000, 2 * SPAN, 0x50000000, 0, 2 },
	{ "crooked", "40000000-40400000 rw- a1 @40000", 0x40000000, 2 * SPAN, 0x50001000, 3, 3 },
	{ "beside", "40000000-40100000 rw- a1 @40000 | 40100000-40101000 r--", 0x40000000, SPAN / 2,
	  0x50000000, 1, 2 },
	{ "below", "40000000-40001000 r-- | 40100000-40300000 rw- a1 @40100", 0x40100000, SPAN,
	  0x50100000, 2, 3 },
	{ "realigned", "40100000-40300000 rw- a1 @40100", 0x40100000, SPAN, 0x50100000, 1, 2 },
};

static void test_move(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmt_countof(move_cases); i++) {
		struct vmt_table_totals totals;
		struct mm mm;

		print_message("# %s\n", move_cases[i].name);
		open_with(&mm, move_cases[i].vmas, "x86_64-4");
		for (struct vmt_vma *vma = vmt_space_first(mm.space); vma; vma = vmt_vma_next(vma))
			vmt_space_populate(mm.space, vmt_vma_start(vma), vmt_vma_end(vma),
					   VMT_POPULATE_PAGES);
		mm.space->tables->made = 0;
		move(&mm, move_cases[i].from, move_cases[i].length, move_cases[i].to);
		assert_int_equal(mm.step.tables.made, move_cases[i].made);
		vmt_space_table_totals(mm.space, &totals);
		assert_int_equal(totals.tables[3], move_cases[i].pte);
		assert_true(vmt_space_has_table(mm.space, move_cases[i].to));
		mm_close(&mm);
	}
}

/* A whole GiB goes with its PMD and all below it. */
static void test_move_gigabyte(void **state)
{
	struct mm mm;

	(void)state;
	open_with(&mm, "40000000-80000000 rw- a1 @40000", "x86_64-4");
	vmt_space_populate(mm.space, 0x40000000, 0x40001000, VMT_POPULATE_PAGES);
	vmt_space_populate(mm.space, 0x60000000, 0x60001000, VMT_POPULATE_PAGES);
	move(&mm, 0x40000000, 0x40000000, 0x8040000000);
	assert_tables(&mm, 1, 1, 2);
	assert_true(vmt_space_has_table(mm.space, 0x8060000000));
	assert_false(vmt_space_has_table(mm.space, 0x60000000));
	mm_close(&mm);
}

/* ---- Huge pages and MADV_DONTNEED ------------------------------------------------------------- */

static void drop(struct mm *mm, uint64_t start, uint64_t length)
{
	const uint64_t args[6] = { start, length, MADV_DONTNEED };

	mm_begin_call(mm, VMT_CALL_MADVISE, args, 0);
	vmt_space_call(mm->space, &mm->event, &mm->step);
	mm_end(mm);
}

/*
 *	|  PTE table  |  PTE table  |  PTE table  |
 *	      [~~~~~~~~~ dropped ~~~~~~~~~~]
 */
static void test_dropped(void **state)
{
	struct mm mm;

	(void)state;
	for (int reclaims = 0; reclaims < 2; reclaims++) {
		open_with(&mm, "40000000-40600000 rw- a1 @40000", "x86_64-4");
		mm.space->features.table_reclaim = reclaims;
		vmt_space_populate(mm.space, 0x40000000, 0x40600000, VMT_POPULATE_PAGES);
		drop(&mm, 0x40100000, 2 * SPAN);
		assert_tables(&mm, 1, 1, reclaims ? 2 : 3);
		/* In pieces, no table is covered whole. */
		for (uint64_t i = 0; i < 6; i++)
			drop(&mm, 0x40000000 + i * MIB, MIB);
		assert_tables(&mm, 1, 1, reclaims ? 2 : 3);
		mm_close(&mm);
	}
}

/* Before 6.14 only a huge page that goes whole gives its deposited table back. */
static void test_deposits(void **state)
{
	struct mm mm;

	(void)state;
	open_with(&mm, "40000000-40a00000 rw- a1 @40000", "x86_64-4");
	mm.space->features.table_reclaim = false;
	vmt_space_populate(mm.space, 0x40000000, 0x40800000, VMT_POPULATE_HUGE);
	vmt_space_populate(mm.space, 0x40800000, 0x40a00000, VMT_POPULATE_PAGES);
	assert_tables(&mm, 1, 1, 5);
	/* The first goes whole, of the second a part: that one was split. */
	drop(&mm, 0x40000000, SPAN + MIB);
	assert_tables(&mm, 1, 1, 4);
	drop(&mm, 0x40200000, SPAN);
	assert_tables(&mm, 1, 1, 4);
	drop(&mm, 0x40400000, 3 * SPAN);
	assert_tables(&mm, 1, 1, 2);
	mm_close(&mm);
}

static void test_huge_file(void **state)
{
	struct mm mm;

	(void)state;
	open_with(&mm, "40000000-40800000 rws f1@0", "x86_64-4");
	vmt_space_populate(mm.space, 0x40000000, 0x40400000, VMT_POPULATE_PAGES);
	assert_tables(&mm, 1, 1, 2);
	/* Collapsed: its table is given back; a new one never had any. */
	vmt_space_populate(mm.space, 0x40200000, 0x40800000, VMT_POPULATE_HUGE_FILE);
	assert_tables(&mm, 1, 1, 1);
	mm_close(&mm);
}

/* ---- fork ----------------------------------------------------------------------------------- */

static void ignore(void *data, struct vmt_step *step)
{
	(void)data;
	(void)step;
}

/*
 * Copied are VMAs with an anon_vma, also tables of theirs that are empty, as far as the VMA reaches.
 */
static void test_fork(void **state)
{
	struct vmt_space *child;
	struct vmt_table_totals totals;
	struct mm mm;

	(void)state;
	open_with(&mm,
		  "40000000-40600000 rw- a1 @40000 | 80000000-80400000 rws f1@0 | "
		  "c0000000-c0200000 rw- | 100000000-100200000 rw- a2 @100000 +dc | "
		  "140000000-140200000 rw- a3 @140000 +wf",
		  "x86_64-4");
	for (struct vmt_vma *vma = vmt_space_first(mm.space); vma; vma = vmt_vma_next(vma))
		vmt_space_populate(mm.space, vmt_vma_start(vma), vmt_vma_end(vma),
				   VMT_POPULATE_PAGES);
	drop(&mm, 0x40000000, MIB);
	assert_tables(&mm, 1, 5, 8);
	child = vmt_space_fork(mm.space, 2, NULL, ignore, NULL, NULL);
	vmt_space_table_totals(child, &totals);
	assert_int_equal(totals.tables[1], 1);
	assert_int_equal(totals.tables[2], 1);
	assert_int_equal(totals.tables[3], 3);
	vmt_space_free(child);
	mm_close(&mm);
}

/* ---- Faults and steps ----------------------------------------------------------------------- */

static void test_fault(void **state)
{
	struct mm mm;

	(void)state;
	open_with(&mm,
		  "40000000-40400000 rw- | 50000000-50001000 --- | 7ff000000-7ff001000 rw- +gd",
		  "x86_64-4");
	assert_true(vmt_space_fault(mm.space, 0x40000123));
	assert_true(vmt_space_fault(mm.space, 0x40001000));
	assert_tables(&mm, 1, 1, 1);
	assert_false(vmt_space_fault(mm.space, 0x50000000)); /* no rights */
	assert_false(vmt_space_fault(mm.space, 0x4f000000)); /* nothing there */
	assert_true(vmt_space_fault(mm.space, 0x7feff0000)); /* the stack will have grown */
	assert_tables(&mm, 1, 2, 2);
	mm_begin(&mm);
	mm_end(&mm);
	assert_int_equal(mm.step.tables.faults, 3);
	assert_int_equal(mm.step.tables.first_faults[0], 0x40000000);
	assert_int_equal(mm.step.tables.first_faults[1], 0x40001000);
	assert_int_equal(mm.step.tables.made, 5);
	mm_begin(&mm);
	mm_end(&mm);
	assert_int_equal(mm.step.tables.faults, 0);
	assert_int_equal(mm.step.tables.made, 0);
	mm_close(&mm);
}

/* SIGBUS: the tables above the last level are there. SIGSEGV: nothing is. */
static void test_fault_failed(void **state)
{
	struct mm mm;

	(void)state;
	open_with(&mm, "40000000-40400000 r-- f1@0 | 80000000-80400000 r--", "x86_64-4");
	vmt_space_fault_failed(mm.space, 0x80000000);
	assert_tables(&mm, 0, 0, 0);
	vmt_space_fault_failed(mm.space, 0x40000000);
	assert_tables(&mm, 1, 1, 0);
	mm_close(&mm);
}

/* Pages of an image count from the step that tells of their mapping. */
static void test_waiting(void **state)
{
	struct mm mm;

	(void)state;
	open_with(&mm, "", "x86_64-4");
	vmt_space_pages_wait(mm.space, 0x40000000, 0x40001000, VMT_POPULATE_PAGES);
	vmt_space_pages_wait(mm.space, 0x80000000, 0x80001000, VMT_POPULATE_PAGES);
	assert_tables(&mm, 0, 0, 0);
	mm_begin(&mm);
	mm.step.start = 0x3ffff000;
	mm.step.end = 0x40010000;
	mm_end(&mm);
	assert_int_equal(mm.step.tables.levels[3].needed, 2);
	assert_int_equal(mm.step.tables.levels[3].there, 0);
	assert_int_equal(mm.step.tables.levels[3].first_index, 511);
	assert_int_equal(mm.step.tables.made, 3);
	assert_tables(&mm, 1, 1, 1);
	vmt_space_pages_told(mm.space);
	assert_tables(&mm, 1, 2, 2);
	mm_close(&mm);
}

/* ---- Bytes of every geometry ----------------------------------------------------------------- */

/* One page, then one in another table of the last level: what VmPTE grows by (asm/pgalloc.h). */
static const struct {
	const char *geometry;
	uint64_t none; /* before any page */
	uint64_t first;
	uint64_t second;
} byte_cases[] = {
	{ "x86_64-4", 0, 12288, 4096 },
	{ "x86_64-5", 0, 12288, 4096 }, /* the P4D is not counted */
	{ "i386", 0, 4096, 4096 },
	{ "i386-pae", 16384, 4096, 4096 }, /* four PMDs come with the PGD */
	{ "arm", 0, 2048, 2048 }, /* half of the page that it takes */
	{ "arm-lpae", 4096, 8192, 4096 },
	{ "aarch64-4k-39", 0, 8192, 4096 },
	{ "aarch64-4k-48", 0, 12288, 4096 },
	{ "aarch64-16k-47", 0, 32768, 16384 },
	{ "aarch64-64k-42", 0, 65536, 65536 },
	{ "riscv64-sv39", 0, 8192, 4096 },
	{ "riscv64-sv48", 0, 12288, 4096 },
};

static void test_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmt_countof(byte_cases); i++) {
		const struct vmt_geometry *geometry = vmt_geometry_by_name(byte_cases[i].geometry);
		uint64_t span, second;
		struct mm mm;

		print_message("# %s\n", byte_cases[i].geometry);
		assert_non_null(geometry);
		open_with(&mm, "", byte_cases[i].geometry);
		span = vmt_level_table_span(&geometry->levels[geometry->level_count - 1]);
		assert_int_equal(vmt_space_table_bytes(mm.space), byte_cases[i].none);
		vmt_space_populate(mm.space, span, span + 1, VMT_POPULATE_PAGES);
		second = vmt_space_table_bytes(mm.space);
		assert_int_equal(second - byte_cases[i].none, byte_cases[i].first);
		vmt_space_populate(mm.space, 2 * span, 2 * span + 1, VMT_POPULATE_PAGES);
		assert_int_equal(vmt_space_table_bytes(mm.space) - second, byte_cases[i].second);
		vmt_space_tables_forget(mm.space);
		assert_int_equal(vmt_space_table_bytes(mm.space), byte_cases[i].none);
		mm_close(&mm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_floor_and_ceiling),
		cmocka_unit_test(test_emptied),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_move_gigabyte),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_deposits),
		cmocka_unit_test(test_huge_file),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_fault_failed),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
