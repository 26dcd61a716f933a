/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door: looks a command up in the table, checks what the table says about
 * states and reserved bytes, and runs the handler.  Nothing else in the model
 * is reachable from outside.
 */
#include "sp/soft/commands_priv.h"

#include <string.h>

#define MAX_BUFFER 0x80

const struct command *cf_sp_command_at(size_t i)
{
	if (i < cf_sp_sev_ncommands)
		return &cf_sp_sev_commands[i];
	i -= cf_sp_sev_ncommands;
	return i < cf_sp_snp_ncommands ? &cf_sp_snp_commands[i] : NULL;
}

static const struct command *find_command(uint32_t id)
{
	const struct command *cmd;

	for (size_t i = 0; (cmd = cf_sp_command_at(i)); i++)
		if (cmd->id == id)
			return cmd;
	return NULL;
}

/* What no field names must be zero. */
static bool reserved_are_zero(const struct command *cmd, const uint8_t *buf)
{
	uint8_t rest[MAX_BUFFER];

	if (!cmd->size)
		return true;
	memcpy(rest, buf, cmd->size);
	for (const struct field *f = cmd->fields; f && f->name; f++)
		memset(rest + f->offset, 0, f->size);
	return cf_is_zero(rest, cmd->size);
}

static struct sev_guest *sev_find(struct cf_sp_soft *sp, uint32_t handle)
{
	for (size_t i = 0; i < MAX_GUESTS; i++)
		if (sp->sev[i].used && sp->sev[i].handle == handle)
			return &sp->sev[i];
	return NULL;
}

struct snp_guest *cf_sp_snp_find(struct cf_sp_soft *sp, uint64_t gctx)
{
	for (size_t i = 0; i < MAX_GUESTS; i++)
		if (sp->snp[i].used && sp->snp[i].gctx == gctx)
			return &sp->snp[i];
	return NULL;
}

/* The guest context that the buffer names, in a state that the command
 * allows. */
static uint32_t find_guest(const struct command *cmd, struct call *c)
{
	unsigned state;
	uint32_t asid;

	if (cmd->api == API_SNP) {
		uint64_t gctx = cf_load_le64(c->buf + cmd->guest_at);
		struct cf_rmp_entry e;
		uint32_t fw = cf_sp_rmp(c->sp, gctx, &e);

		if (fw)
			return fw;
		c->snp = cf_sp_snp_find(c->sp, gctx);
		if (!c->snp || cf_sp_page_state(&e) != PAGE_CONTEXT)
			return UNC_NOT_A_CONTEXT;
		state = c->snp->state;
		asid = c->snp->asid;
	} else {
		c->sev = sev_find(c->sp, cf_load_le32(c->buf + cmd->guest_at));
		if (!c->sev)
			return CF_FW_INVALID_GUEST;
		state = c->sev->state;
		asid = c->sev->asid;
	}
	if (!(cmd->guest & BIT(state)))
		return CF_FW_INVALID_GUEST_STATE;
	if ((cmd->flags & CMD_ACTIVE) && !asid)
		return CF_FW_INACTIVE;
	return CF_FW_SUCCESS;
}

static uint32_t dispatch(
	struct cf_sp_soft *sp, const struct command *cmd, uint8_t *buf)
{
	struct call c = { .sp = sp, .buf = buf };
	unsigned state = cmd->api == API_SNP ? (unsigned)sp->snp_state
					     : (unsigned)sp->sev_state;
	uint32_t fw;

	if (!(cmd->platform & BIT(state)))
		return CF_FW_INVALID_PLATFORM_STATE;
	if (!reserved_are_zero(cmd, buf))
		return CF_FW_INVALID_PARAM;
	if (cmd->guest) {
		fw = find_guest(cmd, &c);
		if (fw)
			return fw;
	}
	return cmd->run(&c);
}

uint32_t cf_sp_soft_call(
	struct cf_sp_soft *sp, uint32_t id, uint8_t *buffer, size_t len)
{
	const struct command *cmd = find_command(id);
	uint32_t fw;

