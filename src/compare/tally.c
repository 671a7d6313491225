/* SPDX-License-Identifier: MIT */
/*
 * tally: counts and sums over the steps of a run, and who made what is still there in the end.
 *
 * Invariant: the pieces of a space cover what its VMAs cover, gate pages included.
 */
#include <stdlib.h>
#include <string.h>

#include "pieces.h"
#include "stacks.h"
#include "tokens.h"
#include "vmtrace/compare.h"

enum {
	SMALL_HOLE_BYTES = 2 << 20,
	SIZE_WORD = 3, /* of key_of() */
	RECENT = 64, /* owners that are found without their names' hashes */
};

/* Who made pieces: mappings of one size, by one actor through one call, from one stack. */
struct owner {
	uint32_t space;
	uint32_t first_step;
	size_t rows[VMT_TALLY_COUNT];
	const char *actor;
	const char *object;
	const char *call;
	uint32_t stack; /* vmt_stacks_get(), 0 none */
	uint64_t size_bytes;
	bool by_call; /* of the program, not the kernel's own doing */
	uint64_t count; /* what is left */
	uint64_t bytes;
};

/* A space that is alive. */
struct live_space {
	struct vmt_tally_space *sums;
	struct vmt_pieces pieces;
};

struct vmt_tally {
	struct vmt_tally_result result;
	struct vmt_names *names;
	struct vmt_tokens row_keys[VMT_TALLY_COUNT]; /* token: index of the row */
	struct vmt_tokens owner_keys; /* token: index of the owner */
	VMT_ARRAY(struct owner) owners;
	struct vmt_stacks stacks;
	uint32_t recent[RECENT]; /* index of an owner + 1; 0: none */
	VMT_ARRAY(struct live_space) live;
};

struct vmt_tally *vmt_tally_new(void)
{
	struct vmt_tally *tally = vmt_calloc(1, sizeof(*tally));

	tally->names = vmt_names_new();
	return tally;
}

void vmt_tally_free(struct vmt_tally *tally)
{
	for (size_t i = 0; i < VMT_TALLY_COUNT; i++) {
		vmt_array_deinit(&tally->result.rows[i]);
		vmt_tokens_deinit(&tally->row_keys[i]);
	}
	for (size_t i = 0; i < tally->live.count; i++)
		vmt_pieces_deinit(&tally->live.data[i].pieces);
	for (size_t i = 0; i < tally->result.spaces.count; i++)
		free(tally->result.spaces.data[i]);
	vmt_array_deinit(&tally->result.spaces);
	vmt_array_deinit(&tally->result.leaks);
	vmt_array_deinit(&tally->owners);
	vmt_array_deinit(&tally->live);
	vmt_tokens_deinit(&tally->owner_keys);
	vmt_stacks_deinit(&tally->stacks);
	vmt_names_free(tally->names);
	free(tally);
}

/* ---- Who -------------------------------------------------------------------------------------- */

static size_t row_of(struct vmt_tally *tally, enum vmt_tally_by by, const char *name)
{
	struct vmt_key key = { .words = { (uint64_t)(uintptr_t)name } };
	uint32_t token = vmt_tokens_add(&tally->row_keys[by], &key);
	struct vmt_tally_row row = { .name = name };

	if (token == tally->result.rows[by].count)
		vmt_array_push(&tally->result.rows[by], row);
	return token;
}

static struct vmt_key key_of(const struct owner *owner)
{
	return (struct vmt_key){
		.words = {
			(uint64_t)(uintptr_t)owner->actor,
			(uint64_t)(uintptr_t)owner->object,
			(uint64_t)(uintptr_t)owner->call,
			owner->size_bytes,
			(uint64_t)owner->space << 32 | owner->stack,
		},
	};
}

static const struct vmt_frame *stack_of(const struct vmt_step *step)
{
	return step->event ? step->event->stack : NULL;
}

