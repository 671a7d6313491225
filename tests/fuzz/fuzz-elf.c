/* SPDX-License-Identifier: MIT */
/*
 * fuzz-elf: any bytes as an ELF file. What vmt_elf_read() lets through must keep the invariants
 * that the model builds on; they are listed in src/elf/read.c. The sections, notes and dynamic section of
 * the file must stay within their bounds, whatever they say.
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

static void check_segment(const struct vmt_elf *elf, const struct vmt_segment *segment)
{
	uint64_t limit = (uint64_t)1 << (elf->word_bits == 64 ? 63 : 32);

	require(segment->file_bytes <= segment->memory_bytes);
	require(segment->memory_bytes <= limit && segment->vaddr <= limit - segment->memory_bytes);
	require(!(segment->perms & ~(unsigned)(VMT_PERM_READ | VMT_PERM_WRITE | VMT_PERM_EXEC)));
	if (!segment->file_bytes)
		return;
	require(segment->offset <= INT64_MAX);
	require(segment->file_bytes <= INT64_MAX - segment->offset);
	require(segment->offset % 4096 == segment->vaddr % 4096);
}

static void check(const struct vmt_elf *elf)
{
	require(elf->word_bits == 32 || elf->word_bits == 64);
	require(elf->segment_count > 0 && elf->segment_count <= VMT_ELF_SEGMENT_MAX);
	require(memchr(elf->interpreter, '\0', sizeof(elf->interpreter)) != NULL);
	require(elf->relro_bytes <= UINT64_MAX - elf->relro_vaddr);
	for (unsigned i = 0; i < elf->segment_count; i++)
		check_segment(elf, &elf->segments[i]);
}

static void check_facts(const struct vmt_elf_facts *facts)
{
	uint64_t limit = (uint64_t)1 << (facts->elf.word_bits == 64 ? 63 : 32);
	uint64_t last = 0;

	require(strlen(facts->soname) < 256);
	require(facts->build_id_bytes <= sizeof(facts->build_id));
	require(facts->sections.count <= VMT_ELF_SECTION_MAX);
	for (size_t i = 0; i < facts->sections.count; i++) {
		const struct vmt_section *section = &facts->sections.data[i];

		require(strlen(section->name) <= 64);
		require(section->memory_bytes > 0);
		require(section->vaddr <= limit && section->memory_bytes <= limit - section->vaddr);
		require(section->vaddr >= last);
		last = section->vaddr;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmt_names *names = vmt_names_new();
	struct vmt_error error = { "" };
	struct vmt_elf_facts facts;
	struct vmt_elf elf;
	int fd = memfd_create("fuzz-elf", MFD_CLOEXEC);
	int read_result, facts_result;

	require(fd >= 0);
	require(write(fd, data, size) == (ssize_t)size);
	read_result = vmt_elf_read(fd, &elf, &error);
	if (!read_result)
		check(&elf);
	else
		require(error.text[0] != '\0');
	/* What stands beyond the program headers makes no file unreadable. */
	facts_result = vmt_elf_facts_init(fd, names, &facts, NULL);
	require(facts_result == read_result);
	if (!facts_result) {
		check_facts(&facts);
		vmt_elf_facts_deinit(&facts);
	}
	close(fd);
	vmt_names_free(names);
	return 0;
}
