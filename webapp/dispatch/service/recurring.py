"""Jobs that come again: each occurrence is made ahead as a job of its own, exactly once.

The row of the recurring job is locked while its jobs are made, `made_until` is written with them, and no two jobs can stand
for one occurrence (a unique index): whoever is killed in the middle leaves nothing, or all of a piece.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from webapp.customers import queries as customers
from webapp.dispatch import settings
from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_EDIT
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import recurring as queries
from webapp.dispatch.rules import recurring as rules
from webapp.dispatch.rules import values
from webapp.dispatch.service import jobs as booking
from webapp.dispatch.service import placing
from webapp.kit import clean, clock, context, errors, events, journal, streams, words
from webapp.kit import jobs as background
from webapp.kit.db import add, db, find, get
from webapp.kit.permissions import demand, may
from webapp.models import (
    Customer,
    DispatchJob,
    Equipment,
    JobEquipment,
    Property,
    RecurringJob,
    Skill,
    Technician,
)

streams.TOPICS["recurring"] = "dispatch-changed"
_EXAMPLE = {"id": 4, "title": "Filter change", "rule": "FREQ=MONTHLY;BYDAY=1MO", "starts_at": "2026-03-02T14:00:00Z",
            "customer_id": 7, "weeks_ahead": 4, "active": True, "ended_at": None}  # fmt: skip
CREATED = events.declare("recurring.created", "A job was made to come again", _EXAMPLE)
UPDATED = events.declare(
    "recurring.updated", "A recurring job was changed, paused, resumed, or an occurrence left out", _EXAMPLE
)
ENDED = events.declare("recurring.ended", "A recurring job has ended", _EXAMPLE | {"active": False})
KIND = "dispatch.recur"
PIECE = 50  # jobs of one transaction
KEPT = tuple(n for n in values.FIELDS if n not in ("window_start", "window_end", "reference", "outcome"))
NOT_BEGUN = ("pending", "dispatched", "acknowledged")
CHANGED = "The recurring job was changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecurring:
    """What comes again. `values` are those of a job; `starts_at` is the first time; `rule` an RFC 5545 RRULE."""

    values: Mapping[str, Any]
    rule: str
    starts_at: datetime
    customer_id: int | None = None
    property_id: int | None = None
    minutes: int | None = None
    technician_ids: Sequence[int] = ()
    skills: Sequence[booking.SkillNeed] = ()
    equipment_ids: Sequence[int] = ()
    weeks_ahead: int = 4
    first_job_id: int | None = None  # a job that is its first occurrence


def create(new: NewRecurring) -> RecurringJob:
    """Make something come again, and the jobs of the next weeks. Raises Invalid, NotFound."""
    demand(DISPATCH_EDIT)
    rule = _rule(new.rule)
    found = values.cleaned({"title": "", **{k: v for k, v in new.values.items() if k in KEPT}})
    _check(new.starts_at, new.weeks_ahead)
    if new.technician_ids:
        demand(DISPATCH_ASSIGN)
    minutes = (
        new.minutes or found.get("expected_minutes") or values.LENGTHS[found.get("job_type") or "repair"]
    )
    values.span(new.starts_at, None, minutes)
    template = {
        "values": {k: journal.plain(v) for k, v in found.items() if v is not None},
        "property_id": new.property_id,
        "minutes": minutes,
        "technician_ids": list(dict.fromkeys(new.technician_ids)),
        "skills": [[s.skill_id, s.level] for s in new.skills],
        "equipment_ids": list(new.equipment_ids),
    }
    _check_references(new)
    record = add(
        RecurringJob(title=found["title"], template=template, rule=rule, starts_at=new.starts_at, customer_id=new.customer_id,
                     weeks_ahead=new.weeks_ahead, skipped=[])
    )  # fmt: skip
    journal.audit("recurring.created", record, words=rules.words(rule))
    events.emit(CREATED, record.id, payload(record))
    if new.first_job_id is not None:
        _adopt(record, get(DispatchJob, new.first_job_id, lock=True, what="job"))
    _make_soon(record)
    return record


def from_job(
    job_id: int, rule: str, starts_at: datetime, *, weeks_ahead: int = 4, keep_technicians: bool = True
) -> RecurringJob:
    """Make a job come again: its details, skills, equipment and technicians. It is the first itself where it is at the start."""
    demand(DISPATCH_EDIT)
    job = get(DispatchJob, job_id, what="job")
    visit = reading.visits(job.id)[0]
    minutes = None
    if visit.scheduled_start is not None and visit.scheduled_end is not None:
        minutes = int((visit.scheduled_end - visit.scheduled_start) / timedelta(minutes=1))
    units = db.session.scalars(
        select(JobEquipment.equipment_id).where(
            JobEquipment.tenant_id == context.tenant_id(), JobEquipment.job_id == job.id
        )
    ).all()
    crew = [s.technician_id for s in reading.sent([visit.id])[visit.id]] if keep_technicians else []
    first = job.scheduled_start == starts_at and job.recurring_id is None and job.status != "cancelled"
    return create(
        NewRecurring(
            values=_values_of(job), rule=rule, starts_at=starts_at, customer_id=job.customer_id,
            property_id=job.property_id, minutes=minutes, technician_ids=crew if may(DISPATCH_ASSIGN) else (),
            skills=[booking.SkillNeed(s["skill_id"], s["level"]) for s in reading.skills_needed([job.id]).get(job.id, ())],
            equipment_ids=units, weeks_ahead=weeks_ahead, first_job_id=job.id if first else None,
        )
    )  # fmt: skip


def _values_of(job: DispatchJob) -> dict[str, Any]:
    """A job's details; where it is only as far as a person said so, since the address tells it better otherwise."""
    found = {n: getattr(job, n) for n in KEPT}
    at = (found.pop("latitude"), found.pop("longitude"))
    if job.place_source == "person" and None not in at:
        found |= {"latitude": float(at[0]), "longitude": float(at[1])}
    return found


