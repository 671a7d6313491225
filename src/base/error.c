/* SPDX-License-Identifier: MIT */
/*
 * error: one line of text for the person at the terminal, owned by the caller.
 *
 * Invariant: the text holds no control byte and no malformed UTF-8, whatever was formatted into
 * it, and always ends within the struct. A line that is too long is cut between characters.
 */
#include <assert.h>
#include <string.h>

#include "vmtrace/base.h"

static void store_line(struct vmt_error *error, const char *line)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str safe = { 0 };
	size_t length;

	vmt_escape_text(&safe, line, strlen(line));
	length = safe.length;
	if (length >= sizeof(error->text)) {
		length = sizeof(error->text) - 1;
		/* Not into the middle of a character: back over its continuation bytes. */
		while (length && ((unsigned char)safe.data[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(error->text, vmt_str_text(&safe), length);
	error->text[length] = '\0';
}

int vmt_error_set(struct vmt_error *error, int err, const char *format, ...)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str line = { 0 };
	va_list args;

	assert(err > 0);
	if (!error)
		return -err;
	va_start(args, format);
	vmt_str_vprintf(&line, format, args);
	va_end(args);
	store_line(error, vmt_str_text(&line));
	return -err;
}

const char *vmt_strerror(int err)
{
	return strerror(err);
}
