/* SPDX-License-Identifier: MIT */
/*
 * test-exec: the loader, with images made by hand. A case is the kernel's layout at the exec stop,
 * the program headers that led to it, and the steps that the loader must tell, one a line:
 *
 *	NUMBER CAUSE [INDEX] START-END CHECK [REASON]
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm-fixture.h"

enum {
	R = VMT_PERM_READ,
	W = VMT_PERM_WRITE,
	X = VMT_PERM_EXEC,
	EXE_INODE = 100,
	INTERP_INODE = 200,
};

struct run {
	struct mm mm;
	struct vmt_image image;
	struct vmt_str steps;
};

/* ---- Images -------------------------------------------------------------------------------- */

static void row(struct run *run, uint64_t start, uint64_t end, unsigned perms, const char *name)
{
	const struct vmt_mapping mapping = {
		.start = start, .end = end, .perms = perms, .name = name
	};

	vmt_array_push(&run->image.layout, mapping);
}

static void file_row(struct run *run, uint64_t start, uint64_t end, unsigned perms, uint64_t offset,
		     uint64_t inode)
{
	row(run, start, end, perms, inode == EXE_INODE ? "/bin/a" : "/lib/ld.so");
	run->image.layout.data[run->image.layout.count - 1].offset = offset;
	run->image.layout.data[run->image.layout.count - 1].inode = inode;
	run->image.layout.data[run->image.layout.count - 1].dev_major = 8;
}

static void segment(struct vmt_elf *elf, uint64_t vaddr, uint64_t memory, uint64_t file,
		    uint64_t offset, unsigned perms)
{
	elf->segments[elf->segment_count++] = (struct vmt_segment){
		.vaddr = vaddr,
		.memory_bytes = memory,
		.file_bytes = file,
		.offset = offset,
		.align = 0x1000,
		.perms = perms,
	};
}

/* An x86-64 image without segments, with stack, vdso and gate still to come. */
static void run_open(struct run *run)
{
	memset(run, 0, sizeof(*run));
	mm_open(&run->mm);
	run->mm.space->mmap_base = 0;
	run->image.exe_name = "/bin/a";
	run->image.interp_name = "";
	run->image.has_exe = true;
	run->image.exe.word_bits = run->image.interp.word_bits = 64;
	run->image.exe.machine = run->image.interp.machine = EM_X86_64;
	run->image.start_stack = 0x7fffffffe100;
	run->image.at_sysinfo_ehdr = 0x7ffff7ffd000;
	for (size_t i = 0; i < VMT_LIMIT_COUNT; i++)
		run->image.rights.limits[i] = run->image.rights.hard_limits[i] = VMT_LIMIT_INFINITY;
}

/* What every image ends with, in order of address. */
static void rows_of_kernel(struct run *run)
{
	row(run, 0x7ffff7ff7000, 0x7ffff7ffb000, R, "[vvar]");
	row(run, 0x7ffff7ffb000, 0x7ffff7ffd000, R, "[vvar_vclock]");
	row(run, 0x7ffff7ffd000, 0x7ffff7fff000, R | X, "[vdso]");
	row(run, 0x7ffffffde000, 0x7ffffffff000, R | W, "[stack]");
	row(run, 0xffffffffff600000, 0xffffffffff601000, X, "[vsyscall]");
	run->image.layout.data[run->image.layout.count - 1].gate = true;
}

/* The steps of rows_of_kernel(): before and after those of the ELF files. */
#define STEPS_BEFORE \
	"0 boot ffffffffff600000-ffffffffff601000 match\n" \
	"1 stack 7ffffffde000-7ffffffff000 match\n"
#define STEPS_AFTER(vdso, vvar, vclock) \
#vdso " special 7ffff7ffd000-7ffff7fff000 match\n" #vvar \
	      " special 7ffff7ff7000-7ffff7ffb000 match\n" #vclock \
	      " special 7ffff7ffb000-7ffff7ffd000 match\n"
#define TEXT_OF_KERNEL \
	" | 7ffff7ff7000-7ffff7ffb000 r-- +pf +io +de +dd -mw -me sp:[vvar] solid" \
	" | 7ffff7ffb000-7ffff7ffd000 r-- +pf +io +de +dd -mw -me sp:[vvar_vclock] solid" \
	" | 7ffff7ffd000-7ffff7fff000 r-x +de sp:[vdso] solid" \
	" | 7ffffffde000-7ffffffff000 rw- a1 +gd"

