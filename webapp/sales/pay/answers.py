"""What technicians say of their pay in a period: right, or what is wrong with it; and the office's answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webapp.accounts.service import notices
from webapp.kit import clean, clock, context, errors, events, journal, money
from webapp.kit.db import db
from webapp.kit.permissions import demand
from webapp.models import PayAnswer, PayPeriod
from webapp.sales.pay import events as pay_events
from webapp.sales.pay import periods, queries, totals
from webapp.sales.pay.permissions import PAY_ANSWER, PAYROLL_APPROVE

MOST = 1_000  # characters of a note


@dataclass(frozen=True, slots=True)
class Standing:
    """How a technician's answer stands beside what their pay comes to now."""

    row: PayAnswer | None
    total_cents: int
    ended: bool

    @property
    def state(self) -> str:
        """`none`, `approved`, `changed` (approved, but it came to something else), `disputed` or `answered`."""
        if self.row is None:
            return "none"
        if self.row.answer == "approved" and self.row.total_cents != self.total_cents:
            return "changed"
        return self.row.answer


def standing(period: PayPeriod, row: PayAnswer | None, total_cents: int) -> Standing:
    """How an answer stands. Pay can be approved once its period has ended."""
    return Standing(row, total_cents, _ended(period))


def heard(period: PayPeriod, people: Sequence[totals.TechnicianTotals]) -> dict[int, str]:
    """What each technician says of their pay in a period, by technician (see :attr:`Standing.state`)."""
    said, ended = queries.answers(period.id), _ended(period)
    return {p.id: Standing(said.get(p.id), p.total_cents, ended).state for p in people}


def _ended(period: PayPeriod) -> bool:
    return period.status == "closed" or period.end_date < periods.today()


def approve(period_id: int) -> PayAnswer:
    """Say that one's own pay of a period is right. Raises Conflict while the period runs, or for nothing."""
    demand(PAY_ANSWER)
    period, me, sums = _own(period_id)
    if not _ended(period):
        raise errors.Conflict(
            f"{periods.short(period)} runs until {period.end_date:%b} {period.end_date.day}. "
            "You can approve your pay after that."
        )
    if not sums.lines:
        raise errors.Conflict(
            f"Nothing of yours counts in {periods.short(period)}, so there is nothing to approve."
        )
    row = _write(period, me, "approved", sums.total_cents)
    _tell(pay_events.SIGNED_OFF, "signed_off", period, row, total=money.dollars(sums.total_cents))
    return row


def dispute(period_id: int, note: str) -> PayAnswer:
    """Say what is wrong with one's own pay of a period. The office is told. Raises Invalid without words."""
    demand(PAY_ANSWER)
    period, me, sums = _own(period_id)
    problems = clean.Problems()
    words = problems.of("note", clean.lines, note, MOST) or ""
    problems.done()
    if not words:
        raise errors.Invalid.one("note", "Write what is wrong, so that the office can put it right.")
    row = _write(period, me, "disputed", sums.total_cents, words)
    _tell(pay_events.DISPUTED, "disputed", period, row, note=words)
    name = queries.technician(me).name
    for user_id in queries.payroll_users():
        notices.notify(
            user_id, "warning", f"{name} says something is wrong with their pay", words[:300],
            f"/pay-periods/{period.id}/technicians/{me}", f"pay-dispute:{period.id}:{me}",
        )  # fmt: skip
    return row


def reply(period_id: int, technician_id: int, text: str) -> PayAnswer:
    """Answer a dispute; the technician is told. Raises Conflict where there is none, Invalid without words."""
    demand(PAYROLL_APPROVE)
    period = queries.period(period_id)
    row = queries.answer(period.id, technician_id, lock=True)
    if row is None or row.answer != "disputed":
        raise errors.Conflict(f"Nobody waits for an answer about {periods.short(period)} here any more.")
    problems = clean.Problems()
    words = problems.of("reply", clean.lines, text, MOST) or ""
    problems.done()
    if not words:
        raise errors.Invalid.one("reply", "Write what was done about it.")
    before, who = journal.snapshot(row), context.principal()
    row.answer, row.reply, row.replied_at = "answered", words, clock.now()
    row.replied_by = who.id if who.kind == "user" else None
    _audit(
        "dispute_answered",
        period,
        row,
        before,
        technician=queries.technician(technician_id).name,
        reply=words,
    )
    reader = queries.user_of(technician_id)
    if reader is not None:
        title = f"The office answered about your pay of {periods.short(period)}"
        notices.notify(reader, "info", title, words[:300], f"/my/pay/{period.id}")
    return row


def _own(period_id: int) -> tuple[PayPeriod, int, totals.Totals]:
    me = context.principal().technician_id
    if me is None:
        raise errors.Forbidden("Your account is not connected to a technician, so there is no pay of yours.")
    period = queries.period(period_id)
    if period.start_date > periods.today():
        raise errors.NotFound(f"{periods.short(period)} has not begun yet.")
    return period, me, totals.of_technician(period, me)


def _write(period: PayPeriod, me: int, answer: str, cents: int, note: str = "") -> PayAnswer:
    row = queries.answer(period.id, me, lock=True)
    if row is None:
        row = PayAnswer(tenant_id=context.tenant_id(), pay_period_id=period.id, technician_id=me)
        db.session.add(row)
    row.answer, row.total_cents, row.note, row.answered_at = answer, cents, note, clock.now()
    row.reply, row.replied_at, row.replied_by = "", None, None
    db.session.flush()
    return row


def _tell(kind: events.EventKind, action: str, period: PayPeriod, row: PayAnswer, **more: Any) -> None:
    _audit(action, period, row, None, **more)
    note = {"note": row.note} if row.note else {}
    payload = pay_events.payload(period, technician_id=row.technician_id, total_cents=row.total_cents, **note)
    events.emit(kind, period.id, payload)


def _audit(
    action: str, period: PayPeriod, row: PayAnswer, before: dict[str, Any] | None, **more: Any
) -> None:
    now = journal.snapshot(row)
    diff = journal.difference(before or dict.fromkeys(now), now)
    journal.audit(f"pay_period.{action}", record_type="pay_period", record_id=period.id, diff=diff,
                  technician_id=row.technician_id, **more)  # fmt: skip
