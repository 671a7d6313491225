/* SPDX-License-Identifier: MIT */
/*
 * The end of a program by a signal, in words: which signal, and for one that a fault made, the address,
 * the mapping or the hole that it hit and why the access was refused. The mapping is asked of the
 * kernel, for the task still stands in its memory; the reasons are those of `vmtrace walk`
 * (vmt_miss_of()).
 */
#include "death.h"

#include <inttypes.h>
#include <signal.h>

#include "symbolize.h"
#include "vmtrace/lookup.h"
#include "vmtrace/mm.h"

enum {
	FRAMES_MAX = 8,
	CODE_PKEY = 4, /* SEGV_PKUERR */
};

/* A place in memory: the mapping that covers it, or the neighbours of the hole. */
struct place {
	const struct vmt_mapping *map;
	const struct vmt_mapping *below;
	const struct vmt_mapping *above;
};

static struct place find_place(const struct vmt_layout *layout, uint64_t address)
{
	struct place place = { 0 };

	for (size_t i = 0; i < layout->count; i++) {
		const struct vmt_mapping *row = &layout->data[i];

		if (row->end <= address) {
			place.below = row;
		} else if (row->start <= address) {
			place.map = row;
			return place;
		} else {
			place.above = row;
			return place;
		}
	}
	return place;
}

static void add_mapping(struct vmt_str *text, const struct vmt_mapping *map)
{
	vmt_str_printf(
		text, "%" PRIx64 "-%" PRIx64 " %c%c%c%c", map->start, map->end,
		map->perms & VMT_PERM_READ ? 'r' : '-', map->perms & VMT_PERM_WRITE ? 'w' : '-',
		map->perms & VMT_PERM_EXEC ? 'x' : '-', map->perms & VMT_PERM_SHARED ? 's' : 'p');
	if (map->name && map->name[0])
		vmt_str_printf(text, " %s", vmt_base_name(map->name));
}

static void add_distance(struct vmt_str *text, uint64_t bytes)
{
	char size[16];

	if (bytes < 1024)
		vmt_str_printf(text, "%" PRIu64 " bytes", bytes);
	else
		vmt_str_add(text, vmt_size_text(bytes, size));
}

static void add_hole(struct vmt_str *text, const struct place *place, uint64_t address,
		     enum vmt_miss miss)
{
	const char *comma = " ";

	vmt_str_add(text, "nothing is mapped there:");
	if (place->below) {
		vmt_str_add(text, comma);
		add_distance(text, address - place->below->end);
		vmt_str_add(text, " above the end of ");
		add_mapping(text, place->below);
		comma = ", ";
	}
	if (place->above) {
		vmt_str_add(text, comma);
		add_distance(text, place->above->start - address);
		vmt_str_add(text, " below ");
		add_mapping(text, place->above);
		if (miss == VMT_MISS_STACK)
			vmt_str_add(text,
				    ", which could not grow down to there (RLIMIT_STACK, or what "
				    "lies below it)");
	}
}

/* Which access the fault was for, as far as it shows. */
static enum vmt_access access_of(const struct vmt_event *event, const struct vmt_mapping *map)
{
	if (event->death.address == event->ip)
		return VMT_ACCESS_EXEC;
	return map && map->perms & VMT_PERM_READ ? VMT_ACCESS_WRITE : VMT_ACCESS_READ;
}

/* The signal that the fault made; it may have a handler that could not be called. */
static int fault_signal(const struct vmt_event *event)
{
	return event->death.handler_of ? event->death.handler_of : event->death.signal;
}

/* The access is allowed, and there is no page for it. */
static void add_no_page(struct vmt_str *text, const struct vmt_event *event,
			const struct vmt_mapping *map, const struct vmt_page_state *page,
			enum vmt_miss miss)
{
	char size[16];

	if (event->death.code == BUS_MCEERR_AR || event->death.code == BUS_MCEERR_AO)
		vmt_str_add(text, " has a page there whose memory is damaged");
	else if (miss == VMT_MISS_USERFAULT)
		vmt_str_add(text, " has no page there, and its userfaultfd answers so");
	else if (miss == VMT_MISS_HUGETLB)
		vmt_str_add(text, " has no page there: no huge page is left in the pool");
	else if (!map->inode)
		vmt_str_add(text, " has no page there, and the kernel could not make one");
	else if (miss != VMT_MISS_SIGBUS && page && page->has_file_size)
		vmt_str_add(text, " has no page there: its file could not be read");
	else
		vmt_str_printf(
			text, " reaches beyond the end of its file there (offset %s)",
			vmt_size_text(event->death.address - map->start + map->offset, size));
}

static void add_refusal(struct vmt_str *text, const struct vmt_event *event,
			const struct place *place, const struct vmt_page_state *page,
			enum vmt_miss miss)
{
	static const char *const verbs[VMT_ACCESS_COUNT] = {
		[VMT_ACCESS_READ] = "access",
		[VMT_ACCESS_WRITE] = "writing",
		[VMT_ACCESS_EXEC] = "execution",
	};

