/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of remote disks.
 *
 * Sources: NBD URI specification; QEMU's documentation, "Disk Images", NBD
 * access.
 */
#include "machine/backend/nbd_priv.h"

#include "base/base.h"

#define OLD    "nbd:"
#define EXPORT ":exportname="

bool cf_nbd_is_name(const char *name)
{
	static const char *const schemes[] = { OLD, "nbds://", "nbd+unix://",
		"nbds+unix://", "nbd+vsock://", "nbds+vsock://" };

	for (size_t i = 0; i < CF_ARRAY_LEN(schemes); i++)
		if (strncmp(name, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* With everything escaped that means something in a URI. */
static void append_escaped(struct cf_buf *out, const char *s, size_t len)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~/";

	for (size_t i = 0; i < len; i++) {
		if (s[i] && strchr(plain, s[i]))
			cf_buf_u8(out, (uint8_t)s[i]);
		else
			cf_buf_printf(out, "%%%02X", (unsigned)(uint8_t)s[i]);
	}
}

/* HOST:PORT, where HOST may be an IPv6 address in brackets. */
static enum coffer_status append_host(struct cf_buf *out, const char *name,
	const char *s, size_t len, struct coffer_error *err)
{
	size_t host = len;
	uint64_t port;
	char text[6];

	while (host && s[host - 1] != ':')
		host--;
	if (host < 2 || len == host || len - host >= sizeof(text))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"%s: needs nbd:HOST:PORT or nbd:unix:PATH", name);
	memcpy(text, s + host, len - host);
	text[len - host] = '\0';
	if (!cf_parse_u64(text, 65535, &port) || !port)
		return cf_fail(err, COFFER_ERR_ARGUMENT, "%s: '%s' is no port",
			name, text);
	if (memchr(s, '/', host) || memchr(s, '@', host))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"%s: the host's name has a character that names do not "
			"have",
			name);
	cf_buf_append(out, s, host);
	cf_buf_append(out, text, strlen(text));
	return COFFER_OK;
}

enum coffer_status cf_nbd_uri(
	const char *name, struct cf_buf *out, struct coffer_error *err)
{
	const char *rest = name + strlen(OLD), *export;
	enum coffer_status s = COFFER_OK;
	size_t len;

	if (strncmp(name, OLD, strlen(OLD)) || strncmp(rest, "//", 2) == 0) {
		cf_buf_printf(out, "%s", name);
		return out->failed ? cf_fail_nomem(err, name) : COFFER_OK;
	}
	export = strstr(rest, EXPORT);
	len = export ? (size_t)(export - rest) : strlen(rest);
	export = export ? export + strlen(EXPORT) : "";
	if (strncmp(rest, "unix:", 5) == 0) {
		if (len == 5)
			return cf_fail(err, COFFER_ERR_ARGUMENT,
				"%s: names no socket", name);
		cf_buf_printf(out, "nbd+unix:///");
		append_escaped(out, export, strlen(export));
		cf_buf_printf(out, "?socket=");
		append_escaped(out, rest + 5, len - 5);
	} else {
		cf_buf_printf(out, "nbd://");
		s = append_host(out, name, rest, len, err);
		cf_buf_printf(out, "/");
		append_escaped(out, export, strlen(export));
	}
	if (s == COFFER_OK && !cf_buf_text(out))
		s = cf_fail_nomem(err, name);
	return s;
}
