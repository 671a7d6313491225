/* SPDX-License-Identifier: MIT */
/*
 * What /proc tells of a program at its exec stop: auxiliary vector (create_elf_tables() of
 * fs/binfmt_elf.c), the fields of stat that come from mm_struct (do_task_stat() of
 * fs/proc/array.c), limits, personality, capabilities. What cannot be read stays zero; limits stay
 * unlimited, because a limit of nothing would explain every failure.
 */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "procfs.h"
#include "vmtrace/trace.h"

static uint64_t word_at(const char *bytes, size_t word_bytes)
{
	uint64_t wide;
	uint32_t narrow;

	if (word_bytes == 8) {
		memcpy(&wide, bytes, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, bytes, sizeof(narrow));
	return narrow;
}

/*
 * Entry types are small numbers and the first entry's value is not 0 (an address of the vDSO, or
 * hardware bits). So a vector of 32-bit words read as 64-bit ones begins with a huge type:
 *
 *	64 bit:  21 00 00 00 00 00 00 00 | 00 50 fc f7 ff 7f 00 00	type 0x21
 *	32 bit:  20 00 00 00 | 70 25 fc f7 | ...			type 0xf7fc2570_00000020
 */
static size_t auxv_word_bytes(const struct vmt_str *auxv)
{
	return auxv->length >= 8 && word_at(auxv->data, 8) <= UINT16_MAX ? 8 : 4;
}

static void read_auxv(pid_t pid, struct vmt_image *image)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str auxv = { 0 };
	size_t word_bytes;

	if (vmt_procfs_read(pid, "auxv", &auxv) < 0)
		return;
	word_bytes = auxv_word_bytes(&auxv);
	for (size_t at = 0; at + 2 * word_bytes <= auxv.length; at += 2 * word_bytes) {
		uint64_t value = word_at(auxv.data + at + word_bytes, word_bytes);

		switch (word_at(auxv.data + at, word_bytes)) {
		case AT_NULL:
			return;
		case AT_BASE:
			image->at_base = value;
			break;
		case AT_ENTRY:
			image->at_entry = value;
			break;
		case AT_PHDR:
			image->at_phdr = value;
			break;
		case AT_SYSINFO_EHDR:
			image->at_sysinfo_ehdr = value;
			break;
		}
	}
}

static void read_stat(pid_t pid, struct vmt_image *image)
{
	const struct {
		unsigned field; /* as proc(5) counts, from 1 */
		uint64_t *value;
	} wanted[] = {
		{ 26, &image->start_code }, { 27, &image->end_code }, { 28, &image->start_stack },
		{ 45, &image->start_data }, { 46, &image->end_data }, { 47, &image->start_brk },
		{ 48, &image->arg_start },  { 51, &image->env_end },
	};
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	const char *at;
	size_t next = 0;

	if (vmt_procfs_read(pid, "stat", &text) < 0)
		return;
	/* Field 2 is the command's name, which may hold anything; what follows may not. */
	at = strrchr(vmt_str_text(&text), ')');
	if (!at)
		return;
	at++;
	for (unsigned field = 3; next < vmt_countof(wanted); field++) {
		at += strspn(at, " ");
		if (!*at)
			return;
		if (field == wanted[next].field)
			*wanted[next++].value = strtoull(at, NULL, 10);
		at += strcspn(at, " ");
	}
}

static bool randomize_enabled(void)
{
	VMT_CLEANUP(vmt_fd_close)
	int fd = open("/proc/sys/kernel/randomize_va_space", O_RDONLY | O_CLOEXEC);
	char digit = '0';

	return fd >= 0 && read(fd, &digit, 1) == 1 && digit != '0';
}

static void read_rights(pid_t pid, struct vmt_image *image)
{
	vmt_procfs_rights(pid, &image->rights);
	image->randomized = randomize_enabled() && !(image->rights.personality & ADDR_NO_RANDOMIZE);
}

/* The name of the VMA that holds @address, "" if none does. */
static const char *name_at(const struct vmt_layout *layout, uint64_t address)
{
	for (size_t i = 0; address && i < layout->count; i++)
		if (layout->data[i].start <= address && address < layout->data[i].end)
			return layout->data[i].name;
	return "";
}

static const char *find_exe_name(pid_t pid, struct vmt_names *names, const struct vmt_image *image)
{
	const char *name = name_at(&image->layout, image->at_phdr);
	char target[PATH_MAX];

	if (!*name)
		name = name_at(&image->layout, image->at_entry);
	if (*name)
		return name;
	return vmt_names_add(names,
			     vmt_procfs_link(pid, "exe", target, sizeof(target)) > 0 ? target : "");
}

int vmt_proc_image(pid_t pid, struct vmt_names *names, struct vmt_image *ret_image)
{
	struct vmt_image image = { 0 };
	int err = vmt_proc_maps(pid, names, &image.layout);

	if (err == -ESRCH)
		return err;
	read_auxv(pid, &image);
	read_stat(pid, &image);
	read_rights(pid, &image);
	image.exe_name = find_exe_name(pid, names, &image);
	image.interp_name = name_at(&image.layout, image.at_base);

	image.has_exe = ret_image->has_exe;
	image.has_interp = ret_image->has_interp;
	image.exe = ret_image->exe;
	image.interp = ret_image->interp;
	vmt_image_deinit(ret_image);
	*ret_image = image;
	return 0;
}

void vmt_image_deinit(struct vmt_image *image)
{
	vmt_layout_deinit(&image->layout);
	vmt_array_deinit(&image->vm_flags);
	vmt_array_deinit(&image->filesystems);
}
