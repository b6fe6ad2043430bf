"""What the field API takes and answers about pay. Amounts are integer cents, rates basis points."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from webapp.kit.paging import PageQuery

Frequency = Literal["weekly", "biweekly", "semi_monthly", "monthly"]
Basis = Literal["sold", "approved", "completed", "paid"]
Kind = Literal["bonus", "draw", "draw_recovery", "guarantee", "deduction"]

KindOfLine = Literal[
    "commission", "override", "adjustment", "bonus", "draw", "draw_recovery", "guarantee", "deduction"
]


class In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PeriodQuery(PageQuery):
    status: Literal["open", "closed"] | None = Field(None, description="Only open or only closed periods")


class LineQuery(PageQuery):
    technician_id: int | None = Field(None, ge=1)
    state: Literal["pending", "posted", "void"] | None = None
    kind: KindOfLine | None = None


class TotalsOut(BaseModel):
    """Sums of what counts. `sales_cents` is what was sold, less what was taken back."""

    lines: int
    sales_cents: int
    commission_cents: int
    override_cents: int
    adjustment_cents: int
    manual_cents: int
    total_cents: int


class PeriodOut(BaseModel):
    id: int
    label: str = Field(examples=["Nov 1–15, 2026"])
    start_date: date
    end_date: date
    pay_date: date
    status: Literal["open", "closed"]
    approved_at: str | None
    approved_by: int | None
    closed_at: str | None
    closed_by_name: str
    reopened_at: str | None
    reopen_reason: str
    created_at: str
    updated_at: str
    totals: TotalsOut


class TechnicianTotalsOut(TotalsOut):
    technician_id: int
    technician_name: str
    employee_number: str | None


class PendingOut(BaseModel):
    """What does not count yet; at the close it moves to the next period."""

    sales: int
    sales_cents: int
    manual_lines: int
    manual_cents: int


class PeriodDetailOut(PeriodOut):
    technicians: list[TechnicianTotalsOut]
    pending: PendingOut


class LineOut(BaseModel):
    id: int
    pay_period_id: int | None
    technician_id: int
    technician_name: str
    kind: str
    state: str
    role: str
    amount_cents: int
    guarantee_cents: int | None
    share_bps: int | None
    sale_id: int | None
    sale_number: int | None
    sold_on: date | None
    customer_name: str
    sale_price_cents: int | None
    description: str
    reason: str
    note: str
    reverses_id: int | None
    frozen: bool
    explanation: list[str] = Field(description="The arithmetic, from the rate to the last cent")
    created_at: str


class ReopenIn(In):
    reason: str = Field(min_length=1, max_length=500)


class ManualIn(In):
    """`amount_cents` is above zero for every kind: a deduction and what is kept back for a draw are subtracted.

    Of a guarantee it is what the technician's earnings in the period are topped up to.
    """

    technician_id: int = Field(ge=1)
    kind: Kind
    amount_cents: int = Field(ge=1)
    reason: str = Field(min_length=1, max_length=500)


class ManualChange(In):
    kind: Kind | None = None
    amount_cents: int | None = Field(None, ge=1)
    reason: str | None = Field(None, min_length=1, max_length=500)


class RejectIn(In):
    reason: str = Field("", max_length=500)


class ScaleStepIO(In):
    """A discount of `discount_bps` or more off list price pays `pays_bps` of the commission."""

    discount_bps: int
    pays_bps: int


class PlanOut(BaseModel):
    frequency: Frequency
    anchor: date = Field(description="A day on which some weekly or biweekly period begins")
    pay_days_after: int
    basis: Basis
    discount_scale: list[ScaleStepIO]


class PlanChange(In):
    frequency: Frequency | None = None
    anchor: date | None = None
    pay_days_after: int | None = None
    basis: Basis | None = None
    discount_scale: list[ScaleStepIO] | None = None


class ReportQuery(In):
    """Days of sale, both included; the present month where they are left out."""

    date_from: date | None = None
    date_to: date | None = None


class GroupedQuery(ReportQuery):
    group_by: Literal["technician", "item", "category", "period"] = "technician"


class GroupOut(BaseModel):
    id: int | None
    name: str
    detail: str
    sales: int
    sales_cents: int
    commission_cents: int
    override_cents: int
    total_cents: int
    pending_cents: int


class ReportOut(BaseModel):
    date_from: date
    date_to: date
    group_by: str
    groups: list[GroupOut]
    totals: GroupOut


class CsvQuery(In):
    detail: Literal["technicians", "lines"] = Field(
        "technicians", description="One row per technician, or one per line"
    )
