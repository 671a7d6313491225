/* SPDX-License-Identifier: MIT */
/*
 * json: JSON Lines for scripts. Names of keys, their order and the types of values are a promise;
 * new keys may come at the end of an object.
 *
 * Addresses, sizes of ranges and offsets are strings ("0x…"), because numbers above 2^53 do not
 * survive most readers. A name of the target that is valid UTF-8 is itself; of any other, the bytes
 * that are not become \ooo, as in the text views. Everything beyond ASCII is written as \u…, so a
 * line can be shown on a terminal as it is.
 */
#include "json.h"

#include "json-tables.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct json_renderer {
	struct vmt_renderer base;
	FILE *file;
	struct vmt_str text; /* reused for whatever is to be formatted */
	struct vmt_str line; /* reused for the line itself */
	VMT_ARRAY(bool) stacks; /* which stacks have been written, by number from 1 */
};

static struct json_renderer *json_of(struct vmt_renderer *renderer)
{
	return vmt_container_of(renderer, struct json_renderer, base);
}

/* ---- Values ------------------------------------------------------------------------------- */

/* "MAP_PRIVATE|0x400" as a list of its parts. Zero has none. */
static json_t *flags_value(const char *text)
{
	json_t *flags = sure(json_array());

	while (*text && strcmp(text, "0") != 0) {
		size_t length = strcspn(text, "|");

		push(flags, json_stringn_nocheck(text, length));
		text += length + (text[length] == '|');
	}
	return flags;
}

/* ---- A line ------------------------------------------------------------------------------- */

static json_t *line_new(const char *type)
{
	json_t *line = sure(json_object());

	put(line, "type", json_string_nocheck(type));
	return line;
}

static void line_write(struct json_renderer *json, json_t *line)
{
	vmt_json_write(line, &json->line, json->file);
}

/* ---- VMAs --------------------------------------------------------------------------------- */

static json_t *steps_value(const struct vmt_vma_view *view, const uint32_t *step_numbers)
{
	json_t *steps = sure(json_array());

	for (size_t i = 0; i < view->step_count; i++)
		push(steps, json_integer(step_numbers[view->first_step + i]));
	return steps;
}

static json_t *vma_value(struct json_renderer *json, const struct vmt_vma_view *view,
			 const uint32_t *step_numbers)
{
	const struct vmt_mapping *map = &view->map;
	json_t *vma = sure(json_object());
	char dev[32];
	char perms[5];

	vmt_perms_text(map->perms, perms);
	snprintf(dev, sizeof(dev), "%02" PRIx32 ":%02" PRIx32, map->dev_major, map->dev_minor);
	put(vma, "start", hex_value(map->start));
	put(vma, "end", hex_value(map->end));
	put(vma, "perms", json_string_nocheck(perms));
	put(vma, "offset", hex_value(map->offset));
	put(vma, "dev", json_string_nocheck(dev));
	put(vma, "inode", number_value(map->inode));
	put(vma, "name", text_value(map->name));
	put(vma, "steps", steps_value(view, step_numbers));
	if (view->steps_left_out)
		put(vma, "steps_left_out", number_value(view->steps_left_out));
	if (view->vm_flags) {
		vmt_str_clear(&json->text);
		vmt_vm_flags_text(view->vm_flags, &json->text);
		put(vma, "vmflags", text_value(vmt_str_text(&json->text)));
	}
	return vma;
}

static json_t *vmas_value(struct json_renderer *json, const struct vmt_vma_view *views,
			  size_t count, const uint32_t *step_numbers)
{
	json_t *vmas = sure(json_array());

	for (size_t i = 0; i < count; i++)
		push(vmas, vma_value(json, &views[i], step_numbers));
	return vmas;
}

