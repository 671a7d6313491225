/* SPDX-License-Identifier: MIT */
/*
 * model: what the model itself costs for each call, without a process and without a kernel to ask,
 * in a space of 100 VMAs and in one of 60,000. Everything that it does per call must take time in
 * the logarithm of their number, so the two must not be far apart.
 *
 * A space is rows of 4 pages with access rights in turn, so that none merges, and here and there a
 * hole of one page, too small for the mappings that are measured:
 *
 *	[ measured ... ][ r r r r ][ rw rw rw rw ][ r r r r ][ hole rw rw rw ] ...  [vdso]
 *	                                 ^ mprotect cuts three out of one, and back
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "vmtrace/mm.h"

enum {
	PAGE = 4096,
	ROW_PAGES = 4, /* of a VMA that stays */
	MEASURED_PAGES = 2, /* of one that comes and goes */
	HOLE_EVERY = 8, /* VMAs */
	BATCH = 64, /* calls between two looks at the clock */
	BATCHES = 100,
	ROUNDS = 15, /* the fastest counts: the others were disturbed */
	COST_MOST_NS = 2000,
};

static const uint64_t vdso = 0x7ffff7fc5000;

struct bench {
	struct vmt_names *names;
	struct vmt_space *space;
	struct vmt_step step;
	uint64_t lowest; /* where the lowest VMA starts */
	size_t rows;
};

struct cost {
	double mmap_ns;
	double munmap_ns;
	double mprotect_ns;
};

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* One call as the session passes it on; ends if the model foresees another result. */
static void call(struct bench *bench, struct vmt_event *event)
{
	event->arch = &vmt_arch_x86_64;
	event->space = vmt_space_number(bench->space);
	event->file.name = "";
	event->kind = VMT_EVENT_ENTER;
	vmt_space_foresee(bench->space, event);
	event->kind = VMT_EVENT_CALL;
	vmt_step_begin(bench->space, &bench->step);
	vmt_space_call(bench->space, event, &bench->step);
	vmt_step_end(bench->space, &bench->step);
	if (!bench->step.predicted || bench->step.expected != event->result) {
		fprintf(stderr, "model: call %d foresees %" PRIx64 ", not %" PRIx64 "\n",
			(int)event->call, (uint64_t)bench->step.expected, (uint64_t)event->result);
		exit(1);
	}
}

/* Below everything else, which is where the highest hole that is large enough is. */
static void map(struct bench *bench, unsigned pages, uint64_t prot)
{
	struct vmt_event event = { .call = VMT_CALL_MMAP };

	bench->lowest -= (uint64_t)pages * PAGE;
	event.args[1] = (uint64_t)pages * PAGE;
	event.args[2] = prot;
	event.args[3] = MAP_PRIVATE | MAP_ANONYMOUS;
	event.args[4] = UINT64_MAX;
	event.result = (int64_t)bench->lowest;
	call(bench, &event);
}

static void unmap(struct bench *bench, uint64_t start, unsigned pages)
{
	struct vmt_event event = { .call = VMT_CALL_MUNMAP };

	event.args[0] = start;
	event.args[1] = (uint64_t)pages * PAGE;
	call(bench, &event);
}

static void protect(struct bench *bench, uint64_t start, uint64_t prot)
{
	struct vmt_event event = { .call = VMT_CALL_MPROTECT };

	event.args[0] = start;
	event.args[1] = PAGE;
	event.args[2] = prot;
	call(bench, &event);
}

static uint64_t row_start(size_t row)
{
	return vdso - (row + 1) * ROW_PAGES * PAGE;
}

static uint64_t row_prot(size_t row)
{
	return row % 2 ? PROT_READ | PROT_WRITE : PROT_READ;
}

static void ignore(void *data, struct vmt_step *step)
{
	(void)data;
	(void)step;
}

