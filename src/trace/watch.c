/* SPDX-License-Identifier: MIT */
/*
 * Calls that only this room wants to see. Their numbers stand here and not in the architectures'
 * tables, for they never become steps:
 *
 *	ptrace		with the requests that begin to trace: rights.c
 *	clone, clone3	with CLONE_UNTRACED: untraced.c
 *	setuid, capset, setns …		the task's rights are read anew: task-rights.c
 *	seccomp, prctl	a filter of the target's own: rights.c
 *	userfaultfd, ioctl of /dev/userfaultfd	whose memory it serves: uffd.c
 *	shmget, ipc	with SHM_HUGETLB: shm.c
 *	sched_…affinity, sched_setattr, fork, vfork, clone, clone3: placement.c, only with its option
 *	execve…		is in the architectures' tables already; seen for placement.c too
 *
 * (arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl)
 */
#include "watch.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/shm.h>

#include "tracer.h"

/* The requests that fail when somebody else traces already. */
static const uint32_t tracing[] = { PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE };

static const uint32_t seccomp_operations[] = { SECCOMP_SET_MODE_STRICT, SECCOMP_SET_MODE_FILTER };

static const uint32_t prctl_options[] = { 22 /* PR_SET_SECCOMP */ };

static const uint32_t ioctl_requests[] = { USERFAULTFD_IOC_NEW };

/* i386: one call for all of System V's, whose number comes first. */
static const uint32_t ipc_calls[] = { 23 /* SHMGET */ };
enum {
	CALL_IPC = 117
};

#define ROW(nr, what) \
	{ \
		.row = { .number = (nr) }, .watch = VMT_WATCH_##what \
	}
/* Only with these values of an argument, or with one of these bits set in it. */
#define ROW_MATCH(nr, argument, set, what) \
	{ \
		.row = { .number = (nr), \
			 .match_arg = (argument), \
			 .match_count = vmt_countof(set), \
			 .match = (set) }, \
		.watch = VMT_WATCH_##what \
	}
#define ROW_BITS(nr, argument, bits, what) \
	{ \
		.row = { .number = (nr), .match_arg = (argument), .match_bits = (bits) }, \
		.watch = VMT_WATCH_##what \
	}

static const struct vmt_watch_row rows_x86_64[] = {
	ROW_MATCH(16, 1, ioctl_requests, UFFD), /* ioctl */
	ROW_BITS(29, 2, SHM_HUGETLB, SEGMENT), /* shmget */
	ROW_BITS(56, 0, CLONE_UNTRACED, UNTRACED), /* clone */
	ROW(56, BIRTH),
	ROW(57, BIRTH), /* fork */
	ROW(58, BIRTH), /* vfork */
	ROW_MATCH(101, 0, tracing, PTRACE), /* ptrace */
	ROW(105, CREDENTIALS), /* setuid */
	ROW(113, CREDENTIALS), /* setreuid */
	ROW(117, CREDENTIALS), /* setresuid */
	ROW(126, CREDENTIALS), /* capset */
	ROW_MATCH(157, 0, prctl_options, SECCOMP), /* prctl */
	ROW(203, MASK), /* sched_setaffinity */
	ROW(204, MASK), /* sched_getaffinity */
	ROW(272, CREDENTIALS), /* unshare */
	ROW(308, CREDENTIALS), /* setns */
	ROW(314, MASK), /* sched_setattr */
	ROW_MATCH(317, 0, seccomp_operations, SECCOMP), /* seccomp */
	ROW(323, UFFD), /* userfaultfd */
	ROW(435, UNTRACED), /* clone3 */
	ROW(435, BIRTH),
};

static const struct vmt_watch_row rows_i386[] = {
	ROW(2, BIRTH), /* fork */
	ROW(23, CREDENTIALS), /* setuid */
	ROW_MATCH(26, 0, tracing, PTRACE), /* ptrace */
	ROW_MATCH(54, 1, ioctl_requests, UFFD), /* ioctl */
	ROW(70, CREDENTIALS), /* setreuid */
	ROW_MATCH(CALL_IPC, 0, ipc_calls, SEGMENT), /* ipc */
	ROW_BITS(120, 0, CLONE_UNTRACED, UNTRACED), /* clone */
	ROW(120, BIRTH),
	ROW(164, CREDENTIALS), /* setresuid */
	ROW_MATCH(172, 0, prctl_options, SECCOMP), /* prctl */
	ROW(185, CREDENTIALS), /* capset */
	ROW(190, BIRTH), /* vfork */
	ROW(203, CREDENTIALS), /* setreuid32 */
	ROW(208, CREDENTIALS), /* setresuid32 */
	ROW(213, CREDENTIALS), /* setuid32 */
	ROW(241, MASK), /* sched_setaffinity */
	ROW(242, MASK), /* sched_getaffinity */
	ROW(310, CREDENTIALS), /* unshare */
	ROW(346, CREDENTIALS), /* setns */
	ROW(351, MASK), /* sched_setattr */
	ROW_MATCH(354, 0, seccomp_operations, SECCOMP), /* seccomp */
	ROW(374, UFFD), /* userfaultfd */
	ROW_BITS(395, 2, SHM_HUGETLB, SEGMENT), /* shmget */
	ROW(435, UNTRACED), /* clone3 */
	ROW(435, BIRTH),
};

