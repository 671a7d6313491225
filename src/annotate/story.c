/* SPDX-License-Identifier: MIT */
/*
 * story: see story.h. What the kernel does by itself, and whose scene a call is.
 *
 * Invariant: only calls that succeeded change what a range is for, and nothing but the steps
 * themselves is looked at, so that a recording tells the same story as a live trace.
 */
#include "story.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The title may have one %s. */
void vmt_pattern_title(enum vmt_pattern pattern, const char *object, struct vmt_str *ret_text)
{
	static const char *const titles[VMT_PATTERN_COUNT] = {
		[VMT_PATTERN_NONE] = "",
#define VMT_PATTERN(id, name, title) [VMT_PATTERN_##id] = (title),
#include "vmtrace/pattern.def"
#undef VMT_PATTERN
	};
	const char *title = titles[pattern];
	const char *place = strstr(title, "%s");

	if (!place) {
		vmt_str_add(ret_text, title);
		return;
	}
	vmt_str_printf(ret_text, "%.*s%s%s", (int)(place - title), title, object, place + 2);
}

struct vmt_story *vmt_story_new(void)
{
	return vmt_calloc(1, sizeof(struct vmt_story));
}

struct vmt_story *vmt_story_fork(const struct vmt_story *parent)
{
	struct vmt_story *story = vmt_story_new();

	*story = *parent;
	story->uses = (struct vmt_uses){ 0 };
	vmt_uses_copy(&story->uses, &parent->uses);
	return story;
}

void vmt_story_free(struct vmt_story *story)
{
	if (story)
		vmt_uses_deinit(&story->uses);
	free(story);
}

/* ---- What scenes share ---------------------------------------------------------------------- */

bool vmt_scene_say(struct vmt_scene *scene, enum vmt_pattern pattern, uint32_t group,
		   const char *format, ...)
{
	va_list args;

	scene->pattern = pattern;
	scene->group = group;
	vmt_str_clear(scene->purpose);
	va_start(args, format);
	vmt_str_vprintf(scene->purpose, format, args);
	va_end(args);
	return true;
}

uint32_t vmt_scene_group(struct vmt_scene *scene)
{
	return ++scene->story->groups;
}

uint32_t vmt_scene_standing(struct vmt_scene *scene, enum vmt_pattern pattern)
{
	uint32_t *group = &scene->story->standing[pattern];

	if (!*group)
		*group = vmt_scene_group(scene);
	return *group;
}

uint32_t vmt_scene_inherit(const struct vmt_scene *scene)
{
	return scene->old.group ? scene->old.group : ++scene->story->groups;
}

void vmt_scene_use(struct vmt_scene *scene, enum vmt_use use, const char *name)
{
	scene->used = true;
	scene->now = (struct vmt_tag){ .use = use, .name = name };
}

/* What was said of the range is remembered, if it came to pass. */
static void remember(struct vmt_scene *scene)
{
	const struct vmt_event *event = scene->event;

	if (!scene->used || (event && (event->failed || event->kind != VMT_EVENT_CALL)))
		return;
	scene->now.pattern = scene->pattern;
	scene->now.group = scene->group;
	vmt_uses_set(&scene->story->uses, scene->start, scene->end, scene->now);
}

unsigned vmt_scene_old_perms(const struct vmt_scene *scene)
{
	const struct vmt_step *step = scene->step;

	for (size_t i = 0; i < step->removed.count; i++) {
		const struct vmt_mapping *map = &step->removed.data[i].map;

		if (map->start < scene->end && scene->start < map->end)
			return map->perms;
	}
	return 0;
}

const char *vmt_segment_role(unsigned perms, bool *text)
{
	if (perms & VMT_PERM_EXEC) {
		*text = true;
		return "text";
	}
	if (perms & VMT_PERM_WRITE)
		return "data";
	return *text ? "read-only data" : "headers, symbols";
}

