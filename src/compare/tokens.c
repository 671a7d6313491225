/* SPDX-License-Identifier: MIT */
/*
 * An open hash table from keys to tokens (tokens.h), and the pairing of equals.
 */
#include "tokens.h"

#include <stdlib.h>
#include <string.h>

#include "vmtrace/compare.h"

enum {
	FIRST_SLOTS = 64
};

/* The finisher of splitmix64. */
uint64_t vmt_mix(uint64_t hash, uint64_t value)
{
	hash += value + 0x9e3779b97f4a7c15;
	hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
	hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
	return hash ^ (hash >> 31);
}

uint64_t vmt_mix_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return vmt_mix(hash, 0);
}

static uint64_t hash_of(const struct vmt_key *key)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < VMT_KEY_WORDS; i++)
		hash = vmt_mix(hash, key->words[i]);
	return hash;
}

void vmt_tokens_deinit(struct vmt_tokens *tokens)
{
	free(tokens->keys);
	free(tokens->slots);
	*tokens = (struct vmt_tokens){ 0 };
}

static void place(struct vmt_tokens *tokens, uint32_t token)
{
	size_t mask = tokens->slot_count - 1;
	size_t at = hash_of(&tokens->keys[token]) & mask;

	while (tokens->slots[at])
		at = (at + 1) & mask;
	tokens->slots[at] = token + 1;
}

static void grow(struct vmt_tokens *tokens)
{
	free(tokens->slots);
	tokens->slot_count = tokens->slot_count ? 2 * tokens->slot_count : FIRST_SLOTS;
	tokens->slots = vmt_calloc(tokens->slot_count, sizeof(*tokens->slots));
	for (size_t i = 0; i < tokens->count; i++)
		place(tokens, (uint32_t)i);
}

uint32_t vmt_tokens_add(struct vmt_tokens *tokens, const struct vmt_key *key)
{
	size_t mask, at;

	if (2 * tokens->count >= tokens->slot_count)
		grow(tokens);
	mask = tokens->slot_count - 1;
	for (at = hash_of(key) & mask; tokens->slots[at]; at = (at + 1) & mask) {
		uint32_t token = tokens->slots[at] - 1;

		if (memcmp(&tokens->keys[token], key, sizeof(*key)) == 0)
			return token;
	}
	tokens->keys = vmt_array_grow(tokens->keys, &tokens->capacity, tokens->count + 1,
				      sizeof(*tokens->keys));
	tokens->keys[tokens->count] = *key;
	tokens->slots[at] = (uint32_t)++tokens->count;
	return (uint32_t)tokens->count - 1;
}

void vmt_tokens_pair(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
		     size_t token_count, size_t *match_a, size_t *match_b)
{
	/* Of each token the first of @b that waits; next[] links those that wait behind it. */
	size_t *first = vmt_malloc((token_count + 1) * sizeof(*first));
	size_t *next = vmt_malloc((b_count + 1) * sizeof(*next));

	for (size_t i = 0; i < token_count; i++)
		first[i] = VMT_NO_ROW;
	for (size_t i = b_count; i-- > 0;) {
		if (match_b[i] != VMT_NO_ROW || b[i] == UINT32_MAX)
			continue;
		next[i] = first[b[i]];
		first[b[i]] = i;
	}
	for (size_t i = 0; i < a_count; i++) {
		size_t found =
			match_a[i] == VMT_NO_ROW && a[i] != UINT32_MAX ? first[a[i]] : VMT_NO_ROW;

		if (found == VMT_NO_ROW)
			continue;
		first[a[i]] = next[found];
		match_a[i] = found;
		match_b[found] = i;
	}
	free(first);
	free(next);
}
