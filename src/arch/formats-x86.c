/* SPDX-License-Identifier: MIT */
/*
 * Entries of x86: four bytes without PAE, eight with it and on x86-64.
 *
 * Mirrors asm/pgtable_types.h, and for what is not present asm/pgtable_64.h and pgtable-invert.h,
 * of Linux 6.18.
 *
 *	63 62  59 58       52 51                         12 11  9 8 7 6 5 4 3 2 1 0
 *	+--+-----+-----------+-----------------------------+-----+-+-+-+-+-+-+-+-+-+
 *	|NX| key | Linux's   | physical address            |Linux|G|*|D|A|C|T|U|W|P|   * PAT, or PS above
 *	+--+-----+-----------+-----------------------------+-----+-+-+-+-+-+-+-+-+-+     the last level
 */
#include "formats.h"

#define P_ VMT_FIELD("P", 0, 0, TYPE, "present: the MMU uses the entry")
#define RW VMT_FIELD("RW", 1, 1, FLAG, "writable")
#define US VMT_FIELD("US", 2, 2, FLAG, "user code may use it")
#define CACHE \
	VMT_FIELD("PCD", 4, 4, FLAG, "cache disable; index into the PAT with PWT and PAT"), \
		VMT_FIELD("PWT", 3, 3, FLAG, "write-through")
#define A_ VMT_FIELD("A", 5, 5, FLAG, "accessed: set by the MMU")
#define D_ VMT_FIELD("D", 6, 6, FLAG, "dirty: set by the MMU at a write")
#define G_ VMT_FIELD("G", 8, 8, FLAG, "global: stays in the TLB when the space changes")
#define NX VMT_FIELD("NX", 63, 63, FLAG, "no instructions are fetched from here")
#define PKEY VMT_FIELD("PKEY", 62, 59, FLAG, "protection key")
#define SOFT_HIGH \
	VMT_FIELD("SAVED_DIRTY", 58, 58, SOFTWARE, "dirty and read-only: not a shadow stack"), \
		VMT_FIELD("-", 57, 52, FREE, "free for software")
#define SOFT_LOW \
	VMT_FIELD("SOFT_DIRTY", 11, 11, SOFTWARE, "written since clear_refs (soft-dirty)"), \
		VMT_FIELD("UFFD_WP", 10, 10, SOFTWARE, "write-protected for userfaultfd"), \
		VMT_FIELD("SPECIAL", 9, 9, SOFTWARE, "no struct page behind it that is counted")
#define LEAF_LOW D_, A_, CACHE, US, RW, P_
#define TABLE_LOW \
	VMT_FIELD("-", 11, 8, FREE, "ignored"), \
		VMT_FIELD("PS", 7, 7, TYPE, "0: points to a table"), \
		VMT_FIELD("-", 6, 6, FREE, "ignored"), A_, CACHE, US, RW, P_
#define HUGE_LOW G_, VMT_FIELD("PS", 7, 7, TYPE, "1: a leaf"), LEAF_LOW
#define END \
	{ \
		0 \
	}

#define RULES_32 \
	[VMT_ENTRY_WRITE] = VMT_BIT_SET(1), [VMT_ENTRY_USER] = VMT_BIT_SET(2), \
	[VMT_ENTRY_ACCESSED] = VMT_BIT_SET(5), [VMT_ENTRY_DIRTY] = VMT_BIT_SET(6), \
	[VMT_ENTRY_GLOBAL] = VMT_BIT_SET(8)
#define RULES_64 RULES_32, [VMT_ENTRY_EXECUTE] = VMT_BIT_CLEAR(63)
#define RULES_TABLE_32 \
	[VMT_ENTRY_WRITE] = VMT_BIT_SET(1), [VMT_ENTRY_USER] = VMT_BIT_SET(2), \
	[VMT_ENTRY_ACCESSED] = VMT_BIT_SET(5)
#define RULES_TABLE_64 RULES_TABLE_32, [VMT_ENTRY_EXECUTE] = VMT_BIT_CLEAR(63)

/* ---- x86-64 ------------------------------------------------------------------------------- */

static const struct vmt_entry_field page_fields[] = {
	NX,
	PKEY,
	SOFT_HIGH,
	VMT_FIELD_PHYSICAL("ADDRESS", 51, 12, 12, "the page frame"),
	SOFT_LOW,
	G_,
	VMT_FIELD("PAT", 7, 7, FLAG, "memory type, with PCD and PWT"),
	LEAF_LOW,
	END,
};

static const struct vmt_entry_format page = {
	.name = "4 KiB page",
	.target = VMT_TARGET_MEMORY,
	.bits = 64,
	.match_mask = 1,
	.match_value = 1,
	.base = 1,
	.rules = { RULES_64 },
	.fields = page_fields,
};