static void tell(void *data, struct vmt_step *step)
{
	static const char *const causes[] = {
		[VMT_CAUSE_BOOT] = "boot",
		[VMT_CAUSE_EXEC_STACK] = "stack",
		[VMT_CAUSE_EXEC_SEGMENT] = "segment",
		[VMT_CAUSE_EXEC_BSS] = "bss",
		[VMT_CAUSE_INTERP_SEGMENT] = "interp",
		[VMT_CAUSE_INTERP_BSS] = "interp-bss",
		[VMT_CAUSE_EXEC_SPECIAL] = "special",
		[VMT_CAUSE_EXEC_OTHER] = "other",
	};
	static const char *const checks[] = { "unchecked", "match", "adjusted" };
	struct run *run = data;

	mm_mirror_apply(&run->mm.mirror, step);
	vmt_str_printf(&run->steps, "%u %s ", step->number, causes[step->cause]);
	if (step->index)
		vmt_str_printf(&run->steps, "%u ", step->index);
	vmt_str_printf(&run->steps, "%" PRIx64 "-%" PRIx64 " %s%s%s\n", step->start, step->end,
		       checks[step->check], step->reason ? " " : "",
		       step->reason ? vmt_reason_name(step->reason) : "");
	assert_int_equal(step->predicted, step->cause != VMT_CAUSE_EXEC_OTHER);
}

/* Executes, and compares the steps, the VMAs, and the layout with the kernel's. */
static void run_exec(struct run *run, const char *steps, const char *text)
{
	struct vmt_view_list list;

	vmt_space_exec(run->mm.space, &run->image, tell, run);
	if (strcmp(vmt_str_text(&run->steps), steps) != 0)
		fail_msg("have\n%swanted\n%s", vmt_str_text(&run->steps), steps);
	mm_mirror_check(&run->mm.mirror, run->mm.space);
	if (text)
		mm_assert(&run->mm, "exec", text);
	vmt_space_view(run->mm.space, &list);
	assert_int_equal(list.rows.count, run->image.layout.count);
	for (size_t i = 0; i < list.rows.count; i++)
		assert_true(vmt_mapping_equal(&list.rows.data[i].map, &run->image.layout.data[i]));
	vmt_view_list_deinit(&list);
}

static void run_close(struct run *run)
{
	vmt_array_deinit(&run->image.layout);
	vmt_str_deinit(&run->steps);
	mm_close(&run->mm);
}

/* ---- Static ------------------------------------------------------------------------------- */

/*
 *	400000    401000    403000 404000 405000
 *	[ r--     ][ r-x     ][ rw-  ][ bss ]
 *	file 0     1000       2000
 */
static void static_program(struct run *run)
{
	struct vmt_elf *exe = &run->image.exe;

	segment(exe, 0x400000, 0x700, 0x700, 0, R);
	segment(exe, 0x401000, 0x1800, 0x1800, 0x1000, R | X);
	segment(exe, 0x403e00, 0x1000, 0x180, 0x2e00, R | W);
	exe->entry = run->image.at_entry = 0x401010;
	run->image.start_brk = 0x405000;
	file_row(run, 0x400000, 0x401000, R, 0, EXE_INODE);
	file_row(run, 0x401000, 0x403000, R | X, 0x1000, EXE_INODE);
	file_row(run, 0x403000, 0x404000, R | W, 0x2000, EXE_INODE);
	row(run, 0x404000, 0x405000, R | W, "");
	rows_of_kernel(run);
}

static void test_static(void **state)
{
	struct run run;

	(void)state;
	run_open(&run);
	static_program(&run);
	/* padzero wrote behind the file part of the data: it has an anon_vma, the .bss has none */
	run_exec(&run,
		 STEPS_BEFORE "2 segment 1 400000-401000 match\n"
			      "3 segment 2 401000-403000 match\n"
			      "4 segment 3 403000-404000 match\n"
			      "5 bss 3 404000-405000 match\n" STEPS_AFTER(6, 7, 8),
		 "400000-401000 r-- f1@0 | 401000-403000 r-x f1@1 | 403000-404000 rw- a2 f1@2 | "
		 "404000-405000 rw-" TEXT_OF_KERNEL);
	assert_string_equal(vmt_space_exe(run.mm.space), "/bin/a");
	/* nothing was searched for before the vdso: its end is mmap_base */
	assert_int_equal(run.mm.space->mmap_base, 0x7ffff7fff000);
	assert_int_equal(run.mm.space->brk, 0x405000);
	assert_true(run.mm.space->brk_known);
	run_close(&run);
}

