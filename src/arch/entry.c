/* SPDX-License-Identifier: MIT */
/*
 * entry: reading and making page-table entries from the descriptions of their bits.
 */
#include "vmtrace/arch.h"

static uint64_t low_mask(unsigned bits)
{
	return bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

uint64_t vmt_entry_field_value(const struct vmt_entry_field *field, uint64_t entry)
{
	return (entry >> field->low) & low_mask(field->bits);
}

uint64_t vmt_entry_address(const struct vmt_entry_format *format, uint64_t entry)
{
	uint64_t address = 0;

	for (const struct vmt_entry_field *field = format->fields; field->name; field++) {
		uint64_t value = vmt_entry_field_value(field, entry);

		if (field->kind != VMT_FIELD_ADDRESS)
			continue;
		if (field->inverted)
			value ^= low_mask(field->bits);
		address |= value << field->address_low;
	}
	return address;
}

uint64_t vmt_entry_address_mask(const struct vmt_entry_format *format)
{
	uint64_t mask = 0;

	for (const struct vmt_entry_field *field = format->fields; field->name; field++) {
		if (field->kind == VMT_FIELD_ADDRESS)
			mask |= low_mask(field->bits) << field->address_low;
	}
	return mask;
}

bool vmt_entry_has(const struct vmt_entry_format *format, uint64_t entry,
		   enum vmt_entry_attribute attribute)
{
	const struct vmt_entry_rule *rule = &format->rules[attribute];

	return rule->mask && (entry & rule->mask) == rule->set;
}

uint64_t vmt_entry_make(const struct vmt_entry_format *format, uint64_t address,
			unsigned attributes)
{
	uint64_t entry = format->base;

	for (const struct vmt_entry_field *field = format->fields; field->name; field++) {
		uint64_t value = (address >> field->address_low) & low_mask(field->bits);

		if (field->kind != VMT_FIELD_ADDRESS)
			continue;
		if (field->inverted)
			value ^= low_mask(field->bits);
		entry |= value << field->low;
	}
	for (unsigned i = 0; i < VMT_ENTRY_ATTRIBUTES; i++) {
		const struct vmt_entry_rule *rule = &format->rules[i];

		entry &= ~rule->mask;
		entry |= attributes & 1U << i ? rule->set : rule->set ^ rule->mask;
	}
	return entry;
}

const struct vmt_entry_format *vmt_level_format(const struct vmt_table_level *level, uint64_t entry)
{
	for (const struct vmt_entry_format *const *at = level->formats; at && *at; at++) {
		if ((entry & (*at)->match_mask) == (*at)->match_value)
			return *at;
	}
	return NULL;
}

/* Bits of Linux's entry and of the MMU's, as asm/pgtable-2level{,-hwdef}.h name them. */
enum {
	L_PTE_VALID = 1 << 0,
	L_PTE_YOUNG = 1 << 1,
	L_PTE_TEX0 = 1 << 4, /* the third bit of the memory type */
	L_PTE_DIRTY = 1 << 6,
	L_PTE_RDONLY = 1 << 7,
	L_PTE_USER = 1 << 8,
	L_PTE_XN = 1 << 9,
	L_PTE_NONE = 1 << 11,
	PTE_XN = 1 << 0,
	PTE_TYPE_SMALL = 2,
	PTE_TYPE_MASK = 3,
	PTE_AP0 = 1 << 4,
	PTE_AP1 = 1 << 5,
	PTE_TEX0 = 1 << 6,
	PTE_APX = 1 << 9,
	PTE_NG = 1 << 11,
	SAME_PLACE_NOT = 0x3f0 /* bits 9:4 mean something else there */
};

uint32_t vmt_entry_arm_hw(uint32_t linux_entry)
{
	uint32_t entry = linux_entry & ~(uint32_t)(SAME_PLACE_NOT | PTE_TYPE_MASK);

	if (!(linux_entry & L_PTE_VALID) || !(linux_entry & L_PTE_YOUNG) ||
	    linux_entry & L_PTE_NONE)
		return 0;
	entry |= PTE_AP0 | PTE_TYPE_SMALL | PTE_NG;
	if (linux_entry & L_PTE_TEX0)
		entry |= PTE_TEX0;
	/* A clean page is read-only to the MMU: the fault of the first write sets DIRTY. */
	if (linux_entry & L_PTE_RDONLY || !(linux_entry & L_PTE_DIRTY))
		entry |= PTE_APX;
	if (linux_entry & L_PTE_USER)
		entry |= PTE_AP1;
	if (linux_entry & L_PTE_XN)
		entry |= PTE_XN;
	return entry;
}
