/* SPDX-License-Identifier: MIT */
/*
 * A space's life, look-ups, and the primitives that edit it (space.h). Each primitive mirrors what
 * the kernel does under vma_prepare() and vma_complete() (mm/vma.c): all it changes of a VMA is
 * its ends, so the page offset follows the start.
 */
#include "space.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "history.h"
#include "merge.h"
#include "pkey.h"
#include "pgtable.h"

struct vmt_space *vmt_space_new(uint32_t number, struct vmt_names *names)
{
	struct vmt_space *space = vmt_calloc(1, sizeof(*space));

	space->number = number;
	space->names = names;
	space->arch = &vmt_arch_x86_64;
	space->exe = "";
	space->interp = "";
	space->task_size = space->arch->task_size;
	space->next_description = 1ULL << 32;
	space->next_anon_vma = 1;
	space->features = vmt_features_default();
	space->min_address = space->features.min_address;
	space->max_map_count = VMT_DEFAULT_MAX_MAP_COUNT;
	space->possible_cpus = 1;
	vmt_pkeys_init(&space->pkeys, true);
	space->stack_guard_bytes = 256 * vmt_space_page(space);
	for (size_t i = 0; i < VMT_LIMIT_COUNT; i++)
		space->rights.limits[i] = space->rights.hard_limits[i] = VMT_LIMIT_INFINITY;
	return space;
}

void vmt_space_free(struct vmt_space *space)
{
	struct vmt_range *next;

	if (!space)
		return;
	for (struct vmt_range *range = space->vmas.first; range; range = next) {
		next = range->next;
		free(vmt_vma_of(range));
	}
	vmt_history_free(space);
	vmt_pgtables_free(space->tables);
	vmt_array_deinit(&space->gates);
	vmt_array_deinit(&space->gate_steps);
	vmt_array_deinit(&space->touched);
	vmt_array_deinit(&space->rings);
	vmt_array_deinit(&space->growers);
	free(space);
}

uint32_t vmt_space_number(const struct vmt_space *space)
{
	return space->number;
}

size_t vmt_space_count(const struct vmt_space *space)
{
	return space->vmas.count;
}

uint32_t vmt_space_steps(const struct vmt_space *space)
{
	return space->next_step;
}

const char *vmt_space_exe(const struct vmt_space *space)
{
	return space->exe;
}

const char *vmt_space_interp(const struct vmt_space *space)
{
	return space->interp;
}

