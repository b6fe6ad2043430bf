"""Lists of broken promises."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from webapp.kit import context, csv, listing, search
from webapp.kit.db import db
from webapp.models import DispatchJob, SlaPolicy, SlaViolation, Technician
from webapp.sla.queries import basis
from webapp.sla.rules import clocks as counting

STATES = {"open": "Not kept yet", "met": "Kept late", "excused": "Excused"}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. `due_from`, `due_before`: moments, the end excluded."""

    q: str = ""
    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    policy_ids: tuple[int, ...] = ()
    technician_ids: tuple[int, ...] = ()
    job_id: int | None = None
    due_from: datetime | None = None
    due_before: datetime | None = None
    updated_since: datetime | None = None


SORTS = {
    "due": listing.Sort(SlaViolation.due_at, descending=True),
    "late": listing.Sort(SlaViolation.late_minutes, descending=True),
    "updated_at": listing.Sort(SlaViolation.updated_at, descending=True),
}


def state_of(state: str) -> Any:
    """The condition under which a broken promise is open, met or excused."""
    v = SlaViolation
    if state == "excused":
        return v.excused_at.is_not(None)
    return and_(v.excused_at.is_(None), v.met_at.is_not(None) if state == "met" else v.met_at.is_(None))


def conditions(filters: Filters) -> list[Any]:
    """The filters as conditions over `sla_violations`."""
    v, f = SlaViolation, filters
    found: list[Any] = [v.tenant_id == context.tenant_id(), *search.conditions("dispatch", f.q, v.job_id)]
    for column, wanted in (
        (v.kind, f.kinds),
        (v.policy_id, f.policy_ids),
        (v.technician_id, f.technician_ids),
    ):
        if wanted:
            found.append(column.in_(wanted))
    if f.states:
        found.append(or_(*(state_of(s) for s in f.states)))
    if f.job_id is not None:
        found.append(v.job_id == f.job_id)
    if f.due_from is not None:
        found.append(v.due_at >= f.due_from)
    if f.due_before is not None:
        found.append(v.due_at < f.due_before)
    if f.updated_since is not None:
        found.append(v.updated_at >= f.updated_since)
    return found


def listed(filters: Filters) -> Any:
    """The rows of the list page."""
    v = SlaViolation
    return (
        select(v.id, v.job_id, v.kind, v.due_at, v.met_at, v.late_minutes, v.excused_at, v.excuse, v.policy_id,
               v.technician_id, v.updated_at, DispatchJob.title, DispatchJob.priority, DispatchJob.customer_name,
               SlaPolicy.name.label("policy"), Technician.name.label("technician"))
        .join(DispatchJob, and_(DispatchJob.tenant_id == v.tenant_id, DispatchJob.id == v.job_id))
        .join(SlaPolicy, and_(SlaPolicy.tenant_id == v.tenant_id, SlaPolicy.id == v.policy_id))
        .outerjoin(Technician, and_(Technician.tenant_id == v.tenant_id, Technician.id == v.technician_id))
        .where(*conditions(filters))
    )  # fmt: skip


def numbered(filters: Filters) -> Any:
    """Broken promises in the order they were noticed, for the API."""
    return select(SlaViolation).where(*conditions(filters)).order_by(SlaViolation.id)


def csv_columns() -> dict[str, list[Any]]:
    """The list's columns as a file has them."""
    v, zone = SlaViolation, basis.zone()
    state = case(
        (state_of("excused"), STATES["excused"]), (state_of("met"), STATES["met"]), else_=STATES["open"]
    )
    return {
        "job": [v.job_id.label("Job"), csv.safe(DispatchJob.title).label("Title")],
        "kind": [case(*((v.kind == k, w) for k, w in counting.WORDS.items())).label("Promise")],
        "policy": [csv.safe(SlaPolicy.name).label("Policy")],
        "due_at": [csv.moment(v.due_at, zone).label("Due")],
        "met_at": [csv.moment(v.met_at, zone).label("Kept")],
        "late": [v.late_minutes.label("Minutes late")],
        "technician": [csv.safe(Technician.name).label("Technician")],
        "state": [state.label("State"), csv.safe(v.excuse).label("Excuse")],
    }


def tallies() -> dict[str, int]:
    """How many broken promises there are in each state."""
    row = db.session.execute(
        select(*(func.count().filter(state_of(s)).label(s) for s in STATES)).where(
            SlaViolation.tenant_id == context.tenant_id()
        )
    ).one()
    return dict(row._mapping)
