/* SPDX-License-Identifier: MIT */
/*
 * The facts of a call: its arguments as PTRACE_GET_SYSCALL_INFO tells them (no registers are read,
 * so this is the same for every architecture), what its pointers point to, and the file behind its
 * descriptor. What the call reads is fetched at its entry, right before it runs; what it writes at
 * its exit. Nothing can be believed: pointers may be bad, descriptors closed, the task dead. Then
 * the fact is missing and the event says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/prctl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include "procfs.h"
#include "tracer.h"

enum {
	/* ipc(2), with the version 0 that every program uses. */
	IPC_SHMAT = 21,
	IPC_SHMDT = 22,
	/* ANON_VMA_NAME_MAX_LEN of mm/madvise.c, with its NUL */
	ANON_NAME_BYTES = 80,
	FD_PATH_BYTES = 64,
	SELF_THREAD = -10000,
	SELF_PROCESS = -10001,
	ADVICE_POPULATE_READ = 22,
	ADVICE_POPULATE_WRITE = 23,
};
_Static_assert(ANON_NAME_BYTES < sizeof(((struct vmt_event *)0)->text), "room for a name");

bool vmt_syscall_info(pid_t tid, struct __ptrace_syscall_info *ret_info)
{
	return ptrace(PTRACE_GET_SYSCALL_INFO, tid, (void *)sizeof(*ret_info), ret_info) > 0;
}

/* ---- Entry ------------------------------------------------------------------------------- */

/*
 * i386's ipc(call, first, second, third, ptr) in the place of the calls that it stands for; shmat
 * writes the address to *third (compat_ksys_ipc() of ipc/syscall.c).
 */
static void resolve_ipc(struct vmt_task *task)
{
	struct vmt_event *call = &task->call;
	uint64_t ipc[6];

	memcpy(ipc, call->args, sizeof(ipc));
	memset(call->args, 0, sizeof(call->args));
	if ((uint32_t)ipc[0] == IPC_SHMAT) {
		call->call = VMT_CALL_SHMAT;
		call->args[0] = ipc[1];
		call->args[1] = ipc[4];
		call->args[2] = ipc[2];
		task->out_address = ipc[3];
	} else {
		call->call = VMT_CALL_SHMDT;
		call->args[0] = ipc[4];
	}
}

/* Arguments that the kernel takes as int: the upper half of the register is not looked at. */
static bool is_int(enum vmt_arg_kind kind)
{
	switch (kind) {
	case VMT_ARG_FD:
	case VMT_ARG_INT:
	case VMT_ARG_ADVICE:
	case VMT_ARG_MLOCK_FLAGS:
	case VMT_ARG_MLOCKALL_FLAGS:
	case VMT_ARG_MPOL_FLAGS:
	case VMT_ARG_SHM_FLAGS:
	case VMT_ARG_PRCTL_OP:
	case VMT_ARG_ARCH_PRCTL_OP:
	case VMT_ARG_IOCTL_REQUEST:
	case VMT_ARG_RESOURCE:
		return true;
	default:
		return false;
	}
}

static void cut_ints(struct vmt_event *call)
{
	const struct vmt_call_info *info = vmt_call_info(call->call);

	for (unsigned i = 0; i < info->arg_count; i++) {
		if (is_int(info->args[i].kind))
			call->args[i] &= UINT32_MAX;
	}
}

bool vmt_event_enter(struct vmt_task *task, const struct __ptrace_syscall_info *info)
{
	const struct vmt_arch *arch = vmt_arch_by_audit(info->arch);
	bool seccomp = info->op == PTRACE_SYSCALL_INFO_SECCOMP;
	uint64_t number = seccomp ? info->seccomp.nr : info->entry.nr;
	const struct vmt_call_row *row = arch ? vmt_arch_call(arch, number) : NULL;
	uint64_t args[6];

	for (size_t i = 0; i < vmt_countof(args); i++)
		args[i] = seccomp ? info->seccomp.args[i] : info->entry.args[i];
	if (!row || !vmt_call_row_matches(row, args))
		return false;
	task->call = (struct vmt_event){
		.arch = arch,
		.call = row->call,
		.number = number,
		.ip = info->instruction_pointer,
		.sp = info->stack_pointer,
	};
	memcpy(task->call.args, args, sizeof(args));
	task->out_address = 0;
	if (row->call == VMT_CALL_IPC)
		resolve_ipc(task);
	cut_ints(&task->call);
	return true;
}

/* ---- What pointers point to -------------------------------------------------------------- */

