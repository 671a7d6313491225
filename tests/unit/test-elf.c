/* SPDX-License-Identifier: MIT */
/*
 * test-elf: headers of good files come out as they are, and those of damaged ones are refused with
 * a line, leaving the result alone. The files are built here and live in memory.
 *	0      64                          0x400          0x1000         0x2000
 *	| Ehdr | Phdr ... (at most 16) |   | interpreter  | data ...     | end
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmtrace/elf.h"

enum {
	FILE_BYTES = 0x2000,
	INTERPRETER_AT = 0x400,
	MARK = 0x5a, /* what a result is filled with, to see that it stays */
};

struct image {
	Elf64_Ehdr ehdr;
	Elf64_Phdr phdrs[16];
};

/* The file as it is written; the image stands at its front. */
union file {
	struct image image;
	unsigned char bytes[FILE_BYTES];
};

static const char interpreter[] = "/lib64/ld-linux-x86-64.so.2";

static void add_phdr(struct image *image, Elf64_Phdr phdr)
{
	assert_true(image->ehdr.e_phnum < vmt_countof(image->phdrs));
	image->phdrs[image->ehdr.e_phnum++] = phdr;
}

/* A small PIE: interpreter, text with the headers, data with .bss, stack, RELRO. */
static void build(union file *file)
{
	struct image *image = &file->image;

	memset(file, 0, sizeof(*file));
	memcpy(image->ehdr.e_ident, ELFMAG, SELFMAG);
	image->ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	image->ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	image->ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	image->ehdr.e_type = ET_DYN;
	image->ehdr.e_machine = EM_X86_64;
	image->ehdr.e_version = EV_CURRENT;
	image->ehdr.e_entry = 0x1040;
	image->ehdr.e_phoff = offsetof(struct image, phdrs);
	image->ehdr.e_ehsize = sizeof(Elf64_Ehdr);
	image->ehdr.e_phentsize = sizeof(Elf64_Phdr);
	add_phdr(image, (Elf64_Phdr){ .p_type = PT_INTERP,
				      .p_offset = INTERPRETER_AT,
				      .p_filesz = sizeof(interpreter) });
	add_phdr(image, (Elf64_Phdr){ .p_type = PT_LOAD,
				      .p_flags = PF_R | PF_X,
				      .p_vaddr = 0x1000,
				      .p_filesz = 0x1000,
				      .p_memsz = 0x1000,
				      .p_align = 0x1000 });
	add_phdr(image, (Elf64_Phdr){ .p_type = PT_LOAD,
				      .p_flags = PF_R | PF_W,
				      .p_offset = 0x1800,
				      .p_vaddr = 0x3800,
				      .p_filesz = 0x800,
				      .p_memsz = 0x9000,
				      .p_align = 0x1000 });
	add_phdr(image, (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W });
	add_phdr(image, (Elf64_Phdr){ .p_type = PT_GNU_RELRO,
				      .p_offset = 0x1800,
				      .p_vaddr = 0x3800,
				      .p_filesz = 0x800,
				      .p_memsz = 0x800 });
	memcpy(file->bytes + INTERPRETER_AT, interpreter, sizeof(interpreter));
}

static int memory_file(const void *bytes, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	return fd;
}

static int read_bytes(const void *bytes, size_t size, struct vmt_elf *ret_elf)
{
	int fd = memory_file(bytes, size);
	struct vmt_error error = { "" };
	int r = vmt_elf_read(fd, ret_elf, &error);

	assert_int_equal(!r, !error.text[0]);
	close(fd);
	return r;
}

static void assert_refused_fd(int fd, int err)
{
	struct vmt_elf elf, before;
	struct vmt_error error = { "" };

	memset(&elf, MARK, sizeof(elf));
	memset(&before, MARK, sizeof(before));
	assert_int_equal(vmt_elf_read(fd, &elf, &error), -err);
	assert_true(strlen(error.text) > 0);
	assert_memory_equal(&elf, &before, sizeof(elf));
	assert_int_equal(vmt_elf_read(fd, &elf, NULL), -err);
}

static void assert_refused(const void *bytes, size_t size)
{
	int fd = memory_file(bytes, size);

	assert_refused_fd(fd, ENOEXEC);
	close(fd);
}

