"""Shapes of the API of recurring jobs."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from webapp.dispatch.queries import recurring as queries
from webapp.dispatch.rules import recurring as rules
from webapp.dispatch.schemas import Id, JobType, Priority, SkillIn
from webapp.kit import money
from webapp.kit.paging import PageQuery
from webapp.models import RecurringJob

STRICT = ConfigDict(extra="forbid")
Rule = Annotated[str, Field(min_length=1, max_length=rules.LONGEST)]
Weeks = Annotated[int, Field(ge=1, le=52)]
Minutes = Annotated[int, Field(ge=1, le=1440)]


class Details(BaseModel):
    """What each job of a recurring one holds."""

    model_config = STRICT
    description: str = Field("", max_length=10_000)
    job_type: JobType = "maintenance"
    priority: Priority = "normal"
    price_cents: int | None = Field(None, ge=0, le=money.MAX_CENTS)
    tags: list[str] = Field(default_factory=list, max_length=20)
    technician_ids: list[Id] = Field(default_factory=list, max_length=20, description="The lead first")
    minutes: Minutes | None = Field(None, description="How long a visit takes")


class RecurringIn(Details):
    """What comes again. With `job_id` the details are that job's; only `rule`, `starts_at`, `weeks_ahead` are read besides."""

    rule: Rule = Field(
        description="An RFC 5545 RRULE, by the wall clock of the company's zone: FREQ=MONTHLY;BYDAY=1MO"
    )
    starts_at: AwareDatetime = Field(description="The first time")
    weeks_ahead: Weeks = 4
    job_id: Id | None = None
    title: str = Field("", max_length=200)
    customer_id: Id | None = None
    property_id: Id | None = None
    customer_name: str = Field("", max_length=200)
    service_address: str = Field("", max_length=200)
    service_city: str = Field("", max_length=100)
    service_state: str = Field("", max_length=40)
    service_zip: str = Field("", max_length=12)
    skills: list[SkillIn] = Field(default_factory=list, max_length=20)
    equipment_ids: list[Id] = Field(default_factory=list, max_length=50)


class RecurringChange(Details):
    """What is sent changes, what is left out stays. Jobs that were made and not begun follow."""

    rule: Rule = "FREQ=WEEKLY"
    starts_at: AwareDatetime | None = None
    weeks_ahead: Weeks = 4
    title: str = Field("", max_length=200)


class EndIn(BaseModel):
    """Whether the jobs that are made and not begun are cancelled too, and why."""

    model_config = STRICT
    cancel_made: bool = False
    reason: str = Field("", max_length=500)


class SkipIn(BaseModel):
    """Which occurrence is left out; `skipped` false takes it back in."""

    model_config = STRICT
    occurrence_at: AwareDatetime
    skipped: bool = True


class RecurringOut(BaseModel):
    """A job that comes again. `words` says its rule."""

    id: int
    title: str
    state: Literal["active", "paused", "ended"]
    rule: str
    words: str
    starts_at: datetime
    weeks_ahead: int
    minutes: int | None
    customer_id: int | None
    property_id: int | None
    technician_ids: list[int]
    values: dict[str, Any]
    skipped: list[str] = Field(description="Local times that are left out: 2026-12-25T09:00")
    made_until: datetime | None
    ended_at: datetime | None
    created_at: datetime
    updated_at: datetime


class RecurringQuery(PageQuery):
    """Which recurring jobs to list."""

    state: Literal["active", "paused", "ended"] | None = None
    customer_id: Id | None = None


class OccurrenceOut(BaseModel):
    """A time at which it comes, with its job where that is made."""

    occurrence_at: datetime
    job_id: int | None
    status: str | None
    skipped: bool


def shape(record: RecurringJob) -> dict[str, Any]:
    """A recurring job as the API answers it."""
    template = record.template
    found = {n: getattr(record, n) for n in RecurringOut.model_fields if hasattr(record, n)}
    return {
        **found,
        "state": queries.state(record),
        "words": rules.words(record.rule),
        "minutes": template.get("minutes"),
        "property_id": template.get("property_id"),
        "technician_ids": template.get("technician_ids", []),
        "values": template["values"],
    }


def occurrence(found: queries.Occurrence) -> dict[str, Any]:
    """An occurrence as the API answers it."""
    job = found.job
    return {"occurrence_at": found.at, "job_id": job.id if job else None, "status": job.status if job else None,
            "skipped": found.skipped}  # fmt: skip
