/* SPDX-License-Identifier: MIT */
/*
 * image: shared vocabulary, no functions. What the kernel shows of an address space from outside,
 * as plain values: a line of /proc/PID/maps, the headers of an ELF file, and everything there is
 * to know of a new program at its exec stop.
 *
 * trace fills these in, elf fills in the ELF part, mm's loader reads them.
 */
#ifndef VMTRACE_IMAGE_H
#define VMTRACE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vmt_perm {
	VMT_PERM_READ = 1,
	VMT_PERM_WRITE = 2,
	VMT_PERM_EXEC = 4,
	VMT_PERM_SHARED = 8, /* 's' in maps (VM_MAYSHARE) */
};

/* One VMA as a line of /proc/PID/maps or a PROCMAP_QUERY shows it. */
struct vmt_mapping {
	uint64_t start; /* [start, end), bytes */
	uint64_t end;
	unsigned perms; /* enum vmt_perm */
	bool gate; /* a gate page ([vsyscall], arm [vectors]): in the text, not in the tree */
	uint64_t offset; /* bytes; 0 for anonymous memory */
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	const char
		*name; /* raw bytes from a names pool, "" if none; \012 is decoded to a newline */
};

/* A whole layout, in order of address. The array belongs to whoever declared it. */
struct vmt_layout {
	struct vmt_mapping *data;
	size_t count;
	size_t capacity;
};

/* One PT_LOAD. */
struct vmt_segment {
	uint64_t vaddr;
	uint64_t memory_bytes; /* p_memsz */
	uint64_t file_bytes; /* p_filesz */
	uint64_t offset; /* p_offset */
	uint64_t align; /* p_align */
	unsigned perms; /* from PF_R, PF_W, PF_X */
};

enum {
	VMT_ELF_SEGMENT_MAX = 64
};

/* What the loader needs of an ELF file. */
struct vmt_elf {
	unsigned word_bits; /* 32 or 64 */
	uint16_t machine;
	bool dynamic_base; /* ET_DYN */
	uint64_t entry;
	uint64_t phdr_vaddr; /* where the program headers are mapped; 0 if no segment holds them */
	unsigned segment_count;
	struct vmt_segment segments[VMT_ELF_SEGMENT_MAX]; /* PT_LOAD in file order */
	char interpreter[256]; /* PT_INTERP, "" if none */
	bool has_gnu_stack;
	bool executable_stack; /* PT_GNU_STACK has PF_X */
	uint64_t relro_vaddr; /* PT_GNU_RELRO; relro_bytes 0 if none */
	uint64_t relro_bytes;
};

/* One section that takes memory (SHF_ALLOC, and not the zeroes of thread-local data). */
struct vmt_section {
	const char *name; /* raw bytes from a names pool, cut at 64 */
	uint64_t vaddr;
	uint64_t memory_bytes; /* more than 0; vaddr + memory_bytes does not wrap */
	bool in_file; /* false: zeroes only (SHT_NOBITS), as .bss */
};

enum {
	VMT_ELF_SECTION_MAX = 512, /* a file with more shows its first ones */
	VMT_ELF_BUILD_ID_MAX = 64
};

/* What a reader of layouts wants to know of an ELF file. */
struct vmt_elf_facts {
	struct vmt_elf elf;
	const char *soname; /* DT_SONAME, from a names pool; "" if none */
	unsigned char build_id[VMT_ELF_BUILD_ID_MAX];
	unsigned build_id_bytes; /* 0 if none */
	bool dynamic; /* it has a dynamic section */
	bool pie; /* DF_1_PIE; before linkers set that: ET_DYN with an interpreter */
	bool bind_now; /* all symbols are bound at the start */
	bool text_relocations; /* DT_TEXTREL: the linker writes into pages that are not writable */
	/* In order of address. Empty where the section headers were stripped or are damaged. */
	struct {
		struct vmt_section *data;
		size_t count;
		size_t capacity;
	} sections;
};

