/* SPDX-License-Identifier: MIT */
/*
 * The wording of reasons. The model leaves an id and numbers (include/vmtrace/why.def); here each
 * becomes a few words for the "why" column. What the numbers mean is said beside each group.
 */
#include <inttypes.h>

#include "vmtrace/annotate.h"

/* number[]: length asked for, start and end of the hole it was placed in, mmap_base. */
static void place_text(const struct vmt_step *step, const struct vmt_why *why,
		       struct vmt_str *ret_text)
{
	uint64_t length = why->number[0];
	uint64_t hole = why->number[2] - why->number[1];
	bool at_base = step->end == why->number[3];
	char size[16];
	char hole_size[16];

	vmt_size_text(length, size);
	vmt_size_text(hole, hole_size);
	switch (why->id) {
	case VMT_WHY_TOP_DOWN:
		if (at_base)
			vmt_str_printf(ret_text, "just below mmap_base");
		else if (hole == length)
			vmt_str_printf(ret_text, "fills the highest gap that holds %s", size);
		else
			vmt_str_printf(ret_text, "top of the highest gap that holds %s", size);
		break;
	case VMT_WHY_ALIGNED_2M:
		vmt_str_printf(ret_text, "highest gap, aligned to 2M for huge pages");
		break;
	case VMT_WHY_BOTTOM_UP:
		vmt_str_printf(ret_text, "lowest gap of %s (bottom-up layout)", size);
		break;
	case VMT_WHY_ABOVE_BASE:
		vmt_str_printf(ret_text, "nothing free below mmap_base; lowest gap of %s above it",
			       size);
		break;
	case VMT_WHY_LOW_2G:
		vmt_str_printf(ret_text, "MAP_32BIT: lowest gap of %s from 1 GiB on", size);
		break;
	case VMT_WHY_HINT:
		vmt_str_printf(ret_text, "at the hint, which was free");
		break;
	case VMT_WHY_HINT_TAKEN:
		vmt_str_printf(ret_text, "the hint was not free");
		break;
	default:
		break;
	}
}

/* number[0], number[1]: the range of the neighbour. */
static void apart_text(const struct vmt_why *why, const char *reason, const struct vmt_step *step,
		       struct vmt_str *ret_text)
{
	const char *side = why->number[1] <= step->start ? "below" : "above";

	vmt_str_printf(ret_text, "kept apart from the VMA %s: %s", side, reason);
}

/* Refusals to merge; NULL for ids that are none. */
static const char *apart_reason(enum vmt_why_id id)
{
	switch (id) {
	case VMT_WHY_APART_SPECIAL:
		return "special mapping";
	case VMT_WHY_APART_FILE:
		return "opened separately";
	case VMT_WHY_APART_ACCOUNT:
		return "only one carries VM_ACCOUNT";
	case VMT_WHY_APART_PERMS:
		return "other access rights";
	case VMT_WHY_APART_FLAGS:
		return "other VM flags";
	case VMT_WHY_APART_OFFSET:
		return "not contiguous in the file";
	case VMT_WHY_APART_ANON_OFFSET:
		return "moved memory keeps its old page offset";
	case VMT_WHY_APART_POLICY:
		return "other memory policy";
	case VMT_WHY_APART_UFFD:
		return "other userfaultfd";
	case VMT_WHY_APART_NAME:
		return "other name";
	case VMT_WHY_APART_CLOSE:
		return "its driver must see it closed";
	case VMT_WHY_APART_ANON:
		return "pages faulted separately (anon_vma)";
	case VMT_WHY_APART_FORKED:
		return "its pages came through fork (anon_vma)";
	default:
		return NULL;
	}
}

static void merge_text(const struct vmt_why *why, struct vmt_str *ret_text)
{
	switch (why->id) {
	case VMT_WHY_MERGE_BELOW:
		vmt_str_add(ret_text, "merges with the VMA below");
		break;
	case VMT_WHY_MERGE_ABOVE:
		vmt_str_add(ret_text, "merges with the VMA above");
		break;
	case VMT_WHY_MERGE_BOTH:
		vmt_str_add(ret_text, "merges with both neighbours");
		break;
	default:
		break;
	}
}

void vmt_why_text(const struct vmt_step *step, const struct vmt_why *why, struct vmt_str *ret_text)
{
	const char *apart = apart_reason(why->id);

	if (apart) {
		apart_text(why, apart, step, ret_text);
		return;
	}
	switch (why->id) {
	case VMT_WHY_STACK_TOP:
		vmt_str_add(ret_text, "top of user space");
		break;
	case VMT_WHY_STACK_RANDOM:
		vmt_str_add(ret_text, "top of user space - random");
		break;
	case VMT_WHY_PIE_BASE:
		vmt_str_printf(ret_text, "PIE base %" PRIx64, why->number[0]);
		break;
	case VMT_WHY_PIE_RANDOM:
		vmt_str_printf(ret_text, "PIE base %" PRIx64 " + random", why->number[0]);
		break;
	case VMT_WHY_MMAP_BASE:
		vmt_str_add(ret_text, "its span ends at mmap_base");
		break;
	case VMT_WHY_ELF_ADDRESS:
		vmt_str_add(ret_text, "address from the program header");
		break;
	case VMT_WHY_AFTER_SEGMENT:
		vmt_str_printf(ret_text, "base + p_vaddr %" PRIx64, why->number[0]);
		break;
	case VMT_WHY_FIXED:
		vmt_str_add(ret_text, "fixed address");
		break;
	case VMT_WHY_FIXED_OVER:
		vmt_str_add(ret_text, "fixed address, replaces what was there");
		break;
	case VMT_WHY_MERGE_BELOW:
	case VMT_WHY_MERGE_ABOVE:
	case VMT_WHY_MERGE_BOTH:
		merge_text(why, ret_text);
		break;
	case VMT_WHY_SPLIT:
		vmt_str_add(ret_text, "splits a VMA");
		break;
	case VMT_WHY_SPLIT_LIMIT:
		vmt_str_printf(ret_text,
			       "%" PRIu64 " of vm.max_map_count %" PRIu64
			       " VMAs in use, and this call needs a split",
			       why->number[0], why->number[1]);
		break;
	case VMT_WHY_SEALED:
		vmt_str_printf(ret_text, "the VMA at %" PRIx64 " is sealed", why->number[0]);
		break;
	default:
		place_text(step, why, ret_text);
		break;
	}
}
