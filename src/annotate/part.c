/* SPDX-License-Identifier: MIT */
/*
 * Which part of an ELF file a VMA is. The headers speak of addresses (p_vaddr) and of offsets in the
 * file; a VMA has an address in memory and an offset. All segments of a file were moved by one
 * distance, the bias, so that one VMA of the file tells it for all:
 *
 *	file       | LOAD 1 | LOAD 2      | LOAD 3  | LOAD 4 |
 *	headers    |vaddr 0 |1000         |3000     |  5dd0     .. bss |
 *	memory     |  r--p  |     r-xp    |  r--p   | r--p | rw-p | rw-p |
 *	           ^ bias   ^ bias + 1000             RELRO          anonymous: zeroes only
 *
 * A VMA is a part of the file only if all segments that it overlaps have its distance between address
 * and offset: a file that somebody reads through one mapping has no parts.
 *
 * Mirrors elf_load() (fs/binfmt_elf.c, Linux 6.18) and _dl_map_segments() (glibc 2.36
 * elf/dl-map-segments.h).
 */
#include "vmtrace/annotate.h"

#include <string.h>

/* The file that the rows before belong to. */
struct placed {
	const struct vmt_elf_facts *facts; /* NULL: none */
	uint64_t bias; /* may wrap: a program need not begin at its first segment */
	uint64_t page; /* bytes */
};

static uint64_t page_down(uint64_t value, uint64_t page)
{
	return value & ~(page - 1);
}

/* The ELF reader has made sure that this does not wrap. */
static uint64_t page_up(uint64_t value, uint64_t page)
{
	return page_down(value + page - 1, page);
}

static bool overlaps(const struct vmt_segment *segment, uint64_t page, uint64_t start, uint64_t end)
{
	return page_down(segment->vaddr, page) < end &&
	       start < page_up(segment->vaddr + segment->memory_bytes, page);
}

/* Sets the segments that [vaddr_start, vaddr_end) overlaps; false if there are none. */
static bool find_segments(const struct placed *placed, struct vmt_part *part)
{
	const struct vmt_elf *elf = &placed->facts->elf;

	for (unsigned i = 0; i < elf->segment_count; i++) {
		if (!overlaps(&elf->segments[i], placed->page, part->vaddr_start, part->vaddr_end))
			continue;
		if (!part->first_segment)
			part->first_segment = i + 1;
		part->last_segment = i + 1;
	}
	return part->first_segment > 0;
}

/* The part that @map is if the file lies at this bias; false if the headers do not say so. */
static bool part_of_file(const struct placed *placed, const struct vmt_mapping *map,
			 struct vmt_part *ret_part)
{
	const struct vmt_elf *elf = &placed->facts->elf;
	struct vmt_part part = {
		.facts = placed->facts,
		.vaddr_start = map->start - placed->bias,
		.vaddr_end = map->end - placed->bias,
	};

	if (part.vaddr_start >= part.vaddr_end || !find_segments(placed, &part))
		return false;
	for (unsigned i = part.first_segment; i <= part.last_segment; i++) {
		const struct vmt_segment *segment = &elf->segments[i - 1];

		if (!overlaps(segment, placed->page, part.vaddr_start, part.vaddr_end))
			continue;
		if (segment->offset - segment->vaddr != map->offset - part.vaddr_start)
			return false;
	}
	if (part.vaddr_end > page_up(elf->segments[part.last_segment - 1].vaddr +
					     elf->segments[part.last_segment - 1].memory_bytes,
				     placed->page))
		return false;
	part.relro = !(map->perms & VMT_PERM_WRITE) && elf->relro_bytes &&
		     part.vaddr_start >= page_down(elf->relro_vaddr, placed->page) &&
		     part.vaddr_end <= page_down(elf->relro_vaddr + elf->relro_bytes, placed->page);
	*ret_part = part;
	return true;
}

/* Zeroes behind the file's bytes of a segment that lies at this bias. */
static bool part_of_bss(const struct placed *placed, const struct vmt_mapping *map,
			struct vmt_part *ret_part)
{
	const struct vmt_elf *elf = &placed->facts->elf;
	uint64_t start = map->start - placed->bias;

	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct vmt_segment *segment = &elf->segments[i];

		if (start < page_up(segment->vaddr + segment->file_bytes, placed->page) ||
		    start >= page_up(segment->vaddr + segment->memory_bytes, placed->page))
			continue;
		*ret_part = (struct vmt_part){
			.facts = placed->facts,
			.first_segment = i + 1,
			.last_segment = i + 1,
			.bss = true,
			.vaddr_start = start,
			.vaddr_end = map->end - placed->bias,
		};
		return true;
	}
	return false;
}

/* Whether the segment may have become this VMA: as it is, or after RELRO. */
static bool perms_fit(const struct vmt_segment *segment, const struct vmt_mapping *map)
{
	unsigned perms = map->perms & (VMT_PERM_READ | VMT_PERM_WRITE | VMT_PERM_EXEC);

	return segment->perms == perms ||
	       (segment->perms & VMT_PERM_WRITE && perms == VMT_PERM_READ);
}

/* Finds the bias from one VMA: first by a segment of the same rights, then by any. */
static bool place(struct placed *placed, const struct vmt_elf_facts *facts,
		  const struct vmt_mapping *map, struct vmt_part *ret_part)
{
	const struct vmt_elf *elf = &facts->elf;

	placed->facts = facts;
	for (unsigned i = 0; i < 2 * elf->segment_count; i++) {
		const struct vmt_segment *segment = &elf->segments[i % elf->segment_count];

		if (i < elf->segment_count && !perms_fit(segment, map))
			continue;
		placed->bias = map->start - (segment->vaddr + (map->offset - segment->offset));
		if (!elf->dynamic_base && placed->bias)
			continue;
		if (part_of_file(placed, map, ret_part))
			return true;
	}
	placed->facts = NULL;
	return false;
}

