/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history of page states.  A guest that dies of a nested fault has done
 * something to the page, or forgotten to; the report says what.
 */
#include "accel/soft/sev/sev_priv.h"
#include "accel/soft/sev/sev_state_priv.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PAGE          UINT64_C(4096)
#define MAX_MENTIONED 3

static const char *const event_text[] = {
	[CF_HIST_PRIVATE] = "made private",
	[CF_HIST_SHARED] = "made shared",
	[CF_HIST_VALIDATED] = "validated",
	[CF_HIST_RESCINDED] = "validation rescinded",
	[CF_HIST_ADJUSTED] = "permissions adjusted",
	[CF_HIST_VMSA] = "made a save area",
	[CF_HIST_SMASHED] = "smashed to 4 KiB pages",
	[CF_HIST_JOINED] = "joined to a 2 MiB page",
	[CF_HIST_REPLAYED] = "replaced by an old copy (-fault)",
	[CF_HIST_FLIPPED] = "C-bit flipped (-fault)",
	[CF_HIST_WRITTEN] = "written by the host (-fault)",
};

void cf_history_add(
	struct vcpu *cpu, enum cf_page_event what, uint64_t gpa, uint64_t len)
{
	struct cf_sev_vm *s = cpu->vm->sev_vm;
	uint64_t page = gpa & CF_PAGE_MASK, end = page + len - PAGE;
	struct cf_page_record *last;

	cf_log(cpu->vm->config.log, CF_LOG_DEBUG,
		"rmp: vcpu=%u gpa=0x%016" PRIx64 " pages=%" PRIu64
		" %s rip=0x%016" PRIx64,
		cpu->index, page, len / PAGE, event_text[what],
		cpu->r[CF_R_RIP]);
	pthread_mutex_lock(&s->lock);
	last = &s->history[(s->nhistory - 1) % CF_HISTORY_LEN];
	if (s->nhistory && last->what == what && last->vcpu == cpu->index &&
		(page == last->last + PAGE || page == last->last)) {
		last->last = end;
	} else {
		s->history[s->nhistory % CF_HISTORY_LEN] =
			(struct cf_page_record) { .what = what,
				.vcpu = cpu->index,
				.first = page,
				.last = end,
				.rip = cpu->r[CF_R_RIP] };
		s->nhistory++;
	}
	pthread_mutex_unlock(&s->lock);
}

static struct cf_writer *writer_of(struct cf_vm *vm, uint64_t page)
{
	return &vm->sev_vm->writer[page / PAGE % CF_NWRITERS];
}

void cf_history_write(struct vcpu *cpu, uint64_t gpa, uint64_t rip)
{
	uint64_t page = gpa & CF_PAGE_MASK;
	struct cf_writer *w = writer_of(cpu->vm, page);

	atomic_store_explicit(&w->rip, rip, memory_order_relaxed);
	atomic_store_explicit(&w->vcpu, cpu->index, memory_order_relaxed);
	atomic_store_explicit(&w->page, page | 1, memory_order_relaxed);
}

void cf_history_text(struct cf_vm *vm, uint64_t gpa, char *out, size_t out_len)
{
	struct cf_sev_vm *s = vm->sev_vm;
	uint64_t page = gpa & CF_PAGE_MASK, n;
	unsigned mentioned = 0;
	size_t at = 0;

	pthread_mutex_lock(&s->lock);
	n = s->nhistory < CF_HISTORY_LEN ? s->nhistory : CF_HISTORY_LEN;
	for (uint64_t i = 1; i <= n && mentioned < MAX_MENTIONED; i++) {
		const struct cf_page_record *r =
			&s->history[(s->nhistory - i) % CF_HISTORY_LEN];
		int len;

		if (page < r->first || page > r->last)
			continue;
		len = snprintf(out + at, out_len - at,
			"%s%s by vcpu %u at 0x%" PRIx64,
			mentioned ? "; before: " : "", event_text[r->what],
			r->vcpu, r->rip);
		if (len < 0 || (size_t)len >= out_len - at)
			break;
		at += (size_t)len;
		mentioned++;
	}
	if (!mentioned)
		snprintf(out, out_len, "never converted or validated%s",
			s->nhistory > CF_HISTORY_LEN ? " lately" : "");
	if (writer_of(vm, page)->page == (page | 1)) {
		at = strlen(out);
		snprintf(out + at, out_len - at,
			"; last written by vcpu %u at 0x%" PRIx64,
			writer_of(vm, page)->vcpu, writer_of(vm, page)->rip);
	}
	pthread_mutex_unlock(&s->lock);
}

void cf_sev_explain(struct vcpu *cpu, char *text, size_t size)
{
	size_t len = strlen(text);
	char history[192];

	if (!cpu->vm->sev_vm || cf_sev_of(cpu)->lost == CF_NO_GPA)
		return;
	cf_history_text(
		cpu->vm, cf_sev_of(cpu)->lost, history, sizeof(history));
	snprintf(text + len, size - len,
		"; it had found gpa 0x%" PRIx64 " not validated, page %s",
		cf_sev_of(cpu)->lost, history);
}
