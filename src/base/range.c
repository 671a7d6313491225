/* SPDX-License-Identifier: MIT */
/*
 * The ordered set of ranges; vmtrace/base.h draws it. Balance is an AVL tree's: the heights of two
 * siblings differ by at most one. Everything that changes the tree ends in settle(), which walks
 * from the changed place towards the root, recomputes height and max_gap, rotates where needed, and
 * stops where nothing changes any more:
 *
 *         n                 l
 *        / \               / \
 *       l   C     =>      A   n        rotate_right(n); rotate_left is its mirror
 *      / \                   / \
 *     A   B                 B   C
 */
#include "vmtrace/base.h"

#include <assert.h>

static int height(const struct vmt_range *node)
{
	return node ? node->height : 0;
}

static uint64_t max_gap(const struct vmt_range *node)
{
	return node ? node->max_gap : 0;
}

static uint64_t gap_start(const struct vmt_range *node)
{
	return node->start - node->gap;
}

static void update(struct vmt_range *node)
{
	int left = height(node->left);
	int right = height(node->right);

	node->height = 1 + (left > right ? left : right);
	node->max_gap =
		vmt_max_u64(node->gap, vmt_max_u64(max_gap(node->left), max_gap(node->right)));
}

static void update_gap(struct vmt_range *node)
{
	node->gap = node->start - (node->prev ? node->prev->end : 0);
}

/* Puts @new where @old hangs under its parent. */
static void replace_child(struct vmt_range_set *set, struct vmt_range *old, struct vmt_range *new)
{
	struct vmt_range *parent = old->parent;

	if (!parent)
		set->root = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
	if (new)
		new->parent = parent;
}

static struct vmt_range *rotate_right(struct vmt_range_set *set, struct vmt_range *node)
{
	struct vmt_range *left = node->left;

	replace_child(set, node, left);
	node->left = left->right;
	if (node->left)
		node->left->parent = node;
	left->right = node;
	node->parent = left;
	update(node);
	update(left);
	return left;
}

static struct vmt_range *rotate_left(struct vmt_range_set *set, struct vmt_range *node)
{
	struct vmt_range *right = node->right;

	replace_child(set, node, right);
	node->right = right->left;
	if (node->right)
		node->right->parent = node;
	right->left = node;
	node->parent = right;
	update(node);
	update(right);
	return right;
}

/*
 * Restores balance and augmentation from @node on, whose height and max_gap are still those that
 * its parent has reckoned with.
 */
static void settle(struct vmt_range_set *set, struct vmt_range *node)
{
	for (; node; node = node->parent) {
		int balance = height(node->left) - height(node->right);
		int old_height = node->height;
		uint64_t old_max_gap = node->max_gap;

		if (balance > 1) {
			if (height(node->left->left) < height(node->left->right))
				rotate_left(set, node->left);
			node = rotate_right(set, node);
		} else if (balance < -1) {
			if (height(node->right->right) < height(node->right->left))
				rotate_right(set, node->right);
			node = rotate_left(set, node);
		} else {
			update(node);
		}
		if (node->height == old_height && node->max_gap == old_max_gap)
			return;
	}
}

static bool is_first_above(const struct vmt_range *node, uint64_t address)
{
	return node->end > address && (!node->prev || node->prev->end <= address);
}

/*
 * A call looks for the same few addresses again and again: the last answer and its upper neighbour
 * are tried first (the kernel's vmacache, up to Linux 6.0).
 */
struct vmt_range *vmt_range_find(const struct vmt_range_set *set, uint64_t address)
{
	struct vmt_range *recent = set->recent;
	struct vmt_range *node = set->root;
	struct vmt_range *found = NULL;

