/* SPDX-License-Identifier: MIT */
/*
 * trace: the only room that calls ptrace, waits for processes, or reads /proc of the target. It
 * turns a running tree of processes into a sequence of events, and answers questions about a
 * stopped task. It never writes to the target.
 *
 * The loop of a user:
 *
 *	tracer = vmt_tracer_new(&options);
 *	vmt_tracer_spawn(tracer, argv, &error);		or vmt_tracer_attach(), for each process
 *	while (vmt_tracer_next(tracer, &event, &error) > 0)
 *		look(&event);          the task of the event stays stopped until the next call
 *	status = vmt_tracer_status(tracer);
 *
 * Requires Linux 5.3 (PTRACE_GET_SYSCALL_INFO).
 */
#ifndef VMTRACE_TRACE_H
#define VMTRACE_TRACE_H

#include "vmtrace/base.h"
#include "vmtrace/event.h"
#include "vmtrace/image.h"

struct vmt_tracer;

enum {
	VMT_STACK_DEPTH_MAX = 1024, /* the most frames that a stack is followed for */
};

/* Whose steps are reported, beside those of the program that was started or attached to. */
enum vmt_follow {
	VMT_FOLLOW_ALL, /* all threads and child processes, and theirs */
	/*
	 * The program's threads. A child process counts as one of them for as long as it shares the
	 * program's memory (vfork, CLONE_VM): what it maps, the program has.
	 */
	VMT_FOLLOW_THREADS,
	VMT_FOLLOW_NONE, /* the first thread, or the one that was attached to, alone */
};

struct vmt_tracer_options {
	enum vmt_follow follow;
	/*
	 * While there is one task, keep it and vmtrace on one CPU. What the task asks for or hands
	 * on is its own mask, but /proc shows the narrow one. Not for attaching: a vmtrace that is
	 * killed could not give the mask back.
	 */
	bool pin;
	bool faults; /* watch page faults, where the kernel allows that */
	bool no_seccomp; /* stop at every call of the target instead of at mapping calls */
	bool no_aslr; /* start the target with ADDR_NO_RANDOMIZE */
	unsigned stack_depth; /* frames to find of the stack of each call; 0: no stacks */
	struct vmt_names *names; /* pool for every name in events and layouts; not owned */
	/* Says one line that the user should see ("seccomp refused: … "); may be NULL. */
	void (*notice)(void *data, const char *line);
	void *notice_data;
};

struct vmt_tracer *vmt_tracer_new(const struct vmt_tracer_options *options);
void vmt_tracer_free(struct vmt_tracer *tracer);

/*
 * Starts argv[0] (looked up in PATH as a shell does) under the tracer. Returns 0, or a negative
 * errno: -ENOENT, -EACCES, -ENOEXEC … of the execve itself (vmt_tracer_exec_failed() is then
 * true), else of the tracing (then the error line says which setting forbids it).
 */
VMT_MUST_CHECK int vmt_tracer_spawn(struct vmt_tracer *tracer, char *const argv[],
				    struct vmt_error *error);
bool vmt_tracer_exec_failed(const struct vmt_tracer *tracer);

/*
 * Attaches to the process that @pid, one of its threads, belongs to; may be called again for other
 * processes before the first vmt_tracer_next(). Each gives an ATTACH event when all of its threads
 * stand. No filter is used, and nothing dies with vmtrace. An interrupt of vmtrace (INT, TERM, HUP)
 * then ends the trace: SPACE_END for every space, all tasks go on untraced, next() returns 0.
 * Returns 0, or a negative errno with a line that says what forbids it.
 */
VMT_MUST_CHECK int vmt_tracer_attach(struct vmt_tracer *tracer, pid_t pid, struct vmt_error *error);

/*
 * Lets the task of the last event go on and waits for the next event. Returns 1 with *ret_event
 * set, 0 when no traced task is left, or a negative errno. Pointers in the event are good until
 * the next call; names live as long as their pool.
 */
