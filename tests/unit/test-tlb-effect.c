/* SPDX-License-Identifier: MIT */
/*
 * test-tlb-effect: what calls flush. Spaces are mm-fixture.h's text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/mman.h>

#include "mm-fixture.h"
#include "pgtable.h"

static void open_space(struct mm *mm)
{
	mm_open(mm);
	mm_build(mm, "40000000-40100000 rw-");
	vmt_space_watch_tables(mm->space, vmt_geometry_by_name("x86_64-4"));
}

static void set_call(struct mm *mm, enum vmt_call_id call, const uint64_t args[6])
{
	mm->event.call = call;
	memcpy(mm->event.args, args, sizeof(mm->event.args));
}

static void test_tlb(void **state)
{
	const uint64_t args[6] = { 0x40000000, 0x100000 };
	uint64_t start = 0, end = 0;
	struct mm mm;

	(void)state;
	open_space(&mm);
	set_call(&mm, VMT_CALL_MUNMAP, args);
	assert_true(vmt_space_flush_range(mm.space, &mm.event, 0, &start, &end));
	assert_int_equal(start, 0x40000000);
	assert_int_equal(end, 0x40100000);
	mm_begin_event(&mm);
	vmt_step_tlb(mm.space, &mm.step, 0, 0, 0);
	assert_int_equal(mm.step.tlb.flush, VMT_FLUSH_NONE);
	vmt_step_tlb(mm.space, &mm.step, 0x40000000, 0x40021000, 2);
	assert_int_equal(mm.step.tlb.flush, VMT_FLUSH_PAGES);
	assert_int_equal(mm.step.tlb.pages, 33);
	vmt_step_tlb(mm.space, &mm.step, 0x40000000, 0x40022000, 2);
	assert_int_equal(mm.step.tlb.flush, VMT_FLUSH_ALL);
	mm.event.failed = true;
	vmt_step_tlb(mm.space, &mm.step, 0x40000000, 0x40022000, 2);
	assert_int_equal(mm.step.tlb.flush, VMT_FLUSH_NONE);
	mm.event.failed = false;
	mm_end(&mm);
	mm_close(&mm);
}

/* Rights that stay as they are flush nothing; a mapping into a hole neither. */
static void test_tlb_none(void **state)
{
	static const struct {
		enum vmt_call_id call;
		uint64_t args[6];
		bool flushes;
	} cases[] = {
		{ VMT_CALL_MPROTECT, { 0x40000000, 0x1000, PROT_READ | PROT_WRITE }, false },
		{ VMT_CALL_MPROTECT, { 0x40000000, 0x1000, PROT_READ }, true },
		{ VMT_CALL_MMAP, { 0, 0x1000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS }, false },
		{ VMT_CALL_MADVISE, { 0x40000000, 0x1000, MADV_DONTNEED }, true },
		{ VMT_CALL_MADVISE, { 0x40000000, 0x1000, MADV_DONTFORK }, false },
		{ VMT_CALL_MLOCK, { 0x40000000, 0x1000 }, false },
	};
	uint64_t start, end;
	struct mm mm;

	(void)state;
	open_space(&mm);
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		set_call(&mm, cases[i].call, cases[i].args);
		assert_int_equal(vmt_space_flush_range(mm.space, &mm.event, 0, &start, &end),
				 cases[i].flushes);
	}
	mm_close(&mm);
}

/* The parts of a call's range, as text. */
static void assert_parts(struct mm *mm, enum vmt_call_id call, const uint64_t args[6],
			 const char *wanted)
{
	struct vmt_str text = { 0 };
	uint64_t start;
	uint64_t end = 0;

	set_call(mm, call, args);
	while (vmt_space_flush_range(mm->space, &mm->event, end, &start, &end))
		vmt_str_printf(&text, "%s%llx-%llx", text.length ? " " : "",
			       (unsigned long long)start, (unsigned long long)end);
	assert_string_equal(vmt_str_text(&text), wanted);
	vmt_str_deinit(&text);
}

/*
 *	1000     3000     5000     7000     9000     b000
 *	[  rw-  ][  r--  ][  ---  ][  rw-  ]  hole   [  rw-  ]
 */
