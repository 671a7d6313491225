/* SPDX-License-Identifier: MIT */
/*
 * formats: the lists of entry formats that the rows of geometries.c point to, each ended by a
 * NULL: what an entry of such a level can be. And the macros that rows of fields are made of.
 */
#ifndef ARCH_FORMATS_H
#define ARCH_FORMATS_H

#include "vmtrace/geometry.h"

/* Rows of fields: the highest bit, the lowest bit. */
#define VMT_FIELD(text, high, lowest, what, line) \
	{ \
		.name = (text), .low = (lowest), .bits = (high) - (lowest) + 1, \
		.kind = VMT_FIELD_##what, .meaning = (line) \
	}
#define VMT_FIELD_PHYSICAL(text, high, lowest, physical, line) \
	{ \
		.name = (text), .low = (lowest), .bits = (high) - (lowest) + 1, \
		.kind = VMT_FIELD_ADDRESS, .address_low = (physical), .meaning = (line) \
	}
#define VMT_BIT_SET(bit) \
	{ \
		UINT64_C(1) << (bit), UINT64_C(1) << (bit) \
	}
#define VMT_BIT_CLEAR(bit) \
	{ \
		UINT64_C(1) << (bit), 0 \
	}

typedef const struct vmt_entry_format *const vmt_format_list[];

/* x86-64 */
extern vmt_format_list vmt_formats_x86_top; /* PGD, P4D: tables only */
extern vmt_format_list vmt_formats_x86_pud;
extern vmt_format_list vmt_formats_x86_pmd;
extern vmt_format_list vmt_formats_x86_pte;
/* i386, without and with PAE */
extern vmt_format_list vmt_formats_i386_pgd;
extern vmt_format_list vmt_formats_i386_pte;
extern vmt_format_list vmt_formats_pae_pgd;
extern vmt_format_list vmt_formats_pae_pmd;
extern vmt_format_list vmt_formats_pae_pte;
/* arm with two levels: the MMU's, and Linux's own */
extern vmt_format_list vmt_formats_arm_l1;
extern vmt_format_list vmt_formats_arm_l2;
extern vmt_format_list vmt_formats_arm_linux;
extern vmt_format_list vmt_formats_lpae_pgd;
extern vmt_format_list vmt_formats_lpae_pmd;
extern vmt_format_list vmt_formats_lpae_pte;
/* aarch64: 48 bits of physical address; LPA (64K pages) and LPA2 (4K, 16K): 52 */
extern vmt_format_list vmt_formats_a64_4k_table;
extern vmt_format_list vmt_formats_a64_4k_1g;
extern vmt_format_list vmt_formats_a64_4k_2m;
extern vmt_format_list vmt_formats_a64_4k_page;
extern vmt_format_list vmt_formats_a64_16k_table;
extern vmt_format_list vmt_formats_a64_16k_32m;
extern vmt_format_list vmt_formats_a64_16k_page;
extern vmt_format_list vmt_formats_a64_64k_table;
extern vmt_format_list vmt_formats_a64_64k_512m;
extern vmt_format_list vmt_formats_a64_64k_page;
extern vmt_format_list vmt_formats_lpa2_4k_table;
extern vmt_format_list vmt_formats_lpa2_4k_512g;
extern vmt_format_list vmt_formats_lpa2_4k_1g;
extern vmt_format_list vmt_formats_lpa2_4k_2m;
extern vmt_format_list vmt_formats_lpa2_4k_page;
extern vmt_format_list vmt_formats_lpa2_16k_table;
extern vmt_format_list vmt_formats_lpa2_16k_64g;
extern vmt_format_list vmt_formats_lpa2_16k_32m;
extern vmt_format_list vmt_formats_lpa2_16k_page;
extern vmt_format_list vmt_formats_lpa_64k_4t;
extern vmt_format_list vmt_formats_lpa_64k_512m;
extern vmt_format_list vmt_formats_lpa_64k_page;
/* riscv64: the same at every level */
extern vmt_format_list vmt_formats_riscv;
extern vmt_format_list vmt_formats_riscv_pte;

#endif