/* Before 6.12 the vdso lies above the stack and tells nothing of mmap_base. */
static void test_static_old_vdso(void **state)
{
	struct run run;

	(void)state;
	run_open(&run);
	run.mm.space->features.vdso_above_stack = true;
	static_program(&run);
	vmt_space_exec(run.mm.space, &run.image, tell, &run);
	assert_int_equal(run.mm.space->mmap_base, 0);
	run_close(&run);
}

/* ---- PIE with interpreter ----------------------------------------------------------------- */

#define BIAS 0x555555554000
#define INTERP_BASE 0x7ffff7fc7000

/*
 * The program's two read-only segments go on from each other, in memory and in the file: one VMA.
 * The interpreter has .bss beyond its file.
 */
static void test_pie(void **state)
{
	struct run run;
	struct vmt_elf *exe = &run.image.exe, *interp = &run.image.interp;

	(void)state;
	run_open(&run);
	exe->dynamic_base = true;
	strcpy(exe->interpreter, "/lib/ld.so");
	segment(exe, 0, 0x1000, 0x1000, 0, R);
	segment(exe, 0x1000, 0x1000, 0x1000, 0x1000, R);
	segment(exe, 0x2000, 0x500, 0x500, 0x2000, R | X);
	segment(exe, 0x3dd0, 0x230, 0x230, 0x2dd0, R | W);
	exe->entry = 0x2040;
	run.image.at_entry = BIAS + 0x2040;
	run.image.start_brk = BIAS + 0x4000;
	run.image.has_interp = true;
	run.image.interp_name = "/lib/ld.so";
	run.image.at_base = INTERP_BASE;
	interp->dynamic_base = true;
	segment(interp, 0, 0x20000, 0x20000, 0, R | X);
	segment(interp, 0x2f000, 0x3200, 0x1800, 0x2f000, R | W);
	run.image.at_sysinfo_ehdr = 0x7ffff7fc5000;

	file_row(&run, BIAS, BIAS + 0x2000, R, 0, EXE_INODE);
	file_row(&run, BIAS + 0x2000, BIAS + 0x3000, R | X, 0x2000, EXE_INODE);
	file_row(&run, BIAS + 0x3000, BIAS + 0x4000, R | W, 0x2000, EXE_INODE);
	row(&run, 0x7ffff7fbf000, 0x7ffff7fc3000, R, "[vvar]");
	row(&run, 0x7ffff7fc3000, 0x7ffff7fc5000, R, "[vvar_vclock]");
	row(&run, 0x7ffff7fc5000, 0x7ffff7fc7000, R | X, "[vdso]");
	file_row(&run, INTERP_BASE, INTERP_BASE + 0x20000, R | X, 0, INTERP_INODE);
	file_row(&run, INTERP_BASE + 0x2f000, INTERP_BASE + 0x31000, R | W, 0x2f000, INTERP_INODE);
	row(&run, INTERP_BASE + 0x31000, INTERP_BASE + 0x33000, R | W, "");
	row(&run, 0x7ffffffde000, 0x7ffffffff000, R | W, "[stack]");
	row(&run, 0xffffffffff600000, 0xffffffffff601000, X, "[vsyscall]");
	run.image.layout.data[run.image.layout.count - 1].gate = true;

	run_exec(&run,
		 STEPS_BEFORE "2 segment 1 555555554000-555555555000 match\n"
			      "3 segment 2 555555555000-555555556000 match\n"
			      "4 segment 3 555555556000-555555557000 match\n"
			      "5 segment 4 555555557000-555555558000 match\n"
			      "6 interp 1 7ffff7fc7000-7ffff7fe7000 match\n"
			      "7 interp 2 7ffff7ff6000-7ffff7ff8000 match\n"
			      "8 interp-bss 2 7ffff7ff8000-7ffff7ffa000 match\n"
			      "9 special 7ffff7fc5000-7ffff7fc7000 match\n"
			      "10 special 7ffff7fbf000-7ffff7fc3000 match\n"
			      "11 special 7ffff7fc3000-7ffff7fc5000 match\n",
		 NULL);
	/* the interpreter was the first thing to be searched a place for */
	assert_int_equal(run.mm.space->mmap_base, INTERP_BASE + 0x33000);
	assert_string_equal(vmt_space_interp(run.mm.space), "/lib/ld.so");
	/* the data segment ends with its file part: nothing to zero, no anon_vma */
	assert_int_equal(vmt_find_vma(run.mm.space, BIAS + 0x3000)->anon_vma, VMT_ANON_NONE);
	assert_int_not_equal(vmt_find_vma(run.mm.space, INTERP_BASE + 0x2f000)->anon_vma,
			     VMT_ANON_NONE);
	run_close(&run);
}

