/* SPDX-License-Identifier: MIT */
/*
 * test-calls-other: mseal, mbind, shmat and shmdt, io_setup and io_destroy, remap_file_pages,
 * userfaultfd and map_shadow_stack.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/mempolicy.h>
#include <linux/types.h>
#include <sys/shm.h>

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "mm-calls.h"

#define TOP 0x7ffff7fff000 /* mmap_base of the fixture */
#define V "10000-14000 rw-"
#define VDSO "10000-14000 r-x +de sp:[vdso] solid"
#define DROPPABLE "10000-14000 rw- +nr +wf +dd +dp -ac"

/* ---- mseal ------------------------------------------------------------------------------------ */

#define MSEAL VMT_CALL_MSEAL

static const struct call_case seals[] = {
	{ "flags before alignment", V, MSEAL, ARGS(0x10001, 0x1000, 1), -EINVAL,
	  .why[0] = VMT_WHY_BAD_FLAGS },
	{ "unaligned before length 0", V, MSEAL, ARGS(0x10001, 0, 0), -EINVAL,
	  .why[0] = VMT_WHY_ADDRESS_UNALIGNED },
	{ "length wraps", V, MSEAL, ARGS(0x10000, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "end wraps", V, MSEAL, ARGS(0x10000, -0x1000ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "length 0 where nothing is", V, MSEAL, ARGS(0x50000, 0, 0), 0, .after = NULL },
	{ "a hole, and nothing has changed", V " | 15000-16000 rw-", MSEAL,
	  ARGS(0x10000, 0x6000, 0), -ENOMEM, .why[0] = VMT_WHY_HOLE },
	{ "a hole at the end", V, MSEAL, ARGS(0x10000, 0x5000, 0), -ENOMEM,
	  .why[0] = VMT_WHY_HOLE },
	{ "seals", V, MSEAL, ARGS(0x10000, 0x4000, 0), 0, .after = V " +sl",
	  .flags = "rd wr mr mw me ac sl" },
	{ "once more", V " +sl", MSEAL, ARGS(0x10000, 0x4000, 0), 0, .after = NULL },
	{ "splits", V, MSEAL, ARGS(0x11000, 0x1000, 0), 0,
	  .after = "10000-11000 rw- | 11000-12000 rw- +sl | 12000-14000 rw-",
	  .why[0] = VMT_WHY_SPLIT },
	{ "merges with what is sealed", "10000-12000 rw- +sl | 12000-14000 rw-", MSEAL,
	  ARGS(0x12000, 0x1000, 0), 0, .after = "10000-13000 rw- +sl | 13000-14000 rw-",
	  .why[0] = VMT_WHY_MERGE_BELOW },
	{ "a split at the limit", V, MSEAL, ARGS(0x11000, 0x3000, 0), -ENOMEM,
	  .why[0] = VMT_WHY_SPLIT_LIMIT, .situation = "maps=1" },
	{ "part of a special mapping", VDSO, MSEAL, ARGS(0x10000, 0x1000, 0), -EINVAL,
	  .why[0] = VMT_WHY_SPECIAL_SPLIT },
	{ "before 6.10", V, MSEAL, ARGS(0x10000, 0x4000, 0), -ENOSYS, .situation = "old",
	  .open = true },
};

static void test_mseal(void **state)
{
	(void)state;
	call_run_all(seals);
}

/* ---- mbind ------------------------------------------------------------------------------------ */

#define MBIND VMT_CALL_MBIND

static const struct call_case policies[] = {
	{ "unknown flags before alignment", V, MBIND, ARGS(0x10001, 0x1000, MPOL_DEFAULT, 0, 0, 8),
	  -EINVAL, .why[0] = VMT_WHY_BAD_FLAGS },
	{ "unknown mode", V, MBIND, ARGS(0x10000, 0x1000, 99, 0, 0, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_FLAGS },
	{ "unaligned before length 0", V, MBIND, ARGS(0x10001, 0, MPOL_DEFAULT, 0, 0, 0), -EINVAL,
	  .why[0] = VMT_WHY_ADDRESS_UNALIGNED },
	{ "end wraps", V, MBIND, ARGS(0x10000, -0x1000ULL, MPOL_DEFAULT, 0, 0, 0), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "length 0, no nodes", V, MBIND, ARGS(0x10000, 0, MPOL_BIND, 0, 0, 0), 0, .after = NULL },
	{ "no nodes to bind to", V, MBIND, ARGS(0x10000, 0x4000, MPOL_BIND, 0, 0, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_FLAGS },
	{ "nodes of no policy", V, MBIND, ARGS(0x10000, 0x4000, MPOL_DEFAULT, 0x100, 64, 0),
	  -EINVAL, .why[0] = VMT_WHY_BAD_FLAGS, .words = { 1 }, .words_valid = 1 },
	{ "nodes before a hole", V, MBIND, ARGS(0x50000, 0x1000, MPOL_BIND, 0, 0, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_FLAGS },
	{ "a hole, and nothing has changed", V " | 15000-16000 rw-", MBIND,
	  ARGS(0x10000, 0x6000, MPOL_BIND, 0x100, 64, 0), -EFAULT, .why[0] = VMT_WHY_HOLE,
	  .words = { 1 }, .words_valid = 1 },
	{ "a hole does not matter to the default", V " p1 | 15000-16000 rw- p1", MBIND,
	  ARGS(0x10000, 0x6000, MPOL_DEFAULT, 0, 0, 0), 0, .after = V " | 15000-16000 rw-" },
	{ "default", V " p1", MBIND, ARGS(0x11000, 0x1000, MPOL_DEFAULT, 0, 0, 0), 0,
	  .after = "10000-11000 rw- p1 | 11000-12000 rw- | 12000-14000 rw- p1",
	  .why[0] = VMT_WHY_SPLIT },
	{ "merges", "10000-12000 rw- | 12000-14000 rw- p1", MBIND,
	  ARGS(0x12000, 0x2000, MPOL_DEFAULT, 0, 0, 0), 0, .after = V,
	  .why[0] = VMT_WHY_MERGE_BELOW },
	{ "a split at the limit", V " p1", MBIND, ARGS(0x11000, 0x1000, MPOL_DEFAULT, 0, 0, 0),
	  -ENOMEM, .why[0] = VMT_WHY_SPLIT_LIMIT, .situation = "maps=1" },
	{ "a node that is not there", V, MBIND, ARGS(0x10000, 0x4000, MPOL_BIND, 0x100, 64, 0),
	  -EINVAL, .words = { 1ULL << 63 }, .words_valid = 1, .open = true },
	{ "pages that do not fit and may not move", V, MBIND,
	  ARGS(0x10000, 0x4000, MPOL_BIND, 0x100, 64, MPOL_MF_STRICT), -EIO, .words = { 1 },
	  .words_valid = 1, .open = true },
};

static void bind_pages(struct mm *mm, uint64_t start, uint64_t mode, uint64_t node)
{
	mm->event.words[0] = node;
	mm->event.words_valid = node != 0;
	mm_call(mm, MBIND, 0, start, 0x1000, mode, node ? 0x100 : 0, 64, 0);
	assert_true(mm->step.predicted);
	assert_int_equal(mm->step.expected, 0);
}

/* Policies are equal by mode and nodes. */
static void test_mbind(void **state)
{
	struct mm mm;

	(void)state;
	call_run_all(policies);
	mm_open(&mm);
	mm_build(&mm, "10000-13000 rw-");
	bind_pages(&mm, 0x10000, MPOL_BIND, 1);
	assert_int_equal(vmt_space_count(mm.space), 2);
	bind_pages(&mm, 0x11000, MPOL_PREFERRED, 1);
	assert_int_equal(vmt_space_count(mm.space), 3);
	bind_pages(&mm, 0x11000, MPOL_BIND, 2);
	assert_int_equal(vmt_space_count(mm.space), 3);
	bind_pages(&mm, 0x11000, MPOL_BIND, 1);
	assert_int_equal(vmt_space_count(mm.space), 2);
	bind_pages(&mm, 0x10000, MPOL_DEFAULT, 0);
	bind_pages(&mm, 0x11000, MPOL_DEFAULT, 0);
	mm_assert(&mm, "as before", "10000-13000 rw-");
	mm_close(&mm);
}

/* ---- System V shared memory -------------------------------------------------------------------- */

#define SHMAT VMT_CALL_SHMAT
#define SEGMENT "rw-s f4294967296@0 close"

static const struct call_case attaches[] = {
	{ "bad id before alignment", "", SHMAT, ARGS(-1ULL, 0x10001, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_SHM },
	{ "unaligned before no such segment", "", SHMAT, ARGS(7, 0x10001, 0), -EINVAL,
	  .why[0] = VMT_WHY_ADDRESS_UNALIGNED },
	{ "instead of nothing", "", SHMAT, ARGS(7, 0, SHM_REMAP), -EINVAL,
	  .why[0] = VMT_WHY_BAD_FLAGS, .file = "7 size=2000" },
	{ "rounded down to nothing", "", SHMAT, ARGS(7, 0x800, SHM_REMAP | SHM_RND), -EINVAL,
	  .why[0] = VMT_WHY_BAD_FLAGS, .file = "7 size=2000" },
	{ "no such segment", "", SHMAT, ARGS(7, 0, 0), -EINVAL, .why[0] = VMT_WHY_BAD_SHM,
	  .words = { EINVAL }, .words_valid = 1 },
	{ "it was removed", "", SHMAT, ARGS(7, 0, 0), -EIDRM, .why[0] = VMT_WHY_BAD_SHM,
	  .words = { EIDRM }, .words_valid = 1 },
	{ "of another namespace", "", SHMAT, ARGS(7, 0, 0), -EINVAL, .why[0] = VMT_WHY_BAD_SHM,
	  .open = true },
	{ "no permission", "", SHMAT, ARGS(7, 0, 0), -EACCES, .file = "7 size=2000", .open = true },
	{ "the place is taken", "11000-12000 r--", SHMAT, ARGS(7, 0x10000, 0), -EINVAL,
	  .why[0] = VMT_WHY_NOREPLACE, .file = "7 size=2000" },
	{ "the place is taken over", "11000-12000 r--", SHMAT, ARGS(7, 0x10000, SHM_REMAP), 0x10000,
	  .after = "10000-12000 " SEGMENT, .file = "7 size=2000" },
	{ "anywhere", "", SHMAT, ARGS(7, 0, 0), TOP - 0x2000,
	  .after = "7ffff7ffd000-7ffff7fff000 " SEGMENT, .flags = "rd wr sh mr mw me ms",
	  .file = "7 size=2000" },
	{ "rounded down", "", SHMAT, ARGS(7, 0x10800, SHM_RND), 0x10000,
	  .after = "10000-12000 " SEGMENT, .file = "7 size=1001" },
	{ "to be read", "", SHMAT, ARGS(7, 0x10000, SHM_RDONLY), 0x10000,
	  .after = "10000-12000 r--s f4294967296@0 -sh -mw close", .flags = "rd mr me ms",
	  .file = "7 size=2000" },
	{ "to be executed", "", SHMAT, ARGS(7, 0x10000, SHM_EXEC), 0x10000,
	  .after = "10000-12000 rwxs f4294967296@0 close", .file = "7 size=2000" },
	{ "twice: two files", "10000-12000 rw-s f9@0 close", SHMAT, ARGS(7, 0x12000, 0), 0x12000,
	  .after = "10000-12000 rw-s f9@0 close | 12000-14000 " SEGMENT, .file = "7 size=2000" },
	{ "too many VMAs", "10000-11000 r-- | 12000-13000 r--", SHMAT, ARGS(7, 0, 0), -ENOMEM,
	  .why[0] = VMT_WHY_MAP_LIMIT, .file = "7 size=2000", .situation = "maps=1" },
};

static void attach(struct mm *mm, uint64_t address, uint64_t bytes)
{
	mm_file(mm, 7);
	mm->event.file.mode = S_IFREG;
	mm->event.file.size_bytes = bytes;
	mm_call(mm, SHMAT, (int64_t)address, 7, address, 0);
}

static void detach(struct mm *mm, uint64_t address, int64_t result, const char *after)
{
	mm_call(mm, VMT_CALL_SHMDT, result, address);
	assert_true(mm->step.predicted);
	assert_int_equal(mm->step.expected, result);
	mm_assert(mm, "shmdt", after);
}

/* Every piece of the attach that shmdt is asked for goes, and nothing else. */
static void test_shm(void **state)
{
	struct mm mm;

	(void)state;
	call_run_all(attaches);
	mm_open(&mm);
	mm_build(&mm, "20000-21000 rw-");
	attach(&mm, 0x10000, 0x4000);
	attach(&mm, 0x14000, 0x1000);
	mm_call(&mm, VMT_CALL_MUNMAP, 0, 0x11000, 0x1000);
	mm_call(&mm, VMT_CALL_MPROTECT, 0, 0x13000, 0x1000, PROT_READ);
	detach(&mm, 0x10001, -EINVAL, mm_text_of(&mm, mm.space));
	mm_assert_told(&mm, "unaligned", VMT_WHY_ADDRESS_UNALIGNED);
	detach(&mm, 0x20000, -EINVAL, mm_text_of(&mm, mm.space));
	mm_assert_told(&mm, "private memory", VMT_WHY_BAD_SHM);
	detach(&mm, 0x12000, -EINVAL, mm_text_of(&mm, mm.space));
	detach(&mm, 0x10000, 0, "14000-15000 rw-s f4294967297@0 close | 20000-21000 rw-");
	detach(&mm, 0x10000, -EINVAL, mm_text_of(&mm, mm.space));
	detach(&mm, 0x14000, 0, "20000-21000 rw-");
	mm_close(&mm);
}

/* The address may lie in a hole where the first piece was; what is protected stays a piece of it. */
static void test_shm_pieces(void **state)
{
	struct mm mm;

	(void)state;
	mm_open(&mm);
	mm_build(&mm, "");
	attach(&mm, 0x10000, 0x4000);
	mm_call(&mm, VMT_CALL_MUNMAP, 0, 0x10000, 0x1000);
	mm_call(&mm, MSEAL, 0, 0x12000, 0x1000, 0);
	detach(&mm, 0x10000, 0, "12000-13000 rw-s f4294967296@2 +sl close");
	mm_close(&mm);
}

/* ---- aio -------------------------------------------------------------------------------------- */

#define IO_SETUP VMT_CALL_IO_SETUP

static const struct call_case rings[] = {
	{ "no events", "", IO_SETUP, ARGS(0, 0x1000), -EINVAL, .why[0] = VMT_WHY_LENGTH_ZERO },
	{ "one page", "", IO_SETUP, ARGS(1, 0x1000), 0,
	  .after = "7ffff7ffe000-7ffff7fff000 rw-s f4294967296@0 +de -me",
	  .flags = "rd wr sh mr mw ms de", .at = TOP - 0x1000, .words = { TOP - 0x1000 },
	  .words_valid = 1 },
	{ "128 events are three pages", "", IO_SETUP, ARGS(128, 0x1000), 0,
	  .after = "7ffff7ffc000-7ffff7fff000 rw-s f4294967296@0 +de -me",
	  .words = { TOP - 0x3000 }, .words_valid = 1 },
	{ "a word that no ring can have", "", IO_SETUP, ARGS(1, 0x1000), 0, .after = NULL,
	  .words = { 0x1001 }, .words_valid = 1, .open = true },
	{ "a word that cannot be read", "", IO_SETUP, ARGS(1, 0x1000), 0, .after = NULL,
	  .open = true },
	{ "aio-max-nr", "", IO_SETUP, ARGS(1, 0x1000), -EAGAIN, .why[0] = VMT_WHY_AIO_REFUSED,
	  .open = true },
	{ "no such context", "", VMT_CALL_IO_DESTROY, ARGS(0x10000), -EINVAL,
	  .why[0] = VMT_WHY_AIO_REFUSED },
	{ "a context from before, with its ring", "10000-13000 rw-s f9@0 +de", VMT_CALL_IO_DESTROY,
	  ARGS(0x10000), 0, .after = "", .open = true },
};

static void test_aio(void **state)
{
	struct mm mm;

	(void)state;
	call_run_all(rings);
	mm_open(&mm);
	mm_build(&mm, "");
	mm.event.words[0] = 0x10000;
	mm.event.words_valid = 1;
	mm_call(&mm, IO_SETUP, 0, 128, 0x1000);
	mm_assert(&mm, "set up", "10000-13000 rw-s f4294967296@0 +de -me");
	mm_call(&mm, VMT_CALL_MREMAP, -EFAULT, 0x10000, 0x3000, 0x4000, MREMAP_MAYMOVE);
	assert_int_equal(mm.step.expected, -EFAULT);
	mm_assert_told(&mm, "a ring does not grow", VMT_WHY_DONT_EXPAND);
	/* Its id is its address, also after a move. */
	mm_call(&mm, VMT_CALL_MREMAP, 0x20000, 0x10000, 0x3000, 0x3000,
		MREMAP_MAYMOVE | MREMAP_FIXED, 0x20000);
	assert_int_equal(mm.step.expected, 0x20000);
	mm_assert(&mm, "moved", "20000-23000 rw-s f4294967296@0 +de -me");
	mm.event.words[0] = 0;
	mm_call(&mm, VMT_CALL_IO_DESTROY, 0, 0x20000);
	assert_true(mm.step.predicted);
	mm_assert(&mm, "destroyed", "");
	mm_close(&mm);
}

/* ---- remap_file_pages ------------------------------------------------------------------------- */

#define REMAP VMT_CALL_REMAP_FILE_PAGES
#define S "10000-14000 rw-s f7@0"

static const struct call_case remaps[] = {
	{ "access rights", S, REMAP, ARGS(0x10000, 0x1000, PROT_READ, 2, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_PROT },
	{ "access rights before size 0", S, REMAP, ARGS(0x10000, 0, PROT_READ, 2, 0), -EINVAL,
	  .why[0] = VMT_WHY_BAD_PROT },
	{ "size 0", S, REMAP, ARGS(0x10000, 0, 0, 2, 0), -EINVAL, .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "less than a page", S, REMAP, ARGS(0x10000, 0xfff, 0, 2, 0), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "end wraps", S, REMAP, ARGS(0x10000, -0x1000ULL, 0, 2, 0), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "offset wraps", S, REMAP, ARGS(0x10000, 0x2000, 0, -1ULL, 0), -EINVAL,
	  .why[0] = VMT_WHY_LENGTH_WRAPS },
	{ "nothing mapped", S, REMAP, ARGS(0x50000, 0x1000, 0, 2, 0), -EINVAL,
	  .why[0] = VMT_WHY_NOT_ONE_FILE },
	{ "private file", "10000-14000 rw- f7@0", REMAP, ARGS(0x10000, 0x1000, 0, 2, 0), -EINVAL,
	  .why[0] = VMT_WHY_NOT_ONE_FILE },
	{ "private memory", V, REMAP, ARGS(0x10000, 0x1000, 0, 2, 0), -EINVAL,
	  .why[0] = VMT_WHY_NOT_ONE_FILE },
	{ "a file opened for reading", "10000-14000 r--s f7@0 -sh -mw", REMAP,
	  ARGS(0x10000, 0x1000, 0, 2, 0), -EINVAL, .why[0] = VMT_WHY_NOT_ONE_FILE },
	{ "a hole", S " | 15000-16000 rw-s f7@5", REMAP, ARGS(0x10000, 0x6000, 0, 2, 0), -EINVAL,
	  .why[0] = VMT_WHY_NOT_ONE_FILE },
	{ "two files", S " | 14000-15000 rw-s f8@4", REMAP, ARGS(0x10000, 0x5000, 0, 2, 0), -EINVAL,
	  .why[0] = VMT_WHY_NOT_ONE_FILE },
	{ "two sets of rights", S " | 14000-15000 r--s f7@4", REMAP, ARGS(0x10000, 0x5000, 0, 2, 0),
	  -EINVAL, .why[0] = VMT_WHY_NOT_ONE_FILE },
	{ "another offset", S, REMAP, ARGS(0x11000, 0x1000, 0, 9, 0), 0,
	  .after = "10000-11000 rw-s f7@0 | 11000-12000 rw-s f7@9 | 12000-14000 rw-s f7@2" },
	{ "start and size are rounded down", S, REMAP, ARGS(0x11fff, 0x1fff, 0, 9, 0), 0,
	  .after = "10000-11000 rw-s f7@0 | 11000-12000 rw-s f7@9 | 12000-14000 rw-s f7@2" },
	{ "the old offset again",
	  "10000-11000 rw-s f7@0 | 11000-12000 rw-s f7@9 | 12000-14000 rw-s f7@2", REMAP,
	  ARGS(0x11000, 0x1000, 0, 1, 0), 0, .after = S, .why[0] = VMT_WHY_MERGE_BOTH },
	{ "would become executable under PR_SET_MDWE", S, REMAP, ARGS(0x11000, 0x1000, 0, 9, 0),
	  -EACCES, .why[0] = VMT_WHY_MDWE, .situation = "rie mdwe" },
	{ "several VMAs", "10000-12000 rw-s f7@0 | 12000-14000 rw-s f7@8", REMAP,
	  ARGS(0x10000, 0x4000, 0, 0, 0), 0, .after = S },
};

static void test_remap(void **state)
{
	(void)state;
	call_run_all(remaps);
}

/* ---- userfaultfd ------------------------------------------------------------------------------ */

#define IOCTL VMT_CALL_IOCTL
#define REGISTER ARGS(3, UFFDIO_REGISTER)
#define UNREGISTER ARGS(3, UFFDIO_UNREGISTER)
#define MISSING UFFDIO_REGISTER_MODE_MISSING

static const struct call_case registrations[] = {
	{ "no mode", V, IOCTL, REGISTER, -EINVAL, .why[0] = VMT_WHY_BAD_FLAGS,
	  .words = { 0x10000, 0x1000, 0 }, .words_valid = 3 },
	{ "unknown mode", V, IOCTL, REGISTER, -EINVAL, .why[0] = VMT_WHY_BAD_FLAGS,
	  .words = { 0x10000, 0x1000, 8 }, .words_valid = 3 },
	{ "unaligned", V, IOCTL, REGISTER, -EINVAL, .words = { 0x10001, 0x1000, MISSING },
	  .words_valid = 3 },
	{ "length 0", V, IOCTL, REGISTER, -EINVAL, .words = { 0x10000, 0, MISSING },
	  .words_valid = 3 },
	{ "end wraps", V, IOCTL, REGISTER, -EINVAL, .words = { 0x10000, -0x1000ULL, MISSING },
	  .words_valid = 3 },
	{ "nothing mapped", V, IOCTL, REGISTER, -EINVAL, .why[0] = VMT_WHY_NOTHING_MAPPED,
	  .words = { 0x50000, 0x1000, MISSING }, .words_valid = 3 },
	{ "a file", "10000-14000 rw- f7@0", IOCTL, REGISTER, -EINVAL,
	  .why[0] = VMT_WHY_UFFD_REFUSED, .words = { 0x10000, 0x1000, MISSING }, .words_valid = 3 },
	{ "droppable", DROPPABLE, IOCTL, REGISTER, -EINVAL, .why[0] = VMT_WHY_UFFD_REFUSED,
	  .words = { 0x10000, 0x1000, MISSING }, .words_valid = 3 },
	{ "minor faults of private memory", V, IOCTL, REGISTER, -EINVAL,
	  .why[0] = VMT_WHY_UFFD_REFUSED, .words = { 0x10000, 0x1000, UFFDIO_REGISTER_MODE_MINOR },
	  .words_valid = 3 },
	{ "never to be written", "10000-14000 r-- -mw", IOCTL, REGISTER, -EPERM,
	  .why[0] = VMT_WHY_UFFD_REFUSED, .words = { 0x10000, 0x1000, MISSING }, .words_valid = 3 },
	{ "another one's", V " +um u9", IOCTL, REGISTER, -EBUSY, .why[0] = VMT_WHY_UFFD_REFUSED,
	  .words = { 0x10000, 0x1000, MISSING }, .words_valid = 3 },
	{ "the second VMA refuses, and nothing has changed", V " | 14000-15000 rw- f7@0", IOCTL,
	  REGISTER, -EINVAL, .why[0] = VMT_WHY_UFFD_REFUSED, .words = { 0x10000, 0x5000, MISSING },
	  .words_valid = 3 },
	{ "missing pages", V, IOCTL, REGISTER, 0, .after = V " +um u4",
	  .flags = "rd wr mr mw me um ac", .at = 0x10000, .words = { 0x10000, 0x4000, MISSING },
	  .words_valid = 3 },
	{ "write protection of a part", V, IOCTL, REGISTER, 0,
	  .after = "10000-11000 rw- | 11000-12000 rw- +uw u4 | 12000-14000 rw-",
	  .flags = "rd wr mr mw me uw ac", .at = 0x11000,
	  .words = { 0x11000, 0x1000, UFFDIO_REGISTER_MODE_WP }, .words_valid = 3 },
	{ "over a hole", V " | 15000-16000 rw-", IOCTL, REGISTER, 0,
	  .after = V " +um u4 | 15000-16000 rw- +um u4", .words = { 0x10000, 0x6000, MISSING },
	  .words_valid = 3 },
	{ "taken back", "10000-12000 rw- | 12000-14000 rw- +um u4", IOCTL, UNREGISTER, 0,
	  .after = V, .why[0] = VMT_WHY_MERGE_BELOW, .words = { 0x12000, 0x2000 },
	  .words_valid = 2 },
	{ "taken back by another one", V " +um u9", IOCTL, UNREGISTER, -EINVAL,
	  .why[0] = VMT_WHY_UFFD_REFUSED, .words = { 0x10000, 0x4000 }, .words_valid = 2 },
	{ "the descriptor's state", V, IOCTL, REGISTER, -EINVAL,
	  .words = { 0x10000, 0x4000, MISSING }, .words_valid = 3, .open = true },
	{ "words that cannot be read", V, IOCTL, REGISTER, -EFAULT, .open = true },
};

static void test_uffd(void **state)
{
	(void)state;
	call_run_all(registrations);
}

/* ---- map_shadow_stack -------------------------------------------------------------------------- */

#define SHADOW VMT_CALL_MAP_SHADOW_STACK

static const struct call_case shadows[] = {
	{ "the processor has none", "", SHADOW, ARGS(0, 0x1000, 8), -EOPNOTSUPP, .open = true },
	{ "unknown flags", "", SHADOW, ARGS(0, 0x1000, 8), -EINVAL, .why[0] = VMT_WHY_BAD_FLAGS },
	{ "no room for a token", "", SHADOW, ARGS(0, 0x1004, 1), -EINVAL, .after = NULL },
	{ "below 4 GiB", "", SHADOW, ARGS(0x10000, 0x1000, 0), -ERANGE,
	  .why[0] = VMT_WHY_BELOW_MIN },
	{ "the place is taken", "200000000-200001000 rw-", SHADOW, ARGS(0x200000000, 0x1000, 0),
	  -EEXIST, .why[0] = VMT_WHY_NOREPLACE },
};

static void test_shadow(void **state)
{
	(void)state;
	call_run_all(shadows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mseal), cmocka_unit_test(test_mbind),
		cmocka_unit_test(test_shm),   cmocka_unit_test(test_shm_pieces),
		cmocka_unit_test(test_aio),   cmocka_unit_test(test_remap),
		cmocka_unit_test(test_uffd),  cmocka_unit_test(test_shadow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
