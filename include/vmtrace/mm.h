/* SPDX-License-Identifier: MIT */
/*
 * mm: the kernel's memory management in miniature. A space is the model's mm_struct: an ordered
 * set of VMAs with every attribute that decides where a mapping goes, what merges and what
 * splits. Given a call, the model says what the kernel will do before anybody looks; then the
 * kernel's answer is compared with it and, where they differ, taken over with a named reason.
 *
 * Pure: values in, values out. No files, no ptrace, no clock.
 *
 * One step, as the session drives it:
 *
 *	vmt_step_begin(space, &step);
 *	vmt_space_call(space, event, &step);            predict, then do
 *	vmt_step_range(space, &step, 0, &start, &end)   what to ask the kernel about
 *	vmt_space_check(space, rows, start, end, &step) compare, take over
 *	vmt_step_end(space, &step);                     number it, list what changed
 *
 * Functions mirror the kernel's, version 6.18 unless said (mm/vma.c, mm/mmap.c, fs/binfmt_elf.c).
 */
#ifndef VMTRACE_MM_H
#define VMTRACE_MM_H

#include "vmtrace/arch.h"
#include "vmtrace/base.h"
#include "vmtrace/event.h"
#include "vmtrace/image.h"
#include "vmtrace/pgtable.h"

struct vmt_space;

/* ---- VMA flags: the kernel's VM_… bits (include/linux/mm.h), in the order smaps prints ------- */
#define VMT_VM_READ (1ULL << 0)
#define VMT_VM_WRITE (1ULL << 1)
#define VMT_VM_EXEC (1ULL << 2)
#define VMT_VM_SHARED (1ULL << 3)
#define VMT_VM_MAYREAD (1ULL << 4)
#define VMT_VM_MAYWRITE (1ULL << 5)
#define VMT_VM_MAYEXEC (1ULL << 6)
#define VMT_VM_MAYSHARE (1ULL << 7)
#define VMT_VM_GROWSDOWN (1ULL << 8)
#define VMT_VM_UFFD_MISSING (1ULL << 9)
#define VMT_VM_PFNMAP (1ULL << 10)
#define VMT_VM_MAYBE_GUARD (1ULL << 11)
#define VMT_VM_UFFD_WP (1ULL << 12)
#define VMT_VM_LOCKED (1ULL << 13)
#define VMT_VM_IO (1ULL << 14)
#define VMT_VM_SEQ_READ (1ULL << 15)
#define VMT_VM_RAND_READ (1ULL << 16)
#define VMT_VM_DONTCOPY (1ULL << 17)
#define VMT_VM_DONTEXPAND (1ULL << 18)
#define VMT_VM_LOCKONFAULT (1ULL << 19)
#define VMT_VM_ACCOUNT (1ULL << 20)
#define VMT_VM_NORESERVE (1ULL << 21)
#define VMT_VM_HUGETLB (1ULL << 22)
#define VMT_VM_SYNC (1ULL << 23)
#define VMT_VM_WIPEONFORK (1ULL << 25)
#define VMT_VM_DONTDUMP (1ULL << 26)
#define VMT_VM_SOFTDIRTY (1ULL << 27)
#define VMT_VM_MIXEDMAP (1ULL << 28)
#define VMT_VM_HUGEPAGE (1ULL << 29)
#define VMT_VM_NOHUGEPAGE (1ULL << 30)
#define VMT_VM_MERGEABLE (1ULL << 31)
#define VMT_VM_PKEY_SHIFT 32
#define VMT_VM_PKEY_MASK (0x1fULL << VMT_VM_PKEY_SHIFT)
#define VMT_VM_SHADOW_STACK (1ULL << 37)
#define VMT_VM_DROPPABLE (1ULL << 40)
#define VMT_VM_UFFD_MINOR (1ULL << 41)
#define VMT_VM_SEALED (1ULL << 42)

#define VMT_VM_ACCESS (VMT_VM_READ | VMT_VM_WRITE | VMT_VM_EXEC)
/* A VMA with one of these never takes part in a merge (VM_SPECIAL). */
#define VMT_VM_SPECIAL (VMT_VM_IO | VMT_VM_DONTEXPAND | VMT_VM_PFNMAP | VMT_VM_MIXEDMAP)

