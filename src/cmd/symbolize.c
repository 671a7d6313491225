/* SPDX-License-Identifier: MIT */
/*
 * Names for the frames of stacks (symbolize.h). A frame is resolved once, when it is first seen; each
 * file is read once, whichever processes map it and wherever, and known by device, inode and name.
 *
 * Static functions of a stripped file are named in its file of debugging symbols, which is looked for
 * where gdb looks: by build-id and by the name in .gnu_debuglink, in the target's file system and
 * then in ours. It is used only if it is of the very same build.
 *
 * A call returns behind the call instruction, which can be the function's last: the byte before is
 * looked up then.
 */
#include "symbolize.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmtrace/base.h"
#include "vmtrace/elf.h"
#include "vmtrace/trace.h"

static const char debug_root[] = "/usr/lib/debug";

enum {
	VDSO_BYTES_MAX = 64 * 1024,
};

/* A file, or the vdso. */
struct object {
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	uint64_t start; /* without a file, memory at one place is one object */
	const char *name; /* of the tracer's pool: the same pointer is the same name */
	struct vmt_symbols *symbols; /* NULL: it has none that could be read */
};

struct vmt_symbolizer {
	VMT_ARRAY(struct object) objects;
};

struct vmt_symbolizer *vmt_symbolizer_new(void)
{
	return vmt_calloc(1, sizeof(struct vmt_symbolizer));
}

void vmt_symbolizer_free(struct vmt_symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	for (size_t i = 0; i < symbolizer->objects.count; i++)
		vmt_symbols_free(symbolizer->objects.data[i].symbols);
	vmt_array_deinit(&symbolizer->objects);
	free(symbolizer);
}

/* ---- Files of debugging symbols ---------------------------------------------------------- */

/* Takes the symbols of the file @path if it is the right one. */
static bool try_debug(struct vmt_symbols *symbols, pid_t pid, const char *path)
{
	int fds[2] = {
		vmt_proc_open(pid, path),
		vmt_proc_open(getpid(), path),
	};
	bool added = false;

	for (size_t i = 0; i < vmt_countof(fds); i++) {
		if (fds[i] < 0)
			continue;
		added = added || vmt_symbols_add_debug(symbols, fds[i]);
		close(fds[i]);
	}
	return added;
}

static void add_debug(struct vmt_symbols *symbols, pid_t pid, const char *name)
{
	const char *id = vmt_symbols_build_id(symbols);
	const char *link = vmt_symbols_debug_link(symbols);
	const char *slash = strrchr(name, '/');
	int directory = slash ? (int)(slash - name) : 0;
	char path[PATH_MAX];

	if (id[0]) {
		snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug", debug_root, id, id + 2);
		if (try_debug(symbols, pid, path))
			return;
	}
	if (!link[0] || !slash)
		return;
	if (snprintf(path, sizeof(path), "%.*s/.debug/%s", directory, name, link) <
		    (int)sizeof(path) &&
	    try_debug(symbols, pid, path))
		return;
	if (snprintf(path, sizeof(path), "%s%.*s/%s", debug_root, directory, name, link) <
	    (int)sizeof(path))
		try_debug(symbols, pid, path);
}

/* ---- Objects ----------------------------------------------------------------------------- */

static struct vmt_symbols *read_vdso(pid_t pid, const struct vmt_mapping *code)
{
	struct vmt_symbols *symbols = NULL;
	uint64_t length = code->end - code->start;
	void *image;
	long got;

	if (strcmp(code->name, "[vdso]") != 0 || length > VDSO_BYTES_MAX)
		return NULL;
	image = vmt_malloc(length);
	got = vmt_proc_read(pid, code->start, image, length);
	if (got > 0 && vmt_symbols_read_image(image, (size_t)got, &symbols, NULL) < 0)
		symbols = NULL;
	free(image);
	return symbols;
}

static struct vmt_symbols *read_symbols(pid_t pid, const struct vmt_mapping *code)
{
	struct vmt_symbols *symbols = NULL;
	int fd;

	if (!code->inode)
		return read_vdso(pid, code);
	fd = vmt_proc_open_mapped(pid, code);
	if (fd < 0)
		return NULL;
	if (vmt_symbols_read(fd, &symbols, NULL) < 0)
		symbols = NULL;
	close(fd);
	if (symbols && !vmt_symbols_whole(symbols))
		add_debug(symbols, pid, code->name);
	return symbols;
}

static const struct vmt_symbols *symbols_of(struct vmt_symbolizer *symbolizer, pid_t pid,
					    const struct vmt_mapping *code)
{
	struct object object = {
		.dev_major = code->dev_major,
		.dev_minor = code->dev_minor,
		.inode = code->inode,
		.start = code->inode ? 0 : code->start,
		.name = code->name,
	};

	for (size_t i = symbolizer->objects.count; i-- > 0;) {
		const struct object *known = &symbolizer->objects.data[i];

		if (known->inode == object.inode && known->name == object.name &&
		    known->dev_major == object.dev_major && known->dev_minor == object.dev_minor &&
		    known->start == object.start)
			return known->symbols;
	}
	object.symbols = read_symbols(pid, code);
	vmt_array_push(&symbolizer->objects, object);
	return object.symbols;
}

/* ---- Frames ------------------------------------------------------------------------------ */

static void resolve(struct vmt_symbolizer *symbolizer, pid_t pid, struct vmt_frame *frame)
{
	const struct vmt_symbols *symbols;
	struct vmt_symbol symbol;
	uint64_t before = frame->exact ? 0 : 1;

	frame->resolved = true;
	/* Anonymous memory has no symbols, and there may be a lot of it (JIT code). */
	if (!frame->code || !frame->code->name[0])
		return;
	symbols = symbols_of(symbolizer, pid, frame->code);
	if (!symbols ||
	    !vmt_symbols_find(symbols,
			      frame->ip - before - frame->code->start + frame->code->offset,
			      &symbol))
		return;
	frame->symbol = symbol.name;
	frame->symbol_offset = symbol.offset + before;
}

void vmt_symbolize(struct vmt_symbolizer *symbolizer, pid_t pid, struct vmt_frame *stack)
{
	/* The callers of a frame that is resolved were so before. */
	for (struct vmt_frame *frame = stack; frame && !frame->resolved; frame = frame->caller)
		resolve(symbolizer, pid, frame);
}