const char *vmt_tag_text(struct vmt_tag tag, struct vmt_str *ret_text)
{
	static const char *const texts[VMT_USE_COUNT] = {
		[VMT_USE_NONE] = "memory",
		[VMT_USE_SPAN] = "the span of a library",
		[VMT_USE_SEGMENT] = "a segment of ",
		[VMT_USE_BSS] = "bss of ",
		[VMT_USE_CACHE] = "ld.so.cache",
		[VMT_USE_LINKER_HEAP] = "ld.so's own heap",
		[VMT_USE_TLS] = "TLS of the main thread",
		[VMT_USE_HEAP] = "the heap",
		[VMT_USE_CHUNK] = "a large malloc chunk",
		[VMT_USE_ARENA] = "a malloc arena",
		[VMT_USE_THREAD_STACK] = "a thread stack",
		[VMT_USE_SIGNAL_STACK] = "an alternate signal stack",
		[VMT_USE_STACK] = "the stack",
		[VMT_USE_SPECIAL] = "the kernel's own pages",
		[VMT_USE_LOCALE] = "locale data",
		[VMT_USE_FILE] = "file ",
		[VMT_USE_SHARED] = "shared memory",
		[VMT_USE_MEMFD] = "memory file ",
		[VMT_USE_DEVICE] = "device ",
		[VMT_USE_RING] = "a ring shared with the kernel",
		[VMT_USE_RESERVED] = "reserved address space",
		[VMT_USE_JIT] = "JIT code",
		[VMT_USE_GO] = "Go's memory",
		[VMT_USE_ANONYMOUS] = "anonymous memory",
	};
	const char *text = texts[tag.use];

	vmt_str_clear(ret_text);
	vmt_str_add(ret_text, text);
	if (text[strlen(text) - 1] == ' ')
		vmt_str_add(ret_text, tag.name[0] ? tag.name : "a file");
	return vmt_str_text(ret_text);
}

/* ---- execve, fork, attach --------------------------------------------------------------------- */

/* The VMA that came at the start of the step's range, or the first. */
static const struct vmt_mapping *added_map(const struct vmt_step *step)
{
	for (size_t i = 0; i < step->added.count; i++) {
		const struct vmt_mapping *map = &step->added.data[i].map;

		if (map->start <= step->start && step->start < map->end)
			return map;
	}
	return step->added.count ? &step->added.data[0].map : NULL;
}

static bool exec_segment(struct vmt_scene *scene, bool interpreter)
{
	struct vmt_story *story = scene->story;
	enum vmt_pattern pattern = interpreter ? VMT_PATTERN_EXEC_LINKER : VMT_PATTERN_EXEC_PROGRAM;
	const struct vmt_mapping *map = added_map(scene->step);
	uint32_t group = vmt_scene_standing(scene, pattern);

	if (scene->step->index == 1)
		story->exec_text = false;
	if (interpreter)
		story->has_linker = true;
	vmt_scene_use(scene, VMT_USE_SEGMENT, scene->file);
	return vmt_scene_say(scene, pattern, group, "%s of %s",
			     vmt_segment_role(map ? map->perms : 0, &story->exec_text),
			     scene->file);
}

static bool exec_bss(struct vmt_scene *scene, bool interpreter)
{
	enum vmt_pattern pattern = interpreter ? VMT_PATTERN_EXEC_LINKER : VMT_PATTERN_EXEC_PROGRAM;
	uint32_t group = vmt_scene_standing(scene, pattern);

	vmt_scene_use(scene, VMT_USE_BSS, scene->file);
	return vmt_scene_say(scene, pattern, group, "zeroed data (bss) of %s", scene->file);
}

static bool exec_special(struct vmt_scene *scene)
{
	const struct vmt_mapping *map = added_map(scene->step);
	const char *name = map ? map->name : "";
	uint32_t group = vmt_scene_standing(scene, VMT_PATTERN_EXEC_VDSO);
	const char *purpose = "mapped by the kernel for the new program";

	if (strcmp(name, "[vdso]") == 0)
		purpose = "kernel code that needs no system call";
	else if (strcmp(name, "[vvar]") == 0)
		purpose = "clock data that the vdso reads";
	else if (strcmp(name, "[vvar_vclock]") == 0)
		purpose = "clock pages of a hypervisor";
	else if (strcmp(name, "[sigpage]") == 0)
		purpose = "code that returns from signals";
	vmt_scene_use(scene, VMT_USE_SPECIAL, "");
	return vmt_scene_say(scene, VMT_PATTERN_EXEC_VDSO, group, "%s", purpose);
}

/* What a mapping that was found is for, as its line in maps tells. */
static struct vmt_tag tag_of(const struct vmt_mapping *map)
{
	struct vmt_tag tag = { .use = VMT_USE_ANONYMOUS, .name = vmt_base_name(map->name) };

