/* SPDX-License-Identifier: MIT */
/*
 * mm-calls: one call as one row of a table: the layout before, what is asked, what the kernel
 * answers, and the layout after. The model must foresee that answer, give the reasons, and leave
 * what the kernel leaves. The rows are what Linux 6.18 does; where two errors apply, the row shows
 * which one comes first.
 *
 * A situation is a line of words:
 *
 *	as=HEX data=HEX memlock=HEX	RLIMIT_AS, _DATA, _MEMLOCK in bytes (none: no limit)
 *	hard-data=HEX			the hard limit of RLIMIT_DATA
 *	min=HEX				vm.mmap_min_addr
 *	maps=N				vm.max_map_count
 *	memory=N			pages of RAM and swap
 *	strict				vm.overcommit_memory is 2
 *	cap rawio			CAP_IPC_LOCK, CAP_SYS_RAWIO
 *	future future-onfault		after mlockall(MCL_FUTURE), with MCL_ONFAULT
 *	mdwe ksm			after PR_SET_MDWE, PR_SET_MEMORY_MERGE
 *	rie				READ_IMPLIES_EXEC personality
 *	aslr				random placement
 *	i386				a 32-bit program
 *	brk=HEX start=HEX		the break; where the heap starts
 *	start-data=HEX end-data=HEX
 *	old				the rules of Linux 5.15
 *	is:RULE not:RULE		one rule of struct vmt_features
 *
 * A file is one too: "7 ro noexec" is description 7, opened O_RDONLY, on a noexec mount.
 *
 *	ro wo rw path			access mode; path is O_PATH
 *	dir pipe chr zero		what it is, if no regular file; zero is /dev/zero
 *	append noexec overlay
 *	size=HEX			bytes
 */
#ifndef VMT_TEST_MM_CALLS_H
#define VMT_TEST_MM_CALLS_H

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "mm-fixture.h"

/* Braces, in a form that leaves a row on few lines. */
#define ARGS(...) \
	{ \
		__VA_ARGS__ \
	}

struct call_case {
	const char *name;
	const char *before;
	enum vmt_call_id call;
	uint64_t args[6];
	int64_t result;
	const char *after; /* NULL: as before */
	enum vmt_why_id why[2]; /* among the reasons */
	const char *flags; /* smaps' words of the VMA at the address below; NULL: not looked at */
	uint64_t at; /* 0: the result; for a call that returns 0 the first argument */
	const char *file; /* NULL: no such descriptor */
	const char *situation; /* NULL: nothing special */
	bool open; /* only the kernel can know: the model must not claim to */
	uint64_t words[4];
	unsigned words_valid;
	const char *text;
};

/* "KEY=HEX" */
static inline bool call_value(const char *word, const char *key, uint64_t *ret_value)
{
	size_t length = strlen(key);

	if (strncmp(word, key, length) != 0 || word[length] != '=')
		return false;
	*ret_value = strtoull(word + length + 1, NULL, 16);
	return true;
}

/* "mremap-clears-first" */
static inline bool *call_rule(struct vmt_features *features, const char *name)
{
	const struct {
		const char *name;
		bool *rule;
	} rows[] = {
		{ "mremap-clears-first", &features->mremap_clears_first },
		{ "mremap-looks-first", &features->mremap_looks_first },
		{ "mremap-raw-lengths", &features->mremap_raw_lengths },
		{ "dontunmap-resets-offset", &features->dontunmap_resets_offset },
		{ "dontunmap-splits-locked", &features->dontunmap_splits_locked },
		{ "dontunmap-keeps-source", &features->dontunmap_keeps_source },
		{ "ksm-after-merge", &features->ksm_after_merge },
		{ "zero-thp-align", &features->zero_thp_align },
		{ "limits-before-cuts", &features->limits_before_cuts },
		{ "pidfd-self", &features->pidfd_self },
		{ "uffd-droppable", &features->uffd_droppable },
		{ "wide-addresses", &features->wide_addresses },
	};

	for (size_t i = 0; i < vmt_countof(rows); i++) {
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].rule;
	}
	fail_msg("no rule is called %s", name);
	return NULL;
}

static inline void call_situation_word(struct vmt_space *space, const char *word)
{
	static const struct {
		const char *key;
		enum vmt_limit limit;
	} limits[] = {
		{ "as", VMT_LIMIT_AS },
		{ "data", VMT_LIMIT_DATA },
		{ "memlock", VMT_LIMIT_MEMLOCK },
	};

	for (size_t i = 0; i < vmt_countof(limits); i++) {
		if (call_value(word, limits[i].key, &space->rights.limits[limits[i].limit]))
			return;
	}
	if (strncmp(word, "is:", 3) == 0) {
		*call_rule(&space->features, word + 3) = true;
		if (space->features.wide_addresses)
			space->task_size = space->arch->wide_task_size;
		return;
	}
	if (strncmp(word, "not:", 4) == 0) {
		*call_rule(&space->features, word + 4) = false;
		return;
	}
	if (call_value(word, "hard-data", &space->rights.hard_limits[VMT_LIMIT_DATA]) ||
	    call_value(word, "start-data", &space->start_data) ||
	    call_value(word, "end-data", &space->end_data) ||
	    call_value(word, "min", &space->min_address) ||
	    call_value(word, "start", &space->start_brk))
		return;
	if (call_value(word, "brk", &space->brk))
		space->brk_known = true;
	else if (strncmp(word, "maps=", 5) == 0)
		space->max_map_count = strtoul(word + 5, NULL, 10);
	else if (strncmp(word, "memory=", 7) == 0)
		space->memory_pages = strtoul(word + 7, NULL, 10);
	else if (strcmp(word, "strict") == 0)
		space->overcommit = VMT_OVERCOMMIT_NEVER;
	else if (strcmp(word, "cap") == 0)
		space->rights.may_lock = true;
	else if (strcmp(word, "rawio") == 0)
		space->rights.raw_io = true;
	else if (strcmp(word, "future") == 0)
		space->default_flags = VMT_VM_LOCKED;
	else if (strcmp(word, "future-onfault") == 0)
		space->default_flags = VMT_VM_LOCKED | VMT_VM_LOCKONFAULT;
	else if (strcmp(word, "mdwe") == 0)
		space->deny_write_exec = true;
	else if (strcmp(word, "ksm") == 0)
		space->merge_any = true;
	else if (strcmp(word, "rie") == 0)
		space->rights.personality |= VMT_READ_IMPLIES_EXEC;
	else if (strcmp(word, "aslr") == 0)
		space->rights.personality &= ~(uint32_t)VMT_ADDR_NO_RANDOMIZE;
	else if (strcmp(word, "old") == 0)
		assert_true(vmt_features_profile("5.15", &space->features));
	else if (strcmp(word, "i386") == 0) {
		space->arch = &vmt_arch_i386;
		space->task_size = vmt_arch_i386.task_size;
		space->mmap_base = 0xf7ffe000;
	} else
		fail_msg("no situation is called %s", word);
}

