/* SPDX-License-Identifier: MIT */
/*
 * test-recording-damage: a recording in which something is not as vmtrace writes it is refused with
 * one line that says what.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "record-samples.h"

static void change(struct place *place, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(place->path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void copy_database(const char *from, const char *to)
{
	char command[256];
	sqlite3 *db;

	unlink(to);
	snprintf(command, sizeof(command), "VACUUM INTO '%s'", to);
	assert_int_equal(sqlite3_open(from, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, command, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* Reads all there is. */
static int read_all(struct place *place, struct vmt_error *error)
{
	struct vmt_recording *recording;
	struct vmt_record record;
	int result = vmt_recording_open(place->path, place->names, &recording, error);

	if (result < 0)
		return result;
	while ((result = vmt_recording_next(recording, &record, error)) > 0)
		;
	vmt_recording_free(recording);
	return result;
}

struct damage {
	const char *sql;
	const char *word;
};

/* Each change makes the recording one that is refused with a line that has the word. */
static void assert_refused(struct place *place, const struct damage *damages, size_t count)
{
	struct vmt_error error = { "" };
	char original[80];

	turn(place);
	assert_int_equal(read_all(place, &error), 0);
	snprintf(original, sizeof(original), "%s.original", place->path);
	assert_int_equal(rename(place->path, original), 0);
	for (size_t i = 0; i < count; i++) {
		copy_database(original, place->path);
		error.text[0] = '\0';
		change(place, damages[i].sql);
		if (read_all(place, &error) >= 0 || !strstr(error.text, damages[i].word))
			fail_msg("%s: \"%s\"", damages[i].sql, error.text);
		assert_null(strchr(error.text, '\n'));
	}
	unlink(original);
}

static void test_damage(void **state)
{
	static const struct damage damages[] = {
		{ "UPDATE step SET checked = 3", "checked" },
		{ "UPDATE step SET checked = -1", "checked" },
		{ "UPDATE step SET bits = 1", "failed call" },
		{ "UPDATE step SET bits = 128", "bits" },
		{ "DELETE FROM step_more", "step_more" },
		{ "UPDATE step SET site = 99", "site" },
		{ "UPDATE step SET what = 9999", "text" },
		{ "UPDATE step SET what = 'x'", "what" },
		{ "UPDATE step SET why = 99", "reason" },
		{ "UPDATE step SET fd_file = 99", "file" },
		{ "UPDATE step SET added = 99 WHERE added", "mapping" },
		{ "UPDATE step SET added_count = 4 WHERE added", "mapping" },
		{ "UPDATE step SET removed = '[1,2' WHERE removed", "removed" },
		{ "UPDATE step SET removed = '[1,9223372036854775808]' WHERE removed", "mapping" },
		{ "UPDATE step SET removed = 2 WHERE removed", "mapping" },
		{ "UPDATE step SET pid = 5000000000", "pid" },
		{ "UPDATE step SET purpose = 9999", "text" },
		{ "UPDATE step SET pattern = what", "no pattern" },
		{ "UPDATE step SET \"group\" = -1", "group" },
		{ "DELETE FROM step WHERE step = 1", "step 1" },
		{ "UPDATE vma SET length = 0", "range" },
		{ "UPDATE vma SET start = -1", "range" },
		{ "UPDATE vma SET perms = 32", "perms" },
		{ "UPDATE vma SET object = 77", "object" },
		{ "UPDATE vma SET steps = '[-1]'", "steps" },
		{ "UPDATE vma SET steps = '[4294967296]'", "step" },
		{ "UPDATE site SET call = cause", "call" },
		{ "UPDATE site SET cause = actor", "cause" },
		{ "UPDATE site SET stack = 7 WHERE stack", "stack 7" },
		{ "UPDATE site SET stack = -1 WHERE stack", "stack" },
		{ "UPDATE site SET caller = 3 WHERE stack", "caller" },
		{ "UPDATE site SET caller_actor = 999 WHERE stack", "text" },
		{ "UPDATE stack SET id = 4294967295", "stack" },
		{ "UPDATE stack SET id = 0", "stack" },
		{ "UPDATE stack SET id = 70000", "stack" },
		{ "UPDATE stack SET frame = 3", "frame" },
		{ "UPDATE stack SET frame = 0", "frame" },
		{ "DELETE FROM frame WHERE id = 1", "frame 1" },
		{ "UPDATE frame SET caller = id", "caller" },
		{ "UPDATE frame SET caller = 2 WHERE id = 1", "caller" },
		{ "UPDATE frame SET bits = 16", "bits" },
		{ "UPDATE frame SET symbol = 999", "text" },
		{ "WITH RECURSIVE n (x) AS (SELECT 3 UNION ALL SELECT x + 1 FROM n WHERE x < 2000) "
		  "INSERT INTO frame SELECT x, x - 1, 0, NULL, NULL, NULL, NULL, 0 FROM n",
		  "without end" },
		{ "UPDATE text SET text = x'610061'", "column text" },
		{ "UPDATE record SET kind = 'x' WHERE id = 1", "\"x\"" },
		{ "UPDATE record SET count = 0 WHERE kind = 'steps'", "run" },
		{ "UPDATE record SET count = 4294967295 WHERE kind = 'steps'", "step" },
		{ "DELETE FROM space", "space 1" },
		{ "UPDATE space SET arch = made_by", "architecture" },
		{ "UPDATE meta SET value = 3 WHERE key = 'page_size'", "page size" },
		{ "UPDATE meta SET value = 'pdp11' WHERE key = 'arch'", "pdp11" },
		{ "DELETE FROM argument WHERE n = 0", "argument" },
		{ "DROP TABLE why", "why" },
		{ "ALTER TABLE why ADD COLUMN more", "why" },
		{ "DROP TABLE look; CREATE VIEW look AS SELECT 1", "view" },
		{ "CREATE VIEW mine AS SELECT 1", "view" },
		{ "CREATE TRIGGER t AFTER INSERT ON text BEGIN SELECT 1; END", "trigger" },
		{ "CREATE VIRTUAL TABLE f USING fts5(a)", "virtual" },
		{ "DELETE FROM space; UPDATE site SET call = cause", "space 1" },
		{ "PRAGMA user_version = 2", "newer" },
		{ "PRAGMA user_version = 0", "version 0" },
		{ "PRAGMA application_id = 1", "another program" },
		{ "PRAGMA application_id = 0", "no recording" },
		{ "DELETE FROM meta", "empty" },
	};
	struct place *place = *state;
	struct vmt_frame outer = { .ip = 1 };
	struct vmt_frame inner = { .caller = &outer, .ip = 2, .stack = 1 };

	record_map(place, 0, MAP_AT, "/x");
	record_unmap(place, 1, MAP_AT, "/x", 0);
	record_call_stack(place, 2, &inner, &outer, "program");
	assert_refused(place, damages, vmt_countof(damages));
}