static void test_own_program(void **state)
{
	struct vmt_error error;
	struct vmt_elf elf;
	uint64_t bias;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(vmt_elf_read(fd, &elf, &error), 0);
	close(fd);
	assert_int_equal(elf.word_bits, sizeof(void *) * 8);
	assert_true(elf.segment_count >= 2);
	assert_true(strstr(elf.interpreter, "ld") || !getauxval(AT_BASE));
	/* The kernel moved all of it by one distance. */
	bias = getauxval(AT_ENTRY) - elf.entry;
	assert_int_equal(getauxval(AT_PHDR) - elf.phdr_vaddr, bias);
	assert_true(elf.dynamic_base || bias == 0);
	assert_int_equal(bias % 4096, 0);
}

static void test_small_pie(void **state)
{
	union file file;
	struct vmt_elf elf;

	(void)state;
	build(&file);
	assert_int_equal(read_bytes(&file, sizeof(file), &elf), 0);
	assert_int_equal(elf.word_bits, 64);
	assert_int_equal(elf.machine, EM_X86_64);
	assert_true(elf.dynamic_base);
	assert_int_equal(elf.entry, 0x1040);
	assert_int_equal(elf.phdr_vaddr, 0x1000 + sizeof(Elf64_Ehdr));
	assert_string_equal(elf.interpreter, interpreter);
	assert_int_equal(elf.segment_count, 2);
	assert_int_equal(elf.segments[0].vaddr, 0x1000);
	assert_int_equal(elf.segments[0].perms, VMT_PERM_READ | VMT_PERM_EXEC);
	assert_int_equal(elf.segments[1].vaddr, 0x3800);
	assert_int_equal(elf.segments[1].offset, 0x1800);
	assert_int_equal(elf.segments[1].file_bytes, 0x800);
	assert_int_equal(elf.segments[1].memory_bytes, 0x9000);
	assert_int_equal(elf.segments[1].align, 0x1000);
	assert_int_equal(elf.segments[1].perms, VMT_PERM_READ | VMT_PERM_WRITE);
	assert_true(elf.has_gnu_stack);
	assert_false(elf.executable_stack);
	assert_int_equal(elf.relro_vaddr, 0x3800);
	assert_int_equal(elf.relro_bytes, 0x800);
}

static void test_static_program(void **state)
{
	union file file;
	struct vmt_elf elf;

	(void)state;
	build(&file);
	file.image.ehdr.e_type = ET_EXEC;
	for (unsigned i = 0; i < file.image.ehdr.e_phnum; i++) {
		if (file.image.phdrs[i].p_type != PT_LOAD)
			file.image.phdrs[i].p_type = PT_NULL;
	}
	/* No segment holds the program headers: 0x1000 is where the file's second page goes. */
	file.image.phdrs[1].p_offset = 0x1000;
	assert_int_equal(read_bytes(&file, sizeof(file), &elf), 0);
	assert_false(elf.dynamic_base);
	assert_string_equal(elf.interpreter, "");
	assert_false(elf.has_gnu_stack);
	assert_int_equal(elf.relro_bytes, 0);
	assert_int_equal(elf.phdr_vaddr, 0);
}

static void test_executable_stack(void **state)
{
	union file file;
	struct vmt_elf elf;

	(void)state;
	build(&file);
	file.image.phdrs[3].p_flags |= PF_X;
	assert_int_equal(read_bytes(&file, sizeof(file), &elf), 0);
	assert_true(elf.executable_stack);
}

static void test_32_bits(void **state)
{
	struct {
		Elf32_Ehdr ehdr;
		Elf32_Phdr phdrs[2];
	} file = {
		.ehdr = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_386,
			.e_version = EV_CURRENT,
			.e_entry = 0x8048034,
			.e_phoff = sizeof(Elf32_Ehdr),
			.e_phentsize = sizeof(Elf32_Phdr),
			.e_phnum = 2,
		},
		.phdrs = {
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x8048000,
			  .p_filesz = sizeof(file), .p_memsz = 0x2000, .p_align = 0x1000 },
			{ .p_type = PT_GNU_STACK, .p_flags = PF_X },
		},
	};
	struct vmt_elf elf;

	(void)state;
	assert_int_equal(read_bytes(&file, sizeof(file), &elf), 0);
	assert_int_equal(elf.word_bits, 32);
	assert_int_equal(elf.machine, EM_386);
	assert_int_equal(elf.entry, 0x8048034);
	assert_int_equal(elf.phdr_vaddr, 0x8048000 + sizeof(Elf32_Ehdr));
	assert_int_equal(elf.segment_count, 1);
	assert_int_equal(elf.segments[0].memory_bytes, 0x2000);
	assert_true(elf.executable_stack);
	/* up to the last byte of the 4 GiB, and one more */
	file.phdrs[0].p_vaddr = 0xfffff000;
	file.phdrs[0].p_memsz = 0x1000;
	assert_int_equal(read_bytes(&file, sizeof(file), &elf), 0);
	file.phdrs[0].p_memsz = 0x1001;
	assert_refused(&file, sizeof(file));
}

