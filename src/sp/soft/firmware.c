/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Firmware images: DOWNLOAD_FIRMWARE and DOWNLOAD_FIRMWARE_EX, and making the
 * images that they take.
 *
 * AMD's image format is not public, and no image of AMD's can run here.  Ours
 * says of itself that it is simulated.  It carries version numbers and a patch
 * level, nothing that runs, and the signature of the simulated ARK, so that
 * only platforms of one storage take it:
 *
 *   000  32  "coffer SIMULATED AMD-SP firmware"
 *   020   4  form, 1
 *   024   4  length of the image
 *   028   8  product, padded with zeros
 *   030   6  SEV API major, minor; SNP ABI major, minor; build; snpSPL
 *   036  10  zero
 *   040 512  RSASSA-PSS of 000..03F: SHA-384, salt of 48 bytes, big-endian
 *
 * Source of the commands' effects: SEV API (AMD 55766), DOWNLOAD_FIRMWARE; SNP
 * firmware ABI (AMD 56860), DOWNLOAD_FIRMWARE_EX, "Firmware Updates".
 */
#include "sp/soft/commands_priv.h"
#include "sp/soft/x509_priv.h"

#include <openssl/rsa.h>
#include <string.h>

#define MARK       "coffer SIMULATED AMD-SP firmware"
#define FORM       1
#define AT_FORM    0x20
#define AT_LEN     0x24
#define AT_PRODUCT 0x28
#define AT_VERSION 0x30
#define AT_REST    0x36
#define AT_SIG     0x40
#define SIG_LEN    512
#define IMAGE_LEN  CF_SP_FIRMWARE_LEN

#define FLAG_COMMIT BIT(0)

_Static_assert(IMAGE_LEN == AT_SIG + SIG_LEN, "the signature ends the image");
_Static_assert(sizeof(MARK) - 1 == AT_FORM, "the mark comes first");

static void put_head(const struct product *p,
	const struct cf_sp_firmware_version *v, uint8_t out[AT_SIG])
{
	const uint8_t version[] = { v->sev_api[0], v->sev_api[1], v->snp_api[0],
		v->snp_api[1], v->build, v->snp_spl };

	memset(out, 0, AT_SIG);
	memcpy(out, MARK, AT_FORM);
	cf_store_le32(out + AT_FORM, FORM);
	cf_store_le32(out + AT_LEN, IMAGE_LEN);
	memcpy(out + AT_PRODUCT, p->name, strlen(p->name));
	memcpy(out + AT_VERSION, version, sizeof(version));
}

static struct firmware version_of(const uint8_t *image)
{
	const uint8_t *v = image + AT_VERSION;

	return (struct firmware) { v[0], v[1], v[2], v[3], v[4], v[5] };
}

enum coffer_status cf_sp_soft_firmware_image(struct cf_sp_soft *sp,
	const struct cf_sp_firmware_version *version,
	uint8_t out[CF_SP_FIRMWARE_LEN], struct coffer_error *err)
{
	struct authority ark = { 0 };
	enum coffer_status status;
	size_t len = SIG_LEN;
	EVP_MD_CTX *md;
	bool ok;

	status = cf_sp_authority(sp, CF_SP_CERT_ARK, &ark, err);
	if (status)
		return status;
	put_head(sp->product, version, out);
	md = cf_sp_x509_pss(ark.key);
	ok = md && EVP_DigestSign(md, out + AT_SIG, &len, out, AT_SIG) == 1 &&
		len == SIG_LEN;
	EVP_MD_CTX_free(md);
	cf_sp_authority_finish(&ark);
	return ok ? COFFER_OK
		  : cf_sp_x509_failed(err, "signing a firmware image");
}

/* Of this form and this product, with nothing in it but what we know. */
static bool well_formed(const struct cf_sp_soft *sp, const uint8_t *image)
{
	const struct firmware fw = version_of(image);
	const struct cf_sp_firmware_version v = {
		.sev_api = { fw.sev_major, fw.sev_minor },
		.snp_api = { fw.snp_major, fw.snp_minor },
		.build = fw.build,
		.snp_spl = fw.spl,
	};
	uint8_t head[AT_SIG];

	put_head(sp->product, &v, head);
	return memcmp(head, image, sizeof(head)) == 0;
}

