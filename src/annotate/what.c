/* SPDX-License-Identifier: MIT */
/*
 * What a step did, in a few words for the log: "map 1st segment of a.out", "mprotect 'r'". The
 * text is taken from the call's arguments and from the VMAs that came and went, never from a guess
 * about the future: a step that reserves room for later ones is only "map file".
 *
 * The text is kept for every step of a run and many steps share one, so it holds no addresses, and
 * a step number only where a file is mapped over an older mapping (the linker does it a few times
 * an object). Names in it are raw bytes of the target.
 */
#include "vmtrace/annotate.h"

#include <inttypes.h>
#include <linux/prctl.h>
#include <string.h>
#include <sys/mman.h>

/* arch_prctl()'s codes that set a base register (asm/prctl.h, which only x86 has). */
#define ARCH_SET_GS_CODE 0x1001
#define ARCH_SET_FS_CODE 0x1002

#define MAP_TYPE_MASK 0x0f
#define RSEQ_UNREGISTER 1

enum {
	/* "over 3, 5, 9 …": more numbers tell nothing. */
	OVER_MAX = 3
};

static void add_ordinal(struct vmt_str *text, unsigned number)
{
	static const char *const endings[] = { "th", "st", "nd", "rd" };
	unsigned last = number % 10;
	bool teen = number / 10 % 10 == 1;

	vmt_str_printf(text, "%u%s", number, endings[teen || last > 3 ? 0 : last]);
}

/* "rw", "rx", "none" */
static void add_prot(struct vmt_str *text, uint64_t prot)
{
	if (prot & PROT_READ)
		vmt_str_add_char(text, 'r');
	if (prot & PROT_WRITE)
		vmt_str_add_char(text, 'w');
	if (prot & PROT_EXEC)
		vmt_str_add_char(text, 'x');
	if (!(prot & (PROT_READ | PROT_WRITE | PROT_EXEC)))
		vmt_str_add(text, "none");
}

static void add_size(struct vmt_str *text, uint64_t size_bytes)
{
	char size[16];

	vmt_str_add(text, vmt_size_text(size_bytes, size));
}

/* "132K -> 264K"; a difference that two rounded sizes would hide is shown in K. */
static void add_change(struct vmt_str *text, uint64_t before_bytes, uint64_t after_bytes,
		       const char *arrow)
{
	char before[16];
	char after[16];

	vmt_size_text(before_bytes, before);
	vmt_size_text(after_bytes, after);
	if (before_bytes != after_bytes && strcmp(before, after) == 0)
		vmt_str_printf(text, "%" PRIu64 "K%s%" PRIu64 "K", before_bytes >> 10, arrow,
			       after_bytes >> 10);
	else
		vmt_str_printf(text, "%s%s%s", before, arrow, after);
}

/* The name of a value without what all names of its kind begin with: "DONTNEED". */
static void add_constant(struct vmt_str *text, enum vmt_arg_kind kind, uint64_t value,
			 const char *prefix)
{
	struct vmt_str name = { 0 };
	size_t length = strlen(prefix);
	const char *start;

	vmt_arg_text(kind, value, &name);
	start = vmt_str_text(&name);
	vmt_str_add(text, strncmp(start, prefix, length) == 0 ? start + length : start);
	vmt_str_deinit(&name);
}

static bool overlaps(const struct vmt_mapping *map, uint64_t start, uint64_t end)
{
	return map->start < end && start < map->end;
}

/* The first VMA that the step took away from its own range; NULL if there is none. */
static const struct vmt_vma_view *first_removed(const struct vmt_step *step)
{
	for (size_t i = 0; i < step->removed.count; i++) {
		if (overlaps(&step->removed.data[i].map, step->start, step->end))
			return &step->removed.data[i];
	}
	return NULL;
}

static const char *file_base(const struct vmt_step *step)
{
	if (step->file_name && step->file_name[0])
		return vmt_base_name(step->file_name);
	if (step->event && step->event->file.known)
		return vmt_base_name(step->event->file.name);
	return "";
}

/* ---- mmap --------------------------------------------------------------------------------- */

/* " over 14", " over 14, 16": the steps that made what a fixed file mapping replaces. */
static bool add_over_steps(const struct vmt_step *step, struct vmt_str *text)
{
	uint32_t seen[OVER_MAX];
	size_t count = 0;

	for (size_t i = 0; i < step->removed.count; i++) {
		const struct vmt_vma_view *view = &step->removed.data[i];
		uint32_t number;
		size_t old = 0;

		if (!view->step_count || !overlaps(&view->map, step->start, step->end))
			continue;
		number = step->step_numbers.data[view->first_step];
		while (old < count && seen[old] != number)
			old++;
		if (old < count)
			continue;
		if (count == OVER_MAX) {
			vmt_str_add(text, " …");
			break;
		}
		vmt_str_printf(text, "%s%" PRIu32, count ? ", " : " over ", number);
		seen[count++] = number;
	}
	return count > 0;
}

