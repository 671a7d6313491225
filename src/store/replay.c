/* SPDX-License-Identifier: MIT */
/*
 * The log of a recording in its order, and questions about single steps and layouts.
 */
#include <errno.h>
#include <string.h>

#include "recording.h"

enum {
	STATUS_MAX = 255,
	SIGNAL_MAX = 128,
};

/* ---- Counts -------------------------------------------------------------------------------------- */

void vmt_read_counts(struct vmt_recording *recording, sqlite3_stmt *query, int column,
		     int64_t record, struct vmt_counts *ret_counts)
{
	*ret_counts = (struct vmt_counts){
		.steps = vmt_column_word(recording, query, column),
		.checked = vmt_column_word(recording, query, column + 1),
		.adjusted = vmt_column_word(recording, query, column + 2),
		.unexplained = vmt_column_word(recording, query, column + 3),
		.table_checks = vmt_column_word(recording, query, column + 4),
	};
	vmt_read_table_reasons(recording, record, ret_counts);
	query = vmt_recording_query(recording, VMT_QUERY_ADJUSTED);
	sqlite3_bind_int64(query, 1, record);
	while (vmt_recording_row(recording, query)) {
		int reason = vmt_column_name(recording, query, 0, vmt_reason_of, VMT_REASON_COUNT,
					     "reason to adjust a step");

		ret_counts->reasons[reason] = vmt_column_word(recording, query, 1);
	}
	sqlite3_reset(query);
}

/* ---- Spaces -------------------------------------------------------------------------------------- */

static int no_space(const struct vmt_recording *recording, uint32_t space, struct vmt_error *error)
{
	return vmt_error_set(error, ENOENT, "there is no space %u in '%s'", space, recording->path);
}

int vmt_recording_space(struct vmt_recording *recording, uint32_t space,
			const struct vmt_space_info **ret_info, struct vmt_error *error)
{
	sqlite3_stmt *query;
	bool found;

	if (recording->space.space == space && space) {
		*ret_info = &recording->space;
		return 0;
	}
	query = vmt_recording_query(recording, VMT_QUERY_SPACE);
	sqlite3_bind_int64(query, 1, space);
	found = vmt_recording_row(recording, query);
	if (found) {
		recording->space = (struct vmt_space_info){
			.space = space,
			.pid = (pid_t)vmt_column_number(recording, query, 0, INT32_MAX),
			.made_by = vmt_column_text(recording, query, 1),
			.parent = (uint32_t)vmt_column_number(recording, query, 2, UINT32_MAX),
			.exe = vmt_column_text(recording, query, 3),
			.arch = vmt_column_text(recording, query, 4),
		};
		vmt_column_arch(recording, query, 4);
	}
	sqlite3_reset(query);
	if (recording->bad)
		return vmt_recording_verdict(recording, error);
	if (!found)
		return no_space(recording, space, error);
	*ret_info = &recording->space;
	return 0;
}

int vmt_recording_next_space(struct vmt_recording *recording, uint32_t space, uint32_t *ret_space,
			     struct vmt_error *error)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_NEXT_SPACE);

	*ret_space = 0;
	sqlite3_bind_int64(query, 1, space);
	if (vmt_recording_row(recording, query))
		*ret_space = (uint32_t)vmt_column_number(recording, query, 0, UINT32_MAX);
	sqlite3_reset(query);
	return vmt_recording_verdict(recording, error);
}

int vmt_recording_spaces(struct vmt_recording *recording, uint32_t *ret_count, uint32_t *ret_first,
			 struct vmt_error *error)
{
	uint32_t count = 0;
	uint32_t first = 0;
	uint32_t space = 0;
	int err;

	while ((err = vmt_recording_next_space(recording, space, &space, error)) == 0 && space) {
		first = count++ ? first : space;
	}
	*ret_count = count;
	*ret_first = first;
	return err;
}

int vmt_recording_last_step(struct vmt_recording *recording, uint32_t space, uint32_t *ret_step,
			    struct vmt_error *error)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_LAST_STEP);
	bool found;

	sqlite3_bind_int64(query, 1, vmt_store_step_id(space, 0));
	sqlite3_bind_int64(query, 2, vmt_store_step_id(space, UINT32_MAX));
	found = space <= INT32_MAX && vmt_recording_row(recording, query);
	if (found)
		*ret_step = (uint32_t)vmt_column_number(recording, query, 0, UINT32_MAX);
	sqlite3_reset(query);
	if (recording->bad)
		return vmt_recording_verdict(recording, error);
	return found ? 0
		     : vmt_error_set(error, ENOENT, "space %u has no step in '%s'", space,
				     recording->path);
}

/* ---- The log in its order -------------------------------------------------------------------------- */

