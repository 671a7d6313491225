/* SPDX-License-Identifier: MIT */
/*
 * ELF files that a run loaded, and its warnings, as rows. Both have their place in the order of the
 * log: the number of the row is that of their record.
 */
#include <string.h>

#include "recorder.h"

static int64_t bits_of(const struct vmt_elf_facts *facts)
{
	int64_t bits = 0;

	if (facts->elf.dynamic_base)
		bits |= VMT_ELF_BIT_DYNAMIC_BASE;
	if (facts->elf.has_gnu_stack)
		bits |= VMT_ELF_BIT_GNU_STACK;
	if (facts->elf.executable_stack)
		bits |= VMT_ELF_BIT_EXECUTABLE_STACK;
	if (facts->dynamic)
		bits |= VMT_ELF_BIT_DYNAMIC;
	if (facts->pie)
		bits |= VMT_ELF_BIT_PIE;
	if (facts->bind_now)
		bits |= VMT_ELF_BIT_BIND_NOW;
	if (facts->text_relocations)
		bits |= VMT_ELF_BIT_TEXT_RELOCATIONS;
	return bits;
}

static void put_build_id(struct vmt_recorder *recorder, const struct vmt_elf_facts *facts)
{
	if (!facts->build_id_bytes) {
		vmt_queue_null(&recorder->queue);
		return;
	}
	vmt_str_clear(&recorder->text);
	for (unsigned i = 0; i < facts->build_id_bytes; i++)
		vmt_str_printf(&recorder->text, "%02x", facts->build_id[i]);
	vmt_queue_text(&recorder->queue, recorder->text.data, recorder->text.length);
}

static void write_segments(struct vmt_recorder *recorder, int64_t record, const struct vmt_elf *elf)
{
	struct vmt_queue *queue = &recorder->queue;

	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct vmt_segment *segment = &elf->segments[i];

		vmt_queue_row(queue, VMT_INSERT_SEGMENT);
		vmt_queue_int(queue, record);
		vmt_queue_int(queue, i + 1);
		vmt_queue_int(queue, (int64_t)segment->vaddr);
		vmt_queue_int(queue, (int64_t)segment->memory_bytes);
		vmt_queue_int(queue, (int64_t)segment->file_bytes);
		vmt_queue_int(queue, (int64_t)segment->offset);
		vmt_queue_int(queue, (int64_t)segment->align);
		vmt_queue_int(queue, segment->perms);
	}
}

static void write_sections(struct vmt_recorder *recorder, int64_t record,
			   const struct vmt_elf_facts *facts)
{
	struct vmt_queue *queue = &recorder->queue;

	for (size_t i = 0; i < facts->sections.count; i++) {
		const struct vmt_section *section = &facts->sections.data[i];
		int64_t name = vmt_recorder_text(recorder, section->name);

		vmt_queue_row(queue, VMT_INSERT_SECTION);
		vmt_queue_int(queue, record);
		vmt_queue_int(queue, (int64_t)i + 1);
		vmt_queue_int(queue, name);
		vmt_queue_int(queue, (int64_t)section->vaddr);
		vmt_queue_int(queue, (int64_t)section->memory_bytes);
		vmt_queue_int(queue, section->in_file);
	}
}

void vmt_recorder_object(struct vmt_recorder *recorder, const struct vmt_object_info *info)
{
	const struct vmt_mapping map = {
		.name = info->name,
		.dev_major = info->dev_major,
		.dev_minor = info->dev_minor,
		.inode = info->inode,
	};
	const struct vmt_elf_facts *facts = info->facts;
	struct vmt_queue *queue = &recorder->queue;
	int64_t object, soname, interpreter, record;

	vmt_queue_lock(queue);
	object = vmt_record_object(recorder, &map);
	soname = facts->soname[0] ? vmt_recorder_text(recorder, facts->soname) : 0;
	interpreter =
		facts->elf.interpreter[0] ? vmt_recorder_text(recorder, facts->elf.interpreter) : 0;
	record = vmt_recorder_next_record(recorder, "object", 0, -1, 0);
	vmt_queue_row(queue, VMT_INSERT_ELF);
	vmt_queue_int(queue, record);
	vmt_queue_int(queue, object);
	put_build_id(recorder, facts);
	vmt_recorder_put_number(recorder, (uint64_t)soname);
	vmt_recorder_put_number(recorder, (uint64_t)interpreter);
	vmt_queue_int(queue, facts->elf.word_bits);
	vmt_queue_int(queue, facts->elf.machine);
	vmt_recorder_put_number(recorder, facts->elf.entry);
	vmt_recorder_put_number(recorder, facts->elf.phdr_vaddr);
	vmt_recorder_put_number(recorder, facts->elf.relro_vaddr);
	vmt_recorder_put_number(recorder, facts->elf.relro_bytes);
	vmt_queue_int(queue, bits_of(facts));
	write_segments(recorder, record, &facts->elf);
	write_sections(recorder, record, facts);
	vmt_queue_unlock(queue);
}

void vmt_recorder_warning(struct vmt_recorder *recorder, const struct vmt_store_warning *warning)
{
	struct vmt_queue *queue = &recorder->queue;
	int64_t name, text, record;

	vmt_queue_lock(queue);
	name = vmt_recorder_text(recorder, warning->name);
	text = vmt_recorder_text(recorder, warning->text);
	record = vmt_recorder_next_record(recorder, "warning", warning->space, warning->step, 0);
	vmt_queue_row(queue, VMT_INSERT_WARNING);
	vmt_queue_int(queue, record);
	vmt_queue_int(queue, warning->space);
	vmt_queue_int(queue, warning->step);
	vmt_queue_int(queue, warning->pid);
	vmt_queue_int(queue, name);
	vmt_queue_int(queue, text);
	vmt_queue_unlock(queue);
}