/* The image of a program that is nothing but its vdso, which tells where mappings go. */
static void open_space(struct bench *bench, size_t rows)
{
	struct vmt_mapping row = {
		.start = vdso,
		.end = vdso + 2 * PAGE,
		.perms = VMT_PERM_READ | VMT_PERM_EXEC,
		.name = "[vdso]",
	};
	struct vmt_image *image = vmt_calloc(1, sizeof(*image));

	image->at_sysinfo_ehdr = vdso;
	image->layout = (struct vmt_layout){ .data = &row, .count = 1, .capacity = 1 };
	for (size_t i = 0; i < VMT_LIMIT_COUNT; i++)
		image->rights.limits[i] = image->rights.hard_limits[i] = VMT_LIMIT_INFINITY;
	bench->names = vmt_names_new();
	bench->space = vmt_space_new(1, bench->names);
	bench->lowest = vdso;
	bench->rows = rows;
	vmt_step_init(&bench->step);
	vmt_space_exec(bench->space, image, ignore, NULL);
	free(image);
	for (size_t i = 0; i < rows; i++)
		map(bench, ROW_PAGES, row_prot(i));
	for (size_t i = 0; i < rows; i += HOLE_EVERY)
		unmap(bench, row_start(i), 1);
}

static void close_space(struct bench *bench)
{
	vmt_step_deinit(&bench->step);
	vmt_space_free(bench->space);
	vmt_names_free(bench->names);
}

/* Nanoseconds for each call. */
static double per_call(uint64_t since_ns, unsigned calls)
{
	return (double)(now_ns() - since_ns) / calls;
}

/* As many places as a batch has calls, spread over the space: in each size the same number. */
static void protect_batch(struct bench *bench, uint64_t more)
{
	for (size_t i = 0; i < BATCH; i++) {
		size_t row = i * bench->rows / BATCH;

		protect(bench, row_start(row) + 2 * PAGE, row_prot(row) | more);
	}
}

static struct cost measure_once(struct bench *bench)
{
	struct cost cost = { 0 };

	for (unsigned batch = 0; batch < BATCHES; batch++) {
		uint64_t start_ns = now_ns();

		for (unsigned i = 0; i < BATCH; i++)
			map(bench, MEASURED_PAGES, i % 2 ? PROT_EXEC : PROT_NONE);
		cost.mmap_ns += per_call(start_ns, BATCH * BATCHES);
		start_ns = now_ns();
		for (unsigned i = 0; i < BATCH; i++) {
			unmap(bench, bench->lowest, MEASURED_PAGES);
			bench->lowest += MEASURED_PAGES * PAGE;
		}
		cost.munmap_ns += per_call(start_ns, BATCH * BATCHES);
		start_ns = now_ns();
		protect_batch(bench, PROT_EXEC);
		protect_batch(bench, 0);
		cost.mprotect_ns += per_call(start_ns, 2 * BATCH * BATCHES);
	}
	return cost;
}

static void take_less(double *least, double cost)
{
	if (*least == 0 || cost < *least)
		*least = cost;
}

static struct cost measure(size_t rows)
{
	struct bench bench;
	struct cost least = { 0 };

	open_space(&bench, rows);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct cost cost = measure_once(&bench);

		take_less(&least.mmap_ns, cost.mmap_ns);
		take_less(&least.munmap_ns, cost.munmap_ns);
		take_less(&least.mprotect_ns, cost.mprotect_ns);
	}
	close_space(&bench);
	return least;
}

static void print(const char *call, double few_ns, double many_ns)
{
	printf("model, %s: 100 VMAs %.0f ns (at most %d), 60,000 VMAs %.0f ns, ratio %.2f (at most "
	       "2)\n",
	       call, few_ns, COST_MOST_NS, many_ns, many_ns / few_ns);
}

int main(void)
{
	struct cost few = measure(100);
	struct cost many = measure(60000);

	print("mmap", few.mmap_ns, many.mmap_ns);
	print("munmap", few.munmap_ns, many.munmap_ns);
	print("mprotect", few.mprotect_ns, many.mprotect_ns);
	return 0;
}