void vmt_recording_rewind(struct vmt_recording *recording, const struct vmt_selection *selection)
{
	recording->selection = selection ? *selection : (struct vmt_selection){ 0 };
	recording->last_record = 0;
	recording->in_run = false;
}

static enum vmt_query steps_query(const struct vmt_recording *recording)
{
	return recording->selection.outline ? VMT_QUERY_OUTLINES : VMT_QUERY_STEPS;
}

/* The next step of the run; false behind it. */
static bool next_step(struct vmt_recording *recording, struct vmt_record *ret_record)
{
	sqlite3_stmt *query = recording->queries[steps_query(recording)];

	if (recording->run_next > recording->run_end) {
		recording->in_run = false;
		return false;
	}
	if (!vmt_recording_row(recording, query)) {
		vmt_recording_blame(recording, "step %llu of space %u is missing",
				    (unsigned long long)recording->run_next, recording->run_space);
		return false;
	}
	vmt_read_step(recording, query);
	if (recording->step.step.number != recording->run_next ||
	    recording->step.step.space != recording->run_space)
		vmt_recording_blame(recording, "step %llu of space %u is missing",
				    (unsigned long long)recording->run_next, recording->run_space);
	recording->run_next++;
	*ret_record = (struct vmt_record){ .kind = VMT_RECORD_STEP, .step = &recording->step.step };
	return true;
}

/* A run of steps begins, or what is selected of it. */
static void begin_run(struct vmt_recording *recording, uint32_t space, uint64_t first,
		      uint64_t count)
{
	const struct vmt_selection *selection = &recording->selection;
	uint64_t end = first + count - 1;
	sqlite3_stmt *query;

	if (!count || end > UINT32_MAX)
		vmt_recording_blame(recording, "a run of steps");
	if (selection->some_steps) {
		first = vmt_max_u64(first, selection->first);
		end = vmt_min_u64(end, selection->last);
	}
	if (recording->bad || first > end)
		return;
	query = vmt_recording_query(recording, steps_query(recording));
	sqlite3_bind_int64(query, 1, vmt_store_step_id(space, (uint32_t)first));
	sqlite3_bind_int64(query, 2, vmt_store_step_id(space, (uint32_t)end));
	recording->in_run = true;
	recording->run_space = space;
	recording->run_next = first;
	recording->run_end = end;
}

static void next_space(struct vmt_recording *recording, uint32_t space,
		       struct vmt_record *ret_record)
{
	const struct vmt_space_info *info = NULL;

	if (vmt_recording_space(recording, space, &info, NULL) < 0)
		vmt_recording_blame(recording, "space %u is missing", space);
	*ret_record = (struct vmt_record){ .kind = VMT_RECORD_SPACE, .space = info };
}

static void next_layout(struct vmt_recording *recording, int64_t record,
			struct vmt_record *ret_record)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_LAYOUT);
	struct vmt_layout_info *layout = &recording->layout;
	uint32_t space;

	recording->layout_record = record;
	sqlite3_bind_int64(query, 1, record);
	if (!vmt_recording_row(recording, query)) {
		vmt_recording_blame(recording, "layout %lld is missing", (long long)record);
		sqlite3_reset(query);
		return;
	}
	space = (uint32_t)vmt_column_number(recording, query, 0, INT32_MAX);
	*layout = (struct vmt_layout_info){
		.step = (uint32_t)vmt_column_number(recording, query, 1, UINT32_MAX),
		.has_page_table = !vmt_column_null(query, 2),
		.page_table_kib = vmt_column_word(recording, query, 2),
		.map_count = vmt_column_word(recording, query, 3),
		.map_count_limit = vmt_column_word(recording, query, 4),
		.list = &recording->list,
		.counts = &recording->counts,
	};
	vmt_read_counts(recording, query, 5, record, &recording->counts);
	sqlite3_reset(query);
	if (vmt_recording_space(recording, space, &layout->space, NULL) < 0)
		vmt_recording_blame(recording, "space %u is missing", space);
	vmt_read_alive(recording, space, layout->step);
	vmt_read_layout_tables(recording, record);
	*ret_record = (struct vmt_record){ .kind = VMT_RECORD_LAYOUT, .layout = layout };
}

static void next_summary(struct vmt_recording *recording, int64_t record,
			 struct vmt_record *ret_record)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_SUMMARY);
	struct vmt_summary_info *summary = &recording->summary;

	sqlite3_bind_int64(query, 1, record);
	if (vmt_recording_row(recording, query)) {
		*summary = (struct vmt_summary_info){
			.spaces = (uint32_t)vmt_column_number(recording, query, 0, UINT32_MAX),
			.exit_known = !vmt_column_null(query, 1),
			.exit_code = (int)vmt_column_number(recording, query, 1, STATUS_MAX),
			.exit_signal = (int)vmt_column_number(recording, query, 2, SIGNAL_MAX),
			.faults_watched = !vmt_column_null(query, 8),
			.faults = vmt_column_word(recording, query, 8),
			.faults_lost = vmt_column_word(recording, query, 9),
		};
		vmt_read_counts(recording, query, 3, record, &summary->counts);
	} else {
		vmt_recording_blame(recording, "the summary is missing");
	}
	sqlite3_reset(query);
	*ret_record = (struct vmt_record){ .kind = VMT_RECORD_SUMMARY, .summary = summary };
}

