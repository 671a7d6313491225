/* SPDX-License-Identifier: MIT */
/*
 * Page faults without a stop: perf's software event PERF_COUNT_SW_PAGE_FAULTS, each one recorded
 * (perf_sw_event() in arch/x86/mm/fault.c, 6.18) in a ring of each CPU. What a fault costs its task
 * grows with every field of its record: the id of the task and the time make it half as dear again.
 * So a fault is recorded as its address alone, and a second event, which counts nothing, records in
 * the same ring who comes to run on the CPU and when (PERF_RECORD_SWITCH, perf_event_switch() in
 * kernel/events/core.c):
 *
 *	CPU 0  [ A+ f f f f A- B+ f . . ]     A+ A comes, A- A goes, f a fault
 *	CPU 1  [ . . C+ f f f C- A+ f . ]     => one list, by the time of the last +
 *
 * So the faults of each task are in their order. Those of two tasks that ran at the same time are
 * in the order in which the tasks came to run. Faults of which no + tells whose they are, because
 * the task ran already when watching began, are those of the next -.
 *
 * An event that is inherited by new tasks must be bound to a CPU, hence one for each. A ring is
 * emptied at every stop of any task and at every tick, more often the smaller it is. (The kernel
 * would send a signal too, but for every fault, which makes each ten times as dear.) What did not
 * fit is counted: an event counts each fault, recorded or not.
 *
 * Not recorded: pages that mlock, MAP_POPULATE and the like bring in (faultin_page() is no fault),
 * and those that the kernel maps around a page of a file.
 */
#include "faults.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "procfs.h"

enum {
	RING_PAGES = 512, /* 2 MiB: 130,000 faults */
	FAULT_BYTES = 16, /* of a record */
	FAULT_NS = 1000, /* no fault takes less */
	TICK_MIN_US = 2000,
	TICK_MAX_US = 50000,
	UNCLAIMED_MAX = 65536, /* more are lost: whoever runs so long is seldom stopped */
	RING_PAGES_MIN = 8, /* what is left of kernel.perf_event_mlock_kb may be little */
};

/* The rings' records, with the fields of their event's sample_type. */
union record {
	struct perf_event_header header;
	struct {
		struct perf_event_header header;
		uint64_t address;
	} fault;
	struct {
		struct perf_event_header header;
		uint32_t pid;
		uint32_t tid;
		uint64_t time_ns;
	} change; /* PERF_RECORD_SWITCH */
	struct {
		struct perf_event_header header;
		uint64_t id;
		uint64_t count;
	} lost;
};

struct ring {
	int cpu;
	int fd; /* of the event that owns the ring */
	struct perf_event_mmap_page *control;
	unsigned char *data;
	uint64_t size_bytes; /* of data, a power of two */
	struct vmt_fault_record runner; /* whose faults come now; tid 0: not known */
	VMT_ARRAY(struct vmt_fault_record) unclaimed; /* faults of a runner that is not known */
};

struct vmt_fault_watch {
	VMT_ARRAY(struct ring) rings;
	VMT_ARRAY(int) fds; /* of the events that count faults, those of the rings included */
	VMT_ARRAY(int) switch_fds;
	VMT_ARRAY(struct vmt_fault_record) records;
	uint64_t recorded;
	uint64_t lost; /* as the rings say */
	bool kernel;
};

static int open_event(struct perf_event_attr *attr, pid_t tid, int cpu, bool kernel)
{
	long fd;

	attr->type = PERF_TYPE_SOFTWARE;
	attr->size = sizeof(*attr);
	attr->sample_period = 1;
	attr->inherit = 1;
	attr->exclude_kernel = !kernel;
	attr->exclude_hv = 1;
	/* Events that share a ring share their clock. */
	attr->use_clockid = 1;
	attr->clockid = CLOCK_MONOTONIC;
	fd = syscall(SYS_perf_event_open, attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

static int open_faults(pid_t tid, int cpu, bool kernel)
{
	struct perf_event_attr attr = {
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.sample_type = PERF_SAMPLE_ADDR,
		/* Nobody sleeps on a ring: never wake. The kernel takes it for an int. */
		.wakeup_events = INT32_MAX,
	};

	return open_event(&attr, tid, cpu, kernel);
}

static int open_switches(pid_t tid, int cpu, bool kernel)
{
	struct perf_event_attr attr = {
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.context_switch = 1,
	};

	return open_event(&attr, tid, cpu, kernel);
}

/* Maps a ring as large as the user may lock. */
static int map_ring(struct ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t pages = RING_PAGES; pages >= RING_PAGES_MIN; pages /= 2) {
		void *memory = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE, MAP_SHARED,
				    ring->fd, 0);

		if (memory != MAP_FAILED) {
			ring->control = memory;
			ring->data = (unsigned char *)memory + page;
			ring->size_bytes = pages * page;
			return 0;
		}
		if (errno != EPERM && errno != ENOMEM)
			break;
	}
	return -errno;
}

