/* SPDX-License-Identifier: MIT */
/*
 * test-calls-random: every call with any arguments and any result, foreseen or not, and then
 * any layout as the kernel's answer. Nothing must break: the journal adds up (mm_end()), and the
 * model takes over what the kernel says. What a call does is the other tests' affair.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm-fixture.h"
#include "seed.h"

enum {
	PAGE = 0x1000,
	PAGES = 0x80, /* of the part of the space in which most addresses lie */
	SPACES = 40,
	STEPS = 500, /* of each */
	ROWS_MAX = 4,
};

static uint64_t random_address(struct seed *seed)
{
	static const uint64_t edges[] = { 0,
					  1,
					  0xfff,
					  0x7ffffffff000,
					  0x7fffffffffff,
					  0xffffffffff600000,
					  UINT64_MAX - 0xfff,
					  UINT64_MAX };

	if (seed_below(seed, 16) == 0)
		return edges[seed_below(seed, vmt_countof(edges))];
	return seed_below(seed, PAGES) * PAGE + (seed_below(seed, 16) ? 0 : seed_below(seed, PAGE));
}

static uint64_t random_size(struct seed *seed)
{
	static const uint64_t edges[] = { 0, 1, UINT64_MAX, UINT64_MAX - PAGE, (uint64_t)1 << 47 };

	if (seed_below(seed, 16) == 0)
		return edges[seed_below(seed, vmt_countof(edges))];
	return seed_between(seed, 1, 12) * PAGE -
	       (seed_below(seed, 4) ? 0 : seed_below(seed, PAGE));
}

static uint64_t random_argument(struct seed *seed, enum vmt_arg_kind kind)
{
	switch (kind) {
	case VMT_ARG_ADDRESS:
		return random_address(seed);
	case VMT_ARG_SIZE:
		return random_size(seed);
	case VMT_ARG_OFFSET:
	case VMT_ARG_PAGE_OFFSET:
		return random_address(seed);
	case VMT_ARG_MAP_FLAGS:
		return seed_below(seed, 0x200000) & (seed_below(seed, 4) ? 0x10033 : UINT64_MAX);
	case VMT_ARG_ADVICE:
		return seed_below(seed, 110);
	default:
		return seed_below(seed, 8) ? seed_below(seed, 16) : (uint64_t)-1;
	}
}

/* A result that is no address is 0 or an errno; one that is, lies where there is room for it. */
static int64_t random_result(struct seed *seed, enum vmt_call_id call)
{
	static const int errors[] = { EINVAL, ENOMEM, EACCES, EPERM, EAGAIN, EFAULT, EEXIST };

	if (seed_below(seed, 3) == 0)
		return -errors[seed_below(seed, vmt_countof(errors))];
	switch (call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
	case VMT_CALL_MREMAP:
	case VMT_CALL_SHMAT:
		return (int64_t)(seed_between(seed, 1, PAGES) * PAGE);
	default:
		return 0;
	}
}

static bool gives_address(enum vmt_call_id call)
{
	return call == VMT_CALL_MMAP || call == VMT_CALL_MMAP2 || call == VMT_CALL_OLD_MMAP ||
	       call == VMT_CALL_MREMAP;
}

/* The break as it was, or what was asked, foreseen or not. */
static void random_brk(const struct mm *mm, struct seed *seed, struct vmt_event *event)
{
	event->args[0] = seed_between(seed, 1, PAGES * PAGE);
	event->result = (int64_t)(seed_below(seed, 2) ? event->args[0] : mm->space->brk);
}

static void random_event(struct mm *mm, struct seed *seed)
{
	const struct vmt_call_info *info;
	struct vmt_event *event = &mm->event;

	mm_file(mm, seed_below(seed, 4));
	event->file.size_bytes = seed_between(seed, 1, 8 * PAGE);
	event->call = (enum vmt_call_id)seed_between(seed, VMT_CALL_NONE + 1, VMT_CALL_EXECVE - 1);
	info = vmt_call_info(event->call);
	for (unsigned i = 0; i < vmt_countof(event->args); i++)
		event->args[i] = random_argument(seed, i < info->arg_count ? info->args[i].kind
									   : VMT_ARG_INT);
	event->result = random_result(seed, event->call);
	/* no kernel maps what is longer than the space */
	if (gives_address(event->call) && event->result > 0) {
		for (unsigned i = 1; i < 3; i++) {
			if (event->args[i] > PAGES * PAGE || !event->args[i])
				event->args[i] = PAGE;
		}
	}
	if (event->call == VMT_CALL_BRK)
		random_brk(mm, seed, event);
	event->words_valid = (unsigned)seed_below(seed, 4);
	for (unsigned i = 0; i < event->words_valid; i++)
		event->words[i] = random_address(seed);
	if (event->call == VMT_CALL_IO_SETUP && event->words_valid)
		event->words[0] = seed_between(seed, 1, PAGES) * PAGE;
	event->text_valid = seed_below(seed, 2);
	strcpy(event->text, seed_below(seed, 2) ? "a name" : "");
}

