/* SPDX-License-Identifier: MIT */
/*
 * replay: is a trace in JSON Lines true? Reads DIRECTORY/trace.jsonl and DIRECTORY/maps.N and
 * smaps.N as oracle.c leaves them, knows nothing of vmtrace but the documented format, and holds
 * that
 *
 *	- lines come in order: trace, then spaces with their steps numbered from 0, then the summary;
 *	- every VMA that a step removes was there, and none that it adds lies over another;
 *	- no mmap returns a range that is still held, unless it was asked for just that;
 *	- the layout of a space is what its steps, replayed from nothing, have left;
 *	- that layout, printed as the kernel prints it, is the text of maps to the byte;
 *	- each VMA has the VmFlags that smaps has;
 *	- the summary counts what was seen, with nothing unexplained and nothing unchecked.
 *
 *	replay [-u] DIRECTORY [MAPS]	(MAPS: about how many spaces, at least, the kernel was asked)
 *
 * With -u, steps may be unchecked.
 *
 * Says on standard output what is not so, and ends with 1.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SPACES_MAX = 4096,
	NAME_COLUMN = 73, /* on 64-bit kernels */
};

/* One VMA as far as maps shows it. */
struct row {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	uint64_t inode;
	char perms[5];
	char dev[16];
	char *name;
};

/* Rows by address. */
struct rows {
	struct row *data;
	size_t count;
	size_t room;
};

struct space {
	bool known;
	bool ended;
	bool compared; /* with the kernel's text */
	uint64_t steps;
	struct rows rows;
};

static const char *directory;
static uint64_t line_number;
static uint64_t failures;
static struct space spaces[SPACES_MAX];
static uint64_t space_count;
static uint64_t step_count;
static uint64_t unchecked_count;
static bool may_be_unchecked;
static uint64_t held_line; /* of the first mmap that returned what was still held, 0: none */
static bool order_inferred; /* a step says that its place among others is a guess */
static bool started;
static bool summed_up;

