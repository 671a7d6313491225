/* SPDX-License-Identifier: MIT */
/*
 * execve's loader: load_elf_binary() (fs/binfmt_elf.c, 6.18) as steps, in the order in which the
 * kernel works:
 *
 *	gate pages                     there since boot
 *	stack                          setup_arg_pages()
 *	PT_LOAD 1 … n of the program   elf_load(): file part, then .bss beyond the file
 *	PT_LOAD 1 … m of ld.so         load_elf_interp()
 *	[vdso], [vvar], …              arch_setup_additional_pages()
 *
 * What the headers say is compared with what the kernel shows at the exec stop, mapping by
 * mapping; what the kernel shows and no header explains is taken from there.
 */
#include <string.h>

#include "edit.h"
#include "exec.h"
#include "merge.h"
#include "ops.h"
#include "path.h"
#include "space.h"

enum {
	EXE_DESCRIPTION = 1,
	INTERP_DESCRIPTION = 2
};

void vmt_loader_begin(struct vmt_loader *loader, enum vmt_cause cause)
{
	vmt_step_begin(loader->space, &loader->step);
	loader->step.cause = cause;
	loader->step.predicted = true;
	loader->step.check = VMT_CHECK_MATCH;
}

void vmt_loader_finish(struct vmt_loader *loader)
{
	vmt_step_end(loader->space, &loader->step);
	loader->done(loader->data, &loader->step);
}

static uint64_t access_of(unsigned perms)
{
	return (perms & VMT_PERM_READ ? VMT_VM_READ : 0) |
	       (perms & VMT_PERM_WRITE ? VMT_VM_WRITE : 0) |
	       (perms & VMT_PERM_EXEC ? VMT_VM_EXEC : 0);
}

static const uint64_t may_all = VMT_VM_MAYREAD | VMT_VM_MAYWRITE | VMT_VM_MAYEXEC;

/* The attributes of a VMA that is known only by its line in maps. */
struct vmt_vma vmt_vma_from_row(struct vmt_space *space, const struct vmt_mapping *row)
{
	struct vmt_vma vma = vmt_vma_template(access_of(row->perms) | may_all);

	vma.pgoff = vmt_pages(space, row->start);
	if (row->perms & VMT_PERM_SHARED)
		vma.flags |= VMT_VM_MAYSHARE | (row->perms & VMT_PERM_WRITE ? VMT_VM_SHARED : 0);
	else if (row->perms & VMT_PERM_WRITE)
		vma.flags |= VMT_VM_ACCOUNT;
	if (row->inode || (row->name && row->name[0] == '/')) {
		vma.file = (struct vmt_file){
			.description = space->next_description++,
			.dev_major = row->dev_major,
			.dev_minor = row->dev_minor,
			.inode = row->inode,
			.name = row->name ? row->name : "",
		};
		vma.pgoff = vmt_pages(space, row->offset);
	} else if (row->name &&
		   (strncmp(row->name, "[v", 2) == 0 || strncmp(row->name, "[uprobes", 8) == 0 ||
		    strcmp(row->name, "[sigpage]") == 0)) {
		bool data = !(row->perms & VMT_PERM_EXEC);

		vma.special = row->name;
		vma.may_split = false;
		vma.flags = access_of(row->perms) | VMT_VM_MAYREAD | VMT_VM_DONTEXPAND;
		if (!data)
			vma.flags |= VMT_VM_MAYWRITE | VMT_VM_MAYEXEC;
		else if (space->features.vvar_mixed && strcmp(row->name, "[vvar]") == 0)
			vma.flags |= VMT_VM_MIXEDMAP | VMT_VM_DONTDUMP |
				     (space->features.vvar_not_io ? 0 : VMT_VM_IO);
		else
			vma.flags |= VMT_VM_PFNMAP | VMT_VM_IO | VMT_VM_DONTDUMP;
	} else if (row->name && strncmp(row->name, "[anon:", 6) == 0) {
		vma.anon_name = row->name;
	}
	return vma;
}

void vmt_load_gates(struct vmt_loader *loader)
{
	for (size_t i = 0; i < loader->image->layout.count; i++) {
		const struct vmt_mapping *row = &loader->image->layout.data[i];

		if (!row->gate)
			continue;
		vmt_loader_begin(loader, VMT_CAUSE_BOOT);
		loader->step.start = row->start;
		loader->step.end = row->end;
		loader->step.file_name = row->name;
		vmt_array_push(&loader->space->gates, *row);
		vmt_array_push(&loader->space->gate_steps, loader->step.number);
		vmt_step_gate(&loader->step, row);
		vmt_loader_finish(loader);
	}
}

