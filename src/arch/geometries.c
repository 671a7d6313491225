/* SPDX-License-Identifier: MIT */
/*
 * The rows: every combination of levels, page size and address width that Linux runs with.
 *
 * Mirrors, in Linux 6.18: asm/pgtable_{32,64}_types.h and pgtable-{2,3}level_types.h (x86),
 * asm/pgtable-{2,3}level{,-hwdef}.h and asm/memory.h (arm), asm/pgtable-hwdef.h (arm64),
 * asm/pgtable-{32,64}.h (riscv); pgtables_bytes as mm_inc_nr_{ptes,pmds,puds}() of mm.h count.
 *
 *	x86_64-4	16 copies of bit 47 | 9 PGD | 9 PUD | 9 PMD | 9 PTE | 12
 *	i386		10 PGD | 10 PTE | 12
 *	i386-pae	2 PGD | 9 PMD | 9 PTE | 12
 *	arm		Linux: 11 PGD | 9 PTE | 12	MMU: 12 first level | 8 second level | 12
 *	arm-lpae	2 PGD | 9 PMD | 9 PTE | 12
 *	aarch64-16k-48	1 PGD | 11 PUD | 11 PMD | 11 PTE | 14
 *	riscv64-sv39	25 copies of bit 38 | 9 PGD | 9 PMD | 9 PTE | 12
 */
#include "vmtrace/arch.h"

#include "formats.h"

#define BIT64(n) (UINT64_C(1) << (n))
#define GIB BIT64(30)

/* A top level; never counted. @leaf: the MMU, user memory, transparent huge pages. */
#define PGD(manual, at, bits, entry, list) \
	{ \
		.name = "PGD", .hw_name = (manual), .shift = (at), .index_bits = (bits), \
		.entry_bytes = (entry), .table_bytes = (entry) << (bits), .formats = (list) \
	}
/* As PGD(), where the entries can be leaves. */
#define PGD_LEAF(manual, at, bits, entry, user, thp, list) \
	{ \
		.name = "PGD", .hw_name = (manual), .shift = (at), .index_bits = (bits), \
		.entry_bytes = (entry), .table_bytes = (entry) << (bits), .leaf_possible = true, \
		.leaf_user = (user), .leaf_thp = (thp), .formats = (list) \
	}
#define P4D(manual, at, bits, leaf, list) \
	{ \
		.name = "P4D", .hw_name = (manual), .shift = (at), .index_bits = (bits), \
		.entry_bytes = 8, .table_bytes = 8 << (bits), .leaf_possible = (leaf), \
		.formats = (list) \
	}
#define PUD(manual, at, bits, leaf, user, list) \
	{ \
		.name = "PUD", .hw_name = (manual), .shift = (at), .index_bits = (bits), \
		.entry_bytes = 8, .table_bytes = 8 << (bits), \
		.table_bytes_accounted = 8 << (bits), .leaf_possible = (leaf), \
		.leaf_user = (user), .formats = (list) \
	}
#define PMD(manual, at, bits, list) \
	{ \
		.name = "PMD", .hw_name = (manual), .shift = (at), .index_bits = (bits), \
		.entry_bytes = 8, .table_bytes = 8 << (bits), \
		.table_bytes_accounted = 8 << (bits), .leaf_possible = true, .leaf_user = true, \
		.leaf_thp = true, .formats = (list) \
	}
#define PTE(manual, at, bits, entry, list) \
	{ \
		.name = "PTE", .hw_name = (manual), .shift = (at), .index_bits = (bits), \
		.entry_bytes = (entry), .table_bytes = (entry) << (bits), \
		.table_bytes_accounted = (entry) << (bits), .leaf_possible = true, \
		.leaf_user = true, .formats = (list) \
	}

/* ---- x86 ---------------------------------------------------------------------------------- */

/* tlb_single_page_flush_ceiling of arch/x86/mm/tlb.c */
#define X86_FLUSH_PAGES 33

static const struct vmt_geometry x86_64_4 = {
	.name = "x86_64-4",
	.arch = "x86_64",
	.root = "CR3",
	.page_shift = 12,
	.va_bits = 48,
	.address_bits = 64,
	.form = VMT_FORM_SIGNED,
	.user_end = BIT64(47) - 4096,
	.window_end = BIT64(47) - 4096,
	.flush_pages_max = X86_FLUSH_PAGES,
	.levels = { PGD("PML4", 39, 9, 8, vmt_formats_x86_top),
		    PUD("PDPT", 30, 9, true, true, vmt_formats_x86_pud),
		    PMD("PD", 21, 9, vmt_formats_x86_pmd),
		    PTE("PT", 12, 9, 8, vmt_formats_x86_pte) },
	.level_count = 4,
};

