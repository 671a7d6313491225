/* SPDX-License-Identifier: MIT */
/*
 * ELF files and warnings of a recording: the mirror of record-elf.c. All files are read when the
 * first is asked for, since a layout may have parts of any of them. What the ELF reader promises of a
 * file is checked here for what comes out of the recording: segments and sections do not wrap, and
 * neither does rounding their ends up to a page; counts fit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording.h"

/* Columns of VMT_QUERY_ELFS. */
enum {
	RECORD,
	NAME,
	DEV_MAJOR,
	DEV_MINOR,
	INODE,
	BUILD_ID,
	SONAME,
	INTERPRETER,
	WORD_BITS,
	MACHINE,
	ENTRY,
	PHDR,
	RELRO_START,
	RELRO_LENGTH,
	BITS,
};

enum {
	ELFS_MAX = 4096, /* a run does not read more */
	PAGE_MAX = 1 << 20,
	PERMS_MAX = VMT_PERM_READ | VMT_PERM_WRITE | VMT_PERM_EXEC,
};

/* Whether [start, start + length), rounded up to pages, lies in the address space. */
static bool fits(uint64_t start, uint64_t length)
{
	return start <= UINT64_MAX - PAGE_MAX && length <= UINT64_MAX - PAGE_MAX - start;
}

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static void read_build_id(struct vmt_recording *recording, sqlite3_stmt *query,
			  struct vmt_elf_facts *facts)
{
	const char *text = vmt_column_bytes(recording, query, BUILD_ID);
	size_t length = strlen(text);

	if (length % 2 || length > 2 * sizeof(facts->build_id)) {
		vmt_recording_blame(recording, "a build-id");
		return;
	}
	for (size_t i = 0; i < length; i += 2) {
		int high = hex_digit(text[i]);
		int low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0) {
			vmt_recording_blame(recording, "a build-id");
			return;
		}
		facts->build_id[i / 2] = (unsigned char)(high << 4 | low);
	}
	facts->build_id_bytes = (unsigned)length / 2;
}

static void read_segments(struct vmt_recording *recording, int64_t record, struct vmt_elf *elf)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_SEGMENTS);

	sqlite3_bind_int64(query, 1, record);
	while (vmt_recording_row(recording, query)) {
		struct vmt_segment segment = {
			.vaddr = vmt_column_word(recording, query, 1),
			.memory_bytes = vmt_column_word(recording, query, 2),
			.file_bytes = vmt_column_word(recording, query, 3),
			.offset = vmt_column_word(recording, query, 4),
			.align = vmt_column_word(recording, query, 5),
			.perms = (unsigned)vmt_column_number(recording, query, 6, PERMS_MAX),
		};

		if (vmt_column_word(recording, query, 0) != elf->segment_count + 1 ||
		    elf->segment_count == VMT_ELF_SEGMENT_MAX ||
		    !fits(segment.vaddr, segment.memory_bytes) ||
		    segment.file_bytes > segment.memory_bytes)
			vmt_recording_blame(recording, "a segment of an ELF file");
		else
			elf->segments[elf->segment_count++] = segment;
	}
	sqlite3_reset(query);
	if (!elf->segment_count)
		vmt_recording_blame(recording, "an ELF file without segments");
}

static void read_sections(struct vmt_recording *recording, int64_t record,
			  struct vmt_elf_facts *facts)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_SECTIONS);

	sqlite3_bind_int64(query, 1, record);
	while (vmt_recording_row(recording, query)) {
		struct vmt_section section = {
			.name = vmt_column_text(recording, query, 1),
			.vaddr = vmt_column_word(recording, query, 2),
			.memory_bytes = vmt_column_word(recording, query, 3),
			.in_file = vmt_column_number(recording, query, 4, 1) != 0,
		};

		if (vmt_column_word(recording, query, 0) != facts->sections.count + 1 ||
		    facts->sections.count == VMT_ELF_SECTION_MAX || !section.memory_bytes ||
		    !fits(section.vaddr, section.memory_bytes))
			vmt_recording_blame(recording, "a section of an ELF file");
		else
			vmt_array_push(&facts->sections, section);
	}
	sqlite3_reset(query);
}

static void read_bits(uint64_t bits, struct vmt_elf_facts *facts)
{
	facts->elf.dynamic_base = bits & VMT_ELF_BIT_DYNAMIC_BASE;
	facts->elf.has_gnu_stack = bits & VMT_ELF_BIT_GNU_STACK;
	facts->elf.executable_stack = bits & VMT_ELF_BIT_EXECUTABLE_STACK;
	facts->dynamic = bits & VMT_ELF_BIT_DYNAMIC;
	facts->pie = bits & VMT_ELF_BIT_PIE;
	facts->bind_now = bits & VMT_ELF_BIT_BIND_NOW;
	facts->text_relocations = bits & VMT_ELF_BIT_TEXT_RELOCATIONS;
}

static void read_headers(struct vmt_recording *recording, sqlite3_stmt *query,
			 struct vmt_elf_facts *facts)
{
	const char *interpreter = vmt_column_text(recording, query, INTERPRETER);
	struct vmt_elf *elf = &facts->elf;

