/* SPDX-License-Identifier: MIT */
/*
 * test-render-elf: what both formats say of ELF files, of warnings, and of steps that a filter hides;
 * names in all of them may be hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake-output.h"

static struct vmt_section sections[] = {
	{ ".text", 0x1000, 0x800, true },
	{ ".data", 0x2000, 0x100, true },
	{ ".bss", 0x2100, 0x100, false },
};

static struct vmt_elf_facts library(void)
{
	struct vmt_elf_facts facts = {
		.elf = {
			.word_bits = 64,
			.machine = 62,
			.dynamic_base = true,
			.segment_count = 2,
			.segments = {
				{ 0x1000, 0x800, 0x800, 0x1000, 0x1000, RX },
				{ 0x2000, 0x200, 0x100, 0x2000, 0x1000, RW },
			},
		},
		.soname = "libsmall.so.1",
		.build_id = { 0x01, 0xfe },
		.build_id_bytes = 2,
		.dynamic = true,
		.bind_now = true,
	};

	facts.sections.data = sections;
	facts.sections.count = vmt_countof(sections);
	return facts;
}

static void send_layout(struct output *output, const struct vmt_elf_facts *facts)
{
	const struct vmt_part parts[] = {
		{ facts, 1, 1, false, false, 0x1000, 0x2000 },
		{ facts, 2, 2, true, false, 0x2000, 0x3000 },
	};
	struct vmt_vma_view views[] = {
		fake_view(0x7f0000001000, 0x7f0000002000, RX, "/lib/libsmall.so.1"),
		fake_view(0x7f0000002000, 0x7f0000003000, RW, "/lib/libsmall.so.1"),
	};
	uint32_t steps[] = { 3 };
	struct vmt_view_list list = { .rows = { views, 2, 2 }, .step_numbers = { steps, 1, 1 } };
	struct vmt_counts counts = { .steps = 4 };
	struct vmt_space_info info = space_info(1, "exec", 0);
	const struct vmt_layout_info layout = {
		.space = &info, .step = 3, .list = &list, .parts = parts, .counts = &counts
	};

	views[0].step_count = views[1].step_count = 1;
	output->renderer->ops->layout(output->renderer, &layout);
}

/* The map log for a terminal of so many columns, 0: no terminal. */
static void check_map(unsigned width, const char *expected)
{
	struct vmt_elf_facts facts = library();
	struct output output;
	struct fake fake;

	output_open_text(&output,
			 (struct vmt_text_options){ .views = VMT_LOG_MAP, .width = width });
	send_space(&output, 1, "exec", 0);
	fake_cause(&fake, 3, VMT_CAUSE_CALL);
	send(&output, &fake, "linker", "map file");
	send_layout(&output, &facts);
	*strstr(output_text(&output), "4 steps") = '\0';
	assert_string_equal(output.text, expected);
	output_close(&output);
}

#define HEAD1 "7f0000001000-7f0000002000 r-xp 00000000 00:00 0  /lib/libsmall.so.1"
#define HEAD2 "7f0000002000-7f0000003000 rw-p 00000000 00:00 0  /lib/libsmall.so.1"

static void test_map_log(void **state)
{
	(void)state;
	check_map(0, HEAD1 "  LOAD 1 of 2: .text              | 3. [linker] map file\n" HEAD2
			   "  LOAD 2 of 2, RELRO: .data .bss  | 3. [linker] map file\n\n");
	/* room for histories only */
	check_map(100, HEAD1 "  | 3. [linker] map file\n    LOAD 1 of 2: .text\n" HEAD2
			     "  | 3. [linker] map file\n    LOAD 2 of 2, RELRO: .data .bss\n\n");
	/* not even for them: they go below, parts have their place if there is room */
	check_map(90, HEAD1 "  LOAD 1 of 2: .text\n    | 3. [linker] map file\n" HEAD2
			    "\n    | 3. [linker] map file\n    LOAD 2 of 2, RELRO: .data .bss\n\n");
}

