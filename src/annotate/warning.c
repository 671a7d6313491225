/* SPDX-License-Identifier: MIT */
/*
 * Warnings: what deserves a line of its own, whether or not anybody reads the steps. Some show in one
 * step (a page that is writable and executable), some in an ELF file (no RELRO), some only in how often
 * something happened. These are counted by site: calls from one place with the same arguments.
 *
 * Invariant: memory is bounded (the enum below); a program that goes beyond is judged by what it did
 * until then.
 */
#include "vmtrace/annotate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	SAID_MAX = 1024,
	SITES_MAX = 512,
	CALLS_MAX = 1 << 20,
	AGAIN_CALLS = 16, /* a file that is mapped so often is mapped again and again */
	LEFT_CALLS = 32, /* so many mappings of one site at the end are a leak, or look like one */
};

struct said {
	enum vmt_warning_id id;
	const char *about;
	const char *by;
};

struct vmt_warnings {
	vmt_warning_fn *say;
	void *data;
	VMT_ARRAY(struct said) said;
};

/* Calls of mmap() that are the same but for where the mapping went. */
struct site {
	uint64_t ip;
	uint64_t length;
	uint64_t prot;
	uint64_t flags;
	uint64_t offset;
	const char *name; /* file, "" if anonymous */
	const char *actor;
	const char *what;
	uint32_t first_step;
	uint64_t count;
	uint64_t left; /* vmt_warner_end(): still there */
};

/* The step of a call, and its site. */
struct call {
	uint32_t step;
	uint16_t site;
	bool counted;
};

struct vmt_warner {
	struct vmt_warnings *warnings;
	VMT_ARRAY(struct site) sites;
	VMT_ARRAY(struct call) calls; /* ascending by step */
	bool many; /* VMT_WARNING_MAP_COUNT was said */
};

const char *vmt_warning_name(enum vmt_warning_id id)
{
	static const char *const names[] = {
#define VMT_WARNING_NAME(id, name) name,
		VMT_WARNINGS(VMT_WARNING_NAME)
#undef VMT_WARNING_NAME
	};

	return names[id];
}

struct vmt_warnings *vmt_warnings_new(vmt_warning_fn *say, void *data)
{
	struct vmt_warnings *warnings = vmt_calloc(1, sizeof(*warnings));

	warnings->say = say;
	warnings->data = data;
	return warnings;
}

void vmt_warnings_free(struct vmt_warnings *warnings)
{
	vmt_array_deinit(&warnings->said);
	free(warnings);
}

struct vmt_warner *vmt_warner_new(struct vmt_warnings *warnings)
{
	struct vmt_warner *warner = vmt_calloc(1, sizeof(*warner));

	warner->warnings = warnings;
	return warner;
}

void vmt_warner_free(struct vmt_warner *warner)
{
	if (!warner)
		return;
	vmt_array_deinit(&warner->sites);
	vmt_array_deinit(&warner->calls);
	free(warner);
}

/* ---- Saying it ------------------------------------------------------------------------------ */

/* True the first time. */
static bool is_news(struct vmt_warnings *warnings, enum vmt_warning_id id, const char *about,
		    const char *by)
{
	struct said said = { .id = id, .about = about, .by = by };

	for (size_t i = 0; i < warnings->said.count; i++) {
		const struct said *old = &warnings->said.data[i];

		if (old->id == id && old->about == about && old->by == by)
			return false;
	}
	if (warnings->said.count == SAID_MAX)
		return false;
	vmt_array_push(&warnings->said, said);
	return true;
}

VMT_PRINTF(4, 5)
static void say(struct vmt_warnings *warnings, enum vmt_warning_id id, const struct vmt_step *step,
		const char *format, ...)
{
	struct vmt_str text = { 0 };
	va_list args;

	va_start(args, format);
	vmt_str_vprintf(&text, format, args);
	va_end(args);
	warnings->say(warnings->data, &(struct vmt_warning){
					      .id = id,
					      .space = step->space,
					      .pid = step->pid,
					      .step = step->number,
					      .text = vmt_str_text(&text),
				      });
	vmt_str_deinit(&text);
}

/* ---- ELF files ------------------------------------------------------------------------------ */

/* Without anything that is written there is nothing to protect. */
static bool lacks_relro(const struct vmt_elf_facts *facts)
{
	if (!facts->dynamic || facts->elf.relro_bytes)
		return false;
	for (unsigned i = 0; i < facts->elf.segment_count; i++) {
		if (facts->elf.segments[i].perms & VMT_PERM_WRITE)
			return true;
	}
	return false;
}

void vmt_warnings_object(struct vmt_warnings *warnings, const struct vmt_step *step,
			 const char *name, const struct vmt_elf_facts *facts)
{
	const char *base = vmt_base_name(name);

	if (facts->text_relocations && is_news(warnings, VMT_WARNING_TEXT_RELOCATIONS, name, ""))
		say(warnings, VMT_WARNING_TEXT_RELOCATIONS, step,
		    "%s has text relocations: its code is made writable and changed", base);
	if (lacks_relro(facts) && is_news(warnings, VMT_WARNING_NO_RELRO, name, ""))
		say(warnings, VMT_WARNING_NO_RELRO, step,
		    "%s has no RELRO: what its linker fills in stays writable", base);
}

