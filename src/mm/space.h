/* SPDX-License-Identifier: MIT */
/*
 * space: one address space (struct mm_struct), and the few primitives through which everything
 * else in the model edits it. They keep the journal of the running step, so that no operation has
 * to say by itself what it removed and added.
 */
#ifndef MM_SPACE_H
#define MM_SPACE_H

#include "vma.h"
#include "vmtrace/mm.h"

enum {
	VMT_DEFAULT_MAX_MAP_COUNT = 65530,
	/* personality(2) bits */
	VMT_ADDR_NO_RANDOMIZE = 0x0040000,
	VMT_MMAP_PAGE_ZERO = 0x0100000,
	VMT_ADDR_COMPAT_LAYOUT = 0x0200000,
	VMT_READ_IMPLIES_EXEC = 0x0400000,
};

/*
 * A few address ranges, apart from one another. Where they get too many the last two become one,
 * so a set may cover more than was put in, never less.
 */
struct vmt_spans {
	unsigned count;
	struct {
		uint64_t start;
		uint64_t end;
	} rows[8];
};

void vmt_spans_add(struct vmt_spans *spans, uint64_t start, uint64_t end);

/* An aio context (struct kioctx), which programs know by the address of its ring. */
struct vmt_ring {
	uint64_t number; /* its place in the kernel's table: the ring's first word */
	uint64_t address;
	uint64_t bytes;
	uint64_t description; /* of the ring's file */
};

/* Which protection keys are given out (mm_context_t of arch/x86). */
struct vmt_pkeys {
	bool known; /* false: attached to, and some may have been given out before */
	uint16_t allocated; /* a bit for each */
	unsigned execute_only; /* the key of memory that may only be executed; 0 none yet */
};

struct vmt_space {
	uint32_t number;
	const struct vmt_arch *arch;
	struct vmt_names *names;
	struct vmt_range_set vmas;
	struct vmt_range_set pieces; /* history.h */
	VMT_ARRAY(struct vmt_mapping) gates;
	VMT_ARRAY(uint32_t) gate_steps; /* the step of each gate page */

	struct vmt_features features;
	size_t max_map_count;

	const char *exe; /* "" if unknown */
	const char *interp; /* "" if none */

	/* mm_struct fields */
	uint64_t mmap_base; /* top-down search starts here; 0 unknown */
	uint64_t mmap_base_max; /* mmap_base may really be as high as this; 0: it is known */
	uint64_t legacy_base; /* bottom-up search starts here */
	uint64_t compat_base; /* mmap_base for 32-bit calls of a 64-bit program; 0 unknown */
	bool legacy; /* bottom-up layout */
	uint64_t task_size;
	uint64_t min_address; /* dac_mmap_min_addr: below it only with CAP_SYS_RAWIO */
	uint64_t stack_guard_bytes;
	uint64_t shmem_unit_bytes; /* shared anonymous memory is placed for pages of this size; 0 */
	uint64_t start_brk;
	uint64_t brk;
	bool brk_known;
	bool brk_inferred; /* not seen: see learn_break() */
	uint64_t start_data;
	uint64_t end_data;
	uint64_t start_stack;
	struct vmt_rights rights; /* of the task that made the last call */
	enum vmt_overcommit overcommit;
	unsigned possible_cpus;
	uint64_t memory_pages; /* RAM and swap; 0 unknown */
	bool has_pkeys; /* the processor and the kernel know protection keys */
	struct vmt_pkeys pkeys;
	uint64_t default_flags; /* mm->def_flags: mlockall(MCL_FUTURE) */
	bool merge_any; /* PR_SET_MEMORY_MERGE: new private memory is VM_MERGEABLE */
	bool deny_write_exec; /* PR_SET_MDWE */
	bool deny_not_inherited; /* PR_MDWE_NO_INHERIT */
	VMT_ARRAY(struct vmt_vma *)
	growers; /* VMAs that page faults can grow, in order of address */
	uint64_t total_pages; /* account.h */
	uint64_t data_pages;
	uint64_t locked_pages;
	uint64_t uffd_pages; /* that a userfaultfd serves */

	/* aio contexts: where io_destroy will unmap, whatever is there by then */
	VMT_ARRAY(struct vmt_ring) rings;

	uint64_t next_description; /* for files that the kernel makes: shared anon, shmat */
	uint32_t next_anon_vma;
	uint32_t next_step;

	/* Were pages of [start, end) written? See vmt_space_set_look(); NULL: cannot be asked. */
	vmt_look_fn *look;
	/* Does a VMA reach across? See vmt_space_set_across(); NULL: cannot be asked. */
	vmt_across_fn *across;
	void *across_data;
	uint64_t call; /* counts vmt_space_foresee() */
	uint64_t moment; /* counts the times between which the target may have run */
	void *look_data;

	struct vmt_pgtables *tables; /* pgtable.h; NULL: nobody watches */

	bool show_path; /* path.h */
	unsigned path_depth;

	/* The running step (journal.c) */
	uint64_t serial;
	struct vmt_step *step;
	VMT_ARRAY(struct vmt_vma *) touched; /* changed or new in this step, dead ones included */
	struct vmt_spans dirty; /* addresses whose mapping changed */
};

