/* SPDX-License-Identifier: MIT */
/*
 * geometry: part of the door of arch (arch.h includes it). How an architecture cuts a virtual
 * address into table indexes, as data: one const struct vmt_geometry for each combination of
 * architecture, number of levels, page size and address width that Linux runs with.
 *
 *	address  [ sign | index of PGD | … | index of PMD | index of PTE | offset in the page ]
 *	                      |                   |              |
 *	                 one table           one of many    one of very many
 *
 * A table of a level is an array of 2^index_bits entries. An entry covers 2^shift bytes of virtual
 * addresses: it points to the table of the level below, or, where the level can have leaves, to
 * memory of that size, or to nothing.
 *
 * Levels are named as the kernel names them and only those that exist are listed: with three
 * levels there is no PUD (the kernel "folds" it). Source: asm/pgtable*.h of Linux 6.18.
 */
#ifndef VMTRACE_GEOMETRY_H
#define VMTRACE_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmtrace/base.h"

enum {
	VMT_LEVELS_MAX = 5
};

/* One level of tables. */
struct vmt_table_level {
	const char *name; /* the kernel's: "PGD", "P4D", "PUD", "PMD" or "PTE" */
	const char *hw_name; /* the architecture manual's: "PML4", "level 0", "VPN[2]" … */
	unsigned shift; /* log2 of the bytes that one entry covers */
	unsigned index_bits; /* log2 of the entries of a table */
	unsigned entry_bytes; /* size of one entry */
	unsigned table_bytes; /* memory that one table takes */
	/*
	 * What the kernel adds to mm->pgtables_bytes (VmPTE) for a table of this level: 0 for PGD and
	 * P4D, which are not counted. On arm with two levels it is half of what a PTE table takes.
	 */
	unsigned table_bytes_accounted;
	bool leaf_possible; /* the MMU takes an entry here that maps memory (huge page, section) */
	bool leaf_user; /* Linux maps user memory so: hugetlb, or the last level */
	bool leaf_thp; /* Linux makes transparent huge pages of this size */
};

/* How the bits of an address above va_bits must be. */
enum vmt_address_form {
	VMT_FORM_FLAT, /* there are none: all of the 32 bits are indexes and offset */
	VMT_FORM_SIGNED, /* copies of bit va_bits - 1 ("canonical"): one tree, the upper half kernel's */
	VMT_FORM_TWO_TREES, /* all 0: the user's tree (TTBR0); all 1: the kernel's (TTBR1) */
};

struct vmt_geometry {
	const char *name; /* "x86_64-4", "arm", "aarch64-4k-48" …: as --arch also takes it */
	const char *arch; /* "x86_64", "i386", "arm", "aarch64", "riscv64" */
	unsigned page_shift; /* log2 of the page size */
	unsigned va_bits; /* bits of an address that are translated */
	unsigned address_bits; /* width of an address: 32 or 64 */
	enum vmt_address_form form;
	uint64_t user_end; /* TASK_SIZE (32-bit: with the 3G/1G split): end of user addresses */
	/* End of the addresses that mmap gives without a hint above it; user_end unless narrower. */
	uint64_t window_end;
	/*
	 * Freeing page tables: FIRST_USER_ADDRESS is the lowest floor, USER_PGTABLES_CEILING the
	 * highest ceiling (0: the top of the address space).
	 */
	uint64_t first_user_address;
	uint64_t pgtables_ceiling;
	unsigned
		baseline_bytes; /* VmPTE of a space without a single mapping: preallocated tables */
	/*
	 * A ranged TLB flush of more pages (strides) than this flushes everything of the address
	 * space; 0: never, always page by page. Of aarch64: without FEAT_TLBIRANGE.
	 */
	unsigned flush_pages_max;

	/* The kernel's view, top to bottom: levels[0] is the PGD, levels[level_count - 1] the PTE. */
	struct vmt_table_level levels[VMT_LEVELS_MAX];
	unsigned level_count;
	/*
	 * The MMU's view where it differs (arm with two levels: 4096 entries of 1 MiB, and tables of
	 * 256); hw_level_count is 0 where it is the same.
	 */
	struct vmt_table_level hw_levels[VMT_LEVELS_MAX];
	unsigned hw_level_count;
};

/* All geometries, the usual one of each architecture first; ended by a NULL. */
extern const struct vmt_geometry *const vmt_geometries[];

/* Exactly by its name; NULL if there is none. */
const struct vmt_geometry *vmt_geometry_by_name(const char *name);

/* What is asked for; 0 or NULL stands for "any". */
struct vmt_geometry_query {
	const char *arch; /* an architecture, or the full name of a geometry */
	unsigned levels;
	unsigned page_shift;
	unsigned va_bits;
};

/*
 * The first geometry that fits @query. -ENOENT if there is no such architecture, -EINVAL if it has
 * no such combination; the line in @error (may be NULL) lists what there is.
 */
VMT_MUST_CHECK int vmt_geometry_find(const struct vmt_geometry_query *query,
				     const struct vmt_geometry **ret_geometry,
				     struct vmt_error *error);

/* Whose part of the address space an address is in. */
enum vmt_half {
	VMT_HALF_NONE, /* no address of this geometry: the MMU faults without a look at a table */
	VMT_HALF_USER,
	VMT_HALF_KERNEL,
};
enum vmt_half vmt_geometry_half(const struct vmt_geometry *geometry, uint64_t address);

/* An address cut into its parts. */
struct vmt_split {
	unsigned index[VMT_LEVELS_MAX]; /* one per level of levels[] */
	unsigned hw_index
		[VMT_LEVELS_MAX]; /* one per level of the MMU; equal to index if no hw_levels */
	uint64_t offset; /* in the page */
};
void vmt_geometry_split(const struct vmt_geometry *geometry, uint64_t address,
			struct vmt_split *ret_split);

/* The levels as the MMU sees them. */
const struct vmt_table_level *vmt_geometry_hw_levels(const struct vmt_geometry *geometry,
						     unsigned *ret_count);

static inline uint64_t vmt_geometry_page_bytes(const struct vmt_geometry *geometry)
{
	return (uint64_t)1 << geometry->page_shift;
}

/* Bytes of virtual addresses that one entry of a level covers. */
static inline uint64_t vmt_level_entry_span(const struct vmt_table_level *level)
{
	return (uint64_t)1 << level->shift;
}

/* Bytes of virtual addresses that one table of a level covers; at most 2^57. */
static inline uint64_t vmt_level_table_span(const struct vmt_table_level *level)
{
	return (uint64_t)1 << (level->shift + level->index_bits);
}

static inline unsigned vmt_level_entries(const struct vmt_table_level *level)
{
	return 1U << level->index_bits;
}

static inline unsigned vmt_level_index(const struct vmt_table_level *level, uint64_t address)
{
	return (unsigned)(address >> level->shift) & (vmt_level_entries(level) - 1);
}

#endif
