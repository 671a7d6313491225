/* SPDX-License-Identifier: MIT */
/* What a new image and one that is found as it is have in common. See exec.c, exec-base.c, attach.c. */
#ifndef MM_EXEC_H
#define MM_EXEC_H

#include "vmtrace/mm.h"

/* Somebody who makes the steps of an image. */
struct vmt_loader {
	struct vmt_space *space;
	const struct vmt_image *image;
	struct vmt_step step;
	vmt_step_fn *done;
	void *data;
};

/* Opens and closes one of them; what it does is taken as checked. */
void vmt_loader_begin(struct vmt_loader *loader, enum vmt_cause cause);
void vmt_loader_finish(struct vmt_loader *loader);

/* The mapping that the kernel shows at @address; NULL where there is none. */
const struct vmt_mapping *vmt_image_row(const struct vmt_image *image, uint64_t address);

/* Sets mmap_base, or legacy_base in the old layout, and up to where the former may lie higher. */
void vmt_find_mmap_base(struct vmt_space *space, const struct vmt_image *image);

/* The gate pages, one step each. */
void vmt_load_gates(struct vmt_loader *loader);

/* The fields of mm_struct, as the image shows them. */
void vmt_setup_new_exec(struct vmt_space *space, const struct vmt_image *image);

#endif