/* Some rows in order, all within or touching [start, end), labelled as the kernel would. */
static struct vmt_layout random_rows(struct mm *mm, struct seed *seed, uint64_t start, uint64_t end)
{
	struct vmt_layout rows = { 0 };
	uint64_t at = start > PAGE ? start - PAGE : PAGE;

	for (uint64_t i = seed_below(seed, ROWS_MAX); i > 0 && at <= end; i--) {
		struct vmt_vma vma = vmt_vma_template(seed_below(seed, 8));

		vma.range.start = at;
		vma.range.end = at + seed_between(seed, 1, 8) * PAGE;
		vma.pgoff = seed_below(seed, 8);
		if (seed_below(seed, 3) == 0)
			vma.file = (struct vmt_file){ .description = 1, .inode = 1, .name = "/f1" };
		vmt_array_push(&rows, vmt_vma_mapping(mm->space, &vma));
		at = vma.range.end + seed_below(seed, 3) * PAGE;
	}
	return rows;
}

/* Asks until the model takes the answer; the answer does not change meanwhile. */
static void random_check(struct mm *mm, struct seed *seed)
{
	uint64_t start = seed_below(seed, PAGES) * PAGE;
	uint64_t end = start + seed_below(seed, 8) * PAGE;
	struct vmt_layout rows;
	enum vmt_compared compared;

	vmt_step_range(mm->space, &mm->step, 0, &start, &end);
	start = vmt_min_u64(start & -(uint64_t)PAGE, PAGES * PAGE);
	end = vmt_max_u64(start, vmt_min_u64(end & -(uint64_t)PAGE, PAGES * PAGE));
	rows = random_rows(mm, seed, start, end);
	for (unsigned asked = 0; asked < 2 * PAGES; asked++) {
		compared = vmt_space_check(mm->space, &rows, &start, &end, &mm->step);
		if (compared != VMT_COMPARED_ASK_WIDER)
			break;
	}
	assert_int_not_equal(compared, VMT_COMPARED_ASK_WIDER);
	assert_int_equal(vmt_space_check(mm->space, &rows, &start, &end, &mm->step),
			 VMT_COMPARED_EQUAL);
	vmt_array_deinit(&rows);
}

static bool sometimes(void *data, uint64_t start, uint64_t end)
{
	assert_true(start < end);
	return seed_below(data, 3) == 0;
}

static void run_space(struct seed *seed)
{
	struct mm mm;

	mm_open(&mm);
	vmt_space_set_look(mm.space, sometimes, seed);
	mm.space->mmap_base = PAGES * PAGE;
	mm.space->start_brk = mm.space->brk = PAGES / 2 * PAGE;
	mm.space->brk_known = seed_below(seed, 2);
	mm.space->start_stack = (PAGES - 8) * PAGE;
	if (seed_below(seed, 4) == 0)
		vmt_space_set_max_map_count(mm.space, seed_below(seed, 30));
	mm_build(&mm, "10000-12000 r-x +de sp:[vdso] solid | 70000-78000 rw- a1 @7 +gd");
	for (int i = 0; i < STEPS; i++) {
		random_event(&mm, seed);
		if (seed_below(seed, 2))
			vmt_space_foresee(mm.space, &mm.event);
		mm_begin_event(&mm);
		if (seed_below(seed, 8) == 0)
			random_check(&mm, seed);
		mm_end(&mm);
	}
	mm_close(&mm);
}

static void test_random(void **state)
{
	struct seed seed = seed_start("calls-random");

	(void)state;
	for (int i = 0; i < SPACES; i++)
		run_space(&seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
