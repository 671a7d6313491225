/* SPDX-License-Identifier: MIT */
/*
 * stack: the call stacks of calls, which only are looked for when somebody asked for them.
 *
 *	stack.c		the way from a stopped task to a struct vmt_frame
 *	unwind.c	call-frame information, through libunwind
 *	chain.c		frame pointers, where there is no call-frame information
 *	code.c		what an address of code belongs to, and where its call-frame information is
 *	ehframe.c	the table of call-frame information, where the linker made none
 *	remote.c	the target's memory, read in few large pieces
 *	frames.c	the table of all frames: equal stacks are kept once
 *
 * Nothing that is read can be believed: registers, stack, headers and call-frame information are
 * the target's. Whatever they say, a stack ends after the frames that were asked for, and after a
 * fixed amount of reading.
 */
#ifndef VMTRACE_TRACE_STACK_H
#define VMTRACE_TRACE_STACK_H

#include <sys/types.h>

#include "vmtrace/trace.h"

/* ---- remote.c ---------------------------------------------------------------------------- */

enum {
	VMT_REMOTE_PAGE_BYTES = 4096,
	VMT_REMOTE_WINDOW_BYTES = 32 * 1024,
	VMT_REMOTE_PAGES = 32,
};

/* A page of the target that was read since the task stopped. */
struct vmt_remote_page {
	uint64_t address; /* of its first byte; 1: free slot */
	bool readable;
	unsigned char bytes[VMT_REMOTE_PAGE_BYTES];
};

/* The memory of one stopped task. */
struct vmt_remote {
	pid_t tid;
	int pagemap; /* its /proc/TID/pagemap, -1 none */
	unsigned words_left; /* how much more may be read of it at this stop */
	unsigned reads_left;
	/* The stack from the stack pointer up, read at once. */
	uint64_t window_start;
	size_t window_bytes;
	size_t window_wanted; /* as much as the last stacks took */
	uint64_t window_used; /* end of what was read of it */
	unsigned char window[VMT_REMOTE_WINDOW_BYTES];
	/* Other pages, by page number modulo their count. */
	struct vmt_remote_page pages[VMT_REMOTE_PAGES];
};

/* The task @tid has stopped with its stack pointer at @sp: forgets what was read before. */
void vmt_remote_begin(struct vmt_remote *remote, pid_t tid, uint64_t sp);
/* Reads 1 to 8 bytes as a number; false if they are not readable, or enough has been read. */
bool vmt_remote_word(struct vmt_remote *remote, uint64_t address, size_t bytes, uint64_t *ret_word);

/* ---- ehframe.c --------------------------------------------------------------------------- */

/* A row of the table: the function at @start has its information at @entry. */
struct vmt_eh_row {
	int32_t start; /* both relative to the first byte of .eh_frame */
	int32_t entry;
};

/* The sorted rows of an .eh_frame section, on the heap; returns how many. */
size_t vmt_eh_index(const unsigned char *bytes, size_t length, struct vmt_eh_row **ret_rows);
/* The same of the 64-bit ELF file behind @fd, with the section's address; 0 if it has none. */
size_t vmt_eh_read(int fd, uint64_t *ret_vaddr, struct vmt_eh_row **ret_rows);

/* ---- code.c ------------------------------------------------------------------------------ */

/* An executable mapping of a space that a frame was found in. */
struct vmt_code {
	uint64_t start;
	uint64_t end;
	const struct vmt_mapping *mapping; /* kept once, as long as the tracer lives */
	/* The sorted table of call-frame information; count 0 if there is none. */
	uint64_t base; /* what its numbers are relative to: .eh_frame_hdr or .eh_frame */
	uint64_t table; /* of .eh_frame_hdr, in the target's memory */
	uint64_t table_count; /* pairs of 4 bytes each */
	struct vmt_eh_row *rows; /* the table, if it was made here; owned by the map */
};

enum {
	VMT_SPOT_COUNT = 1024,
};

/* What was found out about one address of code. */
struct vmt_code_spot {
	uint64_t ip; /* 0: free slot */
	struct vmt_code code;
	bool trampoline; /* the kernel's return from a signal handler is here */
};

/* The code of one space, as far as stacks have led there. */
struct vmt_code_map {
	struct vmt_probe *probe;
	VMT_ARRAY(struct vmt_code) codes; /* by address */
	struct vmt_code_spot *spots; /* VMT_SPOT_COUNT, by address */
	void *unwinder; /* struct unw_addr_space, unwind.c's; NULL: none yet */
};

