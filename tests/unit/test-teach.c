/* SPDX-License-Identifier: MIT */
/* test-teach: steps in full sentences. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "fake-step.h"
#include "vmtrace/annotate.h"

#define LIBC "/usr/lib/libc.so.6"

/* Whatever the step is, it is told in sentences, and every word was filled in. */
static void check_sentences(struct fake *fake, struct vmt_str *text)
{
	const char *told;

	vmt_str_clear(text);
	vmt_teach(&fake->step, text);
	told = vmt_str_text(text);
	assert_true(strlen(told) > 20);
	assert_true(told[0] >= 'A' && told[0] <= 'z' && told[text->length - 1] == '.');
	assert_null(strpbrk(told, "{}"));
	assert_null(strstr(told, "  "));
	vmt_array_deinit(&fake->step.path);
	fake_deinit(fake);
}

static void tells(struct fake *fake, const char *part)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };

	check_sentences(fake, &text);
	if (!strstr(vmt_str_text(&text), part))
		fail_msg("\"%s\" is not in: %s", part, vmt_str_text(&text));
}

static void test_every_cause(void **state)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	struct fake fake;

	(void)state;
	for (int cause = 0; cause <= VMT_CAUSE_FOUND; cause++) {
		fake_cause(&fake, 1, (enum vmt_cause)cause);
		check_sentences(&fake, &text);
		fake_cause(&fake, 1, (enum vmt_cause)cause);
		fake.step.file_name = LIBC;
		fake_range(&fake, 0x1000, 0x3000);
		fake_added(&fake, 0x1000, 0x3000, VMT_PERM_READ | VMT_PERM_WRITE, LIBC, 1);
		check_sentences(&fake, &text);
	}
}

static void test_every_call(void **state)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	struct fake fake;

	(void)state;
	for (int call = VMT_CALL_NONE + 1; call < VMT_CALL_COUNT; call++) {
		fake_call(&fake, 1, (enum vmt_call_id)call, 0x1000, 4096, 3, 0x22, 0, 0);
		check_sentences(&fake, &text);
		fake_call(&fake, 1, (enum vmt_call_id)call, 0x1000, 4096, 3, 0x22, 0, 0);
		fake_return(&fake, -EINVAL);
		vmt_step_why(&fake.step, (struct vmt_why){ .id = VMT_WHY_FIXED_OVER });
		vmt_step_why(&fake.step, (struct vmt_why){ .id = VMT_WHY_LENGTH_ZERO });
		check_sentences(&fake, &text);
		/* what would have been replaced is still there */
		assert_null(strstr(vmt_str_text(&text), "is gone"));
		assert_non_null(strstr(vmt_str_text(&text), "The length was 0"));
		fake_call(&fake, 1, (enum vmt_call_id)call, 0x1000, 4096, 3, 0x22, 0, 0);
		fake.event.kind = VMT_EVENT_CALL_LOST;
		check_sentences(&fake, &text);
	}
}

static void test_every_why(void **state)
{
	struct fake fake;

	(void)state;
	for (int why = VMT_WHY_NONE + 1; why < VMT_WHY_COUNT; why++) {
		fake_call(&fake, 1, VMT_CALL_MMAP, 0, 4096, 3, 0x22, 0, 0);
		vmt_step_why(&fake.step, (struct vmt_why){ .id = (enum vmt_why_id)why });
		tells(&fake, "asks with mmap");
	}
}

static void make_mmap(struct fake *fake, uint64_t prot, uint64_t flags)
{
	fake_call(fake, 1, VMT_CALL_MMAP, 0, 8192, prot, flags, UINT64_MAX, 0);
	fake_return(fake, 0x7000);
	fake_range(fake, 0x7000, 0x9000);
	fake->step.actor = "linker";
	fake->step.purpose = "bss of libc.so.6";
}

