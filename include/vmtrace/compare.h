/* SPDX-License-Identifier: MIT */
/*
 * compare: what is different between two layouts or two sequences of steps when addresses do not
 * count, and what the steps of one recording add up to. Pure: values in, values out.
 *
 * Address randomisation changes more than addresses, and none of it is a difference here: how far
 * apart mappings lie, on which side of an alignment to 2 MiB a small one finds room and with which
 * neighbour it merges there, and by how many pages a stack has grown.
 */
#ifndef VMTRACE_COMPARE_H
#define VMTRACE_COMPARE_H

#include "vmtrace/base.h"
#include "vmtrace/image.h"
#include "vmtrace/log.h"
#include "vmtrace/mm.h"

/* ---- align.c: sequences ------------------------------------------------------------------- */

#define VMT_NO_ROW SIZE_MAX

/*
 * Aligns two sequences of numbers so that few are left over: ret_match_a[i] is the index in @b that
 * a[i] stands for, VMT_NO_ROW if none; the indexes ascend. Shortest where at most about a thousand
 * numbers differ in a row (E. Myers 1986, in linear space), else good, in a time that grows with
 * the length and not with its square.
 */
void vmt_align(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
	       size_t *ret_match_a);

/*
 * The members of a longest ascending run within @values (all different): ret_in[i] is true for
 * them. What is left is what has moved.
 */
void vmt_ascending(const size_t *values, size_t count, bool *ret_in);

/* ---- layout.c: two layouts ---------------------------------------------------------------- */

/* What does not count (--ignore). */
enum vmt_ignore {
	VMT_IGNORE_INODE = 1,
	VMT_IGNORE_DEV = 2,
	VMT_IGNORE_SIZE = 4,
	VMT_IGNORE_PATH = 8, /* of a file, only the last component of its name counts */
};

struct vmt_compare_options {
	unsigned ignore; /* enum vmt_ignore */
	bool addresses; /* where a mapping lies counts as well */
	uint64_t page_bytes;
};

#define VMT_MADE_UNKNOWN UINT32_MAX

/* A VMA to be compared. */
struct vmt_compare_row {
	struct vmt_mapping map;
	const char *maker; /* of anonymous memory, "libc mmap"; "" unknown */
	uint32_t made; /* the step that made it, VMT_MADE_UNKNOWN */
};

/* A layout, in order of address; all names of both sides come from one pool. */
struct vmt_compare_side {
	struct vmt_compare_row *data;
	size_t count;
	size_t capacity;
};
void vmt_compare_side_deinit(struct vmt_compare_side *side);

/* How the two VMAs of a pair differ. */
enum vmt_change {
	VMT_CHANGE_ADDED = 1, /* only in the second layout */
	VMT_CHANGE_GONE = 2, /* only in the first */
	VMT_CHANGE_SIZE = 4,
	VMT_CHANGE_PERMS = 8,
	VMT_CHANGE_OFFSET = 16, /* in the file */
	VMT_CHANGE_PATH = 32, /* a file of the same name elsewhere */
	VMT_CHANGE_DEV = 64,
	VMT_CHANGE_INODE = 128,
	VMT_CHANGE_ADDRESS = 256, /* only where addresses count */
	VMT_CHANGE_MOVED = 512, /* of a group: its place in the order of objects */
};
enum {
	VMT_CHANGE_BITS = 10
};
/* "size"; @bit is one of them. A promise, in JSON. */
const char *vmt_change_name(unsigned bit);

/* A VMA of the first layout and its like in the second; either may be missing (VMT_NO_ROW). */
struct vmt_compare_pair {
	size_t a;
	size_t b;
	unsigned changes; /* enum vmt_change, those that count */
	unsigned excused; /* those that do not: ignored, or of randomisation's making */
	size_t group;
};

/* What belongs together: an object with its bss, or the anonymous memory of one maker. */
struct vmt_compare_group {
	const char *name; /* as maps has it; of anonymous memory its maker, "" unknown */
	const char *name_before; /* in the first layout, where that is another; else the same */
	bool anonymous;
	size_t first_pair; /* index of pairs */
	size_t pair_count;
	unsigned changes; /* enum vmt_change of all its pairs; ADDED or GONE also if all of it is */
	bool added; /* all of it */
	bool gone;
	bool has_slide;
	int64_t slide_bytes; /* how much higher the first VMA that is in both lies in the second */
};