static uint32_t check_signature(struct cf_sp_soft *sp, const uint8_t *image)
{
	struct authority ark = { 0 };
	EVP_MD_CTX *md = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	bool ok;

	if (cf_sp_authority(sp, CF_SP_CERT_ARK, &ark, NULL))
		return CF_FW_HWERROR_PLATFORM;
	md = EVP_MD_CTX_new();
	ok = md &&
		EVP_DigestVerifyInit(md, &ctx, EVP_sha384(), NULL, ark.key) ==
			1 &&
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, CF_SHA384_LEN) == 1 &&
		EVP_DigestVerify(md, image + AT_SIG, SIG_LEN, image, AT_SIG) ==
			1;
	EVP_MD_CTX_free(md);
	cf_sp_authority_finish(&ark);
	return ok ? CF_FW_SUCCESS : CF_FW_BAD_SIGNATURE;
}

static uint32_t number(uint8_t major, uint8_t minor, uint8_t build)
{
	return (uint32_t)major << 16 | (uint32_t)minor << 8 | build;
}

/* Nothing older than what is committed; and the model speaks no older SEV API
 * than its own. */
static uint32_t check_version(
	const struct cf_sp_soft *sp, const struct firmware *fw)
{
	const struct snp_config *c = &sp->config;

	if (number(fw->snp_major, fw->snp_minor, fw->build) <
			number(c->committed_major, c->committed_minor,
				c->committed_build) ||
		number(fw->sev_major, fw->sev_minor, 0) <
			number(FW_SEV_MAJOR, FW_SEV_MINOR, 0))
		return CF_FW_BAD_VERSION;
	return fw->spl < c->committed.snp ? CF_FW_BAD_SVN : CF_FW_SUCCESS;
}

static uint32_t install(
	struct cf_sp_soft *sp, const struct firmware *fw, bool commit)
{
	const struct snp_config config = sp->config;
	const struct firmware was = sp->fw;

	sp->fw = *fw;
	if (commit)
		cf_sp_commit(sp);
	if (!cf_sp_store_config(sp, NULL))
		return CF_FW_SUCCESS;
	sp->fw = was;
	sp->config = config;
	return CF_FW_HWERROR_PLATFORM;
}

static uint32_t download(
	struct cf_sp_soft *sp, uint64_t spa, uint32_t len, bool commit)
{
	uint8_t image[IMAGE_LEN];
	struct firmware fw;
	uint32_t status;

	if (!cf_is_aligned(spa, UNC_IMAGE_ALIGN))
		return CF_FW_INVALID_ADDRESS;
	if (len != sizeof(image))
		return CF_FW_INVALID_LENGTH;
	if (!cf_sp_read(sp, spa, image, sizeof(image)))
		return CF_FW_INVALID_ADDRESS;
	if (!well_formed(sp, image))
		return UNC_IMAGE_BAD;
	status = check_signature(sp, image);
	if (status)
		return status;
	fw = version_of(image);
	status = check_version(sp, &fw);
	return status ? status : install(sp, &fw, commit);
}

/* The older command commits what it installs. */
uint32_t cf_sp_sev_download_firmware(struct call *c)
{
	if (c->sp->snp_state != SNP_UNINIT)
		return CF_FW_INVALID_PLATFORM_STATE;
	return download(
		c->sp, cf_load_le64(c->buf), cf_load_le32(c->buf + 8), true);
}

/* SNP guests stay through it, SEV guests would not. */
uint32_t cf_sp_snp_download_firmware_ex(struct call *c)
{
	uint32_t flags = cf_load_le32(c->buf + 0x14);

	if (cf_load_le32(c->buf) != 0x18)
		return CF_FW_INVALID_LENGTH;
	if (flags & ~FLAG_COMMIT)
		return CF_FW_INVALID_PARAM;
	if (c->sp->sev_state != SEV_UNINIT)
		return UNC_UPDATE_WITH_SEV;
	return download(c->sp, cf_load_le64(c->buf + 8),
		cf_load_le32(c->buf + 0x10), flags & FLAG_COMMIT);
}
