/* SPDX-License-Identifier: MIT */
/*
 * mmap, mmap2 and old mmap: do_mmap() (mm/mmap.c) and __mmap_region() (mm/vma.c) of 6.18. The tests
 * come in the kernel's order, because the first one that fails names the errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "account.h"
#include "edit.h"
#include "history.h"
#include "mmap.h"
#include "ops.h"
#include "path.h"
#include "place.h"

/* File systems whose get_unmapped_area() is thp_get_unmapped_area(), by statfs() magic. */
static const uint64_t huge_aligning[] = {
	0xef53, /* ext2, ext4 */
	0x58465342, /* xfs */
	0x9123683e, /* btrfs */
	0x65735546, /* fuse */
	0xe0f5e1e2, /* erofs */
};

static const uint64_t hugetlbfs = 0x958458f6;

enum {
	OVERLAYFS = 0x794c7630,
	TMPFS = 0x01021994, /* memfds too */
	CHARACTER_ZERO_MAJOR = 1, /* /dev/zero is character device 1:5 */
	CHARACTER_ZERO_MINOR = 5,
};

/* Flags that MAP_SHARED_VALIDATE accepts (LEGACY_MAP_MASK), MAP_SYNC aside. */
enum {
	HUGE_SIZE_FLAGS = 0x7c000000, /* MAP_HUGE_2MB and MAP_HUGE_1GB */
	USUAL_HUGE_SHIFT = 21, /* 2 MiB */
	LEGACY_FLAGS = MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE |
		       MAP_EXECUTABLE | VMT_MAP_UNINITIALIZED | MAP_GROWSDOWN | MAP_LOCKED |
		       MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB |
		       VMT_MAP_32BIT | VMT_MAP_ABOVE4G | HUGE_SIZE_FLAGS,
};

uint64_t vmt_prot_flags(uint64_t prot)
{
	uint64_t flags = 0;

	if (prot & PROT_READ)
		flags |= VMT_VM_READ;
	if (prot & PROT_WRITE)
		flags |= VMT_VM_WRITE;
	if (prot & PROT_EXEC)
		flags |= VMT_VM_EXEC;
	return flags;
}

static bool is_shared(const struct vmt_map_request *request)
{
	uint64_t type = request->flags & MAP_TYPE;

	return type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
}

static bool file_writable(const struct vmt_file_facts *file)
{
	return (file->flags & O_ACCMODE) == O_WRONLY || (file->flags & O_ACCMODE) == O_RDWR;
}

static bool file_readable(const struct vmt_file_facts *file)
{
	return (file->flags & O_ACCMODE) != O_WRONLY;
}

static bool is_dev_zero(const struct vmt_file_facts *file)
{
	return S_ISCHR(file->mode) && file->rdev_major == CHARACTER_ZERO_MAJOR &&
	       file->rdev_minor == CHARACTER_ZERO_MINOR;
}

/* Does the file's get_unmapped_area() make room for huge pages? */
static bool aligns_huge(const struct vmt_map_request *request)
{
	if (is_dev_zero(request->file))
		return !is_shared(request);
	for (size_t i = 0; i < vmt_countof(huge_aligning); i++) {
		if (request->file->filesystem == huge_aligning[i] && S_ISREG(request->file->mode))
			return true;
	}
	return false;
}

/* The VM flags that do_mmap() computes. */
static uint64_t mmap_vm_flags(const struct vmt_space *space, const struct vmt_map_request *request)
{
	uint64_t prot = request->prot;
	uint64_t map = request->flags;
	uint64_t flags = VMT_VM_MAYREAD | VMT_VM_MAYWRITE | VMT_VM_MAYEXEC | space->default_flags;

	if (prot & PROT_READ && space->personality & VMT_READ_IMPLIES_EXEC &&
	    !(request->file && request->file->noexec))
		prot |= PROT_EXEC;
	flags |= vmt_prot_flags(prot) | request->vm_flags;
	if (map & MAP_GROWSDOWN)
		flags |= VMT_VM_GROWSDOWN;
	if (map & MAP_LOCKED)
		flags |= VMT_VM_LOCKED;
	if (map & MAP_STACK && space->features.stack_nohuge)
		flags |= VMT_VM_NOHUGEPAGE;
	if (map & MAP_HUGETLB)
		flags |= VMT_VM_HUGETLB | VMT_VM_DONTEXPAND;
	if (is_shared(request)) {
		flags |= VMT_VM_SHARED | VMT_VM_MAYSHARE;
		if (request->file && !file_writable(request->file))
			flags &= ~(VMT_VM_MAYWRITE | VMT_VM_SHARED);
		else if (request->file && request->file->write_sealed && !(prot & PROT_WRITE))
			flags &= ~VMT_VM_MAYWRITE;
	}
	if (request->file && request->file->noexec)
		flags &= ~VMT_VM_MAYEXEC;
	if (map & MAP_NORESERVE && space->overcommit != VMT_OVERCOMMIT_NEVER)
		flags |= VMT_VM_NORESERVE;
	if (!request->file && (map & MAP_TYPE) == VMT_MAP_DROPPABLE)
		flags |= VMT_VM_DROPPABLE | VMT_VM_NORESERVE | VMT_VM_WIPEONFORK | VMT_VM_DONTDUMP;
	/* accountable_mapping() */
	if ((flags & (VMT_VM_NORESERVE | VMT_VM_SHARED | VMT_VM_WRITE)) == VMT_VM_WRITE &&
	    !(flags & VMT_VM_HUGETLB))
		flags |= VMT_VM_ACCOUNT;
	/* update_ksm_flags() */
	if (space->merge_any && !(flags & (VMT_VM_SHARED | VMT_VM_MAYSHARE | VMT_VM_DROPPABLE)))
		flags |= VMT_VM_MERGEABLE;
	return flags;
}

