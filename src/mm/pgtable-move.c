/* SPDX-License-Identifier: MIT */
/*
 * Tables that move or are copied: move_page_tables() (mm/mremap.c) and copy_page_range()
 * (mm/memory.c), 6.18.
 *
 * A move goes from border to border of whichever tables are nearer, the source's or the
 * destination's:
 *
 *	source       |····[aa|aaaaaa|aaa]··|       the piece between two borders of 2 MiB that meet
 *	destination  |····[aa|aaaaaa|aaa]··|       moves by one entry of the PMD: its table with it
 *	               pages  table  pages
 *
 *	source       |····[aa|aaaaaa|aaa]··|       borders that do not meet: page by page, and the
 *	destination  |[aa|aaaaaa|aaa]······|       destination gets tables of its own
 *
 * The source's tables that were emptied so go when the source is unmapped, by floor and ceiling.
 */
#include "pgtable.h"

struct move {
	struct vmt_pgtables *tables;
	uint64_t old;
	uint64_t old_end;
	uint64_t new;
};

/* can_align_down(): is @vma the lowest there is between the border below it and @address? */
static bool can_align_down(const struct vmt_vma *vma, uint64_t address, uint64_t border)
{
	const struct vmt_vma *below = vmt_vma_prev(vma);

	return vmt_vma_start(vma) == address && !(below && vmt_vma_end(below) > border);
}

/*
 * try_realign_addr() (6.7): where nothing else lies between the start and the border below it, on
 * either side, the move may begin at the border and take the whole table.
 */
static void realign(struct move *move, const struct vmt_vma *old, const struct vmt_vma *new)
{
	uint64_t span = vmt_last_span(move->tables);
	uint64_t offset = move->old & (span - 1);

	if (!offset || offset != (move->new &(span - 1)) ||
	    move->old_end - move->old < span - offset)
		return;
	if (can_align_down(old, move->old, move->old - offset) &&
	    can_align_down(new, move->new, move->new - offset)) {
		move->old -= offset;
		move->new -= offset;
	}
}

/* get_extent(): up to the next border of @span bytes, of source or destination, or to the end. */
static uint64_t extent_of(const struct move *move, uint64_t span)
{
	uint64_t extent = span - (move->old & (span - 1));

	extent = vmt_min_u64(extent, span - (move->new &(span - 1)));
	return vmt_min_u64(extent, move->old_end - move->old);
}

/* A whole table of @level, with all below it, hangs under another entry now. */
static void move_tables(struct move *move, unsigned level, uint64_t span)
{
	struct vmt_pgtables *tables = move->tables;
	uint64_t delta = move->new - move->old;

	for (unsigned i = level; i < tables->geometry->level_count; i++) {
		struct vmt_table_set *set = &tables->levels[i];
		uint64_t at = move->old;
		uint64_t start, end;

		while (at < move->old + span && vmt_table_set_next(set, at, &start, &end) &&
		       start < move->old + span) {
			end = vmt_min_u64(end, move->old + span);
			vmt_table_set_remove(set, start, end);
			vmt_table_set_add(set, start + delta, end + delta);
			at = end;
		}
	}
	if (vmt_table_set_has(&tables->huge, move->old)) {
		vmt_table_set_remove(&tables->huge, move->old, move->old + span);
		vmt_table_set_add(&tables->huge, move->new, move->new + span);
	}
}

/* One round of the loop of move_page_tables(). */
static uint64_t move_piece(struct move *move)
{
	struct vmt_pgtables *tables = move->tables;
	unsigned last = vmt_last_level(tables);
	uint64_t span = vmt_last_span(tables);
	uint64_t upper_span = last > 1 ? (uint64_t)1 << tables->levels[last - 1].span_shift : 0;
	uint64_t extent = upper_span ? extent_of(move, upper_span) : 0;

	if (upper_span && !vmt_table_set_has(&tables->levels[last - 1], move->old))
		return extent;
	if (upper_span)
		vmt_pgtables_add(tables, last - 2, move->new, move->new + 1);
	if (upper_span && extent == upper_span &&
	    !vmt_table_set_has(&tables->levels[last - 1], move->new)) {
		move_tables(move, last - 1, upper_span);
		return extent;
	}
	extent = extent_of(move, span);
	if (!vmt_table_set_has(&tables->levels[last], move->old))
		return extent;
	if (extent == span && !vmt_table_set_has(&tables->levels[last], move->new)) {
		vmt_pgtables_add(tables, last - 1, move->new, move->new + 1);
		move_tables(move, last, span);
	} else {
		vmt_table_set_remove(&tables->huge, move->old & ~(span - 1),
				     (move->old & ~(span - 1)) + span);
		vmt_pgtables_add(tables, last, move->new, move->new + 1);
	}
	return extent;
}

void vmt_pgtables_moved(struct vmt_space *space, const struct vmt_vma *old, uint64_t from,
			const struct vmt_vma *new, uint64_t to, uint64_t length)
{
	struct move move = {
		.tables = space->tables,
		.old = from,
		.old_end = from + length,
		.new = to,
	};

	if (!space->tables || !length)
		return;
	realign(&move, old, new);
	while (move.old < move.old_end) {
		uint64_t extent = move_piece(&move);

		move.old += extent;
		move.new += extent;
	}
	space->tables->recent = 0;
}

/*
 * vma_needs_copy(): pages that a fault would find again are not copied. Those of a VMA with an
 * anon_vma would not be found.
 */
static bool needs_copy(const struct vmt_vma *vma)
{
	if (vma->flags & (VMT_VM_DONTCOPY | VMT_VM_WIPEONFORK))
		return false;
	return vma->anon_vma ||
	       vma->flags & (VMT_VM_PFNMAP | VMT_VM_MIXEDMAP | VMT_VM_UFFD_WP | VMT_VM_MAYBE_GUARD);
}

/*
 *	parent       | table | table |       | table |       also a table that is empty
 *	VMA              [~~~~~~~~~~~~~~~~~~~]
 *	child        | table | table |                       as far as the VMA reaches
 */
void vmt_pgtables_copied(struct vmt_space *child, const struct vmt_space *parent,
			 const struct vmt_vma *vma)
{
	const struct vmt_pgtables *from = parent->tables;
	uint64_t end = vmt_vma_end(vma);

	if (!from || !child->tables || !needs_copy(vma))
		return;
	for (unsigned i = 1; i < from->geometry->level_count; i++) {
		uint64_t at = vmt_vma_start(vma);
		uint64_t run_start, run_end;

		while (at < end && vmt_table_set_next(&from->levels[i], at, &run_start, &run_end) &&
		       run_start < end) {
			child->tables->made += vmt_table_set_add(
				&child->tables->levels[i], run_start, vmt_min_u64(run_end, end));
			at = run_end;
		}
	}
}
