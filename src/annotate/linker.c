/* SPDX-License-Identifier: MIT */
/*
 * The dynamic linker's scenes, as glibc's elf/dl-map-segments.h, dl-reloc.c and rtld.c make them:
 *
 *	mmap   the file, as long as all its PT_LOADs together: reserves the span, LOAD 1 is in place
 *	mmap   MAP_FIXED over it, once for each further PT_LOAD
 *	mprotect none (older ones: over the gaps between segments)
 *	mmap   MAP_FIXED anonymous: bss beyond the file
 *	…      later, when all relocations are done: mprotect r, RELRO
 *
 * musl's ld.so goes the same way. What is not of a library falls through to the C library's rules,
 * because musl's linker is its C library.
 */
#include "story.h"

#include <string.h>
#include <sys/mman.h>

#define MAP_TYPE_MASK 0x0f

static bool is_cache(const struct vmt_scene *scene)
{
	return strcmp(scene->file, "ld.so.cache") == 0;
}

static enum vmt_pattern library_pattern(const struct vmt_scene *scene)
{
	return scene->story->started ? VMT_PATTERN_DLOPEN : VMT_PATTERN_LIBRARY;
}

static unsigned perms_of_prot(uint64_t prot)
{
	return (prot & PROT_READ ? VMT_PERM_READ : 0) | (prot & PROT_WRITE ? VMT_PERM_WRITE : 0) |
	       (prot & PROT_EXEC ? VMT_PERM_EXEC : 0);
}

static bool is_elf(const struct vmt_tag *tag)
{
	return tag->use == VMT_USE_SEGMENT || tag->use == VMT_USE_SPAN || tag->use == VMT_USE_BSS;
}

/* The first mapping of a file: as long as the whole library. */
static bool new_library(struct vmt_scene *scene)
{
	struct vmt_library *library = &scene->story->library;

	*library = (struct vmt_library){
		.group = vmt_scene_group(scene),
		.name = scene->file,
		.loads = 1,
		.text = vmt_scene_prot(scene) & PROT_EXEC,
	};
	if (!scene->event->failed)
		scene->story->libraries++;
	vmt_scene_use(scene, VMT_USE_SEGMENT, scene->file);
	return vmt_scene_say(scene, library_pattern(scene), library->group,
			     "reserve the span of %s", scene->file);
}

static bool next_segment(struct vmt_scene *scene)
{
	struct vmt_library *library = &scene->story->library;
	uint32_t group = scene->old.group;
	bool first = scene->old.use == VMT_USE_SPAN && library->group != group;
	unsigned perms = perms_of_prot(vmt_scene_prot(scene));

	if (first || library->group != group)
		*library = (struct vmt_library){ .group = group, .name = scene->file };
	if (first && !scene->event->failed)
		scene->story->libraries++;
	library->loads++;
	vmt_scene_use(scene, VMT_USE_SEGMENT, scene->file);
	return vmt_scene_say(scene, library_pattern(scene), group, "LOAD %u of %s (%s)",
			     library->loads, scene->file, vmt_segment_role(perms, &library->text));
}

static bool maps_file(struct vmt_scene *scene)
{
	if ((vmt_scene_flags(scene) & MAP_TYPE_MASK) != MAP_PRIVATE)
		return false;
	if (is_cache(scene)) {
		uint32_t group = vmt_scene_group(scene);

		vmt_scene_use(scene, VMT_USE_CACHE, scene->file);
		return vmt_scene_say(scene, VMT_PATTERN_LD_CACHE, group, "ld.so.cache in");
	}
	if ((vmt_scene_flags(scene) & MAP_FIXED) && is_elf(&scene->old))
		return next_segment(scene);
	/* musl's linker is its C library too: locale files and the like are not libraries. */
	if (!strstr(scene->file, ".so") && scene->story->started)
		return false;
	return new_library(scene);
}

