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
#include "file.h"
#include "history.h"
#include "mmap.h"
#include "ops.h"
#include "path.h"
#include "pgtable.h"
#include "pkey.h"
#include "place.h"

static const uint64_t hugetlbfs = 0x958458f6;

enum {
	OVERLAYFS = 0x794c7630,
	USUAL_HUGE_BYTES = 2 << 20, /* where nobody looked */
	TMPFS = 0x01021994, /* memfds too */
};

/* Flags that MAP_SHARED_VALIDATE accepts (LEGACY_MAP_MASK), MAP_SYNC aside. */
enum {
	HUGE_SIZE_FLAGS = 0x7c000000, /* MAP_HUGE_2MB and MAP_HUGE_1GB */
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

/* The VM flags that do_mmap() computes. */
static uint64_t mmap_vm_flags(struct vmt_space *space, const struct vmt_map_request *request)
{
	bool huge = request->file && vmt_file_is_hugetlb(request->file);
	uint64_t prot = request->prot;
	uint64_t map = request->flags;
	uint64_t flags = VMT_VM_MAYREAD | VMT_VM_MAYWRITE | VMT_VM_MAYEXEC | space->default_flags;

	if (prot & PROT_READ && space->rights.personality & VMT_READ_IMPLIES_EXEC &&
	    !(request->file && request->file->noexec))
		prot |= PROT_EXEC;
	flags |= vmt_prot_flags(prot) | request->vm_flags;
	if (map & MAP_GROWSDOWN)
		flags |= VMT_VM_GROWSDOWN;
	if (map & MAP_LOCKED)
		flags |= VMT_VM_LOCKED;
	if (map & MAP_STACK && space->features.stack_nohuge)
		flags |= VMT_VM_NOHUGEPAGE;
	if (huge)
		flags |= VMT_VM_HUGETLB | VMT_VM_DONTEXPAND;
	if (is_shared(request)) {
		flags |= VMT_VM_SHARED | VMT_VM_MAYSHARE;
		if (request->file && !vmt_file_writable(request->file))
			flags &= ~(VMT_VM_MAYWRITE | VMT_VM_SHARED);
		else if (request->file && request->file->write_sealed && !(prot & PROT_WRITE))
			flags &= ~VMT_VM_MAYWRITE;
	}
	if (request->file && request->file->noexec)
		flags &= ~VMT_VM_MAYEXEC;
	if (map & MAP_NORESERVE && (huge || space->overcommit != VMT_OVERCOMMIT_NEVER))
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
			   (vmt_file_is_zero(facts) && shared);

		file.description = own ? space->next_description++ : facts->description;
		file.unsure = !own && !facts->description_sure;
		file.dev_major = facts->dev_major;
		file.dev_minor = facts->dev_minor;
		file.inode = facts->inode;
		file.name = facts->name ? facts->name : "";
		file.pending = true;
		file.anonymous = vmt_file_is_zero(facts) && !shared;
		file.own_placement = request->sysv || file.anonymous;
		file.hugetlb = vmt_file_is_hugetlb(facts);
		file.shmem = facts->filesystem == TMPFS && !request->sysv;
		file.sized = S_ISREG(facts->mode) || request->sysv;
		file.size_bytes = facts->size_bytes;
	} else if (shared) {
		/* shmem_zero_setup(): a file of its own for every mapping */
		file.description = space->next_description++;
		file.name = "/dev/zero (deleted)";
		file.pending = true;
	}
	file.placing = vmt_file_placing(space, facts, shared);
	/* shmem_zero_setup() makes a file as long as the mapping, wherever in it that begins. */
	if (shared && (!facts || vmt_file_is_zero(facts))) {
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
	const struct vmt_mappable mappable = vmt_file_mappable(file);
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
		if (request->prot & PROT_WRITE && !vmt_file_writable(file))
			return vmt_refuse(space, EACCES, VMT_WHY_FILE_READ_ONLY);
		if (file->append_only && vmt_file_writable(file))
			return vmt_refuse(space, EACCES, VMT_WHY_FILE_APPEND_ONLY);
		break;
	case MAP_PRIVATE:
		break;
	default:
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_TYPE);
	}
	if (!vmt_file_readable(file))
		return vmt_refuse(space, EACCES, VMT_WHY_FILE_WRITE_ONLY);
	if (file->noexec && request->prot & PROT_EXEC)
		return vmt_refuse(space, EPERM, VMT_WHY_FILE_NOEXEC);
	if (mappable.error && !mappable.late && (mappable.certain || request->failed))
		return vmt_refuse(space, mappable.error, VMT_WHY_FILE_NO_MMAP);
	if (request->flags & MAP_GROWSDOWN)
		return vmt_refuse(space, EINVAL, VMT_WHY_GROWSDOWN_TYPE);
	/* memfd_check_seals_mmap() */
	if (file->write_sealed && is_shared(request) && vmt_file_writable(file) &&
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
	if (address >= space->min_address || space->rights.raw_io)
		return 0;
	vmt_why(space, VMT_WHY_BELOW_MIN, address, space->min_address, 0, 0);
	return -EPERM;
}

