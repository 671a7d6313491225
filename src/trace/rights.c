/* SPDX-License-Identifier: MIT */
/*
 * What a program may not do because it is traced. The kernel gives a set-user-ID, set-group-ID or
 * file-capability program no privileges under a tracer without them, nor after no_new_privs
 * (bprm_fill_uid() of fs/exec.c, cap_bprm_creds_from_file() of security/commoncap.c, 6.18); and a
 * task has one tracer. Nothing can be done about either, but the user should not have to guess.
 */
#include <errno.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "procfs.h"
#include "tracer.h"

/* The second number, the effective one, behind "Uid:" or "Gid:". */
static bool has_effective_id(const struct vmt_str *status, const char *key, unsigned wanted)
{
	const char *line = strstr(vmt_str_text(status), key);
	unsigned real, effective;

	return line && sscanf(line + strlen(key), "%u %u", &real, &effective) == 2 &&
	       effective == wanted;
}

/* Does the file at @path give privileges that the task with @status has not got? NULL if not. */
static const char *lost_privilege(pid_t pid, const char *path, const struct vmt_str *status)
{
	VMT_CLEANUP(vmt_fd_close) int where = vmt_procfs_find(pid, NULL);
	struct stat file;
	struct statvfs mount;
	uint64_t permitted = 0;

	/* Who serves a file cannot be asked while it may be a task of ours; such mounts are nosuid, mostly. */
	if (where < 0 || vmt_mount_server(pid, where) != VMT_SERVER_KERNEL || stat(path, &file) < 0)
		return NULL;
	if (!(file.st_mode & (S_ISUID | S_ISGID)) &&
	    getxattr(path, "security.capability", NULL, 0) <= 0)
		return NULL;
	/* A mount may take them away from everybody. */
	if (statvfs(path, &mount) == 0 && mount.f_flag & ST_NOSUID)
		return NULL;
	if (file.st_mode & S_ISUID)
		return has_effective_id(status, "\nUid:", file.st_uid) ? NULL : "set-user-ID";
	if ((file.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		return has_effective_id(status, "\nGid:", file.st_gid) ? NULL : "set-group-ID";
	vmt_procfs_number(vmt_str_text(status), "CapPrm:", 16, &permitted);
	return file.st_mode & S_ISGID || permitted ? NULL : "file capabilities";
}

void vmt_rights_exec(struct vmt_tracer *tracer, const struct vmt_task *task)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str status = { 0 };
	char path[64];
	char target[PATH_MAX];
	const char *what;
	const char *name;

	snprintf(path, sizeof(path), "/proc/%d/exe", task->tid);
	if (vmt_procfs_read(task->tid, "status", &status) < 0)
		return;
	what = lost_privilege(task->tid, path, &status);
	if (!what || vmt_procfs_link(task->tid, "exe", target, sizeof(target)) < 0)
		return;
	name = vmt_names_add(tracer->options.names, target);
	for (size_t i = 0; i < tracer->rights_said.count; i++)
		if (tracer->rights_said.data[i] == name)
			return;
	vmt_array_push(&tracer->rights_said, name);
	vmt_tracer_notice(tracer, "%s (%s) runs without its privileges, because it is traced", name,
			  what);
}

void vmt_rights_ptrace(struct vmt_tracer *tracer, const struct vmt_task *task)
{
	if (tracer->ptrace_said)
		return;
	tracer->ptrace_said = true;
	vmt_tracer_notice(tracer,
			  "process %d wants to trace and gets EPERM: a process has one tracer, and "
			  "here that is vmtrace",
			  task->tgid);
}

bool vmt_rights_asks_strict(const struct vmt_arch *arch, uint64_t number, const uint64_t *args)
{
	const struct vmt_call_row *row = vmt_arch_call(arch, number);

	/* prctl(PR_SET_SECCOMP, mode), else seccomp(operation): the two count differently. */
	if (row && row->call == VMT_CALL_PRCTL)
		return args[1] == SECCOMP_MODE_STRICT;
	return (uint32_t)args[0] == SECCOMP_SET_MODE_STRICT;
}

bool vmt_rights_asks_supervisor(const struct vmt_arch *arch, uint64_t number, const uint64_t *args)
{
	const struct vmt_call_row *row = vmt_arch_call(arch, number);

	return !(row && row->call == VMT_CALL_PRCTL) &&
	       (uint32_t)args[0] == SECCOMP_SET_MODE_FILTER &&
	       args[1] & SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

static void say_filter(struct vmt_tracer *tracer, const struct vmt_task *task)
{
	bool seen = vmt_task_stops_at_all(tracer, task);
	bool *said = seen ? &tracer->answers_said : &tracer->filter_said;

	if (*said)
		return;
	*said = true;
	vmt_tracer_notice(tracer, "process %d filters its own system calls (seccomp): %s",
			  task->tgid,
			  seen ? "it may refuse mapping calls"
			       : "a mapping call that its filter refuses is not seen; "
				 "--no-seccomp shows it");
}

/* A task has one mode, and under our filter that is the filter's (seccomp_may_assign_mode()). */
static void say_strict(struct vmt_tracer *tracer, const struct vmt_task *task)
{
	if (tracer->strict_said || !tracer->filtered)
		return;
	tracer->strict_said = true;
	vmt_tracer_notice(
		tracer,
		"process %d asks for seccomp's strict mode and gets EINVAL, because it runs "
		"under vmtrace's filter; --no-seccomp lets it",
		task->tgid);
}

static void supervise(struct vmt_tracer *tracer, struct vmt_task *task, void *data)
{
	const struct vmt_task *asker = data;

	(void)tracer;
	task->supervised |= task->tgid == asker->tgid;
}

/*
 * What a supervisor answers goes by our filter: the call may have been carried out, or answered in
 * the kernel's place (seccomp_do_user_notification() of kernel/seccomp.c, 6.18). So the task is to stop
 * at every call from now on. Its threads too, for the flag TSYNC puts them under the filter.
 */
void vmt_rights_seccomp(struct vmt_tracer *tracer, struct vmt_task *task, int err)
{
	if (!err && task->asks_supervisor)
		vmt_task_each(tracer, supervise, task);
	if (!err)
		say_filter(tracer, task);
	else if (task->asks_strict && err == EINVAL)
		say_strict(tracer, task);
}

/* 0 as well where the kernel does not tell (before 5.9). */
static uint64_t filter_count(pid_t pid)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str status = { 0 };
	uint64_t count = 0;

	if (vmt_procfs_read(pid, "status", &status) == 0)
		vmt_procfs_number(vmt_str_text(&status), "Seccomp_filters:", 10, &count);
	return count;
}

bool vmt_proc_has_filter(pid_t pid)
{
	return filter_count(pid) > filter_count(getpid());
}
