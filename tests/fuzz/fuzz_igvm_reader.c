/* SPDX-License-Identifier: Apache-2.0 */
/* The reader under both sets of rules, and the views of what it accepts. */
#include "igvm_input.h"

#include "igvm/igvm_priv.h"
#include "igvmkit/igvmkit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Touches every byte that a header claims. */
static unsigned sum_data(const struct cf_igvm *f)
{
	struct cf_igvm_header h;
	unsigned sum = 0;

	for (unsigned s = 0; s < CF_IGVM_NSECTIONS; s++)
		for (size_t i = 0; i < cf_igvm_count(f, s); i++) {
			cf_igvm_get(f, s, i, &h);
			for (size_t k = 0; k < h.data_len; k++)
				sum += h.data[k];
		}
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *p = igvm_input(data, len);

	for (unsigned mode = 0; p && mode < 2; mode++) {
		struct cf_igvm *f = NULL;
		struct coffer_error err = { 0 };
		struct cf_buf text = { 0 };

		if (cf_igvm_parse_mode(
			    p, len, (enum cf_igvm_mode)mode, &f, &err)) {
			/* A refusal says why. */
			if (!err.msg[0])
				abort();
			continue;
		}
		sum_data(f);
		if (mode == CF_IGVM_BY_SPEC && cf_view_text(f, &text, &err))
			abort();
		cf_buf_finish(&text);
		cf_igvm_destroy(f);
	}
	free(p);
	return 0;
}
