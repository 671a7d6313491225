/* SPDX-License-Identifier: MIT */
/*
 * What a page fault leads to, and the flags of a page frame, in words.
 */
#include <linux/kernel-page-flags.h>

#include "vmtrace/annotate.h"

const char *vmt_miss_text(enum vmt_miss miss)
{
	static const char *const texts[VMT_MISS_COUNT] = {
		[VMT_MISS_NONE] = "no fault: the entry is there and allows it",
		[VMT_MISS_NONE_OR_REUSE] =
			"no fault, or one that only makes the entry writable: the page is this "
			"process's alone",
		[VMT_MISS_NONE_OR_NOTIFY] =
			"no fault, or one that tells the file system before the page becomes dirty",
		[VMT_MISS_ZERO_PAGE] = "minor fault: the shared page of zeros is mapped, read-only",
		[VMT_MISS_DEMAND_ZERO] = "minor fault, demand zero: a new zeroed page",
		[VMT_MISS_FILE] = "file read: the page cache's page is mapped, with its neighbours "
				  "(minor); read "
				  "from the file first if it is not cached (major)",
		[VMT_MISS_FILE_WRITE] =
			"file write: the page cache's page is mapped writable and the file system "
			"told "
			"(minor); read from the file first if it is not cached (major)",
		[VMT_MISS_COPY] = "copy on write: a new page with a copy, for this process alone "
				  "(minor, if the "
				  "original is in memory)",
		[VMT_MISS_SHARED_MEMORY] = "minor fault: the page of the shared memory, zeroed if "
					   "nobody touched it yet",
		[VMT_MISS_SWAP_IN] = "swap in: read back from the swap area (major, if not cached)",
		[VMT_MISS_SPECIAL] = "minor fault: a page that the kernel keeps ready",
		[VMT_MISS_HUGETLB] =
			"minor fault: a huge page of the pool; SIGBUS if the pool is empty",
		[VMT_MISS_USERFAULT] =
			"userfaultfd: the thread waits until its handler resolves it",
		[VMT_MISS_GATE] =
			"the kernel's own page: it emulates the call made here, or refuses",
		[VMT_MISS_STACK] = "the stack grows down to here, unless RLIMIT_STACK or a mapping "
				   "below forbids "
				   "it (then SIGSEGV, SEGV_MAPERR)",
		[VMT_MISS_SIGBUS] = "SIGBUS: the page lies beyond the end of the file",
		[VMT_MISS_GUARD] = "SIGSEGV: a guard page (MADV_GUARD_INSTALL)",
		[VMT_MISS_SEGV_UNMAPPED] = "SIGSEGV (SEGV_MAPERR): nothing is mapped here",
		[VMT_MISS_SEGV_RIGHTS] = "SIGSEGV (SEGV_ACCERR): the mapping does not allow it",
		[VMT_MISS_EXEC_ONLY] =
			"SIGSEGV (SEGV_PKUERR) where the CPU has protection keys; else as a fetch",
	};

	return texts[miss];
}

void vmt_frame_flags_text(uint64_t flags, struct vmt_str *ret_text)
{
	static const struct {
		unsigned bit;
		const char *name;
	} rows[] = {
		{ KPF_LOCKED, "locked" },
		{ KPF_REFERENCED, "referenced" },
		{ KPF_UPTODATE, "uptodate" },
		{ KPF_DIRTY, "dirty" },
		{ KPF_LRU, "lru" },
		{ KPF_ACTIVE, "active" },
		{ KPF_SLAB, "slab" },
		{ KPF_WRITEBACK, "writeback" },
		{ KPF_RECLAIM, "reclaim" },
		{ KPF_BUDDY, "buddy" },
		{ KPF_MMAP, "mmap" },
		{ KPF_ANON, "anon" },
		{ KPF_SWAPCACHE, "swapcache" },
		{ KPF_SWAPBACKED, "swapbacked" },
		{ KPF_COMPOUND_HEAD, "compound_head" },
		{ KPF_COMPOUND_TAIL, "compound_tail" },
		{ KPF_HUGE, "huge" },
		{ KPF_UNEVICTABLE, "unevictable" },
		{ KPF_HWPOISON, "hwpoison" },
		{ KPF_NOPAGE, "nopage" },
		{ KPF_KSM, "ksm" },
		{ KPF_THP, "thp" },
		{ KPF_OFFLINE, "offline" },
		{ KPF_ZERO_PAGE, "zero_page" },
		{ KPF_IDLE, "idle" },
		{ KPF_PGTABLE, "pgtable" },
	};
	size_t start = ret_text->length;

	for (size_t i = 0; i < vmt_countof(rows); i++) {
		if (flags & UINT64_C(1) << rows[i].bit)
			vmt_str_printf(ret_text, "%s%s", ret_text->length > start ? " " : "",
				       rows[i].name);
	}
}
