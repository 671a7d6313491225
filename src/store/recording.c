/* SPDX-License-Identifier: MIT */
/*
 * Opening a recording (recording.h) and asking it.
 *
 * A file that somebody sends may be anything. It is opened read-only, with SQLite's defences on;
 * its tables must be declared in the very words of schema.c, so that reading them runs no view, no
 * generated column and no function of the file's choice; no query may take more steps of SQLite's
 * machine than a file of that size can need; and no value is believed (values.c).
 *
 * Versions: user_version 1 is the only one there is. When there is a second one, the reader's
 * queries are written for it, and an older file gets TEMP VIEWs that hide its tables behind ones of
 * the new shape (a name is looked for in temp first): @upgrades. The file itself is never changed.
 */
#include "recording.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	LENGTH_MAX = 1 << 20, /* bytes of one value or row */
	TICK = 10000, /* steps of the machine between two looks at the budget */
	BUDGET_BASE = 20000000, /* steps for a query on a small file */
	BUDGET_PER_BYTE = 16,
};

/* From version index to the next one: CREATE TEMP VIEW …; NULL where nothing has to be done. */
static const char *const upgrades[VMT_STORE_VERSION + 1] = { NULL };

/* ---- Asking ------------------------------------------------------------------------------------ */

void vmt_recording_blame(struct vmt_recording *recording, const char *format, ...)
{
	struct vmt_str text = { 0 };
	va_list args;

	if (recording->bad)
		return;
	va_start(args, format);
	vmt_str_vprintf(&text, format, args);
	va_end(args);
	recording->bad = true;
	vmt_error_set(&recording->why_bad, EINVAL,
		      "'%s' is damaged, or no recording of vmtrace: %s", recording->path,
		      vmt_str_text(&text));
	vmt_str_deinit(&text);
}

int vmt_recording_verdict(const struct vmt_recording *recording, struct vmt_error *error)
{
	if (!recording->bad)
		return 0;
	return vmt_error_set(error, EINVAL, "%s", recording->why_bad.text);
}

static int spend(void *data)
{
	struct vmt_recording *recording = data;

	if (recording->budget < TICK)
		return 1;
	recording->budget -= TICK;
	return 0;
}

static uint64_t budget_of(sqlite3 *db)
{
	sqlite3_stmt *query = NULL;
	uint64_t bytes = 0;

	if (sqlite3_prepare_v2(db,
			       "SELECT page_count * page_size FROM pragma_page_count, "
			       "pragma_page_size",
			       -1, &query, NULL) == SQLITE_OK &&
	    sqlite3_step(query) == SQLITE_ROW)
		bytes = (uint64_t)sqlite3_column_int64(query, 0);
	sqlite3_finalize(query);
	return BUDGET_BASE + BUDGET_PER_BYTE * bytes;
}

