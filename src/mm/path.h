/* SPDX-License-Identifier: MIT */
/*
 * path: the model narrates itself. Each function that mirrors one of the kernel's says so while it
 * runs, and which branch it took; the step keeps it as a tree in the order of the calls:
 *
 *	do_mmap
 *	  __get_unmapped_area
 *	    vm_unmapped_area
 *	      unmapped_area_topdown: the highest gap fits
 *	  mmap_region
 *	    …
 *
 * Nothing is noted unless somebody asked (space->show_path): then a note costs one test.
 */
#ifndef MM_PATH_H
#define MM_PATH_H

#include "space.h"

enum vmt_function {
#define VMT_FN(id, v5_15, v6_1, v6_18) VMT_FN_##id,
#include "path.def"
#undef VMT_FN
	VMT_FN_COUNT,
};

/* Handed to vmt_path_leave() when the scope that entered ends. */
struct vmt_path_scope {
	struct vmt_space *space; /* NULL: nothing was noted */
};

struct vmt_path_scope vmt_path_enter(struct vmt_space *space, enum vmt_function function);
void vmt_path_leave(struct vmt_path_scope *scope);

/* What the function noted last decided: static text. */
void vmt_path_branch(struct vmt_space *space, const char *branch);

/* The system call itself, the root of the tree. */
struct vmt_path_scope vmt_path_call(struct vmt_space *space, const struct vmt_event *event);

/* Notes that the rest of the scope runs in the kernel's @function. */
#define VMT_PATH(space, function) \
	VMT_CLEANUP(vmt_path_leave) \
	struct vmt_path_scope path_scope_##function __attribute__((unused)) = \
		vmt_path_enter((space), VMT_FN_##function)

/* The same where @condition holds. */
#define VMT_PATH_IF(condition, space, function) \
	VMT_CLEANUP(vmt_path_leave) \
	struct vmt_path_scope path_scope_##function __attribute__((unused)) = \
		(condition) ? vmt_path_enter((space), VMT_FN_##function) : (struct vmt_path_scope) \
	{ \
		0 \
	}

#endif
