/* SPDX-License-Identifier: MIT */
/*
 * Entries of riscv64: the same at every level. One without R, W and X points to a table; any other
 * is a leaf of the size that its level covers.
 *
 * Mirrors asm/pgtable-bits.h and pgtable-64.h (arch/riscv) of Linux 6.18.
 *
 *	63 62 61 60    54 53                     10 9   8 7 6 5 4 3 2 1 0
 *	+-+-----+--------+-------------------------+-----+-+-+-+-+-+-+-+-+
 *	|N|PBMT | 0      | page frame number       | RSW |D|A|G|U|X|W|R|V|
 *	+-+-----+--------+-------------------------+-----+-+-+-+-+-+-+-+-+
 */
#include "formats.h"

static const struct vmt_entry_field leaf_fields[] = {
	VMT_FIELD("N", 63, 63, FLAG, "one of 16 that are contiguous (Svnapot)"),
	VMT_FIELD("PBMT", 62, 61, FLAG, "memory type (Svpbmt): 0 as the platform says, 1 NC, 2 IO"),
	VMT_FIELD("-", 60, 54, FREE, "reserved, 0"),
	VMT_FIELD_PHYSICAL("PPN", 53, 10, 12, "the page frame; low bits 0 for a larger leaf"),
	VMT_FIELD("-", 9, 9, FREE, "free for software"),
	VMT_FIELD("SPECIAL", 8, 8, SOFTWARE, "no struct page behind it that is counted"),
	VMT_FIELD("D", 7, 7, FLAG, "dirty"),
	VMT_FIELD("A", 6, 6, FLAG, "accessed"),
	VMT_FIELD("G", 5, 5, FLAG, "global; PROT_NONE when V is 0"),
	VMT_FIELD("U", 4, 4, FLAG, "user code may use it"),
	VMT_FIELD("X", 3, 3, FLAG, "instructions may be fetched"),
	VMT_FIELD("W", 2, 2, FLAG, "writable"),
	VMT_FIELD("R", 1, 1, FLAG, "readable"),
	VMT_FIELD("V", 0, 0, TYPE, "valid: the MMU uses the entry"),
	{ 0 },
};

static const struct vmt_entry_field table_fields[] = {
	VMT_FIELD("-", 63, 54, FREE, "reserved, 0"),
	VMT_FIELD_PHYSICAL("PPN", 53, 10, 12, "the table of the level below"),
	VMT_FIELD("-", 9, 4, FREE, "0 or ignored"),
	VMT_FIELD("XWR", 3, 1, TYPE, "0: points to a table"),
	VMT_FIELD("V", 0, 0, TYPE, "valid: the MMU uses the entry"),
	{ 0 },
};

static const struct vmt_entry_format table = {
	.name = "table",
	.target = VMT_TARGET_TABLE,
	.bits = 64,
	.match_mask = 0xf,
	.match_value = 1,
	.base = 1,
	.fields = table_fields,
};

static const struct vmt_entry_format leaf = {
	.name = "leaf",
	.target = VMT_TARGET_MEMORY,
	.bits = 64,
	.match_mask = 1,
	.match_value = 1,
	.base = 1,
	.rules = { [VMT_ENTRY_READ] = VMT_BIT_SET(1),
		   [VMT_ENTRY_WRITE] = VMT_BIT_SET(2),
		   [VMT_ENTRY_EXECUTE] = VMT_BIT_SET(3),
		   [VMT_ENTRY_USER] = VMT_BIT_SET(4),
		   [VMT_ENTRY_ACCESSED] = VMT_BIT_SET(6),
		   [VMT_ENTRY_DIRTY] = VMT_BIT_SET(7),
		   [VMT_ENTRY_GLOBAL] = VMT_BIT_SET(5) },
	.fields = leaf_fields,
};

vmt_format_list vmt_formats_riscv = { &table, &leaf, NULL };
vmt_format_list vmt_formats_riscv_pte = { &leaf, NULL };
