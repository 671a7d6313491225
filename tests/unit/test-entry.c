/* SPDX-License-Identifier: MIT */
/*
 * test-entry: the fields of every entry format cover its bits exactly; what is made can be read
 * again; and some entries by hand, as a kernel writes them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmtrace/arch.h"

typedef void format_fn(const struct vmt_table_level *level, const struct vmt_entry_format *format);

static void each_of(const struct vmt_table_level *levels, unsigned count, format_fn *look)
{
	for (unsigned i = 0; i < count; i++) {
		for (const struct vmt_entry_format *const *at = levels[i].formats; at && *at; at++)
			look(&levels[i], *at);
	}
}

static void each_format(format_fn *look)
{
	for (const struct vmt_geometry *const *at = vmt_geometries; *at; at++) {
		each_of((*at)->levels, (*at)->level_count, look);
		each_of((*at)->hw_levels, (*at)->hw_level_count, look);
	}
}

static void check_fields(const struct vmt_table_level *level, const struct vmt_entry_format *format)
{
	unsigned next = format->bits; /* fields go down from here */
	uint64_t type_bits = 0;

	(void)level;
	assert_true(format->bits == 32 || format->bits == 64);
	for (const struct vmt_entry_field *field = format->fields; field->name; field++) {
		assert_true(field->bits > 0);
		assert_int_equal(field->low + field->bits, next);
		next = field->low;
		assert_true(strlen(field->meaning) > 0);
		assert_int_equal(strcmp(field->name, "-") == 0, field->kind == VMT_FIELD_FREE);
		if (field->kind == VMT_FIELD_TYPE)
			type_bits |= ((UINT64_C(1) << field->bits) - 1) << field->low;
	}
	assert_int_equal(next, 0);
	/* What tells formats apart is drawn so. */
	assert_int_equal(format->match_mask & ~type_bits, 0);
	assert_int_equal(format->match_value & ~format->match_mask, 0);
	assert_int_equal(format->base & format->match_mask, format->match_value);
}

static void check_rules(const struct vmt_table_level *level, const struct vmt_entry_format *format)
{
	(void)level;
	for (unsigned i = 0; i < VMT_ENTRY_ATTRIBUTES; i++) {
		const struct vmt_entry_rule *rule = &format->rules[i];
		unsigned found = 0;

		assert_int_equal(rule->mask & (rule->mask - 1), 0);
		assert_int_equal(rule->set & ~rule->mask, 0);
		for (unsigned k = 0; k < i && rule->mask; k++)
			assert_int_not_equal(rule->mask, format->rules[k].mask);
		for (const struct vmt_entry_field *field = format->fields; field->name; field++)
			found += field->bits == 1 && rule->mask == UINT64_C(1) << field->low &&
				 (field->kind == VMT_FIELD_FLAG ||
				  field->kind == VMT_FIELD_SOFTWARE);
		assert_int_equal(found, rule->mask != 0);
	}
}

static void check_target(const struct vmt_table_level *level, const struct vmt_entry_format *format)
{
	assert_int_equal(format->bits, level->entry_bytes * 8);
	if (format->target == VMT_TARGET_MEMORY) {
		unsigned shift = format->leaf_shift ? format->leaf_shift : level->shift;
		uint64_t mask = vmt_entry_address_mask(format);

		assert_true(level->leaf_possible);
		/* Every address of such a piece of memory fits, and nothing below its size, but on
		 * riscv, where all levels have one format. */
		assert_int_equal((mask >> shift) & 1, 1);
		if (strcmp(format->name, "leaf") != 0)
			assert_int_equal(mask & ((UINT64_C(1) << shift) - 1), 0);
	}
}

static void test_descriptions(void **state)
{
	(void)state;
	each_format(check_fields);
	each_format(check_rules);
	each_format(check_target);
}

/* All attributes that the format can say, of the bits in @wanted. */
static unsigned sayable(const struct vmt_entry_format *format, unsigned wanted)
{
	unsigned can = 0;

	for (unsigned i = 0; i < VMT_ENTRY_ATTRIBUTES; i++)
		can |= format->rules[i].mask ? 1U << i : 0;
	return wanted & can;
}

static unsigned attributes_of(const struct vmt_entry_format *format, uint64_t entry)
{
	unsigned attributes = 0;

	for (unsigned i = 0; i < VMT_ENTRY_ATTRIBUTES; i++)
		attributes |=
			vmt_entry_has(format, entry, (enum vmt_entry_attribute)i) ? 1U << i : 0;
	return attributes;
}

