/* SPDX-License-Identifier: MIT */
/*
 * Where a new mapping goes (6.18: __get_unmapped_area() in mm/mmap.c, thp_get_unmapped_area_vmflags()
 * in mm/huge_memory.c, arch_get_unmapped_area_topdown() in arch/x86/kernel/sys_x86_64.c,
 * unmapped_area_topdown() in mm/vma.c).
 *
 * Top-down, the default layout: the highest gap below mmap_base that is large enough, and in it the
 * highest place:
 *
 *	 low                                                    mmap_base      stack
 *	  |      [ heap ]      ......[  libc ][ anon ][ ld.so ]     |    gap   [....]
 *	                            ^ new mappings grow this way <--
 *
 * A VM_GROWSDOWN neighbour above keeps stack_guard_gap (256 pages) free below itself.
 */
#include "place.h"

#include <errno.h>
#include <sys/mman.h>

#include "path.h"

enum {
	HUGE_BYTES = 2 << 20
};

struct window {
	uint64_t low;
	uint64_t high;
};

/* vm_start_gap(): where the mapping begins for its neighbour below. */
static uint64_t start_gap(const struct vmt_space *space, const struct vmt_vma *vma)
{
	uint64_t start = vmt_vma_start(vma);

	if (vma->flags & VMT_VM_GROWSDOWN)
		return start > space->stack_guard_bytes ? start - space->stack_guard_bytes : 0;
	return start;
}

/* Where the free stretch below @vma begins; below the end of everything for NULL. */
static uint64_t gap_bottom(const struct vmt_space *space, const struct vmt_vma *vma)
{
	const struct vmt_vma *below = vmt_vma_before(space, vma);

	return below ? vmt_vma_end(below) : 0;
}

/*
 * unmapped_area_topdown(): the highest @length free bytes of the window; 0 if there are none. A
 * stack above the gap that was found lowers the window's end to its guard gap, and with it
 * everything between:
 *
 *	[ A ]  gap 1  [ B ]  gap 2  [ stack ]
 *	         ^    |<-- guard gap ->|        gap 2 is too near, and so may all of gap 1 be
 */
static uint64_t search_down(const struct vmt_space *space, struct window window, uint64_t length)
{
	uint64_t high = window.high;

	while (high > window.low && high - window.low >= length) {
		const struct vmt_vma *above = vmt_find_vma(space, high - 1);
		bool inside = above && vmt_vma_start(above) < high;
		uint64_t top = high;

		if (inside || high - gap_bottom(space, above) < length) {
			uint64_t limit = inside ? vmt_vma_start(above) : gap_bottom(space, above);

			above = vmt_vma_of(vmt_range_gap_down(&space->vmas, limit, length));
			if (!above)
				return 0;
			top = vmt_vma_start(above);
		}
		if (top < length ||
		    top - length < vmt_max_u64(window.low, gap_bottom(space, above)))
			return 0;
		if (!above || start_gap(space, above) >= top)
			return top - length;
		high = start_gap(space, above);
	}
	return 0;
}

/* unmapped_area(): the lowest @length free bytes of the window; 0 if there are none. */
static uint64_t search_up(const struct vmt_space *space, struct window window, uint64_t length)
{
	const struct vmt_vma *above = vmt_find_vma(space, window.low);

	for (;;) {
		uint64_t bottom = vmt_max_u64(window.low, gap_bottom(space, above));
		uint64_t top =
			above ? vmt_min_u64(window.high, start_gap(space, above)) : window.high;

		if (top > bottom && top - bottom >= length)
			return bottom;
		if (!above || vmt_vma_start(above) >= window.high)
			return 0;
		above = vmt_vma_of(vmt_range_gap_up(&space->vmas, vmt_vma_start(above), length));
	}
}

/* The hole that [start, start + length) lies in, and its neighbours, as a reason. */
static void tell_hole(struct vmt_space *space, enum vmt_why_id id, uint64_t start, uint64_t length)
{
	const struct vmt_vma *above = vmt_find_vma(space, start);
	const struct vmt_vma *below = vmt_vma_before(space, above);
	uint64_t bottom = below ? vmt_vma_end(below) : 0;
	uint64_t top = above ? vmt_vma_start(above) : space->task_size;

	if (!space->step)
		return;
	vmt_step_why(space->step,
		     (struct vmt_why){
			     .id = id,
			     .number = { length, bottom, top, space->mmap_base },
			     .below = below ? vmt_vma_mapping(space, below).name : NULL,
			     .above = above ? vmt_vma_mapping(space, above).name : NULL,
		     });
}

/* MAP_32BIT: bottom-up between 1 GiB, plus a random offset for each call, and 2 GiB. */
static const struct window low_2g = { 0x40000000, 0x80000000 };

static bool wants_low_2g(const struct vmt_space *space, const struct vmt_place_request *request)
{
	return request->map_flags & VMT_MAP_32BIT && !request->compat &&
	       space->arch->word_bits == 64;
}

static int64_t search(struct vmt_space *space, const struct vmt_place_request *request,
		      uint64_t length)
{
	uint64_t low = vmt_max_u64(vmt_space_page(space), space->features.min_address);
	struct window down = { low, space->mmap_base };
	struct window up = { vmt_max_u64(low, space->legacy_base), space->task_size };
	uint64_t found = 0;
	VMT_PATH(space, VM_UNMAPPED_AREA);

	if (wants_low_2g(space, request))
		up = low_2g;
	else if (!space->legacy) {
		VMT_PATH(space, AREA_TOPDOWN);

		found = search_down(space, down, length);
		vmt_path_branch(space,
				found ? "the highest gap that fits" : "no gap below mmap_base");
	}
	if (!found) {
		VMT_PATH(space, AREA_UP);

		found = search_up(space, up, length);
		vmt_path_branch(space, found ? "the lowest gap that fits" : "no gap");
	}
	return found ? (int64_t)found : -ENOMEM;
}

