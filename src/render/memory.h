/* SPDX-License-Identifier: MIT */
/*
 * memory: what the text renderer has to remember of each space until the map log is printed: who
 * did which step, and what has gone again.
 */
#ifndef VMT_RENDER_MEMORY_H
#define VMT_RENDER_MEMORY_H

#include "vmtrace/mm.h"

#include "fold.h"
#include "gone.h"

/* All texts live in the session's pool of names. */
struct vmt_done_step {
	uint32_t number;
	const char *actor;
	const char *title;
};

struct vmt_text_space {
	uint32_t number;
	uint32_t parent;
	pid_t pid;
	size_t address_columns; /* hexadecimal digits of an address, 8 or 12 */
	bool forked;
	bool changed; /* a step other than those of the fork itself */
	VMT_ARRAY(struct vmt_done_step) steps; /* ascending by number */
	struct vmt_gone_table gone;
	struct vmt_fold fold; /* groups that are not printed yet */
};

/* The spaces, ascending by number. A recording may hold any numbers: they need not be dense. */
struct vmt_text_spaces {
	VMT_ARRAY(struct vmt_text_space *) rows;
};

void vmt_text_spaces_deinit(struct vmt_text_spaces *spaces);
/* The space of that number; made if it is new. */
struct vmt_text_space *vmt_text_spaces_get(struct vmt_text_spaces *spaces, uint32_t number);
/* Keeps actor and what of a step. Steps come in order; one that does not is ignored. */
void vmt_text_space_add(struct vmt_text_space *space, const struct vmt_step *step);
/* NULL if that step was not seen. */
const struct vmt_done_step *vmt_text_space_find(const struct vmt_text_space *space,
						uint32_t number);

#endif
