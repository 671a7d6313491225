/* SPDX-License-Identifier: MIT */
/*
 * Scenes about memory that is there: rights change, it is given back, moved, advised on, locked.
 * What it was for decides what the call is for. Then the calls that map nothing.
 */
#include <errno.h>

#include "story.h"

#include <linux/prctl.h>
#include <string.h>
#include <sys/mman.h>

/* Advice that the C library of Debian 12 does not know by name. */
#define MADV_DONTNEED_LOCKED_CODE 24
#define MADV_COLLAPSE_CODE 25
#define MADV_GUARD_INSTALL_CODE 102
#define MADV_GUARD_REMOVE_CODE 103

/* Says @format with the memory's use as its one %s. */
#define SAY_OF_MEMORY(scene, pattern, group, format) \
	do { \
		struct vmt_str say_text = { 0 }; \
		vmt_scene_say((scene), (pattern), (group), (format), \
			      vmt_tag_text((scene)->old, &say_text)); \
		vmt_str_deinit(&say_text); \
	} while (0)

/* The pattern that the memory belongs to; @other where it is in none. */
static enum vmt_pattern pattern_of(const struct vmt_scene *scene, enum vmt_pattern other)
{
	return scene->old.group ? scene->old.pattern : other;
}

/* ---- mprotect ------------------------------------------------------------------------------- */

static bool may_hold_code(enum vmt_use use)
{
	return use == VMT_USE_JIT || use == VMT_USE_ANONYMOUS || use == VMT_USE_RESERVED ||
	       use == VMT_USE_CHUNK || use == VMT_USE_HEAP || use == VMT_USE_NONE ||
	       use == VMT_USE_MEMFD || use == VMT_USE_SHARED;
}

/* A write barrier between two of the three: W, then X; or both at once. */
static bool protects_code(struct vmt_scene *scene)
{
	uint64_t prot = vmt_scene_prot(scene);
	unsigned before = vmt_scene_old_perms(scene);
	bool known = scene->old.use == VMT_USE_JIT;
	const char *purpose;
	uint32_t group;

	if (!may_hold_code(scene->old.use) || (!(prot & PROT_EXEC) && !known))
		return false;
	if ((prot & PROT_EXEC) && (prot & PROT_WRITE))
		purpose = "JIT code: W and X";
	else if (prot & PROT_EXEC)
		purpose = before & VMT_PERM_WRITE ? "JIT code: W then X" : "JIT code: to run";
	else if (prot & PROT_WRITE)
		purpose = "JIT code: X back to W, to write more";
	else
		purpose = "JIT code: not in use";
	group = vmt_scene_standing(scene, VMT_PATTERN_JIT);
	vmt_scene_use(scene, VMT_USE_JIT, scene->old.name);
	return vmt_scene_say(scene, VMT_PATTERN_JIT, group, "%s", purpose);
}

static bool protects_arena(struct vmt_scene *scene)
{
	struct vmt_story *story = scene->story;
	bool fresh = scene->old.group == story->new_arena;
	uint64_t prot = vmt_scene_prot(scene);

	if (!scene->event->failed)
		story->new_arena = 0;
	return vmt_scene_say(scene, VMT_PATTERN_MALLOC_ARENA, scene->old.group,
			     !(prot & PROT_WRITE) ? "malloc arena: shrink by mprotect"
			     : fresh              ? "malloc arena: first part to use"
						  : "malloc arena: grow by mprotect");
}

