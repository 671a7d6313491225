/* SPDX-License-Identifier: MIT */
/*
 * leaving: how a space ends. A task that exits can be looked at while it stands before its end; an
 * execve that succeeds leaves nothing to look at, so it is done before the call.
 */
#ifndef CMD_LEAVING_H
#define CMD_LEAVING_H

#include "pipeline.h"

/*
 * Compares all of the space, names and page tables included, with the kernel; only the task of
 * session->event is in it. It may go on afterwards as if nothing had been.
 */
void vmt_leaving_look(struct session *session, struct session_space *space);
/* What was seen is not the end, and of that nothing will be seen. */
void vmt_leaving_forget(struct session_space *space);
/* Hands on the last layout, with what was seen of its page tables. */
void vmt_leaving_layout(struct session *session, struct session_space *space);

#endif
