/* SPDX-License-Identifier: MIT */
/*
 * str: a growable string.
 *
 * Invariant: either data is NULL and length and capacity are 0, or length < capacity and
 * data[length] is NUL. Bytes after an embedded NUL count in length like any other.
 *
 *	data -> | h | e | a | p | \0 |   |   |   |
 *	          length = 4 ------^       capacity = 8
 */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmtrace/base.h"

void vmt_str_init(struct vmt_str *str)
{
	*str = (struct vmt_str){ 0 };
}

void vmt_str_deinit(struct vmt_str *str)
{
	free(str->data);
	vmt_str_init(str);
}

void vmt_str_clear(struct vmt_str *str)
{
	str->length = 0;
	if (str->data)
		str->data[0] = '\0';
}

/* Room for @added more bytes and the NUL. */
static void reserve(struct vmt_str *str, size_t added)
{
	if (added >= SIZE_MAX - str->length)
		vmt_die_oom();
	str->data = vmt_array_grow(str->data, &str->capacity, str->length + added + 1, 1);
}

void vmt_str_add_bytes(struct vmt_str *str, const void *bytes, size_t length)
{
	reserve(str, length);
	if (length)
		memcpy(str->data + str->length, bytes, length);
	str->length += length;
	str->data[str->length] = '\0';
}

void vmt_str_add(struct vmt_str *str, const char *text)
{
	vmt_str_add_bytes(str, text, strlen(text));
}

void vmt_str_add_char(struct vmt_str *str, char c)
{
	vmt_str_add_bytes(str, &c, 1);
}

void vmt_str_vprintf(struct vmt_str *str, const char *format, va_list args)
{
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	/* Only a wrong format, or more than INT_MAX bytes, makes it negative. */
	assert(length >= 0);
	reserve(str, (size_t)length);
	vsnprintf(str->data + str->length, (size_t)length + 1, format, args);
	str->length += (size_t)length;
}

void vmt_str_printf(struct vmt_str *str, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vmt_str_vprintf(str, format, args);
	va_end(args);
}

static size_t width(const char *bytes, size_t length)
{
	size_t columns = 0;

	for (size_t at = 0; at < length; columns++) {
		size_t sequence = vmt_utf8_sequence(bytes + at, length - at);

		at += sequence ? sequence : 1;
	}
	return columns;
}

size_t vmt_text_width(const char *text)
{
	return width(text, strlen(text));
}

void vmt_str_pad(struct vmt_str *str, size_t column)
{
	size_t columns = width(vmt_str_text(str), str->length);
	size_t spaces = columns < column ? column - columns : 0;

	reserve(str, spaces);
	memset(str->data + str->length, ' ', spaces);
	str->length += spaces;
	str->data[str->length] = '\0';
}

const char *vmt_str_text(const struct vmt_str *str)
{
	return str->data ? str->data : "";
}
