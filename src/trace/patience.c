/* SPDX-License-Identifier: MIT */
/*
 * A thread that is waited for is left to itself when the time is over: what it waits for comes when the
 * tasks go on, or it ends with vmtrace (the kernel lets a thread that waits so be killed). Few such
 * threads may be left at a time; with more of them nothing is begun.
 */
#include "patience.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "procfs.h"

enum {
	LEFT_MAX = 16,
	MOMENT_MS = 10,
	MOMENTS_MAX = 1000,
};

struct errand {
	void (*run)(void *work);
	void (*drop)(void *work);
	void *work;
	pid_t tid; /* of the thread, 0 before it has begun */
	bool done;
	bool left; /* nobody waits any more */
};

/* One lock for all: there is one loop that waits. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static unsigned left_count;

static void prepare(void)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void *do_errand(void *data)
{
	struct errand *errand = data;
	bool left;

	pthread_mutex_lock(&lock);
	errand->tid = gettid();
	pthread_mutex_unlock(&lock);
	errand->run(errand->work);
	pthread_mutex_lock(&lock);
	errand->done = true;
	left = errand->left;
	if (left)
		left_count--;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	if (left) {
		errand->drop(errand->work);
		free(errand);
	}
	return NULL;
}

/* A thread that wants a CPU, or has not begun, waits for nobody. */
static bool is_running(pid_t tid)
{
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str text = { 0 };
	char file[32];
	const char *state;

	if (!tid)
		return true;
	snprintf(file, sizeof(file), "task/%d/stat", tid);
	if (vmt_procfs_read(getpid(), file, &text) < 0)
		return false;
	/* "TID (name) R …"; the name is ours. */
	state = strstr(vmt_str_text(&text), ") ");
	return state && state[2] == 'R';
}

/* Until the errand is done, or a moment has passed; the lock is held. */
static void wait_a_moment(const struct errand *errand)
{
	struct timespec end;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += MOMENT_MS * 1000000L;
	end.tv_sec += end.tv_nsec / 1000000000L;
	end.tv_nsec %= 1000000000L;
	while (!errand->done && err != ETIMEDOUT)
		err = pthread_cond_timedwait(&changed, &lock, &end);
}

/*
 * Waits; whether the errand was done in time. If not, the thread will free it. On a machine that is
 * busy with other things the thread may not get a CPU for long: only the moments in which it sleeps count.
 */
static bool wait_for(struct errand *errand, unsigned ms)
{
	unsigned slept = 0;
	bool done;

	pthread_mutex_lock(&lock);
	for (unsigned moments = 0; slept < ms && moments < MOMENTS_MAX; moments++) {
		wait_a_moment(errand);
		if (errand->done)
			break;
		if (!is_running(errand->tid))
			slept += MOMENT_MS;
	}
	done = errand->done;
	errand->left = !done;
	if (!done)
		left_count++;
	pthread_mutex_unlock(&lock);
	return done;
}

static bool may_begin(void)
{
	bool may;

	pthread_mutex_lock(&lock);
	may = left_count < LEFT_MAX;
	pthread_mutex_unlock(&lock);
	return may;
}

/* Signals are the loop's: its waitpid() is what they have to interrupt. */
static int start(struct errand *errand)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, &attributes, do_errand, errand);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return err;
}

int vmt_patient(void (*run)(void *work), void (*drop)(void *work), void *work, unsigned ms)
{
	struct errand *errand;
	int err = EAGAIN;

	pthread_once(&prepared, prepare);
	errand = vmt_calloc(1, sizeof(*errand));
	*errand = (struct errand){ .run = run, .drop = drop, .work = work };
	if (may_begin())
		err = start(errand);
	if (err) {
		free(errand);
		drop(work);
		return -err;
	}
	if (!wait_for(errand, ms))
		return -ETIMEDOUT;
	free(errand);
	return 0;
}
