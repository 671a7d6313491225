/* SPDX-License-Identifier: MIT */
/*
 * csv: one line a step for spreadsheets and data frames (RFC 4180, "\n" at the end of lines, a header
 * line first). Fields that hold a comma, a quote or a space at an end are quoted. Names of the
 * target are escaped as in the text views, so that a line is a line.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vmtrace/render.h"

struct csv_renderer {
	struct vmt_renderer base;
	FILE *file;
	struct vmt_str line;
	struct vmt_str text;
};

static struct csv_renderer *csv_of(struct vmt_renderer *renderer)
{
	return vmt_container_of(renderer, struct csv_renderer, base);
}

static const char header[] = "space,step,pid,tid,time_ns,actor,object,call,result,errno,what,start,"
			     "end,removed_bytes,added_bytes,why,check,reason,cause,file\n";

static bool needs_quotes(const char *text)
{
	return strpbrk(text, ",\"\n\r") || text[0] == ' ' ||
	       (text[0] && text[strlen(text) - 1] == ' ');
}

static void add_field(struct csv_renderer *csv, const char *text)
{
	if (csv->line.length)
		vmt_str_add_char(&csv->line, ',');
	vmt_str_clear(&csv->text);
	vmt_escape_text(&csv->text, text, strlen(text));
	text = vmt_str_text(&csv->text);
	if (!needs_quotes(text)) {
		vmt_str_add(&csv->line, text);
		return;
	}
	vmt_str_add_char(&csv->line, '"');
	for (; *text; text++) {
		if (*text == '"')
			vmt_str_add_char(&csv->line, '"');
		vmt_str_add_char(&csv->line, *text);
	}
	vmt_str_add_char(&csv->line, '"');
}

static void add_number(struct csv_renderer *csv, uint64_t number)
{
	if (csv->line.length)
		vmt_str_add_char(&csv->line, ',');
	vmt_str_printf(&csv->line, "%" PRIu64, number);
}

static void add_hex(struct csv_renderer *csv, uint64_t number)
{
	vmt_str_printf(&csv->line, ",0x%" PRIx64, number);
}

static uint64_t bytes_of(const struct vmt_vma_view *views, size_t count)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += views[i].map.end - views[i].map.start;
	return bytes;
}

/* call, result, errno */
static void add_call(struct csv_renderer *csv, const struct vmt_event *event)
{
	bool returned = event && event->kind != VMT_EVENT_CALL_LOST;
	char name[24];

	add_field(csv, event ? vmt_call_info(event->call)->name : "");
	if (returned && !event->failed) {
		add_hex(csv, (uint64_t)event->result);
	} else {
		add_field(csv, "");
	}
	add_field(csv, returned && event->failed ? vmt_errno_name((int)-event->result, name) : "");
}

static void add_whys(struct csv_renderer *csv, const struct vmt_step *step)
{
	struct vmt_str whys = { 0 };

	for (unsigned i = 0; i < step->why_count; i++)
		vmt_str_printf(&whys, "%s%s", i ? " " : "", vmt_why_name(step->why[i].id));
	add_field(csv, vmt_str_text(&whys));
	vmt_str_deinit(&whys);
}

static void csv_step(struct vmt_renderer *renderer, const struct vmt_step *step)
{
	struct csv_renderer *csv = csv_of(renderer);

	if (step->hidden)
		return;
	vmt_str_clear(&csv->line);
	add_number(csv, step->space);
	add_number(csv, step->number);
	add_number(csv, (uint64_t)step->pid);
	add_number(csv, (uint64_t)step->tid);
	add_number(csv, step->time_ns);
	add_field(csv, step->actor);
	add_field(csv, step->object);
	add_call(csv, step->event);
	add_field(csv, step->what);
	add_hex(csv, step->start);
	add_hex(csv, step->end);
	add_number(csv, bytes_of(step->removed.data, step->removed.count));
	add_number(csv, bytes_of(step->added.data, step->added.count));
	add_whys(csv, step);
	add_field(csv, vmt_check_name(step->check));
	add_field(csv, step->check == VMT_CHECK_ADJUSTED ? vmt_reason_name(step->reason) : "");
	add_field(csv, vmt_cause_name(step->cause));
	add_field(csv, step->file_name);
	vmt_str_add_char(&csv->line, '\n');
	fwrite(csv->line.data, 1, csv->line.length, csv->file);
}

static void csv_run(struct vmt_renderer *renderer, const struct vmt_run_info *info)
{
	(void)info;
	fwrite(header, 1, sizeof(header) - 1, csv_of(renderer)->file);
}

static void csv_space(struct vmt_renderer *renderer, const struct vmt_space_info *info)
{
	(void)renderer;
	(void)info;
}

static void csv_layout(struct vmt_renderer *renderer, const struct vmt_layout_info *info)
{
	(void)renderer;
	(void)info;
}

static void csv_note(struct vmt_renderer *renderer, const char *line)
{
	(void)renderer;
	(void)line;
}

static void csv_summary(struct vmt_renderer *renderer, const struct vmt_summary_info *info)
{
	(void)renderer;
	(void)info;
}

static void csv_free(struct vmt_renderer *renderer)
{
	struct csv_renderer *csv = csv_of(renderer);

	vmt_str_deinit(&csv->line);
	vmt_str_deinit(&csv->text);
	free(csv);
}

static const struct vmt_renderer_ops csv_ops = {
	.run = csv_run,
	.space = csv_space,
	.step = csv_step,
	.layout = csv_layout,
	.note = csv_note,
	.summary = csv_summary,
	.free = csv_free,
};

struct vmt_renderer *vmt_render_csv_new(FILE *file)
{
	struct csv_renderer *csv = vmt_calloc(1, sizeof(*csv));

	csv->base.ops = &csv_ops;
	csv->file = file;
	return &csv->base;
}
