/* SPDX-License-Identifier: MIT */
/*
 * The running kernel's rules, by trying them. A child makes a few small mappings, one scene for
 * each rule, reads what became of them in its own smaps once, and ends; its memory goes with it.
 *
 *	parent                          child
 *	vmt_kernel_rules_probe()
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
#include <sys/auxv.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procfs.h"
#include "spots.h"
#include "vmtrace/trace.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

enum {
	SCENE_PAGES = 8, /* of the arena, for each scene; at least one at its end stays untouched */
	HUGE_BYTES = 2 << 20,
	POLICY_WEIGHTED = 6, /* MPOL_WEIGHTED_INTERLEAVE */
	MIN_ADDRESS_MOST = 16 << 20, /* more is no minimum: the hint was passed over */
};

/* Scenes in the arena, named by the rule that they show. */
enum scene {
	SCENE_UNACCOUNT,
	SCENE_STACK,
	SCENE_GUARD,
	SCENE_MODIFY,
	SCENE_NEW,
	SCENE_DROPPABLE,
	SCENE_MREMAP,
	SCENE_COUNT,
};

/* Addresses whose VMA is looked up in smaps when all scenes stand. */
enum spot {
	SPOT_UNFAULTED,
	SPOT_FAULTED,
	SPOT_STACK,
	SPOT_GUARD,
	SPOT_MODIFY,
	SPOT_NEW,
	SPOT_CLOSE,
	SPOT_HEAP,
	SPOT_ABOVE_HEAP,
	SPOT_COUNT,
};

struct trial {
	struct vmt_kernel_rules *rules; /* in the shared page */
	uint64_t page; /* bytes */
	uint64_t arena;
	struct vmt_spot spots[SPOT_COUNT];
};

static enum vmt_rule rule(bool yes)
{
	return yes ? VMT_RULE_YES : VMT_RULE_NO;
}

/* ---- Setting scenes: the address, or 0 if the kernel does not let us ------------------------- */

