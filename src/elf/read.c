/* SPDX-License-Identifier: MIT */
/*
 * read: the headers of an ELF file, as plain values for the loader of the model.
 *
 *	0        e_phoff
 *	| Ehdr | | Phdr | Phdr | ... |    | interpreter's path |     | segments ...
 *
 * Only these three pieces are read here, each into a buffer of fixed
 * size (source.c), so a hostile file can make us neither allocate nor loop. Sections, notes and the
 * dynamic section are facts.c's.
 *
 * Invariants of what is returned, which the model relies on:
 *	- file_bytes <= memory_bytes, and offset + file_bytes is no more than half of what 64 bits
 *	  hold, but may pass the end of the file: the kernel maps what is not there too;
 *	- vaddr + memory_bytes does not exceed the address space, nor half of a 64-bit one, so that
 *	  rounding it up to a page cannot overflow;
 *	- where bytes come from the file, vaddr and offset agree modulo 4096, so that the offset of
 *	  the first page is not negative;
 *	- there is at least one segment, and the interpreter's path ends with NUL.
 *
 * Mirrors the checks of load_elf_phdrs() and load_elf_binary(), fs/binfmt_elf.c, Linux 6.18.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "source.h"
#include "vmtrace/elf.h"

enum {
	LEAST_PAGE_BYTES = 4096,
	PHDRS_BYTES_MAX = 65536, /* the kernel's own limit for the whole table */
};

static int check_ehdr(const struct vmt_elf_source *source, const GElf_Ehdr *ehdr)
{
	uint64_t table_bytes = ehdr->e_phnum * (uint64_t)vmt_elf_source_phdr_bytes(source);

	if (ehdr->e_version != EV_CURRENT)
		return vmt_error_set(source->error, ENOEXEC, "unknown ELF version %" PRIu32,
				     ehdr->e_version);
	if (ehdr->e_type != ET_EXEC && ehdr->e_type != ET_DYN)
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF file is neither a program nor a shared object");
	if (!ehdr->e_phnum)
		return vmt_error_set(source->error, ENOEXEC, "ELF file has no program headers");
	if (ehdr->e_phentsize != vmt_elf_source_phdr_bytes(source))
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF program headers of %u bytes, expected %zu",
				     ehdr->e_phentsize, vmt_elf_source_phdr_bytes(source));
	if (table_bytes > PHDRS_BYTES_MAX)
		return vmt_error_set(source->error, ENOEXEC, "%u ELF program headers are too many",
				     ehdr->e_phnum);
	if (!vmt_elf_source_holds(source, ehdr->e_phoff, table_bytes))
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF program headers lie outside of the file");
	return 0;
}

static int check_load(const struct vmt_elf_source *source, const GElf_Phdr *phdr)
{
	if (phdr->p_filesz > phdr->p_memsz)
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF segment at 0x%" PRIx64
				     " has more bytes in the file than in memory",
				     phdr->p_vaddr);
	if (!vmt_elf_source_fits(source, phdr->p_vaddr, phdr->p_memsz))
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF segment at 0x%" PRIx64 " exceeds the address space",
				     phdr->p_vaddr);
	if (!phdr->p_filesz)
		return 0;
	if (phdr->p_offset > INT64_MAX || phdr->p_filesz > INT64_MAX - phdr->p_offset)
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF segment at 0x%" PRIx64 " exceeds every file",
				     phdr->p_vaddr);
	if ((phdr->p_vaddr - phdr->p_offset) % LEAST_PAGE_BYTES)
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF segment at 0x%" PRIx64 " does not fit its file offset",
				     phdr->p_vaddr);
	return 0;
}

static unsigned perms_of(uint32_t p_flags)
{
	return (p_flags & PF_R ? VMT_PERM_READ : 0u) | (p_flags & PF_W ? VMT_PERM_WRITE : 0u) |
	       (p_flags & PF_X ? VMT_PERM_EXEC : 0u);
}

