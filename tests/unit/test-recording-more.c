/* SPDX-License-Identifier: MIT */
/*
 * test-recording-more: ELF files, warnings and page tables go into a recording and come out of it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "record-samples.h"

static struct vmt_record next(struct place *place, enum vmt_record_kind kind)
{
	struct vmt_record record;

	assert_int_equal(vmt_recording_next(place->recording, &record, NULL), 1);
	assert_int_equal(record.kind, kind);
	return record;
}

static void assert_headers(const struct vmt_elf *elf)
{
	const struct vmt_segment *segment = elf->segments;

	assert_int_equal(elf->word_bits, 64);
	assert_int_equal(elf->machine, 62);
	assert_true(elf->dynamic_base && elf->has_gnu_stack && elf->executable_stack);
	assert_int_equal(elf->entry, 0x1040);
	assert_int_equal(elf->phdr_vaddr, 0x40);
	assert_int_equal(elf->relro_vaddr, 0x2000);
	assert_int_equal(elf->relro_bytes, 0x800);
	assert_string_equal(elf->interpreter, "/lib/ld.so");
	assert_int_equal(elf->segment_count, 1);
	assert_int_equal(segment->vaddr, 0x1000);
	assert_int_equal(segment->memory_bytes, 0x1800);
	assert_int_equal(segment->file_bytes, 0x800);
	assert_int_equal(segment->offset, 0x200);
	assert_int_equal(segment->align, 0x1000);
	assert_int_equal(segment->perms, 5);
}

static void assert_facts(const struct vmt_elf_facts *facts)
{
	const struct vmt_section *section;

	assert_headers(&facts->elf);
	assert_string_equal(facts->soname, "liba.so.1");
	assert_int_equal(facts->build_id_bytes, 3);
	assert_memory_equal(facts->build_id, sample_facts.build_id, sizeof(facts->build_id));
	assert_true(facts->dynamic && facts->pie && facts->bind_now && facts->text_relocations);
	assert_int_equal(facts->sections.count, 1);
	section = facts->sections.data;
	assert_string_equal(section->name, ".te\xffxt");
	assert_int_equal(section->vaddr, 0x1000);
	assert_int_equal(section->memory_bytes, 0x800);
	assert_true(section->in_file);
}

static void assert_warning(const struct vmt_store_warning *warning)
{
	assert_string_equal(warning->name, "no-relro");
	assert_int_equal(warning->space, 1);
	assert_int_equal(warning->step, 0);
	assert_int_equal(warning->pid, 4211);
	assert_string_equal(warning->text, sample_warning.text);
}

static void test_order(void **state)
{
	struct vmt_counts counts = { 0 };
	struct place *place = *state;
	const struct vmt_object_info *object;

	record_samples(place, &counts);
	turn(place);
	next(place, VMT_RECORD_SPACE);
	object = next(place, VMT_RECORD_OBJECT).object;
	assert_string_equal(object->name, "/lib/liba.so");
	assert_int_equal(object->dev_major, 254);
	assert_int_equal(object->dev_minor, 1);
	assert_int_equal(object->inode, 77);
	assert_facts(object->facts);
	assert_warning(next(place, VMT_RECORD_WARNING).warning);
	next(place, VMT_RECORD_STEP);
	next(place, VMT_RECORD_STEP);
	next(place, VMT_RECORD_LAYOUT);
}

/* Warnings are selected with their step, and ELF files with whole spaces. */
static void test_selection(void **state)
{
	struct vmt_counts counts = { 0 };
	struct place *place = *state;

	record_samples(place, &counts);
	turn(place);
	vmt_recording_rewind(place->recording, &(struct vmt_selection){ .some_steps = true });
	next(place, VMT_RECORD_SPACE);
	next(place, VMT_RECORD_WARNING);
	next(place, VMT_RECORD_STEP);
	vmt_recording_rewind(place->recording,
			     &(struct vmt_selection){ .some_steps = true, .first = 1, .last = 1 });
	next(place, VMT_RECORD_SPACE);
	next(place, VMT_RECORD_STEP);
	vmt_recording_rewind(place->recording, &(struct vmt_selection){ .space = 1 });
	next(place, VMT_RECORD_SPACE);
	next(place, VMT_RECORD_OBJECT);
	next(place, VMT_RECORD_WARNING);
}

