/* SPDX-License-Identifier: MIT */
/*
 * test-recording: what goes into a recording comes out of it, field by field.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "record-fixture.h"

/* ---- What goes in comes out --------------------------------------------------------------------- */

static void test_run(void **state)
{
	struct place *place = *state;
	const struct vmt_space_info *space;
	const struct vmt_run_info *run;
	uint32_t count, first;

	turn(place);
	run = vmt_recording_run(place->recording);
	assert_string_equal(run->version, "0.1");
	assert_string_equal(run->arch, "x86_64");
	assert_string_equal(run->kernel, "6.18");
	assert_int_equal(run->page_size_bytes, 4096);
	assert_string_equal(run->argv[1], "one\xff");
	assert_null(run->argv[2]);
	assert_int_equal(vmt_recording_spaces(place->recording, &count, &first, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(first, 1);
	assert_int_equal(vmt_recording_space(place->recording, 1, &space, NULL), 0);
	assert_int_equal(space->pid, 4211);
	assert_string_equal(space->made_by, "exec");
	assert_string_equal(space->exe, "/bin/a");
	assert_string_equal(space->arch, "x86_64");
}

/* Every field of an event and of its file. */
static void test_event(void **state)
{
	struct place *place = *state;
	struct fake fake;
	const struct vmt_step *step;
	const struct vmt_event *event;
	const struct vmt_file_facts file = {
		.known = true,
		.dev_major = 254,
		.dev_minor = 7,
		.inode = UINT64_MAX,
		.size_bytes = 1 << 20,
		.mode = 0100644,
		.flags = 02,
		.rdev_major = 1,
		.rdev_minor = 3,
		.filesystem = 0xef53,
		.noexec = true,
		.append_only = true,
		.write_sealed = true,
		.description = 99,
		.name = "/tmp/\xff\nname",
	};

	fake_call(&fake, 0, VMT_CALL_PRCTL, 1, UINT64_MAX, 3, 4, 5, 6);
	fake_return(&fake, -22);
	fake.event.arch = &vmt_arch_i386;
	fake.event.number = 12345;
	fake.event.ip = 0x7f00deadbeef;
	fake.event.file = file;
	fake.event.order_inferred = true;
	fake.event.words_valid = 3;
	fake.event.words[0] = UINT64_MAX;
	fake.event.words[2] = 7;
	fake.event.text_valid = true;
	memcpy(fake.event.text, "name\x80", 6);
	fake.step.pid = 17;
	fake.step.tid = 18;
	fake.step.time_ns = UINT64_MAX;
	fake.step.predicted = true;
	fake.step.expected = -1;
	record(place, &fake, "libc", "what");
	turn(place);
	step = read_step(place, 0);
	event = step->event;
	assert_int_equal(event->kind, VMT_EVENT_CALL);
	assert_int_equal(event->call, VMT_CALL_PRCTL);
	assert_ptr_equal(event->arch, &vmt_arch_i386);
	assert_int_equal(event->number, 12345);
	assert_memory_equal(event->args, fake.event.args, sizeof(event->args));
	assert_int_equal(event->result, -22);
	assert_true(event->failed);
	assert_true(event->order_inferred);
	assert_int_equal(event->ip, 0x7f00deadbeef);
	assert_int_equal(event->words_valid, 3);
	assert_memory_equal(event->words, fake.event.words, sizeof(event->words));
	assert_true(event->text_valid);
	assert_string_equal(event->text, "name\x80");
	assert_int_equal(event->file.inode, UINT64_MAX);
	assert_int_equal(event->file.size_bytes, 1 << 20);
	assert_int_equal(event->file.mode, 0100644);
	assert_int_equal(event->file.flags, 02);
	assert_int_equal(event->file.dev_major, 254);
	assert_int_equal(event->file.dev_minor, 7);
	assert_int_equal(event->file.rdev_major, 1);
	assert_int_equal(event->file.rdev_minor, 3);
	assert_int_equal(event->file.filesystem, 0xef53);
	assert_true(event->file.known && event->file.noexec && event->file.append_only &&
		    event->file.write_sealed);
	assert_int_equal(event->file.description, 99);
	assert_string_equal(event->file.name, "/tmp/\xff\nname");
	assert_int_equal(step->pid, 17);
	assert_int_equal(step->tid, 18);
	assert_int_equal(step->time_ns, UINT64_MAX);
	assert_true(step->predicted);
	assert_int_equal(step->expected, -1);
}

/* The fields of a step without a call. */
static void test_step(void **state)
{
	struct place *place = *state;
	const struct vmt_step *step;
	struct fake fake;

	fake_cause(&fake, 0, VMT_CAUSE_INTERP_SEGMENT);
	fake_range(&fake, HEAP_AT, HEAP_AT + 4096);
	fake.step.index = 3;
	fake.step.file_name = "/lib/ld.so";
	fake.step.object = "/bin/a";
	fake.step.whole = true;
	fake.step.old_start = 1;
	fake.step.old_end = UINT64_MAX;
	fake.step.check = VMT_CHECK_ADJUSTED;
	fake.step.reason = VMT_REASON_LOADER;
	fake.step.purpose = "text of libc.so.6";
	fake.step.pattern = VMT_PATTERN_LIBRARY;
	fake.step.group = UINT32_MAX;
	vmt_step_why(&fake.step, (struct vmt_why){ .id = VMT_WHY_TOP_DOWN,
						   .number = { 1, UINT64_MAX, 0, 4 },
						   .below = "",
						   .above = "[heap]" });
	vmt_step_why(&fake.step, (struct vmt_why){ .id = VMT_WHY_SPLIT });
	record(place, &fake, "kernel", "map 3rd segment");
	turn(place);
	step = read_step(place, 0);
	assert_int_equal(step->cause, VMT_CAUSE_INTERP_SEGMENT);
	assert_null(step->event);
	assert_int_equal(step->index, 3);
	assert_int_equal(step->start, HEAP_AT);
	assert_int_equal(step->end, HEAP_AT + 4096);
	assert_true(step->whole);
	assert_int_equal(step->old_start, 1);
	assert_int_equal(step->old_end, UINT64_MAX);
	assert_string_equal(step->file_name, "/lib/ld.so");
	assert_string_equal(step->object, "/bin/a");
	assert_string_equal(step->actor, "kernel");
	assert_string_equal(step->what, "map 3rd segment");
	assert_int_equal(step->check, VMT_CHECK_ADJUSTED);
	assert_int_equal(step->reason, VMT_REASON_LOADER);
	assert_string_equal(step->purpose, "text of libc.so.6");
	assert_int_equal(step->pattern, VMT_PATTERN_LIBRARY);
	assert_int_equal(step->group, UINT32_MAX);
	assert_int_equal(step->why_count, 2);
	assert_int_equal(step->why[0].id, VMT_WHY_TOP_DOWN);
	assert_int_equal(step->why[0].number[1], UINT64_MAX);
	assert_string_equal(step->why[0].below, "");
	assert_string_equal(step->why[0].above, "[heap]");
	assert_null(step->why[1].below);
}

/* A text at the same place with other letters is another text. */
static void test_texts(void **state)
{
	struct place *place = *state;
	char what[8] = "first";
	struct fake fake;

	for (uint32_t i = 0; i < 3; i++) {
		fake_cause(&fake, i, VMT_CAUSE_FOUND);
		what[0] = (char)('f' + (char)(i % 2));
		record(place, &fake, "kernel", what);
	}
	turn(place);
	assert_string_equal(read_step(place, 0)->what, "first");
	assert_string_equal(read_step(place, 0)->purpose, "");
	assert_int_equal(read_step(place, 0)->pattern, VMT_PATTERN_NONE);
	assert_int_equal(read_step(place, 0)->group, 0);
	assert_string_equal(read_step(place, 1)->what, "girst");
	assert_string_equal(read_step(place, 2)->what, "first");
}

static void test_path(void **state)
{
	struct place *place = *state;
	const struct vmt_step *step;
	struct fake fake;

	for (uint32_t i = 0; i < 2; i++) {
		struct vmt_path_entry entries[] = { { "do_mmap", NULL, 0 },
						    { "mmap_region", "yes", 1 } };

		fake_cause(&fake, i, VMT_CAUSE_FOUND);
		for (size_t j = 0; j < vmt_countof(entries); j++)
			vmt_array_push(&fake.step.path, entries[j]);
		fake.step.actor = fake.step.what = "x";
		vmt_recorder_step(place->recorder, &fake.step);
		vmt_step_deinit(&fake.step);
	}
	turn(place);
	step = read_step(place, 1);
	assert_int_equal(step->path.count, 2);
	assert_string_equal(step->path.data[0].function, "do_mmap");
	assert_null(step->path.data[0].branch);
	assert_string_equal(step->path.data[1].branch, "yes");
	assert_int_equal(step->path.data[1].depth, 1);
}

/* ---- VMAs --------------------------------------------------------------------------------------- */

static void test_views(void **state)
{
	struct place *place = *state;
	const struct vmt_step *step;

	record_map(place, 0, MAP_AT, "");
	record_unmap(place, 1, MAP_AT, "", 0);
	record_map(place, 2, MAP_AT, "[heap]");
	turn(place);
	step = read_step(place, 0);
	assert_int_equal(step->added.count, 1);
	assert_int_equal(step->removed.count, 0);
	assert_int_equal(step->added.data[0].map.start, MAP_AT);
	assert_int_equal(step->added.data[0].map.end, MAP_AT + 8192);
	assert_int_equal(step->added.data[0].map.perms, RW);
	assert_int_equal(step->step_numbers.data[step->added.data[0].first_step], 0);
	step = read_step(place, 1);
	assert_int_equal(step->removed.count, 1);
	assert_int_equal(step->added.count, 0);
	assert_string_equal(step->removed.data[0].map.name, "");
	assert_string_equal(read_step(place, 2)->added.data[0].map.name, "[heap]");
}

/* What changed without a step is seen at the removal, and not before. */
static void test_looks(void **state)
{
	struct place *place = *state;
	const struct vmt_layout_info *layout;
	const struct vmt_step *step;
	struct fake fake;

	record_map(place, 0, MAP_AT, "/tmp/file");
	record_map(place, 1, HEAP_AT, "");
	fake_call(&fake, 2, VMT_CALL_MUNMAP, MAP_AT, 8192, 0, 0, 0, 0);
	fake_removed(&fake, MAP_AT, MAP_AT + 8192, RW, "/tmp/file (deleted)", 0);
	vmt_array_push(&fake.step.step_numbers, 1);
	fake.step.removed.data[0].step_count = 2;
	fake.step.removed.data[0].vm_flags = 3;
	record(place, &fake, "libc", "unmap");
	turn(place);
	step = read_step(place, 0);
	assert_string_equal(step->added.data[0].map.name, "/tmp/file");
	assert_int_equal(step->added.data[0].step_count, 1);
	step = read_step(place, 2);
	assert_string_equal(step->removed.data[0].map.name, "/tmp/file (deleted)");
	assert_int_equal(step->removed.data[0].vm_flags, 3);
	assert_int_equal(step->removed.data[0].step_count, 2);
	assert_int_equal(vmt_recording_layout(place->recording, 1, 0, &layout, NULL), 0);
	assert_int_equal(layout->list->rows.count, 1);
	assert_int_equal(layout->list->rows.data[0].step_count, 1);
	assert_int_equal(vmt_recording_layout(place->recording, 1, 2, &layout, NULL), 0);
	assert_int_equal(layout->list->rows.count, 1);
	assert_int_equal(layout->list->rows.data[0].map.start, HEAP_AT);
}

/* A VMA that was never seen to be made. */
static void test_unknown_birth(void **state)
{
	struct place *place = *state;
	const struct vmt_layout_info *layout;

	record_unmap(place, 0, MAP_AT, "/tmp/before", 0);
	record_map(place, 1, MAP_AT, "");
	turn(place);
	assert_string_equal(read_step(place, 0)->removed.data[0].map.name, "/tmp/before");
	assert_int_equal(vmt_recording_layout(place->recording, 1, 0, &layout, NULL), 0);
	assert_int_equal(layout->list->rows.count, 0);
}

/* Long- and short-lived VMAs, before and after many steps: the layout is what the steps come to. */
static void test_layouts(void **state)
{
	enum {
		STEPS = 6000,
		SLOTS = 7
	};
	struct place *place = *state;
	const struct vmt_layout_info *layout;
	uint32_t made[SLOTS] = { 0 };
	bool there[SLOTS] = { false };
	size_t counts[STEPS];
	size_t count = 1;

	record_map(place, 0, HEAP_AT, "[heap]");
	counts[0] = 1;
	for (uint32_t i = 1; i < STEPS; i++) {
		/* slot 0 every step, slot k every 4^k */
		unsigned slot = (unsigned)__builtin_ctz(i) / 2 % SLOTS;
		uint64_t at = MAP_AT + (uint64_t)slot * 0x100000;

		if (there[slot])
			record_unmap(place, i, at, "", made[slot]);
		else
			record_map(place, i, at, "");
		made[slot] = i;
		there[slot] = !there[slot];
		count += there[slot] ? 1 : (size_t)-1;
		counts[i] = count;
	}
	turn(place);
	for (uint32_t i = 0; i < STEPS; i += i < 50 ? 1 : 37) {
		assert_int_equal(vmt_recording_layout(place->recording, 1, i, &layout, NULL), 0);
		assert_int_equal(layout->list->rows.count, counts[i]);
		assert_int_equal(layout->counts->steps, i + 1);
		assert_int_equal(layout->counts->checked, i + 1);
		for (size_t row = 1; row < layout->list->rows.count; row++)
			assert_true(layout->list->rows.data[row - 1].map.end <=
				    layout->list->rows.data[row].map.start);
	}
}

/* The steps that touched @address, into @list; returns the gap. */
static size_t touching(struct place *place, uint64_t address, size_t most,
		       struct vmt_step_list *list)
{
	size_t gap;

	assert_int_equal(
		vmt_recording_touching(place->recording, 1, address, most, list, &gap, NULL), 0);
	return gap;
}

static void test_touching(void **state)
{
	struct place *place = *state;
	struct vmt_step_list list = { 0 };
	struct fake fake;
	uint64_t base;

	record_map(place, 0, MAP_AT, "/lib/libx.so");
	record_map(place, 1, HEAP_AT, "");
	record_unmap(place, 2, MAP_AT, "/lib/libx.so", 0);
	fake_call(&fake, 3, VMT_CALL_MADVISE, MAP_AT, 8192, 4, 0, 0, 0);
	fake_range(&fake, MAP_AT, MAP_AT + 8192);
	record(place, &fake, "libc", "madvise");
	turn(place);
	assert_int_equal(touching(place, MAP_AT + 8191, SIZE_MAX, &list), 3);
	assert_int_equal(list.count, 3);
	assert_int_equal(list.data[0], 0);
	assert_int_equal(list.data[1], 2);
	assert_int_equal(list.data[2], 3);
	assert_int_equal(touching(place, MAP_AT + 8192, SIZE_MAX, &list), 0);
	assert_int_equal(list.count, 0);
	assert_int_equal(vmt_recording_object(place->recording, 1, "libx.so", &base, NULL), 0);
	assert_int_equal(base, MAP_AT);
	assert_int_equal(vmt_recording_object(place->recording, 1, "x.so", &base, NULL), -ENOENT);
	vmt_array_deinit(&list);
}

/* Of very many steps both ends, and what lies beside is found in between. */
static void test_where_many(void **state)
{
	enum {
		ROUNDS = 25000,
		MOST = 10,
	};
	struct vmt_step_list all = { 0 }, list = { 0 };
	struct place *place = *state;
	uint32_t number = 0;
	size_t gap;

	record_map(place, number++, MAP_AT + 0x8000, "");
	record_unmap(place, number++, MAP_AT + 0x8000, "", 0);
	record_map(place, number++, MAP_AT + 0x10000, "");
	record_map(place, number++, MAP_AT + 0x4000, "");
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct fake fake;

		record_map(place, number, MAP_AT, "");
		fake_call(&fake, number + 1, VMT_CALL_MADVISE, MAP_AT, 8192, 4, 0, 0, 0);
		fake_range(&fake, MAP_AT, MAP_AT + 8192);
		record(place, &fake, "libc", "madvise");
		record_unmap(place, number + 2, MAP_AT, "", number);
		number += 3;
	}
	record_unmap(place, number, MAP_AT + 0x10000, "", 2);
	turn(place);
	assert_int_equal(touching(place, MAP_AT, SIZE_MAX, &all), 3 * ROUNDS);
	assert_int_equal(all.count, 3 * ROUNDS);
	gap = touching(place, MAP_AT, MOST, &list);
	assert_in_range(gap, MOST, list.count - MOST);
	assert_true(list.count < 10 * MOST);
	assert_memory_equal(list.data, all.data, gap * sizeof(*list.data));
	assert_memory_equal(list.data + gap, all.data + all.count - (list.count - gap),
			    (list.count - gap) * sizeof(*list.data));
	/* what lives long; what was there before; a hole above what stays, and one above what comes and goes */
	assert_int_equal(touching(place, MAP_AT + 0x10000, MOST, &list), 2);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.data[1], number);
	assert_int_equal(touching(place, MAP_AT + 0x4000, MOST, &list), 1);
	assert_int_equal(touching(place, MAP_AT + 0x8000, MOST, &list), 2);
	assert_int_equal(list.data[1], 1);
	assert_int_equal(touching(place, MAP_AT + 0xa000, MOST, &list), 0);
	assert_int_equal(touching(place, MAP_AT + 0x2000, MOST, &list), 0);
	vmt_array_deinit(&list);
	vmt_array_deinit(&all);
}

