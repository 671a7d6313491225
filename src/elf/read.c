/* SPDX-License-Identifier: MIT */
/*
 * read: the headers of an ELF file, as plain values for the loader of the model.
 *
 *	0        e_phoff
 *	| Ehdr | | Phdr | Phdr | ... |    | interpreter's path |     | segments ...
 *
 * Only these three pieces are ever read, each with one pread() into a buffer of fixed size, so a
 * hostile file can make us neither allocate nor loop. libelf translates them (byte order and
 * layout) with elfNN_xlatetom(); its elf_begin() is not used, because that sets up a table of all
 * sections, with a count that the file names.
 *
 * Invariants of what is returned, which the model relies on:
 *	- file_bytes <= memory_bytes, and [offset, offset + file_bytes) lies in the file;
 *	- vaddr + memory_bytes does not exceed the address space, nor half of a 64-bit one, so that
 *	  rounding it up to a page cannot overflow;
 *	- where bytes come from the file, vaddr and offset agree modulo 4096, so that the offset of
 *	  the first page is not negative;
 *	- there is at least one segment, and the interpreter's path ends with NUL.
 *
 * Mirrors the checks of load_elf_phdrs() and load_elf_binary(), fs/binfmt_elf.c, Linux 6.18.
 */
#include <errno.h>
#include <gelf.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmtrace/elf.h"

enum {
	LEAST_PAGE_BYTES = 4096,
	PHDRS_BYTES_MAX = 65536, /* the kernel's own limit for the whole table */
};

/* The file and what its first bytes say of all the others. */
struct source {
	int fd;
	uint64_t size_bytes;
	bool wide; /* ELFCLASS64 */
	unsigned encoding; /* ELFDATA… */
	struct vmt_error *error;
};

/* True if [offset, offset + bytes) lies in the file. */
static bool in_file(const struct source *source, uint64_t offset, uint64_t bytes)
{
	return offset <= source->size_bytes && bytes <= source->size_bytes - offset;
}

static int read_exactly(const struct source *source, uint64_t offset, void *buffer, size_t bytes)
{
	char *at = buffer;

	if (!in_file(source, offset, bytes))
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

static int open_source(int fd, struct source *ret_source, struct vmt_error *error)
{
	struct source source = { .fd = fd, .error = error };
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
	r = read_exactly(&source, 0, ident, sizeof(ident));
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

/*
 * Reads one structure of the file's class and byte order and hands it out in this machine's.
 * @bytes is its size, the same in the file and in memory.
 */
static int read_struct(const struct source *source, uint64_t offset, Elf_Type type,
		       void *ret_struct, size_t bytes)
{
	unsigned char raw[sizeof(Elf64_Ehdr)];
	Elf_Data from = { .d_buf = raw, .d_type = type, .d_size = bytes, .d_version = EV_CURRENT };
	Elf_Data to = from;
	int r = read_exactly(source, offset, raw, bytes);

	if (r)
		return r;
	to.d_buf = ret_struct;
	if (!(source->wide ? elf64_xlatetom : elf32_xlatetom)(&to, &from, source->encoding))
		return vmt_error_set(source->error, ENOEXEC, "cannot translate ELF header: %s",
				     elf_errmsg(-1));
	return 0;
}

static int read_ehdr(const struct source *source, GElf_Ehdr *ret_ehdr)
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
		.e_phentsize = narrow.e_phentsize,
		.e_phnum = narrow.e_phnum,
	};
	return 0;
}

static size_t phdr_bytes(const struct source *source)
{
	return source->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
}

