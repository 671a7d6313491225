/* SPDX-License-Identifier: MIT */
/*
 * log: shared vocabulary, no functions. What the log of a run consists of beside its steps: the run
 * itself, its spaces, their layouts, and the counts. The session makes it, render prints it, store
 * keeps it.
 */
#ifndef VMTRACE_LOG_H
#define VMTRACE_LOG_H

#include "vmtrace/mm.h"

struct vmt_elf_facts; /* elf.h */
struct vmt_part; /* annotate.h */

struct vmt_run_info {
	const char *version; /* of vmtrace */
	const char *arch;
	const char *kernel;
	uint64_t page_size_bytes;
	char *const *argv; /* ended by NULL */
};

struct vmt_space_info {
	uint32_t space;
	pid_t pid;
	const char *made_by; /* "exec", "fork" */
	uint32_t parent; /* 0 if none */
	const char *exe;
	const char *arch;
};

/* Counts over a space or the whole run. */
struct vmt_counts {
	uint64_t steps;
	uint64_t checked; /* compared with the kernel */
	uint64_t adjusted; /* of these, taken over with a known reason */
	uint64_t unexplained; /* of these, without one */
	uint64_t reasons[VMT_REASON_COUNT];
	uint64_t table_checks; /* the model's page tables were compared with VmPTE */
	uint64_t table_reasons[VMT_TABLES_REASON_COUNT]; /* of these, how many differed, and why */
};

/* What is in a VMA, beside its line in the map log. */
struct vmt_row_pages {
	uint64_t present; /* pages */
	uint64_t swapped;
	uint64_t tables; /* of the last level, with a page of it in their range */
};

struct vmt_layout_info {
	const struct vmt_space_info *space;
	uint32_t step; /* the last step of the layout */
	const struct vmt_view_list *list;
	const struct vmt_part
		*parts; /* of each row of list: what of an ELF file it is; NULL: unknown */
	const struct vmt_counts *counts; /* of this space */
	uint64_t page_table_kib; /* VmPTE; valid if has_page_table */
	bool has_page_table;
	/* The model's tables; NULL if nobody looked at the pages. */
	const struct vmt_geometry *geometry;
	struct vmt_table_totals tables;
	bool tables_watched; /* since the space began, or was attached to; not only at its end */
	enum vmt_table_reason table_reason; /* AGREE, or why VmPTE is something else */
	uint64_t present_pages; /* of the whole space */
	const struct vmt_row_pages *pages; /* one per row of list; NULL: not asked for */
	size_t map_count; /* VMAs, gate pages not counted */
	uint64_t map_count_limit; /* vm.max_map_count, 0 unknown */
};

/* An ELF file of which a program has loaded something. */
struct vmt_object_info {
	const char *name; /* as maps names it */
	uint32_t dev_major; /* as maps has them */
	uint32_t dev_minor;
	uint64_t inode;
	const struct vmt_elf_facts *facts;
};

struct vmt_summary_info {
	uint32_t spaces;
	struct vmt_counts counts;
	bool faults_watched;
	uint64_t faults; /* seen */
	uint64_t faults_lost; /* counted by the kernel and not seen */
	int exit_code;
	int exit_signal;
	bool exit_known;
};

#endif
