/* SPDX-License-Identifier: MIT */
/*
 * Who made a step. The instruction pointer of a call lies in a VMA, and the name of that VMA tells
 * whose code asked: the dynamic linker, the C library, the program itself, or a library with a
 * name of its own. Nothing else is known, so a wrapper in the program that calls mmap() through
 * libc counts as libc.
 *
 * The linker is looked for before the program: a program that was started through ld.so by hand
 * has ld.so as its executable, and its calls are still the linker's. musl keeps linker and libc in
 * one file, which therefore is "linker" throughout.
 */
#include "vmtrace/annotate.h"

#include <string.h>

static const char deleted_suffix[] = " (deleted)";

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

const char *vmt_base_name(const char *path)
{
	const char *slash;

	if (path[0] == '[')
		return path;
	/* The name of a memory file is free text and may hold slashes. */
	if (starts_with(path, "/memfd:"))
		return path + 1;
	slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

static bool is_linker_name(const char *base)
{
	static const char *const prefixes[] = { "ld-linux", "ld-musl", "ld.so", "ld64.so" };

	for (size_t i = 0; i < vmt_countof(prefixes); i++) {
		if (starts_with(base, prefixes[i]))
			return true;
	}
	/* glibc before 2.34 installs the linker as "ld-2.31.so". */
	return starts_with(base, "ld-2.");
}

static bool is_libc_name(const char *base)
{
	return starts_with(base, "libc.so") || starts_with(base, "libc-2.");
}

/* "libpython3.11" of "libpython3.11.so.1.0": what stands before ".so" and its version. */
static const char *library_name(const char *base, struct vmt_names *names)
{
	size_t length = strlen(base);

	for (const char *so = strstr(base, ".so"); so; so = strstr(so + 1, ".so")) {
		if (so != base && (so[3] == '\0' || so[3] == '.' || so[3] == ' '))
			return vmt_names_add_bytes(names, base, (size_t)(so - base));
	}
	if (length > strlen(deleted_suffix) &&
	    strcmp(base + length - strlen(deleted_suffix), deleted_suffix) == 0)
		length -= strlen(deleted_suffix);
	return vmt_names_add_bytes(names, base, length);
}

/* "vdso" of "[vdso]"; code in the heap, on a stack or in named anonymous memory is just that. */
static const char *bracket_name(const char *object, struct vmt_names *names)
{
	size_t length = strlen(object);

	if (starts_with(object, "[anon") || starts_with(object, "[heap") ||
	    starts_with(object, "[stack"))
		return "anon";
	if (length < 3 || object[length - 1] != ']')
		return "anon";
	return vmt_names_add_bytes(names, object + 1, length - 2);
}

static const char *actor_name(const char *object, const char *exe, const char *interp,
			      struct vmt_names *names)
{
	const char *base = vmt_base_name(object);

	if (object[0] == '\0')
		return "anon";
	if (object[0] == '[')
		return bracket_name(object, names);
	if (strcmp(object, interp) == 0 || is_linker_name(base))
		return "linker";
	if (strcmp(object, exe) == 0)
		return "program";
	if (is_libc_name(base))
		return "libc";
	return library_name(base, names);
}

struct vmt_actor vmt_actor_of(const char *object, const char *exe, const char *interp,
			      struct vmt_names *names)
{
	return (struct vmt_actor){
		.name = actor_name(object, exe, interp, names),
		.object = vmt_names_add(names, object),
	};
}

struct vmt_actor vmt_actor_kernel(void)
{
	return (struct vmt_actor){ .name = "kernel", .object = "" };
}
