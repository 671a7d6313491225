/* SPDX-License-Identifier: MIT */
/*
 * test-recording-stack: call stacks come out of a recording as they went in, shared as they were.
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
