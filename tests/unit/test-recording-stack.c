/* SPDX-License-Identifier: MIT */
/*
 * test-recording-stack: call stacks come out of a recording as they went in, shared as they were,
 * and tell where the functions are that they name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record-fixture.h"

/* Two stacks: 1 is inner, middle, outer; 2 is lost, outer. */
static void test_stacks(void **state)
{
	struct place *place = *state;
	struct vmt_mapping libc = { .start = 0x1000, .end = 0x3000, .offset = 0x500, .name = "/c" };
	struct vmt_mapping anon = { .start = 0x8000, .end = 0x9000, .name = "" };
	struct vmt_frame outer = { .ip = 0x8010, .code = &anon, .guessed = true };
	struct vmt_frame middle = { .caller = &outer, .ip = 0x1234, .code = &libc };
	struct vmt_frame inner = { .caller = &middle, .ip = UINT64_MAX, .stack = 1, .exact = true };
	struct vmt_frame other = { .caller = &outer, .ip = 0x1300, .code = &libc, .stack = 2 };
	const struct vmt_step *step;
	const struct vmt_frame *frame;

	outer.end = VMT_STACK_LOST;
	middle.symbol = "f\xff";
	middle.symbol_offset = 0x34;
	record_call_stack(place, 0, &other, NULL, NULL);
	record_call_stack(place, 1, &inner, &middle, "program");
	record_call_stack(place, 2, &inner, &outer, "anonymous");
	record_call_stack(place, 3, NULL, NULL, NULL);
	turn(place);

	step = read_step(place, 1);
	frame = step->event->stack;
	assert_int_equal(frame->stack, 1);
	assert_int_equal(frame->ip, UINT64_MAX);
	assert_null(frame->code);
	assert_null(frame->symbol);
	assert_true(frame->exact && !frame->guessed && frame->resolved);
	frame = frame->caller;
	assert_ptr_equal(step->caller, frame);
	assert_string_equal(step->caller_actor, "program");
	assert_string_equal(frame->symbol, "f\xff");
	assert_int_equal(frame->symbol_offset, 0x34);
	assert_string_equal(frame->code->name, "/c");
	assert_int_equal(frame->ip - frame->code->start + frame->code->offset, 0x734);
	frame = frame->caller;
	assert_string_equal(frame->code->name, "");
	assert_true(frame->guessed && !frame->exact);
	assert_int_equal(frame->end, VMT_STACK_LOST);
	assert_null(frame->caller);
	step = read_step(place, 2);
	assert_ptr_equal(step->caller, frame);
	assert_string_equal(step->caller_actor, "anonymous");
	assert_int_equal(step->event->stack->stack, 1);
	step = read_step(place, 0);
	assert_int_equal(step->event->stack->stack, 2);
	assert_ptr_equal(step->event->stack->caller, frame);
	assert_null(step->caller);
	assert_null(step->caller_actor);
	assert_null(read_step(place, 3)->event->stack);
}

/* Two frames of one function in a file are one place, in another file another. */
static void test_frames_of(void **state)
{
	struct place *place = *state;
	struct vmt_mapping libc = { .start = 0x1000, .end = 0x3000, .offset = 0x500, .name = "/c" };
	struct vmt_mapping other = { .start = 0x8000, .end = 0x9000, .name = "/d" };
	struct vmt_frame frames[] = {
		{ .ip = 0x1234,
		  .code = &libc,
		  .symbol = "f\xff",
		  .symbol_offset = 0x34,
		  .stack = 1 },
		{ .ip = 0x1244,
		  .code = &libc,
		  .symbol = "f\xff",
		  .symbol_offset = 0x44,
		  .stack = 2 },
		{ .ip = 0x8000, .code = &other, .symbol = "f\xff", .stack = 3 },
		{ .ip = 0x8010, .code = &other, .symbol = "g", .stack = 4 },
	};
	struct vmt_frame_places places = { 0 };

	for (uint32_t i = 0; i < vmt_countof(frames); i++)
		record_call_stack(place, i, &frames[i], NULL, NULL);
	turn(place);
	assert_int_equal(vmt_recording_frames_of(place->recording, "f\xff", &places, NULL), 0);
	assert_int_equal(places.count, 2);
	assert_string_equal(places.data[0].object, "/c");
	assert_int_equal(places.data[0].offset, 0x700);
	assert_string_equal(places.data[1].object, "/d");
	assert_int_equal(places.data[1].offset, 0);
	assert_int_equal(vmt_recording_frames_of(place->recording, "f", &places, NULL), 0);
	assert_int_equal(places.count, 0);
	vmt_array_deinit(&places);
}

/* A stack whose step never came has no row. */
static void test_gap(void **state)
{
	struct place *place = *state;
	struct vmt_frame frame = { .ip = 1, .stack = 9 };

	record_call_stack(place, 0, &frame, NULL, NULL);
	turn(place);
	assert_int_equal(read_step(place, 0)->event->stack->stack, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_stacks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gap, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_frames_of, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
