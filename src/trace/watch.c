/* SPDX-License-Identifier: MIT */
/*
 * Calls that only this room wants to see. Their numbers stand here and not in the architectures'
 * tables, for they never become steps:
 *
 *	ptrace		with the requests that begin to trace: rights.c
 *	sched_…affinity, sched_setattr, fork, vfork, clone, clone3: placement.c, only with its option
 *	execve…		is in the architectures' tables already; seen for placement.c too
 *
 * (arch/x86/entry/syscalls/syscall_64.tbl and syscall_32.tbl)
 */
#include "watch.h"

#include <errno.h>

#include "tracer.h"

/* The requests that fail when somebody else traces already. */
static const uint32_t tracing[] = { PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE };

#define ROW(nr) \
	{ \
		.number = (nr) \
	}
#define ROW_PTRACE(nr) \
	{ \
		.number = (nr), .match_count = vmt_countof(tracing), .match = tracing \
	}

struct watched {
	const struct vmt_arch *arch;
	unsigned ptrace;
	unsigned masks[3]; /* VMT_WATCH_MASK */
	const struct vmt_call_row *rows; /* all */
	size_t row_count;
	struct vmt_call_row ptrace_row; /* that one alone */
};

static const struct vmt_call_row rows_x86_64[] = {
	ROW(56), /* clone */
	ROW(57), /* fork */
	ROW(58), /* vfork */
	ROW_PTRACE(101), ROW(203), /* sched_setaffinity */
	ROW(204), /* sched_getaffinity */
	ROW(314), /* sched_setattr */
	ROW(435), /* clone3 */
};

static const struct vmt_call_row rows_i386[] = {
	ROW(2), /* fork */
	ROW_PTRACE(26), ROW(120), /* clone */
	ROW(190), /* vfork */
	ROW(241), /* sched_setaffinity */
	ROW(242), /* sched_getaffinity */
	ROW(351), /* sched_setattr */
	ROW(435), /* clone3 */
};

static const struct watched tables[] = {
	{ &vmt_arch_x86_64,
	  101,
	  { 203, 204, 314 },
	  rows_x86_64,
	  vmt_countof(rows_x86_64),
	  ROW_PTRACE(101) },
	{ &vmt_arch_i386,
	  26,
	  { 241, 242, 351 },
	  rows_i386,
	  vmt_countof(rows_i386),
	  ROW_PTRACE(26) },
};

static const struct watched *table_of(const struct vmt_arch *arch)
{
	for (size_t i = 0; i < vmt_countof(tables); i++)
		if (tables[i].arch == arch)
			return &tables[i];
	return NULL;
}

const struct vmt_call_row *vmt_watch_rows(const struct vmt_arch *arch, bool placement,
					  size_t *ret_count)
{
	const struct watched *table = table_of(arch);

	*ret_count = !table ? 0 : placement ? table->row_count : 1;
	return !table ? NULL : placement ? table->rows : &table->ptrace_row;
}

static enum vmt_watch watch_of(const struct vmt_arch *arch, uint64_t number, uint64_t argument)
{
	const struct watched *table = table_of(arch);
	const struct vmt_call_row *known = vmt_arch_call(arch, number);

	if (known && (known->call == VMT_CALL_EXECVE || known->call == VMT_CALL_EXECVEAT))
		return VMT_WATCH_EXEC;
	if (known || !table)
		return VMT_WATCH_NONE;
	if (number == table->ptrace) {
		for (size_t i = 0; i < vmt_countof(tracing); i++)
			if ((uint32_t)argument == tracing[i])
				return VMT_WATCH_PTRACE;
		return VMT_WATCH_NONE;
	}
	for (size_t i = 0; i < vmt_countof(table->masks); i++)
		if (number == table->masks[i])
			return VMT_WATCH_MASK;
	for (size_t i = 0; i < table->row_count; i++)
		if (number == table->rows[i].number)
			return VMT_WATCH_BIRTH;
	return VMT_WATCH_NONE;
}

void vmt_watch_enter(struct vmt_tracer *tracer, struct vmt_task *task,
		     const struct __ptrace_syscall_info *info)
{
	const struct vmt_arch *arch = vmt_arch_by_audit(info->arch);
	bool seccomp = info->op == PTRACE_SYSCALL_INFO_SECCOMP;
	enum vmt_watch watch = VMT_WATCH_NONE;

	if (arch)
		watch = watch_of(arch, seccomp ? info->seccomp.nr : info->entry.nr,
				 seccomp ? info->seccomp.args[0] : info->entry.args[0]);
	switch (watch) {
	case VMT_WATCH_BIRTH:
		vmt_placement_end(&tracer->placement);
		watch = VMT_WATCH_NONE;
		break;
	case VMT_WATCH_MASK:
	case VMT_WATCH_EXEC:
		if (!vmt_placement_widen(&tracer->placement, task->tid))
			watch = VMT_WATCH_NONE;
		break;
	case VMT_WATCH_PTRACE:
	case VMT_WATCH_NONE:
		break;
	}
	task->watch = watch;
}

void vmt_watch_leave(struct vmt_tracer *tracer, struct vmt_task *task,
		     const struct __ptrace_syscall_info *info)
{
	if (task->watch == VMT_WATCH_PTRACE) {
		if (info->exit.is_error && info->exit.rval == -EPERM)
			vmt_rights_ptrace(tracer, task);
	} else if (task->watch != VMT_WATCH_NONE) {
		vmt_placement_narrow(&tracer->placement, task->tid);
	}
	task->watch = VMT_WATCH_NONE;
}
