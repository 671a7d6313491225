/* SPDX-License-Identifier: MIT */
/*
 * What programs share that make one scene: NAME is looked up in a table, and the addresses (and ids) that
 * the scene is about are printed, one "name value" a line. Ends with 77 where the machine does not
 * have what it is about.
 *
 * A range to work on comes from room(): between two pages without access, so that nothing from
 * elsewhere takes part in a merge.
 */
#ifndef SCENE_H
#define SCENE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	MIB = 1 << 20,
	NOT_HERE = 77,
};

#define READ PROT_READ
#define WRITE (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* Not with stdio, whose buffers would come to lie on the heap. */
static inline void tell(const char *name, const volatile void *address)
{
	char line[64];
	int length =
		snprintf(line, sizeof(line), "%s %#lx\n", name, (unsigned long)(uintptr_t)address);

	if (write(STDOUT_FILENO, line, (size_t)length) != length)
		exit(1);
}

static inline void need(int there)
{
	if (!there)
		exit(NOT_HERE);
}

/* @pages free pages (without access, to be mapped over) between two that stay so. */
static inline char *room(size_t pages)
{
	char *address = mmap(NULL, (pages + 2) * PAGE, PROT_NONE, ANON, -1, 0);

	if (address == MAP_FAILED)
		exit(1);
	tell("room", address + PAGE);
	return address + PAGE;
}

static inline char *map_at(char *address, size_t pages, int prot, int flags)
{
	return mmap(address, pages * PAGE, prot, ANON | MAP_FIXED | flags, -1, 0);
}

static inline char *writable(size_t pages)
{
	return map_at(room(pages), pages, WRITE, 0);
}

struct scene {
	const char *name;
	void (*run)(void);
};

static inline int scene_run(const struct scene *scenes, size_t count, const char *name)
{
	for (size_t i = 0; name && i < count; i++) {
		if (strcmp(name, scenes[i].name) == 0) {
			scenes[i].run();
			return 0;
		}
	}
	return 2;
}

#endif