static void check_round_trip(const struct vmt_table_level *level,
			     const struct vmt_entry_format *format)
{
	static const uint64_t patterns[] = { 0, UINT64_MAX, 0x5a5a5a5a5a5a5a5a,
					     0x0123456789abcdef };

	for (size_t i = 0; i < vmt_countof(patterns); i++) {
		uint64_t address = patterns[i] & vmt_entry_address_mask(format);

		for (unsigned wanted = 0; wanted < 1U << VMT_ENTRY_ATTRIBUTES; wanted++) {
			uint64_t entry = vmt_entry_make(format, address, wanted);
			/* On riscv a leaf without a right is the entry of a table. */
			bool rights = wanted & (1U << VMT_ENTRY_READ | 1U << VMT_ENTRY_WRITE |
						1U << VMT_ENTRY_EXECUTE);

			assert_int_equal(vmt_entry_address(format, entry), address);
			assert_int_equal(attributes_of(format, entry), sayable(format, wanted));
			assert_true(format->bits == 64 || entry <= UINT32_MAX);
			if (rights || !format->rules[VMT_ENTRY_READ].mask)
				assert_ptr_equal(vmt_level_format(level, entry), format);
		}
	}
}

static void test_round_trip(void **state)
{
	(void)state;
	each_format(check_round_trip);
}

static const struct vmt_table_level *level_of(const char *geometry, unsigned index)
{
	return &vmt_geometry_by_name(geometry)->levels[index];
}

#define ATTRIBUTE(name) (1U << VMT_ENTRY_##name)

/* 8000 0001 2345 6867: NX, frame 0x123456, 867 = 1000 0110 0111: SOFT_DIRTY, D, A, US, RW, P */
static void test_x86_page(void **state)
{
	const uint64_t entry = 0x8000000123456867;
	const struct vmt_entry_format *format = vmt_level_format(level_of("x86_64-4", 3), entry);

	(void)state;
	assert_string_equal(format->name, "4 KiB page");
	assert_int_equal(vmt_entry_address(format, entry), 0x123456000);
	assert_int_equal(attributes_of(format, entry), ATTRIBUTE(WRITE) | ATTRIBUTE(USER) |
							       ATTRIBUTE(ACCESSED) |
							       ATTRIBUTE(DIRTY));
	/* the same, made, but for the bit that is Linux's own */
	assert_int_equal(vmt_entry_make(format, 0x123456000, attributes_of(format, entry)),
			 entry & ~UINT64_C(0x800));
}

static void test_x86_others(void **state)
{
	const struct vmt_table_level *pmd = level_of("x86_64-4", 2);
	const struct vmt_table_level *pte = level_of("x86_64-4", 3);
	const struct vmt_entry_format *format;

	(void)state;
	/* 8000 0000 4020 08e7: NX, PS: 2 MiB at 4020 0000 */
	format = vmt_level_format(pmd, 0x80000000402008e7);
	assert_string_equal(format->name, "2 MiB page");
	assert_int_equal(vmt_entry_address(format, 0x80000000402008e7), 0x40200000);
	assert_string_equal(vmt_level_format(pmd, 0x12345067)->name, "table");
	/* PROT_NONE: P 0, bit 8 set; the frame inverted: ~0x123456 in 40 bits is ff fffe dcba9 … */
	format = vmt_level_format(pte, 0x000ffffedcba9160);
	assert_string_equal(format->name, "PROT_NONE page");
	assert_int_equal(vmt_entry_address(format, 0x000ffffedcba9160), 0x123456000);
	assert_string_equal(vmt_level_format(pte, 0)->name, "swapped or empty");
	assert_null(vmt_level_format(pmd, 0));
}

/*
 * arm, a page at 8765 4000:
 *
 *	Linux		rw-, written	8765 4743	0111 0100 0011: SHARED XN USER DIRTY YOUNG VALID
 *			plus type 1111 (write-allocate), bits 5:2 = 3c
 *	MMU		8765 4000 | nG 800 | S 400 | TEX0 40 | AP1 20 | AP0 10 | C 8 | B 4 | small 2 | XN 1
 */
static void test_arm_page(void **state)
{
	const uint32_t written = 0x8765477f; /* 743 with the type */
	const struct vmt_geometry *arm = vmt_geometry_by_name("arm");
	const struct vmt_entry_format *format = vmt_level_format(&arm->levels[1], written);
	uint32_t hw = vmt_entry_arm_hw(written);

	(void)state;
	assert_string_equal(format->name, "Linux's entry of a page");
	assert_int_equal(attributes_of(format, written), ATTRIBUTE(WRITE) | ATTRIBUTE(USER) |
								 ATTRIBUTE(ACCESSED) |
								 ATTRIBUTE(DIRTY));
	assert_int_equal(hw, 0x87654c7f);
	format = vmt_level_format(&arm->hw_levels[1], hw);
	assert_string_equal(format->name, "4 KiB page");
	assert_int_equal(vmt_entry_address(format, hw), 0x87654000);
	assert_int_equal(attributes_of(format, hw), ATTRIBUTE(WRITE) | ATTRIBUTE(USER));
}

