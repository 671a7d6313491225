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
 * unmapped_area_topdown(): the highest @length free bytes of the window, their start at a multiple of
 * @align; 0 if there are none. A stack above the gap that was found lowers the window's end to its
 * guard gap, and with it everything between:
 *
 *	[ A ]  gap 1  [ B ]  gap 2  [ stack ]
 *	         ^    |<-- guard gap ->|        gap 2 is too near, and so may all of gap 1 be
 */
static uint64_t search_down(const struct vmt_space *space, struct window window, uint64_t length,
			    uint64_t align)
{
	uint64_t high = window.high;
	uint64_t needed = length + align - vmt_space_page(space);

	while (high > window.low && high - window.low >= needed) {
		const struct vmt_vma *above = vmt_find_vma(space, high - 1);
		bool inside = above && vmt_vma_start(above) < high;
		uint64_t top = high;

		if (inside || high - gap_bottom(space, above) < needed) {
			uint64_t limit = inside ? vmt_vma_start(above) : gap_bottom(space, above);

			above = vmt_vma_of(vmt_range_gap_down(&space->vmas, limit, needed));
			if (!above)
				return 0;
			top = vmt_vma_start(above);
		}
		if (top < needed ||
		    top - needed < vmt_max_u64(window.low, gap_bottom(space, above)))
			return 0;
		if (!above || start_gap(space, above) >= top)
			return (top - length) & ~(align - 1);
		high = start_gap(space, above);
	}
	return 0;
}