def _adopt(record: RecurringJob, job: DispatchJob) -> None:
    before = journal.snapshot(job)
    job.recurring_id, job.occurrence_at = record.id, record.starts_at
    job.version += 1
    record.made_until = record.starts_at
    db.session.flush()
    journal.audit("dispatch.updated", job, before=before)


# Making ---------------------------------------------------------------------------------------------------------------


def make(recurring_id: int, limit: int = PIECE) -> tuple[int, bool]:
    """Make the jobs whose time to be made has come, at most `limit` of them: how many, and whether more are to be made."""
    record = get(RecurringJob, recurring_id, lock=True)
    if queries.state(record) != "active":
        return 0, False
    zone, now = settings.zone(), clock.now()
    horizon = now + timedelta(weeks=record.weeks_ahead)
    after = (
        rules.wall(record.made_until, zone)
        if record.made_until
        else rules.wall(record.starts_at, zone) - timedelta(seconds=1)
    )
    after = max(after, rules.wall(now, zone))  # what is over is not made any more
    start = rules.wall(record.starts_at, zone)
    found = rules.occurrences(
        record.rule, start, after, rules.wall(horizon, zone), zone, record.skipped, limit=limit + 1
    )
    there = {j.occurrence_at for j in queries.made(record.id, now)}
    done = 0
    for local in found[:limit]:
        at = rules.moment(local, zone)
        if at not in there:
            _make_one(record, at)
            done += 1
        record.made_until = at
    if len(found) <= limit:
        record.made_until = max(record.made_until or horizon, horizon)
    db.session.flush()
    return done, len(found) > limit


def _make_one(record: RecurringJob, at: datetime) -> DispatchJob:
    """Book one occurrence. Technicians in whose way something is are not sent: the job waits in the tray, and says so."""
    given = _given(record)
    end = at + timedelta(minutes=given["minutes"])
    job = booking.create(
        booking.NewJob(
            values=given["values"], customer_id=given["customer_id"], property_id=given["property_id"], scheduled_start=at,
            scheduled_end=end, skills=given["skills"], equipment_ids=given["equipment_ids"], source="recurring",
            recurring_id=record.id, occurrence_at=at, more={"recurring": record.id},
        )
    )  # fmt: skip
    _send(job, given["technician_ids"], at, end)
    return job