/* ---- The order ------------------------------------------------------------------------------------ */

static void record_in(struct place *place, uint32_t space, uint32_t number)
{
	struct fake fake;

	fake_cause(&fake, number, VMT_CAUSE_FOUND);
	fake.step.space = space;
	record(place, &fake, "kernel", "x");
}

/* What the rest of a recording is, as a line: "1.0" is step 0 of space 1, "S2" that space 2 began. */
static void assert_log(struct place *place, const struct vmt_selection *selection,
		       const char *expected)
{
	struct vmt_str log = { 0 };
	struct vmt_record record;
	int result;

	vmt_recording_rewind(place->recording, selection);
	while ((result = vmt_recording_next(place->recording, &record, NULL)) > 0) {
		if (record.kind == VMT_RECORD_STEP)
			vmt_str_printf(&log, "%u.%u ", record.step->space, record.step->number);
		else if (record.kind == VMT_RECORD_SPACE)
			vmt_str_printf(&log, "S%u ", record.space->space);
		else if (record.kind == VMT_RECORD_LAYOUT)
			vmt_str_printf(&log, "L%u ", record.layout->space->space);
		else if (record.kind == VMT_RECORD_NOTE)
			vmt_str_printf(&log, "N%s ", record.note);
		else
			vmt_str_printf(&log, "E%d", record.summary->exit_code);
	}
	assert_int_equal(result, 0);
	assert_string_equal(vmt_str_text(&log), expected);
	vmt_str_deinit(&log);
}