__attribute__((format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list args;

	failures++;
	printf("line %" PRIu64 ": ", line_number);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* ---- Rows --------------------------------------------------------------------------------- */

static bool row_equal(const struct row *a, const struct row *b)
{
	return a->start == b->start && a->end == b->end && a->offset == b->offset &&
	       a->inode == b->inode && strcmp(a->perms, b->perms) == 0 &&
	       strcmp(a->dev, b->dev) == 0 && strcmp(a->name, b->name) == 0;
}

/* The first row that ends above @address. */
static size_t rows_find(const struct rows *rows, uint64_t address)
{
	size_t low = 0;
	size_t high = rows->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows->data[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void rows_remove(struct rows *rows, struct row *row)
{
	size_t at = rows_find(rows, row->start);

	if (at == rows->count || !row_equal(&rows->data[at], row)) {
		fail("removes %" PRIx64 "-%" PRIx64 " %s %s, which was not there", row->start,
		     row->end, row->perms, row->name);
	} else {
		free(rows->data[at].name);
		memmove(&rows->data[at], &rows->data[at + 1],
			(--rows->count - at) * sizeof(*rows->data));
	}
	free(row->name);
}

/* Takes over the name of the row. */
static void rows_add(struct rows *rows, struct row *row)
{
	size_t at = rows_find(rows, row->start);

	if (row->start >= row->end)
		fail("an empty range at %" PRIx64, row->start);
	if (at < rows->count && rows->data[at].start < row->end)
		fail("adds %" PRIx64 "-%" PRIx64 " over %" PRIx64 "-%" PRIx64, row->start, row->end,
		     rows->data[at].start, rows->data[at].end);
	if (rows->count == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 64;
		rows->data = realloc(rows->data, rows->room * sizeof(*rows->data));
		if (!rows->data)
			abort();
	}
	memmove(&rows->data[at + 1], &rows->data[at], (rows->count++ - at) * sizeof(*rows->data));
	rows->data[at] = *row;
}

static void rows_free(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free(rows->data[i].name);
	free(rows->data);
	*rows = (struct rows){ 0 };
}

/* ---- From JSON ---------------------------------------------------------------------------- */

static uint64_t hex_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	char *end;
	uint64_t value;

	if (!text || strncmp(text, "0x", 2) != 0) {
		fail("\"%s\" is not a string \"0x…\"", key);
		return 0;
	}
	value = strtoull(text, &end, 16);
	if (*end)
		fail("\"%s\" is not a string \"0x…\"", key);
	return value;
}

static uint64_t number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail("\"%s\" is not an integer", key);
	return (uint64_t)json_integer_value(value);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		fail("\"%s\" is not a string", key);
	return text ? text : "";
}

static struct row row_of(const json_t *vma)
{
	struct row row = {
		.start = hex_of(vma, "start"),
		.end = hex_of(vma, "end"),
		.offset = hex_of(vma, "offset"),
		.inode = number_of(vma, "inode"),
		.name = strdup(text_of(vma, "name")),
	};

	snprintf(row.perms, sizeof(row.perms), "%s", text_of(vma, "perms"));
	snprintf(row.dev, sizeof(row.dev), "%s", text_of(vma, "dev"));
	if (!row.name)
		abort();
	return row;
}

/* ---- The kernel's flags ------------------------------------------------------------------- */

static FILE *open_of_space(const char *what, uint64_t number)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.%" PRIu64, directory, what, number);
	return fopen(path, "re");
}

/* Two letters for each flag, none twice. */
struct flag_set {
	unsigned count;
	char words[64][3];
};

static struct flag_set flags_of(const char *text)
{
	struct flag_set set = { 0 };
	int used;

	while (set.count < 64 && sscanf(text, "%2s%n", set.words[set.count], &used) == 1) {
		text += used;
		/* VM_SOFTDIRTY is of those who clear it (/proc/PID/clear_refs), where the kernel has it. */
		if (strcmp(set.words[set.count], "sd") != 0)
			set.count++;
	}
	return set;
}

static bool flag_in(const struct flag_set *set, const char *flag)
{
	for (unsigned i = 0; i < set->count; i++) {
		if (strcmp(set->words[i], flag) == 0)
			return true;
	}
	return false;
}

static bool flags_equal(const char *a, const char *b)
{
	struct flag_set first = flags_of(a);
	struct flag_set second = flags_of(b);

	for (unsigned i = 0; i < first.count; i++) {
		if (!flag_in(&second, first.words[i]))
			return false;
	}
	return first.count == second.count;
}

/* Reads on to the next VMA of smaps; its flags are @line from the returned place on. */
static const char *next_flags(FILE *file, uint64_t *ret_start, char *line, int size)
{
	while (fgets(line, size, file)) {
		uint64_t start, end;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2)
			*ret_start = start;
		else if (strncmp(line, "VmFlags:", 8) == 0)
			return strtok(line + 8, "\n");
	}
	return NULL;
}

/* The layout's VMAs against those of smaps, both in order of address. */
static void compare_flags(uint64_t number, const json_t *vmas)
{
	FILE *file = spaces[number].compared ? open_of_space("smaps", number) : NULL;
	char line[8192];
	uint64_t start = 0;
	json_t *vma;
	size_t i;

	if (!file)
		return;
	json_array_foreach(vmas, i, vma)
	{
		const char *ours = json_string_value(json_object_get(vma, "vmflags"));
		const char *kernels = next_flags(file, &start, line, sizeof(line));

		if (!kernels) {
			fail("smaps has nothing at %s", text_of(vma, "start"));
			break;
		}
		if (start != hex_of(vma, "start"))
			fail("smaps has %" PRIx64 " where the layout has %s", start,
			     text_of(vma, "start"));
		/* Gate pages are none of the model's VMAs. */
		if (!ours && strcmp(text_of(vma, "name"), "[vsyscall]") == 0)
			continue;
		if (!ours || !flags_equal(ours, kernels))
			fail("%s %s: VmFlags are%s, not %s", text_of(vma, "start"),
			     text_of(vma, "name"), kernels, ours ? ours : "unknown");
	}
	fclose(file);
}

/* ---- The kernel's text -------------------------------------------------------------------- */

static void print_row(const struct row *row, FILE *file)
{
	int length = fprintf(file, "%08" PRIx64 "-%08" PRIx64 " %s %08" PRIx64 " %s %" PRIu64 " ",
			     row->start, row->end, row->perms, row->offset, row->dev, row->inode);

	if (row->name[0])
		fprintf(file, "%*s", length < NAME_COLUMN ? NAME_COLUMN - length : 1, "");
	for (const char *byte = row->name; *byte; byte++) {
		if (*byte == '\n')
			fputs("\\012", file);
		else
			putc(*byte, file);
	}
	putc('\n', file);
}

