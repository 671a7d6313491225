/* SPDX-License-Identifier: MIT */
/*
 * A line of JSON that can be shown on a terminal as it is (values.h).
 */
#include "values.h"

static int add_chunk(const char *bytes, size_t length, void *data)
{
	vmt_str_add_bytes(data, bytes, length);
	return 0;
}

/* JSON lets DEL through as it is, a terminal should not see it. It stands in strings only. */
static void escape_delete(struct vmt_str *line)
{
	struct vmt_str escaped = { 0 };

	if (!memchr(line->data, 0x7f, line->length))
		return;
	for (size_t i = 0; i < line->length; i++) {
		if (line->data[i] == 0x7f)
			vmt_str_add(&escaped, "\\u007f");
		else
			vmt_str_add_char(&escaped, line->data[i]);
	}
	vmt_str_deinit(line);
	*line = escaped;
}

void vmt_json_write(json_t *line, struct vmt_str *text, FILE *file)
{
	vmt_str_clear(text);
	if (json_dump_callback(line, add_chunk, text, JSON_COMPACT | JSON_ENSURE_ASCII) < 0)
		vmt_die_oom();
	json_decref(line);
	escape_delete(text);
	vmt_str_add_char(text, '\n');
	fwrite(text->data, 1, text->length, file);
}
