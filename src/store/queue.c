/* SPDX-License-Identifier: MIT */
/*
 * The queue of rows (queue.h). A row in a block:
 *
 *	[statement | count << 8] [bits of NULLs] [bits of texts] value value …
 *
 * where a text is its length and then its bytes, filled up to words.
 *
 * A transaction is at most what came in a tenth of a second, so a vmtrace that is killed loses less
 * than half a second. The journal is a write-ahead log: whatever was committed is found by the next
 * reader, plain sqlite3 too, without anything having to be rolled back. Nothing is synced to the
 * disk meanwhile: that would protect from a power cut, at the price of waiting for it.
 */
#include "queue.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

enum {
	PERIOD_NS = 100000000,
	WAKE_WORDS = 1 << 17, /* 1 MiB: worth a transaction before its time */
	FULL_WORDS = 1 << 23, /* 64 MiB: wait */
	HEAD_WORDS = 3,
	VALUES_MAX = 64,
};

/* ---- Making rows ----------------------------------------------------------------------------- */

static void push(struct vmt_queue *queue, uint64_t word)
{
	vmt_array_push(&queue->filling.words, word);
}

void vmt_queue_row(struct vmt_queue *queue, enum vmt_store_statement statement)
{
	queue->row = queue->filling.words.count;
	push(queue, (uint64_t)statement);
	push(queue, 0);
	push(queue, 0);
}

/* Counts a value of the row; its bit is set in word @kind (1: NULL, 2: text), 0 for none. */
static void count_value(struct vmt_queue *queue, unsigned kind)
{
	uint64_t *head = queue->filling.words.data + queue->row;

	assert(head[0] >> 8 < VALUES_MAX);
	if (kind)
		head[kind] |= (uint64_t)1 << (head[0] >> 8);
	head[0] += 1 << 8;
}

void vmt_queue_int(struct vmt_queue *queue, int64_t value)
{
	count_value(queue, 0);
	push(queue, (uint64_t)value);
}

void vmt_queue_null(struct vmt_queue *queue)
{
	count_value(queue, 1);
	push(queue, 0);
}

void vmt_queue_text(struct vmt_queue *queue, const char *bytes, size_t length)
{
	size_t words = (length + sizeof(uint64_t) - 1) / sizeof(uint64_t);
	size_t at;

	count_value(queue, 2);
	push(queue, length);
	at = queue->filling.words.count;
	queue->filling.words.data =
		vmt_array_grow(queue->filling.words.data, &queue->filling.words.capacity,
			       at + words, sizeof(uint64_t));
	if (length)
		memcpy(queue->filling.words.data + at, bytes, length);
	queue->filling.words.count += words;
}

/* ---- The thread ------------------------------------------------------------------------------ */

/* Remembers the first failure; the lock is not held. */
static void fail(struct vmt_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	if (!queue->failed)
		vmt_error_set(&queue->error, EIO, "%s", sqlite3_errmsg(queue->db));
	queue->failed = true;
	pthread_cond_signal(&queue->room);
	pthread_mutex_unlock(&queue->lock);
}

/* Binds the value at @at and returns where the next one is. */
static size_t bind(sqlite3_stmt *statement, const uint64_t *words, size_t at, int column, bool null,
		   bool text)
{
	uint64_t value = words[at++];
	const char *bytes = (const char *)(words + at);

	if (null) {
		sqlite3_bind_null(statement, column);
	} else if (!text) {
		sqlite3_bind_int64(statement, column, (sqlite3_int64)value);
	} else {
		if (vmt_utf8_valid(bytes, value))
			sqlite3_bind_text(statement, column, bytes, (int)value, SQLITE_STATIC);
		else
			sqlite3_bind_blob(statement, column, bytes, (int)value, SQLITE_STATIC);
		at += (value + sizeof(uint64_t) - 1) / sizeof(uint64_t);
	}
	return at;
}

static bool write_rows(struct vmt_queue *queue)
{
	const uint64_t *words = queue->writing.words.data;

	for (size_t at = 0; at < queue->writing.words.count;) {
		sqlite3_stmt *statement = queue->statements[words[at] & 0xff];
		uint64_t count = words[at] >> 8;
		uint64_t nulls = words[at + 1];
		uint64_t texts = words[at + 2];

		at += HEAD_WORDS;
		for (unsigned i = 0; i < count; i++)
			at = bind(statement, words, at, (int)i + 1, nulls >> i & 1, texts >> i & 1);
		if (sqlite3_step(statement) != SQLITE_DONE)
			return false;
		sqlite3_reset(statement);
	}
	return true;
}

