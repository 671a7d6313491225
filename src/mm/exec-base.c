/* SPDX-License-Identifier: MIT */
/*
 * Where the search of mmap() begins in a new image: the kernel draws mmap_base at random
 * (arch_pick_mmap_layout(), arch/x86/mm/mmap.c, 6.18) and shows it nowhere, but what the loader placed
 * by a search lies there.
 */
#include <string.h>

#include "exec.h"
#include "space.h"

enum {
	HUGE_BYTES = 2 << 20
};

const struct vmt_mapping *vmt_image_row(const struct vmt_image *image, uint64_t address)
{
	for (size_t i = 0; i < image->layout.count; i++) {
		const struct vmt_mapping *row = &image->layout.data[i];

		if (row->start <= address && address < row->end)
			return row;
	}
	return NULL;
}

/* The image that a search placed first, from its lowest to its highest page; false if there is none. */
static bool first_placed(const struct vmt_space *space, const struct vmt_image *image,
			 const struct vmt_elf **ret_elf, uint64_t *ret_start, uint64_t *ret_end)
{
	const struct vmt_elf *elf = NULL;
	uint64_t bias = 0;
	uint64_t low = UINT64_MAX;
	uint64_t high = 0;

	if (image->has_interp && image->at_base && image->interp.dynamic_base) {
		elf = &image->interp;
		bias = image->at_base;
	} else if (image->has_exe && image->exe.dynamic_base && !image->exe.interpreter[0]) {
		elf = &image->exe;
		bias = image->at_entry - image->exe.entry;
	}
	for (unsigned i = 0; elf && i < elf->segment_count; i++) {
		low = vmt_min_u64(low, bias + elf->segments[i].vaddr);
		high = vmt_max_u64(high,
				   bias + elf->segments[i].vaddr + elf->segments[i].memory_bytes);
	}
	*ret_elf = elf;
	*ret_start = vmt_page_down(space, low);
	*ret_end = vmt_page_up(space, high);
	return elf != NULL && low < high;
}

/*
 * How far below the end of the search the image may have been moved: a program without an interpreter
 * is aligned as its headers ask (maximum_alignment(), 5.10), and a file of 2 MiB and more so that huge
 * pages fit, by some file systems.
 */
static uint64_t slack_below(const struct vmt_image *image, const struct vmt_elf *elf, uint64_t span,
			    uint64_t page)
{
	uint64_t slack = 0;

	for (unsigned i = 0; elf == &image->exe && i < elf->segment_count; i++) {
		uint64_t align = elf->segments[i].align;

		/* Only powers of two count. */
		if (align > page && !(align & (align - 1)))
			slack = vmt_max_u64(slack, align - page);
	}
	if (span >= HUGE_BYTES && elf->word_bits == 64)
		slack += HUGE_BYTES;
	return slack;
}

/*
 * The search starts at mmap_base, or in the old layout at the bottom. The first thing placed by a
 * search lies there: ld.so, or the program itself if it was loaded without one, or (6.12 and later) the
 * vdso. Where that was aligned, mmap_base is a little higher, and the vdso may lie in between:
 *
 *	[ image ]....| mmap_base	[ image ][ vdso ]..| mmap_base
 *		<-- slack -->
 */
void vmt_find_mmap_base(struct vmt_space *space, const struct vmt_image *image)
{
	const struct vmt_mapping *vdso =
		image->at_sysinfo_ehdr ? vmt_image_row(image, image->at_sysinfo_ehdr) : NULL;
	bool vdso_searched = vdso && !space->features.vdso_above_stack;
	const struct vmt_elf *elf;
	uint64_t start, end, slack;

	space->mmap_base_max = space->arch->task_size;
	if (!first_placed(space, image, &elf, &start, &end)) {
		if (!vdso_searched)
			return;
		start = end = vdso->end;
		slack = 0;
		for (size_t i = 0; space->legacy && i < image->layout.count; i++)
			if (strncmp(image->layout.data[i].name, "[vvar", 5) == 0)
				start = vmt_min_u64(start, image->layout.data[i].start);
	} else {
		slack = slack_below(image, elf, end - start, vmt_space_page(space));
	}
	if (space->legacy) {
		space->legacy_base = start;
		space->mmap_base_max = 0;
		return;
	}
	space->mmap_base = end;
	space->mmap_base_max = slack ? end + slack : 0;
	if (slack && vdso_searched && vdso->end > end && vdso->end <= end + slack)
		space->mmap_base = vdso->end;
}
