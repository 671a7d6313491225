/* SPDX-License-Identifier: MIT */
/*
 * source: an ELF file as bytes that are not trusted, and its tables translated by libelf. What
 * comes out is in this machine's byte order and in the wide (64-bit) form.
 */
#ifndef VMT_ELF_SOURCE_H
#define VMT_ELF_SOURCE_H

#include <gelf.h>

#include "vmtrace/base.h"
#include "vmtrace/image.h"

/* The file and what its first bytes say of all the others. */
struct vmt_elf_source {
	int fd;
	uint64_t size_bytes;
	bool wide; /* ELFCLASS64 */
	unsigned encoding; /* ELFDATA… */
	struct vmt_error *error; /* for every function below; may be NULL */
};

/* 0; -ENOEXEC if it is no ELF file, or no regular file; another errno if it cannot be read. */
VMT_MUST_CHECK int vmt_elf_source_open(int fd, struct vmt_elf_source *ret_source,
				       struct vmt_error *error);

/* True if [offset, offset + bytes) lies in the file. */
bool vmt_elf_source_holds(const struct vmt_elf_source *source, uint64_t offset, uint64_t bytes);

/* True if [vaddr, vaddr + bytes) fits the address space, with room to round up. */
bool vmt_elf_source_fits(const struct vmt_elf_source *source, uint64_t vaddr, uint64_t bytes);

/* All of [offset, offset + bytes), else -ENOEXEC or the errno of the read. */
VMT_MUST_CHECK int vmt_elf_source_bytes(const struct vmt_elf_source *source, uint64_t offset,
					void *ret_bytes, size_t bytes);

VMT_MUST_CHECK int vmt_elf_source_ehdr(const struct vmt_elf_source *source, GElf_Ehdr *ret_ehdr);

/* The header at @index of the program header table, which is known to lie in the file. */
VMT_MUST_CHECK int vmt_elf_source_phdr(const struct vmt_elf_source *source, const GElf_Ehdr *ehdr,
				       unsigned index, GElf_Phdr *ret_phdr);

/* Bytes of one entry in the file's class. */
size_t vmt_elf_source_phdr_bytes(const struct vmt_elf_source *source);
size_t vmt_elf_source_shdr_bytes(const struct vmt_elf_source *source);
size_t vmt_elf_source_dyn_bytes(const struct vmt_elf_source *source);

/*
 * @count entries from @offset on, at once. The caller has bounded @count: memory of that size is
 * allocated for the time of the call.
 */
VMT_MUST_CHECK int vmt_elf_source_shdrs(const struct vmt_elf_source *source, uint64_t offset,
					size_t count, GElf_Shdr *ret_shdrs);
VMT_MUST_CHECK int vmt_elf_source_dyns(const struct vmt_elf_source *source, uint64_t offset,
				       size_t count, GElf_Dyn *ret_dyns);

/*
 * read.c: the file header, and what the loader needs of the program headers, checked: the table lies in
 * the file.
 */
VMT_MUST_CHECK int vmt_elf_read_head(const struct vmt_elf_source *source, GElf_Ehdr *ret_ehdr,
				     struct vmt_elf *ret_elf);

#endif
