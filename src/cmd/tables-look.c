/* SPDX-License-Identifier: MIT */
/*
 * Which pages a space has. A look at all of them costs as much as there are; where every fault is seen
 * only what can have changed since the last look is read again:
 *
 *	a fault		the 2 MiB of one table around it (fault-around and huge pages stay inside)
 *	a call		the ranges that its step is about
 *
 * What the kernel does by itself (reclaim, khugepaged, a truncated file) changes pages without either;
 * where that shows in VmPTE, and at the end of the space, all are looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "tables-check.h"

enum {
	STALE_MAX = 512, /* more places than that, and a whole look is no dearer */
};

enum vmt_populate vmt_tables_populate(unsigned kind)
{
	if (!(kind & VMT_PAGE_HUGE))
		return VMT_POPULATE_PAGES;
	return kind & VMT_PAGE_FILE ? VMT_POPULATE_HUGE_FILE : VMT_POPULATE_HUGE;
}

static void count_present(const struct session *session, struct space_tables *tables)
{
	tables->present = 0;
	for (size_t i = 0; i < tables->runs.count; i++) {
		const struct vmt_page_run *run = &tables->runs.data[i];

		if (run->kind & VMT_PAGE_PRESENT)
			tables->present += (run->end - run->start) >> session->geometry->page_shift;
	}
}

void vmt_tables_read(const struct session *session, const struct session_space *space)
{
	struct space_tables *tables = space->tables;

	vmt_array_clear(&tables->runs);
	vmt_array_clear(&tables->stale);
	tables->stale_all = false;
	tables->looked =
		space->probe &&
		vmt_probe_pages(space->probe, 0, session->geometry->user_end, &tables->runs) == 0;
	tables->lost = vmt_tracer_faults_lost(session->tracer);
	count_present(session, tables);
}

static void populate(struct session_space *space, const struct vmt_page_runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		vmt_space_populate(space->model, runs->data[i].start, runs->data[i].end,
				   vmt_tables_populate(runs->data[i].kind));
}

void vmt_tables_look(const struct session *session, struct session_space *space)
{
	vmt_tables_read(session, space);
	populate(space, &space->tables->runs);
}

/* ---- A part of it ------------------------------------------------------------------------------ */

static uint64_t table_bytes(const struct session *session)
{
	return vmt_level_table_span(&session->geometry->levels[session->geometry->level_count - 1]);
}

void vmt_tables_stale(const struct session *session, struct space_tables *tables, uint64_t start,
		      uint64_t end)
{
	uint64_t bytes = table_bytes(session);
	struct vmt_page_run place = {
		.start = start & ~(bytes - 1),
		.end = (end + bytes - 1) & ~(bytes - 1),
	};
	const struct vmt_page_run *last =
		tables->stale.count ? &tables->stale.data[tables->stale.count - 1] : NULL;

	if (tables->stale_all || (last && last->start <= place.start && place.end <= last->end))
		return;
	if (tables->stale.count == STALE_MAX || place.end <= place.start) {
		tables->stale_all = true;
		return;
	}
	vmt_array_push(&tables->stale, place);
}

static int compare_places(const void *a, const void *b)
{
	const struct vmt_page_run *x = a;
	const struct vmt_page_run *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* In order, and those that overlap or touch made one. */
static void settle_places(struct vmt_page_runs *places)
{
	size_t kept = 0;

	qsort(places->data, places->count, sizeof(*places->data), compare_places);
	for (size_t i = 1; i < places->count; i++) {
		if (places->data[i].start <= places->data[kept].end)
			places->data[kept].end =
				vmt_max_u64(places->data[kept].end, places->data[i].end);
		else
			places->data[++kept] = places->data[i];
	}
	places->count = kept + 1;
}

/* Adds what of @run lies in [start, end). */
static void keep_part(struct vmt_page_runs *kept, const struct vmt_page_run *run, uint64_t start,
		      uint64_t end)
{
	struct vmt_page_run part = {
		.start = vmt_max_u64(run->start, start),
		.end = vmt_min_u64(run->end, end),
		.kind = run->kind,
	};

	if (part.start < part.end)
		vmt_array_push(kept, part);
}

/*
 * The runs of the last look with those places replaced by what is there now:
 *
 *	last look	[ aaaaaaaa ]   [ bbb ]      [ ccc ]
 *	places		      [///////////]
 *	now		[ aaa ][ n ]   [n]  [b]     [ ccc ]
 */
static bool replace(const struct session_space *space, const struct vmt_page_runs *places,
		    struct vmt_page_runs *ret_now)
{
	const struct vmt_page_runs *old = &space->tables->runs;
	size_t at = 0;
	uint64_t from = 0;

	for (size_t i = 0; i <= places->count; i++) {
		bool behind = i == places->count;
		uint64_t until = behind ? UINT64_MAX : places->data[i].start;

		for (size_t run = at; run < old->count && old->data[run].start < until; run++)
			keep_part(ret_now, &old->data[run], from, until);
		if (behind)
			break;
		if (vmt_probe_pages(space->probe, places->data[i].start, places->data[i].end,
				    ret_now) < 0)
			return false;
		from = places->data[i].end;
		while (at < old->count && old->data[at].end <= from)
			at++;
	}
	return true;
}

void vmt_tables_refresh(const struct session *session, struct session_space *space)
{
	struct space_tables *tables = space->tables;
	struct vmt_page_runs now = { 0 };

	if (tables->stale_all || !space->probe || !tables->runs.count ||
	    vmt_tracer_fault_view(session->tracer) != VMT_FAULTS_ALL ||
	    vmt_tracer_faults_lost(session->tracer) != tables->lost) {
		vmt_tables_look(session, space);
		return;
	}
	tables->looked = true;
	if (!tables->stale.count)
		return;
	settle_places(&tables->stale);
	if (!replace(space, &tables->stale, &now)) {
		vmt_array_deinit(&now);
		vmt_tables_look(session, space);
		return;
	}
	vmt_array_deinit(&tables->runs);
	tables->runs = now;
	for (size_t i = 0; i < tables->stale.count; i++) {
		struct vmt_page_runs *one = &tables->one;

		vmt_array_clear(one);
		for (size_t run = 0; run < now.count; run++)
			keep_part(one, &now.data[run], tables->stale.data[i].start,
				  tables->stale.data[i].end);
		populate(space, one);
	}
	vmt_array_clear(&tables->stale);
	count_present(session, tables);
}
