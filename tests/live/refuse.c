/* SPDX-License-Identifier: MIT */
/*
 * refuse WHAT PROGRAM [ARG...]: runs the program in a sandbox or on a kernel that lacks something:
 *
 *	perf	perf_event_open fails with EPERM
 *	scan	PAGEMAP_SCAN fails with ENOTTY, as before Linux 6.7
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct words {
	unsigned long long word[12]; /* struct pm_scan_arg */
};

int main(int argc, char **argv)
{
	struct sock_filter perf[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_filter scan[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)_IOWR('f', 16, struct words), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	int scans = argc > 2 && strcmp(argv[1], "scan") == 0;
	struct sock_fprog program = {
		.len = scans ? sizeof(scan) / sizeof(*scan) : sizeof(perf) / sizeof(*perf),
		.filter = scans ? scan : perf,
	};

	if (argc < 3 || (!scans && strcmp(argv[1], "perf") != 0))
		return 2;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		perror("refuse");
		return 1;
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 1;
}
