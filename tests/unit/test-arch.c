/* SPDX-License-Identifier: MIT */
/*
 * test-arch: the tables of calls and constants hold what the kernel's headers on this machine say,
 * and keep their own invariants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <asm/prctl.h>
#include <elf.h>
#include <linux/audit.h>
#include <linux/mempolicy.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include "vmtrace/arch.h"
#include "vmtrace/base.h"

struct number {
	enum vmt_call_id call;
	unsigned number;
};

/* The names that both architectures have a call for, in the names of the header in force. */
#define COMMON_NUMBERS \
	{ VMT_CALL_MUNMAP, __NR_munmap }, { VMT_CALL_MPROTECT, __NR_mprotect }, \
		{ VMT_CALL_PKEY_MPROTECT, __NR_pkey_mprotect }, \
		{ VMT_CALL_PKEY_ALLOC, __NR_pkey_alloc }, { VMT_CALL_PKEY_FREE, __NR_pkey_free }, \
		{ VMT_CALL_BRK, __NR_brk }, { VMT_CALL_MREMAP, __NR_mremap }, \
		{ VMT_CALL_MADVISE, __NR_madvise }, \
		{ VMT_CALL_PROCESS_MADVISE, __NR_process_madvise }, \
		{ VMT_CALL_MLOCK, __NR_mlock }, { VMT_CALL_MLOCK2, __NR_mlock2 }, \
		{ VMT_CALL_MUNLOCK, __NR_munlock }, { VMT_CALL_MLOCKALL, __NR_mlockall }, \
		{ VMT_CALL_MUNLOCKALL, __NR_munlockall }, { VMT_CALL_MBIND, __NR_mbind }, \
		{ VMT_CALL_SET_MEMPOLICY_HOME_NODE, __NR_set_mempolicy_home_node }, \
		{ VMT_CALL_REMAP_FILE_PAGES, __NR_remap_file_pages }, \
		{ VMT_CALL_SHMAT, __NR_shmat }, { VMT_CALL_SHMDT, __NR_shmdt }, \
		{ VMT_CALL_IO_SETUP, __NR_io_setup }, { VMT_CALL_IO_DESTROY, __NR_io_destroy }, \
		{ VMT_CALL_IOCTL, __NR_ioctl }, { VMT_CALL_PRCTL, __NR_prctl }, \
		{ VMT_CALL_ARCH_PRCTL, __NR_arch_prctl }, \
		{ VMT_CALL_PERSONALITY, __NR_personality }, \
		{ VMT_CALL_SETRLIMIT, __NR_setrlimit }, { VMT_CALL_PRLIMIT64, __NR_prlimit64 }, \
		{ VMT_CALL_SET_TID_ADDRESS, __NR_set_tid_address }, \
		{ VMT_CALL_SET_ROBUST_LIST, __NR_set_robust_list }, { VMT_CALL_RSEQ, __NR_rseq }, \
		{ VMT_CALL_EXECVE, __NR_execve }, \
		{ VMT_CALL_EXECVEAT, __NR_execveat }, /* newer than the headers of some */ \
		{ VMT_CALL_MAP_SHADOW_STACK, 453 }, \
	{ \
		VMT_CALL_MSEAL, 462 \
	}

/* The second header gives the same macros other values, so each table follows its own. */
#include <asm/unistd_64.h>
static const struct number numbers_x86_64[] = {
	COMMON_NUMBERS,
	{ VMT_CALL_MMAP, __NR_mmap },
};

#include <asm/unistd_32.h>
static const struct number numbers_i386[] = {
	COMMON_NUMBERS,
	{ VMT_CALL_OLD_MMAP, __NR_mmap },
	{ VMT_CALL_MMAP2, __NR_mmap2 },
	{ VMT_CALL_IPC, __NR_ipc },
	{ VMT_CALL_SET_THREAD_AREA, __NR_set_thread_area },
};

