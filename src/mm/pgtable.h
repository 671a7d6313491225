/* SPDX-License-Identifier: MIT */
/*
 * pgtable: the page tables of one space. Nothing here costs anything in a space that is not
 * watched: space->tables is NULL then, and every hook returns at once.
 *
 * Invariants: a table's parents are there too; what a set holds lies below the user's end.
 */
#ifndef MM_PGTABLE_H
#define MM_PGTABLE_H

#include "space.h"
#include "tableset.h"

/* Pages whose mapping is yet to be told. */
struct vmt_waiting {
	uint64_t start;
	uint64_t end;
	enum vmt_populate how;
};

struct vmt_pgtables {
	const struct vmt_geometry *geometry;
	/* One set per level of the geometry. [0], the PGD, stays empty: there is always one. */
	struct vmt_table_set levels[VMT_LEVELS_MAX];
	/* Anonymous huge pages: spans of the last level whose table is only deposited. */
	struct vmt_table_set huge;
	uint64_t constant_bytes; /* of tables that never go */
	uint64_t recent; /* span of the last level in which a fault was seen, +1; 0: none */
	VMT_ARRAY(struct vmt_waiting) waiting; /* vmt_space_pages_wait(), ascending */

	/* Since the last step. */
	uint64_t made;
	uint64_t freed;
	uint64_t faults;
	uint64_t first_faults[VMT_STEP_FAULTS_MAX];
};

/* The level whose tables hold the entries of pages. */
static inline unsigned vmt_last_level(const struct vmt_pgtables *tables)
{
	return tables->geometry->level_count - 1;
}

/* Bytes that one table of the last level covers (PMD_SIZE, but on arm's pairs). */
static inline uint64_t vmt_last_span(const struct vmt_pgtables *tables)
{
	return (uint64_t)1 << tables->levels[vmt_last_level(tables)].span_shift;
}

void vmt_pgtables_free(struct vmt_pgtables *tables);

/* Adds the tables of levels 1 to @level for [start, end). */
void vmt_pgtables_add(struct vmt_pgtables *tables, unsigned level, uint64_t start, uint64_t end);

/* Counts the pages of [start, end) that waited for their mapping to be told. */
void vmt_pgtables_tell(struct vmt_space *space, uint64_t start, uint64_t end);

/* The part of vmt_step_end(): what happened since the last step. */
void vmt_pgtables_step_end(struct vmt_space *space, struct vmt_step *step);

/*
 * free_pgtables(): VMAs of [start, end) are gone and their pages with them. @floor is the end of the
 * VMA below, or 0; @ceiling the start of the VMA above, or 0.
 */
void vmt_pgtables_unmapped(struct vmt_space *space, uint64_t start, uint64_t end, uint64_t floor,
			   uint64_t ceiling);

/*
 * Populating [start, end), inside one VMA, went up to the first page beyond the end of its file. There
 * handle_mm_fault() had made the tables above the last level before the file said SIGBUS.
 */
void vmt_pgtables_beyond_file(struct vmt_space *space, const struct vmt_vma *vma, uint64_t start,
			      uint64_t end);

/* zap_pte_range() for MADV_DONTNEED: the pages of [start, end), inside one VMA, are dropped. */
void vmt_pgtables_dropped(struct vmt_space *space, uint64_t start, uint64_t end);

/*
 * move_page_tables(): the pages of @length bytes at @from, in @old, now belong to @to, in @new. The
 * source is still mapped.
 */
void vmt_pgtables_moved(struct vmt_space *space, const struct vmt_vma *old, uint64_t from,
			const struct vmt_vma *new, uint64_t to, uint64_t length);

/* copy_page_range(): @child gets the tables of @parent's VMA, if the kernel copies it at all. */
void vmt_pgtables_copied(struct vmt_space *child, const struct vmt_space *parent,
			 const struct vmt_vma *vma);

#endif
