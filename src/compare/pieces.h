/* SPDX-License-Identifier: MIT */
/*
 * pieces: which step made each byte that is mapped. VMAs merge and split; pieces do not merge, so that
 * a maker is never lost.
 */
#ifndef COMPARE_PIECES_H
#define COMPARE_PIECES_H

#include "vmtrace/base.h"

struct vmt_piece {
	uint64_t start; /* [start, end) */
	uint64_t end;
	uint32_t step; /* that made it */
	uint32_t owner;
};

enum {
	VMT_PIECES_A_BLOCK = 256
};

struct vmt_piece_block {
	size_t count; /* at least 1 */
	struct vmt_piece pieces[VMT_PIECES_A_BLOCK]; /* ascending, disjoint */
};

/* Blocks in order of address. */
struct vmt_pieces {
	VMT_ARRAY(struct vmt_piece_block *) blocks;
};

void vmt_pieces_deinit(struct vmt_pieces *pieces);
/* Takes [start, end) away from all pieces; what is left of one stays. */
void vmt_pieces_cut(struct vmt_pieces *pieces, uint64_t start, uint64_t end);
/* Adds a piece where nothing is. */
void vmt_pieces_add(struct vmt_pieces *pieces, const struct vmt_piece *piece);
/* The first piece that ends above @address; false if there is none. */
bool vmt_pieces_find(const struct vmt_pieces *pieces, uint64_t address,
		     struct vmt_piece *ret_piece);

#endif