	if (!cmd)
		return CF_FW_INVALID_COMMAND;
	if (len != cmd->size)
		return CF_FW_INVALID_LENGTH;
	pthread_mutex_lock(&sp->lock);
	fw = dispatch(sp, cmd, buffer);
	pthread_mutex_unlock(&sp->lock);
	return fw;
}

static uint32_t run_at(
	struct cf_sp_soft *sp, const struct command *cmd, uint64_t buffer_spa)
{
	uint8_t buf[MAX_BUFFER], before[MAX_BUFFER];
	uint32_t fw;

	if (cmd->size && !cf_sp_read(sp, buffer_spa, buf, cmd->size))
		return CF_FW_INVALID_ADDRESS;
	memcpy(before, buf, cmd->size);
	fw = dispatch(sp, cmd, buf);
	if (cmd->size && memcmp(before, buf, cmd->size) != 0) {
		uint32_t out = cf_sp_write_out(sp, buffer_spa, buf, cmd->size);

		if (!fw)
			fw = out;
	}
	return fw;
}

/* The firmware works on its own copy, since the host can change the buffer
 * at any time; fields that it fills are copied back, on failure too. */
uint32_t cf_sp_soft_command(
	struct cf_sp_soft *sp, uint32_t id, uint64_t buffer_spa)
{
	const struct command *cmd = find_command(id);
	uint32_t fw;

	if (!cmd)
		return CF_FW_INVALID_COMMAND;
	pthread_mutex_lock(&sp->lock);
	fw = run_at(sp, cmd, buffer_spa);
	pthread_mutex_unlock(&sp->lock);
	return fw;
}

uint32_t cf_sp_nop(struct call *c)
{
	return CF_FW_SUCCESS;
}

/* Commands that exist and that the model does not do. */
uint32_t cf_sp_unsupported(struct call *c)
{
	return CF_FW_UNSUPPORTED;
}

static const char *const platform_names[2][3] = {
	[API_SEV] = { "UNINIT", "INIT", "WORKING" },
	[API_SNP] = { "UNINIT", "INIT" },
};
static const char *const guest_names[2][7] = {
	[API_SEV] = { "UNINIT", "LUPDATE", "LSECRET", "RUNNING", "SUPDATE",
		"RUPDATE", "SENT" },
	[API_SNP] = { "INIT", "LAUNCH", "RUNNING" },
};

static void print_states(struct cf_buf *out, unsigned mask,
	const char *const *names, size_t n, const char *none)
{
	const char *sep = "";

	if (!mask)
		cf_buf_printf(out, "%s", none);
	for (size_t i = 0; i < n; i++)
		if ((mask & BIT(i)) && names[i]) {
			cf_buf_printf(out, "%s%s", sep, names[i]);
			sep = ", ";
		}
}

void cf_sp_soft_commands_markdown(struct cf_buf *out)
{
	const struct command *cmd;

	cf_buf_printf(out,
		"| Id | Command | Platform states | Guest states | "
		"Buffer |\n|---|---|---|---|---|\n");
	for (size_t i = 0; (cmd = cf_sp_command_at(i)); i++) {
		const char *sep = "";

		cf_buf_printf(out, "| 0x%02X | %s%s | ", cmd->id, cmd->name,
			cmd->run == cf_sp_unsupported ? " (UNSUPPORTED)" : "");
		print_states(out, cmd->platform, platform_names[cmd->api],
			CF_ARRAY_LEN(platform_names[0]), "");
		cf_buf_printf(out, " | ");
		print_states(out, cmd->guest, guest_names[cmd->api],
			CF_ARRAY_LEN(guest_names[0]), "-");
		if (cmd->flags & CMD_ACTIVE)
			cf_buf_printf(out, " (with an ASID)");
		cf_buf_printf(out, " | ");
		if (!cmd->size)
			cf_buf_printf(out, "none");
		else
			cf_buf_printf(out, "0x%X bytes: ", cmd->size);
		for (const struct field *f = cmd->fields; f && f->name; f++) {
			cf_buf_printf(out, "%s%02X:%u %s", sep, f->offset,
				f->size, f->name);
			sep = ", ";
		}
		cf_buf_printf(out, " |\n");
	}
}
