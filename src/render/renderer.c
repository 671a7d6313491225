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

void vmt_renderer_object(struct vmt_renderer *renderer, const struct vmt_object_info *info)
{
	if (renderer->ops->object)
		renderer->ops->object(renderer, info);
}

void vmt_renderer_warning(struct vmt_renderer *renderer, const struct vmt_warning *warning)
{
	if (renderer->ops->warning)
		renderer->ops->warning(renderer, warning);
}
