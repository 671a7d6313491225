/* SPDX-License-Identifier: MIT */
/*
 * The running kernel's rules, by trying them. A child makes a few small mappings, one scene for
 * each rule, reads what became of them in its own smaps once, and ends; its memory goes with it.
 *
 *	parent                          child
 *	vmt_kernel_rules_probe()        try_rules()
 *	  clone() ------------------->  calls that answer by themselves (mseal, mremap, …)
 *	  waitpid()                     scenes in the arena, then in the heap
 *	                                /proc/self/smaps, once
 *	  <------- shared page -------  what each scene became
 *
 * The child says so in a page that both share, rule by rule: one that a sandbox kills half-way
 * leaves what it had found. It has no exit signal, so nobody hears of it, and is waited for here.
 * It calls no malloc(): the heap goes away under it.
 *
 * The arena is shared memory, which merges with nothing; each scene gets a few pages of it:
 *
 *	 arena
 *	|...[ U ][ F ]...........[ A ][ * ][ B ]..........[ N ].......|
 *	    modified ranges       new mapping              one VMA
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procfs.h"
#include "trial.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum {
	/* Operations that younger headers know. */
	SET_MEMORY_MERGE = 67,
};

/* ---- Setting scenes -------------------------------------------------------------------------------- */

/* Two pages become inaccessible, one of them written before: only that one must stay accounted. */
static void set_unaccount(struct trial *trial)
{
	uint64_t unfaulted = put(trial, SCENE_UNACCOUNT, 0, PROT_READ | PROT_WRITE);
	uint64_t faulted = put(trial, SCENE_UNACCOUNT, 2, PROT_READ | PROT_WRITE);

	if (!unfaulted || !faulted)
		return;
	touch(faulted);
	if (!protect(trial, unfaulted, PROT_NONE) || !protect(trial, faulted, PROT_NONE))
		return;
	trial->spots[SPOT_UNFAULTED].address = unfaulted;
	trial->spots[SPOT_FAULTED].address = faulted;
}

static void set_stack(struct trial *trial)
{
	trial->spots[SPOT_STACK].address =
		map_at(scene_page(trial, SCENE_STACK, 0), trial->page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_FIXED | MAP_STACK);
}

static void set_guard(struct trial *trial)
{
	uint64_t page = put(trial, SCENE_GUARD, 0, PROT_READ | PROT_WRITE);

	if (!page)
		return;
	if (madvise(pointer(page), trial->page, MADV_GUARD_INSTALL) == 0)
		trial->spots[SPOT_GUARD].address = page;
	else if (errno == EINVAL)
		trial->rules->guard_flag = VMT_RULE_NO;
}

/* [U rw, never written][F r, written]; then F becomes rw as well. */
static void set_modify(struct trial *trial)
{
	uint64_t faulted = put(trial, SCENE_MODIFY, 1, PROT_READ | PROT_WRITE);

	if (!faulted)
		return;
	touch(faulted);
	if (protect(trial, faulted, PROT_READ) &&
	    put(trial, SCENE_MODIFY, 0, PROT_READ | PROT_WRITE) &&
	    protect(trial, faulted, PROT_READ | PROT_WRITE))
		trial->spots[SPOT_MODIFY].address = faulted;
}

/* [A written] hole [B written]: each has an anon_vma of its own. Then the hole is filled. */
static void set_new(struct trial *trial)
{
	uint64_t below = put(trial, SCENE_NEW, 0, PROT_READ | PROT_WRITE);
	uint64_t above = put(trial, SCENE_NEW, 2, PROT_READ | PROT_WRITE);

	if (!below || !above)
		return;
	touch(below);
	touch(above);
	trial->spots[SPOT_NEW].address = put(trial, SCENE_NEW, 1, PROT_READ | PROT_WRITE);
}

/*
 * A System V segment, which has a close hook. The second page follows the first to read-only, which
 * moves a border and deletes no VMA:
 *
 *	[ r ][ rw           ]   =>   [ r     ][ rw     ]   or   [ r ][ r ][ rw     ]
 *
 * The segment is marked for removal at once; it goes with the last attach, when the child ends.
 */
static void set_close(struct trial *trial)
{
	int segment = shmget(IPC_PRIVATE, 4 * trial->page, IPC_CREAT | 0600);
	void *attached;
	uint64_t start;

	if (segment < 0)
		return;
	attached = shmat(segment, NULL, 0);
	shmctl(segment, IPC_RMID, NULL);
	if ((intptr_t)attached == -1)
		return;
	start = (uint64_t)(uintptr_t)attached;
	if (protect(trial, start, PROT_READ) && protect(trial, start + trial->page, PROT_READ))
		trial->spots[SPOT_CLOSE].address = start + trial->page;
}

/*
 * Two pages, one after the other, while new memory is marked for KSM. The last scene, as it is not
 * taken back: break_ksm() then goes through the tables of all memory page by page, which takes a
 * minute for the 14 TiB that AddressSanitizer reserves (mm/ksm.c, 6.18).
 */
