/* SPDX-License-Identifier: MIT */
/*
 * json-tables: the parts of a step's line that are about page tables and TLB. The values are the
 * caller's.
 */
#ifndef VMT_RENDER_JSON_TABLES_H
#define VMT_RENDER_JSON_TABLES_H

#include <jansson.h>

#include "vmtrace/render.h"

json_t *vmt_json_page_tables(const struct vmt_step_tables *tables);
json_t *vmt_json_tlb(const struct vmt_step_tlb *tlb);
/* Of a whole space: tables of each level, bytes, pages. */
json_t *vmt_json_table_totals(const struct vmt_layout_info *info);
/* The keys of a VMA of a layout that say what is in it. */
void vmt_json_put_row_pages(json_t *vma, const struct vmt_row_pages *pages);

#endif
