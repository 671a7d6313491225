/* SPDX-License-Identifier: MIT */
/*
 * record-samples: an ELF file, a warning, page tables and a TLB flush, as a run records them. Include
 * cmocka.h first.
 */
#ifndef VMT_TEST_RECORD_SAMPLES_H
#define VMT_TEST_RECORD_SAMPLES_H

#include "record-fixture.h"

static const struct vmt_store_warning sample_warning = {
	.name = "no-relro",
	.space = 1,
	.step = 0,
	.pid = 4211,
	.text = "\xff is not protected",
};

static struct vmt_section sample_section = {
	.name = ".te\xffxt",
	.vaddr = 0x1000,
	.memory_bytes = 0x800,
	.in_file = true,
};

static struct vmt_elf_facts sample_facts = {
	.elf = {
		.word_bits = 64,
		.machine = 62,
		.dynamic_base = true,
		.entry = 0x1040,
		.phdr_vaddr = 0x40,
		.segment_count = 1,
		.segments = { { 0x1000, 0x1800, 0x800, 0x200, 0x1000, 5 } },
		.interpreter = "/lib/ld.so",
		.has_gnu_stack = true,
		.executable_stack = true,
		.relro_vaddr = 0x2000,
		.relro_bytes = 0x800,
	},
	.soname = "liba.so.1",
	.build_id = { 0x00, 0xff, 0x5a },
	.build_id_bytes = 3,
	.dynamic = true,
	.pie = true,
	.bind_now = true,
	.text_relocations = true,
	.sections = { .data = &sample_section, .count = 1 },
};

static const struct vmt_object_info sample_object = {
	.name = "/lib/liba.so",
	.dev_major = 254,
	.dev_minor = 1,
	.inode = 77,
	.facts = &sample_facts,
};

static inline struct vmt_step_tables sample_tables(void)
{
	return (struct vmt_step_tables){
		.known = true,
		.geometry = vmt_geometry_by_name("x86_64-4"),
		.start = MAP_AT,
		.end = MAP_AT + 8192,
		.levels = { { 254, 254, 1, 1 }, { 0, 511, 2, 0 }, { 1, 2, 3, 3 }, { 4, 5, 6, 2 } },
		.huge_possible = 3,
		.huge_bytes = 2 << 20,
		.faults_known = true,
		.faults = 2,
		.first_faults = { MAP_AT, UINT64_MAX - 4095 },
		.pages_known = true,
		.pages = -5,
		.made = 6,
		.freed = 7,
		.bytes = 8192,
		.checked = true,
		.kernel_bytes = 12288,
		.reason = VMT_TABLES_LOST,
	};
}

static inline struct vmt_step_tlb sample_tlb(void)
{
	return (struct vmt_step_tlb){
		.known = true,
		.flush = VMT_FLUSH_PAGES,
		.start = MAP_AT,
		.end = MAP_AT + 8192,
		.pages = 2,
		.present = 1,
		.threshold_pages = 33,
		.freed_tables = true,
	};
}

static const struct vmt_row_pages sample_pages[] = { { 1, 2, 3 }, { 0, 0, 0 } };

/* A log that ends with this layout; step 0 has all there is, step 1 nothing. */
static inline void record_samples(struct place *place, struct vmt_counts *counts)
{
	struct vmt_view_list list = { 0 };
	struct vmt_layout_info layout = {
		.space = &space_one,
		.step = 1,
		.list = &list,
		.counts = counts,
		.geometry = vmt_geometry_by_name("x86_64-4"),
		.tables = { .tables = { 1, 2, 3, 4 }, .bytes = 36864 },
		.tables_watched = true,
		.table_reason = VMT_TABLES_OTHERS,
		.present_pages = 99,
		.pages = sample_pages,
	};
	struct fake fake;

	counts->table_checks = 9;
	counts->table_reasons[VMT_TABLES_LOST] = 4;
	vmt_recorder_object(place->recorder, &sample_object);
	vmt_recorder_warning(place->recorder, &sample_warning);
	fake_call(&fake, 0, VMT_CALL_MMAP, 0, 8192, 3, 0x22, UINT64_MAX, 0);
	fake_return(&fake, MAP_AT);
	fake_added(&fake, MAP_AT, MAP_AT + 8192, RW, "/lib/liba.so", 0);
	fake.step.tables = sample_tables();
	fake.step.tlb = sample_tlb();
	record(place, &fake, "libc", "map");
	record_map(place, 1, MAP_AT + 0x10000, "");
	for (uint64_t at = MAP_AT; at <= MAP_AT + 0x10000; at += 0x10000)
		vmt_array_push(&list.rows, fake_view(at, at + 8192, RW, ""));
	vmt_array_push(&list.step_numbers, 0);
	vmt_recorder_layout(place->recorder, &layout);
	vmt_view_list_deinit(&list);
}

#endif