VMT_MUST_CHECK int vmt_tracer_next(struct vmt_tracer *tracer, struct vmt_event *ret_event,
				   struct vmt_error *error);

/* How the first process ended. */
struct vmt_exit {
	bool known; /* false while it runs, or if it was lost */
	int code; /* exit status, when signal is 0 */
	int signal; /* the signal that killed it, else 0 */
};
struct vmt_exit vmt_tracer_exit(const struct vmt_tracer *tracer);

/* ---- Page faults, with options.faults ------------------------------------------------------- */

/* A page fault of a followed task, whatever became of it. */
struct vmt_fault {
	uint64_t time_ns; /* since the trace began, when the task came to run before it */
	uint64_t address; /* that was touched, to the byte */
	uint32_t space;
	pid_t tid;
	bool kernel; /* made by the kernel for the task, as read(2) does into a buffer */
};

/*
 * The faults since the last call, up to the last event: those of each task in their order, those of
 * tasks that ran at the same time in the order in which the tasks came to run. *ret_faults is good until the next vmt_tracer_next(). Returns their number. Where many
 * faults come and nothing else happens, vmt_tracer_next() says so by a VMT_EVENT_FAULTS.
 */
size_t vmt_tracer_faults(struct vmt_tracer *tracer, const struct vmt_fault **ret_faults);

/* Which faults are seen. */
enum vmt_fault_view {
	VMT_FAULTS_NOT, /* none: not asked for, or refused; then one line said so */
	VMT_FAULTS_USER, /* those of user mode (kernel.perf_event_paranoid) */
	VMT_FAULTS_ALL, /* those that the kernel makes for a task too */
};
enum vmt_fault_view vmt_tracer_fault_view(const struct vmt_tracer *tracer);

/* Faults so far that were counted and could not be recorded. */
uint64_t vmt_tracer_faults_lost(const struct vmt_tracer *tracer);

/* ---- Questions about a task that stands stopped ------------------------------------------- */

/*
 * The whole of /proc/PID/maps, in one read as far as the kernel allows, as rows with names from
 * @names. Gate pages are included and marked. @ret_layout is cleared first; on error it is empty.
 * -ESRCH when the task has gone or has no memory any more.
 */
VMT_MUST_CHECK int vmt_proc_maps(pid_t pid, struct vmt_names *names, struct vmt_layout *ret_layout);
void vmt_layout_deinit(struct vmt_layout *layout);

/* Parses the text of a maps file that was read elsewhere; -EINVAL with nothing added if a line is not one. */
VMT_MUST_CHECK int vmt_maps_parse(const char *text, size_t length, struct vmt_names *names,
				  struct vmt_layout *ret_layout);

/*
 * One address space as the kernel answers about it: keeps /proc/PID/maps open for PROCMAP_QUERY
 * (Linux 6.11), or falls back to reading its text; and /proc/PID/pagemap.
 */
struct vmt_probe;

/* -ESRCH if the task has gone; -EACCES or -EPERM if the kernel does not let us look. */
VMT_MUST_CHECK int vmt_probe_new(pid_t pid, struct vmt_names *names, struct vmt_probe **ret_probe);
void vmt_probe_free(struct vmt_probe *probe);

/*
 * Every VMA that overlaps or touches [start, end): those inside, and the neighbour on each side
 * when it ends at @start or begins at @end. @with_names false leaves name NULL (cheaper); gate
 * pages are not included. @ret_rows is cleared first. Cost: one query a VMA, about 0.5 us.
 */
VMT_MUST_CHECK int vmt_probe_range(struct vmt_probe *probe, uint64_t start, uint64_t end,
				   bool with_names, struct vmt_layout *ret_rows);

/*
 * The first VMA that ends above @address; -ENOENT if there is none. Its name may be NULL without
 * @with_name (cheaper).
 */
VMT_MUST_CHECK int vmt_probe_find(struct vmt_probe *probe, uint64_t address, bool with_name,
				  struct vmt_mapping *ret_row);

