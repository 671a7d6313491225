/* SPDX-License-Identifier: MIT */
/*
 * file: what the file behind a descriptor brings to a mapping: whether it can be mapped at all, what
 * its driver makes of the flags, how it is placed, and the file that the VMA then has. See file.c.
 */
#ifndef MM_FILE_H
#define MM_FILE_H

#include "place.h"
#include "space.h"

/* file_operations->mmap of files that are no ordinary ones. */
struct vmt_driver {
	const char *name; /* how maps' name begins; NULL: known by its file system */
	uint64_t filesystem;
	uint64_t set; /* flags that it sets */
	uint64_t clear;
	bool shared_only; /* EINVAL for MAP_PRIVATE */
	bool whole; /* its VMA cannot be cut (vm_ops->may_split) */
	bool read_only_stays; /* without PROT_WRITE it can never become writable */
};

/* The driver of a file, NULL if there is none that is known. */
const struct vmt_driver *vmt_driver_of(const struct vmt_file_facts *file);

/* Can the file be mapped? */
struct vmt_mappable {
	int error; /* 0, or the positive errno that mmap gives */
	bool late; /* its driver says so, once the place has been cleared */
	bool certain; /* false: only its driver knows, and may say otherwise */
	bool usual; /* not certain: it maps, unless it refuses what it was asked for */
};
struct vmt_mappable vmt_file_mappable(const struct vmt_file_facts *file);

/* Does only the driver know what flags the VMA has? */
bool vmt_file_is_device(const struct vmt_file_facts *file);

bool vmt_file_is_zero(const struct vmt_file_facts *file);
bool vmt_file_readable(const struct vmt_file_facts *file);
bool vmt_file_writable(const struct vmt_file_facts *file);

/* Whether the file is one of huge pages (hugetlbfs, memfd with MFD_HUGETLB). */
bool vmt_file_is_hugetlb(const struct vmt_file_facts *file);

/* How get_unmapped_area() treats a mapping of @facts, or anonymous memory for NULL. */
struct vmt_placing vmt_file_placing(const struct vmt_space *space,
				    const struct vmt_file_facts *facts, bool shared);

#endif
