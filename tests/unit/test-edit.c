/* SPDX-License-Identifier: MIT */
/*
 * test-edit: the surgery on VMAs, case by case. Layouts are mm-fixture.h's text. In the drawings P
 * and N are the neighbours, M the VMA that holds the range, * the range.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "edit.h"
#include "mm-fixture.h"

/* Kernels of other rules than 6.18's. */
enum rules {
	RULES_618,
	RULES_615, /* modify_needs_both_anon */
	RULES_61, /* and close_never_merges, new_prefers_next */
};

static void open_with(struct mm *mm, enum rules rules, const char *layout)
{
	mm_open(mm);
	mm->space->features.modify_needs_both_anon = rules >= RULES_615;
	mm->space->features.close_never_merges = rules >= RULES_61;
	mm->space->features.new_prefers_next = rules >= RULES_61;
	mm_build(mm, layout);
	mm_begin(mm);
}

/* ---- vmt_map_new_range(): the range is always [3000,4000) ---------------------------------- */

struct new_case {
	const char *name;
	const char *before;
	const char *range;
	const char *after;
	enum vmt_why_id why;
	enum rules rules;
	enum vmt_merge_sides sides;
};

static const struct new_case new_cases[] = {
	/*	         ***        =>        [*]		*/
	{ "alone", "", "rw-", "3000-4000 rw-", .why = VMT_WHY_NONE },
	/*	[P]      ***      [N]  =>  [P]  [*]  [N]	*/
	{ "gaps on both sides", "1000-2000 rw- | 5000-6000 rw-", "rw-",
	  "1000-2000 rw- | 3000-4000 rw- | 5000-6000 rw-", .why = VMT_WHY_NONE },
	/*	[   P   ]***[   N   ]  =>  [        P        ]	*/
	{ "both", "1000-3000 rw- | 4000-6000 rw-", "rw-", "1000-6000 rw-",
	  .why = VMT_WHY_MERGE_BOTH },
	{ "both, P's anon_vma", "1000-3000 rw- a1 | 4000-6000 rw-", "rw-", "1000-6000 rw- a1",
	  .why = VMT_WHY_MERGE_BOTH },
	{ "both, N's anon_vma", "1000-3000 rw- | 4000-6000 rw- a2", "rw-", "1000-6000 rw- a2",
	  .why = VMT_WHY_MERGE_BOTH },
	{ "both, one anon_vma", "1000-3000 rw- a1 | 4000-6000 rw- a1", "rw-", "1000-6000 rw- a1",
	  .why = VMT_WHY_MERGE_BOTH },
	{ "both, one file", "1000-3000 r-- f7@0 | 4000-6000 r-- f7@3", "r-- f7@2",
	  "1000-6000 r-- f7@0", .why = VMT_WHY_MERGE_BOTH },
	{ "both, sticky flags add up", "1000-3000 rw- +sd | 4000-6000 rw- +gu", "rw-",
	  "1000-6000 rw- +gu +sd", .why = VMT_WHY_MERGE_BOTH },
	{ "both, P has a close hook", "1000-3000 rw- close | 4000-6000 rw-", "rw-",
	  "1000-6000 rw- close", .why = VMT_WHY_MERGE_BOTH },
	/*	[   P   ]***[   N   ]  =>  [    P    ][   N   ]	*/
	{ "two anon_vmas: P wins", "1000-3000 rw- a1 | 4000-6000 rw- a2", "rw-",
	  "1000-4000 rw- a1 | 4000-6000 rw- a2", .why = VMT_WHY_MERGE_BELOW },
	{ "two anon_vmas: told", "1000-3000 rw- a1 | 4000-6000 rw- a2", "rw-",
	  "1000-4000 rw- a1 | 4000-6000 rw- a2", .why = VMT_WHY_APART_ANON },
	{ "N has a close hook: not deleted", "1000-3000 rw- | 4000-6000 rw- close", "rw-",
	  "1000-4000 rw- | 4000-6000 rw- close", .why = VMT_WHY_APART_CLOSE },
	{ "N differs", "1000-3000 rw- | 4000-6000 r--", "rw-", "1000-4000 rw- | 4000-6000 r--",
	  .why = VMT_WHY_MERGE_BELOW },
	{ "N came by fork", "1000-3000 rw- | 4000-6000 rw- a2+", "rw-",
	  "1000-4000 rw- | 4000-6000 rw- a2+", .why = VMT_WHY_APART_FORKED },
	/*	[   P   ]***         =>  [    P    ]		*/
	{ "below", "1000-3000 rw- a1", "rw-", "1000-4000 rw- a1", .why = VMT_WHY_MERGE_BELOW },
	{ "below, close hook", "1000-3000 rw- close", "rw-", "1000-4000 rw- close",
	  .why = VMT_WHY_MERGE_BELOW },
	{ "below, sticky", "1000-3000 rw-", "rw- +sd", "1000-4000 rw- +sd",
	  .why = VMT_WHY_MERGE_BELOW },
	/*	         ***[   N   ]  =>        [    N    ]	*/
	{ "above", "4000-6000 rw- a2", "rw-", "3000-6000 rw- a2", .why = VMT_WHY_MERGE_ABOVE },
	{ "above, of a file", "4000-6000 r-- f7@3", "r-- f7@2", "3000-6000 r-- f7@2",
	  .why = VMT_WHY_MERGE_ABOVE },
	{ "above, close hook", "4000-6000 rw- close", "rw-", "3000-6000 rw- close",
	  .why = VMT_WHY_MERGE_ABOVE },
	{ "P came by fork", "1000-3000 rw- a1+ | 4000-6000 rw-", "rw-",
	  "1000-3000 rw- a1+ | 3000-6000 rw-", .why = VMT_WHY_MERGE_ABOVE },
	/*	[   P   ]***[   N   ]  =>  [   P   ][*][   N   ]	*/
	{ "none: perms", "1000-3000 rw- | 4000-6000 rw-", "r--",
	  "1000-3000 rw- | 3000-4000 r-- | 4000-6000 rw-", .why = VMT_WHY_NONE },
	{ "none: special", "1000-3000 rw- | 4000-6000 rw-", "rw- +pf",
	  "1000-3000 rw- | 3000-4000 rw- +pf | 4000-6000 rw-", .why = VMT_WHY_APART_SPECIAL },
	{ "none: other open file", "1000-3000 r-- f7@0 | 4000-6000 r-- f7@3", "r-- f8@2",
	  "1000-3000 r-- f7@0 | 3000-4000 r-- f8@2 | 4000-6000 r-- f7@3", .why = VMT_WHY_NONE },
	{ "none: offset", "1000-3000 r-- f7@0 | 4000-6000 r-- f7@5", "r-- f7@3",
	  "1000-3000 r-- f7@0 | 3000-4000 r-- f7@3 | 4000-6000 r-- f7@5",
	  .why = VMT_WHY_APART_OFFSET },
	{ "none: moved stack", "4000-6000 rw- a1 @5 +gd", "rw- +gd",
	  "3000-4000 rw- +gd | 4000-6000 rw- a1 @5 +gd", .why = VMT_WHY_APART_ANON_OFFSET },
	{ "none: both came by fork", "1000-3000 rw- a1+ | 4000-6000 rw- a1+", "rw-",
	  "1000-3000 rw- a1+ | 3000-4000 rw- | 4000-6000 rw- a1+", .why = VMT_WHY_APART_FORKED },
	/* brk only ever looks down */
	{ "below only", "1000-3000 rw- | 4000-6000 rw-", "rw-", "1000-4000 rw- | 4000-6000 rw-",
	  .why = VMT_WHY_MERGE_BELOW, .rules = RULES_618, .sides = VMT_MERGE_BELOW_ONLY },
	{ "below only, none there", "4000-6000 rw-", "rw-", "3000-4000 rw- | 4000-6000 rw-",
	  .why = VMT_WHY_NONE, .rules = RULES_618, .sides = VMT_MERGE_BELOW_ONLY },
	/* 6.15 and before: the rule about modification leaves new ranges alone */
	{ "6.15: below", "1000-3000 rw- a1", "rw-", "1000-4000 rw- a1", .why = VMT_WHY_MERGE_BELOW,
	  .rules = RULES_615 },
	/*	6.1:	[   P   ]***[   N   ]  =>  [   P   ][    N    ]	*/
	{ "6.1: two anon_vmas: N wins", "1000-3000 rw- a1 | 4000-6000 rw- a2", "rw-",
	  "1000-3000 rw- a1 | 3000-6000 rw- a2", .why = VMT_WHY_MERGE_ABOVE, .rules = RULES_61 },
	{ "6.1: P is not compatible with N's anon_vma", "1000-3000 rw- | 4000-6000 rw- a2", "rw-",
	  "1000-3000 rw- | 3000-6000 rw- a2", .why = VMT_WHY_MERGE_ABOVE, .rules = RULES_61 },
	{ "6.1: close hook below", "1000-3000 rw- close", "rw-",
	  "1000-3000 rw- close | 3000-4000 rw-", .why = VMT_WHY_APART_CLOSE, .rules = RULES_61 },
	{ "6.1: close hook above", "4000-6000 rw- close", "rw-",
	  "3000-4000 rw- | 4000-6000 rw- close", .why = VMT_WHY_APART_CLOSE, .rules = RULES_61 },
	{ "6.1: both", "1000-3000 rw- a1 | 4000-6000 rw-", "rw-", "1000-6000 rw- a1",
	  .why = VMT_WHY_MERGE_BOTH, .rules = RULES_61 },
};

