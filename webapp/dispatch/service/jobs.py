"""Booking, changing, holding, cancelling and copying jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, select

from webapp.customers import queries as customer_queries
from webapp.customers import service as customers
from webapp.dispatch import events as told
from webapp.dispatch import places, words
from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.rules import statuses, values
from webapp.dispatch.service import current, placing, steps
from webapp.equipment import rules as equipment
from webapp.kit import clean, clock, context, errors, events, journal, search
from webapp.kit.db import add, db, find, get
from webapp.kit.permissions import demand
from webapp.models import (
    ChecklistStep,
    ChecklistTemplate,
    Customer,
    DispatchJob,
    Equipment,
    JobEquipment,
    JobSkill,
    Property,
    Skill,
    Visit,
)


@dataclass(frozen=True, slots=True)
class SkillNeed:
    """A skill and the level at which it is needed, 1 to 5."""

    skill_id: int
    level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A job to book. `values` are fields of :data:`rules.values.FIELDS`; the rest says where it goes.

    `customer_id` or a `customer_name` in the values names the customer; a name that only one customer can be is
    matched, an unknown one becomes a customer, an uncertain one stays a name on the job.
    """

    values: Mapping[str, Any]
    customer_id: int | None = None
    property_id: int | None = None
    scheduled_start: datetime | None = None
    scheduled_end: datetime | None = None
    technician_ids: Sequence[int] = ()
    override_reason: str = ""
    skills: Sequence[SkillNeed] = ()
    equipment_ids: Sequence[int] = ()
    checklist_ids: Sequence[int] | None = None  # None: those of its type
    source: str = "web"
    recurring_id: int | None = None
    occurrence_at: datetime | None = None  # when its rule wanted it
    copied_from_id: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)  # for the audit log


def create(new: NewJob) -> DispatchJob:
    """Book a job with its first visit, and send technicians where some are named.

    Raises Invalid for values that cannot be, NotFound for records that do not exist, Conflict with every clash.
    """
    demand(DISPATCH_EDIT)
    found = values.cleaned({"title": "", **new.values})
    kind = found.get("job_type") or "repair"
    found.setdefault("expected_minutes", values.LENGTHS[kind])
    span = values.span(new.scheduled_start, new.scheduled_end, found["expected_minutes"])
    job = DispatchJob(**{k: v for k, v in found.items() if v is not None}, source=new.source,
                      created_by=context.principal().label, recurring_id=new.recurring_id,
                      occurrence_at=new.occurrence_at, copied_from_id=new.copied_from_id)  # fmt: skip
    _whose(job, new.customer_id, new.property_id)
    if found.get("latitude") is not None:
        job.place_source = "person"
    places.locate(job)
    add(job)
    start, end = span or (None, None)
    visit = add(Visit(job_id=job.id, position=0, scheduled_start=start, scheduled_end=end))
    _set_skills(job, new.skills)
    _set_equipment(job, new.equipment_ids)
    _add_checklists(job, new.checklist_ids)
    current.record(job, visit, "", "pending")
    current.refresh(job, [visit])
    job.version = 1
    index(job)
    journal.audit("dispatch.created", job, **new.more)
    events.emit(told.CREATED, job.id, told.payload(job))
    places.ask_later(job)
    if new.technician_ids:
        placing.place(
            visit.id,
            placing.Placement(technician_ids=tuple(new.technician_ids), override_reason=new.override_reason),
        )
    return job


