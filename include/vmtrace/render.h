/* SPDX-License-Identifier: MIT */
/*
 * render: steps in, text out. One format a file behind one small set of functions; a renderer
 * writes to a FILE that it is given and never opens, closes or flushes one. Bytes that come from
 * the target are escaped here, and nowhere else.
 */
#ifndef VMTRACE_RENDER_H
#define VMTRACE_RENDER_H

#include <stdio.h>

#include "vmtrace/annotate.h"
#include "vmtrace/base.h"
#include "vmtrace/mm.h"

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

struct vmt_renderer;

struct vmt_renderer_ops {
	void (*run)(struct vmt_renderer *renderer, const struct vmt_run_info *info);
	void (*space)(struct vmt_renderer *renderer, const struct vmt_space_info *info);
	/*
	 * An ELF file that is loaded for the first time in this run; its step follows. May be NULL: call it
	 * through vmt_renderer_object().
	 */
	void (*object)(struct vmt_renderer *renderer, const struct vmt_object_info *info);
	/*
	 * A finished step; step->what, actor and object are set. One that is hidden may matter to later lines,
	 * but is not printed.
	 */
	void (*step)(struct vmt_renderer *renderer, const struct vmt_step *step);
	/* A space ends, or its layout is asked for. */
	void (*layout)(struct vmt_renderer *renderer, const struct vmt_layout_info *info);
	/* Something worth a line; may be NULL: call it through vmt_renderer_warning(). */
	void (*warning)(struct vmt_renderer *renderer, const struct vmt_warning *warning);
	/* One line about the trace itself ("space 2: could not be read …"). */
	void (*note)(struct vmt_renderer *renderer, const char *line);
	void (*summary)(struct vmt_renderer *renderer, const struct vmt_summary_info *info);
	void (*free)(struct vmt_renderer *renderer);
};

/* A renderer starts with this; each format has its own fields behind it. */
struct vmt_renderer {
	const struct vmt_renderer_ops *ops;
};

enum vmt_log_view {
	VMT_LOG_STEPS = 1, /* each step as it happens */
	VMT_LOG_MAP = 2, /* the numbered map log when a space ends */
	VMT_LOG_CALLS = 4, /* one strace-like line per mapping call */
};

/* What is shown beside the standing columns. */
enum vmt_show {
	VMT_SHOW_PATH = 1, /* each step's way through the kernel, as a tree */
	VMT_SHOW_FLAGS = 2, /* smaps' VmFlags in the map log */
	VMT_SHOW_TABLES = 4, /* each step's page tables; pages and tables in the map log */
	VMT_SHOW_TLB = 8, /* what each step does to the TLB */
};

struct vmt_text_options {
	unsigned views; /* enum vmt_log_view */
	unsigned show; /* enum vmt_show */
	bool color;
	unsigned width; /* columns of the terminal; 0: as wide as it takes */
	bool verbose; /* every line, nothing folded */
	bool teach; /* each step in full sentences below its line */
	bool fold; /* steps that belong together as one line, unless verbose */
	bool quiet; /* the summary line only */
};

/* The text views. @file stays the caller's. */
struct vmt_renderer *vmt_render_text_new(FILE *file, const struct vmt_text_options *options);
/* JSON Lines, as vmtrace-json(5) promises. */
struct vmt_renderer *vmt_render_json_new(FILE *file);

void vmt_renderer_free(struct vmt_renderer *renderer);

/* Nothing happens where a renderer has nothing to say of it. */
void vmt_renderer_object(struct vmt_renderer *renderer, const struct vmt_object_info *info);
void vmt_renderer_warning(struct vmt_renderer *renderer, const struct vmt_warning *warning);

#endif
