/* SPDX-License-Identifier: MIT */
/*
 * Recording a run: everything that the log consists of becomes rows (queue.h), in the order in
 * which it comes; table record keeps that order. This file has the file itself, and all but steps.
 *
 * The file is made anew, never written over: a reader of an older recording keeps it, and no log of
 * SQLite's that lay beside it can be taken for the new one's.
 */
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Values ------------------------------------------------------------------------------------ */

static int64_t number_of(struct vmt_recorder *recorder, const char *text, bool often)
{
	bool new_one;
	int64_t id = vmt_ids_text(&recorder->texts, text, often, &new_one);

	if (new_one) {
		vmt_queue_row(&recorder->queue, VMT_INSERT_TEXT);
		vmt_queue_int(&recorder->queue, id);
		vmt_queue_text(&recorder->queue, text, strlen(text));
	}
	return id;
}

int64_t vmt_recorder_text(struct vmt_recorder *recorder, const char *text)
{
	return number_of(recorder, text, false);
}

int64_t vmt_recorder_word(struct vmt_recorder *recorder, const char *text)
{
	return number_of(recorder, text, true);
}

void vmt_recorder_put_number(struct vmt_recorder *recorder, uint64_t number)
{
	if (number)
		vmt_queue_int(&recorder->queue, (int64_t)number);
	else
		vmt_queue_null(&recorder->queue);
}

struct vmt_recorder_space *vmt_recorder_find_space(struct vmt_recorder *recorder, uint32_t number)
{
	/* The newest are at the end, and mostly the ones that do something. */
	for (size_t i = recorder->spaces.count; i > 0; i--) {
		if (recorder->spaces.data[i - 1].number == number)
			return &recorder->spaces.data[i - 1];
	}
	return NULL;
}

static void write_meta(struct vmt_recorder *recorder, const char *key, const char *text)
{
	vmt_queue_row(&recorder->queue, VMT_INSERT_META);
	vmt_queue_text(&recorder->queue, key, strlen(key));
	vmt_queue_text(&recorder->queue, text, strlen(text));
}

static void write_meta_number(struct vmt_recorder *recorder, const char *key, uint64_t number)
{
	vmt_queue_row(&recorder->queue, VMT_INSERT_META);
	vmt_queue_text(&recorder->queue, key, strlen(key));
	vmt_queue_int(&recorder->queue, (int64_t)number);
}

/* ---- The order --------------------------------------------------------------------------------- */

/* A row of record; its number. @space and @note 0 for none. */
static int64_t write_record(struct vmt_recorder *recorder, const char *kind, uint32_t space,
			    int64_t step, uint32_t count, int64_t note)
{
	struct vmt_queue *queue = &recorder->queue;

	vmt_queue_row(queue, VMT_INSERT_RECORD);
	vmt_queue_int(queue, recorder->record_count);
	vmt_queue_text(queue, kind, strlen(kind));
	vmt_recorder_put_number(recorder, space);
	if (step < 0)
		vmt_queue_null(queue);
	else
		vmt_queue_int(queue, step);
	vmt_recorder_put_number(recorder, count);
	vmt_recorder_put_number(recorder, (uint64_t)note);
	return recorder->record_count;
}

/* The row of the run of steps that is growing, as it is now. */
static void write_run(struct vmt_recorder *recorder)
{
	if (!recorder->run_changed)
		return;
	write_record(recorder, "steps", recorder->run_space, recorder->run_first,
		     recorder->run_count, 0);
	recorder->run_changed = false;
}

int64_t vmt_recorder_next_record(struct vmt_recorder *recorder, const char *kind, uint32_t space,
				 int64_t step, int64_t note)
{
	write_run(recorder);
	recorder->run_count = 0;
	recorder->record_count++;
	return write_record(recorder, kind, space, step, 0, note);
}

static void extend_run(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	bool same = recorder->run_count && recorder->run_space == step->space &&
		    recorder->run_first + recorder->run_count == step->number;

	if (!same) {
		write_run(recorder);
		recorder->record_count++;
		recorder->run_space = step->space;
		recorder->run_first = step->number;
		recorder->run_count = 0;
	}
	recorder->run_count++;
	recorder->run_changed = true;
}