static void test_new_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmt_countof(new_cases); i++) {
		const struct new_case *c = &new_cases[i];
		struct vmt_vma proposed;
		struct vmt_vma *vma;
		struct mm mm;

		open_with(&mm, c->rules, c->before);
		proposed = mm_attributes(&mm, 0x3000, c->range);
		vma = vmt_map_new_range(mm.space, 0x3000, 0x4000, &proposed, c->sides);
		assert_true(vmt_vma_start(vma) <= 0x3000 && vmt_vma_end(vma) >= 0x4000);
		mm_end(&mm);
		mm_assert(&mm, c->name, c->after);
		mm_assert_told(&mm, c->name, c->why);
		mm_close(&mm);
	}
}

/* ---- vmt_modify_range(): the VMA that holds @start gets the attributes @to in [start, end) ---- */

struct modify_case {
	const char *name;
	const char *before;
	uint64_t start;
	uint64_t end;
	const char *to;
	const char *after;
	enum vmt_why_id why;
	int error;
	enum rules rules;
	size_t limit; /* max_map_count, 0: the usual */
};

static const struct modify_case modify_cases[] = {
	/*	[  P  ][*****][  N  ]   =>   [        P        ]	*/
	{ "both", "1000-3000 r-- | 3000-5000 rw- | 5000-7000 r--", 0x3000, 0x5000, "r--",
	  "1000-7000 r--", .why = VMT_WHY_MERGE_BOTH },
	{ "both, M's anon_vma", "1000-3000 r-- +ac | 3000-5000 rw- a1 | 5000-7000 r-- +ac", 0x3000,
	  0x5000, "r-- +ac", "1000-7000 r-- a1 +ac", .why = VMT_WHY_MERGE_BOTH },
	{ "both, N's anon_vma", "1000-3000 r-- | 3000-5000 rw- | 5000-7000 r-- a3", 0x3000, 0x5000,
	  "r--", "1000-7000 r-- a3", .why = VMT_WHY_MERGE_BOTH },
	/*	[  P  ][*****][  N  ]   =>   [     P     ][  N  ]	*/
	{ "whole, below", "1000-3000 r-- | 3000-5000 rw-", 0x3000, 0x5000, "r--", "1000-5000 r--",
	  .why = VMT_WHY_MERGE_BELOW },
	{ "whole, N differs", "1000-3000 r-- | 3000-5000 rw- | 5000-7000 r-x", 0x3000, 0x5000,
	  "r--", "1000-5000 r-- | 5000-7000 r-x", .why = VMT_WHY_MERGE_BELOW },
	{ "whole, two anon_vmas: P wins", "1000-3000 r-- a1 | 3000-5000 rw- | 5000-7000 r-- a2",
	  0x3000, 0x5000, "r--", "1000-5000 r-- a1 | 5000-7000 r-- a2", .why = VMT_WHY_APART_ANON },
	{ "whole, N has a close hook", "1000-3000 r-- | 3000-5000 rw- | 5000-7000 r-- close",
	  0x3000, 0x5000, "r--", "1000-5000 r-- | 5000-7000 r-- close",
	  .why = VMT_WHY_APART_CLOSE },
	/*	[  P  ][*****][  N  ]   =>   [  P  ][     N     ]	*/
	{ "whole, above", "3000-5000 rw- | 5000-7000 r--", 0x3000, 0x5000, "r--", "3000-7000 r--",
	  .why = VMT_WHY_MERGE_ABOVE },
	{ "whole, above, M's anon_vma", "3000-5000 rw- a1 | 5000-7000 r-- +ac", 0x3000, 0x5000,
	  "r-- +ac", "3000-7000 r-- a1 +ac", .why = VMT_WHY_MERGE_ABOVE },
	/*	[  P  ][***  M  ]   =>   [    P   ][  M  ]	*/
	{ "left part", "1000-3000 r-- | 3000-7000 rw-", 0x3000, 0x5000, "r--",
	  "1000-5000 r-- | 5000-7000 rw-", .why = VMT_WHY_MERGE_BELOW },
	{ "left part, of a file", "1000-3000 r-- f7@0 +ac | 3000-7000 rw- f7@2", 0x3000, 0x5000,
	  "r-- +ac", "1000-5000 r-- f7@0 +ac | 5000-7000 rw- f7@4", .why = VMT_WHY_MERGE_BELOW },
	{ "left part, close hook: a border moves", "1000-3000 r-- close | 3000-7000 rw- close",
	  0x3000, 0x5000, "r--", "1000-5000 r-- close | 5000-7000 rw- close",
	  .why = VMT_WHY_MERGE_BELOW },
	/*	[  M  ***][  N  ]   =>   [  M  ][    N   ]	*/
	{ "right part", "1000-5000 rw- | 5000-7000 r--", 0x3000, 0x5000, "r--",
	  "1000-3000 rw- | 3000-7000 r--", .why = VMT_WHY_MERGE_ABOVE },
	{ "right part, of a file", "1000-5000 rw- f7@0 | 5000-7000 r-- f7@4 +ac", 0x3000, 0x5000,
	  "r-- +ac", "1000-3000 rw- f7@0 | 3000-7000 r-- f7@2 +ac", .why = VMT_WHY_MERGE_ABOVE },
	/*	[  P  ][*****][  N  ]   =>   the same three, M changed	*/
	{ "whole, close hook: M is not deleted",
	  "1000-3000 r-- | 3000-5000 rw- close | 5000-7000 r--", 0x3000, 0x5000, "r--",
	  "1000-3000 r-- | 3000-5000 r-- close | 5000-7000 r--", .why = VMT_WHY_NONE },
	{ "whole, nothing fits", "1000-3000 rwx | 3000-5000 rw- | 5000-7000 r-x", 0x3000, 0x5000,
	  "r--", "1000-3000 rwx | 3000-5000 r-- | 5000-7000 r-x", .why = VMT_WHY_NONE },
	{ "whole, gaps", "1000-2000 r-- | 3000-5000 rw- | 6000-7000 r--", 0x3000, 0x5000, "r--",
	  "1000-2000 r-- | 3000-5000 r-- | 6000-7000 r--", .why = VMT_WHY_NONE },
	{ "whole, two anon_vmas", "1000-3000 r-- a1 +ac | 3000-5000 rw- a2", 0x3000, 0x5000,
	  "r-- +ac", "1000-3000 r-- a1 +ac | 3000-5000 r-- a2 +ac", .why = VMT_WHY_APART_ANON },
	{ "whole, M came by fork, N unfaulted", "3000-5000 rw- a2+ | 5000-7000 r-- +ac", 0x3000,
	  0x5000, "r-- +ac", "3000-5000 r-- a2+ +ac | 5000-7000 r-- +ac",
	  .why = VMT_WHY_APART_FORKED },
	{ "whole, account", "1000-3000 r-- | 3000-5000 rw- a2", 0x3000, 0x5000, "r-- +ac",
	  "1000-3000 r-- | 3000-5000 r-- a2 +ac", .why = VMT_WHY_APART_ACCOUNT },
	/*	[   M   ***   ]   =>   [  M  ][*][  ]		*/
	{ "inside", "1000-7000 rw-", 0x3000, 0x5000, "r--",
	  "1000-3000 rw- | 3000-5000 r-- | 5000-7000 rw-", .why = VMT_WHY_SPLIT },
	{ "inside, of a file", "1000-7000 rw- f7@10 a1", 0x3000, 0x5000, "r-- +ac",
	  "1000-3000 rw- a1 f7@10 | 3000-5000 r-- a1 f7@12 +ac | 5000-7000 rw- a1 f7@14",
	  .why = VMT_WHY_SPLIT },
	{ "inside never merges", "0-1000 r-- | 1000-7000 rw- | 7000-8000 r--", 0x3000, 0x5000,
	  "r--", "0-1000 r-- | 1000-3000 rw- | 3000-5000 r-- | 5000-7000 rw- | 7000-8000 r--",
	  .why = VMT_WHY_SPLIT },
	{ "left part, P differs", "1000-3000 rwx | 3000-7000 rw-", 0x3000, 0x5000, "r--",
	  "1000-3000 rwx | 3000-5000 r-- | 5000-7000 rw-", .why = VMT_WHY_SPLIT },
	{ "right part, N differs", "1000-5000 rw- | 5000-7000 rwx", 0x3000, 0x5000, "r--",
	  "1000-3000 rw- | 3000-5000 r-- | 5000-7000 rwx", .why = VMT_WHY_SPLIT },
	{ "policy, context and name", "1000-7000 rw-", 0x3000, 0x5000, "rw- p3 u2 n:[anon:x]",
	  "1000-3000 rw- | 3000-5000 rw- n:[anon:x] p3 u2 | 5000-7000 rw-", .why = VMT_WHY_SPLIT },
	{ "merge by policy", "1000-3000 rw- p3 | 3000-5000 rw-", 0x3000, 0x5000, "rw- p3",
	  "1000-5000 rw- p3", .why = VMT_WHY_MERGE_BELOW },
	/* failures; what was cut before stays cut */
	{ "solid", "1000-7000 r-x +de sp:[vdso] solid", 0x3000, 0x5000, "r-- +de",
	  "1000-7000 r-x +de sp:[vdso] solid", .why = VMT_WHY_NONE, .error = -EINVAL },
	{ "solid, whole", "1000-7000 r-x +de sp:[vdso] solid", 0x1000, 0x7000, "r-- +de",
	  "1000-7000 r-- +de sp:[vdso] solid", .why = VMT_WHY_NONE },
	{ "limit at the first cut", "1000-7000 rw-", 0x3000, 0x5000, "r--", "1000-7000 rw-",
	  .why = VMT_WHY_SPLIT_LIMIT, .error = -ENOMEM, .limit = 1 },
	{ "limit at the second cut", "1000-7000 rw-", 0x3000, 0x5000, "r--",
	  "1000-3000 rw- | 3000-7000 rw-", .why = VMT_WHY_SPLIT_LIMIT, .error = -ENOMEM,
	  .limit = 2 },
	{ "just below the limit", "1000-7000 rw-", 0x3000, 0x5000, "r--",
	  "1000-3000 rw- | 3000-5000 r-- | 5000-7000 rw-", .why = VMT_WHY_SPLIT, .limit = 3 },
	{ "whole VMA at the limit", "1000-7000 rw-", 0x1000, 0x7000, "r--", "1000-7000 r--",
	  .why = VMT_WHY_NONE, .limit = 1 },
	{ "a merge at the limit", "1000-3000 r-- | 3000-7000 rw-", 0x3000, 0x5000, "r--",
	  "1000-5000 r-- | 5000-7000 rw-", .why = VMT_WHY_MERGE_BELOW, .limit = 2 },
	/* older kernels */
	{ "6.15: faulted M, unfaulted P", "1000-3000 r-- +ac | 3000-5000 rw- a1", 0x3000, 0x5000,
	  "r-- +ac", "1000-3000 r-- +ac | 3000-5000 r-- a1 +ac", .why = VMT_WHY_APART_ANON,
	  .rules = RULES_615 },
	{ "6.15: unfaulted M, faulted P", "1000-3000 r-- a1 | 3000-5000 rw-", 0x3000, 0x5000, "r--",
	  "1000-5000 r-- a1", .why = VMT_WHY_MERGE_BELOW, .rules = RULES_615 },
	{ "6.1: no merge with a close hook", "1000-3000 r-- close | 3000-7000 rw- close", 0x3000,
	  0x5000, "r--", "1000-3000 r-- close | 3000-5000 r-- close | 5000-7000 rw- close",
	  .why = VMT_WHY_APART_CLOSE, .rules = RULES_61 },
	{ "6.1: P still wins in a modification",
	  "1000-3000 r-- a1 | 3000-5000 rw- | 5000-7000 r-- a2", 0x3000, 0x5000, "r--",
	  "1000-5000 r-- a1 | 5000-7000 r-- a2", .why = VMT_WHY_MERGE_BELOW, .rules = RULES_61 },
};

