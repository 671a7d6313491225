/* SPDX-License-Identifier: MIT */
/*
 * test-merge: which VMAs may become one. The layouts are mm-fixture.h's text; two VMAs of a case
 * always meet at 3000:
 *
 *	1000      3000      5000
 *	[  below  ][  above  ]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "merge.h"
#include "mm-fixture.h"

enum {
	BELOW = 0x1000,
	BORDER = 0x3000,
	ABOVE_END = 0x5000
};

static enum vmt_why_id refusal(struct mm *mm, const char *below_text, const char *above_text)
{
	struct vmt_vma below = mm_attributes(mm, BELOW, below_text);
	struct vmt_vma above = mm_attributes(mm, BORDER, above_text);
	uint64_t border_pgoff = below.pgoff + ((BORDER - BELOW) >> 12);

	return vmt_merge_refusal(mm->space, &below, border_pgoff, &above, above.pgoff);
}

/* ---- What must be equal ------------------------------------------------------------------ */

struct refusal_case {
	const char *below;
	const char *above;
	enum vmt_why_id why;
};

static const struct refusal_case refusal_cases[] = {
	/* nothing speaks against it; anon_vmas are judged elsewhere */
	{ "rw-", "rw-", VMT_WHY_NONE },
	{ "---", "---", VMT_WHY_NONE },
	{ "rw- a1", "rw- a2+", VMT_WHY_NONE },
	{ "r-- f7@2", "r-- f7@4", VMT_WHY_NONE },
	{ "rw-s f7@0", "rw-s f7@2", VMT_WHY_NONE },
	/* flags; sd and gu may differ, the merged VMA gets both */
	{ "rw- +sd", "rw-", VMT_WHY_NONE },
	{ "rw-", "rw- +gu", VMT_WHY_NONE },
	{ "rw- +sd", "rw- +gu", VMT_WHY_NONE },
	{ "rw- +gd +lo", "rw- +gd +lo", VMT_WHY_NONE },
	{ "rw-", "rw- -ac", VMT_WHY_APART_ACCOUNT },
	{ "r-- +ac", "r--", VMT_WHY_APART_ACCOUNT },
	{ "rw-", "r--", VMT_WHY_APART_PERMS },
	{ "r--", "r-x", VMT_WHY_APART_PERMS },
	{ "rw-", "r-- +ac", VMT_WHY_APART_PERMS },
	{ "rw- +nr -ac", "rw-", VMT_WHY_APART_FLAGS },
	{ "rw- -me", "rw-", VMT_WHY_APART_FLAGS },
	/* special mappings, equal or not, on either side */
	{ "rw- +io", "rw- +io", VMT_WHY_APART_SPECIAL },
	{ "rw- +de", "rw- +de", VMT_WHY_APART_SPECIAL },
	{ "rw- +pf", "rw-", VMT_WHY_APART_SPECIAL },
	{ "rw-", "rw- +mm", VMT_WHY_APART_SPECIAL },
	{ "r-x sp:[vdso]", "r-x sp:[vdso]", VMT_WHY_APART_SPECIAL },
	{ "r-x", "r-x sp:[vdso]", VMT_WHY_APART_SPECIAL },
	/* the same open file, not the same inode or name; never with anonymous memory */
	{ "r-- f7@0", "r-- f8@2", VMT_WHY_APART_FILE },
	{ "r-- f7@0", "r--", VMT_WHY_APART_FILE },
	{ "rw-", "rw- f7@3", VMT_WHY_APART_FILE },
	/* offsets must go on, for anonymous memory too */
	{ "r-- f7@2", "r-- f7@5", VMT_WHY_APART_OFFSET },
	{ "r-- f7@2", "r-- f7@2", VMT_WHY_APART_OFFSET },
	{ "rw- @9", "rw-", VMT_WHY_APART_ANON_OFFSET },
	{ "rw- @9", "rw- @b", VMT_WHY_NONE },
	/* policy, userfaultfd context, name */
	{ "rw- p1", "rw-", VMT_WHY_APART_POLICY },
	{ "rw- p1", "rw- p2", VMT_WHY_APART_POLICY },
	{ "rw- p2", "rw- p2", VMT_WHY_NONE },
	{ "rw- u1", "rw-", VMT_WHY_APART_UFFD },
	{ "rw- u1", "rw- u1", VMT_WHY_NONE },
	{ "rw- n:[anon:x]", "rw-", VMT_WHY_APART_NAME },
	{ "rw-", "rw- n:[anon:x]", VMT_WHY_APART_NAME },
	{ "rw- n:[anon:x]", "rw- n:[anon:y]", VMT_WHY_APART_NAME },
	{ "rw- n:[anon:x]", "rw- n:[anon:x]", VMT_WHY_NONE },
	/* 6.12 and later: a close hook forbids only the VMA's deletion */
	{ "rw- close", "rw- close", VMT_WHY_NONE },
};

