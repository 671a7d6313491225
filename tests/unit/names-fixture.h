/* SPDX-License-Identifier: MIT */
/*
 * names-fixture: a pool of names for all tests of a program: cmocka_run_group_tests(tests,
 * names_open, names_close).
 */
#ifndef TESTS_UNIT_NAMES_FIXTURE_H
#define TESTS_UNIT_NAMES_FIXTURE_H

#include "vmtrace/base.h"

static struct vmt_names *names;

static inline int names_open(void **state)
{
	(void)state;
	names = vmt_names_new();
	return 0;
}

static inline int names_close(void **state)
{
	(void)state;
	vmt_names_free(names);
	return 0;
}

#endif
