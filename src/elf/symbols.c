/* SPDX-License-Identifier: MIT */
/*
 * symbols: the functions of an ELF file, sorted by address, to name a place in its code.
 *
 *	offset in the file --(PT_LOAD)--> p_vaddr --(binary search)--> function + distance
 *
 * They come from .symtab and .dynsym, and from the file of debugging symbols that belongs to it, if
 * somebody finds that: distributions strip .symtab from what they ship, and keep it in another file
 * with the same section and symbol addresses, under the build-id or the name in .gnu_debuglink.
 *
 * Several names for one address are the rule (mmap, __mmap, mmap64). The one that is kept has a size, is
 * a function, is not local, begins with the fewest underscores, is the shortest, and is the first by
 * alphabet, so that it is the same in every run.
 *
 * The file is untrusted; open.c says what is refused before libelf believes it. No name is longer
 * than NAME_BYTES_MAX, no table has more than SYMBOLS_MAX rows.
 */
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "open.h"
#include "vmtrace/elf.h"

enum {
	NOTES_BYTES_MAX = 1 << 20,
	LINK_BYTES_MAX = 4096,
	CRC_BYTES_MAX = 256 << 20,
	SYMBOLS_MAX = 4 << 20,
	NAME_BYTES_MAX = 1024,
	BUILD_ID_BYTES_MAX = 64,
	NESTED_MAX =
		16, /* functions looked at that begin before an address but end before it too */
};

/* A piece of the file that becomes code. */
struct load {
	uint64_t offset;
	uint64_t file_bytes;
	uint64_t vaddr;
};

struct row {
	uint64_t start;
	uint64_t end; /* start: not known */
	uint32_t name; /* in names */
	uint32_t rank; /* less is better */
};

struct vmt_symbols {
	VMT_ARRAY(struct load) loads;
	VMT_ARRAY(struct row) rows;
	struct vmt_str names; /* one after the other, each with its NUL */
	bool whole; /* there was a .symtab */
	char build_id[2 * BUILD_ID_BYTES_MAX + 1];
	char link[256]; /* .gnu_debuglink */
	uint32_t link_crc;
};

void vmt_symbols_free(struct vmt_symbols *symbols)
{
	if (!symbols)
		return;
	vmt_array_deinit(&symbols->loads);
	vmt_array_deinit(&symbols->rows);
	vmt_str_deinit(&symbols->names);
	free(symbols);
}

/* ---- Rows -------------------------------------------------------------------------------- */

static bool is_code(const struct vmt_symbols *symbols, uint64_t vaddr)
{
	for (size_t i = 0; i < symbols->loads.count; i++) {
		const struct load *load = &symbols->loads.data[i];

		if (vaddr >= load->vaddr && vaddr - load->vaddr < load->file_bytes)
			return true;
	}
	return false;
}

/* Less is better. */
static uint32_t rank_of(const GElf_Sym *symbol, const char *name, size_t length)
{
	uint32_t underscores = (uint32_t)vmt_min_u64(strspn(name, "_"), 15);

	return (symbol->st_size == 0 ? 1u << 22 : 0) |
	       (GELF_ST_TYPE(symbol->st_info) == STT_NOTYPE ? 1u << 21 : 0) |
	       (GELF_ST_BIND(symbol->st_info) == STB_LOCAL ? 1u << 20 : 0) | underscores << 16 |
	       (uint32_t)length;
}

static void add_row(struct vmt_symbols *symbols, const GElf_Sym *symbol, const char *name,
		    size_t room)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);
	size_t length = strnlen(name, room);
	const char *version;
	struct row row = { .start = symbol->st_value };

	if ((type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) ||
	    symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS ||
	    !is_code(symbols, symbol->st_value))
		return;
	/* "mmap@@GLIBC_2.2.5" */
	version = length > 1 ? memchr(name + 1, '@', length - 1) : NULL;
	if (version)
		length = (size_t)(version - name);
	/* Marks of assemblers ("$x", ".L4") name no function. */
	if (length == 0 || length > NAME_BYTES_MAX || length == room || name[0] == '$' ||
	    (name[0] == '.' && type == STT_NOTYPE) || symbols->names.length > UINT32_MAX / 2)
		return;
	row.end =
		symbol->st_size > UINT64_MAX - row.start ? UINT64_MAX : row.start + symbol->st_size;
	row.name = (uint32_t)symbols->names.length;
	row.rank = rank_of(symbol, name, length);
	vmt_str_add_bytes(&symbols->names, name, length);
	vmt_str_add_char(&symbols->names, '\0');
	vmt_array_push(&symbols->rows, row);
}

static int compare_rows(const void *left, const void *right, void *names)
{
	const struct row *a = left;
	const struct row *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return strcmp((const char *)names + a->name, (const char *)names + b->name);
}

