/* SPDX-License-Identifier: MIT */
/*
 * oracle: a program under the whole pipeline of vmtrace, with the kernel's own word about every
 * address space at its end, for replay.c to compare.
 *
 *	oracle [-afs] DIRECTORY PROGRAM [ARG...]
 *	oracle [-f] -p PID DIRECTORY
 *	-a: no ASLR; -f: full check after each step; -s: no seccomp filter; -p: attaches to PID
 *
 * DIRECTORY/trace.jsonl and trace.vmt are what `vmtrace -o trace.jsonl -o trace.vmt` writes.
 * DIRECTORY/maps.N and smaps.N are the texts of /proc/PID/maps and smaps of space N at the moment its
 * last task stood at its end. A space that execve threw away has none: when that is seen, it is gone.
 * Ends as the program did.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outputs.h"
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

static void copy(const char *directory, const char *what, pid_t pid, uint32_t space)
{
	char source[64];
	char name[64];
	char block[4096];
	FILE *from;
	FILE *to;
	size_t length;

	snprintf(source, sizeof(source), "/proc/%d/%s", (int)pid, what);
	snprintf(name, sizeof(name), "%s.%u", what, space);
	from = fopen(source, "re");
	if (!from)
		return;
	to = open_in(directory, name);
	while ((length = fread(block, 1, sizeof(block), from)) > 0)
		fwrite(block, 1, length, to);
	if (ferror(from) || fclose(to) != 0) {
		fprintf(stderr, "oracle: %s: not copied\n", source);
		exit(VMT_EXIT_FAILED);
	}
	fclose(from);
}

static void copy_maps(void *data, pid_t pid, uint32_t space)
{
	copy(data, "maps", pid, space);
	copy(data, "smaps", pid, space);
}

int main(int argc, char **argv)
{
	struct vmt_session_options session = { .space_end = copy_maps };
	int option;
	struct vmt_status status = { .code = VMT_EXIT_FAILED };
	struct vmt_error error = { .text = "" };
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str path = { 0 };
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str recording = { 0 };
	struct vmt_outputs_options files = { .path_count = 2 };
	struct vmt_outputs *outputs;
	pid_t pid;

	while ((option = getopt(argc, argv, "+afsp:")) > 0) {
		session.no_seccomp |= option == 's';
		session.no_aslr |= option == 'a';
		if (option == 'f')
			session.check = VMT_CHECK_FULL;
		if (option == 'p') {
			pid = (pid_t)strtol(optarg, NULL, 10);
			session.pids = &pid;
			session.pid_count = 1;
		}
		if (option == '?')
			return VMT_EXIT_FAILED;
	}
	if (argc < optind + (session.pid_count ? 1 : 2)) {
		vmt_say("usage: oracle [-afs] [-p PID] DIRECTORY PROGRAM [ARG...]");
		return VMT_EXIT_FAILED;
	}
	session.space_end_data = argv[optind];
	session.argv = argv + optind + 1;
	vmt_str_printf(&path, "%s/trace.jsonl", argv[optind]);
	vmt_str_printf(&recording, "%s/trace.vmt", argv[optind]);
	files.paths[0] = vmt_str_text(&path);
	files.paths[1] = vmt_str_text(&recording);
	if (vmt_outputs_open(&files, vmt_say, &outputs, &error) < 0) {
		vmt_say(error.text);
		return VMT_EXIT_FAILED;
	}
	session.renderer = vmt_outputs_renderer(outputs);
	if (vmt_session_run(&session, &status, &error) < 0)
		vmt_say(error.text);
	if (!vmt_outputs_close(outputs))
		status.code = VMT_EXIT_FAILED;
	return status.signal ? 128 + status.signal : status.code;
}
