/* SPDX-License-Identifier: MIT */
/*
 * The wording of reasons. The model leaves an id and numbers (include/vmtrace/why.def); here each
 * becomes a few words for the "why" column. What the numbers mean is said beside each group.
 */
#include <inttypes.h>

#include "vmtrace/annotate.h"

enum {
	USUAL_HUGE_BYTES = 2 << 20 /* the size that vm.nr_hugepages counts on our machines */
};

static const char *neighbour(const char *name, const char *none)
{
	if (!name)
		return none;
	return name[0] ? vmt_base_name(name) : "anonymous memory";
}

/* ": 42.5T between [heap] and [vvar]" */
static void add_hole(const struct vmt_why *why, struct vmt_str *ret_text)
{
	char size[16];

	vmt_str_printf(ret_text, ": %s between %s and %s",
		       vmt_size_text(why->number[2] - why->number[1], size),
		       neighbour(why->below, "address 0"),
		       neighbour(why->above, "the end of user space"));
}

/* number[]: length asked for, start and end of the hole it was placed in, mmap_base. */
static void place_text(const struct vmt_step *step, const struct vmt_why *why,
		       struct vmt_str *ret_text)
{
	bool at_base = step->end == why->number[3];
	char size[16];

	vmt_size_text(why->number[0], size);
	switch (why->id) {
	case VMT_WHY_TOP_DOWN:
		if (at_base) {
			vmt_str_add(ret_text, "just below mmap_base");
			break;
		}
		vmt_str_printf(ret_text, "highest gap that holds %s", size);
		add_hole(why, ret_text);
		break;
	case VMT_WHY_ALIGNED_2M:
		vmt_str_add(ret_text, "highest gap, aligned to 2M for huge pages");
		add_hole(why, ret_text);
		break;
	case VMT_WHY_BOTTOM_UP:
		vmt_str_printf(ret_text, "lowest gap that holds %s (bottom-up layout)", size);
		add_hole(why, ret_text);
		break;
	case VMT_WHY_ABOVE_BASE:
		vmt_str_printf(ret_text, "nothing free below mmap_base; lowest gap that holds %s",
			       size);
		add_hole(why, ret_text);
		break;
	case VMT_WHY_LOW_2G:
		vmt_str_printf(ret_text,
			       "MAP_32BIT: lowest gap that holds %s from 1 GiB + random on", size);
		break;
	case VMT_WHY_HINT:
		vmt_str_add(ret_text, "at the hint, which was free");
		break;
	case VMT_WHY_HINT_RAISED:
		vmt_str_add(ret_text, "at the hint, raised to the lowest address there may be");
		break;
	case VMT_WHY_HINT_TAKEN:
		vmt_str_add(ret_text, "the hint was not free");
		break;
	case VMT_WHY_HINT_GUARD:
		vmt_str_add(ret_text, "the hint was in the guard gap below a stack");
		break;
	case VMT_WHY_HINT_BEYOND:
		vmt_str_add(ret_text, "the hint was above the end of user space");
		break;
	case VMT_WHY_HINT_LOW_2G:
		vmt_str_add(ret_text, "the hint was above 2G, which MAP_32BIT does not allow");
		break;
	case VMT_WHY_HINT_HUGE:
		vmt_str_add(ret_text,
			    "the hint was free, but not with the 2M more that huge pages want");
		break;
	case VMT_WHY_ALIGNED_HUGE:
		vmt_str_add(ret_text, "highest gap, aligned to its huge pages");
		add_hole(why, ret_text);
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

/* Reasons that need no number. */
static const char *const plain_texts[VMT_WHY_COUNT] = {
	[VMT_WHY_STACK_TOP] = "top of user space",
	[VMT_WHY_STACK_RANDOM] = "top of user space - random",
	[VMT_WHY_MMAP_BASE] = "its span ends at mmap_base",
	[VMT_WHY_ELF_ADDRESS] = "address from the program header",
	[VMT_WHY_READ_IMPLIES_EXEC] = "the personality READ_IMPLIES_EXEC makes it executable",
	[VMT_WHY_PAGE_ZERO] = "the personality MMAP_PAGE_ZERO wants a page at 0",
	[VMT_WHY_FIXED] = "fixed address",
	[VMT_WHY_FIXED_OVER] = "fixed address, replaces what was there",
	[VMT_WHY_MERGE_BELOW] = "merges with the VMA below",
	[VMT_WHY_MERGE_ABOVE] = "merges with the VMA above",
	[VMT_WHY_MERGE_BOTH] = "merges with both neighbours",
	[VMT_WHY_SPLIT] = "splits a VMA",
	[VMT_WHY_FORK_NOT_COPIED] = "MADV_DONTFORK: the child does not get it",
	[VMT_WHY_FORK_WIPED] = "MADV_WIPEONFORK: the child's is empty",
	[VMT_WHY_FORK_UNLOCKED] = "locks are not inherited",
	[VMT_WHY_LENGTH_ZERO] = "the length is 0",
	[VMT_WHY_LENGTH_WRAPS] = "address and length go beyond the end of the address space",
	[VMT_WHY_LENGTH_UNALIGNED] = "the length is not a multiple of 8",
	[VMT_WHY_NO_SHADOW_STACK] = "no user shadow stacks in this kernel or processor",
	[VMT_WHY_OFFSET_UNALIGNED] = "the offset is not a multiple of the page size",
	[VMT_WHY_OFFSET_WRAPS] = "offset and length go beyond the largest file",
	[VMT_WHY_ADDRESS_UNALIGNED] = "the address is not a multiple of the page size",
	[VMT_WHY_BEYOND_TASK_SIZE] = "the range ends above TASK_SIZE",
	[VMT_WHY_NO_HOLE] = "no gap is large enough",
	[VMT_WHY_BAD_FD] = "the descriptor is not open",
	[VMT_WHY_BAD_FLAGS] = "flags that this call does not know, or not together",
	[VMT_WHY_BAD_TYPE] = "neither MAP_SHARED nor MAP_PRIVATE, or not for this memory",
	[VMT_WHY_BAD_PROT] = "access bits that this call does not know",
	[VMT_WHY_GROWSDOWN_TYPE] = "MAP_GROWSDOWN is for private anonymous memory",
	[VMT_WHY_DROPPABLE_MIX] = "MAP_DROPPABLE with locked, huge or growing memory",
	[VMT_WHY_LOCK_FORBIDDEN] = "RLIMIT_MEMLOCK is 0, and no CAP_IPC_LOCK",
	[VMT_WHY_FILE_READ_ONLY] = "MAP_SHARED with PROT_WRITE on a file opened read-only",
	[VMT_WHY_FILE_WRITE_ONLY] = "the file was not opened for reading",
	[VMT_WHY_FILE_APPEND_ONLY] = "shared mapping of a file that may only be appended to",
	[VMT_WHY_FILE_NOEXEC] = "PROT_EXEC on a file system mounted noexec",
	[VMT_WHY_FILE_SEALED] = "MAP_SHARED with PROT_WRITE on a file sealed against writing",
	[VMT_WHY_FILE_NO_MMAP] = "this kind of file cannot be mapped",
	[VMT_WHY_FILE_NOT_PRIVATE] = "this file can be mapped shared only",
	[VMT_WHY_DRIVER_REFUSED] = "the file's driver refused",
	[VMT_WHY_HUGE_UNALIGNED] = "not a multiple of the huge page size",
	[VMT_WHY_HUGE_SIZE] = "the kernel has no huge pages of this size",
	[VMT_WHY_MDWE] = "the process forbade itself memory writable and executable (PR_SET_MDWE)",
	[VMT_WHY_NOTHING_MAPPED] = "nothing is mapped there",
	[VMT_WHY_NOT_GROWSDOWN] = "PROT_GROWSDOWN or PROT_GROWSUP on memory that does not grow",
	[VMT_WHY_BAD_PKEY] = "the protection key is not allocated",
	[VMT_WHY_NO_PKEYS] = "no protection keys in this processor or kernel",
	[VMT_WHY_PKEYS_USED_UP] = "all protection keys are given out",
	[VMT_WHY_REMAP_NEEDS_MAYMOVE] = "it would have to move, and MREMAP_MAYMOVE is not set",
	[VMT_WHY_REMAP_RESIZES] = "MREMAP_DONTUNMAP cannot change the size",
	[VMT_WHY_REMAP_OVERLAPS] = "the old and the new range overlap",
	[VMT_WHY_REMAP_EMPTY_PRIVATE] = "old length 0 duplicates shared memory only",
	[VMT_WHY_REMAP_NOT_TOGETHER] = "this mapping can move only by itself",
	[VMT_WHY_DONT_EXPAND] = "this mapping cannot grow (VM_DONTEXPAND)",
	[VMT_WHY_BAD_ADVICE] = "unknown advice",
	[VMT_WHY_ADVICE_FORBIDDEN] = "advice to another process, and no CAP_SYS_NICE",
	[VMT_WHY_ADVICE_NOT_SHARED] = "MADV_REMOVE needs a shared writable mapping",
	[VMT_WHY_BAD_SHM] = "no such segment or attach",
	[VMT_WHY_AIO_REFUSED] = "bad context, or more events than fs.aio-max-nr allows",
	[VMT_WHY_NOT_ONE_FILE] = "the range is not one shared mapping of one file",
	[VMT_WHY_NAME_REFUSED] =
		"names for anonymous memory are off in this kernel, or the name is bad",
	[VMT_WHY_BAD_POINTER] = "what an argument points to cannot be read",
	[VMT_WHY_EXEC_TOO_LATE] =
		"the old program was gone by then, so the kernel kills the process",
	[VMT_WHY_UFFD_OWNER_GONE] = "the process that made this userfaultfd has no memory any more",
	[VMT_WHY_SET_MM_REFUSED] = "needs CAP_SYS_RESOURCE, and fields in order",
};

/* number[0], number[1]: the range of a VMA. */
static const char *const vma_texts[VMT_WHY_COUNT] = {
	[VMT_WHY_SEALED] = "is sealed",
	[VMT_WHY_SPECIAL_SPLIT] = "is a special mapping that cannot be cut",
	[VMT_WHY_NOREPLACE] = "is in the way",
	[VMT_WHY_BRK_BLOCKED] = "is in the way; one page above the heap must stay free",
	[VMT_WHY_REMAP_BLOCKED] = "is in the way, so it cannot grow in place",
	[VMT_WHY_CROSSES_VMA] = "ends before the old range does",
	[VMT_WHY_ADVICE_UNFIT] = "is not fit for this advice",
	[VMT_WHY_UFFD_REFUSED] = "is not fit for this userfaultfd, or another one serves it",
	[VMT_WHY_LOCK_NO_ACCESS] = "has no access rights, so its pages cannot be faulted in",
	[VMT_WHY_PKEY_DENIES] = "has a protection key that denies this thread access",
	[VMT_WHY_LOCK_BEYOND_FILE] =
		"reaches beyond the end of its file, where there is no page to fault in",
	[VMT_WHY_VDSO_THERE] = "is still mapped; a vdso is mapped only once",
};

/* number[]: in use, asked for more, the limit; all in bytes. */
static void limit_text(const struct vmt_why *why, const char *limit, struct vmt_str *ret_text)
{
	char used[16], more[16], most[16];

	vmt_str_printf(ret_text, "%s in use and %s more asked for, over %s %s",
		       vmt_size_text(why->number[0], used), vmt_size_text(why->number[1], more),
		       limit, vmt_size_text(why->number[2], most));
}

/* number[]: VMAs in use, vm.max_map_count. */
static void count_text(const struct vmt_why *why, const char *end, struct vmt_str *ret_text)
{
	vmt_str_printf(ret_text, "%" PRIu64 " of vm.max_map_count %" PRIu64 " VMAs in use%s",
		       why->number[0], why->number[1], end);
}

static bool failure_text(const struct vmt_why *why, struct vmt_str *ret_text)
{
	char first[16], second[16];

	switch (why->id) {
	case VMT_WHY_SPLIT_LIMIT:
		count_text(why, ", and this call needs a split", ret_text);
		return true;
	case VMT_WHY_MAP_LIMIT:
		count_text(why, "", ret_text);
		return true;
	case VMT_WHY_LIMIT_AS:
		limit_text(why, "RLIMIT_AS", ret_text);
		return true;
	case VMT_WHY_LIMIT_DATA:
		limit_text(why, "RLIMIT_DATA", ret_text);
		return true;
	case VMT_WHY_LIMIT_MEMLOCK:
		limit_text(why, "RLIMIT_MEMLOCK", ret_text);
		return true;
	case VMT_WHY_BRK_DATA_LIMIT:
		vmt_str_printf(ret_text, "data and heap would take %s, RLIMIT_DATA is %s",
			       vmt_size_text(why->number[0], first),
			       vmt_size_text(why->number[1], second));
		return true;
	case VMT_WHY_OVERCOMMIT:
		vmt_str_printf(ret_text,
			       "%s asked for, RAM and swap are %s (vm.overcommit_memory 0)",
			       vmt_size_text(why->number[0], first),
			       vmt_size_text(why->number[1], second));
		return true;
	case VMT_WHY_BELOW_MIN:
		vmt_str_printf(ret_text,
			       "%" PRIx64 " is below the lowest address allowed, %" PRIx64,
			       why->number[0], why->number[1]);
		return true;
	case VMT_WHY_HOLE:
		vmt_str_printf(ret_text, "nothing is mapped at %" PRIx64 "-%" PRIx64,
			       why->number[0], why->number[1]);
		return true;
	case VMT_WHY_HUGE_POOL:
		vmt_str_printf(ret_text,
			       "%" PRIu64 " huge pages of %s needed, %" PRIu64
			       " to be had: the pool has %" PRIu64 " (%s)",
			       why->number[0], vmt_size_text(why->number[3], first), why->number[1],
			       why->number[2],
			       why->number[3] == USUAL_HUGE_BYTES ? "vm.nr_hugepages"
								  : "hugepages= at boot");
		return true;
	case VMT_WHY_NO_MAY:
		vmt_str_printf(ret_text, "the VMA at %" PRIx64 " may never get such access",
			       why->number[0]);
		return true;
	default:
		return false;
	}
}

void vmt_why_text(const struct vmt_step *step, const struct vmt_why *why, struct vmt_str *ret_text)
{
	const char *apart = apart_reason(why->id);

	if (apart) {
		apart_text(why, apart, step, ret_text);
		return;
	}
	if (plain_texts[why->id]) {
		vmt_str_add(ret_text, plain_texts[why->id]);
		return;
	}
	if (vma_texts[why->id]) {
		vmt_str_printf(ret_text, "the VMA %" PRIx64 "-%" PRIx64 " %s", why->number[0],
			       why->number[1], vma_texts[why->id]);
		return;
	}
	if (failure_text(why, ret_text))
		return;
	switch (why->id) {
	case VMT_WHY_PIE_BASE:
		vmt_str_printf(ret_text, "PIE base %" PRIx64, why->number[0]);
		break;
	case VMT_WHY_PIE_RANDOM:
		vmt_str_printf(ret_text, "PIE base %" PRIx64 " + random", why->number[0]);
		break;
	case VMT_WHY_AFTER_SEGMENT:
		vmt_str_printf(ret_text, "base + p_vaddr %" PRIx64, why->number[0]);
		break;
	default:
		place_text(step, why, ret_text);
		break;
	}
}
