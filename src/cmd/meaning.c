/* SPDX-License-Identifier: MIT */
/*
 * What steps are for: see meaning.h. The texts go to the pool of names, because renderers keep
 * them and compare them by address.
 */
#include "meaning.h"

void vmt_session_meaning(struct session *session, struct vmt_step *step)
{
	struct vmt_str *text = &session->text;
	struct vmt_meaning meaning;

	vmt_str_clear(text);
	vmt_story_step(session->current->story, step, &meaning, text);
	step->pattern = meaning.pattern;
	step->group = meaning.group;
	step->purpose = vmt_session_intern(session, vmt_str_text(text));
	vmt_str_clear(text);
	vmt_title(step, text);
	step->title = vmt_session_intern(session, vmt_str_text(text));
}
