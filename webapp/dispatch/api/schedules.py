"""Blocks, shifts, on-call turns and dispatch profiles over the field API, under `/admin/dispatch`."""

from typing import Any

from webapp.dispatch import schedule_schemas as schemas
from webapp.dispatch.permissions import DISPATCH_OWN, DISPATCH_READ, SCHEDULE_EDIT
from webapp.dispatch.queries import own
from webapp.dispatch.queries import schedules as reading
from webapp.dispatch.schedule_schemas import shape
from webapp.dispatch.service import blocks, profiles, shifts
from webapp.kit import clock, errors, paging
from webapp.kit.api import Api
from webapp.kit.db import find, get
from webapp.kit.dialects import FIELD
from webapp.models import DispatchProfile, LaneBlock, OnCallTurn, Shift, Technician

api = Api("schedules_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Schedules")
HOME = "/admin/dispatch"


def _given(body: Any) -> dict[str, Any]:
    """What a change names. A required time cannot be taken away."""
    sent: dict[str, Any] = body.model_dump(exclude_unset=True, exclude={"version"})
    for name in ("starts_at", "ends_at"):
        if name in sent and sent[name] is None:
            raise errors.Invalid.one(name, f"{name} cannot be empty.")
    return sent


def _named(sent: dict[str, Any]) -> int | None:
    number: int | None = sent.pop("technician_id", None)
    return number


# Blocks -------------------------------------------------------------------------------------------------------------


@api.get(
    f"{HOME}/blocks", permission=DISPATCH_READ, query=schemas.BlockQuery, returns=schemas.BlockOut, paged=True
)
def list_blocks(query: schemas.BlockQuery) -> Any:
    """List blocks by when they begin."""
    statement = reading.blocks_numbered(
        technician_id=query.technician_id, kind=query.kind or "", status=query.status or "", starts_from=query.starts_from,
        starts_before=query.starts_before, updated_since=query.updated_since,
    )  # fmt: skip
    return paging.numbered(statement, query, lambda b: shape(b, schemas.BlockOut), scalars=True)


@api.post(
    f"{HOME}/blocks", permission=SCHEDULE_EDIT, body=schemas.BlockIn, returns=schemas.BlockOut, status=201
)
def create_block(body: schemas.BlockIn) -> dict[str, Any]:
    """Put a block on a technician's lane."""
    return shape(blocks.create(body.technician_id, body.model_dump()), schemas.BlockOut)


@api.get(f"{HOME}/blocks/<int:block_id>", permission=DISPATCH_READ, returns=schemas.BlockOut)
def get_block(block_id: int) -> dict[str, Any]:
    """One block."""
    return shape(get(LaneBlock, block_id, what="block"), schemas.BlockOut)


@api.patch(
    f"{HOME}/blocks/<int:block_id>",
    permission=SCHEDULE_EDIT,
    body=schemas.BlockChange,
    returns=schemas.BlockOut,
)
def update_block(block_id: int, body: schemas.BlockChange) -> dict[str, Any]:
    """Change a block, or move it to another lane."""
    sent = _given(body)
    lane = _named(sent)
    return shape(blocks.update(block_id, sent, technician_id=lane, version=body.version), schemas.BlockOut)


@api.delete(f"{HOME}/blocks/<int:block_id>", permission=SCHEDULE_EDIT, returns=schemas.Removed)
def delete_block(block_id: int) -> dict[str, Any]:
    """Take a block off its lane."""
    blocks.remove(block_id)
    return {"id": block_id, "deleted": True}


@api.patch(
    f"{HOME}/blocks/<int:block_id>/decision",
    permission=SCHEDULE_EDIT,
    body=schemas.Decision,
    returns=schemas.BlockOut,
)
def decide_block(block_id: int, body: schemas.Decision) -> dict[str, Any]:
    """Approve or decline time off that a technician asked for."""
    return shape(blocks.decide(block_id, body.status, note=body.note), schemas.BlockOut)


@api.get(
    "/tech/dispatch/time-off",
    permission=DISPATCH_OWN,
    query=paging.PageQuery,
    returns=schemas.BlockOut,
    paged=True,
)
def list_own_leave(query: paging.PageQuery) -> Any:
    """List the time off one asked for or has."""
    statement = reading.blocks_numbered(
        technician_id=own.me(), kind="time_off", updated_since=query.updated_since
    )
    return paging.numbered(statement, query, lambda b: shape(b, schemas.BlockOut), scalars=True)


@api.post(
    "/tech/dispatch/time-off",
    permission=DISPATCH_OWN,
    body=schemas.LeaveIn,
    returns=schemas.BlockOut,
    status=201,
)
def ask_for_leave(body: schemas.LeaveIn) -> dict[str, Any]:
    """Ask for time off."""
    return shape(blocks.ask_for_leave(body.starts_at, body.ends_at, body.note), schemas.BlockOut)


# Shifts -------------------------------------------------------------------------------------------------------------


@api.get(
    f"{HOME}/shifts", permission=DISPATCH_READ, query=schemas.ShiftQuery, returns=schemas.ShiftOut, paged=True
)
def list_shifts(query: schemas.ShiftQuery) -> Any:
    """List shifts in the order they were written down."""
    statement = reading.shifts_numbered(technician_id=query.technician_id, updated_since=query.updated_since)
    return paging.numbered(statement, query, lambda s: shape(s, schemas.ShiftOut), scalars=True)


@api.post(
    f"{HOME}/shifts", permission=SCHEDULE_EDIT, body=schemas.ShiftIn, returns=schemas.ShiftOut, status=201
)
def create_shift(body: schemas.ShiftIn) -> dict[str, Any]:
    """Write down when a technician works."""
    return shape(shifts.create(body.technician_id, body.model_dump()), schemas.ShiftOut)


