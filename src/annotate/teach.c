/* SPDX-License-Identifier: MIT */
/*
 * Steps in full sentences, for --teach: what was asked, what the kernel did and through which of
 * its functions, what decided it, and what page tables and TLB have to do later. The sentences
 * stand in text-teach.def and text-why.def; here the one that fits a step is chosen and its words
 * in {braces} are filled in:
 *
 *	{who} {call} {file} {purpose} {errno}   as the log has them
 *	{size} {rights} {at}                    of the range that the step is about
 *	{old} {new}                             sizes before and after, of brk and mremap
 *	{path}                                  the kernel's functions, from the model's path
 */
#include "vmtrace/annotate.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/mman.h>

#define MAP_TYPE_MASK 0x0f
#define MADV_DONTNEED_LOCKED_CODE 24

enum teach {
#define VMT_TEACH(id, asked, did, later) TEACH_##id,
#include "text-teach.def"
#undef VMT_TEACH
	TEACH_COUNT,
};

struct sentences {
	const char *asked;
	const char *did;
	const char *later;
};

static const struct sentences texts[TEACH_COUNT] = {
#define VMT_TEACH(id, asked, did, later) [TEACH_##id] = { (asked), (did), (later) },
#include "text-teach.def"
#undef VMT_TEACH
};

enum {
	PATH_SHOWN = 5, /* functions that one sentence bears */
};

/* ---- The range and its rights --------------------------------------------------------------- */

/* The VMA in @views that overlaps the step's range, or the only one. */
static const struct vmt_mapping *map_in(const struct vmt_step *step,
					const struct vmt_vma_view *views, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (views[i].map.start < step->end && step->start < views[i].map.end)
			return &views[i].map;
	}
	return count == 1 ? &views[0].map : NULL;
}

static const struct vmt_mapping *map_after(const struct vmt_step *step)
{
	return map_in(step, step->added.data, step->added.count);
}

static const struct vmt_mapping *map_before(const struct vmt_step *step)
{
	return map_in(step, step->removed.data, step->removed.count);
}

static unsigned perms_of_prot(uint64_t prot)
{
	return (prot & PROT_READ ? VMT_PERM_READ : 0) | (prot & PROT_WRITE ? VMT_PERM_WRITE : 0) |
	       (prot & PROT_EXEC ? VMT_PERM_EXEC : 0);
}

static bool has_prot(const struct vmt_event *event)
{
	switch (event->call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
	case VMT_CALL_MPROTECT:
	case VMT_CALL_PKEY_MPROTECT:
		return true;
	default:
		return false;
	}
}

static unsigned perms_of(const struct vmt_step *step)
{
	const struct vmt_mapping *map = map_after(step);

	if (step->event && has_prot(step->event))
		return perms_of_prot(step->event->args[2]);
	if (!map)
		map = map_before(step);
	return map ? map->perms : 0;
}

static void add_rights(const struct vmt_step *step, struct vmt_str *text)
{
	static const char *const words[] = {
		"without access rights",
		"read-only",
		"write-only",
		"readable and writable",
		"executable",
		"readable and executable",
		"writable and executable",
		"readable, writable and executable",
	};

	vmt_str_add(text, words[perms_of(step) & 7]);
}

static uint64_t size_of(const struct vmt_step *step)
{
	const struct vmt_mapping *map = map_after(step);

	if (step->end > step->start)
		return step->end - step->start;
	if (!map)
		map = map_before(step);
	return map ? map->end - map->start : 0;
}

static void add_size(uint64_t size_bytes, struct vmt_str *text)
{
	char size[16];

	vmt_str_add(text, vmt_size_text(size_bytes, size));
}

/* brk and mremap: the size before the call, or after it. */
static uint64_t changed_size(const struct vmt_step *step, bool after)
{
	const struct vmt_event *event = step->event;
	uint64_t mask = event->arch ? vmt_arch_page_size(event->arch) - 1 : 4095;
	uint64_t bytes;

	if (event->call == VMT_CALL_MREMAP)
		bytes = event->args[after ? 2 : 1];
	else
		bytes = (after ? (uint64_t)event->result : step->old_end) - step->old_start;
	return (bytes + mask) & ~mask;
}

/* ---- Words -------------------------------------------------------------------------------------- */

