/* SPDX-License-Identifier: MIT */
/*
 * What drives the model's page tables (tables.h):
 *
 *	faults		each in its place between the steps, where perf lets us see them
 *	a look		at all pages of the space (pagemap): what the kernel brought in by itself,
 *			and everything where faults are not seen. Before each call, for what a call
 *			takes away cannot be seen afterwards, and after it
 *
 * A look costs as much as the space has pages, VmPTE costs 4 us: so it is asked first, and where it
 * says what the model says there is nothing to look for (tables-check.c). With --show=pt or tlb the pages are looked
 * at all the same, once before each call, because their number and place are to be told.
 *
 * Where model and kernel differ in the end, the difference is kept, with its reason, so that the
 * steps that follow are compared for what they change (space_tables.drift_bytes).
 */
#include "tables.h"

#include <stdlib.h>

#include "tables-check.h"

static bool is_watching(const struct session *session)
{
	return (session->options->faults || session->options->show_tables) &&
	       session->options->check != VMT_CHECK_OFF;
}

const struct vmt_geometry *vmt_tables_geometry(void)
{
	const struct vmt_geometry *geometry = vmt_geometry_by_name("x86_64-4");

	/* Where that cannot be told, the bytes are right: a P4D is not counted. */
	(void)!vmt_kernel_geometry(&geometry);
	return geometry;
}

/* ---- Faults ------------------------------------------------------------------------------- */

static struct session_space *watched_space(struct session *session, uint32_t number)
{
	for (size_t i = 0; i < session->spaces.count; i++) {
		struct session_space *space = session->spaces.data[i];

		if (space->info.space == number)
			return space->tables && space->model ? space : NULL;
	}
	return NULL;
}

/* One page; only asked about where a table may be new. */
static bool is_there(const struct session *session, struct session_space *space, uint64_t address)
{
	struct vmt_page_runs *runs = &space->tables->one;
	uint64_t page = vmt_geometry_page_bytes(session->geometry);
	uint64_t start = address & ~(page - 1);

	vmt_array_clear(runs);
	return !space->probe || vmt_probe_pages(space->probe, start, start + page, runs) < 0 ||
	       runs->count;
}

static void take_fault(const struct session *session, struct session_space *space, uint64_t address)
{
	struct space_tables *tables = space->tables;

	tables->faulted = true;
	vmt_tables_stale(session, tables, address, address + 1);
	if (!vmt_space_has_table(space->model, address) && !is_there(session, space, address)) {
		tables->vanished = true;
		vmt_space_fault_failed(space->model, address);
	} else if (!vmt_space_fault(space->model, address) &&
		   tables->stray_count < TABLES_STRAYS_MAX)
		tables->strays[tables->stray_count++] = address;
}

void vmt_tables_faults(struct session *session)
{
	const struct vmt_fault *faults;
	struct session_space *space = NULL;
	size_t seen;

	if (!session->options->faults)
		return;
	seen = vmt_tracer_faults(session->tracer, &faults);
	for (size_t i = 0; i < seen; i++) {
		if (!space || space->info.space != faults[i].space)
			space = watched_space(session, faults[i].space);
		if (!space)
			continue;
		session->faults++;
		take_fault(session, space, faults[i].address);
	}
}

/* Where no VMA was before the call there may be one after it. */
static void settle_strays(struct session_space *space)
{
	struct space_tables *tables = space->tables;

	for (unsigned i = 0; i < tables->stray_count; i++)
		(void)vmt_space_fault(space->model, tables->strays[i]);
	tables->stray_count = 0;
}

/* ---- The life of a space -------------------------------------------------------------------- */

static void watch(const struct session *session, struct session_space *space)
{
	space->tables = vmt_calloc(1, sizeof(*space->tables));
	vmt_space_watch_tables(space->model, session->geometry);
}

void vmt_tables_free(struct session_space *space)
{
	if (!space->tables)
		return;
	vmt_array_deinit(&space->tables->runs);
	vmt_array_deinit(&space->tables->one);
	vmt_array_deinit(&space->tables->stale);
	free(space->tables);
	space->tables = NULL;
}