static const struct vmt_geometry x86_64_5 = {
	.name = "x86_64-5",
	.arch = "x86_64",
	.root = "CR3",
	.page_shift = 12,
	.va_bits = 57,
	.address_bits = 64,
	.form = VMT_FORM_SIGNED,
	.user_end = BIT64(56) - 4096,
	.window_end = BIT64(47) - 4096,
	.flush_pages_max = X86_FLUSH_PAGES,
	.levels = { PGD("PML5", 48, 9, 8, vmt_formats_x86_top),
		    P4D("PML4", 39, 9, false, vmt_formats_x86_top),
		    PUD("PDPT", 30, 9, true, true, vmt_formats_x86_pud),
		    PMD("PD", 21, 9, vmt_formats_x86_pmd),
		    PTE("PT", 12, 9, 8, vmt_formats_x86_pte) },
	.level_count = 5,
};

static const struct vmt_geometry i386 = {
	.name = "i386",
	.arch = "i386",
	.root = "CR3",
	.page_shift = 12,
	.va_bits = 32,
	.address_bits = 32,
	.form = VMT_FORM_FLAT,
	.user_end = 3 * GIB,
	.window_end = 3 * GIB,
	.flush_pages_max = X86_FLUSH_PAGES,
	/* 4 MiB pages: hugetlb only, transparent ones need PAE */
	.levels = { PGD_LEAF("PD", 22, 10, 4, true, false, vmt_formats_i386_pgd),
		    PTE("PT", 12, 10, 4, vmt_formats_i386_pte) },
	.level_count = 2,
};

static const struct vmt_geometry i386_pae = {
	.name = "i386-pae",
	.arch = "i386",
	.root = "CR3",
	.page_shift = 12,
	.va_bits = 32,
	.address_bits = 32,
	.form = VMT_FORM_FLAT,
	.user_end = 3 * GIB,
	.window_end = 3 * GIB,
	.baseline_bytes = 4 * 4096, /* all four PMD tables come with the PGD */
	.flush_pages_max = X86_FLUSH_PAGES,
	.levels = { PGD("PDPT", 30, 2, 8, vmt_formats_pae_pgd),
		    PMD("PD", 21, 9, vmt_formats_pae_pmd),
		    PTE("PT", 12, 9, 8, vmt_formats_pae_pte) },
	.level_count = 3,
};

/* ---- arm ---------------------------------------------------------------------------------- */

#define ARM_USER_END (3 * GIB - (16 << 20)) /* modules live in the 16 MiB below PAGE_OFFSET */
#define ARM_FIRST_USER (2 * 4096)

/*
 * Linux wants 4 KiB for a table; the MMU's second-level tables have 1 KiB. So two of them share a
 * page, their two first-level entries are set together as one PGD entry of 8 bytes, and the other
 * half of the page has Linux's own entries, for the bits that the MMU's have no room for:
 *
 *	first level, 16 KiB                         one page, 4 KiB
 *	 4096 words of 4 bytes = 2048 pairs
 *	+-----------------+                        +----------------------------+
 *	| …               |                 +0     | Linux entries, even MiB    | 256 words
 *	+-----------------+                 +1024  | Linux entries, odd MiB     | 256 words
 *	| pair n: word 0  |---- even ---->  +2048  | MMU's entries, even MiB    | 256 words
 *	|         word 1  |---- odd ----->  +3072  | MMU's entries, odd MiB     | 256 words
 *	+-----------------+                        +----------------------------+
 *	| …               |
 *
 * VmPTE counts 512 entries of 4 bytes, 2 KiB, for each such page.
 */
static const struct vmt_geometry arm = {
	.name = "arm",
	.arch = "arm",
	.root = "TTBR0",
	.page_shift = 12,
	.va_bits = 32,
	.address_bits = 32,
	.form = VMT_FORM_FLAT,
	.user_end = ARM_USER_END,
	.window_end = ARM_USER_END,
	.first_user_address = ARM_FIRST_USER,
	.levels = { { .name = "PGD",
		      .hw_name = "first level",
		      .shift = 21,
		      .index_bits = 11,
		      .entry_bytes = 8,
		      .table_bytes = 16384 },
		    { .name = "PTE",
		      .hw_name = "second level",
		      .shift = 12,
		      .index_bits = 9,
		      .formats = vmt_formats_arm_linux,
		      .entry_bytes = 4,
		      .table_bytes = 4096,
		      .table_bytes_accounted = 2048,
		      .leaf_possible = true,
		      .leaf_user = true } },
	.level_count = 2,
	/* Sections are the kernel's own. */
	.hw_levels = { { .name = "L1",
			 .hw_name = "first level",
			 .shift = 20,
			 .index_bits = 12,
			 .formats = vmt_formats_arm_l1,
			 .entry_bytes = 4,
			 .table_bytes = 16384,
			 .leaf_possible = true },
		       { .name = "L2",
			 .hw_name = "second level",
			 .shift = 12,
			 .index_bits = 8,
			 .formats = vmt_formats_arm_l2,
			 .entry_bytes = 4,
			 .table_bytes = 1024,
			 .leaf_possible = true,
			 .leaf_user = true } },
	.hw_level_count = 2,
};