struct vmt_compare_counts {
	size_t kept; /* VMAs: pairs without a change */
	size_t changed;
	size_t added;
	size_t gone;
	size_t groups_changed; /* of those in both */
	size_t groups_added;
	size_t groups_gone;
	size_t groups_moved;
	int64_t bytes; /* how much larger the second layout is */
};

struct vmt_comparison {
	VMT_ARRAY(struct vmt_compare_pair) pairs; /* group by group, in order of address */
	VMT_ARRAY(struct vmt_compare_group) groups; /* in order of address */
	struct vmt_compare_counts counts;
	bool same; /* nothing changed that counts */
};

/*
 * Compares @a with @b, which must stay as long as the comparison. Takes about a second for 100,000
 * VMAs that have nothing in common.
 *
 *	A   exe exe exe . heap . foo foo . libc libc libc bss . anon . stack
 *	    |   |   |     |                |    |    |    |     |      |
 *	B   exe exe exe . heap . . . . . . libc libc libc bss . anon . stack     foo: a group that is gone
 */
void vmt_compare_layouts(const struct vmt_compare_side *a, const struct vmt_compare_side *b,
			 const struct vmt_compare_options *options,
			 struct vmt_comparison *ret_comparison);
void vmt_comparison_deinit(struct vmt_comparison *comparison);

/*
 * A number for what the layout looks like without addresses: of two that compare as the same it is
 * nearly always the same.
 */
uint64_t vmt_compare_shape(const struct vmt_compare_side *side);

/* ---- steps.c: two sequences of steps --------------------------------------------------------- */

/* What counts of a step; texts are from one pool for both sides. */
struct vmt_compare_step {
	uint32_t number;
	pid_t tid;
	const char *actor;
	const char *what; /* to show; does not count */
	const char *call; /* name of the call, or of the cause */
	const char *object; /* the file that it is about, "" if none */
	int64_t size_bytes; /* of the range that it is about; of brk: how much the heap grew */
	uint64_t prot; /* what the range may be accessed for, and flags; 0 where there is none */
	int error; /* errno that the call failed with, 0 */
	uint64_t address; /* start of the range */
};

struct vmt_compare_steps {
	struct vmt_compare_step *data;
	size_t count;
	size_t capacity;
};

/* What counts of @step; false for one that is not compared (a stack that grew by a page fault). */
bool vmt_compare_step_of(const struct vmt_step *step, struct vmt_names *names,
			 struct vmt_compare_step *ret_step);

/* A step of each sequence, or of one (VMT_NO_ROW). */
struct vmt_step_pair {
	size_t a;
	size_t b;
};

/* The pairs in the order of the first sequence, those that are only in the second in between. */
struct vmt_step_comparison {
	VMT_ARRAY(struct vmt_step_pair) pairs;
	size_t kept;
	size_t added;
	size_t gone;
};

/*
 * Compares thread by thread: the first of each, then those that did the same, then in order of
 * birth. Of @options, addresses, size and path count.
 */
void vmt_compare_step_sequences(const struct vmt_compare_steps *a,
				const struct vmt_compare_steps *b,
				const struct vmt_compare_options *options,
				struct vmt_step_comparison *ret_comparison);
void vmt_step_comparison_deinit(struct vmt_step_comparison *comparison);

/* ---- spaces.c: which space is which --------------------------------------------------------- */

/* A space of a recording, in order of birth. */
struct vmt_compare_space {
	const char *exe; /* path; equal texts have equal pointers */
	const char *made_by; /* "exec", "fork", "attach" */
	uint64_t shape; /* vmt_compare_shape() of its last layout, 0 unknown */
};

/*
 * Matches spaces by their program, how they came to be and what they look like, then by order of
 * birth. ret_match_a[i] is an index of @b or VMT_NO_ROW.
 */
void vmt_compare_spaces(const struct vmt_compare_space *a, size_t a_count,
			const struct vmt_compare_space *b, size_t b_count, size_t *ret_match_a);

/* ---- tally.c: what the steps of a run add up to ----------------------------------------------- */

/* Bytes of address space, not of memory. */
struct vmt_step_bytes {
	uint64_t mapped; /* that nothing was mapped in before, or something else */
	uint64_t unmapped; /* also what another mapping took the place of */
};

