/* SPDX-License-Identifier: MIT */
/*
 * Which steps load an ELF file: those that make a file VMA executable, and files that the dynamic
 * linker maps (a library may hold data only). Other files that a program maps are its data, and are
 * not opened: to open a file can take long (network file systems) or be noticed (fanotify).
 */
#include "loading.h"

#include <string.h>
#include <sys/mman.h>

static bool maps_file(const struct vmt_step *step)
{
	const struct vmt_event *event = step->event;

	return event && !event->failed &&
	       (event->call == VMT_CALL_MMAP || event->call == VMT_CALL_MMAP2 ||
		event->call == VMT_CALL_OLD_MMAP) &&
	       !(event->args[3] & MAP_ANONYMOUS);
}

static void look(struct session *session, const struct vmt_step *step,
		 const struct vmt_mapping *map)
{
	struct session_space *space = session->current;
	/* A file that is mapped from its front may be another one than the last of that number. */
	bool again = maps_file(step) && map->offset == 0;
	const struct vmt_elf_facts *facts;
	struct vmt_object_info info;

	if (vmt_objects_look(session->objects, &space->loaded, space->pid, map, again, &facts) !=
	    VMT_OBJECTS_OF_RUN)
		return;
	info = (struct vmt_object_info){
		.name = map->name,
		.dev_major = map->dev_major,
		.dev_minor = map->dev_minor,
		.inode = map->inode,
		.facts = facts,
	};
	vmt_renderer_object(session->options->renderer, &info);
	vmt_warnings_object(session->warnings, step, map->name, facts);
}

/* The VMA that the step protects, as it was; NULL if it is none of a file. */
static const struct vmt_mapping *protected_file(const struct vmt_step *step)
{
	const struct vmt_event *event = step->event;
	const struct vmt_vma_view *before;

	if (!event || event->call != VMT_CALL_MPROTECT || event->failed ||
	    event->args[2] != PROT_READ)
		return NULL;
	before = vmt_where_view(step->removed.data, step->removed.count, step->start, step->end);
	return before && before->map.inode ? &before->map : NULL;
}

static void note_relro(struct session_space *space, struct vmt_step *step)
{
	const struct vmt_mapping *map = protected_file(step);
	const struct vmt_elf_facts *facts = map ? vmt_loaded_find(&space->loaded, map) : NULL;

	if (facts)
		step->relro_of = vmt_part_is_relro(facts, map, step->start, step->end,
						   vmt_arch_page_size(step->event->arch))
					 ? map->name
					 : "";
}

void vmt_loading_step(struct session *session, struct vmt_step *step)
{
	bool linker = strcmp(step->actor, "linker") == 0 && maps_file(step);

	for (size_t i = 0; i < step->added.count && step->cause != VMT_CAUSE_FORK; i++) {
		const struct vmt_mapping *map = &step->added.data[i].map;

		if (map->inode && map->name && map->name[0] == '/' &&
		    (linker || map->perms & VMT_PERM_EXEC))
			look(session, step, map);
	}
	note_relro(session->current, step);
}

struct vmt_part *vmt_loading_parts(struct session_space *space, const struct vmt_view_list *list)
{
	return vmt_objects_parts(space->info.arch, list, vmt_loaded_find, &space->loaded);
}
