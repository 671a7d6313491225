/* SPDX-License-Identifier: MIT */
/*
 * When tables go: free_pgtables() and free_pgd_range() (mm/memory.c, 6.18). Between the VMA below and
 * the VMA above, a table goes if nothing else can need it: if all that it covers lies between the
 * floor (where the VMA below ends) and the ceiling (where the one above begins).
 *
 *	          floor                               ceiling
 *	[ below ]·|··[~~~~~ unmapped ~~~~~~~~~~~~~~]··|·[ above ]
 *	|  PTE table  |  PTE table  |  PTE table  |  PTE table  |
 *	    stays          goes          goes          stays
 *	|  PMD table: below needs it too, so it stays                       …
 *
 * So one page of a neighbour in the same 2 MiB keeps a PTE table, though all its entries are empty.
 *
 * MADV_DONTNEED frees no tables before 6.14. Since then (CONFIG_PT_RECLAIM, x86-64) a PTE table goes
 * when one VMA's part of the dropped range covers it whole:
 *
 *	|  PTE table  |  PTE table  |  PTE table  |
 *	      [~~~~~~~~~ dropped ~~~~~~~~~~]
 *	    stays          goes          stays
 */
#include "pgtable.h"

/* Frees the tables of @level that [start, end) needs and nothing outside [floor, ceiling) does. */
static void free_level(struct vmt_pgtables *tables, unsigned level, uint64_t start, uint64_t end,
		       uint64_t floor, uint64_t ceiling)
{
	struct vmt_table_set *set = &tables->levels[level];
	uint64_t span = (uint64_t)1 << set->span_shift;
	/* The outermost tables that the range touches. */
	uint64_t low = start & ~(span - 1);
	uint64_t high = (end + span - 1) & ~(span - 1);

	tables->freed +=
		vmt_table_set_remove(set, vmt_max_u64(low, floor), vmt_min_u64(high, ceiling));
}

/* A huge page of which a part went was split: its deposited table is a table now. */
static void forget_huge(struct vmt_pgtables *tables, uint64_t start, uint64_t end)
{
	uint64_t span = vmt_last_span(tables);

	vmt_table_set_remove(&tables->huge, start & ~(span - 1), (end + span - 1) & ~(span - 1));
}

void vmt_pgtables_unmapped(struct vmt_space *space, uint64_t start, uint64_t end, uint64_t floor,
			   uint64_t ceiling)
{
	struct vmt_pgtables *tables = space->tables;
	const struct vmt_geometry *geometry;

	if (!tables)
		return;
	geometry = tables->geometry;
	floor = vmt_max_u64(floor, geometry->first_user_address);
	if (!ceiling)
		ceiling = geometry->pgtables_ceiling;
	if (!ceiling)
		ceiling = UINT64_MAX;
	forget_huge(tables, start, end);
	for (unsigned i = 1; i < geometry->level_count; i++)
		free_level(tables, i, start, end, floor, ceiling);
	tables->recent = 0;
}

void vmt_pgtables_dropped(struct vmt_space *space, uint64_t start, uint64_t end)
{
	struct vmt_pgtables *tables = space->tables;
	struct vmt_table_set *last;
	uint64_t at = start;
	uint64_t run_start, run_end;

	if (!tables)
		return;
	last = &tables->levels[vmt_last_level(tables)];
	if (space->features.table_reclaim) {
		tables->freed += vmt_table_set_remove(last, start, end);
	} else {
		/* zap_huge_pmd(): a huge page that goes whole gives its deposited table back. */
		while (vmt_table_set_next(&tables->huge, at, &run_start, &run_end) &&
		       run_start < end) {
			tables->freed += vmt_table_set_remove(last, vmt_max_u64(run_start, start),
							      vmt_min_u64(run_end, end));
			at = run_end;
		}
	}
	forget_huge(tables, start, end);
	tables->recent = 0;
}