/* Sorts, leaves one row for an address, and ends those without a size at the next one. */
static void finish_rows(struct vmt_symbols *symbols)
{
	struct row *rows = symbols->rows.data;
	size_t kept = 0;

	if (!symbols->rows.count)
		return;
	qsort_r(rows, symbols->rows.count, sizeof(*rows), compare_rows, symbols->names.data);
	for (size_t i = 0; i < symbols->rows.count; i++) {
		if (kept && rows[kept - 1].start == rows[i].start)
			continue;
		if (kept && rows[kept - 1].end == rows[kept - 1].start)
			rows[kept - 1].end = rows[i].start;
		rows[kept++] = rows[i];
	}
	if (rows[kept - 1].end == rows[kept - 1].start)
		rows[kept - 1].end = UINT64_MAX;
	symbols->rows.count = kept;
}

/* ---- Sections ---------------------------------------------------------------------------- */

static void add_symbols(struct vmt_symbols *symbols, Elf *elf, Elf_Scn *section,
			const GElf_Shdr *header)
{
	struct vmt_elf_table table;

	if (!vmt_elf_table_open(elf, section, header, &table))
		return;
	for (size_t i = 0; i < table.count && symbols->rows.count < SYMBOLS_MAX; i++) {
		GElf_Sym symbol;
		const char *name;
		size_t room;

		if (vmt_elf_table_row(&table, i, &symbol, &name, &room))
			add_row(symbols, &symbol, name, room);
	}
}

static void read_build_id(Elf_Scn *section, const GElf_Shdr *header, char *ret_text)
{
	Elf_Data *data = header->sh_size <= NOTES_BYTES_MAX ? elf_getdata(section, NULL) : NULL;
	size_t at = 0;
	size_t name_at, value_at;
	GElf_Nhdr note;

	while (data && data->d_buf &&
	       (at = gelf_getnote(data, at, &note, &name_at, &value_at)) > 0) {
		const unsigned char *value = (const unsigned char *)data->d_buf + value_at;

		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
		    memcmp((const char *)data->d_buf + name_at, "GNU", 4) != 0 ||
		    note.n_descsz < 2 || note.n_descsz > BUILD_ID_BYTES_MAX)
			continue;
		for (size_t i = 0; i < note.n_descsz; i++)
			snprintf(ret_text + 2 * i, 3, "%02x", value[i]);
		return;
	}
}

/* | name, NUL | to a multiple of 4 | CRC | */
static void read_link(struct vmt_symbols *symbols, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = header->sh_size <= LINK_BYTES_MAX ? elf_getdata(section, NULL) : NULL;
	size_t length, crc_at;

	if (!data || !data->d_buf)
		return;
	length = strnlen(data->d_buf, data->d_size);
	crc_at = (length + 4) & ~(size_t)3;
	if (length == 0 || length >= sizeof(symbols->link) ||
	    crc_at + sizeof(symbols->link_crc) > data->d_size || memchr(data->d_buf, '/', length))
		return;
	memcpy(symbols->link, data->d_buf, length + 1);
	memcpy(&symbols->link_crc, (const char *)data->d_buf + crc_at, sizeof(symbols->link_crc));
}

static void read_loads(struct vmt_symbols *symbols, Elf *elf)
{
	size_t count = 0;

	if (elf_getphdrnum(elf, &count) < 0)
		return;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr phdr;

		if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_LOAD &&
		    phdr.p_flags & PF_X) {
			struct load load = {
				.offset = phdr.p_offset,
				.file_bytes = phdr.p_filesz,
				.vaddr = phdr.p_vaddr,
			};

			vmt_array_push(&symbols->loads, load);
		}
	}
}

static void read_sections(struct vmt_symbols *symbols, Elf *elf)
{
	bool looked[SHT_DYNSYM + 1] = { false };
	Elf_Scn *section = NULL;
	size_t names = 0;

	if (elf_getshdrstrndx(elf, &names) < 0)
		names = 0;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM) {
			/* A file has one of each; libelf keeps what it has read. */
			if (!looked[header.sh_type])
				add_symbols(symbols, elf, section, &header);
			looked[header.sh_type] = true;
			symbols->whole |= header.sh_type == SHT_SYMTAB;
		} else if (header.sh_type == SHT_NOTE && !symbols->build_id[0]) {
			read_build_id(section, &header, symbols->build_id);
		} else if (header.sh_type == SHT_PROGBITS && !symbols->link[0] &&
			   header.sh_size <= LINK_BYTES_MAX) {
			name = elf_strptr(elf, names, header.sh_name);
			if (name && strcmp(name, ".gnu_debuglink") == 0)
				read_link(symbols, section, &header);
		}
	}
}

/* ---- Files ------------------------------------------------------------------------------- */

static struct vmt_symbols *read_elf(Elf *elf)
{
	struct vmt_symbols *symbols = vmt_calloc(1, sizeof(*symbols));

