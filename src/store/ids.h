/* SPDX-License-Identifier: MIT */
/*
 * ids: numbers for what repeats. Equal bytes get one number, from 1 on, in the order in which they
 * first came.
 */
#ifndef VMT_STORE_IDS_H
#define VMT_STORE_IDS_H

#include "vmtrace/base.h"

struct vmt_ids {
	struct vmt_names *names; /* the bytes, each once */
	/* From the pool's pointer to the number: open addressing, a power of two, half full at most. */
	struct vmt_id_slot *slots;
	size_t slot_count;
	int64_t count;
	struct vmt_id_slot *recent; /* from a caller's pointer; checked before it is believed */
};

void vmt_ids_init(struct vmt_ids *ids);
void vmt_ids_deinit(struct vmt_ids *ids);

/* The number of the bytes; *ret_new if they are seen for the first time. */
int64_t vmt_ids_get(struct vmt_ids *ids, const void *bytes, size_t length, bool *ret_new);

/* The same for a text, faster where the same pointer comes again. */
int64_t vmt_ids_text(struct vmt_ids *ids, const char *text, bool *ret_new);

#endif
