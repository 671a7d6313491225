/* SPDX-License-Identifier: MIT */
/*
 * From what perf recorded of a task to a fault in an address space. The rings are emptied before a
 * stop is understood, so that a task still has the space in which it made the faults.
 *
 * A new image is built by the task that executes it: the faults that the kernel makes in it then
 * carry the task's id and belong to no space that is known yet, so they are left out. The first
 * look at the new space finds their pages.
 */
#include <errno.h>

#include "faults.h"
#include "tracer.h"

enum {
	QUEUE_EVENT = 65536 /* faults without an event that are handed out all the same */
};

void vmt_faults_watch(struct vmt_tracer *tracer, pid_t tid)
{
	int err;

	if (!tracer->options.faults || tracer->faults_refused)
		return;
	err = vmt_fault_watch_add(&tracer->fault_watch, tid);
	if (!err) {
		vmt_signals_tick_every(vmt_fault_watch_tick_us(tracer->fault_watch));
		return;
	}
	if (err == -ESRCH)
		return;
	tracer->faults_refused = true;
	vmt_fault_watch_free(tracer->fault_watch);
	tracer->fault_watch = NULL;
	if (err == -EACCES)
		vmt_tracer_notice(tracer,
				  "page faults cannot be watched: perf_event_open is refused; set "
				  "kernel.perf_event_paranoid to 2 or less, or run as root; page "
				  "tables are found by looking at pages");
	else
		vmt_tracer_notice(tracer,
				  "page faults cannot be watched: perf_event_open: %s; page tables "
				  "are found by looking at pages",
				  vmt_strerror(-err));
}

static void queue(struct vmt_tracer *tracer, const struct vmt_fault_record *record)
{
	const struct vmt_task *task = vmt_task_find(tracer, record->tid);
	struct vmt_fault fault = {
		.time_ns = record->time_ns - vmt_min_u64(record->time_ns, tracer->start_ns),
		.address = record->address,
		.tid = record->tid,
		.kernel = record->kernel,
	};

	if (!task || !task->space)
		return;
	fault.space = task->space->number;
	vmt_array_push(&tracer->faults, fault);
}

void vmt_faults_collect(struct vmt_tracer *tracer, pid_t exec_pid)
{
	const struct vmt_fault_record *records;
	size_t count;

	if (!tracer->fault_watch)
		return;
	records = vmt_fault_watch_drain(tracer->fault_watch, &count);
	for (size_t i = 0; i < count; i++) {
		if (!exec_pid || !records[i].kernel || records[i].pid != exec_pid)
			queue(tracer, &records[i]);
	}
}

void vmt_faults_tick(struct vmt_tracer *tracer)
{
	struct vmt_event event = { .kind = VMT_EVENT_FAULTS };

	vmt_faults_collect(tracer, 0);
	if (tracer->faults.count >= QUEUE_EVENT)
		vmt_array_push(&tracer->events, event);
}

size_t vmt_tracer_faults(struct vmt_tracer *tracer, const struct vmt_fault **ret_faults)
{
	size_t count = tracer->faults.count;

	*ret_faults = tracer->faults.data;
	vmt_array_clear(&tracer->faults);
	return count;
}

enum vmt_fault_view vmt_tracer_fault_view(const struct vmt_tracer *tracer)
{
	if (!tracer->fault_watch)
		return VMT_FAULTS_NOT;
	return vmt_fault_watch_kernel(tracer->fault_watch) ? VMT_FAULTS_ALL : VMT_FAULTS_USER;
}

uint64_t vmt_tracer_faults_lost(const struct vmt_tracer *tracer)
{
	return tracer->fault_watch ? vmt_fault_watch_lost(tracer->fault_watch) : 0;
}
