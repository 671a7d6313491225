/* SPDX-License-Identifier: MIT */
/*
 * A row of step becomes a struct vmt_step again, with its event, reasons and path: the mirror of
 * record-step.c. What a renderer or annotate relies on is checked here: enumerators are known,
 * results of failed calls are errors, counts fit, texts have an end.
 */
#include <string.h>

#include "recording.h"

/* Columns of VMT_QUERY_STEPS. */
enum {
	ID,
	PID,
	TID,
	TIME_NS,
	SITE,
	WHAT,
	FILE_NAME,
	START,
	LENGTH,
	BITS,
	CHECKED,
	REASON,
	WHY,
	ARG0,
	RESULT = ARG0 + 6,
	EXPECTED,
	FD_FILE,
	PATH,
	ADDED,
	ADDED_COUNT,
	REMOVED,
	PURPOSE,
	PATTERN,
	GROUP,
};

enum {
	PATH_MAX_ENTRIES = 4096,
	ADDED_MAX = 1 << 20,
	MAX_ERRNO = 4095,
};

/* ---- What rows refer to -------------------------------------------------------------------------- */

static const char *cause_of(int index)
{
	return vmt_cause_name((enum vmt_cause)index);
}

static const char *call_of(int index)
{
	return vmt_call_info((enum vmt_call_id)index)->name;
}

static const char *pattern_of(int index)
{
	return vmt_pattern_name((enum vmt_pattern)index);
}

static const char *why_name_of(int index)
{
	return vmt_why_name((enum vmt_why_id)index);
}

/* The row of @cache's table for column @column; NULL if it is NULL. */
static void *find_row(struct vmt_recording *recording, struct vmt_cache *cache, sqlite3_stmt *query,
		      int column, int64_t *ret_id, bool *ret_known)
{
	*ret_id = (int64_t)vmt_column_number(recording, query, column, INT64_MAX);
	if (vmt_column_null(query, column) || recording->bad)
		return NULL;
	return vmt_cache_row(cache, *ret_id, ret_known);
}

static sqlite3_stmt *look_up(struct vmt_recording *recording, enum vmt_query query, int64_t id)
{
	sqlite3_stmt *statement = vmt_recording_query(recording, query);

	sqlite3_bind_int64(statement, 1, id);
	return statement;
}

static struct vmt_read_site read_site(struct vmt_recording *recording, sqlite3_stmt *query,
				      int column)
{
	struct vmt_read_site site = { .actor = "", .object = "" };
	struct vmt_read_site *row;
	int64_t id;
	bool known;

	row = find_row(recording, &recording->sites, query, column, &id, &known);
	if (row && known)
		return *row;
	query = look_up(recording, VMT_QUERY_SITE, id);
	if (row && vmt_recording_row(recording, query)) {
		site.cause = (enum vmt_cause)vmt_column_name(recording, query, 0, cause_of,
							     VMT_CAUSE_COUNT, "cause");
		site.actor = vmt_column_text(recording, query, 1);
		site.object = vmt_column_text(recording, query, 2);
		if (!vmt_column_null(query, 3))
			site.call = (enum vmt_call_id)vmt_column_name(
				recording, query, 3, call_of, VMT_CALL_COUNT, "mapping call");
		site.ip = vmt_column_word(recording, query, 4);
		vmt_read_stack(recording, query, 5, &site);
		*row = site;
	} else {
		vmt_recording_blame(recording, "site %lld is missing", (long long)id);
	}
	sqlite3_reset(query);
	return site;
}

