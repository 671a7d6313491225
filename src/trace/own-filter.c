/* SPDX-License-Identifier: MIT */
/*
 * Would the target's own seccomp filters have answered a call in the kernel's place? Root may read them
 * (PTRACE_SECCOMP_GET_FILTER); then each is run over what it was given, as seccomp_run_filters() does
 * (kernel/seccomp.c, 6.18): of all answers the one that allows least counts.
 *
 * A filter is classic BPF (net/core/filter.c), of the instructions that seccomp_check_filter() lets pass.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "tracer.h"

enum {
	FILTERS_MAX = 64,
};

struct machine {
	const struct seccomp_data *data;
	uint32_t a;
	uint32_t x;
	uint32_t memory[BPF_MEMWORDS];
};

static uint32_t operand(const struct machine *machine, const struct sock_filter *at)
{
	return BPF_SRC(at->code) == BPF_X ? machine->x : at->k;
}

/* A word of memory that the program names; the kernel has checked that there is one. */
static uint32_t *word(struct machine *machine, uint32_t k)
{
	return &machine->memory[k % BPF_MEMWORDS];
}

static uint32_t load(struct machine *machine, const struct sock_filter *at)
{
	uint32_t value = 0;

	switch (BPF_MODE(at->code)) {
	case BPF_ABS:
		if (at->k <= sizeof(*machine->data) - sizeof(value))
			memcpy(&value, (const char *)machine->data + at->k, sizeof(value));
		return value;
	case BPF_LEN:
		return sizeof(*machine->data);
	case BPF_MEM:
		return *word(machine, at->k);
	default: /* BPF_IMM */
		return at->k;
	}
}

static uint32_t compute(const struct machine *machine, const struct sock_filter *at)
{
	uint32_t a = machine->a;
	uint32_t b = operand(machine, at);

	switch (BPF_OP(at->code)) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0;
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return b < 32 ? a << b : 0;
	case BPF_RSH:
		return b < 32 ? a >> b : 0;
	default: /* BPF_NEG */
		return -a;
	}
}

/* How many instructions the jump leaves out. */
static size_t jump(const struct machine *machine, const struct sock_filter *at)
{
	uint32_t b = operand(machine, at);
	bool taken;

	switch (BPF_OP(at->code)) {
	case BPF_JA:
		return at->k;
	case BPF_JEQ:
		taken = machine->a == b;
		break;
	case BPF_JGT:
		taken = machine->a > b;
		break;
	case BPF_JGE:
		taken = machine->a >= b;
		break;
	default: /* BPF_JSET */
		taken = machine->a & b;
	}
	return taken ? at->jt : at->jf;
}

uint32_t vmt_filter_run(const struct sock_filter *program, size_t count,
			const struct seccomp_data *data)
{
	struct machine machine = { .data = data };

	for (size_t i = 0; i < count; i++) {
		const struct sock_filter *at = &program[i];

		switch (BPF_CLASS(at->code)) {
		case BPF_LD:
			machine.a = load(&machine, at);
			break;
		case BPF_LDX:
			machine.x = load(&machine, at);
			break;
		case BPF_ST:
			*word(&machine, at->k) = machine.a;
			break;
		case BPF_STX:
			*word(&machine, at->k) = machine.x;
			break;
		case BPF_ALU:
			machine.a = compute(&machine, at);
			break;
		case BPF_JMP:
			i += jump(&machine, at);
			break;
		case BPF_RET:
			return BPF_RVAL(at->code) == BPF_A ? machine.a : at->k;
		default: /* BPF_MISC */
			if (BPF_MISCOP(at->code) == BPF_TAX)
				machine.x = machine.a;
			else
				machine.a = machine.x;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

/* The answer of the filter number @index, 0 the last one that was installed; -errno if it cannot be read. */
static long ask(pid_t tid, unsigned index, const struct seccomp_data *data, uint32_t *ret_answer)
{
	struct sock_filter *program;
	long count = ptrace(PTRACE_SECCOMP_GET_FILTER, tid, (void *)(uintptr_t)index, NULL);

	if (count <= 0)
		return count < 0 ? -errno : -EINVAL;
	program = vmt_calloc((size_t)count, sizeof(*program));
	if (ptrace(PTRACE_SECCOMP_GET_FILTER, tid, (void *)(uintptr_t)index, program) != count)
		count = -EINVAL;
	else
		*ret_answer = vmt_filter_run(program, (size_t)count, data);
	free(program);
	return count;
}

/* Is what was asked of the kernel what the event says? ipc and old_mmap hand their arguments on. */
static bool is_as_asked(const struct vmt_event *event)
{
	return event->call != VMT_CALL_OLD_MMAP &&
	       !(event->arch->word_bits == 32 &&
		 (event->call == VMT_CALL_SHMAT || event->call == VMT_CALL_SHMDT));
}

static int32_t action_of(uint32_t answer)
{
	return (int32_t)(answer & SECCOMP_RET_ACTION_FULL);
}

/* Does the filters' answer keep the kernel from the call, with this result? */
static bool is_answer(uint32_t answer, int64_t result)
{
	switch (answer & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ERRNO:
		return result == -(int64_t)(answer & SECCOMP_RET_DATA);
	case SECCOMP_RET_TRACE: /* where no tracer hears of it */
		return result == -ENOSYS;
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
		return false;
	default: /* a trap, the end, a supervisor */
		return true;
	}
}

enum vmt_answer vmt_proc_filters_answer(const struct vmt_event *event)
{
	struct seccomp_data data = {
		.nr = (int)event->number,
		.arch = event->arch->audit_arch,
		.instruction_pointer = event->ip,
	};
	uint32_t least = SECCOMP_RET_ALLOW;
	long result = 0;

	if (!is_as_asked(event))
		return VMT_ANSWER_UNKNOWN;
	for (size_t i = 0; i < vmt_countof(event->args); i++)
		data.args[i] = event->args[i];
	for (unsigned i = 0; i < FILTERS_MAX && result >= 0; i++) {
		uint32_t answer = SECCOMP_RET_ALLOW;

		result = ask(event->tid, i, &data, &answer);
		if (result > 0 && action_of(answer) < action_of(least))
			least = answer;
	}
	if (result != -ENOENT)
		return VMT_ANSWER_UNKNOWN;
	return is_answer(least, event->result) ? VMT_ANSWER_THEIRS : VMT_ANSWER_KERNELS;
}