static void write_block(struct vmt_queue *queue)
{
	if (!queue->writing.words.count || queue->failed)
		return;
	if (sqlite3_exec(queue->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK || !write_rows(queue) ||
	    sqlite3_exec(queue->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		fail(queue);
}

/* Until there is much to write, or time is up. */
static void wait_for_rows(struct vmt_queue *queue)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += PERIOD_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (!queue->stopping && queue->filling.words.count < WAKE_WORDS) {
		if (pthread_cond_timedwait(&queue->wake, &queue->lock, &until) == ETIMEDOUT)
			break;
	}
}

static void *write_loop(void *data)
{
	struct vmt_queue *queue = data;
	bool last = false;

	if (queue->has_cpus)
		sched_setaffinity(0, sizeof(queue->cpus), &queue->cpus);
	while (!last) {
		struct vmt_queue_block empty;

		pthread_mutex_lock(&queue->lock);
		wait_for_rows(queue);
		last = queue->stopping;
		queue->complete(queue->complete_data);
		empty = queue->writing;
		queue->writing = queue->filling;
		vmt_array_clear(&empty.words);
		queue->filling = empty;
		pthread_cond_signal(&queue->room);
		pthread_mutex_unlock(&queue->lock);
		write_block(queue);
	}
	return NULL;
}

/* ---- Life ------------------------------------------------------------------------------------ */

static void init_locks(struct vmt_queue *queue)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&queue->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->wake, &monotonic);
	pthread_cond_init(&queue->room, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

int vmt_queue_init(struct vmt_queue *queue, sqlite3 *db, struct vmt_error *error)
{
	*queue = (struct vmt_queue){ .db = db };
	init_locks(queue);
	queue->has_cpus = sched_getaffinity(0, sizeof(queue->cpus), &queue->cpus) == 0;
	for (size_t i = 0; i < VMT_STATEMENT_COUNT; i++) {
		if (sqlite3_prepare_v3(db, vmt_store_statements[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &queue->statements[i], NULL) != SQLITE_OK)
			return vmt_error_set(error, EIO, "%s", sqlite3_errmsg(db));
	}
	return 0;
}

void vmt_queue_start(struct vmt_queue *queue)
{
	sigset_t all, before;
	int err;

	/* vmtrace's signals are for the thread that traces. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&queue->thread, NULL, write_loop, queue);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	queue->running = err == 0;
	if (err) {
		vmt_error_set(&queue->error, err, "no thread: %s", vmt_strerror(err));
		queue->failed = true;
	}
}

void vmt_queue_stop(struct vmt_queue *queue)
{
	if (!queue->running)
		return;
	pthread_mutex_lock(&queue->lock);
	queue->stopping = true;
	pthread_cond_signal(&queue->wake);
	pthread_mutex_unlock(&queue->lock);
	pthread_join(queue->thread, NULL);
	queue->running = false;
}

void vmt_queue_deinit(struct vmt_queue *queue)
{
	for (size_t i = 0; i < VMT_STATEMENT_COUNT; i++)
		sqlite3_finalize(queue->statements[i]);
	sqlite3_close(queue->db);
	vmt_array_deinit(&queue->filling.words);
	vmt_array_deinit(&queue->writing.words);
	pthread_cond_destroy(&queue->wake);
	pthread_cond_destroy(&queue->room);
	pthread_mutex_destroy(&queue->lock);
}

void vmt_queue_lock(struct vmt_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	while (queue->running && !queue->failed && queue->filling.words.count > FULL_WORDS)
		pthread_cond_wait(&queue->room, &queue->lock);
	/* Rows that nobody will write need no memory. */
	if (queue->failed)
		vmt_array_clear(&queue->filling.words);
}

void vmt_queue_unlock(struct vmt_queue *queue)
{
	if (queue->filling.words.count >= WAKE_WORDS)
		pthread_cond_signal(&queue->wake);
	pthread_mutex_unlock(&queue->lock);
}
