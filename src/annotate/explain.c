/* SPDX-License-Identifier: MIT */
/*
 * All texts by id, for `vmtrace explain` and --teach. They stand in text-*.def, one file a kind.
 * The tables are indexed by the enumerators, so that a text for something that does not exist does
 * not compile; that none is missing is for the unit test to see.
 *
 * To add a text is one entry in the file of its kind. Another kind is a file, a table and a row in
 * kinds[].
 */
#include "vmtrace/annotate.h"

#include <string.h>

struct text {
	const char *line;
	const char *more;
};

#define VMT_TEXT(id, line, more) [VMT_WHY_##id] = { (line), (more) },
static const struct text whys[VMT_WHY_COUNT] = {
#include "text-why.def"
};
#undef VMT_TEXT

#define VMT_TEXT(id, line, more) [VMT_REASON_##id] = { (line), (more) },
static const struct text reasons[VMT_REASON_COUNT] = {
#include "text-reason.def"
};
#undef VMT_TEXT

#define VMT_TEXT(id, line, more) [VMT_PATTERN_##id] = { (line), (more) },
static const struct text patterns[VMT_PATTERN_COUNT] = {
#include "text-pattern.def"
};
#undef VMT_TEXT

#define VMT_TEXT(id, line, more) [VMT_CALL_##id] = { (line), (more) },
static const struct text calls[VMT_CALL_COUNT] = {
#include "text-call.def"
};
#undef VMT_TEXT

#define VMT_TEXT(id, line, more) [VMT_WARNING_##id] = { (line), (more) },
static const struct text warnings[VMT_WARNING_COUNT] = {
#include "text-warning.def"
};
#undef VMT_TEXT

#define VMT_TEXT(id, name, line, more) [VMT_CAUSE_##id] = { (line), (more) },
static const struct text causes[VMT_CAUSE_COUNT] = {
#include "text-cause.def"
};
#undef VMT_TEXT

static const struct {
	const char *id;
	struct text text;
} topics[] = {
#define VMT_TEXT(id, line, more) { (id), { (line), (more) } },
#include "text-topic.def"
#undef VMT_TEXT
};

static const char *why_id(size_t index)
{
	return vmt_why_name((enum vmt_why_id)index);
}

static const char *reason_id(size_t index)
{
	return vmt_reason_name((enum vmt_reason)index);
}

static const char *pattern_id(size_t index)
{
	return vmt_pattern_name((enum vmt_pattern)index);
}

static const char *warning_id(size_t index)
{
	return vmt_warning_name((enum vmt_warning_id)index);
}

static const char *call_id(size_t index)
{
	return vmt_call_info((enum vmt_call_id)index)->name;
}

static const char *cause_id(size_t index)
{
	return vmt_cause_name((enum vmt_cause)index);
}

/* One kind of texts; those below @first are no ids of their own ("none"). */
struct kind {
	const char *name;
	const struct text *texts;
	size_t first;
	size_t count;
	const char *(*id)(size_t index);
};

static const struct kind kinds[] = {
	{ "call", calls, VMT_CALL_NONE + 1, VMT_CALL_COUNT, call_id },
	{ "pattern", patterns, VMT_PATTERN_NONE + 1, VMT_PATTERN_COUNT, pattern_id },
	{ "cause", causes, 0, VMT_CAUSE_COUNT, cause_id },
	{ "why", whys, VMT_WHY_NONE + 1, VMT_WHY_COUNT, why_id },
	{ "reason", reasons, VMT_REASON_NONE + 1, VMT_REASON_COUNT, reason_id },
	{ "warning", warnings, 0, VMT_WARNING_COUNT, warning_id },
};

bool vmt_explanation_at(size_t index, struct vmt_explanation *ret_explanation)
{
	if (index < vmt_countof(topics)) {
		*ret_explanation = (struct vmt_explanation){
			.kind = "topic",
			.id = topics[index].id,
			.line = topics[index].text.line,
			.text = topics[index].text.more,
		};
		return true;
	}
	index -= vmt_countof(topics);
	for (size_t i = 0; i < vmt_countof(kinds); i++) {
		const struct kind *kind = &kinds[i];
		size_t count = kind->count - kind->first;

		if (index < count) {
			const struct text *text = &kind->texts[kind->first + index];

			*ret_explanation = (struct vmt_explanation){
				.kind = kind->name,
				.id = kind->id(kind->first + index),
				.line = text->line ? text->line : "",
				.text = text->more ? text->more : "",
			};
			return true;
		}
		index -= count;
	}
	return false;
}

const char *vmt_why_sentence(enum vmt_why_id id)
{
	return whys[id].line ? whys[id].line : "";
}
