/* SPDX-License-Identifier: MIT */
/*
 * facts: what of an ELF file the loader does not need, and a reader of layouts wants: its sections,
 * build-id, soname, and the promises of its dynamic section.
 *
 *	| Ehdr | Phdrs | ... notes ... .dynstr ... .dynamic ... | .shstrtab | Shdrs |
 *	            |       ^             ^            |      ^          ^        |
 *	            '-------+-------------|------------|------'          '--------'
 *	                                  '-- by vaddr-'
 *
 * Nothing here can make the file unreadable: a table that is missing, too large or points outside of
 * the file is taken as empty. How much is read is bounded (the enum below), whatever the file says.
 *
 * Mirrors what glibc 2.36 reads: elf_get_dynamic_info() (elf/get-dynamic-info.h), and the notes as
 * in build-id(7) of the linkers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"
#include "vmtrace/elf.h"

enum {
	SHDRS_MAX = 4096, /* headers of files for linking run to more; such are not mapped */
	NAMES_BYTES_MAX = 65536,
	SECTION_NAME_MAX = 64,
	DYNS_MAX = 4096,
	NOTES_BYTES_MAX = 65536,
	SONAME_MAX = 256
};

/* The text at @offset of a string table in the file, cut at @room; false if there is none. */
static bool text_at(const struct vmt_elf_source *source, uint64_t table, uint64_t table_bytes,
		    uint64_t offset, char *ret_text, size_t room)
{
	size_t bytes;

	if (offset >= table_bytes || !vmt_elf_source_holds(source, table, table_bytes))
		return false;
	bytes = (size_t)vmt_min_u64(table_bytes - offset, room - 1);
	if (vmt_elf_source_bytes(source, table + offset, ret_text, bytes))
		return false;
	ret_text[bytes] = '\0';
	return true;
}

/* ---- Sections ------------------------------------------------------------------------------- */

/* The section header table with the numbers that do not fit the file header. */
struct table {
	size_t count;
	size_t names; /* index of the section that holds the names */
	GElf_Shdr *shdrs;
};

/*
 * A count or index that does not fit 16 bits stands in the first header (SHN_XINDEX, gABI: "Extended
 * section numbering").
 */
static int read_shdrs(const struct vmt_elf_source *source, const GElf_Ehdr *ehdr,
		      struct table *ret_table)
{
	struct table table = { .count = ehdr->e_shnum, .names = ehdr->e_shstrndx };
	GElf_Shdr first;
	int r;

	if (!ehdr->e_shoff || ehdr->e_shentsize != vmt_elf_source_shdr_bytes(source))
		return -ENOEXEC;
	r = vmt_elf_source_shdrs(source, ehdr->e_shoff, 1, &first);
	if (r)
		return r;
	if (!table.count)
		table.count = (size_t)first.sh_size;
	if (table.names == SHN_XINDEX)
		table.names = first.sh_link;
	if (table.count > SHDRS_MAX || table.names >= table.count)
		return -ENOEXEC;
	table.shdrs = vmt_calloc(table.count, sizeof(*table.shdrs));
	r = vmt_elf_source_shdrs(source, ehdr->e_shoff, table.count, table.shdrs);
	if (r)
		free(table.shdrs);
	else
		*ret_table = table;
	return r;
}

/* The names of all sections, with a NUL behind them; NULL if they cannot be read. */
static char *read_section_names(const struct vmt_elf_source *source, const struct table *table,
				size_t *ret_bytes)
{
	const GElf_Shdr *shdr = &table->shdrs[table->names];
	char *names;

	if (shdr->sh_type != SHT_STRTAB || shdr->sh_size > NAMES_BYTES_MAX)
		return NULL;
	names = vmt_calloc(1, (size_t)shdr->sh_size + 1);
	if (vmt_elf_source_bytes(source, shdr->sh_offset, names, (size_t)shdr->sh_size)) {
		free(names);
		return NULL;
	}
	*ret_bytes = (size_t)shdr->sh_size;
	return names;
}

/* .tbss is only a number: how much each thread's block has beyond .tdata. */
static bool takes_memory(const struct vmt_elf_source *source, const GElf_Shdr *shdr)
{
	return shdr->sh_flags & SHF_ALLOC && shdr->sh_size &&
	       !(shdr->sh_flags & SHF_TLS && shdr->sh_type == SHT_NOBITS) &&
	       vmt_elf_source_fits(source, shdr->sh_addr, shdr->sh_size);
}

