/* SPDX-License-Identifier: MIT */
/*
 * uses: what each range of a space is for, as far as the steps so far have told. The model knows
 * what memory is; this remembers what it is good for, so that a later call on the same memory can
 * be named:
 *
 *	[ segment libc ][ segment libc ][ bss libc ]   [ TLS ][ linker heap ]    [ heap          ]
 *	  group 7         group 7         group 7        9      5                  12
 *
 * Invariant: pieces do not overlap, and two that touch differ in something.
 */
#ifndef ANNOTATE_USES_H
#define ANNOTATE_USES_H

#include "vmtrace/base.h"
#include "vmtrace/mm.h"

enum vmt_use {
	VMT_USE_NONE,
	VMT_USE_SPAN, /* reserved for an ELF file that is to follow */
	VMT_USE_SEGMENT, /* of an ELF file */
	VMT_USE_BSS,
	VMT_USE_CACHE, /* ld.so.cache */
	VMT_USE_LINKER_HEAP,
	VMT_USE_TLS, /* of the main thread */
	VMT_USE_HEAP, /* brk */
	VMT_USE_CHUNK, /* one large malloc() */
	VMT_USE_ARENA,
	VMT_USE_THREAD_STACK,
	VMT_USE_SIGNAL_STACK,
	VMT_USE_STACK, /* of the main thread */
	VMT_USE_SPECIAL, /* vdso, vvar, gate page */
	VMT_USE_LOCALE,
	VMT_USE_FILE,
	VMT_USE_SHARED,
	VMT_USE_MEMFD,
	VMT_USE_DEVICE,
	VMT_USE_RING,
	VMT_USE_RESERVED,
	VMT_USE_JIT,
	VMT_USE_GO,
	VMT_USE_ANONYMOUS,
	VMT_USE_COUNT,
};

struct vmt_tag {
	enum vmt_use use;
	enum vmt_pattern pattern; /* of the step that gave it this use */
	uint32_t group; /* of that step; 0: none */
	const char *name; /* base name of the file or object, "" if none; not owned */
};

struct vmt_uses {
	struct vmt_range_set pieces;
};

void vmt_uses_deinit(struct vmt_uses *uses);
/* Adds all of @from to @uses, which is empty. */
void vmt_uses_copy(struct vmt_uses *uses, const struct vmt_uses *from);

/* The first tag in [start, end); use VMT_USE_NONE if nothing is known of it. */
struct vmt_tag vmt_uses_find(const struct vmt_uses *uses, uint64_t start, uint64_t end);

/* [start, end) is for @tag from now on; VMT_USE_NONE forgets it. */
void vmt_uses_set(struct vmt_uses *uses, uint64_t start, uint64_t end, struct vmt_tag tag);

#endif
