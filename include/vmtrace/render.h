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
#include "vmtrace/compare.h"
#include "vmtrace/log.h"
#include "vmtrace/mm.h"

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
/* CSV of the steps: a header line, then a line a step. */
struct vmt_renderer *vmt_render_csv_new(FILE *file);
/*
 * Folded stacks for flame graphs, "space;main;load;mmap;call BYTES" or without a call stack
 * "space;actor;object;call BYTES", with how much each mapped; written at the end.
 */
struct vmt_renderer *vmt_render_folded_new(FILE *file);
/*
 * Chrome's trace-event format (JSON), which ui.perfetto.dev and chrome://tracing open: a process a
 * space, its steps as slices of the threads, its VMAs and bytes as counters. Complete when freed.
 */
struct vmt_renderer *vmt_render_perfetto_new(FILE *file);

struct vmt_stat_options {
	bool json;
	bool color;
	bool verbose; /* all of the lists */
};
/* What the steps add up to; written when freed. */
struct vmt_renderer *vmt_render_stat_new(FILE *file, const struct vmt_stat_options *options);

/*
 * The layout as the text of /proc/PID/maps of a kernel of @kernel_bits (32 or 64), to the byte;
 * but bytes of names that a terminal would obey are escaped for one. Mirrors show_map_vma() (fs/proc/task_mmu.c, Linux 6.18).
 */
void vmt_render_maps(FILE *file, const struct vmt_view_list *list, unsigned kernel_bits,
		     bool terminal);

void vmt_renderer_free(struct vmt_renderer *renderer);

/* Nothing happens where a renderer has nothing to say of it. */
void vmt_renderer_object(struct vmt_renderer *renderer, const struct vmt_object_info *info);
void vmt_renderer_warning(struct vmt_renderer *renderer, const struct vmt_warning *warning);

/* ---- diff-text.c, diff-json.c: what vmtrace diff found -------------------------------------- */

/* One side of a comparison. */
struct vmt_diff_end {
	uint32_t space; /* 0: a text, which has none */
	uint32_t step; /* the last step of the layout */
	pid_t pid;
	const char *exe; /* "" unknown */
	const struct vmt_compare_side *layout;
	const struct vmt_compare_steps *steps; /* NULL without --steps */
};

/* Two spaces that were compared, or one that has no like: then the other end has an empty layout. */
struct vmt_diff_space {
	const struct vmt_diff_end *a;
	const struct vmt_diff_end *b;
	bool only_a;
	bool only_b;
	const struct vmt_comparison *layouts; /* NULL with steps */
	const struct vmt_step_comparison *steps; /* NULL with layouts */
};

struct vmt_diff_info {
	const char *a; /* what was compared, as it was named */
	const char *b;
	const struct vmt_diff_space *spaces;
	size_t space_count;
	bool same;
};

struct vmt_diff_options {
	bool color;
	bool verbose; /* also what is the same, and where everything lies */
	bool stat; /* one line a group */
	bool addresses; /* they count: show them */
};

/* As a unified diff; nothing if all is the same, unless verbose. */
void vmt_render_diff_text(FILE *file, const struct vmt_diff_info *info,
			  const struct vmt_diff_options *options);
/* One JSON object; everything, as vmtrace-json(5) has it. */
void vmt_render_diff_json(FILE *file, const struct vmt_diff_info *info);

#endif