@api.get(f"{HOME}/shifts/<int:shift_id>", permission=DISPATCH_READ, returns=schemas.ShiftOut)
def get_shift(shift_id: int) -> dict[str, Any]:
    """One shift."""
    return shape(get(Shift, shift_id, what="shift"), schemas.ShiftOut)


@api.patch(
    f"{HOME}/shifts/<int:shift_id>",
    permission=SCHEDULE_EDIT,
    body=schemas.ShiftChange,
    returns=schemas.ShiftOut,
)
def update_shift(shift_id: int, body: schemas.ShiftChange) -> dict[str, Any]:
    """Change a shift."""
    return shape(shifts.update(shift_id, body.model_dump(exclude_unset=True)), schemas.ShiftOut)


@api.delete(f"{HOME}/shifts/<int:shift_id>", permission=SCHEDULE_EDIT, returns=schemas.Removed)
def delete_shift(shift_id: int) -> dict[str, Any]:
    """Take a shift away."""
    shifts.remove(shift_id)
    return {"id": shift_id, "deleted": True}


# On call ------------------------------------------------------------------------------------------------------------


@api.get(
    f"{HOME}/on-call", permission=DISPATCH_READ, query=schemas.TurnQuery, returns=schemas.TurnOut, paged=True
)
def list_turns(query: schemas.TurnQuery) -> Any:
    """List on-call turns by when they begin."""
    statement = reading.turns_numbered(technician_id=query.technician_id, starts_from=query.starts_from,
                                       starts_before=query.starts_before, updated_since=query.updated_since)  # fmt: skip
    return paging.numbered(statement, query, lambda t: shape(t, schemas.TurnOut), scalars=True)


@api.get(f"{HOME}/on-call/now", permission=DISPATCH_READ, returns=[schemas.OnCallNow])
def on_call_now() -> list[dict[str, Any]]:
    """Who is on call at this moment."""
    return [
        {n: getattr(row, n) for n in schemas.OnCallNow.model_fields} for row in reading.on_call(clock.now())
    ]


@api.post(
    f"{HOME}/on-call", permission=SCHEDULE_EDIT, body=schemas.TurnIn, returns=schemas.TurnOut, status=201
)
def create_turn(body: schemas.TurnIn) -> dict[str, Any]:
    """Put a technician on call for a time."""
    return shape(shifts.add_turn(body.technician_id, body.model_dump()), schemas.TurnOut)


@api.post(
    f"{HOME}/on-call/rotation",
    permission=SCHEDULE_EDIT,
    body=schemas.RotationIn,
    returns=[schemas.TurnOut],
    status=201,
)
def create_rotation(body: schemas.RotationIn) -> list[dict[str, Any]]:
    """Deal out turns in an order, again and again."""
    made = shifts.deal_out(
        body.technician_ids, first=body.first_day, days=body.days, minute=body.change_minute, turns=body.turns
    )
    return [shape(turn, schemas.TurnOut) for turn in made]


@api.get(f"{HOME}/on-call/<int:turn_id>", permission=DISPATCH_READ, returns=schemas.TurnOut)
def get_turn(turn_id: int) -> dict[str, Any]:
    """One turn."""
    return shape(get(OnCallTurn, turn_id, what="on-call turn"), schemas.TurnOut)


@api.patch(
    f"{HOME}/on-call/<int:turn_id>",
    permission=SCHEDULE_EDIT,
    body=schemas.TurnChange,
    returns=schemas.TurnOut,
)
def update_turn(turn_id: int, body: schemas.TurnChange) -> dict[str, Any]:
    """Change a turn, or give it to somebody else."""
    sent = _given(body)
    who = _named(sent)
    return shape(shifts.change_turn(turn_id, sent, technician_id=who), schemas.TurnOut)


@api.delete(f"{HOME}/on-call/<int:turn_id>", permission=SCHEDULE_EDIT, returns=schemas.Removed)
def delete_turn(turn_id: int) -> dict[str, Any]:
    """Take a turn off the rota."""
    shifts.remove_turn(turn_id)
    return {"id": turn_id, "deleted": True}


# Profiles -----------------------------------------------------------------------------------------------------------


@api.get(
    f"{HOME}/profiles",
    permission=DISPATCH_READ,
    query=paging.PageQuery,
    returns=schemas.ProfileOut,
    paged=True,
)
def list_profiles(query: paging.PageQuery) -> Any:
    """List the dispatch profiles that were written down; who has none is dispatched as everybody is at first."""
    statement = reading.profiles_numbered(query.updated_since)
    return paging.numbered(statement, query, lambda p: shape(p, schemas.ProfileOut), scalars=True)


@api.get(f"{HOME}/profiles/<int:technician_id>", permission=DISPATCH_READ, returns=schemas.ProfileOut)
def get_profile(technician_id: int) -> dict[str, Any]:
    """How a technician is dispatched."""
    technician = find(Technician, technician_id)
    if technician is None:
        raise errors.NotFound(f"No technician has the number {technician_id}.")
    found = reading.profile_of(technician_id)
    if found is None:
        fields = schemas.ProfileChange.model_validate({}).model_dump()
        return {"technician_id": technician_id, **fields, "updated_at": technician.updated_at}
    return shape(found, schemas.ProfileOut)


@api.patch(
    f"{HOME}/profiles/<int:technician_id>",
    permission=SCHEDULE_EDIT,
    body=schemas.ProfileChange,
    returns=schemas.ProfileOut,
)
def update_profile(technician_id: int, body: schemas.ProfileChange) -> dict[str, Any]:
    """Change how a technician is dispatched."""
    found: DispatchProfile = profiles.change(technician_id, body.model_dump(exclude_unset=True))
    return shape(found, schemas.ProfileOut)