bool vmt_keeper_protects(struct vmt_scene *scene)
{
	uint64_t prot = vmt_scene_prot(scene);
	bool none = !(prot & (PROT_READ | PROT_WRITE | PROT_EXEC));
	uint32_t group = scene->old.group;

	switch (scene->old.use) {
	case VMT_USE_ARENA:
		return protects_arena(scene);
	case VMT_USE_THREAD_STACK:
	case VMT_USE_SIGNAL_STACK:
		return vmt_scene_say(scene, pattern_of(scene, VMT_PATTERN_SETTING), group,
				     none                ? "guard pages of the stack"
				     : prot & PROT_WRITE ? "all but the guard may be used"
							 : "read-only part of the stack");
	case VMT_USE_RESERVED:
		if (prot & PROT_EXEC)
			break;
		return vmt_scene_say(scene, VMT_PATTERN_RESERVE, vmt_scene_inherit(scene),
				     none ? "give a part back, keep it reserved"
					  : "use a part of reserved address space");
	default:
		break;
	}
	if (protects_code(scene))
		return true;
	SAY_OF_MEMORY(scene, pattern_of(scene, VMT_PATTERN_SETTING), vmt_scene_inherit(scene),
		      none ? "guard pages in %s" : "other rights for %s");
	return true;
}

/* ---- munmap, mremap --------------------------------------------------------------------------- */

bool vmt_keeper_unmaps(struct vmt_scene *scene)
{
	struct vmt_story *story = scene->story;
	enum vmt_use use = scene->old.use;
	uint32_t group = vmt_scene_inherit(scene);
	enum vmt_pattern pattern = pattern_of(scene, VMT_PATTERN_ANONYMOUS);

	vmt_scene_use(scene, VMT_USE_NONE, "");
	switch (use) {
	case VMT_USE_ARENA:
		return vmt_scene_say(scene, pattern, group,
				     group == story->new_arena
					     ? "malloc arena: cut to its alignment"
					     : "malloc arena: give it back");
	case VMT_USE_CHUNK:
		return vmt_scene_say(scene, pattern, group, "free: large chunk");
	case VMT_USE_THREAD_STACK:
		return vmt_scene_say(scene, pattern, group, "thread stack given back");
	case VMT_USE_SEGMENT:
	case VMT_USE_BSS:
		return vmt_scene_say(scene, VMT_PATTERN_DLCLOSE, group, "end of %s",
				     scene->old.name);
	case VMT_USE_NONE:
		return vmt_scene_say(scene, pattern, group,
				     scene->step->removed.count ? "give memory back"
								: "nothing is there to unmap");
	default:
		SAY_OF_MEMORY(scene, pattern, group, "give back %s");
		return true;
	}
}

bool vmt_keeper_remaps(struct vmt_scene *scene)
{
	const struct vmt_event *event = scene->event;
	uint64_t mask = vmt_arch_page_size(event->arch) - 1;
	uint64_t old_end = event->args[0] + ((event->args[1] + mask) & ~mask);
	struct vmt_tag tag = vmt_uses_find(&scene->story->uses, event->args[0], old_end);
	bool chunk = tag.use == VMT_USE_CHUNK;

	scene->old = tag;
	if (!tag.group)
		tag.group = vmt_scene_group(scene);
	if (tag.use == VMT_USE_NONE)
		tag.use = VMT_USE_ANONYMOUS;
	if (!event->failed && event->kind == VMT_EVENT_CALL) {
		uint64_t now = (uint64_t)event->result;

		if (!(event->args[3] & MREMAP_DONTUNMAP) && event->args[1])
			vmt_uses_set(&scene->story->uses, event->args[0], old_end,
				     (struct vmt_tag){ .name = "" });
		vmt_uses_set(&scene->story->uses, now, now + ((event->args[2] + mask) & ~mask),
			     tag);
	}
	if (chunk)
		return vmt_scene_say(scene, VMT_PATTERN_REALLOC, tag.group,
				     "realloc of a large chunk by mremap");
	SAY_OF_MEMORY(scene, pattern_of(scene, VMT_PATTERN_ANONYMOUS), tag.group,
		      "resize or move %s");
	return true;
}

/* ---- The other calls ---------------------------------------------------------------------------- */