static void add_who(const struct vmt_step *step, struct vmt_str *text)
{
	static const struct {
		const char *actor;
		const char *name;
	} names[] = {
		{ "kernel", "The kernel" },
		{ "linker", "The dynamic linker" },
		{ "libc", "The C library" },
		{ "program", "The program" },
		{ "anon", "Code in anonymous memory" },
	};

	for (size_t i = 0; i < vmt_countof(names); i++) {
		if (strcmp(step->actor, names[i].actor) == 0) {
			vmt_str_add(text, names[i].name);
			return;
		}
	}
	vmt_str_printf(text, "Code of %s", step->actor);
}

/* Entries and helpers that say little by themselves. */
static bool is_plain(const char *function)
{
	static const char *const plain[] = {
		"ksys_mmap_pgoff",
		"vm_mmap_pgoff",
		"__vm_munmap",
		"mlock_future_ok",
		"mlock_future_check",
		"may_expand_vm",
		"vm_unmapped_area",
		"can_vma_merge_left",
		"can_vma_merge_right",
		"can_vma_merge_after",
		"can_vma_merge_before",
		"security_vm_enough_memory_mm",
		"thp_get_unmapped_area_vmflags",
		"__mmap_region",
		"__mmap_prepare",
		"vms_gather_munmap_vmas",
		"vma_modify",
		"check_mremap_params",
	};

	for (size_t i = 0; i < vmt_countof(plain); i++) {
		if (strcmp(function, plain[i]) == 0)
			return true;
	}
	return strstr(function, "_sys_") != NULL;
}

static bool told_before(const struct vmt_step *step, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(step->path.data[i].function, step->path.data[index].function) == 0)
			return true;
	}
	return false;
}

/* "do_mmap, mmap_region and __mmap_new_vma" */
static void add_path(const struct vmt_step *step, struct vmt_str *text)
{
	const char *chosen[PATH_SHOWN];
	size_t count = 0;

	for (size_t i = 0; i < step->path.count; i++) {
		const char *function = step->path.data[i].function;

		if (is_plain(function) || told_before(step, i))
			continue;
		/* What comes last decides; what came first leads there. */
		if (count == PATH_SHOWN)
			count--;
		chosen[count++] = function;
	}
	if (count == 0)
		vmt_str_add(text, step->path.count ? step->path.data[0].function
						   : "the system call itself");
	for (size_t i = 0; i < count; i++)
		vmt_str_printf(text, "%s%s",
			       i == 0           ? ""
			       : i + 1 == count ? " and "
						: ", ",
			       chosen[i]);
}

static const char *file_of(const struct vmt_step *step)
{
	const struct vmt_mapping *map = map_after(step);

	if (step->file_name && step->file_name[0])
		return vmt_base_name(step->file_name);
	if (step->event && step->event->file.known && step->event->file.name)
		return vmt_base_name(step->event->file.name);
	return map && map->name[0] ? vmt_base_name(map->name) : "the file";
}

static void add_word(const struct vmt_step *step, const char *word, size_t length,
		     struct vmt_str *text)
{
	const struct vmt_event *event = step->event;
	char name[24];

#define IS(literal) (length == sizeof(literal) - 1 && strncmp(word, literal, length) == 0)
	if (IS("who"))
		add_who(step, text);
	else if (IS("size"))
		add_size(size_of(step), text);
	else if (IS("rights"))
		add_rights(step, text);
	else if (IS("at"))
		vmt_str_printf(text, "%" PRIx64,
			       event && event->call == VMT_CALL_MREMAP ? (uint64_t)event->result
								       : step->start);
	else if (IS("file"))
		vmt_str_add(text, file_of(step));
	else if (IS("purpose"))
		vmt_str_add(text, step->purpose[0] ? step->purpose : "nothing tells what for");
	else if (IS("path"))
		add_path(step, text);
	else if (IS("old"))
		add_size(changed_size(step, false), text);
	else if (IS("new"))
		add_size(changed_size(step, true), text);
	else if (IS("call"))
		vmt_str_add(text, vmt_call_info(event->call)->name);
	else if (IS("errno"))
		vmt_str_add(text, vmt_errno_name((int)-event->result, name));
	else
		assert(!"a word that text-teach.def must not use");
#undef IS
}

static void fill_in(const struct vmt_step *step, const char *text, struct vmt_str *ret_text)
{
	if (text[0] && ret_text->length)
		vmt_str_add_char(ret_text, ' ');
	while (*text) {
		size_t plain = strcspn(text, "{");
		size_t word;

		vmt_str_add_bytes(ret_text, text, plain);
		text += plain;
		if (!*text)
			break;
		word = strcspn(++text, "}");
		add_word(step, text, word, ret_text);
		text += word + 1;
	}
}