/* Up to six words of @word_bytes at @address; if they cannot be read, false, and nothing changed. */
static bool read_words(pid_t tid, uint64_t address, size_t count, size_t word_bytes,
		       uint64_t *ret_words)
{
	union {
		uint64_t wide[8];
		uint32_t narrow[8];
	} words;
	size_t length = count * word_bytes;

	if (!address || vmt_proc_read(tid, address, &words, length) != (long)length)
		return false;
	for (size_t i = 0; i < count; i++)
		ret_words[i] = word_bytes == 8 ? words.wide[i] : words.narrow[i];
	return true;
}

static size_t arch_word_bytes(const struct vmt_arch *arch)
{
	return arch->word_bits / 8;
}

static void fetch_words(struct vmt_task *task, uint64_t address, unsigned count, size_t word_bytes)
{
	struct vmt_event *call = &task->call;

	call->words_valid =
		read_words(task->tid, address, count, word_bytes, call->words) ? count : 0;
	task->unread = !call->words_valid && address;
}

/* struct rlimit, whose "unlimited" is as wide as its words. */
static void fetch_rlimit(struct vmt_task *task)
{
	struct vmt_event *call = &task->call;
	size_t word_bytes = arch_word_bytes(call->arch);

	fetch_words(task, call->args[1], 2, word_bytes);
	for (unsigned i = 0; word_bytes == 4 && i < call->words_valid; i++)
		if (call->words[i] == UINT32_MAX)
			call->words[i] = VMT_LIMIT_INFINITY;
}

/* A name may end right before an unmapped page: the second page only if the first has no end. */
static bool read_text(struct vmt_task *task, uint64_t address, char *text, size_t size)
{
	uint64_t page_bytes = vmt_arch_page_size(task->call.arch);
	size_t first = vmt_min_u64(size, page_bytes - address % page_bytes);
	long length = vmt_proc_read(task->tid, address, text, first);

	if (length < 0)
		return false;
	if (memchr(text, '\0', (size_t)length))
		return true;
	if ((size_t)length == first && first < size) {
		long more = vmt_proc_read(task->tid, address + first, text + first, size - first);

		if (more > 0)
			length += more;
	}
	return memchr(text, '\0', (size_t)length) != NULL;
}

static void fetch_prctl(struct vmt_task *task)
{
	struct vmt_event *call = &task->call;

	if ((uint32_t)call->args[0] != PR_SET_VMA || call->args[1] != PR_SET_VMA_ANON_NAME)
		return;
	/* NULL takes the name away. */
	call->text_valid =
		!call->args[4] || read_text(task, call->args[4], call->text, ANON_NAME_BYTES);
	if (!call->text_valid)
		memset(call->text, 0, sizeof(call->text));
	task->unread = !call->text_valid;
}

/* ---- The file behind a descriptor -------------------------------------------------------- */

static bool read_fd_info(pid_t tid, int fd, uint32_t *ret_flags, uint64_t *ret_mount)
{
	char file[FD_PATH_BYTES];
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	uint64_t flags;

	snprintf(file, sizeof(file), "fdinfo/%d", fd);
	if (vmt_procfs_read(tid, file, &text) < 0 ||
	    !vmt_procfs_number(vmt_str_text(&text), "flags:", 8, &flags) ||
	    !vmt_procfs_number(vmt_str_text(&text), "mnt_id:", 10, ret_mount))
		return false;
	/* Close-on-exec is the descriptor's, not the description's. */
	*ret_flags = (uint32_t)flags & ~(uint32_t)O_CLOEXEC;
	return true;
}

/* Of a memfd. To open it once more changes nothing in the target. */
static bool is_write_sealed(const char *path, const char *name)
{
	VMT_CLEANUP(vmt_fd_close) int fd = -1;
	int seals;

	if (strncmp(name, "/memfd:", strlen("/memfd:")) != 0)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	seals = fd < 0 ? -1 : fcntl(fd, F_GET_SEALS);
	return seals >= 0 && seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE);
}

/*
 * Through the thread's own /proc/TID/fd: threads may have descriptor tables of their own. Does not
 * ask a server for fresh attributes, which could be the very task that stands still.
 */
