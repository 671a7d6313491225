/* SPDX-License-Identifier: MIT */
/* test-explain: every id has a text, and the texts are fit to be printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vmtrace/annotate.h"

enum {
	LINE_COLUMNS = 100,
	TOPIC_LINES = 40, /* one screen */
};

static size_t count_of(const char *kind)
{
	struct vmt_explanation explanation;
	size_t count = 0;

	for (size_t i = 0; vmt_explanation_at(i, &explanation); i++)
		count += strcmp(explanation.kind, kind) == 0;
	return count;
}

static void test_kinds_are_whole(void **state)
{
	(void)state;
	assert_int_equal(count_of("call"), VMT_CALL_COUNT - 1);
	assert_int_equal(count_of("pattern"), VMT_PATTERN_COUNT - 1);
	assert_int_equal(count_of("cause"), VMT_CAUSE_FOUND + 1);
	assert_int_equal(count_of("why"), VMT_WHY_COUNT - 1);
	assert_int_equal(count_of("reason"), VMT_REASON_COUNT - 1);
	assert_int_equal(count_of("warning"), VMT_WARNING_COUNT);
	assert_true(count_of("topic") >= 20);
}

static void check_plain(const char *text)
{
	for (const char *at = text; *at; at++)
		assert_true(*at == '\n' || (*at >= ' ' && *at < 0x7f));
	assert_null(strstr(text, "  \n"));
}

static void test_texts_are_there(void **state)
{
	struct vmt_explanation explanation;

	(void)state;
	for (size_t i = 0; vmt_explanation_at(i, &explanation); i++) {
		assert_non_null(explanation.id);
		assert_true(explanation.id[0]);
		if (!explanation.line[0])
			fail_msg("no text for the %s %s", explanation.kind, explanation.id);
		check_plain(explanation.line);
		check_plain(explanation.text);
		if (strcmp(explanation.kind, "topic") != 0 &&
		    explanation.line[strlen(explanation.line) - 1] != '.')
			fail_msg("not a sentence: %s", explanation.line);
	}
}

static void test_topics_fit_a_screen(void **state)
{
	struct vmt_explanation explanation;

	(void)state;
	for (size_t i = 0; vmt_explanation_at(i, &explanation); i++) {
		size_t lines = 0;

		if (strcmp(explanation.kind, "topic") != 0)
			continue;
		for (const char *at = explanation.text; *at; at = strchr(at, '\n') + 1) {
			if (strcspn(at, "\n") > LINE_COLUMNS || !strchr(at, '\n'))
				fail_msg("%s: %.40s", explanation.id, at);
			lines++;
		}
		assert_true(lines >= 5 && lines <= TOPIC_LINES);
	}
}

static void test_ids_are_different(void **state)
{
	struct vmt_explanation one, other;

	(void)state;
	for (size_t i = 0; vmt_explanation_at(i, &one); i++) {
		for (size_t k = i + 1; vmt_explanation_at(k, &other); k++) {
			if (strcmp(one.kind, other.kind) == 0 && strcmp(one.id, other.id) == 0)
				fail_msg("two texts for the %s %s", one.kind, one.id);
			/* what is said once need not be said again */
			if (strcmp(one.line, other.line) == 0)
				fail_msg("%s and %s say the same", one.id, other.id);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_are_whole),
		cmocka_unit_test(test_texts_are_there),
		cmocka_unit_test(test_topics_fit_a_screen),
		cmocka_unit_test(test_ids_are_different),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