/*
 * Fills in everything of @image that comes from /proc and the auxiliary vector (the ELF parts and
 * has_exe, has_interp stay untouched). A part that cannot be read is left zero.
 */
VMT_MUST_CHECK int vmt_proc_image(pid_t pid, struct vmt_names *names, struct vmt_image *ret_image);
/* Fills in image->vm_flags for the rows of image->layout; leaves it empty where smaps is missing. */
void vmt_proc_vm_flags(pid_t pid, struct vmt_names *names, struct vmt_image *image);
/* Fills in image->filesystems; a file system that a process serves is FUSE, and is not asked. */
void vmt_proc_filesystems(pid_t pid, struct vmt_image *image);
void vmt_image_deinit(struct vmt_image *image);

/*
 * Opens a file as the target sees it, for reading: /proc/PID/exe when @path is NULL, else
 * /proc/PID/root/@path. Refuses what is not a regular file.
 * Returns a descriptor that is closed on exec, or a negative errno.
 */
VMT_MUST_CHECK int vmt_proc_open(pid_t pid, const char *path);
/*
 * Opens the file behind the file VMA @map of the task for reading, also one that was deleted:
 * /proc/PID/map_files where that is allowed, else its path below the target's root directory or below
 * ours, if it is still the same inode (-ESTALE if not). Refuses what is not a regular file, as vmt_proc_open() does.
 */
VMT_MUST_CHECK int vmt_proc_open_mapped(pid_t pid, const struct vmt_mapping *map);

/* Reads target memory; returns bytes read (may be short) or a negative errno. */
VMT_MUST_CHECK long vmt_proc_read(pid_t pid, uint64_t address, void *ret_bytes, size_t length);

/*
 * Whether a private page of [start, end) was written: any page that is there, or swapped out, and
 * is neither a file's nor the zero page (PAGEMAP_SCAN, Linux 6.7, else pagemap). False where the
 * kernel does not tell.
 */
bool vmt_probe_written(struct vmt_probe *probe, uint64_t start, uint64_t end);

/*
 * What the kernel shows of the page at @address, which lies in @map: the one that covers it, or
 * the next above, whose flags tell about growth, or NULL. What it does not show is left unknown. -ESRCH if the task has
 * gone. Names come from @names.
 */
VMT_MUST_CHECK int vmt_proc_page(pid_t pid, uint64_t address, const struct vmt_mapping *map,
				 struct vmt_names *names, struct vmt_page_state *ret_state);

/*
 * The page tables that the running kernel uses, for 32-bit programs too. -ENOTSUP where that cannot
 * be found out.
 */
VMT_MUST_CHECK int vmt_kernel_geometry(const struct vmt_geometry **ret_geometry);

/* What a page is, as far as the kernel shows. */
enum vmt_page_kind {
	VMT_PAGE_PRESENT = 1,
	VMT_PAGE_SWAPPED = 2,
	VMT_PAGE_FILE = 4, /* a page of a file, or of shared memory */
	VMT_PAGE_HUGE = 8, /* one entry of a higher level maps it, with its neighbours */
	VMT_PAGE_GUARD = 16, /* marked by MADV_GUARD_INSTALL */
};

/* Neighbouring pages of one kind. */
struct vmt_page_run {
	uint64_t start;
	uint64_t end;
	unsigned kind; /* enum vmt_page_kind */
};

struct vmt_page_runs {
	struct vmt_page_run *data;
	size_t count;
	size_t capacity;
};

/*
 * Adds to @ret_runs the pages of [start, end) that are there: present, swapped out or marked. 0, or
 * a negative errno with what was found until then. Cost: some 7 us for each 2 MiB of pages
 * (PAGEMAP_SCAN); before Linux 6.7 it grows with the size of what is mapped there, -EFBIG if one
 * mapping has more than 16 GiB, and huge and guard pages are not told apart.
 */
VMT_MUST_CHECK int vmt_probe_pages(struct vmt_probe *probe, uint64_t start, uint64_t end,
				   struct vmt_page_runs *ret_runs);

