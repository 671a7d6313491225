/* SPDX-License-Identifier: MIT */
/*
 * tables-check: looks at the pages of a space, and compares the model's page tables with VmPTE.
 */
#ifndef CMD_TABLES_CHECK_H
#define CMD_TABLES_CHECK_H

#include "pipeline.h"

enum {
	TABLES_STRAYS_MAX = 64
};

/* What is kept of the page tables of a space that is watched. */
struct space_tables {
	struct vmt_page_runs runs; /* the last look */
	struct vmt_page_runs one; /* of one page, kept for its memory */
	bool looked; /* at this event */
	/* What can have changed since the last look, in whole tables; the kinds are not used. */
	struct vmt_page_runs stale;
	bool stale_all; /* too much of it */
	uint64_t lost; /* faults that were lost up to the last look */
	uint64_t present; /* pages at the last look */
	uint64_t told_present; /* pages that steps have told of, up to the last one */
	bool telling; /* the steps of a new space tell of the pages that were there at its beginning */
	int64_t drift_bytes; /* the kernel's tables less the model's, as far as that was explained */
	enum vmt_table_reason reason; /* of the drift */
	bool complete; /* all that happened since the space began was seen, or could be looked for */
	bool vanished; /* a page was faulted in and had gone when it was looked for (a truncated file) */
	bool faulted; /* faults came since they were last compared */
	enum vmt_table_reason before; /* what the comparison before the running call found */
	/* What the call that runs may take away. */
	uint64_t flush_start;
	uint64_t flush_end;
	uint64_t flush_present;
	/* Faults where no VMA was: of a call that has not returned yet. */
	unsigned stray_count;
	uint64_t strays[TABLES_STRAYS_MAX];
};

/* What made the tables of a page of that kind (VMT_PAGE_…). */
enum vmt_populate vmt_tables_populate(unsigned kind);

/* Reads which pages there are into space->tables. */
void vmt_tables_read(const struct session *session, const struct session_space *space);
/* The same, and every page that is there has its tables in the model then. */
void vmt_tables_look(const struct session *session, struct session_space *space);

/* [start, end) may have other pages than at the last look. */
void vmt_tables_stale(const struct session *session, struct space_tables *tables, uint64_t start,
		      uint64_t end);
/* The same as a look, at no more than what is stale where all faults are seen. */
void vmt_tables_refresh(const struct session *session, struct session_space *space);

/*
 * Compares with the kernel, looking at the pages where that may help. The difference that stays
 * becomes the drift.
 */
enum vmt_table_reason vmt_tables_compare(const struct session *session, struct session_space *space,
					 uint64_t *ret_kernel_bytes);
/* Compares. What was found before the call is a finding of its step. */
enum vmt_table_reason vmt_tables_judge(struct session *session, struct session_space *space,
				       uint64_t *ret_kernel_bytes);
/* Counts a finding, for the space and for the run. */
void vmt_tables_count(struct session *session, struct session_space *space,
		      enum vmt_table_reason reason);
/* Both. */
enum vmt_table_reason vmt_tables_check(struct session *session, struct session_space *space,
				       uint64_t *ret_kernel_bytes);

#endif
