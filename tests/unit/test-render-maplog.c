/* SPDX-License-Identifier: MIT */
/* test-render-maplog: the numbered map log, what has gone, and the lines that sum up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake-output.h"

static void add_row(struct vmt_view_list *list, struct vmt_vma_view view, const uint32_t *steps,
		    size_t count)
{
	view.first_step = list->step_numbers.count;
	view.step_count = count;
	for (size_t i = 0; i < count; i++)
		vmt_array_push(&list->step_numbers, steps[i]);
	vmt_array_push(&list->rows, view);
}

static void send_layout(struct output *output, uint32_t space, const struct vmt_view_list *list,
			const struct vmt_counts *counts)
{
	struct vmt_space_info info = space_info(space, "exec", 0);
	const struct vmt_layout_info layout = {
		.space = &info,
		.step = 28,
		.list = list,
		.counts = counts,
		.page_table_kib = 52,
		.has_page_table = true,
		.map_count = 24,
		.map_count_limit = 65530,
	};

	output->renderer->ops->layout(output->renderer, &layout);
}

/* ---- The map log ---------------------------------------------------------------------------- */

static void make_libc_list(struct vmt_view_list *list)
{
	const uint32_t relro[] = { 16, 22 };
	const uint32_t data[] = { 16 };
	const uint32_t stack[] = { 1 };
	struct vmt_vma_view view;

	view = fake_view(LIBC_AT, LIBC_AT + 0x4000, VMT_PERM_READ, LIBC);
	view.map.offset = 0x1cf000;
	view.map.dev_major = 0xfe;
	view.map.inode = 33283;
	add_row(list, view, relro, 2);
	view = fake_view(LIBC_AT + 0x4000, LIBC_AT + 0x6000, RW, LIBC);
	view.map.offset = 0x1d3000;
	view.map.dev_major = 0xfe;
	view.map.inode = 33283;
	add_row(list, view, data, 1);
	add_row(list, fake_view(0x7ffd5e3c2000, 0x7ffd5e3e3000, RW, "[stack]"), stack, 1);
}

static void send_libc_steps(struct output *output)
{
	struct fake fake;

	send_space(output, 1, "exec", 0);
	fake_cause(&fake, 1, VMT_CAUSE_EXEC_STACK);
	send(output, &fake, "kernel", "prepare stack");
	fake_cause(&fake, 16, VMT_CAUSE_CALL);
	send(output, &fake, "linker", "map file (libc.so.6, rw)");
	fake_cause(&fake, 22, VMT_CAUSE_CALL);
	send(output, &fake, "linker", "mprotect 'r' (RELRO)");
}

#define SUMMARY \
	"28 steps, 27 checked against the kernel, 3 adjusted (anon_vma 2, loader 1), " \
	"0 unexplained; 24 VMAs (limit 65530); page tables 52 KiB\n"

static struct vmt_counts make_counts(void)
{
	struct vmt_counts counts = { .steps = 28, .checked = 27, .adjusted = 3 };

	counts.reasons[VMT_REASON_ANON_VMA] = 2;
	counts.reasons[VMT_REASON_LOADER] = 1;
	return counts;
}

static void test_map_log(void **state)
{
	struct vmt_counts counts = make_counts();
	struct vmt_view_list list = { 0 };
	struct output output;

	(void)state;
	make_libc_list(&list);
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_MAP });
	send_libc_steps(&output);
	send_layout(&output, 1, &list, &counts);
	assert_string_equal(
		output_text(&output),
		"7f1c2bc62000-7f1c2bc66000 r--p 001cf000 fe:00 33283  "
		"/usr/lib/x86_64-linux-gnu/libc.so.6"
		"  | 16. [linker] map file (libc.so.6, rw) | 22. [linker] mprotect 'r' (RELRO)\n"
		"7f1c2bc66000-7f1c2bc68000 rw-p 001d3000 fe:00 33283  "
		"/usr/lib/x86_64-linux-gnu/libc.so.6"
		"  | 16. [linker] map file (libc.so.6, rw)\n"
		"\n"
		"7ffd5e3c2000-7ffd5e3e3000 rw-p 00000000 00:00 0      [stack]                      "
		"      "
		"  | 1. [kernel] prepare stack\n"
		"\n" SUMMARY);
	output_close(&output);

	/* narrow: short names, histories below their lines */
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_MAP, .width = 90 });
	send_libc_steps(&output);
	send_layout(&output, 1, &list, &counts);
	assert_string_equal(
		output_text(&output),
		"7f1c2bc62000-7f1c2bc66000 r--p 001cf000 fe:00 33283  …/libc.so.6\n"
		"    | 16. [linker] map file (libc.so.6, rw) | 22. [linker] mprotect 'r' (RELRO)\n"
		"7f1c2bc66000-7f1c2bc68000 rw-p 001d3000 fe:00 33283  …/libc.so.6\n"
		"    | 16. [linker] map file (libc.so.6, rw)\n"
		"\n"
		"7ffd5e3c2000-7ffd5e3e3000 rw-p 00000000 00:00 0      [stack]\n"
		"    | 1. [kernel] prepare stack\n"
		"\n" SUMMARY);
	output_close(&output);
	vmt_view_list_deinit(&list);
}

