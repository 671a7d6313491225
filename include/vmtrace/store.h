/* SPDX-License-Identifier: MIT */
/*
 * store: recordings. A run of vmtrace in one SQLite file that other programs can query, laid out as
 * vmtrace-recording(5) says: written off the tracing path while the run goes on, read again as the
 * very steps, spaces, layouts and notes that were written.
 *
 * A recording that is read is not trusted: every value is checked, and what does not fit is one
 * line of error.
 */
#ifndef VMTRACE_STORE_H
#define VMTRACE_STORE_H

#include "vmtrace/base.h"
#include "vmtrace/log.h"
#include "vmtrace/mm.h"

/* ---- Writing ------------------------------------------------------------------------------ */

struct vmt_recorder;

/*
 * Makes the file @path new; what was there is gone, with the -wal, -shm and -journal files that
 * SQLite may have left beside it. -EINVAL if it is there and no regular file.
 */
VMT_MUST_CHECK int vmt_recorder_open(const char *path, struct vmt_recorder **ret_recorder,
				     struct vmt_error *error);

/*
 * What the log consists of, in the order in which it is to be read again; everything is copied.
 * run() comes first, once, and starts the writing thread: a process that is to be forked should be
 * forked by then. None of them waits for the disk unless 64 MiB are queued.
 */
void vmt_recorder_run(struct vmt_recorder *recorder, const struct vmt_run_info *info);
void vmt_recorder_space(struct vmt_recorder *recorder, const struct vmt_space_info *info);
/*
 * Steps of one space come in order. What a step removed is what earlier steps added, as far as they
 * were recorded; its name, flags and steps may have changed since. Not kept: sp of its event;
 * title and hidden, which the reader leaves as what alone and false; of the mapping that a frame of
 * a stack lies in, all but its name and the offset of ip.
 */
void vmt_recorder_step(struct vmt_recorder *recorder, const struct vmt_step *step);
/* The last layout of a space: what its steps' removed and added come to. */
void vmt_recorder_layout(struct vmt_recorder *recorder, const struct vmt_layout_info *info);
/* An ELF file, before the step that loads it. */
void vmt_recorder_object(struct vmt_recorder *recorder, const struct vmt_object_info *info);

/* Something worth a line, by the name that it has for scripts. */
struct vmt_store_warning {
	const char *name; /* "no-relro" */
	uint32_t space;
	uint32_t step;
	pid_t pid;
	const char *text; /* one line, raw names in it */
};
void vmt_recorder_warning(struct vmt_recorder *recorder, const struct vmt_store_warning *warning);
void vmt_recorder_note(struct vmt_recorder *recorder, const char *line);
void vmt_recorder_summary(struct vmt_recorder *recorder, const struct vmt_summary_info *info);

/* True once, when the recording could not be written on; @ret_error says why. */
bool vmt_recorder_failed(struct vmt_recorder *recorder, struct vmt_error *ret_error);

/*
 * Writes what is left, adds the indexes, closes and frees. 0, or a negative errno with one line if
 * something is missing from the recording.
 */
int vmt_recorder_close(struct vmt_recorder *recorder, struct vmt_error *error);

/* ---- Reading ------------------------------------------------------------------------------ */

struct vmt_recording;

/*
 * Opens a recording for reading, one that is still being written too: what was there at this moment
 * is what is read. Names come from @names. Fails with one line if the file cannot be read, is no
 * recording, is damaged, was made by a newer vmtrace, or on an architecture that is not known.
 */
VMT_MUST_CHECK int vmt_recording_open(const char *path, struct vmt_names *names,
				      struct vmt_recording **ret_recording,
				      struct vmt_error *error);
/* The same for a file's @bytes, which must stay until the recording is freed. */
VMT_MUST_CHECK int vmt_recording_open_bytes(const void *bytes, size_t length,
					    struct vmt_names *names,
					    struct vmt_recording **ret_recording,
					    struct vmt_error *error);
void vmt_recording_free(struct vmt_recording *recording);

/* What the log begins with. */
const struct vmt_run_info *vmt_recording_run(const struct vmt_recording *recording);

enum vmt_record_kind {
	VMT_RECORD_SPACE,
	VMT_RECORD_STEP,
	VMT_RECORD_LAYOUT,
	VMT_RECORD_OBJECT,
	VMT_RECORD_WARNING,
	VMT_RECORD_NOTE,
	VMT_RECORD_SUMMARY,
};

/* One thing of the log; the pointer of its kind is set, and good until the next call. */
struct vmt_record {
	enum vmt_record_kind kind;
	const struct vmt_space_info *space;
	const struct vmt_step *step;
	const struct vmt_layout_info *layout;
	const struct vmt_object_info *object; /* good until the recording is freed */
	const struct vmt_store_warning *warning;
	const char *note;
	const struct vmt_summary_info *summary;
};

/* Which part of the log. */
struct vmt_selection {
	uint32_t space; /* 0: all of them */
	bool outline; /* of steps only what they did: no reasons, path, purpose, pattern, expectation */
	bool some_steps; /* only the steps from first to last, and neither layouts nor the end */
	uint32_t first;
	uint32_t last;
};

