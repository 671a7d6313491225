/* SPDX-License-Identifier: MIT */
/*
 * fuzz-mm: bytes as a sequence of things that happen to a space: calls with any arguments and any
 * result, layouts as the kernel's answer, stacks that grow, forks. What a call returned and the
 * words that it left in the program's memory can have been written by the program itself, so the
 * model must stand any of them: no crash, VMAs in order and apart, counters that add up, and steps
 * that tell the whole change:
 *
 *	layout before, less removed, plus added == layout after
 *
 * What the model predicts is no matter here.
 */
#include <linux/prctl.h>
#include <stdlib.h>
#include <string.h>

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "space.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	PAGE = 0x1000,
	EVENTS_MAX = 64,
	ROWS_MAX = 8,
};

/* Rows end here at the latest: 5-level page tables. */
#define ADDRESS_END ((uint64_t)1 << 56)

/* Not assert(): a build for release must check as well. */
static void require(bool condition)
{
	if (!condition)
		abort();
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

/* Zeros follow after the end. */
struct input {
	const uint8_t *data;
	size_t size;
};

static uint64_t take(struct input *input, size_t bytes)
{
	uint64_t value = 0;

	for (; bytes > 0 && input->size > 0; bytes--, input->size--)
		value = value << 8 | *input->data++;
	return value;
}

static uint64_t below(struct input *input, uint64_t bound)
{
	return take(input, 1) % bound;
}

/* An argument, an address, a length: mostly within the first 256 pages, else at some edge. */
static uint64_t number(struct input *input)
{
	static const uint64_t constants[] = {
		PR_SET_VMA,
		PR_SET_MM,
		PR_SET_MM_BRK,
		65, /* PR_SET_MDWE */
		67, /* PR_SET_MEMORY_MERGE */
		UFFDIO_REGISTER,
		UFFDIO_UNREGISTER,
		VMT_ARCH_MAP_VDSO_64,
		VMT_ARCH_SET_FS,
		102, /* MADV_GUARD_INSTALL */
		0x100010, /* MAP_FIXED, MAP_FIXED_NOREPLACE */
		0x32, /* MAP_PRIVATE, MAP_ANONYMOUS, MAP_FIXED */
		(uint64_t)2 << 20,
		INT64_MAX,
		UINT32_MAX,
		UINT64_MAX,
	};
	uint64_t kind = below(input, 10);

	switch (kind) {
	case 0:
	case 1:
		return take(input, 1);
	case 2:
		return take(input, 1) * PAGE + take(input, 1);
	case 3:
		return vmt_arch_x86_64.task_size - take(input, 1) * PAGE;
	case 4:
		return -(take(input, 1) * PAGE);
	case 5:
		return take(input, 8);
	case 6:
		return constants[below(input, vmt_countof(constants))];
	default:
		return take(input, 1) * PAGE;
	}
}

/* ---- What must always hold -------------------------------------------------------------------- */

struct views {
	VMT_ARRAY(struct vmt_vma_view) rows;
};

static bool views_equal(const struct vmt_vma_view *a, const struct vmt_vma_view *b)
{
	return a->map.name && b->map.name && vmt_mapping_equal(&a->map, &b->map) &&
	       a->vm_flags == b->vm_flags;
}

static void check_views(const struct vmt_vma_view *views, size_t count, size_t numbers)
{
	for (size_t i = 0; i < count; i++) {
		require(views[i].map.start < views[i].map.end);
		require(i == 0 || views[i - 1].map.end <= views[i].map.start);
		require(views[i].step_count > 0);
		require(views[i].first_step + views[i].step_count <= numbers);
	}
}

/* Takes what the step removed out of the layout before, and puts in what it added. */
static void apply(struct views *layout, const struct vmt_step *step)
{
	check_views(step->removed.data, step->removed.count, step->step_numbers.count);
	check_views(step->added.data, step->added.count, step->step_numbers.count);
	for (size_t i = 0; i < step->removed.count; i++) {
		size_t at = 0;

		while (at < layout->rows.count &&
		       !views_equal(&layout->rows.data[at], &step->removed.data[i]))
			at++;
		require(at < layout->rows.count);
		layout->rows.count--;
		memmove(layout->rows.data + at, layout->rows.data + at + 1,
			(layout->rows.count - at) * sizeof(*layout->rows.data));
	}
	for (size_t i = 0; i < step->added.count; i++) {
		size_t at = layout->rows.count;

		vmt_array_push(&layout->rows, step->added.data[i]);
		for (; at && layout->rows.data[at - 1].map.start > step->added.data[i].map.start;
		     at--)
			layout->rows.data[at] = layout->rows.data[at - 1];
		layout->rows.data[at] = step->added.data[i];
	}
}

/* The counters say what a count over all VMAs does. */
static void check_counters(const struct vmt_space *space)
{
	uint64_t total = 0, data = 0, locked = 0;
	size_t growers = 0;

	for (const struct vmt_vma *vma = vmt_space_first(space); vma; vma = vmt_vma_next(vma)) {
		uint64_t pages = vmt_pages(space, vmt_vma_end(vma) - vmt_vma_start(vma));

		total += pages;
		if ((vma->flags & (VMT_VM_WRITE | VMT_VM_SHARED | VMT_VM_GROWSDOWN |
				   VMT_VM_SHADOW_STACK)) == VMT_VM_WRITE)
			data += pages;
		if (vma->flags & VMT_VM_LOCKED)
			locked += pages;
		growers += (vma->flags & VMT_VM_GROWSDOWN) != 0;
		require((vmt_vma_start(vma) | vmt_vma_end(vma)) % PAGE == 0);
		require(!vma->gone);
	}
	require(space->total_pages == total);
	require(space->data_pages == data);
	require(space->locked_pages == locked);
	require(space->growers.count == growers);
}

static void check_space(const struct vmt_space *space, const struct views *layout)
{
	struct vmt_view_list list;

	vmt_range_verify(&space->vmas);
	vmt_range_verify(&space->pieces);
	check_counters(space);
	vmt_space_view(space, &list);
	check_views(list.rows.data, list.rows.count, list.step_numbers.count);
	require(list.rows.count == layout->rows.count);
	for (size_t i = 0; i < list.rows.count; i++)
		require(views_equal(&list.rows.data[i], &layout->rows.data[i]));
	vmt_view_list_deinit(&list);
}

/* ---- Things that happen ----------------------------------------------------------------------- */

struct world {
	struct input input;
	struct vmt_names *names;
	struct vmt_space *space;
	struct views layout; /* as the steps tell it */
	struct vmt_step step;
	struct vmt_event event;
	uint32_t spaces;
};

static void end_step(struct world *world)
{
	vmt_step_end(world->space, &world->step);
	apply(&world->layout, &world->step);
	check_space(world->space, &world->layout);
}

static bool look(void *data, uint64_t start, uint64_t end)
{
	struct world *world = data;

	require(start < end);
	return below(&world->input, 3) == 0;
}

static void random_file(struct world *world)
{
	static const uint32_t modes[] = { 0100000, 0020000, 0060000, 0040000 };
	struct input *input = &world->input;
	uint64_t which = take(input, 1);

	world->event.file = (struct vmt_file_facts){
		.known = which & 1,
		.flags = (which >> 1) & 3,
		.noexec = which & 8,
		.append_only = which & 16,
		.write_sealed = which & 32,
		.description = (which >> 5) & 3,
		.inode = (which >> 5) & 3,
		.dev_major = 8,
		.mode = modes[which >> 6],
		.rdev_major = 1,
		.rdev_minor = 5,
		.size_bytes = which & 1 ? number(input) : 0,
		.filesystem = which & 4 ? 0xef53 : 0x794c7630,
		.name = which & 2 ? "/f" : "/g (deleted)",
	};
}

static void random_event(struct world *world)
{
	struct input *input = &world->input;
	struct vmt_event *event = &world->event;
	const struct vmt_call_info *info;
	uint64_t result;

	*event = (struct vmt_event){ .kind = VMT_EVENT_CALL, .space = 1, .pid = 1, .tid = 1 };
	event->call = (enum vmt_call_id)below(input, VMT_CALL_COUNT);
	info = vmt_call_info(event->call);
	event->arch = below(input, 8) ? world->space->arch : &vmt_arch_i386;
	for (unsigned i = 0; i < info->arg_count; i++)
		event->args[i] = number(input);
	random_file(world);
	result = take(input, 1);
	if (result < 64)
		event->result = 0;
	else if (result < 96)
		event->result = -(int64_t)(result - 63);
	else
		event->result = (int64_t)number(input);
	/* Through ipc() the result is a word of the program's memory. */
	event->failed = event->result < 0 && event->result >= -4095 &&
			(event->call != VMT_CALL_SHMAT || result & 1);
	event->words_valid = (unsigned)below(input, 4);
	for (unsigned i = 0; i < event->words_valid; i++)
		event->words[i] = number(input);
	/* The one word that is vmtrace's own: an errno. */
	if (event->call == VMT_CALL_SHMAT)
		event->words[0] &= 0xff;
	event->text_valid = result & 2;
	strcpy(event->text, result & 4 ? "a name" : "");
}

/* A layout as the kernel might show it: rows in order, whole pages, apart. */
static struct vmt_layout random_layout(struct world *world)
{
	static const char *const anonymous[] = {
		"", "", "[heap]", "[stack]", "[anon:a name]", "[vdso]", "[vvar]"
	};
	struct input *input = &world->input;
	struct vmt_layout layout = { 0 };
	uint64_t end = 0;

	for (uint64_t left = below(input, ROWS_MAX); left > 0; left--) {
		uint64_t kind = take(input, 1);
		struct vmt_mapping row = { .perms = kind & (kind & 32 ? 15 : 7) };

		row.start = kind & 16 ? number(input) & -(uint64_t)PAGE : end;
		row.end = row.start + (1 + take(input, 1)) * PAGE;
		if (row.start < end || row.end > ADDRESS_END || row.end <= row.start)
			continue;
		if (kind & 32) {
			row.name = "/f";
			row.inode = kind >> 6;
			row.dev_major = 8;
			row.offset = take(input, 1) * PAGE;
		} else {
			row.name = anonymous[below(input, vmt_countof(anonymous))];
		}
		vmt_array_push(&layout, row);
		end = row.end;
	}
	return layout;
}

/* What a probe of [start, end) gives: the rows that overlap or touch it. */
static void probe(const struct vmt_layout *layout, uint64_t start, uint64_t end, bool names,
		  struct vmt_layout *rows)
{
	vmt_array_clear(rows);
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->data[i].end < start || layout->data[i].start > end)
			continue;
		vmt_array_push(rows, layout->data[i]);
		if (!names)
			rows->data[rows->count - 1].name = NULL;
	}
}

