/* SPDX-License-Identifier: MIT */
/*
 * mmap, mmap2 and old mmap: do_mmap() (mm/mmap.c) and __mmap_region() (mm/vma.c) of 6.18.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "edit.h"
#include "history.h"
#include "ops.h"
#include "place.h"

uint64_t vmt_prot_flags(uint64_t prot)
{
	uint64_t flags = 0;

	if (prot & PROT_READ)
		flags |= VMT_VM_READ;
	if (prot & PROT_WRITE)
		flags |= VMT_VM_WRITE;
	if (prot & PROT_EXEC)
		flags |= VMT_VM_EXEC;
	return flags;
}

static bool is_shared(uint64_t map_flags)
{
	uint64_t type = map_flags & MAP_TYPE;

	return type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
}

static bool is_file(const struct vmt_event *event)
{
	return !(event->args[3] & MAP_ANONYMOUS);
}

/* The VM flags that do_mmap() computes. */
static uint64_t mmap_vm_flags(const struct vmt_space *space, const struct vmt_event *event)
{
	uint64_t prot = event->args[2];
	uint64_t map = event->args[3];
	uint64_t flags = VMT_VM_MAYREAD | VMT_VM_MAYWRITE | VMT_VM_MAYEXEC;

	if (prot & PROT_READ && space->personality & VMT_READ_IMPLIES_EXEC)
		prot |= PROT_EXEC;
	flags |= vmt_prot_flags(prot);
	if (map & MAP_GROWSDOWN)
		flags |= VMT_VM_GROWSDOWN;
	if (map & MAP_LOCKED)
		flags |= VMT_VM_LOCKED;
	if (map & MAP_STACK && space->features.stack_nohuge)
		flags |= VMT_VM_NOHUGEPAGE;
	if (map & MAP_HUGETLB)
		flags |= VMT_VM_HUGETLB | VMT_VM_DONTEXPAND;
	if (is_shared(map)) {
		flags |= VMT_VM_SHARED | VMT_VM_MAYSHARE;
		if (is_file(event) && (event->file.flags & O_ACCMODE) == O_RDONLY)
			flags &= ~(VMT_VM_MAYWRITE | VMT_VM_SHARED);
	}
	if (map & MAP_NORESERVE)
		flags |= VMT_VM_NORESERVE;
	if ((map & MAP_TYPE) == VMT_MAP_DROPPABLE)
		flags |= VMT_VM_DROPPABLE | VMT_VM_NORESERVE | VMT_VM_WIPEONFORK |
			 VMT_VM_DONTDUMP;
	/* accountable_mapping() */
	if ((flags & (VMT_VM_NORESERVE | VMT_VM_SHARED | VMT_VM_WRITE)) == VMT_VM_WRITE &&
	    !(flags & VMT_VM_HUGETLB))
		flags |= VMT_VM_ACCOUNT;
	return flags;
}

static struct vmt_file mmap_file(struct vmt_space *space, const struct vmt_event *event)
{
	struct vmt_file file = { .name = "" };

	if (is_file(event)) {
		file.description = event->file.description ? event->file.description :
							     space->next_description++;
		file.dev_major = event->file.dev_major;
		file.dev_minor = event->file.dev_minor;
		file.inode = event->file.inode;
		file.name = event->file.name ? event->file.name : "";
		file.pending = true;
	} else if (is_shared(event->args[3]) || event->args[3] & MAP_HUGETLB) {
		/* shmem_zero_setup(): a file of its own for every mapping */
		file.description = space->next_description++;
		file.name = event->args[3] & MAP_HUGETLB ? "/anon_hugepage (deleted)" :
							   "/dev/zero (deleted)";
		file.pending = true;
	}
	return file;
}

/* Bytes from the start of the file; mmap2 counts in units of 4096. */
static uint64_t mmap_offset(const struct vmt_event *event)
{
	uint64_t offset = event->args[5];

	return event->call == VMT_CALL_MMAP2 ? (offset & UINT32_MAX) << 12 : offset;
}

int64_t vmt_op_mmap(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	struct vmt_vma proposed = vmt_vma_template(mmap_vm_flags(space, event));
	struct vmt_place_request request = {
		.address = event->args[0],
		.length = vmt_page_up(space, event->args[1]),
		.map_flags = event->args[3],
		.pgoff = is_file(event) ? vmt_pages(space, mmap_offset(event)) : 0,
		.anonymous = !is_file(event) && !is_shared(event->args[3]),
		.compat = event->arch->word_bits == 32,
	};
	bool certain = true;
	int64_t expected;
	uint64_t address;

	if (is_file(event) && event->file.known)
		step->file_name = event->file.name;
	if (!request.length || (is_file(event) && !event->file.known))
		certain = false;
	expected = request.length ? vmt_get_unmapped_area(space, &request, &certain) : -EINVAL;
	step->predicted = certain;
	if (event->failed)
		return expected;

	address = (uint64_t)event->result;
	step->start = address;
	step->end = address + request.length;
	if (vmt_unmap_range(space, step->start, step->end) < 0)
		return expected;
	vmt_history_drop(space, step->start, step->end);

	proposed.file = mmap_file(space, event);
	proposed.pgoff = proposed.file.description ? request.pgoff : vmt_pages(space, address);
	if (is_shared(event->args[3]) && !is_file(event))
		proposed.pgoff = 0;
	vmt_map_new_range(space, step->start, step->end, &proposed, VMT_MERGE_BOTH_SIDES);
	return expected;
}
