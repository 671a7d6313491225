/* SPDX-License-Identifier: MIT */
/*
 * renderer: what all formats share.
 */
#include "vmtrace/render.h"

void vmt_renderer_free(struct vmt_renderer *renderer)
{
	if (renderer)
		renderer->ops->free(renderer);
}
