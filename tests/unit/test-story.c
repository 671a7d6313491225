/* SPDX-License-Identifier: MIT */
/* test-story: what steps are for, told from steps made by hand. */
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

#define LIB "/usr/lib/libx.so.1"
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define MIB (1ULL << 20)

static struct vmt_story *story;
static uint32_t number; /* of the next step */

static int begin(void **state)
{
	(void)state;
	story = vmt_story_new();
	number = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	vmt_story_free(story);
	return 0;
}

/* Tells the story one step more, and frees it. Returns its group. */
static uint32_t tell(struct fake *fake, const char *actor, enum vmt_pattern pattern,
		     const char *purpose)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	struct vmt_meaning meaning;

	fake->step.actor = actor;
	vmt_story_step(story, &fake->step, &meaning, &text);
	assert_string_equal(vmt_str_text(&text), purpose);
	assert_string_equal(vmt_pattern_name(meaning.pattern), vmt_pattern_name(pattern));
	assert_true(meaning.group > 0);
	fake_deinit(fake);
	return meaning.group;
}

static void map(struct fake *fake, uint64_t at, uint64_t length, uint64_t prot, uint64_t flags,
		const char *file)
{
	fake_call(fake, number++, VMT_CALL_MMAP, flags & MAP_FIXED ? at : 0, length, prot, flags,
		  file ? 3 : UINT64_MAX, 0);
	if (file)
		fake_file(fake, file);
	fake_return(fake, (int64_t)at);
	fake_range(fake, at, at + ((length + 4095) & ~4095ULL));
}

static void change(struct fake *fake, enum vmt_call_id call, uint64_t at, uint64_t length,
		   uint64_t third)
{
	fake_call(fake, number++, call, at, length, third, 0, 0, 0);
	fake_range(fake, at, at + length);
	fake_removed(fake, at, at + length, VMT_PERM_READ | VMT_PERM_WRITE, "", 0);
}

/* The kernel has mapped a program and its linker. */
static void make_dynamic(void)
{
	struct fake fake;

	fake_cause(&fake, number++, VMT_CAUSE_EXEC_SEGMENT);
	fake.step.index = 1;
	fake.step.file_name = "/a.out";
	fake_range(&fake, 0x400000, 0x401000);
	fake_added(&fake, 0x400000, 0x401000, VMT_PERM_READ | VMT_PERM_WRITE, "/a.out", 0);
	tell(&fake, "kernel", VMT_PATTERN_EXEC_PROGRAM, "data of a.out");
	fake_cause(&fake, number++, VMT_CAUSE_INTERP_SEGMENT);
	fake.step.index = 1;
	fake.step.file_name = "/lib/ld.so";
	fake_range(&fake, 0x7f0000000000, 0x7f0000001000);
	fake_added(&fake, 0x7f0000000000, 0x7f0000001000, VMT_PERM_READ | VMT_PERM_EXEC,
		   "/lib/ld.so", 1);
	tell(&fake, "kernel", VMT_PATTERN_EXEC_LINKER, "text of ld.so");
}

static void set_thread_pointer(uint64_t at)
{
	struct fake fake;

	fake_call(&fake, number++, VMT_CALL_ARCH_PRCTL, VMT_ARCH_SET_FS, at, 0, 0, 0, 0);
	fake_range(&fake, at, at);
	tell(&fake, "linker", VMT_PATTERN_MAIN_THREAD, "TCB of the main thread");
}

static uint32_t map_library(uint64_t at, enum vmt_pattern pattern)
{
	struct fake fake;
	uint32_t group;

	map(&fake, at, 0x5000, PROT_READ, MAP_PRIVATE, LIB);
	group = tell(&fake, "linker", pattern, "reserve the span of libx.so.1");
	map(&fake, at + 0x1000, 0x1000, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, LIB);
	assert_int_equal(tell(&fake, "linker", pattern, "LOAD 2 of libx.so.1 (text)"), group);
	map(&fake, at + 0x2000, 0x1000, PROT_READ, MAP_PRIVATE | MAP_FIXED, LIB);
	assert_int_equal(tell(&fake, "linker", pattern, "LOAD 3 of libx.so.1 (read-only data)"),
			 group);
	map(&fake, at + 0x3000, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, LIB);
	assert_int_equal(tell(&fake, "linker", pattern, "LOAD 4 of libx.so.1 (data)"), group);
	map(&fake, at + 0x4000, 0x1000, PROT_READ | PROT_WRITE, ANON | MAP_FIXED, NULL);
	assert_int_equal(tell(&fake, "linker", pattern, "bss of libx.so.1"), group);
	return group;
}