static uint32_t add_owner_of(struct vmt_tally *tally, const struct vmt_step *step,
			     uint64_t size_bytes)
{
	const char *actor = vmt_names_add(tally->names, step->actor ? step->actor : "");
	const char *object = vmt_names_add(tally->names, step->object ? step->object : "");
	const char *call = vmt_names_add(tally->names, vmt_step_call(step));
	struct owner owner = {
		.space = step->space,
		.first_step = step->number,
		.actor = actor,
		.object = object,
		.call = call,
		.stack = vmt_stacks_add(&tally->stacks, tally->names, stack_of(step)),
		.size_bytes = size_bytes,
		.by_call = step->cause == VMT_CAUSE_CALL,
	};
	struct vmt_key key = key_of(&owner);
	uint32_t token = vmt_tokens_add(&tally->owner_keys, &key);

	if (token < tally->owners.count)
		return token;
	owner.rows[VMT_TALLY_ACTOR] = row_of(tally, VMT_TALLY_ACTOR, actor);
	owner.rows[VMT_TALLY_OBJECT] = row_of(tally, VMT_TALLY_OBJECT, object);
	owner.rows[VMT_TALLY_CALL] = row_of(tally, VMT_TALLY_CALL, call);
	vmt_array_push(&tally->owners, owner);
	return token;
}

static bool is_owner(const struct owner *owner, const struct vmt_step *step, const char *call,
		     uint64_t size_bytes)
{
	return !owner->stack && owner->space == step->space && owner->size_bytes == size_bytes &&
	       strcmp(owner->call, call) == 0 &&
	       strcmp(owner->actor, step->actor ? step->actor : "") == 0 &&
	       strcmp(owner->object, step->object ? step->object : "") == 0;
}

/* A program does the same again and again: to compare names is quicker than to look them up. */
static uint32_t owner_of(struct vmt_tally *tally, const struct vmt_step *step, uint64_t size_bytes)
{
	const char *call = vmt_step_call(step);
	uint64_t hash = vmt_mix(vmt_mix(step->space, size_bytes), (uint64_t)(uintptr_t)call);
	uint32_t *recent = &tally->recent[hash % RECENT];

	/* Stacks have numbers of their own. */
	if (stack_of(step))
		return add_owner_of(tally, step, size_bytes);
	if (!*recent || !is_owner(&tally->owners.data[*recent - 1], step, call, size_bytes))
		*recent = add_owner_of(tally, step, size_bytes) + 1;
	return *recent - 1;
}

/* ---- Spaces ----------------------------------------------------------------------------------- */

static struct live_space *live_of(struct vmt_tally *tally, uint32_t space)
{
	for (size_t i = tally->live.count; i-- > 0;)
		if (tally->live.data[i].sums->space == space)
			return &tally->live.data[i];
	return NULL;
}

void vmt_tally_space(struct vmt_tally *tally, const struct vmt_space_info *info)
{
	struct live_space live = { .sums = vmt_calloc(1, sizeof(*live.sums)) };

	live.sums->space = info->space;
	live.sums->pid = info->pid;
	live.sums->exe = vmt_names_add(tally->names, info->exe);
	live.sums->sample_stride = 1;
	vmt_array_push(&tally->result.spaces, live.sums);
	vmt_array_push(&tally->live, live);
}

/* When there is no room for one more, every second goes. */
static void sample(struct vmt_tally_space *sums, uint32_t step)
{
	if ((sums->steps - 1) % sums->sample_stride)
		return;
	if (sums->sample_count == VMT_TALLY_SAMPLES) {
		for (size_t i = 0; i < VMT_TALLY_SAMPLES / 2; i++)
			sums->samples[i] = sums->samples[2 * i];
		sums->sample_count = VMT_TALLY_SAMPLES / 2;
		sums->sample_stride *= 2;
		if ((sums->steps - 1) % sums->sample_stride)
			return;
	}
	sums->samples[sums->sample_count++] =
		(struct vmt_tally_sample){ .step = step, .vmas = sums->vmas };
}

static void count_vmas(struct vmt_tally_space *sums, const struct vmt_step *step)
{
	int64_t more = vmt_step_vmas(step);

	sums->vmas = more < 0 && (uint64_t)-more > sums->vmas ? 0 : sums->vmas + (uint64_t)more;
	if (!sums->steps++)
		sums->first_ns = step->time_ns;
	sums->last_ns = step->time_ns;
	if (sums->vmas > sums->vmas_peak) {
		sums->vmas_peak = sums->vmas;
		sums->peak_step = step->number;
	}
	sample(sums, step->number);
}

/* The holes in the pieces within [start, end) belong to the step from now on. */
static void fill(struct vmt_pieces *pieces, uint64_t start, uint64_t end, uint32_t step,
		 uint32_t owner)
{
	struct vmt_piece next;

	while (start < end) {
		bool found = vmt_pieces_find(pieces, start, &next);
		uint64_t until = found && next.start < end ? next.start : end;

		if (until > start)
			vmt_pieces_add(pieces, &(struct vmt_piece){ start, until, step, owner });
		if (!found || next.start >= end)
			return;
		start = next.end;
	}
}