static struct ring *ring_of(struct vmt_fault_watch *watch, int cpu)
{
	for (size_t i = 0; i < watch->rings.count; i++) {
		if (watch->rings.data[i].cpu == cpu)
			return &watch->rings.data[i];
	}
	return NULL;
}

/* The events of one CPU share a ring. */
static int add_faults(struct vmt_fault_watch *watch, pid_t tid, int cpu)
{
	const struct ring *shared = ring_of(watch, cpu);
	struct ring ring = { .cpu = cpu, .fd = open_faults(tid, cpu, watch->kernel) };
	int err = 0;

	if (ring.fd < 0)
		return ring.fd;
	if (shared) {
		if (ioctl(ring.fd, PERF_EVENT_IOC_SET_OUTPUT, shared->fd) < 0)
			err = -errno;
	} else {
		err = map_ring(&ring);
	}
	if (err < 0) {
		close(ring.fd);
		return err;
	}
	if (!shared)
		vmt_array_push(&watch->rings, ring);
	vmt_array_push(&watch->fds, ring.fd);
	return 0;
}

static int add_switches(struct vmt_fault_watch *watch, pid_t tid, int cpu)
{
	int fd = open_switches(tid, cpu, watch->kernel);

	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring_of(watch, cpu)->fd) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	vmt_array_push(&watch->switch_fds, fd);
	return 0;
}

/* Two events for each CPU; a CPU that is offline has none. */
static int add_task(struct vmt_fault_watch *watch, pid_t tid)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	bool any = false;

	for (int cpu = 0; cpu < cpus; cpu++) {
		int err = add_faults(watch, tid, cpu);

		if (!err)
			err = add_switches(watch, tid, cpu);

		if (err < 0 && err != -ENODEV)
			return err;
		any |= err == 0;
	}
	return any ? 0 : -ENODEV;
}

int vmt_fault_watch_add(struct vmt_fault_watch **watch, pid_t tid)
{
	struct vmt_fault_watch *made;
	int err;

	if (*watch)
		return add_task(*watch, tid);
	made = vmt_calloc(1, sizeof(*made));
	made->kernel = true;
	err = add_task(made, tid);
	if (err == -EACCES || err == -EPERM) {
		/* kernel.perf_event_paranoid 2: the faults of user mode only. */
		vmt_fault_watch_free(made);
		made = vmt_calloc(1, sizeof(*made));
		err = add_task(made, tid);
	}
	if (err < 0) {
		vmt_fault_watch_free(made);
		return err == -EPERM ? -EACCES : err;
	}
	*watch = made;
	return 0;
}

void vmt_fault_watch_free(struct vmt_fault_watch *watch)
{
	if (!watch)
		return;
	for (size_t i = 0; i < watch->rings.count; i++) {
		struct ring *ring = &watch->rings.data[i];

		munmap(ring->control,
		       ring->size_bytes + (size_t)(ring->data - (unsigned char *)ring->control));
		vmt_array_deinit(&ring->unclaimed);
	}
	for (size_t i = 0; i < watch->switch_fds.count; i++)
		close(watch->switch_fds.data[i]);
	for (size_t i = 0; i < watch->fds.count; i++)
		close(watch->fds.data[i]);
	vmt_array_deinit(&watch->rings);
	vmt_array_deinit(&watch->fds);
	vmt_array_deinit(&watch->switch_fds);
	vmt_array_deinit(&watch->records);
	free(watch);
}

/* Bytes of a ring may go on at its beginning. */
static void copy_out(const struct ring *ring, uint64_t at, void *ret_bytes, size_t length)
{
	size_t offset = (size_t)(at & (ring->size_bytes - 1));
	size_t first = (size_t)vmt_min_u64(length, ring->size_bytes - offset);

	memcpy(ret_bytes, ring->data + offset, first);
	memcpy((unsigned char *)ret_bytes + first, ring->data, length - first);
}

static void take_record(struct vmt_fault_watch *watch, struct vmt_fault_record record)
{
	record.serial = watch->recorded++;
	vmt_array_push(&watch->records, record);
}

