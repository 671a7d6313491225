/* SPDX-License-Identifier: MIT */
/*
 * test-elf-facts: sections, build-id, soname and the flags of the dynamic section come out as they
 * stand in the file; what is damaged there costs itself only. The file is built here and lives in
 * memory:
 *
 *	0      0x40        0x200     0x300     0x400   0x500       0x600  0x1000
 *	| Ehdr | 4 Phdrs |  | Dyns |  | dynstr | | note | | shstrtab | | Shdrs | end
 *
 * LOAD 1 holds it all from address 0 on; LOAD 2 is .data and .bss from 0x2000.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmtrace/elf.h"

enum {
	DYNS_AT = 0x200,
	DYNSTR_AT = 0x300,
	NOTE_AT = 0x400,
	NAMES_AT = 0x500,
	SHDRS_AT = 0x600,
	FILE_BYTES = 0x1000,
};

enum {
	NULL_SECTION,
	TEXT,
	DATA,
	TBSS,
	BSS,
	COMMENT,
	NAMES,
	SECTIONS
};

union file {
	unsigned char bytes[FILE_BYTES];
	struct {
		Elf64_Ehdr ehdr;
		Elf64_Phdr phdrs[4];
	} head;
	struct {
		unsigned char before[DYNS_AT];
		Elf64_Dyn dyns[6];
	} dynamic;
	struct {
		unsigned char before[NOTE_AT];
		Elf64_Nhdr other;
		char other_name[4];
		Elf64_Nhdr nhdr;
		char name[4];
		unsigned char id[20];
	} note;
	struct {
		unsigned char before[SHDRS_AT];
		Elf64_Shdr shdrs[SECTIONS];
	} sections;
};

static const char names[] = "\0.text\0.data\0.tbss\0.bss\0.comment\0.shstrtab";

/* The offset of a name in the string table. */
static uint32_t name_of(const char *name)
{
	const char *at = memmem(names, sizeof(names), name, strlen(name) + 1);

	assert_non_null(at);
	return (uint32_t)(at - names);
}

static void build_sections(union file *file)
{
	Elf64_Shdr *shdrs = file->sections.shdrs;

	shdrs[TEXT] = (Elf64_Shdr){ .sh_name = name_of(".text"),
				    .sh_type = SHT_PROGBITS,
				    .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				    .sh_addr = 0x700,
				    .sh_size = 0x100 };
	/* not in order of address */
	shdrs[DATA] = (Elf64_Shdr){ .sh_name = name_of(".data"),
				    .sh_type = SHT_PROGBITS,
				    .sh_flags = SHF_ALLOC | SHF_WRITE,
				    .sh_addr = 0x2000,
				    .sh_size = 0x80 };
	shdrs[TBSS] = (Elf64_Shdr){ .sh_name = name_of(".tbss"),
				    .sh_type = SHT_NOBITS,
				    .sh_flags = SHF_ALLOC | SHF_WRITE | SHF_TLS,
				    .sh_addr = 0x2080,
				    .sh_size = 0x40 };
	shdrs[BSS] = (Elf64_Shdr){ .sh_name = name_of(".bss"),
				   .sh_type = SHT_NOBITS,
				   .sh_flags = SHF_ALLOC | SHF_WRITE,
				   .sh_addr = 0x2080,
				   .sh_size = 0x3000 };
	shdrs[COMMENT] = (Elf64_Shdr){ .sh_name = name_of(".comment"),
				       .sh_type = SHT_PROGBITS,
				       .sh_size = 0x10 };
	shdrs[NAMES] = (Elf64_Shdr){ .sh_name = name_of(".shstrtab"),
				     .sh_type = SHT_STRTAB,
				     .sh_offset = NAMES_AT,
				     .sh_size = sizeof(names) };
	memcpy(file->bytes + NAMES_AT, names, sizeof(names));
}