static void check_numbers(const struct vmt_arch *arch, const struct number *numbers, size_t count)
{
	/* Each row is expected, and each number is found. */
	assert_int_equal(arch->call_count, count);
	for (size_t i = 0; i < count; i++) {
		const struct vmt_call_row *row = vmt_arch_call(arch, numbers[i].number);

		assert_non_null(row);
		assert_int_equal(row->number, numbers[i].number);
		assert_int_equal(row->call, numbers[i].call);
	}
}

static void test_numbers_are_the_kernels(void **state)
{
	(void)state;
	check_numbers(&vmt_arch_x86_64, numbers_x86_64, vmt_countof(numbers_x86_64));
	check_numbers(&vmt_arch_i386, numbers_i386, vmt_countof(numbers_i386));
}

static void test_rows(void **state)
{
	unsigned seen[VMT_CALL_COUNT] = { 0 };

	(void)state;
	for (const struct vmt_arch *const *at = vmt_arches; *at; at++) {
		const struct vmt_arch *arch = *at;

		for (size_t i = 0; i < arch->call_count; i++) {
			const struct vmt_call_row *row = &arch->calls[i];

			assert_true(!i || row[-1].number < row->number);
			assert_true(row->call > VMT_CALL_NONE && row->call < VMT_CALL_COUNT);
			assert_true(row->match_arg < vmt_call_info(row->call)->arg_count ||
				    !row->match_count);
			assert_int_equal(!row->match_count, !row->match);
			seen[row->call]++;
		}
	}
	for (int call = VMT_CALL_NONE + 1; call < VMT_CALL_COUNT; call++)
		assert_true(seen[call] > 0);
}

static bool matches(const struct vmt_arch *arch, unsigned number, unsigned arg, uint32_t value)
{
	const struct vmt_call_row *row = vmt_arch_call(arch, number);

	assert_non_null(row);
	assert_int_equal(row->match_arg, arg);
	assert_true(row->match_count > 0);
	for (unsigned i = 0; i < row->match_count; i++) {
		if (row->match[i] == value)
			return true;
	}
	return false;
}

static void test_matches(void **state)
{
	(void)state;
	assert_true(matches(&vmt_arch_x86_64, 16, 1, UFFDIO_REGISTER));
	assert_true(matches(&vmt_arch_x86_64, 16, 1, UFFDIO_UNREGISTER));
	assert_false(matches(&vmt_arch_x86_64, 16, 1, UFFDIO_COPY));
	assert_true(matches(&vmt_arch_x86_64, 157, 0, PR_SET_VMA));
	assert_true(matches(&vmt_arch_x86_64, 157, 0, PR_SET_MM));
	assert_true(matches(&vmt_arch_x86_64, 157, 0, PR_SET_THP_DISABLE));
	assert_false(matches(&vmt_arch_x86_64, 157, 0, PR_SET_NAME));
	assert_true(matches(&vmt_arch_x86_64, 158, 0, ARCH_SET_FS));
	assert_true(matches(&vmt_arch_x86_64, 158, 0, ARCH_MAP_VDSO_64));
	assert_false(matches(&vmt_arch_x86_64, 158, 0, ARCH_GET_FS));
	assert_true(matches(&vmt_arch_x86_64, 160, 0, RLIMIT_STACK));
	assert_false(matches(&vmt_arch_x86_64, 160, 0, RLIMIT_NOFILE));
	assert_true(matches(&vmt_arch_i386, 340, 1, RLIMIT_AS));
	assert_true(matches(&vmt_arch_i386, 117, 0, 21));
	assert_false(matches(&vmt_arch_i386, 117, 0, 23));
}

static void test_other_numbers(void **state)
{
	(void)state;
	assert_null(vmt_arch_call(&vmt_arch_x86_64, 0));
	assert_null(vmt_arch_call(&vmt_arch_x86_64, 39));
	assert_null(vmt_arch_call(&vmt_arch_x86_64, UINT64_MAX));
	/* x32's mmap, and a number whose low half is mmap's */
	assert_null(vmt_arch_call(&vmt_arch_x86_64, 0x40000009));
	assert_null(vmt_arch_call(&vmt_arch_x86_64, UINT64_C(0x100000009)));
}

