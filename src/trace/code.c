/* SPDX-License-Identifier: MIT */
/*
 * What an address of code belongs to. The kernel is asked once for each mapping that a stack leads
 * into (PROCMAP_QUERY), the file's program headers are read once, and then the answers are kept
 * until a call changes that range:
 *
 *	ip --> spot (by address, nothing to search) --> code (by range) --> probe, headers
 *
 * The headers say where .eh_frame_hdr is, the sorted table that libunwind searches (Linux Standard
 * Base, "DWARF Extensions"; load_elf_binary() does not look at it):
 *
 *	program header PT_GNU_EH_FRAME
 *	   v
 *	| 1 | encodings | .eh_frame | count | start, entry | start, entry | ...	in the target
 *
 * What is read of the target's memory can change or lie; it is used as a place to look, no more.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs.h"
#include "stack.h"

enum {
	HEAD_BYTES = 4096, /* program headers stand right behind the ELF header */
	/* DW_EH_PE_… of what every linker writes */
	EH_POINTER = 0x1b, /* relative to itself, 4 bytes */
	EH_COUNT = 0x03, /* 4 bytes */
	EH_TABLE = 0x3b, /* relative to .eh_frame_hdr, 4 bytes */
	EH_HEAD_BYTES = 12,
	EH_COUNT_MAX = 1 << 24,
};

void vmt_code_table_deinit(struct vmt_code_table *table)
{
	for (size_t i = 0; i < table->mappings.count; i++)
		free(table->mappings.data[i]);
	vmt_array_deinit(&table->mappings);
}

struct vmt_code_map *vmt_code_map_new(pid_t tid, struct vmt_code_table *table)
{
	struct vmt_code_map *map;
	struct vmt_probe *probe;

	if (vmt_probe_new(tid, table->names, &probe) < 0)
		return NULL;
	map = vmt_calloc(1, sizeof(*map));
	map->probe = probe;
	map->spots = vmt_calloc(VMT_SPOT_COUNT, sizeof(*map->spots));
	return map;
}

void vmt_code_map_free(struct vmt_code_map *map)
{
	if (!map)
		return;
	vmt_unwind_free(map);
	vmt_code_drop(map, 0, UINT64_MAX);
	vmt_probe_free(map->probe);
	vmt_array_deinit(&map->codes);
	free(map->spots);
	free(map);
}

/* ---- Mappings, kept once ----------------------------------------------------------------- */

/* Pieces of one file at one place are the same: their offsets agree. */
static bool same_place(const struct vmt_mapping *a, const struct vmt_mapping *b)
{
	if (a->name != b->name || a->inode != b->inode || a->dev_major != b->dev_major ||
	    a->dev_minor != b->dev_minor)
		return false;
	return a->inode ? a->start - a->offset == b->start - b->offset : a->start == b->start;
}

static const struct vmt_mapping *keep(struct vmt_code_table *table, const struct vmt_mapping *row)
{
	struct vmt_mapping *kept;

	for (size_t i = 0; i < table->mappings.count; i++)
		if (same_place(table->mappings.data[i], row))
			return table->mappings.data[i];
	kept = vmt_malloc(sizeof(*kept));
	*kept = *row;
	vmt_array_push(&table->mappings, kept);
	return kept;
}

/* ---- Where the call-frame information is ------------------------------------------------- */

/* What the program headers say of an object. */
struct headers {
	uint64_t bias; /* address less p_vaddr */
	uint64_t eh_frame_hdr; /* p_vaddr; 0: there is none */
};

static bool is_executable_load(const Elf64_Phdr *phdr, const struct vmt_mapping *row)
{
	uint64_t start = phdr->p_offset & ~(uint64_t)(VMT_REMOTE_PAGE_BYTES - 1);

	return phdr->p_type == PT_LOAD && phdr->p_flags & PF_X && start <= row->offset &&
	       row->offset - start < phdr->p_filesz + (phdr->p_offset - start);
}

/* From the first bytes of the object that @row maps. False if it is no 64-bit ELF file. */
static bool read_headers(const unsigned char *head, size_t length, const struct vmt_mapping *row,
			 struct headers *ret_headers)
{
	struct headers headers = { 0 };
	bool loaded = false;
	Elf64_Ehdr ehdr;

	if (length < sizeof(ehdr))
		return false;
	memcpy(&ehdr, head, sizeof(ehdr));
	if (memcmp(ehdr.e_ident, ELFMAG, SELFMAG) != 0 || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_ident[EI_DATA] != ELFDATA2LSB || ehdr.e_phentsize != sizeof(Elf64_Phdr) ||
	    ehdr.e_phoff > length || (length - ehdr.e_phoff) / sizeof(Elf64_Phdr) < ehdr.e_phnum)
		return false;
	for (unsigned i = 0; i < ehdr.e_phnum; i++) {
		Elf64_Phdr phdr;

		memcpy(&phdr, head + ehdr.e_phoff + i * sizeof(phdr), sizeof(phdr));
		if (phdr.p_type == PT_GNU_EH_FRAME) {
			headers.eh_frame_hdr = phdr.p_vaddr;
		} else if (!loaded && is_executable_load(&phdr, row)) {
			loaded = true;
			headers.bias = row->start - row->offset + phdr.p_offset - phdr.p_vaddr;
		}
	}
	*ret_headers = headers;
	return loaded;
}