static bool selected(const struct vmt_selection *selection, uint32_t space, bool part)
{
	return !(selection->space && space != selection->space) && !(selection->some_steps && part);
}

/* Warnings are of a step, and selected with it. */
static bool next_warning(struct vmt_recording *recording, int64_t record,
			 struct vmt_record *ret_record)
{
	const struct vmt_selection *selection = &recording->selection;
	const struct vmt_store_warning *warning = &recording->warning;

	vmt_read_warning(recording, record);
	*ret_record = (struct vmt_record){ .kind = VMT_RECORD_WARNING, .warning = warning };
	return selected(selection, warning->space, false) &&
	       (!selection->some_steps ||
		(selection->first <= warning->step && warning->step <= selection->last));
}

static void next_object(struct vmt_recording *recording, int64_t record,
			struct vmt_record *ret_record)
{
	*ret_record = (struct vmt_record){
		.kind = VMT_RECORD_OBJECT,
		.object = vmt_read_object_info(recording, record),
	};
}

/* The row of record that @query stands on. True if it is one of *ret_record; a run only begins. */
static bool take_record(struct vmt_recording *recording, sqlite3_stmt *query,
			struct vmt_record *ret_record)
{
	const struct vmt_selection *selection = &recording->selection;
	const char *kind = vmt_column_bytes(recording, query, 1);
	uint32_t space = (uint32_t)vmt_column_number(recording, query, 2, INT32_MAX);

	recording->last_record = (int64_t)vmt_column_number(recording, query, 0, INT64_MAX);
	if (strcmp(kind, "steps") == 0) {
		if (selected(selection, space, false))
			begin_run(recording, space,
				  vmt_column_number(recording, query, 3, UINT32_MAX),
				  vmt_column_number(recording, query, 4, UINT32_MAX));
		return false;
	}
	if (strcmp(kind, "space") == 0) {
		if (!selected(selection, space, false))
			return false;
		next_space(recording, space, ret_record);
	} else if (strcmp(kind, "layout") == 0) {
		if (!selected(selection, space, true))
			return false;
		next_layout(recording, recording->last_record, ret_record);
	} else if (strcmp(kind, "warning") == 0) {
		return next_warning(recording, recording->last_record, ret_record);
	} else if (strcmp(kind, "object") == 0) {
		/* Layouts of any space may have parts of it. */
		if (selection->some_steps)
			return false;
		next_object(recording, recording->last_record, ret_record);
	} else if (selection->space || selection->some_steps) {
		return false;
	} else if (strcmp(kind, "note") == 0) {
		*ret_record = (struct vmt_record){
			.kind = VMT_RECORD_NOTE,
			.note = vmt_column_text(recording, query, 5),
		};
	} else if (strcmp(kind, "summary") == 0) {
		next_summary(recording, recording->last_record, ret_record);
	} else {
		vmt_recording_blame(recording, "\"%s\" is no part of a log", kind);
	}
	return true;
}

int vmt_recording_next(struct vmt_recording *recording, struct vmt_record *ret_record,
		       struct vmt_error *error)
{
	for (;;) {
		sqlite3_stmt *query;
		bool done;

		if (recording->in_run && next_step(recording, ret_record))
			return recording->bad ? vmt_recording_verdict(recording, error) : 1;
		query = vmt_recording_query(recording, VMT_QUERY_RECORDS);
		sqlite3_bind_int64(query, 1, recording->last_record);
		if (!vmt_recording_row(recording, query)) {
			sqlite3_reset(query);
			return vmt_recording_verdict(recording, error);
		}
		done = take_record(recording, query, ret_record);
		sqlite3_reset(query);
		if (recording->bad)
			return vmt_recording_verdict(recording, error);
		if (done)
			return 1;
	}
}

/* ---- Single steps and layouts ---------------------------------------------------------------------- */

static int no_step(const struct vmt_recording *recording, uint32_t space, uint32_t number,
		   struct vmt_error *error)
{
	return vmt_error_set(error, ENOENT, "there is no step %u of space %u in '%s'", number,
			     space, recording->path);
}

