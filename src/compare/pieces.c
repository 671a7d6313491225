/* SPDX-License-Identifier: MIT */
/*
 * pieces: an ordered array in blocks (pieces.h), so that one that is put in or taken out moves at
 * most a block of others and the pointers to the blocks.
 *
 * Invariant: no block is empty; pieces ascend within and across blocks.
 */
#include "pieces.h"

#include <stdlib.h>
#include <string.h>

/* The first block whose last piece ends above @address; count if there is none. */
static size_t block_of(const struct vmt_pieces *pieces, uint64_t address)
{
	size_t low = 0, high = pieces->blocks.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct vmt_piece_block *block = pieces->blocks.data[middle];

		if (block->pieces[block->count - 1].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The first piece of a block that ends above @address. */
static size_t piece_of(const struct vmt_piece_block *block, uint64_t address)
{
	size_t low = 0, high = block->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (block->pieces[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

void vmt_pieces_deinit(struct vmt_pieces *pieces)
{
	for (size_t i = 0; i < pieces->blocks.count; i++)
		free(pieces->blocks.data[i]);
	vmt_array_deinit(&pieces->blocks);
}

static struct vmt_piece_block *insert_block(struct vmt_pieces *pieces, size_t at)
{
	struct vmt_piece_block *block = vmt_calloc(1, sizeof(*block));

	vmt_array_push(&pieces->blocks, block);
	memmove(pieces->blocks.data + at + 1, pieces->blocks.data + at,
		(pieces->blocks.count - 1 - at) * sizeof(*pieces->blocks.data));
	pieces->blocks.data[at] = block;
	return block;
}

static void erase(struct vmt_pieces *pieces, size_t at, size_t index)
{
	struct vmt_piece_block *block = pieces->blocks.data[at];

	block->count--;
	memmove(block->pieces + index, block->pieces + index + 1,
		(block->count - index) * sizeof(*block->pieces));
	if (block->count)
		return;
	free(block);
	pieces->blocks.count--;
	memmove(pieces->blocks.data + at, pieces->blocks.data + at + 1,
		(pieces->blocks.count - at) * sizeof(*pieces->blocks.data));
}

void vmt_pieces_add(struct vmt_pieces *pieces, const struct vmt_piece *piece)
{
	size_t at = block_of(pieces, piece->start);
	struct vmt_piece_block *block;
	size_t index;

	if (at == pieces->blocks.count && at)
		at--;
	block = pieces->blocks.count ? pieces->blocks.data[at] : insert_block(pieces, 0);
	if (block->count == VMT_PIECES_A_BLOCK) {
		struct vmt_piece_block *upper = insert_block(pieces, at + 1);

		block->count = VMT_PIECES_A_BLOCK / 2;
		upper->count = VMT_PIECES_A_BLOCK - block->count;
		memcpy(upper->pieces, block->pieces + block->count,
		       upper->count * sizeof(*upper->pieces));
		if (piece->start >= upper->pieces[0].start)
			block = upper;
	}
	index = piece_of(block, piece->start);
	memmove(block->pieces + index + 1, block->pieces + index,
		(block->count - index) * sizeof(*block->pieces));
	block->pieces[index] = *piece;
	block->count++;
}

void vmt_pieces_cut(struct vmt_pieces *pieces, uint64_t start, uint64_t end)
{
	for (;;) {
		size_t at = block_of(pieces, start);
		struct vmt_piece_block *block;
		struct vmt_piece *piece;
		size_t index;

		if (at == pieces->blocks.count)
			return;
		block = pieces->blocks.data[at];
		index = piece_of(block, start);
		piece = &block->pieces[index];
		if (piece->start >= end)
			return;
		if (piece->start < start) {
			struct vmt_piece above = *piece;

			piece->end = start;
			if (above.end <= end)
				continue;
			above.start = end;
			vmt_pieces_add(pieces, &above);
			return;
		}
		if (piece->end > end) {
			piece->start = end;
			return;
		}
		erase(pieces, at, index);
	}
}

bool vmt_pieces_find(const struct vmt_pieces *pieces, uint64_t address, struct vmt_piece *ret_piece)
{
	size_t at = block_of(pieces, address);
	const struct vmt_piece_block *block;

	if (at == pieces->blocks.count)
		return false;
	block = pieces->blocks.data[at];
	*ret_piece = block->pieces[piece_of(block, address)];
	return true;
}