/* ---- Choosing ----------------------------------------------------------------------------------- */

/* A file of a driver, behind which there is no page cache. */
static bool is_device(const struct vmt_step *step)
{
	return step->pattern == VMT_PATTERN_DEVICE || step->pattern == VMT_PATTERN_RING;
}

static enum teach choose_mmap(const struct vmt_step *step)
{
	uint64_t flags = step->event->args[3];
	uint64_t type = flags & MAP_TYPE_MASK;
	bool shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
	uint64_t prot = step->event->args[2];

	if ((flags & (MAP_POPULATE | MAP_LOCKED)) && prot != PROT_NONE)
		return TEACH_MMAP_POPULATE;
	if (!(flags & MAP_ANONYMOUS) && is_device(step))
		return TEACH_MMAP_DEVICE;
	if (flags & MAP_ANONYMOUS)
		return shared              ? TEACH_MMAP_SHARED_ANON
		       : prot == PROT_NONE ? TEACH_MMAP_NONE
					   : TEACH_MMAP_ANON;
	return shared              ? TEACH_MMAP_SHARED
	       : prot & PROT_WRITE ? TEACH_MMAP_FILE_WRITE
				   : TEACH_MMAP_FILE;
}

static enum teach choose_mprotect(const struct vmt_step *step)
{
	const struct vmt_mapping *map = map_before(step);
	unsigned now = perms_of_prot(step->event->args[2]);

	if (!map || (map->perms & 7) == now)
		return step->event->call == VMT_CALL_PKEY_MPROTECT ? TEACH_SETTING
								   : TEACH_MPROTECT_SAME;
	return map->perms & 7 & ~now ? TEACH_MPROTECT_LESS : TEACH_MPROTECT_MORE;
}

static enum teach choose_brk(const struct vmt_step *step)
{
	const struct vmt_event *event = step->event;
	uint64_t before, after;

	if (event->args[0] == 0)
		return TEACH_BRK_ASK;
	if ((uint64_t)event->result != event->args[0])
		return TEACH_BRK_REFUSED;
	before = changed_size(step, false);
	after = changed_size(step, true);
	return after > before ? TEACH_BRK_GROW : after < before ? TEACH_BRK_SHRINK : TEACH_BRK_KEEP;
}

static enum teach choose_mremap(const struct vmt_step *step)
{
	uint64_t before = changed_size(step, false);
	uint64_t after = changed_size(step, true);

	if ((uint64_t)step->event->result != step->event->args[0])
		return TEACH_MREMAP_MOVE;
	return after > before   ? TEACH_MREMAP_GROW
	       : after < before ? TEACH_MREMAP_SHRINK
				: TEACH_MREMAP_KEEP;
}

static enum teach choose_madvise(uint64_t advice)
{
	switch (advice) {
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_DONTNEED_LOCKED_CODE:
		return TEACH_MADVISE_DROP;
	default:
		return TEACH_MADVISE_FLAG;
	}
}

static enum teach choose_call(const struct vmt_step *step)
{
	const struct vmt_event *event = step->event;

