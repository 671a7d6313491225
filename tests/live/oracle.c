/* SPDX-License-Identifier: MIT */
/*
 * oracle: a program under the whole pipeline of vmtrace, with the kernel's own word about every
 * address space at its end, for replay.c to compare.
 *
 *	oracle [-s] DIRECTORY PROGRAM [ARG...]		(-s: no seccomp filter)
 *
 * DIRECTORY/trace.jsonl is what `vmtrace -o trace.jsonl` writes. DIRECTORY/maps.N is the text of
 * /proc/PID/maps of space N at the moment its last task stood at its end. A space that execve
 * threw away has none: when that is seen, it is gone. Ends as the program did.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session.h"

void vmt_say(const char *line)
{
	fprintf(stderr, "oracle: %s\n", line);
}

static FILE *open_in(const char *directory, const char *name)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str path = { 0 };
	FILE *file;

	vmt_str_printf(&path, "%s/%s", directory, name);
	file = fopen(vmt_str_text(&path), "we");
	if (!file) {
		fprintf(stderr, "oracle: %s: %s\n", vmt_str_text(&path), vmt_strerror(errno));
		exit(VMT_EXIT_FAILED);
	}
	return file;
}

static void copy_maps(void *data, pid_t pid, uint32_t space)
{
	char source[64];
	char name[64];
	char block[4096];
	FILE *from;
	FILE *to;
	size_t length;

	snprintf(source, sizeof(source), "/proc/%d/maps", (int)pid);
	snprintf(name, sizeof(name), "maps.%u", space);
	from = fopen(source, "re");
	if (!from)
		return;
	to = open_in(data, name);
	while ((length = fread(block, 1, sizeof(block), from)) > 0)
		fwrite(block, 1, length, to);
	if (ferror(from) || fclose(to) != 0) {
		fprintf(stderr, "oracle: %s: not copied\n", source);
		exit(VMT_EXIT_FAILED);
	}
	fclose(from);
}

int main(int argc, char **argv)
{
	struct vmt_session_options session = { .space_end = copy_maps };
	struct vmt_status status = { .code = VMT_EXIT_FAILED };
	struct vmt_error error = { .text = "" };
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str path = { 0 };
	struct vmt_output output;
	int first = 1;

	if (argc > first && strcmp(argv[first], "-s") == 0) {
		session.no_seccomp = true;
		first++;
	}
	if (argc < first + 2) {
		vmt_say("usage: oracle [-s] DIRECTORY PROGRAM [ARG...]");
		return VMT_EXIT_FAILED;
	}
	session.space_end_data = argv[first];
	session.argv = argv + first + 1;
	vmt_str_printf(&path, "%s/trace.jsonl", argv[first]);
	if (vmt_output_open(&output, vmt_str_text(&path), vmt_say, &error) < 0) {
		vmt_say(error.text);
		return VMT_EXIT_FAILED;
	}
	session.output = &output;
	session.renderer = vmt_render_json_new(output.file);
	if (vmt_session_run(&session, &status, &error) < 0)
		vmt_say(error.text);
	if (!vmt_output_close(&output))
		status.code = VMT_EXIT_FAILED;
	vmt_renderer_free(session.renderer);
	return status.signal ? 128 + status.signal : status.code;
}