/* The last rows of a transaction. */
static void complete(void *data)
{
	struct vmt_recorder *recorder = data;

	vmt_record_young(recorder);
	write_run(recorder);
}

/* ---- The log ----------------------------------------------------------------------------------- */

void vmt_recorder_run(struct vmt_recorder *recorder, const struct vmt_run_info *info)
{
	vmt_queue_lock(&recorder->queue);
	write_meta(recorder, "version", info->version);
	write_meta(recorder, "arch", info->arch);
	write_meta(recorder, "kernel", info->kernel);
	write_meta_number(recorder, "page_size", info->page_size_bytes);
	for (size_t i = 0; info->argv[i]; i++) {
		vmt_queue_row(&recorder->queue, VMT_INSERT_ARGUMENT);
		vmt_queue_int(&recorder->queue, (int64_t)i);
		vmt_queue_text(&recorder->queue, info->argv[i], strlen(info->argv[i]));
	}
	vmt_queue_unlock(&recorder->queue);
	vmt_queue_start(&recorder->queue);
}

void vmt_recorder_space(struct vmt_recorder *recorder, const struct vmt_space_info *info)
{
	struct vmt_recorder_space space = {
		.number = info->space,
		.parent = info->parent,
		.pid = info->pid,
		.arch = vmt_arch_by_name(info->arch),
	};
	struct vmt_queue *queue = &recorder->queue;
	int64_t made_by, exe, arch;

	vmt_queue_lock(queue);
	made_by = vmt_recorder_text(recorder, info->made_by);
	exe = vmt_recorder_text(recorder, info->exe);
	arch = vmt_recorder_text(recorder, info->arch);
	vmt_array_push(&recorder->spaces, space);
	vmt_recorder_next_record(recorder, "space", info->space, -1, 0);
	vmt_queue_row(queue, VMT_INSERT_SPACE);
	vmt_queue_int(queue, info->space);
	vmt_queue_int(queue, info->pid);
	vmt_queue_int(queue, made_by);
	vmt_recorder_put_number(recorder, info->parent);
	vmt_queue_int(queue, exe);
	vmt_queue_int(queue, arch);
	vmt_queue_unlock(queue);
}

void vmt_recorder_step(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	vmt_queue_lock(&recorder->queue);
	extend_run(recorder, step);
	vmt_record_step(recorder, step);
	vmt_queue_unlock(&recorder->queue);
}

static void put_counts(struct vmt_recorder *recorder, const struct vmt_counts *counts)
{
	vmt_queue_int(&recorder->queue, (int64_t)counts->steps);
	vmt_queue_int(&recorder->queue, (int64_t)counts->checked);
	vmt_queue_int(&recorder->queue, (int64_t)counts->adjusted);
	vmt_queue_int(&recorder->queue, (int64_t)counts->unexplained);
	vmt_queue_int(&recorder->queue, (int64_t)counts->table_checks);
}

static void write_reasons(struct vmt_recorder *recorder, int64_t record,
			  const struct vmt_counts *counts)
{
	vmt_record_table_reasons(recorder, record, counts);
	for (int reason = 0; reason < VMT_REASON_COUNT; reason++) {
		int64_t name;

		if (!counts->reasons[reason])
			continue;
		name = vmt_recorder_text(recorder, vmt_reason_name((enum vmt_reason)reason));
		vmt_queue_row(&recorder->queue, VMT_INSERT_ADJUSTED);
		vmt_queue_int(&recorder->queue, record);
		vmt_queue_int(&recorder->queue, name);
		vmt_queue_int(&recorder->queue, (int64_t)counts->reasons[reason]);
	}
}

/* A space of which nothing more will come. */
static void forget_space(struct vmt_recorder *recorder, uint32_t number)
{
	struct vmt_recorder_space *space = vmt_recorder_find_space(recorder, number);

	vmt_record_space_end(recorder, number);
	if (space)
		*space = recorder->spaces.data[--recorder->spaces.count];
}

