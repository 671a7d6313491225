/* SPDX-License-Identifier: MIT */
/*
 * steps: which step of one run is which of the other. Threads are compared one by one, because
 * how their steps mix is nobody's doing.
 *
 * What somebody maps and at once gives back in part, in order to get an aligned rest, is one step of
 * the size of the rest: how much is given back on which side depends on the address.
 *
 *	mmap       [                128M                ]
 *	munmap     [ 40M  ]                                     counts as mmap of 64M
 *	munmap                                  [  24M  ]
 */
#include <stdlib.h>
#include <string.h>

#include "tokens.h"
#include "vmtrace/annotate.h"
#include "vmtrace/compare.h"

/* The steps of one thread. */
struct thread {
	pid_t tid;
	uint64_t shape; /* of what it did */
	VMT_ARRAY(size_t) steps; /* indexes of its side */
};

/* One side on its way to a comparison. */
struct sequence {
	const struct vmt_compare_steps *steps;
	uint32_t *tokens; /* UINT32_MAX: part of the mapping before it */
	VMT_ARRAY(struct thread) threads;
};

/* The bytes that the step mapped in the end, less those that it unmapped. */
static int64_t net_bytes(const struct vmt_step *step)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < step->added.count; i++)
		bytes += (int64_t)(step->added.data[i].map.end - step->added.data[i].map.start);
	for (size_t i = 0; i < step->removed.count; i++)
		bytes -= (int64_t)(step->removed.data[i].map.end - step->removed.data[i].map.start);
	return bytes;
}

/* The arguments that say what the range is for, beside where it is. */
static uint64_t purpose_of(const struct vmt_event *event)
{
	const struct vmt_call_info *info = vmt_call_info(event->call);
	uint64_t purpose = 0;

	for (unsigned i = 0; i < info->arg_count; i++) {
		switch (info->args[i].kind) {
		case VMT_ARG_PROT:
		case VMT_ARG_MAP_FLAGS:
		case VMT_ARG_MREMAP_FLAGS:
		case VMT_ARG_ADVICE:
		case VMT_ARG_MLOCK_FLAGS:
		case VMT_ARG_MLOCKALL_FLAGS:
			purpose = vmt_mix(purpose, event->args[i] & UINT32_MAX);
			break;
		default:
			break;
		}
	}
	return purpose;
}

bool vmt_compare_step_of(const struct vmt_step *step, struct vmt_names *names,
			 struct vmt_compare_step *ret_step)
{
	const struct vmt_event *event = step->cause == VMT_CAUSE_CALL ? step->event : NULL;

	if (step->cause == VMT_CAUSE_STACK_GROWTH)
		return false;
	*ret_step = (struct vmt_compare_step){
		.number = step->number,
		.tid = step->tid,
		.actor = vmt_names_add(names, step->actor ? step->actor : ""),
		.what = vmt_names_add(names, step->what ? step->what : ""),
		.call = event ? vmt_call_info(event->call)->name : vmt_cause_name(step->cause),
		.object = vmt_names_add(names, step->file_name ? step->file_name : ""),
		.size_bytes = (int64_t)(step->end - step->start),
		.address = step->start,
	};
	if (!event) {
		/* A stack is as large as it has grown. */
		if (step->added.count == 1 && strcmp(step->added.data[0].map.name, "[stack]") == 0)
			ret_step->size_bytes = 0;
		return true;
	}
	ret_step->prot = purpose_of(event);
	if (event->failed)
		ret_step->error = (int)-event->result;
	if (event->call == VMT_CALL_BRK)
		ret_step->size_bytes = net_bytes(step);
	return true;
}

static struct vmt_key key_of(const struct vmt_compare_step *step, int64_t size_bytes,
			     const struct vmt_compare_options *options)
{
	const char *object =
		options->ignore & VMT_IGNORE_PATH ? vmt_base_name(step->object) : step->object;

	return (struct vmt_key){
		.words = {
			vmt_mix_text(0, step->call),
			vmt_mix_text(0, step->actor),
			vmt_mix_text(0, object),
			options->ignore & VMT_IGNORE_SIZE ? 0 : (uint64_t)size_bytes,
			vmt_mix(step->prot, (uint64_t)step->error),
			options->addresses ? step->address : 0,
		},
	};
}

static struct thread *thread_of(struct sequence *sequence, pid_t tid)
{
	struct thread born = { .tid = tid };

