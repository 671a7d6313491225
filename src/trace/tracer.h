/* SPDX-License-Identifier: MIT */
/*
 * The inside of the trace room: what a tracer knows of its tasks and of the spaces that they
 * share, and who does what with it.
 *
 *	tracer.c	the loop: events out, tasks on, wait, dispatch; order between threads
 *	stops.c		what each stop means
 *	birth.c		new tasks: which space they got, in whatever order they are seen
 *	death.c		the signal that a process dies by
 *	task.c		the table of tasks; spaces and who uses them
 *	event.c		an event's facts: arguments behind pointers, files behind descriptors
 *	description.c	which descriptors are one open file description
 *	mount.c		the file system behind a descriptor
 *	shm.c		System V shared memory: which is made of huge pages
 *	spawn.c		the first process
 *	attach.c	processes that run already, and their release
 *	filter.c	the seccomp program
 *	watch.c		calls that only this room wants to see
 *	placement.c	one task and vmtrace on one CPU
 *	stack.c		call stacks, with the files that stack.h names
 *	uffd.c		which space a userfaultfd serves
 *	untraced.c	tasks that were to have no tracer
 *	task-rights.c	limits, personality and capabilities of each task
 *	rights.c	what a program may not do because it is traced
 *	faults.c	page faults, recorded by perf
 *	fault-queue.c	in whose space each of them was
 *	signals.c	vmtrace's own signals, job control, the timer
 *	forward.c	signals that were sent to vmtrace and are meant for the program
 *
 * A stop is never answered where it is understood. It puts events on a queue and its task on the
 * list of those that may go on; the loop hands out the events first, then lets the tasks go, then
 * waits for the next stop. So everything that belongs to an event stands still while somebody
 * looks at it.
 *
 * A task that is not followed (enum vmt_follow) has no space here and makes no events. Under the
 * filter it has to stay attached, for its filtered calls would fail without a tracer; else it is
 * let go for good as soon as it is known.
 */
#ifndef VMTRACE_TRACE_TRACER_H
#define VMTRACE_TRACE_TRACER_H

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/types.h>

#include "faults.h"
#include "placement.h"
#include "stack.h"
#include "vmtrace/trace.h"
#include "watch.h"

/* One address space, as the tracer knows it: a number, and who uses it. */
struct vmt_task_space {
	uint32_t number; /* from 1 */
	unsigned users; /* followed tasks in it that have not begun to exit */
	unsigned references; /* tasks that point here; the last one frees it */
	unsigned in_flight; /* serialised calls that are between entry and exit: 0 or 1 */
	uint64_t since_ns; /* when that call began, CLOCK_MONOTONIC */
	unsigned overdue; /* calls that were in flight for so long that others were let in */
	unsigned awaited; /* attached: tasks that have yet to stop; until then none goes on */
	bool told; /* an event has introduced it */
	bool has_keys; /* a protection key was asked for */
	bool shared_unseen; /* a task that is not followed has, or had, the same memory */
	struct vmt_code_map *codes; /* what stacks have led to; NULL: nothing yet */
};

enum vmt_task_phase {
	VMT_TASK_NEWBORN, /* stands at its first stop; its parent has not told of it yet */
	VMT_TASK_EXPECTED, /* its parent has told of it; it has not stopped yet */
	VMT_TASK_ALIVE,
	VMT_TASK_EXITING, /* its exit stop has been seen, or it can have no more events */
};

enum vmt_task_call {
	VMT_TASK_CALL_NONE,
	VMT_TASK_CALL_HELD, /* stands at the entry of a call, until another thread's is over */
	VMT_TASK_CALL_RUNNING, /* let go at the entry; the exit stop is awaited */
};

/* A CLONE_UNTRACED that was taken away for the moment, and is to be put back. */
struct vmt_untraced {
	bool in_memory; /* the word at the address @place; else the offset of a register */
	uint64_t place; /* 0: nothing is to be put back */
	uint64_t flags; /* as the target gave them */
};