/* Of a layout more is known: what of an ELF file a VMA is, and which pages it has. */
static json_t *layout_value(struct json_renderer *json, const struct vmt_layout_info *info)
{
	json_t *vmas = sure(json_array());

	for (size_t i = 0; i < info->list->rows.count; i++) {
		const struct vmt_vma_view *view = &info->list->rows.data[i];
		json_t *vma = vma_value(json, view, info->list->step_numbers.data);

		if (info->parts && info->parts[i].facts)
			put(vma, "elf", vmt_json_part(&info->parts[i]));
		if (info->pages && !view->map.gate)
			vmt_json_put_row_pages(vma, &info->pages[i]);
		push(vmas, vma);
	}
	return vmas;
}

/* ---- The call of a step --------------------------------------------------------------------- */

static json_t *arg_value(struct json_renderer *json, enum vmt_arg_kind kind, uint64_t value)
{
	const struct vmt_constants *set = vmt_constants(kind);
	char prot[4];

	switch (kind) {
	case VMT_ARG_PROT:
		vmt_prot_text(value, prot);
		return json_string_nocheck(prot);
	case VMT_ARG_SIZE:
	case VMT_ARG_PAGE_OFFSET:
		return number_value(value);
	case VMT_ARG_FD:
	case VMT_ARG_INT:
		return json_integer((int32_t)value);
	default:
		break;
	}
	if (!set)
		return hex_value(value);
	vmt_str_clear(&json->text);
	vmt_arg_text(kind, value, &json->text);
	return set->flags ? flags_value(vmt_str_text(&json->text))
			  : json_string_nocheck(vmt_str_text(&json->text));
}

/* mremap() looks at its last argument only with these flags; else it is what a register held. */
static bool arg_unused(const struct vmt_event *event, unsigned i)
{
	return event->call == VMT_CALL_MREMAP && i == 4 &&
	       !(event->args[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP));
}

static json_t *args_value(struct json_renderer *json, const struct vmt_event *event)
{
	const struct vmt_call_info *info = vmt_call_info(event->call);
	json_t *args = sure(json_object());

	for (unsigned i = 0; i < info->arg_count; i++) {
		if (!arg_unused(event, i))
			put(args, info->args[i].name,
			    arg_value(json, info->args[i].kind, event->args[i]));
	}
	return args;
}

static void put_call(struct json_renderer *json, json_t *line, const struct vmt_event *event)
{
	bool returned = event && event->kind != VMT_EVENT_CALL_LOST;
	char name[24];

	put(line, "call",
	    event ? json_string_nocheck(vmt_call_info(event->call)->name) : json_null());
	put(line, "args", event ? args_value(json, event) : json_null());
	put(line, "result",
	    returned && !event->failed ? hex_value((uint64_t)event->result) : json_null());
	put(line, "errno",
	    returned && event->failed
		    ? json_string_nocheck(vmt_errno_name((int)-event->result, name))
		    : json_null());
}

/* ---- Steps -------------------------------------------------------------------------------- */

static json_t *why_value(struct json_renderer *json, const struct vmt_step *step)
{
	json_t *reasons = sure(json_array());

	for (unsigned i = 0; i < step->why_count; i++) {
		json_t *why = sure(json_object());

		vmt_str_clear(&json->text);
		vmt_why_text(step, &step->why[i], &json->text);
		put(why, "id", json_string_nocheck(vmt_why_name(step->why[i].id)));
		put(why, "text", text_value(vmt_str_text(&json->text)));
		push(reasons, why);
	}
	return reasons;
}

/* What the model said before it saw the result: an address, 0, or the name of an error. */
static json_t *expected_value(const struct vmt_step *step)
{
	char name[24];

	if (!step->event || !step->predicted)
		return json_null();
	if (step->expected < 0 && step->expected > -4096)
		return json_string_nocheck(vmt_errno_name((int)-step->expected, name));
	return hex_value((uint64_t)step->expected);
}

