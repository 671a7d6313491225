/* SPDX-License-Identifier: MIT */
/*
 * gone: see gone.h. An open-addressing hash over an array that keeps the order of arrival:
 *
 *	slots   . 3 . . 1 . 2 . .        index + 1 into rows; 0 is free
 *	rows    [0] [1] [2]
 *
 * Twice as many slots as rows, so a free one is always found.
 */
#include "gone.h"

#include <stdlib.h>

enum {
	SLOT_BITS = 13,
	SLOT_COUNT = 1 << SLOT_BITS,
};

_Static_assert(SLOT_COUNT >= 2 * VMT_GONE_MAX, "a free slot must always be near");

void vmt_gone_deinit(struct vmt_gone_table *table)
{
	vmt_array_deinit(&table->rows);
	free(table->slots);
	table->slots = NULL;
}

static size_t hash(const struct vmt_gone *gone)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t value = gone->part;

	value = (value ^ (uintptr_t)gone->maker) * odd;
	value = (value ^ (uintptr_t)gone->made) * odd;
	value = (value ^ (uintptr_t)gone->remover) * odd;
	value = (value ^ (uintptr_t)gone->removed) * odd;
	return (size_t)(value >> (64 - SLOT_BITS));
}

static bool same(const struct vmt_gone *a, const struct vmt_gone *b)
{
	return a->maker == b->maker && a->made == b->made && a->remover == b->remover &&
	       a->removed == b->removed && a->part == b->part;
}

void vmt_gone_add(struct vmt_gone_table *table, const struct vmt_gone *gone)
{
	size_t slot = hash(gone);

	if (!table->slots)
		table->slots = vmt_calloc(SLOT_COUNT, sizeof(table->slots[0]));
	while (table->slots[slot]) {
		struct vmt_gone *row = &table->rows.data[table->slots[slot] - 1];

		if (same(row, gone)) {
			row->count++;
			return;
		}
		slot = (slot + 1) % SLOT_COUNT;
	}
	if (table->rows.count == VMT_GONE_MAX) {
		table->left_out++;
		return;
	}
	vmt_array_push(&table->rows, *gone);
	table->rows.data[table->rows.count - 1].count = 1;
	table->slots[slot] = (uint16_t)table->rows.count;
}