static void test_object_line(void **state)
{
	struct vmt_elf_facts facts = library();
	const struct vmt_object_info info = {
		.name = "/lib/libsmall.so.1", .dev_major = 0xfe, .inode = 77, .facts = &facts
	};
	struct output output;

	(void)state;
	output_open_json(&output);
	vmt_renderer_object(output.renderer, &info);
	assert_string_equal(
		output_text(&output),
		"{\"type\":\"object\",\"name\":\"/lib/libsmall.so.1\",\"dev\":\"fe:00\","
		"\"inode\":77,\"build_id\":\"01fe\",\"soname\":\"libsmall.so.1\","
		"\"interpreter\":null,\"word_bits\":64,\"machine\":62,\"dynamic\":true,"
		"\"pie\":false,\"bind_now\":true,\"text_relocations\":false,"
		"\"executable_stack\":null,\"relro\":null,\"segments\":["
		"{\"vaddr\":\"0x1000\",\"memory_bytes\":2048,\"offset\":\"0x1000\","
		"\"file_bytes\":2048,\"align\":4096,\"perms\":\"r-x\"},"
		"{\"vaddr\":\"0x2000\",\"memory_bytes\":512,\"offset\":\"0x2000\","
		"\"file_bytes\":256,\"align\":4096,\"perms\":\"rw-\"}],\"sections\":["
		"{\"name\":\".text\",\"vaddr\":\"0x1000\",\"bytes\":2048,\"in_file\":true},"
		"{\"name\":\".data\",\"vaddr\":\"0x2000\",\"bytes\":256,\"in_file\":true},"
		"{\"name\":\".bss\",\"vaddr\":\"0x2100\",\"bytes\":256,\"in_file\":false}]}\n");
	output_close(&output);
	/* text has nothing to say of it */
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS });
	vmt_renderer_object(output.renderer, &info);
	assert_string_equal(output_text(&output), "");
	output_close(&output);
}

static void test_layout_line(void **state)
{
	struct vmt_elf_facts facts = library();
	struct output output;

	(void)state;
	output_open_json(&output);
	send_layout(&output, &facts);
	assert_non_null(strstr(output_text(&output),
			       "\"elf\":{\"segments\":[1],\"of\":2,\"sections\":[\".text\"],"
			       "\"relro\":false}"));
	assert_non_null(strstr(output.text,
			       "\"elf\":{\"segments\":[2],\"of\":2,\"sections\":[\".data\",\".bss\""
			       "],\"relro\":true}"));
	output_close(&output);
}

static const struct vmt_warning warning = {
	.id = VMT_WARNING_NO_RELRO,
	.space = 1,
	.pid = 4211,
	.step = 3,
	.text = "libsmall.so.1 has no RELRO",
};

static void test_warning(void **state)
{
	struct output output;

	(void)state;
	output_open_json(&output);
	vmt_renderer_warning(output.renderer, &warning);
	assert_string_equal(output_text(&output),
			    "{\"type\":\"warning\",\"id\":\"no-relro\",\"space\":1,\"step\":3,"
			    "\"pid\":4211,\"text\":\"libsmall.so.1 has no RELRO\"}\n");
	output_close(&output);
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_MAP });
	vmt_renderer_warning(output.renderer, &warning);
	assert_string_equal(output_text(&output),
			    "warning: libsmall.so.1 has no RELRO [no-relro]\n");
	output_close(&output);
	output_open_text(&output, (struct vmt_text_options){ .quiet = true });
	vmt_renderer_warning(output.renderer, &warning);
	assert_string_equal(output_text(&output), "");
	output_close(&output);
}

static void test_hostile_names(void **state)
{
	struct vmt_warning evil = warning;
	struct vmt_elf_facts facts = library();
	struct output output;

	(void)state;
	evil.text = EVIL;
	output_open_json(&output);
	vmt_renderer_warning(output.renderer, &evil);
	assert_null(strchr(output_text(&output), '\033'));
	output_close(&output);
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_MAP });
	vmt_renderer_warning(output.renderer, &evil);
	output_is_harmless(&output);
	sections[0].name = EVIL;
	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_MAP });
	send_layout(&output, &facts);
	output_is_harmless(&output);
	output_open_json(&output);
	send_layout(&output, &facts);
	assert_null(strchr(output_text(&output), '\033'));
	output_close(&output);
	sections[0].name = ".text";
}

static void test_hidden_step(void **state)
{
	struct output output;
	struct fake fake;

	(void)state;
	make_anon(&fake, 12);
	fake.step.hidden = true;
	output_open_json(&output);
	send(&output, &fake, "libc", "map anon (rw)");
	assert_string_equal(output_text(&output), "");
	output_close(&output);
	make_anon(&fake, 12);
	fake.step.hidden = true;
	output_open_text(&output,
			 (struct vmt_text_options){ .views = VMT_LOG_STEPS | VMT_LOG_MAP });
	send_space(&output, 1, "exec", 0);
	send(&output, &fake, "libc", "map anon (rw)");
	assert_string_equal(output_text(&output), "");
	output_close(&output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_log),       cmocka_unit_test(test_object_line),
		cmocka_unit_test(test_layout_line),   cmocka_unit_test(test_warning),
		cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_hidden_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
