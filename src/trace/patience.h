/* SPDX-License-Identifier: MIT */
/*
 * patience: what may have to wait for a task that stands still until we go on (a page that a handler
 * of userfaultfd brings, a file that a traced process serves) is done in a thread, for a bounded time.
 */
#ifndef VMTRACE_TRACE_PATIENCE_H
#define VMTRACE_TRACE_PATIENCE_H

#include "vmtrace/base.h"

/*
 * Runs @run(@work) in a thread and waits for it until it has slept for @ms milliseconds. 0 when it is done:
 * @work is the caller's. -ETIMEDOUT, or another negative errno if there could be no thread: @work belongs
 * to the thread, or to nobody, and is given to @drop when it is done with. @run allocates nothing that
 * @drop does not free, and touches nothing but @work.
 */
VMT_MUST_CHECK int vmt_patient(void (*run)(void *work), void (*drop)(void *work), void *work,
			       unsigned ms);

#endif
