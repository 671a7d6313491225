/* SPDX-License-Identifier: MIT */
/*
 * recorder: what recorder.c (the log) and record-step.c (its steps) share. All of it is under the
 * queue's lock: the writing thread asks for the last rows of a transaction.
 */
#ifndef VMT_STORE_RECORDER_H
#define VMT_STORE_RECORDER_H

#include "vmtrace/store.h"

#include "alive.h"
#include "ids.h"
#include "queue.h"

struct vmt_recorder_space {
	uint32_t number;
	uint32_t parent;
	pid_t pid;
	const struct vmt_arch *arch; /* NULL if unknown */
};

enum {
	VMT_RECORDER_WHYS = 4096 /* a power of two */
};

/* A step's reasons, as many words as they take. Only the latest are kept to be found again. */
struct vmt_recorder_why {
	int64_t id; /* 0: free */
	unsigned count;
	uint64_t words[VMT_STEP_WHY_MAX][7]; /* why, numbers, below, above */
};

struct vmt_recorder {
	struct vmt_queue queue;
	struct vmt_ids texts;
	struct vmt_ids objects;
	struct vmt_ids files;
	struct vmt_ids paths;
	struct vmt_ids sites;
	struct vmt_ids frames;
	VMT_ARRAY(bool) stacks; /* by number from 1: has its row */
	struct vmt_recorder_why *whys; /* latest ones, by hash */
	int64_t why_count;
	struct vmt_alive_table alive;
	/* Born since the last transaction, by id; the dead among them are no longer in the table. */
	VMT_ARRAY(struct vmt_alive *) young;
	VMT_ARRAY(struct vmt_recorder_space) spaces; /* those that have not ended */
	int64_t vma_count;
	int64_t record_count;
	/* The run of steps that is growing: one row of record; run_count 0 if there is none. */
	uint32_t run_space;
	uint32_t run_first;
	uint32_t run_count;
	bool run_changed; /* since its row was written */
	bool told; /* vmt_recorder_failed() has said it */
	/* Kept for their memory. */
	VMT_ARRAY(int64_t) removed;
	VMT_ARRAY(uint64_t) key;
	VMT_ARRAY(const struct vmt_frame *) walked;
	struct vmt_str text;
};

/* The number of a text; its row is written when it is new. */
int64_t vmt_recorder_text(struct vmt_recorder *recorder, const char *text);
/* The same for what many steps say. */
int64_t vmt_recorder_word(struct vmt_recorder *recorder, const char *text);
/* NULL for 0. */
void vmt_recorder_put_number(struct vmt_recorder *recorder, uint64_t number);
/* The space, NULL if it was not announced. */
struct vmt_recorder_space *vmt_recorder_find_space(struct vmt_recorder *recorder, uint32_t number);

/* recorder.c: a row of record, which ends the run of steps; its number. @note 0 for none. */
int64_t vmt_recorder_next_record(struct vmt_recorder *recorder, const char *kind, uint32_t space,
				 int64_t step, int64_t note);
/* record-vma.c: the row of object for what is mapped; 0 for anonymous memory without a name. */
int64_t vmt_record_object(struct vmt_recorder *recorder, const struct vmt_mapping *map);
/* record-step.c: a step and what belongs to it. */
void vmt_record_step(struct vmt_recorder *recorder, const struct vmt_step *step);
/* record-stack.c: the stack of the step's call. Returns the number of the caller's frame, or 0. */
int64_t vmt_record_stack(struct vmt_recorder *recorder, const struct vmt_step *step);
/* record-tables.c: page tables and TLB of a step, of a layout, and how often they differed. */
void vmt_record_step_tables(struct vmt_recorder *recorder, const struct vmt_step *step);
void vmt_record_layout_tables(struct vmt_recorder *recorder, int64_t record,
			      const struct vmt_layout_info *info);
void vmt_record_table_reasons(struct vmt_recorder *recorder, int64_t record,
			      const struct vmt_counts *counts);
/* record-vma.c: the VMAs that a step took away, into recorder->removed. */
void vmt_record_removed(struct vmt_recorder *recorder, const struct vmt_step *step);
/* record-vma.c: those that came. Returns the number of the first; they follow each other. */
int64_t vmt_record_added(struct vmt_recorder *recorder, const struct vmt_step *step);
/* record-vma.c: how the VMAs of a last layout look, where that has changed. */
void vmt_record_layout_views(struct vmt_recorder *recorder, const struct vmt_layout_info *info);
/* record-vma.c: the rows of those that were born since the last transaction. */
void vmt_record_young(struct vmt_recorder *recorder);
/* record-vma.c: forgets the VMAs of a space that has ended. */
void vmt_record_space_end(struct vmt_recorder *recorder, uint32_t space);

#endif