	if (strcmp(map->name, "[heap]") == 0)
		tag.use = VMT_USE_HEAP;
	else if (strcmp(map->name, "[stack]") == 0)
		tag.use = VMT_USE_STACK;
	else if (map->name[0] == '[' && strncmp(map->name, "[anon", 5) != 0)
		tag.use = VMT_USE_SPECIAL;
	else if (strncmp(map->name, "/memfd:", 7) == 0)
		tag.use = VMT_USE_MEMFD;
	else if (map->perms & VMT_PERM_SHARED)
		tag.use = VMT_USE_SHARED;
	else if (map->name[0] == '/')
		tag.use = strstr(tag.name, ".so") ? VMT_USE_SEGMENT : VMT_USE_FILE;
	return tag;
}

static bool found(struct vmt_scene *scene)
{
	const struct vmt_mapping *map = added_map(scene->step);
	uint32_t group = vmt_scene_standing(scene, VMT_PATTERN_FOUND);
	struct vmt_tag tag;
	struct vmt_str text = { 0 };

	scene->story->started = true;
	if (!map)
		return vmt_scene_say(scene, VMT_PATTERN_FOUND, group, "gone without a traced call");
	tag = tag_of(map);
	tag.group = 0;
	vmt_uses_set(&scene->story->uses, map->start, map->end, tag);
	vmt_scene_say(scene, VMT_PATTERN_FOUND, group, "%s, made unseen", vmt_tag_text(tag, &text));
	vmt_str_deinit(&text);
	return true;
}

/*
 * dup_mmap() (mm/mmap.c) gives the child every VMA; copy_page_range() (mm/memory.c) makes the pages
 * of private writable memory read-only on both sides, so that the first write copies.
 */
static bool forked(struct vmt_scene *scene)
{
	const struct vmt_mapping *map = added_map(scene->step);
	bool cow;
	enum vmt_pattern pattern;
	struct vmt_str text = { 0 };

	if (!map) {
		vmt_scene_use(scene, VMT_USE_NONE, "");
		return vmt_scene_say(scene, VMT_PATTERN_FORK,
				     vmt_scene_standing(scene, VMT_PATTERN_FORK),
				     "not given to the child");
	}
	scene->old = vmt_uses_find(&scene->story->uses, map->start, map->end);
	if (scene->old.use == VMT_USE_NONE)
		scene->old = tag_of(map);
	cow = (map->perms & VMT_PERM_WRITE) && !(map->perms & VMT_PERM_SHARED);
	pattern = cow ? VMT_PATTERN_COW : VMT_PATTERN_FORK;
	vmt_tag_text(scene->old, &text);
	vmt_scene_say(scene, pattern, vmt_scene_standing(scene, pattern),
		      cow ? "copy-on-write candidate: %s" : "fork's copy: %s", vmt_str_text(&text));
	vmt_str_deinit(&text);
	return true;
}

static bool by_itself(struct vmt_scene *scene)
{
	switch (scene->step->cause) {
	case VMT_CAUSE_BOOT:
		return vmt_scene_say(scene, VMT_PATTERN_GATE,
				     vmt_scene_standing(scene, VMT_PATTERN_GATE), "in every space");
	case VMT_CAUSE_EXEC_STACK:
		vmt_scene_use(scene, VMT_USE_STACK, "");
		return vmt_scene_say(scene, VMT_PATTERN_EXEC_STACK,
				     vmt_scene_standing(scene, VMT_PATTERN_EXEC_STACK),
				     "stack of the main thread");
	case VMT_CAUSE_EXEC_SEGMENT:
	case VMT_CAUSE_INTERP_SEGMENT:
		return exec_segment(scene, scene->step->cause == VMT_CAUSE_INTERP_SEGMENT);
	case VMT_CAUSE_EXEC_BSS:
	case VMT_CAUSE_INTERP_BSS:
		return exec_bss(scene, scene->step->cause == VMT_CAUSE_INTERP_BSS);
	case VMT_CAUSE_EXEC_SPECIAL:
	case VMT_CAUSE_EXEC_OTHER:
		return exec_special(scene);
	case VMT_CAUSE_FORK:
		return forked(scene);
	case VMT_CAUSE_STACK_GROWTH:
		vmt_scene_use(scene, VMT_USE_STACK, "");
		return vmt_scene_say(scene, VMT_PATTERN_STACK_GROWTH,
				     vmt_scene_standing(scene, VMT_PATTERN_STACK_GROWTH),
				     "room for deeper calls");
	case VMT_CAUSE_UFFD_CLOSED:
		return vmt_scene_say(scene, VMT_PATTERN_SETTING,
				     vmt_scene_standing(scene, VMT_PATTERN_SETTING),
				     "page faults are the kernel's again");
	case VMT_CAUSE_NAME_CHANGED:
		return vmt_scene_say(scene, VMT_PATTERN_SETTING,
				     vmt_scene_standing(scene, VMT_PATTERN_SETTING),
				     "the pages stay, the name does not");
	case VMT_CAUSE_FOUND:
		return found(scene);
	case VMT_CAUSE_CALL:
		break;
	}
	return false;
}

