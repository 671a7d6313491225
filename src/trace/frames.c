/* SPDX-License-Identifier: MIT */
/*
 * The table of frames. A program calls from few places: of two stacks the outer frames are nearly
 * always the same, so stacks are a tree, whose root is outside:
 *
 *	_start <- main <- load <- malloc <- mmap	stack 1
 *		       |      <- fopen  <- mmap		stack 2
 *		       <- run <- malloc <- mmap		stack 3
 *
 * and a frame is found by its caller and its own values. Nothing is ever taken out, so a pointer is
 * as good as a copy; a program that calls from ever new places (or a hostile one) fills the table,
 * and gets no new frames then.
 */
#include <stdlib.h>

#include "stack.h"

enum {
	FIRST_BUCKETS = 1024,
	CHUNK_FRAMES = 512,
	FRAMES_MAX = 1 << 21, /* some 200 MB */
};

void vmt_frame_table_deinit(struct vmt_frame_table *table)
{
	for (size_t i = 0; i < table->chunks.count; i++)
		free(table->chunks.data[i]);
	vmt_array_deinit(&table->chunks);
	free(table->buckets);
	*table = (struct vmt_frame_table){ 0 };
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

static uint64_t hash_of(const struct vmt_frame *frame)
{
	uint64_t hash = mix((uintptr_t)frame->caller, frame->ip);

	return mix(hash, (uintptr_t)frame->code) + (uint64_t)frame->end * 4 + frame->exact * 2u +
	       frame->guessed;
}

static bool equal(const struct vmt_frame *a, const struct vmt_frame *b)
{
	return a->ip == b->ip && a->caller == b->caller && a->code == b->code && a->end == b->end &&
	       a->exact == b->exact && a->guessed == b->guessed;
}

/* Where a frame like @like is, or belongs. There is always a free bucket. */
static struct vmt_frame **bucket_of(const struct vmt_frame_table *table,
				    const struct vmt_frame *like)
{
	size_t mask = table->bucket_count - 1;
	size_t at = (size_t)hash_of(like) & mask;

	while (table->buckets[at] && !equal(table->buckets[at], like))
		at = (at + 1) & mask;
	return &table->buckets[at];
}

/* Keeps at least half of the buckets free. */
static void grow(struct vmt_frame_table *table)
{
	struct vmt_frame **old = table->buckets;
	size_t old_count = table->bucket_count;

	if (table->count * 2 < old_count)
		return;
	table->bucket_count = old_count ? old_count * 2 : FIRST_BUCKETS;
	table->buckets = vmt_calloc(table->bucket_count, sizeof(struct vmt_frame *));
	for (size_t i = 0; i < old_count; i++)
		if (old[i])
			*bucket_of(table, old[i]) = old[i];
	free(old);
}

static struct vmt_frame *new_frame(struct vmt_frame_table *table)
{
	if (table->chunks.count == 0 || table->chunk_used == CHUNK_FRAMES) {
		struct vmt_frame *chunk = vmt_calloc(CHUNK_FRAMES, sizeof(*chunk));

		vmt_array_push(&table->chunks, chunk);
		table->chunk_used = 0;
	}
	return &table->chunks.data[table->chunks.count - 1][table->chunk_used++];
}

struct vmt_frame *vmt_frame_table_add(struct vmt_frame_table *table, const struct vmt_frame *like)
{
	struct vmt_frame **bucket;

	grow(table);
	bucket = bucket_of(table, like);
	if (!*bucket) {
		if (table->count == FRAMES_MAX)
			return NULL;
		*bucket = new_frame(table);
		**bucket = (struct vmt_frame){
			.caller = like->caller,
			.ip = like->ip,
			.code = like->code,
			.end = like->end,
			.exact = like->exact,
			.guessed = like->guessed,
		};
		table->count++;
	}
	return *bucket;
}
