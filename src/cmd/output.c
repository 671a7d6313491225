/* SPDX-License-Identifier: MIT */
/*
 * The stream that the log is written to (output.h).
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

int vmt_output_open(struct vmt_output *output, const char *path, void (*say)(const char *line),
		    struct vmt_error *error)
{
	int fd;

	*output = (struct vmt_output){ .path = path, .say = say };
	if (path)
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
	else
		fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return vmt_error_set(error, errno, "cannot write '%s': %s",
				     path ? path : "standard error", vmt_strerror(errno));
	output->file = fdopen(fd, "w");
	if (!output->file) {
		int err = errno;

		close(fd);
		return vmt_error_set(error, err, "cannot write '%s': %s", path, vmt_strerror(err));
	}
	setvbuf(output->file, NULL, _IOFBF, BUFFER_BYTES);
	output->flushed_ns = now_ns();
	return 0;
}

static void notice_failure(struct vmt_output *output, int err)
{
	struct vmt_error line;

	if (output->failed)
		return;
	output->failed = true;
	vmt_error_set(&line, err, "cannot write '%s': %s; the log ends here, the program runs on",
		      output->path ? output->path : "standard error", vmt_strerror(err));
	output->say(line.text);
}

void vmt_output_flush(struct vmt_output *output, bool force)
{
	uint64_t now;

	if (output->failed)
		return;
	if (output->path && !force) {
		now = now_ns();
		if (now - output->flushed_ns < FLUSH_EVERY_NS && !ferror(output->file))
			return;
		output->flushed_ns = now;
	}
	errno = EIO;
	if (fflush(output->file) != 0 || ferror(output->file))
		notice_failure(output, errno);
}

bool vmt_output_close(struct vmt_output *output)
{
	if (!output->file)
		return true;
	vmt_output_flush(output, true);
	errno = EIO;
	if (fclose(output->file) != 0)
		notice_failure(output, errno);
	output->file = NULL;
	return !output->failed;
}

bool vmt_output_terminal(const struct vmt_output *output, unsigned *ret_width)
{
	struct winsize size;
	int fd = fileno(output->file);

	if (!isatty(fd))
		return false;
	*ret_width = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
	return true;
}