int vmt_recording_step(struct vmt_recording *recording, uint32_t space, uint32_t number,
		       const struct vmt_step **ret_step, struct vmt_error *error)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_STEPS);
	int64_t id = vmt_store_step_id(space, number);
	bool found;

	recording->in_run = false;
	sqlite3_bind_int64(query, 1, id);
	sqlite3_bind_int64(query, 2, id);
	found = space <= INT32_MAX && vmt_recording_row(recording, query);
	if (found)
		vmt_read_step(recording, query);
	sqlite3_reset(query);
	if (recording->bad)
		return vmt_recording_verdict(recording, error);
	if (!found)
		return no_step(recording, space, number, error);
	*ret_step = &recording->step.step;
	return 0;
}

/* The counts of a space up to a step: most steps match, the others are few. */
static void count_up_to(struct vmt_recording *recording, uint32_t space, uint32_t number)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_ODD);
	struct vmt_counts *counts = &recording->counts;

	*counts = (struct vmt_counts){ .steps = (uint64_t)number + 1 };
	counts->checked = counts->steps;
	sqlite3_bind_int64(query, 1, vmt_store_step_id(space, 0));
	sqlite3_bind_int64(query, 2, vmt_store_step_id(space, number));
	while (vmt_recording_row(recording, query)) {
		uint64_t count = vmt_column_word(recording, query, 2);
		int reason;

		if (vmt_column_number(recording, query, 1, VMT_CHECK_COUNT - 1) !=
		    VMT_CHECK_ADJUSTED) {
			counts->checked -= vmt_min_u64(count, counts->checked);
			continue;
		}
		reason = vmt_column_name(recording, query, 0, vmt_reason_of, VMT_REASON_COUNT,
					 "reason to adjust a step");
		counts->reasons[reason] += count;
		if (reason == VMT_REASON_UNEXPLAINED)
			counts->unexplained += count;
		else
			counts->adjusted += count;
	}
	sqlite3_reset(query);
}

/* What the layout that was recorded at the space's end says; its record if it is that layout. */
static int64_t read_limits(struct vmt_recording *recording, uint32_t space, uint32_t number)
{
	int64_t record = 0;
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_LAYOUT_AT);
	struct vmt_layout_info *layout = &recording->layout;

	sqlite3_bind_int64(query, 1, space);
	if (vmt_recording_row(recording, query)) {
		layout->map_count_limit = vmt_column_word(recording, query, 2);
		if (vmt_column_number(recording, query, 0, UINT32_MAX) == number) {
			layout->has_page_table = !vmt_column_null(query, 1);
			layout->page_table_kib = vmt_column_word(recording, query, 1);
			record = (int64_t)vmt_column_number(recording, query, 3, INT64_MAX);
		}
	}
	sqlite3_reset(query);
	return record;
}

/* After a step in the middle: the size of the page tables that the kernel said then. */
static void read_size_at(struct vmt_recording *recording, uint32_t space, uint32_t number)
{
	struct vmt_step step = { .space = space, .number = number };

	vmt_read_step_tables(recording, &step);
	recording->layout.has_page_table = step.tables.checked;
	recording->layout.page_table_kib = step.tables.kernel_bytes / 1024;
}

/* ELF files that were loaded up to a step are those before the run of steps that it is in. */
static void find_run(struct vmt_recording *recording, uint32_t space, uint32_t number)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_RUN_OF);

	recording->layout_record = 0;
	sqlite3_bind_int64(query, 1, space);
	sqlite3_bind_int64(query, 2, number);
	if (vmt_recording_row(recording, query))
		recording->layout_record =
			(int64_t)vmt_column_number(recording, query, 0, INT64_MAX);
	sqlite3_reset(query);
}

int vmt_recording_layout(struct vmt_recording *recording, uint32_t space, uint32_t number,
			 const struct vmt_layout_info **ret_layout, struct vmt_error *error)
{
	struct vmt_layout_info *layout = &recording->layout;
	int64_t record;
	uint32_t last;
	int err = vmt_recording_last_step(recording, space, &last, error);

	if (err)
		return err;
	if (number > last)
		return vmt_error_set(error, ENOENT, "space %u of '%s' has the steps 0 to %u", space,
				     recording->path, last);
	*layout = (struct vmt_layout_info){
		.step = number,
		.list = &recording->list,
		.counts = &recording->counts,
	};
	err = vmt_recording_space(recording, space, &layout->space, error);
	if (err)
		return err;
	count_up_to(recording, space, number);
	record = read_limits(recording, space, number);
	find_run(recording, space, number);
	vmt_read_alive(recording, space, number);
	if (record)
		vmt_read_layout_tables(recording, record);
	else
		read_size_at(recording, space, number);
	for (size_t i = 0; i < recording->list.rows.count; i++)
		layout->map_count += !recording->list.rows.data[i].map.gate;
	*ret_layout = layout;
	return vmt_recording_verdict(recording, error);
}
