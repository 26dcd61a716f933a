/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every property of the confidential-guest objects as QEMU documents it: its
 * default, a valid value, and an invalid one with the message.  The table is
 * written from the documentation, not from the program's own.
 */
#include "test.h"

#include "cli/run/qemu_opts.h"
#include "cli/run/qemu_types.h"

static struct coffer_error err;

/* 16, 32, 96 and 4096 zero bytes as base64 text are runs of 'A'. */
#define A16 "AAAAAAAAAAAAAAAAAAAAAA=="
#define A32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

struct documented {
	const char *object;
	const char *property;
	const char *fallback; /* NULL: none */
	const char *valid;
	const char *read_as; /* what a valid value reads as */
	const char *invalid; /* NULL: any text is valid */
	const char *message;
};

#define NUMBER "is not a number"
#define SWITCH "is not on or off"

static const struct documented documented[] = {
	{ "sev-guest", "sev-device", "/dev/sev", "/dev/sev1", "/dev/sev1", NULL,
		NULL },
	{ "sev-guest", "cbitpos", "0", "47", "47", "x", NUMBER },
	{ "sev-guest", "reduced-phys-bits", "0", "1", "1", "-1", NUMBER },
	{ "sev-guest", "kernel-hashes", "off", "on", "on", "maybe", SWITCH },
	{ "sev-guest", "debug-swap", "off", "on", "on", "2", SWITCH },
	{ "sev-guest", "policy", "1", "0x5", "5", "0x100000000", NUMBER },
	{ "sev-guest", "handle", "0", "3", "3", "three", NUMBER },
	{ "sev-guest", "dh-cert-file", NULL, "godh.b64", "godh.b64", NULL,
		NULL },
	{ "sev-guest", "session-file", NULL, "s.b64", "s.b64", NULL, NULL },
	{ "sev-guest", "legacy-vm-type", "auto", "on", "on", "perhaps",
		"is not on, off or auto" },
	{ "sev-snp-guest", "sev-device", "/dev/sev", "/x", "/x", NULL, NULL },
	{ "sev-snp-guest", "cbitpos", "0", "51", "51", "", NUMBER },
	{ "sev-snp-guest", "reduced-phys-bits", "0", "1", "1", "1.5", NUMBER },
	{ "sev-snp-guest", "kernel-hashes", "off", "on", "on", "1x", SWITCH },
	{ "sev-snp-guest", "debug-swap", "off", "on", "on", "x", SWITCH },
	{ "sev-snp-guest", "policy", "196608", "0xb0000", "720896", "policy",
		NUMBER },
	{ "sev-snp-guest", "guest-visible-workarounds", NULL, A16, A16, "*",
		"base64" },
	{ "sev-snp-guest", "id-block", NULL, A32, A32, "A", "base64" },
	{ "sev-snp-guest", "id-auth", NULL, A32, A32, "?", "base64" },
	{ "sev-snp-guest", "author-key-enabled", "off", "on", "on", "?",
		SWITCH },
	{ "sev-snp-guest", "host-data", NULL, A32, A32, "AAA*", "base64" },
	{ "sev-snp-guest", "vcek-disabled", "off", "on", "on", "vcek", SWITCH },
	{ "sev-snp-guest", "certs-path", NULL, "/c", "/c", NULL, NULL },
	{ "sev-snp-guest", "secure-tsc", "off", "on", "on", "tsc", SWITCH },
	{ "sev-snp-guest", "tsc-frequency", "0", "2000000000", "2000000000",
		"2G", NUMBER },
	{ "igvm-cfg", "file", NULL, "f.igvm", "f.igvm", NULL, NULL },
};

static enum coffer_status parse(struct qemu_set *set, const char *fmt,
	const struct documented *d, const char *value)
{
	char text[256];

	*set = (struct qemu_set) { 0 };
	if (value)
		snprintf(text, sizeof(text), "%s,id=x,%s=%s", d->object,
			d->property, value);
	else
		snprintf(text, sizeof(text), "%s,id=x", d->object);
	return qemu_parse("-object", text, qemu_object_types, NULL, set, &err);
}

/* Numbers and switches are compared by what they mean. */
static void assert_reads(const struct qemu_set *set, const struct documented *d,
	const char *want)
{
	const char *got = qemu_get(set, d->property);
	uint64_t number;

	if (!want) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	if (cf_parse_u64(want, UINT64_MAX, &number) && d->invalid)
		assert_int_equal(qemu_get_u64(set, d->property), number);
	else if (strcmp(want, "on") == 0 || strcmp(want, "off") == 0)
		assert_string_equal(got, want);
	else
		assert_string_equal(got, want);
}