/* The table that the linker made, at @address in the target. */
static void take_table(struct vmt_remote *remote, uint64_t address, struct vmt_code *code)
{
	uint64_t first, count;

	if (!vmt_remote_word(remote, address, 4, &first) ||
	    !vmt_remote_word(remote, address + 8, 4, &count))
		return;
	/* version, encoding of the pointer, of the count, of the table */
	if (first != (1 | EH_POINTER << 8 | EH_COUNT << 16 | EH_TABLE << 24) ||
	    count > EH_COUNT_MAX)
		return;
	code->base = address;
	code->table = address + EH_HEAD_BYTES;
	code->table_count = count;
}

static void find_table(struct vmt_remote *remote, const struct vmt_mapping *row,
		       struct vmt_code *code)
{
	VMT_CLEANUP(vmt_fd_close) int fd = -1;
	unsigned char head[HEAD_BYTES];
	struct headers headers;
	uint64_t vaddr = 0;
	ssize_t length = 0;

	if (row->inode) {
		fd = vmt_proc_open_mapped(remote->tid, row);
		length = fd < 0 ? 0 : pread(fd, head, sizeof(head), 0);
	} else if (strcmp(row->name, "[vdso]") == 0) {
		length = vmt_proc_read(remote->tid, row->start, head,
				       vmt_min_u64(sizeof(head), row->end - row->start));
	}
	if (length <= 0 || !read_headers(head, (size_t)length, row, &headers))
		return;
	if (headers.eh_frame_hdr) {
		take_table(remote, headers.bias + headers.eh_frame_hdr, code);
	} else if (fd >= 0) {
		code->table_count = vmt_eh_read(fd, &vaddr, &code->rows);
		code->base = headers.bias + vaddr;
	}
}

/* ---- Finding ----------------------------------------------------------------------------- */

/* Index of the first code that ends above @address. */
static size_t lower_bound(const struct vmt_code_map *map, uint64_t address)
{
	size_t low = 0;
	size_t high = map->codes.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->codes.data[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert(struct vmt_code_map *map, const struct vmt_code *code)
{
	size_t at;

	/* What is there is older than what the kernel has just said. */
	vmt_code_drop(map, code->start, code->end);
	at = lower_bound(map, code->start);
	vmt_array_push(&map->codes, *code);
	memmove(&map->codes.data[at + 1], &map->codes.data[at],
		(map->codes.count - 1 - at) * sizeof(*map->codes.data));
	map->codes.data[at] = *code;
}

static bool find_code(struct vmt_code_map *map, struct vmt_code_table *table,
		      struct vmt_remote *remote, uint64_t ip, struct vmt_code *ret_code)
{
	size_t at = lower_bound(map, ip);
	struct vmt_mapping row;
	struct vmt_code code;

	if (at < map->codes.count && map->codes.data[at].start <= ip) {
		*ret_code = map->codes.data[at];
		return true;
	}
	if (vmt_probe_find(map->probe, ip, true, &row) < 0 || ip < row.start ||
	    !(row.perms & VMT_PERM_EXEC))
		return false;
	code = (struct vmt_code){
		.start = row.start,
		.end = row.end,
		.mapping = keep(table, &row),
	};
	find_table(remote, &row, &code);
	insert(map, &code);
	*ret_code = code;
	return true;
}

/*
 * Where the handler of a signal returns to:
 *
 *	48 c7 c0 0f 00 00 00 0f 05	mov $__NR_rt_sigreturn, %rax; syscall
 *	58 b8 77 00 00 00 cd 80		i386: pop %eax; mov $__NR_sigreturn, %eax; int $0x80
 *	b8 ad 00 00 00 cd 80		i386: mov $__NR_rt_sigreturn, %eax; int $0x80
 */
static bool is_trampoline(struct vmt_remote *remote, uint64_t ip)
{
	uint64_t code, call;

	if (!vmt_remote_word(remote, ip, 8, &code))
		return false;
	if (code == 0x0f0000000fc0c748)
		return vmt_remote_word(remote, ip + 8, 1, &call) && call == 0x05;
	return code == 0x80cd00000077b858 || (code & 0xffffffffffffff) == 0x80cd000000adb8;
}

const struct vmt_code_spot *vmt_code_find(struct vmt_code_map *map, struct vmt_code_table *table,
					  struct vmt_remote *remote, uint64_t ip)
{
	struct vmt_code_spot *spot = &map->spots[(ip ^ ip >> 10) % VMT_SPOT_COUNT];
	struct vmt_code code;

	if (!ip)
		return NULL;
	if (spot->ip != ip) {
		if (!find_code(map, table, remote, ip, &code))
			return NULL;
		*spot = (struct vmt_code_spot){
			.ip = ip,
			.code = code,
			.trampoline = is_trampoline(remote, ip),
		};
	}
	return spot;
}

bool vmt_code_drop(struct vmt_code_map *map, uint64_t start, uint64_t end)
{
	size_t first = lower_bound(map, start);
	size_t behind = first;
	bool remembered = false;

	while (behind < map->codes.count && map->codes.data[behind].start < end) {
		struct vmt_code *code = &map->codes.data[behind++];

		remembered |= code->table_count != 0;
		free(code->rows);
	}
	if (behind == first)
		return false;
	memmove(&map->codes.data[first], &map->codes.data[behind],
		(map->codes.count - behind) * sizeof(*map->codes.data));
	map->codes.count -= behind - first;
	memset(map->spots, 0, VMT_SPOT_COUNT * sizeof(*map->spots));
	return remembered;
}
