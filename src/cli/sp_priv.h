/* SPDX-License-Identifier: Apache-2.0 */
/* The files of `coffer sp`: sp.c (actions), sp_certs.c (certificates as
 * files), sp_firmware.c (firmware images, the VLEK), sp_kds.c (the key server
 * on loopback). */
#ifndef CF_CLI_SP_PRIV_H
#define CF_CLI_SP_PRIV_H

#include "cli/cli.h"

#include "base/base.h"
#include "cli/progress.h"
#include "sp/soft/soft.h"
#include "sp/soft/state_dir.h"

/* A platform that is powered on and initialised, with a little memory. */
struct sp_session {
	struct cf_sp_state *state; /* NULL with a seed and no directory */
	struct cf_memory *mem;
	struct cf_sp_soft *sp;
	struct cli_progress progress; /* of making keys */
};

int sp_certs(const struct cli_args *args, struct sp_session *s);
int sp_kds(const struct cli_args *args, struct sp_session *s);
int sp_status(const struct cli_args *args, struct sp_session *s);
int sp_firmware(const struct cli_args *args, struct sp_session *s);
int sp_update(const struct cli_args *args, struct sp_session *s);
int sp_vlek(const struct cli_args *args, struct sp_session *s);
/* SNP_VLEK_LOAD of a file. */
enum coffer_status sp_load_vlek(struct sp_session *s, const char *path,
	struct coffer_error *err) CF_MUST_CHECK;
/* A command's status as an error, with what can be done. */
enum coffer_status sp_fw_status(struct coffer_error *err, const char *command,
	uint32_t fw) CF_MUST_CHECK;
/* Serve the key server's paths on a loopback address until killed. */
enum coffer_status sp_kds_listen(
	struct sp_session *s, uint16_t port, struct coffer_error *err);
/* The body of a path below the host name, without the leading slash;
 * COFFER_ERR_ARGUMENT: there is no such resource. */
enum coffer_status sp_kds_get(struct sp_session *s, const char *path,
	struct cf_buf *out, bool *pem, struct coffer_error *err);

/* DER of one certificate, or PEM text of several. */
enum coffer_status sp_pem(struct cf_sp_soft *sp, const enum cf_sp_cert *which,
	size_t n, struct cf_buf *out, struct coffer_error *err);

#endif
