/* SPDX-License-Identifier: MIT */
/*
 * The check of the page tables: see tables-check.h. Where VmPTE is what the model says, no page is
 * looked at.
 */
#include "tables-check.h"

enum {
	LOOKS_MAX = 3 /* while other tasks of the space make tables as fast as we can look */
};

static bool ask(const struct session_space *space, uint64_t *ret_bytes)
{
	uint64_t kib;

	if (vmt_proc_page_table_kib(space->pid, &kib) < 0)
		return false;
	*ret_bytes = kib * 1024;
	return true;
}

static int64_t difference(const struct session_space *space, uint64_t kernel_bytes)
{
	return (int64_t)(kernel_bytes - vmt_space_table_bytes(space->model));
}

/* ---- The check ---------------------------------------------------------------------------- */

/* Why they can differ, where nothing that was seen explains it. */
static enum vmt_table_reason excuse(const struct session *session,
				    const struct session_space *space, int64_t drift)
{
	uint64_t threads;

	/* Nobody watched, or a page was gone too soon: more tables than pages show are no surprise. */
	if ((!space->tables->complete || space->tables->vanished) && drift > 0)
		return VMT_TABLES_EMPTIED;
	if (session->event->order_inferred ||
	    (vmt_proc_thread_count(space->pid, &threads) == 0 && threads > 1))
		return VMT_TABLES_OTHERS;
	if (vmt_tracer_faults_lost(session->tracer))
		return VMT_TABLES_LOST;
	return VMT_TABLES_UNEXPLAINED;
}

static bool any_huge(const struct space_tables *tables)
{
	for (size_t i = 0; i < tables->runs.count; i++) {
		if (tables->runs.data[i].kind & VMT_PAGE_HUGE)
			return true;
	}
	return false;
}

/*
 * The model has tables that the kernel has not: a fault that failed made none, a huge page of a
 * file needs none. What the pages show is begun with anew.
 */
static enum vmt_table_reason begin_anew(const struct session *session, struct session_space *space,
					uint64_t kernel_bytes)
{
	struct space_tables *tables = space->tables;
	enum vmt_table_reason reason;

	if (!tables->looked)
		return VMT_TABLES_UNREADABLE;
	vmt_space_tables_forget(space->model);
	vmt_tables_look(session, space);
	reason = excuse(session, space, difference(space, kernel_bytes));
	if (reason != VMT_TABLES_UNEXPLAINED || difference(space, kernel_bytes) < 0)
		return reason;
	if (any_huge(tables))
		return VMT_TABLES_HUGE;
	return tables->faulted ? VMT_TABLES_FAILED : VMT_TABLES_UNEXPLAINED;
}

enum vmt_table_reason vmt_tables_compare(const struct session *session, struct session_space *space,
					 uint64_t *ret_kernel_bytes)
{
	struct space_tables *tables = space->tables;
	int64_t drift = 0;

	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		if (!ask(space, ret_kernel_bytes))
			return VMT_TABLES_UNREADABLE;
		drift = difference(space, *ret_kernel_bytes);
		if (drift == tables->drift_bytes)
			return VMT_TABLES_AGREE;
		vmt_tables_look(session, space);
		drift = difference(space, *ret_kernel_bytes);
		if (drift == tables->drift_bytes)
			return VMT_TABLES_AGREE;
		/* One of the tables of which nothing was known has come into use, or gone. */
		if (drift >= 0 && drift < tables->drift_bytes) {
			tables->drift_bytes = drift;
			return VMT_TABLES_AGREE;
		}
	}
	if (!tables->looked)
		tables->reason = VMT_TABLES_UNREADABLE;
	else if (drift < 0)
		tables->reason = begin_anew(session, space, *ret_kernel_bytes);
	else
		tables->reason = excuse(session, space, drift);
	tables->drift_bytes = difference(space, *ret_kernel_bytes);
	return tables->reason;
}

static void count(struct vmt_counts *counts, enum vmt_table_reason reason)
{
	counts->table_checks++;
	counts->table_reasons[reason]++;
}

enum vmt_table_reason vmt_tables_judge(struct session *session, struct session_space *space,
				       uint64_t *ret_kernel_bytes)
{
	enum vmt_table_reason reason = vmt_tables_compare(session, space, ret_kernel_bytes);

	if (reason == VMT_TABLES_AGREE)
		reason = space->tables->before;
	space->tables->before = VMT_TABLES_AGREE;
	space->tables->faulted = false;
	return reason;
}

void vmt_tables_count(struct session *session, struct session_space *space,
		      enum vmt_table_reason reason)
{
	count(&space->counts, reason);
	count(&session->counts, reason);
}

enum vmt_table_reason vmt_tables_check(struct session *session, struct session_space *space,
				       uint64_t *ret_kernel_bytes)
{
	enum vmt_table_reason reason = vmt_tables_judge(session, space, ret_kernel_bytes);

	if (reason != VMT_TABLES_UNREADABLE || space->tables->looked)
		vmt_tables_count(session, space, reason);
	return reason;
}
