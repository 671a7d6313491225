/* SPDX-License-Identifier: MIT */
/*
 * A userfaultfd ends without a mapping call, with its last descriptor (userfaultfd_release() of
 * fs/userfaultfd.c, 6.18), and then the memory that it served is ordinary again: smaps shows it. But smaps
 * is slow, so a descriptor of each userfaultfd is kept in sight, in whichever process it is:
 *
 *	the descriptor is still there	nothing has ended
 *	it is gone			another process of the trace may have one: that is kept in sight now
 *	nobody has one			smaps is asked
 *
 * Where smaps says that it goes on, somebody has it who is not traced, or it is on its way through a
 * socket; the child of a fork can be served by one that its parent has yet to receive. Then smaps is asked
 * again after more and more calls.
 */
#include "served.h"

#include "checking.h"

enum {
	WAIT_MAX = 64 /* calls */
};

void vmt_served_deinit(struct vmt_served *served)
{
	vmt_array_deinit(&served->places);
}

void vmt_served_note(struct session_space *space, const struct vmt_event *event)
{
	struct vmt_uffd_place place = {
		.pid = event->pid,
		.fd = (int)event->args[0],
		.inode = event->file.inode,
	};

	if (event->call != VMT_CALL_IOCTL || event->failed || !event->file.known)
		return;
	for (size_t i = 0; i < space->served.places.count; i++) {
		if (space->served.places.data[i].inode == place.inode) {
			space->served.places.data[i] = place;
			return;
		}
	}
	vmt_array_push(&space->served.places, place);
}

/* Another descriptor of the userfaultfd, in any process of the trace. */
static bool find_again(const struct session *session, struct vmt_uffd_place *place)
{
	for (size_t i = 0; i < session->spaces.count; i++) {
		pid_t pid = session->spaces.data[i]->info.pid;
		int fd = vmt_proc_find_uffd(pid, place->inode);

		if (fd < 0)
			continue;
		place->pid = pid;
		place->fd = fd;
		return true;
	}
	return false;
}

/* Forgets the userfaultfds of which no descriptor is to be found; whether there were any. */
static bool lose_places(const struct session *session, struct vmt_served *served)
{
	size_t kept = 0;
	bool lost;

	for (size_t i = 0; i < served->places.count; i++) {
		struct vmt_uffd_place place = served->places.data[i];

		if (vmt_proc_is_uffd(place.pid, place.fd, place.inode) ||
		    find_again(session, &place))
			served->places.data[kept++] = place;
	}
	lost = kept < served->places.count;
	served->places.count = kept;
	return lost;
}

/* Takes the flags of smaps; whether a userfaultfd has ended, which was told. */
static bool ask_smaps(struct session *session, struct session_space *space)
{
	struct vmt_image image = { 0 };
	bool ended = false;

	if (vmt_check_read_whole(session, space->pid, &image.layout) == 0) {
		vmt_proc_vm_flags(space->pid, session->names, &image);
		ended = image.vm_flags.count == image.layout.count &&
			vmt_space_release_uffd(space->model, &image.layout, image.vm_flags.data,
					       &session->step);
	}
	vmt_image_deinit(&image);
	if (!ended)
		return false;
	vmt_check_step(session, space);
	vmt_step_end(space->model, &session->step);
	vmt_session_publish(session, &session->step);
	return true;
}

void vmt_served_look(struct session *session, struct session_space *space)
{
	struct vmt_served *served = &space->served;
	bool lost;

	if (session->options->check == VMT_CHECK_OFF || !vmt_space_has_uffd(space->model))
		return;
	lost = lose_places(session, served);
	if (!lost && served->places.count && !served->unseen)
		return;
	if (!lost && served->passed < served->wait) {
		served->passed++;
		return;
	}
	served->passed = 0;
	if (ask_smaps(session, space)) {
		served->wait = 0;
		served->unseen = false;
	} else {
		served->wait = vmt_min_u64(2 * served->wait + 1, WAIT_MAX);
		served->unseen = true;
	}
}