def _send(job: DispatchJob, crew: Sequence[int], at: datetime, end: datetime) -> None:
    if not crew:
        return
    clashes = placing.clashes_of(job, crew, at, end, without_visit=reading.visits(job.id)[0].id)
    if clashes:
        said = " ".join(c.sentence for each in clashes.values() for c in each)
        journal.audit("dispatch.noted", job, diff={}, note=f"Nobody was sent: {said}")
        return
    placing.assign(job.id, crew)


def _given(record: RecurringJob) -> dict[str, Any]:
    """What a job is made from, without what is not there any more: a unit retired, somebody who left, a property put away."""
    template = record.template
    customer = find(Customer, record.customer_id) if record.customer_id is not None else None
    customer = customers.root(customer) if customer is not None else None
    place = find(Property, template.get("property_id") or 0)
    if place is not None and (place.archived or customer is None or place.customer_id != customer.id):
        place = None
    units = [find(Equipment, n) for n in template.get("equipment_ids", ())]
    today = clock.today(settings.zone())
    crew = [find(Technician, n) for n in template.get("technician_ids", ())]
    return {
        "values": dict(template["values"]),
        "customer_id": customer.id if customer is not None else None,
        "property_id": place.id if place is not None else None,
        "minutes": template.get("minutes") or values.LENGTHS[template["values"].get("job_type", "repair")],
        "skills": [booking.SkillNeed(n, level) for n, level in template.get("skills", ()) if find(Skill, n) is not None],
        "equipment_ids": [
            u.id for u in units
            if u is not None and u.retired_on is None and (customer is None or u.customer_id == customer.id)
        ],
        "technician_ids": [t.id for t in crew if t is not None and (t.ends_on is None or t.ends_on >= today)],
    }  # fmt: skip


def _make_soon(record: RecurringJob) -> None:
    """The first piece at once, so that it is seen; the rest in the background."""
    db.session.flush()
    _, more = make(record.id)
    if more:
        background.add(KIND, {"recurring_id": record.id}, dedupe_key=f"recurring:{record.id}")


# Changing -------------------------------------------------------------------------------------------------------------


def update(recurring_id: int, changes: Mapping[str, Any]) -> RecurringJob:
    """Change what comes again, when, or how early it is made; jobs that were made and not begun follow.

    `changes` may name `rule`, `starts_at`, `weeks_ahead`, `technician_ids`, `minutes` and `values`. A job whose details or
    time somebody changed by hand keeps those. Raises Invalid, NotFound, Conflict when it has ended.
    """
    demand(DISPATCH_EDIT)
    record = _open(recurring_id)
    before = journal.snapshot(record)
    template = dict(record.template)
    old_values = dict(template["values"])
    given = {k: v for k, v in (changes.get("values") or {}).items() if k in KEPT}
    if given:
        found = values.cleaned(given, old_values)
        template["values"] = {**old_values, **{k: journal.plain(v) for k, v in found.items()}}
        record.title = template["values"]["title"]
    if changes.get("minutes") is not None:
        values.span(record.starts_at, None, changes["minutes"])
        template["minutes"] = changes["minutes"]
    if changes.get("technician_ids") is not None:
        demand(DISPATCH_ASSIGN)
        for number in changes["technician_ids"]:
            get(Technician, number)
        template["technician_ids"] = list(dict.fromkeys(changes["technician_ids"]))
    starts_at = changes.get("starts_at") or record.starts_at
    weeks = changes.get("weeks_ahead") or record.weeks_ahead
    _check(starts_at, weeks)
    rule = _rule(changes["rule"]) if changes.get("rule") else record.rule
    moved = (rule, starts_at) != (record.rule, record.starts_at)
    record.rule, record.starts_at, record.weeks_ahead, record.template = rule, starts_at, weeks, template
    db.session.flush()
    if before == journal.snapshot(record):
        return record
    journal.audit("recurring.updated", record, before=before, words=rules.words(rule))
    events.emit(UPDATED, record.id, payload(record))
    _follow(record, before["template"], moved=moved)
    _make_soon(record)
    return record


