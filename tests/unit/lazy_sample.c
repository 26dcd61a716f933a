/* SPDX-License-Identifier: Apache-2.0 */
/* A library for test_lazy, and with SAMPLE_MISSING one that is not there. */
#include "lazy_sample.h"

#include <stdarg.h>

#ifndef SAMPLE_MISSING

struct sample_big sample_many(int a, long b, char c, short d, unsigned e,
	long long f, int on_stack, double g, float h, double i, double j,
	double k, double l, double m, double n, double also_on_stack)
{
	return (struct sample_big) {
		.integers = a + b + c + d + e + f + on_stack,
		.reals = g + h + i + j + k + l + m + n + also_on_stack,
		.last = { on_stack, d, a },
	};
}

double sample_sum(int n, ...)
{
	double sum = 0;
	va_list args;

	va_start(args, n);
	for (int i = 0; i < n; i++)
		sum += i % 2 ? va_arg(args, double) : va_arg(args, int);
	va_end(args);
	return sum;
}

int sample_calls(void)
{
	static int calls;

	return ++calls;
}

#else

int sample_missing(void)
{
	return 1;
}

#endif