static int by_address(const void *left, const void *right)
{
	const struct vmt_section *a = left;
	const struct vmt_section *b = right;

	return (a->vaddr > b->vaddr) - (a->vaddr < b->vaddr);
}

static void read_sections(const struct vmt_elf_source *source, const GElf_Ehdr *ehdr,
			  struct vmt_names *pool, struct vmt_elf_facts *facts)
{
	struct table table;
	size_t names_bytes;
	char *names;

	if (read_shdrs(source, ehdr, &table))
		return;
	names = read_section_names(source, &table, &names_bytes);
	for (size_t i = 0; names && i < table.count; i++) {
		const GElf_Shdr *shdr = &table.shdrs[i];
		struct vmt_section section = {
			.vaddr = shdr->sh_addr,
			.memory_bytes = shdr->sh_size,
			.in_file = shdr->sh_type != SHT_NOBITS,
		};

		if (!takes_memory(source, shdr) || shdr->sh_name >= names_bytes ||
		    facts->sections.count == VMT_ELF_SECTION_MAX)
			continue;
		section.name =
			vmt_names_add_bytes(pool, names + shdr->sh_name,
					    strnlen(names + shdr->sh_name, SECTION_NAME_MAX));
		vmt_array_push(&facts->sections, section);
	}
	if (facts->sections.count)
		qsort(facts->sections.data, facts->sections.count, sizeof(facts->sections.data[0]),
		      by_address);
	free(names);
	free(table.shdrs);
}

/* ---- The dynamic section -------------------------------------------------------------------- */

/* Where in the file the bytes of an address stand; false if no segment has them. */
static bool file_offset(const struct vmt_elf *elf, uint64_t vaddr, uint64_t *ret_offset)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct vmt_segment *segment = &elf->segments[i];

		if (vaddr < segment->vaddr || vaddr - segment->vaddr >= segment->file_bytes)
			continue;
		*ret_offset = segment->offset + (vaddr - segment->vaddr);
		return true;
	}
	return false;
}

/* What the entries say that is looked up when all are known. */
struct dynamic {
	uint64_t soname; /* offset in strtab */
	uint64_t strtab; /* address */
	uint64_t strtab_bytes;
	bool has_soname;
};

static void take_dyn(const GElf_Dyn *dyn, struct dynamic *dynamic, struct vmt_elf_facts *facts)
{
	switch (dyn->d_tag) {
	case DT_SONAME:
		dynamic->has_soname = true;
		dynamic->soname = dyn->d_un.d_val;
		break;
	case DT_STRTAB:
		dynamic->strtab = dyn->d_un.d_ptr;
		break;
	case DT_STRSZ:
		dynamic->strtab_bytes = dyn->d_un.d_val;
		break;
	case DT_TEXTREL:
		facts->text_relocations = true;
		break;
	case DT_BIND_NOW:
		facts->bind_now = true;
		break;
	case DT_FLAGS:
		facts->text_relocations |= !!(dyn->d_un.d_val & DF_TEXTREL);
		facts->bind_now |= !!(dyn->d_un.d_val & DF_BIND_NOW);
		break;
	case DT_FLAGS_1:
		facts->bind_now |= !!(dyn->d_un.d_val & DF_1_NOW);
		facts->pie |= !!(dyn->d_un.d_val & DF_1_PIE);
		break;
	default:
		break;
	}
}

static void read_dynamic(const struct vmt_elf_source *source, const GElf_Phdr *phdr,
			 struct vmt_names *pool, struct vmt_elf_facts *facts)
{
	size_t count =
		(size_t)vmt_min_u64(phdr->p_filesz / vmt_elf_source_dyn_bytes(source), DYNS_MAX);
	GElf_Dyn *dyns = vmt_calloc(count ? count : 1, sizeof(*dyns));
	struct dynamic dynamic = { 0 };
	char soname[SONAME_MAX];
	uint64_t offset;