static bool advises(struct vmt_scene *scene, uint64_t advice)
{
	enum vmt_pattern pattern = pattern_of(scene, VMT_PATTERN_ADVICE);
	uint32_t group =
		scene->old.group ? scene->old.group : vmt_scene_standing(scene, VMT_PATTERN_ADVICE);
	const char *format = "advice on %s";

	switch (advice) {
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_DONTNEED_LOCKED_CODE:
		format = "give back the pages of %s";
		break;
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_COLLAPSE_CODE:
		format = "huge pages, yes or no, for %s";
		break;
	case MADV_DONTDUMP:
	case MADV_DODUMP:
		format = "in core files or not: %s";
		break;
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
		format = "what fork does with %s";
		break;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
	case MADV_WILLNEED:
		format = "fetch the pages of %s now";
		break;
	case MADV_GUARD_INSTALL_CODE:
	case MADV_GUARD_REMOVE_CODE:
		format = "guard pages in %s";
		break;
	default:
		break;
	}
	SAY_OF_MEMORY(scene, pattern, group, format);
	return true;
}

/* Calls that tell the kernel of memory that a thread set aside for it. */
static bool points(struct vmt_scene *scene, const char *main_thread, const char *other)
{
	if (scene->old.use == VMT_USE_THREAD_STACK)
		return vmt_scene_say(scene, VMT_PATTERN_THREAD_STACK, scene->old.group, "%s",
				     other);
	return vmt_scene_say(scene, VMT_PATTERN_MAIN_THREAD,
			     vmt_scene_standing(scene, VMT_PATTERN_MAIN_THREAD), "%s", main_thread);
}

/* The thread pointer is set: what it points into is the thread's block. */
static bool sets_thread_pointer(struct vmt_scene *scene)
{
	struct vmt_story *story = scene->story;

	story->started = story->has_tls = true;
	return points(scene, "TCB of the main thread", "TCB of a thread");
}

static bool limits(struct vmt_scene *scene)
{
	bool prlimit = scene->event->call == VMT_CALL_PRLIMIT64;
	bool stack = scene->event->args[prlimit ? 1 : 0] == 3;
	bool asks = prlimit && scene->event->args[2] == 0;

	return vmt_scene_say(scene, VMT_PATTERN_LIMIT, vmt_scene_standing(scene, VMT_PATTERN_LIMIT),
			     "%s",
			     stack && asks && scene->libc ? "size of thread stacks to come"
			     : asks                       ? "how much is allowed"
							  : "allow more or less");
}

static bool shares(struct vmt_scene *scene)
{
	uint32_t group;

	if (scene->event->call == VMT_CALL_SHMDT) {
		group = vmt_scene_inherit(scene);
		vmt_scene_use(scene, VMT_USE_NONE, "");
		return vmt_scene_say(scene, VMT_PATTERN_SHARED_MEMORY, group,
				     "end of a System V segment here");
	}
	group = vmt_scene_group(scene);
	vmt_scene_use(scene, VMT_USE_SHARED, "");
	return vmt_scene_say(scene, VMT_PATTERN_SHARED_MEMORY, group, "System V shared memory");
}

static bool aio(struct vmt_scene *scene)
{
	bool setup = scene->event->call == VMT_CALL_IO_SETUP;
	uint32_t group = setup ? vmt_scene_group(scene) : vmt_scene_inherit(scene);

	vmt_scene_use(scene, setup ? VMT_USE_RING : VMT_USE_NONE, "");
	return vmt_scene_say(scene, VMT_PATTERN_RING, group,
			     setup ? "ring of finished asynchronous I/O"
				   : "end of a ring of asynchronous I/O");
}

static bool sets(struct vmt_scene *scene, const char *purpose)
{
	return vmt_scene_say(scene, VMT_PATTERN_SETTING,
			     vmt_scene_standing(scene, VMT_PATTERN_SETTING), "%s", purpose);
}

static bool locks(struct vmt_scene *scene, bool lock)
{
	SAY_OF_MEMORY(scene, VMT_PATTERN_LOCK, vmt_scene_standing(scene, VMT_PATTERN_LOCK),
		      lock ? "keep in RAM: %s" : "may leave RAM again: %s");
	return true;
}

