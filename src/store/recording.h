/* SPDX-License-Identifier: MIT */
/*
 * recording: a recording that is read, and how its values are taken out of the file. Nothing in it
 * is trusted: a value that does not fit makes the recording bad, with the first reason kept; whoever
 * took values looks once, behind the row, whether it has become so.
 */
#ifndef VMT_STORE_RECORDING_H
#define VMT_STORE_RECORDING_H

#include <sqlite3.h>

#include "vmtrace/store.h"

#include "schema.h"

enum vmt_query {
	VMT_QUERY_TEXT,
	VMT_QUERY_OBJECT,
	VMT_QUERY_FILE,
	VMT_QUERY_FRAMES,
	VMT_QUERY_STACKS,
	VMT_QUERY_SITE,
	VMT_QUERY_WHY,
	VMT_QUERY_PATH,
	VMT_QUERY_RECORDS,
	VMT_QUERY_SPACE,
	VMT_QUERY_NEXT_SPACE,
	VMT_QUERY_STEPS,
	VMT_QUERY_OUTLINES,
	VMT_QUERY_MORE,
	VMT_QUERY_VMAS,
	VMT_QUERY_VMAS_FROM,
	VMT_QUERY_LOOK,
	VMT_QUERY_NEXT_LOOK,
	VMT_QUERY_LAYOUT,
	VMT_QUERY_LAYOUT_AT,
	VMT_QUERY_LAYOUT_TABLES,
	VMT_QUERY_LAYOUT_PAGES,
	VMT_QUERY_STEP_TABLES,
	VMT_QUERY_STEP_TLB,
	VMT_QUERY_TABLES_ADJUSTED,
	VMT_QUERY_SUMMARY,
	VMT_QUERY_ELFS,
	VMT_QUERY_SEGMENTS,
	VMT_QUERY_SECTIONS,
	VMT_QUERY_WARNING,
	VMT_QUERY_RUN_OF,
	VMT_QUERY_ADJUSTED,
	VMT_QUERY_LAST_STEP,
	VMT_QUERY_RECENT,
	VMT_QUERY_ALIVE_RECENT,
	VMT_QUERY_ALIVE_LONG,
	VMT_QUERY_ALIVE,
	VMT_QUERY_ODD,
	VMT_QUERY_OVER,
	VMT_QUERY_OVER_LARGE,
	VMT_QUERY_OVER_LONG,
	VMT_QUERY_OVER_FORWARDS,
	VMT_QUERY_OVER_BACKWARDS,
	VMT_QUERY_COUNT_AT,
	VMT_QUERY_COUNT_LARGE,
	VMT_QUERY_COUNT_POINTING,
	VMT_QUERY_FLOOR,
	VMT_QUERY_OVER_ABOVE,
	VMT_QUERY_COUNT_ABOVE,
	VMT_QUERY_FIRST_ADDED,
	VMT_QUERY_LAST_ADDED,
	VMT_QUERY_POINTING,
	VMT_QUERY_POINTING_FORWARDS,
	VMT_QUERY_POINTING_BACKWARDS,
	VMT_QUERY_BASE,
	VMT_QUERY_OBJECT_NAMES,
	VMT_QUERY_FRAMES_OF,
	VMT_QUERY_COUNT
};

extern const char *const vmt_store_queries[VMT_QUERY_COUNT]; /* queries.c */

/* Rows that come again and again: a place for each number, as far as they do not collide. */
struct vmt_cache {
	size_t row_bytes;
	int64_t *ids; /* 0: free */
	char *rows;
};

/* What the caches hold. */
struct vmt_read_site {
	enum vmt_cause cause;
	const char *actor;
	const char *object;
	enum vmt_call_id call; /* VMT_CALL_NONE: none */
	uint64_t ip;
	struct vmt_frame *stack; /* NULL: none */
	const struct vmt_frame *caller; /* NULL: none, and so is caller_actor */
	const char *caller_actor;
};

struct vmt_read_whys {
	unsigned count;
	struct vmt_why why[VMT_STEP_WHY_MAX];
};

struct vmt_read_path {
	VMT_ARRAY(struct vmt_path_entry) entries;
};

