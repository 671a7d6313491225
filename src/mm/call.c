/* SPDX-License-Identifier: MIT */
/*
 * From a call to the function that models it, and the range that a call without one is about.
 */
#include "history.h"
#include "ops.h"
#include "path.h"

static vmt_op *const operations[VMT_CALL_COUNT] = {
	[VMT_CALL_MMAP] = vmt_op_mmap,
	[VMT_CALL_MMAP2] = vmt_op_mmap,
	[VMT_CALL_OLD_MMAP] = vmt_op_mmap,
	[VMT_CALL_MUNMAP] = vmt_op_munmap,
	[VMT_CALL_MPROTECT] = vmt_op_mprotect,
	[VMT_CALL_PKEY_MPROTECT] = vmt_op_mprotect,
	[VMT_CALL_PKEY_ALLOC] = vmt_op_pkey_alloc,
	[VMT_CALL_PKEY_FREE] = vmt_op_pkey_free,
	[VMT_CALL_BRK] = vmt_op_brk,
	[VMT_CALL_MREMAP] = vmt_op_mremap,
	[VMT_CALL_MADVISE] = vmt_op_madvise,
	[VMT_CALL_PROCESS_MADVISE] = vmt_op_process_madvise,
	[VMT_CALL_MLOCK] = vmt_op_mlock,
	[VMT_CALL_MLOCK2] = vmt_op_mlock,
	[VMT_CALL_MUNLOCK] = vmt_op_mlock,
	[VMT_CALL_MLOCKALL] = vmt_op_mlockall,
	[VMT_CALL_MUNLOCKALL] = vmt_op_mlockall,
	[VMT_CALL_MSEAL] = vmt_op_mseal,
	[VMT_CALL_MBIND] = vmt_op_mbind,
	[VMT_CALL_REMAP_FILE_PAGES] = vmt_op_remap_file_pages,
	[VMT_CALL_SHMAT] = vmt_op_shmat,
	[VMT_CALL_SHMDT] = vmt_op_shmdt,
	[VMT_CALL_IO_SETUP] = vmt_op_io_setup,
	[VMT_CALL_IO_DESTROY] = vmt_op_io_destroy,
	[VMT_CALL_MAP_SHADOW_STACK] = vmt_op_map_shadow_stack,
	[VMT_CALL_IOCTL] = vmt_op_ioctl,
	[VMT_CALL_PRCTL] = vmt_op_prctl,
	[VMT_CALL_ARCH_PRCTL] = vmt_op_arch_prctl,
	[VMT_CALL_PERSONALITY] = vmt_op_personality,
	[VMT_CALL_EXECVE] = vmt_op_execve,
	[VMT_CALL_EXECVEAT] = vmt_op_execve,
	[VMT_CALL_SETRLIMIT] = vmt_op_rlimit,
	[VMT_CALL_PRLIMIT64] = vmt_op_rlimit,
};

/* Calls that only point into a mapping: where to. */
static bool points_to(const struct vmt_event *event, uint64_t *ret_address)
{
	switch (event->call) {
	case VMT_CALL_SET_TID_ADDRESS:
	case VMT_CALL_SET_ROBUST_LIST:
	case VMT_CALL_RSEQ:
		*ret_address = event->args[0];
		return true;
	case VMT_CALL_SET_THREAD_AREA:
		/* struct user_desc says where; it lies on the stack itself, most often. */
		*ret_address = event->words_valid ? event->words[0] : event->args[0];
		return true;
	case VMT_CALL_ARCH_PRCTL:
		*ret_address = event->args[1];
		return event->args[0] == VMT_ARCH_SET_FS || event->args[0] == VMT_ARCH_SET_GS;
	default:
		return false;
	}
}

/* The address range in a call's first address and size arguments. */
static void range_of_arguments(const struct vmt_space *space, const struct vmt_event *event,
			       struct vmt_step *step)
{
	const struct vmt_call_info *info = vmt_call_info(event->call);
	bool has_start = false;
	uint64_t start = 0;

	for (unsigned i = 0; i < info->arg_count; i++) {
		if (info->args[i].kind == VMT_ARG_ADDRESS && !has_start) {
			start = vmt_page_down(space, event->args[i]);
			has_start = true;
		} else if (info->args[i].kind == VMT_ARG_SIZE && has_start) {
			uint64_t end = vmt_page_up(space, event->args[i]) + start;

			if (end > start) {
				step->start = start;
				step->end = end;
			}
			return;
		}
	}
}

void vmt_space_call(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	const struct vmt_call_info *info = vmt_call_info(event->call);
	vmt_op *operation = operations[event->call];
	uint64_t address;

	step->cause = VMT_CAUSE_CALL;
	step->event = event;
	step->pid = event->pid;
	step->tid = event->tid;
	step->time_ns = event->time_ns;
	/* A task of another space keeps its rights to itself. */
	if (event->rights_known && !event->target_space)
		space->rights = event->rights;
	if (points_to(event, &address)) {
		step->start = step->end = address;
		if (!event->failed)
			vmt_history_point(space, address, step->number);
		step->predicted = true;
		step->expected = event->result;
		return;
	}
	if (operation) {
		VMT_CLEANUP(vmt_path_leave)
		struct vmt_path_scope path __attribute__((unused)) = vmt_path_call(space, event);

		step->predicted = true;
		step->expected = operation(space, event, step);
		/* After a failure that was not foreseen, anything in the range may have changed. */
		if (event->failed && step->start == step->end)
			range_of_arguments(space, event, step);
		return;
	}
	if (!info->layout) {
		step->predicted = true;
		step->expected = event->result;
		return;
	}
	range_of_arguments(space, event, step);
	step->whole = step->start == step->end;
	step->reason = VMT_REASON_NOT_MODELLED;
}