	read_build_id(recording, query, facts);
	read_bits(vmt_column_number(recording, query, BITS, 2 * VMT_ELF_BIT_LAST - 1), facts);
	facts->soname = vmt_column_text(recording, query, SONAME);
	elf->word_bits = (unsigned)vmt_column_number(recording, query, WORD_BITS, 64);
	elf->machine = (uint16_t)vmt_column_number(recording, query, MACHINE, UINT16_MAX);
	elf->entry = vmt_column_word(recording, query, ENTRY);
	elf->phdr_vaddr = vmt_column_word(recording, query, PHDR);
	elf->relro_vaddr = vmt_column_word(recording, query, RELRO_START);
	elf->relro_bytes = vmt_column_word(recording, query, RELRO_LENGTH);
	if (strlen(interpreter) >= sizeof(elf->interpreter))
		vmt_recording_blame(recording, "the interpreter of an ELF file");
	else
		memcpy(elf->interpreter, interpreter, strlen(interpreter) + 1);
	if (elf->word_bits != 32 && elf->word_bits != 64)
		vmt_recording_blame(recording, "the word size of an ELF file");
}

static void read_elf(struct vmt_recording *recording, sqlite3_stmt *query)
{
	struct vmt_read_elf *elf = vmt_calloc(1, sizeof(*elf));

	vmt_array_push(&recording->elfs, elf);
	elf->record = (int64_t)vmt_column_number(recording, query, RECORD, INT64_MAX);
	elf->info = (struct vmt_object_info){
		.name = vmt_column_text(recording, query, NAME),
		.dev_major = (uint32_t)vmt_column_number(recording, query, DEV_MAJOR, UINT32_MAX),
		.dev_minor = (uint32_t)vmt_column_number(recording, query, DEV_MINOR, UINT32_MAX),
		.inode = vmt_column_word(recording, query, INODE),
		.facts = &elf->facts,
	};
	read_headers(recording, query, &elf->facts);
	read_segments(recording, elf->record, &elf->facts.elf);
	read_sections(recording, elf->record, &elf->facts);
	if (recording->elfs.count > ELFS_MAX)
		vmt_recording_blame(recording, "too many ELF files");
}

static void read_elfs(struct vmt_recording *recording)
{
	sqlite3_stmt *query;

	if (recording->elfs_read)
		return;
	recording->elfs_read = true;
	query = vmt_recording_query(recording, VMT_QUERY_ELFS);
	while (vmt_recording_row(recording, query))
		read_elf(recording, query);
	sqlite3_reset(query);
}

void vmt_read_elfs_deinit(struct vmt_recording *recording)
{
	for (size_t i = 0; i < recording->elfs.count; i++) {
		vmt_array_deinit(&recording->elfs.data[i]->facts.sections);
		free(recording->elfs.data[i]);
	}
	vmt_array_deinit(&recording->elfs);
}

const struct vmt_object_info *vmt_read_object_info(struct vmt_recording *recording, int64_t record)
{
	size_t low = 0;
	size_t high;

	read_elfs(recording);
	high = recording->elfs.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (recording->elfs.data[middle]->record < record)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < recording->elfs.count && recording->elfs.data[low]->record == record)
		return &recording->elfs.data[low]->info;
	vmt_recording_blame(recording, "object %lld is missing", (long long)record);
	return NULL;
}

const struct vmt_elf_facts *vmt_recording_facts(void *data, const struct vmt_mapping *map)
{
	struct vmt_recording *recording = data;

	read_elfs(recording);
	for (size_t i = recording->elfs.count; i > 0 && !recording->bad; i--) {
		const struct vmt_read_elf *elf = recording->elfs.data[i - 1];

		if (elf->record < recording->layout_record && elf->info.inode == map->inode &&
		    elf->info.dev_minor == map->dev_minor && elf->info.dev_major == map->dev_major)
			return &elf->facts;
	}
	return NULL;
}

int vmt_recording_facts_read(struct vmt_recording *recording, struct vmt_error *error)
{
	read_elfs(recording);
	return vmt_recording_verdict(recording, error);
}

size_t vmt_recording_object_count(const struct vmt_recording *recording)
{
	return recording->elfs.count;
}

const struct vmt_object_info *vmt_recording_object_at(const struct vmt_recording *recording,
						      size_t index)
{
	return &recording->elfs.data[index]->info;
}

void vmt_read_warning(struct vmt_recording *recording, int64_t record)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_WARNING);
	struct vmt_store_warning *warning = &recording->warning;

	*warning = (struct vmt_store_warning){ .name = "", .text = "" };
	sqlite3_bind_int64(query, 1, record);
	if (vmt_recording_row(recording, query)) {
		warning->space = (uint32_t)vmt_column_number(recording, query, 0, INT32_MAX);
		warning->step = (uint32_t)vmt_column_number(recording, query, 1, UINT32_MAX);
		warning->pid = (pid_t)vmt_column_number(recording, query, 2, INT32_MAX);
		warning->name = vmt_column_text(recording, query, 3);
		warning->text = vmt_column_text(recording, query, 4);
	} else {
		vmt_recording_blame(recording, "warning %lld is missing", (long long)record);
	}
	sqlite3_reset(query);
}
