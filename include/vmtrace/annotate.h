/* SPDX-License-Identifier: MIT */
/*
 * annotate: who did a step, what it was for, and why it came out so, in words. The model leaves
 * ids and numbers (struct vmt_step); this room turns them into text. Pure: it reads no file.
 */
#ifndef VMTRACE_ANNOTATE_H
#define VMTRACE_ANNOTATE_H

#include "vmtrace/base.h"
#include "vmtrace/event.h"
#include "vmtrace/lookup.h"
#include "vmtrace/mm.h"

/*
 * Who made a step. @object is the name of the VMA that holds the instruction pointer, as maps
 * names it ("" for anonymous memory).
 */
struct vmt_actor {
	const char *name; /* "kernel", "linker", "libc", "program", else the object's base name */
	const char *object; /* full path of the object, "" if none */
};

/*
 * The actor of a call made from the VMA named @object in a program whose executable is @exe and
 * whose interpreter is @interp (both as maps names them, "" if none). Names are taken from
 * @names. A static program's own calls are "program".
 */
struct vmt_actor vmt_actor_of(const char *object, const char *exe, const char *interp,
			      struct vmt_names *names);
/* The actor of what the kernel does by itself. */
struct vmt_actor vmt_actor_kernel(void);

/* The last component of a path, for people: "libc.so.6". "[heap]" and the like stay whole. */
const char *vmt_base_name(const char *path);

/*
 * The short form of what a step did, for the log: "map file (libc.so.6, rx)", "mprotect 'r'",
 * "brk: heap 0 -> 132K". Untrusted names are left raw: the renderer escapes.
 */
void vmt_what(const struct vmt_step *step, struct vmt_str *ret_text);

/*
 * One reason of a step in words, with its numbers: "highest gap of 8K below mmap_base",
 * "merges with the VMA below".
 */
void vmt_why_text(const struct vmt_step *step, const struct vmt_why *why, struct vmt_str *ret_text);

/* ---- decode.c: arguments as strace shows them --------------------------------------------- */

/* "PROT_READ|PROT_WRITE", "MAP_PRIVATE|MAP_FIXED|0x400", "MADV_DONTNEED", "0x7f12…" */
void vmt_arg_text(enum vmt_arg_kind kind, uint64_t value, struct vmt_str *ret_text);
/* "r-x" for PROT_READ|PROT_EXEC. Fourth bytes and unknown bits are not shown. */
void vmt_prot_text(uint64_t prot, char ret_text[4]);
/* "rw-p" from enum vmt_perm bits. */
void vmt_perms_text(unsigned perms, char ret_text[5]);
/* "ENOMEM"; "errno 4711" for an unknown number (ret_text must hold 24). */
const char *vmt_errno_name(int err, char ret_text[24]);
/* The whole call as one line: "mmap(NULL, 8192, PROT_READ…, -1, 0) = 0x7f…" */
void vmt_call_text(const struct vmt_event *event, struct vmt_str *ret_text);

/* ---- miss.c --------------------------------------------------------------------------------- */

/* What a page fault leads to, one line. */
const char *vmt_miss_text(enum vmt_miss miss);
/* Flags of a page frame (KPF_…) by name, "uptodate lru anon"; those without a name are left out. */
void vmt_frame_flags_text(uint64_t flags, struct vmt_str *ret_text);

#endif
