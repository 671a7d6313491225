/* SPDX-License-Identifier: MIT */
/*
 * The seccomp program, run by an interpreter of the few instructions that it is made of, against
 * the tables that it was made from, those of watched calls too: every number, matching and other arguments, both x86
 * architectures and one that it does not know.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "filter.h"
#include "vmtrace/arch.h"
#include "vmtrace/base.h"
#include "watch.h"

enum {
	NUMBER_END = 1024, /* beyond every call number */
	X32_BIT = 0x40000000,
	INSTRUCTIONS_MAX = 32, /* that one call may cost */
};

struct machine {
	struct vmt_filter filter;
	bool placement; /* the calls that it needs are filtered too */
	unsigned steps; /* of the last run */
};

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	assert_int_equal(offset % sizeof(word), 0);
	assert_true(offset + sizeof(word) <= sizeof(*data));
	memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

static uint32_t run(struct machine *machine, const struct seccomp_data *data)
{
	size_t at = 0;
	uint32_t accumulator = 0;

	for (machine->steps = 1;; machine->steps++) {
		const struct sock_filter *i;
		bool outcome;

		assert_true(at < machine->filter.code.count);
		i = &machine->filter.code.data[at++];
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			accumulator = load(data, i->k);
			break;
		case BPF_RET | BPF_K:
			assert_int_equal(vmt_filter_run(machine->filter.code.data,
							machine->filter.code.count, data),
					 i->k);
			return i->k;
		case BPF_JMP | BPF_JA:
			at += i->k;
			break;
		case BPF_JMP | BPF_K | BPF_JEQ:
		case BPF_JMP | BPF_K | BPF_JGE:
		case BPF_JMP | BPF_K | BPF_JSET:
			outcome = BPF_OP(i->code) == BPF_JEQ   ? accumulator == i->k
				  : BPF_OP(i->code) == BPF_JGE ? accumulator >= i->k
							       : (accumulator & i->k) != 0;
			at += outcome ? i->jt : i->jf;
			break;
		default:
			fail_msg("instruction %#x", i->code);
		}
	}
}

static bool is_row(const struct vmt_call_row *row, const struct seccomp_data *data)
{
	uint32_t value = (uint32_t)data->args[row->match_arg];
	bool listed = false;

	if ((int)row->number != data->nr)
		return false;
	for (unsigned m = 0; m < row->match_count; m++)
		listed |= value == row->match[m];
	return listed || value & row->match_bits || (!row->match_count && !row->match_bits);
}

/* What the tables say, read one row after the other. */
static uint32_t expected(const struct machine *machine, const struct vmt_arch *arch,
			 const struct seccomp_data *data)
{
	size_t count;
	const struct vmt_watch_row *watched = vmt_watch_rows(arch, &count);
	bool traced = false;

	for (size_t i = 0; i < arch->call_count; i++)
		traced |= is_row(&arch->calls[i], data);
	for (size_t i = 0; i < count; i++)
		traced |= (machine->placement || !vmt_watch_is_placement(watched[i].watch)) &&
			  is_row(&watched[i].row, data);
	return traced ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW;
}

static void check(struct machine *machine, const struct vmt_arch *arch,
		  const struct seccomp_data *data)
{
	assert_int_equal(run(machine, data), expected(machine, arch, data));
	assert_true(machine->steps <= INSTRUCTIONS_MAX);
}

/* @low in each argument, with garbage above 32 bits too. */
static void check_value(struct machine *machine, const struct vmt_arch *arch, unsigned number,
			uint32_t low)
{
	for (unsigned argument = 0; argument < 6; argument++) {
		struct seccomp_data data = { .nr = (int)number, .arch = arch->audit_arch };

		data.args[argument] = low;
		check(machine, arch, &data);
		data.args[argument] = 0xdeadbeef00000000 | low;
		check(machine, arch, &data);
	}
}