static void test_other_byte_order(void **state)
{
	union file file;
	struct image *image = &file.image;
	struct vmt_elf elf;

	(void)state;
	build(&file);
	image->ehdr.e_ident[EI_DATA] = ELFDATA2MSB;
	image->ehdr.e_type = __builtin_bswap16(ET_EXEC);
	image->ehdr.e_machine = __builtin_bswap16(EM_PPC64);
	image->ehdr.e_version = __builtin_bswap32(EV_CURRENT);
	image->ehdr.e_entry = __builtin_bswap64(0x1234);
	image->ehdr.e_phoff = __builtin_bswap64(offsetof(struct image, phdrs));
	image->ehdr.e_phentsize = __builtin_bswap16(sizeof(Elf64_Phdr));
	image->ehdr.e_phnum = __builtin_bswap16(1);
	image->phdrs[0] = (Elf64_Phdr){
		.p_type = __builtin_bswap32(PT_LOAD),
		.p_flags = __builtin_bswap32(PF_R),
		.p_vaddr = __builtin_bswap64(0x10000),
		.p_filesz = __builtin_bswap64(0x100),
		.p_memsz = __builtin_bswap64(0x200),
	};
	assert_int_equal(read_bytes(&file, sizeof(file), &elf), 0);
	assert_int_equal(elf.machine, EM_PPC64);
	assert_int_equal(elf.entry, 0x1234);
	assert_int_equal(elf.segments[0].vaddr, 0x10000);
	assert_int_equal(elf.segments[0].memory_bytes, 0x200);
}

static void test_position_is_kept(void **state)
{
	union file file;
	struct vmt_elf elf;
	int fd;

	(void)state;
	build(&file);
	fd = memory_file(&file, sizeof(file));
	assert_int_equal(lseek(fd, 77, SEEK_SET), 77);
	assert_int_equal(vmt_elf_read(fd, &elf, NULL), 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 77);
	close(fd);
}

static void test_not_an_elf_file(void **state)
{
	int ends[2];
	int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_refused("", 0);
	assert_refused("#!/bin/sh\n", 10);
	assert_refused("\177ELF", 4);
	assert_refused("0123456789abcdef0123456789abcdef", 32);
	assert_int_equal(pipe(ends), 0);
	assert_refused_fd(ends[0], ENOEXEC);
	assert_refused_fd(directory, ENOEXEC);
	assert_refused_fd(zero, ENOEXEC);
	assert_refused_fd(-1, EBADF);
	close(ends[0]);
	close(ends[1]);
	close(directory);
	close(zero);
}

static void test_unreadable_file(void **state)
{
	union file file;
	char path[64];
	int fd, write_only;

	(void)state;
	build(&file);
	fd = memory_file(&file, sizeof(file));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	write_only = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(write_only >= 0);
	assert_refused_fd(write_only, EBADF);
	close(write_only);
	close(fd);
}

/*
 * Cut anywhere in its headers or in the path of its interpreter, the file is refused. The kernel maps a
 * segment whatever the file has of it.
 */
static void test_truncated(void **state)
{
	union file file;
	struct vmt_elf elf;

	(void)state;
	build(&file);
	for (size_t size = 0; size < INTERPRETER_AT + sizeof(interpreter); size++)
		assert_refused(&file, size);
	for (size_t size = INTERPRETER_AT + sizeof(interpreter); size <= sizeof(file); size += 257)
		assert_int_equal(read_bytes(&file, size, &elf), 0);
	assert_int_equal(elf.segments[1].file_bytes, 0x800);
}

/* Sets one member of a good file to a value and expects a refusal. */
#define assert_bad(member, value) \
	do { \
		union file bad; \
		build(&bad); \
		bad.image.member = (value); \
		assert_refused(&bad, sizeof(bad)); \
	} while (0)

