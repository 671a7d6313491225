/* SPDX-License-Identifier: MIT */
/*
 * group: what belongs together is told together: an object with all its segments and its bss, or the
 * anonymous memory of one maker. So a library that is new is one group and not five mappings.
 *
 * Objects have an order: that in which they were mapped, where both sides know it, else that of
 * their addresses. An object that is in both and outside of a longest run in the same order has
 * moved. The order of anonymous memory does not count: nobody can tell one from the other.
 */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

#include "tokens.h"
#include "vmtrace/annotate.h"

/* A pair on its way into its group. */
struct sorted {
	struct vmt_compare_pair pair;
	size_t token;
	size_t group_at; /* where the group begins */
	size_t at; /* where the pair stood in order of address */
};

/* Where an object stands in the order of each side. */
struct place {
	size_t group;
	uint64_t a;
	uint64_t b;
};

static struct vmt_key maker_key(const struct vmt_compare_side *side, size_t row)
{
	return (struct vmt_key){ .words = { 2, vmt_mix_text(0, side->data[row].maker) } };
}

static struct vmt_key group_key(const struct vmt_compare_side *side, size_t row)
{
	const struct vmt_mapping *map = &side->data[row].map;
	const char *file = vmt_row_bss_of(side, row);

	if (map->name[0] || file)
		return (struct vmt_key){ .words = { 1, (uint64_t)(uintptr_t)(file ? file
										  : map->name) } };
	return maker_key(side, row);
}

/*
 * Anonymous memory that is beside an object in one of the layouts only is there by chance: not its
 * bss.
 */
static bool is_beside(const struct vmt_matching *matching, const struct vmt_compare_pair *pair)
{
	const char *a, *b;

	if (pair->a == VMT_NO_ROW || pair->b == VMT_NO_ROW)
		return false;
	a = vmt_row_bss_of(matching->a, pair->a);
	b = vmt_row_bss_of(matching->b, pair->b);
	return (a || b) && (!a || !b || strcmp(vmt_base_name(a), vmt_base_name(b)) != 0);
}

static struct vmt_key pair_key(const struct vmt_matching *matching,
			       const struct vmt_compare_pair *pair)
{
	if (is_beside(matching, pair))
		return maker_key(matching->b, pair->b);
	return pair->b != VMT_NO_ROW ? group_key(matching->b, pair->b)
				     : group_key(matching->a, pair->a);
}

/* What stood under another path before belongs to the path that it has now. */
static void find_renames(const struct vmt_matching *matching, struct vmt_tokens *tokens,
			 const struct vmt_comparison *comparison, uint32_t *renamed)
{
	for (size_t i = 0; i < comparison->pairs.count; i++) {
		const struct vmt_compare_pair *pair = &comparison->pairs.data[i];
		struct vmt_key before, now;
		uint32_t token;

		if (!((pair->changes | pair->excused) & VMT_CHANGE_PATH))
			continue;
		before = group_key(matching->a, pair->a);
		now = group_key(matching->b, pair->b);
		token = vmt_tokens_add(tokens, &before);
		renamed[token] = vmt_tokens_add(tokens, &now);
	}
}

