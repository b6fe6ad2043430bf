"""Time on a lane that is no job, and time off that technicians ask for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webapp.dispatch import events as told
from webapp.dispatch.permissions import DISPATCH_OWN, SCHEDULE_EDIT
from webapp.dispatch.queries import own
from webapp.dispatch.queries import schedules as reading
from webapp.dispatch.rules import clashes, schedules
from webapp.dispatch.service.placing import Stale
from webapp.kit import clock, errors, events, journal, locks, timeline
from webapp.kit.db import add, db, find, get
from webapp.kit.permissions import demand
from webapp.models import LaneBlock, Technician

FIELDS = ("kind", "title", "note", "starts_at", "ends_at")


def create(technician_id: int, values: Mapping[str, Any], *, status: str = "approved") -> LaneBlock:
    """Put a block on a technician's lane. What stands there already stays: jobs under it are shown as clashing.

    Raises Invalid, NotFound, Conflict when a block of the same kind is there already.
    """
    demand(SCHEDULE_EDIT)
    return _create(technician_id, values, status)


def _create(technician_id: int, values: Mapping[str, Any], status: str) -> LaneBlock:
    technician = find(Technician, technician_id)
    if technician is None:
        raise errors.NotFound(f"No technician has the number {technician_id}.")
    kept = schedules.block(values)
    locks.hold("lane", technician_id)
    _refuse_twice(technician, kept, None)
    block = add(LaneBlock(technician_id=technician_id, status=status, **kept))
    asked = status == "requested"
    journal.audit("lane.time-off-requested" if asked else "lane.block-created", block)
    events.emit(told.LEAVE_ASKED if asked else told.BLOCK_CREATED, block.id, payload(block))
    return block


def update(
    block_id: int, changes: Mapping[str, Any], *, technician_id: int | None = None, version: int | None = None
) -> LaneBlock:
    """Change or move a block, also to another lane; what is not named stays. Raises Stale, Invalid, NotFound, Conflict."""
    demand(SCHEDULE_EDIT)
    block = get(LaneBlock, block_id, what="block", lock=True)
    _check_version(block, version)
    before = journal.snapshot(block)
    kept = schedules.block({**before, **{k: v for k, v in changes.items() if k in FIELDS}})
    lane = technician_id if technician_id is not None else block.technician_id
    technician = find(Technician, lane)
    if technician is None:
        raise errors.NotFound(f"No technician has the number {lane}.")
    for number in sorted({lane, block.technician_id}):
        locks.hold("lane", number)
    _refuse_twice(technician, kept, block.id)
    block.technician_id = lane
    for name, value in kept.items():
        setattr(block, name, value)
    if before == journal.snapshot(block):
        return block
    block.version += 1
    db.session.flush()
    journal.audit("lane.block-changed", block, before=before)
    events.emit(told.BLOCK_CHANGED, block.id, payload(block))
    return block


def remove(block_id: int, *, version: int | None = None) -> dict[str, Any]:
    """Take a block off its lane; its values, so that it can be put back. Raises Stale and NotFound."""
    demand(SCHEDULE_EDIT)
    block = get(LaneBlock, block_id, what="block", lock=True)
    _check_version(block, version)
    return _remove(block)


def _remove(block: LaneBlock) -> dict[str, Any]:
    kept = {
        "technician_id": block.technician_id,
        "status": block.status,
        **{n: getattr(block, n) for n in FIELDS},
    }
    before = journal.snapshot(block)
    journal.audit("lane.block-removed", block, diff=journal.difference(before, dict.fromkeys(before)))
    events.emit(told.BLOCK_REMOVED, block.id, payload(block))
    db.session.delete(block)
    db.session.flush()
    return kept


def ask_for_leave(starts_at: datetime | None, ends_at: datetime | None, note: str = "") -> LaneBlock:
    """A technician asks for time off. Raises Invalid for a time that is over, Conflict when it is theirs already."""
    demand(DISPATCH_OWN)
    if ends_at is not None and ends_at <= clock.now():
        raise errors.Invalid.one("ends_at", "That time is over.")
    values = {"kind": "time_off", "note": note, "starts_at": starts_at, "ends_at": ends_at}
    return _create(own.me(), values, "requested")


def withdraw(block_id: int) -> None:
    """A technician takes a request for time off back. Raises NotFound for somebody else's, Conflict when decided."""
    demand(DISPATCH_OWN)
    block = find(LaneBlock, block_id, lock=True)
    if block is None or block.technician_id != own.me() or block.kind != "time_off":
        raise errors.NotFound("That request is not yours, or is there no more.")
    if block.status != "requested":
        raise errors.Conflict("It is decided already. Ask the office.")
    _remove(block)


def decide(block_id: int, decision: str, *, note: str = "", version: int | None = None) -> LaneBlock:
    """Approve or decline time off that was asked for; a decision may be turned round. Raises Stale, Conflict, NotFound."""
    demand(SCHEDULE_EDIT)
    if decision not in ("approved", "declined"):
        raise errors.Invalid.one("status", "must be approved or declined.")
    block = get(LaneBlock, block_id, what="block", lock=True)
    _check_version(block, version)
    if block.kind != "time_off":
        raise errors.Conflict("Only time off is approved or declined.")
    if block.status == decision:
        raise errors.Conflict(f"This time off is {decision} already.")
    before = journal.snapshot(block)
    locks.hold("lane", block.technician_id)
    if decision == "approved":
        _refuse_twice(get(Technician, block.technician_id), before, block.id)
    block.status, block.version = decision, block.version + 1
    db.session.flush()
    journal.audit("lane.time-off-decided", block, before=before, note=note)
    events.emit(told.LEAVE_DECIDED, block.id, payload(block) | {"decision": decision, "note": note})
    return block


def payload(block: LaneBlock) -> dict[str, Any]:
    """What events say of a block."""
    names = ("id", "technician_id", "kind", "title", "status", "starts_at", "ends_at")
    return {name: getattr(block, name) for name in names}


def _check_version(block: LaneBlock, version: int | None) -> None:
    if version is not None and version != block.version:
        found, _ = timeline.read("lane_block", block.id, limit=1)
        who = found[0].actor_name if found and found[0].actor_name else "Somebody"
        raise Stale(
            f"{who} changed this meanwhile. Nothing of yours was changed.", details={"version": block.version}
        )


def _refuse_twice(technician: Technician, kept: Mapping[str, Any], besides: int | None) -> None:
    other = reading.same_kind(technician.id, kept["kind"], kept["starts_at"], kept["ends_at"], besides)
    if other is not None:
        what = clashes.BLOCK_WORDS.get(other.kind, "blocked time")
        raise errors.Conflict(f"{technician.name} has {what} then already.", details={"block_id": other.id})
