/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory: do_shmat() and ksys_shmdt() (ipc/shm.c, 6.18). Each attach maps a clone of
 * the segment's file, so two attaches never merge; its VMAs have a close hook. shmdt takes every
 * piece that is left of the attach.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "edit.h"
#include "mmap.h"
#include "ops.h"
#include "path.h"

static int64_t attach_address(struct vmt_space *space, const struct vmt_event *event,
			      uint64_t *address, uint64_t *flags)
{
	uint64_t mask = vmt_space_page(space) - 1;
	uint64_t shm_flags = event->args[2];

	*address = event->args[1];
	*flags = MAP_SHARED;
	if ((int64_t)(int32_t)event->args[0] < 0)
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_SHM);
	if (!*address)
		return shm_flags & SHM_REMAP ? vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS) : 0;
	if (*address & mask) {
		if (!(shm_flags & SHM_RND))
			return vmt_refuse(space, EINVAL, VMT_WHY_ADDRESS_UNALIGNED);
		*address &= ~mask;
		if (!*address && shm_flags & SHM_REMAP)
			return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	}
	*flags |= MAP_FIXED;
	return 0;
}

/* Without SHM_REMAP the place must be free. */
static int refuse_occupied(struct vmt_space *space, uint64_t address, uint64_t size)
{
	const struct vmt_vma *vma = vmt_find_vma(space, address);

	if (address + size < address || !vma || vmt_vma_start(vma) >= address + size)
		return 0;
	vmt_why(space, VMT_WHY_NOREPLACE, vmt_vma_start(vma), vmt_vma_end(vma), 0, 0);
	return -EINVAL;
}

int64_t vmt_op_shmat(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	uint64_t shm_flags = event->args[2];
	struct vmt_file_facts file = event->file;
	struct vmt_map_request request = {
		.length = event->file.size_bytes,
		.prot = PROT_READ | (shm_flags & SHM_RDONLY ? 0 : PROT_WRITE) |
			(shm_flags & SHM_EXEC ? PROT_EXEC : 0),
		.file = &file,
		.compat = event->arch->word_bits == 32,
		.sysv = true,
		.failed = event->failed,
		.result = event->result,
	};
	VMT_PATH(space, DO_SHMAT);
	int64_t error = attach_address(space, event, &request.address, &request.flags);

	if (error)
		return error;
	if (!file.known && event->words_valid)
		return vmt_refuse(space, (int)event->words[0], VMT_WHY_BAD_SHM);
	if (!file.known) {
		/* One of another IPC namespace. */
		step->predicted = false;
		step->whole = !event->failed;
		if (!event->failed)
			step->reason = VMT_REASON_OTHER_PROCESS;
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_SHM);
	}
	/* Who may attach it is the kernel's to know. */
	if (event->failed && event->result == -EACCES) {
		step->predicted = false;
		return vmt_refuse(space, EACCES, VMT_WHY_BAD_SHM);
	}
	file.flags = shm_flags & SHM_RDONLY ? O_RDONLY : O_RDWR;
	file.description = 0;
	file.name = "/SYSV (deleted)";
	if (request.address && !(shm_flags & SHM_REMAP))
		error = refuse_occupied(space, request.address, request.length);
	return error ? error : vmt_do_mmap(space, &request, step);
}

int64_t vmt_op_shmdt(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	uint64_t address = event->args[0];
	struct vmt_vma *vma = vmt_find_vma(space, address);
	struct vmt_vma *next;
	uint64_t description;
	uint64_t size;
	VMT_PATH(space, KSYS_SHMDT);

	if (address & (vmt_space_page(space) - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_ADDRESS_UNALIGNED);
	for (; vma; vma = vmt_vma_next(vma)) {
		if (vma->file.sysv && vmt_pages(space, vmt_vma_start(vma) - address) == vma->pgoff)
			break;
	}
	if (!vma)
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_SHM);
	description = vma->file.description;
	size = vma->file.size_bytes;
	step->file_name = vma->file.name;
	step->start = vmt_vma_start(vma);
	do {
		/* The first piece goes even if it was moved beyond the segment's size. */
		next = vmt_vma_next(vma);
		if (vma->file.description == description &&
		    vmt_pages(space, vmt_vma_start(vma) - address) == vma->pgoff) {
			step->end = vmt_vma_end(vma);
			vmt_unmap_range(space, vmt_vma_start(vma), vmt_vma_end(vma));
		}
		vma = next;
	} while (vma && vmt_vma_end(vma) - address <= size);
	return 0;
}
