/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state that each SNP command requires of each page that it names, and
 * the state that it leaves it in: every command with every state, for pages
 * of both sizes.
 */
#include "sp/soft/guest_priv.h"
#include "sp_world.h"

#define PAGE 0x40000u /* the page in question */
#define RAWP 0x41000u /* Firmware */
#define PREG 0x42000u /* Pre-Guest of GPA 0x40000 */
#define PRES 0x43000u /* Pre-Swap of GPA 0x40000 */
#define GVAL 0x44000u /* Guest-Valid */
#define HOST 0x45000u /* Hypervisor */
/* The same for 2 MiB. */
#define BIG      0x200000u
#define BIG_RAWP 0x400000u
#define BIG_PREG 0x600000u
#define BIG_PRES 0x800000u
#define BIG_HOST 0xA00000u

/* "Page States" of the ABI: assigned, validated, ASID, immutable, GPA,
 * VMSA. */
static const struct {
	char letter;
	const char *name;
	struct cf_rmp_entry e;
} page_states[] = {
	{ 'h', "Hypervisor", { 0 } },
	{ 'x', "HV-Fixed", { .immutable = true } },
	{ 'f', "Firmware", { .assigned = true, .immutable = true } },
	{ 'r', "Reclaim", { .assigned = true } },
	{ 'c', "Context",
		{ .assigned = true, .immutable = true, .vmsa = true } },
	{ 'm', "Metadata",
		{ .assigned = true, .immutable = true, .gpa = 0x9000 } },
	{ 'p', "Pre-Guest",
		{ .assigned = true,
			.immutable = true,
			.asid = ASID,
			.gpa = PAGE } },
	{ 's', "Pre-Swap",
		{ .assigned = true,
			.immutable = true,
			.validated = true,
			.asid = ASID,
			.gpa = PAGE } },
	{ 'i', "Guest-Invalid",
		{ .assigned = true, .asid = ASID, .gpa = PAGE } },
	{ 'v', "Guest-Valid",
		{ .assigned = true,
			.validated = true,
			.asid = ASID,
			.gpa = PAGE } },
};

struct page_rule {
	const char *name;
	uint32_t id;
	size_t size, at;    /* of the buffer; where the page's address is */
	const char *states; /* that are taken */
	char after;         /* its state then; 0: the same */
	uint32_t fw;        /* status when it is taken */
	bool launch;        /* in LAUNCH, not RUNNING */
	uint64_t arg[6];    /* the buffer's qwords otherwise */
	bool large;         /* arg asks for a page of 2 MiB */
	uint64_t low;       /* flags beside the page's address */
};

/* clang-format off */
static const struct page_rule page_rules[] = {
	{ "PLATFORM_STATUS", 0x83, 8, 0, "f", 'r', 0, false, { 0 } },
	{ "GUEST_STATUS", 0x92, 0x10, 8, "f", 'r', 0, false, { 1 } },
	{ "FEATURE_INFO", 0xCE, 0x10, 8, "f", 'r', 0, false, { 0x10 } },
	{ "GCTX_CREATE", 0x93, 8, 0, "f", 'c', 0, false, { 0 } },
	{ "GUEST_REQUEST response", 0x94, 0x18, 0x10, "f", 0,
		CF_FW_INVALID_PARAM, false, { 1, HOST } },
	{ "LAUNCH_UPDATE", 0xA1, 0x20, 0x10, "p", 'v', 0, true, { 1, 2 } },
	{ "PAGE_RECLAIM", 0xC7, 8, 0, "frmps", 'r', 0, false, { 0 } },
	{ "PAGE_MOVE from", 0xC2, 0x20, 0x10, "ps", 'r', 0, false,
		{ 1, 0, 0, PREG } },
	{ "PAGE_MOVE to", 0xC2, 0x20, 0x18, "p", 'v', 0, false,
		{ 1, 0, PRES } },
	{ "PAGE_MD_INIT", 0xC3, 0x10, 8, "f", 'M', 0, false, { 1 } },
	{ "SWAP_OUT from", 0xC0, 0x30, 8, "ps", 'r', 0, false,
		{ 1, 0, RAWP, 0, 0, 0x10 } },
	{ "SWAP_OUT to", 0xC0, 0x30, 0x10, "f", 'r', 0, false,
		{ 1, PRES, 0, 0, 0, 0x10 } },
	{ "SWAP_IN to", 0xC1, 0x30, 0x10, "p", 0, CF_FW_INVALID_MDATA_ENTRY,
		false, { 1, HOST, 0, 0, 0, 0x10 } },
	{ "DBG_DECRYPT from", 0xB0, 0x18, 8, "iv", 0, 0, false,
		{ 1, 0, RAWP } },
	{ "DBG_DECRYPT to", 0xB0, 0x18, 0x10, "f", 0, 0, false,
		{ 1, GVAL } },
	{ "DBG_ENCRYPT to", 0xB1, 0x18, 0x10, "iv", 0, 0, false,
		{ 1, HOST } },
	{ "LAUNCH_UPDATE 2M", 0xA1, 0x20, 0x10, "p", 'v', 0, true, { 1, 3 },
		true },
	{ "PAGE_RECLAIM 2M", 0xC7, 8, 0, "frmps", 'r', 0, false, { 0 }, true,
		1 },
	{ "PAGE_MOVE 2M from", 0xC2, 0x20, 0x10, "ps", 'r', 0, false,
		{ 1, 1, 0, BIG_PREG }, true },
	{ "PAGE_MOVE 2M to", 0xC2, 0x20, 0x18, "p", 'v', 0, false,
		{ 1, 1, BIG_PRES }, true },
	{ "SWAP_OUT 2M from", 0xC0, 0x30, 8, "ps", 'r', 0, false,
		{ 1, 0, BIG_RAWP, 0, 0, 0x11 }, true },
	{ "SWAP_OUT 2M to", 0xC0, 0x30, 0x10, "f", 'r', 0, false,
		{ 1, BIG_PRES, 0, 0, 0, 0x11 }, true },
	{ "SWAP_IN 2M to", 0xC1, 0x30, 0x10, "p", 0,
		CF_FW_INVALID_MDATA_ENTRY, false,
		{ 1, BIG_HOST, 0, 0, 0, 0x11 }, true },
};
/* clang-format on */

