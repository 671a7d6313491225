/* SPDX-License-Identifier: MIT */
/* test-actor: whose call it was, from the name of the VMA that holds the instruction pointer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vmtrace/annotate.h"

#define LINKER "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"

static void free_names(struct vmt_names **names)
{
	vmt_names_free(*names);
}

static void check_actor(const char *object, const char *exe, const char *interp, const char *name)
{
	VMT_CLEANUP(free_names) struct vmt_names *names = vmt_names_new();
	struct vmt_actor actor = vmt_actor_of(object, exe, interp, names);

	assert_string_equal(actor.name, name);
	assert_string_equal(actor.object, object);
	assert_ptr_equal(actor.object, vmt_names_add(names, object));
}

static void test_dynamic_program(void **state)
{
	(void)state;
	check_actor("/home/u/a.out", "/home/u/a.out", LINKER, "program");
	check_actor(LINKER, "/home/u/a.out", LINKER, "linker");
	check_actor("/opt/strange/loader", "/home/u/a.out", "/opt/strange/loader", "linker");
	check_actor("/usr/lib/libc.so.6", "/home/u/a.out", LINKER, "libc");
	check_actor("/lib/libc-2.31.so", "/home/u/a.out", "/lib/ld-2.31.so", "libc");
	check_actor("/lib/ld-2.31.so", "/home/u/a.out", "/lib64/ld-linux-x86-64.so.2", "linker");
	check_actor("/lib/ld-musl-x86_64.so.1", "/bin/a", "/lib/ld-musl-x86_64.so.1", "linker");
}

static void test_static_program(void **state)
{
	(void)state;
	check_actor("/home/u/a.out", "/home/u/a.out", "", "program");
}

/* The executable of `ld.so ./a.out` is ld.so. */
static void test_linker_by_hand(void **state)
{
	(void)state;
	check_actor(LINKER, LINKER, "", "linker");
	check_actor("/home/u/a.out", LINKER, "", "a.out");
}

static void test_libraries(void **state)
{
	(void)state;
	check_actor("/usr/lib/libpython3.11.so.1.0", "/bin/a", LINKER, "libpython3.11");
	check_actor("/usr/lib/jvm/lib/server/libjvm.so", "/bin/a", LINKER, "libjvm");
	check_actor("/usr/lib/libglib-2.0.so.0", "/bin/a", LINKER, "libglib-2.0");
	check_actor("/usr/lib/libcrypt.so.1", "/bin/a", LINKER, "libcrypt");
	check_actor("/tmp/x.so (deleted)", "/bin/a", LINKER, "x");
	check_actor("/tmp/tool (deleted)", "/bin/a", LINKER, "tool");
	check_actor("/tmp/.so", "/bin/a", LINKER, ".so");
	check_actor("/tmp/list.source", "/bin/a", LINKER, "list.source");
}

static void test_memory_without_file(void **state)
{
	(void)state;
	check_actor("", "/bin/a", LINKER, "anon");
	check_actor("", "", "", "anon");
	check_actor("[heap]", "/bin/a", LINKER, "anon");
	check_actor("[anon:jit/code]", "/bin/a", LINKER, "anon");
	check_actor("[stack]", "/bin/a", LINKER, "anon");
	check_actor("[vdso]", "/bin/a", LINKER, "vdso");
	check_actor("[vsyscall]", "/bin/a", LINKER, "vsyscall");
	check_actor("[", "/bin/a", LINKER, "anon");
	check_actor("/memfd:jit/code (deleted)", "/bin/a", LINKER, "memfd:jit/code");
}

static void test_kernel(void **state)
{
	(void)state;
	assert_string_equal(vmt_actor_kernel().name, "kernel");
	assert_string_equal(vmt_actor_kernel().object, "");
}

static void test_base_name(void **state)
{
	(void)state;
	assert_string_equal(vmt_base_name("/usr/lib/libc.so.6"), "libc.so.6");
	assert_string_equal(vmt_base_name("a.out"), "a.out");
	assert_string_equal(vmt_base_name(""), "");
	assert_string_equal(vmt_base_name("/"), "/");
	assert_string_equal(vmt_base_name("/tmp/"), "/tmp/");
	assert_string_equal(vmt_base_name("[heap]"), "[heap]");
	assert_string_equal(vmt_base_name("[anon:a/b]"), "[anon:a/b]");
	assert_string_equal(vmt_base_name("/memfd:a/b (deleted)"), "memfd:a/b (deleted)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dynamic_program),     cmocka_unit_test(test_static_program),
		cmocka_unit_test(test_linker_by_hand),      cmocka_unit_test(test_libraries),
		cmocka_unit_test(test_memory_without_file), cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_base_name),
	};

	return cmocka_run_group_tests_name("actor", tests, NULL, NULL);
}