static void test_lookup(void **state)
{
	(void)state;
	assert_ptr_equal(vmt_arch_by_name("x86_64"), &vmt_arch_x86_64);
	assert_ptr_equal(vmt_arch_by_name("i386"), &vmt_arch_i386);
	assert_null(vmt_arch_by_name("i38"));
	assert_ptr_equal(vmt_arch_by_audit(AUDIT_ARCH_X86_64), &vmt_arch_x86_64);
	assert_ptr_equal(vmt_arch_by_audit(AUDIT_ARCH_I386), &vmt_arch_i386);
	assert_null(vmt_arch_by_audit(0));
	assert_ptr_equal(vmt_arch_by_elf(EM_X86_64, 64), &vmt_arch_x86_64);
	assert_ptr_equal(vmt_arch_by_elf(EM_386, 32), &vmt_arch_i386);
	/* x32 */
	assert_null(vmt_arch_by_elf(EM_X86_64, 32));
	assert_null(vmt_arch_by_elf(EM_AARCH64, 64));
}

static uint64_t page_align(uint64_t value)
{
	return (value + 4095) & ~UINT64_C(4095);
}

static void test_layout_constants(void **state)
{
	(void)state;
	for (const struct vmt_arch *const *at = vmt_arches; *at; at++) {
		const struct vmt_arch *arch = *at;

		assert_int_equal(vmt_arch_page_size(arch), 4096);
		assert_int_equal(arch->task_size % 4096, 0);
		assert_int_equal(arch->dyn_base % 4096, 0);
		assert_true(arch->stack_top <= arch->task_size);
		assert_int_equal(arch->legacy_base, page_align(arch->task_size / 3));
		assert_int_equal(arch->gap_min, 0x8000000);
		assert_int_equal(arch->gap_max, arch->task_size / 6 * 5);
		/* one more than a mask */
		assert_int_equal(arch->stack_random_pages & (arch->stack_random_pages - 1), 0);
	}
	assert_int_equal(vmt_arch_x86_64.task_size, 0x7ffffffff000);
	assert_int_equal(vmt_arch_x86_64.dyn_base, 0x7ffffffff000 / 3 * 2 & ~4095);
	assert_int_equal(vmt_arch_x86_64.stack_random_pages << 12, UINT64_C(16) << 30);
	assert_int_equal(vmt_arch_i386.task_size, 0xffffe000);
	assert_int_equal(vmt_arch_i386.dyn_base, vmt_arch_i386.legacy_base + 0x1000000);
	assert_int_equal(vmt_arch_i386.stack_random_pages << 12, 8 << 20);
}

static void test_call_infos(void **state)
{
	(void)state;
	for (int call = VMT_CALL_NONE; call < VMT_CALL_COUNT; call++) {
		const struct vmt_call_info *info = vmt_call_info((enum vmt_call_id)call);

		assert_non_null(info->name);
		assert_true(info->arg_count <= vmt_countof(info->args));
		for (unsigned i = 0; i < vmt_countof(info->args); i++) {
			assert_int_equal(!info->args[i].name, i >= info->arg_count);
			assert_int_equal(info->args[i].kind == VMT_ARG_NONE, i >= info->arg_count);
		}
		/* No name twice: they are keys of one JSON object. */
		for (unsigned i = 0; i < info->arg_count; i++) {
			for (unsigned k = 0; k < i; k++)
				assert_string_not_equal(info->args[i].name, info->args[k].name);
		}
		for (int other = VMT_CALL_NONE; other < call; other++)
			assert_string_not_equal(info->name,
						vmt_call_info((enum vmt_call_id)other)->name);
	}
	assert_string_equal(vmt_call_info(VMT_CALL_OLD_MMAP)->name, "old_mmap");
	assert_string_equal(vmt_call_info(VMT_CALL_MMAP)->args[1].name, "length");
	assert_true(vmt_call_info(VMT_CALL_MMAP)->layout);
	assert_true(vmt_call_info(VMT_CALL_PRCTL)->layout);
	assert_false(vmt_call_info(VMT_CALL_RSEQ)->layout);
	assert_false(vmt_call_info(VMT_CALL_SET_TID_ADDRESS)->layout);
}

