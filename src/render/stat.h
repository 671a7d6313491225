/* SPDX-License-Identifier: MIT */
/*
 * stat: the two forms in which the sums over a run are written.
 */
#ifndef VMT_RENDER_STAT_H
#define VMT_RENDER_STAT_H

#include "vmtrace/render.h"

void vmt_stat_text(FILE *file, const struct vmt_tally_result *result,
		   const struct vmt_stat_options *options);
void vmt_stat_json(FILE *file, const struct vmt_tally_result *result);

#endif