static void test_damaged_header(void **state)
{
	(void)state;
	assert_bad(ehdr.e_ident[EI_MAG3], 'G');
	assert_bad(ehdr.e_ident[EI_CLASS], ELFCLASSNONE);
	assert_bad(ehdr.e_ident[EI_CLASS], 3);
	assert_bad(ehdr.e_ident[EI_DATA], ELFDATANONE);
	assert_bad(ehdr.e_ident[EI_DATA], ELFDATA2MSB);
	assert_bad(ehdr.e_version, 2);
	assert_bad(ehdr.e_type, ET_REL);
	assert_bad(ehdr.e_type, ET_CORE);
	assert_bad(ehdr.e_phnum, 0);
	assert_bad(ehdr.e_phnum, PN_XNUM);
	assert_bad(ehdr.e_phentsize, sizeof(Elf32_Phdr));
	assert_bad(ehdr.e_phentsize, 0);
	assert_bad(ehdr.e_phoff, FILE_BYTES - 1);
	assert_bad(ehdr.e_phoff, UINT64_MAX);
	assert_bad(ehdr.e_phoff, UINT64_MAX - 8);
	/* headers in a part without any segment */
	assert_bad(ehdr.e_phoff, 0x1000);
}

static void test_damaged_segment(void **state)
{
	(void)state;
	/* more in the file than in memory */
	assert_bad(phdrs[2].p_memsz, 0x7ff);
	/* outside of every file */
	assert_bad(phdrs[2].p_offset, UINT64_C(1) << 63 | 0x800);
	assert_bad(phdrs[2].p_offset, (UINT64_C(1) << 63) - 0x800);
	assert_bad(phdrs[2].p_offset, UINT64_MAX - 0x7ff);
	/* outside of the address space, also wrapped */
	assert_bad(phdrs[2].p_memsz, UINT64_MAX);
	assert_bad(phdrs[2].p_memsz, UINT64_C(1) << 63);
	assert_bad(phdrs[2].p_vaddr, UINT64_MAX - 0x7ff);
	/* its first page would begin before the file */
	assert_bad(phdrs[1].p_vaddr, 0x1001);
	/* RELRO */
	assert_bad(phdrs[4].p_memsz, UINT64_MAX);
	assert_bad(phdrs[4].p_vaddr, UINT64_MAX);
}

static void test_bss_only_segment(void **state)
{
	union file file;
	struct vmt_elf elf;

	(void)state;
	build(&file);
	/* No byte comes from the file, so the offset does not matter. */
	file.image.phdrs[2].p_filesz = 0;
	file.image.phdrs[2].p_offset = UINT64_MAX;
	assert_int_equal(read_bytes(&file, sizeof(file), &elf), 0);
	assert_int_equal(elf.segments[1].file_bytes, 0);
}

static void test_interpreter(void **state)
{
	union file file;
	struct vmt_elf elf;

	(void)state;
	assert_bad(phdrs[0].p_filesz, 0);
	assert_bad(phdrs[0].p_filesz, 1);
	/* without its NUL */
	assert_bad(phdrs[0].p_filesz, sizeof(interpreter) - 1);
	/* longer than can be held */
	assert_bad(phdrs[0].p_filesz, sizeof(elf.interpreter) + 1);
	assert_bad(phdrs[0].p_filesz, UINT64_MAX);
	assert_bad(phdrs[0].p_offset, FILE_BYTES);
	assert_bad(phdrs[0].p_offset, UINT64_MAX - 3);
	/* an empty path */
	assert_bad(phdrs[0].p_offset, INTERPRETER_AT - 2 * sizeof(interpreter));
	/* as long as can be held */
	build(&file);
	memset(file.bytes + INTERPRETER_AT, 'i', sizeof(elf.interpreter) - 1);
	file.image.phdrs[0].p_filesz = sizeof(elf.interpreter);
	assert_int_equal(read_bytes(&file, sizeof(file), &elf), 0);
	assert_int_equal(strlen(elf.interpreter), sizeof(elf.interpreter) - 1);
}

static void test_second_interpreter_is_ignored(void **state)
{
	union file file;
	struct vmt_elf elf;

	(void)state;
	build(&file);
	strcpy((char *)file.bytes + 0x600, "/other");
	add_phdr(&file.image,
		 (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = 0x600, .p_filesz = 7 });
	assert_int_equal(read_bytes(&file, sizeof(file), &elf), 0);
	assert_string_equal(elf.interpreter, interpreter);
}

/* A file of nothing but headers; all of them of @type, except that the first is a segment. */
static unsigned char *headers_only(unsigned count, unsigned type, size_t *ret_size)
{
	size_t size = sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr);
	unsigned char *bytes = vmt_calloc(1, size);
	union file small;

	build(&small);
	small.image.ehdr.e_phnum = (Elf64_Half)count;
	memcpy(bytes, &small.image.ehdr, sizeof(Elf64_Ehdr));
	for (unsigned i = 0; i < count; i++) {
		Elf64_Phdr phdr = { .p_type = i ? type : PT_LOAD,
				    .p_vaddr = (uint64_t)i << 12,
				    .p_memsz = 4096 };

		memcpy(bytes + sizeof(Elf64_Ehdr) + i * sizeof(phdr), &phdr, sizeof(phdr));
	}
	*ret_size = size;
	return bytes;
}

