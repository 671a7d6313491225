/* SPDX-License-Identifier: MIT */
/*
 * mm-fixture: an address space made by hand, and a text form of its VMAs, for tests of room mm.
 *
 *	struct mm mm;
 *
 *	mm_open(&mm);
 *	mm_build(&mm, "1000-3000 rw- a1 | 5000-6000 r-- f7@2");
 *	mm_begin(&mm);
 *	... any function of the room ...
 *	mm_end(&mm);
 *	mm_assert(&mm, "case", "1000-6000 rw- a1");
 *	mm_close(&mm);
 *
 * A VMA is "START-END PERMS WORD...": addresses in hex, PERMS rwx and a fourth letter s if shared.
 *
 *	a1  a1+		anon_vma 1; with + it came through fork
 *	f7@2		file 7 (description and inode 7, "/f7") at page 2 (hex)
 *	@2		anonymous at page offset 2; left out where it is the virtual page
 *	+gd  -ac	a VM flag by its smaps word, beyond or less than what the perms imply
 *	sp:[vdso]	special mapping        n:NAME	anon name
 *	p1  u1		policy, uffd context   close, solid	close hook, may not be split
 *
 * What perms imply: MAYREAD, MAYWRITE, MAYEXEC; ACCOUNT for private and writable; SHARED and
 * MAYSHARE for shared.
 *
 * mm_end() also proves the journal: a mirror of the layout takes each step's removed and added, and
 * must then be the layout.
 */
#ifndef VMT_TEST_MM_FIXTURE_H
#define VMT_TEST_MM_FIXTURE_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "space.h"

/* The layout as told by steps alone. */
struct mm_mirror {
	VMT_ARRAY(struct vmt_vma_view) rows;
};

struct mm {
	struct vmt_names *names;
	struct vmt_space *space;
	struct vmt_step step;
	struct vmt_event event;
	struct vmt_str text;
	struct mm_mirror mirror;
};

/* ---- Text to VMA --------------------------------------------------------------------------- */

static inline uint64_t mm_flag(const char *word)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		struct vmt_str text = { 0 };
		bool same;

		vmt_vm_flags_text((uint64_t)1 << bit, &text);
		same = strcmp(vmt_str_text(&text), word) == 0;
		vmt_str_deinit(&text);
		if (same)
			return (uint64_t)1 << bit;
	}
	fail_msg("no VM flag is called %s", word);
	return 0;
}

/* The flags that a VMA of such access has just after mmap(). */
static inline uint64_t mm_base_flags(uint64_t access, bool shared)
{
	uint64_t flags = access | VMT_VM_MAYREAD | VMT_VM_MAYWRITE | VMT_VM_MAYEXEC;

	if (shared)
		return flags | VMT_VM_SHARED | VMT_VM_MAYSHARE;
	return access & VMT_VM_WRITE ? flags | VMT_VM_ACCOUNT : flags;
}

static inline void mm_parse_word(struct mm *mm, struct vmt_vma *vma, const char *word)
{
	char *rest = NULL;

	if (word[0] == '+') {
		vma->flags |= mm_flag(word + 1);
	} else if (word[0] == '-') {
		vma->flags &= ~mm_flag(word + 1);
	} else if (strncmp(word, "sp:", 3) == 0) {
		vma->special = vmt_names_add(mm->names, word + 3);
	} else if (strncmp(word, "n:", 2) == 0) {
		vma->anon_name = vmt_names_add(mm->names, word + 2);
	} else if (strcmp(word, "close") == 0) {
		vma->close_hook = true;
	} else if (strcmp(word, "solid") == 0) {
		vma->may_split = false;
	} else if (word[0] == 'a') {
		vma->anon_vma = (uint32_t)strtoul(word + 1, &rest, 10);
		vma->anon_forked = *rest == '+';
		if (vma->anon_vma >= mm->space->next_anon_vma)
			mm->space->next_anon_vma = vma->anon_vma + 1;
	} else if (word[0] == 'p') {
		vma->policy = (uint32_t)strtoul(word + 1, &rest, 10);
	} else if (word[0] == 'u') {
		vma->uffd = strtoul(word + 1, &rest, 10);
	} else if (word[0] == 'f') {
		char name[32];

		vma->file.description = strtoul(word + 1, &rest, 10);
		snprintf(name, sizeof(name), "/f%" PRIu64, vma->file.description);
		vma->file.inode = vma->file.description;
		vma->file.dev_major = 8;
		vma->file.dev_minor = 1;
		vma->file.name = vmt_names_add(mm->names, name);
		vma->pgoff = *rest == '@' ? strtoull(rest + 1, NULL, 16) : 0;
	} else if (word[0] == '@') {
		vma->pgoff = strtoull(word + 1, NULL, 16);
	} else {
		fail_msg("bad word %s", word);
	}
}

