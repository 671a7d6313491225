/* SPDX-License-Identifier: MIT */
/*
 * Steps in full sentences, for --teach: what was asked, what the kernel did and through which of
 * its functions, what decided it, and what page tables and TLB have to do later. The sentences
 * stand in text-teach.def and text-why.def; teach-choose.c chooses those that fit a step, and here
 * their words in {braces} are filled in:
 *
 *	{who} {call} {file} {purpose} {errno}   as the log has them
 *	{size} {rights} {at}                    of the range that the step is about
 *	{old} {new}                             sizes before and after, of brk and mremap
 *	{path}                                  the kernel's functions, from the model's path
 */
#include "teach.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

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

/* ---- The words in braces -------------------------------------------------------------------- */

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

	vmt_str_add(text, words[vmt_teach_perms(step) & 7]);
}

static uint64_t size_of(const struct vmt_step *step)
{
	const struct vmt_mapping *map = vmt_teach_after(step);

	if (step->end > step->start)
		return step->end - step->start;
	if (!map)
		map = vmt_teach_before(step);
	return map ? map->end - map->start : 0;
}

static void add_size(uint64_t size_bytes, struct vmt_str *text)
{
	char size[16];

	vmt_str_add(text, vmt_size_text(size_bytes, size));
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
	const struct vmt_mapping *map = vmt_teach_after(step);

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
		add_size(vmt_teach_changed(step, false), text);
	else if (IS("new"))
		add_size(vmt_teach_changed(step, true), text);
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

/* ---- The whole ------------------------------------------------------------------------------- */

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
	const struct sentences *sentences = &texts[vmt_teach_choose(step)];

	fill_in(step, sentences->asked, ret_text);
	fill_in(step, sentences->did, ret_text);
	add_whys(step, ret_text);
	fill_in(step, sentences->later, ret_text);
}