static char *read_all(FILE *file)
{
	char *text = NULL;
	size_t length = 0;
	FILE *memory = open_memstream(&text, &length);
	int byte;

	while ((byte = getc(file)) != EOF)
		putc(byte, memory);
	fclose(memory);
	return text;
}

static void compare_with_kernel(uint64_t number, const struct rows *rows)
{
	char *ours = NULL;
	char *kernels;
	size_t length = 0;
	FILE *file = open_of_space("maps", number);

	if (!file)
		return;
	kernels = read_all(file);
	fclose(file);
	file = open_memstream(&ours, &length);
	for (size_t i = 0; i < rows->count; i++)
		print_row(&rows->data[i], file);
	fclose(file);
	if (strcmp(ours, kernels) != 0)
		fail("space %" PRIu64 ": the layout\n%sis not the kernel's\n%s", number, ours,
		     kernels);
	spaces[number].compared = *kernels;
	free(ours);
	free(kernels);
}

/* ---- Lines -------------------------------------------------------------------------------- */

static struct space *space_of(const json_t *line)
{
	uint64_t number = number_of(line, "space");

	if (number >= SPACES_MAX || !spaces[number].known) {
		fail("a space that was not made known");
		return NULL;
	}
	if (spaces[number].ended)
		fail("space %" PRIu64 " has ended", number);
	return &spaces[number];
}

static void take_space(const json_t *line)
{
	uint64_t number = number_of(line, "space");

	if (number != ++space_count || number >= SPACES_MAX) {
		fail("space %" PRIu64 " is not the next one", number);
		return;
	}
	spaces[number].known = true;
}

static bool has_flag(const json_t *args, const char *flag)
{
	json_t *word;
	size_t i;

	json_array_foreach(json_object_get(args, "flags"), i, word)
	{
		if (strcmp(json_string_value(word), flag) == 0)
			return true;
	}
	return false;
}

/*
 * The kernel gives away no address that is taken, so a step that says so comes before a step that
 * it was after.
 */
static void look_for_held(const json_t *line, const struct rows *rows)
{
	const char *call = json_string_value(json_object_get(line, "call"));
	const json_t *args = json_object_get(line, "args");
	uint64_t start;
	size_t at;

	if (!call || strcmp(call, "mmap") != 0 ||
	    !json_is_string(json_object_get(line, "result")) || has_flag(args, "MAP_FIXED"))
		return;
	start = hex_of(line, "result");
	at = rows_find(rows, start);
	if (at < rows->count && rows->data[at].start < start + number_of(args, "length") &&
	    !held_line)
		held_line = line_number;
}

/* An ELF file that was loaded: its headers are what tests/live/elf.bats compares. */
static void take_object(const json_t *line)
{
	if (!text_of(line, "name")[0])
		fail("an object without a name");
	if (json_array_size(json_object_get(line, "segments")) == 0)
		fail("an object without segments");
}

/* An execve that failed when the old program was gone: there is nothing left to compare with. */
static bool came_too_late(const json_t *line)
{
	json_t *why;
	size_t i;

	json_array_foreach(json_object_get(line, "why"), i, why)
	{
		if (strcmp(text_of(why, "id"), "exec-too-late") == 0)
			return true;
	}
	return false;
}

static void take_step(const json_t *line)
{
	struct space *space = space_of(line);
	const char *check = text_of(line, "check");
	json_t *vma;
	size_t i;

	step_count++;
	if (!space)
		return;
	if (number_of(line, "step") != space->steps++)
		fail("not the next step");
	if (strcmp(check, "adjusted") == 0)
		check = text_of(line, "reason");
	order_inferred |= strcmp(check, "order-inferred") == 0;
	look_for_held(line, &space->rows);
	if (strcmp(check, "unchecked") == 0)
		unchecked_count++;
	if ((strcmp(check, "unchecked") == 0 && !may_be_unchecked && !came_too_late(line)) ||
	    strcmp(check, "unexplained") == 0)
		fail("step %" PRIu64 ", %s: %s", space->steps - 1, text_of(line, "what"), check);
	json_array_foreach(json_object_get(line, "removed"), i, vma)
	{
		struct row row = row_of(vma);

		rows_remove(&space->rows, &row);
	}
	json_array_foreach(json_object_get(line, "added"), i, vma)
	{
		struct row row = row_of(vma);

		rows_add(&space->rows, &row);
	}
}

