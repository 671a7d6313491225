/* SPDX-License-Identifier: MIT */
/*
 * Entries of arm: short descriptors of ARMv7 for the MMU, Linux's own entries beside them, and the
 * long descriptors of LPAE.
 *
 * Mirrors asm/pgtable-2level{,-hwdef}.h and pgtable-3level{,-hwdef}.h (arch/arm) of Linux 6.18.
 *
 *	            31            20 19 18 17 16 15 14  12 11 10 9 8    5  4  3 2 1 0
 *	section    | address        |NS| 0|nG| S|AP2| TEX |AP1:0|-|domain|XN| C|B|1|PXN|
 *	table      | address, to bit 10                        |-|domain| -|NS|PXN|0 1|
 *	            31                           12 11 10  9 8   6 5   4  3 2 1 0
 *	small page | address                       |nG| S|AP2| TEX|AP1:0| C|B|1|XN|
 *	Linux's    | address                       |NONE|SHARED|XN|USER|RDONLY|DIRTY|type|YOUNG|VALID|
 */
#include "formats.h"

#define END \
	{ \
		0 \
	}

/* ---- Short descriptors, first level --------------------------------------------------------- */

#define MEMORY_TYPE \
	VMT_FIELD("C", 3, 3, FLAG, "cacheable; part of the memory type"), \
		VMT_FIELD("B", 2, 2, FLAG, "bufferable; part of the memory type")
#define DOMAIN VMT_FIELD("DOMAIN", 8, 5, FLAG, "index into the domain register: Linux: 1 is user")

static const struct vmt_entry_field l1_table_fields[] = {
	VMT_FIELD_PHYSICAL("ADDRESS", 31, 10, 10, "a table of 256 entries, in 1 KiB"),
	VMT_FIELD("-", 9, 9, FREE, "of the implementation"),
	DOMAIN,
	VMT_FIELD("-", 4, 4, FREE, "0"),
	VMT_FIELD("NS", 3, 3, FLAG, "walk outside the secure world"),
	VMT_FIELD("PXN", 2, 2, FLAG, "the kernel fetches no instructions from here"),
	VMT_FIELD("TYPE", 1, 0, TYPE, "01: a table"),
	END,
};

#define SECTION_MIDDLE(supersection) \
	VMT_FIELD("NS", 19, 19, FLAG, "outside the secure world"), \
		VMT_FIELD("SUPER", 18, 18, TYPE, supersection), \
		VMT_FIELD("nG", 17, 17, FLAG, "not global: belongs to one address space (ASID)"), \
		VMT_FIELD("S", 16, 16, FLAG, "shareable between CPUs"), \
		VMT_FIELD("AP[2]", 15, 15, FLAG, "read-only"), \
		VMT_FIELD("TEX", 14, 12, FLAG, "memory type, with C and B"), \
		VMT_FIELD("AP[1]", 11, 11, FLAG, "user code may use it"), \
		VMT_FIELD("AP[0]", 10, 10, FLAG, "the kernel may use it"), \
		VMT_FIELD("-", 9, 9, FREE, "of the implementation")
#define SECTION_LOW \
	VMT_FIELD("XN", 4, 4, FLAG, "no instructions are fetched from here"), MEMORY_TYPE, \
		VMT_FIELD("TYPE", 1, 1, TYPE, "1: a section"), \
		VMT_FIELD("PXN", 0, 0, FLAG, "the kernel fetches no instructions from here")
#define SECTION_RULES \
	[VMT_ENTRY_WRITE] = VMT_BIT_CLEAR(15), [VMT_ENTRY_EXECUTE] = VMT_BIT_CLEAR(4), \
	[VMT_ENTRY_USER] = VMT_BIT_SET(11), [VMT_ENTRY_GLOBAL] = VMT_BIT_CLEAR(17)

static const struct vmt_entry_field section_fields[] = {
	VMT_FIELD_PHYSICAL("ADDRESS", 31, 20, 20, "1 MiB of memory"),
	SECTION_MIDDLE("0: not a supersection"),
	DOMAIN,
	SECTION_LOW,
	END,
};