static void test_arm_derived(void **state)
{
	const uint32_t written = 0x8765477f;

	(void)state;
	/* not dirty: AP[2] is set, and the first write faults */
	assert_int_equal(vmt_entry_arm_hw(written & ~0x40U), 0x87654e7f);
	/* RDONLY */
	assert_int_equal(vmt_entry_arm_hw(written | 0x80U), 0x87654e7f);
	/* may be executed: XN is 0 */
	assert_int_equal(vmt_entry_arm_hw(written & ~0x200U), 0x87654c7e);
	/* not young, not valid, PROT_NONE: nothing that the MMU could use */
	assert_int_equal(vmt_entry_arm_hw(written & ~2U), 0);
	assert_int_equal(vmt_entry_arm_hw(written & ~1U), 0);
	assert_int_equal(vmt_entry_arm_hw(written | 0x800U), 0);
	/* not shared; memory type 1010: no TEX, C but no B */
	assert_int_equal(vmt_entry_arm_hw((written & ~0x43cU) | 2U << 2), 0x8765483b);
}

/* First level of arm: a table at 8123 4400 in domain 1; 1 MiB at 8120 0000; 16 MiB above 4 GiB. */
static void test_arm_first_level(void **state)
{
	const struct vmt_table_level *l1 = &vmt_geometry_by_name("arm")->hw_levels[0];
	const struct vmt_entry_format *format = vmt_level_format(l1, 0x81234421);

	(void)state;
	assert_string_equal(format->name, "table");
	assert_int_equal(vmt_entry_address(format, 0x81234421), 0x81234400);
	assert_int_equal(vmt_entry_make(format, 0x81234400, 0), 0x81234421);
	format = vmt_level_format(l1, 0x8121141e);
	assert_string_equal(format->name, "1 MiB section");
	assert_int_equal(vmt_entry_address(format, 0x8121141e), 0x81200000);
	format = vmt_level_format(l1, 0x82140402 | 3 << 5);
	assert_string_equal(format->name, "16 MiB supersection");
	assert_int_equal(vmt_entry_address(format, 0x82140402 | 3 << 5), 0x3182000000);
	assert_null(vmt_level_format(l1, 0));
}

static void test_52_bits(void **state)
{
	const struct vmt_entry_format *format;
	uint64_t entry;

	(void)state;
	/* f 0001 2345 6000: LPA2 keeps bits 51:50 in 9:8, and 49:48 in their own place */
	format = level_of("aarch64-4k-52", 4)->formats[0];
	entry = vmt_entry_make(format, 0xf000123456000, 0);
	assert_int_equal(entry & 0x0003fffffffff300, 0x0003000123456300);
	/* a 0001 2345 0000: LPA keeps bits 51:48 in 15:12 */
	format = level_of("aarch64-64k-52", 2)->formats[0];
	entry = vmt_entry_make(format, 0xa000123450000, 0);
	assert_int_equal(entry & 0x0000fffffffff000, 0x000012345a000);
}

/* riscv: frame 0x12345 stands from bit 10: 48d 1400; d7 = D A U W R V */
static void test_riscv(void **state)
{
	const struct vmt_table_level *level = level_of("riscv64-sv39", 1);
	const struct vmt_entry_format *format = vmt_level_format(level, 0x48d14d7);

	(void)state;
	assert_string_equal(format->name, "leaf");
	assert_int_equal(vmt_entry_address(format, 0x48d14d7), 0x12345000);
	assert_int_equal(attributes_of(format, 0x48d14d7),
			 ATTRIBUTE(READ) | ATTRIBUTE(WRITE) | ATTRIBUTE(USER) |
				 ATTRIBUTE(ACCESSED) | ATTRIBUTE(DIRTY));
	assert_string_equal(vmt_level_format(level, 0x48d1401)->name, "table");
	assert_null(vmt_level_format(level, 0x48d1400));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptions),    cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_x86_page),        cmocka_unit_test(test_x86_others),
		cmocka_unit_test(test_arm_page),        cmocka_unit_test(test_arm_derived),
		cmocka_unit_test(test_arm_first_level), cmocka_unit_test(test_52_bits),
		cmocka_unit_test(test_riscv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