/* What madvise() sets and clears (madvise_vma_behavior() of mm/madvise.c, 6.18). */
#define VMT_VM_ADVICE \
	(VMT_VM_RAND_READ | VMT_VM_SEQ_READ | VMT_VM_DONTCOPY | VMT_VM_WIPEONFORK | \
	 VMT_VM_DONTDUMP | VMT_VM_MERGEABLE | VMT_VM_HUGEPAGE | VMT_VM_NOHUGEPAGE | \
	 VMT_VM_MAYBE_GUARD)

/* smaps' two-letter words, "rd wr mr mw me ac". */
void vmt_vm_flags_text(uint64_t vm_flags, struct vmt_str *ret_text);

/* ---- What a step did ---------------------------------------------------------------------- */

/* A VMA as it was at one moment, with the steps that shaped the memory in it. */
struct vmt_vma_view {
	struct vmt_mapping map;
	uint64_t vm_flags; /* 0 where the model was told only what maps shows */
	size_t first_step; /* index into the owner's step_numbers */
	size_t step_count;
	size_t steps_left_out; /* a mapping that thousands of steps touched lists only some */
};

/* What made a step happen. */
enum vmt_cause {
	VMT_CAUSE_BOOT, /* gate page, there since boot */
	VMT_CAUSE_EXEC_STACK, /* execve: setup_arg_pages() */
	VMT_CAUSE_EXEC_SEGMENT, /* execve: elf_load() of the program; .index is the PT_LOAD */
	VMT_CAUSE_EXEC_BSS, /* execve: its bss beyond the file */
	VMT_CAUSE_INTERP_SEGMENT, /* execve: load_elf_interp() */
	VMT_CAUSE_INTERP_BSS,
	VMT_CAUSE_EXEC_SPECIAL, /* execve: vdso and its data pages */
	VMT_CAUSE_EXEC_OTHER, /* in the new image, and the loader model cannot say why */
	VMT_CAUSE_FORK, /* copied from the parent */
	VMT_CAUSE_CALL, /* a system call of the program */
	VMT_CAUSE_STACK_GROWTH, /* a page fault below a VM_GROWSDOWN VMA */
	VMT_CAUSE_UFFD_CLOSED, /* the last descriptor of a userfaultfd went, and its registrations */
	VMT_CAUSE_NAME_CHANGED, /* mapped files were renamed or deleted */
	VMT_CAUSE_FOUND, /* seen in the kernel's layout, made by nothing that was traced */
};
/* Not an enumerator, so that a switch over the causes needs no case for it. */
enum {
	VMT_CAUSE_COUNT = VMT_CAUSE_FOUND + 1
};
/* "exec-segment"; a promise, in JSON and in recordings. */
const char *vmt_cause_name(enum vmt_cause cause);

/* Outcome of the comparison with the kernel. */
enum vmt_check {
	VMT_CHECK_UNCHECKED, /* nothing was asked */
	VMT_CHECK_MATCH,
	VMT_CHECK_ADJUSTED, /* the kernel's layout was taken over; see reason */
};
enum {
	VMT_CHECK_COUNT = VMT_CHECK_ADJUSTED + 1
};
/* "match"; a promise, in JSON and in recordings. */
const char *vmt_check_name(enum vmt_check check);

/* Why a step had to be adjusted. The names are a promise: vmt_reason_name(). */
enum vmt_reason {
	VMT_REASON_NONE,
	VMT_REASON_NOT_MODELLED, /* the model has no rule for this call */
	VMT_REASON_ANON_VMA, /* whether pages were faulted together cannot be known */
	VMT_REASON_STACK_GREW,
	VMT_REASON_ORDER_INFERRED,
	VMT_REASON_FILE_DRIVER, /* the mapped file's driver changed flags or identity */
	VMT_REASON_OTHER_PROCESS,
	VMT_REASON_IO_URING, /* advice that went through an io_uring, without a call */
	VMT_REASON_LOADER, /* execve placed something that the headers do not explain */
	VMT_REASON_SECCOMP, /* a filter of the program's own answered the call */
	VMT_REASON_UNREADABLE, /* the kernel could not be asked (task gone, access refused) */
	VMT_REASON_UNEXPLAINED, /* a bug in the model */
	VMT_REASON_COUNT,
};
const char *vmt_reason_name(enum vmt_reason reason);

