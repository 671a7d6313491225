/* SPDX-License-Identifier: MIT */
/*
 * Page tables and TLB of a recording: the mirror of record-tables.c. Lists have as many numbers as
 * the geometry has levels, or as there are faults; a layout has pages of all of its rows, or none.
 */
#include <string.h>

#include "recording.h"

/* Columns of VMT_QUERY_STEP_TABLES. */
enum {
	GEOMETRY,
	START,
	LENGTH,
	LEVELS,
	HUGE_POSSIBLE,
	HUGE_BYTES,
	FAULTS,
	FIRST_FAULTS,
	PAGES,
	MADE,
	FREED,
	BYTES,
	KERNEL_BYTES,
	REASON,
};

enum {
	LEVEL_NUMBERS = 4,
};

static const char *table_reason_of(int index)
{
	return vmt_table_reason_name((enum vmt_table_reason)index);
}

static enum vmt_table_reason read_reason(struct vmt_recording *recording, sqlite3_stmt *query,
					 int column)
{
	if (vmt_column_null(query, column))
		return VMT_TABLES_AGREE;
	return (enum vmt_table_reason)vmt_column_name(recording, query, column, table_reason_of,
						      VMT_TABLES_REASON_COUNT,
						      "reason why page tables differ");
}

/* NULL, and a bad recording, if there is none of that name. */
static const struct vmt_geometry *read_geometry(struct vmt_recording *recording,
						sqlite3_stmt *query, int column)
{
	const char *name = vmt_column_text(recording, query, column);
	const struct vmt_geometry *geometry = vmt_geometry_by_name(name);

	if (!geometry)
		vmt_recording_blame(recording, "\"%s\" is no geometry of page tables", name);
	return geometry;
}

/* The list of column @column, which must have @count numbers. */
static bool read_list(struct vmt_recording *recording, sqlite3_stmt *query, int column,
		      size_t count)
{
	vmt_column_list(recording, query, column);
	if (recording->numbers.count != count)
		vmt_recording_blame(recording, "a value of column %s",
				    sqlite3_column_name(query, column));
	return !recording->bad;
}

static void read_levels(struct vmt_recording *recording, sqlite3_stmt *query,
			struct vmt_step_tables *tables)
{
	unsigned count = tables->start < tables->end ? tables->geometry->level_count : 0;

	if (!read_list(recording, query, LEVELS, (size_t)LEVEL_NUMBERS * count))
		return;
	for (unsigned i = 0; i < count; i++) {
		const uint64_t *numbers = recording->numbers.data + (size_t)LEVEL_NUMBERS * i;

		if (numbers[0] > UINT32_MAX || numbers[1] > UINT32_MAX || numbers[3] > numbers[2]) {
			vmt_recording_blame(recording, "a value of column levels");
			return;
		}
		tables->levels[i] = (struct vmt_step_level){
			.first_index = (unsigned)numbers[0],
			.last_index = (unsigned)numbers[1],
			.needed = numbers[2],
			.there = numbers[3],
		};
	}
}

static void read_faults(struct vmt_recording *recording, sqlite3_stmt *query,
			struct vmt_step_tables *tables)
{
	size_t count;

	tables->faults_known = !vmt_column_null(query, FAULTS);
	tables->faults = vmt_column_word(recording, query, FAULTS);
	count = (size_t)vmt_min_u64(tables->faults, VMT_STEP_FAULTS_MAX);
	if (read_list(recording, query, FIRST_FAULTS, count) && count)
		memcpy(tables->first_faults, recording->numbers.data,
		       count * sizeof(*recording->numbers.data));
}

static void read_tables(struct vmt_recording *recording, sqlite3_stmt *query,
			struct vmt_step_tables *tables)
{
	uint64_t start = vmt_column_word(recording, query, START);
	uint64_t length = vmt_column_word(recording, query, LENGTH);

	*tables = (struct vmt_step_tables){
		.geometry = read_geometry(recording, query, GEOMETRY),
		.start = start,
		.end = start + length,
		.huge_possible = vmt_column_word(recording, query, HUGE_POSSIBLE),
		.huge_bytes = vmt_column_word(recording, query, HUGE_BYTES),
		.pages_known = !vmt_column_null(query, PAGES),
		.pages = (int64_t)vmt_column_word(recording, query, PAGES),
		.made = vmt_column_word(recording, query, MADE),
		.freed = vmt_column_word(recording, query, FREED),
		.bytes = vmt_column_word(recording, query, BYTES),
		.checked = !vmt_column_null(query, KERNEL_BYTES),
		.kernel_bytes = vmt_column_word(recording, query, KERNEL_BYTES),
		.reason = read_reason(recording, query, REASON),
	};
	if (length > UINT64_MAX - start)
		vmt_recording_blame(recording, "the range of page tables");
	if (recording->bad)
		return;
	tables->known = true;
	read_levels(recording, query, tables);
	read_faults(recording, query, tables);
}

