/* SPDX-License-Identifier: MIT */
/*
 * layout: which VMA of one layout is which of the other.
 *
 * First both layouts are aligned as sequences of all that counts of a VMA, which finds nearly
 * everything. What is left over is paired by rules that ask for less and less: made by somebody
 * else, of another size, with other permissions, from another directory. What no rule pairs has been
 * added or has gone.
 *
 * Invariant: match_a and match_b are inverse to each other.
 */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

#include "tokens.h"
#include "vmtrace/annotate.h"

enum field {
	NAME = 1,
	BASE = 2, /* the name's last component */
	OFFSET = 4,
	SIZE = 8,
	PERMS = 16,
	MAKER = 32, /* of anonymous memory, or the file whose bss it is */
	BELOW = 64, /* the nearest VMA below that has its like on the other side */
	ADDRESS = 128,
};

enum {
	EVERY = VMT_ROW_FILE | VMT_ROW_SPECIAL | VMT_ROW_ANONYMOUS
};

struct rule {
	unsigned fields; /* that must be equal */
	unsigned kinds; /* enum vmt_row_kind that it is for */
};

/* The first is that of the alignment, too. */
static const struct rule rules[] = {
	{ NAME | OFFSET | SIZE | PERMS | MAKER, EVERY },
	{ NAME | OFFSET | SIZE | PERMS, EVERY },
	{ NAME | OFFSET | PERMS, VMT_ROW_FILE | VMT_ROW_SPECIAL },
	{ NAME | OFFSET, VMT_ROW_FILE | VMT_ROW_SPECIAL },
	{ BASE | OFFSET | SIZE | PERMS, VMT_ROW_FILE },
	{ BASE | OFFSET | PERMS, VMT_ROW_FILE },
	{ BASE | OFFSET, VMT_ROW_FILE },
	{ NAME | PERMS, VMT_ROW_FILE },
	{ BASE | PERMS, VMT_ROW_FILE },
	{ NAME | BELOW | PERMS, VMT_ROW_ANONYMOUS },
	{ NAME | MAKER | PERMS, VMT_ROW_ANONYMOUS },
};

void vmt_compare_side_deinit(struct vmt_compare_side *side)
{
	vmt_array_deinit(side);
}

enum vmt_row_kind vmt_row_kind(const struct vmt_mapping *map)
{
	if (!map->name[0] || strncmp(map->name, "[anon", 5) == 0)
		return VMT_ROW_ANONYMOUS;
	return map->name[0] == '[' ? VMT_ROW_SPECIAL : VMT_ROW_FILE;
}

/* The kernel maps the bss right behind a writable segment of the file. */
const char *vmt_row_bss_of(const struct vmt_compare_side *side, size_t row)
{
	const struct vmt_mapping *map = &side->data[row].map, *below;

	if (!row || map->name[0])
		return NULL;
	below = &side->data[row - 1].map;
	if (vmt_row_kind(below) != VMT_ROW_FILE || below->end != map->start ||
	    !(below->perms & VMT_PERM_WRITE) || below->perms & VMT_PERM_SHARED)
		return NULL;
	return below->name;
}

static uint64_t maker_of(const struct vmt_compare_side *side, size_t row)
{
	const char *file = vmt_row_bss_of(side, row);

	if (vmt_row_kind(&side->data[row].map) != VMT_ROW_ANONYMOUS)
		return 0;
	return vmt_mix_text(file ? 1 : 0, file ? file : side->data[row].maker);
}

