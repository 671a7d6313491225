/* SPDX-License-Identifier: MIT */
/*
 * fuzz-recording: any bytes as a recording. It is refused with one line, or read from front to end
 * through the renderers, and asked about each of its spaces.
 *
 * The corpus holds small recordings. A fuzzer that changes bytes of a database mostly meets SQLite's
 * own checks; what gets past them are the rows, and those are what vmtrace has to check itself.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "vmtrace/render.h"
#include "vmtrace/store.h"

enum {
	RECORDS_MAX = 20000, /* read of one input */
	SPACES_MAX = 20,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build for release must check as well. */
static void require(bool condition)
{
	if (!condition)
		abort();
}

/* With the parts that the rows are. */
static void hand_on_layout(struct vmt_recording *recording, const struct vmt_layout_info *layout,
			   struct vmt_renderer *renderer)
{
	struct vmt_layout_info whole = *layout;
	struct vmt_part *parts = vmt_calloc(layout->list->rows.count + 1, sizeof(*parts));

	if (vmt_recording_facts_read(recording, NULL) == 0) {
		vmt_parts(layout->list, 4096, vmt_recording_facts, recording, parts);
		whole.parts = parts;
	}
	renderer->ops->layout(renderer, &whole);
	free(parts);
}

static void hand_on(struct vmt_recording *recording, const struct vmt_record *record,
		    struct vmt_renderer *renderer)
{
	switch (record->kind) {
	case VMT_RECORD_SPACE:
		renderer->ops->space(renderer, record->space);
		break;
	case VMT_RECORD_STEP:
		renderer->ops->step(renderer, record->step);
		break;
	case VMT_RECORD_LAYOUT:
		hand_on_layout(recording, record->layout, renderer);
		break;
	case VMT_RECORD_OBJECT:
		vmt_renderer_object(renderer, record->object);
		break;
	case VMT_RECORD_WARNING:
		require(record->warning->name && record->warning->text);
		break;
	case VMT_RECORD_NOTE:
		renderer->ops->note(renderer, record->note);
		break;
	case VMT_RECORD_SUMMARY:
		renderer->ops->summary(renderer, record->summary);
		break;
	}
}

static void replay(struct vmt_recording *recording, struct vmt_renderer *const renderers[],
		   size_t count)
{
	struct vmt_error error = { "" };
	struct vmt_record record;
	int result = 1;

	for (size_t i = 0; i < count; i++)
		renderers[i]->ops->run(renderers[i], vmt_recording_run(recording));
	vmt_recording_rewind(recording, NULL);
	for (unsigned n = 0; n < RECORDS_MAX && result > 0; n++) {
		result = vmt_recording_next(recording, &record, &error);
		for (size_t i = 0; i < count && result > 0; i++)
			hand_on(recording, &record, renderers[i]);
	}
	require(result >= 0 || error.text[0] != '\0');
}

static void ask(struct vmt_recording *recording, FILE *file)
{
	struct vmt_step_list list = { 0 };
	uint32_t space = 0;

	for (unsigned i = 0; i < SPACES_MAX; i++) {
		const struct vmt_layout_info *layout;
		uint64_t base;
		uint32_t last;
		size_t gap;

		if (vmt_recording_next_space(recording, space, &space, NULL) < 0 || !space)
			break;
		if (vmt_recording_last_step(recording, space, &last, NULL) < 0)
			continue;
		if (vmt_recording_layout(recording, space, last / 2, &layout, NULL) == 0) {
			vmt_render_maps(file, layout->list, 64, false);
			for (size_t row = 0; row < layout->list->rows.count; row++)
				require(layout->list->rows.data[row].map.start <
					layout->list->rows.data[row].map.end);
		}
		if (vmt_recording_object(recording, space, "libc.so.6", &base, NULL) < 0)
			continue;
		for (size_t most = 1; most; most = most == 1 ? SIZE_MAX : 0) {
			if (vmt_recording_touching(recording, space, base, most, &list, &gap,
						   NULL) == 0)
				require(gap <= list.count);
		}
	}
	vmt_array_deinit(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct vmt_text_options full = {
		.views = VMT_LOG_STEPS | VMT_LOG_MAP | VMT_LOG_CALLS,
		.show = VMT_SHOW_PATH | VMT_SHOW_FLAGS | VMT_SHOW_TABLES | VMT_SHOW_TLB,
		.width = 100,
	};
	const struct vmt_text_options taught = {
		.views = VMT_LOG_STEPS,
		.teach = true,
		.verbose = true,
		.width = 100,
	};
	const struct vmt_text_options folded = { .views = VMT_LOG_STEPS,
						 .fold = true,
						 .width = 100 };
	const struct vmt_stat_options sums = { .verbose = true };
	struct vmt_names *names = vmt_names_new();
	struct vmt_recording *recording;
	struct vmt_error error = { "" };
	FILE *file = fopen("/dev/null", "we");

	require(file != NULL);
	if (vmt_recording_open_bytes(data, size, names, &recording, &error) < 0) {
		require(error.text[0] != '\0');
	} else {
		struct vmt_renderer *const renderers[] = {
			vmt_render_text_new(file, &full),   vmt_render_text_new(file, &taught),
			vmt_render_text_new(file, &folded), vmt_render_json_new(file),
			vmt_render_csv_new(file),           vmt_render_folded_new(file),
			vmt_render_perfetto_new(file),      vmt_render_stat_new(file, &sums),
		};

		replay(recording, renderers, vmt_countof(renderers));
		ask(recording, file);
		for (size_t i = 0; i < vmt_countof(renderers); i++)
			vmt_renderer_free(renderers[i]);
		vmt_recording_free(recording);
	}
	fclose(file);
	vmt_names_free(names);
	return 0;
}
