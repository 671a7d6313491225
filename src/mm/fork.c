/* SPDX-License-Identifier: MIT */
/*
 * fork's copy of a space: dup_mmap() (mm/mmap.c, 6.18). The VMAs are copied one to one, equal
 * neighbours included, and nothing merges; what VM_DONTCOPY marks is left out, VM_WIPEONFORK starts
 * empty, locks are not inherited.
 */
#include <stdlib.h>

#include "merge.h"
#include "ops.h"
#include "path.h"
#include "pgtable.h"
#include "space.h"

static void copy_fields(struct vmt_space *child, const struct vmt_space *parent)
{
	child->arch = parent->arch;
	child->look = parent->look;
	child->look_data = parent->look_data;
	child->features = parent->features;
	child->show_path = parent->show_path;
	child->min_address = parent->min_address;
	child->max_map_count = parent->max_map_count;
	child->exe = parent->exe;
	child->interp = parent->interp;
	child->mmap_base = parent->mmap_base;
	child->mmap_base_max = parent->mmap_base_max;
	child->compat_base = parent->compat_base;
	child->shmem_unit_bytes = parent->shmem_unit_bytes;
	child->legacy_base = parent->legacy_base;
	child->legacy = parent->legacy;
	child->task_size = parent->task_size;
	child->stack_guard_bytes = parent->stack_guard_bytes;
	child->start_brk = parent->start_brk;
	child->brk = parent->brk;
	child->brk_known = parent->brk_known;
	child->brk_inferred = parent->brk_inferred;
	child->start_data = parent->start_data;
	child->end_data = parent->end_data;
	child->start_stack = parent->start_stack;
	child->rights = parent->rights;
	child->has_pkeys = parent->has_pkeys;
	child->pkeys = parent->pkeys; /* arch_dup_pkeys() */
	child->overcommit = parent->overcommit;
	child->possible_cpus = parent->possible_cpus;
	child->memory_pages = parent->memory_pages;
	vmt_space_inherit(child, vmt_space_heritage(parent));
	child->next_description = parent->next_description;
	child->next_anon_vma = parent->next_anon_vma;
}

static void copy_gates(struct vmt_space *child, const struct vmt_space *parent, vmt_step_fn *done,
		       void *data, struct vmt_step *step)
{
	for (size_t i = 0; i < parent->gates.count; i++) {
		const struct vmt_mapping *gate = &parent->gates.data[i];

		vmt_step_begin(child, step);
		step->cause = VMT_CAUSE_BOOT;
		step->check = VMT_CHECK_MATCH;
		step->start = gate->start;
		step->end = gate->end;
		step->file_name = gate->name;
		vmt_array_push(&child->gates, *gate);
		vmt_array_push(&child->gate_steps, step->number);
		vmt_step_gate(step, gate);
		vmt_step_end(child, step);
		done(data, step);
	}
}

/* vm_area_dup() and anon_vma_fork(): the copy's attributes. */
static struct vmt_vma copy_of(struct vmt_space *child, const struct vmt_vma *vma)
{
	struct vmt_vma copy = *vma;

	copy.flags &= ~(VMT_VM_LOCKED | VMT_VM_LOCKONFAULT);
	if (copy.flags & VMT_VM_WIPEONFORK) {
		copy.anon_vma = VMT_ANON_NONE;
		copy.anon_forked = false;
	} else if (copy.anon_vma) {
		copy.anon_vma = child->next_anon_vma++;
		copy.anon_forked = true;
	}
	vmt_uffd_fork(&copy);
	/* The counts of the parent. */
	copy.looked = copy.empty = 0;
	return copy;
}

static int compare_start(const void *start, const void *row)
{
	uint64_t a = *(const uint64_t *)start;
	uint64_t b = ((const struct vmt_mapping *)row)->start;

	return (a > b) - (a < b);
}

/* Whether the kernel's child has the copy as it is; if not, adopt_layout() will take it over. */
static void check_copy(struct vmt_space *child, const struct vmt_layout *layout,
		       struct vmt_step *step)
{
	const struct vmt_mapping *row;
	struct vmt_mapping have;

	if (!layout)
		return;
	step->check = VMT_CHECK_MATCH;
	row = layout->count == 0 ? NULL
				 : bsearch(&step->start, layout->data, layout->count, sizeof(*row),
					   compare_start);
	if (row && row->end == step->end && vmt_space_find(child, row->start, &have) &&
	    vmt_mapping_equal(&have, row))
		return;
	step->check = VMT_CHECK_ADJUSTED;
	step->reason = VMT_REASON_ORDER_INFERRED;
}

