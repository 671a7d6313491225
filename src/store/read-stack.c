/* SPDX-License-Identifier: MIT */
/*
 * Rows of frame and stack become linked frames again: the mirror of record-stack.c. All of them are
 * read when the first step has a stack, and stay until the recording is freed: renderers follow them
 * at any time. A caller has the lower number, so no chain has a loop.
 */
#include <stdlib.h>

#include "recording.h"

enum {
	DEPTH_MAX = 1024, /* frames of a stack; a run cannot ask for more */
	GAPS_MAX = 1 << 16, /* numbers of stacks whose step was never seen to return */
};

/* Columns of VMT_QUERY_FRAMES. */
enum {
	ID,
	CALLER,
	IP,
	OBJECT,
	OFFSET,
	SYMBOL,
	SYMBOL_OFFSET,
	BITS,
};

static enum vmt_stack_end end_of(uint64_t bits)
{
	if (bits & VMT_FRAME_BIT_DEPTH)
		return VMT_STACK_DEPTH;
	return bits & VMT_FRAME_BIT_LOST ? VMT_STACK_LOST : VMT_STACK_WHOLE;
}

/* Of the mapping only the byte at ip is known. */
static void read_code(struct vmt_recording *recording, sqlite3_stmt *query,
		      struct vmt_read_frame *read)
{
	if (vmt_column_null(query, OBJECT))
		return;
	read->code = (struct vmt_mapping){
		.start = read->frame.ip,
		.end = read->frame.ip + 1,
		.offset = vmt_column_word(recording, query, OFFSET),
		.name = vmt_column_text(recording, query, OBJECT),
	};
	read->frame.code = &read->code;
}

static void read_frame(struct vmt_recording *recording, sqlite3_stmt *query)
{
	size_t before = recording->frames.count;
	struct vmt_read_frame *read;
	uint64_t caller, bits;

	if (vmt_column_number(recording, query, ID, INT64_MAX) != before + 1) {
		vmt_recording_blame(recording, "frame %zu is missing", before + 1);
		return;
	}
	caller = vmt_column_number(recording, query, CALLER, before);
	bits = vmt_column_number(recording, query, BITS, VMT_FRAME_BITS - 1);
	read = vmt_calloc(1, sizeof(*read));
	vmt_array_push(&recording->frames, read);
	read->frame = (struct vmt_frame){
		.ip = vmt_column_word(recording, query, IP),
		.end = end_of(bits),
		.exact = bits & VMT_FRAME_BIT_EXACT,
		.guessed = bits & VMT_FRAME_BIT_GUESSED,
		.resolved = true,
		.symbol_offset = vmt_column_word(recording, query, SYMBOL_OFFSET),
	};
	if (!vmt_column_null(query, SYMBOL))
		read->frame.symbol = vmt_column_text(recording, query, SYMBOL);
	read_code(recording, query, read);
	if (caller) {
		read->frame.caller = &recording->frames.data[caller - 1]->frame;
		read->depth = recording->frames.data[caller - 1]->depth + 1;
	}
	if (read->depth >= DEPTH_MAX)
		vmt_recording_blame(recording, "a call stack without end");
}

static void read_stack(struct vmt_recording *recording, sqlite3_stmt *query)
{
	uint64_t number = vmt_column_number(recording, query, 0, UINT32_MAX);
	uint64_t frame = vmt_column_number(recording, query, 1, recording->frames.count);
	uint64_t gap = number - recording->stacks.count - 1;

	if (number <= recording->stacks.count || gap > GAPS_MAX - recording->stack_gaps || !frame) {
		vmt_recording_blame(recording, "the number or the frame of a stack");
		return;
	}
	recording->stack_gaps += (unsigned)gap;
	while (gap--)
		vmt_array_push(&recording->stacks, NULL);
	vmt_array_push(&recording->stacks, &recording->frames.data[frame - 1]->frame);
	recording->frames.data[frame - 1]->frame.stack = (uint32_t)number;
}

static void read_all(struct vmt_recording *recording)
{
	sqlite3_stmt *query = vmt_recording_query(recording, VMT_QUERY_FRAMES);

	while (vmt_recording_row(recording, query))
		read_frame(recording, query);
	sqlite3_reset(query);
	recording->stacks_read = true;
	if (recording->bad)
		return;
	query = vmt_recording_query(recording, VMT_QUERY_STACKS);
	while (vmt_recording_row(recording, query))
		read_stack(recording, query);
	sqlite3_reset(query);
}

void vmt_read_stack(struct vmt_recording *recording, sqlite3_stmt *query, int column,
		    struct vmt_read_site *site)
{
	uint64_t number = vmt_column_number(recording, query, column, UINT32_MAX);
	uint64_t caller;

	if (vmt_column_null(query, column))
		return;
	if (!recording->stacks_read)
		read_all(recording);
	caller = vmt_column_number(recording, query, column + 2, recording->frames.count);
	if (!number || number > recording->stacks.count || !recording->stacks.data[number - 1])
		vmt_recording_blame(recording, "stack %llu is missing", (unsigned long long)number);
	if (recording->bad)
		return;
	site->stack = recording->stacks.data[number - 1];
	if (caller) {
		site->caller = &recording->frames.data[caller - 1]->frame;
		site->caller_actor = vmt_column_text(recording, query, column + 1);
	}
}

void vmt_recording_deinit_stacks(struct vmt_recording *recording)
{
	for (size_t i = 0; i < recording->frames.count; i++)
		free(recording->frames.data[i]);
	vmt_array_deinit(&recording->frames);
	vmt_array_deinit(&recording->stacks);
}
