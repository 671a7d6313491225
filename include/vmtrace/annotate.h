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
 * "extend heap size from 0 to 132K". Untrusted names are left raw: the renderer escapes.
 */
void vmt_what(const struct vmt_step *step, struct vmt_str *ret_text);

/*
 * One reason of a step in words, with its numbers: "highest gap of 8K below mmap_base",
 * "merges with the VMA below".
 */
void vmt_why_text(const struct vmt_step *step, const struct vmt_why *why, struct vmt_str *ret_text);

/* ---- where.c: the range of a step ----------------------------------------------------------- */

/*
 * What a step is about: its own range; for mremap() where the memory is now; where the model gave no
 * range, the one VMA or the first that was made or taken away. A brk() that moved nothing still
 * tells where the break is. Both are 0 if there is none.
 */
void vmt_where(const struct vmt_step *step, uint64_t *ret_start, uint64_t *ret_end);
/*
 * Where an mremap() that succeeded took the memory from and where it is now, whole pages. False for
 * every other step.
 */
bool vmt_where_remapped(const struct vmt_step *step, struct vmt_mapping *ret_old,
			struct vmt_mapping *ret_new);
/* The first of @views that overlaps [start, end); NULL if none does. */
const struct vmt_vma_view *vmt_where_view(const struct vmt_vma_view *views, size_t count,
					  uint64_t start, uint64_t end);

/* ---- part.c: which part of an ELF file a VMA is ----------------------------------------------- */

/* The facts of the ELF file that a VMA maps; NULL if it is none, or not known. */
typedef const struct vmt_elf_facts *vmt_facts_fn(void *data, const struct vmt_mapping *map);

enum {
	VMT_PART_SECTIONS_MAX = 64, /* of one VMA that a line of text names */
};

struct vmt_part {
	const struct vmt_elf_facts *facts; /* NULL: the VMA is no part of a loaded ELF file */
	/* PT_LOADs that the VMA overlaps, from 1; more than one where VMAs have merged. */
	unsigned first_segment;
	unsigned last_segment;
	bool relro; /* all of it lies in the PT_GNU_RELRO range */
	bool bss; /* anonymous: zeroes behind the file's bytes */
	uint64_t vaddr_start; /* the VMA's range as the file's headers count */
	uint64_t vaddr_end;
};

/*
 * The parts of the VMAs of a layout, one for each row of @list, into @ret_parts. A file that is
 * mapped in another way than its headers say has no parts.
 */
void vmt_parts(const struct vmt_view_list *list, uint64_t page_size_bytes, vmt_facts_fn *facts_of,
	       void *data, struct vmt_part *ret_parts);
/* The next section that lies in the part, from *index on; NULL behind the last one. */
const struct vmt_section *vmt_part_section(const struct vmt_part *part, size_t *index);
/*
 * "LOAD 2 of 4: .init .plt .text .fini", "LOAD 4 of 4, RELRO: .dynamic .got", "LOAD 4 of 4: bss" for
 * a file without section headers. Not more than @most sections: the best known, and how many more.
 */
void vmt_part_text(const struct vmt_part *part, size_t most, struct vmt_str *ret_text);
/*
 * Whether [start, end) of the file mapping @map is what the linker makes read-only: the file's
 * PT_GNU_RELRO, both ends rounded down to pages, as _dl_protect_relro() (glibc elf/dl-reloc.c) does.
 */
bool vmt_part_is_relro(const struct vmt_elf_facts *facts, const struct vmt_mapping *map,
		       uint64_t start, uint64_t end, uint64_t page_size_bytes);

/* ---- warning.c: what is worth a line of its own ----------------------------------------------- */

/*
 * identifier, stable name (a promise to scripts, vmtrace(1)); a name is never used again for something
 * else.
 */
#define VMT_WARNINGS(X) \
	X(WRITABLE_EXECUTABLE, "writable-executable") \
	X(EXECUTABLE_STACK, "executable-stack") \
	X(TEXT_RELOCATIONS, "text-relocations") \
	X(NO_RELRO, "no-relro") \
	X(SHARED_FILE_WRITABLE, "shared-file-writable") \
	X(MAP_COUNT, "map-count") \
	X(MAPPED_AGAIN, "mapped-again") \
	X(NEVER_UNMAPPED, "never-unmapped")

enum vmt_warning_id {
#define VMT_WARNING_ENUMERATOR(id, name) VMT_WARNING_##id,
	VMT_WARNINGS(VMT_WARNING_ENUMERATOR)
#undef VMT_WARNING_ENUMERATOR
	VMT_WARNING_COUNT,
};
const char *vmt_warning_name(enum vmt_warning_id id);

struct vmt_warning {
	enum vmt_warning_id id;
	uint32_t space;
	pid_t pid;
	uint32_t step; /* in which it showed; the last one of the space for what shows at its end */
	const char *text; /* one line for people, raw names in it; valid during the call */
};
typedef void vmt_warning_fn(void *data, const struct vmt_warning *warning);

/*
 * Says each kind of warning once: the same about the same file or by the same actor is not repeated.
 * Names are compared by address, so they must come from one pool for as long as this lives.
 */