/* Asks as a session does; then the model has the rows' ranges. */
static void check_range(struct world *world, const struct vmt_layout *layout, uint64_t start,
			uint64_t end)
{
	size_t asks_max = 2 * (layout->count + vmt_space_count(world->space)) + 4;
	bool names = vmt_step_wants_names(&world->step);
	struct vmt_layout rows = { 0 };
	enum vmt_compared compared;

	do {
		require(asks_max-- > 0);
		probe(layout, start, end, names, &rows);
		compared = vmt_space_check(world->space, &rows, &start, &end, &world->step);
		names = true;
	} while (compared == VMT_COMPARED_ASK_WIDER);
	probe(layout, start, end, false, &rows);
	require(vmt_space_check(world->space, &rows, &start, &end, &world->step) ==
		VMT_COMPARED_EQUAL);
	vmt_array_deinit(&rows);
}

static void do_call(struct world *world)
{
	uint64_t how = take(&world->input, 1);
	uint64_t start, end;

	random_event(world);
	if (how & 1)
		vmt_space_foresee(world->space, &world->event);
	vmt_step_begin(world->space, &world->step);
	vmt_space_call(world->space, &world->event, &world->step);
	if (how & 2) {
		struct vmt_layout layout = random_layout(world);

		for (unsigned i = 0; vmt_step_range(world->space, &world->step, i, &start, &end);
		     i++)
			check_range(world, &layout, start, end);
		vmt_array_deinit(&layout);
	}
	end_step(world);
}