static void test_order(void **state)
{
	struct place *place = *state;
	struct vmt_space_info two = space_one;
	struct vmt_view_list none = { 0 };
	struct vmt_counts counts = { .steps = 3, .checked = 2, .adjusted = 1 };
	const struct vmt_layout_info layout = { .space = &two, .list = &none, .counts = &counts };
	const struct vmt_summary_info summary = { .exit_known = true, .exit_code = 7 };

	two.space = 2;
	two.parent = 1;
	record_in(place, 1, 0);
	record_in(place, 1, 1);
	vmt_recorder_space(place->recorder, &two);
	record_in(place, 2, 0);
	record_in(place, 1, 2);
	record_in(place, 2, 1);
	vmt_recorder_note(place->recorder, "hm");
	record_in(place, 2, 2);
	vmt_recorder_layout(place->recorder, &layout);
	record_in(place, 1, 3);
	vmt_recorder_summary(place->recorder, &summary);
	turn(place);
	assert_log(place, NULL, "S1 1.0 1.1 S2 2.0 1.2 2.1 Nhm 2.2 L2 1.3 E7");
	assert_log(place, &(struct vmt_selection){ .space = 1 }, "S1 1.0 1.1 1.2 1.3 ");
	assert_log(place, &(struct vmt_selection){ .some_steps = true, .first = 1, .last = 2 },
		   "S1 1.1 S2 1.2 2.1 2.2 ");
	assert_log(place, NULL, "S1 1.0 1.1 S2 2.0 1.2 2.1 Nhm 2.2 L2 1.3 E7");
}