/* Name, device and inode of a mapping. */
struct vmt_read_object {
	const char *name;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
};

/* A row of vma: how a mapping was born, and its steps. */
struct vmt_read_vma {
	int64_t id;
	uint32_t space;
	uint32_t born;
	uint32_t died;
	bool is_born; /* else born is 0 */
	bool is_dead; /* else died is 0 */
	bool looks; /* it was seen again in another form */
	struct vmt_vma_view view;
	VMT_ARRAY(uint32_t) steps;
};

/* A frame, with the mapping that it points to. */
struct vmt_read_frame {
	struct vmt_frame frame;
	struct vmt_mapping code;
	unsigned depth; /* frames that called it */
};

/* A step that has been read, with all that its pointers point to. */
struct vmt_read_step {
	struct vmt_step step;
	struct vmt_event event;
};

/* An ELF file: a row of elf. */
struct vmt_read_elf {
	int64_t record;
	struct vmt_object_info info;
	struct vmt_elf_facts facts;
};

struct vmt_recording {
	sqlite3 *db;
	sqlite3_stmt *queries[VMT_QUERY_COUNT]; /* prepared when they are first used */
	char *path;
	struct vmt_names *names;
	bool bad;
	struct vmt_error why_bad;
	uint64_t budget; /* steps of SQLite's machine that are left for the running query */
	uint64_t budget_most; /* that any query gets */
	bool indexed; /* it was completed */
	struct vmt_run_info run;
	VMT_ARRAY(char *) argv;
	struct vmt_cache texts;
	struct vmt_cache objects;
	struct vmt_cache files;
	struct vmt_cache sites;
	struct vmt_cache whys;
	struct vmt_cache paths;
	struct vmt_cache patterns;
	struct vmt_cache vmas; /* that steps brought and may soon take away */
	int64_t next_vma; /* the row that VMT_QUERY_VMAS_FROM comes to next; 0: it stands nowhere */
	bool stacks_read;
	VMT_ARRAY(struct vmt_read_frame *) frames; /* by number from 1 */
	VMT_ARRAY(struct vmt_frame *) stacks; /* by number from 1; NULL: of no step */
	unsigned stack_gaps; /* NULLs in it */
	/* The log in its order. */
	struct vmt_selection selection;
	int64_t last_record; /* done */
	bool in_run; /* of steps, whose next one is: */
	uint32_t run_space;
	uint64_t run_next;
	uint64_t run_end;
	VMT_ARRAY(struct vmt_read_elf *) elfs; /* by record, if elfs_read */
	bool elfs_read;
	bool has_tables; /* there are steps with page tables, or with a TLB */
	/* What was read last. */
	int64_t layout_record; /* the layout lies before this record */
	struct vmt_store_warning warning;
	struct vmt_read_step step;
	struct vmt_space_info space;
	struct vmt_layout_info layout;
	struct vmt_view_list list;
	struct vmt_counts counts;
	struct vmt_summary_info summary;
	VMT_ARRAY(struct vmt_row_pages) row_pages; /* of the layout */
	VMT_ARRAY(uint64_t) numbers; /* of a list */
};

/* ---- recording.c ------------------------------------------------------------------------------- */

/* The query, ready for its values. */
sqlite3_stmt *vmt_recording_query(struct vmt_recording *recording, enum vmt_query query);
/* True with a row; false behind the last, or when the recording is bad. */
bool vmt_recording_row(struct vmt_recording *recording, sqlite3_stmt *query);
/* Notes why the recording is bad, if it is not so already. */
void vmt_recording_blame(struct vmt_recording *recording, const char *format, ...) VMT_PRINTF(2, 3);
/* 0, or -EINVAL with the line about a bad recording. */
int vmt_recording_verdict(const struct vmt_recording *recording, struct vmt_error *error);

/* ---- values.c: a column of the row that stands ---------------------------------------------------- */

bool vmt_column_null(sqlite3_stmt *query, int column);
/* A number from 0 to @most; NULL is 0. */
uint64_t vmt_column_number(struct vmt_recording *recording, sqlite3_stmt *query, int column,
			   uint64_t most);
