/* SPDX-License-Identifier: MIT */
/*
 * tlb: what a range asks of a TLB, and a TLB at work, line by line.
 */
#include <inttypes.h>

#include "vmtrace/annotate.h"

#include "walk.h"

enum {
	SIZES_MAX = 2 * VMT_LEVELS_MAX
};

struct page_size {
	unsigned shift;
	bool user; /* Linux maps user memory so */
};

/* All sizes that a leaf can have, the largest first. */
static unsigned sizes_of(const struct vmt_geometry *geometry, struct page_size *ret_sizes)
{
	unsigned levels, count = 0;
	const struct vmt_table_level *level = vmt_geometry_hw_levels(geometry, &levels);

	for (unsigned i = 0; i < levels; i++, level++) {
		if (level->leaf_possible)
			ret_sizes[count++] = (struct page_size){ level->shift, level->leaf_user };
	}
	return count;
}

/*
 * Entries for [start, end) if its aligned middle is mapped with pages of sizes[0], and what is left
 * on both sides with the smaller ones.
 *
 *	start   |up        down|    end
 *	  [small| large | large|small)
 */
static uint64_t entries_for(uint64_t start, uint64_t end, const struct page_size *sizes,
			    unsigned count)
{
	uint64_t size = UINT64_C(1) << sizes->shift;
	uint64_t down = end & ~(size - 1);
	uint64_t up = (start + (size - 1)) & ~(size - 1);

	if (count == 1) /* pages that are touched at all count */
		return ((end - 1) >> sizes->shift) - (start >> sizes->shift) + 1;
	if (up < start || up >= down)
		return entries_for(start, end, sizes + 1, count - 1);
	return ((down - up) >> sizes->shift) +
	       (start < up ? entries_for(start, up, sizes + 1, count - 1) : 0) +
	       (down < end ? entries_for(down, end, sizes + 1, count - 1) : 0);
}

void vmt_walk_reach(FILE *file, const struct vmt_walk_info *info)
{
	struct page_size sizes[SIZES_MAX];
	unsigned count = sizes_of(info->geometry, sizes);
	char range[16], size[16], reach[16];

	fprintf(file, "\na TLB of %u entries, for the %s from 0x%" PRIx64 "\n", info->tlb_entries,
		vmt_size_text(info->size_bytes, range), info->address);
	fputs("  largest pages   entries needed   reach of the TLB\n", file);
	for (unsigned i = count; i-- > 0;) {
		uint64_t needed = entries_for(info->address, info->address + info->size_bytes,
					      sizes + i, count - i);

		fprintf(file, "  %-13s   %14" PRIu64 "   %-8s %s%s\n",
			vmt_size_text(UINT64_C(1) << sizes[i].shift, size), needed,
			vmt_size_text((uint64_t)info->tlb_entries << sizes[i].shift, reach),
			needed <= info->tlb_entries ? "fits" : "does not fit",
			sizes[i].user ? "" : " (Linux: the kernel's own only)");
	}
}

void vmt_render_tlb_head(FILE *file, const struct vmt_tlb_config *config)
{
	char size[16], reach[16];

	fprintf(file, "a TLB of %u entries, %u sets of %u, pages of %s: it reaches %s\n",
		config->entries, config->entries / config->ways, config->ways,
		vmt_size_text(UINT64_C(1) << config->page_shift, size),
		vmt_size_text((uint64_t)config->entries << config->page_shift, reach));
	fprintf(file, "  %5s  %-18s %6s  %4s\n", "line", "address", "asid", "set");
}

void vmt_render_tlb_look(FILE *file, const struct vmt_tlb_config *config, unsigned long line,
			 uint64_t address, unsigned asid, const struct vmt_tlb_result *result)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	fprintf(file, "  %5lu  %-18s %6u  %4u  %s", line, text, asid, result->set,
		result->hit ? "hit" : "miss");
	if (result->evicted)
		fprintf(file, ", pushes out 0x%" PRIx64 " of asid %u",
			result->victim.page << config->page_shift, result->victim.asid);
	fputc('\n', file);
}

void vmt_render_tlb_flush(FILE *file, unsigned long line, const char *what, unsigned dropped)
{
	fprintf(file, "  %5lu  flush %s: %u dropped\n", line, what, dropped);
}

void vmt_render_tlb_summary(FILE *file, const struct vmt_tlb_counts *counts)
{
	fprintf(file,
		"%" PRIu64 " lookups: %" PRIu64 " hits, %" PRIu64 " misses, %" PRIu64
		" pushed out; %" PRIu64 " flushes dropped %" PRIu64 "\n",
		counts->hits + counts->misses, counts->hits, counts->misses, counts->evictions,
		counts->flushes, counts->flushed);
}