/* The mappings that stacks have led to, over all spaces. */
struct vmt_code_table {
	struct vmt_names *names; /* not owned */
	VMT_ARRAY(struct vmt_mapping *) mappings;
};

void vmt_code_table_deinit(struct vmt_code_table *table);
/* NULL if the space of @tid cannot be asked about. */
struct vmt_code_map *vmt_code_map_new(pid_t tid, struct vmt_code_table *table);
void vmt_code_map_free(struct vmt_code_map *map);
/* What @ip belongs to; NULL if nothing executable is mapped there. Good until the next call. */
const struct vmt_code_spot *vmt_code_find(struct vmt_code_map *map, struct vmt_code_table *table,
					  struct vmt_remote *remote, uint64_t ip);
/*
 * [start, end) was mapped anew, or no more. Returns true if call-frame information that libunwind
 * may remember was in it.
 */
bool vmt_code_drop(struct vmt_code_map *map, uint64_t start, uint64_t end);

/* ---- frames.c ---------------------------------------------------------------------------- */

struct vmt_frame_table {
	struct vmt_frame **buckets; /* open addressing; a power of two of them */
	size_t bucket_count;
	size_t count;
	VMT_ARRAY(struct vmt_frame *) chunks; /* frames are allocated many at a time */
	size_t chunk_used; /* of the last chunk */
	uint32_t stack_count;
};

void vmt_frame_table_deinit(struct vmt_frame_table *table);
/*
 * The one frame like @like: the same caller, ip, code, end, exact and guessed. NULL when the table
 * has grown to its limit, and such a frame is not in it.
 */
struct vmt_frame *vmt_frame_table_add(struct vmt_frame_table *table, const struct vmt_frame *like);

/* ---- A walk ------------------------------------------------------------------------------ */

/* The registers that lead from a frame to its caller. */
struct vmt_chain {
	unsigned word_bytes; /* 4 or 8 */
	uint64_t ip;
	uint64_t sp;
	uint64_t bp;
};

/* The stack that is being followed, innermost frame first. */
struct vmt_walk {
	struct vmt_remote *remote;
	struct vmt_code_map *map;
	struct vmt_code_table *table;
	unsigned depth; /* most frames */
	unsigned count;
	bool trampoline; /* of the frame that was added last: the next one was interrupted */
	enum vmt_stack_end end;
	struct vmt_frame *frames; /* depth of them; caller and stack not set */
};

/*
 * Adds a frame at @ip. False if that is not where a stack can go on: nothing executable is there,
 * or it is 0 and the stack ends; then walk->end is set.
 */
bool vmt_walk_add(struct vmt_walk *walk, uint64_t ip, bool guessed);

/* ---- chain.c ----------------------------------------------------------------------------- */

/*
 * From the frame that was added last to its caller, by the frame pointer; of the innermost frame,
 * which may not have set one up, by the return address at the top of the stack. False if that leads
 * nowhere; then walk->end is set.
 */
bool vmt_chain_step(struct vmt_walk *walk, struct vmt_chain *chain);
/* All the frames of a 32-bit task, of which @chain has the registers. */
void vmt_chain_i386(struct vmt_walk *walk, struct vmt_chain *chain);

/* ---- unwind.c ---------------------------------------------------------------------------- */

struct user_regs_struct;

/* All the frames of a 64-bit task. The registers are changed on the way. */
void vmt_unwind(struct vmt_walk *walk, struct user_regs_struct *regs);
void vmt_unwind_flush(struct vmt_code_map *map);
void vmt_unwind_free(struct vmt_code_map *map);
/* While stacks are looked for, an exception inside libunwind ends the stack and not vmtrace. */
void vmt_unwind_guard(bool on);

/* ---- stack.c ----------------------------------------------------------------------------- */

struct vmt_stacks;
struct vmt_task;
struct vmt_tracer;

struct vmt_stacks *vmt_stacks_new(unsigned depth, struct vmt_names *names);
void vmt_stacks_free(struct vmt_stacks *stacks);
/* The stack of @task, which stands at the entry of a call; NULL if it could not be found out. */
struct vmt_frame *vmt_stacks_take(struct vmt_tracer *tracer, struct vmt_task *task);
/* The task's call is over: forgets the code that it may have replaced. */
void vmt_stacks_call_end(struct vmt_task *task);

#endif