static void test_counts(void **state)
{
	struct place *place = *state;
	struct vmt_view_list none = { 0 };
	struct vmt_counts counts = { .steps = 30, .checked = 20, .adjusted = 3, .unexplained = 1 };
	const struct vmt_layout_info layout = {
		.space = &space_one,
		.list = &none,
		.counts = &counts,
		.page_table_kib = 44,
		.has_page_table = true,
		.map_count = 21,
		.map_count_limit = 65530,
	};
	struct vmt_record record;

	counts.reasons[VMT_REASON_ANON_VMA] = 3;
	counts.reasons[VMT_REASON_UNEXPLAINED] = 1;
	vmt_recorder_layout(place->recorder, &layout);
	turn(place);
	do {
		assert_int_equal(vmt_recording_next(place->recording, &record, NULL), 1);
	} while (record.kind != VMT_RECORD_LAYOUT);
	assert_memory_equal(record.layout->counts, &counts, sizeof(counts));
	assert_int_equal(record.layout->page_table_kib, 44);
	assert_true(record.layout->has_page_table);
	assert_int_equal(record.layout->map_count, 21);
	assert_int_equal(record.layout->map_count_limit, 65530);
}

/* ---- What is not there ------------------------------------------------------------------- */

static void test_missing(void **state)
{
	struct place *place = *state;
	const struct vmt_layout_info *layout;
	const struct vmt_space_info *space;
	const struct vmt_step *step;
	struct vmt_error error;

	record_map(place, 0, MAP_AT, "");
	turn(place);
	assert_int_equal(vmt_recording_step(place->recording, 1, 1, &step, &error), -ENOENT);
	assert_int_equal(vmt_recording_step(place->recording, UINT32_MAX, 1, &step, &error),
			 -ENOENT);
	assert_int_equal(vmt_recording_layout(place->recording, 1, 1, &layout, &error), -ENOENT);
	assert_int_equal(vmt_recording_layout(place->recording, 3, 0, &layout, &error), -ENOENT);
	assert_int_equal(vmt_recording_space(place->recording, 0, &space, &error), -ENOENT);
	/* and that was no damage */
	assert_int_equal(vmt_recording_step(place->recording, 1, 0, &step, &error), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_run),      TEST(test_event),         TEST(test_step),
		TEST(test_texts),    TEST(test_path),          TEST(test_views),
		TEST(test_looks),    TEST(test_unknown_birth), TEST(test_layouts),
		TEST(test_touching), TEST(test_order),         TEST(test_counts),
		TEST(test_missing),  TEST(test_where_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