void vmt_event_file(struct vmt_tracer *tracer, const struct vmt_task *task, int fd,
		    struct vmt_file_facts *ret_file)
{
	struct vmt_file_facts *file = ret_file;
	char path[FD_PATH_BYTES];
	char link[FD_PATH_BYTES];
	char name[PATH_MAX];
	struct statx status;
	uint64_t mount;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", task->tid, fd);
	if (fd < 0 || statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &status) < 0)
		return;
	snprintf(link, sizeof(link), "fd/%d", fd);
	/* A path above PATH_MAX has no link; maps has its name later. */
	if (vmt_procfs_link(task->tid, link, name, sizeof(name)) < 0)
		name[0] = '\0';
	if (!read_fd_info(task->tid, fd, &file->flags, &mount))
		return;
	file->known = true;
	file->dev_major = status.stx_dev_major;
	file->dev_minor = status.stx_dev_minor;
	file->inode = status.stx_ino;
	file->size_bytes = status.stx_size;
	file->mode = status.stx_mode;
	file->rdev_major = status.stx_rdev_major;
	file->rdev_minor = status.stx_rdev_minor;
	file->append_only = status.stx_attributes & STATX_ATTR_APPEND;
	file->write_sealed = S_ISREG(status.stx_mode) && is_write_sealed(path, name);
	vmt_mount_facts(&tracer->mounts, task->tid, mount, path, file);
	file->name = vmt_names_add(tracer->options.names, name);
	vmt_description_find(&tracer->descriptions, task->tid, fd, file);
}

/* "API:	aa:8000:1ffff" (userfaultfd_show_fdinfo() of fs/userfaultfd.c): version, in use, known. */
static uint64_t uffd_features(pid_t tid, int fd)
{
	char file[FD_PATH_BYTES];
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	const char *line;
	unsigned long long version, features;

	snprintf(file, sizeof(file), "fdinfo/%d", fd);
	if (vmt_procfs_read(tid, file, &text) < 0)
		return 0;
	line = strstr(vmt_str_text(&text), "\nAPI:");
	return line && sscanf(line, "\nAPI: %llx:%llx", &version, &features) == 2 ? features : 0;
}

static void fetch_ioctl(struct vmt_tracer *tracer, struct vmt_task *task)
{
	struct vmt_event *call = &task->call;

	vmt_event_file(tracer, task, (int)call->args[0], &call->file);
	vmt_uffd_aim(tracer, task);
	call->uffd_features = uffd_features(task->tid, (int)call->args[0]);

	/* The same for every word size: all fields have 64 bits. */
	if ((uint32_t)call->args[1] == UFFDIO_REGISTER)
		fetch_words(task, call->args[2], 3, 8);
	else if ((uint32_t)call->args[1] == UFFDIO_UNREGISTER)
		fetch_words(task, call->args[2], 2, 8);
}

static void fetch_mmap(struct vmt_tracer *tracer, struct vmt_task *task)
{
	const struct vmt_event *call = &task->call;

	if (!(call->args[3] & MAP_ANONYMOUS)) {
		vmt_event_file(tracer, task, (int)call->args[4], &task->call.file);
		if (call->file.huge_page_bytes)
			vmt_huge_pool_read(call->file.huge_page_bytes, &task->call.huge_pool);
	} else if (call->args[3] & MAP_HUGETLB) {
		unsigned shift = call->args[3] >> MAP_HUGE_SHIFT & MAP_HUGE_MASK;

		vmt_huge_pool_read(shift ? UINT64_C(1) << shift : 0, &task->call.huge_pool);
	}
}

/* ---- Others --------------------------------------------------------------------------------- */

/* get_nodes(): maxnode counts one bit too many. */
static void fetch_nodes(struct vmt_task *task)
{
	size_t word_bytes = arch_word_bytes(task->call.arch);
	uint64_t bits = task->call.args[4] ? task->call.args[4] - 1 : 0;
	uint64_t words = (bits + 8 * word_bytes - 1) / (8 * word_bytes);

	if (words == 0)
		return;
	fetch_words(task, task->call.args[3], (unsigned)vmt_min_u64(words, 6), word_bytes);
	if (task->call.words_valid == words && bits % (8 * word_bytes))
		task->call.words[words - 1] &= (1ULL << bits % (8 * word_bytes)) - 1;
}

/* The process that a pidfd stands for; 0 if that cannot be told. */
static pid_t pidfd_process(const struct vmt_task *task, int fd)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	char file[FD_PATH_BYTES];
	uint64_t pid;

	/* PIDFD_SELF_THREAD and PIDFD_SELF_THREAD_GROUP (6.14) */
	if (fd == SELF_THREAD || fd == SELF_PROCESS)
		return task->tgid;
	snprintf(file, sizeof(file), "fdinfo/%d", fd);
	if (vmt_procfs_read(task->tid, file, &text) < 0 ||
	    !vmt_procfs_number(vmt_str_text(&text), "Pid:", 10, &pid))
		return 0;
	return (pid_t)pid;
}

/*
 * The ranges, if they are few. Where the pidfd stands for another process that is followed, the call is
 * about the space of that one.
 */
