/* SPDX-License-Identifier: MIT */
/*
 * fork: address spaces that come from others. A child of untouched and one of touched memory, each
 * growing what it inherited; a child without a range that was kept from it; and a vfork that
 * executes another program (this one, which then ends at once).
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096
};

static char *base;

static void grow(void)
{
	base -= PAGE;
	mmap(base, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	sbrk(4 * PAGE);
}

static int child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		grow();
		_exit(0);
	}
	return waitpid(pid, NULL, 0) == pid;
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc > 1)
		return 0;
	base = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	base += 8 * PAGE;
	grow();
	if (!child())
		return 1;
	memset(base, 1, PAGE);
	memset(sbrk(PAGE), 1, PAGE);
	madvise(base + 2 * PAGE, PAGE, MADV_DONTFORK);
	if (!child())
		return 1;
	grow();
	pid = vfork();
	if (pid == 0) {
		execl("/proc/self/exe", argv[0], "end", (char *)NULL);
		_exit(1);
	}
	return waitpid(pid, NULL, 0) != pid;
}