static struct vmt_file mmap_file(struct vmt_space *space, const struct vmt_map_request *request)
{
	bool shared = is_shared(request);
	const struct vmt_file_facts *facts = request->file;
	struct vmt_file file = { .name = "" };

	if (facts) {
		/* overlayfs swaps the file for the lower one after the merge was tried. */
		bool own = !facts->description || facts->filesystem == OVERLAYFS ||
			   (is_dev_zero(facts) && shared);

		file.description = own ? space->next_description++ : facts->description;
		file.dev_major = facts->dev_major;
		file.dev_minor = facts->dev_minor;
		file.inode = facts->inode;
		file.name = facts->name ? facts->name : "";
		file.pending = true;
		file.anonymous = is_dev_zero(facts) && !shared;
		file.own_placement = request->sysv || file.anonymous;
		file.shmem = facts->filesystem == TMPFS && !request->sysv;
		file.sized = S_ISREG(facts->mode) || request->sysv;
		file.size_bytes = facts->size_bytes;
	} else if (shared || request->flags & MAP_HUGETLB) {
		/* shmem_zero_setup(): a file of its own for every mapping */
		file.description = space->next_description++;
		file.name = request->flags & MAP_HUGETLB ? "/anon_hugepage (deleted)"
							 : "/dev/zero (deleted)";
		file.pending = true;
	}
	/* shmem_zero_setup() makes a file as long as the mapping, wherever in it that begins. */
	if (shared && (!facts || is_dev_zero(facts))) {
		file.shmem = true;
		file.sized = true;
		file.size_bytes = vmt_page_up(space, request->length);
	}
	return file;
}

/* The switch over MAP_TYPE for a mapped file. */
static int refuse_file(struct vmt_space *space, const struct vmt_map_request *request)
{
	const struct vmt_file_facts *file = request->file;
	uint64_t length = vmt_page_up(space, request->length);

	/* file_mmap_ok() */
	if ((S_ISREG(file->mode) || S_ISBLK(file->mode)) &&
	    request->pgoff > vmt_pages(space, (uint64_t)INT64_MAX - length))
		return vmt_refuse(space, EOVERFLOW, VMT_WHY_OFFSET_WRAPS);
	switch (request->flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (request->flags & ~(uint64_t)LEGACY_FLAGS)
			return vmt_refuse(space, EOPNOTSUPP, VMT_WHY_BAD_FLAGS);
		/* fall through */
	case MAP_SHARED:
		if (request->prot & PROT_WRITE && !file_writable(file))
			return vmt_refuse(space, EACCES, VMT_WHY_FILE_READ_ONLY);
		if (file->append_only && file_writable(file))
			return vmt_refuse(space, EACCES, VMT_WHY_FILE_APPEND_ONLY);
		break;
	case MAP_PRIVATE:
		break;
	default:
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_TYPE);
	}
	if (!file_readable(file))
		return vmt_refuse(space, EACCES, VMT_WHY_FILE_WRITE_ONLY);
	if (file->noexec && request->prot & PROT_EXEC)
		return vmt_refuse(space, EPERM, VMT_WHY_FILE_NOEXEC);
	if (!S_ISREG(file->mode) && !S_ISCHR(file->mode) && !S_ISBLK(file->mode) &&
	    file->mode & S_IFMT)
		return vmt_refuse(space, ENODEV, VMT_WHY_FILE_NO_MMAP);
	if (request->flags & MAP_GROWSDOWN)
		return vmt_refuse(space, EINVAL, VMT_WHY_GROWSDOWN_TYPE);
	/* memfd_check_seals_mmap() */
	if (file->write_sealed && is_shared(request) && file_writable(file) &&
	    request->prot & PROT_WRITE)
		return vmt_refuse(space, EPERM, VMT_WHY_FILE_SEALED);
	return 0;
}