void vmt_tables_image(struct session *session, struct session_space *space)
{
	struct space_tables *tables;

	if (!is_watching(session))
		return;
	watch(session, space);
	tables = space->tables;
	vmt_tables_read(session, space);
	for (size_t i = 0; i < tables->runs.count; i++) {
		const struct vmt_page_run *run = &tables->runs.data[i];

		vmt_space_pages_wait(space->model, run->start, run->end,
				     vmt_tables_populate(run->kind));
	}
	tables->telling = tables->looked && session->options->show_tables;
}

void vmt_tables_publish(const struct session *session, struct vmt_step *step)
{
	struct space_tables *tables = session->current->tables;

	if (!tables || !tables->telling)
		return;
	step->tables.pages_known = true;
	for (size_t i = 0; i < tables->runs.count; i++) {
		const struct vmt_page_run *run = &tables->runs.data[i];
		uint64_t low = vmt_max_u64(run->start, step->start);
		uint64_t high = vmt_min_u64(run->end, step->end);

		if (low < high && run->kind & VMT_PAGE_PRESENT)
			step->tables.pages +=
				(int64_t)((high - low) >> session->geometry->page_shift);
	}
	tables->told_present += (uint64_t)step->tables.pages;
}

void vmt_tables_told(struct session *session, struct session_space *space, bool complete)
{
	uint64_t kernel_bytes;

	if (!space->tables)
		return;
	vmt_space_pages_told(space->model);
	space->tables->complete = complete;
	space->tables->telling = false;
	(void)vmt_tables_check(session, space, &kernel_bytes);
}

void vmt_tables_copy(const struct session *session, struct session_space *space,
		     const struct session_space *parent)
{
	if (!parent->tables)
		return;
	space->tables = vmt_calloc(1, sizeof(*space->tables));
	space->tables->complete = parent->tables->complete;
	space->tables->vanished = parent->tables->vanished;
	if (!session->options->show_tables)
		return;
	vmt_tables_read(session, space);
	space->tables->telling = space->tables->looked;
}

void vmt_tables_copied(struct session *session, struct session_space *space)
{
	uint64_t kernel_bytes;

	if (!space->tables)
		return;
	space->tables->telling = space->tables->looked = false;
	(void)vmt_tables_check(session, space, &kernel_bytes);
	if (!space->tables->looked && session->options->show_tables)
		vmt_tables_look(session, space);
}

/* Adds those pages of [start, end) that are there; @run is the first that may be in it. */
static size_t see_victims_in(const struct session *session, struct space_tables *tables, size_t run,
			     uint64_t start, uint64_t end)
{
	const struct vmt_page_runs *runs = &tables->runs;

	while (run < runs->count && runs->data[run].end <= start)
		run++;
	for (size_t at = run; at < runs->count && runs->data[at].start < end; at++) {
		uint64_t low = vmt_max_u64(runs->data[at].start, start);
		uint64_t high = vmt_min_u64(runs->data[at].end, end);

		if (!(runs->data[at].kind & VMT_PAGE_PRESENT))
			continue;
		if (!tables->flush_present)
			tables->flush_start = low;
		tables->flush_end = high;
		tables->flush_present += (high - low) >> session->geometry->page_shift;
	}
	return run;
}

/* Counts the pages that the call may take away, from the first to the last of them. */
static void see_victims(const struct session *session, struct session_space *space)
{
	struct space_tables *tables = space->tables;
	size_t run = 0;
	uint64_t start;
	uint64_t end = 0;

	tables->flush_start = tables->flush_end = tables->flush_present = 0;
	while (vmt_space_flush_range(space->model, session->event, end, &start, &end))
		run = see_victims_in(session, tables, run, start, end);
}

void vmt_tables_enter(struct session *session, struct session_space *space)
{
	uint64_t kernel_bytes;

	if (!space->tables)
		return;
	space->tables->looked = false;
	if (session->options->show_tables) {
		vmt_tables_refresh(session, space);
		see_victims(session, space);
	}
	space->tables->before = vmt_tables_compare(session, space, &kernel_bytes);
}

