/* SPDX-License-Identifier: MIT */
/*
 * fake-step: steps made by hand, for tests of what prints them. A fake owns its step and its call;
 * names are string constants.
 *
 *	struct fake fake;
 *
 *	fake_call(&fake, 12, VMT_CALL_MMAP, 0, 8192, 3, 0x22, UINT64_MAX, 0);
 *	fake_return(&fake, 0x7f0000000000);
 *	fake_added(&fake, 0x7f0000000000, 0x7f0000002000, 3, "", 12);
 *	fake_deinit(&fake);
 */
#ifndef VMT_TEST_FAKE_STEP_H
#define VMT_TEST_FAKE_STEP_H

#include <string.h>

#include "vmtrace/mm.h"

struct fake {
	struct vmt_step step;
	struct vmt_event event;
};

static inline void fake_cause(struct fake *fake, uint32_t number, enum vmt_cause cause)
{
	memset(fake, 0, sizeof(*fake));
	fake->step.space = 1;
	fake->step.number = number;
	fake->step.pid = fake->step.tid = 4211;
	fake->step.cause = cause;
	fake->step.file_name = fake->step.object = "";
	fake->step.actor = "kernel";
	fake->step.what = fake->step.purpose = fake->step.title = "";
	fake->step.check = VMT_CHECK_MATCH;
}

static inline void fake_call(struct fake *fake, uint32_t number, enum vmt_call_id call, uint64_t a0,
			     uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
	const uint64_t args[6] = { a0, a1, a2, a3, a4, a5 };

	fake_cause(fake, number, VMT_CAUSE_CALL);
	fake->step.event = &fake->event;
	fake->event.kind = VMT_EVENT_CALL;
	fake->event.arch = &vmt_arch_x86_64;
	fake->event.call = call;
	fake->event.file.name = "";
	memcpy(fake->event.args, args, sizeof(args));
}

static inline void fake_return(struct fake *fake, int64_t result)
{
	fake->event.result = result;
	fake->event.failed = result < 0 && result > -4096;
}

/* The range that the step is about. */
static inline void fake_range(struct fake *fake, uint64_t start, uint64_t end)
{
	fake->step.start = start;
	fake->step.end = end;
}

/* The descriptor that the call used. */
static inline void fake_file(struct fake *fake, const char *name)
{
	fake->event.file.known = true;
	fake->event.file.name = name;
	fake->step.file_name = name;
}

static inline struct vmt_vma_view fake_view(uint64_t start, uint64_t end, unsigned perms,
					    const char *name)
{
	return (struct vmt_vma_view){
		.map = { .start = start, .end = end, .perms = perms, .name = name },
	};
}

/* A VMA that came, with the one step that made it. */
static inline void fake_added(struct fake *fake, uint64_t start, uint64_t end, unsigned perms,
			      const char *name, uint32_t made_by)
{
	struct vmt_vma_view view = fake_view(start, end, perms, name);

	view.first_step = fake->step.step_numbers.count;
	view.step_count = 1;
	vmt_array_push(&fake->step.step_numbers, made_by);
	vmt_array_push(&fake->step.added, view);
}

/* A VMA that went. */
static inline void fake_removed(struct fake *fake, uint64_t start, uint64_t end, unsigned perms,
				const char *name, uint32_t made_by)
{
	struct vmt_vma_view view = fake_view(start, end, perms, name);

	view.first_step = fake->step.step_numbers.count;
	view.step_count = 1;
	vmt_array_push(&fake->step.step_numbers, made_by);
	vmt_array_push(&fake->step.removed, view);
}

static inline void fake_deinit(struct fake *fake)
{
	vmt_array_deinit(&fake->step.added);
	vmt_array_deinit(&fake->step.removed);
	vmt_array_deinit(&fake->step.step_numbers);
}

#endif