/*
 * Why something came out as it did; the texts are annotate's (vmt_why_text), the id strings a
 * promise (vmt_why_name). What number[] holds is said there.
 */
enum vmt_why_id {
	VMT_WHY_NONE,
#define VMT_WHY(id, name) VMT_WHY_##id,
#include "vmtrace/why.def"
#undef VMT_WHY
	VMT_WHY_COUNT,
};
const char *vmt_why_name(enum vmt_why_id id);

struct vmt_why {
	enum vmt_why_id id;
	uint64_t number[4];
	/* Names of the neighbours as maps has them, "" for anonymous memory, NULL for none. */
	const char *below;
	const char *above;
};

enum {
	VMT_STEP_WHY_MAX = 8
};

/* What several steps do together; annotate finds it (vmt_pattern_name()). */
enum vmt_pattern {
	VMT_PATTERN_NONE,
#define VMT_PATTERN(id, name, title) VMT_PATTERN_##id,
#include "vmtrace/pattern.def"
#undef VMT_PATTERN
	VMT_PATTERN_COUNT,
};
/* The id of a pattern, "malloc-arena"; a promise to scripts. "none" for VMT_PATTERN_NONE. */
const char *vmt_pattern_name(enum vmt_pattern pattern);

/* One of the kernel's functions that an operation went through. */
struct vmt_path_entry {
	const char *function; /* its name in the kernel profile */
	const char *branch; /* what it decided, NULL if nothing worth saying */
	unsigned depth; /* calls above it, from 0 */
};

struct vmt_step {
	uint32_t space;
	uint32_t number; /* from 0 within the space */
	pid_t pid;
	pid_t tid;
	uint64_t time_ns;
	enum vmt_cause cause;
	unsigned index; /* EXEC_SEGMENT, INTERP_SEGMENT: which PT_LOAD, from 1 */
	const struct vmt_event *event; /* CALL: what was asked; else NULL */
	const char *file_name; /* the file that the step is about, "" if none */
	const char *actor; /* filled in by the session, from annotate */
	const char *object;
	const char *what; /* short form, filled in by the session; from a names pool */
	/*
	 * mprotect: the file whose RELRO range this is, filled in by the session from its ELF headers; "" if it
	 * is none, NULL if they are not known.
	 */
	const char *relro_of;
	bool hidden; /* --filter left it out: remembered, not printed; filled in by the session */
	/* What the step is for, also the session's from annotate and from a names pool. */
	const char *purpose; /* "bss of libc.so.6"; "" if unknown */
	const char *title; /* what and purpose in one, for people */
	enum vmt_pattern pattern;
	uint32_t group; /* same number within a space: steps that belong together; 0: none */
	/*
	 * With stacks, filled in by the session: the first frame of event->stack outside libc and ld.so,
	 * and whose code that is; NULL if there is none.
	 */
	const struct vmt_frame *caller;
	const char *caller_actor;
	/* The range that the step is about, whether or not it changed; empty if none. */
	uint64_t start;
	uint64_t end;
	bool whole; /* the step may have changed anything anywhere */
	bool device; /* maps a file whose driver decides about the VMA's flags: smaps has them */
	bool driver_known; /* device: what the driver does is known, but for what differs by kernel */
	/* brk: start_brk and the break before; mremap: the old range */
	uint64_t old_start;
	uint64_t old_end;

	/* The prediction, made before the result was looked at. */
	bool predicted; /* false: the model does not claim to know (ASLR, no rule) */
	int64_t expected; /* address, 0, or -errno */

	enum vmt_check check;
	enum vmt_reason reason; /* ADJUSTED only */
	struct vmt_why why[VMT_STEP_WHY_MAX];
	unsigned why_count;