static void do_growth(struct world *world)
{
	struct vmt_layout layout = random_layout(world);
	uint64_t above = 0;
	uint64_t start, end;

	while (vmt_space_grower(world->space, above, &start, &end)) {
		require(above <= start && start < end);
		above = end;
		for (size_t i = 0; i < layout.count; i++) {
			if (layout.data[i].start > end - 1 || layout.data[i].end < end)
				continue;
			if (vmt_space_grow(world->space, &layout.data[i], &world->step))
				end_step(world);
		}
	}
	vmt_array_deinit(&layout);
}

static void told(void *data, struct vmt_step *step)
{
	apply(data, step);
}

/* The child goes on; the parent is left as it was. */
static void do_fork(struct world *world)
{
	struct vmt_layout layout = random_layout(world);
	struct views copied = { 0 };
	struct vmt_space *child =
		vmt_space_fork(world->space, ++world->spaces,
			       below(&world->input, 2) ? &layout : NULL, told, NULL, &copied);

	check_space(world->space, &world->layout);
	check_space(child, &copied);
	vmt_space_free(world->space);
	vmt_array_deinit(&world->layout.rows);
	world->space = child;
	world->layout = copied;
	vmt_space_set_look(world->space, look, world);
	vmt_array_deinit(&layout);
}