static struct cf_rmp_entry state_of(char letter)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(page_states); i++)
		if (page_states[i].letter == letter)
			return page_states[i].e;
	return (struct cf_rmp_entry) { 0 };
}

/* The entry of a page in that state, in a size; nobody's pages have none. */
static struct cf_rmp_entry sized(char letter, bool large)
{
	struct cf_rmp_entry e = state_of(letter);

	e.large = large && e.assigned;
	if (large && e.gpa)
		e.gpa = BIG;
	return e;
}

static uint64_t page_of(const struct page_rule *r)
{
	return r->large ? BIG : PAGE;
}

static void lay_out(struct world *w)
{
	rmp(w, BIG_RAWP, sized('f', true));
	rmp(w, BIG_PREG, sized('p', true));
	rmp(w, BIG_PRES, sized('s', true));
	rmp(w, RAWP, state_of('f'));
	rmp(w, PREG, state_of('p'));
	rmp(w, PRES, state_of('s'));
	rmp(w, GVAL, state_of('v'));
	rmp(w, HOST, state_of('h'));
}

/* A debuggable guest, in LAUNCH or RUNNING. */
static void open_rules(struct world *w, bool launch)
{
	const struct cf_sp_soft_config config = { .product = CF_SP_MILAN,
		.seed = (const uint8_t *)"rules",
		.seed_len = 5 };
	const struct cf_sp_launch l = { .platform = CF_PLATFORM_SEV_SNP,
		.policy = 0xB0000 };

	if (!launch) {
		open_world(w, 0xB0000);
		lay_out(w);
		return;
	}
	*w = (struct world) { .gctx = gctx_of(ASID) };
	assert_ok(cf_memory_create(&w->mem, &err));
	assert_ok(cf_memory_add(w->mem, 0, RAM, CF_REGION_RAM, "ram", &err));
	assert_ok(cf_sp_soft_create(&config, &w->sp, &err));
	assert_ok(cf_sp_soft_guest_create(
		w->sp, w->mem, CF_PLATFORM_SEV_SNP, ASID, 1, &w->g, &err));
	assert_ok(w->g->ops->launch_start(w->g, &l, &err));
	lay_out(w);
}

static uint32_t apply(struct world *w, const struct page_rule *r, uint64_t page)
{
	uint8_t b[0x40] = { 0 };

	for (size_t i = 0; i < CF_ARRAY_LEN(r->arg); i++)
		cf_store_le64(b + 8 * i, r->arg[i]);
	/* 1 stands for the context. */
	if (r->arg[0] == 1)
		cf_store_le64(b, w->gctx);
	cf_store_le64(b + r->at, page | r->low);
	return call(w, r->id, b, r->size);
}

