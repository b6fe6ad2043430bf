"""Pay periods, the lines in them, and what each technician's lines came to when a period closed."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit.db import Base, Stamped, Tenanted, related, tenant_fk


class PayPlan(Base, Stamped):
    """How an organization pays: one row each."""

    __tablename__ = "pay_plans"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    frequency: Mapped[str] = mapped_column(
        Text, default="semi_monthly"
    )  # weekly, biweekly, semi_monthly, monthly
    anchor: Mapped[date] = mapped_column(Date)  # a day some weekly or biweekly period starts on
    pay_days_after: Mapped[int] = mapped_column(
        Integer, default=5
    )  # days from the period's end to the pay date
    basis: Mapped[str] = mapped_column(Text, default="sold")  # sold, approved, completed, paid
    discount_scale: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)  # the company's own
    __table_args__ = (
        CheckConstraint("frequency in ('weekly', 'biweekly', 'semi_monthly', 'monthly')", name="frequency"),
        CheckConstraint("basis in ('sold', 'approved', 'completed', 'paid')", name="basis"),
    )


class PayPeriod(Base, Tenanted, Stamped):
    """A span of days that is paid together. Closing freezes its lines."""

    __tablename__ = "pay_periods"
    start_date: Mapped[date] = mapped_column(Date)
    end_date: Mapped[date] = mapped_column(Date)  # inclusive
    pay_date: Mapped[date] = mapped_column(Date)
    status: Mapped[str] = mapped_column(Text, default="open")  # open, closed
    approved_by: Mapped[int | None] = mapped_column(BigInteger)  # the second person
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_by: Mapped[int | None] = mapped_column(BigInteger)
    closed_by_name: Mapped[str] = mapped_column(Text, default="")
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reopened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reopen_reason: Mapped[str] = mapped_column(Text, default="")
    total_cents: Mapped[int | None] = mapped_column(BigInteger)  # set when closed
    line_count: Mapped[int | None] = mapped_column(Integer)
    __table_args__ = (
        UniqueConstraint("tenant_id", "start_date"),
        Index("ix_pay_periods_end_date", "tenant_id", "end_date"),
        Index("ix_pay_periods_updated_at", "tenant_id", "updated_at"),
        Index("ix_pay_periods_approved_by", "tenant_id", "approved_by"),
        Index("ix_pay_periods_closed_by", "tenant_id", "closed_by"),
        CheckConstraint("start_date <= end_date", name="dates"),
        CheckConstraint("status in ('open', 'closed')", name="status"),
        tenant_fk("approved_by", table="users"),
        tenant_fk("closed_by", table="users"),
    )


class PayLine(Base, Tenanted, Stamped):
    """An amount for one technician: from a sale, or by hand. Frozen once its period is closed."""

    __tablename__ = "pay_lines"
    pay_period_id: Mapped[int | None] = mapped_column(BigInteger)  # None: the plan's date has not come yet
    technician_id: Mapped[int] = mapped_column(BigInteger)
    # an adjustment comes late or reverses; the rest: commission, override, bonus, draw, draw_recovery,
    # guarantee, deduction
    kind: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)  # pending (counts nothing yet), posted, void
    amount_cents: Mapped[int] = mapped_column(BigInteger)
    sale_id: Mapped[int | None] = mapped_column(BigInteger)
    role: Mapped[str] = mapped_column(Text, default="")  # seller, split, override
    share_bps: Mapped[int | None] = mapped_column(Integer)
    guarantee_cents: Mapped[int | None] = mapped_column(BigInteger)  # what a guarantee line tops up to
    description: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")  # moved on, reverses …
    reason: Mapped[str] = mapped_column(Text, default="")  # manual lines: why
    reverses_id: Mapped[int | None] = mapped_column(BigInteger)
    moved_from_id: Mapped[int | None] = mapped_column(
        BigInteger
    )  # the period it was pending in when that closed
    requested_by: Mapped[int | None] = mapped_column(BigInteger)
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    frozen: Mapped[bool] = mapped_column(Boolean, default=False)
    sale = related("Sale", "PayLine.sale_id")
    __table_args__ = (
        Index("ix_pay_lines_pay_period_id", "tenant_id", "pay_period_id", "technician_id", "state"),
        Index("ix_pay_lines_sale_id", "tenant_id", "sale_id"),
        Index("ix_pay_lines_technician_id", "tenant_id", "technician_id", "kind"),
        Index("ix_pay_lines_reverses_id", "tenant_id", "reverses_id"),
        Index("ix_pay_lines_moved_from_id", "tenant_id", "moved_from_id"),
        CheckConstraint("state in ('pending', 'posted', 'void')", name="state"),
        CheckConstraint("kind in ('commission', 'override', 'adjustment', 'bonus', 'draw', 'draw_recovery',"
                        " 'guarantee', 'deduction')", name="kind"),
        tenant_fk("pay_period_id", table="pay_periods"),
        tenant_fk("technician_id", table="technicians"),
        tenant_fk("sale_id", table="sales"),
        tenant_fk("reverses_id", table="pay_lines"),
        tenant_fk("moved_from_id", table="pay_periods"),
    )  # fmt: skip


class PayStatement(Base):
    """One technician's totals in a closed period, as frozen."""

    __tablename__ = "pay_statements"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    pay_period_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    technician_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    technician_name: Mapped[str] = mapped_column(Text)
    employee_number: Mapped[str | None] = mapped_column(Text)
    lines: Mapped[int] = mapped_column(Integer)
    sales_cents: Mapped[int] = mapped_column(BigInteger)
    commission_cents: Mapped[int] = mapped_column(BigInteger)
    override_cents: Mapped[int] = mapped_column(BigInteger)
    adjustment_cents: Mapped[int] = mapped_column(BigInteger)
    manual_cents: Mapped[int] = mapped_column(BigInteger)
    total_cents: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (
        Index("ix_pay_statements_technician_id", "tenant_id", "technician_id"),
        tenant_fk("pay_period_id", table="pay_periods", ondelete="CASCADE"),
        tenant_fk("technician_id", table="technicians"),
    )


class PayAnswer(Base):
    """What a technician last said of their pay in a period, and what the office answered to a dispute."""

    __tablename__ = "pay_answers"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    pay_period_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    technician_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    answer: Mapped[str] = mapped_column(Text)  # approved, disputed, answered (by the office)
    total_cents: Mapped[int] = mapped_column(BigInteger)  # what it came to when the technician said so
    note: Mapped[str] = mapped_column(Text, default="")  # what is wrong
    answered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    reply: Mapped[str] = mapped_column(Text, default="")  # the office's
    replied_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    replied_by: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (
        Index("ix_pay_answers_technician_id", "tenant_id", "technician_id"),
        Index("ix_pay_answers_replied_by", "tenant_id", "replied_by"),
        CheckConstraint("answer in ('approved', 'disputed', 'answered')", name="answer"),
        tenant_fk("pay_period_id", table="pay_periods", ondelete="CASCADE"),
        tenant_fk("technician_id", table="technicians"),
        tenant_fk("replied_by", table="users"),
    )