/* VmPTE of /proc/PID/status: what the kernel charges the task for page tables. */
VMT_MUST_CHECK int vmt_proc_page_table_kib(pid_t pid, uint64_t *ret_kib);

/*
 * Is the task under more seccomp filters than vmtrace itself, which a container may have put under
 * one (Seccomp_filters: of /proc/PID/status, 5.9)? False if it has gone.
 */
bool vmt_proc_has_filter(pid_t pid);

/* Who answered a call that the task of @event, which stands at its end, has made. */
enum vmt_answer {
	VMT_ANSWER_UNKNOWN, /* only root may read filters */
	VMT_ANSWER_KERNELS,
	VMT_ANSWER_THEIRS, /* the program's own seccomp filters, in the kernel's place */
};
enum vmt_answer vmt_proc_filters_answer(const struct vmt_event *event);

/* Is @fd of the process the userfaultfd with this inode? */
bool vmt_proc_is_uffd(pid_t pid, int fd, uint64_t inode);
/* A descriptor of that userfaultfd in the process, -1 if it has none. */
int vmt_proc_find_uffd(pid_t pid, uint64_t inode);

/* Has the process a descriptor of an io_uring? */
bool vmt_proc_has_io_uring(pid_t pid);

/* Threads of the process; -ESRCH if it has gone. */
VMT_MUST_CHECK int vmt_proc_thread_count(pid_t pid, uint64_t *ret_count);

/* Settings of the kernel that decide what calls may do; the usual values where one is unreadable. */
struct vmt_kernel_facts {
	uint64_t max_map_count; /* vm.max_map_count */
	uint64_t mmap_min_addr; /* vm.mmap_min_addr */
	unsigned overcommit; /* vm.overcommit_memory: 0, 1 or 2 */
	uint64_t memory_bytes; /* RAM and swap */
	uint64_t page_size_bytes;
	unsigned possible_cpus;
	uint64_t shmem_unit_bytes; /* shared anonymous memory is placed for such pages; 0 none */
	bool pkeys; /* the processor has protection keys, and the kernel uses them */
};
void vmt_kernel_facts(struct vmt_kernel_facts *ret_facts);

/* ---- The rules that differ between kernels -------------------------------------------------- */

/* What a self-test of the running kernel said. */
enum vmt_rule {
	VMT_RULE_UNKNOWN, /* it could not be made, or proved nothing */
	VMT_RULE_NO,
	VMT_RULE_YES,
};

/* Which anonymous mappings without a hint are aligned to 2 MiB. */
enum vmt_rule_align {
	VMT_ALIGN_UNKNOWN,
	VMT_ALIGN_NEVER,
	VMT_ALIGN_FROM_2M, /* those of 2 MiB and more */
	VMT_ALIGN_MULTIPLES, /* those whose length is a multiple of 2 MiB */
};

