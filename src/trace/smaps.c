/* SPDX-License-Identifier: MIT */
/*
 * The VmFlags lines of /proc/PID/smaps (show_smap_vma_flags() of fs/proc/task_mmu.c, 6.18):
 *
 *	7f1c2be4f000-7f1c2be51000 rw-p 00000000 00:00 0      a line of maps
 *	Size:                  8 kB
 *	...
 *	VmFlags: rd wr mr mw me ac sd
 *
 * smaps walks the page tables, which takes long in a large process: it is read when that is
 * attached to, and where the model was wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "procfs.h"
#include "vmtrace/trace.h"

static const char key[] = "VmFlags:";

/* A line of maps begins with a hexadecimal number and a dash, as no other line does. */
static bool is_header(const char *line, uint64_t *ret_start)
{
	char *end;
	uint64_t start = strtoull(line, &end, 16);

	if (end == line || *end != '-')
		return false;
	*ret_start = start;
	return true;
}

static const char *words_of(const char *line, size_t length, struct vmt_names *names)
{
	const char *at = line + strlen(key);
	const char *end = line + length;

	while (at < end && *at == ' ')
		at++;
	while (end > at && end[-1] == ' ')
		end--;
	return vmt_names_add_bytes(names, at, (size_t)(end - at));
}

void vmt_proc_vm_flags(pid_t pid, struct vmt_names *names, struct vmt_image *image)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	size_t row = 0;
	uint64_t start = 0;

	vmt_array_clear(&image->vm_flags);
	if (vmt_procfs_read(pid, "smaps", &text) < 0)
		return;
	for (size_t i = 0; i < image->layout.count; i++)
		vmt_array_push(&image->vm_flags, "");
	for (const char *line = vmt_str_text(&text); *line;) {
		size_t length = strcspn(line, "\n");

		if (strncmp(line, key, strlen(key)) == 0) {
			while (row < image->layout.count && image->layout.data[row].start < start)
				row++;
			if (row < image->layout.count && image->layout.data[row].start == start)
				image->vm_flags.data[row] = words_of(line, length, names);
		} else {
			is_header(line, &start);
		}
		line += length + (line[length] == '\n');
	}
}
