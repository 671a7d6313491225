/* SPDX-License-Identifier: MIT */
/*
 * test-miss: what an access leads to, for each kind of mapping and page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmtrace/lookup.h"

#define START 0x10000
#define R VMT_PERM_READ
#define W VMT_PERM_WRITE
#define X VMT_PERM_EXEC
#define S VMT_PERM_SHARED

/* A mapping of four pages; of a file if @inode. */
static struct vmt_mapping mapping(unsigned perms, uint64_t inode, const char *name)
{
	return (struct vmt_mapping){
		.start = START, .end = START + 0x4000, .perms = perms, .inode = inode, .name = name
	};
}

static struct vmt_page_state page(const char *vm_flags)
{
	return (struct vmt_page_state){ .page_bytes = 4096, .known = true, .vm_flags = vm_flags };
}

/* All three kinds of access to the first page. */
static void check(struct vmt_mapping map, struct vmt_page_state state, enum vmt_miss read,
		  enum vmt_miss write, enum vmt_miss exec)
{
	struct vmt_lookup lookup = { .address = START, .map = &map, .page = &state };

	assert_int_equal(vmt_miss_of(&lookup, VMT_ACCESS_READ), read);
	assert_int_equal(vmt_miss_of(&lookup, VMT_ACCESS_WRITE), write);
	assert_int_equal(vmt_miss_of(&lookup, VMT_ACCESS_EXEC), exec);
}

#define RIGHTS VMT_MISS_SEGV_RIGHTS

static void test_nothing_there(void **state)
{
	struct vmt_mapping stack = mapping(R | W, 0, "[stack]");
	struct vmt_mapping heap = mapping(R | W, 0, "[heap]");
	struct vmt_page_state grows = page("rd wr mr mw me gd ac");
	struct vmt_lookup lookup = { .address = START - 4096 };

	(void)state;
	assert_int_equal(vmt_miss_of(&lookup, VMT_ACCESS_READ), VMT_MISS_SEGV_UNMAPPED);
	lookup.above = &heap;
	assert_int_equal(vmt_miss_of(&lookup, VMT_ACCESS_WRITE), VMT_MISS_SEGV_UNMAPPED);
	lookup.page = &grows;
	assert_int_equal(vmt_miss_of(&lookup, VMT_ACCESS_WRITE), VMT_MISS_STACK);
	lookup.page = NULL;
	lookup.above = &stack;
	assert_int_equal(vmt_miss_of(&lookup, VMT_ACCESS_WRITE), VMT_MISS_STACK);
}

static void test_rights(void **state)
{
	(void)state;
	check(mapping(0, 0, ""), page(""), RIGHTS, RIGHTS, RIGHTS);
	check(mapping(R, 0, ""), page(""), VMT_MISS_ZERO_PAGE, RIGHTS, RIGHTS);
	check(mapping(W, 0, ""), page(""), VMT_MISS_ZERO_PAGE, VMT_MISS_DEMAND_ZERO, RIGHTS);
	check(mapping(X, 7, "/a"), page(""), VMT_MISS_EXEC_ONLY, RIGHTS, VMT_MISS_FILE);
}

static void test_not_present(void **state)
{
	struct vmt_page_state guard = page("rd wr");
	struct vmt_page_state swapped = page("rd wr");
	struct vmt_mapping gate = mapping(X, 0, "[vsyscall]");

	(void)state;
	guard.guard = true;
	swapped.swapped = true;
	gate.gate = true;
	check(mapping(R | W | X, 0, ""), page("rd wr ex"), VMT_MISS_ZERO_PAGE, VMT_MISS_DEMAND_ZERO,
	      VMT_MISS_ZERO_PAGE);
	check(mapping(R | W, 7, "/dev/zero"), page(""), VMT_MISS_ZERO_PAGE, VMT_MISS_DEMAND_ZERO,
	      RIGHTS);
	check(mapping(R | W, 7, "/lib"), page(""), VMT_MISS_FILE, VMT_MISS_COPY, RIGHTS);
	check(mapping(R | W | S, 7, "/data"), page(""), VMT_MISS_FILE, VMT_MISS_FILE_WRITE, RIGHTS);
	check(mapping(R | W | S, 7, "/memfd:x (deleted)"), page(""), VMT_MISS_SHARED_MEMORY,
	      VMT_MISS_SHARED_MEMORY, RIGHTS);
	check(mapping(R | X, 0, "[vdso]"), page("rd ex de"), VMT_MISS_SPECIAL, RIGHTS,
	      VMT_MISS_SPECIAL);
	check(mapping(R | W, 7, "/anon_hugepage (deleted)"), page("rd wr ht"), VMT_MISS_HUGETLB,
	      VMT_MISS_HUGETLB, RIGHTS);
	check(mapping(R | W, 0, ""), page("rd wr um"), VMT_MISS_USERFAULT, VMT_MISS_USERFAULT,
	      RIGHTS);
	check(mapping(R | W, 0, ""), guard, VMT_MISS_GUARD, VMT_MISS_GUARD, RIGHTS);
	check(mapping(R | W, 0, ""), swapped, VMT_MISS_SWAP_IN, VMT_MISS_SWAP_IN, RIGHTS);
	check(gate, page(""), VMT_MISS_GATE, VMT_MISS_GATE, VMT_MISS_GATE);
}

