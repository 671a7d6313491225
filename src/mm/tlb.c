/* SPDX-License-Identifier: MIT */
/*
 * tlb: a set-associative TLB with least-recently-used replacement. Real ones have several levels and
 * replace in their own ways; what hits, misses and is flushed follows the same rules.
 *
 * Invariant: no two entries of a set have the same tag. An entry whose @used is 0 is free.
 */
#include <errno.h>
#include <stdlib.h>

#include "vmtrace/lookup.h"

enum {
	PAGE_SHIFT_MIN = 10,
	PAGE_SHIFT_MAX = 40
};

struct entry {
	struct vmt_tlb_tag tag;
	uint64_t used; /* when it was last looked at: a count of lookups */
};

struct vmt_tlb {
	struct vmt_tlb_config config;
	struct vmt_tlb_counts counts;
	uint64_t now;
	struct entry entries[]; /* set 0, all ways; set 1 … */
};

int vmt_tlb_config_check(const struct vmt_tlb_config *config, struct vmt_error *error)
{
	if (!config->entries || config->entries > VMT_TLB_ENTRIES_MAX)
		return vmt_error_set(error, EINVAL, "a TLB has 1 to %d entries, not %u",
				     VMT_TLB_ENTRIES_MAX, config->entries);
	if (!config->ways || config->entries % config->ways)
		return vmt_error_set(error, EINVAL,
				     "%u entries cannot be put into sets of %u: give a divisor",
				     config->entries, config->ways);
	if (config->page_shift < PAGE_SHIFT_MIN || config->page_shift > PAGE_SHIFT_MAX)
		return vmt_error_set(error, EINVAL, "pages of 2^%u bytes: give 1K to 1T",
				     config->page_shift);
	return 0;
}

struct vmt_tlb *vmt_tlb_new(const struct vmt_tlb_config *config)
{
	struct vmt_tlb *tlb =
		vmt_calloc(1, sizeof(*tlb) + config->entries * sizeof(tlb->entries[0]));

	tlb->config = *config;
	return tlb;
}

void vmt_tlb_free(struct vmt_tlb *tlb)
{
	free(tlb);
}

static bool has_tag(const struct entry *entry, struct vmt_tlb_tag tag)
{
	return entry->used && entry->tag.page == tag.page && entry->tag.asid == tag.asid;
}

static struct vmt_tlb_tag tag_of(const struct vmt_tlb *tlb, uint64_t address, unsigned asid)
{
	return (struct vmt_tlb_tag){ .page = address >> tlb->config.page_shift, .asid = asid };
}

static struct entry *set_of(struct vmt_tlb *tlb, uint64_t page, unsigned *ret_set)
{
	*ret_set = (unsigned)(page % (tlb->config.entries / tlb->config.ways));
	return &tlb->entries[(size_t)*ret_set * tlb->config.ways];
}

struct vmt_tlb_result vmt_tlb_look(struct vmt_tlb *tlb, uint64_t address, unsigned asid)
{
	struct vmt_tlb_tag tag = tag_of(tlb, address, asid);
	struct vmt_tlb_result result = { 0 };
	struct entry *set = set_of(tlb, tag.page, &result.set);
	struct entry *oldest = set; /* a free one is the oldest of all */

	for (unsigned i = 0; i < tlb->config.ways; i++) {
		if (has_tag(&set[i], tag)) {
			set[i].used = ++tlb->now;
			tlb->counts.hits++;
			result.hit = true;
			return result;
		}
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	if (oldest->used) {
		result.evicted = true;
		result.victim = oldest->tag;
		tlb->counts.evictions++;
	}
	*oldest = (struct entry){ .tag = tag, .used = ++tlb->now };
	tlb->counts.misses++;
	return result;
}

static unsigned count_flush(struct vmt_tlb *tlb, unsigned dropped)
{
	tlb->counts.flushes++;
	tlb->counts.flushed += dropped;
	return dropped;
}

/* Drops the entries of @asid, or of every space. */
static unsigned drop(struct vmt_tlb *tlb, bool every, unsigned asid)
{
	unsigned dropped = 0;

	for (unsigned i = 0; i < tlb->config.entries; i++) {
		struct entry *entry = &tlb->entries[i];

		if (entry->used && (every || entry->tag.asid == asid)) {
			entry->used = 0;
			dropped++;
		}
	}
	return count_flush(tlb, dropped);
}

unsigned vmt_tlb_flush_all(struct vmt_tlb *tlb)
{
	return drop(tlb, true, 0);
}

unsigned vmt_tlb_flush_asid(struct vmt_tlb *tlb, unsigned asid)
{
	return drop(tlb, false, asid);
}

unsigned vmt_tlb_flush_page(struct vmt_tlb *tlb, uint64_t address, unsigned asid)
{
	struct vmt_tlb_tag tag = tag_of(tlb, address, asid);
	unsigned number, dropped = 0;
	struct entry *set = set_of(tlb, tag.page, &number);

	for (unsigned i = 0; i < tlb->config.ways; i++) {
		if (has_tag(&set[i], tag)) {
			set[i].used = 0;
			dropped++;
		}
	}
	return count_flush(tlb, dropped);
}

struct vmt_tlb_counts vmt_tlb_counts(const struct vmt_tlb *tlb)
{
	return tlb->counts;
}
