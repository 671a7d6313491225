/* SPDX-License-Identifier: MIT */
/*
 * getppid: two million calls of the cheapest system call there is, none of which vmtrace wants to
 * see. What it takes longer under vmtrace is the cost of the seccomp filter. syscall(2), because a
 * C library may answer getppid() from memory.
 */
#include <sys/syscall.h>
#include <unistd.h>

enum {
	CALLS = 2000000
};

int main(void)
{
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	return 0;
}