static const char *name_of(enum vmt_arg_kind kind, uint64_t value)
{
	const struct vmt_constants *set = vmt_constants(kind);

	assert_non_null(set);
	for (const struct vmt_constant *row = set->rows; row->name; row++) {
		if (row->value == value)
			return row->name;
	}
	return NULL;
}

/* A name and the value that the headers give it must meet in the set. */
#define assert_constant(kind, name) assert_string_equal(name_of((kind), (uint32_t)(name)), #name)

static void test_mmap_constants(void **state)
{
	(void)state;
	assert_constant(VMT_ARG_PROT, PROT_NONE);
	assert_constant(VMT_ARG_PROT, PROT_READ);
	assert_constant(VMT_ARG_PROT, PROT_WRITE);
	assert_constant(VMT_ARG_PROT, PROT_EXEC);
	assert_constant(VMT_ARG_PROT, PROT_GROWSDOWN);
	assert_constant(VMT_ARG_PROT, PROT_GROWSUP);
	assert_string_equal(name_of(VMT_ARG_PROT, 8), "PROT_SEM");
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_SHARED);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_PRIVATE);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_SHARED_VALIDATE);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_FIXED);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_ANONYMOUS);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_32BIT);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_GROWSDOWN);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_DENYWRITE);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_EXECUTABLE);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_LOCKED);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_NORESERVE);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_POPULATE);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_NONBLOCK);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_STACK);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGETLB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_SYNC);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_FIXED_NOREPLACE);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_16KB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_64KB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_512KB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_1MB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_2MB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_8MB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_16MB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_32MB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_256MB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_512MB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_1GB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_2GB);
	assert_constant(VMT_ARG_MAP_FLAGS, MAP_HUGE_16GB);
	assert_string_equal(name_of(VMT_ARG_MAP_FLAGS, 8), "MAP_DROPPABLE");
	assert_string_equal(name_of(VMT_ARG_MAP_FLAGS, 0x80), "MAP_ABOVE4G");
	assert_int_equal(vmt_constants(VMT_ARG_MAP_FLAGS)->field_mask, MAP_TYPE);
	assert_constant(VMT_ARG_MREMAP_FLAGS, MREMAP_MAYMOVE);
	assert_constant(VMT_ARG_MREMAP_FLAGS, MREMAP_FIXED);
	assert_constant(VMT_ARG_MREMAP_FLAGS, MREMAP_DONTUNMAP);
	assert_constant(VMT_ARG_MLOCK_FLAGS, MLOCK_ONFAULT);
	assert_constant(VMT_ARG_MLOCKALL_FLAGS, MCL_CURRENT);
	assert_constant(VMT_ARG_MLOCKALL_FLAGS, MCL_FUTURE);
	assert_constant(VMT_ARG_MLOCKALL_FLAGS, MCL_ONFAULT);
}

