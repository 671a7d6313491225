/* SPDX-License-Identifier: MIT */
/*
 * lookup: part of the door of mm. What becomes of one address: a model of the TLB, which answers
 * from what it remembers, and what the kernel does when the page tables have no answer either.
 *
 *	address --> TLB --hit------------------------------> memory
 *	             |
 *	            miss --> walk of the page tables --found--> memory, and the TLB remembers
 *	                          |
 *	                      no entry, or no right --> page fault: enum vmt_miss
 *
 * Pure: values in, values out; knows no process.
 */
#ifndef VMTRACE_LOOKUP_H
#define VMTRACE_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmtrace/arch.h"
#include "vmtrace/base.h"
#include "vmtrace/image.h"

/* ---- tlb.c: a small TLB ---------------------------------------------------------------------- */

/*
 * Sets of @ways entries each; a page can be in one set only, that of its number modulo the number
 * of sets. The least recently used entry of a full set makes room.
 *
 *	page number 0x76db8, 64 entries in 4 ways = 16 sets:  set 8  [ way 0 | way 1 | way 2 | way 3 ]
 */
struct vmt_tlb_config {
	unsigned entries; /* 1 to VMT_TLB_ENTRIES_MAX */
	unsigned ways; /* divides entries; as many as entries: fully associative */
	unsigned page_shift; /* log2 of the page size: 10 to 40 */
};

enum {
	VMT_TLB_ENTRIES_MAX = 1 << 20
};

/* What an entry is found by. */
struct vmt_tlb_tag {
	uint64_t page; /* address >> page_shift */
	unsigned asid; /* address space: ASID, PCID */
};

struct vmt_tlb_result {
	bool hit;
	bool evicted; /* a miss that pushed another page out */
	struct vmt_tlb_tag victim; /* which, if evicted */
	unsigned set;
};

struct vmt_tlb_counts {
	uint64_t hits;
	uint64_t misses;
	uint64_t evictions;
	uint64_t flushes; /* calls of a flush */
	uint64_t flushed; /* entries that they dropped */
};

struct vmt_tlb;

/* -EINVAL with a line for a TLB that cannot be. */
VMT_MUST_CHECK int vmt_tlb_config_check(const struct vmt_tlb_config *config,
					struct vmt_error *error);
/* Empty; @config was checked. */
struct vmt_tlb *vmt_tlb_new(const struct vmt_tlb_config *config);
void vmt_tlb_free(struct vmt_tlb *tlb);

/* Looks @address up in the space @asid, and remembers its page after a miss. */
struct vmt_tlb_result vmt_tlb_look(struct vmt_tlb *tlb, uint64_t address, unsigned asid);
/* Each returns how many entries it dropped: all, those of a space, the page of an address. */
unsigned vmt_tlb_flush_all(struct vmt_tlb *tlb);
unsigned vmt_tlb_flush_asid(struct vmt_tlb *tlb, unsigned asid);
unsigned vmt_tlb_flush_page(struct vmt_tlb *tlb, uint64_t address, unsigned asid);

struct vmt_tlb_counts vmt_tlb_counts(const struct vmt_tlb *tlb);

/* ---- miss.c: what a page fault leads to ------------------------------------------------------- */

enum vmt_access {
	VMT_ACCESS_READ,
	VMT_ACCESS_WRITE,
	VMT_ACCESS_EXEC,
	VMT_ACCESS_COUNT,
};

enum vmt_miss {
	VMT_MISS_NONE, /* the entry is there and allows it: the MMU needs no kernel */
	VMT_MISS_NONE_OR_REUSE, /* the same; or the entry is read-only yet, and is made writable */
	VMT_MISS_NONE_OR_NOTIFY, /* the same; or the file system is told before it becomes writable */
	VMT_MISS_ZERO_PAGE, /* the page of zeros that everybody shares, read-only */
	VMT_MISS_DEMAND_ZERO, /* a page of its own, zeroed */
	VMT_MISS_FILE, /* the file's page, from the page cache or the disk */
	VMT_MISS_FILE_WRITE, /* the same, writable, and the file system is told */
	VMT_MISS_COPY, /* copy on write */
	VMT_MISS_SHARED_MEMORY, /* the page of the shared memory, zeroed if nobody touched it yet */
	VMT_MISS_SWAP_IN, /* back from the swap area */
	VMT_MISS_SPECIAL, /* a page that the kernel keeps ready: [vdso], [vvar] */
	VMT_MISS_HUGETLB, /* a page of the hugetlb pool */
	VMT_MISS_USERFAULT, /* whoever holds the userfaultfd decides */
	VMT_MISS_GATE, /* a page of the kernel at a fixed address: it emulates the call, or refuses */
	VMT_MISS_STACK, /* the stack grows down to here, if its limits allow */
	VMT_MISS_SIGBUS, /* beyond the end of the file */
	VMT_MISS_GUARD, /* a guard page (MADV_GUARD_INSTALL): SIGSEGV */
	VMT_MISS_SEGV_UNMAPPED, /* nothing is mapped: SIGSEGV, SEGV_MAPERR */
	VMT_MISS_SEGV_RIGHTS, /* the mapping does not allow it: SIGSEGV, SEGV_ACCERR */
	VMT_MISS_EXEC_ONLY, /* read of an --x page: with protection keys refused, else as usual */
	VMT_MISS_COUNT,
};

/* One address of a process. All may come from a live process or from anywhere else. */
struct vmt_lookup {
	uint64_t address;
	const struct vmt_mapping *map; /* that covers the address; NULL: none does */
	const struct vmt_mapping
		*above; /* the next one above the address if none covers it, or NULL */
	const struct vmt_page_state *page; /* NULL: nothing is known, as if never touched */
};

/*
 * What the next access of that kind leads to if the TLB does not have the page. Mirrors
 * do_user_addr_fault() of arch/x86/mm/fault.c and handle_pte_fault() of mm/memory.c, 6.18.
 */
enum vmt_miss vmt_miss_of(const struct vmt_lookup *lookup, enum vmt_access access);

/*
 * May @miss be SIGBUS after all, because the size of the file that the page would come from is not
 * known (filemap_fault() of mm/filemap.c)?
 */
bool vmt_miss_may_be_beyond(const struct vmt_lookup *lookup, enum vmt_miss miss);

/* ---- infer.c: the entry that the MMU reads, which the kernel shows nowhere ---------------------- */

/* How a field of the entry is known. */
enum vmt_inferred {
	VMT_INFERRED_NOT, /* not shown, and does not follow from anything that is */
	VMT_INFERRED_PAGEMAP, /* from the page, as /proc/PID/pagemap shows it */
	VMT_INFERRED_MAPPING, /* from the rights of the mapping */
	VMT_INFERRED_FAULT, /* the next write must fault, so it cannot be set */
	VMT_INFERRED_USER, /* always so for user memory */
};

/*
 * What @field of the entry of a page that is present must be; *ret_value is set unless NOT.
 * @format is the format of a leaf; lookup->map and page are not NULL.
 */
enum vmt_inferred vmt_entry_infer(const struct vmt_lookup *lookup,
				  const struct vmt_entry_format *format,
				  const struct vmt_entry_field *field, uint64_t *ret_value);

#endif