#define HUGE_FIELDS(name, lowest) \
	static const struct vmt_entry_field name[] = { \
		NX, \
		PKEY, \
		SOFT_HIGH, \
		VMT_FIELD_PHYSICAL("ADDRESS", 51, (lowest), (lowest), "the huge page"), \
		VMT_FIELD("-", (lowest)-1, 13, FREE, "reserved, 0"), \
		VMT_FIELD("PAT", 12, 12, FLAG, "memory type, with PCD and PWT"), \
		SOFT_LOW, \
		HUGE_LOW, \
		END, \
	}
HUGE_FIELDS(page_2m_fields, 21);
HUGE_FIELDS(page_1g_fields, 30);

#define HUGE(text, list) \
	{ \
		.name = (text), .target = VMT_TARGET_MEMORY, .bits = 64, .match_mask = 0x81, \
		.match_value = 0x81, .base = 0x81, .rules = { RULES_64 }, .fields = (list) \
	}
static const struct vmt_entry_format page_2m = HUGE("2 MiB page", page_2m_fields);
static const struct vmt_entry_format page_1g = HUGE("1 GiB page", page_1g_fields);

static const struct vmt_entry_field table_fields[] = {
	NX,
	VMT_FIELD("-", 62, 52, FREE, "ignored"),
	VMT_FIELD_PHYSICAL("ADDRESS", 51, 12, 12, "the table of the level below"),
	TABLE_LOW,
	END,
};

static const struct vmt_entry_format table = {
	.name = "table",
	.target = VMT_TARGET_TABLE,
	.bits = 64,
	.match_mask = 0x81,
	.match_value = 1,
	.base = 1,
	.rules = { RULES_TABLE_64 },
	.fields = table_fields,
};

/* Not present, but with a page: PROT_NONE, and what NUMA balancing wants to hear about. */
static const struct vmt_entry_field none_fields[] = {
	NX,
	PKEY,
	SOFT_HIGH,
	{ .name = "ADDRESS",
	  .low = 12,
	  .bits = 40,
	  .kind = VMT_FIELD_ADDRESS,
	  .address_low = 12,
	  .inverted = true,
	  .meaning = "the page frame, inverted: nothing to speculate on (L1TF)" },
	SOFT_LOW,
	VMT_FIELD("PROTNONE", 8, 8, TYPE, "PROT_NONE: there is a page, the MMU must not use it"),
	VMT_FIELD("PAT", 7, 7, FLAG, "memory type, with PCD and PWT"),
	D_,
	A_,
	CACHE,
	US,
	RW,
	P_,
	END,
};

static const struct vmt_entry_format none = {
	.name = "PROT_NONE page",
	.target = VMT_TARGET_NOTHING,
	.bits = 64,
	.match_mask = 0x101,
	.match_value = 0x100,
	.base = 0x100,
	.rules = { [VMT_ENTRY_ACCESSED] = VMT_BIT_SET(5), [VMT_ENTRY_DIRTY] = VMT_BIT_SET(6) },
	.fields = none_fields,
};

/* Any other entry that is not 0; the empty one fits here too, with nothing in its fields. */
static const struct vmt_entry_field swap_fields[] = {
	VMT_FIELD("TYPE", 63, 59, SOFTWARE, "which swap area; the highest numbers: migration …"),
	VMT_FIELD("OFFSET", 58, 9, SOFTWARE, "slot of the swap area, inverted"),
	VMT_FIELD("PROTNONE", 8, 8, TYPE, "0: not a page"),
	VMT_FIELD("-", 7, 4, FREE, "0"),
	VMT_FIELD("EXCLUSIVE", 3, 3, SOFTWARE, "the page belongs to this space alone"),
	VMT_FIELD("UFFD_WP", 2, 2, SOFTWARE, "write-protected for userfaultfd"),
	VMT_FIELD("SOFT_DIRTY", 1, 1, SOFTWARE, "written since clear_refs (soft-dirty)"),
	VMT_FIELD("P", 0, 0, TYPE, "0: the MMU faults"),
	END,
};

static const struct vmt_entry_format swap = {
	.name = "swapped or empty",
	.target = VMT_TARGET_NOTHING,
	.bits = 64,
	.match_mask = 0x101,
	.fields = swap_fields,
};

vmt_format_list vmt_formats_x86_top = { &table, NULL };
vmt_format_list vmt_formats_x86_pud = { &table, &page_1g, NULL };
vmt_format_list vmt_formats_x86_pmd = { &table, &page_2m, NULL };
vmt_format_list vmt_formats_x86_pte = { &page, &none, &swap, NULL };

/* ---- i386 with PAE: as above, without keys; the four top entries have fewer bits ------------- */

