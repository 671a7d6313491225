/* SPDX-License-Identifier: MIT */
/*
 * excuse: what of a difference counts. Two runs of one program differ in more than addresses:
 *
 *   - The stack begins at a random place within two pages (arch_align_stack() and
 *     create_elf_tables(), up to 8 KiB), so that a stack that grew may have grown by two pages
 *     more.
 *   - Mappings of 2 MiB and more are aligned (thp_get_unmapped_area(), mm/huge_memory.c), which
 *     leaves padding of random size above them. What is mapped later is put into the padding if it
 *     fits, else below, and merges with another neighbour there:
 *
 *	    ...[   4M   ]      padding    [ 64K ]...        ...[   4M   ][ 64K ]...
 *	                            [ 12K ][ 64K ]            [ 12K ][   4M   ][ 64K ]
 *	                       fits: 4M and 76K              does not: 4M + 12K and 64K
 *
 *     So where there is such a mapping, anonymous memory with the same permissions that comes to
 *     the same sum on both sides is the same.
 *   - Memory that is shared without a file (memfd, System V, what was deleted) has an inode of its
 *     own in each run.
 */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

enum {
	STACK_SLACK_PAGES = 2,
	PERMS_COUNT = 16 /* combinations of enum vmt_perm */
};

static uint64_t size_of(const struct vmt_mapping *map)
{
	return map->end - map->start;
}

/* A file without a lasting name: its inode says nothing. */
static bool is_transient(const char *name)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(name);

	return strncmp(name, "/SYSV", 5) == 0 || strncmp(name, "/memfd:", 7) == 0 ||
	       name[0] != '/' ||
	       (length >= sizeof(deleted) - 1 &&
		strcmp(name + length - (sizeof(deleted) - 1), deleted) == 0);
}

static unsigned ignored_changes(unsigned ignore)
{
	return (ignore & VMT_IGNORE_INODE ? VMT_CHANGE_INODE : 0) |
	       (ignore & VMT_IGNORE_DEV ? VMT_CHANGE_DEV : 0) |
	       (ignore & VMT_IGNORE_SIZE ? VMT_CHANGE_SIZE : 0) |
	       (ignore & VMT_IGNORE_PATH ? VMT_CHANGE_PATH | VMT_CHANGE_INODE | VMT_CHANGE_DEV : 0);
}

static void compare_pair(const struct vmt_matching *matching, struct vmt_compare_pair *pair)
{
	const struct vmt_compare_options *options = matching->options;
	const struct vmt_mapping *a = &matching->a->data[pair->a].map;
	const struct vmt_mapping *b = &matching->b->data[pair->b].map;
	unsigned changes = 0;
	uint64_t growth =
		size_of(b) > size_of(a) ? size_of(b) - size_of(a) : size_of(a) - size_of(b);

	changes |= growth ? VMT_CHANGE_SIZE : 0;
	changes |= a->perms != b->perms ? VMT_CHANGE_PERMS : 0;
	changes |= a->offset != b->offset ? VMT_CHANGE_OFFSET : 0;
	changes |= a->name != b->name ? VMT_CHANGE_PATH : 0;
	changes |=
		a->dev_major != b->dev_major || a->dev_minor != b->dev_minor ? VMT_CHANGE_DEV : 0;
	changes |= a->inode != b->inode ? VMT_CHANGE_INODE : 0;
	changes |= a->start != b->start ? VMT_CHANGE_ADDRESS : 0;

	pair->excused = changes & ignored_changes(options->ignore);
	if (!options->addresses)
		pair->excused |= changes & VMT_CHANGE_ADDRESS;
	if (is_transient(b->name))
		pair->excused |= changes & (VMT_CHANGE_INODE | VMT_CHANGE_DEV);
	if (strcmp(b->name, "[stack]") == 0 && growth <= STACK_SLACK_PAGES * options->page_bytes &&
	    !options->addresses)
		pair->excused |= changes & VMT_CHANGE_SIZE;
	pair->changes = changes & ~pair->excused;
}

