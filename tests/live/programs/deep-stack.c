/* SPDX-License-Identifier: MIT */
/*
 * deep-stack: uses 3 MiB of stack, frame by frame. The stack grows in page faults, between calls
 * that map, and once more after the last of them.
 */
#include <stddef.h>
#include <sys/mman.h>

static int descend(unsigned frames)
{
	volatile char frame[16384];

	frame[0] = (char)frames;
	if (frames == 100)
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return frames ? descend(frames - 1) + frame[0] : 0;
}

int main(void)
{
	return descend(192) < 0;
}
