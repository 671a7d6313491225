/* SPDX-License-Identifier: MIT */
/*
 * objects: the ELF files that the traced programs load, each read once while it is mapped, and what
 * each space has loaded.
 */
#ifndef CMD_OBJECTS_H
#define CMD_OBJECTS_H

#include "vmtrace/annotate.h"
#include "vmtrace/elf.h"
#include "vmtrace/mm.h"

struct vmt_objects;

struct vmt_objects *vmt_objects_new(struct vmt_names *names);
void vmt_objects_free(struct vmt_objects *objects);

/* The files of one space. The facts belong to the struct vmt_objects. Starts as { 0 }. */
struct vmt_loaded {
	VMT_ARRAY(struct vmt_loaded_file {
		uint32_t dev_major; /* as maps names the file */
		uint32_t dev_minor;
		uint64_t inode;
		const struct vmt_elf_facts *facts; /* NULL: no ELF file, or unreadable */
	})
	files;
};

void vmt_loaded_deinit(struct vmt_loaded *loaded);
/* What a fork hands down. */
void vmt_loaded_copy(struct vmt_loaded *loaded, const struct vmt_loaded *parent);

/* The facts of the file that @map maps; NULL if it was not loaded. Has the type vmt_facts_fn. */
const struct vmt_elf_facts *vmt_loaded_find(void *loaded, const struct vmt_mapping *map);

/*
 * What of ELF files the rows of a layout are, by @find as vmt_parts() asks it, in pages of the
 * architecture @arch; the caller frees the array.
 */
struct vmt_part *vmt_objects_parts(const char *arch, const struct vmt_view_list *list,
				   vmt_facts_fn *find, void *data);

/* An ELF file that was loaded. */
enum vmt_objects_news {
	VMT_OBJECTS_NONE, /* nothing new, or no ELF file */
	VMT_OBJECTS_OF_SPACE, /* new to the space */
	VMT_OBJECTS_OF_RUN, /* read for the first time in this run */
};

/*
 * Looks at a file VMA of a space while the task @pid, which is in it, stands: reads the file unless it is
 * known. @again: also when the space knows a file of that number, because another one may have it now.
 */
enum vmt_objects_news vmt_objects_look(struct vmt_objects *objects, struct vmt_loaded *loaded,
				       pid_t pid, const struct vmt_mapping *map, bool again,
				       const struct vmt_elf_facts **ret_facts);

#endif
