/* SPDX-License-Identifier: MIT */
/*
 * mmap: do_mmap(), which shmat and remap_file_pages go through too.
 */
#ifndef MM_MMAP_H
#define MM_MMAP_H

#include "space.h"

struct vmt_map_request {
	uint64_t address;
	uint64_t length; /* bytes, as asked */
	uint64_t prot;
	uint64_t flags; /* MAP_… */
	uint64_t pgoff; /* pages */
	const struct vmt_file_facts *file; /* NULL: anonymous */
	const struct vmt_huge_pool *pool; /* of a file of huge pages; NULL for others */
	bool compat; /* a 32-bit call */
	bool sysv; /* shmat: the VMAs have vm_ops->close */
	uint64_t vm_flags; /* more flags that the file's driver sets */
	/* What the kernel did; looked at only once the prediction is made. */
	bool failed;
	int64_t result;
};

/* Maps as do_mmap() does, and returns what it predicts: an address or -errno. */
int64_t vmt_do_mmap(struct vmt_space *space, const struct vmt_map_request *request,
		    struct vmt_step *step);

#endif
