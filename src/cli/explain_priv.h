/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of coffer explain share. */
#ifndef CF_CLI_EXPLAIN_PRIV_H
#define CF_CLI_EXPLAIN_PRIV_H

#include "base/file.h"
#include "cli/cli.h"
#include "explain/explain.h"

/* What is to be explained. */
struct explain_target {
	uint8_t digest[48];
	size_t len;
	bool from_report;
	uint64_t policy;    /* of the report */
	uint32_t signature; /* CPU signature of the report; 0: not told */
	/* What the inputs say of the policy, which no SNP digest holds. */
	bool has_believed_policy;
	uint64_t believed_policy;
};

/* Firmware files beside the one that was named, for wrong halves. */
#define EXPLAIN_MAX_IMAGES 4
struct explain_images {
	struct cf_explain_image image[EXPLAIN_MAX_IMAGES];
	size_t n;
	struct cf_mapping other;
	uint8_t *joined;
	char name[EXPLAIN_MAX_IMAGES][96];
};

/* A digest in hex or base64, or a file with a report; -1 to go on. */
int explain_read_target(const struct cli_args *args, const char *text,
	struct explain_target *t);
/* path is what the user believes in; bytes are borrowed. */
void explain_find_images(const char *path, const struct cf_mapping *bytes,
	struct explain_images *out);
void explain_images_finish(struct explain_images *m);

/* CLI_OK when something fits, else CLI_FAILED. */
int explain_print(const struct cli_args *args, const struct explain_target *t,
	struct cf_explain_result *r);

#endif
