/* SPDX-License-Identifier: MIT */
/*
 * map_shadow_stack: SYSCALL_DEFINE3(map_shadow_stack) and alloc_shstk() (arch/x86/kernel/shstk.c,
 * 6.18). Whether the processor and the kernel have user shadow stacks is theirs to know: a refusal
 * for want of them is not predicted.
 */
#include <errno.h>
#include <sys/mman.h>

#include "mmap.h"
#include "ops.h"

enum {
	FLAG_TOKEN = 1 /* SHADOW_STACK_SET_TOKEN */,
	ENTRY_BYTES = 8
};

static const uint64_t four_gib = 1ULL << 32;

int64_t vmt_op_map_shadow_stack(struct vmt_space *space, const struct vmt_event *event,
				struct vmt_step *step)
{
	uint64_t address = event->args[0];
	struct vmt_map_request request = {
		.address = address,
		.length = event->args[1],
		.prot = PROT_READ,
		.flags = MAP_ANONYMOUS | MAP_PRIVATE | VMT_MAP_ABOVE4G |
			 (address ? MAP_FIXED_NOREPLACE : 0),
		.vm_flags = VMT_VM_SHADOW_STACK | VMT_VM_WRITE,
		.failed = event->failed,
		.result = event->result,
	};

	if (event->failed && (event->result == -EOPNOTSUPP || event->result == -ENOSYS)) {
		step->predicted = false;
		return vmt_refuse(space, (int)-event->result, VMT_WHY_NO_SHADOW_STACK);
	}
	if (event->args[2] & ~(uint64_t)FLAG_TOKEN)
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	if (event->args[2] & FLAG_TOKEN && event->args[1] % ENTRY_BYTES)
		return vmt_refuse(space, EINVAL, VMT_WHY_LENGTH_UNALIGNED);
	if (address && address < four_gib) {
		vmt_why(space, VMT_WHY_BELOW_MIN, address, four_gib, 0, 0);
		return -ERANGE;
	}
	return vmt_do_mmap(space, &request, step);
}
