/* SPDX-License-Identifier: MIT */
/*
 * remap_file_pages: since 4.0 a MAP_FIXED mmap of the same file at another offset
 * (SYSCALL_DEFINE5(remap_file_pages) in mm/mmap.c, 6.18).
 *
 *	[  file, offset 0        ]   =>   [ offset 0 ][ offset n ][ offset 2 ]
 *	           [start .. size)
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "edit.h"
#include "history.h"
#include "ops.h"

static const uint64_t kept_flags = VMT_VM_ACCESS | VMT_VM_SHARED | VMT_VM_MAYREAD |
				   VMT_VM_MAYWRITE | VMT_VM_MAYEXEC | VMT_VM_MAYSHARE |
				   VMT_VM_LOCKED | VMT_VM_DONTEXPAND; /* the last is the driver's */

/* The whole range must be one file's, without holes and with equal flags. */
static bool uniform(const struct vmt_vma *vma, uint64_t end)
{
	const struct vmt_vma *at = vma;

	while (vmt_vma_end(at) < end) {
		const struct vmt_vma *next = vmt_vma_next(at);

		if (!next || vmt_vma_start(next) != vmt_vma_end(at) ||
		    next->file.description != vma->file.description || next->flags != vma->flags)
			return false;
		at = next;
	}
	return true;
}

int64_t vmt_op_remap_file_pages(struct vmt_space *space, const struct vmt_event *event,
				struct vmt_step *step)
{
	uint64_t start = vmt_page_down(space, event->args[0]);
	uint64_t size = vmt_page_down(space, event->args[1]);
	uint64_t pgoff = event->args[3];
	struct vmt_vma *vma = vmt_find_vma(space, start);
	struct vmt_vma proposed;
	int error;

	if (event->args[2])
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_PROT);
	if (start + size <= start || pgoff + vmt_pages(space, size) < pgoff)
		return vmt_refuse(space, EINVAL, VMT_WHY_LENGTH_WRAPS);
	if (!vma || vmt_vma_start(vma) > start || !(vma->flags & VMT_VM_SHARED) ||
	    !vma->file.description || !uniform(vma, start + size))
		return vmt_refuse(space, EINVAL, VMT_WHY_NOT_ONE_FILE);
	step->start = start;
	step->end = start + size;
	step->file_name = vma->file.name;
	/* do_mmap() with the old access rights; what madvise had set is not carried over. */
	proposed = vmt_vma_template((vma->flags & kept_flags) | space->default_flags);
	if (space->rights.personality & VMT_READ_IMPLIES_EXEC && vma->flags & VMT_VM_READ &&
	    vma->flags & VMT_VM_MAYEXEC)
		proposed.flags |= VMT_VM_EXEC;
	/* mmap_region() asks before it unmaps what is there. */
	if (vmt_deny_write_exec(space, proposed.flags, proposed.flags))
		return vmt_refuse(space, EACCES, VMT_WHY_MDWE);
	if (event->failed) {
		step->predicted = false;
		/* The last attach of a removed segment: it went when its place was cleared. */
		if (vma->file.sysv)
			(void)vmt_unmap_range(space, start, start + size);
		return 0;
	}
	proposed.file = vma->file;
	proposed.close_hook = vma->close_hook;
	proposed.pgoff = pgoff;
	error = vmt_unmap_range(space, start, start + size);
	if (error)
		return error;
	vmt_history_drop(space, start, start + size);
	vmt_map_new_range(space, start, start + size, &proposed, VMT_MERGE_BOTH_SIDES);
	return 0;
}
