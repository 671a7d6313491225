/* SPDX-License-Identifier: MIT */
/*
 * tlb: reads the script of `vmtrace walk --tlb` (tlb.h) and plays it. The file is not trusted: a
 * line is at most LINE_BYTES long, a word is checked before it is used, and the first that is wrong
 * ends it.
 */
#include "tlb.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "vmtrace/walk.h"

enum {
	LINE_BYTES = 256,
	WORDS_MAX = 4
};

struct player {
	const struct vmt_geometry *geometry;
	const struct vmt_tlb_config *config;
	struct vmt_tlb *tlb;
	FILE *file; /* where results go */
	const char *path;
	unsigned long line;
	unsigned asid;
};

static int wrong(const struct player *player, const char *what, const char *word,
		 struct vmt_error *error)
{
	return vmt_error_set(error, EINVAL, "%s, line %lu: %s%s%s%s", player->path, player->line,
			     what, word ? " '" : "", word ? word : "", word ? "'" : "");
}

static int read_address(const struct player *player, const char *word, uint64_t *ret_address,
			struct vmt_error *error)
{
	struct vmt_error why;
	const char *end;
	uint64_t address;

	if (vmt_parse_hex(word, &address, &end) < 0 || *end)
		return wrong(player, "not an address, asid or flush:", word, error);
	if (vmt_geometry_check(player->geometry, address, &why) < 0)
		return wrong(player, why.text, NULL, error);
	*ret_address = address;
	return 0;
}

static int read_asid(const struct player *player, const char *word, unsigned *ret_asid,
		     struct vmt_error *error)
{
	uint64_t asid;

	if (!word)
		return wrong(player, "asid needs a number", NULL, error);
	if (vmt_parse_u64(word, &asid) < 0 || asid > UINT_MAX)
		return wrong(player, "asid needs a number, not", word, error);
	*ret_asid = (unsigned)asid;
	return 0;
}

static int play_flush(struct player *player, char **words, struct vmt_error *error)
{
	unsigned asid, dropped;
	uint64_t address;
	char what[32];
	int status;

	if (!words[1]) {
		snprintf(what, sizeof(what), "all");
		dropped = vmt_tlb_flush_all(player->tlb);
	} else if (strcmp(words[1], "asid") == 0) {
		status = read_asid(player, words[2], &asid, error);
		if (status < 0)
			return status;
		snprintf(what, sizeof(what), "asid %u", asid);
		dropped = vmt_tlb_flush_asid(player->tlb, asid);
	} else {
		status = read_address(player, words[1], &address, error);
		if (status < 0)
			return status;
		snprintf(what, sizeof(what), "0x%llx", (unsigned long long)address);
		dropped = vmt_tlb_flush_page(player->tlb, address, player->asid);
	}
	vmt_render_tlb_flush(player->file, player->line, what, dropped);
	return 0;
}

static int play_look(struct player *player, char **words, struct vmt_error *error)
{
	unsigned asid = player->asid;
	struct vmt_tlb_result result;
	uint64_t address;
	int status = read_address(player, words[0], &address, error);

	if (status < 0)
		return status;
	if (words[1]) {
		status = read_asid(player, words[1], &asid, error);
		if (status < 0)
			return status;
	}
	result = vmt_tlb_look(player->tlb, address, asid);
	vmt_render_tlb_look(player->file, player->config, player->line, address, asid, &result);
	return 0;
}

/* Cuts @text into words; what follows a # is none. False if there are too many. */
static bool cut(char *text, char *ret_words[WORDS_MAX + 1])
{
	static const char blanks[] = " \t\r";
	size_t count = 0;

	text[strcspn(text, "#")] = '\0';
	while (*(text += strspn(text, blanks))) {
		if (count == WORDS_MAX)
			return false;
		ret_words[count++] = text;
		text += strcspn(text, blanks);
		if (*text)
			*text++ = '\0';
	}
	ret_words[count] = NULL;
	return true;
}

static int play_line(struct player *player, char *text, struct vmt_error *error)
{
	char *words[WORDS_MAX + 1];
	size_t most; /* words that such a line may have */

	if (!cut(text, words))
		return wrong(player, "too many words", NULL, error);
	if (!words[0])
		return 0;
	most = strcmp(words[0], "flush") == 0 && words[1] && strcmp(words[1], "asid") == 0 ? 3 : 2;
	for (size_t i = 0; i <= most; i++) {
		if (!words[i])
			break;
		if (i == most)
			return wrong(player, "too many words, from", words[i], error);
	}
	if (strcmp(words[0], "asid") == 0)
		return read_asid(player, words[1], &player->asid, error);
	if (strcmp(words[0], "flush") == 0)
		return play_flush(player, words, error);
	return play_look(player, words, error);
}

/* A line without its newline. 1, 0 at the end, or a negative errno with a line in @error. */
static int read_line(struct player *player, FILE *script, char text[LINE_BYTES + 1],
		     struct vmt_error *error)
{
	size_t length = 0;
	int c;

	errno = 0;
	player->line++;
	while ((c = getc(script)) != EOF && c != '\n') {
		if (c < ' ' && c != '\t' && c != '\r')
			return wrong(player, "a control byte", NULL, error);
		if (length == LINE_BYTES)
			return wrong(player, "longer than 256 bytes", NULL, error);
		text[length++] = (char)c;
	}
	text[length] = '\0';
	if (ferror(script))
		return vmt_error_set(error, errno ? errno : EIO, "%s: %s", player->path,
				     vmt_strerror(errno ? errno : EIO));
	return c != EOF || length;
}

static int play_file(struct player *player, FILE *script, struct vmt_error *error)
{
	char text[LINE_BYTES + 1];
	int status;

	while ((status = read_line(player, script, text, error)) > 0) {
		status = play_line(player, text, error);
		if (status < 0)
			break;
	}
	return status;
}

int vmt_tlb_play(const char *path, const struct vmt_geometry *geometry,
		 const struct vmt_tlb_config *config, FILE *file, struct vmt_error *error)
{
	struct player player = {
		.geometry = geometry,
		.config = config,
		.file = file,
		.path = path,
	};
	struct vmt_tlb_counts counts;
	int result = vmt_tlb_config_check(config, error);
	FILE *script;

	if (result < 0)
		return result;
	script = fopen(path, "re");
	if (!script)
		return vmt_error_set(error, errno, "%s: %s", path, vmt_strerror(errno));
	player.tlb = vmt_tlb_new(config);
	vmt_render_tlb_head(file, config);
	result = play_file(&player, script, error);
	counts = vmt_tlb_counts(player.tlb);
	if (result == 0)
		vmt_render_tlb_summary(file, &counts);
	vmt_tlb_free(player.tlb);
	fclose(script);
	return result;
}