/* ---- .bss --------------------------------------------------------------------------------- */

/*
 * One data segment at 403000, file offset 2000; what is mapped, and whether its file part has an
 * anon_vma from the zeroing of the last file page (a2):
 *
 *	 vaddr        + file          + memory
 *	[ file   |0000 ][ anonymous  ]
 */
static void test_bss(void **state)
{
	static const struct {
		const char *name;
		uint64_t vaddr;
		uint64_t file;
		uint64_t memory;
		unsigned perms;
		const char *text; /* the segment's VMAs */
		const char *steps;
	} cases[] = {
		{ "within the file's last page", 0x403000, 0x100, 0x800, R | W,
		  "403000-404000 rw- a2 f1@2", "2 segment 1 403000-404000 match\n" },
		{ "up to the end of that page", 0x403000, 0x100, 0x1000, R | W,
		  "403000-404000 rw- a2 f1@2", "2 segment 1 403000-404000 match\n" },
		{ "beyond it", 0x403000, 0x100, 0x1001, R | W,
		  "403000-404000 rw- a2 f1@2 | 404000-405000 rw-",
		  "2 segment 1 403000-404000 match\n3 bss 1 404000-405000 match\n" },
		{ "file part ends on a page: nothing is zeroed", 0x403000, 0x1000, 0x2000, R | W,
		  "403000-404000 rw- f1@2 | 404000-405000 rw-",
		  "2 segment 1 403000-404000 match\n3 bss 1 404000-405000 match\n" },
		{ "none", 0x403000, 0x1000, 0x1000, R | W, "403000-404000 rw- f1@2",
		  "2 segment 1 403000-404000 match\n" },
		{ "none, and the file part ends within a page", 0x403000, 0x800, 0x800, R | W,
		  "403000-404000 rw- f1@2", "2 segment 1 403000-404000 match\n" },
		{ "no file part at all", 0x403000, 0, 0x2000, R | W, "403000-405000 rw-",
		  "2 bss 1 403000-405000 match\n" },
		{ "no file part, not on a page", 0x403800, 0, 0x1000, R | W, "403000-405000 rw-",
		  "2 bss 1 403000-405000 match\n" },
		{ "executable", 0x403000, 0x1000, 0x2000, R | W | X,
		  "403000-404000 rwx f1@2 | 404000-405000 rwx",
		  "2 segment 1 403000-404000 match\n3 bss 1 404000-405000 match\n" },
		/* .bss is writable whatever its segment is */
		{ "of a read-only segment", 0x403000, 0x1000, 0x2000, R,
		  "403000-404000 r-- f1@2 | 404000-405000 rw-",
		  "2 segment 1 403000-404000 match\n3 bss 1 404000-405000 match\n" },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		const char *text = cases[i].text;
		struct vmt_str steps = { 0 }, whole = { 0 };
		struct run run;
		unsigned n;

		run_open(&run);
		segment(&run.image.exe, cases[i].vaddr, cases[i].memory, cases[i].file,
			cases[i].vaddr - 0x403000 + 0x2000, cases[i].perms);
		vmt_str_printf(&whole, "%s" TEXT_OF_KERNEL, text);
		while (text) {
			struct vmt_vma vma;

			text = mm_parse(&run.mm, text, &vma);
			if (vma.file.description)
				file_row(&run, vma.range.start, vma.range.end, vmt_vma_perms(&vma),
					 vma.pgoff << 12, EXE_INODE);
			else
				row(&run, vma.range.start, vma.range.end, vmt_vma_perms(&vma), "");
		}
		run.mm.space->next_anon_vma = 1;
		rows_of_kernel(&run);
		n = strstr(cases[i].steps, "\n3 ") ? 4 : 3;
		vmt_str_printf(&steps,
			       STEPS_BEFORE "%s%u special 7ffff7ffd000-7ffff7fff000 match\n"
					    "%u special 7ffff7ff7000-7ffff7ffb000 match\n"
					    "%u special 7ffff7ffb000-7ffff7ffd000 match\n",
			       cases[i].steps, n, n + 1, n + 2);
		run_exec(&run, vmt_str_text(&steps), vmt_str_text(&whole));
		vmt_str_deinit(&steps);
		vmt_str_deinit(&whole);
		run_close(&run);
	}
}