def _follow(record: RecurringJob, old: Mapping[str, Any], *, moved: bool) -> None:
    """Let the jobs that were made and not begun follow a change."""
    now, zone = clock.now(), settings.zone()
    open_jobs = [j for j in queries.made(record.id, now) if j.status in NOT_BEGUN and j.held_at is None]
    fresh = {k: v for k, v in record.template["values"].items() if old["values"].get(k) != v}
    for job in open_jobs:
        mine = {
            k: v
            for k, v in fresh.items()
            if journal.plain(getattr(job, k)) == old["values"].get(k, _empty(job, k))
        }
        if mine:
            booking.update(job.id, mine)
    if moved:
        _move(record, open_jobs, zone)
    elif old.get("minutes") != record.template.get("minutes") or old.get(
        "technician_ids"
    ) != record.template.get("technician_ids"):
        for job in open_jobs:
            if job.scheduled_start == job.occurrence_at:
                _place(record, job, job.occurrence_at)


def _empty(job: DispatchJob, name: str) -> Any:
    default = getattr(type(job), name).default
    return default.arg if default is not None and default.is_scalar else None


def _move(record: RecurringJob, open_jobs: Sequence[DispatchJob], zone: str) -> None:
    """The made jobs go to the new times one after the other; those for which there is none are cancelled."""
    now = clock.now()
    start, horizon = rules.wall(record.starts_at, zone), now + timedelta(weeks=record.weeks_ahead)
    wanted = [
        rules.moment(local, zone)
        for local in rules.occurrences(
            record.rule, start, rules.wall(now, zone), rules.wall(horizon, zone), zone, record.skipped
        )
    ]
    over = {j.occurrence_at for j in queries.made(record.id, now)} - {j.occurrence_at for j in open_jobs}
    wanted = [at for at in wanted if at not in over]
    untouched = {j.id for j in open_jobs if j.scheduled_start == j.occurrence_at}
    for job in open_jobs:
        job.occurrence_at = None  # two may change places, and no two may stand for one at any moment
    db.session.flush()
    for job, at in zip(open_jobs, wanted, strict=False):
        job.occurrence_at = at
        if job.id in untouched and job.scheduled_start != at:
            _place(record, job, at)
    db.session.flush()
    for job in open_jobs[len(wanted) :]:
        if job.id in untouched:
            booking.cancel(job.id, CHANGED)
        job.occurrence_at = None
    record.made_until = None
    db.session.flush()


def _place(record: RecurringJob, job: DispatchJob, at: datetime | None) -> None:
    assert at is not None  # every job of a recurring one stands for an occurrence
    given = _given(record)
    end = at + timedelta(minutes=given["minutes"])
    visit = reading.visits(job.id)[0]
    crew = given["technician_ids"]
    clashes = placing.clashes_of(job, crew, at, end, without_visit=visit.id) if crew else {}
    placing.place(
        visit.id, placing.Placement(starts_at=at, ends_at=end, technician_ids=() if clashes else tuple(crew))
    )


def pause(recurring_id: int) -> RecurringJob:
    """Make no further jobs until it goes on; those that are made stay. Raises Conflict."""
    demand(DISPATCH_EDIT)
    record = _open(recurring_id)
    if not record.active:
        raise errors.Conflict("It is paused already.")
    return _switched(record, "recurring.paused", active=False)


def resume(recurring_id: int) -> RecurringJob:
    """Go on; what fell into the pause is not made up for. Raises Conflict."""
    demand(DISPATCH_EDIT)
    record = _open(recurring_id)
    if record.active:
        raise errors.Conflict("It is not paused.")
    _switched(record, "recurring.resumed", active=True)
    _make_soon(record)
    return record


def end(recurring_id: int, *, cancel_made: bool = False, reason: str = "") -> RecurringJob:
    """Make no further jobs ever; `cancel_made` cancels those that are made and not begun. Raises Conflict when it has ended."""
    demand(DISPATCH_EDIT)
    record = _open(recurring_id)
    why = _line(reason)
    before = journal.snapshot(record)
    record.active, record.ended_at = False, clock.now()
    db.session.flush()
    journal.audit("recurring.ended", record, before=before, reason=why)
    events.emit(ENDED, record.id, payload(record))
    if cancel_made:
        for job in queries.made(record.id, clock.now()):
            if job.status in NOT_BEGUN:
                booking.cancel(job.id, why or "The recurring job has ended")
    return record