/* What a step mapped and unmapped. A change of rights is neither, a move is both. */
struct vmt_step_bytes vmt_step_bytes(const struct vmt_step *step);
/* The name of the call, "mmap", or of the cause, "exec-segment". */
const char *vmt_step_call(const struct vmt_step *step);
/* How many more VMAs there are after the step; gate pages do not count. */
int64_t vmt_step_vmas(const struct vmt_step *step);

/* Sums over the steps of one actor, one object (whose code made the call), or one call. */
struct vmt_tally_row {
	const char *name; /* "" for the kernel's object */
	uint64_t steps;
	uint64_t failed; /* of these, calls that failed */
	uint64_t mapped_bytes;
	uint64_t unmapped_bytes;
	uint64_t live_bytes; /* of what they mapped, what was there when its space ended */
};

enum vmt_tally_by {
	VMT_TALLY_ACTOR,
	VMT_TALLY_OBJECT,
	VMT_TALLY_CALL,
	VMT_TALLY_COUNT,
};

/*
 * Mappings that calls made and nothing took away: those of one call stack where it was recorded, else
 * those of one size by one maker.
 */
struct vmt_tally_leak {
	uint32_t space;
	uint32_t first_step; /* one that made them */
	const char *actor;
	const char *object;
	const char *call;
	const struct vmt_frame *stack; /* innermost frame, as first seen; NULL if not recorded */
	uint64_t size_bytes; /* of each, when it was made; 0: they differ (only with a stack) */
	uint64_t count;
	uint64_t bytes; /* of all, now */
};

enum {
	VMT_TALLY_HOLES = 5,
	VMT_TALLY_SAMPLES = 64
};

struct vmt_tally_hole {
	uint64_t start;
	uint64_t end;
};

/* The VMAs of a space after a step. */
struct vmt_tally_sample {
	uint32_t step;
	uint64_t vmas;
};

struct vmt_tally_space {
	uint32_t space;
	pid_t pid;
	const char *exe;
	uint64_t steps;
	uint64_t first_ns; /* time of its first and last step since the run began */
	uint64_t last_ns;
	uint64_t vmas; /* at the end */
	uint64_t vmas_peak;
	uint32_t peak_step;
	uint64_t vmas_limit; /* vm.max_map_count, 0 unknown */
	/* Evenly over its steps, at most VMT_TALLY_SAMPLES. */
	struct vmt_tally_sample samples[VMT_TALLY_SAMPLES];
	size_t sample_count;
	uint32_t sample_stride; /* private: steps between samples */
	bool has_layout; /* false: it did not end while it was watched; what follows is 0 */
	uint64_t mapped_bytes;
	uint64_t committed_bytes; /* private, writable: what the kernel accounts for */
	uint64_t reserved_bytes; /* private, without any access or MAP_NORESERVE */
	bool has_page_table;
	uint64_t page_table_kib;
	/* Free ranges between the lowest and the highest mapping, the largest first. */
	struct vmt_tally_hole holes[VMT_TALLY_HOLES];
	size_t hole_count; /* all of them, of which at most VMT_TALLY_HOLES are listed */
	size_t small_hole_count; /* below 2 MiB, too small for a huge page */
	uint64_t small_hole_bytes;
};

struct vmt_tally_result {
	uint64_t steps;
	VMT_ARRAY(struct vmt_tally_row) rows[VMT_TALLY_COUNT]; /* by live bytes, then steps */
	VMT_ARRAY(struct vmt_tally_space *) spaces; /* in order of birth */
	VMT_ARRAY(struct vmt_tally_leak) leaks; /* by bytes */
};

struct vmt_tally;

struct vmt_tally *vmt_tally_new(void);
void vmt_tally_free(struct vmt_tally *tally);
/* In the order of the log. Nothing of what is handed in is kept. */
void vmt_tally_space(struct vmt_tally *tally, const struct vmt_space_info *info);
void vmt_tally_step(struct vmt_tally *tally, const struct vmt_step *step);
void vmt_tally_layout(struct vmt_tally *tally, const struct vmt_layout_info *info);
/* Adds up; nothing may follow. Good until the tally is freed. */
const struct vmt_tally_result *vmt_tally_finish(struct vmt_tally *tally);

#endif