static void test_mmap(void **state)
{
	struct fake fake;

	(void)state;
	make_mmap(&fake, 3, 0x22);
	tells(&fake, "The dynamic linker asks with mmap for 8K of new private memory, readable and "
		     "writable: bss of libc.so.6.");
	make_mmap(&fake, 3, 0x22);
	tells(&fake, "a page of zeros");
	make_mmap(&fake, 0, 0x22);
	tells(&fake, "without any access right");
	make_mmap(&fake, 3, 0x22 | MAP_POPULATE);
	tells(&fake, "mm_populate");
	make_mmap(&fake, 3, 0x21);
	tells(&fake, "tmpfs");
	make_mmap(&fake, 1, 2);
	fake_file(&fake, LIBC);
	tells(&fake, "of the file libc.so.6, private, read-only");
	make_mmap(&fake, 3, 2);
	fake_file(&fake, LIBC);
	tells(&fake, "private copy");
	make_mmap(&fake, 3, 1);
	fake_file(&fake, "/tmp/data");
	tells(&fake, "writes it back");
	make_mmap(&fake, 3, 1);
	fake_file(&fake, "/dev/dri/card0");
	fake.step.pattern = VMT_PATTERN_DEVICE;
	tells(&fake, "driver");
	make_mmap(&fake, 3, 0x22);
	fake_return(&fake, -ENOMEM);
	tells(&fake, "mmap, and it fails with ENOMEM");
}

static void make_mprotect(struct fake *fake, unsigned before, uint64_t prot)
{
	fake_call(fake, 1, VMT_CALL_MPROTECT, 0x1000, 4096, prot, 0, 0, 0);
	fake_range(fake, 0x1000, 0x2000);
	fake_removed(fake, 0x1000, 0x3000, before, LIBC, 1);
	fake->step.actor = "program";
}

static void test_mprotect(void **state)
{
	struct fake fake;

	(void)state;
	make_mprotect(&fake, VMT_PERM_READ | VMT_PERM_WRITE, PROT_READ);
	tells(&fake, "The program takes rights away with mprotect; 4K are read-only");
	make_mprotect(&fake, 0, PROT_READ | PROT_WRITE);
	tells(&fake, "The program grants rights with mprotect; 4K are readable and writable");
	/* one right for another: what counts is the one that goes */
	make_mprotect(&fake, VMT_PERM_READ | VMT_PERM_WRITE, PROT_READ | PROT_EXEC);
	tells(&fake, "takes rights away");
	fake_call(&fake, 1, VMT_CALL_MPROTECT, 0x1000, 4096, 1, 0, 0, 0);
	tells(&fake, "nothing to change");
}

static void check_brk(uint64_t asked, uint64_t result, const char *part)
{
	struct fake fake;

	fake_call(&fake, 1, VMT_CALL_BRK, asked, 0, 0, 0, 0, 0);
	fake_return(&fake, (int64_t)result);
	fake.step.old_start = 0x100000;
	fake.step.old_end = 0x121000;
	fake.step.actor = "libc";
	tells(&fake, part);
}

static void test_sizes(void **state)
{
	struct fake fake;

	(void)state;
	check_brk(0, 0x121000, "asks where its heap ends");
	check_brk(0x142000, 0x142000, "grows from 132K to 264K");
	check_brk(0x101000, 0x101000, "from 132K to 4K");
	check_brk(0x120800, 0x120800, "same page");
	check_brk(0x900000, 0x121000, "is refused");
	fake_call(&fake, 1, VMT_CALL_MREMAP, 0x1000, 8192, 16384, 1, 0, 0);
	fake_return(&fake, 0x50000);
	tells(&fake, "moves a mapping to 50000 with mremap, 8K to 16K");
	fake_call(&fake, 1, VMT_CALL_MREMAP, 0x1000, 8192, 16384, 1, 0, 0);
	fake_return(&fake, 0x1000);
	tells(&fake, "larger with mremap, from 8K to 16K");
}

static void test_path(void **state)
{
	static const char *const functions[] = {
		"__x64_sys_mmap",     "ksys_mmap_pgoff", "do_mmap",        "__get_unmapped_area",
		"vm_unmapped_area",   "mmap_region",     "__split_vma",    "__split_vma",
		"can_vma_merge_left", "vma_expand",      "__mmap_new_vma",
	};
	struct fake fake;

	(void)state;
	make_mmap(&fake, 3, 0x22);
	for (size_t i = 0; i < vmt_countof(functions); i++)
		vmt_array_push(&fake.step.path,
			       ((struct vmt_path_entry){ .function = functions[i] }));
	/* no helpers, nothing twice, and not more than a sentence bears */
	tells(&fake, "through do_mmap, __get_unmapped_area, mmap_region, __split_vma and "
		     "__mmap_new_vma.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cause), cmocka_unit_test(test_every_call),
		cmocka_unit_test(test_every_why),   cmocka_unit_test(test_mmap),
		cmocka_unit_test(test_mprotect),    cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests_name("teach", tests, NULL, NULL);
}
