/* SPDX-License-Identifier: MIT */
/*
 * loading: steps meet the ELF files that they load (objects.h).
 */
#ifndef CMD_LOADING_H
#define CMD_LOADING_H

#include "pipeline.h"

/*
 * To be called with each finished step of session->current, before it gets its words: reads an ELF
 * file that the step loads, tells the renderer of a new one, and says whether the step is RELRO.
 */
void vmt_loading_step(struct session *session, struct vmt_step *step);

/* What of ELF files the rows of the space's layout are; the caller frees the array. */
struct vmt_part *vmt_loading_parts(struct session_space *space, const struct vmt_view_list *list);

#endif
