/* SPDX-License-Identifier: MIT */
/* test-render-stack: call stacks as text and JSON, what a step is for, and names that are hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fake-output.h"

#define CODE "/home/u/a.out"

static const struct vmt_mapping libc_code = {
	.start = 0x7f1c2bc88000,
	.end = 0x7f1c2bdde000,
	.perms = RX,
	.offset = 0x26000,
	.inode = 332835,
	.name = LIBC,
};
static const struct vmt_mapping own_code = {
	.start = 0x55d0c7a4f000,
	.end = 0x55d0c7a50000,
	.perms = RX,
	.offset = 0x1000,
	.inode = 24713,
	.name = CODE,
};
static const struct vmt_mapping anon_code = {
	.start = 0x7f1c2be44000,
	.end = 0x7f1c2be45000,
	.perms = RX,
	.name = "",
};

/* mmap <- load <- code without a file <- main */
static struct vmt_frame frames[4];

static int make_frames(void **state)
{
	(void)state;
	frames[3] = (struct vmt_frame){
		.ip = 0x55d0c7a4f149, .code = &own_code, .symbol = "main", .symbol_offset = 0x20
	};
	frames[2] = (struct vmt_frame){ .caller = &frames[3],
					.ip = 0x7f1c2be44010,
					.code = &anon_code };
	frames[1] = (struct vmt_frame){
		.caller = &frames[2], .ip = 0x55d0c7a4f249, .code = &own_code, .guessed = true
	};
	frames[0] = (struct vmt_frame){
		.caller = &frames[1],
		.ip = 0x7f1c2bc88037,
		.code = &libc_code,
		.stack = 1,
		.exact = true,
		.symbol = "mmap",
		.symbol_offset = 0x37,
	};
	return 0;
}

static void send_stack(struct output *output, uint32_t number, struct vmt_frame *stack,
		       const struct vmt_frame *caller)
{
	struct fake fake;

	make_anon(&fake, number);
	fake.event.stack = stack;
	fake.step.caller = caller;
	fake.step.caller_actor = "program";
	send(output, &fake, "libc", "map anon (rw)");
}

static void test_text(void **state)
{
	struct output output;

	(void)state;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS });
	send_space(&output, 1, "exec", 0);
	send_stack(&output, 12, frames, &frames[1]);
	assert_non_null(strstr(output_text(&output), " program: +0x1249\n"));
	assert_non_null(strstr(output.text,
			       "\n              #0  7f1c2bc88037 libc.so.6(mmap+0x37)"
			       "\n              #1  55d0c7a4f249 a.out+0x1249 (guessed)"
			       "\n              #2  7f1c2be44010 [anon]+0x10"
			       "\n              #3  55d0c7a4f149 a.out(main+0x20)\n"));
	output_close(&output);
}

static void test_text_again(void **state)
{
	struct output output;
	const char *again;

	(void)state;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS });
	send_space(&output, 1, "exec", 0);
	send_stack(&output, 12, frames, &frames[3]);
	send_stack(&output, 13, frames, &frames[3]);
	assert_non_null(strstr(output_text(&output), " program: main\n"));
	again = strstr(output.text, "\n              stack as in step 12\n");
	assert_non_null(again);
	assert_null(strstr(again, "#0"));
	output_close(&output);

	output_open_text(&output,
			 (struct vmt_text_options){ .views = VMT_LOG_STEPS, .verbose = true });
	send_space(&output, 1, "exec", 0);
	send_stack(&output, 12, frames, NULL);
	send_stack(&output, 13, frames, NULL);
	assert_null(strstr(output_text(&output), "stack as in"));
	again = strstr(output.text, "#3");
	assert_non_null(again);
	assert_non_null(strstr(again + 1, "#3"));
	output_close(&output);
}

static void test_text_ends(void **state)
{
	struct output output;

	(void)state;
	frames[3].end = VMT_STACK_DEPTH;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_CALLS });
	send_space(&output, 1, "exec", 0);
	send_stack(&output, 12, frames, NULL);
	assert_non_null(strstr(output_text(&output), "\n    #0  7f1c2bc88037 libc"));
	assert_non_null(strstr(output.text, "\n    ... and more callers\n"));
	frames[3].end = VMT_STACK_LOST;
	frames[0].stack = 2;
	send_stack(&output, 13, frames, NULL);
	assert_non_null(strstr(output_text(&output), "\n    ... the caller is not known\n"));
	output_close(&output);
}

/* Names stand in files of the target's. */
static void test_text_hostile(void **state)
{
	struct output output;

	(void)state;
	frames[1].symbol = EVIL;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS });
	send_space(&output, 1, "exec", 0);
	send_stack(&output, 12, frames, &frames[1]);
	output_is_harmless(&output);
}

static void test_text_long(void **state)
{
	char name[5000];
	struct output output;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	frames[0].symbol = name;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS });
	send_space(&output, 1, "exec", 0);
	send_stack(&output, 12, frames, NULL);
	assert_non_null(strstr(output_text(&output), "xxx...+0x37)\n"));
	assert_true(output.length < 1500);
	output_close(&output);
}