enum vmt_limit {
	VMT_LIMIT_AS,
	VMT_LIMIT_DATA,
	VMT_LIMIT_STACK,
	VMT_LIMIT_MEMLOCK,
	VMT_LIMIT_COUNT,
};

#define VMT_LIMIT_INFINITY UINT64_MAX

/*
 * What mm asks of the task that makes a call, and not of its memory: the limits of its process
 * (signal->rlim), its personality and its credentials. Tasks that share a space can have others each.
 */
struct vmt_rights {
	uint64_t limits[VMT_LIMIT_COUNT]; /* soft limits, bytes */
	uint64_t hard_limits[VMT_LIMIT_COUNT];
	uint32_t personality; /* of personality(2) */
	/* In the initial user namespace, as capable() of kernel/capability.c asks. */
	bool may_lock; /* CAP_IPC_LOCK: RLIMIT_MEMLOCK does not apply */
	bool raw_io; /* CAP_SYS_RAWIO: vm.mmap_min_addr does not apply */
	bool may_advise; /* CAP_SYS_NICE: process_madvise may reach other processes */
};

/*
 * Everything known of a program at its PTRACE_EVENT_EXEC stop, before it runs one instruction; or of
 * one that was attached to, as it is then.
 */
struct vmt_image {
	const char *exe_name; /* as maps names it */
	const char *interp_name; /* "" if there is no interpreter */
	bool has_exe; /* the ELF headers could be read */
	bool has_interp;
	struct vmt_elf exe;
	struct vmt_elf interp;
	/* auxiliary vector; 0 if absent */
	uint64_t at_base;
	uint64_t at_entry;
	uint64_t at_phdr;
	uint64_t at_sysinfo_ehdr;
	/* /proc/PID/stat; 0 if it could not be read */
	uint64_t start_code;
	uint64_t end_code;
	uint64_t start_data;
	uint64_t end_data;
	uint64_t start_brk;
	uint64_t start_stack;
	uint64_t arg_start;
	uint64_t env_end;
	struct vmt_rights rights;
	bool randomized; /* ASLR was on for this exec */
	struct vmt_layout layout;
	/*
	 * Attached to only: for each row of layout the words of its VmFlags line in smaps, "rd wr mr";
	 * "" if unknown. From a names pool. Empty where nothing is known.
	 */
	struct {
		const char **data;
		size_t count;
		size_t capacity;
	} vm_flags;
	/* Attached to only: the superblock's magic of each row's file, 0 if unknown. */
	struct {
		uint64_t *data;
		size_t count;
		size_t capacity;
	} filesystems;
};

/* One page of a process, as far as the kernel shows it. */
struct vmt_page_state {
	uint64_t page_bytes; /* the page size */
	bool known; /* pagemap could be read: the flags up to frame are right */
	bool present;
	bool swapped; /* in a swap area, or on its way (migration) */
	bool file; /* a page of a file or of shared memory */
	bool exclusive; /* mapped here and nowhere else */
	bool soft_dirty; /* written since clear_refs; never set where that is not compiled in */
	bool uffd_protected; /* userfaultfd wants to hear of writes */
	bool guard; /* MADV_GUARD_INSTALL */
	bool has_categories; /* PAGEMAP_SCAN answered: the next two are right */
	bool zero; /* the page of zeros that everybody shares */
	bool huge; /* one entry of a higher level maps it, with its neighbours */
	bool has_frame; /* the kernel shows frames (CAP_SYS_ADMIN) */
	uint64_t frame; /* physical address >> log2(page_bytes) */
	uint64_t swap_area; /* if swapped and has_frame */
	uint64_t swap_slot;
	bool has_frame_flags; /* /proc/kpageflags could be read */
	uint64_t frame_flags; /* KPF_… of linux/kernel-page-flags.h */
	bool has_file_size; /* the file could be found and asked */
	uint64_t file_size_bytes; /* of the file that the VMA maps */
	const char *vm_flags; /* smaps' VmFlags of the VMA (none covers the address: of the next
				 above), "rd wr mr"; NULL unknown */
};

#endif
