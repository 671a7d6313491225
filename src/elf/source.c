/* SPDX-License-Identifier: MIT */
/*
 * source: pieces of an ELF file, read with pread() and translated by libelf (byte order and layout)
 * with elfNN_xlatetom(); its elf_begin() is not used, because that sets up a table of all sections,
 * with a count that the file names.
 *
 * Invariant: no byte beyond the size that the file had when it was opened is asked for, so every
 * range is checked against it first.
 */
#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool vmt_elf_source_holds(const struct vmt_elf_source *source, uint64_t offset, uint64_t bytes)
{
	return offset <= source->size_bytes && bytes <= source->size_bytes - offset;
}

bool vmt_elf_source_fits(const struct vmt_elf_source *source, uint64_t vaddr, uint64_t bytes)
{
	uint64_t limit = (uint64_t)1 << (source->wide ? 63 : 32);

	return vaddr <= limit && bytes <= limit - vaddr;
}

int vmt_elf_source_bytes(const struct vmt_elf_source *source, uint64_t offset, void *ret_bytes,
			 size_t bytes)
{
	char *at = ret_bytes;

	if (!vmt_elf_source_holds(source, offset, bytes))
		return vmt_error_set(source->error, ENOEXEC, "ELF file is truncated");
	while (bytes) {
		ssize_t count = pread(source->fd, at, bytes, (off_t)offset);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return vmt_error_set(source->error, errno, "cannot read ELF file: %s",
					     vmt_strerror(errno));
		if (!count)
			return vmt_error_set(source->error, ENOEXEC,
					     "ELF file became shorter while it was read");
		at += count;
		offset += (uint64_t)count;
		bytes -= (size_t)count;
	}
	return 0;
}

int vmt_elf_source_open(int fd, struct vmt_elf_source *ret_source, struct vmt_error *error)
{
	struct vmt_elf_source source = { .fd = fd, .error = error };
	unsigned char ident[EI_NIDENT];
	struct stat status;
	int r;

	if (fstat(fd, &status))
		return vmt_error_set(error, errno, "cannot stat ELF file: %s", vmt_strerror(errno));
	/* A pipe has no positions, and a device may never end. */
	if (!S_ISREG(status.st_mode))
		return vmt_error_set(error, ENOEXEC, "not an ELF file: not a regular file");
	source.size_bytes = (uint64_t)status.st_size;
	if (source.size_bytes < EI_NIDENT)
		return vmt_error_set(error, ENOEXEC, "not an ELF file: too short");
	r = vmt_elf_source_bytes(&source, 0, ident, sizeof(ident));
	if (r)
		return r;
	if (memcmp(ident, ELFMAG, SELFMAG) != 0)
		return vmt_error_set(error, ENOEXEC, "not an ELF file");
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return vmt_error_set(error, ENOEXEC, "unknown ELF class %u", ident[EI_CLASS]);
	if (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB)
		return vmt_error_set(error, ENOEXEC, "unknown ELF byte order %u", ident[EI_DATA]);
	if (elf_version(EV_CURRENT) == EV_NONE)
		return vmt_error_set(error, ENOEXEC, "libelf is out of date: %s", elf_errmsg(-1));
	source.wide = ident[EI_CLASS] == ELFCLASS64;
	source.encoding = ident[EI_DATA];
	*ret_source = source;
	return 0;
}

static int translate(const struct vmt_elf_source *source, Elf_Type type, void *raw, void *ret_table,
		     size_t bytes)
{
	Elf_Data from = { .d_buf = raw, .d_type = type, .d_size = bytes, .d_version = EV_CURRENT };
	Elf_Data to = from;

	to.d_buf = ret_table;
	if (!(source->wide ? elf64_xlatetom : elf32_xlatetom)(&to, &from, source->encoding))
		return vmt_error_set(source->error, ENOEXEC, "cannot translate ELF header: %s",
				     elf_errmsg(-1));
	return 0;
}

/*
 * Reads one structure of the file's class and byte order and hands it out in this machine's.
 * @bytes is its size, the same in the file and in memory.
 */
static int read_struct(const struct vmt_elf_source *source, uint64_t offset, Elf_Type type,
		       void *ret_struct, size_t bytes)
{
	unsigned char raw[sizeof(Elf64_Ehdr)];
	int r = vmt_elf_source_bytes(source, offset, raw, bytes);

	return r ? r : translate(source, type, raw, ret_struct, bytes);
}

