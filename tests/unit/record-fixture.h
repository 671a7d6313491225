/* SPDX-License-Identifier: MIT */
/*
 * record-fixture: a recording that a test makes and reads again. Include cmocka.h first.
 *
 *	record_map(place, 0, MAP_AT, "");
 *	turn(place);				from writing to reading
 *	step = read_step(place, 0);
 */
#ifndef VMT_TEST_RECORD_FIXTURE_H
#define VMT_TEST_RECORD_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake-step.h"
#include "vmtrace/store.h"

#define HEAP_AT 0x555500000000
#define MAP_AT 0x7f0000000000

enum {
	RW = VMT_PERM_READ | VMT_PERM_WRITE,
};

struct place {
	char path[64];
	struct vmt_names *names;
	struct vmt_recorder *recorder;
	struct vmt_recording *recording;
};

static const struct vmt_space_info space_one = {
	.space = 1,
	.pid = 4211,
	.made_by = "exec",
	.exe = "/bin/a",
	.arch = "x86_64",
};

static inline int set_up(void **state)
{
	static char first[] = "/bin/a";
	static char second[] = "one\xff";
	char *argv[] = { first, second, NULL };
	const struct vmt_run_info run = { "0.1", "x86_64", "6.18", 4096, argv };
	struct place *place = vmt_calloc(1, sizeof(*place));

	snprintf(place->path, sizeof(place->path), "/tmp/vmtrace-test-XXXXXX.vmt");
	close(mkstemps(place->path, 4));
	place->names = vmt_names_new();
	assert_int_equal(vmt_recorder_open(place->path, &place->recorder, NULL), 0);
	vmt_recorder_run(place->recorder, &run);
	vmt_recorder_space(place->recorder, &space_one);
	*state = place;
	return 0;
}

static inline int tear_down(void **state)
{
	struct place *place = *state;

	if (place->recorder)
		vmt_recorder_close(place->recorder, NULL);
	if (place->recording)
		vmt_recording_free(place->recording);
	vmt_names_free(place->names);
	unlink(place->path);
	free(place);
	return 0;
}

/* Ends the writing and begins to read. */
static inline void turn(struct place *place)
{
	struct vmt_error error = { "" };

	assert_int_equal(vmt_recorder_close(place->recorder, &error), 0);
	place->recorder = NULL;
	assert_int_equal(vmt_recording_open(place->path, place->names, &place->recording, &error),
			 0);
}

static inline void record(struct place *place, struct fake *fake, const char *actor,
			  const char *what)
{
	fake->step.actor = actor;
	fake->step.what = what;
	vmt_recorder_step(place->recorder, &fake->step);
	fake_deinit(fake);
}

static inline void record_map(struct place *place, uint32_t number, uint64_t start,
			      const char *name)
{
	struct fake fake;

	fake_call(&fake, number, VMT_CALL_MMAP, 0, 8192, 3, 0x22, UINT64_MAX, 0);
	fake_return(&fake, (int64_t)start);
	fake_range(&fake, start, start + 8192);
	fake_added(&fake, start, start + 8192, RW, name, number);
	record(place, &fake, "libc", "map anon (rw)");
}

static inline void record_unmap(struct place *place, uint32_t number, uint64_t start,
				const char *name, uint32_t made)
{
	struct fake fake;

	fake_call(&fake, number, VMT_CALL_MUNMAP, start, 8192, 0, 0, 0, 0);
	fake_return(&fake, 0);
	fake_range(&fake, start, start + 8192);
	fake_removed(&fake, start, start + 8192, RW, name, made);
	record(place, &fake, "libc", "unmap");
}

/* A call with its stack; without one it is NULL. */
static inline void record_call_stack(struct place *place, uint32_t number, struct vmt_frame *stack,
				     const struct vmt_frame *caller, const char *caller_actor)
{
	struct fake fake;

	fake_call(&fake, number, VMT_CALL_MADVISE, MAP_AT, 8192, 4, 0, 0, 0);
	fake.event.stack = stack;
	fake.step.caller = caller;
	fake.step.caller_actor = caller_actor;
	record(place, &fake, "libc", "madvise");
}

static inline const struct vmt_step *read_step(struct place *place, uint32_t number)
{
	const struct vmt_step *step = NULL;

	assert_int_equal(vmt_recording_step(place->recording, 1, number, &step, NULL), 0);
	return step;
}

#endif
