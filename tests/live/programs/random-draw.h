/* SPDX-License-Identifier: MIT */
/*
 * What random-calls.c draws from: numbers, places and lengths. Everything comes from one seed, one
 * draw a statement, so that every compiler makes the same calls.
 */
#ifndef RANDOM_DRAW_H
#define RANDOM_DRAW_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	ARENA_PAGES = 256,
	AROUND = 64 << 20, /* bytes from the arena on in which it may map */
	RECENT = 32,
};

/* Nothing else is near the arena, on either machine. */
#ifdef __LP64__
#define ARENA ((uintptr_t)1 << 40)
#define OUTSIDE ((uintptr_t)1 << 62) /* of user space */
#else
#define ARENA ((uintptr_t)1 << 29)
#define OUTSIDE ((uintptr_t)0 - PAGE)
#endif

static uint64_t state; /* of the draws */
static char *arena;
static struct {
	char *start;
	size_t length;
} recent[RECENT];

/* Where a call works, and how far from there it may. */
struct place {
	char *at;
	size_t room;
};

/* xorshift64* */
static uint64_t draw(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717ULL;
}

static unsigned below(unsigned limit)
{
	return (unsigned)((draw() >> 32) % limit);
}

static int one_in(unsigned n)
{
	return below(n) == 0;
}

#define one_of(array) ((array)[below(sizeof(array) / sizeof(*(array)))])

static char *arena_page(void)
{
	return arena + (size_t)below(ARENA_PAGES) * PAGE;
}

static int in_arena(const char *at)
{
	return at >= arena && at < arena + (size_t)ARENA_PAGES * PAGE;
}

/*
 * Mostly in the arena, around which nothing else lies, else in something that a call returned, and
 * then no further than that reaches.
 */
static struct place some_place(void)
{
	struct place place = { .at = arena_page(), .room = SIZE_MAX };
	unsigned i = below(RECENT);

	if (one_in(3) && recent[i].start) {
		size_t offset = (size_t)below((unsigned)(recent[i].length / PAGE)) * PAGE;

		place.at = recent[i].start + offset;
		place.room = recent[i].length - offset;
	} else if (one_in(100)) {
		place.at += below(PAGE);
	}
	return place;
}

static size_t any_length(void)
{
	unsigned pages;
	size_t length;

	if (one_in(40))
		return (size_t)(1 + below(3)) << 21;
	if (one_in(60))
		return 0;
	pages = one_in(4) ? 24 : 6;
	length = (size_t)(1 + below(pages)) * PAGE;
	if (one_in(8))
		length -= below(PAGE);
	return length;
}

static size_t length_in(struct place place)
{
	size_t length = any_length();

	return length < place.room ? length : place.room;
}

static size_t short_length(struct place place, unsigned pages)
{
	size_t length = length_in(place);

	return length < (size_t)pages * PAGE ? length : (size_t)pages * PAGE;
}

/*
 * What a call returned, for later calls. What falls out is unmapped, so that the process does not
 * grow without end.
 */
static void remember(long address, size_t length)
{
	unsigned i = below(RECENT);

	if (address == -1 || !length ||
	    ((char *)address >= arena && (char *)address < arena + AROUND))
		return;
	if (recent[i].start)
		syscall(SYS_munmap, recent[i].start, recent[i].length);
	recent[i].start = (char *)address;
	recent[i].length = (length + PAGE - 1) & ~(size_t)(PAGE - 1);
}

static int some_prot(void)
{
	static const int prots[] = { PROT_NONE,
				     PROT_READ,
				     PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_EXEC,
				     PROT_READ | PROT_WRITE | PROT_EXEC };

	return one_of(prots);
}

#endif
