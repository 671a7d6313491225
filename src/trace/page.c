/* SPDX-License-Identifier: MIT */
/*
 * page: everything the kernel shows of one page of a process: its pagemap entry, what PAGEMAP_SCAN
 * adds to it (the zero page, huge pages), and the flags of the page frame behind it.
 *
 * The entry that the MMU reads is shown nowhere. Frames and their flags need CAP_SYS_ADMIN: without
 * it the frame reads as 0. Source: Documentation/admin-guide/mm/pagemap.rst of Linux 6.18.
 *
 *	bit of a pagemap entry
 *	63 present   62 swapped   61 file or shared   58 guard   57 uffd-wp   56 exclusive   55 soft-dirty
 *	54:0 page frame; swapped: 54:5 slot, 4:0 area
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "procfs.h"
#include "vmtrace/trace.h"

#define BIT64(n) (UINT64_C(1) << (n))
#define FRAME_MASK (BIT64(55) - 1)

enum {
	SWAP_AREA_BITS = 5,
	/* categories of PAGEMAP_SCAN */
	CATEGORY_PRESENT = 1 << 3,
	CATEGORY_SWAPPED = 1 << 4,
	CATEGORY_ZERO = 1 << 5,
	CATEGORY_HUGE = 1 << 6,
};

static void take_entry(uint64_t entry, struct vmt_page_state *state)
{
	uint64_t low = entry & FRAME_MASK;

	state->known = true;
	state->present = entry & BIT64(63);
	state->file = entry & BIT64(61);
	state->guard = entry & BIT64(58);
	/* A guard page is a marker in the place of a swap entry. */
	state->swapped = entry & BIT64(62) && !state->guard;
	state->uffd_protected = entry & BIT64(57);
	state->exclusive = entry & BIT64(56);
	state->soft_dirty = entry & BIT64(55);
	/* No page of a process is frame 0, which the firmware has, nor at slot 0 of area 0. */
	state->has_frame = (state->present || state->swapped) && low;
	if (state->present) {
		state->frame = low;
	} else if (state->swapped) {
		state->swap_area = low & (BIT64(SWAP_AREA_BITS) - 1);
		state->swap_slot = low >> SWAP_AREA_BITS;
	}
}

static void take_categories(int pagemap, uint64_t page, struct vmt_page_state *state)
{
	uint64_t categories;

	if (vmt_pages_categories(pagemap, page, page + state->page_bytes,
				 CATEGORY_PRESENT | CATEGORY_SWAPPED, CATEGORY_ZERO | CATEGORY_HUGE,
				 &categories) < 0)
		return;
	state->has_categories = true;
	state->zero = categories & CATEGORY_ZERO;
	state->huge = categories & CATEGORY_HUGE;
}

static void take_frame_flags(struct vmt_page_state *state)
{
	VMT_CLEANUP(vmt_fd_close) int fd = -1;

	if (!state->present || !state->has_frame)
		return;
	fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	state->has_frame_flags = pread(fd, &state->frame_flags, sizeof(state->frame_flags),
				       (off_t)(state->frame * sizeof(state->frame_flags))) ==
				 sizeof(state->frame_flags);
}

/*
 * A regular file that is the one that @map maps, by the number of its inode: at the link @path of /proc, or
 * what the descriptor @where stands for if that is "". As the kernel knows it: nobody is asked.
 */
static bool is_mapped_file(int where, const char *path, const struct vmt_mapping *map,
			   struct statx *ret_status)
{
	return statx(where, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS,
		     ret_status) == 0 &&
	       S_ISREG(ret_status->stx_mode) && ret_status->stx_ino == map->inode;
}

/* The device too, where the path says nothing of the mapping. */
static bool is_same_file(int where, const char *path, const struct vmt_mapping *map,
			 struct statx *ret_status)
{
	return is_mapped_file(where, path, map, ret_status) &&
	       ret_status->stx_dev_major == map->dev_major &&
	       ret_status->stx_dev_minor == map->dev_minor;
}

static bool find_named(pid_t pid, const struct vmt_mapping *map, struct statx *ret_status)
{
	VMT_CLEANUP(vmt_fd_close) int where = vmt_procfs_find(pid, map->name);

	return where >= 0 && is_same_file(where, "", map, ret_status);
}

/* The process may still have the descriptor that it mapped. */
static bool find_descriptor(pid_t pid, const struct vmt_mapping *map, struct statx *ret_status)
{
	char path[96];
	const struct dirent *entry;
	bool found = false;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	while (directory && !found && (entry = readdir(directory)) != NULL) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%.32s", pid, entry->d_name);
		found = entry->d_name[0] != '.' && is_same_file(AT_FDCWD, path, map, ret_status);
	}
	if (directory)
		closedir(directory);
	return found;
}

/*
 * By the range that it is mapped at the file is found whatever became of its name, but that is for
 * CAP_SYS_ADMIN and CAP_CHECKPOINT_RESTORE. Else by its name, as the process sees it, and among its
 * descriptors.
 */
static void take_file_size(pid_t pid, const struct vmt_mapping *map, struct vmt_page_state *state)
{
	struct statx status;
	char path[96];

	if (!map->inode)
		return;
	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", pid,
		 (unsigned long long)map->start, (unsigned long long)map->end);
	if (!is_mapped_file(AT_FDCWD, path, map, &status) && !find_named(pid, map, &status) &&
	    !find_descriptor(pid, map, &status))
		return;
	state->has_file_size = true;
	state->file_size_bytes = status.stx_size;
}

static const char *vm_flags(pid_t pid, const struct vmt_mapping *map, struct vmt_names *names)
{
	VMT_CLEANUP(vmt_image_deinit) struct vmt_image image = { 0 };

	vmt_array_push(&image.layout, *map);
	vmt_proc_vm_flags(pid, names, &image);
	return image.vm_flags.count ? image.vm_flags.data[0] : NULL;
}

int vmt_proc_page(pid_t pid, uint64_t address, const struct vmt_mapping *map,
		  struct vmt_names *names, struct vmt_page_state *ret_state)
{
	struct vmt_page_state state = { .page_bytes = (uint64_t)sysconf(_SC_PAGESIZE) };
	VMT_CLEANUP(vmt_fd_close) int pagemap = vmt_procfs_open(pid, "pagemap");
	uint64_t page = address & ~(state.page_bytes - 1);
	uint64_t entry;

	if (pagemap == -ESRCH)
		return pagemap;
	if (pagemap >= 0 &&
	    pread(pagemap, &entry, sizeof(entry),
		  (off_t)(page / state.page_bytes * sizeof(entry))) == sizeof(entry)) {
		take_entry(entry, &state);
		take_categories(pagemap, page, &state);
		take_frame_flags(&state);
	}
	if (map) {
		take_file_size(pid, map, &state);
		state.vm_flags = vm_flags(pid, map, names);
	}
	*ret_state = state;
	return 0;
}