/* What a mapping was, when it is asked: the file that was loaded last under its number. */
static void test_facts(void **state)
{
	struct vmt_mapping map = { .dev_major = 254, .dev_minor = 1, .inode = 77 };
	struct vmt_elf_facts other = sample_facts;
	struct vmt_object_info again = sample_object;
	const struct vmt_layout_info *layout;
	struct place *place = *state;
	struct fake fake;

	record_map(place, 0, HEAP_AT, "");
	vmt_recorder_object(place->recorder, &sample_object);
	record_map(place, 1, MAP_AT, "");
	other.soname = "other";
	again.facts = &other;
	vmt_recorder_object(place->recorder, &again);
	fake_cause(&fake, 2, VMT_CAUSE_FOUND);
	record(place, &fake, "kernel", "x");
	turn(place);
	assert_int_equal(vmt_recording_facts_read(place->recording, NULL), 0);
	assert_int_equal(vmt_recording_layout(place->recording, 1, 0, &layout, NULL), 0);
	assert_null(vmt_recording_facts(place->recording, &map));
	assert_int_equal(vmt_recording_layout(place->recording, 1, 1, &layout, NULL), 0);
	assert_string_equal(vmt_recording_facts(place->recording, &map)->soname, "liba.so.1");
	assert_int_equal(vmt_recording_layout(place->recording, 1, 2, &layout, NULL), 0);
	assert_string_equal(vmt_recording_facts(place->recording, &map)->soname, "other");
	map.inode = 78;
	assert_null(vmt_recording_facts(place->recording, &map));
}

/* Addresses of a file are counted from its first segment that was mapped, in each space. */
static void test_bias(void **state)
{
	struct vmt_object_info missing = sample_object;
	struct place *place = *state;
	uint64_t bias = 42;
	struct fake fake;
	bool known;

	vmt_recorder_object(place->recorder, &sample_object);
	for (uint32_t i = 0; i < 3; i++) {
		uint64_t at = MAP_AT + i * 0x10000;

		fake_call(&fake, i, VMT_CALL_MMAP, 0, 8192, 3, 0x22, 3, 0);
		fake_return(&fake, (int64_t)at);
		fake_range(&fake, at, at + 8192);
		fake_added(&fake, at, at + 8192, RW, sample_object.name, i);
		fake.step.added.data[0].map.dev_major = sample_object.dev_major;
		fake.step.added.data[0].map.dev_minor = sample_object.dev_minor;
		fake.step.added.data[0].map.inode = sample_object.inode;
		/* The first is of no segment: the file was only read there. */
		fake.step.added.data[0].map.offset = i ? 0 : 0x10000;
		record(place, &fake, "linker", "map file");
	}
	turn(place);
	assert_int_equal(vmt_recording_object_count(place->recording), 0);
	assert_int_equal(vmt_recording_facts_read(place->recording, NULL), 0);
	assert_int_equal(vmt_recording_object_count(place->recording), 1);
	assert_int_equal(vmt_recording_bias(place->recording, 1,
					    vmt_recording_object_at(place->recording, 0), &bias,
					    NULL),
			 0);
	assert_int_equal(bias, MAP_AT + 0x10000 + 0x200 - 0x1000);
	assert_int_equal(vmt_recording_bias(place->recording, 2, &sample_object, &bias, NULL),
			 -ENOENT);
	missing.inode = 78;
	assert_int_equal(vmt_recording_bias(place->recording, 1, &missing, &bias, NULL), -ENOENT);
	assert_int_equal(vmt_recording_knows(place->recording, "liba.so", &known, NULL), 0);
	assert_true(known);
	assert_int_equal(vmt_recording_knows(place->recording, "lib", &known, NULL), 0);
	assert_false(known);
}

