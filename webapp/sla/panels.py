"""What promises tell on a job's page and on the board."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from webapp.dispatch import registry
from webapp.dispatch.queries import pages
from webapp.kit import permissions, timeline, values, words
from webapp.models import DispatchJob
from webapp.sla import queries
from webapp.sla.permissions import SLA_READ
from webapp.sla.queries import basis
from webapp.sla.rules.clocks import WORDS

STATES = {
    "met": ("Kept", "success"),
    "late": ("Kept late", "danger"),
    "breached": ("Broken", "danger"),
    "warned": ("Soon due", "warning"),
    "paused": ("Paused", "warning"),
    "running": ("Running", "info"),
    "ended": ("Over", "neutral"),
}
DEEDS = {
    "sla.warning": timeline.Deed("warned: the {kind} is due soon ({policy})", "timer", "warning"),
    "sla.breached": timeline.Deed("noticed that the {kind} is late ({policy})", "timer", "danger"),
    "sla.excused": timeline.Deed("excused the late {kind}", "thumbs-up", "success", body="reason"),
    "sla.unexcused": timeline.Deed("took the excuse of the late {kind} back", "undo-2", "warning"),
}


def install() -> None:
    """Register with dispatch. Safe to call again."""
    pages.DEEDS.update(DEEDS)
    if of_job not in registry.JOB_PANELS:
        registry.JOB_PANELS.append(of_job)
    if marks not in registry.MARKS:
        registry.MARKS.append(marks)


def of_job(job: DispatchJob) -> dict[str, Any] | None:
    """How the promises on a job stand; None where nothing is promised."""
    if not permissions.may(SLA_READ):
        return None
    found = queries.of_jobs([job.id]).get(job.id)
    if not found:
        return None
    zone = basis.zone()
    facts = []
    for each in found:
        label, tone = STATES[each.state]
        if each.excuse is not None:
            label, tone = "Excused", "neutral"
        due = words.date_words(each.due_at, "datetime", None, zone)
        said = [f"Due {due}", each.words, f"Excused: {each.excuse}" if each.excuse else ""]
        facts.append(
            {
                "label": WORDS[each.kind],
                "html": values.pill(each.state, label, tone),
                "hint": " · ".join(s for s in said if s),
            }
        )
    broken = any(each.state in ("breached", "late") for each in found)
    return {
        "title": "Promised by the clock",
        "subtitle": found[0].policy,
        "facts": facts,
        "url": f"/sla/violations?job={job.id}" if broken else None,
        "url_label": "Breaches",
    }


def marks(job_ids: Collection[int]) -> Mapping[int, Sequence[registry.Mark]]:
    """For the board: what is broken in red, what soon will be in yellow; nothing of what runs well or was excused.
    Whoever may not open promises sees none here either."""
    if not permissions.may(SLA_READ):
        return {}
    found = {}
    for job_id, standings in queries.of_jobs(job_ids).items():
        mine = []
        for each in standings:
            said = f"{WORDS[each.kind]} {each.words}"
            if each.state == "breached" and each.excuse is None:
                mine.append(registry.Mark(f"sla-{each.kind}-breached", said, "danger", "timer", each.due_at))
            elif each.state == "warned":
                mine.append(registry.Mark(f"sla-{each.kind}-warning", said, "warning", "timer", each.due_at))
        if mine:
            found[job_id] = mine
    return found