static const struct vmt_geometry arm_lpae = {
	.name = "arm-lpae",
	.arch = "arm",
	.root = "TTBR0",
	.page_shift = 12,
	.va_bits = 32,
	.address_bits = 32,
	.form = VMT_FORM_FLAT,
	.user_end = ARM_USER_END,
	.window_end = ARM_USER_END,
	.first_user_address = ARM_FIRST_USER,
	/* The last GiB of the user shares its PMD table with the kernel's modules. */
	.pgtables_ceiling = ARM_USER_END,
	.baseline_bytes = 4096,
	.levels = { PGD_LEAF("level 1", 30, 2, 8, false, false, vmt_formats_lpae_pgd),
		    PMD("level 2", 21, 9, vmt_formats_lpae_pmd),
		    PTE("level 3", 12, 9, 8, vmt_formats_lpae_pte) },
	.level_count = 3,
};

/* ---- arm64: MAX_DVM_OPS of asm/tlbflush.h is one table of the last level -------------------- */

#define AARCH64(text, page, bits) \
	.name = (text), .arch = "aarch64", .root = "TTBR0", .root_kernel = "TTBR1", \
	.page_shift = (page), .va_bits = (bits), .address_bits = 64, .form = VMT_FORM_TWO_TREES, \
	.user_end = BIT64(bits), .window_end = BIT64((bits) < 48 ? (bits) : 48), \
	.flush_pages_max = (1U << ((page)-3)) - 1

static const struct vmt_geometry aarch64_4k_48 = {
	AARCH64("aarch64-4k-48", 12, 48),
	.levels = { PGD("level 0", 39, 9, 8, vmt_formats_a64_4k_table),
		    PUD("level 1", 30, 9, true, true, vmt_formats_a64_4k_1g),
		    PMD("level 2", 21, 9, vmt_formats_a64_4k_2m),
		    PTE("level 3", 12, 9, 8, vmt_formats_a64_4k_page) },
	.level_count = 4,
};

static const struct vmt_geometry aarch64_4k_39 = {
	AARCH64("aarch64-4k-39", 12, 39),
	.levels = { PGD_LEAF("level 1", 30, 9, 8, true, false, vmt_formats_a64_4k_1g),
		    PMD("level 2", 21, 9, vmt_formats_a64_4k_2m),
		    PTE("level 3", 12, 9, 8, vmt_formats_a64_4k_page) },
	.level_count = 3,
};

/* FEAT_LPA2 */
static const struct vmt_geometry aarch64_4k_52 = {
	AARCH64("aarch64-4k-52", 12, 52),
	.levels = { PGD("level -1", 48, 4, 8, vmt_formats_lpa2_4k_table),
		    P4D("level 0", 39, 9, true, vmt_formats_lpa2_4k_512g),
		    PUD("level 1", 30, 9, true, true, vmt_formats_lpa2_4k_1g),
		    PMD("level 2", 21, 9, vmt_formats_lpa2_4k_2m),
		    PTE("level 3", 12, 9, 8, vmt_formats_lpa2_4k_page) },
	.level_count = 5,
};

static const struct vmt_geometry aarch64_16k_47 = {
	AARCH64("aarch64-16k-47", 14, 47),
	.levels = { PGD("level 1", 36, 11, 8, vmt_formats_a64_16k_table),
		    PMD("level 2", 25, 11, vmt_formats_a64_16k_32m),
		    PTE("level 3", 14, 11, 8, vmt_formats_a64_16k_page) },
	.level_count = 3,
};

static const struct vmt_geometry aarch64_16k_36 = {
	AARCH64("aarch64-16k-36", 14, 36),
	.levels = { PGD_LEAF("level 2", 25, 11, 8, true, true, vmt_formats_a64_16k_32m),
		    PTE("level 3", 14, 11, 8, vmt_formats_a64_16k_page) },
	.level_count = 2,
};

static const struct vmt_geometry aarch64_16k_48 = {
	AARCH64("aarch64-16k-48", 14, 48),
	.levels = { PGD("level 0", 47, 1, 8, vmt_formats_a64_16k_table),
		    PUD("level 1", 36, 11, false, false, vmt_formats_a64_16k_table),
		    PMD("level 2", 25, 11, vmt_formats_a64_16k_32m),
		    PTE("level 3", 14, 11, 8, vmt_formats_a64_16k_page) },
	.level_count = 4,
};