/* What a MAP_FIXED mapping replaced. Anonymous ones repeat too often to carry a number. */
static void add_over(const struct vmt_step *step, bool anonymous, struct vmt_str *text)
{
	const struct vmt_vma_view *old = first_removed(step);

	if (!(step->event->args[3] & MAP_FIXED) || step->event->failed || !old)
		return;
	if (!anonymous && add_over_steps(step, text))
		return;
	vmt_str_printf(text, " over %s", old->map.name[0] ? vmt_base_name(old->map.name) : "anon");
}

static void what_mmap(const struct vmt_step *step, struct vmt_str *text)
{
	uint64_t prot = step->event->args[2];
	uint64_t flags = step->event->args[3];
	uint64_t type = flags & MAP_TYPE_MASK;
	bool anonymous = flags & MAP_ANONYMOUS;

	vmt_str_add(text, "map ");
	if (type == MAP_SHARED || type == MAP_SHARED_VALIDATE)
		vmt_str_add(text, "shared ");
	else if (type == VMT_MAP_DROPPABLE)
		vmt_str_add(text, "droppable ");
	vmt_str_add(text, anonymous ? "anon " : "file ");
	if (flags & (MAP_STACK | MAP_GROWSDOWN))
		vmt_str_add(text, "stack ");
	if (flags & MAP_HUGETLB)
		vmt_str_add(text, "huge pages ");
	vmt_str_add_char(text, '(');
	if (!anonymous && file_base(step)[0])
		vmt_str_printf(text, "%s, ", file_base(step));
	add_prot(text, prot);
	vmt_str_add_char(text, ')');
	add_over(step, anonymous, text);
}

/* ---- Calls that change or take away what is there ------------------------------------------ */

static void what_munmap(const struct vmt_step *step, struct vmt_str *text)
{
	const struct vmt_vma_view *old = first_removed(step);
	const char *name = file_base(step);

	if (!name[0] && old)
		name = vmt_base_name(old->map.name);
	for (size_t i = 0; old && i < step->removed.count; i++) {
		const struct vmt_mapping *map = &step->removed.data[i].map;

		/* Several objects at once: no name is the right one. */
		if (overlaps(map, step->start, step->end) && strcmp(map->name, old->map.name) != 0)
			name = "";
	}
	vmt_str_add(text, "unmap");
	if (name[0])
		vmt_str_printf(text, " %s", name);
}

static void what_mprotect(const struct vmt_step *step, struct vmt_str *text)
{
	const struct vmt_event *event = step->event;

	vmt_str_printf(text, "%s '", vmt_call_info(event->call)->name);
	add_prot(text, event->args[2]);
	vmt_str_add_char(text, '\'');
	if (event->call == VMT_CALL_PKEY_MPROTECT)
		vmt_str_printf(text, ", key %" PRId32, (int32_t)event->args[3]);
}

static uint64_t page_round_up(const struct vmt_event *event, uint64_t size_bytes)
{
	uint64_t mask = event->arch ? vmt_arch_page_size(event->arch) - 1 : 4095;

	return size_bytes > UINT64_MAX - mask ? size_bytes : (size_bytes + mask) & ~mask;
}

static void what_mremap(const struct vmt_step *step, struct vmt_str *text)
{
	const struct vmt_event *event = step->event;
	uint64_t old_bytes = page_round_up(event, event->args[1]);
	uint64_t new_bytes = page_round_up(event, event->args[2]);
	bool moved = !event->failed && (uint64_t)event->result != event->args[0];

	vmt_str_add(text, "mremap: ");
	if (old_bytes == 0) {
		vmt_str_add(text, "second mapping of ");
		add_size(text, new_bytes);
	} else if (old_bytes == new_bytes) {
		vmt_str_add(text, moved ? "move " : "keep ");
		add_size(text, new_bytes);
	} else {
		vmt_str_printf(text, "%s%s ", moved ? "move and " : "",
			       new_bytes > old_bytes ? "grow" : "shrink");
		add_change(text, old_bytes, new_bytes, " -> ");
	}
	if (event->args[3] & MREMAP_DONTUNMAP)
		vmt_str_add(text, ", old range stays");
}

