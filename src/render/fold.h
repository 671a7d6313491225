/* SPDX-License-Identifier: MIT */
/*
 * fold: steps that belong together as one line (-q). A group is kept until nothing was added to it
 * for FOLD_WINDOW steps, because parts of it come late: a library's RELRO follows when all libraries
 * are there. Groups are printed in the order of their first steps:
 *
 *	16-19, 26  map the library libc.so.6 (6 steps)
 *
 * Groups that read alike one after the other are counted.
 */
#ifndef VMT_RENDER_FOLD_H
#define VMT_RENDER_FOLD_H

#include "vmtrace/mm.h"

enum {
	VMT_FOLD_WINDOW = 256, /* steps, and groups that may wait */
};

/* Texts are of the session's pool of names. */
struct vmt_folded {
	uint32_t group; /* 0: a step that is in none */
	enum vmt_pattern pattern;
	const char *actor; /* of the first step, like title and object */
	const char *title;
	const char *object;
	uint32_t first; /* steps */
	uint32_t last;
	uint32_t count;
	uint32_t failed;
	uint64_t start; /* of the first step's range; 0: none */
	int64_t grown_bytes; /* what the steps added, less what they removed */
};

struct vmt_fold {
	VMT_ARRAY(struct vmt_folded) waiting; /* ascending by first step */
	struct vmt_str last_title; /* of the line printed last */
	const char *last_actor;
	uint64_t alike; /* lines like it that were not printed */
};

void vmt_fold_deinit(struct vmt_fold *fold);
/* Takes a step into its group. */
void vmt_fold_add(struct vmt_fold *fold, const struct vmt_step *step);
/* The oldest group, if it is complete by now, or @all are wanted; it is gone afterwards. */
bool vmt_fold_next(struct vmt_fold *fold, bool all, struct vmt_folded *ret_folded);
/* What a folded line says: the group's title with the number of steps, or the one step's. */
void vmt_folded_title(const struct vmt_folded *folded, struct vmt_str *ret_text);

#endif
