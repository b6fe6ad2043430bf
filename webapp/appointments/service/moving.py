"""What customers do by themselves on their link: confirm, move into a free time, ask to cancel; and what the office decides."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from webapp.appointments import settings
from webapp.appointments.permissions import APPOINTMENTS_SEND
from webapp.appointments.queries import visits as queries
from webapp.appointments.rules import moving
from webapp.appointments.service import holidays, telling
from webapp.dispatch import service as dispatch
from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_EDIT
from webapp.kit import clean, clock, context, crypto, errors, events, journal, permissions
from webapp.kit.db import add, db, get
from webapp.models import DispatchJob, VisitRequest
from webapp.routing import service as routing

OFFERS: Final = 8
SPARE: Final = 12  # looked for beside them, since holidays are not offered
SLOT: Final = "visit-slot"
SLOT_SECONDS: Final = 3600  # how long an offered time may be taken up
GRACE: Final = timedelta(minutes=15)  # somebody may think about it while the notice runs out
TAKEN: Final = "That time has just been taken. These are free now."
_EXAMPLE = {"id": 42, "visit_id": 51, "kind": "cancel", "note": "We are travelling", "status": "open"}
REQUESTED = events.declare(
    "visit-request.created", "A customer asked on their link to move or cancel a visit", _EXAMPLE
)
DECIDED = events.declare(
    "visit-request.decided", "The office decided what a customer asked for", _EXAMPLE | {"status": "decided"}
)


def allowed(found: queries.Found) -> moving.Allowed:
    """What the customer may do with a visit now."""
    window = telling.window_of(found)
    return moving.allowed(
        found.visit.status, window[0] if window else None, clock.now(), settings.present().terms,
        held=found.job.held_at is not None, moves=queries.moves(found.visit.id),
        confirmed=found.job.confirmed_at is not None, crew=found.crew,
        asked_to_cancel=queries.cancel_request(found.visit.id) is not None,
    )  # fmt: skip


@contextmanager
def as_customer(found: queries.Found) -> Iterator[None]:
    """Act as the customer of a visit: the audit log says so, and no more may be done than moving this visit."""
    who = context.Principal(
        kind="customer", tenant_id=context.tenant_id(), id=found.job.customer_id, name=found.job.customer_name or "Customer",
        permissions=frozenset({DISPATCH_ASSIGN, DISPATCH_EDIT}),
    )  # fmt: skip
    with context.acting(who, _by_customer()):
        yield


def _by_customer() -> context.Origin:
    return replace(context.origin(), source="customer")


def _alone(found: queries.Found) -> queries.Found:
    """The visit as it stands, and nobody else changes it until the end: what is allowed once is not done twice at once."""
    get(DispatchJob, found.job.id, lock=True)
    return queries.visit(found.visit.id) or found


def confirm(found: queries.Found) -> None:
    """The customer confirms the visit. Said twice, it is said once. Raises Conflict when there is nothing to confirm."""
    found = _alone(found)
    if found.job.confirmed_at is not None:
        return
    if not allowed(found).confirm:
        raise errors.Conflict("This visit cannot be confirmed any more. Call us if you have a question.")
    with as_customer(found):
        dispatch.confirm(found.job.id)


def offers(found: queries.Found) -> list[routing.Offer]:
    """Free times that the visit can be moved to, in their order; beyond the notice, within the days ahead, on no
    holiday: that is for the office to decide."""
    terms, now = settings.present().terms, clock.now()
    wanted = routing.wanted_by(
        found.job,
        earliest=now + timedelta(hours=terms.notice_hours),
        latest=now + timedelta(days=terms.days_ahead),
    )
    present = telling.window_of(found)
    free = routing.offers(replace(wanted, exclude_visit_id=found.visit.id), limit=OFFERS + 1 + SPARE)
    closed = holidays.names(now, terms.days_ahead)
    others = [
        o for o in free
        if (present is None or (o.window_start, o.window_end) != present) and holidays.of(o.window_start, closed) is None
    ]  # fmt: skip
    return sorted(others[:OFFERS], key=lambda o: o.window_start)


def slot(found: queries.Found, offer: routing.Offer) -> str:
    """An offer as a form sends it back: under a MAC, so that no other time can be asked for."""
    return crypto.sign(SLOT, [found.visit.id, offer.technician_id, *(int(m.timestamp()) for m in
                              (offer.starts_at, offer.ends_at, offer.window_start, offer.window_end))])  # fmt: skip


def move(found: queries.Found, chosen: str) -> None:
    """Move a visit to a time that was offered. Raises Conflict where that is not allowed (any more) or the time is taken."""
    found = _alone(found)
    may = allowed(found)
    if not may.move:
        raise errors.Conflict(may.why_not or "This visit cannot be moved any more. Please call us.")
    read = crypto.unsign(SLOT, chosen, SLOT_SECONDS)
    if not isinstance(read, list) or len(read) != 6 or read[0] != found.visit.id:
        raise errors.Conflict("These times are not up to date any more. Choose one of these.")
    starts, ends, window_start, window_end = (
        datetime.fromtimestamp(n, tz=clock.now().tzinfo) for n in read[2:]
    )
    if starts < clock.now() + timedelta(hours=settings.present().terms.notice_hours) - GRACE:
        raise errors.Conflict("That time is too near by now. Choose one of these.")
    before = found.visit.scheduled_start
    with as_customer(found):
        try:
            dispatch.place(
                found.visit.id,
                dispatch.Placement(starts_at=starts, ends_at=ends, technician_ids=(int(read[1]),)),
            )
        except errors.Conflict as problem:
            raise errors.Conflict(TAKEN) from problem
        dispatch.update(found.job.id, {"window_start": window_start, "window_end": window_end})
        dispatch.confirm(found.job.id)
        _request(found, "move", "done", from_start=before, to_start=starts)
    with context.acting(
        replace(context.principal(), kind="system", id=None, name="Truckroll"), context.origin()
    ):
        telling.tell_standing(
            found.visit.id
        )  # the customer moved it; that they are told of it is not their doing


def ask_to_cancel(found: queries.Found, note: str) -> VisitRequest:
    """The customer wants the visit cancelled: the office decides, for it may be able to help. Raises Conflict, Invalid."""
    found = _alone(found)
    if not allowed(found).cancel:
        raise errors.Conflict("This visit cannot be cancelled here any more. Please call us.")
    try:
        words = clean.lines(note or "")[:1000]
    except ValueError as problem:
        raise errors.Invalid.one("note", str(problem)) from None
    with as_customer(found):
        return _request(found, "cancel", "open", from_start=found.visit.scheduled_start, note=words)


def _request(found: queries.Found, kind: str, status: str, *, from_start: datetime | None, to_start: datetime | None = None,
             note: str = "") -> VisitRequest:  # fmt: skip
    made = add(
        VisitRequest(job_id=found.job.id, visit_id=found.visit.id, kind=kind, status=status, note=note, from_start=from_start,
                     to_start=to_start, created_at=clock.now())
    )  # fmt: skip
    journal.audit(f"appointment.asked-to-{kind}", found.job, diff={}, visit_id=found.visit.id, note=note)
    events.emit(REQUESTED, made.id, _payload(made))
    return made


def _payload(request: VisitRequest) -> dict[str, object]:
    return {
        "id": request.job_id,
        "visit_id": request.visit_id,
        "kind": request.kind,
        "note": request.note,
        "status": request.status,
    }


def decide(request_id: int, *, cancel: bool) -> VisitRequest:
    """The office's answer to a wish to cancel: cancel the job, or keep the visit. Raises NotFound, Conflict."""
    permissions.demand(APPOINTMENTS_SEND)
    request = get(VisitRequest, request_id, lock=True, what="request")
    if request.status != "open":
        raise errors.Conflict(f"{request.decided_by or 'Somebody'} has decided this already.")
    if cancel:
        dispatch.cancel(request.job_id, f"The customer asked: {request.note}".rstrip(": ")[:500])
    request.status, request.decided_at, request.decided_by = "decided", clock.now(), context.principal().name
    db.session.flush()
    found = queries.visit(request.visit_id)
    assert found is not None  # its foreign key says so
    journal.audit(
        "appointment.cancel-granted" if cancel else "appointment.cancel-declined", found.job, diff={}
    )
    events.emit(DECIDED, request.id, _payload(request))
    return request
