/* SPDX-License-Identifier: MIT */
/*
 * warnings WHAT…: does what vmtrace warns of, or what is nearly that.
 *
 *	wx, wx-later	a page that is writable and executable, at once or by mprotect()
 *	w-then-x	a page that is executable after it was writable: no warning
 *	stack		makes its stack executable
 *	shared FILE	maps it shared and writable; shared-read: only to read it
 *	memory		shared memory without a file: no warning
 *	count N		has N mappings more
 *	again FILE N	maps and unmaps its front N times; windows: another page each time
 *	leak N		makes N mappings and keeps them; loop N: unmaps each
 *
 * How it is linked makes the rest (meson.build): with text relocations, without RELRO, with an
 * executable stack.
 */
#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

#ifdef WITH_TEXT_RELOCATION
/* An address that the linker must write into the code. */
static int target;
int *text_relocation(void);

int *text_relocation(void)
{
	int *address;

	__asm__("movabs %1, %0" : "=r"(address) : "i"(&target));
	return address;
}
#endif

static void *map(size_t length, int prot, int flags, int fd, off_t offset)
{
	void *memory = mmap(NULL, length, prot, flags, fd, offset);

	if (memory == MAP_FAILED)
		err(1, "mmap");
	return memory;
}

static void *anonymous(size_t length, int prot)
{
	return map(length, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void protect(void *memory, int prot)
{
	if (mprotect(memory, PAGE, prot))
		err(1, "mprotect");
}

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void stack(void)
{
	char here;

	protect((void *)((unsigned long)&here & -(unsigned long)PAGE),
		PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* Apart from each other: neighbours of other rights do not merge. */
static void count(int number)
{
	for (int i = 0; i < number; i++)
		anonymous(PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE);
}

static void again(const char *path, int number, int step)
{
	int fd = open_file(path, O_RDONLY);

	for (int i = 0; i < number; i++)
		munmap(map(PAGE, PROT_READ, MAP_PRIVATE, fd, (off_t)i * step), PAGE);
	close(fd);
}

static void many(int number, int keep)
{
	for (int i = 0; i < number; i++) {
		void *memory = anonymous((size_t)16 * PAGE, PROT_READ | PROT_WRITE);

		if (!keep)
			munmap(memory, (size_t)16 * PAGE);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *path = argc > 2 ? argv[2] : "";
	int number = atoi(argv[argc - 1]);
	void *memory;

	if (strcmp(what, "wx") == 0) {
		anonymous(PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	} else if (strcmp(what, "wx-later") == 0 || strcmp(what, "w-then-x") == 0) {
		memory = anonymous(PAGE, PROT_READ | PROT_WRITE);
		protect(memory, what[1] == 'x' ? PROT_READ | PROT_WRITE | PROT_EXEC
					       : PROT_READ | PROT_EXEC);
	} else if (strcmp(what, "stack") == 0) {
		stack();
	} else if (strcmp(what, "shared") == 0) {
		map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, open_file(path, O_RDWR), 0);
	} else if (strcmp(what, "shared-read") == 0) {
		map(PAGE, PROT_READ, MAP_SHARED, open_file(path, O_RDWR), 0);
	} else if (strcmp(what, "memory") == 0) {
		map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd_create("shared", 0), 0);
	} else if (strcmp(what, "count") == 0) {
		count(number);
	} else if (strcmp(what, "again") == 0) {
		again(path, number, 0);
	} else if (strcmp(what, "windows") == 0) {
		again(path, number, PAGE);
	} else if (strcmp(what, "leak") == 0 || strcmp(what, "loop") == 0) {
		many(number, what[1] == 'e');
	} else if (what[0]) {
		errx(1, "%s: nothing of that name", what);
	}
	return 0;
}
