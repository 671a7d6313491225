/* SPDX-License-Identifier: MIT */
/*
 * gone: memory that a step made and a later step took away, so that no line of the last layout can
 * tell of it. Programs do it a million times in the same words, so what is kept is one row for each
 * pair of texts with a count; the rows are bounded.
 */
#ifndef VMT_RENDER_GONE_H
#define VMT_RENDER_GONE_H

#include "vmtrace/base.h"

enum {
	VMT_GONE_MAX = 4096, /* distinct rows; what comes later is only counted */
};

/* Texts are compared by address: they come from one pool of names. */
struct vmt_gone {
	const char *maker; /* actor */
	const char *made; /* what it did */
	const char *remover;
	const char *removed;
	bool part; /* another part of the VMA lived on */
	uint32_t made_step; /* of the first time */
	uint32_t removed_step;
	uint64_t count;
};

struct vmt_gone_table {
	VMT_ARRAY(struct vmt_gone) rows; /* in order of the first time */
	uint16_t *slots; /* hash of a row -> its index + 1 */
	uint64_t left_out; /* times that found no row */
};

void vmt_gone_deinit(struct vmt_gone_table *table);
/* Counts one more; @gone->count is not looked at. */
void vmt_gone_add(struct vmt_gone_table *table, const struct vmt_gone *gone);

#endif