/* "PERMS WORD..." as the attributes of a VMA at @start. */
static inline struct vmt_vma mm_attributes(struct mm *mm, uint64_t start, const char *text)
{
	char copy[200];
	char *save = NULL;
	struct vmt_vma vma = vmt_vma_template(0);

	snprintf(copy, sizeof(copy), "%s", text);
	vma.pgoff = start >> 12;
	for (char *word = strtok_r(copy, " ", &save), *perms = word; word;
	     word = strtok_r(NULL, " ", &save)) {
		uint64_t access = 0;

		if (word != perms) {
			mm_parse_word(mm, &vma, word);
			continue;
		}
		access |= word[0] == 'r' ? VMT_VM_READ : 0;
		access |= word[1] == 'w' ? VMT_VM_WRITE : 0;
		access |= word[2] == 'x' ? VMT_VM_EXEC : 0;
		vma.flags = mm_base_flags(access, word[3] == 's');
	}
	return vma;
}

/* Reads one VMA of a layout; returns what follows it, NULL at the end. */
static inline const char *mm_parse(struct mm *mm, const char *text, struct vmt_vma *ret_vma)
{
	const char *bar = strstr(text, " | ");
	char copy[240];
	char *rest;
	uint64_t start, end;

	snprintf(copy, sizeof(copy), "%.*s", (int)(bar ? bar - text : (ptrdiff_t)strlen(text)),
		 text);
	start = strtoull(copy, &rest, 16);
	end = strtoull(rest + 1, &rest, 16);
	*ret_vma = mm_attributes(mm, start, rest);
	ret_vma->range.start = start;
	ret_vma->range.end = end;
	return bar ? bar + 3 : NULL;
}

/* ---- VMA to text --------------------------------------------------------------------------- */

static inline void mm_print_flags(struct vmt_str *text, uint64_t flags, char sign)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(flags >> bit & 1))
			continue;
		vmt_str_printf(text, " %c", sign);
		vmt_vm_flags_text((uint64_t)1 << bit, text);
	}
}

static inline void mm_print(struct vmt_str *text, const struct vmt_vma *vma)
{
	bool shared = (vma->flags & VMT_VM_MAYSHARE) != 0;
	uint64_t base = mm_base_flags(vma->flags & VMT_VM_ACCESS, shared);

	vmt_str_printf(text, "%s%" PRIx64 "-%" PRIx64 " %c%c%c%s", text->length ? " | " : "",
		       vmt_vma_start(vma), vmt_vma_end(vma), vma->flags & VMT_VM_READ ? 'r' : '-',
		       vma->flags & VMT_VM_WRITE ? 'w' : '-', vma->flags & VMT_VM_EXEC ? 'x' : '-',
		       shared ? "s" : "");
	if (vma->anon_vma)
		vmt_str_printf(text, " a%u%s", vma->anon_vma, vma->anon_forked ? "+" : "");
	if (vma->file.description)
		vmt_str_printf(text, " f%" PRIu64 "@%" PRIx64, vma->file.description, vma->pgoff);
	else if (!vma->special && vma->pgoff != vmt_vma_start(vma) >> 12)
		vmt_str_printf(text, " @%" PRIx64, vma->pgoff);
	mm_print_flags(text, vma->flags & ~base, '+');
	mm_print_flags(text, base & ~vma->flags, '-');
	if (vma->special)
		vmt_str_printf(text, " sp:%s", vma->special);
	if (vma->anon_name)
		vmt_str_printf(text, " n:%s", vma->anon_name);
	if (vma->policy)
		vmt_str_printf(text, " p%u", vma->policy);
	if (vma->uffd)
		vmt_str_printf(text, " u%" PRIu64, vma->uffd);
	if (vma->close_hook)
		vmt_str_add(text, " close");
	if (!vma->may_split)
		vmt_str_add(text, " solid");
}

