/* SPDX-License-Identifier: MIT */
/*
 * mutate: damages a recording at random and runs every command that opens one on it.
 *
 *	mutate RECORDING COUNT		$VMTRACE is run; $VMT_SEED draws the same again
 *
 * Each of the COUNT rounds takes a fresh copy, changes it (a value of a random column of a random
 * row becomes another of its column, a number, a text, a blob, NULL or its own row's id; or a row is
 * copied, or deleted; or the schema gets what it must not have), and runs one command. However the
 * recording is, the command ends by itself, within LIMIT_S seconds, and says why on one line if it
 * fails. What does not is told with the change that did it; the exit status is then 1.
 */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	LIMIT_S = 60,
	COLUMNS_MAX = 64,
	TABLES_MAX = 64,
};

static const char *const commands[][8] = {
	{ "show", "R" },
	{ "show", "--teach", "-v", "R" },
	{ "show", "--step", "20", "R" },
	{ "show", "--log=calls,map", "--show=path,flags,pt,tlb", "R" },
	{ "where", "R", "[A]" },
	{ "where", "R", "malloc" },
	{ "where", "-v", "R", "[A]" },
	{ "diff", "R", "O" },
	{ "diff", "--steps", "R", "O" },
	{ "diff", "--json", "O", "R" },
	{ "stat", "R" },
	{ "stat", "--json", "R" },
	{ "export", "R", "--to", "jsonl" },
	{ "export", "R", "--to", "csv" },
	{ "export", "R", "--to", "folded" },
	{ "export", "R", "--to", "perfetto" },
	{ "export", "R", "--to", "maps" },
	{ "walk", "R", "[A]" },
};

enum {
	COMMANDS = sizeof(commands) / sizeof(*commands)
};

static uint64_t state;
static char change[640];

static uint64_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * 0x2545f4914f6cdd1dULL >> 16;
}

static unsigned below(unsigned end)
{
	return (unsigned)(draw() % end);
}

/* ---- Damage -------------------------------------------------------------------------------- */

static char tables[TABLES_MAX][64];
static unsigned table_count;

static void read_tables(sqlite3 *db)
{
	sqlite3_stmt *query;

	table_count = 0;
	sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
			   -1, &query, NULL);
	while (table_count < TABLES_MAX && sqlite3_step(query) == SQLITE_ROW)
		snprintf(tables[table_count++], sizeof(tables[0]), "%s",
			 sqlite3_column_text(query, 0));
	sqlite3_finalize(query);
}

/* A column of @table that can be written to, quoted. */
static void some_column(sqlite3 *db, const char *table, char *column, size_t size)
{
	char names[COLUMNS_MAX][64];
	unsigned count = 0;
	sqlite3_stmt *query;
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT name FROM pragma_table_info('%s')", table);
	sqlite3_prepare_v2(db, sql, -1, &query, NULL);
	while (count < COLUMNS_MAX && sqlite3_step(query) == SQLITE_ROW)
		snprintf(names[count++], sizeof(names[0]), "%s", sqlite3_column_text(query, 0));
	sqlite3_finalize(query);
	snprintf(column, size, "\"%s\"", count ? names[below(count)] : "id");
}

static void some_value(const char *table, const char *column, const char *other, char *value,
		       size_t size)
{
	static const char *const values[] = {
		"NULL",
		"0",
		"1",
		"-1",
		"2",
		"3",
		"255",
		"65536",
		"4294967295",
		"4294967296",
		"9223372036854775807",
		"-9223372036854775807 - 1",
		"1.5",
		"9e999",
		"'x'",
		"''",
		"'[]'",
		"'[1,2'",
		"'[-1,99999999999]'",
		"x'00ff'",
		"zeroblob(70000)",
		"rowid",
		"rowid + 1",
		"rowid - 1",
		"-rowid",
		"char(27) || '[2J'",
		"hex(randomblob(200))",
	};

	switch (below(4)) {
	case 0:
		snprintf(value, size, "(SELECT %s FROM \"%s\" ORDER BY random() LIMIT 1)", column,
			 table);
		break;
	case 1:
		snprintf(value, size, "%s", other);
		break;
	case 2:
		snprintf(value, size, "%s + %d", column, (int)below(7) - 3);
		break;
	default:
		snprintf(value, size, "%s", values[below(sizeof(values) / sizeof(*values))]);
	}
}

