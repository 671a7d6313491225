/* SPDX-License-Identifier: MIT */
/*
 * The seccomp program: stop (SECCOMP_RET_TRACE) at the calls of the architectures' tables and at
 * the watched ones (watch.c), let every other run at full speed. struct seccomp_data is what it looks at; the architecture is
 * tested first, because a call number means nothing without it. Numbers are then searched in a
 * balanced tree, each node one comparison:
 *
 *	arch == x86_64 ?  --no-->  arch == i386 ?  --no-->  allow
 *	   | yes                      | yes
 *	number >= x32 bit -> allow    tree of i386
 *	number >= 30 ?
 *	   | no         \ yes
 *	number >= 11 ?   number >= 216 ?  ...
 *	   ...
 *	number == 9 ?  -yes->  trace          (or compare one argument, then trace)
 *	   | no
 *	 allow
 *
 * Jumps are forward and relative; those of a comparison have 8 bits, so where a subtree is longer
 * an unconditional jump, which has 32, is put in front of it. Where the answer depends on nothing
 * but architecture and number, Linux 5.11 and later keep it in a bitmap and do not run the program
 * at all for an allowed call (seccomp_cache_prepare() of kernel/seccomp.c).
 */
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "filter.h"
#include "watch.h"

enum {
	/* x32 calls come with AUDIT_ARCH_X86_64 and this bit set; no other architecture's do. */
	X32_SYSCALL_BIT = 0x40000000,
	JUMP_MAX = 255,
};

static void emit(struct vmt_filter *filter, uint16_t code, uint32_t k, size_t jt, size_t jf)
{
	struct sock_filter instruction = {
		.code = code,
		.jt = (uint8_t)jt,
		.jf = (uint8_t)jf,
		.k = k,
	};

	assert(jt <= JUMP_MAX && jf <= JUMP_MAX);
	vmt_array_push(&filter->code, instruction);
}

static void emit_load(struct vmt_filter *filter, size_t offset)
{
	emit(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct vmt_filter *filter, uint32_t action)
{
	emit(filter, BPF_RET | BPF_K, action, 0, 0);
}

/* Room for a comparison whose jump over what follows is not known yet: its index. */
static size_t emit_branch(struct vmt_filter *filter, uint16_t test, uint32_t k)
{
	emit(filter, BPF_JMP | BPF_K | test, k, 0, 0);
	return filter->code.count - 1;
}

/*
 * Lets the comparison at @branch jump over everything that was emitted since, when its test is
 * @outcome; else it falls through.
 */
static void close_branch(struct vmt_filter *filter, size_t branch, bool outcome)
{
	size_t length = filter->code.count - branch - 1;
	struct sock_filter *at;

	if (length <= JUMP_MAX) {
		at = &filter->code.data[branch];
		if (outcome)
			at->jt = (uint8_t)length;
		else
			at->jf = (uint8_t)length;
		return;
	}
	/* test; [jump over the block]; block. What is inside the block is relative and may move. */
	emit(filter, BPF_JMP | BPF_JA, 0, 0, 0);
	at = &filter->code.data[branch];
	memmove(at + 2, at + 1, length * sizeof(*at));
	at[1] = (struct sock_filter){ .code = BPF_JMP | BPF_JA, .k = (uint32_t)length };
	if (outcome)
		at->jf = 1;
	else
		at->jt = 1;
}

/* The low 32 bits of an argument. */
static size_t argument_offset(unsigned argument)
{
	size_t offset = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);

	return __BYTE_ORDER == __BIG_ENDIAN ? offset + sizeof(uint32_t) : offset;
}

/* The calls of one number. */
struct numbered {
	unsigned number;
	struct vmt_call_row rows[3];
	size_t count;
};

typedef VMT_ARRAY(struct numbered) numbered_array;

/* Traces if one of the values of the row's argument is met; else falls through. */
static void emit_match(struct vmt_filter *filter, const struct vmt_call_row *row)
{
	size_t other;

	emit_load(filter, argument_offset(row->match_arg));
	for (unsigned i = 0; i < row->match_count; i++) {
		other = emit_branch(filter, BPF_JEQ, row->match[i]);
		emit_return(filter, SECCOMP_RET_TRACE);
		close_branch(filter, other, false);
	}
	if (row->match_bits) {
		other = emit_branch(filter, BPF_JSET, row->match_bits);
		emit_return(filter, SECCOMP_RET_TRACE);
		close_branch(filter, other, false);
	}
}