/* All VMAs of a space; the text is good until the next call. */
static inline const char *mm_text_of(struct mm *mm, const struct vmt_space *space)
{
	vmt_str_clear(&mm->text);
	for (const struct vmt_vma *vma = vmt_space_first(space); vma; vma = vmt_vma_next(vma))
		mm_print(&mm->text, vma);
	return vmt_str_text(&mm->text);
}

static inline void mm_assert(struct mm *mm, const char *name, const char *wanted)
{
	const char *have = mm_text_of(mm, mm->space);

	if (strcmp(have, wanted) != 0)
		fail_msg("%s:\n  have   %s\n  wanted %s", name, have, wanted);
}

/* ---- Mirror -------------------------------------------------------------------------------- */

static inline bool mm_views_equal(const struct vmt_vma_view *a, const struct vmt_vma_view *b)
{
	assert_non_null(a->map.name);
	assert_non_null(b->map.name);
	return vmt_mapping_equal(&a->map, &b->map) && a->map.gate == b->map.gate &&
	       a->vm_flags == b->vm_flags && strcmp(a->map.name, b->map.name) == 0;
}

/* Views must be in order, not empty, disjoint, each with steps that ascend up to the last one. */
static inline void mm_check_views(const struct vmt_vma_view *views, size_t count,
				  const uint32_t *numbers, size_t number_count, uint32_t last_step)
{
	for (size_t i = 0; i < count; i++) {
		const struct vmt_vma_view *view = &views[i];

		assert_true(view->map.start < view->map.end);
		if (i && !view->map.gate)
			assert_true(views[i - 1].map.end <= view->map.start);
		assert_true(view->step_count > 0);
		assert_true(view->first_step + view->step_count <= number_count);
		for (size_t n = 0; n < view->step_count; n++) {
			assert_true(numbers[view->first_step + n] <= last_step);
			if (n)
				assert_true(numbers[view->first_step + n - 1] <
					    numbers[view->first_step + n]);
		}
	}
}

static inline void mm_mirror_apply(struct mm_mirror *mirror, const struct vmt_step *step)
{
	mm_check_views(step->removed.data, step->removed.count, step->step_numbers.data,
		       step->step_numbers.count, step->number);
	mm_check_views(step->added.data, step->added.count, step->step_numbers.data,
		       step->step_numbers.count, step->number);
	for (size_t i = 0; i < step->removed.count; i++) {
		size_t at = 0;

		while (at < mirror->rows.count &&
		       !mm_views_equal(&mirror->rows.data[at], &step->removed.data[i]))
			at++;
		if (at == mirror->rows.count)
			fail_msg("step %u removed %" PRIx64 ", which was not there", step->number,
				 step->removed.data[i].map.start);
		for (size_t a = 0; a < step->added.count; a++)
			assert_false(mm_views_equal(&step->added.data[a], &step->removed.data[i]));
		mirror->rows.count--;
		memmove(mirror->rows.data + at, mirror->rows.data + at + 1,
			(mirror->rows.count - at) * sizeof(*mirror->rows.data));
	}
	for (size_t i = 0; i < step->added.count; i++) {
		const struct vmt_vma_view *view = &step->added.data[i];
		size_t at = mirror->rows.count;

		vmt_array_push(&mirror->rows, *view);
		for (; at && (mirror->rows.data[at - 1].map.gate > view->map.gate ||
			      (mirror->rows.data[at - 1].map.gate == view->map.gate &&
			       mirror->rows.data[at - 1].map.start > view->map.start));
		     at--)
			mirror->rows.data[at] = mirror->rows.data[at - 1];
		mirror->rows.data[at] = *view;
	}
}

static inline void mm_mirror_check(const struct mm_mirror *mirror, const struct vmt_space *space)
{
	struct vmt_view_list list;

	vmt_range_verify(&space->vmas);
	vmt_range_verify(&space->pieces);
	vmt_space_view(space, &list);
	assert_int_equal(list.rows.count, mirror->rows.count);
	mm_check_views(list.rows.data, list.rows.count, list.step_numbers.data,
		       list.step_numbers.count, vmt_space_steps(space));
	for (size_t i = 0; i < list.rows.count; i++) {
		const struct vmt_vma_view *have = &list.rows.data[i], *told = &mirror->rows.data[i];

		if (!mm_views_equal(have, told))
			fail_msg("after step %u: the layout has %" PRIx64 "-%" PRIx64
				 " %x %s, the steps told %" PRIx64 "-%" PRIx64 " %x %s",
				 vmt_space_steps(space) - 1, have->map.start, have->map.end,
				 have->map.perms, have->map.name, told->map.start, told->map.end,
				 told->map.perms, told->map.name);
	}
	vmt_view_list_deinit(&list);
}

