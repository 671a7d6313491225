/* SPDX-License-Identifier: MIT */
/*
 * tokens: small numbers for keys, so that what is compared a thousand times is compared as one
 * number. Equal keys get equal numbers, from 0 in the order in which they first come.
 */
#ifndef COMPARE_TOKENS_H
#define COMPARE_TOKENS_H

#include "vmtrace/base.h"

enum {
	VMT_KEY_WORDS = 6
};

/* What two things must agree in. Names go in by their pointer: they are of one pool. */
struct vmt_key {
	uint64_t words[VMT_KEY_WORDS];
};

struct vmt_tokens {
	struct vmt_key *keys; /* by token */
	size_t count;
	size_t capacity;
	uint32_t *slots; /* token + 1, 0 free; a power of two of them, at most half full */
	size_t slot_count;
};

void vmt_tokens_deinit(struct vmt_tokens *tokens);
uint32_t vmt_tokens_add(struct vmt_tokens *tokens, const struct vmt_key *key);

/* A well-mixed number of @value on top of @hash. */
uint64_t vmt_mix(uint64_t hash, uint64_t value);
/* The same for a text. */
uint64_t vmt_mix_text(uint64_t hash, const char *text);

/*
 * Pairs what is left over on both sides, in order, where the tokens agree: @match_a and @match_b are
 * VMT_NO_ROW where something is left over, and are filled in. A token of UINT32_MAX takes no part.
 */
void vmt_tokens_pair(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
		     size_t token_count, size_t *match_a, size_t *match_b);

#endif
