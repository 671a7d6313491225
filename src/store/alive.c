/* SPDX-License-Identifier: MIT */
/*
 * The VMAs that live (alive.h): a hash table with chains, which doubles when it has as many entries
 * as buckets. Addresses of a target can be chosen by it; a program that makes chains long slows its
 * own trace only, by a factor that the hash's odd multiplier keeps small for any regular pattern.
 */
#include "alive.h"

#include <stdlib.h>

enum {
	FIRST_BUCKETS = 256
};

static size_t hash(const struct vmt_alive_table *table, uint32_t space, uint64_t start)
{
	uint64_t value = (start >> 12) * 0x9e3779b97f4a7c15 + space * 0xbf58476d1ce4e5b9;

	return (size_t)((value ^ value >> 32) & (table->bucket_count - 1));
}

void vmt_alive_init(struct vmt_alive_table *table)
{
	*table = (struct vmt_alive_table){
		.buckets = vmt_calloc(FIRST_BUCKETS, sizeof(struct vmt_alive *)),
		.bucket_count = FIRST_BUCKETS,
	};
}

void vmt_alive_free(struct vmt_alive *alive)
{
	free(alive->look.steps);
	free(alive);
}

void vmt_alive_deinit(struct vmt_alive_table *table)
{
	for (size_t i = 0; i < table->bucket_count; i++) {
		struct vmt_alive *next;

		for (struct vmt_alive *alive = table->buckets[i]; alive; alive = next) {
			next = alive->next;
			vmt_alive_free(alive);
		}
	}
	free(table->buckets);
	*table = (struct vmt_alive_table){ 0 };
}

struct vmt_alive *vmt_alive_find(const struct vmt_alive_table *table, uint32_t space,
				 uint64_t start)
{
	struct vmt_alive *alive = table->buckets[hash(table, space, start)];

	while (alive && (alive->space != space || alive->start != start))
		alive = alive->next;
	return alive;
}

static void grow(struct vmt_alive_table *table)
{
	struct vmt_alive_table old = *table;

	table->bucket_count = 2 * old.bucket_count;
	table->buckets = vmt_calloc(table->bucket_count, sizeof(struct vmt_alive *));
	for (size_t i = 0; i < old.bucket_count; i++) {
		struct vmt_alive *next;

		for (struct vmt_alive *alive = old.buckets[i]; alive; alive = next) {
			struct vmt_alive **bucket;

			next = alive->next;
			bucket = &table->buckets[hash(table, alive->space, alive->start)];
			alive->next = *bucket;
			*bucket = alive;
		}
	}
	free(old.buckets);
}

struct vmt_alive *vmt_alive_insert(struct vmt_alive_table *table, struct vmt_alive *alive)
{
	struct vmt_alive *before = vmt_alive_find(table, alive->space, alive->start);
	struct vmt_alive **bucket;

	if (before)
		vmt_alive_remove(table, before);
	if (table->count == table->bucket_count)
		grow(table);
	bucket = &table->buckets[hash(table, alive->space, alive->start)];
	alive->next = *bucket;
	*bucket = alive;
	table->count++;
	return before;
}

void vmt_alive_remove(struct vmt_alive_table *table, struct vmt_alive *alive)
{
	struct vmt_alive **link = &table->buckets[hash(table, alive->space, alive->start)];

	while (*link != alive)
		link = &(*link)->next;
	*link = alive->next;
	alive->next = NULL;
	table->count--;
}
