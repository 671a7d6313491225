/* SPDX-License-Identifier: MIT */
/*
 * align: the shortest edit script between two sequences of numbers, after E. Myers, "An O(ND)
 * Difference Algorithm and Its Variations" (1986), the variant in linear space: the middle of the
 * best path is found by a search from both ends, and each half is solved for itself.
 *
 *	    b ->                a diagonal is x - y; a step along it costs nothing and is a
 *	a  (al,bl) \            pair, a step right or down costs one and leaves a number over.
 *	|       \   \           The searches meet in the middle; then the same for the two
 *	v        middle         corners.
 *	           \   (ah,bh)
 *
 * A search that has cost COST_MAX takes the point that got furthest, so that two sequences with
 * nothing in common do not take quadratic time.
 *
 * Invariant: ret_match_a ascends where it is set, and a[i] == b[ret_match_a[i]].
 */
#include "vmtrace/compare.h"

#include <assert.h>
#include <stdlib.h>

enum {
	COST_MAX = 1024
};

struct box {
	ptrdiff_t al, ah; /* [al, ah) of a */
	ptrdiff_t bl, bh;
};

struct search {
	const uint32_t *a;
	const uint32_t *b;
	/* How far in a each diagonal has come, from the front and from the back. */
	ptrdiff_t *forward;
	ptrdiff_t *backward;
	size_t *match;
};

/* The diagonals of one direction that are in use. */
struct band {
	ptrdiff_t min, max;
};

static void widen(struct band *band, ptrdiff_t *reach, ptrdiff_t least, ptrdiff_t most,
		  ptrdiff_t never)
{
	if (band->min > least)
		reach[--band->min - 1] = never;
	else
		band->min++;
	if (band->max < most)
		reach[++band->max + 1] = never;
	else
		band->max--;
}

/* One step of cost from the front; true if it met the search from the back, at *ret_x on *ret_d. */
static bool advance(struct search *search, const struct box *box, const struct band *band,
		    const struct band *other, bool meet, ptrdiff_t *ret_x, ptrdiff_t *ret_d)
{
	ptrdiff_t *reach = search->forward;

	for (ptrdiff_t d = band->max; d >= band->min; d -= 2) {
		ptrdiff_t x = reach[d - 1] >= reach[d + 1] ? reach[d - 1] + 1 : reach[d + 1];

		while (x < box->ah && x - d < box->bh && search->a[x] == search->b[x - d])
			x++;
		reach[d] = x;
		if (meet && other->min <= d && d <= other->max && search->backward[d] <= x) {
			*ret_x = x;
			*ret_d = d;
			return true;
		}
	}
	return false;
}

/* The same from the back. */
static bool retreat(struct search *search, const struct box *box, const struct band *band,
		    const struct band *other, bool meet, ptrdiff_t *ret_x, ptrdiff_t *ret_d)
{
	ptrdiff_t *reach = search->backward;

	for (ptrdiff_t d = band->max; d >= band->min; d -= 2) {
		ptrdiff_t x = reach[d - 1] < reach[d + 1] ? reach[d - 1] : reach[d + 1] - 1;

		while (x > box->al && x - d > box->bl && search->a[x - 1] == search->b[x - d - 1])
			x--;
		reach[d] = x;
		if (meet && other->min <= d && d <= other->max && x <= search->forward[d]) {
			*ret_x = x;
			*ret_d = d;
			return true;
		}
	}
	return false;
}

/* Where the search from the front got furthest. */
static void furthest(const struct search *search, const struct box *box, const struct band *band,
		     ptrdiff_t *ret_x, ptrdiff_t *ret_d)
{
	ptrdiff_t best = -1;

	for (ptrdiff_t d = band->max; d >= band->min; d -= 2) {
		ptrdiff_t x = search->forward[d] < box->ah ? search->forward[d] : box->ah;

		if (x - d > box->bh)
			x = box->bh + d;
		if (x >= box->al && x - d >= box->bl && 2 * x - d > best) {
			best = 2 * x - d;
			*ret_x = x;
			*ret_d = d;
		}
	}
}

