/* SPDX-License-Identifier: MIT */
/*
 * Entries of aarch64, for pages of 4, 16 and 64 KiB and physical addresses of 48 or 52 bits.
 *
 * Mirrors asm/pgtable-hwdef.h and pgtable-prot.h (arch/arm64) of Linux 6.18.
 *
 *	63 62  59 58 55 54  53   52  51  50 49 48 47              12 11 10 9 8 7 6 5  4 2 1 0
 *	+--+-----+-----+---+---+----+---+---+-----+-----------------+--+--+---+---+--+----+---+
 *	|- |keys |Linux|UXN|PXN|CONT|DBM| GP| -   | physical address|nG|AF|SH |AP |NS|ATTR|typ|
 *	+--+-----+-----+---+---+----+---+---+-----+-----------------+--+--+---+---+--+----+---+
 *
 * The four bits above 47 of the address: with 64 KiB pages (LPA) in bits 15:12; with the others
 * (LPA2) 49:48 in their own place and 51:50 where SH was.
 */
#include "formats.h"

#define UPPER \
	VMT_FIELD("-", 63, 63, FREE, "ignored"), \
		VMT_FIELD("POINDEX", 62, 60, FLAG, "protection key (permission overlay)"), \
		VMT_FIELD("-", 59, 59, FREE, "ignored"), \
		VMT_FIELD("UFFD_WP", 58, 58, SOFTWARE, "write-protected for userfaultfd"), \
		VMT_FIELD("-", 57, 57, FREE, "free for software"), \
		VMT_FIELD("SPECIAL", 56, 56, SOFTWARE, \
			  "no struct page behind it that is counted"), \
		VMT_FIELD("DIRTY", 55, 55, SOFTWARE, "written"), \
		VMT_FIELD("UXN", 54, 54, FLAG, "user code fetches no instructions from here"), \
		VMT_FIELD("PXN", 53, 53, FLAG, "the kernel fetches no instructions from here"), \
		VMT_FIELD("CONT", 52, 52, FLAG, "one of a contiguous group"), \
		VMT_FIELD("DBM", 51, 51, FLAG, \
			  "writable: a write clears AP[2] instead of faulting"), \
		VMT_FIELD("GP", 50, 50, FLAG, "guarded: branches must meet a landing pad (BTI)")
#define NG_AF \
	VMT_FIELD("nG", 11, 11, FLAG, "not global: belongs to one ASID"), \
		VMT_FIELD("AF", 10, 10, FLAG, "accessed")
#define SHARE VMT_FIELD("SH", 9, 8, FLAG, "shareable: 0 no, 2 outer, 3 inner")
#define LOWER(type) \
	VMT_FIELD("AP[2]", 7, 7, FLAG, "read-only; also set while clean"), \
		VMT_FIELD("AP[1]", 6, 6, FLAG, "user code may use it"), \
		VMT_FIELD("NS", 5, 5, FLAG, "outside the secure world"), \
		VMT_FIELD("ATTR", 4, 2, FLAG, "memory type, an index into MAIR"), \
		VMT_FIELD("TYPE", 1, 0, TYPE, type)
#define PAGE_LOWER LOWER("3: a page")
#define BLOCK_LOWER LOWER("1: a block of memory")
#define FREE_BITS(high, lowest) VMT_FIELD("-", (high), (lowest), FREE, "0")
#define END \
	{ \
		0 \
	}

#define LEAF(text, type, list) \
	{ \
		.name = (text), .target = VMT_TARGET_MEMORY, .bits = 64, .match_mask = 3, \
		.match_value = (type), .base = (type) | UINT64_C(1) << 53, .fields = (list), \
		.rules = { \
			[VMT_ENTRY_WRITE] = VMT_BIT_CLEAR(7), \
			[VMT_ENTRY_EXECUTE] = VMT_BIT_CLEAR(54), \
			[VMT_ENTRY_USER] = VMT_BIT_SET(6), \
			[VMT_ENTRY_ACCESSED] = VMT_BIT_SET(10), \
			[VMT_ENTRY_DIRTY] = VMT_BIT_SET(55), \
			[VMT_ENTRY_GLOBAL] = VMT_BIT_CLEAR(11), \
		}, \
	}
#define PAGE(text, list) LEAF(text, 3, list)
#define BLOCK(text, list) LEAF(text, 1, list)

/* The table descriptor; @address: its rows. */
#define TABLE_FIELDS(name, ...) \
	static const struct vmt_entry_field name[] = { \
		VMT_FIELD("NSTABLE", 63, 63, FLAG, "walk on outside the secure world"), \
		VMT_FIELD("APTABLE", 62, 61, FLAG, "takes rights away below"), \
		VMT_FIELD("UXNTABLE", 60, 60, FLAG, "no user instructions from anything below"), \
		VMT_FIELD("PXNTABLE", 59, 59, FLAG, "no kernel instructions from anything below"), \
		VMT_FIELD("-", 58, 50, FREE, "ignored"), \
		__VA_ARGS__, \
		VMT_FIELD("TYPE", 1, 0, TYPE, "3: a table"), \
		END, \
	}
