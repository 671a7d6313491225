/* SPDX-License-Identifier: MIT */
/*
 * perfetto: the run in Chrome's trace-event format, "Trace Event Format", JSON object form. A space is
 * a process of its own, whatever its pid, for one process has several spaces one after the other:
 *
 *	M  process_name, thread_name    what it is
 *	B E  a step                     on the track of its thread; times in microseconds
 *	C  VMAs, mapped                 counters, after each step that changed them
 *	C  resident, page tables        the same where the run watched its pages; else at the end
 *
 * How many pages are resident is the sum of what the steps say came and went: those with which a
 * space begins tell of the pages that were there.
 *
 * A step has one time, that of its end. Its slice lasts a microsecond from there, less if the next
 * step of the thread comes sooner, so that slices of a thread never overlap.
 */
#include "values.h"

#include <stdlib.h>

enum {
	SLICE_NS = 1000
};

/* A thread in a space, with the slice that is open. */
struct track {
	uint32_t space;
	pid_t tid;
	bool open;
	uint64_t since_ns;
};

struct counts {
	uint64_t vmas;
	uint64_t mapped_bytes;
	uint64_t resident_pages;
	uint64_t table_bytes;
	uint64_t last_ns;
};

struct perfetto_renderer {
	struct vmt_renderer base;
	FILE *file;
	uint64_t page_bytes;
	bool started; /* an event was written */
	VMT_ARRAY(struct track) tracks;
	VMT_ARRAY(struct counts) counts; /* by number of the space */
	struct vmt_str text;
};

static struct perfetto_renderer *perfetto_of(struct vmt_renderer *renderer)
{
	return vmt_container_of(renderer, struct perfetto_renderer, base);
}

static json_t *event_new(const char *phase, uint32_t space)
{
	json_t *event = sure(json_object());

	put(event, "ph", json_string_nocheck(phase));
	put(event, "pid", json_integer(space));
	return event;
}

static void put_time(json_t *event, uint64_t time_ns)
{
	put(event, "ts", json_real((double)time_ns / 1000));
}

static void event_write(struct perfetto_renderer *perfetto, json_t *event)
{
	fputs(perfetto->started ? "," : "", perfetto->file);
	perfetto->started = true;
	vmt_json_write(event, &perfetto->text, perfetto->file);
}

/* "process_name" and the like. */
static void write_name(struct perfetto_renderer *perfetto, const char *what, uint32_t space,
		       pid_t tid, const char *name)
{
	json_t *event = event_new("M", space);
	json_t *args = sure(json_object());

	put(args, "name", text_value(name));
	put(event, "name", json_string_nocheck(what));
	put(event, "tid", json_integer(tid));
	put(event, "args", args);
	event_write(perfetto, event);
}

static void write_counter(struct perfetto_renderer *perfetto, uint32_t space, uint64_t time_ns,
			  const char *name, const char *unit, uint64_t value)
{
	json_t *event = event_new("C", space);
	json_t *args = sure(json_object());

	put(args, unit, number_value(value));
	put(event, "name", json_string_nocheck(name));
	put_time(event, time_ns);
	put(event, "args", args);
	event_write(perfetto, event);
}

static void close_slice(struct perfetto_renderer *perfetto, struct track *track, uint64_t next_ns)
{
	json_t *event;

	if (!track->open)
		return;
	event = event_new("E", track->space);
	put(event, "tid", json_integer(track->tid));
	put_time(event,
		 vmt_max_u64(track->since_ns, vmt_min_u64(next_ns, track->since_ns + SLICE_NS)));
	event_write(perfetto, event);
	track->open = false;
}

static struct track *track_of(struct perfetto_renderer *perfetto, const struct vmt_step *step)
{
	struct track track = { .space = step->space, .tid = step->tid };
	char name[32];

	for (size_t i = perfetto->tracks.count; i-- > 0;)
		if (perfetto->tracks.data[i].space == step->space &&
		    perfetto->tracks.data[i].tid == step->tid)
			return &perfetto->tracks.data[i];
	snprintf(name, sizeof(name), "steps of %d", (int)step->tid);
	write_name(perfetto, "thread_name", step->space, step->tid, name);
	vmt_array_push(&perfetto->tracks, track);
	return &perfetto->tracks.data[perfetto->tracks.count - 1];
}

static struct counts *counts_of(struct perfetto_renderer *perfetto, uint32_t space)
{
	while (perfetto->counts.count <= space) {
		struct counts none = { 0 };

		vmt_array_push(&perfetto->counts, none);
	}
	return &perfetto->counts.data[space];
}

static void perfetto_run(struct vmt_renderer *renderer, const struct vmt_run_info *info)
{
	struct perfetto_renderer *perfetto = perfetto_of(renderer);
	json_t *data = sure(json_object());
	json_t *argv = sure(json_array());

	perfetto->page_bytes = info->page_size_bytes;
	for (size_t i = 0; info->argv[i]; i++)
		push(argv, text_value(info->argv[i]));
	put(data, "version", text_value(info->version));
	put(data, "arch", text_value(info->arch));
	put(data, "kernel", text_value(info->kernel));
	put(data, "argv", argv);
	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":", perfetto->file);
	vmt_json_write(data, &perfetto->text, perfetto->file);
	fputs(",\"traceEvents\":[\n", perfetto->file);
}

