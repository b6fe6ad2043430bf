"""What a phone kept while it had no signal, done once each, in the order of the queue.

An action comes with a key of its own. Whatever it came to (done, a conflict with the office, refused) is the answer to
that key for ever, so that a phone whose connection broke may send it again without harm.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from flask import Response

from webapp.dispatch.queries import basis, own
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.service import conflicts, fieldwork, positions, reported
from webapp.kit import clock, crypto, errors, idempotency, journal, json
from webapp.kit.db import db, find
from webapp.models import DispatchJob
from webapp.phone import shapes
from webapp.sales import service as sales
from webapp.timesheets import service as timesheets

Outcome = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One entry of a phone's queue. `happened_at` and `sent_at` are by the phone's clock; `seen_pass` is what the phone
    was given with the job."""

    key: str
    kind: str
    job_id: int | None = None
    happened_at: datetime | None = None
    sent_at: datetime | None = None
    seen_pass: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    picture: bytes = b""


def perform(action: Action) -> Response:
    """Do an action of the present technician's phone, or give the answer of the first time again.

    The answer says `done`, `conflict` (both versions are kept) or `refused` with a sentence: all three are final.
    Raises Conflict while the same action is under way, Invalid for a key that was used for something else.
    """
    own.me()
    what = _what(action)
    replayed = idempotency.begin(action.key, what)
    if replayed is not None:
        return replayed
    answer = json.answer(_outcome(action), 200, milliseconds=True)
    idempotency.finish(action.key, what, answer)
    return answer


def _what(action: Action) -> bytes:
    """What makes an action the same one: not when it is sent, nor how."""
    return orjson.dumps(
        [action.kind, action.job_id, dict(action.data), crypto.digest(action.picture.hex()).hex() if action.picture else ""],
        option=orjson.OPT_SORT_KEYS,
    )  # fmt: skip


def _outcome(action: Action) -> Outcome:
    mark = _Mark()
    try:
        with db.session.begin_nested():
            return {"outcome": "done", **_do(action)}
    except fieldwork.Clashed as problem:
        mark.back()
        return _conflict(action, problem.clash)
    except sales.WhoIsThis as problem:
        mark.back()
        found = [{"id": c.customer_id, "name": c.name, "hint": c.hint} for c in problem.candidates]
        return {"outcome": "refused", "message": problem.message, "candidates": found}
    except errors.NotFound as problem:
        mark.back()
        lost = _lost(action)
        return _conflict(action, lost) if lost is not None else _refused(action, problem)
    except (errors.Invalid, errors.Conflict, errors.Forbidden, errors.TooLarge) as problem:
        mark.back()
        return _refused(action, problem)


class _Mark:
    """Where the journal stood: what a part that was undone has collected is undone with it."""

    def __init__(self) -> None:
        pending = journal.pending()
        self.lengths = [
            len(x) for x in (pending.events, pending.audit, pending.tallies, pending.after_commit)
        ]

    def back(self) -> None:
        pending = journal.pending()
        lists: tuple[list[Any], ...] = (pending.events, pending.audit, pending.tallies, pending.after_commit)
        for found, length in zip(lists, self.lengths, strict=True):
            del found[length:]


def _do(action: Action) -> Outcome:
    if action.kind in fieldwork.ACTS:
        return _on_job(action)
    if action.kind not in OTHERS:
        raise errors.Invalid.one("kind", f"must be one of {', '.join([*fieldwork.ACTS, *OTHERS])}.")
    return OTHERS[action.kind](action)


def _on_job(action: Action) -> Outcome:
    at = reported.moment(action.happened_at, action.sent_at)
    act = _act(action)
    fieldwork.check(act.data)
    try:
        done = fieldwork.perform(act, at)
    except (ValueError, TypeError, KeyError):  # what a phone of ours never sends
        raise errors.Invalid.one("data", "This cannot be read.") from None
    found: Outcome = {"id": done.record_id}
    if done.clash is not None:
        me = own.me()
        kept = conflicts.keep(act, done.clash, me, at)
        found["conflict"] = shapes.conflict(kept)
    return found


def _act(action: Action) -> fieldwork.Act:
    if action.job_id is None:
        raise errors.Invalid.one("job_id", "Say which job it is about.")
    return fieldwork.Act(action.kind, action.job_id, action.data, action.picture)


def _conflict(action: Action, clash: fieldwork.Clash) -> Outcome:
    try:
        at = reported.moment(action.happened_at, action.sent_at)
        kept = conflicts.keep(_act(action), clash, own.me(), at)
    except (errors.Invalid, errors.TooLarge) as problem:
        return _refused(action, problem)
    return {"outcome": "conflict", "message": clash.words, "conflict": shapes.conflict(kept)}