size_t vmt_grower_above(const struct vmt_space *space, uint64_t address)
{
	size_t low = 0;
	size_t high = space->growers.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (vmt_vma_start(space->growers.data[middle]) < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_grower(struct vmt_space *space, struct vmt_vma *vma)
{
	size_t at = vmt_grower_above(space, vmt_vma_start(vma));

	vmt_array_push(&space->growers, vma);
	memmove(space->growers.data + at + 1, space->growers.data + at,
		(space->growers.count - 1 - at) * sizeof(*space->growers.data));
	space->growers.data[at] = vma;
}

static void remove_grower(struct vmt_space *space, const struct vmt_vma *vma)
{
	size_t at = vmt_grower_above(space, vmt_vma_start(vma));

	assert(at < space->growers.count && space->growers.data[at] == vma);
	space->growers.count--;
	memmove(space->growers.data + at, space->growers.data + at + 1,
		(space->growers.count - at) * sizeof(*space->growers.data));
}

struct vmt_vma *vmt_space_insert(struct vmt_space *space, const struct vmt_vma *model,
				 uint64_t start, uint64_t end, uint64_t pgoff)
{
	struct vmt_vma *vma = vmt_malloc(sizeof(*vma));

	*vma = *model;
	vma->range = (struct vmt_range){ .start = start, .end = end };
	vma->pgoff = pgoff;
	vma->gone = false;
	vma->serial = space->serial;
	vmt_range_insert(&space->vmas, &vma->range);
	vmt_array_push(&space->touched, vma);
	vmt_space_dirty(space, start, end);
	vmt_account(space, vma->flags, (int64_t)vmt_pages(space, end - start));
	if (vma->flags & VMT_VM_GROWSDOWN)
		add_grower(space, vma);
	return vma;
}

void vmt_space_erase(struct vmt_space *space, struct vmt_vma *vma)
{
	assert(!vma->gone);
	vmt_space_touch(space, vma);
	vmt_space_dirty(space, vmt_vma_start(vma), vmt_vma_end(vma));
	vmt_range_erase(&space->vmas, &vma->range);
	vmt_account(space, vma->flags,
		    -(int64_t)vmt_pages(space, vmt_vma_end(vma) - vmt_vma_start(vma)));
	if (vma->flags & VMT_VM_GROWSDOWN)
		remove_grower(space, vma);
	vma->gone = true;
}

void vmt_space_resize(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end)
{
	uint64_t old_start = vmt_vma_start(vma);
	uint64_t old_end = vmt_vma_end(vma);

	vmt_space_touch(space, vma);
	if (start != old_start) {
		vmt_space_dirty(space, vmt_min_u64(start, old_start),
				vmt_max_u64(start, old_start));
		vma->pgoff += vmt_pages(space, start) - vmt_pages(space, old_start);
	}
	if (end != old_end)
		vmt_space_dirty(space, vmt_min_u64(end, old_end), vmt_max_u64(end, old_end));
	vmt_range_resize(&space->vmas, &vma->range, start, end);
	vmt_account(space, vma->flags,
		    (int64_t)vmt_pages(space, end - start) -
			    (int64_t)vmt_pages(space, old_end - old_start));
}

void vmt_spans_add(struct vmt_spans *spans, uint64_t start, uint64_t end)
{
	unsigned kept = 0;

	/* Takes in whatever it touches, then joins the rest. */
	for (unsigned i = 0; i < spans->count; i++) {
		if (spans->rows[i].start <= end && start <= spans->rows[i].end) {
			start = vmt_min_u64(start, spans->rows[i].start);
			end = vmt_max_u64(end, spans->rows[i].end);
		} else {
			spans->rows[kept++] = spans->rows[i];
		}
	}
	if (kept == vmt_countof(spans->rows)) {
		kept--;
		start = vmt_min_u64(start, spans->rows[kept].start);
		end = vmt_max_u64(end, spans->rows[kept].end);
	}
	spans->rows[kept].start = start;
	spans->rows[kept].end = end;
	spans->count = kept + 1;
}

void vmt_space_dirty(struct vmt_space *space, uint64_t start, uint64_t end)
{
	vmt_spans_add(&space->dirty, start, end);
}

bool vmt_space_find(const struct vmt_space *space, uint64_t address, struct vmt_mapping *ret_map)
{
	struct vmt_vma *vma = vmt_find_vma(space, address);

	if (vma && vmt_vma_start(vma) <= address) {
		*ret_map = vmt_vma_mapping(space, vma);
		return true;
	}
	for (size_t i = 0; i < space->gates.count; i++) {
		const struct vmt_mapping *gate = &space->gates.data[i];

		if (gate->start <= address && address < gate->end) {
			*ret_map = *gate;
			return true;
		}
	}
	return false;
}

static void rename_one(struct vmt_space *space, const struct vmt_mapping *row,
		       struct vmt_step *step)
{
	struct vmt_vma *vma = vmt_find_vma(space, row->start);

	if (!vma || !row->name || !vma->file.description || vmt_vma_start(vma) != row->start ||
	    vmt_vma_end(vma) != row->end || vma->file.inode != row->inode ||
	    strcmp(vma->file.name, row->name) == 0)
		return;
	if (space->step != step) {
		vmt_step_begin(space, step);
		step->cause = VMT_CAUSE_NAME_CHANGED;
		step->check = VMT_CHECK_MATCH;
		step->file_name = row->name;
		step->start = row->start;
	}
	step->end = row->end;
	vmt_space_touch(space, vma);
	vma->file.name = row->name;
}

bool vmt_space_rename(struct vmt_space *space, const struct vmt_layout *rows, struct vmt_step *step)
{
	for (size_t i = 0; i < rows->count; i++)
		rename_one(space, &rows->data[i], step);
	return space->step == step;
}

/* The VMA with exactly @row's range, and its flags as smaps' @words have them; NULL if there are none. */
static struct vmt_vma *vma_of_words(const struct vmt_space *space, const struct vmt_mapping *row,
				    const char *words, uint64_t *ret_flags)
{
	struct vmt_vma *vma = vmt_find_vma(space, row->start);

	if (!vma || !words[0] || vmt_vma_start(vma) != row->start || vmt_vma_end(vma) != row->end)
		return NULL;
	*ret_flags =
		(vmt_vm_flags_parse(words) & ~VMT_VM_SOFTDIRTY) | (vma->flags & VMT_VM_PKEY_MASK);
	if (space->features.onfault_hidden && *ret_flags & VMT_VM_LOCKED)
		*ret_flags |= vma->flags & VMT_VM_LOCKONFAULT;
	return vma;
}

uint64_t vmt_space_refresh_flags(struct vmt_space *space, const struct vmt_mapping *row,
				 const char *words)
{
	uint64_t flags, others;
	struct vmt_vma *vma = vma_of_words(space, row, words, &flags);

	if (!vma || flags == vma->flags)
		return 0;
	others = flags ^ vma->flags;
	vmt_space_set_flags(space, vma, flags);
	return others;
}

uint64_t vmt_space_check_flags(struct vmt_space *space, const struct vmt_mapping *row,
			       const char *words, struct vmt_step *step)
{
	uint64_t flags, others;
	struct vmt_vma *vma = vma_of_words(space, row, words, &flags);
	bool hidden;

	if (!vma || flags == vma->flags)
		return 0;
	/* mprotect() let it keep VM_ACCOUNT: it had an anon_vma, though none of its pages is left. */
	hidden = flags == (vma->flags | VMT_VM_ACCOUNT) && vmt_vma_is_anon(vma) &&
		 !(flags & VMT_VM_WRITE) && space->features.unaccount_unfaulted;
	if (hidden && !vma->anon_vma)
		vmt_anon_prepare(space, vma);
	others = flags ^ vma->flags;
	vmt_space_set_flags(space, vma, flags);
	step->check = VMT_CHECK_ADJUSTED;
	if (step->reason == VMT_REASON_NONE)
		step->reason = hidden ? VMT_REASON_ANON_VMA : VMT_REASON_UNEXPLAINED;
	return others;
}

void vmt_space_configure(struct vmt_space *space, const struct vmt_settings *settings)
{
	space->features = settings->features;
	space->min_address = settings->min_address;
	space->max_map_count = settings->max_map_count;
	space->overcommit = settings->overcommit;
	space->memory_pages = settings->memory_pages;
	space->possible_cpus = settings->possible_cpus;
	space->has_pkeys = settings->pkeys;
	space->shmem_unit_bytes = settings->shmem_unit_bytes;
}

struct vmt_heritage vmt_space_heritage(const struct vmt_space *space)
{
	return (struct vmt_heritage){
		.deny_write_exec = space->deny_write_exec && !space->deny_not_inherited,
		.merge_any = space->merge_any,
	};
}

void vmt_space_inherit(struct vmt_space *space, struct vmt_heritage heritage)
{
	space->deny_write_exec = heritage.deny_write_exec;
	space->merge_any = heritage.merge_any;
}

void vmt_space_set_max_map_count(struct vmt_space *space, uint64_t count)
{
	space->max_map_count = count;
}

void vmt_space_set_look(struct vmt_space *space, vmt_look_fn *look, void *data)
{
	space->look = look;
	space->look_data = data;
}

void vmt_space_set_across(struct vmt_space *space, vmt_across_fn *across, void *data)
{
	space->across = across;
	space->across_data = data;
}

void vmt_space_set_flags(struct vmt_space *space, struct vmt_vma *vma, uint64_t flags)
{
	int64_t pages = (int64_t)vmt_pages(space, vmt_vma_end(vma) - vmt_vma_start(vma));

	if (vma->flags == flags)
		return;
	vmt_space_touch(space, vma);
	vmt_account(space, vma->flags, -pages);
	vma->flags = flags;
	vmt_account(space, vma->flags, pages);
}

void vmt_why(struct vmt_space *space, enum vmt_why_id id, uint64_t number0, uint64_t number1,
	     uint64_t number2, uint64_t number3)
{
	if (space->step)
		vmt_step_why(space->step,
			     (struct vmt_why){ .id = id,
					       .number = { number0, number1, number2, number3 } });
}

int vmt_refuse(struct vmt_space *space, int err, enum vmt_why_id id)
{
	vmt_why(space, id, 0, 0, 0, 0);
	return -err;
}

int vmt_why_limit(struct vmt_space *space, enum vmt_why_id id)
{
	vmt_why(space, id, space->vmas.count, space->max_map_count, 0, 0);
	return -ENOMEM;
}

int vmt_why_sealed(struct vmt_space *space, const struct vmt_vma *vma)
{
	vmt_why(space, VMT_WHY_SEALED, vmt_vma_start(vma), vmt_vma_end(vma), 0, 0);
	return -EPERM;
}