#define TABLE(list) \
	{ \
		.name = "table", .target = VMT_TARGET_TABLE, .bits = 64, .match_mask = 3, \
		.match_value = 3, .base = 3, .fields = (list), \
	}
#define TO_TABLE "the table of the level below"

/* ---- 48 bits of physical address ------------------------------------------------------------ */

#define PAGE_48(name, lowest, ...) \
	static const struct vmt_entry_field name[] = { \
		UPPER, \
		FREE_BITS(49, 48), \
		VMT_FIELD_PHYSICAL("ADDRESS", 47, (lowest), (lowest), "the page frame"), \
		__VA_ARGS__ NG_AF, \
		SHARE, \
		PAGE_LOWER, \
		END, \
	}
#define BLOCK_48(name, lowest) \
	static const struct vmt_entry_field name[] = { \
		UPPER, \
		FREE_BITS(49, 48), \
		VMT_FIELD_PHYSICAL("ADDRESS", 47, (lowest), (lowest), "the block"), \
		FREE_BITS((lowest)-1, 12), \
		NG_AF, \
		SHARE, \
		BLOCK_LOWER, \
		END, \
	}
#define BELOW_14 FREE_BITS(13, 12),
#define BELOW_16 FREE_BITS(15, 12),
PAGE_48(page_4k_fields, 12, );
PAGE_48(page_16k_fields, 14, BELOW_14);
PAGE_48(page_64k_fields, 16, BELOW_16);
BLOCK_48(block_2m_fields, 21);
BLOCK_48(block_1g_fields, 30);
BLOCK_48(block_32m_fields, 25);
BLOCK_48(block_512m_fields, 29);
TABLE_FIELDS(table_4k_fields, FREE_BITS(49, 48),
	     VMT_FIELD_PHYSICAL("ADDRESS", 47, 12, 12, TO_TABLE), FREE_BITS(11, 2));
TABLE_FIELDS(table_16k_fields, FREE_BITS(49, 48),
	     VMT_FIELD_PHYSICAL("ADDRESS", 47, 14, 14, TO_TABLE), FREE_BITS(13, 2));
/* The four high bits are 0 where there is no LPA. */
TABLE_FIELDS(table_64k_fields, FREE_BITS(49, 48),
	     VMT_FIELD_PHYSICAL("ADDRESS", 47, 16, 16, TO_TABLE),
	     VMT_FIELD_PHYSICAL("HIGH", 15, 12, 48, "bits 51:48 of its address (LPA)"),
	     FREE_BITS(11, 2));

static const struct vmt_entry_format page_4k = PAGE("4 KiB page", page_4k_fields);
static const struct vmt_entry_format page_16k = PAGE("16 KiB page", page_16k_fields);
static const struct vmt_entry_format page_64k = PAGE("64 KiB page", page_64k_fields);
static const struct vmt_entry_format block_2m = BLOCK("2 MiB block", block_2m_fields);
static const struct vmt_entry_format block_1g = BLOCK("1 GiB block", block_1g_fields);
static const struct vmt_entry_format block_32m = BLOCK("32 MiB block", block_32m_fields);
static const struct vmt_entry_format block_512m = BLOCK("512 MiB block", block_512m_fields);
static const struct vmt_entry_format table_4k = TABLE(table_4k_fields);
static const struct vmt_entry_format table_16k = TABLE(table_16k_fields);
static const struct vmt_entry_format table_64k = TABLE(table_64k_fields);

vmt_format_list vmt_formats_a64_4k_table = { &table_4k, NULL };
vmt_format_list vmt_formats_a64_4k_1g = { &table_4k, &block_1g, NULL };
vmt_format_list vmt_formats_a64_4k_2m = { &table_4k, &block_2m, NULL };
vmt_format_list vmt_formats_a64_4k_page = { &page_4k, NULL };
vmt_format_list vmt_formats_a64_16k_table = { &table_16k, NULL };
vmt_format_list vmt_formats_a64_16k_32m = { &table_16k, &block_32m, NULL };
vmt_format_list vmt_formats_a64_16k_page = { &page_16k, NULL };
vmt_format_list vmt_formats_a64_64k_table = { &table_64k, NULL };
vmt_format_list vmt_formats_a64_64k_512m = { &table_64k, &block_512m, NULL };
vmt_format_list vmt_formats_a64_64k_page = { &page_64k, NULL };

/* ---- LPA2: 52 bits with pages of 4 and 16 KiB; all is shareable as TCR says -------------------- */

#define HIGH_LPA2 VMT_FIELD_PHYSICAL("HIGH", 9, 8, 50, "bits 51:50 of its address (LPA2)")
#define PAGE_LPA2(name, lowest, ...) \
	static const struct vmt_entry_field name[] = { \
		UPPER, \
		VMT_FIELD_PHYSICAL("ADDRESS", 49, (lowest), (lowest), "the page frame"), \
		__VA_ARGS__ NG_AF, \
		HIGH_LPA2, \
		PAGE_LOWER, \
		END, \
	}