struct vmt_warnings;

struct vmt_warnings *vmt_warnings_new(vmt_warning_fn *say, void *data);
void vmt_warnings_free(struct vmt_warnings *warnings);
/* An ELF file that @step loads: text relocations, no RELRO. */
void vmt_warnings_object(struct vmt_warnings *warnings, const struct vmt_step *step,
			 const char *name, const struct vmt_elf_facts *facts);

/* What is counted in one space. */
struct vmt_warner;

struct vmt_warner *vmt_warner_new(struct vmt_warnings *warnings);
void vmt_warner_free(struct vmt_warner *warner);
/* A finished step with its words; the space has @map_count VMAs now, of @limit (0: unknown). */
void vmt_warner_step(struct vmt_warner *warner, const struct vmt_step *step, size_t map_count,
		     uint64_t limit);
/* The space ends with this layout. */
void vmt_warner_end(struct vmt_warner *warner, uint32_t space, pid_t pid, uint32_t last_step,
		    const struct vmt_view_list *list);

/* ---- expr.c: which steps are meant ------------------------------------------------------------ */

/* A condition over one step, such as "actor=libc && size>1M" (vmtrace(1), FILTERS). */
struct vmt_expr;

/*
 * Returns 0, or -EINVAL with the column and what is wrong there in @error. The expression is the
 * caller's to free.
 */
VMT_MUST_CHECK int vmt_expr_parse(const char *text, struct vmt_expr **ret_expr,
				  struct vmt_error *error);
void vmt_expr_free(struct vmt_expr *expr);
/* Whether the finished step, with its words, fulfils the condition. */
bool vmt_expr_match(const struct vmt_expr *expr, const struct vmt_step *step);

/* ---- story.c: what steps are for ------------------------------------------------------------ */

/*
 * What the steps of one space were for so far. Fed with each finished step in order, it tells what
 * the step is for, and which steps belong together. Names in steps must outlive the story.
 */
struct vmt_story;

struct vmt_story *vmt_story_new(void);
/* The story of a space that was forked: it knows what @parent's memory is for. */
struct vmt_story *vmt_story_fork(const struct vmt_story *parent);
void vmt_story_free(struct vmt_story *story);

struct vmt_meaning {
	enum vmt_pattern pattern;
	uint32_t group; /* from 1 within the space; 0: of no group */
};

/*
 * The meaning of a finished step, whose actor is set, and its purpose in a few words: "bss of
 * libc.so.6". The text holds no numbers that grow, so few texts serve a whole run; names in it are
 * raw. A purpose that is empty is unknown.
 */
void vmt_story_step(struct vmt_story *story, const struct vmt_step *step,
		    struct vmt_meaning *ret_meaning, struct vmt_str *ret_purpose);

/* What a group of steps does, for people: "map the library libc.so.6". */
void vmt_pattern_title(enum vmt_pattern pattern, const char *object, struct vmt_str *ret_text);

/* What a step did and what for, in one: "map anon (rw): TLS and TCB of the main thread". */
void vmt_title(const struct vmt_step *step, struct vmt_str *ret_text);

/* ---- teach.c, explain.c: full sentences ----------------------------------------------------- */

/*
 * The step in full sentences: what was asked, what the kernel did through which functions (if the
 * step has a path), what decided it, and what page tables and TLB have to do later. Names are raw.
 */
void vmt_teach(const struct vmt_step *step, struct vmt_str *ret_text);

/* One text of `vmtrace explain`. */
struct vmt_explanation {
	const char *kind; /* "topic", "call", "pattern", "cause", "why", "reason", "warning" */
	const char *id; /* within a kind there is one of that id */
	const char *line; /* one line */
	const char *text; /* the rest; a topic's has lines of its own, others are to be wrapped */
};

/* The explanation at @index, counted from 0; false behind the last one. */
bool vmt_explanation_at(size_t index, struct vmt_explanation *ret_explanation);
/* A reason as one full sentence. */
const char *vmt_why_sentence(enum vmt_why_id id);

/* ---- frame.c: call stacks ------------------------------------------------------------------ */

/* Where a frame is in its file; in memory without one, from the mapping's start; 0 if nowhere. */
uint64_t vmt_frame_offset(const struct vmt_frame *frame);
/* A frame's place: "libc.so.6(mmap+0x2a)", "a.out+0x1149" without a symbol, "[anon]+0x40". */
void vmt_frame_text(const struct vmt_frame *frame, struct vmt_str *ret_text);
/* A frame's function, "load_config"; without a symbol its place. */
void vmt_frame_name(const struct vmt_frame *frame, struct vmt_str *ret_text);
/*
 * The first frame of @stack that is neither libc's nor ld.so's, and whose code it is; arguments as
 * those of vmt_actor_of(). NULL, with *ret_actor untouched, if there is none.
 */
const struct vmt_frame *vmt_caller_of(const struct vmt_frame *stack, const char *exe,
				      const char *interp, struct vmt_names *names,
				      struct vmt_actor *ret_actor);
/* "program: load_config", from step->caller; nothing if there is none. */
void vmt_caller_text(const struct vmt_step *step, struct vmt_str *ret_text);

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
