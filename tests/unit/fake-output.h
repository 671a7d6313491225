/* SPDX-License-Identifier: MIT */
/*
 * fake-output: a renderer that writes to memory, and what the tests of renderers send it. Include
 * cmocka.h first.
 *
 *	output_open_text(&output, (struct vmt_text_options){ .views = VMT_LOG_STEPS });
 *	send_space(&output, 1, "exec", 0);
 *	make_anon(&fake, 12);
 *	send(&output, &fake, "libc", "map anon (rw)");
 *	assert_string_equal(output_text(&output), "…");
 *	output_close(&output);
 */
#ifndef VMT_TEST_FAKE_OUTPUT_H
#define VMT_TEST_FAKE_OUTPUT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake-step.h"
#include "vmtrace/render.h"

#define LIBC "/usr/lib/x86_64-linux-gnu/libc.so.6"
#define LIBC_AT 0x7f1c2bc62000

enum {
	RW = VMT_PERM_READ | VMT_PERM_WRITE,
	RX = VMT_PERM_READ | VMT_PERM_EXEC,
};

struct output {
	struct vmt_renderer *renderer;
	FILE *file;
	char *text;
	size_t length;
};

static inline void output_open(struct output *output)
{
	memset(output, 0, sizeof(*output));
	output->file = open_memstream(&output->text, &output->length);
	assert_non_null(output->file);
}

static inline void output_open_text(struct output *output, struct vmt_text_options options)
{
	output_open(output);
	output->renderer = vmt_render_text_new(output->file, &options);
}

static inline void output_open_json(struct output *output)
{
	output_open(output);
	output->renderer = vmt_render_json_new(output->file);
}

/* All that was written so far. */
static inline const char *output_text(struct output *output)
{
	assert_int_equal(fflush(output->file), 0);
	return output->text;
}

static inline void output_close(struct output *output)
{
	vmt_renderer_free(output->renderer);
	fclose(output->file);
	free(output->text);
}

/* A name with escape sequences, controls, and bytes that are not UTF-8. */
#define EVIL "/tmp/\033]0;pwned\a\n\x9b\xff\xc2\x9b\x7f"
#define EVIL_SHOWN "/tmp/\\033]0;pwned\\007\\012\\233\\377\\302\\233\\177"

/* Closes the output after looking for anything that a terminal could misread. */
static inline void output_is_harmless(struct output *output)
{
	for (const char *at = output_text(output); *at; at++)
		assert_true(*at == '\n' ||
			    ((unsigned char)*at >= ' ' && (unsigned char)*at < 0x7f));
	assert_non_null(strstr(output->text, EVIL_SHOWN));
	output_close(output);
}

static inline struct vmt_space_info space_info(uint32_t number, const char *made_by,
					       uint32_t parent)
{
	return (struct vmt_space_info){
		.space = number,
		.pid = 4210 + (pid_t)number,
		.made_by = made_by,
		.parent = parent,
		.exe = "/home/u/a.out",
		.arch = "x86_64",
	};
}

static inline void send_space(struct output *output, uint32_t number, const char *made_by,
			      uint32_t parent)
{
	struct vmt_space_info info = space_info(number, made_by, parent);

	output->renderer->ops->space(output->renderer, &info);
}

/* Sends the step and frees what it owns. */
static inline void send(struct output *output, struct fake *fake, const char *actor,
			const char *what)
{
	fake->step.actor = actor;
	fake->step.what = what;
	if (!fake->step.title[0])
		fake->step.title = what;
	output->renderer->ops->step(output->renderer, &fake->step);
	fake_deinit(fake);
}

/* 8K that came, and 8K that went. */
static inline void make_anon(struct fake *fake, uint32_t number)
{
	fake_call(fake, number, VMT_CALL_MMAP, 0, 8192, 3, 0x22, UINT64_MAX, 0);
	fake_return(fake, 0x7f1c2be4f000);
	fake_range(fake, 0x7f1c2be4f000, 0x7f1c2be51000);
	fake_added(fake, 0x7f1c2be4f000, 0x7f1c2be51000, RW, "", number);
}

static inline void make_unmap(struct fake *fake, uint32_t number, uint32_t made_by)
{
	fake_call(fake, number, VMT_CALL_MUNMAP, 0x7f1c2be4f000, 8192, 0, 0, 0, 0);
	fake_range(fake, 0x7f1c2be4f000, 0x7f1c2be51000);
	fake_removed(fake, 0x7f1c2be4f000, 0x7f1c2be51000, RW, "", made_by);
}

#endif