	struct vmt_step_tables
		tables; /* page tables; filled in by the session if it watches them */
	struct vmt_step_tlb tlb;

	/* The way through the kernel, in the order of the calls; empty unless it was asked for. */
	VMT_ARRAY(struct vmt_path_entry) path;

	/* Filled in by vmt_step_end(); the layout before, less removed, plus added, is the layout after. */
	VMT_ARRAY(struct vmt_vma_view) removed;
	VMT_ARRAY(struct vmt_vma_view) added;
	VMT_ARRAY(uint32_t) step_numbers;
};

void vmt_step_init(struct vmt_step *step);
void vmt_step_deinit(struct vmt_step *step);
void vmt_step_why(struct vmt_step *step, struct vmt_why why);

/* ---- What differs between kernels ---------------------------------------------------------- */

/* Whose function names a path shows. */
enum vmt_profile {
	VMT_PROFILE_5_15,
	VMT_PROFILE_6_1,
	VMT_PROFILE_6_18,
	VMT_PROFILE_COUNT,
};

/*
 * Rules that changed between kernels. Stable trees move, so a rule is keyed by what a kernel does,
 * not by its release number.
 */
struct vmt_features {
	enum vmt_profile profile;
	/* 5.15, 6.1: [heap] also labels what only touches [start_brk, brk]; 6.12 excludes it. */
	bool heap_label_inclusive;
	/* Up to 6.15 a faulted VMA does not merge with an unfaulted neighbour while it is modified. */
	bool modify_needs_both_anon;
	/* 6.1: a new mapping between two different anon_vmas joins the one above. */
	bool new_prefers_next;
	/* Up to 6.1 a VMA with a close hook never merges; later only its deletion is refused. */
	bool close_never_merges;
	/* 6.7: an unfaulted private VMA that becomes unwritable loses VM_ACCOUNT. */
	bool unaccount_unfaulted;
	/* 6.7 with THP: MAP_STACK sets VM_NOHUGEPAGE. */
	bool stack_nohuge;
	/* Anonymous mappings without a hint are aligned to 2 MiB: never, from 2 MiB, or multiples. */
	enum {
		VMT_THP_ALIGN_NEVER,
		VMT_THP_ALIGN_ANY,
		VMT_THP_ALIGN_MULTIPLE
	} thp_align;
	/* 5.15: brk uses the general merge, so the heap can become part of .bss. */
	bool brk_merges_below;
	/* 5.15: brk may give up a range in which nothing is mapped. */
	bool brk_shrinks_holes;
	/* Before 6.12 the x86-64 vdso sits above the stack, not in the mmap area. */
	bool vdso_above_stack;
	/* 6.17: a pure move may span several VMAs and holes. */
	bool mremap_many;
	/* 6.10: mseal. */
	bool mseal;
	/* 6.19 and late 6.18: MADV_GUARD_INSTALL marks the VMA with VM_MAYBE_GUARD. */
	bool guard_flag;
	/* 5.15: madvise says ENOMEM, not EAGAIN, when it cannot split. */
	bool madvise_split_enomem;
	/* 6.14 (CONFIG_PT_RECLAIM): MADV_DONTNEED frees the tables that it empties whole. */
	bool table_reclaim;
	/* 6.11: MAP_DROPPABLE. */
	bool droppable;
	/* Which numbers madvise knows: a bit each for 0 to 127. */
	uint64_t advice[2];
	/* 6.15: guard pages in files and shared memory. */
	bool guard_files;
	/* 6.13: process_madvise on the own process takes any advice. */
	bool process_advice_any;
	/* 6.9: MPOL_WEIGHTED_INTERLEAVE. */
	bool policy_weighted;
	/* Up to 6.16 mremap unmaps its target, and a tail, before it looks at the old range's VMA. */
	bool mremap_clears_first;
	/* Up to 6.16 mremap says EFAULT of the old address before it looks at the new one. */
	bool mremap_looks_first;
	/* Up to 6.16 MREMAP_DONTUNMAP compares the lengths before they are rounded. */
	bool mremap_raw_lengths;
	/* MREMAP_DONTUNMAP, mended in 2026, in stable kernels too: an emptied VMA counts its pages anew, */
	bool dontunmap_resets_offset;
	/* a locked VMA is split first, so that the rest of it stays locked, */
	bool dontunmap_splits_locked;
	/* and the copy does not merge with the source. */
	bool dontunmap_keeps_source;
	/* Up to 6.16 PR_SET_MEMORY_MERGE marks new memory when it has merged or not. */
	bool ksm_after_merge;
	/* 6.18: private mappings of /dev/zero are placed for huge pages. */
	bool zero_thp_align;
	/* 6.11 to 6.17: a userfaultfd may be asked to serve droppable memory. */
	bool uffd_droppable;
	/* Up to 6.12 x86 rounds a hint for huge pages down, not up. */
	bool huge_hint_down;
	/* 6.14: PIDFD_SELF_THREAD and PIDFD_SELF_THREAD_GROUP. */
	bool pidfd_self;
	/* Up to 6.11 mmap looks at the limits before it cuts what MAP_FIXED replaces. */
	bool limits_before_cuts;
	/* 7.x: [vvar] is VM_MIXEDMAP, not VM_PFNMAP. */
	bool vvar_mixed;
	/* 7.3: and not VM_IO. */
	bool vvar_not_io;
	/* 7.x: rings of io_setup are VM_DONTCOPY. */
	bool ring_not_copied;
	/* Five levels of page tables: user space of 2^56 bytes, for those whose hint asks for it. */
	bool wide_addresses;
	/* smaps has no word for VM_LOCKONFAULT. */
	bool onfault_hidden;
	/* Lowest address that a search or a hint gives: the larger of sysctl and LSM minimum. */
	uint64_t min_address;
};