static bool anonymous(const struct vmt_mapping *map)
{
	return !map->inode && !map->gate && !(map->perms & VMT_PERM_SHARED);
}

void vmt_parts(const struct vmt_view_list *list, uint64_t page_size_bytes, vmt_facts_fn *facts_of,
	       void *data, struct vmt_part *ret_parts)
{
	struct placed placed = { .page = page_size_bytes };

	for (size_t i = 0; i < list->rows.count; i++) {
		const struct vmt_mapping *map = &list->rows.data[i].map;
		const struct vmt_elf_facts *facts = map->inode ? facts_of(data, map) : NULL;

		ret_parts[i] = (struct vmt_part){ 0 };
		if (facts && (facts != placed.facts || !part_of_file(&placed, map, &ret_parts[i])))
			place(&placed, facts, map, &ret_parts[i]);
		else if (!facts && placed.facts && anonymous(map))
			part_of_bss(&placed, map, &ret_parts[i]);
	}
}

bool vmt_part_is_relro(const struct vmt_elf_facts *facts, const struct vmt_mapping *map,
		       uint64_t start, uint64_t end, uint64_t page_size_bytes)
{
	const struct vmt_elf *elf = &facts->elf;
	uint64_t from = page_down(elf->relro_vaddr, page_size_bytes);
	uint64_t to = page_down(elf->relro_vaddr + elf->relro_bytes, page_size_bytes);
	uint64_t offset = map->offset + (start - map->start);

	if (!elf->relro_bytes || end - start != to - from)
		return false;
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct vmt_segment *segment = &elf->segments[i];

		if (overlaps(segment, page_size_bytes, from, to) &&
		    segment->offset - segment->vaddr == offset - from)
			return true;
	}
	return false;
}

/* ---- Words ---------------------------------------------------------------------------------- */

const struct vmt_section *vmt_part_section(const struct vmt_part *part, size_t *index)
{
	while (part->facts && *index < part->facts->sections.count) {
		const struct vmt_section *section = &part->facts->sections.data[(*index)++];

		if (section->vaddr < part->vaddr_end &&
		    part->vaddr_start < section->vaddr + section->memory_bytes)
			return section;
	}
	return NULL;
}

/* How well a section is known, 0 best: what a short line names. */
static size_t rank(const char *name)
{
	static const char *const known[] = {
		".text",     ".data",    ".bss",        ".rodata",     ".plt",
		".dynamic",  ".got",     ".init_array", ".fini_array", ".dynsym",
		".dynstr",   ".interp",  ".init",       ".fini",       ".data.rel.ro",
		".rela.dyn", ".rel.dyn", ".got.plt",    ".tdata",      ".eh_frame",
		".plt.sec",  ".plt.got", ".rela.plt",   ".rel.plt",    ".gnu.hash",
	};

	for (size_t i = 0; i < vmt_countof(known); i++) {
		if (strcmp(name, known[i]) == 0)
			return i;
	}
	return vmt_countof(known);
}

/*
 * The sections to name, as many as there is room for: the best known, first come first. One pass: a
 * hostile file has many sections in many VMAs.
 */
struct chosen {
	const struct vmt_section *sections[VMT_PART_SECTIONS_MAX];
	size_t ranks[VMT_PART_SECTIONS_MAX];
	size_t count;
	size_t most;
	size_t more; /* left out */
};

static void choose(struct chosen *chosen, const struct vmt_section *section)
{
	size_t own = rank(section->name);
	size_t worst = 0;

	if (chosen->count < chosen->most) {
		chosen->ranks[chosen->count] = own;
		chosen->sections[chosen->count++] = section;
		return;
	}
	chosen->more++;
	for (size_t i = 0; i < chosen->count; i++) {
		if (chosen->ranks[i] >= chosen->ranks[worst])
			worst = i;
	}
	if (!chosen->count || own >= chosen->ranks[worst])
		return;
	/* What stays is in order of address. */
	for (size_t i = worst; i + 1 < chosen->count; i++) {
		chosen->ranks[i] = chosen->ranks[i + 1];
		chosen->sections[i] = chosen->sections[i + 1];
	}
	chosen->ranks[chosen->count - 1] = own;
	chosen->sections[chosen->count - 1] = section;
}

static void add_sections(const struct vmt_part *part, size_t most, struct vmt_str *text)
{
	struct chosen chosen = { .most = vmt_min_u64(most, VMT_PART_SECTIONS_MAX) };
	const struct vmt_section *section;
	size_t index = 0;

	while ((section = vmt_part_section(part, &index)))
		choose(&chosen, section);
	for (size_t i = 0; i < chosen.count; i++)
		vmt_str_printf(text, "%s%s", i ? " " : ": ", chosen.sections[i]->name);
	if (chosen.more)
		vmt_str_printf(text, ", %zu more", chosen.more);
}

void vmt_part_text(const struct vmt_part *part, size_t most, struct vmt_str *ret_text)
{
	size_t length;

	if (!part->facts)
		return;
	vmt_str_printf(ret_text, "LOAD %u", part->first_segment);
	if (part->last_segment > part->first_segment)
		vmt_str_printf(ret_text, "-%u", part->last_segment);
	vmt_str_printf(ret_text, " of %u%s", part->facts->elf.segment_count,
		       part->relro ? ", RELRO" : "");
	length = ret_text->length;
	add_sections(part, most, ret_text);
	if (part->bss && ret_text->length == length)
		vmt_str_add(ret_text, ": bss");
}