/* [start, end) as far as none of the VMAs that the step added is there. */
static void cut_uncovered(struct vmt_pieces *pieces, const struct vmt_step *step, uint64_t start,
			  uint64_t end)
{
	for (size_t i = 0; i < step->added.count && start < end; i++) {
		const struct vmt_mapping *map = &step->added.data[i].map;

		if (map->end <= start)
			continue;
		if (map->start > start)
			vmt_pieces_cut(pieces, start, vmt_min_u64(map->start, end));
		start = vmt_max_u64(start, map->end);
	}
	if (start < end)
		vmt_pieces_cut(pieces, start, end);
}

static void update_pieces(struct vmt_pieces *pieces, const struct vmt_step *step, uint32_t owner,
			  const struct vmt_step_bytes *bytes)
{
	uint64_t changed = 0;

	for (size_t i = 0; i < step->removed.count; i++) {
		const struct vmt_mapping *map = &step->removed.data[i].map;

		cut_uncovered(pieces, step, map->start, map->end);
		changed += map->end - map->start;
	}
	/* A mapping that was put over another one: the range is made anew. */
	if (bytes->mapped && bytes->unmapped && changed && step->end > step->start)
		for (size_t i = 0; i < step->added.count; i++) {
			uint64_t low = vmt_max_u64(step->added.data[i].map.start, step->start);
			uint64_t high = vmt_min_u64(step->added.data[i].map.end, step->end);

			if (low < high)
				vmt_pieces_cut(pieces, low, high);
		}
	for (size_t i = 0; i < step->added.count; i++)
		fill(pieces, step->added.data[i].map.start, step->added.data[i].map.end,
		     step->number, owner);
}

void vmt_tally_step(struct vmt_tally *tally, const struct vmt_step *step)
{
	struct live_space *live = live_of(tally, step->space);
	struct vmt_step_bytes bytes = vmt_step_bytes(step);
	uint32_t index = owner_of(tally, step, bytes.mapped);

	tally->result.steps++;
	for (int by = 0; by < VMT_TALLY_COUNT; by++) {
		struct vmt_tally_row *row =
			&tally->result.rows[by].data[tally->owners.data[index].rows[by]];

		row->steps++;
		row->failed += step->cause == VMT_CAUSE_CALL && step->event && step->event->failed;
		row->mapped_bytes += bytes.mapped;
		row->unmapped_bytes += bytes.unmapped;
	}
	if (!live)
		return;
	count_vmas(live->sums, step);
	if (step->added.count || step->removed.count)
		update_pieces(&live->pieces, step, index, &bytes);
}

/* ---- The end of a space -------------------------------------------------------------------------- */

/* What is left of a space goes to those who made it. */
static void settle(struct vmt_tally *tally, struct live_space *live)
{
	for (size_t b = 0; b < live->pieces.blocks.count; b++) {
		const struct vmt_piece_block *block = live->pieces.blocks.data[b];

		for (size_t i = 0; i < block->count; i++) {
			const struct vmt_piece *piece = &block->pieces[i];
			struct owner *owner = &tally->owners.data[piece->owner];

			owner->count++;
			owner->bytes += piece->end - piece->start;
		}
	}
	vmt_pieces_deinit(&live->pieces);
}

static void add_hole(struct vmt_tally_space *sums, uint64_t start, uint64_t end)
{
	struct vmt_tally_hole hole = { start, end };

	sums->hole_count++;
	if (end - start < SMALL_HOLE_BYTES) {
		sums->small_hole_count++;
		sums->small_hole_bytes += end - start;
	}
	for (size_t i = 0; i < VMT_TALLY_HOLES; i++) {
		struct vmt_tally_hole *listed = &sums->holes[i];
		struct vmt_tally_hole smaller = *listed;

		if (hole.end - hole.start <= listed->end - listed->start)
			continue;
		*listed = hole;
		hole = smaller;
	}
}

