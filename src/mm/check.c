/* SPDX-License-Identifier: MIT */
/*
 * The kernel is the authority: the model's VMAs of a range are compared with the kernel's, and
 * where they differ the kernel's are taken over, with what the model knows of their hidden
 * attributes, and the step says why.
 */
#include <string.h>
#include <sys/mman.h>

#include "edit.h"
#include "merge.h"
#include "space.h"

/* An absent name means that it was not asked for. */
static bool names_agree(const char *a, const char *b)
{
	return !a || !b || strcmp(a, b) == 0;
}

/* A file can be renamed or deleted while it is mapped; it is the same one all the same. */
bool vmt_mapping_equal(const struct vmt_mapping *a, const struct vmt_mapping *b)
{
	return a->start == b->start && a->end == b->end && a->perms == b->perms &&
	       a->offset == b->offset && a->inode == b->inode && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor && (a->inode || names_agree(a->name, b->name));
}

/* The first answer about a file's identity is taken without a word (struct vmt_file). */
static void settle_identity(struct vmt_space *space, struct vmt_vma *vma,
			    const struct vmt_mapping *row)
{
	if (!vma->file.description || !vma->file.pending)
		return;
	if (vmt_vma_start(vma) != row->start || vmt_vma_end(vma) != row->end)
		return;
	if (vma->file.dev_major != row->dev_major || vma->file.dev_minor != row->dev_minor ||
	    vma->file.inode != row->inode || !names_agree(vma->file.name, row->name))
		vmt_space_touch(space, vma);
	vma->file.dev_major = row->dev_major;
	vma->file.dev_minor = row->dev_minor;
	vma->file.inode = row->inode;
	if (row->name) {
		vma->file.name = row->name;
		vma->file.pending = false;
	}
}

/* The model's first VMA that overlaps or touches a range from @start on. */
static struct vmt_vma *first_touching(const struct vmt_space *space, uint64_t start)
{
	return vmt_find_vma(space, start ? start - 1 : 0);
}

static bool ranges_equal(struct vmt_space *space, const struct vmt_layout *rows, uint64_t start,
			 uint64_t end)
{
	struct vmt_vma *vma = first_touching(space, start);
	size_t i = 0;

	for (; vma && vmt_vma_start(vma) <= end; vma = vmt_vma_next(vma), i++) {
		struct vmt_mapping have;

		if (i == rows->count)
			return false;
		settle_identity(space, vma, &rows->data[i]);
		have = vmt_vma_mapping(space, vma);
		if (!vmt_mapping_equal(&have, &rows->data[i]))
			return false;
	}
	return i == rows->count;
}

/* The addresses that the rows and the model's VMAs of the range cover together. */
static void hull(const struct vmt_space *space, const struct vmt_layout *rows, uint64_t *start,
		 uint64_t *end)
{
	uint64_t low = *start;
	uint64_t high = *end;

	for (size_t i = 0; i < rows->count; i++) {
		low = vmt_min_u64(low, rows->data[i].start);
		high = vmt_max_u64(high, rows->data[i].end);
	}
	for (struct vmt_vma *vma = first_touching(space, *start); vma && vmt_vma_start(vma) <= *end;
	     vma = vmt_vma_next(vma)) {
		low = vmt_min_u64(low, vmt_vma_start(vma));
		high = vmt_max_u64(high, vmt_vma_end(vma));
	}
	*start = low;
	*end = high;
}

/* What the model knows of the memory at @row, as a template for the kernel's VMA. */
static struct vmt_vma template_for(struct vmt_space *space, const struct vmt_mapping *row)
{
	struct vmt_vma made = vmt_vma_from_row(space, row);
	const struct vmt_vma *known = vmt_find_vma(space, row->start);

