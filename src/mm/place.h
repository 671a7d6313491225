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
	uint64_t pgoff; /* pages; anonymous memory counts as 0 */
	uint64_t map_flags; /* MAP_… */
	struct vmt_placing placing;
	bool compat; /* asked by a 32-bit call on a 64-bit kernel */
};

/*
 * __get_unmapped_area() (mm/mmap.c, 6.18). Returns the address, or a negative errno. Leaves in the
 * step why it is this address. *ret_certain is false where the kernel draws the address at random
 * (MAP_32BIT) or mmap_base is not known; the address is then only a guess.
 */
int64_t vmt_get_unmapped_area(struct vmt_space *space, const struct vmt_place_request *request,
			      bool *ret_certain);

/*
 * The kernel has placed @request at @address. Where mmap_base is known only within limits, and this is
 * above what it was taken for, it begins there: takes it over, and returns true. To be called
 * before the place is predicted.
 */
bool vmt_place_learn(struct vmt_space *space, const struct vmt_place_request *request,
		     uint64_t address);

#endif