static struct vmt_file_facts read_file(struct vmt_recording *recording, sqlite3_stmt *query,
				       int column)
{
	struct vmt_file_facts file = { .name = "" };
	struct vmt_file_facts *row;
	int64_t id;
	bool known;

	row = find_row(recording, &recording->files, query, column, &id, &known);
	if (!row || known)
		return row ? *row : file;
	query = look_up(recording, VMT_QUERY_FILE, id);
	if (!vmt_recording_row(recording, query))
		vmt_recording_blame(recording, "file %lld is missing", (long long)id);
	else
		*row = file = (struct vmt_file_facts){
			.known = true,
			.name = vmt_column_text(recording, query, 0),
			.dev_major = (uint32_t)vmt_column_number(recording, query, 1, UINT32_MAX),
			.dev_minor = (uint32_t)vmt_column_number(recording, query, 2, UINT32_MAX),
			.inode = vmt_column_word(recording, query, 3),
			.size_bytes = vmt_column_word(recording, query, 4),
			.mode = (uint32_t)vmt_column_number(recording, query, 5, UINT32_MAX),
			.flags = (uint32_t)vmt_column_number(recording, query, 6, UINT32_MAX),
			.rdev_major = (uint32_t)vmt_column_number(recording, query, 7, UINT32_MAX),
			.rdev_minor = (uint32_t)vmt_column_number(recording, query, 8, UINT32_MAX),
			.filesystem = vmt_column_word(recording, query, 9),
			.noexec = vmt_column_number(recording, query, 10, 1),
			.append_only = vmt_column_number(recording, query, 11, 1),
			.write_sealed = vmt_column_number(recording, query, 12, 1),
			.description = vmt_column_word(recording, query, 13),
		};
	sqlite3_reset(query);
	return file;
}

static void read_why(struct vmt_recording *recording, sqlite3_stmt *query,
		     struct vmt_read_whys *whys)
{
	struct vmt_why *why = &whys->why[whys->count];

	if (vmt_column_number(recording, query, 0, INT32_MAX) != whys->count ||
	    whys->count == VMT_STEP_WHY_MAX) {
		vmt_recording_blame(recording, "a list of reasons");
		return;
	}
	*why = (struct vmt_why){
		.id = (enum vmt_why_id)vmt_column_name(recording, query, 1, why_name_of,
						       VMT_WHY_COUNT, "reason"),
	};
	for (int i = 0; i < 4; i++)
		why->number[i] = vmt_column_word(recording, query, 2 + i);
	if (!vmt_column_null(query, 6))
		why->below = vmt_column_text(recording, query, 6);
	if (!vmt_column_null(query, 7))
		why->above = vmt_column_text(recording, query, 7);
	whys->count++;
}

static void read_whys(struct vmt_recording *recording, struct vmt_step *step, sqlite3_stmt *query,
		      int column)
{
	struct vmt_read_whys *row;
	int64_t id;
	bool known;

	row = find_row(recording, &recording->whys, query, column, &id, &known);
	if (!row)
		return;
	if (!known) {
		row->count = 0;
		query = look_up(recording, VMT_QUERY_WHY, id);
		while (vmt_recording_row(recording, query))
			read_why(recording, query, row);
		sqlite3_reset(query);
		if (!row->count)
			vmt_recording_blame(recording, "reason %lld is missing", (long long)id);
	}
	memcpy(step->why, row->why, row->count * sizeof(*row->why));
	step->why_count = row->count;
}

static void read_path(struct vmt_recording *recording, struct vmt_step *step, sqlite3_stmt *query,
		      int column)
{
	struct vmt_read_path *row;
	int64_t id;
	bool known;

	row = find_row(recording, &recording->paths, query, column, &id, &known);
	if (!row)
		return;
	if (!known) {
		vmt_array_clear(&row->entries);
		query = look_up(recording, VMT_QUERY_PATH, id);
		while (vmt_recording_row(recording, query)) {
			struct vmt_path_entry entry = {
				.depth = (unsigned)vmt_column_number(recording, query, 1, 256),
				.function = vmt_column_text(recording, query, 2),
			};

			if (!vmt_column_null(query, 3))
				entry.branch = vmt_column_text(recording, query, 3);
			vmt_array_push(&row->entries, entry);
			if (row->entries.count > PATH_MAX_ENTRIES)
				vmt_recording_blame(recording, "a path without end");
		}
		sqlite3_reset(query);
	}
	for (size_t i = 0; i < row->entries.count; i++)
		vmt_array_push(&step->path, row->entries.data[i]);
}

/* ---- The event ----------------------------------------------------------------------------------- */

