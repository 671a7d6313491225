/* SPDX-License-Identifier: MIT */
/*
 * launch PROGRAM [ARG...]: says on descriptor 3 how the program ended, as its parent sees it:
 * "exit N" or "signal N". A shell's $? cannot tell death by signal 9 from exit status 137.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	pid_t pid = argc > 1 ? fork() : -1;
	int status;

	if (pid == 0) {
		close(3);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	if (WIFSIGNALED(status))
		dprintf(3, "signal %d\n", WTERMSIG(status));
	else
		dprintf(3, "exit %d\n", WEXITSTATUS(status));
	return 0;
}
