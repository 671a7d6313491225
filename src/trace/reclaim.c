/* SPDX-License-Identifier: MIT */
/*
 * Does MADV_DONTNEED free page tables (CONFIG_PT_RECLAIM, Linux 6.14)? A page is touched in each of
 * two spans of one table each, and the first is dropped whole: VmPTE tells. Without huge pages, whose
 * deposited table would go in any case. The first look is not used: to read a file may need memory, and
 * tables, of its own (with a sanitizer many).
 */
#include <sys/mman.h>
#include <unistd.h>

#include "procfs.h"

enum {
	SPAN_BYTES = 2 << 20,
	SPANS = 3
};

enum vmt_rule vmt_rule_table_reclaim(void)
{
	enum vmt_rule rule = VMT_RULE_UNKNOWN;
	uint64_t before, after;
	void *memory = mmap(NULL, (size_t)SPANS * SPAN_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *aligned;

	if (memory == MAP_FAILED)
		return rule;
	aligned = (char *)memory + (-(uintptr_t)memory & (SPAN_BYTES - 1));
	madvise(memory, (size_t)SPANS * SPAN_BYTES, MADV_NOHUGEPAGE);
	*(volatile char *)aligned = 1;
	*(volatile char *)(aligned + SPAN_BYTES) = 1;
	if (vmt_proc_page_table_kib(getpid(), &after) == 0 &&
	    vmt_proc_page_table_kib(getpid(), &before) == 0 &&
	    madvise(aligned, SPAN_BYTES, MADV_DONTNEED) == 0 &&
	    vmt_proc_page_table_kib(getpid(), &after) == 0)
		rule = after < before ? VMT_RULE_YES : VMT_RULE_NO;
	munmap(memory, (size_t)SPANS * SPAN_BYTES);
	return rule;
}
