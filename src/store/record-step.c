/* SPDX-License-Identifier: MIT */
/*
 * A step as rows: one in step, one in why for each reason, one in step_more for what few steps
 * have. Rows of what is new (texts, files, paths) go first: a row cannot begin inside another.
 */
#include <string.h>

#include "recorder.h"

/* ---- What steps share -------------------------------------------------------------------------- */

/* 0 for none. */
static int64_t word_or_zero(struct vmt_recorder *recorder, const char *text)
{
	return text && text[0] ? vmt_recorder_word(recorder, text) : 0;
}

/* The row of the file behind the call's descriptor; 0 if there was none. */
static int64_t file_of(struct vmt_recorder *recorder, const struct vmt_event *event)
{
	const struct vmt_file_facts *file = &event->file;
	bool new_one;
	int64_t id;

	if (!file->known)
		return 0;
	const uint64_t key[] = {
		(uint64_t)vmt_recorder_text(recorder, file->name ? file->name : ""),
		file->dev_major,
		file->dev_minor,
		file->inode,
		file->size_bytes,
		file->mode,
		file->flags,
		file->rdev_major,
		file->rdev_minor,
		file->filesystem,
		file->noexec,
		file->append_only,
		file->write_sealed,
		file->description,
	};

	id = vmt_ids_get(&recorder->files, key, sizeof(key), &new_one);
	if (new_one) {
		vmt_queue_row(&recorder->queue, VMT_INSERT_FILE);
		vmt_queue_int(&recorder->queue, id);
		for (size_t i = 0; i < vmt_countof(key); i++)
			vmt_queue_int(&recorder->queue, (int64_t)key[i]);
	}
	return id;
}

/* A path is the same for most calls of a kind: its entries are three words each. */
static int64_t path_of(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	bool new_one;
	int64_t id;

	if (!step->path.count)
		return 0;
	vmt_array_clear(&recorder->key);
	for (size_t i = 0; i < step->path.count; i++) {
		const struct vmt_path_entry *entry = &step->path.data[i];
		uint64_t function = (uint64_t)vmt_recorder_text(recorder, entry->function);
		uint64_t branch =
			entry->branch ? (uint64_t)vmt_recorder_text(recorder, entry->branch) : 0;

		vmt_array_push(&recorder->key, (uint64_t)entry->depth);
		vmt_array_push(&recorder->key, function);
		vmt_array_push(&recorder->key, branch);
	}
	id = vmt_ids_get(&recorder->paths, recorder->key.data,
			 recorder->key.count * sizeof(uint64_t), &new_one);
	for (size_t i = 0; new_one && i < recorder->key.count; i += 3) {
		vmt_queue_row(&recorder->queue, VMT_INSERT_PATH);
		vmt_queue_int(&recorder->queue, id);
		vmt_queue_int(&recorder->queue, (int64_t)i / 3);
		vmt_queue_int(&recorder->queue, (int64_t)recorder->key.data[i]);
		vmt_queue_int(&recorder->queue, (int64_t)recorder->key.data[i + 1]);
		vmt_recorder_put_number(recorder, recorder->key.data[i + 2]);
	}
	return id;
}

/* ---- What few steps have ----------------------------------------------------------------------- */

/* The number that the architecture has for the call; that of most events. */
static bool usual_number(const struct vmt_event *event)
{
	const struct vmt_call_row *row =
		event->arch ? vmt_arch_call(event->arch, event->number) : NULL;

	if (!row || row->call != event->call)
		return false;
	/* The reader takes the first of two. */
	for (size_t i = 0; i < event->arch->call_count; i++) {
		if (event->arch->calls[i].call == event->call)
			return event->arch->calls[i].number == event->number;
	}
	return false;
}

static bool has_more(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	const struct vmt_recorder_space *space = vmt_recorder_find_space(recorder, step->space);
	const struct vmt_event *event = step->event;

	if (step->index || step->old_start || step->old_end)
		return true;
	return event && (event->words_valid || event->text_valid || !usual_number(event) ||
			 !space || event->arch != space->arch);
}

static void put_words(struct vmt_recorder *recorder, const struct vmt_event *event)
{
	if (!event || !event->words_valid) {
		vmt_queue_null(&recorder->queue);
		return;
	}
	vmt_str_clear(&recorder->text);
	for (unsigned i = 0; i < event->words_valid; i++)
		vmt_str_printf(&recorder->text, "%c%llu", i ? ',' : '[',
			       (unsigned long long)event->words[i]);
	vmt_str_add_char(&recorder->text, ']');
	vmt_queue_text(&recorder->queue, recorder->text.data, recorder->text.length);
}

