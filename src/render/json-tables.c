/* SPDX-License-Identifier: MIT */
/*
 * The objects "page_tables" and "tlb" of vmtrace-json(5). A key whose value nobody knows is left
 * out.
 */
#include "json-tables.h"

#include <inttypes.h>
#include <stdio.h>

/* jansson fails only without memory. */
static json_t *sure(json_t *value)
{
	if (!value)
		vmt_die_oom();
	return value;
}

static void put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(object, key, sure(value)) < 0)
		vmt_die_oom();
}

static void push(json_t *array, json_t *value)
{
	if (json_array_append_new(array, sure(value)) < 0)
		vmt_die_oom();
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *hex(uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	return json_string_nocheck(text);
}

static void put_range(json_t *object, const struct vmt_step_tables *tables)
{
	json_t *levels = sure(json_array());

	put(object, "start", hex(tables->start));
	put(object, "end", hex(tables->end));
	for (unsigned i = 0; i < tables->geometry->level_count; i++) {
		const struct vmt_step_level *level = &tables->levels[i];
		json_t *row = sure(json_object());

		put(row, "level", json_string_nocheck(tables->geometry->levels[i].name));
		put(row, "first_index", number(level->first_index));
		put(row, "last_index", number(level->last_index));
		put(row, "needed", number(level->needed));
		put(row, "there", number(level->there));
		push(levels, row);
	}
	put(object, "levels", levels);
	if (tables->huge_bytes) {
		put(object, "huge_page_size", number(tables->huge_bytes));
		put(object, "huge_pages_possible", number(tables->huge_possible));
	}
}

static void put_faults(json_t *object, const struct vmt_step_tables *tables)
{
	json_t *pages = sure(json_array());

	for (uint64_t i = 0; i < tables->faults && i < VMT_STEP_FAULTS_MAX; i++)
		push(pages, hex(tables->first_faults[i]));
	put(object, "faults", number(tables->faults));
	put(object, "faulted_pages", pages);
}

static const char *check_name(const struct vmt_step_tables *tables)
{
	if (!tables->checked)
		return "unchecked";
	return tables->reason == VMT_TABLES_AGREE ? "match" : "adjusted";
}

json_t *vmt_json_page_tables(const struct vmt_step_tables *tables)
{
	json_t *object = sure(json_object());

	put(object, "geometry", json_string_nocheck(tables->geometry->name));
	if (tables->start < tables->end)
		put_range(object, tables);
	if (tables->faults_known)
		put_faults(object, tables);
	if (tables->pages_known)
		put(object, "pages", json_integer(tables->pages));
	put(object, "made", number(tables->made));
	put(object, "freed", number(tables->freed));
	put(object, "bytes", number(tables->bytes));
	if (tables->checked)
		put(object, "kernel_bytes", number(tables->kernel_bytes));
	put(object, "check", json_string_nocheck(check_name(tables)));
	if (tables->reason != VMT_TABLES_AGREE)
		put(object, "reason", json_string_nocheck(vmt_table_reason_name(tables->reason)));
	return object;
}

json_t *vmt_json_tlb(const struct vmt_step_tlb *tlb)
{
	static const char *const names[] = {
		[VMT_FLUSH_NONE] = "none",
		[VMT_FLUSH_PAGES] = "pages",
		[VMT_FLUSH_ALL] = "all",
	};
	json_t *object = sure(json_object());

	put(object, "flush", json_string_nocheck(names[tlb->flush]));
	if (tlb->flush != VMT_FLUSH_NONE) {
		put(object, "start", hex(tlb->start));
		put(object, "end", hex(tlb->end));
		put(object, "pages", number(tlb->pages));
		put(object, "present", number(tlb->present));
		put(object, "freed_tables", json_boolean(tlb->freed_tables));
	}
	put(object, "threshold_pages", number(tlb->threshold_pages));
	return object;
}

json_t *vmt_json_table_totals(const struct vmt_layout_info *info)
{
	json_t *object = sure(json_object());
	json_t *levels = sure(json_object());

	for (unsigned i = 1; i < info->geometry->level_count; i++)
		put(levels, info->geometry->levels[i].name, number(info->tables.tables[i]));
	put(object, "geometry", json_string_nocheck(info->geometry->name));
	put(object, "tables", levels);
	put(object, "bytes", number(info->tables.bytes));
	if (info->has_page_table)
		put(object, "kernel_bytes", number(info->page_table_kib * 1024));
	put(object, "pages", number(info->present_pages));
	put(object, "check",
	    json_string_nocheck(info->table_reason == VMT_TABLES_AGREE ? "match" : "adjusted"));
	if (info->table_reason != VMT_TABLES_AGREE)
		put(object, "reason",
		    json_string_nocheck(vmt_table_reason_name(info->table_reason)));
	return object;
}

void vmt_json_put_row_pages(json_t *vma, const struct vmt_row_pages *pages)
{
	put(vma, "resident_pages", number(pages->present));
	put(vma, "swapped_pages", number(pages->swapped));
	put(vma, "tables", number(pages->tables));
}