	if (vmt_elf_source_dyns(source, phdr->p_offset, count, dyns))
		count = 0;
	for (size_t i = 0; i < count && dyns[i].d_tag != DT_NULL; i++)
		take_dyn(&dyns[i], &dynamic, facts);
	free(dyns);
	facts->dynamic = count > 0;
	if (dynamic.has_soname && file_offset(&facts->elf, dynamic.strtab, &offset) &&
	    text_at(source, offset, dynamic.strtab_bytes, dynamic.soname, soname, sizeof(soname)))
		facts->soname = vmt_names_add(pool, soname);
}

/* ---- Notes ---------------------------------------------------------------------------------- */

static uint32_t word_at(const struct vmt_elf_source *source, const unsigned char *bytes)
{
	if (source->encoding == ELFDATA2MSB)
		return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
		       (uint32_t)bytes[2] << 8 | bytes[3];
	return (uint32_t)bytes[3] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[1] << 8 |
	       bytes[0];
}

/*
 * One note: three words (bytes of the name, bytes of the content, type), the name, the content; each
 * begins at a multiple of @align. Returns the bytes that it takes, 0 if it is cut off.
 */
static size_t take_note(const struct vmt_elf_source *source, const unsigned char *note, size_t room,
			uint64_t align, struct vmt_elf_facts *facts)
{
	uint64_t name_bytes, content_bytes, content, end;

	if (room < 12)
		return 0;
	name_bytes = word_at(source, note);
	content_bytes = word_at(source, note + 4);
	content = (12 + name_bytes + align - 1) & ~(align - 1);
	end = content + content_bytes;
	if (end > room)
		return 0;
	if (word_at(source, note + 8) == NT_GNU_BUILD_ID && name_bytes == sizeof(ELF_NOTE_GNU) &&
	    memcmp(note + 12, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 &&
	    content_bytes <= sizeof(facts->build_id) && !facts->build_id_bytes) {
		memcpy(facts->build_id, note + content, (size_t)content_bytes);
		facts->build_id_bytes = (unsigned)content_bytes;
	}
	return (size_t)vmt_min_u64((end + align - 1) & ~(align - 1), room);
}

static void read_notes(const struct vmt_elf_source *source, const GElf_Phdr *phdr,
		       struct vmt_elf_facts *facts)
{
	size_t room = (size_t)vmt_min_u64(phdr->p_filesz, NOTES_BYTES_MAX);
	unsigned char *notes = vmt_malloc(room ? room : 1);
	const unsigned char *at = notes;
	size_t taken = 1;

	if (vmt_elf_source_bytes(source, phdr->p_offset, notes, room))
		room = 0;
	while (room && taken) {
		taken = take_note(source, at, room, phdr->p_align == 8 ? 8 : 4, facts);
		at += taken;
		room -= taken;
	}
	free(notes);
}

/* ---- The whole ------------------------------------------------------------------------------ */

static void read_phdrs(const struct vmt_elf_source *source, const GElf_Ehdr *ehdr,
		       struct vmt_names *pool, struct vmt_elf_facts *facts)
{
	for (unsigned i = 0; i < ehdr->e_phnum; i++) {
		GElf_Phdr phdr;

		if (vmt_elf_source_phdr(source, ehdr, i, &phdr))
			return;
		if (phdr.p_type == PT_DYNAMIC && !facts->dynamic)
			read_dynamic(source, &phdr, pool, facts);
		else if (phdr.p_type == PT_NOTE && !facts->build_id_bytes)
			read_notes(source, &phdr, facts);
	}
}

int vmt_elf_facts_init(int fd, struct vmt_names *names, struct vmt_elf_facts *ret_facts,
		       struct vmt_error *error)
{
	struct vmt_elf_facts facts = { .soname = "" };
	struct vmt_elf_source source;
	GElf_Ehdr ehdr;
	int r = vmt_elf_source_open(fd, &source, error);

	if (!r)
		r = vmt_elf_read_head(&source, &ehdr, &facts.elf);
	if (r)
		return r;
	/* What is wrong from here on is left out, and nobody's error. */
	source.error = NULL;
	read_phdrs(&source, &ehdr, names, &facts);
	read_sections(&source, &ehdr, names, &facts);
	facts.pie |= facts.elf.dynamic_base && facts.elf.interpreter[0] && !facts.soname[0];
	*ret_facts = facts;
	return 0;
}

void vmt_elf_facts_deinit(struct vmt_elf_facts *facts)
{
	vmt_array_deinit(&facts->sections);
}