static json_t *path_value(const struct vmt_step *step)
{
	json_t *path = sure(json_array());

	for (size_t i = 0; i < step->path.count; i++) {
		const struct vmt_path_entry *entry = &step->path.data[i];
		json_t *function = sure(json_object());

		put(function, "depth", json_integer(entry->depth));
		put(function, "function", text_value(entry->function));
		put(function, "branch", entry->branch ? text_value(entry->branch) : json_null());
		push(path, function);
	}
	return path;
}

/* ---- Stacks ------------------------------------------------------------------------------- */

/* A stack has a line of its own, before the first step that has it. */
static void write_stack(struct json_renderer *json, const struct vmt_frame *stack)
{
	json_t *line;

	while (json->stacks.count < stack->stack)
		vmt_array_push(&json->stacks, false);
	if (json->stacks.data[stack->stack - 1])
		return;
	json->stacks.data[stack->stack - 1] = true;
	line = line_new("stack");
	put(line, "stack", json_integer(stack->stack));
	vmt_json_put_stack(line, stack);
	line_write(json, line);
}

static void put_stack(json_t *line, const struct vmt_step *step)
{
	const struct vmt_frame *caller = step->caller;

	put(line, "stack", json_integer(step->event->stack->stack));
	put(line, "caller", caller && caller->symbol ? text_value(caller->symbol) : json_null());
	put(line, "caller_actor", caller ? text_value(step->caller_actor) : json_null());
}

static void json_step(struct vmt_renderer *renderer, const struct vmt_step *step)
{
	struct json_renderer *json = json_of(renderer);
	bool stack = step->event && step->event->stack;
	json_t *line;

	if (step->hidden)
		return;
	line = line_new("step");
	if (stack)
		write_stack(json, step->event->stack);
	put(line, "space", json_integer(step->space));
	put(line, "step", json_integer(step->number));
	put(line, "pid", json_integer(step->pid));
	put(line, "tid", json_integer(step->tid));
	put(line, "time_ns", number_value(step->time_ns));
	put(line, "actor", text_value(step->actor));
	put(line, "object", text_value(step->object));
	put_call(json, line, step->event);
	put(line, "what", text_value(step->what));
	put(line, "why", why_value(json, step));
	put(line, "removed",
	    vmas_value(json, step->removed.data, step->removed.count, step->step_numbers.data));
	put(line, "added",
	    vmas_value(json, step->added.data, step->added.count, step->step_numbers.data));
	put(line, "check", json_string_nocheck(vmt_check_name(step->check)));
	if (step->check == VMT_CHECK_ADJUSTED)
		put(line, "reason", json_string_nocheck(vmt_reason_name(step->reason)));
	put(line, "cause", json_string_nocheck(vmt_cause_name(step->cause)));
	put(line, "expected", expected_value(step));
	if (step->path.count)
		put(line, "path", path_value(step));
	put(line, "file", step->file_name[0] ? text_value(step->file_name) : json_null());
	if (step->tables.known)
		put(line, "page_tables", vmt_json_page_tables(&step->tables));
	if (step->tlb.known)
		put(line, "tlb", vmt_json_tlb(&step->tlb));
	put(line, "purpose", step->purpose[0] ? text_value(step->purpose) : json_null());
	put(line, "pattern",
	    step->pattern ? json_string_nocheck(vmt_pattern_name(step->pattern)) : json_null());
	put(line, "group", step->group ? json_integer(step->group) : json_null());
	if (stack)
		put_stack(line, step);
	line_write(json, line);
}

/* ---- The other lines ------------------------------------------------------------------------ */

static void json_run(struct vmt_renderer *renderer, const struct vmt_run_info *info)
{
	struct json_renderer *json = json_of(renderer);
	json_t *line = line_new("trace");
	json_t *argv = sure(json_array());

	for (size_t i = 0; info->argv[i]; i++)
		push(argv, text_value(info->argv[i]));
	put(line, "format", json_integer(1));
	put(line, "version", text_value(info->version));
	put(line, "arch", text_value(info->arch));
	put(line, "kernel", text_value(info->kernel));
	put(line, "page_size", number_value(info->page_size_bytes));
	put(line, "argv", argv);
	line_write(json, line);
}

