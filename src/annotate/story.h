/* SPDX-License-Identifier: MIT */
/*
 * story: what the steps of one space are for. A step is looked at as a scene: the call, the memory
 * that it is about and what that memory was for before. Each file knows one kind of maker:
 *
 *	story.c      what the kernel does by itself; chooses whose scene a call is
 *	linker.c     the dynamic linker: libraries, its cache, thread-local storage
 *	maker.c      the C library, runtimes and programs that map new memory
 *	keeper.c     calls on memory that is there, and calls that map nothing
 *
 * A function of a scene returns true when it has said what the step is for.
 */
#ifndef ANNOTATE_STORY_H
#define ANNOTATE_STORY_H

#include "uses.h"
#include "vmtrace/annotate.h"

/* The ELF file whose segments are being mapped. */
struct vmt_library {
	uint32_t group;
	const char *name; /* base name */
	unsigned loads; /* PT_LOADs so far */
	bool text; /* one of them was executable */
};

struct vmt_story {
	struct vmt_uses uses;
	uint32_t groups; /* numbers given out so far */
	uint32_t standing[VMT_PATTERN_COUNT]; /* groups of patterns with one group a space */
	struct vmt_library library;
	unsigned libraries; /* mapped by the linker so far */
	uint32_t new_arena; /* group of a malloc arena that nothing was written to yet */
	bool has_linker; /* the program has an interpreter */
	bool started; /* the linker has set up the main thread, or there is none */
	bool has_tls; /* the main thread's TLS block was mapped */
	bool brk_refused; /* the last growth of the heap was */
	bool go; /* a Go runtime was seen */
	bool exec_text; /* EXEC: a segment with code was mapped */
};

/* One step, while it is being understood. */
struct vmt_scene {
	struct vmt_story *story;
	const struct vmt_step *step;
	const struct vmt_event *event; /* NULL: the kernel by itself */
	uint64_t start; /* the range that the call is about */
	uint64_t end;
	struct vmt_tag old; /* what it was for */
	const char *file; /* base name of the mapped file, "" if none */
	const char *path; /* its path */
	bool linker; /* the dynamic linker calls */
	bool libc; /* the C library calls, perhaps for somebody else */
	/* What was found. */
	enum vmt_pattern pattern;
	uint32_t group;
	struct vmt_str *purpose;
	bool used; /* the range gets a new use: */
	struct vmt_tag now;
};

/* Says what the step is for; returns true. */
bool vmt_scene_say(struct vmt_scene *scene, enum vmt_pattern pattern, uint32_t group,
		   const char *format, ...) VMT_PRINTF(4, 5);
/* A group of its own. */
uint32_t vmt_scene_group(struct vmt_scene *scene);
/* The one group that the space has for @pattern. */
uint32_t vmt_scene_standing(struct vmt_scene *scene, enum vmt_pattern pattern);
/* The group that the memory belongs to; without one, a new one. */
uint32_t vmt_scene_inherit(const struct vmt_scene *scene);
/* The range is for @use from now on, if the call succeeded; in the group that the step is in. */
void vmt_scene_use(struct vmt_scene *scene, enum vmt_use use, const char *name);
/* The rights that the memory at the start of the range had before the step; enum vmt_perm. */
unsigned vmt_scene_old_perms(const struct vmt_scene *scene);
/* "the heap", "bss of libc.so.6": what the memory was for, as the object of a sentence. */
const char *vmt_tag_text(struct vmt_tag tag, struct vmt_str *ret_text);
/* "text", "data": what a segment with such rights holds; remembers that code was met. */
const char *vmt_segment_role(unsigned perms, bool *text);

/* mmap() and brk() */
static inline uint64_t vmt_scene_prot(const struct vmt_scene *scene)
{
	return scene->event->args[2];
}

static inline uint64_t vmt_scene_flags(const struct vmt_scene *scene)
{
	return scene->event->args[3];
}

/* linker.c */
bool vmt_linker_maps(struct vmt_scene *scene);
bool vmt_linker_protects(struct vmt_scene *scene);
bool vmt_linker_unmaps(struct vmt_scene *scene);

/* maker.c */
bool vmt_maker_maps(struct vmt_scene *scene);
bool vmt_maker_brk(struct vmt_scene *scene);

/* keeper.c */
bool vmt_keeper_protects(struct vmt_scene *scene);
bool vmt_keeper_unmaps(struct vmt_scene *scene);
bool vmt_keeper_remaps(struct vmt_scene *scene);
bool vmt_keeper_calls(struct vmt_scene *scene);

#endif
