/* SPDX-License-Identifier: Apache-2.0 */
/* splitmix64: a case must depend on its seed alone, on every machine. */
#include "difftest.h"

uint64_t random_next(struct random *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t random_below(struct random *r, uint64_t n)
{
	return random_next(r) % n;
}