/* The same for anonymous memory. */
static int refuse_anonymous(struct vmt_space *space, const struct vmt_map_request *request)
{
	switch (request->flags & MAP_TYPE) {
	case MAP_SHARED:
		if (request->flags & MAP_GROWSDOWN)
			return vmt_refuse(space, EINVAL, VMT_WHY_GROWSDOWN_TYPE);
		return 0;
	case MAP_PRIVATE:
		return 0;
	case VMT_MAP_DROPPABLE:
		if (!space->features.droppable)
			return vmt_refuse(space, EINVAL, VMT_WHY_BAD_TYPE);
		if (request->flags & (MAP_LOCKED | MAP_HUGETLB | MAP_GROWSDOWN))
			return vmt_refuse(space, EINVAL, VMT_WHY_DROPPABLE_MIX);
		return 0;
	default:
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_TYPE);
	}
}

/* What do_mmap() refuses before it looks for an address. */
static int refuse_early(struct vmt_space *space, const struct vmt_map_request *request)
{
	uint64_t pages = vmt_pages(space, vmt_page_up(space, request->length));

	if (!request->length)
		return vmt_refuse(space, EINVAL, VMT_WHY_LENGTH_ZERO);
	if (!pages || vmt_page_up(space, request->length) < request->length)
		return vmt_refuse(space, ENOMEM, VMT_WHY_LENGTH_WRAPS);
	if (request->pgoff + pages < request->pgoff)
		return vmt_refuse(space, EOVERFLOW, VMT_WHY_OFFSET_WRAPS);
	if (space->vmas.count > space->max_map_count)
		return vmt_why_limit(space, VMT_WHY_MAP_LIMIT);
	return 0;
}

/* security_mmap_addr(): cap_mmap_addr() */
static int refuse_low(struct vmt_space *space, uint64_t address)
{
	if (address >= space->min_address || space->raw_io)
		return 0;
	vmt_why(space, VMT_WHY_BELOW_MIN, address, space->min_address, 0, 0);
	return -EPERM;
}

/* What do_mmap() and __mmap_prepare() refuse once the address is known. */
static int refuse_late(struct vmt_space *space, const struct vmt_map_request *request,
		       uint64_t address, uint64_t vm_flags, bool *ret_certain)
{
	uint64_t length = vmt_page_up(space, request->length);
	const struct vmt_vma *over = vmt_find_vma(space, address);
	int error;

	if (request->flags & MAP_FIXED_NOREPLACE && over &&
	    vmt_vma_start(over) < address + length) {
		vmt_why(space, VMT_WHY_NOREPLACE, vmt_vma_start(over), vmt_vma_end(over), 0, 0);
		return -EEXIST;
	}
	if (request->flags & MAP_LOCKED && !space->may_lock && !space->limits[VMT_LIMIT_MEMLOCK])
		return vmt_refuse(space, EPERM, VMT_WHY_LOCK_FORBIDDEN);
	error = vmt_may_lock_more(space, vm_flags, length);
	if (!error)
		error = request->file ? refuse_file(space, request)
				      : refuse_anonymous(space, request);
	if (!error && vmt_deny_write_exec(space, vm_flags, vm_flags))
		error = vmt_refuse(space, EACCES, VMT_WHY_MDWE);
	if (error)
		return error;
	*ret_certain =
		*ret_certain && !(request->flags & MAP_HUGETLB) &&
		!(request->file && S_ISCHR(request->file->mode) && !is_dev_zero(request->file));
	return 0;
}

/*
 * __mmap_prepare(): seals and splits, limits and overcommit, then the place is cleared. Returns what
 * it refuses with; a refusal leaves the cuts at the ends. Where the kernel did not refuse, the place
 * is cleared all the same.
 */
static int prepare(struct vmt_space *space, const struct vmt_map_request *request,
		   uint64_t vm_flags, struct vmt_step *step)
{
	uint64_t pages = vmt_pages(space, step->end - step->start);
	int error;
	VMT_PATH(space, MMAP_PREPARE);

	error = vmt_cut_range(space, step->start, step->end);
	if (error)
		return error;
	error = vmt_may_expand(space, vm_flags, pages, vmt_pages_in(space, step->start, step->end));
	if (!error && vm_flags & VMT_VM_ACCOUNT)
		error = vmt_enough_memory(space, pages, &step->predicted);
	if (!(error && request->failed))
		vmt_clear_range(space, step->start, step->end);
	return error;
}

