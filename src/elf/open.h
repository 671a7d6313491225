/* SPDX-License-Identifier: MIT */
/*
 * open: an ELF file for libelf, and its symbol tables, once nothing in the headers can make libelf
 * allocate what no real program needs.
 */
#ifndef VMT_ELF_OPEN_H
#define VMT_ELF_OPEN_H

#include <gelf.h>

#include "vmtrace/base.h"

/* Whether the first bytes, as many as an Elf64_Ehdr has, are those of an ELF file to be opened. */
bool vmt_elf_plain(const unsigned char *head);
/* -ENOEXEC with a line in @error. */
int vmt_elf_refuse(struct vmt_error *error);
/*
 * Opens the file behind @fd; to be ended by elf_end(). Returns 0; -ENOEXEC if it is no regular file, no
 * ELF file or has no section headers; another negative errno if it could not be looked at.
 */
VMT_MUST_CHECK int vmt_elf_open(int fd, Elf **ret_elf, struct vmt_error *error);

/* A section of symbols with their names. Both belong to the Elf. */
struct vmt_elf_table {
	Elf_Data *rows;
	Elf_Data *text;
	size_t count;
};

/* False if the section @section with @header is too large or not what it says. */
bool vmt_elf_table_open(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
			struct vmt_elf_table *ret_table);
/* Symbol @index and its name, of which @ret_room bytes are in the table. False if it has none. */
bool vmt_elf_table_row(const struct vmt_elf_table *table, size_t index, GElf_Sym *ret_symbol,
		       const char **ret_name, size_t *ret_room);

#endif