static void test_present(void **state)
{
	struct vmt_page_state there = page("rd wr");

	(void)state;
	there.present = true;
	there.exclusive = true;
	check(mapping(R | W, 0, ""), there, VMT_MISS_NONE, VMT_MISS_NONE_OR_REUSE, RIGHTS);
	there.exclusive = false; /* after a fork */
	check(mapping(R | W, 0, ""), there, VMT_MISS_NONE, VMT_MISS_COPY, RIGHTS);
	there.zero = true;
	check(mapping(R | W, 0, ""), there, VMT_MISS_NONE, VMT_MISS_DEMAND_ZERO, RIGHTS);
	there.zero = false;
	there.file = true;
	there.exclusive = true;
	check(mapping(R | W, 7, "/lib"), there, VMT_MISS_NONE, VMT_MISS_COPY, RIGHTS);
	check(mapping(R | W | S, 7, "/data"), there, VMT_MISS_NONE, VMT_MISS_NONE_OR_NOTIFY,
	      RIGHTS);
	check(mapping(R | W | S, 7, "/SYSV00000000 (deleted)"), there, VMT_MISS_NONE, VMT_MISS_NONE,
	      RIGHTS);
	check(mapping(R | X, 7, "/lib"), there, VMT_MISS_NONE, RIGHTS, VMT_MISS_NONE);
	there.uffd_protected = true;
	check(mapping(R | W, 0, ""), there, VMT_MISS_NONE, VMT_MISS_USERFAULT, RIGHTS);
}

/*
 * A file of 5000 bytes, mapped from its second page on:
 *
 *	file     |0000      |4096  5000|8192
 *	mapping             |10000     |11000: beyond
 */
static void test_end_of_file(void **state)
{
	struct vmt_mapping map = mapping(R | W, 7, "/data");
	struct vmt_page_state short_file = page("");
	struct vmt_lookup lookup = { .address = START + 4095, .map = &map, .page = &short_file };

	(void)state;
	map.offset = 4096;
	short_file.has_file_size = true;
	short_file.file_size_bytes = 5000;
	assert_int_equal(vmt_miss_of(&lookup, VMT_ACCESS_READ), VMT_MISS_FILE);
	lookup.address = START + 4096;
	assert_int_equal(vmt_miss_of(&lookup, VMT_ACCESS_READ), VMT_MISS_SIGBUS);
	assert_int_equal(vmt_miss_of(&lookup, VMT_ACCESS_WRITE), VMT_MISS_SIGBUS);
	short_file.file_size_bytes = 0;
	lookup.address = START;
	assert_int_equal(vmt_miss_of(&lookup, VMT_ACCESS_READ), VMT_MISS_SIGBUS);
}

/* The field of x86-64's page of that name, inferred for a mapping. */
static enum vmt_inferred infer(const struct vmt_lookup *lookup, const char *name,
			       uint64_t *ret_value)
{
	const struct vmt_geometry *geometry = vmt_geometry_by_name("x86_64-4");
	const struct vmt_entry_format *format = geometry->levels[3].formats[0];

	for (const struct vmt_entry_field *field = format->fields; field->name; field++) {
		if (strcmp(field->name, name) == 0)
			return vmt_entry_infer(lookup, format, field, ret_value);
	}
	fail();
	return VMT_INFERRED_NOT;
}

static void check_inferred(const struct vmt_lookup *lookup, const char *name, enum vmt_inferred how,
			   uint64_t value)
{
	uint64_t found = 99;

	assert_int_equal(infer(lookup, name, &found), how);
	assert_int_equal(found, how == VMT_INFERRED_NOT ? 99 : value);
}

static void test_inferred(void **state)
{
	struct vmt_mapping map = mapping(R | W, 0, "");
	struct vmt_page_state there = page("rd wr");
	struct vmt_lookup lookup = { .address = START, .map = &map, .page = &there };

	(void)state;
	there.present = true;
	there.exclusive = true;
	check_inferred(&lookup, "P", VMT_INFERRED_PAGEMAP, 1);
	check_inferred(&lookup, "ADDRESS", VMT_INFERRED_NOT, 0);
	there.has_frame = true;
	there.frame = 0x123456;
	check_inferred(&lookup, "ADDRESS", VMT_INFERRED_PAGEMAP, 0x123456);
	check_inferred(&lookup, "US", VMT_INFERRED_USER, 1);
	check_inferred(&lookup, "G", VMT_INFERRED_USER, 0);
	check_inferred(&lookup, "NX", VMT_INFERRED_MAPPING, 1);
	check_inferred(&lookup, "A", VMT_INFERRED_NOT, 0);
	check_inferred(&lookup, "D", VMT_INFERRED_NOT, 0);
	check_inferred(&lookup, "PKEY", VMT_INFERRED_NOT, 0);
	check_inferred(&lookup, "UFFD_WP", VMT_INFERRED_PAGEMAP, 0);
	check_inferred(&lookup, "SOFT_DIRTY", VMT_INFERRED_NOT, 0);
	there.soft_dirty = true;
	check_inferred(&lookup, "SOFT_DIRTY", VMT_INFERRED_PAGEMAP, 1);
	/* may still be read-only after a fork */
	check_inferred(&lookup, "RW", VMT_INFERRED_NOT, 0);
	there.exclusive = false;
	check_inferred(&lookup, "RW", VMT_INFERRED_FAULT, 0);
	check_inferred(&lookup, "SPECIAL", VMT_INFERRED_NOT, 0);
	there.zero = true;
	check_inferred(&lookup, "SPECIAL", VMT_INFERRED_PAGEMAP, 1);
	map.perms = R | X;
	check_inferred(&lookup, "RW", VMT_INFERRED_MAPPING, 0);
	check_inferred(&lookup, "NX", VMT_INFERRED_MAPPING, 0);
	map = mapping(R | W | S, 7, "/memfd:x (deleted)");
	there.zero = false;
	check_inferred(&lookup, "RW", VMT_INFERRED_MAPPING, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_there), cmocka_unit_test(test_rights),
		cmocka_unit_test(test_not_present),   cmocka_unit_test(test_present),
		cmocka_unit_test(test_end_of_file),   cmocka_unit_test(test_inferred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
