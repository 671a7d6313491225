/* SPDX-License-Identifier: MIT */
/*
 * The text of /proc/PID/maps as rows. Mirrors show_map_vma() of fs/proc/task_mmu.c (6.18):
 *
 *	55d0c7a4e000-55d0c7a4f000 r--p 00001000 fe:00 24713      /home/u/a name with spaces
 *	start        end          perm offset   dev   inode      the rest of the line
 *
 * The name is padded to a column and is everything up to the newline; the kernel escapes nothing
 * in it but a newline, as \012. Addresses never go backwards (Documentation/filesystems/proc.rst),
 * which the parser insists on. Texts come from the target or from a user's file: nothing is
 * believed.
 */
#include <errno.h>
#include <string.h>

#include "vmtrace/trace.h"

/* What is left of a line. */
struct cursor {
	const char *at;
	const char *end;
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* An unsigned number in @base up to a separator, which is passed too. */
static bool take_number(struct cursor *cursor, unsigned base, char separator, uint64_t *ret_number)
{
	const char *start = cursor->at;
	uint64_t number = 0;

	while (cursor->at < cursor->end) {
		int digit = digit_value(*cursor->at);

		if (digit < 0 || (unsigned)digit >= base)
			break;
		if (__builtin_mul_overflow(number, (uint64_t)base, &number) ||
		    __builtin_add_overflow(number, (uint64_t)digit, &number))
			return false;
		cursor->at++;
	}
	if (cursor->at == start)
		return false;
	/* Nothing follows the inode of a line that an editor has trimmed. */
	if (cursor->at < cursor->end) {
		if (*cursor->at != separator)
			return false;
		cursor->at++;
	} else if (separator != ' ') {
		return false;
	}
	*ret_number = number;
	return true;
}

static bool take_perms(struct cursor *cursor, unsigned *ret_perms)
{
	static const struct {
		char off;
		char on;
		unsigned perm;
	} columns[4] = {
		{ '-', 'r', VMT_PERM_READ },
		{ '-', 'w', VMT_PERM_WRITE },
		{ '-', 'x', VMT_PERM_EXEC },
		{ 'p', 's', VMT_PERM_SHARED },
	};
	unsigned perms = 0;

	if (cursor->end - cursor->at < 5 || cursor->at[4] != ' ')
		return false;
	for (size_t i = 0; i < vmt_countof(columns); i++) {
		if (cursor->at[i] == columns[i].on)
			perms |= columns[i].perm;
		else if (cursor->at[i] != columns[i].off)
			return false;
	}
	cursor->at += 5;
	*ret_perms = perms;
	return true;
}

static const char *take_name(struct cursor *cursor, struct vmt_names *names)
{
	static const char newline[] = "\\012";
	size_t length;
	struct vmt_str text = { 0 };
	const char *name;

	while (cursor->at < cursor->end && *cursor->at == ' ')
		cursor->at++;
	length = (size_t)(cursor->end - cursor->at);
	if (!memmem(cursor->at, length, newline, 4))
		return vmt_names_add_bytes(names, cursor->at, length);
	while (cursor->at < cursor->end) {
		if (cursor->end - cursor->at >= 4 && !memcmp(cursor->at, newline, 4)) {
			vmt_str_add_char(&text, '\n');
			cursor->at += 4;
		} else {
			vmt_str_add_char(&text, *cursor->at++);
		}
	}
	name = vmt_names_add_bytes(names, text.data, text.length);
	vmt_str_deinit(&text);
	return name;
}

/* The gate VMAs' names stand in no file system and cannot be given to other memory. */
static bool is_gate(const struct vmt_mapping *row)
{
	return row->inode == 0 && row->dev_major == 0 && row->dev_minor == 0 &&
	       (!strcmp(row->name, "[vsyscall]") || !strcmp(row->name, "[vectors]"));
}

static bool parse_line(struct cursor line, struct vmt_names *names, struct vmt_mapping *ret_row)
{
	struct vmt_mapping row = { 0 };
	uint64_t major;
	uint64_t minor;

	if (!take_number(&line, 16, '-', &row.start) || !take_number(&line, 16, ' ', &row.end) ||
	    !take_perms(&line, &row.perms) || !take_number(&line, 16, ' ', &row.offset) ||
	    !take_number(&line, 16, ':', &major) || !take_number(&line, 16, ' ', &minor) ||
	    !take_number(&line, 10, ' ', &row.inode))
		return false;
	if (row.start >= row.end || major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	/* A name in a pool ends at its first NUL, which no kernel prints. */
	if (memchr(line.at, '\0', (size_t)(line.end - line.at)))
		return false;
	row.dev_major = (uint32_t)major;
	row.dev_minor = (uint32_t)minor;
	row.name = take_name(&line, names);
	row.gate = is_gate(&row);
	*ret_row = row;
	return true;
}

int vmt_maps_parse(const char *text, size_t length, struct vmt_names *names,
		   struct vmt_layout *ret_layout)
{
	const char *end = text + length;
	uint64_t last_end = 0;

	vmt_array_clear(ret_layout);
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct cursor line = { .at = text, .end = newline ? newline : end };
		struct vmt_mapping row;

		if (!parse_line(line, names, &row) || row.start < last_end) {
			vmt_array_clear(ret_layout);
			return -EINVAL;
		}
		vmt_array_push(ret_layout, row);
		last_end = row.end;
		text = newline ? newline + 1 : end;
	}
	return 0;
}

void vmt_layout_deinit(struct vmt_layout *layout)
{
	vmt_array_deinit(layout);
}