/* 64 bits of any kind; NULL is 0. */
uint64_t vmt_column_word(struct vmt_recording *recording, sqlite3_stmt *query, int column);
/* Bytes without a NUL, from the pool; NULL is "". */
const char *vmt_column_bytes(struct vmt_recording *recording, sqlite3_stmt *query, int column);
/* A list of numbers, "[1,2]", into recording->numbers; NULL is none. */
void vmt_column_list(struct vmt_recording *recording, sqlite3_stmt *query, int column);
/* The text of that number; "" for NULL. */
const char *vmt_column_text(struct vmt_recording *recording, sqlite3_stmt *query, int column);
/*
 * The text of that number as one of the @count names that @name_of gives: its index. Not for NULL.
 */
int vmt_column_name(struct vmt_recording *recording, sqlite3_stmt *query, int column,
		    const char *(*name_of)(int index), int count, const char *kind);
const char *vmt_reason_of(int index);
const struct vmt_arch *vmt_column_arch(struct vmt_recording *recording, sqlite3_stmt *query,
				       int column);

/* The place of @id; *ret_known if it holds that row. Else the caller fills it in. */
void *vmt_cache_row(struct vmt_cache *cache, int64_t id, bool *ret_known);
/* The row of @id if it is known, else NULL; nothing changes. */
void *vmt_cache_peek(const struct vmt_cache *cache, int64_t id);
void vmt_recording_init_caches(struct vmt_recording *recording);
void vmt_recording_deinit_caches(struct vmt_recording *recording);

/* ---- read-elf.c -------------------------------------------------------------------------------- */

/* The ELF file of that record; NULL if it is missing. */
const struct vmt_object_info *vmt_read_object_info(struct vmt_recording *recording, int64_t record);
/* The warning of that record, into recording->warning. */
void vmt_read_warning(struct vmt_recording *recording, int64_t record);
void vmt_read_elfs_deinit(struct vmt_recording *recording);

/* ---- read-step.c, read-stack.c, read-vma.c ---------------------------------------------------------- */

/* Query VMT_QUERY_STEPS stands on a row: reads it into recording->step. */
void vmt_read_step(struct vmt_recording *recording, sqlite3_stmt *query);
/* The stack of a site, and whose it is: three columns from @column on. */
void vmt_read_stack(struct vmt_recording *recording, sqlite3_stmt *query, int column,
		    struct vmt_read_site *site);
void vmt_recording_deinit_stacks(struct vmt_recording *recording);
/* The VMAs that the step took away (column @removed) and brought (@first, @count), into the step. */
void vmt_read_removed(struct vmt_recording *recording, struct vmt_step *step, sqlite3_stmt *query,
		      int column);
void vmt_read_added(struct vmt_recording *recording, struct vmt_step *step, int64_t first,
		    uint64_t count);
/* Those that lived after step @number of @space, in the order of maps, into recording->list. */
void vmt_read_alive(struct vmt_recording *recording, uint32_t space, uint32_t number);
/*
 * touching.c: of the rows of vma that the steps of @space from @first to @last brought the first number, and
 * the one behind the last; INT64_MAX and 0 if there are none. Numbers ascend with steps.
 */
int64_t vmt_read_first_row(struct vmt_recording *recording, uint32_t space, uint32_t first,
			   uint32_t last);
int64_t vmt_read_end_row(struct vmt_recording *recording, uint32_t space, uint32_t first,
			 uint32_t last);
/* read-tables.c: what the step has of page tables and TLB. */
void vmt_read_step_tables(struct vmt_recording *recording, struct vmt_step *step);
/* read-tables.c: page tables of layout @record, whose list is read, into recording->layout. */
void vmt_read_layout_tables(struct vmt_recording *recording, int64_t record);
/* read-tables.c: how often and why page tables differed, of layout or summary @record. */
void vmt_read_table_reasons(struct vmt_recording *recording, int64_t record,
			    struct vmt_counts *counts);
/* The counts of layout or summary @record: five columns from @column on, and its reasons. */
void vmt_read_counts(struct vmt_recording *recording, sqlite3_stmt *query, int column,
		     int64_t record, struct vmt_counts *ret_counts);

#endif