/* What the call was about, and the pages that it may have brought in around that. */
static void mark_step(const struct session *session, struct session_space *space)
{
	const struct vmt_step *step = &session->step;
	uint64_t start, end;

	for (unsigned i = 0; vmt_step_range(space->model, step, i, &start, &end); i++)
		vmt_tables_stale(session, space->tables, start, end);
	if (step->event->call == VMT_CALL_PROCESS_MADVISE || step->event->call == VMT_CALL_MLOCKALL)
		space->tables->stale_all = true;
}

void vmt_tables_call(struct session *session, struct session_space *space)
{
	struct space_tables *tables = space->tables;
	struct vmt_step *step = &session->step;

	if (!tables)
		return;
	settle_strays(space);
	vmt_step_tables(space->model, step);
	tables->looked = false;
	step->tables.faults_known = vmt_tracer_fault_view(session->tracer) != VMT_FAULTS_NOT;
	if (session->options->show_tables) {
		mark_step(session, space);
		vmt_tables_refresh(session, space);
		step->tables.pages_known = tables->looked;
		step->tables.pages = (int64_t)(tables->present - tables->told_present);
		tables->told_present = tables->present;
		vmt_step_tlb(space->model, step, tables->flush_start, tables->flush_end,
			     tables->flush_present);
	}
	step->tables.reason = vmt_tables_check(session, space, &step->tables.kernel_bytes);
	step->tables.checked = step->tables.reason != VMT_TABLES_UNREADABLE;
}

/* ---- The end -------------------------------------------------------------------------------- */

/* Both lists ascend; gate pages are in no run. */
static struct vmt_row_pages *row_pages(const struct session *session,
				       const struct session_space *space,
				       const struct vmt_view_list *list)
{
	struct vmt_row_pages *rows = vmt_calloc(list->rows.count + 1, sizeof(*rows));
	const struct vmt_page_runs *runs = &space->tables->runs;
	size_t run = 0;

	for (size_t i = 0; i < list->rows.count; i++) {
		const struct vmt_mapping *map = &list->rows.data[i].map;

		if (map->gate)
			continue;
		rows[i].tables = vmt_space_tables_in(space->model, map->start, map->end);
		while (run < runs->count && runs->data[run].end <= map->start)
			run++;
		for (size_t at = run; at < runs->count && runs->data[at].start < map->end; at++) {
			const struct vmt_page_run *found = &runs->data[at];
			uint64_t pages = (vmt_min_u64(found->end, map->end) -
					  vmt_max_u64(found->start, map->start)) >>
					 session->geometry->page_shift;

			if (found->kind & VMT_PAGE_PRESENT)
				rows[i].present += pages;
			else if ((found->kind & (VMT_PAGE_SWAPPED | VMT_PAGE_GUARD)) ==
				 VMT_PAGE_SWAPPED)
				rows[i].swapped += pages;
		}
	}
	return rows;
}

static void look_last(struct session *session, struct session_space *space,
		      struct vmt_layout_info *info)
{
	uint64_t kernel_bytes = 0;

	/* The last caller may have gone. */
	space->pid = session->event->tid;
	settle_strays(space);
	vmt_tables_look(session, space);
	if (!space->tables->looked)
		return;
	info->table_reason = vmt_tables_judge(session, space, &kernel_bytes);
	space->last_reason = info->table_reason;
	/* A difference that was there before and has its reason. */
	if (info->table_reason == VMT_TABLES_AGREE && space->tables->drift_bytes)
		info->table_reason = space->tables->reason;
	info->geometry = session->geometry;
	vmt_space_table_totals(space->model, &info->tables);
	info->present_pages = space->tables->present;
	if (session->options->show_tables)
		info->pages = row_pages(session, space, info->list);
}

void vmt_tables_end(struct session *session, struct session_space *space,
		    struct vmt_layout_info *info)
{
	if (session->options->check == VMT_CHECK_OFF)
		return;
	info->tables_watched = space->tables != NULL;
	if (!info->tables_watched)
		watch(session, space);
	look_last(session, space, info);
	/* An execve that fails leaves the space as it was: not watched. */
	if (!info->tables_watched) {
		vmt_tables_free(space);
		vmt_space_unwatch_tables(space->model);
	}
}

void vmt_tables_info_deinit(struct vmt_layout_info *info)
{
	free((struct vmt_row_pages *)(uintptr_t)info->pages);
	info->pages = NULL;
}
