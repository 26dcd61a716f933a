/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence of the software secure processor in files, for the tools of
 * others:
 *
 *   evidence snp PRODUCT DIR       report.bin and X.509 certificates of a
 *                                  small SNP guest
 *   evidence sev DIR               pdh.cert, chain.cert, cek.cert, amd.cert
 *   evidence launch DIR FIRMWARE POLICY
 *                                  launches FIRMWARE with DIR/owner_godh.b64
 *                                  and owner_session.b64; prints the
 *                                  measurement; then injects the packets
 *                                  that standard input names, HEADER PAYLOAD
 *
 * DIR also keeps the chip's state from one call to the next.
 */
#include "base/base.h"
#include "crypto/crypto.h"
#include "sp/soft/soft.h"
#include "sp/soft/state_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASID     1
#define RAM      ((uint64_t)16 << 20)
#define SECRETS  0x2000
#define REQUEST  0x10000
#define RESPONSE 0x11000
#define FIRMWARE 0x400000
#define SECRET   0x20000

static struct coffer_error err;

static void must(enum coffer_status status, const char *what)
{
	if (!status)
		return;
	fprintf(stderr, "evidence: %s: %s\n", what, err.msg);
	exit(1);
}

static void write_to(
	const char *dir, const char *name, const uint8_t *p, size_t n)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	must(cf_write_file(path, 0644, p, n, &err), name);
}

static void read_base64(const char *dir, const char *name, struct cf_buf *out)
{
	char path[1024];
	uint8_t *text;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	must(cf_read_file(path, 65536, &text, &len, &err), name);
	if (!cf_unbase64(out, (char *)text, len))
		must(cf_fail(&err, COFFER_ERR_FORMAT, "not base64"), name);
	free(text);
}

struct world {
	struct cf_sp_state *state;
	struct cf_memory *mem;
	struct cf_sp_soft *sp;
	struct cf_sp_guest *g;
};

static void open_world(struct world *w, const char *dir,
	enum cf_sp_product product, enum cf_platform platform)
{
	struct cf_sp_soft_config config = { .product = product };

	must(cf_sp_state_open(dir, &w->state, &err), "state");
	cf_sp_state_ops(w->state, &config.ops);
	must(cf_memory_create(&w->mem, &err), "memory");
	must(cf_memory_add(w->mem, 0, RAM, CF_REGION_RAM, "ram", &err), "ram");
	must(cf_sp_soft_create(&config, &w->sp, &err), "processor");
	must(cf_sp_soft_guest_create(
		     w->sp, w->mem, platform, ASID, 1, &w->g, &err),
		"guest");
}

static void close_world(struct world *w)
{
	cf_sp_guest_destroy(w->g);
	cf_sp_soft_destroy(w->sp);
	cf_memory_destroy(w->mem);
	cf_sp_state_close(w->state);
}

static void launch_snp(struct world *w)
{
	const struct cf_sp_launch l = {
		.platform = CF_PLATFORM_SEV_SNP,
		.policy = 0x30000,
	};
	const struct cf_sp_finish f = { .host_data = { 0x48 } };
	const struct cf_sp_update pages[] = {
		{ .gpa = 0, .len = CF_PAGE_SIZE, .type = CF_PAGE_ZERO },
		{ .gpa = SECRETS,
			.len = CF_PAGE_SIZE,
			.type = CF_PAGE_SECRETS },
	};

	must(w->g->ops->launch_start(w->g, &l, &err), "start");
	for (size_t i = 0; i < CF_ARRAY_LEN(pages); i++)
		must(w->g->ops->launch_update(w->g, &pages[i], &err), "update");
	must(w->g->ops->launch_finish(w->g, &f, &err), "finish");
}

/* MSG_REPORT_REQ with VMPCK0 and sequence number 1; the answer's report. */
static void get_report(struct world *w, uint8_t report[0x4A0])
{
	uint8_t key[32], page[CF_PAGE_SIZE] = { 0 }, request[0x60];
	uint8_t iv[12] = { 1 }, answer[0x4C0];
	uint32_t fw;

	for (size_t i = 0; i < sizeof(request); i++)
		request[i] = i < 64 ? (uint8_t)i : 0;
	must(cf_guest_read_private(
		     w->mem, ASID, SECRETS + 0x20, key, sizeof(key), &err),
		"VMPCK0");
	page[0x20] = 1;
	page[0x30] = page[0x31] = 1;
	page[0x32] = 0x60;
	page[0x34] = 5;
	page[0x35] = 1;
	page[0x36] = sizeof(request);
	must(cf_aes256_gcm_seal(key, iv, page + 0x30, 0x30, request,
		     sizeof(request), page + 0x60, page, &err),
		"seal");
	must(cf_guest_write(w->mem, REQUEST, page, sizeof(page), &err), "page");
	must(w->g->ops->guest_request(w->g, REQUEST, RESPONSE, &fw, &err),
		"request");
	must(cf_guest_read(w->mem, RESPONSE, page, sizeof(page), &err), "page");
	iv[0] = 2;
	must(cf_aes256_gcm_open(key, iv, page + 0x30, 0x30, page + 0x60,
		     sizeof(answer), answer, page, &err),
		"open");
	memcpy(report, answer + 0x20, 0x4A0);
}