static void test_defaults_are_the_documented_ones(void **state)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(documented); i++) {
		struct qemu_set set;

		assert_ok(parse(&set, NULL, &documented[i], NULL));
		assert_reads(&set, &documented[i], documented[i].fallback);
		assert_false(qemu_was_given(&set, documented[i].property));
		qemu_set_finish(&set);
	}
}

static void test_valid_values_are_taken(void **state)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(documented); i++) {
		struct qemu_set set;

		assert_ok(
			parse(&set, NULL, &documented[i], documented[i].valid));
		assert_reads(&set, &documented[i], documented[i].read_as);
		assert_true(qemu_was_given(&set, documented[i].property));
		qemu_set_finish(&set);
	}
}

static void test_invalid_values_are_refused_by_name(void **state)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(documented); i++) {
		const struct documented *d = &documented[i];
		struct qemu_set set;

		if (!d->invalid)
			continue;
		if (parse(&set, NULL, d, d->invalid) != COFFER_ERR_ARGUMENT)
			fail_msg("%s %s=%s is taken", d->object, d->property,
				d->invalid);
		assert_message(d->object);
		assert_message(d->property);
		if (!strstr(err.msg, d->message))
			fail_msg("%s=%s: '%s' lacks '%s'", d->property,
				d->invalid, err.msg, d->message);
		qemu_set_finish(&set);
	}
}

/* The table above is complete: every property of the three objects is in it,
 * but for the id that all objects have. */
static void test_no_property_is_left_out(void **state)
{
	for (const struct qemu_type *t = qemu_object_types; t->name; t++) {
		if (strncmp(t->name, "sev-", 4) && strcmp(t->name, "igvm-cfg"))
			continue;
		for (const struct qemu_prop *p = t->props; p->name; p++) {
			bool found = strcmp(p->name, "id") == 0;

			for (size_t i = 0; i < CF_ARRAY_LEN(documented); i++)
				found |= strcmp(documented[i].object,
						 t->name) == 0 &&
					strcmp(documented[i].property,
						p->name) == 0;
			if (!found)
				fail_msg("%s.%s has no test", t->name, p->name);
		}
	}
}

/* Command lines in the words of the two documents. */
static enum coffer_status resolve(
	int argc, const char **argv, struct qemu_options *o)
{
	static const struct cli_command self = { .name = "run" };

	assert_int_equal(qemu_options_parse(argc, (char **)argv, &self, o), -1);
	return qemu_resolve(o, &err);
}

#define RESOLVE(o, ...)                                           \
	resolve(sizeof((const char *[]) { "run", __VA_ARGS__ }) / \
			sizeof(char *),                           \
		(const char *[]) { "run", __VA_ARGS__ }, (o))

static void test_documented_command_lines_mean_what_they_say(void **state)
{
	struct qemu_options o;

	assert_ok(RESOLVE(&o, "-machine", "q35,confidential-guest-support=sev0",
		"-object", "sev-guest,id=sev0,cbitpos=47,reduced-phys-bits=1",
		"-bios", "OVMF.fd"));
	assert_int_equal(o.platform, CF_PLATFORM_SEV);
	qemu_options_finish(&o);
	assert_ok(RESOLVE(&o, "-machine", "q35,confidential-guest-support=sev0",
		"-object",
		"sev-guest,id=sev0,cbitpos=47,reduced-phys-bits=1,policy=0x5",
		"-bios", "OVMF.fd"));
	assert_int_equal(o.platform, CF_PLATFORM_SEV_ES);
	qemu_options_finish(&o);
	assert_ok(RESOLVE(&o, "-machine", "q35,confidential-guest-support=sev0",
		"-object",
		"sev-snp-guest,id=sev0,cbitpos=51,reduced-phys-bits=1", "-bios",
		"OVMF.fd"));
	assert_int_equal(o.platform, CF_PLATFORM_SEV_SNP);
	qemu_options_finish(&o);
	assert_ok(RESOLVE(&o, "-machine",
		"q35,confidential-guest-support=sev0,igvm-cfg=igvm0", "-object",
		"sev-guest,id=sev0,cbitpos=47,reduced-phys-bits=1", "-object",
		"igvm-cfg,id=igvm0,file=/path/to/sev-snp.igvm"));
	assert_non_null(o.igvm);
	assert_string_equal(qemu_get(o.igvm, "file"), "/path/to/sev-snp.igvm");
	qemu_options_finish(&o);
}

static void test_pflash_drives_go_to_their_units(void **state)
{
	struct qemu_options o;

	assert_ok(RESOLVE(&o, "-drive", "if=pflash,unit=1,file=vars", "-drive",
		"if=pflash,unit=0,readonly=on,file=code"));
	assert_string_equal(qemu_get(o.pflash[0], "file"), "code");
	assert_string_equal(qemu_get(o.pflash[1], "file"), "vars");
	qemu_options_finish(&o);
	assert_ok(RESOLVE(&o, "-drive", "if=pflash,file=code", "-drive",
		"file=disk", "-drive", "if=pflash,snapshot=on,file=vars"));
	assert_string_equal(qemu_get(o.pflash[0], "file"), "code");
	assert_string_equal(qemu_get(o.pflash[1], "file"), "vars");
	qemu_options_finish(&o);
}

