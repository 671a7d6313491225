/* SPDX-License-Identifier: MIT */
/*
 * The ELF files that were loaded. A file is known by what fstat() says of it: device, inode, size and
 * time of its last change, so that a new one with an old inode number is read anew. A space knows its
 * files by the device and inode that maps shows, which some file systems (btrfs, overlayfs) number
 * otherwise than fstat() does; a number that is mapped cannot become another file's.
 *
 * Invariant: facts live as long as the run; spaces only point to them.
 */
#include "objects.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmtrace/trace.h"

enum {
	/* A target that makes ever new files costs no more than this. */
	FILES_MAX = 4096,
};

struct known_file {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
	bool is_elf;
	struct vmt_elf_facts facts; /* if is_elf */
};

struct vmt_objects {
	struct vmt_names *names;
	VMT_ARRAY(struct known_file *) files;
};

struct vmt_objects *vmt_objects_new(struct vmt_names *names)
{
	struct vmt_objects *objects = vmt_calloc(1, sizeof(*objects));

	objects->names = names;
	return objects;
}

void vmt_objects_free(struct vmt_objects *objects)
{
	for (size_t i = 0; i < objects->files.count; i++) {
		vmt_elf_facts_deinit(&objects->files.data[i]->facts);
		free(objects->files.data[i]);
	}
	vmt_array_deinit(&objects->files);
	free(objects);
}

void vmt_loaded_deinit(struct vmt_loaded *loaded)
{
	vmt_array_deinit(&loaded->files);
}

void vmt_loaded_copy(struct vmt_loaded *loaded, const struct vmt_loaded *parent)
{
	for (size_t i = 0; i < parent->files.count; i++)
		vmt_array_push(&loaded->files, parent->files.data[i]);
}

static struct vmt_loaded_file *entry_of(struct vmt_loaded *loaded, const struct vmt_mapping *map)
{
	for (size_t i = 0; i < loaded->files.count; i++) {
		struct vmt_loaded_file *file = &loaded->files.data[i];

		if (file->inode == map->inode && file->dev_minor == map->dev_minor &&
		    file->dev_major == map->dev_major)
			return file;
	}
	return NULL;
}

const struct vmt_elf_facts *vmt_loaded_find(void *loaded, const struct vmt_mapping *map)
{
	const struct vmt_loaded_file *file = entry_of(loaded, map);

	return file ? file->facts : NULL;
}

static struct known_file *known_as(const struct vmt_objects *objects, const struct stat *status)
{
	for (size_t i = 0; i < objects->files.count; i++) {
		struct known_file *file = objects->files.data[i];

		if (file->inode == status->st_ino && file->device == status->st_dev &&
		    file->size == status->st_size &&
		    file->changed.tv_sec == status->st_mtim.tv_sec &&
		    file->changed.tv_nsec == status->st_mtim.tv_nsec)
			return file;
	}
	return NULL;
}

/* The facts of the open file; NULL if it is no ELF file. */
static const struct vmt_elf_facts *facts_of(struct vmt_objects *objects, int fd, bool *ret_new)
{
	struct known_file *file;
	struct stat status;

	if (fstat(fd, &status) < 0)
		return NULL;
	file = known_as(objects, &status);
	if (!file) {
		if (objects->files.count == FILES_MAX)
			return NULL;
		file = vmt_calloc(1, sizeof(*file));
		file->device = status.st_dev;
		file->inode = status.st_ino;
		file->size = status.st_size;
		file->changed = status.st_mtim;
		file->is_elf = vmt_elf_facts_init(fd, objects->names, &file->facts, NULL) == 0;
		vmt_array_push(&objects->files, file);
		*ret_new = file->is_elf;
	}
	return file->is_elf ? &file->facts : NULL;
}

enum vmt_objects_news vmt_objects_look(struct vmt_objects *objects, struct vmt_loaded *loaded,
				       pid_t pid, const struct vmt_mapping *map, bool again,
				       const struct vmt_elf_facts **ret_facts)
{
	struct vmt_loaded_file *known = entry_of(loaded, map);
	struct vmt_loaded_file file = {
		.dev_major = map->dev_major,
		.dev_minor = map->dev_minor,
		.inode = map->inode,
	};
	bool new = false;
	int fd;

	if (known && !again)
		return VMT_OBJECTS_NONE;
	fd = vmt_proc_open_mapped(pid, map);
	if (fd < 0)
		return VMT_OBJECTS_NONE;
	file.facts = facts_of(objects, fd, &new);
	close(fd);
	if (known && known->facts == file.facts)
		return VMT_OBJECTS_NONE;
	if (known)
		*known = file;
	else
		vmt_array_push(&loaded->files, file);
	if (!file.facts)
		return VMT_OBJECTS_NONE;
	*ret_facts = file.facts;
	return new ? VMT_OBJECTS_OF_RUN : VMT_OBJECTS_OF_SPACE;
}

struct vmt_part *vmt_objects_parts(const char *arch, const struct vmt_view_list *list,
				   vmt_facts_fn *find, void *data)
{
	const struct vmt_arch *row = vmt_arch_by_name(arch);
	struct vmt_part *parts =
		vmt_calloc(list->rows.count ? list->rows.count : 1, sizeof(*parts));

	vmt_parts(list, vmt_arch_page_size(row ? row : &vmt_arch_x86_64), find, data, parts);
	return parts;
}
