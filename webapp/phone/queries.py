"""What a technician's phone keeps for the day: everything that is needed without a signal, in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, or_, select

from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.rules import statuses, travel
from webapp.kit import clock, context
from webapp.kit.db import db, rows
from webapp.models import (
    ChecklistStep,
    Customer,
    DispatchJob,
    Equipment,
    EquipmentReading,
    Item,
    ItemCategory,
    JobEquipment,
    JobFile,
    JobMaterial,
    JobNote,
    LaneBlock,
    PhoneConflict,
    Property,
    Sale,
    StoredFile,
    Technician,
    Visit,
    VisitTechnician,
)

BEHIND = timedelta(days=3)  # unfinished visits of so long ago are still to be done
AHEAD_DAYS = 2  # today and tomorrow
MOST_JOBS = 60
HISTORY = 5  # earlier jobs of a customer
READINGS = 6  # last ones of a unit
PRICES = 2000


@dataclass(slots=True)
class Stop:
    """A visit of the technician's and all that belongs to its job."""

    visit: Visit
    job: DispatchJob
    crew: list[reading.Sent] = field(default_factory=list)
    drive_minutes: int | None = None  # from the stop before; None where a place is not known
    customer_notes: str = ""
    access_notes: str = ""
    property_label: str = ""
    notes: list[JobNote] = field(default_factory=list)
    steps: list[ChecklistStep] = field(default_factory=list)
    materials: list[JobMaterial] = field(default_factory=list)
    files: list[tuple[JobFile, StoredFile]] = field(default_factory=list)
    units: list[Equipment] = field(default_factory=list)
    concerned: set[int] = field(default_factory=set)  # units that the job is about
    readings: dict[int, list[EquipmentReading]] = field(default_factory=dict)
    history: list[Row[Any]] = field(default_factory=list)
    sales: list[Row[Any]] = field(default_factory=list)
    conflicts: list[PhoneConflict] = field(default_factory=list)


def stops(technician_id: int, zone: str, mph: int, *, job_id: int | None = None) -> list[Stop]:
    """A technician's visits in their order: unfinished ones of the last days, today's, tomorrow's; or those of one job."""
    tenant = context.tenant_id()
    today = clock.today(zone)
    first, _ = clock.day_bounds(today, zone)
    _, after = clock.day_bounds(today + timedelta(days=AHEAD_DAYS - 1), zone)
    statement = (
        select(Visit, DispatchJob)
        .join(VisitTechnician, and_(VisitTechnician.tenant_id == Visit.tenant_id, VisitTechnician.visit_id == Visit.id))
        .join(DispatchJob, and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id))
        .where(Visit.tenant_id == tenant, VisitTechnician.technician_id == technician_id, Visit.status != "cancelled")
        .order_by(VisitTechnician.starts_at.asc().nulls_last(), Visit.id)
        .limit(MOST_JOBS)
    )  # fmt: skip
    if job_id is not None:
        statement = statement.where(Visit.job_id == job_id)
    else:
        open_ = Visit.status.not_in(statuses.OVER)
        statement = statement.where(
            or_(
                and_(VisitTechnician.starts_at >= first, VisitTechnician.starts_at < after),
                and_(VisitTechnician.starts_at >= first - BEHIND, VisitTechnician.starts_at < first, open_),
                Visit.status.in_(statuses.STARTED),
                and_(VisitTechnician.starts_at.is_(None), open_),
            )
        )
    found = [Stop(row.Visit, row.DispatchJob) for row in rows(statement)]
    if found:
        _fill(found)
        _drives(found, mph)
    return found


def _drives(found: list[Stop], mph: int) -> None:
    before: Stop | None = None
    for stop in found:
        same_day = (
            before is not None
            and before.visit.scheduled_start is not None
            and stop.visit.scheduled_start is not None
            and stop.visit.scheduled_start - before.visit.scheduled_start < timedelta(hours=16)
        )
        if before is not None and same_day:
            here, there = _place(before.job), _place(stop.job)
            if here is not None and there is not None:
                stop.drive_minutes = travel.minutes(here, there, mph)
        before = stop


def _place(job: DispatchJob) -> travel.Place | None:
    if job.latitude is None or job.longitude is None:
        return None
    return float(job.latitude), float(job.longitude)


def _fill(found: list[Stop]) -> None:
    by: dict[int, list[Stop]] = defaultdict(list)
    for stop in found:
        by[stop.job.id].append(stop)
    crews = reading.sent([stop.visit.id for stop in found])
    for stop in found:
        stop.crew = crews[stop.visit.id]
    _people(found)
    _details(by)
    _units(found, by)
    _history(found)
    _sales(found)