static void set_ksm(struct trial *trial)
{
	if (prctl(SET_MEMORY_MERGE, 1, 0, 0, 0) < 0)
		return;
	if (put(trial, SCENE_KSM, 0, PROT_READ | PROT_WRITE))
		trial->spots[SPOT_KSM].address = put(trial, SCENE_KSM, 1, PROT_READ | PROT_WRITE);
}

/* What a mapping over the middle of a VMA leaves of it, if RLIMIT_DATA forbids the mapping. */
static void set_limit(struct trial *trial)
{
	uint64_t start = scene_page(trial, SCENE_LIMIT, 0);
	struct rlimit limit, low;
	uint64_t mapped;

	if (!map_at(start, 3 * trial->page, PROT_NONE, MAP_PRIVATE | MAP_FIXED) ||
	    getrlimit(RLIMIT_DATA, &limit) < 0)
		return;
	low = (struct rlimit){ .rlim_cur = trial->page, .rlim_max = limit.rlim_max };
	if (setrlimit(RLIMIT_DATA, &low) < 0)
		return;
	mapped = put(trial, SCENE_LIMIT, 1, PROT_READ | PROT_WRITE);
	setrlimit(RLIMIT_DATA, &limit);
	if (!mapped)
		trial->spots[SPOT_LIMIT].address = start;
}

static void set_onfault(struct trial *trial)
{
	uint64_t page = put(trial, SCENE_ONFAULT, 0, PROT_READ | PROT_WRITE);

	if (page && syscall(SYS_mlock2, page, trial->page, MLOCK_ONFAULT) == 0)
		trial->spots[SPOT_ONFAULT].address = page;
}

/* ---- The heap -------------------------------------------------------------------------------- */

static uint64_t set_brk(uint64_t address)
{
	return (uint64_t)syscall(SYS_brk, address);
}