static void build_dynamic(union file *file)
{
	file->dynamic.dyns[0] = (Elf64_Dyn){ .d_tag = DT_SONAME, .d_un.d_val = 1 };
	file->dynamic.dyns[1] = (Elf64_Dyn){ .d_tag = DT_STRTAB, .d_un.d_ptr = DYNSTR_AT };
	file->dynamic.dyns[2] = (Elf64_Dyn){ .d_tag = DT_STRSZ, .d_un.d_val = 0x20 };
	file->dynamic.dyns[3] = (Elf64_Dyn){ .d_tag = DT_FLAGS };
	file->dynamic.dyns[4] = (Elf64_Dyn){ .d_tag = DT_FLAGS_1 };
	strcpy((char *)file->bytes + DYNSTR_AT + 1, "libsmall.so.1");
}

static void build_note(union file *file)
{
	file->note.other = (Elf64_Nhdr){ .n_namesz = 4, .n_type = NT_GNU_ABI_TAG };
	memcpy(file->note.other_name, ELF_NOTE_GNU, 4);
	file->note.nhdr = (Elf64_Nhdr){ .n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID };
	memcpy(file->note.name, ELF_NOTE_GNU, 4);
	for (unsigned i = 0; i < 20; i++)
		file->note.id[i] = (unsigned char)(0xa0 + i);
}

static void build(union file *file)
{
	Elf64_Ehdr *ehdr = &file->head.ehdr;

	memset(file, 0, sizeof(*file));
	*ehdr = (Elf64_Ehdr){
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_shoff = SHDRS_AT,
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 4,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = SECTIONS,
		.e_shstrndx = NAMES,
	};
	file->head.phdrs[0] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = 0x1000, .p_memsz = 0x1000
	};
	file->head.phdrs[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
					    .p_flags = PF_R | PF_W,
					    .p_vaddr = 0x2000,
					    .p_filesz = 0x80,
					    .p_memsz = 0x3080 };
	file->head.phdrs[2] = (Elf64_Phdr){ .p_type = PT_DYNAMIC,
					    .p_offset = DYNS_AT,
					    .p_vaddr = DYNS_AT,
					    .p_filesz = sizeof(file->dynamic.dyns),
					    .p_memsz = sizeof(file->dynamic.dyns) };
	file->head.phdrs[3] = (Elf64_Phdr){
		.p_type = PT_NOTE, .p_offset = NOTE_AT, .p_filesz = 16 + 16 + 20, .p_align = 4
	};
	build_dynamic(file);
	build_note(file);
	build_sections(file);
}

/* The facts of the file; the caller gives them back. Names live in @pool. */
static void read_facts(const union file *file, struct vmt_names *pool, struct vmt_elf_facts *facts)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, sizeof(*file)), sizeof(*file));
	assert_int_equal(vmt_elf_facts_init(fd, pool, facts, NULL), 0);
	close(fd);
}

static int setup(void **state)
{
	*state = vmt_names_new();
	return 0;
}

static int teardown(void **state)
{
	vmt_names_free(*state);
	return 0;
}

static void test_everything(void **state)
{
	union file file;
	struct vmt_elf_facts facts;

	build(&file);
	read_facts(&file, *state, &facts);
	assert_int_equal(facts.elf.segment_count, 2);
	assert_string_equal(facts.soname, "libsmall.so.1");
	assert_int_equal(facts.build_id_bytes, 20);
	assert_memory_equal(facts.build_id, file.note.id, 20);
	assert_true(facts.dynamic);
	assert_false(facts.pie);
	assert_false(facts.bind_now);
	assert_false(facts.text_relocations);
	/* .comment takes no memory, nor does .tbss */
	assert_int_equal(facts.sections.count, 3);
	assert_string_equal(facts.sections.data[0].name, ".text");
	assert_true(facts.sections.data[0].in_file);
	assert_string_equal(facts.sections.data[1].name, ".data");
	assert_int_equal(facts.sections.data[1].vaddr, 0x2000);
	assert_string_equal(facts.sections.data[2].name, ".bss");
	assert_int_equal(facts.sections.data[2].memory_bytes, 0x3000);
	assert_false(facts.sections.data[2].in_file);
	vmt_elf_facts_deinit(&facts);
}

