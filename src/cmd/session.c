/* SPDX-License-Identifier: MIT */
/*
 * The pipeline (session.h draws it). One struct session_space for each address space that is
 * alive: its model, the kernel's answers about it, and its counts.
 */
#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "caller.h"
#include "checking.h"
#include "death.h"
#include "leaving.h"
#include "loading.h"
#include "meaning.h"
#include "pipeline.h"
#include "rules.h"
#include "served.h"
#include "symbolize.h"
#include "tables.h"
#include "vmtrace/elf.h"
#include "vmtrace/mm.h"

/* ---- Spaces ----------------------------------------------------------------------------- */

static struct session_space *find_space(const struct session *session, uint32_t number)
{
	for (size_t i = 0; i < session->spaces.count; i++) {
		if (session->spaces.data[i]->info.space == number)
			return session->spaces.data[i];
	}
	return NULL;
}

/* The space that the event is about, from now on the current one; NULL if nobody knows it. */
static struct session_space *set_current(struct session *session, const struct vmt_event *event)
{
	struct session_space *space = find_space(session, event->space);

	if (space)
		session->current = space;
	return space;
}

static bool look_at_pages(void *data, uint64_t start, uint64_t end)
{
	const struct session_space *space = data;

	return space->probe && vmt_probe_written(space->probe, start, end);
}

/* Does one VMA of the kernel's reach across the address? */
static int reaches_across(void *data, uint64_t address)
{
	const struct session_space *space = data;
	struct vmt_mapping row;
	int result;

	if (!space->probe)
		return -1;
	result = vmt_probe_find(space->probe, address, false, &row);
	if (result < 0)
		return result == -ENOENT ? 0 : -1;
	return row.start < address;
}

static void set_questions(struct session_space *space)
{
	vmt_space_set_look(space->model, look_at_pages, space);
	vmt_space_set_across(space->model, reaches_across, space);
}

static struct session_space *add_space(struct session *session, const struct vmt_event *event,
				       const char *made_by)
{
	struct session_space *space = vmt_calloc(1, sizeof(*space));

	space->warner = vmt_warner_new(session->warnings);
	space->pid = event->tid;
	space->info = (struct vmt_space_info){
		.space = event->space,
		.pid = event->pid,
		.made_by = made_by,
		.parent = event->parent_space,
		.exe = "",
		.arch = event->arch->name,
	};
	if (vmt_probe_new(event->tid, session->names, &space->probe) < 0)
		space->probe = NULL;
	space->unseen = !space->probe;
	vmt_array_push(&session->spaces, space);
	session->space_count++;
	session->current = space;
	return space;
}

static void remove_space(struct session *session, struct session_space *space)
{
	for (size_t i = 0; i < session->spaces.count; i++) {
		if (session->spaces.data[i] != space)
			continue;
		session->spaces.data[i] = session->spaces.data[--session->spaces.count];
		break;
	}
	vmt_leaving_forget(space);
	vmt_tables_free(space);
	vmt_space_free(space->model);
	vmt_loaded_deinit(&space->loaded);
	vmt_warner_free(space->warner);
	vmt_probe_free(space->probe);
	vmt_story_free(space->story);
	vmt_served_deinit(&space->served);
	free(space);
}

/* ---- Steps ------------------------------------------------------------------------------ */

static void count_step(struct vmt_counts *counts, const struct vmt_step *step)
{
	counts->steps++;
	if (step->check == VMT_CHECK_UNCHECKED)
		return;
	counts->checked++;
	if (step->check != VMT_CHECK_ADJUSTED)
		return;
	counts->reasons[step->reason]++;
	if (step->reason == VMT_REASON_UNEXPLAINED)
		counts->unexplained++;
	else
		counts->adjusted++;
}

static void on_warning(void *data, const struct vmt_warning *warning)
{
	struct session *session = data;

	session->warned |= 1U << warning->id;
	vmt_renderer_warning(session->options->renderer, warning);
}

/* Gives a finished step its words, counts it, and hands it on. */
void vmt_session_publish(void *data, struct vmt_step *step)
{
	struct session *session = data;

	if (!step->actor[0]) {
		struct vmt_actor actor = vmt_actor_kernel();

		step->actor = actor.name;
		step->object = actor.object;
	}
	if (!step->event) {
		step->pid = session->event->pid;
		step->tid = session->event->tid;
		step->time_ns = session->event->time_ns;
		vmt_tables_publish(session, step);
	}
	if (!session->options->silent)
		vmt_session_describe(session, step);
	count_step(&session->current->counts, step);
	count_step(&session->counts, step);
	session->options->renderer->ops->step(session->options->renderer, step);
	if (session->options->silent)
		return;
	vmt_warner_step(session->current->warner, step,
			session->current->model ? vmt_space_count(session->current->model) : 0,
			session->settings.max_map_count);
}

