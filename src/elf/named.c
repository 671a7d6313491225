/* SPDX-License-Identifier: MIT */
/*
 * named: where an ELF file has the symbol of a name: the other way round than symbols.c, and with
 * variables as well as functions. The tables are gone through once and nothing is kept, as there is one
 * question to a file.
 *
 * A name can stand for several things. Exported symbols come before local ones, and of the versions of an
 * exported one the default, which is what a program that is linked today gets:
 *
 *	memcpy@@GLIBC_2.14     the default version
 *	memcpy@GLIBC_2.2.5     VERSYM_HIDDEN, for old programs
 *
 * The version is in .gnu.version, a word for each row of .dynsym; in .symtab it is a part of the name.
 */
#include <gelf.h>
#include <string.h>

#include "open.h"
#include "vmtrace/elf.h"

enum {
	VERSIONS_BYTES_MAX = 8 << 20,
	LOADS_MAX = 64, /* segments; no real file has more */
	MATCHES_MAX = 1024, /* symbols of one name */
	HIDDEN = 0x8000, /* VERSYM_HIDDEN */
};

/* Less is better. */
enum rank {
	RANK_DEFAULT,
	RANK_OLD_VERSION,
	RANK_LOCAL,
	RANK_NONE,
};

struct search {
	Elf *elf;
	const char *name;
	size_t length; /* of name */
	bool arm; /* the lowest bit of a function's address says thumb */
	unsigned matches; /* rows of that name, up to MATCHES_MAX */
	enum rank rank; /* of what was found */
	struct vmt_named found;
};

/* Whether a segment is to be loaded there. */
static bool is_loaded(Elf *elf, uint64_t vaddr)
{
	size_t count = 0;

	if (elf_getphdrnum(elf, &count) < 0)
		return false;
	for (size_t i = 0; i < count && i < LOADS_MAX; i++) {
		GElf_Phdr phdr;

		if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_LOAD &&
		    vaddr >= phdr.p_vaddr && vaddr - phdr.p_vaddr < phdr.p_memsz)
			return true;
	}
	return false;
}

static bool has_place(const GElf_Sym *symbol)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
	       symbol->st_shndx != SHN_COMMON &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_OBJECT ||
		type == STT_NOTYPE);
}

/* Whether @name, with @room bytes to the end of the table, is the name that is looked for. */
static bool is_name(const struct search *search, const char *name, size_t room, bool *ret_old)
{
	if (room <= search->length || memcmp(name, search->name, search->length) != 0)
		return false;
	name += search->length;
	*ret_old = name[0] == '@' && room > search->length + 1 && name[1] != '@';
	return name[0] == '\0' || name[0] == '@';
}

static void take(struct search *search, const GElf_Sym *symbol, bool old)
{
	enum rank rank = GELF_ST_BIND(symbol->st_info) == STB_LOCAL ? RANK_LOCAL
			 : old                                      ? RANK_OLD_VERSION
								    : RANK_DEFAULT;
	uint64_t vaddr = symbol->st_value;

	if (search->arm && GELF_ST_TYPE(symbol->st_info) == STT_FUNC)
		vaddr &= ~(uint64_t)1;
	if (rank > search->rank || !is_loaded(search->elf, vaddr))
		return;
	if (rank < search->rank) {
		search->rank = rank;
		search->found = (struct vmt_named){ .vaddr = vaddr, .local = rank == RANK_LOCAL };
	} else if (search->found.vaddr != vaddr) {
		search->found.several = true;
	}
}

/* .gnu.version of the section of symbols @index; NULL if it has none. */
static Elf_Data *versions_of(Elf *elf, size_t index)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) && header.sh_type == SHT_GNU_versym &&
		    header.sh_link == index && header.sh_size <= VERSIONS_BYTES_MAX)
			return elf_getdata(section, NULL);
	}
	return NULL;
}

static void look_in(struct search *search, Elf_Scn *section, const GElf_Shdr *header)
{
	struct vmt_elf_table table;
	Elf_Data *versions = NULL;

	if (!vmt_elf_table_open(search->elf, section, header, &table))
		return;
	if (header->sh_type == SHT_DYNSYM)
		versions = versions_of(search->elf, elf_ndxscn(section));
	for (size_t i = 0; i < table.count && search->matches < MATCHES_MAX; i++) {
		GElf_Versym version = 0;
		GElf_Sym symbol;
		const char *name;
		size_t room;
		bool old;

		if (!vmt_elf_table_row(&table, i, &symbol, &name, &room) || !has_place(&symbol) ||
		    !is_name(search, name, room, &old))
			continue;
		if (versions && gelf_getversym(versions, (int)i, &version))
			old |= version & HIDDEN;
		search->matches++;
		take(search, &symbol, old);
	}
}

int vmt_symbol_named(int fd, const char *name, struct vmt_named *ret_named, bool *ret_found,
		     struct vmt_error *error)
{
	struct search search = { .name = name, .length = strlen(name), .rank = RANK_NONE };
	bool looked[SHT_DYNSYM + 1] = { false };
	Elf_Scn *section = NULL;
	GElf_Ehdr ehdr;
	int err = vmt_elf_open(fd, &search.elf, error);

	if (err)
		return err;
	search.arm = gelf_getehdr(search.elf, &ehdr) && ehdr.e_machine == EM_ARM;
	while (search.length && (section = elf_nextscn(search.elf, section))) {
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header) ||
		    (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM) ||
		    looked[header.sh_type])
			continue;
		/* A file has one of each; libelf keeps what it has read. */
		looked[header.sh_type] = true;
		look_in(&search, section, &header);
	}
	elf_end(search.elf);
	*ret_found = search.rank != RANK_NONE;
	if (*ret_found)
		*ret_named = search.found;
	return 0;
}
