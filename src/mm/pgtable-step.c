/* SPDX-License-Identifier: MIT */
/*
 * What a step means for the page tables, said before its pages appear: which entries of each level
 * its range needs, and which of the tables are there already because a neighbour needs them too.
 *
 *	range           [~~~~~~~~~~~~~~~~]
 *	PTE   |     0x1ff     |     0x000     |        needed 2, there 1
 *	PMD   |               |               |        first index 0x1ff, last index 0x000, needed 2
 */
#include <string.h>

#include "pgtable.h"

static uint64_t spans(const struct vmt_table_set *set, uint64_t start, uint64_t end)
{
	return ((end - 1) >> set->span_shift) - (start >> set->span_shift) + 1;
}

/* Anonymous memory, or shared memory, of which huge pages may be made. */
static bool may_be_huge(const struct vmt_vma *vma)
{
	return vma && (vmt_vma_is_anon(vma) || vma->file.shmem) &&
	       !(vma->flags & (VMT_VM_NOHUGEPAGE | VMT_VM_SPECIAL));
}

/* How many huge pages of the level above the last have room in the range. */
static void describe_huge(const struct vmt_space *space, struct vmt_step_tables *tables)
{
	const struct vmt_geometry *geometry = tables->geometry;
	const struct vmt_table_level *level;
	const struct vmt_vma *vma = vmt_find_vma(space, tables->start);
	uint64_t size, first, last;

	if (geometry->level_count < 3 || (vma && vmt_vma_start(vma) >= tables->end))
		return;
	level = &geometry->levels[geometry->level_count - 2];
	if (!level->leaf_thp || !may_be_huge(vma))
		return;
	size = vmt_level_entry_span(level);
	tables->huge_bytes = size;
	/* The VMA counts, not the call: merged with its neighbours it may have room for more. */
	first = (vmt_max_u64(vmt_vma_start(vma), tables->start & ~(size - 1)) + size - 1) / size;
	last = vmt_min_u64(vmt_vma_end(vma), (tables->end + size - 1) & ~(size - 1)) / size;
	tables->huge_possible = last > first ? last - first : 0;
}

void vmt_step_tables(const struct vmt_space *space, struct vmt_step *step)
{
	const struct vmt_pgtables *tables = space->tables;
	struct vmt_step_tables *found = &step->tables;

	if (!tables || found->known)
		return;
	found->known = true;
	found->geometry = tables->geometry;
	if (step->start >= step->end || step->whole || step->end > tables->geometry->user_end)
		return;
	found->start = step->start;
	found->end = step->end;
	for (unsigned i = 0; i < tables->geometry->level_count; i++) {
		const struct vmt_table_level *level = &tables->geometry->levels[i];
		struct vmt_step_level *row = &found->levels[i];

		row->first_index = vmt_level_index(level, step->start);
		row->last_index = vmt_level_index(level, step->end - 1);
		row->needed = i ? spans(&tables->levels[i], step->start, step->end) : 1;
		row->there =
			i ? vmt_table_set_count(&tables->levels[i], step->start, step->end) : 1;
	}
	describe_huge(space, found);
}

void vmt_pgtables_step_end(struct vmt_space *space, struct vmt_step *step)
{
	struct vmt_pgtables *tables = space->tables;
	struct vmt_step_tables *found = &step->tables;
	uint64_t kept;

	if (!tables)
		return;
	vmt_step_tables(space, step);
	vmt_pgtables_tell(space, step->start, step->end);
	kept = vmt_min_u64(tables->faults, VMT_STEP_FAULTS_MAX);
	found->faults = tables->faults;
	memcpy(found->first_faults, tables->first_faults, kept * sizeof(*tables->first_faults));
	found->made = tables->made;
	found->freed = tables->freed;
	found->bytes = vmt_space_table_bytes(space);
	tables->made = tables->freed = tables->faults = 0;
}
