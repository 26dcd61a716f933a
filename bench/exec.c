/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a program and prints "first-ms wall-ms cpu-ms peak-KiB status": when its
 * first byte of output came (-1: none did), when it was gone, and the processor
 * time that it took.  A process inherits
 * the peak of who forked it, so the measuring process must be small: this one
 * is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

int main(int argc, char **argv)
{
	double begin = now_ms(), first = -1, wall;
	struct rusage usage;
	int status, out[2];
	char buf[4096];
	pid_t pid;

	if (argc < 2 || pipe(out))
		return 2;
	pid = vfork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(out[1], 1);
		dup2(null, 2);
		close(out[0]);
		close(out[1]);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	close(out[1]);
	while (pid > 0 && read(out[0], buf, sizeof(buf)) > 0)
		if (first < 0)
			first = now_ms() - begin;
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 1;
	wall = now_ms() - begin;
	printf("%.3f %.3f %.3f %ld %d\n", first, wall,
		ms_of(usage.ru_utime) + ms_of(usage.ru_stime), usage.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return 0;
}
