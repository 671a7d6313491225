/* SPDX-License-Identifier: MIT */
/*
 * Values of a row, checked (recording.h), and the caches of what rows refer to by number.
 */
#include <stdlib.h>
#include <string.h>

#include "recording.h"

enum {
	CACHE_ROWS = 1 << 13, /* a power of two */
	LIST_MAX = 1 << 20, /* numbers in a list */
};

/* ---- Columns ----------------------------------------------------------------------------------- */

static void blame_column(struct vmt_recording *recording, sqlite3_stmt *query, int column)
{
	const char *name = sqlite3_column_name(query, column);

	vmt_recording_blame(recording, "a value of column %s", name ? name : "?");
}

bool vmt_column_null(sqlite3_stmt *query, int column)
{
	return sqlite3_column_type(query, column) == SQLITE_NULL;
}

uint64_t vmt_column_word(struct vmt_recording *recording, sqlite3_stmt *query, int column)
{
	/* Each call for a column costs as much as the value; one thread uses the connection. */
	sqlite3_value *value = sqlite3_column_value(query, column);
	int type = sqlite3_value_type(value);

	if (type == SQLITE_INTEGER)
		return (uint64_t)sqlite3_value_int64(value);
	if (type != SQLITE_NULL)
		blame_column(recording, query, column);
	return 0;
}

uint64_t vmt_column_number(struct vmt_recording *recording, sqlite3_stmt *query, int column,
			   uint64_t most)
{
	uint64_t number = vmt_column_word(recording, query, column);

	if (number <= most)
		return number;
	blame_column(recording, query, column);
	return 0;
}

const char *vmt_column_bytes(struct vmt_recording *recording, sqlite3_stmt *query, int column)
{
	const char *bytes = sqlite3_column_blob(query, column);
	size_t length = (size_t)sqlite3_column_bytes(query, column);

	if (!bytes || !length)
		return "";
	if (memchr(bytes, '\0', length)) {
		blame_column(recording, query, column);
		return "";
	}
	return vmt_names_add_bytes(recording->names, bytes, length);
}

/* "[", numbers with commas between, "]" */
static bool parse_list(struct vmt_recording *recording, const char *at)
{
	if (*at++ != '[')
		return false;
	for (;;) {
		uint64_t number = 0;
		const char *first = at;

		for (; *at >= '0' && *at <= '9'; at++) {
			unsigned digit = (unsigned)(*at - '0');

			if (number > (UINT64_MAX - digit) / 10)
				return false;
			number = 10 * number + digit;
		}
		if (at == first || recording->numbers.count == LIST_MAX)
			return false;
		vmt_array_push(&recording->numbers, number);
		if (*at == ']')
			return at[1] == '\0';
		if (*at++ != ',')
			return false;
	}
}

void vmt_column_list(struct vmt_recording *recording, sqlite3_stmt *query, int column)
{
	const char *text;

	vmt_array_clear(&recording->numbers);
	if (vmt_column_null(query, column))
		return;
	text = (const char *)sqlite3_column_text(query, column);
	if (text && strcmp(text, "[]") == 0)
		return;
	if (!text || strlen(text) != (size_t)sqlite3_column_bytes(query, column) ||
	    !parse_list(recording, text))
		blame_column(recording, query, column);
}

/* ---- Names ------------------------------------------------------------------------------------- */

static const char *read_text(struct vmt_recording *recording, int64_t id)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_TEXT);
	const char *text = "";

	sqlite3_bind_int64(query, 1, id);
	if (vmt_recording_row(recording, query))
		text = vmt_column_bytes(recording, query, 0);
	else
		vmt_recording_blame(recording, "text %lld is missing", (long long)id);
	sqlite3_reset(query);
	return text;
}

