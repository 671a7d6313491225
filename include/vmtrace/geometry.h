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

/* ---- Entries: entry.c; the rows in formats-*.c -------------------------------------------- */

/* What the bits of a field are. */
enum vmt_field_kind {
	VMT_FIELD_FLAG, /* the MMU reads it: a flag, or a small number */
	VMT_FIELD_TYPE, /* tells one format from another */
	VMT_FIELD_ADDRESS, /* bits of the physical address */
	VMT_FIELD_SOFTWARE, /* the MMU ignores it: Linux's own */
	VMT_FIELD_FREE, /* reserved or ignored, and not used */
};

/* Some bits of an entry, and what they mean. */
struct vmt_entry_field {
	const char *name; /* "NX", "AP[2]" */
	unsigned low; /* lowest bit */
	unsigned bits;
	enum vmt_field_kind kind;
	unsigned address_low; /* ADDRESS: the bit of the physical address that bit @low holds */
	bool inverted; /* ADDRESS: the bits are stored as their complement */
	const char *meaning; /* one line */
};

/* What an entry can say, whatever its format. */
enum vmt_entry_attribute {
	VMT_ENTRY_READ,
	VMT_ENTRY_WRITE,
	VMT_ENTRY_EXECUTE, /* by user code */
	VMT_ENTRY_USER, /* user code may use it at all */
	VMT_ENTRY_ACCESSED,
	VMT_ENTRY_DIRTY,
	VMT_ENTRY_GLOBAL, /* the same in all address spaces: survives their TLB flushes */
	VMT_ENTRY_ATTRIBUTES
};

/* The attribute holds if (entry & mask) == set; mask has one bit, or none: this format cannot say. */
struct vmt_entry_rule {
	uint64_t mask;
	uint64_t set;
};

enum vmt_entry_target {
	VMT_TARGET_NOTHING, /* not present to the MMU: swapped out, PROT_NONE */
	VMT_TARGET_TABLE, /* the table of the level below */
	VMT_TARGET_MEMORY, /* a page or a larger piece of memory: a leaf */
};

struct vmt_entry_format {
	const char *name; /* "page", "2 MiB page", "table", "section", "swapped" … */
	enum vmt_entry_target target;
	bool software; /* an entry that the MMU never reads */
	unsigned bits; /* 32 or 64 */
	uint64_t match_mask; /* an entry is of this format if (entry & match_mask) == match_value */
	uint64_t match_value;
	uint64_t base; /* match_value and what else is always set by Linux for user memory */
	unsigned leaf_shift; /* MEMORY: log2 of its size; 0: that of the level */
	struct vmt_entry_rule rules[VMT_ENTRY_ATTRIBUTES];
	const struct vmt_entry_field
		*fields; /* from the top bit down, without holes; NULL name ends */
};

/* Bits of  in , as a number. */
uint64_t vmt_entry_field_value(const struct vmt_entry_field *field, uint64_t entry);
/* The physical address that  holds; 0 if its format has none. */
uint64_t vmt_entry_address(const struct vmt_entry_format *format, uint64_t entry);
/* The bits of a physical address that the format can hold. */
uint64_t vmt_entry_address_mask(const struct vmt_entry_format *format);
/* False for what the format cannot say. */
bool vmt_entry_has(const struct vmt_entry_format *format, uint64_t entry,
		   enum vmt_entry_attribute attribute);
/*
 * The entry for  with  (1 << VMT_ENTRY_…); those that the format cannot say are
 * left out.  has no bits outside vmt_entry_address_mask().
 */
uint64_t vmt_entry_make(const struct vmt_entry_format *format, uint64_t address,
			unsigned attributes);
/*
 * arm with two levels: the entry that the kernel writes for the MMU beside Linux's  of
 * a user page; 0 (fault) while it was not accessed. Mirrors cpu_v7_set_pte_ext() of
 * arch/arm/mm/proc-v7-2level.S.
 */
uint32_t vmt_entry_arm_hw(uint32_t linux_entry);

/* ---- Geometry ------------------------------------------------------------------------------ */

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
	/* What an entry can be, ended by a NULL; the first that matches is it. NULL: see hw_levels. */
	const struct vmt_entry_format *const *formats;
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
	const char *root; /* the register that holds the address of the top table: "CR3" */
	const char *root_kernel; /* for kernel addresses, if another; else NULL */
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
/* -ERANGE, with a line that says why, if the address is in neither half. */
VMT_MUST_CHECK int vmt_geometry_check(const struct vmt_geometry *geometry, uint64_t address,
				      struct vmt_error *error);

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

/* The format of @entry in a table of @level; NULL: an empty entry, or one that is not known. */
const struct vmt_entry_format *vmt_level_format(const struct vmt_table_level *level,
						uint64_t entry);

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
