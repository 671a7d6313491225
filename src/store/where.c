/* SPDX-License-Identifier: MIT */
/*
 * What an address is: where the objects were mapped, and which functions the recorded stacks name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording.h"

/* ---- Objects ----------------------------------------------------------------------------------- */

static bool same_object(const char *name, const char *object)
{
	const char *slash = strrchr(name, '/');

	return strcmp(name, object) == 0 || (slash && strcmp(slash + 1, object) == 0);
}

/* The query for what a space mapped of files, in order. Its rows are among those of its steps. */
static sqlite3_stmt *ask_base(struct vmt_recording *recording, uint32_t space)
{
	int64_t first = vmt_read_first_row(recording, space, 0, UINT32_MAX);
	int64_t end = vmt_read_end_row(recording, space, 0, UINT32_MAX);
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_BASE);

	sqlite3_bind_int64(query, 1, space);
	sqlite3_bind_int64(query, 2, first);
	sqlite3_bind_int64(query, 3, end);
	return query;
}

int vmt_recording_object(struct vmt_recording *recording, uint32_t space, const char *object,
			 uint64_t *ret_base, struct vmt_error *error)
{
	sqlite3_stmt *query = ask_base(recording, space);
	bool found = false;

	while (!found && vmt_recording_row(recording, query)) {
		found = same_object(vmt_column_bytes(recording, query, 2), object);
		if (found)
			*ret_base = vmt_column_word(recording, query, 0) -
				    vmt_column_word(recording, query, 1);
	}
	sqlite3_reset(query);
	if (recording->bad)
		return vmt_recording_verdict(recording, error);
	return found ? 0 : -ENOENT;
}

int vmt_recording_knows(struct vmt_recording *recording, const char *object, bool *ret_known,
			struct vmt_error *error)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_OBJECT_NAMES);
	bool known = false;

	while (!known && vmt_recording_row(recording, query))
		known = same_object(vmt_column_bytes(recording, query, 0), object);
	sqlite3_reset(query);
	*ret_known = known;
	return vmt_recording_verdict(recording, error);
}

/* ---- Addresses of ELF files -------------------------------------------------------------------- */

/*
 * What is to be added to p_vaddr where byte @offset of the file is mapped at @start; false if that byte is
 * in no page of a segment.
 */
static bool bias_of(const struct vmt_elf *elf, uint64_t page_bytes, uint64_t start, uint64_t offset,
		    uint64_t *ret_bias)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct vmt_segment *segment = &elf->segments[i];
		uint64_t first = segment->offset & ~(page_bytes - 1);

		if (offset < first ||
		    offset - first >= segment->offset - first + segment->file_bytes)
			continue;
		*ret_bias = start - offset + segment->offset - segment->vaddr;
		return true;
	}
	return false;
}

int vmt_recording_bias(struct vmt_recording *recording, uint32_t space,
		       const struct vmt_object_info *object, uint64_t *ret_bias,
		       struct vmt_error *error)
{
	sqlite3_stmt *query = ask_base(recording, space);
	bool found = false;

	while (!found && vmt_recording_row(recording, query)) {
		if (vmt_column_word(recording, query, 5) == object->inode &&
		    vmt_column_word(recording, query, 4) == object->dev_minor &&
		    vmt_column_word(recording, query, 3) == object->dev_major)
			found = bias_of(&object->facts->elf, recording->run.page_size_bytes,
					vmt_column_word(recording, query, 0),
					vmt_column_word(recording, query, 1), ret_bias);
	}
	sqlite3_reset(query);
	if (recording->bad)
		return vmt_recording_verdict(recording, error);
	return found ? 0 : -ENOENT;
}

int vmt_recording_frames_of(struct vmt_recording *recording, const char *symbol,
			    struct vmt_frame_places *ret_places, struct vmt_error *error)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_FRAMES_OF);

	vmt_array_clear(ret_places);
	sqlite3_bind_blob(query, 1, symbol, (int)strlen(symbol), SQLITE_STATIC);
	while (vmt_recording_row(recording, query)) {
		const struct vmt_frame_place place = {
			.object = vmt_column_text(recording, query, 0),
			.offset = vmt_column_word(recording, query, 1),
		};

		vmt_array_push(ret_places, place);
	}
	sqlite3_reset(query);
	return vmt_recording_verdict(recording, error);
}
