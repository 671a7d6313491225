/* SPDX-License-Identifier: MIT */
/*
 * columns: one line of terminal text that knows how wide it is. Colour sequences take no room and
 * names of the target are escaped, so that what is counted is what is seen.
 */
#ifndef VMT_RENDER_COLUMNS_H
#define VMT_RENDER_COLUMNS_H

#include "vmtrace/base.h"

enum vmt_style {
	VMT_STYLE_PLAIN,
	VMT_STYLE_DIM,
	VMT_STYLE_BOLD,
	VMT_STYLE_RED,
	VMT_STYLE_GREEN,
	VMT_STYLE_YELLOW,
	VMT_STYLE_BLUE,
	VMT_STYLE_MAGENTA,
	VMT_STYLE_CYAN,
};

/* @text grows; @column is how far the last line in it has come. */
struct vmt_line {
	struct vmt_str text;
	size_t column;
	bool color;
};

void vmt_line_deinit(struct vmt_line *line);
/* Forgets the text, for the next line. */
void vmt_line_clear(struct vmt_line *line);
/* Adds text that may come from the target. */
void vmt_line_add(struct vmt_line *line, enum vmt_style style, const char *text);
void vmt_line_printf(struct vmt_line *line, enum vmt_style style, const char *format, ...)
	VMT_PRINTF(3, 4);
/*
 * Spaces up to @column. An entry that was too long for its column is parted from the next one by
 * one space, and the columns after it catch up as soon as there is room.
 */
void vmt_line_pad(struct vmt_line *line, size_t column);
void vmt_line_break(struct vmt_line *line);
/*
 * Adds @text between the columns @indent and @width, broken at spaces. @width 0: all on one line.
 * A word that is longer than the room stands alone and overflows.
 */
void vmt_line_wrap(struct vmt_line *line, enum vmt_style style, const char *text, size_t indent,
		   size_t width);

/* 1234567 as "1,234,567". */
const char *vmt_count_text(uint64_t count, char ret_text[32]);
/* The style in which an actor's name is printed. */
enum vmt_style vmt_actor_style(const char *actor);

#endif