def _people(found: list[Stop]) -> None:
    tenant = context.tenant_id()
    customers = {s.job.customer_id for s in found if s.job.customer_id}
    places = {s.job.property_id for s in found if s.job.property_id}
    notes = dict(
        db.session.execute(
            select(Customer.id, Customer.notes).where(
                Customer.tenant_id == tenant, Customer.id.in_(customers)
            )
        ).all()
    )
    access = {
        row.id: row
        for row in rows(
            select(Property.id, Property.access_notes, Property.label).where(
                Property.tenant_id == tenant, Property.id.in_(places)
            )
        )
    }
    for stop in found:
        stop.customer_notes = notes.get(stop.job.customer_id or 0, "")
        if stop.job.property_id in access:
            stop.access_notes = access[stop.job.property_id].access_notes
            stop.property_label = access[stop.job.property_id].label


def _details(by: dict[int, list[Stop]]) -> None:
    def each(model: Any, *order: Any) -> list[Any]:
        return list(
            db.session.scalars(
                select(model)
                .where(model.tenant_id == context.tenant_id(), model.job_id.in_(list(by)))
                .order_by(*order)
                .limit(50 * len(by))
            )
        )

    for note in each(JobNote, JobNote.pinned.desc(), JobNote.id.desc()):
        for stop in by[note.job_id]:
            stop.notes.append(note)
    for step in each(ChecklistStep, ChecklistStep.position, ChecklistStep.id):
        for stop in by[step.job_id]:
            stop.steps.append(step)
    for material in each(JobMaterial, JobMaterial.id):
        for stop in by[material.job_id]:
            stop.materials.append(material)
    for row in rows(
        select(JobFile, StoredFile)
        .join(StoredFile, and_(StoredFile.tenant_id == JobFile.tenant_id, StoredFile.id == JobFile.file_id))
        .where(JobFile.tenant_id == context.tenant_id(), JobFile.job_id.in_(list(by)))
        .order_by(JobFile.id)
        .limit(50 * len(by))
    ):
        for stop in by[row.JobFile.job_id]:
            stop.files.append((row.JobFile, row.StoredFile))
    undecided = select(PhoneConflict).where(
        PhoneConflict.tenant_id == context.tenant_id(), PhoneConflict.resolved_at.is_(None),
        PhoneConflict.job_id.in_(list(by)), PhoneConflict.technician_id == context.principal().technician_id,
    )  # fmt: skip
    for conflict in db.session.scalars(undecided.order_by(PhoneConflict.id)):
        for stop in by[conflict.job_id]:
            stop.conflicts.append(conflict)


def _units(found: list[Stop], by: dict[int, list[Stop]]) -> None:
    tenant = context.tenant_id()
    for row in rows(
        select(JobEquipment.job_id, JobEquipment.equipment_id).where(
            JobEquipment.tenant_id == tenant, JobEquipment.job_id.in_(list(by))
        )
    ):
        for stop in by[row.job_id]:
            stop.concerned.add(row.equipment_id)
    named = {n for stop in found for n in stop.concerned}
    places = {s.job.property_id for s in found if s.job.property_id}
    units = db.session.scalars(
        select(Equipment)
        .where(Equipment.tenant_id == tenant, Equipment.retired_on.is_(None),
               or_(Equipment.id.in_(named), Equipment.property_id.in_(places)))
        .order_by(Equipment.kind, Equipment.id)
        .limit(20 * len(found))
    ).all()  # fmt: skip
    latest = (
        select(EquipmentReading,
               func.row_number().over(partition_by=EquipmentReading.equipment_id,
                                      order_by=(EquipmentReading.taken_at.desc(), EquipmentReading.id.desc())).label("nr"))
        .where(EquipmentReading.tenant_id == tenant, EquipmentReading.equipment_id.in_([u.id for u in units]))
        .subquery()
    )  # fmt: skip
    readings: dict[int, list[Any]] = defaultdict(list)
    for row in rows(
        select(latest).where(latest.c.nr <= READINGS).order_by(latest.c.equipment_id, latest.c.nr)
    ):
        readings[row.equipment_id].append(row)
    for stop in found:
        stop.units = [u for u in units if u.id in stop.concerned or u.property_id == stop.job.property_id]
        stop.readings = {u.id: readings[u.id] for u in stop.units}


