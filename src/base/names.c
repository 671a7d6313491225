/* SPDX-License-Identifier: MIT */
/*
 * names: a pool in which equal texts are one pointer. A hash table with open addressing over an
 * arena of bytes:
 *
 *	slots   | - | hash length text | - | hash length text | ...    power of two, half full at most
 *	                          |                      |
 *	arena   [ /usr/lib/libc.so.6\0 [heap]\0 ... ] -> [ older chunk ] -> ...
 *
 * Invariants: a text never moves once added; the table always has an empty slot, so every probe
 * ends; slots are never emptied, so a probe may stop at the first empty one.
 *
 * The names are chosen by the target. The hash is therefore keyed (SipHash with one and three
 * rounds, after Aumasson and Bernstein) with random bytes, so that a program cannot map files
 * whose names all fall into one slot.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>

#include "vmtrace/base.h"

enum {
	FIRST_SLOTS = 256,
	CHUNK_BYTES = 1 << 16,
};

struct chunk {
	struct chunk *older;
	size_t used_bytes;
	size_t size_bytes;
	char bytes[];
};

/* Empty if text is NULL. */
struct slot {
	uint64_t hash;
	size_t length;
	const char *text;
};

struct vmt_names {
	uint64_t key[2];
	struct slot *slots;
	size_t slot_count; /* a power of two */
	size_t used_count;
	struct chunk *chunks; /* newest first */
};

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate_left(v[1], 13) ^ v[0];
	v[3] = rotate_left(v[3], 16) ^ v[2];
	v[0] = rotate_left(v[0], 32) + v[3];
	v[2] += v[1];
	v[1] = rotate_left(v[1], 17) ^ v[2];
	v[3] = rotate_left(v[3], 21) ^ v[0];
	v[2] = rotate_left(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

static uint64_t hash_bytes(const uint64_t key[2], const char *bytes, size_t length)
{
	uint64_t v[4] = {
		key[0] ^ 0x736f6d6570736575,
		key[1] ^ 0x646f72616e646f6d,
		key[0] ^ 0x6c7967656e657261,
		key[1] ^ 0x7465646279746573,
	};
	uint64_t word;
	size_t at = 0;

	for (; length - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, bytes + at, sizeof(word));
		sip_word(v, word);
	}
	word = 0;
	if (length - at)
		memcpy(&word, bytes + at, length - at);
	sip_word(v, word | (uint64_t)length << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void random_key(uint64_t key[2])
{
	const size_t key_bytes = 2 * sizeof(key[0]);
	const void *from_exec;

	if (getrandom(key, key_bytes, GRND_NONBLOCK) == (ssize_t)key_bytes)
		return;
	/* Refused by a sandbox: the kernel gave sixteen random bytes at our own execve, too. */
	from_exec = (const void *)getauxval(AT_RANDOM);
	if (from_exec)
		memcpy(key, from_exec, key_bytes);
}

struct vmt_names *vmt_names_new(void)
{
	struct vmt_names *names = vmt_calloc(1, sizeof(*names));

	random_key(names->key);
	names->slots = vmt_calloc(FIRST_SLOTS, sizeof(*names->slots));
	names->slot_count = FIRST_SLOTS;
	return names;
}

void vmt_names_free(struct vmt_names *names)
{
	if (!names)
		return;
	for (struct chunk *chunk = names->chunks, *older; chunk; chunk = older) {
		older = chunk->older;
		free(chunk);
	}
	free(names->slots);
	free(names);
}

/* The slot that holds the bytes, or the empty one where they belong. */
static struct slot *find_slot(const struct vmt_names *names, uint64_t hash, const char *bytes,
			      size_t length)
{
	size_t mask = names->slot_count - 1;

	for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
		struct slot *slot = &names->slots[i];

		if (!slot->text)
			return slot;
		if (slot->hash == hash && slot->length == length &&
		    !memcmp(slot->text, bytes, length))
			return slot;
	}
}

/* Twice the slots. No text is compared: all of them are different. */
static void grow_table(struct vmt_names *names)
{
	struct slot *old = names->slots;
	size_t old_count = names->slot_count;
	size_t mask = old_count * 2 - 1;

	names->slots = vmt_calloc(old_count, 2 * sizeof(*names->slots));
	names->slot_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		size_t at = (size_t)old[i].hash & mask;

		if (!old[i].text)
			continue;
		while (names->slots[at].text)
			at = (at + 1) & mask;
		names->slots[at] = old[i];
	}
	free(old);
}

static struct chunk *chunk_with_room(struct vmt_names *names, size_t size_bytes)
{
	struct chunk *chunk = names->chunks;
	size_t capacity = size_bytes > CHUNK_BYTES ? size_bytes : CHUNK_BYTES;

	if (chunk && chunk->size_bytes - chunk->used_bytes >= size_bytes)
		return chunk;
	if (capacity > SIZE_MAX - sizeof(*chunk))
		vmt_die_oom();
	chunk = vmt_malloc(sizeof(*chunk) + capacity);
	*chunk = (struct chunk){ .older = names->chunks, .size_bytes = capacity };
	names->chunks = chunk;
	return chunk;
}

static const char *store(struct vmt_names *names, const char *bytes, size_t length)
{
	struct chunk *chunk;
	char *text;

	if (length == SIZE_MAX)
		vmt_die_oom();
	chunk = chunk_with_room(names, length + 1);
	text = chunk->bytes + chunk->used_bytes;
	memcpy(text, bytes, length);
	text[length] = '\0';
	chunk->used_bytes += length + 1;
	return text;
}

const char *vmt_names_add_bytes(struct vmt_names *names, const char *bytes, size_t length)
{
	/* memcpy() and memcmp() want a pointer even for nothing. */
	const char *from = length ? bytes : "";
	uint64_t hash = hash_bytes(names->key, from, length);
	struct slot *slot = find_slot(names, hash, from, length);

	if (slot->text)
		return slot->text;
	if (names->used_count >= names->slot_count / 2) {
		grow_table(names);
		slot = find_slot(names, hash, from, length);
	}
	*slot = (struct slot){
		.hash = hash,
		.length = length,
		.text = store(names, from, length),
	};
	names->used_count++;
	return slot->text;
}

const char *vmt_names_add(struct vmt_names *names, const char *text)
{
	return vmt_names_add_bytes(names, text, strlen(text));
}
