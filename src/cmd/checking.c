/* SPDX-License-Identifier: MIT */
/*
 * After a step the kernel is asked about the range that it touched (PROCMAP_QUERY), and where the
 * model differs the kernel's layout is taken over (checking.h). The comparison itself is the
 * model's: vmt_space_check().
 */
#include "checking.h"

#include "served.h"

enum {
	SMAPS_PAGE_TABLE_KIB = 1024 /* about 512 MiB of pages: a few ms */
};

static bool is_answered_by_filter(const struct session *session)
{
	const struct vmt_event *event = session->step.event;

	if (!event || !event->failed || !event->before_filters || !vmt_proc_has_filter(event->tid))
		return false;
	return vmt_proc_filters_answer(event) != VMT_ANSWER_KERNELS;
}

/* Others may have changed the space, unseen or at the same time. */
void vmt_check_excuse(struct session *session, const struct session_space *space)
{
	if (session->step.reason != VMT_REASON_UNEXPLAINED)
		return;
	if (is_answered_by_filter(session))
		session->step.reason = VMT_REASON_SECCOMP;
	else if (session->event->order_inferred)
		session->step.reason = VMT_REASON_ORDER_INFERRED;
	else if (space->blind || session->event->unread)
		session->step.reason = VMT_REASON_UNREADABLE;
}

uint64_t vmt_check_take_flags(struct session *session, struct vmt_space *model, pid_t pid,
			      const struct vmt_layout *rows)
{
	struct vmt_image image = { .layout = *rows };
	uint64_t others = 0;
	uint64_t kib;

	if (vmt_proc_page_table_kib(pid, &kib) < 0 || kib > SMAPS_PAGE_TABLE_KIB)
		return 0;
	vmt_proc_vm_flags(pid, session->names, &image);
	for (size_t i = 0; i < image.vm_flags.count; i++)
		others |= vmt_space_refresh_flags(model, &rows->data[i], image.vm_flags.data[i]);
	vmt_array_deinit(&image.vm_flags);
	return others;
}

/*
 * The kernel's flags were @others than the model's. They part VMAs, so it was not their anon_vmas; but
 * VM_ACCOUNT follows from these (mprotect_fixup() of mm/mprotect.c, 6.18). Those of advice change without
 * a call through an io_uring (io_madvise() of io_uring/advise.c).
 */
static void blame_flags(struct session *session, pid_t pid, uint64_t others)
{
	enum vmt_reason *reason = &session->step.reason;

	if (*reason == VMT_REASON_ANON_VMA && others & ~VMT_VM_ACCOUNT)
		*reason = VMT_REASON_UNEXPLAINED;
	if (*reason == VMT_REASON_UNEXPLAINED && others & VMT_VM_ADVICE &&
	    !(others & ~VMT_VM_ADVICE) && vmt_proc_has_io_uring(pid))
		*reason = VMT_REASON_IO_URING;
}

static void take_flags(struct session *session, struct vmt_space *model, pid_t pid,
		       const struct vmt_layout *rows)
{
	blame_flags(session, pid, vmt_check_take_flags(session, model, pid, rows));
}

static void set_unreadable(struct session *session, struct session_space *space)
{
	session->step.check = VMT_CHECK_UNCHECKED;
	session->step.reason = VMT_REASON_UNREADABLE;
	space->blind = true;
}

/* Asks the kernel about [start, end) and takes over what differs. */
static void check_range(struct session *session, struct session_space *space, uint64_t start,
			uint64_t end)
{
	enum vmt_compared compared = VMT_COMPARED_ASK_WIDER;
	bool names = vmt_step_wants_names(&session->step);

	/* One question instead of two or three: each costs as much as the model's whole work. */
	if (vmt_step_keeps_borders(space->model, &session->step, start, end)) {
		start++;
		end--;
	}
	while (compared == VMT_COMPARED_ASK_WIDER) {
		if (!space->probe ||
		    vmt_probe_range(space->probe, start, end, names, &session->rows) < 0) {
			set_unreadable(session, space);
			return;
		}
		compared =
			vmt_space_check(space->model, &session->rows, &start, &end, &session->step);
		if (compared == VMT_COMPARED_ASK_WIDER)
			names = true;
	}
	if (compared == VMT_COMPARED_TAKEN_OVER)
		take_flags(session, space->model, space->pid, &session->rows);
}

int vmt_check_read_whole(struct session *session, pid_t pid, struct vmt_layout *rows)
{
	int result = vmt_proc_maps(pid, session->names, rows);
	size_t kept = 0;

	for (size_t i = 0; i < rows->count; i++) {
		if (!rows->data[i].gate)
			rows->data[kept++] = rows->data[i];
	}
	rows->count = kept;
	return result;
}