/* ---- Events ----------------------------------------------------------------------------- */

static void read_elf(pid_t pid, const char *path, struct vmt_elf *ret_elf, bool *ret_has)
{
	int fd = vmt_proc_open(pid, path);

	*ret_has = false;
	if (fd < 0)
		return;
	*ret_has = vmt_elf_read(fd, ret_elf, NULL) == 0;
	close(fd);
}

/*
 * The name in maps is below our root directory, the one in the program's header below the target's,
 * which may be another one (chroot); the target may have changed it since its execve.
 */
static void read_interp(pid_t pid, struct vmt_image *image, bool found)
{
	if (!found && image->has_exe && image->exe.interpreter[0] == '/')
		read_elf(pid, image->exe.interpreter, &image->interp, &image->has_interp);
	if (!image->has_interp && image->interp_name[0])
		read_elf(pid, image->interp_name, &image->interp, &image->has_interp);
}

/* What the program had set before its execve, in the space that it left (vfork) or that has ended. */
static struct vmt_heritage heritage_of(const struct session *session, const struct vmt_event *event)
{
	const struct session_space *parent = find_space(session, event->parent_space);

	if (parent)
		return vmt_space_heritage(parent->model);
	return event->parent_space && event->parent_space == session->left_space
		       ? session->left
		       : (struct vmt_heritage){ 0 };
}

/* A space that begins with an image: a new program's, or one that is found as it is. */
static void on_image(struct session *session, const struct vmt_event *event, bool found)
{
	struct vmt_image *image = vmt_calloc(1, sizeof(*image));
	struct session_space *space = add_space(session, event, found ? "attach" : "exec");

	if (vmt_proc_image(event->tid, session->names, image) < 0 || space->unseen) {
		session->options->renderer->ops->note(
			session->options->renderer,
			found ? "the process's layout cannot be read; its steps are unchecked"
			      : "the new program's layout cannot be read; its steps are unchecked");
		space->unseen = true;
	} else {
		if (found) {
			vmt_proc_vm_flags(event->tid, session->names, image);
			vmt_proc_filesystems(event->tid, image);
		}
		read_elf(event->tid, NULL, &image->exe, &image->has_exe);
		if (image->interp_name[0] || (image->has_exe && image->exe.interpreter[0]))
			read_interp(event->tid, image, found);
	}
	space->story = vmt_story_new();
	space->info.exe = image->exe_name ? image->exe_name : "";
	space->model = vmt_space_new(event->space, session->names);
	set_questions(space);
	vmt_space_configure(space->model, &session->settings);
	vmt_space_show_path(space->model, session->options->show_path);
	vmt_space_inherit(space->model, heritage_of(session, event));
	session->options->renderer->ops->space(session->options->renderer, &space->info);
	vmt_tables_image(session, space);
	if (found)
		vmt_space_attach(space->model, image, vmt_session_publish, session);
	else
		vmt_space_exec(space->model, image, vmt_session_publish, session);
	vmt_tables_told(session, space, !found);
	vmt_image_deinit(image);
	free(image);
}

/* What grew in the parent since its last call is in the copy already. */
static void check_parent(struct session *session, struct session_space *parent)
{
	const struct vmt_event *event = session->event;
	struct vmt_event own = *event;

	own.pid = parent->info.pid;
	own.tid = parent->pid;
	session->event = &own;
	session->current = parent;
	vmt_check_growth(session, parent);
	session->event = event;
}

/* What the child has and the model's parent had not. */
static void on_adopted(void *data, struct vmt_space *model, const struct vmt_layout *rows)
{
	struct session *session = data;

	vmt_check_take_flags(session, model, session->current->pid, rows);
}

static void on_fork(struct session *session, const struct vmt_event *event)
{
	struct session_space *parent = find_space(session, event->parent_space);
	struct session_space *space;
	struct vmt_layout layout = { 0 };
	bool readable;

	if (!parent) {
		on_image(session, event, true);
		return;
	}
	readable = vmt_proc_maps(event->tid, session->names, &layout) == 0;
	check_parent(session, parent);
	space = add_space(session, event, "fork");
	space->blind |= !readable || parent->blind;
	space->unseen |= parent->unseen;
	space->info.exe = parent->info.exe;
	vmt_loaded_copy(&space->loaded, &parent->loaded);
	space->story = vmt_story_fork(parent->story);
	session->options->renderer->ops->space(session->options->renderer, &space->info);
	vmt_tables_copy(session, space, parent);
	/*
	 * Which pages the parent had when it was copied, the child shows: other threads of the parent
	 * may have written to more of them since.
	 */
	if (space->probe)
		vmt_space_set_look(parent->model, look_at_pages, space);
	space->model = vmt_space_fork(parent->model, event->space, readable ? &layout : NULL,
				      vmt_session_publish, on_adopted, session);
	if (event->order_inferred)
		vmt_space_doubt_break(space->model);
	set_questions(parent);
	set_questions(space);
	vmt_tables_copied(session, space);
	vmt_layout_deinit(&layout);
}

