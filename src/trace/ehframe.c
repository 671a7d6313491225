/* SPDX-License-Identifier: MIT */
/*
 * A sorted table of .eh_frame, made here for files whose linker made none (.eh_frame_hdr): gcc -static
 * leaves it out. The layout is the same, so libunwind can search it:
 *
 *	.eh_frame	| length, 0, CIE ...| length, distance to its CIE, start, ... | ... | 0 |
 *	the table	| start, entry | start, entry | ...	each relative to .eh_frame, sorted
 *
 * (Linux Standard Base, "DWARF Extensions".) The file is untrusted: entries are taken as long as they
 * lie in the section, one after the other, and refer to a CIE that was seen.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack.h"

enum {
	SECTION_BYTES_MAX = 64 << 20,
	SECTIONS_MAX = 1024,
	NAMES_BYTES_MAX = 64 * 1024,
	ENCODING_RELATIVE = 0x1b, /* DW_EH_PE_pcrel | sdata4, as every x86-64 compiler writes */
};

/* The section, as it is in the file. */
struct frames {
	const unsigned char *bytes;
	size_t length;
};

static uint32_t word_at(const struct frames *frames, size_t at)
{
	uint32_t word;

	memcpy(&word, frames->bytes + at, sizeof(word));
	return word;
}

/* Passes a number in LEB128; false if it does not end before @end. */
static bool pass_leb128(const struct frames *frames, size_t *at, size_t end)
{
	while (*at < end)
		if (!(frames->bytes[(*at)++] & 0x80))
			return true;
	return false;
}

/*
 * Whether the CIE [at, end) says that addresses of code are relative and have 4 bytes:
 *
 *	version | "zR…" | LEB code | LEB data | byte column | LEB length | R: encoding
 */
static bool is_relative(const struct frames *frames, size_t at, size_t end)
{
	const char *letters = (const char *)frames->bytes + at + 1;
	size_t room = end > at + 1 ? end - at - 1 : 0;
	size_t count = strnlen(letters, room);

	/* 'S' has no bytes of its own; 'R' after 'P' or 'L' would be behind pointers. */
	if (count == room || count < 2 || frames->bytes[at] != 1 || letters[0] != 'z')
		return false;
	at += 1 + count + 1;
	for (int factor = 0; factor < 2; factor++)
		if (!pass_leb128(frames, &at, end))
			return false;
	at++;
	if (!pass_leb128(frames, &at, end))
		return false;
	for (size_t i = 1; i < count; i++) {
		switch (letters[i]) {
		case 'S':
			continue;
		case 'R':
			return at < end && frames->bytes[at] == ENCODING_RELATIVE;
		case 'L':
			at++;
			continue;
		case 'P':
			/* an encoding, and a pointer of 4 bytes unless it is absolute */
			at += at < end && (frames->bytes[at] & 0x0f) == 0 ? 9 : 5;
			continue;
		default:
			return false;
		}
	}
	return false;
}

static int compare_rows(const void *left, const void *right)
{
	const struct vmt_eh_row *a = left;
	const struct vmt_eh_row *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

size_t vmt_eh_index(const unsigned char *bytes, size_t length, struct vmt_eh_row **ret_rows)
{
	struct frames frames = { .bytes = bytes, .length = length };
	VMT_ARRAY(struct vmt_eh_row) rows = { 0 };
	size_t last_cie = SIZE_MAX; /* of which is known: */
	bool relative = false;

	for (size_t at = 0; length - at >= 12;) {
		uint32_t size = word_at(&frames, at);
		size_t id_at = at + 4;
		uint32_t id = word_at(&frames, id_at);

		if (size < 8 || size > length - id_at)
			break;
		if (id && id <= id_at && id_at - id != last_cie && length - (id_at - id) >= 8) {
			size_t cie = id_at - id;
			uint32_t cie_size = word_at(&frames, cie);

			last_cie = cie;
			relative = cie_size >= 4 && cie_size <= length - cie - 4 &&
				   word_at(&frames, cie + 4) == 0 &&
				   is_relative(&frames, cie + 8, cie + 4 + cie_size);
		}
		if (id && id <= id_at && id_at - id == last_cie && relative) {
			struct vmt_eh_row row = {
				.start = (int32_t)(word_at(&frames, id_at + 4) +
						   (uint32_t)(id_at + 4)),
				.entry = (int32_t)at,
			};

			vmt_array_push(&rows, row);
		}
		at = id_at + size;
	}
	if (rows.count)
		qsort(rows.data, rows.count, sizeof(*rows.data), compare_rows);
	*ret_rows = rows.data;
	return rows.count;
}

/* ---- The section in its file ------------------------------------------------------------- */

static void *read_piece(int fd, uint64_t offset, uint64_t length)
{
	void *bytes = vmt_malloc(length);

	if (pread(fd, bytes, length, (off_t)offset) == (ssize_t)length)
		return bytes;
	free(bytes);
	return NULL;
}

static bool find_section(const Elf64_Shdr *sections, unsigned count, const char *names,
			 size_t names_bytes, Elf64_Shdr *ret_section)
{
	static const char wanted[] = ".eh_frame";

	for (unsigned i = 0; i < count; i++) {
		if (sections[i].sh_name < names_bytes &&
		    names_bytes - sections[i].sh_name >= sizeof(wanted) &&
		    memcmp(names + sections[i].sh_name, wanted, sizeof(wanted)) == 0 &&
		    sections[i].sh_type != SHT_NOBITS && sections[i].sh_size <= SECTION_BYTES_MAX) {
			*ret_section = sections[i];
			return true;
		}
	}
	return false;
}

size_t vmt_eh_read(int fd, uint64_t *ret_vaddr, struct vmt_eh_row **ret_rows)
{
	Elf64_Ehdr ehdr;
	Elf64_Shdr *sections = NULL;
	char *names = NULL;
	unsigned char *bytes = NULL;
	size_t count = 0;
	size_t names_bytes = 0;
	Elf64_Shdr section;

	if (pread(fd, &ehdr, sizeof(ehdr), 0) != (ssize_t)sizeof(ehdr) ||
	    ehdr.e_shentsize != sizeof(*sections) || !ehdr.e_shnum || ehdr.e_shnum > SECTIONS_MAX ||
	    ehdr.e_shstrndx >= ehdr.e_shnum)
		return 0;
	sections = read_piece(fd, ehdr.e_shoff, ehdr.e_shnum * sizeof(*sections));
	if (sections) {
		names_bytes = vmt_min_u64(sections[ehdr.e_shstrndx].sh_size, NAMES_BYTES_MAX);
		names = read_piece(fd, sections[ehdr.e_shstrndx].sh_offset, names_bytes);
	}
	if (names && find_section(sections, ehdr.e_shnum, names, names_bytes, &section))
		bytes = read_piece(fd, section.sh_offset, section.sh_size);
	if (bytes) {
		count = vmt_eh_index(bytes, section.sh_size, ret_rows);
		*ret_vaddr = section.sh_addr;
	}
	free(bytes);
	free(names);
	free(sections);
	return count;
}
