/* SPDX-License-Identifier: Apache-2.0 */
/* The SEV commands: state, measurement, secret and attestation. */
#include "monitor/monitor_priv.h"

#include "base/base.h"

#include <string.h>

static const char *const state_names[] = {
	[CF_SEV_UNINIT] = "uninit",
	[CF_SEV_LAUNCH_UPDATE] = "launch-update",
	[CF_SEV_LAUNCH_SECRET] = "launch-secret",
	[CF_SEV_RUNNING] = "running",
	[CF_SEV_SEND_UPDATE] = "send-update",
	[CF_SEV_RECEIVE_UPDATE] = "receive-update",
};

const char *qmp_sev_state_name(enum cf_sev_state s)
{
	return state_names[s];
}

static void get_info(
	const struct cf_monitor *mon, struct cf_monitor_sev_info *info)
{
	*info = (struct cf_monitor_sev_info) { 0 };
	if (mon->vm->sev_info)
		mon->vm->sev_info(mon->vm->opaque, info);
}

struct json_object *qmp_query_sev(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct json_object *o = json_object_new_object();
	struct cf_monitor_sev_info info;

	get_info(mon, &info);
	qmp_add_bool(o, "enabled", info.enabled);
	qmp_add_int(o, "api-major", info.api_major);
	qmp_add_int(o, "api-minor", info.api_minor);
	qmp_add_int(o, "build-id", info.build_id);
	qmp_add_str(o, "state", qmp_sev_state_name(info.state));
	qmp_add_str(o, "sev-type", info.snp ? "sev-snp" : "sev");
	if (info.snp) {
		qmp_add_int(o, "snp-policy", info.policy);
	} else {
		qmp_add_int(o, "policy", info.policy);
		qmp_add_int(o, "handle", info.handle);
	}
	return o;
}

/* Add base64 text of bytes; false: no memory. */
static bool add_base64(
	struct json_object *o, const char *key, const void *p, size_t n)
{
	struct cf_buf text = { 0 };
	const char *s;

	cf_base64(&text, p, n);
	s = cf_buf_text(&text);
	if (s)
		qmp_add_str(o, key, s);
	cf_buf_finish(&text);
	return s != NULL;
}

static struct json_object *data_object(
	const void *p, size_t n, struct qmp_error *e)
{
	struct json_object *o = json_object_new_object();

	if (add_base64(o, "data", p, n))
		return o;
	json_object_put(o);
	return qmp_fail(e, "Out of memory");
}

struct json_object *qmp_query_sev_capabilities(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct cf_monitor_sev_capabilities caps = { 0 };
	struct coffer_error err;
	struct json_object *o;

	if (!mon->vm->sev_capabilities)
		return qmp_fail(e, "SEV is not available");
	if (mon->vm->sev_capabilities(mon->vm->opaque, &caps, &err))
		return qmp_fail_with(e, &err);
	o = json_object_new_object();
	if (!add_base64(o, "pdh", caps.pdh, caps.pdh_len) ||
		!add_base64(o, "cert-chain", caps.cert_chain,
			caps.cert_chain_len) ||
		!add_base64(o, "cpu0-id", caps.cpu0_id, caps.cpu0_id_len)) {
		json_object_put(o);
		return qmp_fail(e, "Out of memory");
	}
	qmp_add_int(o, "cbitpos", caps.cbitpos);
	qmp_add_int(o, "reduced-phys-bits", caps.reduced_phys_bits);
	return o;
}

struct json_object *qmp_query_sev_launch_measure(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct cf_monitor_sev_info info;
	struct coffer_error err;
	uint8_t blob[48];

	get_info(mon, &info);
	if (!info.enabled || info.snp || info.state < CF_SEV_LAUNCH_SECRET ||
		!mon->vm->sev_launch_measure)
		return qmp_fail(e, "SEV launch measurement is not available");
	if (mon->vm->sev_launch_measure(mon->vm->opaque, blob, &err))
		return qmp_fail_with(e, &err);
	return data_object(blob, sizeof(blob), e);
}

/* Bytes of a base64 argument; false with *e set. */
static bool decode_arg(struct json_object *args, const char *key,
	struct cf_buf *out, struct qmp_error *e)
{
	const char *text = qmp_arg_str(args, key);

	if (cf_unbase64(out, text, strlen(text)) && out->len)
		return true;
	qmp_fail(e, "SEV: Failed to decode '%s': not base64 text", key);
	return false;
}

static struct json_object *inject(struct cf_monitor *mon,
	struct json_object *args, const struct cf_buf *header,
	const struct cf_buf *secret, struct qmp_error *e)
{
	struct coffer_error err;
	uint64_t gpa = 0;
	int64_t value;
	bool has_gpa = qmp_arg_int(args, "gpa", &value);

	if (has_gpa)
		gpa = (uint64_t)value;
	if (mon->vm->sev_inject_secret(mon->vm->opaque, header->data,
		    header->len, secret->data, secret->len,
		    has_gpa ? &gpa : NULL, &err))
		return qmp_fail_with(e, &err);
	return json_object_new_object();
}

struct json_object *qmp_sev_inject_launch_secret(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	struct cf_buf header = { 0 }, secret = { 0 };
	struct cf_monitor_sev_info info;
	struct json_object *done = NULL;

	get_info(mon, &info);
	if (!info.enabled || !mon->vm->sev_inject_secret)
		return qmp_fail(e, "SEV not enabled for guest");
	if (info.snp || info.state != CF_SEV_LAUNCH_SECRET)
		return qmp_fail(e, "SEV: Not in correct state. (LSECRET) %x",
			info.state);
	if (decode_arg(args, "packet-header", &header, e) &&
		decode_arg(args, "secret", &secret, e))
		done = inject(mon, args, &header, &secret, e);
	if (secret.data)
		cf_wipe(secret.data, secret.len);
	cf_buf_finish(&header);
	cf_buf_finish(&secret);
	return done;
}

struct json_object *qmp_query_sev_attestation_report(
	struct cf_monitor *mon, struct json_object *args, struct qmp_error *e)
{
	const char *text = qmp_arg_str(args, "mnonce");
	struct cf_monitor_sev_info info;
	struct cf_buf nonce = { 0 };
	struct coffer_error err;
	uint8_t report[4096];
	size_t len = sizeof(report), nonce_len;
	bool decoded;

	get_info(mon, &info);
	if (!info.enabled || !mon->vm->sev_attestation)
		return qmp_fail(e, "SEV is not enabled");
	decoded = cf_unbase64(&nonce, text, strlen(text));
	nonce_len = nonce.len;
	if (!decoded || nonce_len != 16) {
		cf_buf_finish(&nonce);
		if (!decoded)
			return qmp_fail(
				e, "SEV: failed to decode mnonce input");
		return qmp_fail(
			e, "SEV: mnonce must be 16 bytes (got %zu)", nonce_len);
	}
	err.status = mon->vm->sev_attestation(
		mon->vm->opaque, nonce.data, report, &len, &err);
	cf_buf_finish(&nonce);
	if (err.status)
		return qmp_fail_with(e, &err);
	return data_object(report, len, e);
}
