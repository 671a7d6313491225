/* SPDX-License-Identifier: MIT */
/*
 * control-names FILE [gone]: makes FILE and maps it until the end. Its name may hold what a
 * terminal takes for orders (escape sequences, newline, bell, bytes that are no UTF-8). With
 * "gone", the file is deleted once it is mapped, which changes its name in the layout.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd < 0 || ftruncate(fd, 4096) < 0)
		return 1;
	if (mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return 1;
	return argc > 2 ? unlink(argv[1]) != 0 : 0;
}
