/* SPDX-License-Identifier: MIT */
/*
 * A space that is found as it is: one step a VMA, in order of address. What maps and smaps show is
 * all there is, so some things are guessed, and where the guess decides about a merge the kernel is
 * asked as always:
 *
 *	the break	the end of [heap]: no brk has left a gap there
 *	struct file	the same as that of the VMA below, if the file goes on there
 *	anon_vma	as if each VMA had been faulted on its own, if it has pages
 *	pgoff		of anonymous memory: as if it had never been moved
 *
 * mmap_base is found as for a new program: ld.so ends there, if it is still where it was mapped.
 */
#include <string.h>
#include <sys/stat.h>

#include "edit.h"
#include "exec.h"
#include "file.h"
#include "merge.h"
#include "pkey.h"
#include "space.h"

enum {
	HUGE_BYTES = 2 << 20 /* what most huge pages are; smaps tells, but is not asked */
};

static bool has_name(const struct vmt_mapping *row, const char *begins)
{
	return strncmp(row->name, begins, strlen(begins)) == 0;
}

/* How mremap would place it anew: that hangs on the file system. */
static struct vmt_placing found_placing(const struct vmt_space *space,
					const struct vmt_image *image, size_t index)
{
	struct vmt_file_facts facts = { .known = true, .mode = S_IFREG };

	if (index >= image->filesystems.count || !image->filesystems.data[index])
		return (struct vmt_placing){ .kind = VMT_PLACING_PLAIN };
	facts.filesystem = image->filesystems.data[index];
	return vmt_file_placing(space, &facts, false);
}

/* [ file, pages 0-3 ][ file, pages 4-5 ] came from one descriptor, most likely. */
static bool goes_on(const struct vmt_space *space, const struct vmt_vma *below,
		    const struct vmt_vma *vma)
{
	return below->file.description && below->file.inode == vma->file.inode &&
	       below->file.dev_major == vma->file.dev_major &&
	       below->file.dev_minor == vma->file.dev_minor &&
	       vmt_pages(space, vmt_vma_end(below) - vmt_vma_start(below)) + below->pgoff <=
		       vma->pgoff;
}

/* An aio ring: the numbers of the contexts are given out in order, as far as is known. */
static void note_ring(struct vmt_space *space, struct vmt_vma *vma, const struct vmt_mapping *row)
{
	struct vmt_ring ring = {
		.number = space->rings.count,
		.address = row->start,
		.bytes = row->end - row->start,
		.description = vma->file.description,
	};

	vma->file.aio = true;
	vmt_array_push(&space->rings, ring);
}

static struct vmt_vma found_vma(struct vmt_space *space, const struct vmt_image *image,
				size_t index)
{
	const struct vmt_mapping *row = &image->layout.data[index];
	const char *words = index < image->vm_flags.count ? image->vm_flags.data[index] : "";
	const struct vmt_vma *below = vmt_vma_of(space->vmas.last);
	struct vmt_vma vma = vmt_vma_from_row(space, row);

	if (words[0])
		vma.flags = vmt_vm_flags_parse(words) & ~VMT_VM_SOFTDIRTY;
	else if (row->start <= image->start_stack && image->start_stack < row->end)
		vma.flags |= VMT_VM_GROWSDOWN;
	if (vma.flags & (VMT_VM_UFFD_MISSING | VMT_VM_UFFD_WP | VMT_VM_UFFD_MINOR))
		vma.uffd = 1;
	if (vma.flags & VMT_VM_HUGETLB)
		vma.split_bytes = HUGE_BYTES;
	vma.found = true;
	if (!vma.file.description) {
		if (has_name(row, "[anon:"))
			vma.anon_name = row->name;
		return vma;
	}
	if (below && goes_on(space, below, &vma))
		vma.file.description = below->file.description;
	vma.file.placing = found_placing(space, image, index);
	if (has_name(row, "/SYSV"))
		vma.file.sysv = vma.file.own_placement = vma.close_hook = true;
	else if (has_name(row, "/[aio]"))
		note_ring(space, &vma, row);
	return vma;
}

static void load_found(struct vmt_loader *loader, size_t index)
{
	struct vmt_space *space = loader->space;
	const struct vmt_mapping *row = &loader->image->layout.data[index];
	struct vmt_vma found = found_vma(space, loader->image, index);

	vmt_loader_begin(loader, VMT_CAUSE_FOUND);
	loader->step.predicted = false;
	loader->step.start = row->start;
	loader->step.end = row->end;
	loader->step.file_name = row->name;
	vmt_anon_look(space, vmt_space_insert(space, &found, row->start, row->end, found.pgoff));
	vmt_loader_finish(loader);
}

void vmt_space_attach(struct vmt_space *space, const struct vmt_image *image, vmt_step_fn *done,
		      void *data)
{
	struct vmt_loader loader = { .space = space, .image = image, .done = done, .data = data };

	vmt_step_init(&loader.step);
	vmt_setup_new_exec(space, image);
	vmt_pkeys_init(&space->pkeys, false);
	vmt_infer_break(space, &image->layout);
	vmt_load_gates(&loader);
	for (size_t i = 0; i < image->layout.count; i++) {
		if (!image->layout.data[i].gate)
			load_found(&loader, i);
	}
	vmt_step_deinit(&loader.step);
}
