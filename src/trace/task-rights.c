/* SPDX-License-Identifier: MIT */
/*
 * What the tasks may do (struct vmt_rights): read from /proc when a task makes its first mapping
 * call, and kept until something can have changed it. That is
 *
 *	an execve of the task,
 *	a call of any task of ours that sets limits, a personality, user ids, capabilities or namespaces
 *	(prlimit64 can be about another process),
 *	a call that failed with an error that has to do with rights: somebody outside may have lowered
 *	a limit (prlimit(1)); it is read again before the step is made,
 *	a clone that made a process.
 *
 * Limits on the address space and on data are asked for at each call while there are any.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "procfs.h"
#include "tracer.h"

#define INITIAL_USER_NAMESPACE 0xeffffffdU /* PROC_USER_INIT_INO (include/linux/proc_ns.h) */

static uint64_t limit_value(const char **at)
{
	char *end;
	uint64_t value;

	*at += strspn(*at, " ");
	if (!strncmp(*at, "unlimited", 9)) {
		*at += 9;
		return VMT_LIMIT_INFINITY;
	}
	value = strtoull(*at, &end, 10);
	*at = end;
	return value;
}

/* From the text and not by prlimit(2), which wants more rights than tracing does. */
static void read_limits(pid_t pid, struct vmt_rights *rights)
{
	static const char *const lines[VMT_LIMIT_COUNT] = {
		[VMT_LIMIT_AS] = "Max address space",
		[VMT_LIMIT_DATA] = "Max data size",
		[VMT_LIMIT_STACK] = "Max stack size",
		[VMT_LIMIT_MEMLOCK] = "Max locked memory",
	};
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };

	for (size_t i = 0; i < VMT_LIMIT_COUNT; i++)
		rights->limits[i] = rights->hard_limits[i] = VMT_LIMIT_INFINITY;
	if (vmt_procfs_read(pid, "limits", &text) < 0)
		return;
	for (size_t i = 0; i < VMT_LIMIT_COUNT; i++) {
		const char *at = strstr(vmt_str_text(&text), lines[i]);

		if (!at)
			continue;
		at += strlen(lines[i]);
		rights->limits[i] = limit_value(&at);
		rights->hard_limits[i] = limit_value(&at);
	}
}

/* Capabilities in a user namespace of its own count for nothing here. */
static bool is_initial_namespace(pid_t pid)
{
	struct stat status;
	VMT_CLEANUP(vmt_fd_close) int fd = vmt_procfs_open(pid, "ns/user");

	return fd >= 0 && fstat(fd, &status) == 0 && status.st_ino == INITIAL_USER_NAMESPACE;
}

static void read_capabilities(pid_t pid, struct vmt_rights *rights)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3,
						   .pid = pid };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return;
	rights->may_lock = data[0].effective & (1U << CAP_IPC_LOCK);
	rights->raw_io = data[0].effective & (1U << CAP_SYS_RAWIO);
	rights->may_advise = data[0].effective & (1U << CAP_SYS_NICE);
	if ((rights->may_lock || rights->raw_io || rights->may_advise) &&
	    !is_initial_namespace(pid))
		rights->may_lock = rights->raw_io = rights->may_advise = false;
}

bool vmt_procfs_rights(pid_t pid, struct vmt_rights *ret_rights)
{
	struct vmt_rights rights = { 0 };
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	bool known = vmt_procfs_read(pid, "personality", &text) == 0;

	if (known)
		rights.personality = (uint32_t)strtoul(vmt_str_text(&text), NULL, 16);
	read_limits(pid, &rights);
	read_capabilities(pid, &rights);
	*ret_rights = rights;
	return known;
}

void vmt_task_rights_changed(struct vmt_tracer *tracer)
{
	tracer->rights_generation++;
}

void vmt_task_rights_fetch(struct vmt_tracer *tracer, struct vmt_task *task)
{
	if (task->rights_generation != tracer->rights_generation + 1) {
		task->rights_known = vmt_procfs_rights(task->tid, &task->rights);
		task->rights_generation = tracer->rights_generation + 1;
	}
	task->call.rights_known = task->rights_known;
	task->call.rights = task->rights;
}

/* Can the outcome be that of other rights than those that are known? brk refuses without an errno. */
static bool is_about_rights(const struct vmt_event *call)
{
	if (call->call == VMT_CALL_BRK)
		return (uint64_t)call->result < call->args[0];
	return call->failed &&
	       (call->result == -ENOMEM || call->result == -EAGAIN || call->result == -EPERM);
}

static bool may_matter(const struct vmt_event *call, const struct vmt_rights *rights,
		       enum vmt_limit limit)
{
	if (rights->limits[limit] == VMT_LIMIT_INFINITY)
		return false;
	switch (limit) {
	case VMT_LIMIT_AS:
	case VMT_LIMIT_DATA:
		return true;
	case VMT_LIMIT_MEMLOCK:
		return call->call == VMT_CALL_MLOCK || call->call == VMT_CALL_MLOCK2 ||
		       call->call == VMT_CALL_MLOCKALL;
	default:
		return false;
	}
}

/*
 * Another process may have raised a limit (prlimit(1)), and then nothing fails: one that can be in the
 * way of the call is asked for each time. prlimit(2) wants more rights than tracing does; without them the
 * limit stays as it was known.
 */
static void refresh_limits(struct vmt_task *task)
{
	static const __rlimit_resource_t resources[VMT_LIMIT_COUNT] = {
		[VMT_LIMIT_AS] = RLIMIT_AS,
		[VMT_LIMIT_DATA] = RLIMIT_DATA,
		[VMT_LIMIT_STACK] = RLIMIT_STACK,
		[VMT_LIMIT_MEMLOCK] = RLIMIT_MEMLOCK,
	};
	struct vmt_event *call = &task->call;

	for (unsigned i = 0; call->rights_known && i < VMT_LIMIT_COUNT; i++) {
		struct rlimit limit;

		if (!may_matter(call, &call->rights, (enum vmt_limit)i) ||
		    prlimit(task->tid, resources[i], NULL, &limit) < 0)
			continue;
		task->rights.limits[i] = call->rights.limits[i] =
			limit.rlim_cur == RLIM_INFINITY ? VMT_LIMIT_INFINITY : limit.rlim_cur;
	}
}

void vmt_task_rights_leave(struct vmt_tracer *tracer, struct vmt_task *task)
{
	const struct vmt_event *call = &task->call;

	if (call->call == VMT_CALL_SETRLIMIT || call->call == VMT_CALL_PRLIMIT64 ||
	    call->call == VMT_CALL_PERSONALITY) {
		vmt_task_rights_changed(tracer);
	} else if (is_about_rights(call)) {
		task->rights_generation = 0;
		vmt_task_rights_fetch(tracer, task);
	} else {
		refresh_limits(task);
	}
}