static void read_tlb(struct vmt_recording *recording, sqlite3_stmt *query, struct vmt_step_tlb *tlb)
{
	uint64_t start = vmt_column_word(recording, query, 1);
	uint64_t length = vmt_column_word(recording, query, 2);

	*tlb = (struct vmt_step_tlb){
		.known = true,
		.flush = (enum vmt_flush)vmt_column_number(recording, query, 0, VMT_FLUSH_ALL),
		.start = start,
		.end = start + length,
		.pages = vmt_column_word(recording, query, 3),
		.present = vmt_column_word(recording, query, 4),
		.threshold_pages = (unsigned)vmt_column_number(recording, query, 5, UINT32_MAX),
		.freed_tables = vmt_column_number(recording, query, 6, 1) != 0,
	};
	if (length > UINT64_MAX - start)
		vmt_recording_blame(recording, "the range of a TLB flush");
}

void vmt_read_step_tables(struct vmt_recording *recording, struct vmt_step *step)
{
	int64_t id = vmt_store_step_id(step->space, step->number);
	sqlite3_stmt *query;

	if (!recording->has_tables)
		return;
	query = vmt_recording_query(recording, VMT_QUERY_STEP_TABLES);
	sqlite3_bind_int64(query, 1, id);
	if (vmt_recording_row(recording, query))
		read_tables(recording, query, &step->tables);
	sqlite3_reset(query);
	query = vmt_recording_query(recording, VMT_QUERY_STEP_TLB);
	sqlite3_bind_int64(query, 1, id);
	if (vmt_recording_row(recording, query))
		read_tlb(recording, query, &step->tlb);
	sqlite3_reset(query);
}

/* ---- Layouts and counts ---------------------------------------------------------------------------- */

static void read_totals(struct vmt_recording *recording, sqlite3_stmt *query,
			struct vmt_layout_info *layout)
{
	const struct vmt_geometry *geometry = NULL;

	if (!vmt_column_null(query, 0))
		geometry = read_geometry(recording, query, 0);
	layout->geometry = geometry;
	layout->tables.bytes = vmt_column_word(recording, query, 2);
	layout->tables_watched = vmt_column_number(recording, query, 3, 1) != 0;
	layout->table_reason = read_reason(recording, query, 4);
	layout->present_pages = vmt_column_word(recording, query, 5);
	if (read_list(recording, query, 1, geometry ? geometry->level_count : 0) && geometry)
		memcpy(layout->tables.tables, recording->numbers.data,
		       recording->numbers.count * sizeof(*recording->numbers.data));
}

void vmt_read_layout_tables(struct vmt_recording *recording, int64_t record)
{
	struct vmt_layout_info *layout = &recording->layout;
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_LAYOUT_TABLES);

	sqlite3_bind_int64(query, 1, record);
	if (vmt_recording_row(recording, query))
		read_totals(recording, query, layout);
	sqlite3_reset(query);
	vmt_array_clear(&recording->row_pages);
	query = vmt_recording_query(recording, VMT_QUERY_LAYOUT_PAGES);
	sqlite3_bind_int64(query, 1, record);
	while (vmt_recording_row(recording, query)) {
		const struct vmt_row_pages pages = {
			.present = vmt_column_word(recording, query, 1),
			.swapped = vmt_column_word(recording, query, 2),
			.tables = vmt_column_word(recording, query, 3),
		};

		if (vmt_column_word(recording, query, 0) != recording->row_pages.count)
			vmt_recording_blame(recording, "pages of a layout are missing");
		vmt_array_push(&recording->row_pages, pages);
	}
	sqlite3_reset(query);
	if (!recording->row_pages.count)
		return;
	if (recording->row_pages.count != layout->list->rows.count)
		vmt_recording_blame(recording, "pages of a layout are missing");
	layout->pages = recording->row_pages.data;
}

void vmt_read_table_reasons(struct vmt_recording *recording, int64_t record,
			    struct vmt_counts *counts)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_TABLES_ADJUSTED);

	sqlite3_bind_int64(query, 1, record);
	while (vmt_recording_row(recording, query))
		counts->table_reasons[read_reason(recording, query, 0)] =
			vmt_column_word(recording, query, 1);
	sqlite3_reset(query);
}