/* Whose /proc shows the space that the event is about. */
static pid_t reader_of(const struct vmt_event *event)
{
	return event->target_space ? event->target_pid : event->tid;
}

/* Before the model makes its first ring: what rings are is found out when a program has one. */
static void learn_rings(struct session *session, struct session_space *space)
{
	if (!session->rings_tried)
		vmt_rules_rings(session->options->rules, &session->settings.features);
	session->rings_tried = true;
	vmt_space_configure(space->model, &session->settings);
}

static void on_enter(struct session *session, const struct vmt_event *event)
{
	struct session_space *space = set_current(session, event);

	if (!space)
		return;
	space->pid = reader_of(event);
	vmt_check_growth(session, space);
	vmt_served_look(session, space);
	vmt_tables_enter(session, space);
	vmt_space_foresee(space->model, event);
}

/* What was told of the call and its result is right; how it came to be is not known. */
static void forget_reasons(struct vmt_step *step)
{
	step->check = VMT_CHECK_UNCHECKED;
	step->reason = VMT_REASON_NONE;
	step->predicted = false;
	step->why_count = 0;
	if (!step->event->failed && step->start == step->end &&
	    (step->event->call == VMT_CALL_MMAP || step->event->call == VMT_CALL_MMAP2)) {
		step->start = (uint64_t)step->event->result;
		step->end = step->start + step->event->args[1];
	}
}

static void on_call(struct session *session, const struct vmt_event *event)
{
	struct session_space *space = set_current(session, event);
	struct vmt_step *step = &session->step;

	if (!space)
		return;
	space->pid = reader_of(event);
	if (event->call == VMT_CALL_IO_SETUP)
		learn_rings(session, space);
	vmt_caller_find(session, space);
	vmt_step_begin(space->model, step);
	vmt_caller_say(session, space);
	vmt_space_call(space->model, event, step);
	if (space->unseen)
		forget_reasons(step);
	else
		vmt_check_step(session, space);
	vmt_tables_call(session, space);
	vmt_step_end(space->model, step);
	/* What the kernel did of it is not known, only how it looks now, if that. */
	if (event->kind == VMT_EVENT_CALL_LOST && step->reason == VMT_REASON_UNEXPLAINED)
		step->reason = VMT_REASON_UNREADABLE;
	vmt_check_excuse(session, space);
	vmt_served_note(space, event);
	vmt_session_publish(session, step);
}

static void look_at_end(struct session *session, struct session_space *space)
{
	const struct vmt_session_options *options = session->options;

	vmt_leaving_look(session, space);
	if (options->space_end)
		options->space_end(options->space_end_data, session->event->tid, space->info.space);
}

static void on_execve(struct session *session, const struct vmt_event *event)
{
	struct session_space *space = set_current(session, event);

	if (!space)
		return;
	if (event->alive)
		look_at_end(session, space);
	else
		vmt_leaving_forget(space);
}

static void on_space_end(struct session *session, const struct vmt_event *event)
{
	struct session_space *space = set_current(session, event);

	if (!space)
		return;
	if (event->alive)
		look_at_end(session, space);
	else if (!event->replaced)
		vmt_leaving_forget(space);
	vmt_leaving_layout(session, space);
	session->left_space = event->space;
	session->left = vmt_space_heritage(space->model);
	remove_space(session, space);
}

static void on_event(struct session *session, const struct vmt_event *event)
{
	session->event = event;
	vmt_tables_faults(session);
	switch (event->kind) {
	case VMT_EVENT_FAULTS:
		break;
	case VMT_EVENT_EXEC:
		on_image(session, event, false);
		break;
	case VMT_EVENT_ATTACH:
		on_image(session, event, true);
		break;
	case VMT_EVENT_FORK:
		on_fork(session, event);
		break;
	case VMT_EVENT_ENTER:
		on_enter(session, event);
		break;
	case VMT_EVENT_CALL:
	case VMT_EVENT_CALL_LOST:
		on_call(session, event);
		break;
	case VMT_EVENT_EXECVE:
		on_execve(session, event);
		break;
	case VMT_EVENT_KILLED:
		vmt_death_tell(session);
		break;
	case VMT_EVENT_SPACE_END:
		on_space_end(session, event);
		break;
	}
}

/* ---- The run ---------------------------------------------------------------------------- */

static void say_notice(void *data, const char *line)
{
	(void)data;
	vmt_say(line);
}