/* Each value of @row and its neighbours, each bit of it and its neighbours. */
static void check_matches(struct machine *machine, const struct vmt_arch *arch,
			  const struct vmt_call_row *row)
{
	for (unsigned m = 0; m < row->match_count; m++) {
		for (int delta = -1; delta <= 1; delta++)
			check_value(machine, arch, row->number, row->match[m] + (uint32_t)delta);
	}
	for (unsigned bit = 0; row->match_bits && bit < 32; bit++)
		check_value(machine, arch, row->number, UINT32_C(1) << bit);
}

static void check_arch(struct machine *machine, const struct vmt_arch *arch)
{
	size_t traced = 0;
	size_t count;
	const struct vmt_watch_row *watched = vmt_watch_rows(arch, &count);

	for (int number = -1; number < NUMBER_END; number++) {
		struct seccomp_data data = { .nr = number, .arch = arch->audit_arch };

		check(machine, arch, &data);
		traced += run(machine, &data) == SECCOMP_RET_TRACE;
		data.nr = number | X32_BIT;
		assert_int_equal(run(machine, &data), SECCOMP_RET_ALLOW);
	}
	assert_true(traced >= 20);
	for (size_t i = 0; i < arch->call_count; i++)
		check_matches(machine, arch, &arch->calls[i]);
	for (size_t i = 0; i < count; i++)
		check_matches(machine, arch, &watched[i].row);
}

static void test_tables(void **state)
{
	(void)state;
	for (int placement = 0; placement < 2; placement++) {
		struct machine machine = { .placement = placement };

		vmt_filter_init(&machine.filter, vmt_arches, placement);
		check_arch(&machine, &vmt_arch_x86_64);
		check_arch(&machine, &vmt_arch_i386);
		vmt_filter_deinit(&machine.filter);
	}
}

static void test_other_arch(void **state)
{
	struct machine machine = { 0 };

	(void)state;
	vmt_filter_init(&machine.filter, vmt_arches, true);
	for (int number = 0; number < NUMBER_END; number++) {
		struct seccomp_data data = { .nr = number, .arch = AUDIT_ARCH_S390X };

		assert_int_equal(run(&machine, &data), SECCOMP_RET_ALLOW);
	}
	vmt_filter_deinit(&machine.filter);
}

/* Subtrees longer than the 8 bits of a comparison's jump. */
static void test_long_jumps(void **state)
{
	static const uint32_t values[] = { 3, 5, 7, 11, 13, 17, 19, 23, 29, 31 };
	struct vmt_call_row rows[200];
	struct vmt_arch arch = {
		.audit_arch = AUDIT_ARCH_S390X,
		.calls = rows,
		.call_count = vmt_countof(rows),
	};
	const struct vmt_arch *const arches[] = { &arch, &vmt_arch_x86_64, NULL };
	struct machine machine = { 0 };

	(void)state;
	for (unsigned i = 0; i < vmt_countof(rows); i++) {
		rows[i] = (struct vmt_call_row){ .number = 2 * i, .call = VMT_CALL_MMAP };
		if (i % 3 == 0) {
			rows[i].match_arg = i % 6;
			rows[i].match_count = vmt_countof(values);
			rows[i].match = values;
		}
	}
	vmt_filter_init(&machine.filter, arches, false);
	assert_true(machine.filter.code.count > 1024);
	check_arch(&machine, &arch);
	check_arch(&machine, &vmt_arch_x86_64);
	vmt_filter_deinit(&machine.filter);
}

static void test_no_arch(void **state)
{
	static const struct vmt_arch *const arches[] = { NULL };
	struct seccomp_data data = { .nr = 9, .arch = AUDIT_ARCH_X86_64 };
	struct machine machine = { 0 };

	(void)state;
	vmt_filter_init(&machine.filter, arches, false);
	assert_int_equal(run(&machine, &data), SECCOMP_RET_ALLOW);
	vmt_filter_deinit(&machine.filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_other_arch),
		cmocka_unit_test(test_long_jumps),
		cmocka_unit_test(test_no_arch),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
