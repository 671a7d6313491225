/* SPDX-License-Identifier: MIT */
/*
 * Small readers of /proc/PID. PID may be a thread's id everywhere: a process whose first thread
 * has ended has no memory and no descriptors under its own number.
 */
#ifndef VMTRACE_TRACE_PROCFS_H
#define VMTRACE_TRACE_PROCFS_H

#include <sys/types.h>

#include "vmtrace/base.h"
#include "vmtrace/event.h"
#include "vmtrace/image.h"
#include "vmtrace/trace.h"

enum {
	VMT_PROC_PATH_BYTES = 96, /* "/proc/2147483647/map_files/" and two addresses, and room */
};

/* "/proc/@pid/@file" */
void vmt_procfs_path(char path[VMT_PROC_PATH_BYTES], pid_t pid, const char *file);
/* -@err, but -ESRCH for what the kernel says of a task that has gone. */
int vmt_procfs_errno(int err);

/* For VMT_CLEANUP; -1 is no descriptor. */
void vmt_fd_close(int *fd);

/* Opens /proc/@pid/@file for reading, closed on exec. -ESRCH if there is no such task. */
VMT_MUST_CHECK int vmt_procfs_open(pid_t pid, const char *file);
/* Adds everything from the current position of @fd on. */
VMT_MUST_CHECK int vmt_procfs_read_fd(int fd, struct vmt_str *ret_text);
/* The whole of a file under /proc/@pid. */
VMT_MUST_CHECK int vmt_procfs_read(pid_t pid, const char *file, struct vmt_str *ret_text);
/*
 * The number behind "@key" at the start of a line ("Tgid:", "CapEff:"), in @base. False if there
 * is none.
 */
bool vmt_procfs_number(const char *text, const char *key, int base, uint64_t *ret_number);
/* The target of a symbolic link under /proc/@pid, NUL-terminated; its length or -errno. */
VMT_MUST_CHECK long vmt_procfs_link(pid_t pid, const char *file, char *ret_target, size_t size);
/* e_machine and word size of the program that @pid runs. */
VMT_MUST_CHECK int vmt_procfs_elf(pid_t pid, uint16_t *ret_machine, unsigned *ret_word_bits);

/*
 * An O_PATH descriptor of @path below the target's root directory, or of its program if that is NULL: for
 * looking, not for reading (target-file.c). A negative errno if there is none, or -ETIMEDOUT.
 */
VMT_MUST_CHECK int vmt_procfs_find(pid_t pid, const char *path);
/* The same of the file that @map maps, or what has its name by now. */
VMT_MUST_CHECK int vmt_procfs_find_mapped(pid_t pid, const struct vmt_mapping *map);
/* Who has to be asked for what is read of the file that @where, an O_PATH descriptor, stands for? */
enum vmt_server {
	VMT_SERVER_KERNEL,
	VMT_SERVER_PROCESS, /* FUSE: perhaps a task that we let wait */
	VMT_SERVER_NETWORK,
};
enum vmt_server vmt_mount_server(pid_t pid, int where);

/*
 * How many of the @length bytes at @address lie in pages that are there, from the first one on, by the
 * open @pagemap (-1: none can be told): for them nobody has to be waited for, and none is made.
 */
size_t vmt_procfs_present(int pagemap, uint64_t address, size_t length);
/* vmt_proc_read() with the process's open pagemap. */
VMT_MUST_CHECK long vmt_procfs_read_by(int pagemap, pid_t pid, uint64_t address, void *ret_bytes,
				       size_t length);

/*
 * What @pid may do (task-rights.c). False if its personality could not be read; limits that cannot be
 * read count as none, capabilities as missing.
 */
bool vmt_procfs_rights(pid_t pid, struct vmt_rights *ret_rights);

/*
 * The pool of huge pages of @page_bytes, 0 for the size that is used where none is named (huge-pool.c).
 */
void vmt_huge_pool_read(uint64_t page_bytes, struct vmt_huge_pool *ret_pool);

/* Whether tmpfs mounts of the kernel's own (memfd, System V) have huge pages on. */
bool vmt_shmem_is_huge(void);
/* The page size for which shared anonymous memory is placed, 0 for none. */
uint64_t vmt_shmem_unit(void);

/* Has the processor protection keys, and does the kernel use them? (pkru.c) */
bool vmt_pkru_exists(void);

/* The rule of struct vmt_kernel_rules, tried in the calling process (reclaim.c). */
enum vmt_rule vmt_rule_table_reclaim(void);

/* Whether a private page of [start, end) was written, by the open pagemap @fd (pages.c). */
bool vmt_pages_written(int fd, uint64_t start, uint64_t end);
/*
 * Which of the categories @wanted (PAGE_IS_… of PAGEMAP_SCAN) the first pages of [start, end) have
 * that are in one of @any_of; 0 if none is. A negative errno where the kernel has no such request.
 */
VMT_MUST_CHECK int vmt_pages_categories(int fd, uint64_t start, uint64_t end, uint64_t any_of,
					uint64_t wanted, uint64_t *ret_categories);
/* Adds the pages that are there, by the open pagemap @fd; -ENOTTY if there is no PAGEMAP_SCAN. */
VMT_MUST_CHECK int vmt_pages_scan(int fd, uint64_t start, uint64_t end,
				  struct vmt_page_runs *ret_runs);
/* The same entry by entry: as many as the range has pages. No huge and no guard pages. */
VMT_MUST_CHECK int vmt_pages_read(int fd, uint64_t start, uint64_t end,
				  struct vmt_page_runs *ret_runs);

#endif
