/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confine the process once everything that the command line names is open.
 *
 * What is kept, and why:
 *  - reading, writing and waiting on descriptors that are open already: disks,
 *    consoles, the monitor's and the debugger's sockets;
 *  - memory, threads, futexes, signals, clocks and random numbers: what the
 *    engine and the allocator live on; code pages come from memfd_create;
 *  - answering on sockets that listen already (accept4);
 *  - terminal settings (ioctl TCGETS and TCSETS*), to restore them; with kvm,
 *    its ioctls;
 *  - with a network card: sockets of the internet families, for libslirp;
 *  - with a monitor: creating files to write, which memsave, pmemsave and migrate do
 *    for the operator who names them.
 * Everything else fails with EPERM: above all reading, renaming or removing
 * files, and new sockets without a network card.  Starting a program
 * or tracing another kills the process.
 */
#include "cli/run/run_priv.h"

#include "config.h"
#include "lazy/lazy.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

/* The leak checker of AddressSanitizer traces its own process. */
#if defined(__SANITIZE_ADDRESS__)
#define CONFINES 0
#elif defined(__has_feature)
#define CONFINES (HAVE_SECCOMP && !__has_feature(address_sanitizer))
#else
#define CONFINES HAVE_SECCOMP
#endif

#if CONFINES
#include <seccomp.h>

static const int plain[] = {
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(readv),
	SCMP_SYS(writev),
	SCMP_SYS(pread64),
	SCMP_SYS(pwrite64),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(fdatasync),
	SCMP_SYS(fsync),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fcntl),
	SCMP_SYS(ftruncate),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(eventfd2),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_ctl),
	/* sockets that are open */
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(shutdown),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	/* memory */
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(memfd_create),
	/* threads, signals, time */
	SCMP_SYS(futex),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(membarrier),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(tgkill),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static const int deadly[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(ptrace),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
};

static int allow_some_ioctls(scmp_filter_ctx f, bool kvm)
{
	static const unsigned long terminal[] = { TCGETS, TCSETS, TCSETSW,
		TCSETSF, TIOCGWINSZ, FIONREAD, FIONBIO };
	int bad = 0;

	if (kvm)
		return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 0);
	for (size_t i = 0; i < CF_ARRAY_LEN(terminal); i++)
		bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_EQ, terminal[i]));
	return bad;
}

/* Threads, not processes; glibc asks clone3 first, whose flags a filter
 * cannot see, and takes "no such call" for an answer. */
static int allow_threads(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
		       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD,
			       CLONE_THREAD)) |
		seccomp_rule_add(
			f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int allow_internet(scmp_filter_ctx f)
{
	static const int calls[] = { SCMP_SYS(connect), SCMP_SYS(bind),
		SCMP_SYS(listen) };
	int bad = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			  SCMP_A0(SCMP_CMP_EQ, AF_INET)) |
		seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			SCMP_A0(SCMP_CMP_EQ, AF_INET6));

	for (size_t i = 0; i < CF_ARRAY_LEN(calls); i++)
		bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	return bad;
}

enum coffer_status run_confine(const struct run *r, struct coffer_error *err)
{
	scmp_filter_ctx f;
	int bad = 0, loaded;

	/* Libraries cannot be opened afterwards. */
	if (cf_lazy_open_all)
		cf_lazy_open_all();
	f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!f)
		return cf_fail_nomem(err, "the system call filter");
	/* The monitor's thread runs already. */
	bad |= seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; i < CF_ARRAY_LEN(plain); i++)
		bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, plain[i], 0);
	for (size_t i = 0; i < CF_ARRAY_LEN(deadly); i++)
		bad |= seccomp_rule_add(f, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	bad |= allow_some_ioctls(f, r->config.kvm != NULL);
	bad |= allow_threads(f);
	if (r->config.nnics)
		bad |= allow_internet(f);
	if (r->opts.qmp)
		bad |= seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT,
				O_WRONLY | O_CREAT));
	loaded = bad ? -EINVAL : seccomp_load(f);
	seccomp_release(f);
	if (loaded)
		return cf_fail_errno(err, -loaded,
			"system call filter (-no-seccomp goes on without)");
	return COFFER_OK;
}

#else

enum coffer_status run_confine(const struct run *r, struct coffer_error *err)
{
	return COFFER_OK;
}

#endif