	for (size_t i = sequence->threads.count; i-- > 0;)
		if (sequence->threads.data[i].tid == tid)
			return &sequence->threads.data[i];
	vmt_array_push(&sequence->threads, born);
	return &sequence->threads.data[sequence->threads.count - 1];
}

static bool is_mmap(const struct vmt_compare_step *step)
{
	return !step->error &&
	       (strcmp(step->call, "mmap") == 0 || strcmp(step->call, "mmap2") == 0);
}

/* True if @step gives back one end of what is left, [*start, *end), and something remains. */
static bool is_trim(const struct vmt_compare_step *step, uint64_t *start, uint64_t *end)
{
	uint64_t low = step->address, high = step->address + (uint64_t)step->size_bytes;

	if (step->error || strcmp(step->call, "munmap") != 0 || low >= high)
		return false;
	if (low == *start && high < *end)
		*start = high;
	else if (high == *end && low > *start)
		*end = low;
	else
		return false;
	return true;
}

/* The tokens of one thread's steps, with what was given back at once taken off. */
static void add_tokens(struct sequence *sequence, struct thread *thread,
		       const struct vmt_compare_options *options, struct vmt_tokens *tokens)
{
	for (size_t i = 0; i < thread->steps.count;) {
		size_t index = thread->steps.data[i++];
		const struct vmt_compare_step *step = &sequence->steps->data[index];
		uint64_t start = step->address, end = start + (uint64_t)step->size_bytes;
		struct vmt_key key;

		for (; is_mmap(step) && !options->addresses && i < thread->steps.count; i++) {
			size_t next = thread->steps.data[i];

			if (!is_trim(&sequence->steps->data[next], &start, &end))
				break;
			sequence->tokens[next] = UINT32_MAX;
		}
		key = key_of(step, (int64_t)(end - start), options);
		sequence->tokens[index] = vmt_tokens_add(tokens, &key);
		thread->shape = vmt_mix(thread->shape, sequence->tokens[index]);
	}
}

static void sequence_init(struct sequence *sequence, const struct vmt_compare_steps *steps,
			  const struct vmt_compare_options *options, struct vmt_tokens *tokens)
{
	*sequence = (struct sequence){
		.steps = steps,
		.tokens = vmt_malloc((steps->count + 1) * sizeof(uint32_t)),
	};
	for (size_t i = 0; i < steps->count; i++) {
		struct thread *thread = thread_of(sequence, steps->data[i].tid);

		vmt_array_push(&thread->steps, i);
	}
	for (size_t i = 0; i < sequence->threads.count; i++)
		add_tokens(sequence, &sequence->threads.data[i], options, tokens);
}

static void sequence_deinit(struct sequence *sequence)
{
	for (size_t i = 0; i < sequence->threads.count; i++)
		vmt_array_deinit(&sequence->threads.data[i].steps);
	vmt_array_deinit(&sequence->threads);
	free(sequence->tokens);
}

/* The tokens of the steps of a thread that count, and which steps they are. */
static size_t take_tokens(const struct sequence *sequence, const struct thread *thread,
			  uint32_t *ret_tokens, size_t *ret_steps)
{
	size_t count = 0;

	for (size_t i = 0; i < thread->steps.count; i++) {
		size_t step = thread->steps.data[i];

		if (sequence->tokens[step] == UINT32_MAX)
			continue;
		ret_tokens[count] = sequence->tokens[step];
		ret_steps[count++] = step;
	}
	return count;
}

static void align_threads(const struct sequence *a, const struct thread *thread_a,
			  const struct sequence *b, const struct thread *thread_b, size_t *match_a,
			  bool *taken_b)
{
	size_t room = thread_a->steps.count + thread_b->steps.count + 1;
	uint32_t *tokens = vmt_malloc(room * sizeof(*tokens));
	size_t *steps = vmt_malloc(room * sizeof(*steps));
	size_t *match = vmt_malloc(room * sizeof(*match));
	size_t count_a = take_tokens(a, thread_a, tokens, steps);
	size_t count_b = take_tokens(b, thread_b, tokens + count_a, steps + count_a);

	vmt_align(tokens, count_a, tokens + count_a, count_b, match);
	for (size_t i = 0; i < count_a; i++) {
		if (match[i] == VMT_NO_ROW)
			continue;
		match_a[steps[i]] = steps[count_a + match[i]];
		taken_b[match_a[steps[i]]] = true;
	}
	free(tokens);
	free(steps);
	free(match);
}

