/* SPDX-License-Identifier: MIT */
/*
 * recording: the store room as a renderer, so that a recording is one more output of the session.
 */
#ifndef CMD_RECORDING_H
#define CMD_RECORDING_H

#include "vmtrace/render.h"

/* Records into @path (vmt_recorder_open()). @say tells a failure, once; the run goes on. */
VMT_MUST_CHECK int vmt_recording_renderer_new(const char *path, void (*say)(const char *line),
					      struct vmt_renderer **ret_renderer,
					      struct vmt_error *error);
/* Completes the recording and frees the renderer; false if anything of it was lost. */
bool vmt_recording_renderer_finish(struct vmt_renderer *renderer);

#endif