static int read_phdr(const struct source *source, uint64_t offset, GElf_Phdr *ret_phdr)
{
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

static int check_ehdr(const struct source *source, const GElf_Ehdr *ehdr)
{
	uint64_t table_bytes = ehdr->e_phnum * (uint64_t)phdr_bytes(source);

	if (ehdr->e_version != EV_CURRENT)
		return vmt_error_set(source->error, ENOEXEC, "unknown ELF version %" PRIu32,
				     ehdr->e_version);
	if (ehdr->e_type != ET_EXEC && ehdr->e_type != ET_DYN)
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF file is neither a program nor a shared object");
	if (!ehdr->e_phnum)
		return vmt_error_set(source->error, ENOEXEC, "ELF file has no program headers");
	if (ehdr->e_phentsize != phdr_bytes(source))
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF program headers of %u bytes, expected %zu",
				     ehdr->e_phentsize, phdr_bytes(source));
	if (table_bytes > PHDRS_BYTES_MAX)
		return vmt_error_set(source->error, ENOEXEC, "%u ELF program headers are too many",
				     ehdr->e_phnum);
	if (!in_file(source, ehdr->e_phoff, table_bytes))
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF program headers lie outside of the file");
	return 0;
}

/* True if [vaddr, vaddr + bytes) fits the address space, with room to round up. */
static bool in_memory(const struct source *source, uint64_t vaddr, uint64_t bytes)
{
	uint64_t limit = (uint64_t)1 << (source->wide ? 63 : 32);

	return vaddr <= limit && bytes <= limit - vaddr;
}

static int check_load(const struct source *source, const GElf_Phdr *phdr)
{
	if (phdr->p_filesz > phdr->p_memsz)
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF segment at 0x%" PRIx64
				     " has more bytes in the file than in memory",
				     phdr->p_vaddr);
	if (!in_memory(source, phdr->p_vaddr, phdr->p_memsz))
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF segment at 0x%" PRIx64 " exceeds the address space",
				     phdr->p_vaddr);
	if (!phdr->p_filesz)
		return 0;
	if (!in_file(source, phdr->p_offset, phdr->p_filesz))
		return vmt_error_set(source->error, ENOEXEC,
				     "ELF segment at 0x%" PRIx64 " lies outside of the file",
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

static int add_load(const struct source *source, const GElf_Ehdr *ehdr, const GElf_Phdr *phdr,
		    struct vmt_elf *elf)
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

static int add_interpreter(const struct source *source, const GElf_Phdr *phdr, struct vmt_elf *elf)
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
	r = read_exactly(source, phdr->p_offset, elf->interpreter, bytes);
	if (r)
		return r;
	if (elf->interpreter[bytes - 1] || !elf->interpreter[0])
		return vmt_error_set(source->error, ENOEXEC,
				     "path of the ELF interpreter is damaged");
	return 0;
}

static int add_phdr(const struct source *source, const GElf_Ehdr *ehdr, const GElf_Phdr *phdr,
		    struct vmt_elf *elf)
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
		if (!in_memory(source, phdr->p_vaddr, phdr->p_memsz))
			return vmt_error_set(source->error, ENOEXEC,
					     "ELF RELRO range exceeds the address space");
		elf->relro_vaddr = phdr->p_vaddr;
		elf->relro_bytes = phdr->p_memsz;
		return 0;
	default:
		return 0;
	}
}

int vmt_elf_read(int fd, struct vmt_elf *ret_elf, struct vmt_error *error)
{
	struct source source;
	struct vmt_elf elf = { 0 };
	GElf_Ehdr ehdr;
	int r;

	r = open_source(fd, &source, error);
	if (r)
		return r;
	r = read_ehdr(&source, &ehdr);
	if (r)
		return r;
	r = check_ehdr(&source, &ehdr);
	if (r)
		return r;
	elf.word_bits = source.wide ? 64 : 32;
	elf.machine = ehdr.e_machine;
	elf.dynamic_base = ehdr.e_type == ET_DYN;
	elf.entry = ehdr.e_entry;
	for (unsigned i = 0; i < ehdr.e_phnum; i++) {
		GElf_Phdr phdr;

		r = read_phdr(&source, ehdr.e_phoff + i * phdr_bytes(&source), &phdr);
		if (!r)
			r = add_phdr(&source, &ehdr, &phdr, &elf);
		if (r)
			return r;
	}
	if (!elf.segment_count)
		return vmt_error_set(error, ENOEXEC, "ELF file has no segment to load");
	*ret_elf = elf;
	return 0;
}