static const struct vmt_entry_field supersection_fields[] = {
	VMT_FIELD_PHYSICAL("ADDRESS", 31, 24, 24, "16 MiB of memory"),
	VMT_FIELD_PHYSICAL("HIGH", 23, 20, 32, "bits 35:32 of its address"),
	SECTION_MIDDLE("1: a supersection; the entry stands 16 times"),
	VMT_FIELD_PHYSICAL("HIGHER", 8, 5, 36, "bits 39:36 of its address"),
	SECTION_LOW,
	END,
};

static const struct vmt_entry_format l1_table = {
	.name = "table",
	.target = VMT_TARGET_TABLE,
	.bits = 32,
	.match_mask = 3,
	.match_value = 1,
	.base = 1 | 1 << 5, /* the user's domain */
	.fields = l1_table_fields,
};
static const struct vmt_entry_format section = {
	.name = "1 MiB section",
	.target = VMT_TARGET_MEMORY,
	.bits = 32,
	.match_mask = 1 << 18 | 2,
	.match_value = 2,
	.base = 1 << 10 | 2,
	.leaf_shift = 20,
	.rules = { SECTION_RULES },
	.fields = section_fields,
};
static const struct vmt_entry_format supersection = {
	.name = "16 MiB supersection",
	.target = VMT_TARGET_MEMORY,
	.bits = 32,
	.match_mask = 1 << 18 | 2,
	.match_value = 1 << 18 | 2,
	.base = 1 << 18 | 1 << 10 | 2,
	.leaf_shift = 24,
	.rules = { SECTION_RULES },
	.fields = supersection_fields,
};

vmt_format_list vmt_formats_arm_l1 = { &l1_table, &section, &supersection, NULL };

/* ---- Short descriptors, second level -------------------------------------------------------- */

#define PAGE_RIGHTS \
	VMT_FIELD("nG", 11, 11, FLAG, "not global: belongs to one address space (ASID)"), \
		VMT_FIELD("S", 10, 10, FLAG, "shareable between CPUs"), \
		VMT_FIELD("AP[2]", 9, 9, FLAG, "read-only; Linux also sets it while clean")
#define PAGE_ACCESS \
	VMT_FIELD("AP[1]", 5, 5, FLAG, "user code may use it"), \
		VMT_FIELD("AP[0]", 4, 4, FLAG, "the kernel may use it"), MEMORY_TYPE

static const struct vmt_entry_field small_fields[] = {
	VMT_FIELD_PHYSICAL("ADDRESS", 31, 12, 12, "the page frame"),
	PAGE_RIGHTS,
	VMT_FIELD("TEX", 8, 6, FLAG, "memory type, with C and B"),
	PAGE_ACCESS,
	VMT_FIELD("TYPE", 1, 1, TYPE, "1: a small page"),
	VMT_FIELD("XN", 0, 0, FLAG, "no instructions are fetched from here"),
	END,
};

static const struct vmt_entry_field large_fields[] = {
	VMT_FIELD_PHYSICAL("ADDRESS", 31, 16, 16, "64 KiB of memory; the entry stands 16 times"),
	VMT_FIELD("XN", 15, 15, FLAG, "no instructions are fetched from here"),
	VMT_FIELD("TEX", 14, 12, FLAG, "memory type, with C and B"),
	PAGE_RIGHTS,
	VMT_FIELD("-", 8, 6, FREE, "0"),
	PAGE_ACCESS,
	VMT_FIELD("TYPE", 1, 0, TYPE, "01: a large page"),
	END,
};