static char call_file_name[64];

static inline void call_file_word(struct vmt_file_facts *file, const char *word)
{
	if (call_value(word, "size", &file->size_bytes) ||
	    call_value(word, "fs", &file->filesystem))
		return;
	if (strncmp(word, "name=", 5) == 0) {
		snprintf(call_file_name, sizeof(call_file_name), "%s", word + 5);
		file->name = call_file_name;
		return;
	}
	if (strcmp(word, "ro") == 0)
		file->flags = O_RDONLY;
	else if (strcmp(word, "wo") == 0)
		file->flags = O_WRONLY;
	else if (strcmp(word, "rw") == 0)
		file->flags = O_RDWR;
	else if (strcmp(word, "path") == 0)
		file->flags = O_PATH;
	else if (strcmp(word, "dir") == 0)
		file->mode = S_IFDIR;
	else if (strcmp(word, "pipe") == 0)
		file->mode = S_IFIFO;
	else if (strcmp(word, "chr") == 0)
		file->mode = S_IFCHR;
	else if (strcmp(word, "zero") == 0) {
		file->mode = S_IFCHR;
		file->rdev_major = 1;
		file->rdev_minor = 5;
	} else if (strcmp(word, "append") == 0)
		file->append_only = true;
	else if (strcmp(word, "noexec") == 0)
		file->noexec = true;
	else if (strcmp(word, "overlay") == 0)
		file->filesystem = 0x794c7630;
	else
		fail_msg("no file is called %s", word);
}

static inline void call_set_up(struct mm *mm, const struct call_case *row)
{
	char words[200];
	char *save = NULL;

	snprintf(words, sizeof(words), "%s", row->situation ? row->situation : "");
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		call_situation_word(mm->space, word);
	snprintf(words, sizeof(words), "%s", row->file ? row->file : "0");
	mm_file(mm, strtoul(strtok_r(words, " ", &save), NULL, 10));
	mm->event.file.mode = S_IFREG;
	for (char *word = strtok_r(NULL, " ", &save); word; word = strtok_r(NULL, " ", &save))
		call_file_word(&mm->event.file, word);
	memcpy(mm->event.words, row->words, sizeof(row->words));
	mm->event.words_valid = row->words_valid;
	mm->event.text_valid = row->text != NULL;
	snprintf(mm->event.text, sizeof(mm->event.text), "%s", row->text ? row->text : "");
}

static inline void call_check_flags(struct mm *mm, const struct call_case *row)
{
	uint64_t address = row->at ? row->at : row->result ? (uint64_t)row->result : row->args[0];
	const struct vmt_vma *vma = vmt_find_vma(mm->space, address);
	struct vmt_str text = { 0 };

	if (!vma || vmt_vma_start(vma) > address) {
		fail_msg("%s: nothing is mapped at %" PRIx64, row->name, address);
		return;
	}
	vmt_vm_flags_text(vma->flags, &text);
	if (strcmp(vmt_str_text(&text), row->flags) != 0)
		fail_msg("%s:\n  have   %s\n  wanted %s", row->name, vmt_str_text(&text),
			 row->flags);
	vmt_str_deinit(&text);
}

static inline void call_run(const struct call_case *row)
{
	struct mm mm;
	char before[2000];

	mm_open(&mm);
	call_set_up(&mm, row);
	mm_build(&mm, row->before);
	snprintf(before, sizeof(before), "%s", mm_text_of(&mm, mm.space));
	mm_begin_call(&mm, row->call, row->args, row->result);
	if (mm.step.predicted == row->open)
		fail_msg("%s: the model %s", row->name,
			 row->open ? "claims to know" : "does not claim to know");
	if (!row->open && mm.step.expected != row->result)
		fail_msg("%s: foresaw %" PRId64 " (%" PRIx64 "), not %" PRId64, row->name,
			 mm.step.expected, (uint64_t)mm.step.expected, row->result);
	mm_end(&mm);
	mm_assert(&mm, row->name, row->after ? row->after : before);
	for (size_t i = 0; i < vmt_countof(row->why); i++)
		mm_assert_told(&mm, row->name, row->why[i]);
	if (row->flags)
		call_check_flags(&mm, row);
	mm_close(&mm);
}

#define call_run_all(rows) \
	do { \
		for (size_t row = 0; row < vmt_countof(rows); row++) \
			call_run(&(rows)[row]); \
	} while (0)

#endif