/* brk() does not fail: it returns the break that there is. */
static void what_brk(const struct vmt_step *step, struct vmt_str *text)
{
	const struct vmt_event *event = step->event;
	uint64_t now = (uint64_t)event->result;
	uint64_t before = page_round_up(event, step->old_end - step->old_start);
	uint64_t after = page_round_up(event, now - step->old_start);

	if (event->args[0] == 0) {
		vmt_str_add(text, "brk: ask");
	} else if (now != event->args[0]) {
		vmt_str_add(text, "extend heap size: refused");
	} else {
		vmt_str_add(text, after < before   ? "shrink heap size from "
				  : after > before ? "extend heap size from "
						   : "keep heap size at ");
		if (after == before)
			add_size(text, after);
		else
			add_change(text, before, after, " to ");
	}
}

/* ---- Calls that set something --------------------------------------------------------------- */

static void what_arch_prctl(const struct vmt_event *event, struct vmt_str *text)
{
	switch (event->args[0]) {
	case ARCH_SET_FS_CODE:
		vmt_str_add(text, "set thread pointer");
		break;
	case ARCH_SET_GS_CODE:
		vmt_str_add(text, "set gs base");
		break;
	default:
		vmt_str_add(text, "arch_prctl ");
		add_constant(text, VMT_ARG_ARCH_PRCTL_OP, event->args[0], "ARCH_");
	}
}

static void what_prctl(const struct vmt_event *event, struct vmt_str *text)
{
	if ((uint32_t)event->args[0] != PR_SET_VMA) {
		vmt_str_add(text, "prctl ");
		add_constant(text, VMT_ARG_PRCTL_OP, event->args[0], "PR_");
	} else if (event->text_valid && event->text[0]) {
		vmt_str_printf(text, "name memory '%.*s'", (int)sizeof(event->text), event->text);
	} else {
		vmt_str_add(text, event->text_valid ? "take away memory's name" : "name memory");
	}
}

static void what_limit(const struct vmt_event *event, struct vmt_str *text)
{
	bool prlimit = event->call == VMT_CALL_PRLIMIT64;
	bool asks = prlimit && event->args[2] == 0;

	vmt_str_add(text, asks ? "ask limit " : "set limit ");
	add_constant(text, VMT_ARG_RESOURCE, event->args[prlimit ? 1 : 0], "RLIMIT_");
	if (asks || event->words_valid == 0)
		return;
	vmt_str_add(text, " = ");
	if (event->words[0] == VMT_LIMIT_INFINITY)
		vmt_str_add(text, "unlimited");
	else
		add_size(text, event->words[0]);
}

static void what_personality(const struct vmt_event *event, struct vmt_str *text)
{
	bool asks = (uint32_t)event->args[0] == UINT32_MAX;

	vmt_str_add(text, asks ? "ask personality" : "personality ");
	if (!asks)
		vmt_arg_text(VMT_ARG_PERSONA, event->args[0], text);
}

static void what_advice(const struct vmt_event *event, unsigned arg, struct vmt_str *text)
{
	vmt_str_printf(text, "%s ", vmt_call_info(event->call)->name);
	add_constant(text, VMT_ARG_ADVICE, event->args[arg], "MADV_");
}

/* Calls whose name in words says all; the rest goes by the name of the call. */
static const char *plain_text(const struct vmt_event *event)
{
	switch (event->call) {
	case VMT_CALL_MLOCK2:
		return event->args[2] ? "mlock on fault" : "mlock";
	case VMT_CALL_MSEAL:
		return "seal";
	case VMT_CALL_REMAP_FILE_PAGES:
		return "remap file pages";
	case VMT_CALL_SHMAT:
		return "attach shared memory";
	case VMT_CALL_SHMDT:
		return "detach shared memory";
	case VMT_CALL_IO_SETUP:
		return "set up aio ring";
	case VMT_CALL_IO_DESTROY:
		return "destroy aio ring";
	case VMT_CALL_MAP_SHADOW_STACK:
		return "map shadow stack";
	case VMT_CALL_SET_MEMPOLICY_HOME_NODE:
		return "set home node";
	case VMT_CALL_SET_THREAD_AREA:
		return "set thread pointer";
	case VMT_CALL_SET_TID_ADDRESS:
		return "set tid address";
	case VMT_CALL_SET_ROBUST_LIST:
		return "set robust list";
	case VMT_CALL_RSEQ:
		return event->args[2] & RSEQ_UNREGISTER ? "unregister rseq" : "register rseq";
	default:
		return vmt_call_info(event->call)->name;
	}
}