/* The first thread is the first; then those that did the same, then by birth. */
static void match_threads(const struct sequence *a, const struct sequence *b, size_t *ret_match_a)
{
	size_t count_a = a->threads.count, count_b = b->threads.count, next = 0;
	uint32_t *tokens = vmt_malloc((count_a + count_b + 1) * sizeof(*tokens));
	size_t *match_b = vmt_malloc((count_b + 1) * sizeof(*match_b));
	struct vmt_tokens shapes = { 0 };

	for (size_t i = 0; i < count_a + count_b; i++) {
		const struct thread *thread =
			i < count_a ? &a->threads.data[i] : &b->threads.data[i - count_a];
		struct vmt_key key = { .words = { thread->shape } };

		tokens[i] = vmt_tokens_add(&shapes, &key);
	}
	for (size_t i = 0; i < count_a; i++)
		ret_match_a[i] = VMT_NO_ROW;
	for (size_t i = 0; i < count_b; i++)
		match_b[i] = VMT_NO_ROW;
	if (count_a && count_b)
		ret_match_a[0] = match_b[0] = 0;
	vmt_tokens_pair(tokens, count_a, tokens + count_a, count_b, shapes.count, ret_match_a,
			match_b);
	for (size_t i = 0; i < count_a; i++) {
		while (next < count_b && match_b[next] != VMT_NO_ROW)
			next++;
		if (ret_match_a[i] == VMT_NO_ROW && next < count_b)
			ret_match_a[i] = next++;
	}
	vmt_tokens_deinit(&shapes);
	free(tokens);
	free(match_b);
}

static void add_pair(struct vmt_step_comparison *comparison, size_t a, size_t b)
{
	struct vmt_step_pair pair = { a, b };

	vmt_array_push(&comparison->pairs, pair);
	comparison->kept += a != VMT_NO_ROW && b != VMT_NO_ROW;
	comparison->added += a == VMT_NO_ROW;
	comparison->gone += b == VMT_NO_ROW;
}

static void list_pairs(const struct sequence *a, const struct sequence *b, const size_t *match_a,
		       const bool *taken_b, struct vmt_step_comparison *comparison)
{
	size_t next = 0;

	for (size_t i = 0; i < a->steps->count; i++) {
		if (a->tokens[i] == UINT32_MAX)
			continue;
		for (; match_a[i] != VMT_NO_ROW && next <= match_a[i]; next++)
			if (!taken_b[next] && b->tokens[next] != UINT32_MAX)
				add_pair(comparison, VMT_NO_ROW, next);
		add_pair(comparison, i, match_a[i]);
	}
	for (; next < b->steps->count; next++)
		if (!taken_b[next] && b->tokens[next] != UINT32_MAX)
			add_pair(comparison, VMT_NO_ROW, next);
}

void vmt_compare_step_sequences(const struct vmt_compare_steps *a,
				const struct vmt_compare_steps *b,
				const struct vmt_compare_options *options,
				struct vmt_step_comparison *ret_comparison)
{
	size_t *match_a = vmt_malloc((a->count + 1) * sizeof(*match_a));
	bool *taken_b = vmt_calloc(b->count + 1, sizeof(*taken_b));
	struct vmt_tokens tokens = { 0 };
	struct sequence first, second;
	size_t *threads;

	sequence_init(&first, a, options, &tokens);
	sequence_init(&second, b, options, &tokens);
	for (size_t i = 0; i < a->count; i++)
		match_a[i] = VMT_NO_ROW;
	threads = vmt_malloc((first.threads.count + 1) * sizeof(*threads));
	match_threads(&first, &second, threads);
	for (size_t i = 0; i < first.threads.count; i++)
		if (threads[i] != VMT_NO_ROW)
			align_threads(&first, &first.threads.data[i], &second,
				      &second.threads.data[threads[i]], match_a, taken_b);
	*ret_comparison = (struct vmt_step_comparison){ 0 };
	list_pairs(&first, &second, match_a, taken_b, ret_comparison);
	sequence_deinit(&first);
	sequence_deinit(&second);
	vmt_tokens_deinit(&tokens);
	free(threads);
	free(match_a);
	free(taken_b);
}

void vmt_step_comparison_deinit(struct vmt_step_comparison *comparison)
{
	vmt_array_deinit(&comparison->pairs);
}