static void write_more(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	const struct vmt_event *event = step->event;
	struct vmt_queue *queue = &recorder->queue;
	int64_t arch = event && event->arch ? vmt_recorder_text(recorder, event->arch->name) : 0;

	vmt_queue_row(queue, VMT_INSERT_MORE);
	vmt_queue_int(queue, vmt_store_step_id(step->space, step->number));
	vmt_recorder_put_number(recorder, step->index);
	vmt_recorder_put_number(recorder, step->old_start);
	vmt_recorder_put_number(recorder, step->old_end);
	vmt_recorder_put_number(recorder, (uint64_t)arch);
	if (event)
		vmt_queue_int(queue, (int64_t)event->number);
	else
		vmt_queue_null(queue);
	put_words(recorder, event);
	if (event && event->text_valid)
		vmt_queue_text(queue, event->text, strnlen(event->text, sizeof(event->text)));
	else
		vmt_queue_null(queue);
}

/* ---- Reasons ----------------------------------------------------------------------------------- */

static uint64_t hash_words(const uint64_t *words, size_t count)
{
	uint64_t hash = count;

	for (size_t i = 0; i < count; i++)
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15;
	return hash >> 32;
}

static void write_whys(struct vmt_recorder *recorder, const struct vmt_recorder_why *whys)
{
	for (unsigned n = 0; n < whys->count; n++) {
		vmt_queue_row(&recorder->queue, VMT_INSERT_WHY);
		vmt_queue_int(&recorder->queue, whys->id);
		vmt_queue_int(&recorder->queue, n);
		for (size_t i = 0; i < vmt_countof(whys->words[n]); i++)
			vmt_recorder_put_number(recorder, whys->words[n][i]);
	}
}

/*
 * The number of the step's reasons, 0 for none. A loop has the same ones again and again; not all
 * that ever came are remembered, since most programs have none twice.
 */
static int64_t why_of(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	struct vmt_recorder_why whys = { .count = step->why_count };
	struct vmt_recorder_why *slot;

	if (!step->why_count)
		return 0;
	for (unsigned n = 0; n < step->why_count; n++) {
		const struct vmt_why *why = &step->why[n];
		uint64_t *words = whys.words[n];

		words[0] = (uint64_t)vmt_recorder_text(recorder, vmt_why_name(why->id));
		memcpy(words + 1, why->number, sizeof(why->number));
		/* Here "" is anonymous memory, and NULL none. */
		words[5] = why->below ? (uint64_t)vmt_recorder_text(recorder, why->below) : 0;
		words[6] = why->above ? (uint64_t)vmt_recorder_text(recorder, why->above) : 0;
	}
	slot = &recorder->whys[hash_words(whys.words[0], whys.count * vmt_countof(whys.words[0])) &
			       (VMT_RECORDER_WHYS - 1)];
	if (slot->id && slot->count == whys.count &&
	    memcmp(slot->words, whys.words, whys.count * sizeof(whys.words[0])) == 0)
		return slot->id;
	whys.id = ++recorder->why_count;
	*slot = whys;
	write_whys(recorder, slot);
	return slot->id;
}

/* ---- The step ---------------------------------------------------------------------------------- */

static int64_t bits_of(const struct vmt_step *step, bool more)
{
	const struct vmt_event *event = step->event;
	int64_t bits = 0;

	if (step->whole)
		bits |= VMT_BIT_WHOLE;
	if (step->predicted)
		bits |= VMT_BIT_PREDICTED;
	if (more)
		bits |= VMT_BIT_MORE;
	if (!event)
		return bits;
	if (event->failed)
		bits |= VMT_BIT_FAILED;
	if (event->kind == VMT_EVENT_CALL_LOST)
		bits |= VMT_BIT_LOST;
	if (event->order_inferred)
		bits |= VMT_BIT_ORDER;
	if (step->predicted && step->expected == event->result)
		bits |= VMT_BIT_EXPECTED;
	return bits;
}

/* Which frame of the stack the step is for, counted from 1; 0 if it is none of them. */
static uint64_t caller_position(const struct vmt_step *step)
{
	uint64_t position = 1;

	if (!step->caller || !step->event)
		return 0;
	for (const struct vmt_frame *frame = step->event->stack; frame; frame = frame->caller) {
		if (frame == step->caller)
			return position;
		position++;
	}
	return 0;
}