static bool maps_anonymous(struct vmt_scene *scene)
{
	struct vmt_story *story = scene->story;
	uint64_t page = vmt_arch_page_size(scene->event->arch);
	uint64_t flags = vmt_scene_flags(scene);
	uint32_t group;

	if ((flags & MAP_FIXED) && is_elf(&scene->old)) {
		const char *name = scene->old.name;

		vmt_scene_use(scene, VMT_USE_BSS, name);
		return vmt_scene_say(scene, scene->old.pattern, scene->old.group, "bss of %s",
				     name[0] ? name : "a library");
	}
	if (flags & (MAP_FIXED | MAP_STACK))
		return false;
	if (vmt_scene_prot(scene) == PROT_NONE && !(flags & MAP_NORESERVE)) {
		group = vmt_scene_group(scene);
		vmt_scene_use(scene, VMT_USE_SPAN, "");
		return vmt_scene_say(scene, library_pattern(scene), group,
				     "reserve an aligned span for a library");
	}
	if (story->started)
		return false;
	/*
	 * ld.so's first malloc() takes two pages when it needs some for its list of libraries. The
	 * TLS block with the thread's descriptor is larger, and comes when all libraries are there.
	 */
	if (story->libraries && !story->has_tls && scene->event->args[1] > 2 * page) {
		story->has_tls = true;
		group = vmt_scene_standing(scene, VMT_PATTERN_MAIN_THREAD);
		vmt_scene_use(scene, VMT_USE_TLS, "");
		return vmt_scene_say(scene, VMT_PATTERN_MAIN_THREAD, group,
				     "TLS and TCB of the main thread");
	}
	group = vmt_scene_standing(scene, VMT_PATTERN_LD_HEAP);
	vmt_scene_use(scene, VMT_USE_LINKER_HEAP, "");
	return vmt_scene_say(scene, VMT_PATTERN_LD_HEAP, group, "ld.so's own heap (link maps)");
}

bool vmt_linker_maps(struct vmt_scene *scene)
{
	return vmt_scene_flags(scene) & MAP_ANONYMOUS ? maps_anonymous(scene) : maps_file(scene);
}

bool vmt_linker_protects(struct vmt_scene *scene)
{
	uint64_t prot = vmt_scene_prot(scene);
	const char *name = scene->old.name;
	enum vmt_pattern pattern = scene->old.pattern;

	if (scene->old.use == VMT_USE_STACK)
		return vmt_scene_say(scene, VMT_PATTERN_EXEC_STACK, vmt_scene_inherit(scene),
				     "make the stack executable: a library asks for it");
	if (!is_elf(&scene->old))
		return false;
	if (prot == PROT_NONE)
		return vmt_scene_say(scene, pattern, vmt_scene_inherit(scene),
				     "close the gap between segments of %s", name);
	if (prot & PROT_EXEC)
		return vmt_scene_say(scene, pattern, vmt_scene_inherit(scene), "text of %s%s", name,
				     prot & PROT_WRITE ? ", writable for relocations" : "");
	if (prot & PROT_WRITE)
		return vmt_scene_say(scene, pattern, vmt_scene_inherit(scene),
				     "relocations in read-only pages of %s", name);
	if (scene->step->relro_of && !scene->step->relro_of[0])
		return vmt_scene_say(scene, pattern, vmt_scene_inherit(scene),
				     "read-only pages of %s, relocated", name);
	return vmt_scene_say(scene, pattern, vmt_scene_inherit(scene), "RELRO of %s", name);
}

bool vmt_linker_unmaps(struct vmt_scene *scene)
{
	const char *name = scene->old.name;
	uint32_t group = scene->old.group;

	switch (scene->old.use) {
	case VMT_USE_CACHE:
		vmt_scene_use(scene, VMT_USE_NONE, "");
		return vmt_scene_say(scene, VMT_PATTERN_LD_CACHE, group, "ld.so.cache out");
	case VMT_USE_SPAN:
		vmt_scene_use(scene, VMT_USE_NONE, "");
		return vmt_scene_say(scene, library_pattern(scene), group,
				     "cut the span to its alignment");
	case VMT_USE_SEGMENT:
	case VMT_USE_BSS:
		vmt_scene_use(scene, VMT_USE_NONE, "");
		if (!scene->story->started)
			return vmt_scene_say(scene, VMT_PATTERN_LIBRARY, group,
					     "hole between segments of %s", name);
		return vmt_scene_say(scene, VMT_PATTERN_DLCLOSE, vmt_scene_group(scene),
				     "dlclose: end of %s", name);
	default:
		break;
	}
	return false;
}
