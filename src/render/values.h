/* SPDX-License-Identifier: MIT */
/*
 * values: JSON values and lines, which the renderers that write JSON share.
 */
#ifndef VMT_RENDER_VALUES_H
#define VMT_RENDER_VALUES_H

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "vmtrace/render.h"

/* jansson fails only without memory: its values are checked here, once for all. */
static inline json_t *sure(json_t *value)
{
	if (!value)
		vmt_die_oom();
	return value;
}

static inline void put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(object, key, sure(value)) < 0)
		vmt_die_oom();
}

static inline void push(json_t *array, json_t *value)
{
	if (json_array_append_new(array, sure(value)) < 0)
		vmt_die_oom();
}

static inline json_t *text_value(const char *text)
{
	size_t length = strlen(text);
	struct vmt_str safe = { 0 };
	json_t *value;

	if (vmt_utf8_valid(text, length))
		return sure(json_stringn_nocheck(text, length));
	vmt_escape_text(&safe, text, length);
	value = sure(json_stringn_nocheck(safe.data, safe.length));
	vmt_str_deinit(&safe);
	return value;
}

static inline json_t *hex_value(uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, number);
	return json_string_nocheck(text);
}

/* A number stays a number when it is too large for one: readers see it as a double anyway. */
static inline json_t *number_value(uint64_t number)
{
	return number <= INT64_MAX ? json_integer((json_int_t)number) : json_real((double)number);
}

/* Writes @line, which is freed, and a newline. @text is room for it. */
void vmt_json_write(json_t *line, struct vmt_str *text, FILE *file);

#endif
