/* SPDX-License-Identifier: MIT */
/*
 * meaning: a finished step gets its words: what it does, and what it is for, from the story of its
 * space (annotate).
 */
#ifndef CMD_MEANING_H
#define CMD_MEANING_H

#include "pipeline.h"

/*
 * Fills in what, purpose, title, pattern, group, relro_of and hidden of @step, whose actor is set,
 * and tells the renderer of an ELF file that it loads.
 */
void vmt_session_describe(struct session *session, struct vmt_step *step);

#endif