static uint64_t usual_number(const struct vmt_arch *arch, enum vmt_call_id call)
{
	for (size_t i = 0; arch && i < arch->call_count; i++) {
		if (arch->calls[i].call == call)
			return arch->calls[i].number;
	}
	return 0;
}

/* The row of step_more. */
static void read_more(struct vmt_recording *recording, struct vmt_read_step *read)
{
	sqlite3_stmt *query = look_up(recording, VMT_QUERY_MORE,
				      vmt_store_step_id(read->step.space, read->step.number));
	struct vmt_event *event = &read->event;

	if (!vmt_recording_row(recording, query)) {
		vmt_recording_blame(recording, "a row of step_more is missing");
		sqlite3_reset(query);
		return;
	}
	read->step.index = (unsigned)vmt_column_number(recording, query, 0, UINT32_MAX);
	read->step.old_start = vmt_column_word(recording, query, 1);
	read->step.old_end = vmt_column_word(recording, query, 2);
	if (!vmt_column_null(query, 3))
		event->arch = vmt_column_arch(recording, query, 3);
	if (!vmt_column_null(query, 4))
		event->number = vmt_column_word(recording, query, 4);
	vmt_column_list(recording, query, 5);
	if (recording->numbers.count > vmt_countof(event->words)) {
		vmt_recording_blame(recording, "too many words of a call");
	} else {
		event->words_valid = (unsigned)recording->numbers.count;
		for (size_t i = 0; i < recording->numbers.count; i++)
			event->words[i] = recording->numbers.data[i];
	}
	if (!vmt_column_null(query, 6)) {
		event->text_valid = true;
		strncpy(event->text, vmt_column_bytes(recording, query, 6),
			sizeof(event->text) - 1);
	}
	sqlite3_reset(query);
}

static void read_event(struct vmt_recording *recording, struct vmt_read_step *read,
		       sqlite3_stmt *query, const struct vmt_read_site *site, uint64_t bits)
{
	struct vmt_event *event = &read->event;

	*event = (struct vmt_event){
		.kind = bits & VMT_BIT_LOST ? VMT_EVENT_CALL_LOST : VMT_EVENT_CALL,
		.pid = read->step.pid,
		.tid = read->step.tid,
		.time_ns = read->step.time_ns,
		.arch = vmt_arch_by_name(recording->space.arch),
		.space = read->step.space,
		.order_inferred = bits & VMT_BIT_ORDER,
		.call = site->call,
		.result = (int64_t)vmt_column_word(recording, query, RESULT),
		.failed = bits & VMT_BIT_FAILED,
		.ip = site->ip,
		.stack = site->stack,
		.file = read_file(recording, query, FD_FILE),
	};
	if (!event->arch) {
		vmt_recording_blame(recording, "a space without architecture");
		return;
	}
	event->number = usual_number(event->arch, event->call);
	for (int i = 0; i < 6; i++)
		event->args[i] = vmt_column_word(recording, query, ARG0 + i);
	if (event->failed && (event->result >= 0 || event->result < -MAX_ERRNO))
		vmt_recording_blame(recording, "the result of a failed call");
}

/* ---- The step ------------------------------------------------------------------------------------ */

/* Empties the step; its arrays keep their memory. */
static void clear(struct vmt_step *step)
{
	struct vmt_step clean = { 0 };

	clean.removed.data = step->removed.data;
	clean.removed.capacity = step->removed.capacity;
	clean.added.data = step->added.data;
	clean.added.capacity = step->added.capacity;
	clean.step_numbers.data = step->step_numbers.data;
	clean.step_numbers.capacity = step->step_numbers.capacity;
	clean.path.data = step->path.data;
	clean.path.capacity = step->path.capacity;
	*step = clean;
}

static void read_number(struct vmt_recording *recording, struct vmt_step *step, sqlite3_stmt *query)
{
	uint64_t id = vmt_column_number(recording, query, ID, INT64_MAX);
	const struct vmt_space_info *space;

	step->space = (uint32_t)(id >> 32);
	step->number = (uint32_t)id;
	/* Its words are told from the space's architecture. */
	if (recording->space.space != step->space &&
	    vmt_recording_space(recording, step->space, &space, NULL) < 0)
		vmt_recording_blame(recording, "space %u is missing", step->space);
}

