"""Taking back what was just done on the board: by the same rules, and only while nobody has changed it since.

What to put back rides in a signed token of the toast, for a day; nothing is kept on the server.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_OVERRIDE
from webapp.dispatch.queries import board
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.service import blocks, placing, shifts, together
from webapp.dispatch.service.jobs import confirm
from webapp.kit import context, crypto, errors, journal
from webapp.kit.db import get
from webapp.kit.permissions import demand, may
from webapp.models import DispatchJob, LaneBlock, Visit

PURPOSE = "board-undo"
DAY = 24 * 3600


def move(visit_id: int, to: placing.Placement) -> tuple[Visit, str]:
    """As :func:`placing.place`; besides the visit a token that takes the move back, empty when nothing changed."""
    demand(DISPATCH_ASSIGN)
    was = state([visit_id])[visit_id] | {"reason": board.accepted(visit_id)}
    visit = placing.place(visit_id, to)
    if visit.version == was["version"]:
        return visit, ""
    return visit, _token("visit", visit.id, was | {"version": visit.version})


def state(visit_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """How visits stand now, as JSON, so that they can be put back: by visit."""
    sent = reading.sent(list(visit_ids))
    found = {n: get(Visit, n, what="visit") for n in visit_ids}
    return {
        n: {"start": _iso(visit.scheduled_start), "end": _iso(visit.scheduled_end),
            "crew": [s.technician_id for s in sent[n]], "pinned": visit.pinned,
            "confirmed": get(DispatchJob, visit.job_id).confirmed_at is not None, "version": visit.version}
        for n, visit in found.items()
    }  # fmt: skip


def put_all_back(was: Mapping[int, Mapping[str, Any]], reason: str) -> None:
    """Several visits as :func:`state` had them, in one go; `version` is the one that they must have now.

    What was in the way of them then is accepted again, with the reason. Raises as :func:`together.place_all`.
    """
    together.place_all(
        {n: placing.Placement(
            starts_at=_moment(old["start"]), ends_at=_moment(old["end"]), unschedule=old["start"] is None,
            technician_ids=tuple(old["crew"]), version=old["version"],
        ) for n, old in was.items()},
        reason=reason, override=reason,
    )  # fmt: skip
    for n in [n for n, old in was.items() if old["confirmed"]]:
        job = get(DispatchJob, get(Visit, n).job_id)
        if job.confirmed_at is None:
            confirm(job.id)


def of_block(block: LaneBlock, before: Mapping[str, Any] | None) -> str:
    """A token that takes a block back: one just put there (`before` None), or one that was moved or changed."""
    if before is None:
        return _token("block-made", block.id, {"version": block.version})
    names = (*blocks.FIELDS, "technician_id")
    return _token(
        "block-changed",
        block.id,
        {"version": block.version, "was": {n: journal.plain(before[n]) for n in names}},
    )


def of_removed(kind: str, values: Mapping[str, Any]) -> str:
    """A token that puts a removed block (`block-removed`) or on-call turn (`turn-removed`) back."""
    return _token(kind, 0, journal.plain(dict(values)))


def take_back(token: str) -> str:
    """Undo what a token is of; what was done, in a sentence.

    Raises BadRequest for a token that is not ours, Conflict (with every clash) when the rules do not allow it any more.
    """
    found = crypto.unsign(PURPOSE, token, DAY)
    if not isinstance(found, dict) or found.get("tenant") != str(context.tenant_id()):
        raise errors.BadRequest("This cannot be undone any more.")
    kind, number, was = found["kind"], found["id"], found["was"]
    if kind == "visit":
        return _put_back(number, was)
    if kind == "block-made":
        blocks.remove(number, version=was["version"])
        return "The block is taken off again."
    if kind == "block-changed":
        old = was["was"]
        blocks.update(number, _times(old), technician_id=old["technician_id"], version=was["version"])
        return "The block is back where it was."
    if kind == "turn-removed":
        shifts.add_turn(was["technician_id"], _times(was))
        return "The turn is back."
    blocks.create(was["technician_id"], _times(was), status=was["status"])
    return "The block is back."


def _put_back(visit_id: int, was: Mapping[str, Any]) -> str:
    start, end = _moment(was["start"]), _moment(was["end"])
    reason = was["reason"] if may(DISPATCH_OVERRIDE) else ""
    visit = placing.place(visit_id, placing.Placement(
        starts_at=start, ends_at=end, unschedule=start is None, technician_ids=tuple(was["crew"]), pinned=was["pinned"],
        version=was["version"], override_reason=reason,
    ))  # fmt: skip
    job = get(DispatchJob, visit.job_id)
    if was["confirmed"] and job.confirmed_at is None:
        confirm(job.id)
    names = ", ".join(s.name for s in reading.sent([visit_id])[visit_id])
    return (
        f"Put back: {job.title} is with {names} again."
        if names
        else f"Put back: {job.title} waits in the tray again."
    )


def _token(kind: str, number: int, was: Mapping[str, Any]) -> str:
    return crypto.sign(
        PURPOSE, {"tenant": str(context.tenant_id()), "kind": kind, "id": number, "was": dict(was)}
    )


def _times(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**values, **{n: _moment(values[n]) for n in ("starts_at", "ends_at")}}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