/* ---- One step ------------------------------------------------------------------------------- */

static bool maps(const struct vmt_step *step)
{
	const struct vmt_event *event = step->event;

	return event && event->kind == VMT_EVENT_CALL && !event->failed &&
	       (event->call == VMT_CALL_MMAP || event->call == VMT_CALL_MMAP2 ||
		event->call == VMT_CALL_OLD_MMAP);
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Where a VMA was that had all these rights, nothing new happened: it was cut or has grown. */
static bool had(const struct vmt_step *step, const struct vmt_mapping *map, unsigned perms)
{
	for (size_t i = 0; i < step->removed.count; i++) {
		const struct vmt_mapping *old = &step->removed.data[i].map;

		if (old->start < map->end && map->start < old->end && (old->perms & perms) == perms)
			return true;
	}
	return false;
}

static bool is_stack(const struct vmt_step *step, const struct vmt_vma_view *view)
{
	return starts_with(view->map.name, "[stack") || view->vm_flags & VMT_VM_GROWSDOWN ||
	       (maps(step) && step->event->args[3] & (MAP_STACK | MAP_GROWSDOWN));
}

static void warn_executable(struct vmt_warnings *warnings, const struct vmt_step *step,
			    const struct vmt_vma_view *view)
{
	const struct vmt_mapping *map = &view->map;
	bool stack = is_stack(step, view);
	enum vmt_warning_id id =
		stack ? VMT_WARNING_EXECUTABLE_STACK : VMT_WARNING_WRITABLE_EXECUTABLE;
	char size[16];
	char perms[5];

	if (!is_news(warnings, id, map->name, step->actor))
		return;
	vmt_perms_text(map->perms, perms);
	say(warnings, id, step, "%s%s is %s: %" PRIx64 " +%s %s, by %s",
	    map->name[0] ? vmt_base_name(map->name) : "anonymous memory",
	    stack && map->name[0] != '[' ? ", a stack," : "",
	    stack ? "executable" : "writable and executable", map->start,
	    vmt_size_text(map->end - map->start, size), perms, step->actor);
}

/* A file that others can open: no memory file, System V segment or device. */
static bool is_shared_file(const struct vmt_mapping *map)
{
	static const char *const others[] = { "/memfd:", "/SYSV", "/[aio]", "/anon_hugepage" };

	if (!map->inode || map->name[0] != '/')
		return false;
	for (size_t i = 0; i < vmt_countof(others); i++) {
		if (starts_with(map->name, others[i]))
			return false;
	}
	return !starts_with(map->name, "/dev/") || starts_with(map->name, "/dev/shm/");
}

static void warn_shared(struct vmt_warnings *warnings, const struct vmt_step *step,
			const struct vmt_mapping *map)
{
	if (is_shared_file(map) &&
	    is_news(warnings, VMT_WARNING_SHARED_FILE_WRITABLE, map->name, step->actor))
		say(warnings, VMT_WARNING_SHARED_FILE_WRITABLE, step,
		    "%s is mapped shared and writable by %s: writes reach the file and all who "
		    "map it",
		    vmt_base_name(map->name), step->actor);
}

static void warn_views(struct vmt_warnings *warnings, const struct vmt_step *step)
{
	const unsigned executable = VMT_PERM_WRITE | VMT_PERM_EXEC;
	const unsigned shared = VMT_PERM_WRITE | VMT_PERM_SHARED;

	for (size_t i = 0; i < step->added.count; i++) {
		const struct vmt_vma_view *view = &step->added.data[i];
		unsigned perms = view->map.perms;

		if ((perms & executable) == executable && !had(step, &view->map, executable))
			warn_executable(warnings, step, view);
		if ((perms & shared) == shared && !had(step, &view->map, shared))
			warn_shared(warnings, step, &view->map);
	}
}

/* ---- Counts --------------------------------------------------------------------------------- */

static void warn_count(struct vmt_warner *warner, const struct vmt_step *step, size_t count,
		       uint64_t limit)
{
	if (warner->many || !limit || count <= limit / 5 * 4)
		return;
	warner->many = true;
	say(warner->warnings, VMT_WARNING_MAP_COUNT, step,
	    "%zu mappings, more than 80 %% of vm.max_map_count (%" PRIu64 ")", count, limit);
}

static bool same_site(const struct site *a, const struct site *b)
{
	return a->ip == b->ip && a->length == b->length && a->prot == b->prot &&
	       a->flags == b->flags && a->offset == b->offset && a->name == b->name &&
	       a->actor == b->actor;
}

static uint64_t page_up(const struct vmt_event *event, uint64_t bytes)
{
	uint64_t mask = vmt_arch_page_size(event->arch) - 1;

	return (bytes + mask) & ~mask;
}

/* mmap2() counts it in units of 4 KiB. */
static uint64_t offset_of(const struct vmt_event *event)
{
	return event->call == VMT_CALL_MMAP2 ? event->args[5] << 12 : event->args[5];
}

/* The site of a call, counted; NULL if there is no room for another one. */
static struct site *count_site(struct vmt_warner *warner, const struct vmt_step *step)
{
	const struct vmt_event *event = step->event;
	bool file = !(event->args[3] & MAP_ANONYMOUS) && event->file.known && event->file.name;
	struct site site = {
		.ip = event->ip,
		.length = page_up(event, event->args[1]),
		.prot = event->args[2],
		.flags = event->args[3],
		.offset = file ? offset_of(event) : 0,
		.name = file ? event->file.name : "",
		.actor = step->actor,
		.what = step->what,
		.first_step = step->number,
	};
	size_t i = 0;

	while (i < warner->sites.count && !same_site(&warner->sites.data[i], &site))
		i++;
	if (i == SITES_MAX)
		return NULL;
	if (i == warner->sites.count)
		vmt_array_push(&warner->sites, site);
	warner->sites.data[i].count++;
	return &warner->sites.data[i];
}

static void warn_sites(struct vmt_warner *warner, const struct vmt_step *step)
{
	struct site *site;

	if (!maps(step))
		return;
	site = count_site(warner, step);
	if (!site)
		return;
	if (warner->calls.count < CALLS_MAX) {
		struct call call = {
			.step = step->number,
			.site = (uint16_t)(site - warner->sites.data),
		};

		vmt_array_push(&warner->calls, call);
	}
	if (site->count == AGAIN_CALLS && site->name[0] &&
	    is_news(warner->warnings, VMT_WARNING_MAPPED_AGAIN, site->name, site->actor))
		say(warner->warnings, VMT_WARNING_MAPPED_AGAIN, step,
		    "%s maps %s again and again: %" PRIu64 " times from offset %" PRIu64
		    ", first in step %" PRIu32,
		    site->actor, vmt_base_name(site->name), site->count, site->offset,
		    site->first_step);
}

void vmt_warner_step(struct vmt_warner *warner, const struct vmt_step *step, size_t map_count,
		     uint64_t limit)
{
	/* What a child inherits, its parent was warned of. */
	if (step->cause != VMT_CAUSE_FORK)
		warn_views(warner->warnings, step);
	warn_count(warner, step, map_count, limit);
	warn_sites(warner, step);
}

/* ---- The end -------------------------------------------------------------------------------- */

static struct call *call_of(struct vmt_warner *warner, uint32_t step)
{
	size_t low = 0;
	size_t high = warner->calls.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (warner->calls.data[middle].step < step)
			low = middle + 1;
		else
			high = middle;
	}
	return low < warner->calls.count && warner->calls.data[low].step == step
		       ? &warner->calls.data[low]
		       : NULL;
}