/* @below: the nearest pair below, by its index in the second layout. */
static struct vmt_key key_of(const struct vmt_compare_side *side, size_t row, unsigned fields,
			     size_t below)
{
	const struct vmt_mapping *map = &side->data[row].map;
	struct vmt_key key = { .words = { fields } };

	if (fields & NAME)
		key.words[1] = (uint64_t)(uintptr_t)map->name;
	if (fields & BASE)
		key.words[1] = vmt_mix_text(0, vmt_base_name(map->name));
	if (fields & OFFSET)
		key.words[2] = map->offset;
	if (fields & SIZE)
		key.words[3] = map->end - map->start;
	if (fields & PERMS)
		key.words[4] = map->perms;
	if (fields & MAKER)
		key.words[5] = maker_of(side, row);
	if (fields & BELOW)
		key.words[5] = below;
	if (fields & ADDRESS)
		key.words[5] = vmt_mix(key.words[5], map->start);
	return key;
}

/* The tokens of what is left over on one side; UINT32_MAX for what takes no part. */
static void tokens_of(const struct vmt_compare_side *side, const size_t *match, bool first_side,
		      const struct rule *rule, struct vmt_tokens *tokens, uint32_t *ret_tokens)
{
	size_t below = VMT_NO_ROW;

	for (size_t i = 0; i < side->count; i++) {
		struct vmt_key key;

		ret_tokens[i] = UINT32_MAX;
		if (match[i] != VMT_NO_ROW) {
			below = first_side ? match[i] : i;
			continue;
		}
		if (!(vmt_row_kind(&side->data[i].map) & rule->kinds))
			continue;
		key = key_of(side, i, rule->fields, below);
		ret_tokens[i] = vmt_tokens_add(tokens, &key);
	}
}

/* Pairs by one rule, as sequences or regardless of order. */
static void apply(struct vmt_matching *matching, const struct rule *rule, bool sequences)
{
	const struct vmt_compare_side *a = matching->a, *b = matching->b;
	uint32_t *tokens_a = vmt_malloc((a->count + 1) * sizeof(*tokens_a));
	uint32_t *tokens_b = vmt_malloc((b->count + 1) * sizeof(*tokens_b));
	struct vmt_tokens tokens = { 0 };

	tokens_of(a, matching->match_a, true, rule, &tokens, tokens_a);
	tokens_of(b, matching->match_b, false, rule, &tokens, tokens_b);
	if (sequences) {
		vmt_align(tokens_a, a->count, tokens_b, b->count, matching->match_a);
		for (size_t i = 0; i < a->count; i++)
			if (matching->match_a[i] != VMT_NO_ROW)
				matching->match_b[matching->match_a[i]] = i;
	} else {
		vmt_tokens_pair(tokens_a, a->count, tokens_b, b->count, tokens.count,
				matching->match_a, matching->match_b);
	}
	vmt_tokens_deinit(&tokens);
	free(tokens_a);
	free(tokens_b);
}

static void match_rows(struct vmt_matching *matching)
{
	const struct vmt_compare_options *options = matching->options;

	for (size_t i = 0; i < vmt_countof(rules); i++) {
		struct rule rule = rules[i];

		if (options->ignore & VMT_IGNORE_SIZE)
			rule.fields &= ~(unsigned)SIZE;
		if (options->ignore & VMT_IGNORE_PATH && rule.kinds != VMT_ROW_ANONYMOUS &&
		    rule.fields & NAME)
			rule.fields = (rule.fields & ~(unsigned)NAME) | BASE;
		if (i == 0 && options->addresses) {
			struct rule exact = { rule.fields | ADDRESS, rule.kinds };

			apply(matching, &exact, true);
			apply(matching, &rule, false);
		} else {
			apply(matching, &rule, i == 0);
		}
	}
}

/* All pairs, in order of address: those of the second layout, what has gone in between. */
static void list_pairs(const struct vmt_matching *matching, struct vmt_comparison *comparison)
{
	size_t next = 0;

	for (size_t i = 0; i < matching->a->count; i++) {
		size_t like = matching->match_a[i];
		struct vmt_compare_pair gone = { .a = i, .b = VMT_NO_ROW };

		for (; like != VMT_NO_ROW && next <= like; next++) {
			struct vmt_compare_pair pair = { .a = matching->match_b[next], .b = next };

			vmt_array_push(&comparison->pairs, pair);
		}
		if (like == VMT_NO_ROW)
			vmt_array_push(&comparison->pairs, gone);
	}
	for (; next < matching->b->count; next++) {
		struct vmt_compare_pair pair = { .a = matching->match_b[next], .b = next };

		vmt_array_push(&comparison->pairs, pair);
	}
}

