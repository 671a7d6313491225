/* SPDX-License-Identifier: MIT */
/*
 * memory: allocation that cannot fail, so that nobody has to write a path that is never tested.
 *
 * Invariant: none of these returns NULL, also not for a size of zero. Out of memory, or a size
 * that does not fit a size_t, ends the process here: one line, exit status 125. That is the one
 * exception to the rule that only main.c exits.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmtrace/base.h"

enum {
	EXIT_VMTRACE_FAILED = 125
};

void vmt_die_oom(void)
{
	static const char line[] = "vmtrace: out of memory\n";
	/* write() and _exit(): stdio and exit handlers may want memory themselves. */
	ssize_t written = write(STDERR_FILENO, line, sizeof(line) - 1);

	(void)written;
	_exit(EXIT_VMTRACE_FAILED);
}

static void *or_die(void *memory)
{
	if (!memory)
		vmt_die_oom();
	return memory;
}

void *vmt_malloc(size_t size_bytes)
{
	return or_die(malloc(size_bytes ? size_bytes : 1));
}

/* The size of an array, at least 1. */
static size_t array_bytes(size_t count, size_t size_bytes)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size_bytes, &bytes))
		vmt_die_oom();
	return bytes ? bytes : 1;
}

void *vmt_calloc(size_t count, size_t size_bytes)
{
	return or_die(calloc(array_bytes(count, size_bytes), 1));
}

void *vmt_realloc(void *memory, size_t count, size_t size_bytes)
{
	return or_die(realloc(memory, array_bytes(count, size_bytes)));
}

char *vmt_strdup(const char *text)
{
	return or_die(strdup(text));
}