static void plan_change(sqlite3 *db)
{
	static const char *const schemas[] = {
		"CREATE TRIGGER t AFTER INSERT ON text BEGIN SELECT 1; END",
		"CREATE VIEW v AS SELECT 1",
		"CREATE VIRTUAL TABLE f USING fts5(a)",
		"PRAGMA user_version = 77",
		"PRAGMA application_id = 5",
	};
	const char *table = tables[below(table_count)];
	const char *rows =
		below(3) ? "WHERE rowid = (SELECT rowid FROM \"%s\" ORDER BY random() LIMIT 1)"
			 : "/* %s: all */";
	char column[72], other[72], value[200], where[160];

	some_column(db, table, column, sizeof(column));
	some_column(db, table, other, sizeof(other));
	some_value(table, column, other, value, sizeof(value));
	snprintf(where, sizeof(where), rows, table);
	switch (below(20)) {
	case 0:
		snprintf(change, sizeof(change), "%s",
			 schemas[below(sizeof(schemas) / sizeof(*schemas))]);
		break;
	case 1:
		snprintf(change, sizeof(change), "DELETE FROM \"%s\" %s", table, where);
		break;
	case 2:
		snprintf(change, sizeof(change), "DROP TABLE \"%s\"", table);
		break;
	default:
		snprintf(change, sizeof(change), "UPDATE OR IGNORE \"%s\" SET %s = %s %s", table,
			 column, value, where);
	}
}

static void copy_file(const char *from, const char *to)
{
	char buffer[65536];
	FILE *in = fopen(from, "rb");
	FILE *out = fopen(to, "wb");
	size_t length;

	if (!in || !out)
		exit(2);
	while ((length = fread(buffer, 1, sizeof(buffer), in)) > 0)
		if (fwrite(buffer, 1, length, out) != length)
			exit(2);
	fclose(in);
	if (fclose(out) != 0)
		exit(2);
}

static void damage(const char *path)
{
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		exit(2);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	read_tables(db);
	plan_change(db);
	/* What the schema forbids is no damage that can be. */
	sqlite3_exec(db, change, NULL, NULL, NULL);
	sqlite3_close(db);
}

/* ---- Commands ------------------------------------------------------------------------------- */

static void fill(const char *const *command, const char *recording, const char *original,
		 const char *address, const char **ret_words)
{
	unsigned i;

	ret_words[0] = getenv("VMTRACE");
	for (i = 0; command[i]; i++)
		ret_words[i + 1] = strcmp(command[i], "R") == 0     ? recording
				   : strcmp(command[i], "O") == 0   ? original
				   : strcmp(command[i], "[A]") == 0 ? address
								    : command[i];
	ret_words[i + 1] = NULL;
}

/* The status of the command; what it says goes to the file @said. */
static int run(const char *const *words, const char *said)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);
		int file = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(null, STDOUT_FILENO);
		dup2(file, STDERR_FILENO);
		alarm(LIMIT_S);
		execv(words[0], (char *const *)(uintptr_t)words);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return status;
}

static unsigned lines_in(const char *path)
{
	FILE *file = fopen(path, "rb");
	unsigned lines = 0;
	int byte;

	while (file && (byte = getc(file)) != EOF)
		lines += byte == '\n';
	if (file)
		fclose(file);
	return lines;
}

static int judge(const char *const *words, int status, const char *said)
{
	unsigned lines = lines_in(said);

	if (WIFEXITED(status) && (WEXITSTATUS(status) <= 2 || WEXITSTATUS(status) == 125) &&
	    lines <= 1)
		return 0;
	printf("status %#x, %u lines:", status, lines);
	for (; *words; words++)
		printf(" %s", *words);
	printf("\n\tafter: %s\n", change);
	return 1;
}

/* The start of some mapping, for the commands that want an address. */
static void find_address(const char *recording, char *address, size_t size)
{
	sqlite3_stmt *query;
	sqlite3 *db;

	snprintf(address, size, "0x1000");
	if (sqlite3_open(recording, &db) != SQLITE_OK)
		exit(2);
	if (sqlite3_prepare_v2(db, "SELECT start FROM vma ORDER BY id DESC LIMIT 1", -1, &query,
			       NULL) == SQLITE_OK &&
	    sqlite3_step(query) == SQLITE_ROW)
		snprintf(address, size, "0x%llx",
			 (unsigned long long)sqlite3_column_int64(query, 0));
	sqlite3_finalize(query);
	sqlite3_close(db);
}

int main(int argc, char **argv)
{
	const char *seed = getenv("VMT_SEED");
	unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long failures = 0;
	char address[32];

	if (argc != 3 || !getenv("VMTRACE"))
		return 2;
	state = (seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL)) * 2 + 1;
	printf("mutate: VMT_SEED=%llu\n", (unsigned long long)(state / 2));
	find_address(argv[1], address, sizeof(address));
	for (unsigned long i = 0; i < count; i++) {
		const char *words[12];
		int status;

		copy_file(argv[1], "mutated.vmt");
		damage("mutated.vmt");
		fill(commands[i % COMMANDS], "mutated.vmt", argv[1], address, words);
		status = run(words, "mutated.said");
		failures += (unsigned long)judge(words, status, "mutated.said");
	}
	printf("mutate: %lu mutations, %lu failures\n", count, failures);
	return failures > 0;
}
