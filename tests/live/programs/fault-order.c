/* SPDX-License-Identifier: MIT */
/*
 * fault-order: touches 48 pages of a new mapping in an order that is no row, then unmaps them. Prints
 * the addresses in that order, one a line, from memory that was there before.
 */
#include <stdio.h>
#include <sys/mman.h>

enum {
	PAGE = 4096,
	COUNT = 48,
	STRIDE = 29 /* no divisor of 48 but 1 */
};

int main(void)
{
	static char text[COUNT * 24 + 1] = "x"; /* there before */
	int length = 0;
	char *memory = mmap(NULL, (size_t)COUNT * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return 1;
	for (int i = 0; i < COUNT; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length, "0x%lx\n",
				   (unsigned long)(memory + i * STRIDE % COUNT * PAGE));
	fputs(text, stdout);
	fflush(stdout);
	mprotect(memory, PAGE, PROT_READ | PROT_WRITE);
	for (int i = 0; i < COUNT; i++)
		*(volatile char *)(memory + i * STRIDE % COUNT * PAGE) = 1;
	munmap(memory, (size_t)COUNT * PAGE);
	return 0;
}
