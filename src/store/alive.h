/* SPDX-License-Identifier: MIT */
/*
 * alive: the VMAs that have been born and have not died, as far as the recording knows, so that a
 * step's removed VMAs can be told by number. Found by space and start.
 */
#ifndef VMT_STORE_ALIVE_H
#define VMT_STORE_ALIVE_H

#include "vmtrace/mm.h"

/* How a VMA looked: what may change without a step of its own. */
struct vmt_alive_look {
	int64_t object; /* 0: anonymous memory without a name */
	uint64_t vm_flags;
	uint32_t *steps;
	size_t step_count;
	uint64_t steps_left_out;
};

struct vmt_alive {
	struct vmt_alive *next; /* with the same hash */
	int64_t id;
	uint32_t space;
	bool has_born;
	uint32_t born;
	bool has_died;
	uint32_t died;
	uint64_t start;
	uint64_t length;
	unsigned perms;
	uint64_t offset;
	int64_t origin; /* 0 if it came from nothing */
	bool looks; /* it was seen to look otherwise than at its birth */
	bool written; /* its row is in the file, or on the way */
	struct vmt_alive_look look; /* at birth */
};

struct vmt_alive_table {
	struct vmt_alive **buckets;
	size_t bucket_count; /* a power of two */
	size_t count;
};

void vmt_alive_init(struct vmt_alive_table *table);
/* Frees the VMAs that are in the table. */
void vmt_alive_deinit(struct vmt_alive_table *table);
/* NULL if there is none. */
struct vmt_alive *vmt_alive_find(const struct vmt_alive_table *table, uint32_t space,
				 uint64_t start);
/* Takes the place of one with the same space and start, which is returned to the caller, or NULL. */
struct vmt_alive *vmt_alive_insert(struct vmt_alive_table *table, struct vmt_alive *alive);
void vmt_alive_remove(struct vmt_alive_table *table, struct vmt_alive *alive);
void vmt_alive_free(struct vmt_alive *alive);

#endif
