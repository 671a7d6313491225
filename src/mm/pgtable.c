/* SPDX-License-Identifier: MIT */
/*
 * The page tables of a space (pgtable.h): which there are, and what they cost. Mirrors
 * __handle_mm_fault() (mm/memory.c, 6.18), which makes the whole chain for the page it needs:
 *
 *	PGD ─ entry ─> PUD ─ entry ─> PMD ─ entry ─> PTE ─ entry ─> page
 *	always there   512G           1G             2M             4K        x86-64, 4 levels
 *	not counted    +4K            +4K            +4K                      VmPTE
 *
 * An anonymous huge page takes an entry of the PMD, and a PTE table all the same: it is deposited
 * (pgtable_trans_huge_deposit()) for the day when the page must be split. A huge page of a file
 * can be dropped instead and needs none.
 */
#include "pgtable.h"

#include <assert.h>
#include <stdlib.h>

/* Tables that come with the PGD: those of the highest user addresses first, the rest for good. */
static void add_baseline(struct vmt_pgtables *tables)
{
	const struct vmt_geometry *geometry = tables->geometry;
	uint64_t left = geometry->baseline_bytes;
	const struct vmt_table_level *level = &geometry->levels[1];
	uint64_t span = vmt_level_table_span(level);
	uint64_t end = geometry->user_end;

	while (left && end) {
		uint64_t start = (end - 1) & ~(span - 1);

		vmt_table_set_add(&tables->levels[1], start, end);
		left -= level->table_bytes_accounted;
		end = start;
	}
	tables->constant_bytes = left;
}

static struct vmt_pgtables *tables_new(const struct vmt_geometry *geometry)
{
	struct vmt_pgtables *tables = vmt_calloc(1, sizeof(*tables));

	tables->geometry = geometry;
	for (unsigned i = 0; i < geometry->level_count; i++)
		vmt_table_set_init(&tables->levels[i],
				   geometry->levels[i].shift + geometry->levels[i].index_bits);
	vmt_table_set_init(&tables->huge, tables->levels[vmt_last_level(tables)].span_shift);
	add_baseline(tables);
	return tables;
}

void vmt_pgtables_free(struct vmt_pgtables *tables)
{
	if (!tables)
		return;
	for (unsigned i = 0; i < VMT_LEVELS_MAX; i++)
		vmt_table_set_deinit(&tables->levels[i]);
	vmt_table_set_deinit(&tables->huge);
	vmt_array_deinit(&tables->waiting);
	free(tables);
}

void vmt_space_watch_tables(struct vmt_space *space, const struct vmt_geometry *geometry)
{
	assert(!space->tables);
	space->tables = tables_new(geometry);
}

void vmt_space_unwatch_tables(struct vmt_space *space)
{
	vmt_pgtables_free(space->tables);
	space->tables = NULL;
}

const struct vmt_geometry *vmt_space_geometry(const struct vmt_space *space)
{
	return space->tables ? space->tables->geometry : NULL;
}

void vmt_space_tables_forget(struct vmt_space *space)
{
	struct vmt_pgtables *tables = space->tables;

	if (!tables)
		return;
	for (unsigned i = 0; i < tables->geometry->level_count; i++)
		vmt_table_set_deinit(&tables->levels[i]);
	vmt_table_set_deinit(&tables->huge);
	tables->recent = 0;
	add_baseline(tables);
}

void vmt_pgtables_add(struct vmt_pgtables *tables, unsigned level, uint64_t start, uint64_t end)
{
	for (unsigned i = 1; i <= level; i++)
		tables->made += vmt_table_set_add(&tables->levels[i], start, end);
}

void vmt_space_populate(struct vmt_space *space, uint64_t start, uint64_t end,
			enum vmt_populate how)
{
	struct vmt_pgtables *tables = space->tables;
	unsigned last;

	if (!tables || start >= end)
		return;
	last = vmt_last_level(tables);
	if (how == VMT_POPULATE_HUGE_FILE && last > 1) {
		vmt_pgtables_add(tables, last - 1, start, end);
		/* The kernel gave the table back when it made the page huge. */
		tables->freed += vmt_table_set_remove(&tables->levels[last], start, end);
		tables->recent = 0;
		return;
	}
	vmt_pgtables_add(tables, last, start, end);
	if (how == VMT_POPULATE_HUGE)
		vmt_table_set_add(&tables->huge, start, end);
}

void vmt_space_pages_wait(struct vmt_space *space, uint64_t start, uint64_t end,
			  enum vmt_populate how)
{
	struct vmt_waiting waiting = { .start = start, .end = end, .how = how };

	if (space->tables && start < end)
		vmt_array_push(&space->tables->waiting, waiting);
}