def skip(recurring_id: int, at: datetime, *, skipped: bool = True) -> RecurringJob:
    """Leave one occurrence out, or take it back in; its job is cancelled where it is made and not begun.

    Raises NotFound for a time at which it does not come, Conflict when that is left out already, or its job is under way.
    """
    demand(DISPATCH_EDIT)
    record = _open(recurring_id)
    zone = settings.zone()
    local = rules.wall(at, zone)
    start = rules.wall(record.starts_at, zone)
    if local not in rules.occurrences(record.rule, start, local - timedelta(seconds=1), local, zone):
        raise errors.NotFound("It does not come at that time.")
    key = rules.key(local)
    if (key in record.skipped) == skipped:
        raise errors.Conflict("That one is left out already." if skipped else "That one is not left out.")
    before = journal.snapshot(record)
    record.skipped = sorted([*record.skipped, key] if skipped else [k for k in record.skipped if k != key])
    job = next((j for j in queries.made(record.id, at) if j.occurrence_at == at), None)
    if skipped and job is not None and job.status != "cancelled":
        if job.status not in NOT_BEGUN:
            raise errors.Conflict(f"Job {job.id} of that time is under way or done.")
        booking.cancel(job.id, "This one is left out")
    db.session.flush()
    said = words.date_words(at, "datetime", None, zone)
    journal.audit(
        "recurring.skipped" if skipped else "recurring.unskipped", record, before=before, words=said
    )
    events.emit(UPDATED, record.id, payload(record))
    if not skipped and at > clock.now():
        _take_back(record, job, at)
    return record


def _take_back(record: RecurringJob, job: DispatchJob | None, at: datetime) -> None:
    if job is not None:
        job.occurrence_at = None  # the cancelled one stands for it no more
        db.session.flush()
    if record.made_until is not None and at <= record.made_until and record.active:
        _make_one(record, at)


def _switched(record: RecurringJob, action: str, *, active: bool) -> RecurringJob:
    before = journal.snapshot(record)
    record.active = active
    db.session.flush()
    journal.audit(action, record, before=before)
    events.emit(UPDATED, record.id, payload(record))
    return record


def payload(record: RecurringJob) -> dict[str, Any]:
    """What events tell of a recurring job."""
    return {name: getattr(record, name) for name in _EXAMPLE}


def _open(recurring_id: int) -> RecurringJob:
    record = get(RecurringJob, recurring_id, what="recurring job", lock=True)
    if record.ended_at is not None:
        raise errors.Conflict("This recurring job has ended. Make a job come again instead.")
    return record


def _rule(text: str) -> str:
    try:
        return rules.cleaned(text)
    except rules.NotARule as problem:
        raise errors.Invalid.one("rule", str(problem)) from None


def _check(starts_at: datetime, weeks_ahead: int) -> None:
    values.moment("starts_at", starts_at)
    if not 1 <= weeks_ahead <= 52:
        raise errors.Invalid.one("weeks_ahead", "Make jobs from 1 to 52 weeks ahead.")


def _check_references(new: NewRecurring) -> None:
    """Refuse at once what no job could be made of."""
    customer = get(Customer, new.customer_id) if new.customer_id is not None else None
    if new.property_id is not None:
        place = find(Property, new.property_id)
        if place is None or (customer is not None and place.customer_id != customer.id):
            raise errors.NotFound(f"The customer has no property with the number {new.property_id}.")
    for model, numbers in (
        (Technician, new.technician_ids),
        (Skill, [s.skill_id for s in new.skills]),
        (Equipment, new.equipment_ids),
    ):
        for number in numbers:
            get(model, number)


def _line(text: str) -> str:
    try:
        return clean.line(text, 500)
    except ValueError as problem:
        raise errors.Invalid.one("reason", str(problem)) from None