void vmt_recorder_layout(struct vmt_recorder *recorder, const struct vmt_layout_info *info)
{
	struct vmt_queue *queue = &recorder->queue;
	int64_t record;

	vmt_queue_lock(queue);
	vmt_record_layout_views(recorder, info);
	record = vmt_recorder_next_record(recorder, "layout", info->space->space, info->step, 0);
	write_reasons(recorder, record, info->counts);
	vmt_record_layout_tables(recorder, record, info);
	vmt_queue_row(queue, VMT_INSERT_LAYOUT);
	vmt_queue_int(queue, record);
	vmt_queue_int(queue, info->space->space);
	vmt_queue_int(queue, info->step);
	if (info->has_page_table)
		vmt_queue_int(queue, (int64_t)info->page_table_kib);
	else
		vmt_queue_null(queue);
	vmt_queue_int(queue, (int64_t)info->map_count);
	vmt_recorder_put_number(recorder, info->map_count_limit);
	put_counts(recorder, info->counts);
	forget_space(recorder, info->space->space);
	vmt_queue_unlock(queue);
}

void vmt_recorder_note(struct vmt_recorder *recorder, const char *line)
{
	vmt_queue_lock(&recorder->queue);
	vmt_recorder_next_record(recorder, "note", 0, -1, vmt_recorder_text(recorder, line));
	vmt_queue_unlock(&recorder->queue);
}

void vmt_recorder_summary(struct vmt_recorder *recorder, const struct vmt_summary_info *info)
{
	struct vmt_queue *queue = &recorder->queue;
	int64_t record;

	vmt_queue_lock(queue);
	record = vmt_recorder_next_record(recorder, "summary", 0, -1, 0);
	write_reasons(recorder, record, &info->counts);
	vmt_queue_row(queue, VMT_INSERT_SUMMARY);
	vmt_queue_int(queue, record);
	vmt_queue_int(queue, info->spaces);
	if (info->exit_known) {
		vmt_queue_int(queue, info->exit_code);
		vmt_queue_int(queue, info->exit_signal);
	} else {
		vmt_queue_null(queue);
		vmt_queue_null(queue);
	}
	put_counts(recorder, &info->counts);
	if (info->faults_watched) {
		vmt_queue_int(queue, (int64_t)info->faults);
		vmt_queue_int(queue, (int64_t)info->faults_lost);
	} else {
		vmt_queue_null(queue);
		vmt_queue_null(queue);
	}
	vmt_queue_unlock(queue);
}

/* ---- The file ---------------------------------------------------------------------------------- */

/* Removes @path with @suffix; what is not there is fine. */
static int remove_file(const char *path, const char *suffix, struct vmt_error *error)
{
	struct vmt_str name = { 0 };
	int err = 0;

	vmt_str_printf(&name, "%s%s", path, suffix);
	if (unlink(vmt_str_text(&name)) < 0 && errno != ENOENT)
		err = vmt_error_set(error, errno, "cannot write '%s': %s", path,
				    vmt_strerror(errno));
	vmt_str_deinit(&name);
	return err;
}

/* An empty file under the name @path, with the rights that a new file has. */
static int make_file(const char *path, struct vmt_error *error)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	struct stat there;
	int err = 0;
	int fd;

	if (stat(path, &there) == 0 && !S_ISREG(there.st_mode))
		return vmt_error_set(error, EINVAL, "cannot write '%s': not a regular file", path);
	for (size_t i = 0; i < vmt_countof(suffixes) && !err; i++)
		err = remove_file(path, suffixes[i], error);
	if (err)
		return err;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0666);
	if (fd < 0)
		return vmt_error_set(error, errno, "cannot write '%s': %s", path,
				     vmt_strerror(errno));
	close(fd);
	return 0;
}

static int execute(sqlite3 *db, const char *path, const char *sql, struct vmt_error *error)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return vmt_error_set(error, EIO, "cannot write '%s': %s", path, sqlite3_errmsg(db));
}

/* All tables in one transaction: the file is a recording, or nothing. */
static int make_tables(sqlite3 *db, const char *path, struct vmt_error *error)
{
	struct vmt_str sql = { 0 };
	int err;

	vmt_str_printf(&sql,
		       "PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; BEGIN; "
		       "PRAGMA application_id = %d; PRAGMA user_version = %d; ",
		       VMT_STORE_APPLICATION_ID, VMT_STORE_VERSION);
	for (size_t i = 0; i < vmt_store_table_count; i++)
		vmt_str_printf(&sql, "%s; ", vmt_store_tables[i].sql);
	vmt_str_printf(&sql, "%s COMMIT", vmt_store_views);
	err = execute(db, path, vmt_str_text(&sql), error);
	vmt_str_deinit(&sql);
	return err;
}

