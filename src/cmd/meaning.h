/* SPDX-License-Identifier: MIT */
/*
 * meaning: a finished step gets what it is for, from the story of its space (annotate).
 */
#ifndef CMD_MEANING_H
#define CMD_MEANING_H

#include "pipeline.h"

/* Fills in purpose, title, pattern and group of @step, whose what and actor are set. */
void vmt_session_meaning(struct session *session, struct vmt_step *step);

#endif
