/* SPDX-License-Identifier: MIT */
/*
 * calls: what each mapping call is named and what its arguments mean, once for all architectures.
 *
 * Invariant: the rows stand in the order of enum vmt_call_id, and every call has one. Arguments
 * are named as the manual pages do, except that a range of addresses is "addr" and "length"
 * wherever the call takes a start and a number of bytes, so that scripts find it. The names are
 * part of the JSON format and do not change.
 */
#include <assert.h>

#include "vmtrace/arch.h"
#include "vmtrace/base.h"

static const struct vmt_call_info infos[VMT_CALL_COUNT] = {
	[VMT_CALL_NONE] = {
		.name = "none",
	},
	[VMT_CALL_MMAP] = {
		.name = "mmap",
		.layout = true,
		.arg_count = 6,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
			{ "prot", VMT_ARG_PROT },
			{ "flags", VMT_ARG_MAP_FLAGS },
			{ "fd", VMT_ARG_FD },
			{ "offset", VMT_ARG_OFFSET },
		},
	},
	[VMT_CALL_MMAP2] = {
		.name = "mmap2",
		.layout = true,
		.arg_count = 6,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
			{ "prot", VMT_ARG_PROT },
			{ "flags", VMT_ARG_MAP_FLAGS },
			{ "fd", VMT_ARG_FD },
			{ "pgoffset", VMT_ARG_PAGE_OFFSET },
		},
	},
	[VMT_CALL_OLD_MMAP] = {
		.name = "old_mmap",
		.layout = true,
		.arg_count = 6,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
			{ "prot", VMT_ARG_PROT },
			{ "flags", VMT_ARG_MAP_FLAGS },
			{ "fd", VMT_ARG_FD },
			{ "offset", VMT_ARG_OFFSET },
		},
	},
	[VMT_CALL_MUNMAP] = {
		.name = "munmap",
		.layout = true,
		.arg_count = 2,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
		},
	},
	[VMT_CALL_MPROTECT] = {
		.name = "mprotect",
		.layout = true,
		.arg_count = 3,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
			{ "prot", VMT_ARG_PROT },
		},
	},
	[VMT_CALL_PKEY_MPROTECT] = {
		.name = "pkey_mprotect",
		.layout = true,
		.arg_count = 4,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
			{ "prot", VMT_ARG_PROT },
			{ "pkey", VMT_ARG_INT },
		},
	},
	[VMT_CALL_PKEY_ALLOC] = {
		.name = "pkey_alloc",
		.layout = false,
		.arg_count = 2,
		.args = {
			{ "flags", VMT_ARG_HEX },
			{ "access_rights", VMT_ARG_PKEY_RIGHTS },
		},
	},
	[VMT_CALL_PKEY_FREE] = {
		.name = "pkey_free",
		.layout = false,
		.arg_count = 1,
		.args = {
			{ "pkey", VMT_ARG_INT },
		},
	},
	[VMT_CALL_BRK] = {
		.name = "brk",
		.layout = true,
		.arg_count = 1,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_MREMAP] = {
		.name = "mremap",
		.layout = true,
		.arg_count = 5,
		.args = {
			{ "old_addr", VMT_ARG_ADDRESS },
			{ "old_size", VMT_ARG_SIZE },
			{ "new_size", VMT_ARG_SIZE },
			{ "flags", VMT_ARG_MREMAP_FLAGS },
			{ "new_addr", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_MADVISE] = {
		.name = "madvise",
		.layout = true,
		.arg_count = 3,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
			{ "advice", VMT_ARG_ADVICE },
		},
	},
	[VMT_CALL_PROCESS_MADVISE] = {
		.name = "process_madvise",
		.layout = false,
		.arg_count = 5,
		.args = {
			{ "pidfd", VMT_ARG_FD },
			{ "iovec", VMT_ARG_ADDRESS },
			{ "n", VMT_ARG_INT },
			{ "advice", VMT_ARG_ADVICE },
			{ "flags", VMT_ARG_HEX },
		},
	},
	[VMT_CALL_MLOCK] = {
		.name = "mlock",
		.layout = true,
		.arg_count = 2,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
		},
	},
	[VMT_CALL_MLOCK2] = {
		.name = "mlock2",
		.layout = true,
		.arg_count = 3,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
			{ "flags", VMT_ARG_MLOCK_FLAGS },
		},
	},
	[VMT_CALL_MUNLOCK] = {
		.name = "munlock",
		.layout = true,
		.arg_count = 2,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
		},
	},
	[VMT_CALL_MLOCKALL] = {
		.name = "mlockall",
		.layout = true,
		.arg_count = 1,
		.args = {
			{ "flags", VMT_ARG_MLOCKALL_FLAGS },
		},
	},
	[VMT_CALL_MUNLOCKALL] = {
		.name = "munlockall",
		.layout = true,
		.arg_count = 0,
	},
	[VMT_CALL_MSEAL] = {
		.name = "mseal",
		.layout = true,
		.arg_count = 3,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
			{ "flags", VMT_ARG_HEX },
		},
	},
	[VMT_CALL_MBIND] = {
		.name = "mbind",
		.layout = true,
		.arg_count = 6,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
			{ "mode", VMT_ARG_MPOL_MODE },
			{ "nodemask", VMT_ARG_ADDRESS },
			{ "maxnode", VMT_ARG_INT },
			{ "flags", VMT_ARG_MPOL_FLAGS },
		},
	},
	[VMT_CALL_SET_MEMPOLICY_HOME_NODE] = {
		.name = "set_mempolicy_home_node",
		.layout = true,
		.arg_count = 4,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "length", VMT_ARG_SIZE },
			{ "home_node", VMT_ARG_INT },
			{ "flags", VMT_ARG_HEX },
		},
	},
	[VMT_CALL_REMAP_FILE_PAGES] = {
		.name = "remap_file_pages",
		.layout = true,
		.arg_count = 5,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "size", VMT_ARG_SIZE },
			{ "prot", VMT_ARG_PROT },
			{ "pgoff", VMT_ARG_PAGE_OFFSET },
			{ "flags", VMT_ARG_MAP_FLAGS },
		},
	},
	[VMT_CALL_SHMAT] = {
		.name = "shmat",
		.layout = true,
		.arg_count = 3,
		.args = {
			{ "shmid", VMT_ARG_INT },
			{ "shmaddr", VMT_ARG_ADDRESS },
			{ "shmflg", VMT_ARG_SHM_FLAGS },
		},
	},
	[VMT_CALL_SHMDT] = {
		.name = "shmdt",
		.layout = true,
		.arg_count = 1,
		.args = {
			{ "shmaddr", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_IPC] = {
		.name = "ipc",
		.layout = true,
		.arg_count = 6,
		.args = {
			{ "call", VMT_ARG_INT },
			{ "first", VMT_ARG_INT },
			{ "second", VMT_ARG_HEX },
			{ "third", VMT_ARG_HEX },
			{ "ptr", VMT_ARG_ADDRESS },
			{ "fifth", VMT_ARG_HEX },
		},
	},
	[VMT_CALL_IO_SETUP] = {
		.name = "io_setup",
		.layout = true,
		.arg_count = 2,
		.args = {
			{ "nr_events", VMT_ARG_INT },
			{ "ctx_idp", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_IO_DESTROY] = {
		.name = "io_destroy",
		.layout = true,
		.arg_count = 1,
		.args = {
			{ "ctx_id", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_IOCTL] = {
		.name = "ioctl",
		.layout = true,
		.arg_count = 3,
		.args = {
			{ "fd", VMT_ARG_FD },
			{ "request", VMT_ARG_IOCTL_REQUEST },
			{ "argp", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_PRCTL] = {
		.name = "prctl",
		.layout = true,
		.arg_count = 5,
		.args = {
			{ "option", VMT_ARG_PRCTL_OP },
			{ "arg2", VMT_ARG_HEX },
			{ "arg3", VMT_ARG_HEX },
			{ "arg4", VMT_ARG_HEX },
			{ "arg5", VMT_ARG_HEX },
		},
	},
	[VMT_CALL_ARCH_PRCTL] = {
		.name = "arch_prctl",
		.layout = true,
		.arg_count = 2,
		.args = {
			{ "option", VMT_ARG_ARCH_PRCTL_OP },
			{ "addr", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_MAP_SHADOW_STACK] = {
		.name = "map_shadow_stack",
		.layout = true,
		.arg_count = 3,
		.args = {
			{ "addr", VMT_ARG_ADDRESS },
			{ "size", VMT_ARG_SIZE },
			{ "flags", VMT_ARG_HEX },
		},
	},
	[VMT_CALL_PERSONALITY] = {
		.name = "personality",
		.layout = false,
		.arg_count = 1,
		.args = {
			{ "persona", VMT_ARG_PERSONA },
		},
	},
	[VMT_CALL_SETRLIMIT] = {
		.name = "setrlimit",
		.layout = false,
		.arg_count = 2,
		.args = {
			{ "resource", VMT_ARG_RESOURCE },
			{ "rlim", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_PRLIMIT64] = {
		.name = "prlimit64",
		.layout = false,
		.arg_count = 4,
		.args = {
			{ "pid", VMT_ARG_INT },
			{ "resource", VMT_ARG_RESOURCE },
			{ "new_rlim", VMT_ARG_ADDRESS },
			{ "old_rlim", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_SET_THREAD_AREA] = {
		.name = "set_thread_area",
		.layout = false,
		.arg_count = 1,
		.args = {
			{ "u_info", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_SET_TID_ADDRESS] = {
		.name = "set_tid_address",
		.layout = false,
		.arg_count = 1,
		.args = {
			{ "tidptr", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_SET_ROBUST_LIST] = {
		.name = "set_robust_list",
		.layout = false,
		.arg_count = 2,
		.args = {
			{ "head", VMT_ARG_ADDRESS },
			{ "size", VMT_ARG_SIZE },
		},
	},
	[VMT_CALL_RSEQ] = {
		.name = "rseq",
		.layout = false,
		.arg_count = 4,
		.args = {
			{ "rseq", VMT_ARG_ADDRESS },
			{ "rseq_len", VMT_ARG_SIZE },
			{ "flags", VMT_ARG_HEX },
			{ "sig", VMT_ARG_HEX },
		},
	},
	[VMT_CALL_EXECVE] = {
		.name = "execve",
		.layout = true,
		.arg_count = 3,
		.args = {
			{ "pathname", VMT_ARG_PATH_ADDRESS },
			{ "argv", VMT_ARG_ADDRESS },
			{ "envp", VMT_ARG_ADDRESS },
		},
	},
	[VMT_CALL_EXECVEAT] = {
		.name = "execveat",
		.layout = true,
		.arg_count = 5,
		.args = {
			{ "dirfd", VMT_ARG_FD },
			{ "pathname", VMT_ARG_PATH_ADDRESS },
			{ "argv", VMT_ARG_ADDRESS },
			{ "envp", VMT_ARG_ADDRESS },
			{ "flags", VMT_ARG_HEX },
		},
	},
};

const struct vmt_call_info *vmt_call_info(enum vmt_call_id call)
{
	assert((unsigned)call < VMT_CALL_COUNT);
	return &infos[call];
}
