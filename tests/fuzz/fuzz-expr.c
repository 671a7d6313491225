/* SPDX-License-Identifier: MIT */
/*
 * fuzz-expr: any text as a condition of --filter. It is refused with a line, or can be held against
 * steps of every kind, and is then either true or its negation is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmtrace/annotate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build for release must check as well. */
static void require(bool condition)
{
	if (!condition)
		abort();
}

static void try(const char *text, const struct vmt_expr *expr, const struct vmt_step *step)
{
	size_t length = strlen(text);
	char *negated = vmt_malloc(length + 4);
	struct vmt_expr *other;

	memcpy(negated, "!(", 2);
	memcpy(negated + 2, text, length);
	memcpy(negated + 2 + length, ")", 2);
	/* It may be too long or too deep by now. */
	if (!vmt_expr_parse(negated, &other, NULL)) {
		require(vmt_expr_match(expr, step) != vmt_expr_match(other, step));
		vmt_expr_free(other);
	}
	free(negated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmt_event event = { .kind = VMT_EVENT_CALL,
				   .call = VMT_CALL_MMAP,
				   .arch = &vmt_arch_x86_64,
				   .result = -12,
				   .failed = true };
	struct vmt_step step = { .actor = "libc",
				 .object = "/usr/lib/libc.so.6",
				 .what = "map anon (rw)",
				 .file_name = "",
				 .start = 0x1000,
				 .end = 0x3000 };
	char *text = vmt_malloc(size + 1);
	struct vmt_error error = { "" };
	struct vmt_expr *expr;

	memcpy(text, data, size);
	text[size] = '\0';
	if (!vmt_expr_parse(text, &expr, &error)) {
		try(text, expr, &step);
		step.event = &event;
		try(text, expr, &step);
		event.failed = false;
		event.call = VMT_CALL_MREMAP;
		try(text, expr, &step);
		vmt_expr_free(expr);
	} else {
		require(strncmp(error.text, "column ", 7) == 0);
	}
	free(text);
	return 0;
}
