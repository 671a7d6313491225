/* SPDX-License-Identifier: MIT */
/*
 * io_setup and io_destroy: aio_setup_ring() and kill_ioctx() (fs/aio.c, 6.18). The ring is a shared
 * mapping of a file of its own; its address comes back through a pointer, as the context's id.
 *
 *	ring = 32 bytes of header + 32 bytes for each event
 *	events = 2 * max(asked, 4 * possible CPUs) + 2
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "edit.h"
#include "mmap.h"
#include "ops.h"

enum {
	RING_HEADER_BYTES = 32,
	EVENT_BYTES = 32
};

static uint64_t ring_bytes(const struct vmt_space *space, uint64_t asked)
{
	uint64_t events = 2 * vmt_max_u64(asked, 4 * (uint64_t)space->possible_cpus) + 2;

	return vmt_page_up(space, RING_HEADER_BYTES + EVENT_BYTES * events);
}

int64_t vmt_op_io_setup(struct vmt_space *space, const struct vmt_event *event,
			struct vmt_step *step)
{
	uint64_t asked = event->args[0] & UINT32_MAX;
	struct vmt_file_facts file = {
		.known = true,
		.flags = O_RDWR,
		.mode = S_IFREG,
		.noexec = true,
		.name = "/[aio] (deleted)",
	};
	struct vmt_map_request request = {
		.length = ring_bytes(space, asked),
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED,
		.file = &file,
		.compat = event->arch->word_bits == 32,
		.vm_flags = VMT_VM_DONTEXPAND,
		.failed = event->failed,
	};
	int64_t address;

	if (!asked)
		return vmt_refuse(space, EINVAL, VMT_WHY_LENGTH_ZERO);
	if (event->failed || event->words_valid < 1) {
		/* The context word, aio-max-nr and memory are the kernel's to know. */
		step->predicted = false;
		step->whole = !event->failed;
		return vmt_refuse(space, EAGAIN, VMT_WHY_AIO_REFUSED);
	}
	request.result = (int64_t)event->words[0];
	address = vmt_do_mmap(space, &request, step);
	if (address < 0)
		return address;
	/* The call returns 0; the address is what is predicted of it. */
	return address == request.result || !step->predicted ? 0 : address;
}

int64_t vmt_op_io_destroy(struct vmt_space *space, const struct vmt_event *event,
			  struct vmt_step *step)
{
	struct vmt_vma *vma = vmt_find_vma(space, event->args[0]);

	if (event->failed || !vma || vmt_vma_start(vma) != event->args[0]) {
		step->predicted = false;
		step->whole = !event->failed;
		return vmt_refuse(space, EINVAL, VMT_WHY_AIO_REFUSED);
	}
	step->start = vmt_vma_start(vma);
	step->end = vmt_vma_end(vma);
	step->file_name = vma->file.name;
	/* vm_munmap() failures are not reported. */
	(void)vmt_unmap_range(space, step->start, step->end);
	return 0;
}