	read_loads(symbols, elf);
	read_sections(symbols, elf);
	finish_rows(symbols);
	elf_end(elf);
	return symbols;
}

int vmt_symbols_read(int fd, struct vmt_symbols **ret_symbols, struct vmt_error *error)
{
	Elf *elf;
	int r = vmt_elf_open(fd, &elf, error);

	if (r)
		return r;
	*ret_symbols = read_elf(elf);
	return 0;
}

int vmt_symbols_read_image(const void *bytes, size_t length, struct vmt_symbols **ret_symbols,
			   struct vmt_error *error)
{
	char *copy;
	Elf *elf;

	if (length < sizeof(Elf64_Ehdr) || !vmt_elf_plain(bytes))
		return vmt_elf_refuse(error);
	copy = vmt_malloc(length);
	memcpy(copy, bytes, length);
	elf = elf_memory(copy, length);
	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		free(copy);
		return vmt_elf_refuse(error);
	}
	*ret_symbols = read_elf(elf);
	free(copy);
	return 0;
}

/* ---- The file of debugging symbols ------------------------------------------------------- */

/* The CRC-32 of .gnu_debuglink, of the whole file. */
static bool file_crc(int fd, uint32_t *ret_crc)
{
	unsigned char *bytes = vmt_malloc(1 << 16);
	uint32_t table[256];
	uint32_t crc = UINT32_MAX;
	off_t at = 0;
	ssize_t got;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	while ((got = pread(fd, bytes, 1 << 16, at)) > 0 && at < CRC_BYTES_MAX) {
		for (ssize_t i = 0; i < got; i++)
			crc = table[(crc ^ bytes[i]) & 0xff] ^ crc >> 8;
		at += got;
	}
	free(bytes);
	*ret_crc = ~crc;
	return got == 0;
}

static bool belongs(const struct vmt_symbols *symbols, const struct vmt_symbols *debug, int fd)
{
	uint32_t crc;

	if (symbols->build_id[0] || debug->build_id[0])
		return strcmp(symbols->build_id, debug->build_id) == 0;
	return symbols->link[0] && file_crc(fd, &crc) && crc == symbols->link_crc;
}

bool vmt_symbols_add_debug(struct vmt_symbols *symbols, int fd)
{
	struct vmt_symbols *debug;
	Elf *elf;
	bool added;

	if (vmt_elf_open(fd, &elf, NULL))
		return false;
	debug = vmt_calloc(1, sizeof(*debug));
	/* Its own segments may have lost their contents; addresses are the same. */
	for (size_t i = 0; i < symbols->loads.count; i++)
		vmt_array_push(&debug->loads, symbols->loads.data[i]);
	read_sections(debug, elf);
	elf_end(elf);
	added = debug->rows.count && belongs(symbols, debug, fd) &&
		symbols->names.length + debug->names.length <= UINT32_MAX;
	if (added) {
		uint32_t names = (uint32_t)symbols->names.length;

		vmt_str_add_bytes(&symbols->names, debug->names.data, debug->names.length);
		for (size_t i = 0; i < debug->rows.count; i++) {
			struct row row = debug->rows.data[i];

			row.name += names;
			vmt_array_push(&symbols->rows, row);
		}
		symbols->whole = true;
		finish_rows(symbols);
	}
	vmt_symbols_free(debug);
	return added;
}

/* ---- Questions --------------------------------------------------------------------------- */

size_t vmt_symbols_count(const struct vmt_symbols *symbols)
{
	return symbols->rows.count;
}

bool vmt_symbols_whole(const struct vmt_symbols *symbols)
{
	return symbols->whole;
}

const char *vmt_symbols_build_id(const struct vmt_symbols *symbols)
{
	return symbols->build_id;
}

const char *vmt_symbols_debug_link(const struct vmt_symbols *symbols)
{
	return symbols->link;
}

static bool vaddr_of(const struct vmt_symbols *symbols, uint64_t offset, uint64_t *ret_vaddr)
{
	for (size_t i = 0; i < symbols->loads.count; i++) {
		const struct load *load = &symbols->loads.data[i];

		if (offset >= load->offset && offset - load->offset < load->file_bytes) {
			*ret_vaddr = load->vaddr + (offset - load->offset);
			return true;
		}
	}
	return false;
}

bool vmt_symbols_find(const struct vmt_symbols *symbols, uint64_t offset,
		      struct vmt_symbol *ret_symbol)
{
	const struct row *rows = symbols->rows.data;
	size_t low = 0;
	size_t high = symbols->rows.count;
	uint64_t vaddr;

	if (!vaddr_of(symbols, offset, &vaddr))
		return false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows[middle].start <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i-- > 0 && low - i <= NESTED_MAX;) {
		if (vaddr < rows[i].end) {
			ret_symbol->name = symbols->names.data + rows[i].name;
			ret_symbol->offset = vaddr - rows[i].start;
			return true;
		}
	}
	return false;
}
