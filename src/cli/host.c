/* SPDX-License-Identifier: Apache-2.0 */
/* coffer host: what this machine can run, and what stands in the way. */
#include "cli/cli.h"

#include "base/base.h"
#include "kvm/host.h"

#include <json-c/json.h>
#include <string.h>

static const char *const generation_names[] = {
	[CF_KVM_PLAIN] = "plain KVM",
	[CF_KVM_SEV] = "SEV",
	[CF_KVM_SEV_ES] = "SEV-ES",
	[CF_KVM_SEV_SNP] = "SEV-SNP",
};
static const char *const json_names[] = {
	[CF_KVM_PLAIN] = "kvm",
	[CF_KVM_SEV] = "sev",
	[CF_KVM_SEV_ES] = "sev-es",
	[CF_KVM_SEV_SNP] = "sev-snp",
};

static void print_text(const struct cf_host_report *r)
{
	for (size_t i = 0; i < CF_ARRAY_LEN(r->can); i++) {
		bool yes = r->can[i] == CF_HOST_YES;

		printf("%-10s %s%s%s\n", generation_names[i],
			yes ? cli_green(stdout) : cli_red(stdout),
			yes ? "yes" : "no", cli_reset(stdout));
	}
	printf("%-10s %syes%s (in software, anywhere: -accel soft)\n\n",
		"simulated", cli_green(stdout), cli_reset(stdout));
	for (size_t i = 0; i < r->nlines; i++) {
		const struct cf_host_line *l = &r->line[i];
		bool ok = l->verdict == CF_HOST_YES;

		printf("%s%-3s%s %-28s %s\n",
			ok ? cli_green(stdout) : cli_red(stdout),
			ok ? "ok" : "no", cli_reset(stdout), l->what, l->found);
		if (l->remedy[0])
			printf("    %-28s -> %s\n", "", l->remedy);
	}
}

static struct json_object *json_line(const struct cf_host_line *l)
{
	struct json_object *o = json_object_new_object();
	struct json_object *needed = json_object_new_array();

	json_object_object_add(o, "check", json_object_new_string(l->what));
	json_object_object_add(
		o, "ok", json_object_new_boolean(l->verdict == CF_HOST_YES));
	json_object_object_add(o, "found", json_object_new_string(l->found));
	if (l->remedy[0])
		json_object_object_add(
			o, "remedy", json_object_new_string(l->remedy));
	for (size_t g = 0; g < CF_ARRAY_LEN(json_names); g++)
		if (l->needed_by >> g & 1)
			json_object_array_add(
				needed, json_object_new_string(json_names[g]));
	json_object_object_add(o, "needed-by", needed);
	return o;
}

static void print_json(const struct cf_host_report *r)
{
	struct json_object *o = json_object_new_object();
	struct json_object *can = json_object_new_object();
	struct json_object *lines = json_object_new_array();

	for (size_t i = 0; i < CF_ARRAY_LEN(r->can); i++)
		json_object_object_add(can, json_names[i],
			json_object_new_boolean(r->can[i] == CF_HOST_YES));
	for (size_t i = 0; i < r->nlines; i++)
		json_object_array_add(lines, json_line(&r->line[i]));
	json_object_object_add(o, "can", can);
	json_object_object_add(o, "checks", lines);
	puts(json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

static int run(int argc, char **argv, const struct cli_command *self)
{
	struct cf_host_facts facts;
	struct cf_host_report report;
	struct cli_args args;
	const char *need;
	int leave = cli_parse(argc, argv, self, &args);

	if (leave >= 0)
		return leave;
	leave = CLI_OK;
	need = cli_get(&args, "require");
	cf_host_gather(cf_kvm_sys_linux(), &facts);
	cf_host_judge(&facts, &report);
	if (cli_has(&args, "json"))
		print_json(&report);
	else
		print_text(&report);
	if (need) {
		size_t g = 0;

		while (g < CF_ARRAY_LEN(json_names) &&
			strcmp(json_names[g], need))
			g++;
		if (g == CF_ARRAY_LEN(json_names))
			leave = cli_usage(self,
				"--require: '%s' is none of kvm, sev, sev-es, "
				"sev-snp",
				need);
		else if (report.can[g] != CF_HOST_YES)
			leave = cli_fail(self, "this host cannot run %s guests",
				generation_names[g]);
	}
	cli_args_finish(&args);
	return leave;
}

static const struct cli_option options[] = {
	{ "require", 0, "WHAT",
		"fail unless it can run: kvm, sev, sev-es or sev-snp", false },
	{ "json", 0, NULL, "print facts as JSON", false },
	{ 0 },
};

const struct cli_command cli_host = {
	.name = "host",
	.args = "",
	.summary = "tell what this machine can run, and what stands in the way",
	.details = "Each line is one requirement: processor, BIOS option, "
		   "module parameter, device,\nfirmware or limit, with the "
		   "remedy when it is not met.",
	.options = options,
	.run = run,
};