/* ---- Steps --------------------------------------------------------------------------------- */

static inline void mm_open(struct mm *mm)
{
	memset(mm, 0, sizeof(*mm));
	mm->names = vmt_names_new();
	mm->space = vmt_space_new(1, mm->names);
	mm->space->rights.personality = VMT_ADDR_NO_RANDOMIZE;
	mm->space->mmap_base = 0x7ffff7fff000;
	mm->space->legacy_base = mm->space->arch->legacy_base;
	vmt_step_init(&mm->step);
}

static inline void mm_close(struct mm *mm)
{
	vmt_step_deinit(&mm->step);
	vmt_space_free(mm->space);
	vmt_names_free(mm->names);
	vmt_str_deinit(&mm->text);
	vmt_array_deinit(&mm->mirror.rows);
}

static inline void mm_begin(struct mm *mm)
{
	vmt_step_begin(mm->space, &mm->step);
}

static inline void mm_end(struct mm *mm)
{
	vmt_step_end(mm->space, &mm->step);
	mm_mirror_apply(&mm->mirror, &mm->step);
	mm_mirror_check(&mm->mirror, mm->space);
}

/* Adds the VMAs of a layout as they stand; nothing merges. One step. */
static inline void mm_build(struct mm *mm, const char *text)
{
	mm_begin(mm);
	while (text && *text) {
		struct vmt_vma vma;

		text = mm_parse(mm, text, &vma);
		vmt_space_insert(mm->space, &vma, vma.range.start, vma.range.end, vma.pgoff);
	}
	mm_end(mm);
}

/* A layout as the kernel would show it. Owner: the caller. */
static inline struct vmt_layout mm_rows(struct mm *mm, const char *text)
{
	struct vmt_layout rows = { 0 };

	while (text && *text) {
		struct vmt_vma vma;

		text = mm_parse(mm, text, &vma);
		vmt_array_push(&rows, vmt_vma_mapping(mm->space, &vma));
	}
	return rows;
}

/* The descriptor of the next call; 0 for none. */
static inline void mm_file(struct mm *mm, uint64_t description)
{
	char name[32];

	snprintf(name, sizeof(name), "/f%" PRIu64, description);
	mm->event.file = (struct vmt_file_facts){
		.known = description != 0,
		.mode = S_IFREG,
		.dev_major = 8,
		.dev_minor = 1,
		.inode = description,
		.flags = 2, /* O_RDWR */
		.description = description,
		.name = description ? vmt_names_add(mm->names, name) : "",
	};
}

/* Opens a step with mm->event, of which call, args and result are set; the caller ends it. */
static inline void mm_begin_event(struct mm *mm)
{
	mm->event.kind = VMT_EVENT_CALL;
	mm->event.space = 1;
	mm->event.pid = mm->event.tid = 4211;
	mm->event.arch = mm->space->arch;
	if (!mm->event.file.name)
		mm->event.file.name = "";
	mm->event.failed = mm->event.result < 0 && mm->event.result > -4096;
	mm_begin(mm);
	vmt_space_call(mm->space, &mm->event, &mm->step);
}

/* The same with a call that returned @result. */
static inline void mm_begin_call(struct mm *mm, enum vmt_call_id call, const uint64_t args[6],
				 int64_t result)
{
	mm->event.call = call;
	memcpy(mm->event.args, args, sizeof(mm->event.args));
	mm->event.result = result;
	mm_begin_event(mm);
}

/* A whole step: mm_call(&mm, VMT_CALL_MUNMAP, 0, start, length) */
#define mm_call(mm, call, result, ...) \
	do { \
		mm_begin_call(mm, call, (const uint64_t[6]){ __VA_ARGS__ }, result); \
		mm_end(mm); \
	} while (0)

/* Whether the step gave @id as a reason. */
static inline bool mm_told(const struct mm *mm, enum vmt_why_id id)
{
	for (unsigned i = 0; i < mm->step.why_count; i++) {
		if (mm->step.why[i].id == id)
			return true;
	}
	return false;
}

static inline void mm_assert_told(const struct mm *mm, const char *name, enum vmt_why_id id)
{
	if (id != VMT_WHY_NONE && !mm_told(mm, id))
		fail_msg("%s: was not told %s", name, vmt_why_name(id));
}

#endif
