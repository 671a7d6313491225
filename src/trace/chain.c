/* SPDX-License-Identifier: MIT */
/*
 * Callers by frame pointers: code that was compiled with them begins with "push bp; mov sp, bp",
 *
 *	sp -->  locals		bp --> | caller's bp | return address |  caller's locals
 *
 * so one frame leads to the next. Nothing says whether a function did so. What is found is marked as
 * guessed, and must look like a frame: above the last one, not far away, and its return address in
 * executable memory.
 *
 * The innermost function often has no frame of its own (a wrapper of the system call, in assembly),
 * and to go by bp would skip its caller. There the word on top of the stack is looked at: it is a
 * return address if a call instruction stands before it.
 *
 * i386. Programs enter the kernel from the vdso, which has pushed three registers, and pass the
 * sixth argument in ebp (__kernel_vsyscall, arch/x86/entry/vdso/vdso32/system_call.S):
 *
 *	sp --> | ebp | edx | ecx | return address in libc |  libc's saved registers | its caller ...
 *
 * so after mmap2() the frame pointer is one of the words that libc pushed. libunwind for this machine
 * does not know i386.
 */
#include <string.h>

#include "stack.h"

enum {
	FRAME_BYTES_MAX = 1 << 20, /* larger ones are not believed */
	STUB_WORDS = 128, /* how much libc's functions around the call may have pushed */
};

/* Whether a caller's frame can be at @bp when the stack below @sp is done with. */
static bool is_frame_pointer(const struct vmt_chain *chain, uint64_t sp, uint64_t bp)
{
	return bp >= sp && bp - sp <= FRAME_BYTES_MAX && bp % chain->word_bytes == 0;
}

/* The operation of an indirect call: ff /2 */
static bool is_indirect(const unsigned char *code)
{
	return code[0] == 0xff && (code[1] >> 3 & 7) == 2;
}

/*
 * Whether a call stands before @ip, by its length:
 *
 *	5  e8 and a distance		2 to 7  ff /2, by the form of its operand
 */
static bool is_after_call(struct vmt_walk *walk, uint64_t ip)
{
	unsigned char code[8]; /* the eight bytes before ip */
	uint64_t word;

	if (ip < sizeof(code) || !vmt_code_find(walk->map, walk->table, walk->remote, ip) ||
	    !vmt_remote_word(walk->remote, ip - sizeof(code), sizeof(code), &word))
		return false;
	memcpy(code, &word, sizeof(code));
	return code[3] == 0xe8 || is_indirect(code + 6) || is_indirect(code + 5) ||
	       is_indirect(code + 4) || is_indirect(code + 2) || is_indirect(code + 1);
}

static bool step_by_pointer(struct vmt_walk *walk, struct vmt_chain *chain)
{
	uint64_t bp = chain->bp;
	uint64_t next, ip;

	if (!bp) {
		walk->end = VMT_STACK_WHOLE;
		return false;
	}
	if (!is_frame_pointer(chain, chain->sp, bp) ||
	    !vmt_remote_word(walk->remote, bp, chain->word_bytes, &next) ||
	    !vmt_remote_word(walk->remote, bp + chain->word_bytes, chain->word_bytes, &ip)) {
		walk->end = VMT_STACK_LOST;
		return false;
	}
	if (!vmt_walk_add(walk, ip, true))
		return false;
	chain->ip = ip;
	chain->sp = bp + 2ULL * chain->word_bytes;
	chain->bp = next;
	return true;
}

bool vmt_chain_step(struct vmt_walk *walk, struct vmt_chain *chain)
{
	uint64_t ip;

	if (walk->count == 1 && vmt_remote_word(walk->remote, chain->sp, chain->word_bytes, &ip) &&
	    is_after_call(walk, ip)) {
		if (!vmt_walk_add(walk, ip, true))
			return false;
		chain->ip = ip;
		chain->sp += chain->word_bytes;
		return true;
	}
	return step_by_pointer(walk, chain);
}

static bool in_vdso(struct vmt_walk *walk, uint64_t ip)
{
	const struct vmt_code_spot *spot = vmt_code_find(walk->map, walk->table, walk->remote, ip);

	return spot && strcmp(spot->code.mapping->name, "[vdso]") == 0;
}

/* Out of the vdso, back to whoever entered the kernel through it. */
static bool leave_vdso(struct vmt_walk *walk, struct vmt_chain *chain)
{
	uint64_t bp, ip;

	if (!vmt_remote_word(walk->remote, chain->sp, 4, &bp) ||
	    !vmt_remote_word(walk->remote, chain->sp + 12, 4, &ip)) {
		walk->end = VMT_STACK_LOST;
		return false;
	}
	chain->sp += 16;
	chain->bp = bp;
	chain->ip = ip;
	return vmt_walk_add(walk, ip, false);
}

/* Whether @bp begins a chain of frames above @at: a stricter look, for a word found by chance. */
static bool is_chain(struct vmt_walk *walk, const struct vmt_chain *chain, uint64_t at, uint64_t bp)
{
	uint64_t next, ip;

	return bp > at && is_frame_pointer(chain, at, bp) &&
	       vmt_remote_word(walk->remote, bp, 4, &next) && (!next || next > bp) &&
	       vmt_remote_word(walk->remote, bp + 4, 4, &ip) && is_after_call(walk, ip);
}

static const struct vmt_mapping *object_of(struct vmt_walk *walk, uint64_t ip)
{
	const struct vmt_code_spot *spot = vmt_code_find(walk->map, walk->table, walk->remote, ip);

	return spot ? spot->code.mapping : NULL;
}

/*
 * Out of libc's stubs, which have no frame pointers of their own and use ebp as any register: through
 * the words on the stack, from one return address to the next, until one is in another object and
 * the chain above it is known. Its start is in ebp still, or was pushed on the way.
 */
static void leave_stubs(struct vmt_walk *walk, struct vmt_chain *chain)
{
	const struct vmt_mapping *object = object_of(walk, chain->ip);
	bool found = is_chain(walk, chain, chain->sp, chain->bp);

	for (unsigned i = 0; i < STUB_WORDS && (!found || chain->sp < chain->bp); i++) {
		uint64_t at = chain->sp;
		uint64_t word;

		if (!vmt_remote_word(walk->remote, at, 4, &word))
			return;
		chain->sp += 4;
		if (is_after_call(walk, word)) {
			if (!vmt_walk_add(walk, word, true))
				return;
			chain->ip = word;
			if (found && object_of(walk, word) != object)
				return;
		} else if (!found && is_chain(walk, chain, at, word)) {
			chain->bp = word;
			found = true;
		}
	}
}

void vmt_chain_i386(struct vmt_walk *walk, struct vmt_chain *chain)
{
	if (!vmt_walk_add(walk, chain->ip, false))
		return;
	if (in_vdso(walk, chain->ip) && !leave_vdso(walk, chain))
		return;
	leave_stubs(walk, chain);
	while (step_by_pointer(walk, chain))
		;
}