static void test_tables(void **state)
{
	const struct vmt_step_tables tables = sample_tables();
	const struct vmt_step_tlb tlb = sample_tlb();
	struct vmt_counts counts = { 0 };
	struct place *place = *state;
	const struct vmt_step *step;

	record_samples(place, &counts);
	turn(place);
	step = read_step(place, 0);
	assert_true(step->tables.known && step->tables.faults_known && step->tables.pages_known &&
		    step->tables.checked);
	assert_ptr_equal(step->tables.geometry, tables.geometry);
	assert_int_equal(step->tables.start, tables.start);
	assert_int_equal(step->tables.end, tables.end);
	assert_memory_equal(step->tables.levels, tables.levels, sizeof(tables.levels));
	assert_int_equal(step->tables.huge_possible, 3);
	assert_int_equal(step->tables.huge_bytes, 2 << 20);
	assert_int_equal(step->tables.faults, 2);
	assert_memory_equal(step->tables.first_faults, tables.first_faults,
			    sizeof(tables.first_faults));
	assert_int_equal(step->tables.pages, -5);
	assert_int_equal(step->tables.made, 6);
	assert_int_equal(step->tables.freed, 7);
	assert_int_equal(step->tables.bytes, 8192);
	assert_int_equal(step->tables.kernel_bytes, 12288);
	assert_int_equal(step->tables.reason, VMT_TABLES_LOST);
	assert_true(step->tlb.known && step->tlb.freed_tables);
	assert_int_equal(step->tlb.flush, tlb.flush);
	assert_int_equal(step->tlb.start, tlb.start);
	assert_int_equal(step->tlb.end, tlb.end);
	assert_int_equal(step->tlb.pages, 2);
	assert_int_equal(step->tlb.present, 1);
	assert_int_equal(step->tlb.threshold_pages, 33);
	step = read_step(place, 1);
	assert_false(step->tables.known || step->tlb.known);
}

static void assert_layout_tables(const struct vmt_layout_info *layout)
{
	static const uint64_t levels[VMT_LEVELS_MAX] = { 1, 2, 3, 4 };

	assert_ptr_equal(layout->geometry, vmt_geometry_by_name("x86_64-4"));
	assert_memory_equal(layout->tables.tables, levels, sizeof(levels));
	assert_int_equal(layout->tables.bytes, 36864);
	assert_true(layout->tables_watched);
	assert_int_equal(layout->table_reason, VMT_TABLES_OTHERS);
	assert_int_equal(layout->present_pages, 99);
	assert_non_null(layout->pages);
	assert_memory_equal(layout->pages, sample_pages, sizeof(sample_pages));
}

static void test_layout(void **state)
{
	const struct vmt_layout_info *layout;
	struct vmt_counts counts = { 0 };
	struct place *place = *state;
	struct vmt_record record;

	record_samples(place, &counts);
	turn(place);
	do {
		assert_int_equal(vmt_recording_next(place->recording, &record, NULL), 1);
	} while (record.kind != VMT_RECORD_LAYOUT);
	assert_memory_equal(record.layout->counts, &counts, sizeof(counts));
	assert_layout_tables(record.layout);
	assert_int_equal(vmt_recording_layout(place->recording, 1, 1, &layout, NULL), 0);
	assert_layout_tables(layout);
	assert_int_equal(vmt_recording_layout(place->recording, 1, 0, &layout, NULL), 0);
	assert_null(layout->geometry);
	assert_null(layout->pages);
}

static void test_summary(void **state)
{
	struct place *place = *state;
	struct vmt_summary_info summary = { .spaces = 1 };
	const struct vmt_summary_info *found;

	vmt_recorder_summary(place->recorder, &summary);
	summary.faults_watched = true;
	summary.faults_lost = 3;
	summary.counts.table_checks = 5;
	summary.counts.table_reasons[VMT_TABLES_HUGE] = 2;
	vmt_recorder_summary(place->recorder, &summary);
	turn(place);
	next(place, VMT_RECORD_SPACE);
	assert_false(next(place, VMT_RECORD_SUMMARY).summary->faults_watched);
	found = next(place, VMT_RECORD_SUMMARY).summary;
	assert_true(found->faults_watched);
	assert_int_equal(found->faults, 0);
	assert_int_equal(found->faults_lost, 3);
	assert_memory_equal(&found->counts, &summary.counts, sizeof(summary.counts));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_order),  TEST(test_selection), TEST(test_facts), TEST(test_tables),
		TEST(test_layout), TEST(test_summary),   TEST(test_bias),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