static const struct vmt_entry_field pae_page_fields[] = {
	NX,
	VMT_FIELD("-", 62, 52, FREE, "reserved, 0"),
	VMT_FIELD_PHYSICAL("ADDRESS", 51, 12, 12, "the page frame"),
	SOFT_LOW,
	G_,
	VMT_FIELD("PAT", 7, 7, FLAG, "memory type, with PCD and PWT"),
	LEAF_LOW,
	END,
};

static const struct vmt_entry_field pae_2m_fields[] = {
	NX,
	VMT_FIELD("-", 62, 52, FREE, "reserved, 0"),
	VMT_FIELD_PHYSICAL("ADDRESS", 51, 21, 21, "the huge page"),
	VMT_FIELD("-", 20, 13, FREE, "reserved, 0"),
	VMT_FIELD("PAT", 12, 12, FLAG, "memory type, with PCD and PWT"),
	SOFT_LOW,
	HUGE_LOW,
	END,
};

static const struct vmt_entry_field pae_top_fields[] = {
	VMT_FIELD("-", 63, 52, FREE, "reserved, 0"),
	VMT_FIELD_PHYSICAL("ADDRESS", 51, 12, 12, "the table of the level below"),
	VMT_FIELD("-", 11, 5, FREE, "ignored or reserved"),
	CACHE,
	VMT_FIELD("-", 2, 1, FREE, "reserved, 0: no rights at this level"),
	P_,
	END,
};

static const struct vmt_entry_format pae_page = {
	.name = "4 KiB page",
	.target = VMT_TARGET_MEMORY,
	.bits = 64,
	.match_mask = 1,
	.match_value = 1,
	.base = 1,
	.rules = { RULES_64 },
	.fields = pae_page_fields,
};
static const struct vmt_entry_format pae_2m = HUGE("2 MiB page", pae_2m_fields);
static const struct vmt_entry_format pae_top = {
	.name = "table",
	.target = VMT_TARGET_TABLE,
	.bits = 64,
	.match_mask = 1,
	.match_value = 1,
	.base = 1,
	.fields = pae_top_fields,
};

vmt_format_list vmt_formats_pae_pgd = { &pae_top, NULL };
vmt_format_list vmt_formats_pae_pmd = { &table, &pae_2m, NULL };
vmt_format_list vmt_formats_pae_pte = { &pae_page, NULL };

/* ---- i386 without PAE: 32 bits, and nothing that says "no instructions" ---------------------- */

static const struct vmt_entry_field i386_page_fields[] = {
	VMT_FIELD_PHYSICAL("ADDRESS", 31, 12, 12, "the page frame"),
	VMT_FIELD("-", 11, 10, FREE, "free for software"),
	VMT_FIELD("SPECIAL", 9, 9, SOFTWARE, "no struct page behind it that is counted"),
	G_,
	VMT_FIELD("PAT", 7, 7, FLAG, "memory type, with PCD and PWT"),
	LEAF_LOW,
	END,
};

static const struct vmt_entry_field i386_4m_fields[] = {
	VMT_FIELD_PHYSICAL("ADDRESS", 31, 22, 22, "the huge page"),
	VMT_FIELD("-", 21, 21, FREE, "reserved, 0"),
	VMT_FIELD_PHYSICAL("HIGH", 20, 13, 32, "bits 39:32 of the huge page's address (PSE-36)"),
	VMT_FIELD("PAT", 12, 12, FLAG, "memory type, with PCD and PWT"),
	VMT_FIELD("-", 11, 9, FREE, "free for software"),
	HUGE_LOW,
	END,
};

static const struct vmt_entry_field i386_table_fields[] = {
	VMT_FIELD_PHYSICAL("ADDRESS", 31, 12, 12, "the table of the level below"),
	TABLE_LOW,
	END,
};

static const struct vmt_entry_format i386_page = {
	.name = "4 KiB page",
	.target = VMT_TARGET_MEMORY,
	.bits = 32,
	.match_mask = 1,
	.match_value = 1,
	.base = 1,
	.rules = { RULES_32 },
	.fields = i386_page_fields,
};
static const struct vmt_entry_format i386_4m = {
	.name = "4 MiB page",
	.target = VMT_TARGET_MEMORY,
	.bits = 32,
	.match_mask = 0x81,
	.match_value = 0x81,
	.base = 0x81,
	.rules = { RULES_32 },
	.fields = i386_4m_fields,
};
static const struct vmt_entry_format i386_table = {
	.name = "table",
	.target = VMT_TARGET_TABLE,
	.bits = 32,
	.match_mask = 0x81,
	.match_value = 1,
	.base = 1,
	.rules = { RULES_TABLE_32 },
	.fields = i386_table_fields,
};

vmt_format_list vmt_formats_i386_pgd = { &i386_table, &i386_4m, NULL };
vmt_format_list vmt_formats_i386_pte = { &i386_page, NULL };