/* setup_arg_pages(): the strings' page, moved down at random, plus 128 KiB. */
static void load_stack(struct vmt_loader *loader)
{
	const struct vmt_mapping *row = vmt_image_row(loader->image, loader->image->start_stack);
	struct vmt_space *space = loader->space;
	struct vmt_vma *vma;
	struct vmt_vma proposed;

	if (!row)
		return;
	vmt_loader_begin(loader, VMT_CAUSE_EXEC_STACK);
	VMT_PATH(space, LOAD_ELF_BINARY);
	VMT_PATH(space, SETUP_ARG_PAGES);
	VMT_PATH(space, SHIFT_STACK);
	loader->step.start = row->start;
	loader->step.end = row->end;
	proposed = vmt_vma_template(access_of(row->perms) | may_all | VMT_VM_GROWSDOWN |
				    VMT_VM_ACCOUNT);
	/* relocate_vma_down() keeps the offset from before the random shift. */
	proposed.pgoff = vmt_pages(space, row->start) + (loader->image->randomized ? 1 : 0);
	vma = vmt_space_insert(space, &proposed, row->start, row->end, proposed.pgoff);
	vma->anon_vma = space->next_anon_vma++;
	vmt_step_why(&loader->step,
		     (struct vmt_why){ .id = loader->image->randomized ? VMT_WHY_STACK_RANDOM
								       : VMT_WHY_STACK_TOP,
				       .number = { space->arch->stack_top - row->end } });
	vmt_loader_finish(loader);
}

static bool free_of_vmas(const struct vmt_space *space, const struct vmt_mapping *range)
{
	const struct vmt_vma *vma = vmt_find_vma(space, range->start);

	return !vma || vmt_vma_start(vma) >= range->end;
}

/* Everything about one ELF file on its way into the space. */
struct elf_load {
	const struct vmt_elf *elf;
	uint64_t bias;
	uint64_t description;
	const char *name;
	enum vmt_cause segment_cause;
	enum vmt_cause bss_cause;
};

/* One mapping that a PT_LOAD asks for. */
struct piece {
	const struct elf_load *load; /* whose */
	uint64_t start;
	uint64_t end;
	uint64_t cleared_end; /* what was there until here is gone; not below end */
	uint64_t access;
	unsigned index; /* of the PT_LOAD, from 1 */
	bool file; /* else the pages of its .bss beyond the file's */
};

typedef VMT_ARRAY(struct piece) piece_array;

static void add_piece(piece_array *pieces, struct piece *piece)
{
	piece->cleared_end = piece->end;
	if (piece->start < piece->end)
		vmt_array_push(pieces, *piece);
}

/*
 * load_elf_interp() maps the whole span with the first PT_LOAD and unmaps what is beyond it
 * (elf_map()): nothing of the program is left in there.
 */
static void clear_span(piece_array *pieces, size_t first)
{
	for (size_t i = first; i < pieces->count; i++)
		pieces->data[first].cleared_end =
			vmt_max_u64(pieces->data[first].cleared_end, pieces->data[i].end);
}

/*
 * elf_load(): the file part of each PT_LOAD, and the pages of its .bss beyond it, in the order in
 * which they are mapped:
 *
 *	 p_vaddr        + p_filesz          + p_memsz
 *	[ file pages  ...   |0000][ anonymous  ]
 *
 * With READ_IMPLIES_EXEC what is readable becomes executable (do_mmap()), and all of .bss
 * (VM_DATA_FLAGS_TSK_EXEC).
 */
static void find_pieces(const struct vmt_loader *loader, const struct elf_load *load,
			piece_array *ret_pieces)
{
	const struct vmt_space *space = loader->space;
	bool implied = loader->image->rights.personality & VMT_READ_IMPLIES_EXEC;

	for (unsigned index = 1; index <= load->elf->segment_count; index++) {
		const struct vmt_segment *segment = &load->elf->segments[index - 1];
		uint64_t address = load->bias + segment->vaddr;
		struct piece file = {
			.load = load,
			.start = vmt_page_down(space, address),
			.end = vmt_page_up(space, address + segment->file_bytes),
			.access = access_of(segment->perms),
			.index = index,
			.file = true,
		};
		struct piece bss = {
			.load = load,
			.end = vmt_page_up(space, address + segment->memory_bytes),
			.access = VMT_VM_READ | VMT_VM_WRITE |
				  (implied ? VMT_VM_EXEC : file.access & VMT_VM_EXEC),
			.index = index,
		};

		if (!segment->file_bytes)
			file.end = file.start;
		if (implied && file.access & VMT_VM_READ)
			file.access |= VMT_VM_EXEC;
		bss.start = file.end;
		add_piece(ret_pieces, &file);
		add_piece(ret_pieces, &bss);
	}
}

