/* SPDX-License-Identifier: MIT */
/* The parser of /proc/PID/maps: what kernels print, and what they never would. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmtrace/base.h"
#include "vmtrace/trace.h"

struct fixture {
	struct vmt_names *names;
	struct vmt_layout layout;
};

static int setup(void **state)
{
	struct fixture *fixture = vmt_calloc(1, sizeof(*fixture));

	fixture->names = vmt_names_new();
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	vmt_layout_deinit(&fixture->layout);
	vmt_names_free(fixture->names);
	vmt_array_free(fixture);
	return 0;
}

static int parse(struct fixture *fixture, const char *text)
{
	return vmt_maps_parse(text, strlen(text), fixture->names, &fixture->layout);
}

static void test_line(void **state)
{
	struct fixture *fixture = *state;
	const struct vmt_mapping *row;

	assert_int_equal(parse(fixture, "55d0c7a4e000-55d0c7a4f000 r-xp 00001000 fe:1a 24713      "
					"               /usr/bin/cat\n"),
			 0);
	assert_int_equal(fixture->layout.count, 1);
	row = &fixture->layout.data[0];
	assert_int_equal(row->start, 0x55d0c7a4e000);
	assert_int_equal(row->end, 0x55d0c7a4f000);
	assert_int_equal(row->perms, VMT_PERM_READ | VMT_PERM_EXEC);
	assert_int_equal(row->offset, 0x1000);
	assert_int_equal(row->dev_major, 0xfe);
	assert_int_equal(row->dev_minor, 0x1a);
	assert_int_equal(row->inode, 24713);
	assert_string_equal(row->name, "/usr/bin/cat");
	assert_false(row->gate);
}

static void test_perms(void **state)
{
	static const struct {
		const char *text;
		unsigned perms;
	} cases[] = {
		{ "1000-2000 ---p 0 0:0 0\n", 0 },
		{ "1000-2000 rwxs 0 0:0 0\n",
		  VMT_PERM_READ | VMT_PERM_WRITE | VMT_PERM_EXEC | VMT_PERM_SHARED },
		{ "1000-2000 -w-p 0 0:0 0\n", VMT_PERM_WRITE },
	};

	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct fixture *fixture = *state;

		assert_int_equal(parse(fixture, cases[i].text), 0);
		assert_int_equal(fixture->layout.data[0].perms, cases[i].perms);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *text;
		const char *name;
	} cases[] = {
		{ "", "" },
		{ "                       ", "" },
		{ "      [heap]", "[heap]" },
		{ "  /a b/c  d ", "/a b/c  d " },
		{ "  /a\\012b", "/a\nb" },
		{ "  \\012\\012", "\n\n" },
		{ "  /a\\01", "/a\\01" },
		{ "  /a\\134b\\\\", "/a\\134b\\\\" },
		{ "  /x (deleted) (deleted)", "/x (deleted) (deleted)" },
		{ "  /memfd:\033[31m\201 (deleted)", "/memfd:\033[31m\201 (deleted)" },
		{ "  /1000-2000 r--p 0 0:0 0", "/1000-2000 r--p 0 0:0 0" },
	};

	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct fixture *fixture = *state;
		char text[256];

		for (int newline = 0; newline < 2; newline++) {
			strcpy(text, "1000-2000 r--p 00000000 00:00 0 ");
			strcat(text, cases[i].text);
			strcat(text, newline ? "\n" : "");
			assert_int_equal(parse(fixture, text), 0);
			assert_int_equal(fixture->layout.count, 1);
			assert_string_equal(fixture->layout.data[0].name, cases[i].name);
		}
	}
}

static void test_gates(void **state)
{
	struct fixture *fixture = *state;
	const char *text = "1000-2000 r-xp 00000000 08:01 7 [vsyscall]\n"
			   "2000-3000 r--p 00000000 00:00 0 [vvar]\n"
			   "ffff0000-ffff1000 r-xp 00000000 00:00 0 [vectors]\n"
			   "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n";

	assert_int_equal(parse(fixture, text), 0);
	assert_int_equal(fixture->layout.count, 4);
	assert_false(fixture->layout.data[0].gate);
	assert_false(fixture->layout.data[1].gate);
	assert_true(fixture->layout.data[2].gate);
	assert_true(fixture->layout.data[3].gate);
}

static void test_malformed(void **state)
{
	static const char *const cases[] = {
		"\n",
		"1000-2000 r--p 0 0:0 0\n\n",
		"1000\n",
		"1000-2000\n",
		"1000-2000 r--p\n",
		"1000-2000 r--p 0 0:0\n",
		"1000-2000 r--p 0 0 0\n",
		"1000-2000 r--q 0 0:0 0\n",
		"1000-2000 r-- 0 0:0 0\n",
		"1000-2000 rw-p0 0:0 0\n",
		"1000 2000 r--p 0 0:0 0\n",
		"0x1000-2000 r--p 0 0:0 0\n",
		" 1000-2000 r--p 0 0:0 0\n",
		"1000-2000 r--p -1 0:0 0\n",
		"1000-2000 r--p 0 0:0 0x\n",
		"1000-2000 r--p 0 0:0 a\n",
		"2000-1000 r--p 0 0:0 0\n",
		"1000-1000 r--p 0 0:0 0\n",
		"10000000000000000-20000000000000000 r--p 0 0:0 0\n",
		"1000-2000 r--p 0 100000000:0 0\n",
		"1000-2000 r--p 0 0:0 18446744073709551616\n",
		"1000-2000 r--p 0 0:0 0\n1000-2000 r--p 0 0:0 0\n",
		"3000-4000 r--p 0 0:0 0\n1000-2000 r--p 0 0:0 0\n",
		"Name: cat\n",
	};

	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct fixture *fixture = *state;

		assert_int_equal(parse(fixture, "1000-2000 r--p 0 0:0 0\n"), 0);
		assert_int_equal(parse(fixture, cases[i]), -EINVAL);
		assert_int_equal(fixture->layout.count, 0);
	}
}

static void test_nul_and_cut(void **state)
{
	static const char line[] = "1000-2000 r--p 00000000 08:01 12 /a\0b\n";
	struct fixture *fixture = *state;

	assert_int_equal(vmt_maps_parse(line, sizeof(line) - 1, fixture->names, &fixture->layout),
			 -EINVAL);
	/* Every prefix: rows or -EINVAL, and no byte read beyond it. */
	for (size_t length = 0; length < sizeof(line) - 1; length++) {
		char *copy = length ? vmt_malloc(length) : NULL;
		int err;

		if (length)
			memcpy(copy, line, length);
		err = vmt_maps_parse(copy ? copy : "", length, fixture->names, &fixture->layout);
		assert_true(err == 0 || err == -EINVAL);
		assert_int_equal(fixture->layout.count, !err && length);
		vmt_array_free(copy);
	}
}

