/* SPDX-License-Identifier: MIT */
/*
 * Page tables and TLB in the text views:
 *
 *	tables: PGD 0xff, PUD 0x1fc, PMD 0x1a2-0x1a3, PTE 0x1f0-0x00f; needs 4, 3 there
 *	        since the last step: 12 faults, 1 table made; 40K, as VmPTE says
 *	TLB:    3 pages flushed, one by one: 7f1c2be4f000 +12K
 */
#include "tables.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* "PGD 0xff, PUD 0x1fc, PMD 0x1a2-0x1a3": the entries of each level that the range needs. */
static void add_indexes(struct vmt_line *line, const struct vmt_step_tables *tables)
{
	for (unsigned i = 0; i < tables->geometry->level_count; i++) {
		const struct vmt_step_level *level = &tables->levels[i];

		vmt_line_printf(line, VMT_STYLE_DIM, "%s%s 0x%x", i ? ", " : "",
				tables->geometry->levels[i].name, level->first_index);
		if (level->first_index != level->last_index || level->needed > 1)
			vmt_line_printf(line, VMT_STYLE_DIM, "-0x%x", level->last_index);
	}
}

static void add_range(struct vmt_line *line, const struct vmt_step_tables *tables, size_t indent)
{
	uint64_t needed = 0;
	uint64_t there = 0;
	char size[16];

	for (unsigned i = 1; i < tables->geometry->level_count; i++) {
		needed += tables->levels[i].needed;
		there += tables->levels[i].there;
	}
	vmt_line_pad(line, indent);
	vmt_line_add(line, VMT_STYLE_DIM, "tables: ");
	add_indexes(line, tables);
	vmt_line_printf(line, VMT_STYLE_DIM, "; needs %" PRIu64 " table%s, %" PRIu64 " there",
			needed, plural(needed), there);
	if (tables->huge_possible)
		vmt_line_printf(line, VMT_STYLE_DIM, "; room for %" PRIu64 " huge page%s of %s",
				tables->huge_possible, plural(tables->huge_possible),
				vmt_size_text(tables->huge_bytes, size));
	vmt_line_break(line);
}

static void add_since(struct vmt_line *line, const struct vmt_step_tables *tables, size_t indent)
{
	const char *before = "";
	char size[16];

	vmt_line_pad(line, indent);
	vmt_line_add(line, VMT_STYLE_DIM, "        ");
	if (tables->faults_known && tables->faults) {
		vmt_line_printf(line, VMT_STYLE_DIM, "%" PRIu64 " fault%s", tables->faults,
				plural(tables->faults));
		before = ", ";
	}
	if (tables->pages_known && tables->pages) {
		vmt_line_printf(line, VMT_STYLE_DIM, "%s%+" PRIi64 " page%s", before, tables->pages,
				plural((uint64_t)llabs(tables->pages)));
		before = ", ";
	}
	if (tables->made) {
		vmt_line_printf(line, VMT_STYLE_DIM, "%s%" PRIu64 " table%s made", before,
				tables->made, plural(tables->made));
		before = ", ";
	}
	if (tables->freed) {
		vmt_line_printf(line, VMT_STYLE_DIM, "%s%" PRIu64 " table%s freed", before,
				tables->freed, plural(tables->freed));
		before = ", ";
	}
	vmt_line_printf(line, VMT_STYLE_DIM, "%s%s in all", before[0] ? "; " : "nothing new; ",
			vmt_size_text(tables->bytes, size));
	if (tables->reason != VMT_TABLES_AGREE)
		vmt_line_printf(line,
				tables->reason == VMT_TABLES_UNEXPLAINED ? VMT_STYLE_RED
									 : VMT_STYLE_YELLOW,
				" (VmPTE %s: %s)", vmt_size_text(tables->kernel_bytes, size),
				vmt_table_reason_name(tables->reason));
	vmt_line_break(line);
}

static void add_tlb(struct vmt_line *line, const struct vmt_step_tlb *tlb, size_t indent)
{
	char size[16];

	vmt_line_pad(line, indent);
	switch (tlb->flush) {
	case VMT_FLUSH_NONE:
		vmt_line_add(line, VMT_STYLE_DIM, "TLB:    nothing to flush");
		break;
	case VMT_FLUSH_PAGES:
		vmt_line_printf(line, VMT_STYLE_DIM,
				"TLB:    %" PRIu64 " page%s flushed one by one: %" PRIx64 " +%s",
				tlb->pages, plural(tlb->pages), tlb->start,
				vmt_size_text(tlb->end - tlb->start, size));
		break;
	case VMT_FLUSH_ALL:
		vmt_line_printf(line, VMT_STYLE_DIM,
				"TLB:    all of this space flushed: %" PRIu64 " pages from %" PRIx64
				" on are more than %u",
				tlb->pages, tlb->start, tlb->threshold_pages);
		break;
	}
	if (tlb->freed_tables)
		vmt_line_add(line, VMT_STYLE_DIM, "; tables were freed");
	vmt_line_break(line);
}

void vmt_text_tables(struct vmt_text_renderer *text, const struct vmt_step *step, size_t indent)
{
	unsigned show = text->options.show;

	if (show & VMT_SHOW_TABLES && step->tables.known) {
		if (step->tables.start < step->tables.end)
			add_range(&text->line, &step->tables, indent);
		add_since(&text->line, &step->tables, indent);
	}
	if (show & VMT_SHOW_TLB && step->tlb.known)
		add_tlb(&text->line, &step->tlb, indent);
}

void vmt_text_table_facts(struct vmt_line *line, const struct vmt_layout_info *info)
{
	const struct vmt_geometry *geometry = info->geometry;
	uint64_t last;

	if (info->has_page_table)
		vmt_line_printf(line, VMT_STYLE_PLAIN, "; page tables %" PRIu64 " KiB",
				info->page_table_kib);
	/* That tables were emptied is no news where nobody watched. */
	if (!info->has_page_table || !geometry ||
	    (!info->tables_watched && info->table_reason <= VMT_TABLES_EMPTIED))
		return;
	if (info->table_reason != VMT_TABLES_AGREE) {
		vmt_line_printf(line,
				info->table_reason == VMT_TABLES_UNEXPLAINED ? VMT_STYLE_RED
									     : VMT_STYLE_PLAIN,
				" (the model: %" PRIu64 " KiB; %s)", info->tables.bytes / 1024,
				vmt_table_reason_name(info->table_reason));
		return;
	}
	for (unsigned i = 1; i < geometry->level_count; i++)
		vmt_line_printf(line, VMT_STYLE_PLAIN, "%s%s %" PRIu64, i > 1 ? ", " : " (",
				geometry->levels[i].name, info->tables.tables[i]);
	last = info->tables.tables[geometry->level_count - 1];
	if (last)
		vmt_line_printf(line, VMT_STYLE_PLAIN, "; %.1f pages a table",
				(double)info->present_pages / (double)last);
	vmt_line_add(line, VMT_STYLE_PLAIN, ")");
}

void vmt_text_row_pages(struct vmt_line *line, const struct vmt_row_pages *pages, size_t indent)
{
	vmt_line_pad(line, indent);
	vmt_line_printf(line, VMT_STYLE_DIM,
			"resident %" PRIu64 " page%s, swapped %" PRIu64 ", tables %" PRIu64,
			pages->present, plural(pages->present), pages->swapped, pages->tables);
	vmt_line_break(line);
}