def _history(found: list[Stop]) -> None:
    """The last jobs of each customer that are over."""
    tenant = context.tenant_id()
    customers = {s.job.customer_id for s in found if s.job.customer_id}
    ranked = (
        select(DispatchJob.id, DispatchJob.customer_id, DispatchJob.title, DispatchJob.outcome, DispatchJob.job_type,
               DispatchJob.completed_at, DispatchJob.property_id, Technician.name.label("technician"),
               func.row_number().over(partition_by=DispatchJob.customer_id,
                                      order_by=DispatchJob.completed_at.desc()).label("nr"))
        .outerjoin(Technician, and_(Technician.tenant_id == DispatchJob.tenant_id,
                                    Technician.id == DispatchJob.technician_id))
        .where(DispatchJob.tenant_id == tenant, DispatchJob.customer_id.in_(customers), DispatchJob.status == "completed",
               DispatchJob.completed_at.is_not(None))
        .subquery()
    )  # fmt: skip
    earlier: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows(
        select(ranked).where(ranked.c.nr <= HISTORY + 1).order_by(ranked.c.customer_id, ranked.c.nr)
    ):
        earlier[row.customer_id].append(row)
    for stop in found:
        others = [row for row in earlier.get(stop.job.customer_id or 0, ()) if row.id != stop.job.id]
        stop.history = others[:HISTORY]


def _sales(found: list[Stop]) -> None:
    """What the technician sold to these customers lately."""
    tenant, me = context.tenant_id(), context.principal().technician_id
    customers = {s.job.customer_id for s in found if s.job.customer_id}
    since = clock.now().date() - timedelta(days=7)
    by: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows(
        select(Sale.id, Sale.customer_id, Sale.sale_price_cents, Sale.status, Sale.sold_on, Item.name.label("item"))
        .join(Item, and_(Item.tenant_id == Sale.tenant_id, Item.id == Sale.item_id))
        .where(Sale.tenant_id == tenant, Sale.technician_id == me, Sale.customer_id.in_(customers), Sale.sold_on >= since,
               Sale.status.in_(("pending", "approved")))
        .order_by(Sale.id)
    ):  # fmt: skip
        by[row.customer_id].append(row)
    for stop in found:
        stop.sales = by.get(stop.job.customer_id or 0, [])


def blocks(technician_id: int, zone: str) -> Sequence[LaneBlock]:
    """What stands on the technician's lane of today and tomorrow beside visits."""
    today = clock.today(zone)
    first, _ = clock.day_bounds(today, zone)
    _, after = clock.day_bounds(today + timedelta(days=AHEAD_DAYS - 1), zone)
    return db.session.scalars(
        select(LaneBlock)
        .where(LaneBlock.tenant_id == context.tenant_id(), LaneBlock.technician_id == technician_id,
               LaneBlock.starts_at < after, LaneBlock.ends_at > first, LaneBlock.status == "approved")
        .order_by(LaneBlock.starts_at)
    ).all()  # fmt: skip


def prices() -> Sequence[Row[Any]]:
    """The price book as a phone keeps it."""
    return rows(
        select(Item.id, Item.name, Item.code, Item.list_price_cents, ItemCategory.name.label("category"))
        .outerjoin(ItemCategory, and_(ItemCategory.tenant_id == Item.tenant_id, ItemCategory.id == Item.category_id))
        .where(Item.tenant_id == context.tenant_id(), Item.archived.is_(False))
        .order_by(Item.name, Item.id)
        .limit(PRICES)
    )  # fmt: skip


def undecided_elsewhere(technician_id: int, besides: Sequence[int]) -> Sequence[Row[Any]]:
    """Open conflicts of the technician on jobs that are not theirs any more, with the job's title."""
    return rows(
        select(PhoneConflict, DispatchJob.title)
        .join(DispatchJob, and_(DispatchJob.tenant_id == PhoneConflict.tenant_id, DispatchJob.id == PhoneConflict.job_id))
        .where(PhoneConflict.tenant_id == context.tenant_id(), PhoneConflict.technician_id == technician_id,
               PhoneConflict.resolved_at.is_(None), PhoneConflict.job_id.not_in(list(besides)))
        .order_by(PhoneConflict.id)
        .limit(50)
    )  # fmt: skip


def day_of(moment: datetime | None, zone: str, today: date) -> date:
    """The local day a stop belongs to; what is unfinished or has no time belongs to today."""
    from zoneinfo import ZoneInfo

    if moment is None:
        return today
    return max(today, moment.astimezone(ZoneInfo(zone)).date())