def update(job_id: int, changes: Mapping[str, Any], *, skills: Sequence[SkillNeed] | None = None,
           equipment_ids: Sequence[int] | None = None, version: int | None = None) -> DispatchJob:  # fmt: skip
    """Change a job's details; what is not named stays. Times and technicians are moved with :func:`placing.place`.

    Raises Invalid, NotFound, Stale when `version` is not the present one any more.
    """
    demand(DISPATCH_EDIT)
    job = get(DispatchJob, job_id, lock=True, what="job")
    placing.check_version(job, version)
    before = journal.snapshot(job)
    lists_before = _lists(job) if skills is not None or equipment_ids is not None else {}
    found = values.cleaned(changes, before)
    if "customer_id" in changes or "property_id" in changes:
        if changes.get("customer_id", job.customer_id) != job.customer_id:
            job.customer_id = job.property_id = None
        _whose(job, changes.get("customer_id", job.customer_id), changes.get("property_id"))
    for name, value in found.items():
        setattr(job, name, value if value is not None or _nullable(name) else type(before[name])())
    if any(
        before[name] != getattr(job, name) for name in ("service_address", "service_city", "service_zip")
    ) and not ({"property_id", "latitude"} & set(changes)):
        job.latitude = job.longitude = None  # what was known of the former address
    if changes.get("latitude") is not None:
        job.place_source = "person"
    places.locate(job)
    if skills is not None:
        _set_skills(job, skills)
    if equipment_ids is not None:
        _set_equipment(job, equipment_ids)
    db.session.flush()
    diff = journal.difference(before, journal.snapshot(job))
    if lists_before:
        diff |= journal.difference(lists_before, _lists(job))
    if not diff:
        return job
    job.version += 1
    db.session.flush()
    index(job)
    counted = {"version": {"from": before["version"], "to": job.version}}
    journal.audit("dispatch.updated", job, diff=diff | counted)
    if set(places.PARTS) & set(diff):
        places.ask_later(job)
    events.emit(told.UPDATED, job.id, told.payload(job, changed=sorted(diff)))
    return job


def hold(job_id: int, reason: str, until: datetime | None = None) -> DispatchJob:
    """Put a job on hold: it leaves the lanes' flow and its clocks pause. Raises Invalid without a reason, Conflict."""
    demand(DISPATCH_EDIT)
    reason = _reason(reason, "Say why the job is put on hold.")
    job = _open(job_id)
    if job.held_at is not None:
        raise errors.Conflict("This job is on hold already.")
    if until is not None and until <= clock.now():
        raise errors.Invalid.one("until", "The day to come back to it lies in the past.")
    before = journal.snapshot(job)
    job.held_at, job.hold_reason, job.hold_until = clock.now(), reason, until
    job.version += 1
    current.record(job, None, job.status, "held", reason=reason)
    return _told("dispatch.held", job, before, told.HELD, reason=reason)


def release(job_id: int) -> DispatchJob:
    """Let a held job go on. Raises Conflict when it is not on hold."""
    demand(DISPATCH_EDIT)
    job = _open(job_id)
    if job.held_at is None:
        raise errors.Conflict("This job is not on hold.")
    before = journal.snapshot(job)
    job.held_at = job.hold_until = None
    job.hold_reason = ""
    job.version += 1
    current.record(job, None, "held", "released")
    return _told("dispatch.released", job, before, told.RELEASED)


def cancel(job_id: int, reason: str) -> DispatchJob:
    """Cancel a job and every visit of it that is not over. Raises Invalid without a reason, Conflict when completed."""
    demand(DISPATCH_EDIT)
    reason = _reason(reason, "Say why the job is cancelled.")
    job = get(DispatchJob, job_id, lock=True, what="job")
    if job.status in statuses.OVER:
        raise errors.Conflict(f"This job is {statuses.WORDS[job.status]} already.")
    before = journal.snapshot(job)
    now = clock.now()
    for visit in reading.visits(job.id):
        if visit.status not in statuses.OVER:
            current.record(job, visit, visit.status, "cancelled", reason=reason)
            visit.status, visit.cancelled_at, visit.version = "cancelled", now, visit.version + 1
            steps.keep_job_time(visit, now)
    job.cancelled_at, job.cancel_reason, job.held_at = now, reason, None
    current.refresh(job)
    return _told("dispatch.cancelled", job, before, told.CANCELLED, reason=reason)


def confirm(job_id: int, confirmed: bool = True) -> DispatchJob:
    """Note that the customer confirmed the visit, or take that back."""
    job = _open(job_id)
    if (job.confirmed_at is not None) == confirmed:
        return job
    before = journal.snapshot(job)
    job.confirmed_at = clock.now() if confirmed else None
    job.version += 1
    return _told(
        "dispatch.confirmed" if confirmed else "dispatch.unconfirmed",
        job,
        before,
        told.CONFIRMED if confirmed else told.UPDATED,
    )