static void what_call(const struct vmt_step *step, struct vmt_str *text)
{
	const struct vmt_event *event = step->event;

	switch (event->call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
		what_mmap(step, text);
		break;
	case VMT_CALL_MUNMAP:
		what_munmap(step, text);
		break;
	case VMT_CALL_MPROTECT:
	case VMT_CALL_PKEY_MPROTECT:
		what_mprotect(step, text);
		break;
	case VMT_CALL_MREMAP:
		what_mremap(step, text);
		break;
	case VMT_CALL_BRK:
		what_brk(step, text);
		break;
	case VMT_CALL_MADVISE:
		what_advice(event, 2, text);
		break;
	case VMT_CALL_PROCESS_MADVISE:
		what_advice(event, 3, text);
		break;
	case VMT_CALL_IOCTL:
		vmt_str_add(text, "userfaultfd ");
		add_constant(text, VMT_ARG_IOCTL_REQUEST, event->args[1], "UFFDIO_");
		break;
	case VMT_CALL_PRCTL:
		what_prctl(event, text);
		break;
	case VMT_CALL_ARCH_PRCTL:
		what_arch_prctl(event, text);
		break;
	case VMT_CALL_SETRLIMIT:
	case VMT_CALL_PRLIMIT64:
		what_limit(event, text);
		break;
	case VMT_CALL_PERSONALITY:
		what_personality(event, text);
		break;
	default:
		vmt_str_add(text, plain_text(event));
	}
}

/* ---- The kernel's own steps ----------------------------------------------------------------- */

static void what_segment(const struct vmt_step *step, struct vmt_str *text)
{
	vmt_str_add(text, "map ");
	add_ordinal(text, step->index);
	vmt_str_printf(text, " segment of %s", file_base(step));
}

/* "map vdso", from the names of the VMAs that came, or of the file that the step is about. */
static void what_special(const struct vmt_step *step, struct vmt_str *text)
{
	const char *comma = "";

	vmt_str_add(text, "map ");
	for (size_t i = 0; i < step->added.count; i++) {
		const char *name = vmt_base_name(step->added.data[i].map.name);
		size_t length = strlen(name);

		if (!length && step->added.data[i].map.start == 0)
			vmt_str_printf(text, "%spage 0", comma);
		else if (length > 2 && name[0] == '[' && name[length - 1] == ']')
			vmt_str_printf(text, "%s%.*s", comma, (int)length - 2, name + 1);
		else
			vmt_str_printf(text, "%s%s", comma, length ? name : "anon");
		comma = ", ";
	}
	if (step->added.count == 0)
		vmt_str_add(text, file_base(step)[0] ? file_base(step) : "anon");
}

static void what_returned(const struct vmt_step *step, struct vmt_str *text)
{
	char name[24];

	if (step->event->kind == VMT_EVENT_CALL_LOST)
		vmt_str_add(text, " (no return)");
	else if (step->event->failed)
		vmt_str_printf(text, ": %s", vmt_errno_name((int)-step->event->result, name));
}

void vmt_what(const struct vmt_step *step, struct vmt_str *ret_text)
{
	switch (step->cause) {
	case VMT_CAUSE_BOOT:
		vmt_str_add(ret_text, "gate page, there since boot");
		break;
	case VMT_CAUSE_EXEC_STACK:
		vmt_str_add(ret_text, "prepare stack");
		break;
	case VMT_CAUSE_EXEC_SEGMENT:
	case VMT_CAUSE_INTERP_SEGMENT:
		what_segment(step, ret_text);
		break;
	case VMT_CAUSE_EXEC_BSS:
	case VMT_CAUSE_INTERP_BSS:
		vmt_str_printf(ret_text, "map bss of %s", file_base(step));
		break;
	case VMT_CAUSE_EXEC_SPECIAL:
	case VMT_CAUSE_EXEC_OTHER:
		what_special(step, ret_text);
		break;
	case VMT_CAUSE_FORK:
		vmt_str_add(ret_text, step->added.count ? "inherited from the parent"
							: "not inherited from the parent");
		break;
	case VMT_CAUSE_STACK_GROWTH:
		vmt_str_add(ret_text, "stack grew");
		break;
	case VMT_CAUSE_UFFD_CLOSED:
		vmt_str_add(ret_text, "userfaultfd closed");
		break;
	case VMT_CAUSE_NAME_CHANGED:
		vmt_str_printf(ret_text, "renamed or deleted: %s", file_base(step));
		break;
	case VMT_CAUSE_FOUND:
		/* At attach nothing was known that could differ. */
		vmt_str_add(ret_text, step->reason == VMT_REASON_NONE
					      ? "found at attach"
					      : "found in the kernel's layout");
		break;
	case VMT_CAUSE_CALL:
		/* A recording may have lost what was asked. */
		if (step->event) {
			what_call(step, ret_text);
			what_returned(step, ret_text);
		} else {
			vmt_str_add(ret_text, "call");
		}
		break;
	}
}