static void take_fault(struct vmt_fault_watch *watch, struct ring *ring, const union record *record)
{
	struct vmt_fault_record fault = ring->runner;

	fault.address = record->fault.address;
	fault.kernel =
		(record->header.misc & PERF_RECORD_MISC_CPUMODE_MASK) == PERF_RECORD_MISC_KERNEL;
	if (fault.tid)
		take_record(watch, fault);
	else if (ring->unclaimed.count < UNCLAIMED_MAX)
		vmt_array_push(&ring->unclaimed, fault);
}

/* Another task comes to run, or the one that ran goes: what nobody claimed was its own. */
static void take_switch(struct vmt_fault_watch *watch, struct ring *ring,
			const union record *record)
{
	bool goes = record->header.misc & PERF_RECORD_MISC_SWITCH_OUT;

	for (size_t i = 0; goes && i < ring->unclaimed.count; i++) {
		struct vmt_fault_record *fault = &ring->unclaimed.data[i];

		fault->pid = (pid_t)record->change.pid;
		fault->tid = (pid_t)record->change.tid;
		fault->time_ns = record->change.time_ns;
		take_record(watch, *fault);
	}
	vmt_array_clear(&ring->unclaimed);
	ring->runner = (struct vmt_fault_record){ 0 };
	if (goes)
		return;
	ring->runner.pid = (pid_t)record->change.pid;
	ring->runner.tid = (pid_t)record->change.tid;
	ring->runner.time_ns = record->change.time_ns;
}

/* What is missing may be the change of tasks. */
static void take_lost(struct vmt_fault_watch *watch, struct ring *ring, const union record *record)
{
	watch->lost += record->lost.count;
	ring->runner = (struct vmt_fault_record){ 0 };
	vmt_array_clear(&ring->unclaimed);
}

static void drain_ring(struct vmt_fault_watch *watch, struct ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->control->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = ring->control->data_tail;

	if (at == head)
		return;
	while (head - at >= sizeof(struct perf_event_header)) {
		union record record = { 0 };

		copy_out(ring, at, &record.header, sizeof(record.header));
		if (record.header.size < sizeof(record.header) || record.header.size > head - at)
			break;
		copy_out(ring, at, &record,
			 (size_t)vmt_min_u64(record.header.size, sizeof(record)));
		if (record.header.type == PERF_RECORD_SAMPLE)
			take_fault(watch, ring, &record);
		else if (record.header.type == PERF_RECORD_SWITCH)
			take_switch(watch, ring, &record);
		else if (record.header.type == PERF_RECORD_LOST)
			take_lost(watch, ring, &record);
		at += record.header.size;
	}
	__atomic_store_n(&ring->control->data_tail, head, __ATOMIC_RELEASE);
}

/* Faults of one run of a task have one time. */
static int compare_times(const void *a, const void *b)
{
	const struct vmt_fault_record *x = a;
	const struct vmt_fault_record *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

static bool ascend(const struct vmt_fault_record *records, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (records[i].time_ns < records[i - 1].time_ns)
			return false;
	}
	return true;
}

const struct vmt_fault_record *vmt_fault_watch_drain(struct vmt_fault_watch *watch,
						     size_t *ret_count)
{
	vmt_array_clear(&watch->records);
	for (size_t i = 0; i < watch->rings.count; i++)
		drain_ring(watch, &watch->rings.data[i]);
	if (!ascend(watch->records.data, watch->records.count))
		qsort(watch->records.data, watch->records.count, sizeof(*watch->records.data),
		      compare_times);
	*ret_count = watch->records.count;
	return watch->records.data;
}

uint64_t vmt_fault_watch_lost(const struct vmt_fault_watch *watch)
{
	uint64_t counted = 0;
	uint64_t known = watch->recorded;
	uint64_t missing;

	for (size_t i = 0; i < watch->fds.count; i++) {
		uint64_t count;

		if (read(watch->fds.data[i], &count, sizeof(count)) == sizeof(count))
			counted += count;
	}
	for (size_t i = 0; i < watch->rings.count; i++)
		known += watch->rings.data[i].unclaimed.count;
	missing = counted > known ? counted - known : 0;
	return vmt_max_u64(missing, watch->lost);
}

unsigned vmt_fault_watch_tick_us(const struct vmt_fault_watch *watch)
{
	uint64_t size_bytes = UINT64_MAX;

	for (size_t i = 0; i < watch->rings.count; i++)
		size_bytes = vmt_min_u64(size_bytes, watch->rings.data[i].size_bytes);
	return (unsigned)vmt_max_u64(
		vmt_min_u64(size_bytes * FAULT_NS / FAULT_BYTES / 2000, TICK_MAX_US), TICK_MIN_US);
}

bool vmt_fault_watch_kernel(const struct vmt_fault_watch *watch)
{
	return watch->kernel;
}