static void test_every_documented_refusal_is_made(void **state)
{
	static const char snp[] =
		"sev-snp-guest,id=s,cbitpos=51,reduced-phys-bits=1";
	static const char igvm[] = "igvm-cfg,id=i,file=f";
	struct qemu_options o;

#define REFUSED(message, ...)                                  \
	do {                                                   \
		if (RESOLVE(&o, __VA_ARGS__) == COFFER_OK)     \
			fail_msg("taken, but: %s", (message)); \
		assert_message(message);                       \
		qemu_options_finish(&o);                       \
	} while (0)

	REFUSED("-bios cannot be given with igvm-cfg", "-machine",
		"q35,igvm-cfg=i", "-object", igvm, "-bios", "x");
	REFUSED("pflash devices cannot be configured when using IGVM",
		"-machine", "q35,igvm-cfg=i", "-object", igvm, "-drive",
		"if=pflash,format=raw,unit=0,readonly=on,file=x");
	REFUSED("SEV-SNP keeps its firmware in private memory", "-machine",
		"q35,confidential-guest-support=s", "-object", snp, "-drive",
		"if=pflash,format=raw,unit=0,readonly=on,file=x");
	REFUSED("unit 1 needs unit 0", "-drive", "if=pflash,unit=1,file=x");
	REFUSED("there are units 0 and 1", "-drive", "if=pflash,unit=2,file=x");
	REFUSED("unit 0 is given twice", "-drive", "if=pflash,file=x", "-drive",
		"if=pflash,unit=0,file=y");
	REFUSED("there are units 0 and 1", "-drive", "if=pflash,file=x",
		"-drive", "if=pflash,file=y", "-drive",
		"if=pflash,index=7,file=z");
	REFUSED("-bios cannot be given with -drive if=pflash", "-bios", "b",
		"-drive", "if=pflash,file=x");
	REFUSED("-drive snapshot=on: only with if=pflash", "-drive",
		"file=x,snapshot=on");
	REFUSED("-blockdev: not supported", "-blockdev",
		"driver=file,node-name=f,filename=x");
	REFUSED("-machine pflash1: not supported", "-machine", "q35,pflash1=f");
	REFUSED("no object has the id 'sev9'", "-machine",
		"q35,confidential-guest-support=sev9");
	REFUSED("no object has the id 'i9'", "-machine", "q35,igvm-cfg=i9");
	REFUSED("does not support SMM", "-machine",
		"q35,smm=on,confidential-guest-support=s", "-object", snp);
	REFUSED("require the in-kernel irqchip", "-machine",
		"q35,kernel-irqchip=off,confidential-guest-support=s",
		"-object", snp);
	REFUSED("range of 1 to 63", "-machine",
		"q35,confidential-guest-support=s", "-object",
		"sev-guest,id=s,cbitpos=47");
	REFUSED("not equal to 96", "-machine",
		"q35,confidential-guest-support=s", "-object",
		"sev-snp-guest,id=s,cbitpos=51,reduced-phys-bits=1,"
		"id-auth=" A32 ",id-block=" A32);
	REFUSED("id-block and id-auth go together", "-machine",
		"q35,confidential-guest-support=s", "-object",
		"sev-snp-guest,id=s,cbitpos=51,reduced-phys-bits=1,"
		"id-block=" A32);
	REFUSED("not equal to 32", "-machine",
		"q35,confidential-guest-support=s", "-object",
		"sev-snp-guest,id=s,cbitpos=51,reduced-phys-bits=1,"
		"host-data=" A16);
	REFUSED("not equal to 16", "-machine",
		"q35,confidential-guest-support=s", "-object",
		"sev-snp-guest,id=s,cbitpos=51,reduced-phys-bits=1,"
		"guest-visible-workarounds=AAAA");
	REFUSED("only be set with secure-tsc", "-machine",
		"q35,confidential-guest-support=s", "-object",
		"sev-snp-guest,id=s,cbitpos=51,reduced-phys-bits=1,"
		"tsc-frequency=2000000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_the_documented_ones),
		cmocka_unit_test(test_valid_values_are_taken),
		cmocka_unit_test(test_invalid_values_are_refused_by_name),
		cmocka_unit_test(test_no_property_is_left_out),
		cmocka_unit_test(
			test_documented_command_lines_mean_what_they_say),
		cmocka_unit_test(test_pflash_drives_go_to_their_units),
		cmocka_unit_test(test_every_documented_refusal_is_made),
	};

	return cmocka_run_group_tests_name("qemu_objects", tests, NULL, NULL);
}
