/* SPDX-License-Identifier: MIT */
/*
 * Numbers for texts and small records (ids.h). The pool of names tells equal bytes by one pointer,
 * with a hash that a target cannot steer; from that pointer to the number is a table of ours.
 *
 * Nearly all texts of steps come from the session's pool with the same pointer a million times. The
 * table of recent pointers saves their hash; since nothing says how long a caller's text lives, the
 * text behind the pointer is compared each time.
 */
#include "ids.h"

#include <stdlib.h>
#include <string.h>

enum {
	FIRST_SLOTS = 256,
	RECENT_SLOTS = 4096, /* a power of two */
};

/* Empty if known is NULL. */
struct vmt_id_slot {
	const char *key; /* what is looked up: the pool's pointer, or a caller's */
	const char *known; /* the pool's */
	int64_t id;
};

static size_t hash(const char *pointer)
{
	return (size_t)(((uint64_t)(uintptr_t)pointer * 0x9e3779b97f4a7c15) >> 32);
}

void vmt_ids_init(struct vmt_ids *ids)
{
	*ids = (struct vmt_ids){
		.names = vmt_names_new(),
		.slots = vmt_calloc(FIRST_SLOTS, sizeof(*ids->slots)),
		.slot_count = FIRST_SLOTS,
		.recent = vmt_calloc(RECENT_SLOTS, sizeof(*ids->recent)),
	};
}

void vmt_ids_deinit(struct vmt_ids *ids)
{
	vmt_names_free(ids->names);
	free(ids->slots);
	free(ids->recent);
	*ids = (struct vmt_ids){ 0 };
}

static struct vmt_id_slot *slot_of(struct vmt_id_slot *slots, size_t count, const char *key)
{
	size_t at = hash(key) & (count - 1);

	while (slots[at].known && slots[at].key != key)
		at = (at + 1) & (count - 1);
	return &slots[at];
}

static void grow(struct vmt_ids *ids)
{
	size_t count = 2 * ids->slot_count;
	struct vmt_id_slot *slots = vmt_calloc(count, sizeof(*slots));

	for (size_t i = 0; i < ids->slot_count; i++) {
		if (ids->slots[i].known)
			*slot_of(slots, count, ids->slots[i].key) = ids->slots[i];
	}
	free(ids->slots);
	ids->slots = slots;
	ids->slot_count = count;
}

static int64_t next_number(struct vmt_ids *ids, bool often)
{
	bool small = often && ids->last_small < VMT_IDS_SMALL && ids->last >= VMT_IDS_SMALL;

	return small ? ++ids->last_small : ++ids->last;
}

static const struct vmt_id_slot *get(struct vmt_ids *ids, const void *bytes, size_t length,
				     bool often, bool *ret_new)
{
	const char *known = vmt_names_add_bytes(ids->names, bytes, length);
	struct vmt_id_slot *slot = slot_of(ids->slots, ids->slot_count, known);

	*ret_new = !slot->known;
	if (slot->known)
		return slot;
	if (2 * ++ids->used > ids->slot_count) {
		grow(ids);
		slot = slot_of(ids->slots, ids->slot_count, known);
	}
	*slot = (struct vmt_id_slot){
		.key = known,
		.known = known,
		.id = next_number(ids, often),
	};
	return slot;
}

int64_t vmt_ids_get(struct vmt_ids *ids, const void *bytes, size_t length, bool *ret_new)
{
	return get(ids, bytes, length, false, ret_new)->id;
}

void vmt_ids_reserve(struct vmt_ids *ids)
{
	ids->last = VMT_IDS_SMALL;
}

int64_t vmt_ids_text(struct vmt_ids *ids, const char *text, bool often, bool *ret_new)
{
	struct vmt_id_slot *recent = &ids->recent[hash(text) & (RECENT_SLOTS - 1)];

	if (recent->key == text && strcmp(recent->known, text) == 0) {
		*ret_new = false;
		return recent->id;
	}
	*recent = *get(ids, text, strlen(text), often, ret_new);
	recent->key = text;
	return recent->id;
}
