/* SPDX-License-Identifier: MIT */
/*
 * How a VMA looks from outside: the line that show_map_vma() (fs/proc/task_mmu.c) prints, with its
 * rules for [heap] and [stack], and the two-letter words of smaps.
 */
#include "vma.h"

#include <string.h>

#include "space.h"

struct vmt_vma vmt_vma_template(uint64_t flags)
{
	return (struct vmt_vma){
		.flags = flags,
		.may_split = true,
		.file = { .name = "" },
	};
}

unsigned vmt_vma_perms(const struct vmt_vma *vma)
{
	unsigned perms = 0;

	if (vma->flags & VMT_VM_READ)
		perms |= VMT_PERM_READ;
	if (vma->flags & VMT_VM_WRITE)
		perms |= VMT_PERM_WRITE;
	if (vma->flags & VMT_VM_EXEC)
		perms |= VMT_PERM_EXEC;
	if (vma->flags & VMT_VM_MAYSHARE)
		perms |= VMT_PERM_SHARED;
	return perms;
}

/* vma_is_initial_heap(): 6.12 and later exclude a VMA that only touches the heap. */
static bool is_heap(const struct vmt_space *space, const struct vmt_vma *vma)
{
	if (!space->start_brk)
		return false;
	if (space->features.heap_label_inclusive)
		return vmt_vma_start(vma) <= space->brk && vmt_vma_end(vma) >= space->start_brk;
	return vmt_vma_start(vma) < space->brk && vmt_vma_end(vma) > space->start_brk;
}

/* vma_is_initial_stack(): both ends inclusive. */
static bool is_stack(const struct vmt_space *space, const struct vmt_vma *vma)
{
	return space->start_stack && vmt_vma_start(vma) <= space->start_stack &&
	       vmt_vma_end(vma) >= space->start_stack;
}

static const char *label(const struct vmt_space *space, const struct vmt_vma *vma)
{
	if (vma->file.description)
		return vma->file.name;
	if (vma->special)
		return vma->special;
	if (is_heap(space, vma))
		return "[heap]";
	if (is_stack(space, vma))
		return "[stack]";
	return vma->anon_name ? vma->anon_name : "";
}

struct vmt_mapping vmt_vma_mapping(const struct vmt_space *space, const struct vmt_vma *vma)
{
	bool file = vma->file.description != 0;

	return (struct vmt_mapping){
		.start = vmt_vma_start(vma),
		.end = vmt_vma_end(vma),
		.perms = vmt_vma_perms(vma),
		.offset = file ? vma->pgoff << space->arch->page_shift : 0,
		.dev_major = file ? vma->file.dev_major : 0,
		.dev_minor = file ? vma->file.dev_minor : 0,
		.inode = file ? vma->file.inode : 0,
		.name = label(space, vma),
	};
}

static const struct {
	uint64_t flag;
	const char word[3];
} smaps_words[] = {
	{ VMT_VM_READ, "rd" },         { VMT_VM_WRITE, "wr" },        { VMT_VM_EXEC, "ex" },
	{ VMT_VM_SHARED, "sh" },       { VMT_VM_MAYREAD, "mr" },      { VMT_VM_MAYWRITE, "mw" },
	{ VMT_VM_MAYEXEC, "me" },      { VMT_VM_MAYSHARE, "ms" },     { VMT_VM_GROWSDOWN, "gd" },
	{ VMT_VM_UFFD_MISSING, "um" }, { VMT_VM_PFNMAP, "pf" },       { VMT_VM_MAYBE_GUARD, "gu" },
	{ VMT_VM_UFFD_WP, "uw" },      { VMT_VM_LOCKED, "lo" },       { VMT_VM_IO, "io" },
	{ VMT_VM_SEQ_READ, "sr" },     { VMT_VM_RAND_READ, "rr" },    { VMT_VM_DONTCOPY, "dc" },
	{ VMT_VM_DONTEXPAND, "de" },   { VMT_VM_LOCKONFAULT, "lf" },  { VMT_VM_ACCOUNT, "ac" },
	{ VMT_VM_NORESERVE, "nr" },    { VMT_VM_HUGETLB, "ht" },      { VMT_VM_SYNC, "sf" },
	{ VMT_VM_WIPEONFORK, "wf" },   { VMT_VM_DONTDUMP, "dd" },     { VMT_VM_SOFTDIRTY, "sd" },
	{ VMT_VM_MIXEDMAP, "mm" },     { VMT_VM_HUGEPAGE, "hg" },     { VMT_VM_NOHUGEPAGE, "nh" },
	{ VMT_VM_MERGEABLE, "mg" },    { VMT_VM_SHADOW_STACK, "ss" }, { VMT_VM_DROPPABLE, "dp" },
	{ VMT_VM_UFFD_MINOR, "ui" },   { VMT_VM_SEALED, "sl" },
};

uint64_t vmt_vm_flags_parse(const char *words)
{
	uint64_t vm_flags = 0;

	for (; *words; words += strcspn(words, " "), words += strspn(words, " ")) {
		for (size_t i = 0; i < vmt_countof(smaps_words); i++)
			if (strncmp(words, smaps_words[i].word, 2) == 0)
				vm_flags |= smaps_words[i].flag;
	}
	return vm_flags;
}

void vmt_vm_flags_text(uint64_t vm_flags, struct vmt_str *ret_text)
{
	bool first = true;

	for (size_t i = 0; i < vmt_countof(smaps_words); i++) {
		if (!(vm_flags & smaps_words[i].flag))
			continue;
		if (!first)
			vmt_str_add_char(ret_text, ' ');
		vmt_str_add(ret_text, smaps_words[i].word);
		first = false;
	}
}
