/* SPDX-License-Identifier: MIT */
/*
 * stat-text: the sums over a run for people: tables by actor, object and call, a paragraph for each
 * space, and what was never unmapped.
 */
#include "stat.h"
#include "text.h"

#include <inttypes.h>
#include <limits.h>

enum {
	ROWS_SHOWN = 20,
	SPACES_SHOWN = 20,
	LEAKS_SHOWN = 20,
	FRAMES_SHOWN = 8, /* of a leak's stack */
	GRAPH_COLUMNS = 32,
	NUMBER_COLUMNS = 10,
	SIZE_COLUMNS = 9,
	LEAK_COLUMNS = NUMBER_COLUMNS + 2 * SIZE_COLUMNS + 2, /* where a leak's maker stands */
};

struct stat_text {
	FILE *file;
	const struct vmt_stat_options *options;
	struct vmt_line line;
};

static void flush(struct stat_text *text)
{
	vmt_line_break(&text->line);
	fwrite(text->line.text.data, 1, text->line.text.length, text->file);
	vmt_line_clear(&text->line);
}

static void add_size(struct stat_text *text, uint64_t bytes)
{
	char size[16];

	vmt_line_printf(&text->line, VMT_STYLE_PLAIN, "%*s", SIZE_COLUMNS,
			vmt_size_text(bytes, size));
}

static void add_count(struct stat_text *text, uint64_t count)
{
	char number[32];

	vmt_line_printf(&text->line, VMT_STYLE_PLAIN, "%*s", NUMBER_COLUMNS,
			vmt_count_text(count, number));
}

/* "… 7 more; -v shows them" */
static void write_more(struct stat_text *text, size_t count, size_t shown)
{
	if (count <= shown)
		return;
	vmt_line_printf(&text->line, VMT_STYLE_DIM, "  … %zu more; -v shows them", count - shown);
	flush(text);
}

static size_t limit(const struct stat_text *text, size_t count, size_t most)
{
	return text->options->verbose || count < most ? count : most;
}

/* ---- Tables ------------------------------------------------------------------------------------- */

static void write_table(struct stat_text *text, const struct vmt_tally_result *result,
			enum vmt_tally_by by)
{
	static const char *const titles[] = { "by actor", "by object", "by call" };
	size_t count = result->rows[by].count;
	size_t shown = limit(text, count, ROWS_SHOWN);

	vmt_line_printf(&text->line, VMT_STYLE_BOLD, "%*s%*s%*s%*s%*s  %s", NUMBER_COLUMNS, "steps",
			NUMBER_COLUMNS, "failed", SIZE_COLUMNS, "mapped", SIZE_COLUMNS, "unmapped",
			SIZE_COLUMNS, "live", titles[by]);
	flush(text);
	for (size_t i = 0; i < shown; i++) {
		const struct vmt_tally_row *row = &result->rows[by].data[i];

		add_count(text, row->steps);
		add_count(text, row->failed);
		add_size(text, row->mapped_bytes);
		add_size(text, row->unmapped_bytes);
		add_size(text, row->live_bytes);
		vmt_line_add(&text->line, VMT_STYLE_PLAIN, "  ");
		vmt_line_add(&text->line,
			     by == VMT_TALLY_ACTOR ? vmt_actor_style(row->name) : VMT_STYLE_PLAIN,
			     row->name[0] ? row->name : "-");
		flush(text);
	}
	write_more(text, count, shown);
	vmt_line_break(&text->line);
}

/* ---- Spaces ------------------------------------------------------------------------------------- */

/* The VMAs over the steps, the highest bar for the peak. */
static void add_graph(struct stat_text *text, const struct vmt_tally_space *space)
{
	static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	size_t columns = space->sample_count < GRAPH_COLUMNS ? space->sample_count : GRAPH_COLUMNS;

	if (!space->vmas_peak)
		return;
	vmt_line_add(&text->line, VMT_STYLE_PLAIN, "  ");
	for (size_t i = 0; i < columns; i++) {
		size_t first = i * space->sample_count / columns;
		size_t last = (i + 1) * space->sample_count / columns;
		uint64_t most = 0;

		for (size_t at = first; at < last; at++)
			most = vmt_max_u64(most, space->samples[at].vmas);
		vmt_line_add(&text->line, VMT_STYLE_CYAN,
			     bars[most * (vmt_countof(bars) - 1) / space->vmas_peak]);
	}
}

static void write_vmas(struct stat_text *text, const struct vmt_tally_space *space)
{
	vmt_line_printf(&text->line, VMT_STYLE_PLAIN,
			"  VMAs: %" PRIu64 " at the end, at most %" PRIu64 " (after step %" PRIu32
			")",
			space->vmas, space->vmas_peak, space->peak_step);
	if (space->vmas_limit)
		vmt_line_printf(&text->line, VMT_STYLE_PLAIN, ", %.1f%% of the limit of %" PRIu64,
				100.0 * (double)space->vmas_peak / (double)space->vmas_limit,
				space->vmas_limit);
	add_graph(text, space);
	flush(text);
}

