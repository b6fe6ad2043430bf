"""Shapes of the SLA API."""

import datetime as dt
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from webapp.kit.paging import PageQuery
from webapp.models import SlaPolicy, SlaViolation
from webapp.sla.rules.policies import LONGEST

Id = Annotated[int, Field(ge=1, lt=2**63)]
Priority = Literal["low", "normal", "high", "urgent"]
JobType = Literal["repair", "installation", "maintenance", "inspection"]
Kind = Literal["response", "resolution"]
Minutes = Annotated[int, Field(ge=1, le=LONGEST)]
STRICT = ConfigDict(extra="forbid")


class PolicyIn(BaseModel):
    """A policy. An empty priority or type fits every job. Give `response_minutes`, `resolution_minutes` or both."""

    model_config = STRICT
    name: str = Field(min_length=1, max_length=80)
    priority: Priority | None = None
    job_type: JobType | None = None
    response_minutes: Minutes | None = Field(None, description="Until a technician acknowledges")
    resolution_minutes: Minutes | None = Field(None, description="Until the job is completed")
    business_hours: bool = Field(True, description="Count business hours only, holidays left out")
    warn_percent: int = Field(80, ge=1, le=99, description="Of the time gone, when dispatchers are warned")


class PolicyChange(BaseModel):
    """What is sent changes, what is left out stays. `active` false ends a policy."""

    model_config = STRICT
    name: str = Field("", max_length=80)
    priority: Priority | None = None
    job_type: JobType | None = None
    response_minutes: Minutes | None = None
    resolution_minutes: Minutes | None = None
    business_hours: bool = True
    warn_percent: int = Field(80, ge=1, le=99)
    active: bool = True


class PolicyOut(BaseModel):
    """A policy. The first by `position` that fits a job is its policy."""

    id: int
    name: str
    position: int
    priority: str | None
    job_type: str | None
    response_minutes: int | None
    resolution_minutes: int | None
    business_hours: bool
    warn_percent: int
    active: bool
    created_at: datetime
    updated_at: datetime


class PolicyQuery(PageQuery):
    """Which policies to list."""

    active: bool | None = True


class OrderIn(BaseModel):
    """Every policy in force, once, in the order in which they are to be tried."""

    model_config = STRICT
    ids: list[Id] = Field(max_length=200)


class Removed(BaseModel):
    """What became of it."""

    id: int
    deleted: bool
    archived: bool


class ViolationQuery(PageQuery):
    """Which broken promises to list; days are the company's, both inclusive, of when they were due."""

    state: list[Literal["open", "met", "excused"]] = Field(default_factory=list)
    kind: Kind | None = None
    policy_id: Id | None = None
    technician_id: Id | None = None
    job_id: Id | None = None
    date_from: date | None = None
    date_to: date | None = None


class ViolationOut(BaseModel):
    """A promise that was broken. `late_minutes`, as its policy counts, is known once it was kept after all."""

    id: int
    job_id: int
    policy_id: int
    kind: Kind
    due_at: datetime
    breached_at: datetime
    met_at: datetime | None
    late_minutes: int | None
    technician_id: int | None
    excused: bool
    excuse: str
    updated_at: datetime


class ExcuseIn(BaseModel):
    """Why a broken promise does not count."""

    model_config = STRICT
    reason: str = Field(min_length=1, max_length=500)


class HolidayQuery(BaseModel):
    """Holidays of one year, or of all."""

    model_config = STRICT
    year: int | None = Field(None, ge=2000, le=2100)


class HolidayIn(BaseModel):
    """A day without business hours."""

    model_config = STRICT
    date: dt.date
    name: str = Field(min_length=1, max_length=80)


class FederalIn(BaseModel):
    """A year whose US federal holidays are to be added, with the days they are observed on."""

    model_config = STRICT
    year: int = Field(ge=2000, le=2100)


class HolidayOut(BaseModel):
    """A day without business hours."""

    id: int
    date: dt.date
    name: str


class PromiseOut(BaseModel):
    """How a promise on a job stands. `minutes_left` as its policy counts, negative when it is over due."""

    kind: Kind
    policy_id: int
    policy: str
    state: Literal["met", "late", "breached", "warned", "paused", "running", "ended"]
    started_at: datetime
    due_at: datetime
    met_at: datetime | None
    paused_at: datetime | None
    minutes_left: int
    excuse: str | None


class ReportQuery(BaseModel):
    """Jobs booked from one day to another, both inclusive; the last 30 days when left out."""

    model_config = STRICT
    by: Literal["policy", "technician", "month"] = "policy"
    kind: Kind | None = None
    policy_id: Id | None = None
    technician_id: Id | None = None
    date_from: date | None = None
    date_to: date | None = None


class LineOut(BaseModel):
    """One group of a report. `key` is a policy's or technician's id, or a month. `kept_bps`: kept, of kept and broken."""

    key: int | str | None
    name: str
    met: int
    broken: int
    excused: int
    running: int
    kept_bps: int | None


class ReportOut(BaseModel):
    """How well promises were kept."""

    by: str
    date_from: date
    date_to: date
    items: list[LineOut]
    total: LineOut


def policy(record: SlaPolicy) -> dict[str, Any]:
    """A policy as the API answers it."""
    return {name: getattr(record, name) for name in PolicyOut.model_fields}


def violation(record: SlaViolation) -> dict[str, Any]:
    """A broken promise as the API answers it."""
    found = {n: getattr(record, n) for n in ViolationOut.model_fields if n != "excused"}
    return {**found, "excused": record.excused_at is not None}
