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

/* ioctx_add_table(): the lowest number that no context has. */
static uint64_t free_number(const struct vmt_space *space)
{
	uint64_t number = 0;

	for (size_t i = 0; i < space->rings.count; i++) {
		if (space->rings.data[i].number == number) {
			number++;
			i = (size_t)-1;
		}
	}
	return number;
}

static void remember_ring(struct vmt_space *space, uint64_t address, uint64_t bytes)
{
	struct vmt_vma *vma = vmt_find_vma(space, address);
	struct vmt_ring ring = {
		.number = free_number(space),
		.address = address,
		.bytes = bytes,
	};

	if (vma) {
		ring.description = vma->file.description;
		vma->file.aio = true;
	}
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
		.size_bytes = ring_bytes(space, asked),
		.noexec = true,
		.name = "/[aio] (deleted)",
	};
	struct vmt_map_request request = {
		.length = ring_bytes(space, asked),
		.prot = PROT_READ | PROT_WRITE,
		.flags = MAP_SHARED,
		.file = &file,
		.compat = event->arch->word_bits == 32,
		.vm_flags =
			VMT_VM_DONTEXPAND | (space->features.ring_not_copied ? VMT_VM_DONTCOPY : 0),
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

/* The context whose ring is mapped by @vma. */
static struct vmt_ring *ring_of(const struct vmt_space *space, const struct vmt_vma *vma)
{
	for (size_t i = 0; i < space->rings.count; i++) {
		if (space->rings.data[i].description == vma->file.description)
			return &space->rings.data[i];
	}
	return NULL;
}

bool vmt_aio_may_move(const struct vmt_space *space, const struct vmt_vma *vma)
{
	return !vma->file.aio || ring_of(space, vma);
}

void vmt_aio_moved(struct vmt_space *space, const struct vmt_vma *vma, uint64_t address)
{
	struct vmt_ring *ring = vma->file.aio ? ring_of(space, vma) : NULL;

	if (ring)
		ring->address = address;
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
 * lookup_ioctx(): the number stands in the ring itself, in the program's memory. Where something
 * else is mapped by now, or was written there, that is what counts.
 */
static struct vmt_ring *find_ring(const struct vmt_space *space, const struct vmt_event *event)
{
	for (size_t i = 0; i < space->rings.count; i++) {
		struct vmt_ring *ring = &space->rings.data[i];

		if (event->words_valid && ring->address == event->args[0] &&
		    ring->number == (event->words[0] & UINT32_MAX))
			return ring;
	}
	return NULL;
}

int64_t vmt_op_io_destroy(struct vmt_space *space, const struct vmt_event *event,
			  struct vmt_step *step)
{
	struct vmt_ring *ring = find_ring(space, event);
	VMT_PATH(space, KILL_IOCTX);

	if (!ring)
		return destroy_unknown(space, event, step);
	step->start = ring->address;
	step->end = ring->address + ring->bytes;
	step->file_name = "/[aio] (deleted)";
	if (event->failed)
		return 0;
	*ring = space->rings.data[--space->rings.count];
	/* vm_munmap() failures are not reported. */
	(void)vmt_unmap_range(space, step->start, step->end);
	return 0;
}
