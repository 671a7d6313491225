/* SPDX-License-Identifier: MIT */
/*
 * The stream that the log is written to (output.h).
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
	FLUSH_EVERY_NS = 200000000,
	BUFFER_BYTES = 65536
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* All of @bytes, or the errno of the failure is kept: stdio would lose it. */
static ssize_t write_all(void *cookie, const char *bytes, size_t length)
{
	struct vmt_output *output = cookie;
	size_t done = 0;

	while (done < length) {
		ssize_t written = write(output->fd, bytes + done, length - done);

		if (written >= 0) {
			done += (size_t)written;
		} else if (errno == EAGAIN) {
			/* The target may have made the terminal that we share non-blocking. */
			struct pollfd ready = { .fd = output->fd, .events = POLLOUT };

			poll(&ready, 1, -1);
		} else if (errno != EINTR) {
			if (!output->error)
				output->error = errno;
			return 0;
		}
	}
	return (ssize_t)length;
}

static int close_fd(void *cookie)
{
	struct vmt_output *output = cookie;

	if (close(output->fd) == 0)
		return 0;
	if (!output->error)
		output->error = errno;
	return -1;
}

/* Makes a stream of output->fd. */
static int open_stream(struct vmt_output *output, struct vmt_error *error)
{
	const cookie_io_functions_t functions = { .write = write_all, .close = close_fd };

	if (output->fd < 0)
		return vmt_error_set(error, errno, "cannot write '%s': %s", output->name,
				     vmt_strerror(errno));
	output->file = fopencookie(output, "w", functions);
	if (!output->file)
		vmt_die_oom();
	setvbuf(output->file, NULL, _IOFBF, BUFFER_BYTES);
	output->flushed_ns = now_ns();
	return 0;
}

int vmt_output_open(struct vmt_output *output, const char *path, void (*say)(const char *line),
		    struct vmt_error *error)
{
	*output = (struct vmt_output){
		.path = path,
		.name = path ? path : "standard error",
		.loss = "; the log ends here, the program runs on",
		.say = say,
	};
	if (path)
		output->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	else
		output->fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	return open_stream(output, error);
}

int vmt_output_open_stdout(struct vmt_output *output, void (*say)(const char *line),
			   struct vmt_error *error)
{
	*output = (struct vmt_output){ .name = "standard output", .loss = "", .say = say };
	output->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return open_stream(output, error);
}

static void notice_failure(struct vmt_output *output)
{
	struct vmt_error line;

	if (output->failed)
		return;
	output->failed = true;
	vmt_error_set(&line, output->error, "cannot write '%s': %s%s", output->name,
		      vmt_strerror(output->error), output->loss);
	output->say(line.text);
}

void vmt_output_flush(struct vmt_output *output, bool force)
{
	if (output->failed)
		return;
	if (output->path && !force && !output->error) {
		uint64_t now = now_ns();

		if (now - output->flushed_ns < FLUSH_EVERY_NS)
			return;
		output->flushed_ns = now;
	}
	if (!output->error)
		fflush(output->file);
	if (output->error)
		notice_failure(output);
}

bool vmt_output_close(struct vmt_output *output)
{
	if (!output->file)
		return true;
	vmt_output_flush(output, true);
	fclose(output->file);
	output->file = NULL;
	if (output->error)
		notice_failure(output);
	return !output->failed;
}

void vmt_held_open(struct vmt_held *held)
{
	*held = (struct vmt_held){ 0 };
	held->file = open_memstream(&held->text, &held->length);
	if (!held->file)
		vmt_die_oom();
}

void vmt_held_close(struct vmt_held *held, FILE *file, bool whole)
{
	/* It is memory that it is written to. */
	if (fclose(held->file) != 0)
		vmt_die_oom();
	if (whole)
		fwrite(held->text, 1, held->length, file);
	free(held->text);
}

bool vmt_output_terminal(const struct vmt_output *output, unsigned *ret_width)
{
	struct winsize size;

	if (!isatty(output->fd))
		return false;
	*ret_width = ioctl(output->fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
	return true;
}