	if (!known || vmt_vma_start(known) >= row->end)
		return made;
	if (known->file.inode != made.file.inode ||
	    !known->file.description != !made.file.description ||
	    !known->special != !made.special ||
	    (known->flags & VMT_VM_MAYSHARE) != (made.flags & VMT_VM_MAYSHARE))
		return made;
	made.flags = (known->flags & ~VMT_VM_ACCESS) | (made.flags & VMT_VM_ACCESS);
	if (!made.file.description) {
		made.pgoff = known->pgoff + vmt_pages(space, row->start) -
			     vmt_pages(space, vmt_vma_start(known));
	} else {
		const char *name = row->name ? row->name : known->file.name;

		made.file = known->file;
		made.file.name = name;
	}
	/* A label such as [heap] hides the name that was given. */
	if (row->name && row->name[0] && !made.anon_name)
		made.anon_name = known->anon_name;
	made.uffd = known->uffd;
	made.policy = known->policy;
	made.anon_vma = known->anon_vma;
	made.anon_forked = known->anon_forked;
	made.found = known->found;
	made.close_hook = known->close_hook;
	made.may_split = known->may_split;
	return made;
}

static void take_over(struct vmt_space *space, const struct vmt_layout *rows, uint64_t start,
		      uint64_t end)
{
	VMT_ARRAY(struct vmt_vma) templates = { 0 };
	struct vmt_vma *next;

	for (size_t i = 0; i < rows->count; i++) {
		struct vmt_vma made = template_for(space, &rows->data[i]);

		vmt_array_push(&templates, made);
	}
	for (struct vmt_vma *vma = first_touching(space, start); vma && vmt_vma_start(vma) <= end;
	     vma = next) {
		next = vmt_vma_next(vma);
		vmt_space_erase(space, vma);
	}
	for (size_t i = 0; i < rows->count; i++)
		vmt_space_insert(space, &templates.data[i], rows->data[i].start, rows->data[i].end,
				 templates.data[i].pgoff);
	vmt_array_deinit(&templates);
}

bool vmt_step_range(const struct vmt_space *space, const struct vmt_step *step, unsigned index,
		    uint64_t *ret_start, uint64_t *ret_end)
{
	struct vmt_spans spans = space->dirty;

	if (step->whole) {
		*ret_start = 0;
		*ret_end = UINT64_MAX;
		return index == 0;
	}
	if (step->start < step->end)
		vmt_spans_add(&spans, step->start, step->end);
	if (step->event && step->event->call == VMT_CALL_MREMAP && step->old_start < step->old_end)
		vmt_spans_add(&spans, step->old_start, step->old_end);
	if (index >= spans.count)
		return false;
	*ret_start = spans.rows[index].start;
	*ret_end = spans.rows[index].end;
	return true;
}

static bool is_border(const struct vmt_space *space, const struct vmt_step *step, uint64_t at)
{
	const struct vmt_vma *vma = vmt_find_vma(space, at);

	if (vma && vmt_vma_start(vma) < at)
		return false;
	for (size_t i = 0; i < step->removed.count; i++) {
		const struct vmt_mapping *map = &step->removed.data[i].map;

		if (map->start < at && at < map->end)
			return false;
	}
	return true;
}

bool vmt_step_keeps_borders(const struct vmt_space *space, const struct vmt_step *step,
			    uint64_t start, uint64_t end)
{
	return is_border(space, step, start) && is_border(space, step, end);
}

bool vmt_step_wants_names(const struct vmt_step *step)
{
	if (step->whole || !step->event)
		return true;
	switch (step->event->call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
		return !(step->event->args[3] & MAP_ANONYMOUS) || step->event->args[3] & MAP_SHARED;
	case VMT_CALL_SHMAT:
	case VMT_CALL_IO_SETUP:
	case VMT_CALL_REMAP_FILE_PAGES:
	case VMT_CALL_ARCH_PRCTL:
		return true;
	default:
		return false;
	}
}

/* The same memory at every address, only cut differently? */
static bool same_pages(const struct vmt_vma *vma, const struct vmt_layout *rows,
		       const struct vmt_space *space)
{
	for (uint64_t at = vmt_vma_start(vma); at < vmt_vma_end(vma);) {
		const struct vmt_mapping *row = NULL;
		struct vmt_mapping have = vmt_vma_mapping(space, vma);

		for (size_t i = 0; i < rows->count; i++) {
			if (rows->data[i].start <= at && at < rows->data[i].end)
				row = &rows->data[i];
		}
		if (!row || row->perms != have.perms || row->inode != have.inode)
			return false;
		if (row->inode &&
		    row->offset + (at - row->start) != have.offset + (at - have.start))
			return false;
		at = row->end;
	}
	return true;
}

