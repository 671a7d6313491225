/* SPDX-License-Identifier: MIT */
/*
 * ids: numbers for what repeats. Equal bytes get one number, from 1 on, in the order in which they
 * first came.
 */
#ifndef VMT_STORE_IDS_H
#define VMT_STORE_IDS_H

#include "vmtrace/base.h"

enum {
	VMT_IDS_SMALL = 127
};

struct vmt_ids {
	struct vmt_names *names; /* the bytes, each once */
	/* From the pool's pointer to the number: open addressing, a power of two, half full at most. */
	struct vmt_id_slot *slots;
	size_t slot_count;
	size_t used; /* slots */
	int64_t last; /* number that was given */
	int64_t last_small;
	struct vmt_id_slot *recent; /* from a caller's pointer; checked before it is believed */
};

void vmt_ids_init(struct vmt_ids *ids);
void vmt_ids_deinit(struct vmt_ids *ids);

/* The number of the bytes; *ret_new if they are seen for the first time. */
int64_t vmt_ids_get(struct vmt_ids *ids, const void *bytes, size_t length, bool *ret_new);

/* The numbers up to VMT_IDS_SMALL are kept for texts that come @often; before the first one. */
void vmt_ids_reserve(struct vmt_ids *ids);

/*
 * The number of a text, faster where the same pointer comes again. One that comes @often gets a small
 * number while there are any: SQLite stores it in one byte.
 */
int64_t vmt_ids_text(struct vmt_ids *ids, const char *text, bool often, bool *ret_new);

#endif
