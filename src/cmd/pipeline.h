/* SPDX-License-Identifier: MIT */
/*
 * pipeline: what session.c and checking.c share: the spaces that are alive, and the step that is
 * on its way to the renderer.
 */
#ifndef CMD_PIPELINE_H
#define CMD_PIPELINE_H

#include "objects.h"
#include "session.h"
#include "vmtrace/annotate.h"
#include "vmtrace/mm.h"

enum {
	TEXTS = 16
};

/* One address space that is alive: its model, the kernel's answers about it, and its counts. */
/* A descriptor of a userfaultfd that serves memory of a space. */
struct vmt_uffd_place {
	pid_t pid;
	int fd;
	uint64_t inode; /* each userfaultfd has its own */
};

/* The userfaultfds that serve memory of a space; see served.c. */
struct vmt_served {
	VMT_ARRAY(struct vmt_uffd_place) places; /* one for each, as far as they are seen */
	bool unseen; /* there may be another, whose descriptors nobody knows */
	unsigned wait; /* so many calls are let pass before smaps is asked about that one */
	unsigned passed;
};

struct session_space {
	struct vmt_space *model;
	struct vmt_story *story; /* what its memory is for */
	struct vmt_probe *probe; /* NULL: the kernel does not let us look */
	struct vmt_space_info info;
	struct vmt_loaded loaded; /* its ELF files */
	struct vmt_warner *warner;
	struct vmt_counts counts;
	/* Nothing of it can be read: no step is checked, and none has a reason, for there are no facts. */
	bool unseen;
	bool blind; /* something could not be read: what differs later may come from that */
	struct space_tables *tables; /* tables.c; NULL: the page tables are not watched */
	struct vmt_layout_info last_look; /* leaving.c: what was seen of the page tables */
	struct vmt_view_list last_list; /* and of which rows */
	enum vmt_table_reason
		last_reason; /* what comparing them came to; counted if it was the end */
	struct vmt_served served; /* served.c: by which userfaultfds */
	pid_t pid; /* a task of the space that can be asked about */
	/* The last caller; it is nearly always the same one. */
	const char *caller; /* name of the VMA; NULL: none yet */
	struct vmt_actor actor;
	/* The last stack, and the frame that it is for; the same ones come again and again. */
	const struct vmt_frame *stack; /* NULL: none yet */
	const struct vmt_frame *stack_caller;
	struct vmt_actor stack_actor;
};

struct session {
	const struct vmt_session_options *options;
	struct vmt_tracer *tracer;
	struct vmt_objects *objects;
	struct vmt_warnings *warnings;
	unsigned warned; /* a bit for each enum vmt_warning_id that was said */
	struct vmt_names *names;
	struct vmt_symbolizer *symbolizer; /* NULL: no stacks */
	VMT_ARRAY(struct session_space *) spaces;
	struct session_space *current; /* whose steps are being made */
	const struct vmt_event *event; /* that they come from */
	struct vmt_step step;
	struct vmt_layout rows; /* the kernel's answer, kept for its memory */
	struct vmt_str text;
	const char *texts[TEXTS]; /* last ones of many steps; NULL: free slot */
	size_t next_text;
	struct vmt_settings settings;
	bool rings_tried; /* settings.features.ring_not_copied was found out */
	const struct vmt_geometry *geometry; /* of the kernel's page tables */
	struct vmt_counts counts;
	/* What the last space that ended would have handed down, for the execve that ended it. */
	uint32_t left_space;
	struct vmt_heritage left;
	uint64_t faults; /* page faults seen */
	uint32_t space_count;
};

/* Gives a finished step its words, counts it, and hands it on. @data is the session. */
void vmt_session_publish(void *data, struct vmt_step *step);

#endif