static int add_load(const struct vmt_elf_source *source, const GElf_Ehdr *ehdr,
		    const GElf_Phdr *phdr, struct vmt_elf *elf)
{
	int r = check_load(source, phdr);

	if (r)
		return r;
	if (elf->segment_count == VMT_ELF_SEGMENT_MAX)
		return vmt_error_set(source->error, ENOEXEC, "more than %d ELF segments",
				     VMT_ELF_SEGMENT_MAX);
	elf->segments[elf->segment_count++] = (struct vmt_segment){
		.vaddr = phdr->p_vaddr,
		.memory_bytes = phdr->p_memsz,
		.file_bytes = phdr->p_filesz,
		.offset = phdr->p_offset,
		.align = phdr->p_align,
		.perms = perms_of(phdr->p_flags),
	};
	/* As the kernel does for AT_PHDR, the last segment that holds the table counts. */
	if (ehdr->e_phoff >= phdr->p_offset && ehdr->e_phoff - phdr->p_offset < phdr->p_filesz)
		elf->phdr_vaddr = phdr->p_vaddr + (ehdr->e_phoff - phdr->p_offset);
	return 0;
}

static int add_interpreter(const struct vmt_elf_source *source, const GElf_Phdr *phdr,
			   struct vmt_elf *elf)
{
	size_t bytes;
	int r;

	/* The kernel takes the first and ignores the rest. */
	if (elf->interpreter[0])
		return 0;
	if (phdr->p_filesz > sizeof(elf->interpreter))
		return vmt_error_set(source->error, ENOEXEC,
				     "path of the ELF interpreter is too long");
	bytes = (size_t)phdr->p_filesz;
	if (bytes < 2)
		return vmt_error_set(source->error, ENOEXEC,
				     "path of the ELF interpreter is empty");
	r = vmt_elf_source_bytes(source, phdr->p_offset, elf->interpreter, bytes);
	if (r)
		return r;
	if (elf->interpreter[bytes - 1] || !elf->interpreter[0])
		return vmt_error_set(source->error, ENOEXEC,
				     "path of the ELF interpreter is damaged");
	return 0;
}

static int add_phdr(const struct vmt_elf_source *source, const GElf_Ehdr *ehdr,
		    const GElf_Phdr *phdr, struct vmt_elf *elf)
{
	switch (phdr->p_type) {
	case PT_LOAD:
		return add_load(source, ehdr, phdr, elf);
	case PT_INTERP:
		return add_interpreter(source, phdr, elf);
	case PT_GNU_STACK:
		elf->has_gnu_stack = true;
		elf->executable_stack = phdr->p_flags & PF_X;
		return 0;
	case PT_GNU_RELRO:
		if (!vmt_elf_source_fits(source, phdr->p_vaddr, phdr->p_memsz))
			return vmt_error_set(source->error, ENOEXEC,
					     "ELF RELRO range exceeds the address space");
		elf->relro_vaddr = phdr->p_vaddr;
		elf->relro_bytes = phdr->p_memsz;
		return 0;
	default:
		return 0;
	}
}

int vmt_elf_read_head(const struct vmt_elf_source *source, GElf_Ehdr *ret_ehdr,
		      struct vmt_elf *ret_elf)
{
	struct vmt_elf elf = { 0 };
	GElf_Ehdr ehdr;
	int r;

	r = vmt_elf_source_ehdr(source, &ehdr);
	if (r)
		return r;
	r = check_ehdr(source, &ehdr);
	if (r)
		return r;
	elf.word_bits = source->wide ? 64 : 32;
	elf.machine = ehdr.e_machine;
	elf.dynamic_base = ehdr.e_type == ET_DYN;
	elf.entry = ehdr.e_entry;
	for (unsigned i = 0; i < ehdr.e_phnum; i++) {
		GElf_Phdr phdr;

		r = vmt_elf_source_phdr(source, &ehdr, i, &phdr);
		if (!r)
			r = add_phdr(source, &ehdr, &phdr, &elf);
		if (r)
			return r;
	}
	if (!elf.segment_count)
		return vmt_error_set(source->error, ENOEXEC, "ELF file has no segment to load");
	*ret_ehdr = ehdr;
	*ret_elf = elf;
	return 0;
}

int vmt_elf_read(int fd, struct vmt_elf *ret_elf, struct vmt_error *error)
{
	struct vmt_elf_source source;
	GElf_Ehdr ehdr;
	int r = vmt_elf_source_open(fd, &source, error);

	return r ? r : vmt_elf_read_head(&source, &ehdr, ret_elf);
}
