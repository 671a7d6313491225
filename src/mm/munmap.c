/* SPDX-License-Identifier: MIT */
/*
 * munmap: __vm_munmap() and do_vmi_align_munmap() (mm/vma.c, 6.18).
 */
#include <errno.h>

#include "edit.h"
#include "ops.h"
#include "path.h"

int64_t vmt_op_munmap(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	uint64_t start = event->args[0];
	uint64_t length = vmt_page_up(space, event->args[1]);
	const struct vmt_vma *vma;
	VMT_PATH(space, VM_MUNMAP);
	VMT_PATH(space, DO_MUNMAP);

	if (start & (vmt_space_page(space) - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_ADDRESS_UNALIGNED);
	if (start > space->task_size || event->args[1] > space->task_size - start)
		return vmt_refuse(space, EINVAL, VMT_WHY_BEYOND_TASK_SIZE);
	if (!length)
		return vmt_refuse(space, EINVAL, VMT_WHY_LENGTH_ZERO);
	step->start = start;
	step->end = start + length;
	vma = vmt_find_vma(space, start);
	if (vma && vmt_vma_start(vma) < step->end)
		step->file_name = vmt_vma_mapping(space, vma).name;
	else
		vmt_why(space, VMT_WHY_NOTHING_MAPPED, 0, 0, 0, 0);
	VMT_PATH(space, ALIGN_MUNMAP);
	return vmt_unmap_range(space, start, start + length);
}
