/* SPDX-License-Identifier: MIT */
/*
 * A reader of /proc/self/smaps for a few addresses (spots.h).
 */
#include "spots.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "procfs.h"

enum {
	READ_BYTES = 20 * 1024 /* a path has up to 4096 bytes, each printed as one or four */
};

static unsigned read_flags(const char *words)
{
	static const struct {
		const char *word;
		unsigned flag;
	} rows[] = {
		{ " ac", VMT_SPOT_ACCOUNT },  { " nh", VMT_SPOT_NOHUGE },
		{ " gu", VMT_SPOT_GUARD },    { " lo", VMT_SPOT_LOCKED },
		{ " lf", VMT_SPOT_ONFAULT },  { " mm", VMT_SPOT_MIXEDMAP },
		{ " dc", VMT_SPOT_DONTCOPY }, { " io", VMT_SPOT_IO },
	};
	unsigned flags = VMT_SPOT_FLAGS_KNOWN;

	for (size_t i = 0; i < vmt_countof(rows); i++)
		if (strstr(words, rows[i].word))
			flags |= rows[i].flag;
	return flags;
}

static bool holds(const struct vmt_spot *spot, const char *line, uint64_t start, uint64_t end)
{
	size_t length = strlen(line);

	if (!spot->name)
		return start <= spot->address && spot->address < end;
	return length > strlen(spot->name) &&
	       strcmp(line + length - strlen(spot->name), spot->name) == 0;
}

/* One line: "START-END PERMS … NAME" opens a VMA, "Key: value" says something of the last one. */
static void read_line(struct vmt_spot *spots, size_t count, const char *line, uint64_t *vma_start)
{
	bool head = (line[0] >= '0' && line[0] <= '9') || (line[0] >= 'a' && line[0] <= 'f');
	uint64_t end = 0;

	if (head) {
		char *rest;

		*vma_start = strtoull(line, &rest, 16);
		end = *rest == '-' ? strtoull(rest + 1, NULL, 16) : 0;
	} else if (strncmp(line, "VmFlags:", 8) != 0) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct vmt_spot *spot = &spots[i];

		if (head && holds(spot, line, *vma_start, end)) {
			spot->start = *vma_start;
			spot->end = end;
			spot->heap = strstr(line, " [heap]") != NULL;
		} else if (!head && spot->start && spot->start == *vma_start) {
			spot->flags = read_flags(line + 8);
		}
	}
}

void vmt_spots_read(struct vmt_spot *spots, size_t count)
{
	char text[READ_BYTES];
	VMT_CLEANUP(vmt_fd_close) int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
	size_t kept = 0;
	uint64_t vma_start = 0;
	ssize_t got;

	while (fd >= 0 && (got = read(fd, text + kept, sizeof(text) - 1 - kept)) > 0) {
		char *line = text;
		char *newline;

		kept += (size_t)got;
		text[kept] = '\0';
		for (; (newline = strchr(line, '\n')); line = newline + 1) {
			*newline = '\0';
			read_line(spots, count, line, &vma_start);
		}
		kept -= (size_t)(line - text);
		memmove(text, line, kept);
	}
}