int64_t vmt_do_mmap(struct vmt_space *space, const struct vmt_map_request *request,
		    struct vmt_step *step)
{
	uint64_t length = vmt_page_up(space, request->length);
	struct vmt_vma proposed = vmt_vma_template(mmap_vm_flags(space, request));
	struct vmt_place_request place = {
		.address = request->address,
		.length = length,
		.map_flags = request->flags,
		.pgoff = request->pgoff,
		.anonymous = !request->file && !is_shared(request),
		.compat = request->compat,
	};
	bool certain = true;
	int64_t expected;
	uint64_t address;
	int error;
	VMT_PATH(space, DO_MMAP);

	expected = refuse_early(space, request);

	place.huge_file = request->file && aligns_huge(request);
	if (!expected)
		expected = vmt_get_unmapped_area(space, &place, &certain);
	if (expected >= 0) {
		error = refuse_low(space, (uint64_t)expected);
		if (!error)
			error = refuse_late(space, request, (uint64_t)expected, proposed.flags,
					    &certain);
		if (error)
			expected = error;
	}
	/* Huge pages have rules of their own for lengths and places. */
	step->predicted = certain && !(request->flags & MAP_HUGETLB);
	/* From here on with the kernel's own choice, where it made one. */
	address = request->failed ? (uint64_t)expected : (uint64_t)request->result;
	if (expected < 0 && request->failed)
		return expected;
	if (!request->failed && !vmt_can_map(space, address, length)) {
		step->predicted = false;
		step->whole = true;
		return expected;
	}
	/* Huge pages that there are not (hugetlb_reserve_pages()): what was in their place has gone. */
	if (request->failed && request->flags & MAP_HUGETLB &&
	    !(request->result == -ENOMEM && request->flags & MAP_FIXED))
		return expected;
	step->start = address;
	step->end = address + length;
	VMT_PATH(space, MMAP_REGION);
	VMT_PATH(space, INNER_MMAP_REGION);
	error = prepare(space, request, proposed.flags, step);
	if (error)
		expected = error;
	if (request->failed)
		return expected;
	/* The kernel cleared what the model would not: the check takes over the result. */
	if (vmt_pages_in(space, step->start, step->end))
		return expected;
	vmt_history_drop(space, step->start, step->end);
	/* __mmap_complete(): what cannot be locked is mapped all the same. */
	if (!vmt_supports_lock(proposed.flags))
		proposed.flags &= ~(VMT_VM_LOCKED | VMT_VM_LOCKONFAULT);
	proposed.file = mmap_file(space, request);
	proposed.file.sysv = proposed.close_hook = request->sysv;
	if (request->sysv)
		proposed.file.size_bytes = length;
	/* Shared anonymous memory has an offset of 0, whatever was asked. */
	if (!proposed.file.description)
		proposed.pgoff = vmt_pages(space, address);
	else
		proposed.pgoff = request->file || request->sysv ? request->pgoff : 0;
	vmt_map_new_range(space, step->start, step->end, &proposed, VMT_MERGE_BOTH_SIDES);
	return expected;
}

/* Bytes from the start of the file; mmap2 counts in units of 4096. */
static uint64_t mmap_offset(const struct vmt_event *event)
{
	uint64_t offset = event->args[5];

	return event->call == VMT_CALL_MMAP2 ? (offset & UINT32_MAX) << 12 : offset;
}

/* mmap_pgoff() rounds anonymous huge pages up; their size is in the flags, else the usual one. */
static uint64_t huge_length(const struct vmt_event *event)
{
	unsigned shift = event->args[3] >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;
	uint64_t mask = ((uint64_t)1 << (shift ? shift : USUAL_HUGE_SHIFT)) - 1;

	return (event->args[1] + mask) & ~mask;
}

int64_t vmt_op_mmap(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	bool anonymous = event->args[3] & MAP_ANONYMOUS;
	uint64_t offset = mmap_offset(event);
	struct vmt_map_request request = {
		.address = event->args[0],
		.length = event->args[1],
		.prot = event->args[2],
		.flags = event->args[3],
		.pgoff = vmt_pages(space, offset),
		.file = anonymous ? NULL : &event->file,
		.compat = event->arch->word_bits == 32,
		.failed = event->failed,
		.result = event->result,
	};

	VMT_PATH(space, KSYS_MMAP_PGOFF);

	if (offset & (vmt_space_page(space) - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_OFFSET_UNALIGNED);
	if (!anonymous && (!event->file.known || event->file.flags & O_PATH))
		return vmt_refuse(space, EBADF, VMT_WHY_BAD_FD);
	if (!anonymous && event->args[3] & MAP_HUGETLB && event->file.filesystem &&
	    event->file.filesystem != hugetlbfs)
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	if (!anonymous)
		step->file_name = event->file.name;
	else if (event->args[3] & MAP_HUGETLB && event->args[1])
		request.length = huge_length(event);
	VMT_PATH(space, VM_MMAP_PGOFF);
	return vmt_do_mmap(space, &request, step);
}