/* smaps' words, for --check=full: the one place that shows all flags. */
static void check_flags(struct session *session, struct session_space *space)
{
	struct vmt_image image = { .layout = session->rows };
	uint64_t others = 0;

	vmt_proc_vm_flags(space->pid, session->names, &image);
	for (size_t i = 0; i < image.vm_flags.count; i++)
		others |= vmt_space_check_flags(space->model, &image.layout.data[i],
						image.vm_flags.data[i], &session->step);
	vmt_array_deinit(&image.vm_flags);
	blame_flags(session, space->pid, others);
}

static void check_full(struct session *session, struct session_space *space)
{
	uint64_t start = 0;
	uint64_t end = UINT64_MAX;

	if (vmt_check_read_whole(session, space->pid, &session->rows) < 0) {
		set_unreadable(session, space);
		return;
	}
	if (vmt_space_check(space->model, &session->rows, &start, &end, &session->step) ==
	    VMT_COMPARED_TAKEN_OVER)
		take_flags(session, space->model, space->pid, &session->rows);
	else
		check_flags(session, space);
}

/*
 * What a driver makes of the flags of its mapping, smaps alone tells. Where the model knows the driver
 * and foresaw them nothing is said.
 */
static void take_driver_flags(struct session *session, struct session_space *space)
{
	struct vmt_step *step = &session->step;
	struct vmt_image image = { 0 };

	if (!step->device || step->event->failed || step->check == VMT_CHECK_ADJUSTED ||
	    !space->probe ||
	    vmt_probe_range(space->probe, step->start, step->end, false, &image.layout) < 0)
		return;
	vmt_proc_vm_flags(space->pid, session->names, &image);
	for (size_t i = 0; i < image.vm_flags.count; i++) {
		if (!vmt_space_refresh_flags(space->model, &image.layout.data[i],
					     image.vm_flags.data[i]) ||
		    step->driver_known)
			continue;
		step->check = VMT_CHECK_ADJUSTED;
		step->reason = VMT_REASON_FILE_DRIVER;
	}
	vmt_image_deinit(&image);
}

/*
 * Is no other call of the space under way? execve waits for nobody (tracer.c): the whole layout would
 * show what a thread has just done and is yet to tell. One that failed has changed nothing.
 */
static bool is_serialised(const struct vmt_event *event)
{
	return event->call != VMT_CALL_EXECVE && event->call != VMT_CALL_EXECVEAT;
}

void vmt_check_step(struct session *session, struct session_space *space)
{
	uint64_t start, end;

	if (session->options->check == VMT_CHECK_OFF || session->event->exec_too_late) {
		session->step.check = VMT_CHECK_UNCHECKED;
		return;
	}
	session->step.check = VMT_CHECK_MATCH;
	take_driver_flags(session, space);
	/* What a call did that did not return, and where, is seen in the whole layout only. */
	if ((session->options->check == VMT_CHECK_FULL && is_serialised(session->event)) ||
	    session->event->kind == VMT_EVENT_CALL_LOST) {
		check_full(session, space);
		return;
	}
	for (unsigned i = 0; vmt_step_range(space->model, &session->step, i, &start, &end); i++)
		check_range(session, space, start, end);
}

/* A stack grows in page faults, without a call: looked for before each call and at the end. */
void vmt_check_growth(struct session *session, struct session_space *space)
{
	uint64_t above = 0;
	uint64_t start, end;

	if (session->options->check == VMT_CHECK_OFF)
		return;
	while (space->probe && vmt_space_grower(space->model, above, &start, &end)) {
		struct vmt_mapping row;

		above = end;
		if (vmt_probe_find(space->probe, end - 1, false, &row) < 0 || row.start == start ||
		    vmt_probe_find(space->probe, end - 1, true, &row) < 0 ||
		    !vmt_space_grow(space->model, &row, &session->step))
			continue;
		vmt_step_end(space->model, &session->step);
		vmt_session_publish(session, &session->step);
	}
}

/* The last look: the whole layout, names included, before the task goes. */
void vmt_check_whole(struct session *session, struct session_space *space, pid_t pid)
{
	struct vmt_layout rows = { 0 };
	uint64_t start = 0;
	uint64_t end = UINT64_MAX;

	if (session->options->check == VMT_CHECK_OFF)
		return;
	vmt_check_growth(session, space);
	vmt_served_look(session, space);
	if (vmt_check_read_whole(session, pid, &rows) < 0) {
		vmt_layout_deinit(&rows);
		return;
	}
	if (vmt_space_rename(space->model, &rows, &session->step)) {
		vmt_step_end(space->model, &session->step);
		vmt_session_publish(session, &session->step);
	}
	vmt_step_begin(space->model, &session->step);
	session->step.cause = VMT_CAUSE_FOUND;
	if (vmt_space_check(space->model, &rows, &start, &end, &session->step) ==
	    VMT_COMPARED_EQUAL) {
		vmt_step_cancel(space->model);
	} else {
		take_flags(session, space->model, pid, &rows);
		vmt_step_end(space->model, &session->step);
		vmt_check_excuse(session, space);
		vmt_session_publish(session, &session->step);
	}
	vmt_layout_deinit(&rows);
}
