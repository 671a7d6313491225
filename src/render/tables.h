/* SPDX-License-Identifier: MIT */
/*
 * tables: what the text views say of page tables and TLB.
 */
#ifndef VMT_RENDER_TABLES_H
#define VMT_RENDER_TABLES_H

#include "text.h"

/* The lines below a step, from column @indent on, as far as they were asked for. */
void vmt_text_tables(struct vmt_text_renderer *text, const struct vmt_step *step, size_t indent);

/* "; page tables 52 KiB (PUD 2, PMD 3, PTE 8; 24 pages a table)" */
void vmt_text_table_facts(struct vmt_line *line, const struct vmt_layout_info *info);

/* Below a row of the map log: "resident 12K, swapped 0, tables 1" */
void vmt_text_row_pages(struct vmt_line *line, const struct vmt_row_pages *pages, size_t indent);

#endif
