/* SPDX-License-Identifier: MIT */
/*
 * replay: gives files, or every file of a corpus directory, to a fuzz target, without a fuzzer.
 * What once broke a parser stays in the corpus and is tried by every run of the tests.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	uint8_t *data = NULL;
	size_t size = 0;
	size_t room = 4096;
	FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	/* A buffer of just the right size: one byte too far is a sanitizer's find. */
	for (;;) {
		uint8_t *grown = realloc(data, size + room);

		if (!grown)
			abort();
		data = grown;
		size_t count = fread(data + size, 1, room, file);

		size += count;
		if (count < room)
			break;
	}
	int err = ferror(file) ? -EIO : 0;

	fclose(file);
	if (err == 0) {
		uint8_t *exact = malloc(size ? size : 1);

		if (!exact)
			abort();
		memcpy(exact, data, size);
		LLVMFuzzerTestOneInput(exact, size);
		free(exact);
	}
	free(data);
	return err;
}

/* The files of a directory, without hidden ones; or the one file. Returns a count or -errno. */
static int replay_all(const char *path)
{
	struct dirent **entries;
	int entry_count = scandir(path, &entries, NULL, alphasort);
	int count = 0;
	int err = 0;

	if (entry_count < 0 && errno == ENOTDIR) {
		err = replay(path);
		return err ? err : 1;
	}
	if (entry_count < 0)
		return -errno;
	for (int i = 0; i < entry_count; i++) {
		char name[4096];

		if (entries[i]->d_name[0] != '.' && err == 0) {
			snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
			err = replay(name);
			count++;
		}
		free(entries[i]);
	}
	free(entries);
	return err ? err : count;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++) {
		int r = replay_all(argv[i]);

		if (r < 0) {
			fprintf(stderr, "replay: %s: %s\n", argv[i], strerror(-r));
			return 1;
		}
		count += r;
	}
	printf("%d files\n", count);
	/* An empty corpus proves nothing. */
	return count > 0 ? 0 : 1;
}