/* ---- What the headers do not explain ------------------------------------------------------- */

/* The kernel's layout has other perms for a segment, and a mapping that nobody asked for. */
static void test_contradiction(void **state)
{
	struct run run;

	(void)state;
	run_open(&run);
	static_program(&run);
	run.image.layout.data[1].perms = R;
	row(&run, 0, 0, 0, "");
	memmove(run.image.layout.data + 1, run.image.layout.data,
		(run.image.layout.count - 1) * sizeof(*run.image.layout.data));
	run.image.layout.data[0] = (struct vmt_mapping){
		.start = 0x10000, .end = 0x12000, .perms = R | X, .name = ""
	};
	run_exec(&run,
		 STEPS_BEFORE "2 segment 1 400000-401000 match\n"
			      "3 segment 2 401000-403000 adjusted loader\n"
			      "4 segment 3 403000-404000 match\n"
			      "5 bss 3 404000-405000 match\n" STEPS_AFTER(
				      6, 7, 8) "9 other 10000-12000 adjusted loader\n"
					       "10 other 401000-403000 adjusted loader\n",
		 NULL);
	run_close(&run);
}

/* A segment that the kernel did not map at all, and one mapped shorter than asked. */
static void test_missing(void **state)
{
	struct run run;

	(void)state;
	run_open(&run);
	static_program(&run);
	run.image.layout.data[1].end = 0x402000;
	memmove(run.image.layout.data, run.image.layout.data + 1,
		--run.image.layout.count * sizeof(*run.image.layout.data));
	run_exec(&run,
		 STEPS_BEFORE "2 segment 1 400000-401000 adjusted loader\n"
			      "3 segment 2 401000-403000 adjusted loader\n"
			      "4 segment 3 403000-404000 match\n"
			      "5 bss 3 404000-405000 match\n" STEPS_AFTER(
				      6, 7, 8) "9 other 401000-402000 adjusted loader\n",
		 NULL);
	run_close(&run);
}

/* Without headers everything is as the kernel shows it. */
static void test_no_headers(void **state)
{
	struct run run;

	(void)state;
	run_open(&run);
	static_program(&run);
	run.image.has_exe = false;
	run_exec(&run,
		 STEPS_BEFORE "2 special 7ffff7ffd000-7ffff7fff000 match\n"
			      "3 special 7ffff7ff7000-7ffff7ffb000 match\n"
			      "4 special 7ffff7ffb000-7ffff7ffd000 match\n"
			      "5 other 400000-401000 adjusted unreadable\n"
			      "6 other 401000-403000 adjusted unreadable\n"
			      "7 other 403000-404000 adjusted unreadable\n"
			      "8 other 404000-405000 adjusted unreadable\n",
		 NULL);
	assert_ptr_equal(run.mm.space->arch, &vmt_arch_x86_64);
	run_close(&run);
}

/* The architecture is the ELF file's; an unknown one is taken for x86-64. */
static void test_architecture(void **state)
{
	static const struct {
		uint16_t machine;
		unsigned word_bits;
		const struct vmt_arch *arch;
	} cases[] = {
		{ EM_X86_64, 64, &vmt_arch_x86_64 },
		{ EM_386, 32, &vmt_arch_i386 },
		{ EM_S390, 64, &vmt_arch_x86_64 },
	};

	(void)state;
	for (size_t i = 0; i < vmt_countof(cases); i++) {
		struct run run;

		run_open(&run);
		run.image.exe.machine = cases[i].machine;
		run.image.exe.word_bits = cases[i].word_bits;
		run.image.rights.personality = VMT_ADDR_COMPAT_LAYOUT;
		vmt_space_exec(run.mm.space, &run.image, tell, &run);
		assert_ptr_equal(run.mm.space->arch, cases[i].arch);
		assert_int_equal(run.mm.space->task_size, cases[i].arch->task_size);
		assert_int_equal(run.mm.space->legacy_base, cases[i].arch->legacy_base);
		assert_true(run.mm.space->legacy);
		assert_int_equal(vmt_space_count(run.mm.space), 0);
		assert_false(run.mm.space->brk_known);
		run_close(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_static),        cmocka_unit_test(test_static_old_vdso),
		cmocka_unit_test(test_pie),           cmocka_unit_test(test_bss),
		cmocka_unit_test(test_contradiction), cmocka_unit_test(test_missing),
		cmocka_unit_test(test_no_headers),    cmocka_unit_test(test_architecture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