static int by_group(const void *left, const void *right)
{
	const struct sorted *a = left, *b = right;

	if (a->group_at != b->group_at)
		return a->group_at < b->group_at ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Sorts the pairs group by group; *ret_sorted is the caller's. */
static void sort_pairs(const struct vmt_matching *matching, const struct vmt_comparison *comparison,
		       struct sorted **ret_sorted)
{
	size_t count = comparison->pairs.count, most = 2 * count + 1;
	struct sorted *sorted = vmt_calloc(count + 1, sizeof(*sorted));
	uint32_t *renamed = vmt_malloc(most * sizeof(*renamed));
	size_t *first = vmt_malloc(most * sizeof(*first));
	struct vmt_tokens tokens = { 0 };

	for (size_t i = 0; i < most; i++) {
		renamed[i] = (uint32_t)i;
		first[i] = VMT_NO_ROW;
	}
	find_renames(matching, &tokens, comparison, renamed);
	for (size_t i = 0; i < count; i++) {
		const struct vmt_compare_pair *pair = &comparison->pairs.data[i];
		struct vmt_key key = pair_key(matching, pair);
		uint32_t token = vmt_tokens_add(&tokens, &key);

		sorted[i] = (struct sorted){ .pair = *pair, .at = i };
		sorted[i].token = pair->b != VMT_NO_ROW ? token : renamed[token];
		if (first[sorted[i].token] == VMT_NO_ROW)
			first[sorted[i].token] = i;
		sorted[i].group_at = first[sorted[i].token];
	}
	qsort(sorted, count, sizeof(*sorted), by_group);
	vmt_tokens_deinit(&tokens);
	free(renamed);
	free(first);
	*ret_sorted = sorted;
}

static const char *name_in(const struct vmt_compare_side *side, size_t row, bool beside,
			   bool *ret_anonymous)
{
	const char *file = beside ? NULL : vmt_row_bss_of(side, row);
	const char *name = file ? file : side->data[row].map.name;

	*ret_anonymous = !name[0];
	return name[0] ? name : side->data[row].maker;
}

static struct vmt_compare_group start_group(const struct vmt_matching *matching,
					    const struct vmt_compare_pair *pair, size_t at)
{
	struct vmt_compare_group group = { .first_pair = at, .added = true, .gone = true };

	bool beside = is_beside(matching, pair);

	if (pair->a != VMT_NO_ROW)
		group.name_before = name_in(matching->a, pair->a, beside, &group.anonymous);
	if (pair->b != VMT_NO_ROW)
		group.name = name_in(matching->b, pair->b, beside, &group.anonymous);
	else
		group.name = group.name_before;
	if (pair->a == VMT_NO_ROW || (group.anonymous && pair->b != VMT_NO_ROW))
		group.name_before = group.name;
	return group;
}

static void add_to_group(const struct vmt_matching *matching, struct vmt_compare_group *group,
			 const struct vmt_compare_pair *pair)
{
	group->pair_count++;
	group->changes |= pair->changes;
	group->added = group->added && pair->changes & VMT_CHANGE_ADDED;
	group->gone = group->gone && pair->changes & VMT_CHANGE_GONE;
	if (!group->has_slide && pair->a != VMT_NO_ROW && pair->b != VMT_NO_ROW) {
		group->has_slide = true;
		group->slide_bytes = (int64_t)(matching->b->data[pair->b].map.start -
					       matching->a->data[pair->a].map.start);
	}
}

/* ---- Order ------------------------------------------------------------------------------------ */

static int by_a(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	return a->a < b->a ? -1 : a->a > b->a;
}

static int by_b(const void *left, const void *right)
{
	const struct place *const *a = left, *const *b = right;

	return (*a)->b < (*b)->b ? -1 : (*a)->b > (*b)->b;
}

/* Where a group stands; the steps that made its rows, else its rows themselves. */
static struct place place_of(const struct vmt_matching *matching,
			     const struct vmt_comparison *comparison, size_t index, bool made)
{
	const struct vmt_compare_group *group = &comparison->groups.data[index];
	struct place place = { .group = index, .a = UINT64_MAX, .b = UINT64_MAX };

	for (size_t i = 0; i < group->pair_count; i++) {
		const struct vmt_compare_pair *pair =
			&comparison->pairs.data[group->first_pair + i];

		if (pair->a != VMT_NO_ROW)
			place.a = vmt_min_u64(place.a,
					      made ? matching->a->data[pair->a].made : pair->a);
		if (pair->b != VMT_NO_ROW)
			place.b = vmt_min_u64(place.b,
					      made ? matching->b->data[pair->b].made : pair->b);
	}
	return place;
}

/* True for those of @places, which are sorted by a, that keep their order in b. */
static void find_ordered(struct place *places, size_t count, bool *ret_ordered)
{
	struct place **by_second = vmt_malloc((count + 1) * sizeof(struct place *));
	size_t *ranks = vmt_calloc(count + 1, sizeof(*ranks));

	for (size_t i = 0; i < count; i++)
		by_second[i] = &places[i];
	qsort(by_second, count, sizeof(struct place *), by_b);
	for (size_t i = 0; i < count; i++)
		ranks[by_second[i] - places] = i;
	vmt_ascending(ranks, count, ret_ordered);
	free(by_second);
	free(ranks);
}

static bool is_loose(const struct vmt_comparison *comparison, const struct vmt_compare_group *group,
		     const bool *loose_a, const bool *loose_b)
{
	for (size_t i = 0; i < group->pair_count; i++) {
		const struct vmt_compare_pair *pair =
			&comparison->pairs.data[group->first_pair + i];

		if ((pair->a != VMT_NO_ROW && loose_a[pair->a]) ||
		    (pair->b != VMT_NO_ROW && loose_b[pair->b]))
			return true;
	}
	return false;
}

static bool knows_makers(const struct vmt_compare_side *side)
{
	for (size_t i = 0; i < side->count; i++)
		if (side->data[i].made == VMT_MADE_UNKNOWN && !side->data[i].map.gate)
			return false;
	return true;
}

static void find_moved(const struct vmt_matching *matching, struct vmt_comparison *comparison)
{
	bool made = knows_makers(matching->a) && knows_makers(matching->b);
	bool *loose_a = vmt_calloc(matching->a->count + 1, sizeof(*loose_a));
	bool *loose_b = vmt_calloc(matching->b->count + 1, sizeof(*loose_b));
	struct place *places = vmt_calloc(comparison->groups.count + 1, sizeof(*places));
	bool *ordered = vmt_calloc(comparison->groups.count + 1, sizeof(*ordered));
	size_t count = 0;

	vmt_loose_rows(matching->a, loose_a);
	vmt_loose_rows(matching->b, loose_b);
	for (size_t i = 0; i < comparison->groups.count; i++) {
		const struct vmt_compare_group *group = &comparison->groups.data[i];

		if (group->name[0] == '/' && !group->anonymous && group->has_slide)
			places[count++] = place_of(matching, comparison, i, made);
	}
	qsort(places, count, sizeof(*places), by_a);
	find_ordered(places, count, ordered);
	for (size_t i = 0; i < count; i++) {
		struct vmt_compare_group *group = &comparison->groups.data[places[i].group];
		bool excused = !made && !matching->options->addresses &&
			       is_loose(comparison, group, loose_a, loose_b);

		if (!ordered[i] && !excused)
			group->changes |= VMT_CHANGE_MOVED;
	}
	free(loose_a);
	free(loose_b);
	free(places);
	free(ordered);
}

void vmt_group_pairs(const struct vmt_matching *matching, struct vmt_comparison *comparison)
{
	struct sorted *sorted;

	sort_pairs(matching, comparison, &sorted);
	for (size_t i = 0; i < comparison->pairs.count; i++) {
		struct vmt_compare_pair *pair = &comparison->pairs.data[i];

		*pair = sorted[i].pair;
		if (i == 0 || sorted[i].token != sorted[i - 1].token) {
			struct vmt_compare_group group = start_group(matching, pair, i);

			vmt_array_push(&comparison->groups, group);
		}
		pair->group = comparison->groups.count - 1;
		add_to_group(matching, &comparison->groups.data[pair->group], pair);
	}
	free(sorted);
	find_moved(matching, comparison);
}