/* Where the pieces from @first on leave @address alone until; @address if one of them covers it. */
static uint64_t visible_until(const piece_array *pieces, size_t first, uint64_t address,
			      uint64_t end, uint64_t *ret_covered_until)
{
	for (size_t i = first; i < pieces->count; i++) {
		const struct piece *piece = &pieces->data[i];

		if (piece->start <= address && address < piece->cleared_end) {
			*ret_covered_until = piece->cleared_end;
			return address;
		}
		if (address < piece->start)
			end = vmt_min_u64(end, piece->start);
	}
	return end;
}

/* What the headers do not explain; without them nothing is explained. */
static enum vmt_reason unplaced_reason(const struct vmt_image *image)
{
	bool read = image->has_exe && (image->has_interp || !image->exe.interpreter[0]);

	return read ? VMT_REASON_LOADER : VMT_REASON_UNREADABLE;
}

/*
 * Does the kernel show the piece as it was asked for, but for what later ones were mapped over? Sets
 * the row that shows it first; NULL if all of it was replaced.
 */
static bool is_there(const struct vmt_image *image, const piece_array *pieces, size_t index,
		     unsigned perms, const struct vmt_mapping **ret_row)
{
	const struct piece *piece = &pieces->data[index];
	uint64_t at = piece->start;

	*ret_row = NULL;
	while (at < piece->end) {
		uint64_t covered = 0;
		uint64_t until = visible_until(pieces, index + 1, at, piece->end, &covered);
		const struct vmt_mapping *row;

		if (until == at) {
			at = covered;
			continue;
		}
		row = vmt_image_row(image, at);
		if (!row || row->perms != perms || (row->inode != 0) != piece->file)
			return false;
		if (!*ret_row)
			*ret_row = row;
		at = vmt_min_u64(until, row->end);
	}
	return true;
}

/*
 * Maps a piece if the kernel's layout agrees; otherwise says so, and what the kernel has there is taken
 * over with the rest.
 */
static struct vmt_vma *map_checked(struct vmt_loader *loader, const piece_array *pieces,
				   size_t index, struct vmt_vma *proposed)
{
	struct vmt_space *space = loader->space;
	const struct piece *piece = &pieces->data[index];
	const struct vmt_mapping *row;
	bool interp = loader->step.cause == VMT_CAUSE_INTERP_SEGMENT ||
		      loader->step.cause == VMT_CAUSE_INTERP_BSS;
	VMT_PATH(space, LOAD_ELF_BINARY);
	VMT_PATH_IF(interp, space, LOAD_ELF_INTERP);
	VMT_PATH(space, ELF_LOAD);
	VMT_PATH_IF(piece->file, space, ELF_MAP);
	VMT_PATH_IF(!piece->file, space, VM_BRK_FLAGS);

	loader->step.start = piece->start;
	loader->step.end = piece->end;
	if (!is_there(loader->image, pieces, index, vmt_vma_perms(proposed), &row)) {
		loader->step.check = VMT_CHECK_ADJUSTED;
		loader->step.reason = unplaced_reason(loader->image);
		return NULL;
	}
	if (piece->file && row) {
		proposed->file.dev_major = row->dev_major;
		proposed->file.dev_minor = row->dev_minor;
		proposed->file.inode = row->inode;
		proposed->file.name = row->name;
	}
	if (!free_of_vmas(space, &(struct vmt_mapping){ .start = piece->start,
							.end = piece->cleared_end }) &&
	    vmt_unmap_range(space, piece->start, piece->cleared_end) < 0)
		return NULL;
	return vmt_map_new_range(space, piece->start, piece->end, proposed, VMT_MERGE_BOTH_SIDES);
}

static void tell_base(struct vmt_loader *loader, const struct elf_load *load, unsigned index)
{
	struct vmt_why why = { .id = VMT_WHY_ELF_ADDRESS };

	if (index > 1)
		why = (struct vmt_why){ .id = VMT_WHY_AFTER_SEGMENT,
					.number = { load->elf->segments[index - 1].vaddr } };
	else if (load->segment_cause == VMT_CAUSE_INTERP_SEGMENT && load->elf->dynamic_base)
		why.id = VMT_WHY_MMAP_BASE;
	else if (load->elf->dynamic_base && load->elf->interpreter[0])
		why = (struct vmt_why){
			.id = loader->image->randomized ? VMT_WHY_PIE_RANDOM : VMT_WHY_PIE_BASE,
			.number = { loader->space->arch->dyn_base },
		};
	else if (load->elf->dynamic_base)
		why.id = VMT_WHY_MMAP_BASE;
	vmt_step_why(&loader->step, why);
}