static void fetch_vectors(struct vmt_tracer *tracer, struct vmt_task *task)
{
	struct vmt_event *call = &task->call;
	pid_t pid = pidfd_process(task, (int)call->args[0]);
	const struct vmt_task *target =
		pid && pid != task->tgid ? vmt_task_find(tracer, pid) : NULL;

	if (!pid || call->args[2] < 1 || call->args[2] > vmt_countof(call->words) / 2)
		return;
	if (target && target->space && target->user) {
		call->target_space = target->space->number;
		call->target_pid = pid;
	} else if (pid != task->tgid) {
		return;
	}
	fetch_words(task, call->args[1], 2 * (unsigned)call->args[2], arch_word_bytes(call->arch));
}

/* ---- Together ---------------------------------------------------------------------------- */

void vmt_event_fetch(struct vmt_tracer *tracer, struct vmt_task *task)
{
	struct vmt_event *call = &task->call;

	task->unread = false;
	vmt_task_rights_fetch(tracer, task);
	switch (call->call) {
	case VMT_CALL_OLD_MMAP:
		if (read_words(task->tid, call->args[0], 6, arch_word_bytes(call->arch),
			       call->args))
			fetch_mmap(tracer, task);
		break;
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
		fetch_mmap(tracer, task);
		break;
	case VMT_CALL_SETRLIMIT:
		fetch_rlimit(task);
		break;
	case VMT_CALL_PRLIMIT64:
		fetch_words(task, call->args[2], 2, 8);
		break;
	case VMT_CALL_IOCTL:
		fetch_ioctl(tracer, task);
		break;
	case VMT_CALL_PRCTL:
		fetch_prctl(task);
		break;
	case VMT_CALL_SET_THREAD_AREA:
		/* base_addr of struct user_desc */
		fetch_words(task, call->args[0] + sizeof(uint32_t), 1, sizeof(uint32_t));
		break;
	case VMT_CALL_IO_SETUP:
		task->out_address = call->args[1];
		break;
	case VMT_CALL_IO_DESTROY:
		/* the ring's first word, which names its context */
		fetch_words(task, call->args[0], 1, sizeof(uint32_t));
		break;
	case VMT_CALL_SHMAT:
		vmt_shm_fetch(tracer, task);
		break;
	case VMT_CALL_PROCESS_MADVISE:
		fetch_vectors(tracer, task);
		break;
	case VMT_CALL_MBIND:
		fetch_nodes(task);
		break;
	case VMT_CALL_MLOCK:
	case VMT_CALL_MLOCK2:
		call->pkru_known = vmt_pkru_read(task->tid, &call->pkru);
		break;
	case VMT_CALL_PKEY_ALLOC:
		if (task->space)
			task->space->has_keys = true;
		break;
	case VMT_CALL_MADVISE:
		if (call->args[2] == ADVICE_POPULATE_READ ||
		    call->args[2] == ADVICE_POPULATE_WRITE ||
		    (task->space && task->space->has_keys))
			call->pkru_known = vmt_pkru_read(task->tid, &call->pkru);
		break;
	default:
		break;
	}
}

/* What could not be read when the call began, because its pages were not there: the kernel has read it. */
static void fetch_again(struct vmt_tracer *tracer, struct vmt_task *task)
{
	task->unread = false;
	switch (task->call.call) {
	case VMT_CALL_SETRLIMIT:
	case VMT_CALL_PRLIMIT64:
	case VMT_CALL_IOCTL:
	case VMT_CALL_PRCTL:
	case VMT_CALL_PROCESS_MADVISE:
	case VMT_CALL_MBIND:
		vmt_event_fetch(tracer, task);
		break;
	default:
		break; /* it has changed since, or decided what else to look at */
	}
}

void vmt_event_leave(struct vmt_tracer *tracer, struct vmt_task *task,
		     const struct __ptrace_syscall_info *info)
{
	struct vmt_event *call = &task->call;
	size_t word_bytes = arch_word_bytes(call->arch);
	uint64_t word;

	call->result = info->exit.rval;
	call->failed = info->exit.is_error;
	if (task->unread)
		fetch_again(tracer, task);
	if (call->failed)
		return;
	/* A 32-bit address above 2 GiB is not a negative number; a 64-bit program has wider ones. */
	if (word_bytes == 4 && task->arch->word_bits == 32)
		call->result &= UINT32_MAX;
	if (!task->out_address || !read_words(task->tid, task->out_address, 1, word_bytes, &word))
		return;
	if (call->call == VMT_CALL_SHMAT) {
		call->result = (int64_t)word;
	} else {
		call->words[0] = word;
		call->words_valid = 1;
	}
}