/* Our own layout, both ways: the text and PROCMAP_QUERY agree about code that does not move. */
static void test_self(void **state)
{
	struct fixture *fixture = *state;
	struct vmt_layout rows = { 0 };
	struct vmt_probe *probe;
	struct vmt_mapping found;
	uint64_t here = (uintptr_t)test_self;
	const struct vmt_mapping *row = NULL;

	assert_int_equal(vmt_proc_maps(getpid(), fixture->names, &fixture->layout), 0);
	for (size_t i = 0; i < fixture->layout.count; i++)
		if (fixture->layout.data[i].start <= here && here < fixture->layout.data[i].end)
			row = &fixture->layout.data[i];
	assert_non_null(row);

	assert_int_equal(vmt_probe_new(getpid(), fixture->names, &probe), 0);
	assert_int_equal(vmt_probe_find(probe, here, true, &found), 0);
	assert_int_equal(found.start, row->start);
	assert_int_equal(found.end, row->end);
	assert_int_equal(found.perms, row->perms);
	assert_int_equal(found.offset, row->offset);
	assert_int_equal(found.inode, row->inode);
	assert_ptr_equal(found.name, row->name);

	/* Inside it: it alone. Its whole range: the neighbours that touch it too. */
	assert_int_equal(vmt_probe_range(probe, here, here + 1, false, &rows), 0);
	assert_int_equal(rows.count, 1);
	assert_null(rows.data[0].name);
	assert_int_equal(vmt_probe_range(probe, row->start, row->end, true, &rows), 0);
	assert_int_equal(rows.count, 1 + (size_t)(row[-1].end == row->start) +
					     (size_t)(row[1].start == row->end));
	vmt_layout_deinit(&rows);
	vmt_probe_free(probe);
}

static void test_gone(void **state)
{
	struct fixture *fixture = *state;
	struct vmt_probe *probe;

	/* Above every limit of pid_max. */
	assert_int_equal(vmt_proc_maps(0x7fffffff, fixture->names, &fixture->layout), -ESRCH);
	assert_int_equal(vmt_probe_new(0x7fffffff, fixture->names, &probe), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_perms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nul_and_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_self, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
	};

	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