/*
 * The rest of the file's last page is zeroed (padzero()), a write that gives the data VMA its anon_vma.
 * Read-only data is left alone.
 */
static bool pads(const struct vmt_space *space, const struct piece *piece)
{
	const struct vmt_segment *segment = &piece->load->elf->segments[piece->index - 1];

	return piece->access & VMT_VM_WRITE && segment->memory_bytes > segment->file_bytes &&
	       (piece->load->bias + segment->vaddr + segment->file_bytes) % vmt_space_page(space);
}

static void load_piece(struct vmt_loader *loader, const piece_array *pieces, size_t index)
{
	const struct piece *piece = &pieces->data[index];
	const struct elf_load *load = piece->load;
	const struct vmt_segment *segment = &load->elf->segments[piece->index - 1];
	struct vmt_space *space = loader->space;
	struct vmt_vma proposed = vmt_vma_template(piece->access | may_all);
	struct vmt_vma *vma;

	vmt_loader_begin(loader, piece->file ? load->segment_cause : load->bss_cause);
	loader->step.index = piece->index;
	loader->step.file_name = load->name;
	if (piece->access & VMT_VM_WRITE)
		proposed.flags |= VMT_VM_ACCOUNT;
	proposed.pgoff = vmt_pages(space, piece->start);
	if (piece->file) {
		proposed.file.description = load->description;
		proposed.pgoff = vmt_pages(space, vmt_page_down(space, segment->offset));
		tell_base(loader, load, piece->index);
	}
	if (piece->access & VMT_VM_EXEC && !(segment->perms & VMT_PERM_EXEC))
		vmt_why(space, VMT_WHY_READ_IMPLIES_EXEC, 0, 0, 0, 0);
	vma = map_checked(loader, pieces, index, &proposed);
	if (vma && piece->file && pads(space, piece))
		vmt_anon_prepare(space, vma);
	vmt_loader_finish(loader);
}

/* The program, and its interpreter, which can lie over it if it has a place of its own. */
static void load_files(struct vmt_loader *loader)
{
	const struct vmt_image *image = loader->image;
	const struct elf_load exe = {
		.elf = &image->exe,
		.bias = image->at_entry - image->exe.entry,
		.description = EXE_DESCRIPTION,
		.name = loader->space->exe,
		.segment_cause = VMT_CAUSE_EXEC_SEGMENT,
		.bss_cause = VMT_CAUSE_EXEC_BSS,
	};
	const struct elf_load interp = {
		.elf = &image->interp,
		.bias = image->at_base,
		.description = INTERP_DESCRIPTION,
		.name = loader->space->interp,
		.segment_cause = VMT_CAUSE_INTERP_SEGMENT,
		.bss_cause = VMT_CAUSE_INTERP_BSS,
	};
	piece_array pieces = { 0 };

	if (image->has_exe)
		find_pieces(loader, &exe, &pieces);
	if (image->has_interp && (image->at_base || !image->interp.dynamic_base)) {
		size_t first = pieces.count;

		find_pieces(loader, &interp, &pieces);
		clear_span(&pieces, first);
	}
	for (size_t i = 0; i < pieces.count; i++)
		load_piece(loader, &pieces, i);
	vmt_array_deinit(&pieces);
}

/* The rest of the kernel's layout: vdso and its data pages first, in the kernel's order. */
static void load_row(struct vmt_loader *loader, const struct vmt_mapping *row, enum vmt_cause cause)
{
	struct vmt_vma proposed = vmt_vma_from_row(loader->space, row);

	vmt_loader_begin(loader, cause);
	VMT_PATH(loader->space, LOAD_ELF_BINARY);
	VMT_PATH(loader->space, SETUP_ADDITIONAL);
	VMT_PATH(loader->space, INSTALL_SPECIAL);
	loader->step.start = row->start;
	loader->step.end = row->end;
	loader->step.file_name = row->name;
	if (cause == VMT_CAUSE_EXEC_OTHER) {
		loader->step.predicted = false;
		loader->step.check = VMT_CHECK_ADJUSTED;
		loader->step.reason = unplaced_reason(loader->image);
	}
	if (free_of_vmas(loader->space, row) ||
	    vmt_unmap_range(loader->space, row->start, row->end) == 0)
		vmt_space_insert(loader->space, &proposed, row->start, row->end, proposed.pgoff);
	vmt_loader_finish(loader);
}