const char *vmt_column_text(struct vmt_recording *recording, sqlite3_stmt *query, int column)
{
	int64_t id = (int64_t)vmt_column_number(recording, query, column, INT64_MAX);
	const char **row;
	bool known;

	if (vmt_column_null(query, column) || recording->bad)
		return "";
	row = vmt_cache_row(&recording->texts, id, &known);
	if (!known)
		*row = read_text(recording, id);
	return *row;
}

const char *vmt_reason_of(int index)
{
	return vmt_reason_name((enum vmt_reason)index);
}

int vmt_column_name(struct vmt_recording *recording, sqlite3_stmt *query, int column,
		    const char *(*name_of)(int index), int count, const char *kind)
{
	const char *text = vmt_column_text(recording, query, column);

	for (int i = 0; i < count; i++) {
		const char *name = name_of(i);

		if (name && strcmp(name, text) == 0)
			return i;
	}
	vmt_recording_blame(recording, "\"%s\" is no %s", text, kind);
	return 0;
}

const struct vmt_arch *vmt_column_arch(struct vmt_recording *recording, sqlite3_stmt *query,
				       int column)
{
	const char *name = vmt_column_text(recording, query, column);
	const struct vmt_arch *arch = vmt_arch_by_name(name);

	if (!arch)
		vmt_recording_blame(recording, "architecture \"%s\" is not known", name);
	return arch;
}

/* ---- Caches ------------------------------------------------------------------------------------ */

static void cache_init(struct vmt_cache *cache, size_t row_bytes)
{
	cache->row_bytes = row_bytes;
	cache->ids = vmt_calloc(CACHE_ROWS, sizeof(*cache->ids));
	cache->rows = vmt_calloc(CACHE_ROWS, row_bytes);
}

static void cache_deinit(struct vmt_cache *cache)
{
	free(cache->ids);
	free(cache->rows);
}

void *vmt_cache_row(struct vmt_cache *cache, int64_t id, bool *ret_known)
{
	size_t at = (size_t)id & (CACHE_ROWS - 1);

	/* Numbers begin at 1; 0 and less are in no recording of ours, and never known. */
	*ret_known = id > 0 && cache->ids[at] == id;
	cache->ids[at] = id > 0 ? id : 0;
	return cache->rows + at * cache->row_bytes;
}

void *vmt_cache_peek(const struct vmt_cache *cache, int64_t id)
{
	size_t at = (size_t)id & (CACHE_ROWS - 1);

	return id > 0 && cache->ids[at] == id ? cache->rows + at * cache->row_bytes : NULL;
}

void vmt_recording_init_caches(struct vmt_recording *recording)
{
	cache_init(&recording->texts, sizeof(const char *));
	cache_init(&recording->objects, sizeof(struct vmt_read_object));
	cache_init(&recording->files, sizeof(struct vmt_file_facts));
	cache_init(&recording->sites, sizeof(struct vmt_read_site));
	cache_init(&recording->whys, sizeof(struct vmt_read_whys));
	cache_init(&recording->paths, sizeof(struct vmt_read_path));
	cache_init(&recording->patterns, sizeof(enum vmt_pattern));
	cache_init(&recording->vmas, sizeof(struct vmt_read_vma));
}

void vmt_recording_deinit_caches(struct vmt_recording *recording)
{
	struct vmt_read_path *paths = (struct vmt_read_path *)(void *)recording->paths.rows;
	struct vmt_read_vma *vmas = (struct vmt_read_vma *)(void *)recording->vmas.rows;

	for (size_t i = 0; i < CACHE_ROWS; i++) {
		vmt_array_deinit(&paths[i].entries);
		vmt_array_deinit(&vmas[i].steps);
	}
	cache_deinit(&recording->texts);
	cache_deinit(&recording->objects);
	cache_deinit(&recording->files);
	cache_deinit(&recording->sites);
	cache_deinit(&recording->whys);
	cache_deinit(&recording->paths);
	cache_deinit(&recording->patterns);
	cache_deinit(&recording->vmas);
}
