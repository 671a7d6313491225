/* SPDX-License-Identifier: MIT */
/*
 * Scenes in which new memory is mapped: malloc's heap, arenas and large chunks, thread stacks,
 * locale files, shared memory, code made at run time, and what a runtime reserves and commits.
 *
 * A wrapper hides its caller: who calls mmap() through libc cannot be told from libc itself. What
 * glibc's malloc/malloc.c and nptl/allocatestack.c ask for has a shape of its own, though, and that
 * shape is what is looked for here. Anything else is memory "for the caller of mmap()".
 */
#include "story.h"

#include <string.h>
#include <sys/mman.h>

#define MAP_TYPE_MASK 0x0f

/* glibc: HEAP_MAX_SIZE is 64 MiB where pointers have 64 bits, 1 MiB where they have 32. */
#define ARENA_BYTES_64 (64ULL << 20)
#define ARENA_BYTES_32 (1ULL << 20)
#define GO_ARENA_START 0xc000000000
/* mp_.mmap_threshold at first; a chunk has a header of two words and is rounded up to pages. */
#define MMAP_THRESHOLD_BYTES (128ULL << 10)
#define SIGNAL_STACK_MAX_BYTES (64ULL << 10)
#define MORECORE_BYTES (1ULL << 20)

static bool is_private(uint64_t flags)
{
	return (flags & MAP_TYPE_MASK) == MAP_PRIVATE;
}

static bool power_of_two(uint64_t bytes)
{
	return bytes && (bytes & (bytes - 1)) == 0;
}

