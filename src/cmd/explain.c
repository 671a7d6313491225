/* SPDX-License-Identifier: MIT */
/*
 * `vmtrace explain [ID…]`: the texts that --teach and the manual speak with, by id. Without an id,
 * the list of all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"
#include "options.h"
#include "vmtrace/annotate.h"

enum {
	TEXT_COLUMNS = 96, /* of text that is to be wrapped; less on a narrower terminal */
	KIND_COLUMNS = 8,
	ID_COLUMNS = 26,
	WORD_MAX = 64, /* longest id that is compared with others */
	FAR = 4, /* so many edits apart, two ids are not alike */
};

struct explain_options {
	bool ids;
	bool help;
};

static int take_ids(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct explain_options *)target)->ids = true;
	return 0;
}

static int take_help(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct explain_options *)target)->help = true;
	return 0;
}

static const struct vmt_option explain_table[] = {
	{ "ids", 0, NULL, "only the ids, one a line", take_ids },
	{ "help", 'h', NULL, "show this help", take_help },
};

static void help(FILE *file)
{
	fprintf(file, "usage: %s\n\n", vmt_command_explain.usage);
	fputs("Explains a call, a pattern, a cause, a reason, a warning or a topic such as\n"
	      "page-table; without an ID, lists them all.\n\n",
	      file);
	vmt_options_help(explain_table, vmt_countof(explain_table), file);
	fputs("\nExit status: 0; 125 if there is no such ID.\n", file);
}

static size_t columns(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
	    size.ws_col < 20 || size.ws_col > TEXT_COLUMNS)
		return TEXT_COLUMNS;
	return size.ws_col;
}

/* Our own texts: words of ASCII with one space between them. */
static void print_wrapped(const char *text, size_t width)
{
	size_t column = 0;

	while (*text) {
		size_t length = strcspn(text, " ");

		if (column && column + 1 + length > width) {
			putchar('\n');
			column = 0;
		}
		if (column) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)length, text);
		column += length;
		text += length + (text[length] == ' ');
	}
	putchar('\n');
}

static void print(const struct vmt_explanation *explanation)
{
	size_t width = columns();

	printf("%s (%s)\n", explanation->id, explanation->kind);
	print_wrapped(explanation->line, width);
	if (!explanation->text[0])
		return;
	putchar('\n');
	if (strchr(explanation->text, '\n'))
		fputs(explanation->text, stdout);
	else
		print_wrapped(explanation->text, width);
}

static void list(bool ids_only)
{
	struct vmt_explanation explanation;

	for (size_t i = 0; vmt_explanation_at(i, &explanation); i++) {
		if (ids_only)
			puts(explanation.id);
		else
			printf("%-*s %-*s %s\n", KIND_COLUMNS, explanation.kind, ID_COLUMNS,
			       explanation.id, explanation.line);
	}
}

/* Letters to insert, delete or change until one word is the other (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t length = strlen(b);

	if (strlen(a) > WORD_MAX || length > WORD_MAX)
		return FAR;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j - 1] + 1 < change)
				change = row[j - 1] + 1;
			if (row[j] + 1 < change)
				change = row[j] + 1;
			row[j] = change;
		}
	}
	return row[length];
}

/* The id that is most like @word, or holds it; NULL if none is near. */
static const char *nearest(const char *word)
{
	struct vmt_explanation explanation;
	const char *best = NULL;
	size_t least = FAR;

	for (size_t i = 0; vmt_explanation_at(i, &explanation); i++) {
		size_t edits = distance(word, explanation.id);

		if (strlen(word) > 2 && strstr(explanation.id, word) && edits >= FAR)
			edits = FAR - 1;
		if (edits < least && edits < strlen(explanation.id)) {
			least = edits;
			best = explanation.id;
		}
	}
	return best;
}

/* Prints every text of that id: a call and a topic may share it. */
static bool explain(const char *id, bool *first)
{
	struct vmt_explanation explanation;
	bool found = false;

	for (size_t i = 0; vmt_explanation_at(i, &explanation); i++) {
		if (strcmp(explanation.id, id) != 0)
			continue;
		if (!*first)
			putchar('\n');
		*first = false;
		found = true;
		print(&explanation);
	}
	return found;
}

static int refuse(const char *id, struct vmt_error *error)
{
	const char *like = nearest(id);

	if (like)
		return vmt_error_set(error, ENOENT,
				     "explain: there is no '%s'; did you mean '%s'? 'vmtrace "
				     "explain' lists all",
				     id, like);
	return vmt_error_set(error, ENOENT,
			     "explain: there is no '%s'; 'vmtrace explain' lists all", id);
}

static int run(int argc, char **argv, struct vmt_status *ret_status, struct vmt_error *error)
{
	struct explain_options options = { 0 };
	int at = vmt_options_parse(explain_table, vmt_countof(explain_table), argc, argv, &options,
				   error);
	bool first = true;

	ret_status->code = VMT_EXIT_FAILED;
	if (at < 0)
		return at;
	if (options.help)
		help(stdout);
	else if (at == argc)
		list(options.ids);
	for (; !options.help && at < argc; at++) {
		if (!explain(argv[at], &first)) {
			fflush(stdout);
			return refuse(argv[at], error);
		}
	}
	if (fflush(stdout) != 0 || ferror(stdout))
		return vmt_error_set(error, errno, "explain: cannot write to standard output: %s",
				     vmt_strerror(errno));
	ret_status->code = 0;
	return 0;
}

const struct vmt_command vmt_command_explain = {
	.name = "explain",
	.usage = "vmtrace explain [OPTIONS] [ID...]",
	.help = help,
	.run = run,
};