static void perfetto_space(struct vmt_renderer *renderer, const struct vmt_space_info *info)
{
	struct perfetto_renderer *perfetto = perfetto_of(renderer);
	struct vmt_str name = { 0 };

	vmt_str_printf(&name, "space %" PRIu32 ": %s (pid %d)", info->space,
		       vmt_base_name(info->exe), (int)info->pid);
	write_name(perfetto, "process_name", info->space, info->pid, vmt_str_text(&name));
	vmt_str_deinit(&name);
}

static json_t *args_value(const struct vmt_step *step)
{
	json_t *args = sure(json_object());

	put(args, "step", json_integer(step->number));
	put(args, "actor", text_value(step->actor));
	put(args, "object", text_value(step->object));
	put(args, "call", text_value(vmt_step_call(step)));
	if (step->end > step->start) {
		put(args, "start", hex_value(step->start));
		put(args, "size", hex_value(step->end - step->start));
	}
	return args;
}

/* What is in memory, as far as the step knows. */
static void count_pages(struct perfetto_renderer *perfetto, const struct vmt_step *step,
			struct counts *counts)
{
	const struct vmt_step_tables *tables = &step->tables;
	uint64_t bytes = tables->checked ? tables->kernel_bytes : tables->bytes;

	if (tables->pages_known && tables->pages) {
		/* Never below nothing, whatever a recording says. */
		if (tables->pages < 0)
			counts->resident_pages -=
				vmt_min_u64(-(uint64_t)tables->pages, counts->resident_pages);
		else
			counts->resident_pages += (uint64_t)tables->pages;
		write_counter(perfetto, step->space, step->time_ns, "resident", "bytes",
			      counts->resident_pages * perfetto->page_bytes);
	}
	if (!tables->known || bytes == counts->table_bytes)
		return;
	counts->table_bytes = bytes;
	write_counter(perfetto, step->space, step->time_ns, "page tables", "bytes", bytes);
}

static void count(struct perfetto_renderer *perfetto, const struct vmt_step *step)
{
	struct counts *counts = counts_of(perfetto, step->space);
	struct vmt_step_bytes bytes = vmt_step_bytes(step);
	int64_t vmas = vmt_step_vmas(step);

	counts->last_ns = step->time_ns;
	count_pages(perfetto, step, counts);
	if (!vmas && bytes.mapped == bytes.unmapped)
		return;
	counts->vmas += (uint64_t)vmas;
	counts->mapped_bytes += bytes.mapped - bytes.unmapped;
	write_counter(perfetto, step->space, step->time_ns, "VMAs", "count", counts->vmas);
	write_counter(perfetto, step->space, step->time_ns, "mapped", "bytes",
		      counts->mapped_bytes);
}

static void write_slice(struct perfetto_renderer *perfetto, const struct vmt_step *step)
{
	struct track *track = track_of(perfetto, step);
	json_t *event;

	close_slice(perfetto, track, step->time_ns);
	event = event_new("B", step->space);
	put(event, "tid", json_integer(step->tid));
	put(event, "name", text_value(step->what));
	put(event, "cat", text_value(step->actor));
	track->since_ns = vmt_max_u64(step->time_ns, track->since_ns);
	put_time(event, track->since_ns);
	put(event, "args", args_value(step));
	event_write(perfetto, event);
	track->open = true;
}

static void perfetto_step(struct vmt_renderer *renderer, const struct vmt_step *step)
{
	struct perfetto_renderer *perfetto = perfetto_of(renderer);

	if (!step->hidden)
		write_slice(perfetto, step);
	count(perfetto, step);
}

static void perfetto_layout(struct vmt_renderer *renderer, const struct vmt_layout_info *info)
{
	struct perfetto_renderer *perfetto = perfetto_of(renderer);
	uint32_t space = info->space->space;
	uint64_t last_ns = counts_of(perfetto, space)->last_ns;

	if (info->has_page_table)
		write_counter(perfetto, space, last_ns, "page tables", "bytes",
			      info->page_table_kib * 1024);
	if (info->geometry)
		write_counter(perfetto, space, last_ns, "resident", "bytes",
			      info->present_pages * perfetto->page_bytes);
}

static void perfetto_note(struct vmt_renderer *renderer, const char *line)
{
	(void)renderer;
	(void)line;
}

static void perfetto_summary(struct vmt_renderer *renderer, const struct vmt_summary_info *info)
{
	(void)renderer;
	(void)info;
}

static void perfetto_free(struct vmt_renderer *renderer)
{
	struct perfetto_renderer *perfetto = perfetto_of(renderer);

	for (size_t i = 0; i < perfetto->tracks.count; i++)
		close_slice(perfetto, &perfetto->tracks.data[i], UINT64_MAX);
	fputs("]}\n", perfetto->file);
	vmt_array_deinit(&perfetto->tracks);
	vmt_array_deinit(&perfetto->counts);
	vmt_str_deinit(&perfetto->text);
	free(perfetto);
}

static const struct vmt_renderer_ops perfetto_ops = {
	.run = perfetto_run,
	.space = perfetto_space,
	.step = perfetto_step,
	.layout = perfetto_layout,
	.note = perfetto_note,
	.summary = perfetto_summary,
	.free = perfetto_free,
};

struct vmt_renderer *vmt_render_perfetto_new(FILE *file)
{
	struct perfetto_renderer *perfetto = vmt_calloc(1, sizeof(*perfetto));

	perfetto->base.ops = &perfetto_ops;
	perfetto->file = file;
	return &perfetto->base;
}
