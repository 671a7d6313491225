/* SPDX-License-Identifier: MIT */
/*
 * queue: rows on their way into the file. The tracing path puts them into a block of memory; a
 * thread of its own takes the block every tenth of a second, or when it is large, and writes it as
 * one transaction.
 *
 *	vmt_queue_lock(queue);
 *	vmt_queue_row(queue, VMT_INSERT_TEXT);
 *	vmt_queue_int(queue, id);
 *	vmt_queue_text(queue, text, length);
 *	vmt_queue_unlock(queue);
 */
#ifndef VMT_STORE_QUEUE_H
#define VMT_STORE_QUEUE_H

#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>

#include "vmtrace/base.h"

#include "schema.h"

/* One word for each value, and the bytes of a text behind its length. */
struct vmt_queue_block {
	VMT_ARRAY(uint64_t) words;
};

struct vmt_queue {
	sqlite3 *db; /* the thread's from vmt_queue_start() to vmt_queue_stop() */
	sqlite3_stmt *statements[VMT_STATEMENT_COUNT];
	pthread_mutex_t lock;
	pthread_cond_t wake; /* the thread: there is much to write, or it is to end */
	pthread_cond_t room; /* the tracing path: there is room again */
	pthread_t thread;
	cpu_set_t cpus; /* where the thread may run: vmtrace may have moved to one CPU */
	bool has_cpus;
	bool running;
	bool stopping;
	struct vmt_queue_block filling;
	struct vmt_queue_block writing;
	size_t row; /* index of the head of the row that is being made */
	/* Called by the thread with the lock held, before it takes a block: last rows for it. */
	void (*complete)(void *data);
	void *complete_data;
	bool failed; /* nothing is written any more; under the lock */
	struct vmt_error error;
};

/* @db is ready: its tables are there. It becomes the queue's. */
VMT_MUST_CHECK int vmt_queue_init(struct vmt_queue *queue, sqlite3 *db, struct vmt_error *error);
void vmt_queue_start(struct vmt_queue *queue);
/* Writes what is left and ends the thread; rows that come later are written by nobody. */
void vmt_queue_stop(struct vmt_queue *queue);
/* Closes the database. */
void vmt_queue_deinit(struct vmt_queue *queue);

/* Waits while too much is queued: the last resort, when the disk is slower than the target. */
void vmt_queue_lock(struct vmt_queue *queue);
void vmt_queue_unlock(struct vmt_queue *queue);

void vmt_queue_row(struct vmt_queue *queue, enum vmt_store_statement statement);
void vmt_queue_int(struct vmt_queue *queue, int64_t value);
void vmt_queue_null(struct vmt_queue *queue);
/* Bytes that are UTF-8 become a text, others a blob. */
void vmt_queue_text(struct vmt_queue *queue, const char *bytes, size_t length);

#endif