static void read_tasks(struct vmt_recording *recording, struct vmt_step *step, sqlite3_stmt *query)
{
	step->pid = vmt_column_null(query, PID)
			    ? recording->space.pid
			    : (pid_t)vmt_column_number(recording, query, PID, INT32_MAX);
	step->tid = vmt_column_null(query, TID)
			    ? step->pid
			    : (pid_t)vmt_column_number(recording, query, TID, INT32_MAX);
	step->time_ns = vmt_column_word(recording, query, TIME_NS);
}

static void read_expected(struct vmt_recording *recording, struct vmt_read_step *read,
			  sqlite3_stmt *query, uint64_t bits)
{
	read->step.predicted = bits & VMT_BIT_PREDICTED;
	if (bits & VMT_BIT_EXPECTED)
		read->step.expected = read->event.result;
	else
		read->step.expected = (int64_t)vmt_column_word(recording, query, EXPECTED);
}

/* One of few texts, in nearly every step. */
static enum vmt_pattern read_pattern(struct vmt_recording *recording, sqlite3_stmt *query)
{
	enum vmt_pattern *row;
	int64_t id;
	bool known;

	row = find_row(recording, &recording->patterns, query, PATTERN, &id, &known);
	if (!row)
		return VMT_PATTERN_NONE;
	if (!known)
		*row = (enum vmt_pattern)vmt_column_name(recording, query, PATTERN, pattern_of,
							 VMT_PATTERN_COUNT, "pattern");
	return *row;
}

/* The title is not kept: who shows the step makes it of what and purpose (annotate). */
static void read_meaning(struct vmt_recording *recording, struct vmt_step *step,
			 sqlite3_stmt *query)
{
	step->title = step->what;
	step->purpose = vmt_column_text(recording, query, PURPOSE);
	step->pattern = read_pattern(recording, query);
	step->group = (uint32_t)vmt_column_number(recording, query, GROUP, UINT32_MAX);
}

void vmt_read_step(struct vmt_recording *recording, sqlite3_stmt *query)
{
	struct vmt_read_step *read = &recording->step;
	struct vmt_step *step = &read->step;
	uint64_t bits = vmt_column_number(recording, query, BITS, 127);
	struct vmt_read_site site = read_site(recording, query, SITE);

	clear(step);
	read_number(recording, step, query);
	/* Without its place and its space nothing else means anything. */
	if (recording->bad)
		return;
	read_tasks(recording, step, query);
	step->cause = site.cause;
	step->actor = site.actor;
	step->object = site.object;
	step->caller = site.caller;
	step->caller_actor = site.caller_actor;
	step->what = vmt_column_text(recording, query, WHAT);
	step->file_name = vmt_column_text(recording, query, FILE_NAME);
	step->start = vmt_column_word(recording, query, START);
	step->end = step->start + vmt_column_word(recording, query, LENGTH);
	step->whole = bits & VMT_BIT_WHOLE;
	step->check =
		(enum vmt_check)vmt_column_number(recording, query, CHECKED, VMT_CHECK_COUNT - 1);
	if (!vmt_column_null(query, REASON))
		step->reason = (enum vmt_reason)vmt_column_name(recording, query, REASON,
								vmt_reason_of, VMT_REASON_COUNT,
								"reason to adjust a step");
	read_event(recording, read, query, &site, bits);
	if (bits & VMT_BIT_MORE)
		read_more(recording, read);
	if (site.call != VMT_CALL_NONE)
		step->event = &read->event;
	read_expected(recording, read, query, bits);
	read_meaning(recording, step, query);
	read_whys(recording, step, query, WHY);
	read_path(recording, step, query, PATH);
	vmt_read_step_tables(recording, step);
	vmt_read_removed(recording, step, query, REMOVED);
	vmt_read_added(recording, step,
		       (int64_t)vmt_column_number(recording, query, ADDED, INT64_MAX),
		       vmt_column_number(recording, query, ADDED_COUNT, ADDED_MAX));
}