/* vm.overcommit_memory */
enum vmt_overcommit {
	VMT_OVERCOMMIT_GUESS,
	VMT_OVERCOMMIT_ALWAYS,
	VMT_OVERCOMMIT_NEVER,
};

/* What a kernel's rules and settings are; the same for all spaces of a run. */
struct vmt_settings {
	struct vmt_features features;
	uint64_t max_map_count; /* vm.max_map_count */
	/* vm.mmap_min_addr: no lower without CAP_SYS_RAWIO. An LSM may keep hints higher up. */
	uint64_t min_address;
	enum vmt_overcommit overcommit;
	bool pkeys; /* there are protection keys */
	/* Shared anonymous memory is placed for huge pages of this size (shmem_enabled); 0: it is not. */
	uint64_t shmem_unit_bytes;
	unsigned possible_cpus; /* sizes aio rings */
	uint64_t memory_pages; /* RAM and swap, the most that one request may ask; 0 unknown */
};

/* The rules of 6.18 with THP. */
struct vmt_features vmt_features_default(void);

/*
 * The rules of a kernel by name: "5.15", "6.1" or "6.18", with THP and the usual lowest address
 * (64 KiB). False, with nothing set, if there is no profile of that name.
 */
bool vmt_features_profile(const char *name, struct vmt_features *ret_features);

/* ---- A space ------------------------------------------------------------------------------ */

struct vmt_space *vmt_space_new(uint32_t number, struct vmt_names *names);
void vmt_space_free(struct vmt_space *space);
uint32_t vmt_space_number(const struct vmt_space *space);

/*
 * Whether any private page of [start, end) was written, as the pages that are there now show
 * (PAGEMAP_SCAN). The model asks only when a merge hangs on it.
 */
typedef bool vmt_look_fn(void *data, uint64_t start, uint64_t end);
void vmt_space_set_look(struct vmt_space *space, vmt_look_fn *look, void *data);

/*
 * Whether one VMA of the kernel's reaches across @address, as it is now. The model asks when a new
 * mapping of a file touches one of the same file, and only the kernel knows whether they are of one
 * open file description (struct file). -1: it cannot be asked.
 */
typedef int vmt_across_fn(void *data, uint64_t address);
void vmt_space_set_across(struct vmt_space *space, vmt_across_fn *across, void *data);

/* At the start, and again when more of the kernel's rules is known. */
void vmt_space_configure(struct vmt_space *space, const struct vmt_settings *settings);