static const struct vmt_entry_format small = {
	.name = "4 KiB page",
	.target = VMT_TARGET_MEMORY,
	.bits = 32,
	.match_mask = 2,
	.match_value = 2,
	.base = 1 << 4 | 2,
	.rules = { [VMT_ENTRY_WRITE] = VMT_BIT_CLEAR(9),
		   [VMT_ENTRY_EXECUTE] = VMT_BIT_CLEAR(0),
		   [VMT_ENTRY_USER] = VMT_BIT_SET(5),
		   [VMT_ENTRY_GLOBAL] = VMT_BIT_CLEAR(11) },
	.fields = small_fields,
};
static const struct vmt_entry_format large = {
	.name = "64 KiB page",
	.target = VMT_TARGET_MEMORY,
	.bits = 32,
	.match_mask = 3,
	.match_value = 1,
	.base = 1 << 4 | 1,
	.leaf_shift = 16,
	.rules = { [VMT_ENTRY_WRITE] = VMT_BIT_CLEAR(9),
		   [VMT_ENTRY_EXECUTE] = VMT_BIT_CLEAR(15),
		   [VMT_ENTRY_USER] = VMT_BIT_SET(5),
		   [VMT_ENTRY_GLOBAL] = VMT_BIT_CLEAR(11) },
	.fields = large_fields,
};

vmt_format_list vmt_formats_arm_l2 = { &small, &large, NULL };

/* ---- Linux's own entry of the second level -------------------------------------------------- */

static const struct vmt_entry_field linux_fields[] = {
	VMT_FIELD_PHYSICAL("ADDRESS", 31, 12, 12, "the page frame"),
	VMT_FIELD("NONE", 11, 11, SOFTWARE, "PROT_NONE: the MMU's entry stays 0"),
	VMT_FIELD("SHARED", 10, 10, SOFTWARE, "shareable between CPUs: S of the MMU's"),
	VMT_FIELD("XN", 9, 9, SOFTWARE, "no instructions are fetched from here"),
	VMT_FIELD("USER", 8, 8, SOFTWARE, "user code may use it: AP[1] of the MMU's"),
	VMT_FIELD("RDONLY", 7, 7, SOFTWARE, "read-only: AP[2] of the MMU's"),
	VMT_FIELD("DIRTY", 6, 6, SOFTWARE, "written; while 0 the MMU's entry is read-only"),
	VMT_FIELD("MT", 5, 2, SOFTWARE, "memory type: TEX[0], C, B of the MMU's"),
	VMT_FIELD("YOUNG", 1, 1, SOFTWARE, "accessed; while 0 the MMU's entry is 0"),
	VMT_FIELD("VALID", 0, 0, TYPE, "present"),
	END,
};

static const struct vmt_entry_format linux_page = {
	.name = "Linux's entry of a page",
	.target = VMT_TARGET_MEMORY,
	.software = true,
	.bits = 32,
	.match_mask = 1,
	.match_value = 1,
	.base = 1,
	.rules = { [VMT_ENTRY_WRITE] = VMT_BIT_CLEAR(7),
		   [VMT_ENTRY_EXECUTE] = VMT_BIT_CLEAR(9),
		   [VMT_ENTRY_USER] = VMT_BIT_SET(8),
		   [VMT_ENTRY_ACCESSED] = VMT_BIT_SET(1),
		   [VMT_ENTRY_DIRTY] = VMT_BIT_SET(6) },
	.fields = linux_fields,
};

vmt_format_list vmt_formats_arm_linux = { &linux_page, NULL };

/* ---- LPAE: 64 bits, 40 of physical address ---------------------------------------------------- */

