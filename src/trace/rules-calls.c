/* SPDX-License-Identifier: MIT */
/*
 * Rules of the running kernel that a call tells by its result (trial.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "procfs.h"
#include "trial.h"

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
	HUGE_BYTES = 2 << 20,
	POLICY_WEIGHTED = 6, /* MPOL_WEIGHTED_INTERLEAVE */
	MIN_ADDRESS_MOST = 16 << 20, /* more is no minimum: the hint was passed over */
	USER_WINDOW_BITS = 47, /* of user space with four levels of page tables */
	SELF_THREAD = -10000, /* PIDFD_SELF_THREAD */
};

static void try_droppable(struct trial *trial)
{
	if (map_at(scene_page(trial, SCENE_DROPPABLE, 0), trial->page, PROT_READ | PROT_WRITE,
		   MAP_DROPPABLE | MAP_FIXED))
		trial->rules->droppable = VMT_RULE_YES;
	else if (errno != ENOMEM && errno != EPERM)
		trial->rules->droppable = VMT_RULE_NO;
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

/* Two of them, side by side, cannot both be aligned by luck. */
static void try_zero_alignment(struct trial *trial)
{
	VMT_CLEANUP(vmt_fd_close) int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	uint64_t at[2] = { 0 };

	if (fd < 0 || sizeof(void *) < sizeof(uint64_t))
		return;
	for (int i = 0; i < 2; i++) {
		void *mapped = mmap(NULL, HUGE_BYTES + trial->page, PROT_NONE, MAP_PRIVATE, fd, 0);

		if (mapped == MAP_FAILED)
			return;
		at[i] = (uint64_t)(uintptr_t)mapped;
	}
	trial->rules->zero_thp_align = rule((at[0] | at[1]) % HUGE_BYTES == 0);
}

/* A hint inside a huge page; without a reservation the pool may be empty. */
static void try_huge_hint(struct trial *trial)
{
	uint64_t room = map_anywhere(4 * (uint64_t)HUGE_BYTES);
	uint64_t below = (room + HUGE_BYTES - 1) & ~(uint64_t)(HUGE_BYTES - 1);
	uint64_t placed;

	if (!room || munmap(pointer(room), 4 * (size_t)HUGE_BYTES) < 0)
		return;
	placed = map_at(below + trial->page, HUGE_BYTES, PROT_NONE,
			MAP_PRIVATE | MAP_NORESERVE | MAP_HUGETLB);
	if (placed == below || placed == below + HUGE_BYTES)
		trial->rules->huge_hint_down = rule(placed == below);
	if (placed)
		munmap(pointer(placed), HUGE_BYTES);
}

/* A hint above what four levels of page tables reach. */
static void try_wide_addresses(struct trial *trial)
{
	uint64_t window = UINT64_C(1) << USER_WINDOW_BITS;
	uint64_t placed;

	if (sizeof(void *) < sizeof(uint64_t))
		return;
	placed = map_at(window, trial->page, PROT_NONE, MAP_PRIVATE);
	if (placed)
		trial->rules->wide_addresses = rule(placed >= window);
}

static void try_pidfd_self(struct trial *trial)
{
	if (syscall(SYS_process_madvise, SELF_THREAD, NULL, 0UL, MADV_COLD, 0) == 0)
		trial->rules->pidfd_self = VMT_RULE_YES;
	else if (errno == EBADF)
		trial->rules->pidfd_self = VMT_RULE_NO;
}

/* Droppable memory, for a userfaultfd to serve */
static void try_userfaultfd(struct trial *trial)
{
	VMT_CLEANUP(vmt_fd_close)
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register request = {
		.range = { .start = scene_page(trial, SCENE_DROPPABLE, 0), .len = trial->page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	if (fd < 0 || trial->rules->droppable != VMT_RULE_YES || ioctl(fd, UFFDIO_API, &api) < 0)
		return;
	if (ioctl(fd, UFFDIO_REGISTER, &request) == 0)
		trial->rules->uffd_droppable = VMT_RULE_YES;
	else if (errno == EINVAL)
		trial->rules->uffd_droppable = VMT_RULE_NO;
}

/* The bytes for AT_RANDOM lie on the stack. */
static void try_vdso(struct trial *trial)
{
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);
	uint64_t stack = getauxval(AT_RANDOM);

	if (vdso && stack)
		trial->rules->vdso_above_stack = rule(vdso > stack);
}

void vmt_trial_places(struct trial *trial)
{
	try_vdso(trial);
	try_alignment(trial);
	try_zero_alignment(trial);
	try_min_address(trial);
	try_wide_addresses(trial);
	try_huge_hint(trial);
}

void vmt_trial_calls(struct trial *trial)
{
	try_advice(trial);
	try_process_advice(trial);
	try_pidfd_self(trial);
	try_policy(trial);
	try_droppable(trial);
	try_userfaultfd(trial);
}

void vmt_trial_mseal(struct trial *trial)
{
	/* No length: nothing gets sealed. */
	if (syscall(SYS_mseal, trial->arena, 0UL, 0UL) == 0)
		trial->rules->mseal = VMT_RULE_YES;
	else if (errno == ENOSYS)
		trial->rules->mseal = VMT_RULE_NO;
}