static void test_damage_more(void **state)
{
	static const struct damage damages[] = {
		{ "DELETE FROM elf", "object" },
		{ "UPDATE elf SET object = 99", "object" },
		{ "UPDATE elf SET build_id = '0'", "build-id" },
		{ "UPDATE elf SET build_id = '0x'", "build-id" },
		{ "UPDATE elf SET build_id = hex(zeroblob(65))", "build-id" },
		{ "UPDATE elf SET word_bits = 33", "word size" },
		{ "UPDATE elf SET bits = 128", "bits" },
		{ "UPDATE elf SET machine = 65536", "machine" },
		{ "UPDATE text SET text = hex(zeroblob(128)) WHERE text = '/lib/ld.so'",
		  "interpreter" },
		{ "DELETE FROM segment", "without segments" },
		{ "UPDATE segment SET n = 2", "segment" },
		{ "UPDATE segment SET start = -1", "segment" },
		{ "UPDATE segment SET length = -4096", "segment" },
		{ "UPDATE segment SET file_length = length + 1", "segment" },
		{ "UPDATE segment SET perms = 8", "perms" },
		{ "UPDATE section SET n = 0", "section" },
		{ "UPDATE section SET length = 0", "section" },
		{ "UPDATE section SET start = -1", "section" },
		{ "UPDATE section SET name = 999", "text" },
		{ "UPDATE section SET in_file = 2", "in_file" },
		{ "DELETE FROM warning", "warning" },
		{ "UPDATE warning SET text = 999", "text" },
		{ "UPDATE warning SET pid = -1", "pid" },
		{ "UPDATE step_tables SET geometry = reason", "geometry" },
		{ "UPDATE step_tables SET reason = geometry", "reason" },
		{ "UPDATE step_tables SET levels = '[1,2,3,4]'", "levels" },
		{ "UPDATE step_tables SET levels = NULL", "levels" },
		{ "UPDATE step_tables SET levels = replace(levels, '511', '4294967296')",
		  "levels" },
		{ "UPDATE step_tables SET length = -1", "range" },
		{ "UPDATE step_tables SET faults = 3", "first_faults" },
		{ "UPDATE step_tables SET faults = NULL", "first_faults" },
		{ "UPDATE step_tlb SET flush = 3", "flush" },
		{ "UPDATE step_tlb SET length = -1", "range" },
		{ "UPDATE step_tlb SET freed_tables = 2", "freed_tables" },
		{ "UPDATE layout_tables SET geometry = 1", "geometry" },
		{ "UPDATE layout_tables SET tables = '[1]'", "tables" },
		{ "UPDATE layout_tables SET watched = 2", "watched" },
		{ "UPDATE layout_pages SET n = 5 WHERE n = 0", "pages" },
		{ "DELETE FROM layout_pages WHERE n = 1", "pages" },
		{ "UPDATE tables_adjusted SET reason = 999", "text" },
	};
	struct vmt_counts counts = { 0 };
	struct place *place = *state;

	record_samples(place, &counts);
	assert_refused(place, damages, vmt_countof(damages));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_damage, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_damage_more, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
