/* SPDX-License-Identifier: MIT */
/*
 * schema: the tables of a recording, and the statements that fill them. vmtrace-recording(5) says
 * what each column means.
 */
#ifndef VMT_STORE_SCHEMA_H
#define VMT_STORE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

/* "vmtr" */
#define VMT_STORE_APPLICATION_ID 0x766d7472

enum {
	VMT_STORE_VERSION = 1, /* user_version; schema.c says what a new one needs */
};

/* step.id */
static inline int64_t vmt_store_step_id(uint32_t space, uint32_t step)
{
	return (int64_t)((uint64_t)space << 32 | step);
}

/* Bits of step.bits. */
enum {
	VMT_BIT_FAILED = 1, /* the call failed; result is -errno */
	VMT_BIT_WHOLE = 2, /* it may have changed anything anywhere */
	VMT_BIT_PREDICTED = 4,
	VMT_BIT_EXPECTED = 8, /* expected is the result, and its column is NULL */
	VMT_BIT_LOST = 16, /* the call's return was not seen */
	VMT_BIT_ORDER = 32, /* the order of the calls was inferred */
	VMT_BIT_MORE = 64, /* there is a row in step_more */
};

/* Bits of frame.bits. */
enum {
	VMT_FRAME_BIT_GUESSED = 1,
	VMT_FRAME_BIT_EXACT = 2, /* ip was about to be executed */
	VMT_FRAME_BIT_DEPTH = 4, /* outermost: there are more frames */
	VMT_FRAME_BIT_LOST = 8, /* outermost: the caller was not found */
	VMT_FRAME_BITS = 16,
};

/* Bits of elf.bits. */
enum {
	VMT_ELF_BIT_DYNAMIC_BASE = 1, /* ET_DYN */
	VMT_ELF_BIT_GNU_STACK = 2, /* there is a PT_GNU_STACK */
	VMT_ELF_BIT_EXECUTABLE_STACK = 4,
	VMT_ELF_BIT_DYNAMIC = 8,
	VMT_ELF_BIT_PIE = 16,
	VMT_ELF_BIT_BIND_NOW = 32,
	VMT_ELF_BIT_TEXT_RELOCATIONS = 64,
	VMT_ELF_BIT_LAST = VMT_ELF_BIT_TEXT_RELOCATIONS,
};

/* A bit of vma.perms beyond those of enum vmt_perm. */
enum {
	VMT_STORE_PERM_GATE = 16
};

/* CREATE TABLE, one a row, in the very words that a recording of this version has. */
struct vmt_store_table {
	const char *name;
	const char *sql;
};
extern const struct vmt_store_table vmt_store_tables[];
extern const size_t vmt_store_table_count;

/* Views for people, made with the tables. */
extern const char vmt_store_views[];
/* Indexes, made when the recording is complete: while it grows they would cost more than it. */
extern const char vmt_store_indexes[];

/* What writes a row. Values are bound in the order of the columns. */
enum vmt_store_statement {
	VMT_INSERT_META,
	VMT_INSERT_ARGUMENT,
	VMT_INSERT_TEXT,
	VMT_INSERT_OBJECT,
	VMT_INSERT_FILE,
	VMT_INSERT_PATH,
	VMT_INSERT_RECORD, /* replaces: a run of steps grows */
	VMT_INSERT_SPACE,
	VMT_INSERT_FRAME,
	VMT_INSERT_STACK,
	VMT_INSERT_SITE,
	VMT_INSERT_WHY,
	VMT_INSERT_STEP,
	VMT_INSERT_MORE,
	VMT_INSERT_VMA,
	VMT_INSERT_LOOK, /* replaces */
	VMT_INSERT_ELF,
	VMT_INSERT_SEGMENT,
	VMT_INSERT_SECTION,
	VMT_INSERT_WARNING,
	VMT_INSERT_LAYOUT,
	VMT_INSERT_LAYOUT_TABLES,
	VMT_INSERT_LAYOUT_PAGES,
	VMT_INSERT_STEP_TABLES,
	VMT_INSERT_STEP_TLB,
	VMT_INSERT_TABLES_ADJUSTED,
	VMT_INSERT_SUMMARY,
	VMT_INSERT_ADJUSTED,
	VMT_UPDATE_DIED, /* died_step, id */
	VMT_UPDATE_LOOKS, /* id: it has rows in look */
	VMT_STATEMENT_COUNT
};
extern const char *const vmt_store_statements[VMT_STATEMENT_COUNT];

#endif