/*
 * Counts the calls whose memory is in the VMA. One that thousands of calls made lists only some of them:
 * the others are told by the room that they take.
 */
static void count_left(struct vmt_warner *warner, const struct vmt_vma_view *view,
		       const uint32_t *steps)
{
	struct site *last = NULL;
	uint64_t listed = 0;
	uint64_t room;

	for (size_t i = 0; i < view->step_count; i++) {
		struct call *call = call_of(warner, steps[view->first_step + i]);

		if (!call || call->counted)
			continue;
		call->counted = true;
		listed += last == &warner->sites.data[call->site];
		last = &warner->sites.data[call->site];
		last->left++;
	}
	if (!last || !view->steps_left_out || !last->length)
		return;
	room = (view->map.end - view->map.start) / last->length;
	if (room > listed + 1)
		last->left = vmt_min_u64(last->left + room - listed - 1, last->count);
}

/*
 * The linker's mappings are meant to stay, and memory without rights is only reserved. Half of the
 * mappings may have gone: a program that frees some still leaks the others.
 */
static bool is_leak(const struct site *site)
{
	return site->left >= LEFT_CALLS && site->left * 2 >= site->count &&
	       site->prot & (PROT_READ | PROT_WRITE | PROT_EXEC) &&
	       strcmp(site->actor, "linker") != 0;
}

void vmt_warner_end(struct vmt_warner *warner, uint32_t space, pid_t pid, uint32_t last_step,
		    const struct vmt_view_list *list)
{
	struct vmt_step step = { .space = space, .pid = pid, .number = last_step };
	char size[16];

	for (size_t i = 0; i < list->rows.count; i++)
		count_left(warner, &list->rows.data[i], list->step_numbers.data);
	for (size_t i = 0; i < warner->sites.count; i++) {
		const struct site *site = &warner->sites.data[i];

		if (is_leak(site) &&
		    is_news(warner->warnings, VMT_WARNING_NEVER_UNMAPPED, site->what, site->actor))
			say(warner->warnings, VMT_WARNING_NEVER_UNMAPPED, &step,
			    "%s: '%s' of %s, %" PRIu64 " times from step %" PRIu32 " on, %" PRIu64
			    " of them never unmapped",
			    site->actor, site->what, vmt_size_text(site->length, size), site->count,
			    site->first_step, site->left);
	}
}
