/* SPDX-License-Identifier: MIT */
/*
 * pgtable: part of the door of mm (mm.h includes it). The page tables of a space: which tables
 * there are at each level, driven by what really happened to its pages.
 *
 *	a page appears       its whole chain of tables appears    __handle_mm_fault()
 *	munmap, MAP_FIXED    tables between floor and ceiling go   free_pgd_range()
 *	mremap               whole tables move, or new ones        move_page_tables()
 *	fork                 those of VMAs that need a copy        copy_page_range()
 *	MADV_DONTNEED        tables of the last level, from 6.14   zap_pte_range(), CONFIG_PT_RECLAIM
 *
 * Tables are counted as mm->pgtables_bytes counts them, which /proc/PID/status shows as VmPTE.
 */
#ifndef VMTRACE_PGTABLE_H
#define VMTRACE_PGTABLE_H

#include "vmtrace/arch.h"
#include "vmtrace/event.h"

struct vmt_space;
struct vmt_step;

/* Why the model's tables and VmPTE differ. The names are a promise: vmt_table_reason_name(). */
enum vmt_table_reason {
	VMT_TABLES_AGREE,
	/* Tables whose pages had gone before anybody looked: a trace that began late, or no --faults. */
	VMT_TABLES_EMPTIED,
	VMT_TABLES_FAILED, /* faults that failed (beyond the end of a file) made fewer tables */
	VMT_TABLES_HUGE, /* the kernel joined or split huge pages by itself */
	VMT_TABLES_OTHERS, /* other tasks of the space ran at the same time, or were not watched */
	VMT_TABLES_LOST, /* perf could not record every fault */
	VMT_TABLES_UNREADABLE, /* pagemap may not be read */
	VMT_TABLES_UNEXPLAINED, /* a mistake of the model */
	VMT_TABLES_REASON_COUNT,
};
const char *vmt_table_reason_name(enum vmt_table_reason reason);

/* One level of a step's range; the levels are those of the geometry. */
struct vmt_step_level {
	unsigned
		first_index; /* of the entries that the range needs; valid if the range is not empty */
	unsigned last_index;
	uint64_t needed; /* tables of this level that the range needs when all of it is used */
	uint64_t there; /* of these, the ones that were there before the step: a neighbour's */
};

enum {
	VMT_STEP_FAULTS_MAX = 64
};

/* What a step means for the page tables. */
struct vmt_step_tables {
	bool known; /* false: nobody watches; all else is 0 then */
	const struct vmt_geometry *geometry; /* of the kernel's tables */
	uint64_t start; /* the range that the levels are about; empty: none */
	uint64_t end;
	struct vmt_step_level levels[VMT_LEVELS_MAX]; /* one per level of the geometry */
	/* Whether a huge page of the level above the last fits into the range: how many do. */
	uint64_t huge_possible;
	uint64_t huge_bytes; /* size of one, 0 if the architecture has none for this memory */

	/* Since the step before. */
	bool faults_known; /* page faults are watched */
	uint64_t faults; /* that were seen */
	uint64_t first_faults[VMT_STEP_FAULTS_MAX]; /* addresses of the first of them, in order */
	bool pages_known; /* the pages were looked at */
	int64_t pages; /* that came (or, below 0, went), the step's own included */
	uint64_t made; /* tables that appeared */
	uint64_t freed; /* tables that went */

	uint64_t bytes; /* of all tables after the step, as VmPTE counts */
	bool checked; /* the kernel was asked */
	uint64_t kernel_bytes; /* VmPTE; exact, it is always whole KiB */
	enum vmt_table_reason
		reason; /* AGREE, or why they differ; then the kernel's number counts */
};

/* What a step does to the translations that CPUs keep. */
enum vmt_flush {
	VMT_FLUSH_NONE, /* nothing that a CPU could have kept has changed */
	VMT_FLUSH_PAGES, /* each page of the range by itself */
	VMT_FLUSH_ALL, /* the range is longer than the threshold: everything of this space */
};