static void test_json(void **state)
{
	struct output output;
	const char *step;

	(void)state;
	output_open_json(&output);
	send_stack(&output, 12, frames, &frames[3]);
	send_stack(&output, 13, frames, NULL);
	step = strchr(output_text(&output), '\n');
	assert_non_null(step);
	assert_int_equal(
		strncmp(output.text,
			"{\"type\":\"stack\",\"stack\":1,\"frames\":["
			"{\"ip\":\"0x7f1c2bc88037\",\"object\":\"" LIBC "\",\"offset\":\"0x26037\","
			"\"symbol\":\"mmap\",\"symbol_offset\":\"0x37\"},"
			"{\"ip\":\"0x55d0c7a4f249\",\"object\":\"" CODE "\",\"offset\":\"0x1249\","
			"\"symbol\":null,\"symbol_offset\":null,\"guessed\":true},"
			"{\"ip\":\"0x7f1c2be44010\",\"object\":\"\",\"offset\":\"0x10\","
			"\"symbol\":null,\"symbol_offset\":null},"
			"{\"ip\":\"0x55d0c7a4f149\",\"object\":\"" CODE "\",\"offset\":\"0x1149\","
			"\"symbol\":\"main\",\"symbol_offset\":\"0x20\"}],\"end\":\"whole\"}\n",
			(size_t)(step - output.text) + 1),
		0);
	assert_non_null(
		strstr(step, ",\"stack\":1,\"caller\":\"main\",\"caller_actor\":\"program\"}\n"));
	/* The second step has the number only. */
	assert_null(strstr(step, "\"type\":\"stack\""));
	assert_non_null(strstr(step, ",\"stack\":1,\"caller\":null,\"caller_actor\":null}\n"));
	output_close(&output);
}

static void test_json_without(void **state)
{
	struct output output;

	(void)state;
	output_open_json(&output);
	send_stack(&output, 12, NULL, NULL);
	assert_null(strstr(output_text(&output), "\"stack\""));
	assert_null(strstr(output.text, "\"caller"));
	output_close(&output);
}

/* A line of folded stacks has the functions from the outermost on, and what ends the format is gone. */
static void test_folded(void **state)
{
	struct output output;

	(void)state;
	frames[3].symbol = "ma;in\n";
	output_open(&output);
	output.renderer = vmt_render_folded_new(output.file);
	send_space(&output, 1, "exec", 0);
	send_stack(&output, 12, frames, NULL);
	send_stack(&output, 13, frames, NULL);
	frames[0].stack = 2;
	frames[3].end = VMT_STACK_LOST;
	send_stack(&output, 14, frames, NULL);
	send_stack(&output, 15, NULL, NULL);
	vmt_renderer_free(output.renderer);
	output.renderer = NULL;
	assert_string_equal(
		output_text(&output),
		"a.out (1);[unknown];ma:in\\012;[anon]+0x10;a.out+0x1249;mmap;mmap 8192\n"
		"a.out (1);libc;mmap 8192\n"
		"a.out (1);ma:in\\012;[anon]+0x10;a.out+0x1249;mmap;mmap 16384\n");
	output_close(&output);
}

/* A frame where nothing is mapped is the innermost one of a stack that was lost. */
static void test_nowhere(void **state)
{
	struct vmt_str text = { 0 };

	(void)state;
	vmt_frame_text(&(struct vmt_frame){ .ip = 0x41414141 }, &text);
	assert_string_equal(vmt_str_text(&text), "nothing is mapped there");
	assert_int_equal(vmt_frame_offset(&(struct vmt_frame){ .ip = 0x41414141 }), 0);
	vmt_str_deinit(&text);
}

static void test_caller(void **state)
{
	struct vmt_names *names = vmt_names_new();
	struct vmt_actor actor = { .name = "untouched" };

	(void)state;
	assert_ptr_equal(vmt_caller_of(frames, CODE, "", names, &actor), &frames[1]);
	assert_string_equal(actor.name, "program");
	frames[1].code = &libc_code;
	assert_ptr_equal(vmt_caller_of(frames, CODE, "", names, &actor), &frames[2]);
	assert_string_equal(actor.name, "anon");
	frames[1].caller = NULL;
	actor.name = "untouched";
	assert_null(vmt_caller_of(frames, CODE, "", names, &actor));
	assert_string_equal(actor.name, "untouched");
	vmt_names_free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_text, make_frames),
		cmocka_unit_test_setup(test_text_again, make_frames),
		cmocka_unit_test_setup(test_text_ends, make_frames),
		cmocka_unit_test_setup(test_text_hostile, make_frames),
		cmocka_unit_test_setup(test_text_long, make_frames),
		cmocka_unit_test_setup(test_json, make_frames),
		cmocka_unit_test_setup(test_json_without, make_frames),
		cmocka_unit_test_setup(test_folded, make_frames),
		cmocka_unit_test_setup(test_nowhere, make_frames),
		cmocka_unit_test_setup(test_caller, make_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
