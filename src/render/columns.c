/* SPDX-License-Identifier: MIT */
/*
 * columns: see columns.h. Everything of the text renderers goes through vmt_line_add(), which is
 * where bytes of the target become safe.
 */
#include "columns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const sequences[] = {
	[VMT_STYLE_PLAIN] = "",         [VMT_STYLE_DIM] = "\033[2m",
	[VMT_STYLE_BOLD] = "\033[1m",   [VMT_STYLE_RED] = "\033[31m",
	[VMT_STYLE_GREEN] = "\033[32m", [VMT_STYLE_YELLOW] = "\033[33m",
	[VMT_STYLE_BLUE] = "\033[34m",  [VMT_STYLE_MAGENTA] = "\033[35m",
	[VMT_STYLE_CYAN] = "\033[36m",
};
static const char reset[] = "\033[0m";

void vmt_line_deinit(struct vmt_line *line)
{
	vmt_str_deinit(&line->text);
}

void vmt_line_clear(struct vmt_line *line)
{
	vmt_str_clear(&line->text);
	line->column = 0;
}

static void add_bytes(struct vmt_line *line, enum vmt_style style, const char *bytes, size_t length)
{
	bool colored = line->color && style != VMT_STYLE_PLAIN && length;
	size_t start;

	if (colored)
		vmt_str_add(&line->text, sequences[style]);
	start = line->text.length;
	vmt_escape_text(&line->text, bytes, length);
	if (line->text.length > start)
		line->column += vmt_text_width(line->text.data + start);
	if (colored)
		vmt_str_add(&line->text, reset);
}

void vmt_line_add(struct vmt_line *line, enum vmt_style style, const char *text)
{
	add_bytes(line, style, text, strlen(text));
}

void vmt_line_printf(struct vmt_line *line, enum vmt_style style, const char *format, ...)
{
	struct vmt_str text = { 0 };
	va_list args;

	va_start(args, format);
	vmt_str_vprintf(&text, format, args);
	va_end(args);
	vmt_line_add(line, style, vmt_str_text(&text));
	vmt_str_deinit(&text);
}

static void add_spaces(struct vmt_line *line, size_t count)
{
	line->column += count;
	while (count--)
		vmt_str_add_char(&line->text, ' ');
}

void vmt_line_pad(struct vmt_line *line, size_t column)
{
	if (line->column == 0)
		add_spaces(line, column);
	else
		add_spaces(line, line->column < column ? column - line->column : 1);
}

void vmt_line_break(struct vmt_line *line)
{
	/* Padding for a column that stayed empty. */
	while (line->text.length && line->text.data[line->text.length - 1] == ' ')
		line->text.data[--line->text.length] = '\0';
	vmt_str_add_char(&line->text, '\n');
	line->column = 0;
}

/* Bytes of @text that fit in @room columns and end before a space; the first word at least. */
static size_t fitting(const char *text, size_t room)
{
	size_t best = 0;
	size_t columns = 0;
	size_t i = 0;

	while (text[i]) {
		size_t sequence = vmt_utf8_sequence(text + i, strlen(text + i));

		if (text[i] == ' ') {
			if (columns > room && best)
				return best;
			best = i;
		}
		i += sequence ? sequence : 1;
		columns++;
	}
	return columns > room && best ? best : i;
}

void vmt_line_wrap(struct vmt_line *line, enum vmt_style style, const char *text, size_t indent,
		   size_t width)
{
	struct vmt_str safe = { 0 };
	const char *rest;

	vmt_escape_text(&safe, text, strlen(text));
	rest = vmt_str_text(&safe);
	while (*rest) {
		size_t room = width > line->column ? width - line->column : 1;
		size_t length = width ? fitting(rest, room) : strlen(rest);

		add_bytes(line, style, rest, length);
		rest += length;
		while (*rest == ' ')
			rest++;
		if (*rest) {
			vmt_line_break(line);
			add_spaces(line, indent);
		}
	}
	vmt_str_deinit(&safe);
}

const char *vmt_count_text(uint64_t count, char ret_text[32])
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	size_t out = 0;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			ret_text[out++] = ',';
		ret_text[out++] = digits[i];
	}
	ret_text[out] = '\0';
	return ret_text;
}

enum vmt_style vmt_actor_style(const char *actor)
{
	static const struct {
		const char *actor;
		enum vmt_style style;
	} styles[] = {
		{ "kernel", VMT_STYLE_MAGENTA },
		{ "linker", VMT_STYLE_CYAN },
		{ "libc", VMT_STYLE_BLUE },
		{ "program", VMT_STYLE_GREEN },
	};

	for (size_t i = 0; i < vmt_countof(styles); i++) {
		if (strcmp(actor, styles[i].actor) == 0)
			return styles[i].style;
	}
	return VMT_STYLE_YELLOW;
}
