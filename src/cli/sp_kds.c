/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key server: what a path of AMD's KDS gives for this platform, and an
 * HTTP server for it that listens on loopback only and answers GET, one
 * connection at a time.  Source: VCEK certificate and KDS interface
 * specification (AMD 57230).
 */
#include "cli/sp_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_REQUEST 4096
#define TIMEOUT_S   5

/* "blSPL=4&teeSPL=0&...": a level that is not named is 0, as there. */
static bool parse_query(
	const char *query, enum cf_sp_product product, uint64_t *tcb)
{
	*tcb = 0;
	while (*query) {
		size_t n = strcspn(query, "&");
		char item[32], *equals;
		uint64_t value;

		if (n >= sizeof(item))
			return false;
		memcpy(item, query, n);
		item[n] = '\0';
		equals = strchr(item, '=');
		if (!equals)
			return false;
		*equals = '\0';
		if (!cf_parse_u64(equals + 1, 255, &value) ||
			!cf_sp_tcb_set(product, item, (uint8_t)value, tcb))
			return false;
		query += n;
		query += *query == '&';
	}
	return true;
}

static enum coffer_status get_vcek(struct sp_session *s,
	const struct cf_sp_soft_facts *f, const char *query, struct cf_buf *out,
	struct coffer_error *err)
{
	uint64_t tcb = f->reported_tcb;

	if (query && !parse_query(query, f->product, &tcb))
		return cf_fail(err, COFFER_ERR_ARGUMENT,
			"patch levels that a %s does not have",
			cf_sp_product_name(f->product));
	return cf_sp_soft_vcek_at(s->sp, tcb, out, err);
}

static enum coffer_status get_line(struct sp_session *s, bool vlek,
	const char *what, struct cf_buf *out, bool *pem,
	struct coffer_error *err)
{
	const enum cf_sp_cert chain[2] = {
		vlek ? CF_SP_CERT_ASVK : CF_SP_CERT_ASK, CF_SP_CERT_ARK
	};

	if (strcmp(what, "crl") == 0)
		return cf_sp_soft_cert(s->sp, CF_SP_CERT_CRL, out, err);
	if (strcmp(what, "cert_chain") == 0) {
		*pem = true;
		return sp_pem(s->sp, chain, 2, out, err);
	}
	/* The patch levels in the query are the reported ones here. */
	if (vlek && strcmp(what, "cert") == 0)
		return cf_sp_soft_cert(s->sp, CF_SP_CERT_VLEK, out, err);
	return cf_fail(err, COFFER_ERR_ARGUMENT, "no such resource");
}

enum coffer_status sp_kds_get(struct sp_session *s, const char *path,
	struct cf_buf *out, bool *pem, struct coffer_error *err)
{
	struct cf_sp_soft_facts f;
	char hwid[129], prefix[64], name[160];
	const char *query = strchr(path, '?');
	size_t n = query ? (size_t)(query - path) : strlen(path);
	size_t prefix_len;

	*pem = false;
	cf_sp_soft_facts(s->sp, &f);
	cf_hex(hwid, f.chip_id, f.chip_id_len);
	for (unsigned vlek = 0; vlek < 2; vlek++) {
		prefix_len = (size_t)snprintf(prefix, sizeof(prefix),
			"%s/v1/%s/", vlek ? "vlek" : "vcek",
			cf_sp_product_name(f.product));
		if (n <= prefix_len || n - prefix_len >= sizeof(name) ||
			strncmp(path, prefix, prefix_len) != 0)
			continue;
		memcpy(name, path + prefix_len, n - prefix_len);
		name[n - prefix_len] = '\0';
		if (!vlek && strcmp(name, hwid) == 0)
			return get_vcek(
				s, &f, query ? query + 1 : NULL, out, err);
		return get_line(s, vlek, name, out, pem, err);
	}
	if (n == strlen("cek/id/") + strlen(hwid) &&
		strncmp(path, "cek/id/", 7) == 0 &&
		strncmp(path + 7, hwid, strlen(hwid)) == 0)
		return cf_sp_soft_cek(s->sp, out, err);
	return cf_fail(err, COFFER_ERR_ARGUMENT, "no such resource");
}

/* The request line of what the client sent: the path in place, or NULL. */
static char *read_path(int fd, char request[MAX_REQUEST])
{
	size_t have = 0;
	char *end, *path;

	do {
		ssize_t n = recv(fd, request + have, MAX_REQUEST - 1 - have, 0);

		if (n <= 0)
			return NULL;
		have += (size_t)n;
		request[have] = '\0';
	} while (!strstr(request, "\r\n\r\n") && have < MAX_REQUEST - 1);
	if (strncmp(request, "GET /", 5) != 0)
		return NULL;
	path = request + 5;
	end = strpbrk(path, " \r\n");
	if (!end || *end != ' ')
		return NULL;
	*end = '\0';
	return path;
}

static void send_all(int fd, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done <= 0)
			return;
		p += done;
		n -= (size_t)done;
	}
}

static void respond(int fd, const char *status, const char *type,
	const void *body, size_t n)
{
	struct cf_buf head = { 0 };

	cf_buf_printf(&head,
		"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
		"Connection: close\r\n\r\n",
		status, type, n);
	send_all(fd, head.data, head.len);
	send_all(fd, body, n);
	cf_buf_finish(&head);
}

static void serve(struct sp_session *s, int fd)
{
	const struct timeval timeout = { .tv_sec = TIMEOUT_S };
	struct coffer_error err = { .msg = "" };
	char request[MAX_REQUEST], *path;
	struct cf_buf body = { 0 };
	bool pem = false;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	path = read_path(fd, request);
	if (!path)
		respond(fd, "400 Bad Request", "text/plain", "", 0);
	else if (sp_kds_get(s, path, &body, &pem, &err))
		respond(fd, "404 Not Found", "text/plain", err.msg,
			strlen(err.msg));
	else
		respond(fd, "200 OK",
			pem ? "application/x-pem-file"
			    : "application/pkix-cert",
			body.data, body.len);
	cf_buf_finish(&body);
}

enum coffer_status sp_kds_listen(
	struct sp_session *s, uint16_t port, struct coffer_error *err)
{
	CF_CLEANUP(cf_close_fd) int fd = -1;
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int on = 1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cf_fail_errno(err, errno, "kds: no socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
		listen(fd, 16) < 0 ||
		getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return cf_fail_errno(
			err, errno, "kds: cannot listen on port %u", port);
	cli_progress_end(&s->progress);
	printf("http://127.0.0.1:%u\n", ntohs(at.sin_port));
	fflush(stdout);
	for (;;) {
		CF_CLEANUP(cf_close_fd) int client = -1;

		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client >= 0)
			serve(s, client);
		else if (errno != EINTR && errno != ECONNABORTED)
			return cf_fail_errno(err, errno, "kds: accept");
	}
}
