/* SPDX-License-Identifier: MIT */
/*
 * spaces: which address space of one run is which of the other. Numbers and pids say nothing, and
 * children that run at the same time are born in any order; so those that end up alike are paired
 * first, then those of the same program, each in order of birth.
 */
#include <stdlib.h>

#include "tokens.h"
#include "vmtrace/annotate.h"
#include "vmtrace/compare.h"

enum rule {
	SAME_SHAPE, /* and program */
	SAME_PROGRAM,
	SAME_NAME, /* of the program, in whatever directory */
	RULES
};

static struct vmt_key key_of(const struct vmt_compare_space *space, enum rule rule)
{
	return (struct vmt_key){
		.words = {
			rule,
			rule == SAME_NAME ? vmt_mix_text(0, vmt_base_name(space->exe))
					  : (uint64_t)(uintptr_t)space->exe,
			vmt_mix_text(0, space->made_by),
			rule == SAME_SHAPE ? space->shape : 0,
		},
	};
}

void vmt_compare_spaces(const struct vmt_compare_space *a, size_t a_count,
			const struct vmt_compare_space *b, size_t b_count, size_t *ret_match_a)
{
	uint32_t *tokens_a = vmt_malloc((a_count + 1) * sizeof(*tokens_a));
	uint32_t *tokens_b = vmt_malloc((b_count + 1) * sizeof(*tokens_b));
	size_t *match_b = vmt_malloc((b_count + 1) * sizeof(*match_b));

	for (size_t i = 0; i < a_count; i++)
		ret_match_a[i] = VMT_NO_ROW;
	for (size_t i = 0; i < b_count; i++)
		match_b[i] = VMT_NO_ROW;
	for (int rule = 0; rule < RULES; rule++) {
		struct vmt_tokens tokens = { 0 };

		for (size_t i = 0; i < a_count; i++) {
			struct vmt_key key = key_of(&a[i], (enum rule)rule);

			tokens_a[i] = vmt_tokens_add(&tokens, &key);
		}
		for (size_t i = 0; i < b_count; i++) {
			struct vmt_key key = key_of(&b[i], (enum rule)rule);

			tokens_b[i] = vmt_tokens_add(&tokens, &key);
		}
		vmt_tokens_pair(tokens_a, a_count, tokens_b, b_count, tokens.count, ret_match_a,
				match_b);
		vmt_tokens_deinit(&tokens);
	}
	/* Whoever compares two programs wants to see them side by side. */
	if (a_count && b_count && ret_match_a[0] == VMT_NO_ROW && match_b[0] == VMT_NO_ROW)
		ret_match_a[0] = 0;
	free(tokens_a);
	free(tokens_b);
	free(match_b);
}