static void test_modify(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmt_countof(modify_cases); i++) {
		const struct modify_case *c = &modify_cases[i];
		struct vmt_vma proposed;
		struct vmt_vma *vma;
		struct mm mm;
		int error = 0;

		open_with(&mm, c->rules, c->before);
		if (c->limit)
			vmt_space_set_max_map_count(mm.space, c->limit);
		proposed = mm_attributes(&mm, c->start, c->to);
		vma = vmt_find_vma(mm.space, c->start);
		vma = vmt_modify_range(mm.space, vma, c->start, c->end, &proposed, &error);
		mm_end(&mm);
		mm_assert(&mm, c->name, c->after);
		mm_assert_told(&mm, c->name, c->why);
		assert_int_equal(error, c->error);
		if (c->error)
			assert_null(vma);
		else
			assert_true(vmt_vma_start(vma) <= c->start && vmt_vma_end(vma) >= c->end);
		mm_close(&mm);
	}
}

/* ---- vmt_split_vma() --------------------------------------------------------------------- */

/*	[      vma      ]   =>   [  vma  ][ upper ]	*/
static void test_split(void **state)
{
	struct vmt_vma *vma, *upper;
	struct mm mm;
	int error = 0;

	(void)state;
	open_with(&mm, RULES_618, "1000-5000 rw- a3+ f7@2 +lo n:[anon:x] p2 close");
	vma = vmt_find_vma(mm.space, 0x1000);
	upper = vmt_split_vma(mm.space, vma, 0x2000, &error);
	assert_non_null(upper);
	assert_ptr_equal(vmt_vma_next(vma), upper);
	mm_end(&mm);
	mm_assert(&mm, "split",
		  "1000-2000 rw- a3+ f7@2 +lo n:[anon:x] p2 close | "
		  "2000-5000 rw- a3+ f7@3 +lo n:[anon:x] p2 close");
	mm_begin(&mm);
	vmt_space_set_max_map_count(mm.space, 2);
	assert_null(vmt_split_vma(mm.space, upper, 0x3000, &error));
	assert_int_equal(error, -ENOMEM);
	assert_true(mm_told(&mm, VMT_WHY_SPLIT_LIMIT));
	vmt_space_set_max_map_count(mm.space, 3);
	upper->may_split = false;
	assert_null(vmt_split_vma(mm.space, upper, 0x3000, &error));
	assert_int_equal(error, -EINVAL);
	mm_end(&mm);
	assert_int_equal(vmt_space_count(mm.space), 2);
	mm_close(&mm);
}

