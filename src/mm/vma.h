/* SPDX-License-Identifier: MIT */
/*
 * vma: one VMA with every attribute that decides whether it may merge (struct vm_area_struct,
 * include/linux/mm_types.h), and how /proc/PID/maps would print it.
 */
#ifndef MM_VMA_H
#define MM_VMA_H

#include "vmtrace/base.h"
#include "vmtrace/image.h"
#include "vmtrace/mm.h"

/* How get_unmapped_area() chooses: which of the file's, or the memory's, own rules. */
struct vmt_placing {
	enum vmt_placing_kind {
		VMT_PLACING_PLAIN, /* mm_get_unmapped_area() */
		VMT_PLACING_ANONYMOUS, /* private, without a file: as the kernel's THP rule says */
		VMT_PLACING_THP, /* thp_get_unmapped_area(): room for 2 MiB pages */
		VMT_PLACING_SHMEM, /* shmem_get_unmapped_area() */
		VMT_PLACING_HUGETLB, /* hugetlb_get_unmapped_area() */
	} kind;
	uint64_t
		unit_bytes; /* SHMEM: of the pages to make room for, 0 none; HUGETLB: of its pages */
};

/*
 * The mapped file. Two mappings have the same file if they came from the same open file
 * description (struct file), not the same inode; description tells them apart. A shared anonymous
 * mapping and each shmat have a fresh one.
 */
struct vmt_file {
	uint64_t description; /* 0: no file (vma->vm_file is NULL) */
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	const char *name; /* as maps prints it */
	/*
	 * dev, inode and name are the descriptor's, as fstat() saw them. maps may show others
	 * (overlayfs, shmem): whatever the kernel answers first is taken without a word.
	 */
	bool pending;
	bool unsure; /* a new mapping: its description may be another (vmt_space_set_across()) */
	bool anonymous; /* private /dev/zero: a file for merging, anonymous for its pages */
	struct vmt_placing placing;
	bool own_placement; /* the driver chooses addresses: moves only alone */
	bool hugetlb; /* of huge pages */
	bool sysv; /* an attach of System V shared memory */
	bool aio; /* a ring of io_setup() */
	bool shmem; /* its pages are shmem's: tmpfs, memfd, shared anonymous memory */
	bool sized; /* size_bytes is known */
	uint64_t size_bytes; /* as it was when it was mapped; sysv: of the segment */
};

struct vmt_vma {
	struct vmt_range range; /* first: the set's node */
	uint64_t flags; /* VMT_VM_… */
	uint64_t pgoff; /* pages; of the file, or the virtual page for private anon */
	struct vmt_file file;
	const char *special; /* vm_ops->name(): "[vdso]"; NULL for ordinary VMAs */
	const char *anon_name; /* PR_SET_VMA_ANON_NAME, NULL if none */
	uint64_t uffd; /* userfaultfd context, 0 none */
	uint32_t policy; /* mbind's policy, 0 none */
	uint32_t anon_vma; /* identity, VMT_ANON_… below */
	bool anon_forked; /* anon_vma came through fork: the chain has more than one entry */
	bool close_hook; /* vm_ops->close: a merge must not delete it */
	bool may_split; /* false: vdso and the like refuse to be cut */
	uint64_t
		split_bytes; /* it can be cut at multiples of this only (hugetlb); 0: at any page */
	bool found; /* first seen in the kernel's layout: what anon_vma it has is not known */
	bool gone; /* erased in this step; freed when the step ends */
	uint64_t looked; /* space->call when its pages were last looked at before a call */
	uint64_t empty; /* space->moment at which it, or what it was cut from, had no pages */
	uint64_t serial; /* of the last step that touched it (journal.h) */
};

enum {
	VMT_ANON_NONE = 0, /* no private page was ever written, as far as is known */
};

static inline uint64_t vmt_vma_start(const struct vmt_vma *vma)
{
	return vma->range.start;
}

static inline uint64_t vmt_vma_end(const struct vmt_vma *vma)
{
	return vma->range.end;
}

static inline struct vmt_vma *vmt_vma_of(const struct vmt_range *range)
{
	return (struct vmt_vma *)(uintptr_t)range;
}

static inline struct vmt_vma *vmt_vma_prev(const struct vmt_vma *vma)
{
	return vmt_vma_of(vma->range.prev);
}

static inline struct vmt_vma *vmt_vma_next(const struct vmt_vma *vma)
{
	return vmt_vma_of(vma->range.next);
}

/* vma_is_anonymous(): its pages come from no file. */
static inline bool vmt_vma_is_anon(const struct vmt_vma *vma)
{
	return (!vma->file.description || vma->file.anonymous) && !vma->special;
}

/* The flags behind the words of smaps, "rd wr mr"; words that are not known count for nothing. */
uint64_t vmt_vm_flags_parse(const char *words);

/* rwxs as maps prints them. */
unsigned vmt_vma_perms(const struct vmt_vma *vma);

#endif