static void write_memory(struct stat_text *text, const struct vmt_tally_space *space)
{
	char mapped[16], committed[16], reserved[16], tables[16];

	vmt_line_printf(&text->line, VMT_STYLE_PLAIN,
			"  %s mapped: %s committed (private, writable), %s reserved (no access or "
			"MAP_NORESERVE)",
			vmt_size_text(space->mapped_bytes, mapped),
			vmt_size_text(space->committed_bytes, committed),
			vmt_size_text(space->reserved_bytes, reserved));
	if (space->has_page_table)
		vmt_line_printf(&text->line, VMT_STYLE_PLAIN, "; page tables %s",
				vmt_size_text(space->page_table_kib * 1024, tables));
	flush(text);
}

static void write_holes(struct stat_text *text, const struct vmt_tally_space *space)
{
	char size[16];

	vmt_line_printf(&text->line, VMT_STYLE_PLAIN, "  holes: %zu", space->hole_count);
	for (size_t i = 0; i < VMT_TALLY_HOLES && space->holes[i].end; i++)
		vmt_line_printf(&text->line, VMT_STYLE_PLAIN, "%s%s",
				i == 0 ? ", the largest " : ", ",
				vmt_size_text(space->holes[i].end - space->holes[i].start, size));
	if (space->small_hole_count)
		vmt_line_printf(&text->line, VMT_STYLE_PLAIN, "; %zu below 2M with %s in all",
				space->small_hole_count,
				vmt_size_text(space->small_hole_bytes, size));
	flush(text);
}

static void write_space(struct stat_text *text, const struct vmt_tally_space *space)
{
	char steps[32];

	vmt_line_printf(&text->line, VMT_STYLE_BOLD, "space %" PRIu32 ", pid %d: %s", space->space,
			(int)space->pid, space->exe[0] ? space->exe : "an unknown program");
	vmt_line_printf(&text->line, VMT_STYLE_PLAIN, ", %s steps from %.6f s to %.6f s",
			vmt_count_text(space->steps, steps), (double)space->first_ns / 1e9,
			(double)space->last_ns / 1e9);
	flush(text);
	write_vmas(text, space);
	if (space->has_layout) {
		write_memory(text, space);
		write_holes(text, space);
	} else {
		vmt_line_add(
			&text->line, VMT_STYLE_PLAIN,
			"  its end was not seen; what follows from the last layout is unknown");
		flush(text);
	}
}

/* ---- What was never unmapped ---------------------------------------------------------------------- */

static void write_leak(struct stat_text *text, const struct vmt_tally_leak *leak, bool spaces)
{
	add_count(text, leak->count);
	if (leak->size_bytes)
		add_size(text, leak->size_bytes);
	else
		vmt_line_printf(&text->line, VMT_STYLE_PLAIN, "%*s", SIZE_COLUMNS, "various");
	add_size(text, leak->bytes);
	vmt_line_add(&text->line, VMT_STYLE_PLAIN, "  ");
	vmt_line_add(&text->line, vmt_actor_style(leak->actor), leak->actor);
	vmt_line_printf(&text->line, VMT_STYLE_PLAIN, " %s, ", leak->call);
	if (spaces)
		vmt_line_printf(&text->line, VMT_STYLE_PLAIN, "space %" PRIu32 " ", leak->space);
	vmt_line_printf(&text->line, VMT_STYLE_PLAIN, "step %" PRIu32, leak->first_step);
	flush(text);
	if (!leak->stack)
		return;
	vmt_line_stack(&text->line, LEAK_COLUMNS, leak->stack,
		       text->options->verbose ? UINT_MAX : FRAMES_SHOWN);
	fwrite(text->line.text.data, 1, text->line.text.length, text->file);
	vmt_line_clear(&text->line);
}

static void write_leaks(struct stat_text *text, const struct vmt_tally_result *result)
{
	size_t shown = limit(text, result->leaks.count, LEAKS_SHOWN);
	bool stacks = false;

	if (!result->leaks.count)
		return;
	for (size_t i = 0; i < result->leaks.count; i++)
		stacks |= result->leaks.data[i].stack != NULL;
	vmt_line_break(&text->line);
	vmt_line_printf(&text->line, VMT_STYLE_BOLD, "%*s%*s%*s  never unmapped, by %s",
			NUMBER_COLUMNS, "count", SIZE_COLUMNS, "each", SIZE_COLUMNS, "left",
			stacks ? "call stack" : "maker and size");
	flush(text);
	for (size_t i = 0; i < shown; i++)
		write_leak(text, &result->leaks.data[i], result->spaces.count > 1);
	write_more(text, result->leaks.count, shown);
}

void vmt_stat_text(FILE *file, const struct vmt_tally_result *result,
		   const struct vmt_stat_options *options)
{
	struct stat_text text = {
		.file = file,
		.options = options,
		.line = { .color = options->color },
	};
	size_t shown = limit(&text, result->spaces.count, SPACES_SHOWN);
	char steps[32];

	vmt_line_printf(&text.line, VMT_STYLE_PLAIN, "%s steps in %zu space%s",
			vmt_count_text(result->steps, steps), result->spaces.count,
			result->spaces.count == 1 ? "" : "s");
	vmt_line_break(&text.line);
	flush(&text);
	for (int by = 0; by < VMT_TALLY_COUNT; by++)
		write_table(&text, result, (enum vmt_tally_by)by);
	for (size_t i = 0; i < shown; i++)
		write_space(&text, result->spaces.data[i]);
	write_more(&text, result->spaces.count, shown);
	write_leaks(&text, result);
	vmt_line_deinit(&text.line);
}