static int open_database(const char *path, sqlite3 **ret_db, struct vmt_error *error)
{
	int err = make_file(path, error);

	if (err)
		return err;
	if (sqlite3_open_v2(path, ret_db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return vmt_error_set(error, EIO, "cannot write '%s': %s", path,
				     *ret_db ? sqlite3_errmsg(*ret_db) : "no memory");
	return make_tables(*ret_db, path, error);
}

int vmt_recorder_open(const char *path, struct vmt_recorder **ret_recorder, struct vmt_error *error)
{
	struct vmt_recorder *recorder;
	sqlite3 *db = NULL;
	int err = open_database(path, &db, error);

	if (err) {
		sqlite3_close(db);
		return err;
	}
	recorder = vmt_calloc(1, sizeof(*recorder));
	err = vmt_queue_init(&recorder->queue, db, error);
	recorder->queue.complete = complete;
	recorder->queue.complete_data = recorder;
	vmt_ids_init(&recorder->texts);
	vmt_ids_reserve(&recorder->texts);
	vmt_ids_init(&recorder->objects);
	vmt_ids_init(&recorder->files);
	vmt_ids_init(&recorder->paths);
	vmt_ids_init(&recorder->sites);
	vmt_ids_init(&recorder->frames);
	recorder->whys = vmt_calloc(VMT_RECORDER_WHYS, sizeof(*recorder->whys));
	vmt_alive_init(&recorder->alive);
	if (err) {
		vmt_recorder_close(recorder, NULL);
		return err;
	}
	*ret_recorder = recorder;
	return 0;
}

bool vmt_recorder_failed(struct vmt_recorder *recorder, struct vmt_error *ret_error)
{
	bool failed;

	vmt_queue_lock(&recorder->queue);
	failed = recorder->queue.failed && !recorder->told;
	if (failed) {
		*ret_error = recorder->queue.error;
		recorder->told = true;
	}
	vmt_queue_unlock(&recorder->queue);
	return failed;
}

/* One file that needs nothing beside it. */
static void finish(struct vmt_recorder *recorder)
{
	struct vmt_queue *queue = &recorder->queue;
	const char *const steps[] = { vmt_store_indexes, "PRAGMA journal_mode = DELETE" };

	for (size_t i = 0; i < vmt_countof(steps) && !queue->failed; i++) {
		queue->failed = sqlite3_exec(queue->db, steps[i], NULL, NULL, NULL) != SQLITE_OK;
		if (queue->failed)
			vmt_error_set(&queue->error, EIO, "%s", sqlite3_errmsg(queue->db));
	}
}

static void recorder_free(struct vmt_recorder *recorder)
{
	vmt_queue_deinit(&recorder->queue);
	vmt_ids_deinit(&recorder->texts);
	vmt_ids_deinit(&recorder->objects);
	vmt_ids_deinit(&recorder->files);
	vmt_ids_deinit(&recorder->paths);
	vmt_ids_deinit(&recorder->sites);
	vmt_ids_deinit(&recorder->frames);
	vmt_array_deinit(&recorder->stacks);
	vmt_array_deinit(&recorder->walked);
	free(recorder->whys);
	vmt_alive_deinit(&recorder->alive);
	vmt_array_deinit(&recorder->young);
	vmt_array_deinit(&recorder->spaces);
	vmt_array_deinit(&recorder->removed);
	vmt_array_deinit(&recorder->key);
	vmt_str_deinit(&recorder->text);
	free(recorder);
}

int vmt_recorder_close(struct vmt_recorder *recorder, struct vmt_error *error)
{
	struct vmt_queue *queue = &recorder->queue;
	int err = 0;

	vmt_queue_stop(queue);
	for (size_t i = 0; i < VMT_STATEMENT_COUNT; i++) {
		sqlite3_finalize(queue->statements[i]);
		queue->statements[i] = NULL;
	}
	if (!queue->failed)
		finish(recorder);
	if (queue->failed)
		err = vmt_error_set(error, EIO, "%s", queue->error.text);
	/* Rows of a recorder whose thread never ran. */
	vmt_record_young(recorder);
	recorder_free(recorder);
	return err;
}
