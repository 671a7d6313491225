/* SPDX-License-Identifier: MIT */
/*
 * fuzz-elf: any bytes as an ELF file. What vmt_elf_read() lets through must keep the invariants
 * that the model builds on; they are listed in src/elf/read.c.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmtrace/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build for release must check as well. */
static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_segment(const struct vmt_elf *elf, const struct vmt_segment *segment,
			  uint64_t file_bytes)
{
	uint64_t limit = (uint64_t)1 << (elf->word_bits == 64 ? 63 : 32);

	require(segment->file_bytes <= segment->memory_bytes);
	require(segment->memory_bytes <= limit && segment->vaddr <= limit - segment->memory_bytes);
	require(!(segment->perms & ~(unsigned)(VMT_PERM_READ | VMT_PERM_WRITE | VMT_PERM_EXEC)));
	if (!segment->file_bytes)
		return;
	require(segment->offset <= file_bytes);
	require(segment->file_bytes <= file_bytes - segment->offset);
	require(segment->offset % 4096 == segment->vaddr % 4096);
}

static void check(const struct vmt_elf *elf, uint64_t file_bytes)
{
	require(elf->word_bits == 32 || elf->word_bits == 64);
	require(elf->segment_count > 0 && elf->segment_count <= VMT_ELF_SEGMENT_MAX);
	require(memchr(elf->interpreter, '\0', sizeof(elf->interpreter)) != NULL);
	require(elf->relro_bytes <= UINT64_MAX - elf->relro_vaddr);
	for (unsigned i = 0; i < elf->segment_count; i++)
		check_segment(elf, &elf->segments[i], file_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmt_error error = { "" };
	struct vmt_elf elf;
	int fd = memfd_create("fuzz-elf", MFD_CLOEXEC);

	require(fd >= 0);
	require(write(fd, data, size) == (ssize_t)size);
	if (!vmt_elf_read(fd, &elf, &error))
		check(&elf, size);
	else
		require(error.text[0] != '\0');
	close(fd);
	return 0;
}