	if (recent && is_first_above(recent, address))
		return recent;
	if (recent && recent->next && is_first_above(recent->next, address))
		return recent->next;
	while (node) {
		if (node->end > address) {
			found = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	/* No part of the set's value: who may only read it may remember this. */
	if (found)
		((struct vmt_range_set *)set)->recent = found;
	return found;
}

struct vmt_range *vmt_range_at(const struct vmt_range_set *set, uint64_t address)
{
	struct vmt_range *node = vmt_range_find(set, address);

	return node && node->start <= address ? node : NULL;
}

void vmt_range_insert(struct vmt_range_set *set, struct vmt_range *range)
{
	struct vmt_range *next = vmt_range_find(set, range->start);
	struct vmt_range *prev = next ? next->prev : set->last;

	assert(range->start < range->end);
	assert(!prev || prev->end <= range->start);
	assert(!next || range->end <= next->start);

	range->left = range->right = NULL;
	range->height = 0; /* for its parent it was not there */
	range->max_gap = 0;
	range->prev = prev;
	range->next = next;
	if (prev)
		prev->next = range;
	else
		set->first = range;
	if (next)
		next->prev = range;
	else
		set->last = range;

	/* One of the two neighbours has a free child where the new node belongs. */
	if (prev && !prev->right) {
		prev->right = range;
		range->parent = prev;
	} else if (next) {
		next->left = range;
		range->parent = next;
	} else {
		set->root = range;
		range->parent = NULL;
	}
	set->count++;

	update_gap(range);
	if (next)
		update_gap(next);
	settle(set, range);
	if (next)
		settle(set, next);
}

void vmt_range_erase(struct vmt_range_set *set, struct vmt_range *range)
{
	struct vmt_range *next = range->next;
	struct vmt_range *from; /* the lowest node whose subtree changed */

	if (range->prev)
		range->prev->next = next;
	else
		set->first = next;
	if (next)
		next->prev = range->prev;
	else
		set->last = range->prev;

	if (range->left && range->right) {
		/* The successor has no left child; it takes the place of the erased node. */
		struct vmt_range *heir = next;

		from = heir->parent == range ? heir : heir->parent;
		replace_child(set, heir, heir->right);
		heir->height = range->height;
		heir->max_gap = range->max_gap;
		heir->left = range->left;
		heir->left->parent = heir;
		heir->right = range->right;
		if (heir->right)
			heir->right->parent = heir;
		replace_child(set, range, heir);
	} else {
		from = range->parent;
		replace_child(set, range, range->left ? range->left : range->right);
	}
	set->count--;
	if (set->recent == range)
		set->recent = next;

	if (next)
		update_gap(next);
	settle(set, from);
	if (next)
		settle(set, next);
}

void vmt_range_resize(struct vmt_range_set *set, struct vmt_range *range, uint64_t start,
		      uint64_t end)
{
	assert(start < end);
	assert(!range->prev || range->prev->end <= start);
	assert(!range->next || end <= range->next->start);

	range->start = start;
	range->end = end;
	update_gap(range);
	settle(set, range);
	if (range->next) {
		update_gap(range->next);
		settle(set, range->next);
	}
}

static struct vmt_range *gap_down(struct vmt_range *node, uint64_t limit, uint64_t length)
{
	while (node && node->max_gap >= length) {
		if (gap_start(node) < limit) {
			struct vmt_range *found = gap_down(node->right, limit, length);

			if (found)
				return found;
			if (node->gap >= length)
				return node;
		}
		node = node->left;
	}
	return NULL;
}

struct vmt_range *vmt_range_gap_down(const struct vmt_range_set *set, uint64_t limit,
				     uint64_t length)
{
	return gap_down(set->root, limit, length);
}

static struct vmt_range *gap_up(struct vmt_range *node, uint64_t limit, uint64_t length)
{
	while (node && node->max_gap >= length) {
		if (node->start > limit) {
			struct vmt_range *found = gap_up(node->left, limit, length);

			if (found)
				return found;
			if (node->gap >= length)
				return node;
		}
		node = node->right;
	}
	return NULL;
}

struct vmt_range *vmt_range_gap_up(const struct vmt_range_set *set, uint64_t limit, uint64_t length)
{
	return gap_up(set->root, limit, length);
}

static size_t verify_subtree(const struct vmt_range *node)
{
	size_t count = 1;

	if (!node)
		return 0;
	if (node->left) {
		assert(node->left->parent == node);
		assert(node->left->end <= node->start);
	}
	if (node->right) {
		assert(node->right->parent == node);
		assert(node->end <= node->right->start);
	}
	count += verify_subtree(node->left) + verify_subtree(node->right);
	assert(height(node->left) - height(node->right) <= 1);
	assert(height(node->right) - height(node->left) <= 1);
	assert(node->height == 1 + (height(node->left) > height(node->right)
					    ? height(node->left)
					    : height(node->right)));
	assert(node->max_gap ==
	       vmt_max_u64(node->gap, vmt_max_u64(max_gap(node->left), max_gap(node->right))));
	return count;
}

void vmt_range_verify(const struct vmt_range_set *set)
{
	const struct vmt_range *prev = NULL;
	size_t count = 0;

	assert(!set->root || !set->root->parent);
	for (const struct vmt_range *node = set->first; node; node = node->next) {
		assert(node->start < node->end);
		assert(node->prev == prev);
		assert(!prev || prev->end <= node->start);
		assert(node->gap == node->start - (prev ? prev->end : 0));
		prev = node;
		count++;
	}
	assert(set->last == prev);
	assert(set->count == count);
	assert(verify_subtree(set->root) == count);
}