/* Decides about one number; the call's own is in the accumulator and may be another. */
static void emit_number(struct vmt_filter *filter, const struct numbered *numbered)
{
	size_t branch = emit_branch(filter, BPF_JEQ, numbered->number);
	bool always = false;

	for (size_t i = 0; i < numbered->count; i++)
		always |= !numbered->rows[i].match_count && !numbered->rows[i].match_bits;
	for (size_t i = 0; i < numbered->count && !always; i++)
		emit_match(filter, &numbered->rows[i]);
	emit_return(filter, always ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW);
	close_branch(filter, branch, false);
	emit_return(filter, SECCOMP_RET_ALLOW);
}

static void emit_tree(struct vmt_filter *filter, const struct numbered *numbers, size_t count)
{
	size_t middle = count / 2;
	size_t branch;

	if (count == 0) {
		emit_return(filter, SECCOMP_RET_ALLOW);
		return;
	}
	if (count == 1) {
		emit_number(filter, numbers);
		return;
	}
	branch = emit_branch(filter, BPF_JGE, numbers[middle].number);
	emit_tree(filter, numbers, middle);
	close_branch(filter, branch, true);
	emit_tree(filter, numbers + middle, count - middle);
}

/* Rows come sorted by number. */
static void add_row(numbered_array *numbers, const struct vmt_call_row *row)
{
	struct numbered *last = numbers->count ? &numbers->data[numbers->count - 1] : NULL;

	if (!last || last->number != row->number) {
		struct numbered fresh = { .number = row->number };

		vmt_array_push(numbers, fresh);
		last = &numbers->data[numbers->count - 1];
	}
	assert(last->count < vmt_countof(last->rows));
	last->rows[last->count++] = *row;
}

/* Two sorted tables as one. */
static void emit_calls(struct vmt_filter *filter, const struct vmt_arch *arch, bool placement)
{
	numbered_array numbers = { 0 };
	size_t watched_count;
	const struct vmt_watch_row *watched = vmt_watch_rows(arch, &watched_count);
	size_t call = 0;
	size_t watch = 0;

	while (call < arch->call_count || watch < watched_count) {
		if (watch == watched_count ||
		    (call < arch->call_count &&
		     arch->calls[call].number <= watched[watch].row.number)) {
			add_row(&numbers, &arch->calls[call++]);
			continue;
		}
		if (placement || !vmt_watch_is_placement(watched[watch].watch))
			add_row(&numbers, &watched[watch].row);
		watch++;
	}
	emit_tree(filter, numbers.data, numbers.count);
	vmt_array_deinit(&numbers);
}

void vmt_filter_init(struct vmt_filter *filter, const struct vmt_arch *const *arches,
		     bool placement)
{
	*filter = (struct vmt_filter){ 0 };
	emit_load(filter, offsetof(struct seccomp_data, arch));
	for (; *arches; arches++) {
		size_t other = emit_branch(filter, BPF_JEQ, (*arches)->audit_arch);
		size_t x32;

		emit_load(filter, offsetof(struct seccomp_data, nr));
		x32 = emit_branch(filter, BPF_JGE, X32_SYSCALL_BIT);
		emit_return(filter, SECCOMP_RET_ALLOW);
		close_branch(filter, x32, false);
		emit_calls(filter, *arches, placement);
		close_branch(filter, other, false);
	}
	emit_return(filter, SECCOMP_RET_ALLOW);
	assert(filter->code.count <= BPF_MAXINSNS);
}

void vmt_filter_deinit(struct vmt_filter *filter)
{
	vmt_array_deinit(&filter->code);
}

static int set_filter(const struct sock_fprog *program)
{
	/* Kernels before 5.16 would otherwise slow the target down against Spectre v4. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
		    program) == 0)
		return 0;
	if (errno == EINVAL && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) == 0)
		return 0;
	return -errno;
}

int vmt_filter_install(const struct vmt_filter *filter)
{
	struct sock_fprog program = {
		.len = (unsigned short)filter->code.count,
		.filter = filter->code.data,
	};
	int err = set_filter(&program);

	if (err != -EACCES)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return set_filter(&program);
}
