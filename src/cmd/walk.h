/* SPDX-License-Identifier: MIT */
/*
 * walk: what the parts of `vmtrace walk` have in common. walk.c has the options, walk-process.c the
 * mapping and the page of a process, walk-recording.c the mapping of a recording.
 */
#ifndef CMD_WALK_H
#define CMD_WALK_H

#include "command.h"
#include "replay.h"
#include "vmtrace/walk.h"

/* The address or range that @word is, one of info->geometry; or one line. */
VMT_MUST_CHECK int vmt_walk_take(const char *word, struct vmt_walk_info *info,
				 struct vmt_error *error);
/* Do the options ask for certain page tables? */
bool vmt_walk_is_asked(const struct vmt_geometry_query *query);
/* Nothing is mapped there: that is an answer too, of one line and a status of its own. */
VMT_MUST_CHECK int vmt_walk_unmapped(const struct vmt_walk_info *info,
				     struct vmt_status *ret_status, struct vmt_error *error);

/* The walk of @info's address, and what the process has there. */
VMT_MUST_CHECK int vmt_walk_process(pid_t pid, struct vmt_walk_info *info,
				    struct vmt_status *ret_status, struct vmt_error *error);
/* @words: the recording and the address. The page tables are the recorded ones. */
VMT_MUST_CHECK int vmt_walk_recording(const char *const words[2],
				      const struct vmt_replay_part *part,
				      const struct vmt_geometry_query *query,
				      struct vmt_walk_info *info, struct vmt_status *ret_status,
				      struct vmt_error *error);

#endif