static void test_dynamic_flags(void **state)
{
	static const struct {
		Elf64_Dyn dyn;
		bool bind_now, text_relocations, pie;
	} cases[] = {
		{ { DT_BIND_NOW, { 0 } }, true, false, false },
		{ { DT_TEXTREL, { 0 } }, false, true, false },
		{ { DT_FLAGS, { DF_BIND_NOW } }, true, false, false },
		{ { DT_FLAGS, { DF_TEXTREL } }, false, true, false },
		{ { DT_FLAGS_1, { DF_1_NOW } }, true, false, false },
		{ { DT_FLAGS_1, { DF_1_PIE } }, false, false, true },
	};
	union file file;
	struct vmt_elf_facts facts;

	for (size_t i = 0; i < vmt_countof(cases); i++) {
		build(&file);
		file.dynamic.dyns[3] = cases[i].dyn;
		read_facts(&file, *state, &facts);
		assert_int_equal(facts.bind_now, cases[i].bind_now);
		assert_int_equal(facts.text_relocations, cases[i].text_relocations);
		assert_int_equal(facts.pie, cases[i].pie);
		vmt_elf_facts_deinit(&facts);
	}
	/* behind DT_NULL nothing counts */
	build(&file);
	file.dynamic.dyns[3].d_tag = DT_NULL;
	file.dynamic.dyns[4] = (Elf64_Dyn){ .d_tag = DT_TEXTREL };
	read_facts(&file, *state, &facts);
	assert_false(facts.text_relocations);
	vmt_elf_facts_deinit(&facts);
}

/* Sets one member to a value, and expects the rest of the facts and no sections. */
#define without_sections(member, value) \
	do { \
		union file bad; \
		struct vmt_elf_facts left; \
		build(&bad); \
		bad.member = (value); \
		read_facts(&bad, *state, &left); \
		assert_int_equal(left.sections.count, 0); \
		assert_string_equal(left.soname, "libsmall.so.1"); \
		assert_int_equal(left.build_id_bytes, 20); \
		vmt_elf_facts_deinit(&left); \
	} while (0)

static void test_no_sections(void **state)
{
	without_sections(head.ehdr.e_shoff, 0);
	without_sections(head.ehdr.e_shoff, UINT64_MAX - 8);
	without_sections(head.ehdr.e_shoff, FILE_BYTES - 64);
	without_sections(head.ehdr.e_shentsize, sizeof(Elf32_Shdr));
	without_sections(head.ehdr.e_shnum, 0xff00);
	without_sections(head.ehdr.e_shnum, 0);
	without_sections(head.ehdr.e_shstrndx, SECTIONS);
	without_sections(head.ehdr.e_shstrndx, SHN_XINDEX);
	without_sections(head.ehdr.e_shstrndx, TEXT);
	without_sections(sections.shdrs[NAMES].sh_offset, FILE_BYTES);
	without_sections(sections.shdrs[NAMES].sh_size, UINT64_MAX);
	without_sections(sections.shdrs[NAMES].sh_size, 0);
}

static void test_extended_numbers(void **state)
{
	union file file;
	struct vmt_elf_facts facts;

	build(&file);
	file.head.ehdr.e_shnum = 0;
	file.head.ehdr.e_shstrndx = SHN_XINDEX;
	file.sections.shdrs[0].sh_size = SECTIONS;
	file.sections.shdrs[0].sh_link = NAMES;
	read_facts(&file, *state, &facts);
	assert_int_equal(facts.sections.count, 3);
	vmt_elf_facts_deinit(&facts);
	/* more than anybody reads */
	file.sections.shdrs[0].sh_size = UINT64_MAX / 64;
	read_facts(&file, *state, &facts);
	assert_int_equal(facts.sections.count, 0);
	vmt_elf_facts_deinit(&facts);
}