/* A hint is taken if it is free, and clear of the guard gap of a stack above. */
static bool hint_is_free(const struct vmt_space *space, const struct vmt_place_request *request,
			 uint64_t address, uint64_t length)
{
	uint64_t limit = wants_low_2g(space, request) ? low_2g.high : space->task_size;
	const struct vmt_vma *vma;

	if (length > limit || address > limit - length)
		return false;
	vma = vmt_find_vma(space, address);
	return !vma || address + length <= start_gap(space, vma);
}

/* thp_get_unmapped_area_vmflags(): a place that lets huge pages fit; 0 to search plainly. */
static uint64_t search_aligned(struct vmt_space *space, const struct vmt_place_request *request,
			       uint64_t hint)
{
	uint64_t length = request->length;
	uint64_t offset = request->pgoff << space->arch->page_shift;
	uint64_t aligned = (offset + HUGE_BYTES - 1) & ~(uint64_t)(HUGE_BYTES - 1);
	int64_t found;
	uint64_t shift;
	VMT_PATH(space, THP_AREA);

	vmt_path_branch(space, "no 2M unit in the file range: not aligned");
	if (offset + length <= aligned || offset + length - aligned < HUGE_BYTES)
		return 0;
	if (hint && hint_is_free(space, request, hint, length + HUGE_BYTES))
		return hint;
	vmt_path_branch(space, "searches for 2M more, to align in it");
	found = search(space, request, length + HUGE_BYTES);
	if (found < 0)
		return 0;
	shift = (offset - (uint64_t)found) & (HUGE_BYTES - 1);
	if (!space->legacy && !shift)
		return (uint64_t)found + HUGE_BYTES;
	return (uint64_t)found + shift;
}

static bool wants_alignment(const struct vmt_space *space, const struct vmt_place_request *request)
{
	if (request->compat || space->arch->word_bits != 64)
		return false;
	if (!request->anonymous)
		return request->huge_file;
	switch (space->features.thp_align) {
	case VMT_THP_ALIGN_MULTIPLE:
		return !request->address && request->length % HUGE_BYTES == 0;
	case VMT_THP_ALIGN_ANY:
		return request->length >= HUGE_BYTES;
	case VMT_THP_ALIGN_NEVER:
		break;
	}
	return false;
}

static int64_t place_fixed(struct vmt_space *space, const struct vmt_place_request *request)
{
	const struct vmt_vma *vma;
	uint64_t end = request->address + request->length;

	if (request->address > space->task_size - request->length)
		return vmt_refuse(space, ENOMEM, VMT_WHY_BEYOND_TASK_SIZE);
	if (request->address & (vmt_space_page(space) - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_ADDRESS_UNALIGNED);
	vma = vmt_find_vma(space, request->address);
	if (vma && vmt_vma_start(vma) < end)
		vmt_why(space, VMT_WHY_FIXED_OVER, vmt_vma_start(vma), vmt_vma_end(vma), 0, 0);
	else
		vmt_why(space, VMT_WHY_FIXED, 0, 0, 0, 0);
	return (int64_t)request->address;
}

/* round_hint_to_min() */
static uint64_t round_hint(const struct vmt_space *space, uint64_t address)
{
	address = vmt_page_down(space, address);
	if (address && address < space->features.min_address)
		address = space->features.min_address;
	return address;
}

int64_t vmt_get_unmapped_area(struct vmt_space *space, const struct vmt_place_request *request,
			      bool *ret_certain)
{
	uint64_t hint;
	uint64_t aligned = 0;
	int64_t found;
	VMT_PATH(space, GET_UNMAPPED_AREA);

	*ret_certain = true;
	if (request->length > space->task_size)
		return vmt_refuse(space, ENOMEM, VMT_WHY_NO_HOLE);
	if (request->map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		vmt_path_branch(space, "fixed");
		return place_fixed(space, request);
	}

	*ret_certain = wants_low_2g(space, request)
			       ? (space->personality & VMT_ADDR_NO_RANDOMIZE) != 0
			       : space->mmap_base || space->legacy;
	hint = round_hint(space, request->address);
	if (wants_alignment(space, request))
		aligned = search_aligned(space, request, hint);
	if ((!aligned && hint && hint_is_free(space, request, hint, request->length)) ||
	    (aligned && aligned == hint)) {
		vmt_path_branch(space, "the hint is free");
		tell_hole(space, VMT_WHY_HINT, hint, request->length);
		*ret_certain = true;
		return (int64_t)hint;
	}
	if (hint)
		tell_hole(space, VMT_WHY_HINT_TAKEN, hint, request->length);
	if (aligned) {
		tell_hole(space, VMT_WHY_ALIGNED_2M, aligned, request->length);
		return (int64_t)aligned;
	}
	found = search(space, request, request->length);
	if (found < 0)
		return vmt_refuse(space, (int)-found, VMT_WHY_NO_HOLE);
	tell_hole(space,
		  wants_low_2g(space, request)          ? VMT_WHY_LOW_2G
		  : space->legacy                       ? VMT_WHY_BOTTOM_UP
		  : (uint64_t)found >= space->mmap_base ? VMT_WHY_ABOVE_BASE
							: VMT_WHY_TOP_DOWN,
		  (uint64_t)found, request->length);
	return found;
}