/* Where the step was made from: most programs have few such places. */
static int64_t site_of(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	const struct vmt_event *event = step->event;
	const struct vmt_frame *stack = event ? event->stack : NULL;
	const uint64_t key[] = {
		(uint64_t)vmt_recorder_text(recorder, vmt_cause_name(step->cause)),
		(uint64_t)vmt_recorder_text(recorder, step->actor),
		(uint64_t)word_or_zero(recorder, step->object),
		event ? (uint64_t)vmt_recorder_text(recorder, vmt_call_info(event->call)->name) : 0,
		event ? event->ip : 0,
		stack ? stack->stack : 0,
		step->caller ? (uint64_t)vmt_recorder_text(recorder, step->caller_actor) : 0,
		caller_position(step), /* in the row the number of its frame */
	};
	bool new_one;
	int64_t id = vmt_ids_get(&recorder->sites, key, sizeof(key), &new_one);

	if (new_one) {
		int64_t caller = stack ? vmt_record_stack(recorder, step) : 0;

		vmt_queue_row(&recorder->queue, VMT_INSERT_SITE);
		vmt_queue_int(&recorder->queue, id);
		for (size_t i = 0; i + 1 < vmt_countof(key); i++)
			vmt_recorder_put_number(recorder, key[i]);
		vmt_recorder_put_number(recorder, (uint64_t)caller);
	}
	return id;
}

static void put_event(struct vmt_recorder *recorder, const struct vmt_step *step, int64_t bits)
{
	const struct vmt_event *event = step->event;

	for (size_t i = 0; i < vmt_countof(event->args); i++)
		vmt_recorder_put_number(recorder, event ? event->args[i] : 0);
	vmt_recorder_put_number(recorder, event ? (uint64_t)event->result : 0);
	if (step->predicted && !(bits & VMT_BIT_EXPECTED))
		vmt_queue_int(&recorder->queue, step->expected);
	else
		vmt_queue_null(&recorder->queue);
}

/* The one VMA, or a list of them. */
static void put_removed(struct vmt_recorder *recorder)
{
	if (recorder->removed.count <= 1) {
		vmt_recorder_put_number(recorder, recorder->removed.count
							  ? (uint64_t)recorder->removed.data[0]
							  : 0);
		return;
	}
	vmt_str_clear(&recorder->text);
	for (size_t i = 0; i < recorder->removed.count; i++)
		vmt_str_printf(&recorder->text, "%c%lld", i ? ',' : '[',
			       (long long)recorder->removed.data[i]);
	vmt_str_add_char(&recorder->text, ']');
	vmt_queue_text(&recorder->queue, recorder->text.data, recorder->text.length);
}

static void put_tasks(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	const struct vmt_recorder_space *space = vmt_recorder_find_space(recorder, step->space);

	if (space && step->pid == space->pid)
		vmt_queue_null(&recorder->queue);
	else
		vmt_queue_int(&recorder->queue, step->pid);
	if (step->tid == step->pid)
		vmt_queue_null(&recorder->queue);
	else
		vmt_queue_int(&recorder->queue, step->tid);
}

void vmt_record_step(struct vmt_recorder *recorder, const struct vmt_step *step)
{
	struct vmt_queue *queue = &recorder->queue;
	bool more = has_more(recorder, step);
	int64_t bits = bits_of(step, more);
	int64_t site = site_of(recorder, step);
	int64_t what = vmt_recorder_word(recorder, step->what);
	int64_t name = word_or_zero(recorder, step->file_name);
	int64_t reason =
		step->reason ? vmt_recorder_word(recorder, vmt_reason_name(step->reason)) : 0;
	int64_t why = why_of(recorder, step);
	int64_t file = step->event ? file_of(recorder, step->event) : 0;
	int64_t path = path_of(recorder, step);
	int64_t purpose = word_or_zero(recorder, step->purpose);
	int64_t pattern =
		step->pattern ? vmt_recorder_word(recorder, vmt_pattern_name(step->pattern)) : 0;
	int64_t added;

	vmt_record_removed(recorder, step);
	added = vmt_record_added(recorder, step);
	if (more)
		write_more(recorder, step);
	vmt_record_step_tables(recorder, step);

	vmt_queue_row(queue, VMT_INSERT_STEP);
	vmt_queue_int(queue, vmt_store_step_id(step->space, step->number));
	put_tasks(recorder, step);
	vmt_queue_int(queue, (int64_t)step->time_ns);
	vmt_queue_int(queue, site);
	vmt_queue_int(queue, what);
	vmt_recorder_put_number(recorder, (uint64_t)name);
	vmt_recorder_put_number(recorder, step->start);
	vmt_recorder_put_number(recorder, step->end - step->start);
	vmt_queue_int(queue, bits);
	vmt_queue_int(queue, step->check);
	vmt_recorder_put_number(recorder, (uint64_t)reason);
	vmt_recorder_put_number(recorder, (uint64_t)why);
	put_event(recorder, step, bits);
	vmt_recorder_put_number(recorder, (uint64_t)file);
	vmt_recorder_put_number(recorder, (uint64_t)path);
	vmt_recorder_put_number(recorder, step->added.count ? (uint64_t)added : 0);
	vmt_recorder_put_number(recorder, step->added.count);
	put_removed(recorder);
	vmt_recorder_put_number(recorder, (uint64_t)purpose);
	vmt_recorder_put_number(recorder, (uint64_t)pattern);
	vmt_recorder_put_number(recorder, step->group);
}