/* The first that ends above @address. */
static size_t first_waiting(const struct vmt_pgtables *tables, uint64_t address)
{
	size_t low = 0;
	size_t high = tables->waiting.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tables->waiting.data[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void vmt_pgtables_tell(struct vmt_space *space, uint64_t start, uint64_t end)
{
	const struct vmt_pgtables *tables = space->tables;

	for (size_t i = first_waiting(tables, start);
	     i < tables->waiting.count && tables->waiting.data[i].start < end; i++) {
		const struct vmt_waiting *waiting = &tables->waiting.data[i];

		vmt_space_populate(space, vmt_max_u64(start, waiting->start),
				   vmt_min_u64(end, waiting->end), waiting->how);
	}
}

void vmt_space_pages_told(struct vmt_space *space)
{
	if (!space->tables)
		return;
	vmt_pgtables_tell(space, 0, UINT64_MAX);
	vmt_array_clear(&space->tables->waiting);
}

/* The VMA that a fault at @address was served by; a stack may not have been seen to grow yet. */
static const struct vmt_vma *faulted_vma(const struct vmt_space *space, uint64_t address)
{
	const struct vmt_vma *vma = vmt_find_vma(space, address);

	if (!vma || (vmt_vma_start(vma) > address && !(vma->flags & VMT_VM_GROWSDOWN)))
		return NULL;
	return vma->flags & VMT_VM_ACCESS ? vma : NULL;
}

static void count_fault(struct vmt_pgtables *tables, uint64_t page)
{
	if (tables->faults < VMT_STEP_FAULTS_MAX)
		tables->first_faults[tables->faults] = page;
	tables->faults++;
}

bool vmt_space_fault(struct vmt_space *space, uint64_t address)
{
	struct vmt_pgtables *tables = space->tables;
	const struct vmt_vma *vma;
	uint64_t page = vmt_page_down(space, address);
	unsigned last;

	if (!tables)
		return true;
	last = vmt_last_level(tables);
	if (tables->recent != (address >> tables->levels[last].span_shift) + 1) {
		vma = faulted_vma(space, address);
		if (!vma)
			return false;
		if (vma->flags & VMT_VM_HUGETLB)
			last--;
		else
			tables->recent = (address >> tables->levels[last].span_shift) + 1;
		vmt_pgtables_add(tables, last, page, page + vmt_space_page(space));
	}
	count_fault(tables, page);
	return true;
}

void vmt_pgtables_beyond_file(struct vmt_space *space, const struct vmt_vma *vma, uint64_t start,
			      uint64_t end)
{
	uint64_t file_pages = vmt_pages(space, vmt_page_up(space, vma->file.size_bytes));
	uint64_t in_file = file_pages > vma->pgoff ? file_pages - vma->pgoff : 0;
	uint64_t first = vmt_vma_start(vma) + in_file * vmt_space_page(space);

	first = vmt_max_u64(first, start);
	if (space->tables && first < vmt_min_u64(end, vmt_vma_end(vma)))
		vmt_pgtables_add(space->tables, vmt_last_level(space->tables) - 1, first,
				 first + vmt_space_page(space));
}

bool vmt_space_has_table(const struct vmt_space *space, uint64_t address)
{
	const struct vmt_pgtables *tables = space->tables;

	return tables && vmt_table_set_has(&tables->levels[vmt_last_level(tables)], address);
}

void vmt_space_fault_failed(struct vmt_space *space, uint64_t address)
{
	struct vmt_pgtables *tables = space->tables;
	const struct vmt_vma *vma = faulted_vma(space, address);
	uint64_t page = vmt_page_down(space, address);

	if (!tables)
		return;
	count_fault(tables, page);
	if (vma && vma->file.description && !vma->file.anonymous)
		vmt_pgtables_add(tables, vmt_last_level(tables) - 1, page,
				 page + vmt_space_page(space));
}

void vmt_space_table_totals(const struct vmt_space *space, struct vmt_table_totals *ret_totals)
{
	const struct vmt_pgtables *tables = space->tables;

	*ret_totals = (struct vmt_table_totals){ 0 };
	if (!tables)
		return;
	ret_totals->tables[0] = 1;
	ret_totals->bytes = tables->constant_bytes;
	for (unsigned i = 1; i < tables->geometry->level_count; i++) {
		ret_totals->tables[i] = tables->levels[i].count;
		ret_totals->bytes +=
			tables->levels[i].count * tables->geometry->levels[i].table_bytes_accounted;
	}
}

uint64_t vmt_space_table_bytes(const struct vmt_space *space)
{
	struct vmt_table_totals totals;

	vmt_space_table_totals(space, &totals);
	return totals.bytes;
}

uint64_t vmt_space_tables_in(const struct vmt_space *space, uint64_t start, uint64_t end)
{
	const struct vmt_pgtables *tables = space->tables;

	return tables ? vmt_table_set_count(&tables->levels[vmt_last_level(tables)], start, end)
		      : 0;
}

static const char *const reason_names[VMT_TABLES_REASON_COUNT] = {
	[VMT_TABLES_AGREE] = "none",
	[VMT_TABLES_EMPTIED] = "emptied",
	[VMT_TABLES_FAILED] = "failed-fault",
	[VMT_TABLES_HUGE] = "huge-pages",
	[VMT_TABLES_OTHERS] = "order-inferred",
	[VMT_TABLES_LOST] = "lost-faults",
	[VMT_TABLES_UNREADABLE] = "unreadable",
	[VMT_TABLES_UNEXPLAINED] = "unexplained",
};

const char *vmt_table_reason_name(enum vmt_table_reason reason)
{
	return reason_names[reason];
}
