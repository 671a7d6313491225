/* SPDX-License-Identifier: MIT */
/*
 * hello: the smallest program that prints. Built in every flavour, it shows what execve and the
 * dynamic linker map for each kind of executable, and the buffer that stdio takes from the heap.
 */
#include <stdio.h>

int main(void)
{
	puts("hello, world");
	return 0;
}