/*
 * What the step has taken over came through fork from a VMA of the parent that nobody has seen. Where
 * no page tells, it may have an anon_vma all the same: a part of one that was cut.
 */
static void mark_found(struct vmt_space *child)
{
	for (struct vmt_vma *vma = vmt_space_first(child); vma; vma = vmt_vma_next(vma)) {
		if (vma->serial != child->serial)
			continue;
		vma->found = true;
		vmt_anon_look(child, vma);
		vma->anon_forked = vma->anon_vma != VMT_ANON_NONE;
	}
}

/* Whatever the child's layout has that the copies do not: the order of threads, in the main. */
static void adopt_layout(struct vmt_space *child, const struct vmt_layout *layout,
			 vmt_step_fn *done, vmt_adopted_fn *adopted, void *data,
			 struct vmt_step *step)
{
	enum vmt_compared compared;
	struct vmt_layout rows = { 0 };
	uint64_t start = 0;
	uint64_t end = UINT64_MAX;

	for (size_t i = 0; i < layout->count; i++) {
		if (!layout->data[i].gate)
			vmt_array_push(&rows, layout->data[i]);
	}
	vmt_step_begin(child, step);
	step->cause = VMT_CAUSE_FOUND;
	step->reason = VMT_REASON_ORDER_INFERRED;
	vmt_infer_break(child, &rows);
	compared = vmt_space_check(child, &rows, &start, &end, step);
	if (compared == VMT_COMPARED_TAKEN_OVER) {
		mark_found(child);
		if (adopted)
			adopted(data, child, &rows);
	}
	/* Equal, but for what a file's identity turned out to be: that is a change too. */
	if (compared == VMT_COMPARED_EQUAL && !child->touched.count) {
		vmt_step_cancel(child);
	} else {
		vmt_step_end(child, step);
		done(data, step);
	}
	vmt_array_deinit(&rows);
}

/* One VMA of the parent: the step of the child, in which it may have no part. */
static void copy_vma(struct vmt_space *child, const struct vmt_vma *vma,
		     const struct vmt_layout *layout, struct vmt_step *step)
{
	struct vmt_vma copy = copy_of(child, vma);
	VMT_PATH(child, DUP_MMAP);

	step->cause = VMT_CAUSE_FORK;
	step->predicted = true;
	step->start = vmt_vma_start(vma);
	step->end = vmt_vma_end(vma);
	step->file_name = copy.file.description ? copy.file.name : copy.special ? copy.special : "";
	if (vma->flags & VMT_VM_DONTCOPY) {
		vmt_why(child, VMT_WHY_FORK_NOT_COPIED, step->start, step->end, 0, 0);
		step->check = layout ? VMT_CHECK_MATCH : VMT_CHECK_UNCHECKED;
		return;
	}
	if (vma->flags & VMT_VM_WIPEONFORK)
		vmt_why(child, VMT_WHY_FORK_WIPED, step->start, step->end, 0, 0);
	if (vma->flags & VMT_VM_LOCKED)
		vmt_why(child, VMT_WHY_FORK_UNLOCKED, step->start, step->end, 0, 0);
	VMT_PATH(child, VM_AREA_DUP);
	vmt_space_insert(child, &copy, step->start, step->end, copy.pgoff);
	check_copy(child, layout, step);
}

struct vmt_space *vmt_space_fork(struct vmt_space *parent, uint32_t number,
				 const struct vmt_layout *layout, vmt_step_fn *done,
				 vmt_adopted_fn *adopted, void *data)
{
	struct vmt_space *child = vmt_space_new(number, parent->names);
	struct vmt_step step;

	vmt_step_init(&step);
	copy_fields(child, parent);
	if (parent->tables)
		vmt_space_watch_tables(child, vmt_space_geometry(parent));
	copy_gates(child, parent, done, data, &step);
	parent->moment++;
	for (struct vmt_vma *vma = vmt_space_first(parent); vma; vma = vmt_vma_next(vma)) {
		vmt_anon_look(parent, vma);
		vmt_step_begin(child, &step);
		copy_vma(child, vma, layout, &step);
		vmt_pgtables_copied(child, parent, vma);
		vmt_step_end(child, &step);
		done(data, &step);
	}
	if (layout)
		adopt_layout(child, layout, done, adopted, data, &step);
	vmt_step_deinit(&step);
	return child;
}