/* The rules of the running kernel. Each line says what YES means. */
struct vmt_kernel_rules {
	/* What only touches the range of brk is labelled [heap] as well. */
	enum vmt_rule heap_label_inclusive;
	/* A VMA that is modified joins an unwritten neighbour only if it is unwritten itself. */
	enum vmt_rule modify_needs_both_anon;
	/* A new mapping that could join either neighbour, but not both, joins the one above. */
	enum vmt_rule new_prefers_next;
	/* A VMA with a close hook (System V memory) never merges. */
	enum vmt_rule close_never_merges;
	/* Private memory that was never written loses VM_ACCOUNT when it becomes unwritable. */
	enum vmt_rule unaccount_unfaulted;
	/* MAP_STACK keeps huge pages away (VM_NOHUGEPAGE). */
	enum vmt_rule stack_nohuge;
	enum vmt_rule_align thp_align;
	/* The heap can become part of a VMA that ends where it begins. */
	enum vmt_rule brk_merges_below;
	/* brk gives up a range in which nothing is mapped. */
	enum vmt_rule brk_shrinks_holes;
	/* The vdso lies above the stack. */
	enum vmt_rule vdso_above_stack;
	/* mremap moves a range that spans several VMAs. */
	enum vmt_rule mremap_many;
	/* There is mseal. */
	enum vmt_rule mseal;
	/* MADV_GUARD_INSTALL marks the VMA (VM_MAYBE_GUARD). */
	enum vmt_rule guard_flag;
	/* MADV_DONTNEED frees the page tables that it empties whole (CONFIG_PT_RECLAIM). */
	enum vmt_rule table_reclaim;
	/* madvise says ENOMEM where it cannot split, not EAGAIN; from the release, not tested. */
	enum vmt_rule madvise_split_enomem;
	/* There is MAP_DROPPABLE. */
	enum vmt_rule droppable;
	/* Which numbers madvise knows, a bit each for 0 to 127; nothing is known if both are 0. */
	uint64_t advice[2];
	/* MADV_GUARD_INSTALL takes files and shared memory too. */
	enum vmt_rule guard_files;
	/* process_madvise on the own process takes any advice. */
	enum vmt_rule process_advice_any;
	/* There is MPOL_WEIGHTED_INTERLEAVE. */
	enum vmt_rule policy_weighted;
	/* mremap unmaps its target before it looks at what the old range crosses. */
	enum vmt_rule mremap_clears_first;
	/* mremap says EFAULT of an old address that is not mapped before EINVAL of the new one. */
	enum vmt_rule mremap_looks_first;
	/* MREMAP_DONTUNMAP compares the lengths in bytes, not in pages. */
	enum vmt_rule mremap_raw_lengths;
	/* What MREMAP_DONTUNMAP empties merges with new memory beside it. */
	enum vmt_rule dontunmap_resets_offset;
	/* MREMAP_DONTUNMAP takes the lock of the range only, not of its whole VMA. */
	enum vmt_rule dontunmap_splits_locked;
	/* The copy of MREMAP_DONTUNMAP does not merge with the source. */
	enum vmt_rule dontunmap_keeps_source;
	/* PR_SET_MEMORY_MERGE marks new memory after it was to merge. */
	enum vmt_rule ksm_after_merge;
	/* Private mappings of /dev/zero are placed for huge pages. */
	enum vmt_rule zero_thp_align;
	/* A userfaultfd may serve droppable memory. */
	enum vmt_rule uffd_droppable;
	/* A hint for huge pages is rounded down. */
	enum vmt_rule huge_hint_down;
	/* process_madvise takes PIDFD_SELF_THREAD. */
	enum vmt_rule pidfd_self;
	/* A mapping that a limit forbids cuts nothing. */
	enum vmt_rule limits_before_cuts;
	/* [vvar] is VM_MIXEDMAP. */
	enum vmt_rule vvar_mixed;
	/* [vvar] is not VM_IO. */
	enum vmt_rule vvar_not_io;
	/* Rings of io_setup are VM_DONTCOPY; found by vmt_kernel_rules_probe_ring(). */
	enum vmt_rule ring_not_copied;
	/* A hint above 2^47 is taken. */
	enum vmt_rule wide_addresses;
	/* smaps does not show VM_LOCKONFAULT. */
	enum vmt_rule onfault_hidden;
	/* Lowest address that a hint is raised to, in bytes; 0 unless known. */
	bool min_address_known;
	uint64_t min_address;
};

/*
 * Tests the rules in a child, which takes a few milliseconds, has no exit signal and is reaped
 * here: to be called while no other child's end is waited for by any thread. Returns 0 with what
 * could be found, or a negative errno if there could be no child.
 */
VMT_MUST_CHECK int vmt_kernel_rules_probe(struct vmt_kernel_rules *ret_rules);

/* The same for ring_not_copied alone, whose trial takes tens of milliseconds. */
VMT_MUST_CHECK int vmt_kernel_rules_probe_ring(struct vmt_kernel_rules *rules);

/* The kernel's release, "6.18.44"; static text. */
const char *vmt_kernel_release(void);

#endif
