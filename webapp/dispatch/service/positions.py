"""Where technicians are: only while they are clocked in, and only with their consent, which they may take back."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from webapp.dispatch.permissions import DISPATCH_OWN
from webapp.dispatch.queries import own
from webapp.dispatch.service import reported
from webapp.kit import clock, context, errors, journal, streams
from webapp.kit.db import add, db
from webapp.kit.permissions import demand
from webapp.models import DispatchProfile, PositionReport, TechnicianPosition
from webapp.timesheets.queries import entries as timesheets

KEPT = timedelta(days=30)  # how long the trail of a day is there
FASTEST = 250  # miles an hour: what is quicker was measured wrong
CHANGED = "positions-changed"  # the page event of the board and of customers' links


def consent(technician_id: int) -> DispatchProfile | None:
    """The profile that holds when a technician agreed, and when they took it back."""
    return db.session.get(DispatchProfile, (context.tenant_id(), technician_id))


def has_consent(technician_id: int) -> bool:
    """Whether a technician agrees at present."""
    found = consent(technician_id)
    return found is not None and found.consent_at is not None and found.consent_withdrawn_at is None


def agree() -> DispatchProfile:
    """The caller, a technician, agrees that their position is recorded while they are clocked in."""
    profile = _own_profile()
    if profile.consent_at is None or profile.consent_withdrawn_at is not None:
        before = journal.snapshot(profile)
        profile.consent_at, profile.consent_withdrawn_at = clock.now(), None
        _note("technician.location-agreed", profile, before)
    return profile


def withdraw() -> DispatchProfile:
    """The caller takes their consent back: nothing is recorded from now on, and where they are now is forgotten."""
    profile = _own_profile()
    if profile.consent_at is not None and profile.consent_withdrawn_at is None:
        before = journal.snapshot(profile)
        profile.consent_withdrawn_at = clock.now()
        _note("technician.location-withdrawn", profile, before)
        tenant = context.tenant_id()
        db.session.execute(
            delete(TechnicianPosition).where(
                TechnicianPosition.tenant_id == tenant,
                TechnicianPosition.technician_id == profile.technician_id,
            )
        )
        _ring()
    return profile


def _own_profile() -> DispatchProfile:
    demand(DISPATCH_OWN)
    me, tenant = own.me(), context.tenant_id()
    found = db.session.get(DispatchProfile, (tenant, me), with_for_update=True)
    return found or add(DispatchProfile(tenant_id=tenant, technician_id=me))


def _note(action: str, profile: DispatchProfile, before: dict[str, Any]) -> None:
    db.session.flush()
    diff = journal.difference(before, journal.snapshot(profile))
    journal.audit(action, diff=diff, record_type="technician", record_id=profile.technician_id)


def report(latitude: float, longitude: float, *, speed: float | None = None, heading: float | None = None,
           accuracy: float | None = None, happened_at: datetime | None = None,
           sent_at: datetime | None = None) -> TechnicianPosition:  # fmt: skip
    """Keep where the caller is. `speed` in miles an hour, `heading` in degrees from north, `accuracy` in metres.

    Raises Invalid for a position outside the earth or an impossible speed or heading, Forbidden without consent,
    Conflict while not clocked in.
    """
    demand(DISPATCH_OWN)
    me = own.me()
    reported.check_position(latitude, longitude)
    if speed is not None and not 0 <= speed <= FASTEST:
        raise errors.Invalid.one("speed", f"must lie between 0 and {FASTEST} miles an hour.")
    if heading is not None and not 0 <= heading <= 360:
        raise errors.Invalid.one("heading", "must lie between 0 and 360 degrees.")
    if not has_consent(me):
        raise errors.Forbidden(
            "You have not agreed that your position is recorded. Agree on your phone, under My day."
        )
    if timesheets.running(me) is None:
        raise errors.Conflict(
            "You are not clocked in; your position is recorded while you work, and not else."
        )
    at = reported.moment(happened_at, sent_at)
    return _keep(me, latitude, longitude, at, speed=speed, heading=heading, accuracy=accuracy)


def along(latitude: float | None, longitude: float | None, at: datetime) -> None:
    """Keep the position that came with a step, where the caller may be followed; never refuses."""
    me = context.principal().technician_id
    if me is None or latitude is None or longitude is None:
        return
    if has_consent(me) and timesheets.running(me) is not None:
        _keep(me, latitude, longitude, at)


def _keep(me: int, latitude: float, longitude: float, at: datetime, *, speed: float | None = None,
          heading: float | None = None, accuracy: float | None = None) -> TechnicianPosition:  # fmt: skip
    tenant = context.tenant_id()
    values = {
        "latitude": round(latitude, 6), "longitude": round(longitude, 6), "seen_at": at, "visit_id": own.visit_under_way(me),
        "speed_tenths": round(speed * 10) if speed is not None else None,
        "heading": round(heading) % 360 if heading is not None else None,
        "accuracy_metres": min(round(accuracy), 1_000_000) if accuracy is not None else None,
    }  # fmt: skip
    statement = insert(TechnicianPosition).values(tenant_id=tenant, technician_id=me, **values)
    # a report that was kept on the phone may come after a newer one
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "technician_id"], set_=values, where=TechnicianPosition.seen_at <= at
        )
    )
    db.session.add(
        PositionReport(tenant_id=tenant, technician_id=me, latitude=values["latitude"],
                       longitude=values["longitude"], seen_at=at)
    )  # fmt: skip
    db.session.flush()
    _ring()
    return db.session.scalars(
        select(TechnicianPosition)
        .where(TechnicianPosition.tenant_id == tenant, TechnicianPosition.technician_id == me)
        .execution_options(populate_existing=True)
    ).one()


def _ring() -> None:
    tenant = context.tenant_id()
    journal.after_commit(lambda: streams.ring(tenant, CHANGED))


def forget_old(limit: int = 5000) -> int:
    """Drop the trail older than 30 days of the present organization, at most `limit` points; how many."""
    tenant, before = context.tenant_id(), clock.now() - KEPT
    old = (
        select(PositionReport.id)
        .where(PositionReport.tenant_id == tenant, PositionReport.seen_at < before)
        .limit(limit)
        .scalar_subquery()
    )
    gone = db.session.execute(
        delete(PositionReport)
        .where(PositionReport.tenant_id == tenant, PositionReport.id.in_(old))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a CursorResult
