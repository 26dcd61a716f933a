/* SPDX-License-Identifier: Apache-2.0 */
/* Stubs of libraries: the first call in, by every kind of argument. */
#include "test.h"

#include "lazy/lazy.h"
#include "lazy_sample.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIBRARY "liblazy_sample.so"

static bool is_open(void)
{
	void *l = dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD);

	if (l)
		dlclose(l);
	return l;
}

/* Each case in a process of its own, so that its call is the first. */
static void in_child(void (*body)(void), int want)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), want);
}

#define EXPECT(condition)                          \
	do {                                       \
		if (!(condition))                  \
			_exit(__LINE__ % 100 + 1); \
	} while (0)

static void call_many(void)
{
	for (int round = 0; round < 2; round++) {
		struct sample_big b = sample_many(1, 20, 3, 400, 5000, 60000,
			700000, .5, .25, 1, 2, 3, 4, 5, 6, 7);

		EXPECT(b.integers == 765424);
		EXPECT(b.reals == 28.75);
		EXPECT(b.last[0] == 700000 && b.last[1] == 400 &&
			b.last[2] == 1);
	}
	EXPECT(is_open());
}

static void call_variadic(void)
{
	EXPECT(sample_sum(12, 1, .5, 2, .25, 3, .125, 4, 1., 5, 1., 6, 1.) ==
		24.875);
	EXPECT(sample_sum(0) == 0);
}

static void *count(void *opaque)
{
	return (void *)(intptr_t)sample_calls();
}

/* Several first calls at once. */
static void call_from_threads(void)
{
	pthread_t thread[8];

	for (size_t i = 0; i < CF_ARRAY_LEN(thread); i++)
		EXPECT(!pthread_create(&thread[i], NULL, count, NULL));
	for (size_t i = 0; i < CF_ARRAY_LEN(thread); i++)
		EXPECT(!pthread_join(thread[i], NULL));
	EXPECT(sample_calls() == 9);
}

static void call_missing(void)
{
	close(STDERR_FILENO);
	sample_missing();
}

static void open_all(void)
{
	close(STDERR_FILENO);
	cf_lazy_open_all(); /* one of the two is not there */
}

static void test_lazy_passes_all_arguments(void **state)
{
	assert_false(is_open());
	in_child(call_many, 0);
	in_child(call_variadic, 0);
	in_child(call_from_threads, 0);
	assert_false(is_open());
}

/* As the dynamic linker would. */
static void test_lazy_ends_the_program_without_the_library(void **state)
{
	in_child(call_missing, 127);
	in_child(open_all, 127);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lazy_passes_all_arguments),
		cmocka_unit_test(
			test_lazy_ends_the_program_without_the_library),
	};

	return cmocka_run_group_tests_name("lazy", tests, NULL, NULL);
}
