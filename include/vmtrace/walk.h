/* SPDX-License-Identifier: MIT */
/*
 * walk: part of the door of render. The text of `vmtrace walk`: an address and its way through the
 * page tables, drawn; and the lines of a TLB at work.
 */
#ifndef VMTRACE_WALK_H
#define VMTRACE_WALK_H

#include <stdio.h>

#include "vmtrace/arch.h"
#include "vmtrace/lookup.h"

struct vmt_walk_info {
	const struct vmt_geometry *geometry;
	uint64_t address; /* one of the geometry: vmt_geometry_half() is not NONE */
	uint64_t size_bytes; /* of the range that begins there; 0: one address */
	bool bits; /* also the bits of the entries of each level */
	unsigned tlb_entries; /* for the reach, if there is a range */
	/* Where the mapping and the page come from ("process 4211"); NULL: from nowhere. */
	const char *whose;
	bool recorded; /* whose is a recording's: nothing is known of the page */
	struct vmt_lookup lookup; /* if whose; a mapping covers the address */
};

void vmt_render_walk(FILE *file, const struct vmt_walk_info *info);

/* ---- The TLB at work: head, a line for each lookup or flush, summary --------------------------- */

void vmt_render_tlb_head(FILE *file, const struct vmt_tlb_config *config);
/* @line: number of the line that asked for it. */
void vmt_render_tlb_look(FILE *file, const struct vmt_tlb_config *config, unsigned long line,
			 uint64_t address, unsigned asid, const struct vmt_tlb_result *result);
/* @what: "all", "asid 3", "0x1000" */
void vmt_render_tlb_flush(FILE *file, unsigned long line, const char *what, unsigned dropped);
void vmt_render_tlb_summary(FILE *file, const struct vmt_tlb_counts *counts);

#endif