/* What do_mmap() and __mmap_prepare() refuse once the address is known. */
static int refuse_late(struct vmt_space *space, const struct vmt_map_request *request,
		       uint64_t address, uint64_t vm_flags)
{
	uint64_t length = vmt_page_up(space, request->length);
	const struct vmt_vma *over = vmt_find_vma(space, address);
	int error;

	if (request->flags & MAP_FIXED_NOREPLACE && over &&
	    vmt_vma_start(over) < address + length) {
		vmt_why(space, VMT_WHY_NOREPLACE, vmt_vma_start(over), vmt_vma_end(over), 0, 0);
		return -EEXIST;
	}
	if (request->flags & MAP_LOCKED && !space->rights.may_lock &&
	    !space->rights.limits[VMT_LIMIT_MEMLOCK])
		return vmt_refuse(space, EPERM, VMT_WHY_LOCK_FORBIDDEN);
	error = vmt_may_lock_more(space, vm_flags, length);
	if (!error)
		error = request->file ? refuse_file(space, request)
				      : refuse_anonymous(space, request);
	if (!error && vmt_deny_write_exec(space, vm_flags, vm_flags))
		error = vmt_refuse(space, EACCES, VMT_WHY_MDWE);
	if (error)
		return error;
	return 0;
}

/* Huge pages that the pool gets back, as pages or as reservations, when the range is cleared. */
static uint64_t huge_given_back(const struct vmt_space *space,
				const struct vmt_map_request *request, uint64_t start, uint64_t end)
{
	uint64_t bytes = 0;

	if (!request->file || !vmt_file_is_hugetlb(request->file))
		return 0;
	for (const struct vmt_vma *vma = vmt_find_vma(space, start);
	     vma && vmt_vma_start(vma) < end; vma = vmt_vma_next(vma)) {
		if (vma->flags & VMT_VM_HUGETLB &&
		    !(vma->flags & (VMT_VM_SHARED | VMT_VM_NORESERVE)) &&
		    vma->split_bytes == request->file->huge_page_bytes)
			bytes += vmt_min_u64(vmt_vma_end(vma), end) -
				 vmt_max_u64(vmt_vma_start(vma), start);
	}
	return bytes / request->file->huge_page_bytes;
}

