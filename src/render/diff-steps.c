/* SPDX-License-Identifier: MIT */
/*
 * diff-steps: two sequences of steps as a unified diff, those that differ with three that do not on
 * each side. A step of the first space has its number before the others of the second:
 *
 *	@@ 12 | 12 @@
 *	   12   12  libc     map anon (rw) +8K
 *	-  13       libc     map anon (rw) +132K
 *	+       13  libc     map anon (rw) +264K
 */
#include "diff.h"

#include <inttypes.h>

enum {
	CONTEXT = 3,
	NUMBER_COLUMNS = 7,
	WHO_COLUMNS = 9
};

static void add_number(struct vmt_line *line, enum vmt_style style,
		       const struct vmt_compare_steps *steps, size_t index)
{
	if (index == VMT_NO_ROW)
		vmt_line_printf(line, style, "%*s", NUMBER_COLUMNS, "");
	else
		vmt_line_printf(line, style, "%*" PRIu32, NUMBER_COLUMNS,
				steps->data[index].number);
}

static void write_step(struct vmt_diff_text *text, const struct vmt_diff_space *space,
		       const struct vmt_step_pair *pair)
{
	bool gone = pair->b == VMT_NO_ROW, added = pair->a == VMT_NO_ROW;
	enum vmt_style style = gone ? VMT_STYLE_RED : added ? VMT_STYLE_GREEN : VMT_STYLE_PLAIN;
	const struct vmt_compare_step *step =
		added ? &space->b->steps->data[pair->b] : &space->a->steps->data[pair->a];
	struct vmt_line *line = &text->line;
	char size[16];

	vmt_line_printf(line, style, "%c", gone ? '-' : added ? '+' : ' ');
	add_number(line, style, space->a->steps, pair->a);
	add_number(line, style, space->b->steps, pair->b);
	vmt_line_add(line, VMT_STYLE_PLAIN, "  ");
	vmt_line_add(line, style, step->actor);
	vmt_line_pad(line, 1 + 2 * NUMBER_COLUMNS + 2 + WHO_COLUMNS);
	vmt_line_add(line, style, step->what);
	if (step->size_bytes)
		vmt_line_printf(line, style, " %c%s", step->size_bytes < 0 ? '-' : '+',
				vmt_size_text(step->size_bytes < 0 ? -(uint64_t)step->size_bytes
								   : (uint64_t)step->size_bytes,
					      size));
	if (text->options->verbose || text->options->addresses)
		vmt_line_printf(line, style, " %08" PRIx64, step->address);
	vmt_diff_flush(text);
}

static bool differs(const struct vmt_step_pair *pair)
{
	return pair->a == VMT_NO_ROW || pair->b == VMT_NO_ROW;
}

void vmt_diff_steps(struct vmt_diff_text *text, const struct vmt_diff_space *space)
{
	const struct vmt_step_comparison *comparison = space->steps;
	size_t shown = 0; /* pairs below this index were shown, or never will be */
	size_t count = comparison->pairs.count;

	for (size_t i = 0; i < count && !text->options->stat; i++) {
		size_t first = i > CONTEXT ? i - CONTEXT : 0;

		if (!differs(&comparison->pairs.data[i]) && !text->options->verbose)
			continue;
		if (first > shown || (i == 0 && !shown)) {
			vmt_line_add(&text->line, VMT_STYLE_CYAN, "@@");
			vmt_diff_flush(text);
		}
		for (size_t at = first > shown ? first : shown; at < count && at <= i + CONTEXT;
		     at++) {
			/* Context ends where the next difference begins its own. */
			if (at > i && differs(&comparison->pairs.data[at]))
				break;
			write_step(text, space, &comparison->pairs.data[at]);
			shown = at + 1;
		}
	}
	vmt_line_printf(&text->line, VMT_STYLE_PLAIN, "steps: %zu added, %zu gone, %zu the same",
			comparison->added, comparison->gone, comparison->kept);
	vmt_diff_flush(text);
}
