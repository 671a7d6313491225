/* SPDX-License-Identifier: MIT */
/*
 * What steps do and what they are for: see meaning.h. The texts go to the pool of names, because
 * renderers keep them and compare them by address.
 */
#include "meaning.h"

#include <string.h>

#include "loading.h"

/* Names of the pool for the few texts that come again and again. */
static const char *intern(struct session *session, const char *text)
{
	const char **last = session->texts;
	size_t slot = session->next_text++ % TEXTS;

	for (size_t i = 0; i < TEXTS; i++)
		if (last[i] && strcmp(last[i], text) == 0)
			return last[i];
	return last[slot] = vmt_names_add(session->names, text);
}

static void give_meaning(struct session *session, struct vmt_step *step)
{
	struct vmt_str *text = &session->text;
	struct vmt_meaning meaning;

	vmt_str_clear(text);
	vmt_story_step(session->current->story, step, &meaning, text);
	step->pattern = meaning.pattern;
	step->group = meaning.group;
	step->purpose = intern(session, vmt_str_text(text));
}

void vmt_session_describe(struct session *session, struct vmt_step *step)
{
	struct vmt_str *text = &session->text;

	vmt_loading_step(session, step);
	vmt_str_clear(text);
	vmt_what(step, text);
	step->what = intern(session, vmt_str_text(text));
	if (!session->current->unseen)
		give_meaning(session, step);
	vmt_str_clear(text);
	vmt_title(step, text);
	step->title = intern(session, vmt_str_text(text));
	step->hidden = session->options->filter && !vmt_expr_match(session->options->filter, step);
}