sqlite3_stmt *vmt_recording_query(struct vmt_recording *recording, enum vmt_query query)
{
	sqlite3_stmt **statement = &recording->queries[query];

	if (!*statement &&
	    sqlite3_prepare_v3(recording->db, vmt_store_queries[query], -1,
			       SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
		vmt_recording_blame(recording, "%s", sqlite3_errmsg(recording->db));
	sqlite3_reset(*statement);
	recording->budget = recording->budget_most;
	return *statement;
}

bool vmt_recording_row(struct vmt_recording *recording, sqlite3_stmt *query)
{
	int result;

	if (recording->bad)
		return false;
	result = sqlite3_step(query);
	if (result == SQLITE_ROW)
		return true;
	if (result == SQLITE_INTERRUPT)
		vmt_recording_blame(recording, "its pages go round in a circle");
	else if (result != SQLITE_DONE)
		vmt_recording_blame(recording, "%s", sqlite3_errmsg(recording->db));
	return false;
}

/* ---- Opening ------------------------------------------------------------------------------------ */

/* What is not trusted cannot do more than be read. */
static void defend(struct vmt_recording *recording)
{
	sqlite3 *db = recording->db;

	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_busy_timeout(db, 1000);
	recording->budget = recording->budget_most = BUDGET_BASE;
	sqlite3_progress_handler(db, TICK, spend, recording);
}

/* A number that one row and column of @sql has; @otherwise if there is none. */
static int64_t ask_number(struct vmt_recording *recording, const char *sql, int64_t otherwise)
{
	sqlite3_stmt *query = NULL;
	int64_t number = otherwise;

	if (sqlite3_prepare_v2(recording->db, sql, -1, &query, NULL) != SQLITE_OK)
		vmt_recording_blame(recording, "%s", sqlite3_errmsg(recording->db));
	else if (vmt_recording_row(recording, query))
		number = sqlite3_column_int64(query, 0);
	sqlite3_finalize(query);
	return number;
}

static int check_version(struct vmt_recording *recording, struct vmt_error *error)
{
	int64_t application = ask_number(recording, "PRAGMA application_id", 0);
	int64_t version = ask_number(recording, "PRAGMA user_version", 0);

	if (recording->bad)
		return vmt_recording_verdict(recording, error);
	if (application != VMT_STORE_APPLICATION_ID)
		return vmt_error_set(error, EINVAL, "'%s' holds no recording of vmtrace%s",
				     recording->path,
				     application ? "; it is a database of another program" : "");
	if (version > VMT_STORE_VERSION)
		return vmt_error_set(error, EINVAL,
				     "'%s' was recorded by a newer vmtrace (version %lld of the "
				     "format, this one knows up to %d); show it with that one",
				     recording->path, (long long)version, VMT_STORE_VERSION);
	if (version < 1)
		vmt_recording_blame(recording, "version %lld", (long long)version);
	for (int64_t at = version; at < VMT_STORE_VERSION && !recording->bad; at++) {
		if (upgrades[at] &&
		    sqlite3_exec(recording->db, upgrades[at], NULL, NULL, NULL) != SQLITE_OK)
			vmt_recording_blame(recording, "%s", sqlite3_errmsg(recording->db));
	}
	return vmt_recording_verdict(recording, error);
}

/* No triggers, no virtual tables, and no views but our own belong into a recording. */
static void check_objects(struct vmt_recording *recording)
{
	sqlite3_stmt *query = NULL;

	if (sqlite3_prepare_v2(recording->db,
			       "SELECT sql FROM sqlite_schema WHERE type IN ('trigger', 'view') OR "
			       "sql LIKE 'CREATE VIRTUAL%'",
			       -1, &query, NULL) != SQLITE_OK)
		vmt_recording_blame(recording, "%s", sqlite3_errmsg(recording->db));
	while (!recording->bad && vmt_recording_row(recording, query)) {
		const char *sql = (const char *)sqlite3_column_text(query, 0);

		if (!sql || !strstr(vmt_store_views, sql))
			vmt_recording_blame(
				recording,
				"it has a view, trigger or virtual table that is not ours");
	}
	sqlite3_finalize(query);
}

/* A table must be declared as ours are, to the letter. */
static void check_tables(struct vmt_recording *recording)
{
	sqlite3_stmt *query = NULL;

	if (sqlite3_prepare_v2(recording->db,
			       "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND "
			       "name = ? AND sql = ?",
			       -1, &query, NULL) != SQLITE_OK)
		vmt_recording_blame(recording, "%s", sqlite3_errmsg(recording->db));
	for (size_t i = 0; i < vmt_store_table_count && !recording->bad; i++) {
		const struct vmt_store_table *table = &vmt_store_tables[i];

		sqlite3_reset(query);
		sqlite3_bind_text(query, 1, table->name, -1, SQLITE_STATIC);
		sqlite3_bind_text(query, 2, table->sql, -1, SQLITE_STATIC);
		if (vmt_recording_row(recording, query) && sqlite3_column_int64(query, 0) != 1)
			vmt_recording_blame(recording, "its table %s is not as it should be",
					    table->name);
	}
	sqlite3_finalize(query);
}

static const char *read_meta(struct vmt_recording *recording, const char *key)
{
	sqlite3_stmt *query = NULL;
	const char *text = "";

	if (sqlite3_prepare_v2(recording->db, "SELECT value FROM meta WHERE key = ?", -1, &query,
			       NULL) != SQLITE_OK)
		vmt_recording_blame(recording, "%s", sqlite3_errmsg(recording->db));
	else if (sqlite3_bind_text(query, 1, key, -1, SQLITE_STATIC) == SQLITE_OK &&
		 vmt_recording_row(recording, query))
		text = vmt_column_bytes(recording, query, 0);
	sqlite3_finalize(query);
	return text;
}

static void read_argv(struct vmt_recording *recording)
{
	sqlite3_stmt *query = NULL;

	if (sqlite3_prepare_v2(recording->db, "SELECT n, text FROM argument ORDER BY n", -1, &query,
			       NULL) != SQLITE_OK)
		vmt_recording_blame(recording, "%s", sqlite3_errmsg(recording->db));
	while (!recording->bad && vmt_recording_row(recording, query)) {
		if (sqlite3_column_int64(query, 0) != (int64_t)recording->argv.count)
			vmt_recording_blame(recording, "an argument of the program is missing");
		vmt_array_push(&recording->argv, vmt_strdup(vmt_column_bytes(recording, query, 1)));
	}
	sqlite3_finalize(query);
	vmt_array_push(&recording->argv, NULL);
}

static int read_run(struct vmt_recording *recording, struct vmt_error *error)
{
	uint64_t page_size = 0;

	recording->run.version = read_meta(recording, "version");
	recording->run.arch = read_meta(recording, "arch");
	recording->run.kernel = read_meta(recording, "kernel");
	if (!recording->bad && !recording->run.version[0])
		return vmt_error_set(error, EINVAL,
				     "'%s' is empty: its vmtrace ended before the program began",
				     recording->path);
	if (vmt_parse_u64(read_meta(recording, "page_size"), &page_size) < 0 || page_size < 1024 ||
	    page_size > 1 << 20 || page_size & (page_size - 1))
		vmt_recording_blame(recording, "its page size");
	recording->run.page_size_bytes = page_size;
	read_argv(recording);
	recording->run.argv = recording->argv.data;
	if (!recording->bad && !vmt_arch_by_name(recording->run.arch))
		return vmt_error_set(error, EINVAL,
				     "'%s' was recorded on %s, which this vmtrace does not know",
				     recording->path, recording->run.arch);
	return vmt_recording_verdict(recording, error);
}

static int begin(struct vmt_recording *recording, struct vmt_error *error)
{
	int err;

	defend(recording);
	/* One moment of a recording that may still grow; also the first look into the file. */
	if (sqlite3_exec(recording->db, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL,
			 NULL) != SQLITE_OK) {
		vmt_recording_blame(recording, "%s", sqlite3_errmsg(recording->db));
		return vmt_recording_verdict(recording, error);
	}
	recording->budget = recording->budget_most = budget_of(recording->db);
	err = check_version(recording, error);
	if (err)
		return err;
	check_objects(recording);
	check_tables(recording);
	recording->indexed =
		ask_number(recording,
			   "SELECT count(*) = 5 FROM sqlite_schema WHERE type = 'index' AND "
			   "name IN ('vma_long', 'vma_at', 'vma_large', 'step_at', 'step_odd')",
			   0) != 0;
	recording->has_tables = ask_number(recording,
					   "SELECT EXISTS (SELECT 1 FROM step_tables) OR "
					   "EXISTS (SELECT 1 FROM step_tlb)",
					   0) != 0;
	return recording->bad ? vmt_recording_verdict(recording, error)
			      : read_run(recording, error);
}

static struct vmt_recording *recording_new(const char *path, struct vmt_names *names)
{
	struct vmt_recording *recording = vmt_calloc(1, sizeof(*recording));

	recording->path = vmt_strdup(path);
	recording->names = names;
	vmt_recording_init_caches(recording);
	vmt_step_init(&recording->step.step);
	return recording;
}

/* SQLite says of what is no file at all only that it cannot open it. */
static int check_file(const char *path, struct vmt_error *error)
{
	struct stat there;

	if (stat(path, &there) < 0)
		return vmt_error_set(error, errno, "cannot read '%s': %s", path,
				     vmt_strerror(errno));
	if (!S_ISREG(there.st_mode))
		return vmt_error_set(error, EINVAL, "cannot read '%s': not a regular file", path);
	return 0;
}

int vmt_recording_open(const char *path, struct vmt_names *names,
		       struct vmt_recording **ret_recording, struct vmt_error *error)
{
	struct vmt_recording *recording;
	int err = check_file(path, error);

	if (err)
		return err;
	recording = recording_new(path, names);
	if (sqlite3_open_v2(path, &recording->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		err = vmt_error_set(error, EIO, "cannot read '%s': %s", path,
				    recording->db ? sqlite3_errmsg(recording->db) : "no memory");
	if (!err)
		err = begin(recording, error);
	if (err) {
		vmt_recording_free(recording);
		return err;
	}
	*ret_recording = recording;
	return 0;
}

int vmt_recording_open_bytes(const void *bytes, size_t length, struct vmt_names *names,
			     struct vmt_recording **ret_recording, struct vmt_error *error)
{
	struct vmt_recording *recording = recording_new("(memory)", names);
	int err = 0;

	if (sqlite3_open_v2(":memory:", &recording->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK ||
	    sqlite3_deserialize(recording->db, "main", (unsigned char *)(uintptr_t)bytes,
				(sqlite3_int64)length, (sqlite3_int64)length,
				SQLITE_DESERIALIZE_READONLY) != SQLITE_OK)
		err = vmt_error_set(error, EIO, "not a database");
	if (!err)
		err = begin(recording, error);
	if (err) {
		vmt_recording_free(recording);
		return err;
	}
	*ret_recording = recording;
	return 0;
}

void vmt_recording_free(struct vmt_recording *recording)
{
	for (size_t i = 0; i < VMT_QUERY_COUNT; i++)
		sqlite3_finalize(recording->queries[i]);
	sqlite3_close(recording->db);
	for (size_t i = 0; i < recording->argv.count; i++)
		free(recording->argv.data[i]);
	vmt_array_deinit(&recording->argv);
	vmt_array_deinit(&recording->numbers);
	vmt_array_deinit(&recording->row_pages);
	vmt_read_elfs_deinit(recording);
	vmt_recording_deinit_caches(recording);
	vmt_recording_deinit_stacks(recording);
	vmt_view_list_deinit(&recording->list);
	vmt_step_deinit(&recording->step.step);
	free(recording->path);
	free(recording);
}

const struct vmt_run_info *vmt_recording_run(const struct vmt_recording *recording)
{
	return &recording->run;
}
