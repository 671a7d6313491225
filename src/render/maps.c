/* SPDX-License-Identifier: MIT */
/*
 * maps: a layout as /proc/PID/maps prints it, for programs that read that. Bytes of names are as the
 * kernel leaves them, only a newline is escaped; but for a terminal all that it would obey. Mirrors show_vma_header_prefix() and show_map_vma()
 * (fs/proc/task_mmu.c, Linux 6.18).
 */
#include <inttypes.h>
#include <string.h>

#include "vmtrace/render.h"

/* Where names begin: seq_setwidth(m, 25 + sizeof(void *) * 6 - 1). */
static int name_column(unsigned kernel_bits)
{
	return 25 + (int)kernel_bits / 8 * 6 - 1;
}

static void write_name(FILE *file, const char *name)
{
	for (; *name; name++) {
		if (*name == '\n')
			fputs("\\012", file);
		else
			fputc(*name, file);
	}
}

static void write_safe_name(FILE *file, const char *name)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str safe = { 0 };

	vmt_escape_text(&safe, name, strlen(name));
	fputs(vmt_str_text(&safe), file);
}

static void write_row(FILE *file, const struct vmt_mapping *map, int column, bool terminal)
{
	char perms[5];
	int width;

	vmt_perms_text(map->perms, perms);
	width = fprintf(file,
			"%08" PRIx64 "-%08" PRIx64 " %s %08" PRIx64 " %02" PRIx32 ":%02" PRIx32
			" %" PRIu64 " ",
			map->start, map->end, perms, map->offset, map->dev_major, map->dev_minor,
			map->inode);
	if (map->name[0]) {
		/* seq_pad(): up to the column, and the space that it was given in any case. */
		fprintf(file, "%*s ", width < column ? column - width : 0, "");
		if (terminal)
			write_safe_name(file, map->name);
		else
			write_name(file, map->name);
	}
	fputc('\n', file);
}

void vmt_render_maps(FILE *file, const struct vmt_view_list *list, unsigned kernel_bits,
		     bool terminal)
{
	for (size_t i = 0; i < list->rows.count; i++)
		write_row(file, &list->rows.data[i].map, name_column(kernel_bits), terminal);
}