static void test_damaged_section(void **state)
{
	union file file;
	struct vmt_elf_facts facts;

	build(&file);
	file.sections.shdrs[TEXT].sh_name = sizeof(names);
	file.sections.shdrs[DATA].sh_size = UINT64_MAX;
	read_facts(&file, *state, &facts);
	assert_int_equal(facts.sections.count, 1);
	assert_string_equal(facts.sections.data[0].name, ".bss");
	vmt_elf_facts_deinit(&facts);
}

static void test_damaged_dynamic(void **state)
{
	union file file;
	struct vmt_elf_facts facts;

	build(&file);
	file.dynamic.dyns[0].d_un.d_val = 0x20;
	read_facts(&file, *state, &facts);
	assert_string_equal(facts.soname, "");
	assert_int_equal(facts.sections.count, 3);
	vmt_elf_facts_deinit(&facts);
	build(&file);
	file.dynamic.dyns[1].d_un.d_ptr = 0x9000;
	read_facts(&file, *state, &facts);
	assert_string_equal(facts.soname, "");
	vmt_elf_facts_deinit(&facts);
	build(&file);
	file.dynamic.dyns[2].d_un.d_val = UINT64_MAX;
	read_facts(&file, *state, &facts);
	assert_string_equal(facts.soname, "");
	vmt_elf_facts_deinit(&facts);
	build(&file);
	file.head.phdrs[2].p_offset = UINT64_MAX;
	read_facts(&file, *state, &facts);
	assert_false(facts.dynamic);
	assert_int_equal(facts.build_id_bytes, 20);
	vmt_elf_facts_deinit(&facts);
}

static void test_damaged_note(void **state)
{
	static const uint32_t sizes[] = { 21, 65, UINT32_MAX };
	union file file;
	struct vmt_elf_facts facts;

	for (size_t i = 0; i < vmt_countof(sizes); i++) {
		build(&file);
		file.note.nhdr.n_descsz = sizes[i];
		read_facts(&file, *state, &facts);
		assert_int_equal(facts.build_id_bytes, 0);
		vmt_elf_facts_deinit(&facts);
		build(&file);
		file.note.other.n_namesz = UINT32_MAX - sizes[i];
		read_facts(&file, *state, &facts);
		assert_int_equal(facts.build_id_bytes, 0);
		vmt_elf_facts_deinit(&facts);
	}
}

static void test_own_program(void **state)
{
	struct vmt_elf_facts facts;
	bool text = false;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(vmt_elf_facts_init(fd, *state, &facts, NULL), 0);
	for (size_t i = 0; i < facts.sections.count; i++)
		text |= strcmp(facts.sections.data[i].name, ".text") == 0;
	assert_true(text);
	assert_int_equal(facts.pie, facts.elf.dynamic_base);
	vmt_elf_facts_deinit(&facts);
	close(fd);
}

static void test_refused(void **state)
{
	struct vmt_elf_facts facts = { .build_id_bytes = 77 };
	struct vmt_error error = { "" };
	int fd = memfd_create("elf", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "#!/bin/sh\n\n\n\n\n\n\n\n\n", 17), 17);
	assert_true(vmt_elf_facts_init(fd, *state, &facts, &error) < 0);
	assert_true(error.text[0] != '\0');
	assert_int_equal(facts.build_id_bytes, 77);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything),      cmocka_unit_test(test_dynamic_flags),
		cmocka_unit_test(test_no_sections),     cmocka_unit_test(test_extended_numbers),
		cmocka_unit_test(test_damaged_section), cmocka_unit_test(test_damaged_dynamic),
		cmocka_unit_test(test_damaged_note),    cmocka_unit_test(test_own_program),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