/*
 * map_deny_write_exec() (mm/vma.h, 6.18), for PR_SET_MDWE: nothing becomes executable, and nothing is
 * both writable and executable. A new mapping has @old equal to @new.
 */
static inline bool vmt_deny_write_exec(const struct vmt_space *space, uint64_t old, uint64_t new)
{
	if (!space->deny_write_exec || !(new &VMT_VM_EXEC))
		return false;
	return new &VMT_VM_WRITE || !(old & VMT_VM_EXEC);
}

static inline uint64_t vmt_space_page(const struct vmt_space *space)
{
	return vmt_arch_page_size(space->arch);
}

static inline uint64_t vmt_page_down(const struct vmt_space *space, uint64_t address)
{
	return address & ~(vmt_space_page(space) - 1);
}

/* Wraps to 0 at the end of the address space, as PAGE_ALIGN() does. */
static inline uint64_t vmt_page_up(const struct vmt_space *space, uint64_t address)
{
	return vmt_page_down(space, address + vmt_space_page(space) - 1);
}

/* Pages of a byte count that is a multiple of the page size; page number of an address. */
static inline uint64_t vmt_pages(const struct vmt_space *space, uint64_t bytes)
{
	return bytes >> space->arch->page_shift;
}

static inline struct vmt_vma *vmt_space_first(const struct vmt_space *space)
{
	return vmt_vma_of(space->vmas.first);
}

/*
 * Whether a mapping of @length bytes at @address can be. What a call is said to have returned may
 * be a word that the program could write (io_setup; shmat through ipc), so it is looked at first.
 */
static inline bool vmt_can_map(const struct vmt_space *space, uint64_t address, uint64_t length)
{
	return !((address | length) & (vmt_space_page(space) - 1)) && address + length > address;
}

/* find_vma(): the first VMA that ends above @address. */
static inline struct vmt_vma *vmt_find_vma(const struct vmt_space *space, uint64_t address)
{
	return vmt_vma_of(vmt_range_find(&space->vmas, address));
}

/* The VMA just below @vma, or the last of all if @vma is NULL. */
static inline struct vmt_vma *vmt_vma_before(const struct vmt_space *space,
					     const struct vmt_vma *vma)
{
	return vma ? vmt_vma_prev(vma) : vmt_vma_of(space->vmas.last);
}

/* A VMA of the space, not in it yet, with the attributes of @model (which is not changed). */
struct vmt_vma *vmt_space_insert(struct vmt_space *space, const struct vmt_vma *model,
				 uint64_t start, uint64_t end, uint64_t pgoff);

/* Takes a VMA out; it stays readable until the step ends. */
void vmt_space_erase(struct vmt_space *space, struct vmt_vma *vma);

/* Moves an end of a VMA; the page offset follows the start. */
void vmt_space_resize(struct vmt_space *space, struct vmt_vma *vma, uint64_t start, uint64_t end);

/* The index in space->growers of the first that starts at or above @address; their count for none. */
size_t vmt_grower_above(const struct vmt_space *space, uint64_t address);

/* To be called before an attribute of a VMA is changed by hand: keeps its old look. */
void vmt_space_touch(struct vmt_space *space, struct vmt_vma *vma);

/* Widens the range that the running step changed. */
void vmt_space_dirty(struct vmt_space *space, uint64_t start, uint64_t end);

/* Gives a VMA other flags; keeps the journal and the counters. */
void vmt_space_set_flags(struct vmt_space *space, struct vmt_vma *vma, uint64_t flags);

/* Adds a reason to the running step, if there is one. */
void vmt_why(struct vmt_space *space, enum vmt_why_id id, uint64_t number0, uint64_t number1,
	     uint64_t number2, uint64_t number3);

/* True if the step already has a reason of this id. */
bool vmt_step_has_why(const struct vmt_step *step, enum vmt_why_id id);

/* A reason without numbers for a failure; returns -@err. */
int vmt_refuse(struct vmt_space *space, int err, enum vmt_why_id id);

/* Notes that the VMA limit stopped the call; -ENOMEM. */
int vmt_why_limit(struct vmt_space *space, enum vmt_why_id id);

/* Notes that @vma is sealed; returns -EPERM. */
int vmt_why_sealed(struct vmt_space *space, const struct vmt_vma *vma);

/* How maps would print @vma, labels such as [heap] and [stack] by show_map_vma()'s rules. */
struct vmt_mapping vmt_vma_mapping(const struct vmt_space *space, const struct vmt_vma *vma);

/* The attributes of a VMA that is known only by its line in maps, as good as they can be told. */
struct vmt_vma vmt_vma_from_row(struct vmt_space *space, const struct vmt_mapping *row);

/* Whether two lines of maps are the same; a NULL name equals any, and files are told by inode. */
bool vmt_mapping_equal(const struct vmt_mapping *a, const struct vmt_mapping *b);

/* Lists a gate page as added by @step; it is no VMA and so passes the journal by. */
void vmt_step_gate(struct vmt_step *step, const struct vmt_mapping *row);

/* Takes the break from the end of [heap] in @rows where it is another than the model's. */
void vmt_infer_break(struct vmt_space *space, const struct vmt_layout *rows);

/* A template for new VMAs: no flags, no file, may be split. */
struct vmt_vma vmt_vma_template(uint64_t flags);

#endif