static void add_vma(struct vmt_tally_space *sums, const struct vmt_vma_view *view)
{
	uint64_t bytes = view->map.end - view->map.start;
	unsigned access = VMT_PERM_READ | VMT_PERM_WRITE | VMT_PERM_EXEC;

	sums->mapped_bytes += bytes;
	if (view->map.perms & VMT_PERM_SHARED)
		return;
	if (view->vm_flags & VMT_VM_NORESERVE || !(view->map.perms & access))
		sums->reserved_bytes += bytes;
	else if (view->vm_flags ? (view->vm_flags & VMT_VM_ACCOUNT) != 0
				: (view->map.perms & VMT_PERM_WRITE) != 0)
		sums->committed_bytes += bytes;
}

void vmt_tally_layout(struct vmt_tally *tally, const struct vmt_layout_info *info)
{
	struct live_space *live = live_of(tally, info->space->space);
	uint64_t end = 0;

	if (!live)
		return;
	live->sums->has_layout = true;
	live->sums->vmas = info->map_count;
	live->sums->vmas_limit = info->map_count_limit;
	live->sums->has_page_table = info->has_page_table;
	live->sums->page_table_kib = info->page_table_kib;
	for (size_t i = 0; i < info->list->rows.count; i++) {
		const struct vmt_vma_view *view = &info->list->rows.data[i];

		if (view->map.gate)
			continue;
		if (end && view->map.start > end)
			add_hole(live->sums, end, view->map.start);
		end = view->map.end;
		add_vma(live->sums, view);
	}
	settle(tally, live);
	*live = tally->live.data[--tally->live.count];
}

/* ---- The end of the run -------------------------------------------------------------------------- */

static int by_live(const void *left, const void *right)
{
	const struct vmt_tally_row *a = left, *b = right;

	if (a->live_bytes != b->live_bytes)
		return a->live_bytes > b->live_bytes ? -1 : 1;
	if (a->steps != b->steps)
		return a->steps > b->steps ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int by_bytes(const void *left, const void *right)
{
	const struct vmt_tally_leak *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	return a->first_step < b->first_step ? -1 : a->first_step > b->first_step;
}

/*
 * What is left of the owner joins the leak of its maker: one of the same stack, whatever the sizes;
 * without a stack one of the same size. @leaks has their keys.
 */
static void add_leak(struct vmt_tally *tally, struct vmt_tokens *leaks, const struct owner *owner)
{
	struct vmt_tally_leak fresh = {
		.space = owner->space,
		.first_step = owner->first_step,
		.actor = owner->actor,
		.object = owner->object,
		.call = owner->call,
		.stack = vmt_stacks_get(&tally->stacks, owner->stack),
		.size_bytes = owner->size_bytes,
	};
	struct vmt_key key = key_of(owner);
	struct vmt_tally_leak *leak;
	uint32_t token;

	if (owner->stack)
		key.words[SIZE_WORD] = 0;
	token = vmt_tokens_add(leaks, &key);
	if (token == tally->result.leaks.count)
		vmt_array_push(&tally->result.leaks, fresh);
	leak = &tally->result.leaks.data[token];
	if (leak->size_bytes != owner->size_bytes)
		leak->size_bytes = 0;
	leak->count += owner->count;
	leak->bytes += owner->bytes;
}

static void add_owners(struct vmt_tally *tally)
{
	struct vmt_tokens leaks = { 0 };

	for (size_t i = 0; i < tally->owners.count; i++) {
		const struct owner *owner = &tally->owners.data[i];

		for (int by = 0; by < VMT_TALLY_COUNT; by++)
			tally->result.rows[by].data[owner->rows[by]].live_bytes += owner->bytes;
		if (owner->by_call && owner->bytes)
			add_leak(tally, &leaks, owner);
	}
	vmt_tokens_deinit(&leaks);
}

const struct vmt_tally_result *vmt_tally_finish(struct vmt_tally *tally)
{
	struct vmt_tally_result *result = &tally->result;

	/* Those that were still running, or were lost with vmtrace. */
	for (size_t i = 0; i < tally->live.count; i++)
		settle(tally, &tally->live.data[i]);
	tally->live.count = 0;
	add_owners(tally);
	for (int by = 0; by < VMT_TALLY_COUNT; by++)
		if (result->rows[by].count)
			qsort(result->rows[by].data, result->rows[by].count,
			      sizeof(*result->rows[by].data), by_live);
	if (result->leaks.count)
		qsort(result->leaks.data, result->leaks.count, sizeof(*result->leaks.data),
		      by_bytes);
	return result;
}
