/* SPDX-License-Identifier: MIT */
/*
 * deep-stack: uses 3 MiB of stack, frame by frame. The stack grows in page faults, between calls
 * that map, and once more after the last of them.
 */
#include <stddef.h>
#include <sys/mman.h>

/* Each frame holds on to the one above, or a compiler could make a loop of it. */
static int descend(unsigned frames, const volatile char *above)
{
	volatile char frame[16384];

	frame[0] = (char)frames;
	if (frames == 100)
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return frames ? descend(frames - 1, frame) + above[0] : frame[0];
}

int main(void)
{
	volatile char top = 1;

	return descend(192, &top) < 0;
}
