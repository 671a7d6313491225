/* SPDX-License-Identifier: MIT */
/*
 * replay: a recording to a renderer, and what the commands that read recordings have in common.
 */
#ifndef CMD_REPLAY_H
#define CMD_REPLAY_H

#include "command.h"
#include "output.h"
#include "vmtrace/annotate.h"
#include "vmtrace/render.h"
#include "vmtrace/store.h"

/* What --step and --space say. */
struct vmt_replay_part {
	bool has_space;
	uint32_t space;
	bool has_step;
	bool range; /* first..last, else the one step first */
	uint32_t first;
	uint32_t last;
};

/* A space's number; "N", "A..B", "A.." or "..B". */
VMT_MUST_CHECK int vmt_replay_part_space(struct vmt_replay_part *part, const char *argument,
					 struct vmt_error *error);
VMT_MUST_CHECK int vmt_replay_part_step(struct vmt_replay_part *part, const char *argument,
					struct vmt_error *error);
/* The part as the store selects it: the steps of one step, or of a range. */
struct vmt_selection vmt_replay_part_selection(const struct vmt_replay_part *part);

/* A recording that is open for a command. */
struct vmt_reading {
	struct vmt_names *names;
	struct vmt_recording *recording;
	struct vmt_str text; /* kept for its memory */
};

VMT_MUST_CHECK int vmt_reading_open(struct vmt_reading *reading, const char *path,
				    struct vmt_error *error);
void vmt_reading_close(struct vmt_reading *reading);

/* The space that is meant: the one of --space, or the only one. */
VMT_MUST_CHECK int vmt_reading_space(const struct vmt_reading *reading,
				     const struct vmt_replay_part *part, uint32_t *ret_space,
				     struct vmt_error *error);

/* How steps are shown. */
struct vmt_replay_look {
	bool paths; /* false: without their way through the kernel, as in a run that did not ask for it */
	const struct vmt_expr *filter; /* NULL: none; steps that it leaves out are hidden */
};

/*
 * A step of the recording as the session would have handed it on: with its title, and hidden if the
 * filter leaves it out. Its arrays are those of @step.
 */
struct vmt_step vmt_reading_step(struct vmt_reading *reading, const struct vmt_step *step,
				 const struct vmt_replay_look *look);

/* Everything that is selected, in its order, to @renderer. */
VMT_MUST_CHECK int vmt_reading_replay(struct vmt_reading *reading,
				      const struct vmt_selection *selection,
				      const struct vmt_replay_look *look,
				      struct vmt_renderer *renderer, struct vmt_error *error);

/* A layout of the recording, with the parts of ELF files that its rows are, to @renderer. */
VMT_MUST_CHECK int vmt_reading_layout(const struct vmt_reading *reading,
				      const struct vmt_layout_info *layout,
				      struct vmt_renderer *renderer, struct vmt_error *error);

/* Closes @output; the status of a command that came to its end. */
int vmt_reading_done(struct vmt_output *output, struct vmt_status *ret_status);

#endif
