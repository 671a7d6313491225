/* SPDX-License-Identifier: MIT */
/*
 * served: memory whose faults a userfaultfd serves, until the last of its descriptors is closed.
 */
#ifndef CMD_SERVED_H
#define CMD_SERVED_H

#include "pipeline.h"

/* The call of @event, about @space, may have registered memory with a userfaultfd. */
void vmt_served_note(struct session_space *space, const struct vmt_event *event);

/* Publishes a step of its own if a userfaultfd of the space has ended since the last look. */
void vmt_served_look(struct session *session, struct session_space *space);

void vmt_served_deinit(struct vmt_served *served);

#endif