/* ---- Calls ------------------------------------------------------------------------------------ */

static bool called(struct vmt_scene *scene)
{
	switch (scene->event->call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
		return (scene->linker && vmt_linker_maps(scene)) || vmt_maker_maps(scene);
	case VMT_CALL_BRK:
		return vmt_maker_brk(scene);
	case VMT_CALL_MUNMAP:
		return (scene->linker && vmt_linker_unmaps(scene)) || vmt_keeper_unmaps(scene);
	case VMT_CALL_MPROTECT:
	case VMT_CALL_PKEY_MPROTECT:
		/* A static program has no linker, and makes its own RELRO read-only. */
		return ((scene->linker || (scene->libc && !scene->story->has_linker)) &&
			vmt_linker_protects(scene)) ||
		       vmt_keeper_protects(scene);
	case VMT_CALL_MREMAP:
		return vmt_keeper_remaps(scene);
	default:
		return vmt_keeper_calls(scene);
	}
}

/* The range that the call asked about, where the step has none. */
static void find_range(struct vmt_scene *scene)
{
	scene->start = scene->step->start;
	scene->end = scene->step->end;
	if (scene->end <= scene->start)
		scene->end = scene->start + 1;
}

void vmt_story_step(struct vmt_story *story, const struct vmt_step *step,
		    struct vmt_meaning *ret_meaning, struct vmt_str *ret_purpose)
{
	struct vmt_scene scene = {
		.story = story,
		.step = step,
		.event = step->cause == VMT_CAUSE_CALL ? step->event : NULL,
		.path = step->file_name ? step->file_name : "",
		.linker = strcmp(step->actor, "linker") == 0,
		.purpose = ret_purpose,
	};

	/* of a System V segment there is no name */
	if (scene.event && !scene.path[0] && scene.event->file.known && scene.event->file.name)
		scene.path = scene.event->file.name;
	scene.file = vmt_base_name(scene.path);
	/* A static program carries its C library in itself; musl's is the linker's file. */
	scene.libc = strcmp(step->actor, "libc") == 0 || scene.linker ||
		     (!story->has_linker && strcmp(step->actor, "program") == 0);
	find_range(&scene);
	scene.old = vmt_uses_find(&story->uses, scene.start, scene.end);
	if (scene.event) {
		if (!scene.linker)
			story->started = true;
		called(&scene);
	} else if (step->cause != VMT_CAUSE_CALL) {
		by_itself(&scene);
	}
	remember(&scene);
	*ret_meaning = (struct vmt_meaning){ .pattern = scene.pattern, .group = scene.group };
}

/* ---- The title ---------------------------------------------------------------------------------- */

/* Whether @name stands in @text as a word of its own. */
static bool mentions(const char *text, const char *name, size_t length)
{
	static const char marks[] = " ,()";

	for (const char *at = text; *at; at++) {
		if (strncmp(at, name, length) == 0 && (at == text || strchr(marks, at[-1])) &&
		    strchr(marks, at[length]))
			return true;
	}
	return false;
}

/*
 * "map file (libc.so.6, rx): LOAD 2 of libc.so.6 (text)" need not name the file twice, nor "unmap
 * ld.so.cache: ld.so.cache out".
 */
void vmt_title(const struct vmt_step *step, struct vmt_str *ret_text)
{
	const char *purpose = step->purpose;
	const char *of = strstr(purpose, " of ");
	const char *name = of ? of + 4 : purpose;
	size_t length = strcspn(name, " ");

	vmt_str_add(ret_text, step->what);
	if (!purpose[0])
		return;
	vmt_str_add(ret_text, ": ");
	if (mentions(step->what, name, length)) {
		if (of)
			vmt_str_printf(ret_text, "%.*s%s", (int)(of - purpose), purpose,
				       name + length);
		else
			vmt_str_add(ret_text, name[length] ? name + length + 1 : name);
	} else {
		vmt_str_add(ret_text, purpose);
	}
}