/* A point on a best path, or a good one, that is no corner of the box. */
static void find_middle(struct search *search, const struct box *box, ptrdiff_t *ret_x,
			ptrdiff_t *ret_y)
{
	ptrdiff_t least = box->al - box->bh, most = box->ah - box->bl;
	struct band front = { box->al - box->bl, box->al - box->bl };
	struct band back = { box->ah - box->bh, box->ah - box->bh };
	bool odd = (front.min - back.min) & 1;
	ptrdiff_t d = 0;

	search->forward[front.min] = box->al;
	search->backward[back.min] = box->ah;
	for (unsigned cost = 1;; cost++) {
		widen(&front, search->forward, least, most, -1);
		if (advance(search, box, &front, &back, odd, ret_x, &d))
			break;
		widen(&back, search->backward, least, most, PTRDIFF_MAX);
		if (retreat(search, box, &back, &front, !odd, ret_x, &d))
			break;
		if (cost == COST_MAX) {
			furthest(search, box, &front, ret_x, &d);
			break;
		}
	}
	*ret_y = *ret_x - d;
}

/* Recursion is on the smaller half, so its depth is the logarithm of the length. */
static void align_box(struct search *search, struct box box)
{
	for (;;) {
		ptrdiff_t x = box.al, y = box.bl;
		struct box low, high;

		while (box.al < box.ah && box.bl < box.bh && search->a[box.al] == search->b[box.bl])
			search->match[box.al++] = (size_t)box.bl++;
		while (box.al < box.ah && box.bl < box.bh &&
		       search->a[box.ah - 1] == search->b[box.bh - 1])
			search->match[--box.ah] = (size_t)--box.bh;
		if (box.al == box.ah || box.bl == box.bh)
			return;
		find_middle(search, &box, &x, &y);
		low = (struct box){ box.al, x, box.bl, y };
		high = (struct box){ x, box.ah, y, box.bh };
		assert((x > box.al || y > box.bl) && (x < box.ah || y < box.bh));
		if (x - box.al + y - box.bl < box.ah - x + box.bh - y) {
			align_box(search, low);
			box = high;
		} else {
			align_box(search, high);
			box = low;
		}
	}
}

void vmt_align(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
	       size_t *ret_match_a)
{
	size_t diagonals = a_count + b_count + 3;
	ptrdiff_t *reach = vmt_calloc(2 * diagonals, sizeof(*reach));
	struct search search = {
		.a = a,
		.b = b,
		.forward = reach + b_count + 1,
		.backward = reach + diagonals + b_count + 1,
		.match = ret_match_a,
	};
	struct box box = { .ah = (ptrdiff_t)a_count, .bh = (ptrdiff_t)b_count };

	for (size_t i = 0; i < a_count; i++)
		ret_match_a[i] = VMT_NO_ROW;
	align_box(&search, box);
	free(reach);
}

/*
 * Patience: tail[n] is the member that a run of n + 1 can end with at the least value. Each member
 * remembers the one before it in the best run that ends with it.
 */
void vmt_ascending(const size_t *values, size_t count, bool *ret_in)
{
	size_t *tail = vmt_calloc(count + 1, sizeof(*tail));
	size_t *before = vmt_calloc(count + 1, sizeof(*before));
	size_t length = 0;

	for (size_t i = 0; i < count; i++) {
		size_t low = 0, high = length;

		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (values[tail[middle]] < values[i])
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low ? tail[low - 1] : VMT_NO_ROW;
		tail[low] = i;
		length += low == length;
		ret_in[i] = false;
	}
	for (size_t at = length ? tail[length - 1] : VMT_NO_ROW; at != VMT_NO_ROW; at = before[at])
		ret_in[at] = true;
	free(tail);
	free(before);
}
