/* SPDX-License-Identifier: MIT */
/*
 * test-tlb-effect: what calls flush. Spaces are mm-fixture.h's text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
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
	assert_true(vmt_space_flush_range(mm.space, &mm.event, &start, &end));
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
		assert_int_equal(vmt_space_flush_range(mm.space, &mm.event, &start, &end),
				 cases[i].flushes);
	}
	mm_close(&mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tlb),
		cmocka_unit_test(test_tlb_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
