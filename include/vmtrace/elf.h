/* SPDX-License-Identifier: MIT */
/*
 * elf: ELF files through libelf, turned into plain values (structs of image.h). Files are
 * untrusted: every number is checked against the file's size, and nothing is executed or written.
 */
#ifndef VMTRACE_ELF_H
#define VMTRACE_ELF_H

#include "vmtrace/base.h"
#include "vmtrace/image.h"

/*
 * Reads the headers of the ELF file behind @fd, which stays open and whose position is not used.
 * Returns 0; -ENOEXEC with a line in @error if it is no ELF file or its headers contradict
 * themselves; another negative errno if it could not be read.
 */
VMT_MUST_CHECK int vmt_elf_read(int fd, struct vmt_elf *ret_elf, struct vmt_error *error);

/*
 * The same headers, and what else tells about the mappings of the file: sections, build-id, soname and
 * the flags of the dynamic section. Names are taken from @names. Only a file that vmt_elf_read()
 * refuses is refused; what is missing or damaged beyond its program headers is left out.
 * @ret_facts must not hold anything; on success it is to be given back.
 */
VMT_MUST_CHECK int vmt_elf_facts_init(int fd, struct vmt_names *names,
				      struct vmt_elf_facts *ret_facts, struct vmt_error *error);
void vmt_elf_facts_deinit(struct vmt_elf_facts *facts);

/* ---- symbols.c: the functions of a file --------------------------------------------------- */

struct vmt_symbols;

/* What a place in the code belongs to. */
struct vmt_symbol {
	const char *name; /* without a version, not demangled; lives as long as the symbols */
	uint64_t offset; /* bytes from the first one of the function */
};

/*
 * Reads .symtab and .dynsym of the ELF file behind @fd, which stays open. A file without either has
 * no symbols, which is no error. Returns 0; -ENOEXEC with a line in @error if it is no ELF file with
 * section headers; another negative errno if it could not be read.
 */
VMT_MUST_CHECK int vmt_symbols_read(int fd, struct vmt_symbols **ret_symbols,
				    struct vmt_error *error);
/* The same of a file that is in memory (the vdso). */
VMT_MUST_CHECK int vmt_symbols_read_image(const void *bytes, size_t length,
					  struct vmt_symbols **ret_symbols,
					  struct vmt_error *error);
void vmt_symbols_free(struct vmt_symbols *symbols);

/*
 * Adds the symbols of the file of debugging symbols behind @fd. False, with nothing added, if it
 * does not belong to the same file: its build-id is another, or without one the CRC in
 * .gnu_debuglink is.
 */
bool vmt_symbols_add_debug(struct vmt_symbols *symbols, int fd);

/* The function that the byte at @offset in the file belongs to; false if there is none. */
bool vmt_symbols_find(const struct vmt_symbols *symbols, uint64_t offset,
		      struct vmt_symbol *ret_symbol);

size_t vmt_symbols_count(const struct vmt_symbols *symbols);
/* Whether static functions are among them: the file was not stripped, or its debug file was added. */
bool vmt_symbols_whole(const struct vmt_symbols *symbols);
/* In hexadecimal, "" if there is none. */
const char *vmt_symbols_build_id(const struct vmt_symbols *symbols);
/* The name in .gnu_debuglink, without a slash; "" if there is none. */
const char *vmt_symbols_debug_link(const struct vmt_symbols *symbols);

/* ---- named.c: the other way round ---------------------------------------------------------- */

/* Where a file has a symbol. */
struct vmt_named {
	uint64_t vaddr; /* p_vaddr of a segment that is loaded, plus the distance from it */
	bool local; /* not exported, and no exported one has the name */
	bool several; /* others that are as good have the name too, at other addresses */
};

/*
 * Looks for the function or variable @name, without a version, in .symtab and .dynsym of the ELF file
 * behind @fd, which stays open. Exported symbols go before local ones, and default versions before old
 * ones. Returns 0, and with *ret_found false leaves *ret_named; errors are those of vmt_symbols_read().
 */
VMT_MUST_CHECK int vmt_symbol_named(int fd, const char *name, struct vmt_named *ret_named,
				    bool *ret_found, struct vmt_error *error);

#endif
