/* SPDX-License-Identifier: MIT */
/*
 * place: choosing the address of a new mapping (get_unmapped_area()).
 */
#ifndef MM_PLACE_H
#define MM_PLACE_H

#include "space.h"

/* What is to be placed. */
struct vmt_place_request {
	uint64_t address; /* as asked: hint, or the place for MAP_FIXED */
	uint64_t length; /* bytes, page-aligned, not 0 */
	uint64_t pgoff; /* pages */
	uint64_t map_flags; /* MAP_… */
	bool huge_file; /* the file system aligns large file mappings to 2 MiB */
	bool anonymous; /* private and without a file */
	bool compat; /* asked by a 32-bit call on a 64-bit kernel */
};

/*
 * __get_unmapped_area() (mm/mmap.c, 6.18). Returns the address, or a negative errno. Leaves in the
 * step why it is this address. *ret_certain is false where the kernel draws the address at random
 * (MAP_32BIT) or mmap_base is not known; the address is then only a guess.
 */
int64_t vmt_get_unmapped_area(struct vmt_space *space, const struct vmt_place_request *request,
			      bool *ret_certain);

#endif