def copy(job_id: int, *, scheduled_start: datetime | None = None) -> DispatchJob:
    """Book the same work again: details, skills, equipment and checklists, without what became of it."""
    demand(DISPATCH_EDIT)
    job = get(DispatchJob, job_id, what="job")
    kept = {
        name: getattr(job, name)
        for name in values.FIELDS
        if name not in ("window_start", "window_end", "reference", "outcome")
    }
    skills = [SkillNeed(s["skill_id"], s["level"]) for s in reading.skills_needed([job.id]).get(job.id, ())]
    units = db.session.scalars(
        select(JobEquipment.equipment_id).where(
            JobEquipment.tenant_id == context.tenant_id(), JobEquipment.job_id == job.id
        )
    ).all()
    return create(
        NewJob(values=kept, customer_id=job.customer_id, property_id=job.property_id, scheduled_start=scheduled_start,
               skills=skills, equipment_ids=units, copied_from_id=job.id)
    )  # fmt: skip


def index(job: DispatchJob) -> None:
    """Make a job findable by number, title, customer, phone and address."""
    search.index("dispatch", job.id, str(job.id), job.title, job.customer_name, job.customer_phone,
                 job.service_address, job.service_city, job.service_zip, job.reference)  # fmt: skip


def _told(action: str, job: DispatchJob, before: Mapping[str, Any], kind: Any, **more: Any) -> DispatchJob:
    db.session.flush()
    journal.audit(action, job, before=dict(before), **more)
    events.emit(kind, job.id, told.payload(job, **more))
    return job


def _open(job_id: int) -> DispatchJob:
    job = get(DispatchJob, job_id, lock=True, what="job")
    if job.status in statuses.OVER:
        raise errors.Conflict(f"This job is {statuses.WORDS[job.status]}.")
    return job


def _reason(text: str, sentence: str) -> str:
    try:
        found = clean.line(text or "", 500)
    except ValueError as problem:
        raise errors.Invalid.one("reason", str(problem)) from None
    if not found:
        raise errors.Invalid.one("reason", sentence)
    return found


def _nullable(name: str) -> bool:
    return bool(DispatchJob.__table__.c[name].nullable)


def _whose(job: DispatchJob, customer_id: int | None, property_id: int | None) -> None:
    """Fill in the customer and the address from the records, where the job does not say otherwise."""
    if property_id is not None:
        place = find(Property, property_id)
        if place is None or (customer_id is not None and place.customer_id != customer_id):
            raise errors.NotFound(f"The customer has no property with the number {property_id}.")
        customer_id = place.customer_id
        job.property_id = place.id
        job.service_address, job.service_unit = place.address, place.unit
        job.service_city, job.service_state, job.service_zip = place.city, place.state, place.zip
        if place.latitude is not None:
            job.latitude, job.longitude, job.place_source = place.latitude, place.longitude, "property"
    if customer_id is None and job.customer_name:
        customer_id = _matched(job)
    if customer_id is None:
        return
    customer = find(Customer, customer_id)
    if customer is None:
        raise errors.NotFound(f"No customer has the number {customer_id}.")
    customer = customer_queries.root(customer)
    job.customer_id, job.customer_name = customer.id, job.customer_name or customer.name
    job.customer_phone, job.customer_email = (
        job.customer_phone or customer.phone,
        job.customer_email or customer.email,
    )
    if job.property_id is None:
        _property(job)


def _matched(job: DispatchJob) -> int | None:
    found = customers.resolve(
        name=job.customer_name, phone=job.customer_phone or "", email=job.customer_email or "",
        address=job.service_address or "", unit=job.service_unit or "", city=job.service_city or "",
        state=job.service_state or "", zip_code=job.service_zip or "",
    )  # fmt: skip
    return found.id if isinstance(found, Customer) else None