static void relro(uint64_t at, enum vmt_pattern pattern, uint32_t group)
{
	struct fake fake;

	change(&fake, VMT_CALL_MPROTECT, at, 0x1000, PROT_READ);
	assert_int_equal(tell(&fake, "linker", pattern, "RELRO of libx.so.1"), group);
}

static void test_linker(void **state)
{
	struct fake fake;
	uint32_t group, cache;

	(void)state;
	make_dynamic();
	map(&fake, 0x10000, 8192, 3, ANON, NULL);
	tell(&fake, "linker", VMT_PATTERN_LD_HEAP, "ld.so's own heap (link maps)");
	map(&fake, 0x20000, 40000, 1, MAP_PRIVATE, "/etc/ld.so.cache");
	cache = tell(&fake, "linker", VMT_PATTERN_LD_CACHE, "ld.so.cache in");
	group = map_library(0x100000, VMT_PATTERN_LIBRARY);
	/* an old linker closes the gap between segments */
	change(&fake, VMT_CALL_MPROTECT, 0x102000, 0x1000, PROT_NONE);
	tell(&fake, "linker", VMT_PATTERN_LIBRARY, "close the gap between segments of libx.so.1");
	map(&fake, 0x30000, 12288, 3, ANON, NULL);
	tell(&fake, "linker", VMT_PATTERN_MAIN_THREAD, "TLS and TCB of the main thread");
	set_thread_pointer(0x30740);
	/* later than others, and still of the library */
	relro(0x103000, VMT_PATTERN_LIBRARY, group);
	change(&fake, VMT_CALL_MPROTECT, 0x400000, 0x1000, PROT_READ);
	tell(&fake, "linker", VMT_PATTERN_EXEC_PROGRAM, "RELRO of a.out");
	change(&fake, VMT_CALL_MUNMAP, 0x20000, 0xa000, 0);
	assert_int_equal(tell(&fake, "linker", VMT_PATTERN_LD_CACHE, "ld.so.cache out"), cache);
}

static void test_dlopen(void **state)
{
	struct fake fake;
	uint32_t group;

	(void)state;
	make_dynamic();
	set_thread_pointer(0x30740);
	group = map_library(0x100000, VMT_PATTERN_DLOPEN);
	relro(0x103000, VMT_PATTERN_DLOPEN, group);
	change(&fake, VMT_CALL_MUNMAP, 0x100000, 0x5000, 0);
	tell(&fake, "linker", VMT_PATTERN_DLCLOSE, "dlclose: end of libx.so.1");
	/* gone is gone */
	change(&fake, VMT_CALL_MPROTECT, 0x103000, 0x1000, PROT_READ);
	tell(&fake, "linker", VMT_PATTERN_SETTING, "other rights for memory");
}

static void test_chunks(void **state)
{
	struct fake fake;
	uint32_t group;

	(void)state;
	make_dynamic();
	/* the threshold, and what is a caller's rather than malloc's */
	map(&fake, 0x100000, 135168, 3, ANON, NULL);
	group = tell(&fake, "libc", VMT_PATTERN_MALLOC_CHUNK,
		     "malloc: large chunk (mmap threshold)");
	map(&fake, 0x200000, 131072, 3, ANON, NULL);
	tell(&fake, "libc", VMT_PATTERN_ANONYMOUS, "memory for the caller of mmap()");
	map(&fake, 0x300000, MIB, 3, ANON, NULL);
	tell(&fake, "libc", VMT_PATTERN_ANONYMOUS, "memory for the caller of mmap()");
	/* realloc moves it; free finds it at the new place */
	fake_call(&fake, number++, VMT_CALL_MREMAP, 0x100000, 135168, 270336, 1, 0, 0);
	fake_return(&fake, 0x500000);
	assert_int_equal(
		tell(&fake, "libc", VMT_PATTERN_REALLOC, "realloc of a large chunk by mremap"),
		group);
	change(&fake, VMT_CALL_MUNMAP, 0x100000, 135168, 0);
	tell(&fake, "libc", VMT_PATTERN_ANONYMOUS, "give memory back");
	change(&fake, VMT_CALL_MUNMAP, 0x500000, 270336, 0);
	assert_int_equal(tell(&fake, "libc", VMT_PATTERN_MALLOC_CHUNK, "free: large chunk"), group);
}