struct vmt_task {
	struct vmt_task *next; /* in its bucket of the table */
	pid_t tid;
	pid_t tgid;
	const struct vmt_arch *arch; /* of the program */
	struct vmt_task_space *space; /* NULL while nobody knows */
	bool user; /* counted in space->users */
	enum vmt_task_phase phase;
	enum vmt_task_call call_state;
	bool in_flight; /* the running call is counted in space->in_flight */
	bool overdue; /* the running call is counted in space->overdue */
	bool followed; /* its steps are reported */
	bool program; /* of the program started or attached to, not of a child process */
	bool stopped; /* a stop of it was seen, and it was not let go (nor left listening) since */
	bool awaited; /* counted in space->awaited */
	bool parked; /* stopped; goes on when its space's ATTACH event has been made */
	bool unread; /* what an argument of its call points to could not be read when it began */
	enum vmt_watch watch; /* the watched call that it is in */
	struct vmt_untraced untraced;
	bool release; /* it is let go for good, for it could not die otherwise */
	struct vmt_death last_signal; /* that was delivered to it and has no handler */
	struct vmt_death caught; /* the fault whose handler it was to run, if nothing came since */
	bool death_told; /* what its process dies by has been said */
	bool asks_strict; /* the watched call wants SECCOMP_MODE_STRICT */
	bool asks_supervisor; /* the watched call wants a filter that another process answers for */
	bool entry_seen; /* of the call that it is in, before any filter */
	bool supervised; /* it has got one, or its parent had: it stops at every call */
	int segment_flags; /* the watched call, shmget: SHM_… */
	bool rights_known; /* rights could be read */
	struct vmt_rights rights; /* good while rights_generation is that of the tracer, plus 1 */
	uint64_t rights_generation; /* 0: not read yet */

	/* How to let it go on. */
	bool listen; /* stays in group-stop: PTRACE_LISTEN */
	int signal; /* to deliver, 0 none */

	uint64_t since_ns; /* newborn: since when, CLOCK_MONOTONIC */

	/* Birth. A parent whose copy has not stopped yet waits for it. */
	pid_t awaited_child; /* parent: 0 if it waits for none */
	pid_t parent_tid; /* expected child that is a copy */
	uint32_t parent_space;
	bool copied; /* expected child: gets a space of its own */
	bool parent_told; /* expected copy: the parent's space is known to who gets the events */
	bool order_inferred; /* expected copy: other threads may have changed what was copied */

	struct vmt_event call; /* the call from its entry on; good unless NONE */
	uint64_t out_address; /* where the call writes what the event wants to know, 0 if nowhere */
};

enum {
	VMT_TASK_BUCKETS = 1024,
	VMT_DESCRIPTION_COUNT = 256,
	VMT_MOUNT_COUNT = 64,
	VMT_SHM_COUNT = 64,
};

/* Where an open file description was last seen. */
struct vmt_description {
	uint64_t number; /* 0: free slot */
	pid_t tid;
	int fd;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	uint32_t flags;
	uint32_t space; /* a userfaultfd: number of the space that it serves, 0 not known */
};

/* The last descriptions seen, oldest overwritten first. */
struct vmt_descriptions {
	struct vmt_description rows[VMT_DESCRIPTION_COUNT];
	size_t next; /* slot to overwrite */
	uint64_t last_number;
};

struct vmt_mount {
	bool known; /* false: free slot */
	bool served; /* by a process, which may be one that we let wait */
	bool huge; /* tmpfs: huge pages are on */
	uint64_t id; /* mnt_id of /proc/PID/fdinfo */
};

/* The last mounts seen, oldest overwritten first. */
struct vmt_mounts {
	struct vmt_mount rows[VMT_MOUNT_COUNT];
	size_t next; /* slot to overwrite */
};

/* A segment of huge pages. */
struct vmt_shm_segment {
	int id;
	uint64_t page_bytes; /* 0: free slot */
};

/* The last ones that were made, oldest overwritten first. */
struct vmt_shm_segments {
	struct vmt_shm_segment rows[VMT_SHM_COUNT];
	size_t next; /* slot to overwrite */
};

/* A signal that somebody sent. */
struct vmt_sent {
	siginfo_t info;
	uint64_t since_ns; /* CLOCK_MONOTONIC */
	bool asked; /* a note: it was looked whether it is pending in the first process */
	uint64_t idle; /* a note: the count of moments without a stop, when that was */
};

struct vmt_sent_list {
	struct vmt_sent *data;
	size_t count;
	size_t capacity;
};

/* What becomes of signals that are sent to vmtrace. See forward.c. */
struct vmt_forward {
	struct vmt_sent_list notes; /* came to vmtrace */
	struct vmt_sent_list
		delivered; /* came to the first process lately, of which we have no note */
	struct vmt_sent_list pending; /* came to both, and is yet to be delivered */
	struct vmt_sent_list passed; /* passed on, and not delivered yet */
	uint64_t idle; /* counts the moments when no stop was waiting to be seen */
};

