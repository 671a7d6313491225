/* SPDX-License-Identifier: MIT */
/*
 * stat: a renderer that adds up and writes at the end.
 */
#include "stat.h"

#include <stdlib.h>

struct stat_renderer {
	struct vmt_renderer base;
	FILE *file;
	struct vmt_stat_options options;
	struct vmt_tally *tally;
};

static struct stat_renderer *stat_of(struct vmt_renderer *renderer)
{
	return vmt_container_of(renderer, struct stat_renderer, base);
}

static void stat_run(struct vmt_renderer *renderer, const struct vmt_run_info *info)
{
	(void)renderer;
	(void)info;
}

static void stat_space(struct vmt_renderer *renderer, const struct vmt_space_info *info)
{
	vmt_tally_space(stat_of(renderer)->tally, info);
}

static void stat_step(struct vmt_renderer *renderer, const struct vmt_step *step)
{
	vmt_tally_step(stat_of(renderer)->tally, step);
}

static void stat_layout(struct vmt_renderer *renderer, const struct vmt_layout_info *info)
{
	vmt_tally_layout(stat_of(renderer)->tally, info);
}

static void stat_note(struct vmt_renderer *renderer, const char *line)
{
	(void)renderer;
	(void)line;
}

static void stat_summary(struct vmt_renderer *renderer, const struct vmt_summary_info *info)
{
	(void)renderer;
	(void)info;
}

/* A recording that breaks off has no summary; so this is its end. */
static void stat_free(struct vmt_renderer *renderer)
{
	struct stat_renderer *stat = stat_of(renderer);
	const struct vmt_tally_result *result = vmt_tally_finish(stat->tally);

	if (stat->options.json)
		vmt_stat_json(stat->file, result);
	else
		vmt_stat_text(stat->file, result, &stat->options);
	vmt_tally_free(stat->tally);
	free(stat);
}

static const struct vmt_renderer_ops stat_ops = {
	.run = stat_run,
	.space = stat_space,
	.step = stat_step,
	.layout = stat_layout,
	.note = stat_note,
	.summary = stat_summary,
	.free = stat_free,
};

struct vmt_renderer *vmt_render_stat_new(FILE *file, const struct vmt_stat_options *options)
{
	struct stat_renderer *stat = vmt_calloc(1, sizeof(*stat));

	stat->base.ops = &stat_ops;
	stat->file = file;
	stat->options = *options;
	stat->tally = vmt_tally_new();
	return &stat->base;
}