/* Whether steps keep their path through the kernel; off at first. */
void vmt_space_show_path(struct vmt_space *space, bool on);

/* Of mm->flags, what fork() and execve() hand down (MMF_INIT_MASK of include/linux/mm_types.h). */
struct vmt_heritage {
	bool deny_write_exec; /* PR_SET_MDWE without PR_MDWE_NO_INHERIT */
	bool merge_any; /* PR_SET_MEMORY_MERGE */
};
struct vmt_heritage vmt_space_heritage(const struct vmt_space *space);
void vmt_space_inherit(struct vmt_space *space, struct vmt_heritage heritage);

/* vm.max_map_count, which the space's VMAs must stay below. */
void vmt_space_set_max_map_count(struct vmt_space *space, uint64_t count);

/* Number of VMAs, gate pages not counted (mm->map_count). */
size_t vmt_space_count(const struct vmt_space *space);
/* Steps so far: the number that the next one gets. */
uint32_t vmt_space_steps(const struct vmt_space *space);

/* Called with each finished step of an operation that makes several. The step is gone afterwards. */
typedef void vmt_step_fn(void *data, struct vmt_step *step);

/*
 * Builds the image of a new program as load_elf_binary() (fs/binfmt_elf.c) does, one step a
 * mapping in the kernel's order, and takes over from image->layout whatever is different. The
 * space must be new.
 */
void vmt_space_exec(struct vmt_space *space, const struct vmt_image *image, vmt_step_fn *done,
		    void *data);

/*
 * Takes over a space as it is found, one step a VMA (VMT_CAUSE_FOUND), for a process that was
 * attached to. @image as for an exec, with vm_flags if they could be read. The space must be new.
 */
void vmt_space_attach(struct vmt_space *space, const struct vmt_image *image, vmt_step_fn *done,
		      void *data);

/*
 * A step has taken over @rows of the kernel, which come without VmFlags: vmt_space_refresh_flags()
 * may give them some as long as this runs. @data is that of the steps.
 */
typedef void vmt_adopted_fn(void *data, struct vmt_space *space, const struct vmt_layout *rows);

/*
 * A copy as dup_mmap() (mm/mmap.c) makes it for fork, as the first steps of the new space, one a
 * VMA. @layout is what the kernel shows of the child, NULL if it could not be read; @adopted is
 * called if it differs from the copy, and may be NULL.
 */
struct vmt_space *vmt_space_fork(struct vmt_space *parent, uint32_t number,
				 const struct vmt_layout *layout, vmt_step_fn *done,
				 vmt_adopted_fn *adopted, void *data);

/*
 * Another task may have moved the break while fork copied it: the next answer of brk that is no new
 * break tells where it is.
 */
void vmt_space_doubt_break(struct vmt_space *space);

/* Opens a step: clears it and remembers the layout before. One step of a space at a time. */
void vmt_step_begin(struct vmt_space *space, struct vmt_step *step);

/*
 * To be called when a mapping call is entered, before the kernel runs it: looks at the pages that
 * the call may take away, where what they show will matter later. Makes no step.
 */
void vmt_space_foresee(struct vmt_space *space, const struct vmt_event *event);

/* Predicts a call's outcome from @event's arguments, then does what the kernel did (its result). */
void vmt_space_call(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step);

/*
 * The lowest VM_GROWSDOWN VMA that starts at or above @above; false if there is none. Nearly always
 * that is the stack, but a program can map others.
 */
bool vmt_space_grower(const struct vmt_space *space, uint64_t above, uint64_t *ret_start,
		      uint64_t *ret_end);

/*
 * Finds out whether the bottom of a VM_GROWSDOWN VMA has moved: @row is the kernel's VMA at its
 * top. Returns true when it grew; the step was begun, says so, and is to be ended.
 */
bool vmt_space_grow(struct vmt_space *space, const struct vmt_mapping *row, struct vmt_step *step);

