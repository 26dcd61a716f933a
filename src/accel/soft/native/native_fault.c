/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults of the host processor inside stubs.  A signal whose instruction
 * pointer is a known fault site continues at that stub's exit, with the
 * vector as the stub's result; any other goes to the handler that was there
 * before.  Signal handlers are a property of the process, so the list of
 * watched code is too; this is the one place that needs such a thing.
 */
#include "accel/soft/native/native_code_priv.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

static const int signals[] = { SIGFPE, SIGILL, SIGSEGV };

/* lock guards writers; the handler follows `ranges` with atomic loads. */
static struct {
	pthread_mutex_t lock;
	struct cf_native_range *ranges;
	struct sigaction before[CF_ARRAY_LEN(signals)];
} watch = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct cf_native_site *find_site(
	const struct cf_native_range *r, size_t offset)
{
	size_t lo = 0;
	size_t hi = __atomic_load_n(&r->nsites, __ATOMIC_ACQUIRE);

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->sites[mid].insn == offset)
			return &r->sites[mid];
		if (r->sites[mid].insn < offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* #DE, #UD, #GP, #MF and #XM belong to the guest. */
static bool guest_vector(greg_t trap)
{
	return trap == 0 || trap == 6 || trap == 13 || trap == 16 || trap == 19;
}

static bool redirect(ucontext_t *uc)
{
	greg_t *g = uc->uc_mcontext.gregs;
	const uint8_t *at = (const uint8_t *)(uintptr_t)g[REG_RIP];
	const struct cf_native_range *r =
		__atomic_load_n(&watch.ranges, __ATOMIC_ACQUIRE);

	if (!guest_vector(g[REG_TRAPNO]))
		return false;
	for (; r; r = __atomic_load_n(&r->next, __ATOMIC_ACQUIRE)) {
		if (at < r->code || (size_t)(at - r->code) >= r->code_len)
			continue;
		const struct cf_native_site *site =
			find_site(r, (size_t)(at - r->code));

		if (!site)
			return false;
		g[REG_RIP] = (greg_t)(uintptr_t)(r->code + site->exit);
		g[REG_RAX] =
			(greg_t)(CF_NATIVE_FAULT | (uint32_t)g[REG_TRAPNO]);
		return true;
	}
	return false;
}

static void pass_on(
	int sig, const struct sigaction *before, siginfo_t *si, void *uc)
{
	if (before->sa_flags & SA_SIGINFO) {
		before->sa_sigaction(sig, si, uc);
	} else if (before->sa_handler == SIG_DFL ||
		before->sa_handler == SIG_IGN) {
		/* The instruction runs again and the process ends as if
		 * there were no handler. */
		sigaction(sig, before, NULL);
	} else {
		before->sa_handler(sig);
	}
}

static void on_signal(int sig, siginfo_t *si, void *context)
{
	int saved = errno;

	if (redirect(context)) {
		errno = saved;
		return;
	}
	for (size_t i = 0; i < CF_ARRAY_LEN(signals); i++)
		if (signals[i] == sig)
			pass_on(sig, &watch.before[i], si, context);
	errno = saved;
}

static void uninstall(void)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(signals); i++)
		sigaction(signals[i], &watch.before[i], NULL);
}

static bool install(void)
{
	struct sigaction sa = { .sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < CF_ARRAY_LEN(signals); i++)
		if (sigaction(signals[i], &sa, &watch.before[i]))
			return false;
	return true;
}

enum coffer_status cf_native_watch(
	struct cf_native_range *r, struct coffer_error *err)
{
	enum coffer_status status = COFFER_OK;

	pthread_mutex_lock(&watch.lock);
	if (!watch.ranges && !install())
		status = cf_fail_errno(err, errno,
			"soft: cannot install the handlers for CPU faults");
	if (!status) {
		r->next = watch.ranges;
		__atomic_store_n(&watch.ranges, r, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&watch.lock);
	return status;
}

void cf_native_unwatch(struct cf_native_range *r)
{
	struct cf_native_range **at = &watch.ranges;

	pthread_mutex_lock(&watch.lock);
	while (*at && *at != r)
		at = &(*at)->next;
	if (*at)
		__atomic_store_n(at, r->next, __ATOMIC_RELEASE);
	if (!watch.ranges)
		uninstall();
	pthread_mutex_unlock(&watch.lock);
}