bool vmt_loose_rows(const struct vmt_compare_side *side, bool *ret_loose)
{
	uint64_t padding_end = 0; /* of the padding above the last aligned mapping */
	bool any = false;

	for (size_t i = 0; i < side->count;) {
		const struct vmt_mapping *first = &side->data[i].map;
		size_t next = i + 1;
		uint64_t end;
		bool aligned;

		while (first->name[0] && next < side->count &&
		       side->data[next].map.name == first->name &&
		       side->data[next].map.start == side->data[next - 1].map.end)
			next++;
		end = side->data[next - 1].map.end;
		/* Anonymous memory may have merged with what is above or below. */
		aligned = end - first->start >= VMT_HUGE_BYTES &&
			  (vmt_row_kind(first) == VMT_ROW_ANONYMOUS ||
			   first->start % VMT_HUGE_BYTES == 0) &&
			  vmt_row_kind(first) != VMT_ROW_SPECIAL;
		for (; i < next; i++)
			ret_loose[i] = aligned || side->data[i].map.start < padding_end;
		if (aligned)
			padding_end = end + VMT_HUGE_BYTES;
		any = any || aligned;
	}
	return any;
}

static bool is_anonymous(const struct vmt_matching *matching, const struct vmt_compare_pair *pair)
{
	const struct vmt_mapping *map = pair->b == VMT_NO_ROW ? &matching->a->data[pair->a].map
							      : &matching->b->data[pair->b].map;

	return map->name[0] == '\0';
}

/* Only its size, or all of it: what another merge can change. */
static bool may_have_merged(const struct vmt_matching *matching,
			    const struct vmt_compare_pair *pair)
{
	return is_anonymous(matching, pair) &&
	       (pair->changes == VMT_CHANGE_SIZE || pair->changes == VMT_CHANGE_ADDED ||
		pair->changes == VMT_CHANGE_GONE);
}

static unsigned perms_of(const struct vmt_matching *matching, const struct vmt_compare_pair *pair)
{
	return pair->b == VMT_NO_ROW ? matching->a->data[pair->a].map.perms
				     : matching->b->data[pair->b].map.perms;
}

static void excuse_merges(const struct vmt_matching *matching, struct vmt_comparison *comparison)
{
	uint64_t growth[PERMS_COUNT] = { 0 }; /* modulo 2^64 */

	for (size_t i = 0; i < comparison->pairs.count; i++) {
		const struct vmt_compare_pair *pair = &comparison->pairs.data[i];
		uint64_t *sum = &growth[perms_of(matching, pair) % PERMS_COUNT];

		if (!may_have_merged(matching, pair))
			continue;
		if (pair->a != VMT_NO_ROW)
			*sum -= size_of(&matching->a->data[pair->a].map);
		if (pair->b != VMT_NO_ROW)
			*sum += size_of(&matching->b->data[pair->b].map);
	}
	for (size_t i = 0; i < comparison->pairs.count; i++) {
		struct vmt_compare_pair *pair = &comparison->pairs.data[i];

		if (!may_have_merged(matching, pair) ||
		    growth[perms_of(matching, pair) % PERMS_COUNT])
			continue;
		pair->excused |= pair->changes;
		pair->changes = 0;
	}
}

static bool has_aligned(const struct vmt_compare_side *side)
{
	bool *loose = vmt_calloc(side->count + 1, sizeof(*loose));
	bool any = vmt_loose_rows(side, loose);

	free(loose);
	return any;
}

void vmt_excuse_pairs(const struct vmt_matching *matching, struct vmt_comparison *comparison)
{
	for (size_t i = 0; i < comparison->pairs.count; i++) {
		struct vmt_compare_pair *pair = &comparison->pairs.data[i];

		if (pair->a == VMT_NO_ROW)
			pair->changes = VMT_CHANGE_ADDED;
		else if (pair->b == VMT_NO_ROW)
			pair->changes = VMT_CHANGE_GONE;
		else
			compare_pair(matching, pair);
	}
	if (!matching->options->addresses && (has_aligned(matching->a) || has_aligned(matching->b)))
		excuse_merges(matching, comparison);
}
