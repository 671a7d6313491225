/* SPDX-License-Identifier: MIT */
/*
 * caller: who made the call of session->event: the object whose code it was, and with stacks the
 * frame that it was for.
 */
#ifndef CMD_CALLER_H
#define CMD_CALLER_H

#include "pipeline.h"

/* Before the call is replayed: it may take its caller's memory away. */
void vmt_caller_find(struct session *session, struct session_space *space);
/* Says it in session->step, which has begun. */
void vmt_caller_say(struct session *session, struct session_space *space);

#endif
