/* SPDX-License-Identifier: MIT */
/*
 * teach: what the two halves of --teach share: teach-choose.c finds the sentences for a step,
 * teach.c fills them in.
 */
#ifndef ANNOTATE_TEACH_H
#define ANNOTATE_TEACH_H

#include "vmtrace/annotate.h"

/* A set of sentences of text-teach.def. */
enum teach {
#define VMT_TEACH(id, asked, did, later) TEACH_##id,
#include "text-teach.def"
#undef VMT_TEACH
	TEACH_COUNT,
};

/* The VMA that the step is about, as it was before it and as it is after it; NULL if there is none. */
const struct vmt_mapping *vmt_teach_before(const struct vmt_step *step);
const struct vmt_mapping *vmt_teach_after(const struct vmt_step *step);

/* The rights that were asked for, or else those of that VMA. */
unsigned vmt_teach_perms(const struct vmt_step *step);

/* brk and mremap: the size before the call, or @after it, in whole pages. */
uint64_t vmt_teach_changed(const struct vmt_step *step, bool after);

/* The sentences that fit. */
enum teach vmt_teach_choose(const struct vmt_step *step);

#endif
