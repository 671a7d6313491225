/* SPDX-License-Identifier: MIT */
/*
 * query: what any program would do with a recording, without anything of vmtrace's.
 *
 *	query FILE SQL
 *
 * Opens FILE read-only, prints the rows with "|" between the columns, and ends with 0 if there was
 * no error.
 */
#include <sqlite3.h>
#include <stdio.h>

static int print_row(void *data, int count, char **values, char **names)
{
	(void)data;
	(void)names;
	for (int i = 0; i < count; i++)
		printf("%s%s", i ? "|" : "", values[i] ? values[i] : "");
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	sqlite3 *db = NULL;
	int result;

	if (argc != 3)
		return 2;
	result = sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_exec(db, argv[2], print_row, NULL, NULL);
	if (result != SQLITE_OK)
		fprintf(stderr, "query: %s\n", db ? sqlite3_errmsg(db) : "no memory");
	sqlite3_close(db);
	return result != SQLITE_OK;
}