static void load_special(struct vmt_loader *loader)
{
	static const char *const order[] = { "[sigpage]", "[vdso]", "[vvar]", "[vvar_vclock]" };

	for (size_t n = 0; n < vmt_countof(order); n++) {
		for (size_t i = 0; i < loader->image->layout.count; i++) {
			const struct vmt_mapping *row = &loader->image->layout.data[i];

			if (!row->gate && strcmp(row->name, order[n]) == 0)
				load_row(loader, row, VMT_CAUSE_EXEC_SPECIAL);
		}
	}
}

/* The personality MMAP_PAGE_ZERO: a page of zeros at address 0, sealed since 6.12. */
static void load_page_zero(struct vmt_loader *loader)
{
	struct vmt_space *space = loader->space;
	const struct vmt_mapping *row = vmt_image_row(loader->image, 0);
	struct vmt_vma proposed = vmt_vma_template(VMT_VM_READ | VMT_VM_EXEC | may_all);

	if (!(loader->image->rights.personality & VMT_MMAP_PAGE_ZERO) || !row ||
	    row->perms != vmt_vma_perms(&proposed) || row->inode)
		return;
	/* A kernel of 64 bits does so for 32-bit programs too. */
	if (space->features.mseal)
		proposed.flags |= VMT_VM_SEALED;
	vmt_loader_begin(loader, VMT_CAUSE_EXEC_SPECIAL);
	VMT_PATH(space, LOAD_ELF_BINARY);
	loader->step.end = vmt_space_page(space);
	vmt_why(space, VMT_WHY_PAGE_ZERO, 0, 0, 0, 0);
	vmt_space_insert(space, &proposed, 0, vmt_space_page(space), 0);
	vmt_loader_finish(loader);
}

static void load_rest(struct vmt_loader *loader)
{
	struct vmt_space *space = loader->space;

	for (size_t i = 0; i < loader->image->layout.count; i++) {
		const struct vmt_mapping *row = &loader->image->layout.data[i];
		struct vmt_vma *vma = vmt_find_vma(space, row->start);
		struct vmt_mapping have;

		if (row->gate)
			continue;
		if (vma) {
			have = vmt_vma_mapping(space, vma);
			if (vmt_mapping_equal(&have, row))
				continue;
		}
		load_row(loader, row, VMT_CAUSE_EXEC_OTHER);
	}
}

void vmt_setup_new_exec(struct vmt_space *space, const struct vmt_image *image)
{
	space->exe = image->exe_name ? image->exe_name : "";
	space->interp = image->interp_name && image->interp_name[0] ? image->interp_name
			: image->has_exe ? vmt_names_add(space->names, image->exe.interpreter)
					 : "";
	space->arch = image->has_exe ? vmt_arch_by_elf(image->exe.machine, image->exe.word_bits)
				     : space->arch;
	if (!space->arch)
		space->arch = &vmt_arch_x86_64;
	space->task_size = space->features.wide_addresses && space->arch->wide_task_size
				   ? space->arch->wide_task_size
				   : space->arch->task_size;
	space->legacy_base = space->arch->legacy_base;
	space->legacy = (image->rights.personality & VMT_ADDR_COMPAT_LAYOUT) != 0;
	space->start_brk = space->brk = image->start_brk;
	space->brk_known = image->start_brk != 0;
	space->start_data = image->start_data;
	space->end_data = image->end_data;
	space->start_stack = image->start_stack;
	space->rights = image->rights;
	vmt_find_mmap_base(space, image);
}

void vmt_space_exec(struct vmt_space *space, const struct vmt_image *image, vmt_step_fn *done,
		    void *data)
{
	struct vmt_loader loader = { .space = space, .image = image, .done = done, .data = data };

	vmt_step_init(&loader.step);
	vmt_setup_new_exec(space, image);
	vmt_load_gates(&loader);
	load_stack(&loader);
	load_files(&loader);
	load_special(&loader);
	load_page_zero(&loader);
	load_rest(&loader);
	vmt_step_deinit(&loader.step);
}

/*
 * An execve that failed has changed nothing; which file it did not like, only the kernel knows. If it
 * failed after begin_new_exec() the old program is gone, and the task is killed (bprm_execve() of
 * fs/exec.c).
 */
int64_t vmt_op_execve(struct vmt_space *space, const struct vmt_event *event, struct vmt_step *step)
{
	step->predicted = false;
	if (event->exec_too_late)
		vmt_why(space, VMT_WHY_EXEC_TOO_LATE, 0, 0, 0, 0);
	return event->result;
}
