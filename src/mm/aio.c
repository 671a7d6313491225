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
#include "path.h"

enum {
	RING_HEADER_BYTES = 32,
	EVENT_BYTES = 32
};

static uint64_t ring_bytes(const struct vmt_space *space, uint64_t asked)
{
	uint64_t events = 2 * vmt_max_u64(asked, 4 * (uint64_t)space->possible_cpus) + 2;

	return vmt_page_up(space, RING_HEADER_BYTES + EVENT_BYTES * events);
}

static void remember_ring(struct vmt_space *space, uint64_t address, uint64_t bytes)
{
	const struct vmt_vma *vma = vmt_find_vma(space, address);
	struct vmt_ring ring = { .address = address, .bytes = bytes };

	if (vma)
		ring.description = vma->file.description;
	vmt_array_push(&space->rings, ring);
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
	VMT_PATH(space, AIO_SETUP_RING);

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
	if (!step->whole)
		remember_ring(space, event->words[0], request.length);
	/* The call returns 0; the address is what is predicted of it. */
	return address == request.result || !step->predicted ? 0 : address;
}

void vmt_aio_moved(struct vmt_space *space, const struct vmt_vma *ring, uint64_t address)
{
	for (size_t i = 0; i < space->rings.count; i++) {
		if (ring->file.description &&
		    space->rings.data[i].description == ring->file.description)
			space->rings.data[i].address = address;
	}
}

/*
 * lookup_ioctx() reads the context's number from the ring itself, in the target's memory. Where
 * something else is mapped by now, it reads that, and what it finds is open.
 */
static bool ring_in_place(const struct vmt_space *space, const struct vmt_ring *ring)
{
	const struct vmt_vma *vma = vmt_find_vma(space, ring->address);

	return vma && vmt_vma_start(vma) <= ring->address && vma->flags & VMT_VM_READ &&
	       vma->file.description == ring->description;
}

/* A context that the model knows nothing of, from before the trace began for one. */
static int64_t destroy_unknown(struct vmt_space *space, const struct vmt_event *event,
			       struct vmt_step *step)
{
	const struct vmt_vma *vma = vmt_find_vma(space, event->args[0]);

	step->predicted = event->failed;
	if (event->failed)
		return vmt_refuse(space, EINVAL, VMT_WHY_AIO_REFUSED);
	if (!vma || vmt_vma_start(vma) > event->args[0] ||
	    event->args[0] & (vmt_space_page(space) - 1)) {
		step->whole = true;
		return 0;
	}
	step->start = event->args[0];
	step->end = vmt_vma_end(vma);
	step->file_name = vma->file.name;
	(void)vmt_unmap_range(space, step->start, step->end);
	return 0;
}

/*
 * The context with this id. A ring that was unmapped by hand leaves its context behind, and a later
 * one can get the same address: the one whose ring is there comes first.
 */
static struct vmt_ring *find_ring(const struct vmt_space *space, uint64_t id)
{
	struct vmt_ring *found = NULL;

	for (size_t i = 0; i < space->rings.count; i++) {
		struct vmt_ring *ring = &space->rings.data[i];

		if (ring->address == id && (!found || ring_in_place(space, ring)))
			found = ring;
	}
	return found;
}

int64_t vmt_op_io_destroy(struct vmt_space *space, const struct vmt_event *event,
			  struct vmt_step *step)
{
	struct vmt_ring *ring = find_ring(space, event->args[0]);
	VMT_PATH(space, KILL_IOCTX);

	if (!ring)
		return destroy_unknown(space, event, step);
	step->predicted = ring_in_place(space, ring);
	step->start = ring->address;
	step->end = ring->address + ring->bytes;
	step->file_name = "/[aio] (deleted)";
	if (event->failed)
		return vmt_refuse(space, EINVAL, VMT_WHY_AIO_REFUSED);
	*ring = space->rings.data[--space->rings.count];
	/* vm_munmap() failures are not reported. */
	(void)vmt_unmap_range(space, step->start, step->end);
	return 0;
}
