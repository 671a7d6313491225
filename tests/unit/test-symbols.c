/* SPDX-License-Identifier: MIT */
/*
 * The functions of an ELF file: this program's own, whose addresses the linker knows better than any
 * table made by hand; the vdso as an image in memory; and both with bytes changed.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmtrace/elf.h"

int known_function(int n);
int __alias_of_known_function(int n) __attribute__((alias("known_function")));

__attribute__((noinline)) int known_function(int n)
{
	volatile int result = n;

	for (int i = 0; i < 10; i++)
		result *= 3;
	return result;
}

static __attribute__((noinline, used)) int local_function(int n)
{
	volatile int result = n;

	for (int i = 0; i < 10; i++)
		result *= 5;
	return result;
}

static struct vmt_symbols *own_symbols(void)
{
	struct vmt_symbols *symbols = NULL;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(vmt_symbols_read(fd, &symbols, NULL), 0);
	close(fd);
	return symbols;
}

static uint64_t own_bias(void)
{
	const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);

	for (size_t i = 0; i < getauxval(AT_PHNUM); i++)
		if (headers[i].p_type == PT_PHDR)
			return (uint64_t)(uintptr_t)headers - headers[i].p_vaddr;
	return 0;
}

/* Where the byte at @address of this program is in its file. */
static uint64_t offset_of(const void *address)
{
	uint64_t wanted = (uint64_t)(uintptr_t)address;
	const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
	size_t count = getauxval(AT_PHNUM);
	uint64_t bias = own_bias();

	for (size_t i = 0; i < count; i++) {
		uint64_t start = bias + headers[i].p_vaddr;

		if (headers[i].p_type == PT_LOAD && wanted >= start &&
		    wanted < start + headers[i].p_filesz)
			return wanted - start + headers[i].p_offset;
	}
	fail();
	return 0;
}

static void test_known(void **state)
{
	struct vmt_symbols *symbols = own_symbols();
	uint64_t start = offset_of((const void *)(uintptr_t)known_function);
	struct vmt_symbol symbol = { NULL, 0 };

	(void)state;
	assert_true(vmt_symbols_find(symbols, start, &symbol));
	assert_string_equal(symbol.name, "known_function");
	assert_int_equal(symbol.offset, 0);
	assert_true(vmt_symbols_find(symbols, start + 7, &symbol));
	assert_string_equal(symbol.name, "known_function");
	assert_int_equal(symbol.offset, 7);
	vmt_symbols_free(symbols);
}

static void test_local(void **state)
{
	struct vmt_symbols *symbols = own_symbols();
	struct vmt_symbol symbol = { NULL, 0 };

	(void)state;
	assert_true(vmt_symbols_whole(symbols));
	assert_true(vmt_symbols_find(
		symbols, offset_of((const void *)(uintptr_t)local_function) + 3, &symbol));
	assert_string_equal(symbol.name, "local_function");
	assert_int_equal(symbol.offset, 3);
	vmt_symbols_free(symbols);
}

static void test_nothing_there(void **state)
{
	struct vmt_symbols *symbols = own_symbols();
	struct vmt_symbol symbol = { "untouched", 42 };

	(void)state;
	/* the ELF header, and far behind the file */
	assert_false(vmt_symbols_find(symbols, 0, &symbol));
	assert_false(vmt_symbols_find(symbols, UINT64_MAX, &symbol));
	assert_string_equal(symbol.name, "untouched");
	assert_int_equal(symbol.offset, 42);
	vmt_symbols_free(symbols);
}

/* A file is the debug file of itself: same build-id, same names. */
static void test_debug_of_itself(void **state)
{
	struct vmt_symbols *symbols = own_symbols();
	size_t count = vmt_symbols_count(symbols);
	struct vmt_symbol symbol = { NULL, 0 };
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	if (vmt_symbols_build_id(symbols)[0]) {
		assert_true(vmt_symbols_add_debug(symbols, fd));
		assert_int_equal(vmt_symbols_count(symbols), count);
		assert_true(vmt_symbols_find(
			symbols, offset_of((const void *)(uintptr_t)known_function), &symbol));
		assert_string_equal(symbol.name, "known_function");
	}
	close(fd);
	vmt_symbols_free(symbols);
}