static void test_parts(void **state)
{
	static const struct {
		uint64_t args[6];
		const char *parts;
	} cases[] = {
		{ { 0x1000, 0xc000, PROT_READ }, "1000-3000 7000-9000" },
		{ { 0x2000, 0x6000, PROT_READ }, "2000-3000 7000-8000" },
		{ { 0x1000, 0x8000, PROT_READ | PROT_WRITE }, "3000-5000" },
		{ { 0x5000, 0x1000, PROT_READ }, "" },
		{ { 0x9000, 0x4000, PROT_READ }, "" },
	};
	static const uint64_t smaller[6] = { 0x1000, 0x8000, 0x3000 };
	static const uint64_t unmapped[6] = { 0x1000, 0x8000 };
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "1000-3000 rw- | 3000-5000 r-- | 5000-7000 --- | 7000-9000 rw- | "
		      "b000-d000 rw-");
	vmt_space_watch_tables(mm.space, vmt_geometry_by_name("x86_64-4"));
	for (size_t i = 0; i < vmt_countof(cases); i++)
		assert_parts(&mm, VMT_CALL_MPROTECT, cases[i].args, cases[i].parts);
	assert_parts(&mm, VMT_CALL_MREMAP, smaller, "4000-9000");
	assert_parts(&mm, VMT_CALL_MUNMAP, unmapped, "1000-9000");
	mm_close(&mm);
}

/* Of a call that fails at a hole some is done; a failed munmap() does nothing. */
static void test_half_done(void **state)
{
	static const struct {
		enum vmt_call_id call;
		int64_t result;
		enum vmt_flush flush;
	} cases[] = {
		{ VMT_CALL_MADVISE, -ENOMEM, VMT_FLUSH_PAGES },
		{ VMT_CALL_MPROTECT, -ENOMEM, VMT_FLUSH_PAGES },
		{ VMT_CALL_MPROTECT, -EACCES, VMT_FLUSH_NONE },
		{ VMT_CALL_MUNMAP, -ENOMEM, VMT_FLUSH_NONE },
	};
	struct mm mm;

	(void)state;
	open_space(&mm);
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		mm.event.call = cases[i].call;
		mm.event.failed = true;
		mm.event.result = cases[i].result;
		mm_begin_event(&mm);
		vmt_step_tlb(mm.space, &mm.step, 0x40000000, 0x40003000, 2);
		assert_int_equal(mm.step.tlb.flush, cases[i].flush);
		mm_end(&mm);
	}
	mm_close(&mm);
}

/* Moved memory is flushed whole, as far as a table of the last level has a page of it. */
static void test_moved(void **state)
{
	static const struct {
		uint64_t args[6];
		uint64_t result, start, end; /* start == end: nothing is flushed */
	} cases[] = {
		{ { 0x40001000, 0x8000, 0x10000 }, 0x50000000, 0x40001000, 0x40009000 },
		{ { 0x40001000, 0x8000, 0x10000 }, 0x40001000, 0, 0 },
		{ { 0x40001000, 0x8000, 0x4000 }, 0x40001000, 0x40003000, 0x40004000 },
		{ { 0x3fe00000, 0x400000, 0x400000 }, 0x50000000, 0x40000000, 0x40200000 },
		/* a border between two tables at the new place */
		{ { 0x40001000, 0x8000, 0x8000 }, 0x501fd000, 0x40001000, 0x40004000 },
		{ { 0x40001000, 0x8000, 0x8000 }, 0x501fe000, 0x40003000, 0x40009000 },
	};
	struct mm mm;

	(void)state;
	open_space(&mm);
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		set_call(&mm, VMT_CALL_MREMAP, cases[i].args);
		mm.event.result = (int64_t)cases[i].result;
		mm_begin_event(&mm);
		vmt_step_tlb(mm.space, &mm.step, 0x40003000, 0x40004000, 1);
		assert_int_equal(mm.step.tlb.flush != VMT_FLUSH_NONE,
				 cases[i].start < cases[i].end);
		assert_int_equal(mm.step.tlb.start, cases[i].start);
		assert_int_equal(mm.step.tlb.end, cases[i].end);
		mm_end(&mm);
	}
	mm_close(&mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tlb),   cmocka_unit_test(test_tlb_none),
		cmocka_unit_test(test_parts), cmocka_unit_test(test_half_done),
		cmocka_unit_test(test_moved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