/* The same for a table of @bytes in all. */
static int read_table(const struct vmt_elf_source *source, uint64_t offset, Elf_Type type,
		      void *ret_table, size_t bytes)
{
	void *raw = vmt_malloc(bytes ? bytes : 1);
	int r = vmt_elf_source_bytes(source, offset, raw, bytes);

	if (!r && bytes)
		r = translate(source, type, raw, ret_table, bytes);
	free(raw);
	return r;
}

int vmt_elf_source_ehdr(const struct vmt_elf_source *source, GElf_Ehdr *ret_ehdr)
{
	Elf32_Ehdr narrow;
	int r;

	if (source->wide)
		return read_struct(source, 0, ELF_T_EHDR, ret_ehdr, sizeof(*ret_ehdr));
	r = read_struct(source, 0, ELF_T_EHDR, &narrow, sizeof(narrow));
	if (r)
		return r;
	*ret_ehdr = (GElf_Ehdr){
		.e_type = narrow.e_type,
		.e_machine = narrow.e_machine,
		.e_version = narrow.e_version,
		.e_entry = narrow.e_entry,
		.e_phoff = narrow.e_phoff,
		.e_shoff = narrow.e_shoff,
		.e_phentsize = narrow.e_phentsize,
		.e_phnum = narrow.e_phnum,
		.e_shentsize = narrow.e_shentsize,
		.e_shnum = narrow.e_shnum,
		.e_shstrndx = narrow.e_shstrndx,
	};
	return 0;
}

int vmt_elf_source_phdr(const struct vmt_elf_source *source, const GElf_Ehdr *ehdr, unsigned index,
			GElf_Phdr *ret_phdr)
{
	uint64_t offset = ehdr->e_phoff + index * (uint64_t)vmt_elf_source_phdr_bytes(source);
	Elf32_Phdr narrow;
	int r;

	if (source->wide)
		return read_struct(source, offset, ELF_T_PHDR, ret_phdr, sizeof(*ret_phdr));
	r = read_struct(source, offset, ELF_T_PHDR, &narrow, sizeof(narrow));
	if (r)
		return r;
	*ret_phdr = (GElf_Phdr){
		.p_type = narrow.p_type,
		.p_flags = narrow.p_flags,
		.p_offset = narrow.p_offset,
		.p_vaddr = narrow.p_vaddr,
		.p_paddr = narrow.p_paddr,
		.p_filesz = narrow.p_filesz,
		.p_memsz = narrow.p_memsz,
		.p_align = narrow.p_align,
	};
	return 0;
}

size_t vmt_elf_source_phdr_bytes(const struct vmt_elf_source *source)
{
	return source->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

size_t vmt_elf_source_shdr_bytes(const struct vmt_elf_source *source)
{
	return source->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
}

size_t vmt_elf_source_dyn_bytes(const struct vmt_elf_source *source)
{
	return source->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
}

int vmt_elf_source_shdrs(const struct vmt_elf_source *source, uint64_t offset, size_t count,
			 GElf_Shdr *ret_shdrs)
{
	Elf32_Shdr *narrow;
	int r;

	if (source->wide)
		return read_table(source, offset, ELF_T_SHDR, ret_shdrs,
				  count * sizeof(*ret_shdrs));
	narrow = vmt_calloc(count ? count : 1, sizeof(*narrow));
	r = read_table(source, offset, ELF_T_SHDR, narrow, count * sizeof(*narrow));
	for (size_t i = 0; !r && i < count; i++)
		ret_shdrs[i] = (GElf_Shdr){
			.sh_name = narrow[i].sh_name,
			.sh_type = narrow[i].sh_type,
			.sh_flags = narrow[i].sh_flags,
			.sh_addr = narrow[i].sh_addr,
			.sh_offset = narrow[i].sh_offset,
			.sh_size = narrow[i].sh_size,
			.sh_link = narrow[i].sh_link,
		};
	free(narrow);
	return r;
}

int vmt_elf_source_dyns(const struct vmt_elf_source *source, uint64_t offset, size_t count,
			GElf_Dyn *ret_dyns)
{
	Elf32_Dyn *narrow;
	int r;

	if (source->wide)
		return read_table(source, offset, ELF_T_DYN, ret_dyns, count * sizeof(*ret_dyns));
	narrow = vmt_calloc(count ? count : 1, sizeof(*narrow));
	r = read_table(source, offset, ELF_T_DYN, narrow, count * sizeof(*narrow));
	for (size_t i = 0; !r && i < count; i++)
		ret_dyns[i] = (GElf_Dyn){
			.d_tag = narrow[i].d_tag,
			.d_un.d_val = narrow[i].d_un.d_val,
		};
	free(narrow);
	return r;
}