#define BLOCK_LPA2(name, lowest) \
	static const struct vmt_entry_field name[] = { \
		UPPER, \
		VMT_FIELD_PHYSICAL("ADDRESS", 49, (lowest), (lowest), "the block"), \
		FREE_BITS((lowest)-1, 12), \
		NG_AF, \
		HIGH_LPA2, \
		BLOCK_LOWER, \
		END, \
	}
PAGE_LPA2(lpa2_4k_fields, 12, );
PAGE_LPA2(lpa2_16k_fields, 14, BELOW_14);
BLOCK_LPA2(lpa2_2m_fields, 21);
BLOCK_LPA2(lpa2_1g_fields, 30);
BLOCK_LPA2(lpa2_512g_fields, 39);
BLOCK_LPA2(lpa2_32m_fields, 25);
BLOCK_LPA2(lpa2_64g_fields, 36);
TABLE_FIELDS(lpa2_table_4k_fields, VMT_FIELD_PHYSICAL("ADDRESS", 49, 12, 12, TO_TABLE),
	     FREE_BITS(11, 10), HIGH_LPA2, FREE_BITS(7, 2));
TABLE_FIELDS(lpa2_table_16k_fields, VMT_FIELD_PHYSICAL("ADDRESS", 49, 14, 14, TO_TABLE),
	     FREE_BITS(13, 10), HIGH_LPA2, FREE_BITS(7, 2));

static const struct vmt_entry_format lpa2_4k = PAGE("4 KiB page", lpa2_4k_fields);
static const struct vmt_entry_format lpa2_16k = PAGE("16 KiB page", lpa2_16k_fields);
static const struct vmt_entry_format lpa2_2m = BLOCK("2 MiB block", lpa2_2m_fields);
static const struct vmt_entry_format lpa2_1g = BLOCK("1 GiB block", lpa2_1g_fields);
static const struct vmt_entry_format lpa2_512g = BLOCK("512 GiB block", lpa2_512g_fields);
static const struct vmt_entry_format lpa2_32m = BLOCK("32 MiB block", lpa2_32m_fields);
static const struct vmt_entry_format lpa2_64g = BLOCK("64 GiB block", lpa2_64g_fields);
static const struct vmt_entry_format lpa2_table_4k = TABLE(lpa2_table_4k_fields);
static const struct vmt_entry_format lpa2_table_16k = TABLE(lpa2_table_16k_fields);

vmt_format_list vmt_formats_lpa2_4k_table = { &lpa2_table_4k, NULL };
vmt_format_list vmt_formats_lpa2_4k_512g = { &lpa2_table_4k, &lpa2_512g, NULL };
vmt_format_list vmt_formats_lpa2_4k_1g = { &lpa2_table_4k, &lpa2_1g, NULL };
vmt_format_list vmt_formats_lpa2_4k_2m = { &lpa2_table_4k, &lpa2_2m, NULL };
vmt_format_list vmt_formats_lpa2_4k_page = { &lpa2_4k, NULL };
vmt_format_list vmt_formats_lpa2_16k_table = { &lpa2_table_16k, NULL };
vmt_format_list vmt_formats_lpa2_16k_64g = { &lpa2_table_16k, &lpa2_64g, NULL };
vmt_format_list vmt_formats_lpa2_16k_32m = { &lpa2_table_16k, &lpa2_32m, NULL };
vmt_format_list vmt_formats_lpa2_16k_page = { &lpa2_16k, NULL };

/* ---- LPA: 52 bits with pages of 64 KiB -------------------------------------------------------- */

#define LEAF_LPA(name, lowest, text, lower, ...) \
	static const struct vmt_entry_field name[] = { \
		UPPER, \
		FREE_BITS(49, 48), \
		VMT_FIELD_PHYSICAL("ADDRESS", 47, (lowest), (lowest), text), \
		__VA_ARGS__ VMT_FIELD_PHYSICAL("HIGH", 15, 12, 48, \
					       "bits 51:48 of its address (LPA)"), \
		NG_AF, \
		SHARE, \
		lower, \
		END, \
	}
#define BELOW_512M FREE_BITS(28, 16),
#define BELOW_4T FREE_BITS(41, 16),
LEAF_LPA(lpa_64k_fields, 16, "the page frame", PAGE_LOWER, );
LEAF_LPA(lpa_512m_fields, 29, "the block", BLOCK_LOWER, BELOW_512M);
LEAF_LPA(lpa_4t_fields, 42, "the block", BLOCK_LOWER, BELOW_4T);

static const struct vmt_entry_format lpa_64k = PAGE("64 KiB page", lpa_64k_fields);
static const struct vmt_entry_format lpa_512m = BLOCK("512 MiB block", lpa_512m_fields);
static const struct vmt_entry_format lpa_4t = BLOCK("4 TiB block", lpa_4t_fields);

vmt_format_list vmt_formats_lpa_64k_4t = { &table_64k, &lpa_4t, NULL };
vmt_format_list vmt_formats_lpa_64k_512m = { &table_64k, &lpa_512m, NULL };
vmt_format_list vmt_formats_lpa_64k_page = { &lpa_64k, NULL };