static void check_refusals(struct mm *mm, const struct refusal_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum vmt_why_id why = refusal(mm, cases[i].below, cases[i].above);

		if (why != cases[i].why)
			fail_msg("%s | %s: have %s, wanted %s", cases[i].below, cases[i].above,
				 vmt_why_name(why), vmt_why_name(cases[i].why));
	}
}

static void test_refusals(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	check_refusals(&mm, refusal_cases, vmt_countof(refusal_cases));
	mm_close(&mm);
}

/* Up to 6.1 a VMA with a close hook never merges, on whichever side it is. */
static void test_refusals_close_never(void **state)
{
	static const struct refusal_case cases[] = {
		{ "rw- close", "rw-", VMT_WHY_APART_CLOSE },
		{ "rw-", "rw- close", VMT_WHY_APART_CLOSE },
		{ "rw- close", "rw- close", VMT_WHY_APART_CLOSE },
		{ "rw-", "rw-", VMT_WHY_NONE },
	};
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm.space->features.close_never_merges = true;
	check_refusals(&mm, cases, vmt_countof(cases));
	mm_close(&mm);
}

/* Each bit of the flags alone: it must be equal, unless it is sticky. */
static void test_every_flag(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t flag = (uint64_t)1 << bit;
		struct vmt_vma plain = mm_attributes(&mm, BELOW, "---");
		struct vmt_vma other = mm_attributes(&mm, BORDER, "---");
		enum vmt_why_id wanted = VMT_WHY_APART_FLAGS;
		enum vmt_why_id equal = VMT_WHY_NONE;

		if (flag & (VMT_VM_SOFTDIRTY | VMT_VM_MAYBE_GUARD))
			wanted = VMT_WHY_NONE;
		else if (flag & VMT_VM_SPECIAL)
			wanted = equal = VMT_WHY_APART_SPECIAL;
		else if (flag & VMT_VM_ACCESS)
			wanted = VMT_WHY_APART_PERMS;
		else if (flag == VMT_VM_ACCOUNT)
			wanted = VMT_WHY_APART_ACCOUNT;
		other.flags ^= flag;
		assert_int_equal(vmt_merge_refusal(mm.space, &plain, 3, &other, 3), wanted);
		assert_int_equal(vmt_merge_refusal(mm.space, &other, 3, &plain, 3), wanted);
		plain.flags = other.flags |= flag;
		assert_int_equal(vmt_merge_refusal(mm.space, &plain, 3, &other, 3), equal);
	}
	mm_close(&mm);
}

/* ---- anon_vma ---------------------------------------------------------------------------- */

/* Every row of the table in merge.h, with and without fork on either side. */
static void test_anon(void **state)
{
	static const struct {
		const char *range;
		const char *neighbour;
		bool up_to_615;
		bool from_616;
	} cases[] = {
		{ "rw-", "rw-", true, true },          { "rw-", "rw- a1", true, true },
		{ "rw-", "rw- a1+", false, false },    { "rw- a1", "rw-", false, true },
		{ "rw- a1+", "rw-", false, false },    { "rw- a1", "rw- a1", true, true },
		{ "rw- a1+", "rw- a1+", true, true },  { "rw- a1", "rw- a2", false, false },
		{ "rw- a1", "rw- a2+", false, false }, { "rw- a1+", "rw- a2", false, false },
	};
	struct mm mm;

	(void)state;
	mm_open(&mm);
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct vmt_vma range = mm_attributes(&mm, BELOW, cases[i].range);
		struct vmt_vma neighbour = mm_attributes(&mm, BORDER, cases[i].neighbour);

		mm.space->features.modify_needs_both_anon = true;
		assert_int_equal(vmt_merge_anon(mm.space, &range, &neighbour), cases[i].up_to_615);
		mm.space->features.modify_needs_both_anon = false;
		assert_int_equal(vmt_merge_anon(mm.space, &range, &neighbour), cases[i].from_616);
	}
	mm_close(&mm);
}

static void test_anon_both(void **state)
{
	static const struct {
		const char *below;
		const char *above;
		bool both;
	} cases[] = {
		{ "rw-", "rw-", true },        { "rw- a1", "rw-", true },
		{ "rw-", "rw- a1", true },     { "rw- a1", "rw- a1", true },
		{ "rw- a1", "rw- a2", false }, { "rw- a1+", "rw- a2+", false },
	};
	struct mm mm;

	(void)state;
	mm_open(&mm);
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct vmt_vma below = mm_attributes(&mm, BELOW, cases[i].below);
		struct vmt_vma above = mm_attributes(&mm, BORDER, cases[i].above);

		assert_int_equal(vmt_merge_anon_both(&below, &above), cases[i].both);
	}
	mm_close(&mm);
}

/*
 * The first write fault in the VMA at 3000: which anon_vma it gets. The VMA above is asked first,
 * then the one below; both must be what it could have been split from.
 */
