"""Shapes of the technician API."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from webapp.kit import money, permissions
from webapp.kit.paging import PageQuery
from webapp.models import Technician
from webapp.technicians import rules
from webapp.technicians.permissions import PAY

PayType = Literal["hourly", "salary", "commission"]
Cents = Annotated[int, Field(ge=0, le=money.MAX_CENTS)]
Text120 = Annotated[str, Field(min_length=1, max_length=120)]
Id = Annotated[int, Field(ge=1, lt=2**63)]


class TechnicianIn(BaseModel):
    """A new technician. `base_pay_cents` is per hour when hourly, per pay period on salary."""

    model_config = ConfigDict(extra="forbid")
    name: Text120
    pay_type: PayType
    base_pay_cents: Cents = 0
    employee_number: str | None = Field(None, max_length=40)
    email: str = Field("", max_length=320)
    phone: str = Field("", max_length=60)
    supervisor_id: Id | None = None
    starts_on: date | None = None
    ends_on: date | None = Field(None, description="The last day, inclusive")
    color: str | None = Field(None, max_length=7, description="Such as #2563eb; chosen when left out")
    notes: str = Field("", max_length=10_000)


class TechnicianChange(BaseModel):
    """What is sent changes, what is left out stays. `ends_on` deactivates; null takes the last day back."""

    model_config = ConfigDict(extra="forbid")
    name: Text120 = ""
    pay_type: PayType = "hourly"
    base_pay_cents: Cents = 0
    employee_number: str | None = Field(None, max_length=40)
    email: str = Field("", max_length=320)
    phone: str = Field("", max_length=60)
    supervisor_id: Id | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    color: str = Field("", max_length=7)
    notes: str = Field("", max_length=10_000)


class TechnicianOut(BaseModel):
    """A technician. `base_pay_cents` is null for callers who may not see pay."""

    id: int
    name: str
    employee_number: str | None
    email: str
    phone: str
    pay_type: PayType
    base_pay_cents: int | None
    supervisor_id: int | None
    starts_on: date | None
    ends_on: date | None
    active: bool
    color: str
    notes: str
    created_at: datetime
    updated_at: datetime


class TechnicianQuery(PageQuery):
    """Which technicians to list."""

    active: bool | None = None
    pay_type: PayType | None = None
    supervisor_id: int | None = Field(None, ge=1)
    q: str = Field("", max_length=200, description="Beginnings of words of name, number, phone or email")


class MetricsQuery(BaseModel):
    """A span of days, inclusive; this month so far when left out."""

    model_config = ConfigDict(extra="forbid")
    date_from: date | None = None
    date_to: date | None = None


class Metric(BaseModel):
    """One line of the leaderboard. What nothing is known about is null."""

    rank: int
    technician_id: int
    name: str
    revenue_cents: int
    sales_count: int
    average_sale_cents: int | None
    commission_cents: int | None = Field(description="null for who may not see commissions")
    completion_rate: int | None = Field(description="Basis points of jobs completed")
    average_job_minutes: int | None
    average_rating: int | None = Field(description="Hundredths of a star")
    revenue_per_job_cents: int | None


class Metrics(BaseModel):
    """The scorecard of a span of days."""

    date_from: date
    date_to: date
    leaderboard: list[Metric]


def shape(technician: Technician, today: date) -> dict[str, Any]:
    """A technician as the API answers it."""
    found = {name: getattr(technician, name) for name in TechnicianOut.model_fields if name != "active"}
    found["active"] = rules.state(technician.starts_on, technician.ends_on, today) == "active"
    if not permissions.may(PAY):
        found["base_pay_cents"] = None
    return {name: found[name] for name in TechnicianOut.model_fields}
