/* SPDX-License-Identifier: MIT */
/*
 * tables: what drives the model's page tables, and the check of them. Faults come from the tracer,
 * everything else from looking at the pages (pagemap).
 */
#ifndef CMD_TABLES_H
#define CMD_TABLES_H

#include "pipeline.h"

/* Of the kernel's page tables, which 32-bit programs have as well. */
const struct vmt_geometry *vmt_tables_geometry(void);

/* Hands the faults since the last event to the spaces in which they were. */
void vmt_tables_faults(struct session *session);

/*
 * A new image, its model made and nothing told yet: what is there is found and waits for the steps
 * that will tell of it.
 */
void vmt_tables_image(struct session *session, struct session_space *space);
/* Its steps have been told. @complete: nothing can have happened before (execve, not attach). */
void vmt_tables_told(struct session *session, struct session_space *space, bool complete);

/* A copy of @parent, its model not made yet: what is there waits for its steps. */
void vmt_tables_copy(const struct session *session, struct session_space *space,
		     const struct session_space *parent);
/* Its model is made and its steps told. */
void vmt_tables_copied(struct session *session, struct session_space *space);

/*
 * A step of the current space is about to be told. If it is one of those that a space begins with, the
 * pages that are there in its range came with it.
 */
void vmt_tables_publish(const struct session *session, struct vmt_step *step);

/* A mapping call is entered: the last look at what it may take away. */
void vmt_tables_enter(struct session *session, struct session_space *space);
/* It has returned, session->step is done and checked but not ended. */
void vmt_tables_call(struct session *session, struct session_space *space);

/*
 * The space ends, or may end, and its task still stands. Looks at every page and compares once more,
 * also where the tables were not watched; fills in what @info says of page tables and pages.
 * vmt_tables_info_deinit() frees what that took.
 */
void vmt_tables_end(struct session *session, struct session_space *space,
		    struct vmt_layout_info *info);
void vmt_tables_info_deinit(struct vmt_layout_info *info);

void vmt_tables_free(struct session_space *space);

#endif
