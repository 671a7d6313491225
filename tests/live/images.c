/* SPDX-License-Identifier: MIT */
/*
 * images: writes an executable of a shape that no linker makes, but that execve takes. It ends with 0 at
 * once. The parts of the file:
 *
 *	0              4096         8192 ...          24576
 *	[ headers ]    [ code ]     [ zeros ... ]     end
 *
 *	images NAME FILE [INTERPRETER]
 */
#include <elf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	PAGE = 4096,
	FILE_PAGES = 6,
	SEGMENTS_MAX = 4,
	BASE = 0x400000,
	R = PF_R,
	RW = PF_R | PF_W,
	RX = PF_R | PF_X,
};

/* One PT_LOAD, in pages and bytes. */
struct load {
	unsigned flags;
	unsigned offset;
	unsigned address;
	unsigned file_bytes;
	unsigned memory_bytes;
};

struct image {
	const char *name;
	struct load loads[SEGMENTS_MAX];
};

static const struct image images[] = {
	{ "plain", { { RX, 1, 0, PAGE, PAGE }, { RW, 2, 16, 100, 3 * PAGE } } },
	/* The second lies over the middle of the first. */
	{ "overlap", { { RX, 1, 0, 4 * PAGE, 4 * PAGE }, { R, 2, 2, PAGE, PAGE } } },
	/* What the second maps begins in the last page of the first one's .bss. */
	{ "in-bss",
	  { { RX, 1, 0, PAGE, PAGE }, { RW, 2, 16, 100, 3 * PAGE }, { RW, 3, 18, PAGE, PAGE } } },
	{ "beyond-the-file", { { RX, 1, 0, PAGE, PAGE }, { R, 1, 16, 8 * PAGE, 8 * PAGE } } },
	{ "all-beyond-the-file", { { RX, 1, 0, PAGE, PAGE }, { R, 9, 16, PAGE, 2 * PAGE } } },
	{ "gaps",
	  { { RX, 1, 0, PAGE, PAGE }, { R, 2, 64, PAGE, PAGE }, { RW, 3, 1024, PAGE, 2 * PAGE } } },
	{ "read-only-bss", { { RX, 1, 0, PAGE, PAGE }, { R, 2, 16, PAGE, 3 * PAGE } } },
	{ "bss-only", { { RX, 1, 0, PAGE, PAGE }, { RW, 0, 16, 0, 3 * PAGE } } },
	{ "executable-data", { { RX | PF_W, 1, 0, PAGE, 2 * PAGE } } },
};

/* mov $60, %eax; xor %edi, %edi; syscall: exit(0) of x86-64 */
static const unsigned char code[] = { 0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05 };

static union {
	unsigned char bytes[FILE_PAGES * PAGE];
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr table[SEGMENTS_MAX + 2];
		char interpreter[256];
	} elf;
} file;

static void add(const Elf64_Phdr *header)
{
	file.elf.table[file.elf.header.e_phnum++] = *header;
}

static void add_interpreter(const char *path)
{
	size_t bytes = strlen(path) + 1;

	memcpy(file.elf.interpreter, path, bytes);
	add(&(Elf64_Phdr){ .p_type = PT_INTERP,
			   .p_offset = offsetof(__typeof__(file.elf), interpreter),
			   .p_filesz = bytes });
}

static void add_load(const struct load *load)
{
	add(&(Elf64_Phdr){ .p_type = PT_LOAD,
			   .p_flags = load->flags,
			   .p_offset = (Elf64_Off)load->offset * PAGE,
			   .p_vaddr = BASE + (Elf64_Addr)load->address * PAGE,
			   .p_filesz = load->file_bytes,
			   .p_memsz = load->memory_bytes,
			   .p_align = PAGE });
}

static void build(const struct image *image, const char *interpreter)
{
	Elf64_Ehdr *header = &file.elf.header;

	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_ident[EI_VERSION] = EV_CURRENT;
	header->e_type = ET_EXEC;
	header->e_machine = EM_X86_64;
	header->e_version = EV_CURRENT;
	header->e_entry = BASE;
	header->e_phoff = sizeof(*header);
	header->e_ehsize = sizeof(*header);
	header->e_phentsize = sizeof(Elf64_Phdr);
	add(&(Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = RW });
	if (interpreter)
		add_interpreter(interpreter);
	for (size_t i = 0; i < SEGMENTS_MAX && image->loads[i].memory_bytes; i++)
		add_load(&image->loads[i]);
	memcpy(file.bytes + PAGE, code, sizeof(code));
}

static int save(const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out || fwrite(&file, sizeof(file), 1, out) != 1 || fclose(out) != 0 ||
	    chmod(path, 0755) < 0) {
		perror(path);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; argc >= 3 && i < sizeof(images) / sizeof(images[0]); i++) {
		if (strcmp(images[i].name, argv[1]) == 0) {
			build(&images[i], argv[3]);
			return save(argv[2]);
		}
	}
	fputs("usage: images NAME FILE [INTERPRETER]\n", stderr);
	return 2;
}