static void json_space(struct vmt_renderer *renderer, const struct vmt_space_info *info)
{
	json_t *line = line_new("space");

	put(line, "space", json_integer(info->space));
	put(line, "pid", json_integer(info->pid));
	put(line, "made_by", text_value(info->made_by));
	put(line, "parent", info->parent ? json_integer(info->parent) : json_null());
	put(line, "exe", text_value(info->exe));
	put(line, "arch", text_value(info->arch));
	line_write(json_of(renderer), line);
}

static void json_object_line(struct vmt_renderer *renderer, const struct vmt_object_info *info)
{
	json_t *line = line_new("object");

	vmt_json_put_object(line, info);
	line_write(json_of(renderer), line);
}

static void json_layout(struct vmt_renderer *renderer, const struct vmt_layout_info *info)
{
	struct json_renderer *json = json_of(renderer);
	json_t *line = line_new("layout");

	put(line, "space", json_integer(info->space->space));
	put(line, "step", json_integer(info->step));
	put(line, "vmas", layout_value(json, info));
	if (info->geometry)
		put(line, "page_tables", vmt_json_table_totals(info));
	line_write(json, line);
}

static void json_note(struct vmt_renderer *renderer, const char *note)
{
	json_t *line = line_new("note");

	put(line, "text", text_value(note));
	line_write(json_of(renderer), line);
}

static void json_warning(struct vmt_renderer *renderer, const struct vmt_warning *warning)
{
	json_t *line = line_new("warning");

	put(line, "id", json_string_nocheck(vmt_warning_name(warning->id)));
	put(line, "space", json_integer(warning->space));
	put(line, "step", json_integer(warning->step));
	put(line, "pid", json_integer(warning->pid));
	put(line, "text", text_value(warning->text));
	line_write(json_of(renderer), line);
}

static json_t *signal_value(int number)
{
	char name[24];

	return json_string_nocheck(vmt_signal_name(number, name));
}

static void json_summary(struct vmt_renderer *renderer, const struct vmt_summary_info *info)
{
	json_t *line = line_new("summary");
	json_t *end = sure(json_object());
	bool killed = info->exit_known && info->exit_signal;

	put(end, "code", info->exit_known && !killed ? json_integer(info->exit_code) : json_null());
	put(end, "signal", killed ? signal_value(info->exit_signal) : json_null());
	put(line, "spaces", json_integer(info->spaces));
	put(line, "steps", number_value(info->counts.steps));
	put(line, "checked", number_value(info->counts.checked));
	put(line, "adjusted", number_value(info->counts.adjusted));
	put(line, "unexplained", number_value(info->counts.unexplained));
	put(line, "exit", end);
	if (info->counts.table_checks) {
		put(line, "page_table_checks", number_value(info->counts.table_checks));
		put(line, "page_table_mismatches",
		    number_value(info->counts.table_checks -
				 info->counts.table_reasons[VMT_TABLES_AGREE]));
	}
	if (info->faults_watched) {
		put(line, "faults", number_value(info->faults));
		put(line, "faults_lost", number_value(info->faults_lost));
	}
	line_write(json_of(renderer), line);
}

static void json_free(struct vmt_renderer *renderer)
{
	struct json_renderer *json = json_of(renderer);

	vmt_str_deinit(&json->text);
	vmt_str_deinit(&json->line);
	vmt_array_deinit(&json->stacks);
	free(json);
}

static const struct vmt_renderer_ops json_ops = {
	.run = json_run,
	.space = json_space,
	.object = json_object_line,
	.step = json_step,
	.layout = json_layout,
	.warning = json_warning,
	.note = json_note,
	.summary = json_summary,
	.free = json_free,
};

struct vmt_renderer *vmt_render_json_new(FILE *file)
{
	struct json_renderer *json = vmt_calloc(1, sizeof(*json));

	json->base.ops = &json_ops;
	json->file = file;
	return &json->base;
}