static void check_state(struct world *w, const struct page_rule *r, size_t i)
{
	bool taken = strchr(r->states, page_states[i].letter);
	uint32_t want = taken ? r->fw : CF_FW_INVALID_PAGE_STATE, fw;
	struct cf_rmp_entry after, expected;

	expected = sized(page_states[i].letter, r->large);
	rmp(w, page_of(r), expected);
	fw = apply(w, r, page_of(r));
	if (fw != want)
		fail_msg("%s, page %s: %s, want %s", r->name,
			page_states[i].name, cf_fw_status_name(fw),
			cf_fw_status_name(want));
	assert_true(cf_rmp_get(w->mem, page_of(r), &after));
	if (taken && r->after && !r->fw)
		expected = sized(r->after, r->large);
	if (taken && r->after == 'M')
		expected = (struct cf_rmp_entry) {
			.assigned = true, .immutable = true, .gpa = w->gctx
		};
	if (after.assigned != expected.assigned ||
		after.validated != expected.validated ||
		after.immutable != expected.immutable ||
		after.vmsa != expected.vmsa || after.asid != expected.asid ||
		after.gpa != expected.gpa || after.large != expected.large)
		fail_msg("%s, page %s: ends in another state", r->name,
			page_states[i].name);
}

static void test_every_page_state_for_every_page_argument(void **state)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(page_rules); i++)
		for (size_t k = 0; k < CF_ARRAY_LEN(page_states); k++) {
			struct world w;

			open_rules(&w, page_rules[i].launch);
			check_state(&w, &page_rules[i], k);
			close_world(&w);
		}
}

static void test_page_arguments_are_aligned_in_memory_and_the_guests(
	void **state)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(page_rules); i++) {
		const struct page_rule *r = &page_rules[i];
		struct cf_rmp_entry e = sized(r->states[0], r->large);
		uint64_t page = page_of(r);
		struct world w;

		open_rules(&w, r->launch);
		rmp(&w, page, e);
		assert_int_equal(apply(&w, r, page + 8), CF_FW_INVALID_ADDRESS);
		if (r->large)
			assert_int_equal(apply(&w, r, page + CF_PAGE_SIZE),
				CF_FW_INVALID_ADDRESS);
		assert_int_equal(apply(&w, r, RAM), CF_FW_INVALID_ADDRESS);
		assert_int_equal(apply(&w, r, UINT64_MAX - 0xFFF),
			CF_FW_INVALID_ADDRESS);
		if (e.asid && r->id != 0xC7) {
			e.asid = ASID + 1;
			rmp(&w, page, e);
			assert_int_equal(
				apply(&w, r, page), CF_FW_INVALID_PAGE_OWNER);
		}
		close_world(&w);
	}
}

/* Entries of the other size.  The commands of debugging work on a piece of
 * whatever the guest has. */
static void test_page_arguments_have_the_size_of_their_entry(void **state)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(page_rules); i++) {
		const struct page_rule *r = &page_rules[i];
		bool piece = strcmp(r->name, "DBG_DECRYPT from") == 0 ||
			strcmp(r->name, "DBG_ENCRYPT to") == 0;
		struct world w;

		open_rules(&w, r->launch);
		rmp(&w, BIG, sized(r->states[0], !r->large));
		for (uint64_t at = 0; at < (r->large ? 1u : 2u); at++)
			assert_int_equal(apply(&w, r, BIG + at * 0x3000),
				piece ? 0 : CF_FW_INVALID_PAGE_SIZE);
		close_world(&w);
	}
}

static void test_rmpupdate_keeps_what_stays_and_obeys_the_firmware(void **state)
{
	struct cf_rmp_entry e = {
		.assigned = true, .asid = ASID, .gpa = 0x1000
	};
	struct cf_rmp_entry now;
	struct world w;

	open_world(&w, 0x30000);
	/* Freezing keeps VALIDATED and the rights, another GPA clears them. */
	e.immutable = true;
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, 0x1000, &e), 0);
	assert_true(cf_rmp_get(w.mem, 0x1000, &now));
	assert_true(now.validated && now.immutable && now.perms[0] == 0xF);
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, 0x1000, &e), 2);
	e.immutable = false;
	e.gpa = 0x7000;
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, SECRETS, &e), 0);
	assert_true(cf_rmp_get(w.mem, SECRETS, &now));
	assert_true(!now.validated && now.perms[0] == 0);
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, RAM, &e), 1);
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, 0x1001, &e), 1);
	/* The context is the firmware's. */
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, w.gctx, &e), 2);
	e = (struct cf_rmp_entry) { .asid = 1 };
	assert_int_equal(cf_sp_host_rmpupdate(w.mem, 0x5000, &e), 1);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_page_state_for_every_page_argument),
		cmocka_unit_test(
			test_page_arguments_are_aligned_in_memory_and_the_guests),
		cmocka_unit_test(
			test_page_arguments_have_the_size_of_their_entry),
		cmocka_unit_test(
			test_rmpupdate_keeps_what_stays_and_obeys_the_firmware),
	};

	return cmocka_run_group_tests_name("sp_soft_states", tests, NULL, NULL);
}
