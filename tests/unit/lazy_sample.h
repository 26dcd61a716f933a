/* SPDX-License-Identifier: Apache-2.0 */
/* What test_lazy calls in libraries that are opened at the first call. */
#ifndef LAZY_SAMPLE_H
#define LAZY_SAMPLE_H

struct sample_big {
	long integers;
	double reals;
	int last[3];
};

/* More arguments of each kind than there are registers, and a result in
 * memory. */
struct sample_big sample_many(int a, long b, char c, short d, unsigned e,
	long long f, int on_stack, double g, float h, double i, double j,
	double k, double l, double m, double n, double also_on_stack);
/* Integers and doubles in turn. */
double sample_sum(int n, ...);
int sample_calls(void);
int sample_missing(void);

#endif