/* How far a trace of attached processes is on its way to its end. */
enum vmt_tracer_end {
	VMT_END_NOT,
	VMT_END_STOPPING, /* every task is made to stop, for a last look */
	VMT_END_LEAVING, /* the last look was taken; every task is let go for good */
};

struct vmt_tracer {
	struct vmt_tracer_options options;
	uint64_t start_ns; /* CLOCK_MONOTONIC */
	uint64_t now_ns; /* when the stop that is dealt with was seen */
	bool filtered;
	bool exec_failed;
	struct vmt_forward forward;
	bool signals_taken; /* signals.c holds the process's signals for us */

	pid_t root; /* first process, 0 before it was started, -1 once it was reaped */
	struct vmt_exit root_exit;

	struct vmt_task *buckets[VMT_TASK_BUCKETS];
	size_t task_count;
	size_t newborn_count;
	uint32_t last_space;

	VMT_ARRAY(struct vmt_event) events; /* ready, in order */
	size_t events_given; /* of these, already handed out */
	VMT_ARRAY(struct vmt_task *) ready; /* go on once all events are handed out; NULL: gone */
	VMT_ARRAY(struct vmt_task *) held; /* at a call's entry, first come first served */
	bool stop_self; /* the job was stopped: stop ourselves after that */

	bool attached; /* the processes were there before us, and stay after us */
	unsigned unsettled; /* spaces whose tasks have yet to stop */
	uint64_t attach_ns; /* when the last of them was attached to, CLOCK_MONOTONIC */
	enum vmt_tracer_end end;
	uint64_t end_ns; /* since when, CLOCK_MONOTONIC */

	struct vmt_fault_watch *fault_watch; /* NULL: page faults are not watched */
	bool faults_refused; /* and will not be; that was said */
	VMT_ARRAY(struct vmt_fault) faults; /* not handed out yet */

	struct vmt_placement placement;
	unsigned cpus; /* that vmtrace may run on */
	bool let_into_call; /* the task that went on last stops at the exit of a call next */
	uint64_t between_ns; /* from the exit of the last call to the entry of the next */
	uint64_t rights_generation; /* counts the calls that can have changed a task's rights */
	bool filter_said; /* rights.c: said that calls that the target's filter refuses are not seen */
	bool answers_said; /* rights.c: said that calls may be answered, which is seen */
	bool strict_said; /* rights.c: said that strict mode was refused */
	bool ptrace_said; /* rights.c: said that a debugger cannot work */
	VMT_ARRAY(const char *) rights_said; /* programs that were said to run without privilege */

	struct vmt_descriptions descriptions;
	struct vmt_shm_segments segments;
	struct vmt_mounts mounts;
	struct vmt_stacks *stacks; /* NULL: not asked for */
};

/* ---- tracer.c ---------------------------------------------------------------------------- */