static void test_not_its_debug(void **state)
{
	struct vmt_symbols *symbols = own_symbols();
	int fd = open("/bin/sh", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_false(vmt_symbols_add_debug(symbols, fd));
	close(fd);
	vmt_symbols_free(symbols);
}

static void test_no_elf(void **state)
{
	struct vmt_symbols *symbols = NULL;
	struct vmt_error error = { "" };
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(vmt_symbols_read(fd, &symbols, &error), -ENOEXEC);
	assert_string_not_equal(error.text, "");
	close(fd);
	assert_int_equal(vmt_symbols_read_image("#!/bin/sh\n", 10, &symbols, NULL), -ENOEXEC);
	assert_null(symbols);
}

/* ---- By name ----------------------------------------------------------------------------- */

int known_variable = 7; /* exported */
static int zeroes[100] __attribute__((used)); /* not in the file */

/* What the file @path has for @name; fails if it has nothing. */
static struct vmt_named named(const char *path, const char *name)
{
	struct vmt_named found = { 0 };
	bool any = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(vmt_symbol_named(fd, name, &found, &any, NULL), 0);
	assert_true(any);
	close(fd);
	return found;
}

static void test_named(void **state)
{
	static const char exe[] = "/proc/self/exe";
	const struct vmt_named function = named(exe, "known_function");
	const struct vmt_named alias = named(exe, "__alias_of_known_function");
	const struct vmt_named local = named(exe, "local_function");
	const struct vmt_named variable = named(exe, "known_variable");
	const struct vmt_named zero = named(exe, "zeroes");

	(void)state;
	assert_int_equal(own_bias() + function.vaddr, (uintptr_t)known_function);
	assert_int_equal(alias.vaddr, function.vaddr);
	assert_int_equal(own_bias() + local.vaddr, (uintptr_t)local_function);
	assert_int_equal(own_bias() + variable.vaddr, (uintptr_t)&known_variable);
	assert_int_equal(own_bias() + zero.vaddr, (uintptr_t)zeroes);
	assert_true(local.local && zero.local && !function.local && !variable.local);
	assert_false(function.several || local.several || variable.several);
}

/* The linker takes the default version of what has several. */
static void test_named_version(void **state)
{
	void *wanted = dlsym(RTLD_DEFAULT, "pthread_cond_wait");
	struct vmt_named found;
	Dl_info info;

	(void)state;
	assert_non_null(wanted);
	assert_true(dladdr(wanted, &info));
	found = named(info.dli_fname, "pthread_cond_wait");
	assert_int_equal(found.vaddr, (uintptr_t)wanted - (uintptr_t)info.dli_fbase);
	assert_false(found.several);
}

static void test_named_nothing(void **state)
{
	static const char *const names[] = { "", "known_functio", "known_function2", "@",
					     "_cmocka_run_group_tests" };
	struct vmt_named found = { .vaddr = 42 };
	struct vmt_error error = { "" };
	bool any = true;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < vmt_countof(names); i++) {
		assert_int_equal(vmt_symbol_named(fd, names[i], &found, &any, &error), 0);
		assert_false(any);
	}
	close(fd);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(vmt_symbol_named(fd, "main", &found, &any, &error), -ENOEXEC);
	assert_string_not_equal(error.text, "");
	assert_int_equal(found.vaddr, 42);
	close(fd);
}

/* The image ends where its section headers end, which is the last thing in it. */
static size_t vdso_bytes(const Elf64_Ehdr *ehdr)
{
	return ehdr->e_shoff + (size_t)ehdr->e_shnum * ehdr->e_shentsize;
}

static const Elf64_Ehdr *vdso(void)
{
	return (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
}

static void test_vdso(void **state)
{
	struct vmt_symbols *symbols = NULL;
	bool found = false;

	(void)state;
	if (!vdso())
		skip();
	assert_int_equal(vmt_symbols_read_image(vdso(), vdso_bytes(vdso()), &symbols, NULL), 0);
	for (uint64_t offset = 0; offset < vdso_bytes(vdso()); offset++) {
		struct vmt_symbol symbol;

		if (vmt_symbols_find(symbols, offset, &symbol) &&
		    strcmp(symbol.name, "__vdso_clock_gettime") == 0) {
			found = true;
			assert_true(symbol.offset < vdso_bytes(vdso()));
		}
		/* its alias, without the underscores, is the better name where both are */
		found |= vmt_symbols_find(symbols, offset, &symbol) &&
			 strcmp(symbol.name, "clock_gettime") == 0;
	}
	assert_true(found);
	vmt_symbols_free(symbols);
}

/* The same bytes behind a descriptor, by name. */
static void ask_by_name(const unsigned char *bytes, size_t length)
{
	int fd = memfd_create("symbols", MFD_CLOEXEC);
	struct vmt_error error = { "" };
	struct vmt_named found;
	bool any;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	if (vmt_symbol_named(fd, "__vdso_clock_gettime", &found, &any, &error) < 0)
		assert_string_not_equal(error.text, "");
	close(fd);
}

/* Whatever the bytes say, it is an answer or an error. */
static void ask(const unsigned char *bytes, size_t length)
{
	struct vmt_symbols *symbols = NULL;
	struct vmt_symbol symbol;

	if (vmt_symbols_read_image(bytes, length, &symbols, NULL) < 0)
		return;
	for (uint64_t offset = 0; offset < length; offset += 61)
		if (vmt_symbols_find(symbols, offset, &symbol))
			assert_true(strlen(symbol.name) > 0);
	vmt_symbols_free(symbols);
}

static void test_damaged(void **state)
{
	size_t length;
	unsigned char *bytes;

	(void)state;
	if (!vdso())
		skip();
	length = vdso_bytes(vdso());
	bytes = vmt_malloc(length);
	srandom(1);
	for (int round = 0; round < 2000; round++) {
		size_t cut = round % 4 ? length : (size_t)random() % length;

		memcpy(bytes, vdso(), length);
		for (long changes = random() % 20; changes > 0; changes--) {
			/* mostly where the tables are */
			size_t at = random() % 2 ? (size_t)random() % 1024
						 : length - 1 - (size_t)random() % 1024;

			bytes[at] = (unsigned char)random();
		}
		ask(bytes, cut);
		ask_by_name(bytes, cut);
	}
	vmt_array_free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),         cmocka_unit_test(test_local),
		cmocka_unit_test(test_nothing_there), cmocka_unit_test(test_debug_of_itself),
		cmocka_unit_test(test_not_its_debug), cmocka_unit_test(test_no_elf),
		cmocka_unit_test(test_vdso),          cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_named),         cmocka_unit_test(test_named_version),
		cmocka_unit_test(test_named_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