/*
 * Whether the borders of [start, end), which @step changed, were borders of VMAs before it and are
 * after it. Then the kernel's answer for the inside tells of the VMAs around it too: one that had
 * been merged or cut would reach across a border.
 *
 *	before   [ A ]         [ B ]        [ A ][ C ][ B ]        [ A ][ C ][ B ]
 *	after    [ A ][ new ][ B ]          [ A ]     [ B ]        [ A ][ C' ][ B ]
 *	              mmap                     munmap                 mprotect
 */
bool vmt_step_keeps_borders(const struct vmt_space *space, const struct vmt_step *step,
			    uint64_t start, uint64_t end);

/*
 * The ranges that must be asked of the kernel to check @step, by @index from 0; false behind the
 * last one. Most steps have one, a move has two, a step that changed nothing may have none.
 */
bool vmt_step_range(const struct vmt_space *space, const struct vmt_step *step, unsigned index,
		    uint64_t *ret_start, uint64_t *ret_end);

/* What vmt_space_check() found. */
enum vmt_compared {
	VMT_COMPARED_EQUAL,
	VMT_COMPARED_TAKEN_OVER, /* they differed; the space is now as the kernel says */
	VMT_COMPARED_ASK_WIDER, /* they differ: ask again, with names, for *start, *end as they are now */
};

/*
 * Compares the model's VMAs that overlap or touch [start, end) with the kernel's @rows of the same
 * range. A difference is taken over, and step->check and reason are set. Rows with a NULL name
 * leave the model's names alone.
 */
enum vmt_compared vmt_space_check(struct vmt_space *space, const struct vmt_layout *rows,
				  uint64_t *start, uint64_t *end, struct vmt_step *step);

/* Does a userfaultfd serve any of the space, as far as is known? */
bool vmt_space_has_uffd(const struct vmt_space *space);

/*
 * Takes the registrations away that the kernel has no more: @rows are its layout, @words the VmFlags
 * of each row. True if there were any; the step was begun, says so, and is to be checked and ended.
 */
bool vmt_space_release_uffd(struct vmt_space *space, const struct vmt_layout *rows,
			    const char *const *words, struct vmt_step *step);

/*
 * Names of files change without a call ("… (deleted)"): takes over the kernel's names of the VMAs that
 * have exactly a row's range and file. True if any was another; the step was begun, says so, and is
 * to be ended.
 */
bool vmt_space_rename(struct vmt_space *space, const struct vmt_layout *rows,
		      struct vmt_step *step);

/*
 * After something was taken over: the flags of the VMA that has exactly @row's range, as smaps'
 * @words. Those that smaps has no word for (protection keys) stay as they are. Returns the flags that
 * were others.
 */
uint64_t vmt_space_refresh_flags(struct vmt_space *space, const struct vmt_mapping *row,
				 const char *words);

/* The same as a part of the check: a difference is taken over, and step->check and reason say so. */
uint64_t vmt_space_check_flags(struct vmt_space *space, const struct vmt_mapping *row,
			       const char *words, struct vmt_step *step);

/* Whether the rows for vmt_space_check() should come with names: the step maps a file. */
bool vmt_step_wants_names(const struct vmt_step *step);

/* Takes a step back that changed nothing; it gets no number. */
void vmt_step_cancel(struct vmt_space *space);

/* Closes a step: numbers it, lists what was removed and added. */
void vmt_step_end(struct vmt_space *space, struct vmt_step *step);

/* The current layout as maps prints it, gate pages last, with history. Owner: the caller. */
struct vmt_view_list {
	VMT_ARRAY(struct vmt_vma_view) rows;
	VMT_ARRAY(uint32_t) step_numbers;
};
void vmt_space_view(const struct vmt_space *space, struct vmt_view_list *ret_list);
void vmt_view_list_deinit(struct vmt_view_list *list);

/* The VMA at an address as maps would print it; false if there is none. */
bool vmt_space_find(const struct vmt_space *space, uint64_t address, struct vmt_mapping *ret_map);

/*
 * The VMA of the program's executable and interpreter names, for annotate; "" if unknown.
 */
const char *vmt_space_exe(const struct vmt_space *space);
const char *vmt_space_interp(const struct vmt_space *space);

#endif