	switch (event->call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
		return choose_mmap(step);
	case VMT_CALL_MUNMAP:
		return step->removed.count ? TEACH_MUNMAP : TEACH_MUNMAP_NOTHING;
	case VMT_CALL_MPROTECT:
	case VMT_CALL_PKEY_MPROTECT:
		return choose_mprotect(step);
	case VMT_CALL_BRK:
		return choose_brk(step);
	case VMT_CALL_MREMAP:
		return choose_mremap(step);
	case VMT_CALL_MADVISE:
		return choose_madvise(event->args[2]);
	case VMT_CALL_PROCESS_MADVISE:
		return choose_madvise(event->args[3]);
	case VMT_CALL_MLOCK:
		return TEACH_LOCK;
	case VMT_CALL_MLOCK2:
		return event->args[2] ? TEACH_LOCK_ON_FAULT : TEACH_LOCK;
	case VMT_CALL_MLOCKALL:
		return TEACH_LOCK_ALL;
	case VMT_CALL_MUNLOCKALL:
		return TEACH_UNLOCK_ALL;
	case VMT_CALL_REMAP_FILE_PAGES:
		return TEACH_REMAP_FILE;
	case VMT_CALL_MUNLOCK:
		return TEACH_UNLOCK;
	case VMT_CALL_MSEAL:
		return TEACH_SEAL;
	case VMT_CALL_ARCH_PRCTL:
		return event->args[0] == VMT_ARCH_SET_FS ? TEACH_THREAD_POINTER : TEACH_SETTING;
	case VMT_CALL_SET_THREAD_AREA:
		return TEACH_THREAD_POINTER;
	case VMT_CALL_SET_TID_ADDRESS:
		return TEACH_TID_ADDRESS;
	case VMT_CALL_SET_ROBUST_LIST:
		return TEACH_ROBUST_LIST;
	case VMT_CALL_RSEQ:
		return TEACH_RSEQ;
	case VMT_CALL_SETRLIMIT:
	case VMT_CALL_PRLIMIT64:
		return TEACH_LIMIT;
	case VMT_CALL_SHMAT:
		return TEACH_SHM_ATTACH;
	case VMT_CALL_SHMDT:
		return TEACH_SHM_DETACH;
	case VMT_CALL_IO_SETUP:
	case VMT_CALL_IO_DESTROY:
		return TEACH_RING;
	case VMT_CALL_MAP_SHADOW_STACK:
		return TEACH_SHADOW_STACK;
	case VMT_CALL_EXECVE:
	case VMT_CALL_EXECVEAT:
		return TEACH_EXEC_FAILED;
	default:
		return TEACH_SETTING;
	}
}

static enum teach choose_fork(const struct vmt_step *step)
{
	const struct vmt_mapping *map = map_after(step);
	bool cow = map && (map->perms & VMT_PERM_WRITE) && !(map->perms & VMT_PERM_SHARED);

	return !map ? TEACH_FORK_LEFT_OUT : cow ? TEACH_FORK_COW : TEACH_FORK_SHARED;
}

static enum teach choose(const struct vmt_step *step)
{
	switch (step->cause) {
	case VMT_CAUSE_BOOT:
		return TEACH_BOOT;
	case VMT_CAUSE_EXEC_STACK:
		return TEACH_EXEC_STACK;
	case VMT_CAUSE_EXEC_SEGMENT:
	case VMT_CAUSE_INTERP_SEGMENT:
		return perms_of(step) & VMT_PERM_WRITE ? TEACH_EXEC_DATA : TEACH_EXEC_TEXT;
	case VMT_CAUSE_EXEC_BSS:
	case VMT_CAUSE_INTERP_BSS:
		return TEACH_EXEC_BSS;
	case VMT_CAUSE_EXEC_SPECIAL:
		return TEACH_EXEC_SPECIAL;
	case VMT_CAUSE_EXEC_OTHER:
		return TEACH_EXEC_OTHER;
	case VMT_CAUSE_FORK:
		return choose_fork(step);
	case VMT_CAUSE_STACK_GROWTH:
		return TEACH_STACK_GROWTH;
	case VMT_CAUSE_FOUND:
		return TEACH_FOUND;
	case VMT_CAUSE_CALL:
		break;
	}
	if (!step->event)
		return TEACH_FOUND;
	if (step->event->kind == VMT_EVENT_CALL_LOST)
		return TEACH_LOST;
	return step->event->failed ? TEACH_FAILED : choose_call(step);
}

/* What decided: where it went, or why it failed; and what became of the neighbours. */
static void add_whys(const struct vmt_step *step, struct vmt_str *ret_text)
{
	unsigned said = 0;

	for (unsigned i = 0; i < step->why_count && said < 2; i++) {
		enum vmt_why_id id = step->why[i].id;
		bool failure = id > VMT_WHY_FORK_UNLOCKED;
		bool apart = id >= VMT_WHY_APART_SPECIAL && id <= VMT_WHY_APART_FORKED;

		/* That neighbours differ is the usual thing, unless they look alike. */
		if (apart && id != VMT_WHY_APART_ACCOUNT && id != VMT_WHY_APART_ANON &&
		    id != VMT_WHY_APART_FORKED)
			continue;
		/* Where it would have gone is no matter any more. */
		if (!failure && step->event && step->event->failed)
			continue;
		fill_in(step, vmt_why_sentence(id), ret_text);
		said++;
	}
}

void vmt_teach(const struct vmt_step *step, struct vmt_str *ret_text)
{
	const struct sentences *sentences = &texts[choose(step)];

	fill_in(step, sentences->asked, ret_text);
	fill_in(step, sentences->did, ret_text);
	add_whys(step, ret_text);
	fill_in(step, sentences->later, ret_text);
}