static const struct {
	const struct vmt_arch *arch;
	const struct vmt_watch_row *rows;
	size_t count;
} tables[] = {
	{ &vmt_arch_x86_64, rows_x86_64, vmt_countof(rows_x86_64) },
	{ &vmt_arch_i386, rows_i386, vmt_countof(rows_i386) },
};

const struct vmt_watch_row *vmt_watch_rows(const struct vmt_arch *arch, size_t *ret_count)
{
	for (size_t i = 0; i < vmt_countof(tables); i++) {
		if (tables[i].arch == arch) {
			*ret_count = tables[i].count;
			return tables[i].rows;
		}
	}
	*ret_count = 0;
	return NULL;
}

bool vmt_watch_is_placement(enum vmt_watch watch)
{
	return watch == VMT_WATCH_MASK || watch == VMT_WATCH_BIRTH;
}

/* A call as it stands at its entry. */
struct entered {
	const struct vmt_arch *arch;
	uint64_t number;
	const uint64_t *args;
};

static bool is_ipc(const struct entered *entered)
{
	return entered->arch == &vmt_arch_i386 && entered->number == CALL_IPC;
}

static enum vmt_watch begin(struct vmt_tracer *tracer, struct vmt_task *task, enum vmt_watch watch,
			    const struct entered *entered)
{
	switch (watch) {
	case VMT_WATCH_BIRTH:
		vmt_placement_end(&tracer->placement);
		return VMT_WATCH_NONE;
	case VMT_WATCH_MASK:
	case VMT_WATCH_EXEC:
		return vmt_placement_widen(&tracer->placement, task->tid) ? watch : VMT_WATCH_NONE;
	case VMT_WATCH_UNTRACED:
		return vmt_untraced_enter(task, entered->arch, entered->number, entered->args[0])
			       ? watch
			       : VMT_WATCH_NONE;
	case VMT_WATCH_SECCOMP:
		task->asks_strict =
			vmt_rights_asks_strict(entered->arch, entered->number, entered->args);
		task->asks_supervisor =
			vmt_rights_asks_supervisor(entered->arch, entered->number, entered->args);
		return watch;
	case VMT_WATCH_SEGMENT:
		return vmt_shm_enter(task, entered->args + (is_ipc(entered) ? 1 : 0))
			       ? watch
			       : VMT_WATCH_NONE;
	case VMT_WATCH_PTRACE:
	case VMT_WATCH_CREDENTIALS:
	case VMT_WATCH_UFFD:
	case VMT_WATCH_NONE:
		break;
	}
	return watch;
}

void vmt_watch_enter(struct vmt_tracer *tracer, struct vmt_task *task,
		     const struct __ptrace_syscall_info *info)
{
	bool seccomp = info->op == PTRACE_SYSCALL_INFO_SECCOMP;
	uint64_t args[6];
	struct entered entered = {
		.arch = vmt_arch_by_audit(info->arch),
		.number = seccomp ? info->seccomp.nr : info->entry.nr,
		.args = args,
	};
	const struct vmt_call_row *known;
	const struct vmt_watch_row *rows;
	size_t count;

	task->watch = VMT_WATCH_NONE;
	if (!entered.arch)
		return;
	for (size_t i = 0; i < vmt_countof(args); i++)
		args[i] = seccomp ? info->seccomp.args[i] : info->entry.args[i];
	known = vmt_arch_call(entered.arch, entered.number);
	if (known && vmt_is_exec(known->call))
		task->watch = begin(tracer, task, VMT_WATCH_EXEC, &entered);
	rows = vmt_watch_rows(entered.arch, &count);
	for (size_t i = 0; i < count; i++) {
		enum vmt_watch watch;

		if (rows[i].row.number != entered.number ||
		    !vmt_call_row_matches(&rows[i].row, args))
			continue;
		watch = begin(tracer, task, rows[i].watch, &entered);
		if (watch != VMT_WATCH_NONE)
			task->watch = watch;
	}
}

void vmt_watch_leave(struct vmt_tracer *tracer, struct vmt_task *task,
		     const struct __ptrace_syscall_info *info)
{
	int64_t result = info->exit.is_error ? info->exit.rval : 0;

	switch (task->watch) {
	case VMT_WATCH_PTRACE:
		if (result == -EPERM)
			vmt_rights_ptrace(tracer, task);
		break;
	case VMT_WATCH_UNTRACED:
		vmt_untraced_restore(task);
		break;
	case VMT_WATCH_CREDENTIALS:
		vmt_task_rights_changed(tracer);
		break;
	case VMT_WATCH_UFFD:
		if (!info->exit.is_error)
			vmt_uffd_made(tracer, task, (int)info->exit.rval);
		break;
	case VMT_WATCH_SEGMENT:
		if (!info->exit.is_error)
			vmt_shm_made(tracer, task, (int)info->exit.rval);
		break;
	case VMT_WATCH_SECCOMP:
		vmt_rights_seccomp(tracer, task, (int)-result);
		break;
	case VMT_WATCH_MASK:
	case VMT_WATCH_EXEC:
		vmt_placement_narrow(&tracer->placement, task->tid);
		break;
	case VMT_WATCH_BIRTH:
	case VMT_WATCH_NONE:
		break;
	}
	task->watch = VMT_WATCH_NONE;
}
