/* SPDX-License-Identifier: MIT */
/*
 * checking: the model is held against the kernel, as widely as --check says.
 */
#ifndef CMD_CHECKING_H
#define CMD_CHECKING_H

#include "pipeline.h"

/* Compares what session->step touched, or the whole layout, and takes over what differs. */
void vmt_check_step(struct session *session, struct session_space *space);

/*
 * What was taken over of @rows came without its VmFlags. smaps has them, and walks the page tables
 * for it: not where they are large. Returns the flags that were others than the model's.
 */
uint64_t vmt_check_take_flags(struct session *session, struct vmt_space *model, pid_t pid,
			      const struct vmt_layout *rows);

/*
 * A stack grows in page faults, without a call: looked for before each call and at the end. What
 * grew is a step of its own.
 */
void vmt_check_growth(struct session *session, struct session_space *space);

/* All VMAs of the space that @pid is of, gate pages left out; 0 or a negative errno. */
int vmt_check_read_whole(struct session *session, pid_t pid, struct vmt_layout *rows);

/*
 * A difference that others made who are not watched, that comes from what could not be read, or that
 * a filter of the program's own made is not the model's mistake: session->step says so.
 */
void vmt_check_excuse(struct session *session, const struct session_space *space);

/* The last look: the whole layout, names included, before the task goes. */
void vmt_check_whole(struct session *session, struct session_space *space, pid_t pid);

#endif