static void test_prepare(void **state)
{
	static const struct {
		const char *name;
		const char *layout;
		unsigned gets;
	} cases[] = {
		{ "alone", "3000-5000 rw-", 9 },
		{ "above", "3000-5000 rw- | 5000-6000 rw- a2", 2 },
		{ "below", "1000-3000 rw- a1 | 3000-5000 rw-", 1 },
		{ "above first", "1000-3000 rw- a1 | 3000-5000 rw- | 5000-6000 rw- a2", 2 },
		{ "above is unfaulted", "1000-3000 rw- a1 | 3000-5000 rw- | 5000-6000 rw-", 1 },
		{ "both unfaulted", "1000-3000 rw- | 3000-5000 rw- | 5000-6000 rw-", 9 },
		{ "not adjacent", "1000-2000 rw- a1 | 3000-5000 rw- | 6000-7000 rw- a2", 9 },
		{ "access may differ", "3000-5000 rw- | 5000-6000 r-x a2 +ac", 2 },
		{ "sticky may differ", "3000-5000 rw- | 5000-6000 rw- a2 +sd +gu", 2 },
		{ "account may not", "3000-5000 rw- | 5000-6000 r-x a2", 9 },
		{ "other flags may not", "3000-5000 rw- | 5000-6000 rw- a2 +lo", 9 },
		{ "came by fork", "3000-5000 rw- | 5000-6000 rw- a2+", 9 },
		{ "above came by fork", "1000-3000 rw- a1 | 3000-5000 rw- | 5000-6000 rw- a2+", 1 },
		{ "below came by fork", "1000-3000 rw- a1+ | 3000-5000 rw-", 9 },
		{ "offset breaks", "3000-5000 rw- | 5000-6000 rw- a2 @77", 9 },
		{ "offset breaks below", "1000-3000 rw- a1 @77 | 3000-5000 rw-", 9 },
		{ "policy differs", "3000-5000 rw- p1 | 5000-6000 rw- a2 p2", 9 },
		{ "same file", "3000-5000 rw- f7@3 | 5000-6000 rw- a2 f7@5", 2 },
		{ "other file", "3000-5000 rw- f7@3 | 5000-6000 rw- a2 f8@5", 9 },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct mm mm;
		struct vmt_vma *vma;

		mm_open(&mm);
		mm.space->next_anon_vma = 9;
		mm_build(&mm, cases[i].layout);
		mm_begin(&mm);
		vma = vmt_find_vma(mm.space, BORDER);
		vmt_anon_prepare(mm.space, vma);
		if (vma->anon_vma != cases[i].gets)
			fail_msg("%s: have a%u, wanted a%u", cases[i].name, vma->anon_vma,
				 cases[i].gets);
		assert_false(vma->anon_forked);
		mm_end(&mm);
		mm_close(&mm);
	}
}

/* ---- Asking whether pages were written --------------------------------------------------- */

struct asked {
	unsigned times;
	uint64_t start;
	uint64_t end;
	bool answer;
};

static bool answer(void *data, uint64_t start, uint64_t end)
{
	struct asked *asked = data;

	asked->times++;
	asked->start = start;
	asked->end = end;
	return asked->answer;
}

static void test_look(void **state)
{
	static const struct {
		const char *layout;
		bool answer;
		unsigned times;
		unsigned anon_vma;
	} cases[] = {
		{ "3000-5000 rw-", true, 1, 9 },
		{ "3000-5000 rw-", false, 1, 0 },
		{ "3000-5000 r-- f7@0", true, 1, 9 }, /* may have been written before mprotect */
		{ "3000-5000 rw- a4", false, 0, 4 }, /* known already, and never forgotten */
		{ "3000-5000 rw-s f7@0", true, 0, 0 }, /* shared: none, whatever was written */
		{ "3000-5000 r-x sp:[vdso] solid", true, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct asked asked = { .answer = cases[i].answer };
		struct mm mm;

		mm_open(&mm);
		mm_build(&mm, cases[i].layout);
		mm.space->next_anon_vma = 9;
		vmt_space_set_look(mm.space, answer, &asked);
		mm_begin(&mm);
		vmt_anon_look(mm.space, vmt_find_vma(mm.space, BORDER));
		mm_end(&mm);
		assert_int_equal(asked.times, cases[i].times);
		if (asked.times) {
			assert_int_equal(asked.start, BORDER);
			assert_int_equal(asked.end, ABOVE_END);
		}
		assert_int_equal(vmt_find_vma(mm.space, BORDER)->anon_vma, cases[i].anon_vma);
		mm_close(&mm);
	}
}

/* Without anybody to ask, nothing is taken for written. */
static void test_look_nobody(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "3000-5000 rw-");
	mm_begin(&mm);
	vmt_anon_look(mm.space, vmt_find_vma(mm.space, BORDER));
	mm_end(&mm);
	assert_int_equal(vmt_find_vma(mm.space, BORDER)->anon_vma, VMT_ANON_NONE);
	mm_close(&mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),   cmocka_unit_test(test_refusals_close_never),
		cmocka_unit_test(test_every_flag), cmocka_unit_test(test_anon),
		cmocka_unit_test(test_anon_both),  cmocka_unit_test(test_prepare),
		cmocka_unit_test(test_look),       cmocka_unit_test(test_look_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
