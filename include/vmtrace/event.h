/* SPDX-License-Identifier: MIT */
/*
 * event: shared vocabulary, no functions. One observed fact about the target, as the tracer saw
 * it: an execve that succeeded, a mapping call that returned, a process that was born or ended.
 */
#ifndef VMTRACE_EVENT_H
#define VMTRACE_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vmtrace/arch.h"
#include "vmtrace/image.h"

enum vmt_event_kind {
	VMT_EVENT_EXEC, /* a new image; the task stands before its first instruction */
	VMT_EVENT_ATTACH, /* a space that was there before; all its threads stand, as far as can be */
	VMT_EVENT_FORK, /* a new space: a copy of parent_space; the child has not run yet */
	VMT_EVENT_ENTER, /* a mapping call that can change the layout is about to run */
	VMT_EVENT_CALL, /* a mapping call returned; the task stands at its exit stop */
	VMT_EVENT_CALL_LOST, /* a mapping call began and its exit was never seen (task killed) */
	VMT_EVENT_FAULTS, /* page faults are waiting (vmt_tracer_faults()); no task stands */
	VMT_EVENT_EXECVE, /* execve is about to run; if it succeeds the task leaves its space */
	VMT_EVENT_KILLED, /* a process dies by a signal; the task that got it still stands */
	VMT_EVENT_SPACE_END, /* the last task of a space is about to exit, or has gone */
};

/* The file behind a descriptor that a call used, as the target sees it. */
struct vmt_file_facts {
	bool known; /* the descriptor was open and could be read */
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	uint64_t size_bytes;
	uint32_t mode; /* st_mode */
	uint32_t flags; /* O_… of the open file description */
	uint32_t rdev_major; /* of a device file */
	uint32_t rdev_minor;
	uint64_t filesystem; /* statfs() magic, 0 unknown */
	uint64_t huge_page_bytes; /* hugetlbfs: of its pages; else 0 */
	bool shmem_huge; /* tmpfs, memfd: huge pages are on, so they are placed for them */
	bool noexec; /* mounted noexec */
	bool append_only; /* chattr +a */
	bool write_sealed; /* a memfd with F_SEAL_WRITE or F_SEAL_FUTURE_WRITE */
	uint64_t description; /* same number: same open file description (struct file), as far as
			       * the tracer could tell; 0 unknown */
	bool description_sure; /* the kernel said that it is this one, or none of those known */
	const char *name; /* readlink of /proc/PID/fd/N, from a names pool */
};

/* A pool of huge pages, as /sys/kernel/mm/hugepages shows it. Counts are of huge pages. */
struct vmt_huge_pool {
	bool known; /* it was looked for */
	uint64_t page_bytes; /* 0: the kernel has no pages of the size that was asked for */
	uint64_t total;
	uint64_t free;
	uint64_t reserved; /* of the free ones, promised to mappings */
	uint64_t overcommit; /* that may be made beyond the pool */
	uint64_t surplus; /* that were made so */
};

/* The signal that a process dies by, as siginfo_t of its delivery has it. */
struct vmt_death {
	int signal;
	bool known; /* its delivery was seen: what follows is right */
	int code; /* si_code */
	uint64_t address; /* si_addr of a fault */
	unsigned pkey; /* si_pkey of SEGV_PKUERR */
	pid_t sender; /* of kill(2) and the like; 0: the kernel, or one in another pid namespace */
	/* The handler of this signal could not be called, for its frame did not fit on the stack; or 0. */
	int handler_of;
};

/* Where a stack ends on its outer side. */
enum vmt_stack_end {
	VMT_STACK_WHOLE, /* nobody called the outermost frame */
	VMT_STACK_DEPTH, /* there are more frames than were asked for */
	VMT_STACK_LOST, /* no way was found to the next frame */
};

/*
 * One frame of a call stack, linked outwards. Stacks are kept once: equal frames with equal callers
 * are the same struct, which lives as long as the tracer. A stack is its innermost frame.
 *
 *	mmap() in libc  ->  load() in the program  ->  main()  ->  ...
 *	.caller ---------^  .caller ---------------^  .caller
 */