/* Nothing but VM_GROWSDOWN VMAs whose bottom has moved, in page faults since the last look? */
static bool only_growth(const struct vmt_space *space, const struct vmt_layout *rows,
			uint64_t start, uint64_t end)
{
	const struct vmt_vma *vma = first_touching(space, start);
	size_t i = 0;

	for (; vma && vmt_vma_start(vma) <= end && i < rows->count; vma = vmt_vma_next(vma), i++) {
		struct vmt_mapping have = vmt_vma_mapping(space, vma);

		if (vma->flags & VMT_VM_GROWSDOWN && rows->data[i].start < have.start) {
			have.offset -= vma->file.description ? have.start - rows->data[i].start : 0;
			have.start = rows->data[i].start;
		}
		if (!vmt_mapping_equal(&have, &rows->data[i]))
			return false;
	}
	return i == rows->count && !(vma && vmt_vma_start(vma) <= end);
}

/*
 * Can the VMA's anon_vma be another than the model thinks? Where pages were written its identity
 * is open: the kernel does not show which VMAs were faulted together. And a write beyond the end
 * of a file makes one, though it ends in SIGBUS and leaves no page.
 */
static bool anon_is_open(const struct vmt_vma *vma)
{
	if (vma->flags & VMT_VM_SHARED || vma->special)
		return false;
	return vma->found || vma->anon_vma != VMT_ANON_NONE ||
	       (vma->file.description && !vma->file.anonymous);
}

/* Does a row of the kernel's reach across @address? */
static bool row_across(const struct vmt_layout *rows, uint64_t address)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->data[i].start < address && address < rows->data[i].end)
			return true;
	return false;
}

/* Does one of the kernel's rows begin or end inside the VMA? */
static bool is_cut(const struct vmt_vma *vma, const struct vmt_layout *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		uint64_t start = rows->data[i].start;

		if (vmt_vma_start(vma) < start && start < vmt_vma_end(vma))
			return true;
	}
	return false;
}

/*
 * Are these two VMAs of the model kept apart by their anon_vmas alone? Of one that was found nothing is
 * known, so it may be the other's, or none.
 */
static bool only_anon_parts(const struct vmt_space *space, const struct vmt_vma *below,
			    const struct vmt_vma *above)
{
	uint64_t border = below->pgoff + vmt_pages(space, vmt_vma_end(below)) -
			  vmt_pages(space, vmt_vma_start(below));

	return ((anon_is_open(below) && anon_is_open(above)) || below->found || above->found) &&
	       vmt_merge_refusal(space, below, border, above, above->pgoff) == VMT_WHY_NONE;
}

/*
 * Where the VMA and the kernel's rows differ at its borders, can it be the identity of anon_vmas? The
 * kernel joined it with the next one: then nothing else may have been between them. The kernel cut
 * it: then it is memory that can have one, and the model took it for the same as its neighbour's.
 *
 *	model    [  A  ][  B  ]        [     A     ]
 *	kernel   [     A     ]         [  A  ][  B  ]
 */
static bool anon_explains(const struct vmt_space *space, const struct vmt_vma *vma,
			  const struct vmt_layout *rows)
{
	const struct vmt_vma *next = vmt_vma_next(vma);

	if (is_cut(vma, rows) && !anon_is_open(vma))
		return false;
	if (!next || vmt_vma_start(next) != vmt_vma_end(vma) || !row_across(rows, vmt_vma_end(vma)))
		return true;
	return only_anon_parts(space, vma, next);
}

/*
 * A known reason for a difference. Where only the borders between private VMAs differ, it is the
 * identity of their anon_vmas.
 */
static enum vmt_reason explain(const struct vmt_space *space, const struct vmt_layout *rows,
			       uint64_t start, uint64_t end)
{
	uint64_t modelled = 0;
	uint64_t real = 0;

	if (only_growth(space, rows, start, end))
		return VMT_REASON_STACK_GREW;
	for (struct vmt_vma *vma = first_touching(space, start); vma && vmt_vma_start(vma) <= end;
	     vma = vmt_vma_next(vma)) {
		if (!same_pages(vma, rows, space) || !anon_explains(space, vma, rows))
			return VMT_REASON_UNEXPLAINED;
		modelled += vmt_vma_end(vma) - vmt_vma_start(vma);
	}
	for (size_t i = 0; i < rows->count; i++)
		real += rows->data[i].end - rows->data[i].start;
	return modelled == real ? VMT_REASON_ANON_VMA : VMT_REASON_UNEXPLAINED;
}