def _lost(action: Action) -> fieldwork.Clash | None:
    """The clash with the office for a job that was the technician's when the phone last heard of it."""
    if action.job_id is None or action.kind not in fieldwork.ACTS:
        return None
    job = find(DispatchJob, action.job_id)
    if job is None or reading.is_sent(job.id, own.me()) or not _was_mine(action):
        return None
    if job.status == "cancelled":
        found = f"Cancelled: {job.cancel_reason}"
        return fieldwork.Clash(
            _subject(action), f"The office cancelled this job: {job.cancel_reason}", {"words": found}
        )
    return fieldwork.Clash(_subject(action), "The office sent somebody else to this job meanwhile.",
                           {"words": f"With {_crew(job)} now"})  # fmt: skip


def _subject(action: Action) -> str:
    return {"material": "a material", "reading": "a reading"}.get(action.kind, action.kind.replace("-", " "))


def _crew(job: DispatchJob) -> str:
    crews = reading.sent([v.id for v in reading.visits(job.id)])
    return ", ".join(dict.fromkeys(s.name for crew in crews.values() for s in crew)) or "nobody"


def _refused(action: Action, problem: errors.AppError) -> Outcome:
    """Say why; the office hears of work that could not be taken over, so that nobody waits for it."""
    journal.audit("phone.refused", diff={}, record_type="dispatch_job" if action.job_id else "", record_id=_known(action),
                  kind=action.kind, message=problem.message)  # fmt: skip
    return {"outcome": "refused", "message": problem.message, "details": problem.details}


def _known(action: Action) -> int | None:
    job = find(DispatchJob, action.job_id) if action.job_id is not None else None
    return job.id if job is not None else None


# Beside jobs ------------------------------------------------------------------------------------------------------


def _punch(action: Action) -> timesheets.Punch:
    data = action.data
    return timesheets.Punch(
        latitude=data.get("latitude"), longitude=data.get("longitude"), happened_at=action.happened_at,
        sent_at=action.sent_at if _is_wrong(action.sent_at) else None, source="phone",
    )  # fmt: skip


def _is_wrong(sent_at: datetime | None) -> bool:
    return sent_at is not None and abs(clock.now() - sent_at) > reported.AHEAD


def _clock_in(action: Action) -> Outcome:
    timesheets.clock_in(_punch(action))
    return {"clock": shapes.time(own.me())}


def _clock_out(action: Action) -> Outcome:
    timesheets.clock_out(_punch(action))
    return {"clock": shapes.time(own.me())}


def _start_break(action: Action) -> Outcome:
    timesheets.start_break(_punch(action), str(action.data.get("kind") or "lunch"))
    return {"clock": shapes.time(own.me())}


def _end_break(action: Action) -> Outcome:
    timesheets.end_break(_punch(action))
    return {"clock": shapes.time(own.me())}


def _consent(action: Action) -> Outcome:
    if action.data.get("agreed"):
        positions.agree()
    else:
        positions.withdraw()
    return {"consent": shapes.consent(own.me())}


def _sale(action: Action) -> Outcome:
    me, data = own.me(), action.data
    job = _own_job(action)
    at = reported.moment(action.happened_at, action.sent_at)
    buyer = sales.Buyer(
        customer_id=job.customer_id if job is not None else None,
        name="" if job is not None and job.customer_id else _buyer_name(data, job),
        phone=str(data.get("customer_phone") or ""), chosen=str(data.get("customer_choice") or ""), ask=job is None,
    )  # fmt: skip
    price, item = data.get("price_cents"), data.get("item_id")
    if not isinstance(item, int) or not isinstance(price, int) or max(abs(item), abs(price)) >= 2**63:
        raise errors.Invalid.one("item_id", "A sale needs an item and a price.")
    made = sales.record(
        sales.NewSale(
            technician_id=me, item_id=item, sale_price_cents=price, buyer=buyer,
            sold_on=at.astimezone(ZoneInfo(basis.zone())).date(),
            payment_type=str(data.get("payment_type") or ""), source="phone",
            notes="\n".join(x for x in (f"Job {job.id}" if job else "", str(data.get("notes") or "")) if x),
        )
    )  # fmt: skip
    earned = sum(line.amount_cents for line in made.snapshot.lines if line.technician_id == me)
    return {"id": made.sale.id, "earned_cents": earned, "url": f"/my/sales/{made.sale.id}"}


def _own_job(action: Action) -> DispatchJob | None:
    """The job on which something was sold: one that is the technician's, or was when the phone last heard."""
    if action.job_id is None:
        return None
    job = find(DispatchJob, action.job_id)
    if job is None or not (reading.is_sent(job.id, own.me()) or _was_mine(action)):
        raise errors.NotFound(f"No job of yours has the number {action.job_id}.")
    return job


def _was_mine(action: Action) -> bool:
    given = crypto.unsign(shapes.PROOF, action.seen_pass, shapes.PROOF_DAYS * 86400)
    return bool(given == [action.job_id, own.me()])


def _buyer_name(data: Mapping[str, Any], job: DispatchJob | None) -> str:
    return str(data.get("customer_name") or (job.customer_name if job is not None else ""))


OTHERS: Final[Mapping[str, Callable[[Action], Outcome]]] = {
    "clock-in": _clock_in,
    "clock-out": _clock_out,
    "break": _start_break,
    "break-end": _end_break,
    "consent": _consent,
    "sale": _sale,
}