static void test_advice_constants(void **state)
{
	(void)state;
	assert_constant(VMT_ARG_ADVICE, MADV_NORMAL);
	assert_constant(VMT_ARG_ADVICE, MADV_RANDOM);
	assert_constant(VMT_ARG_ADVICE, MADV_SEQUENTIAL);
	assert_constant(VMT_ARG_ADVICE, MADV_WILLNEED);
	assert_constant(VMT_ARG_ADVICE, MADV_DONTNEED);
	assert_constant(VMT_ARG_ADVICE, MADV_FREE);
	assert_constant(VMT_ARG_ADVICE, MADV_REMOVE);
	assert_constant(VMT_ARG_ADVICE, MADV_DONTFORK);
	assert_constant(VMT_ARG_ADVICE, MADV_DOFORK);
	assert_constant(VMT_ARG_ADVICE, MADV_MERGEABLE);
	assert_constant(VMT_ARG_ADVICE, MADV_UNMERGEABLE);
	assert_constant(VMT_ARG_ADVICE, MADV_HUGEPAGE);
	assert_constant(VMT_ARG_ADVICE, MADV_NOHUGEPAGE);
	assert_constant(VMT_ARG_ADVICE, MADV_DONTDUMP);
	assert_constant(VMT_ARG_ADVICE, MADV_DODUMP);
	assert_constant(VMT_ARG_ADVICE, MADV_WIPEONFORK);
	assert_constant(VMT_ARG_ADVICE, MADV_KEEPONFORK);
	assert_constant(VMT_ARG_ADVICE, MADV_COLD);
	assert_constant(VMT_ARG_ADVICE, MADV_PAGEOUT);
	assert_constant(VMT_ARG_ADVICE, MADV_POPULATE_READ);
	assert_constant(VMT_ARG_ADVICE, MADV_POPULATE_WRITE);
	assert_constant(VMT_ARG_ADVICE, MADV_HWPOISON);
	assert_string_equal(name_of(VMT_ARG_ADVICE, 24), "MADV_DONTNEED_LOCKED");
	assert_string_equal(name_of(VMT_ARG_ADVICE, 25), "MADV_COLLAPSE");
	assert_string_equal(name_of(VMT_ARG_ADVICE, 101), "MADV_SOFT_OFFLINE");
	assert_string_equal(name_of(VMT_ARG_ADVICE, 102), "MADV_GUARD_INSTALL");
	assert_string_equal(name_of(VMT_ARG_ADVICE, 103), "MADV_GUARD_REMOVE");
}

