/* SPDX-License-Identifier: MIT */
/*
 * uses: see uses.h. A piece is a node of the ordered set of ranges with a tag behind it.
 */
#include "uses.h"

#include <stdlib.h>

struct piece {
	struct vmt_range range; /* first */
	struct vmt_tag tag;
};

static struct piece *piece_of(struct vmt_range *range)
{
	return (struct piece *)range;
}

static void add(struct vmt_uses *uses, uint64_t start, uint64_t end, struct vmt_tag tag)
{
	struct piece *piece = vmt_calloc(1, sizeof(*piece));

	piece->range.start = start;
	piece->range.end = end;
	piece->tag = tag;
	vmt_range_insert(&uses->pieces, &piece->range);
}

static void drop(struct vmt_uses *uses, struct vmt_range *range)
{
	vmt_range_erase(&uses->pieces, range);
	free(piece_of(range));
}

void vmt_uses_deinit(struct vmt_uses *uses)
{
	while (uses->pieces.first)
		drop(uses, uses->pieces.first);
}

void vmt_uses_copy(struct vmt_uses *uses, const struct vmt_uses *from)
{
	for (struct vmt_range *range = from->pieces.first; range; range = range->next)
		add(uses, range->start, range->end, piece_of(range)->tag);
}

struct vmt_tag vmt_uses_find(const struct vmt_uses *uses, uint64_t start, uint64_t end)
{
	struct vmt_range *range = vmt_range_find(&uses->pieces, start);

	if (range && range->start < end)
		return piece_of(range)->tag;
	return (struct vmt_tag){ .name = "" };
}

/* Cuts the piece that reaches over @at in two. */
static void cut(struct vmt_uses *uses, uint64_t at)
{
	struct vmt_range *range = vmt_range_at(&uses->pieces, at);
	uint64_t end;

	if (!range || range->start == at)
		return;
	end = range->end;
	vmt_range_resize(&uses->pieces, range, range->start, at);
	add(uses, at, end, piece_of(range)->tag);
}

static bool same(struct vmt_tag a, struct vmt_tag b)
{
	return a.use == b.use && a.pattern == b.pattern && a.group == b.group && a.name == b.name;
}

void vmt_uses_set(struct vmt_uses *uses, uint64_t start, uint64_t end, struct vmt_tag tag)
{
	struct vmt_range *range;
	struct vmt_range *next;

	if (start >= end)
		return;
	cut(uses, start);
	cut(uses, end);
	for (range = vmt_range_find(&uses->pieces, start); range && range->start < end;
	     range = next) {
		next = range->next;
		drop(uses, range);
	}
	if (tag.use == VMT_USE_NONE)
		return;
	range = start ? vmt_range_at(&uses->pieces, start - 1) : NULL;
	if (range && same(piece_of(range)->tag, tag))
		vmt_range_resize(&uses->pieces, range, range->start, end);
	else
		add(uses, start, end, tag);
	range = vmt_range_at(&uses->pieces, start);
	next = range->next;
	if (next && next->start == end && same(piece_of(next)->tag, tag)) {
		uint64_t last = next->end;

		drop(uses, next);
		vmt_range_resize(&uses->pieces, range, range->start, last);
	}
}