enum vmt_compared vmt_space_check(struct vmt_space *space, const struct vmt_layout *rows,
				  uint64_t *start, uint64_t *end, struct vmt_step *step)
{
	uint64_t low = *start;
	uint64_t high = *end;

	if (ranges_equal(space, rows, low, high)) {
		if (step->check == VMT_CHECK_UNCHECKED)
			step->check = VMT_CHECK_MATCH;
		return VMT_COMPARED_EQUAL;
	}
	hull(space, rows, &low, &high);
	if (low != *start || high != *end || (rows->count && !rows->data[0].name)) {
		*start = low;
		*end = high;
		return VMT_COMPARED_ASK_WIDER;
	}
	if (step->reason == VMT_REASON_NONE)
		step->reason = explain(space, rows, low, high);
	step->check = VMT_CHECK_ADJUSTED;
	take_over(space, rows, low, high);
	return VMT_COMPARED_TAKEN_OVER;
}

static const char *const reason_names[VMT_REASON_COUNT] = {
	[VMT_REASON_NONE] = "none",
	[VMT_REASON_NOT_MODELLED] = "not-modelled",
	[VMT_REASON_ANON_VMA] = "anon_vma",
	[VMT_REASON_STACK_GREW] = "stack-grew",
	[VMT_REASON_ORDER_INFERRED] = "order-inferred",
	[VMT_REASON_FILE_DRIVER] = "file-driver",
	[VMT_REASON_OTHER_PROCESS] = "other-process",
	[VMT_REASON_IO_URING] = "io_uring",
	[VMT_REASON_LOADER] = "loader",
	[VMT_REASON_SECCOMP] = "seccomp",
	[VMT_REASON_UNREADABLE] = "unreadable",
	[VMT_REASON_UNEXPLAINED] = "unexplained",
};

const char *vmt_reason_name(enum vmt_reason reason)
{
	return reason_names[reason];
}

static const char *const why_names[VMT_WHY_COUNT] = {
	[VMT_WHY_NONE] = "none",
#define VMT_WHY(id, name) [VMT_WHY_##id] = (name),
#include "vmtrace/why.def"
#undef VMT_WHY
};

const char *vmt_why_name(enum vmt_why_id id)
{
	return why_names[id];
}

const char *vmt_pattern_name(enum vmt_pattern pattern)
{
	static const char *const names[VMT_PATTERN_COUNT] = {
		[VMT_PATTERN_NONE] = "none",
#define VMT_PATTERN(id, name, title) [VMT_PATTERN_##id] = (name),
#include "vmtrace/pattern.def"
#undef VMT_PATTERN
	};

	return names[pattern];
}

const char *vmt_cause_name(enum vmt_cause cause)
{
	static const char *const names[VMT_CAUSE_COUNT] = {
		[VMT_CAUSE_BOOT] = "boot",
		[VMT_CAUSE_EXEC_STACK] = "exec-stack",
		[VMT_CAUSE_EXEC_SEGMENT] = "exec-segment",
		[VMT_CAUSE_EXEC_BSS] = "exec-bss",
		[VMT_CAUSE_INTERP_SEGMENT] = "interp-segment",
		[VMT_CAUSE_INTERP_BSS] = "interp-bss",
		[VMT_CAUSE_EXEC_SPECIAL] = "exec-special",
		[VMT_CAUSE_EXEC_OTHER] = "exec-other",
		[VMT_CAUSE_FORK] = "fork",
		[VMT_CAUSE_CALL] = "call",
		[VMT_CAUSE_STACK_GROWTH] = "stack-growth",
		[VMT_CAUSE_UFFD_CLOSED] = "userfaultfd-closed",
		[VMT_CAUSE_NAME_CHANGED] = "name-changed",
		[VMT_CAUSE_FOUND] = "found",
	};

	return names[cause];
}

const char *vmt_check_name(enum vmt_check check)
{
	static const char *const names[VMT_CHECK_COUNT] = {
		[VMT_CHECK_UNCHECKED] = "unchecked",
		[VMT_CHECK_MATCH] = "match",
		[VMT_CHECK_ADJUSTED] = "adjusted",
	};

	return names[check];
}
