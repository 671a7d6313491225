/* SPDX-License-Identifier: MIT */
/* A program that ends by a signal: a note that says why. See death.c. */
#ifndef CMD_DEATH_H
#define CMD_DEATH_H

#include "pipeline.h"

/* session->event is a VMT_EVENT_KILLED, whose task still stands. */
void vmt_death_tell(struct session *session);

#endif