	if (!place->map) {
		add_hole(text, place, event->death.address, miss);
		return;
	}
	vmt_str_add(text, "the mapping ");
	add_mapping(text, place->map);
	if (fault_signal(event) == SIGSEGV && event->death.code == CODE_PKEY)
		vmt_str_printf(text, " has protection key %u, which denies this thread the access",
			       event->death.pkey);
	else if (miss == VMT_MISS_GUARD)
		vmt_str_add(text, " has a guard page there (MADV_GUARD_INSTALL)");
	else if (fault_signal(event) == SIGBUS)
		add_no_page(text, event, place->map, page, miss);
	else if (!(place->map->perms & (VMT_PERM_READ | VMT_PERM_WRITE | VMT_PERM_EXEC)))
		vmt_str_add(text, " allows no access at all (a guard, or memory held in reserve)");
	else
		vmt_str_printf(text, " does not allow %s", verbs[access_of(event, place->map)]);
}

/* What the kernel shows of the place, and why the fault at it could not be helped. */
static void add_fault(struct session *session, const struct vmt_layout *layout,
		      struct vmt_str *text)
{
	const struct vmt_event *event = session->event;
	uint64_t address = event->death.address;
	struct place place = find_place(layout, address);
	struct vmt_page_state page;
	struct vmt_lookup lookup = {
		.address = address,
		.map = place.map,
		.above = place.above,
	};

	vmt_str_printf(text, " at %" PRIx64 ": ", address);
	if (vmt_proc_page(event->tid, address, place.map ? place.map : place.above, session->names,
			  &page) == 0)
		lookup.page = &page;
	add_refusal(text, event, &place, lookup.page,
		    vmt_miss_of(&lookup, access_of(event, place.map)));
}

static bool is_fault(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE;
}

/* Whose instruction it was. */
static void add_code(const struct vmt_layout *layout, uint64_t ip, struct vmt_str *text)
{
	struct place place = find_place(layout, ip);

	if (place.map && place.map->name[0])
		vmt_str_printf(text, "; by %s+0x%" PRIx64, vmt_base_name(place.map->name),
			       ip - place.map->start + place.map->offset);
	else
		vmt_str_printf(text, "; by code at %" PRIx64, ip);
}

/* Where a fault was, as far as the kernel tells. */
static void add_where(struct session *session, const struct vmt_layout *layout,
		      struct vmt_str *text)
{
	const struct vmt_event *event = session->event;
	int signal = fault_signal(event);

	if (signal == SIGSEGV && event->death.code == SI_KERNEL)
		vmt_str_add(text, ": no address is told (one that is not canonical, or a forbidden "
				  "instruction)");
	else if (signal == SIGBUS && event->death.code == BUS_ADRALN)
		vmt_str_add(text, ": an access that is not aligned");
	else if (signal == SIGSEGV || signal == SIGBUS)
		add_fault(session, layout, text);
}

/* A signal that no fault made. */
static void add_sender(const struct vmt_event *event, struct vmt_str *text)
{
	if (event->death.sender)
		vmt_str_printf(text, ", sent by process %d", event->death.sender);
	else if (event->death.code == SI_TIMER)
		vmt_str_add(text, ", sent by a timer of its own");
	else if (event->death.code == SI_USER || event->death.code == SI_QUEUE ||
		 event->death.code == SI_TKILL)
		vmt_str_add(text, ", sent by a process of another pid namespace");
}

static void add_cause(struct session *session, const struct vmt_layout *layout,
		      struct vmt_str *text)
{
	const struct vmt_event *event = session->event;
	char name[24];

	if (!event->death.known)
		return;
	if (event->death.handler_of)
		vmt_str_printf(text,
			       ": the frame for its handler of %s does not fit on the stack; the "
			       "fault was",
			       vmt_signal_name(event->death.handler_of, name));
	if (event->death.code <= 0) {
		add_sender(event, text);
		return;
	}
	if (!is_fault(fault_signal(event)))
		return;
	add_where(session, layout, text);
	add_code(layout, event->ip, text);
}

static void add_frames(struct session *session, struct vmt_str *text)
{
	struct vmt_frame *frame = session->event->stack;

	if (!frame)
		return;
	vmt_symbolize(session->symbolizer, session->event->tid, frame);
	for (unsigned i = 0; frame && i < FRAMES_MAX; frame = frame->caller, i++) {
		vmt_str_add(text, i ? ", called by " : "; in ");
		vmt_frame_text(frame, text);
	}
	if (frame)
		vmt_str_add(text, ", and more callers");
}

void vmt_death_tell(struct session *session)
{
	const struct vmt_event *event = session->event;
	VMT_CLEANUP(vmt_layout_deinit) struct vmt_layout layout = { 0 };
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	char name[24];

	if (vmt_proc_maps(event->tid, session->names, &layout) < 0)
		layout.count = 0;
	vmt_str_printf(&text, "process %d", event->pid);
	if (event->tid != event->pid)
		vmt_str_printf(&text, " (thread %d)", event->tid);
	vmt_str_printf(&text, " is killed by %s", vmt_signal_name(event->death.signal, name));
	add_cause(session, &layout, &text);
	add_frames(session, &text);
	session->options->renderer->ops->note(session->options->renderer, vmt_str_text(&text));
}
