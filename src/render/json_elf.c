/* SPDX-License-Identifier: MIT */
/*
 * json_elf: what JSON Lines say of ELF files: each once, and which part of it a VMA of a layout is.
 */
#include "json.h"

json_t *vmt_json_part(const struct vmt_part *part)
{
	json_t *value = sure(json_object());
	json_t *segments = sure(json_array());
	json_t *sections = sure(json_array());
	const struct vmt_section *section;
	size_t index = 0;

	for (unsigned i = part->first_segment; i <= part->last_segment; i++)
		push(segments, json_integer(i));
	while ((section = vmt_part_section(part, &index)))
		push(sections, text_value(section->name));
	put(value, "segments", segments);
	put(value, "of", json_integer(part->facts->elf.segment_count));
	put(value, "sections", sections);
	put(value, "relro", json_boolean(part->relro));
	return value;
}

static json_t *segments_value(const struct vmt_elf *elf)
{
	json_t *segments = sure(json_array());

	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct vmt_segment *from = &elf->segments[i];
		json_t *segment = sure(json_object());
		char perms[5];

		vmt_perms_text(from->perms, perms);
		perms[3] = '\0';
		put(segment, "vaddr", hex_value(from->vaddr));
		put(segment, "memory_bytes", number_value(from->memory_bytes));
		put(segment, "offset", hex_value(from->offset));
		put(segment, "file_bytes", number_value(from->file_bytes));
		put(segment, "align", number_value(from->align));
		put(segment, "perms", json_string_nocheck(perms));
		push(segments, segment);
	}
	return segments;
}

static json_t *range_value(uint64_t vaddr, uint64_t bytes)
{
	json_t *range = sure(json_object());

	put(range, "vaddr", hex_value(vaddr));
	put(range, "bytes", number_value(bytes));
	return range;
}

static json_t *sections_value(const struct vmt_elf_facts *facts)
{
	json_t *sections = sure(json_array());

	for (size_t i = 0; i < facts->sections.count; i++) {
		const struct vmt_section *from = &facts->sections.data[i];
		json_t *section = sure(json_object());

		put(section, "name", text_value(from->name));
		put(section, "vaddr", hex_value(from->vaddr));
		put(section, "bytes", number_value(from->memory_bytes));
		put(section, "in_file", json_boolean(from->in_file));
		push(sections, section);
	}
	return sections;
}

static json_t *build_id_value(const struct vmt_elf_facts *facts)
{
	char text[2 * VMT_ELF_BUILD_ID_MAX + 1];

	if (!facts->build_id_bytes)
		return json_null();
	for (unsigned i = 0; i < facts->build_id_bytes; i++)
		snprintf(text + (size_t)2 * i, 3, "%02x", facts->build_id[i]);
	return json_string_nocheck(text);
}

static json_t *text_or_null(const char *text)
{
	return text[0] ? text_value(text) : json_null();
}

void vmt_json_put_object(json_t *line, const struct vmt_object_info *info)
{
	const struct vmt_elf_facts *facts = info->facts;
	const struct vmt_elf *elf = &facts->elf;
	char dev[32];

	snprintf(dev, sizeof(dev), "%02" PRIx32 ":%02" PRIx32, info->dev_major, info->dev_minor);
	put(line, "name", text_value(info->name));
	put(line, "dev", json_string_nocheck(dev));
	put(line, "inode", number_value(info->inode));
	put(line, "build_id", build_id_value(facts));
	put(line, "soname", text_or_null(facts->soname));
	put(line, "interpreter", text_or_null(elf->interpreter));
	put(line, "word_bits", json_integer(elf->word_bits));
	put(line, "machine", json_integer(elf->machine));
	put(line, "dynamic", json_boolean(facts->dynamic));
	put(line, "pie", json_boolean(facts->pie));
	put(line, "bind_now", json_boolean(facts->bind_now));
	put(line, "text_relocations", json_boolean(facts->text_relocations));
	put(line, "executable_stack",
	    elf->has_gnu_stack ? json_boolean(elf->executable_stack) : json_null());
	put(line, "relro",
	    elf->relro_bytes ? range_value(elf->relro_vaddr, elf->relro_bytes) : json_null());
	put(line, "segments", segments_value(elf));
	put(line, "sections", sections_value(facts));
}