uint64_t vmt_clock_ns(void);
/* Says one line that the user should see. */
void vmt_tracer_notice(const struct vmt_tracer *tracer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Queues an event about @task and its space. The result is good until the next push. */
struct vmt_event *vmt_tracer_push(struct vmt_tracer *tracer, enum vmt_event_kind kind,
				  const struct vmt_task *task);
/* Does the task stop at every call, before any filter sees it? Else at those that our filter picks. */
static inline bool vmt_task_stops_at_all(const struct vmt_tracer *tracer,
					 const struct vmt_task *task)
{
	return !tracer->filtered || task->supervised;
}
/* Lets the task go on once all events are handed out. */
void vmt_tracer_ready(struct vmt_tracer *tracer, struct vmt_task *task);
/* The task stands at the entry of task->call: lets it begin, or holds it until its turn comes. */
void vmt_tracer_call(struct vmt_tracer *tracer, struct vmt_task *task);
/* The task's call is over, one way or another. */
void vmt_tracer_call_end(struct vmt_tracer *tracer, struct vmt_task *task);
/* The same for a call whose exit will not come; queues CALL_LOST if it had begun. */
void vmt_tracer_call_lost(struct vmt_tracer *tracer, struct vmt_task *task);
/* Queues the finished task->call as an event. */
void vmt_tracer_push_call(struct vmt_tracer *tracer, struct vmt_task *task,
			  enum vmt_event_kind kind);

/* ---- task.c ------------------------------------------------------------------------------ */

struct vmt_task *vmt_task_find(const struct vmt_tracer *tracer, pid_t tid);
struct vmt_task *vmt_task_add(struct vmt_tracer *tracer, pid_t tid, enum vmt_task_phase phase);
/* Forgets a task that has gone: its call is lost, its space left, nobody waits for it. */
void vmt_task_remove(struct vmt_tracer *tracer, struct vmt_task *task);
void vmt_task_set_phase(struct vmt_tracer *tracer, struct vmt_task *task,
			enum vmt_task_phase phase);
/* Moves a task to another key of the table (execve by a thread that was not the leader). */
void vmt_task_rename(struct vmt_tracer *tracer, struct vmt_task *task, pid_t tid);
/* Calls @visit for each task; it may remove the task that it is given, and no other. */
void vmt_task_each(struct vmt_tracer *tracer,
		   void (*visit)(struct vmt_tracer *, struct vmt_task *, void *), void *data);

/* The task, which has no space, gets a share in @space, or a new one if that is NULL. */
void vmt_task_join(struct vmt_tracer *tracer, struct vmt_task *task, struct vmt_task_space *space);
static inline bool vmt_is_exec(enum vmt_call_id call)
{
	return call == VMT_CALL_EXECVE || call == VMT_CALL_EXECVEAT;
}

enum vmt_leave {
	VMT_LEAVE_GONE, /* nothing of the space can be read any more */
	VMT_LEAVE_ALIVE, /* the task still stands in it */
	VMT_LEAVE_EXEC, /* for a new program */
};
/* The task stops counting as a user; queues SPACE_END if it was the last. The pointer stays. */
void vmt_task_leave(struct vmt_tracer *tracer, struct vmt_task *task, enum vmt_leave how);
/* Drops the task's pointer to its space, which it must have left. */
void vmt_task_forget_space(struct vmt_task *task);
/* True if @tid shares its memory with @other (kcmp(2)); @guess where the kernel does not tell. */
bool vmt_task_same_memory(pid_t tid, pid_t other, bool guess);

/* ---- spawn.c ----------------------------------------------------------------------------- */

VMT_MUST_CHECK int vmt_tracer_check_kernel(struct vmt_error *error);
/*
 * Lets vmtrace have as many descriptors as it may: each space takes two. Not before the first
 * process was forked, which has the limit that it would have had.
 */
void vmt_tracer_raise_limit(void);

/* ---- attach.c ---------------------------------------------------------------------------- */

/* The task counts as one that its space's ATTACH event waits for. */
void vmt_attach_await(struct vmt_task *task);
/* It stands, or has gone: the event need not wait for it any more. */
void vmt_attach_stands(struct vmt_tracer *tracer, struct vmt_task *task);
/* The tasks that do not stop have had their time: makes the events without them. */
void vmt_attach_overdue(struct vmt_tracer *tracer, uint64_t now_ns);
/* True if the task must not go on; it was put aside, or let go for good. */
bool vmt_attach_keeps(struct vmt_tracer *tracer, struct vmt_task *task);
/* The stopped task goes on without us. */
void vmt_attach_release(struct vmt_tracer *tracer, struct vmt_task *task);
/* An interrupt, the first one: begins to end the trace. False if there is nothing to be let go. */
bool vmt_attach_end(struct vmt_tracer *tracer);
/* Goes on with it: true while a stop is to be waited for, false if there is something else to do. */
bool vmt_attach_ending(struct vmt_tracer *tracer);

/* ---- stops.c ----------------------------------------------------------------------------- */

/* A status from waitpid() for @tid. */
void vmt_tracer_dispatch(struct vmt_tracer *tracer, pid_t tid, int status);
/* The task stands at PTRACE_EVENT_EXEC under its own, new tid. */
void vmt_tracer_exec(struct vmt_tracer *tracer, struct vmt_task *task);
/* The architecture of the program that @tid runs. */
const struct vmt_arch *vmt_tracer_arch(pid_t tid);

/* ---- death.c ----------------------------------------------------------------------------- */

/*
 * A signal is about to be delivered to the task; @info is NULL if the kernel would not tell more. True if
 * the task has to be let go, because it could not die otherwise.
 */
bool vmt_death_note_signal(struct vmt_task *task, int signal, const siginfo_t *info);
/* Queues KILLED for it; to be let go once that was told. */
void vmt_death_released(struct vmt_tracer *tracer, struct vmt_task *task);
/* The task is about to exit: queues KILLED if it is the one that a signal killed its process through. */
void vmt_death_exiting(struct vmt_tracer *tracer, struct vmt_task *task);

/* ---- birth.c ----------------------------------------------------------------------------- */

/* PTRACE_EVENT_FORK, VFORK or CLONE (@kind) of @parent. */
void vmt_birth_parent(struct vmt_tracer *tracer, struct vmt_task *parent, int kind);
/* The first stop of an expected child: tells of its space if it got one of its own. */
void vmt_birth_child(struct vmt_tracer *tracer, struct vmt_task *child);
/* An expected child died before it ever stopped. */
void vmt_birth_none(struct vmt_tracer *tracer, struct vmt_task *child);
/* Takes in newborns whose parent seems to have died before it could tell. */
void vmt_birth_orphans(struct vmt_tracer *tracer, uint64_t now_ns);

/* ---- event.c ----------------------------------------------------------------------------- */

/*
 * Starts task->call from an entry or seccomp stop. False if the call is none of ours; then
 * nothing was changed.
 */
bool vmt_event_enter(struct vmt_task *task, const struct __ptrace_syscall_info *info);
/* Fetches what the call's arguments point to, right before it runs. */
void vmt_event_fetch(struct vmt_tracer *tracer, struct vmt_task *task);
/* What is behind @fd of @task; .known is false if nobody could tell. */
void vmt_event_file(struct vmt_tracer *tracer, const struct vmt_task *task, int fd,
		    struct vmt_file_facts *ret_file);
/* Completes task->call from the exit stop. */
void vmt_event_leave(struct vmt_tracer *tracer, struct vmt_task *task,
		     const struct __ptrace_syscall_info *info);
/* False if the task has gone. */
bool vmt_syscall_info(pid_t tid, struct __ptrace_syscall_info *ret_info);

/* ---- description.c ----------------------------------------------------------------------- */

/* Fills in which description is behind @fd of @tid, whose other facts are in @facts. */
void vmt_description_find(struct vmt_descriptions *descriptions, pid_t tid, int fd,
			  struct vmt_file_facts *facts);
/* Notes, and tells, which space a userfaultfd serves, by the number of its description; 0: not known. */
void vmt_description_set_space(struct vmt_descriptions *descriptions, uint64_t number,
			       uint32_t space);
uint32_t vmt_description_space(const struct vmt_descriptions *descriptions, uint64_t number);

/* ---- mount.c ---- */

/* Fills in the facts of the mount @id, through which @path leads to a file of @tid. */
void vmt_mount_facts(struct vmt_mounts *mounts, pid_t tid, uint64_t id, const char *path,
		     struct vmt_file_facts *ret_facts);

/* ---- shm.c --------------------------------------------------------------------------- */

/* Will shmget(@args), if it succeeds, make a segment of huge pages? The flags are kept. */
bool vmt_shm_enter(struct vmt_task *task, const uint64_t *args);
/* Such a call has returned @id. */
void vmt_shm_made(struct vmt_tracer *tracer, const struct vmt_task *task, int id);
/* task->call is shmat: the segment, or why there is none. */
void vmt_shm_fetch(struct vmt_tracer *tracer, struct vmt_task *task);

/* ---- uffd.c ------------------------------------------------------------------------------ */

/* The task has made a userfaultfd. */
void vmt_uffd_made(struct vmt_tracer *tracer, struct vmt_task *task, int fd);
/* task->call is a request to the userfaultfd in its .file: sets the space that it is about. */
void vmt_uffd_aim(struct vmt_tracer *tracer, struct vmt_task *task);

/* ---- untraced.c -------------------------------------------------------------------------- */

/*
 * The task stands at the entry of clone or clone3, whose first argument is @argument: takes
 * CLONE_UNTRACED away. False if it was not set; then nothing was changed.
 */
bool vmt_untraced_enter(struct vmt_task *task, const struct vmt_arch *arch, uint64_t number,
			uint64_t argument);
/* Puts back what was taken away, if anything was. The task stands. */
void vmt_untraced_restore(struct vmt_task *task);
/*
 * The call of @parent, which stands at its event, has made @child, which has not run yet and perhaps
 * shares the memory.
 */
void vmt_untraced_inherit(struct vmt_task *child, struct vmt_task *parent, bool shared);

/* ---- pkru.c ------------------------------------------------------------------------------ */

/* False where the processor has no protection keys, the kernel does not use them, or @tid has gone. */
bool vmt_pkru_read(pid_t tid, uint32_t *ret_pkru);

/* ---- task-rights.c ----------------------------------------------------------------------- */

/* Any task may have other rights now. */
void vmt_task_rights_changed(struct vmt_tracer *tracer);
/* Fills in the rights of task->call, which is about to begin. */
void vmt_task_rights_fetch(struct vmt_tracer *tracer, struct vmt_task *task);
/* task->call is over: looks again where its result says that they may have changed. */
void vmt_task_rights_leave(struct vmt_tracer *tracer, struct vmt_task *task);

/* ---- rights.c ---------------------------------------------------------------------------- */

/* The task has executed a program: says so if that lost privileges because it is traced. */
void vmt_rights_exec(struct vmt_tracer *tracer, const struct vmt_task *task);
/* The task's ptrace call failed with EPERM: says so if that is because of us. */
void vmt_rights_ptrace(struct vmt_tracer *tracer, const struct vmt_task *task);

/* Does the call ask for SECCOMP_MODE_STRICT? */
bool vmt_rights_asks_strict(const struct vmt_arch *arch, uint64_t number, const uint64_t *args);
/* Does it ask for a filter with a descriptor through which another process answers? */
bool vmt_rights_asks_supervisor(const struct vmt_arch *arch, uint64_t number, const uint64_t *args);
/*
 * The task's call for a filter or for strict mode has returned, with errno @err or 0: says what that
 * means for the log, or for the program. With a supervisor the task stops at every call from then on.
 */
void vmt_rights_seccomp(struct vmt_tracer *tracer, struct vmt_task *task, int err);

/* ---- fault-queue.c ----------------------------------------------------------------------- */

/* Watches the page faults of @tid and of what it makes, if that was asked for. */
void vmt_faults_watch(struct vmt_tracer *tracer, pid_t tid);
/*
 * Queues what was recorded since the last time; to be called while tasks still have the spaces in
 * which they made the faults. @exec_pid: the process that stands at an exec event, 0 if none does.
 */
void vmt_faults_collect(struct vmt_tracer *tracer, pid_t exec_pid);
/* The same at a tick; many faults make an event by themselves. */
void vmt_faults_tick(struct vmt_tracer *tracer);

/* ---- forward.c --------------------------------------------------------------------------- */

/* Did another process send it? */
bool vmt_forward_is_sent(const siginfo_t *info);
/* A signal came to vmtrace; for handlers. */
void vmt_forward_note(const siginfo_t *info);
/* @task stands at the delivery of @info, which becomes what the sender sent if we passed it on. */
void vmt_forward_delivered(struct vmt_tracer *tracer, const struct vmt_task *task, siginfo_t *info);
/* Passes on or drops what has come, as far as is known what to do. */
void vmt_forward_look(struct vmt_tracer *tracer);
void vmt_forward_deinit(struct vmt_forward *forward);

/* ---- signals.c --------------------------------------------------------------------------- */

/* Takes vmtrace's signals over, after the fork of the first process @root, 0 if there is none. */
void vmt_signals_take(pid_t root);
void vmt_signals_restore(void);
/* The first process has been reaped: from now on an interrupt ends the trace. */
void vmt_signals_root_gone(void);
/* True once after one or more interrupts. */
bool vmt_signals_interrupted(void);
/* Makes vmt_signals_wait() return every 50 ms at the latest, from now on or no more. */
void vmt_signals_tick(bool on);
/* The same, for good, and every @us microseconds. */
void vmt_signals_tick_every(unsigned us);
/*
 * waitpid() for any task; fails with EINTR at a tick or an interrupt if no task has stopped. One that
 * will stop @soon is looked for some microseconds before vmtrace sleeps.
 */
pid_t vmt_signals_wait(bool soon, int *ret_status);
/* Sends the first process @info; whether the kernel took it so. */
bool vmt_signals_send(pid_t root, siginfo_t *info);
/* No signal waits to be passed on any more: the timer goes as it went before. */
void vmt_signals_settled(void);
/* Should vmtrace stop too when its first process was stopped by @signal? */
bool vmt_signals_mirror(pid_t root, int signal);

#endif