/* ---- vmt_unmap_range() ------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *before;
	uint64_t start;
	uint64_t end;
	const char *after;
	int error;
	size_t limit;
} unmap_cases[] = {
	/*	        ***          =>   nothing		*/
	{ "nothing there", "1000-2000 rw- | 5000-6000 rw-", 0x2000, 0x5000,
	  "1000-2000 rw- | 5000-6000 rw-", .error = 0 },
	{ "beyond the last", "1000-2000 rw-", 0x5000, 0x9000, "1000-2000 rw-", .error = 0 },
	/*	[***]                =>   nothing		*/
	{ "one", "1000-2000 rw- | 3000-4000 rw- | 5000-6000 rw-", 0x3000, 0x4000,
	  "1000-2000 rw- | 5000-6000 rw-", .error = 0 },
	/*	[  ***]   [***  ]   [ *** ]			*/
	{ "tail", "1000-5000 rw- f7@0", 0x3000, 0x6000, "1000-3000 rw- f7@0", .error = 0 },
	{ "head", "1000-5000 rw- f7@0", 0x0, 0x3000, "3000-5000 rw- f7@2", .error = 0 },
	{ "middle", "1000-7000 rw- f7@0 a1", 0x3000, 0x5000,
	  "1000-3000 rw- a1 f7@0 | 5000-7000 rw- a1 f7@4", .error = 0 },
	/*	[  ***][***] [***  ]				*/
	{ "across", "1000-3000 rw- | 3000-4000 r-- | 5000-7000 rwx", 0x2000, 0x6000,
	  "1000-2000 rw- | 6000-7000 rwx", .error = 0 },
	{ "all", "1000-3000 rw- | 3000-4000 r-- | 5000-7000 rwx", 0x0, 0x8000, "", .error = 0 },
	/* the limit forbids only to cut a hole */
	{ "a hole at the limit", "1000-7000 rw-", 0x3000, 0x5000, "1000-7000 rw-", .error = -ENOMEM,
	  .limit = 1 },
	{ "tail at the limit", "1000-7000 rw-", 0x3000, 0x7000, "1000-3000 rw-", .limit = 1 },
	{ "head at the limit", "1000-7000 rw-", 0x1000, 0x5000, "5000-7000 rw-", .limit = 1 },
	{ "two cuts at the limit", "1000-4000 rw- | 4000-7000 r--", 0x3000, 0x5000,
	  "1000-3000 rw- | 5000-7000 r--", .limit = 2 },
	/* sealed: first of the range, no cut; later, the first cut stays */
	{ "sealed, whole", "1000-3000 rw- +sl", 0x1000, 0x3000, "1000-3000 rw- +sl",
	  .error = -EPERM },
	{ "sealed, first", "1000-4000 rw- +sl", 0x2000, 0x3000, "1000-4000 rw- +sl",
	  .error = -EPERM },
	{ "sealed, later", "1000-4000 rw- | 4000-6000 rw- +sl | 6000-8000 rw-", 0x2000, 0x7000,
	  "1000-2000 rw- | 2000-4000 rw- | 4000-6000 rw- +sl | 6000-8000 rw-", .error = -EPERM },
	{ "sealed, beyond", "1000-4000 rw- | 4000-6000 rw- +sl", 0x2000, 0x4000,
	  "1000-2000 rw- | 4000-6000 rw- +sl", .error = 0 },
	/* solid mappings go as a whole or not at all */
	{ "solid, whole", "1000-3000 r-x sp:[vdso] solid", 0x1000, 0x3000, "", .error = 0 },
	{ "solid, tail", "1000-3000 r-x sp:[vdso] solid", 0x2000, 0x3000,
	  "1000-3000 r-x sp:[vdso] solid", .error = -EINVAL },
	{ "solid, head", "1000-3000 r-x sp:[vdso] solid", 0x1000, 0x2000,
	  "1000-3000 r-x sp:[vdso] solid", .error = -EINVAL },
	{ "solid, at the end: the first cut stays", "1000-4000 rw- | 4000-6000 r-x sp:[vdso] solid",
	  0x2000, 0x5000, "1000-2000 rw- | 2000-4000 rw- | 4000-6000 r-x sp:[vdso] solid",
	  .error = -EINVAL },
};

static void test_unmap(void **state)
{
	(void)state;
	for (size_t i = 0; i < vmt_countof(unmap_cases); i++) {
		struct mm mm;

		open_with(&mm, RULES_618, unmap_cases[i].before);
		if (unmap_cases[i].limit)
			vmt_space_set_max_map_count(mm.space, unmap_cases[i].limit);
		assert_int_equal(
			vmt_unmap_range(mm.space, unmap_cases[i].start, unmap_cases[i].end),
			unmap_cases[i].error);
		mm_end(&mm);
		mm_assert(&mm, unmap_cases[i].name, unmap_cases[i].after);
		if (unmap_cases[i].error == -EPERM)
			assert_true(mm_told(&mm, VMT_WHY_SEALED));
		if (unmap_cases[i].error == -ENOMEM)
			assert_true(mm_told(&mm, VMT_WHY_SPLIT_LIMIT));
		mm_close(&mm);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_range),
		cmocka_unit_test(test_modify),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_unmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
