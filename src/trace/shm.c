/* SPDX-License-Identifier: MIT */
/*
 * System V shared memory. The kernel shows the size of a segment, but not whether it is made of huge
 * pages, which decides where it can be attached; the flags of the shmget() that made it say so
 * (newseg() of ipc/shm.c, 6.18).
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include "procfs.h"
#include "tracer.h"

enum {
	NAMESPACE_PATH_BYTES = 32,
	SIZE_SHIFT = 26, /* SHM_HUGE_SHIFT */
	SIZE_MASK = 63, /* SHM_HUGE_MASK */
};

/* Do ids and keys mean the same to us as to the task? */
static bool shares_namespace(const struct vmt_task *task)
{
	struct stat ours, theirs;
	char path[NAMESPACE_PATH_BYTES];

	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", task->tid);
	return stat("/proc/self/ns/ipc", &ours) == 0 && stat(path, &theirs) == 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/* What shmctl() says of an id; false with errno, which is 0 if ours says nothing of the task's. */
static bool find_segment(const struct vmt_task *task, int id, struct shmid_ds *ret_segment)
{
	if (!shares_namespace(task)) {
		errno = 0;
		return false;
	}
	return shmctl(id, IPC_STAT, ret_segment) == 0;
}

static const struct vmt_shm_segment *find_huge(const struct vmt_shm_segments *segments, int id)
{
	for (size_t i = 0; i < VMT_SHM_COUNT; i++) {
		if (segments->rows[i].page_bytes && segments->rows[i].id == id)
			return &segments->rows[i];
	}
	return NULL;
}

bool vmt_shm_enter(struct vmt_task *task, const uint64_t *args)
{
	key_t key = (key_t)args[0];

	task->segment_flags = (int)args[2];
	if (!(task->segment_flags & SHM_HUGETLB) || !shares_namespace(task))
		return false;
	/* One that is there already is found, whatever the flags, and keeps its own. */
	return key == IPC_PRIVATE || (shmget(key, 0, 0) < 0 && errno == ENOENT);
}

void vmt_shm_made(struct vmt_tracer *tracer, const struct vmt_task *task, int id)
{
	struct vmt_shm_segments *segments = &tracer->segments;
	unsigned shift = (uint32_t)task->segment_flags >> SIZE_SHIFT & SIZE_MASK;
	struct vmt_huge_pool pool;
	struct shmid_ds segment;

	/* Not if another one made it, with flags of its own. */
	if (!find_segment(task, id, &segment) || segment.shm_cpid != task->tgid ||
	    find_huge(segments, id))
		return;
	vmt_huge_pool_read(shift ? UINT64_C(1) << shift : 0, &pool);
	segments->rows[segments->next] =
		(struct vmt_shm_segment){ .id = id, .page_bytes = pool.page_bytes };
	segments->next = (segments->next + 1) % VMT_SHM_COUNT;
}

void vmt_shm_fetch(struct vmt_tracer *tracer, struct vmt_task *task)
{
	struct vmt_file_facts *file = &task->call.file;
	int id = (int)task->call.args[0];
	const struct vmt_shm_segment *huge = find_huge(&tracer->segments, id);
	struct shmid_ds segment;

	if (!find_segment(task, id, &segment)) {
		task->call.words[0] = (uint64_t)errno;
		task->call.words_valid = errno != 0;
		return;
	}
	file->known = true;
	file->size_bytes = segment.shm_segsz;
	file->inode = (uint32_t)id;
	if (!huge)
		return;
	/* hugetlb_file_setup() makes the file as long as its pages. */
	file->mode = S_IFREG;
	file->filesystem = HUGETLBFS_MAGIC;
	file->huge_page_bytes = huge->page_bytes;
	file->size_bytes = (file->size_bytes + huge->page_bytes - 1) & ~(huge->page_bytes - 1);
}