static void take_layout(const json_t *line)
{
	struct space *space = space_of(line);
	const json_t *vmas = json_object_get(line, "vmas");
	struct rows rows = { 0 };
	json_t *vma;
	size_t i;

	if (!space)
		return;
	json_array_foreach(vmas, i, vma)
	{
		struct row row = row_of(vma);

		if (i >= space->rows.count || !row_equal(&row, &space->rows.data[i]))
			fail("%" PRIx64 "-%" PRIx64 " %s is not what the steps made", row.start,
			     row.end, row.name);
		rows_add(&rows, &row);
	}
	if (!json_is_array(vmas) || rows.count == 0 || rows.count != space->rows.count)
		fail("%zu VMAs in the layout, %zu made by the steps", rows.count,
		     space->rows.count);
	if (number_of(line, "step") + 1 != space->steps)
		fail("the layout is not of the last step");
	compare_with_kernel((uint64_t)(space - spaces), &rows);
	compare_flags((uint64_t)(space - spaces), vmas);
	rows_free(&rows);
	space->ended = true;
}

static void take_summary(const json_t *line)
{
	summed_up = true;
	if (number_of(line, "spaces") != space_count || number_of(line, "steps") != step_count)
		fail("the summary counts other spaces or steps than there were");
	if (number_of(line, "checked") + unchecked_count != step_count)
		fail("the summary counts other steps as checked than were");
	if (number_of(line, "unexplained") != 0)
		fail("%" PRIu64 " steps are unexplained", number_of(line, "unexplained"));
	for (size_t i = 1; i <= space_count && i < SPACES_MAX; i++) {
		if (!spaces[i].ended)
			fail("space %zu has no layout", i);
	}
}

static void take_line(const char *text)
{
	json_error_t error;
	json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	const char *type;

	if (!line) {
		fail("not JSON: %s", error.text);
		return;
	}
	type = text_of(line, "type");
	if (started != (strcmp(type, "trace") != 0) || summed_up)
		fail("a line \"%s\" does not belong here", type);
	started = true;
	if (strcmp(type, "space") == 0)
		take_space(line);
	else if (strcmp(type, "step") == 0)
		take_step(line);
	else if (strcmp(type, "object") == 0)
		take_object(line);
	else if (strcmp(type, "warning") == 0)
		(void)text_of(line, "id");
	else if (strcmp(type, "layout") == 0)
		take_layout(line);
	else if (strcmp(type, "summary") == 0)
		take_summary(line);
	else if (strcmp(type, "note") == 0)
		(void)text_of(line, "text");
	else if (strcmp(type, "trace") != 0)
		fail("a line of type \"%s\"", type);
	json_decref(line);
}

/* ---- The whole ---------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	uint64_t wanted;
	uint64_t compared = 0;
	char path[4096];
	char *text = NULL;
	size_t room = 0;
	FILE *file;

	may_be_unchecked = argc > 1 && strcmp(argv[1], "-u") == 0;
	argc -= may_be_unchecked;
	argv += may_be_unchecked;
	if (argc < 2)
		return 2;
	directory = argv[1];
	wanted = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	snprintf(path, sizeof(path), "%s/trace.jsonl", directory);
	file = fopen(path, "re");
	if (!file) {
		perror(path);
		return 2;
	}
	while (getline(&text, &room, file) > 0) {
		line_number++;
		take_line(text);
	}
	free(text);
	fclose(file);
	if (!summed_up)
		fail("the trace has no summary");
	for (size_t i = 0; i < SPACES_MAX; i++) {
		compared += spaces[i].compared;
		rows_free(&spaces[i].rows);
	}
	if (held_line && !order_inferred)
		fail("the mmap of line %" PRIu64 " returns a range that is still held", held_line);
	if (compared < wanted)
		fail("%" PRIu64 " spaces compared with the kernel's maps, at least %" PRIu64
		     " expected",
		     compared, wanted);
	return failures != 0;
}