/* Begins at the front, with what is selected (NULL: everything). */
void vmt_recording_rewind(struct vmt_recording *recording, const struct vmt_selection *selection);
/* The next thing in the order of the log: 1; 0 behind the last; or a negative errno with a line. */
VMT_MUST_CHECK int vmt_recording_next(struct vmt_recording *recording,
				      struct vmt_record *ret_record, struct vmt_error *error);

/* How many spaces there are, and the number of the first of them (0 if there is none). */
VMT_MUST_CHECK int vmt_recording_spaces(struct vmt_recording *recording, uint32_t *ret_count,
					uint32_t *ret_first, struct vmt_error *error);
/* The number of the first space above @space; 0 if there is none. */
VMT_MUST_CHECK int vmt_recording_next_space(struct vmt_recording *recording, uint32_t space,
					    uint32_t *ret_space, struct vmt_error *error);
/* -ENOENT with a line if there is no such space; good until the next call. */
VMT_MUST_CHECK int vmt_recording_space(struct vmt_recording *recording, uint32_t space,
				       const struct vmt_space_info **ret_info,
				       struct vmt_error *error);
/* The number of its last step; -ENOENT with a line if there is no such space, or it has none. */
VMT_MUST_CHECK int vmt_recording_last_step(struct vmt_recording *recording, uint32_t space,
					   uint32_t *ret_step, struct vmt_error *error);
/* One step; -ENOENT with a line if it is not there. Good until the next call of any function. */
VMT_MUST_CHECK int vmt_recording_step(struct vmt_recording *recording, uint32_t space,
				      uint32_t number, const struct vmt_step **ret_step,
				      struct vmt_error *error);

/*
 * The layout of a space as it was after a step, in the order of maps, with the counts up to there;
 * a page-table size only where one was recorded. -ENOENT as above. Good until the next call.
 * Histories are as far as they were recorded: steps that point into a mapping without changing it
 * are known from the next time that it was seen.
 */
VMT_MUST_CHECK int vmt_recording_layout(struct vmt_recording *recording, uint32_t space,
					uint32_t number, const struct vmt_layout_info **ret_layout,
					struct vmt_error *error);

/* Reads all there is of ELF files; what vmt_recording_facts() needs. */
VMT_MUST_CHECK int vmt_recording_facts_read(struct vmt_recording *recording,
					    struct vmt_error *error);
/*
 * The ELF file that @map maps in the layout that was read last, as it was known then: the facts of
 * the struct vmt_recording @data, which keeps them. NULL if it is none.
 */
const struct vmt_elf_facts *vmt_recording_facts(void *data, const struct vmt_mapping *map);

/* Numbers of steps, ascending. */
struct vmt_step_list {
	uint32_t *data;
	size_t count;
	size_t capacity;
};

/*
 * The steps of a space that @address has to do with: those that made, changed or took away a
 * mapping over it, and those without a change whose range it is in. Where there are very many, at least
 * the first and the last @most of them (SIZE_MAX: all): *ret_gap is the index of the first one behind those
 * that were left out, or the count if none were. @ret_list is cleared first and stays the caller's; free
 * it with vmt_array_deinit().
 */
VMT_MUST_CHECK int vmt_recording_touching(struct vmt_recording *recording, uint32_t space,
					  uint64_t address, size_t most,
					  struct vmt_step_list *ret_list, size_t *ret_gap,
					  struct vmt_error *error);

/*
 * Where an object was mapped first in a space: the address of its byte 0. @object is a path as maps
 * has it, or its last component. -ENOENT, without a line, if it never was.
 */
VMT_MUST_CHECK int vmt_recording_object(struct vmt_recording *recording, uint32_t space,
					const char *object, uint64_t *ret_base,
					struct vmt_error *error);
/* Whether anything of that name, as above, was mapped in any space. */
VMT_MUST_CHECK int vmt_recording_knows(struct vmt_recording *recording, const char *object,
				       bool *ret_known, struct vmt_error *error);

/* The ELF files of the recording, by number from 0, once vmt_recording_facts_read() has read them. */
size_t vmt_recording_object_count(const struct vmt_recording *recording);
const struct vmt_object_info *vmt_recording_object_at(const struct vmt_recording *recording,
						      size_t index);
/*
 * What is to be added to an address in an ELF file (p_vaddr) for one in a space, by the first of its
 * segments that was mapped there. -ENOENT, without a line, if none ever was.
 */
VMT_MUST_CHECK int vmt_recording_bias(struct vmt_recording *recording, uint32_t space,
				      const struct vmt_object_info *object, uint64_t *ret_bias,
				      struct vmt_error *error);

/* Where a function that a recorded stack names begins. */
struct vmt_frame_place {
	const char *object; /* as maps has it, from the pool */
	uint64_t offset; /* in that file, bytes */
};
struct vmt_frame_places {
	struct vmt_frame_place *data;
	size_t count;
	size_t capacity;
};
/*
 * The functions of that name in the stacks of all spaces, each once. @ret_places is cleared first and stays
 * the caller's; free it with vmt_array_deinit().
 */
VMT_MUST_CHECK int vmt_recording_frames_of(struct vmt_recording *recording, const char *symbol,
					   struct vmt_frame_places *ret_places,
					   struct vmt_error *error);

#endif