struct vmt_step_tlb {
	bool known; /* false: the pages were not looked at */
	enum vmt_flush flush;
	uint64_t
		start; /* the range that is flushed: from the first page that was there to the last */
	uint64_t end;
	uint64_t pages; /* of the range */
	uint64_t present; /* of these, pages that were there */
	unsigned threshold_pages; /* more are flushed all at once; 0: there is no threshold */
	bool freed_tables; /* tables go too: CPUs that are idle must forget them as well */
};

/* Tables of a space at one moment. */
struct vmt_table_totals {
	uint64_t tables[VMT_LEVELS_MAX]; /* one per level of the geometry; the PGD counts one */
	uint64_t bytes; /* as VmPTE counts: without PGD and P4D */
};

/*
 * From now on the space keeps account of its tables; it must be new, or nothing is known of what
 * was there before. A copy (vmt_space_fork()) of such a space is watched as well.
 */
void vmt_space_watch_tables(struct vmt_space *space, const struct vmt_geometry *geometry);
/* Forgets the account: for a space that was watched for one look only. */
void vmt_space_unwatch_tables(struct vmt_space *space);
/* NULL if they are not watched. */
const struct vmt_geometry *vmt_space_geometry(const struct vmt_space *space);

/* How pages of a range are mapped. */
enum vmt_populate {
	VMT_POPULATE_PAGES, /* page by page */
	VMT_POPULATE_HUGE, /* anonymous huge pages: each keeps a table deposited for the day it is split */
	VMT_POPULATE_HUGE_FILE, /* huge pages of a file, or of hugetlb: no table of the last level */
};

/* Pages of [start, end) are there: so are their tables. */
void vmt_space_populate(struct vmt_space *space, uint64_t start, uint64_t end,
			enum vmt_populate how);

/*
 * The same for pages that are there already and whose mappings are yet to be told, as steps of an
 * execve or an attach: they count from the step that tells of their mapping. Those that no step
 * told of count when vmt_space_pages_told() says that all is told.
 */
void vmt_space_pages_wait(struct vmt_space *space, uint64_t start, uint64_t end,
			  enum vmt_populate how);
void vmt_space_pages_told(struct vmt_space *space);

/*
 * A page fault at @address. False if it can have made nothing: no VMA is there, nor one that grows
 * down to it, or none that may be touched.
 */
bool vmt_space_fault(struct vmt_space *space, uint64_t address);
/* Whether there is a table of the last level for @address: then a fault makes none. */
bool vmt_space_has_table(const struct vmt_space *space, uint64_t address);
/*
 * A page fault that left no page. One in a file (SIGBUS, beyond its end) still made the tables above
 * the last level; a refused one (SIGSEGV) made nothing.
 */
void vmt_space_fault_failed(struct vmt_space *space, uint64_t address);

/* Tables now. */
void vmt_space_table_totals(const struct vmt_space *space, struct vmt_table_totals *ret_totals);
uint64_t vmt_space_table_bytes(const struct vmt_space *space);
/* Tables of the last level that are there in [start, end). */
uint64_t vmt_space_tables_in(const struct vmt_space *space, uint64_t start, uint64_t end);

/* Forgets all tables: what follows is a look at every page there is. */
void vmt_space_tables_forget(struct vmt_space *space);

/*
 * Says in step->tables what its range needs, before the pages that the step itself brought in are
 * counted. vmt_step_end() does it where nobody has, and fills in what happened since the last step.
 */
void vmt_step_tables(const struct vmt_space *space, struct vmt_step *step);
/*
 * Before a call runs: the first range from @from on whose translations it may take away or change.
 * False if it can do so nowhere (any more).
 */
bool vmt_space_flush_range(const struct vmt_space *space, const struct vmt_event *event,
			   uint64_t from, uint64_t *ret_start, uint64_t *ret_end);
/*
 * Fills in step->tlb after the call: of the range that vmt_space_flush_range() gave, @present pages
 * were there, all in [@first, @last); 0 if none, or if there was no such range.
 */
void vmt_step_tlb(const struct vmt_space *space, struct vmt_step *step, uint64_t first,
		  uint64_t last, uint64_t present);

#endif