def _property(job: DispatchJob) -> None:
    """The customer's property at the job's address, or their main one where the job has no address."""
    assert job.customer_id is not None
    places = [p for p in customer_queries.properties(job.customer_id) if not p.archived]
    if job.service_address:
        found = customers.property_at(job.customer_id, words.address(job))
        chosen = next((p for p in places if p.id == found), None)
    else:
        chosen = next((p for p in places if p.primary), places[0] if places else None)
    if chosen is None:
        return
    job.property_id = chosen.id
    if not job.service_address:
        job.service_address, job.service_unit = chosen.address, chosen.unit
        job.service_city, job.service_state, job.service_zip = chosen.city, chosen.state, chosen.zip
    if job.latitude is None and chosen.latitude is not None:
        job.latitude, job.longitude, job.place_source = chosen.latitude, chosen.longitude, "property"


def _lists(job: DispatchJob) -> dict[str, list[str]]:
    """What belongs to a job and is no column of it, in words, for the audit log."""
    skills = reading.skills_needed([job.id]).get(job.id, [])
    units = db.session.scalars(
        select(Equipment)
        .join(
            JobEquipment,
            and_(JobEquipment.tenant_id == Equipment.tenant_id, JobEquipment.equipment_id == Equipment.id),
        )
        .where(JobEquipment.tenant_id == context.tenant_id(), JobEquipment.job_id == job.id)
        .order_by(Equipment.id)
    )
    return {
        "skills": [f"{s['name']} {s['level']}" for s in skills],
        "equipment": [f"{equipment.title(unit)} ({unit.id})" for unit in units],
    }


def _set_skills(job: DispatchJob, needs: Sequence[SkillNeed]) -> None:
    tenant = context.tenant_id()
    for number in needs:
        if find(Skill, number.skill_id) is None:
            raise errors.NotFound(f"No skill has the number {number.skill_id}.")
        if not 1 <= number.level <= 5:
            raise errors.Invalid.one("skills", "A skill's level is from 1 to 5.")
    db.session.execute(delete(JobSkill).where(JobSkill.tenant_id == tenant, JobSkill.job_id == job.id))
    best = {n.skill_id: n.level for n in sorted(needs, key=lambda n: n.level)}
    db.session.add_all(
        JobSkill(tenant_id=tenant, job_id=job.id, skill_id=k, level=v) for k, v in best.items()
    )


def _set_equipment(job: DispatchJob, equipment_ids: Sequence[int]) -> None:
    tenant = context.tenant_id()
    for number in equipment_ids:
        unit = find(Equipment, number)
        if unit is None or (job.customer_id is not None and unit.customer_id != job.customer_id):
            raise errors.NotFound(f"The customer has no equipment with the number {number}.")
    db.session.execute(
        delete(JobEquipment).where(JobEquipment.tenant_id == tenant, JobEquipment.job_id == job.id)
    )
    db.session.add_all(
        JobEquipment(tenant_id=tenant, job_id=job.id, equipment_id=n) for n in dict.fromkeys(equipment_ids)
    )


def _add_checklists(job: DispatchJob, checklist_ids: Sequence[int] | None) -> None:
    tenant = context.tenant_id()
    wanted = select(ChecklistTemplate).where(
        ChecklistTemplate.tenant_id == tenant, ChecklistTemplate.archived.is_(False)
    )
    if checklist_ids is None:
        wanted = wanted.where(ChecklistTemplate.job_type == job.job_type)
    else:
        wanted = wanted.where(ChecklistTemplate.id.in_(list(checklist_ids)))
    lists = db.session.scalars(wanted.order_by(ChecklistTemplate.name)).all()
    if checklist_ids is not None and len(lists) != len(set(checklist_ids)):
        raise errors.NotFound("A checklist that was named does not exist.")
    steps = [(each.name, step) for each in lists for step in each.steps]
    db.session.add_all(
        ChecklistStep(tenant_id=tenant, job_id=job.id, position=n, checklist=name, body=step["text"],
                      required=bool(step.get("required")))
        for n, (name, step) in enumerate(steps)
    )  # fmt: skip