/* unmapped_area(): the same for the lowest. */
static uint64_t search_up(const struct vmt_space *space, struct window window, uint64_t length,
			  uint64_t align)
{
	const struct vmt_vma *above = vmt_find_vma(space, window.low);
	uint64_t needed = length + align - vmt_space_page(space);

	for (;;) {
		uint64_t bottom = vmt_max_u64(window.low, gap_bottom(space, above));
		uint64_t top =
			above ? vmt_min_u64(window.high, start_gap(space, above)) : window.high;

		if (top > bottom && top - bottom >= needed)
			return (bottom + align - 1) & ~(align - 1);
		if (!above || vmt_vma_start(above) >= window.high)
			return 0;
		above = vmt_vma_of(vmt_range_gap_up(&space->vmas, vmt_vma_start(above), needed));
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

/* A 32-bit call of a 64-bit program has a window of its own (in_32bit_syscall()). */
static bool has_own_window(const struct vmt_space *space, const struct vmt_place_request *request)
{
	return request->compat && space->arch->word_bits == 64;
}

static uint64_t base_of(const struct vmt_space *space, const struct vmt_place_request *request)
{
	return has_own_window(space, request) ? space->compat_base : space->mmap_base;
}

static uint64_t task_size_of(const struct vmt_space *space, const struct vmt_place_request *request)
{
	return has_own_window(space, request) ? vmt_arch_i386.task_size : space->task_size;
}

/* DEFAULT_MAP_WINDOW: above it nothing is placed unless the hint asks for it (five levels). */
static uint64_t window_end(const struct vmt_space *space)
{
	return vmt_min_u64(space->task_size, space->arch->task_size);
}

static bool is_above_window(const struct vmt_space *space, uint64_t address)
{
	return address > window_end(space);
}

static int64_t search(struct vmt_space *space, const struct vmt_place_request *request,
		      uint64_t length, uint64_t align)
{
	bool own = has_own_window(space, request);
	uint64_t low = vmt_max_u64(vmt_space_page(space), space->features.min_address);
	struct window down = { low, base_of(space, request) };
	struct window up = {
		vmt_max_u64(low, own ? vmt_arch_i386.legacy_base : space->legacy_base),
		task_size_of(space, request),
	};
	uint64_t found = 0;
	VMT_PATH(space, VM_UNMAPPED_AREA);

	if (!own && !is_above_window(space, request->address))
		up.high = window_end(space);
	else if (!own)
		down.high += space->task_size - window_end(space);

	if (wants_low_2g(space, request))
		up = low_2g;
	else if (!space->legacy) {
		VMT_PATH(space, AREA_TOPDOWN);

		found = search_down(space, down, length, align);
		vmt_path_branch(space,
				found ? "the highest gap that fits" : "no gap below mmap_base");
	}
	if (!found) {
		VMT_PATH(space, AREA_UP);

		found = search_up(space, up, length, align);
		vmt_path_branch(space, found ? "the lowest gap that fits" : "no gap");
	}
	return found ? (int64_t)found : -ENOMEM;
}

/*
 * A hint is taken if it is free, and clear of the guard gap of a stack above; else the reason why
 * not. VMT_WHY_HINT: it is taken.
 */
static enum vmt_why_id judge_hint(const struct vmt_space *space,
				  const struct vmt_place_request *request, uint64_t address,
				  uint64_t length)
{
	const struct vmt_vma *vma;

	/*
	 * mmap_address_hint_valid(): nor may it lie across the end of the usual window. A 32-bit call of a
	 * 64-bit program may name any address of its space.
	 */
	if (length > space->task_size || address > space->task_size - length ||
	    is_above_window(space, address) != is_above_window(space, address + length))
		return VMT_WHY_HINT_BEYOND;
	if (wants_low_2g(space, request) &&
	    (length > low_2g.high || address > low_2g.high - length))
		return VMT_WHY_HINT_LOW_2G;
	vma = vmt_find_vma(space, address);
	if (!vma || address + length <= start_gap(space, vma))
		return VMT_WHY_HINT;
	return address + length <= vmt_vma_start(vma) ? VMT_WHY_HINT_GUARD : VMT_WHY_HINT_TAKEN;
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
	if (hint && judge_hint(space, request, hint, length + HUGE_BYTES) == VMT_WHY_HINT)
		return hint;
	vmt_path_branch(space, "searches for 2M more, to align in it");
	found = search(space, request, length + HUGE_BYTES, vmt_space_page(space));
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
	if (request->placing.kind != VMT_PLACING_ANONYMOUS)
		return request->placing.kind == VMT_PLACING_THP;
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
	if (request->placing.kind == VMT_PLACING_HUGETLB &&
	    request->address & (request->placing.unit_bytes - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_HUGE_UNALIGNED);
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

/* Which way an address was found by a search. */
static enum vmt_why_id why_found(const struct vmt_space *space,
				 const struct vmt_place_request *request, uint64_t found)
{
	if (wants_low_2g(space, request))
		return VMT_WHY_LOW_2G;
	if (space->legacy)
		return VMT_WHY_BOTTOM_UP;
	return found >= base_of(space, request) ? VMT_WHY_ABOVE_BASE : VMT_WHY_TOP_DOWN;
}

/*
 * shmem_get_unmapped_area(): once a plain place was found, another that fits huge pages, if it is not
 * the hint's and there is room.
 */
static uint64_t align_shmem(struct vmt_space *space, const struct vmt_place_request *request,
			    uint64_t found)
{
	uint64_t unit = request->placing.unit_bytes;
	uint64_t offset = unit ? (request->pgoff << space->arch->page_shift) & (unit - 1) : 0;
	int64_t inflated;

	if (!unit || request->length < unit || (offset && offset + request->length < 2 * unit) ||
	    (found & (unit - 1)) == offset)
		return found;
	inflated = search(space, request, request->length + unit - vmt_space_page(space),
			  vmt_space_page(space));
	if (inflated < 0)
		return found;
	return (uint64_t)inflated + ((offset - (uint64_t)inflated) & (unit - 1));
}

/* The usual search, and what the kind of memory makes of its answer. */
static int64_t search_for(struct vmt_space *space, const struct vmt_place_request *request)
{
	bool huge = request->placing.kind == VMT_PLACING_HUGETLB;
	uint64_t align = huge ? request->placing.unit_bytes : vmt_space_page(space);
	int64_t found = search(space, request, request->length, align);
	uint64_t address;

	if (found < 0)
		return vmt_refuse(space, (int)-found, VMT_WHY_NO_HOLE);
	address = (uint64_t)found;
	if (request->placing.kind == VMT_PLACING_SHMEM)
		address = align_shmem(space, request, address);
	tell_hole(space,
		  huge                         ? VMT_WHY_ALIGNED_HUGE
		  : address != (uint64_t)found ? VMT_WHY_ALIGNED_2M
					       : why_found(space, request, address),
		  address, request->length);
	return (int64_t)address;
}

/* The hint as the search takes it: hugetlb_get_unmapped_area() rounds it to its pages. */
static uint64_t hint_of(const struct vmt_space *space, const struct vmt_place_request *request)
{
	uint64_t hint = round_hint(space, request->address);
	uint64_t unit = request->placing.unit_bytes;

	if (request->placing.kind != VMT_PLACING_HUGETLB)
		return hint;
	return (space->features.huge_hint_down ? hint : hint + unit - 1) & ~(unit - 1);
}

static bool is_certain(const struct vmt_space *space, const struct vmt_place_request *request)
{
	if (wants_low_2g(space, request))
		return space->rights.personality & VMT_ADDR_NO_RANDOMIZE;
	return base_of(space, request) || space->legacy;
}

int64_t vmt_get_unmapped_area(struct vmt_space *space, const struct vmt_place_request *request,
			      bool *ret_certain)
{
	enum vmt_why_id judged = VMT_WHY_NONE;
	uint64_t hint;
	uint64_t aligned = 0;
	VMT_PATH(space, GET_UNMAPPED_AREA);

	*ret_certain = true;
	if (request->placing.kind == VMT_PLACING_HUGETLB &&
	    request->length & (request->placing.unit_bytes - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_HUGE_UNALIGNED);
	if (request->length > space->task_size)
		return vmt_refuse(space, ENOMEM, VMT_WHY_NO_HOLE);
	if (request->map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
		vmt_path_branch(space, "fixed");
		return place_fixed(space, request);
	}

	*ret_certain = is_certain(space, request);
	hint = hint_of(space, request);
	if (wants_alignment(space, request))
		aligned = search_aligned(space, request, hint);
	if (hint)
		judged = judge_hint(space, request, hint, request->length);
	if ((!aligned && judged == VMT_WHY_HINT) || (aligned && aligned == hint)) {
		vmt_path_branch(space, "the hint is free");
		tell_hole(space, hint > request->address ? VMT_WHY_HINT_RAISED : VMT_WHY_HINT, hint,
			  request->length);
		*ret_certain = true;
		return (int64_t)hint;
	}
	if (hint)
		tell_hole(space, judged == VMT_WHY_HINT ? VMT_WHY_HINT_HUGE : judged, hint,
			  request->length);
	if (aligned) {
		tell_hole(space, VMT_WHY_ALIGNED_2M, aligned, request->length);
		return (int64_t)aligned;
	}
	return search_for(space, request);
}

bool vmt_place_learn(struct vmt_space *space, const struct vmt_place_request *request,
		     uint64_t address)
{
	uint64_t end = address + request->length;
	uint64_t most = has_own_window(space, request) && !space->compat_base
				? vmt_arch_i386.task_size
				: space->mmap_base_max;

	if (request->map_flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) || space->legacy ||
	    wants_low_2g(space, request) || end <= base_of(space, request) || end > most ||
	    (request->address && hint_of(space, request) == address))
		return false;
	if (has_own_window(space, request))
		space->compat_base = end;
	else
		space->mmap_base = end;
	return true;
}
