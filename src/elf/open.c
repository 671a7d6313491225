/* SPDX-License-Identifier: MIT */
/*
 * Files for libelf (open.h). It checks what it is asked for against the file's size; sizes that it
 * would believe (a sparse file may say it has a terabyte) are refused here before it allocates.
 */
#include "open.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SECTION_BYTES_MAX = 256 << 20,
};

/*
 * Counts of sections and program headers that do not fit the ELF header stand in the first section,
 * as 32-bit numbers, and libelf allocates as many: real programs stay far below that.
 */
static bool counts_are_plain(const unsigned char *head)
{
	bool wide = head[EI_CLASS] == ELFCLASS64;
	const unsigned char *sections = head + (wide ? 60 : 48);
	const unsigned char *programs = head + (wide ? 56 : 44);

	return (sections[0] || sections[1]) && !(programs[0] == 0xff && programs[1] == 0xff);
}

bool vmt_elf_plain(const unsigned char *head)
{
	return memcmp(head, ELFMAG, SELFMAG) == 0 && counts_are_plain(head) &&
	       elf_version(EV_CURRENT) != EV_NONE;
}

int vmt_elf_refuse(struct vmt_error *error)
{
	return vmt_error_set(error, ENOEXEC, "not an ELF file with sections");
}

int vmt_elf_open(int fd, Elf **ret_elf, struct vmt_error *error)
{
	unsigned char head[sizeof(Elf64_Ehdr)] = { 0 };
	struct stat status;
	Elf *elf;

	if (fstat(fd, &status) < 0)
		return vmt_error_set(error, errno, "cannot stat ELF file: %s", vmt_strerror(errno));
	if (!S_ISREG(status.st_mode) || pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    !vmt_elf_plain(head))
		return vmt_elf_refuse(error);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return vmt_elf_refuse(error);
	}
	*ret_elf = elf;
	return 0;
}

bool vmt_elf_table_open(Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
			struct vmt_elf_table *ret_table)
{
	size_t entry_bytes = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	Elf_Scn *text_section = elf_getscn(elf, header->sh_link);
	GElf_Shdr text_header;
	struct vmt_elf_table table;

	if (!text_section || !gelf_getshdr(text_section, &text_header) ||
	    text_header.sh_type != SHT_STRTAB || text_header.sh_size > SECTION_BYTES_MAX ||
	    header->sh_size > SECTION_BYTES_MAX || header->sh_entsize != entry_bytes)
		return false;
	table.rows = elf_getdata(section, NULL);
	table.text = elf_getdata(text_section, NULL);
	if (!table.rows || !table.text || !table.rows->d_buf || !table.text->d_buf)
		return false;
	table.count = table.rows->d_size / entry_bytes;
	*ret_table = table;
	return true;
}

bool vmt_elf_table_row(const struct vmt_elf_table *table, size_t index, GElf_Sym *ret_symbol,
		       const char **ret_name, size_t *ret_room)
{
	if (!gelf_getsym(table->rows, (int)index, ret_symbol) ||
	    ret_symbol->st_name >= table->text->d_size)
		return false;
	*ret_name = (const char *)table->text->d_buf + ret_symbol->st_name;
	*ret_room = table->text->d_size - ret_symbol->st_name;
	return true;
}
