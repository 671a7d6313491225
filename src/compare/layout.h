/* SPDX-License-Identifier: MIT */
/*
 * layout: what the parts of a comparison of two layouts share: which VMA of one side is which of
 * the other (layout.c), what of their difference counts (excuse.c), and what belongs together
 * (group.c).
 */
#ifndef COMPARE_LAYOUT_H
#define COMPARE_LAYOUT_H

#include "vmtrace/compare.h"

enum {
	VMT_HUGE_BYTES = 2 << 20 /* what large mappings are aligned to */
};

enum vmt_row_kind {
	VMT_ROW_FILE = 1,
	VMT_ROW_SPECIAL = 2, /* [heap], [stack], [vdso] … */
	VMT_ROW_ANONYMOUS = 4, /* also with a name that prctl() gave it */
};
enum vmt_row_kind vmt_row_kind(const struct vmt_mapping *map);

/* Two layouts on their way to a comparison; index: of the row in its side. */
struct vmt_matching {
	const struct vmt_compare_side *a;
	const struct vmt_compare_side *b;
	const struct vmt_compare_options *options;
	size_t *match_a; /* index in b, VMT_NO_ROW */
	size_t *match_b;
};

/* The file whose data segment this anonymous row continues (its bss), NULL if none. */
const char *vmt_row_bss_of(const struct vmt_compare_side *side, size_t row);

/* excuse.c: sets changes and excused of each pair. */
void vmt_excuse_pairs(const struct vmt_matching *matching, struct vmt_comparison *comparison);
/*
 * excuse.c: where alignment decided what lies where: ret_loose[i] for rows of a mapping that is
 * aligned to 2 MiB for its size, and for those in the padding above one. True if there is any.
 */
bool vmt_loose_rows(const struct vmt_compare_side *side, bool *ret_loose);

/* group.c: makes the groups, and sorts the pairs into them. */
void vmt_group_pairs(const struct vmt_matching *matching, struct vmt_comparison *comparison);

#endif