static void test_long_history(void **state)
{
	struct vmt_counts counts = { .steps = 100 };
	struct vmt_view_list list = { 0 };
	uint32_t steps[100];
	struct output output;

	(void)state;
	for (uint32_t i = 0; i < vmt_countof(steps); i++)
		steps[i] = i;
	add_row(&list, fake_view(0x1000, 0x2000, RW, ""), steps, vmt_countof(steps));
	list.rows.data[0].steps_left_out = 1000;
	for (int verbose = 0; verbose < 2; verbose++) {
		output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_MAP,
								     .verbose = verbose });
		send_space(&output, 1, "exec", 0);
		send_layout(&output, 1, &list, &counts);
		output_text(&output);
		assert_non_null(strstr(output.text, "| 2. "));
		assert_non_null(strstr(output.text, "| 99."));
		assert_int_equal(!!strstr(output.text, "| 50. "), verbose);
		assert_int_equal(!!strstr(output.text, "| … 1,094 more … |"), !verbose);
		assert_int_equal(!!strstr(output.text, "| … 1,000 more\n"), verbose);
		output_close(&output);
	}
	vmt_view_list_deinit(&list);
}

static void test_gone(void **state)
{
	struct vmt_counts counts = { 0 };
	struct vmt_view_list list = { 0 };
	struct output output;
	struct fake fake;
	const char *map = "map anon (rw)";
	const char *unmap = "unmap";

	(void)state;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_MAP });
	send_space(&output, 1, "exec", 0);
	for (uint32_t number = 0; number < 2400; number += 2) {
		make_anon(&fake, number);
		send(&output, &fake, "libc", map);
		make_unmap(&fake, number + 1, number);
		send(&output, &fake, "libc", unmap);
	}
	/* a part of it goes, another part lives on */
	make_anon(&fake, 3000);
	send(&output, &fake, "libc", map);
	make_unmap(&fake, 3001, 3000);
	fake_added(&fake, 0x7f1c2be50000, 0x7f1c2be51000, RW, "", 3000);
	send(&output, &fake, "libc", unmap);
	/* what changes its rights has not gone */
	make_unmap(&fake, 3002, 3000);
	fake_added(&fake, 0x7f1c2be4f000, 0x7f1c2be50000, RW, "", 3000);
	fake_added(&fake, 0x7f1c2be50000, 0x7f1c2be51000, RX, "", 3000);
	send(&output, &fake, "libc", "mprotect 'rx'");
	/* nor has what moved */
	fake_call(&fake, 3003, VMT_CALL_MREMAP, 0x7f1c2be4f000, 8192, 16384, 1, 0, 0);
	fake_return(&fake, 0x7f1c20000000);
	fake_range(&fake, 0x7f1c20000000, 0x7f1c20004000);
	fake_removed(&fake, 0x7f1c2be4f000, 0x7f1c2be51000, RW, "", 3000);
	fake_added(&fake, 0x7f1c20000000, 0x7f1c20004000, RW, "", 3000);
	send(&output, &fake, "libc", "mremap: move and grow 8K -> 16K");
	send_layout(&output, 1, &list, &counts);
	assert_string_equal(output_text(&output),
			    "gone: 0. [libc] map anon (rw) -> 1. [libc] unmap (1,200 times)\n"
			    "gone: part of 3000. [libc] map anon (rw) -> 3001. [libc] unmap\n"
			    "0 steps, 0 checked against the kernel, 0 adjusted, 0 unexplained; "
			    "24 VMAs (limit 65530); page tables 52 KiB\n");
	output_close(&output);
}