static bool names_memory(struct vmt_scene *scene)
{
	if ((uint32_t)scene->event->args[0] != PR_SET_VMA)
		return sets(scene, "a property of the address space");
	SAY_OF_MEMORY(scene, pattern_of(scene, VMT_PATTERN_SETTING), vmt_scene_inherit(scene),
		      "a name in /proc/PID/maps for %s");
	return true;
}

/* An execve of which the old program saw the end. */
static const char *exec_purpose(const struct vmt_event *event)
{
	if (!event->failed)
		return "may the file be executed? nothing else is done";
	return event->result == -ENOENT ? "no program there; the old one goes on"
					: "the kernel refuses it; the old program goes on";
}

static bool maps_shadow_stack(struct vmt_scene *scene)
{
	uint32_t group = vmt_scene_group(scene);

	vmt_scene_use(scene, VMT_USE_THREAD_STACK, "");
	return vmt_scene_say(scene, VMT_PATTERN_THREAD_STACK, group,
			     "shadow stack: return addresses that cannot be forged");
}

bool vmt_keeper_calls(struct vmt_scene *scene)
{
	const struct vmt_event *event = scene->event;

	switch (event->call) {
	case VMT_CALL_MADVISE:
		return advises(scene, event->args[2]);
	case VMT_CALL_PROCESS_MADVISE:
		return advises(scene, event->args[3]);
	case VMT_CALL_SET_THREAD_AREA:
		return sets_thread_pointer(scene);
	case VMT_CALL_ARCH_PRCTL:
		return event->args[0] == VMT_ARCH_SET_FS
			       ? sets_thread_pointer(scene)
			       : sets(scene, "a property of the processor's state");
	case VMT_CALL_SET_TID_ADDRESS:
		return points(scene, "id of the main thread", "id of a thread");
	case VMT_CALL_SET_ROBUST_LIST:
		return points(scene, "locks of the main thread", "locks of a thread");
	case VMT_CALL_RSEQ:
		return points(scene, "restartable sequences of the main thread",
			      "restartable sequences of a thread");
	case VMT_CALL_SETRLIMIT:
	case VMT_CALL_PRLIMIT64:
		return limits(scene);
	case VMT_CALL_SHMAT:
	case VMT_CALL_SHMDT:
		return shares(scene);
	case VMT_CALL_IO_SETUP:
	case VMT_CALL_IO_DESTROY:
		return aio(scene);
	case VMT_CALL_MLOCK:
	case VMT_CALL_MLOCK2:
	case VMT_CALL_MLOCKALL:
		return locks(scene, true);
	case VMT_CALL_MUNLOCK:
	case VMT_CALL_MUNLOCKALL:
		return locks(scene, false);
	case VMT_CALL_PRCTL:
		return names_memory(scene);
	case VMT_CALL_MAP_SHADOW_STACK:
		return maps_shadow_stack(scene);
	case VMT_CALL_MSEAL:
		return sets(scene, "never to be changed again");
	case VMT_CALL_MBIND:
	case VMT_CALL_SET_MEMPOLICY_HOME_NODE:
		return sets(scene, "which NUMA nodes its pages come from");
	case VMT_CALL_REMAP_FILE_PAGES:
		return sets(scene, "another part of the file here");
	case VMT_CALL_IOCTL:
		return sets(scene, "page faults handled by the program (userfaultfd)");
	case VMT_CALL_PKEY_ALLOC:
	case VMT_CALL_PKEY_FREE:
		return sets(scene, "a protection key");
	case VMT_CALL_PERSONALITY:
		return sets(scene, "how programs to come are laid out");
	case VMT_CALL_EXECVE:
	case VMT_CALL_EXECVEAT:
		return vmt_scene_say(scene, VMT_PATTERN_EXEC_CALL,
				     vmt_scene_standing(scene, VMT_PATTERN_EXEC_CALL), "%s",
				     exec_purpose(scene->event));
	default:
		return sets(scene, "a property of the address space");
	}
}