/* FEAT_LPA2, which also gives blocks of 64 GiB */
static const struct vmt_geometry aarch64_16k_52 = {
	AARCH64("aarch64-16k-52", 14, 52),
	.levels = { PGD("level 0", 47, 5, 8, vmt_formats_lpa2_16k_table),
		    PUD("level 1", 36, 11, true, false, vmt_formats_lpa2_16k_64g),
		    PMD("level 2", 25, 11, vmt_formats_lpa2_16k_32m),
		    PTE("level 3", 14, 11, 8, vmt_formats_lpa2_16k_page) },
	.level_count = 4,
};

static const struct vmt_geometry aarch64_64k_48 = {
	AARCH64("aarch64-64k-48", 16, 48),
	.levels = { PGD("level 1", 42, 6, 8, vmt_formats_a64_64k_table),
		    PMD("level 2", 29, 13, vmt_formats_a64_64k_512m),
		    PTE("level 3", 16, 13, 8, vmt_formats_a64_64k_page) },
	.level_count = 3,
};

static const struct vmt_geometry aarch64_64k_42 = {
	AARCH64("aarch64-64k-42", 16, 42),
	.levels = { PGD_LEAF("level 2", 29, 13, 8, true, true, vmt_formats_a64_64k_512m),
		    PTE("level 3", 16, 13, 8, vmt_formats_a64_64k_page) },
	.level_count = 2,
};

/* FEAT_LVA; with FEAT_LPA blocks of 4 TiB */
static const struct vmt_geometry aarch64_64k_52 = {
	AARCH64("aarch64-64k-52", 16, 52),
	.levels = { PGD_LEAF("level 1", 42, 10, 8, false, false, vmt_formats_lpa_64k_4t),
		    PMD("level 2", 29, 13, vmt_formats_lpa_64k_512m),
		    PTE("level 3", 16, 13, 8, vmt_formats_lpa_64k_page) },
	.level_count = 3,
};

/* ---- riscv: a leaf may stand at any level; tlb_flush_all_threshold is 64 --------------------- */

#define RISCV(text, bits) \
	.name = (text), .arch = "riscv64", .root = "satp", .page_shift = 12, .va_bits = (bits), \
	.address_bits = 64, .form = VMT_FORM_SIGNED, .user_end = BIT64((bits)-1), \
	.window_end = BIT64((bits) < 48 ? (bits)-1 : 47), .flush_pages_max = 64

static const struct vmt_geometry riscv64_sv48 = {
	RISCV("riscv64-sv48", 48),
	.levels = { PGD_LEAF("VPN[3]", 39, 9, 8, false, false, vmt_formats_riscv),
		    PUD("VPN[2]", 30, 9, true, true, vmt_formats_riscv),
		    PMD("VPN[1]", 21, 9, vmt_formats_riscv),
		    PTE("VPN[0]", 12, 9, 8, vmt_formats_riscv_pte) },
	.level_count = 4,
};

static const struct vmt_geometry riscv64_sv39 = {
	RISCV("riscv64-sv39", 39),
	.levels = { PGD_LEAF("VPN[2]", 30, 9, 8, true, false, vmt_formats_riscv),
		    PMD("VPN[1]", 21, 9, vmt_formats_riscv),
		    PTE("VPN[0]", 12, 9, 8, vmt_formats_riscv_pte) },
	.level_count = 3,
};

static const struct vmt_geometry riscv64_sv57 = {
	RISCV("riscv64-sv57", 57),
	.levels = { PGD_LEAF("VPN[4]", 48, 9, 8, false, false, vmt_formats_riscv),
		    P4D("VPN[3]", 39, 9, true, vmt_formats_riscv),
		    PUD("VPN[2]", 30, 9, true, true, vmt_formats_riscv),
		    PMD("VPN[1]", 21, 9, vmt_formats_riscv),
		    PTE("VPN[0]", 12, 9, 8, vmt_formats_riscv_pte) },
	.level_count = 5,
};

const struct vmt_geometry *const vmt_geometries[] = {
	&x86_64_4,       &x86_64_5,       &i386,           &i386_pae,       &arm,
	&arm_lpae,       &aarch64_4k_48,  &aarch64_4k_39,  &aarch64_4k_52,  &aarch64_16k_47,
	&aarch64_16k_36, &aarch64_16k_48, &aarch64_16k_52, &aarch64_64k_48, &aarch64_64k_42,
	&aarch64_64k_52, &riscv64_sv48,   &riscv64_sv39,   &riscv64_sv57,   NULL,
};