static int spawn_status(const struct session *session, int result)
{
	if (!vmt_tracer_exec_failed(session->tracer))
		return VMT_EXIT_FAILED;
	return result == -ENOENT || result == -ENOTDIR ? VMT_EXIT_NOT_FOUND : VMT_EXIT_CANNOT_RUN;
}

static void summarize(struct session *session, struct vmt_exit end)
{
	struct vmt_summary_info info = {
		.spaces = session->space_count,
		.counts = session->counts,
		.faults_watched = vmt_tracer_fault_view(session->tracer) != VMT_FAULTS_NOT,
		.faults = session->faults,
		.faults_lost = vmt_tracer_faults_lost(session->tracer),
		.exit_code = end.code,
		.exit_signal = end.signal,
		.exit_known = end.known,
	};

	session->options->renderer->ops->summary(session->options->renderer, &info);
}

/* Starts the program, or attaches to the processes. */
static int begin(struct session *session, struct vmt_error *error)
{
	const struct vmt_session_options *options = session->options;
	int result = 0;

	if (!options->pid_count)
		return vmt_tracer_spawn(session->tracer, options->argv, error);
	for (size_t i = 0; i < options->pid_count && result >= 0; i++)
		result = vmt_tracer_attach(session->tracer, options->pids[i], error);
	return result;
}

static int trace(struct session *session, struct vmt_status *ret_status, struct vmt_error *error)
{
	struct vmt_run_info run = {
		.version = VMTRACE_VERSION,
		.arch = vmt_arch_x86_64.name,
		.kernel = vmt_kernel_release(),
		.page_size_bytes = vmt_arch_page_size(&vmt_arch_x86_64),
		.argv = session->options->argv,
	};
	struct vmt_event event;
	struct vmt_exit end;
	int result = begin(session, error);

	if (result < 0) {
		ret_status->code = spawn_status(session, result);
		return result;
	}
	session->options->renderer->ops->run(session->options->renderer, &run);
	while ((result = vmt_tracer_next(session->tracer, &event, error)) > 0) {
		on_event(session, &event);
		if (session->options->flush)
			session->options->flush(session->options->flush_data);
	}
	ret_status->code = VMT_EXIT_FAILED;
	if (result < 0)
		return result;
	end = vmt_tracer_exit(session->tracer);
	summarize(session, end);
	ret_status->code = session->options->pid_count ? 0 : end.known ? end.code : VMT_EXIT_FAILED;
	ret_status->signal = end.signal;
	return 0;
}

/* --fail-on: a warning that was said is the outcome, whatever the program's own was. */
static void judge(const struct session *session, struct vmt_status *ret_status)
{
	unsigned bad = session->warned & session->options->fail_on;
	struct vmt_str line = { 0 };

	if (!bad)
		return;
	for (unsigned id = 0; id < VMT_WARNING_COUNT; id++) {
		if (bad & 1U << id)
			vmt_str_printf(&line, "%s%s",
				       line.length ? ", " : "warnings of --fail-on: ",
				       vmt_warning_name(id));
	}
	vmt_say(vmt_str_text(&line));
	vmt_str_deinit(&line);
	*ret_status = (struct vmt_status){ .code = VMT_EXIT_WARNED };
}

int vmt_session_run(const struct vmt_session_options *options, struct vmt_status *ret_status,
		    struct vmt_error *error)
{
	struct session session = {
		.options = options,
		.names = vmt_names_new(),
		.settings = vmt_rules_settings(options->rules),
		.geometry = vmt_tables_geometry(),
	};
	struct vmt_tracer_options tracer = {
		.follow = options->follow,
		.faults = options->faults,
		.pin = options->pin,
		.no_seccomp = options->no_seccomp,
		.no_aslr = options->no_aslr,
		.stack_depth = options->stack_depth,
		.names = session.names,
		.notice = say_notice,
	};
	int result;

	vmt_step_init(&session.step);
	vmt_str_init(&session.text);
	session.objects = vmt_objects_new(session.names);
	session.warnings = vmt_warnings_new(on_warning, &session);
	session.tracer = vmt_tracer_new(&tracer);
	session.symbolizer = options->stack_depth ? vmt_symbolizer_new() : NULL;
	result = trace(&session, ret_status, error);
	if (!result)
		judge(&session, ret_status);
	while (session.spaces.count)
		remove_space(&session, session.spaces.data[0]);
	vmt_array_deinit(&session.spaces);
	vmt_objects_free(session.objects);
	vmt_warnings_free(session.warnings);
	vmt_layout_deinit(&session.rows);
	vmt_tracer_free(session.tracer);
	vmt_symbolizer_free(session.symbolizer);
	vmt_step_deinit(&session.step);
	vmt_str_deinit(&session.text);
	vmt_names_free(session.names);
	return result;
}