#define LPAE_LEAF(name, lowest, text, below) \
	static const struct vmt_entry_field name[] = { \
		VMT_FIELD("-", 63, 59, FREE, "ignored"), \
		VMT_FIELD("RDONLY", 58, 58, SOFTWARE, "read-only, dirty or not"), \
		VMT_FIELD("NONE", 57, 57, SOFTWARE, "PROT_NONE"), \
		VMT_FIELD("SPECIAL", 56, 56, SOFTWARE, \
			  "no struct page behind it that is counted"), \
		VMT_FIELD("DIRTY", 55, 55, SOFTWARE, "written; while 0 AP[2] is set"), \
		VMT_FIELD("XN", 54, 54, FLAG, "no instructions are fetched from here"), \
		VMT_FIELD("PXN", 53, 53, FLAG, "the kernel fetches no instructions from here"), \
		VMT_FIELD("CONT", 52, 52, FLAG, "one of 16 that are contiguous"), \
		VMT_FIELD("-", 51, 40, FREE, "0"), \
		VMT_FIELD_PHYSICAL("ADDRESS", 39, (lowest), (lowest), text), \
		below VMT_FIELD("nG", 11, 11, FLAG, "not global: belongs to one ASID"), \
		VMT_FIELD("AF", 10, 10, FLAG, "accessed"), \
		VMT_FIELD("SH", 9, 8, FLAG, "shareable: 0 no, 2 outer, 3 inner"), \
		VMT_FIELD("AP[2]", 7, 7, FLAG, "read-only"), \
		VMT_FIELD("AP[1]", 6, 6, FLAG, "user code may use it"), \
		VMT_FIELD("NS", 5, 5, FLAG, "outside the secure world"), \
		VMT_FIELD("ATTR", 4, 2, FLAG, "memory type, an index into MAIR"), \
		VMT_FIELD("TYPE", 1, 0, TYPE, "3: a table or a page; 1: a block"), \
		END, \
	}
#define NOTHING
#define BLOCK_2M VMT_FIELD("-", 20, 12, FREE, "0"),
#define BLOCK_1G VMT_FIELD("-", 29, 12, FREE, "0"),
LPAE_LEAF(lpae_page_fields, 12, "the page frame", NOTHING);
LPAE_LEAF(lpae_2m_fields, 21, "2 MiB of memory", BLOCK_2M);
LPAE_LEAF(lpae_1g_fields, 30, "1 GiB of memory", BLOCK_1G);

static const struct vmt_entry_field lpae_table_fields[] = {
	VMT_FIELD("NSTABLE", 63, 63, FLAG, "walk on outside the secure world"),
	VMT_FIELD("APTABLE", 62, 61, FLAG, "takes rights away below"),
	VMT_FIELD("XNTABLE", 60, 60, FLAG, "no instructions from anything below"),
	VMT_FIELD("PXNTABLE", 59, 59, FLAG, "no kernel instructions from anything below"),
	VMT_FIELD("-", 58, 40, FREE, "ignored or 0"),
	VMT_FIELD_PHYSICAL("ADDRESS", 39, 12, 12, "the table of the level below"),
	VMT_FIELD("-", 11, 2, FREE, "ignored"),
	VMT_FIELD("TYPE", 1, 0, TYPE, "3: a table"),
	END,
};

#define LPAE(text, type, list) \
	{ \
		.name = (text), .target = VMT_TARGET_MEMORY, .bits = 64, .match_mask = 3, \
		.match_value = (type), .base = (type), .fields = (list), \
		.rules = { \
			[VMT_ENTRY_WRITE] = VMT_BIT_CLEAR(7), \
			[VMT_ENTRY_EXECUTE] = VMT_BIT_CLEAR(54), \
			[VMT_ENTRY_USER] = VMT_BIT_SET(6), \
			[VMT_ENTRY_ACCESSED] = VMT_BIT_SET(10), \
			[VMT_ENTRY_DIRTY] = VMT_BIT_SET(55), \
			[VMT_ENTRY_GLOBAL] = VMT_BIT_CLEAR(11), \
		}, \
	}
static const struct vmt_entry_format lpae_page = LPAE("4 KiB page", 3, lpae_page_fields);
static const struct vmt_entry_format lpae_2m = LPAE("2 MiB block", 1, lpae_2m_fields);
static const struct vmt_entry_format lpae_1g = LPAE("1 GiB block", 1, lpae_1g_fields);
static const struct vmt_entry_format lpae_table = {
	.name = "table",
	.target = VMT_TARGET_TABLE,
	.bits = 64,
	.match_mask = 3,
	.match_value = 3,
	.base = 3,
	.fields = lpae_table_fields,
};

vmt_format_list vmt_formats_lpae_pgd = { &lpae_table, &lpae_1g, NULL };
vmt_format_list vmt_formats_lpae_pmd = { &lpae_table, &lpae_2m, NULL };
vmt_format_list vmt_formats_lpae_pte = { &lpae_page, NULL };
