"""Every minute: whom to warn, and what was broken. Each promise is told of once, together with the note that it was."""

from dataclasses import dataclass
from typing import Any

from webapp.accounts.service import notices
from webapp.kit import clock, events, journal, words
from webapp.kit.db import db
from webapp.models import DispatchJob, SlaPolicy
from webapp.sla import events as told
from webapp.sla.queries import basis
from webapp.sla.queries import clocks as reading
from webapp.sla.rules import clocks as counting
from webapp.sla.service import violations

PIECE = 100  # promises of one transaction
NAMED = 4  # jobs that a notice names before “and … more”


@dataclass(frozen=True, slots=True)
class Matter:
    """One promise to tell of."""

    job_id: int
    line: str


def warn() -> int:
    """Warn of promises that are about to be broken; how many, at most twice PIECE."""
    now, matters = clock.now(), []
    for kind in counting.KINDS:
        for each, job, policy in reading.to_warn(kind, now, PIECE):
            due_at = getattr(each, f"{kind}_due_at")
            each.warned = [*each.warned, kind]
            journal.audit(told.WARNING.name, record_type="dispatch_job", record_id=job.id, diff={}, policy=policy.name,
                          kind=counting.WORDS[kind].lower(), due_at=due_at)  # fmt: skip
            events.emit(told.WARNING, job.id, told.of_job(job, policy, kind, due_at))
            matters.append(_matter(job, policy, kind, due_at))
    db.session.flush()
    _tell("warning", matters, "promise is about to be broken", "promises are about to be broken")
    return len(matters)


def breach() -> int:
    """Write down promises that were broken; how many, at most twice PIECE."""
    now, matters = clock.now(), []
    for kind in counting.KINDS:
        for each, job, policy in reading.to_breach(kind, now, PIECE):
            due_at = getattr(each, f"{kind}_due_at")
            if violations.note(job, policy, kind, due_at) is not None:
                matters.append(_matter(job, policy, kind, due_at))
    _tell("danger", matters, "promise was broken", "promises were broken")
    return len(matters)


def _matter(job: DispatchJob, policy: SlaPolicy, kind: str, due_at: Any) -> Matter:
    due = words.date_words(due_at, "datetime", None, basis.zone())
    return Matter(job.id, f"{job.title}: {counting.WORDS[kind].lower()} due {due} ({policy.name})")


def _tell(level: str, matters: list[Matter], one: str, many: str) -> None:
    if not matters:
        return
    alone = len({m.job_id for m in matters}) == 1
    url = f"/jobs/{matters[0].job_id}" if alone else "/sla/violations?state=open"
    title = f"{len(matters)} {many}" if len(matters) > 1 else f"A {one}"
    lines = [m.line for m in matters[:NAMED]]
    more = len(matters) - len(lines)
    text = "; ".join(lines) + (f"; and {more:,} more" if more else "")
    for user in basis.people():
        notices.notify(user.id, level, title, text, url)