static void test_other_constants(void **state)
{
	(void)state;
	assert_constant(VMT_ARG_MPOL_MODE, MPOL_DEFAULT);
	assert_constant(VMT_ARG_MPOL_MODE, MPOL_PREFERRED);
	assert_constant(VMT_ARG_MPOL_MODE, MPOL_BIND);
	assert_constant(VMT_ARG_MPOL_MODE, MPOL_INTERLEAVE);
	assert_constant(VMT_ARG_MPOL_MODE, MPOL_LOCAL);
	assert_constant(VMT_ARG_MPOL_MODE, MPOL_PREFERRED_MANY);
	assert_constant(VMT_ARG_MPOL_MODE, MPOL_F_STATIC_NODES);
	assert_constant(VMT_ARG_MPOL_MODE, MPOL_F_RELATIVE_NODES);
	assert_constant(VMT_ARG_MPOL_MODE, MPOL_F_NUMA_BALANCING);
	assert_constant(VMT_ARG_MPOL_FLAGS, MPOL_MF_STRICT);
	assert_constant(VMT_ARG_MPOL_FLAGS, MPOL_MF_MOVE);
	assert_constant(VMT_ARG_MPOL_FLAGS, MPOL_MF_MOVE_ALL);
	assert_constant(VMT_ARG_MPOL_FLAGS, MPOL_MF_LAZY);
	assert_constant(VMT_ARG_SHM_FLAGS, SHM_RDONLY);
	assert_constant(VMT_ARG_SHM_FLAGS, SHM_RND);
	assert_constant(VMT_ARG_SHM_FLAGS, SHM_REMAP);
	assert_constant(VMT_ARG_SHM_FLAGS, SHM_EXEC);
	assert_constant(VMT_ARG_PRCTL_OP, PR_SET_MM);
	assert_constant(VMT_ARG_PRCTL_OP, PR_SET_THP_DISABLE);
	assert_constant(VMT_ARG_PRCTL_OP, PR_SET_VMA);
	assert_constant(VMT_ARG_ARCH_PRCTL_OP, ARCH_SET_GS);
	assert_constant(VMT_ARG_ARCH_PRCTL_OP, ARCH_SET_FS);
	assert_constant(VMT_ARG_ARCH_PRCTL_OP, ARCH_GET_FS);
	assert_constant(VMT_ARG_ARCH_PRCTL_OP, ARCH_GET_GS);
	assert_constant(VMT_ARG_ARCH_PRCTL_OP, ARCH_MAP_VDSO_X32);
	assert_constant(VMT_ARG_ARCH_PRCTL_OP, ARCH_MAP_VDSO_32);
	assert_constant(VMT_ARG_ARCH_PRCTL_OP, ARCH_MAP_VDSO_64);
	assert_constant(VMT_ARG_IOCTL_REQUEST, UFFDIO_REGISTER);
	assert_constant(VMT_ARG_IOCTL_REQUEST, UFFDIO_UNREGISTER);
	assert_string_equal(name_of(VMT_ARG_RESOURCE, RLIMIT_DATA), "RLIMIT_DATA");
	assert_string_equal(name_of(VMT_ARG_RESOURCE, RLIMIT_STACK), "RLIMIT_STACK");
	assert_string_equal(name_of(VMT_ARG_RESOURCE, RLIMIT_MEMLOCK), "RLIMIT_MEMLOCK");
	assert_string_equal(name_of(VMT_ARG_RESOURCE, RLIMIT_AS), "RLIMIT_AS");
	assert_string_equal(name_of(VMT_ARG_RESOURCE, RLIMIT_RTTIME), "RLIMIT_RTTIME");
	assert_constant(VMT_ARG_PERSONA, PER_LINUX);
	assert_constant(VMT_ARG_PERSONA, PER_LINUX32);
	assert_constant(VMT_ARG_PERSONA, UNAME26);
	assert_constant(VMT_ARG_PERSONA, ADDR_NO_RANDOMIZE);
	assert_constant(VMT_ARG_PERSONA, MMAP_PAGE_ZERO);
	assert_constant(VMT_ARG_PERSONA, ADDR_COMPAT_LAYOUT);
	assert_constant(VMT_ARG_PERSONA, READ_IMPLIES_EXEC);
	assert_constant(VMT_ARG_PERSONA, ADDR_LIMIT_32BIT);
	assert_constant(VMT_ARG_PERSONA, SHORT_INODE);
	assert_constant(VMT_ARG_PERSONA, WHOLE_SECONDS);
	assert_constant(VMT_ARG_PERSONA, STICKY_TIMEOUTS);
	assert_constant(VMT_ARG_PERSONA, ADDR_LIMIT_3GB);
}

static void check_set(const struct vmt_constants *set)
{
	for (const struct vmt_constant *row = set->rows; row->name; row++) {
		for (const struct vmt_constant *earlier = set->rows; earlier < row; earlier++) {
			assert_true(earlier->value != row->value);
			assert_string_not_equal(earlier->name, row->name);
			/* An earlier row must not take bits of a later one that has more. */
			if (set->flags && earlier->value && !(row->value & set->field_mask))
				assert_true((row->value & earlier->value) != earlier->value);
		}
		if (set->flags)
			assert_true(!(row->value & set->field_mask) ||
				    !(row->value & ~set->field_mask));
	}
}

static void test_sets(void **state)
{
	unsigned count = 0;

	(void)state;
	for (int kind = VMT_ARG_NONE; kind <= VMT_ARG_PATH_ADDRESS; kind++) {
		const struct vmt_constants *set = vmt_constants((enum vmt_arg_kind)kind);

		if (!set)
			continue;
		count++;
		assert_true(set->flags || !set->field_mask);
		check_set(set);
	}
	assert_int_equal(count, 15);
	assert_null(vmt_constants(VMT_ARG_NONE));
	assert_null(vmt_constants(VMT_ARG_ADDRESS));
	assert_null(vmt_constants(VMT_ARG_PATH_ADDRESS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_the_kernels),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_other_numbers),
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_layout_constants),
		cmocka_unit_test(test_call_infos),
		cmocka_unit_test(test_mmap_constants),
		cmocka_unit_test(test_advice_constants),
		cmocka_unit_test(test_other_constants),
		cmocka_unit_test(test_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