struct vmt_frame {
	struct vmt_frame *caller; /* NULL: outermost */
	uint64_t ip; /* the innermost: behind the instruction that made the call */
	/*
	 * The executable mapping that ip lies in, as it was when a stack first led there; NULL if there
	 * was none. ip - code->start + code->offset is the offset in the file.
	 */
	const struct vmt_mapping *code;
	uint32_t stack; /* number of the stack that begins here, from 1; 0: none does */
	enum vmt_stack_end end; /* of the outermost */
	bool exact; /* ip was about to be executed; else a call returns to it */
	bool guessed; /* found by frame pointers or by looks, not by call-frame information */

	/* Filled in by who reads the events; at first not resolved. */
	bool resolved; /* the symbol has been looked for */
	const char *symbol; /* of the function, as long as the reader keeps it; NULL if none */
	uint64_t symbol_offset; /* ip less the function's first address */
};

struct vmt_event {
	enum vmt_event_kind kind;
	pid_t pid; /* thread group */
	pid_t tid;
	uint64_t time_ns; /* since the trace began, CLOCK_MONOTONIC */
	const struct vmt_arch *arch; /* of the call; for EXEC and FORK of the program */

	uint32_t space; /* address space this is about; the tracer numbers them from 1 */
	uint32_t parent_space; /* FORK: copied from; EXEC: the space the task had, 0 if none */
	bool alive; /* SPACE_END: /proc/TID/maps can still be read; EXECVE: the task is the only one
		     * of its space, which then ends */
	bool replaced; /* SPACE_END: by the execve of which the last EXECVE told */
	bool order_inferred; /* another task that shares the space may have changed it: at the same
			      * time, or unseen because it is not followed */

	/* ENTER (no result yet), CALL, CALL_LOST */
	enum vmt_call_id call; /* IPC is resolved to SHMAT or SHMDT, old mmap keeps its name */
	uint64_t number; /* as the kernel was asked */
	uint64_t args[6]; /* old mmap: its six words; shmat through ipc: shmat's arguments */
	int64_t result; /* as the kernel returned it; shmat through ipc: the address it wrote */
	bool failed; /* result is -errno */
	/*
	 * process_madvise on another process that is followed, ioctl of a userfaultfd that serves
	 * another one: whose space changes; else 0.
	 */
	uint32_t target_space;
	pid_t target_pid;
	bool target_gone; /* ioctl: the userfaultfd served a space that has ended */
	/* CALL: what an argument points to could not be read, not in time at least. */
	bool unread;
	/* CALL: seen before any seccomp filter of the program's own, which may have answered it. */
	bool before_filters;
	bool exec_too_late; /* execve: it failed when the old program was gone, and kills the task */
	uint64_t ip;
	uint64_t sp;
	/* CALL, where the task could be asked: what it may do, as it was when the call began. */
	bool rights_known;
	struct vmt_rights rights;
	uint64_t
		uffd_features; /* ioctl of a userfaultfd: UFFD_FEATURE_… of its handshake, 0 unknown */
	/* mlock, mlock2 and advice to populate: the thread's PKRU register, where there is one. */
	bool pkru_known;
	uint32_t pkru;
	/*
	 * mmap with a descriptor, looked up before the call ran. shmat: the segment, of which only
	 * known, size_bytes and inode are set, and known only in vmtrace's own IPC namespace.
	 */
	struct vmt_file_facts file;
	struct vmt_huge_pool huge_pool; /* mmap of huge pages: as it was before the call ran */
	/*
	 * Words that the call read or wrote through a pointer, already fetched: io_setup: the
	 * context id; io_destroy: the first word of the ring; mbind: the node mask; prlimit: new
	 * soft and hard limit; set_thread_area: base_addr of its descriptor; prctl PR_SET_VMA: none; ioctl UFFDIO_REGISTER: start, length, mode;
	 * process_madvise on the own process: up to four pairs of start and length;
	 * shmat: the errno that a look for the segment gave, if it is not there. words_valid counts
	 * them, 0 if unreadable.
	 */
	uint64_t words[8];
	unsigned words_valid;
	char text[96]; /* PR_SET_VMA_ANON_NAME: the name; "" if none */
	bool text_valid;
	struct vmt_death death; /* KILLED */
	struct vmt_frame
		*stack; /* innermost frame at the entry of the call; NULL if not asked for */
};

#endif
