/* SPDX-License-Identifier: MIT */
/* test-fold: steps that belong together become one line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake-output.h"
#include "fold.h"

static void add(struct vmt_fold *fold, uint32_t number, uint32_t group)
{
	struct fake fake;

	fake_cause(&fake, number, VMT_CAUSE_CALL);
	fake.step.group = group;
	fake.step.pattern = VMT_PATTERN_MALLOC_CHUNK;
	fake.step.title = "one step";
	vmt_fold_add(fold, &fake.step);
}

static void next_is(struct vmt_fold *fold, uint32_t first, uint32_t last, const char *title)
{
	struct vmt_str text = { 0 };
	struct vmt_folded folded;

	assert_true(vmt_fold_next(fold, true, &folded));
	assert_int_equal(folded.first, first);
	assert_int_equal(folded.last, last);
	vmt_folded_title(&folded, &text);
	assert_string_equal(vmt_str_text(&text), title);
	vmt_str_deinit(&text);
}

static void test_groups(void **state)
{
	struct vmt_fold fold = { 0 };
	struct vmt_folded folded;

	(void)state;
	add(&fold, 0, 7);
	add(&fold, 1, 8);
	add(&fold, 2, 0);
	add(&fold, 3, 0);
	add(&fold, 4, 7);
	next_is(&fold, 0, 4, "malloc: large chunk (2 steps)");
	next_is(&fold, 1, 1, "one step");
	next_is(&fold, 2, 2, "one step");
	next_is(&fold, 3, 3, "one step");
	assert_false(vmt_fold_next(&fold, true, &folded));
	vmt_fold_deinit(&fold);
}

/* A group waits for its late steps, but neither for ever nor with too many others. */
static void test_window(void **state)
{
	struct vmt_fold fold = { 0 };
	struct vmt_folded folded;
	uint32_t number = 0;

	(void)state;
	add(&fold, number++, 1);
	while (number < VMT_FOLD_WINDOW)
		add(&fold, number++, 2);
	assert_false(vmt_fold_next(&fold, false, &folded));
	add(&fold, number++, 2);
	assert_true(vmt_fold_next(&fold, false, &folded));
	assert_int_equal(folded.group, 1);
	assert_false(vmt_fold_next(&fold, false, &folded));
	/* the oldest goes on for ever: it is printed when too many wait behind it */
	for (uint32_t i = 0; i < 2 * VMT_FOLD_WINDOW; i++) {
		add(&fold, number++, 2);
		add(&fold, number++, 100 + i);
		while (vmt_fold_next(&fold, false, &folded))
			;
		assert_true(fold.waiting.count <= VMT_FOLD_WINDOW);
	}
	vmt_fold_deinit(&fold);
}

static void test_lines(void **state)
{
	struct output output;
	struct fake fake;

	(void)state;
	output_open_text(&output,
			 (struct vmt_text_options){ .views = VMT_LOG_STEPS, .fold = true });
	send_space(&output, 1, "exec", 0);
	for (uint32_t i = 0; i < 6; i++) {
		if (i % 2)
			make_unmap(&fake, i, i - 1);
		else
			make_anon(&fake, i);
		fake.step.group = 1 + i / 2;
		fake.step.pattern = VMT_PATTERN_MALLOC_CHUNK;
		send(&output, &fake, "libc", i % 2 ? "unmap" : "map");
	}
	make_anon(&fake, 6);
	fake_return(&fake, -ENOMEM);
	send(&output, &fake, "libc", "map");
	output.renderer->ops->layout(output.renderer,
				     &(struct vmt_layout_info){
					     .space = &(struct vmt_space_info){ .space = 1 },
					     .counts = &(struct vmt_counts){ .steps = 7 },
				     });
	assert_string_equal(
		output_text(&output),
		"   #  who     what                                                where\n"
		"   0  libc    malloc: large chunk (2 steps)                       7f1c2be4f000"
		"         to step 1\n"
		"              … 2 more like this\n"
		"   6  libc    map                                                 7f1c2be4f000 "
		"+8K\n"
		"7 steps, 0 checked against the kernel, 0 adjusted, 0 unexplained; 0 VMAs\n");
	output_close(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
