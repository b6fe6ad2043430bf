"""Shapes of the dispatch API."""

import datetime as dt
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from webapp.dispatch.queries import jobs as reading
from webapp.kit import money
from webapp.kit.paging import PageQuery
from webapp.models import DispatchJob, JobStatusChange, Visit

JobType = Literal["repair", "installation", "maintenance", "inspection"]
Priority = Literal["low", "normal", "high", "urgent"]
Status = Literal[
    "pending", "dispatched", "acknowledged", "en_route", "on_site", "in_progress", "completed", "cancelled"
]
Id = Annotated[int, Field(ge=1, lt=2**63)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class SkillIn(BaseModel):
    """A skill the job needs, and the level, 1 (helper) to 5 (expert)."""

    model_config = ConfigDict(extra="forbid")
    skill_id: Id
    level: int = Field(1, ge=1, le=5)


class JobFields(BaseModel):
    """What a job holds. Times are ISO 8601 with their zone; the arrival window is what the customer was promised."""

    model_config = ConfigDict(extra="forbid")
    description: str = Field("", max_length=10_000)
    job_type: JobType = "repair"
    priority: Priority = "normal"
    customer_name: str = Field("", max_length=200)
    customer_phone: str = Field("", max_length=60)
    customer_email: str = Field("", max_length=320)
    service_address: str = Field("", max_length=200)
    service_unit: str = Field("", max_length=40)
    service_city: str = Field("", max_length=100)
    service_state: str = Field("", max_length=40)
    service_zip: str = Field("", max_length=12)
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    window_start: AwareDatetime | None = None
    window_end: AwareDatetime | None = None
    optional: bool = Field(False, description="A route plan may leave it out")
    price_cents: int | None = Field(
        None, ge=0, le=money.MAX_CENTS, description="Told to the customer to expect"
    )
    tags: list[str] = Field(default_factory=list, max_length=20)
    reference: str | None = Field(None, max_length=80, description="Your own number for it")
    customer_id: Id | None = None
    property_id: Id | None = None
    skills: list[SkillIn] = Field(default_factory=list, max_length=20)
    equipment_ids: list[Id] = Field(default_factory=list, max_length=50)


class JobIn(JobFields):
    """A job to book. With `technician_id` it is dispatched at once."""

    title: str = Field(min_length=1, max_length=200)
    expected_minutes: int | None = Field(None, ge=1, le=1440)
    scheduled_start: AwareDatetime | None = None
    scheduled_end: AwareDatetime | None = None
    technician_id: Id | None = None
    technician_ids: list[Id] = Field(default_factory=list, max_length=20, description="The lead first")
    override_reason: str = Field("", max_length=500)
    checklist_ids: list[Id] | None = None


class JobChange(JobFields):
    """What is sent changes, what is left out stays. `version` refuses the change when somebody else was faster."""

    title: str = Field("", max_length=200)
    expected_minutes: int = Field(60, ge=1, le=1440)
    outcome: str = Field("", max_length=10_000)
    version: int | None = Field(None, ge=1)


class AssignIn(BaseModel):
    """Who is sent. `technician_ids`, the lead first, for several; null or an empty list takes everybody off."""

    model_config = ConfigDict(extra="forbid")
    technician_id: Id | None = None
    technician_ids: list[Id] | None = Field(None, max_length=20)
    scheduled_start: AwareDatetime | None = None
    scheduled_end: AwareDatetime | None = None
    override_reason: str = Field("", max_length=500)


class PlaceIn(BaseModel):
    """Where a visit is to go. What is left out stays; `unschedule` takes its time away."""

    model_config = ConfigDict(extra="forbid")
    scheduled_start: AwareDatetime | None = None
    scheduled_end: AwareDatetime | None = None
    unschedule: bool = False
    technician_ids: list[Id] | None = Field(None, max_length=20)
    pinned: bool | None = None
    override_reason: str = Field("", max_length=500)
    version: int | None = Field(None, ge=1, description="The visit's, as you saw it")


class StatusIn(BaseModel):
    """A step. `happened_at` for a report that was kept while there was no signal."""

    model_config = ConfigDict(extra="forbid")
    status: str = Field(min_length=1, max_length=40)
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    happened_at: AwareDatetime | None = None
    reason: str = Field("", max_length=500)
    outcome: str | None = Field(None, max_length=10_000)
    visit_id: Id | None = Field(None, description="The job's present visit when left out")


class ReasonIn(BaseModel):
    """A reason in words."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(min_length=1, max_length=500)


class HoldIn(ReasonIn):
    """`until`: when to come back to it."""

    until: AwareDatetime | None = None


class ConfirmIn(BaseModel):
    """Whether the customer confirmed."""

    model_config = ConfigDict(extra="forbid")
    confirmed: bool = True


class CopyIn(BaseModel):
    """When the copy takes place; unscheduled when left out."""

    model_config = ConfigDict(extra="forbid")
    scheduled_start: AwareDatetime | None = None


class VisitIn(BaseModel):
    """A further visit."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field("", max_length=500)
    scheduled_start: AwareDatetime | None = None
    scheduled_end: AwareDatetime | None = None
    technician_ids: list[Id] = Field(default_factory=list, max_length=20)
    override_reason: str = Field("", max_length=500)


class JobQuery(PageQuery):
    """Which jobs to list."""

    q: str = Field(
        "", max_length=200, description="Beginnings of words of number, title, customer, phone or address"
    )
    status: list[Status] = Field(default_factory=list)
    job_type: list[JobType] = Field(default_factory=list)
    priority: list[Priority] = Field(default_factory=list)
    technician_id: list[Id] = Field(default_factory=list)
    customer_id: Id | None = None
    zone_id: list[Id] = Field(default_factory=list)
    unassigned: bool = False
    on_hold: bool | None = None
    tag: str = Field("", max_length=40)
    date_from: dt.date | None = Field(None, description="First day of the schedule, in the company's zone")
    date_to: dt.date | None = Field(None, description="Last day, inclusive")


class MyJobsQuery(PageQuery):
    """A technician's jobs of a day; today when left out."""

    date: dt.date | None = None


class CrewOut(BaseModel):
    """Somebody sent on a visit."""

    id: int
    name: str
    lead: bool


class VisitOut(BaseModel):
    """One trip."""

    id: int
    position: int
    status: Status
    scheduled_start: datetime | None
    scheduled_end: datetime | None
    pinned: bool
    reason: str
    technicians: list[CrewOut]
    dispatched_at: datetime | None
    acknowledged_at: datetime | None
    en_route_at: datetime | None
    on_site_at: datetime | None
    in_progress_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    version: int


class SkillOut(BaseModel):
    """A skill the job needs."""

    skill_id: int
    name: str
    level: int


class JobOut(BaseModel):
    """A job; status, times and technician are those of its present visit."""

    id: int
    title: str
    description: str
    job_type: JobType
    priority: Priority
    status: Status
    on_hold: bool
    hold_reason: str
    hold_until: datetime | None
    customer_id: int | None
    property_id: int | None
    customer_name: str
    customer_phone: str
    customer_email: str
    service_address: str
    service_unit: str
    service_city: str
    service_state: str
    service_zip: str
    latitude: float | None
    longitude: float | None
    zone_id: int | None
    expected_minutes: int
    window_start: datetime | None
    window_end: datetime | None
    scheduled_start: datetime | None
    scheduled_end: datetime | None
    technician_id: int | None
    confirmed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str
    completed_at: datetime | None
    outcome: str
    optional: bool
    price_cents: int | None
    tags: list[str]
    reference: str | None
    source: str
    recurring_id: int | None
    copied_from_id: int | None
    skills: list[SkillOut]
    visits: list[VisitOut]
    version: int
    created_at: datetime
    updated_at: datetime


class StepOut(BaseModel):
    """A step in a job's history."""

    visit_id: int | None
    from_status: str
    to_status: str
    passed_over: list[str]
    happened_at: datetime
    recorded_at: datetime
    actor_name: str
    technician_id: int | None
    reason: str
    latitude: float | None
    longitude: float | None
    source: str


_PLAIN = [n for n in JobOut.model_fields if n not in ("on_hold", "latitude", "longitude", "skills", "visits")]
_VISIT = [n for n in VisitOut.model_fields if n != "technicians"]


def shape_visit(visit: Visit, crew: Sequence[reading.Sent]) -> dict[str, Any]:
    """A visit as the API answers it."""
    people = [{"id": s.technician_id, "name": s.name, "lead": s.lead} for s in crew]
    return {**{n: getattr(visit, n) for n in _VISIT}, "technicians": people}


def shape(job: DispatchJob, visits: Sequence[Visit], crews: Mapping[int, Sequence[reading.Sent]],
          skills: Sequence[Mapping[str, Any]]) -> dict[str, Any]:  # fmt: skip
    """A job as the API answers it."""
    found = {n: getattr(job, n) for n in _PLAIN}
    found |= {
        "on_hold": job.held_at is not None,
        "latitude": _number(job.latitude),
        "longitude": _number(job.longitude),
        "skills": list(skills),
        "visits": [shape_visit(v, crews.get(v.id, ())) for v in visits],
    }
    return {n: found[n] for n in JobOut.model_fields}


def shape_one(job: DispatchJob) -> dict[str, Any]:
    """As :func:`shape`, reading what it needs."""
    return shape_all([job])[0]


def shape_all(jobs: Sequence[DispatchJob]) -> list[dict[str, Any]]:
    """As :func:`shape` for several, in three statements however many they are."""
    visits = reading.visits_of([j.id for j in jobs])
    crews = reading.sent([v.id for each in visits.values() for v in each])
    skills = reading.skills_needed([j.id for j in jobs])
    return [shape(j, visits.get(j.id, []), crews, skills.get(j.id, [])) for j in jobs]


def shape_step(step: JobStatusChange) -> dict[str, Any]:
    """A step as the API answers it."""
    found = {n: getattr(step, n) for n in StepOut.model_fields}
    return {**found, "latitude": _number(step.latitude), "longitude": _number(step.longitude)}


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
