/* SPDX-License-Identifier: MIT */
/*
 * test-render-json: the promise to scripts. Each line is compared to the letter where it fits, and
 * read back with a JSON parser where names are hostile.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "fake-output.h"

#define LINKER "/lib64/ld-linux-x86-64.so.2"

/* Closes the output after comparing it, which is one line without its newline, with @expected. */
static void output_is(struct output *output, const char *expected)
{
	assert_int_equal(fflush(output->file), 0);
	assert_true(output->length > 0);
	assert_int_equal(output->text[output->length - 1], '\n');
	output->text[output->length - 1] = '\0';
	assert_string_equal(output->text, expected);
	output_close(output);
}

/* Closes the output and returns what a parser makes of its one line. */
static json_t *output_parsed(struct output *output)
{
	json_error_t error;
	json_t *line;

	assert_int_equal(fflush(output->file), 0);
	assert_ptr_equal(strchr(output->text, '\n'), output->text + output->length - 1);
	for (size_t i = 0; i < output->length - 1; i++)
		assert_true(output->text[i] >= ' ');
	line = json_loadb(output->text, output->length, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(line);
	output_close(output);
	return line;
}

static json_t *step_parsed(struct fake *fake)
{
	struct output output;

	output_open_json(&output);
	output.renderer->ops->step(output.renderer, &fake->step);
	fake_deinit(fake);
	return output_parsed(&output);
}

static const char *string_at(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void test_trace(void **state)
{
	char program[] = "./a.out";
	char *const argv[] = { program, NULL };
	const struct vmt_run_info info = {
		.version = "0.1.0",
		.arch = "x86_64",
		.kernel = "6.18.44",
		.page_size_bytes = 4096,
		.argv = argv,
	};
	struct output output;

	(void)state;
	output_open_json(&output);
	output.renderer->ops->run(output.renderer, &info);
	output_is(&output,
		  "{\"type\":\"trace\",\"format\":1,\"version\":\"0.1.0\",\"arch\":\"x86_64\","
		  "\"kernel\":\"6.18.44\",\"page_size\":4096,\"argv\":[\"./a.out\"]}");
}

static void test_space(void **state)
{
	struct vmt_space_info info = {
		.space = 1,
		.pid = 4211,
		.made_by = "exec",
		.exe = "/home/u/a.out",
		.arch = "x86_64",
	};
	struct output output;

	(void)state;
	output_open_json(&output);
	output.renderer->ops->space(output.renderer, &info);
	output_is(&output, "{\"type\":\"space\",\"space\":1,\"pid\":4211,\"made_by\":\"exec\","
			   "\"parent\":null,\"exe\":\"/home/u/a.out\",\"arch\":\"x86_64\"}");
	info.parent = 7;
	output_open_json(&output);
	output.renderer->ops->space(output.renderer, &info);
	assert_non_null(strstr((fflush(output.file), output.text), "\"parent\":7,"));
	output_close(&output);
}

static void make_mmap(struct fake *fake)
{
	fake_call(fake, 15, VMT_CALL_MMAP, 0x7f1c2bc88000, 1400832, 5, 0x812, 3, 0x26000);
	fake_file(fake, LIBC);
	fake_return(fake, 0x7f1c2bc88000);
	fake->step.time_ns = 812345;
	fake->step.actor = "linker";
	fake->step.object = LINKER;
	fake->step.what = "map file (libc.so.6, rx)";
	fake_removed(fake, 0x7f1c2bc62000, 0x7f1c2be44000, 1, LIBC, 14);
	fake_added(fake, 0x7f1c2bc88000, 0x7f1c2bdde000, 5, LIBC, 15);
	fake->step.added.data[0].map.offset = 0x26000;
	fake->step.added.data[0].map.dev_major = 0xfe;
	fake->step.added.data[0].map.inode = 332835;
	fake->step.predicted = true;
	fake->step.expected = 0x7f1c2bc88000;
	fake->step.purpose = "LOAD 2 of libc.so.6 (text)";
	fake->step.pattern = VMT_PATTERN_LIBRARY;
	fake->step.group = 7;
}

static void test_step(void **state)
{
	struct output output;
	struct fake fake;

	(void)state;
	make_mmap(&fake);
	output_open_json(&output);
	output.renderer->ops->step(output.renderer, &fake.step);
	fake_deinit(&fake);
	output_is(&output,
		  "{\"type\":\"step\",\"space\":1,\"step\":15,\"pid\":4211,\"tid\":4211,"
		  "\"time_ns\":812345,\"actor\":\"linker\",\"object\":\"" LINKER "\","
		  "\"call\":\"mmap\",\"args\":{\"addr\":\"0x7f1c2bc88000\",\"length\":1400832,"
		  "\"prot\":\"r-x\",\"flags\":[\"MAP_PRIVATE\",\"MAP_FIXED\",\"MAP_DENYWRITE\"],"
		  "\"fd\":3,\"offset\":\"0x26000\"},\"result\":\"0x7f1c2bc88000\",\"errno\":null,"
		  "\"what\":\"map file (libc.so.6, rx)\",\"why\":[],\"removed\":["
		  "{\"start\":\"0x7f1c2bc62000\",\"end\":\"0x7f1c2be44000\",\"perms\":\"r--p\","
		  "\"offset\":\"0x0\",\"dev\":\"00:00\",\"inode\":0,\"name\":\"" LIBC "\","
		  "\"steps\":[14]}],\"added\":["
		  "{\"start\":\"0x7f1c2bc88000\",\"end\":\"0x7f1c2bdde000\",\"perms\":\"r-xp\","
		  "\"offset\":\"0x26000\",\"dev\":\"fe:00\",\"inode\":332835,\"name\":\"" LIBC "\","
		  "\"steps\":[15]}],\"check\":\"match\",\"cause\":\"call\","
		  "\"expected\":\"0x7f1c2bc88000\",\"file\":\"" LIBC "\","
		  "\"purpose\":\"LOAD 2 of libc.so.6 (text)\",\"pattern\":\"library\","
		  "\"group\":7}");
}

static void test_step_without_call(void **state)
{
	static const char *const keys[] = { "call", "args",    "result",  "errno", "expected",
					    "file", "purpose", "pattern", "group" };
	struct fake fake;
	json_t *line;

	(void)state;
	fake_cause(&fake, 1, VMT_CAUSE_EXEC_STACK);
	fake.step.check = VMT_CHECK_ADJUSTED;
	fake.step.reason = VMT_REASON_LOADER;
	line = step_parsed(&fake);
	for (size_t i = 0; i < vmt_countof(keys); i++)
		assert_true(json_is_null(json_object_get(line, keys[i])));
	assert_string_equal(string_at(line, "cause"), "exec-stack");
	assert_string_equal(string_at(line, "check"), "adjusted");
	assert_string_equal(string_at(line, "reason"), vmt_reason_name(VMT_REASON_LOADER));
	json_decref(line);

	fake_cause(&fake, 1, VMT_CAUSE_FOUND);
	fake.step.check = VMT_CHECK_UNCHECKED;
	line = step_parsed(&fake);
	assert_string_equal(string_at(line, "check"), "unchecked");
	assert_null(json_object_get(line, "reason"));
	json_decref(line);
}

static void test_failed_call(void **state)
{
	struct fake fake;
	json_t *line, *args;

	(void)state;
	fake_call(&fake, 9, VMT_CALL_MMAP, 0, UINT64_MAX, 0, 0x400000022, UINT64_MAX, 0);
	fake_return(&fake, -ENOMEM);
	fake.step.predicted = true;
	fake.step.expected = -ENOMEM;
	line = step_parsed(&fake);
	assert_true(json_is_null(json_object_get(line, "result")));
	assert_string_equal(string_at(line, "errno"), "ENOMEM");
	assert_string_equal(string_at(line, "expected"), "ENOMEM");
	args = json_object_get(line, "args");
	assert_string_equal(string_at(args, "addr"), "0x0");
	assert_true(json_is_number(json_object_get(args, "length")));
	assert_true(json_number_value(json_object_get(args, "length")) > 1.8e19);
	assert_int_equal(json_integer_value(json_object_get(args, "fd")), -1);
	assert_int_equal(json_array_size(json_object_get(args, "flags")), 3);
	assert_string_equal(json_string_value(json_array_get(json_object_get(args, "flags"), 2)),
			    "0x400000000");
	json_decref(line);
}

static void test_other_results(void **state)
{
	struct fake fake;
	json_t *line, *args;

	(void)state;
	fake_call(&fake, 1, VMT_CALL_MUNMAP, 0x1000, 4096, 0, 0, 0, 0);
	line = step_parsed(&fake);
	assert_string_equal(string_at(line, "result"), "0x0");
	json_decref(line);

	fake_call(&fake, 1, VMT_CALL_MUNMAP, 0x1000, 4096, 0, 0, 0, 0);
	fake.event.kind = VMT_EVENT_CALL_LOST;
	line = step_parsed(&fake);
	assert_true(json_is_null(json_object_get(line, "result")));
	assert_true(json_is_null(json_object_get(line, "errno")));
	json_decref(line);

	fake_call(&fake, 1, VMT_CALL_MMAP2, 0, 4096, 1, 2, 3, 0x158);
	fake.event.arch = &vmt_arch_i386;
	fake_return(&fake, 0xf7d00000);
	line = step_parsed(&fake);
	assert_string_equal(string_at(line, "result"), "0xf7d00000");
	json_decref(line);

	/* flags that are none, advice that is one of many, an argument that is not looked at */
	fake_call(&fake, 1, VMT_CALL_MREMAP, 0x1000, 4096, 8192, 0, 0xdead, 0);
	line = step_parsed(&fake);
	args = json_object_get(line, "args");
	assert_int_equal(json_array_size(json_object_get(args, "flags")), 0);
	assert_true(json_is_array(json_object_get(args, "flags")));
	assert_null(json_object_get(args, "new_addr"));
	json_decref(line);
	fake_call(&fake, 1, VMT_CALL_MADVISE, 0x1000, 4096, 4, 0, 0, 0);
	line = step_parsed(&fake);
	assert_string_equal(string_at(json_object_get(line, "args"), "advice"), "MADV_DONTNEED");
	json_decref(line);
}

static void test_why(void **state)
{
	struct fake fake;
	json_t *line, *why;

	(void)state;
	make_mmap(&fake);
	vmt_step_why(&fake.step, (struct vmt_why){ .id = VMT_WHY_FIXED_OVER });
	line = step_parsed(&fake);
	why = json_array_get(json_object_get(line, "why"), 0);
	assert_string_equal(string_at(why, "id"), "fixed-over");
	assert_true(strlen(string_at(why, "text")) > 0);
	json_decref(line);
}

static void test_hostile_names(void **state)
{
	static const struct {
		const char *name;
		const char *read;
	} rows[] = {
		{ "/tmp/new\nline \"x\" \\ \033[31m", "/tmp/new\nline \"x\" \\ \033[31m" },
		{ "/tmp/\xc3\xa4\xe2\x82\xac", "/tmp/\xc3\xa4\xe2\x82\xac" },
		{ "/tmp/\xff\xc3", "/tmp/\\377\\303" },
		{ "/tmp/\xed\xa0\x80", "/tmp/\\355\\240\\200" },
		{ "/tmp/\xc2\x9b", "/tmp/\xc2\x9b" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(rows); i++) {
		struct fake fake;
		json_t *line;

		fake_cause(&fake, 1, VMT_CAUSE_FOUND);
		fake_added(&fake, 0x1000, 0x2000, 1, rows[i].name, 1);
		fake.step.object = fake.step.what = rows[i].name;
		line = step_parsed(&fake);
		assert_string_equal(string_at(line, "object"), rows[i].read);
		assert_string_equal(string_at(line, "what"), rows[i].read);
		assert_string_equal(
			string_at(json_array_get(json_object_get(line, "added"), 0), "name"),
			rows[i].read);
		json_decref(line);
	}
}

static void test_layout(void **state)
{
	const struct vmt_space_info space = { .space = 3 };
	struct vmt_view_list list = { 0 };
	struct vmt_vma_view view = fake_view(0x1000, 0x2000, 3, "[heap]");
	struct vmt_vma_view gate =
		fake_view(0xffffffffff600000, 0xffffffffff601000, 4, "[vsyscall]");
	const struct vmt_row_pages pages[] = { { 7, 1, 2 }, { 0 } };
	struct vmt_layout_info info = { .space = &space, .step = 28, .list = &list };
	struct output output;
	json_t *line, *vma;

	(void)state;
	view.step_count = 2;
	view.steps_left_out = 5;
	view.vm_flags = VMT_VM_READ | VMT_VM_WRITE;
	gate.map.gate = true;
	vmt_array_push(&list.rows, view);
	vmt_array_push(&list.rows, gate);
	vmt_array_push(&list.step_numbers, 3);
	vmt_array_push(&list.step_numbers, 4);
	output_open_json(&output);
	output.renderer->ops->layout(output.renderer, &info);
	line = output_parsed(&output);
	assert_string_equal(string_at(line, "type"), "layout");
	assert_int_equal(json_integer_value(json_object_get(line, "space")), 3);
	assert_int_equal(json_integer_value(json_object_get(line, "step")), 28);
	vma = json_array_get(json_object_get(line, "vmas"), 0);
	assert_int_equal(json_array_size(json_object_get(vma, "steps")), 2);
	assert_int_equal(json_integer_value(json_object_get(vma, "steps_left_out")), 5);
	assert_non_null(strstr(string_at(vma, "vmflags"), "rd wr"));
	assert_null(json_object_get(vma, "resident_pages"));
	json_decref(line);

	info.pages = pages;
	output_open_json(&output);
	output.renderer->ops->layout(output.renderer, &info);
	line = output_parsed(&output);
	vma = json_array_get(json_object_get(line, "vmas"), 0);
	assert_int_equal(json_integer_value(json_object_get(vma, "resident_pages")), 7);
	assert_int_equal(json_integer_value(json_object_get(vma, "swapped_pages")), 1);
	assert_int_equal(json_integer_value(json_object_get(vma, "tables")), 2);
	vma = json_array_get(json_object_get(line, "vmas"), 1);
	assert_null(json_object_get(vma, "resident_pages"));
	json_decref(line);
	vmt_view_list_deinit(&list);
}

static void check_exit(struct vmt_summary_info info, const char *expected)
{
	struct output output;

	output_open_json(&output);
	output.renderer->ops->summary(output.renderer, &info);
	assert_int_equal(fflush(output.file), 0);
	assert_non_null(strstr(output.text, expected));
	output_close(&output);
}

static void test_summary(void **state)
{
	struct vmt_summary_info info = {
		.spaces = 1,
		.counts = { .steps = 28, .checked = 28 },
		.exit_known = true,
	};
	struct output output;

	(void)state;
	output_open_json(&output);
	output.renderer->ops->summary(output.renderer, &info);
	output_is(&output,
		  "{\"type\":\"summary\",\"spaces\":1,\"steps\":28,\"checked\":28,"
		  "\"adjusted\":0,\"unexplained\":0,\"exit\":{\"code\":0,\"signal\":null}}");
	info.exit_code = 3;
	check_exit(info, "\"exit\":{\"code\":3,\"signal\":null}");
	info.exit_signal = SIGSEGV;
	check_exit(info, "\"exit\":{\"code\":null,\"signal\":\"SIGSEGV\"}");
	info.exit_signal = SIGRTMIN + 2;
	check_exit(info, "\"exit\":{\"code\":null,\"signal\":\"SIGRTMIN+2\"}");
	info.exit_known = false;
	check_exit(info, "\"exit\":{\"code\":null,\"signal\":null}");
}

static void test_note(void **state)
{
	struct output output;

	(void)state;
	output_open_json(&output);
	output.renderer->ops->note(output.renderer, "space 2: \"gone\"");
	output_is(&output, "{\"type\":\"note\",\"text\":\"space 2: \\\"gone\\\"\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trace),       cmocka_unit_test(test_space),
		cmocka_unit_test(test_step),        cmocka_unit_test(test_step_without_call),
		cmocka_unit_test(test_failed_call), cmocka_unit_test(test_other_results),
		cmocka_unit_test(test_why),         cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_layout),      cmocka_unit_test(test_summary),
		cmocka_unit_test(test_note),
	};

	return cmocka_run_group_tests_name("render-json", tests, NULL, NULL);
}