static uint64_t length_of(const struct vmt_scene *scene)
{
	uint64_t mask = vmt_arch_page_size(scene->event->arch) - 1;

	return (scene->event->args[1] + mask) & ~mask;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- Files ------------------------------------------------------------------------------------ */

struct file_kind {
	const char *prefix; /* of the path, or NULL */
	const char *part; /* somewhere in the path, or NULL */
	enum vmt_use use;
	enum vmt_pattern pattern;
	bool standing; /* all of them are one group */
	const char *purpose; /* may have one %s: the base name */
};

static const struct file_kind file_kinds[] = {
	{ NULL, "locale-archive", VMT_USE_LOCALE, VMT_PATTERN_LOCALE, true, "locale archive" },
	{ NULL, "/locale/", VMT_USE_LOCALE, VMT_PATTERN_LOCALE, true, "locale data" },
	{ NULL, "gconv-modules.cache", VMT_USE_LOCALE, VMT_PATTERN_LOCALE, true,
	  "iconv: table of converters" },
	{ NULL, "/nscd/", VMT_USE_SHARED, VMT_PATTERN_NSS, true, "nss: answers kept by nscd" },
	{ "/memfd:", NULL, VMT_USE_MEMFD, VMT_PATTERN_MEMFD, false, "memory file" },
	{ "/dev/shm/", NULL, VMT_USE_SHARED, VMT_PATTERN_SHARED_MEMORY, false,
	  "POSIX shared memory" },
	{ "/dev/zero", NULL, VMT_USE_ANONYMOUS, VMT_PATTERN_ANONYMOUS, false,
	  "zeroed memory by /dev/zero" },
	{ "/dev/", NULL, VMT_USE_DEVICE, VMT_PATTERN_DEVICE, false, "memory of a device" },
	{ "anon_inode:", NULL, VMT_USE_RING, VMT_PATTERN_RING, false,
	  "ring shared with the kernel" },
};

static const struct file_kind *kind_of(const char *path)
{
	for (size_t i = 0; i < vmt_countof(file_kinds); i++) {
		const struct file_kind *kind = &file_kinds[i];

		if ((kind->prefix && starts_with(path, kind->prefix)) ||
		    (kind->part && strstr(path, kind->part)))
			return kind;
	}
	return NULL;
}

static bool maps_code(struct vmt_scene *scene)
{
	uint32_t group = vmt_scene_standing(scene, VMT_PATTERN_JIT);

	vmt_scene_use(scene, VMT_USE_JIT, scene->file);
	return vmt_scene_say(scene, VMT_PATTERN_JIT, group,
			     vmt_scene_prot(scene) & PROT_WRITE ? "JIT code: W and X"
								: "JIT code: to run");
}

static bool maps_file(struct vmt_scene *scene)
{
	const struct file_kind *kind = kind_of(scene->path);
	bool shared = !is_private(vmt_scene_flags(scene));
	uint32_t group;

	if (kind && (vmt_scene_prot(scene) & PROT_EXEC) && kind->use != VMT_USE_DEVICE)
		return maps_code(scene);
	if (kind) {
		group = kind->standing ? vmt_scene_standing(scene, kind->pattern)
				       : vmt_scene_group(scene);
		vmt_scene_use(scene, kind->use, scene->file);
		return vmt_scene_say(scene, kind->pattern, group, "%s", kind->purpose);
	}
	group = (vmt_scene_flags(scene) & MAP_FIXED) && scene->old.use == VMT_USE_FILE
			? vmt_scene_inherit(scene)
			: vmt_scene_group(scene);
	vmt_scene_use(scene, VMT_USE_FILE, scene->file);
	return vmt_scene_say(scene, VMT_PATTERN_FILE, group,
			     shared && (vmt_scene_prot(scene) & PROT_WRITE)
				     ? "read and write a file in memory"
				     : "read a file in memory");
}

/* ---- Anonymous memory --------------------------------------------------------------------------- */

static bool maps_shared(struct vmt_scene *scene)
{
	uint32_t group = vmt_scene_group(scene);

	vmt_scene_use(scene, VMT_USE_SHARED, "");
	return vmt_scene_say(scene, VMT_PATTERN_SHARED_MEMORY, group,
			     "memory shared with child processes");
}

static bool maps_stack(struct vmt_scene *scene)
{
	bool small =
		length_of(scene) < SIGNAL_STACK_MAX_BYTES && vmt_scene_prot(scene) != PROT_NONE;
	uint32_t group = vmt_scene_group(scene);

	vmt_scene_use(scene, small ? VMT_USE_SIGNAL_STACK : VMT_USE_THREAD_STACK, "");
	return small ? vmt_scene_say(scene, VMT_PATTERN_SIGNAL_STACK, group,
				     "alternate signal stack")
		     : vmt_scene_say(scene, VMT_PATTERN_THREAD_STACK, group,
				     "thread stack + guard");
}

static bool is_arena(const struct vmt_scene *scene)
{
	uint64_t bytes = scene->event->arch->word_bits == 32 ? ARENA_BYTES_32 : ARENA_BYTES_64;
	uint64_t length = length_of(scene);

	return scene->libc && (vmt_scene_flags(scene) & MAP_NORESERVE) &&
	       vmt_scene_prot(scene) == PROT_NONE && (length == bytes || length == 2 * bytes);
}

/* malloc reserves twice an arena's size, and cuts off what is not aligned to that size. */
static bool maps_arena(struct vmt_scene *scene)
{
	uint32_t group = vmt_scene_group(scene);

	if (!scene->event->failed)
		scene->story->new_arena = group;
	vmt_scene_use(scene, VMT_USE_ARENA, "");
	return vmt_scene_say(scene, VMT_PATTERN_MALLOC_ARENA, group, "malloc arena: reserve");
}

/* Go reserves its heap from a fixed hint on: mallocinit() in runtime/malloc.go. */
static bool maps_for_go(struct vmt_scene *scene)
{
	struct vmt_story *story = scene->story;
	uint32_t group;

	if (scene->event->args[0] == GO_ARENA_START && !scene->libc)
		story->go = true;
	if (scene->event->args[0] == GO_ARENA_START && !story->has_linker)
		story->go = true;
	if (!story->go || strcmp(scene->step->actor, "libc") == 0)
		return false;
	group = vmt_scene_standing(scene, VMT_PATTERN_GO_RUNTIME);
	vmt_scene_use(scene, VMT_USE_GO, "");
	return vmt_scene_say(scene, VMT_PATTERN_GO_RUNTIME, group,
			     vmt_scene_prot(scene) == PROT_NONE   ? "Go: reserve part of its heap"
			     : vmt_scene_flags(scene) & MAP_FIXED ? "Go: use a reserved part"
								  : "Go: the runtime's own tables");
}

static bool maps_fixed(struct vmt_scene *scene)
{
	uint32_t group = vmt_scene_inherit(scene);
	bool none = vmt_scene_prot(scene) == PROT_NONE;

	switch (scene->old.use) {
	case VMT_USE_ARENA:
		vmt_scene_use(scene, VMT_USE_ARENA, "");
		return vmt_scene_say(scene, VMT_PATTERN_MALLOC_ARENA, group,
				     "malloc arena: give its top back");
	case VMT_USE_RESERVED:
		vmt_scene_use(scene, VMT_USE_RESERVED, "");
		return vmt_scene_say(scene, VMT_PATTERN_RESERVE, group,
				     none ? "give a part back, keep it reserved"
					  : "use a part of reserved address space");
	default:
		return false;
	}
}

static bool maps_reserve(struct vmt_scene *scene)
{
	uint32_t group = vmt_scene_group(scene);

	vmt_scene_use(scene, VMT_USE_RESERVED, "");
	return vmt_scene_say(scene, VMT_PATTERN_RESERVE, group, "reserve address space");
}

/* sysmalloc_mmap() in malloc/malloc.c, and the heap where brk() did not help. */
static bool maps_chunk(struct vmt_scene *scene)
{
	uint64_t length = length_of(scene);
	uint32_t group;

	if (!scene->libc || vmt_scene_prot(scene) != (PROT_READ | PROT_WRITE))
		return false;
	if (scene->story->brk_refused && length >= MORECORE_BYTES) {
		group = vmt_scene_standing(scene, VMT_PATTERN_HEAP);
		vmt_scene_use(scene, VMT_USE_HEAP, "");
		return vmt_scene_say(scene, VMT_PATTERN_HEAP, group,
				     "malloc: heap by mmap, because brk was refused");
	}
	if (length <= MMAP_THRESHOLD_BYTES || power_of_two(length) || scene->event->args[0])
		return false;
	group = vmt_scene_group(scene);
	vmt_scene_use(scene, VMT_USE_CHUNK, "");
	return vmt_scene_say(scene, VMT_PATTERN_MALLOC_CHUNK, group,
			     "malloc: large chunk (mmap threshold)");
}

static bool maps_plain(struct vmt_scene *scene)
{
	uint32_t group = vmt_scene_group(scene);
	const char *actor = scene->step->actor;

	vmt_scene_use(scene, VMT_USE_ANONYMOUS, "");
	if (strcmp(actor, "program") == 0)
		return vmt_scene_say(scene, VMT_PATTERN_ANONYMOUS, group,
				     "the program's own memory");
	if (scene->libc)
		return vmt_scene_say(scene, VMT_PATTERN_ANONYMOUS, group,
				     "memory for the caller of mmap()");
	return vmt_scene_say(scene, VMT_PATTERN_ANONYMOUS, group, "memory of its own for %s",
			     actor);
}

bool vmt_maker_maps(struct vmt_scene *scene)
{
	uint64_t flags = vmt_scene_flags(scene);
	uint64_t prot = vmt_scene_prot(scene);

	if (!(flags & MAP_ANONYMOUS))
		return maps_file(scene);
	if (prot & PROT_EXEC)
		return maps_code(scene);
	if (!is_private(flags))
		return maps_shared(scene);
	if (flags & (MAP_STACK | MAP_GROWSDOWN))
		return maps_stack(scene);
	if (is_arena(scene))
		return maps_arena(scene);
	if (maps_for_go(scene) || ((flags & MAP_FIXED) && maps_fixed(scene)))
		return true;
	if (prot == PROT_NONE)
		return maps_reserve(scene);
	return maps_chunk(scene) || maps_plain(scene);
}

/* ---- brk ---------------------------------------------------------------------------------------- */

bool vmt_maker_brk(struct vmt_scene *scene)
{
	struct vmt_story *story = scene->story;
	const struct vmt_event *event = scene->event;
	uint64_t now = (uint64_t)event->result;
	uint64_t before = scene->step->old_end;
	uint32_t group = vmt_scene_standing(scene, VMT_PATTERN_HEAP);
	bool tls = !story->has_linker && !story->has_tls;

	if (event->args[0] == 0)
		return vmt_scene_say(scene, VMT_PATTERN_HEAP, group, "where the heap ends now");
	story->brk_refused = now != event->args[0];
	if (story->brk_refused)
		return vmt_scene_say(scene, VMT_PATTERN_HEAP, group,
				     "malloc: the heap cannot grow here");
	if (now < before) {
		vmt_scene_use(scene, VMT_USE_NONE, "");
		return vmt_scene_say(scene, VMT_PATTERN_HEAP, group, "malloc: trim the heap");
	}
	vmt_scene_use(scene, VMT_USE_HEAP, "");
	if (tls) {
		/* A static program has no linker that could have made room for it. */
		story->has_tls = true;
		return vmt_scene_say(scene, VMT_PATTERN_MAIN_THREAD,
				     vmt_scene_standing(scene, VMT_PATTERN_MAIN_THREAD),
				     "TLS and TCB of the main thread, from the heap");
	}
	return vmt_scene_say(scene, VMT_PATTERN_HEAP, group,
			     scene->libc ? "malloc: heap (brk)" : "heap (brk)");
}