/* hugetlbfs_file_mmap(): a private mapping needs all its pages from the pool at once. */
static int refuse_huge(struct vmt_space *space, const struct vmt_map_request *request,
		       uint64_t vm_flags, uint64_t given_back)
{
	const struct vmt_huge_pool *pool = request->pool;
	uint64_t unit = request->file->huge_page_bytes;
	uint64_t pages = vmt_page_up(space, request->length) / unit;
	uint64_t free =
		given_back + (pool->free > pool->reserved ? pool->free - pool->reserved : 0);
	uint64_t more = pool->overcommit > pool->surplus ? pool->overcommit - pool->surplus : 0;

	if ((request->pgoff << space->arch->page_shift) & (unit - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_HUGE_UNALIGNED);
	/* hugetlb_reserve_pages(), hugetlb_acct_memory() */
	if (vm_flags & VMT_VM_NORESERVE || !pool->known || pages <= free + more)
		return 0;
	/* What other mappings of the file have reserved is not asked for again, and shown nowhere. */
	if (is_shared(request) && request->file->description) {
		space->step->predicted = false;
		if (!request->failed)
			return 0;
	}
	vmt_why(space, VMT_WHY_HUGE_POOL, pages, free + more, pool->total, unit);
	return -ENOMEM;
}

/* What the file's own mmap operation refuses, when the place has been cleared. */
static int refuse_by_driver(struct vmt_space *space, const struct vmt_map_request *request,
			    uint64_t vm_flags, uint64_t given_back, struct vmt_step *step)
{
	const struct vmt_file_facts *file = request->file;
	struct vmt_mappable mappable;
	const struct vmt_driver *driver;

	if (!file || request->sysv)
		return 0;
	mappable = vmt_file_mappable(file);
	driver = vmt_driver_of(file);
	if (vmt_file_is_hugetlb(file)) {
		step->predicted &= request->pool->known;
		return refuse_huge(space, request, vm_flags, given_back);
	}
	if (driver && driver->shared_only && !is_shared(request))
		return vmt_refuse(space, EINVAL, VMT_WHY_FILE_NOT_PRIVATE);
	if (driver && driver->set & VMT_VM_LOCKED) {
		int error = vmt_may_lock_more(space, VMT_VM_LOCKED,
					      vmt_page_up(space, request->length));

		if (error)
			return error;
	}
	if (mappable.certain || !request->failed) {
		step->predicted &= mappable.certain || mappable.usual;
		return 0;
	}
	/* Only the driver knows; what it says most often is counted as foreseen. */
	if (!mappable.error || request->result != -mappable.error) {
		step->predicted = false;
		if (request->result != -ENODEV)
			return vmt_refuse(space, (int)-request->result, VMT_WHY_DRIVER_REFUSED);
	}
	return vmt_refuse(space, (int)-request->result, VMT_WHY_FILE_NO_MMAP);
}

/* What the driver makes of the VMA. */
static void apply_driver(const struct vmt_map_request *request, struct vmt_vma *proposed)
{
	const struct vmt_driver *driver = request->file ? vmt_driver_of(request->file) : NULL;

	if (!driver)
		return;
	proposed->flags = (proposed->flags | driver->set) & ~driver->clear;
	if (driver->read_only_stays && !(proposed->flags & VMT_VM_WRITE))
		proposed->flags &= ~VMT_VM_MAYWRITE;
	if (driver->whole)
		proposed->may_split = false;
}

/* mmap_region() up to 6.11: the limits, then the place is cleared, and only then overcommit. */
static int prepare_by_limits(struct vmt_space *space, const struct vmt_map_request *request,
			     uint64_t vm_flags, struct vmt_step *step)
{
	uint64_t pages = vmt_pages(space, step->end - step->start);
	int error =
		vmt_may_expand(space, vm_flags, pages, vmt_pages_in(space, step->start, step->end));
	int cut = 0;

	if (!(error && request->failed))
		cut = vmt_unmap_range(space, step->start, step->end);
	if (error || cut)
		return error ? error : cut;
	return vm_flags & VMT_VM_ACCOUNT ? vmt_enough_memory(space, pages, &step->predicted) : 0;
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

	if (space->features.limits_before_cuts)
		return prepare_by_limits(space, request, vm_flags, step);
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

/* vm_mmap_pgoff(): what is to be populated is, as far as the file reaches; nobody hears of the rest. */
static void populate(struct vmt_space *space, const struct vmt_map_request *request,
		     const struct vmt_vma *vma, const struct vmt_step *step)
{
	bool asked = (request->flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
	bool locked = (vma->flags & (VMT_VM_LOCKED | VMT_VM_LOCKONFAULT)) == VMT_VM_LOCKED;

	if ((asked || locked) && vma->flags & VMT_VM_ACCESS &&
	    vmt_beyond_file(space, vma, step->end))
		vmt_pgtables_beyond_file(space, vma, step->start, step->end);
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
		.placing = vmt_file_placing(space, request->file, is_shared(request)),
		.compat = request->compat,
	};
	bool certain = true;
	bool learned;
	int64_t expected;
	uint64_t address, given_back;
	int error;
	VMT_PATH(space, DO_MMAP);

	expected = refuse_early(space, request);
	/* Anonymous memory's offset counts as 0, and so does that of a shared file of its own. */
	if (!request->file)
		place.pgoff = 0;
	learned = !expected && !request->failed &&
		  vmt_place_learn(space, &place, (uint64_t)request->result);
	if (!expected)
		expected = vmt_get_unmapped_area(space, &place, &certain);
	if (expected >= 0) {
		error = refuse_low(space, (uint64_t)expected);
		/* execute_only_pkey() gives a key out, and not before there is a place. */
		if (!error)
			proposed.flags |= vmt_pkey_of_new(space, request->prot);
		if (!error)
			error = refuse_late(space, request, (uint64_t)expected, proposed.flags);
		if (error)
			expected = error;
	}
	step->predicted = certain && !learned;
	step->device = request->file && !request->sysv && vmt_file_is_device(request->file);
	step->driver_known = step->device && vmt_driver_of(request->file);
	/* From here on with the kernel's own choice, where it made one. */
	address = request->failed ? (uint64_t)expected : (uint64_t)request->result;
	if (expected < 0 && request->failed)
		return expected;
	if (!request->failed && !vmt_can_map(space, address, length)) {
		step->predicted = false;
		step->whole = true;
		return expected;
	}
	step->start = address;
	step->end = address + length;
	VMT_PATH(space, MMAP_REGION);
	VMT_PATH(space, INNER_MMAP_REGION);
	given_back = huge_given_back(space, request, step->start, step->end);
	error = prepare(space, request, proposed.flags, step);
	if (!error)
		error = refuse_by_driver(space, request, proposed.flags, given_back, step);
	if (error)
		expected = error;
	if (request->failed)
		return expected;
	/* The kernel cleared what the model would not: the check takes over the result. */
	if (vmt_pages_in(space, step->start, step->end))
		return expected;
	vmt_history_drop(space, step->start, step->end);
	apply_driver(request, &proposed);
	/* __mmap_complete(): what cannot be locked is mapped all the same. */
	if (!vmt_supports_lock(proposed.flags))
		proposed.flags &= ~(VMT_VM_LOCKED | VMT_VM_LOCKONFAULT);
	proposed.file = mmap_file(space, request);
	proposed.file.sysv = proposed.close_hook = request->sysv;
	/* hugetlbfs_file_mmap(): a file that may be written to becomes as long as the mapping needs. */
	if (proposed.file.hugetlb && proposed.flags & VMT_VM_WRITE)
		proposed.file.size_bytes =
			vmt_max_u64(proposed.file.size_bytes,
				    (request->pgoff << space->arch->page_shift) + length);
	if (proposed.file.hugetlb) {
		proposed.split_bytes = request->file->huge_page_bytes;
		proposed.close_hook = true; /* hugetlb_vm_op_close() */
	}
	if (request->sysv)
		proposed.file.size_bytes = length;
	/* Shared anonymous memory has an offset of 0, whatever was asked. */
	if (!proposed.file.description)
		proposed.pgoff = vmt_pages(space, address);
	else
		proposed.pgoff = request->file || request->sysv ? request->pgoff : 0;
	populate(space, request,
		 vmt_map_new_memory(space, step->start, step->end, &proposed, VMT_MERGE_BOTH_SIDES),
		 step);
	return expected;
}

/* Bytes from the start of the file; mmap2 counts in units of 4096. */
static uint64_t mmap_offset(const struct vmt_event *event)
{
	uint64_t offset = event->args[5];

	return event->call == VMT_CALL_MMAP2 ? (offset & UINT32_MAX) << 12 : offset;
}

/* hugetlb_file_setup(): anonymous huge pages are pages of a file of their own. */
static struct vmt_file_facts anonymous_huge(const struct vmt_huge_pool *pool)
{
	return (struct vmt_file_facts){
		.known = true,
		.mode = S_IFREG | 0600,
		.flags = O_RDWR,
		.filesystem = hugetlbfs,
		.huge_page_bytes = pool->page_bytes ? pool->page_bytes : USUAL_HUGE_BYTES,
		.name = "/anon_hugepage (deleted)",
	};
}

/* ksys_mmap_pgoff() rounds lengths of huge pages up. */
static uint64_t huge_length(const struct vmt_file_facts *file, uint64_t length)
{
	uint64_t mask = file->huge_page_bytes ? file->huge_page_bytes - 1 : 0;

	return (length + mask) & ~mask;
}

int64_t vmt_op_mmap(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	bool anonymous = event->args[3] & MAP_ANONYMOUS;
	bool huge = event->args[3] & MAP_HUGETLB;
	uint64_t offset = mmap_offset(event);
	struct vmt_file_facts file = event->file;
	struct vmt_map_request request = {
		.address = event->args[0],
		.length = event->args[1],
		.prot = event->args[2],
		.flags = event->args[3],
		.pgoff = vmt_pages(space, offset),
		.file = anonymous && !huge ? NULL : &file,
		.pool = &event->huge_pool,
		.compat = event->arch->word_bits == 32,
		.failed = event->failed,
		.result = event->result,
	};

	VMT_PATH(space, KSYS_MMAP_PGOFF);

	if (offset & (vmt_space_page(space) - 1))
		return vmt_refuse(space, EINVAL, VMT_WHY_OFFSET_UNALIGNED);
	if (!anonymous && (!event->file.known || event->file.flags & O_PATH))
		return vmt_refuse(space, EBADF, VMT_WHY_BAD_FD);
	if (!anonymous && huge && event->file.filesystem && event->file.filesystem != hugetlbfs)
		return vmt_refuse(space, EINVAL, VMT_WHY_BAD_FLAGS);
	if (!anonymous)
		step->file_name = event->file.name;
	else if (huge)
		file = anonymous_huge(&event->huge_pool);
	if (anonymous && huge && event->huge_pool.known && !event->huge_pool.page_bytes)
		return vmt_refuse(space, EINVAL, VMT_WHY_HUGE_SIZE);
	if (request.file && vmt_file_is_hugetlb(request.file))
		request.length = huge_length(request.file, request.length);
	VMT_PATH(space, VM_MMAP_PGOFF);
	return vmt_do_mmap(space, &request, step);
}
