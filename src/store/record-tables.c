/* SPDX-License-Identifier: MIT */
/*
 * What a run says of page tables and of the TLB, as rows: of steps, of layouts, and the counts. Steps
 * of a run that did not watch its pages have none.
 */
#include "recorder.h"

static int64_t reason_of(struct vmt_recorder *recorder, enum vmt_table_reason reason)
{
	return reason == VMT_TABLES_AGREE
		       ? 0
		       : vmt_recorder_text(recorder, vmt_table_reason_name(reason));
}

static void put_list(struct vmt_recorder *recorder, const uint64_t *numbers, size_t count)
{
	vmt_str_clear(&recorder->text);
	for (size_t i = 0; i < count; i++)
		vmt_str_printf(&recorder->text, "%c%llu", i ? ',' : '[',
			       (unsigned long long)numbers[i]);
	if (!count) {
		vmt_queue_null(&recorder->queue);
		return;
	}
	vmt_str_add_char(&recorder->text, ']');
	vmt_queue_text(&recorder->queue, recorder->text.data, recorder->text.length);
}

/* Four numbers a level. */
static void put_levels(struct vmt_recorder *recorder, const struct vmt_step_tables *tables)
{
	uint64_t numbers[4 * VMT_LEVELS_MAX];
	size_t count = 0;

	for (unsigned i = 0; i < tables->geometry->level_count; i++) {
		const struct vmt_step_level *level = &tables->levels[i];

		numbers[count++] = level->first_index;
		numbers[count++] = level->last_index;
		numbers[count++] = level->needed;
		numbers[count++] = level->there;
	}
	put_list(recorder, numbers, tables->start < tables->end ? count : 0);
}

/* A number that is only there if it is @known, be it 0. */
static void put_known(struct vmt_recorder *recorder, bool known, uint64_t number)
{
	if (known)
		vmt_queue_int(&recorder->queue, (int64_t)number);
	else
		vmt_queue_null(&recorder->queue);
}

static void write_tables(struct vmt_recorder *recorder, int64_t id,
			 const struct vmt_step_tables *tables)
{
	int64_t geometry = vmt_recorder_text(recorder, tables->geometry->name);
	int64_t reason = reason_of(recorder, tables->reason);

	vmt_queue_row(&recorder->queue, VMT_INSERT_STEP_TABLES);
	vmt_queue_int(&recorder->queue, id);
	vmt_queue_int(&recorder->queue, geometry);
	vmt_recorder_put_number(recorder, tables->start);
	vmt_recorder_put_number(recorder, tables->end - tables->start);
	put_levels(recorder, tables);
	vmt_recorder_put_number(recorder, tables->huge_possible);
	vmt_recorder_put_number(recorder, tables->huge_bytes);
	put_known(recorder, tables->faults_known, tables->faults);
	put_list(recorder, tables->first_faults,
		 (size_t)vmt_min_u64(tables->faults, VMT_STEP_FAULTS_MAX));
	put_known(recorder, tables->pages_known, (uint64_t)tables->pages);
	vmt_recorder_put_number(recorder, tables->made);
	vmt_recorder_put_number(recorder, tables->freed);
	vmt_recorder_put_number(recorder, tables->bytes);
	put_known(recorder, tables->checked, tables->kernel_bytes);
	vmt_recorder_put_number(recorder, (uint64_t)reason);
}

static void write_tlb(struct vmt_recorder *recorder, int64_t id, const struct vmt_step_tlb *tlb)
{
	vmt_queue_row(&recorder->queue, VMT_INSERT_STEP_TLB);
	vmt_queue_int(&recorder->queue, id);
	vmt_queue_int(&recorder->queue, tlb->flush);
	vmt_recorder_put_number(recorder, tlb->start);
	vmt_recorder_put_number(recorder, tlb->end - tlb->start);
	vmt_recorder_put_number(recorder, tlb->pages);
	vmt_recorder_put_number(recorder, tlb->present);
	vmt_recorder_put_number(recorder, tlb->threshold_pages);
	vmt_recorder_put_number(recorder, tlb->freed_tables);
}

void vmt_record_step_tables(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	int64_t id = vmt_store_step_id(step->space, step->number);

	if (step->tables.known)
		write_tables(recorder, id, &step->tables);
	if (step->tlb.known)
		write_tlb(recorder, id, &step->tlb);
}

void vmt_record_layout_tables(struct vmt_recorder *recorder, int64_t record,
			      const struct vmt_layout_info *info)
{
	const struct vmt_geometry *geometry = info->geometry;
	struct vmt_queue *queue = &recorder->queue;
	int64_t name, reason;

	for (size_t i = 0; info->pages && i < info->list->rows.count; i++) {
		vmt_queue_row(queue, VMT_INSERT_LAYOUT_PAGES);
		vmt_queue_int(queue, record);
		vmt_queue_int(queue, (int64_t)i);
		vmt_queue_int(queue, (int64_t)info->pages[i].present);
		vmt_queue_int(queue, (int64_t)info->pages[i].swapped);
		vmt_queue_int(queue, (int64_t)info->pages[i].tables);
	}
	if (!geometry && !info->tables_watched)
		return;
	name = geometry ? vmt_recorder_text(recorder, geometry->name) : 0;
	reason = reason_of(recorder, info->table_reason);
	vmt_queue_row(queue, VMT_INSERT_LAYOUT_TABLES);
	vmt_queue_int(queue, record);
	vmt_recorder_put_number(recorder, (uint64_t)name);
	put_list(recorder, info->tables.tables, geometry ? geometry->level_count : 0);
	vmt_queue_int(queue, (int64_t)info->tables.bytes);
	vmt_queue_int(queue, info->tables_watched);
	vmt_recorder_put_number(recorder, (uint64_t)reason);
	vmt_queue_int(queue, (int64_t)info->present_pages);
}

void vmt_record_table_reasons(struct vmt_recorder *recorder, int64_t record,
			      const struct vmt_counts *counts)
{
	for (int reason = 0; reason < VMT_TABLES_REASON_COUNT; reason++) {
		int64_t name;

		if (!counts->table_reasons[reason])
			continue;
		name = vmt_recorder_text(recorder,
					 vmt_table_reason_name((enum vmt_table_reason)reason));
		vmt_queue_row(&recorder->queue, VMT_INSERT_TABLES_ADJUSTED);
		vmt_queue_int(&recorder->queue, record);
		vmt_queue_int(&recorder->queue, name);
		vmt_queue_int(&recorder->queue, (int64_t)counts->table_reasons[reason]);
	}
}