static void test_arena(void **state)
{
	const uint64_t at = 0x7f0010000000;
	struct fake fake;
	uint32_t group;

	(void)state;
	make_dynamic();
	map(&fake, at, 128 * MIB, PROT_NONE, ANON | MAP_NORESERVE, NULL);
	group = tell(&fake, "libc", VMT_PATTERN_MALLOC_ARENA, "malloc arena: reserve");
	change(&fake, VMT_CALL_MUNMAP, at, 16 * MIB, 0);
	tell(&fake, "libc", VMT_PATTERN_MALLOC_ARENA, "malloc arena: cut to its alignment");
	change(&fake, VMT_CALL_MPROTECT, at + 16 * MIB, 135168, 3);
	tell(&fake, "libc", VMT_PATTERN_MALLOC_ARENA, "malloc arena: first part to use");
	change(&fake, VMT_CALL_MPROTECT, at + 16 * MIB + 135168, 4096, 3);
	assert_int_equal(
		tell(&fake, "libc", VMT_PATTERN_MALLOC_ARENA, "malloc arena: grow by mprotect"),
		group);
	change(&fake, VMT_CALL_MUNMAP, at + 16 * MIB, 64 * MIB, 0);
	tell(&fake, "libc", VMT_PATTERN_MALLOC_ARENA, "malloc arena: give it back");
}

static void brk_step(uint64_t before, uint64_t asked, uint64_t result, const char *purpose)
{
	struct fake fake;

	fake_call(&fake, number++, VMT_CALL_BRK, asked, 0, 0, 0, 0, 0);
	fake_return(&fake, (int64_t)result);
	fake.step.old_start = 0x1000;
	fake.step.old_end = before;
	fake_range(&fake, before < result ? before : result, before < result ? result : before);
	tell(&fake, "libc", VMT_PATTERN_HEAP, purpose);
}

static void test_heap(void **state)
{
	struct fake fake;

	(void)state;
	make_dynamic();
	brk_step(0x1000, 0, 0x1000, "where the heap ends now");
	brk_step(0x1000, 0x22000, 0x22000, "malloc: heap (brk)");
	brk_step(0x22000, 0x5000, 0x5000, "malloc: trim the heap");
	brk_step(0x5000, 0x900000, 0x5000, "malloc: the heap cannot grow here");
	map(&fake, 0x100000, MIB, 3, ANON, NULL);
	tell(&fake, "libc", VMT_PATTERN_HEAP, "malloc: heap by mmap, because brk was refused");
}

static void test_thread(void **state)
{
	struct fake fake;
	uint32_t group;

	(void)state;
	make_dynamic();
	map(&fake, 0x100000, 8 * MIB, PROT_NONE, ANON | MAP_STACK, NULL);
	group = tell(&fake, "libc", VMT_PATTERN_THREAD_STACK, "thread stack + guard");
	change(&fake, VMT_CALL_MPROTECT, 0x101000, 8 * MIB - 4096, 3);
	tell(&fake, "libc", VMT_PATTERN_THREAD_STACK, "all but the guard may be used");
	fake_call(&fake, number++, VMT_CALL_SET_ROBUST_LIST, 0x100000 + 8 * MIB - 100, 24, 0, 0, 0,
		  0);
	fake_range(&fake, 0x100000 + 8 * MIB - 100, 0x100000 + 8 * MIB - 100);
	assert_int_equal(tell(&fake, "libc", VMT_PATTERN_THREAD_STACK, "locks of a thread"), group);
	map(&fake, 0x2000000, 16384, 3, ANON | MAP_STACK, NULL);
	tell(&fake, "program", VMT_PATTERN_SIGNAL_STACK, "alternate signal stack");
}