static void test_many_segments(void **state)
{
	unsigned char *bytes;
	struct vmt_elf elf;
	size_t size;

	(void)state;
	bytes = headers_only(VMT_ELF_SEGMENT_MAX, PT_LOAD, &size);
	assert_int_equal(read_bytes(bytes, size, &elf), 0);
	assert_int_equal(elf.segment_count, VMT_ELF_SEGMENT_MAX);
	assert_int_equal(elf.segments[VMT_ELF_SEGMENT_MAX - 1].vaddr,
			 (uint64_t)(VMT_ELF_SEGMENT_MAX - 1) << 12);
	free(bytes);
	bytes = headers_only(VMT_ELF_SEGMENT_MAX + 1, PT_LOAD, &size);
	assert_refused(bytes, size);
	free(bytes);
}

/* The kernel takes a table of up to 64 KiB. */
static void test_many_headers(void **state)
{
	const unsigned most = 65536 / sizeof(Elf64_Phdr);
	unsigned char *bytes;
	struct vmt_elf elf;
	size_t size;

	(void)state;
	bytes = headers_only(most, PT_NOTE, &size);
	assert_int_equal(read_bytes(bytes, size, &elf), 0);
	assert_int_equal(elf.segment_count, 1);
	free(bytes);
	bytes = headers_only(most + 1, PT_NOTE, &size);
	assert_refused(bytes, size);
	free(bytes);
}

/* A sparse file of a terabyte that claims as many sections as fit: none of them is looked at. */
static void test_huge_section_count(void **state)
{
	const Elf64_Shdr first = { .sh_size = (UINT64_C(1) << 40) / sizeof(Elf64_Shdr) - 256 };
	union file file;
	struct vmt_elf elf;
	int fd;

	(void)state;
	build(&file);
	file.image.ehdr.e_shoff = 0x800;
	file.image.ehdr.e_shentsize = sizeof(Elf64_Shdr);
	file.image.ehdr.e_shnum = 0;
	memcpy(file.bytes + 0x800, &first, sizeof(first));
	fd = memory_file(&file, sizeof(file));
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	assert_int_equal(vmt_elf_read(fd, &elf, NULL), 0);
	assert_int_equal(elf.segment_count, 2);
	close(fd);
}

/* Every byte of the headers with other values: read or refused, but never half of a result. */
static void test_every_byte_damaged(void **state)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	const size_t header_bytes = sizeof(Elf64_Ehdr) + 5 * sizeof(Elf64_Phdr);
	unsigned refused = 0, taken = 0;
	union file file;

	(void)state;
	build(&file);
	for (size_t i = 0; i < header_bytes * vmt_countof(values); i++) {
		unsigned char *byte = &file.bytes[i / vmt_countof(values)];
		unsigned char good = *byte;
		struct vmt_elf elf, before;

		memset(&elf, MARK, sizeof(elf));
		memset(&before, MARK, sizeof(before));
		*byte = values[i % vmt_countof(values)];
		if (read_bytes(&file, sizeof(file), &elf)) {
			assert_memory_equal(&elf, &before, sizeof(elf));
			refused++;
		} else {
			assert_true(elf.segment_count <= VMT_ELF_SEGMENT_MAX);
			taken++;
		}
		*byte = good;
	}
	assert_true(refused > 100 && taken > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_program),
		cmocka_unit_test(test_small_pie),
		cmocka_unit_test(test_static_program),
		cmocka_unit_test(test_executable_stack),
		cmocka_unit_test(test_32_bits),
		cmocka_unit_test(test_other_byte_order),
		cmocka_unit_test(test_position_is_kept),
		cmocka_unit_test(test_not_an_elf_file),
		cmocka_unit_test(test_unreadable_file),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_damaged_header),
		cmocka_unit_test(test_damaged_segment),
		cmocka_unit_test(test_bss_only_segment),
		cmocka_unit_test(test_interpreter),
		cmocka_unit_test(test_second_interpreter_is_ignored),
		cmocka_unit_test(test_many_segments),
		cmocka_unit_test(test_many_headers),
		cmocka_unit_test(test_huge_section_count),
		cmocka_unit_test(test_every_byte_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
