/* SPDX-License-Identifier: MIT */
/*
 * execs WAY: programs that are executed in other ways than the usual one. Says what came of it.
 *
 *	thread		a thread that is not the first one executes, while others map
 *	refused		fails before the point of no return: ENOENT, EACCES, ENOEXEC, E2BIG, ELIBBAD
 *	unmappable	a segment at an address that the kernel's own, or nobody's, are: fails when
 *			the old program is gone already, and kills
 *	truncated	a file that ends before its segments do
 *	chain COUNT	executes itself so many times
 *
 * Files are written to the current directory.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	THREADS = 4
};

static void map(void)
{
	char *memory =
		mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	memory[0] = 1;
	mprotect(memory + PAGE, PAGE, PROT_READ);
	munmap(memory + 2 * PAGE, PAGE);
}

/* ---- By a thread -------------------------------------------------------------------------- */

static char *self;

static void *map_for_ever(void *unused)
{
	for (;;)
		munmap(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE);
	return unused;
}

static void *execute(void *unused)
{
	printf("a thread executes\n");
	fflush(stdout);
	execl("/proc/self/exe", self, "end", (char *)NULL);
	abort();
	return unused;
}

static void by_thread(void)
{
	pthread_t thread;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, i + 1 < THREADS ? map_for_ever : execute, NULL);
	map_for_ever(NULL);
}

/* ---- Files that cannot be executed -------------------------------------------------------- */

static void write_file(const char *name, const void *data, size_t length, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	if (fd < 0 || write(fd, data, length) != (ssize_t)length || fchmod(fd, mode) < 0)
		abort();
	close(fd);
}

static void try(const char *name, const char *argument)
{
	execl(name, name, argument, (char *)NULL);
	printf("%s: %s\n", name, strerror(errno));
	fflush(stdout);
	map();
}

/* A small program at a fixed address, of one segment. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	char text[PAGE - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr)];
};

static struct image make_image(uint64_t address)
{
	/* exit(0): mov $60,%eax; xor %edi,%edi; syscall */
	static const unsigned char code[] = { 0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05 };
	struct image image = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				     EV_CURRENT },
			.e_type = ET_EXEC,
			.e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_entry = address + offsetof(struct image, text),
			.e_phoff = offsetof(struct image, segments),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr),
			.e_phnum = 2,
		},
		.segments[0] = {
			.p_type = PT_LOAD,
			.p_flags = PF_R | PF_X,
			.p_vaddr = address,
			.p_filesz = sizeof(struct image),
			.p_memsz = sizeof(struct image),
			.p_align = PAGE,
		},
		.segments[1] = { .p_type = PT_NULL },
	};

	memcpy(image.text, code, sizeof(code));
	return image;
}

static void refused(void)
{
	static char long_argument[256 * 1024];
	struct image image = make_image(0x400000);

	memset(long_argument, 'x', sizeof(long_argument) - 1);
	write_file("mode", "#!/bin/sh\n", 10, 0600);
	write_file("text", "no program\n", 11, 0700);
	write_file("script", "#!/no/such\n", 11, 0700);
	write_file("header", &image, sizeof(image.header), 0700);
	image.segments[1] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_filesz = PAGE, .p_offset = 1 };
	write_file("interpreter", &image, sizeof(image), 0700);
	try("./none", NULL);
	try(".", NULL);
	if (geteuid() != 0)
		try("./mode", NULL);
	try("./text", NULL);
	try("./script", NULL);
	try("./header", NULL);
	try("./interpreter", NULL);
	try("/bin/true", long_argument);
}

/* How a child ends that executes the image. */
static void run(const char *what, const void *image, size_t length)
{
	int status = 0;
	pid_t child;

	write_file("image", image, length, 0700);
	child = fork();
	if (child == 0) {
		map();
		try("./image", NULL);
		_exit(1);
	}
	if (waitpid(child, &status, 0) != child)
		abort();
	if (WIFSIGNALED(status))
		printf("%s: killed by signal %d\n", what, WTERMSIG(status));
	else
		printf("%s: ended with %d\n", what, WEXITSTATUS(status));
	fflush(stdout);
}

static void unmappable(void)
{
	struct image image = make_image(0x400000);

	run("a good one", &image, sizeof(image));
	image = make_image(0xffff800000000000);
	run("the kernel's address", &image, sizeof(image));
	image = make_image(0);
	run("address 0", &image, sizeof(image));
	image = make_image(0x7ffffffff000);
	run("the last page", &image, sizeof(image));
	image = make_image(0x400000);
	image.segments[1] = image.segments[0];
	image.segments[1].p_vaddr = 0x8000000000000000;
	run("the second segment", &image, sizeof(image));
}

static void truncated(void)
{
	struct image image = make_image(0x400000);

	image.segments[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
					  .p_flags = PF_R | PF_W,
					  .p_offset = 4 * PAGE + 0x100,
					  .p_vaddr = 0x500100,
					  .p_filesz = 0x200,
					  .p_memsz = 0x200,
					  .p_align = PAGE };
	run("a segment behind the end", &image, sizeof(image));
	image.segments[1].p_memsz = 2 * PAGE;
	run("one with .bss", &image, sizeof(image));
	image = make_image(0x400000);
	image.segments[0].p_offset = PAGE;
	run("the code", &image, sizeof(image));
}

static void chain(int count)
{
	char number[16];

	map();
	if (count == 0) {
		puts("the last one");
		return;
	}
	snprintf(number, sizeof(number), "%d", count - 1);
	execl("/proc/self/exe", self, "chain", number, (char *)NULL);
	abort();
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	self = argv[0];
	if (strcmp(way, "thread") == 0)
		by_thread();
	else if (strcmp(way, "end") == 0)
		puts("the new program");
	else if (strcmp(way, "refused") == 0)
		refused();
	else if (strcmp(way, "unmappable") == 0)
		unmappable();
	else if (strcmp(way, "truncated") == 0)
		truncated();
	else if (strcmp(way, "chain") == 0)
		chain(argc > 2 ? atoi(argv[2]) : 0);
	else
		return 2;
	return 0;
}
