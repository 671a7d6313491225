/* SPDX-License-Identifier: MIT */
/*
 * tracer-dump: a program under the trace room alone, one line an event, without the model. For
 * tests of the tracer, and for looking at what it sees.
 *
 *	tracer-dump [-asqm] PROGRAM [ARG...]
 *
 *	-a	without address randomisation
 *	-s	without the seccomp filter
 *	-q	no lines
 *	-m	reads maps at each event, in both ways, and says whether they are the same
 *
 * Lines go to descriptor 2 or to the file that TRACER_DUMP names. The exit status is the
 * program's, its signal included; 125 tracing failed, 126 cannot execute, 127 not found.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "vmtrace/arch.h"
#include "vmtrace/base.h"
#include "vmtrace/trace.h"

static struct vmt_names *names;
static FILE *out;
static bool show_maps;

static const char *const kinds[] = {
	[VMT_EVENT_EXEC] = "exec",           [VMT_EVENT_FORK] = "fork",
	[VMT_EVENT_CALL] = "call",           [VMT_EVENT_CALL_LOST] = "lost",
	[VMT_EVENT_SPACE_END] = "space-end",
};

static void say(void *data, const char *line)
{
	(void)data;
	fprintf(out, "notice %s\n", line);
}

static void dump_file(const struct vmt_file_facts *file)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str name;

	vmt_str_init(&name);
	vmt_escape_text(&name, file->name, strlen(file->name));
	fprintf(out,
		" file=%x:%x:%" PRIu64 " size=%" PRIu64 " flags=%o fs=%" PRIx64 "%s desc=%" PRIu64
		" name=%s",
		file->dev_major, file->dev_minor, file->inode, file->size_bytes, file->flags,
		file->filesystem, file->noexec ? " noexec" : "", file->description,
		vmt_str_text(&name));
}

static void dump_call(const struct vmt_event *event)
{
	const struct vmt_call_info *info = vmt_call_info(event->call);

	fprintf(out, " %s(", info->name);
	for (unsigned i = 0; i < info->arg_count; i++)
		fprintf(out, "%s%" PRIx64, i ? "," : "", event->args[i]);
	fprintf(out, ")");
	if (event->kind == VMT_EVENT_CALL)
		fprintf(out, event->failed ? "=%" PRId64 : "=%" PRIx64, event->result);
	if (event->file.known)
		dump_file(&event->file);
	for (unsigned i = 0; i < event->words_valid; i++)
		fprintf(out, " word%u=%" PRIx64, i, event->words[i]);
	if (event->text_valid)
		fprintf(out, " text=%s", event->text);
}

static void dump_exec(const struct vmt_event *event)
{
	struct vmt_image image = { 0 };
	int err = vmt_proc_image(event->tid, names, &image);

	if (err < 0)
		fprintf(out, " image=%s", vmt_strerror(-err));
	else
		fprintf(out,
			" exe=%s interp=%s base=%" PRIx64 " entry=%" PRIx64 " brk=%" PRIx64
			" stack=%" PRIx64 " randomized=%d lock=%d vmas=%zu",
			image.exe_name, image.interp_name, image.at_base, image.at_entry,
			image.start_brk, image.rights.limits[VMT_LIMIT_STACK], image.randomized,
			image.rights.may_lock, image.layout.count);
	vmt_image_deinit(&image);
}

/* The text of maps and the answers of PROCMAP_QUERY must be the same rows. */
static void dump_maps(const struct vmt_event *event)
{
	struct vmt_layout layout = { 0 };
	struct vmt_layout rows = { 0 };
	struct vmt_probe *probe = NULL;
	int err = vmt_proc_maps(event->tid, names, &layout);
	size_t gates = 0;
	size_t equal = 0;

	if (!err)
		err = vmt_probe_new(event->tid, names, &probe);
	if (!err)
		err = vmt_probe_range(probe, 0, UINT64_MAX, true, &rows);
	for (size_t i = 0; i < layout.count; i++) {
		const struct vmt_mapping *a = &layout.data[i];
		const struct vmt_mapping *b = &rows.data[i];

		gates += a->gate;
		equal += i < rows.count && a->start == b->start && a->end == b->end &&
			 a->perms == b->perms && a->offset == b->offset && a->inode == b->inode &&
			 a->dev_major == b->dev_major && a->dev_minor == b->dev_minor &&
			 a->name == b->name;
	}
	fprintf(out, " maps=%s rows=%zu gates=%zu %s", err ? vmt_strerror(-err) : "ok",
		layout.count, gates,
		err || (equal == rows.count && equal + gates == layout.count) ? "same"
									      : "DIFFERENT");
	vmt_probe_free(probe);
	vmt_layout_deinit(&layout);
	vmt_layout_deinit(&rows);
}

static void dump(const struct vmt_event *event)
{
	fprintf(out, "%s pid=%d tid=%d arch=%s space=%u", kinds[event->kind], event->pid,
		event->tid, event->arch->name, event->space);
	if (event->kind == VMT_EVENT_EXEC || event->kind == VMT_EVENT_FORK)
		fprintf(out, " parent=%u", event->parent_space);
	if (event->kind == VMT_EVENT_SPACE_END)
		fprintf(out, " alive=%d", event->alive);
	if (event->kind == VMT_EVENT_CALL || event->kind == VMT_EVENT_CALL_LOST)
		dump_call(event);
	if (event->kind == VMT_EVENT_EXEC)
		dump_exec(event);
	if (show_maps && (event->kind != VMT_EVENT_SPACE_END || event->alive))
		dump_maps(event);
	if (event->order_inferred)
		fprintf(out, " order-inferred");
	fprintf(out, "\n");
}

static int run(struct vmt_tracer *tracer, char **argv, bool quiet, struct vmt_exit *ret_exit)
{
	struct vmt_error error;
	struct vmt_event event;
	int err = vmt_tracer_spawn(tracer, argv, &error);

	if (err < 0) {
		fprintf(stderr, "tracer-dump: %s\n", error.text);
		if (!vmt_tracer_exec_failed(tracer))
			return 125;
		return err == -ENOENT ? 127 : 126;
	}
	while ((err = vmt_tracer_next(tracer, &event, &error)) > 0)
		if (!quiet)
			dump(&event);
	if (err < 0) {
		fprintf(stderr, "tracer-dump: %s\n", error.text);
		return 125;
	}
	*ret_exit = vmt_tracer_exit(tracer);
	return ret_exit->known ? ret_exit->code : 125;
}

int main(int argc, char **argv)
{
	struct vmt_tracer_options options = { .notice = say };
	struct vmt_exit how = { 0 };
	struct vmt_tracer *tracer;
	bool quiet = false;
	int code;
	int option;

	while ((option = getopt(argc, argv, "+asqm")) != -1) {
		options.no_aslr |= option == 'a';
		options.no_seccomp |= option == 's';
		quiet |= option == 'q';
		show_maps |= option == 'm';
		if (option == '?')
			return 125;
	}
	if (optind >= argc)
		return 125;
	out = getenv("TRACER_DUMP") ? fopen(getenv("TRACER_DUMP"), "we") : stderr;
	if (!out)
		return 125;
	unsetenv("TRACER_DUMP");
	names = options.names = vmt_names_new();
	tracer = vmt_tracer_new(&options);
	code = run(tracer, argv + optind, quiet, &how);
	vmt_tracer_free(tracer);
	vmt_names_free(names);
	fclose(out);
	if (how.signal) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		signal(how.signal, SIG_DFL);
		raise(how.signal);
	}
	return code;
}