/* Field 47 of /proc/self/stat; the name in field 2 may hold anything, a ')' too. */
static uint64_t read_start_brk(void)
{
	char text[2048];
	VMT_CLEANUP(vmt_fd_close) int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *at;

	if (length <= 0)
		return 0;
	text[length] = '\0';
	at = strrchr(text, ')');
	for (int field = 2; at && field < 47; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

/*
 * The heap is given back, then grown again by three pages, with a page of the same kind below. The
 * topmost page is unmapped behind brk's back: may brk still give it up? What begins exactly at the
 * break may count as heap:
 *
 *	          start_brk                 brk
 *	[ below ][   heap  ][ heap ]  hole  |[ above r ]
 */
static void set_heap(struct trial *trial)
{
	uint64_t page = trial->page;
	uint64_t start = read_start_brk();
	uint64_t own = (uint64_t)(uintptr_t)&errno;
	uint64_t top = start + 3 * page;
	uint64_t below;

	/* A static program may keep its thread's variables there. */
	if (!start || start % page || (own >= start && own < set_brk(0)))
		return;
	if (set_brk(start) != start)
		return;
	below = map_at(start - page, page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_FIXED_NOREPLACE);
	if (set_brk(top) != top)
		return;
	if (below == start - page)
		trial->spots[SPOT_HEAP].address = start;
	if (munmap(pointer(top - page), page) == 0) {
		uint64_t answer = set_brk(top - page);

		trial->rules->brk_shrinks_holes = rule(answer == top - page);
		top = answer;
	}
	if (map_at(top, page, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE) == top)
		trial->spots[SPOT_ABOVE_HEAP].address = top;
}

/* ---- What became of the scenes --------------------------------------------------------------- */

static void judge_flags(struct trial *trial)
{
	const struct vmt_spot *spots = trial->spots;
	struct vmt_kernel_rules *rules = trial->rules;

	if (spots[SPOT_UNFAULTED].flags & VMT_SPOT_FLAGS_KNOWN &&
	    spots[SPOT_FAULTED].flags & VMT_SPOT_ACCOUNT)
		rules->unaccount_unfaulted =
			rule(!(spots[SPOT_UNFAULTED].flags & VMT_SPOT_ACCOUNT));
	if (spots[SPOT_STACK].flags & VMT_SPOT_FLAGS_KNOWN)
		rules->stack_nohuge = rule(spots[SPOT_STACK].flags & VMT_SPOT_NOHUGE);
	if (spots[SPOT_GUARD].flags & VMT_SPOT_FLAGS_KNOWN)
		rules->guard_flag = rule(spots[SPOT_GUARD].flags & VMT_SPOT_GUARD);
	if (spots[SPOT_ONFAULT].flags & VMT_SPOT_LOCKED)
		rules->onfault_hidden = rule(!(spots[SPOT_ONFAULT].flags & VMT_SPOT_ONFAULT));
	if (spots[SPOT_VVAR].flags & VMT_SPOT_FLAGS_KNOWN) {
		rules->vvar_mixed = rule(spots[SPOT_VVAR].flags & VMT_SPOT_MIXEDMAP);
		rules->vvar_not_io = rule(!(spots[SPOT_VVAR].flags & VMT_SPOT_IO));
	}
}

static void judge_merges(struct trial *trial)
{
	const struct vmt_spot *spots = trial->spots;
	struct vmt_kernel_rules *rules = trial->rules;

	if (spots[SPOT_MODIFY].start)
		rules->modify_needs_both_anon = rule(!merged_below(trial, SPOT_MODIFY));
	if (spots[SPOT_NEW].start && spots[SPOT_NEW].end - spots[SPOT_NEW].start == 2 * trial->page)
		rules->new_prefers_next = rule(!merged_below(trial, SPOT_NEW));
	if (spots[SPOT_KSM].start)
		rules->ksm_after_merge = rule(!merged_below(trial, SPOT_KSM));
	if (spots[SPOT_LIMIT].start)
		rules->limits_before_cuts =
			rule(spots[SPOT_LIMIT].end - spots[SPOT_LIMIT].start == 3 * trial->page);
	if (spots[SPOT_CLOSE].start)
		rules->close_never_merges = rule(!merged_below(trial, SPOT_CLOSE));
	else /* no System V memory here: 6.12, which changed that, moved the vdso as well */
		rules->close_never_merges = rules->vdso_above_stack;
	if (spots[SPOT_HEAP].start)
		rules->brk_merges_below = rule(merged_below(trial, SPOT_HEAP));
	if (spots[SPOT_ABOVE_HEAP].start)
		rules->heap_label_inclusive = rule(spots[SPOT_ABOVE_HEAP].heap);
}

/* ---- The child ------------------------------------------------------------------------------- */

static void try_rules(struct vmt_kernel_rules *rules)
{
	struct trial trial = { .rules = rules, .page = (uint64_t)sysconf(_SC_PAGESIZE) };

	vmt_trial_places(&trial);
	rules->table_reclaim = vmt_rule_table_reclaim();
	trial.arena =
		map_at(0, (SCENE_COUNT * SCENE_PAGES + 1) * trial.page, PROT_NONE, MAP_SHARED);
	if (!trial.arena)
		return;
	vmt_trial_calls(&trial);
	vmt_trial_set_remap(&trial);
	set_unaccount(&trial);
	set_stack(&trial);
	set_guard(&trial);
	set_modify(&trial);
	set_new(&trial);
	set_close(&trial);
	set_limit(&trial);
	set_onfault(&trial);
	set_heap(&trial);
	set_ksm(&trial);
	trial.spots[SPOT_VVAR].name = "[vvar]";
	vmt_spots_read(trial.spots, vmt_countof(trial.spots));
	judge_flags(&trial);
	judge_merges(&trial);
	vmt_trial_judge_remap(&trial);
	vmt_trial_mseal(&trial);
}

/*
 * A ring. It goes with the child, and holds it up: exit_aio() waits until no processor can be using the
 * context, some ten milliseconds (fs/aio.c, 6.18). So this is not one of the scenes above.
 */
static void try_ring(struct vmt_kernel_rules *rules)
{
	struct vmt_spot spot = { 0 };
	unsigned long ring = 0;

	if (syscall(SYS_io_setup, 1UL, &ring) != 0)
		return;
	spot.address = ring;
	vmt_spots_read(&spot, 1);
	if (spot.flags & VMT_SPOT_FLAGS_KNOWN)
		rules->ring_not_copied = rule(spot.flags & VMT_SPOT_DONTCOPY);
}

/* Runs @run in a child; what that puts into @rules stays. 0, or a negative errno without a child. */
static int in_a_child(void (*run)(struct vmt_kernel_rules *), struct vmt_kernel_rules *rules)
{
	struct vmt_kernel_rules *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
					       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigset_t all;
	int status = 0;
	long child;

	if (shared == MAP_FAILED)
		return -errno;
	*shared = *rules;
	/* As fork(), but with 0 in place of SIGCHLD. */
	child = syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL);
	if (child == 0) {
		/* A signal for the whole group must not leave a System V segment behind. */
		sigfillset(&all);
		sigprocmask(SIG_BLOCK, &all, NULL);
		run(shared);
		_exit(0);
	}
	if (child < 0)
		status = -errno;
	while (child > 0 && waitpid((pid_t)child, NULL, __WALL) < 0) {
		if (errno == EINTR)
			continue;
		status = -errno;
		break;
	}
	if (!status)
		*rules = *shared;
	munmap(shared, sizeof(*shared));
	return status;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

/* madvise() of 5.16 and before says ENOMEM where it cannot split. Only a full space would show it. */
static enum vmt_rule madvise_rule(void)
{
	unsigned major, minor;

	if (sscanf(vmt_kernel_release(), "%u.%u", &major, &minor) != 2)
		return VMT_RULE_UNKNOWN;
	return rule(major < 5 || (major == 5 && minor < 17));
}

int vmt_kernel_rules_probe(struct vmt_kernel_rules *ret_rules)
{
	int status;

	*ret_rules = (struct vmt_kernel_rules){ 0 };
	status = in_a_child(try_rules, ret_rules);
	ret_rules->madvise_split_enomem = madvise_rule();
	return status;
}

int vmt_kernel_rules_probe_ring(struct vmt_kernel_rules *rules)
{
	return in_a_child(try_ring, rules);
}