static void test_failure_changes_nothing(void **state)
{
	struct fake fake;

	(void)state;
	make_dynamic();
	map(&fake, 0x100000, 200704, 3, ANON, NULL);
	tell(&fake, "libc", VMT_PATTERN_MALLOC_CHUNK, "malloc: large chunk (mmap threshold)");
	change(&fake, VMT_CALL_MUNMAP, 0x100000, 200704, 0);
	fake_return(&fake, -EINVAL);
	tell(&fake, "libc", VMT_PATTERN_MALLOC_CHUNK, "free: large chunk");
	change(&fake, VMT_CALL_MUNMAP, 0x100000, 200704, 0);
	tell(&fake, "libc", VMT_PATTERN_MALLOC_CHUNK, "free: large chunk");
}

static void test_fork(void **state)
{
	struct vmt_story *parent = story;
	struct fake fake;

	(void)state;
	make_dynamic();
	map(&fake, 0x100000, 200704, 3, ANON, NULL);
	tell(&fake, "libc", VMT_PATTERN_MALLOC_CHUNK, "malloc: large chunk (mmap threshold)");
	story = vmt_story_fork(parent);
	fake_cause(&fake, number++, VMT_CAUSE_FORK);
	fake_added(&fake, 0x100000, 0x131000, VMT_PERM_READ | VMT_PERM_WRITE, "", 0);
	tell(&fake, "kernel", VMT_PATTERN_COW, "copy-on-write candidate: a large malloc chunk");
	fake_cause(&fake, number++, VMT_CAUSE_FORK);
	fake_added(&fake, 0x7f0000000000, 0x7f0000001000, VMT_PERM_READ | VMT_PERM_EXEC,
		   "/lib/ld.so", 0);
	tell(&fake, "kernel", VMT_PATTERN_FORK, "fork's copy: a segment of ld.so");
	change(&fake, VMT_CALL_MUNMAP, 0x100000, 200704, 0);
	tell(&fake, "libc", VMT_PATTERN_MALLOC_CHUNK, "free: large chunk");
	vmt_story_free(story);
	/* what the child gave back, the parent has */
	story = parent;
	change(&fake, VMT_CALL_MUNMAP, 0x100000, 200704, 0);
	tell(&fake, "libc", VMT_PATTERN_MALLOC_CHUNK, "free: large chunk");
}

static void test_title(void **state)
{
	static const struct {
		const char *what;
		const char *purpose;
		const char *title;
	} rows[] = {
		{ "map file (libx.so.1, rx) over 16", "LOAD 2 of libx.so.1 (text)",
		  "map file (libx.so.1, rx) over 16: LOAD 2 (text)" },
		{ "unmap ld.so.cache", "ld.so.cache out", "unmap ld.so.cache: out" },
		{ "map anon (rw)", "bss of libx.so.1", "map anon (rw): bss of libx.so.1" },
		{ "map 1st segment of h", "text of h", "map 1st segment of h: text" },
		{ "mprotect 'r'", "RELRO of h", "mprotect 'r': RELRO of h" },
		{ "brk: ask", "", "brk: ask" },
		{ "x", "y of ", "x: y of " },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(rows); i++) {
		struct vmt_step step = { .what = rows[i].what, .purpose = rows[i].purpose };
		struct vmt_str text = { 0 };

		vmt_title(&step, &text);
		assert_string_equal(vmt_str_text(&text), rows[i].title);
		vmt_str_deinit(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_linker, begin, end),
		cmocka_unit_test_setup_teardown(test_dlopen, begin, end),
		cmocka_unit_test_setup_teardown(test_chunks, begin, end),
		cmocka_unit_test_setup_teardown(test_arena, begin, end),
		cmocka_unit_test_setup_teardown(test_heap, begin, end),
		cmocka_unit_test_setup_teardown(test_thread, begin, end),
		cmocka_unit_test_setup_teardown(test_failure_changes_nothing, begin, end),
		cmocka_unit_test_setup_teardown(test_fork, begin, end),
		cmocka_unit_test(test_title),
	};

	return cmocka_run_group_tests_name("story", tests, NULL, NULL);
}