/* What is found in between: names, and a limit that another process sets. */
static void do_other(struct world *world)
{
	uint64_t which = take(&world->input, 1);
	struct vmt_mapping row;

	if (which & 1 && vmt_space_find(world->space, number(&world->input), &row)) {
		const struct vmt_layout rows = { .data = &row, .count = 1 };

		row.name = "/h";
		if (vmt_space_rename(world->space, &rows, &world->step))
			end_step(world);
	}
	if (which & 2)
		vmt_space_set_max_map_count(world->space, take(&world->input, 1));
}

/* A kernel's rules and settings. */
static void configure(struct world *world)
{
	static const char *const profiles[] = { "5.15", "6.1", "6.18" };
	struct vmt_settings settings = { .possible_cpus = 2 };
	uint64_t which = take(&world->input, 1);

	require(vmt_features_profile(profiles[which % vmt_countof(profiles)], &settings.features));
	settings.max_map_count = which & 8 ? 65530 : 20;
	settings.overcommit = which & 16 ? VMT_OVERCOMMIT_GUESS : VMT_OVERCOMMIT_NEVER;
	settings.memory_pages = which & 32 ? 100 : 0;
	vmt_space_configure(world->space, &settings);
}

static void start_space(struct world *world)
{
	uint64_t how = take(&world->input, 1);
	struct vmt_space *space = vmt_space_new(++world->spaces, world->names);

	world->space = space;
	if (how & 1) {
		space->arch = &vmt_arch_i386;
		space->task_size = vmt_arch_i386.task_size;
	}
	space->legacy = how & 2;
	space->legacy_base = 16 * PAGE;
	space->mmap_base = how & 4 ? 200 * PAGE : 0;
	if (how & 8) {
		space->start_brk = space->brk = 100 * PAGE + 1;
		space->brk_known = true;
	}
	space->start_stack = 240 * PAGE;
	space->rights.may_lock = how & 16;
	if (how & 32) {
		for (size_t i = 0; i < VMT_LIMIT_COUNT; i++)
			space->rights.limits[i] = take(&world->input, 1) * PAGE;
	}
	if (how & 64)
		configure(world);
	vmt_space_set_look(space, look, world);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = { .input = { data, size } };

	world.names = vmt_names_new();
	vmt_step_init(&world.step);
	start_space(&world);
	for (int i = 0; i < EVENTS_MAX && world.input.size > 0; i++) {
		switch (below(&world.input, 8)) {
		case 0:
			do_other(&world);
			break;
		case 1:
			do_growth(&world);
			break;
		case 2:
			do_fork(&world);
			break;
		default:
			do_call(&world);
			break;
		}
	}
	vmt_step_deinit(&world.step);
	vmt_space_free(world.space);
	vmt_array_deinit(&world.layout.rows);
	vmt_names_free(world.names);
	return 0;
}
