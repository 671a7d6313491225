/* SPDX-License-Identifier: MIT */
/*
 * walk: the pieces of vmt_render_walk() that have files of their own.
 */
#ifndef VMT_RENDER_WALK_H
#define VMT_RENDER_WALK_H

#include "vmtrace/walk.h"

/* The mapping and the page behind the address, and what accesses lead to. */
void vmt_walk_page(FILE *file, const struct vmt_walk_info *info);
/* How many TLB entries the range needs, for each page size. */
void vmt_walk_reach(FILE *file, const struct vmt_walk_info *info);

#endif