static void *pointer(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

static uint64_t map_at(uint64_t address, uint64_t bytes, int prot, int flags)
{
	void *at = mmap(pointer(address), bytes, prot, flags | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? 0 : (uint64_t)(uintptr_t)at;
}

static uint64_t scene_page(const struct trial *trial, enum scene scene, unsigned index)
{
	return trial->arena + ((uint64_t)scene * SCENE_PAGES + 1 + index) * trial->page;
}

/* A private page in a scene. */
static uint64_t put(const struct trial *trial, enum scene scene, unsigned index, int prot)
{
	return map_at(scene_page(trial, scene, index), trial->page, prot, MAP_PRIVATE | MAP_FIXED);
}

static void touch(uint64_t address)
{
	*(volatile char *)pointer(address) = 1;
}

static bool protect(const struct trial *trial, uint64_t address, int prot)
{
	return mprotect(pointer(address), trial->page, prot) == 0;
}

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

/* ---- What calls say by themselves ------------------------------------------------------------ */

static void try_mseal(struct trial *trial)
{
	/* No length: nothing gets sealed. */
	if (syscall(SYS_mseal, trial->arena, 0UL, 0UL) == 0)
		trial->rules->mseal = VMT_RULE_YES;
	else if (errno == ENOSYS)
		trial->rules->mseal = VMT_RULE_NO;
}

static void try_droppable(struct trial *trial)
{
	if (map_at(scene_page(trial, SCENE_DROPPABLE, 0), trial->page, PROT_READ | PROT_WRITE,
		   MAP_DROPPABLE | MAP_FIXED))
		trial->rules->droppable = VMT_RULE_YES;
	else if (errno != ENOMEM && errno != EPERM)
		trial->rules->droppable = VMT_RULE_NO;
}

/* A move over the border of two VMAs */
static void try_mremap(struct trial *trial)
{
	uint64_t from = put(trial, SCENE_MREMAP, 0, PROT_READ);
	void *moved;

	if (!from || !put(trial, SCENE_MREMAP, 1, PROT_READ | PROT_WRITE))
		return;
	moved = mremap(pointer(from), 2 * trial->page, 2 * trial->page,
		       MREMAP_MAYMOVE | MREMAP_FIXED, pointer(scene_page(trial, SCENE_MREMAP, 3)));
	if (moved != MAP_FAILED)
		trial->rules->mremap_many = VMT_RULE_YES;
	else if (errno == EFAULT)
		trial->rules->mremap_many = VMT_RULE_NO;
}

static uint64_t map_anywhere(uint64_t bytes)
{
	return map_at(0, bytes, PROT_NONE, MAP_PRIVATE);
}

/*
 * Two mappings of 2 MiB and a page, side by side, cannot both be aligned by luck, nor can two of
 * 2 MiB with such a one between them. They stay, so that none fills another's place.
 */
static void try_alignment(struct trial *trial)
{
	uint64_t odd = HUGE_BYTES + trial->page;
	uint64_t first = map_anywhere(odd);
	uint64_t second = map_anywhere(odd);
	uint64_t even = map_anywhere(HUGE_BYTES);
	uint64_t between = map_anywhere(odd);
	uint64_t last = map_anywhere(HUGE_BYTES);

	/* A 32-bit program gets nothing aligned, whatever the kernel does for others. */
	if (sizeof(void *) < sizeof(uint64_t) || !first || !second || !even || !between || !last)
		return;
	if ((first | second) % HUGE_BYTES == 0)
		trial->rules->thp_align = VMT_ALIGN_FROM_2M;
	else if ((even | last) % HUGE_BYTES == 0)
		trial->rules->thp_align = VMT_ALIGN_MULTIPLES;
	else
		trial->rules->thp_align = VMT_ALIGN_NEVER;
}

/* A hint below the minimum is raised to it. */
static void try_min_address(struct trial *trial)
{
	uint64_t lowest = map_at(trial->page, trial->page, PROT_NONE, MAP_PRIVATE);

	if (!lowest || lowest > MIN_ADDRESS_MOST)
		return;
	trial->rules->min_address = lowest;
	trial->rules->min_address_known = true;
}

/* A length of 0 is no work, but the advice is looked at first. */
static void try_advice(struct trial *trial)
{
	for (unsigned advice = 0; advice < 128; advice++)
		if (syscall(SYS_madvise, trial->arena, 0UL, (long)advice) == 0)
			trial->rules->advice[advice / 64] |= UINT64_C(1) << advice % 64;
	if (trial->rules->advice[1] >> (MADV_GUARD_INSTALL - 64) & 1)
		trial->rules->guard_files = rule(
			syscall(SYS_madvise, trial->arena, trial->page, MADV_GUARD_INSTALL) == 0);
}

/* No ranges at all, but again the advice is looked at. */
static void try_process_advice(struct trial *trial)
{
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (self < 0)
		return;
	trial->rules->process_advice_any =
		rule(syscall(SYS_process_madvise, self, NULL, 0UL, MADV_DONTNEED, 0) == 0);
	close(self);
}

static void try_policy(struct trial *trial)
{
	const unsigned long first_node = 1;
	long result = syscall(SYS_mbind, trial->arena, trial->page, POLICY_WEIGHTED, &first_node,
			      8 * sizeof(first_node), 0);

	if (result == 0 || errno == EINVAL)
		trial->rules->policy_weighted = rule(result == 0);
}

/* The bytes for AT_RANDOM lie on the stack. */
static void try_vdso(struct trial *trial)
{
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);
	uint64_t stack = getauxval(AT_RANDOM);

	if (vdso && stack)
		trial->rules->vdso_above_stack = rule(vdso > stack);
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
}

/* Whether the page at @spot became one VMA with the page below it. */
static bool merged_below(const struct trial *trial, enum spot spot)
{
	return trial->spots[spot].start == trial->spots[spot].address - trial->page;
}

static void judge_merges(struct trial *trial)
{
	const struct vmt_spot *spots = trial->spots;
	struct vmt_kernel_rules *rules = trial->rules;

	if (spots[SPOT_MODIFY].start)
		rules->modify_needs_both_anon = rule(!merged_below(trial, SPOT_MODIFY));
	if (spots[SPOT_NEW].start && spots[SPOT_NEW].end - spots[SPOT_NEW].start == 2 * trial->page)
		rules->new_prefers_next = rule(!merged_below(trial, SPOT_NEW));
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

static void run_child(struct vmt_kernel_rules *rules)
{
	struct trial trial = { .rules = rules, .page = (uint64_t)sysconf(_SC_PAGESIZE) };
	sigset_t all;

	/* A signal for the whole group must not leave a System V segment behind. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	try_vdso(&trial);
	try_alignment(&trial);
	try_min_address(&trial);
	rules->table_reclaim = vmt_rule_table_reclaim();
	trial.arena =
		map_at(0, (SCENE_COUNT * SCENE_PAGES + 1) * trial.page, PROT_NONE, MAP_SHARED);
	if (!trial.arena)
		return;
	try_advice(&trial);
	try_process_advice(&trial);
	try_policy(&trial);
	try_droppable(&trial);
	try_mremap(&trial);
	set_unaccount(&trial);
	set_stack(&trial);
	set_guard(&trial);
	set_modify(&trial);
	set_new(&trial);
	set_close(&trial);
	set_heap(&trial);
	vmt_spots_read(trial.spots, vmt_countof(trial.spots));
	judge_flags(&trial);
	judge_merges(&trial);
	/* The newest call comes last: a sandbox may kill for it. */
	try_mseal(&trial);
}

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
	struct vmt_kernel_rules *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
					       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	long child;

	if (shared == MAP_FAILED)
		return -errno;
	/* As fork(), but with 0 in place of SIGCHLD. */
	child = syscall(SYS_clone, 0UL, 0UL, 0UL, 0UL, 0UL);
	if (child == 0) {
		run_child(shared);
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
	if (!status) {
		*ret_rules = *shared;
		ret_rules->madvise_split_enomem = madvise_rule();
	}
	munmap(shared, sizeof(*shared));
	return status;
}