static int make_snp(const char *product_name, const char *dir)
{
	static const struct {
		enum cf_sp_cert which;
		const char *name;
	} certs[] = {
		{ CF_SP_CERT_ARK, "ark.der" },
		{ CF_SP_CERT_ASK, "ask.der" },
		{ CF_SP_CERT_VCEK, "vcek.der" },
		{ CF_SP_CERT_CRL, "crl.der" },
	};
	enum cf_sp_product product;
	uint8_t report[0x4A0];
	struct cf_buf b = { 0 };
	struct world w;

	if (!cf_sp_product_from_name(product_name, &product))
		return 2;
	open_world(&w, dir, product, CF_PLATFORM_SEV_SNP);
	launch_snp(&w);
	get_report(&w, report);
	write_to(dir, "report.bin", report, sizeof(report));
	for (size_t i = 0; i < CF_ARRAY_LEN(certs); i++) {
		b.len = 0;
		must(cf_sp_soft_cert(w.sp, certs[i].which, &b, &err),
			certs[i].name);
		write_to(dir, certs[i].name, b.data, b.len);
	}
	b.len = 0;
	must(cf_sp_soft_cert_table(w.sp, &b, &err), "table");
	write_to(dir, "table.bin", b.data, b.len);
	cf_buf_finish(&b);
	close_world(&w);
	return 0;
}

static int make_sev(const char *dir)
{
	struct cf_buf pdh = { 0 }, chain = { 0 }, amd = { 0 }, cek = { 0 };
	struct world w;

	open_world(&w, dir, CF_SP_MILAN, CF_PLATFORM_SEV);
	must(cf_sp_soft_sev_certs(w.sp, &pdh, &chain, &err), "certificates");
	must(cf_sp_soft_amd_chain(w.sp, &amd, &err), "ASK and ARK");
	must(cf_sp_soft_cek(w.sp, &cek, &err), "CEK");
	write_to(dir, "pdh.cert", pdh.data, pdh.len);
	write_to(dir, "chain.cert", chain.data, chain.len);
	write_to(dir, "amd.cert", amd.data, amd.len);
	write_to(dir, "cek.cert", cek.data, cek.len);
	cf_buf_finish(&pdh);
	cf_buf_finish(&chain);
	cf_buf_finish(&amd);
	cf_buf_finish(&cek);
	close_world(&w);
	return 0;
}

static void start_sev(struct world *w, const char *dir, uint32_t policy)
{
	struct cf_buf godh = { 0 }, session = { 0 };
	struct cf_sp_launch l = {
		.platform = CF_PLATFORM_SEV,
		.policy = policy,
	};

	read_base64(dir, "owner_godh.b64", &godh);
	read_base64(dir, "owner_session.b64", &session);
	l.dh_cert = godh.data;
	l.dh_cert_len = godh.len;
	l.session = session.data;
	l.session_len = session.len;
	must(w->g->ops->launch_start(w->g, &l, &err), "LAUNCH_START");
	cf_buf_finish(&godh);
	cf_buf_finish(&session);
}

static void measure_sev(struct world *w, const char *firmware)
{
	struct cf_buf text = { 0 };
	struct cf_mapping m;
	uint8_t measurement[48];
	struct cf_sp_update u = { .gpa = FIRMWARE, .type = CF_PAGE_NORMAL };

	must(cf_map_file(firmware, &m, &err), "firmware");
	must(cf_guest_write(w->mem, FIRMWARE, m.data, m.len, &err), "firmware");
	u.len = m.len;
	u.data = m.data;
	must(w->g->ops->launch_update(w->g, &u, &err), "LAUNCH_UPDATE_DATA");
	must(w->g->ops->launch_measure(w->g, measurement, &err),
		"LAUNCH_MEASURE");
	cf_base64(&text, measurement, sizeof(measurement));
	printf("%s\n", cf_buf_text(&text));
	fflush(stdout);
	cf_buf_finish(&text);
	cf_unmap_file(&m);
}

static void inject(struct world *w, const char *dir, const char *header_name,
	const char *payload_name)
{
	struct cf_buf header = { 0 }, payload = { 0 };
	uint8_t plain[4096];

	read_base64(dir, header_name, &header);
	read_base64(dir, payload_name, &payload);
	must(w->g->ops->launch_secret(w->g, header.data, header.len,
		     payload.data, payload.len, SECRET, &err),
		"LAUNCH_SECRET");
	if (payload.len <= sizeof(plain)) {
		must(cf_guest_read_private(
			     w->mem, ASID, SECRET, plain, payload.len, &err),
			"secret");
		write_to(dir, "injected.bin", plain, payload.len);
	}
	printf("injected\n");
	fflush(stdout);
	cf_buf_finish(&header);
	cf_buf_finish(&payload);
}

static int launch(const char *dir, const char *firmware, const char *policy)
{
	char header[256], payload[256];
	struct world w;

	open_world(&w, dir, CF_SP_MILAN, CF_PLATFORM_SEV);
	start_sev(&w, dir, (uint32_t)strtoul(policy, NULL, 0));
	measure_sev(&w, firmware);
	while (scanf("%255s %255s", header, payload) == 2)
		inject(&w, dir, header, payload);
	close_world(&w);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "snp") == 0)
		return make_snp(argv[2], argv[3]);
	if (argc == 3 && strcmp(argv[1], "sev") == 0)
		return make_sev(argv[2]);
	if (argc == 5 && strcmp(argv[1], "launch") == 0)
		return launch(argv[2], argv[3], argv[4]);
	fprintf(stderr,
		"usage: evidence snp PRODUCT DIR | sev DIR | "
		"launch DIR FIRMWARE POLICY\n");
	return 2;
}