static void count_pairs(const struct vmt_matching *matching, struct vmt_comparison *comparison)
{
	struct vmt_compare_counts *counts = &comparison->counts;

	for (size_t i = 0; i < comparison->pairs.count; i++) {
		const struct vmt_compare_pair *pair = &comparison->pairs.data[i];

		if (pair->changes & VMT_CHANGE_ADDED)
			counts->added++;
		else if (pair->changes & VMT_CHANGE_GONE)
			counts->gone++;
		else if (pair->changes)
			counts->changed++;
		else
			counts->kept++;
	}
	for (size_t i = 0; i < comparison->groups.count; i++) {
		const struct vmt_compare_group *group = &comparison->groups.data[i];

		counts->groups_moved += (group->changes & VMT_CHANGE_MOVED) != 0;
		if (group->added)
			counts->groups_added++;
		else if (group->gone)
			counts->groups_gone++;
		else
			counts->groups_changed += (group->changes & ~VMT_CHANGE_MOVED) != 0;
		comparison->same = comparison->same && !group->changes;
	}
	for (size_t i = 0; i < matching->a->count; i++)
		counts->bytes -=
			(int64_t)(matching->a->data[i].map.end - matching->a->data[i].map.start);
	for (size_t i = 0; i < matching->b->count; i++)
		counts->bytes +=
			(int64_t)(matching->b->data[i].map.end - matching->b->data[i].map.start);
}

void vmt_compare_layouts(const struct vmt_compare_side *a, const struct vmt_compare_side *b,
			 const struct vmt_compare_options *options,
			 struct vmt_comparison *ret_comparison)
{
	struct vmt_matching matching = {
		.a = a,
		.b = b,
		.options = options,
		.match_a = vmt_malloc((a->count + 1) * sizeof(size_t)),
		.match_b = vmt_malloc((b->count + 1) * sizeof(size_t)),
	};

	*ret_comparison = (struct vmt_comparison){ .same = true };
	for (size_t i = 0; i < a->count; i++)
		matching.match_a[i] = VMT_NO_ROW;
	for (size_t i = 0; i < b->count; i++)
		matching.match_b[i] = VMT_NO_ROW;
	match_rows(&matching);
	list_pairs(&matching, ret_comparison);
	vmt_excuse_pairs(&matching, ret_comparison);
	vmt_group_pairs(&matching, ret_comparison);
	count_pairs(&matching, ret_comparison);
	free(matching.match_a);
	free(matching.match_b);
}

void vmt_comparison_deinit(struct vmt_comparison *comparison)
{
	vmt_array_deinit(&comparison->pairs);
	vmt_array_deinit(&comparison->groups);
}

const char *vmt_change_name(unsigned bit)
{
	static const char *const names[VMT_CHANGE_BITS] = {
		"added", "gone", "size",  "perms",   "offset",
		"path",  "dev",  "inode", "address", "moved",
	};

	return names[__builtin_ctz(bit)];
}

/* A sum, so that the order does not matter; without stacks, which grow as they like. */
uint64_t vmt_compare_shape(const struct vmt_compare_side *side)
{
	uint64_t shape = 0;

	for (size_t i = 0; i < side->count; i++) {
		const struct vmt_mapping *map = &side->data[i].map;

		if (strcmp(map->name, "[stack]") == 0)
			continue;
		shape += vmt_mix_text(
			vmt_mix(vmt_mix(map->perms, map->offset), map->end - map->start),
			map->name);
	}
	return shape;
}