/* Texts are told apart by address, so each of these is a row of its own. */
static void test_gone_is_bounded(void **state)
{
	static const char texts[5000][2];
	struct vmt_counts counts = { 0 };
	struct vmt_view_list list = { 0 };
	struct fake fake;

	(void)state;
	for (int verbose = 0; verbose < 2; verbose++) {
		struct output output;
		size_t lines = 0;

		output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_MAP,
								     .verbose = verbose });
		send_space(&output, 1, "exec", 0);
		make_anon(&fake, 0);
		send(&output, &fake, "libc", "map anon (rw)");
		for (uint32_t i = 0; i < vmt_countof(texts); i++) {
			make_unmap(&fake, i + 1, 0);
			send(&output, &fake, "libc", texts[i]);
		}
		send_layout(&output, 1, &list, &counts);
		for (const char *at = output_text(&output); (at = strstr(at, "gone: ")); at++)
			lines++;
		assert_int_equal(lines, verbose ? 4096 + 1 : 40 + 1);
		assert_non_null(strstr(output.text, verbose ? "gone: 904 more\n"
							    : "gone: 4,960 more; -v shows them\n"));
		output_close(&output);
	}
}

static void test_hostile_names(void **state)
{
	const uint32_t steps[] = { 1 };
	struct vmt_view_list list = { 0 };
	struct vmt_counts counts = { 0 };
	struct output output;
	struct fake fake;

	(void)state;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_MAP });
	send_space(&output, 1, "exec", 0);
	make_anon(&fake, 1);
	send(&output, &fake, EVIL, EVIL);
	make_unmap(&fake, 2, 1);
	send(&output, &fake, EVIL, EVIL);
	add_row(&list, fake_view(0x1000, 0x2000, 1, EVIL), steps, 1);
	send_layout(&output, 1, &list, &counts);
	output_is_harmless(&output);
	vmt_view_list_deinit(&list);
}

static void test_untouched_fork(void **state)
{
	struct vmt_counts counts = { .steps = 3 };
	struct vmt_view_list list = { 0 };
	struct output output;
	struct fake fake;

	(void)state;
	make_libc_list(&list);
	for (int changed = 0; changed < 2; changed++) {
		output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_MAP });
		send_space(&output, 1, "exec", 0);
		send_space(&output, 2, "fork", 1);
		fake_cause(&fake, 0, VMT_CAUSE_FORK);
		fake.step.space = 2;
		send(&output, &fake, "kernel", "inherited from the parent");
		if (changed) {
			make_anon(&fake, 1);
			fake.step.space = 2;
			send(&output, &fake, "libc", "map anon (rw)");
		}
		send_layout(&output, 2, &list, &counts);
		output_text(&output);
		assert_int_equal(!!strstr(output.text, "as inherited from space 1"), !changed);
		assert_int_equal(!!strstr(output.text, "libc.so.6"), changed);
		assert_non_null(strstr(output.text, "[2] 3 steps, "));
		output_close(&output);
	}
	vmt_view_list_deinit(&list);
}

/* ---- The end -------------------------------------------------------------------------------- */

static void test_quiet(void **state)
{
	struct vmt_counts counts = make_counts();
	struct vmt_summary_info summary = { .spaces = 1, .counts = counts, .exit_known = true };
	struct vmt_view_list list = { 0 };
	struct output output;

	(void)state;
	make_libc_list(&list);
	output_open_text(&output, (struct vmt_text_options){ .views = 7, .quiet = true });
	send_libc_steps(&output);
	output.renderer->ops->note(output.renderer, "a note");
	send_layout(&output, 1, &list, &counts);
	output.renderer->ops->summary(output.renderer, &summary);
	assert_string_equal(output_text(&output), SUMMARY);
	output_close(&output);
	vmt_view_list_deinit(&list);
}

static void test_summary(void **state)
{
	struct vmt_summary_info summary = { .spaces = 2, .counts = { .steps = 1, .checked = 1 } };
	struct output output;

	(void)state;
	summary.counts.unexplained = 1234567;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS });
	output.renderer->ops->summary(output.renderer, &summary);
	assert_string_equal(output_text(&output),
			    "2 spaces: 1 step, 1 checked against the kernel, 0 adjusted, "
			    "1,234,567 unexplained\n");
	output_close(&output);

	/* a space whose layout could not be read any more */
	summary.spaces = 1;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS });
	output.renderer->ops->summary(output.renderer, &summary);
	assert_non_null(strstr(output_text(&output), "1 space: 1 step, "));
	output_close(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_log),       cmocka_unit_test(test_long_history),
		cmocka_unit_test(test_gone),          cmocka_unit_test(test_gone_is_bounded),
		cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_untouched_fork),
		cmocka_unit_test(test_quiet),         cmocka_unit_test(test_summary),
	};

	return cmocka_run_group_tests_name("render-maplog", tests, NULL, NULL);
}
