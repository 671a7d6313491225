/* SPDX-License-Identifier: MIT */
/* test-render-tables: page tables and TLB, in the text views and in JSON, to the letter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake-output.h"

/* The end of the line. */
#define NO_MEANING "\"purpose\":null,\"pattern\":null,\"group\":null}\n"

/* 8K over a border of 2 MiB: two PTE tables, one of them there. */
static void make_step(struct fake *fake)
{
	fake_call(fake, 12, VMT_CALL_MMAP, 0, 8192, 3, 0x22, UINT64_MAX, 0);
	fake->step.tables = (struct vmt_step_tables){
		.known = true,
		.geometry = vmt_geometry_by_name("x86_64-4"),
		.start = 0x7f1c2bdff000,
		.end = 0x7f1c2be01000,
		.levels = { { 254, 254, 1, 1 },
			    { 112, 112, 1, 1 },
			    { 350, 351, 1, 1 },
			    { 511, 0, 2, 1 } },
		.huge_bytes = 2 << 20,
		.faults_known = true,
		.faults = 2,
		.first_faults = { 0x7f1c2bdff000, 0x7f1c2be00000 },
		.pages_known = true,
		.pages = 3,
		.made = 1,
		.bytes = 40960,
		.checked = true,
		.kernel_bytes = 40960,
	};
	fake->step.tlb = (struct vmt_step_tlb){ .known = true, .threshold_pages = 33 };
}

static void expect_text(struct fake *fake, const char *below)
{
	struct output output;

	output_open_text(&output, (struct vmt_text_options){
					  .views = VMT_LOG_STEPS,
					  .show = VMT_SHOW_TABLES | VMT_SHOW_TLB,
				  });
	send_space(&output, 1, "exec", 0);
	send(&output, fake, "linker", "map");
	/* The head and the line of the step come first. */
	assert_string_equal(strchr(strchr(output_text(&output), '\n') + 1, '\n') + 1, below);
	output_close(&output);
}

static void test_text(void **state)
{
	struct fake fake;

	(void)state;
	make_step(&fake);
	expect_text(&fake,
		    "              tables: PGD 0xfe, PUD 0x70, PMD 0x15e-0x15f, PTE 0x1ff-0x0; "
		    "needs 4 tables, 3 there\n"
		    "                      2 faults, +3 pages, 1 table made; 40K in all\n"
		    "              TLB:    nothing to flush\n");
	make_step(&fake);
	fake.step.tables.start = fake.step.tables.end = 0;
	fake.step.tables.faults = fake.step.tables.made = 0;
	fake.step.tables.pages = -1;
	fake.step.tables.freed = 2;
	fake.step.tables.kernel_bytes = 45056;
	fake.step.tables.reason = VMT_TABLES_EMPTIED;
	fake.step.tlb.flush = VMT_FLUSH_PAGES;
	fake.step.tlb.start = 0x7f0000000000;
	fake.step.tlb.end = 0x7f0000003000;
	fake.step.tlb.pages = 3;
	fake.step.tlb.freed_tables = true;
	expect_text(&fake, "                      -1 page, 2 tables freed; 40K in all (VmPTE 44K: "
			   "emptied)\n"
			   "              TLB:    3 pages flushed one by one: 7f0000000000 +12K; "
			   "tables were freed\n");
	make_step(&fake);
	fake.step.tables.known = false;
	fake.step.tlb.flush = VMT_FLUSH_ALL;
	fake.step.tlb.start = 0x7f0000000000;
	fake.step.tlb.pages = 34;
	expect_text(&fake, "              TLB:    all of this space flushed: 34 pages from "
			   "7f0000000000 on are more than 33\n");
}

static void expect_json(struct fake *fake, const char *end)
{
	struct output output;
	const char *text;

	output_open_json(&output);
	send(&output, fake, "linker", "map");
	text = strstr(output_text(&output), "\"file\":null");
	assert_non_null(text);
	assert_string_equal(text, end);
	output_close(&output);
}

static void test_json(void **state)
{
	struct fake fake;

	(void)state;
	make_step(&fake);
	expect_json(
		&fake,
		"\"file\":null,\"page_tables\":{\"geometry\":\"x86_64-4\",\"start\":"
		"\"0x7f1c2bdff000\","
		"\"end\":\"0x7f1c2be01000\",\"levels\":["
		"{\"level\":\"PGD\",\"first_index\":254,\"last_index\":254,\"needed\":1,\"there\":"
		"1},"
		"{\"level\":\"PUD\",\"first_index\":112,\"last_index\":112,\"needed\":1,\"there\":"
		"1},"
		"{\"level\":\"PMD\",\"first_index\":350,\"last_index\":351,\"needed\":1,\"there\":"
		"1},"
		"{\"level\":\"PTE\",\"first_index\":511,\"last_index\":0,\"needed\":2,\"there\":1}]"
		","
		"\"huge_page_size\":2097152,\"huge_pages_possible\":0,\"faults\":2,"
		"\"faulted_pages\":[\"0x7f1c2bdff000\",\"0x7f1c2be00000\"],\"pages\":3,\"made\":1,"
		"\"freed\":0,\"bytes\":40960,\"kernel_bytes\":40960,\"check\":\"match\"},"
		"\"tlb\":{\"flush\":\"none\",\"threshold_pages\":33}," NO_MEANING);
	/* Nobody asked: no key at all. */
	make_step(&fake);
	fake.step.tables.known = fake.step.tlb.known = false;
	expect_json(&fake, "\"file\":null," NO_MEANING);
	/* What is not known has no key. */
	make_step(&fake);
	fake.step.tables = (struct vmt_step_tables){
		.known = true,
		.geometry = vmt_geometry_by_name("x86_64-4"),
		.bytes = 4096,
		.reason = VMT_TABLES_UNREADABLE,
	};
	fake.step.tlb = (struct vmt_step_tlb){
		.known = true,
		.flush = VMT_FLUSH_ALL,
		.start = 0x1000,
		.end = 0x24000,
		.pages = 35,
		.present = 7,
		.freed_tables = true,
		.threshold_pages = 33,
	};
	expect_json(
		&fake,
		"\"file\":null,\"page_tables\":{\"geometry\":\"x86_64-4\",\"made\":0,\"freed\":0,"
		"\"bytes\":4096,\"check\":\"unchecked\",\"reason\":\"unreadable\"},"
		"\"tlb\":{\"flush\":\"all\",\"start\":\"0x1000\",\"end\":\"0x24000\",\"pages\":35,"
		"\"present\":7,\"freed_tables\":true,\"threshold_pages\":33}," NO_MEANING);
}

static void test_reasons(void **state)
{
	(void)state;
	for (int i = 0; i < VMT_TABLES_REASON_COUNT; i++) {
		const char *name = vmt_table_reason_name((enum vmt_table_reason)i);

		assert_non_null(name);
		assert_true(name[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
